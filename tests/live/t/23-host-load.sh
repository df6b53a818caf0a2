# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a host full of VM load answers, and VMs on a host full of busy processes keep their share: 100 times fork and exec
# beside hogs on every pCPU against the kernel's own scheduler, and a VM against Domain-0 by weight.
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

start_rm a 0 -mode hog
start_rm b 1 -mode hog
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

# Domain-0 has the weight of one VM for all host tasks on all pCPUs: three domains of 256 on two pCPUs.
busy_host 0-1 4
sleep 0.5
shares "${ROTA_LIVE_SECONDS:-4}" a b
total=$(awk -v a="${SHARE[a]}" -v b="${SHARE[b]}" 'BEGIN { printf "%.1f", 50 * (a + b) }')
within "two VMs of one vCPU beside a busy host, equal weights: percent of the machine they get" "$total" 66.7 "${ROTA_LIVE_LOAD_POINTS:-5}"
sched -d Domain-0 -w 512
sleep 0.5
shares "${ROTA_LIVE_SECONDS:-4}" a b
total=$(awk -v a="${SHARE[a]}" -v b="${SHARE[b]}" 'BEGIN { printf "%.1f", 50 * (a + b) }')
within "the same with twice the weight for Domain-0" "$total" 50 "${ROTA_LIVE_LOAD_POINTS:-5}"
check "the host runs still" rota host stop
