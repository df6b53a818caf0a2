/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `generate:` of a sweep: random task sets in VMs, the servers that the analysis finds for them (or that are given), a
 * host that runs these servers, and the verdict of the theory beside what the simulation will show.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "cli/sweep.h"
#include "cli/taskset.h"

#define MOST_VMS 64

struct wish {
	struct an_gen gen;
	uint64_t set; /* number of the task set */
	int vms;
	int64_t load_ppb; /* of the given servers, what their tasks ask for */
	int nr_servers; /* given: one VM each */
	int64_t budget[MOST_VMS], period[MOST_VMS];
	enum an_guest guest;
	enum an_model model;
	int64_t min_period, max_period; /* of servers that are computed */
	int64_t budget_grain;
	int pcpus, kind, rule, placement, fit;
	int64_t switch_cost;
	char sched[16];
	bool random_phases;
};

static const char *const kinds[] = { "deferrable",	"periodic",   "polling", "sporadic",
				     "work-conserving", "reclaiming", "cbs" }; /* enum an_server_kind */
static const char *const rules[] = { "edf", "rm", "dm", "fp" }; /* enum an_rule */
static const char *const placements[] = { "global", "partitioned" };
static const char *const fits[] = { "first", "best", "worst" };
static const char *const phases[] = { "synchronous", "random" };
static const char *const scheds[] = { "rtxen", "rtds", "credit", "credit2" };

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* "[2ms/4ms, 4ms/20ms]" */
static const char *set_servers(struct wish *w, const char *value)
{
	static const char what[] = "write budgets and periods as [2ms/4ms, 4ms/20ms], 1 to 64 of them";
	char text[4096], *save = NULL, *slash;

	if (strlen(value) >= sizeof(text))
		return what;
	strcpy(text, value);
	w->nr_servers = 0;
	for (char *c = strtok_r(text, "[], \"", &save); c; c = strtok_r(NULL, "[], \"", &save)) {
		slash = strchr(c, '/');
		if (!slash || w->nr_servers == MOST_VMS)
			return what;
		*slash = 0;
		if (an_parse_time(c, 0, &w->budget[w->nr_servers]) ||
		    an_parse_time(slash + 1, 0, &w->period[w->nr_servers]) || w->budget[w->nr_servers] < 1 ||
		    w->budget[w->nr_servers] > w->period[w->nr_servers])
			return what;
		w->nr_servers++;
	}
	return w->nr_servers ? NULL : what;
}

static const char *set_server_period(struct wish *w, const char *value)
{
	char first[64];
	size_t len = strcspn(value, ":");

	if (len >= sizeof(first))
		return "write a time, or two as 5ms:50ms";
	memcpy(first, value, len);
	first[len] = 0;
	if (an_parse_time(first, 0, &w->min_period) || !w->min_period)
		return "write a time, or two as 5ms:50ms";
	w->max_period = w->min_period;
	if (value[len] && (an_parse_time(value + len + 1, 0, &w->max_period) || w->max_period < w->min_period))
		return "write a time, or two as 5ms:50ms";
	return NULL;
}

static const char *set_number(const char *value, uint64_t most, int *out)
{
	uint64_t n;

	if (!taskset_count(value, most, &n) || !n)
		return "write a number from 1 on, not that large";
	*out = (int)n;
	return NULL;
}

static const char *set_word(const char *value, const char *const *words, int nr, int *out)
{
	static char all[160];
	int i = taskset_word(value, words, nr);

	if (i >= 0) {
		*out = i;
		return NULL;
	}
	strcpy(all, "write one of ");
	for (i = 0; i < nr; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "", words[i]);
	return all;
}

/* NULL: done; "": there is no such key */
static const char *set_key(struct wish *w, const char *key, const char *value)
{
	const char *what = taskset_parameter(&w->gen, key, value);
	int word = 0;

	if (!what || *what)
		return what;
	if (!strcmp(key, "set"))
		return taskset_count(value, UINT32_MAX, &w->set) ? NULL : "write a number";
	if (!strcmp(key, "vms"))
		return set_number(value, MOST_VMS, &w->vms);
	if (!strcmp(key, "load"))
		return taskset_ppb(value, &w->load_ppb) && w->load_ppb ? NULL : "write a number above 0, e.g. 0.8";
	if (!strcmp(key, "servers"))
		return set_servers(w, value);
	if (!strcmp(key, "server-period"))
		return set_server_period(w, value);
	if (!strcmp(key, "budget-grain"))
		return !an_parse_time(value, 0, &w->budget_grain) && w->budget_grain ? NULL : "write a time as 1ms";
	if (!strcmp(key, "switch-cost"))
		return strcmp(value, "0") && an_parse_time(value, 0, &w->switch_cost) ? "write a time as 10us" : NULL;
	if (!strcmp(key, "pcpus"))
		return set_number(value, SCHED_MAX_PCPUS, &w->pcpus);
	if (!strcmp(key, "kind"))
		return set_word(value, kinds, COUNT(kinds), &w->kind);
	if (!strcmp(key, "priority"))
		return set_word(value, rules, COUNT(rules), &w->rule);
	if (!strcmp(key, "placement"))
		return set_word(value, placements, COUNT(placements), &w->placement);
	if (!strcmp(key, "fit"))
		return set_word(value, fits, COUNT(fits), &w->fit);
	if (!strcmp(key, "guest")) {
		what = set_word(value, an_guest_names, AN_GUEST_PDM + 1, &word);
		w->guest = (enum an_guest)word;
	} else if (!strcmp(key, "model")) {
		what = set_word(value, an_model_names, AN_MODEL_DMPR + 1, &word);
		w->model = (enum an_model)word;
	} else if (!strcmp(key, "phases")) {
		what = set_word(value, phases, COUNT(phases), &word);
		w->random_phases = word == 1;
	} else if (!strcmp(key, "sched")) {
		what = set_word(value, scheds, COUNT(scheds), &word);
		strcpy(w->sched, scheds[word]);
	} else {
		return "";
	}
	return what;
}

/* A value as YAML: "20ms:100ms" may stand in quotes. */
static void unquote(const char *yaml, char *out, size_t len)
{
	size_t n = strlen(yaml), quoted = n >= 2 && yaml[0] == '"' && yaml[n - 1] == '"';

	n = n - 2 * quoted < len ? n - 2 * quoted : len - 1;
	memcpy(out, yaml + quoted, n);
	out[n] = 0;
}

static int read_wish(const struct sweep_sets *params, struct wish *w, char *err, size_t errlen)
{
	*w = (struct wish){ .vms = 1, .budget_grain = 1000, .pcpus = 1, .sched = "rtxen" };
	taskset_defaults(&w->gen);
	for (int i = 0; i < params->nr; i++) {
		size_t len = strcspn(params->set[i], "=");
		const char *what;
		char key[64], value[4096];

		unquote(params->set[i] + len + 1, value, sizeof(value));
		snprintf(key, sizeof(key), "%.*s", (int)(len < 63 ? len : 63), params->set[i]);
		what = set_key(w, key, value);
		if (!what)
			continue;
		if (*what)
			snprintf(err, errlen, "generate.%s: '%.60s': %s", key, value, what);
		else
			snprintf(err, errlen, "generate.%s: is no parameter of the generator; see rota-sweep(5)", key);
		return -EINVAL;
	}
	if (w->nr_servers && !w->load_ppb)
		snprintf(err, errlen, "generate.load: is missing; say what part of the servers their tasks ask for");
	else if (!w->nr_servers && !w->gen.total_ppb)
		snprintf(err, errlen, "generate.utilisation: is missing; say what all tasks ask for together");
	else if (w->rule == AN_FP && !w->nr_servers)
		snprintf(err, errlen, "generate.priority: fp is the order of servers: that are given, and none are");
	else
		return 0;
	return -EINVAL;
}

/* -- task sets -------------------------------------------------------------------- */

static int draw(const struct an_gen *g, uint64_t index, struct an_task **tasks, char *err, size_t errlen)
{
	char why[200] = "there is not enough memory";
	int n = an_generate(g, index, tasks, why, sizeof(why));

	if (n < 0)
		snprintf(err, errlen, "generate: %s", why);
	return n;
}

/* Each server's tasks ask for the same part of it. */
static int fill_servers(const struct wish *w, struct an_system *sys, char *err, size_t errlen)
{
	for (int v = 0; v < w->nr_servers; v++) {
		struct an_vm *vm = &sys->vms[v];
		struct an_gen g = w->gen;
		int n;

		g.total_ppb = (int64_t)((__int128)w->load_ppb * w->budget[v] / w->period[v]);
		n = draw(&g, w->set * MOST_VMS + (uint64_t)v, &vm->tasks, err, errlen);
		if (n < 0)
			return n;
		vm->nr_tasks = n;
		vm->max_vcpus = 1;
		vm->min_period = vm->max_period = w->period[v];
		vm->given_budget = w->budget[v];
	}
	return 0;
}

/* One set, dealt out to the VMs in turn. */
static int deal_out(const struct wish *w, struct an_system *sys, char *err, size_t errlen)
{
	struct an_task *tasks;
	int n = draw(&w->gen, w->set, &tasks, err, errlen), ret = 0;

	if (n < 0)
		return n;
	for (int v = 0; v < sys->nr_vms && !ret; v++) {
		struct an_vm *vm = &sys->vms[v];

		vm->tasks = calloc((size_t)n / (size_t)sys->nr_vms + 1, sizeof(*vm->tasks));
		if (!vm->tasks)
			ret = -ENOMEM;
		for (int i = v; i < n && !ret; i += sys->nr_vms)
			vm->tasks[vm->nr_tasks++] = tasks[i];
		vm->min_period = w->min_period;
		vm->max_period = w->max_period;
		vm->max_vcpus = w->guest < AN_GUEST_GEDF ? 1 : 0;
	}
	free(tasks);
	/* A VM without tasks is no VM. */
	while (sys->nr_vms && !sys->vms[sys->nr_vms - 1].nr_tasks)
		free(sys->vms[--sys->nr_vms].tasks);
	if (ret)
		snprintf(err, errlen, "there is not enough memory");
	return ret;
}

static int make_system(const struct wish *w, struct an_system *sys, char *err, size_t errlen)
{
	int ret;

	*sys = (struct an_system){
		.host = { .cpus = w->pcpus,
			  .partitioned = w->placement == 1,
			  .rule = (enum an_rule)w->rule,
			  .switch_cost = w->switch_cost },
		.kind = (enum an_server_kind)w->kind,
		.fit = (enum an_fit)w->fit,
		.grain = w->budget_grain,
		.nr_vms = w->nr_servers ? w->nr_servers : w->vms,
	};
	sys->vms = calloc((size_t)sys->nr_vms, sizeof(*sys->vms));
	if (!sys->vms) {
		snprintf(err, errlen, "there is not enough memory");
		return -ENOMEM;
	}
	for (int v = 0; v < sys->nr_vms; v++) {
		snprintf(sys->vms[v].name, sizeof(sys->vms[v].name), "vm%d", v + 1);
		sys->vms[v].guest = w->guest;
		sys->vms[v].model = w->model;
	}
	ret = w->nr_servers ? fill_servers(w, sys, err, errlen) : deal_out(w, sys, err, errlen);
	if (!ret) {
		ret = an_synthesise(sys);
		if (ret)
			snprintf(err, errlen, "there is not enough memory");
	}
	return ret;
}

/* -- what the theory says ------------------------------------------------------------ */

static double utilisation(const struct an_vm *vm)
{
	return an_utilisation_approx(vm->tasks, vm->nr_tasks);
}

/* A VM for which no interface was found has whole vCPUs, as many as its tasks ask for. */
static int nr_vcpus(const struct an_vm *vm)
{
	int n = vm->found ? vm->nr_vcpus : (int)utilisation(vm) + 1;

	return n < 1024 ? n : 1024;
}

static double bandwidth(const struct an_vm *vm)
{
	double sum = 0;

	for (int i = 0; i < vm->nr_vcpus; i++)
		sum += (double)vm->vcpus[i].budget / (double)vm->vcpus[i].period;
	return vm->found ? sum : nr_vcpus(vm);
}

static enum an_rule guest_rule(enum an_guest guest)
{
	return guest == AN_GUEST_RM || guest == AN_GUEST_PRM ? AN_RM :
	       guest == AN_GUEST_DM || guest == AN_GUEST_PDM ? AN_DM :
	       guest == AN_GUEST_FP			     ? AN_FP :
							       AN_EDF;
}

/*
 * Tasks whose deadlines are guaranteed by their response times under servers of fixed priorities on one pCPU, which
 * are in decreasing priority (Davis and Burns).
 */
static int guaranteed(struct an_system *sys)
{
	int sum = 0;

	for (int i = 0; i < sys->nr_servers; i++) {
		struct an_vm *vm = &sys->vms[i];
		int64_t worst = an_server_response(sys->servers, i);

		if (worst == AN_NEVER || worst > sys->servers[i].period)
			continue;
		an_sort(vm->tasks, vm->nr_tasks, guest_rule(vm->guest));
		for (int k = 0; k < vm->nr_tasks; k++)
			sum += an_server_task_response(sys->servers, i, vm->tasks, k, false) <= vm->tasks[k].deadline;
	}
	return sum;
}

static json_t *verdict(const struct wish *w, struct an_system *sys)
{
	int tasks = 0, interfaces = 0, vcpus = 0, met = 0;
	double u = 0, bw = 0;
	json_t *o;

	for (int v = 0; v < sys->nr_vms; v++) {
		const struct an_vm *vm = &sys->vms[v];

		tasks += vm->nr_tasks;
		interfaces += vm->found;
		met += vm->found && (!vm->given_budget || vm->tasks_verdict.answer == AN_OK);
		vcpus += nr_vcpus(vm);
		u += utilisation(vm);
		bw += bandwidth(vm);
	}
	o = json_pack("{s:i,s:i,s:i,s:f,s:f,s:i,s:i,s:i}", "vms", sys->nr_vms, "tasks", tasks, "vcpus", vcpus,
		      "utilisation", u, "bandwidth", bw, "interfaces", interfaces, "host",
		      interfaces == sys->nr_vms && sys->verdict.v.answer == AN_OK, "schedulable",
		      met == sys->nr_vms && sys->verdict.v.answer == AN_OK);
	if (w->nr_servers && w->pcpus == 1 && w->rule == AN_FP)
		json_object_set_new(o, "guaranteed", json_real((double)guaranteed(sys) / tasks));
	return o;
}

/* -- the scenario ---------------------------------------------------------------------- */

static void put_tasks(const struct wish *w, const struct an_vm *vm, FILE *f)
{
	bool global = vm->guest == AN_GUEST_GEDF;

	fprintf(f,
		"    workload:\n      {model: tasks, scheduler: %s, placement: %s, switch: 0, hard_irq: 0, ipi: 0, tasks: [\n",
		rules[guest_rule(vm->guest)], global ? "global" : "partitioned");
	for (int i = 0; i < vm->nr_tasks; i++) {
		const struct an_task *t = &vm->tasks[i];

		fprintf(f, "        {name: t%d, cost: %" PRId64 "ns, period: %" PRId64 "ns, deadline: %" PRId64 "ns",
			i + 1, t->cost, t->period, t->deadline);
		if (w->random_phases)
			fprintf(f, ", phase: {uniform: [0, %" PRId64 "ns]}", t->period);
		if (vm->found && vm->task_vcpu && !global)
			fprintf(f, ", vcpu: %d", vm->task_vcpu[i]);
		if (vm->guest == AN_GUEST_FP)
			fprintf(f, ", priority: %d", t->priority ? t->priority : i + 1);
		fprintf(f, "},\n");
	}
	fprintf(f, "      ]}\n");
}

/*
 * Where vCPU @i of all may run. Partitioned: where the analysis placed it, if it found a place for all; else the host
 * packs them as it can. Global: a whole vCPU has a pCPU
 * of its own, as the analysis has it, and the others have the rest.
 */
static void put_cpus(const struct wish *w, const struct an_system *sys, int i, FILE *f)
{
	int whole = 0;

	for (int k = 0; k < sys->nr_servers; k++)
		whole += sys->servers[k].cpu >= 0;
	if (w->placement == 1) {
		if (whole == sys->nr_servers)
			fprintf(f, ", cpus: \"%d\"", sys->servers[i].cpu);
		return;
	}
	if (whole && whole < w->pcpus && sys->servers[i].cpu >= 0)
		fprintf(f, ", cpus: \"%d\"", sys->servers[i].cpu);
	else if (whole && whole < w->pcpus)
		fprintf(f, ", cpus: \"%d-%d\"", whole, w->pcpus - 1);
}

/* @first: the number of its first server, which is their priority when these are given. */
static void put_vm(const struct wish *w, const struct an_system *sys, const struct an_vm *vm, int first, FILE *f)
{
	int n = nr_vcpus(vm), weight = (int)(256 * bandwidth(vm) / n + 0.5);
	bool servers = !strcmp(w->sched, "rtxen") || !strcmp(w->sched, "rtds");
	int64_t whole = w->max_period ? w->max_period : 10000000;

	fprintf(f, "  - name: %s\n    vcpus: %d\n", vm->name, n);
	if (!servers)
		fprintf(f, "    weight: %d\n", weight < 1 ? 1 : weight);
	else
		fprintf(f, "    vcpu:\n");
	for (int i = 0; servers && i < n; i++) {
		const struct an_server *s = vm->found ? &sys->servers[first + i] : NULL;

		fprintf(f, "      - {id: %d, sched: {period: %" PRId64 "ns, budget: %" PRId64 "ns", i,
			s ? s->period : whole, s ? s->budget : whole);
		if (w->rule == AN_FP)
			fprintf(f, ", priority: %d", first + i + 1);
		fprintf(f, "}");
		if (s)
			put_cpus(w, sys, first + i, f);
		fprintf(f, "}\n");
	}
	put_tasks(w, vm, f);
}

static char *scenario(const struct wish *w, const struct an_system *sys)
{
	char *text = NULL;
	size_t len;
	int first = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fprintf(f, "duration: 10s\nhost: {cores: %d, costs: {context_switch: 0, ipi: 0, migration: 0, vm_exit: 0}}\n",
		w->pcpus);
	/* What theory refuses is run as well: that is what the two are compared for. */
	fprintf(f, "pools:\n  - {name: Pool-0, sched: %s%s", w->sched,
		strncmp(w->sched, "rt", 2) ? "" : ", admission: off");
	if (!strcmp(w->sched, "rtxen"))
		fprintf(f, ", params: {kind: %s, priority: %s, placement: %s, fit: %s}", kinds[w->kind], rules[w->rule],
			placements[w->placement], fits[w->fit]);
	fprintf(f, "}\ndomains:\n");
	for (int v = 0; v < sys->nr_vms; v++) {
		put_vm(w, sys, &sys->vms[v], first, f);
		first += sys->vms[v].found ? sys->vms[v].nr_vcpus : 0;
	}
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

int sweep_generate(const struct sweep_sets *params, struct sweep_generated *out, char *err, size_t errlen)
{
	struct an_system sys = { 0 };
	struct wish *w = malloc(sizeof(*w));
	int ret = w ? read_wish(params, w, err, errlen) : -ENOMEM;

	if (!ret)
		ret = make_system(w, &sys, err, errlen);
	if (!ret) {
		out->scenario = scenario(w, &sys);
		out->analysis = verdict(w, &sys);
		if (!out->scenario)
			ret = -ENOMEM;
	}
	if (ret == -ENOMEM)
		snprintf(err, errlen, "there is not enough memory");
	an_system_free(&sys);
	free(w);
	return ret;
}
