#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: credit2: weights and caps: shares against those that Xen's own code gave, and against the ideal at random starts.
exec python3 -B "$(dirname "$0")/shares.py" credit2 "$@"
