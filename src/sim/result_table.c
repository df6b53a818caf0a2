/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run's result as a table for a person: a line for each domain, a line of sums, and what the
 * whole host did. Columns are as wide as their contents, and one that would say nothing in any
 * line (a pool where there is only one, latencies where nobody slept) is left out, so that the
 * table fits a terminal of some 80 to 130 columns.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/result.h"

enum column {
	COL_DOMAIN,
	COL_POOL,
	COL_VCPUS,
	COL_WEIGHT,
	COL_CAP,
	COL_ENTITLED,
	COL_SHARE,
	COL_RUN,
	COL_RUNNABLE,
	COL_BLOCKED,
	COL_P50,
	COL_P99,
	COL_MAX,
	COL_SWITCHES,
	COL_MIGRATIONS,
	COL_MISSED,
	COL_COMPLETED,
	NR_COLUMNS
};

static const char *const heads[NR_COLUMNS] = {
	"Domain", "Pool",     "vCPUs",	  "Weight",  "Cap",	  "Entitled",
	"Share",  "Run",      "Runnable", "Blocked", "p50",	  "p99",
	"max",	  "Switches", "Migr",	  "Missed",  "Completed",
};

#define LATENCY_HEAD "wake-to-run latency"

struct table {
	int width[NR_COLUMNS];
	bool shown[NR_COLUMNS];
	FILE *out;
};

/* One line's cells. Names are as long as they are; numbers are not. */
struct line {
	const char *text[NR_COLUMNS]; /* NULL: empty */
	char number[NR_COLUMNS][32];
};

/* A time for a person: three figures and a unit. */
static void put_ns(struct line *l, enum column c, double ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	unsigned int u = 0;
	int digits;

	while (ns >= 999.5 && u < 3) {
		ns /= 1000;
		u++;
	}
	digits = u == 0 || ns >= 99.95 ? 0 : ns >= 9.995 ? 1 : 2;
	snprintf(l->number[c], sizeof(l->number[c]), "%.*f%s", digits, ns, ns > 0 ? units[u] : "");
	l->text[c] = l->number[c];
}

static void put_number(struct line *l, enum column c, const char *format, double value)
{
	snprintf(l->number[c], sizeof(l->number[c]), format, value);
	l->text[c] = l->number[c];
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static const char *name_of(const json_t *d, const char *key)
{
	const char *name = json_string_value(json_object_get(d, key));

	return name ? name : "";
}

static void fill_line(struct line *l, const json_t *d)
{
	const json_t *lat = json_object_get(d, "wake_latency_ns");
	const json_t *jobs = json_object_get(d, "deadlines");
	double done = number(json_object_get(d, "workload"), "completion_ns");

	memset(l, 0, sizeof(*l));
	l->text[COL_DOMAIN] = name_of(d, "name");
	l->text[COL_POOL] = name_of(d, "pool");
	put_number(l, COL_VCPUS, "%.0f", number(d, "vcpus"));
	put_number(l, COL_WEIGHT, "%.0f", number(d, "weight"));
	if (number(d, "cap") > 0)
		put_number(l, COL_CAP, "%.0f%%", number(d, "cap"));
	else
		l->text[COL_CAP] = "-";
	put_number(l, COL_ENTITLED, "%.2f%%", 100 * number(d, "entitlement"));
	put_number(l, COL_SHARE, "%.2f%%", 100 * number(d, "share"));
	put_ns(l, COL_RUN, number(d, "run_ns"));
	put_ns(l, COL_RUNNABLE, number(d, "runnable_ns"));
	put_ns(l, COL_BLOCKED, number(d, "blocked_ns"));
	if (number(lat, "count") > 0) {
		put_ns(l, COL_P50, number(lat, "p50"));
		put_ns(l, COL_P99, number(lat, "p99"));
		put_ns(l, COL_MAX, number(lat, "max"));
	} else {
		l->text[COL_P50] = l->text[COL_P99] = l->text[COL_MAX] = "-";
	}
	put_number(l, COL_SWITCHES, "%.0f", number(d, "switches"));
	put_number(l, COL_MIGRATIONS, "%.0f", number(d, "migrations"));
	if (number(jobs, "jobs") > 0)
		snprintf(l->number[COL_MISSED], sizeof(l->number[COL_MISSED]), "%.0f/%.0f",
			 number(jobs, "missed"), number(jobs, "jobs"));
	l->text[COL_MISSED] = number(jobs, "jobs") > 0 ? l->number[COL_MISSED] : "-";
	if (done > 0)
		put_ns(l, COL_COMPLETED, done);
	else
		l->text[COL_COMPLETED] = done < 0 ? "no" : "-";
}

/* All domains together. Weights and caps have no sum that means something. */
static void fill_sums(struct line *l, const json_t *domains)
{
	static const struct {
		enum column column;
		const char *key;
	} sums[] = {
		{ COL_VCPUS, "vcpus" },		 { COL_ENTITLED, "entitlement" },
		{ COL_SHARE, "share" },		 { COL_RUN, "run_ns" },
		{ COL_RUNNABLE, "runnable_ns" }, { COL_BLOCKED, "blocked_ns" },
		{ COL_SWITCHES, "switches" },	 { COL_MIGRATIONS, "migrations" },
	};

	memset(l, 0, sizeof(*l));
	l->text[COL_DOMAIN] = "(all)";
	for (size_t k = 0; k < sizeof(sums) / sizeof(sums[0]); k++) {
		enum column c = sums[k].column;
		double sum = 0;
		json_t *d;
		size_t i;

		json_array_foreach(domains, i, d) sum += number(d, sums[k].key);
		if (c == COL_ENTITLED || c == COL_SHARE)
			put_number(l, c, "%.2f%%", 100 * sum);
		else if (c == COL_RUN || c == COL_RUNNABLE || c == COL_BLOCKED)
			put_ns(l, c, sum);
		else
			put_number(l, c, "%.0f", sum);
	}
}

static void measure(struct table *t, const struct line *l)
{
	for (int c = 0; c < NR_COLUMNS; c++) {
		int n = l->text[c] ? (int)strlen(l->text[c]) : 0;

		if (n > t->width[c])
			t->width[c] = n;
	}
}

static void put_line(const struct table *t, const struct line *l)
{
	const char *gap = "";
	int last = 0;

	for (int c = 0; c < NR_COLUMNS; c++)
		if (t->shown[c] && l->text[c])
			last = c;
	for (int c = 0; c <= last; c++) {
		const char *text = l->text[c] ? l->text[c] : "";

		if (!t->shown[c])
			continue;
		fprintf(t->out, "%s%*s", gap, c <= COL_POOL ? -t->width[c] : t->width[c], text);
		gap = c == COL_SHARE || c == COL_BLOCKED || c == COL_MAX ? "  " : " ";
	}
	fputc('\n', t->out);
}

/* The heads; the three latencies have one in common, above them. */
static void put_heads(struct table *t)
{
	struct line l = { .text = { NULL } };
	int indent = 0;

	if (t->shown[COL_P50]) {
		int width = t->width[COL_P50] + t->width[COL_P99] + t->width[COL_MAX] + 2;

		if (width < (int)strlen(LATENCY_HEAD))
			t->width[COL_P50] += (int)strlen(LATENCY_HEAD) - width;
		for (int c = 0; c <= COL_MAX; c++)
			if (t->shown[c])
				indent += t->width[c] + 1;
		fprintf(t->out, "%*s\n", indent + 1, LATENCY_HEAD); /* two wide gaps, one less */
	}
	for (int c = 0; c < NR_COLUMNS; c++)
		l.text[c] = heads[c];
	put_line(t, &l);
}

static void put_host(const struct machine *m, const json_t *result, FILE *out)
{
	const json_t *pcpus = json_object_get(result, "pcpus");
	const json_t *counters = json_object_get(result, "counters");
	double run = 0, events = number(result, "events"), wall = number(result, "wall_ns");
	double span = number(result, "duration_ns") * (double)json_array_size(pcpus);
	struct line l;
	json_t *p;
	size_t i;

	json_array_foreach(pcpus, i, p) run += number(p, "run_ns");
	put_ns(&l, COL_RUN, wall);
	fprintf(out, "\npCPUs %.1f%% busy, %.0f context switches; ",
		span > 0 ? 100 * run / span : 0, number(counters, "context_switches"));
	fprintf(out, "%.0f scheduler events in %s (%.2f million/s)\ntrace hash %s\n", events,
		l.text[COL_RUN], wall > 0 ? events * 1e3 / wall : 0, name_of(result, "trace_hash"));
	if (m->refused)
		fprintf(out, "%" PRIu64 " scripted command%s refused, the first: %s\n", m->refused,
			m->refused == 1 ? " was" : "s were", m->refusal);
	if (m->not_guaranteed)
		fprintf(out, "more was reserved than is guaranteed, %" PRIu64 " time%s, the first: %s\n",
			m->not_guaranteed, m->not_guaranteed == 1 ? "" : "s", m->no_guarantee);
}

void result_table(const struct machine *m, const json_t *result, FILE *out)
{
	const json_t *domains = json_object_get(result, "domains");
	struct table t = { .out = out };
	struct line l, sums;
	json_t *d;
	size_t i;

	for (int c = 0; c < NR_COLUMNS; c++) {
		t.width[c] = (int)strlen(heads[c]);
		t.shown[c] = c < COL_P50 || c == COL_SWITCHES || c == COL_MIGRATIONS;
	}
	t.shown[COL_POOL] = m->s->nr_pools > 1;
	json_array_foreach(domains, i, d)
	{
		fill_line(&l, d);
		measure(&t, &l);
		t.shown[COL_P50] |= *l.text[COL_P50] != '-';
		t.shown[COL_MISSED] |= *l.text[COL_MISSED] != '-';
		t.shown[COL_COMPLETED] |= *l.text[COL_COMPLETED] != '-';
	}
	t.shown[COL_P99] = t.shown[COL_MAX] = t.shown[COL_P50];
	fill_sums(&sums, domains);
	measure(&t, &sums);

	put_ns(&l, COL_RUN, number(result, "duration_ns"));
	fprintf(out, "%s: %s counted on %d pCPU%s, seed %" PRIu64 "\n\n", m->s->name,
		l.text[COL_RUN], m->s->nr_pcpus, m->s->nr_pcpus == 1 ? "" : "s", m->s->seed);
	put_heads(&t);
	json_array_foreach(domains, i, d)
	{
		fill_line(&l, d);
		put_line(&t, &l);
	}
	if (json_array_size(domains) > 1)
		put_line(&t, &sums);
	guest_table(domains, out);
	put_host(m, result, out);
}
