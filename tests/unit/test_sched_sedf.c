/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: sedf alone: who runs when by earliest deadline, what a wake-up within, before and after the period gets,
 * the latency, an overrun, the time left over, where vCPUs go, and what is refused. Facts: 7 of
 * xen-credit2-rtds-null-arinc653-sedf.md. Unit of time: 1 ms.
 */
#include "../property/tiny_host.h"

#define U MSEC

struct lab {
	struct tiny t;
	cpupool_t *pool;
};

static void lab_init(struct lab *l, u32 cpus)
{
	memset(l, 0, sizeof(*l));
	tiny_init(&l->t, cpus, 1, 1);
	assert_int_equal(cpupool_create(&l->t.cx, 0, SCHED_ID_sedf), 0);
	for (u32 i = 0; i < cpus; i++)
		assert_int_equal(cpupool_add_cpu(&l->t.cx, 0, (s32)i), 0);
	l->pool = &l->t.h->pools[0];
	tiny_settle(&l->t);
}

static struct rt_params params(s64 slice, s64 period, u32 extratime)
{
	return (struct rt_params){
		.period_ns = period * U, .budget_ns = slice * U, .phase_ns = -1, .extratime = (u8)extratime
	};
}

static vcpu_t *lab_vcpu(struct lab *l, s64 slice, s64 period, u32 extratime, s64 latency)
{
	vcpu_t *v = vcpu_create(&l->t.cx, domain_create(&l->t.cx, l->pool, -1), NULL, NULL);
	struct rt_params p = params(slice, period, extratime);

	p.latency_ns = latency * U;
	assert_int_equal(sched_adjust_vcpu(&l->t.cx, v, &p), 0);
	tiny_settle(&l->t);
	return v;
}

static void up(struct lab *l, vcpu_t *v)
{
	vcpu_up(&l->t.cx, v);
	tiny_settle(&l->t);
}

static void block(struct lab *l, vcpu_t *v)
{
	vcpu_block(&l->t.cx, v);
	tiny_settle(&l->t);
}

static void wake(struct lab *l, vcpu_t *v)
{
	vcpu_unblock(&l->t.cx, v);
	tiny_settle(&l->t);
}

/* How long v has run, in us. */
static s64 ran(struct lab *l, vcpu_t *v)
{
	return vcpu_runstate_ns(v, RUNSTATE_running, l->t.cx.now) / USEC;
}

static void expect(struct lab *l, s64 at, vcpu_t *v)
{
	tiny_run(&l->t, at * U);
	if (l->t.h->pcpus[0].curr != v)
		fail_msg("at %lld: domain %u runs", (long long)at, l->t.h->pcpus[0].curr->domain->id);
}

/* (2,5) and (4,10): EDF, the running one among equals, nobody beyond its slice. */
static void test_edf(void **state)
{
	struct lab l;
	vcpu_t *a, *b, *idle;

	(void)state;
	lab_init(&l, 1);
	a = lab_vcpu(&l, 2, 5, 0, 0);
	b = lab_vcpu(&l, 4, 10, 0, 0);
	idle = l.t.h->pcpus[0].idle;
	up(&l, a);
	up(&l, b);
	/* a until 2 (deadline 5), b until 5; then a's deadline is 10 as b's is: b goes on. a 6 - 8, nobody until 10. */
	for (s64 at = 0; at < 100; at += 10) {
		expect(&l, at, a);
		expect(&l, at + 2, b);
		expect(&l, at + 5, b);
		expect(&l, at + 6, a);
		expect(&l, at + 8, idle);
	}
	tiny_run(&l.t, 100 * U);
	assert_int_equal(ran(&l, a), 40000);
	assert_int_equal(ran(&l, b), 40000);
	tiny_free(&l.t);
}

/* Full: three that add up to the whole pCPU all get their slices, every period. */
static void test_full(void **state)
{
	static const s64 slice[3] = { 1, 5, 10 }, period[3] = { 4, 20, 20 };
	struct lab l;
	vcpu_t *v[3];

	(void)state;
	lab_init(&l, 1);
	for (u32 i = 0; i < 3; i++)
		v[i] = lab_vcpu(&l, slice[i], period[i], 0, 0);
	for (u32 i = 0; i < 3; i++)
		up(&l, v[i]);
	for (s64 at = 20; at < 2000; at += 20) {
		tiny_run(&l.t, at * U);
		for (u32 i = 0; i < 3; i++)
			assert_int_equal(ran(&l, v[i]), at * slice[i] * 1000 / period[i]);
	}
	tiny_free(&l.t);
}

/*
 * A wake-up within the period: the rest of the slice is forfeited, and given from what is left over before others get
 * any; the next period has its own slice whole.
 */
static void test_short_block(void **state)
{
	struct lab l;
	vcpu_t *a, *other;

	(void)state;
	lab_init(&l, 1);
	a = lab_vcpu(&l, 4, 10, 0, 0);
	other = lab_vcpu(&l, 0, 100, 1, 0); /* lives on what is left */
	up(&l, a);
	up(&l, other);
	expect(&l, 1, a);
	block(&l, a);
	expect(&l, 2, other);
	wake(&l, a); /* 1 of 4 used: 3 are forfeited, and nobody else's slice needs the time */
	expect(&l, 2, a);
	assert_int_equal(a->sedf.lost_ns, 3 * U);
	expect(&l, 5, other);
	assert_int_equal(ran(&l, a), 4000);
	expect(&l, 9, other);
	expect(&l, 10, a); /* the new period, its slice whole */
	expect(&l, 14, other);
	assert_int_equal(ran(&l, a), 8000);
	tiny_free(&l.t);
}

/* The same beside another's slice: what was forfeited waits for that. */
static void test_short_block_beside(void **state)
{
	struct lab l;
	vcpu_t *a, *b;

	(void)state;
	lab_init(&l, 1);
	a = lab_vcpu(&l, 4, 10, 0, 0);
	b = lab_vcpu(&l, 6, 20, 0, 0);
	up(&l, a);
	up(&l, b);
	expect(&l, 1, a);
	block(&l, a);
	expect(&l, 2, b);
	wake(&l, a);
	expect(&l, 2, b);
	expect(&l, 7, a); /* b's slice is used: 3 of the time that is left */
	expect(&l, 10, a); /* its own, which ends at 14 */
	expect(&l, 14, l.t.h->pcpus[0].idle);
	assert_int_equal(ran(&l, a), 1000 + 3000 + 4000);
	assert_int_equal(ran(&l, b), 6000);
	tiny_free(&l.t);
}

/* A long sleep: the period begins with the wake-up. Before the next period: it is waited for. */
static void test_long_block(void **state)
{
	struct lab l;
	vcpu_t *a;

	(void)state;
	lab_init(&l, 1);
	a = lab_vcpu(&l, 4, 10, 0, 0);
	up(&l, a);
	expect(&l, 1, a);
	block(&l, a);
	expect(&l, 13, l.t.h->pcpus[0].idle);
	wake(&l, a);
	expect(&l, 13, a);
	assert_int_equal(a->sedf.deadline_ns, 23 * U);
	expect(&l, 17, l.t.h->pcpus[0].idle); /* used: the next begins at 23 */
	block(&l, a);
	tiny_run(&l.t, 19 * U);
	wake(&l, a);
	expect(&l, 22, l.t.h->pcpus[0].idle);
	expect(&l, 23, a);
	assert_int_equal(a->sedf.deadline_ns, 33 * U);
	tiny_free(&l.t);
}

/*
 * The latency: beside a slice that would go first, the first of a long sleeper comes within it, in proportion, then
 * twice as much in twice the time, until all is as it was. Without one it comes at the end of the period.
 */
static void test_latency(void **state)
{
	for (s64 latency = 0; latency <= 10; latency += 10) {
		struct lab l;
		vcpu_t *a, *b;
		s64 wait = -1, got;

		(void)state;
		lab_init(&l, 1);
		a = lab_vcpu(&l, 20, 80, 0, latency);
		b = lab_vcpu(&l, 60, 80, 0, 0);
		up(&l, a);
		expect(&l, 1, a);
		block(&l, a);
		tiny_run(&l.t, 99 * U);
		up(&l, b); /* until 179 */
		tiny_run(&l.t, 100 * U);
		wake(&l, a); /* without a latency: until 180 */
		got = ran(&l, a);
		for (s64 at = 0; wait < 0 && at <= 80; at++) {
			tiny_run(&l.t, (100 + at) * U);
			if (ran(&l, a) > got || l.t.h->pcpus[0].curr == a)
				wait = at;
		}
		/* b has run from 99 on. With a latency a's deadline, 110, is before b's. */
		assert_int_equal(wait, latency ? 0 : 59);
		if (latency) {
			/* 2.5 in the first 10, 5 in the next 20, 10 in the next 40, then 20 of 80. */
			static const s64 end[4] = { 110, 130, 170, 250 }, sum[4] = { 2500, 7500, 17500, 37500 };

			for (u32 i = 0; i < 4; i++) {
				tiny_run(&l.t, end[i] * U);
				assert_int_equal(ran(&l, a) - got, sum[i]);
			}
			assert_int_equal(a->sedf.period_ns, 80 * U);
			assert_int_equal(a->sedf.slice_ns, 20 * U);
		}
		/* Nobody has lost by it: b has its 60 of each 80. */
		if (!latency) {
			tiny_run(&l.t, (99 + 80) * U);
			assert_int_equal(ran(&l, b), 60000);
		}
		tiny_run(&l.t, (99 + 160) * U);
		assert_int_equal(ran(&l, b), 120000);
		tiny_free(&l.t);
	}
}

/* A timer that is 7 late: the overrun is paid from the next slices, whole. */
static void test_overrun(void **state)
{
	struct lab l;
	vcpu_t *a, *idle;

	(void)state;
	lab_init(&l, 1);
	a = lab_vcpu(&l, 2, 10, 0, 0);
	idle = l.t.h->pcpus[0].idle;
	up(&l, a);
	l.t.cx.now = 9 * U; /* the slice ended at 2, and nobody came */
	tiny_settle(&l.t);
	assert_ptr_equal(l.t.h->pcpus[0].curr, idle);
	/* 9 of 2 a period: those of 10, 20 and 30 are gone, and half of 40's. */
	expect(&l, 39, idle);
	expect(&l, 40, a);
	expect(&l, 41, idle);
	expect(&l, 50, a);
	expect(&l, 52, idle);
	assert_int_equal(ran(&l, a), 9000 + 1000 + 2000);
	tiny_free(&l.t);
}

/* What is left over goes by slice/period, or by weight: 256 counts as 1/128. */
static void test_spare(void **state)
{
	struct lab l;
	vcpu_t *a, *b, *c, *d;
	s64 sum;

	(void)state;
	lab_init(&l, 1);
	a = lab_vcpu(&l, 10, 100, 1, 0);
	b = lab_vcpu(&l, 20, 100, 1, 0);
	c = lab_vcpu(&l, 0, 100, 1, 0);
	d = lab_vcpu(&l, 10, 100, 0, 0); /* wants no more */
	assert_int_equal(sched_adjust(&l.t.cx, c->domain, 3277, -1), 0); /* 12.8 times 256: a tenth */
	up(&l, a);
	up(&l, b);
	up(&l, c);
	up(&l, d);
	tiny_run(&l.t, 10000 * U);
	/* 60 % are left, and go as 1 : 2 : 1. */
	assert_int_equal(ran(&l, d), 1000000);
	sum = ran(&l, a) + ran(&l, b) + ran(&l, c) + ran(&l, d);
	assert_int_equal(sum, 10000000);
	assert_in_range(ran(&l, a), 2499000, 2501000);
	assert_in_range(ran(&l, b), 4999000, 5001000);
	assert_in_range(ran(&l, c), 1499000, 1501000);
	/* Who was away begins where the others are: it neither catches up nor is put behind. */
	block(&l, c);
	tiny_run(&l.t, 20000 * U);
	wake(&l, c);
	sum = ran(&l, c);
	tiny_run(&l.t, 30000 * U);
	assert_in_range(ran(&l, c) - sum, 1499000, 1501000);
	tiny_free(&l.t);
}

/* To the pCPU with the least load; an affinity is kept, and a change of it places anew. */
static void test_placement(void **state)
{
	struct lab l;
	struct cpumask m;
	vcpu_t *v[4], *idle;

	(void)state;
	lab_init(&l, 2);
	v[0] = lab_vcpu(&l, 6, 10, 0, 0);
	v[1] = lab_vcpu(&l, 3, 10, 0, 0);
	v[2] = lab_vcpu(&l, 3, 10, 0, 0);
	v[3] = lab_vcpu(&l, 1, 10, 0, 0);
	for (u32 i = 0; i < 4; i++)
		up(&l, v[i]);
	assert_int_equal(v[0]->processor->id, 0);
	assert_int_equal(v[1]->processor->id, 1);
	assert_int_equal(v[2]->processor->id, 1);
	assert_in_range(v[3]->processor->id, 0, 1);
	tiny_run(&l.t, 100 * U);
	assert_int_equal(ran(&l, v[0]), 60000);
	assert_int_equal(ran(&l, v[1]), 30000);
	assert_int_equal(ran(&l, v[2]), 30000);
	assert_int_equal(vcpu_set_affinity(&l.t.cx, v[2], tiny_mask(&m, 1), NULL), 0);
	tiny_settle(&l.t);
	assert_int_equal(v[2]->processor->id, 0);
	tiny_run(&l.t, 1100 * U);
	assert_in_range(ran(&l, v[0]), 659000, 660000);
	assert_in_range(ran(&l, v[2]), 329000, 330000);
	/* A pCPU leaves: what it had goes on elsewhere. */
	for (u32 i = 0; cpupool_rm_cpu(&l.t.cx, 0, 1) == -SCHED_EAGAIN && i < 3; i++)
		tiny_settle(&l.t);
	tiny_settle(&l.t);
	assert_int_equal(v[1]->processor->id, 0);
	assert_true(l.t.h->pcpus[0].sedf.nr == 4);
	idle = l.t.h->pcpus[1].idle;
	assert_ptr_equal(l.t.h->pcpus[1].curr, idle);
	tiny_free(&l.t);
}

/* Values out of range change nothing. What a vCPU was given goes with it to another pool and back. */
static void test_parameters(void **state)
{
	struct rt_params bad[] = { params(4, 10, 0), params(4, 10, 0), params(4, 10, 0), params(4, 10, 0),
				   params(0, 10, 0), params(4, 10, 2), params(4, 10, 0), params(4, 10, 0) },
			 good;
	struct lab l;
	vcpu_t *v;

	(void)state;
	bad[0].period_ns = 9 * USEC;
	bad[1].period_ns = SEDF_MAX_PERIOD_NS + 1;
	bad[2].budget_ns = SEDF_MIN_SLICE_NS - 1;
	bad[3].budget_ns = 10 * U + 1;
	bad[6].latency_ns = -1;
	bad[7].latency_ns = 10 * U + 1;
	lab_init(&l, 2);
	v = lab_vcpu(&l, 4, 10, 0, 2);
	up(&l, v);
	for (u32 i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tiny_remember(&l.t);
		assert_int_equal(sched_adjust_vcpu(&l.t.cx, v, &bad[i]), -SCHED_EINVAL);
		assert_int_equal(v->rt_params.budget_ns, 4 * U);
		assert_int_equal(v->rt_params.latency_ns, 2 * U);
	}
	/* A new slice is in force from the next period on. */
	v = lab_vcpu(&l, 4, 10, 0, 0);
	up(&l, v);
	good = params(1, 20, 0);
	assert_int_equal(sched_adjust_vcpu(&l.t.cx, v, &good), 0);
	tiny_run(&l.t, 10 * U);
	assert_int_equal(ran(&l, v), 4000);
	tiny_run(&l.t, 90 * U);
	assert_int_equal(ran(&l, v), 4000 + 4000);
	/* A new vCPU has no slice, and what is left over. */
	v = vcpu_create(&l.t.cx, domain_create(&l.t.cx, l.pool, -1), NULL, NULL);
	assert_int_equal(v->rt_params.period_ns, 100 * U);
	assert_int_equal(v->rt_params.budget_ns, 0);
	assert_int_equal(v->rt_params.extratime, 1);
	tiny_free(&l.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edf),	  cmocka_unit_test(test_full),
		cmocka_unit_test(test_short_block), cmocka_unit_test(test_short_block_beside),
		cmocka_unit_test(test_long_block),  cmocka_unit_test(test_latency),
		cmocka_unit_test(test_overrun),	  cmocka_unit_test(test_spare),
		cmocka_unit_test(test_placement), cmocka_unit_test(test_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
