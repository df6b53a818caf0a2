#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: docs/comparison.md says what the simulator says today.
exec python3 -B "$(dirname "$0")/../../bench/comparison.py" --check
