/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that are held: what pauses a VM. Told in halt.c.
 */
#ifndef KVM_HALT_H
#define KVM_HALT_H

#include "kvm/live.h"

struct halt {
	u32 tid, tgid;
	bool stopped; /* it has come to its stop */
	bool let_go; /* it is to go on as soon as it has */
};

struct halts {
	struct halt *halt;
	u32 nr, room;
};

/*
 * Hold the thread of process @tgid; harmless if it is held. It stops within a moment: halts_poll(). 0, or a negated
 * errno.
 */
int halt_thread(struct halts *h, u32 tid, u32 tgid);

/* Notice who has stopped, and who has died. */
void halts_poll(struct halts *h);

/* How many of the process's threads are held, and how many of those have not stopped yet. */
u32 halts_of(const struct halts *h, u32 tgid, u32 *running);

/* All of the process's threads go on. */
void halts_release(struct halts *h, u32 tgid);

/* All of all. */
void halts_end(struct halts *h);

#endif
