/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reader/writer semaphores of a guest's kernel, as Linux has them from 3.16 to 5.2: mmap_sem, above all.
 *
 * A writer that finds it taken spins while the owner, a writer, runs (optimistic spinning; the spinners queue, and the
 * first takes it when it is free). What "runs" means the guest can tell only of its own tasks: an owner whose vCPU
 * waits for a pCPU still runs, and so its waiters spin for as long as that takes. A reader sleeps, and so does a writer
 * behind readers or behind an owner that sleeps or was switched out.
 *
 * Who leaves wakes the first sleeper, unless a writer spins, which takes it at once. Readers at the head are let in
 * together before they run: a woken reader whose vCPU waits keeps writers out.
 */
#include "sim/guest_os.h"

static bool is_free(const struct lock *l)
{
	return !l->owner && !l->readers;
}

bool rwsem_granted(const struct task *t, const struct lock *l)
{
	return is_free(l) && l->waiters.head == t;
}

/* Readers have it, or an owner that does not run: the first spinner goes, and takes those behind it along in turn. */
bool rwsem_gives_up(const struct task *t, const struct lock *l)
{
	return l->waiters.head == t && (l->readers || (l->owner && l->owner->state != TASK_CURRENT));
}

static void go_to_sleep(struct guest_cpu *c, struct lock *l)
{
	struct task *t = c->curr;

	task_push(&l->sleepers, t);
	t->retry_lock = true;
	t->pc--; /* it comes here again when it wakes */
	task_block(c);
}

/* The spinner at the head is one less: the next one looks. */
static void leave_spinners(struct lock *l)
{
	task_pop(&l->waiters);
	if (l->waiters.head)
		guest_poke(l->waiters.head->home);
}

void rwsem_take(struct guest_cpu *c, struct lock *l, int32_t lock)
{
	struct task *t = c->curr;
	bool spun = t->act == ACT_SPIN, waited = t->retry_lock || spun;

	t->lock = lock;
	if (spun) {
		bool mine = rwsem_granted(t, l);

		t->act = ACT_NEXT;
		leave_spinners(l);
		if (mine)
			lock_acquired(c, l, true);
		else
			go_to_sleep(c, l);
		return;
	}
	if (t->granted) {
		/* Counted when it was woken. */
		t->granted = t->retry_lock = false;
		l->readers--;
		lock_acquired(c, l, true);
		return;
	}
	t->retry_lock = false;
	if (t->reads ? !l->owner && (waited || !l->sleepers.head) : is_free(l) && !l->waiters.head) {
		lock_acquired(c, l, waited);
	} else if (!t->reads && !l->readers && (!l->owner || l->owner->state == TASK_CURRENT)) {
		task_push(&l->waiters, t);
		t->act = ACT_SPIN;
		t->need_ns = GUEST_FOREVER;
	} else {
		go_to_sleep(c, l);
	}
}

/* Nobody is in, and nobody spins: the first sleeper, or all readers before the first writer. */
static void wake_sleepers(struct guest_cpu *c, struct lock *l)
{
	do {
		struct task *t = task_pop(&l->sleepers);

		t->granted = t->reads;
		l->readers += t->granted;
		task_wake(c, t);
	} while (l->readers && l->sleepers.head && l->sleepers.head->reads);
}

void rwsem_give(struct guest_cpu *c, struct lock *l)
{
	if (l->owner == c->curr) {
		l->owner = NULL;
		histogram_add(&c->os->locks[l->scn->first].hold, c->os->now - l->taken_ns);
	} else {
		l->readers--;
	}
	if (!is_free(l))
		return;
	if (l->waiters.head)
		guest_poke(l->waiters.head->home);
	else if (l->sleepers.head)
		wake_sleepers(c, l);
}
