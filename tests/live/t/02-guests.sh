# SPDX-License-Identifier: GPL-2.0-or-later
# Description: the guests do what they say: a hog gets on, an I/O guest wakes on time and takes what it costs, a ping-pong
# goes to and fro, and a Linux guest under QEMU boots, runs on two vCPUs and makes progress.
. "${0%/*}/../lib.sh"

progress() # the last number that the Linux guest printed
{
	sed -n 's/^alive \([0-9]*\).*/\1/p' "/tmp/$1.log" | tail -n 1
}

start_linux linux 0-1 hog 2
a=$(progress linux)
sleep 3
b=$(progress linux)
at_least "a Linux guest makes progress" "$((b - a))" 10
at_least "it has two vCPU threads" "$(vcpu_tids linux | wc -l)" 2
stop_vm linux

start_rm hog 0 -mode hog
start_rm io 1 -mode io -period 5000 -cost 200
sleep 0.5
rm_restart hog io
sleep 2
line=$(rm_report io)
expected=$(($(field span_ms "$line") / 5))
note "$line"
at_least "a hog counts" "$(field loops "$(rm_report hog)")" 10000
within "an I/O guest wakes every period" "$(($(field wakes "$line") + $(field missed "$line")))" "$expected" 10
at_least "each wake-up of it costs what was asked, so many ns of CPU time" "$(field cpu_ns "$line")" \
	$((expected * 200000 * 9 / 10))
stop_vm hog io

start_rm pong 0-1 -mode pingpong -vcpus 2
sleep 1
at_least "two vCPUs wake each other by IPI" "$(field loops "$(rm_report pong 1)")" 200
