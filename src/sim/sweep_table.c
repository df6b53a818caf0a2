/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sweep's rows, and the CSV they are written to; see sweep.h. */
#include "sim/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sweep_table_put(struct sweep_table *t, int point, const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = 0;
	free(t->rows[point]);
	t->rows[point] = copy;
	return 0;
}

void sweep_table_free(struct sweep_table *t)
{
	for (int p = 0; t->rows && p < t->sweep->nr_points; p++)
		free(t->rows[p]);
	free(t->rows);
	t->rows = NULL;
}

const char *sweep_cell(const struct sweep_table *t, int point, int column)
{
	const char *cell = t->rows[point];

	while (column--)
		cell += strlen(cell) + 1;
	return cell;
}

int sweep_find_column(const struct sweep *s, const char *name)
{
	for (int c = 0; c < s->nr_columns; c++)
		if (!strcmp(s->columns[c].name, name))
			return c;
	return -1;
}

int sweep_find_axis(const struct sweep *s, const char *name)
{
	for (int a = 0; a < s->nr_axes; a++)
		if (!strcmp(s->axes[a].name, name))
			return a;
	return -1;
}

/* RFC 4180: quotes where they are needed. */
static void put_cell(FILE *out, const char *text, char before)
{
	if (before)
		fputc(before, out);
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

void sweep_csv(const struct sweep_table *t, FILE *out)
{
	const struct sweep *s = t->sweep;

	for (int a = 0; a < s->nr_axes; a++)
		put_cell(out, s->axes[a].name, a ? ',' : 0);
	for (int c = 0; c < s->nr_columns; c++)
		put_cell(out, s->columns[c].name, ',');
	fputc('\n', out);
	for (int p = 0; p < s->nr_points; p++) {
		for (int a = 0; a < s->nr_axes; a++)
			put_cell(out, s->axes[a].values[sweep_index(s, p, a)].label, a ? ',' : 0);
		for (int c = 0; c < s->nr_columns; c++)
			put_cell(out, sweep_cell(t, p, c), ',');
		fputc('\n', out);
	}
}

bool sweep_mean(const struct sweep_table *t, int column, const int *at, double *out)
{
	const struct sweep *s = t->sweep;
	double sum = 0;
	int n = 0;

	for (int p = 0; p < s->nr_points; p++) {
		const char *cell;
		int a = 0;

		while (a < s->nr_axes && (at[a] < 0 || sweep_index(s, p, a) == at[a]))
			a++;
		if (a < s->nr_axes)
			continue;
		cell = sweep_cell(t, p, column);
		if (!*cell)
			continue;
		sum += strtod(cell, NULL);
		n++;
	}
	*out = n ? sum / n : 0;
	return n;
}
