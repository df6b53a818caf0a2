/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's scheduler: one queue of tasks for each vCPU, round robin. A task stays on its vCPU.
 *
 * A task that wakes goes to the tail of its queue; if the current one has had its vCPU for `granularity` already, it
 * takes its place at once, and the other continues after it with what is left of its turn. On another vCPU that takes
 * a reschedule IPI, as does waking a vCPU that idles. A task with a spinlock in hand, or in a spin loop, is not
 * preempted.
 */
#include "sim/guest_os.h"

bool task_preemptible(const struct guest_cpu *c)
{
	return !c->curr->spinlocks && !c->curr->masked && c->curr->act <= ACT_COMPUTE;
}

bool guest_wants_switch(const struct guest_cpu *c)
{
	if (c->os->rt)
		return rt_wants_switch(c);
	return c->queue->head && task_preemptible(c) && (c->preempt || c->curr->slice_ns <= 0);
}

/* To the next task of the queue, which is not empty. */
void guest_switch(struct guest_cpu *c)
{
	struct task *prev = c->curr, *next;

	if (c->os->rt) {
		rt_switch(c);
		return;
	}
	next = task_pop(c->queue);
	c->preempt = false;
	if (prev) {
		prev->state = TASK_QUEUED;
		if (prev->slice_ns > 0) {
			task_push_head(c->queue, prev);
		} else {
			prev->slice_ns = c->os->program->slice_ns;
			task_push(c->queue, prev);
		}
	}
	next->state = TASK_CURRENT;
	c->curr = next;
	c->space = next->space; /* again, if an idle vCPU had given it up */
	if (next == c->last)
		return;
	c->last = next;
	c->switch_ns = c->os->program->switch_ns;
	c->os->stats.switches++;
}

void task_block(struct guest_cpu *c)
{
	c->curr->state = TASK_BLOCKED;
	c->curr->act = ACT_NEXT;
	c->curr = NULL;
}

/* The current task of @c has had its vCPU for long enough to be preempted by one that wakes. */
static bool had_enough(struct guest_cpu *c)
{
	const struct program *p = c->os->program;

	if (c->guest->running)
		guest_account(c);
	return p->slice_ns - c->curr->slice_ns >= p->granularity_ns;
}

void task_wake(struct guest_cpu *from, struct task *t)
{
	struct guest_cpu *to = t->home;
	bool idle = !to->curr && !to->queue->head;

	if (to->os->rt) {
		rt_wake(from, t);
		return;
	}
	t->state = TASK_QUEUED;
	t->slice_ns = to->os->program->slice_ns;
	if (to->curr && had_enough(to)) {
		task_push_head(to->queue, t);
		to->preempt = true;
	} else {
		task_push(to->queue, t);
	}
	if (from == to)
		return;
	if (idle || to->preempt)
		ipi_reschedule(from, to);
	else
		guest_poke(to); /* its timer tick ends the current one's turn from now on */
}
