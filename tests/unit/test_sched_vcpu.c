/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: domains and vCPUs as the framework keeps them, whatever the policy: pauses that
 * nest, run states, the context-saved protocol, affinity and temporary pins with their errors,
 * weights and caps that are refused, limits of a host, and timers that fire once.
 */
#include "../property/tiny_host.h"

static struct tiny t;
static cpupool_t *pool;

static void host(u32 ncpu)
{
	tiny_init(&t, ncpu, 1, 1);
	snprintf(t.where, sizeof(t.where), "unit test");
	pool = tiny_pool(&t, 0, (1ULL << ncpu) - 1);
}

static int done(void **state)
{
	(void)state;
	tiny_free(&t);
	return 0;
}

static void test_limits_of_a_host(void **state)
{
	const u32 core[2] = { 0, 1 }, node[2] = { 0, 0 }, bad[2] = { 0, 2 };
	const struct host_limits good = { .pcpus = 2, .cores = 2, .nodes = 1, .domains = 1,
		.vcpus = 1, .pools = 1 };
	struct host_limits l;
	void *mem = aligned_alloc(64, (host_size(&good) + 63) & ~63ULL);

	(void)state;
	memset(mem, 0, host_size(&good));
	assert_null(host_init(mem, &good, bad, node));
	assert_null(host_init(mem, &good, core, bad));
	l = good;
	l.pcpus = 0;
	assert_null(host_init(mem, &l, core, node));
	l = good;
	l.pcpus = SCHED_MAX_PCPUS + 1;
	assert_null(host_init(mem, &l, core, node));
	l = good;
	l.cores = 3;
	assert_null(host_init(mem, &l, core, node));
	l = good;
	l.vcpus = SCHED_MAX_VCPUS + 1;
	assert_null(host_init(mem, &l, core, node));
	assert_non_null(host_init(mem, &good, core, node));
	free(mem);
}

static void test_pauses_nest(void **state)
{
	domain_t *d;
	vcpu_t *v;

	(void)state;
	host(1);
	d = tiny_domain(&t, pool, 1, 0);
	v = tiny_vcpu(d, 0);
	assert_int_equal(vcpu_unpause(&t.cx, v), -SCHED_EINVAL);
	assert_int_equal(domain_unpause(&t.cx, d), -SCHED_EINVAL);
	for (int i = 0; i < 255; i++) {
		assert_int_equal(vcpu_pause(&t.cx, v), 0);
		assert_int_equal(domain_pause(&t.cx, d), 0);
	}
	tiny_settle(&t);
	assert_int_equal(v->runstate, RUNSTATE_offline);
	tiny_remember(&t);
	assert_int_equal(vcpu_pause(&t.cx, v), -SCHED_EOVERFLOW);
	assert_int_equal(domain_pause(&t.cx, d), -SCHED_EOVERFLOW);
	tiny_unchanged(&t, "a pause too many");
	for (int i = 0; i < 255; i++)
		assert_int_equal(vcpu_unpause(&t.cx, v), 0);
	tiny_settle(&t);
	assert_int_equal(v->runstate, RUNSTATE_offline); /* its domain is paused still */
	for (int i = 0; i < 255; i++) {
		assert_int_equal(v->runstate, RUNSTATE_offline);
		assert_int_equal(domain_unpause(&t.cx, d), 0);
		tiny_settle(&t);
	}
	assert_int_equal(v->runstate, RUNSTATE_running);
	assert_int_equal(vcpu_unpause(&t.cx, v), -SCHED_EINVAL);
}

/* Blocked wins over offline; who is woken while paused is offline until he is let go. */
static void test_run_states(void **state)
{
	domain_t *d;
	vcpu_t *v;

	(void)state;
	host(1);
	d = domain_create(&t.cx, pool, -1);
	v = vcpu_create(&t.cx, d, NULL, NULL);
	assert_int_equal(v->runstate, RUNSTATE_offline);
	assert_int_equal(v->pause_flags, VPF_down);
	tiny_run(&t, 1 * MSEC);
	vcpu_up(&t.cx, v);
	assert_int_equal(v->runstate, RUNSTATE_runnable);
	tiny_settle(&t);
	assert_int_equal(v->runstate, RUNSTATE_running);
	tiny_run(&t, 3 * MSEC);
	vcpu_block(&t.cx, v);
	vcpu_pause(&t.cx, v);
	tiny_settle(&t);
	assert_int_equal(v->runstate, RUNSTATE_blocked);
	tiny_run(&t, 7 * MSEC);
	vcpu_unblock(&t.cx, v);
	tiny_settle(&t);
	assert_int_equal(v->runstate, RUNSTATE_offline);
	tiny_run(&t, 15 * MSEC);
	vcpu_unpause(&t.cx, v);
	tiny_settle(&t);
	assert_int_equal(v->runstate, RUNSTATE_running);
	tiny_run(&t, 31 * MSEC);
	assert_int_equal(vcpu_runstate_ns(v, RUNSTATE_running, t.cx.now), 18 * MSEC);
	assert_int_equal(vcpu_runstate_ns(v, RUNSTATE_runnable, t.cx.now), 0);
	assert_int_equal(vcpu_runstate_ns(v, RUNSTATE_blocked, t.cx.now), 4 * MSEC);
	assert_int_equal(vcpu_runstate_ns(v, RUNSTATE_offline, t.cx.now), 9 * MSEC);
}

/* An event that comes between the block and the switch: it never stopped running. */
static void test_block_that_is_too_late(void **state)
{
	vcpu_t *v;

	(void)state;
	host(1);
	v = tiny_vcpu(tiny_domain(&t, pool, 1, 0), 0);
	vcpu_block(&t.cx, v);
	vcpu_unblock(&t.cx, v);
	tiny_settle(&t);
	assert_ptr_equal(t.h->pcpus[0].curr, v);
	assert_int_equal(t.h->pcpus[0].switches, 1);
}

/* Left but not saved: it waits in a queue, and no idle pCPU may take it until it is saved. */
static void test_context_saved(void **state)
{
	vcpu_t *v, *w;

	(void)state;
	host(2);
	t.save_ns = 1; /* by hand, below */
	v = tiny_vcpu(tiny_domain(&t, pool, 1, 0), 0);
	w = tiny_vcpu(tiny_domain(&t, pool, 1, 0), 0);
	tiny_run(&t, 5 * MSEC);
	assert_int_equal(w->processor->id, 1);
	t.cx.cpu = 1;
	vcpu_block(&t.cx, w);
	schedule(&t.cx); /* pCPU 1 idles; w is being saved */
	assert_true(w->is_running);
	assert_ptr_equal(t.h->pcpus[1].prev, w);
	vcpu_unblock(&t.cx, w);
	assert_int_equal(w->processor->id, 1);
	t.cx.cpu = 0;
	vcpu_pause(&t.cx, v);
	schedule(&t.cx); /* pCPU 0 idles and looks for work: w is not to be had */
	assert_ptr_equal(t.h->pcpus[0].curr, t.h->pcpus[0].idle);
	t.cx.cpu = 1;
	context_saved(&t.cx);
	assert_false(w->is_running);
	schedule(&t.cx);
	assert_ptr_equal(t.h->pcpus[1].curr, w);
}

static void test_affinity_errors(void **state)
{
	struct cpumask m;
	vcpu_t *v;

	(void)state;
	host(3);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 2), 0);
	v = tiny_vcpu(tiny_domain(&t, pool, 1, 0), 0);
	tiny_remember(&t);
	assert_int_equal(vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 4), NULL), -SCHED_EINVAL);
	assert_int_equal(vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 0), NULL), -SCHED_EINVAL);
	tiny_unchanged(&t, "vcpu_set_affinity");
	assert_null(vcpu_create(&t.cx, v->domain, tiny_mask(&m, 4), NULL));
	/* Soft affinity may miss everything: then it says nothing. */
	assert_int_equal(vcpu_set_affinity(&t.cx, v, NULL, tiny_mask(&m, 4)), 0);
	tiny_settle(&t);
	assert_int_equal(v->runstate, RUNSTATE_running);
	/* Hard affinity moves a running vCPU. */
	assert_int_equal(vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 2), NULL), 0);
	tiny_settle(&t);
	assert_ptr_equal(t.h->pcpus[1].curr, v);
	assert_int_equal(vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 1), NULL), 0);
	tiny_settle(&t);
	assert_ptr_equal(t.h->pcpus[0].curr, v);
}

static void test_temporary_pins(void **state)
{
	struct cpumask m;
	vcpu_t *v;

	(void)state;
	host(3);
	v = tiny_vcpu(tiny_domain(&t, pool, 1, 0), 0);
	vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 3), NULL);
	tiny_settle(&t);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, -1, VCPU_AFFINITY_WAIT), -SCHED_EINVAL);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, 3, VCPU_AFFINITY_WAIT), -SCHED_EINVAL);
	/* Even beyond its hard affinity. */
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, 2, VCPU_AFFINITY_WAIT), 0);
	tiny_settle(&t);
	assert_ptr_equal(t.h->pcpus[2].curr, v);
	tiny_remember(&t);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, 2, VCPU_AFFINITY_WAIT), -SCHED_EBUSY);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, 1, VCPU_AFFINITY_OVERRIDE), -SCHED_EBUSY);
	/* Busy, before a pCPU that the pool does not have; but after one that the host does not have. */
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 1), 0);
	tiny_settle(&t);
	tiny_remember(&t);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, 1, VCPU_AFFINITY_OVERRIDE), -SCHED_EBUSY);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, 3, VCPU_AFFINITY_WAIT), -SCHED_EINVAL);
	assert_int_equal(vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 1), NULL), -SCHED_EBUSY);
	tiny_unchanged(&t, "a second pin");
	/* Both reasons at once; the affinity comes back with the last. */
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, 2, VCPU_AFFINITY_OVERRIDE), 0);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, -1, VCPU_AFFINITY_WAIT), 0);
	tiny_settle(&t);
	assert_int_equal(v->hard.w[0], 4);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, -1, VCPU_AFFINITY_OVERRIDE), 0);
	tiny_settle(&t);
	assert_int_equal(v->hard.w[0], 3);
	assert_true(v->processor->id < 2);
	assert_int_equal(v->affinity_broken, 0);
}

/* The pCPUs of the saved affinity left the pool while it was pinned elsewhere. */
static void test_pin_outlives_affinity(void **state)
{
	struct cpumask m;
	vcpu_t *v;

	(void)state;
	host(3);
	v = tiny_vcpu(tiny_domain(&t, pool, 1, 0), 0);
	vcpu_set_affinity(&t.cx, v, tiny_mask(&m, 4), NULL);
	tiny_settle(&t);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, 1, VCPU_AFFINITY_WAIT), 0);
	tiny_settle(&t);
	assert_int_equal(cpupool_rm_cpu(&t.cx, 0, 2), 0);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, v, -1, VCPU_AFFINITY_WAIT), 0);
	tiny_settle(&t);
	assert_int_equal(v->hard.w[0], 7);
	assert_int_equal(v->runstate, RUNSTATE_running);
}

/* Who waited behind another only because he was pinned leaves for an idle pCPU. */
static void test_unpinned_leaves_the_queue(void **state)
{
	vcpu_t *v, *w;

	(void)state;
	host(2);
	v = tiny_vcpu(tiny_domain(&t, pool, 1, 1), 0);
	w = tiny_vcpu(tiny_domain(&t, pool, 1, 0), 0);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, w, 0, VCPU_AFFINITY_WAIT), 0);
	tiny_settle(&t);
	assert_int_equal(v->processor->id, 0);
	assert_int_equal(v->runstate + w->runstate, RUNSTATE_running + RUNSTATE_runnable);
	assert_int_equal(vcpu_temporary_affinity(&t.cx, w, -1, VCPU_AFFINITY_WAIT), 0);
	tiny_run(&t, t.cx.now + 2 * MSEC);
	assert_int_equal(v->runstate, RUNSTATE_running);
	assert_int_equal(w->runstate, RUNSTATE_running);
}

static void test_adjust(void **state)
{
	static const s32 bad[][2] = { { -1, 0 }, { 65536, 0 }, { 256, -2 }, { 256, 201 },
		{ 0, 201 } };
	domain_t *d;

	(void)state;
	host(2);
	d = tiny_domain(&t, pool, 2, 0);
	assert_int_equal(d->weight, 256);
	assert_int_equal(d->cap, 0);
	assert_int_equal(sched_adjust(&t.cx, d, 65535, 200), 0);
	assert_int_equal(sched_adjust(&t.cx, d, 0, -1), 0); /* leave both */
	assert_int_equal(d->weight, 65535);
	assert_int_equal(d->cap, 200);
	tiny_settle(&t);
	tiny_remember(&t);
	for (u32 i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(sched_adjust(&t.cx, d, bad[i][0], bad[i][1]), -SCHED_EINVAL);
		tiny_unchanged(&t, "sched_adjust");
	}
	assert_int_equal(sched_adjust(&t.cx, d, 1, -1), 0);
	assert_int_equal(d->weight, 1);
	assert_int_equal(d->cap, 200);
	assert_int_equal(sched_adjust(&t.cx, d, 0, 0), 0);
	assert_int_equal(d->cap, 0);
}

static void test_pool_parameters(void **state)
{
	struct credit_params p, good;

	(void)state;
	host(1);
	good = pool->credit.params;
	assert_int_equal(good.tslice_ns, 30 * MSEC);
	assert_int_equal(good.ratelimit_ns, 1 * MSEC);
	assert_int_equal(good.migr_delay_ns, 0);
	assert_int_equal(pool->credit.tick_ns, 10 * MSEC);
#define REFUSED(field, value) \
	do { \
		p = good; \
		p.field = (value); \
		tiny_remember(&t); \
		assert_int_equal(sched_adjust_global_credit(&t.cx, pool, &p), -SCHED_EINVAL); \
		tiny_unchanged(&t, "sched_adjust_global_credit"); \
	} while (0)
#define TAKEN(field, value) \
	do { \
		p = good; \
		p.field = (value); \
		assert_int_equal(sched_adjust_global_credit(&t.cx, pool, &p), 0); \
		assert_int_equal(pool->credit.params.field, (value)); \
	} while (0)
	REFUSED(tslice_ns, 0);
	REFUSED(tslice_ns, MSEC - 1);
	REFUSED(tslice_ns, 1001 * MSEC);
	REFUSED(ratelimit_ns, -1);
	REFUSED(ratelimit_ns, 99 * USEC);
	REFUSED(ratelimit_ns, 30 * MSEC + 1); /* longer than the slice */
	REFUSED(migr_delay_ns, 100 * MSEC + 1);
	REFUSED(migr_delay_ns, -1);
	REFUSED(mend, CREDIT_MEND_ALL + 1);
	TAKEN(ratelimit_ns, 30 * MSEC); /* equal is accepted */
	TAKEN(ratelimit_ns, 0);
	TAKEN(ratelimit_ns, 100 * USEC);
	TAKEN(migr_delay_ns, 100 * MSEC);
	TAKEN(tslice_ns, 1000 * MSEC);
	/* Three ticks a slice; one when that would be less than a ms. */
	assert_int_equal(pool->credit.tick_ns, 333333 * USEC);
	TAKEN(tslice_ns, 3 * MSEC);
	assert_int_equal(pool->credit.tick_ns, 1 * MSEC);
	TAKEN(tslice_ns, 2 * MSEC);
	assert_int_equal(pool->credit.tick_ns, 2 * MSEC);
	p = good;
	p.ratelimit_ns = 500 * MSEC + 1;
	p.tslice_ns = 1000 * MSEC;
	assert_int_equal(sched_adjust_global_credit(&t.cx, pool, &p), -SCHED_EINVAL);
	p.ratelimit_ns = 500 * MSEC;
	assert_int_equal(sched_adjust_global_credit(&t.cx, pool, &p), 0);
}

static void test_slots(void **state)
{
	domain_t *d;

	(void)state;
	host(1);
	assert_null(domain_create(&t.cx, pool, TINY_DOMAINS));
	d = domain_create(&t.cx, pool, 5);
	assert_int_equal(d->id, 5);
	assert_null(domain_create(&t.cx, pool, 5));
	for (u32 i = 0; i < TINY_VCPUS; i++)
		assert_non_null(vcpu_create(&t.cx, d, NULL, NULL));
	assert_null(vcpu_create(&t.cx, d, NULL, NULL));
	tiny_settle(&t);
	assert_int_equal(domain_destroy(&t.cx, d), 0);
	assert_int_equal(t.h->nr_vcpus, 0);
	d = tiny_domain(&t, pool, 2, 0);
	assert_int_equal(d->pause_count, 0);
	assert_int_equal(domain_destroy(&t.cx, d), -SCHED_EAGAIN);
	tiny_settle(&t);
	assert_int_equal(domain_destroy(&t.cx, d), 0);
}

/* vCPU 0 starts on the pool's first pCPU, each next one after its predecessor's, cycling. */
static void test_first_placement(void **state)
{
	domain_t *d;

	(void)state;
	host(3);
	d = domain_create(&t.cx, pool, -1);
	for (u32 i = 0; i < 5; i++) {
		vcpu_t *v = vcpu_create(&t.cx, d, NULL, NULL);

		assert_int_equal(v->processor->id, i % 3);
		tiny_settle(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_of_a_host),
		cmocka_unit_test_teardown(test_pauses_nest, done),
		cmocka_unit_test_teardown(test_run_states, done),
		cmocka_unit_test_teardown(test_block_that_is_too_late, done),
		cmocka_unit_test_teardown(test_context_saved, done),
		cmocka_unit_test_teardown(test_affinity_errors, done),
		cmocka_unit_test_teardown(test_temporary_pins, done),
		cmocka_unit_test_teardown(test_pin_outlives_affinity, done),
		cmocka_unit_test_teardown(test_unpinned_leaves_the_queue, done),
		cmocka_unit_test_teardown(test_adjust, done),
		cmocka_unit_test_teardown(test_pool_parameters, done),
		cmocka_unit_test_teardown(test_slots, done),
		cmocka_unit_test_teardown(test_first_placement, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
