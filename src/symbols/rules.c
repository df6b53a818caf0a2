/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule file: which functions of a kernel are of which class.
 *
 *	CLASS PATTERN [KERNELS] [optional]	# note
 *
 * One rule a line. PATTERN is the undecorated name (see kmap.c) with * and ?. KERNELS are the
 * versions in which the rule is expected to match: "4.2-", "-4.1", "3.0-4.1", "6.1",
 * "3.7-4.11,5.13-" or "-" (any, as when it is left out). It is what the report of coverage is held
 * against, and nothing more: distributions carry changes back, so a rule holds for every kernel.
 * `optional`: whether a kernel has it depends on its configuration or its compiler. The first rule
 * that matches decides.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/symbols.h"

#define MAX_RULE_BYTES (1U << 20)

static const struct {
	const char *word, *meaning;
} classes[] = {
#define SYMBOL_CLASS(name, word, waits, critical, what) { word, what },
	SYMBOL_CLASSES(SYMBOL_CLASS)
#undef SYMBOL_CLASS
};

int symbol_class_parse(const char *word, size_t len)
{
	for (int i = 0; i < SYMBOL_NR_CLASSES; i++)
		if (strlen(classes[i].word) == len && !memcmp(word, classes[i].word, len))
			return i;
	return -1;
}

const char *symbol_class_name(uint32_t class)
{
	return class < SYMBOL_NR_CLASSES ? classes[class].word : "?";
}

const char *symbol_class_meaning(uint32_t class)
{
	return class < SYMBOL_NR_CLASSES ? classes[class].meaning : "?";
}

/*
 * On a mismatch only the last * can take one character more, so the time is bounded by the product
 * of the lengths.
 */
bool symbol_glob(const char *pattern, const char *s, size_t len)
{
	const char *star = NULL, *end = s + len, *retry = s;

	while (s < end) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = s;
		} else if (*pattern == '?' || *pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star;
			s = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

struct reader {
	const char *name;
	unsigned int line;
	char *err;
	size_t errlen;
	struct symbol_rule *rule; /* growing */
	uint32_t nr;
};

static bool __attribute__((format(printf, 3, 4))) wrong(struct reader *r, const char *key, const char *fmt, ...)
{
	char what[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(r->err, r->errlen, "%s:%u: %s: %s", r->name, r->line, key, what);
	return false;
}

/* What a message may quote of a file: printable, and not too long. */
static const char *quoted(char *buf, size_t room, const char *s, size_t len)
{
	size_t n = len < room - 1 ? len : room - 1;

	for (size_t i = 0; i < n; i++)
		buf[i] = s[i] >= ' ' && s[i] < 0x7f ? s[i] : '?';
	buf[n] = '\0';
	return buf;
}

bool symbol_rule_expects(const struct symbol_rule *rule, uint16_t version)
{
	for (int i = 0; i < rule->nr_ranges; i++) {
		const struct symbol_range *r = &rule->range[i];

		if (version >= r->from && (!r->to || version <= r->to))
			return true;
	}
	return !rule->nr_ranges;
}

/* "4.2", or "" for no limit; *@p is moved behind it. */
static bool parse_version(const char **p, uint16_t *version)
{
	size_t len = strspn(*p, "0123456789.");
	char text[16];

	*version = 0;
	if (!len)
		return true;
	if (len >= sizeof(text))
		return false;
	memcpy(text, *p, len);
	text[len] = '\0';
	*p += len;
	*version = kernel_version_parse(text);
	/* 6.1.0 is no kernel here: a rule is for all of 6.1. */
	return *version && strchr(text, '.') == strrchr(text, '.');
}

/* "4.2-", "-4.1", "3.0-4.1", "6.1", "-", "3.7-4.11,5.13-" */
static bool parse_kernels(const char *s, struct symbol_rule *rule)
{
	for (;; s++) {
		struct symbol_range r;
		const char *from = s;

		if (rule->nr_ranges == SYMBOL_RANGES || !parse_version(&s, &r.from))
			return false;
		r.to = r.from;
		if (*s == '-') {
			s++;
			if (!parse_version(&s, &r.to))
				return false;
		}
		if (s == from || (r.to && r.from > r.to))
			return false;
		rule->range[rule->nr_ranges++] = r;
		if (!*s)
			return true;
		if (*s != ',')
			return false;
	}
}

static bool parse_pattern(struct reader *r, const char *s, size_t len, struct symbol_rule *rule)
{
	char buf[80];
	size_t vague = 0;

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_*?", s[i]))
			return wrong(r, "PATTERN",
				     "'%s': letters, digits, _ and the wildcards * and ? make a pattern%s",
				     quoted(buf, sizeof(buf), s, len),
				     s[i] == '.' ? "; suffixes such as .isra.0 are taken off names before" : "");
	if (len > SYMBOL_MAX_PATTERN)
		return wrong(r, "PATTERN", "is longer than %d characters", SYMBOL_MAX_PATTERN);
	while (vague < len && strchr("*?_", s[vague]))
		vague++;
	if (vague == len)
		return wrong(r, "PATTERN", "'%s' would match nearly everything; begin with some of the name",
			     quoted(buf, sizeof(buf), s, len));
	rule->pattern = strndup(s, len);
	if (!rule->pattern)
		return wrong(r, "PATTERN", "out of memory");
	rule->literal = strcspn(rule->pattern, "*?");
	return true;
}

static bool parse_line(struct reader *r, const char *s, size_t len)
{
	struct {
		const char *s;
		size_t len;
	} word[5];
	struct symbol_rule rule = { .line = (int)r->line }, *more;
	char buf[80];
	int nr = 0, class;

	for (size_t i = 0; i < len && s[i] != '#';) {
		size_t from = i;

		if (s[i] == ' ' || s[i] == '\t') {
			i++;
			continue;
		}
		while (i < len && s[i] != ' ' && s[i] != '\t' && s[i] != '#')
			i++;
		if (nr == 5)
			break;
		word[nr].s = s + from;
		word[nr++].len = i - from;
	}
	if (!nr)
		return true;
	class = symbol_class_parse(word[0].s, word[0].len);
	if (class < 0)
		return wrong(r, "CLASS", "there is no class '%s'; `rota symbols show` lists them",
			     quoted(buf, sizeof(buf), word[0].s, word[0].len));
	rule.class = (uint8_t)class;
	if (nr < 2)
		return wrong(r, "PATTERN", "is missing; a rule is CLASS PATTERN [KERNELS] [optional]");
	if (nr >= 3) {
		bool last = word[nr - 1].len == 8 && !memcmp(word[nr - 1].s, "optional", 8);

		rule.optional = last;
		nr -= last;
		if (nr > 3)
			return wrong(r, "optional",
				     "'%s' is one word too many; a rule is CLASS PATTERN [KERNELS] [optional]",
				     quoted(buf, sizeof(buf), word[3].s, word[3].len));
		if (nr == 3 && !parse_kernels(quoted(buf, sizeof(buf), word[2].s, word[2].len), &rule))
			return wrong(r, "KERNELS", "'%s' is no range of versions; write 4.2- or 3.0-4.1 or -4.1,5.13-",
				     buf);
	}
	if (!parse_pattern(r, word[1].s, word[1].len, &rule))
		return false;
	for (uint32_t i = 0; i < r->nr; i++) {
		if (!strcmp(r->rule[i].pattern, rule.pattern)) {
			wrong(r, "PATTERN", "'%s' is already in line %d, which would always decide",
			      quoted(buf, sizeof(buf), rule.pattern, strlen(rule.pattern)), r->rule[i].line);
			free(rule.pattern);
			return false;
		}
	}
	more = r->nr < SYMBOL_MAX_RULES ? realloc(r->rule, (r->nr + 1) * sizeof(*more)) : NULL;
	if (!more) {
		free(rule.pattern);
		return r->nr < SYMBOL_MAX_RULES ? wrong(r, "PATTERN", "out of memory") :
						  wrong(r, "PATTERN", "too many rules; at most %d", SYMBOL_MAX_RULES);
	}
	r->rule = more;
	r->rule[r->nr++] = rule;
	return true;
}

static void drop(struct symbol_rule *rule, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		free(rule[i].pattern);
	free(rule);
}

struct symbol_rules *symbol_rules_load_text(const char *name, const char *text, size_t len, struct symbol_rules *rules,
					    char *err, size_t errlen)
{
	struct reader r = { .name = name, .line = 1, .err = err, .errlen = errlen };
	const char *end = text + len, *eol;
	struct symbol_rule *all;
	uint32_t nr_old = rules ? rules->nr : 0;
	bool ok = true;

	for (const char *p = text; ok && p < end; p = eol + 1, r.line += ok) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (!eol)
			eol = end;
		ok = parse_line(&r, p, (size_t)(eol - p));
	}
	if (ok && !r.nr) {
		snprintf(err, errlen, "%s:1: CLASS: the file has no rule", name);
		ok = false;
	}
	if (ok && (r.nr + nr_old > SYMBOL_MAX_RULES))
		ok = wrong(&r, "PATTERN", "too many rules together; at most %d", SYMBOL_MAX_RULES);
	all = ok ? realloc(r.rule, (r.nr + nr_old) * sizeof(*all)) : NULL;
	if (all)
		r.rule = all;
	if (ok && all && !rules)
		rules = calloc(1, sizeof(*rules));
	if (!ok || !all || !rules) {
		if (ok)
			snprintf(err, errlen, "%s: out of memory", name);
		drop(r.rule, r.nr);
		return NULL;
	}
	for (uint32_t i = 0; i < nr_old; i++)
		r.rule[r.nr + i] = rules->rule[i];
	free(rules->rule);
	rules->nr_added = nr_old ? rules->nr_added + r.nr : 0;
	rules->rule = r.rule;
	rules->nr = r.nr + nr_old;
	return rules;
}

struct symbol_rules *symbol_rules_load(const char *path, struct symbol_rules *rules, char *err, size_t errlen)
{
	char *text = malloc(MAX_RULE_BYTES + 1);
	FILE *f = fopen(path, "re");
	size_t len;

	if (!f || !text) {
		snprintf(err, errlen, "%s: can't read: %s", path, strerror(f ? ENOMEM : errno));
		rules = NULL;
	} else {
		errno = 0;
		len = fread(text, 1, MAX_RULE_BYTES + 1, f);
		if (ferror(f) || len > MAX_RULE_BYTES) {
			snprintf(err, errlen, "%s: can't read: %s", path, strerror(ferror(f) ? errno : EFBIG));
			rules = NULL;
		} else {
			rules = symbol_rules_load_text(path, text, len, rules, err, errlen);
		}
	}
	if (f)
		fclose(f);
	free(text);
	return rules;
}

void symbol_rules_free(struct symbol_rules *rules)
{
	if (!rules)
		return;
	drop(rules->rule, rules->nr);
	free(rules);
}
