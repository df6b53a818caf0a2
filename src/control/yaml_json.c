// SPDX-License-Identifier: GPL-2.0-or-later
/* YAML into JSON, by libyaml's events; see yaml_json.h. No recursion: the values under way are on a stack. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "control/backend.h"
#include "control/yaml_json.h"

#define MAX_DEPTH 16
#define MAX_VALUES 100000

struct reader {
	const char *file;
	char *error;
	json_t *open[MAX_DEPTH]; /* borrowed: each is in the one before, the first in root */
	char *key[MAX_DEPTH]; /* of a mapping, read and waiting for its value */
	int depth, values;
	json_t *root;
};

static bool fail(struct reader *r, size_t line, const char *what)
{
	snprintf(r->error, CONTROL_ERROR_LEN, "%s:%zu: %s", r->file, line + 1, what);
	return false;
}

static json_t *scalar(const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;
	char *end;
	long long n;

	if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return json_stringn(text, e->data.scalar.length);
	if (!strcmp(text, "true") || !strcmp(text, "false"))
		return json_boolean(*text == 't');
	if (!*text || !strcmp(text, "null") || !strcmp(text, "~"))
		return json_null();
	errno = 0;
	n = strtoll(text, &end, 10);
	/* 007 and +1 are no numbers that JSON has: they stay as they are. */
	if (!errno && !*end && (*text == '-' ? text[1] >= '1' : *text >= '0') && *text != '+' &&
	    (*text != '0' || !text[1]))
		return json_integer(n);
	return json_stringn(text, e->data.scalar.length);
}

/* A value is there: where does it belong? Takes it over. */
static bool put(struct reader *r, json_t *value, size_t line)
{
	json_t *in = r->depth ? r->open[r->depth - 1] : NULL;
	bool ok = true;

	if (!value)
		return fail(r, line, "this is no text that can be read (UTF-8 without zero bytes)");
	if (++r->values > MAX_VALUES) {
		json_decref(value);
		return fail(r, line, "there are too many values");
	}
	if (!in) {
		r->root = value;
	} else if (json_is_array(in)) {
		json_array_append_new(in, value);
	} else {
		char **key = &r->key[r->depth - 1];

		if (json_object_get(in, *key)) {
			json_decref(value);
			ok = fail(r, line, "a key is there twice");
		} else {
			ok = !json_object_set_new(in, *key, value) || fail(r, line, "a key is no UTF-8");
		}
		free(*key);
		*key = NULL;
	}
	return ok;
}

static bool waits_for_key(const struct reader *r)
{
	return r->depth && json_is_object(r->open[r->depth - 1]) && !r->key[r->depth - 1];
}

static bool open_value(struct reader *r, json_t *value, size_t line)
{
	if (r->depth == MAX_DEPTH) {
		json_decref(value);
		return fail(r, line, "this is nested too deep");
	}
	if (waits_for_key(r)) {
		json_decref(value);
		return fail(r, line, "a key is a single word");
	}
	if (!put(r, value, line))
		return false;
	r->key[r->depth] = NULL;
	r->open[r->depth++] = value;
	return true;
}

static bool take_scalar(struct reader *r, const yaml_event_t *e, size_t line)
{
	if (!waits_for_key(r))
		return put(r, scalar(e), line);
	r->key[r->depth - 1] = strdup((const char *)e->data.scalar.value);
	return r->key[r->depth - 1] || fail(r, line, "not enough memory");
}

static bool take(struct reader *r, const yaml_event_t *e, int *documents)
{
	size_t line = e->start_mark.line;

	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return ++*documents == 1 || fail(r, line, "there is a second document");
	case YAML_SCALAR_EVENT:
		if (e->data.scalar.anchor || e->data.scalar.tag)
			return fail(r, line, "anchors and tags are not for this file");
		return take_scalar(r, e, line);
	case YAML_MAPPING_START_EVENT:
		if (e->data.mapping_start.anchor || e->data.mapping_start.tag)
			return fail(r, line, "anchors and tags are not for this file");
		return open_value(r, json_object(), line);
	case YAML_SEQUENCE_START_EVENT:
		if (e->data.sequence_start.anchor || e->data.sequence_start.tag)
			return fail(r, line, "anchors and tags are not for this file");
		return open_value(r, json_array(), line);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		r->depth--;
		return true;
	case YAML_ALIAS_EVENT:
		return fail(r, line, "aliases are not for this file");
	default:
		return true;
	}
}

json_t *yaml_json(const char *file, const char *text, size_t len, char *error)
{
	struct reader r = { .file = file, .error = error };
	yaml_parser_t parser;
	yaml_event_t e;
	bool ok = true, end = false;
	int documents = 0;

	if (!yaml_parser_initialize(&parser)) {
		snprintf(error, CONTROL_ERROR_LEN, "not enough memory");
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (ok && !end) {
		if (!yaml_parser_parse(&parser, &e)) {
			fail(&r, parser.problem_mark.line, parser.problem ? parser.problem : "this is no YAML");
			ok = false;
			break;
		}
		end = e.type == YAML_STREAM_END_EVENT;
		ok = take(&r, &e, &documents);
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&parser);
	for (int i = 0; i < r.depth; i++)
		free(r.key[i]);
	if (!ok) {
		json_decref(r.root);
		return NULL;
	}
	return r.root ? r.root : json_null();
}
