#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# boot.sh - runs one script inside a fresh virtual machine that has the host's files and a kernel of our choice
#
# The machine is QEMU in pure software emulation, so it runs wherever QEMU does, root or not; the emulated CPU is an
# AMD EPYC with SVM, so inside there is a true /dev/kvm. Its root is the host's, over 9p and read-only: every tool of
# the host is there and nothing in there can hurt it. /tmp, /run and /var/tmp are empty tmpfs; the tree and the cache
# stay visible even if they live below one of these.
#
# Ways out of the machine: what SCRIPT prints comes out of this script's stdout as it is printed (virtio-serial); the
# directory $ROTA_OUT (-o, else private and forgotten) is shared and writable; SCRIPT's exit code is this script's.
# The kernel's console goes to $ROTA_OUT/console.log, and its end to stderr when the machine dies on its own.
#
# usage: boot.sh [-t SECONDS] [-s CPUS] [-m MEMORY] [-o DIR] [-i] KERNEL SCRIPT [ARGUMENT...]
#	 KERNEL  6.12, 7.2 (as kernel.sh prepared them) or a directory like theirs
#	 -i      interactive: SCRIPT owns the console, which is this terminal
#	 ROTA_LIVE_NODES=2 makes it a machine of two NUMA nodes, which share CPUs and memory by halves
#	 ROTA_BUILD, ROTA_CACHE and all ROTA_LIVE_* of the environment are passed on.
# exit:	 SCRIPT's code; 124 timed out; 125 the machine ended without one; 126 all its CPUs hung; 2 usage; 77 no QEMU or no kernel

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$here/../.." && pwd)
cache=${ROTA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rota}
limit=170
cpus=${ROTA_LIVE_CPUS:-2}
memory=3G
out=
interactive=
qemu=${ROTA_LIVE_QEMU:-qemu-system-x86_64}

usage()
{
	echo "usage: boot.sh [-t SECONDS] [-s CPUS] [-m MEMORY] [-o DIR] [-i] KERNEL SCRIPT [ARGUMENT...]" >&2
	exit 2
}

while getopts t:s:m:o:i opt; do
	case $opt in
	t) limit=$OPTARG ;;
	s) cpus=$OPTARG ;;
	m) memory=$OPTARG ;;
	o) out=$OPTARG ;;
	i) interactive=1 ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || usage
kernel=$1
script=$(realpath "$2")
shift 2
case $kernel in
*/*) ;;
*) kernel=$cache/kernel-$kernel ;;
esac
if ! command -v "$qemu" >/dev/null; then
	echo "boot.sh: no $qemu here; apt-get install qemu-system-x86" >&2
	exit 77
fi
if [ ! -f "$kernel/bzImage" ]; then
	echo "boot.sh: no kernel in $kernel; tests/live/kernel.sh makes it" >&2
	exit 77
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/rota-live.XXXXXX")
pids=
cleanup()
{
	for p in $pids; do
		kill "$p" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
[ -n "$out" ] || out=$work/out
mkdir -p "$out"
out=$(realpath "$out")
rm -f "$out/rc"

# What init.sh reads: the command and the environment, as shell words.
{
	printf 'export ROTA_TREE=%q ROTA_CACHE=%q ROTA_BUILD=%q\n' "$tree" "$(realpath -m "$cache")" \
		"$(realpath -m "${ROTA_BUILD:-$tree/build}")"
	for v in "${!ROTA_LIVE_@}"; do
		printf 'export %s=%q\n' "$v" "${!v}"
	done
	printf 'export ROTA_KERNEL=%q TERM=%q\n' "$(realpath "$kernel")" "${TERM:-dumb}"
	printf 'interactive=%q\n' "$interactive"
	printf 'command=('
	printf ' %q' "$script" "$@"
	printf ' )\n'
} >"$out/job"

# A kernel that dies says so and ends the machine at once: half dead, it would keep a test waiting to its limit.
append="console=ttyS0 panic=-1 oops=panic quiet mitigations=off tsc=reliable no_timer_check rota.init=$here/init.sh"
args=(-machine q35 -smp "$cpus" -m "$memory" -nodefaults -no-reboot -display none
	-fsdev "local,id=r0,path=/,security_model=none,readonly=on,multidevs=remap"
	-device virtio-9p-pci,fsdev=r0,mount_tag=hostroot
	-fsdev "local,id=o0,path=$out,security_model=none,multidevs=remap"
	-device virtio-9p-pci,fsdev=o0,mount_tag=rotaout
	-kernel "$kernel/bzImage")
if [ "${ROTA_LIVE_NODES:-1}" = 2 ] && [ "$cpus" -gt 1 ]; then
	half=$(($(numfmt --from=iec "$memory") / 2))
	args+=(-object "memory-backend-ram,id=m0,size=$half" -object "memory-backend-ram,id=m1,size=$half"
		-numa "node,nodeid=0,cpus=0-$((cpus / 2 - 1)),memdev=m0"
		-numa "node,nodeid=1,cpus=$((cpus / 2))-$((cpus - 1)),memdev=m1")
fi
# The emulated CPU's time stamp counter is this machine's; a busy machine must not have its rate measured under emulation.
khz=$("${ROTA_BUILD:-$tree/build}/live/tsc-khz" 2>/dev/null) || khz=
case ${ROTA_LIVE_ACCEL:-tcg} in
# Time is the count of instructions, 2 ns each unless ROTA_LIVE_SHIFT says 2^N: the same whatever else the host has to do.
# Several CPUs take turns.
icount)
	khz=1000000
	args+=(-accel tcg,thread=single -icount "shift=${ROTA_LIVE_SHIFT:-1}" -cpu EPYC,+svm,+npt)
	;;
kvm) args+=(-accel kvm -cpu host) ;;
*) args+=(-accel tcg,thread=multi -cpu EPYC,+svm,+npt) ;;
esac
[ -z "$khz" ] || append="$append tsc_early_khz=$khz"
if [ -f "$kernel/initrd.gz" ]; then
	args+=(-initrd "$kernel/initrd.gz")
else
	append="$append root=hostroot rootfstype=9p rootflags=trans=virtio,version=9p2000.L,msize=1048576,cache=loose ro"
	append="$append init=$here/init.sh"
fi

if [ -n "$interactive" ]; then
	"$qemu" "${args[@]}" -append "$append" -serial mon:stdio
else
	# This shell keeps the stream open, so its reader ends when QEMU has, even a QEMU that never opened it.
	mkfifo "$work/stream"
	exec 8<>"$work/stream"
	cat <"$work/stream" 8<&- &
	reader=$!
	rc=0
	timeout -k 5 "$limit" "$qemu" "${args[@]}" -append "$append" -monitor none -qmp "unix:$work/monitor,server=on,wait=off" -serial "file:$out/console.log" \
		-device virtio-serial-pci -chardev "file,id=out,path=$work/stream,append=on" \
		-device virtserialport,chardev=out,name=rota.out </dev/null 8<&- &
	machine=$!
	# What do its CPUs do when its time is nearly over? That tells a machine that is slow from one whose CPU can't be
	# reached any more. One whose CPUs all hang is ended at once.
	python3 "$here/monitor.py" "$work/monitor" "$cpus" "$((limit > 10 ? limit - 10 : limit))" "$kernel/System.map" \
		>"$out/cpus.log" 2>"$work/watch.err" 8<&- &
	pids="$machine $!"
	wait "$machine" || rc=$?
	kill "${pids#* }" 2>/dev/null || true
	pids=
	exec 8<&-
	wait "$reader" || true
	why="ended by itself"
	if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
		why="was stopped after $limit s"
		rc=124
	elif grep -qs '^all CPUs stand still' "$out/cpus.log"; then
		why="was ended, as all its CPUs hung"
		rc=126
	else
		rc=125
	fi
fi
if [ ! -s "$out/rc" ]; then
	echo "boot.sh: the machine ${why:-ended by itself}; the end of its console:" >&2
	tail -n 30 "$out/console.log" >&2 || true
	if [ -s "$out/cpus.log" ]; then
		echo "boot.sh: what its CPUs did then:" >&2
		cat "$out/cpus.log" >&2
	fi
	exit "${rc:-125}"
fi
exit "$(cat "$out/rc")"
