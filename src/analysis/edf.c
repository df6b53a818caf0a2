// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EDF on one CPU's worth of supply: verdict, smallest budget, response times.
 *
 * The verdict is Zhang and Burns' quick processor-demand analysis, with the inverse of the supply
 * where they have the identity: from the last deadline that can fail, jump to the shortest window
 * in which the demand of this one is already supplied. The smallest budget takes one such descent:
 * where a window fails, the budget is raised to just what that window needs. Windows above it were
 * fine with less, so nothing is looked at twice; and each raise was necessary, so the result is the
 * minimum.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis/number.h"

#define MOST_STEPS 20000 /* jumps of one descent; usual are tens */
#define MOST_POINTS 100000 /* of a response-time search */

static int64_t most_blocking(const struct an_task *tasks, int n)
{
	int64_t most = 0;

	for (int i = 0; i < n; i++)
		most = an_max(most, tasks[i].blocking);
	return most;
}

static bool is_whole_cpu(const struct an_supply *s)
{
	return (s->kind == AN_DEDICATED && s->cpus >= 1) ||
	       (s->kind != AN_DEDICATED && s->budget >= s->period);
}

/* Longest time for which a whole CPU can be busy from a synchronous release, or AN_MAX_WINDOW. */
static int64_t busy_period(const struct an_task *tasks, int n)
{
	an_wide t = 0, next = most_blocking(tasks, n);

	for (int i = 0; i < n; i++)
		next += tasks[i].cost;
	for (int k = 0; k < MOST_STEPS && next != t; k++) {
		t = next;
		if (t > AN_MAX_WINDOW)
			return AN_MAX_WINDOW;
		next = most_blocking(tasks, n);
		for (int i = 0; i < n; i++)
			next += (an_wide)an_ceil64((int64_t)t + tasks[i].jitter, tasks[i].period) *
				tasks[i].cost;
	}
	return next == t ? (int64_t)t : AN_MAX_WINDOW;
}

/*
 * No window of this length or longer can fail: the demand line U t + sum (T-D) U is below the
 * supply line rate (t - delay) from there on. AN_MAX_WINDOW if the lines do not meet before.
 */
static int64_t horizon(const struct an_task *tasks, int n, const struct an_supply *s)
{
	an_wide rate, gap, rise = most_blocking(tasks, n);
	int64_t delay, end = AN_MAX_WINDOW;

	an_supply_line(s, &rate, &delay);
	gap = rate - an_utilisation(tasks, n);
	for (int i = 0; i < n; i++)
		rise += an_ceil((an_wide)tasks[i].cost *
					an_max(0, tasks[i].period - tasks[i].deadline +
							  tasks[i].jitter),
				tasks[i].period);
	if (gap > 0)
		end = an_window(an_ceil((rate + 1) * delay + (rise << AN_RATE_BITS), gap) + 1);
	if (is_whole_cpu(s))
		end = an_min(end, busy_period(tasks, n) + 1);
	return end;
}

static enum an_answer say(struct an_verdict *v, enum an_answer answer, int64_t t, an_wide demand,
			  an_wide supply)
{
	if (v)
		*v = (struct an_verdict){ answer, -1, t, demand, supply };
	return answer;
}

/* A deadline that some task can't meet even alone on a whole CPU. */
static int hopeless(const struct an_task *tasks, int n)
{
	for (int i = 0; i < n; i++)
		if (tasks[i].deadline - tasks[i].jitter < tasks[i].cost)
			return i;
	return -1;
}

/*
 * From window @t down. With @max > 0, a window that fails raises s->budget, up to max. *v tells the
 * window that fails, or that decided the budget.
 */
static enum an_answer descend(const struct an_task *tasks, int n, struct an_supply *s, int64_t t,
			      int64_t max, struct an_verdict *v)
{
	int64_t blocking = most_blocking(tasks, n), raised;

	t = an_deadline_before(tasks, n, t);
	for (int step = 0; t >= 0; step++) {
		an_wide demand = an_dbf(tasks, n, t) + blocking, supply = an_sbf(s, t);
		int64_t back;

		if (step == MOST_STEPS)
			return AN_UNDECIDED;
		if (demand > supply) {
			raised = max ? an_budget_for(s, t, demand, max) : -1;
			say(v, raised < 0 ? AN_NOT : AN_OK, t, demand, supply);
			if (raised < 0)
				return AN_NOT;
			s->budget = raised;
			v->supply = an_sbf(s, t);
		}
		back = an_tbf(s, demand);
		t = an_deadline_before(tasks, n, back < t ? back + 1 : t);
	}
	return AN_OK;
}

enum an_answer an_edf_check(const struct an_task *tasks, int n, const struct an_supply *s,
			    struct an_verdict *v)
{
	struct an_supply copy = *s;
	struct an_verdict why = { .index = -1 };
	int64_t end;
	enum an_answer answer;
	int bad = hopeless(tasks, n);

	if (bad >= 0) {
		say(v, AN_NOT, an_max(0, tasks[bad].deadline - tasks[bad].jitter), tasks[bad].cost,
		    an_sbf(s, an_max(0, tasks[bad].deadline - tasks[bad].jitter)));
		if (v)
			v->index = bad;
		return AN_NOT;
	}
	if (an_utilisation_cmp(tasks, n, 1) > 0)
		return say(v, AN_NOT, 0, 0, 0);
	end = horizon(tasks, n, s);
	if (end == AN_MAX_WINDOW) {
		/* Long windows can't be ruled out: look at short ones, which may fail already. */
		end = 0;
		for (int i = 0; i < n; i++)
			end = an_max(end, tasks[i].deadline + 8 * tasks[i].period);
		answer = descend(tasks, n, &copy, end, 0, &why);
		if (answer != AN_NOT)
			return say(v, AN_UNDECIDED, 0, 0, 0);
	} else {
		answer = descend(tasks, n, &copy, end, 0, &why);
	}
	why.answer = answer;
	if (v)
		*v = why;
	return answer;
}

/* The first windows, which mostly decide: the descent then begins much lower. */
static bool raise_for_first(const struct an_task *tasks, int n, struct an_supply *s, int64_t max,
			    struct an_verdict *v)
{
	int64_t t = 0, blocking = most_blocking(tasks, n), raised;

	for (int k = 0; k < 32 + 4 * n; k++) {
		int64_t next = AN_NEVER;
		an_wide demand, supply;

		for (int i = 0; i < n; i++) {
			int64_t d = tasks[i].deadline - tasks[i].jitter;

			if (d <= t)
				d += ((t - d) / tasks[i].period + 1) * tasks[i].period;
			next = an_min(next, d);
		}
		t = next;
		demand = an_dbf(tasks, n, t) + blocking;
		supply = an_sbf(s, t);
		if (demand <= supply)
			continue;
		raised = an_budget_for(s, t, demand, max);
		say(v, raised < 0 ? AN_NOT : AN_OK, t, demand, supply);
		if (raised < 0)
			return false;
		s->budget = raised;
		v->supply = an_sbf(s, t);
	}
	return true;
}

static int64_t most_budget(const struct an_supply *s)
{
	return s->kind == AN_EDP && s->deadline ? s->deadline : s->period;
}

static enum an_answer min_edf(const struct an_task *tasks, int n, struct an_supply *s,
			      struct an_budget *out)
{
	int64_t max = most_budget(s), step = an_max(1, s->period >> 14);
	an_wide floor = an_floor(an_utilisation(tasks, n) * s->period, (an_wide)1 << AN_RATE_BITS);
	enum an_answer answer;

	/* As much as U asks for; at exactly that the lines would never meet. */
	s->budget = an_max(s->budget, (int64_t)an_wmin(max, floor + 1));
	if (!raise_for_first(tasks, n, s, max, &out->why))
		return AN_NOT;
	for (int tries = 0; tries < 40; tries++) {
		int64_t end = horizon(tasks, n, s);

		answer = end == AN_MAX_WINDOW && !is_whole_cpu(s) ?
				 AN_UNDECIDED :
				 descend(tasks, n, s, end, max, &out->why);
		if (answer != AN_UNDECIDED)
			return answer;
		if (s->budget >= max)
			return AN_UNDECIDED;
		out->exact = false;
		s->budget = step > max - s->budget ? max : s->budget + step;
		step *= 2;
	}
	return AN_UNDECIDED;
}

static enum an_answer min_fp(const struct an_task *tasks, int n, struct an_supply *s,
			     struct an_budget *out)
{
	int64_t max = most_budget(s);

	for (int i = 0; i < n; i++) {
		const struct an_task *t = &tasks[i];
		int64_t window = t->deadline - t->jitter, lo, hi = max;
		struct an_supply try = *s;

		if (s->budget > 0 && an_fp_response(tasks, i, s) <= t->deadline)
			continue;
		try.budget = max;
		if (an_fp_response(tasks, i, &try) > t->deadline) {
			out->why = (struct an_verdict){ AN_NOT, i, window,
							an_rbf(tasks, i, an_max(1, window)),
							an_sbf(&try, window) };
			return AN_NOT;
		}
		for (lo = s->budget; hi - lo > 1;) {
			try.budget = lo + (hi - lo) / 2;
			if (an_fp_response(tasks, i, &try) <= t->deadline)
				hi = try.budget;
			else
				lo = try.budget;
		}
		s->budget = hi;
		window = an_fp_response(tasks, i, s) - t->jitter;
		out->why = (struct an_verdict){ AN_OK, i, window, an_rbf(tasks, i, window),
						an_sbf(s, window) };
	}
	return AN_OK;
}

enum an_answer an_min_budget(const struct an_task *tasks, int n, enum an_rule rule,
			     const struct an_supply *s, struct an_budget *out)
{
	struct an_supply work = *s;
	int bad = hopeless(tasks, n);

	*out = (struct an_budget){ .exact = true, .why = { .index = -1 } };
	if (bad >= 0) {
		int64_t d = an_max(0, tasks[bad].deadline - tasks[bad].jitter);

		out->why = (struct an_verdict){ AN_NOT, bad, d, tasks[bad].cost, d };
		out->answer = AN_NOT;
	} else if (an_utilisation_cmp(tasks, n, 1) > 0) {
		out->why = (struct an_verdict){ AN_NOT, -1, 0, 0, 0 };
		out->answer = AN_NOT;
	} else if (rule == AN_EDF) {
		out->answer = min_edf(tasks, n, &work, out);
	} else {
		out->answer = min_fp(tasks, n, &work, out);
	}
	out->budget = out->answer == AN_OK ? work.budget : -1;
	return out->answer;
}

enum an_answer an_min_edp(const struct an_task *tasks, int n, enum an_rule rule, int64_t period,
			  struct an_supply *out)
{
	struct an_supply s = { AN_EDP, period, 0, 0, 1 }; /* deadline 0: as the budget */
	struct an_budget least;
	int64_t lo, hi;

	if (an_min_budget(tasks, n, rule, &s, &least) != AN_OK)
		return least.answer;
	s.budget = least.budget;
	for (lo = s.budget, hi = period + 1; hi - lo > 1;) {
		s.deadline = lo + (hi - lo) / 2;
		if ((rule == AN_EDF ? an_edf_check(tasks, n, &s, NULL) :
				      an_fp_check(tasks, n, &s, NULL)) == AN_OK)
			lo = s.deadline;
		else
			hi = s.deadline;
	}
	s.deadline = lo;
	*out = s;
	return AN_OK;
}

/*
 * Work with deadlines up to @d and releases in [0, t) of all tasks but i, plus i's jobs up to @a.
 */
static an_wide spuri_work(const struct an_task *tasks, int n, int i, int64_t a, int64_t t)
{
	int64_t d = a + tasks[i].deadline;
	an_wide sum = (an_wide)(a / tasks[i].period + 1) * tasks[i].cost;

	for (int j = 0; j < n; j++) {
		int64_t by_deadline, by_release;

		if (j == i || tasks[j].deadline > d)
			continue;
		by_deadline = (d - tasks[j].deadline) / tasks[j].period + 1;
		by_release = an_ceil64(t, tasks[j].period);
		sum += (an_wide)an_min(by_deadline, by_release) * tasks[j].cost;
	}
	return sum;
}

static int64_t spuri_response(const struct an_task *tasks, int n, int i, const struct an_supply *s,
			      int64_t a, int *budget)
{
	int64_t t = 1, next;

	for (; *budget > 0; (*budget)--) {
		next = an_tbf(s, spuri_work(tasks, n, i, a, t));
		if (next > AN_MAX_WINDOW)
			return AN_NEVER;
		if (next <= t)
			return an_max(tasks[i].cost, t - a);
		t = next;
	}
	return AN_NEVER;
}

int64_t an_edf_response(const struct an_task *tasks, int n, int i, const struct an_supply *s)
{
	int64_t busy = 1, worst = 0, response;
	int budget = MOST_POINTS;

	for (int k = 0; k < n; k++)
		if (tasks[k].jitter || tasks[k].blocking)
			return AN_NEVER;
	/* The longest busy period under this supply. */
	for (;; budget--) {
		an_wide work = 0;
		int64_t next;

		for (int j = 0; j < n; j++)
			work += (an_wide)an_ceil64(busy, tasks[j].period) * tasks[j].cost;
		next = an_tbf(s, work);
		if (next > AN_MAX_WINDOW || !budget)
			return AN_NEVER;
		if (next <= busy)
			break;
		busy = next;
	}
	/* Arrivals that line i's deadline up with some task's. */
	for (int j = 0; j < n; j++) {
		int64_t a = tasks[j].deadline - tasks[i].deadline;

		if (a < 0)
			a += an_ceil64(-a, tasks[j].period) * tasks[j].period;
		for (; a < busy; a += tasks[j].period) {
			response = spuri_response(tasks, n, i, s, a, &budget);
			if (response == AN_NEVER)
				return AN_NEVER;
			worst = an_max(worst, response);
		}
	}
	return worst;
}
