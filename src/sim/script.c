/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scripted events of a scenario: what an operator types and a device does while the host runs.
 *
 * A command that the core can't finish at once (a pCPU leaves its pool, a domain moves, while a vCPU of it runs) is
 * repeated a microsecond later, as libxc does on EAGAIN. One that the core refuses is counted, and the first refusal
 * is kept in words.
 */
#include <stdio.h>
#include <string.h>

#include "sim/machine.h"

#define RETRY_NS 1000

static const char *error_text(int err)
{
	switch (err) {
	case SCHED_EINVAL:
		return "invalid (EINVAL)";
	case SCHED_EEXIST:
		return "it has a scheduling domain already (EEXIST)";
	case SCHED_EOPNOTSUPP:
		return "the pool's scheduler can't do that (EOPNOTSUPP)";
	case SCHED_EBUSY:
		return "busy (EBUSY)";
	case SCHED_ENODEV:
		return "no such free pCPU (ENODEV)";
	case SCHED_ENOENT:
		return "no such pool, or it has no pCPU; or no scheduling domain (ENOENT)";
	case SCHED_EADDRNOTAVAIL:
		return "that pCPU is not in the pool (EADDRNOTAVAIL)";
	case SCHED_EADDRINUSE:
		return "a vCPU is pinned there for the moment (EADDRINUSE)";
	case SCHED_EOVERFLOW:
		return "paused too often (EOVERFLOW)";
	case SCHED_EPERM:
		return "the pool does not admit it: ";
	default:
		return "refused";
	}
}

static void refuse(struct machine *m, const struct scn_event *e, int err)
{
	if (!m->refused++)
		snprintf(m->refusal, sizeof(m->refusal), "%s:%d: at %lld.%06lld s: %s%s", m->s->path, e->line,
			 (long long)(m->now / 1000000000), (long long)(m->now % 1000000000 / 1000), error_text(-err),
			 err == -SCHED_EPERM ? m->why : "");
}

/* Call @fn for the vCPU the event names, or for all of the domain. Returns the first error. */
static int each_vcpu(struct machine *m, const struct scn_event *e,
		     int (*fn)(struct machine *, const struct scn_event *, vcpu_t *))
{
	struct sim_domain *d = &m->domains[e->domain];
	int ret = 0;

	for (uint32_t i = 0; i < d->nr_vcpus && !ret; i++)
		if (e->vcpu < 0 || (uint32_t)e->vcpu == i)
			ret = fn(m, e, m->vcpus[d->first_vcpu + i].v);
	return ret;
}

static int pin(struct machine *m, const struct scn_event *e, vcpu_t *v)
{
	struct cpumask mask;

	memcpy(mask.w, e->cpus.w, sizeof(mask.w));
	return e->kind == SCN_EV_PIN ? vcpu_set_affinity(&m->cx, v, &mask, NULL) :
				       vcpu_set_affinity(&m->cx, v, NULL, &mask);
}

/* A pinned vCPU must still be guaranteed what it was promised; all that the event names are judged together. */
static int pin_all(struct machine *m, const struct scn_event *e, domain_t *d)
{
	struct cpumask hard;
	struct admission_change change = { .d = d, .hard = &hard, .vcpu = e->vcpu };

	memcpy(hard.w, e->cpus.w, sizeof(hard.w));
	if (e->kind == SCN_EV_PIN && machine_admission(m, d->pool->id, &change, m->why, sizeof(m->why)))
		return -SCHED_EPERM;
	return each_vcpu(m, e, pin);
}

/* The pool is asked first; where a partitioned one then put somebody may be another matter, which is told of. */
static int settled(struct machine *m, uint32_t pool)
{
	if (machine_admission_mode(m, pool, NULL) == SCN_ADMISSION_ENFORCE &&
	    machine_admits(m, pool, NULL, m->why, sizeof(m->why)) == 1 && !m->not_guaranteed++)
		snprintf(m->no_guarantee, sizeof(m->no_guarantee), "pool %s: %s", m->s->pools[pool].name, m->why);
	return 0;
}

static int move(struct machine *m, const struct scn_event *e, domain_t *d)
{
	struct admission_change change = { .d = d, .joins = true };
	int ret;

	if (d->pool->id != (u32)e->pool && machine_admission(m, (u32)e->pool, &change, m->why, sizeof(m->why)))
		return -SCHED_EPERM;
	ret = cpupool_move_domain(&m->cx, d, e->pool);
	return ret ? ret : settled(m, (u32)e->pool);
}

static int yield(struct machine *m, const struct scn_event *e, vcpu_t *v)
{
	(void)e;
	if (v->processor->curr != v)
		return 0; /* a guest that does not run can't yield */
	m->cx.cpu = v->processor->id;
	vcpu_yield(&m->cx, v);
	return 0;
}

static int irq(struct machine *m, const struct scn_event *e, vcpu_t *v)
{
	struct sim_vcpu *sv = &m->vcpus[v->host_data];
	uint32_t slot = (uint32_t)v->host_data;

	if (guest_irq(&sv->guest, m->now, e->cost_ns)) {
		machine_wake(m, sv);
	} else if (sv->guest.running) {
		int64_t end = guest_delay(&sv->guest, 0);

		if (end != GUEST_FOREVER)
			event_set(&m->events, slot, end);
	} else {
		vcpu_interrupt(&m->cx, v, false);
	}
	return 0;
}

static int plug(struct machine *m, const struct scn_event *e, vcpu_t *v)
{
	if (e->kind == SCN_EV_DOWN)
		vcpu_down(&m->cx, v);
	else if (v->pause_flags & VPF_down)
		vcpu_up(&m->cx, v);
	return 0;
}

static int add_cpus(struct machine *m, const struct scn_event *e)
{
	int ret = 0;

	for (int c = 0; c < m->s->nr_pcpus && !ret; c++)
		if (e->cpus.w[c / 64] >> (c % 64) & 1)
			ret = cpupool_add_cpu(&m->cx, e->pool, c);
	return ret;
}

static int remove_cpus(struct machine *m, const struct scn_event *e)
{
	struct cpumask without;
	struct admission_change change = { .without = &without };

	memcpy(without.w, e->cpus.w, sizeof(without.w));
	if (machine_admission(m, (u32)e->pool, &change, m->why, sizeof(m->why)))
		return -SCHED_EPERM;
	for (int c = 0; c < m->s->nr_pcpus; c++) {
		int ret;

		if (!(e->cpus.w[c / 64] >> (c % 64) & 1) || !m->host->pcpus[c].pool)
			continue;
		ret = cpupool_rm_cpu(&m->cx, e->pool, c);
		if (ret)
			return ret;
	}
	return settled(m, (u32)e->pool);
}

/* Who was woken while it was paused waits for a pCPU from now on, not from then. */
static int unpause(struct machine *m, const struct scn_event *e, domain_t *d, vcpu_t *v)
{
	const struct sim_domain *sd = &m->domains[e->domain];

	for (uint32_t i = 0; i < sd->nr_vcpus; i++) {
		struct sim_vcpu *sv = &m->vcpus[sd->first_vcpu + i];

		if (sv->woken_ns >= 0 && (!v || sv->v == v))
			sv->woken_ns = m->now;
	}
	return v ? vcpu_unpause(&m->cx, v) : domain_unpause(&m->cx, d);
}

static int carry_out(struct machine *m, const struct scn_event *e)
{
	struct sim_domain *sd = &m->domains[e->domain >= 0 ? e->domain : 0];
	domain_t *d = sd->d;
	vcpu_t *v = e->vcpu >= 0 ? m->vcpus[sd->first_vcpu + (uint32_t)e->vcpu].v : NULL;

	switch (e->kind) {
	case SCN_EV_PAUSE:
		return v ? vcpu_pause(&m->cx, v) : domain_pause(&m->cx, d);
	case SCN_EV_UNPAUSE:
		return unpause(m, e, d, v);
	case SCN_EV_WEIGHT:
		return sched_adjust(&m->cx, d, (s32)e->value, -1);
	case SCN_EV_CAP:
		return sched_adjust(&m->cx, d, 0, (s32)e->value);
	case SCN_EV_PIN:
	case SCN_EV_PIN_SOFT:
		return pin_all(m, e, d);
	case SCN_EV_YIELD:
		return each_vcpu(m, e, yield);
	case SCN_EV_IRQ:
		return each_vcpu(m, e, irq);
	case SCN_EV_MOVE:
		return move(m, e, d);
	case SCN_EV_ATTACH:
		return sdom_attach(&m->cx, m->domains[e->sdom].d, d);
	case SCN_EV_DETACH:
		return sdom_detach(&m->cx, d);
	case SCN_EV_DOWN:
	case SCN_EV_UP:
		return each_vcpu(m, e, plug);
	case SCN_EV_SCHED:
		return machine_sched_domain(m, (uint32_t)e->domain, e->vcpu, &e->sched);
	case SCN_EV_POOL_SCHED:
		return machine_sched_pool(m, &m->host->pools[e->pool], &e->sched);
	case SCN_EV_CPU_REMOVE:
		return remove_cpus(m, e);
	case SCN_EV_CPU_ADD:
		return add_cpus(m, e);
	}
	return -SCHED_EINVAL;
}

void machine_script(struct machine *m, uint32_t i)
{
	const struct scn_event *e = &m->s->events[i];
	int ret;

	if (e->domain >= 0 && !m->domains[e->domain].d)
		return; /* destroyed by command */
	m->cx.cpu = 0;
	ret = carry_out(m, e);
	machine_settle(m);
	if (ret == -SCHED_EAGAIN)
		event_set(&m->events, m->slot_script + i, m->now + RETRY_NS);
	else if (ret)
		refuse(m, e, ret);
	else if (e->every_ns)
		event_set(&m->events, m->slot_script + i, m->now + e->every_ns);
}
