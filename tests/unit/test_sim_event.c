/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the event queue against a list that is searched, over random settings, changes
 * and clearings: the earliest comes first, and of those at one instant the lowest slot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/event.h"

#define SLOTS 67

static uint64_t seed = 88172645463325252ULL;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % n;
}

static void test_against_a_list(void **state)
{
	int64_t at[SLOTS];
	struct event_queue q;
	uint32_t armed = 0;

	(void)state;
	assert_int_equal(event_queue_init(&q, SLOTS), 0);
	assert_true(event_next(&q) == INT64_MAX);
	for (uint32_t i = 0; i < SLOTS; i++)
		at[i] = INT64_MAX;
	for (uint32_t n = 0; n < 300000; n++) {
		uint32_t slot = below(SLOTS), first = 0, what = below(10);

		if (what < 5) {
			/* Few instants, so that many tie. */
			armed += at[slot] == INT64_MAX;
			at[slot] = (int64_t)below(40);
			event_set(&q, slot, at[slot]);
		} else if (what < 7) {
			armed -= at[slot] != INT64_MAX;
			at[slot] = INT64_MAX;
			event_clear(&q, slot);
		}
		for (uint32_t i = 1; i < SLOTS; i++)
			if (at[i] < at[first])
				first = i;
		assert_int_equal(q.n, armed);
		assert_true(event_next(&q) == at[first]);
		if (what >= 7 && armed) {
			assert_int_equal(event_pop(&q), first);
			at[first] = INT64_MAX;
			armed--;
		}
	}
	event_queue_free(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
