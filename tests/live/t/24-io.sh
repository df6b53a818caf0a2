# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a VM that serves I/O (a timer every 5 ms, 0.2 ms of work) beside a hog: from the moment its timer is due to its first
# instruction, under the kernel's own scheduler and under rota, in the same run. BOOST must not lose.
. "${0%/*}/../rota.sh"

rounds=${ROTA_LIVE_ROUNDS:-1}
seconds=${ROTA_LIVE_SECONDS:-3}
median() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
declare -A p50 p99

measure() # measure SCHEDULER
{
	local line

	sleep 0.5
	rm_restart io
	sleep "$seconds"
	line=$(rm_report io)
	note "$1: $line"
	p50[$1]+=" $(field p50_us "$line")"
	p99[$1]+=" $(field p99_us "$line")"
}

start_rm hog 0 -mode hog
start_rm io 0 -mode io -period 5000 -cost 200
for ((r = 0; r < rounds; r++)); do
	measure EEVDF
	start_host
	known hog && known io
	measure rota
	rota host stop
done
# shellcheck disable=SC2086 # lists of numbers
for s in EEVDF rota; do
	p50[$s]=$(median ${p50[$s]})
	p99[$s]=$(median ${p99[$s]})
	note "wake-up to run beside a hog, us: $s p50 ${p50[$s]} p99 ${p99[$s]}"
done
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
within "p50 of rota to EEVDF's" "$(ratio "${p50[rota]}" "${p50[EEVDF]}")" 0 "${ROTA_LIVE_IO_RATIO:-3}"
within "p99 of rota to EEVDF's" "$(ratio "${p99[rota]}" "${p99[EEVDF]}")" 0 "${ROTA_LIVE_IO_RATIO:-3}"
