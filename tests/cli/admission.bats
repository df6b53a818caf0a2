#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a real-time pool refuses, or tells of, what the analysis can't guarantee: at the start of a scenario, in
# its events (parameters, moves, lost pCPUs, pins) and by command, where nothing is changed then; by default it does as
# soon as somebody was given a budget; what it admits runs; `rota analyze` of such a scenario, and --apply.

bats_require_minimum_version 1.5.0

setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	[ -z "${daemon:-}" ] || kill "$daemon" 2>/dev/null || :
}

# two servers, one pCPU: BUDGET is the second's, of 13 ms; 7 ms is the most beside 3 of 10
two() { # MODE POOL-KEYS BUDGET
	cat >s.yaml <<-END
		name: s
		duration: 300ms
		host: {cores: 1}
		pools: [{name: Pool-0, $2, admission: $1}]
		domains:
		  - {name: a, sched: {period: 10ms, budget: 3ms}, workload: {model: hog}}
		  - {name: b, sched: {period: 13ms, budget: $3}, workload: {model: hog}}
	END
}

@test "enforce: which vCPU, which interval, which demand and supply; nothing runs" {
	two enforce "sched: rtds" 7500us
	for verb in run check; do
		run --separate-stderr "$rota" sim $verb s.yaml
		[ $status = $([ $verb = run ] && echo 1 || echo 2) ]
		[ -z "$output" ]
		[ "$stderr" = "rota: s.yaml:4: pools.Pool-0.admission: a.v0 on pCPU 0: not guaranteed (processor demand, budgets put off): in an interval of 20 ms the demand is up to 20.5 ms, the supply 20 ms; reserve less, or write \`admission: warn\`" ]
	done
	two enforce "sched: rtds" 6900us
	run -0 --separate-stderr "$rota" sim check s.yaml
	[ -z "$output$stderr" ]
}

@test "warn and off: it runs" {
	two warn "sched: rtds" 7500us
	run -0 --separate-stderr "$rota" sim check s.yaml
	[[ $stderr == *"s.yaml: not guaranteed: pool Pool-0: a.v0"* ]]
	run -0 --separate-stderr "$rota" sim run s.yaml
	[[ $output == *"more was reserved than is guaranteed, 1 time, the first: pool Pool-0: a.v0"* ]]
	two off "sched: rtds" 7500us
	run -0 --separate-stderr "$rota" sim run s.yaml
	[[ $output != *guaranteed* ]]
}

@test "the verdict is of the pool's own rule, kind and placement" {
	# 0.877 of a pCPU: as periodic servers under EDF it holds, by rate it does not
	two enforce "sched: rtxen, params: {kind: periodic}" 7500us
	"$rota" sim check s.yaml
	two enforce "sched: rtxen, params: {kind: periodic, priority: rm}" 7500us
	run -2 --separate-stderr "$rota" sim check s.yaml
	[[ $stderr == *"b.v0 on pCPU 0: not guaranteed (response time)"* ]]
	two enforce "sched: sedf" 7500us
	"$rota" sim check s.yaml
	# on two pCPUs, each where the core has put it
	two enforce "sched: rtxen, params: {kind: deferrable, placement: partitioned, fit: worst}" 7500us
	sed -i 's/cores: 1/cores: 2/' s.yaml
	"$rota" sim check s.yaml
	sed -i 's/sched: {period: 10ms, budget: 3ms}/cpus: "1", &/; s/sched: {period: 13ms/cpus: "1", &/' s.yaml
	run -2 --separate-stderr "$rota" sim check s.yaml
	[[ $stderr == *"on pCPU 1: not guaranteed"* ]]
}

@test "an event that asks too much is refused whole; one that fits is carried out" {
	two enforce "sched: rtds" 5ms
	cat >>s.yaml <<-'END'
		events:
		  - {at: 100ms, do: sched, domain: b, sched: {budget: 8ms}}
		  - {at: 150ms, do: sched, domain: b, sched: {budget: 6ms, extratime: 0}}
	END
	run -0 "$rota" sim run s.yaml
	[[ $output == *"1 scripted command was refused, the first: s.yaml:9: at 0.100000 s: the pool does not admit it: a.v0 on pCPU 0: not guaranteed"* ]]
	two enforce "sched: rtxen, params: {kind: periodic}" 7500us
	printf 'events:\n  - {at: 100ms, do: pool_sched, pool: Pool-0, params: {kind: deferrable}}\n' >>s.yaml
	run -0 "$rota" sim run s.yaml
	[[ $output == *"1 scripted command was refused"*"does not admit it"* ]]
}

@test "by default it is enforced where somebody was given a budget, and only there" {
	two enforce "sched: rtds" 7500us
	sed -i 's/, admission: enforce//' s.yaml
	run -2 --separate-stderr "$rota" sim check s.yaml
	[[ $stderr == *"a.v0 on pCPU 0: not guaranteed"* ]]
	# Six vCPUs with Xen's 4 of 10 ms, and what is left over, are nobody's promise.
	cat >d.yaml <<-'END'
		duration: 100ms
		host: {cores: 2}
		pools: [{name: Pool-0, sched: rtds}]
		domains: [{name: a, vcpus: 6, workload: {model: hog}}]
	END
	"$rota" sim check d.yaml
	sed -i 's/sched: rtds/&, admission: enforce/' d.yaml
	run -2 --separate-stderr "$rota" sim check d.yaml
	[[ $stderr == *"not guaranteed"* ]]
	# One of them wants it for sure: now all have to be held.
	sed -i 's/, admission: enforce//; s/vcpus: 6,/&/' d.yaml
	printf 'events: [{at: 50ms, do: sched, domain: a, vcpu: 0, sched: {budget: 5ms}}]\n' >>d.yaml
	run -0 "$rota" sim run d.yaml
	[[ $output == *"1 scripted command was refused"*"does not admit it: "*"not guaranteed"* ]]
}

@test "moves, lost pCPUs and pins are judged before they happen" {
	cat >m.yaml <<-'END'
		duration: 300ms
		host: {cores: 4, costs: {context_switch: 0, ipi: 0, migration: 0, vm_exit: 0}}
		pools:
		  - {name: Pool-0, cpus: "0"}
		  - {name: rt, cpus: "1-2", sched: rtxen, params: {kind: periodic, placement: partitioned, fit: worst}}
		  - {name: slices, cpus: "3", sched: sedf}
		domains:
		  - {name: a, pool: rt, sched: {period: 10ms, budget: 6ms}, workload: {model: hog}}
		  - {name: b, pool: rt, sched: {period: 10ms, budget: 6ms}, workload: {model: hog}}
		  - {name: c, pool: slices, sched: {period: 20ms, slice: 10ms, extratime: 0}, workload: {model: hog}}
		events:
		  - {at: 50ms, do: move, domain: c, pool: rt}
		  - {at: 60ms, do: pin, domain: a, cpus: "1"}
		  - {at: 70ms, do: pin, domain: b, cpus: "1"}
		  - {at: 80ms, do: cpu_remove, pool: rt, cpus: "2"}
		  - {at: 90ms, do: move, domain: a, pool: slices}
	END
	run -0 "$rota" sim run m.yaml
	# Of the pins one is to where the vCPU is.
	[[ $output == *"4 scripted commands were refused, the first: m.yaml:12: at 0.050000 s: the pool does not admit it: c.v0 fits on no pCPU beside the others"* ]] || { echo "$output"; false; }
	"$rota" sim run m.yaml --json >r
	# All are where they were, and have what they were promised.
	python3 -c '
import json
r = {d["name"]: d for d in json.load(open("r"))["domains"]}
assert [r[n]["pool"] for n in "abc"] == ["rt", "rt", "slices"], r
assert all(abs(r[n]["share"] - s) < 0.02 for n, s in (("a", .6), ("b", .6), ("c", .5))), r'
	# The same with room for it.
	sed -i 's/budget: 6ms/budget: 2ms/; s/slice: 10ms/slice: 5ms/' m.yaml
	run -0 "$rota" sim run m.yaml
	[[ $output != *"refused"* ]] || { echo "$output"; false; }
}

@test "analyze a real-time scenario: the verdict, and --apply writes budgets that are then enough" {
	cat >s.yaml <<-'END'
		name: s
		duration: 2s
		host: {cores: 2}
		pools: [{name: Pool-0, sched: rtds}]
		domains:
		  # of 20 ms it needs 3
		  - {name: ctl, sched: {period: 5ms, budget: 700us, extratime: 0}, workload: {model: periodic, period: 20ms, cost: 3ms}}
		  - {name: vid, vcpus: 2, workload: {model: periodic, period: 40ms, cost: 9ms}}
	END
	run -1 --separate-stderr "$rota" analyze s.yaml
	[[ $output == *"3 vCPUs with deadlines demand 0.6000"* ]]
	[[ $stderr == "rota: analyze: ctl: its tasks are not schedulable: in an interval of"* ]]
	run -0 "$rota" analyze s.yaml --apply
	[[ $output == *"budgets of 2 domains written"* ]]
	grep -q '# of 20 ms it needs 3' s.yaml
	run -0 "$rota" analyze s.yaml
	[[ $output == *"schedulable: every budget is guaranteed"* ]]
	sed -i 's/sched: rtds/&, admission: enforce/' s.yaml
	"$rota" sim run s.yaml --json >r
	python3 -c 'import json,sys; d = json.load(open("r"))["domains"]; sys.exit(any(x["deadlines"]["missed"] or not x["deadlines"]["jobs"] for x in d))'
}

@test "by command: refused and undone, or told of; also in a pool that came later, unless rotad says off" {
	rotad=$(dirname "$rota")/rotad
	export ROTA_SOCKET=$BATS_TEST_TMPDIR/s
	# A request that needs no libxlutil.
	create() { # NAME BUDGET
		python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b"""{"version":1,"verb":"create","config":{"name":"%s","pool":"rt","period_us":13000,"budget_us":%s}}\n""" % (sys.argv[2].encode(), sys.argv[3].encode()))
print(s.makefile().readline().strip())' "$ROTA_SOCKET" "$1" "$2"
	}
	for mode in enforce warn; do
		cat >s.yaml <<-END
			duration: 1s
			host: {cores: 2}
			pools: [{name: Pool-0, cpus: "0"}, {name: rt, cpus: "1", sched: rtxen, admission: $mode}]
			domains:
			  - {name: a, pool: rt, sched: {period: 10ms, budget: 3ms}, workload: {model: hog}}
			  - {name: b, pool: rt, sched: {period: 13ms, budget: 1ms}, workload: {model: hog}}
		END
		"$rotad" --host sim s.yaml --speed step 3>&- &
		daemon=$!
		for _ in $(seq 200); do ! "$rota" domid 0 >/dev/null 2>&1 || break; sleep 0.05; done
		"$rota" step 50ms
		run -0 --separate-stderr "$rota" sched-rtxen -d b -v all -p 13000 -b 6900
		[ -z "$stderr" ]
		run --separate-stderr "$rota" sched-rtxen -d b -v all -p 13000 -b 7500
		[[ $stderr == *"cpupool 'rt': a.v0 on pCPU 1: not guaranteed (processor demand, budgets put off): in an interval of 20 ms the demand is up to 20.5 ms, the supply 20 ms" ]]
		[ $status = $([ $mode = warn ] && echo 0 || echo 1) ]
		run -0 "$rota" sched-rtxen -d b
		[[ $output == *$([ $mode = warn ] && echo 7500 || echo 6900)* ]]
		# As periodic servers it holds, but not by rate.
		"$rota" sched-rtxen -s -c rt -k periodic
		"$rota" sched-rtxen -d b -v all -p 13000 -b 7500
		run --separate-stderr "$rota" sched-rtxen -s -c rt -r rm
		[[ $stderr == *"b.v0 on pCPU 1: not guaranteed (response time)"* ]]
		[ $status = $([ $mode = warn ] && echo 0 || echo 1) ]
		run -0 "$rota" sched-rtxen -s -c rt
		[[ $output == *$([ $mode = warn ] && echo rm || echo edf)* ]] || { echo "$output"; false; }
		"$rota" sched-rtxen -d b -v all -p 13000 -b 1000
		run create c 9000
		[[ $output == *"not guaranteed"* ]] || { echo "$output"; false; }
		run -0 "$rota" list
		[ $mode = warn ] || [[ $output != *$'\n'"c "* ]]
		if [ $mode = enforce ]; then
			run create c 1000
			[[ $output == *'"id"'* ]]
			for d in a b c; do "$rota" destroy $d; done
			"$rota" cpupool-destroy rt
			"$rota" cpupool-create name=rt sched=rtds cpus=1
			run create d 13000
			[[ $output == *'"id"'* ]]
			run create e 13000
			[[ $output == *"not guaranteed"* || $output == *"fits on no pCPU"* ]] || { echo "$output"; false; }
		fi
		kill $daemon
		wait $daemon || :
		daemon=
	done
}

@test "by command: a move, a pCPU taken away and a pin are taken back" {
	rotad=$(dirname "$rota")/rotad
	export ROTA_SOCKET=$BATS_TEST_TMPDIR/s
	cat >s.yaml <<-'END'
		duration: 1s
		host: {cores: 3}
		pools: [{name: Pool-0, cpus: "0"}, {name: rt, cpus: "1-2", sched: rtxen, params: {kind: periodic}}]
		domains:
		  - {name: a, pool: rt, sched: {period: 10ms, budget: 6ms}, workload: {model: hog}}
		  - {name: b, pool: rt, sched: {period: 10ms, budget: 6ms}, workload: {model: hog}}
		  - {name: c, vcpus: 2, workload: {model: hog}}
	END
	for word in "" off; do
		"$rotad" --host sim s.yaml --speed step ${word:+--admission $word} 3>&- &
		daemon=$!
		for _ in $(seq 200); do ! "$rota" domid 0 >/dev/null 2>&1 || break; sleep 0.05; done
		"$rota" step 50ms
		before=$("$rota" vcpu-list | cut -c1-40; "$rota" cpupool-list -c)
		# c would come with 4 of 10 ms for each vCPU.
		for command in "cpupool-migrate c rt" "vcpu-pin a 0 1" "cpupool-cpu-remove rt 2"; do
			run --separate-stderr "$rota" $command
			[ $status = $([ -n "$word" ] && echo 0 || echo 1) ] || { echo "$command: $stderr"; false; }
			[ -n "$word" ] || [[ $stderr == *"cpupool 'rt': "* ]]
		done
		[ -n "$word" ] || [ "$("$rota" vcpu-list | cut -c1-40; "$rota" cpupool-list -c)" = "$before" ]
		kill $daemon
		wait $daemon || :
		daemon=
	done
}
