#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: docs/calibration.md says what `rota sim paper calibration` says today; --write makes it anew, and
# docs/paper-results.md, which is not held against anything: it changes with every change of a cure.
#
# ROTA is the program under test; the output is TAP.

here=$(dirname "$0")
top=${ROTA_TOP:-$here/../..}
rota=${ROTA:-$top/build/rota}
data=$top/data

parameters() {
	cat <<-'END'
		## Parameters of the named models

		Of `data/workloads`; a scenario may give others: `workload: {model: gmake, between: {exp: 20us}}`.

		| model | parameter | value | | from |
		|---|---|---|---|---|
	END
	for f in "$data"/workloads/*.yaml; do
		sed -n '/^parameters:/,/^workload:/s/^  \([a-z_]*\): {value: \(.*\), \(fixed\|chosen\|fitted\): "\(.*\)"}$/| '"$(basename "$f" .yaml)"' | `\1` | `\2` | \3 | \4 |/p' "$f"
	done
}

calibration() {
	sed -n '1,/^<!-- figures -->$/p' "$top/docs/calibration.md"
	echo
	"$rota" sim paper calibration --markdown || exit 1
	parameters
}

results() {
	sed -n '1,/^<!-- figures -->$/p' "$top/docs/paper-results.md"
	echo
	"$rota" sim paper e18-fig4 e18-fig4-exact e18-fig5 e18-fig5-exact e18-fig6 e18-fig7-cures e18-fig8 e18-fig9 m14-slices rota-cures rota-locks rota-yields --markdown || exit 1
}

if [ "$1" = --write ]; then
	for f in calibration results; do
		doc=$top/docs/$([ $f = results ] && echo paper-results || echo calibration).md
		$f >"$doc.new" && mv "$doc.new" "$doc"
	done
	exit 0
fi

echo "1..1"
new=$(mktemp) || exit 1
trap 'rm -f "$new"' EXIT
check() { # check NUMBER FUNCTION DOCUMENT
	if "$2" >"$new" && cmp -s "$new" "$top/docs/$3"; then
		echo "ok $1 - docs/$3: every figure is what rota gives"
	else
		echo "not ok $1 - docs/$3: every figure is what rota gives"
		diff "$top/docs/$3" "$new" | head -n 20 | sed 's/^/# /'
		echo "# renew it with: sh tests/oracle/run-calibration.sh --write"
	fi
}
check 1 calibration calibration.md
