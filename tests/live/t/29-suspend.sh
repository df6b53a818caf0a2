# SPDX-License-Identifier: GPL-2.0-or-later
# Description: the machine is suspended and comes back, under load: tasks are frozen and thawed, and further down devices and
# all CPUs but one go and return. Guests go on, rota schedules still, and the core has what it had. The kernel's own test of
# suspending (pm_test) turns round at each level; the machine underneath can't be switched off and on.
. "${0%/*}/../rota.sh"

power=/sys/power
if [ ! -w $power/pm_test ]; then
	skip "suspend" "this kernel has no CONFIG_PM_DEBUG"
	exit 0
fi
state=mem
grep -qw mem $power/state || state=freeze

schedules() { [ "$(scx_state)" = enabled ] && rota host status | grep -q "^live host *: running"; }
goes_on() # goes_on WHAT
{
	local v a b

	for v in a b; do
		a=$(field loops "$(rm_report $v)")
		sleep 0.5
		b=$(field loops "$(rm_report $v)")
		at_least "$1: $v goes on, loops" "$((b - a))" 100
	done
}

start_host
start_rm a 0-1 -mode hog
start_rm b 0-1 -mode hog -vcpus 2
known a && known b 2
rota sched-credit -d a -w 512
before=$(objects)
same() { [ "$(objects)" = "$before" ]; }
echo 1 >/sys/module/suspend/parameters/pm_test_delay 2>/dev/null
for level in freezer devices platform processors core; do
	grep -qw $level $power/pm_test || continue
	if [ $level != freezer ] && grep -q '^[^ ]* / 9p ' /proc/mounts; then
		skip "suspended to level $level" "the machine's root is on 9p, and its driver doesn't bring the device back"
		continue
	fi
	echo $level >$power/pm_test
	if ! (echo $state >$power/state) 2>/tmp/e; then
		skip "suspended to level $level" "the kernel refuses: $(cat /tmp/e)"
		continue
	fi
	check "suspended to level $level and back: rota schedules" wait_for 10 schedules
	check "level $level: the core has the domains and vCPUs that it had" wait_for 10 same
	goes_on "level $level"
done
check "a's weight is what it was" wait_for 3 eval '[ "$(rota sched-credit -d a | awk "NR == 2 { print \$3 }")" = 512 ]'
note "$(rota host status | grep -iE 'restart|left|because')"
check "the host runs still" rota host stop
