/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: what guests get in the long run and in every window, for random hosts, weights and
 * caps: shares within 2 % of the ideal, a cap never passed by more than what a domain may hold,
 * credits that add up, and nobody who waits for longer than his weight explains. The ideal is
 * computed here: CPU time in proportion to weight among those who can use more.
 *
 *	ROTA_PROP_SEED=N  begin with this seed       ROTA_PROP_RUNS=N    so many hosts a property
 */
#include "invariants.h"

#define MAX_D 6
#define SAMPLES 6000

struct load {
	struct tiny t;
	cpupool_t *pool;
	u32 cpus, n;
	s64 slice;
	domain_t *d[MAX_D];
	double ideal[MAX_D]; /* of one pCPU */
	s64 waiting_since[TINY_VCPUS], longest_wait[TINY_VCPUS];
};

static u64 from_env(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

static s64 domain_run(struct load *l, domain_t *d)
{
	s64 sum = 0;

	tiny_each_vcpu(v, d)
		sum += vcpu_runstate_ns(v, RUNSTATE_running, l->t.cx.now);
	return sum;
}

/* Who waits, and since when: parked does not count as waiting. */
static void note_waits(struct tiny *t)
{
	struct load *l = t->arg;

	for (u32 i = 0; i < l->n; i++)
		tiny_each_vcpu(v, l->d[i]) {
			s64 waited;

			if (!v->credit.queued) {
				l->waiting_since[v->index] = -1;
				continue;
			}
			if (l->waiting_since[v->index] < 0)
				l->waiting_since[v->index] = t->cx.now;
			waited = t->cx.now - l->waiting_since[v->index];
			if (waited > l->longest_wait[v->index])
				l->longest_wait[v->index] = waited;
		}
}

/* Share out by weight; who is limited takes his limit, the others share the rest. */
static void compute_ideal(struct load *l)
{
	bool full[MAX_D] = { false }, again = true;
	double left = l->cpus;

	while (again) {
		double weight = 0, rest = left;

		for (u32 i = 0; i < l->n; i++) {
			domain_t *d = l->d[i];

			if (!full[i])
				weight += (double)d->weight *
					  (l->pool->credit.params.weight_of_domain ? 1
										   : d->nr_vcpus);
		}
		again = false;
		for (u32 i = 0; i < l->n; i++) {
			domain_t *d = l->d[i];
			double limit = d->nr_vcpus, w = (double)d->weight;

			if (full[i])
				continue;
			if (!l->pool->credit.params.weight_of_domain)
				w *= d->nr_vcpus;
			if (d->cap && d->cap / 100.0 < limit)
				limit = d->cap / 100.0;
			l->ideal[i] = rest * w / weight;
			if (l->ideal[i] >= limit) {
				l->ideal[i] = limit;
				full[i] = true;
				left -= limit;
				again = true;
				break;
			}
		}
	}
}

static void load_init(struct load *l, u64 seed, bool caps)
{
	static const s64 slices[] = { 30, 30, 30, 10, 5, 2, 1 };
	struct tiny dice = { .rng = seed * 0x2545f4914f6cdd1dULL };
	struct tiny *t = &l->t;
	struct credit_params params;

	memset(l, 0, sizeof(*l));
	l->cpus = 1 + tiny_below(&dice, 6);
	l->n = 1 + tiny_below(&dice, MAX_D);
	tiny_init(t, l->cpus, 1, 1);
	t->rng = tiny_random(&dice);
	t->arg = l;
	snprintf(t->where, sizeof(t->where), "repeat it with ROTA_PROP_SEED=%llu ROTA_PROP_RUNS=1",
		 (unsigned long long)seed);
	l->pool = tiny_pool(t, 0, (1ULL << l->cpus) - 1);
	params = l->pool->credit.params;
	l->slice = slices[tiny_below(t, 7)] * MSEC;
	params.tslice_ns = l->slice;
	params.ratelimit_ns = l->slice > MSEC ? MSEC : 100 * USEC;
	params.weight_of_domain = (u8)tiny_below(t, 2);
	assert_int_equal(sched_adjust_global_credit(&t->cx, l->pool, &params), 0);
	for (u32 i = 0; i < l->n; i++) {
		u32 vcpus = 1 + tiny_below(t, 6);
		s32 cap = caps && tiny_below(t, 4) ? 1 + (s32)tiny_below(t, 100 * vcpus) : 0;

		if (cap && !tiny_below(t, 4))
			cap = 1 + (s32)tiny_below(t, 5);
		tiny_run(t, t->cx.now + tiny_below(t, 20000000));
		l->d[i] = tiny_domain(t, l->pool, vcpus, 0);
		assert_int_equal(sched_adjust(&t->cx, l->d[i], 64 << tiny_below(t, 5), cap), 0);
		tiny_settle(t);
	}
	for (u32 i = 0; i < TINY_VCPUS; i++)
		l->waiting_since[i] = -1;
	compute_ideal(l);
}

static void for_each_seed(void (*check)(u64 seed), u64 first, u64 runs)
{
	first = from_env("ROTA_PROP_SEED", first);
	runs = from_env("ROTA_PROP_RUNS", runs);
	for (u64 i = 0; i < runs; i++)
		check(first + i);
}

/* ---- shares ---- */

static void check_shares(u64 seed)
{
	static struct load l;
	s64 before[MAX_D], span;

	load_init(&l, seed, false);
	/* Long enough for the rarest vCPU's turns, a slice each, to average out. */
	span = 4000 * l.slice;
	tiny_run(&l.t, l.t.cx.now + 200 * l.slice);
	for (u32 i = 0; i < l.n; i++)
		before[i] = domain_run(&l, l.d[i]);
	tiny_run(&l.t, l.t.cx.now + span);
	for (u32 i = 0; i < l.n && getenv("ROTA_PROP_VERBOSE"); i++) {
		fprintf(stderr, "weight %u, %u vCPUs on %u pCPUs, ideal %.4f:", l.d[i]->weight,
			l.d[i]->nr_vcpus, l.cpus, l.ideal[i]);
		tiny_each_vcpu(v, l.d[i])
			fprintf(stderr, " %.4f (credit %+.2f slices)",
				(double)vcpu_runstate_ns(v, 0, l.t.cx.now) / (double)l.t.cx.now,
				(double)v->credit.credit_ns / (double)l.slice);
		fprintf(stderr, "\n");
	}
	for (u32 i = 0; i < l.n; i++) {
		double got = (double)(domain_run(&l, l.d[i]) - before[i]) / (double)span;

		if (got > l.ideal[i] * 1.02 + 0.002 || got < l.ideal[i] * 0.98 - 0.002)
			tiny_broken(&l.t, "domain %u (weight %u cap %u, %u vCPUs, slice %lld) gets "
					  "%.4f, ideal %.4f", i, l.d[i]->weight, l.d[i]->cap,
				    l.d[i]->nr_vcpus, (long long)l.slice, got, l.ideal[i]);
	}
	tiny_free(&l.t);
}

static void test_shares(void **state)
{
	(void)state;
	for_each_seed(check_shares, 1, 60);
}

/* ---- caps ---- */

/*
 * A vCPU may hold four periods' budget of its domain (while it waits), a domain five; and the first grant
 * within a window is for the period before. So in a window of W: cap * (W + period) + what it may hold.
 */
static void check_caps(u64 seed, bool blocking)
{
	static const s64 windows[] = { 30, 50, 100, 300, 1000 };
	static struct load l;
	static s64 run[MAX_D][SAMPLES];

	load_init(&l, seed, true);
	for (u32 s = 0; s < SAMPLES; s++) {
		if (blocking)
			for (u32 k = 0; k < 3; k++) {
				domain_t *d = l.d[tiny_below(&l.t, l.n)];
				vcpu_t *v = tiny_vcpu(d, tiny_below(&l.t, d->nr_vcpus));

				/* Spells of some 100 ms without anybody, so that budgets are saved up. */
				if (v->pause_flags & VPF_blocked && s / 100 % 3)
					vcpu_unblock(&l.t.cx, v);
				else if (v->processor->curr == v) {
					l.t.cx.cpu = v->processor->id;
					vcpu_block(&l.t.cx, v);
				}
				tiny_settle(&l.t);
			}
		tiny_run(&l.t, l.t.cx.now + MSEC);
		for (u32 i = 0; i < l.n; i++)
			run[i][s] = domain_run(&l, l.d[i]);
	}
	for (u32 i = 0; i < l.n; i++) {
		domain_t *d = l.d[i];
		s64 period = (s64)d->cap * l.slice / 100;
		s64 held = (d->nr_vcpus > 1 ? 5 : 4) * period;

		for (u32 k = 0; d->cap && k < 5; k++)
			for (u32 s = 0; s + windows[k] < SAMPLES; s++) {
				s64 w = windows[k] * MSEC, got = run[i][s + windows[k]] - run[i][s];

				if (got > (s64)d->cap * w / 100 + period + held)
					tiny_broken(&l.t, "cap %u, %u vCPUs, slice %lld: %lld ns in "
							  "%lld ms", d->cap, d->nr_vcpus,
						    (long long)l.slice, (long long)got,
						    (long long)windows[k]);
			}
	}
	tiny_free(&l.t);
}

static void check_caps_of_hogs(u64 seed)
{
	check_caps(seed, false);
}

static void check_caps_of_sleepers(u64 seed)
{
	check_caps(seed, true);
}

static void test_caps_of_hogs(void **state)
{
	(void)state;
	for_each_seed(check_caps_of_hogs, 100, 25);
}

static void test_caps_of_sleepers(void **state)
{
	(void)state;
	for_each_seed(check_caps_of_sleepers, 200, 25);
}

/* ---- nobody starves, credits add up ---- */

/*
 * A vCPU waits while it is OVER: it owes four slices at most, earns its share of time, and a
 * slice goes by before the accounting tells. Once UNDER it waits for those in its queue, a slice
 * each; one more for what runs.
 */
static void check_waits(u64 seed)
{
	static struct load l;
	u32 vcpus = 0;

	load_init(&l, seed, true);
	for (u32 i = 0; i < l.n; i++)
		vcpus += l.d[i]->nr_vcpus;
	l.t.step = note_waits;
	for (u32 s = 0; s < 200; s++) {
		s64 sum = 0, contenders = 0;

		tiny_run(&l.t, l.t.cx.now + l.slice);
		note_waits(&l.t);
		/* Credit is relative: after the accounting it sums to zero, but for what was cut off. */
		tiny_run(&l.t, l.t.h->pcpus[l.pool->credit.master].timer_ns[TIMER_ACCT]);
		for (u32 i = 0; i < l.n; i++)
			tiny_each_vcpu(v, l.d[i]) {
				if (!may_run(v) && v->credit.credit_ns >= 0)
					continue;
				sum += v->credit.credit_ns;
				contenders++;
			}
		if (s > 100 && llabs(sum) > 2 * l.slice * contenders)
			tiny_broken(&l.t, "after %u accountings %lld vCPUs' credits sum to %lld ns",
				    s, (long long)contenders, (long long)sum);
	}
	for (u32 i = 0; i < l.n; i++)
		tiny_each_vcpu(v, l.d[i]) {
			double share = l.ideal[i] / l.d[i]->nr_vcpus;
			double bound = (double)l.slice * (5 / share + vcpus + 1);

			if (!v->runstate_ns[RUNSTATE_running] && v->processor->curr != v)
				tiny_broken(&l.t, "d%uv%u of cap %u with %u vCPUs never ran", i, v->id,
					    l.d[i]->cap, l.d[i]->nr_vcpus);
			if ((double)l.longest_wait[v->index] > bound)
				tiny_broken(&l.t, "d%uv%u (share %.4f) waits for %lld ns", i, v->id,
					    share, (long long)l.longest_wait[v->index]);
		}
	tiny_free(&l.t);
}

static void test_waits(void **state)
{
	(void)state;
	for_each_seed(check_waits, 300, 60);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_caps_of_hogs),
		cmocka_unit_test(test_caps_of_sleepers),
		cmocka_unit_test(test_waits),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
