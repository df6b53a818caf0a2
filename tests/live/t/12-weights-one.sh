# SPDX-License-Identifier: GPL-2.0-or-later
# Description: one pCPU (the other is off line): two and three hogs at weights 256, 512, 1024 get their shares within 3 percentage
# points; changed weights count 100 ms later; so do caps of 25 and 50.
. "${0%/*}/../rota.sh"

trap 'echo 1 >/sys/devices/system/cpu/cpu1/online' EXIT
one_cpu || {
	skip "weights on one pCPU" "CPU 1 can't be taken off line"
	exit 0
}
weights_test 1
stop_vm a b
caps_test 1 25 50
