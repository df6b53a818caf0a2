/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sedf: a slice in every period, by earliest deadline first on each pCPU, and the time that is left over by shares.
 * Facts: xen-credit2-rtds-null-arinc653-sedf.md 7. Xen's until 4.5.
 *
 * A vCPU that has work and a slice is in one of two queues of its pCPU: run, by the end of its period, or wait, by the
 * begin of the next one, once the slice is used. What nobody's slice needs goes first to those that forfeited a part of
 * theirs (penalty), then to all that have `extratime` (spare), in proportion to slice/period, or, without a slice, to
 * the domain's weight (256 counts as 1/128 of a pCPU, which is Xen's extraweight 1).
 *
 * A wake-up is what makes EDF with slices difficult: who sleeps in its period and comes back late in it with the slice
 * unused would need more than its bandwidth until the deadline, at the expense of others. So, as in Xen:
 *
 *	before its next period begins	it waits for that
 *	within its period		it forfeits the rest of it, waits for the next, and is given what it lost
 *					from the time left over, before those who merely like more
 *	after it			a new period begins now
 *
 * A wake-up of the last sort with a `latency` begins shorter periods, with slices in proportion: the first is as long
 * as the latency, each one after it twice as long, until they are as long as they should be. The bandwidth is the same,
 * so nobody is disturbed, and the first slice has come before the latency has passed.
 *
 * What rota mends: the latency, which Xen stores and never uses; a first period ends after a period, not after a slice,
 * which nobody could have promised; a slice overrun is paid back whole, however long, and a lost one given back whole,
 * not one quantum of it; a vCPU goes to the pCPU with the least load, not to one by its number within the domain, where
 * all the first ones would meet; spare time is charged as used; queues are O(log n). Slices by weight ("-w" with a
 * period) are not offered: they let the sum of slices grow past the pCPU.
 *
 * Parameters that change are in force from the next period on. Locking: the pool's lock, as everywhere.
 */

static inline s64 sedf_begin(vcpu_t *v)
{
	return v->sedf.deadline_ns - v->sedf.period_ns;
}

/* Its next period is @period long, or as long as it should be. */
static void sedf_take(vcpu_t *v, s64 period)
{
	s64 full = v->rt_params.period_ns, slice = v->rt_params.budget_ns;

	v->sedf.period_ns = full;
	v->sedf.slice_ns = slice;
	if (period >= full)
		return;
	v->sedf.period_ns = period;
	v->sedf.slice_ns = slice / USEC * period / ((full + USEC - 1) / USEC);
}

/* The next period follows the one that ends. */
static void sedf_next(vcpu_t *v)
{
	sedf_take(v, 2 * v->sedf.period_ns);
	v->sedf.deadline_ns += v->sedf.period_ns;
}

/* A slice that is used ends its period; what was run beyond it is paid from the next ones. */
CORE_FN int sedf_pay(vcpu_t *v ARG)
{
	s64 n;

	/* The shortened periods first: they double. */
	for (u32 i = ZERO; i < 64 && v->sedf.slice_ns > 0 && v->sedf.used_ns >= v->sedf.slice_ns && can_loop; i++) {
		v->sedf.used_ns -= v->sedf.slice_ns;
		sedf_next(v);
		if (v->sedf.period_ns == v->rt_params.period_ns)
			break;
	}
	if (v->sedf.slice_ns <= 0 || v->sedf.used_ns < v->sedf.slice_ns)
		return 0;
	n = v->sedf.used_ns / v->sedf.slice_ns;
	v->sedf.used_ns -= n * v->sedf.slice_ns;
	v->sedf.deadline_ns += n * v->sedf.period_ns;
	return 0;
}

/* ---- the queues ---- */

static void sedf_leave_main(vcpu_t *v)
{
	struct sedf_pcpu ARENA *q = &v->processor->sedf;

	if (v->sedf.where == SEDF_RUN)
		rt_remove(&q->run, &v->sedf.main);
	else if (v->sedf.where == SEDF_WAIT)
		rt_remove(&q->wait, &v->sedf.main);
	v->sedf.where = SEDF_OUT;
}

/* Into run or wait, as its period says. */
NO_FRAME void sedf_enter_main(vcpu_t *v, s64 now)
{
	struct sedf_pcpu ARENA *q = &v->processor->sedf;

	if (v->sedf.slice_ns <= 0)
		return;
	v->sedf.main.level = 0;
	if (sedf_begin(v) > now) {
		v->sedf.where = SEDF_WAIT;
		v->sedf.main.key = sedf_begin(v);
		rt_insert(&q->wait, &v->sedf.main);
	} else {
		v->sedf.where = SEDF_RUN;
		v->sedf.main.key = v->sedf.deadline_ns;
		rt_insert(&q->run, &v->sedf.main);
	}
}

static void sedf_leave_penalty(vcpu_t *v)
{
	if (v->sedf.in_penalty)
		rt_remove(&v->processor->sedf.penalty, &v->sedf.penalty);
	v->sedf.in_penalty = 0;
}

static void sedf_leave_spare(vcpu_t *v)
{
	if (!v->sedf.in_spare)
		return;
	rt_remove(&v->processor->sedf.spare, &v->sedf.spare);
	v->sedf.in_spare = 0;
	v->sedf.spare_key = v->sedf.spare.key;
}

static void sedf_leave(vcpu_t *v)
{
	sedf_leave_main(v);
	sedf_leave_penalty(v);
	sedf_leave_spare(v);
}

/* Into all queues it belongs to and is not in. */
CORE_FN int sedf_enter(vcpu_t *v ARG, s64 now)
{
	struct sedf_pcpu ARENA *q = &v->processor->sedf;

	if (v->sedf.where == SEDF_OUT)
		sedf_enter_main(v, now);
	if (v->sedf.lost_ns > 0 && !v->sedf.in_penalty) {
		v->sedf.penalty.level = 0;
		/* Xen's score: who lost more of its bandwidth goes first. */
		v->sedf.penalty.key = (v->rt_params.period_ns << 10) / v->sedf.lost_ns;
		rt_insert(&q->penalty, &v->sedf.penalty);
		v->sedf.in_penalty = 1;
	}
	if (v->rt_params.extratime && !v->sedf.in_spare) {
		v->sedf.spare.level = 0;
		v->sedf.spare.key = v->sedf.spare_key > q->spare_now ? v->sedf.spare_key : q->spare_now;
		rt_insert(&q->spare, &v->sedf.spare);
		v->sedf.in_spare = 1;
	}
	return 0;
}

/* ---- accounting ---- */

/* By how much its key grows for @ran of spare time: more, the smaller its share. 9 years of the smallest fit. */
static s64 sedf_spare_cost(vcpu_t *v, s64 ran)
{
	s64 slice = v->rt_params.budget_ns;
	s64 inverse = slice > 0 ? (v->rt_params.period_ns << 10) / slice : (1LL << 25) / v->domain->weight;

	if (inverse > 1LL << 25)
		inverse = 1LL << 25;
	if (ran > 1LL << 37)
		ran = 1LL << 37;
	return ((ran * inverse) >> 20) + 1;
}

/* Charge who runs on p. */
CORE_FN int sedf_charge(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	vcpu_t *v = unit_on(p);
	s64 ran = cx->now - v->sedf.start_ns, key;

	if (v->is_idle || ran <= 0)
		return 0;
	v->sedf.start_ns = cx->now;
	switch (p->sedf.as) {
	case SEDF_SLICE:
		v->sedf.used_ns += ran;
		if (v->sedf.used_ns < v->sedf.slice_ns)
			break;
		sedf_leave_main(v);
		sedf_pay(v);
		break;
	case SEDF_PENALTY:
		v->sedf.lost_ns -= ran;
		if (v->sedf.lost_ns <= 0)
			sedf_leave_penalty(v);
		break;
	default:
		key = v->sedf.spare.key + sedf_spare_cost(v, ran);
		sedf_leave_spare(v);
		v->sedf.spare_key = key;
		break;
	}
	return 0;
}

/* ---- placement ---- */

static void sedf_set_home(host_t *h, vcpu_t *v, s32 home)
{
	pcpu_t *p;

	if (v->sedf.home >= 0) {
		p = pcpu_of(h, (u32)v->sedf.home);
		p->sedf.load -= v->sedf.load;
		p->sedf.nr--;
	}
	v->sedf.home = home;
	if (home < 0)
		return;
	p = pcpu_of(h, (u32)home);
	v->sedf.load = rt_load(v);
	p->sedf.load += v->sedf.load;
	p->sedf.nr++;
}

/* The pCPU with the least load, of those the one with the fewest vCPUs. */
CORE_FN s32 sedf_find(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;
	u32 n = pool->nr_cpus;
	s32 cpu = -1, best = -1;

	for (u32 i = ZERO; i < n && can_loop; i++) {
		pcpu_t *p, *b;

		cpu = mask_cycle_and(&pool->cpus, &v->hard, cpu, cx->host->mask_words);
		if (cpu < 0 || (u32)cpu >= cx->host->limits.pcpus)
			break;
		if (best < 0) {
			best = cpu;
			continue;
		}
		p = pcpu_of(cx->host, (u32)cpu);
		b = pcpu_of(cx->host, (u32)best);
		if (p->sedf.load < b->sedf.load || (p->sedf.load == b->sedf.load && p->sedf.nr < b->sedf.nr))
			best = cpu;
	}
	return best;
}

/* ---- the hooks ---- */

CORE_FN int sedf_pool_init(cpupool_t *pool ARG)
{
	(void)pool;
	return 0;
}

CORE_FN int sedf_pcpu_init(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	vcpu_t *v;

	unit_pcpu_init(cx, p);
	v = unit_on(p);
	rt_tree_init(&p->sedf.run);
	rt_tree_init(&p->sedf.wait);
	rt_tree_init(&p->sedf.penalty);
	rt_tree_init(&p->sedf.spare);
	p->sedf.spare_now = 0;
	p->sedf.load = 0;
	p->sedf.nr = 0;
	p->sedf.as = SEDF_SPARE;
	if (v->is_idle)
		return 0;
	/* A removal was undone before its vCPU had left: it is in no queue, and do_schedule sees to that. */
	v->sedf.where = SEDF_OUT;
	v->sedf.in_penalty = 0;
	v->sedf.in_spare = 0;
	v->sedf.start_ns = cx->now;
	v->sedf.home = -1;
	sedf_set_home(cx->host, v, (s32)p->id);
	return 0;
}

static void sedf_pcpu_deinit(sched_call_t *cx, pcpu_t *p)
{
	(void)cx;
	(void)p;
}

static bool sedf_params_valid(const struct rt_params ARENA *q)
{
	if (q->period_ns < RT_MIN_NS || q->period_ns > SEDF_MAX_PERIOD_NS || q->extratime > 1)
		return false;
	if (q->budget_ns ? q->budget_ns < SEDF_MIN_SLICE_NS || q->budget_ns > q->period_ns : !q->extratime)
		return false;
	return q->latency_ns >= 0 && q->latency_ns <= q->period_ns;
}

CORE_FN int sedf_vcpu_init(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	if (v->rt_given && sedf_params_valid(&v->rt_user)) {
		rt_copy_params(&v->rt_params, &v->rt_user);
	} else {
		v->rt_params.period_ns = SEDF_PERIOD_NS;
		v->rt_params.budget_ns = 0;
		v->rt_params.deadline_ns = 0;
		v->rt_params.phase_ns = -1;
		v->rt_params.latency_ns = 0;
		v->rt_params.priority = 0;
		v->rt_params.kind = RT_POOL;
		v->rt_params.extratime = 1;
		v->rt_params.when = RT_AT_BOUNDARY;
	}
	v->sedf.where = SEDF_OUT;
	v->sedf.in_penalty = 0;
	v->sedf.in_spare = 0;
	v->sedf.asleep = 1;
	v->sedf.home = -1;
	v->sedf.used_ns = 0;
	v->sedf.lost_ns = 0;
	v->sedf.spare_key = 0;
	v->sedf.start_ns = cx->now;
	v->sedf.slept_ns = -1;
	sedf_take(v, v->rt_params.period_ns);
	v->sedf.deadline_ns = cx->now; /* its first period begins when it wakes */
	return 0;
}

static void sedf_domain_init(sched_call_t *cx, domain_t *d)
{
	(void)cx;
	(void)d;
}

/* It stays where it may stay. Elsewhere its deadline would be no part of what that pCPU has promised: a new period. */
CORE_FN u32 sedf_pick_cpu(sched_call_t *cx ARG, vcpu_t *v ARG, bool commit)
{
	s32 cpu = v->sedf.home;

	(void)commit;
	if (unit_rides(v))
		return unit_cpu(cx, v);
	if (cpu >= 0 && mask_test(&v->domain->pool->cpus, (u32)cpu) && mask_test(&v->hard, (u32)cpu))
		return (u32)cpu;
	sedf_set_home(cx->host, v, -1);
	cpu = sedf_find(cx, v);
	if (cpu < 0)
		return v->processor->id;
	sedf_set_home(cx->host, v, cpu);
	v->sedf.deadline_ns = cx->now;
	v->sedf.slept_ns = -1;
	v->sedf.spare_key = 0;
	return (u32)cpu;
}

/* v came to its pCPU: does that have to decide anew, or earlier than it meant to? */
static void sedf_tickle(sched_call_t *cx, vcpu_t *v)
{
	pcpu_t *p = v->processor;
	vcpu_t *curr = unit_on(p);

	if (curr->is_idle || p->sedf.as != SEDF_SLICE ||
	    (v->sedf.where == SEDF_RUN && v->sedf.deadline_ns < curr->sedf.deadline_ns) ||
	    (v->sedf.where == SEDF_WAIT && sedf_begin(v) < p->timer_ns[TIMER_SLICE]))
		kick(cx, p);
}

CORE_FN int sedf_server_insert(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	v->processor = pcpu_of(cx->host, sedf_pick_cpu(cx, v, true));
	v->sedf.asleep = !unit_runnable(v);
	if (v->sedf.asleep || unit_running(v))
		return 0;
	v->sedf.deadline_ns = cx->now + v->sedf.period_ns;
	sedf_enter(v, cx->now);
	sedf_tickle(cx, v);
	return 0;
}

CORE_FN int sedf_server_remove(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	sedf_leave(v);
	sedf_set_home(cx->host, v, -1);
	return 0;
}

CORE_FN int sedf_server_sleep(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	if (unit_on(v->processor) == v) {
		kick(cx, v->processor);
		return 0;
	}
	if (v->sedf.asleep)
		return 0;
	v->sedf.asleep = 1;
	v->sedf.slept_ns = cx->now;
	sedf_leave(v);
	return 0;
}

/* After a long sleep: as soon as its latency says, with the slice that its bandwidth allows in that time. */
static void sedf_restart(vcpu_t *v, s64 now)
{
	s64 period = v->rt_params.period_ns, slice = v->rt_params.budget_ns, least;

	if (v->rt_params.latency_ns && slice > 0) {
		period = v->rt_params.latency_ns;
		/* Not so short that the slice isn't worth a switch. */
		least = (v->rt_params.period_ns / USEC + 1) * SEDF_MIN_SLICE_NS / (slice / USEC);
		if (period < least)
			period = least;
	}
	sedf_take(v, period);
	v->sedf.deadline_ns = now + v->sedf.period_ns;
	v->sedf.used_ns = 0;
}

CORE_FN int sedf_server_wake(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	s64 now = cx->now;

	if (unit_on(v->processor) == v || !v->sedf.asleep)
		return 0;
	v->sedf.asleep = 0;
	if (now >= v->sedf.deadline_ns) {
		sedf_restart(v, now);
	} else if (now >= sedf_begin(v) && now != v->sedf.slept_ns && v->sedf.slice_ns > 0) {
		/* It may have been charged beyond its slice when it left: then there is nothing to lose. */
		v->sedf.lost_ns = v->sedf.slice_ns - v->sedf.used_ns;
		v->sedf.used_ns = 0;
		sedf_next(v);
	}
	if (unit_running(v))
		return 0; /* context_saved queues it */
	sedf_enter(v, now);
	sedf_tickle(cx, v);
	return 0;
}

static void sedf_yield(sched_call_t *cx, vcpu_t *v)
{
	(void)cx;
	(void)v;
}

static bool sedf_yield_to(sched_call_t *cx, vcpu_t *v, vcpu_t *to)
{
	(void)cx;
	(void)v;
	(void)to;
	return false;
}

CORE_FN int sedf_server_context_saved(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	if (v->sedf.asleep || !unit_runnable(v) || unit_on(v->processor) == v)
		return 0;
	sedf_enter(v, cx->now);
	sedf_tickle(cx, v);
	return 0;
}

/* Periods that have begun; and those that ended before the slice was served, which can't be where it all fits. */
CORE_FN int sedf_update(pcpu_t *p ARG, s64 now)
{
	for (u32 i = ZERO; p->sedf.wait.first && i < SCHED_MAX_VCPUS && can_loop; i++) {
		vcpu_t *v = rt_node_of(p->sedf.wait.first, vcpu_t, sedf.main);

		if (v->sedf.main.key > now)
			break;
		sedf_leave_main(v);
		sedf_enter_main(v, now);
	}
	for (u32 i = ZERO; p->sedf.run.first && i < SCHED_MAX_VCPUS && can_loop; i++) {
		vcpu_t *v = rt_node_of(p->sedf.run.first, vcpu_t, sedf.main);

		if (v->sedf.deadline_ns > now)
			break;
		sedf_leave_main(v);
		sedf_take(v, 2 * v->sedf.period_ns);
		v->sedf.deadline_ns += ((now - v->sedf.deadline_ns) / v->sedf.period_ns + 1) * v->sedf.period_ns;
		v->sedf.used_ns = 0;
		sedf_enter_main(v, now);
	}
	return 0;
}

CORE_FN int sedf_choose(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	vcpu_t *prev = unit_on(p), *next = NULL;
	s64 now = cx->now, slice = -1, gap = -1;

	sedf_charge(cx, p);
	if (!prev->is_idle) {
		if (!unit_runnable(prev)) {
			if (!prev->sedf.asleep)
				prev->sedf.slept_ns = now;
			prev->sedf.asleep = 1;
			sedf_leave(prev);
		} else if (!prev->sedf.asleep) {
			sedf_enter(prev, now);
		}
	}
	if (!mask_test(&p->pool->cpus, p->id))
		return 0;
	sedf_update(p, now);
	if (p->sedf.wait.first)
		gap = p->sedf.wait.first->key - now;
	if (p->sedf.run.first) {
		next = rt_node_of(p->sedf.run.first, vcpu_t, sedf.main);
		p->sedf.as = SEDF_SLICE;
		slice = next->sedf.slice_ns - next->sedf.used_ns;
	} else if (p->sedf.penalty.first) {
		next = rt_node_of(p->sedf.penalty.first, vcpu_t, sedf.penalty);
		p->sedf.as = SEDF_PENALTY;
		slice = next->sedf.lost_ns;
	} else if (p->sedf.spare.first) {
		next = rt_node_of(p->sedf.spare.first, vcpu_t, sedf.spare);
		p->sedf.as = SEDF_SPARE;
		p->sedf.spare_now = next->sedf.spare.key;
		if (p->sedf.spare.nr > 1)
			slice = SEDF_QUANTUM_NS;
	}
	if (gap >= 0 && (slice < 0 || gap < slice))
		slice = gap;
	p->next_slice_ns = slice;
	if (!next)
		return 0;
	next->sedf.start_ns = now;
	next->trace_class = p->sedf.as == SEDF_SLICE ? TRACE_CLASS_NORMAL : TRACE_CLASS_WORST;
	p->next = next;
	return 0;
}

static void sedf_tick(sched_call_t *cx, pcpu_t *p)
{
	(void)cx;
	(void)p;
}

static void sedf_account(sched_call_t *cx, pcpu_t *p)
{
	(void)cx;
	(void)p;
}

static void sedf_adjust(sched_call_t *cx, domain_t *d, u32 weight, u32 cap)
{
	(void)cx;
	d->weight = weight;
	d->cap = cap;
}

static void sedf_affinity_set(sched_call_t *cx, vcpu_t *v)
{
	(void)cx;
	(void)v;
}

CORE_FN s32 sedf_adjust_vcpu(sched_call_t *cx ARG, vcpu_t *v ARG, const struct rt_params ARENA *params ARG)
{
	pcpu_t *p = v->processor;
	bool had = v->sedf.slice_ns > 0;

	if (!sedf_params_valid(params))
		return -SCHED_EINVAL;
	if (unit_on(p) == v)
		sedf_charge(cx, p);
	rt_copy_params(&v->rt_params, params);
	if (unit_rides(v))
		return 0; /* for the time after */
	if (!params->extratime)
		sedf_leave_spare(v);
	if (!params->budget_ns || !had) {
		/* A slice is given up, or had, at once. */
		sedf_leave_main(v);
		sedf_leave_penalty(v);
		v->sedf.lost_ns = 0;
		v->sedf.used_ns = 0;
		sedf_take(v, params->period_ns);
		v->sedf.deadline_ns = v->sedf.asleep ? cx->now : cx->now + v->sedf.period_ns;
	}
	if (v->pause_flags & VPF_down && v->sedf.asleep && !unit_running(v)) {
		/* Not up yet: its pCPU is chosen by what it will need. */
		sedf_take(v, params->period_ns);
		v->sedf.deadline_ns = cx->now;
		sedf_set_home(cx->host, v, -1);
		v->processor = pcpu_of(cx->host, sedf_pick_cpu(cx, v, true));
	} else if (v->sedf.home >= 0) {
		sedf_set_home(cx->host, v, v->sedf.home);
	}
	if (!v->sedf.asleep && (!unit_running(v) || unit_on(p) == v))
		sedf_enter(v, cx->now);
	kick(cx, v->processor);
	return 0;
}

/* ---- the hooks of vCPUs, which may be of a server's unit (unit.c) ---- */

static inline void sedf_insert_vcpu(sched_call_t *cx, vcpu_t *v)
{
	if (unit_joins(cx, v))
		return;
	sedf_server_insert(cx, v);
}

static inline void sedf_remove_vcpu(sched_call_t *cx, vcpu_t *v)
{
	if (unit_leaves(cx, v))
		return;
	sedf_server_remove(cx, v);
	unit_gone(cx, v);
}

static inline void sedf_sleep(sched_call_t *cx, vcpu_t *v)
{
	if (unit_sleeps(cx, v))
		sedf_server_sleep(cx, unit_of(v));
}

static inline void sedf_wake(sched_call_t *cx, vcpu_t *v)
{
	unit_woken(cx, v);
	if (unit_runnable(unit_of(v)))
		sedf_server_wake(cx, unit_of(v));
	unit_look(cx, v);
}

static inline void sedf_context_saved(sched_call_t *cx, vcpu_t *v)
{
	if (unit_was_saved(unit_of(v)))
		sedf_server_context_saved(cx, unit_of(v));
	unit_saved(cx, v);
}

static inline void sedf_do_schedule(sched_call_t *cx, pcpu_t *p)
{
	vcpu_t *left = unit_on(p);

	sedf_choose(cx, p);
	unit_choose(cx, p);
	left = unit_left(p, left);
	if (left) {
		sedf_server_context_saved(cx, left);
		unit_finish_move(cx, left);
	}
}

#define sedf_sdom_change unit_sdom_change
#define sedf_sdom_changed unit_sdom_changed
