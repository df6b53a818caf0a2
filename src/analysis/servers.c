// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Server kinds as the analysis sees them: what each takes from others, what it gives to its tasks,
 * and response times below fixed-priority servers (Davis and Burns 2005, checked against
 * simulation: the bound for deferrable servers is reached).
 *
 * A deferrable server can keep its budget to the end of one period and spend the next one's right
 * after it: its load has the jitter period - budget. So has a CBS, whose deadline moves on as soon
 * as its budget is spent. Periodic kinds burn or lose what they don't use in time, and a sporadic
 * server's chunks return one period after they were used; none of them has jitter.
 */
#include <math.h>

#include "analysis/number.h"

#define MOST_ROUNDS 100000

const char *const an_server_kind_names[AN_NR_SERVER_KINDS] = {
	"deferrable",	       "periodic", "polling", "sporadic", "work-conserving",
	"capacity-reclaiming", "cbs",
};

static int64_t jitter_of(const struct an_server *s)
{
	return s->kind == AN_DEFERRABLE || s->kind == AN_CBS ? s->period - s->budget : 0;
}

an_wide an_server_load(const struct an_server *s, int64_t t)
{
	return t <= 0 ? 0 : (an_wide)an_ceil64(t + jitter_of(s), s->period) * s->budget;
}

struct an_supply an_server_supply(const struct an_server *s)
{
	struct an_supply supply = { AN_PRM, s->period, s->budget, 0, 1 };

	if (s->kind == AN_POLLING) {
		supply.kind = AN_POLLED;
	} else if (s->deadline < s->period) {
		supply.kind = AN_EDP;
		supply.deadline = s->deadline;
	}
	return supply;
}

int64_t an_server_response(const struct an_server *servers, int i)
{
	an_wide t = servers[i].budget, next;

	for (int round = 0; round < MOST_ROUNDS && t < AN_MAX_WINDOW; round++) {
		next = servers[i].budget;
		for (int x = 0; x < i; x++)
			next += an_server_load(&servers[x], (int64_t)t);
		if (next <= t)
			return (int64_t)t;
		t = next;
	}
	return AN_NEVER;
}

int64_t an_server_task_response(const struct an_server *servers, int i, const struct an_task *tasks,
				int k, bool tied)
{
	const struct an_server *s = &servers[i];
	int64_t jitter = 0;
	an_wide w = tasks[k].cost;

	/* Arriving just after the budget is gone: used or burned, or, when polled, lost at once. */
	if (!tied)
		jitter = s->kind == AN_POLLING ? s->period : s->period - s->budget;
	for (int round = 0; round < MOST_ROUNDS && w < AN_MAX_WINDOW; round++) {
		an_wide load = (an_wide)tasks[k].cost + tasks[k].blocking, gaps, next;

		for (int j = 0; j < k; j++)
			load += (an_wide)an_ceil64((int64_t)w + jitter + tasks[j].jitter,
						   tasks[j].period) *
				tasks[j].cost;
		gaps = an_ceil(load, s->budget) - 1;
		if (gaps * s->period >= AN_MAX_WINDOW)
			return AN_NEVER;
		next = load + gaps * (s->period - s->budget);
		/* in the server's last period the higher servers come on top */
		for (int x = 0; x < i; x++) {
			an_wide last = an_wmax(0, w - gaps * s->period) + jitter_of(&servers[x]);

			next += an_ceil(last, servers[x].period) * servers[x].budget;
		}
		if (next <= w)
			return (int64_t)w + jitter + tasks[k].jitter;
		w = next;
	}
	return AN_NEVER;
}

double an_rm_bound(enum an_server_kind kind, double us)
{
	if (kind == AN_DEFERRABLE || kind == AN_CBS)
		return us + log((us + 2) / (2 * us + 1));
	return us + log(2 / (us + 1));
}

/* -- CBS ----------------------------------------------------------------------------- */

void an_cbs_wake(struct an_cbs *c, int64_t now)
{
	/* left / (deadline - now) > budget / period: the old deadline can't be kept */
	if (c->deadline <= now ||
	    (an_wide)c->left * c->period > (an_wide)c->budget * (c->deadline - now)) {
		c->deadline = now + c->period;
		c->left = c->budget;
	}
}

void an_cbs_refill(struct an_cbs *c)
{
	c->deadline += c->period;
	c->left += c->budget;
}

int64_t an_cbs_zero_lag(const struct an_cbs *c)
{
	return c->deadline - (int64_t)an_floor((an_wide)c->left * c->period, c->budget);
}

int64_t an_grub_charge(int64_t run, int64_t umax, int64_t u, int64_t uinactive, int64_t uextra)
{
	return (int64_t)an_ceil((an_wide)run * an_max(u, umax - uinactive - uextra), 1000000);
}
