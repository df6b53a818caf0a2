#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: libvirt's hook: settings from domain XML, as libvirt 9.0 wrote it (tests/data/libvirt), before the VM comes
# and while it is there, over restarts of rotad, until it is released; XML that is none of a VM, or whose values are none.

bats_require_minimum_version 1.5.0

load rotad
speed=step

setup() {
	rotad_setup
	xml=$top/tests/data/libvirt
	[ -e "$(dirname "$rota")/rota-libvirt.so" ] || skip "rota was built without libxml2"
}

hook() { "$rota" libvirt --shares 1024 "$1" "$2" begin - <"$xml/$1.xml"; }
vm() { "$rota" create "name=\"$1\"" 'workload="{model: hog}"' "${@:2}"; }

@test "what domain XML says, in rota's words" {
	run -0 "$rota" libvirt --print --shares 1024 web1 prepare begin - <"$xml/web1.xml"
	[ "$(python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin), sort_keys=True))' <<<"$output")" = \
		'{"cap": 100, "cpus": "0-2,4-5", "vcpu": [{"cpus": "1,3-4", "vcpu": 0}, {"cpus": "5", "vcpu": 2}], "weight": 512}' ]
	run -0 "$rota" libvirt --print --shares 100 web1 prepare begin - <"$xml/web1.xml"
	[[ $output == *'"weight": 5243'* ]]
	run -0 "$rota" libvirt --print --shares 1024 fs-dm prepare begin - <"$xml/fs-dm.xml"
	[ "$(python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin), sort_keys=True))' <<<"$output")" = \
		'{"cap": 80, "cpus_soft": "2-3", "sdom": "fs", "weight": 512}' ]
}

@test "announced before it comes, over a restart, until it is released" {
	printf 'pools: [{name: rt, sched: rtds, cpus: "6-7"}]\ndomains: [{name: "*", weight: 77, cap: 10}]\n' >"$dir/rota.yaml"
	up --config "$dir/rota.yaml"
	run -0 hook web1 prepare
	[ -z "$output" ]
	hook radio prepare
	hook fs-dm prepare
	down
	up --config "$dir/rota.yaml"
	vm web1 vcpus=4
	vm radio vcpus=2
	vm fs-dm
	vm fs
	run -0 "$rota" sched-credit -d web1
	[[ ${lines[1]} == *" 512  100" ]]
	run -0 "$rota" vcpu-list web1
	[[ ${lines[1]} == *" 1,3-4 / all" ]]
	[[ ${lines[2]} == *" 0-2,4-5 / all" ]]
	[[ ${lines[3]} == *" 5 / all" ]]
	run -0 "$rota" sched-rtds -v all
	[[ $output == *"radio "*" 0     10000      4000         no"* ]]
	[[ $output == *"radio "*" 1     20000      2000 "* ]]
	run -0 "$rota" sdom list
	[[ ${lines[1]} =~ ^fs\ .*fs-dm ]]
	# Another start of libvirt, and a change in the XML meanwhile: at once.
	sed 's/<rota:weight>512/<rota:weight>99/' "$xml/fs-dm.xml" | "$rota" libvirt fs-dm reconnect begin -
	run -0 "$rota" sched-credit -d fs-dm
	[[ ${lines[1]} == *"  99   80" ]]
	# What a person saved is before it.
	"$rota" sched-credit --save -d web1 -w 300
	hook web1 reconnect
	run -0 "$rota" sched-credit -d web1
	[[ ${lines[1]} == *" 300  100" ]]
	"$rota" destroy fs-dm
	hook fs-dm release
	grep -q radio "$dir/saved.json"
	! grep -q fs-dm "$dir/saved.json"
	vm fs-dm
	run -0 "$rota" sched-credit -d fs-dm
	[[ ${lines[1]} == *"  77   10" ]]
	# What else libvirt calls its hook for.
	for operation in start started stopped migrate restore attach; do
		run -0 "$rota" libvirt fs-dm $operation begin - </dev/null
		[ -z "$output" ]
	done
}

@test "what is no VM's XML, and values that are none: one sentence, and nothing is known" {
	up
	refused() { # refused WORDS XML
		run -1 "$rota" libvirt vm prepare begin - <<<"$2"
		[[ $output == "rota: libvirt: "*"$1"* ]] || { echo "$2 -> $output"; false; }
		[ "${#lines[@]}" = 1 ]
		[ ! -e "$dir/saved.json" ]
	}
	meta() { echo "<domain><name>vm</name><metadata><r:domain xmlns:r='https://rota/libvirt/1'>$1</r:domain></metadata></domain>"; }
	refused "is not the <domain> of a VM" ""
	refused "is not the <domain> of a VM" "<domain><name>vm</name>"
	refused "is not the <domain> of a VM" "<network><name>vm</name></network>"
	refused "its name is not 'vm'" "<domain><name>other</name></domain>"
	refused "shares: 'many' is no whole number" "<domain><name>vm</name><cputune><shares>many</shares></cputune></domain>"
	refused "weight: '1.5' is no whole number" "$(meta '<r:weight>1.5</r:weight>')"
	refused "announced[0].weight: must be a whole number from 1 to 65535" "$(meta '<r:weight>0</r:weight>')"
	refused "announced[0]: there is no key 'wieght'" "$(meta '<r:wieght>7</r:wieght>')"
	refused "announced[0].cpus: names no CPU" "$(meta '<r:cpus>99</r:cpus>')"
	refused "announced[0].rt[0].period_us" "$(meta "<r:rt period_us='0'/>")"
	refused "is not the <domain> of a VM" "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><network>&e;</network>"
	run -2 "$rota" libvirt vm
	# The hook itself never stops a VM from starting, and prints nothing that libvirt would take for XML.
	sed "s,/usr/bin/rota,$rota," "$top/data/libvirt/rota" >"$dir/hook"
	run -0 --separate-stderr sh "$dir/hook" vm prepare begin - <<<"$(meta '<r:weight>0</r:weight>')"
	[ -z "$output" ]
	[[ $stderr == *"announced[0].weight"* ]]
	run -0 --separate-stderr sh "$dir/hook" vm prepare begin - <<<"$(meta '<r:weight>9</r:weight>')"
	[ -z "$output$stderr" ]
	grep -q '"weight": 9' "$dir/saved.json"
}
