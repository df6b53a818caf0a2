/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the real-time engine on several pCPUs: who gives way to a server that can wait no longer (`rush`), who
 * doesn't, and that it is off where Xen's or plain EDF is asked for. Unit of time: 1 ms.
 */
#include "../property/tiny_host.h"

#define U MSEC

struct lab {
	struct tiny t;
	cpupool_t *pool;
};

static void lab_init(struct lab *l, u32 sched, u32 rush)
{
	struct rt_pool_params p;

	memset(l, 0, sizeof(*l));
	tiny_init(&l->t, 2, 1, 1);
	assert_int_equal(cpupool_create(&l->t.cx, 0, sched), 0);
	assert_int_equal(cpupool_add_cpu(&l->t.cx, 0, 0), 0);
	assert_int_equal(cpupool_add_cpu(&l->t.cx, 0, 1), 0);
	l->pool = &l->t.h->pools[0];
	p = l->pool->rt.params;
	assert_int_equal(p.rush, sched == SCHED_ID_rtds); /* on by default in rtds alone */
	p.rush = (u8)rush;
	assert_int_equal(sched_adjust_global_rt(&l->t.cx, l->pool, &p, RT_AT_ONCE), 0);
	tiny_settle(&l->t);
}

/* Has work from 0 on; its period ends at @end. */
static vcpu_t *server(struct lab *l, s64 budget, s64 period, s64 end)
{
	vcpu_t *v = vcpu_create(&l->t.cx, domain_create(&l->t.cx, l->pool, -1), NULL, NULL);
	struct rt_params p = { .period_ns = period * U / 10, .budget_ns = budget * U / 10, .phase_ns = end * U / 10 };

	assert_int_equal(sched_adjust_vcpu(&l->t.cx, v, &p), 0);
	vcpu_up(&l->t.cx, v);
	tiny_settle(&l->t);
	return v;
}

static s64 ran(struct lab *l, vcpu_t *v, s64 at)
{
	tiny_run(&l->t, at * U / 10);
	return vcpu_runstate_ns(v, RUNSTATE_running, l->t.cx.now) / (U / 10);
}

/*
 * a: 4.5 until 8, b: 7 until 9, s: 6 of 10. s, last in order, must begin by 4. EDF lets it wait for a until 4.5, and it
 * has only 5.5 at 10. Rushing it takes b's pCPU at 4, b goes on where a was, and all have their budgets.
 */
static void test_rush(void **state)
{
	for (u32 sched = SCHED_ID_rtds;; sched = SCHED_ID_rtxen) {
		for (u32 rush = 0; rush < 2; rush++) {
			struct lab l;
			vcpu_t *a, *b, *s;

			(void)state;
			lab_init(&l, sched, rush);
			a = server(&l, 45, 80, 80);
			b = server(&l, 70, 300, 90);
			s = server(&l, 60, 100, 100);
			assert_int_equal(ran(&l, s, 40), 0);
			assert_int_equal(ran(&l, s, 45), rush ? 5 : 0);
			assert_int_equal(ran(&l, a, 80), 45);
			assert_int_equal(ran(&l, b, 90), 70);
			assert_int_equal(ran(&l, s, 100), rush ? 60 : 55);
			tiny_free(&l.t);
		}
		if (sched == SCHED_ID_rtxen)
			break;
	}
}

/* b's period is not longer: it keeps its pCPU, whatever becomes of s. */
static void test_rush_not(void **state)
{
	struct lab l;
	vcpu_t *b, *s;

	(void)state;
	lab_init(&l, SCHED_ID_rtds, 1);
	server(&l, 45, 80, 80);
	b = server(&l, 70, 100, 90);
	s = server(&l, 60, 100, 100);
	assert_int_equal(ran(&l, s, 45), 0);
	assert_int_equal(ran(&l, b, 70), 70);
	tiny_free(&l.t);
}

/* Who comes late in its period, with more budget than time, was promised nothing. */
static void test_late_comer(void **state)
{
	struct lab l;
	vcpu_t *b, *s;

	(void)state;
	lab_init(&l, SCHED_ID_rtds, 1);
	server(&l, 45, 80, 80);
	b = server(&l, 70, 300, 90);
	s = server(&l, 60, 100, 95); /* its period began at -5 */
	assert_int_equal(ran(&l, s, 45), 0);
	assert_int_equal(ran(&l, s, 50), 5); /* a's pCPU is free */
	assert_int_equal(ran(&l, b, 70), 70);
	tiny_free(&l.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rush),
		cmocka_unit_test(test_rush_not),
		cmocka_unit_test(test_late_comer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
