/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `rota symbols` prints: classes, coverage of the rules, functions. */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd_symbols.h"

static const struct {
	const char *word, *title;
	bool look; /* a person should look at it */
} states[RULE_NR_STATES] = {
	[RULE_MATCHED] = { "matched", "matched", false },
	[RULE_EARLY_LATE] = { "out of range", "matched outside their kernels", true },
	[RULE_SHADOWED] = { "shadowed", "shadowed by earlier rules", true },
	[RULE_NOT_EXPECTED] = { "other kernels", "matched nothing, are for other kernels", false },
	[RULE_OPTIONAL] = { "optional", "matched nothing, depend on configuration", false },
	[RULE_MISSING] = { "missing", "matched nothing, and should have", true },
	[RULE_UNKNOWN] = { "unknown", "matched nothing, the kernel's version is not known", false },
};

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void version_text(uint16_t version, char *buf, size_t len)
{
	if (version)
		snprintf(buf, len, "%d.%d", version >> 8, version & 255);
	else
		snprintf(buf, len, "?");
}

/* As it stands in the rule file; "" for all kernels. */
static void range_text(const struct symbol_rule *r, char *buf, size_t len)
{
	size_t at = 0;

	*buf = '\0';
	for (int i = 0; i < r->nr_ranges; i++) {
		char from[16] = "", to[16] = "";

		if (r->range[i].from)
			version_text(r->range[i].from, from, sizeof(from));
		if (r->range[i].to)
			version_text(r->range[i].to, to, sizeof(to));
		at += (size_t)snprintf(buf + at, len - at, "%s%s%s%s", i ? "," : " ", from,
				       r->range[i].from && r->range[i].from == r->range[i].to ? "" : "-",
				       r->range[i].from == r->range[i].to ? "" : to);
	}
}

static uint32_t classified(const struct symbol_class_map *c)
{
	uint32_t n = 0;

	for (int class = 1; class < SYMBOL_NR_CLASSES; class ++)
		n += c->functions[class];
	return n;
}

void symbols_print_classes(const struct symbol_rules *rules)
{
	printf("%-11s  %5s  %-5s  %-8s  %s\n", "CLASS", "RULES", "WAITS", "CRITICAL", "MEANING");
	for (uint32_t class = 0; class < SYMBOL_NR_CLASSES; class ++) {
		uint32_t n = 0;

		for (uint32_t i = 0; i < rules->nr; i++)
			n += rules->rule[i].class == class;
		printf("%-11s  %5u  %-5s  %-8s  %s\n", symbol_class_name(class), n, symbol_waits(class) ? "yes" : "-",
		       symbol_critical(class) ? "yes" : "-", symbol_class_meaning(class));
	}
}

/* Where a rule stands: its line, of which file if there are two. */
static void print_rule(const struct symbol_class_map *c, uint32_t number)
{
	const struct symbol_rule *r = &c->rules->rule[number];
	char range[80];

	range_text(r, range, sizeof(range));
	printf("%sline %d: %s %s%s", number < c->rules->nr_added ? "added " : "", r->line, symbol_class_name(r->class),
	       r->pattern, range);
}

static void print_conflicts(const struct symbol_class_map *c, bool verbose)
{
	uint32_t shown = 0, left;

	if (c->nr_ambiguous)
		printf("\n%u ambiguous matches; the first rule decided:\n", c->nr_ambiguous);
	for (int exception = 0; exception < (verbose ? 2 : 1); exception++) {
		if (exception && c->nr_conflicts > c->nr_ambiguous)
			printf("\n%u exceptions, decided by the more specific rule:\n",
			       c->nr_conflicts - c->nr_ambiguous);
		for (uint32_t i = 0; i < c->nr_conflicts; i++) {
			const struct symbol_conflict *k = &c->conflict[i];

			if (k->exception != exception || (!verbose && shown == 20))
				continue;
			shown++;
			printf("  %s: ", c->map->symbol[k->symbol].name);
			print_rule(c, k->rule);
			printf("; not ");
			print_rule(c, k->other);
			printf("\n");
		}
	}
	left = c->nr_ambiguous - shown;
	if (!verbose && left)
		printf("  ... %u more (--verbose)\n", left);
}

void symbols_print_coverage(const struct symbol_kernel *k, bool verbose, bool blank_line_before)
{
	const struct symbol_class_map *c = k->classes;
	char version[16];

	version_text(k->map->version, version, sizeof(version));
	printf("%s%s: Linux %s, %u functions in %" PRIu64 " kB; %u classified; table of %u ranges, %zu bytes\n",
	       blank_line_before ? "\n" : "", k->path, version, k->map->nr, (k->map->end - k->map->text) / 1024,
	       classified(c), k->table->nr, sizeof(*k->table) + k->table->nr * sizeof(k->table->entry[0]));
	printf("_text %016" PRIx64 ", MSR_LSTAR ", k->map->text);
	if (k->map->lstar)
		printf("%016" PRIx64 "\n", k->map->lstar);
	else
		printf("unknown (neither entry_SYSCALL_64 nor system_call)\n");
	if (k->map->skipped_modules)
		printf("%u symbols of modules left out\n", k->map->skipped_modules);

	printf("\n%-11s  %9s  %7s  %s\n", "CLASS", "FUNCTIONS", "BYTES", "MEANING");
	for (uint32_t class = 1; class < SYMBOL_NR_CLASSES; class ++)
		printf("%-11s  %9u  %7" PRIu64 "  %s\n", symbol_class_name(class), c->functions[class], c->bytes[class],
		       symbol_class_meaning(class));

	printf("\n%u rules\n", c->rules->nr);
	for (int s = 0; s < RULE_NR_STATES; s++) {
		if (!c->states[s])
			continue;
		printf("%5u %s%s\n", c->states[s], states[s].title, verbose || states[s].look ? ":" : "");
		for (uint32_t i = 0; (verbose || states[s].look) && i < c->rules->nr; i++) {
			if (c->use[i].state != s)
				continue;
			printf("      ");
			print_rule(c, i);
			if (c->use[i].matched)
				printf(" (%u of %u symbols)", c->use[i].decided, c->use[i].matched);
			printf("\n");
		}
	}
	print_conflicts(c, verbose);
}

static void row(const char *name, const struct symbol_kernel *k, int nr,
		uint64_t (*value)(const struct symbol_kernel *k, int what), int what)
{
	printf("| %s |", name);
	for (int i = 0; i < nr; i++)
		printf(" %" PRIu64 " |", value(&k[i], what));
	printf("\n");
}

static uint64_t nr_of_class(const struct symbol_kernel *k, int class)
{
	return k->classes->functions[class];
}

static uint64_t nr_of_state(const struct symbol_kernel *k, int state)
{
	return k->classes->states[state];
}

static uint64_t nr_classified(const struct symbol_kernel *k, int unused)
{
	(void)unused;
	return classified(k->classes);
}

static uint64_t kilobytes(const struct symbol_kernel *k, int unused)
{
	uint64_t sum = 0;

	(void)unused;
	for (int class = 1; class < SYMBOL_NR_CLASSES; class ++)
		sum += k->classes->bytes[class];
	return sum / 1024;
}

static uint64_t table_bytes(const struct symbol_kernel *k, int unused)
{
	(void)unused;
	return sizeof(*k->table) + k->table->nr * sizeof(k->table->entry[0]);
}

static uint64_t ambiguous(const struct symbol_kernel *k, int unused)
{
	(void)unused;
	return k->classes->nr_ambiguous;
}

void symbols_print_table(const struct symbol_kernel *k, int nr)
{
	printf("| |");
	for (int i = 0; i < nr; i++) {
		const char *name = file_name(k[i].path);

		printf(" %s |", !strncmp(name, "System.map-", 11) ? name + 11 : name);
	}
	printf("\n|---|");
	for (int i = 0; i < nr; i++)
		printf("---:|");
	printf("\n");
	for (int class = 1; class < SYMBOL_NR_CLASSES; class ++)
		row(symbol_class_name((uint32_t)class), k, nr, nr_of_class, class);
	row("**functions classified**", k, nr, nr_classified, 0);
	row("kB of code in them", k, nr, kilobytes, 0);
	row("bytes of table", k, nr, table_bytes, 0);
	for (int s = 0; s < RULE_NR_STATES; s++) {
		char name[64];

		snprintf(name, sizeof(name), "rules: %s", states[s].word);
		if (s != RULE_UNKNOWN)
			row(name, k, nr, nr_of_state, s);
	}
	row("ambiguous matches", k, nr, ambiguous, 0);
}

int symbols_print_functions(const struct symbol_kernel *k, int class, char **pattern, int nr)
{
	const struct symbol_class_map *c = k->classes;
	const struct kmap *m = k->map;
	uint32_t shown = 0;

	for (uint32_t i = 0, next = 0; i < m->nr; i++) {
		bool wanted = !nr;
		uint64_t end;

		/* Where the next address begins, once for all names of this one. */
		if (next <= i)
			for (next = i; next < m->nr && m->symbol[next].address == m->symbol[i].address;)
				next++;
		end = next < m->nr ? m->symbol[next].address : m->end;
		/* What is in no class is shown only to who asks for it by name or class. */
		if (class >= 0 ? c->class[i] != class : !nr && c->class[i] == SYMBOL_NONE)
			continue;
		for (int p = 0; p < nr && !wanted; p++)
			wanted = symbol_glob(pattern[p], m->symbol[i].name, strlen(m->symbol[i].name));
		if (!wanted)
			continue;
		if (!shown++)
			printf("%-16s  %7s  %-11s  %6s  %s\n", "ADDRESS", "BYTES", "CLASS", "RULE", "NAME");
		printf("%016" PRIx64 "  %7" PRIu64 "  %-11s  ", m->symbol[i].address, end - m->symbol[i].address,
		       symbol_class_name(c->class[i]));
		if (c->rule[i] == SYMBOL_NO_RULE)
			printf("%6s", "-");
		else
			printf("%6d", c->rules->rule[c->rule[i]].line);
		printf("  %s\n", m->symbol[i].name);
	}
	if (shown)
		return CLI_DONE;
	fprintf(stderr, "rota: %s: has no such function\n", k->path);
	return CLI_FAILED;
}
