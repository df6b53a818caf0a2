/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's vCPU was doing, by the address it was stopped at.
 *
 * A symbol table is what is left of a guest kernel's System.map when only the functions that matter
 * to a scheduler are kept: where each begins, how long it is, and its class. `rota symbols` and the
 * hosts make it with src/symbols; this side only looks addresses up, in the simulator as in BPF, in
 * at most 16 steps and without touching anything else.
 *
 * Addresses are kept as 32-bit offsets from the kernel's _text. Where the kernel really lies is
 * `text` (as it was linked) plus `slide` (KASLR). Nobody tells a hypervisor the slide, but the
 * guest programs MSR_LSTAR with the address of its system call entry, whose offset is known:
 * symbol_slide_from_lstar().
 */
#ifndef SCHED_SYMBOLS_H
#define SCHED_SYMBOLS_H

#include "sched/dialect.h"

/*
 * SYMBOL_CLASS(name, word in rule files, waits, critical, explanation)
 *   waits     a vCPU that is there waits for another vCPU: running it longer helps nobody
 *   critical  another vCPU may wait for one that is preempted there: running it soon helps
 * A sender of IPIs is both: it waits, and holds what its callers hold meanwhile (page tables, the
 * memory map's semaphore).
 */
#define SYMBOL_CLASSES(SYMBOL_CLASS) \
	SYMBOL_CLASS(NONE, "none", 0, 0, "anything else") \
	SYMBOL_CLASS(SPIN, "spin", 1, 0, "spins until another vCPU releases a lock") \
	SYMBOL_CLASS(UNLOCK, "unlock", 0, 1, "releases a spinlock, hands it to the next") \
	SYMBOL_CLASS(RWSEM, "rwsem", 0, 1, "reader/writer semaphore: queue, hand-over, wake-up") \
	SYMBOL_CLASS(MUTEX, "mutex", 0, 1, "mutex, semaphore, futex: queue, hand-over, wake-up") \
	SYMBOL_CLASS(IPI_MANY, "ipi-many", 1, 1, "calls a function on many CPUs, waits for the slowest") \
	SYMBOL_CLASS(IPI_ONE, "ipi-one", 1, 1, "calls a function on one CPU, waits for it") \
	SYMBOL_CLASS(TLB_SEND, "tlb-send", 1, 1, "starts a TLB shootdown, waits for the slowest") \
	SYMBOL_CLASS(IPI_RECEIVE, "ipi-receive", 0, 1, "answers a call-function or reschedule IPI") \
	SYMBOL_CLASS(TLB_RECEIVE, "tlb-receive", 0, 1, "flushes its TLB because another vCPU asked") \
	SYMBOL_CLASS(IRQ, "irq", 0, 1, "hard interrupt: entry, handlers, exit") \
	SYMBOL_CLASS(SOFTIRQ, "softirq", 0, 1, "soft interrupt: network, timers, block completions") \
	SYMBOL_CLASS(WAKEUP, "wakeup", 0, 1, "wakes a task, sends a reschedule IPI or a kick") \
	SYMBOL_CLASS(RUNQUEUE, "runqueue", 0, 1, "works on run queues, under their locks") \
	SYMBOL_CLASS(PAGE_ALLOC, "page-alloc", 0, 1, "page allocator and LRU lists, under zone locks") \
	SYMBOL_CLASS(HALT, "halt", 1, 0, "idle: has halted, or is about to")

enum symbol_class {
#define SYMBOL_CLASS(name, word, waits, critical, what) SYMBOL_##name,
	SYMBOL_CLASSES(SYMBOL_CLASS)
#undef SYMBOL_CLASS
		SYMBOL_NR_CLASSES
};

/* The classes of a kind as sets: bit N is class N. */
enum {
	SYMBOL_WAITS = 0
#define SYMBOL_CLASS(name, word, waits, critical, what) | (waits) << SYMBOL_##name
	SYMBOL_CLASSES(SYMBOL_CLASS),
#undef SYMBOL_CLASS
	SYMBOL_CRITICAL = 0
#define SYMBOL_CLASS(name, word, waits, critical, what) | (critical) << SYMBOL_##name
	SYMBOL_CLASSES(SYMBOL_CLASS)
#undef SYMBOL_CLASS
};

/* One range of a class: neighbours of one class are one range. */
struct symbol_entry {
	u32 start; /* offset from _text */
	u32 size_class; /* bytes << 8 | class */
};

#define SYMBOL_MAX_ENTRIES 65536
#define SYMBOL_MAX_SIZE ((1U << 24) - 1)
#define SYMBOL_NO_ENTRY 0xffffffffU

struct symbol_table {
	u64 text; /* _text as linked; a real one of x86-64 is 0xffffffff81000000 */
	u64 slide; /* what KASLR added to it */
	u32 lstar; /* offset of what MSR_LSTAR points at; SYMBOL_NO_ENTRY: unknown */
	u32 nr;
	struct symbol_entry entry[]; /* by start, none overlapping the next */
};

typedef struct symbol_table ARENA symbol_table_t;

static inline u32 symbol_entry_class(u32 size_class)
{
	return size_class & 0xff;
}

static inline u32 symbol_entry_size(u32 size_class)
{
	return size_class >> 8;
}

static inline bool symbol_waits(u32 class)
{
	return class < SYMBOL_NR_CLASSES && ((u32)SYMBOL_WAITS >> class & 1);
}

static inline bool symbol_critical(u32 class)
{
	return class < SYMBOL_NR_CLASSES && ((u32)SYMBOL_CRITICAL >> class & 1);
}

/*
 * symbol_find() - number of the range in which @ip lies, SYMBOL_NO_ENTRY if in none.
 * Any table is safe that has room for its @nr entries; a right answer needs one that passes
 * symbol_table_check().
 */
SCHED_API u32 symbol_find(symbol_table_t *t, u64 ip);

/*
 * symbol_class_at() - class of the guest address @ip; SYMBOL_NONE for user mode, a module, or
 * without a table (NULL).
 */
SCHED_API u32 symbol_class_at(symbol_table_t *t, u64 ip);

/* symbol_table_check() - 0, or -SCHED_EINVAL for a table that is not in order. */
SCHED_API int symbol_table_check(symbol_table_t *t);

/*
 * symbol_set_slide() - say by how much KASLR moved the kernel (bytes, 0 = not at all).
 * -SCHED_EINVAL: x86-64 moves by multiples of 2 MiB and less than 1 GiB; the table is as before.
 */
SCHED_API int symbol_set_slide(symbol_table_t *t, u64 slide);

/*
 * symbol_slide_from_lstar() - the same from the guest's MSR_LSTAR. -SCHED_ENOENT: the table doesn't
 * know where the system call entry is; -SCHED_EINVAL: @lstar is not that of this kernel (another
 * kernel, no kernel yet, or one of 4.15 to 4.19 with page-table isolation, whose MSR holds the
 * address of a trampoline).
 */
SCHED_API int symbol_slide_from_lstar(symbol_table_t *t, u64 lstar);

#endif
