/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks through their programs, and the step that a vCPU of a program guest makes; see guest_os.h. */
#include "sim/guest_os.h"

#include <stdlib.h>

static const char *const ip_names[NR_GUEST_IPS] = {
	"idle",	     "user",	    "critical",		  "lock wait", "lock hand-over", "tlb wait",
	"call wait", "ipi handler", "reschedule handler", "irq",       "softirq",	 "scheduler",
};

const char *guest_ip_name(enum guest_ip ip)
{
	return ip_names[ip];
}

static int create_tasks(struct guest_os *os, const struct scenario *s, uint32_t domain)
{
	const struct program *p = os->program;
	uint32_t id = 0, space = 0;

	os->tasks = calloc((size_t)p->nr_tasks, sizeof(*os->tasks));
	if (!os->tasks)
		return -1;
	for (int e = 0; e < p->nr_entries; e++) {
		const struct program_tasks *entry = &p->tasks[e];

		for (int k = 0; k < entry->count; k++, id++) {
			struct task *t = &os->tasks[id];
			uint32_t cpu = entry->vcpu >= 0 ? (uint32_t)entry->vcpu : id % os->nr_cpus;

			t->entry = entry;
			t->id = id;
			t->space = space;
			t->home = &os->cpus[cpu];
			t->slice_ns = p->slice_ns;
			t->copy = os->lock_copies + (size_t)id * (size_t)p->nr_locks;
			/* Streams below 2^32 are those of the other workloads. */
			random_init(&t->rng, s->seed, ((uint64_t)domain + 1) << 32 | id);
			if (p->rule == RULE_ROUND_ROBIN)
				task_push(t->home->queue, t);
			space += !entry->threads;
			for (uint32_t b = 0; b < (uint32_t)p->nr_barriers; b++)
				os->barriers[b].parties += entry->barriers >> b & 1;
		}
		space++;
	}
	os->nr_live = id;
	return 0;
}

struct guest_os *guest_os_create(const struct scenario *s, const struct scn_workload *load, uint32_t domain,
				 uint32_t first, uint32_t n)
{
	const struct program *p = load->program;
	struct guest_os *os = calloc(1, sizeof(*os));
	uint64_t *calls;

	if (!os)
		return NULL;
	os->program = p;
	os->vm_exit_ns = s->cost_vmexit_ns;
	os->ple_window_ns = p->pause_ns <= s->ple_gap_ns ? s->ple_window_ns : 0;
	os->nr_cpus = n;
	os->first_vcpu = first;
	os->call_words = (n + 63) / 64;
	os->armed_ns = GUEST_FOREVER;
	os->cpus = calloc(n, sizeof(*os->cpus));
	os->poked = calloc(n, sizeof(*os->poked));
	os->locks = calloc((size_t)p->nr_lock_copies + 1, sizeof(*os->locks));
	os->lock_copies = calloc((size_t)p->nr_tasks * (size_t)p->nr_locks + 1, sizeof(*os->lock_copies));
	os->barriers = calloc((size_t)p->nr_barriers + 1, sizeof(*os->barriers));
	calls = calloc((size_t)n * os->call_words, sizeof(*calls));
	if (os->cpus)
		os->cpus[0].calls = calls;
	else
		free(calls);
	if (!os->cpus || !os->poked || !os->locks || !os->lock_copies || !os->barriers || !calls ||
	    event_queue_init(&os->timers, (uint32_t)p->nr_tasks + 1)) {
		guest_os_free(os);
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++) {
		os->cpus[i].os = os;
		os->cpus[i].id = i;
		os->cpus[i].space = -1;
		os->cpus[i].queue = &os->cpus[i].own_queue;
		os->cpus[i].calls = calls + (size_t)i * os->call_words;
	}
	for (int i = 0; i < p->nr_locks; i++)
		for (int k = 0; k < p->locks[i].copies; k++)
			os->locks[p->locks[i].first + k].scn = &p->locks[i];
	if (create_tasks(os, s, domain) || net_init(os, s->seed, domain) ||
	    (p->rule != RULE_ROUND_ROBIN && rt_init(os, load->start_ns))) {
		guest_os_free(os);
		return NULL;
	}
	return os;
}

void guest_os_attach(struct guest_os *os, uint32_t cpu, struct guest *g)
{
	os->cpus[cpu].guest = g;
	g->os_cpu = &os->cpus[cpu];
}

void guest_os_free(struct guest_os *os)
{
	if (!os)
		return;
	for (int i = 0; os->locks && i < os->program->nr_locks; i++) {
		struct lock *l = &os->locks[os->program->locks[i].first];

		histogram_free(&l->wait);
		histogram_free(&l->hold);
	}
	histogram_free(&os->stats.lock_wait);
	histogram_free(&os->stats.tlb_sync);
	histogram_free(&os->stats.answer);
	rt_free(os);
	event_queue_free(&os->timers);
	if (os->cpus)
		free(os->cpus[0].calls);
	free(os->cpus);
	free(os->poked);
	free(os->locks);
	free(os->lock_copies);
	free(os->barriers);
	net_free(os);
	free(os->tasks);
	free(os);
}

void guest_os_reset(struct guest_os *os)
{
	struct guest_os_stats *s = &os->stats;
	struct guest_os_stats zero = { .lock_wait = s->lock_wait, .tlb_sync = s->tlb_sync, .answer = s->answer };

	*s = zero;
	histogram_reset(&s->lock_wait);
	histogram_reset(&s->tlb_sync);
	histogram_reset(&s->answer);
	net_reset(os);
	rt_reset(os);
	for (int i = 0; i < os->program->nr_locks; i++) {
		struct lock *l = &os->locks[os->program->locks[i].first];

		l->acquired = l->contended = 0;
		histogram_reset(&l->wait);
		histogram_reset(&l->hold);
	}
}

/* The current task has done its program to the end. */
static void pass_over(struct guest_cpu *c)
{
	struct guest_os *os = c->os;
	struct task *t = c->curr;

	os->stats.ops++;
	t->pc = 0;
	t->passes++;
	if (os->rt) {
		rt_job_over(c);
		return;
	}
	if (!t->entry->times || t->passes < t->entry->times)
		return;
	task_block(c);
	t->state = TASK_DONE;
	for (uint32_t b = 0; b < (uint32_t)os->program->nr_barriers; b++)
		if (t->entry->barriers >> b & 1)
			barrier_leave(c, b);
	if (!--os->nr_live)
		for (uint32_t i = 0; i < os->nr_cpus; i++)
			os->cpus[i].guest->stats.completion_ns = os->now;
}

/* The vCPU that a step means. */
static struct guest_cpu *step_vcpu(struct guest_cpu *c, const struct program_step *s)
{
	uint32_t other, n = c->os->nr_cpus;

	if (s->n != PROGRAM_ANY)
		return &c->os->cpus[s->n];
	if (n == 1)
		return c;
	other = (uint32_t)(random_u64(&c->curr->rng) % (n - 1));
	return &c->os->cpus[other + (other >= c->id)];
}

static void receive(struct guest_cpu *c, const struct program_step *s)
{
	struct task *t = c->curr;
	uint32_t n;

	if (!net_read(c, &n))
		return;
	t->act = ACT_COMPUTE;
	t->need_ns = 0;
	while (n--)
		t->need_ns += random_draw(&t->rng, &s->dist);
}

/* The current task begins the next step of its program. It takes no time by itself. */
void task_next_step(struct guest_cpu *c)
{
	struct task *t = c->curr;
	const struct program_step *s = &t->entry->steps[t->pc++];
	struct guest_cpu *to;

	t->masked = false;
	ple_restart(c);
	switch ((enum program_op)s->op) {
	case OP_IRQS_OFF:
		t->masked = true;
		/* fall through */
	case OP_COMPUTE:
		t->act = ACT_COMPUTE;
		t->need_ns = random_draw(&t->rng, &s->dist);
		break;
	case OP_LOCK_READ:
	case OP_LOCK:
		t->reads = s->op == OP_LOCK_READ;
		lock_take(c, s->n);
		break;
	case OP_UNLOCK:
		lock_give(c, s->n);
		break;
	case OP_TLB:
		t->call_ns = random_draw(&t->rng, &s->dist);
		tlb_shootdown(c);
		break;
	case OP_CALL:
		t->act = ACT_CALL;
		t->need_ns = GUEST_FOREVER;
		t->call_ns = random_draw(&t->rng, &s->dist);
		to = step_vcpu(c, s);
		if (to != c)
			ipi_call(c, to);
		break;
	case OP_CALL_MANY:
		t->call_ns = random_draw(&t->rng, &s->dist);
		call_many(c, s->n);
		break;
	case OP_RESCHEDULE:
		to = step_vcpu(c, s);
		if (to != c)
			ipi_reschedule(c, to);
		break;
	case OP_RECEIVE:
		receive(c, s);
		break;
	case OP_IO:
	case OP_SLEEP:
		task_sleep(c, random_draw(&t->rng, &s->dist));
		break;
	case OP_BARRIER:
		barrier_come(c, s->n);
		break;
	case OP_LOOP:
		t->turns[s->depth] = (uint32_t)s->n;
		break;
	case OP_AGAIN:
		if (--t->turns[s->depth])
			t->pc = (uint32_t)s->n;
		break;
	case OP_END:
		pass_over(c);
		break;
	}
}

/* What the spinning current task waits for has come. */
static bool wait_over(const struct guest_cpu *c)
{
	const struct task *t = c->curr;

	return t->act == ACT_SPIN ? lock_granted(t, c->os) : !t->calls;
}

static bool spins(const struct task *t)
{
	return t->act >= ACT_SPIN;
}

void guest_account(struct guest_cpu *c)
{
	struct guest *g = c->guest;
	int64_t elapsed = c->os->now - g->since_ns, worked;
	struct task *t = c->curr;

	if (elapsed <= 0)
		return;
	worked = guest_work(g, elapsed);
	g->since_ns = c->os->now;
	if (c->handling) {
		c->handler_ns -= worked;
	} else if (c->in_softirq) {
		c->softirq_ns -= worked;
	} else if (c->switch_ns) {
		c->switch_ns = c->switch_ns > worked ? c->switch_ns - worked : 0;
	} else if (t) {
		t->slice_ns = t->slice_ns > elapsed ? t->slice_ns - elapsed : 0;
		if (!spins(t)) {
			if (t->need_ns != GUEST_FOREVER)
				t->need_ns -= worked;
			return;
		}
		/* A loop of PAUSEs lasts as long whoever runs beside it. */
		if (t->need_ns != GUEST_FOREVER)
			t->need_ns -= elapsed;
		c->os->stats.spin_ns[t->act - ACT_SPIN] += elapsed;
		if (c->ple_ns != GUEST_FOREVER)
			c->ple_ns -= elapsed;
	}
}

int64_t guest_os_end(const struct guest_cpu *c)
{
	const struct task *t = c->curr;
	int64_t since = c->guest->since_ns, left;

	if (c->guest->asleep)
		return GUEST_FOREVER;
	if (c->handling)
		return since + guest_takes(c->guest, c->handler_ns);
	if (c->pending && !guest_masked(c))
		return since;
	if (c->in_softirq)
		return since + guest_takes(c->guest, c->softirq_ns);
	if ((c->softirqs.head || c->net) && !guest_masked(c))
		return since;
	if (c->switch_ns)
		return since + guest_takes(c->guest, c->switch_ns);
	if (!t || c->lock_halted || t->act == ACT_NEXT || guest_wants_switch(c) || (spins(t) && wait_over(c)))
		return since;
	left = spins(t) ? t->need_ns : guest_takes(c->guest, t->need_ns);
	if (t->act == ACT_COMPUTE && c->queue->head && task_preemptible(c) && t->slice_ns < left)
		left = t->slice_ns;
	if (spins(t) && c->ple_ns < left)
		left = c->ple_ns;
	return left == GUEST_FOREVER ? GUEST_FOREVER : since + left;
}

enum guest_ip guest_os_ip(const struct guest_cpu *c)
{
	const struct task *t = c->curr;

	if (c->handling)
		return c->handling == IRQ_CALL	     ? IP_IPI_HANDLER :
		       c->handling == IRQ_RESCHEDULE ? IP_RESCHEDULE_HANDLER :
						       IP_IRQ;
	if (c->in_softirq)
		return IP_SOFTIRQ;
	if (c->switch_ns)
		return IP_SCHEDULER;
	if (!t)
		return IP_IDLE;
	if (t->act == ACT_SPIN)
		return IP_LOCK_WAIT;
	if (t->act == ACT_TLB)
		return IP_TLB_WAIT;
	if (t->act == ACT_CALL)
		return IP_CALL_WAIT;
	if (c->kicking)
		return IP_LOCK_HANDOVER;
	return t->spinlocks ? IP_CRITICAL : IP_USER;
}

void guest_poke(struct guest_cpu *c)
{
	struct guest_os *os = c->os;

	if (!c->up)
		return;
	if (c->guest->asleep) {
		c->guest->asleep = false;
		c->wake = true;
	} else if (c->guest->running) {
		guest_account(c);
	} else if (!c->irq_waits) {
		return;
	}
	if (!c->poked)
		os->poked[os->nr_poked++] = c->id;
	c->poked = true;
}

bool guest_os_wake(struct guest_cpu *c, int64_t now)
{
	c->os->now = now;
	if (c->up)
		return false;
	c->up = true;
	c->guest->asleep = false;
	return true;
}

int64_t guest_os_run(struct guest_cpu *c, int64_t now)
{
	c->os->now = now;
	c->irq_waits = 0;
	ple_restart(c);
	return guest_os_end(c);
}

void guest_os_stop(struct guest_cpu *c, int64_t now)
{
	c->os->now = now;
	guest_account(c);
}

static enum guest_next halt(struct guest_cpu *c)
{
	c->guest->asleep = true;
	return GUEST_BLOCKS;
}

/* The current task's spinning: over, given up, seen by the host, or to be continued. */
static bool spin_step(struct guest_cpu *c, enum guest_next *next)
{
	struct task *t = c->curr;
	struct guest_os *os = c->os;

	if (c->lock_halted) {
		c->lock_halted = false;
		t->need_ns = os->locks[t->lock].scn->spin_ns;
	}
	if (wait_over(c)) {
		if (t->act == ACT_SPIN) {
			lock_enter(c);
			return false;
		}
		if (t->act == ACT_TLB)
			histogram_add(&os->stats.tlb_sync, os->now - t->wait_since_ns);
		t->act = ACT_NEXT;
		return false;
	}
	if (t->need_ns <= 0) {
		c->lock_halted = true;
		os->stats.halts_lock++;
		*next = halt(c);
		return true;
	}
	if (c->ple_ns > 0)
		return true;
	ple_restart(c);
	os->stats.ple_exits[t->act - ACT_SPIN]++;
	os->stats.spin_ns[t->act - ACT_SPIN] += os->vm_exit_ns;
	guest_charge(c, os->vm_exit_ns);
	*next = GUEST_YIELDS;
	return true;
}

/* One thing that the vCPU finishes or begins now. True: it takes time from here on, or *next is not to go on. */
static bool step(struct guest_cpu *c, enum guest_next *next)
{
	struct guest_os *os = c->os;

	if (c->handling) {
		if (c->handler_ns > 0)
			return true;
		irq_end(c);
	} else if (c->pending && !guest_masked(c)) {
		irq_begin(c);
	} else if (c->in_softirq) {
		if (c->softirq_ns > 0)
			return true;
		softirq_end(c);
	} else if ((c->softirqs.head || c->net) && !guest_masked(c)) {
		softirq_begin(c);
	} else if (c->switch_ns) {
		return true;
	} else if (!c->curr) {
		if (!c->queue->head) {
			os->stats.halts_idle++;
			*next = halt(c);
			return true;
		}
		guest_switch(c);
	} else if (spins(c->curr)) {
		return spin_step(c, next);
	} else if (guest_wants_switch(c)) {
		guest_switch(c);
	} else if (c->curr->act == ACT_COMPUTE && c->curr->need_ns > 0) {
		if (c->curr->slice_ns <= 0)
			c->curr->slice_ns = os->program->slice_ns; /* nobody else wants the vCPU */
		return true;
	} else {
		if (c->curr->answered) {
			c->curr->answered = false;
			histogram_add(&os->stats.answer, os->now - c->curr->wait_since_ns);
		}
		c->curr->act = ACT_NEXT;
		task_next_step(c);
	}
	return false;
}

enum guest_next guest_os_step(struct guest_cpu *c, int64_t now, int64_t *until)
{
	enum guest_next next = GUEST_GOES_ON;

	c->os->now = now;
	guest_account(c);
	c->kicking = false;
	while (c->guest->since_ns <= now && !step(c, &next))
		;
	*until = guest_os_end(c);
	return next;
}
