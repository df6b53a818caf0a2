/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's functions by address, whatever file they came from.
 *
 * Kept are the names of code between _text and _etext: not data, which nothing executes; not
 * modules, which lie where each boot puts them; not the initialisation code, which is gone when a
 * guest runs. A function ends where the next name begins.
 *
 * Compilers and build tools decorate names. Rules are written for the undecorated one (`base`):
 *	__pfx_NAME   the padding before a function (6.2 on) __cfi_NAME its type hash; both are
 *	             executed or never seen
 *	NAME.isra.0, .constprop.0, .part.0, .cold, .llvm.123 a clone or an outlined part: the same
 *	work
 */
#include "symbols/kmap.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN_TEXT = 1, SEEN_STEXT = 2, SEEN_ETEXT = 4, SEEN_ENTRY = 8, SEEN_OLD_ENTRY = 16 };

int kmap_build_start(struct kmap_build *b)
{
	memset(b, 0, sizeof(*b));
	b->map = calloc(1, sizeof(*b->map));
	return b->map ? 0 : -ENOMEM;
}

void kmap_build_drop(struct kmap_build *b)
{
	kmap_free(b->map);
	free(b->raw);
	free(b->names);
	memset(b, 0, sizeof(*b));
}

static bool named(const char *name, size_t len, const char *want)
{
	return strlen(want) == len && !memcmp(name, want, len);
}

static int landmark(struct kmap_build *b, uint32_t bit, uint64_t *at, uint64_t address)
{
	if ((b->seen & bit) && *at != address)
		return -EEXIST;
	b->seen |= bit;
	*at = address;
	return 0;
}

static int grow(struct kmap_build *b, size_t len)
{
	if (b->nr == b->room) {
		uint32_t room = b->room ? 2 * b->room : 4096;
		struct symbol_raw *raw = realloc(b->raw, room * sizeof(*raw));

		if (!raw)
			return -ENOMEM;
		b->raw = raw;
		b->room = room;
	}
	if (b->names_room - b->names_len <= len) {
		size_t room = 2 * b->names_room + len + 65536;
		char *names = room > UINT32_MAX ? NULL : realloc(b->names, room);

		if (!names)
			return -ENOMEM;
		b->names = names;
		b->names_room = room;
	}
	return 0;
}

int kmap_build_add(struct kmap_build *b, uint64_t address, char type, const char *name, size_t len)
{
	int ret = 0;

	if (address)
		b->nonzero = true;
	if (named(name, len, "_text"))
		ret = landmark(b, SEEN_TEXT, &b->text, address);
	else if (named(name, len, "_stext"))
		ret = landmark(b, SEEN_STEXT, &b->stext, address);
	else if (named(name, len, "_etext"))
		ret = landmark(b, SEEN_ETEXT, &b->etext, address);
	else if (named(name, len, "entry_SYSCALL_64"))
		ret = landmark(b, SEEN_ENTRY, &b->entry, address);
	else if (named(name, len, "system_call")) /* its name before 4.2 */
		ret = landmark(b, SEEN_OLD_ENTRY, &b->old_entry, address);
	if (ret)
		return ret;
	if (!strchr("tTwW", type)) {
		b->map->skipped_data++;
		return 0;
	}
	if (b->nr == KMAP_MAX_SYMBOLS)
		return -E2BIG;
	ret = grow(b, len);
	if (ret)
		return ret;
	b->raw[b->nr++] = (struct symbol_raw){ .address = address, .name = (uint32_t)b->names_len, .type = type };
	memcpy(b->names + b->names_len, name, len);
	b->names[b->names_len + len] = '\0';
	b->names_len += len + 1;
	return 0;
}

static void set_base(struct kmap_symbol *s)
{
	const char *dot;
	size_t len;

	s->base = s->name;
	if (!strncmp(s->base, "__pfx_", 6) || !strncmp(s->base, "__cfi_", 6))
		s->base += 6;
	dot = *s->base ? strchr(s->base + 1, '.') : NULL;
	len = dot ? (size_t)(dot - s->base) : strlen(s->base);
	s->base_len = (uint16_t)len;
}

static int by_address(const void *a, const void *b)
{
	const struct kmap_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(x->name, y->name);
}

static struct kmap *refuse(struct kmap_build *b, char *err, size_t errlen, const char *path, const char *what)
{
	snprintf(err, errlen, "%s: %s", path, what);
	kmap_build_drop(b);
	return NULL;
}

struct kmap *kmap_build_finish(struct kmap_build *b, const char *path, char *err, size_t errlen)
{
	struct kmap *m = b->map;

	if (b->nr && !b->nonzero)
		return refuse(b, err, errlen, path,
			      "all addresses are hidden (0); read it as root, or set kernel.kptr_restrict to 0");
	if (!(b->seen & (SEEN_TEXT | SEEN_STEXT)))
		return refuse(b, err, errlen, path,
			      "has no _text, so it is not a kernel's symbol table, or not a whole one");
	m->text = b->seen & SEEN_TEXT ? b->text : b->stext;
	m->end = b->seen & SEEN_ETEXT ? b->etext : UINT64_MAX;
	if (m->end <= m->text)
		return refuse(b, err, errlen, path, "_etext does not lie behind _text");
	m->symbol = malloc((b->nr + 1) * sizeof(*m->symbol));
	if (!m->symbol)
		return refuse(b, err, errlen, path, "out of memory");
	for (uint32_t i = 0; i < b->nr; i++) {
		struct kmap_symbol *s = &m->symbol[m->nr];

		/* Offsets in the table have 32 bits. */
		if (b->raw[i].address < m->text || b->raw[i].address >= m->end ||
		    b->raw[i].address - m->text > UINT32_MAX) {
			m->skipped_outside++;
			continue;
		}
		s->address = b->raw[i].address;
		s->type = b->raw[i].type;
		s->name = b->names + b->raw[i].name;
		set_base(s);
		m->nr++;
	}
	if (m->nr < 2)
		return refuse(b, err, errlen, path, "has no functions between _text and _etext");
	qsort(m->symbol, m->nr, sizeof(*m->symbol), by_address);
	/* Without _etext the last name has no end; what follows it is not code for sure. */
	if (m->end == UINT64_MAX)
		m->end = m->symbol[m->nr - 1].address + 1;
	if (!(b->seen & SEEN_ENTRY) && (b->seen & SEEN_OLD_ENTRY))
		b->entry = b->old_entry;
	if ((b->seen & (SEEN_ENTRY | SEEN_OLD_ENTRY)) && b->entry >= m->text && b->entry < m->end)
		m->lstar = b->entry;
	m->version = kernel_version_of_path(path);
	m->names = b->names;
	b->map = NULL;
	b->names = NULL;
	kmap_build_drop(b);
	return m;
}

void kmap_free(struct kmap *map)
{
	if (!map)
		return;
	free(map->symbol);
	free(map->names);
	free(map);
}

int64_t kmap_at(const struct kmap *map, uint64_t address)
{
	uint32_t low = 0, high = map->nr;

	if (address < map->text || address >= map->end)
		return -1;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (map->symbol[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return (int64_t)low - 1;
}

uint16_t kernel_version_parse(const char *s)
{
	unsigned int part[2] = { 0, 0 };

	for (int i = 0; i < 2; i++) {
		if (!isdigit((unsigned char)*s))
			return 0;
		for (; isdigit((unsigned char)*s); s++) {
			part[i] = part[i] * 10 + (unsigned int)(*s - '0');
			if (part[i] > 255)
				return 0;
		}
		if (!i && *s++ != '.')
			return 0;
	}
	return part[0] ? KERNEL_VERSION_OF(part[0], part[1]) : 0;
}

/* A version at the start of a component, or after the first '-' that one follows. */
static uint16_t version_in(const char *s, size_t len)
{
	char part[256];
	uint16_t version;

	if (!len || len >= sizeof(part))
		return 0;
	memcpy(part, s, len);
	part[len] = '\0';
	version = kernel_version_parse(part);
	for (char *p = part; !version && (p = strchr(p, '-'));)
		version = kernel_version_parse(++p);
	return version;
}

uint16_t kernel_version_of_path(const char *path)
{
	const char *file = strrchr(path, '/'), *dir;
	uint16_t version;

	file = file ? file + 1 : path;
	version = version_in(file, strlen(file));
	if (version || file == path)
		return version;
	dir = file - 1;
	while (dir > path && dir[-1] != '/')
		dir--;
	return version_in(dir, (size_t)(file - 1 - dir));
}
