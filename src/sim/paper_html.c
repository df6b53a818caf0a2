/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Experiments as a page that needs nothing else: for each figure a plot, the paper's value and rota's side by side,
 * and below it the table. Drawn as SVG here: there is no script in the page.
 */
#include <math.h>

#include "sim/html.h"
#include "sim/paper.h"

#define PLOT_HEIGHT 180.0
#define BAR 9.0
#define GAP 14.0
#define LEFT 56.0

static const char style[] =
	"<style>\n"
	"body{font:14px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#222;background:#fff}\n"
	"h1{font-size:1.4em}h2{font-size:1.15em;margin-top:2.2em}h3{font-size:1em;margin-bottom:.3em}\n"
	"table{border-collapse:collapse;margin:.6em 0}td,th{padding:.1em .8em;text-align:right;border-bottom:1px solid #ddd}\n"
	"td:first-child,td:nth-child(2),th:first-child,th:nth-child(2){text-align:left}\n"
	".far{color:#b00020;font-weight:600}.paper{fill:#8a94a6}.rota{fill:#1b6ac9}svg{max-width:100%;height:auto}\n"
	"svg text{font:11px system-ui,sans-serif;fill:#444}.source{color:#666}\n"
	"@media(prefers-color-scheme:dark){body{background:#16181d;color:#ddd}td,th{border-color:#333}svg text{fill:#bbb}\n"
	".rota{fill:#5aa2ff}.far{color:#ff7b8a}.source{color:#999}}\n"
	"</style>\n";

static double largest(const struct paper *p, const struct paper_figure *f, double *least)
{
	double max = 0;

	*least = INFINITY;
	for (int i = 0; i < p->nr_rows * p->nr_columns; i++) {
		const double both[] = { f->paper[i], f->rota[i] };

		for (int k = 0; k < 2; k++) {
			if (!isfinite(both[k]))
				continue;
			if (both[k] > max)
				max = both[k];
			if (both[k] > 0 && both[k] < *least)
				*least = both[k];
		}
	}
	return max;
}

/* Height of a bar: linear, or by decades where values lie too far apart to be seen together. */
static double height(double x, double max, double least)
{
	double floor_at = log10(least) - 0.3;

	if (!(x > 0))
		return 0;
	if (max / least < 100)
		return x / max * PLOT_HEIGHT;
	return (log10(x) - floor_at) / (log10(max) - floor_at) * PLOT_HEIGHT;
}

static void put_bar(FILE *out, const char *class, double x, double h, double value)
{
	if (isfinite(value))
		fprintf(out,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%s %.4g</title></rect>\n",
			class, x, PLOT_HEIGHT + 10 - h, BAR, h, class, value);
}

static void put_plot(const struct paper *p, const struct paper_figure *f, FILE *out)
{
	double least, max = largest(p, f, &least), x = LEFT;
	bool log_scale = max / least >= 100;
	int n, far;

	paper_mean(p, f, &n, &far);
	fprintf(out, "<svg role=\"img\" width=\"%.0f\" height=\"%.0f\">\n",
		LEFT + n * (2 * BAR + 3) + (p->nr_rows + 1) * GAP + 40, PLOT_HEIGHT + 50);
	fprintf(out,
		"<text x=\"%.0f\" y=\"18\" text-anchor=\"end\">%.3g</text><text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n",
		LEFT - 6, max, LEFT - 6, PLOT_HEIGHT + 10, log_scale ? "(log)" : "0");
	fprintf(out, "<line x1=\"%.0f\" x2=\"100%%\" y1=\"%.0f\" y2=\"%.0f\" stroke=\"#999\"/>\n", LEFT - 2,
		PLOT_HEIGHT + 10, PLOT_HEIGHT + 10);
	for (int r = 0; r < p->nr_rows; r++) {
		double begin = x;

		for (int c = 0; c < p->nr_columns; c++) {
			double paper = *paper_at(p, f->paper, r, c), rota = *paper_at(p, f->rota, r, c);

			if (isnan(paper))
				continue;
			put_bar(out, "paper", x, height(paper, max, least), paper);
			put_bar(out, "rota", x + BAR, height(rota, max, least), rota);
			x += 2 * BAR + 3;
		}
		if (x == begin)
			continue;
		fprintf(out, "<text x=\"%.1f\" y=\"%.0f\">", begin, PLOT_HEIGHT + 26);
		html_put(out, p->rows[r].name);
		fputs("</text>\n", out);
		x += GAP;
	}
	fputs("</svg>\n", out);
}

static void put_number(double x, FILE *out)
{
	if (!isfinite(x))
		fputs("<td>-</td>", out);
	else
		fprintf(out, "<td>%.4g</td>", x);
}

static void put_figure(const struct paper *p, const struct paper_figure *f, FILE *out)
{
	int n, far;
	double mean = paper_mean(p, f, &n, &far);

	fputs("<h3>", out);
	html_put(out, f->name);
	fputs("</h3>\n", out);
	put_plot(p, f, out);
	fputs("<table><tr><th></th><th></th><th>paper</th><th>rota</th><th>ratio</th></tr>\n", out);
	for (int r = 0; r < p->nr_rows; r++)
		for (int c = 0; c < p->nr_columns; c++) {
			double paper = *paper_at(p, f->paper, r, c), ratio = paper_ratio(p, f, r, c);

			if (isnan(paper))
				continue;
			fprintf(out, "<tr%s><td>", paper_off(p, f, r, c) ? " class=\"far\"" : "");
			html_put(out, p->rows[r].name);
			fputs("</td><td>", out);
			html_put(out, p->columns[c].name);
			fputs("</td>", out);
			put_number(paper, out);
			put_number(*paper_at(p, f->rota, r, c), out);
			put_number(ratio, out);
			fputs("</tr>\n", out);
		}
	fputs("</table>\n", out);
	if (!isnan(mean))
		fprintf(out, "<p>Geometric mean of the ratios %.3g; %d of %d off by more than a factor of %.1f.</p>\n",
			mean, far, n, PAPER_FAR);
}

void paper_html(const struct paper *const *p, int n, FILE *out)
{
	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>rota: ",
	      out);
	html_put(out, n == 1 ? p[0]->name : "experiments");
	fprintf(out, "</title>\n%s</head><body>\n<h1>Published figures and rota's</h1>\n", style);
	fputs("<p><svg width=\"12\" height=\"12\"><rect class=\"paper\" width=\"12\" height=\"12\"/></svg> paper "
	      "<svg width=\"12\" height=\"12\"><rect class=\"rota\" width=\"12\" height=\"12\"/></svg> rota; red: off by "
	      "more than a factor of 1.5</p>\n",
	      out);
	for (int i = 0; i < n; i++) {
		fputs("<h2>", out);
		html_put(out, p[i]->name);
		fputs(": ", out);
		html_put(out, p[i]->title);
		fputs("</h2>\n<p class=\"source\">", out);
		html_put(out, p[i]->source);
		fputs("</p>\n", out);
		for (int k = 0; k < p[i]->nr_figures; k++)
			put_figure(p[i], &p[i]->figures[k], out);
	}
	fputs("</body></html>\n", out);
}
