#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: the core is written in what BPF can run. It compiles for BPF, and nothing in
# it calls outside: an undefined symbol would be a libc function that the kernel lacks.
set -u
cd "${ROTA_TOP:-$(dirname "$0")/../..}" || exit 1

if [ ! -f src/sched/sched.c ]; then
	echo "1..0 # SKIP no core yet"
	exit 0
fi
echo "1..2"
object=${TEST_TMP:-$(mktemp -d)}/sched.bpf.o
# Freestanding: BPF has no libc, so <stdint.h> is the compiler's own.
if clang-19 -target bpf -mcpu=v4 -ffreestanding -std=gnu11 -O2 -g -Wall -Wextra -Werror \
	-DROTA_BPF -Isrc -c src/sched/sched.c -o "$object" >&2; then
	echo "ok 1 - core compiles for BPF"
else
	echo "not ok 1 - core compiles for BPF"
	echo "ok 2 - core calls nothing outside itself # SKIP it did not compile"
	exit 0
fi
outside=$(nm -u "$object")
if [ -z "$outside" ]; then
	echo "ok 2 - core calls nothing outside itself"
else
	echo "not ok 2 - core calls nothing outside itself"
	sed 's/^/# /' <<<"$outside"
fi
