// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The small languages inside a scenario: times, whole numbers, decimals and Xen's CPU lists.
 *
 * No floating point anywhere: "0.1s" must be 100000000 ns on every machine and compiler, or the
 * same scenario would not give the same trace.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario_read.h"

int scn_parse_u64(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	/* "010" is eight to a YAML 1.1 reader and ten to a person. */
	if (text[0] == '0' && text[1])
		return -EINVAL;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return -ERANGE;
	}
	*out = v;
	return 0;
}

/*
 * "12.5" times @unit, exactly. *@end is set behind the number. -EINVAL also when the result is not
 * a whole number.
 */
static int parse_scaled(const char *text, const char **end, int64_t unit, int64_t *out)
{
	int64_t whole = 0, part = 0;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(whole, (int64_t)10, &whole) ||
		    __builtin_add_overflow(whole, (int64_t)(*text - '0'), &whole))
			return -EINVAL;
	if (__builtin_mul_overflow(whole, unit, &whole))
		return -EINVAL;
	if (*text == '.') {
		if (!isdigit((unsigned char)*++text))
			return -EINVAL;
		for (; isdigit((unsigned char)*text); text++) {
			if (*text == '0' && unit % 10) /* trailing zeros say nothing */
				continue;
			if (unit % 10)
				return -EINVAL;
			unit /= 10;
			part += (*text - '0') * unit;
		}
	}
	*end = text;
	return __builtin_add_overflow(whole, part, out) ? -EINVAL : 0;
}

static int64_t unit_of(const char *text)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(text, units[i].name))
			return units[i].ns;
	return 0;
}

int scn_parse_time(const char *text, int64_t *ns)
{
	const char *end = text + strspn(text, "0123456789.");
	int64_t unit = unit_of(end);
	int64_t v;
	int err;

	if (!strcmp(text, "0"))
		unit = 1;
	if (!unit)
		return -EINVAL;
	err = parse_scaled(text, &text, unit, &v);
	if (err || text != end)
		return -EINVAL;
	*ns = v;
	return 0;
}

int scn_parse_millionths(const char *text, int64_t *out)
{
	int64_t v;
	int err = parse_scaled(text, &text, 1000000, &v);

	if (err || *text)
		return -EINVAL;
	*out = v;
	return 0;
}

void scn_format_time(int64_t ns, char *out, size_t len)
{
	if (ns % 1000000000 == 0 && ns)
		snprintf(out, len, "%llds", (long long)(ns / 1000000000));
	else if (ns % 1000000 == 0 && ns)
		snprintf(out, len, "%lldms", (long long)(ns / 1000000));
	else if (ns % 1000 == 0 && ns)
		snprintf(out, len, "%lldus", (long long)(ns / 1000));
	else if (ns)
		snprintf(out, len, "%lldns", (long long)ns);
	else
		snprintf(out, len, "0");
}

bool scn_cpus_empty(const struct scn_cpus *c)
{
	for (int i = 0; i < SCN_CPU_WORDS; i++)
		if (c->w[i])
			return false;
	return true;
}

bool scn_cpus_intersect(const struct scn_cpus *a, const struct scn_cpus *b)
{
	for (int i = 0; i < SCN_CPU_WORDS; i++)
		if (a->w[i] & b->w[i])
			return true;
	return false;
}

static void set_range(struct scn_cpus *c, int from, int to, bool on)
{
	for (int i = from; i <= to; i++) {
		if (on)
			c->w[i / 64] |= UINT64_C(1) << (i % 64);
		else
			c->w[i / 64] &= ~(UINT64_C(1) << (i % 64));
	}
}

void scn_cpus_all(const struct scenario *s, struct scn_cpus *out)
{
	memset(out, 0, sizeof(*out));
	set_range(out, 0, s->nr_pcpus - 1, true);
}

static int bad_list(char *err, size_t errlen, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int bad_list(char *err, size_t errlen, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, errlen, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* "7" or "4-7" with 0 <= from <= to < @limit. */
static int parse_range(const char *item, int limit, int range[2])
{
	char number[2][16];
	const char *dash = strchr(item, '-');
	size_t len = dash ? (size_t)(dash - item) : strlen(item);

	for (int i = 0; i < 2; i++) {
		uint64_t v;
		int err;

		if (!len || len >= sizeof(number[i]))
			return -EINVAL;
		memcpy(number[i], item, len);
		number[i][len] = 0;
		err = scn_parse_u64(number[i], &v);
		if (err)
			return err;
		range[i] = v > INT32_MAX ? INT32_MAX : (int)v;
		if (i || !dash) {
			range[1] = range[i];
			break;
		}
		item = dash + 1;
		len = strlen(item);
	}
	if (range[1] < range[0])
		return -EINVAL;
	return range[1] >= limit ? -ERANGE : 0;
}

static const char *node_prefix(const char *item)
{
	if (!strncmp(item, "nodes:", 6))
		return item + 6;
	return strncmp(item, "node:", 5) ? NULL : item + 5;
}

static int parse_item(const struct scenario *s, const char *item, struct scn_cpus *out, char *err,
		      size_t errlen)
{
	const char *whole = item, *nodes;
	bool on = true;
	int range[2], limit = s->nr_pcpus, per = 1, bad;

	if (*item == '^') {
		on = false;
		item++;
	}
	nodes = node_prefix(item);
	if (nodes) {
		item = nodes;
		limit = s->nodes;
		per = s->cores * s->threads;
	}
	if (!strcmp(item, "all")) {
		if (!on)
			return bad_list(err, errlen,
					"'^all' would leave nothing; name the pCPUs to take out");
		set_range(out, 0, s->nr_pcpus - 1, true);
		return 0;
	}
	bad = parse_range(item, limit, range);
	if (bad == -ERANGE)
		return bad_list(
			err, errlen,
			"'%s' is beyond the host, which has %s 0-%d; mend the list or host:", whole,
			nodes ? "nodes" : "pCPUs", limit - 1);
	if (bad)
		return bad_list(
			err, errlen,
			"'%s' is not part of a CPU list; write it like \"0-5,8,^3\", \"node:1\" or "
			"\"all\"",
			whole);
	set_range(out, range[0] * per, range[1] * per + per - 1, on);
	return 0;
}

/*
 * Xen's rule: items act from left to right on an empty set. Unlike xl, a pCPU that does not exist
 * is an error and not silently dropped: on a simulated host it is always a mistake.
 */
int scn_parse_cpus(const struct scenario *s, const char *text, struct scn_cpus *out, char *err,
		   size_t errlen)
{
	struct scn_cpus set = { 0 };

	for (;;) {
		size_t len = strcspn(text, ",");
		const char *from = text + strspn(text, " \t");
		const char *to = text + len;
		char item[40];
		int bad;

		while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
			to--;
		/* A blank text puts from behind the comma's place. */
		if (from >= to)
			return bad_list(
				err, errlen,
				"the CPU list has an empty item; write it like \"0-5,8,^3\"");
		snprintf(item, sizeof(item), "%.*s", (int)(to - from < 39 ? to - from : 39), from);
		for (char *c = item; *c; c++)
			if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
				*c = '?';
		bad = parse_item(s, item, &set, err, errlen);
		if (bad)
			return bad;
		if (!text[len])
			break;
		text += len + 1;
	}
	if (scn_cpus_empty(&set))
		return bad_list(err, errlen, "the CPU list leaves no pCPU; name at least one");
	*out = set;
	return 0;
}
