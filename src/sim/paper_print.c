/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An experiment's figures as text, as Markdown and as JSON; see paper.h. */
#include <math.h>
#include <string.h>

#include "sim/paper.h"

/* Three significant digits, no exponent. */
static const char *short_number(double x, char *out, size_t len)
{
	int digits = 0;

	if (!isfinite(x)) {
		snprintf(out, len, "-");
		return out;
	}
	for (double y = fabs(x); y && y < 100 && digits < 4; y *= 10)
		digits++;
	snprintf(out, len, "%.*f", x ? digits : 0, x);
	return out;
}

/* Calls @fn for each value that the paper has, row by row. */
static void each_value(const struct paper *p, const struct paper_figure *f,
		       void (*fn)(const struct paper *p, const struct paper_figure *f, int row, int column, void *arg),
		       void *arg)
{
	for (int r = 0; r < p->nr_rows; r++)
		for (int c = 0; c < p->nr_columns; c++)
			if (!isnan(*paper_at(p, f->paper, r, c)))
				fn(p, f, r, c, arg);
}

static void text_line(const struct paper *p, const struct paper_figure *f, int row, int column, void *arg)
{
	double ratio = paper_ratio(p, f, row, column);
	char a[32], b[32], c[32];

	fprintf(arg, "  %-16s %-20s %12s %12s %8s%s\n", p->rows[row].name, p->columns[column].name,
		short_number(*paper_at(p, f->paper, row, column), a, sizeof(a)),
		short_number(*paper_at(p, f->rota, row, column), b, sizeof(b)), short_number(ratio, c, sizeof(c)),
		paper_off(p, f, row, column) ? " *" : "");
}

void paper_text(const struct paper *p, FILE *out)
{
	fprintf(out, "%s: %s (%s)\n", p->name, p->title, p->source);
	for (int i = 0; i < p->nr_figures; i++) {
		const struct paper_figure *f = &p->figures[i];
		char mean[32];
		int n, far;
		double m = paper_mean(p, f, &n, &far);

		fprintf(out, "\n%-39s %12s %12s %8s\n", f->name, "paper", "rota", "ratio");
		each_value(p, f, text_line, out);
		fprintf(out, "  geometric mean of the ratios %s; %d of %d off by more than a factor of %.1f%s\n",
			short_number(m, mean, sizeof(mean)), far, n, PAPER_FAR, far ? " (*)" : "");
	}
}

/* | would end a cell. */
static void put_cell(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void markdown_line(const struct paper *p, const struct paper_figure *f, int row, int column, void *arg)
{
	bool far = paper_off(p, f, row, column);
	char a[32], b[32], c[32];
	FILE *out = arg;

	fprintf(out, "| ");
	put_cell(f->name, out);
	fprintf(out, " | ");
	put_cell(p->rows[row].name, out);
	fprintf(out, " | ");
	put_cell(p->columns[column].name, out);
	short_number(paper_ratio(p, f, row, column), c, sizeof(c));
	fprintf(out, " | %s | %s | %s%s%s | %s |\n", short_number(*paper_at(p, f->paper, row, column), a, sizeof(a)),
		short_number(*paper_at(p, f->rota, row, column), b, sizeof(b)), far ? "**" : "", c, far ? "**" : "", f->fitted ? "fitted" : "predicted");
}

/* Why the far ones are. */
static void put_reasons(const struct paper *p, FILE *out)
{
	bool head = false;

	for (int i = 0; i < p->nr_figures; i++) {
		const struct paper_figure *f = &p->figures[i];

		for (int r = 0; r < p->nr_rows; r++) {
			bool far = false;

			for (int c = 0; c < p->nr_columns; c++)
				far |= paper_off(p, f, r, c);
			if (!far)
				continue;
			if (!head)
				fprintf(out, "\nOff by more than a factor of %.1f:\n\n", PAPER_FAR);
			head = true;
			fprintf(out, "- %s, %s: %s\n", f->name, p->rows[r].name,
				f->because[r] ? f->because[r] : "not explained.");
		}
	}
}

void paper_markdown(const struct paper *p, FILE *out)
{
	fprintf(out, "## %s: %s\n\n%s. `rota sim paper %s`\n\n", p->name, p->title, p->source, p->name);
	fprintf(out, "| figure | | | paper | rota | ratio | |\n|---|---|---|---:|---:|---:|---|\n");
	for (int i = 0; i < p->nr_figures; i++)
		each_value(p, &p->figures[i], markdown_line, out);
	put_reasons(p, out);
	fputc('\n', out);
}

static json_t *number_or_null(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

static void json_line(const struct paper *p, const struct paper_figure *f, int row, int column, void *arg)
{
	double ratio = paper_ratio(p, f, row, column);

	json_array_append_new(arg, json_pack("{s:s,s:s,s:o,s:o,s:o,s:b}", "row", p->rows[row].name, "column",
					     p->columns[column].name, "paper",
					     number_or_null(*paper_at(p, f->paper, row, column)), "rota",
					     number_or_null(*paper_at(p, f->rota, row, column)), "ratio",
					     number_or_null(ratio), "far", paper_off(p, f, row, column)));
}

json_t *paper_json(const struct paper *p)
{
	json_t *figures = json_array();

	for (int i = 0; i < p->nr_figures; i++) {
		const struct paper_figure *f = &p->figures[i];
		json_t *values = json_array();
		int n, far;
		double mean = paper_mean(p, f, &n, &far);

		each_value(p, f, json_line, values);
		json_array_append_new(figures,
				      json_pack("{s:s,s:b,s:o,s:o,s:i}", "name", f->name, "fitted", f->fitted, "values",
						values, "mean_ratio", number_or_null(mean), "far", far));
	}
	return json_pack("{s:s,s:s,s:s,s:b,s:i,s:o}", "name", p->name, "title", p->title, "source", p->source,
			 "calibration", p->calibration, "seeds", p->seeds, "figures", figures);
}
