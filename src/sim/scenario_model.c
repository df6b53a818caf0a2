// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Named models: `workload: {model: gmake}` is a program that a file has (data/workloads/gmake.yaml), because what a
 * benchmark does to a kernel is data. A name with a slash is a file of the user's, from the scenario's directory on.
 *
 *	description: TEXT
 *	source: TEXT              whose figures it is held against
 *	parameters:
 *	  NAME: {value: VALUE, fixed|chosen|fitted: TEXT}
 *	workload: {...}           the keys of model: program; $NAME stands for the parameter's value
 *
 * Each parameter says what it is (docs/guest-model.md): fixed by hardware, kernel or set-up; chosen because nothing is
 * published; or fitted, and to which figure. A scenario may give others: {model: gmake, hold: 2us}.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/data_dir.h"
#include "sim/scenario_read.h"

#define MAX_PARAMETERS 64

/* The model's file in @out, NULL if there is none. */
static const char *model_path(const struct scn_reader *r, const char *name, char *out, size_t len)
{
	const char *slash = strrchr(r->file, '/');
	char rest[256];
	struct stat st;
	int n;

	if (strchr(name, '/')) {
		int dir = *name != '/' && slash ? (int)(slash - r->file) + 1 : 0;

		n = snprintf(out, len, "%.*s%s", dir, r->file, name);
		return n > 0 && (size_t)n < len && !stat(out, &st) && S_ISREG(st.st_mode) ? out : NULL;
	}
	if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return NULL;
	n = snprintf(rest, sizeof(rest), "workloads/%s.yaml", name);
	return n < (int)sizeof(rest) ? data_path(rest, out, len) : NULL;
}

bool scn_is_named_model(const struct scn_reader *r, const char *name)
{
	char path[PATH_MAX];

	return model_path(r, name, path, sizeof(path)) != NULL;
}

static int parse_file(struct scn_reader *r, const struct scn_node *at, const char *path, struct scn_node **out)
{
	const char *scenario = r->file;
	char why[PATH_MAX + 200] = "", *text, *name = scn_alloc(r, strlen(path) + 1);
	size_t len = 0;
	int err;

	if (!name)
		return scn_fail_memory(r);
	text = scn_read_file(path, &len, why, sizeof(why));
	if (!text)
		return scn_fail(r, at, "the model's file: %s", why);
	strcpy(name, path);
	r->file = name; /* its nodes remember it */
	err = scn_tree_parse(r, text, len, -1, out);
	r->file = scenario;
	free(text);
	return err;
}

static int check_parameter(struct scn_reader *r, const struct scn_node *p)
{
	static const char *const keys[] = { "value", "fixed", "chosen", "fitted", NULL };
	size_t path = scn_enter(r, p->key);
	const struct scn_node *why;
	int err = scn_check_map(r, p, keys, "{value: 2us, chosen: why}");

	if (!err)
		err = scn_need(r, p, "value", "2us");
	if (err)
		return err;
	why = p->first == scn_get(p, "value") ? p->last : p->first;
	if (p->nr != 2)
		return scn_fail(r, p,
				"wants its value, and one of fixed, chosen and fitted that says where it is from");
	err = scn_need_scalar(r, why, "a sentence");
	if (!err)
		scn_leave(r, path);
	return err;
}

/* "$name" -> the parameter's value, NULL when there is none; what is no such word is itself. */
static const struct scn_node *value_of(const struct scn_node *n, const struct scn_node *given,
				       const struct scn_node *parameters)
{
	const struct scn_node *own;

	if (n->kind != SCN_SCALAR || !n->plain || *n->text != '$')
		return n;
	own = parameters ? scn_get(parameters, n->text + 1) : NULL;
	if (!own)
		return NULL;
	return scn_get(given, n->text + 1) ? scn_get(given, n->text + 1) : scn_get(own, "value");
}

/* Depth of both trees is bounded by SCN_MAX_DEPTH, and so is this recursion: a value holds no $ of its own. */
static int substitute(struct scn_reader *r, const struct scn_node *from, const struct scn_node *given,
		      const struct scn_node *parameters, struct scn_node **out)
{
	const struct scn_node *v = value_of(from, given, parameters);
	struct scn_node *n;

	if (!v)
		return scn_fail(r, from,
				"there is no parameter %s; name one of parameters:", scn_quote(r, from->text + 1));
	n = scn_node_new(r, v->kind, v->line, v->set);
	if (!n)
		return -EINVAL;
	n->plain = v->plain;
	n->text = v->text;
	n->file = v->file;
	for (const struct scn_node *c = v->first; c; c = c->next) {
		struct scn_node *child;
		int err = substitute(r, c, given, v == from ? parameters : NULL, &child);

		if (err)
			return err;
		child->key = c->key;
		child->key_line = c->key_line;
		scn_node_append(n, child);
	}
	*out = n;
	return 0;
}

/* What a scenario may write beside model: the parameters. */
static int check_given(struct scn_reader *r, const struct scn_node *n, const struct scn_node *parameters)
{
	const char *keys[MAX_PARAMETERS + 3] = { "model", "start" };
	int k = 2;

	for (const struct scn_node *c = parameters ? parameters->first : NULL; c; c = c->next)
		keys[k++] = c->key;
	return scn_check_map(r, n, keys, "{model: gmake}");
}

static int check_parameters(struct scn_reader *r, const struct scn_node *p)
{
	size_t path = scn_enter(r, "parameters");
	int err = 0;

	if (p->kind != SCN_MAP)
		return scn_fail(r, p, "is not a mapping; write {hold: {value: 2us, chosen: why}}");
	if (p->nr > MAX_PARAMETERS)
		return scn_fail(r, p, "has %d entries; a model has at most %d", p->nr, MAX_PARAMETERS);
	for (const struct scn_node *c = p->first; c && !err; c = c->next)
		err = check_parameter(r, c);
	if (!err)
		scn_leave(r, path);
	return err;
}

int scn_named_model(struct scn_reader *r, const struct scn_node *n, const struct scn_node **body)
{
	static const char *const keys[] = { "description", "source", "parameters", "workload", NULL };
	const struct scn_node *name = scn_get(n, "model"), *parameters;
	char path[PATH_MAX];
	struct scn_node *file = NULL, *filled = NULL;
	int err;

	if (!model_path(r, name->text, path, sizeof(path)))
		return scn_fail(r, name, "the file of model %s is gone", scn_quote(r, name->text));
	err = parse_file(r, name, path, &file);
	if (!err)
		err = scn_check_map(r, file, keys, "{workload: {tasks: [...]}}");
	if (!err)
		err = scn_need(r, file, "workload", "{tasks: [...]}");
	if (!err && (scn_get(scn_get(file, "workload"), "model") || scn_get(scn_get(file, "workload"), "start")))
		err = scn_fail(r, scn_get(file, "workload"),
			       "has model: or start:, which the scenario gives; leave them out");
	if (err)
		return err;
	parameters = scn_get(file, "parameters");
	if (parameters)
		err = check_parameters(r, parameters);
	if (!err)
		err = check_given(r, n, parameters);
	if (!err)
		err = substitute(r, scn_get(file, "workload"), n, parameters, &filled);
	*body = filled;
	return err;
}
