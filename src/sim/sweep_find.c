/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is looked for in a sweep's table.
 *
 * plots:                     at most 32
 *   - title: TEXT
 *     y: COLUMN
 *     x: AXIS
 *     lines: AXIS            one line for each of its values; and
 *     panels: AXIS           one chart for each; both may be left out. Means over all other axes.
 * findings:                  at most 64
 *   - claim: TEXT            what is said to be so
 *     why: TEXT              what there is to say about the outcome
 *     column: COLUMN
 *     by: AXIS               the value `least` (or `most`) of this axis has the least mean ...
 *     least: LABEL
 *     of: [LABEL, ...]       ... of these, default all, ...
 *     each: [AXIS, ...]      ... in each combination of these axes
 *     where: {AXIS: LABEL}   looking only there
 *     not_above: COLUMN      instead of by, least, of and each: at no point is `column` above this one
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sweep_read.h"

#define MAX_PLOTS 32
#define MAX_FINDINGS 64

/* The axis, column or label that @key of @map names; *out stays as it is when the key is missing. */
static int read_name_of(struct scn_reader *r, const struct scn_node *n, const struct sweep *s, bool column, int *out)
{
	int err = scn_need_scalar(r, n, column ? "the name of a column" : "the name of an axis");

	if (err)
		return err;
	*out = column ? sweep_find_column(s, n->text) : sweep_find_axis(s, n->text);
	if (*out >= 0)
		return 0;
	return scn_fail(r, n,
			column ? "there is no column %s; name one of columns:" :
				 "there is no axis %s; name one of axes:",
			scn_quote(r, n->text));
}

static int read_ref(struct scn_reader *r, const struct scn_node *map, const char *key, const struct sweep *s,
		    bool column, int *out)
{
	const struct scn_node *n = scn_get(map, key);
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, key);
	err = read_name_of(r, n, s, column, out);
	if (!err)
		scn_leave(r, path);
	return err;
}

/* -1: --axis has left it out. */
static int read_label(struct scn_reader *r, const struct scn_node *n, const struct sweep_axis *a, int *out)
{
	int err = scn_need_scalar(r, n, "a value of the axis");

	if (err)
		return err;
	for (*out = 0; *out < a->nr_values; (*out)++)
		if (!strcmp(a->values[*out].label, n->text))
			return 0;
	*out = -1;
	if (a->other)
		return 0;
	return scn_fail(r, n, "%s is no value of axis %s", scn_quote(r, n->text), a->name);
}

static int need_ref(struct scn_reader *r, const struct scn_node *map, const char *key, const struct sweep *s,
		    bool column, int *out)
{
	int err = scn_need(r, map, key, column ? "COLUMN" : "AXIS");

	return err ? err : read_ref(r, map, key, s, column, out);
}

static int read_plot(struct scn_reader *r, const struct scn_node *n, struct sweep *s)
{
	static const char *const keys[] = { "title", "y", "x", "lines", "panels", NULL };
	struct sweep_plot *p = &s->plots[s->nr_plots++];
	int err;

	p->lines = p->panels = -1;
	err = scn_check_map(r, n, keys, "{title: Misses, y: missed, x: load, lines: kind}");
	if (!err)
		err = scn_need(r, n, "title", "Misses");
	if (!err)
		err = scn_read_line(r, n, "title", &p->title);
	if (!err)
		err = need_ref(r, n, "y", s, true, &p->column);
	if (!err)
		err = need_ref(r, n, "x", s, false, &p->x);
	if (!err)
		err = read_ref(r, n, "lines", s, false, &p->lines);
	return err ? err : read_ref(r, n, "panels", s, false, &p->panels);
}

static int read_each(struct scn_reader *r, const struct scn_node *n, const struct sweep *s, struct sweep_finding *f)
{
	size_t path;
	int err, i = 0, axis;

	if (!n)
		return 0;
	path = scn_enter(r, "each");
	err = scn_check_list(r, n, "[load]", SWEEP_MAX_AXES);
	if (err)
		return err;
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		size_t item = scn_enter_item(r, NULL, i);

		err = read_name_of(r, c, s, false, &axis);
		if (err)
			return err;
		f->each[axis] = true;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

static int read_of(struct scn_reader *r, const struct scn_node *n, const struct sweep_axis *a, struct sweep_finding *f)
{
	size_t path;
	int err, i = 0, v;

	if (a->nr_values > SWEEP_MAX_LABELS)
		return scn_fail(r, n, "axis %s has %d values; findings compare at most %d", a->name, a->nr_values,
				SWEEP_MAX_LABELS);
	n = scn_get(n, "of");
	for (v = 0; v < a->nr_values && !n; v++)
		f->of[v] = true;
	if (!n)
		return 0;
	path = scn_enter(r, "of");
	err = scn_check_list(r, n, "[polling, sporadic]", SWEEP_MAX_LABELS);
	if (err)
		return err;
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		size_t item = scn_enter_item(r, NULL, i);

		err = read_label(r, c, a, &v);
		if (err)
			return err;
		if (v >= 0)
			f->of[v] = true;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

static int read_where(struct scn_reader *r, const struct scn_node *n, const struct sweep *s, struct sweep_finding *f)
{
	size_t path;

	if (!n)
		return 0;
	path = scn_enter(r, "where");
	if (n->kind != SCN_MAP)
		return scn_fail(r, n, "is not a mapping of axes and values; write it like {vector: even}");
	for (const struct scn_node *c = n->first; c; c = c->next) {
		int axis = sweep_find_axis(s, c->key), err;
		size_t item = scn_enter(r, c->key);

		if (axis < 0)
			return scn_fail_key(r, c, "there is no axis of this name; name one of axes:");
		err = read_label(r, c, &s->axes[axis], &f->where[axis]);
		if (err)
			return err;
		f->moot |= f->where[axis] < 0;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

/* The value that is said to be the least or most. */
static int read_chosen(struct scn_reader *r, const struct scn_node *n, const struct sweep *s, struct sweep_finding *f)
{
	const char *key = scn_get(n, "most") ? "most" : "least";
	size_t path;
	int err;

	f->most = *key == 'm';
	err = need_ref(r, n, "by", s, false, &f->by);
	if (!err)
		err = scn_need(r, n, key, "LABEL");
	if (err)
		return err;
	if (f->most && scn_get(n, "least"))
		return scn_fail(r, n, "has both least: and most:; keep one of them");
	path = scn_enter(r, key);
	err = read_label(r, scn_get(n, key), &s->axes[f->by], &f->chosen);
	if (err)
		return err;
	f->moot |= f->chosen < 0;
	scn_leave(r, path);
	err = read_of(r, n, &s->axes[f->by], f);
	return err ? err : read_each(r, scn_get(n, "each"), s, f);
}

static int read_finding(struct scn_reader *r, const struct scn_node *n, struct sweep *s)
{
	static const char *const keys[] = { "claim", "why",  "column", "by",	    "least", "most",
					    "of",    "each", "where",  "not_above", NULL };
	struct sweep_finding *f = &s->findings[s->nr_findings++];
	int err;

	f->by = f->above = -1;
	for (int a = 0; a < SWEEP_MAX_AXES; a++)
		f->where[a] = -1;
	err = scn_check_map(r, n, keys, "{claim: A misses least, column: missed, by: kind, least: a}");
	if (!err)
		err = scn_need(r, n, "claim", "A misses least");
	if (!err)
		err = scn_read_line(r, n, "claim", &f->claim);
	if (!err)
		err = scn_read_line(r, n, "why", &f->why);
	if (!err)
		err = need_ref(r, n, "column", s, true, &f->column);
	if (!err)
		err = read_ref(r, n, "not_above", s, true, &f->above);
	if (!err)
		err = read_where(r, scn_get(n, "where"), s, f);
	if (err || f->above < 0)
		return err ? err : read_chosen(r, n, s, f);
	if (scn_get(n, "by") || scn_get(n, "least") || scn_get(n, "most") || scn_get(n, "of") || scn_get(n, "each"))
		return scn_fail(r, n,
				"has not_above: beside by:, least:, most:, of: or each:; keep one of the two kinds");
	return 0;
}

int sweep_read_plots(struct scn_reader *r, const struct scn_node *n, struct sweep *s)
{
	size_t path;
	int err, i = 0;

	if (!n)
		return 0;
	path = scn_enter(r, "plots");
	err = scn_check_list(r, n, "[{title: Misses, y: missed, x: load}]", MAX_PLOTS);
	if (err)
		return err;
	s->plots = calloc((size_t)n->nr + 1, sizeof(*s->plots));
	if (!s->plots)
		return scn_fail_memory(r);
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		size_t item = scn_enter_item(r, NULL, i);

		err = read_plot(r, c, s);
		if (err)
			return err;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

int sweep_read_findings(struct scn_reader *r, const struct scn_node *n, struct sweep *s)
{
	size_t path;
	int err, i = 0;

	if (!n)
		return 0;
	path = scn_enter(r, "findings");
	err = scn_check_list(r, n, "[{claim: A misses least, column: missed, by: kind, least: a}]", MAX_FINDINGS);
	if (err)
		return err;
	s->findings = calloc((size_t)n->nr + 1, sizeof(*s->findings));
	if (!s->findings)
		return scn_fail_memory(r);
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		size_t item = scn_enter_item(r, NULL, i);

		err = read_finding(r, c, s);
		if (err)
			return err;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

void sweep_free_report(struct sweep *s)
{
	for (int i = 0; i < s->nr_plots; i++)
		free(s->plots[i].title);
	for (int i = 0; i < s->nr_findings; i++) {
		free(s->findings[i].claim);
		free(s->findings[i].why);
	}
	free(s->plots);
	free(s->findings);
}

/* -- judging --------------------------------------------------------------------- */

static void judge_columns(const struct sweep_table *t, const struct sweep_finding *f, struct sweep_judgement *j)
{
	const struct sweep *s = t->sweep;

	for (int p = 0; p < s->nr_points; p++) {
		const char *low = sweep_cell(t, p, f->column), *high = sweep_cell(t, p, f->above);
		int a = 0;

		while (a < s->nr_axes && (f->where[a] < 0 || sweep_index(s, p, a) == f->where[a]))
			a++;
		if (a < s->nr_axes || !*low || !*high)
			continue;
		j->cells++;
		j->held += strtod(low, NULL) <= strtod(high, NULL);
		j->chosen += strtod(low, NULL);
		j->best += strtod(high, NULL);
	}
	j->holds = j->held == j->cells;
}

static bool has_others(const struct sweep *s, const struct sweep_finding *f)
{
	for (int v = 0; v < s->axes[f->by].nr_values; v++)
		if (f->of[v] && v != f->chosen)
			return true;
	return false;
}

/* One combination of the `each` axes. */
static void judge_cell(const struct sweep_table *t, const struct sweep_finding *f, int *at, struct sweep_judgement *j,
		       double *sums)
{
	const struct sweep_axis *by = &t->sweep->axes[f->by];
	double mean[SWEEP_MAX_LABELS], chosen, sign = f->most ? -1 : 1;
	bool held = true;

	at[f->by] = f->chosen;
	if (!sweep_mean(t, f->column, at, &chosen))
		return;
	for (int v = 0; v < by->nr_values; v++) {
		at[f->by] = v;
		if (!f->of[v] && v != f->chosen)
			continue;
		if (!sweep_mean(t, f->column, at, &mean[v]))
			return;
		held &= sign * chosen <= sign * mean[v];
	}
	j->cells++;
	j->held += held;
	for (int v = 0; v < by->nr_values; v++)
		if (f->of[v] || v == f->chosen)
			sums[v] += mean[v];
}

void sweep_judge(const struct sweep_table *t, const struct sweep_finding *f, struct sweep_judgement *j)
{
	const struct sweep *s = t->sweep;
	double sums[SWEEP_MAX_LABELS] = { 0 };
	int at[SWEEP_MAX_AXES], cells = 1;
	bool first = true;

	memset(j, 0, sizeof(*j));
	if (f->moot || (f->above < 0 && !has_others(s, f)))
		return;
	if (f->above >= 0) {
		judge_columns(t, f, j);
	} else {
		for (int a = 0; a < s->nr_axes; a++)
			cells *= f->each[a] && f->where[a] < 0 ? s->axes[a].nr_values : 1;
		for (int c = 0; c < cells; c++) {
			int rest = c;

			for (int a = 0; a < s->nr_axes; a++) {
				at[a] = f->where[a];
				if (!f->each[a] || f->where[a] >= 0)
					continue;
				at[a] = rest % s->axes[a].nr_values;
				rest /= s->axes[a].nr_values;
			}
			judge_cell(t, f, at, j, sums);
		}
		j->chosen = sums[f->chosen];
		j->holds = true;
		for (int v = 0; v < s->axes[f->by].nr_values; v++) {
			if (!f->of[v] || v == f->chosen)
				continue;
			if (first || (f->most ? sums[v] > j->best : sums[v] < j->best))
				j->best = sums[v];
			first = false;
		}
		j->holds = f->most ? j->chosen >= j->best : j->chosen <= j->best;
	}
	if (j->cells) {
		j->chosen /= j->cells;
		j->best /= j->cells;
	}
}

void sweep_judgement_text(const struct sweep_finding *f, const struct sweep_judgement *j, char *out, size_t len)
{
	if (!j->cells)
		snprintf(out, len, "can't be told: this sweep has nothing to compare");
	else if (f->above >= 0)
		snprintf(out, len, "%s: at %d of %d points (means %.4g and %.4g)", j->holds ? "holds" : "does not hold",
			 j->held, j->cells, j->chosen, j->best);
	else
		snprintf(out, len, "%s: %.4g against %.4g of the best other in the mean; so in %d of %d cells",
			 j->holds ? j->held == j->cells ? "holds" : "holds in the mean" : "does not hold", j->chosen,
			 j->best, j->held, j->cells);
}
