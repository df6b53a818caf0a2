# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2, two pCPUs: what 13 says of credit: weights, and changed ones 100 ms later.
SCHED=credit2
# shellcheck disable=SC1090 # one of these tests
. "${0%/*}/13-weights-two.sh"
