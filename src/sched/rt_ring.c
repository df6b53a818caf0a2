/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sporadic server's refills. Facts: rtxen-servers 1.3.
 *
 * Each chunk of budget that is used comes back one period after its activation, so that the server never disturbs
 * others more than a periodic task of the same budget and period would. The rules are those of the corrected sporadic
 * server: an overrun uses up later refills and never makes the sum grow (the defect of POSIX that amplifies budgets),
 * and each chunk has its own time (the defect that returns budget too early). Sum of the refills = budget, after every
 * function here.
 */

static inline struct rt_refill ARENA *ring_at(vcpu_t *v, u32 i)
{
	return AT(v->refills, (v->rt.head + i) % RT_REFILLS);
}

static inline void ring_sum_check(vcpu_t *v)
{
#ifdef SCHED_DEBUG
	s64 sum = 0;

	for (u32 i = 0; i < v->rt.nr; i++)
		sum += ring_at(v, i)->amount_ns;
	sched_check(v->rt.nr && v->rt.nr <= RT_REFILLS && sum == v->rt.budget_ns);
#else
	(void)v;
#endif
}

/*
 * A chunk comes back at @at: merged into the last if they touch, or if there is no room: then late rather than early.
 */
static inline void ring_append(vcpu_t *v, s64 amount, s64 at)
{
	struct rt_refill ARENA *tail;

	if (v->rt.nr) {
		tail = ring_at(v, v->rt.nr - 1U);
		if (tail->at_ns + tail->amount_ns >= at) {
			tail->amount_ns += amount;
			return;
		}
		if (v->rt.nr >= RT_REFILLS) {
			tail->at_ns = at - tail->amount_ns;
			tail->amount_ns += amount;
			return;
		}
	}
	tail = ring_at(v, v->rt.nr);
	tail->amount_ns = amount;
	tail->at_ns = at;
	v->rt.nr++;
}

static inline void ring_pop(vcpu_t *v)
{
	v->rt.head = (u8)((v->rt.head + 1U) % RT_REFILLS);
	v->rt.nr--;
}

/* The ring anew: @first now, the rest of the budget at @rest_at. */
static void ring_start(vcpu_t *v, s64 first, s64 now, s64 rest_at)
{
	v->rt.head = 0;
	v->rt.nr = 0;
	if (first > v->rt.budget_ns)
		first = v->rt.budget_ns;
	if (first > 0)
		ring_append(v, first, now);
	else
		first = 0;
	if (v->rt.budget_ns > first)
		ring_append(v, v->rt.budget_ns - first, rest_at > now ? rest_at : now);
	ring_sum_check(v);
}

/* What may be used at @now, into rem_ns. */
CORE_FN int ring_update(vcpu_t *v ARG, s64 now)
{
	s64 sum = 0;

	for (u32 i = ZERO; i < v->rt.nr && i < RT_REFILLS && can_loop; i++) {
		if (ring_at(v, i)->at_ns > now)
			break;
		sum += ring_at(v, i)->amount_ns;
	}
	v->rt.rem_ns = sum;
	return 0;
}

/*
 * The server gets work, or budget for the work it has: it is active from @now on, and what is there by then is one
 * chunk.
 */
CORE_FN int ring_activate(vcpu_t *v ARG, s64 now)
{
	struct rt_refill ARENA *head = ring_at(v, 0);

	if (!v->rt.nr || head->at_ns > now)
		return 0;
	head->at_ns = now;
	for (u32 i = ZERO; v->rt.nr > 1 && i < RT_REFILLS && can_loop; i++) {
		struct rt_refill ARENA *next = ring_at(v, 1);
		s64 amount;

		if (next->at_ns > head->at_ns + head->amount_ns)
			break;
		amount = head->amount_ns;
		next->at_ns = head->at_ns;
		next->amount_ns += amount;
		ring_pop(v);
		head = next;
	}
	ring_sum_check(v);
	return 0;
}

/* @used was run: whole refills first, the last one split. More than there was uses up later ones. */
CORE_FN int ring_charge(vcpu_t *v ARG, s64 used)
{
	s64 period = v->rt.period_ns;
	struct rt_refill ARENA *head, *next;

	for (u32 i = ZERO; v->rt.nr && i < 4 * RT_REFILLS && can_loop; i++) {
		s64 amount, at;

		head = ring_at(v, 0);
		amount = head->amount_ns;
		at = head->at_ns;
		if (amount > used)
			break;
		used -= amount;
		ring_pop(v);
		ring_append(v, amount, at + period);
	}
	head = ring_at(v, 0);
	if (used > 0 && used < head->amount_ns) {
		s64 at = head->at_ns;

		head->amount_ns -= used;
		head->at_ns += used;
		ring_append(v, used, at + period);
	}
	if (v->rt.nr > 1 && head->amount_ns < RT_MIN_CHUNK_NS) {
		s64 amount = head->amount_ns;

		ring_pop(v);
		next = ring_at(v, 0);
		next->amount_ns += amount;
		next->at_ns -= amount;
	}
	ring_sum_check(v);
	return 0;
}
