/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log-linear histogram; see histogram.h. Values below HISTOGRAM_STEPS have buckets of width 1
 * (octave 0).
 */
#include "sim/histogram.h"

#include <stdlib.h>
#include <string.h>

static void bucket_of(uint64_t v, unsigned int *octave, unsigned int *step)
{
	unsigned int bits;

	if (v < HISTOGRAM_STEPS) {
		*octave = 0;
		*step = (unsigned int)v;
		return;
	}
	bits = 63 - (unsigned int)__builtin_clzll(v); /* >= 7 */
	*octave = bits - 6;
	*step = (unsigned int)(v >> (bits - 7)) - HISTOGRAM_STEPS;
	if (*octave >= HISTOGRAM_OCTAVES) {
		*octave = HISTOGRAM_OCTAVES - 1;
		*step = HISTOGRAM_STEPS - 1;
	}
}

static int64_t bucket_end(unsigned int octave, unsigned int step)
{
	if (octave == HISTOGRAM_OCTAVES - 1 && step == HISTOGRAM_STEPS - 1)
		return INT64_MAX;
	if (!octave)
		return step;
	return (int64_t)((((uint64_t)HISTOGRAM_STEPS + step + 1) << (octave - 1)) - 1);
}

static uint32_t count_at(const struct histogram *h, unsigned int octave, unsigned int step)
{
	switch (h->width[octave]) {
	case 1:
		return ((const uint8_t *)h->octave[octave])[step];
	case 2:
		return ((const uint16_t *)h->octave[octave])[step];
	default:
		return ((const uint32_t *)h->octave[octave])[step];
	}
}

/* Counts of twice the bytes. */
static bool widen(struct histogram *h, unsigned int octave)
{
	uint8_t width = h->width[octave] ? h->width[octave] * 2 : 1;
	void *wide = calloc(HISTOGRAM_STEPS, width);

	if (!wide)
		return false;
	for (unsigned int s = 0; h->octave[octave] && s < HISTOGRAM_STEPS; s++)
		if (width == 2)
			((uint16_t *)wide)[s] = (uint16_t)count_at(h, octave, s);
		else
			((uint32_t *)wide)[s] = count_at(h, octave, s);
	free(h->octave[octave]);
	h->octave[octave] = wide;
	h->width[octave] = width;
	return true;
}

/* One more in a bucket; false when its count is as large as its width allows. */
static bool increment(struct histogram *h, unsigned int octave, unsigned int step)
{
	uint8_t width = h->width[octave];

	if (!width || count_at(h, octave, step) == UINT32_MAX >> (32 - 8 * width))
		return false;
	if (width == 1)
		((uint8_t *)h->octave[octave])[step]++;
	else if (width == 2)
		((uint16_t *)h->octave[octave])[step]++;
	else
		((uint32_t *)h->octave[octave])[step]++;
	return true;
}

bool histogram_add(struct histogram *h, int64_t v)
{
	unsigned int octave, step;

	bucket_of((uint64_t)v, &octave, &step);
	while (!increment(h, octave, step))
		if (h->width[octave] == 4 || !widen(h, octave))
			return false;
	h->count++;
	h->sum += (uint64_t)v;
	if ((uint64_t)v > h->max)
		h->max = (uint64_t)v;
	return true;
}

int64_t histogram_percentile(const struct histogram *h, unsigned int permille)
{
	uint64_t want = (h->count * permille + 999) / 1000, seen = 0;

	if (!h->count)
		return 0;
	for (unsigned int o = 0; o < HISTOGRAM_OCTAVES; o++) {
		if (!h->octave[o])
			continue;
		for (unsigned int s = 0; s < HISTOGRAM_STEPS; s++) {
			seen += count_at(h, o, s);
			if (seen >= want && seen)
				return bucket_end(o, s) < (int64_t)h->max ? bucket_end(o, s) :
									    (int64_t)h->max;
		}
	}
	return (int64_t)h->max;
}

void histogram_reset(struct histogram *h)
{
	for (unsigned int o = 0; o < HISTOGRAM_OCTAVES; o++)
		if (h->octave[o])
			memset(h->octave[o], 0, (size_t)HISTOGRAM_STEPS * h->width[o]);
	h->count = h->sum = h->max = 0;
}

void histogram_free(struct histogram *h)
{
	for (unsigned int o = 0; o < HISTOGRAM_OCTAVES; o++)
		free(h->octave[o]);
	memset(h, 0, sizeof(*h));
}

void histogram_each(const struct histogram *h,
		    void (*fn)(void *arg, int64_t upper_ns, uint64_t count), void *arg)
{
	for (unsigned int o = 0; o < HISTOGRAM_OCTAVES; o++)
		for (unsigned int s = 0; h->octave[o] && s < HISTOGRAM_STEPS; s++)
			if (count_at(h, o, s))
				fn(arg, bucket_end(o, s), count_at(h, o, s));
}
