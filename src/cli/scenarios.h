/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scenarios that come with rota: where they are, and what they are called. */
#ifndef CLI_SCENARIOS_H
#define CLI_SCENARIOS_H

/*
 * The file of a shipped scenario by its name (without .yaml), to be freed; NULL when @name is no
 * bare name, when a file of that name is in the current directory, or when there is no such
 * scenario. Looked for in $ROTA_SCENARIOS if set, else beside the build tree the program runs from,
 * else where `make install` put them.
 */
char *scenario_find(const char *name);

/* The same of a shipped specification of a sweep. */
char *sweep_find(const char *name);
/* Their names and descriptions. Returns the exit code. */
int sweeps_list(void);

/* `rota sim list`: names and descriptions. Returns the exit code. */
int scenarios_list(void);

#endif
