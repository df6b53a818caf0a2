/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files written whole or not at all; see outfile.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/outfile.h"

static int fail(char *err, size_t errlen, const char *path, int error)
{
	snprintf(err, errlen, "%s: can't write: %s", path, strerror(error));
	return -error;
}

static void release(struct outfile *o)
{
	free(o->path);
	free(o->target);
	free(o->temp);
	memset(o, 0, sizeof(*o));
}

/*
 * The temporary name holds the process id, so that two runs with one target don't write into each
 * other.
 */
static int open_beside(struct outfile *o)
{
	size_t len = strlen(o->target) + 32;
	int fd;

	o->temp = malloc(len);
	if (!o->temp)
		return -ENOMEM;
	snprintf(o->temp, len, "%s.%ld.tmp", o->target, (long)getpid());
	fd = open(o->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return -errno;
	o->f = fdopen(fd, "wb");
	if (!o->f) {
		int error = errno;

		close(fd);
		unlink(o->temp);
		return -error;
	}
	return 0;
}

int outfile_open(struct outfile *o, const char *path, char *err, size_t errlen)
{
	struct stat st;
	int ret = 0;

	memset(o, 0, sizeof(*o));
	o->path = strdup(path);
	/* Through a symbolic link: the file it leads to is replaced, not the link. */
	o->target = realpath(path, NULL);
	if (!o->target && errno == ENOENT)
		o->target = strdup(path);
	else if (!o->target)
		ret = -errno;
	if (!ret && (!o->path || !o->target))
		ret = -ENOMEM;
	if (ret)
		goto out;

	if (stat(o->target, &st) == 0 && !S_ISREG(st.st_mode)) {
		o->f = fopen(o->target, "wbe");
		if (!o->f)
			ret = -errno;
	} else {
		ret = open_beside(o);
	}
out:
	if (ret) {
		fail(err, errlen, path, -ret);
		release(o);
	}
	return ret;
}

int outfile_close(struct outfile *o, char *err, size_t errlen)
{
	int error = 0;

	/* An earlier write that failed leaves its mark on the stream, but not its errno. */
	if (ferror(o->f))
		error = EIO;
	errno = 0;
	if (fflush(o->f) != 0)
		error = errno ? errno : EIO;
	if (fclose(o->f) != 0 && !error)
		error = errno ? errno : EIO;
	if (o->temp && !error && rename(o->temp, o->target) != 0)
		error = errno;
	if (o->temp && error)
		unlink(o->temp);
	if (error)
		fail(err, errlen, o->path, error);
	release(o);
	return -error;
}

void outfile_abort(struct outfile *o)
{
	fclose(o->f);
	if (o->temp)
		unlink(o->temp);
	release(o);
}
