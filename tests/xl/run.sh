#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: rota's commands against what xl prints on a real Xen host (from records of one), the micro-sliced-cores
# project's README typed in order, the sequences that panic Xen 4.17, and the tutorial. See transcript.py.
cd "${ROTA_TOP:-$(dirname "$0")/../..}" || exit 1
export ROTA_TOP=$PWD
ROTA=${ROTA:-$PWD/build/rota} exec python3 tests/xl/transcript.py tests/xl/*.txt docs/tutorial.md
