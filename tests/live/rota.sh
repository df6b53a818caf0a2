# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# rota.sh - what the tests of the live host share, on top of lib.sh

# shellcheck source=tests/live/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# How far a share may be off, percentage points: what the issue asks, but where the suite sets a wider margin.
POINTS=${ROTA_LIVE_POINTS:-3}

rota() { "$ROTA_BUILD/rota" "$@"; }

scx_state() { cat /sys/kernel/sched_ext/state; }

# The scheduler that start_host starts; a test of another one sets it and goes on as that of credit.
SCHED=${SCHED:-credit}

# sched OPTION... - rota's verb for this scheduler's parameters
sched() { rota "sched-$SCHED" "$@"; }

# start_host - the live host schedules from here on; else the test ends
start_host()
{
	if ! rota host start --sched "$SCHED" "$@" >/tmp/start.log 2>&1; then
		not_ok "rota host start"
		note "$(cat /tmp/start.log)" "$(tail -n 5 /run/rota/host.log 2>/dev/null)"
		exit 0
	fi
}

# The kernel's example scheduler, where kernel.sh could make it: a yardstick. It is that of 6.12, and calls kfuncs that
# later kernels no longer have.
case $(uname -r) in
6.12*) SIMPLE=$ROTA_CACHE/scx/scx_simple ;;
*) SIMPLE= ;;
esac

# take_over SCHEDULER - EEVDF, simple or rota schedules from here on, until give_back
take_over()
{
	case $1 in
	rota) start_host ;;
	simple)
		"$SIMPLE" >/dev/null 2>&1 &
		simple_pid=$!
		wait_for 20 eval '[ "$(scx_state)" = enabled ]' || {
			not_ok "scx_simple starts"
			exit 0
		}
		;;
	esac
}

give_back() # give_back SCHEDULER
{
	case $1 in
	rota) rota host stop ;;
	simple)
		kill -INT "$simple_pid"
		wait "$simple_pid" 2>/dev/null
		wait_for 20 eval '[ "$(scx_state)" = disabled ]'
		;;
	esac
}

median() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# why_left - a note on what became of the live host
why_left() { note "$(rota host status 2>&1 | head -n 12)" "$(tail -n 5 /run/rota/host.log)"; }

# vcpus_of NAME - how many vCPUs rota sees of a VM; nothing if it knows no such domain
vcpus_of() { rota list --json "$1" 2>/dev/null | sed -n 's/.*"vcpus": \([0-9]*\).*/\1/p'; }

# known NAME [VCPUS] - waits until the VM is a domain with that many vCPUs
known()
{
	wait_for 5 eval "[ \"\$(vcpus_of $1)\" = ${2:-1} ]" || {
		not_ok "$1 is a domain of ${2:-1} vCPUs"
		why_left
		rota vcpu-list | sed 's/^/# /'
		return 1
	}
}

# lost NAME - has QEMU's emulation lost this guest (README.md)? That is, its process has ended, or for ten seconds all its vCPUs
# sleep: none has run, none wants to. Who sleeps waits for no scheduler. For guests that never rest that long.
lost()
{
	local before i

	before=$(run_times "$1")
	for ((i = 0; i < 100; i++)); do
		kill -0 "${VM[$1]}" 2>/dev/null || return 0
		[ "$(run_times "$1")" = "$before" ] || return 1
		! cat /proc/"${VM[$1]}"/task/*/stat 2>/dev/null | grep -qE '^[0-9]+ \(CPU [0-9]+/KVM\) R' || return 1
		sleep 0.1
	done
}

# refused NAME WORDS COMMAND... - it fails, and says so with these words
refused()
{
	local name=$1 words=$2

	shift 2
	if "$@" >/dev/null 2>/tmp/e || ! grep -q "$words" /tmp/e; then
		not_ok "$name is refused"
		note "wanted '$words': $(cat /tmp/e)"
	else
		ok "$name is refused: $(cut -c 1-120 /tmp/e)"
	fi
}

# cpus_of POOL - its CPUs, as cpupool-list has them; hidden pools as well
cpus_of() { rota cpupool-list --cpus "$1" | awk -v p="$1" '$1 == p { print $2 }'; }

# host_runs CPU - a task of the host that may run nowhere else gets on
host_runs() { timeout 5 taskset -c "$1" sh -c 'i=0; while [ $i -lt 300 ]; do i=$((i + 1)); done'; }

# ---- turns: a guest `lock`, two vCPUs that share one spinlock, beside `hog` ----

# measure_lock [HOG...] - sets RATE to how often the lock is let go, a second, and HOG to the share of the hogs (default: hog)
measure_lock()
{
	local line v

	RATE=0
	[ $# -gt 0 ] || set -- hog
	rm_restart lock
	shares "$seconds" "$@"
	HOG=$(for v in "$@"; do echo "${SHARE[$v]}"; done | awk '{ sum += $1 } END { printf "%.3f", sum }')
	for v in 0 1; do
		line=$(rm_report lock $v)
		RATE=$((RATE + $(field loops "$line") * 1000 / $(field span_ms "$line")))
	done
}

# turns KIND - how many of that kind the guest had
turns() { rota turns --json | awk '/"name": "lock"/ { here = 1 } here && /"'"$1"'"/ { gsub(/[^0-9]/, ""); print; exit }'; }

# in_pairs KIND VALUE [HOG...] - measures without turns of that kind and with them, five times in turn, for one measure of a second or two
# depends on what the emulator did meanwhile. Sets TURNS to how many there were, and to what is with them, of what is
# without, in the median: TIMES (how often the lock is let go) and KEPT (the hogs' share)
in_pairs()
{
	local kind=$1 value=$2 i none hogs before rates=() kept=()

	shift 2
	TURNS=0
	for ((i = 0; i < 5; i++)); do
		rota turns "$kind=0"
		sleep 0.3
		measure_lock "$@"
		none=$RATE hogs=$HOG
		rota turns "$kind=$value"
		before=$(turns "${kind}s")
		measure_lock "$@"
		TURNS=$((TURNS + $(turns "${kind}s") - before))
		rates+=("$(awk -v a="$RATE" -v b="$none" 'BEGIN { printf "%.2f", b ? a / b : 0 }')")
		kept+=("$(awk -v a="$HOG" -v b="$hogs" 'BEGIN { printf "%.2f", b ? a / b : 0 }')")
		note "the lock is let go $none times a second without turns, $RATE with; of the pCPUs $hogs and $HOG is not the guest's"
	done
	TIMES=$(median "${rates[@]}")
	KEPT=$(median "${kept[@]}")
}

# with_symbols - is the guest's table in force?
with_symbols() { rota turns | grep -Eq '^lock +[0-9]+ +yes'; }

# objects - counts of what lives in the core: "DOMAINS VCPUS", Domain-0 and its vCPUs included
objects()
{
	rota host status --json | sed -n 's/.*"\(domains\|vcpus\)": \([0-9]*\).*/\2/p' | tr '\n' ' '
}

# weights_test N - three hogs of N vCPUs each share N pCPUs (all that the machine has on line) at 256:512:1024, then two of them
weights_test()
{
	local n=$1 v seconds=${ROTA_LIVE_SECONDS:-5} cpus

	cpus=$((n - 1))
	start_host
	for v in a b c; do
		start_rm $v 0-$cpus -mode hog -vcpus "$n"
		known $v "$n"
	done
	sched -d a -w 256
	sched -d b -w 512
	sched -d c -w 1024
	sleep 0.5
	shares "$seconds" a b c
	within "weights 256:512:1024, percent of a" "$(percent_of a b c)" 14.29 "$POINTS"
	within "weights 256:512:1024, percent of b" "$(percent_of b a c)" 28.57 "$POINTS"
	within "weights 256:512:1024, percent of c" "$(percent_of c a b)" 57.14 "$POINTS"
	at_least "the pCPUs are theirs, share" \
		"$(awk -v a="${SHARE[a]}" -v b="${SHARE[b]}" -v c="${SHARE[c]}" 'BEGIN { print a + b + c }')" \
		"$(awk -v n="$n" 'BEGIN { print 0.9 * n }')"
	stop_vm c
	sleep 0.5
	shares "$seconds" a b
	within "weights 256:512, percent of a" "$(percent_of a b)" 33.33 "$POINTS"
	# The other way round, and at once: 100 ms after the command, measured for the next second.
	sched -d a -w 1024
	sched -d b -w 256
	sleep 0.1
	shares 2 a b
	within "changed to 1024:256, 100 ms later, percent of a" "$(percent_of a b)" 80 "$POINTS"
	check "the host runs still" rota host stop
}

# cap_held CAP SHARE
cap_held()
{
	within "cap $1, share of one pCPU" "$2" "$(awk -v c="$1" 'BEGIN { print c / 100 }')" "$(awk -v p="$POINTS" 'BEGIN { print p / 100 }')"
}

# loops_a_ms NAME SECONDS - how many loops all vCPUs of a hog do in a ms
loops_a_ms()
{
	rm_restart "$1"
	sleep "$2"
	rm_report "$1" | awk '{
		for (i = 1; i <= NF; i++) {
			split($i, f, "=")
			v[f[1]] = f[2]
		}
		sum += v["loops"] / v["span_ms"]
	} END { print sum }'
}

# caps_test N CAP... - a hog of N vCPUs on N pCPUs, alone, at each of these caps, and then at none. Linux 7.2 itself does
# not count, for a task of sched_ext after which its CPU idles, what it ran since the last tick: so there what a guest did
# is compared with what it does uncapped.
caps_test()
{
	local n=$1 cap cpus=$(($1 - 1)) seconds=${ROTA_LIVE_SECONDS:-4}
	local -A loops

	shift
	start_host
	start_rm a 0-$cpus -mode hog -vcpus "$n"
	known a "$n"
	for cap in "$@"; do
		sched -d a -c "$cap"
		sleep 0.1
		case $(uname -r) in
		6.12*) shares "$seconds" a && cap_held "$cap" "${SHARE[a]}" ;;
		*) loops[$cap]=$(loops_a_ms a "$seconds") ;;
		esac
	done
	sched -d a -c 0
	sleep 0.1
	shares 2 a
	for cap in "${!loops[@]}"; do
		cap_held "$cap" "$(awk -v l="${loops[$cap]}" -v all="$(loops_a_ms a 2)" -v share="${SHARE[a]}" \
			'BEGIN { printf "%.4f", share * l / all }')"
	done
	at_least "no cap any more, share" "${SHARE[a]}" "$(awk -v n="$n" 'BEGIN { print 0.9 * n }')"
	check "the host runs still" rota host stop
}

# one_cpu - CPU 1 off line from here on; false if it can't be
one_cpu()
{
	echo 0 >/sys/devices/system/cpu/cpu1/online 2>/dev/null
	[ "$(cat /sys/devices/system/cpu/online)" = 0 ]
}
