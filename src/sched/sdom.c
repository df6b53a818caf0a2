/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduling domains. Facts: scheduling-domains.md.
 *
 * The device model of a guest, or whatever else works for it in a domain of its own (an *activation domain*), can be
 * attached to the guest (its *scheduling domain*): from then on its CPU time is accounted to that one. The two, or
 * more, have one weight and one cap, the scheduling domain's, and together the share of that; what a guest's device
 * model uses is paid for by the guest and not by its neighbours.
 *
 * A policy that can do this asks sdom_of() wherever it would look up a vCPU's domain to account, and has the hooks
 * sdom_change and sdom_changed. The others refuse. An activation domain keeps its own weight, cap and affinity for the
 * time after, and is woken, boosted, preempted as before. In a pool of a policy that can't do it, to which they were
 * moved, each is accounted for itself, until they move on.
 *
 * One step deep: who has activation domains can't be one. All are in one pool and move together; a domain that is
 * destroyed is detached first, or detaches those that it has.
 */

static bool sdom_possible(cpupool_t *pool)
{
	bool known = false;

#define SCHEDULER(name, id, full) known |= pool->sched == id;
	SDOM_SCHEDULERS(SCHEDULER)
#undef SCHEDULER
	return known;
}

/* d is accounted to @sdom from now on, or (NULL) to itself. Lock held. */
NO_FRAME void sdom_link(sched_call_t *cx, domain_t *d, domain_t *sdom)
{
	domain_t *old = d->sdom;

	hook_sdom_change(cx, d);
	if (old) {
		list_del(&d->adom_link);
		old->nr_accounted -= d->nr_vcpus;
	}
	d->sdom = sdom;
	d->nr_accounted = sdom ? 0 : d->nr_vcpus;
	if (sdom) {
		list_add_tail(&sdom->adoms, &d->adom_link);
		sdom->nr_accounted += d->nr_vcpus;
	}
	hook_sdom_changed(cx, d);
	record(cx, TRC_ROTA_SDOM, sdom ? sdom->id : ~0U, d->id);
}

SCHED_FLAT s32 sdom_attach(sched_call_t *cx, domain_t *sdom, domain_t *adom)
{
	if (sdom == adom || sdom->pool != adom->pool || sdom->sdom || !list_empty(&adom->adoms))
		return -SCHED_EINVAL;
	if (!sdom_possible(sdom->pool))
		return -SCHED_EOPNOTSUPP;
	if (adom->sdom)
		return -SCHED_EEXIST;
	if (adom->moving || sdom->moving)
		return -SCHED_EBUSY;
	cx->calls++;
	sched_lock(adom->pool);
	sdom_link(cx, adom, sdom);
	sched_unlock(adom->pool);
	return 0;
}

SCHED_FLAT s32 sdom_detach(sched_call_t *cx, domain_t *adom)
{
	if (!adom->sdom)
		return -SCHED_ENOENT;
	if (adom->moving)
		return -SCHED_EBUSY;
	cx->calls++;
	sched_lock(adom->pool);
	sdom_link(cx, adom, NULL);
	sched_unlock(adom->pool);
	return 0;
}

/*
 * d is about to be destroyed: it has no part in any of this any more. Lock held. (On a live host it has none then: who
 * destroys it has detached it, since what this calls is deeper than BPF's stack.)
 */
#ifdef ROTA_BPF
#define sdom_forget(cx, d) ((void)0)
#else
/* a was paused to be moved with its scheduling domain, and that one is no more. */
static void sdom_stays(sched_call_t *cx, domain_t *a)
{
	a->moving = 0;
	if (--a->pause_count)
		return;
	for (link_t *l = a->vcpus.next; l != &a->vcpus && can_loop; l = l->next)
		vcpu_wake_locked(cx, link_of(l, vcpu_t, domain_link));
}

static void sdom_forget(sched_call_t *cx, domain_t *d)
{
	if (d->sdom)
		sdom_link(cx, d, NULL);
	for (u32 n = ZERO; n < SCHED_MAX_DOMAINS && !list_empty(&d->adoms) && can_loop; n++) {
		domain_t *a = link_of(d->adoms.next, domain_t, adom_link);

		sdom_link(cx, a, NULL);
		if (a->moving)
			sdom_stays(cx, a);
	}
}
#endif
