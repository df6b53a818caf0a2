/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limits of a host, in one place. Every array of the core is sized by, and every loop bounded by, one of these. */
#ifndef SCHED_LIMITS_H
#define SCHED_LIMITS_H

#define SCHED_MAX_PCPUS 1024
#define SCHED_MAX_NODES 64
#define SCHED_MAX_DOMAINS 16384
#define SCHED_MAX_VCPUS 65536 /* of the whole host, idle vCPUs not counted */
#define SCHED_MAX_DOMAIN_VCPUS 1024
#define SCHED_MAX_POOLS 128
#define SCHED_NAME_LEN 64

#define CREDIT_MAX_WEIGHT 65535

#endif
