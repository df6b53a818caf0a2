/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: global EDF and global fixed priorities. The verdict table and the response times of
 * the fact sheet, forced-forward demand, the interfaces of Easwaran-style clusters (grid of a twentieth: 8.00 is 160 in
 * twentieths, or the exact smallest budget rounded up to that grid), agreement of the jumping
 * search with a look at every window, and a simulation that no accepted set may fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "random_tasks.h"

#define MAX 24

struct set {
	int n;
	struct an_task t[MAX];
};

static void add(struct set *s, int64_t c, int64_t t, int64_t d)
{
	assert_true(s->n < MAX);
	s->t[s->n++] = (struct an_task){ .cost = c, .period = t, .deadline = d ? d : t };
}

/* "20,30 20,30 49,100,90" */
static struct set parse(const char *text)
{
	struct set s = { 0 };
	int c, t, d, used;

	while (*text) {
		d = 0;
		if (sscanf(text, "%d,%d%n", &c, &t, &used) != 2)
			fail();
		text += used;
		if (*text == ',' && sscanf(text, ",%d%n", &d, &used) == 1)
			text += used;
		add(&s, c, t, d);
		while (*text == ' ')
			text++;
	}
	return s;
}

/* Synchronous gEDF in unit steps; deadline ties by index. Time of the first miss, or -1. */
static int64_t simulate(const struct set *s, int m, int64_t until, const int *offset)
{
	int64_t left[MAX] = { 0 }, due[MAX] = { 0 }, next[MAX];

	for (int i = 0; i < s->n; i++)
		next[i] = offset ? offset[i] : 0;
	for (int64_t now = 0; now < until; now++) {
		bool chosen[MAX] = { 0 };

		for (int i = 0; i < s->n; i++) {
			if (left[i] > 0 && due[i] <= now)
				return now;
			if (next[i] <= now) {
				left[i] += s->t[i].cost;
				due[i] = now + s->t[i].deadline;
				next[i] += s->t[i].period;
			}
		}
		for (int cpu = 0; cpu < m; cpu++) {
			int best = -1;

			for (int i = 0; i < s->n; i++)
				if (left[i] > 0 && !chosen[i] && (best < 0 || due[i] < due[best]))
					best = i;
			if (best < 0)
				break;
			chosen[best] = true;
		}
		for (int i = 0; i < s->n; i++)
			left[i] -= chosen[i];
	}
	return -1;
}

static void test_verdict_table(void **state)
{
	static const struct {
		const char *set;
		int m;
		const char *verdicts; /* GFB BAK BCL BCLi BAR RTA */
		const char *responses;
		int miss; /* of the simulation, -1 ok */
	} rows[] = {
		{ "20,30 20,30 5,30", 2, "NNYYYY", "25 25 25", -1 },
		{ "49,100,100 49,100,100 2,100,50", 2, "YNNYYY", "51 51 3", -1 },
		{ "1,4 1,5 3,9 9,18", 2, "YNNYYY", "4 5 8 16", -1 },
		{ "80,100 33,66 7,10", 2, "NNNNNN", NULL, 100 },
		{ "1,10 1,10 10,11", 2, "NNNYYY", "2 2 11", -1 },
		{ "2,10 2,10 10,11", 2, "NNNNNN", NULL, 11 },
		{ "2,4 2,4 2,4", 2, "YYYYYY", "4 4 4", -1 },
		{ "2,3 2,3 2,3", 2, "NNNNNN", NULL, 3 },
		{ "35,160,90 70,160,115 30,75,50", 2, "NNNNYN", NULL, -1 },
		{ "2,3 2,3 2,3", 3, "NNYYYY", NULL, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct set s = parse(rows[i].set);
		int64_t response[MAX];
		int m = rows[i].m;
		char got[7] = { 0 }, text[64] = "";
		enum an_answer rta;

		got[0] = "YNU"[an_gfb(s.t, s.n, m)];
		got[1] = "YNU"[an_bak(s.t, s.n, m)];
		got[2] = "YNU"[an_bcl(s.t, s.n, m, NULL)];
		got[3] = "YNU"[an_bcl_iterative(s.t, s.n, m, true, NULL)];
		got[4] = "YNU"[an_bar(s.t, s.n, m, NULL)];
		rta = an_gedf_rta(s.t, s.n, m, response);
		got[5] = "YNU"[rta];
		/*
		 * (2,3)x3 on 3: the table of the facts has no BAR verdict; a CPU for each is enough
		 */
		assert_string_equal(got, rows[i].verdicts);
		for (int k = 0; rows[i].responses && k < s.n; k++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d", k ? " " : "",
				 (int)response[k]);
		if (rows[i].responses)
			assert_string_equal(text, rows[i].responses);
		assert_int_equal(simulate(&s, m, 20000, NULL), rows[i].miss);
	}
}

/* SchedCAT's unit vectors: one task (5000, 10000), speed 1; and the test against a look at every window. */
static void test_forced_forward(void **state)
{
	static const struct {
		int64_t deadline, t, demand;
	} rows[] = {
		{ 10000, 5000, 0 },	{ 10000, 5001, 1 }, { 10000, 7000, 2000 }, { 10000, 9999, 4999 },
		{ 10000, 10001, 5000 }, { 7000, 2001, 1 },  { 7000, 4000, 2000 },  { 7000, 12001, 5001 },
	};
	const int64_t one = INT64_C(1) << AN_SIGMA_BITS;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct an_task t = { .cost = 5000, .period = 10000, .deadline = rows[i].deadline };

		assert_true(an_ff_dbf(&t, rows[i].t, one) == (an_wide)rows[i].demand * one);
	}
	for (const char *const *set = (const char *const[]){ "20,30 20,30 5,30", "2,4 2,4 2,4", "1,4 1,5 3,9", NULL };
	     *set; set++) {
		struct set s = parse(*set);
		bool ok = false;

		/* densities here are at most 2/3, so this speed is allowed */
		for (int64_t sigma = 2 * one / 3 + 1; sigma <= one && !ok; sigma += one / 100) {
			ok = true;
			for (int64_t t = 1; t < 2000; t++) {
				an_wide demand = 0;

				for (int i = 0; i < s.n; i++)
					demand += an_ff_dbf(&s.t[i], t, sigma);
				ok &= demand <= (2 * (an_wide)one - sigma) * t;
			}
		}
		assert_int_equal(an_ffdbf(s.t, s.n, 2) == AN_OK, ok);
	}
}

static struct set scaled(const char *text, int64_t by)
{
	struct set s = parse(text);

	for (int k = 0; k < s.n; k++) {
		s.t[k].cost *= by;
		s.t[k].period *= by;
		s.t[k].deadline *= by;
	}
	return s;
}

/* In finer and finer units: the same answers, responses in proportion, and no more time. */
static void test_scale(void **state)
{
	static const char *const sets[] = { "20,30 20,30 5,30", "49,100,100 49,100,100 2,100,50", "1,4 1,5 3,9 9,18",
					    "1,10 1,10 10,11", "2,4 2,4 2,4" };
	const int64_t a = 1000003, b = 1000000007;

	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct set s = scaled(sets[i], a), t = scaled(sets[i], b);
		int64_t first[MAX], second[MAX];

		assert_int_equal(an_gfb(s.t, s.n, 2), an_gfb(t.t, t.n, 2));
		assert_int_equal(an_bcl(s.t, s.n, 2, NULL), an_bcl(t.t, t.n, 2, NULL));
		assert_int_equal(an_bcl_iterative(s.t, s.n, 2, true, NULL), an_bcl_iterative(t.t, t.n, 2, true, NULL));
		assert_int_equal(an_bar(s.t, s.n, 2, NULL), AN_OK);
		assert_int_equal(an_bar(t.t, t.n, 2, NULL), AN_OK);
		assert_int_equal(an_gedf_rta(s.t, s.n, 2, first), an_gedf_rta(t.t, t.n, 2, second));
		for (int k = 0; k < s.n; k++)
			if (first[k] != AN_NEVER)
				assert_true(second[k] / b <= first[k] / a + 1 && first[k] / a <= second[k] / b + 1);
		for (int how = AN_GFP_PLAIN; how <= AN_GFP_LIMITED; how++)
			assert_int_equal(an_gfp(s.t, s.n, 2, (enum an_gfp)how, NULL),
					 an_gfp(t.t, t.n, 2, (enum an_gfp)how, NULL));
	}
}

static void check_gfp(const char *set, int m, enum an_gfp how, const char *want)
{
	struct set s = parse(set);
	int64_t response[MAX];
	char text[64] = "";

	assert_int_equal(an_gfp(s.t, s.n, m, how, response), AN_OK);
	for (int k = 0; k < s.n; k++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d", k ? " " : "", (int)response[k]);
	assert_string_equal(text, want);
}

static void test_gfp(void **state)
{
	(void)state;
	check_gfp("1,4 1,5 3,9 9,18", 2, AN_GFP_SLACK, "1 1 4 15");
	check_gfp("1,4 1,5 3,9 9,18", 3, AN_GFP_SLACK, "1 1 3 12");
	check_gfp("1,4 1,5 3,9 9,18", 3, AN_GFP_PLAIN, "1 1 3 14");
	check_gfp("1,4 1,5 3,9 9,18", 3, AN_GFP_LATE, "1 1 3 13");
}

static void test_tardiness(void **state)
{
	struct set s = parse("2,3 2,3 2,3");

	(void)state;
	assert_int_equal(an_gedf_tardiness(s.t, s.n, 2), 2); /* (2 - 2)/2 + 2 */
	assert_int_equal(an_gedf_tardiness(s.t, s.n, 1), -1);
}

static struct set cluster(int which)
{
	struct set s = { 0 };
	static const int c1[][3] = { { 4, 5, 60 }, { 2, 5, 70 },  { 2, 5, 80 },	 { 1, 10, 80 },
				     { 1, 5, 90 }, { 2, 10, 90 }, { 3, 10, 100 } };
	static const int c2[][3] = { { 1, 5, 60 }, { 1, 5, 100 } };
	static const int c3[][3] = { { 2, 2, 45 }, { 2, 3, 45 }, { 4, 5, 50 }, { 5, 5, 70 } };
	const int(*list)[3] = which == 1 ? c1 : which == 2 ? c2 : c3;
	int rows = which == 1 ? 7 : which == 2 ? 2 : 4;

	for (int i = 0; i < rows; i++)
		for (int k = 0; k < list[i][0]; k++)
			add(&s, list[i][1] * 1000, list[i][2] * 1000, 0);
	return s;
}

/* Every window up to `until`, in whole units: the formula as it is printed. */
static bool brute_gedf(const struct set *s, const struct an_supply *supply, int64_t until)
{
	int width = an_supply_width(supply);

	for (int k = 0; k < s->n; k++)
		for (int64_t x = s->t[k].deadline; x < until; x++) {
			int64_t sum = width * s->t[k].cost, more[MAX];

			for (int i = 0; i < s->n; i++) {
				const struct an_task *t = &s->t[i];
				int64_t q = (x + t->period - t->deadline) / t->period;
				int64_t w = q * t->cost, ci = x - q * t->period, base, with;

				if (x + t->period - t->deadline < 0)
					w = 0, ci = x;
				ci = ci < 0 ? 0 : ci > t->cost ? t->cost : ci;
				if (i == k) {
					int64_t a = x - t->deadline;

					base = w - t->cost < a ? w - t->cost : a;
					with = w - t->cost + ci < a ? w - t->cost + ci : a;
				} else {
					int64_t a = x - s->t[k].cost;

					base = w < a ? w : a;
					with = w + ci < a ? w + ci : a;
				}
				sum += base;
				more[i] = with - base;
			}
			for (int c = 0; c < width - 1; c++) {
				int best = 0;

				for (int i = 1; i < s->n; i++)
					if (more[i] > more[best])
						best = i;
				sum += more[best];
				more[best] = 0;
			}
			if (sum > an_sbf(supply, x))
				return false;
		}
	return true;
}

static void test_clusters(void **state)
{
	static const struct {
		int set, period, cpus; /* cpus 0: DMPR */
		int whole, budget; /* budget in twentieths */
	} rows[] = {
		{ 1, 6, 2, 0, 160 }, { 1, 6, 3, 0, 182 }, { 1, 6, 0, 1, 39 },  { 2, 8, 1, 0, 23 }, { 2, 8, 2, 0, 50 },
		{ 2, 8, 0, 0, 23 },  { 3, 5, 2, 0, 104 }, { 3, 5, 3, 0, 116 }, { 3, 5, 0, 0, 98 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct set s = cluster(rows[i].set);
		struct an_supply best = { AN_MPR, rows[i].period * 1000, 0, 0, rows[i].cpus };
		struct an_budget b;

		if (rows[i].cpus) {
			assert_int_equal(an_gedf_min_budget(s.t, s.n, &best, &b), AN_OK);
			assert_true(b.exact);
			best.budget = b.budget;
		} else {
			assert_int_equal(an_min_dmpr(s.t, s.n, best.period, 8, &best), AN_OK);
			assert_int_equal(best.cpus, rows[i].whole);
		}
		assert_int_equal((best.budget + 49) / 50, rows[i].budget);
		assert_int_equal(an_gedf_supply_check(s.t, s.n, &best, NULL), AN_OK);
		best.budget--;
		assert_int_not_equal(an_gedf_supply_check(s.t, s.n, &best, NULL), AN_OK);
	}
}

static struct set random_set(uint64_t *seed, int max_tasks, int max_period)
{
	struct set s = { 0 };
	int n = (int)(next_random(seed) % (unsigned int)max_tasks) + 1;

	for (int i = 0; i < n; i++) {
		int64_t t = (int64_t)(next_random(seed) % (unsigned int)max_period) + 3;
		int64_t d = t - (int64_t)(next_random(seed) % 3), c;

		c = (int64_t)(next_random(seed) % (uint64_t)(d / 2 + 1)) + 1;
		add(&s, c, t, d);
	}
	return s;
}

/* The jumping search says what a look at every window says. */
static void test_every_window(void **state)
{
	uint64_t seed = 11;
	int ok = 0, total = 0;

	(void)state;
	for (int round = 0; round < 600; round++) {
		struct set s = random_set(&seed, 4, 14);
		struct an_supply supply = { AN_MPR, (int64_t)(next_random(&seed) % 8) + 2, 0, 0, 0 };
		int m = (int)(next_random(&seed) % 3) + 1;
		enum an_answer got;
		bool want;

		supply.cpus = m;
		supply.budget = (int64_t)(next_random(&seed) % (uint64_t)(m * supply.period)) + 1;
		if (round % 3 == 0) {
			supply.kind = AN_DMPR;
			supply.budget %= supply.period + 1;
			if (supply.cpus == 0 && supply.budget == 0)
				continue;
		}
		if (round % 7 == 0)
			supply.kind = AN_DEDICATED;
		got = an_gedf_supply_check(s.t, s.n, &supply, NULL);
		if (got == AN_UNDECIDED)
			continue;
		want = brute_gedf(&s, &supply, 1500);
		total++;
		ok += want;
		/* a utilisation above the supply fails in windows longer than 1500 perhaps */
		if (got == AN_NOT && want) {
			an_wide rate;
			int64_t delay;

			an_supply_line(&supply, &rate, &delay);
			assert_true(an_utilisation(s.t, s.n) >= rate - 1 ||
				    an_utilisation_cmp(s.t, s.n, an_supply_width(&supply)) > 0);
		} else {
			assert_int_equal(got == AN_OK, want);
		}
	}
	assert_true(ok > total / 20 && total > 300);
}

/* What any test accepts does not miss, released together or at random. */
static void test_accepted_sets_hold(void **state)
{
	uint64_t seed = 3;
	int accepted = 0, only_ffdbf = 0, by[7] = { 0 };

	(void)state;
	for (int round = 0; round < 10000; round++) {
		struct set s = random_set(&seed, 5, 16);
		int m = (int)(next_random(&seed) % 2) + 2, offset[MAX], answers[7];
		bool any = false;

		answers[0] = an_gfb(s.t, s.n, m);
		answers[1] = an_bak(s.t, s.n, m);
		answers[2] = an_bcl(s.t, s.n, m, NULL);
		answers[3] = an_bcl_iterative(s.t, s.n, m, true, NULL);
		answers[4] = an_bar(s.t, s.n, m, NULL);
		answers[5] = an_gedf_rta(s.t, s.n, m, NULL);
		answers[6] = an_ffdbf(s.t, s.n, m);
		only_ffdbf += answers[6] == AN_OK && answers[0] && answers[1] && answers[2] && answers[3] &&
			      answers[4] && answers[5];
		for (int i = 0; i < 7; i++) {
			any |= answers[i] == AN_OK;
			by[i] += answers[i] == AN_OK;
		}
		if (!any || s.n <= m)
			continue;
		accepted++;
		assert_int_equal(simulate(&s, m, 600, NULL), -1);
		for (int i = 0; i < s.n; i++)
			offset[i] = (int)(next_random(&seed) % 20);
		assert_int_equal(simulate(&s, m, 600, offset), -1);
	}
	print_message(
		"# accepted by GFB %d BAK %d BCL %d BCLi %d BAR %d RTA %d FF-DBF %d (%d by it alone), with contention %d\n",
		by[0], by[1], by[2], by[3], by[4], by[5], by[6], only_ffdbf, accepted);
	assert_true(accepted > 500 && by[6] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict_table), cmocka_unit_test(test_forced_forward),
		cmocka_unit_test(test_scale),	      cmocka_unit_test(test_gfp),
		cmocka_unit_test(test_tardiness),     cmocka_unit_test(test_clusters),
		cmocka_unit_test(test_every_window),  cmocka_unit_test(test_accepted_sets_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
