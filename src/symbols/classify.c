/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules applied to a kernel: each function's class, how each rule fared, and the core's table of
 * it.
 *
 * Functions are sorted by their undecorated name once; the literal start of each pattern is then a
 * range found by binary search, so that 190,000 symbols and hundreds of rules take a fraction of a
 * second.
 */
#include <stdlib.h>
#include <string.h>

#include "symbols/symbols.h"

/*
 * Names of one address (aliases) are next to each other in the map; this is the first of the next
 * address.
 */
static uint32_t next_address(const struct kmap *m, uint32_t i)
{
	uint64_t address = m->symbol[i].address;

	while (i < m->nr && m->symbol[i].address == address)
		i++;
	return i;
}

static uint64_t end_of(const struct kmap *m, uint32_t next)
{
	return next < m->nr ? m->symbol[next].address : m->end;
}

static int compare_base(const struct kmap_symbol *s, const char *literal, size_t len)
{
	size_t n = s->base_len < len ? s->base_len : len;
	int c = memcmp(s->base, literal, n);

	if (c)
		return c;
	return s->base_len < len ? -1 : 0;
}

static int by_base(const void *a, const void *b, void *map)
{
	const struct kmap *m = map;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct kmap_symbol *x = &m->symbol[i], *y = &m->symbol[j];
	int c = compare_base(x, y->base, y->base_len);

	if (!c && x->base_len != y->base_len)
		c = 1;
	return c ? c : i < j ? -1 : i > j;
}

/* First of the sorted symbols whose base begins with @literal, or comes behind. */
static uint32_t first_with(const struct kmap *m, const uint32_t *order, const char *literal, size_t len)
{
	uint32_t low = 0, high = m->nr;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare_base(&m->symbol[order[middle]], literal, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A name against a pattern, or a longer pattern against a shorter one: an exception, and meant. */
static bool more_specific(const struct symbol_rule *a, const struct symbol_rule *b)
{
	if (!b->pattern[b->literal])
		return false;
	return !a->pattern[a->literal] || a->literal > b->literal;
}

static bool add_conflict(struct symbol_class_map *c, struct symbol_conflict conflict)
{
	uint32_t n = c->nr_conflicts;

	conflict.exception = more_specific(&c->rules->rule[conflict.rule], &c->rules->rule[conflict.other]);
	c->nr_ambiguous += !conflict.exception;
	/* Room doubles at each power of two. */
	if (!(n & (n - 1))) {
		struct symbol_conflict *more = realloc(c->conflict, (n ? 2 * (size_t)n : 1) * sizeof(*more));

		if (!more)
			return false;
		c->conflict = more;
	}
	c->conflict[c->nr_conflicts++] = conflict;
	return true;
}

/* One rule: takes what no earlier rule has; tells where it disagrees with an earlier one. */
static bool apply(struct symbol_class_map *c, const uint32_t *order, uint32_t number)
{
	const struct symbol_rule *rule = &c->rules->rule[number];
	const struct kmap *m = c->map;

	for (uint32_t k = first_with(m, order, rule->pattern, rule->literal); k < m->nr; k++) {
		uint32_t i = order[k];
		const struct kmap_symbol *s = &m->symbol[i];

		if (compare_base(s, rule->pattern, rule->literal))
			break;
		if (!symbol_glob(rule->pattern + rule->literal, s->base + rule->literal, s->base_len - rule->literal))
			continue;
		c->use[number].matched++;
		if (c->rule[i] == SYMBOL_NO_RULE) {
			c->rule[i] = number;
			c->use[number].decided++;
		} else if (c->rules->rule[c->rule[i]].class != rule->class &&
			   !add_conflict(c, (struct symbol_conflict){ i, c->rule[i], number, false })) {
			return false;
		}
	}
	return true;
}

/* All names of an address have the class of the first rule that matched any of them. */
static bool settle_aliases(struct symbol_class_map *c)
{
	const struct kmap *m = c->map;

	for (uint32_t i = 0, next; i < m->nr; i = next) {
		uint32_t rule = SYMBOL_NO_RULE, class;
		bool padding = true;

		next = next_address(m, i);
		for (uint32_t j = i; j < next; j++) {
			padding &= c->rule[j] == SYMBOL_NO_RULE || m->symbol[j].base != m->symbol[j].name;
			if (c->rule[j] < rule)
				rule = c->rule[j];
		}
		if (rule == SYMBOL_NO_RULE)
			continue;
		class = c->rules->rule[rule].class;
		for (uint32_t j = i; j < next; j++) {
			uint32_t mine = c->rule[j];

			if (mine != SYMBOL_NO_RULE && c->rules->rule[mine].class != class) {
				c->use[mine].decided--;
				if (!add_conflict(c, (struct symbol_conflict){ j, rule, mine, false }))
					return false;
			}
			c->rule[j] = rule;
			c->class[j] = (uint8_t)class;
		}
		if (!padding)
			c->functions[class]++;
		c->ranges += class != SYMBOL_NONE;
		c->bytes[class] += end_of(m, next) - m->symbol[i].address;
	}
	return true;
}

/*
 * A pattern that matched, but nothing that was left to it, is shadowed only if somebody else's
 * class prevailed; a glob behind the same class's exact names is not worth a word.
 */
static uint8_t state_of(const struct symbol_class_map *c, uint32_t number)
{
	const struct symbol_rule *rule = &c->rules->rule[number];
	const struct rule_use *use = &c->use[number];
	uint16_t v = c->map->version;
	bool outside = v && !symbol_rule_expects(rule, v);

	if (use->matched && !use->decided) {
		uint32_t lost = 0;

		for (uint32_t i = 0; i < c->nr_conflicts; i++)
			lost += c->conflict[i].other == number;
		if (lost >= use->matched)
			return RULE_SHADOWED;
	}
	if (use->matched)
		return outside ? RULE_EARLY_LATE : RULE_MATCHED;
	if (outside)
		return RULE_NOT_EXPECTED;
	if (rule->optional)
		return RULE_OPTIONAL;
	return v || !rule->nr_ranges ? RULE_MISSING : RULE_UNKNOWN;
}

struct symbol_class_map *symbols_classify(const struct kmap *map, const struct symbol_rules *rules)
{
	struct symbol_class_map *c = calloc(1, sizeof(*c));
	uint32_t *order = malloc(map->nr * sizeof(*order));
	bool ok = c && order;

	if (ok) {
		c->map = map;
		c->rules = rules;
		c->class = calloc(map->nr, 1);
		c->rule = malloc(map->nr * sizeof(*c->rule));
		c->use = calloc(rules->nr, sizeof(*c->use));
		ok = c->class && c->rule && c->use;
	}
	for (uint32_t i = 0; ok && i < map->nr; i++) {
		order[i] = i;
		c->rule[i] = SYMBOL_NO_RULE;
	}
	if (ok)
		qsort_r(order, map->nr, sizeof(*order), by_base, (void *)(uintptr_t)map);
	for (uint32_t i = 0; ok && i < rules->nr; i++)
		ok = apply(c, order, i);
	ok = ok && settle_aliases(c);
	free(order);
	if (!ok) {
		symbol_class_map_free(c);
		return NULL;
	}
	for (uint32_t i = 0; i < rules->nr; i++) {
		c->use[i].state = state_of(c, i);
		c->states[c->use[i].state]++;
	}
	return c;
}

void symbol_class_map_free(struct symbol_class_map *c)
{
	if (!c)
		return;
	free(c->class);
	free(c->rule);
	free(c->use);
	free(c->conflict);
	free(c);
}

struct symbol_table *symbols_table(const struct symbol_class_map *c, char *err, size_t errlen)
{
	const struct kmap *m = c->map;
	uint32_t nr = 0, room = c->ranges;
	struct symbol_table *t;

	if (room > SYMBOL_MAX_ENTRIES) {
		snprintf(err, errlen,
			 "the rules match %u functions; a table holds %u ranges, so make the patterns narrower", room,
			 SYMBOL_MAX_ENTRIES);
		return NULL;
	}
	t = calloc(1, sizeof(*t) + room * sizeof(t->entry[0]));
	if (!t) {
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	for (uint32_t i = 0, next; i < m->nr; i = next) {
		uint64_t start = m->symbol[i].address - m->text, size;

		next = next_address(m, i);
		size = end_of(m, next) - m->symbol[i].address;
		if (size > SYMBOL_MAX_SIZE)
			size = SYMBOL_MAX_SIZE;
		if (start + size > 1ULL << 32)
			size = (1ULL << 32) - start;
		if (c->class[i] == SYMBOL_NONE)
			continue;
		if (nr) {
			struct symbol_entry *last = &t->entry[nr - 1];
			uint64_t both = symbol_entry_size(last->size_class) + size;

			if (symbol_entry_class(last->size_class) == c->class[i] && both <= SYMBOL_MAX_SIZE &&
			    (uint64_t)last->start + symbol_entry_size(last->size_class) == start) {
				last->size_class = (uint32_t)both << 8 | c->class[i];
				continue;
			}
		}
		t->entry[nr++] = (struct symbol_entry){ (uint32_t)start, (uint32_t)size << 8 | c->class[i] };
	}
	t->text = m->text;
	t->nr = nr;
	t->lstar = m->lstar ? (uint32_t)(m->lstar - m->text) : SYMBOL_NO_ENTRY;
	return t;
}

static bool is_landmark(const char *name)
{
	return !strcmp(name, "_text") || !strcmp(name, "_stext") || !strcmp(name, "_etext") ||
	       !strcmp(name, "entry_SYSCALL_64") || !strcmp(name, "system_call");
}

static void write_symbol(FILE *f, const struct kmap_symbol *s)
{
	fprintf(f, "%016llx %c %s\n", (unsigned long long)s->address, s->type, s->name);
}

void symbols_write_map(const struct symbol_class_map *c, FILE *f)
{
	const struct kmap *m = c->map;
	bool ends = false; /* the address before is kept and needs an end */

	/* _etext is no function of the map: nothing lies between it and itself. */
	for (uint32_t i = 0, next; i < m->nr; i = next) {
		bool kept = false, written = false;

		next = next_address(m, i);
		for (uint32_t j = i; j < next; j++)
			kept |= c->rule[j] != SYMBOL_NO_RULE;
		for (uint32_t j = i; j < next; j++) {
			bool ruled = false;

			/*
			 * An alias that no rule matches got its rule from another name of the
			 * address.
			 */
			for (uint32_t r = 0; kept && !ruled && r < c->rules->nr; r++)
				ruled = symbol_glob(c->rules->rule[r].pattern, m->symbol[j].base,
						    m->symbol[j].base_len);
			if (ruled || is_landmark(m->symbol[j].name)) {
				write_symbol(f, &m->symbol[j]);
				written = true;
			}
		}
		if (ends && !written)
			write_symbol(f, &m->symbol[i]);
		ends = kept;
	}
	fprintf(f, "%016llx T _etext\n", (unsigned long long)m->end);
}
