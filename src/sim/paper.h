/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Experiments of published papers: what the paper has, what rota has, and the ratio of the two.
 *
 * An experiment is data (data/experiments/NAME.yaml): a scenario, rows and columns that each change it (workloads;
 * configurations), and figures, each a field of the result with the paper's values for the rows and columns that it
 * has. Every row and column that a figure needs is one run, or one for each seed. They are worked off as a sweep of
 * one axis (sweep.h).
 *
 *	paper_read.c	the experiment
 *	paper_run.c	its runs, and the values
 *	paper_print.c	as text, Markdown, JSON
 *	paper_html.c	as a page with plots
 */
#ifndef SIM_PAPER_H
#define SIM_PAPER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "sched/limits.h"
#include "sim/sweep.h"

#define PAPER_MAX_ROWS 64
#define PAPER_MAX_COLUMNS 32
#define PAPER_MAX_FIGURES 32
#define PAPER_MAX_SEEDS 100
#define PAPER_FAR 1.5 /* a figure that is off by more than this factor is marked */

/* A row or a column. */
struct paper_line {
	char name[SCHED_NAME_LEN];
	struct sweep_sets sets;
};

struct paper_figure {
	char *name;
	struct sweep_column value; /* a field of the result, or a quotient of two */
	double scale;
	bool invert; /* 1 / value: a time from a rate */
	int over; /* column by whose value it is divided, -1 none */
	bool fitted; /* parameters were fitted to it; else it is predicted */
	double *paper; /* [row][column]; NAN: not asked for; INFINITY: the paper has none, rota's is asked for */
	double *rota; /* likewise, after paper_run() */
	char **because; /* by row: why it is off, NULL not known */
};

struct paper {
	char *path, *name, *title, *source, *scenario;
	bool calibration; /* of the baseline: no cure */
	int seeds;
	struct sweep_sets fixed;
	struct paper_line *rows, *columns;
	int nr_rows, nr_columns;
	struct paper_figure *figures;
	int nr_figures;
};

/* Returns NULL with one sentence in @err. */
struct paper *paper_load(const char *path, char *err, size_t errlen);
void paper_free(struct paper *p);

/*
 * paper_run() - run what the figures need and fill in figure.rota: NAN where there is no value (0 by 0).
 * @sets: further changes of all runs
 * Returns 0, or a negative errno with one sentence.
 */
int paper_run(struct paper *p, const struct sweep_sets *sets, const struct sweep_how *how, char *err, size_t errlen);
/* Whether every run that it needs has a valid scenario. Returns 0 or a negative errno with one sentence. */
int paper_check(struct paper *p, const struct sweep_sets *sets, char *err, size_t errlen);

static inline double *paper_at(const struct paper *p, double *values, int row, int column)
{
	return &values[row * p->nr_columns + column];
}

/* rota over paper; NAN where one of the two is missing or 0. */
double paper_ratio(const struct paper *p, const struct paper_figure *f, int row, int column);
/* Off by more than PAPER_FAR, or no number at all. */
bool paper_far(double ratio);
/* The paper has a value, and rota's is far from it. */
bool paper_off(const struct paper *p, const struct paper_figure *f, int row, int column);
/* Geometric mean of the ratios, NAN of none; how many there are and how many of them are far. */
double paper_mean(const struct paper *p, const struct paper_figure *f, int *n, int *far);

void paper_text(const struct paper *p, FILE *out);
void paper_markdown(const struct paper *p, FILE *out);
json_t *paper_json(const struct paper *p);
void paper_html(const struct paper *const *p, int n, FILE *out);

#endif
