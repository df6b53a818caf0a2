/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit's run queues: a queue for each class on each pCPU, and the sets of pCPUs where somebody waits. Facts: 2.6. */

static void credit_queue_masks(cpupool_t *pool, pcpu_t *p)
{
	u32 classes = p->credit.classes;

	if (classes)
		mask_set(&pool->credit.waiting, p->id);
	else
		mask_clear(&pool->credit.waiting, p->id);
	if (classes & (1 << CREDIT_BOOST | 1 << CREDIT_UNDER))
		mask_set(&pool->credit.waiting_under, p->id);
	else
		mask_clear(&pool->credit.waiting_under, p->id);
}

/* v, just put into the queue of @class on p, is queued from now on. */
NO_FRAME void credit_queued(cpupool_t *pool, pcpu_t *p, vcpu_t *v, u32 class)
{
	v->credit.queued = (u8)(class + 1);
	p->credit.nr_queued++;
	if (p->credit.classes & 1 << class)
		return;
	p->credit.classes |= (u8)(1 << class);
	mask_set(&pool->credit.waiting, p->id);
	if (class <= CREDIT_UNDER)
		mask_set(&pool->credit.waiting_under, p->id);
}

/* Which queue of its pCPU a vCPU of @class belongs in. */
static inline u32 credit_queue_of(cpupool_t *pool, u32 class)
{
	return mended(pool, CREDIT_MEND_ORDER) ? class % CREDIT_CLASSES : 0;
}

/*
 * Without CREDIT_MEND_ORDER, as in Xen: all classes in one list, behind the last that is not worse, going by what the
 * classes are now, however stale the order of the others.
 */
static link_t *credit_xen_place(pcpu_t *p, vcpu_t *v)
{
	link_t *head = &p->credit.queue[0], *l;

	for (l = head->next; l != head && can_loop; l = l->next)
		if (link_of(l, vcpu_t, credit.queue)->credit.pri > v->credit.pri)
			break;
	if (v->credit.flags & CREDIT_YIELD && l != head)
		l = l->next;
	return l;
}

/*
 * Behind its equals; but who had the pCPU and is owed a slice even so goes on. Turns of equal length would never give
 * a vCPU of much weight what it earns (it would give at most one part in as many as are UNDER). It is owed
 * CREDIT_SAVED_SLICES at most. Who yielded goes behind one vCPU of the next lower class as well, if there is one:
 * exactly one, as in Xen, so that a yield is a wish and not a sentence.
 */
NO_FRAME void credit_queue_add(cpupool_t *pool, vcpu_t *v)
{
	pcpu_t *p = v->processor;
	u32 class = credit_queue_of(pool, v->credit.pri), lower;

	sched_check(!v->credit.queued && !v->is_idle);
	lower = p->credit.classes & ~((2U << class) - 1);
	if (unlikely(!mended(pool, CREDIT_MEND_ORDER))) {
		list_add_before(credit_xen_place(p, v), &v->credit.queue);
	} else if (unlikely(v->credit.flags & CREDIT_YIELD) && lower) {
		class = (u32)__builtin_ctz(lower) % CREDIT_CLASSES;
		list_add_head(AT(p->credit.queue, class)->next, &v->credit.queue);
		p->credit.stale = 1;
	} else if (p->curr == v && class == CREDIT_UNDER && !(v->credit.flags & CREDIT_YIELD) &&
		   mended(pool, CREDIT_MEND_SHARE) && v->credit.credit_ns >= pool->credit.params.tslice_ns) {
		list_add_head(AT(p->credit.queue, class), &v->credit.queue);
	} else {
		list_add_tail(AT(p->credit.queue, class), &v->credit.queue);
	}
	credit_queued(pool, p, v, class);
}

/* The same, where it is not done at every switch. */
CORE_FN int credit_enqueue(cpupool_t *pool ARG, vcpu_t *v ARG)
{
	credit_queue_add(pool, v);
	return 0;
}

/* Before its equals: a turn (assist.c) interrupts it, and it is to go on after that. */
CORE_FN int credit_put_back(cpupool_t *pool ARG, vcpu_t *v ARG)
{
	pcpu_t *p = v->processor;
	u32 class = credit_queue_of(pool, v->credit.pri);
	link_t *head = &p->credit.queue[class], *l = head->next;

	sched_check(!v->credit.queued && !v->is_idle);
	if (!mended(pool, CREDIT_MEND_ORDER))
		for (; l != head && link_of(l, vcpu_t, credit.queue)->credit.pri < v->credit.pri && can_loop;)
			l = l->next;
	list_add_before(l, &v->credit.queue);
	credit_queued(pool, p, v, class);
	return 0;
}

NO_FRAME void credit_queue_del(cpupool_t *pool, vcpu_t *v)
{
	pcpu_t *p = v->processor;
	u32 class = (v->credit.queued - 1U) % CREDIT_CLASSES;

	list_del(&v->credit.queue);
	v->credit.queued = 0;
	v->credit.flags &= (u8)~CREDIT_YIELD;
	p->credit.nr_queued--;
	if (list_empty(AT(p->credit.queue, class))) {
		p->credit.classes &= (u8)~(1 << class);
		credit_queue_masks(pool, p);
	}
}

/* The same, where it is not done at every switch. */
CORE_FN int credit_dequeue(cpupool_t *pool ARG, vcpu_t *v ARG)
{
	credit_queue_del(pool, v);
	return 0;
}

static vcpu_t *credit_first(pcpu_t *p)
{
	if (!p->credit.classes)
		return NULL;
	return link_of(p->credit.queue[(u32)__builtin_ctz(p->credit.classes) % CREDIT_CLASSES].next, vcpu_t,
		       credit.queue);
}

/* Put v, queued on p, where its class belongs: at the front or the back of that class. */
static void credit_requeue(pcpu_t *p, vcpu_t *v, bool front)
{
	u32 class = v->credit.pri % CREDIT_CLASSES;

	list_del(&v->credit.queue);
	if (front)
		list_add_head(AT(p->credit.queue, class), &v->credit.queue);
	else
		list_add_tail(AT(p->credit.queue, class), &v->credit.queue);
	v->credit.queued = (u8)(class + 1);
}

/* Xen's sort of its one list: UNDER and better go before the rest, in the order they have. */
static void credit_sort_xen(pcpu_t *p)
{
	link_t *head = &p->credit.queue[0], *last = head, *next;

	for (link_t *l = head->next; l != head && can_loop; l = next) {
		next = l->next;
		if (link_of(l, vcpu_t, credit.queue)->credit.pri > CREDIT_UNDER)
			continue;
		if (last->next != l) {
			list_del(l);
			list_add_head(last, l);
		}
		last = l;
	}
}

/* After accounting: each queued vCPU into the queue of its class, a stable partition as Xen's sort is. */
CORE_FN int credit_sort(cpupool_t *pool ARG, pcpu_t *p ARG)
{
	link_t *head, *l, *next;

	if (!p->credit.stale)
		return 0;
	p->credit.stale = 0;
	if (!mended(pool, CREDIT_MEND_ORDER)) {
		credit_sort_xen(p);
		return 0;
	}
	head = &p->credit.queue[CREDIT_OVER];
	for (l = head->next; l != head && can_loop; l = next) {
		vcpu_t *v = link_of(l, vcpu_t, credit.queue);

		next = l->next;
		if (v->credit.pri != CREDIT_OVER)
			credit_requeue(p, v, false);
	}
	for (u32 c = CREDIT_UNDER + 1; c-- > 0 && can_loop;) {
		head = AT(p->credit.queue, c);
		for (l = head->prev; l != head && can_loop; l = next) {
			vcpu_t *v = link_of(l, vcpu_t, credit.queue);

			next = l->prev;
			if (v->credit.pri != c)
				credit_requeue(p, v, v->credit.pri > c);
		}
	}
	p->credit.classes = 0;
	for (u32 c = ZERO; c < CREDIT_CLASSES && can_loop; c++)
		if (!list_empty(AT(p->credit.queue, c)))
			p->credit.classes |= (u8)(1 << c);
	credit_queue_masks(pool, p);
	return 0;
}

