# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of rotad share (bats: `load rotad`): a rotad on a simulated host, with files of its own in $dir.

# Where a file has more to do it has a setup() of its own, which calls this.
rotad_setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	rotad=$(dirname "$rota")/rotad
	dir=$(mktemp -d /tmp/rota-XXXXXX)
	chmod 755 "$dir"
	export ROTA_SOCKET=$dir/s
}

setup() { rotad_setup; }

teardown() {
	[ -z "${daemon:-}" ] || kill "$daemon" 2>/dev/null || :
	rm -rf "$dir"
}

# With the $speed of the file, if it has one.
up() { # up ARGUMENT...
	"$rotad" --host sim ${speed:+--speed "$speed"} --saved "$dir/saved.json" "$@" 2>"$dir/log" 3>&- &
	daemon=$!
	for _ in $(seq 200); do
		! "$rota" domid 0 >/dev/null 2>&1 || return 0
		kill -0 "$daemon" 2>/dev/null || break
		sleep 0.05
	done
	cat "$dir/log"
	false
}

down() {
	kill "$daemon"
	wait "$daemon"
	daemon=
}
