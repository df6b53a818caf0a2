#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: `rota host`, `list`, `vcpu-list` and `sched-credit` on the command line: what start refuses on machines that
# lack something (made up below $ROTA_ROOT), files left by a dead host, xl's tables from a made-up host, bad usage.

bats_require_minimum_version 1.5.0

setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	# Short: a socket lies below it.
	ROTA_ROOT=$(mktemp -d /tmp/rota-XXXXXX)
	export ROTA_ROOT
	mkdir -p "$ROTA_ROOT/run/rota"
}

teardown() {
	[ -z "${server:-}" ] || kill "$server" 2>/dev/null || :
	rm -rf "$ROTA_ROOT"
}

# One line on stderr that begins with "rota: " and has the words, nothing on stdout.
refused() { # refused STATUS WORDS ARGUMENT...
	local status_wanted=$1 words=$2
	shift 2
	run -"$status_wanted" --separate-stderr "$rota" "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == "rota: "*"$words"* ]] || { echo "$stderr"; false; }
}

needs_live() {
	run "$rota" host start --dry-run
	[[ $output != *"built without the live host"* ]] || skip "${output#rota: host start: }"
}

file() { # file PATH TEXT
	mkdir -p "$ROTA_ROOT$(dirname "$1")"
	echo "$2" >"$ROTA_ROOT$1"
}

machine() { # a machine that could be scheduled, as far as one can see
	file /sys/kernel/sched_ext/state disabled
	file /sys/kernel/btf/vmlinux x
	file /sys/devices/system/cpu/possible 0-3
	file /sys/devices/system/cpu/online 0-3
}

# A host that answers each request with the line given, and keeps the last request in $ROTA_ROOT/request.
host_answers() {
	python3 - "$ROTA_ROOT" "$1" <<'PY' 3>&- &
import socket, sys
root, answer = sys.argv[1:]
s = socket.socket(socket.AF_UNIX)
s.bind(root + "/run/rota/rotad.sock")
s.listen(8)
while True:
    c = s.accept()[0]
    with open(root + "/request", "wb") as f:
        f.write(c.makefile("rb").readline())
    c.sendall(answer.encode() + (b"\n" if answer else b""))
    c.close()
PY
	server=$!
	for _ in $(seq 100); do
		[ ! -S "$ROTA_ROOT/run/rota/rotad.sock" ] || return 0
		sleep 0.05
	done
	false
}

@test "a kernel without sched_ext" {
	needs_live
	refused 1 "no sched_ext" host start
	refused 1 "no sched_ext" host start --dry-run
}

@test "a kernel without BTF" {
	needs_live
	machine
	rm "$ROTA_ROOT/sys/kernel/btf/vmlinux"
	refused 1 "no BTF" host start
}

@test "another sched_ext scheduler is loaded" {
	needs_live
	machine
	file /sys/kernel/sched_ext/state enabled
	file /sys/kernel/sched_ext/root/ops simple
	refused 1 "another sched_ext scheduler is loaded: 'simple'" host start
}

@test "more CPUs than rota knows" {
	needs_live
	machine
	file /sys/devices/system/cpu/possible 0-5000
	refused 1 "at most 1024" host start --foreground
}

@test "an unknown scheduler" {
	needs_live
	machine
	refused 1 "no scheduler 'credit7'" host start --sched credit7
}

@test "one live host at a time; what a dead one left is nothing" {
	needs_live
	machine
	mkfifo "$ROTA_ROOT/go"
	python3 - "$ROTA_ROOT/run/rota/host.pid" "$ROTA_ROOT/go" <<'PY' 3>&- &
import fcntl, sys
f = open(sys.argv[1], "w")
fcntl.lockf(f, fcntl.LOCK_EX)
open(sys.argv[2]).read()
PY
	server=$!
	for _ in $(seq 100); do
		[ ! -e "$ROTA_ROOT/run/rota/host.pid" ] || break
		sleep 0.05
	done
	sleep 0.2
	refused 1 "runs already (process $server)" host start
	kill "$server"
	wait "$server" || :
	echo 1 >"$ROTA_ROOT/run/rota/host.pid" # of a living process, but nobody holds the lock
	run "$rota" host start --dry-run
	[[ $output != *"runs already"* ]]
	refused 1 "is not running" host stop
}

@test "nothing runs" {
	refused 1 'not running; `rota host start` starts the live one' list
	refused 1 'not running; `rota host start` starts the live one' vcpu-list
	refused 1 'not running; `rota host start` starts the live one' sched-credit
	refused 1 "is not running" host stop
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$ROTA_ROOT/run/rota/rotad.sock"
	refused 1 'not running; `rota host start` starts the live one' list
}

@test "status when nothing runs: why the scheduler was left last" {
	file /sys/kernel/sched_ext/state disabled
	run -1 "$rota" host status
	[[ $output == *"not running"*"disabled"* ]]
	file /run/rota/host.exit '{"time_unix":1,"kind":1026,"code":0,"reason":"runnable task stall","message":"x y","restarted":false}'
	run -1 "$rota" host status
	[[ $output == *"because"*": runnable task stall: x y"* ]]
	run -1 --separate-stderr "$rota" host status --json
	python3 -c 'import json, sys; s = json.loads(sys.argv[1]); assert s["running"] is False and s["last_exit"]["kind"] == 1026' "$output"
	echo '{"time_' >"$ROTA_ROOT/run/rota/host.exit"
	run -1 "$rota" host status
	[[ $output == *"not running"* ]]
}

@test "rota list has xl's columns" {
	host_answers '{"version":1,"domains":[{"name":"Domain-0","id":0,"memory_mib":700,"vcpus":1,"state":"r-----","cpu_ns":24480000000,"pid":0},{"name":"longname-domain-with-many-chars-in-it","id":3,"memory_mib":16,"vcpus":12,"state":"-b----","cpu_ns":3040000000,"pid":7}]}'
	run -0 --separate-stderr "$rota" list
	[ "${lines[0]}" = $'Name                                        ID   Mem VCPUs\tState\tTime(s)' ]
	[ "${lines[1]}" = "Domain-0                                     0   700     1     r-----      24.5" ]
	[ "${lines[2]}" = "longname-domain-with-many-chars-in-it        3    16    12     -b----       3.0" ]
	grep -q '"verb":"list"' "$ROTA_ROOT/request"
	run -0 "$rota" list --json
	python3 -c 'import json, sys; assert json.loads(sys.argv[1])[1]["vcpus"] == 12' "$output"
}

@test "rota vcpu-list has xl's columns" {
	host_answers '{"version":1,"vcpus":[{"name":"web","id":1,"vcpu":0,"cpu":1,"state":"r--","cpu_ns":12240000000,"hard":"1","soft":"2-3"},{"name":"web","id":1,"vcpu":1,"cpu":null,"state":"--p","cpu_ns":0,"hard":"all","soft":"all"}]}'
	run -0 --separate-stderr "$rota" vcpu-list web
	[ "${lines[0]}" = "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)" ]
	[ "${lines[1]}" = "web                                  1     0    1   r--      12.2  1 / 2-3" ]
	[ "${lines[2]}" = "web                                  1     1    -   --p       0.0  all / all" ]
	grep -q '"domain":"web"' "$ROTA_ROOT/request"
}

@test "rota sched-credit has xl's lines" {
	host_answers '{"version":1,"pools":[{"name":"Pool-0","sched":"credit","params":{"tslice_ms":30,"ratelimit_us":1000,"migration_delay_us":0},"domains":[{"name":"Domain-0","id":0,"weight":256,"cap":0},{"name":"web","id":1,"weight":65535,"cap":100}]}]}'
	run -0 --separate-stderr "$rota" sched-credit
	[ "${lines[0]}" = "Cpupool Pool-0: tslice=30ms ratelimit=1000us migration-delay=0us" ]
	[ "${lines[1]}" = "Name                                ID Weight  Cap" ]
	[ "${lines[2]}" = "Domain-0                             0    256    0" ]
	[ "${lines[3]}" = "web                                  1  65535  100" ]
	run -0 "$rota" sched-credit -d web
	[ "${lines[0]}" = "Name                                ID Weight  Cap" ]
	run -0 "$rota" sched-credit -s -p Pool-0
	[ "$output" = "Cpupool Pool-0: tslice=30ms ratelimit=1000us migration-delay=0us" ]
	run -0 "$rota" sched-credit -d web --weight=512 -c 50
	[ -z "$output" ]
	for want in '"weight":512' '"cap":50' '"domain":"web"' '"version":1'; do
		grep -q "$want" "$ROTA_ROOT/request"
	done
	run -0 "$rota" sched-credit -s -t 10 -r 500 -m 5000
	[ -z "$output" ]
	grep -q '"tslice_ms":10,"ratelimit_us":500,"migration_delay_us":5000' "$ROTA_ROOT/request"
}

@test "what the host refuses is told, in one line" {
	host_answers '{"version":1,"error":"Domain 1:Cpu weight out of range, valid values are within range from 1 to 65535"}'
	refused 1 "Domain 1:Cpu weight out of range" sched-credit -d web -w 0
}

@test "a host that hangs up, or talks nonsense" {
	host_answers ''
	refused 1 "went away" list
	kill "$server"
	rm "$ROTA_ROOT/run/rota/rotad.sock"
	host_answers 'hello'
	refused 1 "went away" sched-credit
}

@test "sched-credit: xl's refusals" {
	refused 1 "Must specify a domain." sched-credit -w 100
	refused 1 "Must specify a domain." sched-credit -c 10
	refused 1 "Specifying a cpupool or schedparam is not allowed with domain options." sched-credit -d web -s
	refused 1 "Specifying a cpupool or schedparam is not allowed with domain options." sched-credit -d web -p Pool-0
	refused 1 "Must specify schedparam to set schedule parameter values." sched-credit -t 10
}

@test "bad usage is 2" {
	for words in "host" "host nosuch" "host start now" "host start --sched" "host stop --force" "list a b" "list --nosuch" \
		"vcpu-list -x" "sched-credit -x" "sched-credit extra" "sched-credit -d web -w abc" "sched-credit -d web -c 5%" \
		"sched-credit -d web -w 99999999999999999999" "host start --watchdog 0"; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr "$rota" $words
		[ -z "$output" ]
		[ -n "$stderr" ]
	done
}

@test "help is 0" {
	for words in "host --help" "host start --help" "list --help" "vcpu-list -h" "sched-credit --help"; do
		# shellcheck disable=SC2086 # words
		run -0 --separate-stderr "$rota" $words
		[[ $output == "Usage: rota "* ]]
		[ -z "$stderr" ]
	done
}
