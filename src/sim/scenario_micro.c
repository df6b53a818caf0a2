/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `parent:`, `hidden:` and `microslice:` of a pool: micro-sliced cores. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sched/sched.h"
#include "sim/scenario_read.h"

static int read_word(struct scn_reader *r, const struct scn_node *n, const char *const *words, int *out)
{
	const char *closest;
	char known[120] = "";
	int err = scn_need_scalar(r, n, words[0]);

	if (err)
		return err;
	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], n->text)) {
			*out = i;
			return 0;
		}
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", i ? ", " : "", words[i]);
	}
	closest = scn_closest(n->text, words, sizeof(words[0]));
	if (closest)
		return scn_fail(r, n, "unknown word %s; did you mean '%s'?", scn_quote(r, n->text), closest);
	return scn_fail(r, n, "unknown word %s; write one of: %s", scn_quote(r, n->text), known);
}

static int read_on(struct scn_reader *r, const struct scn_node *n, int *on)
{
	static const char *const words[] = { "yield", "preempt", "ipi", "irq", NULL };
	const struct scn_node *item = n->kind == SCN_LIST ? n->first : n;
	int err, which = 0;

	*on = 0;
	for (; item; item = n->kind == SCN_LIST ? item->next : NULL) {
		err = read_word(r, item, words, &which);
		if (err)
			return err;
		*on |= 1 << which;
	}
	return 0;
}

static int read_micro(struct scn_reader *r, const struct scn_node *n, struct scn_micro *m)
{
	static const char *const keys[] = { "mode", "slice", "limit", "queue", "on", "rules", NULL };
	static const char *const rules[] = { "published", "exact", "code", NULL };
	static const char *const modes[] = { "static", "code", "paper", "adaptive", "dynamic", NULL };
	static const int64_t slices[] = { 10000, 10000000 }, limits[] = { 1, SCHED_MAX_PCPUS }, queues[] = { 0, 16 };
	const struct scn_node *c;
	size_t path, inner;
	int err;

	m->slice_ns = 100000;
	m->limit = 3;
	m->queue = 1;
	m->mode = MICRO_STATIC;
	m->on = MICRO_ON_YIELD | MICRO_ON_IPI | MICRO_ON_IRQ;
	m->rules = MICRO_RULES_EXACT;
	if (!n)
		return 0;
	path = scn_enter(r, "microslice");
	err = scn_check_map(r, n, keys, "{mode: dynamic, limit: 3}");
	if (!err)
		err = scn_read_time(r, n, "slice", slices, &m->slice_ns);
	if (!err)
		err = scn_read_int(r, n, "limit", limits, &m->limit);
	if (!err)
		err = scn_read_int(r, n, "queue", queues, &m->queue);
	c = scn_get(n, "mode");
	if (!err && c) {
		inner = scn_enter(r, "mode");
		err = read_word(r, c, modes, &m->mode);
		if (m->mode > MICRO_ADAPTIVE)
			m->mode = MICRO_ADAPTIVE;
		if (!err)
			scn_leave(r, inner);
	}
	c = scn_get(n, "rules");
	if (!err && c) {
		inner = scn_enter(r, "rules");
		err = read_word(r, c, rules, &m->rules);
		if (!err)
			scn_leave(r, inner);
	}
	c = scn_get(n, "on");
	if (!err && c) {
		inner = scn_enter(r, "on");
		err = read_on(r, c, &m->on);
		if (!err)
			scn_leave(r, inner);
	}
	if (!err)
		scn_leave(r, path);
	return err;
}

int scn_read_hidden(struct scn_reader *r, const struct scn_node *n, struct scn_pool *pool)
{
	static const char *const others[] = { "sched", "params", NULL };
	const struct scn_node *parent = scn_get(n, "parent"), *hidden = scn_get(n, "hidden"), *c;
	int64_t yes = 0;
	size_t path;
	int err = 0;

	if (hidden) {
		path = scn_enter(r, "hidden");
		err = scn_bool_value(r, hidden, &yes);
		if (err)
			return err;
		scn_leave(r, path);
	}
	if (!yes) {
		c = parent ? parent : scn_get(n, "microslice");
		if (c)
			return scn_fail_key(r, c, "pool %s is not hidden; add hidden: true", scn_quote(r, pool->name));
		return 0;
	}
	err = scn_need(r, n, "parent", "Pool-0");
	if (err)
		return err;
	path = scn_enter(r, "parent");
	err = scn_find_pool(r, parent, &pool->parent);
	if (err)
		return err;
	if (&r->s->pools[pool->parent] >= pool || r->s->pools[pool->parent].hidden)
		return scn_fail(r, parent, "%s is no pool that comes before this one and is not hidden itself",
				scn_quote(r, parent->text));
	scn_leave(r, path);
	for (int i = 0; others[i]; i++) {
		c = scn_get(n, others[i]);
		if (c)
			return scn_fail_key(r, c,
					    "a hidden pool has no %s: it shares its parent's scheduler; remove it",
					    others[i]);
	}
	pool->hidden = true;
	return read_micro(r, scn_get(n, "microslice"), &pool->micro);
}
