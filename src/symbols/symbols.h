/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest kernels' symbols, from a file to the table that the core looks addresses up in
 * (sched/symbols.h).
 *
 *	System.map, /proc/kallsyms, vmlinux ──kmap_load()──► struct kmap: every function, by address
 *	symbols.rules ──symbol_rules_load()──► struct symbol_rules: names and patterns to classes
 *	both ──symbols_classify()──► struct symbol_class_map: which function is what, and by which
 *	rule that ──symbols_table()──► struct symbol_table: ranges and classes, a few kB
 *
 * Files come from other people's machines: every reader is strict, bounds what it takes, and
 * refuses with one sentence.
 */
#ifndef SYMBOLS_SYMBOLS_H
#define SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sched/symbols.h"

/* A kernel's version as a number that can be compared: 6.12 is 6 << 8 | 12. 0: not known. */
#define KERNEL_VERSION_OF(major, minor) ((uint16_t)((major) << 8 | (minor)))

#define KMAP_MAX_BYTES (256U << 20) /* of text; a 7.2 System.map has 8.5 MB */
#define KMAP_MAX_SYMBOLS (1U << 21)
#define KMAP_MAX_NAME 511 /* the kernel's KSYM_NAME_LEN less its end */

struct kmap_symbol {
	uint64_t address;
	const char *name;
	const char *base; /* the name less prefix and suffixes; base_len characters */
	uint16_t base_len;
	char type; /* nm's letter */
};

struct kmap {
	struct kmap_symbol *symbol; /* functions of the kernel's text, by address and name */
	uint32_t nr;
	uint64_t text, end; /* _text and _etext */
	uint64_t lstar; /* where MSR_LSTAR points, 0 if the map does not tell */
	uint16_t version;
	uint32_t skipped_data, skipped_modules, skipped_outside; /* symbols left out: why */
	char *names; /* what the names point into */
};

/*
 * kmap_load() - read a System.map, a kallsyms text or a vmlinux, whichever @path holds.
 * NULL with one sentence in @err: can't be read, is none of these, or is not in order (text:
 * "FILE:LINE: what").
 */
struct kmap *kmap_load(const char *path, char *err, size_t errlen);

/*
 * kmap_load_text() - the same from @len bytes of text; @name is for messages and for the version in
 * it.
 */
struct kmap *kmap_load_text(const char *name, const char *text, size_t len, char *err, size_t errlen);

/* kmap_load_elf() - the same from a vmlinux that is in memory, as at @bytes. */
struct kmap *kmap_load_elf(const char *name, const char *bytes, size_t len, char *err, size_t errlen);
void kmap_free(struct kmap *map);

/*
 * kmap_at() - number of the last symbol at or below @address (as linked); -1 outside the kernel's
 * text.
 */
int64_t kmap_at(const struct kmap *map, uint64_t address);

/* kernel_version_parse() - "6.1", "6.1.0-56-amd64" to a version; 0 if @s doesn't start with one. */
uint16_t kernel_version_parse(const char *s);

#define SYMBOL_RANGES 2

struct symbol_rule {
	char *pattern; /* of base names: letters, digits, _ and the wildcards * and ? */
	size_t literal; /* characters before the first wildcard */
	struct symbol_range {
		uint16_t from, to; /* kernels in which it is expected to match; 0: no limit */
	} range[SYMBOL_RANGES];
	uint8_t nr_ranges; /* 0: all kernels */
	uint8_t class;
	bool optional; /* there only in some configurations */
	int line;
};

struct symbol_rules {
	struct symbol_rule *rule; /* the first that matches a name decides */
	uint32_t nr;
	uint32_t nr_added; /* how many of them come from an added file, and stand first */
};

#define SYMBOL_MAX_RULES 4096
#define SYMBOL_MAX_PATTERN 255

/*
 * symbol_rules_load() - read a rule file; with @rules the rules are put before those, so that they
 * win. Returns the rules, or NULL with "FILE:LINE: KEY: what is wrong" in @err; @rules is then as
 * before.
 */
struct symbol_rules *symbol_rules_load(const char *path, struct symbol_rules *rules, char *err, size_t errlen);
struct symbol_rules *symbol_rules_load_text(const char *name, const char *text, size_t len, struct symbol_rules *rules,
					    char *err, size_t errlen);
void symbol_rules_free(struct symbol_rules *rules);

/* The class of that name, -1 if there is none; and its name. */
int symbol_class_parse(const char *word, size_t len);
const char *symbol_class_name(uint32_t class);
const char *symbol_class_meaning(uint32_t class);

/* Whether the rule is expected to match in that kernel. */
bool symbol_rule_expects(const struct symbol_rule *rule, uint16_t version);

bool symbol_glob(const char *pattern, const char *s, size_t len);

/* How a rule fared against one kernel. */
enum rule_state {
	RULE_MATCHED,
	RULE_EARLY_LATE, /* matched, although the kernel is outside the rule's range */
	RULE_SHADOWED, /* all that it matches was decided by earlier rules, and differently */
	RULE_NOT_EXPECTED, /* matched nothing, and the kernel is outside its range */
	RULE_OPTIONAL, /* matched nothing, which happens */
	RULE_MISSING, /* matched nothing, and should have */
	RULE_UNKNOWN, /* matched nothing; the kernel's version is not known */
	RULE_NR_STATES
};

struct rule_use {
	uint32_t matched, decided; /* symbols */
	uint8_t state;
};

/*
 * A symbol that rules of different classes match: the first decides. If that one is the more
 * specific (a name before a pattern, a longer pattern before a shorter) it is an exception and
 * meant so; else somebody should look.
 */
struct symbol_conflict {
	uint32_t symbol, rule, other;
	bool exception;
};

#define SYMBOL_NO_RULE 0xffffffffU

struct symbol_class_map {
	const struct kmap *map;
	const struct symbol_rules *rules;
	uint8_t *class; /* of each symbol of the map */
	uint32_t *rule; /* that decided, or SYMBOL_NO_RULE; aliases of an address share both */
	struct rule_use *use; /* of each rule */
	struct symbol_conflict *conflict;
	uint32_t nr_conflicts, nr_ambiguous; /* all; those that are no exceptions */
	uint32_t ranges; /* addresses in a class other than none */
	/* addresses, not names; padding (__pfx_) not counted */
	uint32_t functions[SYMBOL_NR_CLASSES];
	uint64_t bytes[SYMBOL_NR_CLASSES];
	uint32_t states[RULE_NR_STATES]; /* rules in each state */
};

/* symbols_classify() - NULL: out of memory. The map and the rules must outlive the result. */
struct symbol_class_map *symbols_classify(const struct kmap *map, const struct symbol_rules *rules);
void symbol_class_map_free(struct symbol_class_map *c);

/*
 * symbols_table() - the core's table, to be released with free(). NULL with one sentence in @err:
 * out of memory, or more than SYMBOL_MAX_ENTRIES ranges.
 */
struct symbol_table *symbols_table(const struct symbol_class_map *c, char *err, size_t errlen);

/*
 * symbols_write_map() - write the System.map that is left when only what the rules match stays, and
 * after each such function the symbol that ends it. It gives the same table as the whole map, at a
 * hundredth of its size.
 */
void symbols_write_map(const struct symbol_class_map *c, FILE *f);

/* ---- a guest's kernel as a whole: kernel.c ---- */

/* A kernel with everything that the rules make of it. */
struct symbol_kernel {
	const char *path; /* as given; the caller's */
	struct kmap *map;
	struct symbol_class_map *classes;
	struct symbol_table *table;
};

/*
 * symbol_rules_shipped() - where the rules that come with rota are: $ROTA_SYMBOL_RULES, beside the program, or where
 * they were installed. NULL: nowhere. Of static storage.
 */
const char *symbol_rules_shipped(void);

/*
 * symbol_kernel_open() - all of it from the file @path. @rules must outlive it. @version: of the kernel, 0 = as the
 * file tells. False with one sentence in @err; then there is nothing to close.
 */
bool symbol_kernel_open(struct symbol_kernel *k, const char *path, const struct symbol_rules *rules, uint16_t version,
			char *err, size_t errlen);
void symbol_kernel_close(struct symbol_kernel *k);

/*
 * symbol_kernel_address() - an address (as linked, before the slide) inside the first function of @names that the
 * kernel has; 0: it has none. @names: undecorated names separated by spaces, the preferred first.
 */
uint64_t symbol_kernel_address(const struct symbol_kernel *k, const char *names);

/*
 * What a guest can be at, for hosts that simulate one: SYMBOL_PLACE(name, class there, functions). Functions of several
 * kernel versions stand side by side; the first that a kernel has is taken.
 */
#define SYMBOL_PLACES(SYMBOL_PLACE) \
	SYMBOL_PLACE(IDLE, HALT, "native_safe_halt pv_native_safe_halt default_idle") \
	SYMBOL_PLACE(USER, NONE, "") \
	SYMBOL_PLACE(KERNEL, NONE, "") \
	SYMBOL_PLACE(LOCK_WAIT, SPIN, "native_queued_spin_lock_slowpath __ticket_spin_lock _raw_spin_lock") \
	SYMBOL_PLACE(LOCK_HALT, SPIN, "kvm_wait xen_qlock_wait __pv_queued_spin_lock_slowpath _raw_spin_lock") \
	SYMBOL_PLACE(LOCK_HANDOVER, UNLOCK, \
		     "kvm_kick_cpu __raw_callee_save___pv_queued_spin_unlock _raw_spin_unlock_irqrestore") \
	SYMBOL_PLACE(MUTEX_WAIT, SPIN, "mutex_spin_on_owner osq_lock") \
	SYMBOL_PLACE(MUTEX_WAKE, MUTEX, "__mutex_unlock_slowpath mutex_unlock") \
	SYMBOL_PLACE(RWSEM_WAKE, RWSEM, "rwsem_mark_wake __rwsem_mark_wake __rwsem_do_wake up_write") \
	SYMBOL_PLACE(RECLAIM, PAGE_ALLOC, "shrink_inactive_list shrink_folio_list shrink_page_list release_pages") \
	SYMBOL_PLACE(PAGE_ALLOC, PAGE_ALLOC, "get_page_from_freelist free_pcppages_bulk") \
	SYMBOL_PLACE(RUNQUEUE, RUNQUEUE, "__schedule") \
	SYMBOL_PLACE(TLB_START, TLB_SEND, "flush_tlb_mm_range flush_tlb_page") \
	SYMBOL_PLACE(TLB_WAIT, IPI_MANY, "smp_call_function_many_cond smp_call_function_many") \
	SYMBOL_PLACE(CALL_MANY_WAIT, IPI_MANY, "smp_call_function_many_cond smp_call_function_many") \
	SYMBOL_PLACE(CALL_WAIT, IPI_ONE, "smp_call_function_single") \
	SYMBOL_PLACE( \
		CALL_HANDLER, IPI_RECEIVE, \
		"__flush_smp_call_function_queue flush_smp_call_function_queue generic_smp_call_function_single_interrupt") \
	SYMBOL_PLACE(TLB_HANDLER, TLB_RECEIVE, \
		     "flush_tlb_func flush_tlb_func_remote flush_tlb_func_common smp_invalidate_interrupt") \
	SYMBOL_PLACE(RESCHEDULE_HANDLER, IPI_RECEIVE, "sysvec_reschedule_ipi smp_reschedule_interrupt") \
	SYMBOL_PLACE(IRQ, IRQ, "handle_irq_event_percpu common_interrupt do_IRQ") \
	SYMBOL_PLACE(TIMER, IRQ, "hrtimer_interrupt") \
	SYMBOL_PLACE(SOFTIRQ, SOFTIRQ, "net_rx_action handle_softirqs __do_softirq") \
	SYMBOL_PLACE(WAKEUP, WAKEUP, "try_to_wake_up") \
	SYMBOL_PLACE(KICK, WAKEUP, "native_smp_send_reschedule resched_curr")

enum symbol_place {
#define SYMBOL_PLACE(name, class, names) SYMBOL_AT_##name,
	SYMBOL_PLACES(SYMBOL_PLACE)
#undef SYMBOL_PLACE
		SYMBOL_NR_PLACES
};

/*
 * symbol_place() - an address (as linked, before the slide) for a vCPU that is at @place. In user mode it is a low one;
 * in the kernel, at nothing in particular, one of its text that is in no range. 0: the kernel has none of the
 * functions.
 */
uint64_t symbol_place(const struct symbol_kernel *k, enum symbol_place place);

#endif
