/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of pCPUs. A set is an array of 64-bit words; how many of them are in use is the host's `mask_words`, so that a
 * 64-pCPU host pays for one word, not for the limit.
 *
 * Searches are over the intersection of up to three sets, because that is what a scheduler asks: which idle pCPU of
 * this pool may run this vCPU? They are cyclic where Xen's are (cpumask_cycle), and return -1 for "none".
 */
#ifndef SCHED_MASK_H
#define SCHED_MASK_H

#include "sched/dialect.h"

#define MASK_WORDS (SCHED_MAX_PCPUS / 64)

struct cpumask;
typedef struct cpumask ARENA cpumask_t;
struct cpumask {
	u64 w[MASK_WORDS];
};

#define WORD(m, i) (*AT((m)->w, i))

static inline bool mask_test(cpumask_t *m, u32 cpu)
{
	return WORD(m, (cpu / 64) % MASK_WORDS) >> (cpu % 64) & 1;
}

static inline void mask_set(cpumask_t *m, u32 cpu)
{
	WORD(m, (cpu / 64) % MASK_WORDS) |= 1ULL << (cpu % 64);
}

static inline void mask_clear(cpumask_t *m, u32 cpu)
{
	WORD(m, (cpu / 64) % MASK_WORDS) &= ~(1ULL << (cpu % 64));
}

CORE_INLINE int mask_zero(cpumask_t *m ARG)
{
	for (u32 i = ZERO; i < MASK_WORDS && can_loop; i++)
		WORD(m, i) = 0;
	return 0;
}

CORE_INLINE int mask_copy(cpumask_t *to ARG, cpumask_t *from ARG)
{
	for (u32 i = ZERO; i < MASK_WORDS && can_loop; i++)
		WORD(to, i) = WORD(from, i);
	return 0;
}

CORE_INLINE int mask_and(cpumask_t *to ARG, cpumask_t *a ARG, cpumask_t *b ARG)
{
	for (u32 i = ZERO; i < MASK_WORDS && can_loop; i++)
		WORD(to, i) = WORD(a, i) & WORD(b, i);
	return 0;
}

CORE_INLINE bool mask_empty(cpumask_t *m ARG, u32 words)
{
	for (u32 i = ZERO; i < words && i < MASK_WORDS && can_loop; i++)
		if (WORD(m, i))
			return false;
	return true;
}

CORE_INLINE bool mask_intersects(cpumask_t *a ARG, cpumask_t *b ARG, u32 words)
{
	for (u32 i = ZERO; i < words && i < MASK_WORDS && can_loop; i++)
		if (WORD(a, i) & WORD(b, i))
			return true;
	return false;
}

/* Is a within b? */
CORE_INLINE bool mask_subset(cpumask_t *a ARG, cpumask_t *b ARG, u32 words)
{
	for (u32 i = ZERO; i < words && i < MASK_WORDS && can_loop; i++)
		if (WORD(a, i) & ~WORD(b, i))
			return false;
	return true;
}

CORE_INLINE u32 mask_weight(cpumask_t *m ARG, u32 words)
{
	u32 n = 0;

	for (u32 i = ZERO; i < words && i < MASK_WORDS && can_loop; i++)
		n += (u32)__builtin_popcountll(WORD(m, i));
	return n;
}

/* How many pCPUs are in both a and b? */
CORE_INLINE u32 mask_weight_and(cpumask_t *a ARG, cpumask_t *b ARG, u32 words)
{
	u32 n = 0;

	for (u32 i = ZERO; i < words && i < MASK_WORDS && can_loop; i++)
		n += (u32)__builtin_popcountll(WORD(a, i) & WORD(b, i));
	return n;
}

CORE_INLINE s32 mask_first(cpumask_t *m ARG, u32 words)
{
	for (u32 i = ZERO; i < words && i < MASK_WORDS && can_loop; i++)
		if (WORD(m, i))
			return (s32)(i * 64 + (u32)__builtin_ctzll(WORD(m, i)));
	return -1;
}

/* The first member after `after`, not wrapping round; -1 none. */
CORE_INLINE s32 mask_next(cpumask_t *m ARG, s32 after, u32 words)
{
	u32 k = (u32)(after + 1) / 64, bit = (u32)(after + 1) % 64;

	for (; k < words && k < MASK_WORDS && can_loop; k++, bit = 0)
		if (WORD(m, k) >> bit)
			return (s32)(k * 64 + bit + (u32)__builtin_ctzll(WORD(m, k) >> bit));
	return -1;
}

#define for_each_cpu(cpu, mask, words) \
	for (s32 cpu = mask_first(mask, words); cpu >= 0 && can_loop; cpu = mask_next(mask, cpu, words))

/* The next member of a & b & c after `after`, wrapping round; `after` itself comes last. -1: none. */
CORE_INLINE s32 mask_cycle_and3(cpumask_t *a ARG, cpumask_t *b ARG, cpumask_t *c ARG, s32 after, u32 words)
{
	u32 start = (u32)(after + 1) / 64, bit = (u32)(after + 1) % 64;

	if (words == 1) {
		u64 w = WORD(a, 0) & WORD(b, 0) & WORD(c, 0), later = w >> bit << bit;

		return w ? (s32)__builtin_ctzll(later ? later : w) : -1;
	}
	if (start >= words)
		start = bit = 0;
	for (u32 i = ZERO; i <= words && can_loop; i++) {
		u32 k = start + i >= words ? start + i - words : start + i;
		u64 w = WORD(a, k % MASK_WORDS) & WORD(b, k % MASK_WORDS) & WORD(c, k % MASK_WORDS);

		if (i == 0)
			w &= ~0ULL << bit;
		if (w)
			return (s32)(k * 64 + (u32)__builtin_ctzll(w));
	}
	return -1;
}

static inline s32 mask_cycle_and(cpumask_t *a, cpumask_t *b, s32 after, u32 words)
{
	return mask_cycle_and3(a, b, b, after, words);
}

static inline s32 mask_cycle(cpumask_t *a, s32 after, u32 words)
{
	return mask_cycle_and3(a, a, a, after, words);
}

#endif
