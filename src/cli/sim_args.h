/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that `rota sim sweep` and `rota sim paper` share. @verb is what messages call the command: "sweep". */
#ifndef CLI_SIM_ARGS_H
#define CLI_SIM_ARGS_H

#include "cli/cli.h"
#include "sim/sweep.h"

/* Bad usage, in a sentence: CLI_USAGE. */
int sim_misused(const char *verb, const char *what, const char *arg);
/* @err is a whole sentence; returns @ret. */
int sim_complain(const char *err, int ret);

/* getopt's optarg, as each option wants it. Return -1 to go on, else the exit code. */
int sim_take_jobs(const char *verb, int *jobs);
int sim_take_set(const char *verb, struct sweep_sets *to);
int sim_take_text(struct sweep_sets *to);
/* What is left of getopt's answers: help, an option without its value, none that there is. */
int sim_take_other(const char *verb, const char *usage, int opt, char **argv);

#endif
