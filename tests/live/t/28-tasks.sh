# SPDX-License-Identifier: GPL-2.0-or-later
# Description: what may happen to a vCPU's thread while it runs, other than to sleep: it gets a real-time class and loses it again,
# it is confined to another CPU, it is stopped and continued, its cgroup is frozen; and a real-time task takes the CPU away from
# it for a while. The VM goes on each time, and where it is meant to.
. "${0%/*}/../rota.sh"

goes_on() # goes_on WHAT
{
	local a b

	a=$(field loops "$(rm_report a)")
	sleep 0.5
	b=$(field loops "$(rm_report a)")
	at_least "$1: it goes on, loops" "$((b - a))" 100
}

on_cpu() { [ "$(rota vcpu-list a | awk 'NR == 2 { print $4 }')" = "$1" ]; }

start_host
start_rm a 0-1 -mode hog
start_rm b 0-1 -mode hog -vcpus 2
known a && known b 2
tid=$(vcpu_tids a)

# Not for long: on 6.12 a real-time thread that never sleeps leaves its CPU to nobody (docs/live.md).
chrt -f -p 1 "$tid"
sleep 0.3
chrt -o -p 0 "$tid"
goes_on "SCHED_FIFO and back"
for i in 1 2 3 4 5 6 7 8; do
	chrt -f -p 1 "$tid"
	chrt -o -p 0 "$tid"
done
goes_on "to and fro eight times"
known a && ok "it is the vCPU that it was"

for cpu in 1 0 1; do
	taskset -cp $cpu "$tid" >/dev/null
	check "confined to CPU $cpu while it runs: rota has it there" wait_for 3 on_cpu $cpu
	goes_on "confined to CPU $cpu"
done
for i in 1 2 3 4 5 6 7 8; do
	taskset -cp $((i % 2)) "$tid" >/dev/null
done
taskset -cp 0-1 "$tid" >/dev/null
goes_on "free again"

kill -STOP "${VM[a]}"
sleep 0.5
kill -CONT "${VM[a]}"
goes_on "stopped and continued"
vm_cgroup a cpu.weight 100
echo 1 >/sys/fs/cgroup/vm-a/cgroup.freeze
sleep 0.5
echo 0 >/sys/fs/cgroup/vm-a/cgroup.freeze
goes_on "frozen and thawed"

# Half a second of a real-time task on each CPU: kicks that fall into it must not be lost for good. The clock that ends
# them has a higher priority, or it would not get a CPU.
for ((cpu = 0; cpu < $(nproc); cpu++)); do
	chrt -f 2 timeout 0.5 chrt -f 1 taskset -c $cpu sh -c 'while :; do :; done' &
done
sleep 1.2
goes_on "after real-time tasks on all CPUs"

# One that never sleeps has a CPU for itself: vCPUs and host tasks that may run elsewhere do.
if [ "$(nproc)" -gt 1 ]; then
	taken() { rota host status --json | sed -n 's/.*"taken": \([0-9]*\).*/\1/p'; }
	before=$(taken)
	chrt -f 2 timeout 20 chrt -f 1 taskset -c 1 sh -c 'echo $$ >/tmp/hog; while :; do :; done' &
	hog=$!
	wait_for 5 [ -s /tmp/hog ]
	shares 2 a b
	if [ -d "/proc/$(cat /tmp/hog)" ]; then
		at_least "CPU 1 taken: a goes on, share of a pCPU" "${SHARE[a]}" 0.1
		at_least "CPU 1 taken: b goes on, share of a pCPU" "${SHARE[b]}" 0.1
		kill "$(cat /tmp/hog)"
	else
		skip "CPU 1 taken: both go on" "the real-time process ended in less than 20 s, before this was measured; a slow machine"
	fi
	at_least "rota was told of it" "$(($(taken) - before))" 1
	wait $hog
	sleep 0.5
	goes_on "given back"
fi
shares 2 a b
# A weight counts for each vCPU that has work, as in Xen.
within "and its share beside a VM of two vCPUs and equal weight is its own, percent" "$(percent_of a b)" 33.33 "$(awk -v p="$POINTS" 'BEGIN { print p + 2 }')"
check "the host runs still" rota host stop
