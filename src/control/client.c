// SPDX-License-Identifier: GPL-2.0-or-later
/* The command's end of the socket; see client.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/client.h"
#include "control/rotad.h"
#include "kvm/files.h"

#define SYSTEM_SOCKET "/run/rota/rotad.sock"

static int fail(char *error, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int fail(char *error, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error, CONTROL_ERROR_LEN, fmt, args);
	va_end(args);
	return code;
}

int client_path(char *path, size_t size)
{
	const char *socket = getenv("ROTA_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");
	int n, rc = live_path(path, size, "%s", SYSTEM_SOCKET);

	if (socket && *socket)
		n = snprintf(path, size, "%s", socket);
	else if (geteuid() != 0 && access(path, F_OK) && runtime && *runtime)
		n = snprintf(path, size, "%s/rota.sock", runtime);
	else
		return rc;
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static json_t *exchange(FILE *f, json_t *request, char *error)
{
	json_t *answer = NULL;
	json_error_t where;
	char *line = NULL;
	size_t size = 0;

	errno = 0;
	if (!json_dumpf(request, f, JSON_COMPACT) && fputc('\n', f) != EOF && !fflush(f)) {
		errno = 0;
		if (getline(&line, &size, f) > 0)
			answer = json_loads(line, 0, &where);
	}
	free(line);
	if (!json_is_object(answer)) {
		fail(error, -EIO,
		     errno == EAGAIN ? "rotad does not answer" : "rotad went away, or does not let you in");
		json_decref(answer);
		return NULL;
	}
	return answer;
}

/* A stream to rotad, or NULL. */
static FILE *reach(int *code, char *error)
{
	const struct timeval patience = { .tv_sec = 30 };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	FILE *f;
	int fd;

	*code = client_path(a.sun_path, sizeof(a.sun_path));
	if (*code) {
		fail(error, *code, "the path of rotad's socket is too long");
		return NULL;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		*code = -errno;
		close(fd);
		if (*code == -ENOENT || *code == -ECONNREFUSED)
			*code = fail(
				error, -ECONNREFUSED,
				"nothing answers at %s: the host is not running; `rota host start` starts the live one, `rotad --host sim` a "
				"simulated one",
				a.sun_path);
		else if (*code == -EACCES || *code == -EPERM)
			fail(error, *code, "you may not talk to the rotad at %s; be root or in the group rota",
			     a.sun_path);
		else
			fail(error, *code, "rotad's socket %s: %s", a.sun_path, strerror(-*code));
		return NULL;
	}
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	}
	f = fd >= 0 ? fdopen(fd, "r+") : NULL;
	if (!f) {
		*code = fail(error, -errno, "there is no socket to be had: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return f;
}

json_t *client_ask(json_t *request, int *code, char *error)
{
	json_t *answer = NULL;
	const char *refused;
	FILE *f;

	if (!request) {
		*code = fail(error, -EINVAL, "names must be UTF-8");
		return NULL;
	}
	json_object_set_new(request, "version", json_integer(PROTOCOL_VERSION));
	f = reach(code, error);
	if (f) {
		answer = exchange(f, request, error);
		*code = answer ? 0 : -EIO;
		fclose(f);
	}
	json_decref(request);
	refused = json_string_value(json_object_get(answer, "error"));
	if (refused) {
		json_int_t why = json_integer_value(json_object_get(answer, "code"));

		*code = fail(error, why > 0 && why < 4096 ? -(int)why : -EINVAL, "%s", refused);
		json_decref(answer);
		return NULL;
	}
	return answer;
}
