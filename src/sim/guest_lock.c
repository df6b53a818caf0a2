/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks and barriers of a guest's kernel.
 *
 * Ticket lock: who unlocks serves the next ticket, whether its vCPU runs or not. A preempted owner keeps all waiting
 * (lock-holder preemption); a preempted next waiter does too, though nobody is inside (lock-waiter preemption).
 *
 * PV queued spinlock: the head of the queue takes the lock when it finds it free. A waiter that has spun for long
 * halts, and the owner kicks the head if that halts. A newcomer takes a free lock past the queue, unless its head is
 * awake and about to take it: that is how a lock whose next waiter is away stays in use.
 *
 * Unfair spinlock (Linux from 4.2 on under a hypervisor, without paravirtual ones): no queue. Who sees it free takes
 * it, so that a waiter that does not run keeps nobody waiting. Of those that see it at the same instant, whoever is
 * stepped first.
 *
 * Mutex: waiters sleep. Unlocking wakes the first; whoever comes first takes it, and a woken waiter that finds it taken
 * waits at the head again.
 *
 * Reader/writer semaphores are in guest_rwsem.c.
 */
#include "sim/guest_os.h"

static bool is_mutex(const struct lock *l)
{
	return l->scn->kind == LOCK_MUTEX;
}

static bool is_spinlock(const struct lock *l)
{
	return l->scn->kind < LOCK_MUTEX;
}

/* The task is in. Whether it had to wait was noted in wait_since_ns. */
void lock_acquired(struct guest_cpu *c, struct lock *l, bool waited)
{
	struct task *t = c->curr;
	struct guest_os *os = c->os;
	struct lock *stats = &os->locks[l->scn->first];
	int64_t wait = os->now - t->wait_since_ns;

	if (t->reads)
		l->readers++;
	else
		l->owner = t;
	l->taken_ns = os->now;
	stats->acquired++;
	t->act = ACT_NEXT;
	if (is_spinlock(l)) {
		t->spinlocks++;
		t->place = (uint8_t)l->scn->place;
		os->stats.acquired++;
	} else {
		t->semaphores++;
	}
	if (!waited)
		return;
	stats->contended++;
	histogram_add(&stats->wait, wait);
	if (is_spinlock(l))
		histogram_add(&os->stats.lock_wait, wait);
}

/* The head of a pv lock's queue sleeps: newcomers may pass. */
static bool may_steal(const struct lock *l)
{
	return l->scn->kind == LOCK_UNFAIR || !l->waiters.head || l->waiters.head->home->lock_halted;
}

void lock_take(struct guest_cpu *c, int32_t lock)
{
	const struct program_lock *scn = &c->os->program->locks[lock];
	struct task *t = c->curr;
	struct lock *l;

	if (!t->retry_lock) {
		t->wait_since_ns = c->os->now;
		t->copy[lock] = 0;
		if (scn->copies > 1)
			t->copy[lock] = (uint16_t)(random_u64(&t->rng) % (uint64_t)scn->copies);
	}
	lock = scn->first + t->copy[lock];
	l = &c->os->locks[lock];
	if (scn->kind == LOCK_RWSEM) {
		rwsem_take(c, l, lock);
		return;
	}
	if (!l->owner && (is_mutex(l) || may_steal(l))) {
		lock_acquired(c, l, t->retry_lock);
		t->retry_lock = false;
		return;
	}
	t->lock = lock;
	if (is_mutex(l)) {
		if (t->retry_lock)
			task_push_head(&l->waiters, t);
		else
			task_push(&l->waiters, t);
		t->retry_lock = true;
		t->pc--; /* it comes here again when it wakes */
		task_block(c);
		return;
	}
	task_push(&l->waiters, t);
	t->act = ACT_SPIN;
	t->need_ns = l->scn->kind == LOCK_PV ? l->scn->spin_ns : GUEST_FOREVER;
}

bool lock_granted(const struct task *t, const struct guest_os *os)
{
	const struct lock *l = &os->locks[t->lock];

	if (l->scn->kind == LOCK_RWSEM)
		return rwsem_granted(t, l) || rwsem_gives_up(t, l);
	if (l->scn->kind == LOCK_TICKET)
		return l->owner == t;
	return !l->owner && (l->scn->kind == LOCK_UNFAIR || l->waiters.head == t);
}

void lock_enter(struct guest_cpu *c)
{
	struct lock *l = &c->os->locks[c->curr->lock];

	if (l->scn->kind == LOCK_RWSEM) {
		rwsem_take(c, l, c->curr->lock);
		return;
	}
	if (l->scn->kind == LOCK_PV)
		task_pop(&l->waiters);
	else if (l->scn->kind == LOCK_UNFAIR)
		task_unlink(&l->waiters, c->curr);
	lock_acquired(c, l, true);
}

/* The head of a pv lock's queue learns that the lock is free. */
static void kick(struct guest_cpu *c, struct guest_cpu *to)
{
	if (to->lock_halted && to->guest->asleep) {
		c->os->stats.kicks++;
		c->kicking = true;
		guest_charge(c, c->os->vm_exit_ns); /* a hypercall */
	}
	guest_poke(to);
}

void lock_give(struct guest_cpu *c, int32_t lock)
{
	const struct program_lock *scn = &c->os->program->locks[lock];
	struct lock *l = &c->os->locks[scn->first + c->curr->copy[lock]];

	if (!is_spinlock(l))
		c->curr->semaphores--;
	if (l->scn->kind == LOCK_RWSEM) {
		rwsem_give(c, l);
		return;
	}
	histogram_add(&c->os->locks[scn->first].hold, c->os->now - l->taken_ns);
	l->owner = NULL;
	if (is_spinlock(l))
		c->curr->spinlocks--;
	if (!l->waiters.head)
		return;
	if (is_mutex(l)) {
		task_wake(c, task_pop(&l->waiters));
	} else if (l->scn->kind == LOCK_UNFAIR) {
		for (const struct task *t = l->waiters.head; t; t = t->next)
			guest_poke(t->home);
	} else if (l->scn->kind == LOCK_PV) {
		kick(c, l->waiters.head->home);
	} else {
		l->owner = task_pop(&l->waiters);
		guest_poke(l->owner->home);
	}
}

static void release(struct guest_cpu *c, struct barrier *b)
{
	b->come = 0;
	while (b->waiters.head)
		task_wake(c, task_pop(&b->waiters));
}

void barrier_come(struct guest_cpu *c, int32_t barrier)
{
	struct barrier *b = &c->os->barriers[barrier];

	if (++b->come >= b->parties) {
		release(c, b);
		return;
	}
	task_push(&b->waiters, c->curr);
	task_block(c);
}

void barrier_leave(struct guest_cpu *c, uint32_t barrier)
{
	struct barrier *b = &c->os->barriers[barrier];

	b->parties--;
	if (b->come && b->come >= b->parties)
		release(c, b);
}
