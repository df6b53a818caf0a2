// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rota analyze SCENARIO`: are the deadlines of its periodic workloads guaranteed?
 *
 * Each vCPU with a periodic workload is a VM of one task. Where its pool runs a real-time policy,
 * its reservation is checked against the task and the pool against all its reservations; a
 * reservation that is missing is computed. Where it runs another policy nothing is guaranteed: then
 * the demand is told, and the reservations that would do.
 *
 * What a scenario says of real-time policies comes in through two functions, real_time_pool() and
 * reservation_of(); nothing else here depends on it. Kinds that single vCPUs have are not looked at:
 * `admission` in the scenario judges those (src/sim/admission.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/analyze.h"
#include "cli/cli.h"
#include "sched/sched.h"
#include "sim/scenario.h"

static const enum an_server_kind kind_of[] = {
	[RT_DEFERRABLE] = AN_DEFERRABLE, [RT_PERIODIC] = AN_PERIODIC,
	[RT_POLLING] = AN_POLLING,	 [RT_SPORADIC] = AN_SPORADIC,
	[RT_RECLAIMING] = AN_CAPACITY_RECLAIMING,
	[RT_CBS] = AN_CBS,		 [RT_WORK_CONSERVING] = AN_WORK_CONSERVING,
};

static int64_t value(const struct scn_sched *s, enum scn_sched_key key, int64_t otherwise)
{
	return s->set >> key & 1 ? s->value[key] : otherwise;
}

/* Fills *sys with what the pool's policy does. False: the policy guarantees nothing. */
static bool real_time_pool(const struct scn_pool *pool, struct an_system *sys)
{
	static const enum an_rule rules[] = { [RT_EDF] = AN_EDF, [RT_RM] = AN_RM, [RT_DM] = AN_DM, [RT_FP] = AN_FP };
	static const enum an_fit fits[] = { [RT_FIRST_FIT] = AN_FIRST_FIT,
					    [RT_BEST_FIT] = AN_BEST_FIT,
					    [RT_WORST_FIT] = AN_WORST_FIT };

	if (!strcmp(pool->sched, "rtds"))
		return true; /* what sys is unless told otherwise */
	if (!strcmp(pool->sched, "sedf")) {
		/* A slice that is slept through is forfeited, as a polling server's budget is. */
		sys->host.partitioned = true;
		sys->fit = AN_WORST_FIT;
		sys->kind = AN_POLLING;
		return true;
	}
	if (strcmp(pool->sched, "rtxen"))
		return false;
	sys->host.rule = rules[value(&pool->rt, SCN_SCHED_RULE, RT_EDF)];
	sys->host.partitioned = value(&pool->rt, SCN_SCHED_PLACEMENT, RT_GLOBAL) == RT_PARTITIONED;
	sys->fit = fits[value(&pool->rt, SCN_SCHED_FIT, RT_FIRST_FIT)];
	sys->kind = kind_of[value(&pool->rt, SCN_SCHED_KIND, RT_DEFERRABLE)];
	return true;
}

/* Period, budget and deadline that the scenario gives the vCPU. False: none. */
static bool reservation_of(const struct scn_vcpu *vcpu, struct an_vm *vm)
{
	const struct scn_sched *s = &vcpu->settings->sched;

	if (!(s->set >> SCN_SCHED_BUDGET & 1) || !s->value[SCN_SCHED_BUDGET])
		return false;
	vm->given_budget = s->value[SCN_SCHED_BUDGET];
	vm->min_period = vm->max_period = value(s, SCN_SCHED_PERIOD, RT_PERIOD_DEFAULT_NS);
	vm->given_deadline = value(s, SCN_SCHED_DEADLINE, 0);
	return vm->given_budget <= vm->min_period;
}

static int nr_cpus(const struct scn_cpus *cpus)
{
	int n = 0;

	for (int i = 0; i < SCN_CPU_WORDS; i++)
		n += __builtin_popcountll(cpus->w[i]);
	return n;
}

struct origin {
	const struct scn_domain *domain;
};

struct pool_result {
	struct an_system sys;
	struct origin *origin;
	bool real_time;
	int deadlines; /* vCPUs that have some; the other VMs are only in their way */
	double demand;
};

/* The vCPUs of pool @p that have deadlines or a reservation. Returns how many, or -ENOMEM. */
static int gather(const struct scenario *s, int p, bool apply, struct pool_result *r)
{
	struct an_system *sys = &r->sys;
	struct origin *origin = r->origin;

	for (int i = 0; i < s->nr_domains; i++) {
		const struct scn_domain *d = &s->domains[i];

		for (int v = 0; v < d->nr_vcpus && d->pool == p; v++) {
			const struct scn_workload *w = &d->vcpus[v].workload;
			struct an_vm *vm = &sys->vms[sys->nr_vms];

			*vm = (struct an_vm){ .guest = AN_GUEST_EDF, .max_vcpus = 1 };
			snprintf(vm->name, sizeof(vm->name), "%.50s", d->name);
			if (w->model != SCN_PERIODIC) {
				/* No deadlines of its own, but in the way of the others. */
				if (!r->real_time || !reservation_of(&d->vcpus[v], vm))
					continue;
				origin[sys->nr_vms++].domain = d;
				continue;
			}
			vm->nr_tasks = 1;
			vm->tasks = calloc(1, sizeof(*vm->tasks));
			if (!vm->tasks)
				return -ENOMEM;
			r->deadlines++;
			origin[sys->nr_vms++].domain = d;
			snprintf(vm->tasks->name, sizeof(vm->tasks->name), "v%d", v);
			vm->tasks->cost = w->cost_ns;
			vm->tasks->period = w->period_ns;
			vm->tasks->deadline = w->deadline_ns ? w->deadline_ns : w->period_ns;
			/* With --apply they are found anew. */
			if (r->real_time && !apply)
				reservation_of(&d->vcpus[v], vm);
		}
	}
	return sys->nr_vms;
}

static int analyze_pool(const struct scenario *s, int p, bool apply, struct pool_result *r)
{
	int vcpus = 0, n;

	for (int i = 0; i < s->nr_domains; i++)
		vcpus += s->domains[i].nr_vcpus;
	*r = (struct pool_result){ 0 };
	r->sys.host = (struct an_host){ .cpus = nr_cpus(&s->pools[p].cpus),
					.rule = AN_EDF,
					.switch_cost = 2 * s->cost_switch_ns };
	r->sys.grain = 1000;
	r->sys.kind = AN_DEFERRABLE;
	r->real_time = real_time_pool(&s->pools[p], &r->sys);
	r->sys.vms = calloc((size_t)vcpus + 1, sizeof(*r->sys.vms));
	r->origin = calloc((size_t)vcpus + 1, sizeof(*r->origin));
	if (!r->sys.vms || !r->origin)
		return -ENOMEM;
	n = gather(s, p, apply, r);
	if (n <= 0)
		return n;
	for (int i = 0; i < n; i++)
		r->demand += an_utilisation_approx(r->sys.vms[i].tasks, r->sys.vms[i].nr_tasks);
	return an_synthesise(&r->sys);
}

static void free_pool(struct pool_result *r)
{
	an_system_free(&r->sys);
	free(r->origin);
}

static void print_pool(const struct scn_pool *pool, const struct pool_result *r)
{
	printf("pool %s, %s, %d pCPUs: ", pool->name, pool->sched, r->sys.host.cpus);
	if (!r->sys.nr_vms) {
		printf("no vCPU has deadlines\n\n");
		return;
	}
	printf("%d vCPUs with deadlines demand %.4f\n", r->deadlines, r->demand);
	if (!r->real_time)
		printf("%s guarantees no deadline; under global EDF with deferrable servers it would take:\n",
		       pool->sched);
	analyze_print_table(&r->sys, stdout);
	putchar('\n');
}

static json_t *pool_json(const struct scn_pool *pool, const struct pool_result *r)
{
	json_t *o = json_pack("{s:s, s:s, s:b, s:f}", "pool", pool->name, "sched", pool->sched,
			      "guaranteed_by_policy", r->real_time, "demand", r->demand);

	json_object_set_new(o, "analysis", r->sys.nr_vms ? analyze_json(&r->sys) : json_null());
	return o;
}

/* -- writing back ------------------------------------------------------------------------- */

/* One edit for each domain; all its vCPUs must want the same. */
static int add_edits(const struct pool_result *r, struct an_edit *edits, int *n, char *err,
		     size_t errlen)
{
	for (int i = 0; i < r->sys.nr_vms; i++) {
		const struct an_vm *vm = &r->sys.vms[i];
		struct an_edit e = { .line = r->origin[i].domain->line };
		int k = 0;

		if (!vm->nr_tasks)
			continue;
		if (!vm->found) {
			snprintf(err, errlen, "%s: %s", vm->name, vm->why);
			return -EINVAL;
		}
		e.period = vm->vcpus[0].period;
		e.budget = vm->vcpus[0].budget;
		while (k < *n && edits[k].line != e.line)
			k++;
		if (k < *n && (edits[k].period != e.period || edits[k].budget != e.budget)) {
			snprintf(
				err, errlen,
				"%d: the vCPUs of this domain need different budgets; set them by hand",
				e.line);
			return -EINVAL;
		}
		if (k == *n)
			edits[(*n)++] = e;
	}
	return 0;
}

/* The new text beside the old file, read as a scenario, and then in its place. */
static int replace_file(const char *path, const char *text)
{
	size_t len = strlen(path) + 16;
	char *beside = malloc(len), err[400];
	struct scenario *s = NULL;
	FILE *f;
	bool ok;

	if (!beside)
		return CLI_FAILED;
	snprintf(beside, len, "%s.new", path);
	f = fopen(beside, "wx");
	ok = f && fputs(text, f) >= 0;
	if (f)
		ok &= !fclose(f);
	if (!ok) {
		fprintf(stderr, "rota: %s: can't be written: %s\n", beside, strerror(errno));
	} else {
		s = scenario_load(beside, NULL, 0, err, sizeof(err));
		if (!s)
			fprintf(stderr, "rota: %s: with the budgets in it this is refused: %s\n",
				path, err);
		ok = s && !rename(beside, path);
		if (s && !ok)
			fprintf(stderr, "rota: %s: can't be replaced: %s\n", path, strerror(errno));
	}
	if (f && !ok)
		unlink(beside);
	scenario_free(s);
	free(beside);
	return ok ? CLI_DONE : CLI_FAILED;
}

static int apply(const struct scenario *s, const struct pool_result *results,
		 const struct analyze_options *o)
{
	struct an_edit *edits = calloc((size_t)s->nr_domains + 1, sizeof(*edits));
	char err[400] = "", *text = NULL;
	int n = 0, ret = edits ? 0 : -ENOMEM;

	for (int p = 0; p < s->nr_pools && !ret; p++) {
		if (!results[p].sys.nr_vms)
			continue;
		if (!results[p].real_time) {
			snprintf(
				err, sizeof(err),
				"%d: pool %s runs %s, which guarantees nothing; --apply needs a real-time policy",
				s->pools[p].line, s->pools[p].name, s->pools[p].sched);
			ret = -EINVAL;
		} else {
			ret = add_edits(&results[p], edits, &n, err, sizeof(err));
		}
	}
	if (!ret && !strcmp(o->file, "-")) {
		snprintf(err, sizeof(err), "0: standard input can't be written back to");
		ret = -EINVAL;
	}
	if (!ret)
		text = an_apply(s->text, edits, n, err, sizeof(err));
	free(edits);
	if (!text) {
		fprintf(stderr, "rota: %s:%s\n", o->file, *err ? err : "0: no memory");
		return CLI_FAILED;
	}
	ret = replace_file(o->file, text);
	if (!ret)
		fprintf(stderr, "rota: %s: budgets of %d domains written\n", o->file, n);
	free(text);
	return ret;
}

int analyze_scenario(const struct analyze_options *o)
{
	char err[400], why[400] = "";
	struct scenario *s = scenario_load(o->file, NULL, 0, err, sizeof(err));
	struct pool_result *r;
	json_t *list = json_array();
	enum an_answer worst = AN_OK, a;
	int ret = CLI_DONE;

	if (!s) {
		json_decref(list);
		fprintf(stderr, "rota: %s\n", err);
		return CLI_USAGE;
	}
	r = calloc((size_t)s->nr_pools, sizeof(*r));
	for (int p = 0; p < s->nr_pools && r && !ret; p++) {
		if (analyze_pool(s, p, o->apply, &r[p]))
			ret = CLI_FAILED;
		else if (o->json)
			json_array_append_new(list, pool_json(&s->pools[p], &r[p]));
		else
			print_pool(&s->pools[p], &r[p]);
		if (ret || !r[p].sys.nr_vms)
			continue;
		a = r[p].real_time ? analyze_conclude(&r[p].sys, why, sizeof(why)) : AN_NOT;
		if (!r[p].real_time)
			snprintf(why, sizeof(why), "pool %s: %s guarantees no deadline",
				 s->pools[p].name, s->pools[p].sched);
		if (a != AN_OK && worst == AN_OK) {
			worst = a;
			snprintf(err, sizeof(err), "%s", why);
		}
	}
	if (!r || ret)
		fprintf(stderr, "rota: analyze: there is not enough memory\n");
	if (o->json && !ret)
		ret = analyze_dump_json(json_pack("{s:s, s:o}", "scenario", s->name, "pools",
						  json_incref(list)));
	if (!ret && o->apply)
		ret = apply(s, r, o);
	else if (!ret && worst != AN_OK) {
		fprintf(stderr, "rota: analyze: %s\n", err);
		ret = CLI_FAILED;
	}
	json_decref(list);
	for (int p = 0; p < s->nr_pools && r; p++)
		free_pool(&r[p]);
	free(r);
	scenario_free(s);
	return ret;
}
