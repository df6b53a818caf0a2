#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: the fuzzers of tests/fuzz, built with clang's libFuzzer, address and undefined-behaviour sanitizers: the
# protocol, and every parser of something a person or a VM writes. Each runs its corpus and what the tree has of such
# files, then ROTA_FUZZ_SECONDS (default 4) on it. `run.sh NAME...` runs only those.
#
# The corpus, tests/fuzz/corpus: NAME/ has what was written by hand, NAME.tar.gz what long runs found, the least that covers
# as much: what a longer run leaves in build/fuzz/NAME, through `build/fuzz/fuzz_NAME -set_cover_merge=1 NEW build/fuzz/NAME`.
cd "${ROTA_TOP:-$(dirname "$0")/../..}" || exit 1
cc=${ROTA_FUZZ_CC:-clang-19}
out=build/fuzz
seconds=${ROTA_FUZZ_SECONDS:-4}
names=${*:-protocol settings scenario symbols tasks domxml}
# What is in a plug-in, and its library.
domxml="src/cli/libvirt/domxml.c -isystem /usr/include/libxml2 -lxml2"

if ! echo 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return !d && n; }' |
	"$cc" -fsanitize=fuzzer -x c - -o /dev/null 2>/dev/null; then
	echo "ok 1 - fuzzers # SKIP $cc has no libFuzzer (libclang-rt-19-dev)"
	echo "1..1"
	exit 0
fi
mkdir -p "$out"
# The tree itself, with the hooks that tell the fuzzer where it has been.
flags="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1 -DSCHED_DEBUG"
make -s -j2 CC="$cc" MODE=debug O="$out" CFLAGS="$flags" LIVE_MISSING=fuzzing "$out/$cc-debug/librota.a" \
	>"$out/build.log" 2>&1 || {
	echo "not ok 1 - the fuzzers' build"
	sed 's/^/# /' "$out/build.log" | tail -20
	echo "1..1"
	exit 1
}

# seed NAME BYTE FILE...: the head of each file, after the byte by which the fuzzer knows the reader
seed() {
	local name=$1 byte=$2 f
	shift 2
	for f in "$@"; do
		{ printf %s "$byte"; head -c 4000 "$f"; } >"$out/$name.seeds/$byte-${f//\//-}"
	done
}

seeds() { # seeds NAME
	rm -rf "$out/$1.seeds"
	mkdir -p "$out/$1.seeds"
	[ ! -d "tests/fuzz/corpus/$1" ] || cp "tests/fuzz/corpus/$1"/* "$out/$1.seeds/"
	[ ! -e "tests/fuzz/corpus/$1.tar.gz" ] || tar -C "$out/$1.seeds" -xzf "tests/fuzz/corpus/$1.tar.gz"
	case $1 in
	scenario)
		seed scenario S scenarios/*.yaml tests/golden/*.yaml tests/bad/*.yaml data/workloads/*.yaml
		seed scenario W scenarios/papers/*.yaml
		seed scenario P data/experiments/*.yaml
		;;
	symbols)
		seed symbols R data/symbols.rules
		seed symbols M tests/data/symbols/System.map-*
		;;
	tasks) seed tasks R scenarios/replay/*.csv ;;
	domxml) cp tests/data/libvirt/*.xml "$out/domxml.seeds/" ;;
	esac
}

# What a fuzzer finds is in its own log and its exit code; the runner's options are for programs that hide both.
unset ASAN_OPTIONS UBSAN_OPTIONS
n=0
failed=0
for name in $names; do
	n=$((n + 1))
	plugin=
	if [ "$name" = domxml ]; then
		plugin=$domxml
		[ -d /usr/include/libxml2 ] || {
			echo "ok $n - domxml # SKIP libxml2-dev is not installed"
			continue
		}
	fi
	mkdir -p "$out/$name"
	seeds "$name"
	# shellcheck disable=SC2086 # words
	if "$cc" -std=gnu11 -D_GNU_SOURCE -Isrc $flags -fsanitize=fuzzer "tests/fuzz/fuzz_$name.c" -o "$out/fuzz_$name" \
		$plugin "$out/$cc-debug/librota.a" -lyaml -ljansson -lm -lelf \
		>"$out/$name.log" 2>&1 &&
		"$out/fuzz_$name" -max_total_time="$seconds" -timeout=200 -rss_limit_mb=4096 -artifact_prefix="$out/$name-" \
			"$out/$name" "$out/$name.seeds" >>"$out/$name.log" 2>&1; then
		echo "ok $n - $name: $(grep -oE 'Done [0-9]+ runs.*' "$out/$name.log")"
	else
		failed=1
		echo "not ok $n - $name"
		tail -40 "$out/$name.log" | sed 's/^/# /'
	fi
done
echo "1..$n"
exit $failed
