#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: named models of guests: the shipped ones run on any number of vCPUs, a user's own file is one too, and a
# mistake in it is told with its line.

bats_require_minimum_version 1.5.0

setup() {
	rota=${ROTA:-$PWD/build/rota}
	top=${ROTA_TOP:-$PWD}
	unset ROTA_DATA
	cd "$BATS_TEST_TMPDIR"
	cat >host.yaml <<-'END'
		duration: 50ms
		host: {cores: 3}
		domains:
		  - {name: vm1, vcpus: 3, workload: {model: ./own.yaml}}
	END
	cat >own.yaml <<-'END'
		description: mine
		source: nobody
		parameters:
		  each: {value: 1ms, chosen: why not}
		  held: {value: {exp: 2us}, fitted: "a figure"}
		workload:
		  locks: [{name: l, kind: pv}]
		  tasks:
		    - {name: a, count: vcpus, program: [{compute: $each}, {lock: l}, {compute: $held}, {unlock: l}]}
	END
}

# told WORDS...: checking the scenario fails with one line that has all of them
told() {
	run -2 --separate-stderr "$rota" sim check host.yaml
	[ "${#stderr_lines[@]}" = 1 ]
	for words; do
		[[ $stderr == *"$words"* ]]
	done
}

@test "every shipped model runs, on one vCPU as on five" {
	for f in "$top"/data/workloads/*.yaml; do
		name=$(basename "$f" .yaml)
		for n in 1 5; do
			"$rota" sim run host.yaml --json --set "domains.vm1.workload={model: $name}" --set domains.vm1.vcpus=$n \
				--set duration=400ms >out.json
			python3 - "$name" "$n" <<-'END'
				import json, sys
				d = json.load(open('out.json'))['domains'][0]
				assert d['guest']['ops'] > 0 and d['vcpus'] == int(sys.argv[2]), (sys.argv, d)
			END
		done
	done
}

@test "a file of one's own is a model; the scenario may give other values" {
	run -0 "$rota" sim run host.yaml
	[[ $output == *"vm1: "1[34][0-9]" operations"* ]]
	run -0 "$rota" sim run host.yaml --set domains.vm1.workload.each=500us
	[[ $output == *"vm1: "2[789][0-9]" operations"* ]]
	run -0 "$rota" sim run host.yaml --set 'domains.vm1.workload.held={uniform: [1us, 3us]}' --set domains.vm1.workload.start=25ms
	[[ $output == *"vm1: "[67][0-9]" operations"* ]]
	mkdir sub && mv host.yaml own.yaml sub
	"$rota" sim check sub/host.yaml
}

@test "a mistake in a model is told with its file and line" {
	sed -i 's/\$held/$hold/' own.yaml
	told "./own.yaml:9: domains.vm1.workload" "there is no parameter 'hold'"
	sed -i 's/\$hold/$held/; s/, chosen: why not//' own.yaml
	told "./own.yaml:4: " "wants its value, and one of fixed, chosen and fitted"
	sed -i 's/{value: 1ms}/{value: soon, chosen: x}/' own.yaml
	told "./own.yaml:4: domains.vm1.workload.tasks.a.program.0.compute" "'soon'"
	sed -i 's/soon/1ms/; s/^  locks:/  model: hog\n&/' own.yaml
	told "has model: or start:"
	sed -i '/model: hog/d; s/^workload:/work:/' own.yaml
	told "./own.yaml:6: " "work"
}

@test "what a scenario can't give a model" {
	sed -i 's/own.yaml}/own.yaml, hold: 1us}/' host.yaml
	told "host.yaml:4: domains.vm1.workload.hold: unknown key" "did you mean 'held'?"
	sed -i 's/ hold: 1us/ held: never/' host.yaml
	told "host.yaml:4: domains.vm1.workload.tasks.a.program.2.compute" "'never'"
	sed -i 's/, held: never//; s/own.yaml/none.yaml/' host.yaml
	told "host.yaml:4: domains.vm1.workload.model: unknown model './none.yaml'"
}
