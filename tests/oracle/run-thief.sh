#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a vCPU that sleeps through the ticks gets no more than its share.
exec python3 -B "$(dirname "$0")/thief.py" "$@"
