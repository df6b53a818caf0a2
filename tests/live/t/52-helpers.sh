# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a VMM's own threads are accounted to their VM: a VM with a vCPU and a busy emulator thread, beside a VM with only
# a vCPU, both of the same weight, on one pCPU. The neighbour has its half; where they are detached it has a third.
# Scheduling domains by command: attach, detach, list.
. "${0%/*}/../rota.sh"

seconds=${ROTA_LIVE_SECONDS:-4}
helpers_are() { [ "$(rota vcpu-list "$1-dm" 2>/dev/null | tail -n +2 | wc -l)" -ge "$2" ]; }
ran() { rota vcpu-list --json "$1" | sed -n 's/.*"cpu_ns": \([0-9]*\).*/\1/p' | awk '{ sum += $1 } END { print sum + 0 }'; }
# measure - what quiet and busy's vCPU have of what both VMs run with all their threads, percent, in PART[]
declare -A PART
measure()
{
	local v
	local -A was now

	for v in quiet busy quiet-dm busy-dm; do was[$v]=$(ran $v); done
	sleep "$seconds"
	for v in quiet busy quiet-dm busy-dm; do now[$v]=$(($(ran $v) - was[$v])); done
	for v in quiet busy; do
		PART[$v]=$(awk -v p="${now[$v]}" -v all="$((now[quiet] + now[busy] + now[quiet-dm] + now[busy-dm]))" \
			'BEGIN { printf "%.2f", 100 * p / (all ? all : 1) }')
	done
}

if [ "$(nproc)" -gt 1 ]; then
	trap 'echo 1 >/sys/devices/system/cpu/cpu1/online' EXIT
	one_cpu || {
		skip "helpers on one pCPU" "CPU 1 can't be taken off line"
		exit 0
	}
fi
for SCHED in credit credit2; do
	start_rm busy 0 -mode hog -emulator 1
	start_rm quiet 0 -mode hog
	start_host
	known busy && known quiet
	check "$SCHED: the emulator's threads are found" wait_for 10 helpers_are busy 2
	check "$SCHED: and accounted to their VM" wait_for 10 eval 'rota sdom list | grep -q "busy-dm"'
	sleep 1
	measure
	within "$SCHED: the neighbour has its half, percent" "${PART[quiet]}" 50 "$POINTS"
	at_least "$SCHED: the VM's vCPU runs too, percent" "${PART[busy]}" 5
	note "$(rota list; rota sdom list)"
	check "$SCHED: detached by command" rota sdom detach busy-dm
	sleep 2.5
	check "$SCHED: it stays so" eval '! rota sdom list | grep -q busy-dm'
	measure
	note "$SCHED, detached: quiet has ${PART[quiet]} percent, busy's vCPU ${PART[busy]}"
	off=$(awk -v q="${PART[quiet]}" 'BEGIN { printf "%.2f", 50 - q }')
	at_least "$SCHED, detached: so far is the neighbour off its half, points" "$off" 5
	check "$SCHED: attached again" rota sdom attach busy busy-dm
	check "$SCHED: who has one is refused" eval '! rota sdom attach quiet busy-dm 2>/tmp/e && grep -q "already" /tmp/e'
	stop_vm busy
	check "$SCHED: both go with the process" wait_for 5 eval '! rota list busy 2>/dev/null && ! rota list busy-dm 2>/dev/null'
	check "$SCHED: the host runs still" rota host stop
	stop_vm quiet
done
