/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arinc653: a table says who runs when. Facts: xen-credit2-rtds-null-arinc653-sedf.md 6.
 *
 * The table's minor frames follow each other and repeat every major frame. In its frame a vCPU has its pCPU; in all
 * other time it has none. A pool has one table and one cursor: on several pCPUs, one vCPU of the pool runs at a time,
 * unless slack is donated.
 *
 * What rota mends: the table is checked as a whole, sums that overflow included; it comes into force at once, at the
 * head of a major frame, rather than when the old frame happens to end; a vCPU's pCPU respects its affinity. On request
 * (`donate`) time that the vCPU of a frame doesn't use goes to the next runnable one of the table at that pCPU; it is
 * taken back at once when the vCPU of the frame wakes, so that nobody loses anything by it. There is no control domain
 * here that would get frames unasked.
 */

/* The cursor to now; frames that were slept through are passed over. */
CORE_FN int arinc_advance(struct arinc_pool ARENA *a ARG, s64 now)
{
	struct arinc_table ARENA *t = &a->table;

	if (now >= a->next_major_ns) {
		s64 begin = now - (now - a->next_major_ns) % t->major_ns;

		a->at = 0;
		a->next_major_ns = begin + t->major_ns;
		a->next_switch_ns = begin + AT(t->frame, 0)->time_ns;
	}
	for (u32 i = ZERO; i < ARINC_MAX_FRAMES && a->at < t->nr && now >= a->next_switch_ns && can_loop; i++) {
		a->at++;
		if (a->at < t->nr)
			a->next_switch_ns += AT(t->frame, a->at % ARINC_MAX_FRAMES)->time_ns;
		else
			a->next_switch_ns = a->next_major_ns;
	}
	return 0;
}

/* Who is meant by the frames: after the table or the pool's vCPUs have changed. */
CORE_FN int arinc_resolve(cpupool_t *pool ARG, vcpu_t *v ARG, u32 present)
{
	struct arinc_pool ARENA *a = &pool->arinc653;

	for (u32 i = ZERO; i < a->table.nr && i < ARINC_MAX_FRAMES && can_loop; i++) {
		if (AT(a->table.frame, i)->domain != v->domain->id || AT(a->table.frame, i)->vcpu != v->id)
			continue;
		if (present)
			*AT(a->vcpu, i) = v;
		else
			*AT(a->vcpu, i) = NULL;
	}
	return 0;
}

/* ---- the hooks ---- */

CORE_FN int arinc653_pool_init(cpupool_t *pool ARG)
{
	struct arinc_pool ARENA *a = &pool->arinc653;

	a->table.nr = 0;
	a->table.major_ns = 10 * MSEC;
	a->table.donate = 0;
	a->at = 0;
	a->next_major_ns = 0;
	a->next_switch_ns = 0;
	return 0;
}

static void arinc653_pcpu_init(sched_call_t *cx, pcpu_t *p)
{
	(void)cx;
	(void)p;
}

static void arinc653_pcpu_deinit(sched_call_t *cx, pcpu_t *p)
{
	(void)cx;
	(void)p;
}

static void arinc653_vcpu_init(sched_call_t *cx, vcpu_t *v)
{
	(void)cx;
	v->arinc653.present = 1;
}

static void arinc653_domain_init(sched_call_t *cx, domain_t *d)
{
	(void)cx;
	(void)d;
}

CORE_FN u32 arinc653_pick_cpu(sched_call_t *cx ARG, vcpu_t *v ARG, bool commit)
{
	s32 cpu = mask_cycle_and(&v->domain->pool->cpus, &v->hard, (s32)v->processor->id - 1, cx->host->mask_words);

	(void)commit;
	return cpu < 0 ? v->processor->id : (u32)cpu;
}

CORE_FN int arinc653_insert_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	v->processor = pcpu_of(cx->host, arinc653_pick_cpu(cx, v, true));
	arinc_resolve(v->domain->pool, v, 1);
	kick(cx, v->processor);
	return 0;
}

CORE_FN int arinc653_remove_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	(void)cx;
	arinc_resolve(v->domain->pool, v, 0);
	return 0;
}

static void arinc653_sleep(sched_call_t *cx, vcpu_t *v)
{
	if (v->processor->curr == v)
		kick(cx, v->processor);
}

static void arinc653_wake(sched_call_t *cx, vcpu_t *v)
{
	if (v->processor->curr != v)
		kick(cx, v->processor);
}

static void arinc653_yield(sched_call_t *cx, vcpu_t *v)
{
	(void)cx;
	(void)v;
}

static bool arinc653_yield_to(sched_call_t *cx, vcpu_t *v, vcpu_t *to)
{
	(void)cx;
	(void)v;
	(void)to;
	return false; /* the table says who runs */
}

static void arinc653_context_saved(sched_call_t *cx, vcpu_t *v)
{
	if (vcpu_runnable(v) && v->processor->curr != v)
		kick(cx, v->processor);
}

CORE_FN bool arinc_can_run(pcpu_t *p ARG, vcpu_t *v ARG)
{
	return v->processor == p && vcpu_runnable(v) && (!v->is_running || p->curr == v) && mask_test(&v->hard, p->id);
}

/* The first frame after the current one, in the table's order, whose vCPU could use p now; -1 none. */
CORE_FN s32 arinc_heir(struct arinc_pool ARENA *a ARG, pcpu_t *p ARG)
{
	u32 nr = a->table.nr, k = a->at;

	for (u32 i = ZERO; i < nr && i < ARINC_MAX_FRAMES && can_loop; i++) {
		k = k + 1 < nr ? k + 1 : ZERO;
		if (*AT(a->vcpu, k % ARINC_MAX_FRAMES) && arinc_can_run(p, *AT(a->vcpu, k % ARINC_MAX_FRAMES)))
			return (s32)k;
	}
	return -1;
}

CORE_FN int arinc653_do_schedule(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	struct arinc_pool ARENA *a = &p->pool->arinc653;
	u32 nr = a->table.nr;
	vcpu_t *v = NULL;
	s32 heir;

	if (!nr || nr > ARINC_MAX_FRAMES)
		return 0;
	arinc_advance(a, cx->now);
	p->next_slice_ns = a->next_switch_ns - cx->now;
	if (!mask_test(&p->pool->cpus, p->id))
		return 0;
	if (a->at < nr)
		v = *AT(a->vcpu, a->at % ARINC_MAX_FRAMES);
	if (v && arinc_can_run(p, v)) {
		v->trace_class = TRACE_CLASS_NORMAL;
		p->next = v;
		return 0;
	}
	heir = a->table.donate ? arinc_heir(a, p) : -1;
	if (heir >= 0) {
		v = *AT(a->vcpu, (u32)heir % ARINC_MAX_FRAMES);
		v->trace_class = TRACE_CLASS_WORST;
		p->next = v;
	}
	return 0;
}

static void arinc653_tick(sched_call_t *cx, pcpu_t *p)
{
	(void)cx;
	(void)p;
}

static void arinc653_account(sched_call_t *cx, pcpu_t *p)
{
	(void)cx;
	(void)p;
}

static void arinc653_adjust(sched_call_t *cx, domain_t *d, u32 weight, u32 cap)
{
	(void)cx;
	d->weight = weight;
	d->cap = cap;
}

static void arinc653_affinity_set(sched_call_t *cx, vcpu_t *v)
{
	(void)cx;
	(void)v;
}

static bool arinc_table_valid(const struct arinc_table ARENA *t)
{
	s64 left = t->major_ns;

	if (t->major_ns <= 0 || !t->nr || t->nr > ARINC_MAX_FRAMES || t->donate > 1)
		return false;
	for (u32 i = ZERO; i < t->nr && i < ARINC_MAX_FRAMES && can_loop; i++) {
		if (AT(t->frame, i)->time_ns <= 0 || AT(t->frame, i)->time_ns > left)
			return false;
		left -= AT(t->frame, i)->time_ns;
	}
	return true;
}

SCHED_API s32 sched_adjust_global_arinc653(sched_call_t *cx, cpupool_t *pool, const struct arinc_table ARENA *table)
{
	struct arinc_pool ARENA *a = &pool->arinc653;

	if (pool->sched != SCHED_ID_arinc653 || !arinc_table_valid(table))
		return -SCHED_EINVAL;
	cx->calls++;
	sched_lock(pool);
	a->table.major_ns = table->major_ns;
	a->table.nr = table->nr;
	a->table.donate = table->donate;
	for (u32 i = ZERO; i < table->nr && i < ARINC_MAX_FRAMES && can_loop; i++) {
		AT(a->table.frame, i)->domain = AT(table->frame, i)->domain;
		AT(a->table.frame, i)->vcpu = AT(table->frame, i)->vcpu;
		AT(a->table.frame, i)->time_ns = AT(table->frame, i)->time_ns;
		*AT(a->vcpu, i) = NULL;
	}
	a->next_major_ns = cx->now;
	for (link_t *k = pool->domains.next; k != &pool->domains && can_loop; k = k->next) {
		domain_t *d = link_of(k, domain_t, pool_link);

		for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next)
			arinc_resolve(pool, link_of(l, vcpu_t, domain_link), 1);
	}
	for_each_cpu(c, &pool->cpus, cx->host->mask_words) kick(cx, pcpu_of(cx->host, (u32)c));
	sched_unlock(pool);
	return 0;
}
