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
#define FIRST_STEPS 1000 /* before a smallest budget is given up for one a little larger */
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
	return (s->kind == AN_DEDICATED && s->cpus >= 1) || (s->kind != AN_DEDICATED && s->budget >= s->period);
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
			next += (an_wide)an_ceil64((int64_t)t + tasks[i].jitter, tasks[i].period) * tasks[i].cost;
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
					an_max(0, tasks[i].period - tasks[i].deadline + tasks[i].jitter),
				tasks[i].period);
	if (gap > 0)
		end = an_window(an_ceil((rate + 1) * delay + (rise << AN_RATE_BITS), gap) + 1);
	if (is_whole_cpu(s))
		end = an_min(end, busy_period(tasks, n) + 1);
	return end;
}

static enum an_answer say(struct an_verdict *v, enum an_answer answer, int64_t t, an_wide demand, an_wide supply)
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

/* Demand of windows of @t, and the last deadline in them: one division a task for both. */
static an_wide demand_and_deadline(const struct an_task *tasks, int n, int64_t t, int64_t *last)
{
	an_wide sum = 0;

	*last = -1;
	for (int i = 0; i < n; i++) {
		int64_t d = tasks[i].deadline - tasks[i].jitter, jobs;

		if (t < d)
			continue;
		jobs = (t - d) / tasks[i].period;
		sum += (an_wide)(jobs + 1) * tasks[i].cost;
		*last = an_max(*last, d + jobs * tasks[i].period);
	}
	return sum;
}

/* What a descent does where a window fails. */
enum remedy { REMEDY_NONE, REMEDY_BUDGET, REMEDY_DEADLINE };
struct descent {
	const struct an_task *tasks;
	int n;
	struct an_supply s;
	enum remedy remedy;
	int64_t max; /* of the budget */
	int steps; /* how many jumps at most */
	struct an_verdict why; /* the window that fails, or that decided the last remedy */
};

/* Makes the supply enough for the window, if it may. */
static bool mend(struct descent *c, int64_t t, an_wide demand)
{
	int64_t need = -1;

	c->why = (struct an_verdict){ AN_NOT, -1, t, demand, an_sbf(&c->s, t) };
	if (c->remedy == REMEDY_BUDGET) {
		need = an_budget_for(&c->s, t, demand, c->max);
		if (need >= 0)
			c->s.budget = need;
	} else if (c->remedy == REMEDY_DEADLINE) {
		/* the blackout is as much shorter as the deadline is */
		need = c->s.deadline - (an_tbf(&c->s, demand) - t);
		if (need < c->s.budget)
			need = -1;
		else
			c->s.deadline = need;
	}
	if (need >= 0) {
		c->why.answer = AN_OK;
		c->why.supply = an_sbf(&c->s, t);
	}
	return need >= 0;
}

/* All windows up to @t. */
static enum an_answer descend(struct descent *c, int64_t t)
{
	int64_t blocking = most_blocking(c->tasks, c->n), last, back;

	for (int step = 0;; step++) {
		an_wide demand = demand_and_deadline(c->tasks, c->n, t, &last) + blocking;

		if (last < 0)
			return AN_OK;
		if (step == c->steps)
			return AN_UNDECIDED;
		if (demand > an_sbf(&c->s, last) && !mend(c, last, demand))
			return AN_NOT;
		back = an_tbf(&c->s, demand);
		t = back < last ? back : last - 1;
	}
}

enum an_answer an_edf_check(const struct an_task *tasks, int n, const struct an_supply *s, struct an_verdict *v)
{
	struct descent c = { .tasks = tasks, .n = n, .s = *s, .steps = MOST_STEPS, .why = { .index = -1 } };
	int64_t end;
	int bad = hopeless(tasks, n);

	if (bad >= 0) {
		end = an_max(0, tasks[bad].deadline - tasks[bad].jitter);
		say(v, AN_NOT, end, tasks[bad].cost, an_sbf(s, end));
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
		if (descend(&c, end) != AN_NOT)
			return say(v, AN_UNDECIDED, 0, 0, 0);
		c.why.answer = AN_NOT;
	} else {
		c.why.answer = descend(&c, end);
	}
	if (v)
		*v = c.why;
	return c.why.answer;
}

/* The first windows, which mostly decide: the descent then begins much lower. */
static bool raise_for_first(const struct an_task *tasks, int n, struct an_supply *s, int64_t max, struct an_verdict *v)
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

/*
 * Where the tasks' periods have no common structure, budgets hardly above the utilisation may well
 * do, but proving it means windows without end. Then the budget is raised, by steps that double,
 * until the proof ends; the result is enough, and at most that much more than the least.
 */
static enum an_answer min_edf(const struct an_task *tasks, int n, struct an_supply *s, int64_t max,
			      struct an_budget *out)
{
	struct descent c = { .tasks = tasks, .n = n, .remedy = REMEDY_BUDGET, .max = max, .steps = FIRST_STEPS };
	int64_t step = an_max(1, s->period >> 13), end;
	an_wide rate = an_utilisation(tasks, n) * s->period >> AN_RATE_BITS;
	enum an_answer answer = AN_NOT;

	/* As much as U asks for; at exactly that the lines would never meet. */
	if (rate > max)
		return AN_NOT;
	s->budget = an_max(s->budget, (int64_t)an_wmin(max, rate + 1));
	if (!raise_for_first(tasks, n, s, max, &out->why))
		return AN_NOT;
	c.s = *s;
	c.why = out->why;
	for (int tries = 0; tries < 40; tries++) {
		end = horizon(tasks, n, &c.s);
		answer = end == AN_MAX_WINDOW && !is_whole_cpu(&c.s) ? AN_UNDECIDED : descend(&c, end);
		if (answer != AN_UNDECIDED || (c.s.budget >= max && c.steps == MOST_STEPS))
			break;
		out->exact = false;
		c.steps = MOST_STEPS;
		c.s.budget = step > max - c.s.budget ? max : c.s.budget + step;
		step *= 2;
	}
	*s = c.s;
	out->why = c.why;
	return answer;
}

static enum an_answer min_fp(const struct an_task *tasks, int n, struct an_supply *s, int64_t max,
			     struct an_budget *out)
{
	for (int i = 0; i < n; i++) {
		const struct an_task *t = &tasks[i];
		int64_t window = t->deadline - t->jitter, least;
		struct an_supply try = *s;

		if (s->budget > 0 && an_fp_response(tasks, i, s) <= t->deadline)
			continue;
		least = an_fp_least_budget(tasks, i, s, max);
		if (least < 0) {
			try.budget = max;
			out->why = (struct an_verdict){ AN_NOT, i, window, an_rbf(tasks, i, an_max(1, window)),
							an_sbf(&try, window) };
			return AN_NOT;
		}
		s->budget = least;
		window = an_fp_response(tasks, i, s) - t->jitter;
		out->why = (struct an_verdict){ AN_OK, i, window, an_rbf(tasks, i, window), an_sbf(s, window) };
	}
	return AN_OK;
}

enum an_answer an_min_budget(const struct an_task *tasks, int n, enum an_rule rule, const struct an_supply *s,
			     struct an_budget *out)
{
	return an_min_budget_below(tasks, n, rule, s, most_budget(s), out);
}

enum an_answer an_min_budget_below(const struct an_task *tasks, int n, enum an_rule rule, const struct an_supply *s,
				   int64_t max, struct an_budget *out)
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
		out->answer = min_edf(tasks, n, &work, an_min(max, most_budget(s)), out);
	} else {
		out->answer = min_fp(tasks, n, &work, an_min(max, most_budget(s)), out);
	}
	out->budget = out->answer == AN_OK ? work.budget : -1;
	return out->answer;
}

enum an_answer an_min_edp(const struct an_task *tasks, int n, enum an_rule rule, int64_t period, struct an_supply *out)
{
	struct an_supply s = { AN_EDP, period, 0, 0, 1 }; /* deadline 0: as the budget */
	struct an_budget least;
	int64_t lo, hi;

	if (an_min_budget(tasks, n, rule, &s, &least) != AN_OK)
		return least.answer;
	s.budget = s.deadline = least.budget;
	if (rule == AN_EDF) {
		struct descent c = { .tasks = tasks, .n = n, .s = s, .remedy = REMEDY_DEADLINE, .steps = MOST_STEPS };

		c.s.deadline = period;
		hi = horizon(tasks, n, &c.s);
		if (hi < AN_MAX_WINDOW && descend(&c, hi) == AN_OK)
			s.deadline = c.s.deadline;
		*out = s;
		return AN_OK;
	}
	for (lo = s.budget, hi = period + 1; hi - lo > 1;) {
		s.deadline = lo + (hi - lo) / 2;
		if (an_fp_check(tasks, n, &s, NULL) == AN_OK)
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

static int64_t spuri_response(const struct an_task *tasks, int n, int i, const struct an_supply *s, int64_t a,
			      int *budget)
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
