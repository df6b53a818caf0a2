/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's scheduler of `model: tasks`: periodic tasks with deadlines, under fixed priorities, RM, DM or EDF, on the
 * vCPU that each belongs to or on all of them (global).
 *
 * A task's job is its program, once. The next is released one period after the one before, by the clock: at once when
 * the job before it ends late. `key` orders jobs: what is smaller goes first, and who runs goes before who waits.
 *
 * Global: one queue for all vCPUs. A released job goes to a vCPU that idles, else to the one whose job is the last in
 * order. The guest can't know which of its vCPUs have a pCPU: a job that was begun on a vCPU waits with it, whoever
 * else idles, because its registers are there; one that was not begun is taken by the first vCPU that is free. That is
 * less than what the analysis of multiprocessor supplies counts on (docs/rt-experiments.md).
 *
 * A release is the interrupt of a timer. Global guests arm it on every vCPU: the first that runs takes it.
 */
#include "sim/guest_os.h"

#include <stdlib.h>

static bool goes_before(const struct task *a, const struct task *b)
{
	return a->key < b->key;
}

/* In order; @first: before its equals, because it ran already. */
static void enqueue(struct task_queue *q, struct task *t, bool first)
{
	struct task **at = &q->head, *before = NULL;

	while (*at && (first ? goes_before(*at, t) : !goes_before(t, *at))) {
		before = *at;
		at = &before->next;
	}
	t->next = *at;
	*at = t;
	if (!t->next)
		q->tail = t;
}

static void set_job(struct task *t, int64_t release, enum guest_rule rule)
{
	const struct program_tasks *e = t->entry;

	t->release_ns = release;
	t->key = rule == RULE_EDF ? release + e->deadline_ns :
		 rule == RULE_RM  ? e->period_ns :
		 rule == RULE_DM  ? e->deadline_ns :
				    e->priority;
}

bool rt_wants_switch(const struct guest_cpu *c)
{
	const struct task *t = c->curr;

	/* What is done is done: only its end has not been looked at. */
	if (t->act == ACT_COMPUTE && t->need_ns <= 0)
		return false;
	return c->preempt && c->queue->head && goes_before(c->queue->head, t) && task_preemptible(c);
}

static void preempt(struct guest_cpu *from, struct guest_cpu *to)
{
	bool told = to->preempt;

	to->preempt = true;
	if (to != from && !told)
		ipi_reschedule(from, to);
}

/* Of the vCPUs that keep their jobs the one whose job is the last in order; at equal keys @here. */
static struct guest_cpu *last_in_order(struct guest_os *os, struct guest_cpu *here)
{
	struct guest_cpu *last = NULL;

	for (uint32_t i = 0; i < os->nr_cpus; i++) {
		struct guest_cpu *c = &os->cpus[i];

		if (!c->curr || c->leaves)
			continue;
		if (!last || goes_before(last->curr, c->curr) || (c == here && !goes_before(c->curr, last->curr)))
			last = c;
	}
	return last;
}

/* A halted vCPU, @home if it is; NULL: none. Its `asleep` ends when it is told. */
static struct guest_cpu *halted_vcpu(struct guest_os *os, const struct guest_cpu *home)
{
	struct guest_cpu *halted = NULL;

	for (uint32_t i = 0; i < os->nr_cpus; i++) {
		struct guest_cpu *c = &os->cpus[i];

		if (!c->curr && c->guest->asleep && (!halted || c == home))
			halted = c;
	}
	return halted;
}

/*
 * Global: vCPU @from sees to it that the queued jobs that should run will. Those vCPUs that have no job and are awake
 * take the first of the queue when they get so far; for the jobs behind, halted ones are woken, then those with jobs
 * that are later in order are told to change. Who was told before and need not any more, goes on.
 */
static void deal_out(struct guest_cpu *from)
{
	struct guest_os *os = from->os;
	struct task *t = from->queue->head;
	uint32_t free = 0;

	for (uint32_t i = 0; i < os->nr_cpus; i++) {
		free += !os->cpus[i].curr && !os->cpus[i].guest->asleep;
		os->cpus[i].leaves = false;
	}
	for (; t && free; t = t->next)
		free--;
	for (; t; t = t->next) {
		struct guest_cpu *to = halted_vcpu(os, t->home);

		if (to) {
			ipi_reschedule(from, to);
			continue;
		}
		to = last_in_order(os, from);
		if (!to || !goes_before(t, to->curr))
			break;
		to->leaves = true;
		preempt(from, to);
	}
	for (uint32_t i = 0; i < os->nr_cpus; i++)
		os->cpus[i].preempt &= os->cpus[i].leaves;
}

void rt_switch(struct guest_cpu *c)
{
	struct task *prev = c->curr, *next = task_pop(c->queue);

	c->preempt = false;
	if (prev) {
		prev->state = TASK_QUEUED;
		enqueue(c->queue, prev, true);
	}
	next->state = TASK_CURRENT;
	next->home = c;
	c->curr = next;
	if (next != c->last) {
		c->last = next;
		c->space = next->space;
		c->switch_ns = c->os->program->switch_ns;
		c->os->stats.switches++;
	}
	if (c->os->program->global)
		deal_out(c);
}

void rt_wake(struct guest_cpu *from, struct task *t)
{
	struct guest_cpu *to = t->home;
	bool idle = !to->curr && !to->queue->head;

	histogram_add(&from->os->rt[t->entry - from->os->program->tasks].release, from->os->now - t->release_ns);
	t->state = TASK_QUEUED;
	enqueue(to->queue, t, false);
	if (from->os->program->global)
		deal_out(from);
	else if (to->curr && goes_before(t, to->curr))
		preempt(from, to);
	else if (idle && to != from)
		ipi_reschedule(from, to);
}

struct guest_cpu *rt_timer_vcpu(struct task *t)
{
	struct guest_os *os = t->home->os;
	struct guest_cpu *halted = NULL;

	if (!os->program->global || t->home->guest->running)
		return t->home;
	for (uint32_t i = 0; i < os->nr_cpus; i++) {
		struct guest_cpu *c = &os->cpus[i];

		if (c->guest->running)
			return c;
		if (c->guest->asleep && (!halted || c == t->home))
			halted = c;
	}
	return halted ? halted : t->home;
}

/* -- jobs ------------------------------------------------------------------------ */

static void count(struct guest_os *os, const struct task *t, int64_t end, bool finished)
{
	struct rt_stats *s = &os->rt[t->entry - os->program->tasks];
	int64_t response = end - t->release_ns, deadline = t->entry->deadline_ns, late = response - deadline;

	s->jobs++;
	s->missed += late > 0;
	if (!finished)
		return;
	histogram_add(&s->response, response);
	histogram_add(&s->tardiness, late > 0 ? late : 0);
	histogram_add(&os->response_ppm, (int64_t)((__int128)response * 1000000 / deadline));
}

void rt_job_over(struct guest_cpu *c)
{
	struct guest_os *os = c->os;
	struct task *t = c->curr;

	count(os, t, os->now, true);
	set_job(t, t->release_ns + t->entry->period_ns, os->program->rule);
	if (t->release_ns > os->now) {
		event_set(&os->timers, t->id, t->release_ns);
		task_block(c);
	} else if (os->program->global) {
		deal_out(c);
	} else if (c->queue->head && goes_before(c->queue->head, t)) {
		c->preempt = true;
	}
}

void rt_finish(struct guest_os *os, int64_t now)
{
	for (int i = 0; os->rt && i < os->program->nr_tasks; i++) {
		struct task *t = &os->tasks[i];

		while (t->release_ns + t->entry->deadline_ns < now) {
			count(os, t, now, false);
			t->release_ns += t->entry->period_ns;
		}
	}
}

/* -- set-up ------------------------------------------------------------------------ */

static int64_t load_ppb(const struct task *t)
{
	return (int64_t)((__int128)random_mean(&t->entry->steps[0].dist) * 1000000000 / t->entry->period_ns);
}

/* The vCPU for a task of @load, when the vCPUs have @loads; where it fits, or else the least loaded. */
static uint32_t pack(const struct guest_os *os, const int64_t *loads, int64_t load)
{
	enum guest_fit fit = (enum guest_fit)os->program->fit;
	uint32_t best = 0, least = 0;
	bool found = false;

	for (uint32_t i = 0; i < os->nr_cpus; i++) {
		if (loads[i] < loads[least])
			least = i;
		if (loads[i] + load > 1000000000)
			continue;
		if (!found || (fit == GUEST_BEST_FIT && loads[i] > loads[best]) ||
		    (fit == GUEST_WORST_FIT && loads[i] < loads[best]))
			best = i;
		found = true;
	}
	return found ? best : least;
}

/* Tasks without a vCPU of their own get one, by decreasing load; at equal loads in their order. */
static int place(struct guest_os *os)
{
	int64_t *loads = calloc(os->nr_cpus, sizeof(*loads));
	int n = os->program->nr_tasks;

	if (!loads)
		return -1;
	for (int i = 0; i < n; i++)
		if (os->tasks[i].entry->vcpu >= 0)
			loads[os->tasks[i].entry->vcpu] += load_ppb(&os->tasks[i]);
	for (;;) {
		struct task *next = NULL;

		for (int i = 0; i < n; i++) {
			struct task *t = &os->tasks[i];

			if (t->entry->vcpu < 0 && !t->placed && (!next || load_ppb(t) > load_ppb(next)))
				next = t;
		}
		if (!next)
			break;
		next->placed = true;
		next->home = &os->cpus[pack(os, loads, load_ppb(next))];
		loads[next->home->id] += load_ppb(next);
	}
	free(loads);
	return 0;
}

int rt_init(struct guest_os *os, int64_t start_ns)
{
	const struct program *p = os->program;

	os->rt = calloc((size_t)p->nr_entries, sizeof(*os->rt));
	if (!os->rt || place(os))
		return -1;
	for (uint32_t i = 0; i < os->nr_cpus; i++)
		os->cpus[i].queue = p->global ? &os->cpus[0].own_queue : &os->cpus[i].own_queue;
	for (int i = 0; i < p->nr_tasks; i++) {
		struct task *t = &os->tasks[i];
		const struct scn_dist *phase = &t->entry->phase;
		int64_t first = start_ns + (phase->kind == SCN_CONST ? phase->a : random_draw(&t->rng, phase));

		t->slice_ns = GUEST_FOREVER / 2;
		t->state = TASK_BLOCKED;
		set_job(t, first, (enum guest_rule)p->rule);
		event_set(&os->timers, t->id, first);
	}
	return 0;
}

void rt_reset(struct guest_os *os)
{
	for (int i = 0; os->rt && i < os->program->nr_entries; i++) {
		os->rt[i].jobs = os->rt[i].missed = 0;
		histogram_reset(&os->rt[i].release);
		histogram_reset(&os->rt[i].response);
		histogram_reset(&os->rt[i].tardiness);
	}
	histogram_reset(&os->response_ppm);
}

void rt_free(struct guest_os *os)
{
	for (int i = 0; os->rt && i < os->program->nr_entries; i++) {
		histogram_free(&os->rt[i].release);
		histogram_free(&os->rt[i].response);
		histogram_free(&os->rt[i].tardiness);
	}
	histogram_free(&os->response_ppm);
	free(os->rt);
}

double rt_demand(const struct program *p)
{
	double sum = 0;

	for (int i = 0; i < p->nr_entries; i++)
		sum += (double)p->tasks[i].count * (double)random_mean(&p->tasks[i].steps[0].dist) /
		       (double)p->tasks[i].period_ns;
	return sum;
}
