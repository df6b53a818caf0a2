/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queues of the real-time engine, and who is told when somebody better comes.
 *
 * Three queues in the order of the pool's rule: servers that wait with budget, those without work that have budget to
 * burn ("ghosts"), and those that wait for budget. Global: one set for the pool; partitioned: one for each pCPU. And
 * one queue of replenishments for the pool, by time alone: ordered by priority first, as Xen has it (defect U1), a
 * replenishment comes late when a better server's comes later.
 */

static inline struct rt_queues ARENA *rt_queues_of(cpupool_t *pool, pcpu_t *p)
{
	return pool->rt.params.placement == RT_PARTITIONED ? &p->rt.q : &pool->rt.q;
}

static inline vcpu_t *rt_queued_vcpu(rt_node_t *n)
{
	return n ? rt_node_of(n, vcpu_t, rt.node) : NULL;
}

/* The deadline of the budget it has. */
static inline s64 rt_key_edf(vcpu_t *v)
{
	if (v->rt.kind == RT_SPORADIC)
		return ring_at(v, 0)->at_ns + v->rt.deadline_ns;
	return v->rt.next_ns - v->rt.period_ns + v->rt.deadline_ns;
}

/* What orders servers of the same level: lower goes first. */
static s64 rt_key(cpupool_t *pool, vcpu_t *v)
{
	switch (pool->rt.params.rule) {
	case RT_RM:
		return v->rt.period_ns;
	case RT_DM:
		return v->rt.deadline_ns;
	case RT_FP:
		return v->rt.priority ? v->rt.priority : RT_MAX_PRIORITY + 1;
	default:
		return rt_key_edf(v);
	}
}

/*
 * Global EDF lets a server wait until its budget can't come before the deadline any more, behind others whose deadlines
 * are a little earlier, one of which could well have waited: a pCPU is about to be free. With `rush` who can wait no
 * longer goes first, instead of the running server with the latest deadline, if the period of that one is longer. Where
 * that one then finds no other pCPU in time a deadline is missed all the same, but of a server that has fewer of them.
 * It must have had work since its period began: who comes late in it was promised nothing. So nobody rushes where EDF
 * keeps all its promises, and what the analysis says of EDF holds. (Without the limit to longer periods, the textbook's
 * EDZL, far fewer systems miss a deadline, but an overloaded one puts off all its servers instead of a few.)
 */
static inline bool rt_rushes(cpupool_t *pool, vcpu_t *v)
{
	return pool->rt.params.rush && pool->rt.params.rule == RT_EDF && pool->rt.params.placement == RT_GLOBAL &&
	       rt_periodic(v->rt.kind) && v->rt.where == RT_READY && v->rt.steady && !v->rt.urgent && !v->rt.level;
}

/* The instant after which its budget can't come before its deadline any more. */
static inline s64 rt_latest(vcpu_t *v)
{
	return rt_key_edf(v) - v->rt.rem_ns;
}

static inline bool rt_better(cpupool_t *pool, vcpu_t *a, vcpu_t *b)
{
	if (a->rt.level != b->rt.level)
		return a->rt.level < b->rt.level;
	if (a->rt.urgent || b->rt.urgent)
		return a->rt.urgent && !b->rt.urgent;
	return rt_key(pool, a) < rt_key(pool, b);
}

static inline rt_tree_t *rt_tree_of(vcpu_t *v)
{
	struct rt_queues ARENA *q = rt_queues_of(v->domain->pool, v->processor);

	return v->rt.where == RT_READY ? &q->ready : v->rt.where == RT_GHOST ? &q->ghosts : &q->depleted;
}

static inline bool rt_queued(vcpu_t *v)
{
	return v->rt.where == RT_READY || v->rt.where == RT_GHOST || v->rt.where == RT_DEPLETED;
}

static inline void rt_dequeue(vcpu_t *v)
{
	rt_remove(rt_tree_of(v), &v->rt.node);
	v->rt.where = RT_NOWHERE;
}

/* The timer of the pool's master waits for the first replenishment. */
static inline void rt_arm(sched_call_t *cx, cpupool_t *pool)
{
	rt_node_t *first = pool->rt.events.first;

	if (pool->rt.master >= 0)
		timer_set(cx, pcpu_of(cx->host, (u32)pool->rt.master), TIMER_ACCT, first ? first->key : TIME_NEVER);
}

static void rt_forget_event(sched_call_t *cx, vcpu_t *v)
{
	if (!v->rt.in_events)
		return;
	rt_remove(&v->domain->pool->rt.events, &v->rt.event);
	v->rt.in_events = 0;
	rt_arm(cx, v->domain->pool);
}

/*
 * Wait for its next boundary, if somebody has to: who sleeps finds out when it wakes, unless it burns budget asleep. Or
 * for the instant from which on it can't wait.
 */
NO_FRAME void rt_set_event(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;
	s64 at = v->rt.asleep && !rt_burns(v->rt.kind) ? TIME_NEVER : rt_event_at(v);

	if (rt_rushes(pool, v) && rt_latest(v) < at)
		at = rt_latest(v);
	if (v->rt.in_events) {
		if (v->rt.event.key == at)
			return;
		rt_remove(&pool->rt.events, &v->rt.event);
		v->rt.in_events = 0;
	}
	if (at != TIME_NEVER) {
		v->rt.event.level = 0;
		v->rt.event.key = at;
		rt_insert(&pool->rt.events, &v->rt.event);
		v->rt.in_events = 1;
	}
	rt_arm(cx, pool);
}

/* Queue v, which runs nowhere, where it belongs now. */
CORE_FN int rt_place(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	if (unit_runnable(v))
		v->rt.where = rt_budget(v) > 0 ? RT_READY : RT_DEPLETED;
	else
		v->rt.where = rt_ghostly(v) ? RT_GHOST : RT_NOWHERE;
	if (v->rt.where != RT_NOWHERE) {
		v->rt.node.level = v->rt.level ? v->rt.level + 1 : !v->rt.urgent;
		v->rt.node.key = rt_key(v->domain->pool, v);
		rt_insert(rt_tree_of(v), &v->rt.node);
	}
	rt_set_event(cx, v);
	return 0;
}

static inline bool rt_lends(u32 kind)
{
	return kind == RT_RECLAIMING || kind == RT_WORK_CONSERVING;
}

/*
 * Would v, queued, get p if p scheduled? *loses: whom it would replace; NULL: nobody, p idles. A ghost wants a pCPU's
 * time, the others may also do with the loan of it.
 */
static inline bool rt_would_get(cpupool_t *pool, pcpu_t *p, vcpu_t *v, vcpu_t **loses)
{
	vcpu_t *owner = p->rt.owner, *curr = unit_on(p);
	bool loan = owner && owner != curr && rt_lends(owner->rt.kind) && v->rt.where != RT_GHOST &&
		    (v->rt.where == RT_READY || owner->rt.kind == RT_RECLAIMING);

	/* The time itself, for who has budget; or else the loan of it. */
	*loses = owner;
	if (v->rt.where != RT_DEPLETED && (!owner || rt_better(pool, v, owner)))
		return true;
	if (!loan)
		return false;
	*loses = curr->is_idle ? NULL : curr;
	return curr->is_idle || rt_better(pool, v, curr);
}

/* v has been queued: if it should run at once, the pCPU that loses least schedules. */
CORE_FN int rt_tickle(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;
	u32 words = cx->host->mask_words, n = pool->nr_cpus;
	s32 cpu = (s32)v->processor->id - 1, best = -1;
	vcpu_t *worst = NULL, *loses;

	if (pool->rt.params.placement == RT_PARTITIONED) {
		if (rt_would_get(pool, v->processor, v, &loses))
			kick(cx, v->processor);
		return 0;
	}
	for (u32 i = ZERO; i < n && can_loop; i++) {
		pcpu_t *p;

		cpu = mask_cycle_and(&pool->cpus, &v->hard, cpu, words);
		if (cpu < 0 || (u32)cpu >= cx->host->limits.pcpus)
			break;
		p = pcpu_of(cx->host, (u32)cpu);
		if (p->resched || !rt_would_get(pool, p, v, &loses))
			continue;
		if (!p->rt.owner && unit_on(p)->is_idle) {
			best = cpu;
			break;
		}
		if (best >= 0 && (!worst || (loses && !rt_better(pool, worst, loses))))
			continue;
		best = cpu;
		worst = loses;
	}
	if (best < 0)
		return 0;
	if (tracing(cx))
		record(cx, TRC_RTDS_TICKLE, (u32)best, 0);
	kick(cx, pcpu_of(cx->host, (u32)best));
	return 0;
}

/* v can wait no longer: it goes first, if the one that loses most easily has a longer period. */
CORE_FN int rt_rush(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;
	vcpu_t *worst = NULL;

	for_each_cpu (c, &pool->cpus, cx->host->mask_words) {
		vcpu_t *owner = pcpu_of(cx->host, (u32)c)->rt.owner;

		if (!owner || !mask_test(&v->hard, (u32)c))
			continue;
		if (!worst || rt_better(pool, worst, owner))
			worst = owner;
	}
	v->rt.urgent = worst && !worst->rt.urgent && (worst->rt.level || worst->rt.period_ns > v->rt.period_ns);
	v->rt.steady = v->rt.urgent; /* it had its chance */
	return 0;
}

/* The first of a queue that may run on p, -1: none; its index in the host, since a pointer can't be returned. */
CORE_FN s32 rt_first_for(rt_tree_t *t ARG, u32 cpu)
{
	for (rt_node_t *n = t->first; n && can_loop; n = rt_next(n)) {
		vcpu_t *v = rt_queued_vcpu(n);

		if (mask_test(&v->hard, cpu))
			return (s32)v->index;
	}
	return -1;
}

static inline vcpu_t *rt_vcpu_at(host_t *h, s32 index)
{
	return index >= 0 ? AT(h->vcpus, (u32)index) : NULL;
}

/* ---- partitions ---- */

/* Its share of a pCPU in 2^-20. */
static inline s64 rt_load(vcpu_t *v)
{
	s64 budget = v->rt_params.budget_ns, period = v->rt_params.period_ns;

	/* Rounded up: a pCPU that is full is full. */
	return period >> 40 ? (budget >> 12) / (period >> 32) + 1 : ((budget << 20) + period - 1) / period;
}

#define RT_FULL (1LL << 20)

/* The pCPU for a server of this load. Where none has room: the emptiest, and the analysis will have said so. */
CORE_FN s32 rt_pick_home(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	u32 words = cx->host->mask_words, n = pool->nr_cpus;
	s64 load = rt_load(v), best_left = 0, most_left = 0;
	s32 cpu = -1, best = -1, emptiest = -1;

	for (u32 i = ZERO; i < n && can_loop; i++) {
		s64 left;

		cpu = mask_cycle_and(&pool->cpus, &v->hard, cpu, words);
		if (cpu < 0 || (u32)cpu >= cx->host->limits.pcpus)
			break;
		left = RT_FULL - pcpu_of(cx->host, (u32)cpu)->rt.load;
		if (emptiest < 0 || left > most_left) {
			emptiest = cpu;
			most_left = left;
		}
		if (left < load)
			continue;
		if (best < 0 || (pool->rt.params.fit == RT_BEST_FIT && left < best_left) ||
		    (pool->rt.params.fit == RT_WORST_FIT && left > best_left)) {
			best = cpu;
			best_left = left;
		}
	}
	return best >= 0 ? best : emptiest >= 0 ? emptiest : (s32)v->processor->id;
}

static void rt_set_home(host_t *h, vcpu_t *v, s32 home)
{
	if (v->rt.home >= 0)
		pcpu_of(h, (u32)v->rt.home)->rt.load -= v->rt.load;
	v->rt.home = home;
	if (home >= 0) {
		v->rt.load = rt_load(v);
		pcpu_of(h, (u32)home)->rt.load += v->rt.load;
	}
}
