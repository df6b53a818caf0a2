/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a scenario's real-time parameters to the core's: at the start, and when an event changes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/machine.h"

/* What is not given stays as it is. */
static void merge(struct rt_params *p, const struct scn_sched *s)
{
	const int64_t *v = s->value;
	unsigned set = s->set;

	if (set >> SCN_SCHED_PERIOD & 1)
		p->period_ns = v[SCN_SCHED_PERIOD];
	if (set >> SCN_SCHED_BUDGET & 1)
		p->budget_ns = v[SCN_SCHED_BUDGET];
	if (set >> SCN_SCHED_DEADLINE & 1)
		p->deadline_ns = v[SCN_SCHED_DEADLINE];
	if (set >> SCN_SCHED_PHASE & 1)
		p->phase_ns = v[SCN_SCHED_PHASE];
	if (set >> SCN_SCHED_LATENCY & 1)
		p->latency_ns = v[SCN_SCHED_LATENCY];
	if (set >> SCN_SCHED_PRIORITY & 1)
		p->priority = (uint32_t)v[SCN_SCHED_PRIORITY];
	if (set >> SCN_SCHED_EXTRATIME & 1)
		p->extratime = (uint8_t)v[SCN_SCHED_EXTRATIME];
	if (set >> SCN_SCHED_KIND & 1)
		p->kind = (uint8_t)v[SCN_SCHED_KIND];
	p->when = set >> SCN_SCHED_WHEN & 1 ? (uint8_t)v[SCN_SCHED_WHEN] : RT_AT_BOUNDARY;
}

int machine_sched_vcpu(struct machine *m, vcpu_t *v, const struct scn_sched *s)
{
	struct rt_params p = v->rt_params;

	if (!s->set)
		return 0;
	merge(&p, s);
	return sched_adjust_vcpu(&m->cx, v, &p);
}

int machine_sched_domain(struct machine *m, uint32_t domain, int vcpu, const struct scn_sched *s)
{
	struct sim_domain *d = &m->domains[domain];
	struct rt_params *params = calloc(d->nr_vcpus, sizeof(*params));
	struct admission_change change = { .d = d->d, .params = params };
	int ret;

	if (!params)
		return -SCHED_ENOMEM;
	for (uint32_t k = 0; k < d->nr_vcpus; k++) {
		params[k] = m->vcpus[d->first_vcpu + k].v->rt_params;
		if (vcpu < 0 || (uint32_t)vcpu == k)
			merge(&params[k], s);
	}
	ret = machine_admission(m, d->d->pool->id, &change, m->why, sizeof(m->why)) ? -SCHED_EPERM : 0;
	free(params);
	for (uint32_t k = 0; k < d->nr_vcpus && !ret; k++)
		if (vcpu < 0 || (uint32_t)vcpu == k)
			ret = machine_sched_vcpu(m, m->vcpus[d->first_vcpu + k].v, s);
	return ret;
}

int machine_sched_pool(struct machine *m, cpupool_t *pool, const struct scn_sched *s)
{
	struct admission_change change = { 0 };
	struct rt_pool_params p;
	const int64_t *v = s->value;
	unsigned set = s->set;

	if (pool->sched != SCHED_ID_rtds && pool->sched != SCHED_ID_rtxen)
		return -SCHED_EINVAL;
	p = pool->rt.params;
	if (set >> SCN_SCHED_KIND & 1)
		p.kind = (uint8_t)v[SCN_SCHED_KIND];
	if (set >> SCN_SCHED_RULE & 1)
		p.rule = (uint8_t)v[SCN_SCHED_RULE];
	if (set >> SCN_SCHED_PLACEMENT & 1)
		p.placement = (uint8_t)v[SCN_SCHED_PLACEMENT];
	if (set >> SCN_SCHED_FIT & 1)
		p.fit = (uint8_t)v[SCN_SCHED_FIT];
	if (set >> SCN_SCHED_TIES & 1)
		p.ties_switch = (uint8_t)v[SCN_SCHED_TIES];
	if (set >> SCN_SCHED_RUSH & 1)
		p.rush = (uint8_t)v[SCN_SCHED_RUSH];
	change.pool = &p;
	if (m->started && machine_admission(m, pool->id, &change, m->why, sizeof(m->why)))
		return -SCHED_EPERM;
	return sched_adjust_global_rt(&m->cx, pool, &p,
				      set >> SCN_SCHED_WHEN & 1 ? (uint32_t)v[SCN_SCHED_WHEN] : RT_AT_BOUNDARY);
}

static int set_frames(struct machine *m, const struct scn_pool *sp, cpupool_t *pool)
{
	struct arinc_table t = { .major_ns = sp->major_ns, .nr = (uint32_t)sp->nr_frames, .donate = sp->donate };

	for (int i = 0; i < sp->nr_frames; i++) {
		t.frame[i].domain = sp->frames[i].domain < 0 ? ARINC_IDLE : (uint32_t)sp->frames[i].domain;
		t.frame[i].vcpu = (uint32_t)sp->frames[i].vcpu;
		t.frame[i].time_ns = sp->frames[i].time_ns;
	}
	return sched_adjust_global_arinc653(&m->cx, pool, &t);
}

/* Partitioned vCPUs were packed one by one as they came, without knowing what they would reserve. */
static void repack(struct machine *m, cpupool_t *pool)
{
	struct rt_pool_params p = pool->rt.params;

	if (pool->sched != SCHED_ID_rtxen || p.placement != RT_PARTITIONED)
		return;
	sched_adjust_global_rt(&m->cx, pool, &p, RT_AT_BOUNDARY);
	machine_settle(m);
}

int machine_sched_start(struct machine *m, char *err, size_t errlen)
{
	const struct scenario *s = m->s;

	for (int i = 0; i < s->nr_pools; i++) {
		const struct scn_pool *sp = &s->pools[i];
		int ret = 0;

		if (sp->nr_frames)
			ret = set_frames(m, sp, &m->host->pools[i]);
		else if (sp->rt.set)
			ret = machine_sched_pool(m, &m->host->pools[i], &sp->rt);
		if (ret) {
			snprintf(err, errlen, "%s:%d: pools.%s.params: %s refuses these values together", s->path,
				 sp->line, sp->name, sp->sched);
			return -1;
		}
		machine_settle(m);
	}
	for (int i = 0; i < s->nr_domains; i++) {
		const struct scn_domain *d = &s->domains[i];

		for (int k = 0; k < d->nr_vcpus; k++) {
			vcpu_t *v = m->vcpus[m->domains[i].first_vcpu + (uint32_t)k].v;

			if (!machine_sched_vcpu(m, v, &d->vcpus[k].settings->sched))
				continue;
			snprintf(err, errlen,
				 "%s:%d: domains.%s.sched: %s refuses these values for vCPU %d (a budget must fit the "
				 "period, a deadline or latency too, and without a slice there must be extratime)",
				 s->path, d->vcpus[k].settings->sched.line, d->name, s->pools[d->pool].sched, k);
			return -1;
		}
		machine_settle(m);
	}
	for (int i = 0; i < s->nr_pools; i++)
		repack(m, &m->host->pools[i]);
	for (int i = 0; i < s->nr_pools; i++) {
		int ret = machine_admission(m, (uint32_t)i, NULL, m->why, sizeof(m->why));

		if (!ret)
			continue;
		snprintf(err, errlen, "%s:%d: pools.%s.admission: %s; reserve less, or write `admission: warn`",
			 s->path, s->pools[i].line, s->pools[i].name,
			 ret < 0 ? "there is not enough memory to judge it" : m->why);
		return -1;
	}
	m->started = true;
	return 0;
}
