/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sweep: one scenario run at every combination of some parameters, one row of a table for each (rota-sweep.5 is the
 * format of its specification).
 *
 * A point is a combination of one value of each axis; points are numbered with the last axis turning fastest. Each is
 * a run of its own, with nothing in common with the others, so they are worked off by processes side by side; what a
 * row says does not depend on who did it, when, or how many there were. A sweep is all or nothing: the first point
 * (by number) that fails is its error, and there is no table.
 *
 *	sweep_read.c	the specification
 *	sweep_point.c	one point: its scenario, its run, its row
 *	sweep_run.c	the processes
 *	sweep_table.c	the table as CSV, and means of its columns
 *	sweep_find.c	plots and findings: what is looked for in the table
 *	sweep_report.c	the same for people: Markdown, SVG, HTML
 */
#ifndef SIM_SWEEP_H
#define SIM_SWEEP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sched/limits.h"

#define SWEEP_MAX_AXES 16
#define SWEEP_MAX_COLUMNS 64
#define SWEEP_MAX_POINTS 1000000
#define SWEEP_MAX_JOBS 256
#define SWEEP_MAX_LABELS 64 /* of an axis that findings compare */

/* "path=value", as --set takes them; or of the generator's parameters, whose paths begin with "generate.". */
struct sweep_sets {
	char **set;
	int nr;
};

struct sweep_value {
	char *label; /* in the table */
	struct sweep_sets sets;
};

struct sweep_axis {
	char name[SCHED_NAME_LEN];
	char *path; /* NULL: each value has its own */
	struct sweep_value *values;
	int nr_values;
	bool other; /* they are not those of the file */
};

enum sweep_op { SWEEP_FIELD, SWEEP_SUM, SWEEP_MEAN, SWEEP_MIN, SWEEP_MAX, SWEEP_COUNT, SWEEP_ZEROS, SWEEP_NONE };

/* An operation on all fields of the result that a path with wildcards names: "sum domains.*.deadlines.missed". */
struct sweep_term {
	enum sweep_op op;
	char *path;
};

struct sweep_column {
	char name[SCHED_NAME_LEN];
	struct sweep_term top, bottom; /* bottom.path NULL: no division */
};

/* Means of a column over all axes that it does not name: a chart, and a table. */
struct sweep_plot {
	char *title;
	int column, x, lines, panels; /* lines, panels: axes, -1 none */
};

/*
 * What is said to be so, and is looked for in the table. Of a column: at each combination of the `each` axes the mean
 * at value `chosen` of axis `by` is the least (or most) of those at the values `of`. Or of two: at no point is one
 * above the other.
 */
struct sweep_finding {
	char *claim, *why;
	int column, by, chosen;
	int above; /* the other column, -1 none */
	bool most;
	bool moot; /* a value that it names is not in this sweep */
	bool of[SWEEP_MAX_LABELS];
	bool each[SWEEP_MAX_AXES];
	int where[SWEEP_MAX_AXES]; /* only at this value of the axis, -1 all */
};

/* The judgement of a finding. */
struct sweep_judgement {
	int cells, held; /* where there was something to compare; where it was so */
	double chosen, best; /* means over all cells: of the chosen one, of the best other; of the two columns */
	bool holds; /* in those means; of two columns: at all points */
};

struct sweep {
	char *path, *name, *description;
	char *scenario; /* as it can be opened; NULL: it is generated */
	struct sweep_sets fixed; /* of all points */
	struct sweep_axis *axes;
	int nr_axes;
	struct sweep_column *columns;
	int nr_columns;
	int nr_points;
	struct sweep_plot *plots;
	int nr_plots;
	struct sweep_finding *findings;
	int nr_findings;
};

/* What a generator made of its parameters. */
struct sweep_generated {
	char *scenario; /* malloc'ed YAML; NULL: there is nothing to run, columns of the result stay empty */
	json_t *analysis; /* "analysis" of the result, may be NULL */
};

/*
 * The generator of scenarios (`generate:`), which this folder can't know: 0, or a negative errno with one sentence.
 * @params: "key=value"
 */
typedef int (*sweep_generate_fn)(const struct sweep_sets *params, struct sweep_generated *out, char *err,
				 size_t errlen);

/*
 * How points are shared between several runs of the same sweep (MPI); without it, this process hands them out itself.
 * next: the number of the next point to do, -1: no more. done: its row (cells one after the other, each with its zero)
 * or, of a point that failed, one sentence. serve: called often meanwhile; returns false when nothing is left to wait
 * for. All get @arg.
 */
struct sweep_exchange {
	void *arg;
	int (*next)(void *arg);
	void (*done)(void *arg, int point, bool failed, const char *text, size_t len);
	bool (*serve)(void *arg);
};

struct sweep_how {
	int jobs; /* processes, 1 to SWEEP_MAX_JOBS */
	bool progress; /* a bar on standard error */
	sweep_generate_fn generate;
	const struct sweep_exchange *exchange;
};

/* The rows: cell of column c at point p is cells[p * sweep->nr_columns + c]. An empty cell has no value. */
struct sweep_table {
	const struct sweep *sweep;
	char **rows; /* by point: cells one after the other */
};

/*
 * sweep_load() - read a specification.
 * @sets: further assignments for all points, after those of the file
 * @axes: "NAME=VALUE,VALUE" or "NAME=FROM..TO": other values for an axis
 *
 * Returns NULL with one sentence in @err.
 */
struct sweep *sweep_load(const char *path, const struct sweep_sets *sets, const struct sweep_sets *axes, char *err,
			 size_t errlen);
void sweep_free(struct sweep *s);

/* Which value of axis @axis point @point has. */
int sweep_index(const struct sweep *s, int point, int axis);
/* "kind=polling, load=30" */
void sweep_point_name(const struct sweep *s, int point, char *out, size_t len);

/*
 * sweep_check() - whether each value of each axis gives a scenario that can be read, the other axes at their first
 * value. Runs nothing. Returns 0 or a negative errno with one sentence.
 */
int sweep_check(const struct sweep *s, sweep_generate_fn generate, char *err, size_t errlen);
/* The scenario of a point, with the command that runs it. Returns 0 or a negative errno with one sentence. */
int sweep_show(const struct sweep *s, int point, sweep_generate_fn generate, FILE *out, char *err, size_t errlen);
/* Run one point. *row is malloc'ed, *len bytes: its cells, each with its zero. */
int sweep_point(const struct sweep *s, int point, sweep_generate_fn generate, char **row, size_t *len, char *err,
		size_t errlen);
/*
 * sweep_run() - run all points; @t, to be freed by sweep_table_free(), has their rows. With how->exchange it has those
 * that this process was told of. Returns 0, or a negative errno with one sentence (-EINTR: ^C came).
 */
int sweep_run(const struct sweep *s, const struct sweep_how *how, struct sweep_table *t, char *err, size_t errlen);
/* The table keeps a copy of @text. Returns 0 or -ENOMEM. */
int sweep_table_put(struct sweep_table *t, int point, const char *text, size_t len);
void sweep_table_free(struct sweep_table *t);

const char *sweep_cell(const struct sweep_table *t, int point, int column);
/* Index of a column or an axis, -1. */
int sweep_find_column(const struct sweep *s, const char *name);
int sweep_find_axis(const struct sweep *s, const char *name);
/*
 * For who makes a sweep of something else (paper_run.c): a column's term from its text; {PATH: VALUE, ...} of a
 * document, added to @to.
 */
bool sweep_parse_column(const char *text, struct sweep_column *c);
struct scn_reader;
struct scn_node;
int sweep_read_sets(struct scn_reader *r, const struct scn_node *n, struct sweep_sets *to);

/* Head, then a line for each point. */
void sweep_csv(const struct sweep_table *t, FILE *out);
/*
 * Mean of a column over the points that have value at[a] of each axis a (-1: any); empty cells don't count. False:
 * there is no cell.
 */
bool sweep_mean(const struct sweep_table *t, int column, const int *at, double *out);

void sweep_judge(const struct sweep_table *t, const struct sweep_finding *f, struct sweep_judgement *j);
/* "holds in 40 of 45 cells (means 0.012 and 0.034)" */
void sweep_judgement_text(const struct sweep_finding *f, const struct sweep_judgement *j, char *out, size_t len);

/* Tables of the plots and the findings; @image: the name of the file of sweep_svg(), may be NULL. */
void sweep_markdown(const struct sweep_table *t, const char *image, FILE *out);
/* All charts in one picture. */
void sweep_svg(const struct sweep_table *t, FILE *out);
void sweep_html(const struct sweep_table *t, FILE *out);

#endif
