# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2: what 23 says of credit: a host full of VM load answers, and VMs hold their share.
SCHED=credit2
# shellcheck disable=SC1090 # one of these tests
. "${0%/*}/23-host-load.sh"
