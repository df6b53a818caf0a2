/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host's kernel side: a VMM's other threads (emulator, iothreads, vhost), which work for its VM. They are
 * vCPUs of a domain of their own, an activation domain of the VM's (sched/sdom.c): their time is the VM's. The loader
 * says which threads they are; each joins when it next leaves its CPU. Included by rota.bpf.c.
 */

/* May thread @pid be one of them that waits to be seen? */
static inline bool maybe_helper(u32 pid)
{
	return live.hint[pid % LIVE_HINTS];
}

/* Make it a vCPU if it is one. Its index, or -1. */
CORE_FN s32 adopt_helper(sched_call_t *cx ARG, u32 pid, u32 tgid)
{
	host_t *h = cx->host;
	s32 index = -1;

	sched_lock(live.mailbox);
	for (u32 i = ZERO; i < LIVE_MAX_HELPERS && can_loop; i++) {
		u32 k = i, id, generation;

		barrier_var(k); /* or the entry's address is counted up, and its bound is lost to the verifier */
		if (k >= LIVE_MAX_HELPERS || live.helpers[k].pid != pid)
			continue;
		id = live.helpers[k].domain;
		generation = live.helpers[k].generation;
		live.helpers[k].pid = 0;
		if (id < h->limits.domains && live.domains[id].helpers && !live.domains[id].released &&
		    live.domains[id].tgid == tgid && live.domains[id].generation == generation)
			index = enlist(cx, (s32)id, pid);
		break;
	}
	sched_unlock(live.mailbox);
	return index;
}

/* The domain of the helpers of VM @vm, in its pool. Alone in the core. Its id, or -SCHED_E*. */
CORE_FN s32 make_helpers(sched_call_t *cx ARG, u32 vm)
{
	host_t *h = cx->host;
	domain_t *d;

	if (vm == LIVE_DOM0 || vm >= h->limits.domains || !live.domains[vm].tgid || live.domains[vm].helpers)
		return -SCHED_ESRCH;
	d = domain_create(cx, AT(h->domains, vm)->pool, -1);
	if (!d)
		return -SCHED_ENOMEM;
	live.domains[d->id].tgid = live.domains[vm].tgid;
	live.domains[d->id].threads = 0;
	live.domains[d->id].helpers = 1;
	live.domains[d->id].released = 0;
	live.domains[d->id].generation++;
	live.domains[d->id].halt_ip = 0;
	if (live.domains_top < d->id)
		live.domains_top = d->id;
	return (s32)d->id;
}

/* Accounted to domain @sdom from now on. The same. */
CORE_FN s32 attach_sdom(sched_call_t *cx ARG, u32 id, u32 sdom)
{
	host_t *h = cx->host;

	if (id == LIVE_DOM0 || sdom == LIVE_DOM0 || id >= h->limits.domains || sdom >= h->limits.domains ||
	    !live.domains[id].tgid || !live.domains[sdom].tgid)
		return -SCHED_ESRCH;
	return sdom_attach(cx, AT(h->domains, sdom), AT(h->domains, id));
}

CORE_FN s32 detach_sdom(sched_call_t *cx ARG, u32 id)
{
	host_t *h = cx->host;

	if (id >= h->limits.domains || !AT(h->domains, id)->used)
		return -SCHED_ESRCH;
	return sdom_detach(cx, AT(h->domains, id));
}
