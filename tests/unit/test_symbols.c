// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: guest symbols. The core's lookup against a plain search, at every edge of every
 * range and with every slide; which of several rules decides; what is said about rules that fit
 * badly; names that tools decorated; and the shipped rules on the functions of four Debian kernels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "symbols/symbols.h"

#define TEXT 0xffffffff81000000ULL

static struct symbol_table *new_table(uint32_t nr)
{
	struct symbol_table *t = calloc(1, sizeof(*t) + nr * sizeof(t->entry[0]));

	assert_non_null(t);
	t->text = TEXT;
	t->lstar = SYMBOL_NO_ENTRY;
	t->nr = nr;
	return t;
}

static void set_entry(struct symbol_table *t, uint32_t i, uint32_t start, uint32_t size, uint32_t class)
{
	t->entry[i] = (struct symbol_entry){ start, size << 8 | class };
}

static uint32_t plain_search(const struct symbol_table *t, uint64_t ip)
{
	for (uint32_t i = 0; i < t->nr; i++) {
		uint64_t start = t->text + t->slide + t->entry[i].start;

		if (ip >= start && ip - start < symbol_entry_size(t->entry[i].size_class))
			return i;
	}
	return SYMBOL_NO_ENTRY;
}

static void lookup_finds_what_a_plain_search_finds(void **state)
{
	(void)state;
	srand(7);
	for (int round = 0; round < 300; round++) {
		uint32_t nr = (uint32_t)(rand() % 70), at = 0;
		struct symbol_table *t = new_table(nr);

		for (uint32_t i = 0; i < nr; i++) {
			uint32_t size = 1 + (uint32_t)(rand() % 40);

			/* Half of them without a gap before them. */
			at += rand() % 2 ? (uint32_t)(rand() % 30) : 0;
			set_entry(t, i, at, size, 1 + (uint32_t)rand() % (SYMBOL_NR_CLASSES - 1));
			at += size;
		}
		assert_int_equal(symbol_table_check(t), 0);
		assert_int_equal(symbol_set_slide(t, (uint64_t)(rand() % 512) << 21), 0);
		for (uint64_t ip = TEXT + t->slide - 3; ip < TEXT + t->slide + at + 3; ip++)
			assert_int_equal(symbol_find(t, ip), plain_search(t, ip));
		free(t);
	}
}

static void lookup_at_the_limits(void **state)
{
	struct symbol_table *t = new_table(SYMBOL_MAX_ENTRIES);

	(void)state;
	for (uint32_t i = 0; i < SYMBOL_MAX_ENTRIES; i++)
		set_entry(t, i, 0xffff * i, 16, SYMBOL_SPIN);
	assert_int_equal(symbol_table_check(t), 0);
	for (uint32_t i = 0; i < SYMBOL_MAX_ENTRIES; i++) {
		assert_int_equal(symbol_find(t, TEXT + 0xffffULL * i), i);
		assert_int_equal(symbol_find(t, TEXT + 0xffffULL * i + 15), i);
		assert_int_equal(symbol_find(t, TEXT + 0xffffULL * i + 16), SYMBOL_NO_ENTRY);
	}
	/* Far away: below, above, user mode, and where 32 bits would come round. */
	assert_int_equal(symbol_find(t, TEXT - 1), SYMBOL_NO_ENTRY);
	assert_int_equal(symbol_find(t, 0), SYMBOL_NO_ENTRY);
	assert_int_equal(symbol_find(t, UINT64_MAX), SYMBOL_NO_ENTRY);
	assert_int_equal(symbol_find(t, TEXT + (1ULL << 32)), SYMBOL_NO_ENTRY);
	t->nr++;
	assert_int_equal(symbol_table_check(t), -SCHED_EINVAL);
	assert_int_equal(symbol_find(t, TEXT), SYMBOL_NO_ENTRY);
	t->nr = 0;
	assert_int_equal(symbol_table_check(t), 0);
	assert_int_equal(symbol_class_at(t, TEXT), SYMBOL_NONE);
	assert_int_equal(symbol_class_at(NULL, TEXT), SYMBOL_NONE);
	free(t);
}

static void a_table_out_of_order_is_refused(void **state)
{
	struct symbol_table *t = new_table(2);
	static const struct {
		uint32_t start0, size0, class0, start1, size1, class1;
	} bad[] = {
		{ 0, 16, SYMBOL_SPIN, 15, 16, SYMBOL_SPIN }, /* overlap */
		{ 32, 16, SYMBOL_SPIN, 0, 16, SYMBOL_SPIN }, /* order */
		{ 0, 0, SYMBOL_SPIN, 16, 16, SYMBOL_SPIN }, /* empty */
		{ 0, 16, SYMBOL_NONE, 16, 16, SYMBOL_SPIN }, /* of no class */
		{ 0, 16, SYMBOL_NR_CLASSES, 16, 16, SYMBOL_SPIN },
		{ 0, 16, SYMBOL_SPIN, 0xfffffff8, 16, SYMBOL_SPIN }, /* beyond 32 bits */
	};

	(void)state;
	set_entry(t, 0, 0, 16, SYMBOL_SPIN);
	set_entry(t, 1, 16, 16, SYMBOL_UNLOCK);
	assert_int_equal(symbol_table_check(t), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_entry(t, 0, bad[i].start0, bad[i].size0, bad[i].class0);
		set_entry(t, 1, bad[i].start1, bad[i].size1, bad[i].class1);
		assert_int_equal(symbol_table_check(t), -SCHED_EINVAL);
	}
	free(t);
}

static void the_slide_follows_from_lstar(void **state)
{
	struct symbol_table *t = new_table(1);

	(void)state;
	set_entry(t, 0, 0x1000, 0x10, SYMBOL_TLB_SEND);
	assert_int_equal(symbol_slide_from_lstar(t, TEXT), -SCHED_ENOENT);
	t->lstar = 0xc00080;
	assert_int_equal(symbol_slide_from_lstar(t, TEXT + 0xc00080 + 0x22000000), 0);
	assert_int_equal(t->slide, 0x22000000);
	assert_int_equal(symbol_class_at(t, TEXT + 0x22001008), SYMBOL_TLB_SEND);
	assert_int_equal(symbol_class_at(t, TEXT + 0x1008), SYMBOL_NONE);
	/* Not by 2 MiB; 1 GiB; below; the trampoline of 4.15; a 32-bit value. The slide stays. */
	assert_int_equal(symbol_slide_from_lstar(t, TEXT + 0xc00080 + 0x1000), -SCHED_EINVAL);
	assert_int_equal(symbol_slide_from_lstar(t, TEXT + 0xc00080 + 0x40000000), -SCHED_EINVAL);
	assert_int_equal(symbol_slide_from_lstar(t, TEXT + 0xc00080 - 0x200000), -SCHED_EINVAL);
	assert_int_equal(symbol_slide_from_lstar(t, 0xfffffe0000006000ULL), -SCHED_EINVAL);
	assert_int_equal(symbol_slide_from_lstar(t, 0), -SCHED_EINVAL);
	assert_int_equal(t->slide, 0x22000000);
	assert_int_equal(symbol_slide_from_lstar(t, TEXT + 0xc00080), 0);
	assert_int_equal(t->slide, 0);
	free(t);
}

/* A kernel in a few lines; what each test adds lies between _text and _etext. */
static const char rules_text[] = "spin   spin_a             4.0-   # exact\n"
				 "unlock spin_*             -\n"
				 "irq    irq_*\n"
				 "irq    ir?_enter          -3.9   optional\n"
				 "rwsem  irq_*_rwsem\n"
				 "spin   gone               3.0-4.2\n"
				 "spin   gone2              3.0-4.2,5.0-\n"
				 "spin   soon               6.2-\n"
				 "halt   maybe              - optional\n"
				 "halt   always\n"
				 "none   irq2_boring\n"
				 "irq    irq2_*             6.1\n";

static const char map_text[] = "0000000000000000 A nothing\n"
			       "ffffffff81000000 T _text\n"
			       "ffffffff81000000 T _stext\n"
			       "ffffffff81000010 t __pfx_spin_a\n"
			       "ffffffff81000020 t spin_a\n"
			       "ffffffff81000030 T spin_b.isra.0\n"
			       "ffffffff81000030 T alias_of_b\n"
			       "ffffffff81000040 W irq_enter\n"
			       "ffffffff81000050 t irq_x_rwsem.constprop.3.cold\n"
			       "ffffffff81000060 D spin_data\n"
			       "ffffffff81000068 t other\n"
			       "ffffffff81000070 t irq2_boring\n"
			       "ffffffff81000080 t irq2_busy\n"
			       "ffffffff81000090 T entry_SYSCALL_64\n"
			       "ffffffff810000a0 T _etext\n"
			       "ffffffff810000b0 T spin_init\n";

struct world {
	struct kmap *map;
	struct symbol_rules *rules;
	struct symbol_class_map *c;
	struct symbol_table *table;
};

static void world_open(struct world *w, const char *name, const char *map, size_t len, const char *rules)
{
	char err[1024] = "";

	w->map = kmap_load_text(name, map, len, err, sizeof(err));
	assert_string_equal(err, "");
	assert_non_null(w->map);
	w->rules = symbol_rules_load_text("r", rules, strlen(rules), NULL, err, sizeof(err));
	assert_string_equal(err, "");
	assert_non_null(w->rules);
	w->c = symbols_classify(w->map, w->rules);
	assert_non_null(w->c);
	w->table = symbols_table(w->c, err, sizeof(err));
	assert_non_null(w->table);
	assert_int_equal(symbol_table_check(w->table), 0);
}

static void world_close(struct world *w)
{
	free(w->table);
	symbol_class_map_free(w->c);
	symbol_rules_free(w->rules);
	kmap_free(w->map);
}

static uint32_t class_of(const struct world *w, const char *name)
{
	for (uint32_t i = 0; i < w->map->nr; i++)
		if (!strcmp(w->map->symbol[i].name, name))
			return w->c->class[i];
	fail_msg("no symbol %s", name);
	return 0;
}

static void the_first_rule_that_matches_decides(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "System.map-6.1.0", map_text, strlen(map_text), rules_text);
	assert_int_equal(w.map->version, KERNEL_VERSION_OF(6, 1));
	assert_int_equal(class_of(&w, "spin_a"), SYMBOL_SPIN);
	assert_int_equal(class_of(&w, "__pfx_spin_a"), SYMBOL_SPIN);
	assert_int_equal(class_of(&w, "spin_b.isra.0"), SYMBOL_UNLOCK);
	assert_int_equal(class_of(&w, "alias_of_b"), SYMBOL_UNLOCK);
	assert_int_equal(class_of(&w, "irq_enter"), SYMBOL_IRQ);
	assert_int_equal(class_of(&w, "irq_x_rwsem.constprop.3.cold"), SYMBOL_IRQ);
	assert_int_equal(class_of(&w, "other"), SYMBOL_NONE);
	assert_int_equal(class_of(&w, "irq2_boring"), SYMBOL_NONE);
	assert_int_equal(class_of(&w, "irq2_busy"), SYMBOL_IRQ);
	/* One range for spin_a and its padding, one for both irq: neighbours of a class are one. */
	assert_int_equal(w.table->nr, 4);
	assert_int_equal(w.table->lstar, 0x90);
	assert_int_equal(symbol_class_at(w.table, TEXT + 0x10), SYMBOL_SPIN);
	assert_int_equal(symbol_class_at(w.table, TEXT + 0x2f), SYMBOL_SPIN);
	assert_int_equal(symbol_class_at(w.table, TEXT + 0x30), SYMBOL_UNLOCK);
	assert_int_equal(symbol_class_at(w.table, TEXT + 0x67), SYMBOL_IRQ);
	assert_int_equal(symbol_class_at(w.table, TEXT + 0x68), SYMBOL_NONE);
	assert_int_equal(symbol_class_at(w.table, TEXT + 0xb0), SYMBOL_NONE);
	assert_int_equal(w.c->functions[SYMBOL_SPIN], 1);
	assert_int_equal(w.c->functions[SYMBOL_UNLOCK], 1);
	world_close(&w);
}

static void every_rule_is_told_how_it_fared(void **state)
{
	static const uint8_t in_61[] = { RULE_MATCHED,	RULE_MATCHED,	   RULE_MATCHED, RULE_EARLY_LATE,
					 RULE_SHADOWED, RULE_NOT_EXPECTED, RULE_MISSING, RULE_NOT_EXPECTED,
					 RULE_OPTIONAL, RULE_MISSING,	   RULE_MATCHED, RULE_MATCHED };
	struct world w;

	(void)state;
	world_open(&w, "System.map-6.1.0", map_text, strlen(map_text), rules_text);
	for (uint32_t i = 0; i < w.rules->nr; i++)
		if (w.c->use[i].state != in_61[i])
			fail_msg("rule of line %u: state %d, not %d", i + 1, w.c->use[i].state, in_61[i]);
	/* irq_x_rwsem: "irq_*" came first and is no exception to "irq_*_rwsem". */
	assert_int_equal(w.c->nr_ambiguous, 1);
	for (uint32_t i = 0; i < w.c->nr_conflicts; i++)
		if (!w.c->conflict[i].exception)
			assert_string_equal(w.map->symbol[w.c->conflict[i].symbol].name,
					    "irq_x_rwsem.constprop.3.cold");
	world_close(&w);

	/* Without a version a range says nothing. */
	world_open(&w, "map", map_text, strlen(map_text), rules_text);
	assert_int_equal(w.map->version, 0);
	assert_int_equal(w.c->use[3].state, RULE_MATCHED);
	assert_int_equal(w.c->use[5].state, RULE_UNKNOWN);
	assert_int_equal(w.c->use[9].state, RULE_MISSING);
	world_close(&w);
}

static void added_rules_come_first(void **state)
{
	static const char more[] = "softirq spin_a\nmutex oth*\n";
	char err[200] = "";
	struct symbol_rules *rules;
	struct symbol_class_map *c;
	struct kmap *map = kmap_load_text("m", map_text, strlen(map_text), err, sizeof(err));

	(void)state;
	rules = symbol_rules_load_text("r", rules_text, strlen(rules_text), NULL, err, sizeof(err));
	rules = symbol_rules_load_text("a", more, strlen(more), rules, err, sizeof(err));
	assert_non_null(rules);
	assert_int_equal(rules->nr, 14);
	assert_int_equal(rules->nr_added, 2);
	c = symbols_classify(map, rules);
	assert_non_null(c);
	for (uint32_t i = 0; i < map->nr; i++) {
		if (!strcmp(map->symbol[i].name, "spin_a"))
			assert_int_equal(c->class[i], SYMBOL_SOFTIRQ);
		if (!strcmp(map->symbol[i].name, "other"))
			assert_int_equal(c->class[i], SYMBOL_MUTEX);
	}
	symbol_class_map_free(c);
	symbol_rules_free(rules);
	kmap_free(map);
}

static void bad_rules_are_refused_with_line_and_key(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "r:1: CLASS: the file has no rule" },
		{ "# only this\n\n", "r:1: CLASS: the file has no rule" },
		{ "spin a\nspinn b\n", "r:2: CLASS: there is no class 'spinn'" },
		{ "spin\n", "r:1: PATTERN: is missing" },
		{ "spin a.isra.0\n", "r:1: PATTERN: 'a.isra.0': letters" },
		{ "spin *\n", "r:1: PATTERN: '*' would match" },
		{ "spin __?*\n", "r:1: PATTERN: '__?*' would match" },
		{ "spin a 4\n", "r:1: KERNELS: '4' is no range" },
		{ "spin a 4.2-3.0\n", "r:1: KERNELS: '4.2-3.0' is no range" },
		{ "spin a 4.2-x\n", "r:1: KERNELS: '4.2-x' is no range" },
		{ "spin a 4.2,\n", "r:1: KERNELS: '4.2,' is no range" },
		{ "spin a 4.2.1-\n", "r:1: KERNELS: '4.2.1-' is no range" },
		{ "spin a 1.0,2.0,3.0\n", "r:1: KERNELS: '1.0,2.0,3.0' is no range" },
		{ "spin a 4.2- perhaps\n", "r:1: optional: 'perhaps' is one word too many" },
		{ "spin a 4.2- - optional\n", "r:1: optional: '-' is one word too many" },
		{ "spin a\nirq b\nirq a\n", "r:3: PATTERN: 'a' is already in line 1" },
	};
	char err[600];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		assert_null(symbol_rules_load_text("r", bad[i].text, strlen(bad[i].text), NULL, err, sizeof(err)));
		if (strncmp(err, bad[i].says, strlen(bad[i].says)))
			fail_msg("\"%s\" does not begin with \"%s\"", err, bad[i].says);
	}
}

static void bad_maps_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "m: is empty" },
		{ "hello\n", "m:1: does not start with an address" },
		{ "ffffffff81000000 T _text", "m:1: the last line does not end" },
		{ "ffffffff81000000 T\n", "m:1: an address is followed by" },
		{ "ffffffff81000000  T _text\n", "m:1: an address is followed by" },
		{ "ffffffff81000000 8 _text\n", "m:1: a symbol's type is one letter" },
		{ "ffffffff810000000 T _text\n", "m:1: an address has 8 or 16" },
		{ "ffffffff81000 T _text\n", "m:1: does not start with an address" },
		{ "ffffffff81000000 T _text more\n", "m:1: what follows a name" },
		{ "ffffffff81000000 T a\nffffffff81000010 T b\n", "m: has no _text" },
		{ "ffffffff81000000 T _text\nffffffff81000001 T _text\n", "m:2: a second address" },
		{ "0000000000000000 T _text\n0000000000000000 T _stext\n", "m: all addresses are hidden" },
		{ "ffffffff81000000 T _text\nffffffff81000000 T _etext\n", "m: _etext does not lie" },
		{ "ffffffff81000000 T _text\nffffffff81000010 T _etext\n", "m: has no functions" },
		{ "ffffffffffffffff B The real System.map is in the linux-image-x-dbg package\n",
		  "m: is only Debian's placeholder" },
	};
	char err[600];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		assert_null(kmap_load_text("m", bad[i].text, strlen(bad[i].text), err, sizeof(err)));
		if (strncmp(err, bad[i].says, strlen(bad[i].says)))
			fail_msg("\"%s\" does not begin with \"%s\"", err, bad[i].says);
	}
}

static void kallsyms_modules_are_left_out(void **state)
{
	static const char text[] = "ffffffffa2000000 T _text\n"
				   "ffffffffa2000010 t spin_a\n"
				   "ffffffffa2000020 t other\n"
				   "ffffffffa2000030 T _etext\n"
				   "ffffffffc0300000 t spin_m\t[virtio_net]\n"
				   "ffffffffc0300010 t bpf_prog_6deef7357e7b4530\t[bpf]\n";
	struct world w;

	(void)state;
	world_open(&w, "kallsyms", text, strlen(text), "spin spin_*\n");
	assert_int_equal(w.map->skipped_modules, 2);
	assert_int_equal(w.c->functions[SYMBOL_SPIN], 1);
	assert_int_equal(symbol_class_at(w.table, 0xffffffffa2000018), SYMBOL_SPIN);
	assert_int_equal(w.table->lstar, SYMBOL_NO_ENTRY);
	world_close(&w);
}

static void globs(void **state)
{
	static const struct {
		const char *pattern, *s;
		bool match;
	} cases[] = {
		{ "a", "a", true },	    { "a", "ab", false },
		{ "a*", "a", true },	    { "a*", "abc", true },
		{ "a?c", "abc", true },	    { "a?c", "ac", false },
		{ "*c", "abc", true },	    { "a*c*e", "abcde", true },
		{ "a*c*e", "abcd", false }, { "a**", "a", true },
		{ "", "", true },	    { "?", "", false },
		{ "a*b*b", "ab", false },   { "*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (symbol_glob(cases[i].pattern, cases[i].s, strlen(cases[i].s)) != cases[i].match)
			fail_msg("%s against %s", cases[i].pattern, cases[i].s);
}

static void versions(void **state)
{
	(void)state;
	assert_int_equal(kernel_version_parse("6.1"), KERNEL_VERSION_OF(6, 1));
	assert_int_equal(kernel_version_parse("6.12.117+deb12-amd64"), KERNEL_VERSION_OF(6, 12));
	assert_int_equal(kernel_version_parse("3.2-rc1"), KERNEL_VERSION_OF(3, 2));
	assert_int_equal(kernel_version_parse("6"), 0);
	assert_int_equal(kernel_version_parse("6."), 0);
	assert_int_equal(kernel_version_parse("x"), 0);
	assert_int_equal(kernel_version_parse("300.1"), 0);
	assert_true(KERNEL_VERSION_OF(6, 2) < KERNEL_VERSION_OF(6, 12));
}

/* What the facts and the kernels say of some functions, whichever of the kernels has them. */
static const struct {
	const char *name;
	uint8_t class;
} known[] = {
	{ "native_queued_spin_lock_slowpath", SYMBOL_SPIN },
	{ "_raw_spin_lock", SYMBOL_SPIN },
	{ "osq_lock", SYMBOL_SPIN },
	{ "mutex_spin_on_owner", SYMBOL_SPIN },
	{ "rwsem_spin_on_owner", SYMBOL_SPIN },
	{ "_raw_spin_unlock_irqrestore", SYMBOL_UNLOCK },
	{ "osq_unlock", SYMBOL_UNLOCK },
	{ "up_write", SYMBOL_RWSEM },
	{ "mutex_unlock", SYMBOL_MUTEX },
	{ "smp_call_function_many_cond", SYMBOL_IPI_MANY },
	{ "smp_call_function_single", SYMBOL_IPI_ONE },
	{ "flush_tlb_mm_range", SYMBOL_TLB_SEND },
	{ "arch_tlbbatch_flush", SYMBOL_TLB_SEND },
	{ "generic_smp_call_function_single_interrupt", SYMBOL_IPI_RECEIVE },
	{ "asm_sysvec_call_function", SYMBOL_IPI_RECEIVE },
	{ "sysvec_reschedule_ipi", SYMBOL_IPI_RECEIVE },
	{ "sched_ttwu_pending", SYMBOL_IPI_RECEIVE },
	{ "do_flush_tlb_all", SYMBOL_TLB_RECEIVE },
	{ "leave_mm", SYMBOL_TLB_RECEIVE },
	{ "irq_enter_rcu", SYMBOL_IRQ },
	{ "asm_sysvec_apic_timer_interrupt", SYMBOL_IRQ },
	{ "handle_percpu_irq", SYMBOL_IRQ },
	{ "__do_softirq", SYMBOL_SOFTIRQ },
	{ "net_rx_action", SYMBOL_SOFTIRQ },
	{ "try_to_wake_up", SYMBOL_WAKEUP },
	{ "ttwu_do_activate", SYMBOL_WAKEUP },
	{ "resched_curr", SYMBOL_WAKEUP },
	{ "kick_process", SYMBOL_WAKEUP },
	{ "__schedule", SYMBOL_RUNQUEUE },
	{ "get_page_from_freelist", SYMBOL_PAGE_ALLOC },
	{ "release_pages", SYMBOL_PAGE_ALLOC },
	{ "default_idle", SYMBOL_HALT },
};

static char *source(const char *file)
{
	static char path[1024];
	const char *top = getenv("ROTA_TOP");

	snprintf(path, sizeof(path), "%s/%s", top ? top : ".", file);
	return path;
}

static void shipped_rules_on(const char *file, uint16_t version)
{
	char err[1024] = "", *text;
	struct symbol_rules *rules = symbol_rules_load(source("data/symbols.rules"), NULL, err, sizeof(err));
	struct kmap *map = kmap_load(source(file), err, sizeof(err)), *small;
	struct symbol_class_map *c, *again;
	struct symbol_table *t, *t2;
	size_t len;
	FILE *f;

	assert_string_equal(err, "");
	assert_int_equal(map->version, version);
	c = symbols_classify(map, rules);
	t = symbols_table(c, err, sizeof(err));
	assert_non_null(t);
	assert_int_equal(symbol_table_check(t), 0);
	assert_int_equal(c->states[RULE_MISSING], 0);
	assert_int_equal(c->states[RULE_SHADOWED], 0);
	assert_int_equal(c->states[RULE_EARLY_LATE], 0);
	assert_int_equal(c->nr_ambiguous, 0);
	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		bool there = false;

		for (uint32_t i = 0; i < map->nr; i++) {
			if (strcmp(map->symbol[i].name, known[k].name))
				continue;
			there = true;
			if (symbol_class_at(t, map->symbol[i].address) != known[k].class)
				fail_msg("%s: %s", file, known[k].name);
		}
		if (!there)
			fail_msg("%s: %s is not there", file, known[k].name);
	}
	/* Every address: the table says what the classification says. */
	for (uint32_t i = 0; i < map->nr; i++)
		assert_int_equal(symbol_class_at(t, map->symbol[i].address), c->class[i]);
	assert_int_equal(symbol_slide_from_lstar(t, map->lstar + 0x3fe00000), 0);
	assert_int_equal(symbol_set_slide(t, 0), 0);

	/* Reduced to what matters, once more: the same table. */
	f = open_memstream(&text, &len);
	symbols_write_map(c, f);
	assert_int_equal(fclose(f), 0);
	small = kmap_load_text(file, text, len, err, sizeof(err));
	assert_non_null(small);
	again = symbols_classify(small, rules);
	t2 = symbols_table(again, err, sizeof(err));
	assert_non_null(t2);
	assert_int_equal(t2->nr, t->nr);
	assert_memory_equal(t2, t, sizeof(*t) + t->nr * sizeof(t->entry[0]));
	free(text);
	free(t);
	free(t2);
	symbol_class_map_free(c);
	symbol_class_map_free(again);
	symbol_rules_free(rules);
	kmap_free(map);
	kmap_free(small);
}

/* From what a simulated guest is at, to an address, and back through the rules: the class is that of the place. */
static void places_on(const char *file)
{
	static const struct {
		const char *name;
		uint32_t class;
	} places[] = {
#define SYMBOL_PLACE(name, class, names) { #name, SYMBOL_##class },
		SYMBOL_PLACES(SYMBOL_PLACE)
#undef SYMBOL_PLACE
	};
	char err[1024] = "";
	struct symbol_rules *rules = symbol_rules_load(source("data/symbols.rules"), NULL, err, sizeof(err));
	struct symbol_kernel k;

	assert_non_null(rules);
	assert_true(symbol_kernel_open(&k, source(file), rules, 0, err, sizeof(err)));
	assert_int_equal(symbol_set_slide(k.table, 0x12200000), 0);
	for (int p = 0; p < SYMBOL_NR_PLACES; p++) {
		uint64_t at = symbol_place(&k, (enum symbol_place)p);

		if (!at)
			fail_msg("%s: %s is nowhere", file, places[p].name);
		if (p != SYMBOL_AT_USER)
			at += k.table->slide;
		if (symbol_class_at(k.table, at) != places[p].class)
			fail_msg("%s: %s is of class %s", file, places[p].name,
				 symbol_class_name(symbol_class_at(k.table, at)));
	}
	assert_int_equal(symbol_kernel_address(&k, "no_such_function nor_this"), 0);
	assert_int_equal(symbol_kernel_address(&k, ""), 0);
	symbol_kernel_close(&k);
	assert_false(symbol_kernel_open(&k, "no/such/file", rules, 0, err, sizeof(err)));
	assert_non_null(strstr(err, "no/such/file"));
	symbol_rules_free(rules);
}

static void places_of_simulated_guests(void **state)
{
	(void)state;
	places_on("tests/data/symbols/System.map-5.10.0-32-cloud-amd64");
	places_on("tests/data/symbols/System.map-6.1.0-56-cloud-amd64");
	places_on("tests/data/symbols/System.map-6.12.117+deb12-cloud-amd64");
	places_on("tests/data/symbols/System.map-7.2.12+deb14-cloud-amd64");
}

static void four_debian_kernels(void **state)
{
	(void)state;
	shipped_rules_on("tests/data/symbols/System.map-5.10.0-32-cloud-amd64", KERNEL_VERSION_OF(5, 10));
	shipped_rules_on("tests/data/symbols/System.map-6.1.0-56-cloud-amd64", KERNEL_VERSION_OF(6, 1));
	shipped_rules_on("tests/data/symbols/System.map-6.12.117+deb12-cloud-amd64", KERNEL_VERSION_OF(6, 12));
	shipped_rules_on("tests/data/symbols/System.map-7.2.12+deb14-cloud-amd64", KERNEL_VERSION_OF(7, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookup_finds_what_a_plain_search_finds),
		cmocka_unit_test(lookup_at_the_limits),
		cmocka_unit_test(a_table_out_of_order_is_refused),
		cmocka_unit_test(the_slide_follows_from_lstar),
		cmocka_unit_test(the_first_rule_that_matches_decides),
		cmocka_unit_test(every_rule_is_told_how_it_fared),
		cmocka_unit_test(added_rules_come_first),
		cmocka_unit_test(bad_rules_are_refused_with_line_and_key),
		cmocka_unit_test(bad_maps_are_refused_with_a_reason),
		cmocka_unit_test(kallsyms_modules_are_left_out),
		cmocka_unit_test(globs),
		cmocka_unit_test(versions),
		cmocka_unit_test(four_debian_kernels),
		cmocka_unit_test(places_of_simulated_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
