# SPDX-License-Identifier: GPL-2.0-or-later
# Description: co-boosting on two pCPUs. Two vCPUs of a guest, each pinned to a pCPU of its own beside a hog, share one
# spinlock. Under credit2 a directed yield can't help them, for neither may run where the other waits; co-boosting runs the
# preempted one where it is. credit's directed yield does the same without it. How often the lock is let go without and with
# co-boosting, and what the hogs keep.
. "${0%/*}/../rota.sh"

seconds=${ROTA_LIVE_SECONDS:-3}
if [ "$(nproc)" -lt 2 ]; then
	skip "co-boosting" "it needs two CPUs"
	exit 0
fi

start_rm lock 0-1 -mode lock -vcpus 2 -period 20 -cost 100
cpu=0
for tid in $(vcpu_tids lock); do
	taskset -cp $cpu "$tid" >/dev/null
	cpu=$((cpu + 1))
done
start_rm hog0 0 -mode hog
start_rm hog1 1 -mode hog
for SCHED in credit credit2; do
	start_host
	known lock 2
	known hog0
	known hog1
	sleep 0.5
	in_pairs coboost 500us hog0 hog1
	note "$(rota turns)"
	at_least "$SCHED: siblings are boosted" "$TURNS" 100
	[ $SCHED = credit ] && least=0.9 || least=${ROTA_LIVE_COBOOST:-1.05}
	at_least "$SCHED: the lock is let go, times without turns (median of 5)" "$TIMES" "$least"
	at_least "$SCHED: what the hogs keep, of what they have without (median of 5)" "$KEPT" 0.9
	check "$SCHED: the host runs still" rota host stop
done
