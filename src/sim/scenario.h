/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenario: what a run of the simulated host consists of (DESIGN.md 6.1).
 *
 * scenario_load() reads YAML, checks every key, type, unit, range and reference, and either returns
 * a complete, valid scenario or one sentence naming file, line and key. Nothing downstream checks
 * again.
 *
 * All times are signed 64-bit nanoseconds, ids are indices into the arrays below, CPU sets are
 * bitmaps of SCN_CPU_WORDS words (bit c of word c/64 = pCPU c).
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/limits.h"

#define SCN_CPU_WORDS (SCHED_MAX_PCPUS / 64)
/*
 * No time of a scenario is longer (about 11 days), so sums of a few and products with a weight or
 * cap fit 63 bits. A drawn time may be 0 (uniform from 0) or far beyond (exp, lognormal): whoever
 * draws clamps.
 */
#define SCN_MAX_TIME_NS INT64_C(1000000000000000)
#define SCN_MAX_EVENTS 65536

struct scn_cpus {
	uint64_t w[SCN_CPU_WORDS];
};

/*
 * A distribution of times: const {a}, uniform {a..b}, exp {mean a}, lognormal {median a, sigma
 * b/1e6}.
 */
enum scn_dist_kind { SCN_CONST, SCN_UNIFORM, SCN_EXP, SCN_LOGNORMAL };
struct scn_dist {
	enum scn_dist_kind kind;
	int64_t a; /* ns */
	int64_t b; /* uniform: upper bound, ns; lognormal: sigma in millionths */
};

enum scn_model { SCN_IDLE, SCN_HOG, SCN_PERIODIC, SCN_DUTY, SCN_BURSTY, SCN_REPLAY, SCN_PROGRAM, SCN_SPIN };

struct program; /* program.h */

/*
 * hog {work: CPU time after which it has finished, 0 = never; a finished vCPU blocks for good and
 * its completion time is reported}; periodic {period, cost, deadline, phase}; duty {period, on,
 * phase}; bursty {run, sleep}; replay {file} (path resolved against the scenario's directory);
 * program, and tasks, which is one (of the whole domain: all its vCPUs have the same one); spin {at,
 * stopped, ipis}: pause loops for ever, exits of which come from functions of class `at` (work_ns: each lasts so long).
 */
struct scn_workload {
	enum scn_model model;
	int8_t at_class, stopped_class; /* spin: enum symbol_class, where it is seen at exits, and when preempted */
	bool ipis; /* spin: it also sends IPIs to all its siblings */
	int64_t start_ns; /* the vCPU's first wake, from the start of the run */
	int64_t work_ns;
	int64_t period_ns, cost_ns, on_ns, deadline_ns, phase_ns;
	struct scn_dist run, sleep;
	char *file; /* replay: as it can be opened */
	struct program *program;
};

/*
 * Real-time parameters: of a vCPU, of a pool, or of a change of either. Only those whose bit is in
 * `set` were given; the others are what the policy or the vCPU has. Words are in the order of
 * src/sched/rt.h.
 */
enum scn_sched_key {
	SCN_SCHED_PERIOD,
	SCN_SCHED_BUDGET,
	SCN_SCHED_DEADLINE,
	SCN_SCHED_PHASE,
	SCN_SCHED_LATENCY, /* ns */
	SCN_SCHED_PRIORITY,
	SCN_SCHED_EXTRATIME,
	SCN_SCHED_KIND,
	SCN_SCHED_WHEN,
	SCN_SCHED_RULE,
	SCN_SCHED_PLACEMENT,
	SCN_SCHED_FIT,
	SCN_SCHED_TIES,
	SCN_SCHED_RUSH, /* of a pool */
	SCN_SCHED_KEYS
};
struct scn_sched {
	unsigned set; /* bit of each key that was given */
	int64_t value[SCN_SCHED_KEYS];
	int line;
};

/* `microslice:` of a hidden pool: struct micro_params. */
struct scn_micro {
	int64_t slice_ns;
	int limit, queue, mode, on, rules;
};

/* Unless it is said, a pool enforces as soon as somebody in it was given a budget: then it is a promise. */
enum scn_admission { SCN_ADMISSION_ASKED, SCN_ADMISSION_OFF, SCN_ADMISSION_WARN, SCN_ADMISSION_ENFORCE };
/* off, warn, enforce; false: another word. */
bool scn_admission_word(const char *word, enum scn_admission *mode);

struct scn_pool {
	char *name;
	bool hidden; /* then with a parent, and `micro` */
	int parent; /* index into pools, of an earlier one */
	struct scn_micro micro;
	char *sched; /* policy name, known to sched_find() */
	struct scn_cpus cpus;
	int line;
	struct scn_param *params; /* policy parameters of the pool, in file order */
	int nr_params;
	struct scn_sched rt; /* those of the real-time policies */
	enum scn_admission admission; /* likewise: what becomes of reservations that can't be guaranteed */
	struct scn_frame *frames; /* arinc653 */
	int nr_frames;
	int64_t major_ns; /* 0: the sum of the frames */
	bool donate;
};

/* arinc653: a minor frame. The domain is looked up by name, -1 an idle frame. */
struct scn_frame {
	char *domain_name;
	int domain, vcpu;
	int64_t time_ns;
	int line;
};

/* `params:` of a pool, kept by name; value_ns for times, value for numbers, text as written. */
struct scn_param {
	char *key;
	char *text;
	/* numbers and booleans as they are; times in ns; for weight_of: 0 vcpu, 1 domain */
	int64_t value;
	int line;
};

struct scn_settings {
	struct scn_cpus hard, soft;
	struct scn_sched sched;
};

struct scn_vcpu {
	struct scn_settings *settings; /* its domain's, or its own */
	struct scn_workload workload;
};

struct scn_domain {
	char *name;
	int pool; /* index into pools */
	int nr_vcpus;
	int weight; /* 1..65535 */
	int cap; /* percent of one pCPU, 0 = none */
	char *symbols; /* a System.map, as it can be opened; "": the host has none; NULL: of the simulator's kernel */
	char *sdom_name; /* whom it is accounted to, NULL: itself */
	int sdom, sdom_line; /* index of that domain, -1 none */
	struct scn_settings *settings; /* of all its vCPUs that have none of their own */
	struct scn_vcpu *vcpus;
	int line;
};

/*
 * `events:` a list of scripted commands: {at: 40ms, do:
 * pause|unpause|weight|cap|pin|yield|irq|move, ...}.
 */
enum scn_event_kind {
	SCN_EV_PAUSE,
	SCN_EV_UNPAUSE, /* domain, optional vcpu (-1: whole domain) */
	SCN_EV_WEIGHT,
	SCN_EV_CAP, /* domain, value */
	SCN_EV_PIN,
	SCN_EV_PIN_SOFT, /* domain, vcpu (-1 all), cpus */
	SCN_EV_YIELD, /* domain, vcpu */
	/* domain, vcpu: a virtual interrupt; cost: of its handler's CPU time; every: 0 = once */
	SCN_EV_IRQ,
	SCN_EV_MOVE, /* domain to pool */
	SCN_EV_CPU_REMOVE,
	SCN_EV_CPU_ADD, /* pool, cpus: pCPUs leave or join the pool */
	SCN_EV_DOWN,
	SCN_EV_UP, /* domain, vcpu (-1 all): unplugged, plugged in again */
	SCN_EV_SCHED, /* domain, vcpu (-1 all): new real-time parameters */
	SCN_EV_POOL_SCHED, /* pool: likewise; with none it packs its vCPUs anew */
	SCN_EV_ATTACH,
	SCN_EV_DETACH, /* domain to sdom; domain from the one it has */
};
struct scn_event {
	int64_t at_ns;
	enum scn_event_kind kind;
	int domain, vcpu, pool, sdom;
	int64_t value; /* weight or cap */
	int64_t cost_ns, every_ns; /* irq */
	struct scn_cpus cpus;
	struct scn_sched sched;
	int line;
};

struct scenario {
	char *path; /* as given */
	char *text; /* the file's text, for the report */
	char *name;
	char *description; /* optional `description:`, one line, shown by `rota sim list` */
	uint64_t seed;
	int64_t duration_ns, warmup_ns;
	int nodes, cores, threads; /* cores per node, threads per core */
	int nr_pcpus;
	int alone_percent; /* speed of a thread while the others of its core idle; 100 while one runs */
	int64_t cost_switch_ns, cost_ipi_ns, cost_migration_ns, cost_vmexit_ns;
	/*
	 * Pause-loop exits: PAUSEs no further apart than the gap are one loop, which exits when it
	 * has lasted for the window (0: there are none).
	 */
	int64_t ple_gap_ns, ple_window_ns;
	enum scn_admission admission; /* of pools that say nothing; rotad's user may, scenarios don't */
	struct scn_pool *pools;
	int nr_pools;
	struct scn_domain *domains;
	int nr_domains;
	struct scn_event *events; /* by at_ns, ties in file order */
	int nr_events;
};

/*
 * scenario_load() - read and check a scenario.
 * @path: file to read ("-" = standard input)
 * @sets: `--set` assignments "path=value" (e.g. "domains.vm1.weight=512", "host.cores=4",
 *        "seed=7"), applied to the document before it is checked; domains and pools are addressed
 *        by name or index
 * @nr_sets: how many
 * @err: receives one sentence on failure
 *
 * Returns the scenario, to be freed by scenario_free(), or NULL with @err set.
 */
struct scenario *scenario_load(const char *path, char *const *sets, int nr_sets, char *err, size_t errlen);
void scenario_free(struct scenario *s);

/* Gives a zeroed domain @vcpus (1 ..) vCPUs, all with its settings, zeroed as well. False: no memory, nothing given. */
bool scn_domain_vcpus(struct scn_domain *d, int vcpus);

/*
 * pCPU numbering: threads of a core are adjacent, cores of a node are adjacent: cpu = (node*cores +
 * core)*threads + thread.
 */

/* Parse "10ms", "2us", "1.5s", "300ns", "0" into ns. Returns 0 or -EINVAL. */
int scn_parse_time(const char *text, int64_t *ns);
/*
 * Parse Xen's CPU list ("0-5,8,^3", "node:1", "all") for a host of this topology. Returns 0 or
 * -EINVAL with @err.
 */
int scn_parse_cpus(const struct scenario *s, const char *text, struct scn_cpus *out, char *err, size_t errlen);

#endif
