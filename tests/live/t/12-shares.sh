# SPDX-License-Identifier: GPL-2.0-or-later
# Description: weights and caps of real KVM guests: two and three hogs on one and on two pCPUs at 256/512/1024 get their shares
# within 3 percentage points; caps within 3 points; a change has effect within 100 ms.
. "${0%/*}/../rota.sh"

seconds=${ROTA_LIVE_SECONDS:-5}
start_host
for cpus in 0 0-1; do
	n=$((${#cpus} == 1 ? 1 : 2))
	for v in a b c; do
		start_rm $v $cpus -mode hog -vcpus $n
		known $v $n
	done
	rota sched-credit -d a -w 256
	rota sched-credit -d b -w 512
	rota sched-credit -d c -w 1024
	sleep 0.5
	shares "$seconds" a b c
	within "$n pCPU, weights 256:512:1024, percent of a" "$(percent_of a b c)" 14.29 3
	within "$n pCPU, weights 256:512:1024, percent of b" "$(percent_of b a c)" 28.57 3
	within "$n pCPU, weights 256:512:1024, percent of c" "$(percent_of c a b)" 57.14 3
	within "$n pCPU: together they have it, share" \
		"$(awk -v a="${SHARE[a]}" -v b="${SHARE[b]}" -v c="${SHARE[c]}" 'BEGIN { print a + b + c }')" "$n" 0.1
	stop_vm c
	sleep 0.3
	shares "$seconds" a b
	within "$n pCPU, weights 256:512, percent of a" "$(percent_of a b)" 33.33 3
	stop_vm b
	for cap in 25 50 150; do
		[ "$cap" -le $((n * 100)) ] || continue
		rota sched-credit -d a -w 256 -c $cap
		sleep 0.3
		shares "$seconds" a
		within "$n pCPU, cap $cap, share of a" "${SHARE[a]}" "$(awk -v c=$cap 'BEGIN { print c / 100 }')" 0.03
	done
	stop_vm a
done
check "the host runs still" rota host stop
