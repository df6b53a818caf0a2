/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laying out the live host in the arena, before the BPF side starts. */
#ifndef KVM_LAYOUT_H
#define KVM_LAYOUT_H

#include "kvm/topology.h"

#define LIVE_MAX_VMS 1024

/* The pools that there are to be. Who is in none of the others and not to be free is Pool-0's. */
struct live_pools {
	struct {
		bool used; /* Pool-0 always is */
		u32 sched;
		struct cpumask cpus; /* not of Pool-0 */
		bool hidden; /* the hidden pool of .parent, with .micro */
		u32 parent;
		struct micro_params micro;
	} pool[LIVE_MAX_POOLS];
	struct cpumask free; /* pCPUs in no pool */
};

/* Bytes of arena that the host needs. */
u64 layout_size(const struct topology *t);

/*
 * The host in @mem (zeroed, page-aligned, layout_size() bytes), and in @g where its parts are: the pools with those of
 * their pCPUs that are on line, and Domain-0 with a blocked vCPU for each of those. No effects are left over
 * but the timers' deadlines (pcpu->deadline_ns). Returns 0, or -EINVAL with the sentence in error.
 */
int layout_host(void *mem, const struct topology *t, const struct live_pools *pools, struct live_globals *g,
		char *error);

#endif
