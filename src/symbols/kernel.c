/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's kernel as a host uses it: map, classes and table in one, and the way back, from what a simulated guest is
 * at to an address where a real one would be. The way back never names a class: it names functions, and the rules then
 * say what they are, as they would of a real guest.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/symbols.h"

/* Where Linux links a program's first instruction, or near enough. */
#define USER_ADDRESS 0x401000

const char *symbol_rules_shipped(void)
{
	static const char *const up[] = { "/../data", "/../../data", "/../share/rota" };
	static char path[PATH_MAX + 64];
	const char *env = getenv("ROTA_SYMBOL_RULES");
	char self[PATH_MAX];
	ssize_t n;

	if (env)
		return env;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++) {
			snprintf(path, sizeof(path), "%s%s/symbols.rules", self, up[i]);
			if (!access(path, R_OK))
				return path;
		}
	}
	snprintf(path, sizeof(path), "%s/symbols.rules", ROTA_SHARE_DIR);
	return access(path, R_OK) ? NULL : path;
}

bool symbol_kernel_open(struct symbol_kernel *k, const char *path, const struct symbol_rules *rules, uint16_t version,
			char *err, size_t errlen)
{
	char what[200] = "out of memory";

	memset(k, 0, sizeof(*k));
	k->path = path;
	k->map = kmap_load(path, err, errlen);
	if (!k->map)
		return false;
	if (version)
		k->map->version = version;
	k->classes = symbols_classify(k->map, rules);
	if (k->classes)
		k->table = symbols_table(k->classes, what, sizeof(what));
	if (k->table)
		return true;
	snprintf(err, errlen, "%s: %s", path, what);
	symbol_kernel_close(k);
	return false;
}

void symbol_kernel_close(struct symbol_kernel *k)
{
	free(k->table);
	symbol_class_map_free(k->classes);
	kmap_free(k->map);
	memset(k, 0, sizeof(*k));
}

/* In the middle of the function: neither at its entry nor in the next one. */
static uint64_t inside(const struct kmap *m, uint32_t i)
{
	uint32_t next = i;

	while (next < m->nr && m->symbol[next].address == m->symbol[i].address)
		next++;
	return m->symbol[i].address + ((next < m->nr ? m->symbol[next].address : m->end) - m->symbol[i].address) / 2;
}

uint64_t symbol_kernel_address(const struct symbol_kernel *k, const char *names)
{
	const struct kmap *m = k->map;

	for (const char *name = names; *name; name += strspn(name, " ")) {
		size_t len = strcspn(name, " ");
		uint64_t part = 0;

		for (uint32_t i = 0; i < m->nr; i++) {
			const struct kmap_symbol *s = &m->symbol[i];

			/* Not the padding before it; the outlined cold part only if there is no other. */
			if (s->base != s->name || s->base_len != len || memcmp(s->base, name, len))
				continue;
			if (!strstr(s->name, ".cold"))
				return inside(m, i);
			part = inside(m, i);
		}
		if (part)
			return part;
		name += len;
	}
	return 0;
}

/* The first gap between two ranges. */
static uint64_t unclassified(const struct symbol_kernel *k)
{
	const struct symbol_table *t = k->table;
	uint64_t offset = 0;

	for (uint32_t i = 0; i < t->nr && t->entry[i].start == offset; i++)
		offset += symbol_entry_size(t->entry[i].size_class);
	return t->text + offset < k->map->end ? t->text + offset : 0;
}

uint64_t symbol_place(const struct symbol_kernel *k, enum symbol_place place)
{
	static const char *const functions[] = {
#define SYMBOL_PLACE(name, class, names) names,
		SYMBOL_PLACES(SYMBOL_PLACE)
#undef SYMBOL_PLACE
	};

	switch (place) {
	case SYMBOL_AT_USER:
		return USER_ADDRESS;
	case SYMBOL_AT_KERNEL:
		return unclassified(k);
	default:
		return (unsigned int)place < SYMBOL_NR_PLACES ? symbol_kernel_address(k, functions[place]) : 0;
	}
}
