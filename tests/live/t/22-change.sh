# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a weight or a cap that is changed while VMs run has effect soon: CPU time in windows of 100 ms before and after the
# change. The bound here is wide, for an emulated machine on a busy host; bench/live/accept.sh measures against 100 ms.
. "${0%/*}/../rota.sh"

# settles WHAT NAME TARGET share|cap COMMAND... - in windows of some 100 ms from the command's end on, what NAME got: in percent of
# what both VMs got (share: the measurement itself takes CPU time from both), or in percent of one pCPU (cap: it takes
# none from a VM below its due). ok if the windows after the first ROTA_LIVE_SETTLE_MS come near the target together.
settles()
{
	local what=$1 name=$2 target=$3 kind=$4 i

	shift 4
	"$@"
	for i in 0 1 2 3 4 5 6 7 8; do
		run_times a b | awk -v n="$name" -v k="$kind" -v now="$(now_ns)" \
			'{ t[$1] = $2; s += $2 } END { printf "%.0f %.0f\n", t[n], k == "share" ? s : now }'
		sleep 0.1
	done | awk -v skip=$skip '
		{ mine[NR] = $1; base[NR] = $2 }
		END {
			for (i = 1; i < NR; i++)
				printf "%.0f ", 100 * (mine[i + 1] - mine[i]) / (base[i + 1] - base[i])
			printf "\n%.1f\n", 100 * (mine[NR] - mine[1 + skip]) / (base[NR] - base[1 + skip])
		}' >/tmp/windows
	note "$what: percent of $name in windows of 100 ms: $(head -n 1 /tmp/windows)"
	within "$what: percent of $name, from $((100 * skip)) ms after it on" "$(tail -n 1 /tmp/windows)" "$target" "${ROTA_LIVE_SETTLE_POINTS:-12}"
}

skip=$((${ROTA_LIVE_SETTLE_MS:-200} / 100))
start_host
start_rm a 0-1 -mode hog -vcpus 2
start_rm b 0-1 -mode hog -vcpus 2
known a 2 && known b 2
rota sched-credit -d a -w 256
rota sched-credit -d b -w 256
sleep 0.5
settles "weights 256:256 to 1024:256" a 80 share rota sched-credit -d a -w 1024
settles "weights 1024:256 to 256:768" a 25 share eval 'rota sched-credit -d a -w 256; rota sched-credit -d b -w 768'
settles "cap 40 on b" b 40 cap rota sched-credit -d b -c 40
check "the host runs still" rota host stop
