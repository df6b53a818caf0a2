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

int cmd_host(int argc, char **argv);
int cmd_analyze(int argc, char **argv);
int cmd_sim(int argc, char **argv);
int cmd_taskset(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_symbols(int argc, char **argv);

/* These talk to rotad. */
int cmd_list(int argc, char **argv);
int cmd_vcpu_list(int argc, char **argv);
int cmd_domid(int argc, char **argv);
int cmd_domname(int argc, char **argv);
int cmd_uptime(int argc, char **argv);
int cmd_vcpu_pin(int argc, char **argv);
int cmd_vcpu_set(int argc, char **argv);
int cmd_create(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_unpause(int argc, char **argv);
int cmd_rename(int argc, char **argv);
int cmd_cpupool_list(int argc, char **argv);
int cmd_cpupool_create(int argc, char **argv);
int cmd_cpupool_destroy(int argc, char **argv);
int cmd_cpupool_rename(int argc, char **argv);
int cmd_cpupool_cpu_add(int argc, char **argv);
int cmd_cpupool_cpu_remove(int argc, char **argv);
int cmd_cpupool_migrate(int argc, char **argv);
int cmd_cpupool_numa_split(int argc, char **argv);
int cmd_sdom(int argc, char **argv);
int cmd_turns(int argc, char **argv);
int cmd_libvirt(int argc, char **argv);
int cmd_sched_credit(int argc, char **argv);
int cmd_sched_credit2(int argc, char **argv);
int cmd_sched_rtds(int argc, char **argv);
int cmd_sched_rtxen(int argc, char **argv);
int cmd_sched_sedf(int argc, char **argv);
int cmd_sched_arinc653(int argc, char **argv);
int cmd_debug_keys(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_step(int argc, char **argv);
int cmd_speed(int argc, char **argv);

#endif
