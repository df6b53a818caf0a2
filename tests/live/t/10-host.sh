# SPDX-License-Identifier: GPL-2.0-or-later
# Description: rota host start, status and stop; what start refuses; a real Linux guest in rota list.
. "${0%/*}/../rota.sh"

refuses() # refuses NAME PATTERN COMMAND...: it fails with 1, and one line that matches
{
	local name=$1 pattern=$2 said rc

	shift 2
	said=$("$@" 2>&1)
	rc=$?
	if [ "$rc" = 1 ] && [ "$(wc -l <<<"$said")" = 1 ] && [[ $said == $pattern ]]; then
		ok "$name"
	else
		not_ok "$name"
		note "exit code $rc: $said"
	fi
}

refuses "nothing runs: list says so" "*not running; *rota host start*" rota list
refuses "nothing runs: stop says so" "*not running" rota host stop
check "a dry run passes the verifier" rota host start --dry-run
check "and leaves the kernel's scheduler in charge" [ "$(scx_state)" = disabled ]

alive() { sed -n 's/^alive \([0-9]*\).*/\1/p' /tmp/linux.log | tail -n 1; }

# goes_on - the guest counts two seconds more
goes_on()
{
	local from

	from=$(alive)
	wait_for 5 eval "[ \"\$(alive)\" -ge $((from + 2)) ]"
}

for ((try = 1; ; try++)); do
	start_linux linux 0-1 idle 2
	start_host
	wait_for 5 eval '[ "$(vcpus_of linux)" = 2 ] || lost linux'
	if [ "$try" = 3 ] || ! lost linux; then
		break
	fi
	note "the emulation lost guest $try: it sleeps for ever, or ended by itself"
	stop_vm linux
	rota host stop
done
check "the kernel says that rota schedules" eval '[ "$(scx_state)" = enabled ] && grep -q "^rota" /sys/kernel/sched_ext/root/ops'
refuses "a second start" "*runs already (process *" rota host start
check "status knows it" eval 'rota host status | grep -q "running, process"'
known linux 2 && ok "a guest that ran before rota is found, by QEMU's -name, with both vCPUs"
check "it goes on" goes_on
note "$(rota list; rota vcpu-list; rota sched-credit)"
check "rota list has its id, 2 vCPUs, state and time" eval 'rota list linux | grep -qE "^linux +[0-9]+ +[0-9]+ +2 +[r-][b-]---- +[0-9.]+$"'
refuses "an unknown domain" "*nosuch is an invalid domain identifier" rota list nosuch
check "stop ends it" rota host stop
check "the kernel schedules again" [ "$(scx_state)" = disabled ]

if [ -x "$SIMPLE" ]; then
	"$SIMPLE" >/dev/null 2>&1 &
	wait_for 10 eval '[ "$(scx_state)" = enabled ]'
	refuses "another sched_ext scheduler" "*another sched_ext scheduler is loaded: 'simple*" rota host start
	kill -INT $!
	wait $! 2>/dev/null
fi
refuses "not root" "*only root may*" setpriv --reuid 65534 --clear-groups "$ROTA_BUILD/rota" host start
