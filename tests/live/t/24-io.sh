# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a VM that serves I/O (a timer every 5 ms, 0.2 ms of work) beside hogs on one pCPU: from the moment its timer is due to
# its first instruction, under the kernel's own scheduler, the kernel's example scx_simple and rota, in the same run. BOOST
# must not lose.
. "${0%/*}/../rota.sh"

rounds=${ROTA_LIVE_ROUNDS:-1}
seconds=${ROTA_LIVE_SECONDS:-3}
declare -A p50 p99

measure() # measure SCHEDULER HOGS
{
	local line

	sleep 0.5
	rm_restart io
	sleep "$seconds"
	line=$(rm_report io)
	note "$2 hogs, $1: $line"
	p50[$1,$2]+=" $(field p50_us "$line")"
	p99[$1,$2]+=" $(field p99_us "$line")"
}

hogs=${ROTA_LIVE_HOGS:-1}
schedulers="EEVDF rota"
[ ! -x "$SIMPLE" ] || [ -z "${ROTA_LIVE_ROUNDS:-}" ] || schedulers="EEVDF simple rota"
for n in $hogs; do
	for ((i = 0; i < n; i++)); do
		start_rm hog$i 0 -mode hog
	done
	start_rm io 0 -mode io -period 5000 -cost 200
	for ((r = 0; r < rounds; r++)); do
		for s in $schedulers; do
			take_over $s
			[ $s != rota ] || known io
			measure $s "$n"
			give_back $s
		done
	done
	stop_vm "${!VM[@]}"
done
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
for n in $hogs; do
	# shellcheck disable=SC2086 # lists of numbers
	for s in $schedulers; do
		p50[$s,$n]=$(median ${p50[$s,$n]})
		p99[$s,$n]=$(median ${p99[$s,$n]})
		note "wake-up to run beside $n hogs, us, median of $rounds runs: $s p50 ${p50[$s,$n]} p99 ${p99[$s,$n]}"
	done
	within "beside $n hogs, p50 of rota to EEVDF's" "$(ratio "${p50[rota,$n]}" "${p50[EEVDF,$n]}")" 0 "${ROTA_LIVE_IO_RATIO:-1}"
	within "beside $n hogs, p99 of rota to EEVDF's" "$(ratio "${p99[rota,$n]}" "${p99[EEVDF,$n]}")" 0 "${ROTA_LIVE_IO_RATIO:-1}"
done
