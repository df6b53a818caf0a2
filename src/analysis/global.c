// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Global scheduling on m CPUs of one's own: the tests of the literature, each sufficient, none
 * implied by another. A set is schedulable when any of them says so.
 *
 *   GFB   Goossens, Funk, Baruah 2003: density
 *   BAK   Baker 2003
 *   BCL   Bertogna, Cirinei, Lipari 2005; iterative with slacks, Bertogna and Cirinei 2009
 *   RTA   response times, Bertogna and Cirinei 2007
 *   BAR   Baruah 2007: only m - 1 tasks carry in; here in the consistent strict form
 *   gFP   response times for fixed priorities; "limited": only m - 1 carry in, Guan et al. 2009
 *
 * All but GFB and BAR look at a deadline beyond the period as if it were the period, which is safe.
 * Jitter and blocking are not part of these tests: a set that has them is left undecided.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis/gedf.h"

#define MOST_ROUNDS 10000

static int64_t deadline_of(const struct an_task *t)
{
	return an_min(t->deadline, t->period);
}

static bool is_plain(const struct an_task *tasks, int n)
{
	for (int i = 0; i < n; i++)
		if (tasks[i].jitter || tasks[i].blocking)
			return false;
	return true;
}

static bool is_possible(const struct an_task *tasks, int n, int m)
{
	for (int i = 0; i < n; i++)
		if (tasks[i].cost > tasks[i].deadline)
			return false;
	return an_utilisation_cmp(tasks, n, m) <= 0;
}

/* m - (m - 1) largest, against the sum */
static bool fits_density(struct an_ratio sum, struct an_ratio largest, int m)
{
	struct an_ratio rest = an_ratio((an_wide)m * largest.den - (m - 1) * largest.num, largest.den);

	return an_ratio_cmp(sum, rest) <= 0;
}

enum an_answer an_gfb(const struct an_task *tasks, int n, int m)
{
	struct an_ratio sum = { 0, 1 }, largest = { 0, 1 };

	if (!is_plain(tasks, n))
		return AN_UNDECIDED;
	for (int i = 0; i < n; i++) {
		struct an_ratio density = an_ratio(tasks[i].cost, deadline_of(&tasks[i]));

		sum = an_ratio_add(sum, density, true);
		if (an_ratio_cmp(density, largest) > 0)
			largest = density;
	}
	return fits_density(sum, largest, m) ? AN_OK : AN_NOT;
}

/* min(1, beta) of Baker's test, rounded up if it must be. */
static struct an_ratio baker_load(const struct an_task *i, const struct an_task *k)
{
	int64_t dk = deadline_of(k), di = deadline_of(i);
	/* C_i (D_k + T_i - D_i) / (T_i D_k) */
	struct an_ratio first =
		an_ratio((an_wide)i->cost * dk + (an_wide)i->cost * (i->period - di), (an_wide)i->period * dk);
	struct an_ratio one = { 1, 1 };

	/* lambda = C_k / D_k < U_i: plus (C_i - lambda T_i) / D_k */
	if ((an_wide)k->cost * i->period < (an_wide)i->cost * dk) {
		struct an_ratio a = an_ratio((an_wide)i->cost * dk - (an_wide)k->cost * i->period, (an_wide)dk * dk);

		first = an_ratio_add(first, a, true);
	}
	return an_ratio_cmp(first, one) < 0 ? first : one;
}

enum an_answer an_bak(const struct an_task *tasks, int n, int m)
{
	if (!is_plain(tasks, n))
		return AN_UNDECIDED;
	for (int k = 0; k < n; k++) {
		struct an_ratio sum = { 0, 1 };

		if (tasks[k].cost > deadline_of(&tasks[k]))
			return AN_NOT;
		for (int i = 0; i < n; i++)
			sum = an_ratio_add(sum, baker_load(&tasks[i], &tasks[k]), true);
		if (!fits_density(sum, an_ratio(tasks[k].cost, deadline_of(&tasks[k])), m))
			return AN_NOT;
	}
	return AN_OK;
}

enum an_answer an_bcl(const struct an_task *tasks, int n, int m, struct an_verdict *v)
{
	if (!is_plain(tasks, n))
		return AN_UNDECIDED;
	for (int k = 0; k < n; k++) {
		int64_t dk = deadline_of(&tasks[k]), room = dk - tasks[k].cost;
		an_wide sum = 0;
		bool partial = false;

		for (int i = 0; i < n; i++) {
			int64_t di = deadline_of(&tasks[i]);
			int64_t jobs = an_floor64(dk - di, tasks[i].period) + 1;
			an_wide load = (an_wide)jobs * tasks[i].cost +
				       an_wmin(tasks[i].cost, an_wmax(0, dk - (an_wide)jobs * tasks[i].period));

			if (i == k)
				continue;
			sum += an_wmin(load, room);
			partial |= load > 0 && load <= room;
		}
		if (sum < (an_wide)m * room || (sum == (an_wide)m * room && partial && room > 0))
			continue;
		if (n <= m && room >= 0) /* a CPU for each */
			continue;
		if (v)
			*v = (struct an_verdict){ AN_NOT, k, dk, sum + (an_wide)m * tasks[k].cost, (an_wide)m * dk };
		return AN_NOT;
	}
	return AN_OK;
}

/*
 * Work of i that a window of length x can hold when deadlines are met, i's jobs finishing @slack
 * early.
 */
static an_wide edf_work(const struct an_task *i, int64_t x, int64_t slack)
{
	int64_t jobs = x / i->period;

	return (an_wide)jobs * i->cost + an_wmin(i->cost, an_max(0, x - slack - jobs * i->period));
}

static an_wide any_work(const struct an_task *i, int64_t x, int64_t slack)
{
	int64_t reach = x + deadline_of(i) - i->cost - slack, jobs = reach / i->period;

	return (an_wide)jobs * i->cost + an_wmin(i->cost, reach - jobs * i->period);
}

an_wide an_gedf_interference(const struct an_task *tasks, int n, int k, const int64_t *slack)
{
	int64_t dk = deadline_of(&tasks[k]);
	an_wide sum = 0;

	for (int i = 0; i < n; i++)
		if (i != k)
			sum += an_wmin(edf_work(&tasks[i], dk, slack ? slack[i] : 0), dk - tasks[k].cost + 1);
	return sum;
}

enum an_answer an_bcl_iterative(const struct an_task *tasks, int n, int m, bool slacks, int64_t *response)
{
	int64_t *slack = calloc((size_t)n, sizeof(*slack));
	bool grew = true, ok = false;

	if (!slack || !is_plain(tasks, n) || !is_possible(tasks, n, m)) {
		free(slack);
		return is_plain(tasks, n) ? AN_NOT : AN_UNDECIDED;
	}
	for (int round = 0; grew && !ok && round < MOST_ROUNDS; round++) {
		grew = false;
		ok = true;
		for (int k = 0; k < n; k++) {
			int64_t dk = deadline_of(&tasks[k]), left;
			an_wide sum = an_gedf_interference(tasks, n, k, slacks ? slack : NULL);

			left = (int64_t)(dk - tasks[k].cost - an_floor(sum, m));
			if (response)
				response[k] = left < 0 ? AN_NEVER : dk - left;
			ok &= left >= 0;
			if (left > slack[k] && slacks) {
				slack[k] = left;
				grew = true;
			}
		}
	}
	free(slack);
	return ok ? AN_OK : AN_NOT;
}

/*
 * What a response-time search looks at: task k among tasks[0..others), those before it or all.
 * slack: how early each is known to be done, NULL: not at all.
 */
struct search {
	const struct an_task *tasks;
	int others, m, k;
	const int64_t *slack;
	bool edf, capped, limited;
	struct an_carry *carry;
};

static int64_t slack_of(const struct search *s, int i)
{
	return s->slack ? s->slack[i] : 0;
}

/* C_k + floor(interference(r) / m) */
static int64_t delayed(const struct search *s, int64_t r)
{
	const struct an_task *tk = &s->tasks[s->k];
	an_wide limit = s->capped ? r - tk->cost + 1 : AN_MAX_WINDOW, sum = 0;

	if (s->limited)
		an_carry_begin(s->carry);
	for (int i = 0; i < s->others; i++) {
		const struct an_task *t = &s->tasks[i];
		an_wide with, without;

		if (i == s->k)
			continue;
		with = an_wmin(any_work(t, r, slack_of(s, i)), limit);
		if (s->edf)
			with = an_wmin(with, edf_work(t, deadline_of(tk), slack_of(s, i)));
		sum += with;
		if (!s->limited)
			continue;
		without = (an_wide)(r / t->period) * t->cost + an_wmin(t->cost, r % t->period);
		without = an_wmin(without, limit);
		an_carry_add(s->carry, without, an_wmax(with, without));
	}
	if (s->limited)
		sum = an_carry_sum(s->carry);
	return an_window(tk->cost + an_floor(sum, s->m));
}

/* Where, after r, the work of some task begins to grow anew; at most the deadline. */
static int64_t next_turn(const struct search *s, int64_t r)
{
	int64_t next = deadline_of(&s->tasks[s->k]);

	for (int i = 0; i < s->others; i++) {
		const struct an_task *t = &s->tasks[i];
		int64_t early = deadline_of(t) - t->cost - slack_of(s, i);

		if (i == s->k)
			continue;
		next = an_min(next, ((r + early) / t->period + 1) * t->period - early);
		if (s->limited)
			next = an_min(next, (r / t->period + 1) * t->period);
	}
	return next;
}

/*
 * Least R up to the deadline with delayed(R) <= R; AN_NEVER if there is none.
 *
 * Plain iteration may creep: when m tasks run as long as k waits, each round adds one unit. But
 * between turns delayed(r) - r is concave (with carry-in limited, the largest of concave ones:
 * there the result is a fixed point, if not always the least). So if it is above zero at both ends
 * of a stretch, there is nothing in between, and if it is not at the far end, bisection finds
 * where.
 */
static int64_t least_response(const struct search *s)
{
	int64_t d = deadline_of(&s->tasks[s->k]), r = s->tasks[s->k].cost;

	for (int round = 0; round < MOST_ROUNDS && r <= d; round++) {
		int64_t next = delayed(s, r), turn, lo, hi;

		if (next <= r)
			return r;
		turn = next_turn(s, r);
		if (next >= turn) {
			r = next;
			continue;
		}
		if (delayed(s, turn) > turn) {
			r = turn + (turn == d);
			continue;
		}
		for (lo = r, hi = turn; hi - lo > 1;) {
			int64_t mid = lo + (hi - lo) / 2;

			if (delayed(s, mid) <= mid)
				hi = mid;
			else
				lo = mid;
		}
		return hi;
	}
	return AN_NEVER;
}

enum an_answer an_gedf_rta(const struct an_task *tasks, int n, int m, int64_t *response)
{
	int64_t *slack = calloc((size_t)n, sizeof(*slack));
	bool grew = true, ok = false;

	if (!slack || !is_plain(tasks, n) || !is_possible(tasks, n, m)) {
		free(slack);
		return is_plain(tasks, n) ? AN_NOT : AN_UNDECIDED;
	}
	/* to the end even when all deadlines hold: the responses tighten */
	for (int round = 0; grew && round < MOST_ROUNDS / 10; round++) {
		grew = false;
		ok = true;
		for (int k = 0; k < n; k++) {
			const struct search s = { tasks, n, m, k, slack, true, true, false, NULL };
			int64_t r = least_response(&s);

			if (response)
				response[k] = r;
			if (r == AN_NEVER) {
				ok = false;
			} else if (deadline_of(&tasks[k]) - r > slack[k]) {
				slack[k] = deadline_of(&tasks[k]) - r;
				grew = true;
			}
		}
	}
	free(slack);
	return ok ? AN_OK : AN_NOT;
}

/* -- BAR ------------------------------------------------------------------------- */

static an_wide bar_demand(const struct an_task *tasks, int n, int k, int64_t x, struct an_carry *c)
{
	an_carry_begin(c);
	for (int i = 0; i < n; i++) {
		const struct an_task *t = &tasks[i];
		an_wide limit = x - tasks[k].cost + 1;
		an_wide without = x >= t->deadline ? (an_wide)((x - t->deadline) / t->period + 1) * t->cost : 0;
		an_wide with = (an_wide)(x / t->period) * t->cost + an_wmin(t->cost, x % t->period);

		with = an_wmax(with, without);
		if (i == k) {
			limit = x - t->deadline;
			without -= t->cost;
			with -= t->cost;
		}
		an_carry_add(c, an_wmin(without, limit), an_wmax(0, an_wmin(with, limit)));
	}
	return an_carry_sum(c);
}

/*
 * The last bend below x of the sum above: where deadlines fall, carry-in begins or is full, limits
 * end.
 */
static int64_t bar_bend(const struct an_task *tasks, int n, int k, int64_t x)
{
	int64_t best = tasks[k].deadline;

	for (int i = 0; i < n; i++) {
		const struct an_task *t = &tasks[i];
		int64_t last = x - 1, by_deadline = 0, jobs = last / t->period;
		int64_t offset = i == k ? t->deadline : tasks[k].cost - 1;
		an_wide bends[5];

		if (last >= t->deadline)
			by_deadline = (last - t->deadline) / t->period + 1;
		bends[0] = by_deadline ? t->deadline + (an_wide)(by_deadline - 1) * t->period : -1;
		bends[1] = (an_wide)jobs * t->period;
		bends[2] = (an_wide)jobs * t->period + t->cost;
		bends[3] = (an_wide)(by_deadline - (i == k)) * t->cost + offset;
		bends[4] = (an_wide)(jobs + (i != k)) * t->cost + offset;
		for (int b = 0; b < 5; b++)
			if (bends[b] < x && bends[b] > best)
				best = (int64_t)bends[b];
	}
	return best < x ? best : -1;
}

static int64_t bar_horizon(const struct an_task *tasks, int n, int m, int k)
{
	an_wide gap = ((an_wide)m << AN_RATE_BITS) - an_utilisation(tasks, n);
	an_wide sum = an_largest_costs(tasks, n, m - 1) + (an_wide)m * tasks[k].cost;

	if (gap <= 0)
		return AN_MAX_WINDOW;
	for (int i = 0; i < n; i++)
		sum += an_ceil((an_wide)tasks[i].cost * an_max(0, tasks[i].period - tasks[i].deadline),
			       tasks[i].period);
	return an_max(tasks[k].deadline, an_window(an_ceil(sum << AN_RATE_BITS, gap) + 1));
}

static enum an_answer bar_check(const struct an_task *tasks, int n, int m, int k, struct an_carry *c,
				struct an_verdict *v)
{
	int64_t x = bar_horizon(tasks, n, m, k), back;
	bool unbounded = x == AN_MAX_WINDOW;

	/* U = m: long windows can't be ruled out, but a short one may fail. */
	if (unbounded)
		x = tasks[k].deadline + 8 * tasks[k].period;
	for (int step = 0; x >= tasks[k].deadline; step++) {
		an_wide demand = bar_demand(tasks, n, k, x, c), room = x - tasks[k].cost + 1;

		if (step == 2 * MOST_ROUNDS)
			return AN_UNDECIDED;
		if (demand >= m * room) {
			if (v)
				*v = (struct an_verdict){ AN_NOT, k, x, demand + (an_wide)m * tasks[k].cost,
							  (an_wide)m * x };
			return AN_NOT;
		}
		/* the shortest window with m (x - C_k + 1) > demand */
		back = (int64_t)(demand / m + 1 + tasks[k].cost - 1);
		x = back < x ? back : bar_bend(tasks, n, k, x);
	}
	return unbounded ? AN_UNDECIDED : AN_OK;
}

enum an_answer an_bar(const struct an_task *tasks, int n, int m, struct an_verdict *v)
{
	struct an_carry c = { .most = m - 1 };
	enum an_answer answer = AN_OK;

	if (v)
		*v = (struct an_verdict){ .answer = AN_OK, .index = -1 };
	if (!is_plain(tasks, n))
		return AN_UNDECIDED;
	if (!is_possible(tasks, n, m))
		return AN_NOT;
	c.top = calloc((size_t)m, sizeof(an_wide));
	for (int k = 0; c.top && k < n && answer == AN_OK; k++)
		answer = bar_check(tasks, n, m, k, &c, v);
	free(c.top);
	return c.top ? answer : AN_UNDECIDED;
}

/* -- fixed priorities --------------------------------------------------------------- */

enum an_answer an_gfp(const struct an_task *tasks, int n, int m, enum an_gfp how, int64_t *response)
{
	int64_t *slack = calloc((size_t)n, sizeof(*slack));
	struct an_carry c = { .most = m - 1, .top = calloc((size_t)m, sizeof(an_wide)) };
	bool late = how == AN_GFP_PLAIN || how == AN_GFP_LATE; /* each is judged without what is known of the others */
	enum an_answer answer = AN_OK;

	if (!slack || !c.top || !is_plain(tasks, n))
		answer = AN_UNDECIDED;
	else if (!is_possible(tasks, n, m))
		answer = AN_NOT;
	for (int k = 0; k < n && answer != AN_UNDECIDED && (answer == AN_OK || late); k++) {
		const struct search s = {
			tasks, k, m, k, late ? NULL : slack, false, how != AN_GFP_PLAIN, how == AN_GFP_LIMITED, &c
		};
		int64_t r = tasks[k].cost;

		/* the first m have a CPU whenever they want one */
		if (k >= m)
			r = least_response(&s);
		if (r == AN_NEVER)
			answer = AN_NOT;
		else
			slack[k] = deadline_of(&tasks[k]) - r;
		if (response)
			response[k] = r;
	}
	free(slack);
	free(c.top);
	return answer;
}

int64_t an_gedf_tardiness(const struct an_task *tasks, int n, int m)
{
	struct an_ratio largest = { 0, 1 };
	int64_t most = 0, least = AN_NEVER;
	an_wide num, den;

	if (an_utilisation_cmp(tasks, n, m) > 0)
		return -1;
	for (int i = 0; i < n; i++) {
		struct an_ratio u = an_ratio(tasks[i].cost, tasks[i].period);

		if (an_ratio_cmp(u, largest) > 0)
			largest = u;
		most = an_max(most, tasks[i].cost);
		least = an_min(least, tasks[i].cost);
	}
	/* ((m-1) Cmax - Cmin) / (m - (m-2) Umax) + Cmax */
	num = an_wmax(0, (an_wide)(m - 1) * most - least);
	den = (an_wide)m * largest.den - (an_wide)(m - 2) * largest.num;
	return most + (int64_t)an_ceil(num * largest.den, den);
}
