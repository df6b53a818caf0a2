/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Schedulability analysis: what a task set needs, what a server supplies, and whether the one
 * covers the other.
 *
 * The folder stands alone: it knows no scheduler and no scenario, only tasks and servers. All times
 * are signed 64-bit counts of one unit, nanoseconds wherever rota calls it; sums and products are
 * 128 bits wide. Nothing here uses floating point for a verdict: where a sum of fractions would not
 * fit 128 bits it is rounded in the direction that refuses.
 *
 * How it stays fast without looking at hyperperiods: a demand function changes only at known
 * points, and every supply function here can be inverted. From the longest window that could fail,
 * a check jumps to the shortest window in which the supply already covers the present demand (no
 * window between can fail), and so on down. The number of jumps depends on the ratios of periods,
 * not on how many digits they have. Loops are bounded; a check that meets its bound says
 * AN_UNDECIDED, which nobody may take for a yes.
 */
#ifndef ANALYSIS_ANALYSIS_H
#define ANALYSIS_ANALYSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __int128 an_wide;

/* Limits of what is accepted; an_tasks_valid() and an_servers_valid() check them. */
#define AN_MAX_TIME INT64_C(1000000000000000) /* of one parameter: 11.5 days of nanoseconds */
#define AN_MAX_TASKS 4096
#define AN_MAX_CPUS 4096
#define AN_MAX_SERVERS 16384
#define AN_NAME_LEN 64
#define AN_NEVER INT64_MAX

/*
 * A sporadic task. cost > 0; period > 0; deadline > 0, may exceed the period; jitter >= 0 is added
 * to response times and taken from the deadline; blocking >= 0 is by lower-priority tasks;
 * priority: 1 = highest, used by AN_FP only.
 */
struct an_task {
	char name[AN_NAME_LEN];
	int64_t cost, period, deadline, jitter, blocking;
	int priority;
};

enum an_rule { AN_EDF, AN_RM, AN_DM, AN_FP };

/*
 * Supplies. All but the dedicated one give `budget` in each `period`:
 * AN_DEDICATED   `cpus` whole CPUs
 * AN_PRM         periodic resource model (Shin and Lee)
 * AN_PRM_LINEAR  its linear lower bound
 * AN_EDP         explicit deadline periodic: the budget comes within `deadline` of each period's
 *                begin
 * AN_POLLED      a polling server: like AN_PRM, but the first budget may be gone at arrival
 * AN_MPR         multiprocessor: at most `cpus` at once, dense time
 * AN_MPR_SLOTS   the exact minimum when budget and supply come in whole units of time
 * AN_MPR_LINEAR  linear lower bound of AN_MPR
 * AN_DMPR        `cpus` whole CPUs and one AN_PRM (budget 0: none)
 */
enum an_supply_kind {
	AN_DEDICATED,
	AN_PRM,
	AN_PRM_LINEAR,
	AN_EDP,
	AN_POLLED,
	AN_MPR,
	AN_MPR_SLOTS,
	AN_MPR_LINEAR,
	AN_DMPR,
};
struct an_supply {
	enum an_supply_kind kind;
	int64_t period, budget;
	int64_t deadline; /* AN_EDP; 0 = as the budget */
	int cpus; /* AN_DEDICATED, AN_MPR*, AN_DMPR */
};

/* -- supply.c ---------------------------------------------------------------- */

/* Least supply in any window of length @t. */
an_wide an_sbf(const struct an_supply *s, int64_t t);
/* Shortest window in which @work is always supplied; AN_NEVER if none below 2^62. */
int64_t an_tbf(const struct an_supply *s, an_wide work);
/*
 * Latest begin of a stretch of supply before @t in the worst case; -1 if none. Where sbf turns up.
 */
int64_t an_supply_turn(const struct an_supply *s, int64_t t);
/* The most CPU time the supply can use at once: 1, or cpus, or cpus + 1. */
int an_supply_width(const struct an_supply *s);
/*
 * A line below sbf: rate * (t - delay), rate rounded down in 2^-AN_RATE_BITS, delay rounded up.
 */
#define AN_RATE_BITS 40
void an_supply_line(const struct an_supply *s, an_wide *rate, int64_t *delay);
/*
 * Smallest budget above s->budget with sbf(t) >= work, up to @max; -1 if there is none. Leaves *s
 * as it was.
 */
int64_t an_budget_for(const struct an_supply *s, int64_t t, an_wide work, int64_t max);

/* -- demand.c ---------------------------------------------------------------- */

/* 0, or -EINVAL with one sentence about the first task that is wrong. */
int an_tasks_valid(const struct an_task *tasks, int n, char *err, size_t errlen);
/* Sorts by decreasing priority under the rule; equal ones keep their order. */
void an_sort(struct an_task *tasks, int n, enum an_rule rule);
/* Sum of cost/period against a whole number: -1, 0 or 1, exact. */
int an_utilisation_cmp(const struct an_task *tasks, int n, int64_t whole);
/* The same sum in 2^-AN_RATE_BITS, rounded up. */
an_wide an_utilisation(const struct an_task *tasks, int n);
double an_utilisation_approx(const struct an_task *tasks, int n); /* for people */
/* EDF demand in windows of @t: costs of all jobs with release and deadline inside. */
an_wide an_dbf(const struct an_task *tasks, int n, int64_t t);
/* Largest absolute deadline < t (of a synchronous release); -1 if none. */
int64_t an_deadline_before(const struct an_task *tasks, int n, int64_t t);
/* Request bound of task i and those before it (higher priority), for one job of i. */
an_wide an_rbf(const struct an_task *tasks, int i, int64_t t);

/* -- verdicts ---------------------------------------------------------------- */

enum an_answer { AN_OK, AN_NOT, AN_UNDECIDED };
struct an_verdict {
	enum an_answer answer;
	int index; /* the task or server that fails, -1 = all together */
	int64_t window; /* the window that shows it */
	an_wide demand, supply; /* in that window */
};

/* -- edf.c, fp.c: one CPU's worth of supply ---------------------------------- */

enum an_answer an_edf_check(const struct an_task *tasks, int n, const struct an_supply *s, struct an_verdict *v);
/*
 * First-job response of task @i (tasks in decreasing priority), jitter included; AN_NEVER beyond
 * @limit. The deadline plays no part.
 */
int64_t an_fp_first_response(const struct an_task *tasks, int i, const struct an_supply *s, int64_t limit);
/* Worst response of any job of the busy period, for deadlines beyond periods too. */
int64_t an_fp_response(const struct an_task *tasks, int i, const struct an_supply *s);
/* Least budget above s->budget, which does not do, with which task @i meets its deadlines; -1: not even @max does. */
int64_t an_fp_least_budget(const struct an_task *tasks, int i, const struct an_supply *s, int64_t max);
enum an_answer an_fp_check(const struct an_task *tasks, int n, const struct an_supply *s, struct an_verdict *v);
/* Worst response under EDF (Spuri), AN_NEVER if the bound of the search was met; no jitter. */
int64_t an_edf_response(const struct an_task *tasks, int n, int i, const struct an_supply *s);

struct an_budget {
	enum an_answer answer;
	int64_t budget;
	bool exact; /* budget - 1 is proven to fail */
	struct an_verdict why; /* what asks for this budget, or why none does */
};
/*
 * Smallest budget of a supply of this kind, period (and deadline, cpus) that schedules the tasks.
 * s->budget is a lower bound to begin with, usually 0. FP rules need the tasks sorted.
 */
enum an_answer an_min_budget(const struct an_task *tasks, int n, enum an_rule rule, const struct an_supply *s,
			     struct an_budget *out);
/* The same; AN_NOT as soon as it is clear that more than @max would be needed. */
enum an_answer an_min_budget_below(const struct an_task *tasks, int n, enum an_rule rule, const struct an_supply *s,
				   int64_t max, struct an_budget *out);
/* EDP: the smallest budget with deadline = budget, then the latest deadline that still does. */
enum an_answer an_min_edp(const struct an_task *tasks, int n, enum an_rule rule, int64_t period, struct an_supply *out);

/* -- mpr.c: gEDF on a multiprocessor supply ----------------------------------- */

enum an_answer an_gedf_supply_check(const struct an_task *tasks, int n, const struct an_supply *s,
				    struct an_verdict *v);
enum an_answer an_gedf_min_budget(const struct an_task *tasks, int n, const struct an_supply *s, struct an_budget *out);
/* Best MPR with cpus from U up to max_cpus: least budget, then fewest CPUs. */
enum an_answer an_min_mpr(const struct an_task *tasks, int n, int64_t period, int max_cpus, struct an_supply *out);
enum an_answer an_min_dmpr(const struct an_task *tasks, int n, int64_t period, int max_cpus, struct an_supply *out);

/* -- global.c: m CPUs of one's own --------------------------------------------- */

enum an_answer an_gfb(const struct an_task *tasks, int n, int m);
enum an_answer an_bak(const struct an_task *tasks, int n, int m);
enum an_answer an_bcl(const struct an_task *tasks, int n, int m, struct an_verdict *v);
/* response (may be NULL): n bounds, D - slack. @slacks false: every carry-in at its latest. */
enum an_answer an_bcl_iterative(const struct an_task *tasks, int n, int m, bool slacks, int64_t *response);
enum an_answer an_gedf_rta(const struct an_task *tasks, int n, int m, int64_t *response);
enum an_answer an_bar(const struct an_task *tasks, int n, int m, struct an_verdict *v);
/* ffdbf.c: forced-forward demand for a speed @sigma, in 2^-AN_SIGMA_BITS as the result is; and the test by it. */
#define AN_SIGMA_BITS 16
an_wide an_ff_dbf(const struct an_task *task, int64_t t, int64_t sigma);
enum an_answer an_ffdbf(const struct an_task *tasks, int n, int m);
/*
 * Tasks in decreasing priority. AN_GFP_PLAIN: no slack, interference not cut at what can delay (a
 * cross-check); AN_GFP_LATE: no slack (holds for deferrable servers too); AN_GFP_SLACK: carry-in by
 * the responses found; AN_GFP_LIMITED: that, and only m - 1 tasks carry in. The first two judge every task for itself,
 * whatever became of the others; the last two end at the first that fails.
 */
enum an_gfp { AN_GFP_PLAIN, AN_GFP_LATE, AN_GFP_SLACK, AN_GFP_LIMITED };
enum an_answer an_gfp(const struct an_task *tasks, int n, int m, enum an_gfp how, int64_t *response);
/* Bound of the lateness of any job under gEDF when U <= m; -1 if U > m. */
int64_t an_gedf_tardiness(const struct an_task *tasks, int n, int m);

/* -- servers.c ----------------------------------------------------------------- */

enum an_server_kind {
	AN_DEFERRABLE,
	AN_PERIODIC,
	AN_POLLING,
	AN_SPORADIC,
	AN_WORK_CONSERVING,
	AN_CAPACITY_RECLAIMING,
	AN_CBS,
};
#define AN_NR_SERVER_KINDS (AN_CBS + 1)
extern const char *const an_server_kind_names[AN_NR_SERVER_KINDS];

/*
 * What one vCPU runs in. deadline > 0 and <= period; cpu: the pCPU of a partition, -1 = any. stays: it never leaves its
 * pCPU, also where the pool schedules globally, and is promised nothing (a live host's own vCPUs): the others are
 * judged with it in their way.
 */
struct an_server {
	char name[AN_NAME_LEN];
	int64_t budget, period, deadline;
	int priority; /* 1 = highest, for AN_FP */
	enum an_server_kind kind;
	int cpu;
	bool stays;
};
/* Most that the server takes from others in a window of @t. */
an_wide an_server_load(const struct an_server *s, int64_t t);
/* What the server gives to tasks that arrive at any time. */
struct an_supply an_server_supply(const struct an_server *s);
/* Worst response of server @i of a list in decreasing priority on one CPU; AN_NEVER past 2^62. */
int64_t an_server_response(const struct an_server *servers, int i);
/*
 * Worst response of task @k of server @i (Davis and Burns 2005); both lists in decreasing priority.
 * @tied: the tasks' releases coincide with the server's. AN_NEVER if there is no bound.
 */
int64_t an_server_task_response(const struct an_server *servers, int i, const struct an_task *tasks, int k, bool tied);
/* Least upper bound of the utilisation of server + RM tasks, n -> infinity; us in (0, 1). */
double an_rm_bound(enum an_server_kind kind, double us);

/* -- deferred.c: EDF on one CPU, some servers deferrable or CBS ------------------- */

/* Those that put budgets off: deadline = period. v->index: whose deadline ends the window, -1 nobody's. */
enum an_answer an_edf_deferred_check(const struct an_server *servers, int n, struct an_verdict *v);

/* CBS of Linux: runtime left, absolute deadline; GRUB's charge as a fraction. */
struct an_cbs {
	int64_t budget, period;
	int64_t left, deadline;
};
void an_cbs_wake(struct an_cbs *c, int64_t now);
void an_cbs_refill(struct an_cbs *c); /* at the deadline, when spent */
int64_t an_cbs_zero_lag(const struct an_cbs *c);
/* ns charged for @run ns: max(u, umax - uinactive - uextra), all in millionths. */
int64_t an_grub_charge(int64_t run, int64_t umax, int64_t u, int64_t uinactive, int64_t uextra);

/* -- host.c: admission ---------------------------------------------------------- */

/*
 * A pool of pCPUs under a real-time scheduler. @switch_cost is added to every budget for each
 * period (two context switches and the scheduler's own time).
 */
struct an_host {
	int cpus;
	bool partitioned;
	enum an_rule rule;
	int64_t switch_cost;
};
struct an_host_verdict {
	struct an_verdict v; /* v.index: the server */
	int cpu; /* partitioned: where; -1 otherwise */
	const char *test; /* that said so */
};
int an_servers_valid(const struct an_server *servers, int n, char *err, size_t errlen);
/*
 * Whether every server always gets its budget within its deadline of each of its periods.
 * Partitioned: each server's `cpu` must be set. Returns the answer; *out says which server, window,
 * demand, supply.
 */
enum an_answer an_host_check(const struct an_host *host, const struct an_server *servers, int n,
			     struct an_host_verdict *out);
/* The verdict as one sentence for a person. */
void an_host_explain(const struct an_host_verdict *v, const struct an_server *servers, char *buf, size_t len);
enum an_fit { AN_FIRST_FIT, AN_BEST_FIT, AN_WORST_FIT };
/*
 * Places servers whose cpu is -1 in decreasing utilisation; those with a cpu stay. A pCPU takes a
 * server when the exact test of its rule passes. Returns 0, or -ENOSPC with *failed the server that
 * fits nowhere.
 */
int an_host_place(const struct an_host *host, struct an_server *servers, int n, enum an_fit fit, int *failed);

/* -- synth.c: interfaces of VMs -------------------------------------------------- */

enum an_guest {
	AN_GUEST_EDF,
	AN_GUEST_RM,
	AN_GUEST_DM,
	AN_GUEST_FP,
	AN_GUEST_GEDF,
	AN_GUEST_PEDF,
	AN_GUEST_PRM,
	AN_GUEST_PDM
};
enum an_model { AN_MODEL_AUTO, AN_MODEL_PRM, AN_MODEL_EDP, AN_MODEL_MPR, AN_MODEL_DMPR };
extern const char *const an_guest_names[AN_GUEST_PDM + 1];
extern const char *const an_model_names[AN_MODEL_DMPR + 1];

struct an_vm {
	char name[AN_NAME_LEN];
	enum an_guest guest;
	enum an_model model;
	int max_vcpus; /* 0 = as many as it takes */
	int64_t min_period, max_period; /* equal: that period */
	struct an_task *tasks; /* none: only a load on the host, its budget given */
	int nr_tasks;
	/*
	 * Budget of each of max_vcpus vCPUs, when the question is whether it is enough; 0 = find it
	 */
	int64_t given_budget, given_deadline;
	/* results */
	struct an_verdict tasks_verdict; /* given budget: are the tasks schedulable in it */
	bool found;
	char why[200]; /* if not: one sentence */
	/* of the model; budget without overhead. Partitioned: of the first vCPU */
	struct an_supply supply;
	bool exact;
	int nr_vcpus;
	struct an_server *vcpus; /* nr_vcpus, budget with overhead, rounded up to the grain */
	int *task_vcpu; /* partitioned guests: the vCPU of each task, else NULL */
};
struct an_system {
	struct an_host host;
	enum an_server_kind kind;
	enum an_fit fit;
	int64_t grain; /* budgets are multiples of it; >= 1 */
	bool harmonic; /* periods: smallest one times a power of two */
	struct an_vm *vms;
	int nr_vms;
	/* results, servers of all VMs one after the other */
	struct an_server *servers;
	int nr_servers;
	struct an_host_verdict verdict;
};
/* 0 and results in *sys, or -ENOMEM. */
int an_synthesise(struct an_system *sys);
/* Frees results and tasks, not *sys. */
void an_system_free(struct an_system *sys);

/* -- taskgen.c -------------------------------------------------------------------- */

enum an_gen_util {
	AN_UUNIFAST,
	AN_UUNIFAST_DISCARD,
	AN_RANDFIXEDSUM,
	AN_KATO,
	AN_UNI_LIGHT,
	AN_UNI_MEDIUM,
	AN_UNI_HEAVY,
	AN_EXP_LIGHT,
	AN_EXP_MEDIUM,
	AN_EXP_HEAVY,
	AN_BIMO_LIGHT,
	AN_BIMO_MEDIUM,
	AN_BIMO_HEAVY
};
enum an_gen_period { AN_PERIOD_UNIFORM, AN_PERIOD_LOG, AN_PERIOD_HARMONIC };
extern const char *const an_gen_util_names[AN_BIMO_HEAVY + 1];
extern const char *const an_gen_period_names[AN_PERIOD_HARMONIC + 1];

struct an_gen {
	uint64_t seed;
	enum an_gen_util util;
	enum an_gen_period period;
	int nr_tasks; /* families that draw until the sum is reached ignore it */
	int64_t total_ppb; /* sum of utilisations, billionths */
	int64_t min_ppb, max_ppb; /* of one task: RandFixedSum and Kato */
	int64_t min_period, max_period, grain;
	int64_t min_cost, max_cost; /* not 0: costs are uniform in multiples of the grain, periods follow from them */
	bool constrained; /* deadline = cost + x (period - cost), x uniform; else = period */
};
/*
 * Draws the set number @index of the stream. *out is malloc'ed. Returns its size, or -EINVAL
 * (impossible: err says why), -ENOMEM, -EAGAIN (discarded too often).
 */
int an_generate(const struct an_gen *g, uint64_t index, struct an_task **out, char *err, size_t errlen);

/* -- document.c ----------------------------------------------------------------------- */

/*
 * A system or a task set in YAML, JSON or CSV (docs/analysis.md). Returns it, or NULL with one
 * sentence "LINE: KEY: what".
 */
struct an_system *an_document_read(const char *text, size_t len, char *err, size_t errlen);
/* "10ms", "2.5us", "300" (times unit): whole ns, 0 to AN_MAX_TIME. Returns 0 or -EINVAL. */
int an_parse_time(const char *text, int64_t unit, int64_t *ns);

/* -- carts.c ------------------------------------------------------------------------ */

/*
 * CARTS's XML. Numbers are multiplied by @unit; at most 9 decimals, and the product must be whole.
 * Returns a system of one VM for each leaf component, or NULL with one sentence "LINE: what".
 */
struct an_system *an_carts_read(const char *text, size_t len, int64_t unit, char *err, size_t errlen);
/* The interfaces as CARTS writes them, times divided by @unit (rounded up); malloc'ed text. */
char *an_carts_write(const struct an_system *sys, int64_t unit);

/* -- apply.c ------------------------------------------------------------------------ */

/* `sched: {period, budget}` of the domain whose YAML mapping begins on this line (from 1). */
struct an_edit {
	int line;
	int64_t period, budget;
};
/*
 * The scenario's text with the parameters of some domains set; everything else stays as it was,
 * comments included. malloc'ed, or NULL with one sentence "LINE: what".
 */
char *an_apply(const char *text, const struct an_edit *edits, int n, char *err, size_t errlen);

#endif
