# SPDX-License-Identifier: GPL-2.0-or-later
# Description: the verbs about a VM as a whole: vcpu-pin (hard and soft), pause and unpause, rename, destroy, and why there is no
# vcpu-set. What rota did to threads is undone when it ends, however it ends.
. "${0%/*}/../rota.sh"

tid() { vcpu_tids "$1" | sed -n "$((${2:-0} + 1))p"; }
runs_on() { taskset -pc "$(tid "$1")" | sed 's/.*: //'; }
loops() { field loops "$(rm_report "$1")"; }
state() { rota list "$1" 2>/dev/null | awk "NR == 2 { print \$5 }"; }
hard() { rota vcpu-list --json "$1" | sed -n 's/.*"hard": "\([^"]*\)".*/\1/p' | head -n 1; }
soft() { rota vcpu-list --json "$1" | sed -n 's/.*"soft": "\([^"]*\)".*/\1/p' | head -n 1; }
gone() { ! kill -0 "$1" 2>/dev/null; }
all=0-$(($(nproc) - 1))
[ "$(nproc)" -gt 1 ] || all=0

start_rm a 0 -mode hog
start_rm b "$all" -mode hog -vcpus 2
start_host
known a && known b 2

# A pause holds the vCPU, and beyond what the kernel's watchdog would bear (2 s here by --watchdog, below).
check "pause" rota pause a
check "it is told" eval '[ "$(state a)" = --p--- ]'
x=$(grep -o '^[0-9]*' "/proc/${VM[a]}/task/$(tid a)/schedstat")
sleep 1
check "it does not run" eval '[ "$(grep -o "^[0-9]*" /proc/${VM[a]}/task/$(tid a)/schedstat)" = "$x" ]'
check "nor is it a task that waits" eval '[ "$(sed "s/.*) //; s/ .*//" /proc/${VM[a]}/task/$(tid a)/stat)" = t ]'
check "a second pause is one" rota pause a
check "unpause" rota unpause a
shares 2 a
at_least "it runs again, share" "${SHARE[a]}" 0.2
check "an unpause too many is refused" eval '! rota unpause a 2>/dev/null'
check "Domain-0 is not paused" eval '! rota pause 0 2>/tmp/e && grep -q "host itself" /tmp/e'

if [ "$(nproc)" -gt 1 ]; then
	check "pin" rota vcpu-pin a all 1
	check "it is the thread's affinity" eval '[ "$(runs_on a)" = 1 ]'
	check "and the core's" eval '[ "$(hard a)" = 1 ]'
	sleep 0.3
	check "it runs there" eval '[ "$(rota vcpu-list a | awk "NR == 2 { print \$4 }")" = 1 ]'
	taskset -pc 0 "$(tid a)" >/dev/null
	check "taskset's word after rota's holds" eval '[ "$(hard a)" = 0 ]'
	rota vcpu-pin a all 1
fi
check "soft affinity" rota vcpu-pin a all - 0
[ "$(nproc)" -eq 1 ] || check "is the core's alone" eval '[ "$(soft a)" = 0 ]'
check "Domain-0's vCPUs stay" eval '! rota vcpu-pin 0 0 0 2>/tmp/e && grep -q "own tasks" /tmp/e'
check "a pCPU that there is not is refused" eval '! rota vcpu-pin a 0 77 2>/dev/null'

check "rename" rota rename a web
check "the new name counts" eval 'rota list web >/dev/null && ! rota list a 2>/dev/null'
check "a name in use is refused" eval '! rota rename web b 2>/dev/null'
check "vcpu-set names the reason" eval '! rota vcpu-set b 1 2>/tmp/e; cat /tmp/e; grep -q "threads of its VMM" /tmp/e'
pid=${VM[b]}
rota pause b
check "destroy, of one that is paused" rota destroy b
check "its process is gone" wait_for 3 gone "$pid"
check "and the domain" eval '! rota list b 2>/dev/null'

# All is put back: by the end of rota, or where it was killed, by the next start.
[ "$(nproc)" -gt 1 ] && rota pause web
check "the host runs still" rota host stop
shares 1 a
at_least "a pause ends with the live host, share" "${SHARE[a]}" 0.2
if [ "$(nproc)" -gt 1 ]; then
	check "the thread has what it had, or what taskset gave it" eval '[ "$(runs_on a)" = 0 ]'
	start_host
	known a
	rota vcpu-pin a all 1
	kill -9 "$(rota host status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')"
	wait_for 5 eval '[ "$(scx_state)" = disabled ]'
	check "after kill -9 it is still pinned" eval '[ "$(runs_on a)" = 1 ]'
	start_host
	check "until the next start" eval '[ "$(runs_on a)" = 0 ]'
	check "the host runs still" rota host stop
fi
# The watchdog has nothing to say against a pause.
start_host --watchdog 2
known a
rota pause a
sleep 4
check "a pause longer than the watchdog's patience" eval 'rota host status >/dev/null && [ "$(state a)" = --p--- ]'
check "the host runs still" rota host stop
