/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Units: a server and whom it serves, under rtds, rtxen and sedf.
 *
 * There a vCPU is a server: it has a budget in every period. The vCPUs of an activation domain (sdom.c) have none that
 * counts; each *rides* in one of its scheduling domain's servers, and what it runs is paid from that one's budget. A
 * server and its riders are a *unit*, and a unit is on one pCPU at a time, as its server was: so what the analysis says
 * of the server, and what it promises to others, is as true as before, and the budget holds for the sum.
 *
 * The policy knows the server only. It asks unit_runnable() whether there is work, unit_on() for whom it chose last,
 * and is told that the server wakes or sleeps when the first or last of its unit does. Who of the unit runs is decided
 * here, once the policy has chosen (unit_choose): the one that has had the least, but who runs goes on for a quantum
 * more than that. Who wakes after a sleep has had no less than the others but for a quantum: it goes first, for as
 * long, and has saved up nothing. So a device model is served at once, and neither starves the other.
 *
 * Where a unit runs is its server's affinity; a rider's own says nothing until it is detached. The pool's lock is held
 * throughout. On a live host nothing rides, and all this is no code.
 *
 * For some microseconds the policy and the pCPU may disagree: a vCPU becomes a rider, or none, while it runs. pcpu.unit
 * is what the policy believes; the pCPU was kicked and schedules soon. unit_left() closes the gap: a unit that the
 * policy leaves, and of which nobody ran there, has no state to be saved.
 */
#ifdef ROTA_BPF

#define unit_sleeps(cx, v) true
#define unit_woken(cx, v) ((void)0)
#define unit_look(cx, v) ((void)0)
#define unit_was_saved(u) true
#define unit_saved(cx, v) ((void)0)
#define unit_choose(cx, p) ((void)0)
#define unit_left(p, left) ((vcpu_t *)NULL)
#define unit_pcpu_init(cx, p) ((void)0)
#define unit_gone(cx, v) ((void)0)
#define unit_joins(cx, v) false
#define unit_cpu(cx, v) ((v)->processor->id)
#define unit_leaves(cx, v) false
#define unit_moves_later(v) false
#define unit_resume(cx, v) ((void)0)
#define unit_sdom_change(cx, d) ((void)0)
#define unit_sdom_changed(cx, d) ((void)0)
#define unit_finish_move(cx, u) ((void)0)

#else

#define UNIT_QUANTUM_NS (1 * MSEC) /* Xen's rate limit: long enough for a cache, short against a period */

/* Who is in u's unit: u, then its riders. */
static inline vcpu_t *unit_next(vcpu_t *u, vcpu_t *m)
{
	link_t *l = m == u ? u->riders.next : m->rider_link.next;

	return l == &u->riders ? NULL : link_of(l, vcpu_t, rider_link);
}

/* While its server is on its way to another pCPU nobody of a unit runs. */
static bool unit_any_runnable(vcpu_t *u)
{
	if (u->pause_flags & VPF_migrating)
		return false;
	for (vcpu_t *m = u; m && can_loop; m = unit_next(u, m))
		if (vcpu_runnable(m))
			return true;
	return false;
}

static bool unit_any_running(vcpu_t *u)
{
	if (u->processor->unit == u)
		return true;
	for (vcpu_t *m = u; m && can_loop; m = unit_next(u, m))
		if (m->is_running)
			return true;
	return false;
}

/* What it has had, as compared with the others of its unit. */
static inline s64 unit_had(vcpu_t *m, s64 now)
{
	return vcpu_runstate_ns(m, RUNSTATE_running, now) - m->unit_base_ns;
}

static inline void unit_set_had(vcpu_t *m, s64 had, s64 now)
{
	m->unit_base_ns = vcpu_runstate_ns(m, RUNSTATE_running, now) - had;
}

/* The least that one of u's runnable has had; others than @but. TIME_NEVER: there is none. */
static s64 unit_least(vcpu_t *u, vcpu_t *but, s64 now)
{
	s64 least = TIME_NEVER;

	for (vcpu_t *m = u; m && can_loop; m = unit_next(u, m))
		if (m != but && vcpu_runnable(m) && unit_had(m, now) < least)
			least = unit_had(m, now);
	return least;
}

/* v can run again. */
static void unit_woken(sched_call_t *cx, vcpu_t *v)
{
	vcpu_t *u = unit_of(v);
	s64 least;

	if (!u->nr_riders || v->is_running)
		return;
	least = unit_least(u, v, cx->now);
	if (least != TIME_NEVER && unit_had(v, cx->now) < least - UNIT_QUANTUM_NS)
		unit_set_had(v, least - UNIT_QUANTUM_NS, cx->now);
}

/* Somebody of v's unit can run who could not: if its server is on a pCPU that one may go first there. */
static void unit_look(sched_call_t *cx, vcpu_t *v)
{
	vcpu_t *u = unit_of(v);

	if (u->nr_riders && u->processor->unit == u)
		kick(cx, u->processor);
}

/* v can't run any more. Does its server sleep by that? */
static bool unit_sleeps(sched_call_t *cx, vcpu_t *v)
{
	if (likely(!v->unit && !v->nr_riders))
		return true;
	if (v->processor->curr == v)
		kick(cx, v->processor);
	return !unit_runnable(unit_of(v));
}

/* Nobody of u is on a pCPU any more: its policy may have it elsewhere. */
static inline bool unit_was_saved(vcpu_t *u)
{
	return !unit_running(u);
}

/* After the policy was told, or not, that v's state is saved: it may be wanted where its server is. */
static void unit_saved(sched_call_t *cx, vcpu_t *v)
{
	vcpu_t *u = unit_of(v);
	pcpu_t *p = u->processor;

	if (unlikely(u != v && u->pause_flags & VPF_migrating))
		vcpu_move_finish(cx, u);
	else if (unlikely(u->nr_riders) && p->unit == u && unit_of(p->curr) != u)
		kick(cx, p);
}

/* The policy has chosen p->next: somebody of its unit runs, and for no longer than is fair. */
static void unit_choose(sched_call_t *cx, pcpu_t *p)
{
	vcpu_t *u = p->next, *best = NULL, *curr = p->curr;
	s64 now = cx->now, had, other;

	p->unit = u;
	if (likely(!u->nr_riders))
		return;
	for (vcpu_t *m = u; m && can_loop; m = unit_next(u, m)) {
		if (!vcpu_runnable(m) || (m->is_running && m != curr))
			continue;
		if (!best || unit_had(m, now) < unit_had(best, now))
			best = m;
	}
	if (!best) {
		p->next = p->idle; /* until the one that is wanted was saved elsewhere: unit_saved() */
		return;
	}
	if (best != curr && unit_of(curr) == u && vcpu_runnable(curr) && !curr->assist.yielded &&
	    unit_had(curr, now) < unit_had(best, now) + UNIT_QUANTUM_NS)
		best = curr;
	other = unit_least(u, best, now);
	had = unit_had(best, now);
	if (other != TIME_NEVER) {
		s64 slice = other + UNIT_QUANTUM_NS - had;

		if (slice < RT_MIN_NS)
			slice = RT_MIN_NS; /* who yields had more */
		if (p->next_slice_ns < 0 || slice < p->next_slice_ns)
			p->next_slice_ns = slice;
	}
	best->trace_class = u->trace_class;
	best->processor = p;
	p->next = best;
}

/* The unit that p's policy left just now, if nobody of it ran there: the policy is to be told at once. */
static inline vcpu_t *unit_left(pcpu_t *p, vcpu_t *left)
{
	if (likely(left == p->unit || left == p->curr || left->is_idle))
		return NULL;
	return unit_of(p->curr) != left && !unit_running(left) ? left : NULL;
}

static void unit_finish_move(sched_call_t *cx, vcpu_t *u)
{
	if (u->pause_flags & VPF_migrating)
		vcpu_move_finish(cx, u);
}

/* Its server may not go elsewhere while one of its unit is on a pCPU. */
static inline bool unit_moves_later(vcpu_t *v)
{
	return unlikely(v->nr_riders || v->processor->unit == v) && unit_any_running(v);
}

/* p joins the pool; or its removal is undone, and it serves whom it served. */
static inline void unit_pcpu_init(sched_call_t *cx, pcpu_t *p)
{
	if (cx->host->moving_cpu != (s32)p->id)
		p->unit = p->idle;
}

/* Where a rider goes: to its server, unless that is on its way off a pCPU itself. */
static u32 unit_cpu(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;
	u32 cpu = v->unit->processor->id;

	return mask_test(&pool->cpus, cpu) ? cpu : (u32)mask_cycle(&pool->cpus, (s32)cpu, cx->host->mask_words);
}

/* The policy has dropped v. */
static inline void unit_gone(sched_call_t *cx, vcpu_t *v)
{
	if (v->processor->unit != v)
		return;
	v->processor->unit = v->processor->idle;
	kick(cx, v->processor);
}

#endif
