#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: `rota sim` as a person meets it: what it prints, how it refuses, and that nothing is left behind.

bats_require_minimum_version 1.5.0

setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	export ROTA_SCENARIOS=$top/scenarios
	cd "$BATS_TEST_TMPDIR"
	mkdir work && cd work
}

# One line on stderr, which begins with "rota: ", nothing on stdout, no file made.
refused() { # refused STATUS WORDS ARGUMENT...
	local status_wanted=$1 words=$2
	shift 2
	run -"$status_wanted" --separate-stderr "$rota" "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == "rota: "*"$words"* ]]
	[ -z "$(ls -A)" ]
}

two_hogs() {
	cat <<-END
		name: two
		duration: ${1:-2s}
		domains:
		  - {name: a, weight: 256, workload: {model: hog}}
		  - {name: b, weight: 512, workload: {model: hog}}
	END
}

@test "help and version, wherever they are asked for" {
	for words in --help -h help "host --help" "list --help" "sched-credit --help" "sim --help" "sim -h" "sim help" "help sim" "sim run --help" "sim run -h" \
		"sim check --help" "sim list --help" "trace --help" "help trace"; do
		run -0 --separate-stderr "$rota" $words
		[[ $output == "Usage: rota "* ]]
		[ -z "$stderr" ]
	done
	version=$(sed -n 's/.*ROTA_VERSION "\(.*\)".*/\1/p' "$top/src/version.h")
	for words in --version -V "sim --version" "sim run --version" "sim list -V" "trace --version"; do
		run -0 "$rota" $words
		[ "$output" = "rota $version" ]
	done
}

@test "--help names every option that there is" {
	"$rota" sim --help >help
	for option in json seed duration set report trace dump help version; do
		grep -q -- "--$option" help
	done
}

@test "no command, or one that there is not, is bad usage" {
	run -2 --separate-stderr "$rota"
	[[ $stderr == "Usage: rota "* ]]
	refused 2 "no command or option 'nope'" nope
	refused 2 "no command or option '--json'" --json sim
	refused 2 "run, check, sweep, paper or list" sim
	refused 2 "no command 'go'" sim go
	refused 2 "takes no argument" sim list smt
}

@test "options that are not there, lack a value or have one too many" {
	refused 2 "no option --foo" sim run smt --foo
	refused 2 "no option --foo=1" sim run --foo=1 smt
	refused 2 "no option -x" sim run -x smt
	refused 2 "--seed wants a value" sim run smt --seed
	refused 2 "--json=3 takes no value" sim run --json=3 smt
	refused 2 "go with run" sim check smt --json
	refused 2 "not with --json" sim run smt --json --dump
	refused 2 "want the name of a file" sim run smt --report ""
	refused 2 "want the name of a file" sim run smt --trace -
	refused 2 "can't be the same file" sim run smt --report x --trace x
}

@test "exactly one scenario" {
	refused 2 "give a scenario" sim run
	refused 2 "give a scenario" sim run ""
	refused 2 "give a scenario" sim check --set a=1
	refused 2 "not also smt" sim run smt smt
	refused 2 "rota sim list" sim run nothing-of-this-name
	refused 2 "No such file" sim run ./nothing.yaml
	refused 2 "directory" sim run .
	: | refused 2 "is empty" sim run -
}

@test "a scenario that may not be read" {
	[ "$(id -u)" != 0 ] || skip "root may read everything"
	two_hogs >secret.yaml
	chmod 000 secret.yaml
	run -2 --separate-stderr "$rota" sim run secret.yaml
	[[ $stderr == *"Permission denied"* ]]
}

@test "settings that can't be" {
	refused 2 "no '='" sim run smt --set ""
	refused 2 "the path is empty" sim run smt --set =3
	refused 2 "no '='" sim run smt --set seed
	refused 2 "has no value" sim run smt --set seed=
	refused 2 "domains.nobody" sim run smt --set domains.nobody.weight=1
	refused 2 "weight" sim run smt --set domains.hog.weight=0
	refused 2 "not a seed" sim run smt --seed abc
	refused 2 "not a seed" sim run smt --seed -1
	refused 2 "not a seed" sim run smt --seed 18446744073709551616
	refused 2 "has no unit" sim run smt --duration 5
	refused 2 "leaves nothing to count" sim run smt --duration 500ms
	local sets=()
	for i in $(seq 300); do sets+=(--set "seed=$i"); done
	refused 2 "more than 256" sim run smt "${sets[@]}"
}

@test "options stand before or after the scenario; -- ends them" {
	"$rota" sim run smt --json --seed 3 --duration 2s | grep -v wall_ns >after
	"$rota" sim run --json --seed 3 --duration 2s smt | grep -v wall_ns >before
	"$rota" sim run --json --seed=3 --duration=2s -- smt | grep -v wall_ns >dashes
	diff after before
	diff after dashes
	grep -q '"seed": 3,' after
	grep -q '"duration_ns": 1000000000,' after
}

@test "a scenario by name, with its ending, by path and from standard input is the same" {
	"$rota" sim run smt --json | grep hash >name
	"$rota" sim run smt.yaml --json | grep hash >ending
	"$rota" sim run "$top/scenarios/smt.yaml" --json | grep hash >path
	"$rota" sim run - --json <"$top/scenarios/smt.yaml" | grep hash >stdin
	diff name ending
	diff name path
	diff name stdin
	mkdir smt # in the way of the name, but no scenario
	"$rota" sim run smt --json | grep hash | diff name -
}

@test "the result as JSON: one object with what the manual promises" {
	two_hogs | "$rota" sim run - --json >out.json
	python3 - <<-'END'
		import json
		r = json.load(open('out.json'))
		assert r['scenario'] == 'two' and r['seed'] == 1 and r['duration_ns'] == 2000000000
		assert len(r['trace_hash']) == 16 and r['events'] > 0 and r['wall_ns'] >= 0
		a, b = r['domains']
		assert a['name'] == 'a' and a['pool'] == 'Pool-0' and a['vcpus'] == 1
		assert a['run_ns'] + b['run_ns'] == 2000000000 == r['pcpus'][0]['run_ns']
		assert abs(a['share'] - 1 / 3) < .02 and abs(a['entitlement'] - 1 / 3) < 1e-9
		assert set(a['wake_latency_ns']) == {'count', 'mean', 'p50', 'p90', 'p99', 'p999', 'max'}
		assert a['deadlines'] == {'jobs': 0, 'missed': 0}
		assert set(a['workload']) == {'unit', 'count', 'completion_ns'}
		assert set(r['counters']) >= {'context_switches', 'migrations', 'ple_exits', 'coboosts', 'micro_migrations'}
	END
}

@test "the largest seed arrives whole" {
	two_hogs | "$rota" sim run - --json --seed 9223372036854775807 | grep -q '"seed": 9223372036854775807,'
	two_hogs | "$rota" sim run - --json --seed 18446744073709551615 | grep -q '"seed": "18446744073709551615",'
}

@test "the table shows no column that would say nothing" {
	two_hogs >two.yaml
	run -0 "$rota" sim run two.yaml
	[[ ${lines[1]} == "Domain vCPUs Weight Cap Entitled "*"Share "*"Run Runnable Blocked  Switches Migr" ]]
	[[ $output != *latency* && $output != *Pool* && $output != *Completed* ]]
	run -0 "$rota" sim run lab-weight-cap
	[[ $output == *" Pool "* && $output == *Completed* && $output != *latency* ]]
	run -0 "$rota" sim run io-vs-hogs
	[[ $output == *"wake-to-run latency"* ]]
	run -0 "$rota" sim run numa-split
	[[ $output == *Missed* && $output == *" 0/90"* ]]
}

@test "the tables of the shipped scenarios fit 130 columns, and no line ends in spaces" {
	for s in "$top"/scenarios/*.yaml; do
		"$rota" sim run "$s" --set warmup=0 --duration 100ms >table
		awk 'length($0) > 130 || / $/ {print FILENAME ": " $0; bad = 1} END {exit bad}' table
	done
}

@test "names beyond ASCII and many domains do not break the table" {
	two_hogs | sed 's/name: two/name: "zwölf–прoба"/' >utf.yaml
	run -0 "$rota" sim run utf.yaml
	[[ ${lines[0]} == "zwölf–прoба: 2.00s counted on 1 pCPU, seed 1" ]]
	printf 'duration: 10ms\ndomains:\n  - {name: a-rather-long-name-of-some-vm-%%d, count: 300, workload: {model: hog}}\n' >many.yaml
	"$rota" sim run many.yaml >table
	[ "$(grep -c ^a-rather table)" = 300 ]
	[ "$(grep -n '^(all)' table | cut -d: -f1)" = 304 ]
	[ "$(grep -E '^(a-rather|\(all)' table | awk '{print index($0, "%")}' | sort -u | wc -l)" -le 3 ]
}

@test "a run of one nanosecond" {
	two_hogs 1ns | "$rota" sim run - --json | grep -q '"duration_ns": 1,'
}

@test "files that can't be written are told of before the run, in one line" {
	refused 1 "no-such-dir/x.html: can't write" sim run smt --report no-such-dir/x.html
	refused 1 "no-such-dir/x: can't write" sim run smt --trace no-such-dir/x
	refused 1 "directory" sim run smt --report .
	# not after an hour of simulation
	SECONDS=0
	refused 1 "can't write" sim run smt --duration 900000s --report no-such-dir/x.html
	[ "$SECONDS" -lt 5 ]
}

@test "a full disk" {
	[ -c /dev/full ] || skip "there is no /dev/full"
	for words in "sim run smt" "sim run smt --json" "sim list" "--help" "sim --help"; do
		run -1 sh -c '"$0" "$@" 2>&1 >/dev/full' "$rota" $words
		[ "${#lines[@]}" = 1 ]
		[[ $output == "rota: can't write "*"No space left on device" ]]
	done
	run -1 sh -c '"$0" sim run smt --trace /dev/full 2>&1 >/dev/null' "$rota"
	[[ $output == "rota: /dev/full: can't write: No space left on device" ]]
	# what could not be printed leaves no other file either
	run -1 sh -c '"$0" sim run smt --json --report r.html --trace t 2>/dev/null >/dev/full' "$rota"
	[ -z "$(ls -A)" ]
}

@test "a reader that goes away" {
	run -0 bash -c 'set -o pipefail; "$0" sim run smt --json --trace t --report r.html 2>err | true; echo "${PIPESTATUS[0]}"' "$rota"
	[ "$output" = 1 ]
	[ ! -s err ]
	[ "$(ls -A)" = err ]
	"$rota" sim run smt --trace t >/dev/null
	run -0 bash -c '"$0" trace dump t 2>err | head -n 1' "$rota"
	[ "$output" = "# scenario smt" ]
	[ ! -s err ]
}

@test "^C in the middle of a long run: one line, and no file stays" {
	for signal in INT TERM HUP; do
		run -1 --separate-stderr timeout --preserve-status -s $signal 1 "$rota" sim run smt --duration 900000s --trace t --report r.html
		[ -z "$output" ]
		[ "${#stderr_lines[@]}" = 1 ]
		[[ $stderr == "rota: interrupted at "*" of 900000.000 simulated seconds; nothing was written" ]]
		[ -z "$(ls -A)" ]
	done
}

@test "^C answers at once on the largest host too" {
	SECONDS=0
	run -1 timeout --preserve-status -s INT 2 "$rota" sim run huge-1024p --duration 900000s
	[ "$SECONDS" -lt 30 ]
}

@test "a progress bar for the patient, on a terminal only" {
	command -v script >/dev/null || skip "script (bsdutils) is not installed"
	run -1 --separate-stderr timeout --preserve-status -s INT 3 "$rota" sim run smt --duration 900000s
	[[ $stderr != *$'\r'* && $stderr != *%* ]]
	run -1 script -qec "timeout --foreground --preserve-status -s INT 3 '$rota' sim run smt --duration 900000s" seen </dev/null
	grep -q $'\rsmt \[[#.]*\]  *[0-9]*%' seen
	grep -q 'rota: interrupted' seen
	# a short run is over before anybody asks
	script -qec "'$rota' sim run smt" short </dev/null >/dev/null
	! grep -q '\]  *[0-9]*%' short
}

@test "how a run is cut into steps makes no difference" {
	"$rota" sim run fairness-random --duration 3s --json | grep -v wall_ns >free
	nice -n 19 "$rota" sim run fairness-random --duration 3s --json | grep -v wall_ns >crowded
	"$rota" sim run fairness-random --duration 3s --json --report r.html | grep -v wall_ns | diff - free
	diff free crowded
}

@test "--dump: the scheduler's state at the end, as Xen prints it" {
	cat >dump.yaml <<-END
		duration: 1015ms
		host: {cores: 4, threads: 2}
		pools:
		  - {name: Pool-0, cpus: "0-1"}
		  - {name: tight, cpus: "2", params: {tslice: 5ms, mend: none, weight_of: domain}}
		domains:
		  - {name: a, vcpus: 3, weight: 512, workload: {model: hog}}
		  - {name: b, cap: 50, pool: tight, workload: {model: hog}}
	END
	run -0 "$rota" sim run dump.yaml --dump
	dump=$(sed -n '/^Domains: 0=a 1=b$/,$p' <<<"$output")
	# pCPUs in no pool, on whose dump Xen 4.17 panics
	[[ $dump == *$'\nNOW=1015000000\nOnline Cpus: 0-7\nFree Cpus: 3-7\nCPUs info:\nCPU[03] current=d[IDLE]v3, curr=d[IDLE]v3, prev=NULL\n'* ]]
	[[ $dump == *$'\nCpupool 0:\nCpus: 0-1\nScheduling granularity: cpu, 1 CPU per sched-resource\nScheduler: SMP Credit Scheduler (credit)\ninfo:\n\tncpus              = 2\n\tmaster             = 0\n\tcredit             = 600\n'* ]]
	[[ $dump == *$'\n\tweight             = 1536\n'*$'\n\ttslice             = 30ms\n\tratelimit          = 1000us\n\tcredits per msec   = 10\n\tticks per tslice   = 3\n'* ]]
	[[ $dump == *$'\nidlers: 00\nactive units:\n\t  1: [0.'* ]]
	[[ $dump == *$'\nCPU[00] nr_run='*', sibling={0-1}, core={0-7}'$'\n\trun: [0.'* ]]
	[[ $dump == *$'\nCpupool 1:\nCpus: 2\n'*$'\n\tcredit             = 50\n'*$'\n\ttslice             = 5ms\n'*$'\n\tweight of          = domain\n\tmend               = 0 of 7ff\n'* ]]
	[[ $dump == *'[1.0] pri=-'*' cpu=2 credit='*'[w=256,cap=50]'* ]]
	# three vCPUs on two pCPUs: two run and one waits
	[ "$(grep -c 'run: \[0\.' <<<"$dump")" = 2 ]
	[ "$(sed -n '/^CPU\[00\] nr_run/,/^Cpupool 1/p' <<<"$dump" | grep -c '^	  1: \[0\.')" = 1 ]
}

@test "who was woken while paused does not count the pause as latency" {
	cat >paused.yaml <<-END
		duration: 2s
		domains:
		  - {name: a, workload: {model: periodic, period: 10ms, cost: 1ms}}
		events:
		  - {at: 500ms, do: pause, domain: a}
		  - {at: 1500ms, do: unpause, domain: a}
	END
	"$rota" sim run paused.yaml --json >out.json
	python3 - <<-'END'
		import json
		latency = json.load(open('out.json'))['domains'][0]['wake_latency_ns']
		assert latency['count'] > 80 and latency['max'] < 100000, latency
	END
}

@test "a thread computes faster while the others of its core idle" {
	cat >threads.yaml <<-'END'
		duration: 1s
		host: {cores: 1, threads: 2, thread_alone: 160}
		domains:
		  - {name: a, cpus: "0", workload: {model: program, tasks: [{name: t, program: [{compute: 1ms}]}]}}
		  - {name: b, cpus: "1", workload: {model: duty, period: 100ms, on: 50ms}}
	END
	ops() { # ops SETTING
		"$rota" sim run threads.yaml --json --set "$1" |
			python3 -c 'import json, sys; print(json.load(sys.stdin)["domains"][0]["workload"]["count"])'
	}
	[ "$(ops 'domains.b.workload={model: hog}')" = 999 ]
	[ "$(ops seed=1)" = 1299 ] # half of the time alone
	[ "$(ops 'domains.b.workload={model: idle}')" = 1599 ]
	[ "$(ops host.thread_alone=100)" = 999 ]
}
