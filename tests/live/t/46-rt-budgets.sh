# SPDX-License-Identifier: GPL-2.0-or-later
# Description: rtds and rtxen: two hogs on one pCPU get their budgets in each period, to 100 us on the average, and no more; new
# parameters count while they run; the host answers meanwhile.
. "${0%/*}/../rota.sh"

seconds=${ROTA_LIVE_SECONDS:-5}

# supply NAME PERIOD BUDGET - what a hog got in a period, us (after shares)
supply()
{
	within "$SCHED: $1, us in a period of $2" "$(awk -v s="${SHARE[$1]}" -v p="$2" 'BEGIN { printf "%.0f", s * p }')" "$3" 100
}

# set_rt NAME PERIOD BUDGET - of its first vCPU, without extra time
set_rt() { check "$SCHED: $1 is given $3 in $2" sched -d "$1" -v 0 -p "$2" -b "$3" -e 0; }

start_rm a 0 -mode hog
start_rm b 0 -mode hog
for SCHED in rtds rtxen; do
	start_host
	known a && known b
	set_rt a 10000 3000
	set_rt b 20000 5000
	note "$(sched -v all 2>&1)"
	sleep 0.5
	shares "$seconds" a b
	supply a 10000 3000
	supply b 20000 5000
	set_rt a 5000 500
	sleep 0.2
	shares "$seconds" a b
	supply a 5000 500
	supply b 20000 5000
	check "$SCHED: a budget beyond the period is refused" eval "! sched -d a -v 0 -p 1000 -b 2000 -e 0"
	t0=$(now_ns)
	for ((i = 0; i < 10; i++)); do
		/bin/true
	done
	note "$SCHED: fork and exec meanwhile: $((($(now_ns) - t0) / 10000000)) ms"
	note "$SCHED: deadlines that the core heard of: $(rota host status | sed -n 's/^due_\([a-z0-9]*\) *: /\1 /p' | tr '\n' ' ')"
	check "$SCHED: the host runs still" rota host stop
done
