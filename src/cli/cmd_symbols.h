/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `rota symbols` shares between the verbs and the printing. */
#ifndef CLI_CMD_SYMBOLS_H
#define CLI_CMD_SYMBOLS_H

#include "symbols/symbols.h"

/* A kernel with everything the rules make of it. */
struct symbol_kernel {
	const char *path;
	struct kmap *map;
	struct symbol_class_map *classes;
	struct symbol_table *table;
};

/*
 * False after one sentence on stderr; then there is nothing to close. @version 0: as the file
 * tells.
 */
bool symbol_kernel_open(struct symbol_kernel *k, const char *path, const struct symbol_rules *rules,
			uint16_t version);
void symbol_kernel_close(struct symbol_kernel *k);

void symbols_print_classes(const struct symbol_rules *rules);
void symbols_print_coverage(const struct symbol_kernel *k, bool verbose, bool blank_line_before);
void symbols_print_table(const struct symbol_kernel *k, int nr);

/*
 * The functions of @class (-1: every class but none) whose name matches one of @nr patterns, or
 * all. An exit code.
 */
int symbols_print_functions(const struct symbol_kernel *k, int class, char **pattern, int nr);

#endif
