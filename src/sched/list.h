/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intrusive doubly linked lists with a sentinel, in the core dialect. A link that is in no list points to itself. */
#ifndef SCHED_LIST_H
#define SCHED_LIST_H

#include "sched/dialect.h"

struct link;
typedef struct link ARENA link_t;
struct link {
	link_t *next, *prev;
};

#define link_of(l, type, member) ((type *)((char ARENA *)(l) - __builtin_offsetof(type, member)))

static inline void list_init(link_t *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(link_t *l)
{
	return l->next == l;
}

static inline void list_add_before(link_t *at, link_t *l)
{
	link_t *prev = at->prev;

	l->next = at;
	l->prev = prev;
	prev->next = l;
	at->prev = l;
}

static inline void list_add_tail(link_t *head, link_t *l)
{
	list_add_before(head, l);
}

static inline void list_add_head(link_t *head, link_t *l)
{
	list_add_before(head->next, l);
}

static inline void list_del(link_t *l)
{
	link_t *next = l->next, *prev = l->prev;

	prev->next = next;
	next->prev = prev;
	list_init(l);
}

#endif
