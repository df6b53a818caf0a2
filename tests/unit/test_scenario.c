// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: what a valid scenario becomes: defaults, every key, replication, events in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/scenario_read.h"

static struct scenario *load(const char *text)
{
	char err[512] = "";
	struct scenario *s =
		scn_load_text("dir/test.yaml", text, strlen(text), NULL, 0, err, sizeof(err));

	if (!s)
		fail_msg("%s", err);
	assert_string_equal(err, "");
	return s;
}

static const struct scn_param *param(const struct scn_pool *p, const char *key)
{
	for (int i = 0; i < p->nr_params; i++)
		if (!strcmp(p->params[i].key, key))
			return &p->params[i];
	fail_msg("no parameter %s", key);
	return NULL;
}

static void the_least_scenario_gets_the_defaults(void **state)
{
	const char *text = "duration: 10s\ndomains: [{name: vm1}]\n";
	struct scenario *s = load(text);
	struct scn_cpus one = { { 1 } };

	(void)state;
	assert_string_equal(s->path, "dir/test.yaml");
	assert_string_equal(s->text, text);
	assert_string_equal(s->name, "test");
	assert_null(s->description);
	assert_int_equal(s->seed, 1);
	assert_int_equal(s->duration_ns, 10000000000);
	assert_int_equal(s->warmup_ns, 0);
	assert_int_equal(s->nodes, 1);
	assert_int_equal(s->cores, 1);
	assert_int_equal(s->threads, 1);
	assert_int_equal(s->nr_pcpus, 1);
	assert_int_equal(s->cost_switch_ns, 2000);
	assert_int_equal(s->cost_ipi_ns, 1000);
	assert_int_equal(s->cost_migration_ns, 5000);
	assert_int_equal(s->cost_vmexit_ns, 1000);
	assert_int_equal(s->nr_pools, 1);
	assert_string_equal(s->pools[0].name, "Pool-0");
	assert_string_equal(s->pools[0].sched, "credit");
	assert_memory_equal(&s->pools[0].cpus, &one, sizeof(one));
	assert_int_equal(s->pools[0].nr_params, 0);
	assert_int_equal(s->nr_domains, 1);
	assert_int_equal(s->domains[0].pool, 0);
	assert_int_equal(s->domains[0].nr_vcpus, 1);
	assert_int_equal(s->domains[0].weight, 256);
	assert_int_equal(s->domains[0].cap, 0);
	assert_int_equal(s->domains[0].line, 2);
	assert_memory_equal(&s->domains[0].vcpus[0].settings->hard, &one, sizeof(one));
	assert_memory_equal(&s->domains[0].vcpus[0].settings->soft, &one, sizeof(one));
	assert_int_equal(s->domains[0].vcpus[0].workload.model, SCN_IDLE);
	assert_int_equal(s->nr_events, 0);
	scenario_free(s);
}

static void every_key_of_the_host_is_read(void **state)
{
	struct scenario *s =
		load("name: all keys\ndescription: one line\n"
		     "seed: 18446744073709551615\nduration: 2s\nwarmup: 1.5s\n"
		     "host:\n  nodes: 2\n  cores: 3\n  threads: 4\n"
		     "  costs: {context_switch: 0, ipi: 2us, migration: 20us, vm_exit: 1ns}\n"
		     "domains: [{name: vm1}]\n");

	(void)state;
	assert_string_equal(s->name, "all keys");
	assert_string_equal(s->description, "one line");
	assert_true(s->seed == UINT64_MAX);
	assert_int_equal(s->warmup_ns, 1500000000);
	assert_int_equal(s->nr_pcpus, 24);
	assert_int_equal(s->nodes, 2);
	assert_int_equal(s->cores, 3);
	assert_int_equal(s->threads, 4);
	assert_int_equal(s->cost_switch_ns, 0);
	assert_int_equal(s->cost_ipi_ns, 2000);
	assert_int_equal(s->cost_migration_ns, 20000);
	assert_int_equal(s->cost_vmexit_ns, 1);
	assert_int_equal(s->pools[0].cpus.w[0], 0xffffff);
	scenario_free(s);
}

static void pools_and_their_parameters(void **state)
{
	struct scenario *s = load(
		"duration: 1s\nhost: {cores: 8}\n"
		"pools:\n"
		"  - name: a\n    cpus: \"0-2\"\n    params:\n"
		"      tslice: 10ms\n      ratelimit: 0\n      vcpu_migr_delay: 100us\n"
		"      lb_ratelimit: 2ms\n      weight_of: domain\n      tickle_one_idle: no\n"
		"      mend: [tick, smt]\n"
		"  - {name: Pool-0, cpus: \"3-5\", sched: credit, params: {mend: none, weight_of: vcpu}}\n"
		"domains: [{name: vm1}, {name: vm2, pool: a}]\n");
	const struct scn_pool *a = &s->pools[0];

	(void)state;
	assert_int_equal(s->nr_pools, 2);
	assert_int_equal(a->line, 4);
	assert_int_equal(a->cpus.w[0], 0x7);
	assert_int_equal(a->nr_params, 7);
	assert_string_equal(a->params[0].key, "tslice"); /* in file order */
	assert_string_equal(a->params[6].key, "mend");
	assert_int_equal(param(a, "tslice")->value, 10000000);
	assert_string_equal(param(a, "tslice")->text, "10ms");
	assert_int_equal(param(a, "tslice")->line, 7);
	assert_int_equal(param(a, "ratelimit")->value, 0);
	assert_int_equal(param(a, "migration_delay")->value, 100000); /* one name for both */
	assert_int_equal(param(a, "lb_ratelimit")->value, 2000000);
	assert_int_equal(param(a, "weight_of")->value, 1);
	assert_int_equal(param(a, "tickle_one_idle")->value, 0);
	assert_string_equal(param(a, "mend")->text, "tick,smt");
	assert_string_equal(param(&s->pools[1], "mend")->text, "none");
	assert_int_equal(param(&s->pools[1], "weight_of")->value, 0);
	assert_int_equal(s->pools[1].cpus.w[0], 0x38);
	/* A domain that names no pool is in Pool-0, wherever that stands. */
	assert_int_equal(s->domains[0].pool, 1);
	assert_int_equal(s->domains[1].pool, 0);
	scenario_free(s);
}

static void the_only_pool_has_all_pcpus(void **state)
{
	struct scenario *s = load("duration: 1s\nhost: {cores: 4}\npools: [{name: x}]\n"
				  "domains: [{name: vm1}]\n");

	(void)state;
	assert_int_equal(s->pools[0].cpus.w[0], 0xf);
	assert_int_equal(s->domains[0].pool, 0);
	scenario_free(s);
}

static void affinity_of_domain_and_of_vcpu(void **state)
{
	struct scenario *s =
		load("duration: 1s\nhost: {nodes: 2, cores: 4}\ndomains:\n"
		     "  - name: vm1\n    vcpus: 4\n    cpus: \"0-5\"\n    cpus_soft: node:1\n"
		     "    workload: {model: hog}\n"
		     "    vcpu:\n"
		     "      - {cpus: \"7\"}\n"
		     "      - {id: 3, cpus_soft: \"0\", workload: {model: hog, work: 3s}}\n"
		     "      - {workload: {model: idle}}\n");
	const struct scn_vcpu *v = s->domains[0].vcpus;

	(void)state;
	assert_int_equal(v[0].settings->hard.w[0], 0x80);
	assert_int_equal(v[0].settings->soft.w[0], 0xf0);
	assert_int_equal(v[1].settings->hard.w[0], 0x3f);
	assert_int_equal(v[2].workload.model, SCN_IDLE);
	assert_int_equal(v[3].settings->hard.w[0], 0x3f);
	assert_int_equal(v[3].settings->soft.w[0], 0x1);
	assert_int_equal(v[3].workload.work_ns, 3000000000);
	assert_int_equal(v[1].workload.work_ns, 0);
	assert_int_equal(v[1].workload.model, SCN_HOG);
	scenario_free(s);
}

static void every_workload_model(void **state)
{
	struct scenario *s = load(
		"duration: 1s\ndomains:\n"
		"  - name: vm\n    vcpus: 8\n    cap: 800\n    workload:\n"
		"      - {model: idle}\n"
		"      - {model: hog, start: 5ms, work: 2s}\n"
		"      - {model: periodic, period: 10ms, cost: 3ms}\n"
		"      - {model: periodic, period: 10ms, cost: 10ms, deadline: 20ms, phase: 1ms}\n"
		"      - {model: duty, period: 10ms, on: 9ms, phase: 500us, start: 1s}\n"
		"      - {model: bursty, run: 1ms, sleep: {const: 2ms}}\n"
		"      - {model: bursty, run: {uniform: [0, 5ms]}, sleep: {exp: 3ms}}\n"
		"      - {model: bursty, run: {lognormal: {median: 2ms, sigma: 0.5}}, sleep: 1ns}\n");
	const struct scn_vcpu *v = s->domains[0].vcpus;
	const struct scn_workload *w;

	(void)state;
	assert_int_equal(s->domains[0].cap, 800);
	assert_int_equal(v[0].workload.model, SCN_IDLE);
	w = &v[1].workload;
	assert_int_equal(w->model, SCN_HOG);
	assert_int_equal(w->start_ns, 5000000);
	assert_int_equal(w->work_ns, 2000000000);
	w = &v[2].workload;
	assert_int_equal(w->model, SCN_PERIODIC);
	assert_int_equal(w->period_ns, 10000000);
	assert_int_equal(w->cost_ns, 3000000);
	assert_int_equal(w->deadline_ns, 10000000); /* the period, unless given */
	assert_int_equal(w->phase_ns, 0);
	w = &v[3].workload;
	assert_int_equal(w->deadline_ns, 20000000);
	assert_int_equal(w->phase_ns, 1000000);
	w = &v[4].workload;
	assert_int_equal(w->model, SCN_DUTY);
	assert_int_equal(w->on_ns, 9000000);
	assert_int_equal(w->phase_ns, 500000);
	assert_int_equal(w->start_ns, 1000000000);
	w = &v[5].workload;
	assert_int_equal(w->model, SCN_BURSTY);
	assert_int_equal(w->run.kind, SCN_CONST);
	assert_int_equal(w->run.a, 1000000);
	assert_int_equal(w->sleep.kind, SCN_CONST);
	assert_int_equal(w->sleep.a, 2000000);
	w = &v[6].workload;
	assert_int_equal(w->run.kind, SCN_UNIFORM);
	assert_int_equal(w->run.a, 0);
	assert_int_equal(w->run.b, 5000000);
	assert_int_equal(w->sleep.kind, SCN_EXP);
	assert_int_equal(w->sleep.a, 3000000);
	w = &v[7].workload;
	assert_int_equal(w->run.kind, SCN_LOGNORMAL);
	assert_int_equal(w->run.a, 2000000);
	assert_int_equal(w->run.b, 500000);
	scenario_free(s);
}

static void count_makes_domains_that_share_nothing(void **state)
{
	struct scenario *s =
		load("duration: 1s\ndomains:\n"
		     "  - {name: vm, count: 3, vcpus: 2, weight: 512, workload: {model: hog}}\n"
		     "  - {name: w%d-a, count: 1}\n  - {name: vm4}\n");

	(void)state;
	assert_int_equal(s->nr_domains, 5);
	assert_string_equal(s->domains[0].name, "vm1");
	assert_string_equal(s->domains[2].name, "vm3");
	assert_string_equal(s->domains[3].name, "w1-a");
	assert_string_equal(s->domains[4].name, "vm4");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(s->domains[i].weight, 512);
		assert_int_equal(s->domains[i].nr_vcpus, 2);
		assert_int_equal(s->domains[i].vcpus[1].workload.model, SCN_HOG);
	}
	assert_ptr_not_equal(s->domains[0].vcpus, s->domains[1].vcpus);
	scenario_free(s);
}

static void the_largest_host_is_accepted(void **state)
{
	struct scenario *s = load("duration: 1s\nhost: {nodes: 64, cores: 8, threads: 2}\n"
				  "domains: [{name: vm, count: 16384, vcpus: 4}]\n");

	(void)state;
	assert_int_equal(s->nr_pcpus, SCHED_MAX_PCPUS);
	assert_int_equal(s->nr_domains, SCHED_MAX_DOMAINS);
	assert_string_equal(s->domains[16383].name, "vm16384");
	assert_true(s->domains[16383].vcpus[3].settings->hard.w[SCN_CPU_WORDS - 1] == UINT64_MAX);
	scenario_free(s);
}

static void events_come_in_time_order(void **state)
{
	struct scenario *s =
		load("duration: 1s\nhost: {cores: 4}\n"
		     "pools: [{name: Pool-0, cpus: \"0-1\"}, {name: b, cpus: \"2\"}]\n"
		     "domains: [{name: vm1, vcpus: 2}, {name: vm2}]\n"
		     "events:\n"
		     "  - {at: 9ms, do: unpause, domain: vm2}\n"
		     "  - {at: 1ms, do: pause, domain: vm2}\n"
		     "  - {at: 2ms, do: weight, domain: vm2, value: 1024}\n"
		     "  - {at: 2ms, do: cap, domain: vm1, value: 200}\n"
		     "  - {at: 2ms, do: pin, domain: vm1, vcpu: 1, cpus: \"1\"}\n"
		     "  - {at: 2ms, do: pin_soft, domain: vm1, cpus: \"3\"}\n"
		     "  - {at: 3ms, do: yield, domain: vm1}\n"
		     "  - {at: 3ms, do: irq, domain: vm1, vcpu: 1, cost: 20us, every: 1ms}\n"
		     "  - {at: 4ms, do: move, domain: vm2, pool: b}\n"
		     "  - {at: 5ms, do: cpu_remove, pool: Pool-0, cpus: \"1\"}\n"
		     "  - {at: 6ms, do: cpu_add, pool: b, cpus: \"1,3\"}\n"
		     "  - {at: 7ms, do: pin, domain: vm2, cpus: \"1\"}\n"
		     "  - {at: 10s, do: pause, domain: vm1, vcpu: 0}\n");
	static const enum scn_event_kind order[] = {
		SCN_EV_PAUSE, SCN_EV_WEIGHT,  SCN_EV_CAP,   SCN_EV_PIN,	       SCN_EV_PIN_SOFT,
		SCN_EV_YIELD, SCN_EV_IRQ,     SCN_EV_MOVE,  SCN_EV_CPU_REMOVE, SCN_EV_CPU_ADD,
		SCN_EV_PIN,   SCN_EV_UNPAUSE, SCN_EV_PAUSE,
	};
	const struct scn_event *e = s->events;

	(void)state;
	assert_int_equal(s->nr_events, 13);
	for (int i = 0; i < 13; i++)
		assert_int_equal(e[i].kind, order[i]);
	assert_int_equal(e[0].at_ns, 1000000);
	assert_int_equal(e[0].domain, 1);
	assert_int_equal(e[0].vcpu, -1);
	assert_int_equal(e[0].line, 7);
	assert_int_equal(e[1].value, 1024);
	assert_int_equal(e[2].value, 200);
	assert_int_equal(e[3].vcpu, 1);
	assert_int_equal(e[3].cpus.w[0], 0x2);
	assert_int_equal(e[4].vcpu, -1);
	assert_int_equal(e[5].vcpu, 0);
	assert_int_equal(e[6].cost_ns, 20000);
	assert_int_equal(e[6].every_ns, 1000000);
	assert_int_equal(e[7].pool, 1);
	assert_int_equal(e[9].cpus.w[0], 0xa);
	assert_int_equal(e[12].vcpu, 0);
	scenario_free(s);
}

static void an_alias_is_a_copy(void **state)
{
	struct scenario *s = load("duration: 1s\ndomains:\n"
				  "  - {name: a, workload: &w {model: hog, work: 1s}}\n"
				  "  - {name: b, workload: *w}\n");

	(void)state;
	assert_int_equal(s->domains[1].vcpus[0].workload.work_ns, 1000000000);
	scenario_free(s);
}

/* A file, a recording beside it, and a directory that is not the working directory. */
static void replay_paths_start_at_the_scenario(void **state)
{
	static const char text[] =
		"duration: 1s\ndomains:\n"
		"  - {name: a, count: 2, vcpus: 2, workload: {model: replay, file: d.txt}}\n";
	char dir[] = "/tmp/rota-scenario-XXXXXX", path[64], demand[64], err[300];
	struct scenario *s;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/my.test.yaml", dir);
	snprintf(demand, sizeof(demand), "%s/d.txt", dir);
	f = fopen(demand, "w");
	assert_non_null(f);
	fclose(f);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	s = scenario_load(path, NULL, 0, err, sizeof(err));
	unlink(demand);
	if (!s)
		fail_msg("%s", err);
	assert_string_equal(s->name, "my.test");
	assert_string_equal(s->text, text);
	assert_string_equal(s->domains[1].vcpus[1].workload.file, demand);
	scenario_free(s);
	assert_null(scenario_load(path, NULL, 0, err, sizeof(err)));
	assert_non_null(strstr(err, "my.test.yaml:3: domains.a.workload.file: 'd.txt'"));
	unlink(path);
	rmdir(dir);
}

static void too_large_a_file_is_refused_unread(void **state)
{
	char path[] = "/tmp/rota-scenario-XXXXXX", err[300];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SCN_MAX_FILE + 1), 0);
	close(fd);
	assert_null(scenario_load(path, NULL, 0, err, sizeof(err)));
	unlink(path);
	assert_non_null(strstr(err, "larger than 16 MiB"));
	assert_null(scenario_load("/nonexistent/a.yaml", NULL, 0, err, sizeof(err)));
	assert_string_equal(err, "/nonexistent/a.yaml:1: scenario: cannot be read (No such file or "
				 "directory); check the path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_scenario_gets_the_defaults),
		cmocka_unit_test(every_key_of_the_host_is_read),
		cmocka_unit_test(pools_and_their_parameters),
		cmocka_unit_test(the_only_pool_has_all_pcpus),
		cmocka_unit_test(affinity_of_domain_and_of_vcpu),
		cmocka_unit_test(every_workload_model),
		cmocka_unit_test(count_makes_domains_that_share_nothing),
		cmocka_unit_test(the_largest_host_is_accepted),
		cmocka_unit_test(events_come_in_time_order),
		cmocka_unit_test(an_alias_is_a_copy),
		cmocka_unit_test(replay_paths_start_at_the_scenario),
		cmocka_unit_test(too_large_a_file_is_refused_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
