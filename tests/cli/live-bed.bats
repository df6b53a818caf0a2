#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: what the live test bed does when the machine under it dies: an emulator's fault is a reason to boot again
# and go on behind the last test done; anything else is a failure. QEMU and the kernel are stand-ins.

setup()
{
	cd "$BATS_TEST_DIRNAME/../.." || return
	export ROTA_CACHE=$BATS_TEST_TMPDIR/cache ROTA_BUILD=$BATS_TEST_TMPDIR/build ROTA_LIVE_KERNELS=6.12
	export ROTA_LIVE_QEMU=$BATS_TEST_TMPDIR/qemu
	unset ROTA
	mkdir -p "$ROTA_CACHE/kernel-6.12" "$ROTA_BUILD"
	echo stand-in >"$ROTA_CACHE/kernel-6.12/bzImage"
	sha256sum <tests/live/kernel-6.12.config | cut -c1-16 >"$ROTA_CACHE/kernel-6.12/stamp" # as kernel.sh has it
	# The machine dies with the text of $DEATH on its console until it was booted $DEATHS times.
	cat >"$ROTA_LIVE_QEMU" <<-'END'
		#!/bin/bash
		for a in "$@"; do
			case $a in
			file:*/console.log) out=${a#file:} ;;
			*path=*,append=on) stream=${a#*path=} stream=${stream%,append=on} ;;
			esac
		done
		echo boot >>"$ROTA_BUILD/boots"
		if [ "$(wc -l <"$ROTA_BUILD/boots")" -le "$DEATHS" ]; then
			printf '%s\n' "$DEATH" >"$out"
			sleep "${SLOW:-0}"
			[ -z "${CPUS:-}" ] || printf '%s\n' "$CPUS" >>"${out%/*}/cpus.log"
			exit 0
		fi
		: >"$out"
		echo "ok - 99-stand-in: done" >"$stream"
		echo 0 >"${out%/*}/rc"
	END
	chmod +x "$ROTA_LIVE_QEMU"
}

int3='[  10.0] Oops: int3: 0000 [#1] PREEMPT SMP
[  10.0] Sched_ext: rota (enabled+all), task: runnable_at=+0ms'
gs='[ 432.0] BUG: TASK stack guard page was hit at 00000000 (stack is 0..0)
[ 432.0] Oops: stack guard page: 0000 [#1] PREEMPT SMP
[ 432.0] CPU: 0 PID: 190 Comm: CPU 0/KVM
[ 432.0] Sched_ext: rota (enabled+all), task: runnable_at=+0ms
[ 432.0] RIP: 0010:error_entry+0x1e/0x140'
atomic='[ 197.9] BUG: scheduling while atomic: CPU 0/KVM/978/0x00110001
[ 197.9]  svm_vcpu_run+0x1db/0x820
[ 198.0] sysrq: Trigger a crash
[ 198.0] Kernel panic - not syncing: sysrq triggered crash'
ours='[  10.0] Oops: general protection fault: 0000 [#1] PREEMPT SMP
[  10.0] Sched_ext: rota (enabled+all), task: runnable_at=+0ms
[  10.0] RIP: 0010:bpf_prog_1234_rota_dispatch+0x1e/0x140'

silent='[ 364.8] sched_ext: BPF scheduler "rota" disabled (runnable task stall)'

@test "the emulator's faults: booted again, said, and no failure" {
	for DEATH in "$int3" "$gs" "$atomic" "${ours/Sched_ext/nothing}" "$silent"; do
		export DEATH DEATHS=2
		rm -f "$ROTA_BUILD/boots"
		run tests/live/run.sh 01-
		echo "$output"
		[ "$(wc -l <"$ROTA_BUILD/boots")" = 3 ]
		[ "$(grep -c '^# boot [12] died ' <<<"$output")" = 2 ]
		[[ $output == *"ok 1 - 6.12 99-stand-in: done"*"1..1" ]]
		[[ $output != *"not ok"* ]]
	done
}

@test "a kernel that dies every time is a failure" {
	export DEATH=$gs DEATHS=9
	run tests/live/run.sh 01-
	echo "$output"
	[ "$(wc -l <"$ROTA_BUILD/boots")" = 5 ]
	[[ $output == *"not ok 1 - 6.12 the machine: ended with 125"* ]]
}

hung='all CPUs stand still with interrupts off: the machine is ended'

@test "a kernel that hangs since an interrupt came while they were off is booted again" {
	export DEATH=nothing DEATHS=1 SLOW=1
	export CPUS="CPU 0 took an interrupt while they were off: asm_sysvec_apic_timer_interrupt in mm_cid_get+0x11f, saved flags 0x46
$hung"
	run tests/live/run.sh 01-
	echo "$output"
	[ "$(wc -l <"$ROTA_BUILD/boots")" = 2 ]
	[[ $output == *"# boot 1 died hanging: CPU 0 took"*"ok 1 - 6.12 99-stand-in: done"* ]]
	[[ $output != *"not ok"* ]]
}

@test "a kernel that hangs otherwise, or is too slow, is a failure at once" {
	export DEATH=nothing DEATHS=9 SLOW=1 CPUS="CPU 0 in native_queued_spin_lock_slowpath+0x84; on its stack:
$hung"
	run tests/live/run.sh 01-
	echo "$output"
	[ "$(wc -l <"$ROTA_BUILD/boots")" = 1 ]
	[[ $output == *"not ok 1 - 6.12 the machine: ended with 126"*"native_queued_spin_lock_slowpath"* ]]

	rm -f "$ROTA_BUILD/boots"
	export SLOW=30 ROTA_LIVE_LIMIT=1
	run tests/live/run.sh 01-
	echo "$output"
	[ "$(wc -l <"$ROTA_BUILD/boots")" = 1 ]
	[[ $output == *"not ok 1 - 6.12 the machine: ended with 124"*"was stopped after 1 s"* ]]
}

@test "a kernel that dies under our scheduler is a failure at once" {
	# The second: a program that needs more stack than there is.
	for DEATH in "$ours" "$gs
[ 432.0]  bpf_prog_1234_rota_dispatch+0x1e/0x140"; do
		export DEATH DEATHS=9
		rm -f "$ROTA_BUILD/boots"
		run tests/live/run.sh 01-
		echo "$output"
		[ "$(wc -l <"$ROTA_BUILD/boots")" = 1 ]
		[[ $output == *"not ok 1 - 6.12 the machine: ended with 125"*"rota_dispatch"* ]]
	done
}
