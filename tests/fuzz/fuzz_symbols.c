// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: fuzzer of the readers of kernel symbols: rules, System.map and kallsyms, ELF. The first byte says which.
 * Built by tests/fuzz/run.sh.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char err[512] = "", *text;
	void *read;

	if (!size)
		return 0;
	/* Of exactly its size: who reads beyond it is found out. */
	text = malloc(size);
	if (!text)
		abort();
	memcpy(text, data + 1, size - 1);
	switch (*data) {
	case 'R':
		read = symbol_rules_load_text("fuzz", text, size - 1, NULL, err, sizeof(err));
		symbol_rules_free(read);
		break;
	case 'E':
		read = kmap_load_elf("fuzz", text, size - 1, err, sizeof(err));
		kmap_free(read);
		break;
	default:
		read = kmap_load_text("fuzz", text, size - 1, err, sizeof(err));
		kmap_free(read);
		break;
	}
	free(text);
	if (!read && !*err)
		abort();
	return 0;
}
