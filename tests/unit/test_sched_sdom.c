/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: scheduling domains: a domain and its activation domains have together the share and the cap of the one,
 * under rtds, rtxen and sedf its budget, whoever of them wants how much; each has its own again when it is detached;
 * they move together; what is destroyed is detached; and what makes no sense is refused and changes nothing.
 */
#include "../property/tiny_host.h"

#define SECOND (1000 * MSEC)

static struct tiny t;
static cpupool_t *pool;
static u32 sched;

static void host(u32 ncpu)
{
	tiny_init(&t, ncpu, 1, 1);
	snprintf(t.where, sizeof(t.where), "unit test under %s", sched_name(sched));
	assert_int_equal(cpupool_create(&t.cx, 0, sched), 0);
	pool = &t.h->pools[0];
	for (u32 i = 0; i < ncpu; i++)
		assert_int_equal(cpupool_add_cpu(&t.cx, 0, (s32)i), 0);
	tiny_settle(&t);
}

static domain_t *domain(u32 nr_vcpus, s32 weight, s32 cap)
{
	domain_t *d = tiny_domain(&t, pool, nr_vcpus, 0);

	assert_int_equal(sched_adjust(&t.cx, d, weight, cap), 0);
	tiny_settle(&t);
	return d;
}

static void attach(domain_t *sdom, domain_t *adom)
{
	assert_int_equal(sdom_attach(&t.cx, sdom, adom), 0);
	tiny_settle(&t);
}

static s64 ran(domain_t *d)
{
	s64 sum = 0;

	tiny_each_vcpu(v, d) sum += vcpu_runstate_ns(v, RUNSTATE_running, t.cx.now);
	return sum;
}

/* v wants the CPU for @on of each @period, as the clock goes. */
static void run_duty(vcpu_t *v, s64 on, s64 period, s64 until)
{
	while (t.cx.now < until) {
		t.cx.cpu = v->processor->id;
		vcpu_unblock(&t.cx, v);
		tiny_run(&t, t.cx.now + on);
		t.cx.cpu = v->processor->id;
		vcpu_block(&t.cx, v);
		tiny_run(&t, t.cx.now + period - on);
	}
}

/* Percent of all pCPUs that `d` and `adoms` got since they had @before. */
static double percent(domain_t *d, domain_t **adoms, u32 n, s64 before, s64 since)
{
	s64 sum = ran(d) - before;

	for (u32 i = 0; i < n; i++)
		sum += ran(adoms[i]);
	return 100.0 * (double)sum / (double)((t.cx.now - since) * t.ncpu);
}

#define near(value, expect, by) \
	do { \
		double v_ = (value), e_ = (expect); \
\
		if (v_ < e_ - (by) || v_ > e_ + (by)) \
			fail_msg("%s: %s is %.2f and not %.2f", sched_name(sched), #value, v_, e_); \
	} while (0)

/* k vCPUs of weight w and n activation domains of one hog each, against a neighbour of k hogs of weight 256. */
static void shares(u32 k, u32 n, s32 weight)
{
	domain_t *sdom, *other, *adom[4];
	s64 before, since, first = 0;

	host(k);
	sdom = domain(k, weight, 0);
	other = domain(k, 256, 0);
	for (u32 i = 0; i < n; i++) {
		adom[i] = domain(1, 4096, 0); /* a weight that would be seen */
		attach(sdom, adom[i]);
	}
	tiny_run(&t, 2 * SECOND);
	before = ran(sdom);
	since = t.cx.now;
	for (u32 i = 0; i < n; i++)
		first += ran(adom[i]);
	tiny_run(&t, since + 20 * SECOND);
	near(percent(sdom, adom, n, before + first, since), 100.0 * weight / (weight + 256), 1.0);
	for (u32 i = 0; i < n; i++)
		assert_true(ran(adom[i]) > SECOND / 10); /* nobody starves */
	assert_true(ran(sdom) > SECOND / 10 && ran(other) > SECOND);
	tiny_free(&t);
}

static void test_shares(void **state)
{
	(void)state;
	for (u32 k = 1; k <= 4; k *= 2)
		for (u32 n = 1; n <= 4; n++) {
			shares(k, n, 256);
			shares(k, n, 512);
			shares(k, n, 128);
		}
	host(1);
}

/* An activation domain that wants the CPU now and then: what it gets the scheduling domain doesn't. */
static void duty(s64 on, s64 period)
{
	domain_t *sdom, *adom;
	s64 before;

	host(1);
	sdom = domain(1, 256, 0);
	domain(1, 256, 0);
	adom = domain(1, 256, 0);
	attach(sdom, adom);
	run_duty(tiny_vcpu(adom, 0), on, period, 2 * SECOND);
	before = ran(sdom) + ran(adom);
	run_duty(tiny_vcpu(adom, 0), on, period, 22 * SECOND);
	near(percent(sdom, &adom, 1, before, 2 * SECOND), 50.0, 1.0);
	tiny_free(&t);
}

static void test_duty(void **state)
{
	(void)state;
	duty(500 * USEC, 5 * MSEC);
	duty(2 * MSEC, 10 * MSEC);
	duty(5 * MSEC, 20 * MSEC);
	host(1);
}

/*
 * An activation domain that seldom wants the CPU, but then while the accounting looks (every 30 ms), costs its
 * scheduling domain what it runs, and not the part of one that always wants it.
 */
static void test_seldom(void **state)
{
	domain_t *sdom, *adom;
	s64 before, since;

	(void)state;
	host(1);
	sdom = domain(1, 256, 0);
	domain(1, 256, 0);
	adom = domain(1, 256, 0);
	attach(sdom, adom);
	tiny_run(&t, (t.cx.now / (60 * MSEC) + 1) * 60 * MSEC - 500 * USEC);
	run_duty(tiny_vcpu(adom, 0), MSEC, 60 * MSEC, 3 * SECOND);
	since = t.cx.now;
	before = ran(sdom) + ran(adom);
	run_duty(tiny_vcpu(adom, 0), MSEC, 60 * MSEC, 23 * SECOND);
	near(percent(sdom, &adom, 1, before, since), 50.0, 0.5);
	tiny_free(&t);
	host(1);
}

/* The scheduling domain sleeps and only its activation domains work: theirs is its share. */
static void test_sleeping_sdom(void **state)
{
	(void)state;
	for (u32 n = 1; n <= 3; n++) {
		domain_t *sdom, *adom[3];
		s64 since;

		host(1);
		sdom = domain(1, 256, 0);
		tiny_run(&t, 20 * MSEC);
		vcpu_block(&t.cx, tiny_vcpu(sdom, 0));
		tiny_settle(&t);
		domain(1, 256, 0);
		for (u32 i = 0; i < n; i++) {
			adom[i] = domain(1, 256, 0);
			attach(sdom, adom[i]);
		}
		since = t.cx.now;
		tiny_run(&t, since + 20 * SECOND);
		near(percent(sdom, adom, n, ran(sdom), since), 50.0, 1.5);
		tiny_free(&t);
	}
	host(1);
}

/* One cap for all of them, and the scheduling domain's. */
static void test_cap(void **state)
{
	(void)state;
	for (u32 n = 1; n <= 3; n++) {
		domain_t *sdom, *adom[3];
		s64 since, before = 0;

		host(2);
		sdom = domain(2, 256, 80);
		for (u32 i = 0; i < n; i++) {
			adom[i] = domain(1, 256, i ? 0 : 100);
			attach(sdom, adom[i]);
		}
		domain(1, 256, 0);
		tiny_run(&t, SECOND);
		since = t.cx.now;
		for (u32 i = 0; i < n; i++)
			before += ran(adom[i]);
		before += ran(sdom);
		tiny_run(&t, since + 20 * SECOND);
		near(percent(sdom, adom, n, before, since), 40.0, 0.5);
		/* Another cap for all, none for all. */
		assert_int_equal(sched_adjust(&t.cx, sdom, 0, 40), 0);
		tiny_run(&t, t.cx.now + SECOND);
		since = t.cx.now;
		before = ran(sdom);
		for (u32 i = 0; i < n; i++)
			before += ran(adom[i]);
		tiny_run(&t, since + 20 * SECOND);
		near(percent(sdom, adom, n, before, since), 20.0, 0.5);
		assert_int_equal(sched_adjust(&t.cx, sdom, 0, 0), 0);
		tiny_settle(&t);
		tiny_each_vcpu(v, adom[0]) assert_false(v->pause_flags & VPF_parked);
		tiny_free(&t);
	}
	host(1);
}

/* Detached, each has its own record again: weight and cap as they were set, also while it was attached. */
static void test_detach(void **state)
{
	domain_t *sdom, *adom;
	s64 since, a, b;

	(void)state;
	host(1);
	sdom = domain(1, 256, 0);
	adom = domain(1, 256, 0);
	attach(sdom, adom);
	assert_int_equal(sched_adjust(&t.cx, adom, 512, -1), 0);
	tiny_run(&t, 3 * SECOND);
	assert_int_equal(sdom_detach(&t.cx, adom), 0);
	assert_int_equal(sdom_detach(&t.cx, adom), -SCHED_ENOENT);
	tiny_run(&t, 4 * SECOND);
	since = t.cx.now;
	a = ran(sdom);
	b = ran(adom);
	tiny_run(&t, since + 20 * SECOND);
	near(100.0 * (double)(ran(adom) - b) / (20.0 * SECOND), 66.7, 1.0);
	near(100.0 * (double)(ran(sdom) - a) / (20.0 * SECOND), 33.3, 1.0);
	assert_int_equal(sched_adjust(&t.cx, adom, 0, 20), 0);
	attach(sdom, adom);
	tiny_run(&t, t.cx.now + SECOND);
	b = ran(adom);
	tiny_run(&t, t.cx.now + 4 * SECOND);
	assert_true(ran(adom) - b > SECOND); /* its cap does not count there */
	assert_int_equal(sdom_detach(&t.cx, adom), 0);
	tiny_run(&t, t.cx.now + SECOND);
	b = ran(adom);
	tiny_run(&t, t.cx.now + 10 * SECOND);
	near((double)(ran(adom) - b) / (0.1 * SECOND), 20.0, 0.5);
}

static void test_refused(void **state)
{
	domain_t *a, *b, *c, *there;

	(void)state;
	host(2);
	a = domain(1, 256, 0);
	b = domain(1, 256, 0);
	c = domain(1, 256, 0);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 1), -SCHED_EAGAIN);
	tiny_settle(&t);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 1), 0);
	assert_int_equal(cpupool_create(&t.cx, 1, SCHED_ID_null), 1);
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, 1), 0);
	tiny_settle(&t);
	there = tiny_domain(&t, &t.h->pools[1], 1, 0);
	tiny_settle(&t);
	tiny_remember(&t);
	assert_int_equal(sdom_attach(&t.cx, a, a), -SCHED_EINVAL);
	assert_int_equal(sdom_attach(&t.cx, a, there), -SCHED_EINVAL);
	tiny_unchanged(&t, "sdom_attach");
	attach(a, b);
	tiny_remember(&t);
	assert_int_equal(sdom_attach(&t.cx, b, c), -SCHED_EINVAL); /* no chains */
	assert_int_equal(sdom_attach(&t.cx, c, a), -SCHED_EINVAL);
	assert_int_equal(sdom_attach(&t.cx, c, b), -SCHED_EEXIST);
	assert_int_equal(sdom_attach(&t.cx, a, b), -SCHED_EEXIST);
	assert_int_equal(cpupool_move_domain(&t.cx, b, 1), -SCHED_EBUSY); /* not alone */
	tiny_unchanged(&t, "sdom_attach");
	a = tiny_domain(&t, &t.h->pools[1], 1, 0);
	tiny_settle(&t);
	tiny_remember(&t);
	assert_int_equal(sdom_attach(&t.cx, there, a), -SCHED_EOPNOTSUPP);
	tiny_unchanged(&t, "sdom_attach");
}

/*
 * They move together; under a policy that knows no scheduling domains each is for itself, and again when they return.
 */
static void test_move(void **state)
{
	domain_t *sdom, *adom;

	(void)state;
	host(4);
	sdom = domain(2, 512, 0);
	adom = domain(1, 64, 0);
	attach(sdom, adom);
	for (s32 i = 3; i >= 2; i--) {
		while (cpupool_rm_cpu(&t.cx, 0, i))
			tiny_settle(&t);
	}
	assert_int_equal(cpupool_create(&t.cx, 1, SCHED_ID_rtds), 1);
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, 2), 0);
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, 3), 0);
	tiny_settle(&t);
	for (s32 to = 1; to >= 0; to--) {
		while (cpupool_move_domain(&t.cx, sdom, to))
			tiny_settle(&t);
		tiny_run(&t, t.cx.now + SECOND);
		assert_ptr_equal(adom->pool, &t.h->pools[to]);
		assert_ptr_equal(sdom->pool, &t.h->pools[to]);
		assert_ptr_equal(adom->sdom, sdom);
		assert_true(sdom->weight == 512 && adom->weight == 64 && !adom->pause_count && !adom->moving);
	}
	assert_int_equal(t.h->pools[1].nr_domains, 0);
}

/* A scheduling domain that ends while it is being moved leaves nobody paused. */
static void test_destroy(void **state)
{
	domain_t *sdom, *adom, *second;

	(void)state;
	host(2);
	sdom = domain(1, 256, 0);
	adom = domain(1, 256, 0);
	second = domain(1, 256, 0);
	attach(sdom, adom);
	attach(sdom, second);
	while (cpupool_rm_cpu(&t.cx, 0, 1))
		tiny_settle(&t);
	assert_int_equal(cpupool_create(&t.cx, 1, sched), 1);
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, 1), 0);
	tiny_settle(&t);
	while (domain_destroy(&t.cx, second))
		tiny_settle(&t);
	assert_int_equal(sdom->nr_accounted, 2);
	tiny_run(&t, t.cx.now + 15 * MSEC);
	assert_int_equal(cpupool_move_domain(&t.cx, sdom, 1), -SCHED_EAGAIN);
	assert_true(adom->moving && adom->pause_count == 1);
	tiny_settle(&t);
	while (domain_destroy(&t.cx, sdom))
		tiny_settle(&t);
	tiny_settle(&t);
	assert_null(adom->sdom);
	assert_int_equal(adom->pause_count, 0);
	assert_int_equal(adom->nr_accounted, 1);
	assert_ptr_equal(t.h->pcpus[0].curr, tiny_vcpu(adom, 0));
}

/* ---- under schedulers of servers: activation domains ride in the scheduling domain's (unit.c) ---- */

/* All its vCPUs are servers of @budget ms in 10, with nothing beyond. */
static void serve(domain_t *d, u32 budget)
{
	struct rt_params p = { .period_ns = 10 * MSEC, .budget_ns = budget * MSEC, .phase_ns = -1 };

	tiny_each_vcpu(v, d) assert_int_equal(sched_adjust_vcpu(&t.cx, v, &p), 0);
	tiny_settle(&t);
}

static domain_t *server(u32 nr_vcpus, u32 budget)
{
	domain_t *d = tiny_domain(&t, pool, nr_vcpus, 0);

	serve(d, budget);
	return d;
}

/* k servers of @budget of 10 ms and n activation domains of a hog each, which own 9 of 10, beside k of 5 of 10. */
static void served(u32 k, u32 n, u32 budget)
{
	domain_t *sdom, *other, *adom[4];
	s64 before, since, first = 0, theirs;

	host(k);
	sdom = server(k, budget);
	other = server(k, 5);
	for (u32 i = 0; i < n; i++) {
		adom[i] = server(1, 9);
		attach(sdom, adom[i]);
	}
	tiny_run(&t, SECOND);
	before = ran(sdom);
	theirs = ran(other);
	since = t.cx.now;
	for (u32 i = 0; i < n; i++)
		first += ran(adom[i]);
	tiny_run(&t, since + 10 * SECOND);
	near(percent(sdom, adom, n, before + first, since), 10.0 * budget, 1.0);
	near(100.0 * (double)(ran(other) - theirs) / (double)(k * (t.cx.now - since)), 50.0, 1.0);
	for (u32 i = 0; i < n; i++)
		assert_true(ran(adom[i]) > SECOND / 10); /* nobody starves */
	assert_true(ran(sdom) - before > SECOND / 10);
	tiny_free(&t);
}

static void test_served(void **state)
{
	(void)state;
	for (u32 k = 1; k <= 4; k *= 2)
		for (u32 n = 1; n <= 4; n++)
			served(k, n, 1 + (k + n) % 4);
	host(1);
}

/* The scheduling domain sleeps: its budget is there for those who work for it, and no more than that. */
static void test_served_asleep(void **state)
{
	domain_t *sdom, *adom;
	s64 since, first;

	(void)state;
	host(1);
	sdom = server(1, 4);
	server(1, 5);
	adom = server(1, 9);
	tiny_run(&t, 20 * MSEC);
	vcpu_block(&t.cx, tiny_vcpu(sdom, 0));
	tiny_settle(&t);
	attach(sdom, adom);
	tiny_run(&t, SECOND);
	since = t.cx.now;
	first = ran(adom);
	tiny_run(&t, since + 10 * SECOND);
	near(100.0 * (double)(ran(adom) - first) / (10.0 * SECOND), 40.0, 1.0);
}

/* Detached, each has its own server again, with what was set meanwhile; attached, one with none has its budget. */
static void test_served_detach(void **state)
{
	domain_t *sdom, *adom;
	s64 since, a, b;

	(void)state;
	host(1);
	sdom = server(1, 4);
	adom = server(1, 2);
	attach(sdom, adom);
	serve(adom, 3);
	tiny_run(&t, SECOND);
	since = t.cx.now;
	a = ran(sdom);
	b = ran(adom);
	tiny_run(&t, since + 10 * SECOND);
	near((double)(ran(sdom) + ran(adom) - a - b) / (0.1 * SECOND), 40.0, 1.0);
	assert_int_equal(sdom_detach(&t.cx, adom), 0);
	tiny_run(&t, t.cx.now + SECOND);
	since = t.cx.now;
	a = ran(sdom);
	b = ran(adom);
	tiny_run(&t, since + 10 * SECOND);
	near((double)(ran(sdom) - a) / (0.1 * SECOND), 40.0, 1.0);
	near((double)(ran(adom) - b) / (0.1 * SECOND), 30.0, 1.0);
}

/* Riders leave a server that is unplugged for those that are left, and come back. */
static void test_served_unplug(void **state)
{
	domain_t *sdom, *adom;

	(void)state;
	host(2);
	sdom = server(2, 4);
	adom = server(4, 4);
	attach(sdom, adom);
	tiny_each_vcpu(v, adom) assert_ptr_equal(v->unit, tiny_vcpu(sdom, v->id % 2));
	vcpu_down(&t.cx, tiny_vcpu(sdom, 1));
	tiny_run(&t, t.cx.now + SECOND);
	tiny_each_vcpu(v, adom) assert_ptr_equal(v->unit, tiny_vcpu(sdom, 0));
	tiny_each_vcpu(v, adom) assert_true(ran(adom) > 0);
	vcpu_up(&t.cx, tiny_vcpu(sdom, 1));
	tiny_run(&t, t.cx.now + SECOND);
	tiny_each_vcpu(v, adom) assert_ptr_equal(v->unit, tiny_vcpu(sdom, v->id % 2));
}

/* Who wakes is served before the scheduling domain goes on, while there is budget: within two switches. */
static void test_served_at_once(void **state)
{
	domain_t *sdom, *adom;
	vcpu_t *r;

	(void)state;
	host(1);
	sdom = server(1, 9);
	adom = server(1, 1);
	r = tiny_vcpu(adom, 0);
	vcpu_block(&t.cx, r);
	tiny_settle(&t);
	attach(sdom, adom);
	for (u32 i = 0; i < 100; i++) {
		tiny_run(&t, (t.cx.now / (10 * MSEC) + 1) * 10 * MSEC + 3 * MSEC);
		t.cx.cpu = 0;
		vcpu_unblock(&t.cx, r);
		tiny_settle(&t);
		assert_ptr_equal(t.h->pcpus[0].curr, r);
		tiny_run(&t, t.cx.now + 100 * USEC);
		t.cx.cpu = 0;
		vcpu_block(&t.cx, r);
		tiny_settle(&t);
		assert_ptr_equal(t.h->pcpus[0].curr, tiny_vcpu(sdom, 0));
	}
}

static int under_credit(void **state)
{
	(void)state;
	sched = SCHED_ID_credit;
	return 0;
}

static int under_credit2(void **state)
{
	(void)state;
	sched = SCHED_ID_credit2;
	return 0;
}

static int under_rtds(void **state)
{
	(void)state;
	sched = SCHED_ID_rtds;
	return 0;
}

static int under_rtxen(void **state)
{
	(void)state;
	sched = SCHED_ID_rtxen;
	return 0;
}

static int under_sedf(void **state)
{
	(void)state;
	sched = SCHED_ID_sedf;
	return 0;
}

static int done(void **state)
{
	(void)state;
	tiny_free(&t);
	return 0;
}

int main(void)
{
#define TEST(f) \
	{ #f " under credit", f, under_credit, done, NULL }, \
	{ \
		#f " under credit2", f, under_credit2, done, NULL \
	}
#define SERVED(f) \
	{ #f " under rtds", f, under_rtds, done, NULL }, { #f " under rtxen", f, under_rtxen, done, NULL }, \
	{ \
		#f " under sedf", f, under_sedf, done, NULL \
	}
	const struct CMUnitTest tests[] = {
		TEST(test_shares),
		TEST(test_duty),
		TEST(test_seldom),
		TEST(test_sleeping_sdom),
		TEST(test_cap),
		TEST(test_detach),
		TEST(test_refused),
		TEST(test_move),
		TEST(test_destroy),
		SERVED(test_served),
		SERVED(test_served_asleep),
		SERVED(test_served_detach),
		SERVED(test_served_unplug),
		SERVED(test_served_at_once),
		SERVED(test_refused),
		SERVED(test_move),
		{ "test_destroy under rtds", test_destroy, under_rtds, done, NULL },
		{ "test_destroy under sedf", test_destroy, under_sedf, done, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
