// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's topology from /sys/devices/system.
 *
 * A core is known by its lowest thread on line. A CPU that is off line has no topology in sysfs: it gets a core of its
 * own on node 0, which nobody sees, since the scheduler is loaded anew when it comes on line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/files.h"
#include "kvm/topology.h"

#define LIST_LEN 8192

int cpu_list_parse(const char *list, int (*set)(void *arg, u32 cpu), void *arg)
{
	while (*list) {
		char *end;
		unsigned long from, to;
		int rc;

		if (*list < '0' || *list > '9')
			return -EINVAL;
		from = to = strtoul(list, &end, 10);
		if (*end == '-') {
			list = end + 1;
			if (*list < '0' || *list > '9')
				return -EINVAL;
			to = strtoul(list, &end, 10);
		}
		if (to < from || to > 1000000 || (*end && *end != ','))
			return -EINVAL;
		for (; from <= to; from++) {
			rc = set(arg, (u32)from);
			if (rc)
				return rc;
		}
		if (*end == ',' && !end[1])
			return -EINVAL;
		list = *end ? end + 1 : end;
	}
	return 0;
}

static int highest(void *arg, u32 cpu)
{
	u32 *nr = arg;

	if (cpu + 1 > *nr)
		*nr = cpu + 1;
	return 0;
}

static int first_of(void *arg, u32 cpu)
{
	u32 *first = arg;

	if (cpu < *first)
		*first = cpu;
	return 0;
}

static int mark_online(void *arg, u32 cpu)
{
	struct topology *t = arg;

	if (cpu >= t->nr_cpus)
		return -EINVAL;
	t->online[cpu / 64] |= 1ULL << (cpu % 64);
	t->nr_online++;
	return 0;
}

struct node_marks {
	struct topology *t;
	u32 node; /* the kernel's number */
	u32 dense; /* ours, given to the first node that has a CPU on line */
};

static int mark_node(void *arg, u32 cpu)
{
	struct node_marks *m = arg;

	if (cpu < m->t->nr_cpus) {
		m->t->node_of[cpu] = m->dense;
		if (m->dense == m->t->nr_nodes)
			m->t->nr_nodes++;
	}
	return 0;
}

static int read_node(void *arg, u32 node)
{
	struct node_marks *m = arg;
	char list[LIST_LEN];

	if (m->t->nr_nodes == SCHED_MAX_NODES)
		return -E2BIG;
	m->dense = m->t->nr_nodes;
	if (live_read(list, sizeof(list), "/sys/devices/system/node/node%u/cpulist", node) < 0)
		return 0;
	return cpu_list_parse(list, mark_node, m);
}

/* The lowest thread of the CPU's core. */
static u32 core_first(u32 cpu)
{
	char list[LIST_LEN];
	u32 first = cpu;

	if (live_read(list, sizeof(list), "/sys/devices/system/cpu/cpu%u/topology/core_cpus_list", cpu) < 0 &&
	    live_read(list, sizeof(list), "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu) < 0)
		return cpu;
	return cpu_list_parse(list, first_of, &first) ? cpu : first;
}

static void read_cores(struct topology *t)
{
	u32 threads[LIVE_MAX_CPUS] = { 0 };

	for (u32 cpu = 0; cpu < t->nr_cpus; cpu++) {
		u32 first = topology_online(t, cpu) ? core_first(cpu) : cpu;

		t->core_of[cpu] = first < cpu ? t->core_of[first] : t->nr_cores++;
		threads[t->core_of[cpu]]++;
		if (threads[t->core_of[cpu]] > t->threads_per_core)
			t->threads_per_core = threads[t->core_of[cpu]];
	}
}

int topology_read(struct topology *t, char *error)
{
	struct node_marks marks = { .t = t };
	char list[LIST_LEN];

	memset(t, 0, sizeof(*t));
	if (live_read(list, sizeof(list), "/sys/devices/system/cpu/possible") <= 0 ||
	    cpu_list_parse(list, highest, &t->nr_cpus) || !t->nr_cpus)
		return live_fail(error, -EIO, "/sys/devices/system/cpu/possible can't be read; mount sysfs on /sys");
	if (t->nr_cpus > LIVE_MAX_CPUS)
		return live_fail(error, -E2BIG,
				 "this machine may have %u CPUs, rota schedules at most %u; boot with nr_cpus=%u",
				 t->nr_cpus, LIVE_MAX_CPUS, LIVE_MAX_CPUS);
	if (live_read(list, sizeof(list), "/sys/devices/system/cpu/online") <= 0 ||
	    cpu_list_parse(list, mark_online, t) || !t->nr_online)
		return live_fail(error, -EIO, "/sys/devices/system/cpu/online makes no sense: '%.60s'", list);
	read_cores(t);
	/* A kernel without NUMA has no such file: one node. */
	if (live_read(list, sizeof(list), "/sys/devices/system/node/online") > 0 &&
	    cpu_list_parse(list, read_node, &marks))
		return live_fail(error, -E2BIG, "the NUMA nodes '%.60s' can't be used; rota knows at most %u with CPUs",
				 list, SCHED_MAX_NODES);
	if (!t->nr_nodes)
		t->nr_nodes = 1;
	return 0;
}
