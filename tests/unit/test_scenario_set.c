// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: --set path=value changes what is read as if it stood in the file, and its mistakes
 * are named by the assignment and the key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario_read.h"

static const char base[] = "duration: 1s\nhost: {cores: 4}\n"
			   "domains:\n"
			   "  - {name: vm1, workload: &w {model: hog}}\n"
			   "  - {name: vm1.b, workload: *w}\n"
			   "  - name: vm2\n"
			   "    vcpus: 2\n"
			   "    workload: [{model: hog}, {model: idle}]\n"
			   "  - name: vm3\n"
			   "    workload:\n";

static struct scenario *load(int n, char *const *sets, char *err, size_t len)
{
	return scn_load_text("t.yaml", base, strlen(base), sets, n, err, len);
}

static void sets_reach_everything(void **state)
{
	char *sets[] = {
		"seed=7",
		"host.costs.ipi=3us", /* creates costs */
		"domains.vm1.weight=512",
		"domains.1.weight=100",
		"domains.vm1.b.cap=50", /* the longest name that fits is meant */
		"domains.vm2.workload.1.model=hog",
		"domains.vm3.workload={model: duty, period: 10ms, on: 9ms}",
		"domains.vm3.workload.on=8ms", /* the later one sees what the earlier one did */
		"domains.vm1.workload.work=5s",
		"pools.Pool-0.params.tslice=5ms", /* the pool that is there without being named */
	};
	char err[300] = "";
	struct scenario *s = load(10, sets, err, sizeof(err));

	(void)state;
	if (!s)
		fail_msg("%s", err);
	assert_int_equal(s->seed, 7);
	assert_int_equal(s->cost_ipi_ns, 3000);
	assert_int_equal(s->domains[0].weight, 512);
	assert_int_equal(s->domains[1].weight, 100);
	assert_int_equal(s->domains[1].cap, 50);
	assert_int_equal(s->domains[2].vcpus[1].workload.model, SCN_HOG);
	assert_int_equal(s->domains[3].vcpus[0].workload.on_ns, 8000000);
	assert_int_equal(s->domains[0].vcpus[0].workload.work_ns, 5000000000);
	assert_int_equal(s->domains[1].vcpus[0].workload.work_ns, 0); /* the alias is a copy */
	assert_string_equal(s->pools[0].name, "Pool-0");
	assert_int_equal(s->pools[0].cpus.w[0], 0xf);
	assert_int_equal(s->pools[0].params[0].value, 5000000);
	assert_string_equal(s->text, base);
	scenario_free(s);
}

static void mistakes_name_the_assignment(void **state)
{
	static const struct {
		char *set;
		const char *err; /* how the complaint begins, after "--set 'SET': " */
	} bad[] = {
		{ "seed", "scenario: has no '='" },
		{ "=3", "scenario: the path is empty" },
		{ "seed=", "seed: has no value" },
		{ "seed={", "seed: is not valid YAML" },
		{ "seed=1\n2: 3", "seed: is not valid YAML" },
		{ "seed=[1]", "seed: is a list" },
		{ "sede=3", "sede: unknown key; did you mean 'seed'?" },
		{ "seed.x=3", "seed: is a mapping" },
		{ "duration.x=3", "duration: is a single value" },
		{ "domains.vm9.weight=3", "domains.vm9: no entry" },
		{ "domains.4.weight=3", "domains.4: no entry" },
		{ "domains.vm1.wieght=3",
		  "domains.vm1.wieght: unknown key; did you mean 'weight'?" },
		{ "domains.vm1.weight=0", "domains.vm1.weight: '0' is out of range" },
		{ "domains..weight=3", "domains.''" },
		{ "domains.vm1.=3", "domains.vm1: the path ends with a dot" },
		{ "host..cores=3", "host.'': the path has an empty part" },
		{ "pools.Pool-1.params.tslice=5ms", "pools: is a mapping where a list" },
		{ "host.cores=*x", "host.cores: alias 'x' has no anchor" },
		{ "seed=1 --- 2", "seed: '1 --- 2' is not a seed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *sets[] = { bad[i].set };
		char err[500] = "", start[80];

		if (load(1, sets, err, sizeof(err)))
			fail_msg("'%s' was accepted", bad[i].set);
		snprintf(start, sizeof(start), "--set '%.8s", bad[i].set);
		for (char *c = start; *c; c++)
			if (*c == '\n')
				*c = '?';
		if (strncmp(err, start, strlen(start)))
			fail_msg("'%s' gave: %s", bad[i].set, err);
		if (!strstr(err, bad[i].err))
			fail_msg("'%s' gave: %s", bad[i].set, err);
		assert_null(strchr(err, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_reach_everything),
		cmocka_unit_test(mistakes_name_the_assignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
