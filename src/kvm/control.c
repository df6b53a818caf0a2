// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: JSON lines on a Unix stream socket that only root may open.
 *
 * The host's end serves the loop that also watches the scheduler, so it never waits: a client that sends slowly, reads
 * slowly or not at all costs its own buffers only, and is left after a while. A request whose outcome takes a moment
 * (the BPF side must carry it out) leaves the client waiting, not the loop.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "kvm/control.h"
#include "kvm/files.h"

#define LISTENER CONTROL_MAX_CLIENTS /* the slot of the listening socket */
#define IDLE_NS (30 * 1000 * MSEC)

static int address(struct sockaddr_un *a, char *error)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (live_path(a->sun_path, sizeof(a->sun_path), "%s", LIVE_SOCKET))
		return live_fail(error, -ENAMETOOLONG, "the path of the socket is too long: %s%s", live_root(),
				 LIVE_SOCKET);
	return 0;
}

static void watch(struct control *c, u32 slot, int fd, u32 events, bool first)
{
	struct epoll_event e = { .events = events, .data.u64 = CONTROL_EVENT | slot };

	epoll_ctl(c->epoll, first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &e);
}

static void drop(struct control_client *cl)
{
	if (cl->fd < 0)
		return;
	close(cl->fd);
	free(cl->out);
	cl->fd = -1;
	cl->out = NULL;
}

/* Write what can be written. */
static void flush(struct control *c, struct control_client *cl)
{
	while (cl->sent < cl->size) {
		ssize_t n = send(cl->fd, cl->out + cl->sent, cl->size - cl->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			watch(c, (u32)(cl - c->clients), cl->fd, EPOLLOUT, false);
			return;
		}
		if (n < 0) {
			drop(cl);
			return;
		}
		cl->sent += (size_t)n;
	}
	free(cl->out);
	cl->out = NULL;
	cl->size = cl->sent = 0;
	if (cl->closing)
		drop(cl);
	else
		watch(c, (u32)(cl - c->clients), cl->fd, EPOLLIN, false);
}

/* One answer at a time: the next request is read when this one is written. Takes over the answer. */
static void reply(struct control *c, struct control_client *cl, json_t *answer)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	json_decref(answer);
	cl->size = text ? strlen(text) : 0;
	cl->out = text ? realloc(text, cl->size + 1) : NULL;
	cl->sent = 0;
	cl->waits = false;
	cl->active_ns = live_now();
	if (!cl->out) {
		free(text);
		drop(cl);
		return;
	}
	cl->out[cl->size++] = '\n';
	flush(c, cl);
}

static struct control *the_control; /* of this process, for the commands' outcomes */

static void outcome(struct live_host *lh, const struct live_command *cmd, int result)
{
	json_t *answer = answer_outcome(lh, cmd, result);
	u32 slot = cmd->client % CONTROL_MAX_CLIENTS;
	struct control_client *cl = &the_control->clients[slot];

	/* The client may have gone meanwhile. */
	if (cl->fd >= 0 && cl->waits && cl->serial == cmd->client)
		reply(the_control, cl, answer);
	else
		json_decref(answer);
}

static void handle(struct control *c, struct control_client *cl, const char *line, size_t len)
{
	struct live_command cmd = { 0 };
	json_error_t where;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where), *answer;

	if (!json_is_object(request)) {
		json_decref(request);
		reply(c, cl, answer_error("a request is one JSON object on one line"));
		return;
	}
	answer = answer_request(c->lh, c->about, request, &cmd);
	json_decref(request);
	if (answer) {
		reply(c, cl, answer);
		return;
	}
	cmd.done = outcome;
	cmd.client = cl->serial;
	cl->waits = true;
	watch(c, (u32)(cl - c->clients), cl->fd, 0, false);
	if (live_host_submit(c->lh, &cmd))
		reply(c, cl, answer_error("too many requests at once; try again"));
	else
		live_host_poll(c->lh, live_now());
}

/* All whole lines in the buffer, as long as the answers go out at once. */
static void handle_lines(struct control *c, struct control_client *cl)
{
	while (cl->fd >= 0 && !cl->waits && !cl->out) {
		char line[CONTROL_MAX_REQUEST], *end = memchr(cl->in, '\n', cl->got);
		size_t len;

		if (!end) {
			if (cl->got < sizeof(cl->in))
				return;
			cl->closing = true;
			reply(c, cl, answer_error("a request may have %d bytes", CONTROL_MAX_REQUEST - 1));
			return;
		}
		len = (size_t)(end - cl->in);
		memcpy(line, cl->in, len);
		cl->got -= len + 1;
		memmove(cl->in, end + 1, cl->got);
		handle(c, cl, line, len);
	}
}

static void read_more(struct control *c, struct control_client *cl)
{
	while (cl->fd >= 0 && !cl->waits && !cl->out) {
		ssize_t n = recv(cl->fd, cl->in + cl->got, sizeof(cl->in) - cl->got, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			drop(cl);
			return;
		}
		cl->got += (size_t)n;
		handle_lines(c, cl);
	}
}

static bool is_root(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) && (who.uid == 0 || who.uid == geteuid());
}

static void accept_one(struct control *c)
{
	int fd = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	u32 slot = 0, oldest = CONTROL_MAX_CLIENTS;
	struct control_client *cl;

	if (fd < 0)
		return;
	if (!is_root(fd)) {
		close(fd);
		return;
	}
	for (; slot < CONTROL_MAX_CLIENTS && c->clients[slot].fd >= 0; slot++)
		if (!c->clients[slot].waits &&
		    (oldest == CONTROL_MAX_CLIENTS || c->clients[slot].active_ns < c->clients[oldest].active_ns))
			oldest = slot;
	if (slot == CONTROL_MAX_CLIENTS) {
		/* Who was silent longest makes room. */
		if (oldest == CONTROL_MAX_CLIENTS) {
			close(fd);
			return;
		}
		slot = oldest;
		drop(&c->clients[slot]);
	}
	cl = &c->clients[slot];
	memset(cl, 0, sizeof(*cl));
	cl->fd = fd;
	cl->serial = ++c->serial * CONTROL_MAX_CLIENTS + slot;
	cl->active_ns = live_now();
	watch(c, slot, fd, EPOLLIN, true);
}

int control_open(struct control *c, int epoll, struct live_host *lh, struct live_about *about, char *error)
{
	struct sockaddr_un a;
	mode_t mask;
	int rc;

	memset(c, 0, sizeof(*c));
	c->epoll = epoll;
	c->lh = lh;
	c->about = about;
	c->listener = -1;
	for (u32 i = 0; i < CONTROL_MAX_CLIENTS; i++)
		c->clients[i].fd = -1;
	the_control = c;
	rc = address(&a, error);
	if (rc)
		return rc;
	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* What an earlier host left; the owner holds the lock, so nobody listens there. */
	unlink(a.sun_path);
	mask = umask(0177);
	rc = c->listener < 0 || bind(c->listener, (struct sockaddr *)&a, sizeof(a)) || listen(c->listener, 32) ?
		     -errno :
		     0;
	umask(mask);
	if (rc)
		return live_fail(error, rc, "the socket %s can't be made: %s", a.sun_path, strerror(-rc));
	watch(c, LISTENER, c->listener, EPOLLIN, true);
	return 0;
}

void control_event(struct control *c, u64 data, u32 events)
{
	u32 slot = (u32)data;
	struct control_client *cl;

	if (slot == LISTENER) {
		accept_one(c);
		return;
	}
	cl = &c->clients[slot];
	if (cl->fd < 0)
		return;
	if (events & (EPOLLHUP | EPOLLERR)) {
		drop(cl);
		return;
	}
	if (events & EPOLLOUT) {
		flush(c, cl);
		if (cl->fd >= 0)
			handle_lines(c, cl);
		return;
	}
	if (events & EPOLLIN)
		read_more(c, cl);
}

void control_expire(struct control *c, s64 now)
{
	for (u32 i = 0; i < CONTROL_MAX_CLIENTS; i++)
		if (c->clients[i].fd >= 0 && !c->clients[i].waits && now - c->clients[i].active_ns > IDLE_NS)
			drop(&c->clients[i]);
}

void control_close(struct control *c)
{
	struct sockaddr_un a;
	char error[LIVE_ERROR_LEN];

	for (u32 i = 0; i < CONTROL_MAX_CLIENTS; i++)
		drop(&c->clients[i]);
	if (c->listener < 0)
		return;
	close(c->listener);
	c->listener = -1;
	if (!address(&a, error))
		unlink(a.sun_path);
}

/* ---- the command's end ---- */

static json_t *exchange(FILE *f, json_t *request, char *error)
{
	json_t *answer = NULL;
	json_error_t where;
	char *line = NULL;
	size_t size = 0;

	if (!json_dumpf(request, f, JSON_COMPACT) && fputc('\n', f) != EOF && !fflush(f)) {
		errno = 0;
		if (getline(&line, &size, f) > 0)
			answer = json_loads(line, 0, &where);
	}
	free(line);
	if (!json_is_object(answer)) {
		live_fail(error, -EIO,
			  errno == EAGAIN ? "the live host does not answer" :
					    "the live host went away; `rota host status` tells more");
		json_decref(answer);
		return NULL;
	}
	return answer;
}

json_t *control_ask(json_t *request, int *code, char *error)
{
	const struct timeval patience = { .tv_sec = 10 };
	struct sockaddr_un a;
	json_t *answer = NULL;
	const char *refused;
	FILE *f = NULL;
	int fd;

	json_object_set_new(request, "version", json_integer(LIVE_PROTOCOL));
	*code = address(&a, error);
	fd = *code ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		*code = -errno;
		close(fd);
		fd = -1;
		if (*code == -ENOENT || *code == -ECONNREFUSED)
			*code = live_fail(error, -ECONNREFUSED,
					  "the live host is not running; `rota host start` starts it");
		else if (*code == -EACCES || *code == -EPERM)
			live_fail(error, *code, "only root may talk to the live host; use sudo");
		else
			live_fail(error, *code, "the live host's socket %s: %s", a.sun_path, strerror(-*code));
	}
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		f = fdopen(fd, "r+");
	}
	if (f) {
		answer = exchange(f, request, error);
		*code = answer ? 0 : -EIO;
		fclose(f);
	}
	json_decref(request);
	refused = json_string_value(json_object_get(answer, "error"));
	if (refused) {
		*code = live_fail(error, -EINVAL, "%s", refused);
		json_decref(answer);
		return NULL;
	}
	return answer;
}
