/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What helps guests that wait for a preempted sibling: parameters, and its part of each object. Told in assist.c. */
#ifndef SCHED_ASSIST_H
#define SCHED_ASSIST_H

/* Included by sched.h, after the object typedefs. */

/* A turn: the framework runs a vCPU for a short time on a pCPU that is not its policy's choice. */
enum turn_kind {
	TURN_NONE,
	TURN_LENT, /* in the slice of a sibling that waits for it */
	TURN_BOOST, /* before all others, for a sibling's sake */
	TURN_IRQ, /* before all others, because an interrupt came */
	TURN_MICRO, /* on a micro-sliced core */
};

/* Parameters of a pool. 0 switches each mechanism off. */
struct assist_params {
	s64 coboost_ns; /* a boosted sibling's turn: 0, or 10 us .. 10 ms */
	s64 coboost_every_ns; /* a domain's siblings are boosted once in so long: 0 .. 100 ms */
	s64 lend_ns; /* the longest turn lent to a sibling: 0, or 10 us .. 200 us */
	s64 grace_ns; /* how much longer a slice may be in a critical service: 0, or 10 us .. 1 ms */
	s64 irq_ns; /* turn of a waiting vCPU for which an interrupt comes: 0, or 10 us .. 10 ms */
	u32 budget_percent; /* of one pCPU for each vCPU of a domain, for turns before others; 0: no limit */
};

enum micro_mode { MICRO_STATIC, MICRO_CODE, MICRO_PAPER, MICRO_ADAPTIVE };

/* Events on which vCPUs are taken in. */
enum micro_event { MICRO_ON_YIELD = 1, MICRO_ON_PREEMPT = 2, MICRO_ON_IPI = 4, MICRO_ON_IRQ = 8 };

/* See microslice.c. */
enum micro_rules { MICRO_RULES_PUBLISHED, MICRO_RULES_EXACT, MICRO_RULES_CODE };

/* Parameters of a hidden pool. */
struct micro_params {
	s64 slice_ns; /* 10 us .. 10 ms */
	u32 limit; /* pCPUs that the controller may lend to it */
	u32 queue; /* vCPUs that may wait on each of its pCPUs beside the one that runs: 0 .. 16 */
	u8 mode; /* enum micro_mode */
	u8 on; /* enum micro_event */
	u8 rules; /* enum micro_rules: who is taken in when a sibling spins, and how he comes home */
};

/* Small: a host has many. No time here is longer than 10 ms. */
struct assist_vcpu {
	union {
		struct link turn; /* in assist_pcpu.turns, while it waits for its turn */
		s64 began_ns; /* while it has it */
	};
	u64 ip; /* the host's: where its guest was stopped last; 0 unknown */
	u32 turn_ns; /* length of its turn; of what is before others, taken from its domain's budget */
	u32 grace_ns; /* had since it was given the pCPU */
	u32 owed_ns; /* by which its next slice is shorter */
	u16 home; /* the pCPU where it came from */
	u16 settled; /* 1 + the micro-sliced core where it wakes up, 0 none (MICRO_RULES_CODE) */
	u8 kind; /* enum turn_kind */
	u8 waits; /* in assist_pcpu.turns */
	u8 irq_pending; /* an interrupt came that it has not seen, since it did not run */
	u8 yielded; /* and lost its pCPU by that */
	u8 home_boost; /* it comes home from a micro-sliced core as if it woke up there (MICRO_RULES_CODE) */
};

struct assist_domain {
	symbol_table_t *symbols; /* the host's: of its kernel, NULL none */
	s64 budget_ns, budget_at_ns; /* what it has left for turns before others, as of then */
	s64 coboost_ns; /* when its siblings were boosted last */
	u64 turn_ns; /* time in turns */
	u32 cursor; /* the sibling lent to last */
	u32 coboosts, lends, graces, irq_turns, micro_migrations; /* turns given, by kind */
	u32 refused; /* for want of budget, or of credit */
};

struct assist_pcpu {
	struct link turns; /* assist_vcpu.turn: who has the next turn here, before the policy's choice */
	u32 nr_turns;
	s64 turn_end_ns; /* of who has one now */
	cpupool_t *micro; /* it belongs to this hidden pool, or NULL */
};

struct assist_pool {
	struct assist_params params;
	u8 on; /* any of them, or a hidden pool */
	cpupool_t *parent; /* of a hidden pool: whose scheduler it shares */
	cpupool_t *hidden; /* the hidden pool of this one, NULL none */
	u64 nr_ipi, nr_spin, nr_irq; /* events since the controller looked */
	/* of a hidden pool: */
	struct micro_params micro;
	struct cpumask lent; /* its pCPUs that its controller lent, and may give back */
	u32 nr_lent;
	s32 timer_cpu; /* whose TIMER_MICRO is the controller's, -1 none */
	u8 phase; /* 0: begin anew; 1: profiling; adaptive: consecutive quiet looks */
	u64 profile[4]; /* IPI yields with so many pCPUs */
	u64 no_cpu; /* turns for which there was none */
	u64 look_no_cpu; /* no_cpu at the last look */
	u64 busy_ns, look_busy_ns; /* of its pCPUs' turns */
	s64 look_ns; /* when the controller looks next */
	s64 backoff_ns; /* adaptive: how long after it gave back the last */
};

#endif
