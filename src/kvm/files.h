/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small files of /proc, /sys and /run that the live host reads, and how it words a failure. */
#ifndef KVM_FILES_H
#define KVM_FILES_H

#include <stddef.h>

/* Room for the one sentence that tells a person what failed. */
#define LIVE_ERROR_LEN 512

/* $ROTA_ROOT: stands before every path of /proc, /sys and /run, for tests; else "". */
const char *live_root(void);

/* The path below live_root(). Returns 0, or -ENAMETOOLONG. */
int live_path(char *path, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * The beginning of a file below live_root(), as a string without the last line's end. Zero bytes inside it are kept.
 * Returns its length (at most size - 1), or a negated errno.
 */
int live_read(char *text, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The sentence goes to error (LIVE_ERROR_LEN bytes); returns code, so that a caller can return it. */
int live_fail(char *error, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
