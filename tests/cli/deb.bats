#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: `make deb`: the package has what it should, and its programs run from where they are unpacked.

bats_require_minimum_version 1.5.0

@test "make deb" {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	[[ $rota != */*-*/rota || $rota == */gcc-release/rota ]] || skip "the package is the same for every build"
	command -v dpkg-deb >/dev/null && command -v objdump >/dev/null || skip "no dpkg-deb or objdump here"
	unset ROTA_SCENARIOS ROTA_SYMBOL_RULES MAKEFLAGS MAKELEVEL MFLAGS
	dir=$BATS_TEST_TMPDIR/root
	out=$BATS_TEST_TMPDIR/o
	mkdir "$dir"
	# In a directory of its own: to make anything in that of the tests could rebuild what they run.
	make -s -C "$top" O="$out" CC=gcc MODE=debug -j2 deb >/dev/null
	deb=$(echo "$out"/rota_*.deb)
	dpkg-deb -f "$deb" Depends | grep -q 'libc6.*libjansson4.*libyaml'
	dpkg-deb -x "$deb" "$dir"
	for file in usr/bin/rota usr/bin/rotad usr/lib/systemd/system/rotad.service usr/share/man/man8/rotad.8.gz usr/share/man/man1/rota-vcpu-pin.1.gz \
		usr/share/bash-completion/completions/rota usr/share/doc/rota/copyright etc/rota/rota.yaml \
		etc/libvirt/hooks/qemu.d/rota; do
		[ -s "$dir/$file" ]
	done
	grep -q '^ExecStart=/usr/bin/rotad --host kvm$' "$dir/usr/lib/systemd/system/rotad.service"
	[ "$("$dir/usr/bin/rota" --version)" = "rota $("$dir/usr/bin/rotad" --version | cut -d' ' -f2)" ]
	cd /
	"$dir/usr/bin/rota" sim run replay-xen-credit --duration 100ms >/dev/null
	"$dir/usr/bin/rotad" --host sim --socket "$dir/s" --config "$dir/etc/rota/rota.yaml" --saved "$dir/saved" &
	daemon=$!
	for _ in $(seq 100); do
		[ ! -S "$dir/s" ] || break
		sleep 0.05
	done
	run -0 env ROTA_SOCKET="$dir/s" "$dir/usr/bin/rota" list
	kill "$daemon"
	wait "$daemon"
	bash -n "$dir/usr/share/bash-completion/completions/rota"
}
