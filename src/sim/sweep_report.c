/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sweep for people: its plots as charts (SVG) and tables, its findings with what the table says of them. Nothing here
 * looks at a clock or a machine, so that the same table gives the same bytes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/html.h"
#include "sim/sweep.h"

#define PANEL_W 340
#define PANEL_H 250
#define LEFT 52
#define RIGHT 12
#define TOP 28
#define BOTTOM 38
#define PER_ROW 3
#define LEGEND_H 22
#define TITLE_H 30

/* Told apart by people who see fewer colours as well (Okabe and Ito). */
static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7",
				       "#e69f00", "#56b4e9", "#000000", "#999999" };
static const char *const dashes[] = { "none", "6 3", "2 2", "8 3 2 3" };
#define NR_COLOURS (int)(sizeof(colours) / sizeof(colours[0]))

static int nr_values(const struct sweep *s, int axis)
{
	return axis < 0 ? 1 : s->axes[axis].nr_values;
}

static const char *label(const struct sweep *s, int axis, int value)
{
	return axis < 0 ? "" : s->axes[axis].values[value].label;
}

static bool mean_at(const struct sweep_table *t, const struct sweep_plot *p, const int at3[3], double *out)
{
	const int axes[3] = { p->panels, p->lines, p->x };
	int at[SWEEP_MAX_AXES];

	for (int a = 0; a < SWEEP_MAX_AXES; a++)
		at[a] = -1;
	for (int i = 0; i < 3; i++)
		if (axes[i] >= 0)
			at[axes[i]] = at3[i];
	return sweep_mean(t, p->column, at, out);
}

/* -- charts ------------------------------------------------------------------------ */

struct chart {
	const struct sweep_table *t;
	const struct sweep_plot *p;
	double most; /* the end of the y axis */
	double *x; /* of each value of the x axis, 0 to 1 */
	int left, top; /* of the panel */
};

/* 1, 2 or 5 times a power of ten, not below @v */
static double nice(double v)
{
	double step = 1;

	if (v <= 0)
		return 1;
	while (step >= v)
		step /= 10;
	while (step < v) {
		if (2 * step >= v)
			return 2 * step;
		if (5 * step >= v)
			return 5 * step;
		step *= 10;
	}
	return step;
}

static void place_x(struct chart *c)
{
	const struct sweep_axis *a = &c->t->sweep->axes[c->p->x];
	double lo = 0, hi = 0;
	bool numbers = true;

	for (int i = 0; i < a->nr_values; i++) {
		char *end;

		c->x[i] = strtod(a->values[i].label, &end);
		numbers &= end != a->values[i].label;
		lo = !i || c->x[i] < lo ? c->x[i] : lo;
		hi = !i || c->x[i] > hi ? c->x[i] : hi;
	}
	for (int i = 0; i < a->nr_values; i++)
		c->x[i] = numbers && hi > lo ? (c->x[i] - lo) / (hi - lo) :
			  a->nr_values > 1   ? (double)i / (a->nr_values - 1) :
					       0.5;
}

static double px(const struct chart *c, int i)
{
	return c->left + LEFT + c->x[i] * (PANEL_W - LEFT - RIGHT);
}

static double py(const struct chart *c, double y)
{
	return c->top + TOP + (1 - y / c->most) * (PANEL_H - TOP - BOTTOM);
}

static void put_axes(const struct chart *c, int panel, FILE *out)
{
	const struct sweep *s = c->t->sweep;
	const struct sweep_axis *a = &s->axes[c->p->x];
	int every = (a->nr_values + 7) / 8;

	for (int i = 0; i <= 4; i++) {
		double v = c->most * i / 4;

		fprintf(out, "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#ddd'/>", c->left + LEFT,
			c->left + PANEL_W - RIGHT, py(c, v), py(c, v));
		fprintf(out, "<text x='%d' y='%.1f' text-anchor='end'>%.4g</text>\n", c->left + LEFT - 5, py(c, v) + 4,
			v);
	}
	for (int i = 0; i < a->nr_values; i += every) {
		fprintf(out, "<text x='%.1f' y='%d' text-anchor='middle'>", px(c, i), c->top + PANEL_H - BOTTOM + 15);
		html_put(out, a->values[i].label);
		fprintf(out, "</text>\n");
	}
	fprintf(out, "<text x='%d' y='%d' text-anchor='middle' fill='#555'>",
		c->left + LEFT + (PANEL_W - LEFT - RIGHT) / 2, c->top + PANEL_H - 6);
	html_put(out, a->name);
	fprintf(out, "</text>\n<text x='%d' y='%d' font-weight='bold'>", c->left + LEFT, c->top + TOP - 9);
	if (c->p->panels >= 0) {
		html_put(out, s->axes[c->p->panels].name);
		fputs(": ", out);
		html_put(out, label(s, c->p->panels, panel));
	}
	fprintf(out, "</text>\n");
}

static void put_line(const struct chart *c, int panel, int line, FILE *out)
{
	const char *colour = colours[line % NR_COLOURS], *gap = "";
	int n = nr_values(c->t->sweep, c->p->x);
	double y;

	fprintf(out, "<polyline fill='none' stroke='%s' stroke-width='1.8' stroke-dasharray='%s' points='", colour,
		dashes[line % 4]);
	for (int i = 0; i < n; i++)
		if (mean_at(c->t, c->p, (int[]){ panel, line, i }, &y)) {
			fprintf(out, "%s%.1f,%.1f", gap, px(c, i), py(c, y));
			gap = " ";
		}
	fprintf(out, "'/>\n");
	for (int i = 0; i < n; i++)
		if (mean_at(c->t, c->p, (int[]){ panel, line, i }, &y))
			fprintf(out, "<circle cx='%.1f' cy='%.1f' r='2.4' fill='%s'/>", px(c, i), py(c, y), colour);
	fputc('\n', out);
}

static void put_legend(const struct chart *c, int top, FILE *out)
{
	const struct sweep *s = c->t->sweep;
	int x = LEFT;

	for (int i = 0; c->p->lines >= 0 && i < nr_values(s, c->p->lines); i++) {
		const char *text = label(s, c->p->lines, i);

		fprintf(out,
			"<line x1='%d' x2='%d' y1='%d' y2='%d' stroke='%s' stroke-width='2.2' stroke-dasharray='%s'/>"
			"<text x='%d' y='%d'>",
			x, x + 26, top + 9, top + 9, colours[i % NR_COLOURS], dashes[i % 4], x + 31, top + 13);
		html_put(out, text);
		fprintf(out, "</text>\n");
		x += 48 + 7 * (int)strlen(text);
	}
}

static int rows_of(const struct sweep *s, const struct sweep_plot *p)
{
	return (nr_values(s, p->panels) + PER_ROW - 1) / PER_ROW;
}

static int height_of(const struct sweep *s, const struct sweep_plot *p)
{
	return TITLE_H + rows_of(s, p) * PANEL_H + LEGEND_H;
}

static void put_chart(const struct sweep_table *t, const struct sweep_plot *p, int top, FILE *out)
{
	const struct sweep *s = t->sweep;
	struct chart c = { .t = t, .p = p, .x = calloc((size_t)nr_values(s, p->x), sizeof(double)) };
	double y, most = 0;

	if (!c.x)
		return;
	for (int panel = 0; panel < nr_values(s, p->panels); panel++)
		for (int line = 0; line < nr_values(s, p->lines); line++)
			for (int i = 0; i < nr_values(s, p->x); i++)
				if (mean_at(t, p, (int[]){ panel, line, i }, &y) && y > most)
					most = y;
	c.most = nice(most);
	place_x(&c);
	fprintf(out, "<text x='%d' y='%d' font-size='15' font-weight='bold'>", LEFT, top + 20);
	html_put(out, p->title);
	fprintf(out, "</text>\n");
	for (int panel = 0; panel < nr_values(s, p->panels); panel++) {
		c.left = panel % PER_ROW * PANEL_W;
		c.top = top + TITLE_H + panel / PER_ROW * PANEL_H;
		put_axes(&c, panel, out);
		for (int line = 0; line < nr_values(s, p->lines); line++)
			put_line(&c, panel, line, out);
	}
	put_legend(&c, top + TITLE_H + rows_of(s, p) * PANEL_H, out);
	free(c.x);
}

void sweep_svg(const struct sweep_table *t, FILE *out)
{
	const struct sweep *s = t->sweep;
	int width = PANEL_W, height = 10, top = 5;

	for (int i = 0; i < s->nr_plots; i++) {
		int n = nr_values(s, s->plots[i].panels);

		n = n < PER_ROW ? n : PER_ROW;
		width = n * PANEL_W > width ? n * PANEL_W : width;
		height += height_of(s, &s->plots[i]);
	}
	fprintf(out,
		"<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d %d' font-family='sans-serif' "
		"font-size='11'>\n<rect width='100%%' height='100%%' fill='#fff'/>\n",
		width, height, width, height);
	for (int i = 0; i < s->nr_plots; i++) {
		put_chart(t, &s->plots[i], top, out);
		top += height_of(s, &s->plots[i]);
	}
	fprintf(out, "</svg>\n");
}

/* -- tables -------------------------------------------------------------------------- */

/* One panel: a row for each x, a column for each line. */
static void put_table(const struct sweep_table *t, const struct sweep_plot *p, int panel, bool html, FILE *out)
{
	const struct sweep *s = t->sweep;
	const char *head = html ? "<th>" : "| ", *cell = html ? "<td>" : "| ";
	int lines = nr_values(s, p->lines);
	double y;

	fprintf(out, "%s%s", html ? "<table><tr>" : "", head);
	html_put(out, s->axes[p->x].name);
	for (int line = 0; line < lines; line++) {
		fprintf(out, "%s%s", html ? "" : " ", head);
		html_put(out, p->lines < 0 ? s->columns[p->column].name : label(s, p->lines, line));
	}
	fprintf(out, html ? "</tr>\n" : " |\n|---|");
	for (int line = 0; !html && line < lines; line++)
		fprintf(out, "---:|");
	fprintf(out, html ? "" : "\n");
	for (int i = 0; i < nr_values(s, p->x); i++) {
		fprintf(out, "%s%s", html ? "<tr>" : "", cell);
		html_put(out, label(s, p->x, i));
		for (int line = 0; line < lines; line++) {
			fprintf(out, "%s%s", html ? "" : " ", cell);
			if (mean_at(t, p, (int[]){ panel, line, i }, &y))
				fprintf(out, "%.4g", y);
		}
		fprintf(out, html ? "</tr>\n" : " |\n");
	}
	fprintf(out, html ? "</table>\n" : "\n");
}

static void put_tables(const struct sweep_table *t, const struct sweep_plot *p, bool html, FILE *out)
{
	const struct sweep *s = t->sweep;

	for (int panel = 0; panel < nr_values(s, p->panels); panel++) {
		fprintf(out, html ? "<h3>" : "**");
		html_put(out, p->title);
		if (p->panels >= 0) {
			fprintf(out, ", %s ", s->axes[p->panels].name);
			html_put(out, label(s, p->panels, panel));
		}
		fprintf(out, html ? "</h3>\n" : "**\n\n");
		put_table(t, p, panel, html, out);
	}
}

static void put_findings(const struct sweep_table *t, bool html, FILE *out)
{
	const struct sweep *s = t->sweep;

	fprintf(out, html ? "<table class='f'><tr><th>said to be so<th>measured<th>why</tr>\n" :
			    "| said to be so | measured | why |\n|---|---|---|\n");
	for (int i = 0; i < s->nr_findings; i++) {
		const struct sweep_finding *f = &s->findings[i];
		struct sweep_judgement j;
		char text[200];

		sweep_judge(t, f, &j);
		sweep_judgement_text(f, &j, text, sizeof(text));
		fprintf(out, html ? "<tr><td>" : "| ");
		html_put(out, f->claim);
		fprintf(out, html ? "<td>" : " | ");
		html_put(out, text);
		fprintf(out, html ? "<td>" : " | ");
		html_put(out, f->why ? f->why : "");
		fprintf(out, html ? "</tr>\n" : " |\n");
	}
	fprintf(out, html ? "</table>\n" : "\n");
}

void sweep_markdown(const struct sweep_table *t, const char *image, FILE *out)
{
	const struct sweep *s = t->sweep;

	fprintf(out, "## %s\n\n", s->name);
	if (s->description)
		fprintf(out, "%s\n\n", s->description);
	fprintf(out, "%d points.\n\n", s->nr_points);
	if (s->nr_findings)
		put_findings(t, false, out);
	if (s->nr_plots && image)
		fprintf(out, "![%s](%s)\n\n", s->name, image);
	for (int i = 0; i < s->nr_plots; i++)
		put_tables(t, &s->plots[i], false, out);
}

void sweep_html(const struct sweep_table *t, FILE *out)
{
	const struct sweep *s = t->sweep;

	fprintf(out, "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>");
	html_put(out, s->name);
	fprintf(out, "</title>\n<style>body{font:14px sans-serif;max-width:1100px;margin:2em auto;padding:0 1em}"
		     "table{border-collapse:collapse;margin:.6em 0 1.4em}td,th{border:1px solid #ccc;padding:2px 8px;"
		     "text-align:right}.f td,.f th{text-align:left;vertical-align:top}svg{max-width:100%%;height:auto}"
		     "</style></head><body>\n<h1>");
	html_put(out, s->name);
	fprintf(out, "</h1>\n<p>");
	html_put(out, s->description ? s->description : "");
	fprintf(out, "</p>\n<p>%d points.</p>\n", s->nr_points);
	if (s->nr_findings)
		put_findings(t, true, out);
	if (s->nr_plots)
		sweep_svg(t, out);
	for (int i = 0; i < s->nr_plots; i++)
		put_tables(t, &s->plots[i], true, out);
	fprintf(out, "</body></html>\n");
}
