#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2: wake-to-run latency of an I/O vCPU against hogs, against that of Xen's own code.
exec python3 -B "$(dirname "$0")/latency.py" credit2 "$@"
