/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grace: a slice that ends, or is cut short, while the guest is in a critical service goes on for some tens of
 * microseconds, until the service is over. A lock that is released before its holder is preempted needs no cure.
 *
 * It is the guest's own time: debited as any, and its next slice is as much shorter. A slice is longer by `grace` at
 * most, however often that is asked for, so that a guest which is always at a critical address delays its neighbour by
 * so much and no more. Who waits for a sibling himself, or has yielded, has none.
 */

#define GRACE_STEP_NS (20 * USEC) /* uncontended services last some microseconds: look again after so long */

/* Of a guest in user mode, which is the usual thing, nothing more need be asked. */
static inline bool grace_wanted(pcpu_t *p)
{
	return p->pool->assist.params.grace_ns && p->curr->assist.ip >> 63;
}

/* Does who runs on p go on? Sets p's next then. */
CORE_FN bool grace(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	vcpu_t *prev = p->curr;
	s64 left = p->pool->assist.params.grace_ns - prev->assist.grace_ns;
	u32 class;

	if (prev->is_idle || vcpu_away(prev) || !vcpu_runnable(prev) || prev->assist.yielded || left < TURN_LEAST_NS ||
	    !mask_test(&p->pool->cpus, p->id))
		return false;
	class = service_of(prev);
	if (!symbol_critical(class) || symbol_waits(class))
		return false;
	if (left > GRACE_STEP_NS)
		left = GRACE_STEP_NS;
	prev->assist.grace_ns += (u32)left;
	prev->assist.owed_ns += (u32)left;
	prev->domain->assist.graces++;
	p->next = prev;
	p->next_slice_ns = left;
	record4(cx, TRC_ROTA_GRACE, pair(prev->domain->id << 16 | prev->id, class), pair((u32)left, 0));
	return true;
}

/* next, which owes, is given p: a new slice, as much shorter. */
static inline void grace_pay(pcpu_t *p, vcpu_t *next)
{
	next->assist.grace_ns = 0;
	if (p->next_slice_ns > 2 * (s64)next->assist.owed_ns) {
		p->next_slice_ns -= next->assist.owed_ns;
		next->assist.owed_ns = 0;
	}
}
