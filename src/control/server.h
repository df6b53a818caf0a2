/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rotad's socket: many clients, none of which can make it wait. A client that sends slowly, reads slowly or not at all
 * costs its own buffers only, and is left after a while; when there are too many, who was silent longest goes.
 */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include "control/rotad.h"

struct server;

/*
 * Listen at @path for a group that may change things (NULL: only root and who runs rotad). Its events are added to
 * @epoll with data.u64 = SERVER_EVENT | number. NULL with the sentence.
 */
#define SERVER_EVENT (1ULL << 32)
struct server *server_open(const char *path, const char *group, int epoll, struct rotad *d, char *error);
void server_event(struct server *s, unsigned long long data, unsigned int events);
/* Once in a while: leaves clients that do nothing. @now: CLOCK_MONOTONIC, ns. */
void server_expire(struct server *s, s64 now);
void server_close(struct server *s);

/* One request as it came, of any bytes; for the server and for fuzzers. */
json_t *server_request(struct rotad *d, const char *line, size_t len, enum access access);

s64 monotonic_ns(void);

#endif
