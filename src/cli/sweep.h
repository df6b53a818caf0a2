/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that run sweeps share. */
#ifndef CLI_SWEEP_H
#define CLI_SWEEP_H

#include "sim/sweep.h"

int cmd_sim_sweep(int argc, char **argv);
/* Where a sweep's table goes; NULL: not there. */
struct sweep_files {
	const char *csv, *report, *markdown, *svg;
	const char *image; /* what Markdown calls the charts; default: the name of `svg` */
};
/* Whether they could be written. 0, or a negative errno with one sentence; so does the next. */
int sweep_try_files(const struct sweep_files *f, char *err, size_t errlen);
/* All of them, or, when one can't be written to its end, none. */
int sweep_write(const struct sweep_table *t, const struct sweep_files *f, char *err, size_t errlen);
/* sweep_generate.c: task sets in VMs; for sweep_how.generate. */
int sweep_generate(const struct sweep_sets *params, struct sweep_generated *out, char *err, size_t errlen);

/* The processes of mpirun, if it started this one (sweep_machines.c). Process 0 writes and speaks for all. */
typedef void (*machines_share_fn)(struct sweep_exchange *ex, int points,
				  void (*take)(void *, int, bool, const char *, size_t), void *arg);
struct machines {
	bool on; /* there is MPI, begun and not ended */
	bool shared, broken;
	int rank, size;
	void *lib;
	machines_share_fn share;
	void (*end)(bool shared);
	void (*abort)(void);
	struct sweep_table *t;
	int failed; /* the lowest point, -1 none */
	char why[1400];
};
/* 0, or a negative errno with one sentence. Without mpirun it does nothing. */
int machines_begin(struct machines *m, char *err, size_t errlen);
/* sweep_run() over all of them; only in process 0 the table is whole, and an error known. */
int machines_run(struct machines *m, const struct sweep *s, struct sweep_how *how, struct sweep_table *t, char *err,
		 size_t errlen);
/* The first process can't run its part: the others, which wait for points, get none. */
void machines_refuse(struct machines *m);
void machines_end(struct machines *m);

#endif
