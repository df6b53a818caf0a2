/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host's kernel side: cpupools. Included by rota.bpf.c; all of it runs alone in the core (alone.bpf.c).
 *
 * The container of a pCPU's host tasks belongs to the pCPU: it is a vCPU of Domain-0's in the pool that has the pCPU,
 * and goes with it. A pCPU that no pool has, or that is on its way out of one, has its container `out`, in no domain:
 * its host tasks run without the core, which has nothing to decide there.
 *
 * So it is with a hidden pool's pCPUs: their parent's policy does not know them. They run the host's tasks as if no
 * pool had them, and between those the turns (sched/microslice.c). Of one that a controller has lent the container
 * stays in its domain, unplugged (pcpu.box). And with those of an exclusive pool (null,
 * arinc653), which has no room for Domain-0: exclusive.bpf.c.
 */

/* Host tasks of this pCPU are no matter of the core's. */
static inline bool container_out(vcpu_t *box)
{
	return box->pause_flags & VPF_down;
}

/* A pool has this pCPU for its vCPUs alone. */
static inline bool exclusive_cpu(u32 cpu)
{
	cpupool_t *pool = pcpu_of(live.host, cpu)->pool;

	return pool && live_exclusive(pool->sched);
}

/* Domain-0's domain in a pool, a new one if need be; NULL: there is no room for one. */
static domain_t *host_domain(sched_call_t *cx, cpupool_t *pool)
{
	host_t *h = cx->host;
	u32 slot = pool->id % LIVE_MAX_POOLS;
	domain_t *dom0 = AT(h->domains, LIVE_DOM0), *d;

	if (!slot)
		return dom0;
	if (live.host_domain[slot])
		return AT(h->domains, live.host_domain[slot]);
	d = domain_create(cx, pool, -1);
	if (!d)
		return NULL;
	live.host_domain[slot] = d->id;
	return d;
}

/* pCPU @cpu's container joins the pool that has the pCPU now. */
NO_FRAME s32 container_in(sched_call_t *cx, u32 cpu)
{
	vcpu_t *box = container_of_cpu(cpu);
	domain_t *d;
	s32 ret;

	if (pcpu_of(cx->host, cpu)->assist.micro || exclusive_cpu(cpu))
		return 0;
	pcpu_of(cx->host, cpu)->box = box;
	if (live.vcpus[cpu].out) {
		d = host_domain(cx, pcpu_of(cx->host, cpu)->pool);
		if (!d)
			return -SCHED_ENOMEM;
		ret = vcpu_join_domain(cx, box, d);
		if (ret)
			return ret;
		live.vcpus[cpu].out = 0;
	}
	/* Whether there is anything in it dispatch will see. */
	box->pause_flags &= (u8)~VPF_blocked;
	vcpu_up(cx, box);
	return 0;
}

/* It leaves its pool's; with the last one goes Domain-0's domain there. -EAGAIN: it is still on its pCPU. */
NO_FRAME s32 container_leaves(sched_call_t *cx, u32 cpu)
{
	vcpu_t *box = container_of_cpu(cpu);
	domain_t *d = box->domain;
	u32 slot = d->pool->id % LIVE_MAX_POOLS;
	s32 ret;

	if (!container_out(box))
		vcpu_down(cx, box);
	ret = vcpu_leave_domain(cx, box);
	if (ret)
		return ret;
	pcpu_of(cx->host, cpu)->box = NULL;
	live.vcpus[cpu].out = 1;
	box->domain = AT(cx->host->domains, LIVE_DOM0);
	if (slot && !d->nr_vcpus) {
		live.host_domain[slot] = 0;
		domain_destroy(cx, d);
	}
	return 0;
}

/* What cpupool_rm_cpu() would refuse is refused before the container leaves. */
static s32 may_leave(host_t *h, u32 id, u32 cpu)
{
	cpupool_t *pool = AT(h->pools, id);

	if (id >= h->limits.pools || !pool->used)
		return -SCHED_ENOENT;
	if (cpu >= h->limits.pcpus || cpu >= LIVE_MAX_CPUS || (!cpu && !id))
		return -SCHED_EINVAL;
	if (live.vcpus[cpu].out)
		return 0;
	if (pcpu_of(h, cpu)->pool != pool || h->moving_cpu >= 0)
		return -SCHED_EADDRNOTAVAIL;
	/* One of its domains is Domain-0's. */
	return pool->nr_cpus == 1 && pool->nr_domains > 1 ? -SCHED_EBUSY : 0;
}

CORE_FN s32 remove_cpu(sched_call_t *cx ARG, u32 id, u32 cpu)
{
	s32 ret;

	if (id < cx->host->limits.pools && cpu < cx->host->limits.pcpus)
		cpupool_take_back(cx, AT(cx->host->pools, id), pcpu_of(cx->host, cpu));
	ret = may_leave(cx->host, id, cpu);
	if (!ret && !live.vcpus[cpu % LIVE_MAX_CPUS].out)
		ret = container_leaves(cx, cpu % LIVE_MAX_CPUS);
	return ret ? ret : cpupool_rm_cpu(cx, (s32)id, (s32)cpu);
}

/*
 * -ENOMEM, for want of a domain: the pool has the pCPU, without its container; take it away again.
 */
CORE_FN s32 add_cpu(sched_call_t *cx ARG, u32 id, u32 cpu)
{
	host_t *h = cx->host;
	s32 ret;

	/* Also one that is off line: its container is down, and no pool's. */
	if (cpu >= h->limits.pcpus || cpu >= LIVE_MAX_CPUS || !mask_test(&h->all_cpus, cpu))
		return -SCHED_EINVAL;
	/* A removal that has only begun is undone by this, too. */
	ret = container_out(container_of_cpu(cpu)) && !live.vcpus[cpu].out ? 0 : cpupool_add_cpu(cx, (s32)id, (s32)cpu);
	return ret ? ret : container_in(cx, cpu);
}

CORE_FN s32 create_pool(sched_call_t *cx ARG, u32 sched)
{
	s32 id;

	id = cpupool_create(cx, CPUPOOL_ANY, sched);
	if (id >= 0 && sched == SCHED_ID_credit)
		AT(cx->host->pools, id)->credit.params.ratelimit_ns = LIVE_RATELIMIT_NS;
	if (id >= 0 && sched == SCHED_ID_credit2)
		AT(cx->host->pools, id)->credit2.params.ratelimit_ns = LIVE_RATELIMIT_NS;
	return id;
}

NO_FRAME s32 hide_pool(sched_call_t *cx, u32 parent)
{
	return cpupool_create_hidden(cx, CPUPOOL_ANY, (s32)parent);
}

NO_FRAME s32 adjust_micro(sched_call_t *cx, u32 id)
{
	cpupool_t *pool = AT(cx->host->pools, id);

	if (id >= cx->host->limits.pools || !pool->used || !pool->assist.parent)
		return -SCHED_EINVAL;
	return sched_adjust_global_micro(cx, pool, &live.mailbox->micro);
}

NO_FRAME s32 destroy_pool(sched_call_t *cx, u32 id)
{
	return cpupool_destroy(cx, (s32)id);
}

CORE_FN s32 move_domain(sched_call_t *cx ARG, u32 domain, u32 pool)
{
	host_t *h = cx->host;

	if (domain == LIVE_DOM0 || domain >= h->limits.domains || !AT(h->domains, domain)->used ||
	    !live.domains[domain].tgid)
		return -SCHED_ESRCH;
	return cpupool_move_domain(cx, AT(h->domains, domain), (s32)pool);
}
