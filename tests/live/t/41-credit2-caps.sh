# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2: caps of 25 and 50, and of 150 where there are two pCPUs, as 14 asks of credit.
SCHED=credit2
. "${0%/*}/../rota.sh"

if [ "$(nproc)" -gt 1 ]; then
	caps_test 2 25 50 150
else
	caps_test 1 25 50
fi
