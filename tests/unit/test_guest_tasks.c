/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: real-time task sets of a guest (model: tasks) against published response times and verdicts, against a
 * simulation tick by tick that knows nothing of events, and in schedules that can be drawn by hand.
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

#define MS INT64_C(1000000)
#define FREE "switch: 0, hard_irq: 0, ipi: 0"

struct set {
	int64_t cost, period, deadline; /* ms; deadline 0: the period */
};

static struct scenario *scenario;
static struct machine *m;
static char text[16384];

static int done(void **state)
{
	(void)state;
	machine_free(m);
	scenario_free(scenario);
	m = NULL;
	scenario = NULL;
	return 0;
}

static void run_text(void)
{
	char err[400] = "";

	done(NULL);
	scenario = scn_load_text("unit.yaml", text, strlen(text), NULL, 0, err, sizeof(err));
	if (!scenario)
		fail_msg("%s\n%s", err, text);
	m = machine_create(scenario, TRACE_BASIC, NULL, NULL, err, sizeof(err));
	if (!m)
		fail_msg("%s", err);
	machine_run(m, scenario->duration_ns);
	machine_finish(m);
}

/* A guest with a pCPU for each vCPU; nothing but the tasks takes time. */
static void run_set(const char *how, int vcpus, int duration_ms, const struct set *sets, int n, bool priorities)
{
	int used =
		snprintf(text, sizeof(text),
			 "duration: %dms\nhost: {cores: %d, costs: {context_switch: 0, ipi: 0, migration: 0, vm_exit: "
			 "0}}\npools: [{name: p, sched: \"null\"}]\ndomains:\n  - name: vm\n    vcpus: %d\n    "
			 "workload:\n      {model: tasks, " FREE ", %s, tasks: [\n",
			 duration_ms, vcpus, vcpus, how);

	for (int i = 0; i < n; i++) {
		used += snprintf(text + used, sizeof(text) - (size_t)used,
				 "{name: t%d, cost: %lldms, period: %lldms, deadline: %lldms", i,
				 (long long)sets[i].cost, (long long)sets[i].period,
				 (long long)(sets[i].deadline ? sets[i].deadline : sets[i].period));
		if (priorities)
			used += snprintf(text + used, sizeof(text) - (size_t)used, ", priority: %d", i + 1);
		used += snprintf(text + used, sizeof(text) - (size_t)used, "},\n");
	}
	snprintf(text + used, sizeof(text) - (size_t)used, "]}\n");
	run_text();
}

static struct guest_os *os(void)
{
	return m->domains[0].os;
}

static int64_t worst_ms(int task)
{
	int64_t ns = (int64_t)os()->rt[task].response.max;

	assert_int_equal(ns % MS, 0);
	return ns / MS;
}

static uint64_t missed(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < os()->program->nr_entries; i++)
		sum += os()->rt[i].missed;
	return sum;
}

/* SchedCAT's own vectors: the synchronous release is the worst case on one CPU. */
static void test_response_times_rm(void **state)
{
	static const struct set a[] = { { 1, 4, 0 }, { 1, 5, 0 }, { 3, 9, 0 }, { 3, 18, 0 } };
	static const struct set b[] = { { 1, 2, 0 }, { 5, 20, 0 }, { 1, 20, 0 } };
	static const int64_t ra[] = { 1, 2, 7, 18 }, rb[] = { 1, 10, 12 };

	(void)state;
	run_set("scheduler: rm", 1, 180, a, 4, false);
	for (int i = 0; i < 4; i++)
		assert_int_equal(worst_ms(i), ra[i]);
	assert_int_equal(missed(), 0);
	run_set("scheduler: fp", 1, 200, b, 3, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(worst_ms(i), rb[i]);
}

/* A set that fails under fixed priorities: misses are counted, and how late. */
static void test_misses(void **state)
{
	static const struct set a[] = { { 40, 100, 0 }, { 60, 140, 0 }, { 80, 500, 0 }, { 10, 1000, 0 } };

	(void)state;
	run_set("scheduler: rm", 1, 7000, a, 4, false);
	assert_int_equal(worst_ms(0), 40);
	assert_int_equal(worst_ms(1), 100);
	assert_true(worst_ms(2) >= 560); /* of the first job; a later one may take longer */
	assert_true(os()->rt[2].missed > 0);
	assert_int_equal(os()->rt[2].tardiness.max, os()->rt[2].response.max - 500 * MS);
	assert_int_equal(os()->rt[0].jobs, 70);
}

/* DM differs from RM: the task with the shorter deadline goes first though its period is longer. */
static void test_dm(void **state)
{
	static const struct set a[] = { { 4, 10, 0 }, { 2, 20, 5 } };

	(void)state;
	run_set("scheduler: rm", 1, 200, a, 2, false);
	assert_int_equal(worst_ms(1), 6);
	assert_int_equal(os()->rt[1].missed, 10);
	run_set("scheduler: dm", 1, 200, a, 2, false);
	assert_int_equal(worst_ms(1), 2);
	assert_int_equal(worst_ms(0), 6);
	assert_int_equal(missed(), 0);
}

/* EDF meets what RM can't: full utilisation. */
static void test_edf(void **state)
{
	static const struct set a[] = { { 3, 6, 0 }, { 4, 8, 0 } };

	(void)state;
	run_set("scheduler: rm", 1, 240, a, 2, false);
	assert_true(missed() > 0);
	run_set("scheduler: edf", 1, 240, a, 2, false);
	assert_int_equal(missed(), 0);
	assert_int_equal(os()->rt[0].jobs + os()->rt[1].jobs, 70);
}

/* The sets of the facts, released together under global EDF: whether, and when, the first deadline is missed. */
static void test_gedf(void **state)
{
	static const struct {
		int cpus, n, misses;
		struct set t[4];
		int64_t worst[4];
	} cases[] = {
		{ 2, 3, 0, { { 20, 30, 0 }, { 20, 30, 0 }, { 5, 30, 0 } }, { 0 } },
		{ 2, 3, 0, { { 49, 100, 100 }, { 49, 100, 100 }, { 2, 100, 50 } }, { 0, 0, 2 } },
		{ 2, 4, 0, { { 1, 4, 0 }, { 1, 5, 0 }, { 3, 9, 0 }, { 9, 18, 0 } }, { 0 } },
		{ 2, 3, 1, { { 80, 100, 0 }, { 33, 66, 0 }, { 7, 10, 0 } }, { 0 } },
		{ 2, 3, 0, { { 1, 10, 0 }, { 1, 10, 0 }, { 10, 11, 0 } }, { 0 } },
		{ 2, 3, 1, { { 2, 10, 0 }, { 2, 10, 0 }, { 10, 11, 0 } }, { 0 } },
		{ 2, 3, 0, { { 2, 4, 0 }, { 2, 4, 0 }, { 2, 4, 0 } }, { 0 } },
		{ 2, 3, 1, { { 2, 3, 0 }, { 2, 3, 0 }, { 2, 3, 0 } }, { 0 } },
		{ 2, 3, 0, { { 35, 160, 90 }, { 70, 160, 115 }, { 30, 75, 50 } }, { 0 } },
		{ 3, 3, 0, { { 2, 3, 0 }, { 2, 3, 0 }, { 2, 3, 0 } }, { 2, 2, 2 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run_set("scheduler: edf, placement: global", cases[i].cpus, 3300, cases[i].t, cases[i].n, false);
		if (!missed() != !cases[i].misses)
			fail_msg("set %zu: %llu missed", i, (unsigned long long)missed());
		for (int k = 0; k < cases[i].n; k++)
			if (cases[i].worst[k] && worst_ms(k) != cases[i].worst[k])
				fail_msg("set %zu task %d: worst response %lld", i, k, (long long)worst_ms(k));
	}
}

/* -- tick by tick ------------------------------------------------------------------- */

/*
 * Worst responses of tasks on @cpus; @home: -1 any, else its CPU. In order of priority, or by EDF; false: at some
 * instant equal deadlines leave it open who runs.
 */
static bool ticks(const struct set *t, int n, const int *home, int cpus, int duration, bool edf, int64_t *worst)
{
	int64_t left[16] = { 0 }, released[16], next[16] = { 0 };

	memset(worst, 0, (size_t)n * sizeof(*worst));
	for (int now = 0; now < duration; now++) {
		bool running[16] = { false };

		for (int i = 0; i < n; i++)
			if (!left[i] && next[i] <= now) {
				left[i] = t[i].cost;
				released[i] = next[i];
				next[i] += t[i].period;
			}
		for (int i = 0; i < n; i++) {
			int64_t key = edf ? released[i] + t[i].period : i;
			int before = 0, equal = 0, here = home[i] < 0 ? cpus : 1;

			for (int k = 0; k < n && left[i]; k++) {
				int64_t other = edf ? released[k] + t[k].period : k;

				if (k == i || !left[k] || home[k] != home[i])
					continue;
				before += other < key;
				equal += other == key;
			}
			if (left[i] && equal && before < here && before + equal >= here)
				return false;
			running[i] = left[i] && before < here;
		}
		for (int i = 0; i < n; i++) {
			if (!running[i] || --left[i])
				continue;
			if (now + 1 - released[i] > worst[i])
				worst[i] = now + 1 - released[i];
		}
	}
	return true;
}

static uint64_t lcg = 1;

static int below(int n)
{
	lcg = lcg * 6364136223846793005ULL + 1442695040888963407ULL;
	return (int)((lcg >> 33) % (uint64_t)n);
}

/* Where there are no ties every job's end is determined: both must agree on each task's worst response. */
static void compare_with_ticks(bool edf, int rounds, int *overloads, int *global_ones, int *compared)
{
	for (int round = 0; round < rounds; round++) {
		int cpus = 1 + below(4), n = cpus + 1 + below(6), home[16];
		bool global = below(2);
		struct set t[16];
		int64_t worst[16];
		char how[60];

		for (int i = 0; i < n; i++) {
			t[i].period = edf ? 20 + below(400) : 3 + below(30);
			t[i].cost = 1 + below((int)t[i].period * cpus * (edf ? 5 : 2) / (2 * n) + 1);
			if (t[i].cost > t[i].period)
				t[i].cost = t[i].period;
			t[i].deadline = 0;
			home[i] = -1;
		}
		snprintf(how, sizeof(how), "scheduler: %s%s", edf ? "edf" : "fp", global ? ", placement: global" : "");
		run_set(how, cpus, 2000, t, n, !edf);
		for (int i = 0; i < n && !global; i++)
			home[i] = (int)os()->tasks[i].home->id;
		if (!ticks(t, n, home, cpus, 2000, edf, worst))
			continue;
		for (int i = 0; i < n; i++)
			if (worst_ms(i) != worst[i])
				fail_msg("round %d, %s, %d CPUs, task %d of %d: %lld, tick by tick %lld\n%s", round,
					 how, cpus, i, n, (long long)worst_ms(i), (long long)worst[i], text);
		*overloads += missed() > 0;
		*global_ones += global;
		++*compared;
	}
}

static void test_against_ticks(void **state)
{
	int overloads = 0, migrating = 0, compared = 0;

	(void)state;
	compare_with_ticks(false, 300, &overloads, &migrating, &compared);
	/* Otherwise this would test less than it says. */
	assert_int_equal(compared, 300);
	assert_in_range(overloads, 60, 290);
	assert_in_range(migrating, 100, 200);
}

static void test_edf_against_ticks(void **state)
{
	int overloads = 0, migrating = 0, compared = 0;

	(void)state;
	compare_with_ticks(true, 1000, &overloads, &migrating, &compared);
	print_message("%d of 1000 without ties, %d of them global, %d with misses\n", compared, migrating, overloads);
	assert_true(compared >= 200 && migrating >= 50 && overloads >= 20);
}

/* On one CPU EDF misses nothing exactly when the utilisation is at most 1. */
static void test_edf_is_optimal(void **state)
{
	int full = 0;

	(void)state;
	for (int round = 0; round < 200; round++) {
		static const int periods[] = { 4, 6, 8, 10, 12, 15, 20, 24, 30, 40, 60 }; /* hyperperiod 120 */
		struct set t[8];
		int n = 2 + below(5), load = 0; /* of 120 */

		for (int i = 0; i < n; i++) {
			t[i].period = periods[below(11)];
			t[i].cost = 1 + below((int)t[i].period / 2 + 1);
			t[i].deadline = 0;
			load += (int)t[i].cost * 120 / (int)t[i].period;
		}
		run_set("scheduler: edf", 1, 1201, t, n, false);
		if (!missed() != (load <= 120))
			fail_msg("load %d/120: %llu missed\n%s", load, (unsigned long long)missed(), text);
		full += load > 100 && load <= 120;
	}
	assert_true(full > 10);
}

/* -- the host between ------------------------------------------------------------------ */

/*
 * One vCPU with 4 ms in each 10, at the period's end (a server of 6 ms goes first): a job of 5 ms released at 0 runs
 * in [6,10) and [16,17).
 */
static void test_under_a_server(void **state)
{
	(void)state;
	snprintf(text, sizeof(text), "%s",
		 "duration: 100ms\n"
		 "host: {costs: {context_switch: 0, ipi: 0, migration: 0, vm_exit: 0}}\n"
		 "pools: [{name: p, sched: rtxen, admission: off, params: {priority: fp}}]\n"
		 "domains:\n"
		 "  - {name: vm, sched: {period: 10ms, budget: 4ms, priority: 2}, workload: {model: tasks, " FREE
		 ", tasks: [{name: t, cost: 5ms, period: 50ms, deadline: 16ms}]}}\n"
		 "  - {name: first, sched: {period: 10ms, budget: 6ms, priority: 1}, workload: {model: hog}}\n");
	run_text();
	assert_int_equal(os()->rt[0].jobs, 2);
	assert_int_equal(worst_ms(0), 17);
	assert_int_equal(os()->rt[0].missed, 2);
	assert_int_equal(os()->rt[0].tardiness.max, MS);
	assert_int_equal(os()->response_ppm.max, 1062500);
}

/* Due at 1 and 51 ms, when the other server has the pCPU until 6 and 56: the guest knows of it then. */
static void test_release_waits_for_the_vcpu(void **state)
{
	(void)state;
	snprintf(text, sizeof(text), "%s",
		 "duration: 100ms\n"
		 "host: {costs: {context_switch: 0, ipi: 0, migration: 0, vm_exit: 0}}\n"
		 "pools: [{name: p, sched: rtxen, admission: off, params: {priority: fp}}]\n"
		 "domains:\n"
		 "  - {name: vm, sched: {period: 10ms, budget: 4ms, priority: 2}, workload: {model: tasks, " FREE
		 ", tasks: [{name: t, cost: 1ms, period: 50ms, phase: 1ms}]}}\n"
		 "  - {name: first, sched: {period: 10ms, budget: 6ms, priority: 1}, workload: {model: hog}}\n");
	run_text();
	assert_int_equal(os()->rt[0].release.count, 2);
	assert_int_equal(os()->rt[0].release.sum, 10 * MS);
	assert_int_equal(os()->rt[0].release.max, 5 * MS);
	assert_int_equal(worst_ms(0), 6);
}

/* Overdue when the run ends is missed as well: jobs released at 0, 10 and 20 with deadlines at 10, 20 and 30 of 35. */
static void test_overdue(void **state)
{
	(void)state;
	snprintf(text, sizeof(text), "%s",
		 "duration: 35ms\n"
		 "host: {costs: {context_switch: 0, ipi: 0, migration: 0, vm_exit: 0}}\n"
		 "pools: [{name: p, sched: rtxen}]\n"
		 "domains:\n"
		 "  - {name: vm, sched: {period: 100ms, budget: 4ms}, workload: {model: tasks, " FREE
		 ", tasks: [{name: t, cost: 5ms, period: 10ms}]}}\n");
	run_text();
	assert_int_equal(os()->rt[0].jobs, 3);
	assert_int_equal(os()->rt[0].missed, 3);
	assert_int_equal(os()->rt[0].response.count, 0);
}

/* What the guest's kernel takes: timer 2, change of tasks 1, on one vCPU. */
static void test_costs(void **state)
{
	(void)state;
	snprintf(text, sizeof(text), "%s",
		 "duration: 100ms\n"
		 "host: {costs: {context_switch: 0, ipi: 0, migration: 0, vm_exit: 0}}\n"
		 "pools: [{name: p, sched: \"null\"}]\n"
		 "domains:\n"
		 "  - {name: vm, workload: {model: tasks, switch: 1ms, hard_irq: 2ms, ipi: 0, tasks: "
		 "[{name: a, cost: 5ms, period: 20ms}, {name: b, cost: 1ms, period: 100ms, phase: 50ms}]}}\n");
	run_text();
	/* the first job of a: 2 + 1 + 5; later ones need no change of tasks but after b */
	assert_int_equal(os()->rt[0].response.max, 8 * MS);
	assert_int_equal(histogram_percentile(&os()->rt[0].response, 400) / MS, 7);
	assert_int_equal(os()->rt[1].response.max, 4 * MS);
	/* the guest knows when the interrupt is handled */
	assert_int_equal(os()->rt[0].release.max, 2 * MS);
	assert_int_equal(os()->rt[0].release.count, 5);
}

/* By decreasing load: worst fit spreads, first fit fills; what has a vCPU keeps it. */
static void test_fit(void **state)
{
	static const struct set t[] = { { 1, 10, 0 }, { 2, 10, 0 }, { 6, 10, 0 }, { 3, 10, 0 } };
	static const uint32_t worst[] = { 0, 1, 0, 1 }, first[] = { 0, 1, 0, 0 };

	(void)state;
	run_set("scheduler: edf", 2, 100, t, 4, false);
	/* 6 -> 0; 3 -> 1; 2 -> 1 (5); 1 -> 1 has 5 < 6 */
	assert_int_equal(os()->tasks[2].home->id, worst[2]);
	assert_int_equal(os()->tasks[3].home->id, worst[3]);
	assert_int_equal(os()->tasks[1].home->id, worst[1]);
	assert_int_equal(os()->tasks[0].home->id, 1);
	run_set("scheduler: edf, fit: first", 2, 100, t, 4, false);
	/* 6 -> 0, 3 -> 0 (9), 2 -> 1, 1 -> 0 (10) */
	for (int i = 0; i < 4; i++)
		assert_int_equal(os()->tasks[i].home->id, first[i]);
}

/*
 * Global. At 10 ms vCPU 0, which has `long` and lost its pCPU at 5, is told to take `short`. It can't; vCPU 1 does when
 * it has done `mid`. `long` was begun on vCPU 0 and waits with it, whoever else idles.
 */
static void test_begun_jobs_wait(void **state)
{
	(void)state;
	snprintf(text, sizeof(text), "%s",
		 "duration: 100ms\n"
		 "host: {cores: 2, costs: {context_switch: 0, ipi: 0, migration: 0, vm_exit: 0}}\n"
		 "pools: [{name: p, sched: \"null\"}]\n"
		 "domains:\n"
		 "  - {name: vm, vcpus: 2, workload: {model: tasks, placement: global, " FREE ", tasks: "
		 "[{name: long, cost: 50ms, period: 1s}, {name: mid, cost: 20ms, period: 900ms, phase: 1ms}, "
		 "{name: short, cost: 1ms, period: 100ms, phase: 10ms}]}}\n"
		 "events:\n"
		 "  - {at: 5ms, do: pause, domain: vm, vcpu: 0}\n"
		 "  - {at: 30ms, do: unpause, domain: vm, vcpu: 0}\n");
	run_text();
	assert_int_equal(worst_ms(1), 20);
	assert_int_equal(worst_ms(2), 12);
	assert_int_equal(worst_ms(0), 75);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_response_times_rm, done),
		cmocka_unit_test_teardown(test_misses, done),
		cmocka_unit_test_teardown(test_dm, done),
		cmocka_unit_test_teardown(test_edf, done),
		cmocka_unit_test_teardown(test_gedf, done),
		cmocka_unit_test_teardown(test_against_ticks, done),
		cmocka_unit_test_teardown(test_edf_against_ticks, done),
		cmocka_unit_test_teardown(test_edf_is_optimal, done),
		cmocka_unit_test_teardown(test_under_a_server, done),
		cmocka_unit_test_teardown(test_release_waits_for_the_vcpu, done),
		cmocka_unit_test_teardown(test_overdue, done),
		cmocka_unit_test_teardown(test_costs, done),
		cmocka_unit_test_teardown(test_fit, done),
		cmocka_unit_test_teardown(test_begun_jobs_wait, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
