/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's lookup of guest symbols, run by the kernel on a table in an arena; symbols-lookup.c is its other half. */
#include "kvm/scx.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 256); /* pages */
} arena SEC(".maps");

#include "sched/symbols.c"
#include "symbols-lookup.h"

char _license[] SEC("license") = "GPL";

SEC("syscall")
int lookup(struct lookup *l)
{
	symbol_table_t *t = (symbol_table_t *)l->table;
	u64 ARENA *ips = (u64 ARENA *)l->ips;
	u32 ARENA *classes = (u32 ARENA *)l->classes;
	u32 i, nr = l->nr;

	asm volatile("" ::"r"(&arena)); /* a program that names no arena can't use pointers into one */
	l->check = symbol_table_check(t);
	l->slide = symbol_slide_from_lstar(t, l->lstar);
	for (i = ZERO; i < nr && can_loop; i++)
		classes[i] = symbol_class_at(t, ips[i]);
	return 0;
}
