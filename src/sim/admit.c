// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Admission: does a real-time pool hold what its vCPUs reserve? The core takes any parameters that are well formed;
 * whether they can be guaranteed together is for src/analysis to say, and this file asks it, of the pools as they are
 * in the core, and of what is about to change in them. It knows the core's objects only, so it judges any host.
 *
 * What is judged: all vCPUs of the pool with a budget, whatever they do. What switching costs is spent from the budget,
 * so it is in there already. Extra time is nobody's guarantee. Partitioned (and sedf, and where every vCPU is pinned to
 * one pCPU): each on the pCPU where it is. A vCPU that may run on some pCPUs of a global pool and not on others is
 * beyond the tests, but for a live host's own vCPUs, each of which stays on its pCPU: there it is only known what they
 * leave to the others. A domain that comes, or has lost its pCPU, is placed as the analysis would; whether the core
 * found as good a place is seen when it is there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/analysis.h"
#include "sim/admit.h"

static const enum an_server_kind kind_of[RT_KINDS] = {
	[RT_DEFERRABLE] = AN_DEFERRABLE,
	[RT_PERIODIC] = AN_PERIODIC,
	[RT_POLLING] = AN_POLLING,
	[RT_SPORADIC] = AN_SPORADIC,
	[RT_RECLAIMING] = AN_CAPACITY_RECLAIMING,
	[RT_CBS] = AN_CBS,
	[RT_WORK_CONSERVING] = AN_WORK_CONSERVING,
};
static const enum an_rule rule_of[RT_RULES] = { [RT_EDF] = AN_EDF, [RT_RM] = AN_RM, [RT_DM] = AN_DM, [RT_FP] = AN_FP };

struct question {
	const struct admit_host *a;
	host_t *h;
	cpupool_t *pool;
	const struct admission_change *change;
	struct cpumask cpus; /* the pool's */
	struct rt_pool_params params;
	struct an_host host;
	struct an_server *servers;
	int n, pinned, bound; /* servers; of them on one pCPU only, on some without being known to stay */
};

/* Which of the pool's pCPUs this is, counted from 0; -1 none. */
static int place_of(struct question *q, s32 cpu)
{
	int k = 0;

	if (cpu < 0 || !mask_test(&q->cpus, (u32)cpu))
		return -1;
	for (s32 c = 0; c < cpu; c++)
		k += mask_test(&q->cpus, (u32)c);
	return k;
}

static int real_cpu(struct question *q, int place)
{
	for (u32 c = 0; place >= 0 && c < q->h->limits.pcpus; c++)
		if (mask_test(&q->cpus, c) && !place--)
			return (int)c;
	return -1;
}

/*
 * How many pCPUs of the pool v may use, and the first of them; it leaves a home that it may not. The core lets one that
 * may use none use all.
 */
static int usable(struct question *q, vcpu_t *v, s32 *first, s32 *home)
{
	const struct admission_change *c = q->change;
	bool moved = c && c->hard && c->d == v->domain && (c->vcpu < 0 || (u32)c->vcpu == v->id);
	cpumask_t *hard = moved ? c->hard : &v->hard;
	int n = 0;

	*first = -1;
	for (u32 c = 0; c < q->h->limits.pcpus; c++)
		if (mask_test(&q->cpus, c) && mask_test(hard, c)) {
			*first = *first < 0 ? (s32)c : *first;
			n++;
		}
	if (n && *home >= 0 && !mask_test(hard, (u32)*home))
		*home = -1;
	return n ? n : q->host.cpus;
}

bool admit_is_rt(const cpupool_t *pool)
{
	return pool->sched == SCHED_ID_rtds || pool->sched == SCHED_ID_rtxen || pool->sched == SCHED_ID_sedf;
}

static bool is_sedf(const struct question *q)
{
	return q->pool->sched == SCHED_ID_sedf;
}

/* Is it in the pool, or about to be? */
static bool belongs(const struct admission_change *change, domain_t *d, const cpupool_t *pool)
{
	return d && (d->pool == pool || (change && change->joins && change->d == d));
}

/* The parameters it has, or would have there: what it was given if the policy takes that, else the policy's own. */
static struct rt_params params_of(const struct question *q, vcpu_t *v)
{
	const struct admission_change *c = q->change;
	struct rt_params p = v->rt_params;

	if (c && c->d == v->domain && c->params)
		return c->params[v->id];
	if (v->domain->pool != q->pool)
		sched_rt_params_in(q->pool, v, &p);
	return p;
}

static void add_server(struct question *q, const char *name, u32 id, vcpu_t *v)
{
	const struct rt_params params = params_of(q, v), *p = &params;
	struct an_server *s = &q->servers[q->n];
	bool here = v->domain->pool == q->pool;
	s32 first, home = !here					? -1 :
			  is_sedf(q)				? v->sedf.home :
			  q->params.placement == RT_PARTITIONED ? v->rt.home :
								  -1;
	int may = usable(q, v, &first, &home);

	if (p->budget_ns <= 0 || v->unit) /* who rides in another's server reserves nothing */
		return;
	if (v->domain == q->a->stays && v->pause_flags & VPF_down) /* its pCPU is off line */
		return;
	q->n++;
	snprintf(s->name, sizeof(s->name), "%.50s.v%u", name, id);
	s->period = p->period_ns;
	s->budget = p->budget_ns;
	s->deadline = p->deadline_ns && !is_sedf(q) ? p->deadline_ns : p->period_ns;
	s->priority = p->priority ? (int)p->priority : RT_MAX_PRIORITY + 1;
	s->kind = is_sedf(q) ? AN_POLLING : kind_of[p->kind == RT_POOL ? q->params.kind : p->kind];
	s->cpu = place_of(q, home >= 0 ? home : may == 1 ? first : -1);
	s->stays = v->domain == q->a->stays;
	q->pinned += may == 1;
	q->bound += may < q->host.cpus && !s->stays;
}

static int gather(struct question *q)
{
	const struct admit_host *a = q->a;
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];

	for (u32 i = 0; i < a->max_domains; i++) {
		domain_t *d = a->domain(a->arg, i);
		u32 n = belongs(q->change, d, q->pool) ? a->vcpus(a->arg, i, vcpus, SCHED_MAX_DOMAIN_VCPUS) : 0;

		for (u32 k = 0; k < n; k++)
			add_server(q, a->name(a->arg, i), k, vcpus[k]);
	}
	return q->n;
}

int admit_pool(const struct admit_host *a, cpupool_t *pool, const struct admission_change *change, char *why,
	       size_t len)
{
	struct question q = { .a = a, .h = a->host, .pool = pool, .change = change };
	struct an_host_verdict verdict;
	int failed, ret = 0;

	if (!admit_is_rt(q.pool))
		return 0;
	q.cpus = q.pool->cpus;
	for (u32 c = 0; change && change->without && c < q.h->limits.pcpus; c++)
		if (mask_test(change->without, c))
			mask_clear(&q.cpus, c);
	q.host = (struct an_host){ .cpus = (int)mask_weight(&q.cpus, q.h->mask_words) };
	if (!q.host.cpus)
		return 0; /* the core has its own word for that */
	q.servers = calloc((size_t)q.h->limits.vcpus + 1, sizeof(*q.servers));
	if (!q.servers)
		return -ENOMEM;
	if (!is_sedf(&q)) {
		q.params = change && change->pool ? *change->pool : q.pool->rt.params;
		q.host.rule = rule_of[q.params.rule];
	}
	if (!gather(&q))
		goto out;
	q.host.partitioned = is_sedf(&q) || q.params.placement == RT_PARTITIONED || q.pinned == q.n;
	if (!q.host.partitioned && q.bound) {
		ret = 1;
		snprintf(why, len,
			 "some vCPUs may use only some of its pCPUs, which no test of global scheduling knows");
	} else if (q.host.partitioned && an_host_place(&q.host, q.servers, q.n, AN_FIRST_FIT, &failed)) {
		ret = 1;
		snprintf(why, len, "%s fits on no pCPU beside the others", q.servers[failed < 0 ? 0 : failed].name);
	} else if (an_host_check(&q.host, q.servers, q.n, &verdict) != AN_OK) {
		ret = 1;
		verdict.cpu = real_cpu(&q, verdict.cpu);
		an_host_explain(&verdict, q.servers, why, len);
	}
out:
	free(q.servers);
	return ret;
}
