#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2 on 64 and 512 pCPUs, four equal vCPUs for each: nobody starves, the largest share is at most 5 % above the smallest.
exec python3 -B "$(dirname "$0")/scaling.py" credit2 "$@"
