#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shell.sh - `make live-shell`: a shell in a test machine where two VMs run, and rota schedules them if it is built
#
# usage: shell.sh [KERNEL]	6.12 (default) or 7.2
# Leave it with exit, or with Ctrl-A x if it hangs. Nothing done inside outlives it.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ "${1:-}" != --inside ]; then
	if [ -n "${ROTA:-}" ]; then
		ROTA_BUILD=$(dirname "$ROTA")
	fi
	ROTA_BUILD=$(realpath -m "${ROTA_BUILD:-$here/../../build}")
	export ROTA_BUILD
	kernel=${1:-6.12}
	"$here/build-guests.sh"
	"$here/kernel.sh" 6.12 "$kernel" >/dev/null
	export ROTA_LIVE_TTY_SIZE
	ROTA_LIVE_TTY_SIZE=$(stty size 2>/dev/null || echo 24 80)
	exec "$here/boot.sh" -i "$kernel" "$here/shell.sh" --inside
fi

# --- inside the machine ---

# shellcheck disable=SC2086 # rows and columns
set -- ${ROTA_LIVE_TTY_SIZE:-24 80}
stty rows "$1" cols "$2" sane || true
PATH=$ROTA_BUILD:$here:$PATH
"$here/guest-linux.sh" vm1 hog 2 >/tmp/vm1.log 2>&1 &
"$ROTA_BUILD/live/guest-rm" -name vm2 -vcpus 2 -mode hog >/tmp/vm2.log 2>&1 &
echo "Kernel $(uname -r), $(nproc) CPUs. Two VMs of two vCPUs each run: vm1 (Linux under QEMU) and vm2 (guest-rm);"
echo "their consoles are /tmp/vm1.log and /tmp/vm2.log. guest-rm and guest-linux.sh start more."
if [ -x "$ROTA_BUILD/rota" ] && "$ROTA_BUILD/rota" host --help >/dev/null 2>&1; then
	"$ROTA_BUILD/rota" host start >/tmp/rota.log 2>&1 &
	echo "rota host start runs in the background, its messages are in /tmp/rota.log. Try: rota list"
else
	echo "There is no rota with a live host in $ROTA_BUILD, so the kernel's own scheduler is at work."
fi
PATH=$ROTA_BUILD/live:$PATH PS1='live \w# ' exec bash --norc --noprofile -i
