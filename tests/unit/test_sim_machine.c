/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the simulated host with loads small enough to add up by hand: CPU time of interrupt
 * handlers and jobs together, costs that are taken from guests, queued releases, windows of
 * duty guests, and results that do not depend on how the run is cut into pieces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/machine.h"

static struct scenario *scenario;
static struct machine *m;

static void start(const char *costs, const char *rest)
{
	const char *dir = getenv("TEST_TMP");
	char path[512], err[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/machine.yaml", dir ? dir : "/tmp");
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "name: unit\nseed: 1\nduration: 1s\nhost: {nodes: 1, cores: 1, threads: 1, costs: "
		   "{%s}}\n%s", costs, rest);
	fclose(f);
	scenario = scenario_load(path, NULL, 0, err, sizeof(err));
	if (!scenario)
		fail_msg("%s", err);
	m = machine_create(scenario, TRACE_BASIC, NULL, NULL, err, sizeof(err));
	if (!m)
		fail_msg("%s", err);
}

static int done(void **state)
{
	(void)state;
	if (m)
		machine_free(m);
	if (scenario)
		scenario_free(scenario);
	m = NULL;
	scenario = NULL;
	return 0;
}

#define NO_COSTS "context_switch: 0, ipi: 0, migration: 0, vm_exit: 0"

static int64_t ran(uint32_t i)
{
	return vcpu_runstate_ns(m->vcpus[i].v, RUNSTATE_running, m->now);
}

/* A release that comes while an interrupt's handler runs is work behind it, not instead of it. */
static void test_job_behind_handler(void **state)
{
	(void)state;
	start(NO_COSTS, "domains:\n"
			"  - {name: io, workload: {model: periodic, period: 10ms, cost: 4ms}}\n"
			"events:\n"
			"  - {at: 9ms, do: irq, domain: io, vcpu: 0, cost: 2ms, every: 10ms}\n");
	machine_run(m, 1000000000);
	machine_finish(m);
	/* 100 jobs of 4 ms, 100 handlers of 2 ms, of which the last has run for 1 ms. */
	assert_int_equal(ran(0), 599000000);
	assert_int_equal(m->vcpus[0].guest.stats.jobs, 100);
	assert_int_equal(m->vcpus[0].guest.stats.missed, 0);
}

/* A handler takes time from a job that runs: it ends later by so much. */
static void test_handler_within_job(void **state)
{
	(void)state;
	start(NO_COSTS, "domains:\n"
			"  - {name: io, workload: {model: periodic, period: 100ms, cost: 40ms}}\n"
			"events:\n"
			"  - {at: 20ms, do: irq, domain: io, vcpu: 0, cost: 7ms}\n");
	machine_run(m, 99000000);
	assert_int_equal(ran(0), 47000000);
	assert_int_equal(m->vcpus[0].guest.stats.jobs, 1);
}

/* Releases that come while it can't run queue up, and are late one after the other. */
static void test_releases_queue(void **state)
{
	(void)state;
	start(NO_COSTS, "domains:\n"
			"  - {name: io, workload: {model: periodic, period: 10ms, cost: 4ms}}\n"
			"events:\n"
			"  - {at: 5ms, do: pause, domain: io}\n"
			"  - {at: 55ms, do: unpause, domain: io}\n");
	machine_run(m, 1000000000);
	machine_finish(m);
	assert_int_equal(ran(0), 400000000);
	assert_int_equal(m->vcpus[0].guest.stats.jobs, 100);
	/* Done at 59, 63, 67, 71, 75, 79, 83 ms, due at 20, 30, ... 80; that of 80 ms is in time. */
	assert_int_equal(m->vcpus[0].guest.stats.missed, 7);
}

/* Two hogs with finite work, one pCPU: what costs take, they get later. */
static void test_costs_delay_work(void **state)
{
	(void)state;
	start("context_switch: 1ms, ipi: 0, migration: 0, vm_exit: 0",
	      "domains:\n"
	      "  - {name: a, workload: {model: hog, work: 90ms}}\n");
	machine_run(m, 500000000);
	assert_int_equal(m->vcpus[0].guest.stats.completion_ns, 91000000);
	done(state);
	start("context_switch: 0, ipi: 0, migration: 0, vm_exit: 1ms",
	      "domains:\n"
	      "  - {name: a, workload: {model: hog, work: 25ms}}\n");
	machine_run(m, 500000000);
	/* Timer interrupts at 10 and 20 ms. */
	assert_int_equal(m->vcpus[0].guest.stats.completion_ns, 27000000);
}

/* A window of a duty guest goes by the clock: what it did not get in it is gone. */
static void test_duty_windows(void **state)
{
	(void)state;
	start(NO_COSTS, "domains:\n"
			"  - {name: d, workload: {model: duty, period: 10ms, on: 4ms, phase: 2ms}}\n");
	machine_run(m, 1000000000);
	assert_int_equal(ran(0), 400000000);
	done(state);
	start(NO_COSTS, "domains:\n"
			"  - {name: d, workload: {model: duty, period: 10ms, on: 4ms}}\n"
			"events:\n"
			"  - {at: 1ms, do: pause, domain: d}\n"
			"  - {at: 13ms, do: unpause, domain: d}\n");
	machine_run(m, 20000000 - 1);
	/* 0..1 ms; then 13..14 ms. */
	assert_int_equal(ran(0), 2000000);
}

/* Wake-up latency beside a hog: the ratelimit at most. The first time it comes up is no wake-up. */
static void test_wake_latency(void **state)
{
	(void)state;
	start(NO_COSTS, "domains:\n"
			"  - {name: h, workload: {model: hog}}\n"
			"  - {name: io, workload: {model: periodic, period: 100ms, cost: 1us, phase: 500us}}\n");
	machine_run(m, 1000000000);
	assert_int_equal(m->domains[1].wake_latency.count, 9);
	assert_true(m->domains[1].wake_latency.max <= 1000000);
}

/* In one piece or in a thousand: the same run. */
static void test_pieces(void **state)
{
	const char *load = "domains:\n"
			   "  - {name: a, vcpus: 2, workload: {model: bursty, run: {exp: 1ms}, sleep: {exp: 2ms}}}\n"
			   "  - {name: b, cap: 30, workload: {model: hog}}\n"
			   "  - {name: c, workload: {model: periodic, period: 7ms, cost: 1ms}}\n";
	uint64_t hash;

	(void)state;
	start("context_switch: 2us, ipi: 1us, migration: 5us, vm_exit: 1us", load);
	machine_run(m, 1000000000);
	hash = m->trace_hash;
	done(state);
	start("context_switch: 2us, ipi: 1us, migration: 5us, vm_exit: 1us", load);
	for (int64_t i = 1; i <= 1000; i++)
		machine_run(m, i * 1000000);
	assert_true(m->trace_hash == hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_job_behind_handler, done),
		cmocka_unit_test_teardown(test_handler_within_job, done),
		cmocka_unit_test_teardown(test_releases_queue, done),
		cmocka_unit_test_teardown(test_costs_delay_work, done),
		cmocka_unit_test_teardown(test_duty_windows, done),
		cmocka_unit_test_teardown(test_wake_latency, done),
		cmocka_unit_test_teardown(test_pieces, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
