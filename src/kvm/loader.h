/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BPF side, from user space: loading it, laying the host out in its arena, attaching, detaching. */
#ifndef KVM_LOADER_H
#define KVM_LOADER_H

#include "kvm/layout.h"

struct loader; /* opaque */

/* What keeps this rota from having a live host at all, as one sentence; NULL: nothing. */
const char *loader_missing(void);

/* Where libbpf's own messages go (a FILE), and whether its debug messages too. */
void loader_log_to(void *file, bool debug);

/*
 * Load the programs into the kernel and lay out the host; nothing is scheduled by it yet.
 * @watchdog_ms: how long a task may wait before the kernel throws the scheduler out, 30000 at most; 0: the longest.
 * Returns NULL with the sentence in error (LIVE_ERROR_LEN).
 */
struct loader *loader_load(const struct topology *t, const struct live_pools *pools, u32 watchdog_ms, char *error);

/* Take over the scheduling of this machine. Returns 0, or a negated errno with the sentence in error. */
int loader_attach(struct loader *l, char *error);

/*
 * After the kernel has left the scheduler: lay the host out anew, for the CPUs as they are now, in the programs that
 * are loaded, so that loader_attach() can follow at once. -EBUSY: the kernel is not done with leaving it; else a
 * negated errno with the sentence in error.
 */
int loader_again(struct loader *l, const struct topology *t, const struct live_pools *pools, char *error);

/*
 * Watch KVM, from which vCPU threads are known. -ENOENT: the kvm module is not loaded (yet). 0 if done already.
 */
int loader_attach_kvm(struct loader *l);

/*
 * See, or no longer, where guests are when they leave the guest, and what interrupts come for them: what turns go by.
 * 0, also if it is so already; or a negated errno with the sentence in error.
 */
int loader_watch_guests(struct loader *l, bool on, char *error);

/* Hand back to the kernel's own scheduler, if attached, and free everything. NULL is fine. */
void loader_close(struct loader *l);

/* Shared with the BPF side: its globals; the arena's extent, within which all pointers must lie. */
struct live_globals *loader_globals(struct loader *l);
u32 loader_programs(struct loader *l);

#endif
