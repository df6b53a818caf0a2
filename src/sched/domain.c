/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains and vCPUs: creation, pausing, parameters, destruction. Facts: framework 1.8, 1.11, 1.14. */

#define MAX_PAUSES 255 /* nested pauses: Xen's limit for the toolstack's */
#define DEFAULT_WEIGHT 256

/*
 * Where a new vCPU starts, before the policy picks: the pool's first pCPU for vCPU 0, then the one after its
 * predecessor's.
 */
static u32 initial_cpu(host_t *h, domain_t *d)
{
	s32 after = -1;

	if (d->nr_vcpus)
		after = (s32)link_of(d->vcpus.prev, vcpu_t, domain_link)->processor->id;
	return (u32)mask_cycle(&d->pool->cpus, after, h->mask_words);
}

SCHED_API domain_t *domain_create(sched_call_t *cx, cpupool_t *pool, s32 id)
{
	host_t *h = cx->host;
	domain_t *d;

	if (!pool->nr_cpus || pool->assist.parent)
		return NULL;
	if (id < 0)
		for (id = (s32)ZERO; (u32)id < h->limits.domains && AT(h->domains, id)->used && can_loop; id++)
			;
	if ((u32)id >= h->limits.domains || AT(h->domains, id)->used)
		return NULL;
	cx->calls++;
	d = AT(h->domains, id);
	d->id = (u32)id;
	d->used = 1;
	d->moving = 0;
	d->pause_count = 0;
	d->nr_vcpus = 0;
	d->pool = pool;
	d->weight = DEFAULT_WEIGHT;
	d->cap = 0;
	d->sdom = NULL;
	d->nr_accounted = 0;
	list_init(&d->adoms);
	list_init(&d->adom_link);
	list_init(&d->vcpus);
	list_add_tail(&pool->domains, &d->pool_link);
	pool->nr_domains++;
	h->nr_domains++;
	assist_domain_init(cx, d);
	hook_domain_init(cx, d);
	record(cx, TRC_DOM_ADD, d->id, 0);
	return d;
}

SCHED_FLAT vcpu_t *vcpu_create(sched_call_t *cx, domain_t *d, cpumask_t *hard, cpumask_t *soft)
{
	host_t *h = cx->host;
	cpupool_t *pool = d->pool;
	vcpu_t *v;

	if (list_empty(&h->free_vcpus) || d->nr_vcpus >= SCHED_MAX_DOMAIN_VCPUS)
		return NULL;
	if (hard && !mask_intersects(hard, &pool->cpus, h->mask_words))
		return NULL;
	cx->calls++;
	v = link_of(h->free_vcpus.next, vcpu_t, domain_link);
	list_del(&v->domain_link);
	v->id = d->nr_vcpus;
	v->domain = d;
	v->processor = pcpu_of(h, initial_cpu(h, d));
	v->runstate = RUNSTATE_offline;
	v->pause_flags = VPF_down;
	v->pause_count = 0;
	v->is_running = 0;
	v->affinity_broken = 0;
	v->soft_effective = 0;
	v->state_entry_ns = cx->now;
	v->runstate_entry_ns = cx->now;
	for (u32 i = ZERO; i < 4 && can_loop; i++)
		*AT(v->runstate_ns, i) = 0;
	v->parked_ns = 0;
	v->migrations = 0;
	v->boosts = 0;
	v->last_cpu = -1;
	v->unit = NULL;
	v->nr_riders = 0;
	list_init(&v->riders);
	v->rt_given = 0;
	assist_vcpu_init(v);
	mask_copy(&v->hard, hard ? hard : &h->all_cpus);
	mask_copy(&v->soft, soft ? soft : &h->all_cpus);
	soft_effective_update(h, v);
	list_add_tail(&d->vcpus, &v->domain_link);
	d->nr_vcpus++;
	sdom_of(d)->nr_accounted++;
	h->nr_vcpus++;
	hook_vcpu_init(cx, v);
	sched_lock(pool);
	hook_insert_vcpu(cx, v);
	sched_unlock(pool);
	sdom_vcpus_changed(cx, d);
	return v;
}

SCHED_API void vcpu_up(sched_call_t *cx, vcpu_t *v)
{
	v->pause_flags &= (u8)~VPF_down;
	vcpu_wake(cx, v);
	sdom_vcpus_changed(cx, v->domain);
}

SCHED_API void vcpu_down(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;

	cx->calls++;
	sched_lock(pool);
	v->pause_flags |= VPF_down;
	vcpu_sleep_locked(cx, v);
	sched_unlock(pool);
	sdom_vcpus_changed(cx, v->domain);
}

SCHED_API s32 vcpu_pause(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;

	if (v->pause_count >= MAX_PAUSES)
		return -SCHED_EOVERFLOW;
	cx->calls++;
	sched_lock(pool);
	v->pause_count++;
	vcpu_sleep_locked(cx, v);
	sched_unlock(pool);
	return 0;
}

SCHED_API s32 vcpu_unpause(sched_call_t *cx, vcpu_t *v)
{
	if (!v->pause_count)
		return -SCHED_EINVAL;
	if (--v->pause_count == 0)
		vcpu_wake(cx, v);
	return 0;
}

SCHED_API s32 domain_pause(sched_call_t *cx, domain_t *d)
{
	if (d->pause_count >= MAX_PAUSES)
		return -SCHED_EOVERFLOW;
	cx->calls++;
	sched_lock(d->pool);
	d->pause_count++;
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next)
		vcpu_sleep_locked(cx, link_of(l, vcpu_t, domain_link));
	sched_unlock(d->pool);
	return 0;
}

SCHED_API s32 domain_unpause(sched_call_t *cx, domain_t *d)
{
	if (!d->pause_count)
		return -SCHED_EINVAL;
	cx->calls++;
	sched_lock(d->pool);
	if (--d->pause_count == 0)
		for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next)
			vcpu_wake_locked(cx, link_of(l, vcpu_t, domain_link));
	sched_unlock(d->pool);
	return 0;
}

/* Does any of its vCPUs still occupy a pCPU? */
CORE_FN bool domain_on_cpu(domain_t *d ARG)
{
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next)
		if (link_of(l, vcpu_t, domain_link)->is_running)
			return true;
	return false;
}

SCHED_API s32 domain_destroy(sched_call_t *cx, domain_t *d)
{
	host_t *h = cx->host;
	cpupool_t *pool = d->pool;

	if (!d->pause_count)
		domain_pause(cx, d);
	if (domain_on_cpu(d))
		return -SCHED_EAGAIN;
	cx->calls++;
	sched_lock(pool);
	sdom_forget(cx, d);
	for (u32 n = ZERO; !list_empty(&d->vcpus) && n < SCHED_MAX_DOMAIN_VCPUS && can_loop; n++) {
		vcpu_t *v = link_of(d->vcpus.next, vcpu_t, domain_link);

		hook_remove_vcpu(cx, v);
		pool->nr_soft -= v->soft_effective;
		list_del(&v->domain_link);
		list_add_head(&h->free_vcpus, &v->domain_link);
		h->nr_vcpus--;
	}
	list_del(&d->pool_link);
	pool->nr_domains--;
	h->nr_domains--;
	d->used = 0;
	sched_unlock(pool);
	record(cx, TRC_DOM_REM, d->id, 0);
	return 0;
}

SCHED_API s32 sched_adjust(sched_call_t *cx, domain_t *d, s32 weight, s32 cap)
{
	if (weight < 0 || weight > CREDIT_MAX_WEIGHT || cap < -1 || cap > 100 * d->nr_vcpus)
		return -SCHED_EINVAL;
	cx->calls++;
	sched_lock(d->pool);
	hook_adjust(cx, d, weight ? (u32)weight : d->weight, cap >= 0 ? (u32)cap : d->cap);
	sched_unlock(d->pool);
	record(cx, TRC_ADJDOM, d->id, 0);
	return 0;
}

SCHED_FLAT s32 sched_adjust_vcpu(sched_call_t *cx, vcpu_t *v, const struct rt_params ARENA *params)
{
	cpupool_t *pool = v->domain->pool;
	s32 ret;

	sched_lock(pool);
	ret = hook_adjust_vcpu(cx, v, params);
	if (!ret) {
		cx->calls++;
		rt_copy_params(&v->rt_user, params);
		v->rt_given = 1;
	}
	sched_unlock(pool);
	if (!ret)
		record(cx, TRC_ADJDOM, v->domain->id, 0);
	return ret;
}
