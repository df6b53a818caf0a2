/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's pCPUs: which there are, which are on line, how they sit on cores and NUMA nodes. */
#ifndef KVM_TOPOLOGY_H
#define KVM_TOPOLOGY_H

#include "kvm/live.h"

struct topology {
	u32 nr_cpus; /* the highest possible CPU's number + 1 */
	u32 nr_online, nr_cores, nr_nodes;
	u32 threads_per_core; /* the most that a core has on line */
	u32 core_of[LIVE_MAX_CPUS], node_of[LIVE_MAX_CPUS]; /* numbered densely, as host_init() wants them */
	u64 online[MASK_WORDS];
};

static inline bool topology_online(const struct topology *t, u32 cpu)
{
	return t->online[cpu / 64] >> (cpu % 64) & 1;
}

/*
 * A kernel's CPU list ("0-3,8"). Calls set(arg, n) for each member. Returns 0, -EINVAL, or what set() returned if not
 * 0.
 */
int cpu_list_parse(const char *list, int (*set)(void *arg, u32 cpu), void *arg);

/* From /sys/devices/system. Returns 0, or a negated errno with the sentence in error. */
int topology_read(struct topology *t, char *error);

#endif
