#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2: dispatch by dispatch the decisions of Xen's own code, and a correction for each that differs.
exec python3 -B "$(dirname "$0")/decision_table.py" credit2 "$@"
