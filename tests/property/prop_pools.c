/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: domains, vCPUs and pCPUs move at random between pools of all schedulers, and domains are attached to
 * others as activation domains and detached. Whatever the order, the
 * invariants of pool_invariants.h hold after every step, and a domain keeps what was set: weight, cap, the real-time
 * parameters of its vCPUs, soft affinity, and hard affinity as long as it meets the pool. A refused call changes
 * nothing; at the end all can be destroyed.
 *
 *	ROTA_PROP_SEED=N  begin with this seed       ROTA_PROP_RUNS=N    so many sequences
 *	ROTA_PROP_EVENTS=N  events a sequence        ROTA_PROP_SCHED=NAME  all pools under this scheduler
 *	ROTA_PROP_VERBOSE=1  print events and records ROTA_PROP_SDOM_RUNS=N so many sequences about scheduling domains
 */
#include "pool_invariants.h"

static s32 only_sched; /* 0: all */
static bool sdoms; /* pools of servers mostly, and domains that are attached, detached, moved, destroyed all the time */

struct world {
	struct tiny t;
	struct {
		bool dying;
		u32 pauses;
		u32 weight, cap;
		s32 moving_to; /* -1: it is not */
	} d[TINY_DOMAINS];
	struct {
		bool given;
		struct rt_params params;
		struct cpumask hard, soft; /* as set; affinity_broken: what it returns to */
	} v[TINY_VCPUS];
	u64 moves, between, attached; /* done; to a pool of another scheduler */
	bool turns; /* the sequence has some */
	s64 away_since[TINY_VCPUS]; /* TIME_NEVER: at home */
	u64 given[2]; /* turns of domains under credit, credit2 */
};

static domain_t *some_domain(struct world *w)
{
	u32 k = tiny_below(&w->t, TINY_DOMAINS);

	for (u32 i = 0; i < TINY_DOMAINS; i++) {
		domain_t *d = &w->t.h->domains[(i + k) % TINY_DOMAINS];

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

static bool refused(struct world *w, s32 ret, const char *call)
{
	if (ret >= 0 || ret == -SCHED_EAGAIN)
		return false;
	tiny_unchanged(&w->t, call);
	return true;
}

static u64 some_cpus(struct world *w)
{
	u64 all = (1ULL << w->t.ncpu) - 1;

	return tiny_below(&w->t, 3) ? tiny_random(&w->t) & all : 1ULL << tiny_below(&w->t, w->t.ncpu);
}

/* ---- pools ---- */

static u32 some_sched(struct world *w)
{
	static const u32 ids[] = {
#define SCHEDULER(name, id, full) id,
		SCHEDULERS(SCHEDULER)
#undef SCHEDULER
	};

	/* The ones that share by weight more often: they are what most moves are between. */
	if (only_sched)
		return (u32)only_sched;
	if (sdoms && tiny_below(&w->t, 3))
		return tiny_below(&w->t, 3) ? (tiny_below(&w->t, 2) ? SCHED_ID_rtds : SCHED_ID_rtxen) : SCHED_ID_sedf;
	return tiny_below(&w->t, 3) ? (tiny_below(&w->t, 3) ? SCHED_ID_credit2 : SCHED_ID_credit) :
				      ids[tiny_below(&w->t, sizeof(ids) / sizeof(ids[0]))];
}

static void draw_params(struct world *w, cpupool_t *pool)
{
	struct tiny *t = &w->t;
	struct credit2_params c2 = pool->credit2.params;
	struct rt_pool_params rt = { .kind = (u8)(1 + tiny_below(t, RT_KINDS - 1)),
				     .rule = (u8)tiny_below(t, RT_RULES) };

	tiny_effects(t);
	tiny_remember(t);
	switch (pool->sched) {
	case SCHED_ID_credit2:
		if (!pool->nr_cpus && !pool->nr_domains) {
			c2.runqueue = (u8)tiny_below(t, CREDIT2_ALL + 1);
			c2.max_cpus_runqueue = 1 + tiny_below(t, 16);
			c2.mend = tiny_below(t, 3) ? CREDIT2_MEND_ALL : tiny_below(t, CREDIT2_MEND_ALL + 1);
		}
		c2.ratelimit_ns = (s64)tiny_below(t, 3) * 500 * USEC;
		c2.migrate_resist_ns = tiny_below(t, 2) ? 500 * USEC : (s64)tiny_below(t, 10000) * USEC;
		c2.balance_under = (s8)(tiny_below(t, 6) - 3);
		c2.balance_over = (s8)(tiny_below(t, 6) - 4);
		c2.cap_period_ns = (1 + tiny_below(t, 30)) * MSEC;
		c2.smt_power_savings = tiny_below(t, 4) == 0;
		if (tiny_below(t, 8) == 0)
			c2.migrate_resist_ns = -1;
		refused(w, sched_adjust_global_credit2(&t->cx, pool, &c2), "sched_adjust_global_credit2");
		break;
	case SCHED_ID_rtxen:
		refused(w, sched_adjust_global_rt(&t->cx, pool, &rt, tiny_below(t, 2)), "sched_adjust_global_rt");
		break;
	case SCHED_ID_arinc653: {
		struct arinc_table table = { .nr = 1 + tiny_below(t, 6), .donate = (u8)tiny_below(t, 2) };

		for (u32 i = 0; i < table.nr; i++) {
			table.frame[i].domain = tiny_below(t, TINY_DOMAINS);
			table.frame[i].vcpu = tiny_below(t, 3);
			table.frame[i].time_ns = (1 + tiny_below(t, 3000)) * USEC;
			table.major_ns += table.frame[i].time_ns + tiny_below(t, 500) * USEC;
		}
		refused(w, sched_adjust_global_arinc653(&t->cx, pool, &table), "sched_adjust_global_arinc653");
		break;
	}
	}
}

static void new_pool(struct world *w)
{
	struct tiny *t = &w->t;
	s32 id;

	tiny_remember(t);
	id = cpupool_create(&t->cx, CPUPOOL_ANY, some_sched(w));
	if (!refused(w, id, "cpupool_create"))
		draw_params(w, &t->h->pools[id]);
}

static void cpu_in_or_out(struct world *w)
{
	struct tiny *t = &w->t;
	s32 id = (s32)tiny_below(t, TINY_POOLS), cpu = (s32)tiny_below(t, t->ncpu);

	if (t->h->moving_cpu >= 0 && tiny_below(t, 2)) {
		id = (s32)t->h->moving_pool;
		cpu = t->h->moving_cpu;
	}
	tiny_remember(t);
	if (tiny_below(t, 5) < 3)
		refused(w, cpupool_add_cpu(&t->cx, id, cpu), "cpupool_add_cpu");
	else
		refused(w, cpupool_rm_cpu(&t->cx, id, cpu), "cpupool_rm_cpu");
}

/* ---- turns ---- */

static void new_hidden_pool(struct world *w)
{
	struct tiny *t = &w->t;
	s32 id;

	tiny_remember(t);
	id = cpupool_create_hidden(&t->cx, CPUPOOL_ANY, (s32)tiny_below(t, TINY_POOLS + 1) - 1);
	refused(w, id, "cpupool_create_hidden");
}

static void draw_turns(struct world *w, cpupool_t *pool)
{
	struct tiny *t = &w->t;
	struct assist_params a = some_assist(t, pool);
	struct micro_params m = some_micro(t);

	tiny_effects(t);
	tiny_remember(t);
	if (pool->assist.parent)
		refused(w, sched_adjust_global_micro(&t->cx, pool, &m), "sched_adjust_global_micro");
	else
		refused(w, sched_adjust_global_assist(&t->cx, pool, &a), "sched_adjust_global_assist");
}

static void turn_event(struct world *w)
{
	struct tiny *t = &w->t;
	u32 what = tiny_below(t, 100);
	cpupool_t *pool = &t->h->pools[tiny_below(t, TINY_POOLS)];
	domain_t *d = some_domain(w);
	vcpu_t *v = what < 55 ? some_running(w) : some_vcpu(w);

	t->cx.cpu = tiny_below(t, t->ncpu);
	t->last = 1000 + what;
	ips_move(t);
	if (what < 55 && v)
		some_spin(t, v);
	else if (what < 80 && v)
		vcpu_interrupt(&t->cx, v, tiny_below(t, 2));
	else if (what < 84)
		new_hidden_pool(w);
	else if (what < 94 && pool->used)
		draw_turns(w, pool);
	else if (d)
		d->assist.symbols = tiny_below(t, 8) ? some_kernel() : NULL;
	tiny_effects(t);
}

static void count_turns(struct world *w)
{
	for (u32 i = 0; i < TINY_DOMAINS; i++) {
		domain_t *d = &w->t.h->domains[i];
		struct assist_domain *a = &d->assist;

		if (!d->used)
			continue;
		w->given[d->pool->sched == SCHED_ID_credit2] +=
			a->coboosts + a->lends + a->irq_turns + a->micro_migrations;
		turn_counts_reset(d);
	}
}

/* ---- domains ---- */

static void new_domain(struct world *w)
{
	struct tiny *t = &w->t;
	domain_t *d = NULL;
	u32 k = tiny_below(t, TINY_POOLS);

	for (u32 i = 0; i < TINY_POOLS && !d; i++)
		if (t->h->pools[(i + k) % TINY_POOLS].used)
			d = domain_create(&t->cx, &t->h->pools[(i + k) % TINY_POOLS], -1);
	if (!d)
		return;
	memset(&w->d[d->id], 0, sizeof(w->d[0]));
	w->d[d->id].weight = 256;
	w->d[d->id].moving_to = -1;
	if (w->turns)
		d->assist.symbols = some_kernel();
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
	memset(&w->v[v->index], 0, sizeof(w->v[0]));
	w->v[v->index].hard = v->hard;
	w->v[v->index].soft = v->soft;
	if (tiny_below(t, 8))
		vcpu_up(&t->cx, v);
}

static void move_domain(struct world *w)
{
	struct tiny *t = &w->t;
	domain_t *d = some_domain(w);
	s32 to = (s32)tiny_below(t, TINY_POOLS), ret;
	u32 sched;

	if (!d)
		return;
	sched = d->pool->sched;
	if (w->d[d->id].moving_to >= 0 && tiny_below(t, 4))
		to = w->d[d->id].moving_to;
	tiny_remember(t);
	ret = cpupool_move_domain(&t->cx, d, to);
	if (refused(w, ret, "cpupool_move_domain"))
		return;
	w->d[d->id].moving_to = ret ? to : -1;
	if (!ret && !d->sdom && d->pool->id != (u32)to)
		tiny_broken(t, "domain %u moved to pool %d and is in %u", d->id, to, d->pool->id);
	w->moves += !ret;
	w->between += !ret && d->pool->sched != sched;
}

static void attach_or_detach(struct world *w)
{
	struct tiny *t = &w->t;
	domain_t *d = some_domain(w), *to = some_domain(w);
	s32 ret;

	if (!d)
		return;
	for (u32 i = 0; i < (sdoms ? 16 : 4) && (to == d || to->pool != d->pool); i++)
		to = some_domain(w); /* others are refused, and that is soon seen */
	tiny_remember(t);
	if (tiny_below(t, 3)) {
		ret = sdom_attach(&t->cx, to, d);
		if (!ret && (d == to || d->pool != to->pool || d->sdom != to))
			tiny_broken(t, "domain %u is attached to %u and should not be", d->id, to->id);
		w->attached += !ret;
	} else {
		ret = sdom_detach(&t->cx, d);
	}
	refused(w, ret, "sdom_attach or sdom_detach");
}

static void adjust(struct world *w)
{
	static const s32 weights[] = { 0, 1, 64, 256, 512, 65535, 65536, -1 };
	static const s32 caps[] = { -1, 0, 0, 10, 50, 100, 150, 399, 5000, -2 };
	struct tiny *t = &w->t;
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

static void adjust_vcpu(struct world *w)
{
	struct tiny *t = &w->t;
	vcpu_t *v = some_vcpu(w);
	struct rt_params p = { .period_ns = (1 + tiny_below(t, 50)) * MSEC };

	if (!v)
		return;
	p.budget_ns = tiny_below(t, 8) ? p.period_ns / (1 + tiny_below(t, 10)) : p.period_ns + 1;
	p.extratime = (u8)tiny_below(t, 2);
	p.phase_ns = -1;
	tiny_remember(t);
	if (refused(w, sched_adjust_vcpu(&t->cx, v, &p), "sched_adjust_vcpu"))
		return;
	w->v[v->index].given = true;
	w->v[v->index].params = p;
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
	if (refused(w, vcpu_set_affinity(&t->cx, v, which & 1 ? &hard : NULL, which & 2 ? &soft : NULL),
		    "vcpu_set_affinity"))
		return;
	if (which & 1)
		w->v[v->index].hard = hard;
	if (which & 2)
		w->v[v->index].soft = soft;
}

static bool end_domain(struct world *w, domain_t *d)
{
	w->d[d->id].dying = true;
	return domain_destroy(&w->t.cx, d) == 0;
}

static void pause_some(struct world *w)
{
	struct tiny *t = &w->t;
	domain_t *d = some_domain(w);

	if (!d)
		return;
	if (w->d[d->id].pauses && tiny_below(t, 2)) {
		w->d[d->id].pauses--;
		domain_unpause(&t->cx, d);
	} else if (w->d[d->id].pauses < 3) {
		w->d[d->id].pauses++;
		domain_pause(&t->cx, d);
	}
}

static void destroy_some(struct world *w)
{
	struct tiny *t = &w->t;
	domain_t *d = some_domain(w);

	if (!tiny_below(t, 2)) {
		tiny_remember(t);
		refused(w, cpupool_destroy(&t->cx, (s32)tiny_below(t, TINY_POOLS)), "cpupool_destroy");
	} else if (d && t->h->nr_domains > 3) {
		end_domain(w, d);
	}
}

static void plug_some(struct world *w)
{
	vcpu_t *v = some_vcpu(w);

	if (v && tiny_below(&w->t, 3))
		v->pause_flags &VPF_down ? vcpu_up(&w->t.cx, v) : vcpu_down(&w->t.cx, v);
	else
		destroy_some(w);
}

/* ---- the sequence ---- */

static void wake_or_sleep(struct world *w, u32 what)
{
	struct tiny *t = &w->t;
	vcpu_t *v = what < 250 ? some_vcpu(w) : some_running(w), *to;

	if (!v)
		return;
	t->cx.cpu = v->processor->id;
	if (what < 250) {
		if (v->pause_flags & VPF_down)
			vcpu_up(&t->cx, v);
		else
			vcpu_unblock(&t->cx, v);
	} else if (what < 430) {
		if (!(v->pause_flags & VPF_blocked))
			vcpu_block(&t->cx, v);
	} else if (what < 460) {
		vcpu_yield(&t->cx, v);
	} else {
		to = some_vcpu(w);
		if (to)
			vcpu_yield_to(&t->cx, v, to);
	}
}

static void one_event(struct world *w)
{
	struct tiny *t = &w->t;
	u32 what = tiny_below(t, 1000);

	t->cx.cpu = tiny_below(t, t->ncpu);
	t->last = what;
	if (t->verbose)
		fprintf(stderr, "%lld: event %u\n", (long long)t->cx.now, what);
	if (sdoms && tiny_below(t, 4) == 0)
		tiny_below(t, 3) ? attach_or_detach(w) : tiny_below(t, 4) ? move_domain(w) : plug_some(w);
	else if (what < 480)
		wake_or_sleep(w, what);
	else if (what < 520)
		pause_some(w);
	else if (what < 580)
		set_affinity(w);
	else if (what < 630)
		adjust(w);
	else if (what < 670)
		adjust_vcpu(w);
	else if (what < 690)
		new_domain(w);
	else if (what < 730)
		new_vcpu(w);
	else if (what < 745)
		destroy_some(w);
	else if (what < 765)
		new_pool(w);
	else if (what < 775)
		draw_params(w, &t->h->pools[tiny_below(t, TINY_POOLS)]);
	else if (what < 830)
		cpu_in_or_out(w);
	else if (what < 880)
		attach_or_detach(w);
	else
		move_domain(w);
	for (u32 i = 0; i < TINY_DOMAINS; i++)
		if (t->h->domains[i].used && w->d[i].dying && !tiny_below(t, 4))
			end_domain(w, &t->h->domains[i]);
	tiny_effects(t);
}

/* What was set is what holds. */
static void check_model(struct world *w)
{
	struct tiny *t = &w->t;

	for (u32 i = 0; i < TINY_DOMAINS; i++) {
		domain_t *d = &t->h->domains[i];

		if (!d->used || w->d[i].dying)
			continue;
		if (d->pause_count != w->d[i].pauses + d->moving)
			tiny_broken(t, "domain %u: %u pauses, of which %u are ours", i, d->pause_count, w->d[i].pauses);
		if (d->weight != w->d[i].weight || d->cap != w->d[i].cap)
			tiny_broken(t, "domain %u: weight %u cap %u, set were %u and %u", i, d->weight, d->cap,
				    w->d[i].weight, w->d[i].cap);
		tiny_each_vcpu(v, d)
		{
			struct cpumask *hard = &w->v[v->index].hard;

			/* Broken, once it misses the pool's pCPUs, to all; then it has no other to return to. */
			if (!mask_intersects(hard, &d->pool->cpus, t->h->mask_words))
				*hard = t->h->all_cpus;
			if (memcmp(&v->hard, hard, sizeof(*hard)) ||
			    memcmp(&v->soft, &w->v[v->index].soft, sizeof(*hard)))
				tiny_broken(t, "d%uv%u lost its affinity", i, v->id);
			if (v->rt_given != w->v[v->index].given ||
			    (v->rt_given && (v->rt_user.period_ns != w->v[v->index].params.period_ns ||
					     v->rt_user.budget_ns != w->v[v->index].params.budget_ns ||
					     v->rt_user.extratime != w->v[v->index].params.extratime)))
				tiny_broken(t, "d%uv%u lost its real-time parameters", i, v->id);
		}
	}
}

static void step(struct tiny *t)
{
	pools_check(t);
	check_home_since(t, ((struct world *)t->arg)->away_since);
}

static void destroy_all(struct world *w)
{
	struct tiny *t = &w->t;
	host_t *h = t->h;

	for (u32 i = 0; i < TINY_DOMAINS; i++) {
		for (u32 n = 0; h->domains[i].used && !end_domain(w, &h->domains[i]); n++) {
			if (n)
				tiny_broken(t, "domain %u can't be destroyed", i);
			tiny_quiesce(t);
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
	}
	pools_check(t);
	if (h->nr_vcpus || h->nr_domains)
		tiny_broken(t, "vCPUs or domains are left");
	for (u32 i = 0; i < h->limits.pcpus; i++)
		if (h->credit2_runqs[i].used && h->credit2_runqs[i].pool != &h->pools[0])
			tiny_broken(t, "run queue %u is left", i);
}

static void let_time_pass(struct world *w)
{
	static const u32 spans[] = { 0, 0, 0, 20000, 100000, 1000000, 1000000, 5000000 };
	u32 span = tiny_below(&w->t, 40) ? spans[tiny_below(&w->t, 8)] : 80000000;

	tiny_run(&w->t, w->t.cx.now + (span ? (s64)tiny_below(&w->t, span) : 0));
}

static u64 sequence(struct world *w, u64 seed, u32 events)
{
	struct tiny dice = { .rng = seed * 0x2545f4914f6cdd1dULL };
	u32 threads = 1 + tiny_below(&dice, 2), ncpu = 2 + tiny_below(&dice, TINY_CPUS - 1), nodes;
	struct tiny *t = &w->t;
	u64 hash;

	memset(w->d, 0, sizeof(w->d));
	nodes = (ncpu + threads - 1) / threads > 1 ? 1 + tiny_below(&dice, 2) : 1;
	tiny_init(t, ncpu, threads, nodes);
	t->rng = tiny_random(&dice);
	t->step = step;
	t->arg = w;
	w->turns = seed & 1;
	for (u32 i = 0; i < TINY_VCPUS; i++)
		w->away_since[i] = TIME_NEVER;
	t->verbose = getenv("ROTA_PROP_VERBOSE");
	t->h->trace_level = TRACE_FULL;
	if (tiny_below(t, 2)) {
		t->ipi_ns = 50 * USEC;
		t->save_ns = 20 * USEC;
	}
	snprintf(t->where, sizeof(t->where), "repeat it with ROTA_PROP_SEED=%llu ROTA_PROP_RUNS=1 ROTA_PROP_EVENTS=%u",
		 (unsigned long long)seed, events);
	for (u32 i = 0; i < 3; i++)
		new_pool(w);
	for (u32 i = 0; i < ncpu; i++)
		cpupool_add_cpu(&t->cx, (s32)tiny_below(t, 3), (s32)i);
	tiny_settle(t);
	for (u32 i = 0; w->turns && i < TINY_POOLS; i++)
		if (t->h->pools[i].used)
			draw_turns(w, &t->h->pools[i]);
	for (u32 i = 0; i < events; i++) {
		if (i < 16)
			i % 4 ? new_vcpu(w) : new_domain(w);
		else if (w->turns && tiny_below(t, 2))
			turn_event(w);
		else
			one_event(w);
		count_turns(w);
		tiny_effects(t);
		pools_check(t);
		check_model(w);
		let_time_pass(w);
		check_model(w);
	}
	destroy_all(w);
	hash = t->hash;
	tiny_free(t);
	return hash;
}

static u64 from_env(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

static void sequences(u64 runs, u32 events)
{
	u64 seed = from_env("ROTA_PROP_SEED", 1), moves = 0, between = 0, attached = 0;
	u64 given[2] = { 0 };
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	runs = from_env("ROTA_PROP_RUNS", runs);
	for (u64 i = 0; i < runs; i++) {
		w->moves = w->between = w->attached = w->given[0] = w->given[1] = 0;
		sequence(w, seed + i, (u32)from_env("ROTA_PROP_EVENTS", events));
		moves += w->moves;
		between += w->between;
		attached += w->attached;
		given[0] += w->given[0];
		given[1] += w->given[1];
	}
	print_message("%llu moves, %llu of them to another scheduler, %llu attached\n", (unsigned long long)moves,
		      (unsigned long long)between, (unsigned long long)attached);
	print_message("turns: %llu under credit, %llu under credit2\n", (unsigned long long)given[0],
		      (unsigned long long)given[1]);
	/* A run of one seed is a repetition. */
	assert_true(runs < 100 || (moves > 5 * runs && (only_sched || (between > 2 * runs && attached > runs / 2))));
	assert_true(runs < 100 || only_sched || given[0] + given[1] > runs / 10);
	free(w);
}

static void test_long(void **state)
{
	(void)state;
	sequences(300, 600);
}

/* Many short ones begin anew more often: other topologies, pools and parameters. */
static void test_many(void **state)
{
	(void)state;
	sequences(10000, 150);
}

/* 10,000 of them: ROTA_PROP_SDOM_RUNS=10000, as `make accept` has it. */
static void test_sdoms(void **state)
{
	(void)state;
	sdoms = true;
	sequences(from_env("ROTA_PROP_SDOM_RUNS", 1000), 150);
	sdoms = false;
}

static void test_same_seed_same_records(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)state;
	assert_non_null(w);
	for (u64 i = 0; i < 8; i++) {
		u64 a = sequence(w, 1000 + i, 300);

		assert_true(a == sequence(w, 1000 + i, 300));
		assert_true(a != sequence(w, 1001 + i, 300));
	}
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_sdoms),
		cmocka_unit_test(test_same_seed_same_records),
	};
	const char *sched = getenv("ROTA_PROP_SCHED");

	if (sched && sched_find(sched) > 0)
		only_sched = sched_find(sched);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
