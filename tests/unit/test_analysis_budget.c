/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: supply bound functions and the smallest budget for a period: the published supply
 * lists, the smallest budgets of the fact sheet (grid of a thousandth, so its 2.786 is 2786 here)
 * under EDF and RM, by the exact supply and by its linear bound, and against brute force.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "random_tasks.h"

static struct an_task task(int64_t c, int64_t t, int64_t d)
{
	return (struct an_task){ .cost = c, .period = t, .deadline = d };
}

static void check_list(const struct an_supply *s, const int *want, int n)
{
	for (int t = 0; t < n; t++)
		assert_int_equal(an_sbf(s, t), want[t]);
}

static void test_supply_lists(void **state)
{
	static const int prm[] = { 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 4, 5, 6, 6, 6, 7, 8, 9, 9, 9, 10 };
	static const int mpr1[] = { 0, 0, 0, 1, 2, 4, 6, 7, 8, 9, 11, 13, 14, 15, 16, 18, 20 };
	static const int mpr2[] = { 0, 0, 0, 0, 0, 2, 4, 6, 8, 8, 8, 10, 12, 14, 16, 16, 16 };
	static const int mpr3[] = { 0, 0, 0, 2, 4, 6, 6, 8, 10, 12, 12, 14, 16, 18, 18, 20, 22 };

	(void)state;
	check_list(&(struct an_supply){ AN_PRM, 5, 3, 0, 1 }, prm, 21);
	/* the facts' (Theta, Pi, m') */
	check_list(&(struct an_supply){ AN_MPR_SLOTS, 5, 7, 0, 2 }, mpr1, 17);
	check_list(&(struct an_supply){ AN_MPR_SLOTS, 6, 8, 0, 2 }, mpr2, 17);
	check_list(&(struct an_supply){ AN_MPR_SLOTS, 4, 6, 0, 2 }, mpr3, 17);
}

static void test_linear_supply(void **state)
{
	/* 0.6 (t - 4), in tenths */
	const struct an_supply s = { AN_PRM_LINEAR, 50, 30, 0, 1 };

	(void)state;
	assert_int_equal(an_sbf(&s, 50), 6);
	assert_int_equal(an_sbf(&s, 100), 36);
	assert_int_equal(an_sbf(&s, 200), 96);
	assert_int_equal(an_sbf(&s, 40), 0);
}

/* Every supply: monotone, never negative, below its line nowhere, and tbf is its exact inverse. */
static void test_inverses(void **state)
{
	static const enum an_supply_kind kinds[] = { AN_DEDICATED, AN_PRM,	 AN_PRM_LINEAR, AN_EDP, AN_POLLED,
						     AN_MPR,	   AN_MPR_SLOTS, AN_MPR_LINEAR, AN_DMPR };

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (int cpus = 1; cpus <= 3; cpus++)
			for (int period = 1; period <= 7; period++)
				for (int budget = 1; budget <= period * cpus; budget++) {
					struct an_supply s = { kinds[k], period, budget, 0, cpus };
					an_wide rate, last = 0;
					int64_t delay;
					bool one = s.kind == AN_PRM || s.kind == AN_PRM_LINEAR || s.kind == AN_EDP ||
						   s.kind == AN_POLLED || s.kind == AN_DMPR;

					if (one && budget > period)
						continue;
					an_supply_line(&s, &rate, &delay);
					for (int t = 0; t < 60; t++) {
						an_wide now = an_sbf(&s, t);

						assert_true(now >= last);
						assert_true(now <= (an_wide)an_supply_width(&s) * t);
						if (s.kind != AN_PRM_LINEAR && s.kind != AN_MPR_LINEAR)
							assert_true((now << AN_RATE_BITS) >= rate * (t - delay));
						if (now > last)
							assert_int_equal(an_tbf(&s, now), t);
						last = now;
					}
				}
}

struct row {
	int period, edf, edf_linear, rm, rm_linear;
};

static int64_t least(const struct an_task *tasks, int n, enum an_rule rule, enum an_supply_kind kind, int64_t period)
{
	const struct an_supply s = { kind, period, 0, 0, 1 };
	struct an_task copy[8];
	struct an_budget b;

	for (int i = 0; i < n; i++)
		copy[i] = tasks[i];
	an_sort(copy, n, rule);
	assert_int_equal(an_min_budget(copy, n, rule, &s, &b), AN_OK);
	assert_true(b.exact);
	return b.budget;
}

static void test_shin_lee(void **state)
{
	static const struct row rows[] = {
		{ 1, 262, 263, 311, 313 },	    { 5, 1345, 1367, 1643, 1683 },
		{ 10, 2786, 2874, 3500, 3688 },	    { 15, 4334, 4533, 5750, 6044 },
		{ 20, 6125, 6631, 7667, 8759 },	    { 25, 8000, 9355, 11500, 11822 },
		{ 30, 10750, 13048, 12667, 15199 }, { 40, 18500, 21509, 22667, 22735 },
		{ 50, 28500, 30701, 28500, 31031 },
	};
	const struct an_task w[] = { task(7000, 50000, 50000), task(9000, 75000, 75000) };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		assert_int_equal(least(w, 2, AN_EDF, AN_PRM, r->period * 1000), r->edf);
		assert_int_equal(least(w, 2, AN_EDF, AN_PRM_LINEAR, r->period * 1000), r->edf_linear);
		assert_int_equal(least(w, 2, AN_RM, AN_PRM, r->period * 1000), r->rm);
		assert_int_equal(least(w, 2, AN_RM, AN_PRM_LINEAR, r->period * 1000), r->rm_linear);
	}
}

static void test_other_sets(void **state)
{
	const struct an_task a[] = { task(1000, 4000, 4000), task(1000, 5000, 5000), task(3000, 9000, 9000) };
	const struct an_task b[] = { task(2000, 10000, 10000), task(3000, 15000, 15000), task(5000, 30000, 30000) };
	const struct an_task c[] = { task(1000, 20000, 12000), task(2000, 40000, 30000), task(5000, 100000, 80000) };
	const struct an_task d[] = { task(10000, 100000, 100000) };
	static const struct {
		char set;
		int period, edf, dm;
	} rows[] = {
		{ 'a', 1, 785, 889 },	 { 'a', 2, 1584, 1800 },  { 'a', 4, 3250, 3667 },  { 'a', 5, 4000, 4667 },
		{ 'a', 8, 7000, 7500 },	 { 'a', 10, 8500, 9500 }, { 'b', 1, 581, 581 },	   { 'b', 4, 2429, 2429 },
		{ 'b', 5, 3143, 3143 },	 { 'b', 8, 5400, 5400 },  { 'b', 10, 6750, 7000 }, { 'c', 1, 165, 165 },
		{ 'c', 4, 685, 685 },	 { 'c', 5, 1000, 1000 },  { 'c', 8, 2500, 2500 },  { 'c', 10, 4500, 4500 },
		{ 'd', 1, 102, 102 },	 { 'd', 4, 417, 417 },	  { 'd', 5, 527, 527 },	   { 'd', 8, 910, 910 },
		{ 'd', 10, 1112, 1112 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct an_task *set = rows[i].set == 'a' ? a :
					    rows[i].set == 'b' ? b :
					    rows[i].set == 'c' ? c :
								 d;
		int n = rows[i].set == 'd' ? 1 : 3;

		assert_int_equal(least(set, n, AN_EDF, AN_PRM, rows[i].period * 1000), rows[i].edf);
		assert_int_equal(least(set, n, AN_DM, AN_PRM, rows[i].period * 1000), rows[i].dm);
	}
}

/* EDF by every deadline up to twice the hyperperiod and past the last first deadline. */
static bool brute_edf(const struct an_task *tasks, int n, const struct an_supply *s)
{
	int64_t all = 1, longest = 0;

	for (int i = 0; i < n; i++) {
		int64_t a = all, b = tasks[i].period;

		while (b) {
			int64_t r = a % b;

			a = b;
			b = r;
		}
		all = all / a * tasks[i].period;
		longest = tasks[i].deadline > longest ? tasks[i].deadline : longest;
	}
	/* the supply has a period too: demand repeats with all, supply with its own */
	for (int64_t t = 1; t <= 2 * all * s->period + longest; t++)
		if (an_dbf(tasks, n, t) > an_sbf(s, t))
			return false;
	return true;
}

/* FP: some point up to the deadline supplies the request bound. */
static bool brute_fp(const struct an_task *tasks, int n, const struct an_supply *s)
{
	for (int i = 0; i < n; i++) {
		bool met = false;

		for (int64_t t = 1; t <= tasks[i].deadline - tasks[i].jitter && !met; t++)
			met = an_rbf(tasks, i, t) <= an_sbf(s, t);
		if (!met)
			return false;
	}
	return true;
}

static void test_brute_force(void **state)
{
	uint64_t seed = 5;
	int feasible = 0, total = 0;

	(void)state;
	for (int round = 0; round < 1500; round++) {
		struct an_task tasks[4];
		int n = (int)(next_random(&seed) % 3) + 1;
		enum an_rule rule = round % 2 ? AN_EDF : AN_DM;
		struct an_supply s = { AN_PRM, (int64_t)(next_random(&seed) % 9) + 2, 0, 0, 1 };
		struct an_budget b;
		int64_t want = -1;

		for (int i = 0; i < n; i++) {
			tasks[i] = task(1, (int64_t)(next_random(&seed) % 20) + 4, 0);
			tasks[i].cost += (int64_t)(next_random(&seed) % 4);
			tasks[i].deadline = tasks[i].period - (int64_t)(next_random(&seed) % 3);
			if (rule == AN_EDF && next_random(&seed) % 4 == 0)
				tasks[i].deadline += 7;
			if (next_random(&seed) % 4 == 0)
				tasks[i].jitter = 1;
		}
		if (rule == AN_EDF && round % 8 == 1)
			s.kind = AN_POLLED;
		if (round % 16 == 3 || round % 16 == 4)
			s.kind = AN_EDP;
		an_sort(tasks, n, rule);
		for (s.budget = 1; s.budget <= s.period && want < 0; s.budget++)
			if (rule == AN_EDF ? an_utilisation_cmp(tasks, n, 1) <= 0 && brute_edf(tasks, n, &s) :
					     brute_fp(tasks, n, &s))
				want = s.budget;
		s.budget = 0;
		an_min_budget(tasks, n, rule, &s, &b);
		total++;
		feasible += want > 0;
		/*
		 * U exactly the rate of the supply may be left undecided by EDF, never wrongly
		 * accepted.
		 */
		if (rule == AN_EDF && b.budget != want)
			assert_true(want < b.budget || b.budget < 0);
		else
			assert_int_equal(b.budget, want);
		if (rule == AN_EDF && want > 0 && b.budget != want) {
			an_wide work = an_utilisation(tasks, n) * s.period;

			assert_true(work >= ((an_wide)want << AN_RATE_BITS));
		}
	}
	assert_true(feasible > total / 4 && feasible < total);
}

/* The least budget for one window is in closed form: here it is every budget in turn, for every kind of supply. */
static void test_one_window(void **state)
{
	static const enum an_supply_kind kinds[] = { AN_PRM, AN_PRM_LINEAR, AN_EDP,	   AN_POLLED,
						     AN_MPR, AN_MPR_SLOTS,  AN_MPR_LINEAR, AN_DMPR };
	uint64_t seed = 11;
	int found = 0, total = 0;

	(void)state;
	for (int round = 0; round < 40000; round++) {
		enum an_supply_kind kind = kinds[next_random(&seed) % 8];
		int cpus = kind < AN_MPR ? 1 : 1 + (int)(next_random(&seed) % 3);
		int64_t period = 1 + (int64_t)(next_random(&seed) % 12), want = -1, t, max;
		struct an_supply s = { kind, period, 0, 0, cpus }, try;
		an_wide work;

		max = kind >= AN_MPR && kind != AN_DMPR ? period * cpus : period;
		if (kind == AN_EDP && next_random(&seed) % 2)
			max = s.deadline = 1 + (int64_t)(next_random(&seed) % (uint64_t)period);
		s.budget = (int64_t)(next_random(&seed) % (uint64_t)max);
		t = 1 + (int64_t)(next_random(&seed) % 60);
		work = an_sbf(&s, t) + 1 + (int64_t)(next_random(&seed) % 8);
		try = s;
		for (try.budget++; try.budget <= max && want < 0; try.budget++)
			if (an_sbf(&try, t) >= work)
				want = try.budget;
		assert_int_equal(an_budget_for(&s, t, work, max), want);
		found += want > 0;
		total++;
	}
	assert_true(found > total / 4 && found < total);
}

/* Deadlines beyond the period, where every job of a busy period counts: again every budget in turn. */
static void test_late_deadlines(void **state)
{
	uint64_t seed = 12;
	int found = 0, late = 0, total = 0;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		int n = 1 + (int)(next_random(&seed) % 4);
		struct an_supply s = { round % 3 ? AN_PRM : AN_POLLED, 2 + (int64_t)(next_random(&seed) % 30), 0, 0,
				       1 };
		struct an_task tasks[4];
		struct an_budget b;
		int64_t want = -1;

		for (int i = 0; i < n; i++) {
			tasks[i] =
				task(1 + (int64_t)(next_random(&seed) % 5), 6 + (int64_t)(next_random(&seed) % 40), 0);
			tasks[i].deadline = tasks[i].period + (int64_t)(next_random(&seed) % 40) - 3;
			tasks[i].jitter = (int64_t)(next_random(&seed) % 3);
			tasks[i].blocking = (int64_t)(next_random(&seed) % 3);
			tasks[i].priority = i;
		}
		if (an_utilisation_cmp(tasks, n, 1) > 0)
			continue;
		for (s.budget = 1; s.budget <= s.period && want < 0; s.budget++)
			if (an_fp_check(tasks, n, &s, NULL) == AN_OK)
				want = s.budget;
		s.budget = 0;
		an_min_budget(tasks, n, AN_FP, &s, &b);
		assert_int_equal(b.budget, want);
		s.budget = want;
		for (int i = 0; i < n && want > 0; i++)
			late += an_fp_response(tasks, i, &s) > tasks[i].period;
		found += want > 0;
		total++;
	}
	assert_true(found > total / 4 && found < total && late > total / 8);
}

/* The same set at any scale gives the same budget, scaled: exactness does not wear off. */
static void test_scale(void **state)
{
	static const int64_t scales[] = { 1, 1000, 1000003, 1000000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		int64_t k = scales[i];
		const struct an_task w[] = { task(7000 * k, 50000 * k, 50000 * k),
					     task(9000 * k, 75000 * k, 75000 * k) };
		int64_t got = least(w, 2, AN_EDF, AN_PRM, 40000 * k);

		assert_int_equal(got, 18500 * k);
		got = least(w, 2, AN_EDF, AN_PRM, 10000 * k);
		assert_true(got <= 2786 * k && got > 2785 * k);
	}
}

static void test_edp(void **state)
{
	const struct an_task w[] = { task(7000, 50000, 50000), task(9000, 75000, 75000) };
	struct an_supply s, later;

	(void)state;
	assert_int_equal(an_min_edp(w, 2, AN_EDF, 10000, &s), AN_OK);
	assert_true(s.budget <= s.deadline && s.deadline <= 10000);
	assert_true(s.budget < 2786); /* a shorter blackout than PRM's needs less */
	assert_int_equal(an_edf_check(w, 2, &s, NULL), AN_OK);
	later = s;
	later.deadline++;
	assert_int_equal(an_edf_check(w, 2, &later, NULL), AN_NOT);
	later = s;
	later.budget--;
	later.deadline--;
	assert_int_not_equal(an_edf_check(w, 2, &later, NULL), AN_OK);
}

static void test_infeasible(void **state)
{
	const struct an_task w[] = { task(3, 4, 4), task(1, 3, 3) };
	const struct an_task tight[] = { task(5, 10, 4) };
	const struct an_task late[] = { task(1, 10, 10) };
	const struct an_supply s = { AN_PRM, 100, 0, 0, 1 };
	struct an_budget b;

	(void)state;
	assert_int_equal(an_min_budget(w, 2, AN_EDF, &s, &b), AN_NOT);
	assert_int_equal(an_min_budget(tight, 1, AN_EDF, &s, &b), AN_NOT);
	assert_int_equal(b.why.index, 0);
	assert_int_equal(an_min_budget(late, 1, AN_EDF, &s, &b), AN_OK);
	assert_int_equal(b.budget, 96); /* 2 (100 - 96) + 1 <= 10 < 2 (100 - 95) + 1 */
	assert_int_equal(an_min_budget(late, 1, AN_DM, &s, &b), AN_OK);
	assert_int_equal(b.budget, 96);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supply_lists),   cmocka_unit_test(test_linear_supply),
		cmocka_unit_test(test_inverses),       cmocka_unit_test(test_shin_lee),
		cmocka_unit_test(test_other_sets),     cmocka_unit_test(test_brute_force),
		cmocka_unit_test(test_scale),	       cmocka_unit_test(test_edp),
		cmocka_unit_test(test_infeasible),     cmocka_unit_test(test_one_window),
		cmocka_unit_test(test_late_deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
