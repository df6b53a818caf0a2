/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that run sweeps share. */
#ifndef CLI_SWEEP_H
#define CLI_SWEEP_H

#include "sim/sweep.h"

int cmd_sim_sweep(int argc, char **argv);
/* The table to @path, whole or not at all; NULL: to standard output. 0, or a negative errno with one sentence. */
int sweep_write(const struct sweep_table *t, const char *path, char *err, size_t errlen);

#endif
