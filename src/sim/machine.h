/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated host: pCPUs, virtual time, and the guests on their vCPUs, driven by the core of src/sched.
 *
 * It does to the core what a hypervisor does: delivers wake-ups, blocks and timers, takes the effects, sends IPIs to
 * kicked pCPUs, switches vCPUs. Costs (DESIGN.md 6.1) take time from guests, never from the core, whose decisions are
 * instant:
 *
 *   context_switch  a vCPU's work begins so much after its pCPU was given to it
 *   migration       so much later still when it ran last on another pCPU (its cache is cold)
 *   ipi             from a kick by another pCPU until the kicked one schedules
 *   vm_exit         taken from the running guest each time a timer or an IPI interrupts it
 *
 * Order of events at one instant: bursts that end (by vCPU), wake-ups (by vCPU), scripted events, timers (by pCPU),
 * IPIs (by pCPU). After each event all kicked pCPUs schedule, lowest first, until none is kicked: the oracle's rules,
 * so that rota and Xen's own code can be compared decision by decision.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/sched.h"
#include "sim/admit.h"
#include "sim/event.h"
#include "sim/guest.h"
#include "sim/histogram.h"
#include "sim/scenario.h"

struct replay;
struct guest_os;
struct sim_kernel;

struct sim_vcpu {
	struct guest guest;
	vcpu_t *v;
	uint32_t domain; /* index into the scenario's domains */
	int64_t woken_ns; /* when it became runnable from blocked, -1: it has run since */
	int64_t base_ns[4], base_parked_ns; /* run-state times at the end of the warm-up */
	uint64_t base_migrations, base_boosts;
	uint64_t migrations; /* the core's count when it ran last */
	uint64_t switches; /* times it was given a pCPU, since the warm-up */
};

struct sim_domain {
	domain_t *d;
	uint32_t first_vcpu, nr_vcpus;
	struct histogram wake_latency;
	struct guest_os *os; /* of a program, else NULL */
	const struct sim_kernel *kernel;
	struct scenario *own; /* came while the machine ran (machine_live.c): what it was made from */
};

/* Room for what comes while the machine runs, on top of what the scenario has. */
struct machine_room {
	uint32_t domains, vcpus, pools;
};

struct sim_pcpu {
	int64_t base_run_ns;
	uint64_t base_switches;
};

/* Takes the records made since the last call. */
typedef void (*machine_record_fn)(void *arg, const struct trace_rec *recs, size_t n);

struct machine {
	const struct scenario *s;
	host_t *host;
	void *host_mem;
	size_t host_bytes;
	struct sched_call cx;
	struct event_queue events;
	struct sim_vcpu *vcpus;
	uint32_t nr_vcpus; /* the scenario's */
	uint32_t max_vcpus, max_domains; /* of the arrays */
	uint32_t last_domain; /* the id given out last; ids of the scenario's own domains are not used again */
	struct sim_domain *domains;
	struct sim_pcpu *pcpus;
	struct replay **replays; /* by vCPU */
	struct sim_kernel *kernels;
	int64_t now;
	bool warm;
	uint64_t trace_hash;
	uint64_t nr_events; /* events of the machine's own queue */
	uint64_t warm_calls;
	uint64_t refused; /* scripted commands that the core refused */
	char refusal[400]; /* the first of them, in words */
	bool started; /* all that the scenario sets at the start is set */
	char why[300]; /* a pool did not admit the last change */
	uint64_t not_guaranteed; /* times a pool with `admission: warn` held more than the analysis guarantees */
	char no_guarantee[320]; /* the first of them */
	machine_record_fn record;
	void *record_arg;
	uint32_t slot_wake, slot_script, slot_timer, slot_ipi; /* first slot of each kind; bursts' ends begin at 0 */
};

/*
 * machine_create() - set up the host of a scenario, at time 0, with all its domains.
 * @s: a scenario that scenario_load() accepted; it must outlive the machine
 * @trace_level: enum trace_level
 * @record, @arg: receives every trace record; may be NULL (they are hashed all the same)
 *
 * Returns NULL with @err set: no memory, a replay file that can't be read, or a setting that the scheduler refuses.
 */
struct machine *machine_create(const struct scenario *s, int trace_level, machine_record_fn record, void *arg,
			       char *err, size_t errlen);
/*
 * The same for a host that people work on (machine_live.c): with room for more, every vCPU plugged in from the start,
 * and statistics that are never closed (the scenario's duration and warm-up mean nothing).
 */
struct machine *machine_create_live(const struct scenario *s, const struct machine_room *room, char *err,
				    size_t errlen);
/*
 * A domain comes. @from: a scenario with this one domain, made for this host (machine_live.c tells how); on success it
 * belongs to the machine. @pool: the core's id. @online: how many of its vCPUs are plugged in. Returns its id, or -1
 * with @err.
 */
int machine_add_domain(struct machine *m, struct scenario *from, uint32_t pool, uint32_t online, char *err,
		       size_t errlen);
/* It goes, at once; virtual time may advance by some microseconds. 0 or -SCHED_E*. */
int machine_remove_domain(struct machine *m, uint32_t id);
/*
 * Call a function of the core that may answer -EAGAIN until it does not, carrying out the effects each time and letting
 * virtual time pass in between, as libxc does.
 */
int machine_insist(struct machine *m, int (*fn)(struct machine *m, void *arg), void *arg);
/*
 * Run until virtual time @until_ns (the scenario's duration at most). The statistics are whole at the end of the run.
 */
void machine_run(struct machine *m, int64_t until_ns);
/* Close the statistics at the end of the run. Once. */
void machine_finish(struct machine *m);
void machine_free(struct machine *m);

/* After the core was entered: carry out its effects, at the machine's present instant. */
void machine_settle(struct machine *m);
/* A program's vCPU @i has come to the end of what it did, or its timer (that of all the domain's tasks) fires. */
void machine_guest_step(struct machine *m, uint32_t i);
void machine_guest_wake(struct machine *m, uint32_t i);
/* An event for a vCPU that may sleep: wake it. */
void machine_wake(struct machine *m, struct sim_vcpu *sv);
/* setup.c: the pieces of which a machine is made. As machine_create(). */
struct machine *machine_create_room(const struct scenario *s, const struct machine_room *room, int trace_level,
				    machine_record_fn record, void *arg, char *err, size_t errlen);
int machine_setup_domain(struct machine *m, const struct scn_domain *scn, uint32_t i, uint32_t pool,
			 uint32_t first_vcpu, char *err, size_t errlen);
void machine_first_wakes(struct machine *m, uint32_t first, uint32_t n);
/* Carry out scripted event @i of the scenario (script.c). */
void machine_script(struct machine *m, uint32_t i);

/*
 * Real-time parameters (setup_rt.c): all of the scenario's at the start; of a vCPU; of a pool. As the core's, or -1
 * with @err.
 */
int machine_sched_start(struct machine *m, char *err, size_t errlen);
int machine_sched_vcpu(struct machine *m, vcpu_t *v, const struct scn_sched *s);
int machine_sched_domain(struct machine *m, uint32_t domain, int vcpu, const struct scn_sched *s); /* vcpu -1: all */
int machine_sched_pool(struct machine *m, cpupool_t *pool, const struct scn_sched *s);

/*
 * Does the analysis guarantee what the vCPUs of a pool reserve, @change made (NULL: as it is)? (admission.c) 0 yes, or
 * it is no real-time pool; 1 no: @why says which vCPU, which interval, which demand and supply; -ENOMEM. The last one
 * asks only as far as the pool's `admission` says: where it is `warn`, a no is counted and 0 returned.
 */
int machine_admits(const struct machine *m, uint32_t pool, const struct admission_change *change, char *why,
		   size_t len);
/* What becomes of a no; of a pool that says nothing: enforced if somebody in it, @change made, was given a budget. */
enum scn_admission machine_admission_mode(const struct machine *m, uint32_t pool,
					  const struct admission_change *change);
int machine_admission(struct machine *m, uint32_t pool, const struct admission_change *change, char *why, size_t len);

/*
 * What helps waiting guests (setup_assist.c): a pool's parameters, of which it says how many there were, or -1 for
 * values that are refused; a hidden pool, its id or -1 with @err; the symbols of domain @i.
 */
int machine_assist_params(struct machine *m, const struct scn_pool *sp, cpupool_t *pool);
bool machine_is_assist_param(const struct scn_param *param);
int machine_hidden_pool(struct machine *m, int i, char *err, size_t errlen);
int machine_symbols(struct machine *m, const struct scn_domain *scn, uint32_t i, char *err, size_t errlen);

/* Entries into the core since the start: wake-ups, blocks, yields, ticks, accountings, schedule() calls, commands. */
uint64_t machine_scheduler_events(const struct machine *m);

#endif
