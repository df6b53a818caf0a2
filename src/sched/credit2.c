/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit2: Xen's default scheduler. Facts: xen-credit2-rtds-null-arinc653-sedf.md 2.
 *
 * pCPUs that are near to each other share a run queue (credit2_place.c). A running vCPU burns credit, the faster the
 * less it weighs; who waits with the most credit is next, on whichever pCPU of the queue. When even the best has none
 * left, all of the queue, asleep or not, are given 10 ms worth (credit2_queue.c), and the loads of the queues are
 * compared and evened out (credit2_load.c), and then what their vCPUs got (credit2_even.c). Nobody is boosted: who
 * slept has more credit than who ran, and preempts by that. A cap is a budget for each period (credit2_cap.c).
 *
 * Constants and their reasons: a slice ends when the credit does that one has more than the next, but lasts 0.5 ms,
 * since switching is not free, and the ratelimit, 1 ms, when it has just begun; and 10 ms at most, so that credit
 * resets come. Another pCPU of the queue takes a vCPU only if it is worth 0.5 ms of credit, about what refilling its
 * caches costs.
 *
 * Rota's credit2 differs from Xen's where the facts name a weakness. Each is told at CREDIT2_MEND_* in credit2.h and
 * acts where the code asks credit2_mended(). Always mended, since nobody can want them back: a division by zero pCPUs a
 * run queue, parameters without range, a weight set though the cap beside it is refused, quotas as of the number of
 * vCPUs when the cap was set, parked vCPUs that look paused, a new weight that counts for time already run. And what is
 * only cost: Xen walks all vCPUs of a queue to insert one, to reset credits, and pairs all of two queues to balance
 * them.
 *
 * Locking: the pool's lock, held in all hooks but pool_init, vcpu_init, domain_init and account.
 */

#define CREDIT2_GRANT (10 * MSEC) /* at a reset */
#define CREDIT2_LEAST (-10 * MSEC) /* debt beyond it is forgiven */
#define CREDIT2_MOST (CREDIT2_GRANT + 500 * USEC) /* what is saved up beyond it is lost, at a reset */
#define CREDIT2_IDLE (CREDIT2_LEAST - 1)
#define CREDIT2_MIN_TIMER (500 * USEC)
#define CREDIT2_LEAST_SLICE (100 * USEC) /* not worth lending less */
#define CREDIT2_MAX_TIMER (10 * MSEC)
#define CREDIT2_COMPENSATION (50 * USEC)
#define CREDIT2_RATELIMIT_TOLERANCE (50 * USEC)

static inline bool credit2_mended(cpupool_t *pool, u32 mend)
{
	return pool->credit2.params.mend & mend;
}

static void credit2_tickle_cpu(sched_call_t *cx, cpupool_t *pool, pcpu_t *p, vcpu_t *v);
CORE_FN bool credit2_tickle_idle(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG);
CORE_FN int credit2_tickle_busy(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG);
CORE_FN bool credit2_has_budget(sched_call_t *cx ARG, vcpu_t *v ARG);
NO_FRAME void credit2_tickle(sched_call_t *cx, cpupool_t *pool, vcpu_t *v);

#include "sched/credit2_queue.c"
#include "sched/credit2_load.c"
#include "sched/credit2_even.c"
#include "sched/credit2_place.c"
#include "sched/credit2_cap.c"

/* Xen's defaults. */
static void credit2_default_params(struct credit2_params ARENA *p)
{
	p->ratelimit_ns = 1 * MSEC;
	p->cap_period_ns = 10 * MSEC;
	p->migrate_resist_ns = 500 * USEC;
	p->load_window_shift = 30;
	p->load_precision_shift = 18;
	p->balance_under = 0;
	p->balance_over = -3;
	p->runqueue = CREDIT2_PER_SOCKET;
	p->smt_power_savings = 0;
	p->max_cpus_runqueue = 16;
	p->mend = CREDIT2_MEND_ALL;
}

/* ---- the hooks ---- */

static void credit2_pool_init(cpupool_t *pool)
{
	credit2_default_params(&pool->credit2.params);
	list_init(&pool->credit2.runqs);
	tree_init(&pool->credit2.replenish);
	pool->credit2.given_ns = 0;
	pool->credit2.master = -1;
	mask_zero(&pool->credit2.ready);
	mask_zero(&pool->credit2.waiting);
}

CORE_FN int credit2_pcpu_init(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	host_t *h = cx->host;
	credit2_runq_t *rq;
	s32 i;

	/* A loan, or a removal, that is undone: its vCPUs are still there. */
	if (p->box) {
		p->credit2.runq = p->box->credit2.runq;
	} else if (h->moving_cpu != (s32)p->id || !p->credit2.runq) {
		i = credit2_arrange(pool, p);
		if (i < 0)
			i = credit2_runq_begin(pool, cx->now);
		p->credit2.runq = AT(h->credit2_runqs, i);
	}
	rq = p->credit2.runq;
	p->credit2.tickled_for = -1;
	p->credit2.lent_to = -1;
	mask_set(&rq->cpus, p->id);
	rq->nr_cpus++;
	if (rq->pick_bias < 0)
		rq->pick_bias = (s32)p->id;
	if (p->curr->is_idle)
		mask_set(&rq->idle, p->id);
	credit2_ready_update(pool, p);
	if (pool->credit2.master < 0) {
		pool->credit2.master = (s32)p->id;
		credit2_arm_replenish(cx, pool);
	}
	return 0;
}

CORE_FN int credit2_pcpu_deinit(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	host_t *h = cx->host;
	credit2_runq_t *rq = p->credit2.runq;
	s32 woken = p->credit2.tickled_for;

	mask_clear(&rq->idle, p->id);
	mask_clear(&rq->tickled, p->id);
	mask_clear(&rq->cpus, p->id);
	credit2_ready_update(pool, p);
	mask_clear(&rq->smt_idle, p->id);
	rq->nr_cpus--;
	if (rq->pick_bias == (s32)p->id)
		rq->pick_bias = mask_first(&rq->cpus, h->mask_words);
	p->credit2.tickled_for = -1;
	p->credit2.lent_to = -1;
	if (pool->credit2.master == (s32)p->id) {
		timer_set(cx, p, TIMER_ACCT, TIME_NEVER);
		pool->credit2.master = mask_first(&pool->cpus, h->mask_words);
		credit2_arm_replenish(cx, pool);
	}
	credit2_runq_end(cx, rq);
	/* Who waited for p may have another idle pCPU to go to. */
	if (woken >= 0 && AT(h->vcpus, woken)->domain->pool == pool && AT(h->vcpus, woken)->credit2.queued &&
	    mask_intersects(&AT(h->vcpus, woken)->hard, &pool->cpus, h->mask_words))
		credit2_tickle_idle(cx, pool, AT(h->vcpus, woken));
	return 0;
}

CORE_FN int credit2_vcpu_init(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	struct credit2_vcpu ARENA *c = &v->credit2;

	tree_node_init(&c->node, v->index);
	list_init(&c->assigned);
	list_init(&c->parked);
	c->runq = NULL;
	c->credit_ns = CREDIT2_GRANT;
	c->granted_ns = 0;
	c->residual = 0;
	c->start_ns = cx->now;
	c->budget_ns = TIME_NEVER;
	c->lent_ns = 0;
	c->load_tick = cx->now >> CREDIT2_TICK_SHIFT;
	c->ahead_ns = 0;
	c->avgload = 1LL << (v->domain->pool->credit2.params.load_precision_shift - 1);
	c->weight = sdom_of(v->domain)->weight;
	c->tickled_cpu = -1;
	c->migrate_to = -1;
	c->flags = mask_weight(&v->hard, cx->host->mask_words) == 1 ? CREDIT2_PINNED : 0;
	c->queued = 0;
	return 0;
}

static void credit2_domain_init(sched_call_t *cx, domain_t *d)
{
	(void)cx;
	tree_node_init(&d->credit2.replenish, d->id);
	list_init(&d->credit2.parked);
	d->credit2.budget_ns = 0;
	d->credit2.next_ns = 0;
	d->credit2.nr_vcpus = 0;
	d->credit2.capped = 0;
	d->credit2.owed_ns = 0;
	d->credit2.pays = NULL;
}

CORE_FN int credit2_insert_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;
	host_t *h = cx->host;
	domain_t *d = sdom_of(v->domain);

	v->processor = pcpu_of(h, credit2_pick_cpu(cx, v, true));
	/* Xen's toolstack gives a vCPU its affinity when it is made: then it is placed once more. */
	if (!credit2_mended(pool, CREDIT2_MEND_PLACE) &&
	    !(mask_subset(&h->all_cpus, &v->hard, h->mask_words) && mask_subset(&h->all_cpus, &v->soft, h->mask_words)))
		v->processor = pcpu_of(h, credit2_pick_cpu(cx, v, true));
	d->credit2.nr_vcpus++;
	if (d->cap && credit2_mended(pool, CREDIT2_MEND_NEWCAP)) {
		if (!d->credit2.capped)
			credit2_cap_begin(cx, d);
		v->credit2.budget_ns = 0;
	}
	if (!vcpu_runnable(v) || v->is_running)
		return 0;
	credit2_load(cx, v, 1);
	credit2_enqueue(v);
	credit2_tickle(cx, pool, v);
	return 0;
}

CORE_FN int credit2_remove_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	domain_t *d = sdom_of(v->domain);

	if (v->pause_flags & VPF_parked) {
		v->pause_flags &= (u8)~VPF_parked;
		v->parked_ns += cx->now - v->parked_entry_ns;
		list_del(&v->credit2.parked);
	}
	if (v->credit2.queued) {
		credit2_dequeue(v);
		credit2_load(cx, v, -1);
	}
	credit2_deassign(cx, v);
	credit2_accounts_less(cx, d);
	return 0;
}

NO_FRAME void credit2_sleep(sched_call_t *cx, vcpu_t *v)
{
	if (v->processor->curr == v) {
		credit2_tickle_cpu(cx, v->domain->pool, v->processor, NULL);
	} else if (v->credit2.queued) {
		credit2_dequeue(v);
		credit2_load(cx, v, -1);
	} else {
		v->credit2.flags &= (u8)~CREDIT2_DELAYED_ADD;
	}
}

CORE_FN int credit2_wake(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	if (v->processor->curr == v || v->credit2.queued)
		return 0;
	if (v->credit2.flags & CREDIT2_SCHEDULED) {
		v->credit2.flags |= CREDIT2_DELAYED_ADD;
		return 0;
	}
	credit2_load(cx, v, 1);
	credit2_enqueue(v);
	credit2_tickle(cx, v->domain->pool, v);
	return 0;
}

static void credit2_yield(sched_call_t *cx, vcpu_t *v)
{
	(void)cx;
	v->credit2.flags |= CREDIT2_YIELD;
}

/*
 * A directed yield: `to` runs next on v's pCPU, whatever credit others have, for what v's slice has left. Time is lent,
 * not given: it is debited to who uses it.
 */
CORE_FN bool credit2_yield_to(sched_call_t *cx ARG, vcpu_t *v ARG, vcpu_t *to ARG)
{
	cpupool_t *pool = v->domain->pool;
	pcpu_t *p = v->processor;
	s64 left = p->timer_ns[TIMER_SLICE] - cx->now;

	if (!to->credit2.queued || to->is_running || !mask_test(&to->hard, p->id) || !mask_test(&pool->cpus, p->id) ||
	    p->timer_ns[TIMER_SLICE] == TIME_NEVER || left < CREDIT2_LEAST_SLICE)
		return false;
	if (credit2_capped(to) && to->credit2.budget_ns <= 0 &&
	    sdom_of(to->domain)->credit2.budget_ns + to->credit2.budget_ns <= 0)
		return false;
	if (to->credit2.runq != p->credit2.runq)
		credit2_move_queued(cx, to, p);
	to->credit2.lent_ns = left;
	p->credit2.lent_to = (s32)to->index;
	credit2_tickle_cpu(cx, pool, p, to);
	v->credit2.flags |= CREDIT2_YIELD;
	return true;
}

CORE_FN int credit2_context_saved(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	domain_t *d = sdom_of(v->domain);
	bool delayed = v->credit2.flags & CREDIT2_DELAYED_ADD, refilled = false;

	v->credit2.flags &= (u8) ~(CREDIT2_SCHEDULED | CREDIT2_DELAYED_ADD);
	/* What it holds of the cap's budget others may use meanwhile. */
	if (credit2_capped(v) && v->credit2.budget_ns > 0) {
		d->credit2.budget_ns += v->credit2.budget_ns;
		v->credit2.budget_ns = 0;
		refilled = d->credit2.budget_ns > 0;
	}
	if (delayed && vcpu_runnable(v)) {
		credit2_enqueue(v);
		credit2_tickle(cx, d->pool, v);
	} else {
		credit2_load(cx, v, -1);
	}
	if (refilled && !list_empty(&d->credit2.parked))
		credit2_unpark_all(cx, d);
	return 0;
}

/* ---- turns (assist.c) ---- */

/*
 * It has credit left: debt is forgiven at a reset, so that turns on debt would be free. And no less than who is
 * interrupted: what a sleeper saves beyond a limit is lost at a reset, so that who always goes before it would always
 * gain.
 */
static bool credit2_affords(vcpu_t *v, vcpu_t *cur)
{
	if (cur && !cur->is_idle && credit2_credit(v) < credit2_credit(cur))
		return false;
	return credit2_credit(v) > 0 &&
	       (!credit2_capped(v) ||
		v->credit2.budget_ns + sdom_of(v->domain)->credit2.budget_ns > CREDIT2_LEAST_SLICE);
}

static s64 credit2_standing(vcpu_t *v)
{
	return credit2_credit(v);
}

/* Who is interrupted needs no help to be first again: that is his credit's business. */
CORE_FN int credit2_turn_begin(sched_call_t *cx ARG, pcpu_t *p ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = p->pool;
	vcpu_t *prev = p->curr;

	if (!prev->is_idle && !vcpu_away(prev)) {
		credit2_burn(cx, prev);
		prev->credit2.flags &= (u8)~CREDIT2_YIELD;
		if (vcpu_runnable(prev))
			prev->credit2.flags |= CREDIT2_DELAYED_ADD;
	}
	if (mask_test(&pool->cpus, p->id))
		credit2_set_idle(pool, p, false);
	if (!(v->credit2.flags & CREDIT2_SCHEDULED)) /* one turn after the other */
		credit2_load(cx, v, 1);
	v->credit2.flags |= CREDIT2_SCHEDULED;
	v->credit2.tickled_cpu = -1;
	v->credit2.start_ns = cx->now;
	return 0;
}

CORE_FN int credit2_turn_end(sched_call_t *cx ARG, pcpu_t *p ARG, vcpu_t *v ARG)
{
	(void)p;
	credit2_burn(cx, v);
	return 0;
}

static void credit2_affinity_set(sched_call_t *cx, vcpu_t *v)
{
	if (mask_weight(&v->hard, cx->host->mask_words) == 1)
		v->credit2.flags |= CREDIT2_PINNED;
	else
		v->credit2.flags &= (u8)~CREDIT2_PINNED;
}

static void credit2_tick(sched_call_t *cx, pcpu_t *p)
{
	(void)cx;
	(void)p;
}

/* ---- who is next ---- */

/* prev runs where its soft affinity does not want it, while a pCPU idles where it does. */
NO_FRAME bool credit2_better_elsewhere(sched_call_t *cx, pcpu_t *p, vcpu_t *prev)
{
	u32 words = cx->host->mask_words;

	return credit2_soft(p->pool, prev) && !mask_test(&prev->soft, p->id) &&
	       mask_cycle_and3(&prev->soft, &prev->hard, &p->credit2.runq->ready, -1, words) >= 0;
}

/* Who runs next on p, of p's own queue and who runs there: index, -1 nobody. Facts: 2.9 step 4. */
CORE_FN s32 credit2_candidate(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	credit2_runq_t *rq = p->credit2.runq;
	vcpu_t *prev = p->curr;
	s64 resist = pool->credit2.params.migrate_resist_ns, bar = CREDIT2_IDLE, ran = cx->now - prev->state_entry_ns;
	s32 stays = -1;
	bool yields = false;
	link_t *l = rq->queue.order.next;

	if (!prev->is_idle) {
		yields = prev->credit2.flags & CREDIT2_YIELD;
		prev->credit2.flags &= (u8)~CREDIT2_YIELD;
		if (vcpu_runnable(prev)) {
			if (!yields && ran < pool->credit2.params.ratelimit_ns) {
				if (tracing(cx))
					record(cx, TRC_CREDIT2_RATELIMIT, prev->domain->id << 16 | prev->id, (u32)ran);
				return (s32)prev->index;
			}
			if (!credit2_better_elsewhere(cx, p, prev)) {
				stays = (s32)prev->index;
				bar = credit2_credit(prev);
			}
		}
	}
	if (stays < 0 && credit2_mended(pool, CREDIT2_MEND_IDLE))
		resist = 0;
	for (; l != &rq->queue.order && can_loop;) {
		vcpu_t *v = credit2_queued_at(l);
		s64 credit = credit2_credit(v);

		l = l->next;
		if (!yields && credit <= bar)
			break;
		if (!mask_test(&v->hard, p->id))
			continue;
		if (v->credit2.tickled_cpu != (s32)p->id && credit2_reserved(pool, v))
			continue;
		if (v->processor != p && bar + resist > credit)
			continue;
		if (credit2_capped(v) && !credit2_has_budget(cx, v))
			continue;
		return (s32)v->index;
	}
	return stays;
}

/* Everybody of rq gets credit; who runs is debited first. */
CORE_FN int credit2_reset(sched_call_t *cx ARG, cpupool_t *pool ARG, credit2_runq_t *rq ARG, vcpu_t *next ARG)
{
	host_t *h = cx->host;
	s64 grant = credit2_credit(next) == CREDIT2_LEAST ? 2 * CREDIT2_GRANT : CREDIT2_GRANT;

	for_each_cpu (c, &rq->cpus, h->mask_words) {
		pcpu_t *p = pcpu_of(h, (u32)c);
		vcpu_t *cur = p->curr;

		if (cur->is_idle || cur->credit2.runq != rq)
			continue;
		credit2_burn(cx, cur);
		if (credit2_capped(cur) && cur->credit2.budget_ns <= 0)
			credit2_tickle_cpu(cx, pool, p, NULL);
	}
	rq->granted_ns += grant;
	credit2_even_grant(cx, rq, grant);
	if (tracing(cx))
		record4(cx, TRC_CREDIT2_CREDIT_RESET, pair(next->domain->id, next->id),
			pair((u32)grant, (u32)(credit2_credit(next) / USEC)));
	return 0;
}

/* How long v may run: until it has no more credit than who is next, @inflight of who is on his way to the queue. */
NO_FRAME s64 credit2_runtime(sched_call_t *cx, cpupool_t *pool, vcpu_t *v, s64 inflight)
{
	s64 least = CREDIT2_MIN_TIMER, limit = pool->credit2.params.ratelimit_ns, more = credit2_credit(v), time = 0;
	vcpu_t *first = credit2_first(v->credit2.runq);

	if (v->is_running && limit)
		limit -= cx->now - v->state_entry_ns;
	if (limit > least)
		least = limit;
	if (first && credit2_credit(first) > inflight)
		inflight = credit2_credit(first);
	if (inflight > 0)
		more -= inflight;
	if (more > 0)
		time = credit2_time(v, more);
	if (credit2_capped(v) && time > v->credit2.budget_ns)
		time = v->credit2.budget_ns;
	if (time < least)
		return least;
	return time > CREDIT2_MAX_TIMER ? CREDIT2_MAX_TIMER : time;
}

/* p was tickled for a vCPU and runs another: an idle pCPU may be glad of it. */
NO_FRAME void credit2_retickle(sched_call_t *cx, pcpu_t *p, s32 woken)
{
	cpupool_t *pool = p->pool;
	vcpu_t *v = AT(cx->host->vcpus, woken);

	if (v->domain->pool != pool || !v->credit2.queued || v->credit2.tickled_cpu != (s32)p->id)
		return;
	v->credit2.tickled_cpu = -1;
	if (credit2_mended(pool, CREDIT2_MEND_PULL))
		credit2_tickle_idle(cx, pool, v);
}

/* Its pCPU may be of another run queue. */
NO_FRAME void credit2_turn_home(sched_call_t *cx, vcpu_t *v)
{
	credit2_reassign(cx, v, v->processor->credit2.runq);
}

/* p has not scheduled, and won't for a while: it is no longer left to whom it was tickled for. */
CORE_FN int credit2_passed_over(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	s32 woken = p->credit2.tickled_for;

	if (!mask_test(&p->pool->cpus, p->id))
		return 0;
	p->credit2.tickled_for = -1;
	credit2_set_tickled(p->pool, p, false);
	if (woken >= 0)
		credit2_retickle(cx, p, woken);
	return 0;
}

/* The vCPU that somebody yielded p to, if it still waits here; -1 otherwise. */
NO_FRAME s32 credit2_lent(sched_call_t *cx, pcpu_t *p, s32 lent)
{
	vcpu_t *v = AT(cx->host->vcpus, lent);

	if (v->domain->pool != p->pool || !v->credit2.queued || v->credit2.runq != p->credit2.runq ||
	    !v->credit2.lent_ns || !mask_test(&v->hard, p->id) || (credit2_capped(v) && !credit2_has_budget(cx, v)))
		return -1;
	return lent;
}

CORE_FN int credit2_do_schedule(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	credit2_runq_t *rq = p->credit2.runq;
	vcpu_t *prev = p->curr, *next, *first;
	s32 woken = p->credit2.tickled_for, lent = p->credit2.lent_to, pick = -1;
	bool here = mask_test(&pool->cpus, p->id), moved;
	s64 inflight = 0;
	u64 swap;

	p->credit2.tickled_for = -1;
	p->credit2.lent_to = -1;
	if (tracing(cx))
		record(cx, TRC_CREDIT2_SCHEDULE, p->id << 16 | prev->is_idle, 0);
	if (!prev->is_idle) {
		credit2_burn(cx, prev);
		if (sdom_shared(prev->domain))
			credit2_pay_asleep(sdom_of(prev->domain));
		if (credit2_capped(prev) && prev->credit2.budget_ns <= 0)
			credit2_has_budget(cx, prev);
	}
	if (here) {
		credit2_set_tickled(pool, p, false);
		if (lent >= 0)
			pick = credit2_lent(cx, p, lent);
		if (pick < 0)
			pick = credit2_candidate(cx, p);
		else if (!prev->is_idle)
			prev->credit2.flags &= (u8)~CREDIT2_YIELD;
		if (pick < 0 && credit2_mended(pool, CREDIT2_MEND_PULL))
			pick = credit2_pull(cx, p);
	}
	next = pick < 0 ? p->idle : AT(cx->host->vcpus, pick);
	if (next != prev && !prev->is_idle && vcpu_runnable(prev)) {
		prev->credit2.flags |= CREDIT2_DELAYED_ADD;
		inflight = 1;
	}
	p->next = next;
	if (pick < 0) {
		if (here) {
			credit2_set_idle(pool, p, true);
			credit2_load_runq(cx, rq, 0);
		}
		p->next_slice_ns = -1;
	} else {
		if (next != prev) {
			credit2_dequeue(next);
			next->credit2.flags |= CREDIT2_SCHEDULED;
		} else {
			credit2_load(cx, next, 0);
		}
		credit2_set_idle(pool, p, false);
		moved = next->processor != p;
		next->processor = p; /* before balancing, which may want it elsewhere and kicks its pCPU */
		first = credit2_first(rq);
		if (credit2_credit(next) <= 0 && (!first || credit2_credit(first) <= 0)) {
			credit2_reset(cx, pool, rq, next);
			swap = credit2_balance(cx, pool, rq);
			if (!swap && credit2_mended(pool, CREDIT2_MEND_EVEN))
				swap = credit2_even(cx, pool, rq);
			if (swap)
				credit2_swap(cx, pool, rq, swap);
		}
		rq->best_ns = credit2_credit(next) - rq->granted_ns;
		if (inflight)
			inflight = credit2_credit(prev);
		next->credit2.start_ns = cx->now;
		next->credit2.tickled_cpu = -1;
		if (moved && !credit2_mended(pool, CREDIT2_MEND_SHARE)) {
			credit2_settle(next);
			next->credit2.credit_ns += CREDIT2_COMPENSATION;
		}
		next->trace_class = TRACE_CLASS_NORMAL;
		p->next_slice_ns = credit2_runtime(cx, pool, next, inflight);
		if (next->credit2.lent_ns) {
			if (pick == lent && next->credit2.lent_ns < p->next_slice_ns)
				p->next_slice_ns = next->credit2.lent_ns;
			next->credit2.lent_ns = 0;
		}
	}
	/* One that idles and did not want it (2.9) would only be asked again. */
	if (woken >= 0 && woken != pick && (pick >= 0 || credit2_mended(pool, CREDIT2_MEND_IDLE)))
		credit2_retickle(cx, p, woken);
	return 0;
}

/* ---- parameters ---- */

/* a, which is accounted to d, has d's weight, and its cap where that began before. */
NO_FRAME void credit2_adjust_vcpus(sched_call_t *cx, domain_t *a, domain_t *d)
{
	for (link_t *l = a->vcpus.next; l != &a->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		credit2_set_weight(cx, v, d->weight);
		if (d->credit2.capped && !credit2_capped(v))
			v->credit2.budget_ns = 0;
	}
}

CORE_FN int credit2_adjust(sched_call_t *cx ARG, domain_t *d ARG, u32 weight, u32 cap)
{
	d->cap = cap;
	d->weight = weight;
	if (d->sdom)
		return 0; /* for the time after */
	for (domain_t *a = d; a && can_loop; a = sdom_next(d, a))
		credit2_adjust_vcpus(cx, a, d);
	if (!cap && d->credit2.capped)
		credit2_cap_end(cx, d);
	else if (cap && !d->credit2.capped)
		credit2_cap_begin(cx, d);
	return 0;
}

static bool credit2_params_valid(const struct credit2_params ARENA *p)
{
	return (!p->ratelimit_ns || (p->ratelimit_ns >= 100 * USEC && p->ratelimit_ns <= 500 * MSEC)) &&
	       p->cap_period_ns >= MSEC && p->cap_period_ns <= 1000 * MSEC && p->migrate_resist_ns >= 0 &&
	       p->migrate_resist_ns <= 10 * MSEC && p->load_window_shift >= 11 && p->load_window_shift <= 34 &&
	       p->load_precision_shift >= 4 && p->load_precision_shift <= 20 && p->balance_under >= -4 &&
	       p->balance_under <= 6 && p->balance_over >= -4 && p->balance_over <= 6 && p->runqueue <= CREDIT2_ALL &&
	       p->smt_power_savings <= 1 && p->max_cpus_runqueue >= 1 && p->max_cpus_runqueue <= SCHED_MAX_PCPUS &&
	       !(p->mend & ~(u32)CREDIT2_MEND_ALL);
}

SCHED_API s32 sched_adjust_global_credit2(sched_call_t *cx, cpupool_t *pool, const struct credit2_params ARENA *params)
{
	struct credit2_params ARENA *own = &pool->credit2.params;

	if (pool->sched != SCHED_ID_credit2 || !credit2_params_valid(params))
		return -SCHED_EINVAL;
	if ((pool->nr_cpus || pool->nr_domains) &&
	    (params->runqueue != own->runqueue || params->max_cpus_runqueue != own->max_cpus_runqueue ||
	     params->load_window_shift != own->load_window_shift ||
	     params->load_precision_shift != own->load_precision_shift))
		return -SCHED_EBUSY;
	cx->calls++;
	sched_lock(pool);
	own->ratelimit_ns = params->ratelimit_ns;
	own->cap_period_ns = params->cap_period_ns;
	own->migrate_resist_ns = params->migrate_resist_ns;
	own->load_window_shift = params->load_window_shift;
	own->load_precision_shift = params->load_precision_shift;
	own->balance_under = params->balance_under;
	own->balance_over = params->balance_over;
	own->runqueue = params->runqueue;
	own->smt_power_savings = params->smt_power_savings;
	own->max_cpus_runqueue = params->max_cpus_runqueue;
	own->mend = params->mend;
	sched_unlock(pool);
	return 0;
}
