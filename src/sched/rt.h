/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-time parameters of a vCPU, common to all real-time policies, and the part of each object that belongs to the
 * engine of rtxen and rtds. The engine itself is told in rt.c, the server kinds in rt_server.c.
 */
#ifndef SCHED_RT_H
#define SCHED_RT_H

/* Included by sched.h, after the object typedefs. */

#include "sched/rt_tree.h"

#define RT_PERIOD_DEFAULT_NS (10 * MSEC) /* Xen's, for RTDS and RT-Xen alike */
#define RT_BUDGET_DEFAULT_NS (4 * MSEC)
#define RT_MIN_NS (10 * USEC) /* of a period and of a budget: below, the overhead eats them */
#define RT_MAX_PERIOD_NS (4294967296LL * USEC) /* what Xen's 32 bits of us hold */
#define RT_MAX_PRIORITY 0xffff
#define RT_REFILLS 16 /* of a sporadic server: more chunks than these are merged, the later the safer */
#define RT_MIN_CHUNK_NS 1000LL /* a smaller refill isn't worth a switch: it waits for the next */

/* How a server gets its budget and what becomes of it while it has nothing to do. RT_POOL: as its pool says. */
enum rt_kind {
	RT_POOL,
	RT_DEFERRABLE, /* keeps it until the period ends */
	RT_PERIODIC, /* burns it, idling, when its turn has come */
	RT_POLLING, /* loses it at once */
	RT_SPORADIC, /* keeps it; what is used returns a period after its activation */
	RT_WORK_CONSERVING, /* as periodic, but its time is lent to a server with budget, which pays as well */
	RT_RECLAIMING, /* as periodic, but its time is lent to any server, which doesn't pay */
	RT_CBS, /* constant bandwidth: a deadline of its own, postponed when the budget is used */
	RT_KINDS
};

/*
 * What makes a server go before another: its absolute deadline, period, relative deadline, or the priority it was
 * given.
 */
enum rt_rule { RT_EDF, RT_RM, RT_DM, RT_FP, RT_RULES };
enum rt_placement { RT_GLOBAL, RT_PARTITIONED };
enum rt_fit { RT_FIRST_FIT, RT_BEST_FIT, RT_WORST_FIT, RT_FITS };
/*
 * When a change of a running server takes effect: at its next replenishment, which is Xen's rule, or now (see
 * rt_change.c).
 */
enum rt_when { RT_AT_BOUNDARY, RT_AT_ONCE };

/*
 * Parameters of a vCPU. They are the vCPU's, not the policy's: they are kept when it moves to a pool of another policy.
 * A policy takes from them what it knows.
 */
struct rt_params {
	s64 period_ns;
	s64 budget_ns; /* sedf: the slice */
	s64 deadline_ns; /* relative, 0: the period */
	s64 phase_ns; /* the periods begin at phase + k * period; -1: wherever they do */
	s64 latency_ns; /* sedf: 0, or the time from wake-up within which a slice should come */
	u32 priority; /* rtxen with fixed priorities: 1 is best, 0: none given, last */
	u8 kind; /* enum rt_kind, rtxen */
	u8 extratime; /* may use what is left over */
	u8 when; /* enum rt_when */
};

struct rt_pool_params {
	u8 kind; /* of servers that say none */
	u8 rule; /* enum rt_rule */
	u8 placement; /* enum rt_placement */
	u8 fit; /* enum rt_fit: partitioned */
	u8 ties_switch; /* 1: an equal that waits gets the pCPU (RTDS since Xen 4.10); 0: who runs goes on */
	u8 rush; /* global EDF: see rt_rushes() */
};

/*
 * The refills of a sporadic server, earliest first. Their sum is the budget, always:
 *
 *	time  ──┬────────┬──────┬────┬──────
 *		│ 2 @ 10 │      │1@14│         head = 2 at 10, next 1 at 14: sum 3, none overlaps the next
 */
struct rt_refill {
	s64 amount_ns, at_ns;
};
typedef struct rt_refill ARENA rt_refill_t;

enum rt_where {
	RT_NOWHERE, /* sleeps, or its state is being saved */
	RT_READY, /* waits, with budget */
	RT_GHOST, /* has no work, but budget to burn */
	RT_DEPLETED, /* waits, without budget */
	RT_ON_CPU, /* a pCPU's time is its own, whether it has work or not */
	RT_ON_LOAN, /* runs in another server's time */
};

struct rt_vcpu {
	struct rt_node node; /* in the queue that `where` tells */
	struct rt_node event; /* in the pool's queue of replenishments */
	s64 period_ns, budget_ns, deadline_ns; /* in force; the vCPU's rt_params may not be yet */
	s64 rem_ns; /* budget left; negative: debt */
	s64 extra_ns; /* level > 0: what is left of this turn of extra time */
	s64 next_ns; /* end of the period; CBS: the absolute deadline */
	s64 start_ns; /* charged up to here */
	s64 first_ns; /* it was sporadic: what of its budget comes at next_ns; -1: all */
	u32 level; /* 0: in its budget; above: turns of extra time taken in this period */
	u32 priority;
	s32 home; /* partitioned: its pCPU, -1 none yet */
	s64 load; /* what it adds to its pCPU's */
	u8 kind; /* in force, never RT_POOL */
	u8 extratime;
	u8 where; /* enum rt_where */
	u8 in_events;
	u8 asleep;
	u8 steady; /* it has had work since its period began */
	u8 urgent; /* it goes first, or its budget comes late */
	u8 change; /* the vCPU's rt_params differ from what is in force, and wait */
	u8 head, nr; /* of the ring in vcpu.refills */
};

struct rt_queues {
	struct rt_tree ready, ghosts, depleted;
};

struct rt_pcpu {
	struct rt_queues q; /* partitioned */
	vcpu_t *owner; /* whose time it is: the current vCPU, or one without work; NULL nobody's */
	s64 load; /* partitioned: sum of budget/period of its servers, in 2^-20 */
};

struct rt_pool {
	struct rt_pool_params params;
	struct rt_queues q; /* global */
	struct rt_tree events; /* replenishments to come, by time alone */
	s32 master; /* the pCPU whose timer waits for them, -1 none */
	u8 xen; /* it is RTDS: only what Xen has can be set */
	u8 reclaims; /* one of its servers is or was RT_RECLAIMING: who is depleted may be lent time */
};

#endif
