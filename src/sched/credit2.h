/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The credit2 scheduler's part of each object, its run queues, and its parameters. The policy itself is told in
 * credit2.c.
 */
#ifndef SCHED_CREDIT2_H
#define SCHED_CREDIT2_H

/* Included by sched.h, after the object typedefs. */

/*
 * Weaknesses of Xen's credit2 that rota mends, each of which can be left as Xen has it: without them, rota decides as
 * Xen's own code does. (Facts: credit2, 2.x.)
 */
enum credit2_mend {
	/* soft affinity: the chosen run queue's own cursor picks the pCPU (2.10: another queue's) */
	CREDIT2_MEND_BIAS = 1 << 0,
	/* balancing is judged by the loads of the two queues meant (2.12: of the last one looked at) */
	CREDIT2_MEND_PARTNER = 1 << 1,
	CREDIT2_MEND_NEWCAP = 1 << 2, /* a vCPU created under a cap is capped (2.2: free until the cap is set again) */
	/* SMT power savings don't wake who is awake already (2.8: pCPUs tickled before) */
	CREDIT2_MEND_SAVINGS = 1 << 3,
	CREDIT2_MEND_IDLE = 1 << 4, /* an idle pCPU takes whoever waits (2.9: resists migration of one far in debt) */
	/* an idle pCPU serves other run queues at once (2.12: only at somebody's credit reset) */
	CREDIT2_MEND_PULL = 1 << 5,
	/* a new vCPU may start in the run queue it is created on (2.10: its lock is held, so it counts as full) */
	CREDIT2_MEND_PLACE = 1 << 6,
	/* credit is worth the same time after a move to another run queue (2.12: as many credits) */
	CREDIT2_MEND_SCALE = 1 << 7,
	/* who wakes up within another's ratelimit runs at its end (2.8: when the slice ends, 10 ms) */
	CREDIT2_MEND_WAKE = 1 << 8,
	CREDIT2_MEND_PARK = 1 << 9, /* parked vCPUs get budget in the order they parked (2.13: the last one first) */
	/* who moves to another pCPU is not paid for it (2.9: 50 us of credit, up to 4 % of a share) */
	CREDIT2_MEND_SHARE = 1 << 10,
	/* who got less in its run queue changes places with who got more in another (2.4: loads alike must do) */
	CREDIT2_MEND_EVEN = 1 << 11,
	CREDIT2_MEND_ALL = (1 << 12) - 1,
};

/* Numbers as in Xen's dump. */
enum credit2_flag {
	CREDIT2_SCHEDULED = 1 << 1, /* on a pCPU, or its state not yet saved */
	CREDIT2_DELAYED_ADD = 1 << 2, /* to be queued when its state is saved */
	CREDIT2_MIGRATE = 1 << 3, /* balancing wants it in the run queue migrate_to */
	CREDIT2_YIELD = 1 << 4,
	CREDIT2_PINNED = 1 << 5,
};

/* Which pCPUs share a run queue. */
enum credit2_arrangement { CREDIT2_PER_CPU, CREDIT2_PER_CORE, CREDIT2_PER_SOCKET, CREDIT2_PER_NODE, CREDIT2_ALL };

/* Parameters of a pool. A run queue's shape and the units of load are fixed once the pool has a pCPU. */
struct credit2_params {
	s64 ratelimit_ns; /* 0 or 100 us .. 500 ms */
	s64 cap_period_ns; /* 1 ms .. 1 s: a cap's budget is for so long */
	s64 migrate_resist_ns; /* 0 .. 10 ms: how much better it must be elsewhere */
	u8 load_window_shift; /* 11 .. 34: loads are averaged over 2^this ns */
	u8 load_precision_shift; /* 4 .. 20: a load of 1 is 2^this */
	/* -4 .. 6: imbalance tolerated, as a power of two of pCPUs: with idle capacity, without */
	s8 balance_under, balance_over;
	u8 runqueue; /* enum credit2_arrangement */
	u8 smt_power_savings; /* wake-ups go to threads of busy cores first */
	u32 max_cpus_runqueue; /* 1 .. SCHED_MAX_PCPUS */
	u32 mend; /* enum credit2_mend */
};

struct credit2_runq;
typedef struct credit2_runq ARENA credit2_runq_t;
struct credit2_runq {
	u32 index; /* in host.credit2_runqs */
	u32 id; /* in its pool: the lowest free one when it was made */
	u8 used;
	cpupool_t *pool;
	struct link pool_link; /* in credit2_pool.runqs, by id */
	struct tree queue; /* credit2_vcpu.node: who waits, most credit first */
	u32 nr_queued, nr_cpus;
	u32 nr_vcpus;
	struct link vcpus; /* credit2_vcpu.assigned: all that belong here, asleep or not */
	s64 granted_ns; /* all that credit resets gave so far; credit2_credit() */
	s64 best_ns; /* credit of who was chosen last, less granted_ns then */
	s64 given_ns; /* granted so far, as CPU time of weight 256; credit2_even.c */
	s64 ahead_ns; /* sum of its vCPUs' */
	s64 reset_ns; /* when it was last granted */
	s64 speed; /* of given_ns, on average */
	u8 idled; /* a pCPU of it idled since the last reset */
	u32 max_weight, nr_max; /* of its vCPUs, and how many have it */
	u32 load; /* running and waiting now */
	s64 load_tick; /* averages are of then */
	s64 avgload, b_avgload; /* averages of load; the latter foresees moves */
	s32 pick_bias; /* the pCPU given out last, and what tells its place in the topology */
	s32 partner; /* the run queue it was balanced with last */
	s64 look_ns; /* while a vCPU is tickled for: when a pCPU's ratelimit ends first, */
	s32 look_cpu; /* and whose, -1 none */
	struct cpumask cpus, idle, tickled;
	struct cpumask ready; /* idle and not tickled */
	struct cpumask smt_idle; /* of which the whole core is */
};

struct credit2_vcpu {
	struct tree_node node; /* in credit2_runq.queue */
	struct link assigned; /* in credit2_runq.vcpus */
	struct link parked; /* in credit2_domain.parked */
	credit2_runq_t *runq;
	s64 credit_ns; /* as of granted_ns; credit2_credit() */
	s64 granted_ns; /* credit2_runq.granted_ns when credit_ns was brought up to date */
	s64 residual; /* of the last division by the weight */
	s64 start_ns; /* it runs, and is debited up to here */
	s64 budget_ns; /* what it holds of its domain's cap; TIME_NEVER without one */
	s64 lent_ns; /* its next slice is this long at most: what a sibling that yielded to it had left; 0 none */
	s64 load_tick, avgload;
	s64 ahead_ns; /* what it was given since it was made, less credit2_runq.given_ns; credit2_even.c */
	s64 joined_ns; /* credit2_runq.granted_ns when it joined */
	u32 weight; /* that it burns by, its domain's */
	s32 tickled_cpu; /* the pCPU that was tickled for it, -1 none */
	s32 migrate_to; /* with CREDIT2_MIGRATE: index of a run queue */
	u8 flags; /* enum credit2_flag */
	u8 queued;
};

struct credit2_domain {
	struct tree_node replenish; /* in credit2_pool.replenish, while capped */
	struct link parked; /* credit2_vcpu.parked */
	s64 budget_ns; /* left of this period, and not held by a vCPU */
	s64 next_ns; /* the next period */
	u32 nr_vcpus; /* inserted, of all that are accounted to it */
	s64 owed_ns; /* what its activation domains used and is not paid for */
	link_t *pays; /* vcpu.domain_link: the last of its own that was asked to pay */
	u8 capped;
};

struct credit2_pcpu {
	credit2_runq_t *runq;
	s32 tickled_for; /* index of the vCPU it was tickled for, -1 none */
	s32 lent_to; /* index of the vCPU that it runs next by a directed yield, -1 none */
};

struct credit2_pool {
	struct credit2_params params;
	struct link runqs; /* credit2_runq.pool_link */
	struct tree replenish; /* credit2_domain.replenish by -next_ns */
	s64 given_ns; /* the most that a run queue's vCPUs were given on average */
	s32 master; /* the pCPU whose timer replenishes budgets, -1 none */
	struct cpumask ready; /* pCPUs that idle and are not tickled */
	struct cpumask waiting; /* by index: run queues where somebody waits */
};

#endif
