/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernels of simulated guests: where a vCPU's instruction pointer is, as its hypervisor sees it, and the symbol
 * table that tells what that means.
 *
 * A domain's `symbols:` is a System.map, and its guests' addresses are those of that kernel. Without it the guest has a
 * kernel of ours, in which everything that a vCPU can be at (SYMBOL_PLACES) is a function of a page. `none` is a guest
 * of which the hypervisor has no table; its addresses are then those of the kernel of ours.
 */
#ifndef SIM_KERNEL_H
#define SIM_KERNEL_H

#include "sim/machine.h"
#include "symbols/symbols.h"

struct sim_kernel {
	struct sim_kernel *next;
	char *path; /* NULL: ours */
	symbol_table_t *table;
	uint64_t address[SYMBOL_NR_PLACES];
};

/* The kernel of the System.map @path (NULL: ours), made on first use. NULL with @err. */
const struct sim_kernel *machine_kernel(struct machine *m, const char *path, char *err, size_t errlen);
void machine_kernels_free(struct machine *m);

struct guest_cpu;
/* What a vCPU of a program is at. */
enum symbol_place guest_os_place(const struct guest_cpu *c);
/* Tell the core where vCPU @i of the host was stopped. */
void machine_tell_ip(struct machine *m, uint32_t i);
/* vCPU @i, of `model: spin`, exits from its loop. */
void machine_spin_exit(struct machine *m, uint32_t i);

#endif
