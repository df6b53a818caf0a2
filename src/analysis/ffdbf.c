// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Global EDF by forced-forward demand (Baruah, Bonifaci, Marchetti-Spaccamela, Stiller 2009).
 *
 * Take the jobs that must run in a window on a CPU of speed sigma, at least as fast as the densest task needs: those
 * with their deadline in it, and of the next one what can't be done in sigma times what is left of it outside. If that
 * is never more than m - (m - 1) sigma units for each unit of the window, no deadline is missed on m CPUs of speed 1.
 *
 * Some speed has to do. Those between the least allowed and the one where long windows fail are tried on a grid, which
 * can only miss a yes. For one speed the demand grows and is flat by turns, so that the corners where it becomes flat
 * (deadlines) decide, and from the longest window that could fail the search jumps down as everywhere (analysis.h).
 */
#include "analysis/number.h"

#define SPEEDS 16
#define MOST_ROUNDS 10000
#define ONE ((an_wide)1 << AN_SIGMA_BITS)

an_wide an_ff_dbf(const struct an_task *task, int64_t t, int64_t sigma)
{
	int64_t deadline = an_min(task->deadline, task->period), into = t % task->period;
	an_wide cost = (an_wide)task->cost << AN_SIGMA_BITS, last = cost;

	if (into < deadline)
		last = an_wmax(0, cost - (an_wide)(deadline - into) * sigma);
	return t / task->period * cost + last;
}

/* The last corner before t; -1: none. */
static int64_t corner_before(const struct an_task *tasks, int n, int64_t t)
{
	int64_t best = -1;

	for (int i = 0; i < n; i++) {
		int64_t d = an_min(tasks[i].deadline, tasks[i].period);

		if (t > d)
			best = an_max(best, (t - 1 - d) / tasks[i].period * tasks[i].period + d);
	}
	return best;
}

static enum an_answer one_speed(const struct an_task *tasks, int n, int m, int64_t sigma)
{
	an_wide rate = m * ONE - (m - 1) * (an_wide)sigma, gap, rise = 0;
	int64_t t;

	/* demand of a window t <= U t + rise */
	gap = rate - an_ceil(an_utilisation(tasks, n), (an_wide)1 << (AN_RATE_BITS - AN_SIGMA_BITS));
	if (gap <= 0)
		return AN_UNDECIDED;
	for (int i = 0; i < n; i++)
		rise += an_ceil((an_wide)tasks[i].cost * an_max(0, tasks[i].period - tasks[i].deadline),
				tasks[i].period);
	t = corner_before(tasks, n, an_window(an_ceil(rise * ONE, gap) + 2));
	for (int step = 0; t >= 0; step++) {
		an_wide demand = 0, covers;

		if (step == MOST_ROUNDS)
			return AN_UNDECIDED;
		for (int i = 0; i < n; i++)
			demand += an_ff_dbf(&tasks[i], t, sigma);
		if (demand > rate * t)
			return AN_NOT;
		covers = an_ceil(demand, rate); /* no window from here to t fails */
		t = corner_before(tasks, n, (int64_t)an_wmin(t, covers + 1));
	}
	return AN_OK;
}

enum an_answer an_ffdbf(const struct an_task *tasks, int n, int m)
{
	an_wide least = 1, most;

	for (int i = 0; i < n; i++) {
		int64_t d = an_min(tasks[i].deadline, tasks[i].period);

		if (tasks[i].jitter || tasks[i].blocking)
			return AN_UNDECIDED;
		if (tasks[i].cost > d)
			return AN_NOT;
		least = an_wmax(least, an_ceil(tasks[i].cost * ONE, d));
	}
	/* m - (m - 1) sigma > U; on one CPU every speed up to 1 may do */
	most = m > 1 ? an_floor(m * ONE - (an_utilisation(tasks, n) >> (AN_RATE_BITS - AN_SIGMA_BITS)) - 2, m - 1) :
		       ONE;
	most = an_wmin(most, ONE);
	for (int k = 0; k <= SPEEDS && least <= most; k++) {
		int64_t sigma = (int64_t)(least + (most - least) * k / SPEEDS);

		if (one_speed(tasks, n, m, sigma) == AN_OK)
			return AN_OK;
	}
	return AN_NOT;
}
