/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does the analysis guarantee what the vCPUs of a real-time pool reserve? (admit.c) */
#ifndef SIM_ADMIT_H
#define SIM_ADMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "sched/sched.h"

/* What is about to change; nothing: the pool as it is. */
struct admission_change {
	domain_t *d; /* this domain: */
	bool joins; /* is in the pool as well */
	const struct rt_params *params; /* its vCPUs have these parameters, by id; NULL: their own */
	cpumask_t *hard; /* its vCPU `vcpu`, -1 all of them, may run on these pCPUs only; NULL: where they may now */
	int vcpu;
	const struct rt_pool_params *pool; /* the pool has these; NULL: its own */
	cpumask_t *without; /* the pool has lost these pCPUs */
};

/* The host, and how its domains are come by. */
struct admit_host {
	host_t *host;
	const void *arg;
	u32 max_domains; /* numbers of domains are below */
	domain_t *(*domain)(const void *arg, u32 i); /* NULL: there is none */
	const char *(*name)(const void *arg, u32 i);
	u32 (*vcpus)(const void *arg, u32 i, vcpu_t **vcpus, u32 max); /* by their ids */
	const domain_t *stays; /* its vCPUs stay on their pCPUs whatever the pool does: a live Domain-0; NULL: none */
};

bool admit_is_rt(const cpupool_t *pool);
/*
 * 0: they are guaranteed, or it is no real-time pool; 1: they are not: @why says which vCPU, which interval, which
 * demand and supply; -ENOMEM.
 */
int admit_pool(const struct admit_host *a, cpupool_t *pool, const struct admission_change *change, char *why,
	       size_t len);

#endif
