/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xen's lists of pCPUs in words, both ways. */
#ifndef CONTROL_CPULIST_H
#define CONTROL_CPULIST_H

#include <stddef.h>

#include "sched/sched.h"

/*
 * "0-5,8,^3", "node:1", "nodes:0-1", "all", from left to right on an empty set. As in xl, pCPUs beyond the host are
 * dropped without a word. 0, or -EINVAL and what is wrong in @error (CONTROL_ERROR_LEN bytes).
 */
int cpulist_parse(host_t *h, const char *text, struct cpumask *out, char *error);

/* "none", "all" if it has every one of @every, else "0-3,5". */
void cpulist_print(host_t *h, const cpumask_t *every, const cpumask_t *mask, char *text, size_t size);

#endif
