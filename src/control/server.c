// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The socket; see server.h.
 *
 * Who may do what is the kernel's word on who connected (SO_PEERCRED, SO_PEERGROUPS): root, who runs rotad, and members
 * of the group may change things; others may look if the settings say so. The file's mode says the same, so that most
 * of those who may not can't even connect.
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control/server.h"

#define IDLE_NS (30 * 1000 * MSEC)
#define FIRST_BUFFER 1024
#define MAX_GROUPS 1024
#define MAX_ACCEPTS 32 /* at once: then whoever is there is served first */
#define LISTENER PROTOCOL_MAX_CLIENTS /* its number among the events */

struct client {
	int fd; /* -1: free */
	enum access access;
	bool closing; /* when all is written */
	char *in, *out;
	size_t room, got; /* of in */
	size_t size, sent; /* of out */
	s64 active_ns;
};

struct server {
	int epoll, listener;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat made; /* the socket that is ours to remove */
	bool has_group;
	gid_t group;
	struct rotad *d;
	struct client clients[PROTOCOL_MAX_CLIENTS];
};

s64 monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (s64)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void watch(struct server *s, unsigned int number, int fd, unsigned int events, int op)
{
	struct epoll_event e = { .events = events, .data.u64 = SERVER_EVENT | number };

	epoll_ctl(s->epoll, op, fd, &e);
}

static void drop(struct client *cl)
{
	if (cl->fd < 0)
		return;
	close(cl->fd);
	free(cl->in);
	free(cl->out);
	memset(cl, 0, sizeof(*cl));
	cl->fd = -1;
}

static void write_more(struct server *s, struct client *cl)
{
	while (cl->sent < cl->size) {
		ssize_t n = send(cl->fd, cl->out + cl->sent, cl->size - cl->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			watch(s, (unsigned int)(cl - s->clients), cl->fd, EPOLLOUT, EPOLL_CTL_MOD);
			return;
		}
		if (n < 0) {
			drop(cl);
			return;
		}
		cl->sent += (size_t)n;
		cl->active_ns = monotonic_ns();
	}
	free(cl->out);
	cl->out = NULL;
	cl->size = cl->sent = 0;
	if (cl->closing)
		drop(cl);
	else
		watch(s, (unsigned int)(cl - s->clients), cl->fd, EPOLLIN, EPOLL_CTL_MOD);
}

/* One answer at a time: the next request is read when this one is written. Takes over the answer. */
static void reply(struct server *s, struct client *cl, json_t *answer)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	json_decref(answer);
	cl->size = text ? strlen(text) : 0;
	cl->out = text ? realloc(text, cl->size + 1) : NULL;
	cl->sent = 0;
	cl->active_ns = monotonic_ns();
	if (!cl->out) {
		free(text);
		drop(cl);
		return;
	}
	cl->out[cl->size++] = '\n';
	write_more(s, cl);
}

/* Nested deeper than any request needs? The parser is recursive, and has no limit as low. */
static bool too_deep(const char *line, size_t len)
{
	bool string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (string && line[i] == '\\')
			i++;
		else if (line[i] == '"')
			string = !string;
		else if (!string && (line[i] == '[' || line[i] == '{') && ++depth > PROTOCOL_MAX_DEPTH)
			return true;
		else if (!string && (line[i] == ']' || line[i] == '}'))
			depth--;
	}
	return false;
}

json_t *server_request(struct rotad *d, const char *line, size_t len, enum access access)
{
	json_error_t where;
	json_t *request, *answer;

	if (too_deep(line, len))
		return rotad_error(EINVAL, "a request is nested at most %d deep", PROTOCOL_MAX_DEPTH);
	request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(request)) {
		json_decref(request);
		return rotad_error(EINVAL, "a request is one JSON object on one line");
	}
	answer = rotad_answer(d, request, access);
	json_decref(request);
	return answer;
}

/* All whole lines in the buffer, as long as the answers go out at once. */
static void handle_lines(struct server *s, struct client *cl)
{
	while (cl->fd >= 0 && !cl->out) {
		char *end = cl->got ? memchr(cl->in, '\n', cl->got) : NULL;
		json_t *answer;
		size_t len;

		if (!end) {
			if (cl->got < PROTOCOL_MAX_REQUEST)
				return;
			cl->closing = true;
			reply(s, cl, rotad_error(EINVAL, "a request may have %d bytes", PROTOCOL_MAX_REQUEST - 1));
			return;
		}
		len = (size_t)(end - cl->in);
		answer = server_request(s->d, cl->in, len, cl->access);
		cl->got -= len + 1;
		memmove(cl->in, end + 1, cl->got);
		reply(s, cl, answer);
	}
}

static bool make_room(struct client *cl)
{
	size_t room = cl->room ? 2 * cl->room : FIRST_BUFFER;
	char *in;

	if (cl->got < cl->room)
		return true;
	in = realloc(cl->in, room);
	if (!in)
		return false;
	cl->in = in;
	cl->room = room;
	return true;
}

static void read_more(struct server *s, struct client *cl)
{
	while (cl->fd >= 0 && !cl->out) {
		ssize_t n;

		if (!make_room(cl)) {
			drop(cl);
			return;
		}
		n = recv(cl->fd, cl->in + cl->got, cl->room - cl->got, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			drop(cl);
			return;
		}
		cl->got += (size_t)n;
		handle_lines(s, cl);
	}
}

static bool in_group(int fd, const struct ucred *who, gid_t group)
{
	gid_t groups[MAX_GROUPS];
	socklen_t len = sizeof(groups);

	if (who->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

static enum access access_of(const struct server *s, int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		return ACCESS_NONE;
	if (who.uid == 0 || who.uid == geteuid() || (s->has_group && in_group(fd, &who, s->group)))
		return ACCESS_CHANGE;
	return s->d->others_read ? ACCESS_READ : ACCESS_NONE;
}

/* Who was silent longest makes room. */
static struct client *free_client(struct server *s)
{
	struct client *oldest = &s->clients[0];

	for (int i = 0; i < PROTOCOL_MAX_CLIENTS; i++) {
		if (s->clients[i].fd < 0)
			return &s->clients[i];
		if (s->clients[i].active_ns < oldest->active_ns)
			oldest = &s->clients[i];
	}
	drop(oldest);
	return oldest;
}

/* Returns false when there is nobody more. */
static bool accept_one(struct server *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	enum access access;
	struct client *cl;

	if (fd < 0)
		return false;
	access = access_of(s, fd);
	if (access == ACCESS_NONE) {
		close(fd);
		return true;
	}
	cl = free_client(s);
	cl->fd = fd;
	cl->access = access;
	cl->active_ns = monotonic_ns();
	watch(s, (unsigned int)(cl - s->clients), fd, EPOLLIN, EPOLL_CTL_ADD);
	return true;
}

void server_event(struct server *s, unsigned long long data, unsigned int events)
{
	unsigned int number = (unsigned int)data;
	struct client *cl;

	if (number == LISTENER) {
		for (int i = 0; i < MAX_ACCEPTS && accept_one(s); i++)
			;
		return;
	}
	cl = &s->clients[number % PROTOCOL_MAX_CLIENTS];
	if (cl->fd < 0)
		return;
	/* One that has sent all it wants and waits for the answers only shuts its half down: that is no EPOLLHUP. */
	if (events & (EPOLLHUP | EPOLLERR)) {
		drop(cl);
		return;
	}
	if (events & EPOLLOUT) {
		write_more(s, cl);
		if (cl->fd >= 0)
			handle_lines(s, cl);
		return;
	}
	if (events & EPOLLIN)
		read_more(s, cl);
}

void server_expire(struct server *s, s64 now)
{
	for (int i = 0; i < PROTOCOL_MAX_CLIENTS; i++)
		if (s->clients[i].fd >= 0 && now - s->clients[i].active_ns > IDLE_NS)
			drop(&s->clients[i]);
}

/* An earlier rotad's socket may lie there; one that answers is in use. */
static bool is_in_use(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool used = fd >= 0 && !connect(fd, (const struct sockaddr *)a, sizeof(*a));

	if (fd >= 0)
		close(fd);
	return used;
}

static int set_group(struct server *s, const char *group, char *error)
{
	struct group *g;

	if (!group)
		return 0;
	g = getgrnam(group);
	if (!g)
		return 0; /* no such group here: then nobody is in it */
	s->has_group = true;
	s->group = g->gr_gid;
	if (chown(s->path, (uid_t)-1, g->gr_gid) && geteuid() == 0) {
		snprintf(error, CONTROL_ERROR_LEN, "%s can't be given to the group %s: %s", s->path, group,
			 strerror(errno));
		return -1;
	}
	return 0;
}

static int bind_to(struct server *s, const char *group, char *error)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int rc;

	memcpy(a.sun_path, s->path, sizeof(a.sun_path));
	if (!lstat(s->path, &st) && !S_ISSOCK(st.st_mode)) {
		snprintf(error, CONTROL_ERROR_LEN, "%s is there already and is no socket; move it away", s->path);
		return -1;
	}
	if (is_in_use(&a)) {
		snprintf(error, CONTROL_ERROR_LEN, "another rotad answers at %s", s->path);
		return -1;
	}
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(s->path);
	mask = umask(0177);
	rc = s->listener < 0 || bind(s->listener, (struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (rc) {
		snprintf(error, CONTROL_ERROR_LEN, "the socket %s can't be made: %s", s->path, strerror(errno));
		return -1;
	}
	if (lstat(s->path, &s->made) || set_group(s, group, error))
		return -1;
	if (chmod(s->path, s->d->others_read ? 0666 : s->has_group ? 0660 : 0600) || listen(s->listener, 128)) {
		snprintf(error, CONTROL_ERROR_LEN, "the socket %s can't be opened: %s", s->path, strerror(errno));
		return -1;
	}
	return 0;
}

struct server *server_open(const char *path, const char *group, int epoll, struct rotad *d, char *error)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s || strlen(path) >= sizeof(s->path)) {
		snprintf(error, CONTROL_ERROR_LEN, "the path of the socket is too long: %.100s", path);
		free(s);
		return NULL;
	}
	memcpy(s->path, path, strlen(path));
	s->epoll = epoll;
	s->d = d;
	s->listener = -1;
	for (int i = 0; i < PROTOCOL_MAX_CLIENTS; i++)
		s->clients[i].fd = -1;
	if (bind_to(s, group, error)) {
		server_close(s);
		return NULL;
	}
	watch(s, LISTENER, s->listener, EPOLLIN, EPOLL_CTL_ADD);
	return s;
}

void server_close(struct server *s)
{
	struct stat st;

	if (!s)
		return;
	for (int i = 0; i < PROTOCOL_MAX_CLIENTS; i++)
		drop(&s->clients[i]);
	if (s->listener >= 0)
		close(s->listener);
	/* Only ours: another may have taken the path meanwhile. */
	if (s->made.st_ino && !lstat(s->path, &st) && st.st_ino == s->made.st_ino && st.st_dev == s->made.st_dev)
		unlink(s->path);
	free(s);
}
