/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interference sums of global EDF, shared by mpr.c, global.c and host.c; nobody else includes this. */
#ifndef ANALYSIS_GEDF_H
#define ANALYSIS_GEDF_H

#include "analysis/number.h"

/*
 * Sum of what the tasks do without carry-in, and of the `most` largest surpluses with it. The
 * surpluses are kept in a small sorted array: most is the number of CPUs less one.
 */
struct an_carry {
	an_wide base;
	int most, kept;
	an_wide *top; /* room for `most`, in decreasing order */
};

void an_carry_begin(struct an_carry *c);
/* One task: what it does without and with a job carried in. */
void an_carry_add(struct an_carry *c, an_wide without, an_wide with);
an_wide an_carry_sum(const struct an_carry *c);
/*
 * How long the others can run while task @k waits for its deadline, summed over all CPUs (BCL); @slack: how early each
 * is known to be done, NULL: not at all.
 */
an_wide an_gedf_interference(const struct an_task *tasks, int n, int k, const int64_t *slack);
/* The `count` largest costs. */
an_wide an_largest_costs(const struct an_task *tasks, int n, int count);

#endif
