/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An intrusive search tree in the core dialect: the queues of the real-time schedulers.
 *
 * A treap: ordered by (level, key, order of arrival), and a heap by a rank that is a hash of the arrival, so that it is
 * balanced in the mean whatever comes in whatever order: insertion and removal take O(log n), the first is at hand, and
 * a walk in order is possible, which an affinity needs and a heap doesn't give. Equals are FIFO. No recursion, no
 * memory of its own.
 */
#ifndef SCHED_RT_TREE_H
#define SCHED_RT_TREE_H

#include "sched/dialect.h"

struct rt_node;
struct rt_tree;
typedef struct rt_node ARENA rt_node_t;
typedef struct rt_tree ARENA rt_tree_t;

struct rt_node {
	rt_node_t *up, *left, *right;
	s64 key;
	u64 seq; /* order of arrival in its tree */
	u32 level; /* goes before the key */
	u32 rank;
};

struct rt_tree {
	rt_node_t *root, *first;
	u64 seq;
	u32 nr;
};

#define rt_node_of(n, type, member) ((type *)((char ARENA *)(n) - __builtin_offsetof(type, member)))

static inline void rt_tree_init(rt_tree_t *t)
{
	t->root = NULL;
	t->first = NULL;
	t->seq = 0;
	t->nr = 0;
}

/* Does (level, key) go before n's? Strictly: equals don't. */
static inline bool rt_before(u32 level, s64 key, rt_node_t *n)
{
	return level != n->level ? level < n->level : key < n->key;
}

/* n takes the place of its parent, which becomes its child. */
static inline void rt_rotate_up(rt_tree_t *t, rt_node_t *n)
{
	rt_node_t *p = n->up, *g = p->up, *c;

	if (p->left == n) {
		c = n->right;
		p->left = c;
		n->right = p;
	} else {
		c = n->left;
		p->right = c;
		n->left = p;
	}
	if (c)
		c->up = p;
	p->up = n;
	n->up = g;
	if (!g)
		t->root = n;
	else if (g->left == p)
		g->left = n;
	else
		g->right = n;
}

/* The node that follows n, NULL: none. */
static inline rt_node_t *rt_next(rt_node_t *n)
{
	rt_node_t *m = n->right;

	if (m) {
		while (m->left && can_loop)
			m = m->left;
		return m;
	}
	while (n->up && n->up->right == n && can_loop)
		n = n->up;
	return n->up;
}

/* Insert n, whose level and key are set, behind its equals. */
CORE_INLINE int rt_insert(rt_tree_t *t ARG, rt_node_t *n ARG)
{
	rt_node_t *at = t->root, *up = NULL;
	bool left = false;
	u64 h;

	n->seq = t->seq++;
	h = (n->seq + 1) * 0x9e3779b97f4a7c15ULL;
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9ULL;
	n->rank = (u32)(h >> 32);
	n->left = NULL;
	n->right = NULL;
	t->nr++;
	if (!at) {
		n->up = NULL;
		t->root = n;
		t->first = n;
		return 0;
	}
	while (at && can_loop) {
		up = at;
		left = rt_before(n->level, n->key, at);
		at = left ? at->left : at->right;
	}
	n->up = up;
	if (left)
		up->left = n;
	else
		up->right = n;
	while (n->up && n->up->rank < n->rank && can_loop)
		rt_rotate_up(t, n);
	if (rt_before(n->level, n->key, t->first))
		t->first = n;
	return 0;
}

CORE_INLINE int rt_remove(rt_tree_t *t ARG, rt_node_t *n ARG)
{
	t->nr--;
	if (!t->nr) {
		t->root = NULL;
		t->first = NULL;
		return 0;
	}
	if (t->first == n)
		t->first = rt_next(n);
	while ((n->left || n->right) && can_loop) {
		if (!n->left || (n->right && n->right->rank > n->left->rank))
			rt_rotate_up(t, n->right);
		else
			rt_rotate_up(t, n->left);
	}
	if (n->up->left == n)
		n->up->left = NULL;
	else
		n->up->right = NULL;
	n->up = NULL;
	return 0;
}

#endif
