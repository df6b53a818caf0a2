// SPDX-License-Identifier: GPL-2.0-or-later
/* xl's configuration syntax by libxlutil, Xen's own parser; see xlcfg.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/xlcfg.h"
#include "control/backend.h"

#ifdef ROTA_LIBXLUTIL
#include <libxlutil.h>

#define MAX_FILE (1 << 20)

/* The shell takes the quotes from name="web", and the parser wants them. */
static void put_word(FILE *out, const char *word)
{
	const char *value = strchr(word, '=');

	value += value ? 1 : 0;
	if (value && *value && !strpbrk(value, "\"'[]\n\\") && strspn(value, "0123456789-") != strlen(value))
		fprintf(out, "\n%.*s\"%s\"\n", (int)(value - word), word, value);
	else
		fprintf(out, "\n%s\n", word);
}

/* The whole text: the file's, then the words each on its line. */
static char *gather(const char *file, char *const *words, int nr_words, size_t *size, char *error)
{
	char *text = NULL, buffer[4096];
	FILE *out = open_memstream(&text, size), *in = NULL;
	size_t n;

	if (!out)
		goto memory;
	if (file) {
		in = strcmp(file, "-") ? fopen(file, "r") : stdin;
		if (!in) {
			snprintf(error, CONTROL_ERROR_LEN, "%s can't be read: %s", file, strerror(errno));
			fclose(out);
			free(text);
			return NULL;
		}
		while ((n = fread(buffer, 1, sizeof(buffer), in)) > 0 && ftell(out) < MAX_FILE)
			fwrite(buffer, 1, n, out);
		if (in != stdin)
			fclose(in);
	}
	for (int i = 0; i < nr_words; i++)
		put_word(out, words[i]);
	if (!fclose(out) && *size < MAX_FILE)
		return text;
	free(text);
memory:
	snprintf(error, CONTROL_ERROR_LEN, "%s is too large", file ? file : "the command line");
	return NULL;
}

static json_t *list_of(XLU_Config *cfg, const char *key)
{
	XLU_ConfigList *list;
	json_t *out;
	int n;

	if (xlu_cfg_get_list(cfg, key, &list, &n, 1))
		return NULL;
	out = json_array();
	for (int i = 0; i < n; i++) {
		const char *item = xlu_cfg_get_listitem(list, i);

		json_array_append_new(out, item ? json_string(item) : json_null());
	}
	return out;
}

static json_t *value_of(XLU_Config *cfg, const struct xlcfg_key *key)
{
	json_t *list = key->kind == XLCFG_LIST || key->kind == XLCFG_STRING_OR_LIST ? list_of(cfg, key->name) : NULL;
	const char *text;
	long number;

	if (list)
		return list;
	if (key->kind == XLCFG_NUMBER)
		return xlu_cfg_get_long(cfg, key->name, &number, 1) ? NULL : json_integer(number);
	if (key->kind != XLCFG_LIST && !xlu_cfg_get_string(cfg, key->name, &text, 1))
		return json_string(text);
	return NULL;
}

json_t *xlcfg_read(const char *file, char *const *words, int nr_words, const struct xlcfg_key *keys, char *error)
{
	size_t size = 0;
	char *text = gather(file, words, nr_words, &size, error);
	XLU_Config *cfg = text ? xlu_cfg_init(stderr, file ? file : "command line") : NULL;
	json_t *out = NULL;

	if (cfg && xlu_cfg_readdata(cfg, text, (int)size)) {
		snprintf(error, CONTROL_ERROR_LEN, "Failed to parse config: %s", file ? file : "command line");
	} else if (cfg) {
		out = json_object();
		for (; keys->name; keys++) {
			json_t *v = value_of(cfg, keys);

			if (v)
				json_object_set_new(out, keys->name, v);
		}
	}
	if (cfg)
		xlu_cfg_destroy(cfg);
	free(text);
	return out;
}

#else

json_t *xlcfg_read(const char *file, char *const *words, int nr_words, const struct xlcfg_key *keys, char *error)
{
	(void)file, (void)words, (void)nr_words, (void)keys;
	snprintf(
		error, CONTROL_ERROR_LEN,
		"this rota was built without xl's parser of configuration files; build it again with libxen-dev installed");
	return NULL;
}

#endif
