#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench/live/comparison-inside.sh: the live half of docs/comparison.md, inside the test machine; bench/comparison_live.py boots it and
# reads what it prints. Each scenario is run under each scheduler: "cell SCENARIO SCHEDULER", the reports of its VMs
# (tests/live/guest-rm.c), "end" with what the host counted.
#
# usage: comparison-inside.sh SECONDS SCHEDULER... -- SCENARIO...
set -u
# shellcheck source=tests/live/rota.sh
. "${ROTA_TREE:?}/tests/live/rota.sh"

seconds=$1
shift
schedulers=()
while [ "$1" != -- ]; do
	schedulers+=("$1")
	shift
done
shift

# vm NAME WEIGHT CAP BUDGET PERIOD OPTION... - a guest on pCPU 0. Weight and cap as Xen counts them, for EEVDF through the VM's
# cgroup, as libvirt does it; where budgets count, so many us in each period for each vCPU, and what is left over.
vm()
{
	local name=$1 weight=$2 cap=$3 budget=$4 period=$5

	shift 5
	start_rm "$name" 0 "$@" || exit 1
	case $now in
	EEVDF)
		vm_cgroup "$name" cpu.weight $((weight * 100 / 256))
		[ "$cap" = 0 ] || vm_cgroup "$name" cpu.max "$((cap * 1000)) 100000"
		;;
	rtds)
		known "$name" "$(grep -o 'vcpus=[0-9]*' "/tmp/$name.log" | head -n 1 | cut -d= -f2)"
		rota sched-rtds -d "$name" -v all -p "$period" -b "$budget" -e 1 || exit 1
		;;
	*)
		known "$name" "$(grep -o 'vcpus=[0-9]*' "/tmp/$name.log" | head -n 1 | cut -d= -f2)"
		rota "sched-$now" -d "$name" -w "$weight" -c "$cap" || exit 1
		;;
	esac
}

us() { echo $(($1 * 500)); } # the instructions that take so many us, at 2 ns each

scenario_weights()
{
	vm a 256 0 1428 10000 -mode hog
	vm b 512 0 2857 10000 -mode hog
	vm c 1024 0 5714 10000 -mode hog
}

scenario_caps()
{
	vm a 256 10 1000 10000 -mode hog
	vm b 256 25 2500 10000 -mode hog
	vm c 256 0 6500 10000 -mode hog
}

scenario_io()
{
	vm hog0 256 0 3333 10000 -mode hog
	vm hog1 256 0 3333 10000 -mode hog
	vm io 256 0 3333 10000 -mode io -period 1037 -work "$(us 50)"
}

scenario_sleepers()
{
	vm hog 256 0 5000 10000 -mode hog
	vm web 256 0 1250 10000 -mode io -vcpus 4 -period 3300 -work "$(us 300)"
}

scenario_deadlines()
{
	vm hog0 64 0 1000 10000 -mode hog
	vm hog1 64 0 1000 10000 -mode hog
	vm t0 256 0 1789 10000 -mode io -period 10000 -work "$(us 1700)"
	vm t1 256 0 4000 20000 -mode io -period 20000 -work "$(us 3800)"
	vm t2 256 0 8421 40000 -mode io -period 40000 -work "$(us 8000)"
	vm t3 256 0 4000 20000 -mode io -period 20000 -work "$(us 3800)"
}

scenario_locks()
{
	vm hog 256 0 5000 10000 -mode hog
	vm kernel 256 0 2500 10000 -mode lock -vcpus 2 -period 50 -cost 1
}

scenario_pingpong()
{
	vm pair 256 0 4000 10000 -mode pingpong -vcpus 2
}

dispatches() { rota host status --json 2>/dev/null | sed -n 's/.*"dispatch": \([0-9]*\).*/\1/p'; }
switches() { sed -n 's/^ctxt //p' /proc/stat; }

# What a cell prints besides the guests' reports; both counts as close together as can be.
measure()
{
	local c0 c1 d0='' d1='' t0 v

	sleep 0.5
	[ "$now" = EEVDF ] || d0=$(dispatches)
	rm_restart "${!VM[@]}"
	c0=$(switches) t0=$(now_ns)
	sleep "$seconds"
	for v in "${!VM[@]}"; do
		kill -USR1 "${VM[$v]}"
	done
	c1=$(switches)
	printf 'end ns=%s switches=%s' $(($(now_ns) - t0)) $((c1 - c0))
	[ "$now" = EEVDF ] || d1=$(dispatches)
	[ -z "$d0" ] || printf ' calls=%s' $((d1 - d0))
	echo
	sleep 0.3
	for v in "${!VM[@]}"; do
		grep ' loops=' "/tmp/$v.log"
	done
}

[ "$(nproc)" = 1 ] || {
	echo "comparison-inside.sh: this is for a machine of one CPU" >&2
	exit 1
}
for now in "${schedulers[@]}"; do
	SCHED=$now
	[ "$(scx_state)" = disabled ] || {
		echo "comparison-inside.sh: another scheduler runs here already" >&2
		exit 1
	}
	[ "$now" = EEVDF ] || start_host
	for scenario in "$@"; do
		echo "cell $scenario $now"
		"scenario_$scenario"
		measure
		stop_vm "${!VM[@]}"
		[ "$now" = EEVDF ] || [ "$(scx_state)" = enabled ] || {
			echo "comparison-inside.sh: $now was left: $(rota host status | grep because)" >&2
			exit 1
		}
	done
	[ "$now" = EEVDF ] || rota host stop
done
