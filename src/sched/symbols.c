/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest addresses to classes; see symbols.h. */
#include "sched/symbols.h"

/*
 * The arch's limits of KASLR: CONFIG_PHYSICAL_ALIGN, and the room between the kernel's base and the
 * modules'.
 */
#define SLIDE_STEP 0x200000ULL
#define SLIDE_LIMIT 0x40000000ULL

/*
 * The last entry that starts at or below an offset is the one wanted: `low` is always the number of
 * entries known to.
 */
CORE_FN u32 symbol_search(symbol_table_t *t ARG, u32 offset)
{
	u32 low = 0, high, middle, i;

	if (!t)
		return SYMBOL_NO_ENTRY;
	high = t->nr;
	if (high > SYMBOL_MAX_ENTRIES)
		return SYMBOL_NO_ENTRY;
	/* 17 halvings of 65536 entries leave none. */
	for (i = ZERO; i < 17 && low < high && can_loop; i++) {
		middle = low + (high - low) / 2;
		if (t->entry[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || low < high)
		return SYMBOL_NO_ENTRY;
	low--;
	if (offset - t->entry[low].start >= symbol_entry_size(t->entry[low].size_class))
		return SYMBOL_NO_ENTRY;
	return low;
}

SCHED_API u32 symbol_find(symbol_table_t *t, u64 ip)
{
	u64 offset;

	if (!t)
		return SYMBOL_NO_ENTRY;
	offset = ip - t->text - t->slide;
	if (offset > 0xffffffffULL)
		return SYMBOL_NO_ENTRY;
	return symbol_search(t, (u32)offset);
}

SCHED_API u32 symbol_class_at(symbol_table_t *t, u64 ip)
{
	u32 n = symbol_find(t, ip), class;

	if (n == SYMBOL_NO_ENTRY)
		return SYMBOL_NONE;
	class = symbol_entry_class(t->entry[n].size_class);
	return class < SYMBOL_NR_CLASSES ? class : SYMBOL_NONE;
}

SCHED_API int symbol_table_check(symbol_table_t *t)
{
	u64 end = 0;
	u32 i, nr = t->nr;

	if (nr > SYMBOL_MAX_ENTRIES)
		return -SCHED_EINVAL;
	for (i = ZERO; i < nr && can_loop; i++) {
		u32 size = symbol_entry_size(t->entry[i].size_class);
		u32 class = symbol_entry_class(t->entry[i].size_class);

		if (!size || class == SYMBOL_NONE || class >= SYMBOL_NR_CLASSES)
			return -SCHED_EINVAL;
		if (t->entry[i].start < end)
			return -SCHED_EINVAL;
		end = (u64)t->entry[i].start + size;
	}
	return end > 1ULL << 32 ? -SCHED_EINVAL : 0;
}

SCHED_API int symbol_set_slide(symbol_table_t *t, u64 slide)
{
	if (slide >= SLIDE_LIMIT || slide % SLIDE_STEP)
		return -SCHED_EINVAL;
	t->slide = slide;
	return 0;
}

SCHED_API int symbol_slide_from_lstar(symbol_table_t *t, u64 lstar)
{
	if (t->lstar == SYMBOL_NO_ENTRY)
		return -SCHED_ENOENT;
	return symbol_set_slide(t, lstar - t->text - t->lstar);
}
