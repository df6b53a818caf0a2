/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scheduler's state as text, as Xen's debug key 'r' prints it. */
#ifndef TRACE_DUMP_HOST_H
#define TRACE_DUMP_HOST_H

#include <stdio.h>

#include "sched/sched.h"

/*
 * host_dump() - print the state of a host and of the scheduler of each of its pools.
 * @host: a host between two calls into the core; it is only read
 * @now: its time, ns
 * @out: where to
 *
 * Returns 0, or -EIO when @out could not be written.
 */
int host_dump(const host_t *host, s64 now, FILE *out);

#endif
