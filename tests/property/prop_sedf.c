/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: sedf under random guests and random control. Where the slices fit the pCPU, no deadline is missed,
 * whoever sleeps and wakes when, with what latency, and every vCPU that has work gets its slice in each of its periods;
 * a pCPU idles only when nobody may use it. And whatever is done to a pool (vCPUs made, destroyed, pinned, paused,
 * parameters, pCPUs and domains moved), its queues hold who belongs there and nobody is forgotten.
 *
 *	ROTA_PROP_SEED=N  begin with this seed       ROTA_PROP_RUNS=N    so many systems a property
 */
#include "tiny_host.h"

#define MAX_V 8
#define TICK (100 * USEC)

static u64 from_env(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

static bool may_run(const vcpu_t *v)
{
	return !v->pause_flags && !v->pause_count && !v->domain->pause_count;
}

static u32 count(rt_tree_t *tree)
{
	u32 n = 0;

	for (rt_node_t *i = tree->first; i; i = rt_next(i))
		n++;
	return n;
}

/* Queues against what each vCPU says; at rest, nobody who could run waits beside an idle pCPU. */
static void check(struct tiny *t, cpupool_t *pool, bool fits)
{
	u32 in[TINY_CPUS][4] = { 0 };

	for (link_t *k = pool->domains.next; k != &pool->domains; k = k->next)
		tiny_each_vcpu(v, link_of(k, domain_t, pool_link))
		{
			pcpu_t *p = v->processor;
			bool here = p->curr == v;

			in[p->id][0] += v->sedf.where == SEDF_RUN;
			in[p->id][1] += v->sedf.where == SEDF_WAIT;
			in[p->id][2] += v->sedf.in_penalty;
			in[p->id][3] += v->sedf.in_spare;
			if (!may_run(v) && !here &&
			    (v->sedf.where != SEDF_OUT || v->sedf.in_penalty || v->sedf.in_spare))
				tiny_broken(t, "d%uv%u can't run and is queued", v->domain->id, v->id);
			if (may_run(v) && !here && !v->is_running && v->sedf.slice_ns && v->sedf.where == SEDF_OUT)
				tiny_broken(t, "d%uv%u has work and a slice and is in no queue", v->domain->id, v->id);
			if (may_run(v) && !here && !v->is_running && v->rt_params.extratime && !v->sedf.in_spare)
				tiny_broken(t, "d%uv%u wants extra time and is not queued", v->domain->id, v->id);
			if (fits && v->sedf.where == SEDF_RUN && v->sedf.deadline_ns < t->cx.now)
				tiny_broken(t, "d%uv%u missed %lld, used %lld of %lld", v->domain->id, v->id,
					    (long long)v->sedf.deadline_ns, (long long)v->sedf.used_ns,
					    (long long)v->sedf.slice_ns);
		}
	for_each_cpu(c, &pool->cpus, t->h->mask_words)
	{
		pcpu_t *p = &t->h->pcpus[c];

		if (count(&p->sedf.run) != in[c][0] || count(&p->sedf.wait) != in[c][1] ||
		    count(&p->sedf.penalty) != in[c][2] || count(&p->sedf.spare) != in[c][3])
			tiny_broken(t, "pCPU %u's queues and its vCPUs differ", (u32)c);
		if (!p->resched && p->curr->is_idle && (in[c][0] || in[c][2] || in[c][3]))
			tiny_broken(t, "pCPU %u idles and somebody may have it", (u32)c);
	}
}

/* ---- guarantees ---- */

struct guest {
	vcpu_t *v;
	s64 deadline, used; /* as seen after the last step */
	bool awake;
};

struct system {
	struct tiny t;
	cpupool_t *pool;
	u32 n;
	struct guest g[MAX_V];
	u64 periods, shorts, starts;
};

static void watch(struct tiny *t)
{
	struct system *y = t->arg;

	check(t, y->pool, true);
}

/* Slices that add up to at most the pCPU, some with extra time, some with a latency. */
static void make(struct system *y, u64 seed)
{
	s64 left = 1000000; /* millionths of the pCPU */

	memset(y, 0, sizeof(*y));
	tiny_init(&y->t, 1, 1, 1);
	y->t.rng = seed;
	y->t.arg = y;
	snprintf(y->t.where, sizeof(y->t.where), "repeat it with ROTA_PROP_SEED=%llu ROTA_PROP_RUNS=1",
		 (unsigned long long)seed);
	assert_int_equal(cpupool_create(&y->t.cx, 0, SCHED_ID_sedf), 0);
	assert_int_equal(cpupool_add_cpu(&y->t.cx, 0, 0), 0);
	y->pool = &y->t.h->pools[0];
	y->n = 1 + tiny_below(&y->t, MAX_V);
	for (u32 i = 0; i < y->n; i++) {
		struct rt_params p = { .period_ns = (5 + tiny_below(&y->t, 500)) * TICK, .phase_ns = -1 };
		s64 share = i + 1 < y->n ? tiny_below(&y->t, (u32)left) : left;

		p.budget_ns = p.period_ns / 1000000 * share;
		if (p.budget_ns < SEDF_MIN_SLICE_NS)
			p.budget_ns = 0;
		p.extratime = !p.budget_ns || tiny_below(&y->t, 2);
		if (tiny_below(&y->t, 2))
			p.latency_ns = 1 + tiny_below(&y->t, (u32)p.period_ns);
		left -= p.budget_ns ? share : 0;
		left = left < 1 ? 1 : left;
		y->g[i].v = vcpu_create(&y->t.cx, domain_create(&y->t.cx, y->pool, -1), NULL, NULL);
		if (sched_adjust_vcpu(&y->t.cx, y->g[i].v, &p))
			tiny_broken(&y->t, "parameters refused");
	}
	y->t.step = watch;
	for (u32 i = 0; i < y->n; i++) {
		vcpu_up(&y->t.cx, y->g[i].v);
		y->g[i].awake = true;
	}
	tiny_settle(&y->t);
}

/* Who has had work all along gets its slice in every period: it is in run at no deadline, which watch() sees. */
static void come_or_go(struct system *y, struct guest *g)
{
	s64 now = y->t.cx.now;

	if (!g->awake) {
		y->shorts += now < g->v->sedf.deadline_ns && now >= g->v->sedf.deadline_ns - g->v->sedf.period_ns;
		y->starts += now >= g->v->sedf.deadline_ns;
		vcpu_unblock(&y->t.cx, g->v);
		g->awake = true;
	} else if (y->t.h->pcpus[0].curr == g->v) {
		vcpu_block(&y->t.cx, g->v);
		g->awake = false;
	}
	tiny_settle(&y->t);
	watch(&y->t);
}

static void test_guarantees(void **state)
{
	u64 seed = from_env("ROTA_PROP_SEED", 1), runs = from_env("ROTA_PROP_RUNS", 300), shorts = 0, starts = 0;
	struct system *y = calloc(1, sizeof(*y));

	(void)state;
	assert_non_null(y);
	for (u64 r = 0; r < runs; r++) {
		s64 before[MAX_V] = { 0 }, from;

		make(y, seed + r);
		for (u32 i = 0; i < 1500; i++) {
			tiny_run(&y->t, y->t.cx.now + 1 + tiny_below(&y->t, 12 * TICK));
			come_or_go(y, &y->g[tiny_below(&y->t, y->n)]);
		}
		/* At the end all have work: in 20 of its periods each has 18 slices or more. */
		for (u32 i = 0; i < y->n; i++)
			if (!y->g[i].awake)
				come_or_go(y, &y->g[i]);
		from = y->t.cx.now;
		for (u32 i = 0; i < y->n; i++)
			before[i] = vcpu_runstate_ns(y->g[i].v, RUNSTATE_running, from);
		for (u32 i = 0; i < y->n; i++) {
			const vcpu_t *v = y->g[i].v;
			s64 until = from + 20 * v->rt_params.period_ns, got;

			tiny_run(&y->t, until > y->t.cx.now ? until : y->t.cx.now);
			got = vcpu_runstate_ns(y->g[i].v, RUNSTATE_running, y->t.cx.now) - before[i];
			if (got < ((y->t.cx.now - from) / v->rt_params.period_ns - 2) * v->rt_params.budget_ns)
				tiny_broken(&y->t, "vCPU %u got %lld us of %lld", i, (long long)(got / USEC),
					    (long long)((y->t.cx.now - from) / USEC));
		}
		shorts += y->shorts;
		starts += y->starts;
		tiny_free(&y->t);
	}
	print_message("%llu wake-ups within a period, %llu after it\n", (unsigned long long)shorts,
		      (unsigned long long)starts);
	assert_true(runs < 100 || (shorts > 1000 && starts > 1000));
	free(y);
}

/* ---- control ---- */

static domain_t *some_domain(struct tiny *t)
{
	u32 k = tiny_below(t, TINY_DOMAINS);

	for (u32 i = 0; i < TINY_DOMAINS; i++)
		if (t->h->domains[(i + k) % TINY_DOMAINS].used)
			return &t->h->domains[(i + k) % TINY_DOMAINS];
	return NULL;
}

static void control(struct tiny *t)
{
	domain_t *d = some_domain(t);
	vcpu_t *v = d ? tiny_vcpu(d, tiny_below(t, d->nr_vcpus ? d->nr_vcpus : 1)) : NULL;
	struct cpumask m;
	struct rt_params p = { .period_ns = (1 + tiny_below(t, 300)) * TICK, .phase_ns = -1,
			       .extratime = (u8)tiny_below(t, 2) };

	if (!v || tiny_below(t, 12) == 0) {
		if (!d || tiny_below(t, 2))
			d = domain_create(&t->cx, &t->h->pools[tiny_below(t, 2)], -1);
		v = d ? vcpu_create(&t->cx, d, NULL, NULL) : NULL;
		if (v)
			vcpu_up(&t->cx, v);
		return;
	}
	switch (tiny_below(t, 12)) {
	case 0:
		while (domain_destroy(&t->cx, d) == -SCHED_EAGAIN)
			tiny_quiesce(t);
		break;
	case 1:
		vcpu_set_affinity(&t->cx, v, tiny_mask(&m, tiny_random(t) & 15), NULL);
		break;
	case 2:
		vcpu_pause(&t->cx, v);
		break;
	case 3:
		vcpu_unpause(&t->cx, v);
		break;
	case 4:
		p.budget_ns = tiny_below(t, (u32)p.period_ns);
		p.latency_ns = tiny_below(t, (u32)p.period_ns);
		sched_adjust_vcpu(&t->cx, v, &p);
		break;
	case 5:
		while (cpupool_move_domain(&t->cx, d, (s32)tiny_below(t, 2)) == -SCHED_EAGAIN)
			tiny_quiesce(t);
		if (d->pause_count && tiny_below(t, 2))
			domain_unpause(&t->cx, d);
		break;
	case 6:
		cpupool_add_cpu(&t->cx, (s32)tiny_below(t, 2), -1);
		break;
	case 7:
		cpupool_rm_cpu(&t->cx, (s32)tiny_below(t, 2), (s32)tiny_below(t, t->ncpu));
		break;
	case 8:
		sched_adjust(&t->cx, d, (s32)(1 + tiny_below(t, 1000)), -1);
		break;
	case 9:
		if (tiny_below(t, 2))
			vcpu_down(&t->cx, v);
		else
			vcpu_up(&t->cx, v);
		break;
	default:
		if (v->pause_flags & VPF_blocked)
			vcpu_unblock(&t->cx, v);
		else if (v->runstate == RUNSTATE_running)
			vcpu_block(&t->cx, v);
		break;
	}
}

static void test_control(void **state)
{
	u64 seed = from_env("ROTA_PROP_SEED", 1), runs = from_env("ROTA_PROP_RUNS", 200);

	(void)state;
	for (u64 r = 0; r < runs; r++) {
		struct tiny t;

		tiny_init(&t, 4, 1, 1);
		t.rng = seed + r;
		t.ipi_ns = tiny_below(&t, 2) ? 20000 : 0;
		t.save_ns = tiny_below(&t, 2) ? 20000 : 0;
		snprintf(t.where, sizeof(t.where), "repeat it with ROTA_PROP_SEED=%llu ROTA_PROP_RUNS=1",
			 (unsigned long long)t.rng);
		assert_int_equal(cpupool_create(&t.cx, 0, SCHED_ID_sedf), 0);
		assert_int_equal(cpupool_create(&t.cx, 1, tiny_below(&t, 2) ? SCHED_ID_sedf : SCHED_ID_rtds), 1);
		assert_int_equal(cpupool_add_cpu(&t.cx, 0, 0), 0);
		assert_int_equal(cpupool_add_cpu(&t.cx, 0, 1), 0);
		assert_int_equal(cpupool_add_cpu(&t.cx, 1, 2), 0);
		tiny_settle(&t);
		for (u32 i = 0; i < 1500; i++) {
			control(&t);
			tiny_settle(&t);
			tiny_run(&t, t.cx.now + tiny_below(&t, 4 * TICK));
			for (u32 k = 0; k < 2; k++)
				if (t.h->pools[k].sched == SCHED_ID_sedf)
					check(&t, &t.h->pools[k], false);
		}
		tiny_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guarantees),
		cmocka_unit_test(test_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
