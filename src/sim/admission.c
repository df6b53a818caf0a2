// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Admission: does a real-time pool hold what its vCPUs reserve? The core takes any parameters that are well formed;
 * whether they can be guaranteed together is for src/analysis to say, and this file asks it, of the pools as they are
 * in the core, and of what is about to change in them.
 *
 * What is judged: all vCPUs of the pool with a budget, whatever they do. What switching costs is spent from the budget,
 * so it is in there already. Extra time is nobody's guarantee. Partitioned (and sedf, and where every vCPU is pinned to
 * one pCPU): each on the pCPU where it is. A vCPU that may run on some pCPUs of a global pool and not on others is
 * beyond the tests.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "sim/machine.h"

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
	const struct machine *m;
	cpupool_t *pool;
	const struct admission_change *change;
	struct rt_pool_params params;
	struct an_host host;
	struct an_server *servers;
	int n, pinned, bound; /* servers; of them on one pCPU only, on some */
};

/* Which of the pool's pCPUs this is, counted from 0; -1 none. */
static int place_of(const struct question *q, s32 cpu)
{
	int k = 0;

	if (cpu < 0 || !mask_test(&q->pool->cpus, (u32)cpu))
		return -1;
	for (s32 c = 0; c < cpu; c++)
		k += mask_test(&q->pool->cpus, (u32)c);
	return k;
}

static int real_cpu(const struct question *q, int place)
{
	for (u32 c = 0; place >= 0 && c < q->m->host->limits.pcpus; c++)
		if (mask_test(&q->pool->cpus, c) && !place--)
			return (int)c;
	return -1;
}

/* How many pCPUs of the pool v may use, and the first of them. */
static int usable(const struct question *q, vcpu_t *v, s32 *first)
{
	int n = 0;

	*first = -1;
	for (u32 c = 0; c < q->m->host->limits.pcpus; c++)
		if (mask_test(&q->pool->cpus, c) && mask_test(&v->hard, c)) {
			*first = *first < 0 ? (s32)c : *first;
			n++;
		}
	return n;
}

static bool is_sedf(const struct question *q)
{
	return q->pool->sched == SCHED_ID_sedf;
}

static const char *name_of(const struct machine *m, uint32_t i)
{
	return m->domains[i].own ? m->domains[i].own->domains[0].name : m->s->domains[i].name;
}

static void add_server(struct question *q, const char *name, u32 id, vcpu_t *v)
{
	const struct rt_params *p = q->change && q->change->d == v->domain ? &q->change->params[v->id] : &v->rt_params;
	struct an_server *s = &q->servers[q->n];
	s32 first, home = is_sedf(q) ? v->sedf.home : q->params.placement == RT_PARTITIONED ? v->rt.home : -1;
	int may = usable(q, v, &first);

	if (p->budget_ns <= 0 || v->unit) /* who rides in another's server reserves nothing */
		return;
	q->n++;
	snprintf(s->name, sizeof(s->name), "%.50s.v%u", name, id);
	s->period = p->period_ns;
	s->budget = p->budget_ns;
	s->deadline = p->deadline_ns && !is_sedf(q) ? p->deadline_ns : p->period_ns;
	s->priority = p->priority ? (int)p->priority : RT_MAX_PRIORITY + 1;
	s->kind = is_sedf(q) ? AN_POLLING : kind_of[p->kind == RT_POOL ? q->params.kind : p->kind];
	s->cpu = place_of(q, home >= 0 ? home : may == 1 ? first : -1);
	q->pinned += may == 1;
	q->bound += may < q->host.cpus;
}

static int gather(struct question *q)
{
	const struct machine *m = q->m;

	for (uint32_t i = 0; i < m->max_domains; i++) {
		const struct sim_domain *d = &m->domains[i];

		for (uint32_t k = 0; d->d && d->d->pool == q->pool && k < d->nr_vcpus; k++)
			add_server(q, name_of(m, i), k, m->vcpus[d->first_vcpu + k].v);
	}
	return q->n;
}

int machine_admits(const struct machine *m, uint32_t pool, const struct admission_change *change, char *why, size_t len)
{
	struct question q = { .m = m, .pool = &m->host->pools[pool], .change = change };
	struct an_host_verdict verdict;
	int failed, ret = 0;

	if (q.pool->sched != SCHED_ID_rtds && q.pool->sched != SCHED_ID_rtxen && q.pool->sched != SCHED_ID_sedf)
		return 0;
	q.host = (struct an_host){ .cpus = (int)q.pool->nr_cpus };
	q.servers = calloc((size_t)m->max_vcpus + 1, sizeof(*q.servers));
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

int machine_admission(struct machine *m, uint32_t pool, const struct admission_change *change, char *why, size_t len)
{
	int mode = pool < (uint32_t)m->s->nr_pools ? m->s->pools[pool].admission : SCN_ADMISSION_OFF;
	int ret = mode == SCN_ADMISSION_OFF ? 0 : machine_admits(m, pool, change, why, len);

	if (ret <= 0 || mode == SCN_ADMISSION_ENFORCE)
		return ret;
	if (!m->not_guaranteed++)
		snprintf(m->no_guarantee, sizeof(m->no_guarantee), "pool %s: %s", m->s->pools[pool].name, why);
	return 0;
}
