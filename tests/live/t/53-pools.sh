# SPDX-License-Identifier: GPL-2.0-or-later
# Description: cpupools on a live host of two CPUs: made, filled, emptied and destroyed under load, each with a scheduler of its own
# at the same time; VMs move between them and keep their weights, none is lost, and the host's own tasks run on every CPU, a
# free one too.
. "${0%/*}/../rota.sh"

[ "$(nproc)" -gt 1 ] || {
	skip "cpupools" "it takes two CPUs"
	exit 0
}
seconds=${ROTA_LIVE_SECONDS:-3}
pool_of() { rota list --json "$1" | sed -n 's/.*"pool": "\([^"]*\)".*/\1/p' | head -n 1; }
weight_of() { rota list --json "$1" | sed -n 's/.*"weight": \([0-9]*\).*/\1/p' | head -n 1; }

start_rm a 0-1 -mode hog
start_rm b 0-1 -mode hog
start_rm c 0-1 -mode hog
start_host
known a && known b && known c
rota sched-credit -d a -w 512
rota sched-credit -d c -w 600
busy_host 0-1 1

check "a pool under rtds" rota cpupool-create name=rt sched=rtds
refused "the same name" "already exists" rota cpupool-create name=rt sched=credit
refused "a VM into a pool without a CPU" "no pCPU" rota cpupool-migrate c rt
refused "a CPU that another pool has" "another cpupool has it" rota cpupool-cpu-add rt 1
refused "pCPU 0 of Pool-0" "Invalid argument" rota cpupool-cpu-remove Pool-0 0
check "CPU 1 is freed under load" rota cpupool-cpu-remove Pool-0 1
check "it is in no pool" eval '[ "$(cpus_of Pool-0)" = 0 ]'
check "the host's tasks run there all the same" host_runs 1
shares 1 a b c
at_least "the VMs run on the other, share" "$(awk -v a="${SHARE[a]}" -v b="${SHARE[b]}" -v c="${SHARE[c]}" 'BEGIN { print a + b + c }')" 0.3
check "a dump with a CPU in no pool" eval 'rota debug-keys r >/tmp/dump && [ -s /tmp/dump ]'
check "CPU 1 joins rt" rota cpupool-cpu-add rt 1
refused "the same CPU again" "it is there already" rota cpupool-cpu-add rt 1
check "c moves to rt" rota cpupool-migrate c rt
check "with its weight" eval '[ "$(pool_of c) $(weight_of c)" = "rt 600" ]'
check "and a reservation there" rota sched-rtds -d c -v 0 -p 10000 -b 4000 -e 0
check "its VMM's other threads are the host's again" wait_for 10 eval '! rota list c-dm 2>/dev/null'
check "the host's tasks run in rt" host_runs 1
refused "Domain-0's move" "Domain-0 stays" rota cpupool-migrate 0 rt
refused "the last CPU of a pool with a VM" "busy" rota cpupool-cpu-remove rt 1
refused "the end of a pool with a VM" "it has domains" rota cpupool-destroy rt
pkill -P $$ -x sh
sleep 0.5
shares "$seconds" a b c
within "rtds beside credit: c has 4 ms of 10, percent of a CPU" "$(awk -v s="${SHARE[c]}" 'BEGIN { print 100 * s }')" 40 "$POINTS"
within "credit beside rtds: a has two thirds of the other CPU, percent" "$(percent_of a b)" 66.67 "$POINTS"
note "$(rota cpupool-list; rota cpupool-list --cpus; rota vcpu-list)"

check "a pool is renamed" rota cpupool-rename rt real
refused "to a name in use" "already exists" rota cpupool-rename real Pool-0
check "c goes back" rota cpupool-migrate c Pool-0
check "with its weight, again" eval '[ "$(pool_of c) $(weight_of c)" = "Pool-0 600" ]'
check "and its VMM's other threads are accounted to it" wait_for 10 eval 'rota sdom list | grep -q c-dm'
check "the rtds pool, in which a domain ran, is destroyed" rota cpupool-destroy real
check "its CPU is free, and the host runs there" host_runs 1
check "CPU 1 comes home" rota cpupool-cpu-add Pool-0 1

# Back and forth under load.
check "a pool under credit2" rota cpupool-create name=two sched=credit2
rota cpupool-cpu-remove Pool-0 1 && rota cpupool-cpu-add two 1
fails=0
for ((i = 0; i < ${ROTA_LIVE_MOVES:-20}; i++)); do
	rota cpupool-migrate a two || fails=$((fails + 1))
	rota cpupool-migrate a Pool-0 || fails=$((fails + 1))
done 2>/tmp/e
check "moves that failed: $fails" eval '[ $fails = 0 ] || { cat /tmp/e; false; }'
fails=0
for ((i = 0; i < ${ROTA_LIVE_MOVES:-20}; i++)); do
	rota cpupool-cpu-remove two 1 || fails=$((fails + 1))
	rota cpupool-cpu-add two 1 || fails=$((fails + 1))
done 2>/tmp/e
check "CPUs that failed to move: $fails" eval '[ $fails = 0 ] || { cat /tmp/e; false; }'
check "a has its weight still" eval '[ "$(pool_of a) $(weight_of a)" = "Pool-0 512" ]'

# A VM that is pinned to the CPU that its pool loses may run everywhere; as in Xen, its affinity is broken.
rota vcpu-pin b all 0
check "b moves, though it is pinned to a CPU that the pool has not" rota cpupool-migrate b two
shares 1 b
at_least "and runs there, share" "${SHARE[b]}" 0.3
# While it is moved it is destroyed; and pools go while a VM moves.
rota cpupool-migrate b Pool-0 &
rota cpupool-destroy two 2>/dev/null
wait $!
check "no VM is lost" eval 'rota list a && rota list b && rota list c'
rota cpupool-destroy two 2>/dev/null
rota cpupool-cpu-add Pool-0 1 2>/dev/null
for v in a b c; do
	x=$(field loops "$(rm_report $v)")
	sleep 0.3
	at_least "$v gets on, loops" "$(($(field loops "$(rm_report $v)") - x))" 10
done
check "the host runs still" rota host stop
