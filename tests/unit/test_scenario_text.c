// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: the small languages of a scenario: times, decimals, and Xen's CPU lists.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario_read.h"

static void times_are_exact(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "300ns", 300 },
		{ "2us", 2000 },
		{ "10ms", 10000000 },
		{ "1.5s", 1500000000 },
		{ "0.1s", 100000000 },
		{ "1.5ms", 1500000 },
		{ "0.000000001s", 1 },
		{ "1.500000000000000s", 1500000000 },
		{ "007ms", 7000000 },
		{ "9223372036854775807ns", INT64_MAX },
		{ "9223372036.854775807s", INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t ns = -1;

		assert_int_equal(scn_parse_time(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"10",
		"ms",
		"-1ms",
		"+1ms",
		"1 ms",
		"1ms ",
		" 1ms",
		"1.ms",
		".5ms",
		"1.2.3s",
		"1e3s",
		"0x10s",
		"1,5s",
		"1.5ns",
		"1min",
		"1h",
		"1MS",
		"nan",
		"1ss",
		"0.0",
		"00",
		"1s5ms",
		"0.0000000001s",
		"9223372036854775808ns",
		"9223372036.854775808s",
		"99999999999999999999999999s",
		"9223372037s",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t ns = 42;

		if (!scn_parse_time(bad[i], &ns))
			fail_msg("'%s' was accepted", bad[i]);
		assert_int_equal(ns, 42);
	}
}

static void a_time_is_printed_as_it_can_be_read(void **state)
{
	static const int64_t all[] = { 0, 1, 999, 1000, 1500, 1000000, 30000000, 1500000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char text[32];
		int64_t back = -1;

		scn_format_time(all[i], text, sizeof(text));
		assert_int_equal(scn_parse_time(text, &back), 0);
		assert_int_equal(back, all[i]);
	}
}

static void decimals_are_millionths(void **state)
{
	int64_t v;

	(void)state;
	assert_int_equal(scn_parse_millionths("0.75", &v), 0);
	assert_int_equal(v, 750000);
	assert_int_equal(scn_parse_millionths("4", &v), 0);
	assert_int_equal(v, 4000000);
	assert_int_equal(scn_parse_millionths("0.000001", &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(scn_parse_millionths("0.0000001", &v), -EINVAL);
	assert_int_equal(scn_parse_millionths("-1", &v), -EINVAL);
	assert_int_equal(scn_parse_millionths("1x", &v), -EINVAL);
}

/* 2 nodes x 4 cores x 2 threads: node 0 is pCPUs 0-7, node 1 is 8-15. */
static const struct scenario host = { .nodes = 2, .cores = 4, .threads = 2, .nr_pcpus = 16 };

static void cpu_lists_act_from_left_to_right(void **state)
{
	static const struct {
		const char *text;
		uint64_t cpus;
	} good[] = {
		{ "0", 0x1 },
		{ "15", 0x8000 },
		{ "0-5,8,^3", 0x137 },
		{ "^3,0-5", 0x3f },
		{ "0,^0,0", 0x1 },
		{ "all", 0xffff },
		{ "nodes:all", 0xffff },
		{ "node:1", 0xff00 },
		{ "nodes:0-1", 0xffff },
		{ "all,^node:0", 0xff00 },
		{ "node:0,^0-1,12", 0x10fc },
		{ " 1 , 2-3\t", 0xe },
		{ "5-5", 0x20 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct scn_cpus c;
		char err[160] = "";

		memset(&c, 0xff, sizeof(c));
		assert_int_equal(scn_parse_cpus(&host, good[i].text, &c, err, sizeof(err)), 0);
		assert_int_equal(c.w[0], good[i].cpus);
		for (int w = 1; w < SCN_CPU_WORDS; w++)
			assert_int_equal(c.w[w], 0);
	}
}

static void bad_cpu_lists_are_explained(void **state)
{
	static const char *const bad[] = {
		"",
		"	",
		",",
		"1,",
		"1,,2",
		"16",
		"0-16",
		"node:2",
		"3-1",
		"1-",
		"-1",
		"1-2-3",
		"x",
		"^all",
		"0,^0",
		"^1",
		"node:",
		"ALL",
		"0x1",
		"+1",
		"1 2",
		"^^1",
		"^",
		"01",
		"99999999999999999999999999",
		"0-1-2-3-4-5-6-7-8-9-0-1-2-3-4-5-6-7-8-9-0-1-2-3-4-5-6",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct scn_cpus c = { { 42 } };
		char err[160] = "";

		if (scn_parse_cpus(&host, bad[i], &c, err, sizeof(err)) != -EINVAL)
			fail_msg("'%s' was accepted", bad[i]);
		assert_true(strlen(err) > 10);
		assert_int_equal(c.w[0], 42);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_exact),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(a_time_is_printed_as_it_can_be_read),
		cmocka_unit_test(decimals_are_millionths),
		cmocka_unit_test(cpu_lists_act_from_left_to_right),
		cmocka_unit_test(bad_cpu_lists_are_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
