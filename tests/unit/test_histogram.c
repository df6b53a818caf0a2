/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the histogram of wake-up latencies. Percentiles are those of the sorted values to
 * 0.8 %, whatever the counts: a bucket counts in one byte, then two, then four, and nothing is lost
 * when it changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/histogram.h"

static void test_percentiles(void **state)
{
	struct histogram h = { 0 };

	(void)state;
	assert_int_equal(histogram_percentile(&h, 500), 0);
	for (int64_t v = 1; v <= 100000; v++)
		assert_true(histogram_add(&h, v * 1000));
	assert_int_equal(h.count, 100000);
	assert_int_equal(h.max, 100000000);
	for (unsigned int permille = 1; permille <= 1000; permille++) {
		int64_t exact = permille * 100000LL, got = histogram_percentile(&h, permille);

		assert_true(got >= exact && got <= exact + exact / 128 + 1);
	}
	histogram_free(&h);
}

static void sum_counts(void *arg, int64_t upper_ns, uint64_t count)
{
	uint64_t *by_value = arg;

	assert_true(upper_ns < 3);
	by_value[upper_ns] = count;
}

/* Counts around the ends of one and two bytes, in buckets of the same octave. */
static void test_counts_widen(void **state)
{
	static const uint64_t sizes[] = { 1, 255, 256, 257, 65535, 65536, 65537, 200000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct histogram h = { 0 };
		uint64_t counts[3] = { 0 };

		histogram_add(&h, 2);
		for (uint64_t n = 0; n < sizes[i]; n++)
			histogram_add(&h, 1);
		histogram_each(&h, sum_counts, counts);
		assert_int_equal(counts[0], 0);
		assert_int_equal(counts[1], sizes[i]);
		assert_int_equal(counts[2], 1);
		assert_int_equal(histogram_percentile(&h, 500), 1);
		assert_int_equal(histogram_percentile(&h, 1000), 2);
		histogram_reset(&h);
		assert_int_equal(histogram_percentile(&h, 1000), 0);
		assert_int_equal(h.count, 0);
		histogram_free(&h);
	}
}

static void test_extremes(void **state)
{
	struct histogram h = { 0 };

	(void)state;
	assert_true(histogram_add(&h, 0));
	assert_true(histogram_add(&h, INT64_MAX));
	assert_int_equal(histogram_percentile(&h, 500), 0);
	assert_int_equal(histogram_percentile(&h, 999), INT64_MAX);
	histogram_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_counts_widen),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
