#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: `rota analyze` and `rota taskset` on the command line: verdicts, formats in and out, refusals.

bats_require_minimum_version 1.5.0

setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	cd "$BATS_TEST_TMPDIR"
}

json() { # json FILTER: python expression over d
	python3 -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

# One line on stderr that begins with "rota: ", nothing on stdout, exit code 2.
refused() { # refused WORDS ARGUMENT...
	local words=$1
	shift
	run -2 --separate-stderr "$rota" "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == "rota: "*"$words"* ]]
}

shin_lee() {
	cat <<-END
		vms:
		  - name: w
		    sched: $1
		    period: 10ms
		    tasks:
		      - {name: a, cost: 7ms, period: 50ms}
		      - {name: b, cost: 9ms, period: 75ms}
	END
}

@test "the example of Shin and Lee, EDF and RM" {
	shin_lee edf | "$rota" analyze - --grain 1us --json >out
	[ "$(json 'd["vms"][0]["vcpus"][0]["budget_ns"]' <out)" = 2786000 ]
	shin_lee rm | "$rota" analyze - --grain 1us --json >out
	[ "$(json 'd["vms"][0]["vcpus"][0]["budget_ns"]' <out)" = 3500000 ]
	[ "$(json 'd["verdict"]' <out)" = schedulable ]
	shin_lee edf | "$rota" analyze - | grep -q 'budget 2785.715 us, period 10 ms'
}

@test "the same question in YAML, JSON and CSV has the same answer" {
	shin_lee edf | "$rota" analyze - --json >yaml
	echo '{"vms": [{"name": "w", "sched": "edf", "period": "10ms", "tasks": [
		{"name": "a", "cost_ns": 7000000, "period_ns": 50000000},
		{"name": "b", "cost": "9ms", "period": "75ms"}]}]}' | "$rota" analyze - --json >json
	printf 'vm,name,cost,period\nw,a,7ms,50ms\nw,b,9ms,75000000\n' |
		"$rota" analyze - --period 10ms --json >csv
	diff yaml json
	diff yaml csv
}

@test "CARTS's XML in and out" {
	cat >in.xml <<-'END'
		<?xml version="1.0"?>
		<system os_scheduler="EDF" min_period="1" max_period="50">
		  <!-- two tasks -->
		  <component name="C1" scheduler="EDF" min_period="10" max_period="10">
		    <task name="T1" p="50.0" d="50.0" e="7.0" delta_rel="0"></task>
		    <task name="T2" p="75" d="75" e="9"/>
		  </component>
		  <component name="C2" scheduler="RM" min_period="10" max_period="10">
		    <task name="T1" p="50" d="50" e="7"/>
		    <task name="T2" p="75" d="75" e="9"/>
		  </component>
		</system>
	END
	"$rota" analyze in.xml --unit 1ms --grain 1us --carts out.xml
	python3 - <<-'END'
		import xml.etree.ElementTree as ET
		models = [m.attrib for m in ET.parse("out.xml").getroot().iter("model")]
		assert [m["execution_time"] for m in models] == ["2.786", "3.5"], models
		assert all(m["cpus"] == "1" and m["period"] == "10" for m in models), models
	END
	# the interface of a component that has none
	sed 's/e="7"/e="49"/; s/e="9"/e="70"/' in.xml >over.xml
	run -1 --separate-stderr "$rota" analyze over.xml --unit 1ms --carts -
	[[ $output == *'cpus="0"'* ]]
	[[ $stderr == "rota: analyze: C1: its utilisation is "* ]]
}

@test "a global guest gets MPR or DMPR" {
	tasks='cost,period\n5ms,10ms\n5ms,10ms\n6ms,20ms\n'
	printf "$tasks" | "$rota" analyze - --guest gedf --model mpr -p 2ms --json >mpr
	[ "$(json 'd["vms"][0]["supply"]["model"], len(d["vms"][0]["vcpus"])' <mpr)" = "('mpr', 2)" ]
	printf "$tasks" | "$rota" analyze - --guest gedf -p 2ms --json >dmpr
	[ "$(json 'd["vms"][0]["vcpus"][0]["budget_ns"] == d["vms"][0]["vcpus"][0]["period_ns"]' <dmpr)" = True ]
	json 'd["vms"][0]["bandwidth"]' <dmpr >a
	json 'd["vms"][0]["bandwidth"]' <mpr >b
	awk -v a="$(cat a)" -v b="$(cat b)" 'BEGIN { exit !(a > 1.3 && a <= 2 && b > 1.3 && b <= 2) }'
}

@test "a given budget is judged, with the interval that shows why not" {
	cat >given.yaml <<-'END'
		host: {pcpus: 1}
		vms:
		  - {name: w, budget: 2786us, period: 10ms,
		     tasks: [{name: a, cost: 7ms, period: 50ms}, {name: b, cost: 9ms, period: 75ms}]}
	END
	run -0 "$rota" analyze given.yaml
	[[ $output == *"every budget is guaranteed"* ]]
	sed -i 's/2786us/2785us/' given.yaml
	run -1 --separate-stderr "$rota" analyze given.yaml
	[[ $stderr == "rota: analyze: w: its tasks are not schedulable: in an interval of "*" ns they demand "* ]]
}

@test "a host that can't hold the VMs is refused by server, interval, demand and supply" {
	cat >full.yaml <<-'END'
		host: {pcpus: 1, sched: rm, server: deferrable}
		vms:
		  - {name: a, budget: 2ms, period: 5ms}
		  - {name: b, budget: 3ms, period: 10ms}
	END
	run -0 "$rota" analyze full.yaml
	sed -i 's/3ms/5ms/' full.yaml
	run -1 --separate-stderr "$rota" analyze full.yaml --json
	[ "$(json 'd["witness"]["server"], d["witness"]["interval_ns"], d["witness"]["demand_ns"], d["witness"]["supply_ns"]' <<<"$output")" = \
		"('b.v0', 10000000, 11000000, 10000000)" ]
	[[ $stderr == *"b.v0"*"in an interval of 10 ms the demand is up to 11 ms, the supply 10 ms"* ]]
	# as periodic servers they fit: no jitter
	run -0 "$rota" analyze full.yaml --server periodic
}

@test "switching costs make short periods dear, grains round up" {
	shin_lee edf | grep -v period:.10ms >w.yaml
	"$rota" analyze w.yaml --json >free
	"$rota" analyze w.yaml --json --switch-cost 100us --grain 50us >dear
	[ "$(json 'd["vms"][0]["vcpus"][0]["period_ns"]' <free)" -lt "$(json 'd["vms"][0]["vcpus"][0]["period_ns"]' <dear)" ]
	[ "$(json 'd["vms"][0]["vcpus"][0]["budget_ns"] % 50000' <dear)" = 0 ]
}

@test "tests for CPUs of one's own" {
	printf 'cost,period\n20ms,30ms\n20ms,30ms\n5ms,30ms\n' >t.csv
	run "$rota" analyze t.csv --guest gedf -m 2 --tests -p 1ms
	[[ $output == *"gfb no, bak no, bcl yes, bcl-iterative yes, bar yes, rta yes"* ]]
	refused "pcpus" analyze t.csv --tests
}

@test "a scenario under credit: the demand, what it would take, and no guarantee" {
	cat >s.yaml <<-'END'
		name: s
		duration: 1s
		host: {cores: 2}
		domains:
		  - {name: rt, vcpus: 2, workload: {model: periodic, period: 10ms, cost: 3ms}}
		  - {name: hog, vcpus: 1, workload: {model: hog}}
	END
	run -1 --separate-stderr "$rota" analyze s.yaml
	[[ $output == *"2 vCPUs with deadlines demand 0.6000"* ]]
	[[ $stderr == *"credit guarantees no deadline"* ]]
	cp s.yaml before.yaml
	run -1 --separate-stderr "$rota" analyze s.yaml --apply
	[[ $stderr == "rota: s.yaml:"*"--apply needs a real-time policy"* ]]
	diff s.yaml before.yaml
	[ ! -e s.yaml.new ]
	sed -i 's/model: periodic, period: 10ms, cost: 3ms/model: hog/' s.yaml
	run -0 "$rota" analyze s.yaml
	[[ $output == *"no vCPU has deadlines"* ]]
}

@test "task sets: reproducible, of the sum asked for, read by analyze" {
	"$rota" taskset generate -u 0.7 -n 5 --sets 20 --seed 9 >a
	"$rota" taskset generate -u 0.7 -n 5 --sets 20 --seed 9 >b
	diff a b
	"$rota" taskset generate -u 0.7 -n 5 --sets 20 --seed 10 | diff -q a - && false
	[ "$(json 'all(abs(sum(t["cost_ns"]/t["period_ns"] for t in v["tasks"]) - 0.7) < 1e-6 for v in d["vms"])' <a)" = True ]
	"$rota" analyze a --json >r
	[ "$(json 'len(d["vms"])' <r)" = 20 ]
	for m in uunifast randfixedsum kato uni-light uni-medium uni-heavy exp-light exp-medium exp-heavy bimo-light bimo-medium bimo-heavy; do
		"$rota" taskset generate -u 1.7 -n 6 --csv --method $m --constrained |
			awk -F, 'NR > 1 { u += $3 / $4; bad += $5 < $3 || $5 > $4 && $3 <= $4 } END { exit !(u > 1.699 && u < 1.701 && !bad) }'
	done
	# these bytes are a promise to experiments
	[ "$("$rota" taskset generate -u 0.8 -n 4 --csv | tail -n +2 | tr '\n' ' ')" = \
		"0,t1,1166836,61000000,61000000 0,t2,1768475,27000000,27000000 0,t3,525450931,880000000,880000000 0,t4,13955757,118000000,118000000 " ]
}

@test "what is wrong is said in one line, with exit code 2" {
	refused "name one file" analyze
	refused "No such file" analyze missing.yaml
	printf 'vms: [{tasks: [{cost: 1ms, perod: 2ms}]}]\n' >x
	refused "x:1: perod: there is no such key" analyze x
	printf 'vms:\n  - tasks: [{cost: 1ms, period: 0}]\n' >x
	refused "x:2: task t1: its period must be above 0" analyze x
	printf 'vms: {}\n' >x
	refused "a list of VMs" analyze x
	printf 'tasks: [{cost: 1.5, period: 9}]\n' >x
	refused "cost: a time is written" analyze x
	printf 'tasks: [{cost: 99999999999999999999, period: 9}]\n' >x
	refused "cost: a time is written" analyze x
	printf 'tasks: [{cost: 1, cost: 1, period: 9}]\n' >x
	refused "cost: given twice" analyze x
	printf 'cost,period\n1ms\n' >x
	refused "x:2: fewer fields" analyze x
	printf 'cost,perod\n1ms,2ms\n' >x
	refused "no column 'perod'" analyze x
	: >x
	refused "the file is empty" analyze x
	printf '<system><component name="a"><task p="1" e="1"/></component>' >x
	refused "x:1: the file ends within <system>" analyze x
	printf '<system os_scheduler="EDF"><component><task p="x" e="1"/></component></system>' >x
	refused 'p="x" is not a time' analyze x
	printf '<!DOCTYPE a [<!ENTITY b "c">]><system/>' >x
	refused "x:1: a '<' begins no tag" analyze x
	head -c 200 /dev/urandom >x
	run -2 "$rota" analyze x
	refused "model" analyze x --model none
	refused "least is above" analyze x --period 5ms:1ms
	refused "pCPUs is 1 to 4096" analyze x -m 0
	refused "is needed" taskset generate
	refused "the verb is generate" taskset
	refused "so few tasks" taskset generate -u 5 -n 4
	refused "no so many numbers" taskset generate -u 3 -n 4 --method randfixedsum --task-util 0:0.5
	refused "range of periods" taskset generate -u 1 -p 1s:1ms
}
