// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fixed priorities on one CPU's worth of supply. A task's response is the shortest window in which
 * its request bound is supplied: a fixed point, approached from below with the inverse of the
 * supply. It begins where the two slopes alone would let it end, so that short periods beside a
 * long one cost few rounds.
 */
#include "analysis/number.h"

#define MOST_ROUNDS 100000

struct request {
	const struct an_task *tasks;
	int i;
	const struct an_supply *s;
	int64_t rounds; /* left */
};

/* No window below can hold @own units of i and what comes before it. AN_NEVER if none can. */
static int64_t least_window(const struct request *r, an_wide own)
{
	an_wide rate, gap, t;
	int64_t delay;

	an_supply_line(r->s, &rate, &delay);
	gap = rate + 1;
	for (int j = 0; j < r->i; j++)
		gap -= an_floor((an_wide)r->tasks[j].cost << AN_RATE_BITS, r->tasks[j].period);
	if (gap <= 0)
		return AN_NEVER;
	t = own > (an_wide)1 << 80 ? AN_MAX_WINDOW : an_floor(own << AN_RATE_BITS, gap);
	return an_max(1, an_window(t));
}

/* Shortest window that supplies @jobs jobs of i with all interference; AN_NEVER beyond limit. */
static int64_t finish(struct request *r, int64_t jobs, int64_t limit)
{
	an_wide own = (an_wide)jobs * r->tasks[r->i].cost + r->tasks[r->i].blocking;
	an_wide more = own - r->tasks[r->i].cost - r->tasks[r->i].blocking;
	int64_t t = least_window(r, own), next;

	for (; t <= limit && t < AN_MAX_WINDOW && r->rounds > 0; r->rounds--) {
		next = an_tbf(r->s, an_rbf(r->tasks, r->i, t) + more);
		if (next <= t)
			return t;
		t = next;
	}
	return AN_NEVER;
}

int64_t an_fp_first_response(const struct an_task *tasks, int i, const struct an_supply *s, int64_t limit)
{
	struct request r = { tasks, i, s, MOST_ROUNDS };
	int64_t jitter = tasks[i].jitter, t = finish(&r, 1, limit - jitter);

	return t == AN_NEVER ? AN_NEVER : t + jitter;
}

/* The longest window up to @limit, from @t on, in which no more is requested than in @t. */
static int64_t same_request(const struct an_task *tasks, int i, int64_t t, int64_t limit)
{
	for (int j = 0; j < i; j++)
		limit = an_min(limit,
			       an_ceil64(t + tasks[j].jitter, tasks[j].period) * tasks[j].period - tasks[j].jitter);
	return limit;
}

/* *need (if not NULL): the least budget that supplies every job before the next request after the window found. */
static int64_t respond(const struct an_task *tasks, int i, const struct an_supply *s, int64_t *need)
{
	struct an_supply none = *s;
	struct request r = { tasks, i, s, MOST_ROUNDS };
	const struct an_task *t = &tasks[i];
	int64_t worst = 0;

	none.budget = 0;
	for (int64_t q = 0; q < MOST_ROUNDS; q++) {
		int64_t release = q * t->period, limit, end;

		/* Past the deadline the exact value interests nobody. */
		limit = release + t->deadline - t->jitter;
		end = limit > AN_MAX_WINDOW ? AN_NEVER : finish(&r, q + 1, limit);
		if (end == AN_NEVER)
			return AN_NEVER;
		worst = an_max(worst, end - release + t->jitter);
		if (need) {
			/* The last job stays the last: later ones would have to be looked at. */
			if (end + t->jitter <= release + t->period)
				limit = an_min(limit, release + t->period - t->jitter);
			*need = an_max(*need, an_budget_for(&none, same_request(tasks, i, end, limit),
							    an_rbf(tasks, i, end) + (an_wide)q * t->cost, s->budget));
		}
		if (end + t->jitter <= release + t->period)
			return worst;
	}
	return AN_NEVER;
}

int64_t an_fp_response(const struct an_task *tasks, int i, const struct an_supply *s)
{
	return respond(tasks, i, s, NULL);
}

/*
 * A budget that does is lowered to what the windows that show it need, and one that is smaller by 1 is tried: if that
 * does not, the least is found. Else a budget halfway to one that does not is tried next, so that the windows come near
 * the deciding one in a number of rounds that the size of the integers has no part in.
 */
int64_t an_fp_least_budget(const struct an_task *tasks, int i, const struct an_supply *s, int64_t max)
{
	int64_t lo = s->budget, hi = 0, need, deadline = tasks[i].deadline;
	struct an_supply try = *s;

	try.budget = max;
	if (respond(tasks, i, &try, &hi) > deadline)
		return -1;
	for (bool halfway = false; hi - lo > 1; halfway = !halfway) {
		try.budget = halfway ? lo + (hi - lo) / 2 : hi - 1;
		need = 0;
		if (respond(tasks, i, &try, &need) <= deadline)
			hi = need;
		else
			lo = try.budget;
	}
	return hi;
}

enum an_answer an_fp_check(const struct an_task *tasks, int n, const struct an_supply *s, struct an_verdict *v)
{
	for (int i = 0; i < n; i++) {
		int64_t window = an_max(1, tasks[i].deadline - tasks[i].jitter);

		if (an_fp_response(tasks, i, s) <= tasks[i].deadline)
			continue;
		if (v)
			*v = (struct an_verdict){ AN_NOT, i, window, an_rbf(tasks, i, window), an_sbf(s, window) };
		return AN_NOT;
	}
	if (v)
		*v = (struct an_verdict){ .answer = AN_OK, .index = -1 };
	return AN_OK;
}
