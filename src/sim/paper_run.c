/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runs of an experiment, as a sweep of one axis; see paper.h. */
#include "sim/paper.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Does a figure need this row and column? */
static bool needed(const struct paper *p, int row, int column)
{
	for (int i = 0; i < p->nr_figures; i++) {
		const struct paper_figure *f = &p->figures[i];

		if (!isnan(*paper_at(p, f->paper, row, column)))
			return true;
		for (int c = 0; f->over == column && c < p->nr_columns; c++)
			if (!isnan(*paper_at(p, f->paper, row, c)))
				return true;
	}
	return false;
}

/* The strings stay those of @from. */
static bool add_sets(struct sweep_sets *to, const struct sweep_sets *from)
{
	char **bigger;

	if (!from || !from->nr)
		return true;
	bigger = realloc(to->set, (size_t)(to->nr + from->nr) * sizeof(*bigger));
	if (!bigger)
		return false;
	to->set = bigger;
	memcpy(to->set + to->nr, from->set, (size_t)from->nr * sizeof(*from->set));
	to->nr += from->nr;
	return true;
}

/* An experiment as a sweep: which point each row and column is at. */
struct plan {
	struct sweep sweep;
	struct sweep_axis axis;
	struct sweep_column columns[PAPER_MAX_FIGURES];
	char seeds[PAPER_MAX_SEEDS][24], labels[PAPER_MAX_ROWS * PAPER_MAX_COLUMNS][2 * SCHED_NAME_LEN + 4];
	char *seed[PAPER_MAX_SEEDS];
	int first[PAPER_MAX_ROWS][PAPER_MAX_COLUMNS]; /* point of the first seed, -1 not needed */
};

static void drop(struct plan *plan)
{
	if (!plan)
		return;
	for (int i = 0; i < plan->axis.nr_values; i++)
		free(plan->axis.values[i].sets.set);
	free(plan->axis.values);
	free(plan->sweep.fixed.set);
	free(plan);
}

/* Who asks has the last word: @more come behind what the row and the column change. */
static bool add_runs(struct plan *plan, const struct paper *p, int row, int column, const struct sweep_sets *more)
{
	char *label = plan->labels[row * p->nr_columns + column];

	snprintf(label, sizeof(plan->labels[0]), "%s, %s", p->rows[row].name, p->columns[column].name);
	plan->first[row][column] = plan->axis.nr_values;
	for (int k = 0; k < p->seeds; k++) {
		struct sweep_value *v = &plan->axis.values[plan->axis.nr_values++];
		struct sweep_sets seed = { .set = &plan->seed[k], .nr = p->seeds > 1 };

		v->label = label;
		if (!add_sets(&v->sets, &p->rows[row].sets) || !add_sets(&v->sets, &p->columns[column].sets) ||
		    !add_sets(&v->sets, &seed) || !add_sets(&v->sets, more))
			return false;
	}
	return true;
}

static struct plan *make_plan(const struct paper *p, const struct sweep_sets *sets)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	bool good;

	if (!plan)
		return NULL;
	for (int k = 0; k < p->seeds; k++) {
		snprintf(plan->seeds[k], sizeof(plan->seeds[k]), "seed=%d", k + 1);
		plan->seed[k] = plan->seeds[k];
	}
	snprintf(plan->axis.name, sizeof(plan->axis.name), "run");
	plan->axis.values = calloc((size_t)(p->nr_rows * p->nr_columns * p->seeds), sizeof(*plan->axis.values));
	good = plan->axis.values && add_sets(&plan->sweep.fixed, &p->fixed);
	for (int r = 0; good && r < p->nr_rows; r++)
		for (int c = 0; good && c < p->nr_columns; c++) {
			plan->first[r][c] = -1;
			good = !needed(p, r, c) || add_runs(plan, p, r, c, sets);
		}
	for (int i = 0; i < p->nr_figures; i++) {
		plan->columns[i] = p->figures[i].value;
		snprintf(plan->columns[i].name, sizeof(plan->columns[i].name), "figure %d", i + 1);
	}
	plan->sweep.path = p->path;
	plan->sweep.name = p->name;
	plan->sweep.scenario = p->scenario;
	plan->sweep.axes = &plan->axis;
	plan->sweep.nr_axes = 1;
	plan->sweep.columns = plan->columns;
	plan->sweep.nr_columns = p->nr_figures;
	plan->sweep.nr_points = plan->axis.nr_values;
	if (good)
		return plan;
	drop(plan);
	return NULL;
}

/* The mean over the seeds of one figure at one row and column; an empty cell is no value. */
static double mean_cell(const struct plan *plan, const struct paper *p, const struct sweep_table *t, int figure,
			int row, int column)
{
	double sum = 0;

	for (int k = 0; k < p->seeds; k++) {
		const char *cell = sweep_cell(t, plan->first[row][column] + k, figure);

		if (!*cell)
			return NAN;
		sum += strtod(cell, NULL);
	}
	return sum / p->seeds;
}

static double value_at(const struct plan *plan, const struct paper *p, const struct sweep_table *t, int figure, int row,
		       int column)
{
	const struct paper_figure *f = &p->figures[figure];
	double x = mean_cell(plan, p, t, figure, row, column);

	return f->invert ? 1 / x : x;
}

static void take_values(const struct plan *plan, struct paper *p, const struct sweep_table *t)
{
	for (int i = 0; i < p->nr_figures; i++)
		for (int r = 0; r < p->nr_rows; r++)
			for (int c = 0; c < p->nr_columns; c++) {
				const struct paper_figure *f = &p->figures[i];
				double x = NAN;

				if (!isnan(*paper_at(p, f->paper, r, c))) {
					x = value_at(plan, p, t, i, r, c);
					if (f->over >= 0)
						x /= value_at(plan, p, t, i, r, f->over);
				}
				*paper_at(p, f->rota, r, c) = isfinite(x) ? x * f->scale : NAN;
			}
}

int paper_run(struct paper *p, const struct sweep_sets *sets, const struct sweep_how *how, char *err, size_t errlen)
{
	struct plan *plan = make_plan(p, sets);
	struct sweep_how fit = *how;
	struct sweep_table t = { 0 };
	int ret;

	if (!plan) {
		snprintf(err, errlen, "not enough memory for %s", p->name);
		return -ENOMEM;
	}
	if (fit.jobs > plan->sweep.nr_points)
		fit.jobs = plan->sweep.nr_points;
	ret = sweep_run(&plan->sweep, &fit, &t, err, errlen);
	if (!ret)
		take_values(plan, p, &t);
	sweep_table_free(&t);
	drop(plan);
	return ret;
}

int paper_check(struct paper *p, const struct sweep_sets *sets, char *err, size_t errlen)
{
	struct plan *plan = make_plan(p, sets);
	int ret;

	if (!plan) {
		snprintf(err, errlen, "not enough memory for %s", p->name);
		return -ENOMEM;
	}
	ret = sweep_check(&plan->sweep, NULL, err, errlen);
	drop(plan);
	return ret;
}

double paper_ratio(const struct paper *p, const struct paper_figure *f, int row, int column)
{
	double paper = *paper_at(p, f->paper, row, column), rota = *paper_at(p, f->rota, row, column);

	return paper > 0 && isfinite(paper) && rota > 0 ? rota / paper : NAN;
}

bool paper_far(double ratio)
{
	return !(ratio <= PAPER_FAR && ratio >= 1 / PAPER_FAR);
}

bool paper_off(const struct paper *p, const struct paper_figure *f, int row, int column)
{
	return isfinite(*paper_at(p, f->paper, row, column)) && paper_far(paper_ratio(p, f, row, column));
}

double paper_mean(const struct paper *p, const struct paper_figure *f, int *n, int *far)
{
	double sum = 0;
	int with_ratio = 0;

	*n = *far = 0;
	for (int r = 0; r < p->nr_rows; r++)
		for (int c = 0; c < p->nr_columns; c++) {
			double ratio = paper_ratio(p, f, r, c);

			if (!isfinite(*paper_at(p, f->paper, r, c)))
				continue;
			*n += 1;
			*far += paper_off(p, f, r, c);
			if (isnan(ratio))
				continue;
			sum += log(ratio);
			with_ratio++;
		}
	return with_ratio ? exp(sum / with_ratio) : NAN;
}
