/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit2's loads, which vCPU belongs to which run queue, and the balancing of run queues. Facts: 2.11, 2.12.
 *
 * A load is how many vCPUs run or wait, averaged with exponential decay over a window; a vCPU's is the part of the time
 * that it does. Averages are fixed-point numbers of load_precision_shift bits, times are counted in 1024 ns.
 */

#define CREDIT2_TICK_SHIFT 10
/* what is given to a run queue's vCPUs is counted for one of this weight; credit2_even.c */
#define CREDIT2_EVEN_WEIGHT 256

static inline s64 credit2_decay(struct credit2_params ARENA *p, s64 avg, s64 ticks, s64 load)
{
	u32 window = p->load_window_shift - CREDIT2_TICK_SHIFT;

	load <<= p->load_precision_shift;
	if (ticks > 1LL << window)
		return load;
	return avg + (ticks * load >> window) - (ticks * avg >> window);
}

static void credit2_load_runq(sched_call_t *cx, credit2_runq_t *rq, s32 change)
{
	struct credit2_params ARENA *p = &rq->pool->credit2.params;
	s64 tick = cx->now >> CREDIT2_TICK_SHIFT, ticks = tick - rq->load_tick;

	if (ticks < 0)
		ticks = 0;
	rq->avgload = credit2_decay(p, rq->avgload, ticks, rq->load);
	rq->b_avgload = credit2_decay(p, rq->b_avgload, ticks, rq->load);
	rq->load_tick = tick;
	rq->load += (u32)change;
}

static void credit2_load_vcpu(sched_call_t *cx, vcpu_t *v, s32 change)
{
	struct credit2_params ARENA *p = &v->credit2.runq->pool->credit2.params;
	s64 tick = cx->now >> CREDIT2_TICK_SHIFT, ticks = tick - v->credit2.load_tick;
	s64 load = change ? change < 0 : vcpu_runnable(v);

	v->credit2.avgload = credit2_decay(p, v->credit2.avgload, ticks < 0 ? 0 : ticks, load);
	v->credit2.load_tick = tick;
}

/* v, of its run queue, begins (+1) or ceases (-1) to run or wait, or is only brought up to date (0). */
CORE_FN int credit2_load(sched_call_t *cx ARG, vcpu_t *v ARG, s32 change)
{
	credit2_load_runq(cx, v->credit2.runq, change);
	credit2_load_vcpu(cx, v, change);
	return 0;
}

/* ---- belonging to a run queue ---- */

CORE_FN int credit2_assign(sched_call_t *cx ARG, vcpu_t *v ARG, credit2_runq_t *rq ARG)
{
	v->credit2.runq = rq;
	v->credit2.granted_ns = rq->granted_ns;
	v->credit2.joined_ns = rq->granted_ns;
	list_add_tail(&rq->vcpus, &v->credit2.assigned);
	rq->nr_vcpus++;
	rq->ahead_ns += v->credit2.ahead_ns;
	credit2_weight_joins(rq, v->credit2.weight);
	rq->b_avgload += v->credit2.avgload;
	if (tracing(cx))
		record4(cx, TRC_CREDIT2_RUNQ_ASSIGN, pair(v->domain->id, v->id), pair(rq->id, 0));
	return 0;
}

/* A run queue without pCPUs ends with its last vCPU. */
static void credit2_runq_end(sched_call_t *cx, credit2_runq_t *rq)
{
	host_t *h = cx->host;

	if (rq->nr_cpus || rq->nr_vcpus)
		return;
	list_del(&rq->pool_link);
	mask_clear(&rq->pool->credit2.waiting, rq->index);
	rq->used = 0;
	if (h->moving_cpu >= 0 && pcpu_of(h, (u32)h->moving_cpu)->pool == rq->pool &&
	    pcpu_of(h, (u32)h->moving_cpu)->credit2.runq == rq)
		pcpu_of(h, (u32)h->moving_cpu)->credit2.runq = NULL;
}

CORE_FN int credit2_deassign(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	credit2_runq_t *rq = v->credit2.runq;

	credit2_settle(v);
	list_del(&v->credit2.assigned);
	rq->nr_vcpus--;
	rq->ahead_ns -= v->credit2.ahead_ns;
	credit2_weight_leaves(rq, v->credit2.weight);
	rq->b_avgload -= v->credit2.avgload;
	if (rq->b_avgload < 0)
		rq->b_avgload = 0;
	v->credit2.runq = NULL;
	credit2_runq_end(cx, rq);
	return 0;
}

/*
 * What v's credit is in run queue @to, to which it moves. The heaviest vCPUs of the two weigh unlike, so that
 * credit is worth more time in one; and one may have reset its credits a moment ago while the other is about to. What v
 * keeps is how far it is behind the best of those who contend. (In a queue with an idle pCPU nobody does.)
 */
NO_FRAME void credit2_convert(vcpu_t *v, credit2_runq_t *from, credit2_runq_t *to, s64 old_weight)
{
	u32 words = to->pool->host->mask_words;
	s64 credit = v->credit2.credit_ns, scaled = credit;
	s64 weight = to->max_weight > v->credit2.weight ? to->max_weight : v->credit2.weight;
	bool even = credit2_mended(to->pool, CREDIT2_MEND_EVEN) && from->nr_cpus && mask_empty(&from->idle, words) &&
		    mask_empty(&to->idle, words);

	if (even)
		credit -= from->best_ns + from->granted_ns;
	if (credit2_mended(to->pool, CREDIT2_MEND_SCALE)) {
		credit = credit * weight / old_weight;
		scaled = scaled * weight / old_weight;
	}
	if (even)
		credit += to->best_ns + to->granted_ns;
	credit = credit < CREDIT2_LEAST ? CREDIT2_LEAST : credit > CREDIT2_MOST ? CREDIT2_MOST : credit;
	v->credit2.credit_ns = credit;
	/* What it gains or loses by that counts as given. */
	v->credit2.ahead_ns += (credit - scaled) * CREDIT2_EVEN_WEIGHT / weight;
}

/* v, which doesn't run and isn't queued, belongs to another run queue from now on. */
NO_FRAME void credit2_reassign(sched_call_t *cx, vcpu_t *v, credit2_runq_t *to)
{
	credit2_runq_t *from = v->credit2.runq;
	s64 weight, given;

	if (from == to)
		return;
	if (from) {
		if (tracing(cx))
			record4(cx, TRC_CREDIT2_MIGRATE, pair(from->id, v->domain->id), pair(v->id, to->id));
		weight = from->max_weight;
		given = v->credit2.ahead_ns + from->given_ns;
		credit2_deassign(cx, v);
		v->credit2.ahead_ns = given - to->given_ns;
		credit2_convert(v, from, to, weight);
	}
	credit2_assign(cx, v, to);
}

/* v, queued, goes to the queue of pCPU p; the caller tickles. */
NO_FRAME void credit2_move_queued(sched_call_t *cx, vcpu_t *v, pcpu_t *p)
{
	credit2_dequeue(v);
	credit2_load_runq(cx, v->credit2.runq, -1);
	credit2_load_vcpu(cx, v, 0);
	v->processor = p;
	credit2_reassign(cx, v, p->credit2.runq);
	credit2_load_runq(cx, v->credit2.runq, 1);
	credit2_enqueue(v);
}

/* ---- balancing ---- */

/*
 * Of each of the two queues so many vCPUs are looked at, the longest not looked at first. (Xen tries each pair of all,
 * with both queues locked.)
 */
#define CREDIT2_BALANCE_LOOK 16
#define CREDIT2_LEAST_GAIN_SHIFT 3 /* an eighth of a pCPU: the least by which a move must bring loads together */

static inline bool credit2_movable(cpupool_t *pool, vcpu_t *v, credit2_runq_t *to)
{
	u32 words = pool->host->mask_words;

	return !(v->credit2.flags & CREDIT2_MIGRATE) && mask_intersects(&v->hard, &to->cpus, words);
}

static inline s64 credit2_distance(s64 a, s64 b)
{
	return a > b ? a - b : b - a;
}

/* credit2_migrate()'s first half; true: v waits in its new queue. */
CORE_FN bool credit2_migrate_now(sched_call_t *cx ARG, vcpu_t *v ARG, credit2_runq_t *to ARG)
{
	host_t *h = cx->host;
	s32 cpu = mask_cycle_and(&v->hard, &to->cpus, to->pick_bias, h->mask_words);

	if (cpu < 0)
		return false;
	to->pick_bias = cpu;
	if (v->credit2.queued) {
		credit2_move_queued(cx, v, pcpu_of(h, (u32)cpu));
		return true;
	}
	v->processor = pcpu_of(h, (u32)cpu);
	credit2_reassign(cx, v, to);
	return false;
}

/* Move v to @to: at once, or when its pCPU has left it. */
NO_FRAME void credit2_migrate(sched_call_t *cx, cpupool_t *pool, vcpu_t *v, credit2_runq_t *to)
{
	if (v->credit2.flags & CREDIT2_SCHEDULED) {
		v->credit2.migrate_to = (s32)to->index;
		v->credit2.flags |= CREDIT2_MIGRATE;
		v->pause_flags |= VPF_migrating;
		credit2_tickle_cpu(cx, pool, v->processor, NULL);
	} else if (credit2_migrate_now(cx, v, to)) {
		credit2_tickle(cx, pool, v);
	}
}

/*
 * The run queue whose load differs most from rq's, if by enough to be worth moving somebody: index, or -1. Less is
 * enough when there is more work than pCPUs.
 */
CORE_FN s32 credit2_partner(sched_call_t *cx ARG, cpupool_t *pool ARG, credit2_runq_t *rq ARG)
{
	struct credit2_params ARENA *p = &pool->credit2.params;
	credit2_runq_t *best = NULL, *judged, *last = NULL;
	s64 delta = 0, most, cpus;
	s32 tolerance;

	for (link_t *l = pool->credit2.runqs.next; l != &pool->credit2.runqs && can_loop; l = l->next) {
		credit2_runq_t *other = link_of(l, credit2_runq_t, pool_link);

		if (other == rq || !other->nr_cpus)
			continue;
		credit2_load_runq(cx, other, 0);
		last = other;
		if (credit2_distance(rq->b_avgload, other->b_avgload) > delta) {
			delta = credit2_distance(rq->b_avgload, other->b_avgload);
			best = other;
		}
	}
	judged = credit2_mended(pool, CREDIT2_MEND_PARTNER) ? best : last;
	if (!best || !judged)
		return -1;
	most = judged->b_avgload > rq->b_avgload ? judged->b_avgload : rq->b_avgload;
	cpus = judged->nr_cpus > rq->nr_cpus ? judged->nr_cpus : rq->nr_cpus;
	tolerance = most < cpus << p->load_precision_shift ? p->balance_under : p->balance_over;
	tolerance += p->load_precision_shift;
	if (tracing(cx))
		record(cx, TRC_CREDIT2_LOAD_CHECK, rq->id, judged->id);
	return delta < 1LL << (tolerance < 0 ? 0 : tolerance) ? -1 : (s32)best->index;
}

/* Look at the next ones the next time. */
static inline void credit2_balance_rotate(credit2_runq_t *rq)
{
	if (rq->nr_vcpus <= CREDIT2_BALANCE_LOOK)
		return;
	for (u32 i = ZERO; i < CREDIT2_BALANCE_LOOK && can_loop; i++) {
		link_t *l = rq->vcpus.next;

		list_del(l);
		list_add_tail(&rq->vcpus, l);
	}
}

/*
 * Of the first vCPUs of @from, whose load is @apart less than @to's, the one that moved there leaves them closest, and
 * closer than @delta: its index, or -1.
 */
CORE_FN s32 credit2_best_pull(cpupool_t *pool ARG, credit2_runq_t *from ARG, credit2_runq_t *to ARG, s64 apart,
			      s64 delta)
{
	link_t *l = from->vcpus.next;
	s32 best = -1;

	for (u32 i = ZERO; i < CREDIT2_BALANCE_LOOK && l != &from->vcpus && can_loop; i++, l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, credit2.assigned);
		s64 after;

		if (!credit2_movable(pool, v, to))
			continue;
		after = credit2_distance(apart + 2 * v->credit2.avgload, 0);
		if (after < delta) {
			delta = after;
			best = (s32)v->index;
		}
	}
	return best;
}

static void credit2_load_first(sched_call_t *cx, credit2_runq_t *rq)
{
	link_t *l = rq->vcpus.next;

	for (u32 i = ZERO; i < CREDIT2_BALANCE_LOOK && l != &rq->vcpus && can_loop; i++, l = l->next)
		credit2_load_vcpu(cx, link_of(l, vcpu_t, credit2.assigned), 0);
}

/*
 * Whose move, from rq to other or back, or whose exchange leaves their loads closest, the first found of equals: one
 * more than the index of who goes in the upper half, of who comes in the lower, 0 for nobody. (They are not moved here:
 * BPF's stack is small, and what this needs of it must be gone by then.)
 */
CORE_FN u64 credit2_exchange(sched_call_t *cx ARG, cpupool_t *pool ARG, credit2_runq_t *rq ARG,
			     credit2_runq_t *other ARG)
{
	host_t *h = cx->host;
	s64 apart = rq->b_avgload - other->b_avgload, delta = credit2_distance(apart, 0);
	s32 push = -1, pull = -1, found;
	link_t *l;

	/* What only turns the difference round would be turned back the next time. */
	if (credit2_mended(pool, CREDIT2_MEND_EVEN))
		delta -= 1LL << pool->credit2.params.load_precision_shift >> CREDIT2_LEAST_GAIN_SHIFT;
	credit2_load_first(cx, rq);
	credit2_load_first(cx, other);
	l = rq->vcpus.next;
	for (u32 i = ZERO; i < CREDIT2_BALANCE_LOOK && l != &rq->vcpus && can_loop; i++, l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, credit2.assigned);
		s64 without;

		if (!credit2_movable(pool, v, other))
			continue;
		without = apart - 2 * v->credit2.avgload;
		found = credit2_best_pull(pool, other, rq, without, delta);
		if (found >= 0) {
			delta = credit2_distance(without + 2 * AT(h->vcpus, found)->credit2.avgload, 0);
			push = (s32)v->index;
			pull = found;
		}
		if (credit2_distance(without, 0) < delta) {
			delta = credit2_distance(without, 0);
			push = (s32)v->index;
			pull = -1;
		}
	}
	found = credit2_best_pull(pool, other, rq, apart, delta);
	if (found >= 0) {
		push = -1;
		pull = found;
	}
	return pair((u32)(push + 1), (u32)(pull + 1));
}

/* What credit2_balance() and credit2_even() have found: who goes from rq to its partner, then who comes. */
CORE_FN int credit2_swap(sched_call_t *cx ARG, cpupool_t *pool ARG, credit2_runq_t *rq ARG, u64 both)
{
	credit2_runq_t *to = AT(cx->host->credit2_runqs, (u32)rq->partner);

	for (u32 i = ZERO; i < 2 && both && can_loop; i++) {
		u32 who = (u32)(both >> 32);

		both <<= 32;
		if (who)
			credit2_migrate(cx, pool, AT(cx->host->vcpus, who - 1), to);
		to = rq;
	}
	return 0;
}

/*
 * Bring rq's load and that of the queue most unlike it, its partner, closer together by moving one vCPU, either way, or
 * exchanging two: whom, for credit2_swap(); 0 nobody.
 */
CORE_FN u64 credit2_balance(sched_call_t *cx ARG, cpupool_t *pool ARG, credit2_runq_t *rq ARG)
{
	credit2_runq_t *other;
	u64 both;

	credit2_load_runq(cx, rq, 0);
	rq->partner = credit2_partner(cx, pool, rq);
	if (rq->partner < 0)
		return 0;
	other = AT(cx->host->credit2_runqs, (u32)rq->partner);
	both = credit2_exchange(cx, pool, rq, other);
	credit2_balance_rotate(rq);
	credit2_balance_rotate(other);
	return both;
}
