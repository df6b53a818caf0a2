/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit: Xen's SMP credit scheduler. Facts: xen-framework-credit-cpupool-xl.md 2.
 *
 * A running vCPU burns credit; every time slice (30 ms) the accounting grants the pool's CPU time to the active vCPUs
 * in proportion to their weights, limited by their domain's cap. Who has credit is UNDER, who has overdrawn is OVER,
 * and who wakes up UNDER is BOOSTed, so that it preempts at once. Each pCPU has a queue, FIFO within each class; a
 * pCPU that would run an OVER vCPU or idle first looks for a better one on its peers. A tick (10 ms) re-places the
 * running vCPU.
 *
 * Constants and their reasons: 30 ms slices amortise cache refill on CPU-bound VMs; the tick is a third of it; the
 * ratelimit (1 ms) bounds how often wake-ups can preempt; 1 credit is 100 us.
 *
 * Rota's credit differs from Xen's where facts 6.1 lists a weakness. Each is named at CREDIT_MEND_* in credit.h, is
 * mended by default where the code below asks mended(), and is left as Xen has it otherwise. Always mended, since
 * nobody can want them back: the 32-bit products (6.1.11), a count of runnable vCPUs that drifts (6.1.16), the look
 * at a list head as if it were a vCPU (6.1.15), parameters without range (6.1.21), a parked vCPU that looks paused
 * (6.1.19).
 *
 * Left as Xen has them: accounting is in proportion to the active vCPUs, on one pCPU and under the pool's lock (6.1.10;
 * stealing looks only where somebody waits), and a migration delay breaks work conservation, which is what it is for
 * (6.1.18). Core scheduling (6.1.20) is not here.
 *
 * Locking: one lock for each pool, held in all hooks but pool_init, vcpu_init and domain_init. It covers queues,
 * classes and flags alike, which Xen writes under different locks (6.1.14).
 */

#define CREDIT_NS 100000LL /* one credit of Xen's */
#define CREDIT_MIN_TIMER_NS 100000LL /* no shorter slice: Xen's least ratelimit */
#define CREDIT_SAVED_SLICES 4 /* lag and lead are remembered up to so many slices */
/*
 * An active vCPU is granted at least what earns it a slice in so long, however little it weighs, so that it is never
 * taken for stuck (a live host's kernel waits 30 s): 40 us for slices of 30 ms. Xen rounds every grant up to a credit,
 * 100 us.
 */
#define CREDIT_LONGEST_WAIT_NS (22500 * MSEC)
#define CREDIT_LEAST_LOAN_NS 10000LL /* less than that is not worth a switch to a sibling */
#define CREDIT_YIELD_PROBES 8 /* siblings that are looked at for one that is alone on its pCPU */
#define CREDIT_BOOST_NS (1 * MSEC) /* CPU time for which a wake-up puts its vCPU before the others */
#define CREDIT_PREEMPT_PROBES 4 /* pCPUs looked at for one that can be preempted */
#define CREDIT_FILL_ROUNDS 8 /* rounds in which satisfied shares give back what they don't want */

static inline bool mended(cpupool_t *pool, u32 mend)
{
	return pool->credit.params.mend & mend;
}

#include "sched/credit_queue.c"
#include "sched/credit_place.c"
#include "sched/credit_account.c"

/* Xen's defaults. */
static void credit_default_params(struct credit_params ARENA *p)
{
	p->tslice_ns = 30 * MSEC;
	p->ratelimit_ns = 1 * MSEC;
	p->migr_delay_ns = 0;
	p->lb_ratelimit_ns = 1 * MSEC;
	p->weight_of_domain = 0;
	p->old_yields = 0;
	p->tickle_one_idle = 1;
	p->mend = CREDIT_MEND_ALL;
}

/* ---- the hooks ---- */

static void credit_pool_init(cpupool_t *pool)
{
	credit_default_params(&pool->credit.params);
	pool->credit.tick_ns = 10 * MSEC;
	pool->credit.ticks_per_tslice = 3;
	list_init(&pool->credit.active);
	pool->credit.balance_ns = 0;
	pool->credit.sort_epoch = 0;
	pool->credit.master = -1;
	for (u32 i = ZERO; i < SCHED_MAX_NODES && can_loop; i++)
		*AT(pool->credit.balance_bias, i) = -1;
	pool->credit.nr_idlers = 0;
	mask_zero(&pool->credit.idlers);
	mask_zero(&pool->credit.idle_cores);
	mask_zero(&pool->credit.waiting);
	mask_zero(&pool->credit.waiting_under);
}

CORE_FN int credit_pcpu_init(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;

	for (u32 c = ZERO; c < CREDIT_CLASSES && can_loop; c++)
		list_init(AT(p->credit.queue, c));
	p->credit.nr_queued = 0;
	p->credit.classes = 0;
	p->credit.stale = 0;
	p->credit.sort_epoch = pool->credit.sort_epoch;
	p->credit.last_balance_ns = cx->now;
	p->credit.idle_bias = (s32)cx->host->limits.pcpus - 1;
	p->tickle_cursor = -1;
	if (*AT(pool->credit.balance_bias, p->node % SCHED_MAX_NODES) < 0)
		*AT(pool->credit.balance_bias, p->node % SCHED_MAX_NODES) = (s32)p->id;
	if (pool->credit.master < 0) {
		pool->credit.master = (s32)p->id;
		pool->credit.acct_ns = cx->now;
		timer_set(cx, p, TIMER_ACCT, cx->now + pool->credit.params.tslice_ns);
	}
	credit_set_idle(pool, p, p->curr->is_idle);
	return 0;
}

CORE_FN int credit_pcpu_deinit(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	s32 heir;

	credit_set_idle(pool, p, false);
	mask_clear(&pool->credit.waiting, p->id);
	mask_clear(&pool->credit.waiting_under, p->id);
	if (pool->credit.master != (s32)p->id)
		return 0;
	/* The pool's cpus no longer hold p. */
	heir = mask_first(&pool->cpus, cx->host->mask_words);
	if (heir >= 0)
		timer_set(cx, pcpu_of(cx->host, (u32)heir), TIMER_ACCT, p->timer_ns[TIMER_ACCT]);
	timer_set(cx, p, TIMER_ACCT, TIME_NEVER);
	pool->credit.master = heir;
	return 0;
}

CORE_FN int credit_vcpu_init(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	list_init(&v->credit.queue);
	list_init(&v->credit.active);
	v->credit.credit_ns = 0;
	v->credit.start_ns = 0;
	v->credit.burnt_ns = cx->now;
	v->credit.residual = 0;
	v->credit.last_run_ns = cx->now;
	v->credit.boost_ns = 0;
	v->credit.loan_ns = 0;
	v->credit.left_ns = 0;
	v->credit.pri = CREDIT_UNDER;
	v->credit.queued = 0;
	v->credit.flags = mask_weight(&v->hard, cx->host->mask_words) == 1 ? CREDIT_PINNED : 0;
	v->credit.is_active = 0;
	credit_cap_reset(v->domain->pool, v);
	return 0;
}

static void credit_domain_init(sched_call_t *cx, domain_t *d)
{
	(void)cx;
	list_init(&d->credit.active);
	list_init(&d->credit.pool_link);
	d->credit.nr_active = 0;
}

CORE_FN int credit_insert_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;

	v->processor = pcpu_of(cx->host, credit_pick_cpu(cx, v, true));
	if (!vcpu_runnable(v) || v->is_running)
		return 0;
	if (mended(pool, CREDIT_MEND_ACTIVE))
		credit_activate(cx, pool, v);
	if (mended(pool, CREDIT_MEND_INSERT))
		credit_enqueue_and_tickle(cx, pool, v);
	else
		credit_enqueue(pool, v);
	return 0;
}

CORE_FN int credit_remove_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	if (v->credit.flags & CREDIT_PARKED) {
		v->credit.flags &= (u8)~CREDIT_PARKED;
		v->pause_flags &= (u8)~VPF_parked;
		v->parked_ns += cx->now - v->parked_entry_ns;
	}
	if (v->credit.queued)
		credit_dequeue(v->domain->pool, v);
	credit_deactivate(cx, v);
	return 0;
}

static void credit_sleep(sched_call_t *cx, vcpu_t *v)
{
	if (v->processor->curr == v)
		kick(cx, v->processor);
	else if (v->credit.queued)
		credit_dequeue(v->domain->pool, v);
}

NO_FRAME void credit_wake(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;
	bool migrating;

	if (!v->credit.is_active && mended(pool, CREDIT_MEND_ACTIVE))
		credit_activate(cx, pool, v);
	if (v->processor->curr == v || v->credit.queued)
		return;
	migrating = v->credit.flags & CREDIT_MIGRATING;
	v->credit.flags &= (u8)~CREDIT_MIGRATING;
	if (unlikely(v->assist.home_boost)) {
		v->assist.home_boost = 0;
		v->credit.pri = CREDIT_UNDER;
		migrating = false;
	}
	if (mended(pool, CREDIT_MEND_YIELD) || pool->credit.params.old_yields)
		v->credit.flags &= (u8)~CREDIT_YIELD;
	if (unlikely(credit_cap_used_up(pool, v))) {
		credit_park(cx, v);
		runstate_set(cx, v, RUNSTATE_offline);
		return;
	}
	if (!migrating)
		v->credit.slept = 1;
	if (!migrating && v->credit.pri == CREDIT_UNDER && !(v->credit.flags & CREDIT_PARKED)) {
		v->credit.pri = CREDIT_BOOST;
		v->credit.boost_ns = 0;
		v->boosts++;
		if (tracing(cx))
			record_vcpu(cx, TRC_CREDIT_BOOST_START, v);
	}
	credit_enqueue_and_tickle(cx, pool, v);
}

static void credit_yield(sched_call_t *cx, vcpu_t *v)
{
	(void)cx;
	v->credit.flags |= CREDIT_YIELD;
}

/* v, queued, goes to an idle pCPU, if there is one for it. */
NO_FRAME bool credit_push_queued(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	s32 idle = credit_find_idle(cx, pool, v);

	if (idle < 0)
		return false;
	credit_dequeue(pool, v);
	v->processor = pcpu_of(cx->host, (u32)idle);
	credit_enqueue(pool, v);
	credit_tickle_cpu(cx, pool, v->processor);
	return true;
}

/*
 * May who runs on p be interrupted by a directed yield? Not a waker, nor a turn; nor who is on his way out of the pool.
 */
static inline bool credit_yields_over(pcpu_t *p)
{
	vcpu_t *cur = p->curr;

	return mask_test(&p->pool->cpus, p->id) && !cur->is_idle && cur->credit.pri != CREDIT_BOOST && !vcpu_away(cur);
}

/* A pCPU where a sibling of `to` runs and nobody waits, and `to` may run; of the next few siblings. -1: none. */
CORE_FN s32 credit_alone(vcpu_t *to ARG)
{
	link_t *head = &to->domain->vcpus, *l = &to->domain_link;

	for (u32 i = ZERO; i < CREDIT_YIELD_PROBES && can_loop; i++) {
		pcpu_t *q;

		l = l->next == head ? head->next : l->next;
		q = link_of(l, vcpu_t, domain_link)->processor;
		if (q->curr == link_of(l, vcpu_t, domain_link) && !q->credit.nr_queued && mask_test(&to->hard, q->id) &&
		    credit_yields_over(q))
			return (s32)q->id;
	}
	return -1;
}

/*
 * Where `to` is run, to which v yields. On the pCPU where it waits, in place of who runs there, if somebody waits for
 * v's own: it goes to him, and each pCPU has as many that wait as before. If two wait for v's own, in place of a
 * sibling for whose pCPU nobody waits. Else on v's own, where v would only go on, and `to` have time that nobody lent.
 *
 * For KVM asks for no directed yield where one thread alone is on a run queue of the kernel: with all siblings but one
 * on one pCPU, that one would spin on the other unheard. -1: nowhere.
 */
static inline s32 credit_yields_where(pcpu_t *p, vcpu_t *to)
{
	pcpu_t *q = to->processor;
	s32 alone = p->credit.nr_queued > 1 ? credit_alone(to) : -1;

	if (alone >= 0)
		return alone;
	if (q != p && p->credit.nr_queued && credit_yields_over(q))
		return (s32)q->id;
	return mask_test(&to->hard, p->id) && mask_test(&p->pool->cpus, p->id) ? (s32)p->id : -1;
}

/*
 * A directed yield: `to` goes to the head of the best class, whatever its own, for what v's slice has left. Time is
 * lent, not given: it is debited to who uses it, and the next accounting puts `to` back where its credit says. It may
 * be lent on, also by who has it for a ratelimit only (credit_yielded()): until the end of the slice that was lent
 * first, siblings that wait for each other have it among themselves, and no longer. Where that is over, and the timer
 * late, the pCPU passes to who is next by the policy; whose slice was his own lends a ratelimit more.
 */
CORE_FN bool credit_yield_to(sched_call_t *cx ARG, vcpu_t *v ARG, vcpu_t *to ARG)
{
	cpupool_t *pool = v->domain->pool;
	pcpu_t *p = v->processor, *where;
	s64 end = v->credit.loan_ns > cx->now ? v->credit.loan_ns : p->timer_ns[TIMER_SLICE];
	s32 cpu = to->credit.queued ? credit_yields_where(p, to) : -1;

	if (cpu < 0 || to->is_running)
		return false;
	if (end - cx->now < CREDIT_LEAST_LOAN_NS) {
		if (v->credit.loan_ns) {
			v->credit.flags |= CREDIT_YIELD;
			kick(cx, p);
			return false;
		}
		end = cx->now + CREDIT_LEAST_LOAN_NS + pool->credit.params.ratelimit_ns;
	}
	where = pcpu_of(cx->host, (u32)cpu);
	credit_dequeue(pool, to);
	to->processor = where;
	to->credit.loan_ns = end;
	list_add_head(&where->credit.queue[CREDIT_BOOST], &to->credit.queue);
	to->credit.queued = 1 + CREDIT_BOOST;
	where->credit.nr_queued++;
	where->credit.classes |= 1 << CREDIT_BOOST;
	where->credit.stale = 1;
	credit_queue_masks(pool, where);
	v->credit.flags |= CREDIT_YIELD;
	if (where != p)
		kick(cx, where);
	return true;
}

/*
 * What was left on the queue may use an idle pCPU that it could not leave for while it was being saved (mends 6.1.1).
 */
CORE_FN int credit_push_saved(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;

	if (!mended(pool, CREDIT_MEND_PUSH) || (p->curr->is_idle && credit_first(p) == v))
		return 0;
	if (!pool->credit.params.migr_delay_ns)
		credit_push_queued(cx, pool, v);
	return 0;
}

NO_FRAME void credit_context_saved(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;

	if (v->credit.queued && pool->credit.nr_idlers)
		credit_push_saved(cx, pool, v);
}

/*
 * p idled and several came for it before it scheduled: the best got it, and the one for whom it was claimed may find
 * another (mends 6.1.8). Who could not use an idle pCPU when he was queued can't now.
 */
CORE_FN int credit_push_rest(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;

	if (pool->credit.params.migr_delay_ns || !pool->credit.nr_idlers)
		return 0;
	for (u32 c = ZERO; c < CREDIT_CLASSES && can_loop; c++) {
		link_t *head = AT(p->credit.queue, c);

		for (link_t *l = head->next; l != head && can_loop; l = l->next) {
			vcpu_t *v = link_of(l, vcpu_t, credit.queue);

			if (!v->is_running && credit_push_queued(cx, pool, v))
				return 0;
		}
	}
	return 0;
}

/* ---- turns (assist.c) ---- */

/*
 * It owes less than a slice, and its cap leaves it something. And who is interrupted is not far ahead, by one slice and
 * a half: a sleeper has no more than it can save, so that who always goes before it would always gain.
 */
static bool credit_affords(vcpu_t *v, vcpu_t *cur)
{
	cpupool_t *pool = v->domain->pool;
	s64 slice = pool->credit.params.tslice_ns;

	if (cur && !cur->is_idle && 2 * (cur->credit.credit_ns - v->credit.credit_ns) >= 3 * slice)
		return false;
	return v->credit.credit_ns > -slice && (!sdom_of(v->domain)->cap || v->credit.cap_ns > CREDIT_MIN_TIMER_NS);
}

static s64 credit_standing(vcpu_t *v)
{
	s64 class = CREDIT_OVER - v->credit.pri;

	return class * 4 * CREDIT_SAVED_SLICES * v->domain->pool->credit.params.tslice_ns + v->credit.credit_ns;
}

CORE_FN int credit_turn_begin(sched_call_t *cx ARG, pcpu_t *p ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = p->pool;
	vcpu_t *prev = p->curr;
	s64 left = p->timer_ns[TIMER_SLICE] == TIME_NEVER ? 0 : p->timer_ns[TIMER_SLICE] - cx->now;

	if (!prev->is_idle && !vcpu_away(prev)) {
		credit_burn(cx, pool, prev);
		prev->credit.last_run_ns = cx->now;
		prev->credit.start_ns -= cx->now;
		prev->credit.loan_ns = 0;
		if (credit_cap_used_up(pool, prev) && vcpu_runnable(prev))
			credit_park(cx, prev);
		if (v->assist.kind == TURN_LENT)
			left -= (s64)v->assist.turn_ns;
		if (!vcpu_runnable(prev)) {
			/* it leaves anyway */
		} else if (left < CREDIT_MIN_TIMER_NS) {
			credit_enqueue(pool, prev);
		} else {
			prev->credit.left_ns = left;
			credit_put_back(pool, prev);
		}
	}
	if (mask_test(&pool->cpus, p->id))
		credit_set_idle(pool, p, false);
	credit_activate(cx, pool, v); /* no tick would sample it: it would pay, and earn nothing */
	v->credit.start_ns += cx->now;
	v->credit.burnt_ns = cx->now;
	return 0;
}

CORE_FN int credit_turn_end(sched_call_t *cx ARG, pcpu_t *p ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = p->pool;

	credit_burn(cx, pool, v);
	v->credit.last_run_ns = cx->now;
	v->credit.start_ns -= cx->now;
	v->credit.pri = v->credit.credit_ns < 0 ? CREDIT_OVER : CREDIT_UNDER;
	return 0;
}

static inline void credit_turn_home(sched_call_t *cx, vcpu_t *v)
{
	(void)cx, (void)v;
}

/* Who waits is looked for by whoever idles; nothing of it is kept for p. */
static inline void credit_passed_over(sched_call_t *cx, pcpu_t *p)
{
	(void)cx, (void)p;
}

static void credit_affinity_set(sched_call_t *cx, vcpu_t *v)
{
	if (mask_weight(&v->hard, cx->host->mask_words) == 1)
		v->credit.flags |= CREDIT_PINNED;
	else
		v->credit.flags &= (u8)~CREDIT_PINNED;
}

/* The tick stops on an idle pCPU and resumes at the next multiple of its period. */
static void credit_tick_start(sched_call_t *cx, pcpu_t *p)
{
	s64 tick = p->pool->credit.tick_ns;

	timer_set(cx, p, TIMER_TICK, cx->now + tick - cx->now % tick);
}

/*
 * The accounting is late by a slice: a host may have something else to do on the master's pCPU (Linux a real-time
 * process), and without it who is OVER would stay so, and not run, for as long as that takes. This pCPU does it now.
 */
CORE_FN int credit_follow_master(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	pcpu_t *master = pcpu_of(cx->host, (u32)pool->credit.master);

	if (likely(cx->now - master->timer_ns[TIMER_ACCT] <= pool->credit.params.tslice_ns))
		return 0;
	timer_set(cx, master, TIMER_ACCT, TIME_NEVER);
	pool->credit.master = (s32)p->id;
	timer_set(cx, p, TIMER_ACCT, cx->now);
	return 0;
}

CORE_FN int credit_tick(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	vcpu_t *v = p->curr;

	sched_lock(pool);
	if (pool->credit.master >= 0 && mask_test(&pool->cpus, p->id))
		credit_follow_master(cx, p);
	if (!v->is_idle) {
		if (v->credit.pri == CREDIT_BOOST && !mended(pool, CREDIT_MEND_BOOST))
			credit_unboost(cx, v);
		credit_burn(cx, pool, v);
		if (!v->credit.is_active)
			credit_activate(cx, pool, v);
		else if (!(v->pause_flags & VPF_migrating) && credit_pick_cpu(cx, v, false) != p->id)
			vcpu_move_start(cx, v);
	}
	if (p->credit.sort_epoch != pool->credit.sort_epoch) {
		p->credit.sort_epoch = pool->credit.sort_epoch;
		credit_sort(pool, p);
	}
	timer_set(cx, p, TIMER_TICK, v->is_idle ? TIME_NEVER : cx->now + pool->credit.tick_ns);
	sched_unlock(pool);
	return 0;
}

/* Does the ratelimit keep prev on its pCPU? */
static inline bool credit_ratelimited(sched_call_t *cx, cpupool_t *pool, vcpu_t *prev)
{
	return cx->now - prev->state_entry_ns < pool->credit.params.ratelimit_ns && vcpu_runnable(prev) &&
	       !(prev->credit.flags & CREDIT_YIELD && !pool->credit.params.old_yields);
}

/* Keep prev for the rest of it. */
CORE_FN int credit_keep(sched_call_t *cx ARG, pcpu_t *p ARG, vcpu_t *prev ARG)
{
	cpupool_t *pool = p->pool;
	s64 ran = cx->now - prev->state_entry_ns, slice = pool->credit.params.ratelimit_ns - ran;

	if (mended(pool, CREDIT_MEND_TIMER)) {
		if (slice < CREDIT_MIN_TIMER_NS)
			slice = CREDIT_MIN_TIMER_NS;
	} else if (ran < 100) {
		slice = 100; /* Xen's: the minimum in the wrong unit, and of the wrong quantity */
	}
	if (sdom_of(prev->domain)->cap && mended(pool, CREDIT_MEND_CAP) && slice > prev->credit.cap_ns)
		slice = prev->credit.cap_ns;
	p->next = prev;
	p->next_slice_ns = slice;
	if (tracing(cx))
		record(cx, TRC_CREDIT_RATELIMIT, prev->domain->id << 16 | prev->id, (u32)ran);
	return 0;
}

/*
 * prev has yielded, and next was let in: that was the yield (mends 6.1.15). From now on prev waits in the queue of its
 * class, whence a pCPU that would run somebody OVER may take it; and next has the pCPU for a ratelimit, not a slice,
 * unless prev's class is worse. Who spins waits for somebody, and not for long: were it sent behind whole slices of
 * whoever computes, a guest that spins would have next to nothing of its share. What it may lend is the whole slice.
 */
CORE_FN int credit_yielded(sched_call_t *cx ARG, pcpu_t *p ARG, vcpu_t *prev ARG, vcpu_t *next ARG)
{
	cpupool_t *pool = p->pool;
	s64 most = pool->credit.params.ratelimit_ns ? pool->credit.params.ratelimit_ns : MSEC;

	if (prev == next || !prev->credit.queued || !mended(pool, CREDIT_MEND_YIELD))
		return 0;
	prev->credit.flags &= (u8)~CREDIT_YIELD;
	credit_sort(pool, p);
	if (prev->credit.pri > next->credit.pri || p->next_slice_ns <= most || pool->credit.params.old_yields)
		return 0;
	if (!next->credit.loan_ns)
		next->credit.loan_ns = cx->now + p->next_slice_ns;
	p->next_slice_ns = most;
	return 0;
}

CORE_FN int credit_do_schedule(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	vcpu_t *prev = p->curr, *next;
	s32 stolen = -1;
	bool balance;

	if (tracing(cx))
		record(cx, TRC_CREDIT_SCHEDULE, p->id << 16 | prev->is_idle, 0);
	if (!prev->is_idle && likely(!vcpu_away(prev))) {
		credit_debit(cx, pool, prev);
		prev->credit.last_run_ns = cx->now;
		if (credit_cap_used_up(pool, prev) && vcpu_runnable(prev))
			credit_park(cx, prev);
		if (unlikely(credit_ratelimited(cx, pool, prev))) {
			credit_keep(cx, p, prev);
			return 0;
		}
		prev->credit.start_ns -= cx->now;
		prev->credit.loan_ns = 0;
		if (vcpu_runnable(prev))
			credit_queue_add(pool, prev);
	}

	next = credit_first(p);
	if (!next || (next->credit.pri == CREDIT_OVER && !next->credit.loan_ns)) {
		/* Before running somebody OVER, or idling, look for a better one on the peers. */
		balance = cx->now - p->credit.last_balance_ns > pool->credit.params.lb_ratelimit_ns;
		if (balance || (!next && mended(pool, CREDIT_MEND_BALANCE))) {
			p->credit.last_balance_ns = cx->now;
			if (mask_test(&pool->cpus, p->id))
				stolen = credit_steal(cx, p, next ? CREDIT_OVER : CREDIT_IDLE);
		}
		if (stolen >= 0)
			next = AT(cx->host->vcpus, stolen);
	}
	if (!next) {
		credit_set_idle(pool, p, mask_test(&pool->cpus, p->id));
		if (!prev->is_idle)
			timer_set(cx, p, TIMER_TICK, TIME_NEVER);
		p->next = p->idle;
		p->next_slice_ns = -1;
		return 0;
	}
	if (next->credit.queued)
		credit_queue_del(pool, next);
	if (pool->credit.nr_idlers)
		credit_set_idle(pool, p, false);
	next->credit.start_ns += cx->now;
	next->credit.burnt_ns = cx->now;
	next->trace_class = next->credit.pri;
	p->next = next;
	p->next_slice_ns = credit_slice_end(pool, next, cx->now, cx->now) - cx->now;
	if (next->credit.loan_ns > cx->now) {
		if (next->credit.loan_ns - cx->now < p->next_slice_ns)
			p->next_slice_ns = next->credit.loan_ns - cx->now;
	} else {
		next->credit.loan_ns = 0; /* it came too late */
	}
	if (unlikely(next->credit.left_ns)) {
		if (next->credit.left_ns < p->next_slice_ns)
			p->next_slice_ns = next->credit.left_ns;
		next->credit.left_ns = 0;
	}
	if (unlikely(prev->credit.flags & CREDIT_YIELD))
		credit_yielded(cx, p, prev, next);
	if (prev->is_idle || unlikely(vcpu_away(prev))) {
		credit_tick_start(cx, p);
		if (p->credit.classes && mended(pool, CREDIT_MEND_PUSH))
			credit_push_rest(cx, p);
	}
	return 0;
}

/* Debit whom of d's vCPUs runs. */
NO_FRAME void credit_settle_domain(sched_call_t *cx, domain_t *d)
{
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (v->processor->curr == v)
			credit_burn(cx, d->pool, v);
	}
}

/* Another cap holds for d's vCPUs from now on. */
NO_FRAME void credit_new_cap(sched_call_t *cx, domain_t *d)
{
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		credit_cap_reset(d->pool, v);
		if (v->credit.flags & CREDIT_PARKED)
			credit_unpark(cx, d->pool, v);
		else if (v->processor->curr == v)
			kick(cx, v->processor); /* its slice ends with its budget */
	}
}

CORE_FN int credit_adjust(sched_call_t *cx ARG, domain_t *d ARG, u32 weight, u32 cap)
{
	u32 old = d->cap;

	d->weight = weight;
	d->cap = cap;
	if (cap == old || d->sdom || !mended(d->pool, CREDIT_MEND_CAP))
		return 0;
	for (domain_t *a = d; a && can_loop; a = sdom_next(d, a)) {
		credit_settle_domain(cx, a);
		credit_new_cap(cx, a);
	}
	return 0;
}

/* d leaves the record it is accounted in: drop what is kept there of it. */
CORE_FN int credit_sdom_change(sched_call_t *cx ARG, domain_t *d ARG)
{
	credit_settle_domain(cx, d);
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (v->credit.is_active)
			v->credit.flags |= CREDIT_REJOINS;
		credit_deactivate(cx, v);
	}
	return 0;
}

/* And enter it in the new one. */
CORE_FN int credit_sdom_changed(sched_call_t *cx ARG, domain_t *d ARG)
{
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (v->credit.flags & CREDIT_REJOINS)
			credit_activate(cx, d->pool, v);
		v->credit.flags &= (u8)~CREDIT_REJOINS;
	}
	credit_new_cap(cx, d);
	return 0;
}

SCHED_API s32 sched_adjust_global_credit(sched_call_t *cx, cpupool_t *pool, const struct credit_params ARENA *params)
{
	struct credit_params ARENA *own = &pool->credit.params;
	s64 tslice_ms = params->tslice_ns / MSEC;

	if (pool->sched != SCHED_ID_credit)
		return -SCHED_EINVAL;
	/* They mean something to vCPUs that are queued or have run: not while there are any. */
	if (params->mend != own->mend && pool->nr_domains)
		return -SCHED_EBUSY;
	if (params->tslice_ns < MSEC || params->tslice_ns > 1000 * MSEC || params->ratelimit_ns > 500 * MSEC ||
	    (params->ratelimit_ns && params->ratelimit_ns < 100 * USEC) || params->ratelimit_ns < 0 ||
	    params->ratelimit_ns > params->tslice_ns || params->migr_delay_ns < 0 ||
	    params->migr_delay_ns > 100 * MSEC || params->lb_ratelimit_ns < 0 ||
	    params->lb_ratelimit_ns > 1000 * MSEC || params->mend & ~(u32)CREDIT_MEND_ALL)
		return -SCHED_EINVAL;
	cx->calls++;
	sched_lock(pool);
	own->tslice_ns = params->tslice_ns;
	own->ratelimit_ns = params->ratelimit_ns;
	own->migr_delay_ns = params->migr_delay_ns;
	own->lb_ratelimit_ns = params->lb_ratelimit_ns;
	own->weight_of_domain = params->weight_of_domain;
	own->old_yields = params->old_yields;
	own->tickle_one_idle = params->tickle_one_idle;
	own->mend = params->mend;
	pool->credit.ticks_per_tslice = tslice_ms < 3 ? 1 : 3;
	pool->credit.tick_ns = params->tslice_ns / USEC / pool->credit.ticks_per_tslice * USEC;
	sched_unlock(pool);
	return 0;
}
