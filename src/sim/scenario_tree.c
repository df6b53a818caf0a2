// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * YAML text to a tree that remembers lines.
 *
 * libyaml does the parsing; we use its event interface and not its document interface, because a
 * document is built whole before anyone may look at it: a kilobyte of nested brackets or of aliases
 * to aliases would be allowed to become gigabytes first. Here depth, nodes and anchors are counted
 * while they arrive.
 *
 * Anchors and aliases are allowed, they save typing in a scenario with many alike VMs. An alias
 * becomes a copy of what it names, so the rest of the reader sees a plain tree and --set may edit
 * one place without editing its twins.
 *
 * All memory of a tree comes from a chain of chunks and goes at once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "sim/scenario_read.h"

#define CHUNK_BYTES (64 << 10)

struct scn_chunk {
	struct scn_chunk *next;
	size_t used, size;
	max_align_t data[];
};

struct anchor {
	const char *name;
	struct scn_node *node;
};

struct builder {
	struct scn_reader *r;
	yaml_parser_t parser;
	const char *text;
	size_t len;
	int set;
	struct anchor anchors[SCN_MAX_ANCHORS];
	int nr_anchors;
	int alias_line; /* of the alias being copied: limits are broken there */
};

void *scn_alloc(struct scn_reader *r, size_t size)
{
	struct scn_chunk *c = r->chunks;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (!c || c->size - c->used < size) {
		size_t want = size > CHUNK_BYTES ? size : CHUNK_BYTES;

		c = calloc(1, sizeof(*c) + want);
		if (!c)
			return NULL;
		c->size = want;
		c->next = r->chunks;
		r->chunks = c;
	}
	c->used += size;
	return (char *)c->data + c->used - size;
}

void scn_tree_free(struct scn_reader *r)
{
	while (r->chunks) {
		struct scn_chunk *next = r->chunks->next;

		free(r->chunks);
		r->chunks = next;
	}
}

struct scn_node *scn_node_new(struct scn_reader *r, enum scn_node_kind kind, int line, int set)
{
	struct scn_node at = { .line = line, .set = set };
	struct scn_node *n;

	if (++r->nr_nodes > SCN_MAX_NODES) {
		scn_fail(
			r, &at,
			"the document has more than %d values, aliases counted at full size; use count: "
			"for many alike domains",
			SCN_MAX_NODES);
		return NULL;
	}
	n = scn_alloc(r, sizeof(*n));
	if (!n) {
		scn_fail_memory(r);
		return NULL;
	}
	n->kind = kind;
	n->line = line;
	n->set = set;
	n->file = r->file;
	return n;
}

void scn_node_append(struct scn_node *parent, struct scn_node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->nr++;
}

static int line_of(const struct builder *b, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset && i < b->len; i++)
		line += b->text[i] == '\n';
	return line;
}

/*
 * At the end of the text libyaml stands on the line after the last one, which an editor can't
 * show; the last one is what we name then.
 */
static int complain(struct builder *b, int line, const char *what)
{
	int last = b->len ? line_of(b, b->len - 1) : 1;
	struct scn_node at = { .line = line < last ? line : last, .set = b->set };

	return scn_fail(b->r, &at, "%s", what);
}

/*
 * libyaml gives a mark for what the scanner and parser find, and a byte offset for what the
 * decoder finds.
 */
static int yaml_failed(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	struct scn_node at = { .set = b->set };
	int last;

	if (p->error == YAML_MEMORY_ERROR)
		return scn_fail_memory(b->r);
	if (p->error == YAML_READER_ERROR) {
		at.line = line_of(b, p->problem_offset);
		return scn_fail(b->r, &at, "is not text in UTF-8 (%s); save the file as UTF-8",
				p->problem ? p->problem : "bad byte");
	}
	at.line = (int)p->problem_mark.line + 1;
	last = b->len ? line_of(b, b->len - 1) : 1;
	if (at.line > last)
		at.line = last;
	return scn_fail(
		b->r, &at,
		"is not valid YAML (%s%s%s); check indentation, quotes and brackets near here",
		p->context ? p->context : "", p->context ? ": " : "",
		p->problem ? p->problem : "error");
}

static int next_event(struct builder *b, yaml_event_t *ev)
{
	if (!yaml_parser_parse(&b->parser, ev))
		return yaml_failed(b);
	return 0;
}

static char *keep_text(struct scn_reader *r, const char *text, size_t len)
{
	char *copy = scn_alloc(r, len + 1);

	if (!copy) {
		scn_fail_memory(r);
		return NULL;
	}
	memcpy(copy, text, len);
	return copy;
}

static int remember_anchor(struct builder *b, const yaml_char_t *name, struct scn_node *n)
{
	if (!name)
		return 0;
	if (b->nr_anchors == SCN_MAX_ANCHORS)
		return complain(b, n->line, "is one anchor too many; a scenario may have 1024");
	b->anchors[b->nr_anchors].name =
		keep_text(b->r, (const char *)name, strlen((const char *)name));
	if (!b->anchors[b->nr_anchors].name)
		return -ENOMEM;
	b->anchors[b->nr_anchors++].node = n;
	return 0;
}

/* Depth of both sides is bounded by SCN_MAX_DEPTH, and so is this recursion. */
static struct scn_node *copy_node(struct builder *b, const struct scn_node *from, int depth)
{
	struct scn_node *n;

	if (depth > SCN_MAX_DEPTH) {
		complain(b, b->alias_line, "is nested deeper than 32 levels; a scenario needs 6");
		return NULL;
	}
	n = scn_node_new(b->r, from->kind, b->alias_line, from->set);
	if (!n)
		return NULL;
	n->line = from->line;
	n->plain = from->plain;
	n->text = from->text;
	for (const struct scn_node *c = from->first; c; c = c->next) {
		struct scn_node *child = copy_node(b, c, depth + 1);

		if (!child)
			return NULL;
		child->key = c->key;
		child->key_line = c->key_line;
		scn_node_append(n, child);
	}
	return n;
}

static struct scn_node *resolve_alias(struct builder *b, const char *name, int line, int depth)
{
	struct scn_node at = { .line = line, .set = b->set };
	struct scn_node *n;

	for (int i = b->nr_anchors - 1; i >= 0; i--) {
		if (strcmp(b->anchors[i].name, name))
			continue;
		if (b->anchors[i].node->open) {
			scn_fail(
				b->r, &at,
				"alias %s stands inside what it names, a cycle; write the value out",
				scn_quote(b->r, name));
			return NULL;
		}
		b->alias_line = line;
		n = copy_node(b, b->anchors[i].node, depth);
		if (n)
			n->line =
				line; /* the person looks for the mistake where the alias is used */
		return n;
	}
	scn_fail(b->r, &at, "alias %s has no anchor before it; define &%.40s first",
		 scn_quote(b->r, name), name);
	return NULL;
}

static int build(struct builder *b, yaml_event_t *ev, int depth, struct scn_node **out);

static int build_list(struct builder *b, struct scn_node *n, int depth)
{
	yaml_event_t ev;
	int err;

	for (;;) {
		struct scn_node *child = NULL;
		size_t path;

		err = next_event(b, &ev);
		if (err)
			return err;
		if (ev.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&ev);
			return 0;
		}
		path = scn_enter_item(b->r, NULL, n->nr);
		err = build(b, &ev, depth + 1, &child);
		yaml_event_delete(&ev);
		if (err)
			return err;
		scn_leave(b->r, path);
		scn_node_append(n, child);
	}
}

static int read_key(struct builder *b, const yaml_event_t *ev, char **key)
{
	int line = (int)ev->start_mark.line + 1;

	if (ev->type != YAML_SCALAR_EVENT)
		return complain(b, line,
				"has a key that is a list, a mapping or an alias; a key is a word");
	if (ev->data.scalar.tag || ev->data.scalar.anchor)
		return complain(b, line,
				"has a key with a tag or an anchor; a key is a plain word");
	if (memchr(ev->data.scalar.value, 0, ev->data.scalar.length))
		return complain(b, line,
				"has a key with a NUL character in it; a key is a plain word");
	*key = keep_text(b->r, (const char *)ev->data.scalar.value, ev->data.scalar.length);
	return *key ? 0 : -ENOMEM;
}

static int build_map(struct builder *b, struct scn_node *n, int depth)
{
	yaml_event_t ev;
	int err;

	for (;;) {
		struct scn_node *child = NULL;
		char *key = NULL;
		int key_line;
		size_t path;

		err = next_event(b, &ev);
		if (err)
			return err;
		if (ev.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&ev);
			return 0;
		}
		key_line = (int)ev.start_mark.line + 1;
		err = read_key(b, &ev, &key);
		yaml_event_delete(&ev);
		if (err)
			return err;
		path = scn_enter(b->r, key);
		err = next_event(b, &ev);
		if (err)
			return err;
		err = build(b, &ev, depth + 1, &child);
		yaml_event_delete(&ev);
		if (err)
			return err;
		scn_leave(b->r, path);
		child->key = key;
		child->key_line = key_line;
		scn_node_append(n, child);
	}
}

static int build_scalar(struct builder *b, const yaml_event_t *ev, struct scn_node *n)
{
	if (memchr(ev->data.scalar.value, 0, ev->data.scalar.length))
		return complain(b, n->line, "has a NUL character in it; remove it");
	n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->text = keep_text(b->r, (const char *)ev->data.scalar.value, ev->data.scalar.length);
	return n->text ? 0 : -ENOMEM;
}

/* @ev starts the node and stays the caller's. */
static int build(struct builder *b, yaml_event_t *ev, int depth, struct scn_node **out)
{
	int line = (int)ev->start_mark.line + 1;
	const yaml_char_t *anchor, *tag;
	enum scn_node_kind kind;
	int err;

	if (depth > SCN_MAX_DEPTH)
		return complain(b, line, "is nested deeper than 32 levels; a scenario needs 6");
	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		*out = resolve_alias(b, (const char *)ev->data.alias.anchor, line, depth);
		return *out ? 0 : -EINVAL;
	case YAML_SCALAR_EVENT:
		kind = SCN_SCALAR;
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		kind = SCN_LIST;
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		kind = SCN_MAP;
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		break;
	default:
		return complain(b, line,
				"is not valid YAML; check indentation and brackets near here");
	}
	if (tag)
		return complain(b, line, "has a YAML tag (!...); a scenario has none, remove it");
	*out = scn_node_new(b->r, kind, line, b->set);
	if (!*out)
		return -EINVAL;
	err = remember_anchor(b, anchor, *out);
	if (err)
		return err;
	(*out)->open = true;
	if (kind == SCN_SCALAR)
		err = build_scalar(b, ev, *out);
	else if (kind == SCN_LIST)
		err = build_list(b, *out, depth);
	else
		err = build_map(b, *out, depth);
	(*out)->open = false;
	return err;
}

static int expect(struct builder *b, yaml_event_type_t want, const char *otherwise)
{
	yaml_event_t ev;
	yaml_event_type_t got;
	int line, err;

	err = next_event(b, &ev);
	if (err)
		return err;
	got = ev.type;
	line = (int)ev.start_mark.line + 1;
	yaml_event_delete(&ev);
	return got == want ? 0 : complain(b, line, otherwise);
}

static int build_document(struct builder *b, struct scn_node **out)
{
	yaml_event_t ev;
	int err;

	err = expect(b, YAML_STREAM_START_EVENT, "is not YAML; start with name:");
	if (!err)
		err = expect(b, YAML_DOCUMENT_START_EVENT,
			     "is empty; a scenario needs at least duration: and domains:");
	if (!err)
		err = next_event(b, &ev);
	if (err)
		return err;
	err = build(b, &ev, 0, out);
	yaml_event_delete(&ev);
	if (!err)
		err = expect(b, YAML_DOCUMENT_END_EVENT,
			     "goes on after its end; remove what follows");
	if (!err)
		err = expect(b, YAML_STREAM_END_EVENT,
			     "holds a second document (---); put it into its own file");
	return err;
}

/*
 * scn_tree_parse() - one YAML document to a tree.
 * @set: index of the --set whose value this is, -1 = the file
 */
int scn_tree_parse(struct scn_reader *r, const char *text, size_t len, int set,
		   struct scn_node **out)
{
	const char *nul = memchr(text, 0, len);
	struct builder *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return scn_fail_memory(r);
	b->r = r;
	b->text = text;
	b->len = len;
	b->set = set;
	if (nul) {
		err = complain(b, line_of(b, (size_t)(nul - text)),
			       "has a NUL byte in it; this is not a text file");
		goto out_free;
	}
	if (!yaml_parser_initialize(&b->parser)) {
		err = scn_fail_memory(r);
		goto out_free;
	}
	yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b->parser, (const unsigned char *)text, len);
	err = build_document(b, out);
	yaml_parser_delete(&b->parser);
out_free:
	free(b);
	return err;
}
