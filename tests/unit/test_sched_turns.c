/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: turns (src/sched/assist.c), one rule at a time: whom a spinning vCPU lends its slice to and for how
 * long, grace and its payback, where co-boosting puts siblings, turns for interrupts, who is taken in on micro-sliced
 * cores and how they come home, hidden pools and what is refused. tests/property/prop_core.c tries them in any order.
 */
#include "../property/turns.h"

static struct tiny tiny, *t = &tiny;

static void at(vcpu_t *v, u32 class)
{
	v->assist.ip = KERNEL + (class << 12) + 8;
}

static void assist(cpupool_t *pool, struct assist_params p)
{
	p.budget_percent = p.budget_percent ? p.budget_percent : 50;
	assert_int_equal(sched_adjust_global_assist(&t->cx, pool, &p), 0);
}

static void spin(vcpu_t *v, u32 class)
{
	at(v, class);
	t->cx.cpu = v->processor->id;
	assert_ptr_equal(v->processor->curr, v);
	vcpu_spin(&t->cx, v);
	tiny_settle(t);
}

/* One pCPU: the domain's vCPU 0 runs, 1 and 2 wait, and so does a hog. */
static domain_t *one_pcpu(cpupool_t **pool)
{
	domain_t *d;

	tiny_init(t, 1, 1, 1);
	*pool = tiny_pool(t, 0, 1);
	d = tiny_domain(t, *pool, 3, 0);
	tiny_domain(t, *pool, 1, 0);
	d->assist.symbols = some_kernel();
	tiny_run(t, t->cx.now + 2 * MSEC);
	assert_ptr_equal(t->h->pcpus[0].curr, tiny_vcpu(d, 0));
	return d;
}

static void test_lend(void **state)
{
	cpupool_t *pool;
	domain_t *d = one_pcpu(&pool);
	pcpu_t *p = &t->h->pcpus[0];
	s64 slice_end = p->timer_ns[TIMER_SLICE];

	(void)state;
	assist(pool, (struct assist_params){ .lend_ns = 50 * USEC });
	at(tiny_vcpu(d, 1), SYMBOL_SPIN);
	at(tiny_vcpu(d, 2), SYMBOL_PAGE_ALLOC);
	spin(tiny_vcpu(d, 0), SYMBOL_SPIN);
	/* The one that was stopped in a critical service, not the one that spins itself. */
	assert_ptr_equal(p->curr, tiny_vcpu(d, 2));
	assert_int_equal(p->timer_ns[TIMER_SLICE] - t->cx.now, 50 * USEC);
	tiny_run(t, t->cx.now + 50 * USEC);
	/* The lender goes on, with what its slice has left. */
	assert_ptr_equal(p->curr, tiny_vcpu(d, 0));
	assert_int_equal(p->timer_ns[TIMER_SLICE], slice_end);
	assert_int_equal(d->assist.lends, 1);
	/* Nobody is critical: the spinner may own a ticket lock by now. */
	at(tiny_vcpu(d, 2), SYMBOL_HALT);
	spin(tiny_vcpu(d, 0), SYMBOL_SPIN);
	assert_ptr_equal(p->curr, tiny_vcpu(d, 1));
	tiny_run(t, t->cx.now + 50 * USEC);
	/* Who sent IPIs waits for who has not seen his. */
	vcpu_interrupt(&t->cx, tiny_vcpu(d, 2), true);
	at(tiny_vcpu(d, 1), SYMBOL_UNLOCK);
	spin(tiny_vcpu(d, 0), SYMBOL_TLB_SEND);
	assert_ptr_equal(p->curr, tiny_vcpu(d, 2));
	tiny_free(t);
}

/* A host that names a sibling by guess: what the pool knows of comes first. */
static void test_named(void **state)
{
	cpupool_t *pool;
	domain_t *d = one_pcpu(&pool);
	pcpu_t *p = &t->h->pcpus[0];
	vcpu_t *v = tiny_vcpu(d, 0);

	(void)state;
	assist(pool, (struct assist_params){ .lend_ns = 50 * USEC });
	at(tiny_vcpu(d, 1), SYMBOL_SPIN);
	at(tiny_vcpu(d, 2), SYMBOL_PAGE_ALLOC);
	at(v, SYMBOL_SPIN);
	t->cx.cpu = 0;
	assert_false(vcpu_spin_to(&t->cx, v, v));
	assert_true(vcpu_spin_to(&t->cx, v, tiny_vcpu(d, 1)));
	assert_true(p->resched);
	tiny_settle(t);
	assert_ptr_equal(p->curr, tiny_vcpu(d, 2));
	/* Who has a turn, and spins, gives it up. */
	assert_true(vcpu_spin_to(&t->cx, tiny_vcpu(d, 2), v));
	tiny_settle(t);
	assert_ptr_equal(p->curr, v);
	assert_int_equal(d->assist.lends, 1);
	/* At an address that says nothing, it is who was named. */
	at(v, SYMBOL_NONE);
	assert_true(vcpu_spin_to(&t->cx, v, tiny_vcpu(d, 1)));
	tiny_settle(t);
	assert_ptr_equal(p->curr, tiny_vcpu(d, 1));
	assert_int_equal(d->assist.lends, 1);
	/* But not one that sleeps. */
	at(tiny_vcpu(d, 1), SYMBOL_NONE);
	vcpu_block(&t->cx, tiny_vcpu(d, 2));
	assert_false(vcpu_spin_to(&t->cx, tiny_vcpu(d, 1), tiny_vcpu(d, 2)));
	assert_false(p->resched);
	tiny_free(t);
}

static void test_unknown_is_a_yield(void **state)
{
	cpupool_t *pool;
	domain_t *d = one_pcpu(&pool);
	pcpu_t *p = &t->h->pcpus[0];

	(void)state;
	assist(pool, (struct assist_params){ .lend_ns = 50 * USEC, .coboost_ns = MSEC });
	at(tiny_vcpu(d, 2), SYMBOL_PAGE_ALLOC);
	spin(tiny_vcpu(d, 0), SYMBOL_NONE);
	assert_ptr_not_equal(p->curr, tiny_vcpu(d, 0));
	assert_int_equal(d->assist.lends + d->assist.coboosts, 0);
	tiny_free(t);
}

static void test_grace(void **state)
{
	cpupool_t *pool;
	domain_t *d = one_pcpu(&pool);
	pcpu_t *p = &t->h->pcpus[0];
	vcpu_t *v = tiny_vcpu(d, 0);
	s64 end = p->timer_ns[TIMER_SLICE];

	(void)state;
	assist(pool, (struct assist_params){ .grace_ns = 50 * USEC });
	at(v, SYMBOL_UNLOCK);
	tiny_run(t, end + 49 * USEC);
	assert_ptr_equal(p->curr, v);
	tiny_run(t, end + 51 * USEC);
	assert_ptr_not_equal(p->curr, v);
	assert_int_equal(v->assist.owed_ns, 50 * USEC);
	/* Its next slice is as much shorter. */
	while (p->curr != v)
		tiny_run(t, p->deadline_ns);
	assert_int_equal(p->timer_ns[TIMER_SLICE] - t->cx.now, 30 * MSEC - 50 * USEC);
	assert_int_equal(v->assist.owed_ns, 0);
	/* Out of the service there is no grace. */
	at(v, SYMBOL_NONE);
	end = p->timer_ns[TIMER_SLICE];
	tiny_run(t, end + 1);
	assert_ptr_not_equal(p->curr, v);
	tiny_free(t);
}

static void test_interrupt(void **state)
{
	cpupool_t *pool;
	domain_t *d = one_pcpu(&pool);
	pcpu_t *p = &t->h->pcpus[0];
	vcpu_t *v = tiny_vcpu(d, 1);
	s64 end = p->timer_ns[TIMER_SLICE], before;

	(void)state;
	assist(pool, (struct assist_params){ .irq_ns = 100 * USEC });
	tiny_run(t, t->cx.now + MSEC);
	before = d->assist.budget_ns;
	vcpu_interrupt(&t->cx, v, false);
	tiny_settle(t);
	assert_ptr_equal(p->curr, v);
	tiny_run(t, t->cx.now + 100 * USEC);
	/* Who was interrupted goes on, and loses nothing but the time of the turn. */
	assert_ptr_equal(p->curr, tiny_vcpu(d, 0));
	assert_int_equal(p->timer_ns[TIMER_SLICE], end + 100 * USEC);
	assert_int_equal(d->assist.irq_turns, 1);
	assert_true(d->assist.budget_ns >= 0 && (before == 0 || d->assist.budget_ns < before + MSEC));
	/* No budget, no turn. */
	d->assist.budget_ns = 0;
	d->assist.budget_at_ns = t->cx.now;
	vcpu_interrupt(&t->cx, v, false);
	tiny_settle(t);
	assert_ptr_not_equal(p->curr, v);
	assert_int_equal(d->assist.refused, 1);
	tiny_free(t);
}

static void test_coboost(void **state)
{
	cpupool_t *pool;
	domain_t *d, *hogs;
	struct cpumask m;
	vcpu_t *spinner, *sibling;

	(void)state;
	tiny_init(t, 4, 1, 2);
	pool = tiny_pool(t, 0, 0xf);
	d = tiny_domain(t, pool, 1, 0x1);
	hogs = tiny_domain(t, pool, 3, 0xe);
	assert_non_null(vcpu_create(&t->cx, d, tiny_mask(&m, 0x7), NULL));
	d->assist.symbols = some_kernel();
	spinner = tiny_vcpu(d, 0);
	sibling = tiny_vcpu(d, 1);
	vcpu_up(&t->cx, sibling);
	for (u32 ms = 0; ms < 200 && (ms < 40 || sibling->runstate != RUNSTATE_runnable); ms++)
		tiny_run(t, t->cx.now + MSEC);
	assist(pool, (struct assist_params){ .coboost_ns = MSEC, .coboost_every_ns = 2 * MSEC });
	assert_ptr_equal(spinner->processor->curr, spinner); /* alone on its pCPU */
	assert_int_equal(sibling->runstate, RUNSTATE_runnable);
	at(sibling, SYMBOL_UNLOCK);
	t->h->pcpus[1].curr->credit.credit_ns = -20 * MSEC;
	t->h->pcpus[2].curr->credit.credit_ns = -21 * MSEC;
	t->h->pcpus[3].curr->credit.credit_ns = -29 * MSEC;
	for (u32 i = 1; i < 4; i++)
		t->h->pcpus[i].curr->credit.pri = CREDIT_OVER;
	spin(spinner, SYMBOL_SPIN);
	/* Within its affinity, before the one that is least entitled; the spinner keeps its pCPU. */
	assert_ptr_equal(t->h->pcpus[2].curr, sibling);
	assert_ptr_equal(spinner->processor->curr, spinner);
	assert_int_equal(t->h->pcpus[2].timer_ns[TIMER_SLICE] - t->cx.now, MSEC);
	tiny_run(t, t->cx.now + MSEC);
	assert_ptr_equal(t->h->pcpus[2].curr->domain, hogs);
	assert_int_not_equal(sibling->credit.pri, CREDIT_BOOST);
	/* Not again before coboost_every has passed. */
	spin(spinner, SYMBOL_SPIN);
	assert_int_equal(d->assist.coboosts, 1);
	tiny_free(t);
}

/* Two pCPUs of a pool, one of its hidden pool; a domain and as many hogs. */
static domain_t *with_micro(cpupool_t **pool, cpupool_t **hidden)
{
	domain_t *d;

	tiny_init(t, 3, 1, 1);
	*pool = tiny_pool(t, 0, 0x3);
	assert_int_equal(cpupool_create_hidden(&t->cx, 1, 0), 1);
	*hidden = &t->h->pools[1];
	assert_int_equal(cpupool_add_cpu(&t->cx, 1, 2), 0);
	tiny_settle(t);
	d = tiny_domain(t, *pool, 2, 0x1);
	tiny_domain(t, *pool, 2, 0x2);
	d->assist.symbols = some_kernel();
	tiny_run(t, t->cx.now + 2 * MSEC);
	return d;
}

static void test_micro_turn(void **state)
{
	cpupool_t *pool, *hidden;
	domain_t *d = with_micro(&pool, &hidden);
	vcpu_t *v = t->h->pcpus[0].curr, *s = tiny_vcpu(d, !v->id);

	(void)state;
	assert_true(t->h->pcpus[2].curr->is_idle);
	at(s, SYMBOL_UNLOCK);
	spin(v, SYMBOL_SPIN);
	assert_ptr_equal(t->h->pcpus[2].curr, s);
	assert_ptr_equal(t->h->pcpus[0].curr, v);
	tiny_run(t, t->cx.now + 100 * USEC);
	/* Nobody else wants the core, and it is in a critical service still: another turn. */
	assert_ptr_equal(t->h->pcpus[2].curr, s);
	assert_int_equal(d->assist.micro_migrations, 2);
	s->assist.ip = 0x401000; /* user mode */
	tiny_run(t, t->cx.now + 100 * USEC);
	/* Home after the turn, though nobody else wants the core, and without a BOOST. */
	assert_true(t->h->pcpus[2].curr->is_idle);
	assert_ptr_equal(s->processor, &t->h->pcpus[0]);
	assert_int_equal(s->runstate, RUNSTATE_runnable);
	assert_int_not_equal(s->credit.pri, CREDIT_BOOST);
	assert_ptr_equal(t->h->pcpus[0].curr, v);
	assert_int_equal(d->assist.micro_migrations, 2);
	/* An interrupt takes it there as well; when it blocks it is at home. */
	vcpu_interrupt(&t->cx, s, false);
	tiny_settle(t);
	assert_ptr_equal(t->h->pcpus[2].curr, s);
	t->cx.cpu = 2;
	vcpu_block(&t->cx, s);
	tiny_settle(t);
	assert_ptr_equal(s->processor, &t->h->pcpus[0]);
	assert_int_equal(s->runstate, RUNSTATE_blocked);
	assert_int_equal(s->pause_flags, VPF_blocked);
	tiny_free(t);
}

/*
 * The published code in full: who has nobody behind it stays, who blocks wakes up there, who is sent home is BOOSTed.
 */
static void test_micro_as_coded(void **state)
{
	struct micro_params p = { .slice_ns = 100 * USEC, .limit = 1, .queue = 1, .on = 1, .rules = MICRO_RULES_CODE };
	cpupool_t *pool, *hidden;
	domain_t *d = with_micro(&pool, &hidden);
	vcpu_t *v = t->h->pcpus[0].curr, *s = tiny_vcpu(d, !v->id);

	(void)state;
	assert_int_equal(sched_adjust_global_micro(&t->cx, hidden, &p), 0);
	at(s, SYMBOL_UNLOCK);
	spin(v, SYMBOL_SPIN);
	assert_ptr_equal(t->h->pcpus[2].curr, s);
	s->assist.ip = 0x401000; /* user mode */
	tiny_run(t, t->cx.now + 25 * MSEC);
	assert_ptr_equal(t->h->pcpus[2].curr, s);
	/* It falls asleep there, and wakes up there. */
	t->cx.cpu = 2;
	vcpu_block(&t->cx, s);
	tiny_settle(t);
	assert_ptr_equal(s->processor, &t->h->pcpus[0]);
	assert_int_equal(s->assist.settled, 3);
	vcpu_unblock(&t->cx, s);
	tiny_settle(t);
	assert_ptr_equal(t->h->pcpus[2].curr, s);
	assert_int_equal(s->assist.settled, 0);
	/* Another one wants the core: home after the turn, UNDER whatever it used, and BOOSTed. */
	s->credit.credit_ns = -MSEC;
	tiny_run(t, t->cx.now + 50 * USEC);
	t->cx.cpu = 0;
	vcpu_block(&t->cx, v);
	tiny_settle(t);
	v->assist.settled = 3;
	vcpu_unblock(&t->cx, v);
	tiny_run(t, t->cx.now + 200 * USEC);
	assert_ptr_equal(t->h->pcpus[2].curr, v);
	assert_ptr_equal(s->processor, &t->h->pcpus[0]);
	assert_int_equal(s->credit.pri, CREDIT_BOOST);
	/* A core that is taken away meanwhile is no place to wake up on. */
	t->cx.cpu = 2;
	vcpu_block(&t->cx, v);
	tiny_settle(t);
	assert_int_equal(v->assist.settled, 3);
	assert_int_equal(cpupool_rm_cpu(&t->cx, 1, 2), 0);
	vcpu_unblock(&t->cx, v);
	tiny_settle(t);
	assert_ptr_not_equal(v->processor, &t->h->pcpus[2]);
	assert_false(is_away(v));
	tiny_free(t);
}

static void test_hidden_pools(void **state)
{
	cpupool_t *pool, *hidden;
	domain_t *d = with_micro(&pool, &hidden);

	(void)state;
	tiny_remember(t);
	assert_int_equal(cpupool_create_hidden(&t->cx, CPUPOOL_ANY, 3), -SCHED_ENOENT);
	assert_int_equal(cpupool_create_hidden(&t->cx, CPUPOOL_ANY, 1), -SCHED_EINVAL);
	assert_int_equal(cpupool_create_hidden(&t->cx, CPUPOOL_ANY, 0), -SCHED_EEXIST);
	assert_null(domain_create(&t->cx, hidden, -1));
	assert_int_equal(cpupool_move_domain(&t->cx, d, 1), -SCHED_ENOENT);
	assert_int_equal(cpupool_destroy(&t->cx, 1), -SCHED_EBUSY);
	assert_int_equal(cpupool_rm_cpu(&t->cx, 0, 2), -SCHED_EADDRNOTAVAIL);
	tiny_unchanged(t, "a call");
	assert_int_equal(cpupool_create(&t->cx, 2, SCHED_ID_rtds), 2);
	assert_int_equal(cpupool_create_hidden(&t->cx, CPUPOOL_ANY, 2), -SCHED_EINVAL);
	assert_int_equal(sched_adjust_global_assist(&t->cx, &t->h->pools[2],
						    &(struct assist_params){ .lend_ns = 50 * USEC }),
			 -SCHED_EINVAL);
	assert_int_equal(cpupool_rm_cpu(&t->cx, 1, 2), 0);
	assert_true(mask_test(&t->h->free_cpus, 2));
	assert_int_equal(cpupool_destroy(&t->cx, 1), 0);
	assert_null(pool->assist.hidden);
	tiny_free(t);
}

static void test_controller(void **state)
{
	struct micro_params p = { .slice_ns = 100 * USEC, .limit = 1, .queue = 1, .mode = MICRO_CODE, .on = 1 };
	cpupool_t *pool, *hidden;
	vcpu_t *hog, *v;
	domain_t *d;

	(void)state;
	tiny_init(t, 2, 1, 1);
	pool = tiny_pool(t, 0, 0x3);
	assert_int_equal(cpupool_create_hidden(&t->cx, 1, 0), 1);
	hidden = &t->h->pools[1];
	d = tiny_domain(t, pool, 4, 0);
	d->assist.symbols = some_kernel();
	assert_int_equal(sched_adjust_global_micro(&t->cx, hidden, &p), 0);
	tiny_settle(t);
	tiny_run(t, t->cx.now + 15 * MSEC);
	assert_int_equal(hidden->nr_cpus, 0);
	v = t->h->pcpus[0].curr;
	spin(v, SYMBOL_SPIN);
	hog = t->h->pcpus[1].curr;
	assert_false(hog->is_idle);
	tiny_run(t, t->cx.now + 10 * MSEC);
	/* A core was lent, and drained at once. */
	assert_int_equal(hidden->nr_cpus, 1);
	assert_int_equal(pool->nr_cpus, 1);
	assert_true(t->h->pcpus[1].curr->is_idle);
	assert_ptr_equal(hog->processor, &t->h->pcpus[0]);
	/* What the controller lent goes back when the hidden pool goes, or when the parent is asked for it. */
	assert_int_equal(cpupool_destroy(&t->cx, 1), 0);
	tiny_settle(t);
	assert_int_equal(pool->nr_cpus, 2);
	assert_false(t->h->pcpus[1].curr->is_idle);
	tiny_free(t);
}

/* Each pCPU has a vCPU of its own, as a live host's; the controller lends and takes back, and that one comes again. */
static void boxes(u32 sched)
{
	struct micro_params p = { .slice_ns = 100 * USEC, .limit = 1, .queue = 1, .mode = MICRO_CODE, .on = 1 };
	vcpu_t *box[2], *v;
	cpupool_t *pool, *hidden;
	struct cpumask only;
	domain_t *dom0, *d;
	s64 before;

	tiny_init(t, 2, 1, 1);
	assert_int_equal(cpupool_create(&t->cx, 0, sched), 0);
	pool = &t->h->pools[0];
	assert_int_equal(cpupool_add_cpu(&t->cx, 0, 0), 0);
	assert_int_equal(cpupool_add_cpu(&t->cx, 0, 1), 0);
	dom0 = tiny_domain(t, pool, 2, 0);
	for (u32 i = 0; i < 2; i++) {
		box[i] = tiny_vcpu(dom0, i);
		assert_int_equal(box[i]->index, i);
		vcpu_set_affinity(&t->cx, box[i], tiny_mask(&only, 1ULL << i), NULL);
		t->h->pcpus[i].box = box[i];
	}
	assert_int_equal(cpupool_create_hidden(&t->cx, 1, 0), 1);
	hidden = &t->h->pools[1];
	d = tiny_domain(t, pool, 4, 0);
	d->assist.symbols = some_kernel();
	assert_int_equal(sched_adjust_global_micro(&t->cx, hidden, &p), 0);
	for (u32 round = 0; round < 5; round++) {
		for (u32 i = 0; i < 100 && !hidden->nr_cpus; i++) {
			v = t->h->pcpus[0].curr;
			if (v->domain == d)
				spin(v, SYMBOL_SPIN);
			tiny_run(t, t->cx.now + 5 * MSEC);
		}
		/* It is lent though a vCPU can run nowhere else: its own. */
		assert_int_equal(hidden->nr_cpus, 1);
		tiny_run(t, t->cx.now + MSEC);
		assert_true(box[1]->pause_flags & VPF_down);
		assert_false(box[1]->is_running);
		assert_true(mask_test(&box[1]->hard, 1) && !mask_test(&box[1]->hard, 0));
		for (u32 i = 0; i < 4; i++)
			assert_true(tiny_vcpu(d, i)->assist.kind == TURN_MICRO ||
				    tiny_vcpu(d, i)->processor == &t->h->pcpus[0]);
		p.mode = MICRO_STATIC; /* all goes back */
		assert_int_equal(sched_adjust_global_micro(&t->cx, hidden, &p), 0);
		p.mode = MICRO_CODE;
		assert_int_equal(sched_adjust_global_micro(&t->cx, hidden, &p), 0);
		tiny_settle(t);
		assert_int_equal(hidden->nr_cpus, 0);
		assert_int_equal(box[1]->pause_flags, 0);
		tiny_run(t, t->cx.now + 60 * MSEC);
		assert_ptr_equal(box[1]->processor, &t->h->pcpus[1]);
	}
	before = box[1]->runstate_ns[RUNSTATE_running];
	assert_int_equal(cpupool_destroy(&t->cx, 1), 0);
	tiny_run(t, t->cx.now + 200 * MSEC);
	assert_true(box[1]->runstate_ns[RUNSTATE_running] > before);
	tiny_free(t);
}

static void test_controller_and_boxes(void **state)
{
	(void)state;
	boxes(SCHED_ID_credit);
	boxes(SCHED_ID_credit2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lend),
		cmocka_unit_test(test_unknown_is_a_yield),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_grace),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_coboost),
		cmocka_unit_test(test_micro_turn),
		cmocka_unit_test(test_micro_as_coded),
		cmocka_unit_test(test_hidden_pools),
		cmocka_unit_test(test_controller),
		cmocka_unit_test(test_controller_and_boxes),
	};

	if (argc > 1) /* the name of one of them */
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
