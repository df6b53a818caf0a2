# SPDX-License-Identifier: GPL-2.0-or-later
# Description: the machine has what rota's live host needs: sched_ext (nobody's yet), BTF that tells of it, KVM.
. "${0%/*}/../lib.sh"

check "sched_ext is there" test -f /sys/kernel/sched_ext/state
check "no sched_ext scheduler runs yet" test "$(cat /sys/kernel/sched_ext/state)" = disabled
check "BTF is there" test -s /sys/kernel/btf/vmlinux
check "BTF knows sched_ext_ops" grep -qa sched_ext_ops /sys/kernel/btf/vmlinux
check "/dev/kvm opens" dd if=/dev/kvm count=0 status=none
check "cgroup v2 hands out the CPU controller" grep -qw cpu /sys/fs/cgroup/cgroup.subtree_control
check "the host's root can't be written" bash -c '! touch /rota-was-here 2>/dev/null'
