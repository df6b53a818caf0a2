// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A machine that people work on: domains come and go by command while it runs.
 *
 * All memory was laid out at the start, with room for more. A new domain takes a run of free places for its vCPUs and
 * the next free id; it is described by a scenario of its own, with the topology and the pools of this host and this one
 * domain, so that the reader of scenarios has checked it and it may have any workload. Times in it count from now.
 *
 * In a scenario a vCPU comes up when its workload first wakes it. Here it is up from the start, and blocked until then,
 * as that of a guest whose kernel has booted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/guest_os.h"
#include "sim/machine.h"
#include "trace/trace.h"

#define RETRY_NS 1000 /* as libxc repeats a command on EAGAIN: see script.c */
#define MAX_RETRIES 100000 /* 100 ms: three time slices, and a vCPU leaves its pCPU within an IPI */

static void bring_up(struct machine *m, uint32_t first, uint32_t n, uint32_t online)
{
	for (uint32_t i = first; i < first + n; i++) {
		vcpu_block(&m->cx, m->vcpus[i].v);
		if (i - first < online)
			vcpu_up(&m->cx, m->vcpus[i].v);
	}
	machine_settle(m);
}

struct machine *machine_create_live(const struct scenario *s, const struct machine_room *room, char *err, size_t errlen)
{
	struct machine *m = machine_create_room(s, room, TRACE_BASIC, NULL, NULL, err, errlen);

	if (!m)
		return NULL;
	m->warm = true; /* its statistics begin with the machine */
	bring_up(m, 0, m->nr_vcpus, m->nr_vcpus);
	return m;
}

/* The first of @n free places in a row, or -1. */
static int64_t free_places(const struct machine *m, uint32_t n)
{
	uint32_t run = 0;

	for (uint32_t i = 0; i < m->max_vcpus; i++) {
		run = m->vcpus[i].v ? 0 : run + 1;
		if (run == n)
			return (int64_t)i - n + 1;
	}
	return -1;
}

/* Ids go on rising and come round, as Xen's do: one that was just given up does not at once mean somebody else. */
static int64_t free_id(const struct machine *m)
{
	uint32_t own = (uint32_t)m->s->nr_domains, n = m->max_domains - own;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t id = own + (m->last_domain + 1 - own + i) % n;

		if (!m->domains[id].d)
			return id;
	}
	return -1;
}

/* Times of a workload count from the start of a run; this one starts now. */
static void start_now(struct machine *m, struct scn_domain *d)
{
	for (int i = 0; i < d->nr_vcpus; i++)
		d->vcpus[i].workload.start_ns += m->now;
}

static void clear_places(struct machine *m, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		event_clear(&m->events, i);
		event_clear(&m->events, m->slot_wake + i);
		memset(&m->vcpus[i], 0, sizeof(m->vcpus[i]));
	}
}

static int destroy(struct machine *m, void *arg)
{
	return domain_destroy(&m->cx, arg);
}

int machine_insist(struct machine *m, int (*fn)(struct machine *m, void *arg), void *arg)
{
	int ret = -SCHED_EAGAIN;

	for (int i = 0; ret == -SCHED_EAGAIN && i < MAX_RETRIES; i++) {
		if (i)
			machine_run(m, m->now + RETRY_NS);
		m->cx.cpu = 0;
		ret = fn(m, arg);
		machine_settle(m);
	}
	return ret;
}

int machine_remove_domain(struct machine *m, uint32_t id)
{
	struct sim_domain *sd = &m->domains[id];
	int ret;

	if (id >= m->max_domains || !sd->d)
		return -SCHED_ENOENT;
	ret = machine_insist(m, destroy, sd->d);
	if (ret)
		return ret;
	clear_places(m, sd->first_vcpu, sd->nr_vcpus);
	histogram_free(&sd->wake_latency);
	guest_os_free(sd->os);
	scenario_free(sd->own);
	memset(sd, 0, sizeof(*sd));
	return 0;
}

int machine_add_domain(struct machine *m, struct scenario *from, uint32_t pool, uint32_t online, char *err,
		       size_t errlen)
{
	struct scn_domain *scn = &from->domains[0];
	int64_t first = free_places(m, (uint32_t)scn->nr_vcpus), id = free_id(m);
	struct sim_domain *sd;
	bool bad;

	if (first < 0 || id < 0) {
		snprintf(err, errlen,
			 "the host has no room for %s: it was started with %u domains and %u vCPUs at most",
			 id < 0 ? "another domain" : "so many vCPUs", m->max_domains, m->max_vcpus);
		return -1;
	}
	sd = &m->domains[id];
	start_now(m, scn);
	m->cx.cpu = 0;
	bad = machine_setup_domain(m, scn, (uint32_t)id, pool, (uint32_t)first, err, errlen);
	for (int k = 0; !bad && k < scn->nr_vcpus; k++) {
		if (!machine_sched_vcpu(m, m->vcpus[first + k].v, &scn->vcpus[k].settings->sched))
			continue;
		snprintf(err, errlen, "the scheduler refuses these real-time parameters for vCPU %d", k);
		bad = true;
	}
	machine_settle(m);
	if (bad) {
		/* Places that got no vCPU are free as they are. */
		if (sd->d)
			machine_remove_domain(m, (uint32_t)id);
		return -1;
	}
	sd->own = from;
	m->last_domain = (uint32_t)id;
	bring_up(m, (uint32_t)first, sd->nr_vcpus, online);
	machine_first_wakes(m, (uint32_t)first, sd->nr_vcpus);
	return (int)id;
}
