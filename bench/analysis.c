/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What analysis costs: milliseconds per VM to find the smallest budgets of 1,000 random VMs, by
 * model and guest scheduler, with periods of nanosecond grain; the same with all times a thousand
 * times longer (time must not depend on the size of the integers); and admission of all their
 * servers.
 *
 *	analysis [VMS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/analysis.h"

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static const struct {
	const char *name;
	enum an_guest guest;
	enum an_model model;
	int64_t total_ppb;
	bool constrained;
	int64_t period; /* of the servers, 0: choose of 24 */
} rows[] = {
	{ "EDF, PRM, period 10 ms", AN_GUEST_EDF, AN_MODEL_PRM, 300000000, false, 10000000 },
	{ "EDF, PRM, D < T", AN_GUEST_EDF, AN_MODEL_PRM, 300000000, true, 1000000 },
	{ "EDF, EDP, period 10 ms", AN_GUEST_EDF, AN_MODEL_EDP, 300000000, false, 10000000 },
	{ "RM, PRM, period 10 ms", AN_GUEST_RM, AN_MODEL_PRM, 300000000, false, 10000000 },
	{ "gEDF, MPR, period 5 ms", AN_GUEST_GEDF, AN_MODEL_MPR, 1500000000, false, 5000000 },
	{ "gEDF, DMPR, period 5 ms", AN_GUEST_GEDF, AN_MODEL_DMPR, 1500000000, false, 5000000 },
	{ "pEDF, PRM, period 10 ms", AN_GUEST_PEDF, AN_MODEL_PRM, 1500000000, false, 10000000 },
	{ "EDF, PRM, 24 periods", AN_GUEST_EDF, AN_MODEL_PRM, 300000000, false, 0 },
	{ "RM, PRM, 24 periods", AN_GUEST_RM, AN_MODEL_PRM, 300000000, false, 0 },
};

/* The VMs of one row; @scale multiplies every time. */
static struct an_system make(size_t row, int n, int64_t scale)
{
	struct an_system sys = { .grain = 1, .kind = AN_DEFERRABLE, .nr_vms = n };
	struct an_gen g = { .seed = 1,
			    .util = AN_UUNIFAST_DISCARD,
			    .period = AN_PERIOD_LOG,
			    .nr_tasks = 10,
			    .total_ppb = rows[row].total_ppb,
			    .min_period = 20000000,
			    .max_period = 1000000000,
			    .grain = 1,
			    .constrained = rows[row].constrained };
	char err[200];

	sys.host.switch_cost = 5000 * scale;
	sys.host.cpus = n;
	sys.host.partitioned = true;
	sys.vms = calloc((size_t)n, sizeof(*sys.vms));
	for (int v = 0; v < n; v++) {
		struct an_vm *vm = &sys.vms[v];

		snprintf(vm->name, sizeof(vm->name), "vm%d", v);
		vm->guest = rows[row].guest;
		vm->model = rows[row].model;
		vm->min_period = vm->max_period = rows[row].period * scale;
		vm->nr_tasks = an_generate(&g, (uint64_t)v, &vm->tasks, err, sizeof(err));
		if (vm->nr_tasks < 0) {
			fprintf(stderr, "analysis: %s\n", err);
			exit(1);
		}
		for (int i = 0; i < vm->nr_tasks; i++) {
			vm->tasks[i].cost *= scale;
			vm->tasks[i].period *= scale;
			vm->tasks[i].deadline *= scale;
		}
	}
	return sys;
}

struct figure {
	double mean_ms, worst_ms;
	int found, exact;
};

static struct figure measure(size_t row, int n, int64_t scale)
{
	struct figure f = { 0 };
	struct an_system sys = make(row, n, scale);

	for (int v = 0; v < n; v++) {
		struct an_system one = sys;
		double t0;

		one.vms = &sys.vms[v];
		one.nr_vms = 1;
		one.host.cpus = 0;
		t0 = now_ms();
		an_synthesise(&one);
		t0 = now_ms() - t0;
		f.mean_ms += t0 / n;
		f.worst_ms = t0 > f.worst_ms ? t0 : f.worst_ms;
		f.found += sys.vms[v].found;
		f.exact += sys.vms[v].found && sys.vms[v].exact;
		free(one.servers);
	}
	an_system_free(&sys);
	return f;
}

int main(int argc, char **argv)
{
	bool counting = getenv("ROTA_BENCH_CALLGRIND");
	int n = argc > 1 ? atoi(argv[1]) : counting ? 20 : 1000;
	struct an_system sys;
	double t0;

	if (n < 1 || n > 4000) {
		fprintf(stderr, "analysis: 1 to 4000 VMs\n");
		return 2;
	}
	printf("%d VMs of 10 tasks (those of U = 0.3; 1.5 for gEDF and pEDF)\n", n);
	printf("%-26s %10s %10s %7s %7s   %s\n", "", "ms/VM", "worst ms", "found", "least", "ms/VM, times x1000");
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		struct figure f = measure(r, n, 1), k = { 0 };

		if (!counting)
			k = measure(r, n, 1000);
		printf("%-26s %10.3f %10.3f %7d %7d   %.3f\n", rows[r].name, f.mean_ms, f.worst_ms, f.found, f.exact,
		       k.mean_ms);
	}
	sys = make(0, n, 1);
	t0 = now_ms();
	an_synthesise(&sys);
	printf("all VMs of the first row placed on pCPUs and admitted: %.1f ms, %s\n", now_ms() - t0,
	       sys.verdict.v.answer == AN_OK ? "guaranteed" : "refused");
	an_system_free(&sys);
	return 0;
}
