# SPDX-License-Identifier: GPL-2.0-or-later
# Description: two pCPUs: two and three hogs of two vCPUs at weights 256, 512, 1024 get their shares within 3 percentage points;
# changed weights count 100 ms later.
. "${0%/*}/../rota.sh"

weights_test 2
