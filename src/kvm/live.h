/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two sides of the live host share: the BPF side (rota.bpf.c, in the kernel) and the loader (in user space).
 *
 * All of it, and the core's host, lies in one BPF arena that both have mapped. The loader lays the host out by
 * running the core's own host_init(), cpupool_create() ... natively on that memory before the BPF side starts; from
 * then on only the BPF side changes core objects. The loader reads them, and asks for changes through a mailbox.
 */
#ifndef KVM_LIVE_H
#define KVM_LIVE_H

#include "kvm/guest_symbols.h"
#include "sched/sched.h"

#define LIVE_MAX_CPUS SCHED_MAX_PCPUS
#define LIVE_MAX_VM_VCPUS 4096 /* of all VMs together */
#define LIVE_MAX_POOLS 32
#define LIVE_NAME_LEN 64
/*
 * credit's ratelimit on a live host. Xen's is 1 ms, and its Domain-0 wakes up seldom; here each kernel thread and
 * each process of the host is a wake-up of a container, and the vCPU that it interrupted would be kept from being
 * preempted for a millisecond more each time. 100 us is the least that Xen takes.
 */
#define LIVE_RATELIMIT_NS (100 * USEC)
#define LIVE_EXIT_LEN 128
#define LIVE_DOM0 0 /* id of the domain of all host tasks; its vCPU c is pCPU c's container of them */

/*
 * A scheduler that gives a pCPU to none but the vCPU it belongs to. Its pools' pCPUs have no container (pool.bpf.c), so
 * Pool-0 can't have it: the host's tasks must run somewhere.
 */
static inline bool live_exclusive(u32 sched)
{
	return sched == SCHED_ID_null || sched == SCHED_ID_arinc653;
}

enum live_command_op {
	LIVE_ADJUST = 1, /* domain, a: weight (0 leave), b: cap (-1 leave) */
	LIVE_REAP, /* domain: destroy it if none of its threads is left */
	LIVE_PARAMS, /* pool: its parameters under credit, from live_mailbox.params */
	LIVE_CREDIT2, /* under credit2, from .credit2 */
	LIVE_RT_POOL, /* under rtds or rtxen, from .rt_pool; a: enum rt_when */
	LIVE_ARINC, /* under arinc653: its table, from .arinc */
	LIVE_RT, /* domain, a: its vCPU's index in the host; its real-time parameters, from .rt */
	LIVE_SOFT, /* domain, a: its vCPU's index; its soft affinity, from .cpus */
	LIVE_TURNS, /* .pool's parameters of turns, from .turns */
	LIVE_SYMBOLS, /* domain, a: 1 its symbol table counts, as it lies in its place; 0 no longer */
	LIVE_FAIL, /* give up with an error (fault tests) */
	LIVE_POOL_CREATE, /* a: the scheduler's id; the result is the pool's */
	LIVE_POOL_HIDE, /* pool: make its hidden pool; the result is that one's id */
	LIVE_MICRO, /* pool, a hidden one: its parameters, from .micro */
	LIVE_POOL_DESTROY, /* pool */
	LIVE_CPU_ADD,
	LIVE_CPU_REMOVE, /* pool, a: the pCPU; its container of host tasks goes with it */
	LIVE_MOVE, /* domain, pool */
	LIVE_HELPERS, /* domain, of a VM: make the domain of its VMM's other threads; the result is its id */
	LIVE_SDOM_ATTACH, /* domain, a: the domain whom it is accounted to from now on */
	LIVE_SDOM_DETACH, /* domain */
	LIVE_STALL, /* stop dispatching (fault tests): the kernel's watchdog must notice */
};

/*
 * One command at a time: the loader fills it and sets seq; the BPF side carries it out, sets result, then done = seq.
 */
struct live_mailbox {
	u32 lock; /* of the registry: which thread is which vCPU */
	u32 seq, done;
	u32 op;
	u32 domain, pool;
	s32 a, b;
	s32 result; /* 0, an id, or -SCHED_E* */
	struct credit_params params;
	struct credit2_params credit2;
	struct rt_pool_params rt_pool;
	struct rt_params rt;
	struct cpumask cpus;
	struct assist_params turns;
	struct micro_params micro;
	struct arinc_table arinc;
};

/* Beside each core domain. */
struct live_domain {
	u32 tgid; /* the VMM's process, 0: no VM (Domain-0, or free) */
	u32 threads; /* vCPU threads alive */
	u32 generation; /* counts the VMs that had this slot */
	u64 halt_ip; /* where its guest halted last, 0 not known */
	u32 helpers; /* not the VM: its VMM's other threads (helper.bpf.c) */
	u32 released; /* of helpers: each is the host's again when it next sleeps or is queued (the loader says so) */
};

/* Beside each core vCPU, by vcpu.index. */
struct live_vcpu {
	u32 pid; /* its thread, 0 none: a slot of the domain that another thread may take */
	u32 kvm_id; /* KVM's number of it, and one; 0 not known */
	u32 out; /* of a container: it is in no domain (pool.bpf.c) */
	u32 stays; /* sent back to a CPU that it may not leave just now */
	s64 alive_ns; /* when it last had a moment that its policy does not give it (exclusive.bpf.c) */
};

/*
 * A VMM's thread that is to become a vCPU of a domain of helpers when it next leaves its CPU. The loader fills it, pid
 * last; the BPF side, which has seen it, makes pid 0.
 */
struct live_helper {
	u32 pid, domain, generation;
};

#define LIVE_MAX_HELPERS 64 /* that wait to be seen */
#define LIVE_HINTS 4096

struct live_mailbox;
struct live_domain;
struct live_vcpu;
typedef struct live_mailbox ARENA live_mailbox_t;
typedef struct live_domain ARENA live_domain_t;
typedef struct live_vcpu ARENA live_vcpu_t;

/* A cache line or two of each pCPU's own. */
struct live_counters {
	u64 dispatch, keep, kick, timer, miss, yield_to, yield_ok, adopt, leave, full, late, stay, switching;
	u64 at_once, taken, irq;
	/* Deadlines of the core (of slices, budgets, accounting) of which it heard within 100 us, 1 ms or later. */
	u64 due_100us, due_1ms, due_later;
	u32 inside; /* this pCPU is in the core just now: alone.bpf.c */
} __attribute__((aligned(128)));

/*
 * The BPF object's section ".data.live": a map of one element that the loader fills before it attaches, and reads.
 * Pointers are the loader's addresses of arena memory, which is what arena pointers are.
 */
struct live_globals {
	host_t *host;
	sched_call_t *calls; /* one for each pCPU */
	live_mailbox_t *mailbox;
	live_domain_t *domains;
	live_vcpu_t *vcpus;
	char ARENA *symbols; /* LIVE_SYMBOL_BYTES for each domain */
	u32 nr_cpus;
	u32 stalled; /* LIVE_STALL came */
	u32 domains_top; /* the highest domain there was */
	u32 watching; /* where guests are is noted: kvm_exit is attached */
	u32 knows_kvm; /* KVM's types were known at load: threads in KVM_RUN are told without watching every VM entry */
	u32 alone; /* a pCPU wants, or has, the core to itself: alone.bpf.c */
	/*
	 * In each pool Domain-0 has a domain, whose vCPUs are the containers of that pool's pCPUs: itself in Pool-0,
	 * one that nobody sees elsewhere. By pool; 0: none yet (of Pool-0 it is LIVE_DOM0).
	 */
	u32 host_domain[LIVE_MAX_POOLS];
	struct live_helper helpers[LIVE_MAX_HELPERS];
	u8 hint[LIVE_HINTS]; /* by pid % LIVE_HINTS: one in .helpers may be meant */
	/* The reason why the scheduler was left, as the kernel gives it; kind 0: it runs. */
	s64 exit_code;
	u32 exit_kind;
	char exit_reason[LIVE_EXIT_LEN], exit_msg[LIVE_EXIT_LEN];
	struct live_counters counters[LIVE_MAX_CPUS]; /* of what each pCPU did */
};

#endif
