/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * THE SPECIFICATION OF A SWEEP, and its reader. It is a YAML document as a scenario is, with the same kinds of
 * complaint.
 *
 * name: TEXT                 default: the file's name without .yaml
 * description: TEXT          one line
 * scenario: PATH             what is run, from the specification's directory on; or
 * generate: {KEY: VALUE}     the parameters of a generator (rota-sweep.5)
 * set: {PATH: VALUE}         changes of the scenario at all points, paths as those of --set
 * axes:                      required, 1 to 16
 *   - name: NAME             a column of the table
 *     path: PATH             what it changes; default: the name
 *     values: [V, V]         YAML values, or {LABEL: {PATH: VALUE, ...}, ...}: several changes at once, without path
 *     range: {from: A, to: B, step: C}   instead of values; numbers, with one unit behind them (10ms) or none
 *     seeds: N               instead of values: 1 to N; path is seed
 * columns: {NAME: TERM}      required, 1 to 64. TERM: [OP] FIELD [/ [OP] FIELD]
 *                            FIELD: keys of the result joined by dots, entries of lists by name or index; * and ? stand
 *                            for any characters. OP: sum, mean, min, max, count of all the fields, zeros: how many are
 *                            0, none: 1 if all are
 * plots:, findings:          sweep_find.c
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sweep_read.h"

#define MAX_VALUES 100000

static const char *const ops[] = { [SWEEP_FIELD] = "",	    [SWEEP_SUM] = "sum",   [SWEEP_MEAN] = "mean",
				   [SWEEP_MIN] = "min",	    [SWEEP_MAX] = "max",   [SWEEP_COUNT] = "count",
				   [SWEEP_ZEROS] = "zeros", [SWEEP_NONE] = "none", NULL };

/* A value as YAML on one line: what --set takes. */
static void put_flow(const struct scn_node *n, FILE *out, bool inside)
{
	const char *gap = "";

	if (n->kind == SCN_SCALAR) {
		if (n->plain && (!inside || !strpbrk(n->text, ",[]{}"))) {
			fputs(n->text, out);
			return;
		}
		fputc('"', out);
		for (const char *c = n->text; *c; c++) {
			if (*c == '"' || *c == '\\')
				fputc('\\', out);
			if (*c == '\n')
				fputs("\\n", out);
			else
				fputc(*c, out);
		}
		fputc('"', out);
		return;
	}
	fputc(n->kind == SCN_LIST ? '[' : '{', out);
	for (const struct scn_node *c = n->first; c; c = c->next) {
		fputs(gap, out);
		if (n->kind == SCN_MAP)
			fprintf(out, "\"%s\": ", c->key);
		put_flow(c, out, true);
		gap = ", ";
	}
	fputc(n->kind == SCN_LIST ? ']' : '}', out);
}

/* "before" and the value; malloc'ed */
static char *flow(const char *prefix, const char *before, const struct scn_node *n)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fputs(prefix, f);
	fputs(before, f);
	if (*before)
		fputc('=', f);
	put_flow(n, f, false);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

/* Takes @set, which may be NULL for want of memory. */
static int add_set(struct sweep_sets *to, char *set)
{
	char **bigger = set ? realloc(to->set, (size_t)(to->nr + 1) * sizeof(*bigger)) : NULL;

	if (!bigger) {
		free(set);
		return -ENOMEM;
	}
	to->set = bigger;
	to->set[to->nr++] = set;
	return 0;
}

static void free_sets(struct sweep_sets *s)
{
	for (int i = 0; i < s->nr; i++)
		free(s->set[i]);
	free(s->set);
}

/* {PATH: VALUE, ...}; @prefix is put before each path */
static int read_sets(struct scn_reader *r, const struct scn_node *n, const char *prefix, struct sweep_sets *to)
{
	if (n->kind != SCN_MAP || !n->nr)
		return scn_fail(r, n, "is not a mapping of paths and values; write it like {domains.vm1.weight: 512}");
	for (const struct scn_node *c = n->first; c; c = c->next) {
		size_t path = scn_enter(r, c->key);

		if (!*c->key || strchr(c->key, '='))
			return scn_fail_key(r, c, "is not a path; write it like domains.vm1.weight");
		for (const struct scn_node *d = n->first; d != c; d = d->next)
			if (!strcmp(d->key, c->key))
				return scn_fail_key(r, c, "is given twice (first on line %d); keep one", d->key_line);
		if (add_set(to, flow(prefix, c->key, c)))
			return scn_fail_memory(r);
		scn_leave(r, path);
	}
	return 0;
}

int sweep_read_sets(struct scn_reader *r, const struct scn_node *n, struct sweep_sets *to)
{
	return read_sets(r, n, "", to);
}

/* -- axes ------------------------------------------------------------------------ */

/* Takes @label. @yaml: the value for the axis's path, the label unless given; without a path assignments come later. */
static struct sweep_value *add_value(struct sweep_axis *a, char *label, const char *yaml)
{
	struct sweep_value *bigger = label ? realloc(a->values, (size_t)(a->nr_values + 1) * sizeof(*bigger)) : NULL;
	struct sweep_value *v;

	if (!bigger) {
		free(label);
		return NULL;
	}
	a->values = bigger;
	v = &a->values[a->nr_values];
	memset(v, 0, sizeof(*v));
	v->label = label;
	a->nr_values++;
	if (a->path) {
		const char *value = yaml ? yaml : label;
		size_t len = strlen(a->path) + strlen(value) + 2;
		char *set = malloc(len);

		if (set)
			snprintf(set, len, "%s=%s", a->path, value);
		if (add_set(&v->sets, set))
			return NULL;
	}
	return v;
}

static void drop_values(struct sweep_axis *a)
{
	for (int v = 0; v < a->nr_values; v++) {
		free(a->values[v].label);
		free_sets(&a->values[v].sets);
	}
	free(a->values);
	a->values = NULL;
	a->nr_values = 0;
}

static int check_many(struct scn_reader *r, const struct scn_node *n, int64_t nr)
{
	return nr >= 1 && nr <= MAX_VALUES ?
		       0 :
		       scn_fail(r, n, "makes %lld values; an axis has 1 to %d", (long long)nr, MAX_VALUES);
}

static int read_list(struct scn_reader *r, const struct scn_node *n, struct sweep_axis *a)
{
	int i = 0;

	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		size_t path = scn_enter_item(r, NULL, i);
		char *yaml;
		bool added;

		if (scn_is_null(c))
			return scn_fail(r, c, "is nothing; write a value");
		yaml = flow("", "", c);
		added = yaml && add_value(a, strdup(c->kind == SCN_SCALAR ? c->text : yaml), yaml);
		free(yaml);
		if (!added)
			return scn_fail_memory(r);
		scn_leave(r, path);
	}
	return 0;
}

static int read_labelled(struct scn_reader *r, const struct scn_node *n, struct sweep_axis *a)
{
	for (const struct scn_node *c = n->first; c; c = c->next) {
		size_t path = scn_enter(r, c->key);
		struct sweep_value *v;
		int err;

		for (const struct scn_node *d = n->first; d != c; d = d->next)
			if (!strcmp(d->key, c->key))
				return scn_fail_key(r, c, "is given twice (first on line %d); keep one", d->key_line);
		v = add_value(a, strdup(c->key), NULL);
		if (!v)
			return scn_fail_memory(r);
		err = read_sets(r, c, "", &v->sets);
		if (err)
			return err;
		scn_leave(r, path);
	}
	return 0;
}

/* "2.5ms" -> 2500000 millionths and "ms" */
static int parse_quantity(const char *text, int64_t *millionths, const char **unit)
{
	char number[32];
	size_t len = strspn(text, "0123456789.");

	*unit = text + len;
	if (!len || len >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, len);
	number[len] = 0;
	for (const char *c = *unit; *c; c++)
		if (!isalpha((unsigned char)*c))
			return -EINVAL;
	return scn_parse_millionths(number, millionths);
}

static void print_quantity(int64_t millionths, const char *unit, char *out, size_t len)
{
	char fraction[8];
	int used = 6;

	snprintf(fraction, sizeof(fraction), "%06d", (int)(millionths % 1000000));
	while (used && fraction[used - 1] == '0')
		used--;
	snprintf(out, len, "%lld%s%.*s%s", (long long)(millionths / 1000000), used ? "." : "", used, fraction, unit);
}

static int read_range(struct scn_reader *r, const struct scn_node *n, struct sweep_axis *a)
{
	static const char *const keys[] = { "from", "to", "step", NULL };
	const char *unit[3];
	int64_t v[3];
	char text[48];
	int err;

	err = scn_check_map(r, n, keys, "{from: 10, to: 100, step: 10}");
	for (int i = 0; !err && i < 3; i++) {
		const struct scn_node *c;
		size_t path;

		err = scn_need(r, n, keys[i], "10");
		if (err)
			break;
		c = scn_get(n, keys[i]);
		path = scn_enter(r, keys[i]);
		err = scn_need_scalar(r, c, "a number");
		if (err)
			break;
		if (parse_quantity(c->text, &v[i], &unit[i]))
			return scn_fail(r, c, "%s is not a number with at most six decimals and perhaps a unit",
					scn_quote(r, c->text));
		if (i && strcmp(unit[i], unit[0]))
			return scn_fail(r, c, "%s has another unit than from:; write all three in one",
					scn_quote(r, c->text));
		scn_leave(r, path);
	}
	if (err)
		return err;
	if (v[2] < 1 || v[1] < v[0])
		return scn_fail(r, n, "goes nowhere; from: is at most to:, and step: above 0");
	err = check_many(r, n, (v[1] - v[0]) / v[2] + 1);
	for (int64_t x = v[0]; !err && x <= v[1]; x += v[2]) {
		print_quantity(x, unit[0], text, sizeof(text));
		if (!add_value(a, strdup(text), NULL))
			return scn_fail_memory(r);
	}
	return err;
}

static int add_integers(struct sweep_axis *a, int64_t from, int64_t to)
{
	char text[24];

	for (int64_t i = from; i <= to; i++) {
		snprintf(text, sizeof(text), "%lld", (long long)i);
		if (!add_value(a, strdup(text), NULL))
			return -ENOMEM;
	}
	return 0;
}

static int read_values(struct scn_reader *r, const struct scn_node *n, struct sweep_axis *a)
{
	static const char *const ways[] = { "values", "range", "seeds" };
	static const int64_t seeds[] = { 1, MAX_VALUES };
	const struct scn_node *which = NULL;
	int way = 0, nr = 0, err;
	size_t path;

	for (int i = 0; i < 3; i++) {
		const struct scn_node *c = scn_get(n, ways[i]);

		if (c && which) {
			scn_enter(r, ways[i]);
			return scn_fail_key(r, c, "stands beside %s:; keep one of them", ways[way]);
		}
		if (c) {
			which = c;
			way = i;
		}
	}
	if (!which)
		return scn_fail(r, n, "has no values; add values: [1, 2], range: or seeds:");
	path = scn_enter(r, ways[way]);
	if (way == 2) {
		err = scn_int_value(r, which, seeds, &(int64_t){ 0 });
		scn_leave(r, path);
		if (!err)
			err = scn_read_int(r, n, "seeds", seeds, &nr);
		return err ? err : add_integers(a, 1, nr) ? scn_fail_memory(r) : 0;
	}
	if (way == 1) {
		err = read_range(r, which, a);
	} else if (which->kind == SCN_MAP) {
		if (scn_get(n, "path"))
			return scn_fail(r, which, "has paths of its own; remove path:, or write a list");
		free(a->path);
		a->path = NULL;
		err = check_many(r, which, which->nr);
		if (!err)
			err = read_labelled(r, which, a);
	} else {
		err = scn_check_list(r, which, "[1, 2, 3]", MAX_VALUES);
		if (!err)
			err = check_many(r, which, which->nr);
		if (!err)
			err = read_list(r, which, a);
	}
	if (!err)
		scn_leave(r, path);
	return err;
}

static bool taken(const struct sweep *s, const char *name, int but_axis)
{
	for (int a = 0; a < s->nr_axes; a++)
		if (a != but_axis && !strcmp(s->axes[a].name, name))
			return true;
	return false;
}

static int read_axis(struct scn_reader *r, const struct scn_node *n, struct sweep *s)
{
	static const char *const keys[] = { "name", "path", "values", "range", "seeds", NULL };
	struct sweep_axis *a = &s->axes[s->nr_axes++];
	const struct scn_node *path;
	int err;

	err = scn_check_map(r, n, keys, "{name: weight, path: domains.vm1.weight, values: [256, 512]}");
	if (!err)
		err = scn_read_name(r, n, "name", "weight", a->name);
	if (err)
		return err;
	if (taken(s, a->name, s->nr_axes - 1))
		return scn_fail(r, n, "there is an axis of this name already; choose another name");
	path = scn_get(n, "path");
	if (path) {
		size_t at = scn_enter(r, "path");

		err = scn_need_scalar(r, path, "a path such as domains.vm1.weight");
		if (err)
			return err;
		if (!*path->text || strchr(path->text, '='))
			return scn_fail(r, path, "%s is not a path; write it like domains.vm1.weight",
					scn_quote(r, path->text));
		scn_leave(r, at);
	}
	a->path = strdup(path ? path->text : scn_get(n, "seeds") ? "seed" : a->name);
	return a->path ? read_values(r, n, a) : scn_fail_memory(r);
}

static int read_axes(struct scn_reader *r, const struct scn_node *n, struct sweep *s)
{
	size_t path = scn_enter(r, "axes");
	int64_t points = 1;
	int err, i = 0;

	err = scn_check_list(r, n, "[{name: seed, seeds: 10}]", SWEEP_MAX_AXES);
	if (err)
		return err;
	if (!n->nr)
		return scn_fail(r, n, "is empty; a sweep has at least one axis");
	s->axes = calloc((size_t)n->nr, sizeof(*s->axes));
	if (!s->axes)
		return scn_fail_memory(r);
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		size_t item = scn_enter_item(r, c, i);

		err = read_axis(r, c, s);
		if (err)
			return err;
		scn_leave(r, item);
		points *= s->axes[i].nr_values;
		if (points > SWEEP_MAX_POINTS)
			return scn_fail(r, n, "have more than %d points together; use fewer values", SWEEP_MAX_POINTS);
	}
	s->nr_points = (int)points;
	scn_leave(r, path);
	return 0;
}

/* -- columns ----------------------------------------------------------------------- */

/* One word of @text; its end. Empty: none left. */
static const char *word(const char **text)
{
	const char *begin = *text + strspn(*text, " ");

	*text = begin + strcspn(begin, " ");
	return begin;
}

/* [OP] FIELD; *text moves behind it. */
static bool parse_term(const char **text, struct sweep_term *t)
{
	const char *begin = word(text);

	for (int op = SWEEP_SUM; ops[op]; op++)
		if (strlen(ops[op]) == (size_t)(*text - begin) && !strncmp(begin, ops[op], (size_t)(*text - begin))) {
			t->op = (enum sweep_op)op;
			begin = word(text);
			break;
		}
	t->path = *text == begin || *begin == '/' ? NULL : strndup(begin, (size_t)(*text - begin));
	return t->path != NULL;
}

bool sweep_parse_column(const char *text, struct sweep_column *c)
{
	bool good = parse_term(&text, &c->top);

	text += strspn(text, " ");
	if (good && *text == '/') {
		text++;
		good = parse_term(&text, &c->bottom);
		text += strspn(text, " ");
	}
	return good && !*text;
}

static int read_column(struct scn_reader *r, const struct scn_node *n, struct sweep *s)
{
	struct sweep_column *c = &s->columns[s->nr_columns++];
	int err;

	if (strlen(n->key) >= sizeof(c->name) || !*n->key)
		return scn_fail_key(r, n, "a name of %zu characters; write 1 to %d", strlen(n->key),
				    SCHED_NAME_LEN - 1);
	strcpy(c->name, n->key);
	if (taken(s, c->name, -1))
		return scn_fail_key(r, n, "is an axis as well; choose another name");
	for (int i = 0; i < s->nr_columns - 1; i++)
		if (!strcmp(s->columns[i].name, c->name))
			return scn_fail_key(r, n, "is given twice; keep one");
	err = scn_need_scalar(r, n, "a field of the result");
	if (err)
		return err;
	return sweep_parse_column(n->text, c) ?
		       0 :
		       scn_fail(r, n, "%s is not a term; write it like sum domains.*.deadlines.missed",
				scn_quote(r, n->text));
}

static int read_columns(struct scn_reader *r, const struct scn_node *n, struct sweep *s)
{
	size_t path = scn_enter(r, "columns");

	if (n->kind != SCN_MAP || !n->nr || n->nr > SWEEP_MAX_COLUMNS)
		return scn_fail(r, n, "is not a mapping of 1 to %d names; write it like {share: domains.vm1.share}",
				SWEEP_MAX_COLUMNS);
	s->columns = calloc((size_t)n->nr, sizeof(*s->columns));
	if (!s->columns)
		return scn_fail_memory(r);
	for (const struct scn_node *c = n->first; c; c = c->next) {
		size_t item = scn_enter(r, c->key);
		int err = read_column(r, c, s);

		if (err)
			return err;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

/* -- the whole ----------------------------------------------------------------------- */

/* "sweeps/a.yaml" and "b.yaml": "sweeps/b.yaml" */
static char *beside(const char *spec, const char *file)
{
	const char *slash = strrchr(spec, '/');
	size_t dir = *file != '/' && slash ? (size_t)(slash - spec) + 1 : 0;
	char *path = malloc(dir + strlen(file) + 1);

	if (path) {
		memcpy(path, spec, dir);
		strcpy(path + dir, file);
	}
	return path;
}

static int read_base(struct scn_reader *r, const struct scn_node *root, struct sweep *s)
{
	const struct scn_node *file = scn_get(root, "scenario"), *params = scn_get(root, "generate");
	size_t path;
	int err;

	if (!file == !params)
		return scn_fail(r, root,
				file ? "has both scenario: and generate:; keep one of them" :
				       "says nothing to run; add scenario: FILE, or generate:");
	path = scn_enter(r, file ? "scenario" : "generate");
	if (params) {
		err = read_sets(r, params, "generate.", &s->fixed);
	} else {
		err = scn_need_scalar(r, file, "the path of a scenario");
		if (!err && strlen(file->text) > 4000)
			err = scn_fail(r, file, "is a path of more than 4000 characters");
		if (!err) {
			s->scenario = beside(r->file, file->text);
			err = s->scenario ? 0 : scn_fail_memory(r);
		}
	}
	if (!err)
		scn_leave(r, path);
	return err;
}

/* "dir/lab.yaml": "lab" */
static char *default_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strlen(base);

	return strndup(base, len > 5 && !strcmp(base + len - 5, ".yaml") ? len - 5 : len);
}

static int read_top(struct scn_reader *r, const struct scn_node *root, struct sweep *s)
{
	static const char *const keys[] = { "name", "description", "scenario", "generate", "set",
					    "axes", "columns",	   "plots",    "findings", NULL };
	const struct scn_node *set;
	int err;

	err = scn_check_map(r, root, keys, "\"scenario: FILE\" with each key on its own line");
	if (!err)
		err = scn_read_line(r, root, "name", &s->name);
	if (!err)
		err = scn_read_line(r, root, "description", &s->description);
	if (!err)
		err = read_base(r, root, s);
	set = err ? NULL : scn_get(root, "set");
	if (set) {
		size_t path = scn_enter(r, "set");

		err = read_sets(r, set, "", &s->fixed);
		if (err)
			return err;
		scn_leave(r, path);
	}
	if (!err)
		err = scn_need(r, root, "axes", "[{name: seed, seeds: 10}]");
	if (!err)
		err = read_axes(r, scn_get(root, "axes"), s);
	if (!err)
		err = scn_need(r, root, "columns", "{share: domains.vm1.share}");
	if (!err)
		err = read_columns(r, scn_get(root, "columns"), s);
	if (!err && !s->name) {
		s->name = default_name(r->file);
		err = s->name ? 0 : scn_fail_memory(r);
	}
	return err;
}

/* -- the command line ---------------------------------------------------------------- */

static int refuse(char *err, size_t errlen, const char *option, const char *arg, const char *what)
{
	snprintf(err, errlen, "%s %.200s: %s", option, arg, what);
	return -EINVAL;
}

static int more_sets(struct sweep *s, const struct sweep_sets *sets, char *err, size_t errlen)
{
	for (int i = 0; i < sets->nr; i++) {
		size_t path = strcspn(sets->set[i], "=");

		for (int a = 0; a < s->nr_axes; a++)
			if (s->axes[a].path && strlen(s->axes[a].path) == path &&
			    !strncmp(s->axes[a].path, sets->set[i], path))
				return refuse(err, errlen, "--set", sets->set[i],
					      "an axis of the sweep changes this; use --axis");
		if (add_set(&s->fixed, strdup(sets->set[i])))
			return refuse(err, errlen, "--set", sets->set[i], "not enough memory");
	}
	return 0;
}

/* Keep those values of an axis that @list names. */
static int keep_named(struct sweep_axis *a, char *list)
{
	struct sweep_axis old = *a;
	char *save = NULL;
	int ret = 0;

	a->values = calloc((size_t)old.nr_values, sizeof(*a->values));
	a->nr_values = 0;
	if (!a->values) {
		*a = old;
		return -ENOMEM;
	}
	for (char *w = strtok_r(list, ",", &save); w && !ret; w = strtok_r(NULL, ",", &save)) {
		int v = 0;

		while (v < old.nr_values && (!old.values[v].label || strcmp(old.values[v].label, w)))
			v++;
		if (v == old.nr_values) {
			ret = -EINVAL;
			break;
		}
		a->values[a->nr_values++] = old.values[v];
		memset(&old.values[v], 0, sizeof(old.values[v]));
	}
	drop_values(&old);
	return ret;
}

static int new_values(struct sweep_axis *a, char *list)
{
	char *dots = strstr(list, ".."), *save = NULL;
	uint64_t from, to;

	if (!a->path)
		return keep_named(a, list);
	drop_values(a);
	if (dots) {
		*dots = 0;
		if (scn_parse_u64(list, &from) || scn_parse_u64(dots + 2, &to) || to < from || to - from >= MAX_VALUES)
			return -EINVAL;
		return add_integers(a, (int64_t)from, (int64_t)to);
	}
	for (char *w = strtok_r(list, ",", &save); w; w = strtok_r(NULL, ",", &save))
		if (a->nr_values == MAX_VALUES || !add_value(a, strdup(w), NULL))
			return -ENOMEM;
	return 0;
}

static int other_axes(struct sweep *s, const struct sweep_sets *axes, char *err, size_t errlen)
{
	int64_t points = 1;

	for (int i = 0; i < axes->nr; i++) {
		char *name = strdup(axes->set[i]), *list = name ? strchr(name, '=') : NULL;
		int a, ret;

		if (!name)
			return -ENOMEM;
		if (list)
			*list++ = 0;
		a = list ? sweep_find_axis(s, name) : -1;
		ret = a >= 0 ? new_values(&s->axes[a], list) : 0;
		if (a >= 0)
			s->axes[a].other = true;
		if (a >= 0 && !ret && !s->axes[a].nr_values)
			ret = -EINVAL;
		free(name);
		if (a < 0)
			return refuse(err, errlen, "--axis", axes->set[i],
				      list ? "the sweep has no axis of this name" :
					     "has no '='; write it like seed=1..5 or kind=polling,sporadic");
		if (ret)
			return refuse(err, errlen, "--axis", axes->set[i],
				      s->axes[a].path ? "write values as 1,2,3 or 1..3" :
							"one of these is no value of that axis");
	}
	for (int a = 0; a < s->nr_axes; a++)
		if ((points *= s->axes[a].nr_values) > SWEEP_MAX_POINTS)
			return refuse(err, errlen, "--axis", s->axes[a].name, "makes more than a million points");
	s->nr_points = (int)points;
	return 0;
}

struct sweep *sweep_load(const char *path, const struct sweep_sets *sets, const struct sweep_sets *axes, char *err,
			 size_t errlen)
{
	struct scn_reader r = { .file = path, .err = err, .errlen = errlen };
	struct sweep *s = calloc(1, sizeof(*s));
	struct scn_node *root = NULL;
	char *text;
	size_t len;
	int bad;

	*err = 0;
	text = s ? scn_read_file(path, &len, err, errlen) : NULL;
	if (!text) {
		if (!s)
			snprintf(err, errlen, "not enough memory");
		free(s);
		return NULL;
	}
	s->path = strdup(path);
	bad = s->path ? scn_tree_parse(&r, text, len, -1, &root) : scn_fail_memory(&r);
	if (!bad)
		bad = read_top(&r, root, s);
	if (!bad)
		bad = more_sets(s, sets, err, errlen);
	if (!bad)
		bad = other_axes(s, axes, err, errlen);
	/* These name values of the axes. */
	if (!bad)
		bad = sweep_read_plots(&r, scn_get(root, "plots"), s);
	if (!bad)
		bad = sweep_read_findings(&r, scn_get(root, "findings"), s);
	scn_tree_free(&r);
	free(text);
	if (!bad)
		return s;
	sweep_free(s);
	return NULL;
}

void sweep_free(struct sweep *s)
{
	if (!s)
		return;
	for (int a = 0; a < s->nr_axes; a++) {
		drop_values(&s->axes[a]);
		free(s->axes[a].path);
	}
	for (int c = 0; c < s->nr_columns; c++) {
		free(s->columns[c].top.path);
		free(s->columns[c].bottom.path);
	}
	sweep_free_report(s);
	free_sets(&s->fixed);
	free(s->axes);
	free(s->columns);
	free(s->scenario);
	free(s->description);
	free(s->name);
	free(s->path);
	free(s);
}
