/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report's timeline: who ran on each pCPU from when to when, made of trace records, packed for
 * the page.
 */
#ifndef SIM_REPORT_LANES_H
#define SIM_REPORT_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "sched/record.h"
#include "sim/scenario.h"

struct lanes {
	/*
	 * For each pCPU in turn, numbers as LEB128: how many segments; then for each the time since
	 * the end of the one before, its length, vCPU << 2 | class, and for how long the vCPU had
	 * waited (0: not at all, or not known). A vCPU's number counts through all domains in
	 * order. Times are in .unit_ns.
	 */
	uint8_t *segments;
	size_t segments_len;
	/*
	 * For each pCPU in turn: how many wake-ups; then for each the time since the one before,
	 * and the vCPU.
	 */
	uint8_t *wakes;
	size_t wakes_len;
	uint64_t nr_segments, nr_wakes;
	int64_t unit_ns; /* 1, or 1000 where the page would grow too big */
	int64_t end_ns; /* end of the timeline */
};

/* Returns 0 or -ENOMEM. lanes_free() in either case. */
int lanes_build(struct lanes *l, const struct scenario *s, const struct trace_rec *recs, size_t n,
		uint64_t lost);
void lanes_free(struct lanes *l);

#endif
