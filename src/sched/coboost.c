/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Co-boosting (Ahn and Park): when a vCPU spins, its preempted siblings are run, all at once, each on a pCPU where no
 * sibling runs, before everybody else, for a short turn: one of them holds the lock, or is next to get it. The spinner
 * keeps its pCPU, spinning: it is about to be served. Facts: coboost-and-micro-sliced-cores.md 1.
 *
 * What the original lacks: once in `coboost_every` for each domain; paid from a budget; not for who owes much (the
 * original helps no vCPU that is OVER; here one may be that owes less than a slice, since lock holders are OVER as
 * often as not, and the debt is bounded all the same); the class afterwards is that of the credit; only for spins in
 * the guest's kernel, if its symbols are known; only siblings that are in the kernel or for which an interrupt waits;
 * within pool and hard affinity; and whom it interrupts: an idle pCPU, else the one whose vCPU is least entitled to it,
 * its own pCPU before others of its core and node.
 */

/* How much it would hurt to take p for v: the less the better; negative: it can't be. */
static s64 coboost_harm(vcpu_t *v, pcpu_t *p)
{
	vcpu_t *cur = p->curr;
	s64 harm;

	if (p->assist.nr_turns || vcpu_away(cur) || cur->domain == v->domain)
		return -1;
	if (cur->is_idle)
		return p->resched ? -1 : 0; /* claimed, by one who may run elsewhere */
	/* Standing is within some slices of 0; distance breaks what is as good as a tie. */
	harm = (hook_standing(cur) >> 20) + (1LL << 40);
	harm *= 4;
	if (p != v->processor)
		harm += p->core == v->processor->core ? 1 : p->node == v->processor->node ? 2 : 3;
	return harm < 1 ? 1 : harm;
}

/* Where v goes: -1 nowhere. */
CORE_FN s32 coboost_place(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	host_t *h = cx->host;
	cpumask_t *cpus = &v->domain->pool->cpus;
	s64 best = -1;
	s32 where = -1;

	for_each_cpu (c, cpus, h->mask_words) {
		s64 harm;

		if (!mask_test(&v->hard, (u32)c))
			continue;
		harm = coboost_harm(v, pcpu_of(h, (u32)c));
		if (harm >= 0 && (best < 0 || harm < best)) {
			best = harm;
			where = c;
		}
	}
	return where;
}

/* v spins. Returns true when siblings run, or soon will, because of it. */
CORE_FN bool coboost(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	domain_t *d = v->domain;
	struct assist_params ARENA *params = &d->pool->assist.params;
	bool boosted = false;

	/* Their turns are not over yet, or not for long: wait for them. */
	if (cx->now - d->assist.coboost_ns < params->coboost_every_ns)
		return cx->now - d->assist.coboost_ns < params->coboost_ns;
	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		vcpu_t *s = link_of(l, vcpu_t, domain_link);
		s32 c;

		if (s == v || !may_have_turn(s) || (d->assist.symbols && vcpu_need(s) == NEED_NONE))
			continue;
		c = coboost_place(cx, s);
		if (c < 0)
			continue;
		boosted |= turn_give(cx, s, pcpu_of(cx->host, (u32)c), TURN_BOOST, params->coboost_ns);
	}
	if (boosted)
		d->assist.coboost_ns = cx->now;
	return boosted;
}
