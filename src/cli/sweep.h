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

#endif
