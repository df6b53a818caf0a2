/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `rota symbols` shares between the verbs and the printing. */
#ifndef CLI_CMD_SYMBOLS_H
#define CLI_CMD_SYMBOLS_H

#include "symbols/symbols.h"

void symbols_print_classes(const struct symbol_rules *rules);
void symbols_print_coverage(const struct symbol_kernel *k, bool verbose, bool blank_line_before);
void symbols_print_table(const struct symbol_kernel *k, int nr);

/*
 * The functions of @class (-1: every class but none) whose name matches one of @nr patterns, or
 * all. An exit code.
 */
int symbols_print_functions(const struct symbol_kernel *k, int class, char **pattern, int nr);

#endif
