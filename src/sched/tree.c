/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Insertion into, and removal from, the ordered queues of tree.h: O(log n) expected, no recursion. */

/* Where @was hung below @parent (NULL: at the root), @now hangs. */
static inline void tree_hang(tree_t *t, tree_node_t *parent, tree_node_t *was, tree_node_t *now)
{
	if (!parent)
		t->root = now;
	else if (parent->left == was)
		parent->left = now;
	else
		parent->right = now;
	if (now)
		now->parent = parent;
}

/* n changes places with its parent; the order stays. */
static inline void tree_rotate_up(tree_t *t, tree_node_t *n)
{
	tree_node_t *p = n->parent, *inner;

	if (p->left == n) {
		inner = n->right;
		p->left = inner;
		n->right = p;
	} else {
		inner = n->left;
		p->right = inner;
		n->left = p;
	}
	if (inner)
		inner->parent = p;
	tree_hang(t, p->parent, p, n);
	p->parent = n;
}

/* n goes behind all whose key, or @most if that is less, is at least @key. */
CORE_FN int tree_insert(tree_t *t ARG, tree_node_t *n ARG, s64 key, s64 most)
{
	tree_node_t *parent = NULL, *at = t->root;
	bool left = false;

	if (key > most)
		key = most;
	n->key = key;
	n->left = NULL;
	n->right = NULL;
	for (; at && can_loop;) {
		s64 k = at->key < most ? at->key : most;

		parent = at;
		left = k < key;
		at = left ? at->left : at->right;
	}
	n->parent = parent;
	if (!parent) {
		t->root = n;
		list_add_tail(&t->order, &n->order);
		return 0;
	}
	if (left) {
		parent->left = n;
		list_add_before(&parent->order, &n->order);
	} else {
		parent->right = n;
		list_add_head(&parent->order, &n->order);
	}
	for (; n->parent && n->rank > n->parent->rank && can_loop;)
		tree_rotate_up(t, n);
	return 0;
}

CORE_FN int tree_remove(tree_t *t ARG, tree_node_t *n ARG)
{
	for (; n->left && n->right && can_loop;)
		tree_rotate_up(t, n->left->rank > n->right->rank ? n->left : n->right);
	tree_hang(t, n->parent, n, n->left ? n->left : n->right);
	n->left = NULL;
	n->right = NULL;
	n->parent = NULL;
	list_del(&n->order);
	return 0;
}
