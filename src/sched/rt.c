/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtxen and rtds: RT-Xen's servers and Xen's RTDS, one engine. Facts: rtxen-servers-and-analysis.md 1, 2; Xen's RTDS:
 * xen-credit2-rtds-... 3.
 *
 * Each vCPU is a server with a budget in every period. Servers that have budget run in the order of the pool's rule
 * (EDF, RM, DM, FP) on all pCPUs of the pool (global) or on one each (partitioned). How a server gets and loses its
 * budget is its kind's business: rt_server.c; the sporadic server's ring: rt_ring.c; queues, who is told, partitions:
 * rt_queue.c.
 *
 * What is particular here is that a pCPU's time has an owner who needs not be who runs. A periodic server that has no
 * work burns its budget when its turn has come: it owns a pCPU, which idles, or which it lends to another. So
 * do_schedule chooses the owner first, among servers with budget, and then, if the owner has no work, the borrower. The
 * owner's priority holds the pCPU.
 *
 * RTDS is this engine with what Xen has: deferrable servers, global EDF, extra time by default. Its defects U1-U6 are
 * mended: replenishments are ordered by time alone (U1), levels are compared as what they are (U2, U5), equals don't
 * take turns on a pCPU unless `ties: switch` asks for it (U3), debt is carried (U4), queues are O(log n) (U6); and who
 * is promoted from extra time to a new budget is told to a pCPU. Besides, who can wait no longer may go first (`rush`,
 * rt_queue.c). Named where decisions differ from Xen's: tests/oracle/rtds.py.
 *
 * Timers: a pCPU's slice ends with the budget of its owner, or of a borrower who pays. Replenishments: TIMER_ACCT of
 * the pool's master, a pCPU like any other. Locking: the pool's lock in all hooks but pool_init, vcpu_init and
 * domain_init.
 */

#include "sched/rt_ring.c"
#include "sched/rt_server.c"
#include "sched/rt_queue.c"

static void rt_queues_init(struct rt_queues ARENA *q)
{
	rt_tree_init(&q->ready);
	rt_tree_init(&q->ghosts);
	rt_tree_init(&q->depleted);
}

static void rt_pool_init(cpupool_t *pool, bool xen)
{
	pool->rt.params.kind = RT_DEFERRABLE;
	pool->rt.params.rule = RT_EDF;
	pool->rt.params.placement = RT_GLOBAL;
	pool->rt.params.fit = RT_FIRST_FIT;
	pool->rt.params.ties_switch = 0;
	pool->rt.params.rush = xen;
	pool->rt.master = -1;
	pool->rt.xen = xen;
	rt_queues_init(&pool->rt.q);
	rt_tree_init(&pool->rt.events);
}

CORE_FN int rt_pcpu_init(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;

	rt_queues_init(&p->rt.q);
	p->rt.load = 0;
	p->rt.owner = NULL;
	if (!unit_on(p)->is_idle) {
		/* A removal was undone before its vCPU had left. */
		p->rt.owner = unit_on(p);
		unit_on(p)->rt.where = RT_ON_CPU;
	}
	if (pool->rt.master < 0) {
		pool->rt.master = (s32)p->id;
		rt_arm(cx, pool);
	}
	return 0;
}

CORE_FN int rt_pcpu_deinit(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	vcpu_t *owner = p->rt.owner;

	if (owner && owner != unit_on(p)) {
		rt_charge(cx, owner);
		p->rt.owner = NULL;
		owner->rt.where = RT_NOWHERE;
		rt_place(cx, owner);
	}
	if (pool->rt.master != (s32)p->id)
		return 0;
	timer_set(cx, p, TIMER_ACCT, TIME_NEVER);
	/* The pool's cpus no longer hold p. */
	pool->rt.master = mask_first(&pool->cpus, cx->host->mask_words);
	rt_arm(cx, pool);
	return 0;
}

/* Can a server have these? Of RTDS more is refused than of rtxen: what Xen does not have. */
static bool rt_params_valid(cpupool_t *pool, const struct rt_params ARENA *q)
{
	if (q->period_ns < RT_MIN_NS || q->period_ns > RT_MAX_PERIOD_NS || q->budget_ns < RT_MIN_NS ||
	    q->budget_ns > q->period_ns)
		return false;
	if (q->deadline_ns && (q->deadline_ns < q->budget_ns || q->deadline_ns > q->period_ns))
		return false;
	if (q->phase_ns < -1 || q->phase_ns > RT_MAX_PERIOD_NS || q->priority > RT_MAX_PRIORITY ||
	    q->kind >= RT_KINDS || q->extratime > 1 || q->when > RT_AT_ONCE)
		return false;
	return !pool->rt.xen || (q->kind <= RT_DEFERRABLE && !q->deadline_ns);
}

CORE_FN int rt_vcpu_init(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;

	if (v->rt_given && rt_params_valid(pool, &v->rt_user)) {
		rt_copy_params(&v->rt_params, &v->rt_user);
	} else {
		v->rt_params.period_ns = RT_PERIOD_DEFAULT_NS;
		v->rt_params.budget_ns = RT_BUDGET_DEFAULT_NS;
		v->rt_params.deadline_ns = 0;
		v->rt_params.phase_ns = -1;
		v->rt_params.latency_ns = 0;
		v->rt_params.priority = 0;
		v->rt_params.kind = RT_POOL;
		v->rt_params.extratime = pool->rt.xen;
		v->rt_params.when = RT_AT_BOUNDARY;
	}
	v->rt.where = RT_NOWHERE;
	v->rt.in_events = 0;
	v->rt.asleep = 1;
	v->rt.home = -1;
	v->rt.load = 0;
	rt_start(v, cx->now);
	return 0;
}

/* Whose time p's is burns its budget without work, and is to go: paused, or sent elsewhere. */
static void rt_exorcise(sched_call_t *cx, pcpu_t *p, vcpu_t *v)
{
	rt_charge(cx, v);
	p->rt.owner = NULL;
	v->rt.where = RT_NOWHERE;
	kick(cx, p);
}

CORE_FN u32 rt_pick_cpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;
	u32 words = cx->host->mask_words;
	s32 cpu = (s32)v->processor->id;

	if (v->processor->rt.owner == v && unit_on(v->processor) != v)
		rt_exorcise(cx, v->processor, v);
	if (pool->rt.params.placement == RT_PARTITIONED) {
		cpu = v->rt.home;
		if (cpu < 0 || !mask_test(&pool->cpus, (u32)cpu) || !mask_test(&v->hard, (u32)cpu)) {
			rt_set_home(cx->host, v, -1);
			cpu = rt_pick_home(cx, pool, v);
			rt_set_home(cx->host, v, cpu);
		}
		return (u32)cpu;
	}
	cpu = mask_cycle_and(&pool->cpus, &v->hard, cpu - 1, words);
	return cpu < 0 ? v->processor->id : (u32)cpu;
}

CORE_FN int rt_insert_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	v->processor = pcpu_of(cx->host, rt_pick_cpu(cx, v));
	v->rt.asleep = !unit_runnable(v);
	if (unit_running(v))
		return 0;
	rt_place(cx, v);
	if (rt_queued(v))
		rt_tickle(cx, v);
	return 0;
}

CORE_FN int rt_remove_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;

	if (rt_queued(v))
		rt_dequeue(v);
	if (p->rt.owner == v)
		rt_exorcise(cx, p, v);
	v->rt.where = RT_NOWHERE;
	rt_forget_event(cx, v);
	rt_set_home(cx->host, v, -1);
	return 0;
}

/*
 * Little is done here, since the framework calls this from where BPF has few stack frames left: a replenishment that
 * waits for it goes when it comes, and one that is taken from its queue without having run burns no budget until then.
 */
CORE_FN int rt_sleep(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;

	if (unit_on(p) == v || p->rt.owner == v) {
		kick(cx, p);
		return 0;
	}
	if (!v->rt.asleep) {
		v->rt.asleep = 1;
		rt_idle(v);
	}
	if (rt_queued(v))
		rt_dequeue(v);
	return 0;
}

CORE_FN int rt_wake(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;

	if (unit_on(p) == v || !v->rt.asleep)
		return 0;
	v->rt.asleep = 0;
	if (p->rt.owner == v) {
		/* Its budget burns: it takes its time back. */
		rt_charge(cx, v);
		kick(cx, p);
		return 0;
	}
	if (rt_queued(v))
		rt_dequeue(v);
	rt_activate(cx, v);
	if (unit_running(v))
		return 0; /* context_saved queues it */
	rt_place(cx, v);
	rt_tickle(cx, v);
	return 0;
}

CORE_FN int rt_context_saved(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	if (v->rt.where != RT_NOWHERE)
		return 0;
	rt_place(cx, v);
	if (rt_queued(v))
		rt_tickle(cx, v);
	return 0;
}

/* Charge who has p's time, and who runs in it. */
CORE_FN int rt_charge_pcpu(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	vcpu_t *owner = p->rt.owner, *curr = unit_on(p);

	if (owner)
		rt_charge(cx, owner);
	if (curr->is_idle || curr == owner)
		return 0;
	if (!owner || owner->rt.kind == RT_RECLAIMING)
		curr->rt.start_ns = cx->now; /* lent without charge */
	rt_charge(cx, curr);
	return 0;
}

/* The best server, queued for p, that could own its time: an index, -1 none. */
CORE_FN s32 rt_best_waiting(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	struct rt_queues ARENA *q = rt_queues_of(p->pool, p);
	s32 r = rt_first_for(&q->ready, p->id), g;

	if (likely(!q->ghosts.nr))
		return r;
	g = rt_first_for(&q->ghosts, p->id);
	if (r < 0 || g < 0)
		return r < 0 ? g : r;
	return rt_better(p->pool, rt_vcpu_at(cx->host, g), rt_vcpu_at(cx->host, r)) ? g : r;
}

/* Its time is p's owner's, who has no work: the best who may borrow it. Whoever does already goes on among equals. */
CORE_FN s32 rt_best_borrower(sched_call_t *cx ARG, pcpu_t *p ARG, vcpu_t *prev ARG)
{
	cpupool_t *pool = p->pool;
	struct rt_queues ARENA *q = rt_queues_of(pool, p);
	bool free_ride = p->rt.owner->rt.kind == RT_RECLAIMING;
	s32 best = -1, other;

	if (!prev->is_idle && prev != p->rt.owner && unit_runnable(prev) && mask_test(&prev->hard, p->id) &&
	    (free_ride || rt_budget(prev) > 0))
		best = (s32)prev->index;
	other = rt_first_for(&q->ready, p->id);
	if (other >= 0 && (best < 0 || rt_better(pool, rt_vcpu_at(cx->host, other), rt_vcpu_at(cx->host, best))))
		best = other;
	other = free_ride ? rt_first_for(&q->depleted, p->id) : -1;
	if (other >= 0 && (best < 0 || rt_better(pool, rt_vcpu_at(cx->host, other), rt_vcpu_at(cx->host, best))))
		best = other;
	return best;
}

/* Whose time p's is from now on. */
CORE_FN int rt_choose_owner(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	vcpu_t *owner = p->rt.owner, *other;
	bool here = mask_test(&pool->cpus, p->id);
	s32 best = here ? rt_best_waiting(cx, p) : -1;

	/* Who ran in borrowed time goes on in its own, among equals. */
	if (best >= 0 && unit_on(p)->rt.where == RT_READY && !unit_on(p)->is_idle &&
	    mask_test(&unit_on(p)->hard, p->id) && !rt_better(pool, rt_vcpu_at(cx->host, best), unit_on(p)))
		best = (s32)unit_on(p)->index;

	if (owner && here && mask_test(&owner->hard, p->id) && rt_eligible(owner)) {
		if (best < 0)
			return 0;
		other = rt_vcpu_at(cx->host, best);
		if (!rt_better(pool, other, owner) && (!pool->rt.params.ties_switch || rt_better(pool, owner, other)))
			return 0;
	}
	if (owner) {
		p->rt.owner = NULL;
		owner->rt.where = RT_NOWHERE;
		if (owner != unit_on(p))
			rt_place(cx, owner);
	}
	if (best < 0)
		return 0;
	owner = rt_vcpu_at(cx->host, best);
	if (!rt_queued(owner))
		return 0;
	rt_dequeue(owner);
	owner->rt.where = RT_ON_CPU;
	owner->processor = p;
	owner->rt.start_ns = cx->now;
	p->rt.owner = owner;
	return 0;
}

CORE_FN int rt_do_schedule(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	vcpu_t *prev = unit_on(p), *next = p->idle, *owner;
	s64 slice = -1;
	s32 borrower;

	if (tracing(cx))
		record(cx, TRC_RTDS_SCHEDULE, p->id << 16 | prev->is_idle, 0);
	if (!prev->is_idle) {
		if (!unit_runnable(prev) && !prev->rt.asleep) {
			rt_charge_pcpu(cx, p);
			prev->rt.asleep = 1;
			rt_idle(prev);
		}
	}
	rt_charge_pcpu(cx, p);
	/* A borrower is a candidate like those that wait; it is queued for no longer than this call. */
	if (!prev->is_idle && prev->rt.where == RT_ON_LOAN)
		rt_place(cx, prev);
	rt_choose_owner(cx, p);
	owner = p->rt.owner;
	if (owner) {
		slice = rt_budget(owner);
		if (unit_runnable(owner)) {
			next = owner;
		} else if (rt_lends(owner->rt.kind)) {
			borrower = rt_best_borrower(cx, p, prev);
			if (borrower >= 0) {
				next = rt_vcpu_at(cx->host, borrower);
				if (rt_queued(next))
					rt_dequeue(next);
				next->rt.where = RT_ON_LOAN;
				next->processor = p;
				next->rt.start_ns = cx->now;
				if (owner->rt.kind == RT_WORK_CONSERVING && rt_budget(next) < slice)
					slice = rt_budget(next);
			}
		}
	}
	if (!prev->is_idle) {
		if (prev != next && prev != owner) {
			if (rt_queued(prev))
				rt_dequeue(prev);
			prev->rt.where = RT_NOWHERE;
		}
		rt_set_event(cx, prev);
	}
	if (!next->is_idle)
		next->trace_class =
			next->rt.where == RT_ON_LOAN || next->rt.level ? TRACE_CLASS_WORST : TRACE_CLASS_NORMAL;
	p->next = next;
	p->next_slice_ns = slice;
	if (tracing(cx) && owner)
		record4(cx, TRC_RTDS_RUNQ_PICK,
			pair(owner->domain->id << 16 | owner->id, (u32)(owner->rt.next_ns / USEC)), (u64)slice);
	/*
	 * Who was queued behind `next` may have asked for this pCPU; if next can't run elsewhere and it can, it takes
	 * what another has. (With affinities that are equal, whoever else was told is right.)
	 */
	if (next != prev && !next->is_idle && pool->rt.q.ready.first &&
	    !mask_subset(&pool->cpus, &next->hard, cx->host->mask_words))
		rt_tickle(cx, rt_queued_vcpu(pool->rt.q.ready.first));
	return 0;
}

/* v's boundary has come, or it was changed: it may belong elsewhere in its queue, or in another. */
CORE_FN int rt_requeue(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;
	vcpu_t *first;

	if (v->rt.where == RT_ON_CPU || v->rt.where == RT_ON_LOAN) {
		struct rt_queues ARENA *q = rt_queues_of(v->domain->pool, p);

		/* It may be worse now than one that waits; or no longer be there for nothing. */
		first = rt_queued_vcpu(q->ready.first);
		if (v->rt.where == RT_ON_LOAN || v != unit_on(p) || !rt_eligible(v) ||
		    p->timer_ns[TIMER_SLICE] > cx->now + rt_budget(v))
			kick(cx, p);
		if (first)
			rt_tickle(cx, first);
		first = rt_queued_vcpu(q->ghosts.first);
		if (first)
			rt_tickle(cx, first);
	} else if (!unit_running(v)) {
		if (rt_queued(v))
			rt_dequeue(v);
		rt_place(cx, v);
		if (rt_queued(v))
			rt_tickle(cx, v);
		return 0;
	}
	rt_set_event(cx, v);
	return 0;
}

/* Replenishments that are due. */
CORE_FN int rt_timer(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;

	sched_lock(pool);
	for (u32 i = ZERO; i < 4 * SCHED_MAX_VCPUS && can_loop; i++) {
		rt_node_t *n = pool->rt.events.first;
		vcpu_t *v;

		if (!n || n->key > cx->now)
			break;
		v = rt_node_of(n, vcpu_t, rt.event);
		rt_remove(&pool->rt.events, n);
		v->rt.in_events = 0;
		if (v->rt.where == RT_ON_CPU || v->rt.where == RT_ON_LOAN)
			rt_charge_pcpu(cx, v->processor);
		else
			rt_advance(cx, v, cx->now);
		if (v->rt.asleep)
			rt_idle(v);
		if (rt_rushes(pool, v) && rt_latest(v) <= cx->now)
			rt_rush(cx, v);
		rt_requeue(cx, v);
	}
	rt_arm(cx, pool);
	sched_unlock(pool);
	return 0;
}

/* ---- parameters ---- */

CORE_FN s32 rt_adjust_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG, const struct rt_params ARENA *params ARG)
{
	cpupool_t *pool = v->domain->pool;

	if (!rt_params_valid(pool, params))
		return -SCHED_EINVAL;
	if (unit_rides(v)) { /* for the time after */
		rt_copy_params(&v->rt_params, params);
		return 0;
	}
	if (v->rt.where == RT_ON_CPU || v->rt.where == RT_ON_LOAN)
		rt_charge_pcpu(cx, v->processor);
	rt_copy_params(&v->rt_params, params);
	rt_change(cx, v, params->when);
	if (v->rt.home >= 0)
		rt_set_home(cx->host, v, v->rt.home); /* its load is another */
	/* Extra time may have been given to it, or taken. */
	if (!v->rt.extratime) {
		v->rt.level = 0;
	} else if (!v->rt.level && v->rt.rem_ns <= 0 && unit_runnable(v)) {
		v->rt.level = 1;
		v->rt.extra_ns = v->rt.budget_ns;
	}
	rt_requeue(cx, v);
	return 0;
}

static void rt_adjust(sched_call_t *cx, domain_t *d, u32 weight, u32 cap)
{
	(void)cx;
	d->weight = weight;
	d->cap = cap;
}

/* All waiting servers out of their queues, or into them again. */
CORE_FN int rt_requeue_domain(sched_call_t *cx ARG, domain_t *d ARG, u32 out)
{
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (unit_rides(v))
			continue;
		if (v->rt.where == RT_ON_CPU || v->rt.where == RT_ON_LOAN)
			kick(cx, v->processor);
		else if (out && rt_queued(v))
			rt_dequeue(v);
		else if (!out && !unit_running(v))
			rt_place(cx, v);
	}
	return 0;
}

/* Pack anew: all servers leave their pCPUs, then go, the largest first, where they fit. */
static void rt_pack(sched_call_t *cx, cpupool_t *pool)
{
	rt_tree_t *sorted = &pool->rt.q.depleted; /* empty: nobody is in the pool's queues while they are packed */

	for (link_t *k = pool->domains.next; k != &pool->domains && can_loop; k = k->next) {
		domain_t *d = link_of(k, domain_t, pool_link);

		for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
			vcpu_t *v = link_of(l, vcpu_t, domain_link);

			if (unit_rides(v))
				continue;
			rt_set_home(cx->host, v, -1);
			v->rt.node.level = 0;
			v->rt.node.key = -rt_load(v);
			rt_insert(sorted, &v->rt.node);
		}
	}
	for (u32 i = ZERO; sorted->first && i < SCHED_MAX_VCPUS && can_loop; i++) {
		vcpu_t *v = rt_queued_vcpu(sorted->first);

		rt_remove(sorted, &v->rt.node);
		rt_set_home(cx->host, v, rt_pick_home(cx, pool, v));
	}
}

/* After the queues were emptied: each vCPU whose pCPU is another now goes there. */
CORE_FN int rt_go_home(sched_call_t *cx ARG, domain_t *d ARG)
{
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (v->rt.home < 0 || v->processor->id == (u32)v->rt.home)
			continue;
		if (v->processor->rt.owner == v && unit_on(v->processor) != v) {
			v->processor->rt.owner = NULL;
			v->rt.where = RT_NOWHERE;
		}
		if (unit_running(v)) {
			if (!(v->pause_flags & VPF_migrating))
				vcpu_move_start(cx, v);
		} else {
			v->processor = pcpu_of(cx->host, (u32)v->rt.home);
		}
	}
	return 0;
}

static bool rt_pool_params_valid(cpupool_t *pool, const struct rt_pool_params ARENA *q)
{
	if (q->kind == RT_POOL || q->kind >= RT_KINDS || q->rule >= RT_RULES || q->placement > RT_PARTITIONED ||
	    q->fit >= RT_FITS || q->ties_switch > 1 || q->rush > 1)
		return false;
	return !pool->rt.xen || (q->kind == RT_DEFERRABLE && q->rule == RT_EDF && q->placement == RT_GLOBAL);
}

/*
 * The new rule, placement and ties are in force at once; the kind of servers that say none changes as they would
 * themselves.
 */
SCHED_API s32 sched_adjust_global_rt(sched_call_t *cx, cpupool_t *pool, const struct rt_pool_params ARENA *params,
				     u32 when)
{
	struct rt_pool_params ARENA *own = &pool->rt.params;
	bool repack = params->placement == RT_PARTITIONED;
	bool rekind = params->kind != own->kind;

	if ((pool->sched != SCHED_ID_rtxen && pool->sched != SCHED_ID_rtds) || !rt_pool_params_valid(pool, params) ||
	    when > RT_AT_ONCE)
		return -SCHED_EINVAL;
	cx->calls++;
	sched_lock(pool);
	for_each_cpu (c, &pool->cpus, cx->host->mask_words)
		rt_charge_pcpu(cx, pcpu_of(cx->host, (u32)c));
	for (link_t *k = pool->domains.next; k != &pool->domains && can_loop; k = k->next)
		rt_requeue_domain(cx, link_of(k, domain_t, pool_link), 1);
	own->kind = params->kind;
	own->rule = params->rule;
	own->placement = params->placement;
	own->fit = params->fit;
	own->ties_switch = params->ties_switch;
	own->rush = params->rush;
	if (repack)
		rt_pack(cx, pool);
	for (link_t *k = pool->domains.next; k != &pool->domains && can_loop; k = k->next) {
		domain_t *d = link_of(k, domain_t, pool_link);

		if (rekind)
			for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
				vcpu_t *v = link_of(l, vcpu_t, domain_link);

				if (v->rt_params.kind == RT_POOL && !unit_rides(v))
					rt_change(cx, v, when);
			}
		if (repack)
			rt_go_home(cx, d);
		rt_requeue_domain(cx, d, 0);
	}
	for_each_cpu (c, &pool->cpus, cx->host->mask_words)
		kick(cx, pcpu_of(cx->host, (u32)c));
	record4(cx, TRC_ROTA_SERVER_RULE, pair(pool->id, own->rule), pair(own->placement << 8 | own->fit, own->kind));
	sched_unlock(pool);
	return 0;
}

SCHED_API s64 sched_rt_budget_left(vcpu_t *v, s64 now)
{
	vcpu_t *owner;
	s64 left;

	v = unit_of(v);
	owner = v->processor->rt.owner;
	left = v->rt.rem_ns;

	if (v->rt.where == RT_NOWHERE && v->rt.kind == RT_SPORADIC) {
		left = 0;
		for (u32 i = ZERO; i < v->rt.nr && ring_at(v, i)->at_ns <= now && can_loop; i++)
			left += ring_at(v, i)->amount_ns;
	} else if (v->rt.asleep && rt_periodic(v->rt.kind) && v->rt.kind != RT_POLLING && v->rt.next_ns <= now) {
		left = v->rt.budget_ns + (left < 0 ? left : 0); /* who sleeps is replenished when it wakes */
	}
	if (!v->rt.level &&
	    (v->rt.where == RT_ON_CPU || (v->rt.where == RT_ON_LOAN && owner && owner->rt.kind == RT_WORK_CONSERVING)))
		left -= now - v->rt.start_ns;
	return left;
}

/* ---- the two faces ---- */

CORE_FN int rtds_pool_init(cpupool_t *pool ARG)
{
	rt_pool_init(pool, true);
	return 0;
}

CORE_FN int rtxen_pool_init(cpupool_t *pool ARG)
{
	rt_pool_init(pool, false);
	return 0;
}

/* Neither has a tick, nor a yield: who has budget and is first in order is to run. */
#define RT_FACE(name) \
	static inline void name##_pcpu_init(sched_call_t *cx, pcpu_t *p) \
	{ \
		unit_pcpu_init(cx, p); \
		rt_pcpu_init(cx, p); \
	} \
	static inline void name##_pcpu_deinit(sched_call_t *cx, pcpu_t *p) \
	{ \
		rt_pcpu_deinit(cx, p); \
	} \
	static inline void name##_vcpu_init(sched_call_t *cx, vcpu_t *v) \
	{ \
		rt_vcpu_init(cx, v); \
	} \
	static inline void name##_domain_init(sched_call_t *cx, domain_t *d) \
	{ \
		(void)cx, (void)d; \
	} \
	static inline void name##_insert_vcpu(sched_call_t *cx, vcpu_t *v) \
	{ \
		if (unit_joins(cx, v)) \
			return; \
		rt_insert_vcpu(cx, v); \
	} \
	static inline void name##_remove_vcpu(sched_call_t *cx, vcpu_t *v) \
	{ \
		if (unit_leaves(cx, v)) \
			return; \
		rt_remove_vcpu(cx, v); \
		unit_gone(cx, v); \
	} \
	static inline void name##_sleep(sched_call_t *cx, vcpu_t *v) \
	{ \
		if (unit_sleeps(cx, v)) \
			rt_sleep(cx, unit_of(v)); \
	} \
	static inline void name##_wake(sched_call_t *cx, vcpu_t *v) \
	{ \
		unit_woken(cx, v); \
		if (unit_runnable(unit_of(v))) \
			rt_wake(cx, unit_of(v)); \
		unit_look(cx, v); \
	} \
	static inline void name##_yield(sched_call_t *cx, vcpu_t *v) \
	{ \
		(void)cx, (void)v; \
	} \
	static inline bool name##_yield_to(sched_call_t *cx, vcpu_t *v, vcpu_t *to) \
	{ \
		return (void)cx, (void)v, (void)to, false; \
	} \
	static inline void name##_context_saved(sched_call_t *cx, vcpu_t *v) \
	{ \
		if (unit_was_saved(unit_of(v))) \
			rt_context_saved(cx, unit_of(v)); \
		unit_saved(cx, v); \
	} \
	static inline void name##_do_schedule(sched_call_t *cx, pcpu_t *p) \
	{ \
		vcpu_t *left = unit_on(p); \
\
		rt_do_schedule(cx, p); \
		unit_choose(cx, p); \
		left = unit_left(p, left); \
		if (left) { \
			rt_context_saved(cx, left); \
			unit_finish_move(cx, left); \
		} \
	} \
	static inline u32 name##_pick_cpu(sched_call_t *cx, vcpu_t *v, bool commit) \
	{ \
		return (void)commit, unit_rides(v) ? unit_cpu(cx, v) : rt_pick_cpu(cx, v); \
	} \
	static inline void name##_tick(sched_call_t *cx, pcpu_t *p) \
	{ \
		(void)cx, (void)p; \
	} \
	static inline void name##_account(sched_call_t *cx, pcpu_t *p) \
	{ \
		rt_timer(cx, p); \
	} \
	static inline void name##_adjust(sched_call_t *cx, domain_t *d, u32 w, u32 c) \
	{ \
		rt_adjust(cx, d, w, c); \
	} \
	static inline void name##_affinity_set(sched_call_t *cx, vcpu_t *v) \
	{ \
		(void)cx, (void)v; \
	}

#define rtds_sdom_change unit_sdom_change
#define rtds_sdom_changed unit_sdom_changed
#define rtxen_sdom_change unit_sdom_change
#define rtxen_sdom_changed unit_sdom_changed
#define rtds_adjust_vcpu rt_adjust_vcpu
#define rtxen_adjust_vcpu rt_adjust_vcpu

RT_FACE(rtds)
RT_FACE(rtxen)
