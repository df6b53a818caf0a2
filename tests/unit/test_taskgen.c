/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the distributions of random task sets. Each is compared with the one it should be (Kolmogorov and
 * Smirnov's distance between what was drawn and the formula, or another way to draw the same), and with a near one that
 * it should not be, so that the test is known to tell them apart. Seeds are fixed: the outcome is the same every time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "analysis/analysis.h"

#define SETS 4000
#define PPB 1000000000LL
/* Distances above this are chance in one of 1000 cases of n independent draws. */
#define LIMIT(n) (1.95 / sqrt((double)(n)))

static double values[SETS * 64];
static int nr;

static struct an_gen base(enum an_gen_util util, int tasks, int64_t total)
{
	return (struct an_gen){ .seed = 77,
				.util = util,
				.period = AN_PERIOD_LOG,
				.nr_tasks = tasks,
				.total_ppb = total,
				.max_ppb = PPB,
				.min_period = 10000000,
				.max_period = 1000000000,
				.grain = 1000 };
}

static int one_set(const struct an_gen *g, uint64_t index, struct an_task **t)
{
	char err[200] = "";
	int n = an_generate(g, index, t, err, sizeof(err));

	if (n < 0)
		fail_msg("%s", err);
	return n;
}

static double load(const struct an_task *t)
{
	return (double)t->cost / (double)t->period;
}

/* One task of each set, so that draws are independent: its utilisation (or period, if @periods). */
static void collect(const struct an_gen *g, bool periods)
{
	nr = 0;
	for (uint64_t i = 0; i < SETS; i++) {
		struct an_task *t;
		int n = one_set(g, i, &t), k = (int)(i % (uint64_t)n);

		values[nr++] = periods ? (double)t[k].period : load(&t[k]);
		free(t);
	}
}

/* All tasks but the last, which was trimmed. */
static void collect_family(enum an_gen_util util)
{
	struct an_gen g = base(util, 0, 4 * PPB);

	nr = 0;
	for (uint64_t i = 0; nr < SETS; i++) {
		struct an_task *t;
		int n = one_set(&g, i, &t);

		/* the tasks that end a set are not like others: take the first only */
		assert_true(n > 1);
		values[nr++] = load(&t[0]);
		free(t);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double distance(double (*cdf)(double x))
{
	double most = 0;

	qsort(values, (size_t)nr, sizeof(values[0]), by_value);
	for (int i = 0; i < nr; i++) {
		double f = cdf(values[i]);

		most = fmax(most, fmax((double)(i + 1) / nr - f, f - (double)i / nr));
	}
	return most;
}

/* -- formulas ---------------------------------------------------------------------- */

/* Of five uniform on the simplex of sum 0.8: P(u <= x) = 1 - (1 - x/0.8)^4. */
static double simplex5(double x)
{
	return x >= 0.8 ? 1 : 1 - pow(1 - x / 0.8, 4);
}

static double simplex4(double x)
{
	return x >= 0.8 ? 1 : 1 - pow(1 - x / 0.8, 3);
}

static double uniform_period(double x)
{
	return (x - 1e7) / (1e9 - 1e7);
}

static double log_period(double x)
{
	return log(x / 1e7) / log(100);
}

static double light(double x)
{
	return (x - 0.001) / 0.099;
}

static double medium(double x)
{
	return (x - 0.1) / 0.3;
}

static double heavy(double x)
{
	return (x - 0.5) / 0.4;
}

static double exponential(double x, double mean)
{
	return (1 - exp(-x / mean)) / (1 - exp(-1 / mean)); /* redrawn into [0, 1] */
}

static double exp_light(double x)
{
	return exponential(x, 0.1);
}

static double exp_medium(double x)
{
	return exponential(x, 0.25);
}

static double exp_heavy(double x)
{
	return exponential(x, 0.5);
}

static double bimodal(double x, double part)
{
	return x < 0.5 ? part * (x - 0.001) / 0.499 : part + (1 - part) * (x - 0.5) / 0.4;
}

static double bimo_light(double x)
{
	return bimodal(x, 8.0 / 9);
}

static double bimo_medium(double x)
{
	return bimodal(x, 6.0 / 9);
}

static double bimo_heavy(double x)
{
	return bimodal(x, 4.0 / 9);
}

/* ------------------------------------------------------------------------------------ */

static void is_not(double (*right)(double), double (*wrong)(double), const char *what)
{
	double good = distance(right), bad = distance(wrong);

	if (good > LIMIT(nr))
		fail_msg("%s: distance %.4f, chance allows %.4f", what, good, LIMIT(nr));
	if (bad < 2 * LIMIT(nr))
		fail_msg("%s: a near distribution is at %.4f only, so this would prove nothing", what, bad);
}

static void test_uunifast(void **state)
{
	struct an_gen g = base(AN_UUNIFAST, 5, 800000000);

	(void)state;
	collect(&g, false);
	is_not(simplex5, simplex4, "uunifast");
	/* each place in the set alike: no bias by position */
	for (int k = 0; k < 5; k++) {
		nr = 0;
		for (uint64_t i = 0; i < SETS; i++) {
			struct an_task *t;

			one_set(&g, i, &t);
			values[nr++] = load(&t[k]);
			free(t);
		}
		if (distance(simplex5) > LIMIT(nr))
			fail_msg("place %d: distance %.4f", k, distance(simplex5));
	}
}

/* Below a sum of 1 no set is discarded and no bound cuts: all three are the same distribution. */
static void test_the_three_agree(void **state)
{
	struct an_gen d = base(AN_UUNIFAST_DISCARD, 5, 800000000), r = base(AN_RANDFIXEDSUM, 5, 800000000);

	(void)state;
	collect(&d, false);
	is_not(simplex5, simplex4, "uunifast-discard");
	collect(&r, false);
	is_not(simplex5, simplex4, "randfixedsum");
}

static double other[SETS];

/* Distance between two samples. */
static double between_samples(int n)
{
	double most = 0;
	int i = 0, k = 0;

	qsort(values, (size_t)nr, sizeof(values[0]), by_value);
	qsort(other, (size_t)n, sizeof(other[0]), by_value);
	while (i < nr && k < n) {
		if (values[i] < other[k])
			i++;
		else
			k++;
		most = fmax(most, fabs((double)i / nr - (double)k / n));
	}
	return most;
}

/* Above 1 discarding draws uniformly from what is left, and RandFixedSum does the same without discarding. */
static void test_bounded_simplex(void **state)
{
	struct an_gen d = base(AN_UUNIFAST_DISCARD, 5, 2500000000), r = base(AN_RANDFIXEDSUM, 5, 2500000000);
	struct an_gen plain = base(AN_UUNIFAST, 5, 2500000000);
	double limit = 1.95 * sqrt(2.0 / SETS);

	(void)state;
	d.seed = 5;
	collect(&d, false);
	for (int i = 0; i < nr; i++) {
		assert_true(values[i] <= 1.000001);
		other[i] = values[i];
	}
	collect(&r, false);
	for (int i = 0; i < nr; i++)
		assert_true(values[i] >= 0 && values[i] <= 1.000001);
	if (between_samples(SETS) > limit)
		fail_msg("distance %.4f, chance allows %.4f", between_samples(SETS), limit);
	collect(&plain, false);
	assert_true(between_samples(SETS) > 2 * limit);
}

static void test_periods(void **state)
{
	struct an_gen g = base(AN_UUNIFAST, 3, 500000000);
	int count[7] = { 0 };

	(void)state;
	g.period = AN_PERIOD_UNIFORM;
	collect(&g, true);
	is_not(uniform_period, log_period, "uniform periods");
	g.period = AN_PERIOD_LOG;
	collect(&g, true);
	is_not(log_period, uniform_period, "log-uniform periods");
	/* harmonic: 10 ms times a power of two up to 1 s, each alike; chi squared of 6 degrees */
	g.period = AN_PERIOD_HARMONIC;
	collect(&g, true);
	for (int i = 0; i < nr; i++) {
		double steps = log2(values[i] / 1e7);
		int k = (int)(steps + 0.5);

		assert_true(fabs(steps - k) < 1e-9 && k >= 0 && k <= 6);
		count[k]++;
	}
	double chi = 0, expected = nr / 7.0;

	for (int k = 0; k < 7; k++)
		chi += (count[k] - expected) * (count[k] - expected) / expected;
	if (chi > 22.46) /* one of 1000 */
		fail_msg("chi squared %.2f", chi);
}

static void test_families(void **state)
{
	static const struct {
		enum an_gen_util util;
		double (*right)(double), (*wrong)(double);
		const char *name;
	} f[] = {
		{ AN_UNI_LIGHT, light, exp_light, "uni-light" },
		{ AN_UNI_MEDIUM, medium, light, "uni-medium" },
		{ AN_UNI_HEAVY, heavy, medium, "uni-heavy" },
		{ AN_EXP_LIGHT, exp_light, exp_medium, "exp-light" },
		{ AN_EXP_MEDIUM, exp_medium, exp_heavy, "exp-medium" },
		{ AN_EXP_HEAVY, exp_heavy, exp_medium, "exp-heavy" },
		{ AN_BIMO_LIGHT, bimo_light, bimo_medium, "bimo-light" },
		{ AN_BIMO_MEDIUM, bimo_medium, bimo_heavy, "bimo-medium" },
		{ AN_BIMO_HEAVY, bimo_heavy, bimo_medium, "bimo-heavy" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(f) / sizeof(f[0]); i++) {
		collect_family(f[i].util);
		is_not(f[i].right, f[i].wrong, f[i].name);
	}
}

/* Costs drawn, periods made of them: the costs are uniform in whole ms, the loads still those of UUniFast. */
static void test_costs(void **state)
{
	struct an_gen g = base(AN_UUNIFAST, 5, 800000000);
	int count[11] = { 0 };

	(void)state;
	g.grain = 1000000;
	g.min_cost = 5000000;
	g.max_cost = 10000000;
	nr = 0;
	for (uint64_t i = 0; i < SETS; i++) {
		struct an_task *t;
		int n = one_set(&g, i, &t), k = (int)(i % (uint64_t)n);

		assert_int_equal(t[k].cost % 1000000, 0);
		assert_int_equal(t[k].period % 1000000, 0);
		assert_in_range(t[k].cost, 5000000, 10000000);
		assert_true(t[k].period >= t[k].cost);
		count[t[k].cost / 1000000]++;
		values[nr++] = load(&t[k]);
		free(t);
	}
	for (int c = 5; c <= 10; c++)
		assert_true(fabs(count[c] - SETS / 6.0) < 4 * sqrt(SETS / 6.0));
	/* rounding to whole ms moves a load of 0.5 by at most 1/20 of it */
	if (distance(simplex5) > LIMIT(nr) + 0.01)
		fail_msg("distance %.4f", distance(simplex5));
	assert_true(distance(simplex4) > LIMIT(nr) + 0.02);
}

/* Deadlines uniform between cost and period. */
static double unit(double x)
{
	return x;
}

static double squared(double x)
{
	return x * x;
}

static void test_constrained(void **state)
{
	struct an_gen g = base(AN_UUNIFAST, 5, 800000000);

	(void)state;
	g.constrained = true;
	nr = 0;
	for (uint64_t i = 0; i < SETS; i++) {
		struct an_task *t;
		int n = one_set(&g, i, &t), k = (int)(i % (uint64_t)n);

		assert_in_range(t[k].deadline, t[k].cost, t[k].period);
		values[nr++] = (double)(t[k].deadline - t[k].cost) / (double)(t[k].period - t[k].cost);
		free(t);
	}
	is_not(unit, squared, "deadlines");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uunifast),	cmocka_unit_test(test_the_three_agree),
		cmocka_unit_test(test_bounded_simplex), cmocka_unit_test(test_periods),
		cmocka_unit_test(test_families),	cmocka_unit_test(test_costs),
		cmocka_unit_test(test_constrained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
