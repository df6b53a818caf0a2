/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log-linear histogram of times in ns: 128 buckets for each power of two, so that a percentile is
 * exact to 0.8 %; count, mean and maximum are exact. Octaves are allocated when first used, with
 * counts of one byte that widen when one of them overflows: a host of thousands of domains has
 * thousands of these, and most of their buckets stay small.
 */
#ifndef SIM_HISTOGRAM_H
#define SIM_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_STEPS 128
#define HISTOGRAM_OCTAVES 44 /* up to 2^50 ns, 13 days: longer than a scenario; the last bucket takes what is beyond */

struct histogram {
	uint64_t count, sum, max;
	void *octave[HISTOGRAM_OCTAVES]; /* HISTOGRAM_STEPS counts */
	uint8_t width[HISTOGRAM_OCTAVES]; /* bytes of each count: 1, 2 or 4 */
};

/* Returns false when there was no memory. @v: ns, >= 0. */
bool histogram_add(struct histogram *h, int64_t v);
/*
 * The smallest value that is not below a fraction @permille / 1000 of all: ns, rounded up to its
 * bucket's end, at most the maximum.
 */
int64_t histogram_percentile(const struct histogram *h, unsigned int permille);
void histogram_reset(struct histogram *h);
void histogram_free(struct histogram *h);
/* Calls @fn with the upper end and count of each non-empty bucket, rising. */
void histogram_each(const struct histogram *h,
		    void (*fn)(void *arg, int64_t upper_ns, uint64_t count), void *arg);

#endif
