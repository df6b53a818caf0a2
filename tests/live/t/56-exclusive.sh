# SPDX-License-Identifier: GPL-2.0-or-later
# Description: pools of null and arinc653 on a live host of two CPUs: a VM has its CPU to itself beside a busy host, whose own tasks go
# elsewhere, those that may not have a tenth at most; who has no CPU waits, for longer than the kernel's watchdog would; the
# table of arinc653 gives what it says, also to a VM that was started again.
. "${0%/*}/../rota.sh"

[ "$(nproc)" -gt 1 ] || {
	skip "pools of null and arinc653" "it takes two CPUs"
	exit 0
}
seconds=${ROTA_LIVE_SECONDS:-3}
percent() { awk -v s="${SHARE[$1]}" 'BEGIN { printf "%.1f", 100 * s }'; }
gets_on() # gets_on NAME...
{
	local v x

	for v in "$@"; do
		x=$(field loops "$(rm_report "$v")")
		sleep 0.5
		at_least "$v gets on, loops" "$(($(field loops "$(rm_report "$v")") - x))" 10
	done
}

for v in a b; do
	start_rm $v 0-1 -mode hog
done
start_host
known a && known b
refused "Pool-0 under null" "need Pool-0" rota host start --sched null
busy_host 0-1 3
busy_host 1 1
bound=$!

check "CPU 1 is freed, a pool of null has it" eval 'rota cpupool-cpu-remove Pool-0 1 && rota cpupool-create name=quiet sched=null && rota cpupool-cpu-add quiet 1'
check "a moves there" rota cpupool-migrate a quiet
sleep 0.5
shares "$seconds" a
at_least "a has the CPU to itself beside a busy host, percent" "$(percent a)" 80
t0=$(now_ns)
read -r r0 _ </proc/$bound/schedstat
sleep "$seconds"
read -r r1 _ </proc/$bound/schedstat
part=$(awk -v r=$((r1 - r0)) -v t=$(($(now_ns) - t0)) 'BEGIN { printf "%.1f", 100 * r / t }')
within "who may run nowhere else has a tenth at most, percent" "$part" 5.5 5
check "and the CPU's own kernel threads get on" host_runs 1
kill "$bound"
note "$(rota cpupool-list; rota vcpu-list)"

check "b moves there too, where no CPU is left" rota cpupool-migrate b quiet
b0=$(run_times b)
sleep 35
ran=$(awk -v a="${b0#* }" -v b="$(run_times b | cut -d' ' -f2)" 'BEGIN { printf "%.2f", (b - a) / 35e7 }')
within "it has waited longer than the watchdog would, and hardly ran, percent" "$ran" 0 1
check "rota schedules still" [ "$(scx_state)" = enabled ]
stop_vm a
sleep 0.5
shares "$seconds" b
at_least "a ends, and b has the CPU, percent" "$(percent b)" 80
check "b goes home, the pool ends" eval 'rota cpupool-migrate b Pool-0 && rota cpupool-destroy quiet'

start_rm a 0-1 -mode hog
known a
check "a pool of arinc653" eval 'rota cpupool-create name=air sched=arinc653 && rota cpupool-cpu-add air 1'
check "two VMs move there" eval 'rota cpupool-migrate a air && rota cpupool-migrate b air'
refused "a table for a VM that there is not" "invalid domain" rota sched-arinc653 -p air -f z:0:3000
check "a table: 6 ms for a, 4 for b, 10 for nobody" rota sched-arinc653 -p air -m 20000 -f a:0:6000 -f b:0:4000 -f idle:10000
note "$(rota sched-arinc653 -p air)"
sleep 0.3
shares "$seconds" a b
within "a has 6 ms of 20, percent" "$(percent a)" 30 "$POINTS"
within "b has 4 ms of 20, percent" "$(percent b)" 20 "$POINTS"
check "the host's tasks run there, in nobody's time" host_runs 1
stop_vm b
check "b ends, its frame is nobody's" wait_for 5 eval 'rota sched-arinc653 -p air | grep -c idle | grep -qx 2'
start_rm b 0-1 -mode hog
known b
check "b comes again and moves there" rota cpupool-migrate b air
check "its frame is its again" wait_for 5 eval 'rota sched-arinc653 -p air | grep -q "b.*4000"'
sleep 0.3
shares "$seconds" a b
within "b has 4 ms of 20, percent" "$(percent b)" 20 "$POINTS"
check "all go home, the pool ends" eval 'rota cpupool-migrate a Pool-0 && rota cpupool-migrate b Pool-0 && rota cpupool-destroy air && rota cpupool-cpu-add Pool-0 1'
gets_on a b
stop_vm a b
check "when the VMs are gone nothing is left of them" wait_for 5 eval '[ "$(objects)" = "1 2 " ]'
check "the host runs still" rota host stop
