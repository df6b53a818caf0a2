# SPDX-License-Identifier: GPL-2.0-or-later
# Description: KVM's directed yield (a guest's hypercall that names a sibling) under the kernel's own scheduler and under rota, same
# guests, several loads: rota honours it, and the guests go on. KVM counts an attempt for each hypercall and a success when
# yield_to() did; the figures are printed.
. "${0%/*}/../rota.sh"

seconds=${ROTA_LIVE_SECONDS:-2}

# success VM - percent of its attempts that succeeded, over some seconds
success()
{
	local dir a0 s0 a1 s1

	dir=$(echo "/sys/kernel/debug/kvm/${VM[$1]}-"*)
	# One cat for both: on a slow machine much happens between two.
	{ read -r a0; read -r s0; } < <(cat "$dir/directed_yield_attempted" "$dir/directed_yield_successful")
	sleep "$seconds"
	{ read -r a1; read -r s1; } < <(cat "$dir/directed_yield_attempted" "$dir/directed_yield_successful")
	awk -v a=$((a1 - a0)) -v s=$((s1 - s0)) 'BEGIN { printf "%.2f", a ? 100 * s / a : 0 }'
}

# Loads: two vCPUs on one pCPU; the same beside a hog; two on two pCPUs beside hogs; four on two; and a sibling that is seldom queued.
load() # load NUMBER: starts it
{
	case $1 in
	1) start_rm dy 0 -mode dyield -vcpus 2 -cost 1 ;;
	2) start_rm dy 0 -mode dyield -vcpus 2 -cost 1 && start_rm hog 0 -mode hog ;;
	3) start_rm dy 0-1 -mode dyield -vcpus 2 -cost 1 && start_rm hog 0 -mode hog && start_rm hog2 1 -mode hog ;;
	4) start_rm dy 0-1 -mode dyield -vcpus 4 -cost 1 ;;
	5) start_rm dy 0-1 -mode dyield -vcpus 2 -cost 1 ;;
	esac
}
what=("" "2 vCPUs on 1 pCPU" "2 on 1 beside a hog" "2 on 2 beside two hogs" "4 on 2" "2 on 2, nothing else")

declare -A e c
for l in ${ROTA_LIVE_LOADS:-1 4 5}; do
	load "$l"
	sleep 0.3
	e[$l]=$(success dy)
	stop_vm "${!VM[@]}"
done
start_host
for l in ${ROTA_LIVE_LOADS:-1 4 5}; do
	load "$l"
	known dy "$(vcpu_tids dy | wc -l)"
	sleep 0.3
	c[$l]=$(success dy)
	at_least "${what[l]}: the guest goes on, yields" "$(field loops "$(rm_report dy 0)")" 20
	stop_vm "${!VM[@]}"
	note "directed yields that succeed, ${what[l]}, percent: EEVDF ${e[$l]}, rota ${c[$l]}"
	[ -z "${ROTA_LIVE_YIELD_TIMES:-}" ] || at_least "${what[l]}: directed yields that succeed, times EEVDF's" \
		"$(awk -v a="${c[$l]}" -v b="${e[$l]}" 'BEGIN { printf "%.2f", b > 0 ? a / b : 0 }')" "$ROTA_LIVE_YIELD_TIMES"
done
at_least "two vCPUs on one pCPU: rota honours directed yields, percent" "${c[1]:-100}" 20
check "the host runs still" rota host stop
