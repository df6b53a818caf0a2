# SPDX-License-Identifier: GPL-2.0-or-later
# Description: who is who, and what each gets to begin with: a domain for each VM, named by -name, weight and cap from its cgroup,
# settings by rota sched-credit, as xl's.
. "${0%/*}/../rota.sh"

credit() { rota sched-credit -d "$1" | awk 'NR == 2 { print $3, $4 }'; }

start_rm early 0 -mode hog
vm_cgroup early cpu.weight 200 cpu.max "50000 100000"
start_host
known early
check "cpu.weight 200, cpu.max 50 %: weight 512, cap 50" wait_for 2 eval '[ "$(credit early)" = "512 50" ]'
note "$(rota sched-credit)"
echo 400 >/sys/fs/cgroup/vm-early/cpu.weight
echo "max 100000" >/sys/fs/cgroup/vm-early/cpu.max
check "the cgroup's changes are followed: 400, no limit: weight 1024, no cap" wait_for 5 eval '[ "$(credit early)" = "1024 0" ]'
check "a setting by hand holds until the cgroup changes again" eval 'rota sched-credit -d early -w 700; sleep 1.5; [ "$(credit early)" = "700 0" ]'
start_rm late 0-1 -mode hog -vcpus 2
known late 2
check "a VM that starts later: weight 256, no cap" eval '[ "$(credit late)" = "256 0" ]'
check "weight and cap are set" rota sched-credit -d late -w 1000 -c 150
check "and read back" eval '[ "$(credit late)" = "1000 150" ]'
check "by id" eval '[ "$(rota sched-credit -d 1 | awk "NR == 2 { print \$1 }")" = early ]'
check "a cap beyond the vCPUs is refused" eval '! rota sched-credit -d late -c 201 2>/tmp/e && grep -q "valid range is from 0 to 200" /tmp/e'
check "a weight of 0 is refused" eval '! rota sched-credit -d late -w 0 2>/tmp/e && grep -q "from 1 to 65535" /tmp/e'
check "parameters are set" rota sched-credit -s -t 10 -r 500
check "and shown" eval 'rota sched-credit -s | grep -qx "Cpupool Pool-0: tslice=10ms ratelimit=500us migration-delay=0us"'
check "Domain-0 has a weight too" eval 'rota sched-credit -d Domain-0 -w 512 && [ "$(credit 0)" = "512 0" ]'
check "affinity follows the thread's" eval 'rota vcpu-list early | awk "NR == 2 { exit \$7 != 0 }"'
id=$(rota list --json late | sed -n 's/.*"id": \([0-9]*\).*/\1/p')
stop_vm late
check "it is gone from the list with its process" wait_for 3 eval '! rota list late 2>/dev/null'
start_rm again 0-1 -mode hog
known again
check "the next VM starts afresh" eval '[ "$(credit again)" = "256 0" ]'
note "$(echo "late was domain $id"; rota list; rota vcpu-list)"
start_rm again 0 -mode hog
check "a second VM of the same name has its pid in it" wait_for 3 rota list "again-${VM[again]}"
check "the host runs still" rota host stop
