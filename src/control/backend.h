/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host as rotad sees it: the simulated one, or this machine.
 *
 * Both keep the core's own objects (struct host), which the verbs read directly; so a listing is the same code for
 * both. Nothing here writes them: every change is a struct command that the back end carries out, through the core's
 * functions or through its mailbox in the kernel. What the core does not know (names, memory) the back end tells.
 */
#ifndef CONTROL_BACKEND_H
#define CONTROL_BACKEND_H

#include <jansson.h>
#include <stdbool.h>

#include "sched/sched.h"

#define CONTROL_ERROR_LEN 512 /* room for the one sentence that tells a person what failed */
#define CONTROL_NAME_LEN 64

enum command_op {
	CMD_ADJUST, /* domain, weight (0 leave), cap (-1 leave) */
	CMD_VCPU_RT, /* domain, vcpu, rt */
	CMD_POOL_CREDIT,
	CMD_POOL_CREDIT2, /* pool, credit or credit2 */
	CMD_POOL_RT, /* pool, rt_pool, when */
	CMD_POOL_ARINC, /* pool, arinc */
	CMD_POOL_TURNS, /* pool, turns */
	CMD_AFFINITY, /* domain, vcpu, set_hard and hard, set_soft and soft */
	CMD_UNPIN, /* domain, vcpu: a temporary pin is undone */
	CMD_PAUSE,
	CMD_UNPAUSE, /* domain */
	CMD_VCPU_UP,
	CMD_VCPU_DOWN, /* domain, vcpu */
	CMD_POOL_MICRO, /* pool, a hidden one: micro */
	CMD_POOL_CREATE, /* sched; or hidden, and pool is the parent. Its answer is the id */
	CMD_POOL_DESTROY, /* pool */
	CMD_CPU_ADD,
	CMD_CPU_REMOVE, /* pool, cpu */
	CMD_MOVE, /* domain, pool */
	CMD_SDOM_ATTACH, /* domain, sdom: whom it is accounted to from now on */
	CMD_SDOM_DETACH, /* domain */
	CMD_DESTROY, /* domain */
};

/* Numbers are the core's ids. Errors are the core's, -SCHED_E*; -ENOTSUP where this host can't do it at all. */
struct command {
	enum command_op op;
	u32 domain, vcpu, pool, cpu, sdom;
	s32 weight, cap;
	u32 sched, when;
	bool set_hard, set_soft, hidden;
	bool not_given; /* CMD_VCPU_RT undoes: nobody had asked for its parameters */
	struct cpumask hard, soft;
	union {
		struct credit_params credit;
		struct credit2_params credit2;
		struct rt_params rt;
		struct rt_pool_params rt_pool;
		struct arinc_table arinc;
		struct micro_params micro;
		struct assist_params turns;
	};
};

/* What a domain is beside the core's struct. */
struct domain_facts {
	const char *name;
	char uuid[37];
	s64 pid; /* of its VMM, 0 none */
	s64 start_ns; /* when it came, by the host's clock */
};

struct backend {
	const char *kind; /* "sim", "kvm" */
	host_t *(*host)(void *arg);
	s64 (*now)(void *arg); /* the host's clock, by which the core's times count; ns */
	/* 0 or the id, or a negated error. Carried out when it returns. */
	int (*command)(void *arg, const struct command *cmd);
	/* Does this domain exist? Then its facts. */
	bool (*facts)(void *arg, u32 id, struct domain_facts *facts);
	u64 (*memory_mib)(void *arg, u32 id);
	/* Its vCPUs in order, at most @max. */
	u32 (*vcpus)(void *arg, u32 id, vcpu_t **vcpus, u32 max);
	/* Is this vCPU plugged in? */
	bool (*online)(void *arg, u32 id, const vcpu_t *v);
	/* Is this domain paused? NULL: the core knows. */
	bool (*paused)(void *arg, u32 id);
	/* Why this host can't carry out such a command at all (-ENOTSUP), in one sentence; NULL: nothing to say. */
	const char *(*cannot)(const struct command *cmd);
	/* An affinity that has all of these is one to "all". */
	cpumask_t *(*every)(void *arg);
	/*
	 * A domain by `create`: see verb_create() for @config, of which names and numbers are checked. Returns its id,
	 * or -1 with the sentence. NULL: domains come by themselves, and `create` is about one that is there.
	 */
	int (*create)(void *arg, json_t *config, u32 pool, char *error);
	/*
	 * Do the pool's vCPUs reserve more than can be guaranteed, and does it say what becomes of that? 0 no; 1: it is
	 * to be refused, 2: told of, with the sentence. NULL: pools of this host don't say.
	 */
	int (*overbooked)(void *arg, u32 pool, char *why);
	int (*rename)(void *arg, u32 id, const char *name, char *error);
	/* More about this host, into an object: `rota host status`. */
	void (*status)(void *arg, json_t *into);
	/* A verb of this kind of host only; NULL: there is no such verb. */
	json_t *(*verb)(void *arg, const char *verb, json_t *request, char *error);
	/*
	 * Let the host go on: called again and again. Returns after how many ms it wants to be called again at the
	 * latest, -1: it need not; -2 when it has ended, with the sentence.
	 */
	int (*tick)(void *arg, char *error);
	void (*close)(void *arg);
};

#endif
