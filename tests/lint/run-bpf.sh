#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: the core is written in what BPF can run. It compiles for BPF, every function of
# it, and nothing in it calls outside: an undefined symbol would be a libc function that the
# kernel lacks. The live host's object, which holds the core with the programs that enter it,
# compiles as well, and no chain of calls in it is deeper than the verifier allows.
set -u
cd "${ROTA_TOP:-$(dirname "$0")/../..}" || exit 1

if [ ! -f src/sched/sched.c ]; then
	echo "1..0 # SKIP no core yet"
	exit 0
fi
echo "1..5"
object=${TEST_TMP:-$(mktemp -d)}/sched.bpf.o
# Freestanding: BPF has no libc, so <stdint.h> is the compiler's own.
# unused=used: SCHED_API functions are static and marked unused in BPF. Nothing calls them here,
# and what isn't called isn't compiled to code, where the limits of BPF show (stack, parameters,
# instructions). The other attribute keeps them.
if ! clang-19 -target bpf -mcpu=v4 -ffreestanding -std=gnu11 -O2 -g -Wall -Wextra -Werror \
	-DROTA_BPF -Dunused=used -Isrc -c src/sched/sched.c -o "$object" >&2; then
	echo "not ok 1 - core compiles for BPF"
	echo "ok 2 - every policy and the framework became code # SKIP it did not compile"
	echo "ok 3 - core calls nothing outside itself # SKIP it did not compile"
	echo "ok 4 - the live host's programs compile for BPF # SKIP the core did not compile"
	echo "ok 5 - no chain of calls is too deep for the verifier # SKIP the core did not compile"
	exit 0
fi
echo "ok 1 - core compiles for BPF"

missing=
functions=$(nm "$object" | sed -n 's/.* [tTW] //p')
grep -qx schedule <<<"$functions" || missing=" schedule()"
for policy in $(sed -n 's/.*SCHEDULER(\([a-z0-9]*\), *[0-9].*/\1/p' src/sched/sched.h); do
	grep -q "^${policy}_" <<<"$functions" || missing="$missing, the policy $policy"
done
if [ -n "$functions" ] && [ -z "$missing" ]; then
	echo "ok 2 - every policy and the framework became code"
else
	echo "not ok 2 - every policy and the framework became code"
	echo "# not in the object:$missing"
fi

outside=$(nm -u "$object")
if [ -z "$outside" ]; then
	echo "ok 3 - core calls nothing outside itself"
else
	echo "not ok 3 - core calls nothing outside itself"
	sed 's/^/# /' <<<"$outside"
fi

config=$(scripts/live-config "${CC:-gcc}")
why=$(sed -n 's/^LIVE_MISSING := //p' <<<"$config")
clang=$(sed -n 's/^LIVE_CLANG := //p' <<<"$config")
flags=$(sed -n 's/^LIVE_CFLAGS := //p' <<<"$config")
live=${object%/*}/rota.bpf.o
if [ -n "$why" ]; then
	echo "ok 4 - the live host's programs compile for BPF # SKIP $why"
	echo "ok 5 - no chain of calls is too deep for the verifier # SKIP $why"
	exit 0
fi
# The flags are those of mk/live.mk.
# shellcheck disable=SC2086 # flags are words
if ! "$clang" -target bpf -mcpu=v4 -mllvm -disable-ldsx -fno-builtin -ffreestanding -std=gnu11 -O2 -g -Wall -Wextra -Werror \
	-Wno-unused-parameter -DROTA_BPF -D__TARGET_ARCH_x86 -Isrc $flags -c src/kvm/rota.bpf.c -o "$live" >&2; then
	echo "not ok 4 - the live host's programs compile for BPF"
	echo "ok 5 - no chain of calls is too deep for the verifier # SKIP they did not compile"
	exit 0
fi
echo "ok 4 - the live host's programs compile for BPF"
if deep=$(python3 tests/lint/bpf-frames.py "$live"); then
	echo "ok 5 - no chain of calls is too deep for the verifier"
else
	echo "not ok 5 - no chain of calls is too deep for the verifier"
	sed 's/^/# /' <<<"$deep"
fi
