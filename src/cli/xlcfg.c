/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl's configuration files and words: gathered here, read by Xen's own parser. That one lies in rota-xl.so, loaded when
 * there is something to read: it brings twelve libraries of Xen, with 3 MiB, into the process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plugin.h"
#include "cli/xl/parse.h"
#include "control/backend.h"

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

json_t *xlcfg_read(const char *file, char *const *words, int nr_words, const struct xlcfg_key *keys, char *error)
{
	const char *name = file ? file : "command line";
	void *lib = plugin_load("rota-xl.so");
	__typeof__(xl_parse) *parse = lib ? (__typeof__(xl_parse) *)dlsym(lib, "xl_parse") : NULL;
	size_t size = 0;
	char *text;
	json_t *out;

	if (!parse) {
		snprintf(error, CONTROL_ERROR_LEN,
			 "this rota was built without xl's parser of configuration files; build it again with "
			 "libxen-dev installed");
		return NULL;
	}
	text = gather(file, words, nr_words, &size, error);
	if (!text)
		return NULL;
	out = parse(name, text, size, keys, error);
	free(text);
	return out;
}
