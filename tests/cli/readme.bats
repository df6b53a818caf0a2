#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: README.md says what is so: its commands work in the order given, its scenario is valid, its links lead somewhere.

bats_require_minimum_version 1.5.0

setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	export ROTA_SCENARIOS=$top/scenarios
	cd "$BATS_TEST_TMPDIR"
}

# What is between ```KIND and ``` of a page.
fenced() { # fenced KIND FILE
	awk -v kind="$1" '/^```/ {inside = $0 == "```" kind; next} inside' "$2"
}

@test "every rota command of README.md works" {
	# a tree as the reader has it, in which files may be made
	ln -s "$top/scenarios" "$top/tests" "$top/docs" .
	mkdir build
	ln -s "$rota" build/rota
	fenced yaml "$top/README.md" >mine.yaml
	fenced sh "$top/README.md" | grep -E '^(build/)?rota ' >commands
	[ "$(wc -l <commands)" -ge 10 ]
	PATH=$PWD/build:$PATH
	while read -r command; do
		echo "\$ $command"
		bash -o pipefail -c "$command" >out </dev/null
		[ -s out ] || [[ $command == *" check "* ]]
	done <commands
	for page in lab.html mine.html; do
		grep -q '</html>' $page
	done
}

@test "the make targets that README.md names are there" {
	for target in $(fenced sh "$top/README.md" | sed -n 's/^make \([a-z-]*\).*/\1/p'); do
		grep -rqE "^$target:" "$top/Makefile" "$top/mk"
	done
}

@test "the commands in the manual pages' and scenarios' comments name options and scenarios that are there" {
	grep -hoE '^# +rota sim run [a-z0-9-]+ .*' "$top"/scenarios/*.yaml | sed 's/^# *rota //; s/  *(.*//' >commands
	[ "$(wc -l <commands)" -ge 4 ]
	while read -r words; do
		echo "rota $words"
		eval "\"$rota\" $words" >/dev/null
	done <commands
}

@test "links and pictures of README.md lead somewhere" {
	grep -oE '\]\([^)#]+' "$top/README.md" | cut -c3- | grep -v '^http' >links
	[ -s links ]
	while read -r link; do
		echo "$link"
		[ -e "$top/$link" ]
	done <links
	[ "$(stat -c %s "$top/docs/img/lab.png")" -lt 307200 ]
}
