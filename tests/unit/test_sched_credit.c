/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the credit scheduler rule by rule: who is boosted and for how long, the ratelimit,
 * yields, stealing, picking and tickling on hosts with nodes and SMT, the tick, caps and parking,
 * credits by weight; and Xen's own on-off pattern of caps when no correction is on.
 */
#include "../property/tiny_host.h"

static struct tiny t;
static cpupool_t *pool;

static void host(u32 ncpu, u32 threads, u32 nodes)
{
	tiny_init(&t, ncpu, threads, nodes);
	snprintf(t.where, sizeof(t.where), "unit test");
	pool = tiny_pool(&t, 0, (1ULL << ncpu) - 1);
}

static int done(void **state)
{
	(void)state;
	tiny_free(&t);
	return 0;
}

static vcpu_t *hog(u64 hard)
{
	return tiny_vcpu(tiny_domain(&t, pool, 1, hard), 0);
}

static vcpu_t *curr(u32 cpu)
{
	return t.h->pcpus[cpu].curr;
}

static void block(vcpu_t *v)
{
	assert_ptr_equal(v->processor->curr, v);
	t.cx.cpu = v->processor->id;
	vcpu_block(&t.cx, v);
	tiny_settle(&t);
}

static void unblock(vcpu_t *v)
{
	t.cx.cpu = v->processor->id;
	vcpu_unblock(&t.cx, v);
	tiny_settle(&t);
}

static void set_param(void (*set)(struct credit_params *p, s64 value), s64 value)
{
	struct credit_params p = pool->credit.params;

	set(&p, value);
	assert_int_equal(sched_adjust_global_credit(&t.cx, pool, &p), 0);
}

static void set_ratelimit(struct credit_params *p, s64 ns)
{
	p->ratelimit_ns = ns;
}

static void set_mend(struct credit_params *p, s64 mend)
{
	p->mend = (u32)mend;
}

static void set_migr_delay(struct credit_params *p, s64 ns)
{
	p->migr_delay_ns = ns;
}

static void set_tickle_one(struct credit_params *p, s64 one)
{
	p->tickle_one_idle = (u8)one;
}

/* ---- BOOST ---- */

static void test_boost_on_wake(void **state)
{
	vcpu_t *h, *v;

	(void)state;
	host(1, 1, 1);
	v = hog(0);
	block(v);
	h = hog(0);
	tiny_run(&t, 5 * MSEC);
	assert_ptr_equal(curr(0), h);
	unblock(v);
	assert_int_equal(v->credit.pri, CREDIT_BOOST);
	assert_int_equal(v->boosts, 1);
	assert_ptr_equal(curr(0), v); /* at once: h has had its ratelimit */
	/* It lasts for 1 ms of running. */
	tiny_run(&t, 5900 * USEC);
	assert_int_equal(v->credit.pri, CREDIT_BOOST);
	tiny_run(&t, 36 * MSEC);
	assert_int_not_equal(v->credit.pri, CREDIT_BOOST);
}

/* BOOST ends by time used, not by the tick that finds it running. */
static void test_boost_ends_by_use(void **state)
{
	vcpu_t *v;

	(void)state;
	host(1, 1, 1);
	v = hog(0);
	hog(0);
	tiny_run(&t, 1 * MSEC);
	block(v);
	tiny_run(&t, 9500 * USEC);
	unblock(v);
	assert_ptr_equal(curr(0), v);
	tiny_run(&t, 10400 * USEC);
	assert_int_equal(v->credit.pri, CREDIT_BOOST);
	/* The tick at 10 ms (mended) did not take it; 1 ms of use does, as the next tick finds. */
	tiny_run(&t, 20 * MSEC);
	assert_int_equal(v->credit.pri, CREDIT_UNDER);
}

static void test_no_boost_after_migration(void **state)
{
	struct cpumask m;
	vcpu_t *v;

	(void)state;
	host(2, 1, 1);
	hog(1);
	hog(2);
	v = hog(0);
	tiny_run(&t, 40 * MSEC);
	while (v->processor->curr != v)
		tiny_run(&t, t.cx.now + MSEC);
	block(v);
	v->credit.credit_ns = 0;
	v->credit.pri = CREDIT_UNDER;
	vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 2), NULL);
	unblock(v);
	assert_int_equal(v->credit.pri, CREDIT_UNDER);
	assert_int_equal(v->boosts, 0);
}

static void test_no_boost_of_over(void **state)
{
	vcpu_t *h, *v;

	(void)state;
	host(1, 1, 1);
	v = hog(0);
	block(v);
	h = hog(0);
	tiny_run(&t, 5 * MSEC);
	v->credit.pri = CREDIT_OVER;
	unblock(v);
	assert_int_equal(v->credit.pri, CREDIT_OVER);
	assert_ptr_equal(curr(0), h);
}

/* ---- ratelimit and slices ---- */

static void test_ratelimit(void **state)
{
	vcpu_t *h, *v;

	(void)state;
	host(1, 1, 1);
	v = hog(0);
	block(v);
	h = hog(0);
	tiny_run(&t, 300 * USEC);
	unblock(v);
	assert_ptr_equal(curr(0), h);
	tiny_run(&t, 999 * USEC);
	assert_ptr_equal(curr(0), h);
	tiny_run(&t, 1000 * USEC);
	assert_ptr_equal(curr(0), v);
	/* What is left of it is at least 100 us. */
	block(v);
	assert_ptr_equal(curr(0), h);
	tiny_run(&t, 1950 * USEC);
	unblock(v);
	tiny_run(&t, 2049 * USEC);
	assert_ptr_equal(curr(0), h);
	tiny_run(&t, 2050 * USEC);
	assert_ptr_equal(curr(0), v);
	/* Off: at once. */
	set_param(set_ratelimit, 0);
	block(v);
	tiny_run(&t, 2060 * USEC);
	unblock(v);
	assert_ptr_equal(curr(0), v);
}

/* Equals take turns of 30 ms. */
static void test_slices(void **state)
{
	vcpu_t *a, *b;

	(void)state;
	host(1, 1, 1);
	a = hog(0);
	b = hog(0);
	/* Before anybody's credit has been counted. */
	assert_ptr_equal(curr(0), a);
	assert_int_equal(t.h->pcpus[0].timer_ns[TIMER_SLICE], 30 * MSEC);
	tiny_run(&t, 30 * MSEC - 1);
	assert_ptr_equal(curr(0), a);
	tiny_run(&t, 30 * MSEC);
	assert_ptr_equal(curr(0), b);
	tiny_run(&t, 600 * MSEC);
	assert_int_equal(vcpu_runstate_ns(a, RUNSTATE_running, t.cx.now), 300 * MSEC);
	assert_int_equal(t.h->pcpus[0].switches, 21);
}

/* ---- yield ---- */

static void make_over(vcpu_t *v)
{
	vcpu_pause(&t.cx, v);
	v->credit.pri = CREDIT_OVER;
	vcpu_unpause(&t.cx, v);
	tiny_settle(&t);
}

static void test_yield(void **state)
{
	vcpu_t *y, *o1, *o2, *u;

	(void)state;
	host(1, 1, 1);
	y = hog(0);
	o1 = hog(0);
	o2 = hog(0);
	make_over(o1);
	make_over(o2);
	assert_ptr_equal(curr(0), y);
	/* Behind exactly one of the lower class, and no ratelimit holds it. */
	vcpu_yield(&t.cx, y);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), o1);
	vcpu_pause(&t.cx, o1);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), y);
	/* With an equal waiting that one is next, and that was the yield: the lower ones stay behind. */
	vcpu_unpause(&t.cx, o1);
	u = hog(0);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), y);
	vcpu_yield(&t.cx, y);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), u);
	/* For a ratelimit, not for a slice. */
	tiny_run(&t, t.cx.now + MSEC - 1);
	assert_ptr_equal(curr(0), u);
	tiny_run(&t, t.cx.now + 2);
	assert_ptr_equal(curr(0), y);
}

/* A vCPU that waits on @cpu and may go to @hard. */
static vcpu_t *waiter(u32 cpu, u64 hard, u64 soft)
{
	struct cpumask h, s;
	vcpu_t *v = hog(1ULL << cpu);

	vcpu_set_affinity(&t.cx, v, tiny_mask(&h, hard), soft ? tiny_mask(&s, soft) : NULL);
	tiny_settle(&t);
	assert_int_equal(v->runstate, RUNSTATE_runnable);
	assert_int_equal(v->processor->id, cpu);
	return v;
}

/* ---- directed yields ---- */

/*
 * Two pCPUs: y runs on pCPU 0 and other on 1, behind whom wait first and, last, to, which may go to @hard; all beyond
 * the ratelimit.
 */
static void two_busy(vcpu_t **y, vcpu_t **other, vcpu_t **to, u64 hard)
{
	host(2, 1, 1);
	*y = hog(1);
	*other = hog(2);
	waiter(1, 2, 0);
	*to = waiter(1, hard, 0);
	tiny_run(&t, t.cx.now + 5 * MSEC);
	assert_ptr_equal(curr(0), *y);
	assert_ptr_equal(curr(1), *other);
	t.cx.cpu = 0;
}

/* A directed yield runs the vCPU where it waits, and the yielder's pCPU is for who waits there. */
static void test_yield_to_where_it_waits(void **state)
{
	vcpu_t *y, *other, *to, *here;
	s64 end;

	(void)state;
	two_busy(&y, &other, &to, 2);
	/* Nobody waits for y's pCPU, where `to` may not go: y would go on, so nothing is lent. */
	assert_false(vcpu_yield_to(&t.cx, y, to));
	tiny_settle(&t);
	assert_ptr_equal(curr(1), other);
	here = waiter(0, 1, 0);
	t.cx.cpu = 0;
	end = y->processor->timer_ns[TIMER_SLICE];
	assert_true(vcpu_yield_to(&t.cx, y, to));
	tiny_settle(&t);
	assert_ptr_equal(curr(0), here);
	assert_ptr_equal(curr(1), to);
	assert_int_equal(other->runstate, RUNSTATE_runnable);
	/* For what y's slice had left. */
	assert_int_equal(to->processor->timer_ns[TIMER_SLICE], end);
}

/* It comes to the yielder's pCPU where nobody else waits for that. */
static void test_yield_to_comes(void **state)
{
	vcpu_t *y, *other, *to;

	(void)state;
	two_busy(&y, &other, &to, 3);
	assert_true(vcpu_yield_to(&t.cx, y, to));
	tiny_settle(&t);
	assert_ptr_equal(curr(0), to);
	assert_ptr_equal(curr(1), other);
	assert_int_equal(y->runstate, RUNSTATE_runnable);
}

/* Of three siblings that wait for one pCPU one goes to the fourth's, for which nobody waits. */
static void test_yield_to_where_a_sibling_is_alone(void **state)
{
	struct cpumask one, both;
	domain_t *d;
	vcpu_t *v[4], *y;

	(void)state;
	host(2, 1, 1);
	d = tiny_domain(&t, pool, 4, 1);
	for (u32 i = 0; i < 4; i++)
		v[i] = tiny_vcpu(d, i);
	vcpu_set_affinity(&t.cx, v[3], tiny_mask(&one, 2), NULL);
	tiny_settle(&t);
	vcpu_set_affinity(&t.cx, v[2], tiny_mask(&both, 3), NULL);
	tiny_run(&t, t.cx.now + 5 * MSEC);
	y = curr(0);
	assert_ptr_not_equal(y, v[2]);
	assert_ptr_equal(v[2]->processor, y->processor);
	assert_ptr_equal(curr(1), v[3]);
	t.cx.cpu = 0;
	assert_true(vcpu_yield_to(&t.cx, y, v[2]));
	tiny_settle(&t);
	assert_ptr_equal(curr(0), y == v[0] ? v[1] : v[0]);
	assert_ptr_equal(curr(1), v[2]);
	assert_int_equal(v[3]->processor->id, 1);
}

/*
 * Two that wait for each other have the first one's slice among themselves, however often they yield; then it is over.
 */
static void test_yield_to_and_back(void **state)
{
	vcpu_t *a, *b, *h;
	s64 end;

	(void)state;
	host(1, 1, 1);
	a = hog(0);
	h = hog(0);
	b = hog(0);
	tiny_run(&t, t.cx.now + 5 * MSEC);
	assert_ptr_equal(curr(0), a);
	end = a->processor->timer_ns[TIMER_SLICE];
	for (u32 i = 0; t.cx.now + 30 * USEC < end; i++) {
		vcpu_t *to = i % 2 ? a : b;

		assert_true(vcpu_yield_to(&t.cx, curr(0), to));
		tiny_settle(&t);
		assert_ptr_equal(curr(0), to);
		tiny_run(&t, t.cx.now + 15 * USEC);
	}
	/* But for the ratelimit. */
	tiny_run(&t, end + MSEC);
	assert_ptr_equal(curr(0), h);
}

/* Nobody is fetched to a pCPU that is on its way out of the pool, whose queue nobody looks at any more. */
static void test_yield_to_on_the_way_out(void **state)
{
	vcpu_t *y, *to;

	(void)state;
	host(2, 1, 1);
	hog(1);
	y = hog(3);
	to = waiter(0, 3, 0);
	assert_ptr_equal(curr(1), y);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 1), -SCHED_EAGAIN);
	assert_ptr_equal(curr(1), y);
	t.cx.cpu = 1;
	assert_false(vcpu_yield_to(&t.cx, y, to));
	assert_int_equal(to->processor->id, 0);
	tiny_settle(&t);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 1), 0);
}

/* And a waker is not interrupted for it. */
static void test_yield_to_spares_a_waker(void **state)
{
	vcpu_t *y, *to, *waker;

	(void)state;
	host(2, 1, 1);
	y = hog(1);
	waker = hog(2);
	block(waker);
	hog(2);
	to = waiter(1, 3, 0);
	waiter(0, 1, 0);
	tiny_run(&t, t.cx.now + 5 * MSEC);
	unblock(waker);
	assert_int_equal(waker->credit.pri, CREDIT_BOOST);
	assert_ptr_equal(curr(1), waker);
	assert_ptr_equal(curr(0), y);
	t.cx.cpu = 0;
	assert_true(vcpu_yield_to(&t.cx, y, to));
	tiny_settle(&t);
	assert_ptr_equal(curr(0), to);
	assert_ptr_equal(curr(1), waker);
}

/* ---- stealing ---- */

static void test_steal_own_node_first(void **state)
{
	vcpu_t *h[4], *far, *near;

	(void)state;
	host(4, 1, 2);
	for (u32 i = 0; i < 4; i++)
		h[i] = hog(1ULL << i);
	far = waiter(1, 15, 0); /* on node 0 */
	near = waiter(2, 15, 0); /* on node 1 */
	vcpu_pause(&t.cx, h[3]);
	tiny_settle(&t);
	assert_ptr_equal(curr(3), near);
	vcpu_pause(&t.cx, near);
	tiny_settle(&t);
	assert_ptr_equal(curr(3), far);
}

static void test_steal_soft_first(void **state)
{
	vcpu_t *h[4], *indifferent, *fond;

	(void)state;
	host(4, 1, 1);
	for (u32 i = 0; i < 4; i++)
		h[i] = hog(1ULL << i);
	indifferent = waiter(1, 15, 0);
	fond = waiter(2, 15, 1);
	vcpu_pause(&t.cx, h[0]);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), fond);
	vcpu_pause(&t.cx, fond);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), indifferent);
}

/* Before it runs an OVER, a pCPU takes an UNDER from a peer; but never OVER for OVER. */
static void test_steal_only_better(void **state)
{
	vcpu_t *a, *b, *over, *under;

	(void)state;
	host(2, 1, 1);
	a = hog(1);
	b = hog(2);
	over = hog(1);
	make_over(over);
	tiny_run(&t, 5 * MSEC); /* beyond the ratelimit of balancing */
	under = waiter(1, 3, 0);
	vcpu_pause(&t.cx, a);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), under);
	tiny_run(&t, 7 * MSEC);
	vcpu_pause(&t.cx, under);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), over);
	assert_ptr_equal(curr(1), b);
}

/* Within the migration delay a vCPU is too hot to be stolen. */
static void test_migration_delay(void **state)
{
	vcpu_t *a, *b, *hot;

	(void)state;
	host(2, 1, 1);
	set_param(set_migr_delay, 8 * MSEC);
	a = hog(1);
	b = hog(2);
	hot = hog(2);
	vcpu_pause(&t.cx, b);
	tiny_settle(&t);
	assert_ptr_equal(curr(1), hot);
	tiny_run(&t, 2 * MSEC);
	vcpu_unpause(&t.cx, b);
	tiny_settle(&t);
	tiny_run(&t, 3 * MSEC);
	assert_ptr_equal(curr(1), b); /* BOOSTed */
	{
		struct cpumask m;

		vcpu_set_affinity(&t.cx, hot, tiny_mask(&m, 3), NULL);
	}
	tiny_settle(&t);
	vcpu_pause(&t.cx, a);
	tiny_settle(&t);
	assert_true(curr(0)->is_idle);
	tiny_run(&t, 20 * MSEC);
	vcpu_unpause(&t.cx, a);
	tiny_settle(&t);
	vcpu_pause(&t.cx, a);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), hot);
}

/* ---- picking, tickling ---- */

/* A wholly idle core before the idle thread of a busy one, wherever the search begins. */
static void test_idle_core_first(void **state)
{
	vcpu_t *h, *v, *w;

	(void)state;
	for (s32 cursor = -1; cursor < 4; cursor++) {
		host(4, 2, 1);
		h = hog(1);
		v = hog(0);
		assert_int_equal(v->processor->core, 1);
		/* On wake-up too: its core's other thread is busy by then, and core 0 is idle. */
		block(v);
		w = hog(1ULL << (v->processor->id ^ 1));
		assert_int_equal(w->processor->core, 1);
		vcpu_pause(&t.cx, h);
		tiny_settle(&t);
		t.h->pcpus[v->processor->id].tickle_cursor = cursor;
		unblock(v);
		assert_int_equal(v->processor->core, 0);
		assert_ptr_equal(v->processor->curr, v);
		if (cursor < 3)
			tiny_free(&t);
	}
}

/* Another node only when it idles more than twice as much. */
static void test_other_node_by_factor_two(void **state)
{
	vcpu_t *v;

	(void)state;
	host(8, 1, 2);
	hog(1);
	hog(2);
	v = hog(0); /* 2 idle here, 4 there */
	assert_int_equal(v->processor->node, 0);
	v = hog(0); /* 1 here, 4 there */
	assert_int_equal(v->processor->node, 1);
}

/* Soft affinity is tried first, hard affinity is not left. */
static void test_soft_then_hard(void **state)
{
	struct cpumask h, s;
	domain_t *d;
	vcpu_t *v, *w;

	(void)state;
	host(4, 1, 1);
	d = domain_create(&t.cx, pool, -1);
	v = vcpu_create(&t.cx, d, tiny_mask(&h, 7), tiny_mask(&s, 12));
	vcpu_up(&t.cx, v);
	tiny_settle(&t);
	assert_ptr_equal(curr(2), v);
	w = vcpu_create(&t.cx, d, tiny_mask(&h, 7), tiny_mask(&s, 12));
	vcpu_up(&t.cx, w);
	tiny_settle(&t);
	assert_int_equal(w->runstate, RUNSTATE_running);
	assert_true(w->processor->id < 2);
	/* The tick brings it to where it likes to be, once that idles. */
	vcpu_pause(&t.cx, v);
	tiny_run(&t, t.cx.now + 21 * MSEC);
	assert_ptr_equal(curr(2), w);
}

/* Two wake-ups in one instant do not count on the same idle pCPU. */
static void test_one_idler_for_each(void **state)
{
	vcpu_t *v[3];

	(void)state;
	host(4, 1, 1);
	for (u32 i = 0; i < 3; i++)
		v[i] = hog(0);
	for (u32 i = 0; i < 3; i++)
		block(v[i]);
	t.cx.cpu = 3;
	for (u32 i = 0; i < 3; i++)
		vcpu_unblock(&t.cx, v[i]);
	tiny_settle(&t);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(v[i]->runstate, RUNSTATE_running);
}

/* Without the corrections a wake-up tickles one idle pCPU, or all that fit. */
static void test_tickle_one_or_all(void **state)
{
	u64 before;

	(void)state;
	for (s64 one = 0; one < 2; one++) {
		vcpu_t *a, *v;

		host(5, 1, 1);
		set_param(set_mend, 0);
		set_param(set_tickle_one, one);
		a = hog(1);
		v = hog(1);
		tiny_run(&t, 2 * MSEC);
		while (curr(0) != v)
			tiny_run(&t, t.cx.now + MSEC);
		block(v);
		assert_ptr_equal(curr(0), a);
		{
			struct cpumask m;

			vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 15), NULL);
			v->processor = &t.h->pcpus[0]; /* where it ran */
		}
		before = t.h->pcpus[1].schedules + t.h->pcpus[2].schedules + t.h->pcpus[3].schedules;
		unblock(v);
		assert_int_equal(t.h->pcpus[1].schedules + t.h->pcpus[2].schedules + t.h->pcpus[3].schedules - before,
				 one ? 1 : 3);
		if (!one)
			tiny_free(&t);
	}
}

/* Who is preempted by one that can run nowhere else goes to an idle pCPU, however hot it is. */
static void test_push(void **state)
{
	struct cpumask m;
	vcpu_t *h, *v;

	(void)state;
	for (s64 delay = 0; delay < 100 * MSEC; delay += 50 * MSEC) {
		host(2, 1, 1);
		set_param(set_migr_delay, delay);
		v = hog(1);
		block(v);
		h = hog(1);
		vcpu_set_affinity(&t.cx, h, tiny_mask(&m, 3), NULL);
		tiny_settle(&t);
		assert_ptr_equal(curr(0), h);
		tiny_run(&t, 5 * MSEC);
		unblock(v);
		assert_ptr_equal(curr(0), v);
		assert_ptr_equal(curr(1), h);
		if (!delay)
			tiny_free(&t);
	}
}

/* The tick stops on an idle pCPU, and begins again at a multiple of its period. */
static void test_tick(void **state)
{
	vcpu_t *v;

	(void)state;
	host(1, 1, 1);
	tiny_run(&t, 13 * MSEC);
	assert_int_equal(t.h->pcpus[0].timer_ns[TIMER_TICK], TIME_NEVER);
	v = hog(0);
	assert_int_equal(t.h->pcpus[0].timer_ns[TIMER_TICK], 20 * MSEC);
	tiny_run(&t, 20 * MSEC);
	assert_int_equal(t.h->pcpus[0].timer_ns[TIMER_TICK], 30 * MSEC);
	block(v);
	assert_int_equal(t.h->pcpus[0].timer_ns[TIMER_TICK], TIME_NEVER);
	assert_int_equal(t.h->pcpus[0].timer_ns[TIMER_SLICE], TIME_NEVER);
	assert_int_equal(t.h->pcpus[0].timer_ns[TIMER_ACCT], 30 * MSEC);
}

/* ---- credit and caps ---- */

/* Grants of 100 and 200 for weights of 256 and 512 (facts 2.10). */
static void test_grants(void **state)
{
	vcpu_t *a, *b;

	(void)state;
	host(1, 1, 1);
	a = hog(0);
	b = hog(0);
	sched_adjust(&t.cx, b->domain, 512, -1);
	tiny_run(&t, 30 * MSEC);
	/* a ran for all 30 ms: 10 - 30; b: 20. Their mean is zero already. */
	assert_int_equal(a->credit.credit_ns, -20 * MSEC);
	assert_int_equal(b->credit.credit_ns, 20 * MSEC);
	assert_int_equal(a->credit.pri, CREDIT_OVER);
	assert_int_equal(b->credit.pri, CREDIT_UNDER);
	tiny_run(&t, 900 * MSEC);
	assert_int_equal(vcpu_runstate_ns(a, RUNSTATE_running, t.cx.now), 300 * MSEC);
}

/* A domain's weight counts for each of its vCPUs, or for all of them together. */
/*
 * What a sleeper leaves goes to the others by their weights; also when the accounting, each 30 ms, finds it awake every
 * now and then.
 */
static void test_weights_beside_a_sleeper(void **state)
{
	vcpu_t *dom0, *heavy;
	s64 all, part;

	(void)state;
	host(1, 1, 1);
	dom0 = hog(0);
	heavy = hog(0);
	hog(0);
	assert_int_equal(sched_adjust(&t.cx, heavy->domain, 1024, 0), 0);
	for (u32 i = 0; i < 1000; i++) {
		t.cx.cpu = 0;
		vcpu_block(&t.cx, dom0);
		tiny_run(&t, t.cx.now + 19 * MSEC);
		unblock(dom0);
		tiny_run(&t, t.cx.now + MSEC);
	}
	all = t.cx.now - vcpu_runstate_ns(dom0, RUNSTATE_running, t.cx.now);
	part = vcpu_runstate_ns(heavy, RUNSTATE_running, t.cx.now);
	assert_in_range(1000 * part / all, 790, 810);
}

/*
 * Sleepers that are owed all that one can be, because they are kept from the CPU by the ratelimit, do not push the hogs
 * into debt, where their weights would not count.
 */
static void test_weights_beside_many_sleepers(void **state)
{
	vcpu_t *sleeper[4], *heavy;
	domain_t *light;
	s64 all;

	(void)state;
	host(1, 1, 1);
	for (u32 i = 0; i < 4; i++)
		sleeper[i] = hog(0);
	heavy = hog(0);
	light = hog(0)->domain;
	assert_int_equal(sched_adjust(&t.cx, heavy->domain, 1024, 0), 0);
	for (u32 i = 0; i < 8000; i++) {
		for (u32 k = 0; k < 4; k++) {
			t.cx.cpu = 0;
			vcpu_block(&t.cx, sleeper[k]);
		}
		tiny_run(&t, t.cx.now + 700 * USEC);
		for (u32 k = 0; k < 4; k++)
			unblock(sleeper[k]);
		tiny_run(&t, t.cx.now + 300 * USEC);
	}
	all = vcpu_runstate_ns(heavy, RUNSTATE_running, t.cx.now) +
	      vcpu_runstate_ns(tiny_vcpu(light, 0), RUNSTATE_running, t.cx.now);
	assert_in_range(1000 * vcpu_runstate_ns(heavy, RUNSTATE_running, t.cx.now) / all, 780, 820);
}

static void test_weight_of(void **state)
{
	domain_t *one, *three;
	struct credit_params p;

	(void)state;
	for (u32 of_domain = 0; of_domain < 2; of_domain++) {
		s64 ran;

		host(1, 1, 1);
		p = pool->credit.params;
		p.weight_of_domain = (u8)of_domain;
		sched_adjust_global_credit(&t.cx, pool, &p);
		one = tiny_domain(&t, pool, 1, 0);
		three = tiny_domain(&t, pool, 3, 0);
		tiny_run(&t, 3600 * MSEC);
		ran = vcpu_runstate_ns(tiny_vcpu(one, 0), RUNSTATE_running, t.cx.now);
		assert_in_range(ran, (of_domain ? 1740 : 840) * MSEC, (of_domain ? 1860 : 960) * MSEC);
		assert_int_equal(three->nr_vcpus, 3);
		if (!of_domain)
			tiny_free(&t);
	}
}

/* The budget ends to the ns; parked is offline, and not paused; back it comes without BOOST. */
static void test_cap(void **state)
{
	vcpu_t *v;
	s64 ran;

	(void)state;
	host(1, 1, 1);
	v = hog(0);
	assert_int_equal(sched_adjust(&t.cx, v->domain, 0, 50), 0);
	tiny_run(&t, 15 * MSEC - 1);
	assert_ptr_equal(curr(0), v);
	tiny_run(&t, 15 * MSEC);
	assert_true(curr(0)->is_idle);
	assert_int_equal(v->pause_flags, VPF_parked);
	assert_int_equal(v->pause_count + v->domain->pause_count, 0);
	assert_int_equal(v->runstate, RUNSTATE_offline);
	tiny_run(&t, 30 * MSEC);
	assert_ptr_equal(curr(0), v);
	assert_int_equal(v->parked_ns, 15 * MSEC);
	assert_int_not_equal(v->credit.pri, CREDIT_BOOST);
	tiny_run(&t, 600 * MSEC - 1);
	ran = vcpu_runstate_ns(v, RUNSTATE_running, t.cx.now);
	assert_int_equal(ran, 300 * MSEC);
	/* Without a cap it runs at once. */
	assert_int_equal(v->pause_flags, VPF_parked);
	assert_int_equal(sched_adjust(&t.cx, v->domain, 0, 0), 0);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), v);
}

/* Sleep does not save a budget of more than a period, nor does parking end by waking up. */
static void test_cap_of_a_sleeper(void **state)
{
	vcpu_t *v;
	s64 ran;

	(void)state;
	host(1, 1, 1);
	v = hog(0);
	assert_int_equal(sched_adjust(&t.cx, v->domain, 0, 20), 0);
	tiny_run(&t, 1 * MSEC);
	block(v);
	tiny_run(&t, 1000 * MSEC);
	unblock(v);
	ran = vcpu_runstate_ns(v, RUNSTATE_running, t.cx.now);
	tiny_run(&t, 1018 * MSEC); /* up to the accounting at 1020 ms */
	assert_true(vcpu_runstate_ns(v, RUNSTATE_running, t.cx.now) - ran <= 6 * MSEC);
	assert_int_equal(v->pause_flags, VPF_parked);
	vcpu_wake(&t.cx, v);
	tiny_settle(&t);
	assert_true(curr(0)->is_idle);
}

/* A cap of less than 100 us for each vCPU and period. */
static void test_small_cap_of_many(void **state)
{
	domain_t *d;
	s64 sum = 0;

	(void)state;
	host(1, 1, 1);
	d = tiny_domain(&t, pool, 16, 0);
	assert_int_equal(sched_adjust(&t.cx, d, 0, 1), 0);
	tiny_run(&t, 6000 * MSEC);
	tiny_each_vcpu(v, d)
	{
		assert_true(vcpu_runstate_ns(v, RUNSTATE_running, t.cx.now) >= 2 * MSEC);
		sum += vcpu_runstate_ns(v, RUNSTATE_running, t.cx.now);
	}
	assert_in_range(sum, 59 * MSEC, 61 * MSEC);
}

/*
 * With no correction on, Xen's pattern of whole periods: a cap of 10 runs one and rests nine, 25
 * one and three, 50 two and two (facts 2.10).
 */
static void test_xen_caps(void **state)
{
	static const struct {
		s32 cap;
		u32 on, off;
	} pattern[] = { { 10, 1, 9 }, { 25, 1, 3 }, { 50, 2, 2 } };

	(void)state;
	for (u32 k = 0; k < 3; k++) {
		bool ran[60];
		vcpu_t *v;
		u32 first = 20;

		host(1, 1, 1);
		set_param(set_mend, 0);
		v = hog(0);
		assert_int_equal(sched_adjust(&t.cx, v->domain, 0, pattern[k].cap), 0);
		for (u32 i = 0; i < 60; i++) {
			tiny_run(&t, i * 30 * MSEC + 15 * MSEC);
			ran[i] = curr(0) == v;
		}
		while (ran[first] || !ran[first + 1])
			first++;
		for (u32 i = first + 1; i + pattern[k].on + pattern[k].off < 60; i += pattern[k].on + pattern[k].off) {
			for (u32 j = 0; j < pattern[k].on; j++)
				assert_true(ran[i + j]);
			for (u32 j = 0; j < pattern[k].off; j++)
				assert_false(ran[i + pattern[k].on + j]);
		}
		if (k < 2)
			tiny_free(&t);
	}
}

/* ORDER changes the shape of the queues: not while anybody may be in them. */
static void test_order_needs_an_empty_pool(void **state)
{
	struct credit_params p;

	(void)state;
	host(1, 1, 1);
	hog(0);
	p = pool->credit.params;
	p.mend &= ~(u32)CREDIT_MEND_ORDER;
	tiny_remember(&t);
	assert_int_equal(sched_adjust_global_credit(&t.cx, pool, &p), -SCHED_EBUSY);
	tiny_unchanged(&t, "sched_adjust_global_credit");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, done)
	const struct CMUnitTest tests[] = {
		TEST(test_boost_on_wake),
		TEST(test_boost_ends_by_use),
		TEST(test_no_boost_after_migration),
		TEST(test_no_boost_of_over),
		TEST(test_ratelimit),
		TEST(test_slices),
		TEST(test_yield),
		TEST(test_yield_to_where_it_waits),
		TEST(test_yield_to_comes),
		TEST(test_yield_to_where_a_sibling_is_alone),
		TEST(test_yield_to_and_back),
		TEST(test_yield_to_on_the_way_out),
		TEST(test_yield_to_spares_a_waker),
		TEST(test_steal_own_node_first),
		TEST(test_steal_soft_first),
		TEST(test_steal_only_better),
		TEST(test_migration_delay),
		TEST(test_idle_core_first),
		TEST(test_other_node_by_factor_two),
		TEST(test_soft_then_hard),
		TEST(test_one_idler_for_each),
		TEST(test_tickle_one_or_all),
		TEST(test_push),
		TEST(test_tick),
		TEST(test_grants),
		TEST(test_weights_beside_a_sleeper),
		TEST(test_weights_beside_many_sleepers),
		TEST(test_weight_of),
		TEST(test_cap),
		TEST(test_cap_of_a_sleeper),
		TEST(test_small_cap_of_many),
		TEST(test_xen_caps),
		TEST(test_order_needs_an_empty_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
