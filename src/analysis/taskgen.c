// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random task sets, as the literature draws them.
 *
 * The same seed gives the same numbers everywhere: logarithms and powers are computed with
 * integers. Only RandFixedSum's table of probabilities is in floating point, with nothing but the
 * four operations that IEEE 754 rounds alike on every machine.
 *
 *   UUniFast       Bini and Buttazzo 2005; -Discard: Davis and Burns 2009, redrawn while a task
 *                  exceeds 1
 *   RandFixedSum   Stafford 2006; uniform on the simplex within bounds of each task
 *   Periods are drawn, or costs are and periods follow (EMSOFT'11).
 *   Kato and the families (SchedCAT's names): tasks are drawn until the sum is reached; the last
 *                  one is trimmed
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/number.h"

#define ONE_PPB INT64_C(1000000000)
#define MOST_DISCARDS 100000
#define MOST_FIXED_SUM 512 /* tasks: the table has their square */
#define LN2_Q32 2977044472LL
#define ONE_Q62 (UINT64_C(1) << 62)

const char *const an_gen_util_names[] = {
	"uunifast",   "uunifast-discard", "randfixedsum", "kato",	"uni-light",
	"uni-medium", "uni-heavy",	  "exp-light",	  "exp-medium", "exp-heavy",
	"bimo-light", "bimo-medium",	  "bimo-heavy",
};
const char *const an_gen_period_names[] = { "uniform", "log-uniform", "harmonic" };

/* xoshiro256** seeded by splitmix64, both public domain (Blackman and Vigna). */
struct stream {
	uint64_t s[4];
};

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static uint64_t draw(struct stream *r)
{
	uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* lo to hi, both possible */
static int64_t between(struct stream *r, int64_t lo, int64_t hi)
{
	unsigned __int128 range = (unsigned __int128)((uint64_t)hi - (uint64_t)lo) + 1;

	return lo + (int64_t)(range * draw(r) >> 64);
}

static uint64_t square_root(unsigned __int128 x)
{
	uint64_t lo = 0, hi = UINT64_MAX;

	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;

		if ((unsigned __int128)mid * mid <= x)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* log2 of x > 0, 32 fractional bits: by repeated squaring. */
static int64_t log2_q32(uint64_t x)
{
	int zeros = __builtin_clzll(x);
	uint64_t m = x << zeros >> 1; /* 1.xxx with 62 fractional bits */
	int64_t result = (int64_t)(63 - zeros) << 32;

	for (int bit = 31; bit >= 0; bit--) {
		m = (uint64_t)((unsigned __int128)m * m >> 62);
		if (m >= ONE_Q62 << 1) {
			m >>= 1;
			result |= 1LL << bit;
		}
	}
	return result;
}

/* 2^-y, y >= 0 with 32 fractional bits; the result has 62. */
static uint64_t exp2_minus(uint64_t y)
{
	uint64_t result = ONE_Q62, factor = ONE_Q62 >> 1; /* 2^-1, then its roots */

	for (int bit = 31; bit >= 0; bit--) {
		factor = square_root((unsigned __int128)factor << 62);
		if (y >> bit & 1)
			result = (uint64_t)((unsigned __int128)result * factor >> 62);
	}
	return y >> 32 > 61 ? 0 : result >> (y >> 32);
}

/* u^(1/k) for u uniform in (0, 1]; 62 fractional bits */
static uint64_t root_of_uniform(struct stream *r, int k)
{
	int64_t minus_log = (64LL << 32) - log2_q32(draw(r) | 1);

	return exp2_minus((uint64_t)minus_log / (uint64_t)k);
}

/* -- utilisations, billionths ------------------------------------------------------ */

static void uunifast(struct stream *r, int64_t total, int n, int64_t *u)
{
	an_wide sum = (an_wide)total << 20;

	for (int i = 0; i < n - 1; i++) {
		an_wide rest = sum * root_of_uniform(r, n - 1 - i) >> 62;

		u[i] = (int64_t)((sum - rest) >> 20);
		sum = rest;
	}
	u[n - 1] = (int64_t)(sum >> 20);
}

static double uniform_double(struct stream *r)
{
	return (double)(draw(r) >> 11) / 9007199254740992.0;
}

/* n numbers in [0, 1] with sum s, uniformly; t: room for n * (n + 1) */
static void fixed_sum(struct stream *r, int n, double s, double *w, double *t, double *x)
{
	int k = (int)s < n - 1 ? (int)s : n - 1, j;
	double sm = 0, pr = 1;

	memset(w, 0, (size_t)(2 * (n + 2)) * sizeof(*w));
	w[1] = 1e250;
	for (int i = 2; i <= n; i++) {
		double *now = w + (i % 2 ? 0 : n + 2), *last = w + (i % 2 ? n + 2 : 0);

		/* w of i = 1 is at offset 0, of i = 2 at n + 2, ... */
		now[0] = 0;
		for (int c = 0; c < i; c++) {
			double s1 = s - (k - c), s2 = k + n - (n - i + c) - s;
			double a = last[c + 1] * s1 / i, b = last[c] * s2 / i, both = a + b;

			now[c + 1] = both;
			both += 1e-300;
			t[(i - 2) * n + c] = s2 > s1 ? b / both : 1 - a / both;
		}
	}
	j = k;
	for (int i = n - 1; i >= 1; i--) {
		bool e = uniform_double(r) <= t[(i - 1) * n + j];
		double sx = (double)root_of_uniform(r, i) / (double)ONE_Q62;

		sm += (1 - sx) * pr * s / (i + 1);
		pr *= sx;
		x[n - 1 - i] = sm + (e ? pr : 0);
		if (e) {
			s -= 1;
			j--;
		}
		j = j < 0 ? 0 : j;
	}
	x[n - 1] = sm + pr * s;
	for (int i = n - 1; i > 0; i--) {
		int other = (int)between(r, 0, i);
		double swap = x[i];

		x[i] = x[other];
		x[other] = swap;
	}
}

static int rand_fixed_sum(struct stream *r, const struct an_gen *g, int64_t *u)
{
	int n = g->nr_tasks;
	double low = (double)g->min_ppb, span = (double)(g->max_ppb - g->min_ppb);
	double *w = calloc((size_t)(2 * (n + 2)), sizeof(*w));
	double *t = calloc((size_t)n * (size_t)n + 1, sizeof(*t)),
	       *x = calloc((size_t)n, sizeof(*x));
	int ret = w && t && x ? 0 : -ENOMEM;

	if (!ret && span > 0) {
		fixed_sum(r, n, ((double)g->total_ppb - n * low) / span, w, t, x);
		for (int i = 0; i < n; i++)
			u[i] = (int64_t)(low + span * x[i] + 0.5);
	} else {
		for (int i = 0; i < n; i++)
			u[i] = g->min_ppb;
	}
	free(w);
	free(t);
	free(x);
	return ret;
}

/* Exponential with this mean, redrawn into (0, 1]. */
static int64_t exponential(struct stream *r, int64_t mean)
{
	for (;;) {
		an_wide minus_log = (64LL << 32) - log2_q32(draw(r) | 1);
		int64_t u = (int64_t)(((minus_log * LN2_Q32 >> 32) * mean) >> 32);

		if (u <= ONE_PPB)
			return u < 1 ? 1 : u;
	}
}

/* Light or heavy with a chance of `light` in nine. */
static int64_t bimodal(struct stream *r, int light)
{
	return between(r, 1, 9) <= light ? between(r, 1000000, 500000000) :
					   between(r, 500000000, 900000000);
}

static int64_t one_of_family(struct stream *r, const struct an_gen *g)
{
	switch (g->util) {
	case AN_UNI_LIGHT:
		return between(r, 1000000, 100000000);
	case AN_UNI_MEDIUM:
		return between(r, 100000000, 400000000);
	case AN_UNI_HEAVY:
		return between(r, 500000000, 900000000);
	case AN_EXP_LIGHT:
		return exponential(r, 100000000);
	case AN_EXP_MEDIUM:
		return exponential(r, 250000000);
	case AN_EXP_HEAVY:
		return exponential(r, 500000000);
	case AN_BIMO_LIGHT:
		return bimodal(r, 8);
	case AN_BIMO_MEDIUM:
		return bimodal(r, 6);
	case AN_BIMO_HEAVY:
		return bimodal(r, 4);
	default: /* Kato */
		return between(r, g->min_ppb, g->max_ppb);
	}
}

static int family(struct stream *r, const struct an_gen *g, int64_t *u)
{
	int64_t left = g->total_ppb;
	int n = 0;

	while (left > 0) {
		int64_t one = one_of_family(r, g);

		if (n == AN_MAX_TASKS)
			return -E2BIG;
		u[n++] = one < left ? one : left;
		left -= one;
	}
	return n;
}

/* -- periods ------------------------------------------------------------------------- */

static int64_t draw_period(struct stream *r, const struct an_gen *g)
{
	int64_t lo = (g->min_period + g->grain - 1) / g->grain, hi = g->max_period / g->grain, p;
	int64_t steps = 0;
	an_wide y;

	switch (g->period) {
	case AN_PERIOD_UNIFORM:
		return between(r, lo, hi) * g->grain;
	case AN_PERIOD_HARMONIC:
		while (lo << (steps + 1) <= hi)
			steps++;
		return (lo << between(r, 0, steps)) * g->grain;
	default:
		/* (hi + 1) * 2^-y, y uniform up to log2((hi + 1) / lo); truncated */
		y = log2_q32((uint64_t)hi + 1) - log2_q32((uint64_t)lo);
		y = y * (draw(r) >> 32) >> 32;
		p = (int64_t)((an_wide)(hi + 1) * exp2_minus((uint64_t)y) >> 62);
		return an_max(lo, an_min(p, hi)) * g->grain;
	}
}

/* The cost that a utilisation of @u has in a period, or the other way round. */
static void draw_timing(struct stream *r, const struct an_gen *g, int64_t u, struct an_task *t)
{
	an_wide period;

	if (!g->max_cost) {
		t->period = draw_period(r, g);
		t->cost = (int64_t)(((an_wide)u * t->period + ONE_PPB / 2) / ONE_PPB);
		t->cost = t->cost < 1 ? 1 : t->cost;
		return;
	}
	t->cost = between(r, (g->min_cost + g->grain - 1) / g->grain, g->max_cost / g->grain) * g->grain;
	period = (an_wide)t->cost * ONE_PPB / (u < 1 ? 1 : u);
	period = (period + g->grain / 2) / g->grain * g->grain;
	t->period = (int64_t)an_wmin(period < t->cost ? t->cost : period, AN_MAX_TIME);
}

static int refuse(char *err, size_t errlen, const char *what)
{
	snprintf(err, errlen, "%s", what);
	return -EINVAL;
}

static bool has_fixed_count(enum an_gen_util util)
{
	return util == AN_UUNIFAST || util == AN_UUNIFAST_DISCARD || util == AN_RANDFIXEDSUM;
}

static int check(const struct an_gen *g, char *err, size_t errlen)
{
	if (g->grain < 1 || g->min_period < 1 || g->max_period > AN_MAX_TIME ||
	    g->min_period > g->max_period)
		return refuse(err, errlen, "the range of periods is empty, or beyond 10^15 ns");
	if ((g->min_period + g->grain - 1) / g->grain > g->max_period / g->grain)
		return refuse(err, errlen, "no multiple of the grain lies in the range of periods");
	if (g->max_cost && (g->min_cost < 1 || g->min_cost > g->max_cost || g->max_cost > AN_MAX_TIME ||
			    (g->min_cost + g->grain - 1) / g->grain > g->max_cost / g->grain))
		return refuse(err, errlen, "no multiple of the grain lies in the range of costs");
	if (g->total_ppb < 1 || g->total_ppb > AN_MAX_TASKS * ONE_PPB)
		return refuse(err, errlen, "the utilisation must be above 0 and at most 4096");
	if (has_fixed_count(g->util) && (g->nr_tasks < 1 || g->nr_tasks > AN_MAX_TASKS))
		return refuse(err, errlen, "the number of tasks must be 1 to 4096");
	if (g->util == AN_UUNIFAST_DISCARD && g->total_ppb > g->nr_tasks * ONE_PPB)
		return refuse(err, errlen,
			      "so few tasks can't have this utilisation with at most 1 each");
	if ((g->util == AN_RANDFIXEDSUM || g->util == AN_KATO) &&
	    (g->min_ppb < 0 || g->min_ppb > g->max_ppb || g->max_ppb < 1))
		return refuse(err, errlen, "the bounds of one task's utilisation are out of order");
	if (g->util == AN_RANDFIXEDSUM && g->nr_tasks > MOST_FIXED_SUM)
		return refuse(err, errlen, "randfixedsum draws at most 512 tasks");
	if (g->util == AN_RANDFIXEDSUM && (g->total_ppb < (an_wide)g->nr_tasks * g->min_ppb ||
					   g->total_ppb > (an_wide)g->nr_tasks * g->max_ppb))
		return refuse(err, errlen, "no so many numbers within the bounds have this sum");
	return 0;
}

static int draw_utilisations(struct stream *r, const struct an_gen *g, int64_t *u, char *err,
			     size_t errlen)
{
	int n = g->nr_tasks;

	if (!has_fixed_count(g->util)) {
		n = family(r, g, u);
		if (n == -E2BIG)
			return refuse(err, errlen,
				      "more than 4096 tasks would be needed for this sum");
		return n;
	}
	if (g->util == AN_RANDFIXEDSUM)
		return rand_fixed_sum(r, g, u) ? -ENOMEM : n;
	for (int tries = 0; tries < MOST_DISCARDS; tries++) {
		bool over = false;

		uunifast(r, g->total_ppb, n, u);
		for (int i = 0; i < n; i++)
			over |= u[i] > ONE_PPB;
		if (!over || g->util == AN_UUNIFAST)
			return n;
	}
	snprintf(
		err, errlen,
		"100000 sets were discarded for a task above 1; randfixedsum draws such sums at once");
	return -EAGAIN;
}

int an_generate(const struct an_gen *g, uint64_t index, struct an_task **out, char *err,
		size_t errlen)
{
	struct stream r;
	uint64_t x = g->seed;
	int64_t *u;
	int n = check(g, err, errlen);

	*out = NULL;
	if (n < 0)
		return n;
	x = splitmix(&x) ^ index * 0xd1342543de82ef95ULL;
	for (int i = 0; i < 4; i++)
		r.s[i] = splitmix(&x);
	u = calloc(AN_MAX_TASKS, sizeof(*u));
	n = u ? draw_utilisations(&r, g, u, err, errlen) : -ENOMEM;
	if (n > 0) {
		*out = calloc((size_t)n, sizeof(**out));
		n = *out ? n : -ENOMEM;
	}
	for (int i = 0; i < n; i++) {
		struct an_task *t = &(*out)[i];

		snprintf(t->name, sizeof(t->name), "t%d", i + 1);
		draw_timing(&r, g, u[i], t);
		t->deadline = t->period;
		if (g->constrained && t->cost < t->period)
			t->deadline = between(&r, t->cost, t->period);
	}
	free(u);
	return n;
}
