#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: settings that last: rota.yaml and --save, applied to pools at the start and to domains when they appear,
# over restarts; files that are no settings; rotad killed while it saves.

bats_require_minimum_version 1.5.0

load rotad
speed=step

vm() { "$rota" create "name=\"$1\"" vcpus=2 'workload="{model: hog}"' "${@:2}"; }

@test "rota.yaml: pools, defaults, patterns; what a domain's own file says comes first" {
	cat >"$dir/rota.yaml" <<-'Y'
	access: {others: read}
	pools:
	  - {name: rt, sched: rtds, cpus: "6-7"}
	  - {name: Pool-0, params: {tslice_ms: 10}}
	  - {name: c2, sched: credit2, cpus: 5, params: {ratelimit_us: 500}}
	defaults: {weight: 300}
	domains:
	  - {name: "web*", weight: 512, cap: 50, cpus: "0-3", cpus_soft: 1}
	  - {name: "rt[0-9]", pool: rt, rt: [{period_us: 20000, budget_us: 5000, extratime: false}, {vcpu: 1, period_us: 40000}]}
	  - {name: "*", weight: 100}
	Y
	up --config "$dir/rota.yaml"
	[ ! -s "$dir/log" ]
	[ "$(stat -c %a "$dir/s")" = 666 ]
	run -0 "$rota" cpupool-list -c
	[ "${lines[1]}" = "Pool-0             0,1,2,3,4" ]
	[ "${lines[2]}" = "rt                 6,7" ]
	[ "${lines[3]}" = "c2                 5" ]
	run -0 "$rota" sched-credit -s
	[[ $output == *"tslice=10ms"* ]]
	vm web1
	vm other
	vm rt7
	vm web2 cpu_weight=7 'cpus="2"'
	vm web3 'pool="c2"'
	run -0 "$rota" sched-credit
	[ "${lines[2]}" = "Domain-0                             0    100    0" ]
	[ "${lines[3]}" = "web1                                 1    512   50" ]
	[ "${lines[4]}" = "other                                2    100    0" ]
	[ "${lines[5]}" = "web2                                 4      7   50" ]
	run -0 "$rota" sched-credit2
	[ "${lines[0]}" = "Cpupool c2: ratelimit=500us" ]
	[ "${lines[2]}" = "web3                                 5    512   50" ]
	run -0 "$rota" sched-rtds -v all
	[ "${lines[2]}" = "rt7                                  3    0     20000      5000         no" ]
	[ "${lines[3]}" = "rt7                                  3    1     40000      5000         no" ]
	run -0 "$rota" vcpu-list web1 web2
	[[ ${lines[1]} == *" 0-3 / 1" ]]
	[[ ${lines[3]} == *" 2 / 1" ]]
	down
}

@test "--save: over a restart, and for a domain of the same name" {
	up
	vm a
	vm b
	"$rota" cpupool-cpu-remove Pool-0 7
	"$rota" cpupool-create --save 'name="rt"' 'sched="rtds"' 'cpus="7"'
	"$rota" cpupool-cpu-remove Pool-0 6
	"$rota" cpupool-create --save -s -t Pool-0 name=hidden cpus=6 micro_slice_us=200
	"$rota" sched-credit --save -d a -w 1000 -c 150
	"$rota" vcpu-pin --save a 1 2-3 2
	"$rota" sched-credit -d b -w 9
	"$rota" sched-credit --save -s -t 20
	"$rota" cpupool-migrate --save b rt
	"$rota" sched-rtds --save -d b -v 0 -p 30000 -b 3000 -e 0
	python3 -m json.tool "$dir/saved.json" >/dev/null
	[ "$(stat -c %a "$dir/saved.json")" = 644 ]
	"$rota" destroy a
	vm a
	run -0 "$rota" sched-credit -d a
	[[ ${lines[1]} == *" 1000  150" ]]
	down
	up
	[ ! -s "$dir/log" ]
	run -0 "$rota" cpupool-list -c -s
	[ "${lines[2]}" = "rt                 7" ]
	[ "${lines[3]}" = "hidden             6 (hidden, of Pool-0)" ]
	"$rota" cpupool-list --json hidden | grep -q '"slice_us": 200'
	run -0 "$rota" sched-credit -s
	[[ $output == *"tslice=20ms"* ]]
	vm b
	vm a
	run -0 "$rota" sched-credit -d a
	[[ ${lines[1]} == *" 1000  150" ]]
	run -0 "$rota" vcpu-list a
	[[ ${lines[1]} == *" all / all" ]]
	[[ ${lines[2]} == *" 2-3 / 2" ]]
	run -0 "$rota" sched-rtds -d b -v 0
	[ "${lines[1]}" = "b                                    1    0     30000      3000         no" ]
	down
}

@test "scheduling domains last: whoever of them comes first; by pattern; detached for good" {
	printf 'domains:\n  - {name: "*-dm", sdom: web}\n' >"$dir/rota.yaml"
	up --config "$dir/rota.yaml"
	vm web-dm
	vm web
	vm own-dm
	vm fs
	run -0 "$rota" sdom list
	[ "${#lines[@]}" = 3 ]
	[[ ${lines[1]} =~ ^web\ .*web-dm ]]
	[[ ${lines[2]} =~ ^web\ .*own-dm ]]
	run -0 "$rota" sdom detach --save own-dm
	run -0 "$rota" sdom attach --save web fs
	# What could not be read again is not saved: with web gone from the host the core would take it.
	"$rota" destroy web
	vm other
	run -0 "$rota" sdom attach --save web-dm other
	[[ $output == *"can't have others accounted to it: it is to be accounted to 'web' itself"* ]]
	down
	up --config "$dir/rota.yaml"
	[ ! -s "$dir/log" ]
	for n in fs own-dm web-dm web; do vm $n; done
	run -0 "$rota" sdom list
	[ "${#lines[@]}" = 3 ]
	[[ ${lines[1]} =~ ^web\ .*fs ]]
	[[ ${lines[2]} =~ ^web\ .*web-dm ]]
}

@test "--save where it can't be saved: it is set, and told" {
	mkdir "$dir/no"
	up --saved "$dir/no/such/folder/saved.json"
	run -0 --separate-stderr "$rota" sched-credit --save -d 0 -w 300
	[[ $stderr == *"warning: it is set, but could not be saved"* ]]
	run -0 "$rota" sched-credit -d 0
	[[ ${lines[1]} == *" 300    0" ]]
	down
	up --no-config
	run -0 --separate-stderr "$rota" sched-credit --save -d 0 -w 300
	[[ $stderr == *"nothing is saved"* ]]
	[ ! -e "$dir/saved.json" ]
}

@test "what is no rota.yaml is refused whole, with the place" {
	refused() { # refused WORDS TEXT
		printf '%s\n' "$2" >"$dir/rota.yaml"
		run -1 timeout 20 "$rotad" --host sim --config "$dir/rota.yaml" --saved "$dir/saved.json"
		[[ $output == "rotad: "*"$1"* ]] || { echo "$2 -> $output"; false; }
		[ "${#lines[@]}" = 1 ]
	}
	refused "rota.yaml: settings: there is no key 'pool'" "pool: []"
	refused "domains[0].weight: must be a whole number from 1 to 65535" "domains: [{name: a, weight: 0}]"
	refused "domains[0].weight" 'domains: [{name: a, weight: "7"}]'
	refused "domains[1]: needs a name" "domains: [{name: a}, {weight: 7}]"
	refused "domains[0].cpus: must be a list of CPUs" "domains: [{name: a, cpus: x}]"
	refused "domains[0].cpus: names no CPU" "domains: [{name: a, cpus: 99}]"
	refused "domains[0].rt[1].period_us" "domains: [{name: a, rt: [{}, {period_us: 0}]}]"
	refused "domains[0].vcpu[0].vcpu" "domains: [{name: a, vcpu: [{vcpu: some}]}]"
	refused "pools[0].sched: is no scheduler" "pools: [{name: a, sched: credit3}]"
	refused "pools[0].params: there is no key" "pools: [{name: a, params: {x: 1}}]"
	refused "access.others: must be read or none" "access: {others: write}"
	refused "defaults: there is no key 'name'" "defaults: {name: a}"
	refused "defaults: there is no key 'sdom'" "defaults: {sdom: a}"
	refused "domains[0].sdom: must be the name of a domain, or false" "domains: [{name: a, sdom: true}]"
	refused "domains[0].sdom: 'b' can't have others" "domains: [{name: a, sdom: b}, {name: b, sdom: c}]"
	refused "domains[0].sdom: 'a' can't have others" "domains: [{name: '*', sdom: a}]"
	refused "domains: must be a list" "domains: {}"
	refused "settings: must be a mapping" "[]"
	refused "rota.yaml:2: a key is there twice" $'access: {}\naccess: {}'
	refused "aliases are not for this file" $'access: *a'
	refused "anchors and tags" $'access: &a {}'
	refused "second document" $'access: {}\n---\naccess: {}'
	refused "too deep" "$(printf '[%.0s' $(seq 100))"
	refused "rota.yaml:2:" "access: {"
	refused "printable ASCII" $'domains: [{name: "a\\tb"}]'
	run -1 "$rotad" --host sim --config "$dir/nosuch.yaml" --saved "$dir/saved.json"
	[[ $output == *"nosuch.yaml can't be read"* ]]
	# The saved file is checked the same.
	echo '{"domains":[{"name":"a","weight":-1}]}' >"$dir/saved.json"
	run -1 "$rotad" --host sim --saved "$dir/saved.json"
	[[ $output == *"saved.json: domains[0].weight"* ]]
}

@test "what can't be had is told, and the rest is done" {
	cat >"$dir/rota.yaml" <<-'Y'
	pools:
	  - {name: p, sched: credit2, cpus: "0,5"}
	  - {name: Pool-0, sched: rtds}
	defaults: {cap: 400}
	Y
	up --config "$dir/rota.yaml"
	grep -q "settings of p: Error removing cpu 0" "$dir/log"
	grep -q "settings of cpupool Pool-0: it is there and has credit" "$dir/log"
	run -0 "$rota" cpupool-list -c
	[ "${lines[2]}" = "p                  5" ]
	run -0 "$rota" sched-credit -d 0
	[[ ${lines[1]} == *" 256  400" ]]
	vm a
	run -0 "$rota" sched-credit -d a
	[[ ${lines[1]} == *" 256    0" ]] # 2 vCPUs can't be capped at 400
}

# ROTA_KILLS=500 for the full run.
@test "killed while it saves: the file is whole, old or new" {
	n=${ROTA_KILLS:-30}
	for i in $(seq "$n"); do
		up
		vm a
		(for w in $(seq 1000); do "$rota" sched-credit --save -d a -w "$w" || exit 0; done) >/dev/null 2>&1 3>&- &
		work=$!
		sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
		kill -9 "$daemon"
		wait "$daemon" "$work" 2>/dev/null || :
		[ ! -e "$dir/saved.json" ] || python3 -c '
import json, sys
e = json.load(open(sys.argv[1]))["domains"][0]
assert e["name"] == "a" and 1 <= e["weight"] <= 1000, e' "$dir/saved.json"
	done
	up
	vm a
	saved=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["domains"][0]["weight"])' "$dir/saved.json")
	run -0 "$rota" sched-credit -d a
	[[ ${lines[1]} == *" $saved    0" ]]
}
