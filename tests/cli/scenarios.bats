#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: the scenarios that come with rota: they are listed, they are valid, and what their comments claim is so.

bats_require_minimum_version 1.5.0

setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	export ROTA_SCENARIOS=$top/scenarios
	cd "$BATS_TEST_TMPDIR"
}

# run_json OUT ARGUMENT...: the result of a run, as OUT
run_json() {
	local out=$1
	shift
	"$rota" sim run "$@" --json >"$out"
}

# holds FILE EXPRESSION: of d (domains by name), share(name) in percent, r (the result)
holds() {
	python3 - "$@" <<-'END'
		import json, sys
		r = json.load(open(sys.argv[1]))
		d = {x['name']: x for x in r['domains']}
		share = lambda name: 100 * d[name]['share']
		done = lambda name: d[name]['workload']['completion_ns'] / 1e9
		wait = lambda name, what: d[name]['wake_latency_ns'][what] / 1e6
		near = lambda a, b, by: abs(a - b) <= by
		if not eval(sys.argv[2]):
		    print(sys.argv[2], 'does not hold:', {n: (x['share'], x['wake_latency_ns']['max']) for n, x in d.items()})
		    sys.exit(1)
	END
}

@test "the list names every scenario with a description, and nothing else" {
	"$rota" sim list >list
	[ "$(awk '{print $1}' list | tr '\n' ' ')" = "$(cd "$top/scenarios" && ls *.yaml | sed 's/\.yaml$//' | tr '\n' ' ')" ]
	awk 'NF < 4 {print "no description: " $0; bad = 1} END {exit bad}' list
}

@test "a broken scenario in the list is told of, and the others are listed" {
	mkdir own
	cp "$top"/scenarios/smt.yaml own/
	echo 'duration: soon' >own/broken.yaml
	ROTA_SCENARIOS=$PWD/own run -1 --separate-stderr "$rota" sim list
	[[ $output == "smt "* ]]
	[[ $stderr == "rota: "*broken.yaml:1:* ]]
	ROTA_SCENARIOS=$PWD/nowhere run -1 --separate-stderr "$rota" sim list
	[[ $stderr == "rota: "*"ROTA_SCENARIOS"* ]]
}

@test "every scenario is valid, and without a word" {
	for s in "$top"/scenarios/*.yaml; do
		run -0 "$rota" sim check "$s"
		[ -z "$output" ]
		run -0 "$rota" sim check "$(basename "$s" .yaml)"
	done
}

@test "every scenario runs, and refuses none of its own commands" {
	for s in "$top"/scenarios/*.yaml; do
		run_json out.json "$s"
		holds out.json "r['counters']['refused_commands'] == 0 and r['counters']['lost_records'] == 0"
	done
}

@test "lab-weight-cap: shares by weight, completion times, caps" {
	run_json out.json lab-weight-cap
	holds out.json "near(share('w256'), 100 / 7, 1) and near(share('w512'), 200 / 7, 1) and near(share('w1024'), 400 / 7, 1)"
	holds out.json "near(done('work-w1024'), 1.75, .06) and near(done('work-w512'), 2.5, .06) and near(done('work-w256'), 3, .01)"
	holds out.json "near(done('cap25'), 4, .03) and near(done('cap50'), 2, .03)"
	holds out.json "near(done('cap100'), 2, .03) and near(done('nocap'), 2, .03)"
	holds out.json "near(share('heavy'), 25, .25) and near(share('light'), 75, .25)"
	run_json out.json lab-weight-cap --set domains.w256.weight=2048 --set domains.heavy.cap=0
	holds out.json "near(share('w256'), 400 / 7, 1) and near(share('heavy'), 80, 1)"
}

@test "tick-dodger: no thief gets more than 52 %; as Xen has it, those that sleep over the tick get 90 %" {
	run_json out.json tick-dodger
	holds out.json "all(share(n) <= 52 for n in d if n.startswith('thief'))"
	run_json out.json tick-dodger --set pools.Pool-0.params.mend=none --set pools.phase1.params.mend=none
	holds out.json "share('thief0') > 89 and share('thief1') > 89 and share('thief3') <= 52"
	run_json out.json tick-dodger --set pools.phase1.params.mend=^active
	holds out.json "share('thief1') > 89"
}

@test "io-vs-hogs: nobody waits much longer than the ratelimit" {
	run_json out.json io-vs-hogs
	holds out.json "wait('io', 'max') <= 1.1 and wait('net', 'max') <= 1.1 and near(share('net'), 2.6, .1)"
	run_json out.json io-vs-hogs --set pools.Pool-0.params.ratelimit=0
	holds out.json "wait('io', 'max') < .06 and wait('net', 'max') < .15"
	run_json out.json io-vs-hogs --set pools.Pool-0.params.mend=none
	holds out.json "wait('io', 'max') > 50"
	run_json out.json io-vs-hogs --set domains.io.workload.run=5ms
	holds out.json "wait('io', 'p99') > 30"
}

@test "smt: wake-ups go to idle cores; as Xen has it they share one while another idles" {
	cat >idle_core.py <<-'END'
		"""The time, s, in which both threads of a core ran while another core was idle."""
		import sys
		busy, last, bad = [False] * 8, 10**9, 0
		for line in sys.stdin:
		    f = line.split(',')
		    if f[3] != 'switch':
		        continue
		    now = int(f[0])
		    threads = [busy[2 * c] + busy[2 * c + 1] for c in range(4)]
		    if now > last and 2 in threads and 0 in threads:
		        bad += now - last
		    last = max(last, now)
		    busy[int(f[1])] = int(f[7]) != 0x7fff
		print(bad / 1e9)
	END
	"$rota" sim run smt --trace t >/dev/null
	mended=$("$rota" trace dump --csv t | python3 idle_core.py)
	"$rota" sim run smt --set pools.Pool-0.params.mend=none --trace t >/dev/null
	historic=$("$rota" trace dump --csv t | python3 idle_core.py)
	echo "mended $mended s, historic $historic s"
	python3 -c 'import sys; sys.exit(not (0 < float(sys.argv[1]) < .15 and float(sys.argv[2]) > 1))' "$mended" "$historic"
}

@test "two-pools, numa-split: a pool's load is its own; moves take effect" {
	run_json out.json two-pools --duration 5s
	holds out.json "all(near(share('batch%d' % i), 50, 1) for i in (1, 2, 3, 4)) and wait('web1', 'p99') < 5"
	run_json out.json two-pools --set warmup=7.2s
	holds out.json "share('batch4') > 95 and near(share('batch1'), 100 / 3, 1)"
	run_json out.json numa-split
	holds out.json "near(share('log'), 31, 2) and near(sum(p['idle_ns'] for p in r['pcpus'][4:]) / 9e9, 1.8, .05)"
	run_json out.json numa-split --set domains.log.pool=Pool-node1
	holds out.json "share('log') > 99 and share('db') > 255"
}

@test "work-conservation, weights-8p: all pCPUs are busy, weights decide, a cap holds" {
	run_json out.json work-conservation
	holds out.json "all(p['idle_ns'] < 1e7 for p in r['pcpus']) and 19 < share('capped') <= 20.2"
	run_json out.json work-conservation --set warmup=4s --duration 7s
	holds out.json "share('rich') < 1 and share('hog512') > 240"
	run_json out.json work-conservation --set 'domains.rich.workload={model: hog}' --duration 4s
	holds out.json "near(share('rich'), 284, 6)"
	run_json out.json weights-8p
	holds out.json "all(near(d[n]['share'], d[n]['entitlement'], .01) for n in d)"
}

@test "replay-xen-credit: each domain gets what the real Xen gave it, to 2 points" {
	run_json out.json replay-xen-credit
	holds out.json "near(share('hog-a'), 38.55, 2) and near(share('hog-b'), 40.43, 2)"
	holds out.json "near(share('timer'), 20.23, .5) and near(share('Domain-0'), .74, .1)"
}

@test "huge-1024p: 16384 vCPUs in less than 64 MiB" {
	[[ $rota != *san* ]] || skip "sanitizers take memory of their own"
	python3 - "$rota" <<-'END'
		import resource, subprocess, sys
		subprocess.run([sys.argv[1], 'sim', 'run', 'huge-1024p', '--duration', '200ms', '--json'], check=True, stdout=subprocess.DEVNULL)
		kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
		print(kib, 'KiB')
		sys.exit(kib >= 64 * 1024)
	END
}

@test "lock-holder-preemption: waits of a microsecond become milliseconds beside a hog; less so with PV locks" {
	run_json out.json lock-holder-preemption
	holds out.json "d['ticket-alone']['guest']['lock_wait_ns']['max'] < 10e3"
	holds out.json "d['ticket-beside']['guest']['lock_wait_ns']['mean'] > 1e6"
	holds out.json "d['pv-beside']['guest']['ops'] > 20 * d['ticket-beside']['guest']['ops']"
	holds out.json "d['ticket-beside']['guest']['yields']['lock'] > 10 * d['ticket-beside']['guest']['ops']"
	holds out.json "r['counters']['ple_exits'] == sum(x['guest']['ple_exits'] for x in d.values() if 'guest' in x)"
	run_json out.json lock-holder-preemption --set host.ple.window=0
	holds out.json "r['counters']['ple_exits'] == 0 and d['ticket-beside']['guest']['lock_wait_ns']['mean'] > 100e3"
}

@test "consolidation: a mail server gets next to nothing by Xen's yield, most of its share by rota's, all with lending" {
	run_json out.json consolidation
	holds out.json "d['mail-plain']['share'] < 0.2 * d['mail-plain']['entitlement']"
	holds out.json "d['mail-lend']['share'] > 0.95 * d['mail-lend']['entitlement']"
	holds out.json "d['compute2']['share'] > 0.95 * d['compute2']['entitlement']"
	holds out.json "d['mail-lend']['guest']['ops'] > 20 * d['mail-plain']['guest']['ops']"
	holds out.json "d['mail-rota']['share'] > 0.75 * d['mail-rota']['entitlement']"
	holds out.json "d['mail-rota']['guest']['ops'] > 20 * d['mail-plain']['guest']['ops']"
	run_json out.json consolidation --set pools.plain.params.old_yields=true
	holds out.json "d['mail-lend']['guest']['ops'] > 4 * d['mail-plain']['guest']['ops'] > 400"
}

@test "tlb-shootdown: it waits for the slowest sibling" {
	run_json out.json tlb-shootdown
	holds out.json "d['dedup-alone']['guest']['tlb_sync_ns']['max'] < 20e3"
	holds out.json "d['dedup-beside']['guest']['tlb_sync_ns']['mean'] > 1e6"
	holds out.json "d['dedup-beside']['guest']['yields']['tlb'] > 1000 and 'guest' not in d['hog']"
	run -0 "$rota" sim run tlb-shootdown
	[[ $output == *"dedup-beside: "*" operations"*"TLB sync "*"yields "*"tlb "* ]]
}

@test "io-mixed: answers wait where the vCPU never sleeps" {
	run_json out.json io-mixed
	holds out.json "d['net-alone']['guest']['io_answer_ns']['max'] < 20e3"
	holds out.json "d['net-beside']['guest']['io_answer_ns']['max'] < 2.5e6"
	holds out.json "d['net-mixed']['guest']['io_answer_ns']['mean'] > 2e6"
}

@test "credit2-64p: hogs get alike, whichever run queue they are in" {
	run_json all credit2-64p
	run_json uneven credit2-64p --set "pools.Pool-0.params.mend=^even"
	holds all "(lambda s: max(s) / min(s) < 1.003)([share(n) for n in d if not n.startswith('web')])"
	holds uneven "(lambda s: max(s) / min(s) > 1.006)([share(n) for n in d if not n.startswith('web')])"
}

@test "credit2-partner: a hog has its pCPU for itself; as Xen has it, who could go elsewhere stays beside it" {
	for mend in all partner ^partner none; do
		run_json $mend credit2-partner --set "pools.Pool-0.params.mend=$mend"
	done
	for mend in all partner; do
		holds $mend "share('hog') > 99.9 and near(share('free'), 10, .1)"
	done
	for mend in ^partner none; do
		holds $mend "near(share('hog'), 90, .1) and near(share('free'), 10, .1)"
	done
}

@test "credit2-bias: a pCPU joins the run queue of its node; as Xen has it, one that then spans two" {
	cat >crossings.py <<-'END'
		"""How often a vCPU changed nodes after 3 s."""
		import sys
		node, crossings = {}, 0
		for line in sys.stdin:
		    f = line.split(',')
		    if f[3] != 'switch' or int(f[7]) == 0x7fff or int(f[0]) < 3e9:
		        continue
		    crossings += node.get((f[7], f[8]), int(f[1]) // 4) != int(f[1]) // 4
		    node[f[7], f[8]] = int(f[1]) // 4
		print(crossings)
	END
	for mend in all bias ^bias none; do
		"$rota" sim run credit2-bias --set "pools.Pool-0.params.mend=$mend" --trace t >/dev/null
		n=$("$rota" trace dump --csv t | python3 crossings.py)
		echo "$mend: $n"
		case $mend in all | bias) [ "$n" = 0 ] ;; *) [ "$n" -gt 1000 ] ;; esac
	done
}

@test "credit2-512p: each of 512 VMs gets a pCPU's worth" {
	run_json r credit2-512p
	holds r "all(near(share(n), 100, 3) for n in d)"
}

@test "pool-moves: weight, cap and real-time parameters last through credit, credit2, rtds, credit2, credit and rtds" {
	for from in 0 3 9 12; do
		run_json out pool-moves --set warmup=$((from * 1000 + 500))ms --duration $((from + 3))s
		holds out "near(share('heavy'), 60, 1) and near(share('light'), 20, 1) and near(share('capped'), 20, 1)"
		holds out "d['heavy']['weight'] == 768 and d['capped']['cap'] == 20 and r['counters']['refused_commands'] == 0"
	done
	for from in 7 15; do
		run_json out pool-moves --set warmup=$((from * 1000 + 500))ms --duration $((from + 2))s
		holds out "near(share('heavy'), 40, 1) and near(share('light'), 20, 1) and near(share('capped'), 40, 1)"
	done
}

@test "sedf-latency: slices are had, the rest goes to batch, and io2 waits less than io1" {
	run_json out sedf-latency
	holds out 'near(share("control"), 20, 0.1) and near(share("video"), 30, 0.1) and share("batch") > 45'
	holds out 'wait("io1", "p99") > 14 and wait("io2", "p99") < 1.6 and wait("io2", "max") < 4'
}

@test "stub-domains: a VM and its device model have the share, and the cap, of the VM" {
	run_json r stub-domains
	holds r "near(share('guest') + share('model'), 50, 0.2) and near(share('neighbour'), 50, 0.2)"
	holds r "near(share('guest-60') + share('model-60'), 60, 0.2) and d['model']['sdom'] == 'guest'"
	holds r "d['guest']['entitlement'] == 0.5 and d['model']['entitlement'] == 0"
	sed 's/sdom: [a-z0-9-]*, //' "$top/scenarios/stub-domains.yaml" >apart.yaml
	run_json apart apart.yaml
	holds apart "near(share('guest') + share('model'), 66.5, 0.5) and near(share('guest-60') + share('model-60'), 88.9, 0.5)"
	run -0 "$rota" sim run stub-domains --dump
	[[ $output == *" sdom=0"* ]]
}

@test "cures: each of them gives a waiting guest many times the work, and no more than its share" {
	run_json out.json cures
	holds out.json "all(d['vm-' + c]['guest']['ops'] > 20 * d['vm-off']['guest']['ops'] for c in ('lend', 'boost', 'micro', 'adaptive'))"
	holds out.json "all(share('vm-' + c) <= share('hog-' + c) + 2 for c in ('lend', 'boost', 'micro', 'adaptive'))"
	holds out.json "d['vm-lend']['turns']['lends'] and d['vm-boost']['turns']['coboosts'] and d['vm-micro']['turns']['micro_migrations']"
	holds out.json "r['counters']['lends'] == sum(x['turns']['lends'] for x in d.values() if 'turns' in x)"
	holds out.json "'turns' not in d['vm-off']"
	run_json out.json cures --set pools.off.params.mend=all
	holds out.json "all(d['vm-' + c]['guest']['ops'] > d['vm-off']['guest']['ops'] for c in ('lend', 'boost', 'micro', 'adaptive'))"
}

@test "attacker: it has turns, and its share" {
	run_json out.json attacker
	holds out.json "all(share('liar-' + c) <= 50 * 4 + 2 * 4 for c in ('turns', 'boost', 'micro'))"
	holds out.json "d['liar-turns']['turns']['irq_turns'] and d['liar-boost']['turns']['coboosts'] and d['liar-micro']['turns']['micro_migrations']"
}
