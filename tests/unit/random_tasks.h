/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the analysis share: numbers to draw task sets from (splitmix64, public domain).
 */
#ifndef TESTS_RANDOM_TASKS_H
#define TESTS_RANDOM_TASKS_H

#include <stdint.h>

static inline uint64_t next_random(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

#endif
