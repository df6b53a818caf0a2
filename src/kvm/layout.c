// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The live host's objects are made by the core's own functions, run natively on the arena's memory. Only then does the
 * BPF side start, and from then on nobody but it changes them.
 *
 * What the core asks to be done meanwhile (kicks) is dropped: nothing runs yet, and every pCPU schedules as soon as the
 * scheduler is in charge. The timers' deadlines stay in each pCPU's deadline_ns, to be armed then.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "kvm/files.h"
#include "kvm/layout.h"

struct parts {
	struct host_limits limits;
	u64 calls, mailbox, domains, vcpus, size;
};

static u64 part(u64 *size, u64 bytes)
{
	u64 at = (*size + 63) & ~63ULL;

	*size = at + bytes;
	return at;
}

static void measure(struct parts *p, const struct topology *t)
{
	p->limits = (struct host_limits){
		.pcpus = t->nr_cpus,
		.cores = t->nr_cores,
		.nodes = t->nr_nodes,
		.domains = LIVE_MAX_VMS + 1,
		.vcpus = LIVE_MAX_VM_VCPUS + t->nr_cpus,
		.pools = LIVE_MAX_POOLS,
	};
	p->size = host_size(&p->limits);
	p->calls = part(&p->size, sizeof(struct sched_call) * t->nr_cpus);
	p->mailbox = part(&p->size, sizeof(struct live_mailbox));
	p->domains = part(&p->size, sizeof(struct live_domain) * p->limits.domains);
	p->vcpus = part(&p->size, sizeof(struct live_vcpu) * p->limits.vcpus);
}

u64 layout_size(const struct topology *t)
{
	struct parts p;

	measure(&p, t);
	return p.size;
}

/*
 * Under a real-time policy Domain-0 is a server like the others. It has a fifth of each pCPU, in a short period so
 * that it waits little, and what the VMs leave: enough for the host's own work, whatever is promised to
 * VMs. Under rtxen its server is a deferrable one even if the pool's are not, since host tasks come when they come.
 */
static void reserve_for_host(sched_call_t *cx, vcpu_t *v)
{
	struct rt_params params = {
		.period_ns = 5 * MSEC,
		.budget_ns = 1 * MSEC,
		.phase_ns = -1,
		.priority = 1,
		.kind = RT_DEFERRABLE,
		.extratime = 1,
		.when = RT_AT_ONCE,
	};

	/* In a pool of another policy they are kept for later. */
	if (sched_adjust_vcpu(cx, v, &params)) {
		v->rt_user = params;
		v->rt_given = 1;
	}
}

/* Has the pool containers for its pCPUs (pool.bpf.c)? */
static bool has_containers(const cpupool_t *pool)
{
	return !pool->assist.parent && !live_exclusive(pool->sched);
}

/*
 * Domain-0's vCPU of a pCPU, in the domain that it has in the pCPU's pool. That of a pCPU which is off line stays
 * down: vCPU c must be pCPU c's. That of a pCPU in no pool, or in one without containers, is out.
 */
static int add_container(sched_call_t *cx, struct live_globals *g, u32 cpu)
{
	host_t *h = cx->host;
	pcpu_t *p = &h->pcpus[cpu];
	cpupool_t *pool = p->pool && !p->assist.micro && has_containers(p->pool) ? p->pool : NULL;
	domain_t *d = &h->domains[pool ? g->host_domain[pool->id] : LIVE_DOM0];
	struct cpumask only = { 0 };
	vcpu_t *v;

	mask_set(&only, cpu);
	v = vcpu_create(cx, d, pool ? &only : NULL, NULL);
	if (!v || v->index != cpu)
		return -EINVAL;
	v->id = cpu;
	p->box = pool ? v : NULL;
	if (pool) {
		v->pause_flags = VPF_blocked;
		v->runstate = RUNSTATE_blocked;
	}
	reserve_for_host(cx, v);
	if (!pool && mask_test(&h->all_cpus, cpu)) {
		v->hard = only;
		g->vcpus[cpu].out = 1;
		return vcpu_leave_domain(cx, v);
	}
	return 0;
}

/* Which pool is to have this pCPU? -1: none. */
static int pool_for(const struct live_pools *pools, u32 cpu)
{
	for (u32 i = 1; i < LIVE_MAX_POOLS; i++)
		if (pools->pool[i].used && mask_test((cpumask_t *)&pools->pool[i].cpus, cpu))
			return (int)i;
	return mask_test((cpumask_t *)&pools->free, cpu) ? -1 : 0;
}

/* All pools, each with its pCPUs and with Domain-0's domain. */
static int add_pools(sched_call_t *cx, const struct topology *t, const struct live_pools *pools, struct live_globals *g)
{
	host_t *h = cx->host;
	bool any = false;

	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++)
		any |= topology_online(t, cpu) && !pool_for(pools, cpu);
	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++) {
		/* Pool-0 is never empty, whichever CPUs are gone. */
		int pool = any ? pool_for(pools, cpu) : 0;

		cx->cpu = cpu;
		if (topology_online(t, cpu) && pool >= 0 && cpupool_add_cpu(cx, pool, (s32)cpu))
			return -EINVAL;
	}
	cx->cpu = 0;
	for (u32 i = 0; i < LIVE_MAX_POOLS; i++) {
		domain_t *d = h->pools[i].used && h->pools[i].nr_cpus && has_containers(&h->pools[i]) ?
				      domain_create(cx, &h->pools[i], i ? -1 : LIVE_DOM0) :
				      NULL;

		g->host_domain[i] = d ? d->id : 0;
	}
	return h->domains[LIVE_DOM0].used ? 0 : -EINVAL;
}

int layout_host(void *mem, const struct topology *t, const struct live_pools *pools, struct live_globals *g,
		char *error)
{
	struct sched_call cx = { 0 };
	struct timespec now;
	struct parts p;
	host_t *h;

	measure(&p, t);
	h = host_init(mem, &p.limits, t->core_of, t->node_of);
	if (!h)
		return live_fail(error, -EINVAL, "the core can't be laid out for %u CPUs, %u cores, %u nodes",
				 t->nr_cpus, t->nr_cores, t->nr_nodes);
	/* What is off line is no pCPU of this host. */
	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++)
		if (!topology_online(t, cpu)) {
			mask_clear(&h->all_cpus, cpu);
			mask_clear(&h->free_cpus, cpu);
		}
	/* The same clock as bpf_ktime_get_ns(). */
	clock_gettime(CLOCK_MONOTONIC, &now);
	cx.host = h;
	cx.now = (s64)now.tv_sec * 1000000000 + now.tv_nsec;
	g->vcpus = (live_vcpu_t *)((char *)mem + p.vcpus);
	for (u32 i = 0; i < LIVE_MAX_POOLS; i++) {
		if (!pools->pool[i].used || pools->pool[i].hidden)
			continue;
		if (cpupool_create(&cx, (s32)i, pools->pool[i].sched) < 0)
			return live_fail(error, -EINVAL, "cpupool %u can't be made", i);
		if (pools->pool[i].sched == SCHED_ID_credit)
			h->pools[i].credit.params.ratelimit_ns = LIVE_RATELIMIT_NS;
		if (pools->pool[i].sched == SCHED_ID_credit2)
			h->pools[i].credit2.params.ratelimit_ns = LIVE_RATELIMIT_NS;
	}
	for (u32 i = 0; i < LIVE_MAX_POOLS; i++)
		if (pools->pool[i].used && pools->pool[i].hidden &&
		    (cpupool_create_hidden(&cx, (s32)i, (s32)pools->pool[i].parent) < 0 ||
		     sched_adjust_global_micro(&cx, &h->pools[i], &pools->pool[i].micro)))
			return live_fail(error, -EINVAL, "the hidden cpupool %u can't be made", i);
	if (add_pools(&cx, t, pools, g))
		return live_fail(error, -EINVAL, "the cpupools can't have their CPUs");
	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++)
		if (add_container(&cx, g, cpu))
			return live_fail(error, -EINVAL, "Domain-0's vCPU %u can't be made", cpu);
	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++)
		h->pcpus[cpu].resched = 0;

	g->host = h;
	g->calls = (sched_call_t *)((char *)mem + p.calls);
	g->mailbox = (live_mailbox_t *)((char *)mem + p.mailbox);
	g->domains = (live_domain_t *)((char *)mem + p.domains);
	g->alone = 0;
	g->nr_cpus = t->nr_cpus;
	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++) {
		g->counters[cpu].inside = 0;
		g->calls[cpu].host = h;
		g->calls[cpu].cpu = cpu;
	}
	return 0;
}
