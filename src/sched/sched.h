/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scheduling core: objects and interface.
 *
 * A host drives the core with events and carries out what comes back:
 *
 *	1. it fills `cx->now` (ns, monotonic) and `cx->cpu` (the pCPU on which this happens) of a struct sched_call,
 *	2. calls one function of this header,
 *	3. and carries out the effects left in the call: pCPUs to reschedule (`kick`), pCPUs whose timer changed
 *	   (`rearm`: the new deadline is pcpu->deadline_ns), trace records (`rec`). Effects pile up until the host
 *	   takes them, so that it may do so after several calls.
 *
 * For a kicked pCPU the host calls schedule() on that pCPU, switches to pcpu->curr if that changed, and when the
 * state of the vCPU it left is saved, context_saved(). When a pCPU's deadline has come it calls sched_timer() there.
 *
 * The core reads no clock, allocates nothing after host_init(), prints nothing. Names are those of xen/common/sched.
 * Every function takes the lock it needs and returns with none held. Errors are negated SCHED_E* numbers.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "sched/dialect.h"
#include "sched/list.h"
#include "sched/mask.h"
#include "sched/record.h"
#include "sched/symbols.h"
#include "sched/tree.h"

#define TIME_NEVER __INT64_MAX__
#define MSEC 1000000LL
#define USEC 1000LL

struct host;
struct pcpu;
struct vcpu;
struct domain;
struct cpupool;
struct sched_call;
struct trace_rec;
typedef struct host ARENA host_t;
typedef struct pcpu ARENA pcpu_t;
typedef struct vcpu ARENA vcpu_t;
typedef struct domain ARENA domain_t;
typedef struct cpupool ARENA cpupool_t;
typedef struct sched_call ARENA sched_call_t;
typedef struct trace_rec ARENA trace_rec_t;

#include "sched/credit.h"
#include "sched/credit2.h"
#include "sched/rt.h"
#include "sched/null.h"
#include "sched/arinc653.h"
#include "sched/sedf.h"
#include "sched/assist.h"

/* The schedulers: SCHEDULER(policy file's prefix, id of Xen's domctl, full name). To add one, add a line. */
#define SCHEDULERS(SCHEDULER) \
	SCHEDULER(sedf, 4, "Simple EDF Scheduler") \
	SCHEDULER(credit, 5, "SMP Credit Scheduler") \
	SCHEDULER(credit2, 6, "SMP Credit Scheduler rev2") \
	SCHEDULER(arinc653, 7, "ARINC 653 Scheduler") \
	SCHEDULER(rtds, 8, "SMP RTDS Scheduler") \
	SCHEDULER(null, 9, "null Scheduler") \
	SCHEDULER(rtxen, 16, "RT-Xen Server Scheduler")

/* Those of them whose vCPUs have parameters of their own. */
#define RT_SCHEDULERS(SCHEDULER) \
	SCHEDULER(sedf, 4, "Simple EDF Scheduler") \
	SCHEDULER(rtds, 8, "SMP RTDS Scheduler") \
	SCHEDULER(rtxen, 16, "RT-Xen Server Scheduler")

/* Those under which a vCPU may have turns (assist.c). */
#define TURN_SCHEDULERS(SCHEDULER) \
	SCHEDULER(credit, 5, "SMP Credit Scheduler") \
	SCHEDULER(credit2, 6, "SMP Credit Scheduler rev2")

/*
 * Those that can account a domain to another one (sdom.c): the same, which share by weight, and the servers', whose
 * vCPUs may serve others' (unit.c).
 */
#ifdef ROTA_BPF
#define SDOM_SCHEDULERS TURN_SCHEDULERS
#else
#define SDOM_SCHEDULERS(SCHEDULER) \
	TURN_SCHEDULERS(SCHEDULER) \
	RT_SCHEDULERS(SCHEDULER)
#endif

enum sched_id {
	SCHED_NONE = 0, /* the idle scheduler: it owns the pCPUs that are in no pool */
#define SCHEDULER(name, id, full) SCHED_ID_##name = id,
	SCHEDULERS(SCHEDULER)
#undef SCHEDULER
};

/* As in Xen's public/vcpu.h. */
enum runstate { RUNSTATE_running, RUNSTATE_runnable, RUNSTATE_blocked, RUNSTATE_offline };

/* Why a vCPU can't run; it can when none is set and neither it nor its domain is paused. */
enum pause_flag {
	VPF_blocked = 1 << 0, /* waits for an event */
	VPF_down = 1 << 1, /* not brought up yet, or unplugged */
	VPF_migrating = 1 << 2, /* on its way to another pCPU */
	VPF_parked = 1 << 3, /* its domain's cap is reached (Xen pauses it instead, which an admin can't tell apart) */
	VPF_away = 1 << 4, /* has a turn, or waits for it (assist.c): its policy thinks that it can't run */
};

/* Reasons for a temporary pin (Xen's affinity_broken). */
enum affinity_reason { VCPU_AFFINITY_OVERRIDE = 1, VCPU_AFFINITY_WAIT = 2 };

enum pcpu_timer { TIMER_ACCT, TIMER_TICK, TIMER_SLICE, TIMER_MICRO, NR_TIMERS };

struct vcpu {
	/* What wake, schedule and accounting touch comes first. */
	u32 id; /* within its domain */
	u32 index; /* within the host: 0 .. limits.vcpus-1; idle vCPUs follow */
	domain_t *domain; /* idle vCPUs: the idle domain */
	pcpu_t *processor;
	u8 runstate;
	u8 pause_flags;
	u8 is_idle;
	u8 is_running; /* from being chosen until its state is saved */
	u8 affinity_broken;
	u8 soft_effective; /* soft affinity says something that hard affinity does not */
	u8 trace_class; /* set by do_schedule: enum trace_class */
	u16 pause_count;
	u64 host_data; /* the host's own handle; the core never reads it */
	s64 state_entry_ns; /* when it got, or lost, the pCPU last */
	s64 runstate_entry_ns;
	s64 runstate_ns[4]; /* time spent in each run state, up to runstate_entry_ns */
	s64 parked_entry_ns;
	s64 parked_ns; /* time spent parked, part of the offline time */
	u64 migrations; /* times it started to run on another pCPU than before */
	u64 boosts;
	s32 last_cpu; /* where it ran last, -1 nowhere */
	struct assist_vcpu assist;
	u8 rt_given;
	struct rt_params rt_params; /* of a real-time policy: what it goes by */
	struct rt_params rt_user; /* what sched_adjust_vcpu() gave it, kept across policies */
	union {
		struct credit_vcpu credit;
		struct credit2_vcpu credit2;
		struct rt_vcpu rt;
		struct null_vcpu null;
		struct arinc_vcpu arinc653;
		struct sedf_vcpu sedf;
	};
	struct link domain_link;
	/* Under a server scheduler (unit.c). */
	vcpu_t *unit; /* in whose server it runs; NULL: it has its own */
	struct link riders; /* vcpu.rider_link: who runs in its server besides */
	struct link rider_link;
	s64 unit_base_ns; /* what it had run when it was even with the others of its unit */
	u32 nr_riders;
	struct cpumask hard, soft;
	/* Its own for good, but apart: few vCPUs ever use them. */
	cpumask_t *saved_hard; /* what hard was before a temporary pin */
	rt_refill_t *refills; /* RT_REFILLS of them */
};

struct pcpu {
	u32 id, core, node;
	u8 resched; /* schedule() is wanted and not yet done */
	cpupool_t *pool; /* NULL: free */
	vcpu_t *curr, *idle;
	vcpu_t *prev; /* switched away from, state not yet saved */
	vcpu_t *box; /* a vCPU that belongs to this pCPU, and is unplugged while a controller lends it; NULL: none */
	vcpu_t *unit; /* under a server scheduler: whom that chose last; who runs is of that one's unit (unit.c) */
	s64 timer_ns[NR_TIMERS]; /* TIME_NEVER: not armed */
	s64 deadline_ns; /* the earliest of them */
	s64 next_slice_ns; /* set by do_schedule: -1 none */
	vcpu_t *next;
	s32 tickle_cursor; /* credit's, of wake-ups that happen here: they may be of another pool's vCPUs */
	u64 switches;
	u64 schedules; /* schedule() calls */
	struct assist_pcpu assist;
	union {
		struct credit_pcpu credit;
		struct credit2_pcpu credit2;
		struct rt_pcpu rt;
		struct null_pcpu null;
		struct sedf_pcpu sedf;
	};
};

struct domain {
	u32 id;
	u8 used;
	u8 moving; /* to another pool: paused until its vCPUs are off their pCPUs */
	u16 pause_count;
	u16 nr_vcpus;
	cpupool_t *pool;
	/*
	 * Scheduling parameters belong to the domain, not to a policy's data: they survive a change of pool or
	 * scheduler (Xen resets them).
	 */
	u32 weight; /* 1 .. 65535 */
	u32 cap; /* percent of one pCPU, 0 none */
	domain_t *sdom; /* whom it is accounted to; NULL: itself. See sdom.c */
	struct link adoms; /* domain.adom_link: who is accounted to it besides */
	struct link adom_link;
	u32 nr_accounted; /* vCPUs of it and of those */
	struct assist_domain assist;
	union {
		struct credit_domain credit;
		struct credit2_domain credit2;
	};
	struct link vcpus; /* vcpu.domain_link, by id */
	struct link pool_link;
};

struct cpupool {
	u32 id;
	u32 lock; /* see dialect.h */
	u8 used;
	u8 sched; /* enum sched_id */
	u32 nr_cpus, nr_domains;
	u32 nr_soft; /* vCPUs whose soft affinity says something */
	host_t *host;
	struct link domains; /* domain.pool_link */
	struct cpumask cpus;
	struct assist_pool assist;
	union {
		struct credit_pool credit;
		struct credit2_pool credit2;
		struct rt_pool rt;
		struct null_pool null;
		struct arinc_pool arinc653;
	};
};

/* Sizes and topology of a host, fixed at host_init(). */
struct host_limits {
	u32 pcpus; /* 1 .. SCHED_MAX_PCPUS */
	u32 cores; /* of the whole host, 1 .. pcpus */
	u32 nodes; /* 1 .. SCHED_MAX_NODES, at most cores */
	u32 domains; /* 1 .. SCHED_MAX_DOMAINS */
	u32 vcpus; /* 1 .. SCHED_MAX_VCPUS */
	u32 pools; /* 1 .. SCHED_MAX_POOLS */
};

struct host {
	struct host_limits limits;
	u32 mask_words; /* words in use of every cpumask */
	u32 threads_per_core; /* the largest number of threads of a core */
	u8 trace_level; /* enum trace_level */
	s32 moving_cpu; /* pCPU whose removal from a pool is under way, -1 none */
	u32 moving_pool;
	domain_t *idle_domain;
	pcpu_t *pcpus;
	vcpu_t *vcpus; /* limits.vcpus, then one idle vCPU for each pCPU */
	domain_t *domains;
	cpupool_t *pools;
	credit2_runq_t *credit2_runqs; /* limits.pcpus */
	cpumask_t *core_mask, *node_mask; /* by core, by node */
	cpumask_t *scratch; /* three for each pCPU: for the one that executes; the third is the host's */
	struct link free_vcpus;
	u64 nr_vcpus, nr_domains; /* in use */
	struct cpumask free_cpus;
	struct cpumask all_cpus;
};

struct sched_call {
	host_t *host;
	s64 now;
	u32 cpu;
	u64 kick_words, rearm_words; /* bit i: word i of kick, of rearm has members */
	struct cpumask kick, rearm;
	trace_rec_t *rec; /* max_rec of them, the host's */
	u32 nr_rec, max_rec;
	u64 lost_rec; /* records for which there was no room */
	u64 calls; /* entries into the core */
};

/* ---- set-up (host.c) ---- */

/* Bytes a host with these limits needs. */
SCHED_API u64 host_size(const struct host_limits *limits);
/*
 * Lay out a host in @mem, which is zeroed, at least host_size() bytes, and aligned to 64. Topology: @core_of and
 * @node_of give each pCPU's core (0 .. cores-1) and node (0 .. nodes-1). All pCPUs start free, idling. Returns NULL
 * when a limit is out of range or a core or node is.
 */
SCHED_API host_t *host_init(void ARENA *mem, const struct host_limits *limits, const u32 *core_of, const u32 *node_of);
/* The scheduler's id for a name as a user types it ("credit"), or -SCHED_ENOENT. */
SCHED_API s32 sched_find(const char *name);
/* The name a user types, and Xen's full one; an id that is no policy's is the idle scheduler. */
SCHED_API const char *sched_name(u32 id);
SCHED_API const char *sched_full_name(u32 id);

/* ---- events from guests and hardware (schedule.c) ---- */

/* A reason for which v could not run may be gone: it is queued if it can run now. Harmless if it runs or is queued. */
SCHED_API void vcpu_wake(sched_call_t *cx, vcpu_t *v);
/* An event for a blocked vCPU: clears the blocked flag and wakes it. */
SCHED_API void vcpu_unblock(sched_call_t *cx, vcpu_t *v);
/*
 * v has nothing to do until the next vcpu_unblock(). Usually it is the current vCPU of cx->cpu; a host that took it
 * away from its pCPU, or from the queue, for reasons of its own says so with this as well.
 */
SCHED_API void vcpu_block(sched_call_t *cx, vcpu_t *v);
/* The current vCPU of cx->cpu lets others of its pCPU go first. */
SCHED_API void vcpu_yield(sched_call_t *cx, vcpu_t *v);
/*
 * The current vCPU v of cx->cpu lends what is left of its slice to @to, which waits: @to runs next on that pCPU, on
 * its own credit. Returns false, and nothing changes, when @to doesn't wait, is in another pool, or may not run
 * there.
 */
SCHED_API bool vcpu_yield_to(sched_call_t *cx, vcpu_t *v, vcpu_t *to);
/*
 * The current vCPU v of cx->cpu took a pause-loop exit, or asks to give way: it waits, presumably, for a sibling. A
 * vcpu_yield(), unless its pool has something better for it (assist.c). v->assist.ip tells where its guest is.
 */
SCHED_API void vcpu_spin(sched_call_t *cx, vcpu_t *v);
/*
 * The same on a host that names a waiting sibling by guess (KVM's pause-loop exits and directed yields): first what the
 * pool has for one that spins, else vcpu_yield_to(). False: nothing helped, and nothing changed. After true v goes on
 * all the same, unless its pCPU wants to schedule.
 */
SCHED_API bool vcpu_spin_to(sched_call_t *cx, vcpu_t *v, vcpu_t *to);
/*
 * The host is about to deliver an interrupt to v: an IPI of a sibling, or a device's. Nothing happens if v runs or
 * sleeps (the host wakes it as ever); if it waits for a pCPU, its pool may have a turn for it.
 */
SCHED_API void vcpu_interrupt(sched_call_t *cx, vcpu_t *v, bool ipi);
/* Count the turns of a domain's vCPUs anew. */
SCHED_API void turn_counts_reset(domain_t *d);
/* The deadline of pCPU cx->cpu has come. Harmless when it has not. */
SCHED_API void sched_timer(sched_call_t *cx);
/* Choose who runs on pCPU cx->cpu: sets pcpu->curr; when it changed, pcpu->prev is whom the host leaves. */
SCHED_API void schedule(sched_call_t *cx);
/* The state of pcpu->prev of cx->cpu is saved: it may run elsewhere from now on. */
SCHED_API void context_saved(sched_call_t *cx);
/* Time a vCPU has spent in a run state until now, ns. */
SCHED_API s64 vcpu_runstate_ns(vcpu_t *v, u32 state, s64 now);

/* ---- control: domains and vCPUs (domain.c) ---- */

/*
 * A new domain in a pool, without vCPUs, weight 256, no cap. @id: 0 .. limits.domains-1, negative: the first free one.
 * NULL: the pool has no pCPU (Xen's ENODEV), or there is no such id or it is taken.
 */
SCHED_API domain_t *domain_create(sched_call_t *cx, cpupool_t *pool, s32 id);
/*
 * Its next vCPU, down until vcpu_up(). @hard, @soft: affinity, NULL = all. NULL: limit reached or hard misses the
 * pool.
 */
SCHED_API vcpu_t *vcpu_create(sched_call_t *cx, domain_t *d, cpumask_t *hard, cpumask_t *soft);
/* It is plugged in, and runs unless it is paused. */
SCHED_API void vcpu_up(sched_call_t *cx, vcpu_t *v);
/* Unplugged, until vcpu_up(). */
SCHED_API void vcpu_down(sched_call_t *cx, vcpu_t *v);
/*
 * -EAGAIN: one of its vCPUs is still on a pCPU; carry out the effects and call again. The domain is paused from the
 * first call on.
 */
SCHED_API s32 domain_destroy(sched_call_t *cx, domain_t *d);
/* Pauses nest, up to 255: -EOVERFLOW beyond. -EINVAL for an unpause too many. */
SCHED_API s32 vcpu_pause(sched_call_t *cx, vcpu_t *v);
SCHED_API s32 vcpu_unpause(sched_call_t *cx, vcpu_t *v);
SCHED_API s32 domain_pause(sched_call_t *cx, domain_t *d);
SCHED_API s32 domain_unpause(sched_call_t *cx, domain_t *d);
/* Weight 1..65535 (0 = leave), cap 0..100*vCPUs, percent of one pCPU (-1 = leave). -EINVAL changes nothing. */
SCHED_API s32 sched_adjust(sched_call_t *cx, domain_t *d, s32 weight, s32 cap);
/*
 * All parameters of a pool under credit; ranges at struct credit_params. -EINVAL: another scheduler's pool, or out of
 * range. -EBUSY: another `mend` while the pool has domains. Nothing changes on an error. Timers that are armed keep
 * their time, as in Xen.
 */
SCHED_API s32 sched_adjust_global_credit(sched_call_t *cx, cpupool_t *pool, const struct credit_params ARENA *params);
/* As above; -EBUSY for what is fixed once the pool has a pCPU. */
SCHED_API s32 sched_adjust_global_credit2(sched_call_t *cx, cpupool_t *pool, const struct credit2_params ARENA *params);

/*
 * Parameters of a vCPU under a real-time policy; they stay the vCPU's when it moves to another pool. -EINVAL, and
 * nothing changes, when the policy of its pool has none or refuses these. Ranges: rt.h, and where each policy
 * validates.
 */
SCHED_API s32 sched_adjust_vcpu(sched_call_t *cx, vcpu_t *v, const struct rt_params ARENA *params);
/*
 * The pool's rule, placement, default kind; @when: enum rt_when, for servers whose kind thereby changes. -EINVAL
 * changes nothing.
 */
SCHED_API s32 sched_adjust_global_rt(sched_call_t *cx, cpupool_t *pool, const struct rt_pool_params ARENA *params,
				     u32 when);
/*
 * The table of an arinc653 pool, in force from now on. -EINVAL changes nothing: no frames, one without time, more than
 * the major frame.
 */
SCHED_API s32 sched_adjust_global_arinc653(sched_call_t *cx, cpupool_t *pool, const struct arinc_table ARENA *table);
/* The parameters that @v has, or would have, in @pool, of rtds, rtxen or sedf. Not on the BPF side. */
SCHED_API void sched_rt_params_in(cpupool_t *pool, vcpu_t *v, struct rt_params ARENA *params);
/* What a vCPU under rtds or rtxen has left of its budget at @now, ns; negative: debt. */
SCHED_API s64 sched_rt_budget_left(vcpu_t *v, s64 now);

/* ---- scheduling domains (sdom.c) ---- */

/*
 * The time of @adom is accounted to @sdom: they have one weight and one cap, or one set of servers, @sdom's. Nothing
 * changes on an error. -EINVAL: they are the same, in different pools, or one would be a scheduling and an activation
 * domain at once; -EOPNOTSUPP: the pool's scheduler can't (null and arinc653); -EEXIST: @adom has a scheduling domain;
 * -EBUSY: one is being moved.
 */
SCHED_API s32 sdom_attach(sched_call_t *cx, domain_t *sdom, domain_t *adom);
/* @adom is accounted for itself again. -ENOENT: it has no scheduling domain; -EBUSY: it is being moved. */
SCHED_API s32 sdom_detach(sched_call_t *cx, domain_t *adom);

/* ---- affinity (affinity.c) ---- */

/*
 * NULL leaves one as it is. -EINVAL: hard misses the pool, or soft is empty (soft may miss hard and the pool: then it
 * says nothing). -EBUSY: hard, and it is temporarily pinned. Nothing changes on an error.
 */
SCHED_API s32 vcpu_set_affinity(sched_call_t *cx, vcpu_t *v, cpumask_t *hard, cpumask_t *soft);
/*
 * Pin to @cpu for @reason, or undo with cpu = -1; two reasons nest if they pin to the same pCPU. -EBUSY: pinned for
 * this reason already, or to another pCPU. -EINVAL: the pool has no such pCPU; to undo: not pinned for this reason.
 */
SCHED_API s32 vcpu_temporary_affinity(sched_call_t *cx, vcpu_t *v, s32 cpu, u32 reason);

/* ---- cpupools (cpupool.c); errors are listed in the order of the checks, which is that of Xen's cpupool_op ---- */

#define CPUPOOL_ANY (-1)
/*
 * A new pool without pCPUs; returns its id. CPUPOOL_ANY: the id after the last, or the first gap. -ENOSPC: as many as
 * limits.pools, or an id beyond; -EEXIST: the id is taken; -ENOENT: no such scheduler.
 */
SCHED_API s32 cpupool_create(sched_call_t *cx, s32 id, u32 sched);
/*
 * A hidden pool of @parent, a pool under credit or credit2: its pCPUs, added by hand or lent by its controller, give
 * 100 us turns to the vCPUs of the parent's domains; it has no domains and no scheduler of its own. -ENOENT: no such
 * parent; -EINVAL: the parent is hidden itself, its scheduler can't, or @id is 0, which is never hidden; -EEXIST: the
 * parent has one; else as cpupool_create().
 */
SCHED_API s32 cpupool_create_hidden(sched_call_t *cx, s32 id, s32 parent);
/* -EINVAL: not a hidden pool, or out of range (assist.h); nothing changes. The first leaves the mode as it is. */
SCHED_API s32 sched_adjust_micro(sched_call_t *cx, cpupool_t *pool, const struct micro_params ARENA *params);
SCHED_API s32 sched_adjust_global_micro(sched_call_t *cx, cpupool_t *pool, const struct micro_params ARENA *params);
/* -EINVAL: out of range (assist.h), or the pool's scheduler has no turns; nothing changes. */
SCHED_API s32 sched_adjust_global_assist(sched_call_t *cx, cpupool_t *pool, const struct assist_params ARENA *params);

/*
 * -ENOENT: no such pool; -EBUSY: it has domains, a hidden pool, or pCPUs that were added by hand; those that a hidden
 * pool was lent go home.
 */
SCHED_API s32 cpupool_destroy(sched_call_t *cx, s32 id);
/*
 * A free pCPU joins; negative: the first free one. Undoes a removal from the same pool that is not finished. -ENOENT:
 * no such pool; -ENODEV: none is free; -EINVAL: no such pCPU; -ENODEV: it is not free; -EADDRNOTAVAIL: it is being
 * removed from another pool.
 */
SCHED_API s32 cpupool_add_cpu(sched_call_t *cx, s32 id, s32 cpu);
/*
 * A pCPU becomes free; negative: the pool's highest. -ENOENT: no such pool; -EINVAL: no such pCPU, or pCPU 0 of pool 0;
 * -EADDRNOTAVAIL: it is not in the pool, or another removal is not finished; -EBUSY: the last one, and there are
 * domains; -EADDRINUSE: a vCPU is temporarily pinned there. -EAGAIN: a vCPU still runs there; carry out the effects
 * and call again (the pCPU takes no new ones meanwhile).
 */
SCHED_API s32 cpupool_rm_cpu(sched_call_t *cx, s32 id, s32 cpu);
/* What the controller of its hidden pool was lent of this pool comes back; nothing happens to any other pCPU. */
SCHED_API void cpupool_take_back(sched_call_t *cx, cpupool_t *pool, pcpu_t *p);
/*
 * With its weight, its cap, and its affinities where they meet the new pool. -ENOENT: no such pool, or it has no
 * pCPU; -EBUSY: a vCPU is temporarily pinned, or it is an activation domain, which moves with its scheduling domain;
 * -EOVERFLOW: paused 255 times. -EAGAIN as above; the domain is paused meanwhile. A move to the pool it is in is done
 * at once, and gives up one that is not finished.
 */
SCHED_API s32 cpupool_move_domain(sched_call_t *cx, domain_t *d, s32 id);

/*
 * A vCPU that belongs to a pCPU rather than to its domain goes with the pCPU from pool to pool, to a domain there. It
 * must be unplugged (vcpu_down()). Leaving: -EINVAL: it is not; -EAGAIN: it is still on its pCPU; carry out the effects
 * and call again. Until it joins a domain nothing else may be done with it. Joining: its hard affinity must meet the
 * pool's pCPUs: -EINVAL. It keeps its number, affinities and parameters, and stays unplugged.
 */
SCHED_API s32 vcpu_leave_domain(sched_call_t *cx, vcpu_t *v);
SCHED_API s32 vcpu_join_domain(sched_call_t *cx, vcpu_t *v, domain_t *d);

#endif
