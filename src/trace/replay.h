/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A replay file: the CPU demand of one vCPU, recorded on a real host (`rota trace import`) or
 * written by hand.
 *
 * Text, one burst a line, `#` starts a comment line, the first other line is the header:
 *
 *	at_ns,run_ns			gap_ns,run_ns
 *	0,2500000			1000000,80000
 *	10000000,2500000		950000,80000
 *	20000000,inf			960000,inf
 *
 * `at_ns`: the vCPU wakes that long after the start of the run, or when its previous burst has
 * ended if that is later (a timer fires by the clock, whatever CPU time the guest got).
 * `gap_ns`: it wakes that long after the end of its previous burst (the first: after the start of
 * the run); an I/O completion comes relative to the request, so a vCPU that is served later also
 * asks later. `run_ns`: CPU time it then wants before it blocks; `inf` = it never blocks again
 * (only on the last line). After its last burst a vCPU stays blocked. A file with a header and no
 * burst is a vCPU that never wakes.
 */
#ifndef TRACE_REPLAY_H
#define TRACE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_INF INT64_MAX
/*
 * Longest time a file may name: 400 days. Sums of a wake time and a burst stay far from overflow.
 */
#define REPLAY_MAX_NS (INT64_C(400) * 86400 * 1000000000)
#define REPLAY_MAX_BURSTS (1u << 24)

struct replay_burst {
	int64_t at_ns; /* the gap when .relative; 0..REPLAY_MAX_NS; if not, never decreasing */
	int64_t run_ns; /* 1..REPLAY_MAX_NS or REPLAY_INF */
};

struct replay {
	struct replay_burst *burst;
	size_t nr;
	bool relative; /* header gap_ns */
};

/*
 * replay_load() - read and check a replay file.
 * @path: file to open
 * @out: receives the bursts, to be freed by replay_free()
 * @err: receives one sentence "FILE:LINE: COLUMN: what is wrong; what to do" on failure
 *
 * Returns 0, -EINVAL (contents), -ENOMEM, -E2BIG (more than REPLAY_MAX_BURSTS) or the negative
 * errno of the open or read.
 */
int replay_load(const char *path, struct replay **out, char *err, size_t errlen);
void replay_free(struct replay *r);

/*
 * Wake time of burst @i, from the start of the run, when burst i-1 ended at @prev_end_ns (@i = 0:
 * pass 0).
 */
static inline int64_t replay_wake_ns(const struct replay *r, size_t i, int64_t prev_end_ns)
{
	int64_t at = r->burst[i].at_ns;

	if (r->relative)
		return prev_end_ns + at;
	return at > prev_end_ns ? at : prev_end_ns;
}

#endif
