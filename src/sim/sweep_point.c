/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One point of a sweep: its scenario, its run, and the fields of the result that are its row; see sweep.h. */
#include "sim/sweep.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "sim/machine.h"
#include "sim/result.h"
#include "sim/scenario_read.h"

#define GENERATE "generate."
#define MAX_SETS 1024

int sweep_index(const struct sweep *s, int point, int axis)
{
	for (int a = s->nr_axes - 1; a > axis; a--)
		point /= s->axes[a].nr_values;
	return point % s->axes[axis].nr_values;
}

void sweep_point_name(const struct sweep *s, int point, char *out, size_t len)
{
	size_t used = 0;

	*out = 0;
	for (int a = 0; a < s->nr_axes && used < len; a++)
		used += (size_t)snprintf(out + used, len - used, "%s%s=%.40s", a ? ", " : "", s->axes[a].name,
					 s->axes[a].values[sweep_index(s, point, a)].label);
}

static int fail(const struct sweep *s, int point, char *err, size_t errlen, const char *why)
{
	char where[400];

	sweep_point_name(s, point, where, sizeof(where));
	snprintf(err, errlen, "%s: point %d (%s): %s", s->path, point, where, why);
	return -EINVAL;
}

/* -- the scenario -------------------------------------------------------------- */

/* Assignments of a point, those of the scenario and those of the generator. Pointers into the sweep. */
struct chosen {
	char *sets[MAX_SETS], *params[MAX_SETS];
	int nr_sets, nr_params;
};

static bool choose(struct chosen *c, const struct sweep_sets *from)
{
	for (int i = 0; i < from->nr; i++) {
		bool param = !strncmp(from->set[i], GENERATE, strlen(GENERATE));

		if (param ? c->nr_params == MAX_SETS : c->nr_sets == MAX_SETS)
			return false;
		if (param)
			c->params[c->nr_params++] = from->set[i] + strlen(GENERATE);
		else
			c->sets[c->nr_sets++] = from->set[i];
	}
	return true;
}

/* All assignments of a point; false: too many. */
static bool choose_all(const struct sweep *s, int point, struct chosen *c)
{
	bool fits = choose(c, &s->fixed);

	for (int a = 0; fits && a < s->nr_axes; a++)
		fits = choose(c, &s->axes[a].values[sweep_index(s, point, a)].sets);
	return fits;
}

/*
 * The scenario of a point. *scn is NULL with 0 returned where the generator has nothing to run; *analysis is a new
 * reference or NULL.
 */
static int point_scenario(const struct sweep *s, int point, sweep_generate_fn generate, struct scenario **scn,
			  json_t **analysis, char *err, size_t errlen)
{
	struct chosen *c = calloc(1, sizeof(*c));
	struct sweep_generated made = { 0 };
	bool fits = c && choose_all(s, point, c);
	char why[1024] = "";
	int ret = 0;

	*scn = NULL;
	*analysis = NULL;
	if (!fits) {
		free(c);
		return fail(s, point, err, errlen, "more than 1024 assignments; use fewer");
	}
	if (s->scenario) {
		*scn = scenario_load(s->scenario, c->sets, c->nr_sets, why, sizeof(why));
		ret = *scn ? 0 : -EINVAL;
	} else {
		struct sweep_sets params = { .set = c->params, .nr = c->nr_params };

		if (!generate)
			snprintf(why, sizeof(why), "generate: there is no generator; give scenario: FILE");
		ret = generate ? generate(&params, &made, why, sizeof(why)) : -EINVAL;
		if (!ret && made.scenario) {
			*scn = scn_load_text("(generated)", made.scenario, strlen(made.scenario), c->sets, c->nr_sets,
					     why, sizeof(why));
			ret = *scn ? 0 : -EINVAL;
		}
		*analysis = made.analysis;
		free(made.scenario);
	}
	free(c);
	if (!ret)
		return 0;
	json_decref(*analysis);
	*analysis = NULL;
	return fail(s, point, err, errlen, why);
}

int sweep_show(const struct sweep *s, int point, sweep_generate_fn generate, FILE *out, char *err, size_t errlen)
{
	struct chosen *c = calloc(1, sizeof(*c));
	struct sweep_generated made = { 0 };
	char where[400], why[1024] = "not enough memory";
	int ret = c && choose_all(s, point, c) ? 0 : -ENOMEM;

	sweep_point_name(s, point, where, sizeof(where));
	if (!ret && !s->scenario) {
		struct sweep_sets params = { .set = c->params, .nr = c->nr_params };

		ret = generate(&params, &made, why, sizeof(why));
	}
	if (ret) {
		fail(s, point, err, errlen, why);
		free(c);
		return ret;
	}
	fprintf(out, "# %s, point %d: %s\n# rota sim run %s", s->name, point, where,
		s->scenario ? s->scenario : "FILE");
	for (int i = 0; i < c->nr_sets; i++)
		fprintf(out, " --set '%s'", c->sets[i]);
	fprintf(out, "\n%s", made.scenario ? made.scenario : "");
	free(made.scenario);
	json_decref(made.analysis);
	free(c);
	return 0;
}

int sweep_check(const struct sweep *s, sweep_generate_fn generate, char *err, size_t errlen)
{
	int step = s->nr_points;

	for (int a = 0; a < s->nr_axes; a++) {
		step /= s->axes[a].nr_values;
		for (int v = a ? 1 : 0; v < s->axes[a].nr_values; v++) {
			struct scenario *scn;
			json_t *analysis;
			int ret = point_scenario(s, v * step, generate, &scn, &analysis, err, errlen);

			scenario_free(scn);
			json_decref(analysis);
			if (ret)
				return ret;
			if (!s->scenario)
				break; /* a generator takes its time: the first of each must do */
		}
	}
	return 0;
}

/* -- the row ------------------------------------------------------------------- */

struct found {
	int n, zeros;
	double sum, min, max;
	const json_t *first;
};

static void take(struct found *f, const json_t *v)
{
	double x = json_is_true(v) ? 1 : json_number_value(v);

	if (!f->n || x < f->min)
		f->min = x;
	if (!f->n || x > f->max)
		f->max = x;
	if (!f->n++)
		f->first = v;
	f->sum += x;
	f->zeros += x == 0;
}

/* All fields below @v that the rest of the path names. */
static void collect(struct found *f, json_t *v, const char *path)
{
	char part[SCHED_NAME_LEN], name[SCHED_NAME_LEN];
	const char *key;
	json_t *child;
	size_t len = strcspn(path, "."), i;

	if (!*path) {
		if (!json_is_object(v) && !json_is_array(v) && !json_is_null(v))
			take(f, v);
		return;
	}
	if (len >= sizeof(part))
		return;
	memcpy(part, path, len);
	part[len] = 0;
	path += len + (path[len] == '.');
	if (json_is_object(v)) {
		json_object_foreach(v, key, child)
		{
			if (!fnmatch(part, key, 0))
				collect(f, child, path);
		}
	}
	json_array_foreach(v, i, child)
	{
		const char *named = json_string_value(json_object_get(child, "name"));

		snprintf(name, sizeof(name), "%zu", i);
		if ((named && !fnmatch(part, named, 0)) || !fnmatch(part, name, 0))
			collect(f, child, path);
	}
}

/* 0, or -EINVAL with why. */
static int evaluate(const struct sweep_term *t, json_t *result, struct found *f, double *out, char *why, size_t len)
{
	memset(f, 0, sizeof(*f));
	collect(f, result, t->path);
	if (!f->n) {
		snprintf(why, len, "the result has no field %s; `rota sim run --json` shows which it has", t->path);
		return -EINVAL;
	}
	if (t->op == SWEEP_FIELD && f->n > 1) {
		snprintf(why, len, "%s names %d fields; write sum, mean, min, max, count, zeros or none before it",
			 t->path, f->n);
		return -EINVAL;
	}
	*out = t->op == SWEEP_MEAN  ? f->sum / f->n :
	       t->op == SWEEP_MIN   ? f->min :
	       t->op == SWEEP_MAX   ? f->max :
	       t->op == SWEEP_COUNT ? f->n :
	       t->op == SWEEP_ZEROS ? f->zeros :
	       t->op == SWEEP_NONE  ? f->zeros == f->n :
				      f->sum;
	return 0;
}

/* The fewest digits that say exactly this number. */
static void print_number(FILE *out, double x)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, x);
		if (strtod(text, NULL) == x)
			break;
	}
	if (x > -1e15 && x < 1e15 && x == (double)(int64_t)x)
		snprintf(text, sizeof(text), "%lld", (long long)x);
	fputs(text, out);
}

static int print_cell(const struct sweep_column *c, json_t *result, FILE *out, char *why, size_t len)
{
	struct found f;
	double top, bottom;

	if (evaluate(&c->top, result, &f, &top, why, len))
		return -EINVAL;
	if (!c->bottom.path && c->top.op == SWEEP_FIELD && json_is_string(f.first)) {
		fputs(json_string_value(f.first), out);
	} else if (!c->bottom.path) {
		print_number(out, top);
	} else {
		if (evaluate(&c->bottom, result, &f, &bottom, why, len))
			return -EINVAL;
		if (bottom != 0)
			print_number(out, top / bottom);
	}
	fputc(0, out);
	return 0;
}

/* "analysis.x": known without a run. */
static bool needs_run(const struct sweep_term *t)
{
	return t->path && strncmp(t->path, "analysis.", 9) != 0;
}

static json_t *run_scenario(const struct scenario *scn, char *why, size_t len)
{
	struct machine *m = machine_create(scn, TRACE_BASIC, NULL, NULL, why, len);
	json_t *result;

	if (!m)
		return NULL;
	machine_run(m, scn->duration_ns);
	machine_finish(m);
	result = result_json(m, 0, false);
	machine_free(m);
	if (!result)
		snprintf(why, len, "not enough memory for the result");
	return result;
}

int sweep_point(const struct sweep *s, int point, sweep_generate_fn generate, char **row, size_t *len, char *err,
		size_t errlen)
{
	struct scenario *scn;
	json_t *analysis, *result;
	char why[600] = "";
	FILE *out;
	int ret;

	*row = NULL;
	ret = point_scenario(s, point, generate, &scn, &analysis, err, errlen);
	if (ret)
		return ret;
	result = scn ? run_scenario(scn, why, sizeof(why)) : json_object();
	out = result ? open_memstream(row, len) : NULL;
	if (result && analysis)
		json_object_set(result, "analysis", analysis);
	for (int c = 0; out && !ret && c < s->nr_columns; c++) {
		const struct sweep_column *col = &s->columns[c];

		if (!scn && (needs_run(&col->top) || needs_run(&col->bottom)))
			fputc(0, out);
		else
			ret = print_cell(col, result, out, why, sizeof(why));
		if (ret) {
			char text[700];

			snprintf(text, sizeof(text), "columns.%s: %s", col->name, why);
			fail(s, point, err, errlen, text);
		}
	}
	if (!out || fclose(out)) {
		fail(s, point, err, errlen, *why ? why : "not enough memory");
		ret = -EINVAL;
	}
	if (ret) {
		free(*row);
		*row = NULL;
	}
	json_decref(result);
	json_decref(analysis);
	scenario_free(scn);
	return ret;
}
