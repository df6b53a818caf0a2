// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reconstruction of CPU demand from runstate changes (see import_demand.h).
 *
 * Each vCPU is walked through its changes in time order. Its first change tells in which state it
 * was before, and so since the start of the recording; its last state holds to the end. `wants` is
 * true from a wake-up to the moment the vCPU blocks; the CPU time got in between is one burst. A
 * change that doesn't fit the state we hold (records lost, or clocks of two pCPUs apart by less
 * than one change) is believed: the time since the last change counts as the state that the record
 * names, and the break is counted.
 *
 * The burst that the end of the recording cuts is only known to be at least so long. It is taken as
 * the mean of the vCPU's complete bursts, or as endless when it is already longer than all of them.
 */
#include "trace/import_demand.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/replay.h"

#define HASH_SIZE (4 * IMP_MAX_VCPUS) /* a power of two, a quarter full at most */
#define NS_PER_SEC UINT64_C(1000000000)
#define GONE_NS \
	INT64_C(1000000000) /* offline for so long at the end, and more than ever before: it left */

struct imp_recording *imp_new(const char *path)
{
	struct imp_recording *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->path = path;
	r->hash = calloc(HASH_SIZE, sizeof(*r->hash));
	if (!r->hash) {
		free(r);
		return NULL;
	}
	return r;
}

void imp_free(struct imp_recording *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->nr_vcpus; i++)
		free(r->vcpus[i].burst);
	free(r->vcpus);
	free(r->events);
	free(r->hash);
	free(r->domains);
	free(r->pools);
	free(r);
}

int imp_fail(struct imp_recording *r, int error, const char *fmt, ...)
{
	int n = snprintf(r->err, sizeof(r->err), "%s: ", r->path);
	va_list ap;

	if (n < 0 || (size_t)n >= sizeof(r->err))
		return error;
	va_start(ap, fmt);
	vsnprintf(r->err + n, sizeof(r->err) - (size_t)n, fmt, ap);
	va_end(ap);
	return error;
}

int64_t imp_vcpu(struct imp_recording *r, uint64_t key)
{
	uint32_t slot = (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (HASH_SIZE - 1);
	struct imp_vcpu *bigger;

	for (; r->hash[slot]; slot = (slot + 1) & (HASH_SIZE - 1))
		if (r->vcpus[r->hash[slot] - 1].key == key)
			return r->hash[slot] - 1;
	if (r->nr_vcpus == IMP_MAX_VCPUS)
		return imp_fail(r, -E2BIG, "more than %d vCPUs; record fewer domains or tasks",
				IMP_MAX_VCPUS);
	if (r->nr_vcpus == r->room_vcpus) {
		r->room_vcpus = r->room_vcpus ? r->room_vcpus * 2 : 16;
		bigger = realloc(r->vcpus, r->room_vcpus * sizeof(*bigger));
		if (!bigger)
			return imp_fail(r, -ENOMEM, "out of memory");
		r->vcpus = bigger;
	}
	r->vcpus[r->nr_vcpus] = (struct imp_vcpu){ .key = key, .state = -1, .tgid = -1 };
	r->hash[slot] = ++r->nr_vcpus;
	return r->nr_vcpus - 1;
}

int imp_add(struct imp_recording *r, struct imp_event e)
{
	struct imp_event *bigger;

	if (r->nr_events == IMP_MAX_EVENTS)
		return imp_fail(r, -E2BIG,
				"more than %u runstate changes; import a shorter recording",
				IMP_MAX_EVENTS);
	if (r->nr_events == r->room_events) {
		r->room_events = r->room_events ? r->room_events * 2 : 1024;
		bigger = realloc(r->events, r->room_events * sizeof(*bigger));
		if (!bigger)
			return imp_fail(r, -ENOMEM, "out of memory");
		r->events = bigger;
	}
	e.seq = r->nr_events;
	r->events[r->nr_events++] = e;
	if (e.cpu != IMP_NO_CPU)
		imp_set_bit(r->pcpus, e.cpu);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct imp_event *x = a, *y = b;

	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int push_burst(struct imp_recording *r, struct imp_vcpu *v, struct imp_burst b)
{
	struct imp_burst *bigger;

	if (v->nr_bursts == v->room) {
		v->room = v->room ? v->room * 2 : 8;
		bigger = realloc(v->burst, v->room * sizeof(*bigger));
		if (!bigger)
			return imp_fail(r, -ENOMEM, "out of memory");
		v->burst = bigger;
	}
	v->burst[v->nr_bursts++] = b;
	return 0;
}

/* Count the time since the last change as spent in the state the vCPU was in. */
static void account(struct imp_vcpu *v, int64_t now_ns)
{
	if (v->state < 0)
		return;
	v->time_ns[v->state] += now_ns - v->since_ns;
	if (v->state == IMP_RUNNING)
		v->got_ns += now_ns - v->since_ns;
	if (v->state == IMP_OFFLINE && now_ns - v->since_ns > v->longest_offline_ns)
		v->longest_offline_ns = now_ns - v->since_ns;
	v->since_ns = now_ns;
}

/* The vCPU is in state @to from now on. */
static int enter(struct imp_recording *r, struct imp_vcpu *v, int to, int64_t now_ns)
{
	int rc = 0;

	if ((to == IMP_RUNNING || to == IMP_RUNNABLE) && !v->wants) {
		v->wants = true;
		v->wake_ns = now_ns;
		v->got_ns = 0;
	}
	if (to == IMP_BLOCKED && v->wants) {
		/*
		 * Woken and asleep again without a run: it asked for nothing that we could give
		 * back.
		 */
		if (v->got_ns > 0)
			rc = push_burst(r, v, (struct imp_burst){ v->wake_ns, v->got_ns, now_ns });
		v->wants = false;
	}
	if (to == IMP_RUNNING && v->state != IMP_RUNNING)
		v->switches++;
	v->state = to;
	return rc;
}

static int apply(struct imp_recording *r, const struct imp_event *e, int64_t now_ns)
{
	struct imp_vcpu *v = &r->vcpus[e->vcpu];
	int from = e->from, rc = 0;

	if (e->cpu != IMP_NO_CPU)
		imp_set_bit(v->pcpus, e->cpu);
	if (v->state < 0) {
		/* What it was before the first change, it was since the recording began. */
		v->since_ns = 0;
		rc = enter(r, v, from == IMP_ANY ? e->unseen : from, 0);
	} else if (from != IMP_ANY && from != v->state) {
		v->breaks++;
		rc = enter(r, v, from, v->since_ns);
	}
	if (rc)
		return rc;
	if (e->weak && (v->state == IMP_RUNNING || v->state == IMP_RUNNABLE))
		return 0;
	account(v, now_ns);
	return enter(r, v, e->to, now_ns);
}

/* The demand that is still open when the recording ends. */
static int finish(struct imp_recording *r, struct imp_vcpu *v)
{
	int64_t longest = 0, sum = 0, run;
	int64_t tail = r->span_ns - v->since_ns, parked = v->longest_offline_ns;

	account(v, r->span_ns);
	v->hog = v->wants && v->nr_bursts == 0 && v->time_ns[IMP_BLOCKED] == 0;
	run = v->got_ns;
	if (!v->wants)
		return 0;
	/*
	 * A capped vCPU is parked (offline) again and again, one that is paused or destroyed goes
	 * once, and for good.
	 */
	if (v->state == IMP_OFFLINE && tail > GONE_NS && tail > 2 * parked) {
		v->hog = false;
		if (run == 0)
			return 0;
		return push_burst(r, v, (struct imp_burst){ v->wake_ns, run, r->span_ns - tail });
	}
	for (size_t i = 0; i < v->nr_bursts; i++) {
		sum += v->burst[i].run_ns;
		if (v->burst[i].run_ns > longest)
			longest = v->burst[i].run_ns;
	}
	if (run >= longest)
		run = REPLAY_INF;
	else if (run < sum / (int64_t)v->nr_bursts)
		run = sum / (int64_t)v->nr_bursts;
	return push_burst(r, v, (struct imp_burst){ v->wake_ns, run, r->span_ns });
}

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Median of the distances from the median; sorts @x. */
static int64_t spread(int64_t *x, size_t n)
{
	int64_t median;

	qsort(x, n, sizeof(*x), by_value);
	median = x[n / 2];
	for (size_t i = 0; i < n; i++)
		x[i] = x[i] > median ? x[i] - median : median - x[i];
	qsort(x, n, sizeof(*x), by_value);
	return x[n / 2];
}

/*
 * A timer repeats its wake times, an I/O loop the gap between a burst and the next wake-up.
 * Absolute times are the default, because they keep a replay in step with the recording; the gaps
 * must be clearly (twice) the more regular.
 */
static int choose_timing(struct imp_recording *r, struct imp_vcpu *v)
{
	size_t n = v->nr_bursts ? v->nr_bursts - 1 : 0;
	int64_t *period, *gap;

	if (n < 8)
		return 0;
	period = calloc(2 * n, sizeof(*period));
	if (!period)
		return imp_fail(r, -ENOMEM, "out of memory");
	gap = period + n;
	for (size_t i = 0; i < n; i++) {
		period[i] = v->burst[i + 1].wake_ns - v->burst[i].wake_ns;
		gap[i] = v->burst[i + 1].wake_ns - v->burst[i].end_ns;
	}
	v->relative = spread(gap, n) < spread(period, n) / 2;
	free(period);
	return 0;
}

static int64_t ticks_to_ns(uint64_t ticks, uint64_t hz)
{
	/* hz is at most 10^10, so neither product leaves 64 bits within a day. */
	return (int64_t)(ticks / hz * NS_PER_SEC + ticks % hz * NS_PER_SEC / hz);
}

int import_rebuild(struct imp_recording *r, enum imp_wakes wakes)
{
	uint64_t first;
	int rc;

	if (r->nr_events == 0)
		return imp_fail(
			r, -ENODATA,
			"holds no runstate change of any vCPU; record with the scheduler's events on");
	qsort(r->events, r->nr_events, sizeof(*r->events), by_time);
	first = r->events[0].ticks;
	if ((r->events[r->nr_events - 1].ticks - first) / r->hz >= IMP_MAX_SPAN_NS / NS_PER_SEC)
		return imp_fail(
			r, -ERANGE,
			"spans more than a day by its clock at %llu Hz; the file is damaged or the "
			"frequency wrong (--tsc-hz)",
			(unsigned long long)r->hz);
	r->span_ns = ticks_to_ns(r->events[r->nr_events - 1].ticks - first, r->hz);
	if (r->span_ns == 0)
		return imp_fail(r, -ENODATA, "holds a single instant; record for longer");
	for (uint32_t i = 0; i < r->nr_events; i++) {
		rc = apply(r, &r->events[i], ticks_to_ns(r->events[i].ticks - first, r->hz));
		if (rc)
			return rc;
	}
	for (uint32_t i = 0; i < r->nr_vcpus; i++) {
		struct imp_vcpu *v = &r->vcpus[i];

		rc = v->state < 0 ? 0 : finish(r, v);
		if (!rc && wakes == IMP_WAKES_AUTO)
			rc = choose_timing(r, v);
		else
			v->relative = wakes == IMP_WAKES_RELATIVE;
		if (rc)
			return rc;
	}
	return 0;
}
