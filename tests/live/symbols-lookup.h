/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What symbols-lookup.c asks of symbols.bpf.c, and gets back. */
#ifndef LIVE_SYMBOLS_LOOKUP_H
#define LIVE_SYMBOLS_LOOKUP_H

struct lookup {
	unsigned long long table, ips, classes, lstar; /* addresses in the arena; the guest's MSR_LSTAR */
	unsigned int nr;
	int check, slide; /* what symbol_table_check() and symbol_slide_from_lstar() returned */
};

#endif
