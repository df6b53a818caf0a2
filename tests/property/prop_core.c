/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: random sequences of events against the core's invariants. Each sequence draws a
 * topology, latencies of IPIs and of saving a vCPU, and pools with parameters of their own; then
 * it wakes, blocks, yields, pauses, pins, re-weights, creates, destroys and moves whatever there
 * is, and after every step everything in invariants.h must hold. At the end all is destroyed and
 * every slot must be back. Every other sequence also has guests that spin, interrupts, hidden pools and all that gives
 * turns (assist.c); who has a turn must come home. A refused call must not have changed one byte of the host. The same
 * seed must give the same records.
 *
 *	ROTA_PROP_SEED=N  begin with this seed       ROTA_PROP_RUNS=N    so many sequences
 *	ROTA_PROP_EVENTS=N  events a sequence        ROTA_PROP_MEND=N    enum credit_mend of all pools
 *	ROTA_PROP_VERBOSE=1  print events and records
 */
#include "invariants.h"

static u32 events_per_run = 2000;

struct world {
	struct tiny t;
	u32 event;
	u64 seed;
	s32 mend; /* -1: drawn for each pool */
	struct {
		bool dying;
		u32 pauses;
		u32 weight, cap;
		s32 moving_to; /* -1: it is not */
	} d[TINY_DOMAINS];
	u8 vcpu_pauses[TINY_VCPUS];
	s64 longest_slice[TINY_POOLS]; /* since the pool was made */
	s32 leaving_pool; /* of moving_cpu */
	bool turns; /* the sequence has some */
	s64 away_since[TINY_VCPUS]; /* TIME_NEVER: at home */
};

static u64 some_cpus(struct world *w)
{
	struct tiny *t = &w->t;
	u64 all = (1ULL << t->ncpu) - 1;

	switch (tiny_below(t, 4)) {
	case 0:
		return all;
	case 1:
		return 1ULL << tiny_below(t, t->ncpu);
	default:
		return tiny_random(t) & all;
	}
}

static domain_t *some_domain(struct world *w)
{
	host_t *h = w->t.h;
	u32 k = tiny_below(&w->t, TINY_DOMAINS);

	for (u32 i = 0; i < TINY_DOMAINS; i++) {
		domain_t *d = &h->domains[(i + k) % TINY_DOMAINS];

		if (d->used && !w->d[d->id].dying)
			return d;
	}
	return NULL;
}

static vcpu_t *some_vcpu(struct world *w)
{
	domain_t *d = some_domain(w);

	return d && d->nr_vcpus ? tiny_vcpu(d, tiny_below(&w->t, d->nr_vcpus)) : NULL;
}

static vcpu_t *some_running(struct world *w)
{
	u32 k = tiny_below(&w->t, w->t.ncpu);

	for (u32 i = 0; i < w->t.ncpu; i++) {
		vcpu_t *c = w->t.h->pcpus[(i + k) % w->t.ncpu].curr;

		if (!c->is_idle)
			return c;
	}
	return NULL;
}

static cpupool_t *some_pool(struct world *w)
{
	u32 k = tiny_below(&w->t, TINY_POOLS);

	for (u32 i = 0; i < TINY_POOLS; i++)
		if (w->t.h->pools[(i + k) % TINY_POOLS].used)
			return &w->t.h->pools[(i + k) % TINY_POOLS];
	return NULL;
}

/* ret of a call made after tiny_remember(). */
static bool refused(struct world *w, s32 ret, const char *call)
{
	if (ret >= 0 || ret == -SCHED_EAGAIN)
		return false;
	tiny_unchanged(&w->t, call);
	return true;
}

/* ---- events ---- */

static struct symbol_table *some_kernel(void);

static void new_domain(struct world *w)
{
	struct tiny *t = &w->t;
	cpupool_t *pool = some_pool(w);
	domain_t *d;

	if (!pool)
		return;
	tiny_remember(t);
	d = domain_create(&t->cx, pool, tiny_below(t, 2) ? -1 : (s32)tiny_below(t, TINY_DOMAINS + 1));
	if (!d) {
		tiny_unchanged(t, "domain_create");
		return;
	}
	memset(&w->d[d->id], 0, sizeof(w->d[0]));
	if (w->turns)
		d->assist.symbols = some_kernel();
	w->d[d->id].weight = 256;
	w->d[d->id].moving_to = -1;
}

static void new_vcpu(struct world *w)
{
	struct tiny *t = &w->t;
	domain_t *d = some_domain(w);
	struct cpumask hard, soft;
	vcpu_t *v;

	if (!d)
		return;
	tiny_mask(&hard, some_cpus(w));
	tiny_mask(&soft, some_cpus(w));
	tiny_remember(t);
	v = vcpu_create(&t->cx, d, tiny_below(t, 2) ? NULL : &hard, tiny_below(t, 2) ? NULL : &soft);
	if (!v) {
		tiny_unchanged(t, "vcpu_create");
		return;
	}
	v->host_data = (u64)t->cx.now;
	w->vcpu_pauses[v->index] = 0;
	if (tiny_below(t, 8))
		vcpu_up(&t->cx, v);
}

static void pause_some(struct world *w)
{
	struct tiny *t = &w->t;
	vcpu_t *v = some_vcpu(w);
	domain_t *d = some_domain(w);
	bool one = v && tiny_below(t, 2);
	u32 *count = d ? &w->d[d->id].pauses : NULL, n;
	s32 ret;

	if (!d)
		return;
	n = one ? w->vcpu_pauses[v->index] : *count;
	tiny_remember(t);
	if (tiny_below(t, 3 + n) < 2) {
		ret = one ? vcpu_pause(&t->cx, v) : domain_pause(&t->cx, d);
		n++;
	} else if (n || !(one ? v->pause_count : d->pause_count)) {
		ret = one ? vcpu_unpause(&t->cx, v) : domain_unpause(&t->cx, d);
		if (!n && ret != -SCHED_EINVAL)
			tiny_broken(t, "an unpause too many gives %d", ret);
		n -= n > 0;
	} else {
		return; /* only the core's own pause is left */
	}
	refused(w, ret, "pause or unpause");
	if (one)
		w->vcpu_pauses[v->index] = (u8)n;
	else
		*count = n;
}

static void set_affinity(struct world *w)
{
	struct tiny *t = &w->t;
	vcpu_t *v = some_vcpu(w);
	struct cpumask hard, soft;
	u32 which = 1 + tiny_below(t, 3);

	if (!v)
		return;
	tiny_mask(&hard, some_cpus(w));
	tiny_mask(&soft, some_cpus(w));
	tiny_remember(t);
	refused(w, vcpu_set_affinity(&t->cx, v, which & 1 ? &hard : NULL, which & 2 ? &soft : NULL),
		"vcpu_set_affinity");
}

static void pin_for_a_moment(struct world *w)
{
	struct tiny *t = &w->t;
	vcpu_t *v = some_vcpu(w);
	u32 reason = 1 + tiny_below(t, 2);
	s32 cpu = tiny_below(t, 2) ? -1 : (s32)tiny_below(t, t->ncpu + 1);

	if (!v)
		return;
	if (v->affinity_broken && tiny_below(t, 2)) {
		cpu = -1;
		reason = v->affinity_broken & 1 ? 1 : 2;
	}
	tiny_remember(t);
	refused(w, vcpu_temporary_affinity(&t->cx, v, cpu, reason), "vcpu_temporary_affinity");
}

static void adjust(struct world *w)
{
	struct tiny *t = &w->t;
	static const s32 weights[] = { 0, 1, 64, 256, 512, 65535, 65536, -1 };
	static const s32 caps[] = { -1, 0, 0, 10, 50, 100, 150, 399, 5000, -2 };
	domain_t *d = some_domain(w);
	s32 weight = weights[tiny_below(t, 8)], cap = caps[tiny_below(t, 10)];

	if (!d)
		return;
	tiny_remember(t);
	if (refused(w, sched_adjust(&t->cx, d, weight, cap), "sched_adjust"))
		return;
	if (weight)
		w->d[d->id].weight = (u32)weight;
	if (cap >= 0)
		w->d[d->id].cap = (u32)cap;
}

static void draw_params(struct world *w, cpupool_t *pool, bool fresh)
{
	static const s64 slices[] = { 1, 2, 3, 5, 10, 30, 30, 30, 100, 1000, 0, 1001 };
	static const s64 limits[] = { 0, 100, 500, 1000, 1000, 1000, 5000, 99, 500001, -1 };
	struct tiny *t = &w->t;
	struct credit_params p = pool->credit.params;

	p.tslice_ns = slices[tiny_below(t, 12)] * MSEC;
	p.ratelimit_ns = limits[tiny_below(t, 10)] * USEC;
	/* Not later: whom the delay made wait would go on waiting when it ends, till the next event. */
	if (fresh)
		p.migr_delay_ns = tiny_below(t, 6) ? 0 : (s64)tiny_below(t, 110) * MSEC;
	p.lb_ratelimit_ns = (s64)tiny_below(t, 3) * MSEC;
	p.weight_of_domain = (u8)tiny_below(t, 2);
	p.tickle_one_idle = tiny_below(t, 4) != 0;
	if (w->mend >= 0)
		p.mend = (u32)w->mend;
	else if (fresh)
		p.mend = tiny_below(t, 3) ? CREDIT_MEND_ALL : tiny_below(t, 2) ? 0 : tiny_below(t, CREDIT_MEND_ALL + 1);
	tiny_remember(t);
	if (!refused(w, sched_adjust_global_credit(&t->cx, pool, &p), "sched_adjust_global") &&
	    p.tslice_ns > w->longest_slice[pool->id])
		w->longest_slice[pool->id] = p.tslice_ns;
}

static void new_pool(struct world *w)
{
	struct tiny *t = &w->t;
	s32 id;

	tiny_remember(t);
	id = cpupool_create(&t->cx, tiny_below(t, 2) ? CPUPOOL_ANY : (s32)tiny_below(t, TINY_POOLS + 1),
			    tiny_below(t, 8) ? SCHED_ID_credit : 3);
	if (refused(w, id, "cpupool_create"))
		return;
	w->longest_slice[id] = t->h->pools[id].credit.params.tslice_ns;
	draw_params(w, &t->h->pools[id], true);
}

/* ---- turns ---- */

static void draw_assist(struct world *w, cpupool_t *pool)
{
	struct tiny *t = &w->t;
	struct assist_params p = some_assist(t, pool);

	tiny_remember(t);
	refused(w, sched_adjust_global_assist(&t->cx, pool, &p), "sched_adjust_global_assist");
}

static void draw_micro(struct world *w, cpupool_t *pool)
{
	struct tiny *t = &w->t;
	struct micro_params p = some_micro(t);

	tiny_remember(t);
	refused(w, sched_adjust_global_micro(&t->cx, pool, &p), "sched_adjust_global_micro");
}

static void new_hidden_pool(struct world *w)
{
	struct tiny *t = &w->t;
	s32 id;

	tiny_remember(t);
	id = cpupool_create_hidden(&t->cx, CPUPOOL_ANY, (s32)tiny_below(t, TINY_POOLS + 1) - 1);
	if (!refused(w, id, "cpupool_create_hidden"))
		draw_micro(w, &t->h->pools[id]);
}

static void turn_event(struct world *w)
{
	struct tiny *t = &w->t;
	u32 what = tiny_below(t, 100);
	domain_t *d = some_domain(w);
	cpupool_t *pool = some_pool(w);
	vcpu_t *v;

	t->cx.cpu = tiny_below(t, t->ncpu);
	w->t.last = 1000 + what;
	ips_move(t);
	if (what < 50) {
		v = some_running(w);
		if (v)
			some_spin(t, v);
	} else if (what < 80) {
		v = some_vcpu(w);
		if (v)
			vcpu_interrupt(&t->cx, v, tiny_below(t, 2));
	} else if (what < 84) {
		new_hidden_pool(w);
	} else if (what < 90) {
		if (pool)
			draw_assist(w, pool);
	} else if (what < 94) {
		if (pool)
			draw_micro(w, pool);
	} else if (d) {
		d->assist.symbols = tiny_below(t, 8) ? some_kernel() : NULL;
	}
	tiny_effects(t);
}

static void cpu_in_or_out(struct world *w)
{
	struct tiny *t = &w->t;
	s32 id = (s32)tiny_below(t, TINY_POOLS), cpu = (s32)tiny_below(t, t->ncpu + 2) - 1, ret;

	tiny_remember(t);
	if (t->h->moving_cpu >= 0 && tiny_below(t, 2)) {
		/* Go on with the removal under way, or undo it. */
		id = (s32)t->h->moving_pool;
		cpu = t->h->moving_cpu;
	}
	if (tiny_below(t, 5) < 3) {
		ret = cpupool_add_cpu(&t->cx, id, cpu);
		refused(w, ret, "cpupool_add_cpu");
	} else {
		ret = cpupool_rm_cpu(&t->cx, id, cpu);
		refused(w, ret, "cpupool_rm_cpu");
	}
}

static void move_domain(struct world *w)
{
	struct tiny *t = &w->t;
	domain_t *d = some_domain(w);
	s32 to = (s32)tiny_below(t, TINY_POOLS), ret;

	if (!d)
		return;
	if (w->d[d->id].moving_to >= 0 && tiny_below(t, 4))
		to = w->d[d->id].moving_to;
	tiny_remember(t);
	ret = cpupool_move_domain(&t->cx, d, to);
	if (refused(w, ret, "cpupool_move_domain"))
		return;
	w->d[d->id].moving_to = ret ? to : -1;
	if (!ret && d->pool->id != (u32)to)
		tiny_broken(t, "domain %u moved to pool %d and is in %u", d->id, to, d->pool->id);
}

static bool end_domain(struct world *w, domain_t *d)
{
	w->d[d->id].dying = true;
	return domain_destroy(&w->t.cx, d) == 0;
}

static void destroy_some(struct world *w)
{
	struct tiny *t = &w->t;
	domain_t *d = some_domain(w);
	s32 id = (s32)tiny_below(t, TINY_POOLS);

	if (!tiny_below(t, 3)) {
		tiny_remember(t);
		refused(w, cpupool_destroy(&t->cx, id), "cpupool_destroy");
	} else if (d && t->h->nr_domains > 2) {
		end_domain(w, d);
	}
}

static void one_event(struct world *w)
{
	struct tiny *t = &w->t;
	u32 what = tiny_below(t, 1000);
	vcpu_t *v;

	t->cx.cpu = tiny_below(t, t->ncpu);
	w->t.last = what;
	if (t->verbose)
		fprintf(stderr, "%lld: event %u: %u\n", (long long)t->cx.now, w->event, what);
	if (what < 300) {
		v = some_vcpu(w);
		if (v && v->pause_flags & VPF_down)
			vcpu_up(&t->cx, v);
		else if (v && !tiny_below(t, 8))
			vcpu_wake(&t->cx, v);
		else if (v)
			vcpu_unblock(&t->cx, v);
	} else if (what < 310) {
		/* A directed yield, to whomever. */
		vcpu_t *to = some_vcpu(w);

		v = some_running(w);
		if (v && to) {
			t->cx.cpu = v->processor->id;
			vcpu_yield_to(&t->cx, v, to);
		}
	} else if (what < 560) {
		v = tiny_below(t, 16) ? some_running(w) : some_vcpu(w);
		if (v && !(v->pause_flags & VPF_blocked)) {
			t->cx.cpu = v->processor->id;
			vcpu_block(&t->cx, v);
		}
	} else if (what < 620) {
		v = some_running(w);
		if (v) {
			t->cx.cpu = v->processor->id;
			vcpu_yield(&t->cx, v);
		}
	} else if (what < 700) {
		pause_some(w);
	} else if (what < 770) {
		set_affinity(w);
	} else if (what < 800) {
		pin_for_a_moment(w);
	} else if (what < 840) {
		adjust(w);
	} else if (what < 850) {
		cpupool_t *pool = some_pool(w);

		if (pool && !pool->assist.parent)
			draw_params(w, pool, false);
	} else if (what < 870) {
		new_domain(w);
	} else if (what < 910) {
		new_vcpu(w);
	} else if (what < 920) {
		destroy_some(w);
	} else if (what < 930) {
		new_pool(w);
	} else if (what < 970) {
		cpu_in_or_out(w);
	} else {
		move_domain(w);
	}
	/* What could not end before is tried again. */
	for (u32 i = 0; i < TINY_DOMAINS; i++)
		if (t->h->domains[i].used && w->d[i].dying && !tiny_below(t, 4))
			end_domain(w, &t->h->domains[i]);
	tiny_effects(t);
}

/* ---- what the model knows ---- */

static void check_model(struct world *w)
{
	struct tiny *t = &w->t;

	for (u32 i = 0; i < TINY_DOMAINS; i++) {
		domain_t *d = &t->h->domains[i];
		u32 own;

		if (!d->used || w->d[i].dying)
			continue;
		own = w->d[i].moving_to >= 0;
		if (d->pause_count != w->d[i].pauses + own)
			tiny_broken(t, "domain %u: %u pauses, of which %u are ours", i, d->pause_count, w->d[i].pauses);
		if (d->weight != w->d[i].weight || d->cap != w->d[i].cap)
			tiny_broken(t, "domain %u: weight %u cap %u, set were %u and %u", i, d->weight, d->cap,
				    w->d[i].weight, w->d[i].cap);
		tiny_each_vcpu(v, d)
		{
			cpupool_t *pool = d->pool;
			s64 most = 4 * w->longest_slice[pool->id], since;

			if (v->pause_count != w->vcpu_pauses[v->index])
				tiny_broken(t, "d%uv%u: %u pauses, %u are ours", i, v->id, v->pause_count,
					    w->vcpu_pauses[v->index]);
			if (!mend_all(pool))
				continue;
			/* Clamped at the accounting; since then it has run at most that long. */
			since = t->cx.now - pool->credit.acct_ns;
			if (since < w->longest_slice[pool->id])
				since = w->longest_slice[pool->id];
			if (v->credit.credit_ns > most || v->credit.credit_ns < -most - since)
				tiny_broken(t, "d%uv%u: credit %lld ns", i, v->id, (long long)v->credit.credit_ns);
		}
	}
}

static void step(struct tiny *t)
{
	tiny_check(t);
	check_home_since(t, ((struct world *)t->arg)->away_since);
}

static void let_time_pass(struct world *w)
{
	static const u32 spans[] = { 0, 0, 0, 20000, 100000, 100000, 1000000, 5000000 };
	struct tiny *t = &w->t;
	u32 span = tiny_below(t, 40) ? spans[tiny_below(t, 8)] : 80000000;

	tiny_run(t, t->cx.now + (span ? (s64)tiny_below(t, span) : 0));
}

static void destroy_all(struct world *w)
{
	struct tiny *t = &w->t;
	host_t *h = t->h;

	for (u32 i = 0; i < TINY_DOMAINS; i++) {
		if (!h->domains[i].used)
			continue;
		if (!end_domain(w, &h->domains[i])) {
			tiny_quiesce(t);
			if (!end_domain(w, &h->domains[i]))
				tiny_broken(t, "domain %u can't be destroyed", i);
		}
		tiny_quiesce(t);
	}
	if (h->moving_cpu >= 0 && cpupool_rm_cpu(&t->cx, (s32)h->moving_pool, h->moving_cpu))
		tiny_broken(t, "the removal of pCPU %d can't be finished", h->moving_cpu);
	tiny_quiesce(t);
	/* Hidden pools first: their parents can't go before them. */
	for (s32 k = 2 * TINY_POOLS - 1; k >= 0; k--) {
		s32 ret = 0, i = k % TINY_POOLS;

		if (!h->pools[i].used || (k >= TINY_POOLS && !h->pools[i].assist.parent))
			continue;
		while (h->pools[i].nr_cpus && !ret) {
			ret = cpupool_rm_cpu(&t->cx, i, -1);
			tiny_quiesce(t);
		}
		if (h->pools[i].nr_cpus) /* pCPU 0 never leaves pool 0 */
			ret = i == 0 && h->pools[i].nr_cpus == 1 ? 0 : -1;
		if (ret || (!h->pools[i].nr_cpus && cpupool_destroy(&t->cx, i)))
			tiny_broken(t, "pool %d can't be emptied and destroyed", i);
		tiny_quiesce(t);
	}
	tiny_check(t);
	if (h->nr_vcpus || h->nr_domains)
		tiny_broken(t, "%llu vCPUs, %llu domains left", (unsigned long long)h->nr_vcpus,
			    (unsigned long long)h->nr_domains);
}

static u64 sequence(u64 seed, u32 events, s32 mend)
{
	struct world w = { .seed = seed, .mend = mend };
	struct tiny *t = &w.t;
	struct tiny dice = { .rng = seed * 0x2545f4914f6cdd1dULL };
	u32 threads = 1 + tiny_below(&dice, 2), ncpu = 1 + tiny_below(&dice, TINY_CPUS), nodes;
	u64 hash;

	nodes = (ncpu + threads - 1) / threads > 1 ? 1 + tiny_below(&dice, 2) : 1;
	tiny_init(t, ncpu, threads, nodes);
	t->rng = tiny_random(&dice);
	t->step = step;
	t->arg = &w;
	w.turns = seed & 1;
	for (u32 i = 0; i < TINY_VCPUS; i++)
		w.away_since[i] = TIME_NEVER;
	t->verbose = getenv("ROTA_PROP_VERBOSE");
	t->h->trace_level = TRACE_FULL;
	if (tiny_below(t, 2)) {
		t->ipi_ns = 50 * USEC;
		t->save_ns = 20 * USEC;
	}
	snprintf(t->where, sizeof(t->where),
		 "repeat it with ROTA_PROP_SEED=%llu ROTA_PROP_RUNS=1 ROTA_PROP_EVENTS=%u "
		 "ROTA_PROP_MEND=%d",
		 (unsigned long long)seed, events, mend);
	/* A pool with half of the pCPUs to begin with; the rest is for the events. */
	cpupool_create(&t->cx, 0, SCHED_ID_credit);
	w.longest_slice[0] = 30 * MSEC;
	draw_params(&w, &t->h->pools[0], true);
	for (u32 i = 0; i < (ncpu + 1) / 2; i++)
		cpupool_add_cpu(&t->cx, 0, (s32)i);
	tiny_settle(t);
	if (w.turns) {
		draw_assist(&w, &t->h->pools[0]);
		new_hidden_pool(&w);
		tiny_settle(t);
	}
	for (w.event = 0; w.event < events; w.event++) {
		if (w.event < 12)
			w.event % 3 ? new_vcpu(&w) : new_domain(&w);
		else if (w.turns && !tiny_below(t, 2))
			turn_event(&w);
		else
			one_event(&w);
		tiny_effects(t);
		tiny_check(t);
		check_model(&w);
		check_home_since(t, w.away_since);
		let_time_pass(&w);
		check_model(&w);
	}
	destroy_all(&w);
	hash = t->hash;
	tiny_free(t);
	return hash;
}

static u64 from_env(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

static s32 mend_of_env(void)
{
	const char *s = getenv("ROTA_PROP_MEND");

	return s && *s ? atoi(s) : -1;
}

static void test_sequences(void **state)
{
	u64 seed = from_env("ROTA_PROP_SEED", 1), runs = from_env("ROTA_PROP_RUNS", 200);

	(void)state;
	for (u64 i = 0; i < runs; i++)
		sequence(seed + i, events_per_run, mend_of_env());
}

static void test_same_seed_same_records(void **state)
{
	u64 seed = from_env("ROTA_PROP_SEED", 1000);

	(void)state;
	for (u64 i = 0; i < 8; i++) {
		u64 a = sequence(seed + i, 500, mend_of_env());

		assert_true(a == sequence(seed + i, 500, mend_of_env()));
		assert_true(a != sequence(seed + i + 1, 500, mend_of_env()));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_same_seed_same_records),
	};

	if (argc > 1) /* the name of one of them */
		cmocka_set_test_filter(argv[1]);
	events_per_run = (u32)from_env("ROTA_PROP_EVENTS", events_per_run);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
