/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated host as a back end: a machine of src/sim in scaled real time, on which people work. */
#ifndef CONTROL_SIM_HOST_H
#define CONTROL_SIM_HOST_H

#include "control/backend.h"
#include "sim/scenario.h"

struct sim_options {
	const char *scenario; /* a file; NULL: a host of 2 nodes with 4 pCPUs each, and Domain-0 */
	char *const *sets; /* as of `rota sim run --set` */
	int nr_sets;
	const char *speed; /* "1", "0.1", "100": virtual seconds in a second; "max"; "step": only on request. NULL: 1 */
	enum scn_admission admission; /* of pools that don't say */
	u32 max_domains, max_vcpus; /* beside the scenario's; 0: 1024, 8192 */
};

/* NULL with the sentence. Pools have the scenario's names: sim_pool_name(). */
void *sim_host_open(const struct sim_options *options, char *error);
const char *sim_pool_name(void *sim, u32 id);

extern const struct backend sim_backend;

#endif
