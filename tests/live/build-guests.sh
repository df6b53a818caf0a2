#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build-guests.sh - compiles what runs inside the test machine into $ROTA_BUILD/live; the machine itself can't write there

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${ROTA_BUILD:-$here/../../build}/live
mkdir -p "$out"
for p in guest-rm pingpong tsc-khz; do
	[ ! "$out/$p" -nt "$here/$p.c" ] || continue
	"${CC:-gcc}" -std=c11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE= -o "$out/$p.new" "$here/$p.c" -lpthread
	mv "$out/$p.new" "$out/$p"
done

# The lookup of guest symbols as a BPF program, and what compares it with the native one; needs what the live host needs.
top=$here/../..
config=$(cd "$top" && scripts/live-config "${CC:-gcc}")
value() { sed -n "s/^$1 := //p" <<<"$config"; }
if [ -n "$(value LIVE_CLANG)" ] && [ -f "$out/../librota.a" ]; then
	# shellcheck disable=SC2046 # lists of words
	"$(value LIVE_CLANG)" -target bpf -mcpu=v4 -mllvm -disable-ldsx -fno-builtin -ffreestanding -std=gnu11 -O2 -g \
		-Wall -Wextra -Werror -Wno-unused-parameter -Wno-unused-function -DROTA_BPF -D__TARGET_ARCH_x86 \
		-I"$top/src" $(value LIVE_CFLAGS) -c "$here/symbols.bpf.c" -o "$out/symbols.bpf.o"
	# shellcheck disable=SC2046
	"${CC:-gcc}" -std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -I"$top/src" $(value LIVE_CFLAGS) \
		-o "$out/symbols-lookup" "$here/symbols-lookup.c" "$out/../librota.a" $(value LIVE_LIBS) -lelf -lyaml -ljansson -lm
fi
