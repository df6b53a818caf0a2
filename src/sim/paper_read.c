/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * THE FORM OF AN EXPERIMENT, and its reader. It is a YAML document as a scenario is, with the same kinds of complaint.
 *
 * title: TEXT
 * source: TEXT               which table or figure of which paper
 * calibration: false         figures of the baseline, without any cure
 * scenario: PATH             what is run, from the experiment's directory on
 * set: {PATH: VALUE}         changes of all runs, paths as those of --set
 * seeds: 1                   runs of each, whose values are averaged
 * rows: {NAME: {PATH: VALUE, ...}, ...}       required, at most 64; {} changes nothing
 * columns: {NAME: {PATH: VALUE, ...}, ...}    required, at most 32
 * figures:                   required, at most 32
 *   - name: TEXT
 *     value: TERM            a field of the result, or FIELD / FIELD, as in a sweep
 *     invert: false          1 over it
 *     over: COLUMN           divided by the same of this column
 *     scale: 1               and multiplied by this
 *     fitted: false          parameters of the guests were fitted to it
 *     paper: {ROW: [NUMBER, ...]}   one for each column; ~: not asked for; rota: the paper has none, rota's is
 *     because: {ROW: TEXT}   the suspected reason where it is off
 */
#include "sim/paper.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario_read.h"

static int read_text(struct scn_reader *r, const struct scn_node *map, const char *key, char **out)
{
	int err = scn_need(r, map, key, "a sentence");

	return err ? err : scn_read_line(r, map, key, out);
}

static int read_flag(struct scn_reader *r, const struct scn_node *map, const char *key, bool *out)
{
	const struct scn_node *n = scn_get(map, key);
	int64_t value;
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, key);
	err = scn_bool_value(r, n, &value);
	if (err)
		return err;
	*out = value != 0;
	scn_leave(r, path);
	return 0;
}

/* A decimal number, sign and exponent as strtod() has them. */
static int read_number(struct scn_reader *r, const struct scn_node *n, double *out)
{
	char *end;

	if (n->kind != SCN_SCALAR || !n->plain || !*n->text)
		return scn_fail(r, n, "is not a number; write it like 0.61");
	*out = strtod(n->text, &end);
	return *end || !isfinite(*out) ?
		       scn_fail(r, n, "%s is not a number; write it like 0.61", scn_quote(r, n->text)) :
		       0;
}

static int read_lines(struct scn_reader *r, const struct scn_node *root, const char *key, int max,
		      struct paper_line **lines, int *nr)
{
	const struct scn_node *n;
	size_t path;
	int err = scn_need(r, root, key, "{gmake: {domains.vm1.workload.model: gmake}}");

	if (err)
		return err;
	n = scn_get(root, key);
	path = scn_enter(r, key);
	if (n->kind != SCN_MAP || !n->nr || n->nr > max)
		return scn_fail(r, n, "is not a mapping of 1 to %d names", max);
	*lines = calloc((size_t)n->nr, sizeof(**lines));
	if (!*lines)
		return scn_fail_memory(r);
	for (const struct scn_node *c = n->first; c; c = c->next) {
		struct paper_line *l = &(*lines)[(*nr)++];
		size_t item = scn_enter(r, c->key);

		if (!*c->key || strlen(c->key) >= sizeof(l->name))
			return scn_fail_key(r, c, "is a name of %zu characters; write 1 to %d", strlen(c->key),
					    SCHED_NAME_LEN - 1);
		strcpy(l->name, c->key);
		for (int i = 0; i < *nr - 1; i++)
			if (!strcmp((*lines)[i].name, l->name))
				return scn_fail_key(r, c, "is given twice; keep one");
		if (c->kind != SCN_MAP || c->nr)
			err = sweep_read_sets(r, c, &l->sets);
		if (err)
			return err;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

static int find_line(struct scn_reader *r, const struct scn_node *at, const char *name, const struct paper_line *lines,
		     int nr)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(lines[i].name, name))
			return i;
	scn_fail(r, at, "there is no row or column %s; name one that the experiment has", scn_quote(r, name));
	return -1;
}

static int read_values(struct scn_reader *r, const struct scn_node *n, const struct paper *p, struct paper_figure *f)
{
	size_t path = scn_enter(r, "paper");

	if (n->kind != SCN_MAP || !n->nr)
		return scn_fail(r, n, "is not a mapping of rows; write it like {gmake: [0.61, 0.52]}");
	for (const struct scn_node *row = n->first; row; row = row->next) {
		size_t item = scn_enter(r, row->key);
		int i = find_line(r, row, row->key, p->rows, p->nr_rows), k = 0;

		if (i < 0)
			return -EINVAL;
		if (row->kind != SCN_LIST || row->nr != p->nr_columns)
			return scn_fail(r, row,
					"has not one entry for each of the %d columns; write ~ where there is none",
					p->nr_columns);
		for (const struct scn_node *c = row->first; c; c = c->next, k++) {
			bool only_rota = c->kind == SCN_SCALAR && !strcmp(c->text, "rota");
			int err = 0;

			if (only_rota)
				*paper_at(p, f->paper, i, k) = INFINITY;
			else if (!scn_is_null(c))
				err = read_number(r, c, paper_at(p, f->paper, i, k));
			if (err)
				return err;
		}
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

static int read_because(struct scn_reader *r, const struct scn_node *n, const struct paper *p, struct paper_figure *f)
{
	size_t path = scn_enter(r, "because");

	if (n->kind != SCN_MAP)
		return scn_fail(r, n, "is not a mapping of rows; write it like {gmake: a sentence}");
	for (const struct scn_node *c = n->first; c; c = c->next) {
		int i = find_line(r, c, c->key, p->rows, p->nr_rows), err;

		if (i < 0)
			return -EINVAL;
		err = scn_need_scalar(r, c, "a sentence");
		if (err)
			return err;
		free(f->because[i]);
		f->because[i] = strdup(c->text);
		if (!f->because[i])
			return scn_fail_memory(r);
	}
	scn_leave(r, path);
	return 0;
}

static int allocate(struct scn_reader *r, const struct paper *p, struct paper_figure *f)
{
	size_t n = (size_t)p->nr_rows * (size_t)p->nr_columns;

	f->paper = malloc(n * sizeof(*f->paper));
	f->rota = malloc(n * sizeof(*f->rota));
	f->because = calloc((size_t)p->nr_rows, sizeof(*f->because));
	if (!f->paper || !f->rota || !f->because)
		return scn_fail_memory(r);
	for (size_t i = 0; i < n; i++)
		f->paper[i] = f->rota[i] = NAN;
	return 0;
}

static int read_figure(struct scn_reader *r, const struct scn_node *n, struct paper *p)
{
	static const char *const keys[] = { "name",   "value", "scale",	  "invert", "over",
					    "fitted", "paper", "because", NULL };
	struct paper_figure *f = &p->figures[p->nr_figures++];
	const struct scn_node *v;
	int err;

	f->scale = 1;
	f->over = -1;
	err = scn_check_map(r, n, keys, "{name: time, value: domains.vm1.guest.ops, paper: {gmake: [1, 0.61]}}");
	if (!err)
		err = allocate(r, p, f);
	if (!err)
		err = read_text(r, n, "name", &f->name);
	if (!err)
		err = scn_need(r, n, "value", "domains.vm1.guest.ops");
	if (!err)
		err = scn_need(r, n, "paper", "{gmake: [1, 0.61]}");
	if (!err)
		err = read_flag(r, n, "invert", &f->invert);
	if (!err)
		err = read_flag(r, n, "fitted", &f->fitted);
	if (err)
		return err;
	v = scn_get(n, "value");
	if (v->kind != SCN_SCALAR || !sweep_parse_column(v->text, &f->value))
		return scn_fail(r, v, "is not a term; write it like domains.vm1.guest.ops");
	v = scn_get(n, "scale");
	if (v)
		err = read_number(r, v, &f->scale);
	v = scn_get(n, "over");
	if (!err && v) {
		err = scn_need_scalar(r, v, "the name of a column");
		if (!err)
			f->over = find_line(r, v, v->text, p->columns, p->nr_columns);
		if (!err && f->over < 0)
			err = -EINVAL;
	}
	if (!err)
		err = read_values(r, scn_get(n, "paper"), p, f);
	if (!err && scn_get(n, "because"))
		err = read_because(r, scn_get(n, "because"), p, f);
	return err;
}

static int read_figures(struct scn_reader *r, const struct scn_node *root, struct paper *p)
{
	const struct scn_node *n;
	size_t path;
	int err = scn_need(r, root, "figures", "[{name: time, value: domains.vm1.guest.ops, paper: {gmake: [1]}}]"),
	    i = 0;

	if (err)
		return err;
	n = scn_get(root, "figures");
	path = scn_enter(r, "figures");
	err = scn_check_list(r, n, "[{name: time, value: domains.vm1.guest.ops, paper: {gmake: [1]}}]",
			     PAPER_MAX_FIGURES);
	if (err)
		return err;
	p->figures = calloc((size_t)n->nr + 1, sizeof(*p->figures));
	if (!p->figures)
		return scn_fail_memory(r);
	for (const struct scn_node *c = n->first; c && !err; c = c->next, i++) {
		size_t item = scn_enter_item(r, NULL, i);

		err = read_figure(r, c, p);
		if (!err)
			scn_leave(r, item);
	}
	if (!err)
		scn_leave(r, path);
	return err;
}

/* "dir/e18.yaml" beside "dir/e18-fig4.yaml" */
static char *beside(const char *file, const char *other)
{
	const char *slash = *other == '/' ? NULL : strrchr(file, '/');
	size_t dir = slash ? (size_t)(slash - file) + 1 : 0, len = strlen(other);
	char *out = malloc(dir + len + 1);

	if (!out)
		return NULL;
	memcpy(out, file, dir);
	memcpy(out + dir, other, len + 1);
	return out;
}

static char *own_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');

	return strndup(base, dot ? (size_t)(dot - base) : strlen(base));
}

static int read_all(struct scn_reader *r, const struct scn_node *root, struct paper *p)
{
	static const char *const keys[] = { "title", "source", "calibration", "scenario", "set",
					    "seeds", "rows",   "columns",     "figures",  NULL };
	static const int64_t seeds[] = { 1, PAPER_MAX_SEEDS };
	char *scenario = NULL;
	int err;

	p->seeds = 1;
	p->name = own_name(p->path);
	err = p->name ? scn_check_map(r, root, keys, "{title: ..., scenario: ...}") : scn_fail_memory(r);
	if (!err)
		err = read_text(r, root, "title", &p->title);
	if (!err)
		err = read_text(r, root, "source", &p->source);
	if (!err)
		err = read_flag(r, root, "calibration", &p->calibration);
	if (!err)
		err = read_text(r, root, "scenario", &scenario);
	if (err)
		return err;
	p->scenario = beside(p->path, scenario);
	free(scenario);
	if (!p->scenario)
		return scn_fail_memory(r);
	err = scn_read_int(r, root, "seeds", seeds, &p->seeds);
	if (!err && scn_get(root, "set")) {
		size_t path = scn_enter(r, "set");

		err = sweep_read_sets(r, scn_get(root, "set"), &p->fixed);
		if (!err)
			scn_leave(r, path);
	}
	if (!err)
		err = read_lines(r, root, "rows", PAPER_MAX_ROWS, &p->rows, &p->nr_rows);
	if (!err)
		err = read_lines(r, root, "columns", PAPER_MAX_COLUMNS, &p->columns, &p->nr_columns);
	return err ? err : read_figures(r, root, p);
}

struct paper *paper_load(const char *path, char *err, size_t errlen)
{
	struct scn_reader r = { .file = path, .err = err, .errlen = errlen };
	struct paper *p = calloc(1, sizeof(*p));
	struct scn_node *root = NULL;
	char *text;
	size_t len;
	int bad;

	*err = 0;
	if (!p) {
		snprintf(err, errlen, "not enough memory");
		return NULL;
	}
	text = scn_read_file(path, &len, err, errlen);
	if (!text) {
		free(p);
		return NULL;
	}
	p->path = strdup(path);
	bad = p->path ? scn_tree_parse(&r, text, len, -1, &root) : scn_fail_memory(&r);
	if (!bad)
		bad = read_all(&r, root, p);
	scn_tree_free(&r);
	free(text);
	if (!bad)
		return p;
	paper_free(p);
	return NULL;
}

static void free_sets(struct sweep_sets *s)
{
	for (int i = 0; i < s->nr; i++)
		free(s->set[i]);
	free(s->set);
}

static void free_lines(struct paper_line *l, int nr)
{
	for (int i = 0; i < nr; i++)
		free_sets(&l[i].sets);
	free(l);
}

void paper_free(struct paper *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->nr_figures; i++) {
		struct paper_figure *f = &p->figures[i];

		for (int k = 0; f->because && k < p->nr_rows; k++)
			free(f->because[k]);
		free(f->because);
		free(f->paper);
		free(f->rota);
		free(f->value.top.path);
		free(f->value.bottom.path);
		free(f->name);
	}
	free(p->figures);
	free_lines(p->rows, p->nr_rows);
	free_lines(p->columns, p->nr_columns);
	free_sets(&p->fixed);
	free(p->scenario);
	free(p->source);
	free(p->title);
	free(p->name);
	free(p->path);
	free(p);
}
