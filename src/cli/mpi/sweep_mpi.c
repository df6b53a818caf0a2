/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sweep over the processes of mpirun, on one machine or many (rota-mpi.so).
 *
 * Process 0 hands out points and collects rows; it works on points itself, and looks at what the others want every few
 * milliseconds. The others ask for a point, run it, send its row, and ask again. Messages:
 *
 *	NEXT	to 0, empty; answered with the number of a point, -1: no more
 *	ROW	to 0: point, failed, then the row or the sentence
 *	END	to 0, empty: no other will come
 *
 * A module of its own, which `rota` loads when mpirun has started it: who never runs MPI has none of its libraries in
 * the process. It knows of rota only what sweep_mpi.h says.
 */
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mpi/sweep_mpi.h"

enum tag { NEXT = 1, POINT, ROW, END };

static struct {
	int rank, size;
	int points, next;
	int ended; /* other processes that are done */
	bool stop; /* a point failed: hand out no more */
	bool dry; /* this process was told that there are no more */
	void (*take)(void *arg, int point, bool failed, const char *text, size_t len);
	void *take_arg;
} all;

static int hand_out(void)
{
	return !all.stop && all.next < all.points ? all.next++ : -1;
}

static int next(void *arg)
{
	int point = -1;

	(void)arg;
	if (!all.rank)
		return hand_out();
	if (all.dry)
		return -1;
	MPI_Send(NULL, 0, MPI_BYTE, 0, NEXT, MPI_COMM_WORLD);
	MPI_Recv(&point, 1, MPI_INT, 0, POINT, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	all.dry = point < 0;
	return point;
}

static void done(void *arg, int point, bool failed, const char *text, size_t len)
{
	int head[2] = { point, failed };
	char *message;

	(void)arg;
	if (!all.rank) {
		all.stop |= failed;
		all.take(all.take_arg, point, failed, text, len);
		return;
	}
	message = malloc(sizeof(head) + len);
	if (!message)
		MPI_Abort(MPI_COMM_WORLD, 1);
	memcpy(message, head, sizeof(head));
	memcpy(message + sizeof(head), text, len);
	MPI_Send(message, (int)(sizeof(head) + len), MPI_BYTE, 0, ROW, MPI_COMM_WORLD);
	free(message);
}

static void take_row(MPI_Status *status)
{
	int head[2], len;
	char *message;

	MPI_Get_count(status, MPI_BYTE, &len);
	message = malloc((size_t)len + 1);
	if (!message)
		MPI_Abort(MPI_COMM_WORLD, 1);
	MPI_Recv(message, len, MPI_BYTE, status->MPI_SOURCE, ROW, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	message[len] = 0;
	memcpy(head, message, sizeof(head));
	done(NULL, head[0], head[1], message + sizeof(head), (size_t)len - sizeof(head));
	free(message);
}

static bool serve(void *arg)
{
	(void)arg;
	if (all.rank)
		return false;
	for (;;) {
		MPI_Status status;
		int there = 0, point;

		MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &status);
		if (!there)
			return all.ended < all.size - 1;
		if (status.MPI_TAG == ROW) {
			take_row(&status);
			continue;
		}
		MPI_Recv(NULL, 0, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		if (status.MPI_TAG == END) {
			all.ended++;
			continue;
		}
		point = hand_out();
		MPI_Send(&point, 1, MPI_INT, status.MPI_SOURCE, POINT, MPI_COMM_WORLD);
	}
}

int sweep_mpi_begin(int *size)
{
	if (MPI_Init(NULL, NULL) != MPI_SUCCESS)
		return -1;
	MPI_Comm_rank(MPI_COMM_WORLD, &all.rank);
	MPI_Comm_size(MPI_COMM_WORLD, &all.size);
	*size = all.size;
	return all.rank;
}

void sweep_mpi_share(struct sweep_exchange *ex, int points, void (*take)(void *, int, bool, const char *, size_t),
		     void *arg)
{
	all.points = points;
	all.take = take;
	all.take_arg = arg;
	*ex = (struct sweep_exchange){ .next = next, .done = done, .serve = serve };
}

void sweep_mpi_end(bool shared)
{
	if (shared && all.rank)
		MPI_Send(NULL, 0, MPI_BYTE, 0, END, MPI_COMM_WORLD);
	MPI_Finalize();
}

void sweep_mpi_abort(void)
{
	MPI_Abort(MPI_COMM_WORLD, 1);
}
