/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated host's event loop; see machine.h for the model and its rules. */
#include "sim/machine.h"

#include "sim/guest_os.h"
#include "sim/kernel.h"
#include "trace/trace.h"

static void take_records(struct machine *m)
{
	if (!m->cx.nr_rec)
		return;
	m->trace_hash = trace_hash(m->trace_hash, m->cx.rec, m->cx.nr_rec);
	if (m->record)
		m->record(m->record_arg, m->cx.rec, m->cx.nr_rec);
	m->cx.nr_rec = 0;
}

static inline struct sim_vcpu *sim_vcpu_of(struct machine *m, const vcpu_t *v)
{
	return &m->vcpus[v->host_data];
}

static void guest_leaves(struct machine *m, const vcpu_t *v)
{
	struct sim_vcpu *sv = sim_vcpu_of(m, v);

	guest_stop(&sv->guest, m->now);
	if (v->domain->pool->assist.on)
		machine_tell_ip(m, (uint32_t)v->host_data);
	event_clear(&m->events, (uint32_t)v->host_data);
}

/* How fast a guest computes on @cpu. */
static uint32_t speed_on(const struct machine *m, uint32_t cpu)
{
	uint32_t threads = (uint32_t)m->s->threads, first = cpu - cpu % threads;

	for (uint32_t c = first; c < first + threads; c++)
		if (c != cpu && !m->host->pcpus[c].curr->is_idle)
			return 100;
	return (uint32_t)m->s->alone_percent;
}

/* @cpu is idle now, or no longer: the other threads of its core are faster or slower for it. */
static void speeds_change(struct machine *m, uint32_t cpu)
{
	uint32_t threads = (uint32_t)m->s->threads, first = cpu - cpu % threads;

	for (uint32_t c = first; c < first + threads; c++) {
		vcpu_t *v = m->host->pcpus[c].curr;
		struct guest *g;
		int64_t end;

		if (c == cpu || v->is_idle)
			continue;
		g = &sim_vcpu_of(m, v)->guest;
		if (!g->running || g->speed == speed_on(m, c))
			continue;
		end = guest_change_speed(g, m->now, speed_on(m, c));
		if (end != GUEST_FOREVER)
			event_set(&m->events, (uint32_t)v->host_data, end);
	}
}

static void guest_enters(struct machine *m, vcpu_t *v)
{
	struct sim_vcpu *sv = sim_vcpu_of(m, v);
	int64_t since = m->now + m->s->cost_switch_ns, end;

	if (v->migrations != sv->migrations)
		since += m->s->cost_migration_ns;
	sv->migrations = v->migrations;
	sv->switches++;
	if (sv->woken_ns >= 0) {
		if (m->warm && sv->woken_ns >= m->s->warmup_ns)
			histogram_add(&m->domains[sv->domain].wake_latency, m->now - sv->woken_ns);
		sv->woken_ns = -1;
	}
	if (m->s->alone_percent != 100)
		sv->guest.speed = speed_on(m, v->processor->id);
	end = guest_run(&sv->guest, m->now, since);
	if (end != GUEST_FOREVER)
		event_set(&m->events, (uint32_t)v->host_data, end);
}

/* schedule() on a kicked pCPU, and the switch it asks for. */
static void reschedule(struct machine *m, uint32_t cpu)
{
	pcpu_t *p = &m->host->pcpus[cpu];
	vcpu_t *prev = p->curr, *next;

	m->cx.cpu = cpu;
	if (!prev->is_idle)
		guest_leaves(m, prev);
	schedule(&m->cx);
	next = p->curr;
	if (next == prev) {
		/* It goes on where it was: no switch, no cost. */
		if (!next->is_idle) {
			struct sim_vcpu *sv = sim_vcpu_of(m, next);
			int64_t since = sv->guest.since_ns > m->now ? sv->guest.since_ns : m->now;
			int64_t end = guest_run(&sv->guest, m->now, since);

			sv->woken_ns = -1;
			if (end != GUEST_FOREVER)
				event_set(&m->events, (uint32_t)next->host_data, end);
		}
		return;
	}
	context_saved(&m->cx);
	if (!next->is_idle)
		guest_enters(m, next);
	if (m->s->alone_percent != 100 && prev->is_idle != next->is_idle)
		speeds_change(m, cpu);
}

void machine_settle(struct machine *m)
{
	uint32_t here = m->cx.cpu;

	while (m->cx.kick_words) {
		uint32_t word = (uint32_t)__builtin_ctzll(m->cx.kick_words);
		uint64_t *w = &m->cx.kick.w[word];
		uint32_t cpu = word * 64 + (uint32_t)__builtin_ctzll(*w);

		*w &= *w - 1;
		if (!*w)
			m->cx.kick_words &= m->cx.kick_words - 1;
		if (cpu != here && m->s->cost_ipi_ns)
			event_set(&m->events, m->slot_ipi + cpu, m->now + m->s->cost_ipi_ns);
		else
			reschedule(m, cpu);
	}
	while (m->cx.rearm_words) {
		uint32_t word = (uint32_t)__builtin_ctzll(m->cx.rearm_words);
		uint64_t *w = &m->cx.rearm.w[word];
		uint32_t cpu = word * 64 + (uint32_t)__builtin_ctzll(*w);
		int64_t at = m->host->pcpus[cpu].deadline_ns;

		*w &= *w - 1;
		if (!*w)
			m->cx.rearm_words &= m->cx.rearm_words - 1;
		if (at == TIME_NEVER)
			event_clear(&m->events, m->slot_timer + cpu);
		else
			event_set(&m->events, m->slot_timer + cpu, at > m->now ? at : m->now);
	}
	take_records(m);
}

void machine_wake(struct machine *m, struct sim_vcpu *sv)
{
	m->cx.cpu = sv->v->processor->id;
	if (sv->v->pause_flags & VPF_blocked) {
		sv->woken_ns = m->now;
		vcpu_unblock(&m->cx, sv->v);
	} else {
		vcpu_up(&m->cx, sv->v); /* it comes up: no event it was blocked for */
	}
	machine_settle(m);
}

static void burst_done(struct machine *m, uint32_t i)
{
	struct sim_vcpu *sv = &m->vcpus[i];
	int64_t until;

	if (sv->guest.os_cpu) {
		machine_guest_step(m, i);
		return;
	}
	if (guest_done(&sv->guest, m->now, &until)) {
		if (until != GUEST_FOREVER)
			event_set(&m->events, i, until);
		if (sv->guest.load->model == SCN_SPIN)
			machine_spin_exit(m, i);
		return;
	}
	if (until != GUEST_FOREVER)
		event_set(&m->events, m->slot_wake + i, until);
	m->cx.cpu = sv->v->processor->id;
	vcpu_block(&m->cx, sv->v);
	machine_settle(m);
}

static void wake_due(struct machine *m, uint32_t i)
{
	struct sim_vcpu *sv = &m->vcpus[i];
	int64_t next;
	bool asleep;

	if (sv->guest.os_cpu) {
		machine_guest_wake(m, i);
		return;
	}
	asleep = guest_wake(&sv->guest, m->now, &next);

	if (next != GUEST_FOREVER)
		event_set(&m->events, m->slot_wake + i, next);
	if (asleep) {
		machine_wake(m, sv);
	} else if (sv->guest.running) {
		/* An interrupt's handler was running: the new work comes behind it. */
		int64_t end = guest_delay(&sv->guest, 0);

		if (end != GUEST_FOREVER)
			event_set(&m->events, i, end);
		else
			event_clear(&m->events, i);
	}
}

/* A timer or an IPI takes vm_exit from the guest that runs there, whether it goes on or not. */
static void interrupt(struct machine *m, uint32_t cpu)
{
	vcpu_t *v = m->host->pcpus[cpu].curr;
	int64_t end;

	if (v->is_idle || !m->s->cost_vmexit_ns)
		return;
	end = guest_delay(&sim_vcpu_of(m, v)->guest, m->s->cost_vmexit_ns);
	if (end != GUEST_FOREVER)
		event_set(&m->events, (uint32_t)v->host_data, end);
}

static void timer_due(struct machine *m, uint32_t cpu)
{
	pcpu_t *p = &m->host->pcpus[cpu];

	interrupt(m, cpu);
	m->cx.cpu = cpu;
	sched_timer(&m->cx);
	/* The deadline may be the same as before (a timer that fired early): arm it again in any case. */
	if (p->deadline_ns != TIME_NEVER)
		event_set(&m->events, m->slot_timer + cpu, p->deadline_ns > m->now ? p->deadline_ns : m->now);
	machine_settle(m);
}

static void ipi_due(struct machine *m, uint32_t cpu)
{
	interrupt(m, cpu);
	reschedule(m, cpu);
	m->cx.cpu = cpu;
	machine_settle(m);
}

static void warm_up_over(struct machine *m)
{
	int64_t now = m->s->warmup_ns;

	m->warm = true;
	m->warm_calls = m->cx.calls;
	for (uint32_t i = 0; i < m->nr_vcpus; i++) {
		struct sim_vcpu *sv = &m->vcpus[i];

		for (uint32_t r = 0; r < 4; r++)
			sv->base_ns[r] = vcpu_runstate_ns(sv->v, r, now);
		sv->base_parked_ns = sv->v->parked_ns;
		if (sv->v->pause_flags & VPF_parked)
			sv->base_parked_ns += now - sv->v->parked_entry_ns;
		sv->base_migrations = sv->v->migrations;
		sv->base_boosts = sv->v->boosts;
		sv->switches = 0;
		guest_reset_stats(&sv->guest, now);
	}
	for (int i = 0; i < m->s->nr_domains; i++) {
		turn_counts_reset(m->domains[i].d);
		if (m->domains[i].os)
			guest_os_reset(m->domains[i].os);
	}
	for (uint32_t c = 0; c < m->host->limits.pcpus; c++) {
		pcpu_t *p = &m->host->pcpus[c];

		m->pcpus[c].base_run_ns = now - vcpu_runstate_ns(p->idle, RUNSTATE_running, now);
		m->pcpus[c].base_switches = p->switches;
	}
}

void machine_run(struct machine *m, int64_t until_ns)
{
	struct event_queue *q = &m->events;

	for (;;) {
		int64_t at = event_next(q);
		uint32_t slot;

		if (!m->warm && at > m->s->warmup_ns && until_ns > m->s->warmup_ns)
			warm_up_over(m);
		if (at > until_ns || at == INT64_MAX)
			break;
		slot = event_pop(q);
		m->now = at;
		m->cx.now = at;
		m->nr_events++;
		if (slot < m->slot_wake)
			burst_done(m, slot);
		else if (slot < m->slot_script)
			wake_due(m, slot - m->slot_wake);
		else if (slot < m->slot_timer)
			machine_script(m, slot - m->slot_script);
		else if (slot < m->slot_ipi)
			timer_due(m, slot - m->slot_timer);
		else
			ipi_due(m, slot - m->slot_ipi);
	}
	if (m->now < until_ns) {
		m->now = until_ns;
		m->cx.now = until_ns;
	}
}

void machine_finish(struct machine *m)
{
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		guest_finish_stats(&m->vcpus[i].guest, m->now);
	for (int i = 0; i < m->s->nr_domains; i++)
		if (m->domains[i].os)
			rt_finish(m->domains[i].os, m->now);
	/* Nothing happens any more: the largest hosts need the room for their results. */
	event_queue_free(&m->events);
}

uint64_t machine_scheduler_events(const struct machine *m)
{
	return m->cx.calls;
}
