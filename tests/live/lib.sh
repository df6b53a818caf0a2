# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - what the tests inside the machine are written with; a test script sources it first
#
# Results are TAP without numbers (run.sh numbers them): ok, not_ok, skip, or check and within, which decide. VMs are
# started by name and known by name; all that a test leaves behind is cleared away after it by inside.sh.

LIVE=${ROTA_TREE:?}/tests/live
RM=${ROTA_BUILD:?}/live/guest-rm
declare -A VM # name -> pid

ok() { echo "ok - $*"; }
not_ok() { echo "not ok - $*"; }
skip() { echo "ok - $1 # SKIP $2"; }
note() { printf '%s\n' "$*" | sed 's/^/# /'; }

# check NAME COMMAND... - ok if the command succeeds; what it says is shown if not
check()
{
	local name=$1 said

	shift
	if said=$("$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name"
		note "failed: $*" "$said"
	fi
}

# within NAME VALUE TARGET TOLERANCE - ok if VALUE is within TARGET +- TOLERANCE; the figure is part of the line
within()
{
	if awk -v v="$2" -v t="$3" -v e="$4" 'BEGIN { exit !(v != "" && v - t <= e && t - v <= e) }'; then
		ok "$1: $2, wanted $3 +- $4"
	else
		not_ok "$1: $2, wanted $3 +- $4"
	fi
}

# at_least NAME VALUE MINIMUM
at_least()
{
	if awk -v v="$2" -v t="$3" 'BEGIN { exit !(v != "" && v >= t) }'; then
		ok "$1: $2, wanted at least $3"
	else
		not_ok "$1: $2, wanted at least $3"
	fi
}

# wait_for SECONDS COMMAND... - until the command succeeds; 1 if it never did. ROTA_LIVE_PATIENCE multiplies the time
wait_for()
{
	local end=$((SECONDS + $1 * ${ROTA_LIVE_PATIENCE:-1}))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# start_rm NAME CPUS OPTION... - a guest-rm on the host CPUs CPUS ("0", "0-1"); waits until its vCPUs run.
# Its output is /tmp/NAME.log.
start_rm()
{
	local name=$1 cpus=$2

	shift 2
	taskset -c "$cpus" "$RM" -name "$name" "$@" >"/tmp/$name.log" 2>&1 &
	VM[$name]=$!
	wait_for 10 grep -q " running " "/tmp/$name.log" || {
		note "$name did not start:" "$(cat "/tmp/$name.log")"
		return 1
	}
}

# start_linux NAME CPUS hog|idle [VCPUS] [MEMORY] - a Linux guest; waits until it is up. Its console is /tmp/NAME.log.
start_linux()
{
	local name=$1 cpus=$2

	shift 2
	taskset -c "$cpus" "$LIVE/guest-linux.sh" "$name" "$@" >"/tmp/$name.log" 2>&1 &
	VM[$name]=$!
	wait_for 40 grep -q '^alive' "/tmp/$name.log" || {
		note "$name did not start:" "$(cat "/tmp/$name.log")"
		return 1
	}
}

# stop_vm NAME... - ended by SIGTERM (guest-rm then adds its last report to its log)
stop_vm()
{
	local name

	for name in "$@"; do
		kill -CONT "${VM[$name]}" 2>/dev/null
		kill "${VM[$name]}" 2>/dev/null
		wait "${VM[$name]}" 2>/dev/null
		unset "VM[$name]"
	done
}

# vcpu_tids NAME - thread ids of its vCPUs
vcpu_tids()
{
	grep -lE '^CPU [0-9]+/KVM$' "/proc/${VM[$1]}/task/"*/comm 2>/dev/null | cut -d/ -f5
}

# run_times NAME... - "NAME NS" for each: what its vCPUs have run so far, all read at one moment
run_times()
{
	local name tid args=()

	for name in "$@"; do
		for tid in $(vcpu_tids "$name"); do
			args+=("name=$name" "/proc/${VM[$name]}/task/$tid/schedstat")
		done
	done
	awk '{ sum[name] += $1 } END { for (n in sum) printf "%s %.0f\n", n, sum[n] }' "${args[@]}"
}

# shares SECONDS NAME... - sets SHARE[name] to the share of one pCPU (1 = all of it) that the vCPUs of each got
declare -A SHARE
shares()
{
	local seconds=$1 name ns t0 t1 before after

	shift
	before=$(run_times "$@")
	t0=$(now_ns)
	sleep "$seconds"
	after=$(run_times "$@")
	t1=$(now_ns)
	while read -r name ns; do
		SHARE[$name]=$ns
	done < <(awk -v t="$((t1 - t0))" 'NR == FNR { b[$1] = $2; next } { printf "%s %.4f\n", $1, ($2 - b[$1]) / t }' \
		<(echo "$before") <(echo "$after"))
}

now_ns() { echo "${EPOCHREALTIME/[.,]/}000"; }

# percent_of NAME OTHER... - what NAME got of all that these VMs got together, in percent (after shares)
percent_of()
{
	local name list=

	for name in "$@"; do
		list="$list ${SHARE[$name]}"
	done
	# shellcheck disable=SC2086 # a list of numbers
	printf '%s\n' $list | awk 'NR == 1 { mine = $1 } { sum += $1 } END { printf "%.2f", sum ? 100 * mine / sum : 0 }'
}

# rm_restart NAME... - what guest-rm counts from now on
rm_restart()
{
	local name

	for name in "$@"; do
		kill -USR2 "${VM[$name]}"
	done
}

# rm_report NAME [VCPU] - a fresh report line of one vCPU
rm_report()
{
	local log=/tmp/$1.log lines

	lines=$(grep -c "vcpu=${2:-0} " "$log")
	kill -USR1 "${VM[$1]}"
	wait_for 10 eval "[ \$(grep -c 'vcpu=${2:-0} ' $log) -gt $lines ]"
	grep "vcpu=${2:-0} " "$log" | tail -n 1
}

# field KEY LINE - the value of KEY=VALUE in the line
field() { sed -n "s/.* $1=\([^ ]*\).*/\1/p" <<<" $2 "; }

# debugfs_kvm NAME STATISTIC - KVM's own count for this VM
debugfs_kvm() { cat "/sys/kernel/debug/kvm/${VM[$1]}-"*"/$2" 2>/dev/null; }

# vm_cgroup NAME FILE VALUE... - puts the VM into a cgroup of its own and writes its files (cpu.weight 200 ...)
vm_cgroup()
{
	local dir=/sys/fs/cgroup/vm-$1 pid=${VM[$1]}

	mkdir -p "$dir"
	shift
	while [ $# -ge 2 ]; do
		echo "$2" >"$dir/$1" || return 1
		shift 2
	done
	echo "$pid" >"$dir/cgroup.procs"
}

# busy_host CPUS N - N host processes that spin on these CPUs
busy_host()
{
	local i

	for ((i = 0; i < $2; i++)); do
		taskset -c "$1" sh -c 'while :; do :; done' &
	done
}
