/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live host's control socket: both of its ends. */
#ifndef KVM_CONTROL_H
#define KVM_CONTROL_H

#include "kvm/answer.h"

#define LIVE_RUN_DIR "/run/rota" /* below live_root() */
#define LIVE_SOCKET LIVE_RUN_DIR "/host.sock"

/* ---- the host's end; everything is non-blocking and driven by the owner's epoll ---- */

#define CONTROL_MAX_CLIENTS 64
#define CONTROL_MAX_REQUEST 4096 /* bytes of a line */

struct control_client {
	int fd; /* -1: free */
	u32 serial; /* who it is: slots are used again */
	bool waits; /* for a command's outcome */
	bool closing; /* when all is written */
	size_t got, size, sent;
	s64 active_ns;
	char in[CONTROL_MAX_REQUEST];
	char *out;
};

struct control {
	int epoll, listener;
	u32 serial;
	struct live_host *lh;
	struct live_about *about;
	struct control_client clients[CONTROL_MAX_CLIENTS];
};

/*
 * Make the socket and add it to the epoll set. data.u64 of its events is CONTROL_EVENT | slot. 0, or -errno and the
 * sentence.
 */
#define CONTROL_EVENT (1ULL << 32)
int control_open(struct control *c, int epoll, struct live_host *lh, struct live_about *about, char *error);
void control_event(struct control *c, u64 data, u32 events);
/* Once in a while: leaves clients that do nothing. */
void control_expire(struct control *c, s64 now);
void control_close(struct control *c);

/* ---- the command's end ---- */

/*
 * Ask the live host; takes over @request (an object; the version is added). Returns the answer, or NULL with the
 * sentence in error, which may be the host's own; *code is then -ECONNREFUSED where no live host runs, else another
 * negated errno.
 */
json_t *control_ask(json_t *request, int *code, char *error);

#endif
