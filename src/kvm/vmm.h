/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host tells about a VM, given the process of its VMM: name, memory, and the weight and cap asked for by
 * cgroup.
 */
#ifndef KVM_VMM_H
#define KVM_VMM_H

#include "kvm/live.h"

struct vmm {
	char name[LIVE_NAME_LEN];
	u32 weight; /* 1 .. CREDIT_MAX_WEIGHT, from cpu.weight */
	u32 cap; /* percent of one pCPU, 0 none, from cpu.max */
	u64 started; /* clock ticks since boot: with the pid it names a process for good */
};

/* Fills all of it; what can't be found out gets its default (name vm-PID, weight 256, no cap). */
void vmm_read(struct vmm *vmm, u32 tgid);

/*
 * Only weight and cap, as its cgroup asks for them now. -ESRCH: there is no such process.
 */
int vmm_read_limits(struct vmm *vmm, u32 tgid);

/* When the process was started, clock ticks since boot; 0: there is none. */
u64 vmm_started(u32 tgid);

/* Resident memory of the process, MiB; 0 unknown. */
u64 vmm_memory_mib(u32 tgid);

/* The memory of the host that is in use, MiB; 0 unknown. */
u64 host_memory_mib(void);

#endif
