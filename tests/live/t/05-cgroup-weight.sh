# SPDX-License-Identifier: GPL-2.0-or-later
# Description: cgroup v2's cpu.weight and cpu.max act on our guests, as they do on libvirt's. The reference for rota, which
# takes both as a domain's first weight and cap.
. "${0%/*}/../lib.sh"

start_rm light 0 -mode hog
start_rm heavy 0 -mode hog
check "cgroups with weights can be made" eval "vm_cgroup light cpu.weight 100 && vm_cgroup heavy cpu.weight 300"
sleep 0.5
shares 4 light heavy
within "weights 100 and 300: percent of heavy" "$(percent_of heavy light)" 75 4

stop_vm light
check "cpu.max can be written" eval "echo '25000 100000' >/sys/fs/cgroup/vm-heavy/cpu.max"
sleep 0.5
shares 3 heavy
within "cpu.max of a quarter: share" "${SHARE[heavy]}" 0.25 0.03
