/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of a guest: timers, devices, and IPIs between its vCPUs.
 *
 * A posted interrupt is pending on its vCPU until that runs and has interrupts on. If it halts it is woken for it; if
 * it runs it is interrupted, which costs it an exit; if it waits for a pCPU, so does the interrupt. Whoever sends an
 * IPI pays an exit for each.
 *
 * A device's answer takes the way of a packet: interrupt on `irq_vcpu`, softirq there, wake-up of the task that asked,
 * by a reschedule IPI if it lives on another vCPU.
 *
 * A call of a function on siblings (call, tlb_shootdown) is over when the last has handled it; the caller spins
 * meanwhile. A shootdown goes to the vCPUs that have the address space loaded; one that idles with it gives it up on
 * the first shootdown, and is spared the next (lazy TLB mode).
 */
#include "sim/guest_os.h"

void irq_post(struct guest_cpu *c, enum guest_irq irq)
{
	if (c->guest->running) {
		guest_account(c);
		if (!c->pending)
			guest_charge(c, c->os->vm_exit_ns);
	}
	c->pending |= (uint8_t)irq;
	if (c->up && !c->guest->running && !c->guest->asleep)
		c->irq_waits |= (uint8_t)irq;
	guest_poke(c);
}

/* The lowest vCPU that waits for a call on @c. */
static uint32_t next_caller(const struct guest_cpu *c)
{
	for (uint32_t w = 0; w < c->os->call_words; w++)
		if (c->calls[w])
			return w * 64 + (uint32_t)__builtin_ctzll(c->calls[w]);
	return UINT32_MAX;
}

void irq_begin(struct guest_cpu *c)
{
	const struct program *p = c->os->program;
	uint8_t irq = c->pending & (uint8_t)-c->pending;

	c->pending &= (uint8_t)~irq;
	c->handling = irq;
	ple_restart(c); /* of the loop that it interrupts */
	switch ((enum guest_irq)irq) {
	case IRQ_CALL:
		c->caller = next_caller(c);
		c->handler_ns = c->os->cpus[c->caller].curr->call_ns;
		break;
	case IRQ_RESCHEDULE:
		c->handler_ns = p->ipi_ns;
		break;
	case IRQ_SCRIPT:
		c->handler_ns = c->script_ns;
		c->script_ns = 0;
		c->os->stats.interrupts++;
		break;
	case IRQ_TIMER:
	case IRQ_DEVICE:
		c->handler_ns = p->hard_irq_ns;
		c->os->stats.interrupts++;
		break;
	}
}

/* One call of the caller's is done here. */
static void answer_call(struct guest_cpu *c)
{
	struct guest_cpu *caller = &c->os->cpus[c->caller];
	struct task *t = caller->curr;

	c->calls[c->caller / 64] &= ~(UINT64_C(1) << (c->caller % 64));
	if (t->act == ACT_TLB && !c->curr)
		c->space = -1;
	if (!--t->calls)
		guest_poke(caller);
	if (next_caller(c) != UINT32_MAX)
		c->pending |= IRQ_CALL; /* the same interrupt goes on */
}

void irq_end(struct guest_cpu *c)
{
	uint8_t irq = c->handling;

	c->handling = 0;
	switch ((enum guest_irq)irq) {
	case IRQ_CALL:
		answer_call(c);
		break;
	case IRQ_TIMER:
		while (c->timers.head)
			task_wake(c, task_pop(&c->timers));
		break;
	case IRQ_DEVICE:
		while (c->answers.head)
			task_push(&c->softirqs, task_pop(&c->answers));
		c->net |= c->os->net.polling;
		break;
	case IRQ_RESCHEDULE: /* the scheduler looks on the way out of every interrupt */
	case IRQ_SCRIPT:
		break;
	}
}

void softirq_begin(struct guest_cpu *c)
{
	c->in_softirq = true;
	c->in_net = !c->softirqs.head;
	c->softirq_ns = c->os->program->softirq_ns;
}

void softirq_end(struct guest_cpu *c)
{
	struct task *t;

	c->in_softirq = false;
	if (c->in_net) {
		net_poll(c);
		return;
	}
	t = task_pop(&c->softirqs);
	t->answered = true;
	task_wake(c, t);
}

void ipi_reschedule(struct guest_cpu *from, struct guest_cpu *to)
{
	from->os->stats.ipis_reschedule++;
	guest_charge(from, from->os->vm_exit_ns);
	irq_post(to, IRQ_RESCHEDULE);
}

void ipi_call(struct guest_cpu *from, struct guest_cpu *to)
{
	struct task *t = from->curr;

	from->os->stats.ipis_call++;
	guest_charge(from, from->os->vm_exit_ns);
	to->calls[from->id / 64] |= UINT64_C(1) << (from->id % 64);
	t->calls++;
	irq_post(to, IRQ_CALL);
}

/* Linux on Xen looks at the run states of those it calls, and yields when one is "runnable". */
static void interrupt_for_call(struct guest_cpu *c, struct guest_cpu *to)
{
	if (c->os->program->ipi_yields && !to->guest->running && !to->guest->asleep)
		c->ple_ns = 0;
	ipi_call(c, to);
}

void tlb_shootdown(struct guest_cpu *c)
{
	struct guest_os *os = c->os;
	struct task *t = c->curr;

	t->act = ACT_TLB;
	t->need_ns = GUEST_FOREVER;
	t->wait_since_ns = os->now;
	os->stats.shootdowns++;
	for (uint32_t i = 0; i < os->nr_cpus; i++)
		if (i != c->id && os->cpus[i].space == t->space)
			interrupt_for_call(c, &os->cpus[i]);
}

void call_many(struct guest_cpu *c, int32_t of)
{
	struct guest_os *os = c->os;
	struct task *t = c->curr;
	uint32_t left = os->nr_cpus - 1, want = (uint32_t)of < left ? (uint32_t)of : left;

	t->act = ACT_TLB;
	t->need_ns = GUEST_FOREVER;
	t->wait_since_ns = os->now;
	/* Each set of that size is as likely: a vCPU is in with `want` chances of those `left`. */
	for (uint32_t i = 0; want && i < os->nr_cpus; i++) {
		if (i == c->id)
			continue;
		if (random_u64(&t->rng) % left-- < want) {
			want--;
			interrupt_for_call(c, &os->cpus[i]);
		}
	}
}

void task_sleep(struct guest_cpu *c, int64_t ns)
{
	event_set(&c->os->timers, c->curr->id, c->os->now + ns);
	task_block(c);
}

void guest_os_timers(struct guest_os *os, int64_t now)
{
	os->now = now;
	while (event_next(&os->timers) <= now) {
		uint32_t slot = event_pop(&os->timers);
		struct task *t;
		struct guest_cpu *c;

		if (slot == (uint32_t)os->program->nr_tasks) {
			net_arrives(os);
			continue;
		}
		t = &os->tasks[slot];
		c = t->home;
		if (!os->rt && t->entry->steps[t->pc - 1].op == OP_IO) {
			c = &os->cpus[os->program->irq_vcpu];
			t->wait_since_ns = now;
			task_push(&c->answers, t);
			irq_post(c, IRQ_DEVICE);
		} else {
			c = os->rt ? rt_timer_vcpu(t) : c;
			task_push(&c->timers, t);
			irq_post(c, IRQ_TIMER);
		}
	}
}

bool guest_os_irq(struct guest_cpu *c, int64_t now, int64_t cost)
{
	bool halted = c->up && c->guest->asleep;

	c->os->now = now;
	c->script_ns += cost;
	if (c->guest->running) {
		guest_account(c);
		guest_charge(c, c->os->vm_exit_ns);
	}
	c->pending |= IRQ_SCRIPT;
	if (halted)
		c->guest->asleep = false;
	return halted;
}
