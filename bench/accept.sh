#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench/accept.sh: the figures that the issues ask for, measured now on this machine; `make accept`
# calls it. One line for each: WHAT | TARGET | MEASURED | met or NOT MET, and a count at the end.
# Exit code 1 when one is not met. What each script prints as a test is in tests/.
#
# ROTA: the program; BENCH: folder of the built benchmarks. Other builds, for determinism and
# sanitizers, are made beside them.
set -u
cd "$(dirname "$0")/.." || exit 2
export ROTA=${ROTA:-$PWD/build/rota}
export BENCH=${BENCH:-$PWD/build/gcc-release/bench} LC_ALL=C.UTF-8
O=$(dirname "$ROTA")
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
builds="gcc-release clang-19-O3 gcc-debug gcc-asan+ubsan"

figure() { # figure WHAT TARGET MEASURED STATUS: status 0 is met
	local verdict=met
	[ "$4" = 0 ] || verdict='NOT MET'
	printf '%s | %s | %s | %s\n' "$1" "$2" "$3" "$verdict"
}

# A script that dies must not take its figures silently with it.
figures() { # figures NAME COMMAND...
	local name=$1 rc=0
	shift
	"$@" 2>"$tmp/err" || rc=$?
	[ $rc = 0 ] || figure "$name" "runs" "exit code $rc: $(tail -n 1 "$tmp/err")" 1
}

# tap WHAT TARGET LEAST COMMAND...: a figure of a TAP script: all cases pass, at least LEAST ran
tap() {
	local what=$1 target=$2 least=$3 passed failed skipped status=0
	shift 3
	"$@" >"$tmp/tap" 2>"$tmp/err" || status=1
	passed=$(grep -c '^ok ' "$tmp/tap")
	skipped=$(grep -c '^ok .*# SKIP' "$tmp/tap")
	failed=$(grep -c '^not ok ' "$tmp/tap")
	passed=$((passed - skipped))
	[ "$failed" = 0 ] && [ "$passed" -ge "$least" ] || status=1
	figure "$what" "$target" "$passed of $((passed + failed + skipped))$(
		sed -n 's/^not ok [0-9]* - /; failed: /p' "$tmp/tap" | head -n 1)" $status
}

# The largest difference from a recorded share, of those that need no explanation.
replays() {
	tap "real recordings: captures import, domains replay" \
		"within 3 points, or explained from the trace" 1 sh tests/oracle/run-replay.sh
	sed -n 's/.* - \(.*\): recorded.* \([+-][0-9.]*\) points$/\2 \1/p' "$tmp/tap" | awk '
		{ off = $1 < 0 ? -$1 : $1; if (off >= worst) { worst = off; name = $2 " " $3 }; n++ }
		END { printf "#   the largest of the %d within 3 points: %.2f, %s\n", n, worst, name }'
	sed -n 's/^ok [0-9]* - \(.*points; .*\)/#   explained: \1/p' "$tmp/tap"
}

determinism() {
	local b programs=
	for b in $builds; do
		make -s --no-print-directory O="$O" CC="${b%-*}" MODE="${b##*-}" programs \
			>"$tmp/build" 2>&1 || figure "build $b" "builds" "$(tail -n 1 "$tmp/build")" 1
		programs="$programs $O/$b/rota"
	done
	ROTA_BUILDS=${programs# } tap "determinism: 7 scenarios in $(wc -w <<<"$builds") builds" \
		"the same trace in all, and the committed one" 14 sh tests/golden/run-determinism.sh
}

properties() {
	local f program
	for f in tests/property/prop_*.c; do
		[ -f "$f" ] || continue
		program=$O/gcc-release/${f%.c}
		make -s --no-print-directory O="$O" CC=gcc MODE=release "$program" >"$tmp/build" 2>&1 ||
			figure "build $f" "builds" "$(tail -n 1 "$tmp/build")" 1
		CMOCKA_MESSAGE_OUTPUT=TAP ROTA_PROP_SDOM_RUNS=10000 tap "properties: $(basename "$f" .c), random sequences" \
			"no invariant broken" 1 "$program"
	done
}

# What the analysis admits holds in the schedulers: so many systems of each kind, none with a deadline missed.
admitted() {
	local program=$O/gcc-release/tests/property/prop_admitted n=10000
	make -s --no-print-directory O="$O" CC=gcc MODE=release "$program" >"$tmp/build" 2>&1
	CMOCKA_MESSAGE_OUTPUT=TAP ROTA_PROP_RUNS=$n tap "admission: $n admitted systems of each of 8 kinds, random phases" \
		"no deadline missed" 8 "$program"
	grep -h '^# .* admitted systems' "$tmp/tap" "$tmp/err" | sed 's/^#/#  /'
}

# rotad killed at random moments: what was acknowledged is in the file, which is whole, and it starts again.
kills() {
	local status=0
	ROTAD=$O/rotad python3 -B bench/kills.py 500 >"$tmp/kills" 2>&1 || status=1
	figure 'rotad killed 500 times on the simulated host' 'nothing torn, nothing lost, starts again' \
		"$(tail -n 1 "$tmp/kills")" $status
}

credit2() {
	local what
	for what in shares latency decisions scaling; do
		figures "$what of credit2" sh "tests/oracle/run-credit2-$what.sh" --accept | sed '/^credit2/!s/^[^#]/credit2, &/'
	done
}

all() {
	figures shares sh tests/oracle/run-shares.sh --accept
	figures latency sh tests/oracle/run-latency.sh --accept
	replays
	figures decisions sh tests/oracle/run-decisions.sh --accept
	figures thief sh tests/oracle/run-thief.sh --accept
	credit2
	determinism
	properties
	admitted
	figures speed python3 -B bench/simulator.py --accept
	figures decision python3 -B bench/decision.py --accept
	figures papers python3 -B bench/papers.py --accept
	figures 'decision of credit2' python3 -B bench/decision.py credit2 --accept
	figures 'turns, on and idle' python3 -B bench/decision.py --turns
	figures 'turns, on and idle, credit2' python3 -B bench/decision.py credit2 --turns
	figures 'decision of rtds' python3 -B bench/decision.py rtds --accept
	figures 'decision of rtxen' python3 -B bench/decision.py rtxen --accept
	figures analysis python3 -B bench/analysis.py
	kills
	echo '#   time on this machine, median and mean of the lowest 98 %:'
	"$BENCH/decision" hogs 8 1 | sed 's/^/#   /'
	export ASAN_OPTIONS=exitcode=99:detect_leaks=1 UBSAN_OPTIONS=exitcode=99
	ROTA=$O/gcc-asan+ubsan/rota tap "bad input: malformed scenarios, under sanitizers" \
		">= 60, each one clear line and exit code 2" 60 sh tests/bad/run.sh
}

all | tee "$tmp/figures"
met=$(grep -c '| met$' "$tmp/figures")
missed=$(grep -c '| NOT MET$' "$tmp/figures")
echo "$met met, $missed not met"
[ "$missed" = 0 ]
