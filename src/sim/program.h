/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's program as the scenario gives it: the locks and barriers of its kernel, its tasks, and what each task does.
 *
 * A program belongs to a whole domain. The vCPUs' workloads (and those of copies of the domain) share one, which nobody
 * changes after it was read; so it counts its users.
 *
 * The reader (scenario_program.c) guarantees what the guest (guest_*.c) relies on: locks are taken in the order in
 * which they are listed and given back before a pass or a turn of a loop ends; no task sleeps with a spinlock; every
 * turn of a loop takes time. So a guest can't do infinitely much at one instant, and can't deadlock but where tasks
 * come to several barriers in different orders.
 */
#ifndef SIM_PROGRAM_H
#define SIM_PROGRAM_H

#include "sim/scenario.h"

#define PROGRAM_MAX_LOCKS 256
#define PROGRAM_MAX_BARRIERS 64
#define PROGRAM_MAX_TASKS 4096 /* of one domain */
#define PROGRAM_MAX_STEPS 4096 /* of one entry of tasks:, its loops written once */
#define PROGRAM_MAX_LOOPS 8 /* one within the other */
#define PROGRAM_MAX_TIMES 1000000000
#define PROGRAM_MAX_COPIES 4096 /* of one lock */
#define PROGRAM_MAX_PACKETS 65536 /* of the network's window and ring */
#define PROGRAM_ANY -1 /* instead of a vCPU: another one, drawn anew each time */

enum lock_kind { LOCK_TICKET, LOCK_PV, LOCK_UNFAIR, LOCK_MUTEX, LOCK_RWSEM };

struct program_lock {
	char name[SCHED_NAME_LEN];
	enum lock_kind kind;
	int64_t spin_ns; /* pv: spins so long, then halts */
	int copies; /* locks of this name, one of which is drawn each time: one per run queue, per zone, per bucket */
	int first; /* the first of them in the guest's array */
	int place; /* enum program_place: what a vCPU that holds it shows */
};

/* What the functions are that run with a lock in hand; PLACE_KERNEL: none that a hypervisor would know. */
enum program_place { PLACE_KERNEL, PLACE_RECLAIM, PLACE_PAGE_ALLOC, PLACE_RUNQUEUE, PLACE_WAKEUP, NR_PROGRAM_PLACES };

/*
 * A network card and who sends to it, a host far faster than this one. Without `every` a stream: packets follow each
 * other at the line's rate while no more than `window` are unread (TCP, whose window the reader opens). With it one
 * packet each `every`, come what may (UDP).
 */
struct program_net {
	int64_t packet_ns; /* on the line; 0: there is no network */
	int64_t every_ns;
	int64_t noise_ns; /* with `every`: a packet comes up to so much later than it was sent */
	int64_t delay_ns; /* from the reader's opening the window until the next packet comes */
	int window; /* packets; with `every`, what the ring and the socket hold before packets are lost */
	int bytes; /* of payload in each */
};

enum program_op {
	OP_COMPUTE, /* dist: CPU time */
	OP_IRQS_OFF, /* the same with interrupts off */
	OP_LOCK,
	OP_UNLOCK, /* n: the lock */
	OP_LOCK_READ, /* n: an rwsem, shared with other readers */
	OP_TLB, /* dist: CPU time of the handler on each sibling */
	OP_CALL, /* n: the vCPU or PROGRAM_ANY; dist: CPU time of the handler there; waits for it */
	OP_CALL_MANY, /* n: how many other vCPUs; dist: CPU time of the handler there; waits for the last */
	OP_RESCHEDULE, /* n: the vCPU or PROGRAM_ANY */
	OP_IO, /* dist: until the device answers */
	OP_SLEEP, /* dist */
	OP_RECEIVE, /* dist: CPU time for each packet; sleeps while there is none */
	OP_BARRIER, /* n */
	OP_LOOP, /* n: times; depth */
	OP_AGAIN, /* n: the step after its OP_LOOP; depth */
	OP_END, /* of a pass */
};

struct program_step {
	uint8_t op; /* enum program_op */
	uint8_t depth;
	int32_t n;
	struct scn_dist dist;
};

/* Of the guest's scheduler; all but the first: of `model: tasks`, whose tasks are periodic (guest_rt.c). */
enum guest_rule { RULE_ROUND_ROBIN, RULE_FP, RULE_RM, RULE_DM, RULE_EDF };
enum guest_fit { GUEST_FIRST_FIT, GUEST_BEST_FIT, GUEST_WORST_FIT };

/* An entry of tasks:, `count` tasks. */
struct program_tasks {
	char name[SCHED_NAME_LEN];
	int count;
	int vcpu; /* where they live, -1: dealt out to all in turn */
	int times; /* passes, 0: for ever */
	int64_t threads; /* they share an address space */
	struct program_step *steps; /* the last is OP_END */
	int nr_steps;
	uint64_t barriers; /* those it comes to */
	int64_t period_ns, deadline_ns; /* model: tasks; a pass is a job */
	struct scn_dist phase; /* SCN_CONST: may be 0 */
	int priority; /* RULE_FP: 1 goes first */
};

struct program {
	int users;
	int64_t slice_ns, granularity_ns; /* the guest's scheduler: a turn; what a turn is left before a wake-up */
	int64_t switch_ns, hard_irq_ns, softirq_ns, ipi_ns; /* CPU time of the guest's kernel */
	int64_t pause_ns; /* between two PAUSEs of a spinning loop */
	int irq_vcpu; /* the device's interrupt comes here */
	int64_t ipi_yields; /* who starts a shootdown yields at once if a vCPU that must answer has lost its pCPU */
	struct program_net net;
	uint8_t rule, fit; /* enum guest_rule; enum guest_fit, of tasks without a vCPU of their own */
	bool global; /* not RULE_ROUND_ROBIN: a task runs on any vCPU */
	struct program_lock *locks;
	int nr_locks, nr_lock_copies;
	char (*barriers)[SCHED_NAME_LEN];
	int nr_barriers;
	struct program_tasks *tasks;
	int nr_entries, nr_tasks;
};

/* One user less. */
void program_put(struct program *p);

#endif
