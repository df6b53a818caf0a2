# SPDX-License-Identifier: GPL-2.0-or-later
# Description: every verb of the control interface on a live host, here of two NUMA nodes, that no other test needs: a file of xl's
# is taken by a VM that runs, the host is split by nodes and joined again under load, listings and figures. At last: is
# there a verb that no live test calls?
. "${0%/*}/../rota.sh"

field_of() { rota list --json "$1" | sed -n "s/.*\"$2\": \"*\([^\",}]*\).*/\1/p" | head -n 1; }
vcpu_cpus() { rota vcpu-list "$1" | awk 'NR > 1 { print $4 }' | sort -u; }

start_rm a 0-1 -mode hog -vcpus 2
start_rm b 0-1 -mode hog
start_host
known a 2 && known b

cat >/tmp/a.cfg <<-END
	# as for xl
	name = "a"
	vcpus = 2
	memory = 64
	cpu_weight = 700
	cap = 150
	cpus = "0-1"
	cpus_soft = [ "0", "1" ]
END
check "create: a VM that runs takes what its file says" rota create /tmp/a.cfg
check "weight and cap" eval '[ "$(field_of a weight) $(field_of a cap)" = "700 150" ]'
check "affinity" eval 'rota vcpu-list a | grep -q "all / 0$" && rota vcpu-list a | grep -q "all / 1$"'
refused "a file whose cap is too large: nothing of it is taken" "out of range" rota create /tmp/a.cfg cpu_weight=9 cap=201
check "nothing was" eval '[ "$(field_of a weight) $(field_of a cap)" = "700 150" ]'
refused "a file of a VM that doesn't run" "no VM named 'z' runs here" rota create /dev/null 'name="z"' cpu_weight=9
check "create -p: it is paused" rota create -p /dev/null 'name="a"' cap=0
check "it is" eval '[ "$(rota list a | awk "NR == 2 { print \$5 }")" = --p--- ]'
check "and lives on" rota unpause a

check "domid, domname, uptime" eval 'id=$(rota domid b) && [ "$(rota domname "$id")" = b ] && rota uptime b | grep -q "^b "'
if [ "$(nproc)" -lt 2 ] || [ ! -d /sys/devices/system/node/node1 ]; then
	skip "cpupool-numa-split" "this machine has one node"
else
	check "info: two nodes" eval '[ "$(rota info nr_nodes)" = 2 ]'
	check "info -n: a CPU each" eval 'rota info -n | grep -Eq "^ +1: +1 +1 +1$"'
	check "cpupool-numa-split" rota cpupool-numa-split
	note "$(rota cpupool-list; rota cpupool-list -c)"
	check "a pool each, under the same scheduler" eval 'rota cpupool-list | awk "/^Pool-node[01]/ { n += (\$2 == 1 && \$3 == \"credit\") } END { exit n != 2 }"'
	refused "a second split" "already cpupools in use" rota cpupool-numa-split
	check "the host's tasks run on both" eval 'host_runs 0 && host_runs 1'
	check "a moves to the other node, under load" rota cpupool-migrate a Pool-node1
	check "with what its file said" eval '[ "$(field_of a weight)" = 700 ]'
	sleep 0.5
	check "both its vCPUs are there" eval '[ "$(vcpu_cpus a | grep -v -- - )" = 1 ]'
	shares 2 a b
	# In one pool b would have a third at most. The tests' own commands run on its CPU.
	at_least "each VM has its node's CPU: b's share of what both have, percent" "$(awk -v a="${SHARE[a]}" -v b="${SHARE[b]}" 'BEGIN { printf "%.1f", 100 * b / (a + b) }')" 42
	check "rename a pool, move home, join" eval 'rota cpupool-rename Pool-node1 far && rota cpupool-migrate a Pool-node0 &&
		rota cpupool-destroy far && rota cpupool-cpu-add Pool-node0 1 && rota cpupool-rename Pool-node0 Pool-0'
	check "as it was" eval '[ "$(cpus_of Pool-0)" = 0,1 ]'
	check "a pool under sedf" eval 'rota cpupool-cpu-remove Pool-0 1 && rota cpupool-create name=s sched=sedf && rota cpupool-cpu-add s 1 &&
		rota cpupool-migrate b s'
	check "a slice of 4 ms in 10 there" rota sched-sedf -d b -p 10 -s 4 -e 0
	sleep 0.5
	shares 2 b
	within "is what b has, percent of the CPU" "$(awk -v s="${SHARE[b]}" 'BEGIN { print 100 * s }')" 40 "$POINTS"
fi
check "top: a line a domain" eval 'rota top -b -i 2 -d 1 >/tmp/top && [ "$(grep -cE "^ *(Domain-0|a|b) " /tmp/top)" -ge 6 ]'
check "top --json" eval 'rota top --json -i 1 | grep -q "\"domains\""'
check "list -l, -v, -c" eval 'rota list -l | grep -q "\"name\"" && rota list -v >/dev/null && rota list -c | grep -q Pool-0'
check "debug-keys" eval 'rota debug-keys r | grep -q credit'
refused "step, and speed: a live host's time is the host's own" "simulated" rota step 1s
refused "speed" "simulated" rota speed 2
refused "arinc653's table, of a pool that has it not" "arinc653" rota sched-arinc653 -p Pool-0 -f a:0:1000
check "sdom list" rota sdom list
check "turns" rota turns
check "the host runs still" rota host stop

# About no host: analyze, sim, taskset, trace, symbols (the guests' are taken by `host symbols`); about VMs to come: libvirt.
missing=
for verb in $(rota --help | awk '/^Commands:/ { on = 1; next } on && /^  [a-z]/ { print $1 }'); do
	case $verb in
	analyze | sim | taskset | trace | symbols | libvirt) continue ;;
	# Some tests have the scheduler's name in a variable.
	sched-*) grep -qw "${verb#sched-}" t/*.sh && continue ;;
	*) grep -qE "rota $verb( |\$|'|\")" t/*.sh && continue ;;
	esac
	missing="$missing $verb"
done
check "no verb that no live test calls:${missing:- none}" [ -z "$missing" ]
