# SPDX-License-Identifier: GPL-2.0-or-later
# Description: what a context switch costs: ping-pong of two host tasks over a pipe, and of two vCPUs by IPI, on one pCPU, under the
# kernel's own scheduler, the kernel's example scx_simple and rota, interleaved; medians and ratios are printed. Fails only
# when something is far off: emulated times are noisy.
. "${0%/*}/../rota.sh"

rounds=${ROTA_LIVE_ROUNDS:-1}
seconds=${ROTA_LIVE_SECONDS:-2}
declare -A host vm

host_pingpong() { taskset -c 0 "$ROTA_BUILD/live/pingpong" "$seconds"; } # round trips a second

vm_pingpong() # interrupts a second that one of them took
{
	local line

	rm_restart pong
	sleep "$seconds"
	line=$(rm_report pong 1)
	echo $(($(field loops "$line") * 1000 / $(field span_ms "$line")))
}

measure()
{
	sleep 0.3
	host[$1]+=" $(host_pingpong)"
	start_rm pong 0 -mode pingpong -vcpus 2
	[ "$1" != rota ] || known pong 2
	sleep 0.5
	vm[$1]+=" $(vm_pingpong)"
	stop_vm pong
}

schedulers="EEVDF rota"
[ ! -x "$SIMPLE" ] || schedulers="EEVDF simple rota"
for ((r = 0; r < rounds; r++)); do
	for s in $schedulers; do
		take_over $s
		measure $s
		give_back $s
	done
done
# shellcheck disable=SC2086 # lists of numbers
for s in $schedulers; do
	host[$s]=$(median ${host[$s]})
	vm[$s]=$(median ${vm[$s]})
	note "$s: two host tasks ${host[$s]} round trips a second, two vCPUs ${vm[$s]}"
done
# What any scheduler of sched_ext pays beyond EEVDF is not rota's: that ratio is told, the one to scx_simple has a bound.
for s in EEVDF simple; do
	[ -n "${host[$s]:-}" ] || continue
	h=$(awk -v a="${host[rota]}" -v b="${host[$s]}" 'BEGIN { printf "%.2f", b / a }')
	v=$(awk -v a="${vm[rota]}" -v b="${vm[$s]}" 'BEGIN { printf "%.2f", b / a }')
	note "rota to $s: a switch of two host tasks $h, of two vCPUs $v"
	[ $s = simple ] || continue
	within "a switch of two host tasks, rota to $s" "$h" 0 "${ROTA_LIVE_SWITCH_RATIO:-1.15}"
	within "a switch of two vCPUs, rota to $s" "$v" 0 "${ROTA_LIVE_SWITCH_RATIO:-1.15}"
done
[ -n "${host[simple]:-}" ] || skip "a switch, rota to simple" "no scx_simple for this kernel (tests/live/kernel.sh scx makes 6.12's)"
