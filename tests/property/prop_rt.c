/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: what RT-Xen's servers promise, for random servers, neighbours and switches of kind. A server that has
 * work gets, in every window, at least what its supply bound says (a sporadic one: to 1 us, the least refill); one
 * without loans or extra time gets, in no window, more than its interference bound says; nothing is lost in the queues.
 * That holds when kinds change at random, and for each pair of kinds between which one server goes to and fro under
 * load, a thousand times: for itself and for its neighbours. A sporadic server's refills add up to its budget, always.
 * Systems are such that the analysis admits them: response-time analysis with the deferrable server's jitter for fixed
 * priorities, utilisation for EDF.
 *
 *	ROTA_PROP_SEED=N  begin with this seed       ROTA_PROP_RUNS=N    so many systems a property
 *	ROTA_PROP_PAIR=N  of the pairs only this one
 */
#include "tiny_host.h"

#define MAX_S 6
#define MAX_POINTS 4096
#define TICK (100 * USEC)
#define LEAVES 64

struct server {
	vcpu_t *v;
	s64 period, budget;
	bool backlogged, ran;
	s64 left_ns[LEAVES]; /* when it left the sporadic kind, the last times */
	u32 nr_left;
	bool sporadic; /* it has been: a refill that isn't worth a switch waits for the next */
	bool polled; /* it has been: what comes too late waits for one budget's length more */
	u32 n; /* corners of its supply since it has work */
	s64 at[MAX_POINTS], got[MAX_POINTS];
	s64 base;
};

struct system {
	struct tiny t;
	cpupool_t *pool;
	u32 n, rule;
	bool polling, pure; /* some server polls; none lends or has extra time */
	s32 who; /* the one that switches, between these; -1 all, to any */
	u32 from, to;
	struct server s[MAX_S];
	u64 windows, switches, rings;
	u64 switched; /* windows over a leave of the sporadic kind whose bound says something */
};

static u64 from_env(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

/* The periodic resource model's bound; a polling server that gets work too late waits for one budget's length more. */
static s64 sbf(const struct server *s, s64 t, bool polled)
{
	s64 b = s->period - s->budget, n, rest;

	if (polled)
		t -= s->budget;
	n = t < b ? 0 : (t - b) / s->period;
	rest = t - 2 * b - n * s->period;
	return n * s->budget + (rest > 0 ? rest : 0);
}

/*
 * Who leaves the sporadic kind at x has what is there then; what is pending, and was to come bit by bit, comes at once
 * with the last of it, B <= x + T; what is used until B returns at B + T with the budget of the next period. So from x
 * on it has one budget by B + T <= x + 2 T, and one more in each period after that: as if it had stopped for one
 * period, once. In a window that holds such a switch, or begins before its B + T, it has what the bound says of a
 * window shorter by T; by as many of them as there were switches.
 */
static s64 stopped(const struct server *s, s64 from)
{
	s64 sum = 0;

	for (u32 i = 0; i < s->nr_left && i < LEAVES; i++)
		sum += s->left_ns[i] + 2 * s->period > from ? s->period : 0;
	return sum;
}

/* What a deferrable server may take in a window: no kind takes more. */
static s64 most(const struct server *s, s64 t)
{
	return (t + s->period - s->budget + s->period - 1) / s->period * s->budget;
}

static s64 run_ns(const struct system *y, const struct server *s)
{
	return vcpu_runstate_ns(s->v, RUNSTATE_running, y->t.cx.now);
}

/* A corner of the supply: check it against all corners before. */
static void corner(struct system *y, struct server *s)
{
	s64 now = y->t.cx.now, got = run_ns(y, s);
	u32 i = (u32)(s - y->s);

	if (s->n == MAX_POINTS)
		s->n = 0;
	for (u32 k = 0; k < s->n; k++) {
		s64 t = now - s->at[k], g = got - s->got[k], lost = stopped(s, s->at[k]);

		y->windows++;
		y->switched += s->backlogged && lost && sbf(s, t - lost, s->polled) > 0;
		if (s->backlogged && g + (s->sporadic ? RT_MIN_CHUNK_NS : 0) < sbf(s, t - lost, s->polled))
			tiny_broken(&y->t,
				    "server %u (%lld of %lld us, kind %u, rule %u) got %lld us of %lld, bound %lld", i,
				    (long long)(s->budget / USEC), (long long)(s->period / USEC), s->v->rt.kind,
				    y->rule, (long long)(g / USEC), (long long)(t / USEC),
				    (long long)(sbf(s, t - lost, s->polled) / USEC));
		if (y->pure && g > most(s, t))
			tiny_broken(&y->t, "server %u (%lld of %lld us, kind %u) took %lld us of %lld, at most %lld", i,
				    (long long)(s->budget / USEC), (long long)(s->period / USEC), s->v->rt.kind,
				    (long long)(g / USEC), (long long)(t / USEC), (long long)(most(s, t) / USEC));
	}
	s->at[s->n] = now;
	s->got[s->n++] = got;
}

/* The refills are the budget, in order. */
static void check_ring(struct system *y, const struct server *s)
{
	const struct rt_vcpu *v = &s->v->rt;
	s64 sum = 0, end = 0;

	for (u32 i = 0; i < v->nr; i++) {
		const struct rt_refill *r = &s->v->refills[(v->head + i) % RT_REFILLS];

		if (r->amount_ns <= 0 || (i && r->at_ns < end))
			tiny_broken(&y->t, "refill %u of server %u is empty or overlaps", i, (u32)(s - y->s));
		sum += r->amount_ns;
		end = r->at_ns + r->amount_ns;
	}
	if (sum != v->budget_ns)
		tiny_broken(&y->t, "the refills of server %u are %lld ns of %lld", (u32)(s - y->s), (long long)sum,
			    (long long)v->budget_ns);
	y->rings++;
}

static void watch(struct tiny *t)
{
	struct system *y = t->arg;

	for (u32 i = 0; i < y->n; i++) {
		struct server *s = &y->s[i];
		bool runs = s->v->runstate == RUNSTATE_running;

		if (runs != s->ran)
			corner(y, s);
		s->ran = runs;
		if (s->v->rt.kind == RT_SPORADIC)
			check_ring(y, s);
	}
}

/* Its own response time, all others above it with the jitter of a deferrable server. */
static bool admitted_fp(const struct system *y, u32 i, bool all)
{
	s64 w = y->s[i].budget, before = 0;

	while (w != before && w <= y->s[i].period) {
		before = w;
		w = y->s[i].budget;
		for (u32 k = 0; k < (all ? y->n : i); k++)
			if (k != i)
				w += most(&y->s[k], before);
	}
	return w <= y->s[i].period;
}

static const u8 all_kinds[] = { RT_DEFERRABLE, RT_PERIODIC,	   RT_POLLING,	 RT_SPORADIC,
				RT_CBS,	       RT_WORK_CONSERVING, RT_RECLAIMING };

/*
 * Random servers that the rule can serve whatever their kinds: EDF with deferrable ones as fixed priorities at worst.
 */
static void draw_servers(struct system *y)
{
	for (;;) {
		bool ok = true;

		y->n = 2 + tiny_below(&y->t, MAX_S - 1);
		for (u32 i = 0; i < y->n; i++) {
			y->s[i].period = (10 + tiny_below(&y->t, 190)) * TICK;
			y->s[i].budget = (1 + tiny_below(&y->t, (u32)(y->s[i].period / TICK / 2))) * TICK;
		}
		for (u32 i = 0; i < y->n && ok; i++)
			ok = admitted_fp(y, i, y->rule == RT_EDF);
		if (ok)
			return;
	}
}

static void set_kind(struct system *y, struct server *s, u32 kind, u32 when)
{
	struct rt_params p = s->v->rt_params;

	p.period_ns = s->period;
	p.budget_ns = s->budget;
	p.priority = (u32)(s - y->s) + 1;
	p.kind = (u8)kind;
	p.when = (u8)when;
	p.extratime = !y->pure && tiny_below(&y->t, 4) == 0;
	if (sched_adjust_vcpu(&y->t.cx, s->v, &p))
		tiny_broken(&y->t, "parameters refused");
	s->sporadic |= kind == RT_SPORADIC;
	s->polled |= kind == RT_POLLING;
	tiny_settle(&y->t);
}

static u32 draw_kind(struct system *y)
{
	u32 kind;

	do
		kind = all_kinds[tiny_below(&y->t, sizeof(all_kinds))];
	while ((kind == RT_POLLING && !y->polling) || (y->pure && kind >= RT_WORK_CONSERVING && kind != RT_CBS));
	return kind;
}

/* Of a system that is zero but for who, from and to. */
static void make(struct system *y, u64 seed, u32 rule, bool pure)
{
	struct rt_pool_params p = { .kind = RT_DEFERRABLE, .rule = (u8)rule };

	tiny_init(&y->t, 1, 1, 1);
	y->t.rng = seed;
	snprintf(y->t.where, sizeof(y->t.where), "repeat it with ROTA_PROP_SEED=%llu ROTA_PROP_RUNS=1",
		 (unsigned long long)seed);
	y->t.arg = y;
	y->rule = rule;
	y->pure = pure;
	y->polling = tiny_below(&y->t, 2);
	assert_int_equal(cpupool_create(&y->t.cx, 0, SCHED_ID_rtxen), 0);
	assert_int_equal(cpupool_add_cpu(&y->t.cx, 0, 0), 0);
	y->pool = &y->t.h->pools[0];
	assert_int_equal(sched_adjust_global_rt(&y->t.cx, y->pool, &p, RT_AT_ONCE), 0);
	tiny_settle(&y->t);
	draw_servers(y);
	for (u32 i = 0; i < y->n; i++) {
		struct server *s = &y->s[i];

		s->v = vcpu_create(&y->t.cx, domain_create(&y->t.cx, y->pool, -1), NULL, NULL);
		set_kind(y, s, (s32)i == y->who ? y->from : draw_kind(y), RT_AT_BOUNDARY);
	}
	for (u32 i = 0; i < y->n; i++) {
		vcpu_up(&y->t.cx, y->s[i].v);
		y->s[i].backlogged = true;
		y->s[i].ran = false;
		y->s[i].n = 0;
	}
	tiny_settle(&y->t);
	y->t.step = watch;
	watch(&y->t);
	for (u32 i = 0; i < y->n; i++)
		corner(y, &y->s[i]);
}

static void come_or_go(struct system *y, struct server *s)
{
	if (!s->backlogged) {
		if (!y->pure)
			s->n = 0;
		s->backlogged = true;
		/* The supply bound is of windows in which there is work. */
		s->n = 0;
		corner(y, s);
		vcpu_unblock(&y->t.cx, s->v);
	} else if (y->t.h->pcpus[0].curr == s->v) {
		corner(y, s);
		s->backlogged = false;
		vcpu_block(&y->t.cx, s->v);
	}
	tiny_settle(&y->t);
	watch(&y->t);
}

/* Work comes and goes, kinds change; the corners are checked as they come. */
static void run(struct system *y, u32 steps, u32 switch_in)
{
	u32 restless = tiny_below(&y->t, 1U << y->n); /* who sleeps now and then; the others have work always */

	for (u32 i = 0; i < steps; i++) {
		struct server *s = &y->s[tiny_below(&y->t, y->n)];

		tiny_run(&y->t, y->t.cx.now + 1 + tiny_below(&y->t, 8 * TICK));
		if (restless >> (s - y->s) & 1)
			come_or_go(y, s);
		if (switch_in && tiny_below(&y->t, switch_in) == 0) {
			u32 kind = draw_kind(y);

			s = &y->s[y->who >= 0 ? (u32)y->who : tiny_below(&y->t, y->n)];
			if (y->who >= 0)
				kind = s->v->rt_params.kind == y->from ? y->to : y->from;
			/* Who leaves the sporadic kind waits longer, once; that is not its neighbours' affair. */
			if (s->v->rt.kind == RT_SPORADIC || s->v->rt.first_ns >= 0)
				s->left_ns[s->nr_left++ % LEAVES] = y->t.cx.now;
			set_kind(y, s, kind, tiny_below(&y->t, 2));
			watch(&y->t);
			y->switches++;
		}
	}
}

static void supply(u32 rule, u32 switch_in, bool pure)
{
	u64 seed = from_env("ROTA_PROP_SEED", 1), runs = from_env("ROTA_PROP_RUNS", 150), windows = 0, switches = 0;
	struct system *y = calloc(1, sizeof(*y));

	assert_non_null(y);
	for (u64 r = 0; r < runs; r++) {
		memset(y, 0, sizeof(*y));
		y->who = -1;
		make(y, seed + r, rule, pure);
		run(y, 2000, switch_in);
		windows += y->windows;
		switches += y->switches;
		tiny_free(&y->t);
	}
	print_message("%llu windows, %llu switches\n", (unsigned long long)windows, (unsigned long long)switches);
	/* A run of one seed is a repetition. */
	assert_true(runs < 100 || (windows > 1000000 && (!switch_in || switches > 1000)));
	free(y);
}

/*
 * Sequences that once broke a bound. 1016: a periodic server that woke late in its period became a CBS and kept, beyond
 * that period's end, what it had not used: a window got it on top of two budgets.
 */
static void test_found(void **state)
{
	static const u64 seeds[] = { 1016 };
	struct system *y = calloc(1, sizeof(*y));

	(void)state;
	assert_non_null(y);
	for (u32 k = 0; k < 2 * sizeof(seeds) / sizeof(seeds[0]); k++) {
		memset(y, 0, sizeof(*y));
		y->who = -1;
		make(y, seeds[k / 2], k % 2 ? RT_FP : RT_EDF, true);
		run(y, 2000, 20);
		assert_true(y->switches > 0);
		tiny_free(&y->t);
	}
	free(y);
}

static void test_supply_fp(void **state)
{
	(void)state;
	supply(RT_FP, 0, false);
}

static void test_supply_edf(void **state)
{
	(void)state;
	supply(RT_EDF, 0, false);
}

static void test_interference(void **state)
{
	(void)state;
	supply(RT_FP, 0, true);
	supply(RT_EDF, 0, true);
	supply(RT_FP, 20, true);
	supply(RT_EDF, 20, true);
}

static void test_switches_fp(void **state)
{
	(void)state;
	supply(RT_FP, 20, false);
}

static void test_switches_edf(void **state)
{
	(void)state;
	supply(RT_EDF, 20, false);
}

/* One server goes to and fro between two kinds, the others keep theirs: 1,000 switches for each pair and rule. */
static void test_pairs(void **state)
{
	u64 seed = from_env("ROTA_PROP_SEED", 1), windows = 0, switches = 0, rings = 0, switched = 0;
	struct system *y = calloc(1, sizeof(*y));
	u32 kinds = sizeof(all_kinds), pairs = 0, only = (u32)from_env("ROTA_PROP_PAIR", 1000);

	(void)state;
	assert_non_null(y);
	for (u32 k = 0; k < kinds * kinds * 2; k++) {
		u32 from = all_kinds[k % kinds], to = all_kinds[k / kinds % kinds];
		bool lends = from == RT_WORK_CONSERVING || to == RT_WORK_CONSERVING || from == RT_RECLAIMING ||
			     to == RT_RECLAIMING;
		u64 here = 0;

		if (from == to || (only < kinds * kinds * 2 && only != k))
			continue;
		pairs++;
		for (u64 r = 0; here < 1000; r++) {
			memset(y, 0, sizeof(*y));
			y->who = (s32)(r % 2); /* every system has two */
			y->from = from;
			y->to = to;
			make(y, seed + r + 1000 * k, k < kinds * kinds ? RT_FP : RT_EDF, !lends);
			snprintf(y->t.where, sizeof(y->t.where), "repeat it with ROTA_PROP_SEED=%llu ROTA_PROP_PAIR=%u",
				 (unsigned long long)seed, k);
			run(y, 1000, 2 + (u32)(r % 3) * 6);
			here += y->switches;
			windows += y->windows;
			rings += y->rings;
			switched += y->switched;
			tiny_free(&y->t);
		}
		switches += here;
	}
	print_message("%u pairs, %llu switches, %llu windows, %llu over a leave of the sporadic kind, %llu rings\n",
		      pairs, (unsigned long long)switches, (unsigned long long)windows, (unsigned long long)switched,
		      (unsigned long long)rings);
	assert_true(only < 1000 || (pairs == 84 && switches >= 84000 && rings > 10000 && switched > 100000));
	free(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supply_fp),    cmocka_unit_test(test_supply_edf),
		cmocka_unit_test(test_interference), cmocka_unit_test(test_switches_fp),
		cmocka_unit_test(test_switches_edf), cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
