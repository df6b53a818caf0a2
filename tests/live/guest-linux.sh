#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest-linux.sh - a small true Linux guest: QEMU with KVM, the 6.12 test kernel, busybox
#
# Where guest-rm has an exact load, this is the common case: the kernel's own idle loop, timer, PV spinlocks and IPIs in
# a VM that QEMU runs, with QEMU's thread names and -name. It prints `alive N` on its console (this script's stdout)
# every second; N counts the work done by all its CPUs together, so a guest that runs but makes no progress is seen.
# Runs until killed. To be used inside the test machine.
#
# usage: guest-linux.sh NAME [hog|idle] [CPUS] [MEMORY]
#	 hog: every CPU of the guest is busy; idle: N counts only the seconds

set -euo pipefail

name=${1:?usage: guest-linux.sh NAME [hog|idle] [CPUS] [MEMORY]}
work=${2:-idle}
cpus=${3:-2}
memory=${4:-128M}
dir=${TMPDIR:-/tmp}/guest-linux
kernel=$ROTA_CACHE/kernel-6.12/bzImage

# guest_init - the guest's process 1
guest_init()
{
	cat <<'INIT'
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /dev /tmp
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t tmpfs tmp /tmp
work=idle
for a in $(/bin/busybox cat /proc/cmdline); do
	case $a in work=*) work=${a#work=} ;; esac
done
if [ "$work" = hog ]; then
	for cpu in $(/bin/busybox grep -o '^cpu[0-9][0-9]*' /proc/stat); do
		echo 0 >/tmp/$cpu
		(n=0
		while :; do
			i=0
			while [ $i -lt 2000 ]; do i=$((i + 1)); done
			n=$((n + 1))
			echo $n >/tmp/$cpu
		done) &
	done
else
	(n=0; while :; do echo $n >/tmp/cpu0; n=$((n + 1)); /bin/busybox sleep 1; done) &
fi
while :; do
	sum=0
	for f in /tmp/cpu*; do
		read n <$f && sum=$((sum + ${n:-0}))
	done
	echo "alive $sum"
	/bin/busybox sleep 1
done
INIT
}

# Two guests that start at once must not see each other's half of it.
if [ ! -f "$dir/initrd.gz" ]; then
	new=$(mktemp -d "${TMPDIR:-/tmp}/guest-linux.XXXXXX")
	mkdir -p "$new/root/bin"
	cp "$(command -v busybox)" "$new/root/bin/busybox"
	guest_init >"$new/root/init"
	chmod +x "$new/root/init"
	(cd "$new/root" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) >"$new/initrd.gz"
	mv -T "$new" "$dir" 2>/dev/null || rm -rf "$new"
fi
exec qemu-system-x86_64 -name "guest=$name,debug-threads=on" -machine microvm,accel=kvm -cpu host -smp "$cpus" \
	-m "$memory" -nodefaults -no-user-config -display none -serial stdio -no-reboot -kernel "$kernel" \
	-initrd "$dir/initrd.gz" -append "console=ttyS0 quiet panic=-1 work=$work" </dev/null
