#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: docs/calibration.md says what `rota sim paper calibration` says today, and docs/paper-results.md what the
# experiments without a fit say: some of them in `make check`, all of them with --accept (which prints one line, WHAT |
# TARGET | MEASURED | met or NOT MET). --write makes both pages anew.
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

all='e18-fig4 e18-fig4-exact e18-fig5 e18-fig5-exact e18-fig6 e18-fig7-cures e18-fig8 e18-fig9 m14-slices rota-cures rota-locks rota-yields'
some='e18-fig9 m14-slices rota-locks' # the ones that take least time

results() {
	sed -n '1,/^<!-- figures -->$/p' "$top/docs/paper-results.md"
	echo
	"$rota" sim paper $all --markdown || exit 1
}

# The part of the page that is about one experiment, and what rota says now.
section() { # section EXPERIMENT FILE
	awk -v head="## $1: " '/^## / { on = index($0, head) == 1 } on' "$2"
}

if [ "$1" = --write ]; then
	for f in calibration results; do
		doc=$top/docs/$([ $f = results ] && echo paper-results || echo calibration).md
		$f >"$doc.new" && mv "$doc.new" "$doc"
	done
	exit 0
fi

new=$(mktemp) || exit 1
trap 'rm -f "$new" "$new.page"' EXIT

if [ "$1" = --accept ]; then
	calibration >"$new" && cmp -s "$new" "$top/docs/calibration.md" && results >"$new" && cmp -s "$new" "$top/docs/paper-results.md"
	up=$?
	echo "docs/calibration.md and docs/paper-results.md | every figure is what rota gives | $([ $up = 0 ] && echo 'up to date | met' || echo 'out of date | NOT MET')"
	exit 0
fi

echo "1..2"
compare() { # compare NUMBER WHAT PAGE: $new is what it should be
	if cmp -s "$new" "$3"; then
		echo "ok $1 - $2: every figure is what rota gives"
	else
		echo "not ok $1 - $2: every figure is what rota gives"
		diff "$3" "$new" | head -n 20 | sed 's/^/# /'
		echo "# renew it with: sh tests/oracle/run-calibration.sh --write"
	fi
}
calibration >"$new" || exit 1
compare 1 docs/calibration.md "$top/docs/calibration.md"
"$rota" sim paper $some --markdown >"$new" || exit 1
for e in $some; do
	section "$e" "$top/docs/paper-results.md"
done >"$new.page"
for e in $some; do
	section "$e" "$new"
done >"$new.now" && mv "$new.now" "$new"
compare 2 "docs/paper-results.md, $some" "$new.page"
