// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EDF on one CPU where servers may put their budgets off.
 *
 * A deferrable server that gets its work late in its period spends the budget just before the period's end and the
 * next one right after it. In a window that begins in between, this is more than a periodic task would ask for: the
 * budget of a period that began before the window comes on top. So dbf does not hold; the demand of a window of
 * length t that ends with the period is
 *
 *	floor(t / T) C  +  what is carried in, at most min(C, r), where r = t mod T is when it expires
 *
 * (another position in the window gains less of the one than it loses of the other). A CBS never has more budget than
 * its bandwidth until its deadline: it carries in at most r C / T. All that is carried in is done, by earliest
 * deadline, before it expires or not at all: of those that expire until r no more than r. Other kinds are sporadic
 * tasks.
 *
 * Who has had work for a whole period and misses its deadline sees a window that is at least as long as that deadline,
 * in which the CPU does nothing else: then the demand exceeds it. Demand does not fall as windows grow, so the windows
 * are looked at as Zhang and Burns do: from the longest that could fail down to the shortest. For the same reason none
 * that is shorter than all deadlines that are promised to be met need be looked at.
 */
#include <stdlib.h>

#include "analysis/number.h"

#define MOST_STEPS 20000

struct carried {
	int64_t amount, expires;
};

static bool puts_off(const struct an_server *s)
{
	return s->kind == AN_DEFERRABLE || s->kind == AN_CBS;
}

static int by_expiry(const void *a, const void *b)
{
	const struct carried *x = a, *y = b;

	return x->expires < y->expires ? -1 : x->expires > y->expires;
}

static an_wide demand(const struct an_server *servers, int n, int64_t t, struct carried *c)
{
	an_wide sum = 0, in = 0;
	int nr = 0;

	for (int i = 0; i < n; i++) {
		const struct an_server *s = &servers[i];
		int64_t r = t % s->period;

		if (!puts_off(s)) {
			if (t >= s->deadline)
				sum += (an_wide)((t - s->deadline) / s->period + 1) * s->budget;
			continue;
		}
		sum += (an_wide)(t / s->period) * s->budget;
		if (r)
			c[nr++] = (struct carried){ s->kind == AN_CBS ?
							    (int64_t)an_ceil((an_wide)r * s->budget, s->period) :
							    an_min(s->budget, r),
						    r };
	}
	qsort(c, (size_t)nr, sizeof(*c), by_expiry);
	for (int i = 0; i < nr; i++)
		in = an_wmin(in + c[i].amount, c[i].expires);
	return sum + in;
}

/* The last window before @t in which a budget begins to count. */
static int64_t point_before(const struct an_server *servers, int n, int64_t t)
{
	int64_t last = -1;

	for (int i = 0; i < n; i++) {
		int64_t d = puts_off(&servers[i]) ? servers[i].period : servers[i].deadline;

		if (t > d)
			last = an_max(last, d + (t - 1 - d) / servers[i].period * servers[i].period);
	}
	return last;
}

/* Where all periods meet; AN_MAX_WINDOW if that is beyond. */
static int64_t hyperperiod(const struct an_server *servers, int n)
{
	an_wide all = 1;

	for (int i = 0; i < n && all < AN_MAX_WINDOW; i++)
		all = all / an_gcd(all, servers[i].period) * servers[i].period;
	return an_window(all);
}

/* No longer window can fail, if none of those up to here does. */
static int64_t longest(const struct an_server *servers, const struct an_task *tasks, int n)
{
	an_wide gap = ((an_wide)1 << AN_RATE_BITS) - an_utilisation(tasks, n), rise = 0;
	int64_t most = 0, end = hyperperiod(servers, n);

	for (int i = 0; i < n; i++) {
		const struct an_server *s = &servers[i];
		int64_t ahead = puts_off(s) ? s->period - s->budget : s->period - s->deadline;

		rise += an_ceil((an_wide)s->budget * ahead, s->period) + 1;
		most = an_max(most, s->period);
	}
	end = an_window((an_wide)end + most);
	if (gap > 0)
		end = an_min(end, an_window(an_ceil(rise << AN_RATE_BITS, gap) + 1));
	return end;
}

enum an_answer an_edf_deferred_check(const struct an_server *servers, int n, struct an_verdict *v)
{
	struct an_task *tasks = calloc((size_t)n + 1, sizeof(*tasks));
	struct carried *c = calloc((size_t)n + 1, sizeof(*c));
	int64_t shortest = AN_NEVER, t;
	int step = 0;

	*v = (struct an_verdict){ .answer = AN_UNDECIDED, .index = -1 };
	if (!tasks || !c)
		goto out;
	for (int i = 0; i < n; i++) {
		tasks[i] = (struct an_task){ .cost = servers[i].budget, .period = servers[i].period };
		if (!servers[i].stays)
			shortest = an_min(shortest, servers[i].deadline);
	}
	t = longest(servers, tasks, n);
	if (an_utilisation_cmp(tasks, n, 1) > 0) {
		/* Too much in all: the longest period shows it, or what follows it. */
		v->answer = AN_NOT;
		for (int i = 0; i < n; i++)
			v->window = an_max(v->window, servers[i].period);
		v->demand = an_ceil(an_utilisation(tasks, n) * v->window, (an_wide)1 << AN_RATE_BITS);
		v->supply = v->window;
		goto out;
	}
	if (t >= AN_MAX_WINDOW)
		goto out;
	for (; step < MOST_STEPS && t >= shortest; step++) {
		an_wide d = demand(servers, n, t, c);

		if (d > t) {
			*v = (struct an_verdict){ AN_NOT, -1, t, d, t };
			for (int i = 0; i < n && v->index < 0; i++)
				if (!servers[i].stays && t >= servers[i].deadline &&
				    (t - servers[i].deadline) % servers[i].period == 0)
					v->index = i;
			goto out;
		}
		t = d < t ? (int64_t)d : point_before(servers, n, t);
	}
	if (step < MOST_STEPS)
		v->answer = AN_OK;
out:
	free(tasks);
	free(c);
	return v->answer;
}
