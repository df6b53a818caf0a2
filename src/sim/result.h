/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of a run: the JSON object of DESIGN.md 6.2, and the table a person reads. */
#ifndef SIM_RESULT_H
#define SIM_RESULT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/machine.h"
#include "version.h"

/*
 * result_json() - the result of a finished run. Times in ns, shares and entitlements in pCPUs.
 * @wall_ns: real time the run took; @with_histograms: add wake_latency_hist to each domain
 * Returns a new reference, NULL without memory.
 */
json_t *result_json(const struct machine *m, int64_t wall_ns, bool with_histograms);

/* The times of a histogram: count, mean and percentiles, ns. */
json_t *latency_json(const struct histogram *h);

/* result_guest.c: what a program's kernel counted: "guest" of its domain, and its lines of the table. */
json_t *guest_json(const struct guest_os *os);
void guest_table(const json_t *domains, FILE *out);
/* result_tasks.c: the same of periodic tasks, and what their jobs add to the domain's. */
json_t *tasks_json(const struct guest_os *os);
void rt_jobs(const struct guest_os *os, uint64_t *jobs, uint64_t *missed);
void tasks_table(const json_t *domain, FILE *out);

/* The same as a table for a person: domains, their sums, the host (result_table.c). */
void result_table(const struct machine *m, const json_t *result, FILE *out);

/*
 * entitlements() - what weights and caps entitle each domain to, pCPUs: in each pool, weighted
 * water-filling of its pCPUs, each domain taking at most its cap, its number of vCPUs, and what its
 * workload can use. @out: one for each domain. Affinity is not considered.
 */
void entitlements(const struct machine *m, double *out);

#endif
