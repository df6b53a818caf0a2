/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of a run: one HTML page that holds everything and asks no network for anything. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/record.h"
#include "sim/scenario.h"

/*
 * report_write() - write the report of a run.
 * @path: the file; it is there whole or, after a failure, not at all
 * @result: the result object (DESIGN.md 6.2). Keys that are missing leave a gap in the page. Beyond
 *          those of the design it shows, for each domain, "weight", "cap", "entitlement",
 *          "switches", "migrations", "parked_ns", "wake_latency_hist" (list of [upper ns, count],
 *          ascending), and "command", the command line that made the run
 * @recs: the run's records in order of time; at least the basic ones, for the timeline. Records of
 *        domains or pCPUs that the scenario has not are passed over
 * @lost: records of the run that are not among them, told in the page
 *
 * Returns 0, or a negative errno with one sentence in @err.
 */
int report_write(const char *path, const struct scenario *s, const json_t *result,
		 const struct trace_rec *recs, size_t nr_recs, uint64_t lost, char *err,
		 size_t errlen);

#endif
