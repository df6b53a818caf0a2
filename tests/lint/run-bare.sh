#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: rota builds with libc, libyaml and jansson alone, as `make run` does on a bare system: what is missing
# switches its feature off, without a warning.
set -u
top=${ROTA_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
out=${TEST_TMP:-$(mktemp -d)}/bare
cd "$top" || exit 1

echo 1..3
bare() { ${MAKE:-make} --no-print-directory -C "$top" O="$out" MODE=debug LIBELF= NCURSES= LIBXLUTIL= LIBXML2= MPI= LIVE_MISSING=clang-19 "$@"; }
if bare all >"$out.log" 2>&1; then
	echo "ok 1 - it builds"
else
	grep -E 'error|warning|\*\*\*' "$out.log" | sed 's/^/# /'
	echo "not ok 1 - it builds"
fi
needs=$(ldd "$out/rota" 2>/dev/null | awk '{ print $1 }' | grep -vE '^(linux-vdso|/lib|libc\.|libm\.|libyaml|libjansson)' | tr '\n' ' ')
if [ -x "$out/rota" ] && [ -z "$needs" ]; then echo "ok 2 - it needs no other library"; else
	echo "# $needs"
	echo "not ok 2 - it needs no other library"
fi
if "$out/rota" sim run "$top/scenarios/lab-weight-cap.yaml" --duration 2s >/dev/null && ! "$out/rota" host start >/dev/null 2>"$out.err" &&
	[ "$(wc -l <"$out.err")" = 1 ]; then echo "ok 3 - it simulates, and says what it is without"; else
	sed 's/^/# /' "$out.err"
	echo "not ok 3 - it simulates, and says what it is without"
fi
