// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading replay files (format: replay.h). Strict on purpose: a demand that is silently misread
 * gives a plausible and wrong experiment, so every line is checked and the first wrong one is
 * named.
 */
#include "trace/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two 18-digit numbers, a comma and some blanks fit many times over. */
#define LINE_MAX_LEN 256

struct reader {
	const char *path;
	unsigned long line;
	char *err;
	size_t errlen;
};

static int fail(const struct reader *rd, int error, const char *column, const char *what)
{
	snprintf(rd->err, rd->errlen, "%s:%lu: %s: %s", rd->path, rd->line, column, what);
	return error;
}

/* A decimal number of 0..REPLAY_MAX_NS that ends at @end; no sign, no blank, no exponent. */
static bool parse_ns(const char *s, const char *end, int64_t *ns)
{
	int64_t v = 0;

	if (s == end)
		return false;
	for (; s < end; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (*s - '0');
		if (v > REPLAY_MAX_NS)
			return false;
	}
	*ns = v;
	return true;
}

static int parse_header(const struct reader *rd, const char *line, struct replay *r)
{
	if (!strcmp(line, "at_ns,run_ns"))
		r->relative = false;
	else if (!strcmp(line, "gap_ns,run_ns"))
		r->relative = true;
	else
		return fail(
			rd, -EINVAL, "header",
			"is not a replay file's; the first line must be `at_ns,run_ns` or `gap_ns,run_ns`");
	return 0;
}

static int parse_burst(const struct reader *rd, const char *line, const struct replay *r,
		       struct replay_burst *b)
{
	const char *first = r->relative ? "gap_ns" : "at_ns";
	const char *comma = strchr(line, ',');
	const char *end = line + strlen(line);

	if (!comma || strchr(comma + 1, ','))
		return fail(rd, -EINVAL, first,
			    "a line has exactly two columns, separated by one comma");
	if (!parse_ns(line, comma, &b->at_ns))
		return fail(rd, -EINVAL, first,
			    "must be a whole number of nanoseconds from 0 to 34560000000000000");
	if (!strcmp(comma + 1, "inf"))
		b->run_ns = REPLAY_INF;
	else if (!parse_ns(comma + 1, end, &b->run_ns) || b->run_ns == 0)
		return fail(
			rd, -EINVAL, "run_ns",
			"must be a whole number of nanoseconds from 1 to 34560000000000000, or `inf`");
	if (r->nr == 0)
		return 0;
	if (r->burst[r->nr - 1].run_ns == REPLAY_INF)
		return fail(rd, -EINVAL, "run_ns",
			    "a burst follows one that never ends; `inf` belongs on the last line");
	if (!r->relative && b->at_ns < r->burst[r->nr - 1].at_ns)
		return fail(rd, -EINVAL, "at_ns",
			    "is before the wake time of the line above; sort the lines by time");
	return 0;
}

static int append(const struct reader *rd, struct replay *r, size_t *room, struct replay_burst b)
{
	struct replay_burst *bigger;

	if (r->nr == REPLAY_MAX_BURSTS)
		return fail(rd, -E2BIG, "file",
			    "has more than 16777216 bursts; split the recording");
	if (r->nr == *room) {
		*room = *room ? *room * 2 : 64;
		bigger = realloc(r->burst, *room * sizeof(*bigger));
		if (!bigger)
			return fail(rd, -ENOMEM, "file", "out of memory");
		r->burst = bigger;
	}
	r->burst[r->nr++] = b;
	return 0;
}

/*
 * Returns 1 for a line, 0 at the end of the file, a negative errno on a line that can't be one of
 * ours.
 */
static int next_line(struct reader *rd, FILE *f, char *line)
{
	size_t len = 0;
	int c;

	rd->line++;
	while ((c = getc(f)) != EOF && c != '\n') {
		if (c == 0)
			return fail(rd, -EINVAL, "line",
				    "holds a NUL byte; this is not a text file");
		if (len == LINE_MAX_LEN - 1)
			return fail(rd, -EINVAL, "line",
				    "is longer than 255 characters; this is not a replay file");
		line[len++] = (char)c;
	}
	if (ferror(f))
		return fail(rd, -EIO, "line", "can't be read; check the medium");
	if (len && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	return c == EOF && len == 0 ? 0 : 1;
}

static int read_all(struct reader *rd, FILE *f, struct replay *r)
{
	char line[LINE_MAX_LEN];
	struct replay_burst b;
	bool header = false;
	size_t room = 0;
	int rc;

	while ((rc = next_line(rd, f, line)) > 0) {
		if (line[0] == '#')
			continue;
		if (!header) {
			rc = parse_header(rd, line, r);
			header = true;
		} else {
			rc = parse_burst(rd, line, r, &b);
			if (!rc)
				rc = append(rd, r, &room, b);
		}
		if (rc)
			return rc;
	}
	if (rc == 0 && !header)
		return fail(rd, -EINVAL, "header", "missing: the file is empty");
	return rc;
}

int replay_load(const char *path, struct replay **out, char *err, size_t errlen)
{
	struct reader rd = { .path = path, .err = err, .errlen = errlen };
	struct replay *r;
	FILE *f;
	int rc;

	*out = NULL;
	f = fopen(path, "r");
	if (!f) {
		rc = -errno;
		snprintf(err, errlen, "%s: can't open the replay file: %s", path, strerror(-rc));
		return rc;
	}
	r = calloc(1, sizeof(*r));
	rc = r ? read_all(&rd, f, r) : fail(&rd, -ENOMEM, "file", "out of memory");
	fclose(f);
	if (rc) {
		replay_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	free(r->burst);
	free(r);
}
