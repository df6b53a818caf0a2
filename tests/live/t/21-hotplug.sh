# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a CPU goes off line under load and comes back: the live host starts again by itself for the CPUs there are, with
# weights, caps and parameters as they were, and VMs go on.
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

credit() { rota sched-credit -d "$1" | awk 'NR == 2 { print $3, $4 }'; }
restarts() { [ "$(rota host status --json | sed -n 's/.*"restarts": \([0-9]*\).*/\1/p')" -ge "$1" ]; }

start_rm one 0 -mode hog
start_rm two 0-1 -mode hog
start_host
known one && known two
rota sched-credit -d two -w 1024 -c 60
rota sched-credit -s -t 7
echo 0 >/sys/devices/system/cpu/cpu1/online
check "CPU 1 off line: rota comes back by itself" wait_for 10 restarts 1
known one && known two
goes_on "CPU 1 off line"
check "CPU 1 off line: weight and cap are kept" wait_for 3 eval '[ "$(credit two)" = "1024 60" ]'
check "CPU 1 off line: parameters are kept" eval 'rota sched-credit -s | grep -q tslice=7ms'
echo 1 >/sys/devices/system/cpu/cpu1/online
check "CPU 1 on line: rota comes back by itself" wait_for 10 restarts 2
known one && known two
taskset -acp 1 "${VM[two]}" >/dev/null
goes_on "CPU 1 on line"
check "CPU 1 on line: weight and cap are kept" wait_for 3 eval '[ "$(credit two)" = "1024 60" ]'
check "CPU 1 on line: parameters are kept" eval 'rota sched-credit -s | grep -q tslice=7ms'
sleep 0.3
shares 2 two
within "CPU 1 on line: the cap holds there, share" "${SHARE[two]}" 0.6 0.06
# Off and on again while rota is coming back: the kernel tells of no change before it has switched to the scheduler.
for ms in 50 100 200; do
	echo 0 >/sys/devices/system/cpu/cpu1/online
	sleep "$(printf '0.%03d' $ms)"
	echo 1 >/sys/devices/system/cpu/cpu1/online
	check "off, and on after $ms ms: both CPUs are Pool-0's" wait_for 10 eval '[ "$(cpus_of Pool-0)" = 0,1 ]'
	check "off, and on after $ms ms: and host tasks run on CPU 1" wait_for 10 host_runs 1
	sleep 1.5
done
known one && known two
goes_on "after that"
check "the host runs still" rota host stop
