# SPDX-License-Identifier: GPL-2.0-or-later
# Description: whatever happens to the live host, VMs go on: its process is killed, its BPF side errs, its BPF side forgets
# all tasks. The reason is told, and start works again.
. "${0%/*}/../rota.sh"

# goes_on WHAT - both guests get on, and so does the host
goes_on()
{
	local v a b

	for v in one two; do
		a=$(field loops "$(rm_report $v)")
		sleep 0.5
		b=$(field loops "$(rm_report $v)")
		at_least "$1: guest $v goes on, loops" "$((b - a))" 100
	done
}

disabled() { [ "$(scx_state)" = disabled ]; }
exit_says() { rota host status | grep -q "because *: .*$1"; }

export ROTA_LIVE_FAULTS=1
start_rm one 0 -mode hog
start_rm two 0-1 -mode hog

start_host
known one && known two
kill -9 "$(rota host status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')"
check "kill -9: the kernel schedules again" wait_for 5 disabled
goes_on "kill -9"
check "kill -9: status says that nothing runs" eval 'rota host status | grep -q "not running"'

start_host
known one && known two
goes_on "started again"
rota host fault fail 2>/dev/null
check "a BPF error: the kernel schedules again" wait_for 5 disabled
goes_on "a BPF error"
check "a BPF error: status tells it" wait_for 3 exit_says "asked to fail"
note "$(rota host status)"

start_host --watchdog 2
known one && known two
rota host fault stall 2>/dev/null &
check "a stall: the kernel's watchdog ends it" wait_for 12 disabled
wait $!
goes_on "a stall"
check "a stall: status tells it" wait_for 3 exit_says "runnable task stall"
note "$(rota host status)"

