/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit2's caps: a domain has a budget of CPU time for each period, from which its vCPUs draw quotas while they run.
 * Who finds it empty parks until the next period. What a vCPU used beyond its quota is charged at its next draw. Facts:
 * 2.13.
 *
 * The pool's master pCPU has the timer of the earliest period that ends; domains are queued by that.
 */

#define CREDIT2_LEAST_QUOTA (500 * USEC)

static inline s64 credit2_period_budget(domain_t *d)
{
	return d->pool->credit2.params.cap_period_ns * d->cap / 100;
}

/* Of what the domain has, one vCPU draws so much at once. */
static inline s64 credit2_quota(domain_t *d)
{
	s64 quota = credit2_period_budget(d) / (d->credit2.nr_vcpus ? d->credit2.nr_vcpus : 1);

	return quota < CREDIT2_LEAST_QUOTA ? CREDIT2_LEAST_QUOTA : quota;
}

NO_FRAME void credit2_park(sched_call_t *cx, vcpu_t *v)
{
	domain_t *d = sdom_of(v->domain);

	v->pause_flags |= VPF_parked;
	v->parked_entry_ns = cx->now;
	record_vcpu(cx, TRC_ROTA_PARK, v);
	if (v->credit2.queued) {
		credit2_dequeue(v);
		credit2_load(cx, v, -1);
		runstate_set(cx, v, RUNSTATE_offline);
	}
	if (credit2_mended(d->pool, CREDIT2_MEND_PARK))
		list_add_tail(&d->credit2.parked, &v->credit2.parked);
	else
		list_add_head(&d->credit2.parked, &v->credit2.parked);
}

/* May v, capped, run? It draws a quota if it has none, and is parked if there is none. */
CORE_FN bool credit2_has_budget(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	domain_t *d = sdom_of(v->domain);
	s64 quota;

	if (v->credit2.budget_ns > 0)
		return true;
	d->credit2.budget_ns += v->credit2.budget_ns;
	v->credit2.budget_ns = 0;
	if (d->credit2.budget_ns <= 0) {
		if (!(v->pause_flags & VPF_parked))
			credit2_park(cx, v);
		return false;
	}
	quota = credit2_quota(d);
	if (quota > d->credit2.budget_ns)
		quota = d->credit2.budget_ns;
	v->credit2.budget_ns = quota;
	d->credit2.budget_ns -= quota;
	return true;
}

/* v may go on; the caller has taken it off the list of the parked. */
NO_FRAME void credit2_unpark(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;

	v->pause_flags &= (u8)~VPF_parked;
	v->parked_ns += cx->now - v->parked_entry_ns;
	record_vcpu(cx, TRC_ROTA_UNPARK, v);
	if (!vcpu_runnable(v))
		return;
	if (v->credit2.flags & CREDIT2_SCHEDULED) {
		if (v->processor->curr != v)
			v->credit2.flags |= CREDIT2_DELAYED_ADD;
		if (v->runstate >= RUNSTATE_blocked)
			runstate_set(cx, v, RUNSTATE_runnable);
		return;
	}
	if (v->runstate >= RUNSTATE_blocked)
		runstate_set(cx, v, RUNSTATE_runnable);
	credit2_load(cx, v, 1);
	credit2_enqueue(v);
	credit2_tickle(cx, pool, v);
}

/* All that are parked may try again. */
CORE_FN int credit2_unpark_all(sched_call_t *cx ARG, domain_t *d ARG)
{
	for (u32 n = ZERO; n < SCHED_MAX_DOMAIN_VCPUS && !list_empty(&d->credit2.parked) && can_loop; n++) {
		vcpu_t *v = link_of(d->credit2.parked.next, vcpu_t, credit2.parked);

		list_del(&v->credit2.parked);
		credit2_unpark(cx, v);
	}
	return 0;
}

/* The master's timer is for the first period that ends. */
NO_FRAME void credit2_arm_replenish(sched_call_t *cx, cpupool_t *pool)
{
	tree_t *t = &pool->credit2.replenish;

	if (pool->credit2.master >= 0)
		timer_set(cx, pcpu_of(cx->host, (u32)pool->credit2.master), TIMER_ACCT,
			  tree_empty(t) ? TIME_NEVER : -tree_node_of(t->order.next)->key);
}

static void credit2_queue_replenish(sched_call_t *cx, domain_t *d)
{
	tree_insert(&d->pool->credit2.replenish, &d->credit2.replenish, -d->credit2.next_ns, TIME_NEVER);
	credit2_arm_replenish(cx, d->pool);
}

static void credit2_unqueue_replenish(sched_call_t *cx, domain_t *d)
{
	tree_remove(&d->pool->credit2.replenish, &d->credit2.replenish);
	credit2_arm_replenish(cx, d->pool);
}

/* d's period is over: it gets the next one's budget, less what was used too much. */
NO_FRAME void credit2_replenish(sched_call_t *cx, domain_t *d)
{
	s64 budget = credit2_period_budget(d), period = d->pool->credit2.params.cap_period_ns, missed;

	missed = (cx->now - d->credit2.next_ns) / period + 1;
	credit2_unqueue_replenish(cx, d);
	d->credit2.next_ns += missed * period;
	credit2_queue_replenish(cx, d);
	d->credit2.budget_ns += missed * budget;
	if (d->credit2.budget_ns <= 0)
		return;
	if (d->credit2.budget_ns > budget)
		d->credit2.budget_ns = budget;
	credit2_unpark_all(cx, d);
}

CORE_FN int credit2_account(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	tree_t *t = &pool->credit2.replenish;

	sched_lock(pool);
	for (u32 n = ZERO; n < SCHED_MAX_DOMAINS && !tree_empty(t) && can_loop; n++) {
		domain_t *d = link_of(tree_node_of(t->order.next), domain_t, credit2.replenish);

		if (d->credit2.next_ns > cx->now)
			break;
		credit2_replenish(cx, d);
	}
	credit2_arm_replenish(cx, pool);
	sched_unlock(pool);
	return 0;
}

/* a, which is accounted to a domain that is capped from now on, draws from the budget of the period that begins. */
NO_FRAME void credit2_cap_vcpus(sched_call_t *cx, domain_t *a)
{
	for (link_t *l = a->vcpus.next; l != &a->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (!v->credit2.runq)
			continue;
		if (v->processor->curr == v) {
			credit2_burn(cx, v); /* what it ran without a cap is not charged to it */
			credit2_tickle_cpu(cx, a->pool, v->processor, NULL);
		}
		v->credit2.budget_ns = 0;
	}
}

CORE_FN int credit2_cap_begin(sched_call_t *cx ARG, domain_t *d ARG)
{
	d->credit2.capped = 1;
	d->credit2.budget_ns = credit2_period_budget(d);
	d->credit2.next_ns = cx->now + d->pool->credit2.params.cap_period_ns;
	credit2_queue_replenish(cx, d);
	for (domain_t *a = d; a && can_loop; a = sdom_next(d, a))
		credit2_cap_vcpus(cx, a);
	return 0;
}

NO_FRAME void credit2_cap_end(sched_call_t *cx, domain_t *d)
{
	d->credit2.capped = 0;
	credit2_unqueue_replenish(cx, d);
	for (domain_t *a = d; a && can_loop; a = sdom_next(d, a))
		for (link_t *l = a->vcpus.next; l != &a->vcpus && can_loop; l = l->next)
			link_of(l, vcpu_t, domain_link)->credit2.budget_ns = TIME_NEVER;
	credit2_unpark_all(cx, d);
}

/* A vCPU less is accounted to d; with the last one its cap has nobody to hold. */
static void credit2_accounts_less(sched_call_t *cx, domain_t *d)
{
	if (--d->credit2.nr_vcpus == 0 && d->credit2.capped) {
		d->credit2.capped = 0;
		credit2_unqueue_replenish(cx, d);
	}
}

/* ---- scheduling domains (sdom.c) ---- */

/* d leaves the record it is accounted in: it gives back what it holds of that one's cap. */
CORE_FN int credit2_sdom_change(sched_call_t *cx ARG, domain_t *d ARG)
{
	domain_t *old = sdom_of(d);

	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (v->processor->curr == v)
			credit2_burn(cx, v);
		if (credit2_capped(v))
			old->credit2.budget_ns += v->credit2.budget_ns;
		v->credit2.budget_ns = TIME_NEVER;
		if (v->pause_flags & VPF_parked)
			list_del(&v->credit2.parked);
		credit2_accounts_less(cx, old);
	}
	return 0;
}

/* And enters another one: it burns by that one's weight, and draws from its cap. */
CORE_FN int credit2_sdom_changed(sched_call_t *cx ARG, domain_t *d ARG)
{
	domain_t *new = sdom_of(d);

	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		credit2_set_weight(cx, v, new->weight);
		new->credit2.nr_vcpus++;
		if (new->cap && !new->credit2.capped)
			credit2_cap_begin(cx, new);
		if (new->cap)
			v->credit2.budget_ns = 0;
		if (v->pause_flags & VPF_parked)
			credit2_unpark(cx, v);
		else if (v->processor->curr == v)
			credit2_tickle_cpu(cx, d->pool, v->processor, NULL);
	}
	return 0;
}
