// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nobody tells a hypervisor the slide of a guest's kernel, and the process that could ask KVM for MSR_LSTAR is the VMM.
 * But a guest halts at one of few places, whose addresses are known but for the slide.
 */
#include "kvm/guest_symbols.h"

#define SLIDE_STEP 0x200000ULL
#define SLIDE_LIMIT 0x40000000ULL

s64 guest_slide(const struct symbol_table *table, u64 ip)
{
	s64 found = -1;

	for (u32 i = 0; i < table->nr; i++) {
		const struct symbol_entry *e = &table->entry[i];
		u64 beyond, slide;

		if (symbol_entry_class(e->size_class) != SYMBOL_HALT || ip < table->text + e->start)
			continue;
		beyond = (ip - table->text - e->start) % SLIDE_STEP;
		slide = ip - table->text - e->start - beyond;
		/* The address after the instruction is still its function's. */
		if (beyond > symbol_entry_size(e->size_class) || slide >= SLIDE_LIMIT)
			continue;
		if (found >= 0 && (u64)found != slide)
			return -1;
		found = (s64)slide;
	}
	return found;
}
