// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --set path=value: change the document before it is checked.
 *
 * The path walks the tree: keys of mappings, and for lists either the `name:` of an entry or its
 * index from 0. The last key, and mappings on the way, are created when missing; whether such a key
 * means anything is then found out by the same checks that the file goes through. The value is YAML
 * ("512", "10ms", "{model: hog}").
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario_read.h"

static int fail(struct scn_reader *r, int set, const char *what)
{
	struct scn_node at = { .set = set };

	return scn_fail(r, &at, "%s", what);
}

/* Does the rest of the path begin with @name and end or go on with a dot behind it? */
static bool begins_with(const char *path, const char *name)
{
	size_t len = strlen(name);

	return len && !strncmp(path, name, len) && (!path[len] || path[len] == '.');
}

static struct scn_node *list_entry(const struct scn_node *list, const char *path, size_t *len)
{
	struct scn_node *best = NULL;
	uint64_t index;
	char number[16];

	/* A name may hold dots: the longest that fits is meant. */
	for (struct scn_node *c = list->first; c; c = c->next) {
		const struct scn_node *name = c->kind == SCN_MAP ? scn_get(c, "name") : NULL;

		if (!name || name->kind != SCN_SCALAR || !begins_with(path, name->text))
			continue;
		if (!best || strlen(name->text) > *len) {
			best = c;
			*len = strlen(name->text);
		}
	}
	if (best)
		return best;
	*len = strcspn(path, ".");
	snprintf(number, sizeof(number), "%.*s", (int)(*len < 15 ? *len : 15), path);
	if (scn_parse_u64(number, &index))
		return NULL;
	for (struct scn_node *c = list->first; c; c = c->next)
		if (!index--)
			return c;
	return NULL;
}

static struct scn_node *child_of(struct scn_reader *r, struct scn_node *map, const char *key,
				 int set)
{
	struct scn_node *c;

	for (c = map->first; c; c = c->next)
		if (!strcmp(c->key, key))
			return c;
	c = scn_node_new(r, SCN_MAP, 0, set);
	if (!c)
		return NULL;
	c->key = scn_alloc(r, strlen(key) + 1);
	if (!c->key) {
		scn_fail_memory(r);
		return NULL;
	}
	strcpy(c->key, key);
	scn_node_append(map, c);
	return c;
}

/*
 * Where `pools:` is left out there is a Pool-0 all the same; give it its place so that it can be
 * addressed.
 */
static int spell_out_default_pool(struct scn_reader *r, struct scn_node *root, const char *path,
				  int set)
{
	struct scn_node *pools, *pool, *name;

	if (strncmp(path, "pools.", 6) || scn_get(root, "pools"))
		return 0;
	if (!begins_with(path + 6, "Pool-0") && !begins_with(path + 6, "0"))
		return 0;
	pools = child_of(r, root, "pools", set);
	pool = pools ? scn_node_new(r, SCN_MAP, 0, set) : NULL;
	name = pool ? child_of(r, pool, "name", set) : NULL;
	if (!name)
		return -EINVAL;
	pools->kind = SCN_LIST;
	scn_node_append(pools, pool);
	name->kind = SCN_SCALAR;
	name->text = scn_alloc(r, sizeof("Pool-0"));
	if (!name->text)
		return scn_fail_memory(r);
	strcpy(name->text, "Pool-0");
	return 0;
}

/* From the root to the node that @path names. The key path of the complaints goes along. */
static struct scn_node *walk(struct scn_reader *r, struct scn_node *n, char *path, int set)
{
	while (*path) {
		struct scn_node *child;
		size_t len = strcspn(path, ".");
		bool more;

		if (n->kind == SCN_LIST) {
			child = list_entry(n, path, &len);
			more = path[len];
			path[len] = 0;
			scn_enter(r, path);
			if (!child) {
				fail(r, set,
				     "no entry of this name or index; give a name: of the list, or an index "
				     "from 0");
				return NULL;
			}
		} else {
			more = path[len];
			path[len] = 0;
			if (n->kind == SCN_SCALAR && !scn_is_null(n)) {
				fail(r, set,
				     "is a single value, nothing lies below it; shorten the path");
				return NULL;
			}
			if (n->kind == SCN_SCALAR)
				n->kind = SCN_MAP; /* "workload:" with nothing behind it */
			scn_enter(r, path);
			if (!len) {
				fail(r, set,
				     "the path has an empty part; write it like domains.vm1.weight");
				return NULL;
			}
			child = child_of(r, n, path, set);
			if (!child)
				return NULL;
		}
		n = child;
		path += len + more;
		if (more && !*path) {
			fail(r, set, "the path ends with a dot; write it like domains.vm1.weight");
			return NULL;
		}
	}
	return n;
}

static int apply(struct scn_reader *r, struct scn_node *root, char *path, const char *value,
		 int set)
{
	struct scn_node *to, *from = NULL;
	int err;

	if (!*path)
		return fail(r, set, "the path is empty; write it like domains.vm1.weight=512");
	if (root->kind != SCN_MAP)
		return fail(r, set, "the document is not a mapping; start it with name:");
	err = spell_out_default_pool(r, root, path, set);
	if (err)
		return err;
	to = walk(r, root, path, set);
	if (!to)
		return -EINVAL;
	if (!*value)
		return fail(r, set, "has no value; write it like domains.vm1.weight=512");
	err = scn_tree_parse(r, value, strlen(value), set, &from);
	if (err)
		return err;
	to->kind = from->kind;
	to->plain = from->plain;
	to->line = from->line;
	to->set = set;
	to->text = from->text;
	to->first = from->first;
	to->last = from->last;
	to->nr = from->nr;
	scn_leave(r, 0);
	return 0;
}

int scn_set_apply(struct scn_reader *r, struct scn_node *root, int index)
{
	const char *arg = r->sets[index];
	const char *equals = strchr(arg, '=');
	char *path;
	int err;

	if (!equals)
		return fail(r, index, "has no '='; write it like domains.vm1.weight=512");
	path = strndup(arg, (size_t)(equals - arg));
	if (!path)
		return scn_fail_memory(r);
	err = apply(r, root, path, equals + 1, index);
	free(path);
	return err;
}
