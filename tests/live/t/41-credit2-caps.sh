# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2, two pCPUs: what 14 says of credit: caps of 25, 50 and 150.
SCHED=credit2
# shellcheck disable=SC1090 # one of these tests
. "${0%/*}/14-caps-two.sh"
