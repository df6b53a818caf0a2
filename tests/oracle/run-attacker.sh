#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: a VM that spins at fake critical addresses takes nothing from its neighbours under any mechanism.
exec python3 -B "$(dirname "$0")/attacker.py" "$@"
