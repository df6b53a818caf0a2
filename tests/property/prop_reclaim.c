/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: random systems of VMs with real-time tasks, each run under purely time-driven, work-conserving and
 * capacity-reclaiming periodic servers. Under reclaiming no task does worse than under time-driven servers, at any
 * point of the distribution of its response times; under work-conserving ones some do, which shows that the test can
 * tell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/guest_os.h"
#include "sim/machine.h"
#include "sim/scenario_read.h"

#define ROUNDS 300
#define MOST_TASKS 64

static uint64_t lcg = 12345;
static char body[16384];

static int below(int n)
{
	lcg = lcg * 6364136223846793005ULL + 1442695040888963407ULL;
	return (int)((lcg >> 33) % (uint64_t)n);
}

/*
 * Servers in rate-monotonic order whose utilisations sum to less than 0.7; tasks that ask for more or less than they
 * give.
 */
static void random_system(void)
{
	int vms = 2 + below(4), used = 0, period = 4 + below(6);

	for (int v = 0; v < vms; v++) {
		int budget = 1 + below(period * 7 / 10 / vms + 1), tasks = 1 + below(3);

		used += snprintf(
			body + used, sizeof(body) - (size_t)used,
			"  - {name: vm%d, sched: {period: %dms, budget: %dms}, workload: {model: tasks, scheduler: rm, "
			"switch: 0, hard_irq: 0, ipi: 0, tasks: [",
			v, period, budget);
		for (int t = 0; t < tasks; t++) {
			int task = period * (2 + below(8));
			int us = task * budget * 1000 / period / tasks * (50 + below(50)) / 100;

			used += snprintf(body + used, sizeof(body) - (size_t)used,
					 "{name: t%d, period: %dms, cost: %dus, phase: {uniform: [0, %dms]}}, ", t,
					 task, us < 1 ? 1 : us, task);
		}
		used += snprintf(body + used, sizeof(body) - (size_t)used, "]}}\n");
		period += below(period) + 1;
	}
}

/* Per task: 100 points of the distribution, the maximum, the sum. */
struct outcome {
	int tasks;
	int64_t at[MOST_TASKS][101];
	uint64_t sum[MOST_TASKS], count[MOST_TASKS];
};

static void run(const char *kind, uint64_t seed, struct outcome *o)
{
	static char text[20000];
	char err[300] = "";
	struct scenario *s;
	struct machine *m;

	snprintf(
		text, sizeof(text),
		"duration: 2s\nseed: %llu\nhost: {costs: {context_switch: 0, ipi: 0, migration: 0, vm_exit: 0}}\n"
		"pools: [{name: p, sched: rtxen, admission: off, params: {kind: %s, priority: rm, placement: partitioned}}]\ndomains:\n%s",
		(unsigned long long)seed, kind, body);
	s = scn_load_text("reclaim.yaml", text, strlen(text), NULL, 0, err, sizeof(err));
	if (!s)
		fail_msg("%s\n%s", err, text);
	m = machine_create(s, TRACE_BASIC, NULL, NULL, err, sizeof(err));
	assert_non_null(m);
	machine_run(m, s->duration_ns);
	machine_finish(m);
	o->tasks = 0;
	for (int d = 0; d < s->nr_domains; d++)
		for (int i = 0; i < m->domains[d].os->program->nr_entries; i++) {
			const struct histogram *h = &m->domains[d].os->rt[i].response;

			for (unsigned int p = 0; p < 100; p++)
				o->at[o->tasks][p] = h->count ? histogram_percentile(h, p * 10) : 0;
			o->at[o->tasks][100] = (int64_t)h->max;
			o->count[o->tasks] = h->count;
			o->sum[o->tasks++] = h->sum;
		}
	machine_free(m);
	scenario_free(s);
}

/* The first point at which task @t of @a does worse than that of @b, -1. As many jobs ended, or more. */
static int worse(const struct outcome *a, const struct outcome *b, int t)
{
	if (a->count[t] < b->count[t])
		return 0;
	/* with more jobs done the points are those of other jobs: compare what can be */
	if (a->count[t] > b->count[t])
		return -1;
	for (int p = 0; p <= 100; p++)
		if (a->at[t][p] > b->at[t][p])
			return p;
	return a->sum[t] > b->sum[t] ? 100 : -1;
}

static void test_reclaiming_harms_nobody(void **state)
{
	static struct outcome ptps, wcps, crps;
	int tasks = 0, compared = 0, better = 0, harmed = 0;

	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		random_system();
		run("periodic", round, &ptps);
		run("work-conserving", round, &wcps);
		run("reclaiming", round, &crps);
		for (int t = 0; t < ptps.tasks; t++) {
			int p = worse(&crps, &ptps, t);

			if (p >= 0)
				fail_msg("round %llu task %d, point %d: CRPS %lld, PTPS %lld (%llu and %llu jobs)\n%s",
					 (unsigned long long)round, t, p, (long long)crps.at[t][p],
					 (long long)ptps.at[t][p], (unsigned long long)crps.count[t],
					 (unsigned long long)ptps.count[t], body);
			tasks++;
			compared += crps.count[t] == ptps.count[t];
			better += crps.sum[t] < ptps.sum[t];
			harmed += worse(&wcps, &ptps, t) >= 0;
		}
	}
	print_message("%d tasks, %d compared point by point: CRPS shortens the mean of %d; WCPS harms %d\n", tasks,
		      compared, better, harmed);
	assert_true(compared > tasks / 2 && better > tasks / 2 && harmed > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_reclaiming_harms_nobody) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
