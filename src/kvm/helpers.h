/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMMs' own threads and the domains they are in: which there are is found out here, told in helpers.c. */
#ifndef KVM_HELPERS_H
#define KVM_HELPERS_H

#include "kvm/livehost.h"

/*
 * Once a second for each VM: its VMM's threads that are no vCPUs join its helpers' domain; that one is accounted to it.
 */
void helpers_look(struct live_host *lh, u32 vm);

/* Can a VM and its helpers have one share in this pool? Else the helpers stay the host's. */
bool helpers_share(const cpupool_t *pool);

/* The domain of a VM's helpers, 0 none; and the VM of a domain of helpers, 0 none. */
u32 helpers_of(const struct live_host *lh, u32 vm);
u32 helped_by(const struct live_host *lh, u32 helpers);

#endif
