/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parameters of random task sets by name, as `rota taskset generate` and a sweep's `generate:` have them. */
#ifndef CLI_TASKSET_H
#define CLI_TASKSET_H

#include "analysis/analysis.h"

/* What is not said: 10 tasks by uunifast-discard, log-uniform periods of 10ms to 1s in whole ms, seed 1. */
void taskset_defaults(struct an_gen *g);
/*
 * Sets the parameter @name ("utilisation", "tasks", "seed", "method", "task-util", "periods", "period", "grain",
 * "cost", "constrained"). NULL: done. Else what is wrong with the value; "" if there is no such parameter.
 */
const char *taskset_parameter(struct an_gen *g, const char *name, const char *value);
/* Billionths: "0.8" is 800000000. */
bool taskset_ppb(const char *text, int64_t *out);
/* The index of @value in @names, or -1. */
int taskset_word(const char *value, const char *const *names, int nr);
bool taskset_count(const char *text, uint64_t most, uint64_t *out);

#endif
