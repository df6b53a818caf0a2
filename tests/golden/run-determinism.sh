#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a scenario gives the same trace in every build, and the one it gave before.
exec python3 -B "$(dirname "$0")/determinism.py" "$@"
