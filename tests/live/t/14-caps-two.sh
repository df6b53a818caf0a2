# SPDX-License-Identifier: GPL-2.0-or-later
# Description: two pCPUs: caps of 25, 50 and 150 percent of a hog of two vCPUs hold within 3 points, 100 ms after they are set.
. "${0%/*}/../rota.sh"

caps_test 2 25 50 150
