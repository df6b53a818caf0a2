// SPDX-License-Identifier: GPL-2.0-or-later
/* Xen's lists of pCPUs. The scenario's reader has the like for a regular host; this one reads any topology. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/backend.h"
#include "control/cpulist.h"

#define MAX_ITEM 31 /* the longest that can mean anything: nodes:0000000000-0000000000 */

static int bad(const char *item, char *error)
{
	char shown[MAX_ITEM + 1];
	size_t n = 0;

	for (; item[n] && n < MAX_ITEM; n++)
		shown[n] = (unsigned char)item[n] < ' ' || (unsigned char)item[n] > '~' ? '?' : item[n];
	shown[n] = 0;
	snprintf(error, CONTROL_ERROR_LEN, "Invalid pcpu range: %s.", shown);
	return -EINVAL;
}

/* "7" or "4-7". */
static bool parse_range(const char *text, unsigned long *from, unsigned long *to)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*from = *to = strtoul(text, &end, 10);
	if (*end == '-') {
		if (end[1] < '0' || end[1] > '9')
			return false;
		*to = strtoul(end + 1, &end, 10);
	}
	return !*end && !errno && *to >= *from;
}

static void put(struct cpumask *out, u32 cpu, bool on)
{
	if (on)
		mask_set(out, cpu);
	else
		mask_clear(out, cpu);
}

static int parse_item(host_t *h, const char *whole, struct cpumask *out, char *error)
{
	const char *item = whole;
	bool on = *item != '^', nodes = false;
	unsigned long from, to;

	item += !on;
	if (!strncmp(item, "node:", 5) || !strncmp(item, "nodes:", 6)) {
		nodes = true;
		item = strchr(item, ':') + 1;
	}
	if (!strcmp(item, "all")) {
		if (!on)
			return bad(whole, error);
		mask_copy(out, &h->all_cpus);
		return 0;
	}
	if (!parse_range(item, &from, &to))
		return bad(whole, error);
	for (u32 c = 0; c < h->limits.pcpus; c++) {
		unsigned long n = nodes ? h->pcpus[c].node : c;

		if (n >= from && n <= to && mask_test(&h->all_cpus, c))
			put(out, c, on);
	}
	return 0;
}

int cpulist_parse(host_t *h, const char *text, struct cpumask *out, char *error)
{
	struct cpumask set = { 0 };

	for (;;) {
		size_t len = strcspn(text, ",");
		char item[MAX_ITEM + 1];
		int rc;

		while (len && (*text == ' ' || *text == '\t')) {
			text++;
			len--;
		}
		snprintf(item, sizeof(item), "%.*s", (int)(len < MAX_ITEM ? len : MAX_ITEM), text);
		for (size_t n = strlen(item); n && (item[n - 1] == ' ' || item[n - 1] == '\t'); n--)
			item[n - 1] = 0;
		rc = len > MAX_ITEM ? bad(item, error) : parse_item(h, item, &set, error);
		if (rc)
			return rc;
		if (!text[len])
			break;
		text += len + 1;
	}
	*out = set;
	return 0;
}

void cpulist_print(host_t *h, const cpumask_t *every, const cpumask_t *mask, char *text, size_t size)
{
	u32 n = h->limits.pcpus;
	size_t at = 0;

	if (mask_subset((cpumask_t *)every, (cpumask_t *)mask, h->mask_words)) {
		snprintf(text, size, "all");
		return;
	}
	snprintf(text, size, "none");
	for (u32 c = 0, end; c < n; c = end + 1) {
		for (end = c; end < n && mask_test((cpumask_t *)mask, end); end++)
			;
		if (end == c)
			continue;
		if (at >= size)
			return;
		at += (size_t)snprintf(text + at, size - at, end - c > 1 ? "%s%u-%u" : "%s%u", at ? "," : "", c,
				       end - 1);
	}
}
