/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU affinity of VMs' threads, as far as rota has changed it: a vCPU's hard affinity is its thread's, so whoever
 * pins the vCPU pins the thread. What a thread had before is kept, and put back when the live host ends. It is in a
 * file too (/run/rota/affinity): if the live host is killed, the next one puts it back.
 */
#ifndef KVM_PIN_H
#define KVM_PIN_H

#include "kvm/live.h"

struct pin {
	u32 tid;
	u64 started; /* clock ticks since boot: with the number it names a thread for good */
	struct cpumask before, ours;
};

struct pins {
	struct pin *pin;
	u32 nr, room;
};

/* Let the thread run on these CPUs only. 0; -ESRCH: it is gone; -EINVAL: its cpuset has none of them; -ENOMEM. */
int pin_thread(struct pins *p, u32 tid, const struct cpumask *cpus);

/* A thread that may run on none of @of may run on @all. */
void pin_widen(struct pins *p, u32 tid, const struct cpumask *of, const struct cpumask *all);

/* Put back what a live host that was killed has left. */
void pins_recover(void);

/* Put back all, except where somebody else has changed it meanwhile; forget it. */
void pins_end(struct pins *p);

#endif
