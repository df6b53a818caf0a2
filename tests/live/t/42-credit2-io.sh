# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2: what 24 says of credit: wake-ups of a VM that serves I/O beside hogs, against EEVDF.
SCHED=credit2
# shellcheck disable=SC1090 # one of these tests
. "${0%/*}/24-io.sh"
