/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where credit's vCPUs go: idle pCPUs, tickling (facts 2.8), picking a pCPU (2.13), stealing (2.12).
 */

/* ---- idle pCPUs ---- */

CORE_FN int credit_set_idle(cpupool_t *pool ARG, pcpu_t *p ARG, bool idle)
{
	host_t *h = pool->host;
	cpumask_t *core = AT(h->core_mask, p->core);

	if (mask_test(&pool->credit.idlers, p->id) == idle)
		return 0;
	if (idle) {
		mask_set(&pool->credit.idlers, p->id);
		pool->credit.nr_idlers++;
	} else {
		mask_clear(&pool->credit.idlers, p->id);
		pool->credit.nr_idlers--;
	}
	if (h->threads_per_core == 1) {
		if (idle)
			mask_set(&pool->credit.idle_cores, p->id);
		else
			mask_clear(&pool->credit.idle_cores, p->id);
		return 0;
	}
	idle = mask_subset(core, &pool->credit.idlers, h->mask_words);
	for (u32 i = ZERO; i < h->mask_words && i < MASK_WORDS && can_loop; i++)
		if (idle)
			WORD(&pool->credit.idle_cores, i) |= WORD(core, i);
		else
			WORD(&pool->credit.idle_cores, i) &= ~WORD(core, i);
	return 0;
}

/* Does soft affinity narrow down where v may go in this pool? */
static inline bool credit_soft(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	return unlikely(v->soft_effective) && !mask_subset(&pool->cpus, &v->soft, cx->host->mask_words);
}

/* An idle pCPU of @allowed. Whole idle cores before idle threads, v's node before others; -1 none. */
NO_FRAME s32 credit_idle_among(sched_call_t *cx, cpupool_t *pool, vcpu_t *v, cpumask_t *allowed)
{
	host_t *h = cx->host;
	u32 words = h->mask_words;
	s32 after = pcpu_of(h, cx->cpu)->tickle_cursor, cpu;
	cpumask_t *node = AT(h->node_mask, v->processor->node);

	if (!mended(pool, CREDIT_MEND_WAKE) || (h->threads_per_core == 1 && h->limits.nodes == 1))
		return mask_cycle_and(allowed, &pool->credit.idlers, after, words);
	cpu = mask_cycle_and3(allowed, &pool->credit.idle_cores, node, after, words);
	if (cpu < 0)
		cpu = mask_cycle_and3(allowed, &pool->credit.idlers, node, after, words);
	if (cpu < 0)
		cpu = mask_cycle_and(allowed, &pool->credit.idle_cores, after, words);
	if (cpu < 0)
		cpu = mask_cycle_and(allowed, &pool->credit.idlers, after, words);
	return cpu;
}

/* An idle pCPU where v may run, preferred ones first; -1 none. Moves the round-robin cursor. */
CORE_FN s32 credit_find_idle(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	cpumask_t *soft;
	s32 cpu = -1;

	if (!pool->credit.nr_idlers)
		return -1;
	if (credit_soft(cx, pool, v)) {
		soft = AT(cx->host->scratch, cx->cpu);
		mask_and(soft, &v->soft, &v->hard);
		cpu = credit_idle_among(cx, pool, v, soft);
	}
	if (cpu < 0)
		cpu = credit_idle_among(cx, pool, v, &v->hard);
	if (cpu >= 0)
		pcpu_of(cx->host, cx->cpu)->tickle_cursor = cpu;
	return cpu;
}

/* ---- tickling ---- */

/* The idle bit goes at once, so that the next wake-up chooses another. */
NO_FRAME void credit_tickle_cpu(sched_call_t *cx, cpupool_t *pool, pcpu_t *p)
{
	if (tracing(cx))
		record(cx, TRC_CREDIT_TICKLE, p->id, 0);
	credit_set_idle(pool, p, false);
	kick(cx, p);
}

/* With tickle_one_idle off, every idle pCPU that v may use comes to look. */
NO_FRAME int credit_tickle_all(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	host_t *h = cx->host;

	for (u32 i = ZERO; i < h->mask_words && i < MASK_WORDS && can_loop; i++) {
		u64 w = WORD(&v->hard, i) & WORD(&pool->credit.idlers, i);

		for (; w && can_loop; w &= w - 1)
			credit_tickle_cpu(cx, pool, pcpu_of(h, i * 64 + (u32)__builtin_ctzll(w)));
	}
	return 0;
}

NO_FRAME void credit_debit(sched_call_t *cx, cpupool_t *pool, vcpu_t *v);

/* Is who runs still BOOSTed by now? */
NO_FRAME void credit_boost_check(sched_call_t *cx, cpupool_t *pool, vcpu_t *cur)
{
	if (!cur->is_idle && cur->credit.pri == CREDIT_BOOST && mended(pool, CREDIT_MEND_BOOST))
		credit_debit(cx, pool, cur);
}

/* credit_tickle() while some pCPU idles. */
CORE_FN int credit_tickle_idle(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;
	vcpu_t *cur = p->curr;
	s32 idle;

	if (cur->is_idle || (v->credit.flags & CREDIT_PINNED && mask_test(&pool->credit.idlers, p->id))) {
		credit_tickle_cpu(cx, pool, p);
		return 0;
	}
	idle = credit_find_idle(cx, pool, v);
	if (idle >= 0) {
		if (!pool->credit.params.tickle_one_idle)
			credit_tickle_all(cx, pool, v);
		else
			credit_tickle_cpu(cx, pool, pcpu_of(cx->host, (u32)idle));
		return 0;
	}
	if (v->credit.pri >= cur->credit.pri)
		return 0;
	/* No idle pCPU for v: preempt. If cur may use one that v may not, send it there (mends 6.1.1). */
	if (mended(pool, CREDIT_MEND_PUSH) && !(cur->pause_flags & VPF_migrating) &&
	    mask_intersects(&cur->hard, &pool->credit.idlers, cx->host->mask_words))
		cur->pause_flags |= VPF_migrating;
	credit_tickle_cpu(cx, pool, p);
	return 0;
}

/*
 * v, just queued on its pCPU, may want to run at once, there or on an idle pCPU (facts 2.8). Most wake-ups of a busy
 * host find none idle.
 */
NO_FRAME void credit_tickle(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	pcpu_t *p = v->processor;
	vcpu_t *cur = p->curr;

	credit_boost_check(cx, pool, cur);
	if (pool->credit.nr_idlers) {
		credit_tickle_idle(cx, pool, v);
	} else if (cur->is_idle || v->credit.pri < cur->credit.pri) {
		if (tracing(cx))
			record(cx, TRC_CREDIT_TICKLE, p->id, 0);
		kick(cx, p);
	}
}

/* Until when the ratelimit keeps who runs on p. */
static inline s64 credit_kept_until(cpupool_t *pool, pcpu_t *p)
{
	return p->curr->state_entry_ns + pool->credit.params.ratelimit_ns;
}

/* The ratelimit would keep v waiting behind a worse one on its own pCPU. */
static inline bool credit_kept_waiting(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	pcpu_t *own = v->processor;

	return v->credit.pri < own->curr->credit.pri && !own->curr->is_idle &&
	       credit_kept_until(pool, own) >= cx->now + CREDIT_MIN_TIMER_NS;
}

/*
 * No pCPU idles for v. If the ratelimit would keep it waiting on its own, one of the next few whose vCPU is worse
 * than v and has had its ratelimit serves it at once; else its own.
 */
CORE_FN s32 credit_preemptible(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	host_t *h = cx->host;
	pcpu_t *own = v->processor;
	cpumask_t *allowed = &v->hard;
	s32 cpu = (s32)own->id;

	if (!credit_kept_waiting(cx, pool, v))
		return (s32)own->id;
	if (credit_soft(cx, pool, v)) {
		allowed = AT(h->scratch, cx->cpu);
		mask_and(allowed, &v->soft, &v->hard);
	}
	for (u32 n = ZERO; n < CREDIT_PREEMPT_PROBES && can_loop; n++) {
		pcpu_t *p;

		cpu = mask_cycle_and3(allowed, &pool->cpus, AT(h->node_mask, own->node), cpu, h->mask_words);
		if (cpu < 0 || (u32)cpu == own->id)
			break;
		p = pcpu_of(h, (u32)cpu);
		if (!p->resched && !p->curr->is_idle && v->credit.pri < p->curr->credit.pri &&
		    credit_kept_until(pool, p) <= cx->now)
			return cpu;
	}
	return (s32)own->id;
}

/*
 * Hand a vCPU that is about to be queued to the pCPU that can serve it at once, rather than queue it where it was and
 * hope that an idle one steals it (mends 6.1.8, 6.1.9 and 6.1.17). Its own pCPU is best when the whole core is idle.
 */
CORE_FN int credit_place(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;
	s32 idle;
	bool here;

	if (v->is_running || !mended(pool, CREDIT_MEND_WAKE))
		return 0;
	here = mask_test(&v->hard, p->id) && mask_test(&pool->credit.idlers, p->id) &&
	       (!credit_soft(cx, pool, v) || mask_test(&v->soft, p->id));
	if (here && mask_test(&pool->credit.idle_cores, p->id))
		return 0;
	if (pool->credit.params.migr_delay_ns && cx->now - v->credit.last_run_ns < pool->credit.params.migr_delay_ns)
		return 0;
	idle = credit_find_idle(cx, pool, v);
	if (idle < 0)
		v->processor = pcpu_of(cx->host, (u32)credit_preemptible(cx, pool, v));
	else if (!here || mask_test(&pool->credit.idle_cores, (u32)idle))
		v->processor = pcpu_of(cx->host, (u32)idle);
	/* else: a thread of a busy core is no better than this one */
	return 0;
}

NO_FRAME void credit_enqueue_and_tickle(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	if (pool->credit.nr_idlers || unlikely(credit_kept_waiting(cx, pool, v)))
		credit_place(cx, pool, v); /* else: nobody serves it sooner than its own pCPU */
	credit_queue_add(pool, v);
	credit_tickle(cx, pool, v);
}

/* ---- picking a pCPU (facts 2.13) ---- */

/* Idle, or it would be if v were not there. */
static bool credit_idle_without(cpupool_t *pool, pcpu_t *p, vcpu_t *v)
{
	return mask_test(&pool->credit.idlers, p->id) || (v->processor == p && p->curr == v && !p->credit.classes);
}

/* How many idle pCPUs a core or node has, with @extra, if that is one of its pCPUs. */
CORE_FN u32 credit_idle_in(cpupool_t *pool ARG, cpumask_t *group ARG, s32 extra)
{
	return mask_weight_and(group, &pool->credit.idlers, pool->host->mask_words) +
	       (extra >= 0 && mask_test(group, (u32)extra));
}

/*
 * Of the idle pCPUs in @cands and @cpu, the one whose core (same node) or node (other nodes: by a factor of 2) idles
 * most.
 */
CORE_FN u32 credit_spread(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG, cpumask_t *cands ARG, u32 cpu)
{
	host_t *h = cx->host;
	u32 words = h->mask_words, best = cpu, switched = 0;
	bool here = credit_idle_without(pool, pcpu_of(h, cpu), v) && !mask_test(&pool->credit.idlers, cpu);
	s32 extra = here ? (s32)cpu : -1;

	mask_clear(cands, cpu);
	for (u32 n = ZERO; n < SCHED_MAX_PCPUS && can_loop; n++) {
		s32 nxt = mask_cycle(cands, (s32)best, words);
		pcpu_t *pb, *pn;
		cpumask_t *group, *own;
		u32 factor, idle_best, idle_nxt;

		if (nxt < 0)
			break;
		pb = pcpu_of(h, best);
		pn = pcpu_of(h, (u32)nxt);
		factor = pb->node == pn->node ? 1 : 2;
		group = factor == 1 ? AT(h->core_mask, pn->core) : AT(h->node_mask, pn->node);
		own = factor == 1 ? AT(h->core_mask, pb->core) : AT(h->node_mask, pb->node);
		idle_best = credit_idle_in(pool, own, extra);
		idle_nxt = credit_idle_in(pool, group, extra);
		if (idle_best * factor < idle_nxt) {
			s32 to = mask_cycle_and(cands, group, pn->credit.idle_bias, words);

			best = to < 0 ? (u32)nxt : (u32)to;
			switched = 1;
			group = AT(h->core_mask, pcpu_of(h, best)->core);
		}
		for (u32 i = ZERO; i < words && i < MASK_WORDS && can_loop; i++)
			WORD(cands, i) &= ~WORD(group, i);
	}
	if (switched)
		pcpu_of(h, best)->credit.idle_bias = (s32)best;
	return best;
}

CORE_FN u32 credit_pick_in(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG, cpumask_t *allowed ARG)
{
	host_t *h = cx->host;
	u32 words = h->mask_words, cpu = v->processor->id;
	s32 idle;

	if (!mask_test(allowed, cpu) || !mask_test(&pool->cpus, cpu)) {
		s32 other = mask_cycle_and(allowed, &pool->cpus, (s32)cpu, words);

		if (other < 0)
			return cpu;
		cpu = (u32)other;
	}
	if (!mask_intersects(allowed, &pool->credit.idlers, words))
		return cpu;
	if (!credit_idle_without(pool, pcpu_of(h, cpu), v)) {
		idle = mask_cycle_and(allowed, &pool->credit.idlers, (s32)cpu, words);
		if (idle >= 0)
			cpu = (u32)idle;
	}
	if (h->threads_per_core == 1 && h->limits.nodes == 1)
		return cpu; /* all cores are alike: nothing to spread over */
	mask_and(AT(h->scratch, cx->cpu), allowed, &pool->credit.idlers);
	return credit_spread(cx, pool, v, AT(h->scratch, cx->cpu), cpu);
}

CORE_FN u32 credit_pick_cpu(sched_call_t *cx ARG, vcpu_t *v ARG, bool commit)
{
	cpupool_t *pool = v->domain->pool;
	host_t *h = cx->host;
	u32 cpu = v->processor->id;
	bool done = false;

	if (credit_soft(cx, pool, v)) {
		cpumask_t *soft = AT(h->scratch, h->limits.pcpus + cx->cpu);

		mask_and(soft, &v->soft, &v->hard);
		if (mask_intersects(soft, &pool->cpus, h->mask_words)) {
			cpu = credit_pick_in(cx, pool, v, soft);
			done = credit_idle_without(pool, pcpu_of(h, cpu), v);
		}
	}
	if (!done)
		cpu = credit_pick_in(cx, pool, v, &v->hard);
	if (commit)
		v->credit.flags |= CREDIT_MIGRATING;
	if (tracing(cx))
		record4(cx, TRC_CREDIT_PICKED_CPU, pair(v->domain->id, v->id), pair(cpu, 0));
	return cpu;
}

/* ---- stealing (facts 2.12) ---- */

/* The best vCPU waiting on peer that is better than @class and may run on p. */
CORE_FN s32 credit_steal_from(sched_call_t *cx ARG, pcpu_t *peer ARG, pcpu_t *p ARG, u32 class, bool soft)
{
	cpupool_t *pool = p->pool;
	s64 delay = pool->credit.params.migr_delay_ns;

	if (peer->curr->is_idle && !mended(pool, CREDIT_MEND_BALANCE))
		return -1;
	for (u32 c = ZERO; c < class && c < CREDIT_CLASSES && can_loop; c++) {
		link_t *head = AT(peer->credit.queue, c);

		for (link_t *l = head->next; l != head && can_loop; l = l->next) {
			vcpu_t *v = link_of(l, vcpu_t, credit.queue);

			if (v->credit.pri >= class)
				return -1; /* a stale OVER hides what is behind it: only without CREDIT_MEND_ORDER */
			if (v->is_running || (v->credit.flags & CREDIT_YIELD && class != CREDIT_IDLE &&
					      !pool->credit.params.old_yields))
				continue;
			if (!mask_test(&v->hard, p->id))
				continue;
			if (soft && (!credit_soft(cx, pool, v) || !mask_test(&v->soft, p->id)))
				continue;
			if (delay && cx->now - v->credit.last_run_ns < delay)
				continue;
			return (s32)v->index;
		}
	}
	return -1;
}

/* Look on the peers of one node for a vCPU better than @class; it is taken off its queue. */
CORE_FN s32 credit_steal_in(sched_call_t *cx ARG, pcpu_t *p ARG, u32 class, u32 node, bool soft)
{
	cpupool_t *pool = p->pool;
	host_t *h = cx->host;
	cpumask_t *waiting = class == CREDIT_IDLE ? &pool->credit.waiting : &pool->credit.waiting_under;
	s32 first = -1, peer = *AT(pool->credit.balance_bias, node % SCHED_MAX_NODES);

	for (u32 n = ZERO; n < SCHED_MAX_PCPUS && can_loop; n++) {
		vcpu_t *v;
		s32 found;

		peer = mask_cycle_and(waiting, AT(h->node_mask, node), peer, h->mask_words);
		if (peer < 0 || peer == first)
			break;
		if (first < 0)
			first = peer;
		if ((u32)peer == p->id)
			continue;
		if (tracing(cx))
			record(cx, TRC_CREDIT_STEAL_CHECK, (u32)peer, 1);
		found = credit_steal_from(cx, pcpu_of(h, (u32)peer), p, class, soft);
		if (found < 0)
			continue;
		v = AT(h->vcpus, found);
		credit_dequeue(pool, v);
		v->processor = p;
		if (tracing(cx))
			record4(cx, TRC_CREDIT_STOLEN, pair((u32)peer, v->domain->id), pair(v->id, 0));
		*AT(pool->credit.balance_bias, node % SCHED_MAX_NODES) = peer;
		return found;
	}
	return -1;
}

CORE_FN s32 credit_steal(sched_call_t *cx ARG, pcpu_t *p ARG, u32 class)
{
	cpupool_t *pool = p->pool;
	host_t *h = cx->host;
	cpumask_t *waiting = class == CREDIT_IDLE ? &pool->credit.waiting : &pool->credit.waiting_under;

	if (mask_empty(waiting, h->mask_words))
		return -1;
	for (u32 step = pool->nr_soft ? 0 : 1; step < 2 && can_loop; step++)
		for (u32 n = ZERO; n < h->limits.nodes && can_loop; n++) {
			u32 node = p->node + n;
			s32 v = credit_steal_in(cx, p, class, node >= h->limits.nodes ? node - h->limits.nodes : node,
						    step == 0);

			if (v >= 0)
				return v;
		}
	return -1;
}

