/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: what the analysis admits holds in the scheduler. Random VMs of sporadic tasks get the least budgets that
 * src/analysis finds for them, beside VMs that only eat their budget when it hurts, and others that always want more;
 * systems that are admitted then run in the core (rtxen, global or partitioned, EDF, RM, DM, FP, each kind of server;
 * and sedf; and beside VMs that stay on their pCPU and are promised nothing, as a live host's own) from random phases,
 * with releases that are late now and then, and no task misses a deadline, and who always wants more gets its budget
 * within the deadline of each of its periods. How much of the pCPUs the admitted systems reserve, and how many of the
 * refused ones miss, is told: that is how tight the analysis is.
 *
 *	ROTA_PROP_SEED=N  begin with this seed       ROTA_PROP_RUNS=N    so many admitted systems of each kind
 */
#include "tiny_host.h"

#include "analysis/analysis.h"

#define MAX_VMS 6
#define MAX_TASKS 3
#define MAX_JOBS 4
#define TICK (100 * USEC)
#define SEDF AN_NR_SERVER_KINDS /* not a kind of the analysis: a polling one on a partition with EDF */

struct job {
	s64 left, deadline;
	u32 prio; /* of its task */
};

struct guest {
	vcpu_t *v;
	const struct an_vm *vm; /* with tasks in the order of their priority; none: an eater */
	s64 next[MAX_TASKS]; /* release */
	struct job jobs[MAX_TASKS * MAX_JOBS];
	u32 nr;
	s64 run_ns; /* charged up to here of its run time */
	s64 toggle; /* of an eater: when it comes or goes; TIME_NEVER: never, it is there always */
	s64 begin, end; /* of one that is always there: its period, and when the budget must have come */
	s64 before; /* what it had run at its begin */
	bool awake;
};

struct world {
	struct tiny t;
	struct an_system sys;
	struct an_vm vms[MAX_VMS];
	struct guest g[MAX_VMS];
	u32 kind, jobs, missed, staying;
};

static u64 from_env(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

static const u8 rt_kind_of[] = {
	[AN_DEFERRABLE] = RT_DEFERRABLE,
	[AN_PERIODIC] = RT_PERIODIC,
	[AN_POLLING] = RT_POLLING,
	[AN_SPORADIC] = RT_SPORADIC,
	[AN_WORK_CONSERVING] = RT_WORK_CONSERVING,
	[AN_CAPACITY_RECLAIMING] = RT_RECLAIMING,
	[AN_CBS] = RT_CBS,
};

/* ---- systems ---- */

static void draw_vm(struct world *w, struct an_vm *vm, u32 i, s64 per_vm)
{
	struct tiny *t = &w->t;
	s64 period = (10 + tiny_below(t, 60)) * TICK;
	bool edp = tiny_below(t, 4) == 0 && w->kind != SEDF;

	*vm = (struct an_vm){ .guest = tiny_below(t, 2) ? AN_GUEST_EDF : AN_GUEST_DM,
			      .model = edp ? AN_MODEL_EDP : AN_MODEL_PRM,
			      .max_vcpus = 1 };
	if (tiny_below(t, 3) == 0)
		period = (tiny_below(t, 2) ? 20 : 40) * TICK; /* equal ones are a case of their own */
	vm->min_period = vm->max_period = period;
	snprintf(vm->name, sizeof(vm->name), "vm%u", i);
	if (tiny_below(t, 3) == 0) {
		vm->given_budget = (s64)(1 + (s64)tiny_below(t, 1000) * per_vm / 1000 * period / 1000000);
		vm->given_budget = vm->given_budget < 20 * USEC ? 20 * USEC : vm->given_budget;
		vm->given_budget = vm->given_budget > period ? period : vm->given_budget;
		return;
	}
	vm->nr_tasks = 1 + (int)tiny_below(t, MAX_TASKS);
	vm->tasks = calloc((size_t)vm->nr_tasks, sizeof(*vm->tasks));
	assert_non_null(vm->tasks);
	for (int k = 0; k < vm->nr_tasks; k++) {
		struct an_task *a = &vm->tasks[k];

		a->period = (60 + tiny_below(t, 400)) * TICK;
		a->cost = 1000 + (s64)tiny_below(t, 1000) * per_vm / 1000 / vm->nr_tasks * a->period / 1000000;
		a->deadline = a->period - tiny_below(t, 20) * TICK;
		if (a->deadline < a->cost)
			a->deadline = a->cost;
	}
	an_sort(vm->tasks, vm->nr_tasks, AN_DM);
}

/* Who only eats stays on a pCPU: those who have tasks are promised their budgets beside it. */
static void let_stay(struct world *w)
{
	struct an_system *sys = &w->sys;

	for (int i = 0; i < sys->nr_vms; i++) {
		if (sys->vms[i].nr_tasks && !sys->vms[i].found)
			return;
		if (!sys->vms[i].nr_tasks && tiny_below(&w->t, 4)) {
			sys->servers[i].stays = true;
			if (!sys->host.partitioned)
				sys->servers[i].cpu = (int)tiny_below(&w->t, (u32)sys->host.cpus);
			w->staying++;
		}
	}
	an_host_check(&sys->host, sys->servers, sys->nr_servers, &sys->verdict);
}

/* A system and what the analysis says of it. */
static void draw(struct world *w, u32 kind)
{
	struct tiny *t = &w->t;
	struct an_system *sys = &w->sys;
	int n = 1 + (int)tiny_below(t, MAX_VMS);
	s64 load = 400000 + tiny_below(t, 1600000); /* twice what they will have in the mean, millionths of a pCPU */

	memset(sys, 0, sizeof(*sys));
	w->kind = kind;
	w->staying = 0;
	sys->host.cpus = kind == SEDF ? 1 : 1 + (int)tiny_below(t, 3);
	sys->host.rule = kind == SEDF ? AN_EDF : (enum an_rule)tiny_below(t, 4);
	sys->host.partitioned = kind == SEDF || tiny_below(t, 2);
	sys->kind = kind == SEDF ? AN_POLLING : (enum an_server_kind)kind;
	sys->fit = (enum an_fit)tiny_below(t, 3);
	sys->grain = 1000;
	sys->nr_vms = n;
	sys->vms = w->vms;
	for (int i = 0; i < n; i++)
		draw_vm(w, &w->vms[i], (u32)i, load * sys->host.cpus / n);
	if (an_synthesise(sys))
		fail_msg("no memory");
	if (kind != SEDF && tiny_below(t, 2))
		let_stay(w);
}

/* 1 admitted, 0 refused, -1 not a question. */
static int admitted(const struct world *w)
{
	for (int i = 0; i < w->sys.nr_vms; i++) {
		const struct an_vm *vm = &w->sys.vms[i];

		if (vm->nr_tasks && !vm->found)
			return -1;
		if (vm->vcpus[0].budget < RT_MIN_NS || vm->vcpus[0].budget == vm->vcpus[0].period)
			return -1;
	}
	return w->sys.verdict.v.answer == AN_OK;
}

static void free_system(struct world *w)
{
	for (int i = 0; i < w->sys.nr_vms; i++) {
		free(w->vms[i].tasks);
		free(w->vms[i].vcpus);
		free(w->vms[i].task_vcpu);
	}
	free(w->sys.servers);
}

/* ---- the run ---- */

static struct job *current(struct guest *g)
{
	struct job *best = NULL;

	for (u32 i = 0; i < g->nr; i++) {
		struct job *j = &g->jobs[i];

		if (!best || (g->vm->guest == AN_GUEST_EDF ? j->deadline < best->deadline : j->prio < best->prio))
			best = j;
	}
	return best;
}

/* Run time since the last look goes to the job that is first. */
static void charge(struct world *w, struct guest *g)
{
	s64 run = vcpu_runstate_ns(g->v, RUNSTATE_running, w->t.cx.now), ran = run - g->run_ns;
	struct job *j = current(g);

	g->run_ns = run;
	if (j)
		j->left -= ran;
	if (!j || j->left > 0)
		return;
	w->jobs++;
	w->missed += w->t.cx.now > j->deadline;
	*j = g->jobs[--g->nr];
}

static void sleep_or_wake(struct world *w, struct guest *g, bool work)
{
	if (work == g->awake)
		return;
	if (work)
		vcpu_unblock(&w->t.cx, g->v);
	else
		vcpu_block(&w->t.cx, g->v);
	g->awake = work;
}

static void release(struct world *w, struct guest *g)
{
	for (int k = 0; g->vm->nr_tasks && k < g->vm->nr_tasks; k++) {
		const struct an_task *a = &g->vm->tasks[k];

		if (g->next[k] > w->t.cx.now)
			continue;
		if (g->nr == MAX_TASKS * MAX_JOBS) {
			w->missed++; /* they pile up */
			g->nr--;
		}
		g->jobs[g->nr++] = (struct job){ a->cost, g->next[k] + a->deadline, (u32)k };
		g->next[k] += a->period;
		if (tiny_below(&w->t, 4) == 0)
			g->next[k] += tiny_below(&w->t, (u32)a->period);
	}
}

/* An eater sleeps until it is wanted, and then takes all it can get, for a while. */
static void eat(struct world *w, struct guest *g)
{
	s64 now = w->t.cx.now, period = g->vm->vcpus[0].period;
	bool can_stop = !g->awake || g->v->runstate == RUNSTATE_running;

	if (g->vm->nr_tasks || g->toggle > now || !can_stop)
		return;
	sleep_or_wake(w, g, !g->awake);
	g->toggle = now + 1 + tiny_below(&w->t, (u32)(3 * period));
	/* It hurts most to come so late in the period that the budget just fits, and the next one follows at once. */
	if (!g->awake && w->kind != SEDF && tiny_below(&w->t, 2))
		g->toggle = now + period - (now - g->begin) % period + period * tiny_below(&w->t, 2) -
			    g->vm->vcpus[0].budget;
	if (g->toggle <= now)
		g->toggle += period;
}

/* Who is always there, at the begin of its period and when the budget must have come. */
static void look(struct world *w, struct guest *g)
{
	s64 now = w->t.cx.now, run = vcpu_runstate_ns(g->v, RUNSTATE_running, now);

	if (g->toggle != TIME_NEVER)
		return;
	if (g->end == now) {
		w->jobs++;
		w->missed += run - g->before < g->vm->vcpus[0].budget;
	}
	if (now < g->begin)
		return;
	g->before = run;
	g->end = g->begin + g->vm->vcpus[0].deadline;
	g->begin += g->vm->vcpus[0].period;
}

static s64 next_event(struct world *w, s64 until)
{
	s64 at = until, now = w->t.cx.now;

	for (int i = 0; i < w->sys.nr_vms; i++) {
		struct guest *g = &w->g[i];
		struct job *j = current(g);

		for (int k = 0; k < g->vm->nr_tasks; k++)
			at = g->next[k] < at ? g->next[k] : at;
		if (!g->vm->nr_tasks && (!g->awake || g->v->runstate == RUNSTATE_running))
			at = g->toggle < at ? g->toggle : at;
		if (g->toggle == TIME_NEVER) {
			at = g->begin < at ? g->begin : at;
			at = g->end > now && g->end < at ? g->end : at;
		}
		if (j && g->v->runstate == RUNSTATE_running && now + j->left < at)
			at = now + j->left;
	}
	for (u32 c = 0; c < w->t.ncpu; c++)
		at = w->t.timer_at[c] < at ? w->t.timer_at[c] : at;
	return at > now ? at : now;
}

static void start(struct world *w)
{
	struct tiny *t = &w->t;
	u64 rng = t->rng;
	struct rt_pool_params p = { .kind = RT_DEFERRABLE,
				    .rule = (u8)w->sys.host.rule,
				    .placement = w->sys.host.partitioned ? RT_PARTITIONED : RT_GLOBAL,
				    .rush = (u8)(w->sys.host.rule == AN_EDF && tiny_below(t, 2)) };

	tiny_init(t, (u32)w->sys.host.cpus, 1, 1);
	t->rng = rng + 1;
	assert_int_equal(cpupool_create(&t->cx, 0, w->kind == SEDF ? SCHED_ID_sedf : SCHED_ID_rtxen), 0);
	for (u32 c = 0; c < t->ncpu; c++)
		assert_int_equal(cpupool_add_cpu(&t->cx, 0, (s32)c), 0);
	if (w->kind != SEDF)
		assert_int_equal(sched_adjust_global_rt(&t->cx, &t->h->pools[0], &p, RT_AT_ONCE), 0);
	tiny_settle(t);
	for (int i = 0; i < w->sys.nr_vms; i++) {
		struct guest *g = &w->g[i];
		const struct an_server *s = &w->sys.servers[i];
		struct cpumask m;
		struct rt_params q = { .period_ns = s->period,
				       .budget_ns = s->budget,
				       .deadline_ns = w->kind == SEDF ? 0 : s->deadline,
				       .phase_ns = w->kind == SEDF ? -1 : (s64)tiny_below(t, (u32)s->period),
				       .priority = (u32)s->priority,
				       .kind = w->kind == SEDF ? 0 : rt_kind_of[w->kind] };

		memset(g, 0, sizeof(*g));
		g->vm = &w->sys.vms[i];
		g->v = vcpu_create(&t->cx, domain_create(&t->cx, &t->h->pools[0], -1),
				   s->cpu >= 0 ? tiny_mask(&m, 1ULL << s->cpu) : NULL, NULL);
		if (w->kind == SEDF && tiny_below(t, 3) == 0)
			q.latency_ns = 1 + tiny_below(t, (u32)s->period);
		assert_int_equal(sched_adjust_vcpu(&t->cx, g->v, &q), 0);
		vcpu_up(&t->cx, g->v);
		g->awake = true;
		tiny_settle(t);
		for (int k = 0; k < g->vm->nr_tasks; k++)
			g->next[k] = 40 * MSEC + tiny_below(t, (u32)g->vm->tasks[k].period);
		g->toggle = tiny_below(t, (u32)(40 * MSEC));
		g->begin = q.phase_ns;
		g->end = -1;
		/* A CBS and a sporadic server have no periods to look at, and sedf's begin with its wake-ups. */
		if (!g->vm->nr_tasks && w->kind != AN_CBS && w->kind != AN_SPORADIC && w->kind != SEDF && !s->stays &&
		    tiny_below(t, 2))
			g->toggle = TIME_NEVER;
		if (g->vm->nr_tasks) {
			sleep_or_wake(w, g,
				      false); /* nothing to do until 40 ms: the servers' periods have begun by then */
			tiny_settle(t);
		}
	}
}

static void run(struct world *w, s64 until)
{
	start(w);
	w->jobs = w->missed = 0;
	while (w->t.cx.now < until && !w->missed) {
		s64 at = next_event(w, until);

		/* Who has run to here is charged before anybody is released or preempted. */
		tiny_run(&w->t, at > w->t.cx.now ? at - 1 : at);
		for (int i = 0; i < w->sys.nr_vms; i++)
			charge(w, &w->g[i]);
		w->t.cx.now = at;
		for (int i = 0; i < w->sys.nr_vms; i++) {
			struct guest *g = &w->g[i];

			charge(w, g);
			release(w, g);
			eat(w, g);
			look(w, g);
			if (g->vm->nr_tasks && (g->nr || g->v->runstate == RUNSTATE_running))
				sleep_or_wake(w, g, g->nr > 0);
		}
		tiny_run(&w->t, at);
		for (int i = 0; i < w->sys.nr_vms; i++)
			charge(w, &w->g[i]);
	}
	for (int i = 0; i < w->sys.nr_vms; i++)
		for (u32 k = 0; k < w->g[i].nr; k++)
			w->missed += w->g[i].jobs[k].deadline < w->t.cx.now;
	tiny_free(&w->t);
}

static const char *name_of(u32 kind)
{
	return kind == SEDF ? "sedf" : an_server_kind_names[kind];
}

static double reserved(const struct world *w)
{
	double sum = 0;

	for (int i = 0; i < w->sys.nr_servers; i++)
		sum += (double)w->sys.servers[i].budget / (double)w->sys.servers[i].period;
	return sum / w->sys.host.cpus;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void explain(const struct world *w, u64 seed)
{
	static const char *const rules[] = { "edf", "rm", "dm", "fp" };

	for (int i = 0; i < w->sys.nr_vms; i++) {
		const struct an_server *s = &w->sys.servers[i];

		print_message("  %s: %lld of %lld us, deadline %lld, priority %d, cpu %d, %d tasks by %s\n", s->name,
			      (long long)(s->budget / USEC), (long long)(s->period / USEC),
			      (long long)(s->deadline / USEC), s->priority, s->cpu, w->vms[i].nr_tasks,
			      an_guest_names[w->vms[i].guest]);
		for (int k = 0; k < w->vms[i].nr_tasks; k++)
			print_message("    %lld of %lld us, deadline %lld\n",
				      (long long)(w->vms[i].tasks[k].cost / USEC),
				      (long long)(w->vms[i].tasks[k].period / USEC),
				      (long long)(w->vms[i].tasks[k].deadline / USEC));
	}
	print_message(
		"%s, %s, %s, %d pCPUs, admitted by %s: a deadline is missed; ROTA_PROP_SEED=%llu ROTA_PROP_RUNS=1\n",
		name_of(w->kind), rules[w->sys.host.rule], w->sys.host.partitioned ? "partitioned" : "global",
		w->sys.host.cpus, w->sys.verdict.test, (unsigned long long)seed);
}

static void hold(u32 kind)
{
	u64 seed = from_env("ROTA_PROP_SEED", 1), runs = from_env("ROTA_PROP_RUNS", 150), done = 0, jobs = 0;
	u64 refused = 0, missed = 0, broken = 0, on[3] = { 0 }, staying = 0;
	double *load = calloc(runs + 1, sizeof(*load)), sum = 0;
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_non_null(load);
	for (u64 k = 0; done < runs; k++) {
		int yes;

		w->t.rng = (seed + k) * 1000003 + kind;
		draw(w, kind);
		yes = admitted(w);
		if (yes > 0) {
			load[done++] = reserved(w);
			sum += reserved(w);
			on[w->sys.host.cpus - 1]++;
			staying += w->staying > 0;
			run(w, 600 * MSEC);
			jobs += w->jobs;
			if (w->missed && broken++ < 3)
				explain(w, seed + k);
		} else if (!yes && refused < runs) {
			/* From the worst phases it might; from these it does or doesn't. */
			refused++;
			run(w, 600 * MSEC);
			missed += w->missed > 0;
		}
		free_system(w);
	}
	qsort(load, runs, sizeof(*load), by_value);
	print_message(
		"# %s: %llu admitted systems (on 1, 2, 3 pCPUs: %llu, %llu, %llu; some stay: %llu), %llu jobs, %llu systems with one "
		"late; reserved: mean %.2f, one in ten above %.2f; of %llu refused ones %llu miss\n",
		name_of(kind), (unsigned long long)done, (unsigned long long)on[0], (unsigned long long)on[1],
		(unsigned long long)on[2], (unsigned long long)staying, (unsigned long long)jobs,
		(unsigned long long)broken, sum / (double)runs, load[runs * 9 / 10], (unsigned long long)refused,
		(unsigned long long)missed);
	assert_int_equal(broken, 0);
	assert_true(runs < 100 || (jobs > 1000 && missed > 0 && (staying > 0 || kind == SEDF)));
	free(load);
	free(w);
}

#define HOLD(name, kind) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		hold(kind); \
	}

HOLD(deferrable, AN_DEFERRABLE)
HOLD(periodic, AN_PERIODIC)
HOLD(polling, AN_POLLING)
HOLD(sporadic, AN_SPORADIC)
HOLD(work_conserving, AN_WORK_CONSERVING)
HOLD(reclaiming, AN_CAPACITY_RECLAIMING)
HOLD(cbs, AN_CBS)
HOLD(sedf, SEDF)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deferrable), cmocka_unit_test(test_periodic),
		cmocka_unit_test(test_polling),	   cmocka_unit_test(test_sporadic),
		cmocka_unit_test(test_cbs),	   cmocka_unit_test(test_work_conserving),
		cmocka_unit_test(test_reclaiming), cmocka_unit_test(test_sedf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
