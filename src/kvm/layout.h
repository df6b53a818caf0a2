/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laying out the live host in the arena, before the BPF side starts. */
#ifndef KVM_LAYOUT_H
#define KVM_LAYOUT_H

#include "kvm/topology.h"

#define LIVE_MAX_VMS 1024
#define LIVE_MAX_POOLS 32

/* Bytes of arena that the host needs. */
u64 layout_size(const struct topology *t);

/*
 * The host in @mem (zeroed, page-aligned, layout_size() bytes), and in @g where its parts are: Pool-0 under scheduler
 * @sched with the pCPUs that are on line, and Domain-0 with a blocked vCPU for each of them. No effects are left over
 * but the timers' deadlines (pcpu->deadline_ns). Returns 0, or -EINVAL with the sentence in error.
 */
int layout_host(void *mem, const struct topology *t, u32 sched, struct live_globals *g, char *error);

#endif
