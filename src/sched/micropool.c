/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pCPUs are micro-sliced cores (microslice.c).
 *
 * Static: pCPUs are moved in and out by hand, as for any pool. Otherwise a controller lends and takes back pCPUs of the
 * parent; a lent one is drained at once. The published code's and the paper's controllers work in epochs of 1 s:
 * without any, they watch for 10 ms, and if there is something to do, try 1 .. `limit` cores for 10 ms each.
 *
 *	code	with mostly lock spins 1 core; else `limit` cores (it notes with how many there were fewest IPI yields,
 *		and does nothing about it); looks again after 20 ms if there was nothing
 *	paper	with mostly lock spins 1 core; else as many as had fewest IPI yields; looks again after 1 s if there was
 *		nothing
 *
 * `adaptive` has no epochs: every 10 ms it adds a core if those it has were busy and somebody found no room, and takes
 * one back if the others could have done the work, the last one if it was hardly used; it backs off, up to 1 s, from
 * guests that ask for a core and don't use it. Beyond the first it lends a quarter of the pCPUs at most: what is
 * set aside is lost to everybody's ordinary work.
 */

#define MICRO_LOOK_NS (10 * MSEC)
#define MICRO_EPOCH_NS (1000 * MSEC)
#define MICRO_IDLE_LOOK_NS (20 * MSEC)
#define MICRO_PART 4 /* adaptive: of so many pCPUs one may be lent beyond the first, as 3 of 12 in the paper */
#define MICRO_QUIET 3 /* adaptive: looks in a row for which a core was not needed */
/*
 * adaptive: the last core is worth what it costs if it is busy for a fiftieth of the time: a turn of 100 us saves its
 * guest a wait of some ms. E18's six guests use a tenth of a core and more, those that it calls unaffected a 400th.
 */
#define MICRO_LAST_BUSY 50
#define MICRO_MAX_QUEUE 16

/* ---- pCPUs come and go ---- */

/* Would a vCPU have nowhere to run if its pool had not @cpu? */
CORE_FN bool only_place(cpupool_t *pool ARG, u32 cpu)
{
	u32 words = pool->host->mask_words;

	for (link_t *k = pool->domains.next; k != &pool->domains && can_loop; k = k->next) {
		domain_t *d = link_of(k, domain_t, pool_link);

		for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
			vcpu_t *v = link_of(l, vcpu_t, domain_link);

			if (v != pcpu_of(pool->host, cpu)->box && mask_test(&v->hard, cpu) &&
			    mask_weight_and(&v->hard, &pool->cpus, words) == 1)
				return true;
		}
	}
	return false;
}

/* The controller's timer runs on a pCPU of the parent. */
static void micro_timer(sched_call_t *cx, cpupool_t *hidden, s64 at_ns)
{
	host_t *h = cx->host;
	cpupool_t *parent = hidden->assist.parent;
	s32 old = hidden->assist.timer_cpu;

	if (old >= 0 && !mask_test(&parent->cpus, (u32)old)) {
		timer_set(cx, pcpu_of(h, (u32)old), TIMER_MICRO, TIME_NEVER);
		old = -1;
	}
	if (old < 0)
		old = mask_first(&parent->cpus, h->mask_words);
	hidden->assist.timer_cpu = old;
	hidden->assist.look_ns = at_ns;
	if (old >= 0)
		timer_set(cx, pcpu_of(h, (u32)old), TIMER_MICRO, at_ns);
}

/* A pCPU has joined or left a pool: its controller's timer may need another. Lock held. */
CORE_FN int micro_cpus_changed(sched_call_t *cx ARG, cpupool_t *pool ARG)
{
	cpupool_t *hidden = pool->assist.hidden;

	if (hidden && hidden->assist.micro.mode != MICRO_STATIC)
		micro_timer(cx, hidden, hidden->assist.look_ns);
	return 0;
}

/* p leaves its pool and becomes a micro-sliced core, at once. Lock held. */
NO_FRAME void micro_lend_cpu(sched_call_t *cx, cpupool_t *hidden, pcpu_t *p)
{
	cpupool_t *parent = hidden->assist.parent;

	if (p->box) {
		p->box->pause_flags |= VPF_down;
		vcpu_sleep_locked(cx, p->box);
	}
	pool_count_cpu(parent, p->id, false);
	hook_pcpu_deinit(cx, p);
	timer_set(cx, p, TIMER_TICK, TIME_NEVER);
	p->assist.micro = hidden;
	pool_count_cpu(hidden, p->id, true);
	mask_set(&hidden->assist.lent, p->id);
	hidden->assist.nr_lent++;
	evacuate(cx, parent, p);
	kick(cx, p);
	micro_cpus_changed(cx, parent);
	record4(cx, TRC_ROTA_MICRO, pair(hidden->id, p->id), pair(1, hidden->nr_cpus));
}

/* p's own vCPU is plugged again. It may still be on its way off p, if p was lent a moment ago. Lock held. */
NO_FRAME void micro_plug_box(sched_call_t *cx, pcpu_t *p)
{
	vcpu_t *box = p->box;

	if (!box)
		return;
	/* Whether it has something to do is for the host to find out. */
	box->pause_flags &= (u8) ~(VPF_down | VPF_blocked);
	vcpu_wake_locked(cx, box);
}

NO_FRAME void micro_give_back(sched_call_t *cx, cpupool_t *hidden, pcpu_t *p)
{
	cpupool_t *parent = hidden->assist.parent;

	pool_count_cpu(hidden, p->id, false);
	mask_clear(&hidden->assist.lent, p->id);
	hidden->assist.nr_lent--;
	turn_cancel_all(cx, p);
	p->assist.micro = NULL;
	pool_count_cpu(parent, p->id, true);
	hook_pcpu_init(cx, p);
	micro_plug_box(cx, p);
	kick(cx, p);
	micro_cpus_changed(cx, parent);
	record4(cx, TRC_ROTA_MICRO, pair(hidden->id, p->id), pair(0, hidden->nr_cpus));
}

/*
 * Lend one more: the lowest with an odd number (one thread of each core, where cores have two), as the published code
 * does; else the lowest but pCPU 0. False: none can be spared.
 */
CORE_FN bool micro_more(sched_call_t *cx ARG, cpupool_t *hidden ARG)
{
	cpupool_t *parent = hidden->assist.parent;

	if (parent->nr_cpus < 2)
		return false;
	for (u32 even = ZERO; even < 2 && can_loop; even++)
		for_each_cpu (c, &parent->cpus, cx->host->mask_words) {
			if (c == 0 || (c & 1) == (s32)even || only_place(parent, (u32)c))
				continue;
			micro_lend_cpu(cx, hidden, pcpu_of(cx->host, (u32)c));
			return true;
		}
	return false;
}

/* Give back until @keep are lent: the highest first. */
CORE_FN int micro_shrink(sched_call_t *cx ARG, cpupool_t *hidden ARG, u32 keep)
{
	for (u32 n = ZERO; hidden->assist.nr_lent > keep && n < SCHED_MAX_PCPUS && can_loop; n++) {
		s32 last = -1;

		for_each_cpu (c, &hidden->assist.lent, cx->host->mask_words)
			last = c;
		if (last < 0)
			break;
		micro_give_back(cx, hidden, pcpu_of(cx->host, (u32)last));
	}
	return 0;
}

/* ---- the controllers: each looks, acts, and returns how long until it looks again ---- */

/* The number of cores, of those tried, with which there were fewest IPI yields. */
static u32 micro_best(cpupool_t *hidden, u32 tried)
{
	u32 best = 1;

	for (u32 n = 2; n <= tried && n < 4 && can_loop; n++)
		if (hidden->assist.profile[n] < hidden->assist.profile[best & 3])
			best = n;
	return best;
}

NO_FRAME s64 micro_look_epoch(sched_call_t *cx, cpupool_t *hidden)
{
	cpupool_t *parent = hidden->assist.parent;
	u64 ipi = parent->assist.nr_ipi, spin = parent->assist.nr_spin, irq = parent->assist.nr_irq;
	u32 n = hidden->assist.nr_lent;
	bool paper = hidden->assist.micro.mode == MICRO_PAPER, few;

	if (!hidden->assist.phase) {
		micro_shrink(cx, hidden, 0);
		hidden->assist.phase = 1;
		return MICRO_LOOK_NS;
	}
	hidden->assist.profile[n & 3] = ipi;
	if (!n) {
		if (!ipi && !spin && !(paper && irq)) {
			hidden->assist.phase = 0;
			return paper ? MICRO_EPOCH_NS : MICRO_IDLE_LOOK_NS;
		}
		few = paper ? !(ipi > spin || ipi > irq) : spin > ipi;
		if (micro_more(cx, hidden) && !few)
			return MICRO_LOOK_NS;
		hidden->assist.phase = 0;
		return MICRO_EPOCH_NS;
	}
	if (n < hidden->assist.micro.limit && n < 3 && micro_more(cx, hidden))
		return MICRO_LOOK_NS;
	hidden->assist.phase = 0;
	if (paper)
		micro_shrink(cx, hidden, micro_best(hidden, n));
	return MICRO_EPOCH_NS;
}

NO_FRAME s64 micro_look_adaptive(sched_call_t *cx, cpupool_t *hidden)
{
	u64 no_cpu = hidden->assist.no_cpu - hidden->assist.look_no_cpu;
	s64 busy = (s64)(hidden->assist.busy_ns - hidden->assist.look_busy_ns), n = hidden->assist.nr_lent;

	hidden->assist.look_no_cpu = hidden->assist.no_cpu;
	hidden->assist.look_busy_ns = hidden->assist.busy_ns;
	if (!n) {
		if (no_cpu)
			micro_more(cx, hidden);
		hidden->assist.phase = 0;
		return MICRO_LOOK_NS;
	}
	/* More than half busy, and there was no room for somebody. */
	if (n < hidden->assist.micro.limit && (n + 1) * MICRO_PART <= hidden->assist.parent->nr_cpus + n && no_cpu &&
	    busy * 2 > n * MICRO_LOOK_NS) {
		micro_more(cx, hidden);
		hidden->assist.phase = 0;
		hidden->assist.backoff_ns = MICRO_LOOK_NS;
		return MICRO_LOOK_NS;
	}
	/* One less would be less than half busy; the last one was hardly used. */
	if (n > 1 ? busy * 2 >= (n - 1) * MICRO_LOOK_NS : busy * MICRO_LAST_BUSY >= MICRO_LOOK_NS) {
		hidden->assist.phase = 0;
		hidden->assist.backoff_ns = MICRO_LOOK_NS;
		return MICRO_LOOK_NS;
	}
	if (++hidden->assist.phase < MICRO_QUIET)
		return MICRO_LOOK_NS;
	hidden->assist.phase = 0;
	micro_shrink(cx, hidden, (u32)n - 1);
	if (n > 1)
		return MICRO_LOOK_NS;
	if (hidden->assist.backoff_ns < MICRO_EPOCH_NS)
		hidden->assist.backoff_ns *= 2;
	return hidden->assist.backoff_ns;
}

/* TIMER_MICRO of p has come. */
NO_FRAME void micro_look(sched_call_t *cx, pcpu_t *p)
{
	cpupool_t *pool = p->pool, *hidden = pool->assist.hidden;
	s64 next;

	timer_set(cx, p, TIMER_MICRO, TIME_NEVER);
	if (!hidden || hidden->assist.timer_cpu != (s32)p->id || hidden->assist.micro.mode == MICRO_STATIC)
		return;
	sched_lock(pool);
	next = hidden->assist.micro.mode == MICRO_ADAPTIVE ? micro_look_adaptive(cx, hidden) :
							     micro_look_epoch(cx, hidden);
	pool->assist.nr_ipi = 0;
	pool->assist.nr_spin = 0;
	pool->assist.nr_irq = 0;
	micro_timer(cx, hidden, cx->now + next);
	sched_unlock(pool);
}

/* ---- the hidden pool ---- */

static void micro_pool_init(cpupool_t *hidden, cpupool_t *parent)
{
	struct assist_pool ARENA *a = &hidden->assist;

	assist_pool_init(hidden);
	a->parent = parent;
	a->micro.slice_ns = 100 * USEC;
	a->micro.limit = 3;
	a->micro.queue = 1;
	a->micro.mode = MICRO_STATIC;
	a->micro.rules = MICRO_RULES_EXACT;
	a->micro.on = MICRO_ON_YIELD | MICRO_ON_IPI | MICRO_ON_IRQ;
	a->phase = 0;
	a->backoff_ns = MICRO_LOOK_NS;
	a->look_ns = TIME_NEVER;
	a->no_cpu = 0;
	a->look_no_cpu = 0;
	a->busy_ns = 0;
	a->look_busy_ns = 0;
	for (u32 i = ZERO; i < 4 && can_loop; i++)
		a->profile[i] = 0;
	parent->assist.hidden = hidden;
	assist_update(parent);
}

/* Lock of the parent held. */
static void micro_pool_end(sched_call_t *cx, cpupool_t *hidden)
{
	cpupool_t *parent = hidden->assist.parent;
	s32 c = hidden->assist.timer_cpu;

	micro_shrink(cx, hidden, 0);
	if (c >= 0)
		timer_set(cx, pcpu_of(cx->host, (u32)c), TIMER_MICRO, TIME_NEVER);
	parent->assist.hidden = NULL;
	hidden->assist.parent = NULL;
	assist_update(parent);
}

SCHED_API s32 sched_adjust_micro(sched_call_t *cx, cpupool_t *pool, const struct micro_params ARENA *params)
{
	struct micro_params ARENA *own = &pool->assist.micro;

	if (!pool->assist.parent || params->slice_ns < TURN_LEAST_NS || params->slice_ns > 10 * MSEC ||
	    !params->limit || params->limit > SCHED_MAX_PCPUS || params->queue > MICRO_MAX_QUEUE ||
	    params->mode > MICRO_ADAPTIVE || params->on > 15 || params->rules > MICRO_RULES_CODE)
		return -SCHED_EINVAL;
	cx->calls++;
	sched_lock(pool->assist.parent);
	own->slice_ns = params->slice_ns;
	own->limit = params->limit;
	own->queue = params->queue;
	own->on = params->on;
	own->rules = params->rules;
	sched_unlock(pool->assist.parent);
	return 0;
}

SCHED_API s32 sched_adjust_global_micro(sched_call_t *cx, cpupool_t *pool, const struct micro_params ARENA *params)
{
	struct micro_params ARENA *own = &pool->assist.micro;
	s32 ret = sched_adjust_micro(cx, pool, params);

	if (ret || own->mode == params->mode)
		return ret;
	sched_lock(pool->assist.parent);
	own->mode = params->mode;
	pool->assist.phase = 0;
	micro_shrink(cx, pool, 0);
	micro_timer(cx, pool, own->mode == MICRO_STATIC ? TIME_NEVER : cx->now + MICRO_LOOK_NS);
	sched_unlock(pool->assist.parent);
	return 0;
}
