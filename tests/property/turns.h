/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns (assist.c) in the property tests: what is always true of them, and guests whose instruction pointers call for
 * them.
 */
#ifndef TURNS_H
#define TURNS_H

#include "tiny_host.h"

/* It has a turn, or waits for it: its policy has it nowhere. */
static inline bool is_away(const vcpu_t *v)
{
	return v->pause_flags & VPF_away;
}

static inline bool wants_cpu(const vcpu_t *v)
{
	return !(v->pause_flags & ~VPF_away) && !v->pause_count && !v->domain->pause_count;
}

/* Who has a turn on p, and who waits for one there. */
static inline void check_turns(struct tiny *t, pcpu_t *p)
{
	u32 n = 0;

	for (link_t *l = p->assist.turns.next; l != &p->assist.turns; l = l->next, n++) {
		vcpu_t *v = link_of(l, vcpu_t, assist.turn);

		if (l->next->prev != l || n > TINY_VCPUS)
			tiny_broken(t, "pCPU %u: its turns are torn", p->id);
		if (!v->assist.waits || !is_away(v) || v->processor != p || v->is_running || !wants_cpu(v) ||
		    v->runstate != RUNSTATE_runnable)
			tiny_broken(t, "d%uv%u waits for a turn on pCPU %u and does not know", v->domain->id, v->id,
				    p->id);
	}
	if (n != p->assist.nr_turns)
		tiny_broken(t, "pCPU %u: %u turns, nr_turns says %u", p->id, n, p->assist.nr_turns);
	if ((n || is_away(p->curr)) && !p->resched && p->curr->is_idle)
		tiny_broken(t, "pCPU %u idles while somebody waits for a turn there", p->id);
}

static inline void check_turn_of(struct tiny *t, vcpu_t *v)
{
	if (is_away(v) != (v->assist.waits || v->assist.kind) || (v->assist.waits && !v->assist.kind))
		tiny_broken(t, "d%uv%u: away, waits and kind of its turn disagree", v->domain->id, v->id);
	if (is_away(v) && !v->assist.waits && !v->is_running)
		tiny_broken(t, "d%uv%u is away, neither waits for its turn nor has it", v->domain->id, v->id);
	if (v->domain->assist.budget_ns < 0)
		tiny_broken(t, "domain %u: budget %lld", v->domain->id, (long long)v->domain->assist.budget_ns);
}

static inline void check_hidden_pool(struct tiny *t, cpupool_t *pool)
{
	if (pool->nr_cpus != mask_weight(&pool->cpus, t->h->mask_words) || pool->nr_domains ||
	    pool->assist.nr_lent != mask_weight_and(&pool->cpus, &pool->assist.lent, t->h->mask_words) ||
	    pool->assist.parent->assist.hidden != pool)
		tiny_broken(t, "hidden pool %u: counts or parent", pool->id);
}

#define KERNEL 0xffffffff81000000ULL
#define LONGEST_TURN (10 * MSEC)
#define LONGEST_QUEUE 4

/* A page of each class, at its number. */
static inline struct symbol_table *some_kernel(void)
{
	static u64 room[2 + sizeof(struct symbol_table) / 8 + SYMBOL_NR_CLASSES];
	struct symbol_table *k = (struct symbol_table *)room;

	k->text = KERNEL;
	k->lstar = SYMBOL_NO_ENTRY;
	k->nr = SYMBOL_NR_CLASSES - 1;
	for (u32 c = 1; c < SYMBOL_NR_CLASSES; c++) {
		k->entry[c - 1].start = c << 12;
		k->entry[c - 1].size_class = 1U << 20 | c;
	}
	return k;
}

static inline u64 some_ip(struct tiny *t)
{
	static const u32 likely[] = { SYMBOL_SPIN, SYMBOL_UNLOCK, SYMBOL_TLB_SEND, SYMBOL_IRQ };

	if (tiny_below(t, 2))
		return KERNEL + (likely[tiny_below(t, 4)] << 12);
	return tiny_below(t, 8) ? KERNEL + (tiny_below(t, SYMBOL_NR_CLASSES + 1) << 12) : 0x401000;
}

static inline struct assist_params some_assist(struct tiny *t, const cpupool_t *pool)
{
	static const s64 turns[] = { 0, 10 * USEC, 50 * USEC, 200 * USEC, MSEC, LONGEST_TURN, 5 * USEC, 11 * MSEC };
	struct assist_params p = pool->assist.params;
	u32 any = tiny_below(t, 6) ? 6 : 8; /* the last two are refused */

	p.coboost_ns = turns[tiny_below(t, any)];
	p.coboost_every_ns = tiny_below(t, 2) ? 0 : (s64)tiny_below(t, 101) * MSEC;
	p.lend_ns = turns[tiny_below(t, any == 6 ? 4 : 8)];
	p.irq_ns = turns[tiny_below(t, any)];
	p.grace_ns = turns[tiny_below(t, 5)];
	p.budget_percent = tiny_below(t, 3) ? tiny_below(t, 101) : 0;
	return p;
}

static inline struct micro_params some_micro(struct tiny *t)
{
	return (struct micro_params){
		.slice_ns = tiny_below(t, 8) ? (10 + (s64)tiny_below(t, 200)) * USEC :
			    tiny_below(t, 2) ? LONGEST_TURN :
					       9,
		.limit = tiny_below(t, 5),
		.queue = tiny_below(t, LONGEST_QUEUE + 1),
		.mode = (u8)tiny_below(t, 5),
		.on = (u8)tiny_below(t, 17),
		.rules = (u8)tiny_below(t, 3),
	};
}

/* Some guests have got elsewhere. */
static inline void ips_move(struct tiny *t)
{
	for (u32 i = 0; i < t->h->limits.vcpus; i++)
		if (!tiny_below(t, 4))
			t->h->vcpus[i].assist.ip = some_ip(t);
}

/* v, which runs, spins. */
static inline void some_spin(struct tiny *t, vcpu_t *v)
{
	t->cx.cpu = v->processor->id;
	v->assist.ip = KERNEL + ((tiny_below(t, 2) ? SYMBOL_SPIN : SYMBOL_TLB_SEND) << 12);
	if (!tiny_below(t, 8))
		v->assist.ip = some_ip(t);
	vcpu_spin(&t->cx, v);
}

/* Its hidden pool goes by the published code's rules, which credit alone has. */
static inline bool as_coded(vcpu_t *v)
{
	cpupool_t *hidden = v->domain->pool->assist.hidden;

	return hidden && hidden->assist.micro.rules == MICRO_RULES_CODE && v->domain->pool->sched == SCHED_ID_credit;
}

/*
 * Turns end, whatever happens: the longest, behind as many as may wait, and some latency for each. By the published
 * code's rules one turn may follow another without end, and all may wait. @away_since: of each vCPU, TIME_NEVER at
 * home.
 */
static inline void check_home_since(struct tiny *t, s64 *away_since)
{
	for (u32 i = 0; i < t->h->limits.vcpus; i++) {
		vcpu_t *v = &t->h->vcpus[i];

		if (!is_away(v))
			away_since[i] = TIME_NEVER;
		else if (away_since[i] == TIME_NEVER || (as_coded(v) && !v->assist.waits))
			away_since[i] = t->cx.now;
		else if (t->cx.now - away_since[i] >
			 ((as_coded(v) ? t->h->limits.vcpus : LONGEST_QUEUE) + 3) * (LONGEST_TURN + MSEC))
			tiny_broken(t, "d%uv%u has been away since %lld ns", v->domain->id, v->id,
				    (long long)away_since[i]);
	}
}

#endif
