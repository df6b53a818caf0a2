/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be true of a host after every event, whatever happened before. tiny_check() reads the
 * core's objects (they are public) and counts for itself what the core keeps as sums and masks.
 */
#ifndef INVARIANTS_H
#define INVARIANTS_H

#include "tiny_host.h"
#include "turns.h"

static inline bool may_run(const vcpu_t *v)
{
	return !v->pause_flags && !v->pause_count && !v->domain->pause_count;
}

static inline bool mend_all(const cpupool_t *pool)
{
	return pool->credit.params.mend == CREDIT_MEND_ALL;
}

/* One pCPU: who runs there, its queues, its place in the pool's masks, its timers. */
static inline void check_pcpu(struct tiny *t, pcpu_t *p)
{
	cpupool_t *pool = p->pool;
	vcpu_t *c = p->curr;
	bool in_pool = pool && mask_test(&pool->cpus, p->id), under, moving;
	bool in_set = pool && p->assist.micro ? mask_test(&p->assist.micro->cpus, p->id) : in_pool;
	s64 first = TIME_NEVER;
	u32 n = 0;

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
	moving = t->h->moving_cpu == (s32)p->id;
	if (p->assist.micro && (in_pool || p->assist.micro->assist.parent != pool || !p->assist.micro->used))
		tiny_broken(t, "pCPU %u is micro-sliced, and not of a hidden pool of its pool", p->id);
	if (mask_test(&t->h->free_cpus, p->id) || in_set == moving)
		tiny_broken(t, "pCPU %u is in its pool %u and not, or free as well", p->id, pool->id);
	if (!c->is_idle) {
		if (c->domain->pool != pool || c->processor != p || !c->is_running || c->runstate != RUNSTATE_running ||
		    c->credit.queued)
			tiny_broken(t, "pCPU %u: the vCPU it runs does not know", p->id);
		if (!p->resched && !wants_cpu(c))
			tiny_broken(t, "pCPU %u goes on with a vCPU that can't run", p->id);
		if (!p->resched && !(p->assist.micro ? in_set && is_away(c) : in_pool && mask_test(&c->hard, p->id)))
			tiny_broken(t, "d%uv%u runs on pCPU %u against its affinity or pool", c->domain->id, c->id,
				    p->id);
		if (p->timer_ns[TIMER_TICK] == TIME_NEVER && !is_away(c) && !p->assist.micro)
			tiny_broken(t, "no tick on busy pCPU %u", p->id);
		if (!p->resched && p->timer_ns[TIMER_SLICE] == TIME_NEVER)
			tiny_broken(t, "an endless slice on pCPU %u", p->id);
	}
	if ((p->timer_ns[TIMER_ACCT] != TIME_NEVER) != (pool->credit.master == (s32)p->id))
		tiny_broken(t, "pCPU %u: accounts and is not the master, or the reverse", p->id);
	check_turns(t, p);
	if (p->assist.micro) {
		if (p->timer_ns[TIMER_TICK] != TIME_NEVER || p->timer_ns[TIMER_MICRO] != TIME_NEVER)
			tiny_broken(t, "micro-sliced pCPU %u ticks, or is to control its pool", p->id);
		return; /* its policy's data are those of when it was in the pool */
	}
	for (u32 q = 0; q < CREDIT_CLASSES; q++) {
		link_t *head = &p->credit.queue[q];

		if (!!(p->credit.classes >> q & 1) == list_empty(head))
			tiny_broken(t, "pCPU %u: bit %u of classes is wrong", p->id, q);
		for (link_t *l = head->next; l != head; l = l->next, n++) {
			vcpu_t *v = link_of(l, vcpu_t, credit.queue);

			if (l->next->prev != l || n > TINY_VCPUS)
				tiny_broken(t, "pCPU %u: queue %u is torn", p->id, q);
			if (v->credit.queued != q + 1 || v->processor != p || !may_run(v))
				tiny_broken(t, "d%uv%u in queue %u of pCPU %u does not belong", v->domain->id, v->id, q,
					    p->id);
			if (pool->credit.params.mend & CREDIT_MEND_ORDER && !p->credit.stale && v->credit.pri != q)
				tiny_broken(t, "class %u in queue %u of pCPU %u, and not stale", v->credit.pri, q,
					    p->id);
		}
	}
	if (n != p->credit.nr_queued)
		tiny_broken(t, "pCPU %u: %u queued, nr_queued says %u", p->id, n, p->credit.nr_queued);
	if (n && !in_pool)
		tiny_broken(t, "vCPUs queue on pCPU %u, which leaves its pool", p->id);
	under = p->credit.classes & (1 << CREDIT_BOOST | 1 << CREDIT_UNDER);
	if (mask_test(&pool->credit.waiting, p->id) != !!n || mask_test(&pool->credit.waiting_under, p->id) != under)
		tiny_broken(t, "pCPU %u: waiting or waiting_under disagrees with its queue", p->id);
	if (mask_test(&pool->credit.idlers, p->id) && (!in_pool || !c->is_idle || (n && !p->resched)))
		tiny_broken(t, "pCPU %u is among the idlers and is not idle", p->id);
	if (in_pool && c->is_idle && !p->resched && !mask_test(&pool->credit.idlers, p->id))
		tiny_broken(t, "pCPU %u idles and is not among the idlers", p->id);
	if (mask_test(&pool->credit.idle_cores, p->id) !=
	    mask_subset(&t->h->core_mask[p->core], &pool->credit.idlers, t->h->mask_words))
		tiny_broken(t, "pCPU %u: idle_cores disagrees with idlers", p->id);
}

static inline void check_vcpu(struct tiny *t, vcpu_t *v, u32 running_on)
{
	cpupool_t *pool = v->domain->pool;
	bool curr = v->processor->curr == v, parked = v->pause_flags & VPF_parked;
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
	if (!!v->credit.queued != (may_run(v) && !curr))
		tiny_broken(t, "d%uv%u: %squeued, flags %x, pauses %u, %scurrent", v->domain->id, v->id,
			    v->credit.queued ? "" : "not ", v->pause_flags, v->pause_count, curr ? "" : "not ");
	if (v->credit.queued && (v->runstate != RUNSTATE_runnable || !mask_test(&v->hard, v->processor->id)))
		tiny_broken(t, "d%uv%u waits in state %u on pCPU %u", v->domain->id, v->id, v->runstate,
			    v->processor->id);
	check_turn_of(t, v);
	if (!v->credit.queued && !curr && !is_away(v) && v->runstate < RUNSTATE_blocked)
		tiny_broken(t, "d%uv%u can't run and is in state %u", v->domain->id, v->id, v->runstate);
	if (v->runstate == RUNSTATE_blocked && !(v->pause_flags & VPF_blocked))
		tiny_broken(t, "d%uv%u is blocked, and not by itself", v->domain->id, v->id);
	if (!!(v->credit.flags & CREDIT_PARKED) != parked ||
	    (parked && !v->domain->cap && pool->credit.params.mend & CREDIT_MEND_CAP))
		tiny_broken(t, "d%uv%u is parked and not, or without a cap", v->domain->id, v->id);
	if (!!(v->credit.flags & CREDIT_PINNED) != (mask_weight(&v->hard, t->h->mask_words) == 1))
		tiny_broken(t, "d%uv%u: PINNED is wrong", v->domain->id, v->id);
	if (mend_all(pool) && (v->credit.queued || (curr && wants_cpu(v) && !is_away(v)) || parked) &&
	    !v->credit.is_active)
		tiny_broken(t, "d%uv%u contends and does not earn", v->domain->id, v->id);
	if (parked && !v->credit.is_active)
		tiny_broken(t, "d%uv%u is parked for good: it earns nothing", v->domain->id, v->id);
}

static inline void check_counts(struct tiny *t)
{
	host_t *h = t->h;
	u32 vcpus = 0, domains = 0, cpus = 0, free_vcpus = 0;

	for (u32 i = 0; i < h->limits.pools; i++) {
		cpupool_t *pool = &h->pools[i];
		u32 nd = 0, soft = 0, active = 0, listed = 0;

		if (!pool->used)
			continue;
		cpus += mask_weight(&pool->cpus, h->mask_words);
		if (pool->assist.parent) {
			check_hidden_pool(t, pool);
			continue;
		}
		if (pool->nr_cpus != mask_weight(&pool->cpus, h->mask_words))
			tiny_broken(t, "pool %u: nr_cpus is wrong", i);
		if (pool->nr_cpus ? pool->credit.master < 0 || !mask_test(&pool->cpus, (u32)pool->credit.master) :
				    pool->credit.master >= 0)
			tiny_broken(t, "pool %u: master is %d", i, pool->credit.master);
		for (link_t *l = pool->domains.next; l != &pool->domains; l = l->next) {
			domain_t *d = link_of(l, domain_t, pool_link);
			u32 nv = 0, na = 0, la = 0;

			nd++;
			if (d->pool != pool || !d->used)
				tiny_broken(t, "domain %u is listed by pool %u", d->id, i);
			tiny_each_vcpu(v, d)
			{
				nv++;
				soft += v->soft_effective;
				na += v->credit.is_active;
			}
			for (link_t *a = d->credit.active.next; a != &d->credit.active; a = a->next) {
				vcpu_t *v = link_of(a, vcpu_t, credit.active);

				if (v->domain != d || !v->credit.is_active || ++la > TINY_VCPUS)
					tiny_broken(t, "domain %u: active list is wrong", d->id);
			}
			if (nv != d->nr_vcpus || na != d->credit.nr_active || na != la)
				tiny_broken(t,
					    "domain %u: %u vCPUs, %u active, %u listed, counts "
					    "%u and %u",
					    d->id, nv, na, la, d->nr_vcpus, d->credit.nr_active);
			active += na > 0;
			vcpus += nv;
		}
		if (pool->credit.nr_idlers != mask_weight(&pool->credit.idlers, h->mask_words))
			tiny_broken(t, "pool %u: nr_idlers is wrong", i);
		for (link_t *l = pool->credit.active.next; l != &pool->credit.active; l = l->next)
			if (++listed > TINY_DOMAINS)
				break;
		if (nd != pool->nr_domains || soft != pool->nr_soft || active != listed)
			tiny_broken(t, "pool %u: %u domains, %u soft, %u active of %u listed", i, nd, soft, active,
				    listed);
		domains += nd;
	}
	for (link_t *l = h->free_vcpus.next; l != &h->free_vcpus; l = l->next)
		free_vcpus++;
	cpus += mask_weight(&h->free_cpus, h->mask_words) + (h->moving_cpu >= 0);
	if (vcpus != h->nr_vcpus || domains != h->nr_domains || cpus != t->ncpu ||
	    free_vcpus + vcpus != h->limits.vcpus)
		tiny_broken(t, "host: %u vCPUs and %u free, %u domains, %u pCPUs: something is lost", vcpus, free_vcpus,
			    domains, cpus);
}

/* Nobody who may run waits while a pCPU that may run him idles: once all kicks are carried out. */
static inline void check_no_waste(struct tiny *t)
{
	for (u32 i = 0; i < t->ncpu; i++)
		if (t->kick_at[i] != TIME_NEVER || t->saved_at[i] != TIME_NEVER)
			return;
	for (u32 i = 0; i < t->h->limits.vcpus; i++) {
		vcpu_t *v = &t->h->vcpus[i];
		cpupool_t *pool;

		if (!v->credit.queued)
			continue;
		pool = v->domain->pool;
		if (!mend_all(pool) || pool->credit.params.migr_delay_ns)
			continue;
		for_each_cpu (c, &pool->cpus, t->h->mask_words)
			if (mask_test(&v->hard, (u32)c) && t->h->pcpus[c].curr->is_idle)
				tiny_broken(t, "d%uv%u waits on pCPU %u while pCPU %d idles", v->domain->id, v->id,
					    v->processor->id, c);
	}
}

/* Each vCPU's host_data must hold the instant of its creation. */
static inline void tiny_check(struct tiny *t)
{
	u8 running[TINY_VCPUS] = { 0 };

	for (u32 i = 0; i < t->ncpu; i++) {
		pcpu_t *p = &t->h->pcpus[i];

		check_pcpu(t, p);
		if (!p->curr->is_idle)
			running[p->curr->index]++;
		if (p->prev && !p->prev->is_idle)
			running[p->prev->index]++;
	}
	for (u32 i = 0; i < t->h->limits.domains; i++)
		if (t->h->domains[i].used)
			tiny_each_vcpu(v, &t->h->domains[i]) check_vcpu(t, v, running[v->index]);
	check_counts(t);
	check_no_waste(t);
}

#endif
