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
# shellcheck source=tests/live/wanted.sh
. ./wanted.sh

# Kills all user processes but init, this script and its watcher.
clear_away()
{
	local p pid left=0 spared

	spared=" 1 $$ $watcher $(cat /run/watcher) "
	for p in /proc/[0-9]*; do
		pid=${p#/proc/}
		case $spared in *" $pid "*) continue ;; esac
		[ -n "$(readlink "$p/exe")" ] && kill -9 "$pid" 2>/dev/null
	done
	for p in /sys/fs/cgroup/*/; do
		while ! rmdir "$p" 2>/dev/null && [ -d "$p" ] && [ $((left++)) -lt 50 ]; do
			sleep 0.05
		done
	done
}

# watch_over - ends the machine at once when the kernel says that a vCPU's thread went to sleep in the middle of KVM's way into
# or out of a guest: the emulator took an interrupt there, where the architecture rules them out (README.md). Nothing
# goes on for long after that. run.sh knows it by these words on the console, and boots again.
watch_over()
{
	grep -qE 'BUG: scheduling while atomic: CPU [0-9]+/KVM' /dev/kmsg &
	echo $! >/run/watcher
	wait $! && echo c >/proc/sysrq-trigger
}

# complaints - the kernel's log without one report that is Linux 6.12's own: a CPU that goes off line while any sched_ext
# scheduler is being left stops its fair server twice (WARNING in task_non_contending or dl_server_start, reached from
# dl_server_* or from the CPU's end). Nothing else is left out.
complaints()
{
	awk '
	function flush() {
		if (!(known && server && ending))
			printf "%s", report
		report = ""
	}
	/-+\[ cut here \]-+/ { flush(); inside = 1; known = server = ending = 0 }
	{
		if (!inside) { print; next }
		report = report $0 "\n"
		if (/WARNING: .* at kernel\/sched\/deadline\.c:[0-9]+ (task_non_contending|dl_server_start|sub_running_bw|__sub_running_bw)\+/) known = 1
		if (/ dl_server_(stop|start|update)\+/) server = 1
		if (/Sched_ext: [^ ]+ \(disabling\)/ || / sched_cpu_dying\+/) ending = 1
		if (/---\[ end trace/) { flush(); inside = 0 }
	}
	END { flush() }'
}

# what_was_going_on TEST - when a test failed: why the live host says it was left, and the ends of both logs
what_was_going_on()
{
	echo "# what was going on in $1:"
	{
		cat /run/rota/host.exit 2>/dev/null && echo
		grep '^20' /run/rota/host.log 2>/dev/null | tail -n 6 # without the state of the core
		tail -n 12 /tmp/dmesg
	} | cut -c1-180 | sed 's/^/#   /'
}

echo "# kernel $(uname -r), $(nproc) CPUs, userland after $(cut -d' ' -f1 /proc/uptime) s"
dmesg -c >>/run/out/dmesg
watch_over 2>/dev/null &
watcher=$!
for t in t/*.sh; do
	name=${t#t/}
	name=${name%.sh}
	wanted "$t" "${ROTA_LIVE_NODES:-1}" "$@" || continue
	# In a second boot, go on where the first one ended (see run.sh).
	grep -qxF "$name" /run/out/done 2>/dev/null && continue
	start=$(date +%s%N)
	rm -f /run/rota/host.log /run/rota/host.exit
	timeout -k 2 "${ROTA_LIVE_TEST_LIMIT:-60}" bash "$t" >/tmp/result 2>/tmp/errors
	rc=$?
	dmesg -c >/tmp/dmesg
	cat /tmp/dmesg >>/run/out/dmesg
	sed "s/^\(ok\|not ok\) - /\1 - $name: /" /tmp/result
	bad=
	grep -q '^not ok' /tmp/result && bad=1
	if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
		echo "not ok - $name: still running after ${ROTA_LIVE_TEST_LIMIT:-60} s"
		bad=1
	elif [ "$rc" != 0 ]; then
		echo "not ok - $name: the script ended with $rc"
		bad=1
	elif ! grep -qE '^(not )?ok' /tmp/result; then
		echo "not ok - $name: the script said nothing"
		bad=1
	fi
	sed 's/^/# /' /tmp/errors | tail -n 20
	clear_away 2>/dev/null
	dmesg -c >/tmp/dmesg.after
	cat /tmp/dmesg.after >>/run/out/dmesg
	cat /tmp/dmesg.after >>/tmp/dmesg
	[ ! -s /run/rota/host.log ] || { echo "== $name"; cat /run/rota/host.log; } >>/run/out/host.log
	complaints </tmp/dmesg >/tmp/complaints
	if grep -qE 'BUG:|WARNING:|Oops|Call Trace|soft lockup|rcu.*stall|hung task' /tmp/complaints; then
		echo "not ok - $name: the kernel complained"
		grep -E -A 25 'BUG:|WARNING:|Oops|soft lockup|stall|hung task' /tmp/complaints | head -n 40 | sed 's/^/# /'
		bad=1
	fi
	[ -z "$bad" ] || what_was_going_on "$name"
	echo "$name" >>/run/out/done
	echo "# $name: $((($(date +%s%N) - start) / 1000000)) ms"
done
