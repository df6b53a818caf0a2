# SPDX-License-Identifier: GPL-2.0-or-later
# Description: co-boosting on two pCPUs. Two vCPUs of a guest, each pinned to a pCPU of its own beside a hog, share one
# spinlock: how often it is let go without and with co-boosting, and what the hogs keep. credit's own directed yield runs a
# preempted sibling where it waits, so that co-boosting is not to do harm there; it gained a quarter before that could.
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
start_host
known lock 2
known hog0
known hog1
sleep 0.5
in_pairs coboost 500us hog0 hog1
note "$(rota turns)"
at_least "siblings are boosted" "$TURNS" 100
at_least "the lock is let go, times without turns (median of 5)" "$TIMES" "${ROTA_LIVE_COBOOST:-0.9}"
at_least "what the hogs keep, of what they have without (median of 5)" "$KEPT" 0.9
check "the host runs still" rota host stop
