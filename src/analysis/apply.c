// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes reservations back into a scenario's text.
 *
 * The file is edited, not printed anew: people's comments and order are theirs. A domain is either
 * a flow mapping ("- {name: a, vcpus: 1}"), into which `sched: {...}, ` goes behind the brace, or a
 * block ("- name: a" and lines of more indentation), which gets a line behind its first. A sched
 * that is there already is replaced when it stands on one line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/number.h"

struct line {
	const char *at;
	size_t len; /* without the newline */
};

static size_t indent_of(const struct line *l)
{
	size_t n = 0;

	while (n < l->len && l->at[n] == ' ')
		n++;
	return n;
}

static bool is_blank(const struct line *l)
{
	size_t n = indent_of(l);

	return n == l->len || l->at[n] == '#' || l->at[n] == '\r';
}

/* A time as a person writes it: in the largest unit that keeps it whole. */
static void put_time(FILE *f, int64_t ns)
{
	if (ns % 1000000 == 0)
		fprintf(f, "%lldms", (long long)(ns / 1000000));
	else if (ns % 1000 == 0)
		fprintf(f, "%lldus", (long long)(ns / 1000));
	else
		fprintf(f, "%lldns", (long long)ns);
}

static void put_sched(FILE *f, const struct an_edit *e)
{
	fputs("sched: {period: ", f);
	put_time(f, e->period);
	fputs(", budget: ", f);
	put_time(f, e->budget);
	putc('}', f);
}

/* Where "sched:" of this mapping stands in the line, for a flow mapping; NULL if it does not. */
static const char *flow_sched(const struct line *l, const char *brace)
{
	const char *end = l->at + l->len;
	int depth = 0;
	char quote = 0;

	for (const char *p = brace; p < end; p++) {
		if (quote) {
			quote = *p == quote ? 0 : quote;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			if (!--depth)
				return NULL;
		} else if (depth == 1 && end - p > 6 && !memcmp(p, "sched:", 6) &&
			   (p[-1] == ' ' || p[-1] == '{' || p[-1] == ',')) {
			return p;
		}
	}
	return NULL;
}

/* Behind the value "{...}" that begins at p; NULL if it does not end on this line. */
static const char *flow_end(const char *p, const char *end)
{
	int depth = 0;

	for (; p < end; p++) {
		depth += *p == '{';
		depth -= *p == '}';
		if (*p == '}' && !depth)
			return p + 1;
	}
	return NULL;
}

static bool refuse(char *err, size_t errlen, int line, const char *what)
{
	snprintf(err, errlen, "%d: %s", line, what);
	return false;
}

static bool edit_flow(FILE *f, const struct line *l, const char *brace, const struct an_edit *e,
		      char *err, size_t errlen)
{
	const char *old = flow_sched(l, brace), *end = l->at + l->len, *after = brace + 1;

	fwrite(l->at, 1, (size_t)((old ? old : after) - l->at), f);
	put_sched(f, e);
	if (old) {
		after = flow_end(old, end);
		if (!after)
			return refuse(err, errlen, e->line,
				      "its sched goes over several lines; set it by hand");
	} else {
		fputs(", ", f);
	}
	fwrite(after, 1, (size_t)(end - after), f);
	putc('\n', f);
	return true;
}

/* The domain's own keys stand at this column. Returns the line of "sched:", or -1. */
static int block_sched(const struct line *lines, int n, int first, size_t column)
{
	for (int i = first + 1; i < n; i++) {
		size_t in = indent_of(&lines[i]);

		if (is_blank(&lines[i]))
			continue;
		if (in < column)
			return -1;
		if (in == column && lines[i].len >= in + 6 &&
		    !memcmp(lines[i].at + in, "sched:", 6))
			return i;
	}
	return -1;
}

struct editor {
	struct line *lines;
	int n;
	const struct an_edit **by_line; /* edit of the domain that begins here */
	const struct an_edit **sched_at; /* edit that replaces this line */
};

static bool put_line(FILE *f, struct editor *ed, int i, char *err, size_t errlen)
{
	const struct line *l = &ed->lines[i];
	const struct an_edit *e = ed->by_line[i];
	size_t column = indent_of(l);
	const char *p = l->at + column, *end = l->at + l->len;
	int old;

	if (ed->sched_at[i]) {
		fprintf(f, "%*s", (int)column, "");
		put_sched(f, ed->sched_at[i]);
		putc('\n', f);
		return true;
	}
	if (e) {
		while (p < end && (*p == '-' || *p == ' '))
			p++;
		if (p < end && *p == '{')
			return edit_flow(f, l, p, e, err, errlen);
		if (p == end)
			return refuse(err, errlen, i + 1, "no domain begins on this line");
	}
	fwrite(l->at, 1, l->len, f);
	if (i < ed->n - 1)
		putc('\n', f);
	if (!e)
		return true;
	column = (size_t)(p - l->at);
	old = block_sched(ed->lines, ed->n, i, column);
	if (old < 0) {
		fprintf(f, "%s%*s", i < ed->n - 1 ? "" : "\n", (int)column, "");
		put_sched(f, e);
		putc('\n', f);
		return true;
	}
	if (!memchr(ed->lines[old].at, '}', ed->lines[old].len))
		return refuse(err, errlen, old + 1,
			      "this sched goes over several lines; set it by hand");
	ed->sched_at[old] = e;
	return true;
}

char *an_apply(const char *text, const struct an_edit *edits, int n, char *err, size_t errlen)
{
	struct editor ed = { 0 };
	char *out = NULL;
	size_t out_len;
	FILE *f = open_memstream(&out, &out_len);
	bool ok = f;

	for (const char *p = text; *p; p++)
		ed.n += *p == '\n';
	ed.n++;
	ed.lines = calloc((size_t)ed.n, sizeof(*ed.lines));
	ed.by_line = calloc((size_t)ed.n, sizeof(*ed.by_line));
	ed.sched_at = calloc((size_t)ed.n, sizeof(*ed.sched_at));
	ok = ok && ed.lines && ed.by_line && ed.sched_at;
	if (!ok)
		snprintf(err, errlen, "0: no memory");
	for (int i = 0; ok && i < ed.n; i++) {
		ed.lines[i] = (struct line){ text, strcspn(text, "\n") };
		text += ed.lines[i].len + 1;
	}
	for (int i = 0; ok && i < n; i++) {
		if (edits[i].line < 1 || edits[i].line > ed.n)
			ok = refuse(err, errlen, edits[i].line, "the file has no such line");
		else if (ed.by_line[edits[i].line - 1])
			ok = refuse(err, errlen, edits[i].line,
				    "several domains begin on this line; give each its own");
		else
			ed.by_line[edits[i].line - 1] = &edits[i];
	}
	for (int i = 0; ok && i < ed.n; i++)
		ok = put_line(f, &ed, i, err, errlen);
	if (f && fclose(f))
		ok = false;
	free(ed.lines);
	free(ed.by_line);
	free(ed.sched_at);
	if (!ok) {
		free(out);
		return NULL;
	}
	return out;
}
