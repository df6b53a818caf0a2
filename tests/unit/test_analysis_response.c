/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: response times on one CPU, fixed priorities and EDF: SchedCAT's and EVA's vectors,
 * the Audsley set, QPA's set of eight.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/analysis.h"

static const struct an_supply whole = { AN_DEDICATED, 0, 0, 0, 1 };

struct row {
	int64_t c, t, d, b, j, r;
};

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static int load(const struct row *rows, int n, struct an_task *tasks)
{
	for (int i = 0; i < n; i++)
		tasks[i] = (struct an_task){ .cost = rows[i].c,
					     .period = rows[i].t,
					     .deadline = rows[i].d ? rows[i].d : rows[i].t,
					     .blocking = rows[i].b,
					     .jitter = rows[i].j };
	return n;
}

static void test_schedcat_fp(void **state)
{
	static const struct row one[] = { { 1, 4, 0, 0, 0, 1 },
					  { 1, 5, 0, 0, 0, 2 },
					  { 3, 9, 0, 0, 0, 7 },
					  { 3, 18, 0, 0, 0, 18 } };
	static const struct row two[] = { { 1, 2, 0, 0, 0, 1 },
					  { 5, 20, 0, 0, 0, 10 },
					  { 1, 20, 0, 0, 0, 12 } };
	struct an_task tasks[4];

	(void)state;
	load(one, 4, tasks);
	for (int i = 0; i < 4; i++)
		assert_int_equal(an_fp_response(tasks, i, &whole), one[i].r);
	load(two, 3, tasks);
	for (int i = 0; i < 3; i++)
		assert_int_equal(an_fp_response(tasks, i, &whole), two[i].r);
}

static void test_audsley(void **state)
{
	static const struct row rows[] = {
		{ 51, 1000, 0, 0, 0, 51 },
		{ 3000, 2000000, 5000, 300, 0, 3504 },
		{ 2000, 25000, 0, 600, 0, 5906 },
		{ 5000, 25000, 0, 900, 0, 11512 },
		{ 1000, 40000, 0, 1350, 0, 13064 },
		{ 3000, 50000, 0, 1350, 0, 16217 },
		{ 5000, 50000, 0, 750, 0, 20821 },
		{ 8000, 59000, 0, 750, 0, 36637 },
		{ 9000, 80000, 0, 1350, 0, 47798 },
		{ 2000, 80000, 0, 450, 0, 48949 },
		{ 5000, 100000, 0, 1050, 0, 99150 },
		{ 1000, 200000, 0, 450, 1000, 100550 },
		{ 3000, 200000, 0, 450, 0, 140641 },
		{ 1000, 200000, 0, 450, 0, 141692 },
		{ 1000, 200000, 0, 1350, 0, 143694 },
		{ 3000, 1000000, 0, 0, 0, 145446 },
		{ 1000, 1000000, 0, 0, 0, 146497 },
		{ 1000, 1000000, 0, 0, 0, 147548 },
	};
	struct an_task tasks[18];

	(void)state;
	load(rows, COUNT(rows), tasks);
	for (int i = 0; i < COUNT(rows); i++)
		assert_int_equal(an_fp_response(tasks, i, &whole), rows[i].r);
	assert_int_equal(an_fp_check(tasks, COUNT(rows), &whole, NULL), AN_OK);
}

/* Responses of first jobs, whether or not they meet their deadlines. */
static void test_failing_set(void **state)
{
	static const struct row rows[] = { { 40, 100, 0, 0, 0, 40 },
					   { 60, 140, 0, 0, 0, 100 },
					   { 80, 500, 0, 0, 0, 560 },
					   { 10, 1000, 0, 0, 0, 2490 },
					   { 1, 1000, 0, 0, 0, 6991 } };
	struct an_task tasks[5];
	struct an_verdict v;

	(void)state;
	load(rows, 5, tasks);
	for (int i = 0; i < 5; i++)
		assert_int_equal(an_fp_first_response(tasks, i, &whole, 100000), rows[i].r);
	assert_int_equal(an_fp_check(tasks, 5, &whole, &v), AN_NOT);
	assert_int_equal(v.index, 2);
	assert_true(v.demand > v.supply);
}

/* Deadlines beyond periods: Lehoczky's example, jobs take 114 102 116 104 118 106 94. */
static void test_arbitrary_deadlines(void **state)
{
	static const struct row rows[] = { { 26, 70, 0, 0, 0, 26 }, { 62, 100, 120, 0, 0, 118 } };
	struct an_task tasks[2];

	(void)state;
	load(rows, 2, tasks);
	assert_int_equal(an_fp_first_response(tasks, 1, &whole, 1000), 114);
	assert_int_equal(an_fp_response(tasks, 1, &whole), 118);
	tasks[1].deadline = 117;
	assert_int_equal(an_fp_response(tasks, 1, &whole), AN_NEVER);
}

static void test_edf_responses(void **state)
{
	static const struct row one[] = { { 3, 12, 0, 0, 0, 7 }, { 2, 4, 0, 0, 0, 2 } };
	static const struct row two[] = { { 1, 4, 0, 0, 0, 1 },
					  { 1, 12, 0, 0, 0, 2 },
					  { 3, 16, 0, 0, 0, 6 } };
	static const struct row three[] = { { 2, 5, 4, 0, 0, 4 }, { 3, 6, 5, 0, 0, 5 } };
	struct an_task tasks[3];

	(void)state;
	load(one, 2, tasks);
	for (int i = 0; i < 2; i++)
		assert_int_equal(an_edf_response(tasks, 2, i, &whole), one[i].r);
	load(two, 3, tasks);
	for (int i = 0; i < 3; i++)
		assert_int_equal(an_edf_response(tasks, 3, i, &whole), two[i].r);
	load(three, 2, tasks);
	for (int i = 0; i < 2; i++)
		assert_int_equal(an_edf_response(tasks, 2, i, &whole), three[i].r);
}

static void test_qpa(void **state)
{
	static const struct row eight[] = {
		{ 6000, 31000, 18000, 0, 0, 0 }, { 2000, 9800, 9000, 0, 0, 0 },
		{ 1000, 17000, 12000, 0, 0, 0 }, { 90, 4200, 3000, 0, 0, 0 },
		{ 8, 96, 78, 0, 0, 0 },		 { 2, 12, 16, 0, 0, 0 },
		{ 10, 280, 120, 0, 0, 0 },	 { 26, 660, 160, 0, 0, 0 },
		{ 10, 100, 15, 0, 0, 0 },
	};
	static const struct row two[] = { { 331, 15000, 2688, 0, 0, 0 },
					  { 3654, 77000, 3849, 0, 0, 0 } };
	struct an_task tasks[9];
	struct an_verdict v;

	(void)state;
	load(eight, 9, tasks);
	assert_int_equal(an_edf_check(tasks, 8, &whole, NULL), AN_OK);
	assert_int_equal(an_edf_check(tasks, 9, &whole, &v), AN_NOT);
	assert_true(v.demand > v.supply);
	assert_true(an_dbf(tasks, 9, v.window) == v.demand);
	load(two, 2, tasks);
	assert_int_equal(an_edf_check(tasks, 2, &whole, &v), AN_NOT);
	assert_true(v.demand > v.supply);
}

/* A full CPU, exactly: utilisation 1 in thirds, sevenths and ns. */
static void test_full_cpu(void **state)
{
	static const struct row thirds[] = { { 1, 3, 0, 0, 0, 0 },
					     { 2, 7, 0, 0, 0, 0 },
					     { 8, 21, 0, 0, 0, 0 } };
	static const struct row tight[] = { { 1, 2, 1, 0, 0, 0 }, { 1, 2, 2, 0, 0, 0 } };
	struct an_task tasks[3];

	(void)state;
	load(thirds, 3, tasks);
	assert_int_equal(an_utilisation_cmp(tasks, 3, 1), 0);
	assert_int_equal(an_edf_check(tasks, 3, &whole, NULL), AN_OK);
	tasks[2].cost = 9;
	assert_int_equal(an_utilisation_cmp(tasks, 3, 1), 1);
	assert_int_equal(an_edf_check(tasks, 3, &whole, NULL), AN_NOT);
	load(tight, 2, tasks);
	assert_int_equal(an_edf_check(tasks, 2, &whole, NULL), AN_OK);
	tasks[1].deadline = 1;
	assert_int_equal(an_edf_check(tasks, 2, &whole, NULL), AN_NOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedcat_fp),   cmocka_unit_test(test_audsley),
		cmocka_unit_test(test_failing_set),   cmocka_unit_test(test_arbitrary_deadlines),
		cmocka_unit_test(test_edf_responses), cmocka_unit_test(test_qpa),
		cmocka_unit_test(test_full_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
