// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which domains and cpupools a recording shows.
 *
 * A recording doesn't say which cpupool a pCPU was in. But a domain never runs outside its pool, so
 * pCPUs that shared a domain are in one pool, and pCPUs that shared none are taken to be in
 * different ones (the usual set-up of an experiment: Domain-0 alone on pCPU 0). The guess can split
 * a pool whose domains happened never to mix; then the user says so (--one-pool).
 */
#include "trace/import_demand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPU_WORDS (SCHED_MAX_PCPUS / 64)

static bool any(const uint64_t *map)
{
	for (int w = 0; w < CPU_WORDS; w++)
		if (map[w])
			return true;
	return false;
}

static bool overlap(const uint64_t *a, const uint64_t *b)
{
	for (int w = 0; w < CPU_WORDS; w++)
		if (a[w] & b[w])
			return true;
	return false;
}

static void join(uint64_t *to, const uint64_t *from)
{
	for (int w = 0; w < CPU_WORDS; w++)
		to[w] |= from[w];
}

static void restrict_to(uint64_t *map, const uint64_t *only)
{
	for (int w = 0; only && w < CPU_WORDS; w++)
		map[w] &= only[w];
}

static int by_domain(const void *a, const void *b)
{
	const struct imp_vcpu *x = a, *y = b;

	if (x->domain_key != y->domain_key)
		return x->domain_key < y->domain_key ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

/* Left out: not selected, never wanted the CPU, or ran only on pCPUs that nobody asked for. */
static void drop_unwanted(struct imp_vcpu *v, const uint64_t *only)
{
	if (!v->nr_bursts)
		v->skip = true;
	if (only && any(v->pcpus) && !overlap(v->pcpus, only))
		v->skip = true;
	restrict_to(v->pcpus, only);
}

static int make_domains(struct imp_recording *r)
{
	struct imp_domain *d = NULL;

	r->domains = calloc(r->nr_vcpus + 1, sizeof(*r->domains));
	if (!r->domains)
		return imp_fail(r, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < r->nr_vcpus; i++) {
		struct imp_vcpu *v = &r->vcpus[i];

		if (v->skip)
			continue;
		if (!d || d->key != v->domain_key) {
			d = &r->domains[r->nr_domains++];
			*d = (struct imp_domain){ .key = v->domain_key, .weight = 256, .pool = -1 };
			snprintf(d->name, sizeof(d->name), "%s", v->domain_name);
		}
		if (d->nr_vcpus == SCHED_MAX_DOMAIN_VCPUS)
			return imp_fail(r, -E2BIG,
					"domain %s has more than %d vCPUs; select fewer tasks",
					d->name, SCHED_MAX_DOMAIN_VCPUS);
		d->nr_vcpus++;
		v->domain = r->nr_domains - 1;
		join(d->pcpus, v->pcpus);
	}
	if (!r->nr_domains)
		return imp_fail(
			r, -ENODATA,
			"no vCPU in it wanted the CPU on the pCPUs chosen; nothing to replay");
	return 0;
}

/* Merge pools until no two share a pCPU; quadratic in at most SCHED_MAX_PCPUS pools. */
static void merge_pools(struct imp_recording *r, bool one_pool)
{
	for (uint32_t i = 0; i < r->nr_pools; i++) {
		for (uint32_t j = i + 1; j < r->nr_pools; j++) {
			if (!one_pool && !overlap(r->pools[i].pcpus, r->pools[j].pcpus))
				continue;
			join(r->pools[i].pcpus, r->pools[j].pcpus);
			r->pools[j] = r->pools[--r->nr_pools];
			j = i; /* it has grown: look at all behind it again */
		}
	}
}

static uint32_t lowest(const uint64_t *map)
{
	uint32_t n = 0;

	while (n < SCHED_MAX_PCPUS && !imp_bit(map, n))
		n++;
	return n;
}

static int by_lowest(const void *a, const void *b)
{
	uint32_t x = lowest(((const struct imp_pool *)a)->pcpus),
		 y = lowest(((const struct imp_pool *)b)->pcpus);

	return x < y ? -1 : x > y;
}

static int make_pools(struct imp_recording *r, const uint64_t *only, bool one_pool)
{
	r->pools = calloc(r->nr_domains + 1, sizeof(*r->pools));
	if (!r->pools)
		return imp_fail(r, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < r->nr_domains; i++) {
		if (!any(r->domains[i].pcpus))
			continue;
		join(r->pools[r->nr_pools++].pcpus, r->domains[i].pcpus);
		merge_pools(r, one_pool);
	}
	restrict_to(r->pcpus, only);
	/* Nobody ran at all (or no record says where): what was seen is the pool. */
	if (!r->nr_pools) {
		join(r->pools[0].pcpus, r->pcpus);
		r->nr_pools = 1;
	}
	/*
	 * An idle pCPU belongs to the only pool there is; with several, none can be named and it is
	 * left out.
	 */
	if (r->nr_pools == 1)
		join(r->pools[0].pcpus, only ? only : r->pcpus);
	if (!any(r->pools[0].pcpus))
		return imp_fail(r, -ENODATA,
				"no record says on which pCPU anything ran; give them with --cpus");
	qsort(r->pools, r->nr_pools, sizeof(*r->pools), by_lowest);
	memset(r->pcpus, 0, sizeof(r->pcpus));
	for (uint32_t i = 0; i < r->nr_pools; i++) {
		join(r->pcpus, r->pools[i].pcpus);
		for (uint32_t c = 0; c < SCHED_MAX_PCPUS && !r->pools[i].recorded_sched; c++)
			if (imp_bit(r->pools[i].pcpus, c))
				r->pools[i].recorded_sched = r->sched_of[c];
	}
	return 0;
}

int import_domains(struct imp_recording *r, const uint64_t *only, bool one_pool)
{
	int rc;

	for (uint32_t i = 0; i < r->nr_vcpus; i++)
		drop_unwanted(&r->vcpus[i], only);
	/*
	 * The order of the array changes here: the changes and the hash, which hold indices, are
	 * done with.
	 */
	free(r->events);
	r->events = NULL;
	r->nr_events = 0;
	r->room_events = 0;
	qsort(r->vcpus, r->nr_vcpus, sizeof(*r->vcpus), by_domain);
	rc = make_domains(r);
	if (!rc)
		rc = make_pools(r, only, one_pool);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < r->nr_domains; i++) {
		struct imp_domain *d = &r->domains[i];

		/*
		 * A domain that never ran tells no pCPU; it waited in the last pool, where the
		 * guests are.
		 */
		d->pool = (int)r->nr_pools - 1;
		for (uint32_t p = 0; p < r->nr_pools; p++)
			if (overlap(d->pcpus, r->pools[p].pcpus))
				d->pool = (int)p;
	}
	return 0;
}
