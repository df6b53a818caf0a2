/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit's accounting, every time slice, by the pool's master pCPU. Facts: 2.10; weaknesses 6.1.5, 6.1.12, 6.1.13.
 *
 * Rota's shares are exact:
 *
 *   - What is granted is the CPU time that has passed, in ns: no rounding up to credits.
 *   - It is shared by water-filling: who can't use its part (it was asleep and has saved a slice already; a vCPU
 *     can't use more than one pCPU; its domain is capped) takes what it can, and the others share the rest by weight,
 *     again and again.
 *   - A vCPU that waits is owed and one that got more owes, up to CREDIT_SAVED_SLICES; nothing is forgiven at one
 *     slice.
 *   - Credit is relative: the sum over the contenders is moved to zero each time, by weight, as what is granted: a
 *     sleeper that is caught awake is granted time by weight that it gives back here. What credit tells apart is who
 *     is ahead and who is behind; if all had credit, or none had, the classes would say nothing and weights not count.
 *     Contenders are those who can run, and sleepers who owe: leaving these out would forgive a thief that sleeps
 *     through the accounting. A sleeper with a slice saved is none, though it may be awake just then: it has what it
 *     wants. With a few of them in the sum all hogs would owe as much as one can, whatever their weights.
 *
 * A cap is a budget beside the credit: each period the domain gets its cap's worth, shared among its vCPUs by need,
 * and a vCPU parks the moment its part is used (credit.c). One that waits for its turn keeps what it could not use, up
 * to CREDIT_SAVED_SLICES periods' budget, else a busy host would take from its cap; one that sleeps keeps an equal part
 * of one period's. A domain holds at most CREDIT_SAVED_SLICES + 1 periods' budget: in any window it gets at most its
 * cap plus that.
 */

/* ---- who earns ---- */

CORE_FN int credit_activate(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	domain_t *d = sdom_of(v->domain);

	if (v->credit.is_active)
		return 0;
	v->credit.is_active = 1;
	list_add_head(&d->credit.active, &v->credit.active);
	if (d->credit.nr_active++ == 0)
		list_add_head(&pool->credit.active, &d->credit.pool_link);
	if (tracing(cx))
		record4(cx, TRC_CREDIT_ACCOUNT_START, pair(v->domain->id, v->id), pair(d->credit.nr_active, 0));
	return 0;
}

CORE_FN int credit_deactivate(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	domain_t *d = sdom_of(v->domain);

	if (!v->credit.is_active)
		return 0;
	v->credit.is_active = 0;
	list_del(&v->credit.active);
	if (--d->credit.nr_active == 0)
		list_del(&d->credit.pool_link);
	if (tracing(cx))
		record4(cx, TRC_CREDIT_ACCOUNT_STOP, pair(v->domain->id, v->id), pair(d->credit.nr_active, 0));
	return 0;
}

/*
 * What a domain weighs in its pool with @n vCPUs that count: its weight for each, or as a whole (weight_of). vCPUs of
 * its activation domains count as its own, but do not make it heavier than all of its own would (sdom.c).
 */
CORE_FN s64 credit_weight(cpupool_t *pool ARG, domain_t *d ARG, s64 n)
{
	if (sdom_shared(d) && n > d->nr_vcpus)
		n = d->nr_vcpus ? d->nr_vcpus : 1;
	return pool->credit.params.weight_of_domain ? (s64)d->weight : (s64)d->weight * n;
}

/* ---- burning ---- */

static void credit_unboost(sched_call_t *cx, vcpu_t *v)
{
	v->credit.pri = CREDIT_UNDER;
	if (tracing(cx))
		record_vcpu(cx, TRC_CREDIT_BOOST_END, v);
}

/* Xen's: whole credits, the remainder kept twice (facts 2.5); within one credit of exact. */
CORE_FN int credit_burn_xen(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	s64 delta = cx->now - v->credit.start_ns, val, credits;

	if (delta <= 0)
		return 0;
	val = delta * 10 + v->credit.residual;
	credits = val / 1000000;
	v->credit.residual = val % 1000000;
	v->credit.credit_ns -= credits * CREDIT_NS;
	v->credit.start_ns += credits * CREDIT_NS;
	return 0;
}

/* Debit the running vCPU up to now. */
NO_FRAME void credit_debit(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	s64 used = cx->now - v->credit.burnt_ns;

	v->credit.burnt_ns = cx->now;
	if (sdom_of(v->domain)->cap)
		v->credit.cap_ns -= used;
	if (v->credit.pri == CREDIT_BOOST && mended(pool, CREDIT_MEND_BOOST)) {
		v->credit.boost_ns += used;
		if (v->credit.boost_ns >= CREDIT_BOOST_NS)
			credit_unboost(cx, v);
	}
	if (likely(mended(pool, CREDIT_MEND_SHARE)))
		v->credit.credit_ns -= used;
	else
		credit_burn_xen(cx, v);
}

/* The same, where it is not done at every switch. */
CORE_FN int credit_burn(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG)
{
	credit_debit(cx, pool, v);
	return 0;
}

/* ---- caps ---- */

/* CPU time a domain's cap allows it in @period_ns. */
static inline s64 credit_cap_budget(domain_t *d, s64 period_ns)
{
	return (s64)d->cap * period_ns / 100;
}

/*
 * Too little is left to be worth a slice. A small cap of many vCPUs may never give one of them that much: then an
 * equal part of a period's budget is worth it.
 */
static inline bool credit_cap_used_up(cpupool_t *pool, vcpu_t *v)
{
	domain_t *d = sdom_of(v->domain);

	if (!d->cap || v->credit.cap_ns >= CREDIT_MIN_TIMER_NS || !mended(pool, CREDIT_MEND_CAP))
		return false;
	return v->credit.cap_ns < credit_cap_budget(d, pool->credit.params.tslice_ns) / d->nr_accounted;
}

/* What a vCPU may hold of it when nothing is known of its siblings: an equal part. */
static void credit_cap_reset(cpupool_t *pool, vcpu_t *v)
{
	domain_t *d = sdom_of(v->domain);

	v->credit.cap_ns =
		credit_cap_budget(d, pool->credit.params.tslice_ns) / (d->nr_accounted ? d->nr_accounted : 1);
}

CORE_FN int credit_park(sched_call_t *cx ARG, vcpu_t *v ARG)
{
	credit_activate(cx, v->domain->pool, v); /* who does not earn would never come back */
	v->credit.flags |= CREDIT_PARKED;
	v->pause_flags |= VPF_parked;
	v->parked_entry_ns = cx->now;
	record_vcpu(cx, TRC_ROTA_PARK, v);
	return 0;
}

NO_FRAME int credit_unpark(sched_call_t *cx, cpupool_t *pool, vcpu_t *v)
{
	if (!(v->credit.flags & CREDIT_PARKED))
		return 0;
	v->credit.flags &= (u8)~CREDIT_PARKED;
	v->pause_flags &= (u8)~VPF_parked;
	v->parked_ns += cx->now - v->parked_entry_ns;
	record_vcpu(cx, TRC_ROTA_UNPARK, v);
	if (!vcpu_runnable(v) || v->credit.queued || v->processor->curr == v)
		return 0;
	if (v->runstate >= RUNSTATE_blocked)
		runstate_set(cx, v, RUNSTATE_runnable);
	credit_enqueue_and_tickle(cx, pool, v);
	return 0;
}

/* ---- granting ---- */

/*
 * Share @amount among the active vCPUs of d: each takes at most what it wants, the rest goes round. @cap: which of
 * the two.
 */
CORE_FN int credit_fill_vcpus(domain_t *d ARG, s64 amount, bool cap)
{
	link_t *head = &d->credit.active;
	s64 n = d->credit.nr_active, part;
	s64 slice = d->pool->credit.params.tslice_ns;
	bool again = true;

	for (u32 round = ZERO; again && n > 0 && round < CREDIT_FILL_ROUNDS && can_loop; round++) {
		again = false;
		for (link_t *l = head->next; l != head && n > 0 && can_loop; l = l->next) {
			vcpu_t *v = link_of(l, vcpu_t, credit.active);
			s64 want = cap ? v->credit.cap_want_ns : v->credit.want_ns;

			if (want < 0 || want > amount / n)
				continue;
			if (cap) {
				v->credit.cap_ns += want;
				v->credit.cap_want_ns = -1;
			} else {
				v->credit.credit_ns += want;
				v->credit.want_ns = -1;
			}
			amount -= want;
			n--;
			again = true;
		}
	}
	if (n <= 0)
		return 0;
	part = amount / n;
	if (!cap && part < slice * slice / CREDIT_LONGEST_WAIT_NS)
		part = slice * slice / CREDIT_LONGEST_WAIT_NS;
	for (link_t *l = head->next; l != head && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, credit.active);

		if (cap && v->credit.cap_want_ns >= 0)
			v->credit.cap_ns += v->credit.cap_want_ns < part ? v->credit.cap_want_ns : part;
		else if (!cap && v->credit.want_ns >= 0)
			v->credit.credit_ns += v->credit.want_ns < part ? v->credit.want_ns : part;
	}
	return 0;
}

/* What brings v up to @level, of what it wants. */
static inline s64 credit_up_to(vcpu_t *v, s64 level)
{
	s64 part = level - v->credit.credit_ns;

	return part < 0 ? 0 : part < v->credit.want_ns ? part : v->credit.want_ns;
}

/* The same for all of d's active vCPUs. */
CORE_FN s64 credit_below(domain_t *d ARG, s64 level)
{
	link_t *head = &d->credit.active;
	s64 sum = 0;

	for (link_t *l = head->next; l != head && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, credit.active);

		sum += credit_up_to(v, level);
	}
	return sum;
}

/*
 * Share @amount among the active vCPUs of d and of its activation domains, which have one share together: those that
 * have least are filled up to one level, so that one that seldom runs, and has saved a slice, takes nothing from the
 * others when it is caught awake.
 */
CORE_FN int credit_fill_level(domain_t *d ARG, s64 amount)
{
	s64 slice = d->pool->credit.params.tslice_ns, most = CREDIT_SAVED_SLICES * slice;
	s64 low = -16 * most, high = most + 1, level; /* nobody owes that much */
	link_t *head = &d->credit.active;

	if (amount < slice * slice / CREDIT_LONGEST_WAIT_NS)
		amount = slice * slice / CREDIT_LONGEST_WAIT_NS;
	for (u32 round = ZERO; high - low > 1 && round < 64 && can_loop; round++) {
		level = low + (high - low) / 2;
		if (credit_below(d, level) <= amount)
			low = level;
		else
			high = level;
	}
	for (link_t *l = head->next; l != head && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, credit.active);

		v->credit.credit_ns += credit_up_to(v, low);
	}
	return 0;
}

static void credit_fill(domain_t *d, s64 amount)
{
	if (sdom_shared(d))
		credit_fill_level(d, amount);
	else
		credit_fill_vcpus(d, amount, false);
}

/* amount * w / total without overflow: amount < 2^50, w <= 2^26, total < 2^37. */
static inline s64 credit_part(s64 amount, s64 w, s64 total)
{
	return amount / total * w + amount % total * w / total;
}

/* When a slice that began at @begin ends: after a time slice, or when the cap's budget (as of @now) is used. */
static s64 credit_slice_end(cpupool_t *pool, vcpu_t *v, s64 begin, s64 now)
{
	s64 end = begin + pool->credit.params.tslice_ns;

	if (end < now)
		end = now;
	if (sdom_of(v->domain)->cap && mended(pool, CREDIT_MEND_CAP) && end > now + v->credit.cap_ns)
		end = now + v->credit.cap_ns;
	return end;
}

/* Refill the cap budget of d for @elapsed ns. */
CORE_FN int credit_fill_cap(cpupool_t *pool ARG, domain_t *d ARG, s64 elapsed)
{
	s64 budget = credit_cap_budget(d, elapsed), most = credit_cap_budget(d, pool->credit.params.tslice_ns);
	s64 held = 0, room;
	link_t *head = &d->credit.active;

	for (link_t *l = head->next; l != head && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, credit.active);
		s64 limit = v->pause_flags & VPF_blocked ? most / d->nr_accounted : CREDIT_SAVED_SLICES * most;

		if (v->credit.cap_ns > limit)
			v->credit.cap_ns = limit;
		if (v->credit.cap_ns > 0)
			held += v->credit.cap_ns;
		room = limit - v->credit.cap_ns;
		v->credit.cap_want_ns = room;
	}
	if (budget > (CREDIT_SAVED_SLICES + 1) * most - held)
		budget = (CREDIT_SAVED_SLICES + 1) * most - held;
	if (budget > 0)
		credit_fill_vcpus(d, budget, true);
	return 0;
}

/* What the active vCPUs of d, and d as a whole, can use of @elapsed ns. */
CORE_FN int credit_domain_wants(cpupool_t *pool ARG, domain_t *d ARG, s64 elapsed)
{
	s64 slice = pool->credit.params.tslice_ns;
	link_t *head = &d->credit.active;

	d->credit.want_ns = 0;
	d->credit.filled = 0;
	for (link_t *l = head->next; l != head && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, credit.active);
		s64 room = (vcpu_runnable(v) ? CREDIT_SAVED_SLICES * slice : slice) - v->credit.credit_ns;

		v->credit.want_ns = room < 0 ? 0 : room < elapsed ? room : elapsed;
		d->credit.want_ns += v->credit.want_ns;
	}
	if (d->cap && d->credit.want_ns > credit_cap_budget(d, elapsed))
		d->credit.want_ns = credit_cap_budget(d, elapsed);
	return 0;
}

/* Give each active vCPU its part of @elapsed ns on every pCPU of the pool. */
CORE_FN int credit_grant(cpupool_t *pool ARG, s64 elapsed)
{
	s64 amount = elapsed * pool->nr_cpus, weight = 0;
	link_t *pool_head = &pool->credit.active;
	bool again = true;

	for (link_t *k = pool_head->next; k != pool_head && can_loop; k = k->next) {
		domain_t *d = link_of(k, domain_t, credit.pool_link);

		credit_domain_wants(pool, d, elapsed);
		weight += credit_weight(pool, d, d->credit.nr_active);
	}
	for (u32 round = ZERO; again && weight > 0 && round < CREDIT_FILL_ROUNDS && can_loop; round++) {
		again = false;
		for (link_t *k = pool_head->next; k != pool_head && weight > 0 && can_loop; k = k->next) {
			domain_t *d = link_of(k, domain_t, credit.pool_link);
			s64 w = credit_weight(pool, d, d->credit.nr_active);

			if (d->credit.filled || d->credit.want_ns > credit_part(amount, w, weight))
				continue;
			d->credit.filled = 1;
			credit_fill(d, d->credit.want_ns);
			amount -= d->credit.want_ns;
			weight -= w;
			again = true;
		}
	}
	for (link_t *k = pool_head->next; k != pool_head && weight > 0 && can_loop; k = k->next) {
		domain_t *d = link_of(k, domain_t, credit.pool_link);

		if (!d->credit.filled)
			credit_fill(d, credit_part(amount, credit_weight(pool, d, d->credit.nr_active), weight));
	}
	return 0;
}

/* The class that a vCPU's credit gives it, from now on. */
static void credit_set_class(cpupool_t *pool, vcpu_t *v)
{
	u8 pri = v->credit.credit_ns < 0 ? CREDIT_OVER : CREDIT_UNDER;

	if (pri == CREDIT_UNDER && v->credit.pri == CREDIT_BOOST && mended(pool, CREDIT_MEND_BOOST))
		pri = CREDIT_BOOST; /* it waits for the ratelimit: don't send it behind the hogs (6.1.4) */
	if (v->credit.pri == pri)
		return;
	v->credit.pri = pri;
	if (v->credit.queued)
		v->processor->credit.stale = 1;
}

static inline bool credit_contends(vcpu_t *v)
{
	if (v->credit.credit_ns < 0)
		return true;
	return vcpu_runnable(v) &&
	       !(v->credit.slept && v->credit.credit_ns >= v->domain->pool->credit.params.tslice_ns);
}

/* Counts d's contenders; what these weigh. The sum of their credits goes to d->credit.sum_ns. */
CORE_FN s64 credit_domain_sum(cpupool_t *pool ARG, domain_t *d ARG)
{
	link_t *head = &d->credit.active;

	d->credit.sum_ns = 0;
	d->credit.contenders = 0;
	for (link_t *l = head->next; l != head && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, credit.active);

		if (credit_contends(v)) {
			d->credit.sum_ns += v->credit.credit_ns;
			d->credit.contenders++;
		}
	}
	return d->credit.contenders ? credit_weight(pool, d, d->credit.contenders) : 0;
}

/* Move v's credit by -@part if it contends, bound it, and draw the conclusions. */
CORE_FN int credit_settle(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG, s64 part)
{
	s64 slice = pool->credit.params.tslice_ns, most = CREDIT_SAVED_SLICES * slice;

	if (credit_contends(v))
		v->credit.credit_ns -= part;
	if (v->credit.credit_ns < -most)
		v->credit.credit_ns = -most;
	if (v->credit.credit_ns > most)
		v->credit.credit_ns = most;
	v->credit.slept = 0;
	credit_set_class(pool, v);
	/* Asleep with a slice saved: it stops earning. Parked is not asleep. */
	if (!vcpu_runnable(v) && !(v->pause_flags & VPF_parked) && v->credit.credit_ns >= slice) {
		v->credit.credit_ns = slice;
		credit_deactivate(cx, v);
	}
	return 0;
}

CORE_FN int credit_domain_settle(sched_call_t *cx ARG, cpupool_t *pool ARG, domain_t *d ARG, s64 part)
{
	link_t *head = &d->credit.active, *next;

	for (link_t *l = head->next; l != head && can_loop; l = next) {
		next = l->next;
		credit_settle(cx, pool, link_of(l, vcpu_t, credit.active), part);
	}
	return 0;
}

CORE_FN int credit_account_exact(sched_call_t *cx ARG, cpupool_t *pool ARG, s64 elapsed)
{
	link_t *head = &pool->credit.active, *next;
	s64 sum = 0, weight = 0;

	credit_grant(pool, elapsed);
	for (link_t *k = head->next; k != head && can_loop; k = k->next) {
		domain_t *d = link_of(k, domain_t, credit.pool_link);

		weight += credit_domain_sum(pool, d);
		sum += d->credit.sum_ns;
	}
	pool->credit.balance_ns = sum;
	for (link_t *k = head->next; k != head && can_loop; k = next) {
		domain_t *d = link_of(k, domain_t, credit.pool_link);
		s64 n = d->credit.contenders, part = 0;

		next = k->next;
		if (n && weight)
			part = credit_part(sum, credit_weight(pool, d, n), weight) / n;
		pool->credit.balance_ns -= part * n;
		credit_domain_settle(cx, pool, d, part);
	}
	return 0;
}

/* Round up, for Xen's integer credits. */
static inline s64 credit_div_up(s64 a, s64 b)
{
	return (a + b - 1) / b;
}

/* Xen's: a vCPU is granted g credits; clamps, parking and the halving of what was saved. Returns its credit. */
CORE_FN s64 credit_grant_xen(sched_call_t *cx ARG, cpupool_t *pool ARG, vcpu_t *v ARG, s64 g, s64 cap)
{
	s64 cpt = pool->credit.params.tslice_ns / CREDIT_NS;

	v->credit.credit_ns += g * CREDIT_NS;
	credit_set_class(pool, v);
	if (v->credit.credit_ns < 0) {
		if (sdom_of(v->domain)->cap && v->credit.credit_ns < -cap * CREDIT_NS &&
		    !mended(pool, CREDIT_MEND_CAP) && !(v->credit.flags & CREDIT_PARKED)) {
			credit_park(cx, v);
			vcpu_sleep_locked(cx, v);
		}
		if (v->credit.credit_ns < -cpt * CREDIT_NS)
			v->credit.credit_ns = -cpt * CREDIT_NS;
		return v->credit.credit_ns;
	}
	if (!mended(pool, CREDIT_MEND_CAP))
		credit_unpark(cx, pool, v);
	if (v->credit.credit_ns > cpt * CREDIT_NS && !(v->credit.flags & CREDIT_PARKED)) {
		credit_deactivate(cx, v);
		v->credit.credit_ns /= 2 * CREDIT_NS;
		v->credit.credit_ns *= CREDIT_NS;
	}
	return v->credit.credit_ns;
}

/* Xen's: d's vCPUs are granted @g credits each, capped at @cap; the sum of their credits. */
CORE_FN s64 credit_domain_grant_xen(sched_call_t *cx ARG, cpupool_t *pool ARG, domain_t *d ARG, s64 g, s64 cap)
{
	link_t *head = &d->credit.active, *next;
	s64 sum = 0;

	for (link_t *l = head->next; l != head && can_loop; l = next) {
		next = l->next;
		sum += credit_grant_xen(cx, pool, link_of(l, vcpu_t, credit.active), g, cap);
	}
	return sum;
}

/* The pCPUs whose time is granted: a hidden pool's as well, where turns are debited as anywhere. */
static inline s64 credit_cpus(cpupool_t *pool)
{
	return (s64)pool->nr_cpus + (unlikely(pool->assist.hidden) ? pool->assist.hidden->nr_cpus : 0);
}

/* Xen's accounting to the letter, in its integer credits; in 64 bits, where Xen's wraps (6.1.11). */
CORE_FN int credit_account_xen(sched_call_t *cx ARG, cpupool_t *pool ARG)
{
	s64 cpt = pool->credit.params.tslice_ns / CREDIT_NS, total = cpt * credit_cpus(pool);
	s64 balance = pool->credit.balance_ns / CREDIT_NS, weight = 0, left, new_balance = 0;
	link_t *pool_head = &pool->credit.active, *next_domain;
	bool extra = false;

	if (balance < 0)
		total -= balance;
	for (link_t *k = pool_head->next; k != pool_head && can_loop; k = k->next) {
		domain_t *d = link_of(k, domain_t, credit.pool_link);

		weight += credit_weight(pool, d, d->credit.nr_active);
	}
	left = weight;
	for (link_t *k = pool_head->next; k != pool_head && can_loop; k = next_domain) {
		domain_t *d = link_of(k, domain_t, credit.pool_link);
		s64 n = d->credit.nr_active, w = credit_weight(pool, d, n), peak = n * cpt, cap = 0, fair;

		next_domain = k->next;
		left -= w;
		if (balance < 0)
			peak += credit_div_up(-balance * w, weight);
		if (d->cap) {
			cap = credit_div_up((s64)d->cap * cpt, 100);
			if (cap < peak)
				peak = cap;
			cap = credit_div_up(cap, n);
		}
		fair = credit_div_up(total * w, weight);
		if (fair < peak) {
			extra = true;
		} else {
			if (left)
				total += credit_div_up((fair - peak) * weight, left);
			if (extra) {
				list_del(k);
				list_add_head(pool_head, k);
			}
			fair = peak;
		}
		new_balance += credit_domain_grant_xen(cx, pool, d, credit_div_up(fair, n), cap);
	}
	pool->credit.balance_ns = weight ? new_balance : 0;
	return 0;
}

/* Refill d's cap budget, let its parked vCPUs go on, and end its running ones' slices with what they have now. */
CORE_FN int credit_domain_cap(sched_call_t *cx ARG, cpupool_t *pool ARG, domain_t *d ARG, s64 elapsed)
{
	link_t *head = &d->credit.active;

	credit_fill_cap(pool, d, elapsed);
	for (link_t *l = head->next; l != head && can_loop; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, credit.active);
		pcpu_t *p = v->processor;

		if (!mended(pool, CREDIT_MEND_CAP) && v->credit.cap_ns < 0) {
			/* As in Xen, on and off by whole periods; by the budget, of which exact credits say nothing. */
			if (!(v->credit.flags & CREDIT_PARKED)) {
				credit_park(cx, v);
				vcpu_sleep_locked(cx, v);
			}
			continue;
		}
		if (!credit_cap_used_up(pool, v))
			credit_unpark(cx, pool, v);
		if (p->curr == v && !vcpu_away(v) && p->timer_ns[TIMER_SLICE] != TIME_NEVER)
			timer_set(cx, p, TIMER_SLICE, credit_slice_end(pool, v, v->state_entry_ns, cx->now));
	}
	return 0;
}

CORE_FN int credit_account(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	cpupool_t *pool = p->pool;
	host_t *h = cx->host;
	link_t *head = &pool->credit.active;
	s64 elapsed;

	sched_lock(pool);
	/* Another does it since, see credit_follow_master(). */
	if (unlikely(pool->credit.master != (s32)p->id)) {
		timer_set(cx, p, TIMER_ACCT, TIME_NEVER);
		sched_unlock(pool);
		return 0;
	}
	elapsed = cx->now - pool->credit.acct_ns;
	pool->credit.acct_ns = cx->now;
	timer_set(cx, p, TIMER_ACCT, cx->now + pool->credit.params.tslice_ns);
	if (list_empty(head)) {
		pool->credit.balance_ns = 0;
		sched_unlock(pool);
		return 0;
	}
	if (mended(pool, CREDIT_MEND_SHARE)) {
		/* Who runs is debited up to now, so that grants meet what they are for. */
		for_each_cpu (c, &pool->cpus, h->mask_words) {
			vcpu_t *v = pcpu_of(h, (u32)c)->curr;

			if (!v->is_idle)
				credit_burn(cx, pool, v);
		}
		credit_account_exact(cx, pool, elapsed);
	} else {
		credit_account_xen(cx, pool);
	}
	if (mended(pool, CREDIT_MEND_CAP | CREDIT_MEND_SHARE))
		for (link_t *k = head->next; k != head && can_loop; k = k->next) {
			domain_t *d = link_of(k, domain_t, credit.pool_link);

			if (d->cap)
				credit_domain_cap(cx, pool, d, elapsed);
		}
	pool->credit.sort_epoch++;
	if (mended(pool, CREDIT_MEND_ORDER))
		for_each_cpu (c, &pool->cpus, h->mask_words)
			credit_sort(pool, pcpu_of(h, (u32)c));
	sched_unlock(pool);
	return 0;
}
