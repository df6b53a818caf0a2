#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: a true libvirtd, its hook for QEMU (data/libvirt/rota) and rotad together, for whoever has libvirt: no part of `make
# check`, which does not install it. Run by hand as root; it prints TAP as the tests of t/ do. VMs are QEMU in emulation, which never get as far as
# booting; rotad has a simulated host, on which a domain of the VM's name must get what libvirt's XML says.
#
# What it changes of /etc, /run and /var is gone when it ends: it has a mount namespace of its own.
#
# usage: libvirt.sh	needs libvirt-daemon-driver-qemu, libvirt-clients, qemu-system-x86
#	 ROTA=PROGRAM	the rota under test (default: build/rota)

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROTA=$(realpath "${ROTA:-$here/../../build/rota}")
export ROTA LIBVIRT_DEFAULT_URI=qemu:///system
for c in libvirtd virtlogd virsh qemu-system-x86_64 unshare; do
	command -v $c >/dev/null || {
		echo "1..0 # SKIP there is no $c here; apt-get install libvirt-daemon-driver-qemu libvirt-daemon libvirt-clients qemu-system-x86"
		exit 0
	}
done
if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP only root may have a mount namespace and a libvirtd of the system"
	exit 0
fi
[ "${1-}" = --inside ] || exec unshare --mount --pid --fork --mount-proc --propagation private "${BASH_SOURCE[0]}" --inside

export ROTA_TREE=$here/../.. ROTA_BUILD=${ROTA%/*}
# shellcheck source=tests/live/lib.sh
. "$here/lib.sh"

# starts NAME FUNCTION: not in a subshell, for it sets whom to kill
starts()
{
	if "$2"; then
		ok "$1"
	else
		not_ok "$1"
		tail -n 3 /run/libvirtd.log /run/rotad.log | sed 's/^/# /'
		exit 1
	fi
}
conf=$(mktemp -d)
cp -a /etc/libvirt/. "$conf" 2>/dev/null
for d in /etc/libvirt /run /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /var/lib/rota /etc/rota; do
	mkdir -p $d && mount -t tmpfs -o mode=755 tmpfs $d || exit 1
done
cp -a "$conf/." /etc/libvirt/
rm -rf "$conf" /etc/libvirt/qemu /etc/libvirt/hooks
mkdir -p /etc/libvirt/hooks/qemu.d
sed "s,/usr/bin/rota,$ROTA,g" "$here/../../data/libvirt/rota" >/etc/libvirt/hooks/qemu.d/rota
chmod 755 /etc/libvirt/hooks/qemu.d/rota
cat >>/etc/libvirt/qemu.conf <<-END
	user = "root"
	group = "root"
	security_driver = "none"
END
mkdir -p /run/tmp
export TMPDIR=/run/tmp
echo nothing >/run/kernel
# With <shares> and <quota>, if libvirtd has the control groups for them; metadata, which comes first, in both cases.
vm() # vm SHARES
{
	cat <<-END
		<domain type='qemu'>
		  <name>radio</name>
		  <memory unit='MiB'>64</memory>
		  <vcpu placement='static' cpuset='0-1'>2</vcpu>
		  <cputune>$1<vcpupin vcpu='0' cpuset='0'/></cputune>
		  <metadata>
		    <rota:domain xmlns:rota='https://rota/libvirt/1'><rota:weight>700</rota:weight></rota:domain>
		  </metadata>
		  <os><type arch='x86_64' machine='pc'>hvm</type></os>
		  <devices><emulator>$(command -v qemu-system-x86_64)</emulator></devices>
		</domain>
	END
}
vm "<period>100000</period><quota>50000</quota>" >/run/quota.xml
vm "" >/run/plain.xml
printf 'name="radio"\nvcpus=2\nworkload="{model: hog}"\n' >/run/radio.cfg
start_libvirtd()
{
	libvirtd >/run/libvirtd.log 2>&1 &
	libvirtd=$!
	wait_for 30 virsh version
}
start_rotad()
{
	"$(dirname "$ROTA")/rotad" --host sim --speed 1 >/run/rotad.log 2>&1 &
	rotad=$!
	wait_for 10 "$ROTA" list
}
# settings - weight and cap of a domain of that name that appears now
settings()
{
	"$ROTA" create /run/radio.cfg >/dev/null && "$ROTA" sched-credit -d radio | awk '$1 == "radio" { print $3, $4 }'
	"$ROTA" destroy radio
}

virtlogd >/run/virtlogd.log 2>&1 &
starts "libvirtd answers" start_libvirtd
starts "rotad answers" start_rotad
want="700 100"
virsh create /run/quota.xml >/run/e 2>&1 || {
	echo "# without <quota>: $(head -n 1 /run/e)"
	want="700 0"
	check "libvirt starts a VM" virsh create /run/plain.xml
}
check "the hook was called: weight of the metadata, cap of <quota>: $want" eval '[ "$(settings)" = "$want" ]'
check "rota libvirt reads the XML that libvirt makes of it" eval 'virsh dumpxml radio | "$ROTA" libvirt --print radio prepare | grep -q "\"weight\": 700"'
kill $rotad
wait $rotad
starts "rotad starts again" start_rotad
check "and knows it still" eval '[ "$(settings)" = "$want" ]'
kill $libvirtd
wait $libvirtd
starts "libvirtd starts again" start_libvirtd
check "the VM runs still" eval 'virsh list --name | grep -qx radio'
check "what it was given as well" eval '[ "$(settings)" = "$want" ]'
check "the VM ends" virsh destroy radio
check "rotad forgets it" wait_for 5 eval '[ "$(settings)" = "256 0" ]'
kill $rotad
wait $rotad
check "without rotad libvirt starts it all the same" virsh create /run/plain.xml
virsh destroy radio >/dev/null
