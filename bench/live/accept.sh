#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench/live/accept.sh: the figures that issue 3 asks for, measured now in the test machine on each kernel; `make accept-live`
# calls it. One line for each: WHAT | TARGET | MEASURED | met or NOT MET. Exit code 1 when one is not met.
#
# The measurements are those of tests/live/t, at full length and with the issue's own bounds: a line of theirs that says
# "VALUE, wanted TARGET +- TOLERANCE" or "VALUE, wanted at least MINIMUM" is a figure, their notes stand below. What is a
# time (24, 26, 27, 40, 41, 46) is measured on one emulated CPU whose clock counts instructions, 2 ns each, so that the figures
# do not depend on what else this machine has to do; all else on two CPUs in real time. It takes 15 to 40 minutes a
# kernel.
#
# usage: accept.sh [WORD...]	only tests whose name has one of the words in it
#	 ROTA=PROGRAM, ROTA_LIVE_KERNELS="6.12 7.2" as for tests/live/run.sh
set -u
cd "$(dirname "$0")/../.." || exit 2
export ROTA=${ROTA:-$PWD/build/rota} LC_ALL=C.UTF-8
# Full length; bounds that tests/live keeps wide for busy machines are the issue's here.
export ROTA_LIVE_SECONDS=${ROTA_LIVE_SECONDS:-10} ROTA_LIVE_ROUNDS=${ROTA_LIVE_ROUNDS:-5} ROTA_LIVE_FORKS=100
export ROTA_LIVE_FORK_RATIO=2 ROTA_LIVE_IO_RATIO=1 ROTA_LIVE_SWITCH_RATIO=1.15 ROTA_LIVE_SETTLE_MS=100 ROTA_LIVE_LOAD_POINTS=5
export ROTA_LIVE_VMS=${ROTA_LIVE_VMS:-200} ROTA_LIVE_CYCLES=${ROTA_LIVE_CYCLES:-50} ROTA_LIVE_HOGS="1 4"
export ROTA_LIVE_YIELD_TIMES=10 ROTA_LIVE_YIELD_NEXT=90 ROTA_LIVE_SETTLE_POINTS=5 ROTA_LIVE_PATIENCE=${ROTA_LIVE_PATIENCE:-5}
export ROTA_LIVE_LIMIT=${ROTA_LIVE_LIMIT:-3600} ROTA_LIVE_TEST_LIMIT=1500
tap=$(mktemp) || exit 2
trap 'rm -f "$tap"' EXIT

# pass WORD... - these of the tests, or of them those that the command line names
pass()
{
	local t w words=()

	for t in "$@"; do
		for w in "${only[@]}"; do
			case $t in *"$w"*) words+=("$t") && break ;; esac
		done
	done
	[ ${#words[@]} = 0 ] || bash tests/live/run.sh "${words[@]}" >>"$tap" 2>&1
}

only=("${@:--}")
ROTA_LIVE_LOADS="4 5 6" pass 12-weights 13-weights 14-caps 43-credit2 44-credit2 20-faults 21-hotplug 22-change 23-host-load 25-churn 26-directed-yield 28-tasks
ROTA_LIVE_LOADS="1 2 3" ROTA_LIVE_ACCEL=icount ROTA_LIVE_CPUS=1 pass 24-io 40-credit2 41-credit2 42-credit2 46-rt 26-directed-yield 27-overhead
awk '
/^(not )?ok / {
	line = $0
	verdict = line ~ /^ok/ ? "met" : "NOT MET"
	sub(/^(not )?ok [0-9]* - /, "", line)
	if (line ~ /# SKIP/) {
		print line
		next
	}
	target = "holds"
	measured = verdict == "met" ? "yes" : "no"
	if (match(line, /: [-0-9.]*, wanted /)) {
		target = substr(line, RSTART + RLENGTH)
		measured = substr(line, RSTART + 2, RLENGTH - 2 - length(", wanted "))
		line = substr(line, 1, RSTART - 1)
		sub(/^0 \+- /, "at most ", target)
	}
	print line " | " target " | " measured " | " verdict
	n[verdict]++
	next
}
/^1\.\./ { next }
{ print }
END {
	printf "%d met, %d not\n", n["met"], n["NOT MET"]
	exit n["NOT MET"] > 0 || !n["met"]
}' "$tap"
