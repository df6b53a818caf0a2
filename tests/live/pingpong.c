// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two processes that pass a byte to and fro through two pipes: nothing but context switches when both are on one CPU.
 * usage: pingpong SECONDS; prints round trips a second.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double seconds = argc == 2 ? strtod(argv[1], NULL) : 0, start;
	int there[2], back[2];
	long n = 0;
	pid_t pid;
	char c = 0;

	if (!(seconds > 0) || pipe(there) || pipe(back) || (pid = fork()) < 0) {
		fprintf(stderr, "usage: pingpong SECONDS\n");
		return 2;
	}
	if (!pid) {
		/* Its copy of the end that the parent writes to would keep it from seeing the parent's end. */
		close(there[1]);
		while (read(there[0], &c, 1) == 1)
			if (write(back[1], &c, 1) != 1)
				break;
		return 0;
	}
	start = now();
	do {
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			return 1;
		n++;
	} while (now() - start < seconds);
	printf("%.0f\n", (double)n / (now() - start));
	return 0;
}
