/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lending: a vCPU that spins, because it waits for a sibling, lends its slice to that sibling, a short turn at a time.
 * No neighbour loses anything: the pCPU was the domain's anyway, and would have been burnt.
 *
 * Which sibling? As far as a hypervisor can know: who sent interrupts waits for one that has not seen its own yet; who
 * wants a lock, for one that was preempted in a critical service, or else in the kernel. Those who wait themselves come
 * last: one of them may own a ticket lock by now. Among equals, round robin.
 *
 * And interrupts: a vCPU that waits for a pCPU when one comes has a turn before the others of its pCPU, as a sleeping
 * one would have by BOOST. This one is not free, and so is paid from the budget.
 */

/*
 * Each turn begins a ratelimit anew, as any switch of vCPUs does. With turns near the ratelimit a domain that lends
 * among its own would never be preempted.
 */
#define LEND_MOST_NS (200 * USEC)

/* Who of v's siblings needs it most to run: on v's pCPU (@here) or anywhere. Index in the host, -1 nobody. */
CORE_FN s32 neediest(vcpu_t *v ARG, bool sends, bool here)
{
	domain_t *d = v->domain;
	u32 best = NEED_NONE, cpu = v->processor->id, cursor = d->assist.cursor;
	s32 found = -1;
	bool after = false; /* the best so far comes after the cursor */

	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *s = link_of(l, vcpu_t, domain_link);
		u32 need;

		if (s == v || !may_have_turn(s) || (here && !mask_test(&s->hard, cpu)))
			continue;
		need = vcpu_need(s);
		if (sends && s->assist.irq_pending)
			need = NEED_CRITICAL + 1;
		if (need < best || need == NEED_NONE || (need == best && (after || s->id <= cursor)))
			continue;
		best = need;
		found = (s32)s->index;
		after = s->id > cursor;
	}
	return found;
}

CORE_FN bool lend_spin(sched_call_t *cx ARG, vcpu_t *v ARG, bool sends)
{
	cpupool_t *pool = v->domain->pool;
	pcpu_t *p = v->processor;
	s64 left = p->timer_ns[TIMER_SLICE] - cx->now, ns = pool->assist.params.lend_ns;
	vcpu_t *to;
	s32 i;

	if (p->timer_ns[TIMER_SLICE] == TIME_NEVER || left < TURN_LEAST_NS || !vcpu_runnable(v))
		return false;
	i = neediest(v, sends, true);
	if (i < 0)
		return false;
	to = AT(cx->host->vcpus, i);
	if (!turn_give(cx, to, p, TURN_LENT, ns < left ? ns : left))
		return false;
	v->domain->assist.cursor = to->id;
	return true;
}

CORE_FN int irq_turn(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;

	if (!p->assist.nr_turns && !vcpu_away(p->curr) && mask_test(&v->hard, p->id))
		turn_give(cx, v, p, TURN_IRQ, v->domain->pool->assist.params.irq_ns);
	return 0;
}
