/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit2's credit and its run queue. Facts: 2.4, 2.5, 2.6.
 *
 * A reset gives credit to every vCPU of a run queue, asleep or not, up to a limit. Rather than walk over them, the
 * queue notes the sum of what was ever given, and a vCPU what that sum was when its credit was last looked at: credits
 * are brought up to date when they are. One limit at the end is as good as one after each gift, since gifts are never
 * negative. And who waits keeps his place: all get the same, and the limit only makes ties.
 */

/* Credit now, whatever was given since it was looked at. */
static inline s64 credit2_credit(vcpu_t *v)
{
	s64 given = v->credit2.runq->granted_ns - v->credit2.granted_ns, credit = v->credit2.credit_ns;

	if (!given)
		return credit;
	credit += given;
	return credit > CREDIT2_MOST ? CREDIT2_MOST : credit;
}

static inline void credit2_settle(vcpu_t *v)
{
	v->credit2.credit_ns = credit2_credit(v);
	v->credit2.granted_ns = v->credit2.runq->granted_ns;
}

static inline bool credit2_capped(vcpu_t *v)
{
	return v->credit2.budget_ns != TIME_NEVER;
}

/* How long it takes v to burn @credit. */
static inline s64 credit2_time(vcpu_t *v, s64 credit)
{
	s64 most = v->credit2.runq->max_weight;

	return most ? credit * v->credit2.weight / most : credit;
}

/* ---- burning ---- */

/*
 * A domain and its activation domains (sdom.c) are to get what the domain alone would. Each of their vCPUs has credit
 * of its own, so that each waits and preempts as any other; but what activation domains use is owed, and paid for with
 * the credit of the domain's own vCPUs: of those that sleep, which would only save it up, and while there is debt all
 * run dearer, by as much as they owe in units of 10 ms. With k own vCPUs and n others that all want the CPU they so
 * come to owe n/k units, and each gets k of k + n parts; with n that want little, those pay next to nothing.
 */
#define CREDIT2_OWED_UNIT (10 * MSEC)
#define CREDIT2_OWED_MOST (64 * CREDIT2_OWED_UNIT)
#define CREDIT2_PAY_LOOK 8 /* own vCPUs asked at once */

/*
 * An activation domain's vCPU leaves its pCPU: those of d that sleep pay what d owes, as far as their credit goes.
 */
CORE_FN int credit2_pay_asleep(domain_t *d ARG)
{
	link_t *l;

	for (u32 i = ZERO; i < CREDIT2_PAY_LOOK && i < d->nr_vcpus && d->credit2.owed_ns > 0 && can_loop; i++) {
		vcpu_t *v;
		s64 pay;

		if (!d->credit2.pays || d->credit2.pays->next == &d->vcpus)
			l = d->vcpus.next;
		else
			l = d->credit2.pays->next;
		d->credit2.pays = l;
		v = link_of(l, vcpu_t, domain_link);
		if (!v->credit2.runq || v->credit2.queued || v->credit2.flags & CREDIT2_SCHEDULED)
			continue;
		credit2_settle(v);
		pay = credit2_time(v, v->credit2.credit_ns);
		if (pay > d->credit2.owed_ns)
			pay = d->credit2.owed_ns;
		if (pay <= 0)
			continue;
		v->credit2.credit_ns -= pay * v->credit2.runq->max_weight / v->credit2.weight;
		d->credit2.owed_ns -= pay;
	}
	return 0;
}

/* v, one of several domains that are accounted together, ran for @used: so much more it is debited. */
NO_FRAME s64 credit2_dearer(vcpu_t *v, s64 used)
{
	domain_t *d = sdom_of(v->domain);
	s64 more = used * d->credit2.owed_ns / CREDIT2_OWED_UNIT;

	if (v->domain == d) {
		if (more > d->credit2.owed_ns)
			more = d->credit2.owed_ns;
		d->credit2.owed_ns -= more;
		return more;
	}
	d->credit2.owed_ns += used;
	if (d->credit2.owed_ns > CREDIT2_OWED_MOST)
		d->credit2.owed_ns = CREDIT2_OWED_MOST;
	return more;
}

/*
 * Debit a running vCPU up to now: the heaviest of its queue burns 1 credit a ns, others as many times more as they
 * weigh less.
 */
static void credit2_burn(sched_call_t *cx, vcpu_t *v)
{
	s64 used = cx->now - v->credit2.start_ns, weight = v->credit2.weight, burnt = used;

	credit2_settle(v);
	if (used <= 0 || !weight)
		return;
	if (sdom_shared(v->domain))
		burnt += credit2_dearer(v, used);
	burnt = burnt * v->credit2.runq->max_weight + v->credit2.residual;
	v->credit2.credit_ns -= burnt / weight;
	v->credit2.residual = burnt % weight;
	if (v->credit2.credit_ns < CREDIT2_LEAST)
		v->credit2.credit_ns = CREDIT2_LEAST;
	if (credit2_capped(v))
		v->credit2.budget_ns -= used;
	v->credit2.start_ns = cx->now;
}

/* ---- who weighs most ---- */

static inline void credit2_weight_joins(credit2_runq_t *rq, u32 weight)
{
	if (weight > rq->max_weight) {
		rq->max_weight = weight;
		rq->nr_max = 1;
	} else if (weight == rq->max_weight) {
		rq->nr_max++;
	}
}

/*
 * A vCPU of @weight left, or weighs something else now: only when the last of the heaviest does so must the others be
 * asked.
 */
static inline void credit2_weight_leaves(credit2_runq_t *rq, u32 weight)
{
	if (weight != rq->max_weight || --rq->nr_max)
		return;
	rq->max_weight = 1;
	for (link_t *l = rq->vcpus.next; l != &rq->vcpus && can_loop; l = l->next)
		credit2_weight_joins(rq, link_of(l, vcpu_t, credit2.assigned)->credit2.weight);
}

/* v burns by another weight from now on. */
NO_FRAME void credit2_set_weight(sched_call_t *cx, vcpu_t *v, u32 weight)
{
	u32 old = v->credit2.weight;

	if (old == weight)
		return;
	if (v->processor->curr == v)
		credit2_burn(cx, v);
	v->credit2.weight = weight;
	v->credit2.residual = 0;
	if (!v->credit2.runq)
		return;
	credit2_weight_joins(v->credit2.runq, weight);
	credit2_weight_leaves(v->credit2.runq, old);
}

/* ---- the queue ---- */

CORE_FN int credit2_enqueue(vcpu_t *v ARG)
{
	credit2_runq_t *rq = v->credit2.runq;

	sched_check(!v->credit2.queued && !v->is_idle);
	tree_insert(&rq->queue, &v->credit2.node, credit2_credit(v) - rq->granted_ns, CREDIT2_MOST - rq->granted_ns);
	v->credit2.queued = 1;
	if (rq->nr_queued++ == 0)
		mask_set(&rq->pool->credit2.waiting, rq->index);
	return 0;
}

NO_FRAME void credit2_dequeue(vcpu_t *v)
{
	credit2_runq_t *rq = v->credit2.runq;

	tree_remove(&rq->queue, &v->credit2.node);
	v->credit2.queued = 0;
	if (--rq->nr_queued == 0)
		mask_clear(&rq->pool->credit2.waiting, rq->index);
}

#define credit2_queued_at(l) link_of(tree_node_of(l), vcpu_t, credit2.node)

static inline vcpu_t *credit2_first(credit2_runq_t *rq)
{
	return tree_empty(&rq->queue) ? NULL : credit2_queued_at(rq->queue.order.next);
}
