/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where credit2's vCPUs go: idle pCPUs, tickling (facts 2.8), picking a run queue and pCPU (2.10), pulling.
 *
 * A pCPU that was tickled is on its way to schedule(), and is given to nobody else until it has.
 */

/* ---- idle pCPUs ---- */

/* p's `idle` or `tickled` bit changed: bring the masks made of them up to date. */
CORE_FN int credit2_ready_update(cpupool_t *pool ARG, pcpu_t *p ARG)
{
	host_t *h = pool->host;
	credit2_runq_t *rq = p->credit2.runq;
	cpumask_t *core = AT(h->core_mask, p->core);
	bool ready = mask_test(&rq->idle, p->id) && !mask_test(&rq->tickled, p->id), whole = true;

	if (ready) {
		mask_set(&rq->ready, p->id);
		mask_set(&pool->credit2.ready, p->id);
	} else {
		mask_clear(&rq->ready, p->id);
		mask_clear(&pool->credit2.ready, p->id);
	}
	if (h->threads_per_core == 1) {
		if (ready)
			mask_set(&rq->smt_idle, p->id);
		else
			mask_clear(&rq->smt_idle, p->id);
		return 0;
	}
	for (u32 i = ZERO; i < h->mask_words && i < MASK_WORDS && can_loop; i++)
		whole &= !(WORD(core, i) & WORD(&rq->cpus, i) & ~WORD(&rq->ready, i));
	for (u32 i = ZERO; i < h->mask_words && i < MASK_WORDS && can_loop; i++)
		if (whole)
			WORD(&rq->smt_idle, i) |= WORD(core, i) & WORD(&rq->cpus, i);
		else
			WORD(&rq->smt_idle, i) &= ~WORD(core, i);
	return 0;
}

static inline void credit2_set_idle(cpupool_t *pool, pcpu_t *p, bool idle)
{
	credit2_runq_t *rq = p->credit2.runq;

	if (mask_test(&rq->idle, p->id) == idle)
		return;
	rq->idled |= idle;
	if (idle)
		mask_set(&rq->idle, p->id);
	else
		mask_clear(&rq->idle, p->id);
	credit2_ready_update(pool, p);
}

static inline void credit2_set_tickled(cpupool_t *pool, pcpu_t *p, bool tickled)
{
	credit2_runq_t *rq = p->credit2.runq;

	if (mask_test(&rq->tickled, p->id) == tickled)
		return;
	if (tickled)
		mask_set(&rq->tickled, p->id);
	else
		mask_clear(&rq->tickled, p->id);
	credit2_ready_update(pool, p);
}

/* Does soft affinity narrow down where v may go in this pool? */
static inline bool credit2_soft(cpupool_t *pool, vcpu_t *v)
{
	return unlikely(v->soft_effective) && !mask_subset(&pool->cpus, &v->soft, pool->host->mask_words);
}

/* ---- tickling ---- */

/* p schedules soon; for v, or (NULL) for reasons of its own. */
static void credit2_tickle_cpu(sched_call_t *cx, cpupool_t *pool, pcpu_t *p, vcpu_t *v)
{
	if (tracing(cx))
		record(cx, TRC_CREDIT2_TICKLE, p->id, 0);
	if (p->credit2.runq && mask_test(&pool->cpus, p->id))
		credit2_set_tickled(pool, p, true);
	if (v) {
		v->credit2.tickled_cpu = (s32)p->id;
		p->credit2.tickled_for = (s32)v->index;
	}
	kick(cx, p);
}

/*
 * A pCPU was tickled for v, and has not scheduled yet: it is left to that one. (In Xen also when it was tickled for
 * somebody else since, so that v may be left waiting beside an idle pCPU.)
 */
static inline bool credit2_reserved(cpupool_t *pool, vcpu_t *v)
{
	s32 cpu = v->credit2.tickled_cpu;

	if (cpu < 0 || !mask_test(&v->credit2.runq->tickled, (u32)cpu))
		return false;
	return !credit2_mended(pool, CREDIT2_MEND_IDLE) ||
	       pcpu_of(pool->host, (u32)cpu)->credit2.tickled_for == (s32)v->index;
}

/* cpu if it is in both, else the next one after it that is; -1 none. */
static inline s32 credit2_here_or_next(cpumask_t *a, cpumask_t *b, u32 cpu, u32 words)
{
	if (mask_test(a, cpu) && mask_test(b, cpu))
		return (s32)cpu;
	return mask_cycle_and(a, b, (s32)cpu, words);
}

/* An idle pCPU of v's run queue among @allowed: of wholly idle cores first, or last when it is to save power. */
NO_FRAME s32 credit2_idle_among(sched_call_t *cx, cpupool_t *pool, vcpu_t *v, cpumask_t *allowed)
{
	host_t *h = cx->host;
	credit2_runq_t *rq = v->credit2.runq;
	cpumask_t *first = &rq->smt_idle;
	u32 home = v->processor->id, words = h->mask_words;
	s32 cpu;

	if (unlikely(pool->credit2.params.smt_power_savings)) {
		cpumask_t *from = credit2_mended(pool, CREDIT2_MEND_SAVINGS) ? &rq->ready : &rq->idle;

		first = AT(h->scratch, h->limits.pcpus + cx->cpu);
		for (u32 i = ZERO; i < words && i < MASK_WORDS && can_loop; i++)
			WORD(first, i) = WORD(from, i) & ~WORD(&rq->smt_idle, i);
	}
	cpu = credit2_here_or_next(first, allowed, home, words);
	if (cpu < 0)
		cpu = credit2_here_or_next(&rq->ready, allowed, home, words);
	return cpu;
}

/*
 * An idle pCPU for v, which is queued: of its run queue, preferred ones first; then (mends 2.12), if any idles, of
 * another queue, to which v moves. -1: none.
 */
NO_FRAME s32 credit2_find_idle(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	host_t *h = cx->host;
	u32 words = h->mask_words;
	cpumask_t *soft = NULL;
	s32 cpu = -1;

	if (mask_empty(&pool->credit2.ready, words) && !pool->credit2.params.smt_power_savings)
		return -1;
	if (credit2_soft(pool, v)) {
		soft = AT(h->scratch, cx->cpu);
		mask_and(soft, &v->soft, &v->hard);
		cpu = credit2_idle_among(cx, pool, v, soft);
	}
	if (cpu < 0)
		cpu = credit2_idle_among(cx, pool, v, &v->hard);
	if (cpu >= 0 || !credit2_mended(pool, CREDIT2_MEND_PULL))
		return cpu;
	if (soft)
		cpu = mask_cycle_and(soft, &pool->credit2.ready, (s32)v->processor->id, words);
	if (cpu < 0)
		cpu = mask_cycle_and(&v->hard, &pool->credit2.ready, (s32)v->processor->id, words);
	if (cpu >= 0)
		credit2_move_queued(cx, v, pcpu_of(h, (u32)cpu));
	return cpu;
}

/* Until when the ratelimit keeps who runs on p. */
static inline s64 credit2_kept_until(cpupool_t *pool, pcpu_t *p)
{
	s64 limit = pool->credit2.params.ratelimit_ns;

	return limit <= CREDIT2_RATELIMIT_TOLERANCE ? p->curr->state_entry_ns - 1 :
						      p->curr->state_entry_ns + limit - CREDIT2_RATELIMIT_TOLERANCE;
}

/*
 * How much better it is that v runs on p than who runs there; not above 0: no. When only the ratelimit speaks against
 * it, p may be the pCPU that is to look again (mends 2.8).
 */
CORE_FN s64 credit2_score(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG, pcpu_t *p ARG)
{
	credit2_runq_t *rq = v->credit2.runq;
	vcpu_t *cur = p->curr;
	bool kept = cx->now <= credit2_kept_until(pool, p);
	s64 score, over = cur->state_entry_ns + pool->credit2.params.ratelimit_ns;

	if (!mask_test(&v->hard, p->id) || !mask_test(&rq->cpus, p->id) || mask_test(&rq->idle, p->id) ||
	    mask_test(&rq->tickled, p->id) || cur->is_idle || cur->credit2.runq != rq)
		return 0;
	if (kept && (!credit2_mended(pool, CREDIT2_MEND_WAKE) || over >= rq->look_ns))
		return 0; /* nor would it be the first to look again */
	credit2_burn(cx, cur);
	score = credit2_credit(v) - credit2_credit(cur);
	if (p != v->processor)
		score -= pool->credit2.params.migrate_resist_ns;
	if (score <= 0)
		return 0;
	if (kept) {
		rq->look_ns = over;
		rq->look_cpu = (s32)p->id;
		return 0;
	}
	if (mask_test(&v->soft, p->id))
		score += CREDIT2_GRANT;
	if (!mask_test(&cur->soft, p->id))
		score += CREDIT2_GRANT;
	return score;
}

/*
 * No pCPU idles for v: tickle the one, its own first, where it is better than who runs there. Where only the
 * ratelimit speaks against that, the pCPU looks again when that is over. (Xen lets it run its slice to the end, as if
 * v had not come: 2.8.)
 */
CORE_FN int credit2_tickle_busy(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	host_t *h = cx->host;
	credit2_runq_t *rq = v->credit2.runq;
	pcpu_t *home = v->processor, *p;
	s64 best_score, score;
	s32 best = (s32)home->id - ZERO;

	rq->look_ns = TIME_NEVER;
	rq->look_cpu = -1;
	best_score = credit2_score(cx, pool, v, home);
	if (best_score <= 0 || !mask_test(&v->soft, home->id))
		for_each_cpu (c, &rq->cpus, h->mask_words) {
			p = pcpu_of(h, (u32)c);
			if (p == home)
				continue;
			score = credit2_score(cx, pool, v, p);
			if (score > best_score) {
				best_score = score;
				best = c;
			}
		}
	if (best_score > 0) {
		credit2_tickle_cpu(cx, pool, pcpu_of(h, (u32)best), v);
	} else if (rq->look_cpu >= 0) {
		p = pcpu_of(h, (u32)rq->look_cpu);
		if (p->timer_ns[TIMER_SLICE] > rq->look_ns)
			timer_set(cx, p, TIMER_SLICE, rq->look_ns);
	}
	return 0;
}

/* v, just queued, goes to an idle pCPU if there is one for it. */
CORE_FN bool credit2_tickle_idle(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	pcpu_t *home = v->processor;
	s32 cpu;

	if (v->credit2.flags & CREDIT2_PINNED && mask_test(&v->credit2.runq->ready, home->id))
		cpu = (s32)home->id;
	else
		cpu = credit2_find_idle(cx, pool, v);
	if (cpu < 0)
		return false;
	credit2_tickle_cpu(cx, pool, pcpu_of(cx->host, (u32)cpu), v);
	return true;
}

/* v, just queued, may want to run at once, on an idle pCPU or in the place of a worse one (facts 2.8). */
NO_FRAME void credit2_tickle(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	if (!credit2_tickle_idle(cx, pool, v))
		credit2_tickle_busy(cx, pool, v);
}

/* ---- picking a pCPU (facts 2.10) ---- */

/* Of rq's pCPUs in @allowed, the one after that which @biased gave out last; -1 none. */
static inline s32 credit2_next_of(sched_call_t *cx, credit2_runq_t *rq, cpumask_t *allowed, credit2_runq_t *biased)
{
	s32 cpu = mask_cycle_and(allowed, &rq->cpus, biased->pick_bias, cx->host->mask_words);

	if (cpu >= 0)
		biased->pick_bias = cpu;
	return cpu;
}

/* No run queue to choose from: as near as can be to where v is. @soft may be NULL. */
NO_FRAME s32 credit2_fallback(sched_call_t *cx, cpupool_t *pool, vcpu_t *v, cpumask_t *soft)
{
	u32 words = cx->host->mask_words, home = v->processor->id;
	credit2_runq_t *rq = v->processor->credit2.runq;
	s32 cpu = -1;

	if (soft && rq)
		cpu = credit2_here_or_next(soft, &rq->cpus, home, words);
	if (cpu < 0 && rq)
		cpu = credit2_here_or_next(&v->hard, &rq->cpus, home, words);
	if (cpu < 0)
		cpu = mask_cycle_and(&v->hard, &pool->cpus, -1, words);
	return cpu;
}

/* v's load is not counted against its own queue. */
static inline s64 credit2_load_without(vcpu_t *v, credit2_runq_t *rq)
{
	s64 load = rq->b_avgload;

	if (rq == v->credit2.runq)
		load -= v->credit2.avgload;
	return load < 0 ? 0 : load;
}

/*
 * The least loaded run queue with pCPUs in @allowed, the first of equals: index, or -1. In Xen a new vCPU's lock is
 * that of the queue of the pCPU it was created on, which is so left out (mended).
 */
CORE_FN s32 credit2_least_loaded(cpupool_t *pool ARG, vcpu_t *v ARG, cpumask_t *allowed ARG)
{
	u32 words = pool->host->mask_words;
	bool leave_out = !v->credit2.runq && !credit2_mended(pool, CREDIT2_MEND_PLACE);
	s64 least = TIME_NEVER - ZERO;
	s32 best = (s32)ZERO - 1;

	for (link_t *l = pool->credit2.runqs.next; l != &pool->credit2.runqs && can_loop; l = l->next) {
		credit2_runq_t *rq = link_of(l, credit2_runq_t, pool_link);
		s64 load = credit2_load_without(v, rq);

		if (load >= least || !mask_intersects(allowed, &rq->cpus, words))
			continue;
		if (leave_out && rq == v->processor->credit2.runq)
			continue;
		least = load;
		best = (s32)rq->index;
	}
	return best;
}

/* Where v goes by the loads of the run queues: a pCPU's id. @soft: what it prefers, or NULL. */
CORE_FN u32 credit2_pick_in(sched_call_t *cx ARG, vcpu_t *v ARG, cpumask_t *soft ARG)
{
	cpupool_t *pool = v->domain->pool;
	host_t *h = cx->host;
	cpumask_t *allowed = &v->hard;
	s32 cpu = -1, best = -1, hard;

	hard = credit2_least_loaded(pool, v, allowed);
	if (soft)
		best = credit2_least_loaded(pool, v, soft);
	if (best >= 0)
		allowed = soft;
	else
		best = hard;
	if (best >= 0 && !v->credit2.runq && AT(h->credit2_runqs, best) == v->processor->credit2.runq &&
	    mask_test(allowed, v->processor->id) && mask_test(&pool->cpus, v->processor->id))
		return v->processor->id; /* a new one stays where it was created if that is as good */
	if (best >= 0)
		cpu = credit2_next_of(cx, AT(h->credit2_runqs, best), allowed,
				      AT(h->credit2_runqs,
					 hard >= 0 && !credit2_mended(pool, CREDIT2_MEND_BIAS) ? hard : best));
	if (cpu < 0)
		cpu = credit2_fallback(cx, pool, v, soft);
	return cpu < 0 ? v->processor->id : (u32)cpu;
}

/* Where balancing wants v, if it still can; -1 otherwise. */
NO_FRAME s32 credit2_wanted(sched_call_t *cx, vcpu_t *v)
{
	credit2_runq_t *to;

	if (!(v->credit2.flags & CREDIT2_MIGRATE))
		return -1;
	v->credit2.flags &= (u8)~CREDIT2_MIGRATE;
	to = AT(cx->host->credit2_runqs, (u32)v->credit2.migrate_to % cx->host->limits.pcpus);
	if (!to->used || to->pool != v->domain->pool)
		return -1;
	return credit2_next_of(cx, to, &v->hard, to);
}

CORE_FN u32 credit2_pick_cpu(sched_call_t *cx ARG, vcpu_t *v ARG, bool commit)
{
	cpupool_t *pool = v->domain->pool;
	host_t *h = cx->host;
	cpumask_t *soft = NULL;
	s32 cpu = credit2_wanted(cx, v);

	if (cpu < 0) {
		if (credit2_soft(pool, v)) {
			soft = AT(h->scratch, h->limits.pcpus + cx->cpu);
			mask_and(soft, &v->soft, &v->hard);
		}
		cpu = (s32)credit2_pick_in(cx, v, soft);
	}
	if (tracing(cx) && pcpu_of(h, (u32)cpu)->credit2.runq)
		record4(cx, TRC_CREDIT2_PICKED_CPU, pair(v->domain->id, v->id),
			pair((u32)cpu, pcpu_of(h, (u32)cpu)->credit2.runq->id));
	/* The framework makes it v's pCPU: from now on v belongs to its run queue. */
	if (commit && pcpu_of(h, (u32)cpu)->credit2.runq)
		credit2_reassign(cx, v, pcpu_of(h, (u32)cpu)->credit2.runq);
	return (u32)cpu;
}

/* ---- pulling ---- */

#define CREDIT2_PULL_LOOK 64 /* vCPUs of another queue looked at */

/*
 * p has nothing to run: a vCPU that waits in another run queue and may run here, moved to p's queue: index, or -1. In
 * Xen it would have to wait there until its queue's credit is reset (mends 2.12).
 */
CORE_FN s32 credit2_pull(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	host_t *h = cx->host;
	credit2_runq_t *own = p->credit2.runq;
	s32 at = (s32)own->index, first = -1;

	for (u32 n = ZERO; n < SCHED_MAX_PCPUS && can_loop; n++) {
		credit2_runq_t *rq;
		link_t *l;

		at = mask_cycle_and(&pool->credit2.waiting, &pool->credit2.waiting, at, h->mask_words);
		if (at < 0 || at == first)
			return -1;
		if (first < 0)
			first = at;
		rq = AT(h->credit2_runqs, at);
		if (rq == own)
			continue;
		l = rq->queue.order.next;
		for (u32 i = ZERO; i < CREDIT2_PULL_LOOK && l != &rq->queue.order && can_loop; i++) {
			vcpu_t *v = credit2_queued_at(l);

			l = l->next;
			if (!mask_test(&v->hard, p->id) ||
			    credit2_reserved(pool, v) || !credit2_has_budget(cx, v))
				continue;
			credit2_move_queued(cx, v, p);
			return (s32)v->index;
		}
	}
	return -1;
}

/* ---- run queues and pCPUs (facts 2.3) ---- */

static inline bool credit2_neighbours(struct credit2_params ARENA *params, pcpu_t *a, pcpu_t *b)
{
	switch (params->runqueue) {
	case CREDIT2_PER_CPU:
		return false;
	case CREDIT2_PER_CORE:
		return a->core == b->core;
	case CREDIT2_ALL:
		return true;
	default: /* a node has one socket */
		return a->node == b->node;
	}
}

/* Would the siblings of all in rq, and p's, still be @most at most? */
CORE_FN bool credit2_cores_fit(host_t *h ARG, credit2_runq_t *rq ARG, pcpu_t *p ARG, u32 most)
{
	u32 n = mask_weight(AT(h->core_mask, p->core), h->mask_words);
	s32 core = -1;

	for_each_cpu (c, &rq->cpus, h->mask_words) {
		pcpu_t *other = pcpu_of(h, (u32)c);

		if (other->core == p->core || (s32)other->core == core)
			continue;
		core = (s32)other->core; /* siblings are neighbours by number */
		n += mask_weight(AT(h->core_mask, other->core), h->mask_words);
	}
	return n <= most;
}

/*
 * The run queue that p joins: with its siblings; else the smallest that is near and has room. Index, or -1: a new one.
 */
CORE_FN s32 credit2_arrange(cpupool_t *pool ARG, pcpu_t *p ARG)
{
	host_t *h = pool->host;
	struct credit2_params ARENA *params = &pool->credit2.params;
	u32 online = h->limits.pcpus, queues = (online - 1) / params->max_cpus_runqueue + 1, most = online / queues,
	    least = ~0U;
	s32 best = -1;

	for (link_t *l = pool->credit2.runqs.next; l != &pool->credit2.runqs && can_loop; l = l->next) {
		credit2_runq_t *rq = link_of(l, credit2_runq_t, pool_link);

		if (rq->pick_bias < 0 || !credit2_neighbours(params, pcpu_of(h, (u32)rq->pick_bias), p))
			continue;
		if (mask_intersects(AT(h->core_mask, p->core), &rq->cpus, h->mask_words))
			return (s32)rq->index;
		if (rq->nr_cpus >= most || rq->nr_cpus >= least)
			continue;
		if (params->runqueue != CREDIT2_ALL && !credit2_cores_fit(h, rq, p, most))
			continue;
		least = rq->nr_cpus;
		best = (s32)rq->index;
	}
	return best;
}

/*
 * A new run queue with the lowest id that the pool does not use. There are as many queues as pCPUs: one is always free.
 */
CORE_FN s32 credit2_runq_begin(cpupool_t *pool ARG, s64 now)
{
	host_t *h = pool->host;
	link_t *at = pool->credit2.runqs.next;
	credit2_runq_t *rq;
	u32 i = ZERO, id = 0;

	for (; i + 1 < h->limits.pcpus && AT(h->credit2_runqs, i)->used && can_loop; i++)
		;
	for (; at != &pool->credit2.runqs && link_of(at, credit2_runq_t, pool_link)->id == id && can_loop;
	     at = at->next)
		id++;
	rq = AT(h->credit2_runqs, i);
	rq->id = id;
	rq->used = 1;
	rq->pool = pool;
	tree_init(&rq->queue);
	list_init(&rq->vcpus);
	rq->nr_queued = 0;
	rq->nr_cpus = 0;
	rq->nr_vcpus = 0;
	rq->granted_ns = 0;
	rq->best_ns = CREDIT2_GRANT;
	rq->given_ns = pool->credit2.given_ns;
	rq->ahead_ns = 0;
	rq->idled = 0;
	rq->reset_ns = now;
	rq->speed = 0;
	rq->max_weight = 1;
	rq->nr_max = 0;
	rq->load = 0;
	rq->load_tick = now >> CREDIT2_TICK_SHIFT;
	rq->avgload = 0;
	rq->b_avgload = 0;
	rq->pick_bias = -1;
	mask_zero(&rq->cpus);
	mask_zero(&rq->idle);
	mask_zero(&rq->tickled);
	mask_zero(&rq->ready);
	mask_zero(&rq->smt_idle);
	list_add_before(at, &rq->pool_link);
	return (s32)i;
}
