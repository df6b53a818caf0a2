# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a weight or a cap that is changed while VMs run has effect soon: CPU time in windows of 100 ms before and after the
# change. The bound here is wide, for an emulated machine on a busy host; bench/live/accept.sh measures against 100 ms.
. "${0%/*}/../rota.sh"

# settles WHAT NAME OTHER TARGET COMMAND... - the share of NAME, in percent of what both got, in windows of some 100 ms from the
# command's end on; ok if those after the first ROTA_LIVE_SETTLE_MS come near the target together. Prints the windows.
settles()
{
	local what=$1 name=$2 other=$3 target=$4 i a b

	shift 4
	"$@"
	local -a mine=() sum=()
	for i in 0 1 2 3 4 5 6 7 8; do
		read -r a b < <(run_times "$name" "$other" | sort | awk -v n="$name" \
			'{ t[$1] = $2; s += $2 } END { printf "%.0f %.0f\n", t[n], s }')
		mine[i]=$a
		sum[i]=$b
		sleep 0.1
	done
	local windows=
	for i in 0 1 2 3 4 5 6 7; do
		windows="$windows $(awk -v a=$((mine[i + 1] - mine[i])) -v s=$((sum[i + 1] - sum[i])) \
			'BEGIN { printf "%.0f", s ? 100 * a / s : 0 }')"
	done
	note "$what: percent of $name in windows of 100 ms:$windows"
	within "$what: percent of $name, from $((100 * skip)) to 800 ms after it" \
		"$(awk -v a=$((mine[8] - mine[skip])) -v s=$((sum[8] - sum[skip])) 'BEGIN { printf "%.1f", s ? 100 * a / s : 0 }')" \
		"$target" 12
}

skip=$((${ROTA_LIVE_SETTLE_MS:-200} / 100))
start_host
start_rm a 0-1 -mode hog -vcpus 2
start_rm b 0-1 -mode hog -vcpus 2
known a 2 && known b 2
rota sched-credit -d a -w 256
rota sched-credit -d b -w 256
sleep 0.5
settles "weights 256:256 to 1024:256" a b 80 rota sched-credit -d a -w 1024
settles "weights 1024:256 to 256:768" a b 25 eval 'rota sched-credit -d a -w 256; rota sched-credit -d b -w 768'
settles "cap 40 on b" a b 80 rota sched-credit -d b -c 40
check "the host runs still" rota host stop
