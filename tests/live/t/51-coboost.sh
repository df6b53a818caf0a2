# SPDX-License-Identifier: GPL-2.0-or-later
# Description: co-boosting on two pCPUs. Two vCPUs of a guest, each pinned to a pCPU of its own beside a hog, share one
# spinlock. A directed yield can't help them, for neither may run where the other waits; co-boosting runs the preempted one
# where it is. How often the lock is let go without and with it, and what the hogs keep.
. "${0%/*}/../rota.sh"

seconds=${ROTA_LIVE_SECONDS:-3}
if [ "$(nproc)" -lt 2 ]; then
	skip "co-boosting" "it needs two CPUs"
	exit 0
fi

measure() # sets RATE and HOGS
{
	local line v

	RATE=0
	rm_restart lock
	shares "$seconds" hog0 hog1
	HOGS=$(awk -v a="${SHARE[hog0]}" -v b="${SHARE[hog1]}" 'BEGIN { printf "%.3f", a + b }')
	for v in 0 1; do
		line=$(rm_report lock $v)
		RATE=$((RATE + $(field loops "$line") * 1000 / $(field span_ms "$line")))
	done
}

coboosts() { rota turns --json | awk '/"name": "lock"/ { here = 1 } here && /"coboosts"/ { gsub(/[^0-9]/, ""); print; exit }'; }

start_host
start_rm lock 0-1 -mode lock -vcpus 2 -period 20 -cost 100
cpu=0
for tid in $(vcpu_tids lock); do
	taskset -cp $cpu "$tid" >/dev/null
	cpu=$((cpu + 1))
done
start_rm hog0 0 -mode hog
start_rm hog1 1 -mode hog
known lock 2
known hog0
known hog1
sleep 0.5
rates=() kept=()
for ((i = 0; i < 5; i++)); do
	rota turns coboost=0
	sleep 0.3
	measure
	none=$RATE hogs=$HOGS
	rota turns coboost=500us
	sleep 0.3
	measure
	rates+=("$(awk -v a="$RATE" -v b="$none" 'BEGIN { printf "%.2f", b ? a / b : 0 }')")
	kept+=("$(awk -v a="$HOGS" -v b="$hogs" 'BEGIN { printf "%.2f", b ? a / b : 0 }')")
	note "the lock is let go $none times a second without turns, $RATE with; the hogs have $hogs and $HOGS of two pCPUs"
done
note "$(rota turns)"
at_least "siblings are boosted" "$(coboosts)" 20
at_least "the lock is let go, times without turns (median of 5)" "$(median "${rates[@]}")" "${ROTA_LIVE_COBOOST:-1.05}"
at_least "what the hogs keep, of what they have without (median of 5)" "$(median "${kept[@]}")" 0.9
check "the host runs still" rota host stop
