/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 4-ary heap with positions; see event.h. Four children share a cache line, which halves the depth of a binary
 * heap.
 */
#include "sim/event.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int event_queue_init(struct event_queue *q, uint32_t slots)
{
	q->heap = calloc(slots, sizeof(*q->heap));
	q->pos = malloc(slots * sizeof(*q->pos));
	q->n = 0;
	q->slots = slots;
	if (!q->heap || !q->pos) {
		event_queue_free(q);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < slots; i++)
		q->pos[i] = EVENT_NONE;
	return 0;
}

void event_queue_free(struct event_queue *q)
{
	free(q->heap);
	free(q->pos);
	q->heap = NULL;
	q->pos = NULL;
	q->n = 0;
}

static inline bool before(struct event a, struct event b)
{
	return a.at_ns < b.at_ns || (a.at_ns == b.at_ns && a.slot < b.slot);
}

static inline void put(struct event_queue *q, uint32_t i, struct event e)
{
	q->heap[i] = e;
	q->pos[e.slot] = i;
}

static void sift_up(struct event_queue *q, uint32_t i, struct event e)
{
	while (i) {
		uint32_t parent = (i - 1) / 4;

		if (!before(e, q->heap[parent]))
			break;
		put(q, i, q->heap[parent]);
		i = parent;
	}
	put(q, i, e);
}

static void sift_down(struct event_queue *q, uint32_t i, struct event e)
{
	for (;;) {
		uint32_t first = 4 * i + 1, last = first + 4 < q->n ? first + 4 : q->n, least = first;

		if (first >= q->n)
			break;
		for (uint32_t c = first + 1; c < last; c++)
			if (before(q->heap[c], q->heap[least]))
				least = c;
		if (!before(q->heap[least], e))
			break;
		put(q, i, q->heap[least]);
		i = least;
	}
	put(q, i, e);
}

void event_set(struct event_queue *q, uint32_t slot, int64_t at_ns)
{
	struct event e = {.at_ns = at_ns, .slot = slot};
	uint32_t i = q->pos[slot];

	if (i == EVENT_NONE)
		sift_up(q, q->n++, e);
	else if (at_ns < q->heap[i].at_ns)
		sift_up(q, i, e);
	else
		sift_down(q, i, e);
}

static void remove_at(struct event_queue *q, uint32_t i)
{
	struct event last = q->heap[--q->n];

	if (i == q->n)
		return;
	if (i && before(last, q->heap[(i - 1) / 4]))
		sift_up(q, i, last);
	else
		sift_down(q, i, last);
}

void event_clear(struct event_queue *q, uint32_t slot)
{
	uint32_t i = q->pos[slot];

	if (i == EVENT_NONE)
		return;
	q->pos[slot] = EVENT_NONE;
	remove_at(q, i);
}

uint32_t event_pop(struct event_queue *q)
{
	uint32_t slot = q->heap[0].slot;

	q->pos[slot] = EVENT_NONE;
	remove_at(q, 0);
	return slot;
}
