// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the rate of this machine's time stamp counter, kHz: the emulated CPUs count the same one, and their kernel
 * can't find its rate out by itself on a machine that has other things to do (it was 15 times off).
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#if defined(__x86_64__)
/* Both clocks at one moment: of many reads the one that took least. */
static void read_both(uint64_t *tsc, int64_t *ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 200; i++) {
		uint64_t a = __builtin_ia32_rdtsc(), b;
		struct timespec t;

		clock_gettime(CLOCK_MONOTONIC_RAW, &t);
		b = __builtin_ia32_rdtsc();
		if (b - a >= best)
			continue;
		best = b - a;
		*tsc = a + (b - a) / 2;
		*ns = t.tv_sec * 1000000000LL + t.tv_nsec;
	}
}

int main(void)
{
	const struct timespec while_ = { .tv_nsec = 100000000 };
	uint64_t tsc[2];
	int64_t ns[2];

	read_both(&tsc[0], &ns[0]);
	nanosleep(&while_, NULL);
	read_both(&tsc[1], &ns[1]);
	printf("%.0f\n", (double)(tsc[1] - tsc[0]) * 1e6 / (double)(ns[1] - ns[0]));
	return 0;
}
#else
int main(void)
{
	return 1; /* no such counter to share */
}
#endif
