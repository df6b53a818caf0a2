// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Global EDF on a multiprocessor supply: Easwaran, Shin and Lee's test, for MPR, DMPR and whole
 * CPUs.
 *
 * For each task k and each window x that ends with a deadline of k: what all tasks can execute
 * before that deadline (those of them that were busy before the window, fewer than the CPUs, with
 * a job carried in), plus all CPUs times k's cost, must be supplied in x. That sum never falls as x
 * grows, so the descent of edf.c works here as well. Where it gets stuck, because demand meets
 * supply exactly, it goes on from the next lower bend: between bends the difference of demand and
 * supply is convex, so it is largest at them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/gedf.h"

#define MOST_STEPS 20000
#define ALL_PAIRS 64 /* up to so many tasks, windows of pairs of tasks are tried first */

void an_carry_begin(struct an_carry *c)
{
	c->base = 0;
	c->kept = 0;
}

void an_carry_add(struct an_carry *c, an_wide without, an_wide with)
{
	an_wide more = with - without;
	int i;

	c->base += without;
	if (more <= 0 || !c->most || (c->kept == c->most && more <= c->top[c->most - 1]))
		return;
	i = c->kept < c->most ? c->kept++ : c->most - 1;
	for (; i > 0 && c->top[i - 1] < more; i--)
		c->top[i] = c->top[i - 1];
	c->top[i] = more;
}

an_wide an_carry_sum(const struct an_carry *c)
{
	an_wide sum = c->base;

	for (int i = 0; i < c->kept; i++)
		sum += c->top[i];
	return sum;
}

an_wide an_largest_costs(const struct an_task *tasks, int n, int count)
{
	an_wide sum = 0;
	int64_t bound = INT64_MAX;

	/* count is small, and this is asked once for each check */
	while (count > 0) {
		int64_t next = 0;
		int same = 0;

		for (int i = 0; i < n; i++) {
			if (tasks[i].cost >= bound)
				continue;
			if (tasks[i].cost > next) {
				next = tasks[i].cost;
				same = 1;
			} else if (tasks[i].cost == next) {
				same++;
			}
		}
		if (!next)
			break;
		same = same < count ? same : count;
		sum += (an_wide)next * same;
		count -= same;
		bound = next;
	}
	return sum;
}

struct check {
	const struct an_task *tasks;
	int n;
	struct an_supply s;
	int64_t max; /* raise the budget up to this; 0 = leave it */
	int width;
	struct an_carry carry;
	struct an_verdict why;
};

/* Jobs of i that can have their deadlines in a window of x (the last on its end). */
static int64_t jobs_in(const struct an_task *i, int64_t x)
{
	return an_max(0, an_floor64(x + i->period - i->deadline, i->period));
}

static an_wide demand_of(struct check *c, int k, int64_t x)
{
	const struct an_task *tk = &c->tasks[k];

	an_carry_begin(&c->carry);
	for (int i = 0; i < c->n; i++) {
		const struct an_task *t = &c->tasks[i];
		int64_t jobs = jobs_in(t, x);
		an_wide work = (an_wide)jobs * t->cost, limit = x - tk->cost;
		an_wide more = an_wmin(t->cost, an_wmax(0, x - (an_wide)jobs * t->period));

		if (i == k) {
			work -= t->cost;
			limit = x - t->deadline;
		}
		an_carry_add(&c->carry, an_wmin(work, limit), an_wmin(work + more, limit));
	}
	return an_carry_sum(&c->carry) + (an_wide)c->width * tk->cost;
}

static void consider(int64_t *best, an_wide candidate, int64_t t)
{
	if (candidate < t && candidate > *best)
		*best = (int64_t)candidate;
}

/* The last bend of demand_of(k) or of the supply below t, at least k's deadline; -1 if none. */
static int64_t bend_before(const struct check *c, int k, int64_t t)
{
	const struct an_task *tk = &c->tasks[k];
	int64_t best = an_supply_turn(&c->s, t);

	consider(&best, tk->deadline, t);
	for (int i = 0; i < c->n; i++) {
		const struct an_task *ti = &c->tasks[i];
		int64_t jobs = jobs_in(ti, t - 1), own = i == k ? jobs - 1 : jobs;
		/* where the limit x - C_k (k itself: x - D_k) stops counting */
		int64_t offset = i == k ? ti->deadline : tk->cost;

		consider(&best, (an_wide)jobs * ti->period + ti->deadline - ti->period, t);
		consider(&best, (an_wide)jobs * ti->period + ti->cost, t);
		consider(&best, (an_wide)jobs * ti->period, t);
		consider(&best, (an_wide)own * ti->cost + offset, t);
		consider(&best, (an_wide)(own + 1) * ti->cost + offset, t);
	}
	return best < tk->deadline ? -1 : best;
}

/* Largest window of k that can fail. AN_MAX_WINDOW: unbounded. */
static int64_t horizon(const struct check *c, int k)
{
	an_wide rate, gap, sum;
	int64_t delay;

	an_supply_line(&c->s, &rate, &delay);
	gap = rate - an_utilisation(c->tasks, c->n);
	if (gap <= 0)
		return AN_MAX_WINDOW;
	sum = an_largest_costs(c->tasks, c->n, c->width - 1) + (an_wide)c->width * c->tasks[k].cost;
	for (int i = 0; i < c->n; i++)
		sum += an_ceil((an_wide)c->tasks[i].cost *
				       an_max(0, c->tasks[i].period - c->tasks[i].deadline),
			       c->tasks[i].period);
	if (sum >= (an_wide)1 << 84)
		return AN_MAX_WINDOW;
	return an_max(c->tasks[k].deadline,
		      an_window(an_ceil((sum << AN_RATE_BITS) + (rate + 1) * delay, gap) + 1));
}

/* Looks at one window: AN_OK if it holds, if need be after raising the budget. */
static enum an_answer look(struct check *c, int k, int64_t x, an_wide *demand)
{
	an_wide supply = an_sbf(&c->s, x);
	int64_t raised = -1;

	*demand = demand_of(c, k, x);
	if (*demand <= supply)
		return AN_OK;
	if (c->max)
		raised = an_budget_for(&c->s, x, *demand, c->max);
	c->why = (struct an_verdict){ raised < 0 ? AN_NOT : AN_OK, k, x, *demand, supply };
	if (raised < 0)
		return AN_NOT;
	c->s.budget = raised;
	c->why.supply = an_sbf(&c->s, x);
	return AN_OK;
}

static enum an_answer descend(struct check *c, int k, int64_t x)
{
	for (int step = 0; x >= c->tasks[k].deadline; step++) {
		an_wide demand;
		int64_t back;

		if (step == MOST_STEPS)
			return AN_UNDECIDED;
		if (look(c, k, x, &demand) != AN_OK)
			return AN_NOT;
		back = an_tbf(&c->s, demand);
		x = back < x ? back : bend_before(c, k, x);
	}
	return AN_OK;
}

static bool begin(struct check *c, const struct an_task *tasks, int n, const struct an_supply *s)
{
	*c = (struct check){ .tasks = tasks, .n = n, .s = *s, .why = { .index = -1 } };
	c->width = an_supply_width(s);
	c->carry.most = c->width - 1;
	c->carry.top = calloc((size_t)c->width, sizeof(an_wide));
	return c->carry.top;
}

/*
 * A task that can't meet its deadline on any number of CPUs, or jitter and blocking, which this
 * test can't count.
 */
static int hopeless(const struct an_task *tasks, int n)
{
	for (int i = 0; i < n; i++)
		if (tasks[i].cost > tasks[i].deadline || tasks[i].jitter || tasks[i].blocking)
			return i;
	return -1;
}

static enum an_answer give(struct an_verdict *v, struct an_verdict value)
{
	if (v)
		*v = value;
	return value.answer;
}

enum an_answer an_gedf_supply_check(const struct an_task *tasks, int n, const struct an_supply *s,
				    struct an_verdict *v)
{
	struct check c;
	int bad = hopeless(tasks, n);
	enum an_answer answer = AN_OK;

	if (bad >= 0) {
		bool unknown = tasks[bad].cost <= tasks[bad].deadline;

		return give(v, (struct an_verdict){ unknown ? AN_UNDECIDED : AN_NOT, bad,
						    tasks[bad].deadline, tasks[bad].cost,
						    tasks[bad].deadline });
	}
	if (an_utilisation_cmp(tasks, n, an_supply_width(s)) > 0)
		return give(v, (struct an_verdict){ AN_NOT, -1, 0, 0, 0 });
	if (!begin(&c, tasks, n, s))
		return give(v, (struct an_verdict){ AN_UNDECIDED, -1, 0, 0, 0 });
	for (int k = 0; k < n && answer == AN_OK; k++) {
		int64_t end = horizon(&c, k);
		an_wide demand;

		if (end < AN_MAX_WINDOW) {
			answer = descend(&c, k, end);
		} else {
			answer = look(&c, k, tasks[k].deadline, &demand);
			if (answer == AN_OK)
				answer = AN_UNDECIDED;
		}
	}
	free(c.carry.top);
	if (answer != AN_NOT)
		return give(v, (struct an_verdict){ answer, -1, 0, 0, 0 });
	return give(v, c.why);
}

/* Short windows first: they mostly decide, and the descents begin lower. */
static enum an_answer raise_for_first(struct check *c)
{
	an_wide demand;

	for (int k = 0; k < c->n; k++) {
		int64_t dk = c->tasks[k].deadline;

		if (look(c, k, dk, &demand) != AN_OK)
			return AN_NOT;
		for (int i = 0; i < c->n && c->n <= ALL_PAIRS; i++) {
			int64_t x = c->tasks[i].deadline;

			if (x < dk)
				x += an_ceil64(dk - x, c->tasks[i].period) * c->tasks[i].period;
			if (look(c, k, x, &demand) != AN_OK)
				return AN_NOT;
		}
	}
	return AN_OK;
}

static enum an_answer raise_for_all(struct check *c, bool *exact)
{
	int64_t step = an_max(1, c->s.period >> 13);

	for (int k = 0; k < c->n; k++) {
		enum an_answer answer = AN_UNDECIDED;

		for (int tries = 0; tries < 40 && answer == AN_UNDECIDED; tries++) {
			int64_t end = horizon(c, k);

			if (end < AN_MAX_WINDOW)
				answer = descend(c, k, end);
			if (answer != AN_UNDECIDED)
				break;
			if (c->s.budget >= c->max)
				return AN_UNDECIDED;
			*exact = false;
			c->s.budget = step > c->max - c->s.budget ? c->max : c->s.budget + step;
			step *= 2;
		}
		if (answer != AN_OK)
			return answer;
	}
	return AN_OK;
}

enum an_answer an_gedf_min_budget(const struct an_task *tasks, int n, const struct an_supply *s,
				  struct an_budget *out)
{
	struct check c;
	int bad = hopeless(tasks, n);
	bool mpr = s->kind == AN_MPR || s->kind == AN_MPR_SLOTS || s->kind == AN_MPR_LINEAR;
	an_wide rest = an_utilisation(tasks, n), least;

	*out = (struct an_budget){
		.answer = AN_NOT, .budget = -1, .exact = true, .why = { AN_NOT, bad, 0, 0, 0 }
	};
	if (bad >= 0)
		return out->answer = tasks[bad].cost <= tasks[bad].deadline ? AN_UNDECIDED : AN_NOT;
	if (!begin(&c, tasks, n, s))
		return out->answer = AN_UNDECIDED;
	if (s->kind == AN_DMPR) {
		/* with a partial CPU, be it ever so little of one */
		rest -= (an_wide)s->cpus << AN_RATE_BITS;
		free(c.carry.top);
		c.s.budget = 1;
		if (!begin(&c, tasks, n, &c.s))
			return out->answer = AN_UNDECIDED;
	}
	c.max = mpr ? s->period * s->cpus : s->period;
	least = an_floor(an_wmax(0, rest) * s->period, (an_wide)1 << AN_RATE_BITS) + 1;
	c.s.budget = (int64_t)an_wmin(c.max, an_wmax(an_wmax(least, s->budget), 1));
	if (least > c.max)
		out->answer = AN_NOT;
	else if (raise_for_first(&c) != AN_OK)
		out->answer = AN_NOT;
	else
		out->answer = raise_for_all(&c, &out->exact);
	out->why = c.why;
	out->why.answer = out->answer;
	if (out->answer == AN_OK)
		out->budget = c.s.budget;
	free(c.carry.top);
	return out->answer;
}

static int whole_cpus(const struct an_task *tasks, int n)
{
	return (int)(an_utilisation(tasks, n) >> AN_RATE_BITS);
}

enum an_answer an_min_mpr(const struct an_task *tasks, int n, int64_t period, int max_cpus,
			  struct an_supply *out)
{
	enum an_answer answer = AN_NOT;
	int first = whole_cpus(tasks, n), failures = 0;

	if (an_utilisation_cmp(tasks, n, first) > 0 || !first)
		first++;
	*out = (struct an_supply){ AN_MPR, period, -1, 0, 0 };
	/*
	 * More CPUs need more budget once there is a solution; before, they may be what is lacking.
	 */
	for (int m = first; m <= max_cpus && m <= n + first && failures < 2; m++) {
		struct an_supply s = { AN_MPR, period, 0, 0, m };
		struct an_budget b;

		if (an_gedf_min_budget(tasks, n, &s, &b) != AN_OK) {
			if (answer != AN_OK)
				answer = b.answer;
			continue;
		}
		if (answer != AN_OK || b.budget < out->budget) {
			s.budget = b.budget;
			*out = s;
			failures = 0;
		} else {
			failures++;
		}
		answer = AN_OK;
	}
	return answer;
}

enum an_answer an_min_dmpr(const struct an_task *tasks, int n, int64_t period, int max_cpus,
			   struct an_supply *out)
{
	enum an_answer answer = AN_NOT;

	for (int m = whole_cpus(tasks, n); m <= max_cpus && m <= 2 * n + 1; m++) {
		struct an_supply s = { AN_DMPR, period, 0, 0, m };
		struct an_budget b;

		if (m && an_gedf_supply_check(tasks, n, &s, NULL) == AN_OK) {
			*out = s;
			return AN_OK;
		}
		if (m == max_cpus)
			break;
		answer = an_gedf_min_budget(tasks, n, &s, &b);
		if (answer == AN_OK) {
			s.budget = b.budget;
			*out = s;
			return AN_OK;
		}
	}
	return answer;
}
