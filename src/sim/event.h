/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event queue of the simulated host.
 *
 * Each thing that can happen has a slot of its own (a vCPU's burst ends, a vCPU wakes, a pCPU's timer fires, ...),
 * and a slot is armed for one instant at most. So the queue is a heap of slots with known positions: arming again
 * moves a slot, nothing is ever cancelled lazily, and memory is fixed at set-up.
 *
 * Events at the same instant come in the order of their slot numbers. That order is part of the model: it is what
 * makes a run the same everywhere.
 */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include <stdint.h>

struct event {
	int64_t at_ns;
	uint32_t slot;
};

struct event_queue {
	struct event *heap; /* 4-ary, heap[0] is the next event */
	uint32_t *pos; /* by slot: place in the heap, EVENT_NONE when not armed */
	uint32_t n, slots;
};

#define EVENT_NONE UINT32_MAX

/* Returns 0 or -ENOMEM. */
int event_queue_init(struct event_queue *q, uint32_t slots);
void event_queue_free(struct event_queue *q);
/* Arm @slot for @at_ns, whether it was armed before or not. */
void event_set(struct event_queue *q, uint32_t slot, int64_t at_ns);
void event_clear(struct event_queue *q, uint32_t slot);

/* The instant of the next event, INT64_MAX when there is none. */
static inline int64_t event_next(const struct event_queue *q)
{
	return q->n ? q->heap[0].at_ns : INT64_MAX;
}

/* Take the next event. Only when there is one. */
uint32_t event_pop(struct event_queue *q);

#endif
