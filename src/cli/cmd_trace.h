/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of `rota trace` that have files of their own; @argv[0] is the verb, the result the exit code. */
#ifndef CLI_CMD_TRACE_H
#define CLI_CMD_TRACE_H

int trace_dump_command(int argc, char **argv);

#endif
