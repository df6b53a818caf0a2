/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xl's configuration files and its key=value words, read by xl's own parser into JSON. */
#ifndef CLI_XLCFG_H
#define CLI_XLCFG_H

#include <jansson.h>

/* What a key is read as. */
enum xlcfg_kind { XLCFG_STRING, XLCFG_NUMBER, XLCFG_LIST, XLCFG_STRING_OR_LIST };

struct xlcfg_key {
	const char *name;
	enum xlcfg_kind kind;
};

/*
 * Read @file (NULL: none), then @words ("key=value", in the file's syntax). Returns an object with those of @keys
 * (ended by a NULL name) that are there, or NULL with the sentence; where this rota was built without xl's parser, the
 * sentence says so. Other keys are left out, as xl does.
 */
json_t *xlcfg_read(const char *file, char *const *words, int nr_words, const struct xlcfg_key *keys, char *error);

#endif
