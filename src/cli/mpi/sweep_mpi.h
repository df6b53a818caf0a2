/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of rota-mpi.so, which `rota sim sweep` looks up by name when mpirun has started it. */
#ifndef CLI_MPI_SWEEP_MPI_H
#define CLI_MPI_SWEEP_MPI_H

#include "sim/sweep.h"

/* Returns which process this is, and how many there are; -1: MPI does not work. */
int sweep_mpi_begin(int *size);
/*
 * Hand out @points points over all processes; *ex is for sweep_how. Process 0 gets all rows through @take, the lowest
 * point that failed among them.
 */
void sweep_mpi_share(struct sweep_exchange *ex, int points, void (*take)(void *, int, bool, const char *, size_t),
		     void *arg);
/* @shared: after sweep_mpi_share() and the run; else without having run anything. */
void sweep_mpi_end(bool shared);
/* End all processes: this one can't go on. */
void sweep_mpi_abort(void);

#endif
