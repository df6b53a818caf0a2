# SPDX-License-Identifier: GPL-2.0-or-later
# Description: VMs that start and stop by the score, some killed, and the scheduler itself started and stopped under load, leave no
# object of the core behind and no guest that stands still. ROTA_LIVE_VMS and ROTA_LIVE_CYCLES make it 200 and 50.
. "${0%/*}/../rota.sh"

vms=${ROTA_LIVE_VMS:-24}
cycles=${ROTA_LIVE_CYCLES:-3}
batch=8

start_host
start_rm stays 0-1 -mode hog
known stays
check "its VMM's other thread is found" wait_for 10 eval '[ "$(vcpus_of stays-dm)" = 1 ]'
before=$(objects)
started=0
same() { [ "$(objects)" = "$before" ]; }
while [ "$started" -lt "$vms" ]; do
	pids=
	for ((i = 0; i < batch; i++)); do
		modes=(hog io dyield pingpong)
		taskset -c 0-1 "$RM" -name "x$i" -mode "${modes[i % 4]}" -vcpus 2 >/dev/null 2>&1 &
		pids="$pids $!"
	done
	started=$((started + batch))
	# Without the domains of their VMMs' other threads, xN-dm.
	wait_for 5 eval '[ "$(rota list | grep -cE "^x[0-9]+ ")" = '$batch' ]' || most=1
	# Half are asked to end, half are killed.
	i=0
	for p in $pids; do
		kill -$((i++ % 2 ? 15 : 9)) "$p"
	done
	# shellcheck disable=SC2086 # a list
	wait $pids 2>/dev/null
done
check "$started VMs of two vCPUs came and went: domains and vCPUs are what they were" wait_for 5 same
[ -z "${most:-}" ] || note "not all of a batch were seen at once (slow machine)"
note "domains and vCPUs: $before before, $(objects) after; $(rota host status | grep -E '^(adopt|leave|full)' | tr -s ' ' | tr '\n' ' ')"
rota host stop

a=$(field loops "$(rm_report stays)")
bad=0
for ((i = 0; i < cycles; i++)); do
	rota host start >/tmp/start.log 2>&1 && rota host stop || {
		bad=$((bad + 1))
		note "cycle $i: $(cat /tmp/start.log)"
	}
done
within "$cycles starts and stops of the scheduler under load: failures" "$bad" 0 0
check "the kernel schedules again" [ "$(scx_state)" = disabled ]
b=$(field loops "$(rm_report stays)")
at_least "the guest went on, loops" "$((b - a))" 1000
