/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The null scheduler's part of each object. The policy itself is told in null.c. */
#ifndef SCHED_NULL_H
#define SCHED_NULL_H

enum null_state { NULL_OUT, NULL_WAITS, NULL_ASSIGNED };

struct null_vcpu {
	struct link wait; /* in null_pool.wait */
	u8 state; /* enum null_state */
};

struct null_pcpu {
	vcpu_t *vcpu; /* whose it is; NULL free */
};

struct null_pool {
	struct link wait; /* vCPUs without a pCPU, first come, first served */
	struct cpumask free;
};

#endif
