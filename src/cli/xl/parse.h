/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The function of rota-xl.so, which xlcfg_read() looks up by name. */
#ifndef CLI_XL_PARSE_H
#define CLI_XL_PARSE_H

#include "cli/xlcfg.h"

/* An object with those of @keys that are in @text, or NULL with the sentence; @name is what messages call the text. */
json_t *xl_parse(const char *name, const char *text, size_t size, const struct xlcfg_key *keys, char *error);

#endif
