/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests of `model: program` on the simulated host: the host asks a vCPU that runs what it does next, then carries out
 * what that did to its siblings: it wakes those that halted and were sent an interrupt or a kick, and asks those that
 * run for the end of what they do. What is left undone here (a sibling that waits for a pCPU) is what makes guests
 * slow.
 *
 * The wake-up slot of a domain's first vCPU is the timer of all its tasks.
 */
#include "sim/guest_os.h"
#include "sim/kernel.h"
#include "sim/machine.h"

static void arm_timers(struct machine *m, struct guest_os *os)
{
	int64_t at = event_next(&os->timers);

	if (at == os->armed_ns)
		return;
	os->armed_ns = at;
	if (at == GUEST_FOREVER)
		event_clear(&m->events, m->slot_wake + os->first_vcpu);
	else
		event_set(&m->events, m->slot_wake + os->first_vcpu, at);
}

static void carry_out(struct machine *m, struct guest_os *os)
{
	uint32_t n = os->nr_poked;

	arm_timers(m, os);
	os->nr_poked = 0;
	/* Waking pokes nobody: the list stays as it is meanwhile. */
	for (uint32_t i = 0; i < n; i++) {
		struct guest_cpu *c = &os->cpus[os->poked[i]];
		uint32_t vcpu = os->first_vcpu + c->id;
		int64_t end;

		c->poked = false;
		if (c->wake) {
			c->wake = false;
			c->irq_waits = 0;
			machine_wake(m, &m->vcpus[vcpu]);
		} else if (c->irq_waits) {
			bool ipi = c->irq_waits & (IRQ_CALL | IRQ_RESCHEDULE);

			c->irq_waits = 0;
			m->cx.cpu = m->vcpus[vcpu].v->processor->id;
			vcpu_interrupt(&m->cx, m->vcpus[vcpu].v, ipi);
			machine_settle(m);
		} else if (c->guest->running) {
			end = guest_os_end(c);
			if (end != GUEST_FOREVER)
				event_set(&m->events, vcpu, end);
			else
				event_clear(&m->events, vcpu);
		}
	}
}

static void spin_exit(struct machine *m, uint32_t i)
{
	vcpu_t *v = m->vcpus[i].v;

	if (v->domain->pool->assist.on)
		machine_tell_ip(m, i);
	vcpu_spin(&m->cx, v);
}

void machine_guest_step(struct machine *m, uint32_t i)
{
	struct sim_vcpu *sv = &m->vcpus[i];
	struct guest_os *os = m->domains[sv->domain].os;
	int64_t until;
	enum guest_next next = guest_os_step(sv->guest.os_cpu, m->now, &until);

	if (until != GUEST_FOREVER)
		event_set(&m->events, i, until);
	carry_out(m, os);
	m->cx.cpu = sv->v->processor->id;
	if (next == GUEST_BLOCKS)
		vcpu_block(&m->cx, sv->v);
	else if (next == GUEST_YIELDS && sv->guest.running)
		spin_exit(m, i);
	else
		return;
	machine_settle(m);
}

void machine_guest_wake(struct machine *m, uint32_t i)
{
	struct sim_vcpu *sv = &m->vcpus[i];
	struct guest_os *os = m->domains[sv->domain].os;
	int64_t next;

	if (guest_wake(&sv->guest, m->now, &next)) {
		machine_wake(m, sv);
		if (os->rt && !sv->guest.os_cpu->id) {
			os->armed_ns = GUEST_FOREVER; /* this was the slot's first event */
			arm_timers(m, os);
		}
		return;
	}
	if (sv->guest.os_cpu->id)
		return;
	os->armed_ns = GUEST_FOREVER;
	guest_os_timers(os, m->now);
	carry_out(m, os);
}
