/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpupools: sets of pCPUs, each with a scheduler of its own. Facts: 3.1 - 3.5; errors and their order are 3.2's.
 *
 * Removing a pCPU takes as long as somebody runs there: the first call takes it out of the pool's set, so that nobody
 * new is sent to it, and moves away who is there; until the last has left, the answer is -EAGAIN and the pCPU is
 * "moving". Only that removal can be finished, or undone by adding the pCPU again.
 *
 * A hidden pool has pCPUs, and nothing else of its own: microslice.c.
 *
 * Moving a domain keeps its weight, cap and, where they still meet the new pool, its affinities. (Xen resets them
 * all, which costs its users their settings.) Its activation domains move with it (sdom.c).
 */

static cpupool_t *cpupool_find(host_t *h, s32 id)
{
	if (id < 0 || (u32)id >= h->limits.pools || !AT(h->pools, id)->used)
		return NULL;
	return AT(h->pools, id);
}

CORE_FN u32 pools_used(host_t *h ARG)
{
	u32 nr = 0;

	for (u32 i = ZERO; i < h->limits.pools && can_loop; i++)
		nr += AT(h->pools, i)->used;
	return nr;
}

/* One after the last that is used; the first gap when that is at the end. */
CORE_FN u32 pools_next(host_t *h ARG)
{
	u32 next = 0, gap = ZERO;

	for (u32 i = ZERO; i < h->limits.pools && can_loop; i++)
		if (AT(h->pools, i)->used)
			next = i + 1;
	if (next < h->limits.pools)
		return next;
	for (; gap < h->limits.pools && AT(h->pools, gap)->used && can_loop; gap++)
		;
	return gap;
}

/* The id for a new pool: @id, or for CPUPOOL_ANY Xen's choice. */
static s32 pool_id(host_t *h, s32 id)
{
	if (pools_used(h) >= h->limits.pools)
		return -SCHED_ENOSPC;
	if (id == CPUPOOL_ANY)
		id = (s32)pools_next(h);
	if (id < 0 || (u32)id >= h->limits.pools)
		return -SCHED_ENOSPC;
	return AT(h->pools, id)->used ? -SCHED_EEXIST : id;
}

static cpupool_t *pool_begin(host_t *h, u32 id, u32 sched)
{
	cpupool_t *pool = AT(h->pools, id);

	pool->id = id;
	pool->used = 1;
	pool->sched = (u8)sched;
	pool->nr_cpus = 0;
	pool->nr_domains = 0;
	pool->nr_soft = 0;
	pool->host = h;
	list_init(&pool->domains);
	mask_zero(&pool->cpus);
	assist_pool_init(pool);
	return pool;
}

SCHED_API s32 cpupool_create(sched_call_t *cx, s32 id, u32 sched)
{
	host_t *h = cx->host;
	bool known = false;

	id = pool_id(h, id);
	if (id < 0)
		return id;
#define SCHEDULER(name, number, full) known |= sched == number;
	SCHEDULERS(SCHEDULER)
#undef SCHEDULER
	if (!known)
		return -SCHED_ENOENT;
	cx->calls++;
	hook_pool_init(pool_begin(h, (u32)id, sched));
	return id;
}

SCHED_API s32 cpupool_create_hidden(sched_call_t *cx, s32 id, s32 parent_id)
{
	host_t *h = cx->host;
	cpupool_t *parent = cpupool_find(h, parent_id);

	id = pool_id(h, id);
	if (id < 0)
		return id;
	if (!parent)
		return -SCHED_ENOENT;
	/* Pool-0 is never hidden: pCPU 0, once in it, does not leave it. */
	if (!id || parent->assist.parent || !has_turns(parent->sched))
		return -SCHED_EINVAL;
	if (parent->assist.hidden)
		return -SCHED_EEXIST;
	cx->calls++;
	sched_lock(parent);
	micro_pool_init(pool_begin(h, (u32)id, parent->sched), parent);
	sched_unlock(parent);
	return id;
}

SCHED_FLAT s32 cpupool_destroy(sched_call_t *cx, s32 id)
{
	host_t *h = cx->host;
	cpupool_t *pool = cpupool_find(h, id);

	if (!pool)
		return -SCHED_ENOENT;
	/* A pCPU on its way out still belongs here. */
	if (pool->nr_domains || pool->nr_cpus > pool->assist.nr_lent || pool->assist.hidden ||
	    (h->moving_cpu >= 0 && h->moving_pool == pool->id))
		return -SCHED_EBUSY;
	cx->calls++;
	if (pool->assist.parent) {
		cpupool_t *parent = pool->assist.parent;

		sched_lock(parent);
		micro_pool_end(cx, pool);
		sched_unlock(parent);
	}
	pool->used = 0;
	return 0;
}

static void pool_count_cpu(cpupool_t *pool, u32 cpu, bool joins)
{
	if (joins) {
		mask_set(&pool->cpus, cpu);
		pool->nr_cpus++;
	} else {
		mask_clear(&pool->cpus, cpu);
		pool->nr_cpus--;
	}
}

SCHED_FLAT s32 cpupool_add_cpu(sched_call_t *cx, s32 id, s32 cpu)
{
	host_t *h = cx->host;
	cpupool_t *pool = cpupool_find(h, id);
	pcpu_t *p;

	if (!pool)
		return -SCHED_ENOENT;
	if (cpu < 0) {
		cpu = mask_first(&h->free_cpus, h->mask_words);
		if (cpu < 0)
			return -SCHED_ENODEV;
	}
	if ((u32)cpu >= h->limits.pcpus)
		return -SCHED_EINVAL;
	p = pcpu_of(h, (u32)cpu);
	if (cpu == h->moving_cpu) {
		if (h->moving_pool != pool->id)
			return -SCHED_EADDRNOTAVAIL;
		/* Undo the half-done removal: it still has this pool's scheduler. */
		cx->calls++;
		sched_lock(p->pool);
		pool_count_cpu(pool, (u32)cpu, true);
		if (!p->assist.micro)
			hook_pcpu_init(cx, p); /* moving_cpu tells it that vCPUs may be there still */
		h->moving_cpu = -1;
		micro_cpus_changed(cx, pool);
		sched_unlock(p->pool);
		kick(cx, p);
		return 0;
	}
	if (p->pool)
		return -SCHED_ENODEV;
	cx->calls++;
	mask_clear(&h->free_cpus, (u32)cpu);
	p->pool = pool->assist.parent ? pool->assist.parent : pool;
	sched_lock(p->pool);
	pool_count_cpu(pool, (u32)cpu, true);
	if (pool->assist.parent) {
		p->assist.micro = pool;
	} else {
		hook_pcpu_init(cx, p);
		micro_cpus_changed(cx, pool);
	}
	sched_unlock(p->pool);
	record(cx, TRC_ROTA_POOL_CPU, pool->id, (u32)cpu);
	kick(cx, p);
	return 0;
}

/* Does v belong to a pCPU? */
static inline bool is_box(sched_call_t *cx, vcpu_t *v)
{
	return v->index < cx->host->limits.pcpus && pcpu_of(cx->host, v->index)->box == v;
}

/* Send the vCPUs of d off pCPU p, which its pool no longer has. Returns how many still run there. */
CORE_FN u32 evacuate_domain(sched_call_t *cx ARG, domain_t *d ARG, pcpu_t *p ARG)
{
	host_t *h = cx->host;
	u32 left = 0;

	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (is_box(cx, v))
			continue; /* it stays with its pCPU */
		if (!mask_intersects(&v->hard, &d->pool->cpus, h->mask_words)) {
			/* Its affinity no longer meets the pool: broken, as Xen says, to all. */
			mask_copy(&v->hard, &h->all_cpus);
			soft_effective_update(h, v);
			hook_affinity_set(cx, v);
		}
		if (v->processor != p)
			continue;
		if (!(v->pause_flags & VPF_migrating))
			vcpu_move_start(cx, v);
		vcpu_move_finish(cx, v);
		left += v->processor == p;
	}
	return left;
}

NO_FRAME u32 evacuate(sched_call_t *cx, cpupool_t *pool, pcpu_t *p)
{
	u32 left = 0;

	for (link_t *k = pool->domains.next; k != &pool->domains && can_loop; k = k->next)
		left += evacuate_domain(cx, link_of(k, domain_t, pool_link), p);
	return left;
}

/* Is a vCPU pinned for the moment such that it could run nowhere else in the pool without @cpu? */
CORE_FN bool pinned_to(cpupool_t *pool ARG, u32 cpu)
{
	for (link_t *k = pool->domains.next; k != &pool->domains && can_loop; k = k->next) {
		domain_t *d = link_of(k, domain_t, pool_link);

		for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
			vcpu_t *v = link_of(l, vcpu_t, domain_link);

			if (v->affinity_broken && mask_test(&v->hard, cpu))
				return true;
		}
	}
	return false;
}

/* The pCPU leaves its pool's set: nobody new is sent there. Lock held. */
static void rm_cpu_begin(sched_call_t *cx, cpupool_t *pool, pcpu_t *p)
{
	host_t *h = cx->host;

	h->moving_cpu = (s32)p->id;
	h->moving_pool = pool->id;
	pool_count_cpu(pool, p->id, false);
	if (pool->assist.parent) {
		if (mask_test(&pool->assist.lent, p->id)) {
			mask_clear(&pool->assist.lent, p->id);
			pool->assist.nr_lent--;
		}
	} else {
		hook_pcpu_deinit(cx, p);
		micro_cpus_changed(cx, pool);
	}
	turn_cancel_all(cx, p);
}

SCHED_FLAT void cpupool_take_back(sched_call_t *cx, cpupool_t *pool, pcpu_t *p)
{
	if (p->pool != pool || !p->assist.micro || !mask_test(&p->assist.micro->assist.lent, p->id))
		return;
	sched_lock(pool);
	micro_give_back(cx, p->assist.micro, p);
	sched_unlock(pool);
}

SCHED_FLAT s32 cpupool_rm_cpu(sched_call_t *cx, s32 id, s32 cpu)
{
	host_t *h = cx->host;
	cpupool_t *pool = cpupool_find(h, id);
	pcpu_t *p;
	u32 left;

	if (!pool)
		return -SCHED_ENOENT;
	if (cpu < 0) {
		for_each_cpu (c, &pool->cpus, h->mask_words)
			cpu = c;
		if (cpu < 0)
			return -SCHED_EINVAL;
	}
	if ((u32)cpu >= h->limits.pcpus || (cpu == 0 && id == 0))
		return -SCHED_EINVAL;
	p = pcpu_of(h, (u32)cpu);
	if (h->moving_cpu < 0)
		cpupool_take_back(cx, pool, p);
	if ((p->assist.micro ? p->assist.micro : p->pool) != pool || (h->moving_cpu >= 0 && h->moving_cpu != cpu))
		return -SCHED_EADDRNOTAVAIL;
	if (h->moving_cpu != cpu) {
		if (pool->nr_cpus == 1 && pool->nr_domains)
			return -SCHED_EBUSY;
		if (pinned_to(pool, (u32)cpu))
			return -SCHED_EADDRINUSE;
		sched_lock(p->pool);
		rm_cpu_begin(cx, pool, p);
		sched_unlock(p->pool);
	}
	cx->calls++;
	sched_lock(p->pool);
	left = evacuate(cx, p->pool, p);
	sched_unlock(p->pool);
	if (left || p->curr != p->idle || p->prev) {
		kick(cx, p);
		return -SCHED_EAGAIN;
	}
	p->pool = NULL;
	p->unit = p->idle;
	p->assist.micro = NULL;
	for (u32 t = ZERO; t < NR_TIMERS && can_loop; t++)
		timer_set(cx, p, t, TIME_NEVER);
	mask_set(&h->free_cpus, (u32)cpu);
	h->moving_cpu = -1;
	record(cx, TRC_ROTA_POOL_CPU, ~0U, (u32)cpu);
	return 0;
}

/* Those that move with d: it and who is accounted to it. Is one of them pinned for the moment? */
CORE_FN bool move_pinned(domain_t *d ARG)
{
	for (domain_t *a = d; a && can_loop; a = sdom_next(d, a))
		for (link_t *l = a->vcpus.next; l != &a->vcpus && can_loop; l = l->next)
			if (link_of(l, vcpu_t, domain_link)->affinity_broken)
				return true;
	return false;
}

/* Their move is given up, or over. */
CORE_FN s32 move_end(sched_call_t *cx ARG, domain_t *d ARG)
{
	for (domain_t *a = d; a && can_loop; a = sdom_next(d, a)) {
		if (!a->moving)
			continue;
		a->moving = 0;
		domain_unpause(cx, a);
	}
	return 0;
}

/* They are paused until they have moved. Returns 0; -EAGAIN when one is still on a pCPU. */
NO_FRAME s32 move_begin(sched_call_t *cx, domain_t *d)
{
	s32 ret = 0, err;

	for (domain_t *a = d; a && can_loop; a = sdom_next(d, a)) {
		if (!a->moving) {
			err = domain_pause(cx, a);
			if (err) {
				move_end(cx, d);
				return err;
			}
			a->moving = 1;
		}
		if (domain_on_cpu(a))
			ret = -SCHED_EAGAIN;
	}
	return ret;
}

CORE_FN int move_leave(sched_call_t *cx ARG, domain_t *d ARG)
{
	cpupool_t *from = d->pool;

	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		hook_remove_vcpu(cx, v);
		from->nr_soft -= v->soft_effective;
		v->soft_effective = 0;
	}
	list_del(&d->pool_link);
	from->nr_domains--;
	return 0;
}

NO_FRAME void move_arrive(sched_call_t *cx, domain_t *d)
{
	host_t *h = cx->host;
	cpupool_t *to = d->pool;

	list_add_tail(&to->domains, &d->pool_link);
	to->nr_domains++;
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (!mask_intersects(&v->hard, &to->cpus, h->mask_words))
			mask_copy(&v->hard, &h->all_cpus);
		soft_effective_update(h, v);
		v->processor =
			pcpu_of(h, (u32)mask_cycle_and(&v->hard, &to->cpus, (s32)v->processor->id, h->mask_words));
		v->pause_flags &= (u8)~VPF_migrating;
		hook_vcpu_init(cx, v);
		hook_insert_vcpu(cx, v);
	}
	record(cx, TRC_ROTA_POOL_DOMAIN, to->id, d->id);
}

SCHED_FLAT s32 cpupool_move_domain(sched_call_t *cx, domain_t *d, s32 id)
{
	host_t *h = cx->host;
	cpupool_t *from = d->pool, *to = cpupool_find(h, id);
	s32 err;

	if (to == from)
		return d->sdom ? 0 : move_end(cx, d);
	if (!to || !to->nr_cpus || to->assist.parent)
		return -SCHED_ENOENT;
	if (d->sdom || move_pinned(d))
		return -SCHED_EBUSY;
	err = move_begin(cx, d);
	if (err)
		return err;
	cx->calls++;
	sched_lock(from);
	for (domain_t *a = d; a && can_loop; a = sdom_next(d, a))
		move_leave(cx, a);
	sched_unlock(from);

	for (domain_t *a = d; a && can_loop; a = sdom_next(d, a)) {
		u32 weight = a->weight, cap = a->cap;

		a->pool = to;
		hook_domain_init(cx, a);
		a->weight = weight;
		a->cap = cap;
	}
	sched_lock(to);
	for (domain_t *a = d; a && can_loop; a = sdom_next(d, a))
		move_arrive(cx, a);
	sched_unlock(to);
	return move_end(cx, d);
}

/* ---- a vCPU that belongs to a pCPU ---- */

SCHED_FLAT s32 vcpu_leave_domain(sched_call_t *cx, vcpu_t *v)
{
	domain_t *d = v->domain;
	cpupool_t *pool = d->pool;

	if (!(v->pause_flags & VPF_down))
		return -SCHED_EINVAL;
	if (v->is_running)
		return -SCHED_EAGAIN;
	cx->calls++;
	sched_lock(pool);
	hook_remove_vcpu(cx, v);
	pool->nr_soft -= v->soft_effective;
	v->soft_effective = 0;
	v->pause_flags &= (u8)~VPF_migrating;
	list_del(&v->domain_link);
	d->nr_vcpus--;
	sdom_of(d)->nr_accounted--;
	sched_unlock(pool);
	return 0;
}

SCHED_FLAT s32 vcpu_join_domain(sched_call_t *cx, vcpu_t *v, domain_t *d)
{
	host_t *h = cx->host;
	cpupool_t *pool = d->pool;

	if (!mask_intersects(&v->hard, &pool->cpus, h->mask_words))
		return -SCHED_EINVAL;
	cx->calls++;
	sched_lock(pool);
	v->domain = d;
	list_add_tail(&d->vcpus, &v->domain_link);
	d->nr_vcpus++;
	sdom_of(d)->nr_accounted++;
	soft_effective_update(h, v);
	v->processor = pcpu_of(h, (u32)mask_cycle_and(&v->hard, &pool->cpus, (s32)v->processor->id - 1, h->mask_words));
	hook_vcpu_init(cx, v);
	hook_insert_vcpu(cx, v);
	sched_unlock(pool);
	return 0;
}
