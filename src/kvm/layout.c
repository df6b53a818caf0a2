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

/*
 * credit's and credit2's ratelimit on a live host. Xen's is 1 ms, and its Domain-0 wakes up seldom; here each kernel
 * thread and each process of the host is a wake-up of a container, and the vCPU that it interrupted would be kept from
 * being preempted for a millisecond more each time. 100 us is the least that Xen takes.
 */
#define LIVE_RATELIMIT_NS (100 * USEC)

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

/* Domain-0's vCPU of a pCPU. That of a pCPU which is off line stays down: vCPU c must be pCPU c's. */
static int add_container(sched_call_t *cx, domain_t *dom0, const struct topology *t, u32 cpu)
{
	struct cpumask only = { 0 };
	vcpu_t *v;

	mask_set(&only, cpu);
	v = vcpu_create(cx, dom0, topology_online(t, cpu) ? &only : NULL, NULL);
	if (!v || v->index != cpu)
		return -EINVAL;
	if (topology_online(t, cpu)) {
		v->pause_flags = VPF_blocked;
		v->runstate = RUNSTATE_blocked;
	}
	reserve_for_host(cx, v);
	return 0;
}

int layout_host(void *mem, const struct topology *t, u32 sched, struct live_globals *g, char *error)
{
	struct sched_call cx = { 0 };
	struct timespec now;
	struct parts p;
	domain_t *dom0;
	host_t *h;

	measure(&p, t);
	h = host_init(mem, &p.limits, t->core_of, t->node_of);
	if (!h)
		return live_fail(error, -EINVAL, "the core can't be laid out for %u CPUs, %u cores, %u nodes",
				 t->nr_cpus, t->nr_cores, t->nr_nodes);
	/* The same clock as bpf_ktime_get_ns(). */
	clock_gettime(CLOCK_MONOTONIC, &now);
	cx.host = h;
	cx.now = (s64)now.tv_sec * 1000000000 + now.tv_nsec;
	if (cpupool_create(&cx, 0, sched))
		return live_fail(error, -EINVAL, "Pool-0 can't be made");
	if (sched == SCHED_ID_credit)
		h->pools[0].credit.params.ratelimit_ns = LIVE_RATELIMIT_NS;
	if (sched == SCHED_ID_credit2)
		h->pools[0].credit2.params.ratelimit_ns = LIVE_RATELIMIT_NS;
	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++) {
		cx.cpu = cpu;
		if (topology_online(t, cpu) && cpupool_add_cpu(&cx, 0, (s32)cpu))
			return live_fail(error, -EINVAL, "CPU %u can't join Pool-0", cpu);
	}
	cx.cpu = 0;
	dom0 = domain_create(&cx, &h->pools[0], LIVE_DOM0);
	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++)
		if (!dom0 || add_container(&cx, dom0, t, cpu))
			return live_fail(error, -EINVAL, "Domain-0's vCPU %u can't be made", cpu);
	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++)
		h->pcpus[cpu].resched = 0;

	g->host = h;
	g->calls = (sched_call_t *)((char *)mem + p.calls);
	g->mailbox = (live_mailbox_t *)((char *)mem + p.mailbox);
	g->domains = (live_domain_t *)((char *)mem + p.domains);
	g->vcpus = (live_vcpu_t *)((char *)mem + p.vcpus);
	g->nr_cpus = t->nr_cpus;
	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++) {
		g->calls[cpu].host = h;
		g->calls[cpu].cpu = cpu;
	}
	return 0;
}
