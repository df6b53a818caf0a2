/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of src/symbols share: a kmap that is being filled. */
#ifndef SYMBOLS_KMAP_H
#define SYMBOLS_KMAP_H

#include <limits.h>

#include "symbols/symbols.h"

struct kmap_build {
	struct kmap *map;
	struct symbol_raw {
		uint64_t address;
		uint32_t name; /* offset in names */
		char type;
	} *raw;
	uint32_t nr, room;
	char *names;
	size_t names_len, names_room;
	uint64_t text, stext, etext, entry, old_entry;
	uint32_t seen; /* which of these */
	bool nonzero; /* any address was other than 0 */
};

int kmap_build_start(struct kmap_build *b);
/*
 * One symbol: @type is nm's letter, @name need not end with 0. 0, -ENOMEM, -E2BIG (too many), or
 * -EEXIST: a second _text, _stext or _etext that lies elsewhere.
 */
int kmap_build_add(struct kmap_build *b, uint64_t address, char type, const char *name, size_t len);
/* Sorted and cut to the kernel's text; NULL with a sentence in @err. @b is used up either way. */
struct kmap *kmap_build_finish(struct kmap_build *b, const char *path, char *err, size_t errlen);
void kmap_build_drop(struct kmap_build *b);

/* The version that a path shows: in the file's name, or in its directory's. */
uint16_t kernel_version_of_path(const char *path);

struct kmap *kmap_read_elf_fd(const char *path, int fd, char *err, size_t errlen);

#endif
