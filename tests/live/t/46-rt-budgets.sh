# SPDX-License-Identifier: GPL-2.0-or-later
# Description: rtds and rtxen: two hogs on one pCPU get their budgets in each single period, to 100 us, and no more; new parameters
# count while they run; the host answers meanwhile. What a hog had in a period is told by the kernel's own record of its switches.
. "${0%/*}/../rota.sh"

seconds=${ROTA_LIVE_SECONDS:-5}

tracing=/sys/kernel/tracing

# record - the kernel records for so many seconds who gets the CPU; what it recorded is in /tmp/switches
record()
{
	echo mono >$tracing/trace_clock
	echo 16384 >$tracing/buffer_size_kb
	echo 1 >$tracing/events/sched/sched_switch/enable
	echo >$tracing/trace
	echo 1 >$tracing/tracing_on
	sleep "$seconds"
	echo 0 >$tracing/tracing_on
	echo 0 >$tracing/events/sched/sched_switch/enable
	cat $tracing/trace >/tmp/switches
	check "$SCHED: no switch is missing from the record" eval "! grep -q LOST /tmp/switches"
}

# supply NAME PERIOD BUDGET - what a hog got in each period, us. A server's periods begin at multiples of theirs on the
# clock that is the core's as well as the record's, if they divide the 10 ms that it was made with.
supply()
{
	local line

	line=$(awk -v tid="$(vcpu_tids "$1")" -v p="$2" -v b="$3" '
	function ran(from, to,   end) {
		for (; from < to; from = end) {
			end = (int(from / p) + 1) * p
			if (end > to)
				end = to
			got[int(from / p)] += end - from
		}
	}
	match($0, /[0-9]+\.[0-9]+: sched_switch:/) {
		split(substr($0, RSTART, RLENGTH), part, /[.:]/)
		t = part[1] * 1000000 + part[2]
		if (!first)
			first = t
		last = t
		if ($0 ~ " prev_pid=" tid " ") {
			ran(on ? on : first, t)
			on = 0
		}
		if ($0 ~ " next_pid=" tid " ")
			on = t
	}
	END {
		for (k = int(first / p) + 1; k < int(last / p); k++) {
			off = got[k] - b
			off = off < 0 ? -off : off
			print off, k
		}
	}' /tmp/switches | sort -n | awk '{ v[NR] = $1 } END {
		print "n=" NR, "p50=" v[int((NR + 1) / 2)], "p99=" v[int(NR * 0.99 + 0.999)], "max=" v[NR] }')
	note "$SCHED: $1, $3 us of $2, how far off in a period, us: $line"
	at_least "$SCHED: $1, periods of $2 looked at" "$(field n "$line")" $((seconds * 900000 / $2))
	within "$SCHED: $1, us off in the worst period of $2" "$(field max "$line")" 0 100
}

# set_rt NAME PERIOD BUDGET - of its first vCPU, without extra time
set_rt() { check "$SCHED: $1 is given $3 in $2" sched -d "$1" -v 0 -p "$2" -b "$3" -e 0; }

start_rm a 0 -mode hog
start_rm b 0 -mode hog
for SCHED in rtds rtxen; do
	start_host
	known a && known b
	set_rt a 10000 3000
	set_rt b 10000 2000
	note "$(sched -v all 2>&1)"
	sleep 0.5
	record
	supply a 10000 3000
	supply b 10000 2000
	set_rt a 5000 500
	sleep 0.2
	record
	supply a 5000 500
	supply b 10000 2000
	check "$SCHED: a budget beyond the period is refused" eval "! sched -d a -v 0 -p 1000 -b 2000 -e 0"
	check "$SCHED: a budget that fits on no pCPU beside the others is refused, and says why" \
		eval "sched -d a -v 0 -p 10000 -b 9500 -e 0 2>&1 | grep -q 'not guaranteed'"
	check "$SCHED: after which it has what it had" eval "sched -d a -v 0 | grep -q ' 5000 *500 '"
	t0=$(now_ns)
	for ((i = 0; i < 10; i++)); do
		/bin/true
	done
	note "$SCHED: fork and exec meanwhile: $((($(now_ns) - t0) / 10000000)) ms"
	note "$SCHED: deadlines that the core heard of: $(rota host status | sed -n 's/^due_\([a-z0-9]*\) *: /\1 /p' | tr '\n' ' ')"
	check "$SCHED: the host runs still" rota host stop
done
