// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Admission: do these servers, on these pCPUs, always get their budgets in time?
 *
 * Partitioned pools are exact: processor demand under EDF, response times under fixed priorities.
 * Global pools are asked every sufficient test that holds for the kinds of server in them. A server
 * that can put off its budget (deferrable, CBS, the chunks of a sporadic one) is not a sporadic
 * task: when its work arrives late, its budget is spent late, and no test may rely on jobs being
 * done early or on fewer tasks than CPUs carrying work in. Those pools are judged by BCL without
 * slacks, or its fixed-priority form, where every server carries in at its latest.
 *
 * Where some servers stay on their pCPU (struct an_server), who may go anywhere waits still only while all pCPUs have
 * something more urgent, and a server runs no longer than its budget in each period whether that came in time or not:
 * all that BCL needs of the others. So it judges those who move, for themselves, with those who stay in their way.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/gedf.h"

static const struct an_supply whole = { AN_DEDICATED, 0, 0, 0, 1 };

static bool can_put_off(enum an_server_kind kind)
{
	return kind == AN_DEFERRABLE || kind == AN_CBS || kind == AN_SPORADIC;
}

int an_servers_valid(const struct an_server *servers, int n, char *err, size_t errlen)
{
	if (n < 1 || n > AN_MAX_SERVERS) {
		snprintf(err, errlen, "there are %d servers; 1 to %d can be judged", n, AN_MAX_SERVERS);
		return -EINVAL;
	}
	for (int i = 0; i < n; i++) {
		const struct an_server *s = &servers[i];
		const char *what = NULL;

		if (s->period <= 0 || s->period > AN_MAX_TIME)
			what = "its period must be above 0 and at most 10^15";
		else if (s->budget <= 0 || s->budget > s->period)
			what = "its budget must be above 0 and at most its period";
		else if (s->deadline < s->budget || s->deadline > s->period)
			what = "its deadline must lie between its budget and its period";
		if (!what)
			continue;
		snprintf(err, errlen, "%s: %s", s->name, what);
		return -EINVAL;
	}
	return 0;
}

/* Highest priority first under the rule; equal ones keep their order. */
static int64_t key_of(const struct an_server *s, enum an_rule rule)
{
	return rule == AN_RM ? s->period : rule == AN_FP ? s->priority : s->deadline;
}

static void sort_indices(int *index, int n, const struct an_server *servers, enum an_rule rule)
{
	for (int i = 1; i < n; i++) {
		int x = index[i], j = i;

		for (; j > 0 && key_of(&servers[index[j - 1]], rule) > key_of(&servers[x], rule); j--)
			index[j] = index[j - 1];
		index[j] = x;
	}
}

struct pool {
	const struct an_host *host;
	const struct an_server *servers;
	int *index; /* of the servers looked at */
	struct an_server *sorted;
	struct an_task *tasks;
	int64_t *response;
};

static void free_pool(struct pool *p)
{
	free(p->index);
	free(p->sorted);
	free(p->tasks);
	free(p->response);
}

static bool begin_pool(struct pool *p, const struct an_host *host, const struct an_server *servers, int n)
{
	size_t count = (size_t)n + 1;

	*p = (struct pool){ .host = host, .servers = servers };
	p->index = calloc(count, sizeof(*p->index));
	p->sorted = calloc(count, sizeof(*p->sorted));
	p->tasks = calloc(count, sizeof(*p->tasks));
	p->response = calloc(count, sizeof(*p->response));
	if (p->index && p->sorted && p->tasks && p->response)
		return true;
	free_pool(p);
	return false;
}

/* The servers of p->index in decreasing priority, with the cost of switching in their budgets. */
static void fill(struct pool *p, int n)
{
	sort_indices(p->index, n, p->servers, p->host->rule);
	for (int i = 0; i < n; i++) {
		struct an_server *s = &p->sorted[i];

		*s = p->servers[p->index[i]];
		s->budget += p->host->switch_cost;
		p->tasks[i] = (struct an_task){ .cost = s->budget, .period = s->period, .deadline = s->deadline };
	}
}

static enum an_answer answer(struct an_host_verdict *out, enum an_answer a, int cpu, const char *test,
			     struct an_verdict v)
{
	v.answer = a;
	*out = (struct an_host_verdict){ v, cpu, test };
	return a;
}

static const struct an_verdict nothing = { .index = -1 };

/* EDF on one CPU; a deadline before the period's end is not for those that can run after it. */
static enum an_answer one_cpu_edf(struct pool *p, int n, int cpu, struct an_host_verdict *out)
{
	struct an_verdict v = nothing;
	enum an_answer a;
	bool late = false;

	for (int i = 0; i < n; i++)
		if (can_put_off(p->sorted[i].kind) && p->sorted[i].deadline < p->sorted[i].period) {
			v.index = p->index[i];
			return answer(out, AN_UNDECIDED, cpu, "EDF, deferred budget past the deadline", v);
		}
	for (int i = 0; i < n; i++)
		late |= p->sorted[i].kind == AN_DEFERRABLE || p->sorted[i].kind == AN_CBS || p->sorted[i].stays;
	if (late) {
		a = an_edf_deferred_check(p->sorted, n, &v);
		if (v.index >= 0)
			v.index = p->index[v.index];
		return answer(out, a, cpu, "processor demand, budgets put off", v);
	}
	a = an_edf_check(p->tasks, n, &whole, &v);
	if (v.index >= 0) {
		v.index = p->index[v.index];
	} else if (a == AN_NOT) {
		/* whose deadline ends the window */
		for (int i = 0; i < n && v.index < 0; i++)
			if (v.window >= p->tasks[i].deadline &&
			    (v.window - p->tasks[i].deadline) % p->tasks[i].period == 0)
				v.index = p->index[i];
		if (!v.window) { /* too much in all: show it over the longest period */
			for (int i = 0; i < n; i++)
				v.window = an_max(v.window, p->tasks[i].period);
			v.demand = an_ceil(an_utilisation(p->tasks, n) * v.window, (an_wide)1 << AN_RATE_BITS);
			v.supply = v.window;
		}
	}
	return answer(out, a, cpu, "processor demand", v);
}

/* Which of @n servers, in decreasing priority, are as urgent as the one @from; the end. */
static int end_of_equals(const struct pool *p, int from, int n)
{
	int end = from + 1;

	while (end < n && key_of(&p->sorted[end], p->host->rule) == key_of(&p->sorted[from], p->host->rule))
		end++;
	return end;
}

static void swap(struct an_server *a, struct an_server *b)
{
	struct an_server s = *a;

	*a = *b;
	*b = s;
}

/* Of equals any may go first: each is judged as the last. */
static enum an_answer one_cpu_fp(struct pool *p, int n, int cpu, struct an_host_verdict *out)
{
	for (int i = 0; i < n; i++) {
		int64_t window = p->sorted[i].deadline;
		struct an_verdict v = { AN_NOT, p->index[i], window, p->sorted[i].budget, window };
		int j = end_of_equals(p, i, n) - 1;
		bool ok;

		if (p->sorted[i].stays)
			continue;
		swap(&p->sorted[i], &p->sorted[j]);
		ok = v.demand <= window && an_server_response(p->sorted, j) <= window;
		for (int x = 0; x < j && !ok; x++)
			v.demand += an_server_load(&p->sorted[x], window);
		swap(&p->sorted[i], &p->sorted[j]);
		if (!ok)
			return answer(out, AN_NOT, cpu, "response time", v);
	}
	return answer(out, AN_OK, cpu, "response time", nothing);
}

static enum an_answer one_cpu(struct pool *p, int n, int cpu, struct an_host_verdict *out)
{
	fill(p, n);
	if (!n)
		return answer(out, AN_OK, cpu, "idle", nothing);
	return p->host->rule == AN_EDF ? one_cpu_edf(p, n, cpu, out) : one_cpu_fp(p, n, cpu, out);
}

static enum an_answer check_partitions(struct pool *p, int n, struct an_host_verdict *out)
{
	for (int i = 0; i < n; i++)
		if (p->servers[i].cpu < 0 || p->servers[i].cpu >= p->host->cpus)
			return answer(out, AN_NOT, -1, "placement", (struct an_verdict){ .index = i });
	for (int cpu = 0; cpu < p->host->cpus; cpu++) {
		int here = 0;

		for (int i = 0; i < n; i++)
			if (p->servers[i].cpu == cpu)
				p->index[here++] = i;
		if (one_cpu(p, here, cpu, out) != AN_OK)
			return out->v.answer;
	}
	return answer(out, AN_OK, -1, p->host->rule == AN_EDF ? "processor demand" : "response time", nothing);
}

static const char too_much[] = "more is reserved than the pCPUs have";

/* After a test that judges each for itself: the first that is promised its budget and fails; -1 nobody, -2 all. */
static int unmet(const struct pool *p, int n)
{
	for (int k = 0; k < n; k++) {
		if (!p->response[k])
			return -2; /* there is too much, and none was looked at */
		if (p->response[k] == AN_NEVER && !p->sorted[k].stays)
			return k;
	}
	return -1;
}

/* gEDF beside servers that stay on their pCPU. */
static enum an_answer global_edf_staying(struct pool *p, int n, int m, struct an_host_verdict *out)
{
	static const char test[] = "BCL beside vCPUs that stay on their pCPUs";
	struct an_verdict v = nothing;
	int k;

	memset(p->response, 0, (size_t)n * sizeof(*p->response));
	an_bcl_iterative(p->tasks, n, m, false, p->response);
	k = unmet(p, n);
	if (k == -1)
		return answer(out, AN_OK, -1, test, nothing);
	if (k >= 0) {
		const struct an_task *t = &p->tasks[k];

		v = (struct an_verdict){ AN_NOT, p->index[k], t->deadline, (an_wide)m * t->cost,
					 (an_wide)m * t->deadline };
		v.demand += an_gedf_interference(p->tasks, n, k, NULL);
	}
	return answer(out, AN_NOT, -1, k == -2 ? too_much : test, v);
}

static enum an_answer global_edf(struct pool *p, int n, int m, bool late, bool stay, struct an_host_verdict *out)
{
	struct an_verdict v = nothing;
	const char *test = NULL;

	for (int i = 0; i < n; i++)
		if (can_put_off(p->sorted[i].kind) && p->sorted[i].deadline < p->sorted[i].period) {
			v.index = p->index[i];
			return answer(out, AN_UNDECIDED, -1, "gEDF, deferred budget past the deadline", v);
		}
	if (stay)
		return global_edf_staying(p, n, m, out);
	if (!late && an_gfb(p->tasks, n, m) == AN_OK)
		test = "GFB";
	else if (an_bcl_iterative(p->tasks, n, m, !late, NULL) == AN_OK)
		test = late ? "BCL, all carry-in late" : "BCL iterative";
	else if (an_bcl(p->tasks, n, m, &v) == AN_OK)
		test = "BCL";
	else if (!late && an_gedf_rta(p->tasks, n, m, NULL) == AN_OK)
		test = "RTA";
	else if (!late && an_bar(p->tasks, n, m, &v) == AN_OK)
		test = "BAR";
	else if (!late && an_bak(p->tasks, n, m) == AN_OK)
		test = "BAK";
	else if (!late && an_ffdbf(p->tasks, n, m) == AN_OK)
		test = "FF-DBF";
	if (test)
		return answer(out, AN_OK, -1, test, nothing);
	if (v.index >= 0)
		v.index = p->index[v.index];
	return answer(out, AN_NOT, -1, late ? "BCL, all carry-in late" : "every gEDF test", v);
}

/*
 * Among equals the scheduler lets go on who runs, and takes others in the order in which they came: any of them may be
 * the last. On several CPUs the order matters, so each must hold as the last, with the carry-in of all at its latest.
 * Returns the one that doesn't, -1.
 */
static int last_of_equals(struct pool *p, int n, int m)
{
	for (int from = 0, end; from < n; from = end) {
		end = end_of_equals(p, from, n);
		for (int k = from; k < end && end - from > 1; k++) {
			struct an_task last = p->tasks[k];

			if (p->sorted[k].stays)
				continue;
			p->tasks[k] = p->tasks[end - 1];
			p->tasks[end - 1] = last;
			an_gfp(p->tasks, end, m, AN_GFP_LATE, p->response);
			p->tasks[end - 1] = p->tasks[k];
			p->tasks[k] = last;
			if (p->response[end - 1] == AN_NEVER)
				return k;
		}
	}
	return -1;
}

static enum an_answer global_fp(struct pool *p, int n, int m, bool late, struct an_host_verdict *out)
{
	enum an_gfp how = late ? AN_GFP_LATE : AN_GFP_LIMITED;
	const char *test = late ? "gFP response time, all carry-in late" : "gFP response time";
	struct an_verdict v = nothing;
	int failed;

	for (int k = 1; k < n && how != AN_GFP_LATE; k++)
		if (key_of(&p->sorted[k], p->host->rule) == key_of(&p->sorted[k - 1], p->host->rule))
			how = AN_GFP_LATE; /* the response times found are those of one order only */
	memset(p->response, 0, (size_t)n * sizeof(*p->response));
	an_gfp(p->tasks, n, m, how, p->response);
	failed = unmet(p, n);
	if (failed == -1) {
		failed = last_of_equals(p, n, m);
		if (failed < 0)
			return answer(out, AN_OK, -1, test, nothing);
		v.index = p->index[failed];
		return answer(out, AN_NOT, -1, "gFP response time behind all that are as urgent", v);
	}
	if (failed >= 0) {
		int64_t d = p->tasks[failed].deadline;

		v = (struct an_verdict){ AN_NOT, p->index[failed], d, (an_wide)m * p->tasks[failed].cost,
					 (an_wide)m * d };
		for (int i = 0; i < failed; i++)
			v.demand += an_wmin(an_server_load(&p->sorted[i], d), d - p->tasks[failed].cost + 1);
	}
	return answer(out, AN_NOT, -1, failed == -2 ? too_much : test, v);
}

/* Whole pCPUs that are given away, by a server that needs all of one and is pinned to it. */
static enum an_answer check_global(struct pool *p, int n, struct an_host_verdict *out)
{
	int m = p->host->cpus, left = 0;
	bool late = false, stay = false;

	for (int i = 0; i < n; i++)
		stay |= p->servers[i].stays;
	for (int i = 0; i < n; i++) {
		if (p->servers[i].budget == p->servers[i].period && p->servers[i].cpu >= 0 && !stay) {
			m--;
		} else {
			late |= can_put_off(p->servers[i].kind);
			p->index[left++] = i;
		}
	}
	if (!left && m >= 0)
		return answer(out, AN_OK, -1, "a pCPU for each", nothing);
	if (m < 1)
		return answer(out, AN_NOT, -1, "whole pCPUs",
			      (struct an_verdict){ .index = left ? p->index[0] : n - 1 });
	fill(p, left);
	if (m == 1) /* exact */
		return one_cpu(p, left, -1, out);
	return p->host->rule == AN_EDF ? global_edf(p, left, m, late, stay, out) :
					 global_fp(p, left, m, late || stay, out);
}

enum an_answer an_host_check(const struct an_host *host, const struct an_server *servers, int n,
			     struct an_host_verdict *out)
{
	struct pool p;

	if (!begin_pool(&p, host, servers, n))
		return answer(out, AN_UNDECIDED, -1, "no memory", nothing);
	if (host->partitioned)
		check_partitions(&p, n, out);
	else
		check_global(&p, n, out);
	free_pool(&p);
	return out->v.answer;
}

static void print_ns(char *buf, size_t len, an_wide ns)
{
	snprintf(buf, len, "%.15g ms", (double)ns / 1e6);
}

void an_host_explain(const struct an_host_verdict *h, const struct an_server *servers, char *buf, size_t len)
{
	const char *who = h->v.index >= 0 ? servers[h->v.index].name : "the servers together";
	char where[32] = "", window[40], demand[40], supply[40];

	if (h->cpu >= 0)
		snprintf(where, sizeof(where), " on pCPU %d", h->cpu);
	print_ns(window, sizeof(window), h->v.window);
	print_ns(demand, sizeof(demand), h->v.demand);
	print_ns(supply, sizeof(supply), h->v.supply);
	if (h->v.answer == AN_OK)
		snprintf(buf, len, "every budget is guaranteed (%s)", h->test);
	else if (h->v.answer == AN_UNDECIDED)
		snprintf(buf, len, "%s%s: not decided (%s)", who, where, h->test);
	else if (!strcmp(h->test, "placement"))
		snprintf(buf, len, "%s fits on no pCPU beside the others", who);
	else if (!h->v.window)
		snprintf(buf, len, "%s%s: not guaranteed (%s)", who, where, h->test);
	else
		snprintf(buf, len,
			 "%s%s: not guaranteed (%s): in an interval of %s the demand is up to %s, the supply %s", who,
			 where, h->test, window, demand, supply);
}

/* -- placement --------------------------------------------------------------------------- */

static int by_load(const void *a, const void *b)
{
	const struct an_server *x = *(const struct an_server *const *)a;
	const struct an_server *y = *(const struct an_server *const *)b;
	an_wide l = (an_wide)x->budget * y->period, r = (an_wide)y->budget * x->period;

	return l > r ? -1 : l < r ? 1 : x < y ? -1 : x > y;
}

static an_wide load_of(const struct an_server *s)
{
	return ((an_wide)s->budget << AN_RATE_BITS) / s->period;
}

/* The next pCPU to try for this load, among those not tried and not too full: -1 if none. */
static int next_cpu(const an_wide *load, const bool *tried, int m, enum an_fit fit, an_wide more)
{
	int best = -1;

	for (int c = 0; c < m; c++) {
		if (tried[c] || load[c] + more > (an_wide)1 << AN_RATE_BITS)
			continue;
		if (best < 0 || (fit == AN_BEST_FIT && load[c] > load[best]) ||
		    (fit == AN_WORST_FIT && load[c] < load[best]))
			best = c;
	}
	return best;
}

static bool fits(struct pool *p, const struct an_server *servers, int n, int cpu, int extra)
{
	struct an_host_verdict v;
	int here = 0;

	for (int i = 0; i < n; i++)
		if (servers[i].cpu == cpu || i == extra)
			p->index[here++] = i;
	return one_cpu(p, here, cpu, &v) == AN_OK;
}

int an_host_place(const struct an_host *host, struct an_server *servers, int n, enum an_fit fit, int *failed)
{
	struct an_server **order = calloc((size_t)n + 1, sizeof(*order));
	an_wide *load = calloc((size_t)host->cpus, sizeof(*load));
	bool *tried = calloc((size_t)host->cpus, sizeof(*tried));
	struct pool p = { 0 };
	int ret = 0;

	*failed = -1;
	if (!order || !load || !tried || !begin_pool(&p, host, servers, n)) {
		free(order);
		free(load);
		free(tried);
		return -ENOMEM;
	}
	for (int i = 0; i < n; i++) {
		order[i] = &servers[i];
		if (servers[i].cpu >= 0 && servers[i].cpu < host->cpus)
			load[servers[i].cpu] += load_of(&servers[i]);
	}
	qsort(order, (size_t)n, sizeof(*order), by_load);
	for (int i = 0; i < n && !ret; i++) {
		struct an_server *s = order[i];
		int cpu;

		if (s->cpu >= 0)
			continue;
		memset(tried, 0, (size_t)host->cpus * sizeof(*tried));
		while ((cpu = next_cpu(load, tried, host->cpus, fit, load_of(s))) >= 0 &&
		       !fits(&p, servers, n, cpu, (int)(s - servers)))
			tried[cpu] = true;
		if (cpu < 0) {
			*failed = (int)(s - servers);
			ret = -ENOSPC;
		} else {
			s->cpu = cpu;
			load[cpu] += load_of(s);
		}
	}
	free_pool(&p);
	free(order);
	free(load);
	free(tried);
	return ret;
}
