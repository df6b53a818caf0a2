/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: credit2 rule by rule: how run queues are arranged, burn and reset, slices, ratelimit, wake-ups within
 * it, yields, tickling on hosts with SMT and soft affinity, pulling, caps and parking, vCPUs created under a cap, moves
 * between run queues, and which parameters are refused; with the corrections, and without where Xen does otherwise.
 */
#include "../property/tiny_host.h"

#define SECOND (1000 * MSEC)

static struct tiny t;
static cpupool_t *pool;

static struct credit2_params params(void)
{
	return pool->credit2.params;
}

/* A pool under credit2 whose parameters are set before it gets its pCPUs. */
static void host_with(u32 ncpu, u32 arrangement, u32 most, u32 mend)
{
	struct credit2_params p;

	assert_int_equal(cpupool_create(&t.cx, 0, SCHED_ID_credit2), 0);
	pool = &t.h->pools[0];
	p = params();
	p.runqueue = (u8)arrangement;
	p.max_cpus_runqueue = most;
	p.mend = mend;
	assert_int_equal(sched_adjust_global_credit2(&t.cx, pool, &p), 0);
	for (u32 i = 0; i < ncpu; i++)
		assert_int_equal(cpupool_add_cpu(&t.cx, 0, (s32)i), 0);
	tiny_settle(&t);
}

static void host(u32 ncpu, u32 threads, u32 nodes, u32 arrangement, u32 mend)
{
	tiny_init(&t, ncpu, threads, nodes);
	snprintf(t.where, sizeof(t.where), "unit test");
	host_with(ncpu, arrangement, 16, mend);
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

static vcpu_t *weighing(s32 weight, u64 hard)
{
	vcpu_t *v = hog(hard);

	assert_int_equal(sched_adjust(&t.cx, v->domain, weight, -1), 0);
	tiny_settle(&t);
	return v;
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

static void forward(s64 ns)
{
	tiny_run(&t, t.cx.now + ns);
}

static s64 ran(vcpu_t *v)
{
	return vcpu_runstate_ns(v, RUNSTATE_running, t.cx.now);
}

static s64 credit_of(vcpu_t *v)
{
	s64 c = v->credit2.credit_ns + v->credit2.runq->granted_ns - v->credit2.granted_ns;

	return c > 10500 * USEC ? 10500 * USEC : c;
}

#define assert_about(a, b, off) assert_in_range((a) - (b) + (off), 0, 2 * (off))

/* ---- run queues ---- */

static u32 nr_runqs(void)
{
	u32 n = 0;

	for (link_t *l = pool->credit2.runqs.next; l != &pool->credit2.runqs; l = l->next)
		n++;
	return n;
}

static bool together(u32 a, u32 b)
{
	return t.h->pcpus[a].credit2.runq == t.h->pcpus[b].credit2.runq;
}

static void test_arrangements(void **state)
{
	static const u32 expect[] = { 16, 8, 2, 2, 1 }; /* 2 nodes of 4 cores of 2 threads */

	(void)state;
	for (u32 a = CREDIT2_PER_CPU; a <= CREDIT2_ALL; a++) {
		host(16, 2, 2, a, CREDIT2_MEND_ALL);
		assert_int_equal(nr_runqs(), expect[a]);
		assert_int_equal(together(0, 1), a >= CREDIT2_PER_CORE);
		assert_int_equal(together(0, 7), a >= CREDIT2_PER_SOCKET);
		assert_int_equal(together(0, 8), a == CREDIT2_ALL);
		tiny_free(&t);
	}
	host(16, 2, 2, CREDIT2_ALL, CREDIT2_MEND_ALL);
}

/* Sockets larger than max_cpus_runqueue are split evenly, cores never. */
static void test_big_sockets_are_split(void **state)
{
	static const u32 queues[] = { 0, 6, 6, 6, 3 };

	(void)state;
	for (u32 most = 1; most <= 4; most++) {
		tiny_init(&t, 12, 2, 1);
		host_with(12, CREDIT2_PER_SOCKET, most, CREDIT2_MEND_ALL);
		assert_int_equal(nr_runqs(), queues[most]);
		for (u32 c = 0; c < 12; c += 2)
			assert_true(together(c, c + 1));
		tiny_free(&t);
	}
	host(1, 1, 1, CREDIT2_ALL, CREDIT2_MEND_ALL);
}

/* A run queue ends with its last pCPU, and the next one takes its id. */
static void test_runqs_come_and_go(void **state)
{
	(void)state;
	host(4, 1, 2, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	assert_int_equal(nr_runqs(), 2);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 2), 0);
	assert_int_equal(nr_runqs(), 2);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 3), 0);
	assert_int_equal(nr_runqs(), 1);
	assert_int_equal(cpupool_add_cpu(&t.cx, 0, 3), 0);
	tiny_settle(&t);
	assert_int_equal(nr_runqs(), 2);
	assert_int_equal(t.h->pcpus[3].credit2.runq->id, 1);
}

/* ---- credit ---- */

/* The heaviest burns 1 credit a ns, others as many times more; a reset comes when the best has none, for all. */
static void test_burn_and_reset(void **state)
{
	vcpu_t *heavy, *light;

	(void)state;
	host(1, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	heavy = weighing(512, 0);
	light = weighing(256, 0);
	forward(3 * SECOND);
	assert_int_equal(heavy->credit2.runq->max_weight, 512);
	assert_about(ran(heavy) * 1000 / ran(light), 2000, 10);
	/* 10 ms of credit are 10 ms of the heavy one's time and 5 ms of the light one's. */
	assert_about(heavy->credit2.runq->granted_ns, 2 * SECOND, 20 * MSEC);
}

static void test_saved_credit_is_bounded(void **state)
{
	vcpu_t *sleeper, *a;

	(void)state;
	host(1, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	sleeper = hog(0);
	block(sleeper);
	a = hog(0);
	hog(0);
	forward(500 * MSEC);
	assert_int_equal(credit_of(sleeper), 10500 * USEC);
	assert_true(credit_of(a) <= 10500 * USEC && credit_of(a) >= -10 * MSEC);
}

static void test_weights_of_a_run_queue(void **state)
{
	vcpu_t *a, *b;

	(void)state;
	host(1, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	a = weighing(1000, 0);
	b = weighing(300, 0);
	assert_int_equal(a->credit2.runq->max_weight, 1000);
	assert_int_equal(sched_adjust(&t.cx, a->domain, 200, -1), 0);
	assert_int_equal(a->credit2.runq->max_weight, 300);
	block(curr(0) == b ? b : curr(0));
	assert_int_equal(a->credit2.runq->max_weight, 300); /* asleep or not */
}

/* ---- slices, ratelimit ---- */

/* Alone: 10 ms, so that resets come. Against an equal: no less than the ratelimit, 1 ms. */
static void test_slices(void **state)
{
	vcpu_t *a;

	(void)state;
	host(1, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	a = hog(0);
	forward(100 * MSEC);
	assert_int_equal(t.h->pcpus[0].next_slice_ns, 10 * MSEC);
	hog(0);
	forward(100 * MSEC);
	assert_in_range(t.h->pcpus[0].next_slice_ns, 1 * MSEC, 2 * MSEC);
	assert_ptr_equal(a->domain->pool, pool);
}

/*
 * Who wakes while another is within its ratelimit: runs at the end of that. In Xen nobody looks again before the slice
 * ends.
 */
static void wake_within_ratelimit(u32 mend, s64 expect)
{
	vcpu_t *sleeper, *a;
	s64 woke;

	host(1, 1, 1, CREDIT2_PER_SOCKET, mend);
	sleeper = hog(0);
	block(sleeper);
	a = hog(0);
	forward(21 * MSEC);
	block(a);
	unblock(a);
	forward(500 * USEC);
	woke = t.cx.now;
	unblock(sleeper);
	while (curr(0) != sleeper && t.cx.now < woke + 50 * MSEC)
		forward(50 * USEC);
	assert_about(t.cx.now - woke, expect, 100 * USEC);
	tiny_free(&t);
}

static void test_wake_within_ratelimit(void **state)
{
	struct credit2_params p;

	(void)state;
	wake_within_ratelimit(CREDIT2_MEND_ALL, 500 * USEC);
	wake_within_ratelimit(0, 8500 * USEC);
	/* Without a ratelimit it preempts at once. */
	host(1, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	p = params();
	p.ratelimit_ns = 0;
	assert_int_equal(sched_adjust_global_credit2(&t.cx, pool, &p), 0);
	vcpu_t *sleeper = hog(0), *a;

	block(sleeper);
	a = hog(0);
	forward(5 * MSEC);
	assert_ptr_equal(curr(0), a);
	unblock(sleeper);
	assert_ptr_equal(curr(0), sleeper);
}

/* A yield lets in who has less credit; the next decision knows nothing of it. */
static void test_yield(void **state)
{
	vcpu_t *a, *b;

	(void)state;
	host(1, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	a = hog(0);
	b = weighing(64, 0);
	forward(40 * MSEC);
	while (curr(0) != a || credit_of(b) >= credit_of(a))
		forward(100 * USEC);
	t.cx.cpu = 0;
	vcpu_yield(&t.cx, a);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), b);
	assert_int_equal(a->credit2.flags & CREDIT2_YIELD, 0);
}

/* Its state not yet saved, a vCPU that wakes is queued when it is. */
static void test_wake_before_saved(void **state)
{
	vcpu_t *a, *b;

	(void)state;
	host(2, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	a = hog(1);
	b = hog(1);
	t.save_ns = 100 * USEC;
	forward(20 * MSEC);
	a = curr(0);
	b = a == b ? tiny_vcpu(&t.h->domains[0], 0) : b;
	t.cx.cpu = 0;
	vcpu_block(&t.cx, a);
	tiny_effects(&t);
	tiny_schedule(&t, 0);
	assert_true(a->is_running);
	vcpu_unblock(&t.cx, a);
	assert_false(a->credit2.queued);
	assert_true(a->credit2.flags & CREDIT2_DELAYED_ADD);
	tiny_quiesce(&t);
	assert_true(a->credit2.queued || curr(0) == a);
	assert_ptr_equal(b->processor, &t.h->pcpus[0]);
}

/* ---- tickling ---- */

static void test_idle_core_first(void **state)
{
	struct cpumask m;
	vcpu_t *v;

	(void)state;
	host(4, 2, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	v = hog(0x3);
	block(v);
	hog(0x1);
	/* pCPU 1 idles, but its core does not; pCPU 2 and 3 are an idle core. */
	assert_int_equal(vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 0xe), NULL), 0);
	unblock(v);
	assert_in_range(v->processor->id, 2, 3);
}

static void smt_power_savings(u32 mend)
{
	struct credit2_params p;
	vcpu_t *a, *b;

	host(4, 2, 1, CREDIT2_PER_SOCKET, mend);
	p = params();
	p.smt_power_savings = 1;
	assert_int_equal(sched_adjust_global_credit2(&t.cx, pool, &p), 0);
	a = hog(0);
	b = hog(0);
	assert_int_equal(a->processor->core, b->processor->core);
	tiny_free(&t);
}

static void test_smt_power_savings(void **state)
{
	(void)state;
	smt_power_savings(CREDIT2_MEND_ALL);
	smt_power_savings(0);
	host(1, 1, 1, CREDIT2_ALL, CREDIT2_MEND_ALL);
}

static void test_soft_then_hard(void **state)
{
	struct cpumask soft;
	vcpu_t *v;

	(void)state;
	host(4, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	v = hog(0);
	block(v);
	assert_int_equal(vcpu_set_affinity(&t.cx, v, NULL, tiny_mask(&soft, 0x4)), 0);
	unblock(v);
	assert_int_equal(v->processor->id, 2);
	block(v);
	hog(0x4);
	unblock(v); /* taken: anywhere else, at once */
	assert_int_not_equal(v->processor->id, 2);
	assert_ptr_equal(v->processor->curr, v);
}

static void test_pinned_goes_home(void **state)
{
	vcpu_t *v;

	(void)state;
	host(4, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	v = hog(0x8);
	assert_true(v->credit2.flags & CREDIT2_PINNED);
	block(v);
	forward(MSEC);
	unblock(v);
	assert_ptr_equal(curr(3), v);
}

/* An idle pCPU of the queue takes whoever waits, whatever its credit. */
static void test_idle_takes_who_waits(void **state)
{
	vcpu_t *a, *b;

	(void)state;
	host(2, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	a = hog(0x1);
	b = hog(0x1);
	hog(0x2);
	forward(20 * MSEC);
	assert_int_equal(vcpu_set_affinity(&t.cx, a, &t.h->all_cpus, NULL), 0);
	assert_int_equal(vcpu_set_affinity(&t.cx, b, &t.h->all_cpus, NULL), 0);
	tiny_settle(&t);
	block(curr(1));
	assert_false(curr(0)->is_idle || curr(1)->is_idle);
}

/* ---- between run queues ---- */

/* A pCPU with nothing to do serves other run queues; Xen's waits for a credit reset there. */
static void pull(u32 mend, bool pulled)
{
	u32 alone;

	host(2, 1, 2, CREDIT2_PER_SOCKET, mend);
	for (u32 i = 0; i < 3; i++)
		hog(0);
	forward(5 * MSEC);
	alone = t.h->pcpus[0].credit2.runq->nr_vcpus == 1 ? 0 : 1;
	assert_int_equal(t.h->pcpus[alone].credit2.runq->nr_vcpus, 1);
	block(curr(alone));
	assert_int_equal(!curr(alone)->is_idle, pulled);
	tiny_free(&t);
}

static void test_pull(void **state)
{
	(void)state;
	pull(CREDIT2_MEND_ALL, true);
	pull(CREDIT2_MEND_ALL & ~(u32)CREDIT2_MEND_PULL, false);
	host(1, 1, 1, CREDIT2_ALL, CREDIT2_MEND_ALL);
}

/* Three hogs and two run queues: nobody has two thirds for good. */
static void uneven(u32 mend, s64 least, s64 most)
{
	vcpu_t *v[3];

	host(2, 1, 2, CREDIT2_PER_SOCKET, mend);
	for (u32 i = 0; i < 3; i++)
		v[i] = hog(0);
	forward(3 * SECOND);
	for (u32 i = 0; i < 3; i++)
		assert_in_range(ran(v[i]) * 100 / t.cx.now, least, most);
	tiny_free(&t);
}

static void test_even(void **state)
{
	(void)state;
	uneven(CREDIT2_MEND_ALL, 65, 68);
	host(1, 1, 1, CREDIT2_ALL, CREDIT2_MEND_ALL);
}

/* Balancing: four hogs in one queue, none in the other, go two and two. */
static void test_balance(void **state)
{
	vcpu_t *v[4];
	u32 n = 0;

	(void)state;
	host(2, 1, 2, CREDIT2_PER_SOCKET, 0);
	for (u32 i = 0; i < 4; i++)
		v[i] = hog(0x1);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(vcpu_set_affinity(&t.cx, v[i], &t.h->all_cpus, NULL), 0);
	forward(3 * SECOND);
	for (u32 i = 0; i < 4; i++)
		n += v[i]->credit2.runq == t.h->pcpus[1].credit2.runq;
	assert_int_equal(n, 2);
}

/* Loads: a hog's tends to 1 pCPU, the run queue's to how many contend. */
static void test_load(void **state)
{
	vcpu_t *a;
	s64 one;

	(void)state;
	host(1, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	one = 1LL << params().load_precision_shift;
	a = hog(0);
	hog(0);
	hog(0);
	forward(6 * SECOND);
	assert_about(a->credit2.runq->avgload, 3 * one, one / 20);
	assert_int_equal(a->credit2.runq->load, 3);
	a = curr(0);
	block(a);
	assert_int_equal(a->credit2.avgload, one);
	assert_int_equal(a->credit2.runq->load, 2);
}

/* Credit is worth the same time in a queue whose heaviest weighs otherwise. */
static void test_credit_keeps_its_worth(void **state)
{
	struct cpumask m;
	vcpu_t *v;
	s64 before;

	(void)state;
	host(2, 1, 2, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL & ~(u32)CREDIT2_MEND_EVEN);
	weighing(1024, 0x2);
	v = weighing(256, 0x1);
	hog(0x1);
	forward(2 * MSEC);
	block(v->processor->curr == v ? v : curr(0));
	v = curr(0);
	v = v == tiny_vcpu(&t.h->domains[1], 0) ? tiny_vcpu(&t.h->domains[2], 0) : tiny_vcpu(&t.h->domains[1], 0);
	before = credit_of(v);
	assert_int_equal(vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 0x2), NULL), 0);
	assert_ptr_equal(v->credit2.runq, t.h->pcpus[1].credit2.runq);
	assert_about(credit_of(v), before * 4 > 10500 * USEC ? 10500 * USEC : before * 4, USEC);
}

/* ---- caps ---- */

static void test_cap(void **state)
{
	domain_t *d;
	vcpu_t *v;

	(void)state;
	host(1, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	v = hog(0);
	d = v->domain;
	assert_int_equal(sched_adjust(&t.cx, d, 0, 30), 0);
	tiny_settle(&t);
	forward(SECOND);
	assert_about(ran(v), 300 * MSEC, 4 * MSEC);
	assert_true(d->credit2.capped);
	/* A new cap holds from the next period on; none frees at once. */
	assert_int_equal(sched_adjust(&t.cx, d, 0, 60), 0);
	forward(SECOND);
	assert_about(ran(v), 900 * MSEC, 10 * MSEC);
	while (!(v->pause_flags & VPF_parked))
		forward(100 * USEC);
	assert_true(v->runstate == RUNSTATE_offline && curr(0)->is_idle);
	assert_int_equal(sched_adjust(&t.cx, d, 0, 0), 0);
	tiny_settle(&t);
	assert_ptr_equal(curr(0), v);
	assert_true(v->parked_ns > 0);
}

/* A cap is the domain's: four vCPUs have as much of it together as one. */
static void test_cap_of_many(void **state)
{
	domain_t *d;
	s64 sum = 0;

	(void)state;
	host(4, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	d = tiny_domain(&t, pool, 4, 0);
	assert_int_equal(sched_adjust(&t.cx, d, 0, 150), 0);
	tiny_settle(&t);
	forward(2 * SECOND);
	tiny_each_vcpu(v, d) sum += ran(v);
	assert_about(sum, 3 * SECOND, 15 * MSEC);
	/* All of them get some. */
	tiny_each_vcpu(v, d) assert_true(ran(v) > sum / 8);
}

/* Who is created in a capped domain is capped; in Xen not before the cap is set again. */
static void created_under_a_cap(u32 mend, bool capped)
{
	domain_t *d;
	vcpu_t *v;

	host(1, 1, 1, CREDIT2_PER_SOCKET, mend);
	d = hog(0)->domain;
	assert_int_equal(sched_adjust(&t.cx, d, 0, 20), 0);
	v = vcpu_create(&t.cx, d, NULL, NULL);
	vcpu_up(&t.cx, v);
	tiny_settle(&t);
	forward(SECOND);
	assert_int_equal(ran(v) < 210 * MSEC, capped);
	assert_int_equal(v->credit2.budget_ns != TIME_NEVER, capped);
	tiny_free(&t);
}

static void test_created_under_a_cap(void **state)
{
	(void)state;
	created_under_a_cap(CREDIT2_MEND_ALL, true);
	created_under_a_cap(0, false);
	host(1, 1, 1, CREDIT2_ALL, CREDIT2_MEND_ALL);
}

/* A weight beside a cap that is refused is refused with it; Xen's has been set by then. */
static void test_adjust_is_whole(void **state)
{
	domain_t *d;

	(void)state;
	host(1, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	d = hog(0)->domain;
	tiny_remember(&t);
	assert_int_equal(sched_adjust(&t.cx, d, 512, 101), -SCHED_EINVAL);
	tiny_unchanged(&t, "sched_adjust");
	assert_int_equal(d->weight, 256);
}

/* What a vCPU doesn't use of its quota the others may. */
static void test_budget_is_given_back(void **state)
{
	domain_t *d;
	vcpu_t *a, *b;

	(void)state;
	host(2, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	d = tiny_domain(&t, pool, 2, 0);
	a = tiny_vcpu(d, 0);
	b = tiny_vcpu(d, 1);
	assert_int_equal(sched_adjust(&t.cx, d, 0, 100), 0);
	tiny_settle(&t);
	forward(100 * MSEC);
	while (a->processor->curr != a)
		forward(100 * USEC);
	block(a);
	forward(SECOND);
	assert_true(ran(b) > 900 * MSEC);
}

/* ---- parameters ---- */

static void test_parameters(void **state)
{
#define BAD(field, value) \
	do { \
		struct credit2_params p = params(); \
\
		p.field = value; \
		tiny_remember(&t); \
		assert_int_equal(sched_adjust_global_credit2(&t.cx, pool, &p), -SCHED_EINVAL); \
		tiny_unchanged(&t, "sched_adjust_global_credit2"); \
	} while (0)
	struct credit2_params p;

	(void)state;
	host(2, 1, 1, CREDIT2_PER_SOCKET, CREDIT2_MEND_ALL);
	BAD(ratelimit_ns, 99 * USEC);
	BAD(ratelimit_ns, 500 * MSEC + 1);
	BAD(ratelimit_ns, -1);
	BAD(cap_period_ns, 999 * USEC);
	BAD(cap_period_ns, 1001 * MSEC);
	BAD(migrate_resist_ns, -1);
	BAD(migrate_resist_ns, 10 * MSEC + 1);
	BAD(load_window_shift, 10);
	BAD(load_window_shift, 35);
	BAD(load_precision_shift, 3);
	BAD(load_precision_shift, 21);
	BAD(balance_under, -5);
	BAD(balance_over, 7);
	BAD(runqueue, CREDIT2_ALL + 1);
	BAD(smt_power_savings, 2);
	BAD(max_cpus_runqueue, 0);
	BAD(max_cpus_runqueue, SCHED_MAX_PCPUS + 1);
	BAD(mend, CREDIT2_MEND_ALL + 1);
	/* Fixed once the pool has a pCPU. */
	p = params();
	p.runqueue = CREDIT2_ALL;
	assert_int_equal(sched_adjust_global_credit2(&t.cx, pool, &p), -SCHED_EBUSY);
	p = params();
	p.max_cpus_runqueue = 1;
	assert_int_equal(sched_adjust_global_credit2(&t.cx, pool, &p), -SCHED_EBUSY);
	p = params();
	p.ratelimit_ns = 0;
	p.cap_period_ns = 20 * MSEC;
	assert_int_equal(sched_adjust_global_credit2(&t.cx, pool, &p), 0);
	assert_int_equal(params().cap_period_ns, 20 * MSEC);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, done)
	const struct CMUnitTest tests[] = {
		TEST(test_arrangements),
		TEST(test_big_sockets_are_split),
		TEST(test_runqs_come_and_go),
		TEST(test_burn_and_reset),
		TEST(test_saved_credit_is_bounded),
		TEST(test_weights_of_a_run_queue),
		TEST(test_slices),
		TEST(test_wake_within_ratelimit),
		TEST(test_yield),
		TEST(test_wake_before_saved),
		TEST(test_idle_core_first),
		TEST(test_smt_power_savings),
		TEST(test_soft_then_hard),
		TEST(test_pinned_goes_home),
		TEST(test_idle_takes_who_waits),
		TEST(test_pull),
		TEST(test_even),
		TEST(test_balance),
		TEST(test_load),
		TEST(test_credit_keeps_its_worth),
		TEST(test_cap),
		TEST(test_cap_of_many),
		TEST(test_created_under_a_cap),
		TEST(test_adjust_is_whole),
		TEST(test_budget_is_given_back),
		TEST(test_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
