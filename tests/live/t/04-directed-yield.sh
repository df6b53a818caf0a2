# SPDX-License-Identifier: GPL-2.0-or-later
# Description: the hypercall of a guest that names a sibling reaches KVM's directed yield. Its counts are KVM's own.
. "${0%/*}/../lib.sh"

start_rm dy 0 -mode dyield -vcpus 2 -cost 1
a=$(debugfs_kvm dy directed_yield_attempted)
sleep 1
b=$(debugfs_kvm dy directed_yield_attempted)
note "attempted $b, successful $(debugfs_kvm dy directed_yield_successful)"
at_least "directed yields are attempted" "$((b - a))" 500
at_least "the guest goes on after them" "$(field loops "$(rm_report dy 0)")" 100
