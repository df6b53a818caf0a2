/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May and can the live host start here? */
#ifndef KVM_PREFLIGHT_H
#define KVM_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>

/* 0, or a negated errno and in error (LIVE_ERROR_LEN) the one thing that is missing, and what to do. Topology apart. */
int preflight(char *error);

/* The kernel's word on sched_ext: "disabled", "enabled", ..., or "" where it has none; the loaded scheduler's name. */
void scx_state(char *state, size_t size);
void scx_name(char *name, size_t size);

/* Is rota's scheduler the one in charge? */
bool scx_is_rota(void);

#endif
