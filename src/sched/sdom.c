/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduling domains. Facts: scheduling-domains.md.
 *
 * The device model of a guest, or whatever else works for it in a domain of its own (an *activation domain*), can be
 * attached to the guest (its *scheduling domain*): from then on its CPU time is accounted to that one. The two, or
 * more, have one weight and one cap, the scheduling domain's, and together the share of that; what a guest's device
 * model uses is paid for by the guest and not by its neighbours.
 *
 * A policy that shares by weight asks sdom_of() wherever it would look up a vCPU's domain to account, and has the hooks
 * sdom_change and sdom_changed. Under one of servers the activation domain's vCPUs run in its scheduling domain's
 * servers: unit.c; who rides where is decided here. The others refuse. An activation domain keeps its own weight, cap
 * and affinity for the time after, and is woken, boosted, preempted as before. In a pool of a policy that can't do it,
 * to which they were moved, each is accounted for itself, until they move on.
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

/* ---- who rides where (unit.c) ---- */

#ifndef ROTA_BPF
static bool has_servers(cpupool_t *pool)
{
	bool known = false;

#define SCHEDULER(name, id, full) known |= pool->sched == id;
	RT_SCHEDULERS(SCHEDULER)
#undef SCHEDULER
	return known;
}

/* The server for the @k-th of those that ride with d: its vCPUs that are plugged in by turns. NULL: it has no vCPU. */
static vcpu_t *unit_for(domain_t *d, u32 k)
{
	u32 up = 0, n = 0;

	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next)
		up += !(link_of(l, vcpu_t, domain_link)->pause_flags & VPF_down);
	if (!d->nr_vcpus)
		return NULL;
	k %= up ? up : d->nr_vcpus;
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if ((!up || !(v->pause_flags & VPF_down)) && n++ == k)
			return v;
	}
	return NULL;
}

static void unit_leave(sched_call_t *cx, vcpu_t *r)
{
	vcpu_t *u = r->unit;

	list_del(&r->rider_link);
	u->nr_riders--;
	r->unit = NULL;
	if (r->processor->curr == r)
		kick(cx, r->processor);
}

static void unit_join(sched_call_t *cx, vcpu_t *r, vcpu_t *u)
{
	s64 least = unit_least(u, NULL, cx->now);

	if (!u->nr_riders) {
		unit_set_had(u, 0, cx->now);
		least = 0;
	}
	list_add_tail(&u->riders, &r->rider_link);
	u->nr_riders++;
	r->unit = u;
	unit_set_had(r, least == TIME_NEVER ? unit_had(u, cx->now) : least, cx->now);
	if (r->is_running)
		kick(cx, r->processor);
	else
		r->processor = pcpu_of(cx->host, unit_cpu(cx, r));
	if (vcpu_runnable(r))
		hook_wake(cx, r);
}

/*
 * Each vCPU of d's activation domains goes to the server that is its own by its number: after a server came, was
 * plugged or unplugged.
 */
static void unit_regroup(sched_call_t *cx, domain_t *d)
{
	u32 k = 0;

	for (domain_t *a = sdom_next(d, d); a && can_loop; a = sdom_next(d, a))
		for (link_t *l = a->vcpus.next; l != &a->vcpus && can_loop; l = l->next) {
			vcpu_t *r = link_of(l, vcpu_t, domain_link), *old = r->unit, *u = unit_for(d, k++);

			if (!u || u == old)
				continue;
			if (old) {
				unit_leave(cx, r);
				if (!unit_runnable(old))
					hook_sleep(cx, old);
			} else {
				hook_remove_vcpu(cx, r); /* it was for itself: its scheduling domain had no vCPU */
			}
			unit_join(cx, r, u);
		}
}

/*
 * v comes into a pool. Does it ride? Its scheduling domain has come before it, but others that ride with that may not
 * have yet.
 */
static bool unit_joins(sched_call_t *cx, vcpu_t *v)
{
	domain_t *d = v->domain->sdom;
	u32 k = v->id;

	if (likely(!d) || !d->nr_vcpus)
		return false;
	for (domain_t *a = sdom_next(d, d); a && a != v->domain && can_loop; a = sdom_next(d, a))
		k += a->nr_vcpus;
	unit_join(cx, v, unit_for(d, k));
	return true;
}

/* v leaves it. Did it ride? Whose server goes, with all of its domain's, rides nowhere until it was sent elsewhere. */
static bool unit_leaves(sched_call_t *cx, vcpu_t *v)
{
	vcpu_t *u = v->unit;

	for (u32 n = ZERO; v->nr_riders && n < SCHED_MAX_VCPUS && can_loop; n++)
		unit_leave(cx, link_of(v->riders.next, vcpu_t, rider_link));
	if (likely(!u))
		return false;
	unit_leave(cx, v);
	if (!unit_runnable(u))
		hook_sleep(cx, u);
	return true;
}

/* Its server has gone elsewhere: if it has no work itself its riders may have. */
static void unit_resume(sched_call_t *cx, vcpu_t *u)
{
	if (unlikely(u->nr_riders) && !vcpu_runnable(u) && unit_runnable(u))
		hook_wake(cx, u);
}

/* d's vCPUs leave their servers, or those of their scheduling domain. */
static void unit_sdom_change(sched_call_t *cx, domain_t *d)
{
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next)
		hook_remove_vcpu(cx, link_of(l, vcpu_t, domain_link));
}

/* And are entered anew, as its association is now. Who runs goes on where it is until that pCPU has scheduled. */
static void unit_sdom_changed(sched_call_t *cx, domain_t *d)
{
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);
		pcpu_t *p = v->processor;

		hook_vcpu_init(cx, v);
		hook_insert_vcpu(cx, v);
		if (!v->is_running || v->processor == p)
			continue;
		v->processor = p;
		if (!(v->pause_flags & VPF_migrating))
			vcpu_move_start(cx, v);
	}
}

static void sdom_vcpus_changed(sched_call_t *cx, domain_t *d)
{
	if (likely(list_empty(&d->adoms)) || !has_servers(d->pool))
		return;
	sched_lock(d->pool);
	unit_regroup(cx, d);
	sched_unlock(d->pool);
}
#else
#define sdom_vcpus_changed(cx, d) ((void)0)
#endif

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
