// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Supply bound functions and their inverses.
 *
 * The worst case of every kind but two has one shape: a blackout, then for ever "budget at full
 * width, pause". Counted in units of supply (a width of m gives m of them in each unit of time) it
 * is one function of blackout, budget and period, and its inverse is closed. DMPR is that on top of
 * a slope. Only the exact slot-by-slot MPR is inverted by bisection.
 */
#include <string.h>

#include "analysis/number.h"

#define LONGEST (INT64_C(1) << 62)
#define MOST_WORK ((an_wide)1 << 64) /* times cpus times period still fits 127 bits */

/* The shape: `width` units for each unit of time; blackout and cycle in those units. */
struct shape {
	an_wide blackout, cycle;
	int64_t budget, width;
};

static struct shape shape_of(const struct an_supply *s)
{
	int64_t m = s->kind == AN_MPR || s->kind == AN_MPR_LINEAR ? s->cpus : 1;
	an_wide cycle = (an_wide)m * s->period;
	struct shape shape = { 2 * (cycle - s->budget), cycle, s->budget, m };

	if (s->kind == AN_EDP)
		shape.blackout =
			an_wmax(0, (an_wide)s->period + (s->deadline ? s->deadline : s->budget) - 2 * s->budget);
	if (s->kind == AN_POLLED)
		shape.blackout = 2 * cycle - s->budget;
	return shape;
}

static an_wide shape_sbf(const struct shape *p, int64_t t)
{
	an_wide u = p->width * (an_wide)t - p->blackout, k;

	if (u <= 0 || p->budget <= 0)
		return 0;
	k = an_floor(u, p->cycle);
	return k * p->budget + an_wmin(p->budget, u - k * p->cycle);
}

static int64_t shape_tbf(const struct shape *p, an_wide work)
{
	an_wide k, u;

	if (p->budget <= 0)
		return AN_NEVER;
	k = an_ceil(work, p->budget) - 1;
	u = p->blackout + k * p->cycle + (work - k * p->budget);
	u = an_ceil(u, p->width);
	return u > LONGEST ? AN_NEVER : (int64_t)u;
}

/* Whole slots, `o` of them full before the supply pauses. */
static an_wide slots_sbf(const struct an_supply *s, int64_t t, int64_t o)
{
	an_wide m = s->cpus, budget = s->budget;
	int64_t period = s->period, r, in_period;

	if (t < period - o)
		return an_wmax(0, budget - m * (period - t));
	r = t - (period - o);
	in_period = r % period;
	return an_wmax(0, budget - m * o) + r / period * budget +
	       (in_period ? an_wmax(0, budget - m * (period - in_period)) : 0);
}

/* rate * (t - delay) rounded down, in units of supply */
static an_wide linear_sbf(const struct shape *p, int64_t t)
{
	an_wide u = p->width * (an_wide)t - p->blackout;

	return u <= 0 || p->budget <= 0 ? 0 : an_floor(u * p->budget, p->cycle);
}

an_wide an_sbf(const struct an_supply *s, int64_t t)
{
	struct shape shape;
	struct an_supply part;

	if (t <= 0)
		return 0;
	switch (s->kind) {
	case AN_DEDICATED:
		return (an_wide)s->cpus * t;
	case AN_MPR_SLOTS:
		return an_wmin(slots_sbf(s, t, s->budget / s->cpus), slots_sbf(s, t, an_ceil64(s->budget, s->cpus)));
	case AN_DMPR:
		part = *s;
		part.kind = AN_PRM;
		return (an_wide)s->cpus * t + an_sbf(&part, t);
	case AN_PRM_LINEAR:
	case AN_MPR_LINEAR:
		shape = shape_of(s);
		return linear_sbf(&shape, t);
	default:
		shape = shape_of(s);
		return shape_sbf(&shape, t);
	}
}

static int64_t tbf_by_bisection(const struct an_supply *s, an_wide work)
{
	int64_t lo = 0, hi = LONGEST / AN_MAX_CPUS;

	if (an_sbf(s, hi) < work)
		return AN_NEVER;
	while (hi - lo > 1) { /* sbf(lo) < work <= sbf(hi) */
		int64_t mid = lo + (hi - lo) / 2;

		if (an_sbf(s, mid) >= work)
			hi = mid;
		else
			lo = mid;
	}
	return hi;
}

/* cpus whole CPUs and one periodic: slope cpus, and cpus + 1 for `budget` in each period. */
static int64_t dmpr_tbf(const struct an_supply *s, an_wide work)
{
	an_wide m = s->cpus, blackout = 2 * (an_wide)(s->period - s->budget), cycle, k, t;

	if (!s->budget || work <= m * blackout)
		return m ? (int64_t)an_wmin(an_ceil(work, m), LONGEST) : AN_NEVER;
	work -= m * blackout;
	cycle = m * s->period + s->budget;
	k = an_floor(work - 1, cycle);
	work -= k * cycle;
	t = blackout + k * s->period;
	if (work <= (m + 1) * s->budget)
		t += an_ceil(work, m + 1);
	else
		t += s->budget + an_ceil(work - (m + 1) * s->budget, m);
	return t > LONGEST ? AN_NEVER : (int64_t)t;
}

int64_t an_tbf(const struct an_supply *s, an_wide work)
{
	struct shape shape;
	an_wide t;

	if (work <= 0)
		return 0;
	if (work > MOST_WORK)
		return AN_NEVER;
	switch (s->kind) {
	case AN_DEDICATED:
		t = an_ceil(work, s->cpus);
		return t > LONGEST ? AN_NEVER : (int64_t)t;
	case AN_MPR_SLOTS:
		return tbf_by_bisection(s, work);
	case AN_DMPR:
		return dmpr_tbf(s, work);
	case AN_PRM_LINEAR:
	case AN_MPR_LINEAR:
		shape = shape_of(s);
		if (shape.budget <= 0)
			return AN_NEVER;
		t = an_ceil(an_ceil(work * shape.cycle, shape.budget) + shape.blackout, shape.width);
		return t > LONGEST ? AN_NEVER : (int64_t)t;
	default:
		shape = shape_of(s);
		return shape_tbf(&shape, work);
	}
}

int64_t an_supply_turn(const struct an_supply *s, int64_t t)
{
	struct an_supply part = *s;
	struct shape shape;
	an_wide k, turn;

	switch (s->kind) {
	case AN_DEDICATED:
		return -1;
	case AN_MPR_SLOTS:
		return t - 1; /* steps anywhere: look at every slot */
	case AN_DMPR:
		if (!s->budget)
			return -1;
		part.kind = AN_PRM;
		break;
	default:
		break;
	}
	shape = shape_of(&part);
	/*
	 * The last turn before t; not a whole instant perhaps: first that above it, then that
	 * below.
	 */
	k = shape.width * (an_wide)t - 1 - shape.blackout;
	if (t <= 0 || k < 0)
		return -1;
	k = part.kind == AN_PRM_LINEAR || part.kind == AN_MPR_LINEAR ? 0 : an_floor(k, shape.cycle);
	turn = shape.blackout + k * shape.cycle;
	k = an_ceil(turn, shape.width);
	return k < t ? (int64_t)k : (int64_t)an_floor(turn, shape.width);
}

int an_supply_width(const struct an_supply *s)
{
	switch (s->kind) {
	case AN_DEDICATED:
	case AN_MPR:
	case AN_MPR_SLOTS:
	case AN_MPR_LINEAR:
		return s->cpus;
	case AN_DMPR:
		return s->cpus + (s->budget > 0);
	default:
		return 1;
	}
}

void an_supply_line(const struct an_supply *s, an_wide *rate, int64_t *delay)
{
	struct an_supply mpr = *s;
	struct shape shape;
	an_wide part, d;

	if (s->kind == AN_DEDICATED || (s->kind == AN_DMPR && !s->budget)) {
		*rate = (an_wide)s->cpus << AN_RATE_BITS;
		*delay = 0;
		return;
	}
	part = ((an_wide)s->budget << AN_RATE_BITS) / s->period;
	if (s->kind == AN_DMPR) {
		/* cpus t + rate (t - delay), written with one delay for both */
		*rate = ((an_wide)s->cpus << AN_RATE_BITS) + part;
		*delay = (int64_t)an_ceil((part + 1) * (2 * (s->period - s->budget)), *rate);
		return;
	}
	if (s->kind == AN_MPR_SLOTS)
		mpr.kind = AN_MPR;
	shape = shape_of(&mpr);
	d = an_ceil(shape.blackout, shape.width) + (s->kind == AN_MPR_SLOTS ? 2 : 0);
	*rate = part;
	*delay = (int64_t)an_wmax(0, d);
}

/*
 * The same for the common shape, closed: the blackout is `longest` less `slope` budgets. With the budget the number of
 * whole cycles in the window grows, by two at most; for each number of them the least budget is that of two lines.
 */
static int64_t shape_budget_for(const struct an_supply *s, int64_t t, an_wide work, int64_t max)
{
	struct an_supply none = *s, one = *s;
	struct shape p, q;
	an_wide slope, u, k, least;

	none.budget = 0;
	one.budget = 1;
	p = shape_of(&none);
	q = shape_of(&one);
	slope = p.blackout - q.blackout;
	u = p.width * (an_wide)t - p.blackout;
	k = an_wmax(0, an_floor(u + slope * (s->budget + 1), p.cycle));
	for (; k * p.cycle <= u + slope * max; k++) {
		/* k cycles fit from this budget on; then k budgets and what is left of the window, at most one more */
		least = an_wmax(s->budget + 1, an_ceil(k * p.cycle - u, slope));
		least = an_wmax(least, an_ceil(work, k + 1));
		least = an_wmax(least, an_ceil(work - u + k * p.cycle, k + slope));
		if (least <= max && slope * least + u < (k + 1) * p.cycle)
			return (int64_t)least;
	}
	return -1;
}

int64_t an_budget_for(const struct an_supply *s, int64_t t, an_wide work, int64_t max)
{
	struct an_supply try = *s;
	int64_t lo = s->budget, hi = max;

	try.budget = max;
	if (max <= lo || an_sbf(&try, t) < work)
		return -1;
	if (s->kind == AN_PRM || s->kind == AN_EDP || s->kind == AN_POLLED || s->kind == AN_MPR)
		return shape_budget_for(s, t, work, max);
	if (s->kind == AN_DMPR) {
		try.kind = AN_PRM;
		try.budget = lo;
		return shape_budget_for(&try, t, work - (an_wide)s->cpus * t, max);
	}
	while (hi - lo > 1) { /* lo is too little */
		try.budget = lo + (hi - lo) / 2;
		if (an_sbf(&try, t) >= work)
			hi = try.budget;
		else
			lo = try.budget;
	}
	return hi;
}
