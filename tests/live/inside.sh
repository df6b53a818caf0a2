#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# inside.sh - runs the tests t/*.sh one after the other in the test machine; boot.sh runs it as init's only child
#
# A test is a script of its own that prints TAP lines. After each, every process it left is killed and every cgroup it
# made is removed, and the kernel's log is read: a warning or an oops there is a failure of that test, whatever it said.
#
# usage: inside.sh [WORD...]	only tests whose name has one of the words in it

cd "$ROTA_TREE/tests/live" || exit 1

# Kills all user processes but init and this script.
clear_away()
{
	local p pid left=0

	for p in /proc/[0-9]*; do
		pid=${p#/proc/}
		case $pid in 1 | $$) continue ;; esac
		[ -n "$(readlink "$p/exe")" ] && kill -9 "$pid" 2>/dev/null
	done
	for p in /sys/fs/cgroup/*/; do
		while ! rmdir "$p" 2>/dev/null && [ -d "$p" ] && [ $((left++)) -lt 50 ]; do
			sleep 0.05
		done
	done
}

wanted()
{
	local w

	[ $# -gt 1 ] || return 0
	for w in "${@:2}"; do
		case $1 in *"$w"*) return 0 ;; esac
	done
	return 1
}

echo "# kernel $(uname -r), $(nproc) CPUs, userland after $(cut -d' ' -f1 /proc/uptime) s"
dmesg -c >>/run/out/dmesg
for t in t/*.sh; do
	name=${t#t/}
	name=${name%.sh}
	wanted "$name" "$@" || continue
	# In a second boot, go on where the first one ended (see run.sh).
	grep -qxF "$name" /run/out/done 2>/dev/null && continue
	start=$(date +%s%N)
	timeout -k 2 "${ROTA_LIVE_TEST_LIMIT:-60}" bash "$t" >/tmp/result 2>/tmp/errors
	rc=$?
	sed "s/^\(ok\|not ok\) - /\1 - $name: /" /tmp/result
	if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
		echo "not ok - $name: still running after ${ROTA_LIVE_TEST_LIMIT:-60} s"
	elif [ "$rc" != 0 ]; then
		echo "not ok - $name: the script ended with $rc"
	elif ! grep -qE '^(not )?ok' /tmp/result; then
		echo "not ok - $name: the script said nothing"
	fi
	sed 's/^/# /' /tmp/errors | tail -n 20
	clear_away 2>/dev/null
	dmesg -c >/tmp/dmesg
	cat /tmp/dmesg >>/run/out/dmesg
	if grep -qE 'BUG:|WARNING:|Oops|Call Trace|soft lockup|rcu.*stall|hung task' /tmp/dmesg; then
		echo "not ok - $name: the kernel complained"
		grep -E -A 25 'BUG:|WARNING:|Oops|soft lockup|stall|hung task' /tmp/dmesg | head -n 40 | sed 's/^/# /'
	fi
	echo "$name" >>/run/out/done
	echo "# $name: $((($(date +%s%N) - start) / 1000000)) ms"
done
