#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: the live tests. Prepares the test kernels and the guests, boots one machine a kernel and runs the tests of
# t/ in it, one after the other (those about NUMA in another, of two nodes). Prints TAP; where QEMU or a kernel can't be
# had, one skipped case says why.
#
# usage: run.sh [WORD...]	only tests whose name has one of the words in it
#	 ROTA=PROGRAM		the rota under test (default: build/rota); its directory is what tests know as $ROTA_BUILD
#	 ROTA_LIVE_KERNELS="6.12 7.2"	which kernels; 7.2 is left out with a note where Debian's mirror doesn't have it
#	 ROTA_LIVE_LIMIT=SECONDS	for all tests on one kernel (default 170)
# What a run leaves (console, kernel log) is in $ROTA_BUILD/live/KERNEL/.

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -n "${ROTA:-}" ]; then
	ROTA_BUILD=$(dirname "$ROTA")
fi
ROTA_BUILD=$(realpath -m "${ROTA_BUILD:-$here/../../build}")
export ROTA_BUILD
kernels=${ROTA_LIVE_KERNELS:-6.12 7.2}
# shellcheck source=tests/live/wanted.sh
. "$here/wanted.sh"
n=0

# number KERNEL - numbers the cases that pass by and puts the kernel's name before each; the count is kept in $count
number()
{
	local line

	n=$(cat "$count")
	while IFS= read -r line; do
		case $line in
		"ok - "*) printf 'ok %d - %s %s\n' $((++n)) "$1" "${line#ok - }" ;;
		"not ok - "*) printf 'not ok %d - %s %s\n' $((++n)) "$1" "${line#not ok - }" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	echo "$n" >"$count"
}

# emulator_died RC CONSOLE CPUS - says why the kernel died, if that was no doing of what is tested; false otherwise, and if
# it was only slow. QEMU's emulation let a CPU run into the breakpoint of code that another CPU was patching ("Oops: int3",
# in the kernel or a task of it). Or in a vCPU's thread every entry into the kernel faulted until the stack was full, without
# a program of BPF below it (seen on the way out of an emulated guest, as if the guest's base of GS had stayed); or such a
# thread went to sleep on that way, where interrupts are off (inside.sh then ends the machine). Or there was no scheduler of
# sched_ext at all, for the report would name it. Or the machine was reset without a word: a CPU found no way even into the
# kernel's handler of double faults (the same fault on the way out of a guest, with the stack gone: the registers of such a
# machine, stopped there, were FS, GS, LDT and TR of the guest), where no program that the verifier took can bring it. Or all
# CPUs hang, and one of them has taken an interrupt although they were off, under a lock that it waits for itself now.
emulator_died()
{
	local rc=$1

	shift
	if [ "$rc" = 124 ]; then
		false
	elif [ "$rc" = 126 ]; then
		grep -m 1 ' took an interrupt while they were off' "$2" | sed 's/^/hanging: /' | grep .
	elif grep -q 'Oops: int3' "$1"; then
		echo "of the emulator's self-modifying code fault (Oops: int3)"
	elif grep -q 'stack guard page was hit' "$1" && grep -qE 'Comm: CPU [0-9]+/KVM' "$1" &&
		grep -qE 'RIP: .*:(error_entry|asm_exc_[a-z_]+)\+' "$1" && ! grep -q 'bpf_prog_' "$1"; then
		echo "of the emulator's way out of a guest (a fault at every entry into the kernel)"
	elif grep -qE 'BUG: scheduling while atomic: CPU [0-9]+/KVM' "$1" && grep -q ' svm_vcpu_run+' "$1"; then
		echo "of an interrupt that the emulator took on KVM's way into or out of a guest (a vCPU's thread slept there)"
	elif grep -q 'Oops: ' "$1" && ! grep -q 'Sched_ext: ' "$1"; then
		echo "while no scheduler was loaded: $(grep -m 1 'Oops: ' "$1")"
	elif ! grep -qE 'Oops|Kernel panic|BUG: |reboot: ' "$1"; then
		echo "without a word (a triple fault of the emulated CPU)"
	else
		false
	fi
}

# in_machine KERNEL NODES [WORD...] - runs the tests for machines of NODES NUMA nodes in one, and in a new one where that died
# of the emulator's faults
in_machine()
{
	local k=$1 rc why attempt

	export ROTA_LIVE_NODES=$2
	shift 2
	# No finding about what is tested: boot again, go on behind the last test done.
	for attempt in 1 2 3 4 5; do
		"$here/boot.sh" -t "${ROTA_LIVE_LIMIT:-170}" -o "$ROTA_BUILD/live/$k" "$k" "$here/inside.sh" "$@" \
			2>"$ROTA_BUILD/live/$k/boot.err" | number "$k"
		rc=${PIPESTATUS[0]}
		case $rc in 0 | 77) break ;; esac
		why=$(emulator_died "$rc" "$ROTA_BUILD/live/$k/console.log" "$ROTA_BUILD/live/$k/cpus.log") || break
		echo "# boot $attempt died $why"
		cp "$ROTA_BUILD/live/$k/console.log" "$ROTA_BUILD/live/$k/console.died.$attempt"
	done
	case $rc in
	0) ;;
	77) echo "ok - # SKIP $(cat "$ROTA_BUILD/live/$k/boot.err")" | number "$k" ;;
	*)
		echo "not ok - the machine: ended with $rc" | number "$k"
		sed 's/^/# /' "$ROTA_BUILD/live/$k/boot.err"
		;;
	esac
}

mkdir -p "$ROTA_BUILD/live" || exit 1
count=$ROTA_BUILD/live/count
echo 0 >"$count"
"$here/build-guests.sh" || {
	echo "not ok 1 - the guests don't compile"
	echo "1..1"
	exit 1
}
any_wanted 1 "$@" || any_wanted 2 "$@" || {
	echo "Bail out! no test of t/ has a name with one of these in it: $*"
	exit 1
}
for k in $kernels; do
	if ! why=$("$here/kernel.sh" "$k" 2>&1 >/dev/null); then
		echo "ok - # SKIP ${why##*kernel.sh: }" | number "$k"
		continue
	fi
	rm -rf "$ROTA_BUILD/live/$k"
	mkdir -p "$ROTA_BUILD/live/$k"
	for nodes in 1 2; do
		any_wanted "$nodes" "$@" && in_machine "$k" "$nodes" "$@"
	done
done
n=$(cat "$count")
echo "1..$n"
