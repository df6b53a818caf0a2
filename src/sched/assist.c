/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns: how the framework helps a guest whose vCPU waits for one that is preempted.
 *
 * A vCPU that waits for a pCPU may be given a turn: a short time on a pCPU of the framework's choice, before whom the
 * policy would run there. Four mechanisms give turns, each for reasons of its own:
 *
 *	lend		lend.c		in the rest of the slice of a sibling that spins
 *	interrupts	lend.c		because an interrupt came for it
 *	co-boosting	coboost.c	all siblings of one that spins, where none of them runs
 *	micro-slicing	microslice.c	on cores set aside for that
 *
 * While it has a turn, or waits for it, a vCPU is away (VPF_away): to its policy it can't run, so that the policy has
 * it in no queue and looks for it nowhere. schedule() asks here first. When the turn is over, by its end, because its
 * vCPU blocks or spins, or because anything else is to be done with it, the vCPU goes home: its policy places it as one
 * that migrates, without a BOOST, in the class that its credit says.
 *
 * What a turn costs:
 *
 *   - Its time is debited to its vCPU, as all its time (hook turn_begin, turn_end).
 *   - A vCPU that owes its policy much has none (hook affords: a slice of credit's, anything of credit2's), so that
 *     whatever is done with turns, its domain can be ahead of its share by a bounded amount of time, not by a rate.
 *   - Turns before others are paid from the domain's budget as well: `budget` percent of one pCPU for each of its
 *     vCPUs, of which it can save BUDGET_SAVED_NS. That bounds how often neighbours are interrupted.
 *   - Who is interrupted is queued first again, with what was left of his slice.
 *
 * Whom to help is told by the guest's instruction pointer (v->assist.ip, given by the host) and the domain's symbol
 * table. A guest without a table may be helped by what a hypervisor sees by itself, interrupts that wait; one with a
 * table, at an address that says nothing, is not.
 *
 * Policies: credit and credit2. The real-time policies, null and arinc653 refuse: a turn would take time from a
 * reservation, which is exactly what they promise not to happen.
 */

#define BUDGET_SAVED_NS (10 * MSEC) /* for each vCPU: a burst of a hundred micro-slices */
#define TURN_LEAST_NS (10 * USEC)
#define MICRO_STAY_NS (10 * MSEC) /* on a micro-sliced core, turn after turn: then it goes home, whatever it does */

/* v's hidden pool goes by the published code in full (microslice.c), which knows credit only. */
static inline bool micro_as_coded(vcpu_t *v)
{
	cpupool_t *hidden = v->domain->pool->assist.hidden;

	return hidden && hidden->assist.micro.rules == MICRO_RULES_CODE && v->domain->pool->sched == SCHED_ID_credit;
}

/* ---- whom it would help to run ---- */

/* How likely others wait for a vCPU that is preempted; the more the better. */
enum need {
	NEED_NONE, /* user mode, or nothing is known */
	NEED_WAITER, /* spins itself; yet a ticket lock may be its own by now */
	NEED_SENDER, /* waits for answers, which may have come; holds what its callers hold */
	NEED_KERNEL, /* in the kernel, in no function that the table knows */
	NEED_IRQ, /* an interrupt waits for it */
	NEED_CRITICAL, /* in a critical service */
};

static inline u32 service_of(vcpu_t *v)
{
	return symbol_class_at(v->domain->assist.symbols, v->assist.ip);
}

CORE_FN u32 vcpu_need(vcpu_t *v ARG)
{
	u32 need = NEED_NONE, class;

	if (!v->domain->assist.symbols)
		return v->assist.irq_pending ? NEED_IRQ : NEED_NONE;
	class = service_of(v);
	if (symbol_waits(class))
		need = symbol_critical(class) ? NEED_SENDER : class == SYMBOL_SPIN ? NEED_WAITER : NEED_NONE;
	else if (symbol_critical(class))
		need = NEED_CRITICAL;
	else if (v->assist.ip >> 63)
		need = NEED_KERNEL;
	return v->assist.irq_pending && need < NEED_IRQ ? NEED_IRQ : need;
}

/* It waits in its policy's queue, behind somebody, and may have a turn. Where a pCPU idles it is about to run. */
static inline bool may_have_turn(vcpu_t *v)
{
	return v->runstate == RUNSTATE_runnable && !v->is_running && vcpu_runnable(v) && !v->affinity_broken &&
	       !v->processor->curr->is_idle;
}

/* ---- budgets ---- */

CORE_FN bool budget_take(sched_call_t *cx ARG, domain_t *d ARG, s64 ns)
{
	s64 percent = d->pool->assist.params.budget_percent, most = d->nr_vcpus * BUDGET_SAVED_NS;
	s64 elapsed = cx->now - d->assist.budget_at_ns;

	if (!percent)
		return true;
	/* What would fill it anyway need not be multiplied. */
	if (elapsed > 100 * BUDGET_SAVED_NS)
		elapsed = 100 * BUDGET_SAVED_NS;
	d->assist.budget_ns += elapsed * percent / 100 * d->nr_vcpus;
	d->assist.budget_at_ns = cx->now;
	if (d->assist.budget_ns > most)
		d->assist.budget_ns = most;
	if (d->assist.budget_ns < ns)
		return false;
	d->assist.budget_ns -= ns;
	return true;
}

/* Of what a turn was given it used @used: the rest goes back, or what it overran (the timer was late) is paid. */
static void budget_settle(domain_t *d, s64 given, s64 used)
{
	d->assist.budget_ns += given - used;
	if (d->assist.budget_ns < 0)
		d->assist.budget_ns = 0;
}

/* ---- turns ---- */

/*
 * v, for which may_have_turn(), gets a turn of @ns on p, as soon as p schedules. False: it can't pay, and nothing
 * changes. @kind: also who pays, see above.
 */
CORE_FN bool turn_give(sched_call_t *cx ARG, vcpu_t *v ARG, pcpu_t *p ARG, u32 kind, s64 ns)
{
	domain_t *d = v->domain;
	vcpu_t *cur = kind == TURN_BOOST || kind == TURN_IRQ ? p->curr : NULL;

	if ((!(kind == TURN_MICRO && micro_as_coded(v)) && !hook_affords(v, cur)) ||
	    (kind != TURN_LENT && !budget_take(cx, d, ns))) {
		d->assist.refused++;
		return false;
	}
	hook_sleep(cx, v); /* off its queue */
	v->pause_flags |= VPF_away;
	v->assist.home = (u16)v->processor->id;
	v->assist.turn_ns = (u32)ns;
	v->assist.kind = (u8)kind;
	v->assist.waits = 1;
	v->assist.settled = 0;
	v->processor = p;
	list_add_tail(&p->assist.turns, &v->assist.turn);
	p->assist.nr_turns++;
	kick(cx, p);
	d->assist.lends += kind == TURN_LENT;
	d->assist.coboosts += kind == TURN_BOOST;
	d->assist.irq_turns += kind == TURN_IRQ;
	d->assist.micro_migrations += kind == TURN_MICRO;
	record4(cx, TRC_ROTA_TURN, pair(d->id << 16 | v->id, kind), pair(v->assist.home, p->id));
	return true;
}

/* v is no longer away; where it goes. Its pCPU may have left the pool meanwhile. */
NO_FRAME void turn_home(sched_call_t *cx, vcpu_t *v)
{
	host_t *h = v->domain->pool->host;
	cpumask_t *cpus = &v->domain->pool->cpus;
	pcpu_t *home = pcpu_of(h, v->assist.home);
	s32 other;

	v->pause_flags &= (u8)~VPF_away;
	v->processor = home;
	if (mask_test(cpus, home->id) && mask_test(&v->hard, home->id))
		return;
	other = mask_cycle_and(&v->hard, cpus, (s32)home->id, h->mask_words);
	if (other < 0)
		other = mask_first(cpus, h->mask_words);
	if (other < 0)
		return;
	v->processor = pcpu_of(h, (u32)other);
	hook_turn_home(cx, v);
}

/* A vCPU that waits for its turn has none after all. The caller sees to what becomes of it. */
CORE_FN int turn_cancel(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;

	list_del(&v->assist.turn);
	p->assist.nr_turns--;
	v->assist.waits = 0;
	if (v->assist.kind != TURN_LENT)
		budget_settle(v->domain, v->assist.turn_ns, 0);
	record4(cx, TRC_ROTA_HOME, pair(v->domain->id << 16 | v->id, v->assist.kind), pair(p->id, 0));
	v->assist.kind = TURN_NONE;
	turn_home(cx, v);
	return 0;
}

/* Nobody has a turn on p any more, which leaves its pool, or the hidden pool. */
NO_FRAME void turn_cancel_all(sched_call_t *cx, pcpu_t *p)
{
	for (u32 n = ZERO; p->assist.nr_turns && n < SCHED_MAX_VCPUS && can_loop; n++) {
		vcpu_t *v = link_of(p->assist.turns.next, vcpu_t, assist.turn);

		turn_cancel(cx, v);
		v->pause_flags |= VPF_migrating;
		vcpu_move_finish(cx, v);
	}
	if (vcpu_away(p->curr)) {
		p->assist.turn_end_ns = cx->now;
		kick(cx, p);
	}
}

/* What v has used of its turn is counted. */
static void turn_count(vcpu_t *v, s64 used)
{
	if (v->assist.kind != TURN_LENT)
		budget_settle(v->domain, v->assist.turn_ns, used);
	v->domain->assist.turn_ns += (u64)used;
	if (v->processor->assist.micro)
		v->processor->assist.micro->assist.busy_ns += (u64)used;
}

/* v's turn is over and its state is saved. */
CORE_FN int turn_over(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	s64 used = cx->now - v->assist.began_ns;

	turn_count(v, used);
	record4(cx, TRC_ROTA_HOME, pair(v->domain->id << 16 | v->id, v->assist.kind),
		pair(v->processor->id, (u32)used));
	if (v->assist.kind == TURN_MICRO && micro_as_coded(v)) {
		v->assist.settled = v->pause_flags & VPF_blocked ? (u16)(v->processor->id + 1) : 0;
		v->assist.home_boost = !v->assist.settled;
	}
	v->assist.kind = TURN_NONE;
	turn_home(cx, v);
	if (vcpu_runnable(v))
		v->pause_flags |= VPF_migrating; /* which its caller finishes */
	return 0;
}

/* Does p still serve its pool, or its hidden pool? */
static inline bool serves(pcpu_t *p)
{
	return mask_test(p->assist.micro ? &p->assist.micro->cpus : &p->pool->cpus, p->id);
}

static inline bool turn_wanted(pcpu_t *p)
{
	return p->assist.nr_turns || p->assist.micro || vcpu_away(p->curr);
}

/*
 * v's turn on a micro-sliced core, debited already, ends in the middle of a service, and nobody else wants the core: it
 * has another, if it can pay. A guest that is stopped while it takes packets from its network card hears of no more of
 * them: no interrupt would bring it back. With the published code's rules it stays whatever it does.
 */
CORE_FN bool turn_again(sched_call_t *cx ARG, pcpu_t *p ARG, vcpu_t *v ARG)
{
	bool as_coded = micro_as_coded(v);

	if (v->assist.kind != TURN_MICRO || !p->assist.micro || p->assist.micro->assist.parent != v->domain->pool ||
	    p->assist.nr_turns || !serves(p) || !vcpu_wants_cpu(v))
		return false;
	if (!as_coded && (cx->now - v->state_entry_ns >= MICRO_STAY_NS || vcpu_need(v) < NEED_IRQ))
		return false;
	if ((!as_coded && !hook_affords(v, NULL)) || !budget_take(cx, v->domain, v->assist.turn_ns)) {
		v->domain->assist.refused++;
		return false;
	}
	turn_count(v, cx->now - v->assist.began_ns);
	hook_turn_begin(cx, p, v);
	v->assist.began_ns = cx->now;
	v->domain->assist.micro_migrations++;
	p->assist.turn_end_ns = cx->now + v->assist.turn_ns;
	p->next = v;
	p->next_slice_ns = v->assist.turn_ns;
	record4(cx, TRC_ROTA_TURN, pair(v->domain->id << 16 | v->id, TURN_MICRO), pair(p->id, p->id));
	return true;
}

/*
 * schedule()'s first question: does a turn, or the want of one on a micro-sliced core, decide who runs on p? Sets p's
 * next then, as the hook do_schedule does.
 */
CORE_FN bool turn_schedule(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	vcpu_t *prev = p->curr, *v;
	bool away = vcpu_away(prev);

	/* A lent slice is no better than the lender's was: whoever may preempt it ends it. */
	if (away && prev->assist.kind != TURN_LENT && vcpu_wants_cpu(prev) && serves(p) &&
	    cx->now < p->assist.turn_end_ns) {
		p->next = prev;
		p->next_slice_ns = p->assist.turn_end_ns - cx->now;
		return true;
	}
	if (away) {
		hook_turn_end(cx, p, prev);
		if (turn_again(cx, p, prev))
			return true;
	}
	if (p->assist.nr_turns) {
		v = link_of(p->assist.turns.next, vcpu_t, assist.turn);
		list_del(&v->assist.turn);
		p->assist.nr_turns--;
		v->assist.waits = 0;
		v->assist.began_ns = cx->now;
		hook_turn_begin(cx, p, v);
		v->trace_class = TRACE_CLASS_BEST;
		p->assist.turn_end_ns = cx->now + v->assist.turn_ns;
		p->next = v;
		p->next_slice_ns = v->assist.turn_ns;
		return true;
	}
	if (!p->assist.micro)
		return false;
	/* Lent a moment ago: who ran there by the policy's choice leaves. */
	if (!away && !prev->is_idle)
		hook_turn_end(cx, p, prev);
	return true; /* the idle vCPU: schedule()'s default */
}

/* Who has a turn gives it up: it has nothing to do but wait. */
static void turn_give_up(sched_call_t *cx, vcpu_t *v)
{
	v->processor->assist.turn_end_ns = cx->now;
	kick(cx, v->processor);
}

#include "sched/grace.c"
#include "sched/lend.c"
#include "sched/coboost.c"
#include "sched/microslice.c"

/* ---- events ---- */

/* v spins, its pool has something on. Returns true when v does not yield. */
CORE_FN bool assist_spin(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;
	symbol_table_t *symbols = v->domain->assist.symbols;
	u32 class = service_of(v);
	bool sends = class == SYMBOL_IPI_MANY || class == SYMBOL_IPI_ONE || class == SYMBOL_TLB_SEND;

	pool->assist.nr_ipi += class == SYMBOL_IPI_MANY || class == SYMBOL_TLB_SEND;
	pool->assist.nr_spin += class == SYMBOL_SPIN;
	/* With a table: only who waits in the kernel for a sibling. */
	if (symbols && !(symbol_waits(class) && class != SYMBOL_HALT))
		return false;
	if (pool->assist.hidden && micro_spin(cx, v, class))
		return true;
	if (pool->assist.params.lend_ns && lend_spin(cx, v, sends))
		return true;
	return pool->assist.params.coboost_ns && coboost(cx, v);
}

SCHED_API void vcpu_spin(sched_call_t *cx, vcpu_t *v)
{
	cpupool_t *pool = v->domain->pool;
	bool stays = true;

	cx->calls++;
	sched_lock(pool);
	if (vcpu_away(v)) {
		turn_give_up(cx, v);
	} else if (!unlikely(pool->assist.on) || !assist_spin(cx, v)) {
		v->assist.yielded = 1;
		hook_yield(cx, v);
		stays = false;
	}
	sched_unlock(pool);
	record_vcpu(cx, TRC_YIELD, v);
	if (!stays)
		kick(cx, v->processor);
}

SCHED_FLAT bool vcpu_spin_to(sched_call_t *cx, vcpu_t *v, vcpu_t *to)
{
	cpupool_t *pool = v->domain->pool;
	bool yes = true;

	if (v->processor->curr != v || v == to)
		return false;
	cx->calls++;
	sched_lock(pool);
	if (unlikely(vcpu_away(v))) {
		turn_give_up(cx, v);
	} else if (!unlikely(pool->assist.on) || !assist_spin(cx, v)) {
		yes = to->domain->pool == pool && hook_yield_to(cx, v, to);
		if (yes)
			kick(cx, v->processor);
	}
	sched_unlock(pool);
	record4(cx, TRC_YIELD, pair(v->domain->id, v->id), pair(to->domain->id << 16 | to->id, yes));
	return yes;
}

SCHED_API void vcpu_interrupt(sched_call_t *cx, vcpu_t *v, bool ipi)
{
	cpupool_t *pool = v->domain->pool;

	if (v->processor->curr == v)
		return;
	v->assist.irq_pending = 1;
	if (!pool->assist.on)
		return;
	cx->calls++;
	sched_lock(pool);
	pool->assist.nr_irq += !ipi;
	if (may_have_turn(v)) {
		if (pool->assist.hidden && pool->assist.hidden->assist.micro.on & (ipi ? MICRO_ON_IPI : MICRO_ON_IRQ))
			micro_take(cx, v);
		else if (pool->assist.params.irq_ns)
			irq_turn(cx, v);
	}
	sched_unlock(pool);
}

/* ---- parameters and set-up ---- */

static void assist_default_params(struct assist_params ARENA *p)
{
	p->coboost_ns = 0;
	p->coboost_every_ns = 1 * MSEC;
	p->lend_ns = 0;
	p->grace_ns = 0;
	p->irq_ns = 0;
	p->budget_percent = 50;
}

static void assist_update(cpupool_t *pool)
{
	struct assist_params ARENA *p = &pool->assist.params;

	pool->assist.on = p->coboost_ns || p->lend_ns || p->grace_ns || p->irq_ns || pool->assist.hidden;
}

static void assist_pool_init(cpupool_t *pool)
{
	assist_default_params(&pool->assist.params);
	pool->assist.parent = NULL;
	pool->assist.hidden = NULL;
	pool->assist.on = 0;
	pool->assist.nr_ipi = 0;
	pool->assist.nr_spin = 0;
	pool->assist.nr_irq = 0;
	pool->assist.nr_lent = 0;
	pool->assist.timer_cpu = -1;
	mask_zero(&pool->assist.lent);
}

SCHED_API void turn_counts_reset(domain_t *d)
{
	d->assist.coboosts = 0;
	d->assist.lends = 0;
	d->assist.graces = 0;
	d->assist.irq_turns = 0;
	d->assist.micro_migrations = 0;
	d->assist.turn_ns = 0;
	d->assist.refused = 0;
}

static void assist_domain_init(sched_call_t *cx, domain_t *d)
{
	d->assist.symbols = NULL;
	d->assist.budget_ns = 0;
	d->assist.budget_at_ns = cx->now;
	d->assist.coboost_ns = -MSEC * 1000;
	d->assist.cursor = 0;
	turn_counts_reset(d);
}

static void assist_vcpu_init(vcpu_t *v)
{
	list_init(&v->assist.turn);
	v->assist.home = (u16)v->processor->id;
	v->assist.ip = 0;
	v->assist.turn_ns = 0;
	v->assist.grace_ns = 0;
	v->assist.owed_ns = 0;
	v->assist.kind = TURN_NONE;
	v->assist.waits = 0;
	v->assist.irq_pending = 0;
	v->assist.yielded = 0;
	v->assist.settled = 0;
	v->assist.home_boost = 0;
}

static inline bool off_or_within(s64 ns, s64 most)
{
	return !ns || (ns >= TURN_LEAST_NS && ns <= most);
}

static bool has_turns(u32 sched)
{
#define SCHEDULER(name, number, full) \
	if (sched == (number)) \
		return true;
	TURN_SCHEDULERS(SCHEDULER)
#undef SCHEDULER
	return false;
}

SCHED_API s32 sched_adjust_global_assist(sched_call_t *cx, cpupool_t *pool, const struct assist_params ARENA *params)
{
	struct assist_params ARENA *own = &pool->assist.params;

	if (!has_turns(pool->sched) || pool->assist.parent || !off_or_within(params->coboost_ns, 10 * MSEC) ||
	    !off_or_within(params->lend_ns, LEND_MOST_NS) || !off_or_within(params->grace_ns, MSEC) ||
	    !off_or_within(params->irq_ns, 10 * MSEC) || params->coboost_every_ns < 0 ||
	    params->coboost_every_ns > 100 * MSEC || params->budget_percent > 100)
		return -SCHED_EINVAL;
	cx->calls++;
	sched_lock(pool);
	own->coboost_ns = params->coboost_ns;
	own->coboost_every_ns = params->coboost_every_ns;
	own->lend_ns = params->lend_ns;
	own->grace_ns = params->grace_ns;
	own->irq_ns = params->irq_ns;
	own->budget_percent = params->budget_percent;
	assist_update(pool);
	sched_unlock(pool);
	return 0;
}
