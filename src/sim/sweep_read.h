/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of a sweep's specification share; nobody else includes this. */
#ifndef SIM_SWEEP_READ_H
#define SIM_SWEEP_READ_H

#include "sim/scenario_read.h"
#include "sim/sweep.h"

/* sweep_find.c; @n NULL: there are none. The axes and columns are known. */
int sweep_read_plots(struct scn_reader *r, const struct scn_node *n, struct sweep *s);
int sweep_read_findings(struct scn_reader *r, const struct scn_node *n, struct sweep *s);
void sweep_free_report(struct sweep *s);

#endif
