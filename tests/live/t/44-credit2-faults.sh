# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2: what 20 says of credit: VMs go on whatever happens to the live host.
SCHED=credit2
# shellcheck disable=SC1090 # one of these tests
. "${0%/*}/20-faults.sh"
