/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Micro-sliced cores (Ahn, Park, Heo and Huh, EuroSys 2018): pCPUs set aside in a hidden pool, which give short turns
 * (100 us) to vCPUs that were preempted in a critical service, and to those for which an IPI or an interrupt waits.
 * Facts: coboost-and-micro-sliced-cores.md 2.
 *
 * A hidden pool has no domains and no scheduler: its pCPUs are its parent's as far as locks and data go (p->pool is the
 * parent), but not in the parent's set, so that its policy neither places nor steals anybody there. What runs there is
 * turns (assist.c), one after the other; after a turn a vCPU goes home, but for those stopped in the middle of a
 * service (turn_again). A core has at most
 * `queue` vCPUs waiting, one by default.
 *
 * Hard affinity does not hold on micro-sliced cores: whoever sets cores aside wants just that. Who is pinned for the
 * moment (vcpu_temporary_affinity) stays where he is. (On a live host it holds: the kernel sees to that.)
 *
 * Who is taken in, when a sibling spins (`on: yield`)? With `rules: exact`, which is the default:
 *
 *	it sends IPIs		all siblings that wait and have not seen their interrupt yet, as far as there is room
 *	it wants a lock		the one that most likely has it, or else is next to get it: as lend.c chooses
 *	anything else		nobody
 *
 * and it yields when none of its siblings is on a micro-sliced core then. With `rules: published`, as the published
 * code has it:
 *
 *	it sends IPIs to many	all siblings that wait, as far as there is room; it spins on, even if there was none
 *	it sends an IPI to one	nobody, a plain yield
 *	it wants a lock		the first that was preempted in a critical service and did not yield
 *	anything else		nobody, a plain yield (the published code: no yield, which stops the world of a guest
 *				whose kernel it does not know)
 *
 * `rules: code` has these choices too, and, under credit, what the published code does with who is on a core:
 *
 *	- who has a turn stays, turn after turn, as long as nobody else waits for the core;
 *	- siblings that sleep while another one sends IPIs to many wake up on the core (`settled`), and so does who
 *	  falls asleep there; they wait for their turn however many others do;
 *	- nobody's credit is asked for; the budget is, unless the pool has none;
 *	- who is sent home comes as one that wakes up, UNDER and so BOOSTed. (In the published code an accounting that
 *	  finds him OVER meanwhile prevents that.)
 *
 * Much of what it gains it gains by the last two, at the cost of the neighbours: it is for who wants to see what the
 * published code does, and no choice for a host whose guests are not trusted.
 *
 * The other events: a vCPU is preempted in a critical service (`preempt`); it waits while an IPI (`ipi`) or an
 * interrupt (`irq`) comes. The published code has only `yield`, the paper also `ipi` and `irq`.
 *
 * Which pCPUs a hidden pool has: micropool.c.
 */

/* A micro-sliced core with room: an idle one, else one where fewer wait than may; -1 none. */
static s32 micro_cpu(host_t *h, cpupool_t *hidden)
{
	for_each_cpu (c, &hidden->cpus, h->mask_words) {
		pcpu_t *p = pcpu_of(h, (u32)c);

		if (p->curr->is_idle && !p->assist.nr_turns)
			return c;
	}
	for_each_cpu (c, &hidden->cpus, h->mask_words) {
		pcpu_t *p = pcpu_of(h, (u32)c);

		if (p->assist.nr_turns < hidden->assist.micro.queue)
			return c;
	}
	return -1;
}

/* v, for which may_have_turn(), goes to a micro-sliced core, if there is room and it can pay. */
CORE_FN bool micro_take(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *hidden = v->domain->pool->assist.hidden;
	s32 c = micro_cpu(cx->host, hidden);

	if (c < 0) {
		hidden->assist.no_cpu++;
		return false;
	}
	if (HARD_ALWAYS && !mask_test(&v->hard, (u32)c))
		return false;
	return turn_give(cx, v, pcpu_of(cx->host, (u32)c), TURN_MICRO, hidden->assist.micro.slice_ns);
}

/* A sibling of v is on a micro-sliced core, or waits for it. */
static bool micro_sibling(vcpu_t *v)
{
	link_t *head = &v->domain->vcpus;

	for (link_t *l = head->next; l != head && can_loop; l = l->next) {
		vcpu_t *s = link_of(l, vcpu_t, domain_link);

		if (s != v && s->assist.kind == TURN_MICRO)
			return true;
	}
	return false;
}

/* v wants a lock: the sibling that has it, as far as one can know. */
CORE_FN bool micro_spin_lock(sched_call_t *cx ARG, vcpu_t *v ARG, cpupool_t *hidden ARG)
{
	link_t *head = &v->domain->vcpus;
	s32 i;

	if (hidden->assist.micro.rules == MICRO_RULES_EXACT) {
		i = neediest(v, false, false);
		if (i < 0 || !micro_take(cx, AT(cx->host->vcpus, i)))
			return false;
		v->domain->assist.cursor = AT(cx->host->vcpus, i)->id;
		return true;
	}
	for (link_t *l = head->next; l != head && can_loop; l = l->next) {
		vcpu_t *s = link_of(l, vcpu_t, domain_link);

		if (s != v && may_have_turn(s) && !s->assist.yielded && vcpu_need(s) == NEED_CRITICAL)
			return micro_take(cx, s);
	}
	return false;
}

/* As coded: v, which sleeps, will wake up on a micro-sliced core, if there is room for one now. */
static bool micro_settle(host_t *h, vcpu_t *v, cpupool_t *hidden)
{
	s32 c;

	if (v->runstate != RUNSTATE_blocked || v->is_running || vcpu_away(v) || v->assist.settled)
		return false;
	c = micro_cpu(h, hidden);
	if (c < 0)
		return false;
	v->assist.settled = (u16)(c + 1);
	return true;
}

/*
 * v, settled on a micro-sliced core, wakes up: it waits there for its turn. False: it is no such core any more, or v
 * may not.
 */
CORE_FN bool micro_wake(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *hidden = v->domain->pool->assist.hidden;
	pcpu_t *p = pcpu_of(cx->host, (u32)v->assist.settled - 1);

	v->assist.settled = 0;
	if (!micro_as_coded(v) || p->assist.micro != hidden || v->affinity_broken || v->is_running)
		return false;
	return turn_give(cx, v, p, TURN_MICRO, hidden->assist.micro.slice_ns);
}

/* v sends IPIs: all that must answer, or (published) all that wait. */
CORE_FN bool micro_spin_ipi(sched_call_t *cx ARG, vcpu_t *v ARG, cpupool_t *hidden ARG)
{
	link_t *head = &v->domain->vcpus;
	bool exact = hidden->assist.micro.rules == MICRO_RULES_EXACT, helped = false;

	for (link_t *l = head->next; l != head && can_loop; l = l->next) {
		vcpu_t *s = link_of(l, vcpu_t, domain_link);

		if (s == v)
			continue;
		if (micro_as_coded(v) && micro_settle(cx->host, s, hidden)) {
			helped = true;
			continue;
		}
		if (!may_have_turn(s) || (exact && !s->assist.irq_pending))
			continue;
		if (micro_cpu(cx->host, hidden) < 0) {
			hidden->assist.no_cpu++;
			break;
		}
		helped |= micro_take(cx, s);
	}
	return helped;
}

/* v spins in a function of @class. Returns true when it does not yield. */
CORE_FN bool micro_spin(sched_call_t *cx ARG, vcpu_t *v ARG, u32 class)
{
	cpupool_t *hidden = v->domain->pool->assist.hidden;
	bool exact = hidden->assist.micro.rules == MICRO_RULES_EXACT;
	bool many = class == SYMBOL_IPI_MANY || class == SYMBOL_TLB_SEND || (exact && class == SYMBOL_IPI_ONE);

	if (!(hidden->assist.micro.on & MICRO_ON_YIELD) || (!many && class != SYMBOL_SPIN))
		return false;
	if (many ? micro_spin_ipi(cx, v, hidden) : micro_spin_lock(cx, v, hidden))
		return true;
	return (many && !exact) || micro_sibling(v);
}

/* v, of no turn, has lost its pCPU, and its hidden pool wants to know (`preempt`). */
CORE_FN int micro_preempted(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	u32 class;

	if (v->assist.yielded || !may_have_turn(v))
		return 0;
	class = service_of(v);
	if (symbol_critical(class) && !symbol_waits(class))
		micro_take(cx, v);
	return 0;
}
