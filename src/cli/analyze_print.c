// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota analyze`: what was found, as a table for people and as JSON. */
#include <stdlib.h>
#include <string.h>

#include "cli/analyze.h"

#define MOST_EDF_RESPONSES 64 /* tasks; response times under EDF are slow for many */

static const char *const rules[] = { "edf", "rm", "dm", "fp" };
static const char *const answers[] = { "schedulable", "not schedulable", "undecided" };
static const char *const supplies[] = { "dedicated", "prm",	  "prm-linear", "edp", "polled",
					"mpr",	     "mpr-slots", "mpr-linear", "dmpr" };

static int64_t clamp(an_wide v)
{
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

/* Exact, in the largest unit that needs at most three decimals. */
static const char *time_text(int64_t ns, char *buf)
{
	if (ns == AN_NEVER)
		return "never";
	if (ns % 1000 == 0)
		snprintf(buf, 32, "%.10g ms", (double)ns / 1e6);
	else if (ns < 1000000000)
		snprintf(buf, 32, "%.10g us", (double)ns / 1e3);
	else
		snprintf(buf, 32, "%lld ns", (long long)ns);
	return buf;
}

static double bandwidth(const struct an_vm *vm)
{
	double sum = 0;

	for (int i = 0; i < vm->nr_vcpus; i++)
		sum += (double)vm->vcpus[i].budget / (double)vm->vcpus[i].period;
	return sum;
}

enum an_answer analyze_conclude(const struct an_system *sys, char *why, size_t len)
{
	for (int v = 0; v < sys->nr_vms; v++) {
		const struct an_vm *vm = &sys->vms[v];

		if (!vm->found) {
			snprintf(why, len, "%s: %s", vm->name, vm->why);
			return AN_NOT;
		}
		if (vm->given_budget && vm->tasks_verdict.answer != AN_OK) {
			const struct an_verdict *t = &vm->tasks_verdict;

			if (!t->window)
				snprintf(why, len, "%s: its budget does not schedule its tasks%s", vm->name,
					 t->answer == AN_UNDECIDED ? ", as far as can be proven" : "");
			else
				snprintf(
					why, len,
					"%s: its tasks are not schedulable%s%s: in an interval of %lld ns they demand %lld ns, its budget supplies %lld ns",
					vm->name, t->index >= 0 ? ", " : "",
					t->index >= 0 ? vm->tasks[t->index].name : "", (long long)t->window,
					(long long)clamp(t->demand), (long long)clamp(t->supply));
			return t->answer;
		}
	}
	if (!sys->host.cpus) {
		snprintf(why, len, "every VM has an interface; no pCPUs were given to hold them");
		return AN_OK;
	}
	an_host_explain(&sys->verdict, sys->servers, why, len);
	return sys->verdict.v.answer;
}

/* The server's place among those that can delay it, for the response times below it. */
static int64_t below_server(const struct an_system *sys, const struct an_server *s, const struct an_task *tasks, int k)
{
	struct an_server *above = calloc((size_t)sys->nr_servers + 1, sizeof(*above));
	int n = 0;
	int64_t r;

	if (!above)
		return AN_NEVER;
	for (int i = 0; i < sys->nr_servers; i++) {
		const struct an_server *x = &sys->servers[i];
		bool higher = sys->host.rule == AN_RM ? x->period < s->period :
			      sys->host.rule == AN_DM ? x->deadline < s->deadline :
							x->priority < s->priority;
		bool equal = sys->host.rule == AN_RM ? x->period == s->period :
			     sys->host.rule == AN_DM ? x->deadline == s->deadline :
						       false;

		if (strcmp(x->name, s->name) && x->cpu == s->cpu && (higher || equal))
			above[n++] = *x;
	}
	above[n] = *s;
	r = an_server_task_response(above, n, tasks, k, false);
	free(above);
	return r;
}

/* Worst response of task i, AN_NEVER if none is known: only for guests on one vCPU. */
static int64_t response_of(const struct an_system *sys, const struct an_vm *vm, int i)
{
	bool edf = vm->guest == AN_GUEST_EDF, one_cpu;
	enum an_rule rule = vm->guest == AN_GUEST_RM ? AN_RM : vm->guest == AN_GUEST_DM ? AN_DM : AN_FP;
	struct an_task *sorted;
	int64_t r = AN_NEVER, below;

	if (!vm->found || vm->nr_vcpus != 1 || vm->guest > AN_GUEST_FP)
		return AN_NEVER;
	if (edf)
		return vm->nr_tasks > MOST_EDF_RESPONSES ? AN_NEVER :
							   an_edf_response(vm->tasks, vm->nr_tasks, i, &vm->supply);
	sorted = calloc((size_t)vm->nr_tasks, sizeof(*sorted));
	if (!sorted)
		return AN_NEVER;
	memcpy(sorted, vm->tasks, (size_t)vm->nr_tasks * sizeof(*sorted));
	an_sort(sorted, vm->nr_tasks, rule);
	for (int k = 0; k < vm->nr_tasks; k++) {
		if (memcmp(&sorted[k], &vm->tasks[i], sizeof(*sorted)))
			continue;
		r = an_fp_response(sorted, k, &vm->supply);
		one_cpu = sys->host.partitioned || sys->host.cpus == 1;
		if (one_cpu && sys->host.rule != AN_EDF && sys->verdict.v.answer == AN_OK) {
			below = below_server(sys, &vm->vcpus[0], sorted, k);
			r = below < r && sorted[k].deadline <= sorted[k].period ? below : r;
		}
		break;
	}
	free(sorted);
	return r;
}

static void print_vm(const struct an_system *sys, const struct an_vm *vm, FILE *f)
{
	char a[32], b[32], c[32];

	fprintf(f, "%-16s %-5s %6d %8.4f", vm->name, an_guest_names[vm->guest], vm->nr_tasks,
		an_utilisation_approx(vm->tasks, vm->nr_tasks));
	if (!vm->found) {
		fprintf(f, "  no interface: %s\n", vm->why);
		return;
	}
	fprintf(f, "  %-6s %9.4f  %s\n", supplies[vm->supply.kind], bandwidth(vm),
		vm->given_budget ? answers[vm->tasks_verdict.answer] :
		vm->exact	 ? "least" :
				   "enough");
	for (int i = 0; i < vm->nr_vcpus; i++) {
		const struct an_server *s = &vm->vcpus[i];

		fprintf(f, "  %-14s budget %s, period %s", s->name, time_text(s->budget, a), time_text(s->period, b));
		if (s->deadline != s->period)
			fprintf(f, ", deadline %s", time_text(s->deadline, c));
		if (sys->host.partitioned && s->cpu >= 0)
			fprintf(f, ", pCPU %d", s->cpu);
		fputc('\n', f);
	}
	for (int i = 0; i < vm->nr_tasks; i++) {
		int64_t r = response_of(sys, vm, i);

		if (r != AN_NEVER)
			fprintf(f, "    %-12s responds within %s of %s\n", vm->tasks[i].name, time_text(r, a),
				time_text(vm->tasks[i].deadline, b));
		else if (vm->task_vcpu)
			fprintf(f, "    %-12s on %s.v%d\n", vm->tasks[i].name, vm->name, vm->task_vcpu[i]);
	}
}

void analyze_print_table(const struct an_system *sys, FILE *f)
{
	char why[400];
	double sum = 0;
	enum an_answer a = analyze_conclude(sys, why, sizeof(why));

	fprintf(f, "%-16s %-5s %6s %8s  %-6s %9s  %s\n", "VM", "sched", "tasks", "U", "model", "bandwidth", "budget");
	for (int v = 0; v < sys->nr_vms; v++) {
		print_vm(sys, &sys->vms[v], f);
		sum += bandwidth(&sys->vms[v]);
	}
	fprintf(f, "\nbandwidth %.4f", sum);
	if (sys->host.cpus)
		fprintf(f, " of %d pCPUs, %s %s, %s servers", sys->host.cpus,
			sys->host.partitioned ? "partitioned" : "global", rules[sys->host.rule],
			an_server_kind_names[sys->kind]);
	fprintf(f, "\n%s: %s\n", answers[a], why);
}

static json_t *verdict_json(const struct an_system *sys)
{
	const struct an_host_verdict *h = &sys->verdict;
	json_t *w;

	if (h->v.answer == AN_OK || h->v.index < 0 || !sys->host.cpus)
		return json_null();
	w = json_pack("{s:s, s:s, s:I, s:I, s:I}", "server", sys->servers[h->v.index].name, "test", h->test,
		      "interval_ns", (json_int_t)h->v.window, "demand_ns", (json_int_t)clamp(h->v.demand), "supply_ns",
		      (json_int_t)clamp(h->v.supply));
	if (h->cpu >= 0)
		json_object_set_new(w, "pcpu", json_integer(h->cpu));
	return w;
}

static json_t *vm_json(const struct an_system *sys, const struct an_vm *vm)
{
	json_t *vcpus = json_array(), *tasks = json_array();
	json_t *o = json_pack("{s:s, s:s, s:f, s:b}", "name", vm->name, "sched", an_guest_names[vm->guest],
			      "utilisation", an_utilisation_approx(vm->tasks, vm->nr_tasks), "found", vm->found);

	if (!vm->found) {
		json_object_set_new(o, "why", json_string(vm->why));
	} else {
		json_object_set_new(o, "exact", json_boolean(vm->exact));
		json_object_set_new(o, "bandwidth", json_real(bandwidth(vm)));
		json_object_set_new(o, "supply",
				    json_pack("{s:s, s:I, s:I, s:I, s:i}", "model", supplies[vm->supply.kind],
					      "period_ns", (json_int_t)vm->supply.period, "budget_ns",
					      (json_int_t)vm->supply.budget, "deadline_ns",
					      (json_int_t)vm->supply.deadline, "cpus", vm->supply.cpus));
		if (vm->given_budget)
			json_object_set_new(o, "tasks_verdict", json_string(answers[vm->tasks_verdict.answer]));
	}
	for (int i = 0; i < vm->nr_vcpus; i++) {
		const struct an_server *s = &vm->vcpus[i];
		json_t *j = json_pack("{s:s, s:I, s:I, s:I}", "name", s->name, "period_ns", (json_int_t)s->period,
				      "budget_ns", (json_int_t)s->budget, "deadline_ns", (json_int_t)s->deadline);

		if (s->cpu >= 0)
			json_object_set_new(j, "pcpu", json_integer(s->cpu));
		json_array_append_new(vcpus, j);
	}
	for (int i = 0; i < vm->nr_tasks; i++) {
		const struct an_task *t = &vm->tasks[i];
		int64_t r = response_of(sys, vm, i);
		json_t *j = json_pack("{s:s, s:I, s:I, s:I}", "name", t->name, "cost_ns", (json_int_t)t->cost,
				      "period_ns", (json_int_t)t->period, "deadline_ns", (json_int_t)t->deadline);

		json_object_set_new(j, "response_ns", r == AN_NEVER ? json_null() : json_integer(r));
		if (vm->task_vcpu)
			json_object_set_new(j, "vcpu", json_integer(vm->task_vcpu[i]));
		json_array_append_new(tasks, j);
	}
	json_object_set_new(o, "vcpus", vcpus);
	json_object_set_new(o, "tasks", tasks);
	return o;
}

json_t *analyze_json(const struct an_system *sys)
{
	char why[400];
	enum an_answer a = analyze_conclude(sys, why, sizeof(why));
	json_t *vms = json_array();

	for (int v = 0; v < sys->nr_vms; v++)
		json_array_append_new(vms, vm_json(sys, &sys->vms[v]));
	return json_pack("{s:s, s:s, s:o, s:{s:i, s:s, s:s, s:s, s:I, s:I}, s:o}", "verdict", answers[a], "reason", why,
			 "witness", verdict_json(sys), "host", "pcpus", sys->host.cpus, "sched", rules[sys->host.rule],
			 "placement", sys->host.partitioned ? "partitioned" : "global", "server",
			 an_server_kind_names[sys->kind], "switch_cost_ns", (json_int_t)sys->host.switch_cost,
			 "grain_ns", (json_int_t)sys->grain, "vms", vms);
}

/* -- tests for m CPUs of one's own ----------------------------------------------------- */

struct test_result {
	const char *name;
	enum an_answer answer;
};
#define NR_TESTS 10

static void run_tests(const struct an_vm *vm, int m, struct test_result *out)
{
	struct an_task *rm = calloc((size_t)vm->nr_tasks + 1, sizeof(*rm));
	const struct an_task *t = vm->tasks;
	int n = vm->nr_tasks, k = 0;

	out[k++] = (struct test_result){ "gfb", an_gfb(t, n, m) };
	out[k++] = (struct test_result){ "bak", an_bak(t, n, m) };
	out[k++] = (struct test_result){ "bcl", an_bcl(t, n, m, NULL) };
	out[k++] = (struct test_result){ "bcl-iterative", an_bcl_iterative(t, n, m, true, NULL) };
	out[k++] = (struct test_result){ "bar", an_bar(t, n, m, NULL) };
	out[k++] = (struct test_result){ "rta", an_gedf_rta(t, n, m, NULL) };
	out[k++] = (struct test_result){ "ff-dbf", an_ffdbf(t, n, m) };
	out[k] = (struct test_result){ "edf-exact", AN_UNDECIDED };
	if (m == 1)
		out[k].answer = an_edf_check(t, n, &(struct an_supply){ AN_DEDICATED, 0, 0, 0, 1 }, NULL);
	for (int dm = 0; dm < 2; dm++) {
		out[++k] = (struct test_result){ dm ? "gdm" : "grm", AN_UNDECIDED };
		if (!rm)
			continue;
		memcpy(rm, t, (size_t)n * sizeof(*rm));
		an_sort(rm, n, dm ? AN_DM : AN_RM);
		out[k].answer = m == 1 ? an_fp_check(rm, n, &(struct an_supply){ AN_DEDICATED, 0, 0, 0, 1 }, NULL) :
					 an_gfp(rm, n, m, AN_GFP_LIMITED, NULL);
	}
	free(rm);
}

void analyze_print_tests(const struct an_system *sys, FILE *f)
{
	struct test_result r[NR_TESTS];

	for (int v = 0; v < sys->nr_vms; v++) {
		const struct an_vm *vm = &sys->vms[v];
		char buf[32];

		if (!vm->nr_tasks)
			continue;
		run_tests(vm, sys->host.cpus, r);
		fprintf(f, "%s on %d CPUs of its own:", vm->name, sys->host.cpus);
		for (int i = 0; i < NR_TESTS; i++)
			if (strcmp(r[i].name, "edf-exact") || sys->host.cpus == 1)
				fprintf(f, " %s %s%s", r[i].name,
					r[i].answer == AN_OK  ? "yes" :
					r[i].answer == AN_NOT ? "no" :
								"?",
					i < NR_TESTS - 1 ? "," : "");
		if (an_gedf_tardiness(vm->tasks, vm->nr_tasks, sys->host.cpus) >= 0)
			fprintf(f, "; gEDF is late by at most %s",
				time_text(an_gedf_tardiness(vm->tasks, vm->nr_tasks, sys->host.cpus), buf));
		fputc('\n', f);
	}
	fputc('\n', f);
}

json_t *analyze_tests_json(const struct an_system *sys)
{
	struct test_result r[NR_TESTS];
	json_t *list = json_array();

	for (int v = 0; v < sys->nr_vms; v++) {
		json_t *o = json_pack("{s:s, s:i}", "vm", sys->vms[v].name, "cpus", sys->host.cpus);

		if (sys->vms[v].nr_tasks) {
			run_tests(&sys->vms[v], sys->host.cpus, r);
			for (int i = 0; i < NR_TESTS; i++)
				json_object_set_new(o, r[i].name,
						    r[i].answer == AN_UNDECIDED ? json_null() :
										  json_boolean(r[i].answer == AN_OK));
		}
		json_array_append_new(list, o);
	}
	return list;
}
