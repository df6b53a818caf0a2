// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interfaces: which servers a VM needs for its tasks, and whether the pCPUs can hold those of all
 * VMs.
 *
 * For each candidate period the smallest budget is computed exactly; each period also costs
 * switching, so that short periods are not always best. The period with the least bandwidth wins.
 * Candidates are whole fractions of the shortest deadline: a period that divides it leaves the
 * least unused at its end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/number.h"

#define MOST_CANDIDATES 24

const char *const an_guest_names[] = { "edf", "rm", "dm", "fp", "gedf", "pedf", "prm", "pdm" };
const char *const an_model_names[] = { "auto", "prm", "edp", "mpr", "dmpr" };

/* One vCPU's part of an interface. */
struct part {
	int64_t budget, deadline;
	bool exact;
};

struct plan {
	int64_t period;
	int n;
	struct part *parts; /* room for nr_tasks + max cpus */
	int *task_vcpu;
	struct an_supply supply;
	bool exact;
	an_wide best; /* bandwidth of the best plan so far, 2^-AN_RATE_BITS; 0 = none */
};

static enum an_rule rule_of(enum an_guest guest)
{
	switch (guest) {
	case AN_GUEST_RM:
	case AN_GUEST_PRM:
		return AN_RM;
	case AN_GUEST_DM:
	case AN_GUEST_PDM:
		return AN_DM;
	case AN_GUEST_FP:
		return AN_FP;
	default:
		return AN_EDF;
	}
}

static bool is_partitioned(enum an_guest guest)
{
	return guest == AN_GUEST_PEDF || guest == AN_GUEST_PRM || guest == AN_GUEST_PDM;
}

static int most_vcpus(const struct an_vm *vm)
{
	int most = vm->nr_tasks * 2 + 1;

	return vm->max_vcpus && vm->max_vcpus < most ? vm->max_vcpus : most;
}

static enum an_answer one_part(const struct an_system *sys, enum an_rule rule, bool edp,
			       const struct an_task *tasks, int n, struct plan *p)
{
	struct an_supply s = { sys->kind == AN_POLLING ? AN_POLLED : AN_PRM, p->period, 0, 0, 1 };
	struct part *part = &p->parts[p->n];
	/* A polling server drops its budget when it has no work: a deadline for it promises little. */
	bool polled = sys->kind == AN_POLLING;
	int64_t most = p->period;
	struct an_budget b;

	part->deadline = p->period;
	part->exact = true;
	if (edp && !polled) {
		if (an_min_edp(tasks, n, rule, p->period, &s) != AN_OK)
			return AN_NOT;
		part->budget = s.budget;
		part->deadline = s.deadline;
	} else {
		/* more than this would be worse than what there is already */
		if (p->best)
			most = (int64_t)an_wmin(most, ((p->best * p->period) >> AN_RATE_BITS) + 1 -
							      (p->best >> AN_RATE_BITS ?
								       0 :
								       sys->host.switch_cost));
		if (most < 1)
			return AN_NOT;
		if (an_min_budget_below(tasks, n, rule, &s, most, &b) != AN_OK)
			return b.answer;
		s.budget = part->budget = b.budget;
		part->exact = b.exact;
	}
	if (!p->n)
		p->supply = s;
	p->exact &= part->exact;
	p->n++;
	return AN_OK;
}

/* Tasks to vCPUs once and for all, best fit by decreasing load, each vCPU at most a CPU. */
static int pack(const struct an_vm *vm, int *task_vcpu, struct an_task *spare)
{
	int *order = calloc((size_t)vm->nr_tasks, sizeof(int)), bins = 0;
	double *load = calloc((size_t)vm->nr_tasks, sizeof(double));
	static const struct an_supply whole = { AN_DEDICATED, 0, 0, 0, 1 };

	if (!order || !load) {
		free(order);
		free(load);
		return -ENOMEM;
	}
	for (int i = 0; i < vm->nr_tasks; i++) {
		int j = i;

		for (; j > 0; j--) {
			const struct an_task *a = &vm->tasks[order[j - 1]], *b = &vm->tasks[i];

			if ((an_wide)a->cost * b->period >= (an_wide)b->cost * a->period)
				break;
			order[j] = order[j - 1];
		}
		order[j] = i;
		task_vcpu[i] = -1;
	}
	for (int k = 0; k < vm->nr_tasks && bins >= 0; k++) {
		int i = order[k], best = -1;

		for (int b = 0; b <= bins && b < vm->nr_tasks; b++) {
			int n = 0;
			enum an_rule rule = rule_of(vm->guest);

			if (b == bins && best >= 0)
				break;
			if (best >= 0 && load[b] <= load[best])
				continue;
			for (int x = 0; x < vm->nr_tasks; x++)
				if (task_vcpu[x] == b || x == i)
					spare[n++] = vm->tasks[x];
			an_sort(spare, n, rule);
			if ((rule == AN_EDF ? an_edf_check(spare, n, &whole, NULL) :
					      an_fp_check(spare, n, &whole, NULL)) == AN_OK)
				best = b;
		}
		if (best < 0) {
			bins = -ENOSPC;
			break;
		}
		task_vcpu[i] = best;
		load[best] += (double)vm->tasks[i].cost / (double)vm->tasks[i].period;
		bins = best == bins ? bins + 1 : bins;
	}
	free(order);
	free(load);
	return bins;
}

static enum an_answer plan_partitioned(const struct an_system *sys, const struct an_vm *vm,
				       struct plan *p, struct an_task *spare, int bins)
{
	for (int b = 0; b < bins; b++) {
		enum an_answer a;
		int n = 0;

		for (int i = 0; i < vm->nr_tasks; i++)
			if (p->task_vcpu[i] == b)
				spare[n++] = vm->tasks[i];
		an_sort(spare, n, rule_of(vm->guest));
		a = one_part(sys, rule_of(vm->guest), vm->model == AN_MODEL_EDP, spare, n, p);
		if (a != AN_OK)
			return a;
	}
	return AN_OK;
}

static enum an_answer plan_global(const struct an_vm *vm, struct plan *p)
{
	struct an_supply s;
	enum an_answer a =
		vm->model == AN_MODEL_MPR ?
			an_min_mpr(vm->tasks, vm->nr_tasks, p->period, most_vcpus(vm), &s) :
			an_min_dmpr(vm->tasks, vm->nr_tasks, p->period, most_vcpus(vm), &s);

	if (a != AN_OK)
		return a;
	p->supply = s;
	p->n = an_supply_width(&s);
	for (int i = 0; i < p->n; i++) {
		p->parts[i] = (struct part){ .deadline = p->period, .exact = true };
		if (vm->model == AN_MODEL_MPR) /* even shares, the rest one each to the first */
			p->parts[i].budget = an_max(1, s.budget / s.cpus + (i < s.budget % s.cpus));
		else
			p->parts[i].budget = i < s.cpus ? p->period : s.budget;
	}
	return AN_OK;
}

/*
 * The budget a server gets: with switching, in whole grains. What doesn't fit into the period is a
 * whole CPU, which is not switched.
 */
static int64_t dressed(const struct an_system *sys, int64_t budget, int64_t period)
{
	an_wide b = budget;

	if (budget < period)
		b += sys->host.switch_cost;
	b = an_ceil(b, sys->grain) * sys->grain;
	return (int64_t)an_wmin(b, period);
}

static int candidates(const struct an_system *sys, const struct an_vm *vm, int64_t base,
		      int64_t *out)
{
	int64_t shortest = AN_NEVER, lo = vm->min_period, hi = vm->max_period;
	int n = 0;

	for (int i = 0; i < vm->nr_tasks; i++)
		shortest = an_min(shortest, an_max(1, vm->tasks[i].deadline - vm->tasks[i].jitter));
	if (lo && lo == hi) {
		out[n++] = lo;
		return n;
	}
	hi = hi ? hi : shortest;
	lo = lo ? lo : an_max(1, an_max(shortest / MOST_CANDIDATES, 4 * sys->host.switch_cost));
	if (sys->harmonic) {
		for (int64_t p = base; p <= hi && n < MOST_CANDIDATES; p *= 2)
			if (p >= lo)
				out[n++] = p;
	} else {
		int64_t top = an_min(hi, an_max(shortest, lo));

		for (int64_t k = 1; n < MOST_CANDIDATES; k++) {
			int64_t p = top / k;

			if (p > sys->grain)
				p -= p % sys->grain;
			if (p < lo || p < 1)
				break;
			if (!n || out[n - 1] != p)
				out[n++] = p;
		}
	}
	if (!n)
		out[n++] = an_min(an_max(lo, 1), AN_MAX_TIME);
	return n;
}

static enum an_answer make_plan(const struct an_system *sys, const struct an_vm *vm, struct plan *p,
				struct an_task *spare, int bins)
{
	p->n = 0;
	p->exact = true;
	if (is_partitioned(vm->guest))
		return plan_partitioned(sys, vm, p, spare, bins);
	if (vm->guest == AN_GUEST_GEDF)
		return plan_global(vm, p);
	memcpy(spare, vm->tasks, (size_t)vm->nr_tasks * sizeof(*spare));
	an_sort(spare, vm->nr_tasks, rule_of(vm->guest));
	return one_part(sys, rule_of(vm->guest), vm->model == AN_MODEL_EDP, spare, vm->nr_tasks, p);
}

/* Keeps the plan as the VM's result. */
static int accept(const struct an_system *sys, struct an_vm *vm, const struct plan *p)
{
	struct an_server *vcpus = calloc((size_t)p->n, sizeof(*vcpus));

	if (!vcpus)
		return -ENOMEM;
	free(vm->vcpus);
	vm->vcpus = vcpus;
	vm->nr_vcpus = p->n;
	vm->found = true;
	vm->supply = p->supply;
	vm->exact = p->exact;
	for (int i = 0; i < p->n; i++) {
		struct an_server *s = &vcpus[i];

		snprintf(s->name, sizeof(s->name), "%.50s.v%d", vm->name, i);
		s->period = p->period;
		s->budget = dressed(sys, p->parts[i].budget, p->period);
		s->deadline = an_max(s->budget, p->parts[i].deadline);
		s->kind = sys->kind;
		s->cpu = -1;
	}
	return 0;
}

static an_wide bandwidth(const struct an_system *sys, const struct plan *p)
{
	an_wide sum = 0;

	for (int i = 0; i < p->n; i++)
		sum += ((an_wide)dressed(sys, p->parts[i].budget, p->period) << AN_RATE_BITS) /
		       p->period;
	return sum;
}

static void explain(struct an_vm *vm, enum an_answer a, int bins)
{
	if (bins == -ENOSPC)
		snprintf(vm->why, sizeof(vm->why),
			 "a task meets its deadline on no vCPU, even alone");
	else if (bins > 0 && bins > most_vcpus(vm))
		snprintf(vm->why, sizeof(vm->why), "its tasks need %d vCPUs; it may have %d", bins,
			 most_vcpus(vm));
	else if (!is_partitioned(vm->guest) && vm->guest != AN_GUEST_GEDF &&
		 an_utilisation_cmp(vm->tasks, vm->nr_tasks, 1) > 0)
		snprintf(
			vm->why, sizeof(vm->why),
			"its utilisation is %.4f; one vCPU can't hold it, a guest of kind gedf or p%s could",
			an_utilisation_approx(vm->tasks, vm->nr_tasks),
			an_guest_names[vm->guest == AN_GUEST_FP ? AN_GUEST_DM : vm->guest]);
	else
		snprintf(vm->why, sizeof(vm->why), "%s",
			 a == AN_UNDECIDED ?
				 "no budget could be proven enough; try a shorter period" :
				 "no budget schedules its tasks in this range of periods");
}

/* Are the tasks of this VM schedulable in the servers that are given? */
static enum an_answer check_given(const struct an_system *sys, struct an_vm *vm, struct plan *p,
				  struct an_task *spare, int bins)
{
	/* What switching costs is spent from it. */
	int64_t cost = vm->given_budget < p->period ? sys->host.switch_cost : 0;
	struct an_server one = { .budget = an_max(1, vm->given_budget - cost),
				 .period = p->period,
				 .deadline = vm->given_deadline,
				 .kind = sys->kind };
	struct an_supply s = an_server_supply(&one);
	enum an_rule rule = rule_of(vm->guest);
	enum an_answer a = AN_OK;

	vm->supply = s;
	if (vm->guest == AN_GUEST_GEDF) {
		s = (struct an_supply){ AN_MPR, p->period, one.budget * p->n, 0, p->n };
		if (one.budget == p->period)
			s = (struct an_supply){ AN_DEDICATED, 0, 0, 0, p->n };
		vm->supply = s;
		return an_gedf_supply_check(vm->tasks, vm->nr_tasks, &s, &vm->tasks_verdict);
	}
	for (int b = 0; b < (is_partitioned(vm->guest) ? bins : 1) && a == AN_OK; b++) {
		int n = 0;

		for (int i = 0; i < vm->nr_tasks; i++)
			if (!is_partitioned(vm->guest) || p->task_vcpu[i] == b)
				spare[n++] = vm->tasks[i];
		an_sort(spare, n, rule);
		a = rule == AN_EDF ? an_edf_check(spare, n, &s, &vm->tasks_verdict) :
				     an_fp_check(spare, n, &s, &vm->tasks_verdict);
		/* the task's place in the file, not in the order of priority */
		for (int i = 0; vm->tasks_verdict.index >= 0 && i < vm->nr_tasks; i++)
			if (!memcmp(&vm->tasks[i], &spare[vm->tasks_verdict.index],
				    sizeof(*spare))) {
				vm->tasks_verdict.index = i;
				break;
			}
	}
	return a;
}

static int take_given(const struct an_system *sys, struct an_vm *vm)
{
	struct an_system bare = *sys;
	int n = vm->max_vcpus ? vm->max_vcpus : 1, bins = 0, ret;
	struct plan p = { .period = vm->min_period,
			  .n = n,
			  .exact = false,
			  .parts = calloc((size_t)n, sizeof(*p.parts)),
			  .task_vcpu = calloc((size_t)vm->nr_tasks + 1, sizeof(int)) };
	struct an_task *spare = calloc((size_t)vm->nr_tasks + 1, sizeof(*spare));

	bare.host.switch_cost = 0;
	bare.grain = 1;
	if (!vm->given_deadline)
		vm->given_deadline = vm->min_period;
	ret = p.parts && p.task_vcpu && spare ? 0 : -ENOMEM;
	for (int i = 0; i < n && !ret; i++)
		p.parts[i] = (struct part){ vm->given_budget, vm->given_deadline, true };
	if (!ret && is_partitioned(vm->guest) && vm->nr_tasks)
		bins = pack(vm, p.task_vcpu, spare);
	vm->tasks_verdict = (struct an_verdict){ .answer = AN_OK, .index = -1 };
	if (bins < 0 || bins > n)
		vm->tasks_verdict.answer = AN_NOT;
	else if (!ret && vm->nr_tasks)
		vm->tasks_verdict.answer = check_given(sys, vm, &p, spare, bins);
	else if (!ret)
		vm->supply = (struct an_supply){ AN_PRM, p.period, vm->given_budget, 0, 1 };
	if (!ret) {
		p.supply = vm->supply;
		ret = accept(&bare, vm, &p);
	}
	if (!ret && is_partitioned(vm->guest) && bins >= 0) {
		vm->task_vcpu = p.task_vcpu;
		p.task_vcpu = NULL;
	}
	free(p.parts);
	free(p.task_vcpu);
	free(spare);
	return ret;
}

static int synthesise_vm(const struct an_system *sys, struct an_vm *vm, int64_t base)
{
	size_t room = (size_t)vm->nr_tasks * 2 + 2;
	struct an_task *spare = calloc((size_t)vm->nr_tasks, sizeof(*spare));
	struct plan p = { .parts = calloc(room, sizeof(*p.parts)),
			  .task_vcpu = calloc((size_t)vm->nr_tasks, sizeof(int)) };
	int64_t periods[MOST_CANDIDATES + 1];
	enum an_answer a = AN_NOT;
	an_wide best = 0, now;
	int ret = spare && p.parts && p.task_vcpu ? 0 : -ENOMEM, bins = 0, n;

	if (!ret && is_partitioned(vm->guest))
		bins = pack(vm, p.task_vcpu, spare);
	if (bins == -ENOMEM)
		ret = bins;
	n = candidates(sys, vm, base, periods);
	for (int i = 0; !ret && bins >= 0 && bins <= most_vcpus(vm) && i < n; i++) {
		p.period = periods[i];
		a = make_plan(sys, vm, &p, spare, bins);
		if (a != AN_OK)
			continue;
		now = bandwidth(sys, &p);
		if (!vm->found || now < best) {
			best = p.best = now;
			ret = accept(sys, vm, &p);
		}
	}
	if (!vm->found)
		explain(vm, a, bins);
	if (vm->found && is_partitioned(vm->guest)) {
		vm->task_vcpu = p.task_vcpu;
		p.task_vcpu = NULL;
	}
	free(spare);
	free(p.parts);
	free(p.task_vcpu);
	return ret;
}

/* A base for harmonic periods: an eighth of the shortest deadline of all. */
static int64_t harmonic_base(const struct an_system *sys)
{
	int64_t shortest = AN_MAX_TIME, base;

	for (int v = 0; v < sys->nr_vms; v++)
		for (int i = 0; i < sys->vms[v].nr_tasks; i++)
			shortest = an_min(shortest, sys->vms[v].tasks[i].deadline);
	base = an_max(1, shortest / 8);
	return base > sys->grain ? base - base % sys->grain : base;
}

static int gather(struct an_system *sys)
{
	int n = 0, whole = 0;

	for (int v = 0; v < sys->nr_vms; v++)
		n += sys->vms[v].nr_vcpus;
	free(sys->servers);
	sys->servers = calloc((size_t)n + 1, sizeof(*sys->servers));
	if (!sys->servers)
		return -ENOMEM;
	sys->nr_servers = 0;
	for (int v = 0; v < sys->nr_vms; v++)
		for (int i = 0; i < sys->vms[v].nr_vcpus; i++) {
			struct an_server *s = &sys->vms[v].vcpus[i];

			/* Under a global scheduler a whole vCPU gets a pCPU of its own. */
			if (!sys->host.partitioned && s->budget == s->period)
				s->cpu = whole++;
			s->priority = sys->nr_servers + 1;
			sys->servers[sys->nr_servers++] = *s;
		}
	return 0;
}

/*
 * Why a server fits nowhere: what the check says of the pCPU with the least load, were it there
 * too.
 */
static int explain_misfit(struct an_system *sys, const struct an_host *host, int failed)
{
	struct an_server *there = calloc((size_t)sys->nr_servers, sizeof(*there));
	an_wide least = -1;
	int best = 0, n = 0;

	if (!there)
		return -ENOMEM;
	for (int c = 0; c < host->cpus && least; c++) {
		an_wide load = 0;

		for (int i = 0; i < sys->nr_servers; i++)
			if (sys->servers[i].cpu == c)
				load += ((an_wide)sys->servers[i].budget << AN_RATE_BITS) /
					sys->servers[i].period;
		if (least < 0 || load < least) {
			least = load;
			best = c;
		}
	}
	sys->servers[failed].cpu = best;
	for (int i = 0; i < sys->nr_servers; i++)
		if (sys->servers[i].cpu == best)
			there[n++] = sys->servers[i];
	sys->servers[failed].cpu = -1;
	an_host_check(host, there, n, &sys->verdict);
	/* Who did not fit is the one to name, whoever's deadline is missed first. */
	sys->verdict.v.index = failed;
	sys->verdict.test = "fits on no pCPU beside the others";
	free(there);
	return 0;
}

int an_synthesise(struct an_system *sys)
{
	struct an_host free_switch = sys->host;
	int64_t base = harmonic_base(sys);
	int ret = 0, failed, n = 0;

	free_switch.switch_cost = 0; /* it is in the budgets */
	for (int v = 0; v < sys->nr_vms && !ret; v++)
		ret = sys->vms[v].given_budget ? take_given(sys, &sys->vms[v]) :
						 synthesise_vm(sys, &sys->vms[v], base);
	if (!ret)
		ret = gather(sys);
	if (ret || !sys->nr_servers || !sys->host.cpus)
		return ret;
	if (sys->host.partitioned) {
		ret = an_host_place(&free_switch, sys->servers, sys->nr_servers, sys->fit, &failed);
		if (ret == -ENOSPC)
			return explain_misfit(sys, &free_switch, failed);
		for (int v = 0; v < sys->nr_vms; v++)
			for (int i = 0; i < sys->vms[v].nr_vcpus; i++)
				sys->vms[v].vcpus[i].cpu = sys->servers[n++].cpu;
	}
	if (!ret)
		an_host_check(&free_switch, sys->servers, sys->nr_servers, &sys->verdict);
	return ret;
}

void an_system_free(struct an_system *sys)
{
	for (int v = 0; v < sys->nr_vms; v++) {
		free(sys->vms[v].tasks);
		free(sys->vms[v].vcpus);
		free(sys->vms[v].task_vcpu);
	}
	free(sys->vms);
	free(sys->servers);
	*sys = (struct an_system){ 0 };
}
