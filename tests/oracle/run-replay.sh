#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: every capture of a real Xen imports; replayed under rota's credit with the weights and caps it was recorded with, each
# domain gets its recorded share within 3 percentage points of one pCPU.
exec python3 "$(dirname "$0")/replay.py"
