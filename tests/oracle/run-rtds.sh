#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: RTDS and null: dispatch by dispatch the decisions of Xen's own code; no more deadlines missed than there.
exec python3 -B "$(dirname "$0")/rtds.py" "$@"
