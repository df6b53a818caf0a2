/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is either written whole or not at all: what is written goes to a temporary file
 * beside the target, which takes the target's name only when everything has reached the disk's file
 * system. A device or a pipe (/dev/stdout) can't be replaced so, and is written directly.
 */
#ifndef TRACE_OUTFILE_H
#define TRACE_OUTFILE_H

#include <stddef.h>
#include <stdio.h>

struct outfile {
	FILE *f; /* to be written to */
	char *path; /* as given, for messages */
	char *target; /* what the name leads to */
	char *temp; /* NULL: the target is written directly */
};

/*
 * outfile_open() - start writing @path.
 * Returns 0, or a negative errno with one sentence in @err; then there is nothing to close.
 */
int outfile_open(struct outfile *o, const char *path, char *err, size_t errlen);

/*
 * outfile_close() - put the file in place; @o can't be used afterwards. Returns 0, or a negative
 * errno with one sentence in @err: then an earlier file of that name is as it was.
 */
int outfile_close(struct outfile *o, char *err, size_t errlen);

/* Give up: nothing of what was written stays. */
void outfile_abort(struct outfile *o);

#endif
