/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: cpupools. Each operation's errors in the order in which Xen's cpupool_op checks
 * them (a call that is wrong in two ways gets the first), removal of a pCPU in its halves, who
 * accounts when the master leaves, and what a domain takes along when it moves.
 */
#include "../property/tiny_host.h"

static struct tiny t;

static void host(u32 ncpu)
{
	tiny_init(&t, ncpu, 1, 1);
	snprintf(t.where, sizeof(t.where), "unit test");
}

static int done(void **state)
{
	(void)state;
	tiny_free(&t);
	return 0;
}

static void test_create(void **state)
{
	(void)state;
	host(2);
	assert_int_equal(cpupool_create(&t.cx, 0, SCHED_ID_credit), 0);
	assert_int_equal(cpupool_create(&t.cx, 2, SCHED_ID_credit), 2);
	/* "Any" is the id after the last, and the first gap when that is at the end. */
	assert_int_equal(cpupool_create(&t.cx, CPUPOOL_ANY, SCHED_ID_credit), 3);
	assert_int_equal(cpupool_create(&t.cx, CPUPOOL_ANY, SCHED_ID_credit), 1);
	/* Too many, before a used id, before an unknown scheduler. */
	assert_int_equal(cpupool_create(&t.cx, CPUPOOL_ANY, 4), -SCHED_ENOSPC);
	assert_int_equal(cpupool_create(&t.cx, TINY_POOLS, 3), -SCHED_ENOSPC);
	assert_int_equal(cpupool_create(&t.cx, 2, 3), -SCHED_ENOSPC);
	assert_int_equal(cpupool_destroy(&t.cx, 1), 0);
	assert_int_equal(cpupool_create(&t.cx, 2, 3), -SCHED_EEXIST);
	assert_int_equal(cpupool_destroy(&t.cx, 2), 0);
	assert_int_equal(cpupool_create(&t.cx, 2, 3), -SCHED_ENOENT);
	assert_int_equal(cpupool_create(&t.cx, 2, SCHED_NONE), -SCHED_ENOENT);
	assert_false(t.h->pools[2].used);
	assert_int_equal(sched_find("credit"), SCHED_ID_credit);
	assert_int_equal(sched_find("bvt"), -SCHED_ENOENT);
}

static void test_destroy(void **state)
{
	domain_t *d;

	(void)state;
	host(3);
	tiny_pool(&t, 0, 1);
	tiny_pool(&t, 1, 2);
	assert_int_equal(cpupool_destroy(&t.cx, -1), -SCHED_ENOENT);
	assert_int_equal(cpupool_destroy(&t.cx, 2), -SCHED_ENOENT);
	assert_int_equal(cpupool_destroy(&t.cx, 1), -SCHED_EBUSY);
	d = tiny_domain(&t, &t.h->pools[1], 1, 0);
	assert_int_equal(cpupool_destroy(&t.cx, 1), -SCHED_EBUSY);
	assert_int_equal(cpupool_move_domain(&t.cx, d, 0), -SCHED_EAGAIN);
	tiny_settle(&t);
	assert_int_equal(cpupool_move_domain(&t.cx, d, 0), 0);
	tiny_settle(&t);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 1), 0);
	assert_int_equal(cpupool_destroy(&t.cx, 1), 0);
	assert_int_equal(cpupool_destroy(&t.cx, 1), -SCHED_ENOENT);
}

static void test_add_cpu(void **state)
{
	(void)state;
	host(3);
	tiny_pool(&t, 0, 1);
	tiny_pool(&t, 1, 0);
	assert_int_equal(cpupool_add_cpu(&t.cx, 2, 99), -SCHED_ENOENT);
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, 99), -SCHED_EINVAL);
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, 0), -SCHED_ENODEV);
	/* Any: the first that is free; none left. */
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, CPUPOOL_ANY), 0);
	assert_ptr_equal(t.h->pcpus[1].pool, &t.h->pools[1]);
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, 1), -SCHED_ENODEV);
	assert_int_equal(cpupool_add_cpu(&t.cx, 0, CPUPOOL_ANY), 0);
	assert_int_equal(cpupool_add_cpu(&t.cx, 0, CPUPOOL_ANY), -SCHED_ENODEV);
}

static void test_remove_cpu_errors(void **state)
{
	domain_t *d;
	vcpu_t *v;

	(void)state;
	host(4);
	tiny_pool(&t, 0, 3);
	tiny_pool(&t, 1, 4);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 3, 99), -SCHED_ENOENT);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 99), -SCHED_EINVAL);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 0), -SCHED_EINVAL); /* pCPU 0 stays */
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 1), -SCHED_EADDRNOTAVAIL);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 3), -SCHED_EADDRNOTAVAIL);
	/* The last pCPU of a pool with a domain. */
	d = tiny_domain(&t, &t.h->pools[1], 1, 0);
	v = tiny_vcpu(d, 0);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, 2, VCPU_AFFINITY_WAIT), 0);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 2), -SCHED_EBUSY);
	/* With another it is busy no more, but in use by the pin. */
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, 3), 0);
	tiny_settle(&t);
	tiny_remember(&t);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 2), -SCHED_EADDRINUSE);
	tiny_unchanged(&t, "cpupool_rm_cpu");
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, -1, VCPU_AFFINITY_WAIT), 0);
	tiny_settle(&t);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 2), -SCHED_EAGAIN);
	/* One removal at a time. */
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 1), -SCHED_EADDRNOTAVAIL);
	tiny_settle(&t);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 2), 0);
	assert_int_equal(v->processor->id, 3);
	/* Any: the highest. */
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, CPUPOOL_ANY), 0);
	assert_null(t.h->pcpus[1].pool);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, CPUPOOL_ANY), -SCHED_EINVAL);
}

/* A pCPU on its way out: it takes nobody new, and only its own removal can go on or be undone. */
static void test_half_removed(void **state)
{
	domain_t *d;

	(void)state;
	host(4);
	tiny_pool(&t, 0, 1);
	tiny_pool(&t, 1, 6);
	d = tiny_domain(&t, &t.h->pools[1], 2, 0);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 2), -SCHED_EAGAIN);
	assert_int_equal(t.h->pools[1].nr_cpus, 1);
	assert_false(mask_test(&t.h->free_cpus, 2));
	assert_int_equal(cpupool_add_cpu(&t.cx, 0, 2), -SCHED_EADDRNOTAVAIL);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 1), -SCHED_EADDRNOTAVAIL);
	tiny_settle(&t);
	assert_ptr_equal(t.h->pcpus[2].curr, t.h->pcpus[2].idle);
	tiny_run(&t, 100 * MSEC);
	assert_ptr_equal(t.h->pcpus[2].curr, t.h->pcpus[2].idle);
	/* Undone: it works again, and at once, since somebody waits. */
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, 2), 0);
	tiny_settle(&t);
	assert_int_equal(t.h->pools[1].nr_cpus, 2);
	assert_false(t.h->pcpus[2].curr->is_idle);
	assert_int_equal(t.h->moving_cpu, -1);
	assert_int_equal(d->nr_vcpus, 2);
}

/* Affinity that misses what is left of the pool is broken to all. */
static void test_removal_breaks_affinity(void **state)
{
	domain_t *d;

	(void)state;
	host(3);
	tiny_pool(&t, 0, 7);
	d = tiny_domain(&t, &t.h->pools[0], 1, 4);
	assert_int_equal(tiny_vcpu(d, 0)->processor->id, 2);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 2), -SCHED_EAGAIN);
	tiny_settle(&t);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 2), 0);
	tiny_settle(&t);
	assert_int_equal(tiny_vcpu(d, 0)->hard.w[0], 7);
	assert_int_equal(tiny_vcpu(d, 0)->runstate, RUNSTATE_running);
}

/* The accounting goes over to another pCPU, at the time it was due. */
static void test_master_leaves(void **state)
{
	cpupool_t *pool;
	domain_t *d;
	s64 due;

	(void)state;
	host(3);
	tiny_pool(&t, 0, 1);
	pool = tiny_pool(&t, 1, 6);
	d = tiny_domain(&t, pool, 2, 0);
	assert_int_equal(sched_adjust(&t.cx, d, 512, 0), 0);
	assert_int_equal(pool->credit.master, 1);
	tiny_run(&t, 40 * MSEC);
	due = t.h->pcpus[1].timer_ns[TIMER_ACCT];
	assert_int_equal(due, 60 * MSEC);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 1), -SCHED_EAGAIN);
	assert_int_equal(pool->credit.master, 2);
	assert_int_equal(t.h->pcpus[1].timer_ns[TIMER_ACCT], TIME_NEVER);
	assert_int_equal(t.h->pcpus[2].timer_ns[TIMER_ACCT], due);
	tiny_settle(&t);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 1), 0);
	tiny_run(&t, 61 * MSEC);
	assert_int_equal(pool->credit.acct_ns, 60 * MSEC);
	assert_int_equal(t.h->pcpus[2].timer_ns[TIMER_ACCT], 90 * MSEC);
}

static void test_emptied_and_refilled(void **state)
{
	cpupool_t *pool;
	domain_t *d;

	(void)state;
	host(2);
	tiny_pool(&t, 0, 1);
	pool = tiny_pool(&t, 1, 2);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 1, 1), 0);
	assert_int_equal(pool->credit.master, -1);
	assert_int_equal(t.h->pcpus[1].deadline_ns, TIME_NEVER);
	assert_null(domain_create(&t.cx, pool, -1)); /* nobody could run there */
	tiny_run(&t, 100 * MSEC);
	assert_int_equal(cpupool_add_cpu(&t.cx, 1, 1), 0);
	assert_int_equal(pool->credit.master, 1);
	d = tiny_domain(&t, pool, 1, 0);
	tiny_run(&t, 300 * MSEC);
	assert_int_equal(vcpu_runstate_ns(tiny_vcpu(d, 0), RUNSTATE_running, t.cx.now), 200 * MSEC);
}

static void test_move_domain_errors(void **state)
{
	domain_t *d;

	(void)state;
	host(3);
	tiny_pool(&t, 0, 1);
	tiny_pool(&t, 1, 2);
	tiny_pool(&t, 2, 0);
	d = tiny_domain(&t, &t.h->pools[0], 1, 0);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, tiny_vcpu(d, 0), 0, VCPU_AFFINITY_OVERRIDE),
			 0);
	tiny_settle(&t);
	assert_int_equal(cpupool_move_domain(&t.cx, d, 0), 0); /* the same, before all else */
	assert_int_equal(cpupool_move_domain(&t.cx, d, 3), -SCHED_ENOENT);
	assert_int_equal(cpupool_move_domain(&t.cx, d, 2), -SCHED_ENOENT); /* no pCPUs */
	tiny_remember(&t);
	assert_int_equal(cpupool_move_domain(&t.cx, d, 1), -SCHED_EBUSY);
	tiny_unchanged(&t, "cpupool_move_domain");
	assert_int_equal(d->pause_count, 0);
	/* A move pauses the domain: who is paused as often as may be stays where and as he is. */
	assert_int_equal(vcpu_temporary_affinity(&t.cx, tiny_vcpu(d, 0), -1, VCPU_AFFINITY_OVERRIDE), 0);
	for (int i = 0; i < 255; i++)
		assert_int_equal(domain_pause(&t.cx, d), 0);
	tiny_settle(&t);
	tiny_remember(&t);
	assert_int_equal(cpupool_move_domain(&t.cx, d, 1), -SCHED_EOVERFLOW);
	tiny_unchanged(&t, "a move of who is paused too often");
}

/* What its user set stays: weight, cap, the affinity where it meets the new pool, pauses. */
static void test_move_keeps_settings(void **state)
{
	struct cpumask m;
	domain_t *d;
	vcpu_t *v0, *v1;

	(void)state;
	host(4);
	tiny_pool(&t, 0, 3);
	tiny_pool(&t, 1, 12);
	d = tiny_domain(&t, &t.h->pools[0], 2, 0);
	v0 = tiny_vcpu(d, 0);
	v1 = tiny_vcpu(d, 1);
	assert_int_equal(sched_adjust(&t.cx, d, 777, 150), 0);
	assert_int_equal(vcpu_set_affinity(&t.cx, v0, tiny_mask(&m, 9), tiny_mask(&m, 9)), 0);
	assert_int_equal(vcpu_set_affinity(&t.cx, v1, tiny_mask(&m, 3), NULL), 0);
	assert_int_equal(vcpu_pause(&t.cx, v1), 0);
	tiny_settle(&t);
	assert_int_equal(cpupool_move_domain(&t.cx, d, 1), -SCHED_EAGAIN);
	assert_int_equal(d->pause_count, 1);
	tiny_settle(&t);
	assert_int_equal(cpupool_move_domain(&t.cx, d, 1), 0);
	tiny_settle(&t);
	assert_int_equal(d->pause_count, 0);
	assert_int_equal(d->weight, 777);
	assert_int_equal(d->cap, 150);
	assert_int_equal(v0->hard.w[0], 9);
	assert_int_equal(v0->processor->id, 3);
	assert_int_equal(v0->runstate, RUNSTATE_running);
	assert_int_equal(v1->hard.w[0], 15); /* it missed the pool: all */
	assert_int_equal(v1->pause_count, 1);
	assert_int_equal(v1->runstate, RUNSTATE_offline);
	assert_int_equal(t.h->pools[0].nr_domains, 0);
	assert_int_equal(t.h->pools[1].nr_domains, 1);
}

/* A move that is given up: back where it is, the domain goes on. */
static void test_move_given_up(void **state)
{
	domain_t *d;

	(void)state;
	host(2);
	tiny_pool(&t, 0, 1);
	tiny_pool(&t, 1, 2);
	d = tiny_domain(&t, &t.h->pools[0], 1, 0);
	assert_int_equal(cpupool_move_domain(&t.cx, d, 1), -SCHED_EAGAIN);
	assert_int_equal(cpupool_move_domain(&t.cx, d, 0), 0);
	tiny_settle(&t);
	assert_int_equal(d->pause_count, 0);
	assert_int_equal(tiny_vcpu(d, 0)->runstate, RUNSTATE_running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_create, done),
		cmocka_unit_test_teardown(test_destroy, done),
		cmocka_unit_test_teardown(test_add_cpu, done),
		cmocka_unit_test_teardown(test_remove_cpu_errors, done),
		cmocka_unit_test_teardown(test_half_removed, done),
		cmocka_unit_test_teardown(test_removal_breaks_affinity, done),
		cmocka_unit_test_teardown(test_master_leaves, done),
		cmocka_unit_test_teardown(test_emptied_and_refilled, done),
		cmocka_unit_test_teardown(test_move_domain_errors, done),
		cmocka_unit_test_teardown(test_move_keeps_settings, done),
		cmocka_unit_test_teardown(test_move_given_up, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
