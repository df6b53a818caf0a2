/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The framework's middle: run states, wake, sleep, block, yield, the per-pCPU timers, and schedule() with its
 * context-saved protocol. Facts: framework 1.3 - 1.8.
 *
 * A vCPU that schedule() leaves stays `is_running` until the host has saved its state and called context_saved(): until
 * then no other pCPU may take it, though it may be queued. A migration that was wanted meanwhile is finished there.
 *
 * The bodies of what the live host calls in several places are CORE_FNs of their own, for the verifier's sake.
 */

static void runstate_set(sched_call_t *cx, vcpu_t *v, u32 runstate)
{
	u32 old = v->runstate;

	if (old == runstate)
		return;
	*AT(v->runstate_ns, old & 3) += cx->now - v->runstate_entry_ns;
	v->runstate_entry_ns = cx->now;
	v->runstate = (u8)runstate;
	if (tracing(cx) && !v->is_idle)
		record(cx, TRC_RUNSTATE_CHANGE | old << 8 | runstate << 4, v->domain->id << 16 | v->id, 0);
}

SCHED_API s64 vcpu_runstate_ns(vcpu_t *v, u32 state, s64 now)
{
	return *AT(v->runstate_ns, state & 3) + (v->runstate == state ? now - v->runstate_entry_ns : 0);
}

/* The vCPU may have lost a reason to run: if none is left it leaves its queue, or its pCPU at the next schedule(). */
CORE_FN int vcpu_sleep_locked(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	record_vcpu(cx, TRC_SLEEP, v);
	if (unlikely(vcpu_away(v))) {
		if (vcpu_wants_cpu(v))
			return 0;
		if (!v->assist.waits) {
			if (v->processor->curr == v)
				kick(cx, v->processor);
			else if (v->runstate == RUNSTATE_runnable)
				runstate_set(cx, v, RUNSTATE_offline); /* its turn is over, its state not yet saved */
			return 0;
		}
		turn_cancel(cx, v);
	}
	if (vcpu_runnable(v))
		return 0;
	if (v->runstate == RUNSTATE_runnable)
		runstate_set(cx, v, RUNSTATE_offline);
	hook_sleep(cx, v);
	return 0;
}

NO_FRAME void wake_locked(sched_call_t *cx, vcpu_t *v)
{
	record_vcpu(cx, TRC_WAKE, v);
	if (unlikely(vcpu_away(v))) {
		/* It goes home, and is woken there if it can run then. */
		if (v->processor->curr == v || v->runstate < RUNSTATE_blocked)
			return;
		if (vcpu_wants_cpu(v))
			runstate_set(cx, v, RUNSTATE_runnable);
		else if (!(v->pause_flags & VPF_blocked))
			runstate_set(cx, v, RUNSTATE_offline);
		return;
	}
	if (vcpu_runnable(v)) {
		if (v->runstate >= RUNSTATE_blocked)
			runstate_set(cx, v, RUNSTATE_runnable);
		if (unlikely(v->assist.settled) && micro_wake(cx, v))
			return;
		hook_wake(cx, v);
	} else if (!(v->pause_flags & VPF_blocked) && v->runstate == RUNSTATE_blocked) {
		runstate_set(cx, v, RUNSTATE_offline);
	}
}

/* The same, where it is not done at every wake-up. */
CORE_FN int vcpu_wake_locked(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	wake_locked(cx, v);
	return 0;
}

SCHED_API void vcpu_wake(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;

	cx->calls++;
	sched_lock(pool);
	vcpu_wake_locked(cx, v);
	sched_unlock(pool);
}

CORE_FN int unblock(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;

	if (!(v->pause_flags & VPF_blocked))
		return 0;
	cx->calls++;
	sched_lock(pool);
	v->pause_flags &= (u8)~VPF_blocked;
	wake_locked(cx, v);
	sched_unlock(pool);
	return 0;
}

SCHED_API void vcpu_unblock(sched_call_t *cx, vcpu_t *v)
{
	unblock(cx, v);
}

CORE_FN int block(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;

	cx->calls++;
	sched_lock(pool); /* other pCPUs write its flags too: accounting parks, a wake-up sends away whom it preempts */
	v->pause_flags |= VPF_blocked;
	record_vcpu(cx, TRC_BLOCK, v);
	if (likely(v->processor->curr == v)) {
		kick(cx, v->processor);
	} else {
		if (unlikely(v->assist.waits))
			turn_cancel(cx, v);
		if (v->runstate == RUNSTATE_runnable)
			runstate_set(cx, v, RUNSTATE_blocked);
		hook_sleep(cx, v);
	}
	sched_unlock(pool);
	return 0;
}

SCHED_API void vcpu_block(sched_call_t *cx, vcpu_t *v)
{
	block(cx, v);
}

SCHED_API void vcpu_yield(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;

	cx->calls++;
	sched_lock(pool);
	v->assist.yielded = 1;
	if (unlikely(vcpu_away(v)))
		turn_give_up(cx, v);
	else
		hook_yield(cx, v);
	sched_unlock(pool);
	record_vcpu(cx, TRC_YIELD, v);
	kick(cx, v->processor);
}

SCHED_API bool vcpu_yield_to(sched_call_t *cx, vcpu_t *v, vcpu_t *to)
{
	cpupool_t *pool = v->domain->pool;
	bool yes;

	if (to->domain->pool != pool || v->processor->curr != v || v == to || vcpu_away(v))
		return false;
	cx->calls++;
	sched_lock(pool);
	yes = hook_yield_to(cx, v, to);
	sched_unlock(pool);
	record4(cx, TRC_YIELD, pair(v->domain->id, v->id), pair(to->domain->id << 16 | to->id, yes));
	if (yes)
		kick(cx, v->processor);
	return yes;
}

/*
 * Timers that are due at the same instant run in Xen's order: accounting grants before the tick debits, and the slice
 * ends last, since it only raises the softirq that schedules after all timers.
 */
SCHED_FLAT void sched_timer(sched_call_t *cx)
{
	pcpu_t *p = pcpu_of(cx->host, cx->cpu);

	if (!p->pool)
		return;
	if (p->timer_ns[TIMER_ACCT] <= cx->now) {
		cx->calls++;
		hook_account(cx, p);
	}
	if (p->timer_ns[TIMER_TICK] <= cx->now) {
		cx->calls++;
		if (unlikely(vcpu_away(p->curr)))
			timer_set(cx, p, TIMER_TICK, TIME_NEVER); /* do_schedule starts it again */
		else
			hook_tick(cx, p);
	}
	if (unlikely(p->timer_ns[TIMER_MICRO] <= cx->now)) {
		cx->calls++;
		micro_look(cx, p);
	}
	if (p->timer_ns[TIMER_SLICE] <= cx->now) {
		cx->calls++;
		timer_set(cx, p, TIMER_SLICE, TIME_NEVER);
		kick(cx, p);
	}
}

/* The pCPU passes from prev to next: run states, accounted times, records. Lock held. */
NO_FRAME void switch_vcpus(sched_call_t *cx, pcpu_t *p, vcpu_t *prev, vcpu_t *next)
{
	if (tracing(cx)) {
		s64 waited = next->runstate == RUNSTATE_runnable ? cx->now - next->runstate_entry_ns : 0;

		record4(cx, TRC_SWITCH_INFPREV, pair(prev->domain->id, prev->id),
			pair((u32)(cx->now - prev->state_entry_ns), 0));
		record4(cx, TRC_SWITCH_INFNEXT, pair(next->domain->id, next->id),
			pair((u32)waited, (u32)p->next_slice_ns));
	}
	record4(cx, TRC_SWITCH, pair(prev->domain->id, prev->id), pair(next->domain->id, next->id));
	if (cx->nr_rec)
		AT(cx->rec, cx->nr_rec - 1)->aux = next->is_idle ? TRACE_CLASS_IDLE : next->trace_class;

	runstate_set(cx, prev,
		     prev->is_idle || vcpu_wants_cpu(prev) ? RUNSTATE_runnable :
		     prev->pause_flags & VPF_blocked	   ? RUNSTATE_blocked :
							     RUNSTATE_offline);
	prev->state_entry_ns = cx->now;
	runstate_set(cx, next, RUNSTATE_running);
	next->state_entry_ns = cx->now;
	next->is_running = 1;
	next->assist.irq_pending = 0;
	if (next->last_cpu != (s32)p->id) {
		next->migrations += next->last_cpu >= 0;
		next->last_cpu = (s32)p->id;
	}
	p->curr = next;
	p->prev = prev;
	p->switches++;
}

CORE_FN int choose(sched_call_t *cx ARG)
{
	pcpu_t *p = pcpu_of(cx->host, cx->cpu);
	cpupool_t *pool = p->pool;
	vcpu_t *prev = p->curr, *next;

	cx->calls++;
	p->resched = 0;
	p->schedules++;
	p->next = p->idle;
	p->next_slice_ns = -1;
	if (!pool) {
		if (prev != p->idle)
			switch_vcpus(cx, p, prev, p->idle);
		return 0;
	}
	sched_lock(pool);
	if (!(unlikely(turn_wanted(p)) && turn_schedule(cx, p)) && !(unlikely(grace_wanted(p)) && grace(cx, p))) {
		hook_do_schedule(cx, p);
		if (unlikely(p->next->assist.owed_ns) && p->next != prev)
			grace_pay(p, p->next);
	} else {
		hook_passed_over(cx, p);
	}
	next = p->next;
	next->assist.yielded = 0;
	timer_set(cx, p, TIMER_SLICE, p->next_slice_ns >= 0 ? cx->now + p->next_slice_ns : TIME_NEVER);
	if (next != prev)
		switch_vcpus(cx, p, prev, next);
	else if (tracing(cx))
		record4(cx, TRC_SWITCH_INFCONT, pair(prev->domain->id, prev->id),
			pair((u32)(cx->now - prev->state_entry_ns), (u32)p->next_slice_ns));
	sched_unlock(pool);
	return 0;
}

SCHED_API void schedule(sched_call_t *cx)
{
	choose(cx);
}

CORE_FN int finish_switch(sched_call_t *cx ARG)
{
	pcpu_t *p = pcpu_of(cx->host, cx->cpu);
	vcpu_t *prev = p->prev;
	cpupool_t *pool;

	if (!prev)
		return 0;
	p->prev = NULL;
	prev->is_running = 0;
	if (prev->is_idle)
		return 0;
	pool = prev->domain->pool;
	sched_lock(pool);
	hook_context_saved(cx, prev);
	if (unlikely(vcpu_away(prev)))
		turn_over(cx, prev);
	else if (unlikely(pool->assist.hidden) && pool->assist.hidden->assist.micro.on & MICRO_ON_PREEMPT)
		micro_preempted(cx, prev);
	if (prev->pause_flags & VPF_migrating)
		vcpu_move_finish(cx, prev);
	sched_unlock(pool);
	return 0;
}

SCHED_API void context_saved(sched_call_t *cx)
{
	finish_switch(cx);
}
