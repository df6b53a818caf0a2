/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit: Xen's SMP credit scheduler. Facts: xen-framework-credit-cpupool-xl.md 2.
 *
 * A running vCPU burns credit; every time slice (30 ms) the accounting grants the pool's CPU time to the active vCPUs in
 * proportion to their weights, limited by their domain's cap. Who has credit is UNDER, who has overdrawn is OVER, and who
 * wakes up UNDER is BOOSTed, so that it preempts at once. Each pCPU has a queue, FIFO within each class; a pCPU that would
 * run an OVER vCPU or idle first looks for a better one on its peers. A tick (10 ms) re-places the running vCPU.
 *
 * Constants and their reasons: 30 ms slices amortise cache refill on CPU-bound VMs; the tick is a third of it; the
 * ratelimit (1 ms) bounds how often wake-ups can preempt; 1 credit is 100 us.
 *
 * Rota's credit differs from Xen's where facts 6.1 lists a weakness. Each is named at CREDIT_MEND_* in credit.h, is mended
 * by default where the code below asks mended(), and is left as Xen has it otherwise. Always mended, since nobody can want
 * them back: the 32-bit products (6.1.11), a count of runnable vCPUs that drifts (6.1.16), the look at a list head as if it
 * were a vCPU (6.1.15), parameters without range (6.1.21), a parked vCPU that looks paused (6.1.19).
 *
 * Locking: one lock for each pool, held in all hooks but pool_init, vcpu_init and domain_init. It covers queues, classes and
 * flags alike, which Xen writes under different locks (6.1.14).
 */

#define CREDIT_NS 100000LL /* one credit of Xen's */
#define CREDIT_MIN_TIMER_NS 100000LL /* no shorter slice: Xen's least ratelimit */
#define CREDIT_SAVED_SLICES 4 /* lag and lead are remembered up to so many slices */
#define CREDIT_PREEMPT_PROBES 4 /* pCPUs looked at for one that can be preempted */
#define CREDIT_FILL_ROUNDS 8 /* rounds in which satisfied shares give back what they don't want */

/* Xen's defaults. */
static void credit_default_params(struct credit_params ARENA *p)
{
	p->tslice_ns = 30 * MSEC;
	p->ratelimit_ns = 1 * MSEC;
	p->migr_delay_ns = 0;
	p->lb_ratelimit_ns = 1 * MSEC;
	p->weight_of_domain = 0;
	p->tickle_one_idle = 1;
	p->mend = CREDIT_MEND_ALL;
}

static inline bool mended(cpupool_t *pool, u32 mend)
{
	return pool->credit.params.mend & mend;
}

/* ---- run queue ---- */

static void credit_queue_masks(cpupool_t *pool, pcpu_t *p)
{
	u32 classes = p->credit.classes;

	if (classes)
		mask_set(&pool->credit.waiting, p->id);
	else
		mask_clear(&pool->credit.waiting, p->id);
	if (classes & (1 << CREDIT_BOOST | 1 << CREDIT_UNDER))
		mask_set(&pool->credit.waiting_under, p->id);
	else
		mask_clear(&pool->credit.waiting_under, p->id);
}

/* Which queue of its pCPU a vCPU of @class belongs in. */
static inline u32 credit_queue_of(cpupool_t *pool, u32 class)
{
	return mended(pool, CREDIT_MEND_ORDER) ? class % CREDIT_CLASSES : 0;
}

/*
 * Without CREDIT_MEND_ORDER, as in Xen: all classes in one list, behind the last that is not worse, going by what the classes
 * are now, however stale the order of the others.
 */
static link_t *credit_xen_place(pcpu_t *p, vcpu_t *v)
{
	link_t *head = &p->credit.queue[0], *l;

	for (l = head->next; l != head && can_loop; l = l->next)
		if (link_of(l, vcpu_t, credit.queue)->credit.pri > v->credit.pri)
			break;
	if (v->credit.flags & CREDIT_YIELD && l != head)
		l = l->next;
	return l;
}

/*
 * Behind its equals. Who yielded goes behind one vCPU of the next lower class as well, if there is one: exactly one,
 * as in Xen, so that a yield is a wish and not a sentence.
 */
static void credit_enqueue(cpupool_t *pool, vcpu_t *v)
{
	pcpu_t *p = v->processor;
	u32 class = credit_queue_of(pool, v->credit.pri), lower;

	sched_check(!v->credit.queued && !v->is_idle);
	lower = p->credit.classes & ~((2U << class) - 1);
	if (unlikely(!mended(pool, CREDIT_MEND_ORDER))) {
		list_add_before(credit_xen_place(p, v), &v->credit.queue);
	} else if (unlikely(v->credit.flags & CREDIT_YIELD) && lower) {
		class = (u32)__builtin_ctz(lower) % CREDIT_CLASSES;
		list_add_head(p->credit.queue[class].next, &v->credit.queue);
		p->credit.stale = 1;
	} else {
		list_add_tail(&p->credit.queue[class], &v->credit.queue);
	}
	v->credit.queued = (u8)(class + 1);
	p->credit.nr_queued++;
	if (!(p->credit.classes & 1 << class)) {
		p->credit.classes |= (u8)(1 << class);
		credit_queue_masks(pool, p);
	}
}

static void credit_dequeue(cpupool_t *pool, vcpu_t *v)
{
	pcpu_t *p = v->processor;
	u32 class = (v->credit.queued - 1U) % CREDIT_CLASSES;

	list_del(&v->credit.queue);
	v->credit.queued = 0;
	v->credit.flags &= (u8)~CREDIT_YIELD;
	p->credit.nr_queued--;
	if (list_empty(&p->credit.queue[class])) {
		p->credit.classes &= (u8)~(1 << class);
		credit_queue_masks(pool, p);
	}
}

static vcpu_t *credit_first(pcpu_t *p)
{
	if (!p->credit.classes)
		return NULL;
	return link_of(p->credit.queue[(u32)__builtin_ctz(p->credit.classes) % CREDIT_CLASSES].next, vcpu_t, credit.queue);
}

/* Put v, queued on p, where its class belongs: at the front or the back of that class. */
static void credit_requeue(pcpu_t *p, vcpu_t *v, bool front)
{
	u32 class = v->credit.pri % CREDIT_CLASSES;

	list_del(&v->credit.queue);
	if (front)
		list_add_head(&p->credit.queue[class], &v->credit.queue);
	else
		list_add_tail(&p->credit.queue[class], &v->credit.queue);
	v->credit.queued = (u8)(class + 1);
}

/* Xen's sort of its one list: UNDER and better go before the rest, in the order they have. */
static void credit_sort_xen(pcpu_t *p)
{
	link_t *head = &p->credit.queue[0], *last = head, *next;

	for (link_t *l = head->next; l != head && can_loop; l = next) {
		next = l->next;
		if (link_of(l, vcpu_t, credit.queue)->credit.pri > CREDIT_UNDER)
			continue;
		if (last->next != l) {
			list_del(l);
			list_add_head(last, l);
		}
		last = l;
	}
}

/* After accounting: each queued vCPU into the queue of its class, a stable partition as Xen's sort is. */
static void credit_sort(cpupool_t *pool, pcpu_t *p)
{
	link_t *head, *l, *next;

	if (!p->credit.stale)
		return;
	p->credit.stale = 0;
	if (!mended(pool, CREDIT_MEND_ORDER)) {
		credit_sort_xen(p);
		return;
	}
	head = &p->credit.queue[CREDIT_OVER];
	for (l = head->next; l != head && can_loop; l = next) {
		vcpu_t *v = link_of(l, vcpu_t, credit.queue);

		next = l->next;
		if (v->credit.pri != CREDIT_OVER)
			credit_requeue(p, v, false);
	}
	for (u32 c = CREDIT_UNDER + 1; c-- > 0 && can_loop;) {
		head = &p->credit.queue[c];
		for (l = head->prev; l != head && can_loop; l = next) {
			vcpu_t *v = link_of(l, vcpu_t, credit.queue);

			next = l->prev;
			if (v->credit.pri != c)
				credit_requeue(p, v, v->credit.pri > c);
		}
	}
	p->credit.classes = 0;
	for (u32 c = 0; c < CREDIT_CLASSES && can_loop; c++)
		if (!list_empty(&p->credit.queue[c]))
			p->credit.classes |= (u8)(1 << c);
	credit_queue_masks(pool, p);
}

/* ---- idle pCPUs ---- */

static void credit_set_idle(cpupool_t *pool, pcpu_t *p, bool idle)
{
	host_t *h = pool->host;
	cpumask_t *core = &h->core_mask[p->core];

	if (mask_test(&pool->credit.idlers, p->id) == idle)
		return;
	if (idle)
		mask_set(&pool->credit.idlers, p->id);
	else
		mask_clear(&pool->credit.idlers, p->id);
	if (h->threads_per_core == 1) {
		if (idle)
			mask_set(&pool->credit.idle_cores, p->id);
		else
			mask_clear(&pool->credit.idle_cores, p->id);
		return;
	}
	idle = mask_subset(core, &pool->credit.idlers, h->mask_words);
	for (u32 i = 0; i < h->mask_words && i < MASK_WORDS && can_loop; i++)
		if (idle)
			pool->credit.idle_cores.w[i] |= core->w[i];
		else
			pool->credit.idle_cores.w[i] &= ~core->w[i];
}

/* Does soft affinity narrow down where v may go in this pool? */
static inline bool credit_soft(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	return unlikely(v->soft_effective) && !mask_subset(&pool->cpus, &v->soft, cx->host->mask_words);
}

/* An idle pCPU of @allowed. Whole idle cores before idle threads, v's node before others; -1 none. */
static s32 credit_idle_among(sched_call_t *cx, cpupool_t *pool, vcpu_t *v, cpumask_t *allowed)
{
	host_t *h = cx->host;
	u32 words = h->mask_words;
	s32 after = pcpu_of(h, cx->cpu)->credit.tickle_cursor, cpu;
	cpumask_t *node = &h->node_mask[v->processor->node];

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
static s32 credit_find_idle(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	cpumask_t *soft;
	s32 cpu = -1;

	if (mask_empty(&pool->credit.idlers, cx->host->mask_words))
		return -1;
	if (credit_soft(cx, pool, v)) {
		soft = &cx->host->scratch[cx->cpu];
		mask_and(soft, &v->soft, &v->hard);
		cpu = credit_idle_among(cx, pool, v, soft);
	}
	if (cpu < 0)
		cpu = credit_idle_among(cx, pool, v, &v->hard);
	if (cpu >= 0)
		pcpu_of(cx->host, cx->cpu)->credit.tickle_cursor = cpu;
	return cpu;
}

/* ---- tickling ---- */

/* The idle bit goes at once, so that the next wake-up chooses another. */
static void credit_tickle_cpu(sched_call_t *cx, cpupool_t *pool, pcpu_t *p)
{
	if (tracing(cx))
		record(cx, TRC_CREDIT_TICKLE, p->id, 0);
	credit_set_idle(pool, p, false);
	kick(cx, p);
}

/* With tickle_one_idle off, every idle pCPU that v may use comes to look. */
static void credit_tickle_all(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	host_t *h = cx->host;

	for (u32 i = 0; i < h->mask_words && i < MASK_WORDS && can_loop; i++) {
		u64 w = v->hard.w[i] & pool->credit.idlers.w[i];

		for (; w && can_loop; w &= w - 1)
			credit_tickle_cpu(cx, pool, pcpu_of(h, i * 64 + (u32)__builtin_ctzll(w)));
	}
}

/* v, just queued on its pCPU, may want to run at once, there or on an idle pCPU (facts 2.8). */
static void credit_tickle(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	pcpu_t *p = v->processor;
	vcpu_t *cur = p->curr;
	bool better = cur->is_idle || v->credit.pri < cur->credit.pri;
	s32 idle;

	if (v->credit.flags & CREDIT_PINNED && mask_test(&pool->credit.idlers, p->id)) {
		credit_tickle_cpu(cx, pool, p);
		return;
	}
	if (cur->is_idle) {
		credit_tickle_cpu(cx, pool, p);
		return;
	}
	idle = credit_find_idle(cx, pool, v);
	if (idle >= 0) {
		if (!pool->credit.params.tickle_one_idle)
			credit_tickle_all(cx, pool, v);
		else
			credit_tickle_cpu(cx, pool, pcpu_of(cx->host, (u32)idle));
		return;
	}
	if (!better)
		return;
	/* No idle pCPU for v: preempt. If cur may use one that v may not, send it there (mends 6.1.1). */
	if (mended(pool, CREDIT_MEND_PUSH) && !(cur->pause_flags & VPF_migrating) &&
	    mask_intersects(&cur->hard, &pool->credit.idlers, cx->host->mask_words))
		cur->pause_flags |= VPF_migrating;
	credit_tickle_cpu(cx, pool, p);
}

/* Until when the ratelimit keeps who runs on p. */
static inline s64 credit_kept_until(cpupool_t *pool, pcpu_t *p)
{
	return p->curr->state_entry_ns + pool->credit.params.ratelimit_ns;
}

/*
 * No pCPU idles for v. If the ratelimit would keep it waiting on its own, one of the next few whose vCPU is worse than v and has
 * had its ratelimit serves it at once; else its own.
 */
static pcpu_t *credit_preemptible(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	host_t *h = cx->host;
	pcpu_t *own = v->processor;
	cpumask_t *allowed = &v->hard;
	s32 cpu = (s32)own->id;

	if (own->curr->is_idle || v->credit.pri >= own->curr->credit.pri ||
	    credit_kept_until(pool, own) < cx->now + CREDIT_MIN_TIMER_NS)
		return own;
	if (credit_soft(cx, pool, v)) {
		allowed = &h->scratch[cx->cpu];
		mask_and(allowed, &v->soft, &v->hard);
	}
	for (u32 n = 0; n < CREDIT_PREEMPT_PROBES && can_loop; n++) {
		pcpu_t *p;

		cpu = mask_cycle_and3(allowed, &pool->cpus, &h->node_mask[own->node], cpu, h->mask_words);
		if (cpu < 0 || (u32)cpu == own->id)
			break;
		p = pcpu_of(h, (u32)cpu);
		if (!p->resched && !p->curr->is_idle && v->credit.pri < p->curr->credit.pri &&
		    credit_kept_until(pool, p) <= cx->now)
			return p;
	}
	return own;
}

/*
 * Hand a vCPU that is about to be queued to the pCPU that can serve it at once, rather than queue it where it was and hope that
 * an idle one steals it (mends 6.1.8, 6.1.9 and 6.1.17). Its own pCPU is best when the whole core is idle.
 */
static void credit_place(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	pcpu_t *p = v->processor;
	s32 idle;
	bool here;

	if (v->is_running || !mended(pool, CREDIT_MEND_WAKE))
		return;
	here = mask_test(&v->hard, p->id) && mask_test(&pool->credit.idlers, p->id) &&
	       (!credit_soft(cx, pool, v) || mask_test(&v->soft, p->id));
	if (here && mask_test(&pool->credit.idle_cores, p->id))
		return;
	if (pool->credit.params.migr_delay_ns && cx->now - v->credit.last_run_ns < pool->credit.params.migr_delay_ns)
		return;
	idle = credit_find_idle(cx, pool, v);
	if (idle < 0)
		v->processor = credit_preemptible(cx, pool, v);
	else if (!here || mask_test(&pool->credit.idle_cores, (u32)idle))
		v->processor = pcpu_of(cx->host, (u32)idle);
	/* else: a thread of a busy core is no better than this one */
}

static void credit_enqueue_and_tickle(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	credit_place(cx, pool, v);
	credit_enqueue(pool, v);
	credit_tickle(cx, pool, v);
}

/* ---- who earns ---- */

static void credit_activate(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	domain_t *d = v->domain;

	if (v->credit.is_active)
		return;
	v->credit.is_active = 1;
	list_add_head(&d->credit.active, &v->credit.active);
	if (d->credit.nr_active++ == 0)
		list_add_head(&pool->credit.active, &d->credit.pool_link);
	if (tracing(cx))
		record4(cx, TRC_CREDIT_ACCOUNT_START, pair(d->id, v->id), pair(d->credit.nr_active, 0));
}

static void credit_deactivate(sched_call_t *cx, vcpu_t *v)
{
	domain_t *d = v->domain;

	if (!v->credit.is_active)
		return;
	v->credit.is_active = 0;
	list_del(&v->credit.active);
	if (--d->credit.nr_active == 0)
		list_del(&d->credit.pool_link);
	if (tracing(cx))
		record4(cx, TRC_CREDIT_ACCOUNT_STOP, pair(d->id, v->id), pair(d->credit.nr_active, 0));
}

/* What an active domain weighs in its pool: its weight for each active vCPU, or as a whole (weight_of). */
static inline s64 credit_weight(cpupool_t *pool, domain_t *d)
{
	return pool->credit.params.weight_of_domain ? (s64)d->weight : (s64)d->weight * d->credit.nr_active;
}

/* ---- burning ---- */

static void credit_unboost(sched_call_t *cx, vcpu_t *v)
{
	v->credit.pri = CREDIT_UNDER;
	if (tracing(cx))
		record_vcpu(cx, TRC_CREDIT_BOOST_END, v);
}

/* Debit the running vCPU up to now. */
static void credit_burn(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	s64 used = cx->now - v->credit.burnt_ns;

	v->credit.burnt_ns = cx->now;
	if (v->domain->cap)
		v->credit.cap_ns -= used;
	if (v->credit.pri == CREDIT_BOOST && mended(pool, CREDIT_MEND_BOOST)) {
		v->credit.boost_ns += used;
		if (v->credit.boost_ns >= pool->credit.tick_ns)
			credit_unboost(cx, v);
	}
	if (likely(mended(pool, CREDIT_MEND_SHARE))) {
		v->credit.credit_ns -= used;
	} else {
		/* Xen's: whole credits, the remainder kept twice (facts 2.5); within one credit of exact. */
		s64 delta = cx->now - v->credit.start_ns, val, credits;

		if (delta <= 0)
			return;
		val = delta * 10 + v->credit.residual;
		credits = val / 1000000;
		v->credit.residual = val % 1000000;
		v->credit.credit_ns -= credits * CREDIT_NS;
		v->credit.start_ns += credits * CREDIT_NS;
	}
}

/* ---- caps ---- */

static inline bool credit_cap_used_up(cpupool_t *pool, vcpu_t *v)
{
	return v->domain->cap && v->credit.cap_ns < CREDIT_MIN_TIMER_NS && mended(pool, CREDIT_MEND_CAP);
}

/* CPU time a domain's cap allows it in @period_ns. */
static inline s64 credit_cap_budget(domain_t *d, s64 period_ns)
{
	return (s64)d->cap * period_ns / 100;
}

/* What a vCPU may hold of it when nothing is known of its siblings: an equal part. */
static void credit_cap_reset(cpupool_t *pool, vcpu_t *v)
{
	domain_t *d = v->domain;

	v->credit.cap_ns = credit_cap_budget(d, pool->credit.params.tslice_ns) / (d->nr_vcpus ? d->nr_vcpus : 1);
}

static void credit_park(sched_call_t *cx, vcpu_t *v)
{
	v->credit.flags |= CREDIT_PARKED;
	v->pause_flags |= VPF_parked;
	v->parked_entry_ns = cx->now;
	record_vcpu(cx, TRC_ROTA_PARK, v);
}

static void credit_unpark(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	if (!(v->credit.flags & CREDIT_PARKED))
		return;
	v->credit.flags &= (u8)~CREDIT_PARKED;
	v->pause_flags &= (u8)~VPF_parked;
	v->parked_ns += cx->now - v->parked_entry_ns;
	record_vcpu(cx, TRC_ROTA_UNPARK, v);
	if (!vcpu_runnable(v) || v->credit.queued || v->processor->curr == v)
		return;
	if (v->runstate >= RUNSTATE_blocked)
		runstate_set(cx, v, RUNSTATE_runnable);
	credit_enqueue_and_tickle(cx, pool, v);
}

/* ---- picking a pCPU (facts 2.13) ---- */

/* Idle, or it would be if v were not there. */
static bool credit_idle_without(cpupool_t *pool, pcpu_t *p, vcpu_t *v)
{
	return mask_test(&pool->credit.idlers, p->id) || (v->processor == p && p->curr == v && !p->credit.classes);
}

/* Of the idle pCPUs in @cands and @cpu, the one whose core (same node) or node (other nodes: by a factor of 2) idles most. */
static u32 credit_spread(sched_call_t *cx, cpupool_t *pool, vcpu_t *v, cpumask_t *cands, u32 cpu)
{
	host_t *h = cx->host;
	u32 words = h->mask_words, best = cpu, switched = 0;
	bool here = credit_idle_without(pool, pcpu_of(h, cpu), v) && !mask_test(&pool->credit.idlers, cpu);

	mask_clear(cands, cpu);
	for (u32 n = 0; n < SCHED_MAX_PCPUS && can_loop; n++) {
		s32 nxt = mask_cycle(cands, (s32)best, words);
		pcpu_t *pb, *pn;
		cpumask_t *group, *own;
		u32 factor, idle_best, idle_nxt;

		if (nxt < 0)
			break;
		pb = pcpu_of(h, best);
		pn = pcpu_of(h, (u32)nxt);
		factor = pb->node == pn->node ? 1 : 2;
		group = factor == 1 ? &h->core_mask[pn->core] : &h->node_mask[pn->node];
		own = factor == 1 ? &h->core_mask[pb->core] : &h->node_mask[pb->node];
		idle_best = mask_weight_and(own, &pool->credit.idlers, words) + (here && mask_test(own, cpu));
		idle_nxt = mask_weight_and(group, &pool->credit.idlers, words) + (here && mask_test(group, cpu));
		if (idle_best * factor < idle_nxt) {
			s32 to = mask_cycle_and(cands, group, pn->credit.idle_bias, words);

			best = to < 0 ? (u32)nxt : (u32)to;
			switched = 1;
			group = &h->core_mask[pcpu_of(h, best)->core];
		}
		for (u32 i = 0; i < words && i < MASK_WORDS && can_loop; i++)
			cands->w[i] &= ~group->w[i];
	}
	if (switched)
		pcpu_of(h, best)->credit.idle_bias = (s32)best;
	return best;
}

static u32 credit_pick_in(sched_call_t *cx, cpupool_t *pool, vcpu_t *v, cpumask_t *allowed)
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
	mask_and(&h->scratch[cx->cpu], allowed, &pool->credit.idlers);
	return credit_spread(cx, pool, v, &h->scratch[cx->cpu], cpu);
}

static u32 credit_pick_cpu(sched_call_t *cx, vcpu_t *v, bool commit)
{
	cpupool_t *pool = v->domain->pool;
	host_t *h = cx->host;
	u32 cpu = v->processor->id;
	bool done = false;

	if (credit_soft(cx, pool, v)) {
		cpumask_t *soft = &h->scratch[h->limits.pcpus + cx->cpu];

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
static vcpu_t *credit_steal_from(sched_call_t *cx, pcpu_t *peer, pcpu_t *p, u32 class, bool soft)
{
	cpupool_t *pool = p->pool;
	s64 delay = pool->credit.params.migr_delay_ns;

	if (peer->curr->is_idle && !mended(pool, CREDIT_MEND_BALANCE))
		return NULL;
	for (u32 c = 0; c < class && c < CREDIT_CLASSES && can_loop; c++) {
		link_t *head = &peer->credit.queue[c];

		for (link_t *l = head->next; l != head && can_loop; l = l->next) {
			vcpu_t *v = link_of(l, vcpu_t, credit.queue);

			if (v->credit.pri >= class)
				return NULL; /* a stale OVER hides what is behind it: only without CREDIT_MEND_ORDER */
			if (v->is_running || (v->credit.flags & CREDIT_YIELD && class != CREDIT_IDLE))
				continue;
			if (!mask_test(&v->hard, p->id))
				continue;
			if (soft && (!credit_soft(cx, pool, v) || !mask_test(&v->soft, p->id)))
				continue;
			if (delay && cx->now - v->credit.last_run_ns < delay)
				continue;
			return v;
		}
	}
	return NULL;
}

/* Look on the peers of one node for a vCPU better than @class; it is taken off its queue. */
static vcpu_t *credit_steal_in(sched_call_t *cx, pcpu_t *p, u32 class, u32 node, bool soft)
{
	cpupool_t *pool = p->pool;
	host_t *h = cx->host;
	cpumask_t *waiting = class == CREDIT_IDLE ? &pool->credit.waiting : &pool->credit.waiting_under;
	s32 first = -1, peer = pool->credit.balance_bias[node % SCHED_MAX_NODES];

	for (u32 n = 0; n < SCHED_MAX_PCPUS && can_loop; n++) {
		vcpu_t *v;

		peer = mask_cycle_and(waiting, &h->node_mask[node], peer, h->mask_words);
		if (peer < 0 || peer == first)
			break;
		if (first < 0)
			first = peer;
		if ((u32)peer == p->id)
			continue;
		if (tracing(cx))
			record(cx, TRC_CREDIT_STEAL_CHECK, (u32)peer, 1);
		v = credit_steal_from(cx, pcpu_of(h, (u32)peer), p, class, soft);
		if (!v)
			continue;
		credit_dequeue(pool, v);
		v->processor = p;
		if (tracing(cx))
			record4(cx, TRC_CREDIT_STOLEN, pair((u32)peer, v->domain->id), pair(v->id, 0));
		pool->credit.balance_bias[node % SCHED_MAX_NODES] = peer;
		return v;
	}
	return NULL;
}

static vcpu_t *credit_steal(sched_call_t *cx, pcpu_t *p, u32 class)
{
	cpupool_t *pool = p->pool;
	host_t *h = cx->host;
	cpumask_t *waiting = class == CREDIT_IDLE ? &pool->credit.waiting : &pool->credit.waiting_under;

	if (mask_empty(waiting, h->mask_words))
		return NULL;
	for (u32 step = pool->nr_soft ? 0 : 1; step < 2 && can_loop; step++)
		for (u32 n = 0; n < h->limits.nodes && can_loop; n++) {
			u32 node = p->node + n;
			vcpu_t *v = credit_steal_in(cx, p, class, node >= h->limits.nodes ? node - h->limits.nodes : node,
						    step == 0);

			if (v)
				return v;
		}
	return NULL;
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
	for (u32 i = 0; i < SCHED_MAX_NODES && can_loop; i++)
		pool->credit.balance_bias[i] = -1;
	mask_zero(&pool->credit.idlers);
	mask_zero(&pool->credit.idle_cores);
	mask_zero(&pool->credit.waiting);
	mask_zero(&pool->credit.waiting_under);
}

static void credit_pcpu_init(sched_call_t *cx, pcpu_t *p)
{
	cpupool_t *pool = p->pool;

	for (u32 c = 0; c < CREDIT_CLASSES && can_loop; c++)
		list_init(&p->credit.queue[c]);
	p->credit.nr_queued = 0;
	p->credit.classes = 0;
	p->credit.stale = 0;
	p->credit.sort_epoch = pool->credit.sort_epoch;
	p->credit.last_balance_ns = cx->now;
	p->credit.idle_bias = (s32)cx->host->limits.pcpus - 1;
	p->credit.tickle_cursor = -1;
	if (pool->credit.balance_bias[p->node % SCHED_MAX_NODES] < 0)
		pool->credit.balance_bias[p->node % SCHED_MAX_NODES] = (s32)p->id;
	if (pool->credit.master < 0) {
		pool->credit.master = (s32)p->id;
		pool->credit.acct_ns = cx->now;
		timer_set(cx, p, TIMER_ACCT, cx->now + pool->credit.params.tslice_ns);
	}
	credit_set_idle(pool, p, p->curr->is_idle);
}

static void credit_pcpu_deinit(sched_call_t *cx, pcpu_t *p)
{
	cpupool_t *pool = p->pool;
	s32 heir;

	credit_set_idle(pool, p, false);
	mask_clear(&pool->credit.waiting, p->id);
	mask_clear(&pool->credit.waiting_under, p->id);
	if (pool->credit.master != (s32)p->id)
		return;
	/* The pool's cpus no longer hold p. */
	heir = mask_first(&pool->cpus, cx->host->mask_words);
	if (heir >= 0)
		timer_set(cx, pcpu_of(cx->host, (u32)heir), TIMER_ACCT, p->timer_ns[TIMER_ACCT]);
	timer_set(cx, p, TIMER_ACCT, TIME_NEVER);
	pool->credit.master = heir;
}

static void credit_vcpu_init(sched_call_t *cx, vcpu_t *v)
{
	list_init(&v->credit.queue);
	list_init(&v->credit.active);
	v->credit.credit_ns = 0;
	v->credit.start_ns = 0;
	v->credit.burnt_ns = cx->now;
	v->credit.residual = 0;
	v->credit.last_run_ns = cx->now;
	v->credit.boost_ns = 0;
	v->credit.pri = CREDIT_UNDER;
	v->credit.queued = 0;
	v->credit.flags = mask_weight(&v->hard, cx->host->mask_words) == 1 ? CREDIT_PINNED : 0;
	v->credit.is_active = 0;
	credit_cap_reset(v->domain->pool, v);
}

static void credit_domain_init(sched_call_t *cx, domain_t *d)
{
	(void)cx;
	list_init(&d->credit.active);
	list_init(&d->credit.pool_link);
	d->credit.nr_active = 0;
}

static void credit_insert_vcpu(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;

	v->processor = pcpu_of(cx->host, credit_pick_cpu(cx, v, true));
	if (!vcpu_runnable(v) || v->is_running)
		return;
	if (mended(pool, CREDIT_MEND_ACTIVE))
		credit_activate(cx, pool, v);
	if (mended(pool, CREDIT_MEND_INSERT))
		credit_enqueue_and_tickle(cx, pool, v);
	else
		credit_enqueue(pool, v);
}

static void credit_remove_vcpu(sched_call_t *cx, vcpu_t *v)
{
	if (v->credit.flags & CREDIT_PARKED) {
		v->credit.flags &= (u8)~CREDIT_PARKED;
		v->pause_flags &= (u8)~VPF_parked;
		v->parked_ns += cx->now - v->parked_entry_ns;
	}
	if (v->credit.queued)
		credit_dequeue(v->domain->pool, v);
	credit_deactivate(cx, v);
}

static void credit_sleep(sched_call_t *cx, vcpu_t *v)
{
	if (v->processor->curr == v)
		kick(cx, v->processor);
	else if (v->credit.queued)
		credit_dequeue(v->domain->pool, v);
}

static void credit_wake(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;
	bool migrating;

	if (v->processor->curr == v || v->credit.queued)
		return;
	migrating = v->credit.flags & CREDIT_MIGRATING;
	v->credit.flags &= (u8)~CREDIT_MIGRATING;
	if (mended(pool, CREDIT_MEND_YIELD))
		v->credit.flags &= (u8)~CREDIT_YIELD;
	if (mended(pool, CREDIT_MEND_ACTIVE))
		credit_activate(cx, pool, v);
	if (unlikely(credit_cap_used_up(pool, v))) {
		credit_park(cx, v);
		runstate_set(cx, v, RUNSTATE_offline);
		return;
	}
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

/* What was left on the queue may use an idle pCPU that it could not leave for while it was being saved (mends 6.1.1). */
static void credit_context_saved(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;
	pcpu_t *p = v->processor;
	s32 idle;

	if (!v->credit.queued || !mended(pool, CREDIT_MEND_PUSH) || p->curr->is_idle)
		return;
	if (pool->credit.params.migr_delay_ns)
		return;
	idle = credit_find_idle(cx, pool, v);
	if (idle < 0)
		return;
	credit_dequeue(pool, v);
	v->processor = pcpu_of(cx->host, (u32)idle);
	credit_enqueue(pool, v);
	credit_tickle_cpu(cx, pool, v->processor);
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

static void credit_tick(sched_call_t *cx, pcpu_t *p)
{
	cpupool_t *pool = p->pool;
	vcpu_t *v = p->curr;

	sched_lock(pool);
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
}

#include "sched/credit_account.c"

/* Keep prev for the rest of its ratelimit? Then set that as its slice. */
static bool credit_ratelimit(sched_call_t *cx, pcpu_t *p, vcpu_t *prev)
{
	cpupool_t *pool = p->pool;
	s64 ran = cx->now - prev->state_entry_ns, limit = pool->credit.params.ratelimit_ns, slice;

	if (ran >= limit || prev->credit.flags & CREDIT_YIELD || !vcpu_runnable(prev))
		return false;
	slice = limit - ran;
	if (mended(pool, CREDIT_MEND_TIMER)) {
		if (slice < CREDIT_MIN_TIMER_NS)
			slice = CREDIT_MIN_TIMER_NS;
	} else if (ran < 100) {
		slice = 100; /* Xen's: the minimum in the wrong unit, and of the wrong quantity */
	}
	if (prev->domain->cap && mended(pool, CREDIT_MEND_CAP) && slice > prev->credit.cap_ns)
		slice = prev->credit.cap_ns;
	p->next = prev;
	p->next_slice_ns = slice;
	if (tracing(cx))
		record(cx, TRC_CREDIT_RATELIMIT, prev->domain->id << 16 | prev->id, (u32)ran);
	return true;
}

static void credit_do_schedule(sched_call_t *cx, pcpu_t *p)
{
	cpupool_t *pool = p->pool;
	vcpu_t *prev = p->curr, *next, *stolen;
	bool balance;

	if (tracing(cx))
		record(cx, TRC_CREDIT_SCHEDULE, p->id << 16 | prev->is_idle, 0);
	if (!prev->is_idle) {
		credit_burn(cx, pool, prev);
		prev->credit.last_run_ns = cx->now;
		if (credit_cap_used_up(pool, prev) && vcpu_runnable(prev))
			credit_park(cx, prev);
		if (credit_ratelimit(cx, p, prev))
			return;
		prev->credit.start_ns -= cx->now;
		if (vcpu_runnable(prev))
			credit_enqueue(pool, prev);
	}

	next = credit_first(p);
	if (!next || next->credit.pri == CREDIT_OVER) {
		/* Before running somebody OVER, or idling, look for a better one on the peers. */
		balance = cx->now - p->credit.last_balance_ns > pool->credit.params.lb_ratelimit_ns;
		stolen = NULL;
		if (balance || (!next && mended(pool, CREDIT_MEND_BALANCE))) {
			p->credit.last_balance_ns = cx->now;
			if (mask_test(&pool->cpus, p->id))
				stolen = credit_steal(cx, p, next ? CREDIT_OVER : CREDIT_IDLE);
		}
		if (stolen)
			next = stolen;
	}
	if (!next) {
		credit_set_idle(pool, p, mask_test(&pool->cpus, p->id));
		if (!prev->is_idle)
			timer_set(cx, p, TIMER_TICK, TIME_NEVER);
		p->next = p->idle;
		p->next_slice_ns = -1;
		return;
	}
	if (next->credit.queued)
		credit_dequeue(pool, next);
	credit_set_idle(pool, p, false);
	next->credit.start_ns += cx->now;
	next->credit.burnt_ns = cx->now;
	p->next = next;
	p->next_slice_ns = credit_slice_end(pool, next, cx->now, cx->now) - cx->now;
	if (prev->is_idle)
		credit_tick_start(cx, p);
}

static void credit_adjust(sched_call_t *cx, domain_t *d, u32 weight, u32 cap)
{
	u32 old = d->cap;

	d->weight = weight;
	d->cap = cap;
	if (cap == old || !mended(d->pool, CREDIT_MEND_CAP))
		return;
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (v->processor->curr == v)
			credit_burn(cx, d->pool, v);
		credit_cap_reset(d->pool, v);
		if (v->credit.flags & CREDIT_PARKED)
			credit_unpark(cx, d->pool, v);
		else if (v->processor->curr == v)
			kick(cx, v->processor); /* its slice ends with its budget */
	}
}

SCHED_API s32 sched_adjust_global_credit(sched_call_t *cx, cpupool_t *pool, const struct credit_params *params)
{
	struct credit_params ARENA *own = &pool->credit.params;
	s64 tslice_ms = params->tslice_ns / MSEC;

	if (pool->sched != SCHED_ID_credit)
		return -SCHED_EINVAL;
	/* One list or three for each pCPU: not while vCPUs are in them. */
	if ((params->mend ^ own->mend) & CREDIT_MEND_ORDER && pool->nr_domains)
		return -SCHED_EBUSY;
	if (params->tslice_ns < MSEC || params->tslice_ns > 1000 * MSEC || params->ratelimit_ns > 500 * MSEC ||
	    (params->ratelimit_ns && params->ratelimit_ns < 100 * USEC) || params->ratelimit_ns < 0 ||
	    params->ratelimit_ns > params->tslice_ns || params->migr_delay_ns < 0 || params->migr_delay_ns > 100 * MSEC ||
	    params->lb_ratelimit_ns < 0 || params->lb_ratelimit_ns > 1000 * MSEC || params->mend & ~(u32)CREDIT_MEND_ALL)
		return -SCHED_EINVAL;
	cx->calls++;
	sched_lock(pool);
	own->tslice_ns = params->tslice_ns;
	own->ratelimit_ns = params->ratelimit_ns;
	own->migr_delay_ns = params->migr_delay_ns;
	own->lb_ratelimit_ns = params->lb_ratelimit_ns;
	own->weight_of_domain = params->weight_of_domain;
	own->tickle_one_idle = params->tickle_one_idle;
	own->mend = params->mend;
	pool->credit.ticks_per_tslice = tslice_ms < 3 ? 1 : 3;
	pool->credit.tick_ns = params->tslice_ns / USEC / pool->credit.ticks_per_tslice * USEC;
	sched_unlock(pool);
	return 0;
}
