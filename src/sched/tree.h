/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ordered queues: what is queued stands in descending order of its key, first come first served among equals.
 *
 * A list would make each insertion a walk. This is a treap: a binary search tree by key that is a heap by a fixed
 * pseudo-random number of each node, so that its expected depth is 2 ln n whatever the order of insertions (a red-black
 * tree would be deeper in code, not in nodes). The members are linked in order as well: the first one, and the one
 * after another, cost nothing.
 *
 * A key may be bounded from above by a bound that only falls (tree_insert()'s @most): that makes ties, and never
 * another order.
 */
#ifndef SCHED_TREE_H
#define SCHED_TREE_H

#include "sched/list.h"

struct tree_node;
typedef struct tree_node ARENA tree_node_t;
struct tree_node {
	tree_node_t *left, *right, *parent;
	struct link order; /* in tree.order */
	s64 key;
	u32 rank; /* of the heap: greater is nearer to the root */
};

struct tree;
typedef struct tree ARENA tree_t;
struct tree {
	tree_node_t *root;
	struct link order; /* tree_node.order, greatest key first */
};

static inline void tree_init(tree_t *t)
{
	t->root = NULL;
	list_init(&t->order);
}

/* @number tells it from the other nodes of its tree. */
static inline void tree_node_init(tree_node_t *n, u32 number)
{
	u32 h = number + 1;

	h = (h ^ h >> 16) * 0x85ebca6bU;
	h = (h ^ h >> 13) * 0xc2b2ae35U;
	n->rank = h ^ h >> 16;
	n->left = NULL;
	n->right = NULL;
	n->parent = NULL;
	n->key = 0;
	list_init(&n->order);
}

static inline bool tree_empty(tree_t *t)
{
	return list_empty(&t->order);
}

#define tree_node_of(l) link_of(l, tree_node_t, order)

#endif
