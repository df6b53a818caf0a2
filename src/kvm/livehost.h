/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader's view of a running live host: the VMs by name, what they were given, and commands to the BPF side.
 *
 * The loader never changes a core object. It wants something of the BPF side by a command: they queue up here and go
 * through the mailbox one at a time, each with a function that is told the outcome. live_host_poll() moves all of this
 * on and must be called every few ms while live_host_busy(), else some times a second.
 */
#ifndef KVM_LIVEHOST_H
#define KVM_LIVEHOST_H

#include <stdbool.h>

#include "kvm/halt.h"
#include "kvm/layout.h"
#include "kvm/pin.h"
#include "kvm/vmm.h"

#define LIVE_MAX_COMMANDS 256
#define LIVE_COMMAND_NS (5 * 1000 * MSEC) /* a command that was not carried out by then has failed */

struct live_host;

struct live_command {
	u32 op; /* enum live_command_op */
	u32 domain, generation, pool;
	s32 a, b;
	struct credit_params params;
	struct credit2_params credit2;
	struct rt_pool_params rt_pool;
	struct rt_params rt;
	struct cpumask cpus;
	struct assist_params turns;
	struct micro_params micro;
	struct arinc_table arinc;
	/* Told 0 or an id, -SCHED_E*, or -ETIMEDOUT. */
	void (*done)(struct live_host *lh, const struct live_command *cmd, int result);
	u32 client; /* for done: whom to answer */
};

#define LIVE_MAX_RT SCHED_MAX_DOMAIN_VCPUS

/* Real-time parameters that a vCPU was given. */
struct live_rt {
	bool given;
	struct rt_params params;
};

/* A table under arinc653. VMs come and go, and the same VM may have another number: frames know them by name. */
struct live_table {
	struct arinc_table table;
	char name[ARINC_MAX_FRAMES][LIVE_NAME_LEN]; /* "": nobody's frame */
};

/* Parameters that a pool was given. */
struct live_pool_params {
	struct live_table *table; /* of malloc(); NULL: none */
	bool table_busy; /* it is being given */
	bool credit_set, credit2_set, rt_set, turns_set;
	struct assist_params turns;
	struct credit_params credit;
	struct credit2_params credit2;
	struct rt_pool_params rt;
};

/* A VM, beside the core's domain of the same number. */
struct live_vm {
	bool known;
	bool busy; /* a command of our own about it is under way */
	u32 pool; /* wanted */
	u32 tgid, generation;
	u64 started;
	char name[LIVE_NAME_LEN];
	u32 weight, cap; /* wanted; a cap beyond what its vCPUs can use waits until there are more */
	u32 cgroup_weight, cgroup_cap; /* what its cgroup asked for when it was last read */
	s64 reread_ns; /* when that is next */
	struct live_rt *rt; /* wanted of its vCPUs by number, LIVE_MAX_RT of them; NULL: nothing */
	struct cpumask
		*soft; /* soft affinity wanted of each of its vCPUs, as many; an empty one: nothing. NULL: nothing */
	bool helpers; /* it is not a VM, but the VMM's other threads (helpers.h) */
	bool apart; /* ... and was detached by command: it stays accounted for itself */
	bool paused; /* its vCPUs' threads are to be held */
	struct symbol_table *symbols; /* wanted; NULL: none. Of malloc() */
	bool symbols_new; /* other than what lies in its place in the arena */
	bool slide_known; /* else it is found from where the guest halts: */
	bool slide_found;
	s64 retry_ns; /* nothing is asked for it before: the last command failed */
};

struct live_host {
	struct live_globals *g;
	/* somebody's command is under way who will say then what is wanted: nothing is given again before */
	bool asked;
	struct live_vm vms[LIVE_MAX_VMS + 1]; /* [0]: Domain-0 */
	struct live_vm before[LIVE_MAX_VMS + 1]; /* those of the scheduler's life before the last restart */
	bool no_helpers; /* VMMs' other threads stay the host's */
	struct live_pools pools; /* wanted */
	struct live_pool_params params[LIVE_MAX_POOLS];
	struct live_command queue[LIVE_MAX_COMMANDS];
	u32 first, queued; /* the first is in the mailbox if posted */
	bool posted, abandoned;
	u32 seq;
	s64 posted_ns;
	struct pins pins;
	struct halts halts;
};

/* Begin, or begin anew after a restart, on the BPF side whose globals these are: settings made before are kept. */
void live_host_begin(struct live_host *lh, struct live_globals *g);

/* What it holds is freed. */
void live_host_end(struct live_host *lh);

/* @now: CLOCK_MONOTONIC, ns. */
void live_host_poll(struct live_host *lh, s64 now);
bool live_host_busy(const struct live_host *lh);

/* Queue a copy of a command. 0, or -EBUSY: the queue is full. */
int live_host_submit(struct live_host *lh, const struct live_command *cmd);

/* Queue a command of our own about a domain; nothing else is asked for it until that is done. */
void live_host_own(struct live_host *lh, u32 id, const struct live_command *cmd);

/* The domain with this name or, if it is a number, this id. -ENOENT. */
int live_host_find(const struct live_host *lh, const char *domain);

/*
 * Does this domain exist now, and is it known by name? Not one whose last thread ended: the core may keep it for a
 * moment, but its name is free for the VM started anew.
 */
bool live_host_has(const struct live_host *lh, u32 id);

/* All vCPUs of a domain in order, read while the BPF side changes them: stops at anything that makes no sense. */
u32 live_host_vcpus(const struct live_host *lh, u32 id, vcpu_t **vcpus, u32 max);

/* What vCPU @number of a domain was given: it is given again after a restart. NULL: nothing after all. 0 or -ENOMEM. */
int live_host_want_rt(struct live_host *lh, u32 id, u32 number, const struct rt_params *params);

/*
 * The pool's table under arinc653. It is given to the core as soon as that has another, and again whenever the VMs that
 * its frames are for come or go. 0 or -ENOMEM.
 */
int live_host_want_table(struct live_host *lh, u32 pool, const struct arinc_table *table);

/* A VM is called @name from now on: in tables as well. */
void live_host_renamed(struct live_host *lh, const char *old, const char *name);

/* Threads of VMs in this pool that may run nowhere in it may run everywhere from now on, as their vCPUs may. */
void live_host_widen(struct live_host *lh, u32 pool);

/* Likewise the soft affinity that it was given. */
int live_host_want_soft(struct live_host *lh, u32 id, u32 number, const struct cpumask *soft);

/*
 * Hold all vCPUs of a VM, those that come later too, until it is let go. 0 when all have stopped; -ETIMEDOUT: one has
 * not within two seconds; or a negated errno. On an error all go on.
 */
int live_host_pause(struct live_host *lh, u32 id);
void live_host_unpause(struct live_host *lh, u32 id);

/*
 * The symbol table of a VM's kernel, which is copied; NULL: none from now on. @slide_known: it has the right slide;
 * else that is found when the guest halts, and the table counts from then on. 0 or -ENOMEM; -E2BIG: more than
 * LIVE_SYMBOL_ENTRIES.
 */
int live_host_want_symbols(struct live_host *lh, u32 id, const struct symbol_table *table, bool slide_known);

s64 live_now(void);

#endif
