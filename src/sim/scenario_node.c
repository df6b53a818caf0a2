// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Complaints, and typed access to the tree.
 *
 * A complaint is one line, "FILE:LINE: KEY.PATH: what is wrong; what to do". Whatever comes from
 * the file is made printable and short before it goes into one: a scenario may come from anybody,
 * the terminal is the user's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario_read.h"

/*
 * Control characters would break the line, bytes beyond ASCII may be half a character after
 * shortening.
 */
static void printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			*text = '?';
}

static void complain(struct scn_reader *r, const struct scn_node *at, int line, const char *fmt, va_list ap)
{
	size_t used;

	if (r->failed || !r->errlen)
		return;
	r->failed = true;
	if (at->set >= 0)
		snprintf(r->err, r->errlen, "--set %s: ", scn_quote(r, r->sets[at->set]));
	else
		snprintf(r->err, r->errlen, "%s:%d: ", at->file ? at->file : r->file, line > 0 ? line : 1);
	used = strlen(r->err);
	snprintf(r->err + used, r->errlen - used, "%s: ", r->path_len ? r->path : "scenario");
	used = strlen(r->err);
	vsnprintf(r->err + used, r->errlen - used, fmt, ap);
	printable(r->err);
}

int scn_fail(struct scn_reader *r, const struct scn_node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(r, at, at->line, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int scn_fail_key(struct scn_reader *r, const struct scn_node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(r, at, at->key_line, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int scn_fail_memory(struct scn_reader *r)
{
	if (!r->failed && r->errlen) {
		r->failed = true;
		snprintf(r->err, r->errlen,
			 "%s: not enough memory for this scenario; make it smaller", r->file);
		printable(r->err);
	}
	return -ENOMEM;
}

const char *scn_quote(struct scn_reader *r, const char *text)
{
	char *out = r->quoted[r->next_quoted++ % 3];

	snprintf(out, sizeof(r->quoted[0]), strlen(text) > 60 ? "'%.60s...'" : "'%s'", text);
	printable(out);
	return out;
}

/*
 * Edits between two words where a swap of neighbours counts as one; words longer than the table
 * are never close.
 */
static int edit_distance(const char *a, const char *b)
{
	enum { MAX = 24 };
	int d[MAX + 1][MAX + 1];
	int na = (int)strlen(a), nb = (int)strlen(b);

	if (na > MAX || nb > MAX)
		return MAX;
	for (int i = 0; i <= na; i++) {
		for (int j = 0; j <= nb; j++) {
			int best;

			if (!i || !j) {
				d[i][j] = i + j;
				continue;
			}
			best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[na][nb];
}

/*
 * @known: the first of a NULL-terminated table of names, @stride bytes apart (so tables of structs
 * that begin with a name serve too)
 */
const char *scn_closest(const char *word, const char *const *known, size_t stride)
{
	const char *best = NULL;
	int best_distance = 3;

	for (; *known; known = (const char *const *)((const char *)known + stride)) {
		int d = edit_distance(word, *known);
		size_t len = strlen(*known);

		if (d < best_distance && (size_t)d * 2 < len) {
			best = *known;
			best_distance = d;
		}
	}
	return best;
}

size_t scn_enter(struct scn_reader *r, const char *key)
{
	size_t old = r->path_len;
	int n = snprintf(r->path + old, sizeof(r->path) - old, "%s%.64s", old ? "." : "",
			 *key ? key : "''");

	r->path_len = old + (size_t)n;
	if (r->path_len >= sizeof(r->path))
		r->path_len = sizeof(r->path) - 1;
	printable(r->path + old);
	return old;
}

size_t scn_enter_item(struct scn_reader *r, const struct scn_node *item, int index)
{
	const struct scn_node *name = item && item->kind == SCN_MAP ? scn_get(item, "name") : NULL;
	char number[16];

	if (name && name->kind == SCN_SCALAR && *name->text)
		return scn_enter(r, name->text);
	snprintf(number, sizeof(number), "%d", index);
	return scn_enter(r, number);
}

void scn_leave(struct scn_reader *r, size_t path_len)
{
	r->path_len = path_len;
	r->path[path_len] = 0;
}

const struct scn_node *scn_get(const struct scn_node *map, const char *key)
{
	for (const struct scn_node *c = map->first; c; c = c->next)
		if (!strcmp(c->key, key))
			return c;
	return NULL;
}

static const char *kind_name(const struct scn_node *n)
{
	if (scn_is_null(n))
		return "nothing";
	return n->kind == SCN_SCALAR ? "a single value" :
	       n->kind == SCN_LIST   ? "a list" :
				       "a mapping";
}

bool scn_is_null(const struct scn_node *n)
{
	return n->kind == SCN_SCALAR && n->plain &&
	       (!*n->text || !strcmp(n->text, "~") || !strcmp(n->text, "null"));
}

static int unknown_key(struct scn_reader *r, const struct scn_node *c, const char *const *keys)
{
	const char *closest = scn_closest(c->key, keys, sizeof(*keys));
	char known[400] = "";

	scn_enter(r, c->key);
	if (closest)
		return scn_fail_key(r, c, "unknown key; did you mean '%s'?", closest);
	for (size_t used = 0; *keys && used < sizeof(known); keys++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
					 used ? ", " : "", *keys);
	return scn_fail_key(r, c, "unknown key; remove it, or use one of: %s", known);
}

/*
 * That @n is a mapping and that each of its keys is among @keys, once. @what: an example, for the
 * complaint.
 */
int scn_check_map(struct scn_reader *r, const struct scn_node *n, const char *const *keys,
		  const char *what)
{
	if (n->kind != SCN_MAP)
		return scn_fail(r, n, "is %s where a mapping is needed; write it like %s",
				kind_name(n), what);
	/* Every key before a duplicate is known, so this is bounded by the known keys squared. */
	for (const struct scn_node *c = n->first; c; c = c->next) {
		const char *const *k = keys;

		while (*k && strcmp(*k, c->key))
			k++;
		if (!*k)
			return unknown_key(r, c, keys);
		for (const struct scn_node *d = n->first; d != c; d = d->next)
			if (!strcmp(d->key, c->key)) {
				scn_enter(r, c->key);
				return scn_fail_key(r, c,
						    "is given twice (first on line %d); keep one",
						    d->key_line);
			}
	}
	return 0;
}

int scn_check_list(struct scn_reader *r, const struct scn_node *n, const char *what, int max)
{
	if (n->kind != SCN_LIST)
		return scn_fail(r, n, "is %s where a list is needed; write it like %s",
				kind_name(n), what);
	if (n->nr > max)
		return scn_fail(r, n, "has %d entries; the limit is %d", n->nr, max);
	return 0;
}

int scn_need(struct scn_reader *r, const struct scn_node *map, const char *key, const char *example)
{
	if (scn_get(map, key))
		return 0;
	scn_enter(r, key);
	return scn_fail(r, map, "is missing; add %s: %s", key, example);
}

int scn_need_scalar(struct scn_reader *r, const struct scn_node *n, const char *what)
{
	if (n->kind == SCN_SCALAR && !scn_is_null(n))
		return 0;
	return scn_fail(r, n, "is %s where %s is needed; write one value", kind_name(n), what);
}

int scn_int_value(struct scn_reader *r, const struct scn_node *n, const int64_t range[2],
		  int64_t *out)
{
	const char *digits;
	bool negative;
	uint64_t v;
	int err;

	err = scn_need_scalar(r, n, "a whole number");
	if (err)
		return err;
	negative = n->text[0] == '-';
	digits = n->text + negative;
	err = n->plain ? scn_parse_u64(digits, &v) : -EINVAL;
	if (err == -EINVAL)
		return scn_fail(r, n, "%s is not a whole number%s; write one from %lld to %lld",
				scn_quote(r, n->text), n->plain ? "" : " (it stands in quotes)",
				(long long)range[0], (long long)range[1]);
	if (!err && v <= INT64_MAX)
		*out = negative ? -(int64_t)v : (int64_t)v;
	if (err || v > INT64_MAX || *out < range[0] || *out > range[1])
		return scn_fail(r, n, "%s is out of range; write a number from %lld to %lld",
				scn_quote(r, n->text), (long long)range[0], (long long)range[1]);
	return 0;
}

int scn_time_value(struct scn_reader *r, const struct scn_node *n, const int64_t range[2],
		   int64_t *out)
{
	char low[24], high[24];
	int64_t v, ignored;
	uint64_t number;
	int err;

	err = scn_need_scalar(r, n, "a time");
	if (err)
		return err;
	if (n->text[0] == '-' && !scn_parse_time(n->text + 1, &ignored))
		return scn_fail(r, n, "%s is negative; a time is 0 or more", scn_quote(r, n->text));
	if (scn_parse_time(n->text, &v)) {
		if (scn_parse_u64(n->text, &number) != -EINVAL)
			return scn_fail(r, n, "%s has no unit; append ns, us, ms or s",
					scn_quote(r, n->text));
		return scn_fail(
			r, n,
			"%s is not a time; write a number with ns, us, ms or s, such as 1.5ms",
			scn_quote(r, n->text));
	}
	if (v < range[0] || v > range[1]) {
		scn_format_time(range[0], low, sizeof(low));
		scn_format_time(range[1], high, sizeof(high));
		return scn_fail(r, n, "%s is out of range; write a time from %s to %s",
				scn_quote(r, n->text), low, high);
	}
	*out = v;
	return 0;
}

int scn_bool_value(struct scn_reader *r, const struct scn_node *n, int64_t *out)
{
	static const char *const no[] = { "false", "no", "off" }, *const yes[] = { "true", "yes",
										   "on" };
	int err;

	err = scn_need_scalar(r, n, "true or false");
	if (err)
		return err;
	for (int i = 0; i < 3; i++) {
		bool is_yes = !strcmp(n->text, yes[i]);

		if (n->plain && (is_yes || !strcmp(n->text, no[i]))) {
			*out = is_yes;
			return 0;
		}
	}
	return scn_fail(r, n, "%s is neither true nor false; write one of them",
			scn_quote(r, n->text));
}

int scn_read_int(struct scn_reader *r, const struct scn_node *map, const char *key,
		 const int64_t range[2], int *out)
{
	const struct scn_node *n = scn_get(map, key);
	int64_t v = 0;
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, key);
	err = scn_int_value(r, n, range, &v);
	if (err)
		return err;
	scn_leave(r, path);
	*out = (int)v;
	return 0;
}

int scn_read_time(struct scn_reader *r, const struct scn_node *map, const char *key,
		  const int64_t range[2], int64_t *out)
{
	const struct scn_node *n = scn_get(map, key);
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, key);
	err = scn_time_value(r, n, range, out);
	if (err)
		return err;
	scn_leave(r, path);
	return 0;
}

/*
 * One line of text for people; the tab and the newline of a folded scalar would break tables and
 * error lines.
 */
int scn_read_line(struct scn_reader *r, const struct scn_node *map, const char *key, char **out)
{
	const struct scn_node *n = scn_get(map, key);
	size_t path, len;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, key);
	err = scn_need_scalar(r, n, "a line of text");
	if (err)
		return err;
	len = strlen(n->text);
	if (!len || len > 300)
		return scn_fail(r, n, "has %zu characters; write 1 to 300", len);
	for (const char *c = n->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			return scn_fail(
				r, n,
				"holds a newline or another control character; write it on one line");
	*out = strdup(n->text);
	if (!*out)
		return scn_fail_memory(r);
	scn_leave(r, path);
	return 0;
}

int scn_read_cpus(struct scn_reader *r, const struct scn_node *map, const char *key,
		  struct scn_cpus *out)
{
	const struct scn_node *n = scn_get(map, key);
	char why[160];
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, key);
	err = scn_need_scalar(r, n, "a CPU list such as \"0-5,8,^3\"");
	if (err)
		return err;
	if (scn_parse_cpus(r->s, n->text, out, why, sizeof(why)))
		return scn_fail(r, n, "%s", why);
	scn_leave(r, path);
	return 0;
}

/* How many characters from @text on may stand in a name. '=' ends the path of a --set. */
static size_t name_span(const char *text)
{
	size_t n = 0;

	while (text[n] >= ' ' && text[n] <= '~' && !strchr("%=\"\\", text[n]))
		n++;
	return n;
}

/*
 * A name of a pool or domain: whatever a VM is called on a real host, as long as it can be printed
 * in a table. @numbered: one %d is allowed, for count:.
 */
int scn_check_name(struct scn_reader *r, const struct scn_node *n, bool numbered)
{
	size_t len, good;
	int err;

	err = scn_need_scalar(r, n, "a name");
	if (err)
		return err;
	len = strlen(n->text);
	if (!len || len >= SCHED_NAME_LEN)
		return scn_fail(r, n, "a name of %zu characters; write 1 to %d", len,
				SCHED_NAME_LEN - 1);
	good = name_span(n->text);
	if (numbered && !strncmp(n->text + good, "%d", 2))
		good += 2 + name_span(n->text + good + 2);
	if (n->text[good] || n->text[0] == ' ' || n->text[len - 1] == ' ')
		return scn_fail(
			r, n,
			"%s is not a name; use printable ASCII without = \" \\ and outer spaces%s",
			scn_quote(r, n->text), numbered ? ", and at most one %d" : "");
	return 0;
}

int scn_read_name(struct scn_reader *r, const struct scn_node *map, const char *key,
		  const char *example, char *out)
{
	const struct scn_node *n;
	size_t path;
	int err;

	err = scn_need(r, map, key, example);
	if (err)
		return err;
	n = scn_get(map, key);
	path = scn_enter(r, key);
	err = scn_check_name(r, n, false);
	if (err)
		return err;
	strcpy(out, n->text);
	scn_leave(r, path);
	return 0;
}
