/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The credit scheduler's part of each object, and its parameters. The policy itself is told in credit.c. */
#ifndef SCHED_CREDIT_H
#define SCHED_CREDIT_H

/* Included by sched.h, after the object typedefs. */

/* Priority classes, best first; Xen's numbers are 0, -1, -2, -64. */
enum credit_class { CREDIT_BOOST, CREDIT_UNDER, CREDIT_OVER, CREDIT_IDLE };
#define CREDIT_CLASSES 3 /* those that queue */

/*
 * Xen's weaknesses (facts, credit 6.1) that rota mends, each of which can be left as Xen has it: the decisions of
 * Xen's own code are reproduced with none of them, and experiments published on Xen's credit need that baseline.
 */
enum credit_mend {
	CREDIT_MEND_ACTIVE = 1 << 0, /* earns from its wake-up on, not from the first tick that samples it (6.1.3) */
	CREDIT_MEND_PUSH = 1 << 1, /* a preempted vCPU goes to an idle pCPU it may use (6.1.1: dead code in Xen) */
	CREDIT_MEND_TIMER = 1 << 2, /* no timer under 100 us of what is left (6.1.2: 100 ns of what is used) */
	CREDIT_MEND_BALANCE = 1 << 3, /* an idle pCPU looks for work at once (6.1.7: at most once per ms) */
	CREDIT_MEND_ORDER = 1 << 4, /* queues follow a new priority at once (6.1.6, 6.1.14: at the next tick) */
	CREDIT_MEND_WAKE = 1 << 5, /* to a pCPU that serves it at once, whole idle cores first (6.1.8, 6.1.9, 6.1.17) */
	CREDIT_MEND_SHARE = 1 << 6, /* exact shares: ns, no lost surplus, no forgiven debt (6.1.12, 6.1.13) */
	CREDIT_MEND_CAP = 1 << 7, /* a cap is a budget that ends to the ns (6.1.5: on and off by whole periods) */
	CREDIT_MEND_BOOST = 1 << 8, /* BOOST ends after 1 ms of CPU time, not by being sampled (6.1.4) */
	/* a yield is for a ratelimit, not for a slice of whom it lets in, and over when its vCPU blocks (6.1.15) */
	CREDIT_MEND_YIELD = 1 << 9,
	CREDIT_MEND_INSERT = 1 << 10, /* a vCPU that joins a pool tickles (6.1.19) */
	CREDIT_MEND_ALL = (1 << 11) - 1,
};

enum credit_flag {
	CREDIT_PARKED = 1 << 0,
	CREDIT_YIELD = 1 << 1,
	CREDIT_MIGRATING = 1 << 2,
	CREDIT_REJOINS = 1 << 3, /* while its domain changes its scheduling domain: it is to earn there */
	CREDIT_PINNED = 1 << 4, /* numbers as in Xen's dump */
};

/* Parameters of a pool. */
struct credit_params {
	s64 tslice_ns; /* 1 .. 1000 ms */
	s64 ratelimit_ns; /* 0 or 100 us .. 500 ms, at most tslice */
	s64 migr_delay_ns; /* 0 .. 100 ms */
	s64 lb_ratelimit_ns; /* 0 .. 1 s */
	u8 weight_of_domain; /* 0: a weight counts for each vCPU (Xen's), 1: for the domain as a whole */
	/* Xen to 4.7: a yield within the ratelimit changes nothing before its end; who yielded may be stolen */
	u8 old_yields;
	u8 tickle_one_idle; /* one idle pCPU per wake-up (default), or all that fit */
	u32 mend; /* enum credit_mend */
};

struct credit_vcpu {
	struct link queue; /* in credit_pcpu.queue[] */
	struct link active; /* in credit_domain.active */
	s64 credit_ns; /* 1 credit of Xen's = 100 us */
	s64 burnt_ns; /* while it runs: its use up to here is debited */
	s64 start_ns; /* without CREDIT_MEND_SHARE, Xen's: debited up to here; relative to now while it does not run */
	s64 residual; /* likewise: what was left of the last division */
	s64 last_run_ns;
	s64 boost_ns; /* run since it was boosted */
	s64 cap_ns; /* what its domain's cap leaves it, if it has one */
	s64 loan_ns; /* the end of a slice that a sibling lent it, or of which it may lend more than it has; 0 none */
	s64 left_ns; /* of its slice, when a turn interrupted it: its next slice is this long at most; 0 no such */
	s64 want_ns; /* accounting: the most it can use of this period */
	s64 cap_want_ns;
	u8 pri; /* enum credit_class */
	u8 queued; /* 1 + the class it is queued as; 0: not queued */
	u8 flags; /* enum credit_flag */
	u8 is_active;
	u8 slept; /* and woke since the last accounting */
};

struct credit_domain {
	struct link active; /* credit_vcpu.active */
	struct link pool_link; /* in credit_pool.active, while any of its vCPUs is active */
	u32 nr_active;
	s64 want_ns, sum_ns; /* accounting */
	u32 contenders; /* accounting: of the active vCPUs */
	u8 filled;
};

struct credit_pcpu {
	struct link queue[CREDIT_CLASSES];
	u32 nr_queued;
	u8 classes; /* bit c: queue[c] has members */
	u8 stale; /* some queued vCPU's class is not its queue's */
	u32 sort_epoch;
	s64 last_balance_ns;
	s32 idle_bias;
};

struct credit_pool {
	struct credit_params params;
	s64 tick_ns;
	u32 ticks_per_tslice;
	struct link active; /* credit_domain.pool_link */
	s64 balance_ns; /* sum of their credits at the last accounting */
	s64 acct_ns; /* when that was */
	u32 sort_epoch;
	s32 master; /* the pCPU that does the accounting, -1 none */
	s32 balance_bias[SCHED_MAX_NODES];
	u32 nr_idlers; /* in idlers: most wake-ups only ask whether there are any */
	struct cpumask idlers, idle_cores, waiting, waiting_under;
};

#endif
