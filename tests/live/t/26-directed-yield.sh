# SPDX-License-Identifier: GPL-2.0-or-later
# Description: KVM's directed yield (a guest's hypercall that names a sibling) under the kernel's own scheduler and under rota, same
# guests, several loads. Two measures, printed for both. KVM's own: the part of the attempts for which yield_to() said yes.
# And what a directed yield is for, from the kernel's trace of hypercalls and switches: of the yields to a sibling that
# waits for a CPU, for how many it is the next to run, on the CPU of who yielded or the one where it waits; and how long from
# the first such yield until the sibling runs.
. "${0%/*}/../rota.sh"

seconds=${ROTA_LIVE_SECONDS:-2}
# A guest that does nothing but yield makes a trace that takes long to read where everything is emulated.
watch=${ROTA_LIVE_WATCH:-0.2}
tracing=/sys/kernel/tracing

# success VM - percent of its attempts that succeeded, over some seconds
success()
{
	local dir a0 s0 a1 s1

	dir=$(echo "/sys/kernel/debug/kvm/${VM[$1]}-"*)
	# One cat for both: on a slow machine much happens between two.
	{ read -r a0; read -r s0; } < <(cat "$dir/directed_yield_attempted" "$dir/directed_yield_successful")
	sleep "$seconds"
	{ read -r a1; read -r s1; } < <(cat "$dir/directed_yield_attempted" "$dir/directed_yield_successful")
	awk -v a=$((a1 - a0)) -v s=$((s1 - s0)) 'BEGIN { printf "%.2f", a ? 100 * s / a : 0 }'
}

# what_follows VM - "YIELDS NEXT P50 P90 MAX": yields to a waiting sibling in $watch seconds, percent of them after which it was the
# next to run, and from the first of them that it was given until it ran: us. Guests yield to vCPU + 1.
what_follows()
{
	local tids

	tids=$(for t in $(vcpu_tids "$1"); do
		sed "s,^CPU \([0-9]*\)/KVM,\1 $t," "/proc/${VM[$1]}/task/$t/comm"
	done | sort -n | cut -d' ' -f2 | tr '\n' ' ')
	echo 0 >$tracing/tracing_on
	echo 4096 >$tracing/buffer_size_kb
	echo global >$tracing/trace_clock
	echo >$tracing/trace
	echo 1 >$tracing/events/sched/sched_switch/enable
	echo 1 >$tracing/events/kvm/kvm_hypercall/enable
	echo 1 >$tracing/tracing_on
	sleep "$watch"
	echo 0 >$tracing/tracing_on
	echo 0 >$tracing/events/enable
	awk -v tids="$tids" '
	function after(key, i) { i = index($0, key); return i ? substr($0, i + length(key)) + 0 : -1 }
	BEGIN {
		n = split(tids, t, " ")
		for (i = 1; i <= n; i++)
			target[t[i]] = t[i % n + 1]
	}
	match($0, /\[[0-9]+\]/) { cpu = substr($0, RSTART + 1, RLENGTH - 2) + 0 }
	match($0, /[0-9]+\.[0-9]+: /) { now = substr($0, RSTART, RLENGTH - 2) * 1000000 }
	/ sched_switch: / {
		prev = after("prev_pid=")
		next_ = after("next_pid=")
		# It is next if no other comes first both on the CPU of who yielded and on the one where it waits.
		if (by[next_] != "") {
			hits++
			by[next_] = ""
		}
		for (i = 1; i <= n; i++) {
			if (by[t[i]] == "")
				continue
			if (by[t[i]] == cpu)
				by[t[i]] = at[t[i]] == cpu ? "" : at[t[i]]
			else if (at[t[i]] == cpu)
				at[t[i]] = by[t[i]]
		}
		state[prev] = $0 ~ /prev_state=R/ ? "waits" : "sleeps"
		state[next_] = "runs"
		last[next_] = cpu
		if (asked[next_]) {
			took[++m] = now - asked[next_]
			asked[next_] = 0
		}
	}
	/ kvm_hypercall: nr 0xb / {
		match($0, /-[0-9]+ +\[/)
		who = substr($0, RSTART + 1, RLENGTH - 2) + 0
		to = target[who]
		if (to == "" || state[to] != "waits" || by[to] != "")
			next
		yields++
		by[to] = cpu
		at[to] = last[to]
		if (!asked[to])
			asked[to] = now
	}
	END {
		printf "%d %.1f\n", yields, yields ? 100 * hits / yields : 0
		for (i = 1; i <= m; i++)
			printf "%d\n", took[i] >"/tmp/took"
	}' $tracing/trace >/tmp/yields
	touch /tmp/took
	sort -n /tmp/took | awk '
	NR == FNR { sums = $0; next }
	{ took[++m] = $1 }
	END { printf "%s %d %d %d\n", sums, took[int((m + 1) / 2)], took[int((9 * m + 9) / 10)], took[m] }' /tmp/yields -
	rm -f /tmp/took
	echo >$tracing/trace
}

# Loads: two vCPUs on one pCPU; the same beside a hog, beside three hogs; two on two pCPUs, a hog on each; four on two; two on two.
load() # load NUMBER: starts it
{
	case $1 in
	1) start_rm dy 0 -mode dyield -vcpus 2 -cost 1 ;;
	2) start_rm dy 0 -mode dyield -vcpus 2 -cost 1 && start_rm hog 0 -mode hog ;;
	3) start_rm dy 0 -mode dyield -vcpus 2 -cost 1 && start_rm hog 0 -mode hog -vcpus 3 ;;
	4) start_rm dy 0-1 -mode dyield -vcpus 2 -cost 1 && start_rm hog 0 -mode hog && start_rm hog2 1 -mode hog ;;
	5) start_rm dy 0-1 -mode dyield -vcpus 4 -cost 1 ;;
	6) start_rm dy 0-1 -mode dyield -vcpus 2 -cost 1 ;;
	esac
}
what=("" "2 vCPUs on 1 pCPU" "2 on 1 beside a hog" "2 on 1 beside three hogs" "2 on 2 beside two hogs" "4 on 2" "2 on 2, nothing else")

declare -A ratio runs
for s in EEVDF rota; do
	take_over $s
	for l in ${ROTA_LIVE_LOADS:-1 3 6}; do
		load "$l"
		[ $s != rota ] || known dy "$(vcpu_tids dy | wc -l)"
		sleep 0.5
		ratio[$s,$l]=$(success dy)
		runs[$s,$l]=$(what_follows dy)
		[ $s != rota ] || at_least "${what[l]}: the guest goes on, yields" "$(field loops "$(rm_report dy 0)")" 20
		stop_vm "${!VM[@]}"
	done
	[ $s = rota ] || give_back $s
done
for l in ${ROTA_LIVE_LOADS:-1 3 6}; do
	for s in EEVDF rota; do
		read -r yields hits p50 p90 max <<<"${runs[$s,$l]}"
		note "${what[l]}, $s: KVM counts ${ratio[$s,$l]} % successful; of $yields yields to a waiting sibling it ran next after $hits %; until it ran p50 $p50 p90 $p90 max $max us"
	done
	read -r yields hits p50 p90 max <<<"${runs[rota,$l]}"
	read -r eyields ehits ep50 ep90 emax <<<"${runs[EEVDF,$l]}"
	if [ "$yields" -ge 20 ]; then
		at_least "${what[l]}: percent of the yields to a waiting sibling after which it runs next" "$hits" "${ROTA_LIVE_YIELD_NEXT:-50}"
	fi
	[ -z "${ROTA_LIVE_YIELD_TIMES:-}" ] || {
		at_least "${what[l]}: yields that KVM counts as successful, times EEVDF's" \
			"$(awk -v a="${ratio[rota,$l]}" -v b="${ratio[EEVDF,$l]}" 'BEGIN { printf "%.2f", (b > 0 ? a / b : 0) }')" "$ROTA_LIVE_YIELD_TIMES"
		[ "$yields" -lt 20 ] || [ "$eyields" -lt 20 ] ||
			at_least "${what[l]}: yields after which the waiting sibling runs next, times EEVDF's" \
				"$(awk -v a="$hits" -v b="$ehits" 'BEGIN { printf "%.2f", (b > 0 ? a / b : 999) }')" "$ROTA_LIVE_YIELD_TIMES"
		[ "$yields" -lt 20 ] || [ "$eyields" -lt 20 ] ||
			at_least "${what[l]}: EEVDF's median time until the waiting sibling runs, times rota's" \
				"$(awk -v a="$p50" -v b="$ep50" 'BEGIN { printf "%.2f", b / (a > 0 ? a : 1) }')" "$ROTA_LIVE_YIELD_TIMES"
	}
done
check "the host runs still" rota host stop
