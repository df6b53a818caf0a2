/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a recording to CPU demand: what every importer shares.
 *
 * A reader (import_xentrace.c, import_linux.c) turns a file into runstate changes of vCPUs.
 * import_rebuild() orders them and reconstructs, for each vCPU, what it *wanted*: when it woke, and
 * for how much CPU time, before it blocked by itself. What the recorded scheduler did to it
 * (preempted it, parked it for its cap) is not demand: a vCPU that is runnable, or offline between
 * two runs, still wants the CPU. What it *got* is kept beside it, to compare a replay with.
 */
#ifndef TRACE_IMPORT_DEMAND_H
#define TRACE_IMPORT_DEMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/limits.h"

/* Limits of one recording; 16 million changes are 384 MB of memory and hours of a busy pCPU. */
#define IMP_MAX_EVENTS (UINT32_C(1) << 24)
#define IMP_MAX_VCPUS 4096
#define IMP_MAX_SPAN_NS (INT64_C(86400) * 1000000000)

/* Xen's numbers; IMP_ANY is no state but a wildcard for what a record leaves unsaid. */
enum imp_state {
	IMP_RUNNING,
	IMP_RUNNABLE,
	IMP_BLOCKED,
	IMP_OFFLINE,
	IMP_NR_STATES,
	IMP_ANY = IMP_NR_STATES
};

#define IMP_NO_CPU 0xffff

/* One change of a vCPU's runstate. */
struct imp_event {
	uint64_t ticks; /* of the recording's clock */
	uint32_t seq; /* order in the file: ties of the clock keep it */
	uint32_t vcpu;
	uint16_t
		cpu; /* pCPU on which the vCPU runs or ran, IMP_NO_CPU if the record doesn't tell */
	uint8_t from; /* enum imp_state; IMP_ANY: whatever it was */
	uint8_t to; /* enum imp_state */
	uint8_t weak; /* a wake-up: no effect on a vCPU that already wants the CPU */
	uint8_t unseen; /* with .from IMP_ANY: state before it, if the vCPU is new */
};

struct imp_burst {
	int64_t wake_ns; /* from the start of the recording */
	int64_t run_ns; /* REPLAY_INF: never blocked again */
	int64_t end_ns; /* when it blocked */
};

struct imp_vcpu {
	uint64_t key; /* the reader's: (domain << 16 | vCPU), or the thread id */
	uint32_t domain_key; /* vCPUs of one domain share it */
	uint32_t id; /* order in the domain */
	uint32_t domain; /* index into imp_recording.domains, set by import_domains() */
	char domain_name[SCHED_NAME_LEN];
	char comm[32]; /* Linux: name of the thread */
	int64_t tgid; /* Linux: process, -1 unknown */
	bool skip; /* not to be imported (idle, not selected) */

	/* What it got. */
	int64_t time_ns[IMP_NR_STATES];
	uint64_t switches; /* times it was switched in */
	uint64_t breaks; /* changes that didn't follow from the one before (lost records) */
	uint64_t pcpus[SCHED_MAX_PCPUS / 64]; /* where it ran */

	/* What it wanted. */
	struct imp_burst *burst;
	size_t nr_bursts, room;
	bool relative; /* the gaps between bursts repeat, not the wake times */
	bool hog; /* never blocked by itself */

	/* While import_rebuild() walks. */
	int state; /* enum imp_state, -1 before the first change */
	bool wants;
	int64_t since_ns, wake_ns, got_ns, longest_offline_ns;
};

struct imp_domain {
	char name[SCHED_NAME_LEN];
	uint32_t key;
	int weight; /* 1..65535 */
	int cap; /* percent of one pCPU, 0 none */
	int pool; /* index of imp_recording.pools */
	uint32_t nr_vcpus;
	uint64_t pcpus[SCHED_MAX_PCPUS / 64];
};

/* pCPUs that share vCPUs; one cpupool of the scenario. */
struct imp_pool {
	uint64_t pcpus[SCHED_MAX_PCPUS / 64];
	const char *recorded_sched; /* what the records say ran there, NULL unknown */
};

enum imp_wakes { IMP_WAKES_AUTO, IMP_WAKES_ABSOLUTE, IMP_WAKES_RELATIVE };

struct imp_recording {
	const char *path;
	const char *format; /* for the reader of the summary */
	char clock[160]; /* how ticks became time */
	char grouping[160]; /* Linux: how threads became domains */
	uint64_t hz; /* ticks a second */
	uint64_t records, lost;
	bool partial; /* the file ends in a cut-off record, and that was allowed */
	int64_t span_ns;

	struct imp_event *events;
	uint32_t nr_events, room_events;
	struct imp_vcpu *vcpus;
	uint32_t nr_vcpus, room_vcpus;
	uint32_t *hash; /* key -> vCPU + 1, open addressing */
	struct imp_domain *domains;
	uint32_t nr_domains;
	struct imp_pool *pools;
	uint32_t nr_pools;
	uint64_t pcpus[SCHED_MAX_PCPUS / 64]; /* pCPUs seen */
	const char *sched_of[SCHED_MAX_PCPUS]; /* scheduler whose records pCPU n wrote */

	char err[512];
};

struct imp_recording *imp_new(const char *path);
void imp_free(struct imp_recording *r);

/* Sets r->err to "PATH: ..." and returns @error (a negative errno). */
int imp_fail(struct imp_recording *r, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The vCPU of @key, made if new. Returns its index or a negative errno with r->err set. Invalidates
 * struct pointers.
 */
int64_t imp_vcpu(struct imp_recording *r, uint64_t key);

/* Adds one change; .seq is filled in. Returns 0 or a negative errno with r->err set. */
int imp_add(struct imp_recording *r, struct imp_event e);

/*
 * import_rebuild() - order the changes and reconstruct demand and times of every vCPU.
 * @r: read by a reader; r->hz is set
 * @wakes: how bursts are timed; AUTO decides for each vCPU by what repeats: the wake times or the
 * gaps
 *
 * Returns 0 or a negative errno with r->err set.
 */
int import_rebuild(struct imp_recording *r, enum imp_wakes wakes);

/*
 * import_domains() - group the vCPUs that are not skipped into domains, and the pCPUs into pools.
 * @only: pCPUs to look at, NULL all: vCPUs that ran, but never on these, are left out
 * @one_pool: don't split pCPUs that share no domain
 *
 * vCPUs that never wanted the CPU are left out. Domains are ordered by key, vCPUs of a domain keep
 * their order. Returns 0 or a negative errno with r->err set.
 */
int import_domains(struct imp_recording *r, const uint64_t *only, bool one_pool);

/* The readers. Both leave @f where they stopped; 0 or a negative errno with r->err set. */
struct imp_xentrace_options {
	uint64_t hz; /* 0: infer */
	bool partial; /* import what precedes a cut-off record */
};
int import_xentrace(struct imp_recording *r, void *file, const struct imp_xentrace_options *opt);
/* @tasks: extended regular expression selecting tasks by name, NULL all */
int import_linux(struct imp_recording *r, void *file, const char *tasks);

/* True if the first @len bytes look like an xentrace capture. */
bool import_is_xentrace(const unsigned char *head, size_t len);

static inline bool imp_bit(const uint64_t *map, uint32_t n)
{
	return map[n / 64] >> (n % 64) & 1;
}

static inline void imp_set_bit(uint64_t *map, uint32_t n)
{
	map[n / 64] |= UINT64_C(1) << (n % 64);
}

#endif
