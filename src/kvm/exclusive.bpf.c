/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host's kernel side: pCPUs that their pool has for its vCPUs alone, those of null and arinc653. Included by
 * rota.bpf.c.
 *
 * Such a policy has no room for Domain-0, as in Xen, where it is in another pool. So these pCPUs have no container.
 * Host tasks that may run elsewhere wait elsewhere, as with isolcpus. Two things the kernel needs of every CPU all the
 * same, and the core is not told of them, as it is not of interrupts:
 *
 * Who may run nowhere else (the CPU's own kernel threads, and what somebody has bound there) runs at once, in front of
 * the vCPU, for 3 ms at most, and then rests ten times as long as it ran: a tenth of the pCPU can be lost by it and no
 * more, and only where somebody made it so.
 *
 * A vCPU that waits for a pCPU which it never gets, because there are more vCPUs than pCPUs or no frame is its, would
 * be runnable for ever, which sched_ext's watchdog takes for our fault after 30 s. So every ten seconds it has a
 * moment.
 */

#define EXCLUSIVE_REST 10 /* times what it ran, a host task's on a pCPU that is not for it */
#define ALIVE_NS (10 * 1000 * MSEC) /* how long a vCPU may wait without its moment */
#define ALIVE_LOOK_NS (4 * 1000 * MSEC)

/* The next pCPU that has a container of host tasks, and @p may use; @cpu: none. */
static u32 next_container(const struct task_struct *p, u32 cpu)
{
	u32 n = live.nr_cpus;

	for (u32 i = ZERO + 1; i < n && i < LIVE_MAX_CPUS && can_loop; i++) {
		u32 other = cpu + i >= n ? cpu + i - n : cpu + i;

		if (!(container_of_cpu(other)->pause_flags & VPF_down) && bpf_cpumask_test_cpu(other, p->cpus_ptr))
			return other;
	}
	return cpu;
}

/* A host task has run here for so long. */
static inline void exclusive_ran(struct cpu_ctx *c, u64 ran_ns)
{
	c->host_next_ns = (s64)(bpf_ktime_get_ns() + EXCLUSIVE_REST * ran_ns);
}

/* When the pCPU must come to dispatch for one of these. */
static inline void exclusive_soon(struct cpu_ctx *c, pcpu_t *p)
{
	c->soon_ns = TIME_NEVER;
	if (!exclusive_cpu(p->id))
		return;
	c->soon_ns = c->look_ns;
	if (!p->curr->is_idle && c->host_next_ns < c->soon_ns && scx_bpf_dsq_nr_queued(p->id) > 0)
		c->soon_ns = c->host_next_ns;
}

/* A vCPU at home on p that has waited too long; NULL: none. */
NO_FRAME vcpu_t *long_waiting(sched_call_t *cx, pcpu_t *p)
{
	cpupool_t *pool = p->pool;

	for (link_t *k = pool->domains.next; k != &pool->domains && can_loop; k = k->next) {
		domain_t *d = link_of(k, domain_t, pool_link);

		for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
			vcpu_t *v = link_of(l, vcpu_t, domain_link);

			if (v->processor == p && v->runstate == RUNSTATE_runnable &&
			    cx->now - v->runstate_entry_ns > ALIVE_NS &&
			    cx->now - live.vcpus[v->index].alive_ns > ALIVE_NS)
				return v;
		}
	}
	return NULL;
}
