#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: rotad as a process: its socket and who may use it, a hundred clients at once, clients that are slow, half
# open, oversized or talk garbage, what a dead one leaves, readiness, time.

bats_require_minimum_version 1.5.0

load rotad

# A line of JSON to rotad, and its answer.
ask() { python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode() + b"\n")
print(s.makefile().readline().strip())' "$dir/s" "$1"; }

@test "it comes, answers, and goes" {
	up
	run -0 "$rota" list
	[[ ${lines[1]} == Domain-0*" 0  2048     8 "* ]]
	down
	[ ! -e "$dir/s" ]
	run -1 "$rota" list
	[[ $output == *"not running"* ]]
}

@test "a scenario: Domain-0 comes first, then its domains, with its events" {
	up "$top/scenarios/lab-weight-cap.yaml" --speed step
	run -0 "$rota" list
	[[ ${lines[1]} == "Domain-0 "*" 0 "* ]]
	[ "${#lines[@]}" -gt 3 ]
	run -0 "$rota" step 2s
	down
	printf 'duration: 1s\ndomains: [{name: a, workload: {model: hog}}, {name: b, sdom: a, workload: {model: hog}}]\nevents: [{at: 1ms, do: weight, domain: b, value: 77}]\n' >"$dir/s.yaml"
	up "$dir/s.yaml" --speed step
	"$rota" step 10ms
	run -0 "$rota" sched-credit
	[ "${lines[3]}" = "a                                    1    256    0" ]
	[ "${lines[4]}" = "b                                    2     77    0" ]
	down
}

@test "turns are set by the names of scenarios, shown, and refused" {
	up
	run -0 "$rota" turns lend=10us grace=100us turn_budget=25%
	run -0 "$rota" turns
	[ "${lines[0]}" = "Cpupool Pool-0: lend=10us grace=100us irq_turn=0 coboost=0 coboost_every=1000us turn_budget=25%" ]
	[[ ${lines[2]} == "Domain-0 "*" 0 "* ]]
	run -2 "$rota" turns lend=0 grace=2ms
	[[ $output == *"grace is 10 to 1000 us"* ]]
	run -2 "$rota" turns nosuch=1us
	run -0 "$rota" turns --json
	[[ $output == *'"lend_us": 10,'* ]]
	"$rota" cpupool-cpu-remove Pool-0 7
	"$rota" cpupool-create name=\"rt\" sched=\"rtds\" cpus=\"7\"
	run -1 "$rota" turns -p rt lend=10us
	[[ $output == *"credit and credit2 have them"* ]]
	down
}

@test "a hidden pool is destroyed: what its controller was lent goes home" {
	up "$top/scenarios/cures.yaml" --speed step
	lent=
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		"$rota" step 20ms
		lent=$("$rota" cpupool-list -cs adaptive-cores | awk '$1 == "adaptive-cores" { print $2 }')
		[[ $lent != [0-9]* ]] || break
	done
	[[ $lent == 1[6-9]* ]]
	"$rota" cpupool-destroy adaptive-cores
	run -0 "$rota" cpupool-list -c adaptive
	[ "${lines[1]}" = "adaptive           16,17,18,19" ]
	down
}

@test "bad usage is 2, help is 0, what can't be is 1" {
	run -0 "$rotad" --help
	[[ $output == "Usage: rotad "* ]]
	run -0 "$rotad" --version
	run -2 "$rotad"
	run -2 "$rotad" --host nosuch
	run -2 "$rotad" --host sim a b
	run -2 "$rotad" --nosuch
	run -2 "$rotad" --host sim --no-helpers
	[[ $output == *"--host kvm"* ]]
	run -2 "$rotad" --host kvm --speed 2
	run -1 "$rotad" --host sim /nonexistent.yaml
	[[ $output == "rotad: /nonexistent.yaml"* ]]
	run -1 "$rotad" --host sim --speed fast
	[[ $output == *"is no speed"* ]]
	run -1 "$rotad" --host sim --set host.cores=0
	run -1 "$rotad" --host sim --socket "/tmp/$(printf 'x%.0s' $(seq 200))"
	echo precious >"$dir/file"
	run -1 "$rotad" --host sim --socket "$dir/file"
	[[ $output == *"no socket"* ]]
	[ "$(cat "$dir/file")" = precious ]
}

@test "one rotad at a socket; what a dead one left is nothing" {
	up
	run -1 "$rotad" --host sim
	[[ $output == *"another rotad answers"* ]]
	kill -9 "$daemon"
	wait "$daemon" || :
	[ -S "$dir/s" ]
	up
	run -0 "$rota" list
}

@test "every help text" {
	for verb in $("$rota" --help | sed -n 's/^  \([a-z][a-z0-9-]*\) .*/\1/p'); do
		run -0 --separate-stderr "$rota" "$verb" --help
		[[ $output == "Usage: rota $verb"* ]] || { echo "$verb: $output"; false; }
		[ -z "$stderr" ]
	done
}

@test "time follows the wall clock, and can be sped up" {
	up --speed 20
	run -0 "$rota" create 'name="a"' 'workload="{model: hog}"' cpus='"0"'
	sleep 1
	used=$("$rota" list --json a | sed -n 's/.*"cpu_ns": \([0-9]*\),/\1/p')
	echo "$used"
	# A second of 20 virtual ones, on a machine however busy.
	[ "$used" -gt 5000000000 ]
	[ "$used" -lt 400000000000 ]
	"$rota" speed step
	used=$("$rota" list --json a | sed -n 's/.*"cpu_ns": \([0-9]*\),/\1/p')
	sleep 0.3
	[ "$used" = "$("$rota" list --json a | sed -n 's/.*"cpu_ns": \([0-9]*\),/\1/p')" ]
	"$rota" step 1s
	now=$("$rota" list --json a | sed -n 's/.*"cpu_ns": \([0-9]*\),/\1/p')
	echo "$((now - used))"
	[ $((now - used)) -gt 990000000 ]
	[ $((now - used)) -le 1000000000 ]
}

@test "a change of weights has effect within seconds" {
	up --speed 20 --set host.nodes=1 --set host.cores=1
	for vm in a b; do "$rota" create "name=\"$vm\"" 'workload="{model: hog}"'; done
	"$rota" sched-credit -d a -w 1024
	sleep 0.5
	# both at one instant: virtual time runs on between two requests, however long the second takes
	times() {
		"$rota" list --json | python3 -c '
import json, sys
t = {d["name"]: d["cpu_ns"] for d in json.load(sys.stdin)}
print(t["a"], t["b"])'
	}
	read -r a0 b0 < <(times)
	sleep 1
	read -r a b < <(times)
	a=$((a - a0)) b=$((b - b0))
	echo "a $a b $b"
	[ "$a" -gt $((3 * b)) ]
	[ "$a" -lt $((5 * b)) ]
}

@test "root and the group only: modes, and an unprivileged user" {
	[ "$(id -u)" = 0 ] || skip "needs root, to become somebody else"
	command -v setpriv >/dev/null || skip "no setpriv here"
	as() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	as test -x "$rota" || skip "nobody may not run rota here"
	up --group nosuchgroup
	[ "$(stat -c %a "$dir/s")" = 600 ]
	run -1 as "$rota" list
	[[ $output == *"may not talk"* ]]
	down
	up --others-read --group nosuchgroup
	[ "$(stat -c %a "$dir/s")" = 666 ]
	run -0 as "$rota" list
	run -0 as "$rota" vcpu-list
	for words in "pause Domain-0" "sched-credit -d 0 -w 1" "cpupool-numa-split" "step 1s" "vcpu-set 0 1" "destroy 0" \
		"cpupool-rename 0 x" "vcpu-pin 0 all 0"; do
		# shellcheck disable=SC2086 # words
		run -1 as "$rota" $words
		[[ $output == *"not change anything"* ]] || { echo "$words: $output"; false; }
	done
	down
	# A member of the group, by a supplementary group.
	up --group daemon
	[ "$(stat -c '%a %G' "$dir/s")" = "660 daemon" ]
	run -1 as "$rota" list
	run -0 setpriv --reuid 65534 --regid 65534 --groups "$(getent group daemon | cut -d: -f3)" "$rota" sched-credit -d 0 -w 300
}

@test "a hundred clients at once" {
	up --speed 100
	"$rota" create 'name="a"' vcpus=2 'workload="{model: hog}"'
	python3 - "$dir/s" <<'PY'
import json, random, socket, sys, threading
path, bad, n = sys.argv[1], [], 100
requests = ['{"version":1,"verb":"list"}', '{"version":1,"verb":"vcpu-list"}', '{"version":1,"verb":"cpupool-list"}',
            '{"version":1,"verb":"sched","sched":"credit"}',
            '{"version":1,"verb":"sched-domain","sched":"credit","domain":"a","weight":%d}',
            '{"version":1,"verb":"vcpu-pin","domain":"a","vcpu":"all","hard":"%d-7"}', '{"version":1,"verb":"status"}']
def client(seed):
    try:
        rnd = random.Random(seed)
        s = socket.socket(socket.AF_UNIX); s.settimeout(60); s.connect(path); f = s.makefile()
        for i in range(50):
            r = rnd.choice(requests)
            s.sendall((r % rnd.randint(1, 7) if "%d" in r else r).encode() + b"\n")
            a = json.loads(f.readline())
            if "error" in a: bad.append(a)
    except Exception as e:
        bad.append(repr(e))
threads = [threading.Thread(target=client, args=(i,)) for i in range(n)]
[t.start() for t in threads]; [t.join() for t in threads]
print(bad[:3])
sys.exit(bool(bad))
PY
	down
}

@test "slow, half-open, garbage and oversized clients make nobody wait" {
	up
	python3 - "$dir/s" <<'PY'
import json, random, socket, sys, time
path = sys.argv[1]
def conn():
    s = socket.socket(socket.AF_UNIX); s.connect(path); s.settimeout(20); return s
LIST = b'{"version":1,"verb":"vcpu-list"}\n'
# Half a request each, never the other half; ones that never read; ones that shut their half down.
idle = [conn() for _ in range(40)]
for s in idle: s.sendall(LIST[:17])
deaf = [conn() for _ in range(40)]
for s in deaf:
    s.setblocking(False)
    try:
        while True: s.send(LIST * 20)
    except BlockingIOError: pass
rnd = random.Random(1)
for i in range(200):
    s = conn()
    try:
        s.sendall(bytes(rnd.randrange(256) for _ in range(rnd.randrange(1, 3000))) + rnd.choice([b"\n", b""]))
        if i % 2: s.shutdown(socket.SHUT_WR); s.recv(100)
    except (BrokenPipeError, ConnectionResetError): pass
    s.close()
# One that is too long, one that is too deep, one that is just short enough.
s = conn(); f = s.makefile()
s.sendall(b'{"version":1,"verb":"list","x":"' + b"a" * 65000 + b'"}\n')
assert "domains" in json.loads(f.readline())
s = conn(); f = s.makefile()
try: s.sendall(b'{"version":1,"x":"' + b"a" * 200000 + b'"}\n')
except (BrokenPipeError, ConnectionResetError): pass
assert "may have" in f.readline()
s = conn(); f = s.makefile()
s.sendall(b"[" * 60000 + b"\n")
assert "nested" in json.loads(f.readline())["error"]
# A byte at a time, and several requests in one packet.
s = conn(); f = s.makefile()
for b in LIST: s.sendall(bytes([b]))
assert json.loads(f.readline())["vcpus"]
s.sendall(LIST * 5)
assert all(json.loads(f.readline())["vcpus"] for _ in range(5))
# All this while, others are answered at once.
worst = 0
for _ in range(100):
    t = time.time(); s = conn(); s.sendall(LIST); assert json.loads(s.makefile().readline())["vcpus"]; worst = max(worst, time.time() - t)
print("worst", worst)
assert worst < 5
# More connections than there are places: the idle ones make room.
more = [conn() for _ in range(300)]
s = conn(); s.sendall(LIST); assert json.loads(s.makefile().readline())["vcpus"]
PY
	run -0 "$rota" list
	down
}

@test "killed at random moments, twenty times" {
	for i in $(seq 20); do
		up --speed max
		("$rota" create 'name="a"' vcpus=4 'workload="{model: hog}"' && while "$rota" cpupool-create 'name="p"' && "$rota" cpupool-cpu-remove 0 7 &&
			"$rota" cpupool-cpu-add p 7 && "$rota" cpupool-destroy p && "$rota" cpupool-cpu-add 0 7; do :; done) >/dev/null 2>&1 3>&- &
		work=$!
		sleep "0.0$((RANDOM % 90 + 10))"
		kill -9 "$daemon"
		wait "$daemon" || :
		wait "$work" || :
	done
	up
	run -0 "$rota" list
}

@test "it tells when it is ready" {
	python3 - "$dir" "$rotad" <<'PY'
import os, socket, subprocess, sys
d, rotad = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(d + "/n"); s.settimeout(20)
p = subprocess.Popen([rotad, "--host", "sim"], env=dict(os.environ, NOTIFY_SOCKET=d + "/n"))
assert s.recv(100) == b"READY=1"
assert os.path.exists(d + "/s")
p.terminate()
assert s.recv(100) == b"STOPPING=1"
assert p.wait(20) == 0
PY
}
