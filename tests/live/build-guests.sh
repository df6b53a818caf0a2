#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build-guests.sh - compiles what runs inside the test machine into $ROTA_BUILD/live; the machine itself can't write there

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${ROTA_BUILD:-$here/../../build}/live
mkdir -p "$out"
for p in guest-rm pingpong; do
	[ ! "$out/$p" -nt "$here/$p.c" ] || continue
	"${CC:-gcc}" -std=c11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -o "$out/$p.new" "$here/$p.c" -lpthread
	mv "$out/$p.new" "$out/$p"
done
