# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a VMM's own threads are accounted to their VM: a VM with a vCPU and a busy emulator thread, beside a VM with only a
# vCPU, both of the same weight, on one pCPU. The neighbour has its half; without the feature it has a third. Scheduling domains by
# command: attach, detach, list.
. "${0%/*}/../rota.sh"

seconds=${ROTA_LIVE_SECONDS:-4}
helpers_are() { [ "$(rota vcpu-list "$1-dm" 2>/dev/null | tail -n +2 | wc -l)" -ge "$2" ]; }
# of_cpu NAME - what a VM's vCPU got, percent of the CPU (after shares)
of_cpu() { awk -v s="${SHARE[$1]}" 'BEGIN { printf "%.2f", 100 * s }'; }

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
	start_host --no-helpers
	known busy && known quiet
	sleep 0.5
	shares "$seconds" busy quiet
	note "$SCHED, feature off: quiet has $(of_cpu quiet) percent, 50 are due; busy's vCPU $(of_cpu busy)"
	off=$(awk -v q="$(of_cpu quiet)" 'BEGIN { printf "%.2f", 50 - q }')
	at_least "$SCHED, feature off: so far is the neighbour off its half, points" "$off" 5
	rota host stop

	start_host
	known busy && known quiet
	check "$SCHED: the emulator's threads are found" wait_for 5 helpers_are busy 2
	check "$SCHED: and accounted to their VM" eval 'rota sdom list | grep -q "busy-dm"'
	sleep 1
	shares "$seconds" busy quiet
	within "$SCHED: the neighbour has its half, percent" "$(of_cpu quiet)" 50 "$POINTS"
	at_least "$SCHED: the VM's vCPU runs too, percent" "$(of_cpu busy)" 5
	note "$(rota list; rota sdom list)"
	check "$SCHED: detached by command" rota sdom detach busy-dm
	sleep 2.5
	check "$SCHED: it stays so" eval '! rota sdom list | grep -q busy-dm'
	check "$SCHED: attached again" rota sdom attach busy busy-dm
	check "$SCHED: who has one is refused" eval '! rota sdom attach quiet busy-dm 2>/tmp/e && grep -q "already" /tmp/e'
	stop_vm busy
	check "$SCHED: both go with the process" wait_for 5 eval '! rota list busy 2>/dev/null && ! rota list busy-dm 2>/dev/null'
	check "$SCHED: the host runs still" rota host stop
	stop_vm quiet
done
