#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# init.sh - process 1 of the test machine: mounts, runs the one command of boot.sh, leaves its exit code, switches off
#
# It runs on the host's root file system, read-only over 9p. There is no udev and no service: a test starts what it needs.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp TMPDIR=/tmp LC_ALL=C.UTF-8

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts -o ptmxmode=666 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ln -sfn /proc/self/fd /dev/fd
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
mount -t bpf bpf /sys/fs/bpf
# A second look at the root, without what is mounted over it below.
mount --bind / /mnt
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/tmp
mkdir -p /run/out /run/lock
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 rotaout /run/out

interactive=
command=(false)
. /run/out/job
export ROTA_OUT=/run/out

for d in "$ROTA_TREE" "$ROTA_CACHE" "$ROTA_BUILD" "$ROTA_KERNEL" "${command[0]%/*}"; do
	if [ ! -e "$d" ] && [ -e "/mnt$d" ]; then
		mkdir -p "$d"
		mount --bind "/mnt$d" "$d"
	fi
done
ip link set lo up 2>/dev/null
# The CPU controller for the children of the root: tests make cgroups for VMs.
echo "+cpu +cpuset" >/sys/fs/cgroup/cgroup.subtree_control
# A kernel that errs while under test should say so and go on, not reboot in the middle of a report.
dmesg -n warn 2>/dev/null
cd /tmp || exit

if [ -n "$interactive" ]; then
	setsid -c "${command[@]}" </dev/ttyS0 >/dev/ttyS0 2>&1
	rc=$?
else
	port=/dev/console
	for p in /sys/class/virtio-ports/*; do
		if [ "$(cat "$p/name" 2>/dev/null)" = rota.out ]; then
			port=/dev/${p##*/}
		fi
	done
	"${command[@]}" </dev/null >"$port" 2>&1
	rc=$?
fi
echo "$rc" >/run/out/rc
sync -f /run/out/rc
# -no-reboot makes QEMU end here, at once.
echo b >/proc/sysrq-trigger
sleep 60
