/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hooks of a policy are functions called NAME_HOOK, and every policy has them all. There are no function
 * pointers, which BPF lacks: the HOOK_ macros below make one switch over the list of schedulers for each hook. When
 * hooks are called, with which lock, and what they owe is Xen's contract:
 *
 *   hook            lock   when
 *   pool_init       -      the pool was created
 *   pcpu_init       held   a pCPU joins the pool (its idle vCPU is current, or who it ran before a removal was undone)
 *   pcpu_deinit     held   it leaves, and is no longer in the pool's set; its queue is emptied after this
 *   vcpu_init       -      a vCPU joins the pool (created, or its domain was moved here); it is not queued
 *   domain_init     -      likewise a domain
 *   insert_vcpu     held   after vcpu_init and placement: queue it if it can run
 *   remove_vcpu     held   it leaves the pool: drop it everywhere
 *   sleep           held   it can't run any more: take it off the queue, or kick its pCPU if it is current
 *   wake            held   it can run: queue it and tickle; harmless if it is queued or running already
 *   yield           held   note the wish; the framework kicks
 *   yield_to        held   queue another, waiting vCPU so that it runs next, for the rest of the slice; false: it can't
 *   context_saved   held   a vCPU left its pCPU and may run elsewhere now
 *   do_schedule     held   set pcpu->next, pcpu->next_slice_ns and next->trace_class
 *   pick_cpu        held   the pCPU of hard affinity and pool where a vCPU should go
 *   tick, account   -      timers of the pCPU
 *   adjust          held   domain->weight and ->cap are to become these
 *   affinity_set    held   the hard affinity changed
 *   affords         held   may v, which waits, have a turn before cur (NULL: before nobody), going by what it has
 *                          used? (only policies of TURN_SCHEDULERS have this and the next five, see assist.c)
 *   standing        held   the more, the more v is entitled to the pCPU it runs on
 *   turn_begin      held   v's turn on p begins: who runs there by the policy's choice leaves, to be first again if it
 *                          can run; v is debited from now on
 *   turn_end        held   v leaves p, where it had a turn, or which p's pool has lost: debit it
 *   turn_home       held   v, whose turn is over or has come to nothing, waits or sleeps on another pCPU than before it
 *   passed_over     held   instead of do_schedule: a turn or a grace decided who runs on p; whom p was kicked for
 *                          waits on
 *   sdom_change     held   a domain is about to be accounted to another one, or (NULL) to itself: drop it from the old
 *                          record; and sdom_changed: it is, enter it in the new one (policies of SDOM_SCHEDULERS)
 *   adjust_vcpu     held   a vCPU's real-time parameters are to be these; only policies of RT_SCHEDULERS have it
 */
#ifndef SCHED_HOOKS_H
#define SCHED_HOOKS_H

#include "sched/core.h"

/* One switch for each hook. The default is the idle scheduler, which has nothing to do but idle. */
#define HOOK(hook, params, pool_expr) \
	NO_FRAME void hook_##hook params \
	{ \
		switch ((pool_expr)->sched) { \
			SCHEDULERS(HOOK_CASE_##hook) \
		default: \
			break; \
		} \
	}

#define HOOK_CASE_pool_init(name, id, full) \
	case id: \
		name##_pool_init(pool); \
		break;
#define HOOK_CASE_pcpu_init(name, id, full) \
	case id: \
		name##_pcpu_init(cx, p); \
		break;
#define HOOK_CASE_pcpu_deinit(name, id, full) \
	case id: \
		name##_pcpu_deinit(cx, p); \
		break;
#define HOOK_CASE_vcpu_init(name, id, full) \
	case id: \
		name##_vcpu_init(cx, v); \
		break;
#define HOOK_CASE_domain_init(name, id, full) \
	case id: \
		name##_domain_init(cx, d); \
		break;
#define HOOK_CASE_insert_vcpu(name, id, full) \
	case id: \
		name##_insert_vcpu(cx, v); \
		break;
#define HOOK_CASE_remove_vcpu(name, id, full) \
	case id: \
		name##_remove_vcpu(cx, v); \
		break;
#define HOOK_CASE_sleep(name, id, full) \
	case id: \
		name##_sleep(cx, v); \
		break;
#define HOOK_CASE_wake(name, id, full) \
	case id: \
		name##_wake(cx, v); \
		break;
#define HOOK_CASE_yield(name, id, full) \
	case id: \
		name##_yield(cx, v); \
		break;
#define HOOK_CASE_context_saved(name, id, full) \
	case id: \
		name##_context_saved(cx, v); \
		break;
#define HOOK_CASE_do_schedule(name, id, full) \
	case id: \
		name##_do_schedule(cx, p); \
		break;
#define HOOK_CASE_tick(name, id, full) \
	case id: \
		name##_tick(cx, p); \
		break;
#define HOOK_CASE_account(name, id, full) \
	case id: \
		name##_account(cx, p); \
		break;
#define HOOK_CASE_adjust(name, id, full) \
	case id: \
		name##_adjust(cx, d, weight, cap); \
		break;
#define HOOK_CASE_affinity_set(name, id, full) \
	case id: \
		name##_affinity_set(cx, v); \
		break;

HOOK(pool_init, (cpupool_t * pool), pool)
HOOK(pcpu_init, (sched_call_t * cx, pcpu_t *p), p->pool)
HOOK(pcpu_deinit, (sched_call_t * cx, pcpu_t *p), p->pool)
HOOK(vcpu_init, (sched_call_t * cx, vcpu_t *v), v->domain->pool)
HOOK(domain_init, (sched_call_t * cx, domain_t *d), d->pool)
HOOK(insert_vcpu, (sched_call_t * cx, vcpu_t *v), v->domain->pool)
HOOK(remove_vcpu, (sched_call_t * cx, vcpu_t *v), v->domain->pool)
HOOK(sleep, (sched_call_t * cx, vcpu_t *v), v->domain->pool)
HOOK(wake, (sched_call_t * cx, vcpu_t *v), v->domain->pool)
HOOK(yield, (sched_call_t * cx, vcpu_t *v), v->domain->pool)
HOOK(context_saved, (sched_call_t * cx, vcpu_t *v), v->domain->pool)
HOOK(do_schedule, (sched_call_t * cx, pcpu_t *p), p->pool)
HOOK(tick, (sched_call_t * cx, pcpu_t *p), p->pool)
HOOK(account, (sched_call_t * cx, pcpu_t *p), p->pool)
HOOK(adjust, (sched_call_t * cx, domain_t *d, u32 weight, u32 cap), d->pool)
HOOK(affinity_set, (sched_call_t * cx, vcpu_t *v), v->domain->pool)

#define HOOK_CASE_pick_cpu(name, id, full) \
	case id: \
		return name##_pick_cpu(cx, v, true);

NO_FRAME u32 hook_pick_cpu(sched_call_t *cx, vcpu_t *v)
{
	switch (v->domain->pool->sched) {
		SCHEDULERS(HOOK_CASE_pick_cpu)
	default:
		return v->processor->id;
	}
}

#define HOOK_CASE_yield_to(name, id, full) \
	case id: \
		return name##_yield_to(cx, v, to);

NO_FRAME bool hook_yield_to(sched_call_t *cx, vcpu_t *v, vcpu_t *to)
{
	switch (v->domain->pool->sched) {
		SCHEDULERS(HOOK_CASE_yield_to)
	default:
		return false;
	}
}

#define HOOK_CASE_affords(name, id, full) \
	case id: \
		return name##_affords(v, cur);
#define HOOK_CASE_standing(name, id, full) \
	case id: \
		return name##_standing(v);
#define HOOK_CASE_turn_begin(name, id, full) \
	case id: \
		name##_turn_begin(cx, p, v); \
		break;
#define HOOK_CASE_turn_end(name, id, full) \
	case id: \
		name##_turn_end(cx, p, v); \
		break;

#define HOOK_CASE_turn_home(name, id, full) \
	case id: \
		name##_turn_home(cx, v); \
		break;

#define HOOK_CASE_passed_over(name, id, full) \
	case id: \
		name##_passed_over(cx, p); \
		break;

NO_FRAME bool hook_affords(vcpu_t *v, vcpu_t *cur)
{
	switch (v->domain->pool->sched) {
		TURN_SCHEDULERS(HOOK_CASE_affords)
	default:
		return false;
	}
}

NO_FRAME s64 hook_standing(vcpu_t *v)
{
	switch (v->domain->pool->sched) {
		TURN_SCHEDULERS(HOOK_CASE_standing)
	default:
		return 0;
	}
}

NO_FRAME void hook_turn_begin(sched_call_t *cx, pcpu_t *p, vcpu_t *v)
{
	switch (p->pool->sched) {
		TURN_SCHEDULERS(HOOK_CASE_turn_begin)
	default:
		break;
	}
}

NO_FRAME void hook_turn_end(sched_call_t *cx, pcpu_t *p, vcpu_t *v)
{
	switch (p->pool->sched) {
		TURN_SCHEDULERS(HOOK_CASE_turn_end)
	default:
		break;
	}
}

NO_FRAME void hook_passed_over(sched_call_t *cx, pcpu_t *p)
{
	switch (p->pool->sched) {
		TURN_SCHEDULERS(HOOK_CASE_passed_over)
	default:
		break;
	}
}

NO_FRAME void hook_turn_home(sched_call_t *cx, vcpu_t *v)
{
	switch (v->domain->pool->sched) {
		TURN_SCHEDULERS(HOOK_CASE_turn_home)
	default:
		break;
	}
}

#define HOOK_CASE_sdom_change(name, id, full) \
	case id: \
		name##_sdom_change(cx, d); \
		break;
#define HOOK_CASE_sdom_changed(name, id, full) \
	case id: \
		name##_sdom_changed(cx, d); \
		break;

NO_FRAME void hook_sdom_change(sched_call_t *cx, domain_t *d)
{
	switch (d->pool->sched) {
		SDOM_SCHEDULERS(HOOK_CASE_sdom_change)
	default:
		break;
	}
}

NO_FRAME void hook_sdom_changed(sched_call_t *cx, domain_t *d)
{
	switch (d->pool->sched) {
		SDOM_SCHEDULERS(HOOK_CASE_sdom_changed)
	default:
		break;
	}
}

#define HOOK_CASE_adjust_vcpu(name, id, full) \
	case id: \
		return name##_adjust_vcpu(cx, v, params);

NO_FRAME s32 hook_adjust_vcpu(sched_call_t *cx, vcpu_t *v, const struct rt_params ARENA *params)
{
	switch (v->domain->pool->sched) {
		RT_SCHEDULERS(HOOK_CASE_adjust_vcpu)
	default:
		return -SCHED_EINVAL;
	}
}

#endif
