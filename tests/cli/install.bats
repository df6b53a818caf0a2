#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: `make install`: what it puts where, and that the installed rota works without the tree.

bats_require_minimum_version 1.5.0

setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	unset ROTA_SCENARIOS ROTA_SYMBOL_RULES MAKEFLAGS MAKELEVEL MFLAGS
	root=$BATS_TEST_TMPDIR/root
	cd "$BATS_TEST_TMPDIR"
	# In a directory of its own: to make anything in that of the tests could rebuild what they run.
	how=(O="$BATS_TEST_TMPDIR/o" CC=gcc MODE=debug -j2)
}

@test "make install puts program, manual pages and scenarios under DESTDIR and PREFIX" {
	[[ $rota != */*-*/rota || $rota == */gcc-release/rota ]] || skip "installation is the same for every build"
	command -v gcc >/dev/null || skip "gcc is not installed"
	make -s -C "$top" "${how[@]}" install DESTDIR="$root" >/dev/null
	[ -x "$root/usr/local/bin/rota" ]
	[ -x "$root/usr/local/bin/rotad" ]
	for page in rota.1 rota-sim.1 rota-trace.1 rota-analyze.1 rota-scenario.5; do
		[ -s "$root/usr/local/share/man/man${page##*.}/$page" ]
	done
	(cd "$top/scenarios" && find . -type f | sort) >want
	(cd "$root/usr/local/share/rota/scenarios" && find . -type f | sort) | diff want -
	# nothing else, and nothing outside
	# the two programs, the rules of guest symbols, workloads, experiments, and the pages
	# the unit, bash's completion, libvirt's hook
	local modules=0
	pages=$(($(ls "$top"/docs/man/*.[158] | wc -l) + $(grep -v '^#' "$top/docs/man/verbs" | tr ' ' '\n' | grep -vc '[.]1$')))
	data=$(ls "$top"/data/workloads/*.yaml "$top"/data/experiments/*.yaml | wc -l)
	# and, where they were built, the plug-ins
	for module in $(ls "$root/usr/local/lib/rota/" 2>/dev/null); do
		[[ $module == rota-@(mpi|xl|libvirt).so ]]
		modules=$((modules + 1))
	done
	[ "$(cd "$root" && find . -type f | grep -vc '/share/rota/scenarios/')" = $((pages + 6 + data + modules)) ]
	[ "$(ls "$root/usr/local" | tr '\n' ' ')" = "bin lib share " ]

	# the installed program finds its own scenarios, with their replay files, and its own rules
	cd /
	"$root/usr/local/bin/rota" symbols show | grep -q '^tlb-send '
	"$root/usr/local/bin/rota" sim list | grep -q '^replay-xen-credit '
	"$root/usr/local/bin/rota" sim run replay-xen-credit --duration 100ms >/dev/null
	# A page for every verb, which tells of it; man finds it.
	verbs=$("$root/usr/local/bin/rota" --help | sed -n 's/^  \([a-z][a-z0-9-]*\)  *[a-z].*/\1/p')
	[ "$(wc -w <<<"$verbs")" -ge 38 ]
	for verb in $verbs; do
		page=$root/usr/local/share/man/man1/rota-$verb.1
		[ -s "$page" ] || { echo "rota $verb has no manual page"; false; }
		! so=$(sed -n 's/^\.so //p' "$page") || [ -z "$so" ] || page=$root/usr/local/share/man/$so
		grep -qE "^\.(Nm rota|It Cm|Nm) .*\b$verb\b" "$page" || { echo "$page does not tell of $verb"; false; }
		if command -v man >/dev/null; then
			MANPATH=$root/usr/local/share/man man -w "rota-$verb" >/dev/null
		fi
	done
}
