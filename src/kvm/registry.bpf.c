/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host's kernel side: which thread is which vCPU, which process which domain. Included by rota.bpf.c. The
 * mailbox's lock is the registry's. (What is obeyed is alone in the core and needs none.)
 */

/* The domain of process @tgid, a new one if need be; -1 when there is no room. Registry locked. */
CORE_FN s32 domain_of(sched_call_t *cx ARG, u32 tgid)
{
	host_t *h = cx->host;
	domain_t *d;

	for (u32 i = ZERO + 1; i < h->limits.domains && can_loop; i++)
		if (live.domains[i].tgid == tgid && !live.domains[i].helpers)
			return (s32)i;
	d = domain_create(cx, &h->pools[0], -1);
	if (!d)
		return -1;
	live.domains[d->id].tgid = tgid;
	live.domains[d->id].threads = 0;
	live.domains[d->id].halt_ip = 0;
	if (live.domains_top < d->id)
		live.domains_top = d->id;
	live.domains[d->id].helpers = 0;
	live.domains[d->id].released = 0;
	live.domains[d->id].generation++;
	return (s32)d->id;
}

/* A vCPU of domain @id without a thread, a new one if need be; its index or -1. Registry locked. */
NO_FRAME s32 free_vcpu(sched_call_t *cx, u32 id)
{
	domain_t *d = &cx->host->domains[id];
	vcpu_t *v;

	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		v = link_of(l, vcpu_t, domain_link);
		if (!live.vcpus[v->index].pid)
			return (s32)v->index;
	}
	v = vcpu_create(cx, d, NULL, NULL);
	return v ? (s32)v->index : -1;
}

/* Thread @pid becomes a sleeping vCPU of domain @id, -1 none. Its index, or -1. Registry locked. */
NO_FRAME s32 enlist(sched_call_t *cx, s32 id, u32 pid)
{
	s32 index = -1;
	vcpu_t *v;

	if (id >= 0)
		index = free_vcpu(cx, (u32)id);
	if (index >= 0) {
		v = &cx->host->vcpus[index];
		v->pause_flags = VPF_blocked;
		live.vcpus[index].pid = pid;
		live.domains[id].threads++;
		COUNT(adopt);
	} else {
		COUNT(full);
	}
	return index;
}

/* Make thread @pid of @tgid a sleeping vCPU. Its index, or -1: no room, it stays a host task. */
CORE_FN s32 adopt(sched_call_t *cx ARG, u32 pid, u32 tgid)
{
	s32 index;

	sched_lock(live.mailbox);
	index = enlist(cx, domain_of(cx, tgid), pid);
	sched_unlock(live.mailbox);
	return index;
}

/* Destroy domain @id when no thread is left; 0 or -SCHED_E*. Registry locked. */
CORE_FN s32 reap(sched_call_t *cx ARG, u32 id)
{
	s32 ret;

	if (id == LIVE_DOM0 || id >= cx->host->limits.domains || !live.domains[id].tgid)
		return -SCHED_ESRCH;
	/* Who is accounted to another, or has others, must be detached first: see sdom_forget(). */
	if (live.domains[id].threads || sdom_shared(&cx->host->domains[id]))
		return -SCHED_EBUSY;
	ret = domain_destroy(cx, &cx->host->domains[id]);
	if (!ret)
		live.domains[id].tgid = 0;
	return ret;
}

/* The thread of vCPU @index is gone; with the last one goes its domain. */
CORE_FN int leave(sched_call_t *cx ARG, u32 index)
{
	vcpu_t *v = &cx->host->vcpus[index];
	u32 id = v->domain->id;

	if (!(v->pause_flags & VPF_blocked))
		vcpu_block(cx, v);
	sched_lock(live.mailbox);
	live.vcpus[index].pid = 0;
	live.vcpus[index].kvm_id = 0;
	if (--live.domains[id].threads == 0)
		reap(cx, id); /* or the loader will, when it is off its pCPU */
	COUNT(leave);
	sched_unlock(live.mailbox);
	return 0;
}

/* Is task @p, a vCPU, to be none any more? It ends, and enters no guest; or it was a helper and is the host's again. */
static inline bool is_leaving(const struct task_struct *p)
{
	return p->flags & PF_EXITING || live.domains[vcpu_of(p)->domain->id].released;
}

/* Task @p is no vCPU any more. */
static void leave_and_unmark(sched_call_t *cx, struct task_struct *p)
{
	set_thread(vcpu_index(p), NULL);
	leave(cx, vcpu_index(p));
	set_vtime(p, 0);
}

/* The affinity of a vCPU's thread is the vCPU's. */
NO_FRAME void follow_cpumask(sched_call_t *cx, vcpu_t *v, const struct kmask *mask)
{
	cpumask_t *hard = &cx->host->scratch[2 * cx->host->limits.pcpus + cx->cpu];

	mask_zero(hard);
	for (u32 c = ZERO; c < live.nr_cpus && c < LIVE_MAX_CPUS && can_loop; c++)
		if (bpf_cpumask_test_cpu(c, mask))
			mask_set(hard, c);
	vcpu_set_affinity(cx, v, hard, NULL);
}
