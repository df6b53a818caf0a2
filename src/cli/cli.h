/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rota command. Each family of verbs has a file of its own, whose cmd_NAME() gets the words
 * from NAME on and returns the exit code: CLI_DONE, CLI_FAILED (one sentence on stderr) or
 * CLI_USAGE (likewise; nothing was done).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "version.h"

enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

int cmd_analyze(int argc, char **argv);
int cmd_host(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_sched_credit(int argc, char **argv);
int cmd_sim(int argc, char **argv);
int cmd_taskset(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_vcpu_list(int argc, char **argv);

#endif
