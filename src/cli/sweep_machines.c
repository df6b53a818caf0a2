/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sweep that mpirun started: loads rota-mpi.so, and collects what all processes found; see mpi/sweep_mpi.c. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/plugin.h"
#include "cli/sweep.h"

/*
 * The number of this process as mpirun tells it: those of Open MPI and MPICH, and of what starts them. -1: no mpirun.
 */
static int started_as(void)
{
	static const char *const names[] = { "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (getenv(names[i]))
			return atoi(getenv(names[i]));
	return -1;
}

static void *find(struct machines *m, const char *name)
{
	void *f = m->lib ? dlsym(m->lib, name) : NULL;

	m->broken |= !f;
	return f;
}

int machines_begin(struct machines *m, char *err, size_t errlen)
{
	int rank = started_as(), (*begin)(int *size);

	*m = (struct machines){ .failed = -1, .size = 1 };
	if (rank < 0)
		return 0;
	m->rank = rank;
	m->lib = plugin_load("rota-mpi.so");
	begin = (int (*)(int *))find(m, "sweep_mpi_begin");
	m->share = (machines_share_fn)find(m, "sweep_mpi_share");
	m->end = (void (*)(bool))find(m, "sweep_mpi_end");
	m->abort = (void (*)(void))find(m, "sweep_mpi_abort");
	if (m->broken) {
		snprintf(
			err, errlen,
			"mpirun started this rota, which was built without MPI; install libopenmpi-dev and build again, "
			"or run it alone with -j");
		return -ENOSYS;
	}
	m->rank = begin(&m->size);
	m->on = true;
	if (m->rank >= 0)
		return 0;
	m->on = false;
	snprintf(err, errlen, "MPI does not start");
	return -EIO;
}

static void take(void *arg, int point, bool failed, const char *text, size_t len)
{
	struct machines *m = arg;

	if (failed && (m->failed < 0 || point < m->failed)) {
		m->failed = point;
		snprintf(m->why, sizeof(m->why), "%s", text);
	} else if (!failed && sweep_table_put(m->t, point, text, len)) {
		m->failed = 0;
		snprintf(m->why, sizeof(m->why), "not enough memory for the table");
	}
}

int machines_run(struct machines *m, const struct sweep *s, struct sweep_how *how, struct sweep_table *t, char *err,
		 size_t errlen)
{
	struct sweep_exchange ex;
	int ret;

	if (!m->on)
		return sweep_run(s, how, t, err, errlen);
	m->t = t;
	m->share(&ex, s->nr_points, take, m);
	m->shared = true;
	how->exchange = &ex;
	ret = sweep_run(s, how, t, err, errlen);
	how->exchange = NULL;
	if (!ret && m->failed >= 0) {
		snprintf(err, errlen, "%s", m->why);
		ret = -EINVAL;
	} else if (ret) {
		fprintf(stderr, "rota: %s\n", err);
		m->abort();
	}
	return ret;
}

void machines_refuse(struct machines *m)
{
	struct sweep_exchange ex;

	if (!m->on || m->rank)
		return;
	m->share(&ex, 0, take, m);
	m->shared = true;
	while (ex.serve(ex.arg))
		usleep(1000);
}

void machines_end(struct machines *m)
{
	if (m->on)
		m->end(m->shared);
	m->on = false;
}
