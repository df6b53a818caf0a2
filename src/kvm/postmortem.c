// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core's state as text, for the log: written when the kernel has thrown the scheduler out for an error. The arena
 * still holds everything as it was then, so that a stall or a lost wake-up can be understood afterwards.
 */
#include <inttypes.h>

#include "kvm/postmortem.h"

#define MAX_LINES 512

/* "d1v0"; idle vCPUs "idle". */
static const char *name_of(const struct live_host *lh, vcpu_t *v, char *text, size_t size)
{
	host_t *h = lh->g->host;

	if (!v)
		return "-";
	if (v < h->vcpus || v >= h->vcpus + h->limits.vcpus + h->limits.pcpus)
		return "?";
	if (v->is_idle)
		return "idle";
	snprintf(text, size, "d%uv%u", v->domain->id, v->id);
	return text;
}

static void vcpu_line(const struct live_host *lh, vcpu_t *v, FILE *out, s64 now)
{
	static const char *const states[] = { "running", "runnable", "blocked", "offline" };

	fprintf(out,
		"  d%uv%u pid %u cpu %u last %d %s for %" PRId64
		" ms%s flags %#x paused %u/%u queued %u class %u credit %" PRId64 " us cap %" PRId64 " us\n",
		v->domain->id, v->id, lh->g->vcpus[v->index].pid, v->processor->id, v->last_cpu,
		states[v->runstate & 3], (int64_t)((now - v->runstate_entry_ns) / MSEC),
		v->is_running ? ", on a pCPU" : "", v->pause_flags, v->pause_count, v->domain->pause_count,
		v->credit.queued, v->credit.pri, (int64_t)(v->credit.credit_ns / USEC),
		(int64_t)(v->credit.cap_ns / USEC));
}

void postmortem(const struct live_host *lh, FILE *out)
{
	static vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	host_t *h = lh->g->host;
	s64 now = live_now();
	u32 lines = 0;
	char a[32], b[32];

	for (u32 i = 0; i < h->limits.pcpus; i++) {
		pcpu_t *p = &h->pcpus[i];

		if (!p->pool)
			continue;
		fprintf(out,
			"  cpu %u: curr %s prev %s%s queued %u deadline in %" PRId64 " us, %" PRIu64
			" schedules, %" PRIu64 " switches\n",
			i, name_of(lh, p->curr, a, sizeof(a)), name_of(lh, p->prev, b, sizeof(b)),
			p->resched ? " wants to schedule" : "", p->credit.nr_queued,
			(int64_t)((p->deadline_ns - now) / USEC), (uint64_t)p->schedules, (uint64_t)p->switches);
	}
	for (u32 id = 0; id < h->limits.domains; id++) {
		u32 n = h->domains[id].used ? live_host_vcpus(lh, id, vcpus, SCHED_MAX_DOMAIN_VCPUS) : 0;

		for (u32 i = 0; i < n && lines < MAX_LINES; i++, lines++)
			if (vcpus[i]->processor)
				vcpu_line(lh, vcpus[i], out, now);
	}
}
