# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2: weights of 256, 512 and 1024 on all pCPUs that there are, as 12 and 13 ask of credit. Slices of credit2 are
# 1 to 2 ms, and it forgives debts beyond 10 ms: where the machine below comes late by more than that, a light VM gets too much.
SCHED=credit2
. "${0%/*}/../rota.sh"

weights_test "$(nproc)"
