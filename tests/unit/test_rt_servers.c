/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the golden traces of RT-Xen's servers, exact: each kind alone at the top, the three variants of the
 * periodic server beside others, the sporadic server's ring after each step, the vectors in which POSIX's sporadic
 * server goes wrong, what went wrong in other systems, CBS, and what a switch of kind carries over. Unit of time: 1 ms.
 *
 * The core itself is part of this program, so that its ring can be asked directly. Each trace is run twice: with what
 * happens at an instant told before the timers of that instant, and after.
 */
#include "../property/tiny_host.h"

#include "sched/sched.c"

#define U MSEC
#define MAX_JOBS 8
#define SERVERS 4

struct job {
	s64 at, cost;
};

struct guest_of {
	struct job jobs[MAX_JOBS];
	u32 nr, next; /* jobs that have arrived */
	u32 done;
	s64 left; /* work that has arrived */
	s64 run;
	s64 finished[MAX_JOBS];
	vcpu_t *v;
};

struct lab {
	struct tiny t;
	struct guest_of g[SERVERS];
	u32 nr;
	bool timers_first;
	/* Called after each tick; may be NULL. */
	void (*tick)(struct lab *l, s64 now);
};

static void lab_init(struct lab *l, u32 rule, bool timers_first)
{
	struct rt_pool_params p = { .kind = RT_DEFERRABLE, .rule = (u8)rule };

	memset(l, 0, sizeof(*l));
	tiny_init(&l->t, 1, 1, 1);
	assert_int_equal(cpupool_create(&l->t.cx, 0, SCHED_ID_rtxen), 0);
	assert_int_equal(cpupool_add_cpu(&l->t.cx, 0, 0), 0);
	assert_int_equal(sched_adjust_global_rt(&l->t.cx, &l->t.h->pools[0], &p, RT_AT_ONCE), 0);
	tiny_settle(&l->t);
	l->timers_first = timers_first;
}

static struct guest_of *lab_server(struct lab *l, u32 kind, s64 budget, s64 period)
{
	struct guest_of *g = &l->g[l->nr++];
	domain_t *d = domain_create(&l->t.cx, &l->t.h->pools[0], -1);
	struct rt_params p = {
		.period_ns = period * U, .budget_ns = budget * U, .phase_ns = -1, .priority = l->nr, .kind = (u8)kind
	};

	g->v = vcpu_create(&l->t.cx, d, NULL, NULL);
	assert_int_equal(sched_adjust_vcpu(&l->t.cx, g->v, &p), 0);
	return g;
}

static void lab_job(struct guest_of *g, s64 at, s64 cost)
{
	g->jobs[g->nr++] = (struct job){ at, cost };
}

/* All servers come up, and those without work at 0 block. */
static void lab_up(struct lab *l)
{
	for (u32 i = 0; i < l->nr; i++)
		vcpu_up(&l->t.cx, l->g[i].v);
	tiny_settle(&l->t);
	for (u32 i = 0; i < l->nr; i++)
		if (!l->g[i].nr || l->g[i].jobs[0].at)
			vcpu_block(&l->t.cx, l->g[i].v);
}

static void events_at(struct lab *l, s64 now)
{
	for (u32 i = 0; i < l->nr; i++) {
		struct guest_of *g = &l->g[i];
		bool had = g->left > 0;

		while (g->next < g->nr && g->jobs[g->next].at == now)
			g->left += g->jobs[g->next++].cost;
		if (!had && g->left && g->v->pause_flags & VPF_blocked) {
			vcpu_unblock(&l->t.cx, g->v);
			tiny_effects(&l->t);
		}
		if (!g->left && !(g->v->pause_flags & VPF_blocked)) {
			vcpu_block(&l->t.cx, g->v);
			tiny_effects(&l->t);
		}
	}
}

static void lab_run(struct lab *l, s64 from, s64 until)
{
	for (s64 now = from; now < until; now++) {
		vcpu_t *curr;

		l->t.cx.now = now * U;
		if (l->timers_first)
			tiny_run(&l->t, now * U);
		events_at(l, now);
		tiny_run(&l->t, now * U);
		if (l->tick)
			l->tick(l, now);
		curr = l->t.h->pcpus[0].curr;
		/* Nothing may happen between: all is in whole ticks. */
		tiny_run(&l->t, (now + 1) * U - 1);
		assert_ptr_equal(curr, l->t.h->pcpus[0].curr);
		for (u32 i = 0; i < l->nr; i++) {
			struct guest_of *g = &l->g[i];
			s64 sum = 0;

			if (g->v != curr)
				continue;
			assert_true(g->left > 0);
			g->left--;
			g->run++;
			for (u32 k = 0; k <= g->done; k++)
				sum += g->jobs[k].cost;
			if (g->run == sum)
				g->finished[g->done++] = now + 1;
		}
	}
}

static void lab_free(struct lab *l)
{
	tiny_free(&l->t);
}

/* ---- one server alone; facts 1.4 ---- */

static const struct job scenario[3][4] = {
	{ { 2, 2 }, { 8, 1 }, { 12, 2 }, { 19, 1 } },
	{ { 3, 4 } },
	{ { 1, 1 }, { 6, 1 }, { 11, 3 } },
};
static const u32 jobs_of[3] = { 4, 1, 3 };

static const struct {
	u32 kind;
	s64 done[3][4];
} golden[] = {
	{ RT_DEFERRABLE, { { 4, 9, 14, 20 }, { 7 }, { 2, 7, 16 } } },
	{ RT_PERIODIC, { { 7, 11, 17, 21 }, { 12 }, { 2, 7, 17 } } },
	{ RT_POLLING, { { 7, 11, 17, 21 }, { 12 }, { 6, 7, 21 } } },
	{ RT_SPORADIC, { { 4, 9, 14, 20 }, { 10 }, { 2, 7, 17 } } },
	/* Alone, the two variants have nobody to lend to. */
	{ RT_WORK_CONSERVING, { { 7, 11, 17, 21 }, { 12 }, { 2, 7, 17 } } },
	{ RT_RECLAIMING, { { 7, 11, 17, 21 }, { 12 }, { 2, 7, 17 } } },
};

static void test_completions(void **state)
{
	(void)state;
	for (u32 k = 0; k < sizeof(golden) / sizeof(golden[0]); k++)
		for (u32 s = 0; s < 3; s++)
			for (u32 first = 0; first < 2; first++) {
				struct lab l;
				struct guest_of *g;

				lab_init(&l, RT_FP, first);
				g = lab_server(&l, golden[k].kind, 2, 5);
				for (u32 i = 0; i < jobs_of[s]; i++)
					lab_job(g, scenario[s][i].at, scenario[s][i].cost);
				lab_up(&l);
				lab_run(&l, 0, 30);
				assert_int_equal(g->done, jobs_of[s]);
				for (u32 i = 0; i < g->done; i++)
					if (g->finished[i] != golden[k].done[s][i])
						fail_msg(
							"kind %u, scenario %u, job %u: done at %lld, golden %lld (timers %s)",
							golden[k].kind, s, i, (long long)g->finished[i],
							(long long)golden[k].done[s][i], first ? "first" : "last");
				lab_free(&l);
			}
}

static void check_ring(vcpu_t *v, s64 now, const struct rt_refill *want)
{
	u32 n = 0;

	while (want[n].amount_ns)
		n++;
	if (v->rt.nr != n)
		fail_msg("at %lld: %u refills, golden %u", (long long)now, v->rt.nr, n);
	for (u32 i = 0; i < n; i++) {
		assert_int_equal(ring_at(v, i)->amount_ns, want[i].amount_ns * U);
		assert_int_equal(ring_at(v, i)->at_ns, want[i].at_ns * U);
	}
}

/* The ring of the first scenario, after each tick of interest. */
static void ring_tick(struct lab *l, s64 now)
{
	static const struct {
		s64 at;
		struct rt_refill ring[3];
	} want[] = {
		{ 4, { { 2, 7 } } },   { 9, { { 1, 9 }, { 1, 13 } } },	 { 13, { { 1, 13 }, { 1, 17 } } },
		{ 14, { { 2, 17 } } }, { 20, { { 1, 20 }, { 1, 24 } } },
	};
	vcpu_t *v = l->g[0].v;
	s64 sum = 0;

	if (v->rt.where == RT_ON_CPU)
		rt_charge(&l->t.cx, v);
	for (u32 i = 0; i < v->rt.nr; i++)
		sum += ring_at(v, i)->amount_ns;
	assert_int_equal(sum, 2 * U);
	for (u32 i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		if (want[i].at == now)
			check_ring(v, now, want[i].ring);
}

static void deferrable_tick(struct lab *l, s64 now)
{
	static const s64 left[] = { 2, 2, 1, 0, 0, 2, 2, 2, 1, 1, 2, 2, 1, 0, 0 };
	vcpu_t *v = l->g[0].v;

	/* What will be left after the tick that begins now. */
	if (now < (s64)(sizeof(left) / sizeof(left[0])))
		assert_int_equal(sched_rt_budget_left(v, now * U) - (l->t.h->pcpus[0].curr == v) * U, left[now] * U);
}

static void test_budgets(void **state)
{
	(void)state;
	for (u32 kind = RT_DEFERRABLE; kind <= RT_SPORADIC; kind += RT_SPORADIC - RT_DEFERRABLE) {
		struct lab l;
		struct guest_of *g;

		lab_init(&l, RT_FP, true);
		g = lab_server(&l, kind, 2, 5);
		for (u32 i = 0; i < jobs_of[0]; i++)
			lab_job(g, scenario[0][i].at, scenario[0][i].cost);
		lab_up(&l);
		l.tick = kind == RT_SPORADIC ? ring_tick : deferrable_tick;
		lab_run(&l, 0, 22);
		lab_free(&l);
	}
}

/* ---- the periodic server's variants beside others; facts 1.5 ---- */

static void test_variants(void **state)
{
	static const struct {
		u32 kind;
		s64 l[2], m, l_units_by_5;
	} want[] = {
		{ RT_PERIODIC, { 4, 14 }, 7, 3 },
		{ RT_WORK_CONSERVING, { 2, 15 }, 5, 3 },
		{ RT_RECLAIMING, { 2, 14 }, 7, 5 },
	};

	(void)state;
	for (u32 k = 0; k < 3; k++)
		for (u32 first = 0; first < 2; first++) {
			struct lab a, b;
			struct guest_of *h, *l, *m;

			lab_init(&a, RT_FP, first);
			h = lab_server(&a, want[k].kind, 2, 10);
			l = lab_server(&a, want[k].kind, 3, 10);
			lab_job(h, 10, 2);
			lab_job(l, 0, 2);
			lab_job(l, 4, 3);
			lab_up(&a);
			lab_run(&a, 0, 20);
			assert_int_equal(l->finished[0], want[k].l[0]);
			assert_int_equal(l->finished[1], want[k].l[1]);
			lab_free(&a);

			lab_init(&b, RT_FP, first);
			h = lab_server(&b, want[k].kind, 2, 10);
			l = lab_server(&b, want[k].kind, 3, 10);
			m = lab_server(&b, want[k].kind, 5, 10);
			lab_job(l, 0, 5);
			lab_job(m, 0, 2);
			lab_up(&b);
			lab_run(&b, 0, 5);
			assert_int_equal(l->run, want[k].l_units_by_5);
			lab_run(&b, 5, 20);
			assert_int_equal(m->finished[0], want[k].m);
			lab_free(&b);
		}
}

/* ---- where POSIX's sporadic server goes wrong; facts 1.3 ---- */

/* A vCPU of no host has none of its own. */
static struct rt_refill ring_of_v[RT_REFILLS];

static void ring_make(vcpu_t *v, s64 budget, s64 period, const struct rt_refill *r)
{
	memset(v, 0, sizeof(*v));
	v->rt.budget_ns = budget * U;
	v->refills = ring_of_v;
	v->rt.period_ns = period * U;
	v->rt.kind = RT_SPORADIC;
	for (; r->amount_ns; r++)
		ring_append(v, r->amount_ns * U, r->at_ns * U);
}

static void test_posix_defects(void **state)
{
	struct vcpu v;

	(void)state;
	/* (a) One unit is there, and two were run before it was noticed: one returns, one is debt. POSIX: 11 in all. */
	ring_make(&v, 10, 20, (struct rt_refill[]){ { 1, 0 }, { 9, 5 }, { 0, 0 } });
	ring_charge(&v, 2 * U);
	check_ring(&v, 2, (struct rt_refill[]){ { 8, 6 }, { 1, 20 }, { 1, 25 }, { 0, 0 } });
	/* (b) Ready at 20, kept off the CPU until 26, then 5 units: POSIX returns all 5 at 30. */
	ring_make(&v, 5, 10, (struct rt_refill[]){ { 1, 20 }, { 4, 25 }, { 0, 0 } });
	ring_activate(&v, 20 * U);
	ring_update(&v, 26 * U);
	assert_int_equal(v.rt.rem_ns, 5 * U);
	ring_charge(&v, 5 * U);
	check_ring(&v, 31, (struct rt_refill[]){ { 1, 30 }, { 4, 35 }, { 0, 0 } });
	/*
	 * (c) Without budget it doesn't run at all, however idle the pCPU: the golden traces have it waiting beside
	 * nobody.
	 */
}

/* The sum is the budget whatever happens: random activations, charges that overrun, a ring that is full. */
static void test_ring_sum(void **state)
{
	struct tiny t = { .rng = 5 };
	u32 full = 0;

	(void)state;
	for (u32 run = 0; run < 2000; run++) {
		struct vcpu v;
		s64 now = 0;

		memset(&v, 0, sizeof(v));
		v.refills = ring_of_v;
		v.rt.period_ns = (10 + tiny_below(&t, 1000)) * USEC * 100;
		v.rt.budget_ns = v.rt.period_ns / (1 + tiny_below(&t, 8));
		ring_start(&v, v.rt.budget_ns, now, now);
		for (u32 step = 0; step < 200; step++) {
			s64 sum = 0, end = 0;

			now += tiny_below(&t, (u32)(v.rt.period_ns / 8));
			ring_activate(&v, now);
			ring_update(&v, now);
			if (v.rt.rem_ns > 0) {
				s64 used = 1 + tiny_below(&t, (u32)v.rt.rem_ns);

				if (tiny_below(&t, 10) == 0)
					used += tiny_below(&t, (u32)v.rt.budget_ns); /* an overrun */
				if (tiny_below(&t, 3))
					used = used / 50 + 1;
				ring_charge(&v, used);
				now += used;
			}
			full += v.rt.nr == RT_REFILLS;
			for (u32 i = 0; i < v.rt.nr; i++) {
				struct rt_refill *r = ring_at(&v, i);

				assert_true(r->amount_ns > 0);
				assert_true(!i || r->at_ns >= end);
				end = r->at_ns + r->amount_ns;
				sum += r->amount_ns;
			}
			assert_int_equal(sum, v.rt.budget_ns);
		}
	}
	assert_true(full > 100);
}

/* ---- what went wrong elsewhere; facts 1.3, 2.3 ---- */

static void prod(struct lab *l, s64 now)
{
	vcpu_t *v = l->g[0].v;

	/* While it has no budget: other ways to the pCPU. */
	if (now % 5 != 3)
		return;
	vcpu_pause(&l->t.cx, v);
	tiny_effects(&l->t);
	vcpu_unpause(&l->t.cx, v);
	tiny_effects(&l->t);
}

static void waits(struct lab *l, s64 now)
{
	/* The second has work and waits for the first: it keeps all it has. */
	if (now < 5)
		assert_int_equal(sched_rt_budget_left(l->g[1].v, now * U), 2 * U);
}

static void test_pitfalls(void **state)
{
	struct lab l;
	struct guest_of *h, *g;
	struct rt_params p = { .phase_ns = -1, .kind = RT_SPORADIC };

	(void)state;
	/* NuttX 2935: who only waited was charged. */
	lab_init(&l, RT_FP, true);
	h = lab_server(&l, RT_SPORADIC, 5, 10);
	g = lab_server(&l, RT_SPORADIC, 2, 10);
	lab_job(h, 0, 5);
	lab_job(g, 0, 2);
	lab_up(&l);
	l.tick = waits;
	lab_run(&l, 0, 8);
	assert_int_equal(h->finished[0], 5);
	assert_int_equal(g->finished[0], 7);
	lab_free(&l);

	/* seL4 1104, 1645: a depleted one was scheduled by another path. 2 of 5, and the pCPU idles. */
	lab_init(&l, RT_FP, true);
	g = lab_server(&l, RT_SPORADIC, 2, 5);
	lab_job(g, 0, 100);
	lab_up(&l);
	l.tick = prod;
	lab_run(&l, 0, 20);
	assert_int_equal(g->run, 8);
	lab_free(&l);

	/* microkit 285: a budget as small as may be never got anywhere. */
	lab_init(&l, RT_FP, true);
	g = lab_server(&l, RT_SPORADIC, 2, 5);
	p.budget_ns = RT_MIN_NS;
	p.period_ns = 10 * RT_MIN_NS;
	assert_int_equal(sched_adjust_vcpu(&l.t.cx, g->v, &p), 0);
	vcpu_up(&l.t.cx, g->v);
	tiny_settle(&l.t);
	tiny_run(&l.t, 1000 * RT_MIN_NS);
	assert_int_equal(vcpu_runstate_ns(g->v, RUNSTATE_running, l.t.cx.now), 100 * RT_MIN_NS);
	lab_free(&l);
}

static void give_extratime(struct lab *l, struct guest_of *g)
{
	struct rt_params p = g->v->rt_params;

	p.extratime = 1;
	assert_int_equal(sched_adjust_vcpu(&l->t.cx, g->v, &p), 0);
}

/*
 * U1: A, 2 of 20, has used them and one of extra time; it wakes at 8, at level 1, beside B, whose period ends at 100.
 * Xen's queue of replenishments has B first, and A waits for 100. It is due at 20.
 */
static void test_u1(void **state)
{
	(void)state;
	for (u32 first = 0; first < 2; first++) {
		struct lab l;
		struct guest_of *a, *b;

		lab_init(&l, RT_EDF, first);
		a = lab_server(&l, RT_DEFERRABLE, 2, 20);
		b = lab_server(&l, RT_DEFERRABLE, 50, 100);
		give_extratime(&l, a);
		lab_job(a, 0, 3);
		lab_job(a, 8, 2);
		lab_job(b, 6, 60);
		lab_up(&l);
		lab_run(&l, 0, 60);
		assert_int_equal(a->finished[0], 3);
		assert_int_equal(a->finished[1], 22);
		assert_int_equal(b->run, 50);
		lab_free(&l);
	}
}

/* U2: of levels 0 and 2^32 - 1 the latter went first. U5: a level went round to 0. */
static void test_levels(void **state)
{
	struct lab l;
	struct guest_of *a, *b;

	(void)state;
	lab_init(&l, RT_EDF, true);
	a = lab_server(&l, RT_DEFERRABLE, 1, 1000);
	b = lab_server(&l, RT_DEFERRABLE, 1, 2000);
	give_extratime(&l, a);
	lab_job(a, 0, 900);
	lab_up(&l);
	lab_run(&l, 0, 10);
	assert_int_equal(a->run, 10);
	a->v->rt.level = ~0U - 3;
	assert_true(rt_better(&l.t.h->pools[0], b->v, a->v));
	assert_false(rt_better(&l.t.h->pools[0], a->v, b->v));
	lab_run(&l, 10, 40);
	assert_true(a->v->rt.level >= ~0U - 3);
	assert_int_equal(a->run, 40);
	lab_free(&l);
}

/* ---- CBS; facts 3.8 ---- */

static void test_cbs(void **state)
{
	struct lab l;
	struct guest_of *g, *hog;

	(void)state;
	lab_init(&l, RT_EDF, false);
	g = lab_server(&l, RT_CBS, 2, 5);
	hog = lab_server(&l, RT_CBS, 3, 6);
	/*
	 * It wakes at 1: 2 until 5 is more than its bandwidth, so it gets 2 until 6. The hog, equal, runs on to 3. It
	 * is depleted at 5, throttled to 6, and then has 2 until 11; the hog, throttled from 3, has 3 until 12.
	 */
	lab_job(g, 1, 3);
	lab_job(hog, 0, 100);
	lab_up(&l);
	lab_run(&l, 0, 12);
	assert_int_equal(g->finished[0], 7);
	assert_int_equal(hog->run, 6);
	lab_free(&l);
}

/* ---- switches of kind; facts 1.6 ---- */

static void set_kind(struct lab *l, struct guest_of *g, u32 kind, u32 when)
{
	struct rt_params p = g->v->rt_params;

	p.kind = (u8)kind;
	p.when = (u8)when;
	assert_int_equal(sched_adjust_vcpu(&l->t.cx, g->v, &p), 0);
	tiny_settle(&l->t);
}

static void test_carry_over(void **state)
{
	struct lab l;
	struct guest_of *g;

	(void)state;
	/* (ii), (iii): a deferrable server with 1 left of 3, period 10, becomes sporadic at 4. */
	lab_init(&l, RT_FP, false);
	g = lab_server(&l, RT_DEFERRABLE, 3, 10);
	lab_job(g, 1, 2);
	lab_up(&l);
	lab_run(&l, 0, 4);
	l.t.cx.now = 4 * U;
	set_kind(&l, g, RT_SPORADIC, RT_AT_ONCE);
	check_ring(g->v, 4, (struct rt_refill[]){ { 1, 4 }, { 2, 10 }, { 0, 0 } });
	/*
	 * (iv): it uses 1 in [5,6), which returns at 15, and becomes deferrable at 7: nothing left, next boundary 15.
	 */
	lab_job(g, 5, 1);
	lab_run(&l, 4, 7);
	l.t.cx.now = 7 * U;
	set_kind(&l, g, RT_DEFERRABLE, RT_AT_ONCE);
	assert_int_equal(sched_rt_budget_left(g->v, 7 * U), 0);
	assert_int_equal(g->v->rt.next_ns, 15 * U);
	/* A polling server discards at once what an idle one has left. */
	lab_job(g, 16, 1);
	lab_run(&l, 7, 18);
	l.t.cx.now = 18 * U;
	assert_int_equal(sched_rt_budget_left(g->v, 18 * U), 2 * U);
	set_kind(&l, g, RT_POLLING, RT_AT_ONCE);
	assert_int_equal(sched_rt_budget_left(g->v, 18 * U), 0);
	assert_int_equal(g->v->rt.next_ns, 25 * U);
	/* At the boundary: nothing changes until then. */
	lab_job(g, 20, 6);
	set_kind(&l, g, RT_DEFERRABLE, RT_AT_BOUNDARY);
	assert_int_equal(g->v->rt.kind, RT_POLLING);
	lab_run(&l, 18, 26);
	assert_int_equal(g->v->rt.kind, RT_DEFERRABLE);
	assert_int_equal(g->run, 5);
	lab_free(&l);
}

/* A budget that shrinks is trimmed; the rest of the new one comes a new period later. */
static void test_new_budget(void **state)
{
	struct lab l;
	struct guest_of *g;
	struct rt_params p;

	(void)state;
	lab_init(&l, RT_FP, false);
	g = lab_server(&l, RT_DEFERRABLE, 6, 10);
	lab_job(g, 0, 100);
	lab_up(&l);
	lab_run(&l, 0, 2);
	l.t.cx.now = 2 * U;
	p = g->v->rt_params;
	p.budget_ns = 1 * U;
	p.period_ns = 4 * U;
	p.when = RT_AT_ONCE;
	assert_int_equal(sched_adjust_vcpu(&l.t.cx, g->v, &p), 0);
	tiny_settle(&l.t);
	lab_run(&l, 2, 14);
	/* 2 before, 1 left of the old at once, then 1 at 6 and at 10. */
	assert_int_equal(g->run, 5);
	/* Xen's way: the old budget until its period ends. */
	p.budget_ns = 3 * U;
	p.when = RT_AT_BOUNDARY;
	assert_int_equal(sched_adjust_vcpu(&l.t.cx, g->v, &p), 0);
	lab_run(&l, 14, 22);
	assert_int_equal(g->run, 5 + 3 + 3);
	p.budget_ns = p.period_ns + 1;
	tiny_remember(&l.t);
	assert_int_equal(sched_adjust_vcpu(&l.t.cx, g->v, &p), -SCHED_EINVAL);
	assert_int_equal(g->v->rt_params.budget_ns, 3 * U);
	lab_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_completions), cmocka_unit_test(test_budgets),
		cmocka_unit_test(test_variants),    cmocka_unit_test(test_posix_defects),
		cmocka_unit_test(test_ring_sum),    cmocka_unit_test(test_cbs),
		cmocka_unit_test(test_carry_over),  cmocka_unit_test(test_new_budget),
		cmocka_unit_test(test_pitfalls),    cmocka_unit_test(test_u1),
		cmocka_unit_test(test_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
