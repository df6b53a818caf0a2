/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers for workloads. Integers only, so that every compiler and every libm draws the same ones: logarithms
 * and powers come from tables that are computed with integers at first use.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdint.h>

#include "sim/scenario.h"

struct random {
	uint64_t s[4]; /* xoshiro256** */
};

/* A stream of its own for each (seed, stream) pair. */
void random_init(struct random *r, uint64_t seed, uint64_t stream);
uint64_t random_u64(struct random *r);
/* A draw from a distribution: ns, at least 1 (a burst of no time is none), at most 20 times the mean of `exp`. */
int64_t random_draw(struct random *r, const struct scn_dist *dist);
/* Mean of a distribution, ns. */
int64_t random_mean(const struct scn_dist *dist);

#endif
