/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * null: each vCPU has a pCPU to itself. Facts: xen-credit2-rtds-null-arinc653-sedf.md 5.
 *
 * No queue, no time slice, no accounting: the overhead of a decision is a look at who is assigned. A vCPU keeps its
 * pCPU while it is blocked or paused, and gives it up when it is unplugged, sent elsewhere or destroyed. vCPUs beyond
 * the number of pCPUs wait, in order, until one is given up; they don't run at all until then, which is the price of
 * the promise to the others.
 *
 * Unlike Xen's, placement does not depend on a random number: who finds nothing free has the next pCPU of its affinity
 * for a home.
 */

static inline void null_trace(sched_call_t *cx, u32 event, vcpu_t *v)
{
	if (tracing(cx))
		record(cx, event, v->domain->id << 16 | v->id, v->processor->id);
}

/* A free pCPU for v: its home if that will do, soft affinity first. -1: none. */
CORE_FN s32 null_find(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	u32 words = cx->host->mask_words;
	s32 home = (s32)v->processor->id - 1, cpu = -1;

	if (v->soft_effective)
		cpu = mask_cycle_and3(&pool->null.free, &v->hard, &v->soft, home, words);
	return cpu >= 0 ? cpu : mask_cycle_and(&pool->null.free, &v->hard, home, words);
}

NO_FRAME void null_assign(sched_call_t *cx, vcpu_t *v, u32 cpu)
{
	cpupool_t *pool = v->domain->pool;
	pcpu_t *p = pcpu_of(cx->host, cpu);

	if (v->null.state == NULL_WAITS)
		list_del(&v->null.wait);
	v->null.state = NULL_ASSIGNED;
	v->processor = p;
	p->null.vcpu = v;
	mask_clear(&pool->null.free, cpu);
	null_trace(cx, TRC_NULL_ASSIGN, v);
	kick(cx, p);
}

/*
 * p has become free: the first who waits for it gets it, of those that would like to be there, then of those that may.
 */
NO_FRAME void null_offer(sched_call_t *cx, pcpu_t *p)
{
	cpupool_t *pool = p->pool;

	p->null.vcpu = NULL;
	if (!mask_test(&pool->cpus, p->id))
		return;
	mask_set(&pool->null.free, p->id);
	for (u32 hard = ZERO; hard < 2 && can_loop; hard++) {
		for (link_t *l = pool->null.wait.next; l != &pool->null.wait && can_loop; l = l->next) {
			vcpu_t *v = link_of(l, vcpu_t, null.wait);

			if (!mask_test(&v->hard, p->id) || (!hard && v->soft_effective && !mask_test(&v->soft, p->id)))
				continue;
			null_assign(cx, v, p->id);
			return;
		}
	}
}

CORE_FN int null_release(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;

	if (v->null.state == NULL_WAITS) {
		list_del(&v->null.wait);
	} else if (v->null.state == NULL_ASSIGNED) {
		null_trace(cx, TRC_NULL_DEASSIGN, v);
		kick(cx, p);
		null_offer(cx, p);
	}
	v->null.state = NULL_OUT;
	return 0;
}

static void null_place(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;
	s32 cpu = null_find(cx, pool, v);

	if (cpu >= 0) {
		null_assign(cx, v, (u32)cpu);
		return;
	}
	if (v->null.state == NULL_WAITS)
		return;
	v->null.state = NULL_WAITS;
	list_add_tail(&pool->null.wait, &v->null.wait);
}

/* ---- the hooks ---- */

CORE_FN int null_pool_init(cpupool_t *pool ARG)
{
	list_init(&pool->null.wait);
	mask_zero(&pool->null.free);
	return 0;
}

static void null_pcpu_init(sched_call_t *cx, pcpu_t *p)
{
	null_offer(cx, p);
}

CORE_FN int null_pcpu_deinit(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	(void)cx;
	mask_clear(&p->pool->null.free, p->id);
	if (p->null.vcpu)
		p->null.vcpu->null.state = NULL_OUT; /* the framework sends it elsewhere */
	p->null.vcpu = NULL;
	return 0;
}

static void null_vcpu_init(sched_call_t *cx, vcpu_t *v)
{
	(void)cx;
	v->null.state = NULL_OUT;
	list_init(&v->null.wait);
}

static void null_domain_init(sched_call_t *cx, domain_t *d)
{
	(void)cx;
	(void)d;
}

CORE_FN int null_insert_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	if (!(v->pause_flags & VPF_down))
		null_place(cx, v);
	return 0;
}

CORE_FN int null_remove_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	null_release(cx, v);
	return 0;
}

CORE_FN int null_sleep(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	if (v->processor->curr == v)
		kick(cx, v->processor);
	if (v->pause_flags & VPF_down)
		null_release(cx, v);
	return 0;
}

CORE_FN int null_wake(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	if (v->null.state == NULL_OUT)
		null_place(cx, v);
	else if (v->null.state == NULL_ASSIGNED && v->processor->curr != v)
		kick(cx, v->processor);
	return 0;
}

static void null_yield(sched_call_t *cx, vcpu_t *v)
{
	(void)cx;
	(void)v;
}

static bool null_yield_to(sched_call_t *cx, vcpu_t *v, vcpu_t *to)
{
	(void)cx;
	(void)v;
	(void)to;
	return false; /* whoever has a pCPU here runs there whenever it can */
}

/* It may have been given another pCPU while its state was being saved. */
static void null_context_saved(sched_call_t *cx, vcpu_t *v)
{
	if (v->null.state == NULL_ASSIGNED && vcpu_runnable(v) && v->processor->curr != v)
		kick(cx, v->processor);
}

CORE_FN int null_do_schedule(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	vcpu_t *v = p->null.vcpu;

	(void)cx;
	p->next_slice_ns = -1;
	if (!v || !vcpu_runnable(v) || (v->is_running && v != p->curr))
		return 0;
	v->trace_class = TRACE_CLASS_NORMAL;
	p->next = v;
	return 0;
}

/* Called when v is to be placed anew: it stays where it may stay. */
CORE_FN u32 null_pick_cpu(sched_call_t *cx ARG, vcpu_t *v ARG, bool commit)
{
	cpupool_t *pool = v->domain->pool;
	u32 home = v->processor->id;
	s32 next;

	(void)commit;
	if (v->null.state == NULL_ASSIGNED) {
		if (mask_test(&pool->cpus, home) && mask_test(&v->hard, home) &&
		    (!v->soft_effective || mask_test(&v->soft, home)))
			return home;
		null_release(cx, v);
	}
	if (!(v->pause_flags & VPF_down))
		null_place(cx, v);
	if (v->null.state != NULL_ASSIGNED) {
		next = mask_cycle_and(&pool->cpus, &v->hard, (s32)home - 1, cx->host->mask_words);
		if (next >= 0)
			v->processor = pcpu_of(cx->host, (u32)next);
	}
	if (tracing(cx))
		record(cx, TRC_NULL_PICKED_CPU, v->domain->id << 16 | v->id, v->processor->id);
	return v->processor->id;
}

static void null_tick(sched_call_t *cx, pcpu_t *p)
{
	(void)cx;
	(void)p;
}

static void null_account(sched_call_t *cx, pcpu_t *p)
{
	(void)cx;
	(void)p;
}

static void null_adjust(sched_call_t *cx, domain_t *d, u32 weight, u32 cap)
{
	(void)cx;
	d->weight = weight;
	d->cap = cap;
}

static void null_affinity_set(sched_call_t *cx, vcpu_t *v)
{
	(void)cx;
	(void)v;
}
