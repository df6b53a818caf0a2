/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core dialect: the few words in which the core differs between its two worlds.
 *
 * src/sched is compiled natively (simulator, tests, toolstack) and by clang for BPF (inside the kernel, on a live
 * host). Everything that differs between the two is spelled here and nowhere else:
 *
 *   ARENA       qualifies a pointer to a core object: nothing natively, the BPF arena's address space in BPF.
 *               A struct member can't carry the qualifier itself, hence the typedefs `vcpu_t` and so on in sched.h.
 *   SCHED_API   a function that another part of rota calls: extern natively, static in BPF, where the whole core is
 *               one translation unit and the verifier follows the calls.
 *   CORE_FN     a function of the core that BPF's verifier checks once, by itself, rather than again on each path that
 *               calls it (all of the core on every path is more than it takes): global in BPF, static natively. The
 *               price: it returns a number, never a pointer, and each core object among its parameters is marked ARG.
 *               Weak in BPF, so that the compiler concludes nothing from its body: the verifier, which looks at each
 *               function alone, could not follow (a parameter that is not used would not be passed, for one).
 *   CORE_INLINE the same for a function that is inline natively.
 *   NO_FRAME    a function that is always inline, to spare one of BPF's eight stack frames.
 *   SCHED_FLAT  a SCHED_API function that is inline in BPF for the same reason.
 *   HARD_ALWAYS hard affinity holds on micro-sliced cores, too: vCPUs are threads, and the kernel runs none where its
 *               own forbids it. 1 in BPF, 0 natively.
 *   can_loop    is and-ed to the condition of every loop: 1 natively, `may_goto` in BPF (the verifier's bound).
 *   ZERO        0, but the verifier does not know: a loop that counts from ZERO is checked once, one that counts from 0
 *               is checked for each count.
 *   AT          element i of an array in the arena, as a pointer. The verifier would follow what it knows of an index
 *               wherever a pointer is made from it, and tell loops' rounds apart by it; any address of the arena is
 *               good, so the address is worked out as a number.
 *   sched_lock/ the policy's lock of a pool. Never two at once, nothing but core code while it is held.
 *   sched_unlock
 *   sched_check an invariant, tested in debug builds.
 */
#ifndef SCHED_DIALECT_H
#define SCHED_DIALECT_H

#include "sched/limits.h"

typedef __INT8_TYPE__ s8;
typedef __UINT8_TYPE__ u8;
typedef __INT16_TYPE__ s16;
typedef __UINT16_TYPE__ u16;
typedef __INT32_TYPE__ s32;
typedef __UINT32_TYPE__ u32;
typedef __INT64_TYPE__ s64;
typedef __UINT64_TYPE__ u64;

#ifndef NULL
#define NULL ((void *)0)
#endif

#ifdef ROTA_BPF

#ifndef bool
#define bool _Bool
#define true 1
#define false 0
#endif
#define ARENA __attribute__((address_space(1)))
#define SCHED_API static __attribute__((used))
#define SCHED_FLAT static __attribute__((used, always_inline))
#define CORE_FN __attribute__((noinline, weak))
#define HARD_ALWAYS 1
#define CORE_INLINE CORE_FN
#define ARG __attribute__((btf_decl_tag("arg:arena")))
#define can_loop \
	({ \
		__label__ sched_stop, sched_go; \
		bool sched_more = true; \
		asm volatile goto("may_goto %l[sched_stop]" : : : : sched_stop); \
		goto sched_go; \
sched_stop: \
		sched_more = false; \
sched_go:; \
		sched_more; \
	})
#define sched_check(cond) ((void)0)
#define AT(array, i) \
	({ \
		u64 sched_at = (u64)(array) + (u64)(i) * sizeof((array)[0]); \
		asm("" : "+r"(sched_at)); \
		(__typeof__(&(array)[0]))sched_at; \
	})
static volatile u32 sched_zero;
#define ZERO sched_zero
/*
 * The pool's lock is a word in the arena, not a bpf_spin_lock: under one of those the verifier allows no call of a
 * global function, and the whole core on every path is more than it takes. Every program that comes here runs with
 * interrupts off (under a run queue's or a task's lock of the kernel), so a holder is never interrupted by another.
 * But its CPU may itself be a virtual one that is not running just now, for as long as that takes; and a loop has 8
 * million rounds at most, a tenth of a second. So waiting goes on for seconds of time, in one such loop after another;
 * then it is a fault, and the host is told who wanted the lock where, and who had it: the line of the source and the
 * CPU, which is what the word holds.
 */
#define SCHED_LOCK_WAIT_NS 8000000000ULL /* a stall of the machine under us is shorter, Linux's hard lockup longer */
static u64 (*const sched_clock_ns)(void) = (void *)5; /* bpf_ktime_get_ns() */
static u32 (*const sched_this_cpu)(void) = (void *)8; /* bpf_get_smp_processor_id() */
static volatile u32 sched_lock_failed, sched_lock_holder;
typedef u32 ARENA sched_lock_t;

CORE_FN int sched_lock_spin(sched_lock_t *lock ARG, u32 mine)
{
	for (; can_loop;)
		if (!*(volatile sched_lock_t *)lock && !__sync_val_compare_and_swap(lock, 0, mine))
			return 1;
	return 0;
}

CORE_FN int sched_lock_wait(sched_lock_t *lock ARG, u32 mine)
{
	u64 end = sched_clock_ns() + SCHED_LOCK_WAIT_NS;

	for (; can_loop;) {
		if (sched_lock_spin(lock, mine))
			return 0;
		if (sched_clock_ns() > end)
			break;
	}
	sched_lock_holder = *(volatile sched_lock_t *)lock;
	sched_lock_failed = mine;
	return 0;
}

#define sched_lock(pool) \
	do { \
		u32 sched_mine = __LINE__ << 12 | (sched_this_cpu() + 1); \
\
		if (__sync_val_compare_and_swap(&(pool)->lock, 0, sched_mine)) \
			sched_lock_wait(&(pool)->lock, sched_mine); \
	} while (0)
#define sched_unlock(pool) ((void)__sync_lock_test_and_set(&(pool)->lock, 0))

#else /* native */

#include <stdbool.h>
#define ARENA
#define SCHED_API
#define SCHED_FLAT
#define CORE_FN static
#define HARD_ALWAYS 0
#define CORE_INLINE static inline
#define ARG
#define ZERO 0
#define AT(array, i) (&(array)[i])
#define can_loop 1
#ifdef SCHED_DEBUG
#define sched_check(cond) \
	do { \
		if (!(cond)) \
			__builtin_trap(); \
	} while (0)
#else
#define sched_check(cond) ((void)sizeof(cond))
#endif
/* Single-threaded natively: the lock only has to be taken once at a time. */
#define sched_lock(pool) \
	do { \
		sched_check(!(pool)->lock); \
		(pool)->lock = 1; \
	} while (0)
#define sched_unlock(pool) \
	do { \
		sched_check((pool)->lock); \
		(pool)->lock = 0; \
	} while (0)

#endif

/* BPF allows eight frames on the stack: what only passes on takes none. */
#define NO_FRAME static inline __attribute__((always_inline))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Errors a core function returns, negated; Linux's (and Xen's) numbers, without errno.h, which BPF has not. */
enum {
	SCHED_EPERM = 1,
	SCHED_ENOENT = 2,
	SCHED_ESRCH = 3,
	SCHED_EAGAIN = 11,
	SCHED_ENOMEM = 12,
	SCHED_EBUSY = 16,
	SCHED_EEXIST = 17,
	SCHED_ENODEV = 19,
	SCHED_EINVAL = 22,
	SCHED_ENOSPC = 28,
	SCHED_EOVERFLOW = 75,
	SCHED_EOPNOTSUPP = 95,
	SCHED_EADDRINUSE = 98,
	SCHED_EADDRNOTAVAIL = 99,
};

#endif
