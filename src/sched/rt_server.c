/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The servers: how each kind gets, uses and loses its budget. Facts: rtxen-servers 1.1 - 1.3, 3.8.
 *
 * At a boundary, whatever else happens at that instant, the order is: charge up to it, forget what is left, replenish,
 * then see who has work. So work that arrives exactly with the period is served by a polling server, and what was left
 * never adds to the new budget. Debt does: who overran by so much (a late timer) starts the next period with so much
 * less. (Xen and RT-Xen forgive it: defect U4.) Time run across a boundary that was noticed late is charged to the two
 * periods it lies in.
 *
 * A server with extra time goes on when its budget is used: level 1, then 2, ..., each for a turn as long as its
 * budget. A better level goes first, whatever the priority, so that nobody's budget waits for another's extra time.
 * Turns are not charged.
 */

/* Its budget belongs to periods that end at next_ns; the others are the sporadic server and CBS. */
static inline bool rt_periodic(u32 kind)
{
	return kind != RT_SPORADIC && kind != RT_CBS;
}

/* Its budget passes with time when its turn has come, work or not. */
static inline bool rt_burns(u32 kind)
{
	return kind == RT_PERIODIC || kind == RT_WORK_CONSERVING || kind == RT_RECLAIMING;
}

static inline s64 rt_budget(vcpu_t *v)
{
	return v->rt.level ? v->rt.extra_ns : v->rt.rem_ns;
}

static inline bool rt_blocked(vcpu_t *v)
{
	return v->pause_flags == VPF_blocked && !v->pause_count && !v->domain->pause_count;
}

/* It wants a pCPU only to burn its budget. */
static inline bool rt_ghostly(vcpu_t *v)
{
	return rt_burns(v->rt.kind) && rt_blocked(v) && v->rt.rem_ns > 0;
}

/* It wants, and may have, a pCPU. */
static inline bool rt_eligible(vcpu_t *v)
{
	return unit_runnable(v) ? rt_budget(v) > 0 : rt_ghostly(v);
}

static inline void rt_trace_replenish(sched_call_t *cx, vcpu_t *v)
{
	if (tracing(cx))
		record4(cx, TRC_RTDS_REPLENISH, pair(v->domain->id << 16 | v->id, (u32)(v->rt.next_ns / USEC)),
			(u64)v->rt.rem_ns);
}

/* A change of kind or parameters is in force: the record names both kinds and what budget is left. */
static inline void rt_trace_change(sched_call_t *cx, vcpu_t *v, u32 old)
{
	record4(cx, TRC_ROTA_SERVER, pair(v->domain->id << 16 | v->id, old << 8 | v->rt.kind), (u64)v->rt.rem_ns);
}

/* The parameters the vCPU was given come into force. */
static void rt_take_params(vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;

	v->rt.period_ns = v->rt_params.period_ns;
	v->rt.budget_ns = v->rt_params.budget_ns;
	v->rt.deadline_ns = v->rt_params.deadline_ns ? v->rt_params.deadline_ns : v->rt_params.period_ns;
	v->rt.priority = v->rt_params.priority;
	v->rt.extratime = v->rt_params.extratime;
	v->rt.kind = v->rt_params.kind == RT_POOL ? pool->rt.params.kind : v->rt_params.kind;
	if (pool->rt.xen)
		v->rt.kind = RT_DEFERRABLE;
	v->rt.change = 0;
}

/*
 * The end of the period that begins at @begin: with a phase, on its grid, so that one period may be longer. A CBS has
 * no grid: its periods begin when it wakes, or one after the other.
 */
static s64 rt_period_end(vcpu_t *v, s64 begin)
{
	s64 end = begin + v->rt.period_ns, off;

	if (v->rt_params.phase_ns < 0 || v->rt.kind == RT_CBS)
		return end;
	off = (end - v->rt_params.phase_ns) % v->rt.period_ns;
	if (off < 0)
		off += v->rt.period_ns;
	return off ? end + v->rt.period_ns - off : end;
}

/*
 * A server that has served nobody yet: its first period is the one of its grid that @now lies in. If that has begun,
 * one that others count on as a periodic task waits for the next: a whole budget now and another at the boundary would
 * be more than they were told of.
 */
static void rt_start(vcpu_t *v, s64 now)
{
	s64 phase, off;

	rt_take_params(v);
	phase = v->rt_params.phase_ns >= 0 ? v->rt_params.phase_ns : 0;
	off = (now - phase) % v->rt.period_ns;
	if (off < 0)
		off += v->rt.period_ns;
	v->rt.next_ns = now - off + v->rt.period_ns;
	v->rt.rem_ns = (v->rt.kind == RT_POLLING || rt_burns(v->rt.kind)) && off ? 0 : v->rt.budget_ns;
	v->rt.level = 0;
	v->rt.urgent = 0;
	v->rt.steady = 0;
	v->rt.extra_ns = 0;
	v->rt.start_ns = now;
	v->rt.first_ns = -1;
	ring_start(v, v->rt.budget_ns, now, now);
}

/*
 * The boundary at next_ns is reached: what waits for it happens, then the budget is whole again. The first one after it
 * was a sporadic server brings only what comes back by then.
 */
NO_FRAME void rt_replenish(sched_call_t *cx, vcpu_t *v)
{
	s64 debt = v->rt.rem_ns < 0 ? v->rt.rem_ns : 0, at = v->rt.next_ns, full = v->rt.budget_ns;
	s64 budget = v->rt.first_ns < 0 ? full + debt : v->rt.first_ns + v->rt.rem_ns;
	u32 old = v->rt.kind;

	v->rt.first_ns = -1;
	if (v->rt.change) {
		rt_take_params(v);
		if (v->rt.budget_ns != full)
			budget = v->rt.budget_ns + debt;
	}
	v->rt.level = 0;
	v->rt.urgent = 0;
	v->rt.steady = !v->rt.asleep;
	v->rt.next_ns = rt_period_end(v, at);
	v->rt.rem_ns = budget;
	if (v->rt.kind == RT_SPORADIC) {
		ring_start(v, budget - debt, at, at + v->rt.period_ns);
		if (debt)
			ring_charge(v, -debt);
	}
	rt_trace_replenish(cx, v);
	if (old != v->rt.kind)
		rt_trace_change(cx, v, old);
}

/* When its next boundary is; TIME_NEVER: it waits for none. */
static s64 rt_event_at(vcpu_t *v)
{
	if (v->rt.kind == RT_SPORADIC)
		return v->rt.rem_ns <= 0 && v->rt.nr ? ring_at(v, 0)->at_ns : TIME_NEVER;
	if (v->rt.kind == RT_CBS && v->rt.rem_ns > 0 && !v->rt.change)
		return TIME_NEVER;
	return v->rt.next_ns;
}

/* All boundaries up to @now. Of many that were slept through one replenishes; the others only pay debt. */
CORE_FN int rt_advance(sched_call_t *cx ARG, vcpu_t *v ARG, s64 now)
{
	/* A change at a boundary may make it another kind, whose own boundary may have come too. */
	for (u32 i = ZERO; i < 2 && can_loop; i++) {
		if (v->rt.kind == RT_SPORADIC || v->rt.next_ns > now ||
		    (v->rt.kind == RT_CBS && v->rt.rem_ns > 0 && !v->rt.change))
			break;
		if (!v->rt.change && v->rt.first_ns < 0) {
			s64 missed = (now - v->rt.next_ns) / v->rt.period_ns;

			v->rt.next_ns += missed * v->rt.period_ns;
			if (v->rt.rem_ns < 0) {
				v->rt.rem_ns += missed * v->rt.budget_ns;
				if (v->rt.rem_ns > 0)
					v->rt.rem_ns = 0;
			}
		}
		rt_replenish(cx, v);
	}
	if (v->rt.kind == RT_SPORADIC) {
		ring_update(v, now);
		if (v->rt.rem_ns > 0)
			v->rt.level = 0;
	}
	return 0;
}

static inline void rt_use(vcpu_t *v, s64 used)
{
	if (v->rt.level)
		v->rt.extra_ns -= used;
	else if (v->rt.kind == RT_SPORADIC)
		ring_charge(v, used);
	else
		v->rt.rem_ns -= used;
}

/* It had a pCPU, or paid for one, since start_ns. */
CORE_FN int rt_charge(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	s64 from = v->rt.start_ns, now = cx->now;

	v->rt.start_ns = now;
	if (now > from) {
		if (v->rt.kind != RT_SPORADIC && v->rt.next_ns > from && v->rt.next_ns < now) {
			s64 boundary = v->rt.next_ns;

			rt_use(v, boundary - from);
			rt_advance(cx, v, boundary);
			from = boundary;
		}
		rt_use(v, now - from);
		if (tracing(cx))
			record4(cx, TRC_RTDS_BURN, pair(v->domain->id << 16 | v->id, (u32)(now - from)),
				(u64)v->rt.rem_ns);
	}
	rt_advance(cx, v, now);
	if (!v->rt.level && v->rt.rem_ns <= 0 && v->rt.extratime && unit_runnable(v)) {
		v->rt.level = 1;
		v->rt.extra_ns = v->rt.budget_ns;
	}
	if (v->rt.level && v->rt.extra_ns <= 0) {
		s64 turns = 1 - v->rt.extra_ns / v->rt.budget_ns;

		v->rt.extra_ns += turns * v->rt.budget_ns;
		if (v->rt.level < ~0U - (u32)turns)
			v->rt.level += (u32)turns;
	}
	return 0;
}

/*
 * Is @budget more than its bandwidth allows in @time? Both < 2^52; 20 bits of each are left out where they don't fit.
 */
static inline bool rt_too_dense(vcpu_t *v, s64 budget, s64 time)
{
	u32 shift = 0;

	if ((u64)(budget | time | v->rt.period_ns) >> 31)
		shift = 21;
	return (u64)(budget >> shift) * (u64)(v->rt.period_ns >> shift) >
	       (u64)(time >> shift) * (u64)(v->rt.budget_ns >> shift);
}

/* It has work again, at now. */
NO_FRAME void rt_activate(sched_call_t *cx, vcpu_t *v)
{
	s64 now = cx->now, before = v->rt.next_ns, deadline;

	rt_advance(cx, v, now);
	if (v->rt.kind == RT_POLLING) {
		if (v->rt.next_ns - v->rt.period_ns == now)
			v->rt.rem_ns = v->rt.budget_ns + (v->rt.rem_ns < 0 ? v->rt.rem_ns : 0);
		else if (v->rt.next_ns != before && v->rt.rem_ns > 0)
			v->rt.rem_ns = 0; /* it was not there when the period began */
	} else if (v->rt.kind == RT_SPORADIC) {
		ring_activate(v, now);
		ring_update(v, now);
	} else if (v->rt.kind == RT_CBS && v->rt.rem_ns > 0 && v->rt.first_ns < 0) {
		deadline = v->rt.next_ns - v->rt.period_ns + v->rt.deadline_ns;
		if (deadline <= now || rt_too_dense(v, v->rt.rem_ns, deadline - now)) {
			v->rt.next_ns = now + v->rt.period_ns;
			v->rt.rem_ns = v->rt.budget_ns;
		}
	}
	v->rt.steady = rt_periodic(v->rt.kind) && v->rt.next_ns - v->rt.period_ns == now;
	v->rt.urgent = 0;
	v->rt.start_ns = now;
	if (v->rt.level && v->rt.rem_ns > 0)
		v->rt.level = 0;
	if (!v->rt.level && v->rt.rem_ns <= 0 && v->rt.extratime) {
		v->rt.level = 1;
		v->rt.extra_ns = v->rt.budget_ns;
	}
}

/* It has no work any more, or may not run. */
static void rt_idle(vcpu_t *v)
{
	v->rt.steady = 0;
	v->rt.urgent = 0;
	if (v->rt.kind == RT_POLLING && v->pause_flags & VPF_blocked && v->rt.rem_ns > 0)
		v->rt.rem_ns = 0;
}

/* ---- changes while it runs; facts 1.6 ---- */

/* What comes back later than @now, and when the last of it does; nothing: 0, and *last stays. */
static s64 ring_pending(vcpu_t *v, s64 now, s64 *last)
{
	s64 sum = 0;

	for (u32 i = ZERO; i < v->rt.nr && i < RT_REFILLS && can_loop; i++) {
		if (ring_at(v, i)->at_ns <= now)
			continue;
		sum += ring_at(v, i)->amount_ns;
		*last = ring_at(v, i)->at_ns;
	}
	return sum;
}

/*
 * At once. What is left stays, as far as the new budget allows, and the boundary stays; but if budget or period change,
 * the rest of the new budget comes one new period from now. To a sporadic server: what is left is there now, the rest
 * returns at the boundary. From one: what is pending comes when the last of it would have come, and what is used
 * meanwhile a period after that. So no unit of budget is given twice within a period, no window gets more than one of
 * the two servers alone would give it, and the neighbours notice nothing. The price is the switching server's own:
 * chunks that would have come back earlier wait for the last, once.
 */
static void rt_change_now(sched_call_t *cx, vcpu_t *v)
{
	s64 now = cx->now, boundary = v->rt.next_ns, period = v->rt.period_ns, budget = v->rt.budget_ns;
	s64 pending = v->rt.first_ns, debt = v->rt.rem_ns < 0 ? -v->rt.rem_ns : 0;
	u32 old = v->rt.kind;
	bool resized;

	if (old == RT_SPORADIC) {
		boundary = now + period;
		pending = ring_pending(v, now, &boundary);
	}
	rt_take_params(v);
	resized = period != v->rt.period_ns || budget != v->rt.budget_ns;
	if (resized) {
		boundary = now + v->rt.period_ns;
		pending = -1;
	}
	if (v->rt.rem_ns > v->rt.budget_ns)
		v->rt.rem_ns = v->rt.budget_ns;
	/*
	 * One that becomes a CBS keeps its boundary, and has what the old kind would have had until then: to put it
	 * off, to where the budget is no more than its bandwidth, would take from it what it was promised. If it
	 * sleeps, it is looked at when it wakes.
	 */
	if (boundary <= now)
		boundary = now + v->rt.period_ns;
	v->rt.next_ns = boundary;
	v->rt.first_ns = v->rt.kind == RT_SPORADIC ? -1 : pending;
	if (v->rt.kind == RT_SPORADIC && (old != RT_SPORADIC || resized)) {
		s64 left = v->rt.budget_ns - (v->rt.rem_ns > 0 ? v->rt.rem_ns : 0) - pending;

		ring_start(v, v->rt.rem_ns, now, boundary);
		/* It was sporadic not long ago: of the rest only what is pending comes at the boundary. */
		if (pending >= 0 && left > 0) {
			ring_at(v, v->rt.nr - 1U)->amount_ns -= left;
			if (!ring_at(v, v->rt.nr - 1U)->amount_ns)
				v->rt.nr--;
			ring_append(v, left, boundary + v->rt.period_ns);
		}
		if (debt)
			ring_charge(v, debt);
	}
	if (v->rt.asleep)
		rt_idle(v);
	if (old != v->rt.kind)
		rt_trace_change(cx, v, old);
	rt_advance(cx, v, now);
}

/*
 * The vCPU was given new rt_params. Those that don't touch its budget are in force at once, the others when they say; a
 * sporadic server has no boundary to wait for.
 */
CORE_FN int rt_change(sched_call_t *cx ARG, vcpu_t *v ARG, u32 when)
{
	u32 kind = v->rt_params.kind == RT_POOL ? v->domain->pool->rt.params.kind : v->rt_params.kind;

	rt_advance(cx, v, cx->now);
	v->rt.change = 1;
	if (v->domain->pool->rt.xen)
		kind = RT_DEFERRABLE;
	if (v->pause_flags & VPF_down)
		rt_start(v, cx->now);
	else if (kind == v->rt.kind && v->rt.period_ns == v->rt_params.period_ns &&
		 v->rt.budget_ns == v->rt_params.budget_ns)
		rt_take_params(v);
	else if (when == RT_AT_ONCE || v->rt.kind == RT_SPORADIC)
		rt_change_now(cx, v);
	return 0;
}
