#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: `rota sim sweep`: the table of every combination, the same from any number of processes; a sweep that
# fails names its point and leaves nothing; a mistake in a specification is one sentence.

bats_require_minimum_version 1.5.0

setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	export ROTA_SCENARIOS=$top/scenarios
	cd "$BATS_TEST_TMPDIR"
	cat >base.yaml <<-END
		duration: 300ms
		domains:
		  - {name: a, workload: {model: hog}}
		  - {name: b, workload: {model: periodic, period: 10ms, cost: 4ms}}
		  - {name: c, workload: {model: bursty, run: {exp: 1ms}, sleep: {exp: 3ms}}}
	END
	cat >spec.yaml <<-END
		scenario: base.yaml
		set: {domains.c.weight: 64}
		axes:
		  - {name: weight, path: domains.a.weight, values: [64, 256, 1024]}
		  - {name: seed, seeds: 3}
		  - name: limit
		    values:
		      none: {pools.Pool-0.params.ratelimit: 0}
		      "long, with slice": {pools.Pool-0.params.ratelimit: 5ms, pools.Pool-0.params.tslice: 5ms}
		columns:
		  hash: trace_hash
		  share: domains.a.share
		  ran: sum domains.*.run_ns
		  late: sum domains.*.deadlines.missed / sum domains.*.deadlines.jobs
		  nothing: sum domains.*.boosts / sum domains.*.cap
	END
}

# One line on stderr with all the words, nothing on stdout.
refused() { # refused STATUS WORDS ARGUMENT...
	local status_wanted=$1 words=$2
	shift 2
	run -"$status_wanted" --separate-stderr "$rota" sim sweep "$@"
	[ -z "$output" ] || { echo "$output"; return 1; }
	[ "${#stderr_lines[@]}" = 1 ] || { echo "$stderr"; return 1; }
	[[ $stderr == "rota: "*"$words"* ]] || { echo "$stderr"; return 1; }
}

@test "one row for each combination, the last axis turning fastest" {
	"$rota" sim sweep spec.yaml -j 2 >out.csv
	[ "$(wc -l <out.csv)" = 19 ]
	[ "$(sed -n 1p out.csv)" = weight,seed,limit,hash,share,ran,late,nothing ]
	[[ $(sed -n 2p out.csv) == 64,1,none,* ]]
	[[ $(sed -n 3p out.csv) == '64,1,"long, with slice",'* ]]
	[[ $(sed -n 4p out.csv) == 64,2,none,* ]]
	[[ $(sed -n 19p out.csv) == '1024,3,"long, with slice",'* ]]
	# a division by zero has no value
	! grep -qv ',$' <(sed 1d out.csv)
}

@test "a row is what rota sim run says of the same combination" {
	"$rota" sim sweep spec.yaml --axis weight=1024 --axis seed=2 --axis limit=none >row.csv
	"$rota" sim run base.yaml --set domains.c.weight=64 --set domains.a.weight=1024 --seed 2 \
		--set pools.Pool-0.params.ratelimit=0 --json >run.json
	python3 - <<-END
		import csv, json
		row = list(csv.DictReader(open("row.csv")))
		run = json.load(open("run.json"))
		d = {x["name"]: x for x in run["domains"]}
		assert len(row) == 1
		row = row[0]
		assert row["hash"] == run["trace_hash"]
		assert abs(float(row["share"]) - d["a"]["share"]) < 1e-11 # --json has 12 digits
		assert int(row["ran"]) == sum(x["run_ns"] for x in run["domains"])
		assert float(row["late"]) == d["b"]["deadlines"]["missed"] / d["b"]["deadlines"]["jobs"]
	END
}

@test "the same bytes from any number of processes" {
	"$rota" sim sweep spec.yaml -j 1 -o 1.csv
	"$rota" sim sweep spec.yaml -j 2 -o 2.csv
	"$rota" sim sweep spec.yaml -j 40 -o 40.csv
	cmp 1.csv 2.csv
	cmp 1.csv 40.csv
	# and not because all rows are alike
	[ "$(cut -d, -f4 <1.csv | sort -u | wc -l)" -gt 10 ]
}

@test "operations on the fields that wildcards name" {
	cat >ops.yaml <<-END
		scenario: base.yaml
		axes: [{name: seed, seeds: 1}]
		columns:
		  n: count domains.*.share
		  least: min domains.*.share
		  most: max domains.*.share
		  mean: mean domains.*.share
		  sum: sum domains.*.share
		  no_miss: none domains.a.deadlines.missed
		  blocked: none domains.*.blocked_ns
		  busy: zeros domains.*.blocked_ns
		  by_index: domains.0.share
		  some: count domains.[ab].share
	END
	"$rota" sim sweep ops.yaml >out.csv
	"$rota" sim run base.yaml --json >run.json
	python3 - <<-END
		import csv, json
		row = next(csv.DictReader(open("out.csv")))
		s = [d["share"] for d in json.load(open("run.json"))["domains"]]
		assert row["blocked"] == "0" and row["busy"] == "1"
		assert row["n"] == "3" and row["some"] == "2" and row["no_miss"] == "1"
		near = lambda a, b: abs(float(row[a]) - b) < 1e-11 # --json has 12 digits
		assert near("least", min(s)) and near("most", max(s)) and near("mean", sum(s) / 3) and near("sum", sum(s))
		assert near("by_index", s[0])
	END
}

@test "a range has a unit or none, and its end belongs to it" {
	cat >range.yaml <<-END
		scenario: base.yaml
		axes:
		  - {name: cost, path: domains.b.workload.cost, range: {from: 0.5ms, to: 2ms, step: 0.75ms}}
		  - {name: w, path: domains.a.weight, range: {from: 100, to: 350, step: 100}}
		columns: {share: domains.b.share}
	END
	"$rota" sim sweep range.yaml >out.csv
	[ "$(sed 1d out.csv | cut -d, -f1 | sort -u | tr '\n' ' ')" = "0.5ms 1.25ms 2ms " ]
	[ "$(sed 1d out.csv | cut -d, -f2 | sort -u | tr '\n' ' ')" = "100 200 300 " ]
}

@test "the point that fails is named, the same one for any number of processes, and no file is left" {
	sed -i 's/ran: .*/ran: domains.zzz.run_ns/' spec.yaml
	refused 1 "spec.yaml: point 0 (weight=64, seed=1, limit=none): columns.ran: the result has no field domains.zzz.run_ns" \
		spec.yaml -j 1 -o out.csv
	one=$stderr
	refused 1 "point 0" spec.yaml -j 5 -o out.csv
	[ "$one" = "$stderr" ]
	sed -i 's/ran: .*/ran: domains.*.run_ns/' spec.yaml
	refused 1 "names 3 fields; write sum" spec.yaml -o out.csv
	[ -z "$(ls | grep csv)" ]
}

@test "a file there before stays as it was when the sweep fails" {
	echo before >out.csv
	sed -i 's/ran: .*/ran: nonsense/' spec.yaml
	refused 1 "columns.ran" spec.yaml -o out.csv
	[ "$(cat out.csv)" = before ]
}

@test "a value that the scenario refuses is told before anything runs" {
	sed -i 's/1024\]/0]/' spec.yaml
	refused 2 "point 12 (weight=0, seed=1, limit=none): --set 'domains.a.weight=0': domains.a.weight" spec.yaml -o out.csv
	refused 2 "domains.a.weight" spec.yaml --check
}

@test "--check says nothing when all is right, and runs nothing" {
	run -0 "$rota" sim sweep spec.yaml --check -o out.csv
	[ -z "$output" ]
	[ ! -e out.csv ]
}

@test "^C: nothing is written, and no process stays" {
	"$rota" sim sweep spec.yaml --set duration=10000s -j 2 -o out.csv 2>err &
	pid=$!
	for _ in $(seq 100); do
		[ "$(pgrep -c -P $pid)" = 2 ] && break
		sleep 0.1
	done
	children=$(pgrep -P $pid)
	kill -TERM $pid
	wait $pid && return 1
	grep -q '^rota: interrupted after 0 of 18 points; nothing was written$' err
	[ ! -e out.csv ]
	for c in $children; do
		! kill -0 "$c" 2>/dev/null
	done
}

@test "a worker that is killed is an error that names its point" {
	"$rota" sim sweep spec.yaml --set duration=10000s -j 1 -o out.csv 2>err &
	pid=$!
	for _ in $(seq 100); do
		child=$(pgrep -P $pid) && break
		sleep 0.1
	done
	kill -KILL "$child"
	wait $pid && return 1
	grep -q 'point 0 (weight=64, seed=1, limit=none): its process was ended by signal 9' err
	[ ! -e out.csv ]
}

@test "on a terminal: how far it is, and nothing of it left at the end" {
	command -v script >/dev/null || skip "script is not installed"
	script -qec "'$rota' sim sweep spec.yaml --set duration=20s -j 2 -o out.csv" /dev/null >screen
	grep -q 'spec \[[#.]*\] [0-9]* of 18 points' screen
	[[ $(tail -c 4 screen) == *$'\e[K' ]]
	"$rota" sim sweep spec.yaml --set duration=20s -j 2 -o out2.csv 2>err
	[ ! -s err ]
	cmp out.csv out2.csv
}

bad() { # bad LINE:KEY WORDS; the specification on standard input
	cat >bad.yaml
	refused 2 "bad.yaml:$1: " bad.yaml
	[[ $stderr == *"$2"* ]] || { echo "$stderr"; return 1; }
}

@test "mistakes in a specification" {
	bad "1: scenario" "is not a mapping" <<<'[]' || bad "1: scenario" "a mapping is needed" <<<'[]'
	bad "1: scenario" "says nothing to run" <<<'axes: [{name: seed, seeds: 3}]'
	bad "1: scenario" "both" <<<'{scenario: a, generate: {a: 1}}'
	bad "1: axes" "is missing" <<<'scenario: base.yaml'
	bad "1: axes" "is empty" <<<'{scenario: base.yaml, axes: []}'
	bad "1: axes.seed" "has no values" <<<'{scenario: base.yaml, axes: [{name: seed}]}'
	bad "1: axes.s.values" "makes 0 values" <<<'{scenario: base.yaml, axes: [{name: s, values: []}]}'
	bad "1: axes.s.seeds" "beside range" <<<'{scenario: base.yaml, axes: [{name: s, seeds: 1, range: {from: 1, to: 2, step: 1}}]}'
	bad "1: axes.s.range.to" "another unit" <<<'{scenario: base.yaml, axes: [{name: s, range: {from: 1ms, to: 2, step: 1ms}}]}'
	bad "1: axes.s.range" "goes nowhere" <<<'{scenario: base.yaml, axes: [{name: s, range: {from: 1, to: 2, step: 0}}]}'
	bad "1: axes.s.range" "makes 200001 values" <<<'{scenario: base.yaml, axes: [{name: s, range: {from: 0, to: 200000, step: 1}}]}'
	bad "1: axes.s.range.from" "is not a number" <<<'{scenario: base.yaml, axes: [{name: s, range: {from: x, to: 2, step: 1}}]}'
	bad "1: axes" "more than 1000000 points" <<<'{scenario: base.yaml, axes: [{name: a, seeds: 10000}, {name: b, seeds: 10000}]}'
	bad "1: axes.s" "of this name already" <<<'{scenario: base.yaml, axes: [{name: s, seeds: 2}, {name: s, seeds: 2}]}'
	bad "1: axes.s.path" "is not a path" <<<'{scenario: base.yaml, axes: [{name: s, path: a=b, values: [1]}]}'
	bad "1: axes.s.values" "has paths of its own" <<<'{scenario: base.yaml, axes: [{name: s, path: a, values: {x: {a: 1}}}]}'
	bad "1: axes.s.values.x" "is not a mapping of paths" <<<'{scenario: base.yaml, axes: [{name: s, values: {x: 1}}]}'
	bad "1: axes.s.seed" "did you mean" <<<'{scenario: base.yaml, axes: [{name: s, seed: 1}]}'
	bad "1: columns" "is missing" <<<'{scenario: base.yaml, axes: [{name: s, path: seed, seeds: 1}]}'
	bad "1: columns.s" "is an axis as well" <<<'{scenario: base.yaml, axes: [{name: s, path: seed, seeds: 1}], columns: {s: a}}'
	bad "1: columns.x" "is not a term" <<<'{scenario: base.yaml, axes: [{name: s, path: seed, seeds: 1}], columns: {x: sum}}'
	bad "1: columns.x" "is not a term" <<<'{scenario: base.yaml, axes: [{name: s, path: seed, seeds: 1}], columns: {x: a / b c}}'
	bad "1: columns.x" "is given twice" <<<'{scenario: base.yaml, axes: [{name: s, path: seed, seeds: 1}], columns: {x: a, x: b}}'
	bad "1: set" "is not a mapping of paths" <<<'{scenario: base.yaml, set: 3, axes: [{name: s, path: seed, seeds: 1}], columns: {x: a}}'
	bad "1: colums" "did you mean 'columns'" <<<'{scenario: base.yaml, colums: 3}'
	refused 2 "spec2.yaml:1: scenario: cannot be read" spec2.yaml
	sed -i 's/base.yaml/gone.yaml/' spec.yaml
	refused 2 "point 0 (weight=64, seed=1, limit=none): gone.yaml:1: scenario: cannot be read" spec.yaml
}

@test "misuse of the command" {
	refused 2 "give a specification"
	refused 2 "one specification at a time, not also b" spec.yaml b
	refused 2 "-j wants a number from 1 to 256, not 0" spec.yaml -j 0
	refused 2 "-j wants a number from 1 to 256, not x" spec.yaml -j x
	refused 2 "there is no option --nope" spec.yaml --nope
	refused 2 "--set wants PATH=VALUE" spec.yaml --set nope
	refused 2 "--axis weight: has no '='" spec.yaml --axis weight
	refused 2 "the sweep has no axis of this name" spec.yaml --axis nope=1
	refused 2 "one of these is no value of that axis" spec.yaml --axis limit=none,nope
	refused 2 "write values as 1,2,3 or 1..3" spec.yaml --axis seed=3..1
	refused 2 "write values as 1,2,3 or 1..3" spec.yaml --axis seed=
	refused 2 "an axis of the sweep changes this; use --axis" spec.yaml --set seed=4
	refused 1 "can't write" spec.yaml -o nodir/out.csv
}

@test "--help names every option that there is" {
	"$rota" sim sweep --help >help
	for option in jobs output report markdown svg show set axis check help; do
		grep -q -- "--$option" help
	done
}

# Each process of mpirun, on this machine; without leak checks, which find those of MPI's libraries.
over_mpi() { # over_mpi PROCESSES ARGUMENT...
	local n=$1
	shift
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 OMPI_MCA_btl_base_warn_component_unused=0 \
		timeout 120 mpirun --allow-run-as-root --oversubscribe --quiet -np "$n" "$rota" sim sweep "$@"
}

needs_mpi() {
	command -v mpirun >/dev/null || skip "there is no mpirun"
	[ -e "$(dirname "$rota")/rota-mpi.so" ] || skip "this rota was built without MPI"
}

@test "under mpirun the same bytes, whoever has run what" {
	needs_mpi
	"$rota" sim sweep spec.yaml -j 1 -o 1.csv
	over_mpi 2 spec.yaml -o mpi2.csv
	over_mpi 3 spec.yaml -j 2 -o mpi3.csv
	over_mpi 2 spec.yaml >mpi.csv
	cmp 1.csv mpi2.csv
	cmp 1.csv mpi3.csv
	cmp 1.csv mpi.csv
}

@test "under mpirun a point that fails is named once, and no file is left" {
	needs_mpi
	sed -i 's/ran: .*/ran: domains.zzz.run_ns/' spec.yaml
	over_mpi 2 spec.yaml -o out.csv 2>err && return 1
	[ "$(grep -c '^rota: ' err)" = 1 ]
	grep -q '^rota: spec.yaml: point 0 (weight=64, seed=1, limit=none): columns.ran' err
	[ ! -e out.csv ]
	over_mpi 2 spec.yaml -o nodir/out.csv 2>err && return 1
	[ "$(grep -c '^rota: ' err)" = 1 ]
	over_mpi 2 gone.yaml 2>err && return 1
	[ "$(grep -c '^rota: ' err)" = 1 ]
}

@test "mpirun and a rota without MPI: one clear line" {
	mkdir bin && cp "$rota" bin/rota
	PMIX_RANK=0 run -2 --separate-stderr bin/rota sim sweep spec.yaml
	[[ $stderr == "rota: mpirun started this rota, which was built without MPI; "* ]]
	PMIX_RANK=1 run -2 --separate-stderr bin/rota sim sweep spec.yaml
	[ -z "$stderr" ]
}

@test "generated scenarios: the analysis beside the run" {
	cat >gen.yaml <<-END
		generate: {tasks: 6, method: randfixedsum, task-util: "0.05:0.3", period: "20ms:100ms", vms: 2, pcpus: 2, guest: edf, server-period: 5ms, budget-grain: 100us, switch-cost: 0}
		set: {duration: 2s}
		axes:
		  - {name: u, path: generate.utilisation, values: [0.6, 1.2, 1.7]}
		  - {name: kind, path: generate.kind, values: [periodic, deferrable]}
		  - {name: set, path: generate.set, values: [1, 2, 3]}
		columns:
		  u: analysis.utilisation
		  bandwidth: analysis.bandwidth
		  schedulable: analysis.schedulable
		  missed: sum domains.*.deadlines.missed
		  jobs: sum domains.*.deadlines.jobs
		  tasks: analysis.tasks
		findings:
		  - {claim: what is wanted is not above what is reserved, column: u, not_above: bandwidth}
	END
	sed -i 's/^  u: /  asked: /; s/column: u,/column: asked,/' gen.yaml
	"$rota" sim sweep gen.yaml -o gen.csv --report gen.html --markdown gen.md --svg gen.svg >said
	grep -q 'holds: at 18 of 18 points' said
	python3 - <<-END
		import csv
		rows = list(csv.DictReader(open("gen.csv")))
		assert len(rows) == 18
		for r in rows:
		    assert r["tasks"] == "6" and int(r["jobs"]) > 50
		    assert abs(float(r["asked"]) - float(r["u"])) < 0.01
		    if r["schedulable"] == "1":
		        assert r["missed"] == "0", r
		assert sum(r["schedulable"] == "1" for r in rows) >= 6
		# the same sets for both kinds
		assert [r["asked"] for r in rows if r["kind"] == "periodic"] == [r["asked"] for r in rows if r["kind"] == "deferrable"]
	END
	python3 -c 'import xml.dom.minidom as x; x.parse("gen.svg")'
}

@test "--show: a point's scenario, which can be run by itself" {
	cat >gen.yaml <<-END
		generate: {tasks: 4, vms: 2, guest: edf, server-period: 5ms, pcpus: 2, phases: random}
		set: {duration: 1s}
		axes: [{name: u, path: generate.utilisation, values: [0.5, 1]}, {name: seed, seeds: 2}]
		columns: {hash: trace_hash}
	END
	"$rota" sim sweep gen.yaml -o gen.csv >said
	"$rota" sim sweep gen.yaml --show 3 >point.yaml
	eval "$(sed -n 's/^# rota sim run FILE/"$rota" sim run point.yaml --json/p' point.yaml)" >run.json
	grep -q "$(sed -n 5p gen.csv | cut -d, -f3)" run.json
	[ "$(sed -n 4p gen.csv | cut -d, -f3)" != "$(sed -n 5p gen.csv | cut -d, -f3)" ]
	"$rota" sim sweep spec.yaml --show 7 | grep -q "^# rota sim run base.yaml --set 'domains.c.weight=64' --set 'domains.a.weight=256'"
	refused 2 "the sweep has 18 points, 0 to 17" spec.yaml --show 18
	refused 2 "--show wants the number of a point, not x" spec.yaml --show x
}

@test "mistakes in a generator's parameters" {
	wrong() { # wrong WORDS; parameters on standard input
		printf 'generate: %s\naxes: [{name: set, path: generate.set, values: [1]}]\ncolumns: {x: analysis.tasks}\n' "$(cat)" >gen.yaml
		refused 2 "gen.yaml: point 0 (set=1): $1" gen.yaml
	}
	wrong "generate.utilisation: is missing" <<<'{vms: 2}'
	wrong "generate.load: is missing" <<<'{servers: [1ms/2ms]}'
	wrong "generate.servers: '[\"3ms/2ms\"]': write budgets" <<<'{servers: ["3ms/2ms"], load: 1}' || wrong "generate.servers" <<<'{servers: ["3ms/2ms"], load: 1}'
	wrong "generate.nope: is no parameter" <<<'{utilisation: 1, nope: 3}'
	wrong "generate.method: 'x': is none of" <<<'{utilisation: 1, method: x}'
	wrong "generate.guest: 'x': write one of edf" <<<'{utilisation: 1, guest: x}'
	wrong "generate.priority: fp is the order" <<<'{utilisation: 1, priority: fp}'
	wrong "generate: so few tasks" <<<'{utilisation: 5, tasks: 2}'
}

@test "plots and findings: mistakes" {
	head -n 20 spec.yaml >head.yaml
	extra() { # extra KEY WORDS; the lines on standard input
		cat head.yaml - >bad.yaml
		refused 2 "$1: " bad.yaml
		[[ $stderr == *"$2"* ]] || { echo "$stderr"; return 1; }
	}
	extra plots.0.y "there is no column" <<<'plots: [{title: t, y: nope, x: seed}]'
	extra plots.0.x "is missing" <<<'plots: [{title: t, y: share}]'
	extra findings.0.by "is missing" <<<'findings: [{claim: c, column: share}]'
	extra findings.0.least "is missing" <<<'findings: [{claim: c, column: share, by: limit}]'
	extra findings.0.least "is no value of axis" <<<'findings: [{claim: c, column: share, by: limit, least: x}]'
	extra findings.0.where.seed "is no value" <<<'findings: [{claim: c, column: share, by: limit, least: none, where: {seed: 9}}]'
	extra findings.0 "both least: and most:" <<<'findings: [{claim: c, column: share, by: limit, least: none, most: none}]'
	extra findings.0 "keep one of the two kinds" <<<'findings: [{claim: c, column: share, not_above: ran, by: limit}]'
}

@test "findings are looked for in the table" {
	cat >>spec.yaml <<-END
		findings:
		  - {claim: more weight more share, column: share, by: weight, most: 1024, each: [seed, limit]}
		  - {claim: less weight more share, column: share, by: weight, most: 64, each: [seed, limit]}
		  - {claim: a share is no time, column: share, not_above: ran}
		  - {claim: the opposite, column: ran, not_above: share, where: {seed: 1}}
	END
	"$rota" sim sweep spec.yaml -o out.csv >said
	grep -A1 'more weight' said | grep -q 'holds: .* so in 6 of 6 cells'
	grep -A1 'less weight' said | grep -q 'does not hold: .* so in 0 of 6 cells'
	grep -A1 'no time' said | grep -q 'holds: at 18 of 18 points'
	grep -A1 'opposite' said | grep -q 'does not hold: at 0 of 6 points'
	# of other axes: values go by their names, and what is left out can't be told
	"$rota" sim sweep spec.yaml --axis weight=256,1024 --axis seed=2,3 -o out.csv >said
	grep -A1 'more weight' said | grep -q 'holds: .* so in 4 of 4 cells'
	grep -A1 'less weight' said | grep -q "can't be told"
	grep -A1 'opposite' said | grep -q "can't be told"
	"$rota" sim sweep spec.yaml --axis weight=1024 -o out.csv >said
	grep -A1 'more weight' said | grep -q "can't be told"
}

# The shipped sweeps with few sets: what must hold whatever the sets are.
finds() { # finds CLAIM: the lines of it in `said` end with "holds: ..."
	grep -A1 "^$1" said | grep -q '^  holds' || { cat said; return 1; }
}

@test "emsoft11: guarantees are kept, and the vectors differ as they should" {
	"$rota" sim paper emsoft11 --axis set=1,2 --axis load=0.5,0.8,1 --set duration=20s -o out.csv >said
	finds "Whatever response times guarantee is met"
	finds "Shares that increase against priority are the hardest"
	finds "Of deferrable, periodic and polling servers the deferrable ones miss least"
	[ "$(wc -l <out.csv)" = 73 ]
}

@test "rtas12: what the theory admits misses nothing, and lent time shortens response times" {
	"$rota" sim paper rtas12 --axis set=1..4 --axis load=0.3,0.6,0.8 --set duration=10s -o out.csv >said
	finds "Systems that the theory admits miss nothing"
	finds "CRPS has a shorter mean response time than PTPS"
	# both answers of the theory occur
	[ "$(cut -d, -f5 out.csv | sort -u | tr '\n' ' ')" = "0 1 theory " ]
}

@test "emsoft14: what the theory admits misses nothing, under each host" {
	"$rota" sim paper emsoft14 --axis set=1,2 --axis load=2.9,3.7,4.3 --set duration=5s -o out.csv --report out.html >said
	for host in gEDF gDM pEDF pDM; do
		finds "What theory admits under $host misses nothing"
	done
	finds "Guests under pEDF need less bandwidth than under gEDF"
	grep -q '</html>' out.html
}
