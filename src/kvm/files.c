// SPDX-License-Identifier: GPL-2.0-or-later
/* Small files of the kernel's, whole, below a root that tests can move. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/files.h"

const char *live_root(void)
{
	const char *root = getenv("ROTA_ROOT");

	return root ? root : "";
}

static int path_of(char *path, size_t size, const char *fmt, va_list args)
{
	int n = snprintf(path, size, "%s", live_root()), m;

	if (n < 0 || (size_t)n >= size)
		return -ENAMETOOLONG;
	m = vsnprintf(path + n, size - (size_t)n, fmt, args);
	return m < 0 || (size_t)m >= size - (size_t)n ? -ENAMETOOLONG : 0;
}

int live_path(char *path, size_t size, const char *fmt, ...)
{
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = path_of(path, size, fmt, args);
	va_end(args);
	return rc;
}

int live_read(char *text, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	size_t n = 0;
	va_list args;
	int rc, fd;

	va_start(args, fmt);
	rc = path_of(path, sizeof(path), fmt, args);
	va_end(args);
	text[0] = '\0';
	if (rc < 0)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (n < size - 1) {
		ssize_t got = read(fd, text + n, size - 1 - n);

		if (got < 0) {
			rc = -errno;
			close(fd);
			text[0] = '\0';
			return rc;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	if (n && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return (int)n;
}

int live_fail(char *error, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error, LIVE_ERROR_LEN, fmt, args);
	va_end(args);
	return code;
}
