/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the core: what its files share and no host needs.
 * Effects, records, and the functions that the framework's files and the policies use of each other.
 */
#ifndef SCHED_CORE_H
#define SCHED_CORE_H

#include "sched/sched.h"

static inline bool vcpu_runnable(vcpu_t *v)
{
	return !(v->pause_flags | v->pause_count | v->domain->pause_count);
}

/* It has a turn, or waits for one. */
static inline bool vcpu_away(vcpu_t *v)
{
	return v->pause_flags & VPF_away;
}

/* It could run, if only somebody ran it: what vcpu_runnable() is to a policy. */
static inline bool vcpu_wants_cpu(vcpu_t *v)
{
	return !((v->pause_flags & (u8)~VPF_away) | v->pause_count | v->domain->pause_count);
}

static inline pcpu_t *pcpu_of(host_t *h, u32 cpu)
{
	return AT(h->pcpus, cpu);
}

/*
 * sdom.c: whose record a domain's time is charged to; the domains accounted to d, d first, as in
 * `for (a = d; a; a = sdom_next(d, a))`; is any besides d accounted with it?
 */
static inline domain_t *sdom_of(domain_t *d)
{
	return unlikely(d->sdom) ? d->sdom : d;
}

static inline domain_t *sdom_next(domain_t *d, domain_t *a)
{
	link_t *l = a == d ? d->adoms.next : a->adom_link.next;

	return l == &d->adoms ? NULL : link_of(l, domain_t, adom_link);
}

static inline bool sdom_shared(domain_t *d)
{
	return unlikely(d->sdom || d->adoms.next != &d->adoms);
}

/*
 * unit.c: in whose server a vCPU runs; whom the scheduler of servers chose for p; can any of a unit run; is one of it
 * on a pCPU, or does its scheduler think so?
 */
#ifdef ROTA_BPF
#define unit_of(v) (v)
#define unit_on(p) ((p)->curr)
#define unit_runnable(v) vcpu_runnable(v)
#define unit_running(v) ((v)->is_running)
#define unit_rides(v) false
#else
static inline vcpu_t *unit_of(vcpu_t *v)
{
	return unlikely(v->unit) ? v->unit : v;
}

static inline vcpu_t *unit_on(pcpu_t *p)
{
	return p->unit;
}

static inline bool unit_rides(vcpu_t *v)
{
	return unlikely(v->unit);
}

static bool unit_any_runnable(vcpu_t *u);
static bool unit_any_running(vcpu_t *u);

static inline bool unit_runnable(vcpu_t *v)
{
	return likely(!v->nr_riders) ? vcpu_runnable(v) : unit_any_runnable(v);
}

static inline bool unit_running(vcpu_t *v)
{
	return v->is_running || v->processor->unit == v || (unlikely(v->nr_riders) && unit_any_running(v));
}
#endif

/* ---- effects ---- */

/* Ask for schedule() on a pCPU: Xen's raising of the SCHEDULE softirq there. */
static inline void kick(sched_call_t *cx, pcpu_t *p)
{
	if (p->resched)
		return;
	p->resched = 1;
	mask_set(&cx->kick, p->id);
	cx->kick_words |= 1ULL << (p->id / 64);
}

static inline void timer_set(sched_call_t *cx, pcpu_t *p, u32 timer, s64 at_ns)
{
	s64 first;

	if (p->timer_ns[timer] == at_ns)
		return;
	p->timer_ns[timer] = at_ns;
	first = p->timer_ns[TIMER_TICK] < p->timer_ns[TIMER_ACCT] ? p->timer_ns[TIMER_TICK] : p->timer_ns[TIMER_ACCT];
	if (p->timer_ns[TIMER_SLICE] < first)
		first = p->timer_ns[TIMER_SLICE];
	if (p->timer_ns[TIMER_MICRO] < first)
		first = p->timer_ns[TIMER_MICRO];
	if (first == p->deadline_ns)
		return;
	p->deadline_ns = first;
	mask_set(&cx->rearm, p->id);
	cx->rearm_words |= 1ULL << (p->id / 64);
}

static inline void record4(sched_call_t *cx, u32 event, u64 d01, u64 d23)
{
	trace_rec_t *r;

	if (unlikely(cx->nr_rec >= cx->max_rec)) {
		cx->lost_rec++;
		return;
	}
	r = AT(cx->rec, cx->nr_rec++);
	r->time_ns = cx->now;
	r->event = event;
	r->cpu = (u16)cx->cpu;
	r->aux = 0;
	r->d[0] = (u32)(d01 >> 32);
	r->d[1] = (u32)d01;
	r->d[2] = (u32)(d23 >> 32);
	r->d[3] = (u32)d23;
}

static inline u64 pair(u32 a, u32 b)
{
	return (u64)a << 32 | b;
}

static inline void record(sched_call_t *cx, u32 event, u32 d0, u32 d1)
{
	record4(cx, event, pair(d0, d1), 0);
}

static inline void record_vcpu(sched_call_t *cx, u32 event, vcpu_t *v)
{
	record4(cx, event, pair(v->domain->id, v->id), 0);
}

static inline bool tracing(sched_call_t *cx)
{
	return unlikely(cx->host->trace_level >= TRACE_FULL);
}

/* ---- real-time parameters ---- */

static inline void rt_copy_params(struct rt_params ARENA *to, const struct rt_params ARENA *from)
{
	to->period_ns = from->period_ns;
	to->budget_ns = from->budget_ns;
	to->deadline_ns = from->deadline_ns;
	to->phase_ns = from->phase_ns;
	to->latency_ns = from->latency_ns;
	to->priority = from->priority;
	to->kind = from->kind;
	to->extratime = from->extratime;
	to->when = from->when;
}

/* ---- shared by the core's files ---- */

/* schedule.c */
static void runstate_set(sched_call_t *cx, vcpu_t *v, u32 runstate);
CORE_FN int vcpu_sleep_locked(sched_call_t *cx ARG, vcpu_t *v ARG);
CORE_FN int vcpu_wake_locked(sched_call_t *cx ARG, vcpu_t *v ARG);
/* assist.c */
CORE_FN int turn_cancel(sched_call_t *cx ARG, vcpu_t *v ARG);
/* micropool.c */
NO_FRAME void micro_look(sched_call_t *cx, pcpu_t *p);
/* sdom.c */
#ifndef ROTA_BPF
static bool unit_joins(sched_call_t *cx, vcpu_t *v);
static bool unit_leaves(sched_call_t *cx, vcpu_t *v);
static void unit_resume(sched_call_t *cx, vcpu_t *u);
static void unit_sdom_change(sched_call_t *cx, domain_t *d);
static void unit_sdom_changed(sched_call_t *cx, domain_t *d);
#endif
/* cpupool.c */
static void pool_count_cpu(cpupool_t *pool, u32 cpu, bool joins);
NO_FRAME u32 evacuate(sched_call_t *cx, cpupool_t *pool, pcpu_t *p);
/* affinity.c */
NO_FRAME void vcpu_move_start(sched_call_t *cx, vcpu_t *v);
NO_FRAME void vcpu_move_finish(sched_call_t *cx, vcpu_t *v);
CORE_FN int soft_effective_update(host_t *h ARG, vcpu_t *v ARG);

#endif
