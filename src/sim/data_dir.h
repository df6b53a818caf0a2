/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that come with rota and that it reads itself: workloads, experiments. */
#ifndef SIM_DATA_DIR_H
#define SIM_DATA_DIR_H

#include <stddef.h>

/*
 * data_path() - where the shipped file or directory @name is ("workloads/gmake.yaml"): in $ROTA_DATA if that is set,
 * else beside the program (a build, or an installation that was moved), else where it was to be installed.
 * Returns @out, or NULL when there is none.
 */
const char *data_path(const char *name, char *out, size_t len);

#endif
