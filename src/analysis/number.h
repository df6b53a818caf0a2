/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole-number helpers of the analysis: rounding division, and fractions that are exact as long as
 * 128 bits hold them and then are rounded the way the caller asked for.
 */
#ifndef ANALYSIS_NUMBER_H
#define ANALYSIS_NUMBER_H

#include "analysis/analysis.h"

/* No window that is looked at is longer, so that sums of two fit 63 bits. */
#define AN_MAX_WINDOW (INT64_C(1) << 60)

static inline int64_t an_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t an_max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline an_wide an_wmin(an_wide a, an_wide b)
{
	return a < b ? a : b;
}

static inline an_wide an_wmax(an_wide a, an_wide b)
{
	return a > b ? a : b;
}

/*
 * Quotients of a number that may be negative and a positive one. 64-bit division is much cheaper.
 */
static inline an_wide an_floor(an_wide a, an_wide b)
{
	if (a >= 0 && a <= INT64_MAX && b <= INT64_MAX)
		return (int64_t)a / (int64_t)b;
	return a / b - (a % b < 0);
}

static inline an_wide an_ceil(an_wide a, an_wide b)
{
	return -an_floor(-a, b);
}

static inline int64_t an_floor64(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static inline int64_t an_ceil64(int64_t a, int64_t b)
{
	return a / b + (a % b > 0);
}

/* Clamped to what a window may be. */
static inline int64_t an_window(an_wide t)
{
	return t > AN_MAX_WINDOW ? AN_MAX_WINDOW : (int64_t)t;
}

struct an_ratio {
	an_wide num, den; /* den > 0 */
};

static inline an_wide an_gcd(an_wide a, an_wide b)
{
	a = a < 0 ? -a : a;
	while (b) {
		an_wide r = a % b;

		a = b;
		b = r;
	}
	return a;
}

static inline struct an_ratio an_ratio(an_wide num, an_wide den)
{
	an_wide g = an_gcd(num, den);

	return (struct an_ratio){ num / (g ? g : 1), den / (g ? g : 1) };
}

/* a to 2^-40; up or down */
static inline struct an_ratio an_ratio_round(struct an_ratio a, bool up)
{
	an_wide whole = an_floor(a.num, a.den), rest = a.num - whole * a.den;

	while (rest > (an_wide)1 << 85) { /* the quotient keeps at least 40 of its bits */
		rest = up ? rest / 2 + 1 : rest / 2;
		a.den = up ? a.den / 2 : a.den / 2 + 1;
	}
	rest = up ? an_ceil(rest << 40, a.den) : an_floor(rest << 40, a.den);
	return an_ratio((whole << 40) + rest, (an_wide)1 << 40);
}

static inline struct an_ratio an_ratio_add(struct an_ratio a, struct an_ratio b, bool up)
{
	an_wide g = an_gcd(a.den, b.den), x, y, sum, den;

	if (!__builtin_mul_overflow(a.num, b.den / g, &x) &&
	    !__builtin_mul_overflow(b.num, a.den / g, &y) && !__builtin_add_overflow(x, y, &sum) &&
	    !__builtin_mul_overflow(a.den, b.den / g, &den))
		return an_ratio(sum, den);
	a = an_ratio_round(a, up);
	b = an_ratio_round(b, up);
	return an_ratio(a.num * (((an_wide)1 << 40) / a.den) + b.num * (((an_wide)1 << 40) / b.den),
			(an_wide)1 << 40);
}

/* a - b: -1, 0, 1. Where the products would not fit, by whole parts and continued fractions. */
static inline int an_ratio_cmp(struct an_ratio a, struct an_ratio b)
{
	int sign = 1;

	for (;;) {
		an_wide qa = an_floor(a.num, a.den), qb = an_floor(b.num, b.den), r;

		if (qa != qb)
			return qa < qb ? -sign : sign;
		a.num -= qa * a.den;
		b.num -= qb * b.den;
		if (!a.num || !b.num)
			return a.num == b.num ? 0 : a.num ? sign : -sign;
		/* both in (0, 1): compare the reciprocals the other way round */
		r = a.num, a.num = a.den, a.den = r;
		r = b.num, b.num = b.den, b.den = r;
		sign = -sign;
	}
}

#endif
