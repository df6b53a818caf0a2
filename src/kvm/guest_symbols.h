/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbol tables of VMs' kernels on the loader's side: where they lie, and how far KASLR moved the kernel. */
#ifndef KVM_GUEST_SYMBOLS_H
#define KVM_GUEST_SYMBOLS_H

#include "sched/symbols.h"

/* Each domain has a place for one in the arena, beside the core's objects. */
#define LIVE_SYMBOL_BYTES 16384
#define LIVE_SYMBOL_ENTRIES ((LIVE_SYMBOL_BYTES - sizeof(struct symbol_table)) / sizeof(struct symbol_entry))

/*
 * The slide that puts @ip, where the guest halted, into one of the table's functions that halt. -1: into none, or
 * several slides would. A kernel moves by whole 2 MiB, so that the low bits of an address are as linked.
 */
s64 guest_slide(const struct symbol_table *table, u64 ip);

#endif
