# SPDX-License-Identifier: GPL-2.0-or-later
# Description: micro-sliced cores on real guests. Of two CPUs one is set aside in a hidden cpupool; two vCPUs of a guest share one
# spinlock on the other, beside a hog. Who waits asks KVM to run another, and the one that has the lock gets a turn of 100 us
# on the core set aside. The lock is let go about as often as without, the hog keeps its share, and the host's own
# tasks run on that core all the while. Then each controller lends a CPU by itself and takes it back.
. "${0%/*}/../rota.sh"

[ "$(nproc)" -gt 1 ] || {
	skip "micro-sliced cores" "it takes two CPUs"
	exit 0
}
seconds=${ROTA_LIVE_SECONDS:-2}

start_host
check "CPU 1 is freed" rota cpupool-cpu-remove Pool-0 1
check "a hidden pool" rota cpupool-create -t Pool-0 -s name=micro
refused "a second" "has a hidden cpupool already" rota cpupool-create -t Pool-0 -s name=micro2
check "guests are watched" wait_for 3 eval 'rota host status | grep -q "^guests *: watched"'
start_rm lock 0-1 -mode lock -vcpus 2 -period 10 -cost 5 -slide 98
start_rm hog 0-1 -mode hog
known lock 2
known hog
"$RM" -symbols >/tmp/System.map
refused "a VM in it" "it is hidden" rota cpupool-migrate hog micro
check "the guest's symbols are taken" rota host symbols -d lock /tmp/System.map
check "its slide is found" wait_for 10 with_symbols
sleep 0.3
measure_lock
none=$RATE hog=$HOG
check "CPU 1 is its core" rota cpupool-cpu-add micro 1
check "the host's tasks run there" host_runs 1
before=$(turns micro_migrations)
measure_lock
note "the lock is let go $none times a second without, $RATE with the core; the hog has $hog and $HOG of the pCPU"
at_least "turns on the micro-sliced core" "$(($(turns micro_migrations) - before))" 20
at_least "the lock is let go, times without" "$(awk -v a="$RATE" -v b="$none" 'BEGIN { printf "%.2f", a / b }')" 0.8
at_least "the hog's share, of that without" "$(awk -v a="$HOG" -v b="$hog" 'BEGIN { printf "%.2f", a / b }')" 0.9
check "the host's tasks run there still" host_runs 1
note "$(rota turns; rota cpupool-list -cs)"
check "taken back under load" rota cpupool-cpu-remove micro 1
check "and given again" rota cpupool-cpu-add micro 1
refused "the end of its parent" "it has domains" rota cpupool-destroy Pool-0
echo 0 >/sys/devices/system/cpu/cpu1/online
check "without CPU 1 the pools are there" wait_for 60 eval 'rota cpupool-list --json | grep -q micro && [ "$(cpus_of Pool-0)" = 0 ]'
echo 1 >/sys/devices/system/cpu/cpu1/online
check "with it again it is the hidden pool's" wait_for 60 eval '[ "$(cpus_of Pool-0) $(cpus_of micro)" = "0 1" ]'
check "the host's tasks run there again" host_runs 1
check "its core is taken" rota cpupool-cpu-remove micro 1
check "the hidden pool ends" rota cpupool-destroy micro
check "CPU 1 comes home" rota cpupool-cpu-add Pool-0 1

# The controllers. All four vCPUs are wanted on two CPUs, so that who has the lock is preempted.
start_rm hog2 0-1 -mode hog
known hog2
lent() { [ "$(cpus_of dynamic)" = 1 ]; }
for mode in adaptive code paper; do
	before=$(turns micro_migrations)
	check "$mode: a hidden pool with this controller" rota cpupool-create -t Pool-0 -s name=dynamic micro_mode=$mode
	check "$mode: it lends CPU 1" wait_for 20 lent
	check "$mode: the host's tasks run on CPU 1 all the while" eval 'for i in 1 2 3 4 5; do host_runs 1 || exit 1; done'
	check "$mode: five turns on the lent CPU" wait_for 10 eval '[ "$(turns micro_migrations)" -ge $((before + 5)) ]'
	check "$mode: the pool ends under load, CPU 1 is home" eval 'rota cpupool-destroy dynamic && [ "$(cpus_of Pool-0)" = 0,1 ]'
	check "$mode: the host's tasks run there" host_runs 1
done
check "a controller, and its CPU taken by hand" eval 'rota cpupool-create -t Pool-0 -s name=dynamic micro_mode=code && wait_for 20 lent; rota cpupool-cpu-remove Pool-0 1 &&
	host_runs 1 && rota cpupool-cpu-add Pool-0 1 && rota cpupool-destroy dynamic'
for v in lock hog hog2; do
	x=$(field loops "$(rm_report $v)")
	sleep 0.5
	at_least "$v gets on, loops" "$(($(field loops "$(rm_report $v)") - x))" 10
done
check "the host runs still" rota host stop
