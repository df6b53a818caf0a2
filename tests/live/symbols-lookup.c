/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symbols-lookup OBJECT MAP RULES: one table of guest symbols, looked up natively and by the BPF program of OBJECT
 * (symbols.bpf.c): every edge of every range, and addresses anywhere. Exit code 0 if both agree on all.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols-lookup.h"
#include "symbols/symbols.h"

#define ADDRESSES 20000U
#define SLIDE 0x1c600000ULL
/* Where things lie in the arena of 256 pages. */
#define TABLE_AT 4096
#define IPS_AT (128 << 10)
#define CLASSES_AT (640 << 10)

static int fail(const char *what)
{
	fprintf(stderr, "symbols-lookup: %s\n", what);
	return 1;
}

static void choose(const struct symbol_table *t, uint64_t text_bytes, unsigned long long *ips)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->nr && n + 5 <= ADDRESSES; i++) {
		uint64_t start = t->text + SLIDE + t->entry[i].start;
		uint32_t size = symbol_entry_size(t->entry[i].size_class);

		ips[n++] = start - 1;
		ips[n++] = start;
		ips[n++] = start + size / 2;
		ips[n++] = start + size - 1;
		ips[n++] = start + size;
	}
	while (n < ADDRESSES)
		ips[n++] = t->text + SLIDE + (uint64_t)rand() % (text_bytes + 4096) - (rand() % 5 ? 0 : 0x40000000);
}

int main(int argc, char **argv)
{
	uint32_t differ = 0, classified = 0;
	struct symbol_rules *rules;
	struct bpf_object *object;
	struct symbol_kernel k;
	struct lookup l = { .nr = ADDRESSES };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &l, .ctx_size_in = sizeof(l));
	unsigned long long *ips;
	uint32_t *classes;
	char err[1024];
	size_t size;
	char *arena;

	if (argc != 4)
		return fail("usage: symbols-lookup OBJECT MAP RULES");
	rules = symbol_rules_load(argv[3], NULL, err, sizeof(err));
	if (!rules || !symbol_kernel_open(&k, argv[2], rules, 0, err, sizeof(err)))
		return fail(err);
	object = bpf_object__open(argv[1]);
	if (!object || bpf_object__load(object))
		return fail("the kernel does not take the program");
	arena = bpf_map__initial_value(bpf_object__find_map_by_name(object, "arena"), &size);
	if (!arena)
		return fail("no arena");
	/* Pages of an arena exist once they were written to. */
	memset(arena, 0xff, 256 * 4096);
	memcpy(arena + TABLE_AT, k.table, sizeof(*k.table) + k.table->nr * sizeof(k.table->entry[0]));
	ips = (unsigned long long *)(arena + IPS_AT);
	classes = (uint32_t *)(arena + CLASSES_AT);
	choose(k.table, k.map->end - k.map->text, ips);
	l.table = (uintptr_t)(arena + TABLE_AT);
	l.ips = (uintptr_t)ips;
	l.classes = (uintptr_t)classes;
	l.lstar = k.map->lstar + SLIDE;
	if (bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(object, "lookup")), &opts))
		return fail("the program does not run");
	if (l.check || l.slide)
		return fail("the program takes the table for one out of order, or its MSR_LSTAR for a wrong one");
	if (symbol_set_slide(k.table, SLIDE))
		return fail("no such slide");
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		uint32_t class = symbol_class_at(k.table, ips[i]);

		differ += class != classes[i];
		classified += class != SYMBOL_NONE;
	}
	printf("%u addresses, %u of them classified, %u differ\n", ADDRESSES, classified, differ);
	return differ || !classified;
}
