# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a host full of VM load answers, and VMs on a host full of busy processes keep their share: 100 times fork and exec
# beside hogs on every pCPU against the kernel's own scheduler, and VMs against Domain-0 by weight.
. "${0%/*}/../rota.sh"

rounds=${ROTA_LIVE_ROUNDS:-1}
times=${ROTA_LIVE_FORKS:-40}

# forks - how long that many times fork and exec take, ms
forks()
{
	local i t0

	t0=$(now_ns)
	for ((i = 0; i < times; i++)); do
		/bin/true
	done
	echo $((($(now_ns) - t0) / 1000000))
}

cpus=$(nproc)
start_rm a 0 -mode hog
start_rm b $((cpus - 1)) -mode hog
eevdf=() rota=()
for ((r = 0; r < rounds; r++)); do
	eevdf+=("$(forks)")
	start_host
	known a && known b
	sleep 0.5
	rota+=("$(forks)")
	[ $r = $((rounds - 1)) ] || rota host stop
done
e=$(median "${eevdf[@]}")
c=$(median "${rota[@]}")
note "$times x fork and exec beside two hogs, ms: EEVDF ${eevdf[*]}, rota ${rota[*]}"
within "$times x fork and exec: rota takes at most twice EEVDF's time, ratio" \
	"$(awk -v a="$c" -v b="$e" 'BEGIN { printf "%.2f", a / b }')" 0 "${ROTA_LIVE_FORK_RATIO:-2}"

# Two VMs of weight 256 and Domain-0, what they get of the machine, percent. A weight counts for each vCPU (facts 2.10;
# credit2 burns credit by weight, a vCPU at a time), and Domain-0 has one on each pCPU: there it stands against the VMs
# on the same pCPU.
due() # due WEIGHT of Domain-0
{
	awk -v w="$1" -v here="$((512 / cpus))" 'BEGIN { printf "%.1f", 100 * here / (here + w) }'
}

# share_of_vms WHAT WEIGHT
share_of_vms()
{
	sleep 0.5
	shares "${ROTA_LIVE_SECONDS:-4}" a b
	within "$1: percent of the machine they get" "$(awk -v s="${SHARE[a]} ${SHARE[b]}" -v n="$cpus" \
		'BEGIN { split(s, v); printf "%.1f", 100 * (v[1] + v[2]) / n }')" "$(due "$2")" "${ROTA_LIVE_LOAD_POINTS:-5}"
}

busy_host "0-$((cpus - 1))" $((2 * cpus))
share_of_vms "two VMs of one vCPU beside a busy host, equal weights" 256
sched -d Domain-0 -w 512
share_of_vms "the same with twice the weight for Domain-0" 512
check "the host runs still" rota host stop
