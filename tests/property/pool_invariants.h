/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be true after every event of a host whose pools have different schedulers: for all of them, and what
 * credit2 keeps as sums, masks and trees, counted again. (invariants.h is of credit alone.)
 */
#ifndef POOL_INVARIANTS_H
#define POOL_INVARIANTS_H

#include "tiny_host.h"

static inline bool may_run(const vcpu_t *v)
{
	return !v->pause_flags && !v->pause_count && !v->domain->pause_count;
}

static inline domain_t *tiny_next_adom(domain_t *d, domain_t *a)
{
	link_t *l = a == d ? d->adoms.next : a->adom_link.next;

	return l == &d->adoms ? NULL : link_of(l, domain_t, adom_link);
}

/* The vCPUs of d and of its activation domains. */
#define tiny_each_accounted(v, d) \
	for (domain_t *tiny_a = (d); tiny_a; tiny_a = tiny_next_adom(d, tiny_a)) \
	tiny_each_vcpu(v, tiny_a)

static inline void any_pcpu(struct tiny *t, pcpu_t *p)
{
	cpupool_t *pool = p->pool;
	vcpu_t *c = p->curr;
	bool in_pool = pool && mask_test(&pool->cpus, p->id), moving = t->h->moving_cpu == (s32)p->id;
	s64 first = TIME_NEVER;

	for (u32 i = 0; i < NR_TIMERS; i++)
		first = p->timer_ns[i] < first ? p->timer_ns[i] : first;
	if (first != p->deadline_ns || t->timer_at[p->id] != first)
		tiny_broken(t, "pCPU %u: timers, deadline and what was told of it differ", p->id);
	if (!!p->resched != (t->kick_at[p->id] != TIME_NEVER))
		tiny_broken(t, "pCPU %u: resched is %u, the host was told otherwise", p->id, p->resched);
	if (!c || (c->is_idle && c != p->idle))
		tiny_broken(t, "pCPU %u runs nobody, or another's idle vCPU", p->id);
	if (!pool) {
		if (!c->is_idle || !mask_test(&t->h->free_cpus, p->id) || first != TIME_NEVER)
			tiny_broken(t, "free pCPU %u is busy or not free", p->id);
		return;
	}
	if (mask_test(&t->h->free_cpus, p->id) || in_pool == moving)
		tiny_broken(t, "pCPU %u is in its pool %u and not, or free as well", p->id, pool->id);
	if (c->is_idle)
		return;
	if (c->domain->pool != pool || c->processor != p || !c->is_running || c->runstate != RUNSTATE_running)
		tiny_broken(t, "pCPU %u: the vCPU it runs does not know", p->id);
	if (p->resched)
		return;
	if (!may_run(c))
		tiny_broken(t, "pCPU %u (%s) goes on with a vCPU that can't run", p->id, sched_name(pool->sched));
	if (!mask_test(&(c->unit ? c->unit : c)->hard, p->id) || !in_pool)
		tiny_broken(t, "d%uv%u runs on pCPU %u (%s) against its affinity or pool", c->domain->id, c->id, p->id,
			    sched_name(pool->sched));
}

static inline void any_vcpu(struct tiny *t, vcpu_t *v, u32 running_on)
{
	cpupool_t *pool = v->domain->pool;
	s64 sum = 0;

	if (running_on > 1 || v->is_running != running_on)
		tiny_broken(t, "d%uv%u is on %u pCPUs, is_running says %u", v->domain->id, v->id, running_on,
			    v->is_running);
	for (u32 i = 0; i < 4; i++) {
		s64 in = vcpu_runstate_ns(v, i, t->cx.now);

		if (in < 0)
			tiny_broken(t, "d%uv%u: negative time in state %u", v->domain->id, v->id, i);
		sum += in;
	}
	if (sum != t->cx.now - (s64)v->host_data)
		tiny_broken(t, "d%uv%u: its run-state times are %lld ns off", v->domain->id, v->id,
			    (long long)(sum - (t->cx.now - (s64)v->host_data)));
	if (v->processor->pool != pool)
		tiny_broken(t, "d%uv%u is on a pCPU of another pool", v->domain->id, v->id);
	if (!mask_intersects(&v->hard, &pool->cpus, t->h->mask_words))
		tiny_broken(t, "d%uv%u: its hard affinity misses its pool", v->domain->id, v->id);
	if (v->runstate == RUNSTATE_blocked && !(v->pause_flags & VPF_blocked))
		tiny_broken(t, "d%uv%u is blocked, and not by itself", v->domain->id, v->id);
	if (v->pause_flags & VPF_parked && pool->sched != SCHED_ID_credit && pool->sched != SCHED_ID_credit2)
		tiny_broken(t, "d%uv%u is parked under %s, which has no caps", v->domain->id, v->id,
			    sched_name(pool->sched));
}

/* ---- credit2 ---- */

static inline void credit2_vcpu_check(struct tiny *t, vcpu_t *v)
{
	struct credit2_vcpu *c = &v->credit2;
	domain_t *d = v->domain->sdom ? v->domain->sdom : v->domain;
	bool curr = v->processor->curr == v, parked = v->pause_flags & VPF_parked,
	     waits = may_run(v) && !curr && !(c->flags & CREDIT2_SCHEDULED);
	const char *what = NULL;

	if (c->runq != v->processor->credit2.runq)
		what = "belongs to another run queue than its pCPU";
	else if (!!c->queued != waits)
		what = c->queued ? "is queued and should not be" : "waits and is not queued";
	else if (may_run(v) && !curr && !c->queued && !(c->flags & CREDIT2_DELAYED_ADD))
		what = "would be forgotten when its state is saved";
	else if (!!(c->flags & CREDIT2_SCHEDULED) != !!v->is_running)
		what = "is on a pCPU and not";
	else if (!!(c->flags & CREDIT2_PINNED) != (mask_weight(&v->hard, t->h->mask_words) == 1))
		what = "is pinned and not";
	else if (c->weight != d->weight)
		what = "burns by another weight than its domain's";
	else if (c->credit_ns < -10 * MSEC || c->credit_ns > 10550 * USEC + 50 * USEC * 10)
		what = "has credit beyond the limits";
	else if (parked && !d->cap)
		what = "is parked without a cap";
	else if (d->cap && d->pool->credit2.params.mend & CREDIT2_MEND_NEWCAP && c->budget_ns == TIME_NEVER)
		what = "is of a capped domain and has no cap";
	else if (!d->cap && c->budget_ns != TIME_NEVER)
		what = "has a cap that its domain has not";
	if (what)
		tiny_broken(t, "d%uv%u %s (flags %x, pauses %x, queued %u, %scurrent)", d->id, v->id, what, c->flags,
			    v->pause_flags, c->queued, curr ? "" : "not ");
}

static inline void credit2_runq_check(struct tiny *t, credit2_runq_t *rq)
{
	u32 n = 0, queued = 0, load = 0, max = 1, nr_max = 0, words = t->h->mask_words;
	s64 ahead = 0, last = TIME_NEVER;

	for (link_t *l = rq->vcpus.next; l != &rq->vcpus; l = l->next, n++) {
		vcpu_t *v = link_of(l, vcpu_t, credit2.assigned);

		if (n > TINY_VCPUS || v->domain->pool != rq->pool || v->credit2.runq != rq)
			tiny_broken(t, "run queue %u: its list of vCPUs is torn", rq->index);
		queued += v->credit2.queued;
		load += v->credit2.queued || v->credit2.flags & CREDIT2_SCHEDULED;
		ahead += v->credit2.ahead_ns;
		if (v->credit2.weight > max) {
			max = v->credit2.weight;
			nr_max = 0;
		}
		nr_max += v->credit2.weight == max;
	}
	if (n != rq->nr_vcpus || queued != rq->nr_queued || load != rq->load || ahead != rq->ahead_ns)
		tiny_broken(t, "run queue %u: %u vCPUs, %u queued, load %u, ahead %lld; it says %u, %u, %u, %lld",
			    rq->index, n, queued, load, (long long)ahead, rq->nr_vcpus, rq->nr_queued, rq->load,
			    (long long)rq->ahead_ns);
	if (max != rq->max_weight || nr_max != rq->nr_max)
		tiny_broken(t, "run queue %u: %u weigh %u; it says %u weigh %u", rq->index, nr_max, max, rq->nr_max,
			    rq->max_weight);
	if (rq->avgload < 0 || rq->b_avgload < 0)
		tiny_broken(t, "run queue %u: its load is negative", rq->index);
	n = 0;
	for (link_t *l = rq->queue.order.next; l != &rq->queue.order; l = l->next, n++) {
		vcpu_t *v = link_of(tree_node_of(l), vcpu_t, credit2.node);
		s64 credit = v->credit2.credit_ns + rq->granted_ns - v->credit2.granted_ns;

		if (n > TINY_VCPUS || !v->credit2.queued || credit > last)
			tiny_broken(t, "run queue %u is out of order", rq->index);
		last = credit < 10500 * USEC ? credit : last;
	}
	if (n != rq->nr_queued || mask_test(&rq->pool->credit2.waiting, rq->index) != !!n)
		tiny_broken(t, "run queue %u: %u queue, it says %u, or `waiting` is wrong", rq->index, n,
			    rq->nr_queued);
	if (rq->nr_cpus != mask_weight(&rq->cpus, words) || !mask_subset(&rq->idle, &rq->cpus, words) ||
	    !mask_subset(&rq->tickled, &rq->cpus, words) || !mask_subset(&rq->smt_idle, &rq->ready, words) ||
	    (rq->nr_cpus && rq->pool->credit2.params.mend & CREDIT2_MEND_BIAS &&
	     (rq->pick_bias < 0 || !mask_test(&rq->cpus, (u32)rq->pick_bias))))
		tiny_broken(t, "run queue %u: its masks of pCPUs disagree", rq->index);
	for_each_cpu (c, &rq->cpus, words) {
		pcpu_t *p = &t->h->pcpus[c];
		bool ready = mask_test(&rq->idle, p->id) && !mask_test(&rq->tickled, p->id), whole = true;

		for_each_cpu (s, &t->h->core_mask[p->core], words)
			whole &= !mask_test(&rq->cpus, (u32)s) || mask_test(&rq->ready, (u32)s);
		if (p->pool != rq->pool || p->credit2.runq != rq)
			tiny_broken(t, "pCPU %d is of another run queue than %u", c, rq->index);
		if (!p->resched && mask_test(&rq->idle, p->id) != p->curr->is_idle)
			tiny_broken(t, "pCPU %d is idle and not", c);
		if (mask_test(&rq->tickled, p->id) && !p->resched)
			tiny_broken(t, "pCPU %d is tickled and does not come", c);
		if (mask_test(&rq->ready, p->id) != ready || mask_test(&rq->pool->credit2.ready, p->id) != ready ||
		    mask_test(&rq->smt_idle, p->id) != whole)
			tiny_broken(t, "pCPU %d: the masks of idle pCPUs and cores disagree", c);
	}
}

static inline void credit2_pool_check(struct tiny *t, cpupool_t *pool)
{
	u32 vcpus = 0, assigned = 0, capped = 0, cpus = 0, n = 0;
	s32 id = -1;

	for (link_t *l = pool->credit2.runqs.next; l != &pool->credit2.runqs; l = l->next) {
		credit2_runq_t *rq = link_of(l, credit2_runq_t, pool_link);

		if (!rq->used || rq->pool != pool || (s32)rq->id <= id || (!rq->nr_cpus && !rq->nr_vcpus))
			tiny_broken(t, "pool %u: its list of run queues is wrong", pool->id);
		id = (s32)rq->id;
		credit2_runq_check(t, rq);
		assigned += rq->nr_vcpus;
		cpus += rq->nr_cpus;
	}
	for (link_t *l = pool->domains.next; l != &pool->domains; l = l->next) {
		domain_t *d = link_of(l, domain_t, pool_link);
		u32 parked = 0, listed = 0, nv = 0;

		tiny_each_accounted(v, d)
		{
			nv++;
			parked += !!(v->pause_flags & VPF_parked);
		}
		tiny_each_vcpu(v, d) credit2_vcpu_check(t, v);
		if (d->sdom) {
			nv = 0;
			parked = 0;
		}
		if (d->credit2.owed_ns < 0)
			tiny_broken(t, "domain %u is owed", d->id);
		for (link_t *k = d->credit2.parked.next; k != &d->credit2.parked; k = k->next)
			if (++listed > TINY_VCPUS)
				break;
		if (parked != listed || nv != d->credit2.nr_vcpus)
			tiny_broken(t, "domain %u: %u parked, %u listed, %u vCPUs of %u", d->id, parked, listed, nv,
				    d->credit2.nr_vcpus);
		if (d->credit2.capped && !d->cap)
			tiny_broken(t, "domain %u is capped without a cap", d->id);
		if (d->credit2.capped && d->credit2.next_ns <= t->cx.now && pool->credit2.master >= 0 &&
		    t->h->pcpus[pool->credit2.master].timer_ns[TIMER_ACCT] > t->cx.now)
			tiny_broken(t, "domain %u: its period is over and no timer comes", d->id);
		capped += d->credit2.capped;
		vcpus += d->nr_vcpus;
	}
	for (link_t *l = pool->credit2.replenish.order.next; l != &pool->credit2.replenish.order; l = l->next)
		if (++n > TINY_DOMAINS)
			break;
	if (vcpus != assigned || cpus != pool->nr_cpus || n != capped)
		tiny_broken(
			t,
			"pool %u: %u vCPUs of which %u in run queues, %u pCPUs of %u, %u caps of which %u have a timer",
			pool->id, vcpus, assigned, pool->nr_cpus, cpus, capped, n);
}

/* ---- credit ---- */

static inline void credit_pool_check(struct tiny *t, cpupool_t *pool)
{
	u32 listed = 0, active = 0;

	for (link_t *l = pool->domains.next; l != &pool->domains; l = l->next) {
		domain_t *d = link_of(l, domain_t, pool_link);
		u32 na = 0, la = 0;

		tiny_each_vcpu(v, d)
		{
			if (v->credit.flags & CREDIT_REJOINS)
				tiny_broken(t, "d%uv%u is between two records", d->id, v->id);
			if (!!(v->credit.flags & CREDIT_PARKED) != !!(v->pause_flags & VPF_parked))
				tiny_broken(t, "d%uv%u is parked and not", d->id, v->id);
		}
		if (!d->sdom)
			tiny_each_accounted(v, d) na += v->credit.is_active;
		for (link_t *k = d->credit.active.next; k != &d->credit.active; k = k->next) {
			vcpu_t *v = link_of(k, vcpu_t, credit.active);

			if ((v->domain->sdom ? v->domain->sdom : v->domain) != d || !v->credit.is_active ||
			    ++la > TINY_VCPUS)
				tiny_broken(t, "domain %u: its active list is wrong", d->id);
		}
		if (na != d->credit.nr_active || na != la)
			tiny_broken(t, "domain %u: %u active, %u listed, it says %u", d->id, na, la,
				    d->credit.nr_active);
		active += na > 0;
	}
	for (link_t *l = pool->credit.active.next; l != &pool->credit.active && listed <= TINY_DOMAINS; l = l->next)
		listed++;
	if (active != listed)
		tiny_broken(t, "pool %u: %u domains earn, %u are listed", pool->id, active, listed);
}

/* ---- all ---- */

/* Who is accounted to whom: one step deep, in one pool, both ways alike. */
static inline void sdom_check(struct tiny *t, domain_t *d)
{
	u32 n = d->nr_vcpus, found = 0, steps = 0;

	for (link_t *l = d->adoms.next; l != &d->adoms; l = l->next) {
		domain_t *a = link_of(l, domain_t, adom_link);

		if (a->sdom != d || !a->used || a->pool != d->pool || d->sdom || ++steps > TINY_DOMAINS)
			tiny_broken(t, "domain %u: its activation domains are wrong", d->id);
		n += a->nr_vcpus;
	}
	if (d->sdom) {
		n -= d->nr_vcpus;
		for (link_t *l = d->sdom->adoms.next; l != &d->sdom->adoms; l = l->next)
			found += link_of(l, domain_t, adom_link) == d;
		if (found != 1 || !d->sdom->used)
			tiny_broken(t, "domain %u is not known to its scheduling domain", d->id);
	}
	if (n != d->nr_accounted)
		tiny_broken(t, "domain %u: %u vCPUs are accounted to it, it says %u", d->id, n, d->nr_accounted);
}

/* ---- units: servers and who rides in them ---- */

static inline bool has_servers_(const cpupool_t *pool)
{
	return pool->sched == SCHED_ID_rtds || pool->sched == SCHED_ID_rtxen || pool->sched == SCHED_ID_sedf;
}

/* On how many pCPUs, that are not about to change that, is one of v's unit? */
static inline u32 unit_on_pcpus(struct tiny *t, vcpu_t *v)
{
	u32 n = 0;

	for (u32 i = 0; i < t->ncpu; i++) {
		pcpu_t *p = &t->h->pcpus[i];

		n += !p->resched && !p->curr->is_idle && (p->curr == v || p->curr->unit == v);
	}
	return n;
}

static inline void unit_vcpu_check(struct tiny *t, vcpu_t *v)
{
	domain_t *d = v->domain, *s = d->sdom;
	u32 n = 0;

	if (!has_servers_(d->pool) ? v->unit || v->nr_riders : (v->unit != NULL) != (s && s->nr_vcpus))
		tiny_broken(t, "d%uv%u rides and should not, or the other way round", d->id, v->id);
	if (v->unit && (v->unit->domain != s || v->unit->unit || v->nr_riders))
		tiny_broken(t, "d%uv%u rides with another than its scheduling domain", d->id, v->id);
	if (v->nr_riders)
		for (link_t *l = v->riders.next; l != &v->riders; l = l->next) {
			vcpu_t *r = link_of(l, vcpu_t, rider_link);

			if (r->unit != v || ++n > TINY_VCPUS)
				tiny_broken(t, "d%uv%u: its riders are wrong", d->id, v->id);
		}
	if (n != v->nr_riders)
		tiny_broken(t, "d%uv%u: %u ride, it says %u", d->id, v->id, n, v->nr_riders);
	if (unit_on_pcpus(t, v) > 1)
		tiny_broken(t, "d%uv%u and who rides with it are on several pCPUs", d->id, v->id);
	if (v->unit && d->pool->sched != SCHED_ID_sedf && (v->rt.where != RT_NOWHERE || v->rt.in_events))
		tiny_broken(t, "d%uv%u rides and is a server", d->id, v->id);
	if (v->unit && d->pool->sched == SCHED_ID_sedf &&
	    (v->sedf.where != SEDF_OUT || v->sedf.in_spare || v->sedf.in_penalty))
		tiny_broken(t, "d%uv%u rides and is a server", d->id, v->id);
}

static inline void unit_pcpu_check(struct tiny *t, pcpu_t *p)
{
	vcpu_t *u = p->curr->unit ? p->curr->unit : p->curr;

	if (p->unit->unit || (!p->unit->is_idle && p->unit->domain->pool != p->pool))
		tiny_broken(t, "pCPU %u: whom it serves is no server of its pool", p->id);
	if (!p->resched && !p->curr->is_idle && u != p->unit)
		tiny_broken(t, "pCPU %u (%s) runs d%uv%u and serves another", p->id, sched_name(p->pool->sched),
			    p->curr->domain->id, p->curr->id);
	/* It serves a unit of which nobody runs: only while all who could are leaving other pCPUs. */
	if (!p->resched && p->curr->is_idle && !p->unit->is_idle) {
		bool waits = false;

		for (u32 i = 0; i < t->ncpu; i++) {
			pcpu_t *o = &t->h->pcpus[i];

			waits |= o != p && (o->curr->unit == p->unit || o->curr == p->unit ||
					    (o->prev && (o->prev->unit == p->unit || o->prev == p->unit)));
		}
		if (!waits)
			tiny_broken(t, "pCPU %u idles for d%uv%u", p->id, p->unit->domain->id, p->unit->id);
	}
}

/* Nobody who may run waits while a pCPU that may run him idles: once all kicks are carried out. */
static inline void no_waste(struct tiny *t, cpupool_t *pool)
{
	bool whole = pool->sched == SCHED_ID_credit2 ?
			     pool->credit2.params.mend == CREDIT2_MEND_ALL :
			     pool->credit.params.mend == CREDIT_MEND_ALL && !pool->credit.params.migr_delay_ns;

	if (!whole)
		return;
	for (u32 i = 0; i < t->ncpu; i++)
		if (t->kick_at[i] != TIME_NEVER || t->saved_at[i] != TIME_NEVER)
			return;
	for (link_t *l = pool->domains.next; l != &pool->domains; l = l->next)
		tiny_each_vcpu(v, link_of(l, domain_t, pool_link))
		{
			if (!may_run(v) || v->is_running)
				continue;
			for_each_cpu (c, &pool->cpus, t->h->mask_words)
				if (mask_test(&v->hard, (u32)c) && t->h->pcpus[c].curr->is_idle)
					tiny_broken(t, "d%uv%u waits on pCPU %u while pCPU %d idles (%s)",
						    v->domain->id, v->id, v->processor->id, c, sched_name(pool->sched));
		}
}

/* Each vCPU's host_data must hold the instant of its creation. */
static inline void pools_check(struct tiny *t)
{
	host_t *h = t->h;
	u8 running[TINY_VCPUS] = { 0 };
	u32 vcpus = 0, domains = 0, cpus, free_vcpus = 0;

	for (u32 i = 0; i < t->ncpu; i++) {
		pcpu_t *p = &h->pcpus[i];

		any_pcpu(t, p);
		if (p->pool && has_servers_(p->pool))
			unit_pcpu_check(t, p);
		if (!p->curr->is_idle)
			running[p->curr->index]++;
		if (p->prev && !p->prev->is_idle)
			running[p->prev->index]++;
	}
	cpus = mask_weight(&h->free_cpus, h->mask_words) + (h->moving_cpu >= 0);
	for (u32 i = 0; i < h->limits.pools; i++) {
		cpupool_t *pool = &h->pools[i];
		u32 nd = 0, soft = 0;

		if (!pool->used)
			continue;
		for (link_t *l = pool->domains.next; l != &pool->domains; l = l->next, nd++) {
			domain_t *d = link_of(l, domain_t, pool_link);
			u32 nv = 0;

			if (d->pool != pool || !d->used || nd > TINY_DOMAINS)
				tiny_broken(t, "domain %u is listed by pool %u", d->id, i);
			tiny_each_vcpu(v, d)
			{
				any_vcpu(t, v, running[v->index]);
				unit_vcpu_check(t, v);
				soft += v->soft_effective;
				nv++;
			}
			sdom_check(t, d);
			if (nv != d->nr_vcpus)
				tiny_broken(t, "domain %u: nr_vcpus is wrong", d->id);
			vcpus += nv;
		}
		domains += nd;
		cpus += mask_weight(&pool->cpus, h->mask_words);
		if (nd != pool->nr_domains || soft != pool->nr_soft ||
		    pool->nr_cpus != mask_weight(&pool->cpus, h->mask_words))
			tiny_broken(t, "pool %u: its counts are wrong", i);
		if (pool->sched == SCHED_ID_credit2)
			credit2_pool_check(t, pool);
		if (pool->sched == SCHED_ID_credit)
			credit_pool_check(t, pool);
		if (pool->sched == SCHED_ID_credit2 || pool->sched == SCHED_ID_credit)
			no_waste(t, pool);
	}
	for (link_t *l = h->free_vcpus.next; l != &h->free_vcpus; l = l->next)
		free_vcpus++;
	if (vcpus != h->nr_vcpus || domains != h->nr_domains || cpus != t->ncpu ||
	    free_vcpus + vcpus != h->limits.vcpus)
		tiny_broken(t, "host: %u vCPUs and %u free, %u domains, %u pCPUs: something is lost", vcpus, free_vcpus,
			    domains, cpus);
}

#endif
