#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: `rota trace import` on the command line: what it prints, what it leaves behind, how it refuses.

setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	data=$top/tests/data
	capture=$data/xentrace/ic-credit-3spin-256-512-1024.xentrace
	cd "$BATS_TEST_TMPDIR"
}

# One line on stderr that begins with "rota: ", nothing on stdout, nothing made.
refused() { # refused STATUS WORDS ARGUMENT...
	local status_wanted=$1 words=$2
	shift 2
	run -"$status_wanted" --separate-stderr "$rota" trace import "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == "rota: "*"$words"* ]]
	[ ! -e out ]
}

bats_require_minimum_version 1.5.0

@test "a capture becomes a scenario, replay files and recorded.csv" {
	run -0 --separate-stderr "$rota" trace import "$capture" -o out --name 3=a --name 4=b --name 5=c \
		--weight 0=4096 --weight a=256 --weight b=512 --weight 5=1024 --cap c=0
	[ -z "$stderr" ]
	[[ $output == *"inferred"* ]]
	[[ $output == *"scenario: out/ic-credit-3spin-256-512-1024.yaml"* ]]
	[ "$(ls -A out | tr '\n' ' ')" = "Domain-0.v0.csv a.v0.csv b.v0.csv c.v0.csv ic-credit-3spin-256-512-1024.yaml recorded.csv " ]
	[ "$(cat out/a.v0.csv)" = "$(printf 'at_ns,run_ns\n0,inf')" ]
	grep -q '^    weight: 4096$' out/*.yaml
	grep -q '^    weight: 1024$' out/*.yaml
	[ "$(head -1 out/recorded.csv)" = domain,share,run_ns,runnable_ns,blocked_ns,switches,offline_ns ]
	# Xen's own cpu_time said 14.35, 29.17 and 55.28 % over a slightly longer interval
	awk -F, '$1=="a" && ($2<.13 || $2>.16) {exit 1} $1=="b" && ($2<.28 || $2>.31) {exit 1}
		$1=="c" && ($2<.54 || $2>.57) {exit 1}' out/recorded.csv
}

@test "the same import twice gives the same bytes" {
	"$rota" trace import "$capture" -o one >/dev/null
	"$rota" trace import "$capture" -o two >/dev/null
	diff -r one two
}

@test "what is there is not overwritten without --force" {
	"$rota" trace import "$capture" -o out >/dev/null
	echo precious >out/recorded.csv
	before=$(ls -lA --time-style=full-iso out)
	run -1 --separate-stderr "$rota" trace import "$capture" -o out
	[[ $stderr == "rota: "*"exists already"*"--force"* ]]
	[ "$before" = "$(ls -lA --time-style=full-iso out)" ]
	run -0 "$rota" trace import "$capture" -o out --force
	[ "$(head -c 6 out/recorded.csv)" = domain ]
}

@test "a failure leaves nothing behind" {
	head -c 5000 "$capture" >cut
	refused 1 "cut: offset 4" cut -o out
	refused 1 "is neither" "$0" -o out
	: >empty
	refused 1 "empty: offset 0" empty -o out
	refused 1 "can't open" missing -o out
	refused 1 "directory" . -o out
	head -c 3000 /dev/zero >zeros
	refused 1 "zeros: offset 0" zeros -o out
	printf 'PERFILE2xxxxxxxx' >perf.data
	refused 1 "perf sched script" perf.data -o out
	refused 1 "can't make the directory" "$capture" -o out/deeper/still
	# a file in the way of the second of the files to be made
	mkdir -p dir/recorded.csv
	run -1 --separate-stderr "$rota" trace import "$capture" -o dir --force
	[ "$(find dir -type f | wc -l)" -le 5 ]
	[ -z "$(find dir -name '.rota*')" ]
}

@test "a cut-off capture is imported as far as it goes when asked" {
	head -c 50001 "$capture" >cut.xentrace
	run -0 "$rota" trace import cut.xentrace -o out --partial
	[[ $output == *"warning: the file is cut off"* ]]
	grep -q 'file cut off' out/cut.yaml
}

@test "options are checked" {
	refused 2 "no directory given" "$capture"
	refused 2 "no recording given" -o out
	refused 2 "more than one" "$capture" "$capture" -o out
	for bad in --weight=3 --weight=3=0 --weight=3=65536 --weight=3=x --weight==5 --cap=3=-1 --cap=3=9999999 \
		--name=3= '--name=3=a b' --name=3=a/b --cpus=a --cpus=3-1 --cpus= --cpus=1024 --cpus=1, --wakes=never \
		--tsc-hz=5 --tsc-hz=x --tsc-hz=99999999999 --sched=; do
		refused 2 "trace import: " "$capture" -o out "$bad"
	done
	refused 2 "no domain 'nobody'" "$capture" -o out --weight nobody=5
	refused 2 "more than 100 percent" "$capture" -o out --cap 3=150
	refused 2 "another domain" "$capture" -o out --name 3=Domain-0
	refused 1 "pCPUs chosen" "$capture" -o out --cpus 7
}

@test "--tsc-hz scales time, --cpus leaves out who ran elsewhere" {
	"$rota" trace import "$capture" -o slow --tsc-hz 500000000 >/dev/null
	"$rota" trace import "$capture" -o right --tsc-hz 1000000000 >/dev/null
	slow=$(sed -n 's/^duration: \([0-9]*\)ns/\1/p' slow/*.yaml)
	right=$(sed -n 's/^duration: \([0-9]*\)ns/\1/p' right/*.yaml)
	[ "$slow" = $((2 * right)) ] || [ "$slow" = $((2 * right + 1)) ]
	"$rota" trace import "$data/xentrace/credit-2p-2v2v.xentrace" -o two --cpus 1-2 >/dev/null
	! grep -q Domain-0 two/recorded.csv
	grep -q 'cores: 2' two/*.yaml
	grep -q 'cpus: "0-1"' two/*.yaml
}

@test "pCPUs that share no domain are pools; --one-pool joins them" {
	"$rota" trace import "$data/xentrace/credit-2p-2v2v.xentrace" -o two >/dev/null
	grep -q 'name: Pool-0, sched: credit, cpus: "0"}' two/*.yaml
	grep -q 'name: Pool-1, sched: credit, cpus: "1-2"}' two/*.yaml
	[ "$(grep -c 'file: "dom10.v' two/*.yaml)" = 2 ]
	"$rota" trace import "$data/xentrace/credit-2p-2v2v.xentrace" -o one --one-pool --sched null >/dev/null
	[ "$(grep -c 'name: Pool' one/*.yaml)" = 1 ]
	grep -q 'sched: null, cpus: "0-2"}' one/*.yaml
}

@test "gaps and wake times are the same demand, told differently" {
	c=$data/xentrace/ic-credit-2spin+2of10.xentrace
	"$rota" trace import "$c" -o a --wakes absolute >/dev/null
	"$rota" trace import "$c" -o r --wakes relative >/dev/null
	"$rota" trace import "$c" -o auto >/dev/null
	[ "$(head -1 a/dom15.v0.csv)" = at_ns,run_ns ]
	[ "$(head -1 r/dom15.v0.csv)" = gap_ns,run_ns ]
	diff <(cut -d, -f2 a/dom15.v0.csv) <(cut -d, -f2 r/dom15.v0.csv)
	# it was a timer of 10 ms
	cmp a/dom15.v0.csv auto/dom15.v0.csv
}

@test "a Linux host's text is imported, VMs by their vCPU threads" {
	run -0 "$rota" trace import "$data/linux/kvm-ftrace-tgid.txt" -o out --tasks '/KVM$' --name vm-3135=web
	grep -q '^web,0.99' out/recorded.csv
	grep -q '^vm-3143,' out/recorded.csv
	run -0 "$rota" trace import "$data/linux/perf-sched.txt" -o perf
	grep -q '^dd,' perf/recorded.csv
}

@test "help and misuse of the family" {
	run -0 "$rota" trace --help
	[[ $output == *"Usage: rota trace import FILE -o DIR"* ]]
	run -0 "$rota" trace import --help
	[[ $output == *"--tsc-hz"* ]]
	run -2 "$rota" trace
	run -2 --separate-stderr "$rota" trace export
	[[ $stderr == "rota: trace: no command 'export'"* ]]
}
