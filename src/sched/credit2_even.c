/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit2's fairness between run queues. Facts: 2.4.
 *
 * Within a run queue credit makes shares exact. Between two it does not: each grants as fast as its own vCPUs burn, and
 * balancing makes loads alike, not what one gets there. Three hogs in one queue and four in the other differ by less
 * than a move would mend; and a queue with more sleepers, and fewer hogs, has the same load and leaves its hogs more.
 *
 * So each queue counts what it granted, in CPU time of a vCPU of weight 256, and how fast; and each vCPU how far it is
 * ahead of its queue's count: together, what it was given since it was made, wherever it was. When a queue resets its
 * credits, it looks for one that is slower and whose vCPUs were given less on average, or faster and more. If who was
 * given most in the faster of the two is ahead of who was given least in the slower by more than 10 ms, they change
 * places. What vCPUs differ by so stays bounded, and their shares become alike, however unlike the queues are.
 */

#define CREDIT2_EVEN_APART (10 * MSEC)
#define CREDIT2_EVEN_SPEED_SHIFT 20 /* a speed is so much given per ns */
#define CREDIT2_EVEN_SPEEDS 64 /* differ by less than one in so many: there is nothing to win in changing places */
/*
 * Who was moved stays for so many grants: whatever its debt it runs before that. Else all the queues would pass on who
 * is furthest behind, and it would never run.
 */
#define CREDIT2_EVEN_STAYS (3 * CREDIT2_GRANT)
/*
 * A queue of which a pCPU idles grants little, since nobody wants more: that counts as being behind by so much at most.
 */
#define CREDIT2_EVEN_MOST (50 * MSEC)

static inline s64 credit2_given(vcpu_t *v)
{
	return v->credit2.ahead_ns + v->credit2.runq->given_ns;
}

/* What rq's vCPUs were given on average. */
static inline s64 credit2_given_mean(credit2_runq_t *rq)
{
	return rq->given_ns + (rq->nr_vcpus ? rq->ahead_ns / rq->nr_vcpus : 0);
}

/* rq grants so much credit to each of its vCPUs. */
static inline void credit2_even_grant(sched_call_t *cx, credit2_runq_t *rq, s64 grant)
{
	cpupool_t *pool = rq->pool;
	s64 given = grant * CREDIT2_EVEN_WEIGHT / (rq->max_weight ? rq->max_weight : 1), took = cx->now - rq->reset_ns;
	s64 mean;

	if (!rq->idled && took > 0)
		rq->speed += ((given << CREDIT2_EVEN_SPEED_SHIFT) / took - rq->speed) / 8;
	rq->reset_ns = cx->now;
	rq->given_ns += given;
	mean = credit2_given_mean(rq);
	if (rq->idled && mean < pool->credit2.given_ns - CREDIT2_EVEN_MOST) {
		rq->given_ns += pool->credit2.given_ns - CREDIT2_EVEN_MOST - mean;
		mean = credit2_given_mean(rq);
	}
	rq->idled = 0;
	if (mean > pool->credit2.given_ns)
		pool->credit2.given_ns = mean;
}

/*
 * The run queue to exchange vCPUs with: a faster one whose vCPUs were given more than rq's on average, or a slower one
 * whose were given less, the more unlike the better. Index, or -1.
 */
CORE_FN s32 credit2_even_partner(cpupool_t *pool ARG, credit2_runq_t *rq ARG)
{
	u32 words = pool->host->mask_words;
	s64 mean = credit2_given_mean(rq), most = ZERO;
	s32 best = (s32)ZERO - 1;

	for (link_t *l = pool->credit2.runqs.next; l != &pool->credit2.runqs && can_loop; l = l->next) {
		credit2_runq_t *other = link_of(l, credit2_runq_t, pool_link);
		s64 faster = other->speed - rq->speed, more = credit2_given_mean(other) - mean;

		if (other == rq || !other->nr_cpus || !mask_empty(&other->idle, words) ||
		    credit2_distance(faster, 0) < rq->speed / CREDIT2_EVEN_SPEEDS)
			continue;
		if (faster < 0)
			more = -more;
		if (more > most) {
			most = more;
			best = (s32)other->index;
		}
	}
	return best;
}

/*
 * Of the first vCPUs of @from that contend and may go to @to, who was given most (sign 1) or least (-1):
 * index, or -1.
 */
CORE_FN s32 credit2_even_pick(cpupool_t *pool ARG, credit2_runq_t *from ARG, credit2_runq_t *to ARG, s32 sign)
{
	s64 busy = 5LL << pool->credit2.params.load_precision_shift >> 3, most = -TIME_NEVER;
	link_t *l = from->vcpus.next;
	s32 best = -1;

	for (u32 i = ZERO; i < CREDIT2_BALANCE_LOOK && l != &from->vcpus && can_loop; i++, l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, credit2.assigned);

		if (!vcpu_runnable(v) || (!v->credit2.queued && v->processor->curr != v) || v->credit2.avgload < busy ||
		    from->granted_ns - v->credit2.joined_ns < CREDIT2_EVEN_STAYS || !credit2_movable(pool, v, to))
			continue;
		if (sign * credit2_given(v) > most) {
			most = sign * credit2_given(v);
			best = (s32)v->index;
		}
	}
	return best;
}

/* rq has reset its credits: who is behind changes places with who is ahead; for credit2_swap(), 0 nobody. */
CORE_FN u64 credit2_even(sched_call_t *cx ARG, cpupool_t *pool ARG, credit2_runq_t *rq ARG)
{
	host_t *h = cx->host;
	s32 sign, own, theirs;
	credit2_runq_t *other;
	s64 apart;

	rq->partner = credit2_even_partner(pool, rq);
	if (rq->partner < 0)
		return 0;
	other = AT(h->credit2_runqs, (u32)rq->partner);
	sign = rq->speed > other->speed ? 1 : -1;
	credit2_load_first(cx, rq);
	credit2_load_first(cx, other);
	own = credit2_even_pick(pool, rq, other, sign);
	theirs = credit2_even_pick(pool, other, rq, -sign);
	credit2_balance_rotate(rq);
	credit2_balance_rotate(other);
	if (own < 0 || theirs < 0)
		return 0;
	apart = credit2_given(AT(h->vcpus, own)) - credit2_given(AT(h->vcpus, theirs));
	if (sign * apart < CREDIT2_EVEN_APART)
		return 0;
	return pair((u32)(own + 1), (u32)(theirs + 1));
}
