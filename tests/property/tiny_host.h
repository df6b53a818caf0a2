/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest host the core can have: it carries out effects and nothing else. The tests of
 * src/sched drive the core through it rather than through the simulator, so that a bug of one
 * does not hide in the other.
 *
 * What it promises is what a real host does: a kicked pCPU schedules after the latency of an IPI
 * (0 = before the next event), the vCPU it left is saved some time later, and timers fire at
 * their deadline. Deadlines are the host's own copy, taken when the core reports a change: a
 * change that is not reported is found by tiny_check().
 */
#ifndef TINY_HOST_H
#define TINY_HOST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sched/sched.h"

#define TINY_CPUS 16
#define TINY_DOMAINS 8
#define TINY_VCPUS 40
#define TINY_POOLS 4
#define TINY_RECS 8192

struct tiny {
	host_t *h;
	void *mem, *shadow;
	size_t size;
	struct sched_call cx;
	struct trace_rec rec[TINY_RECS];
	u64 hash;
	u64 rng;
	u32 ncpu;
	s64 ipi_ns, save_ns; /* latencies are drawn from 0 .. these */
	s64 kick_at[TINY_CPUS], saved_at[TINY_CPUS], timer_at[TINY_CPUS]; /* TIME_NEVER: none */
	/* Called each time a pCPU has scheduled; may be NULL. */
	void (*scheduled)(struct tiny *t, pcpu_t *p, vcpu_t *prev);
	/* Called after every step; may be NULL. */
	void (*step)(struct tiny *t);
	void *arg;
	bool verbose; /* print the records */
	u32 last; /* the kind of the last event: for a failure's message */
	char where[256]; /* what a failure says of how to get there */
};

static inline u64 tiny_random(struct tiny *t)
{
	u64 z = t->rng += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline u32 tiny_below(struct tiny *t, u32 n)
{
	return (u32)(tiny_random(t) % n);
}

/* A test found something broken: say what, and how to see it again. */
__attribute__((format(printf, 2, 3))) static inline void tiny_broken(struct tiny *t, const char *fmt,
								       ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	fail_msg("at %lld ns: %s (last event: %u); %s", (long long)t->cx.now, what, t->last,
		 t->where);
}

/* Topology: threads of a core adjacent, cores of a node adjacent, as far as they go. */
static inline void tiny_init(struct tiny *t, u32 ncpu, u32 threads, u32 nodes)
{
	u32 core_of[TINY_CPUS], node_of[TINY_CPUS], cores = (ncpu + threads - 1) / threads;
	struct host_limits limits = { .pcpus = ncpu, .cores = cores, .nodes = nodes,
		.domains = TINY_DOMAINS, .vcpus = TINY_VCPUS, .pools = TINY_POOLS };

	assert_true(ncpu <= TINY_CPUS && nodes <= cores);
	for (u32 i = 0; i < ncpu; i++) {
		core_of[i] = i / threads;
		node_of[i] = core_of[i] * nodes / cores;
	}
	memset(t, 0, sizeof(*t));
	t->size = (host_size(&limits) + 63) & ~63ULL;
	t->mem = aligned_alloc(64, t->size);
	t->shadow = aligned_alloc(64, t->size);
	assert_non_null(t->mem);
	assert_non_null(t->shadow);
	memset(t->mem, 0, t->size);
	t->h = host_init(t->mem, &limits, core_of, node_of);
	assert_non_null(t->h);
	t->ncpu = ncpu;
	t->cx.host = t->h;
	t->cx.rec = t->rec;
	t->cx.max_rec = TINY_RECS;
	t->hash = 0xcbf29ce484222325ULL;
	for (u32 i = 0; i < TINY_CPUS; i++)
		t->kick_at[i] = t->saved_at[i] = t->timer_at[i] = TIME_NEVER;
}

static inline void tiny_free(struct tiny *t)
{
	free(t->mem);
	free(t->shadow);
}

/* Take the effects of the last call. */
static inline void tiny_effects(struct tiny *t)
{
	for (u32 i = 0; i < t->ncpu; i++) {
		bool kicked = mask_test(&t->cx.kick, i);

		if (kicked && !(t->cx.kick_words & 1))
			tiny_broken(t, "pCPU %u is in kick, but kick_words does not tell", i);
		if (kicked && t->kick_at[i] == TIME_NEVER)
			t->kick_at[i] = t->cx.now +
					(t->ipi_ns ? tiny_below(t, (u32)t->ipi_ns + 1) : 0);
		if (mask_test(&t->cx.rearm, i)) {
			if (!(t->cx.rearm_words & 1))
				tiny_broken(t, "pCPU %u is in rearm, but rearm_words not", i);
			t->timer_at[i] = t->h->pcpus[i].deadline_ns;
		}
	}
	mask_zero(&t->cx.kick);
	mask_zero(&t->cx.rearm);
	t->cx.kick_words = t->cx.rearm_words = 0;
	if (t->cx.lost_rec)
		tiny_broken(t, "%llu records lost", (unsigned long long)t->cx.lost_rec);
	for (u32 i = 0; i < t->cx.nr_rec; i++) {
		const struct trace_rec *r = &t->rec[i];

		if (t->verbose)
			fprintf(stderr, "%12lld cpu %2u %08x %x %x %x %x\n", (long long)r->time_ns,
				r->cpu, r->event, r->d[0], r->d[1], r->d[2], r->d[3]);
		const u64 w[5] = { (u64)r->time_ns, (u64)r->event << 32 | r->cpu,
				   (u64)r->d[0] << 32 | r->d[1], (u64)r->d[2] << 32 | r->d[3],
				   r->aux };

		for (u32 k = 0; k < 5; k++)
			t->hash = (t->hash ^ w[k]) * 0x100000001b3ULL;
	}
	t->cx.nr_rec = 0;
}

static inline void tiny_save(struct tiny *t, u32 cpu)
{
	t->saved_at[cpu] = TIME_NEVER;
	t->cx.cpu = cpu;
	context_saved(&t->cx);
	tiny_effects(t);
}

/* A kicked pCPU schedules; the state of whom it left before must be saved by then. */
static inline void tiny_schedule(struct tiny *t, u32 cpu)
{
	pcpu_t *p = &t->h->pcpus[cpu];
	vcpu_t *prev = p->curr;

	if (p->prev)
		tiny_save(t, cpu);
	t->kick_at[cpu] = TIME_NEVER;
	t->cx.cpu = cpu;
	schedule(&t->cx);
	tiny_effects(t);
	if (t->scheduled)
		t->scheduled(t, p, prev);
	if (!p->prev)
		return;
	if (p->prev != prev)
		tiny_broken(t, "pCPU %u left another vCPU than the one it ran", cpu);
	if (t->save_ns)
		t->saved_at[cpu] = t->cx.now + tiny_below(t, (u32)t->save_ns + 1);
	else
		tiny_save(t, cpu);
}

/* Everything that is due at this instant. Returns false when nothing was. */
static inline bool tiny_due(struct tiny *t)
{
	for (u32 i = 0; i < t->ncpu; i++)
		if (t->saved_at[i] <= t->cx.now) {
			tiny_save(t, i);
			return true;
		}
	for (u32 i = 0; i < t->ncpu; i++)
		if (t->kick_at[i] <= t->cx.now) {
			tiny_schedule(t, i);
			return true;
		}
	for (u32 i = 0; i < t->ncpu; i++)
		if (t->timer_at[i] <= t->cx.now) {
			t->cx.cpu = i;
			sched_timer(&t->cx);
			/* A one-shot timer is spent; the core says so if it wants another. */
			t->timer_at[i] = t->h->pcpus[i].deadline_ns;
			if (t->timer_at[i] <= t->cx.now)
				tiny_broken(t, "a timer of pCPU %u stays due", i);
			tiny_effects(t);
			return true;
		}
	return false;
}

/* Carry out the effects of the call that was made, and all that is due now. */
static inline void tiny_settle(struct tiny *t)
{
	tiny_effects(t);
	for (u32 n = 0; tiny_due(t); n++) {
		if (n > 100000)
			tiny_broken(t, "the core never comes to rest");
		if (t->step)
			t->step(t);
	}
}

/* Run the host until @until. */
static inline void tiny_run(struct tiny *t, s64 until)
{
	tiny_settle(t);
	for (;;) {
		s64 at = until;

		for (u32 i = 0; i < t->ncpu; i++) {
			at = t->saved_at[i] < at ? t->saved_at[i] : at;
			at = t->kick_at[i] < at ? t->kick_at[i] : at;
			at = t->timer_at[i] < at ? t->timer_at[i] : at;
		}
		if (at > t->cx.now)
			t->cx.now = at;
		tiny_settle(t);
		if (at >= until)
			return;
	}
}

/* Latency off: let all that is under way come to its end, at this instant. */
static inline void tiny_quiesce(struct tiny *t)
{
	s64 ipi = t->ipi_ns, save = t->save_ns;

	t->ipi_ns = t->save_ns = 0;
	for (u32 i = 0; i < t->ncpu; i++) {
		if (t->kick_at[i] != TIME_NEVER)
			t->kick_at[i] = t->cx.now;
		if (t->saved_at[i] != TIME_NEVER)
			t->saved_at[i] = t->cx.now;
	}
	tiny_settle(t);
	t->ipi_ns = ipi;
	t->save_ns = save;
}

/* Before a call that may be refused, and after one that was: nothing may have changed. */
static inline void tiny_remember(struct tiny *t)
{
	memcpy(t->shadow, t->mem, t->size);
}

static inline void tiny_unchanged(struct tiny *t, const char *call)
{
	if (memcmp(t->shadow, t->mem, t->size))
		tiny_broken(t, "%s was refused, and yet changed the host", call);
	if (t->cx.kick_words || t->cx.rearm_words || t->cx.nr_rec)
		tiny_broken(t, "%s was refused, and yet had effects", call);
}

/* The vCPUs of a domain, in order. */
#define tiny_each_vcpu(v, d) \
	for (vcpu_t *v = link_of((d)->vcpus.next, vcpu_t, domain_link); \
	     &v->domain_link != &(d)->vcpus; v = link_of(v->domain_link.next, vcpu_t, domain_link))

static inline vcpu_t *tiny_vcpu(domain_t *d, u32 n)
{
	tiny_each_vcpu(v, d)
		if (v->id == n)
			return v;
	return NULL;
}

static inline cpumask_t *tiny_mask(cpumask_t *m, u64 bits)
{
	mask_zero(m);
	m->w[0] = bits;
	return m;
}

/* A pool with the pCPUs of @cpus. */
static inline cpupool_t *tiny_pool(struct tiny *t, s32 id, u64 cpus)
{
	assert_int_equal(cpupool_create(&t->cx, id, SCHED_ID_credit), id);
	for (u32 i = 0; i < t->ncpu; i++)
		if (cpus >> i & 1)
			assert_int_equal(cpupool_add_cpu(&t->cx, id, (s32)i), 0);
	tiny_settle(t);
	return &t->h->pools[id];
}

/* A domain of vCPUs that are up; @hard: affinity of each, 0 = all. */
static inline domain_t *tiny_domain(struct tiny *t, cpupool_t *pool, u32 nr_vcpus, u64 hard)
{
	domain_t *d = domain_create(&t->cx, pool, -1);
	struct cpumask m;

	assert_non_null(d);
	for (u32 i = 0; i < nr_vcpus; i++) {
		vcpu_t *v = vcpu_create(&t->cx, d, hard ? tiny_mask(&m, hard) : NULL, NULL);

		assert_non_null(v);
		vcpu_up(&t->cx, v);
		tiny_settle(t);
	}
	return d;
}

#endif
