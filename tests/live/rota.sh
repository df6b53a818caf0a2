# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# rota.sh - what the tests of the live host share, on top of lib.sh

# shellcheck source=tests/live/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rota() { "$ROTA_BUILD/rota" "$@"; }

scx_state() { cat /sys/kernel/sched_ext/state; }

# start_host - the live host schedules from here on; else the test ends
start_host()
{
	if ! rota host start "$@" >/tmp/start.log 2>&1; then
		not_ok "rota host start"
		note "$(cat /tmp/start.log)" "$(tail -n 5 /run/rota/host.log 2>/dev/null)"
		exit 0
	fi
}

# why_left - a note on what became of the live host
why_left() { note "$(rota host status 2>&1 | head -n 12)" "$(tail -n 5 /run/rota/host.log)"; }

# vcpus_of NAME - how many vCPUs rota sees of a VM; nothing if it knows no such domain
vcpus_of() { rota list --json "$1" 2>/dev/null | sed -n 's/.*"vcpus": \([0-9]*\).*/\1/p'; }

# known NAME [VCPUS] - waits until the VM is a domain with that many vCPUs
known()
{
	wait_for 5 eval "[ \"\$(vcpus_of $1)\" = ${2:-1} ]" || {
		not_ok "$1 is a domain of ${2:-1} vCPUs"
		why_left
		rota vcpu-list | sed 's/^/# /'
		return 1
	}
}

# objects - counts of what lives in the core: "DOMAINS VCPUS", Domain-0 and its vCPUs included
objects()
{
	rota host status --json | sed -n 's/.*"\(domains\|vcpus\)": \([0-9]*\).*/\2/p' | tr '\n' ' '
}
