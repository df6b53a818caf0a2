/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `rota trace import` leaves in its directory; see import_scenario.c. */
#ifndef TRACE_IMPORT_SCENARIO_H
#define TRACE_IMPORT_SCENARIO_H

#include "trace/import_demand.h"

/* What a domain got, summed over its vCPUs. Times in ns; share = run_ns / r->span_ns, in pCPUs. */
struct imp_got {
	double share;
	int64_t run_ns, runnable_ns, blocked_ns, offline_ns;
	uint64_t switches, breaks;
	uint64_t bursts;
	uint32_t hogs; /* vCPUs that never blocked */
};
struct imp_got import_got(const struct imp_recording *r, uint32_t domain);

/* "0,2-3" into @out (at least 6 * SCHED_MAX_PCPUS bytes are always enough). */
void import_format_cpus(const uint64_t *map, char *out, size_t room);

struct imp_output {
	const char *dir; /* made if missing (its parent is not) */
	const char *name; /* of the scenario: DIR/NAME.yaml */
	const char *sched; /* policy of the pools */
	bool force; /* overwrite */
};

/*
 * import_write() - write scenario, replay files and recorded.csv.
 * @r: with domains and pools (import_domains())
 *
 * All or nothing: on an error no file is changed and a directory made is removed again. Returns 0,
 * -EEXIST (a file is there and !force) or another negative errno, with r->err set.
 */
int import_write(struct imp_recording *r, const struct imp_output *o);

#endif
