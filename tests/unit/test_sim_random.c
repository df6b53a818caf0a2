/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the random numbers of workloads. xoshiro256** by its published test vector,
 * streams that differ, and distributions with the mean, median and bounds that they promise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "sim/random.h"

#define N 200000

static int64_t draws[N];

static void draw(struct scn_dist dist)
{
	struct random r;

	random_init(&r, 42, 7);
	for (uint32_t i = 0; i < N; i++)
		draws[i] = random_draw(&r, &dist);
}

static double mean(void)
{
	double sum = 0;

	for (uint32_t i = 0; i < N; i++)
		sum += (double)draws[i];
	return sum / N;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void near(double got, double want, double part)
{
	if (fabs(got - want) > want * part)
		fail_msg("%g, not %g", got, want);
}

/* From state 1, 2, 3, 4: the first outputs of the reference implementation. */
static void test_vector(void **state)
{
	struct random r = { .s = { 1, 2, 3, 4 } };

	(void)state;
	assert_true(random_u64(&r) == 11520);
	assert_true(random_u64(&r) == 0);
	assert_true(random_u64(&r) == 1509978240);
	assert_true(random_u64(&r) == 1215971899390074240);
}

static void test_streams(void **state)
{
	struct random a, b, c, d;

	(void)state;
	random_init(&a, 1, 0);
	random_init(&b, 1, 0);
	random_init(&c, 1, 1);
	random_init(&d, 2, 0);
	for (int i = 0; i < 100; i++) {
		uint64_t x = random_u64(&a);

		assert_true(x == random_u64(&b));
		assert_true(x != random_u64(&c));
		assert_true(x != random_u64(&d));
	}
}

static void test_const_and_uniform(void **state)
{
	const struct scn_dist u = { SCN_UNIFORM, 1000, 1003 };
	uint32_t count[4] = { 0 };

	(void)state;
	draw((struct scn_dist){ SCN_CONST, 12345, 0 });
	assert_int_equal(draws[0], 12345);
	assert_int_equal(draws[N - 1], 12345);
	draw((struct scn_dist){ SCN_CONST, 0, 0 });
	assert_int_equal(draws[0], 1); /* a burst of no time is none */
	draw(u);
	for (uint32_t i = 0; i < N; i++) {
		assert_in_range(draws[i], 1000, 1003);
		count[draws[i] - 1000]++;
	}
	for (uint32_t i = 0; i < 4; i++)
		near(count[i], N / 4.0, 0.02);
	assert_int_equal(random_mean(&u), 1001);
}

static void test_exp(void **state)
{
	const struct scn_dist e = { SCN_EXP, 1000000, 0 };

	(void)state;
	draw(e);
	near(mean(), 1e6, 0.01);
	qsort(draws, N, sizeof(draws[0]), by_value);
	near((double)draws[N / 2], 1e6 * log(2), 0.01);
	near((double)draws[N / 100 * 95], 1e6 * log(20), 0.01);
	assert_true(draws[0] >= 1 && draws[N - 1] <= 20000000);
	assert_int_equal(random_mean(&e), 1000000);
}

static void test_lognormal(void **state)
{
	const struct scn_dist l = { SCN_LOGNORMAL, 1000000, 500000 };

	(void)state;
	draw(l);
	near(mean(), 1e6 * exp(0.125), 0.01);
	near((double)random_mean(&l), 1e6 * exp(0.125), 0.0001);
	qsort(draws, N, sizeof(draws[0]), by_value);
	near((double)draws[N / 2], 1e6, 0.01);
	near((double)draws[(int)(N * 0.8413)], 1e6 * exp(0.5), 0.01);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_const_and_uniform),
		cmocka_unit_test(test_exp),
		cmocka_unit_test(test_lognormal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
