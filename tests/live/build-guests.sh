#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build-guests.sh - compiles what runs inside the test machine into $ROTA_BUILD/live; the machine itself can't write there

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${ROTA_BUILD:-$here/../../build}/live
mkdir -p "$out"
if [ ! "$out/guest-rm" -nt "$here/guest-rm.c" ]; then
	"${CC:-gcc}" -std=c11 -O2 -g -Wall -Wextra -Werror -o "$out/guest-rm.new" "$here/guest-rm.c" -lpthread
	mv "$out/guest-rm.new" "$out/guest-rm"
fi
