// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of reservations on the simulated host that can't be guaranteed (admit.c judges them).
 *
 * A pool that doesn't say enforces as soon as one of its vCPUs was given a budget: that is what asks for a guarantee.
 * Where all have what the policy gives to everybody (under RTDS that and what is left over), there is nothing to break.
 */
#include <stdio.h>

#include "sim/machine.h"

static domain_t *domain_at(const void *arg, u32 i)
{
	const struct machine *m = arg;

	return m->domains[i].d;
}

static const char *name_of(const void *arg, u32 i)
{
	const struct machine *m = arg;

	return m->domains[i].own ? m->domains[i].own->domains[0].name : m->s->domains[i].name;
}

static u32 vcpus_at(const void *arg, u32 i, vcpu_t **vcpus, u32 max)
{
	const struct machine *m = arg;
	const struct sim_domain *d = &m->domains[i];
	u32 n = d->nr_vcpus < max ? d->nr_vcpus : max;

	for (u32 k = 0; k < n; k++)
		vcpus[k] = m->vcpus[d->first_vcpu + k].v;
	return n;
}

int machine_admits(const struct machine *m, uint32_t pool, const struct admission_change *change, char *why, size_t len)
{
	const struct admit_host a = {
		.host = m->host,
		.arg = m,
		.max_domains = m->max_domains,
		.domain = domain_at,
		.name = name_of,
		.vcpus = vcpus_at,
	};

	return admit_pool(&a, &m->host->pools[pool], change, why, len);
}

/* Is it in the pool, or about to be? */
static bool belongs(const struct admission_change *change, domain_t *d, const cpupool_t *pool)
{
	return d && (d->pool == pool || (change && change->joins && change->d == d));
}

enum scn_admission machine_admission_mode(const struct machine *m, uint32_t pool, const struct admission_change *change)
{
	const cpupool_t *p = &m->host->pools[pool];
	enum scn_admission mode = pool < (uint32_t)m->s->nr_pools ? m->s->pools[pool].admission : SCN_ADMISSION_ASKED;

	if (!admit_is_rt(p))
		return SCN_ADMISSION_OFF;
	if (mode == SCN_ADMISSION_ASKED)
		mode = m->s->admission;
	if (mode != SCN_ADMISSION_ASKED)
		return mode;
	for (uint32_t i = 0; i < m->max_domains; i++) {
		const struct sim_domain *d = &m->domains[i];

		for (uint32_t k = 0; belongs(change, d->d, p) && k < d->nr_vcpus; k++)
			if (m->vcpus[d->first_vcpu + k].v->rt_given || (change && change->d == d->d && change->params))
				return SCN_ADMISSION_ENFORCE;
	}
	return SCN_ADMISSION_OFF;
}

int machine_admission(struct machine *m, uint32_t pool, const struct admission_change *change, char *why, size_t len)
{
	enum scn_admission mode = machine_admission_mode(m, pool, change);
	int ret = mode == SCN_ADMISSION_OFF ? 0 : machine_admits(m, pool, change, why, len);

	if (ret <= 0 || mode == SCN_ADMISSION_ENFORCE)
		return ret;
	if (!m->not_guaranteed++)
		snprintf(m->no_guarantee, sizeof(m->no_guarantee), "pool %s: %s", m->s->pools[pool].name, why);
	return 0;
}
