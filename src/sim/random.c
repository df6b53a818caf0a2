/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xoshiro256** seeded by splitmix64 (both public domain, Blackman and Vigna), and integer-only distributions;
 * random.h.
 */
#include "sim/random.h"

#include <stdbool.h>

#define LN2_Q32 2977044472LL /* ln 2 * 2^32 */
#define STEPS 1024
#define EXP_LIMIT 20 /* an exponential draw is cut at this many means */

static int64_t log2_q32[STEPS + 1]; /* log2(1 + i/STEPS), 32 fractional bits */
static int64_t exp2_q32[STEPS + 1]; /* 2^(i/STEPS), 32 fractional bits */
static bool tables_made;

/* log2 of x in [1, 2), given with 62 fractional bits: by repeated squaring, a bit each time. */
static int64_t log2_bits(uint64_t x)
{
	int64_t result = 0;

	for (int bit = 31; bit >= 0; bit--) {
		x = (uint64_t)((unsigned __int128)x * x >> 62);
		if (x >= 1ULL << 63) {
			x >>= 1;
			result |= 1LL << bit;
		}
	}
	return result;
}

static void make_tables(void)
{
	if (tables_made)
		return;
	for (int i = 0; i <= STEPS; i++)
		log2_q32[i] = i == STEPS ? 1LL << 32 : log2_bits((1ULL << 62) / STEPS * (uint64_t)(STEPS + i));
	/* 2^(i/STEPS) is where log2 reaches i/STEPS: bisection, 32 bits. */
	for (int i = 0; i <= STEPS; i++) {
		uint64_t lo = 0, hi = 1ULL << 32;

		while (hi - lo > 1) {
			uint64_t mid = (lo + hi) / 2;

			if (log2_bits((1ULL << 62) + (mid << 30)) <= (int64_t)((uint64_t)i << 32) / STEPS)
				lo = mid;
			else
				hi = mid;
		}
		exp2_q32[i] = (int64_t)((1ULL << 32) + (i == STEPS ? 1ULL << 32 : i == 0 ? 0 : lo));
	}
	tables_made = true;
}

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

void random_init(struct random *r, uint64_t seed, uint64_t stream)
{
	uint64_t x = seed;

	make_tables();
	x = splitmix(&x) ^ stream * 0xd1342543de82ef95ULL;
	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix(&x);
}

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

uint64_t random_u64(struct random *r)
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

/* -ln(u) for u uniform in (0, 1], 32 fractional bits. */
static int64_t minus_ln(uint64_t u)
{
	int zeros = __builtin_clzll(u | 1);
	uint64_t m = (u | 1) << zeros; /* 1.xxx with 63 fractional bits */
	uint64_t i = m >> 53 & (STEPS - 1), frac = m >> 21 & 0xffffffff;
	int64_t log2m =
		log2_q32[i] + (int64_t)((unsigned __int128)(uint64_t)(log2_q32[i + 1] - log2_q32[i]) * frac >> 32);
	/* u = m / 2^(zeros + 1), as a fraction of 2^64 */
	int64_t minus_log2 = ((int64_t)(zeros + 1) << 32) - log2m;

	return (int64_t)((__int128)minus_log2 * LN2_Q32 >> 32);
}

/* A standard normal deviate, 32 fractional bits: the sum of 12 uniform ones (within 6 sigma). */
static int64_t normal(struct random *r)
{
	int64_t sum = 0;

	for (int i = 0; i < 12; i++)
		sum += (int64_t)(random_u64(r) >> 32);
	return sum - (6LL << 32);
}

/* median * e^(sigma * z); sigma in millionths. */
static int64_t lognormal(struct random *r, int64_t median, int64_t sigma)
{
	/* sigma * z / ln 2: the power of two, 32 fractional bits */
	__int128 power = (__int128)normal(r) * sigma / 1000000 * (1LL << 32) / LN2_Q32;
	int64_t whole = (int64_t)(power >> 32), frac = (int64_t)(power & 0xffffffff), i = frac * STEPS >> 32;
	__int128 v = (__int128)median * exp2_q32[i];

	v >>= 32;
	if (whole > 40)
		whole = 40;
	if (whole < -62)
		return 1;
	v = whole >= 0 ? v << whole : v >> -whole;
	return v > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)v;
}

int64_t random_draw(struct random *r, const struct scn_dist *dist)
{
	int64_t v = dist->a;

	switch (dist->kind) {
	case SCN_CONST:
		break;
	case SCN_UNIFORM:
		v += (int64_t)(random_u64(r) % (uint64_t)(dist->b - dist->a + 1));
		break;
	case SCN_EXP:
		v = (int64_t)((__int128)dist->a * minus_ln(random_u64(r)) >> 32);
		if (v / EXP_LIMIT > dist->a)
			v = EXP_LIMIT * dist->a;
		break;
	case SCN_LOGNORMAL:
		v = lognormal(r, dist->a, dist->b);
		break;
	}
	return v < 1 ? 1 : v;
}

int64_t random_mean(const struct scn_dist *dist)
{
	switch (dist->kind) {
	case SCN_UNIFORM:
		return dist->a + (dist->b - dist->a) / 2;
	case SCN_LOGNORMAL: {
		/* median * e^(sigma^2 / 2), by its series: exact enough for an entitlement */
		double s = (double)dist->b / 1e6, x = s * s / 2, term = 1, sum = 1;

		for (int i = 1; i < 40; i++) {
			term *= x / i;
			sum += term;
		}
		return (int64_t)((double)dist->a * sum);
	}
	default:
		return dist->a;
	}
}
