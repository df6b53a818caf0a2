/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rotad holds: a host by way of its back end, the names of pools, the settings. The verbs (verb_*.c) answer
 * requests on it; server.c brings them.
 *
 * A request is one JSON object on one line, at most PROTOCOL_MAX_REQUEST bytes:
 *
 *	{"version": 1, "verb": "...", ...}
 *
 * and its answer one line too: {"version": 1, ...}, with "warnings": [sentence, ...] where something is worth saying,
 * or {"version": 1, "error": sentence, "code": errno}. A request is done whole or not at all: what was done of one that
 * fails is undone before the answer. docs/protocol.md lists the verbs.
 */
#ifndef CONTROL_ROTAD_H
#define CONTROL_ROTAD_H

#include "control/backend.h"

#define PROTOCOL_VERSION 1
#define PROTOCOL_MAX_REQUEST 65536
#define PROTOCOL_MAX_DEPTH 8
#define PROTOCOL_MAX_CLIENTS 256

struct settings;

struct rotad {
	const struct backend *ops;
	void *arg;
	host_t *host;
	char pool_name[SCHED_MAX_POOLS][CONTROL_NAME_LEN];
	struct settings *settings; /* NULL: none */
	s64 since_unix;
	bool others_read; /* who may change nothing may look */
};

/* What the sender of a request may do. */
enum access { ACCESS_NONE, ACCESS_READ, ACCESS_CHANGE };

/* Answer a request, which may be anything that could be parsed. Never NULL but for want of memory. */
json_t *rotad_answer(struct rotad *d, json_t *request, enum access access);
json_t *rotad_error(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Pools and domains as people name them: by name or number. -1: there is none. */
int rotad_find_pool(const struct rotad *d, const char *name);
int rotad_find_domain(const struct rotad *d, const char *name);
/* Names of pools that were there from the start. */
void rotad_name_pools(struct rotad *d, const char *(*name)(void *arg, u32 id), void *arg);

#endif
