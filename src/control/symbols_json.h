/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest kernel's symbol table (sched/symbols.h) in a request:
 *
 *	{"text": "ffffffff81000000", "slide": "1e000000", "entries": [start, bytes << 8 | class, ...]}
 *
 * Addresses are hexadecimal strings, since JSON's numbers end before they do. Without a slide it is to be found out.
 */
#ifndef CONTROL_SYMBOLS_JSON_H
#define CONTROL_SYMBOLS_JSON_H

#include "control/backend.h"
#include "kvm/guest_symbols.h"

json_t *symbols_write(const struct symbol_table *table, bool slide_known);

/* Into @table, which has LIVE_SYMBOL_BYTES. False with the sentence (CONTROL_ERROR_LEN). */
bool symbols_read(json_t *from, struct symbol_table *table, bool *slide_known, char *error);

#endif
