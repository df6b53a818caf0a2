// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/symbols_json.h"

static json_t *hex(u64 value)
{
	char text[20];

	snprintf(text, sizeof(text), "%llx", (unsigned long long)value);
	return json_string(text);
}

json_t *symbols_write(const struct symbol_table *table, bool slide_known)
{
	json_t *entries = json_array();

	for (u32 i = 0; i < table->nr; i++) {
		json_array_append_new(entries, json_integer(table->entry[i].start));
		json_array_append_new(entries, json_integer(table->entry[i].size_class));
	}
	return json_pack("{so so* so}", "text", hex(table->text), "slide", slide_known ? hex(table->slide) : NULL,
			 "entries", entries);
}

static bool read_hex(json_t *from, const char *key, u64 *out)
{
	const char *text = json_string_value(json_object_get(from, key));

	if (!text || !*text || strlen(text) > 16 || strspn(text, "0123456789abcdef") != strlen(text))
		return false;
	*out = strtoull(text, NULL, 16);
	return true;
}

bool symbols_read(json_t *from, struct symbol_table *table, bool *slide_known, char *error)
{
	json_t *entries = json_object_get(from, "entries");
	size_t n = json_array_size(entries);
	u64 slide = 0;

	*table = (struct symbol_table){ .lstar = SYMBOL_NO_ENTRY };
	*slide_known = json_object_get(from, "slide");
	if (!read_hex(from, "text", &table->text) || (*slide_known && !read_hex(from, "slide", &slide)) || n % 2) {
		snprintf(error, CONTROL_ERROR_LEN,
			 "a symbol table has text, entries and perhaps slide, addresses in hexadecimal");
		return false;
	}
	if (n / 2 > LIVE_SYMBOL_ENTRIES) {
		snprintf(error, CONTROL_ERROR_LEN, "a symbol table may have %zu ranges, not %zu; use fewer rules",
			 LIVE_SYMBOL_ENTRIES, n / 2);
		return false;
	}
	table->nr = (u32)(n / 2);
	for (size_t i = 0; i < n; i++) {
		json_t *e = json_array_get(entries, i);
		json_int_t value = json_integer_value(e);
		u32 *to = i % 2 ? &table->entry[i / 2].size_class : &table->entry[i / 2].start;

		*to = (u32)value;
		if (json_is_integer(e) && value >= 0 && value <= 0xffffffffLL)
			continue;
		snprintf(error, CONTROL_ERROR_LEN, "an entry of a symbol table is a number of 32 bits");
		return false;
	}
	if (!symbol_table_check(table) && !symbol_set_slide(table, slide))
		return true;
	snprintf(error, CONTROL_ERROR_LEN,
		 "the symbol table is not in order, or its slide not a multiple of 2 MiB below 1 GiB");
	return false;
}
