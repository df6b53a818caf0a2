/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs of `rota host` that have a file of their own. */
#ifndef CLI_CMD_HOST_H
#define CLI_CMD_HOST_H

int cmd_host_symbols(int argc, char **argv);

#endif
