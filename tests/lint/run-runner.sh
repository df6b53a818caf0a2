#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: the suite runner itself. It is given a small tree whose tests are known to pass,
# fail, skip, stop half-way, hang or hide a sanitizer's finding, and must tell each for what it is.
set -u
top=${ROTA_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
tree=${TEST_TMP:-$(mktemp -d)}/tree
mkdir -p "$tree/tests"
cp "$top/tests/run" "$tree/tests/"

script() { # script NAME: a test script in the tree, from standard input
	mkdir -p "$tree/tests/$1"
	cat >"$tree/tests/$1/run.sh"
}
script pass <<<'echo "1..2"; echo "ok 1 - one"; echo "ok 2 - two"'
script fail <<<'echo "1..2"; echo "ok 1 - one"; echo "not ok 2 - two"; echo "# the reason"'
script skip <<<'echo "1..1"; echo "ok 1 - one # SKIP no such thing"'
script skip-cmocka <<<'echo "1..1"; echo "no such tool"; echo "not ok 1 # SKIP one"'
script skip-all <<<'echo "1..0 # SKIP no such machine"'
script skip-77 <<<'echo "no such device"; exit 77'
script short <<<'echo "1..3"; echo "ok 1 - one"; exit 0'
script status <<<'echo "1..1"; echo "ok 1 - one"; exit 4'
script silent <<<'exit 3'
script quiet <<<'exit 0'
script bail <<<'echo "1..1"; echo "Bail out! no disk"; echo "ok 1 - one"'
script hang <<<'sleep 30'
script finding <<<'log=${ASAN_OPTIONS#*log_path=}; echo "heap-use-after-free" >"$log.1"; echo "1..1"; echo "ok 1 - one"'

output=$(FULL='' ALSO='' O=build ROTA_TEST_LIMIT=3 "$tree/tests/run" 2>&1)
status=$?

n=0
case_is() { # case_is NAME LINE: the runner printed exactly this line
	n=$((n + 1))
	if grep -qxF -- "$2" <<<"$output"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# no line: $2"
		failed=1
	fi
}
failed=0
case_is "a case that passes" "ok pass: two"
case_is "a case that fails" "FAILED fail: two"
case_is "what a failing test wrote is shown" "    | # the reason"
case_is "a skipped case, with its reason" "skipped skip: one: no such thing"
case_is "a skipped case of cmocka" "skipped skip-cmocka: one: no such tool"
case_is "a script that skips all of itself" "skipped skip-all: no such machine"
case_is "a program that exits with 77" "skipped skip-77: no such device"
case_is "fewer cases than planned" "FAILED short: 2 of 3 cases never reported, exit code 0"
case_is "an exit code no case accounts for" "FAILED status: exit code 4"
case_is "a failure without a word" "FAILED silent: exit code 3"
case_is "a success without a word" "ok quiet"
case_is "bailing out" "FAILED bail: Bail out! no disk"
case_is "a test that hangs" "FAILED hang: still running after 3 s"
case_is "a sanitizer finding that the test passed over" "FAILED finding: sanitizer findings"

n=$((n + 1))
if grep -A 2 -xF -- "-- fail: two" <<<"$output" | tail -n 2 | tr -s ' \n' '  ' | grep -qxF " | not ok 2 - two | # the reason " &&
	[ "$(grep -nxF -- "-- fail: two" <<<"$output" | cut -d: -f1)" -gt "$(grep -n '^FAILED' <<<"$output" | tail -n 1 | cut -d: -f1)" ]; then
	echo "ok $n - what failed, and why, stands once more at the end"
else
	echo "not ok $n - what failed, and why, stands once more at the end"
	failed=1
fi

n=$((n + 1))
last=$(tail -n 1 <<<"$output")
counted="8 passed, 7 failed, 4 skipped"
if [ "$last" = "$counted" ] && [ "$status" = 1 ]; then
	echo "ok $n - the last line is the sum, and the exit code says that something failed"
else
	echo "not ok $n - the last line is the sum, and the exit code says that something failed"
	echo "# exit code $status, last line: $last"
	failed=1
fi

n=$((n + 1))
rm -rf "$tree"/tests/{fail,short,status,silent,bail,hang,finding}
last=$(FULL='' ALSO='' O=build "$tree/tests/run" 2>&1 | tail -n 1; exit "${PIPESTATUS[0]}")
status=$?
if [ "$status" = 0 ] && [ "$last" = "3 passed, 0 failed, 4 skipped" ]; then
	echo "ok $n - exit code 0 when nothing failed"
else
	echo "not ok $n - exit code 0 when nothing failed"
	echo "# exit code $status, last line: $last"
fi
[ "$failed" = 0 ] || sed 's/^/# /' <<<"$output"
echo "1..$n"
