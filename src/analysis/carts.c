// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CARTS's files: the reference tool's input, so that its users can bring their systems, and its
 * output, so that scripts around it keep working.
 *
 *   <system os_scheduler="EDF" min_period="1" max_period="50">
 *     <component name="C1" scheduler="EDF" min_period="10" max_period="10">
 *       <task name="T1" p="50" d="50" e="7"/> ...
 *
 * The reader takes just the XML that such files are made of: elements, attributes, comments and a
 * declaration. No document type, so no entities of one's own; text between tags is a mistake.
 * Attributes it does not know (delta_* and the like) are read over. Components inside components
 * are refused: their leaves are what a hypervisor schedules.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/number.h"

#define MOST_ATTRIBUTES 24
#define INFEASIBLE "2147483647" /* what CARTS writes */

struct attribute {
	const char *name, *value;
	size_t name_len, value_len;
};

struct reader {
	const char *p, *end;
	int line;
	int64_t unit;
	char *err;
	size_t errlen;
	bool failed;
	/* the tag just read */
	const char *tag;
	size_t tag_len;
	bool closing, empty;
	struct attribute attrs[MOST_ATTRIBUTES];
	int nr_attrs;
	/* what has been understood */
	struct an_system *sys;
	int64_t min_period, max_period;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct reader *r, const char *fmt, ...)
{
	va_list args;
	int used;

	if (r->failed)
		return false;
	r->failed = true;
	used = snprintf(r->err, r->errlen, "%d: ", r->line);
	va_start(args, fmt);
	vsnprintf(r->err + used, r->errlen - (size_t)used, fmt, args);
	va_end(args);
	for (char *c = r->err; *c; c++) /* what was quoted may hold anything */
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 127)
			*c = '?';
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct reader *r)
{
	for (; r->p < r->end && is_space(*r->p); r->p++)
		r->line += *r->p == '\n';
}

static bool starts(const struct reader *r, const char *what)
{
	size_t len = strlen(what);

	return (size_t)(r->end - r->p) >= len && !memcmp(r->p, what, len);
}

/* Past the next `what`. */
static bool skip_past(struct reader *r, const char *what)
{
	int line = r->line;

	for (; r->p < r->end; r->p++) {
		if (starts(r, what)) {
			r->p += strlen(what);
			return true;
		}
		r->line += *r->p == '\n';
	}
	r->line = line;
	return fail(r, "the file ends before '%s'", what);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.' || c == ':';
}

static size_t read_name(struct reader *r, const char **name)
{
	*name = r->p;
	while (r->p < r->end && is_name(*r->p))
		r->p++;
	return (size_t)(r->p - *name);
}

static bool read_attribute(struct reader *r)
{
	struct attribute *a = &r->attrs[r->nr_attrs];
	char quote;

	if (r->nr_attrs == MOST_ATTRIBUTES)
		return fail(r, "an element has more than %d attributes", MOST_ATTRIBUTES);
	a->name_len = read_name(r, &a->name);
	if (!a->name_len)
		return fail(r, "a '%c' stands where an attribute or '>' should", *r->p);
	skip_space(r);
	if (r->p == r->end || *r->p++ != '=')
		return fail(r, "attribute '%.*s' has no value",
			    (int)an_min(40, (int64_t)a->name_len), a->name);
	skip_space(r);
	if (r->p == r->end || (*r->p != '"' && *r->p != '\''))
		return fail(r, "the value of '%.*s' needs quotes",
			    (int)an_min(40, (int64_t)a->name_len), a->name);
	quote = *r->p++;
	for (a->value = r->p; r->p < r->end && *r->p != quote; r->p++)
		if (*r->p == '<' || *r->p == '&' || *r->p == '\n')
			return fail(r, "the value of '%.*s' is not closed, or holds '<' or '&'",
				    (int)an_min(40, (int64_t)a->name_len), a->name);
	if (r->p == r->end)
		return fail(r, "the file ends within a value");
	a->value_len = (size_t)(r->p++ - a->value);
	for (int i = 0; i < r->nr_attrs; i++)
		if (r->attrs[i].name_len == a->name_len &&
		    !memcmp(r->attrs[i].name, a->name, a->name_len))
			return fail(r, "attribute '%.*s' is given twice",
				    (int)an_min(40, (int64_t)a->name_len), a->name);
	r->nr_attrs++;
	return true;
}

/* The next tag; false at the end of the file or after a mistake. */
static bool next_tag(struct reader *r)
{
	for (;;) {
		skip_space(r);
		if (r->p == r->end)
			return false;
		if (*r->p != '<')
			return fail(r, "there is text outside of tags");
		if (starts(r, "<!--")) {
			if (!skip_past(r, "-->"))
				return false;
		} else if (starts(r, "<?")) {
			if (!skip_past(r, "?>"))
				return false;
		} else {
			break;
		}
	}
	r->p++;
	r->closing = r->p < r->end && *r->p == '/';
	r->p += r->closing;
	r->empty = false;
	r->nr_attrs = 0;
	r->tag_len = read_name(r, &r->tag);
	if (!r->tag_len)
		return fail(r, "a '<' begins no tag that CARTS's files have");
	for (;;) {
		skip_space(r);
		if (r->p == r->end)
			return fail(r, "the file ends within a tag");
		if (starts(r, "/>") && !r->closing) {
			r->empty = true;
			r->p += 2;
			return true;
		}
		if (*r->p == '>') {
			r->p++;
			return true;
		}
		if (r->closing)
			return fail(r, "a closing tag has attributes");
		if (!read_attribute(r))
			return false;
	}
}

static bool is_tag(const struct reader *r, const char *name)
{
	return r->tag_len == strlen(name) && !memcmp(r->tag, name, r->tag_len);
}

static const struct attribute *find(const struct reader *r, const char *name)
{
	for (int i = 0; i < r->nr_attrs; i++)
		if (r->attrs[i].name_len == strlen(name) &&
		    !memcmp(r->attrs[i].name, name, r->attrs[i].name_len))
			return &r->attrs[i];
	return NULL;
}

/* A decimal number times the unit, whole. Absent: *out is left, false only after a mistake. */
static bool number(struct reader *r, const char *name, bool needed, int64_t *out)
{
	const struct attribute *a = find(r, name);
	an_wide value = 0, scale = 1;
	bool point = false, digits = false;

	if (!a)
		return needed ? fail(r, "<%.*s> has no '%s'", (int)an_min(40, (int64_t)r->tag_len),
				     r->tag, name) :
				true;
	for (size_t i = 0; i < a->value_len; i++) {
		char c = a->value[i];

		if (c == '.' && !point) {
			point = true;
			continue;
		}
		digits = true;
		if (c < '0' || c > '9' || value > AN_MAX_TIME * (an_wide)1000000000 ||
		    (point && scale >= 1000000000 && c != '0'))
			return fail(
				r,
				"%s=\"%.*s\" is not a time from 0 to 10^15, with at most 9 decimals",
				name, (int)an_min(40, (int64_t)a->value_len), a->value);
		if (point && scale >= 1000000000)
			continue;
		value = value * 10 + (c - '0');
		scale *= point ? 10 : 1;
	}
	if (!digits)
		return fail(r, "%s=\"\" is no number", name);
	value *= r->unit;
	if (value % scale)
		return fail(r, "%s=\"%.*s\" is not a whole number of ns; a smaller unit is needed",
			    name, (int)an_min(40, (int64_t)a->value_len), a->value);
	if (value / scale > AN_MAX_TIME)
		return fail(r, "%s=\"%.*s\" is longer than 10^15 ns (11 days)", name,
			    (int)an_min(40, (int64_t)a->value_len), a->value);
	*out = (int64_t)(value / scale);
	return true;
}

static bool read_text(struct reader *r, const char *name, char *out, size_t len)
{
	const struct attribute *a = find(r, name);

	if (!a)
		return true;
	if (a->value_len >= len)
		return fail(r, "the value of '%s' is longer than %zu letters", name, len - 1);
	for (size_t i = 0; i < a->value_len; i++)
		if ((unsigned char)a->value[i] < ' ' || (unsigned char)a->value[i] == 127)
			return fail(r, "the value of '%s' has a control character", name);
	memcpy(out, a->value, a->value_len);
	out[a->value_len] = '\0';
	return true;
}

static bool same(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a | 32) != (*b | 32))
			return false;
	return *a == *b;
}

static bool read_task(struct reader *r, struct an_vm *vm)
{
	struct an_task *bigger, t = { 0 };

	if (vm->nr_tasks == AN_MAX_TASKS)
		return fail(r, "a component has more than %d tasks", AN_MAX_TASKS);
	if (!number(r, "p", true, &t.period) || !number(r, "e", true, &t.cost))
		return false;
	t.deadline = t.period;
	if (!number(r, "d", false, &t.deadline) || !read_text(r, "name", t.name, sizeof(t.name)))
		return false;
	if (!t.name[0])
		snprintf(t.name, sizeof(t.name), "T%d", vm->nr_tasks + 1);
	/* room doubles: at powers of two */
	if (!(vm->nr_tasks & (vm->nr_tasks - 1))) {
		size_t room = vm->nr_tasks ? 2 * (size_t)vm->nr_tasks : 1;

		bigger = realloc(vm->tasks, room * sizeof(t));
		if (!bigger)
			return fail(r, "no memory");
		vm->tasks = bigger;
	}
	vm->tasks[vm->nr_tasks++] = t;
	r->err[0] = '\0';
	if (an_tasks_valid(&vm->tasks[vm->nr_tasks - 1], 1, r->err, r->errlen)) {
		char what[200];

		snprintf(what, sizeof(what), "%s", r->err);
		return fail(r, "%s", what);
	}
	return true;
}

static bool expect_close(struct reader *r, const char *name)
{
	if (r->empty)
		return true;
	if (!next_tag(r))
		return fail(r, "the file ends within <%s>", name);
	if (!r->closing || !is_tag(r, name))
		return fail(r, "<%s> should be closed here", name);
	return true;
}

static bool read_component(struct reader *r)
{
	static const char *const guests[] = {
		"EDF", "RM", "DM", "FP", "gEDF", "pEDF", "pRM", "pDM"
	};
	struct an_system *sys = r->sys;
	struct an_vm *vm;
	char word[AN_NAME_LEN] = "EDF";
	int guest = 0;

	if (sys->nr_vms == AN_MAX_SERVERS)
		return fail(r, "there are more than %d components", AN_MAX_SERVERS);
	vm = realloc(sys->vms, ((size_t)sys->nr_vms + 1) * sizeof(*vm));
	if (!vm)
		return fail(r, "no memory");
	sys->vms = vm;
	vm = &sys->vms[sys->nr_vms];
	*vm = (struct an_vm){ .min_period = r->min_period, .max_period = r->max_period };
	snprintf(vm->name, sizeof(vm->name), "C%d", ++sys->nr_vms);
	if (!read_text(r, "name", vm->name, sizeof(vm->name)) ||
	    !read_text(r, "scheduler", word, sizeof(word)) ||
	    !number(r, "min_period", false, &vm->min_period) ||
	    !number(r, "max_period", false, &vm->max_period) ||
	    (find(r, "period") && (!number(r, "period", true, &vm->min_period) ||
				   !number(r, "period", true, &vm->max_period))))
		return false;
	while (guest < 8 && !same(word, guests[guest]))
		guest++;
	if (guest == 8)
		return fail(r, "scheduler=\"%s\" is none of EDF, RM, DM, gEDF, pEDF, pRM, pDM",
			    word);
	if (vm->max_period && vm->min_period > vm->max_period)
		return fail(r, "min_period is above max_period");
	vm->guest = (enum an_guest)guest;
	vm->model = vm->guest == AN_GUEST_GEDF ? AN_MODEL_MPR : AN_MODEL_PRM;
	if (r->empty)
		return fail(r, "component %s has no task", vm->name);
	while (next_tag(r)) {
		if (r->closing) {
			if (!is_tag(r, "component"))
				return fail(r, "<component> should be closed here");
			return vm->nr_tasks ? true : fail(r, "component %s has no task", vm->name);
		}
		if (is_tag(r, "component"))
			return fail(
				r,
				"a component inside a component is not supported; give its leaves");
		if (!is_tag(r, "task"))
			return fail(r, "<%.*s> is neither task nor component",
				    (int)an_min(40, (int64_t)r->tag_len), r->tag);
		if (!read_task(r, vm) || !expect_close(r, "task"))
			return false;
	}
	return fail(r, "the file ends within <component>");
}

static bool read_system(struct reader *r)
{
	char word[AN_NAME_LEN] = "EDF";

	if (!next_tag(r))
		return fail(r, "there is no <system>");
	if (r->closing || !is_tag(r, "system"))
		return fail(r, "the file begins with another element than <system>");
	if (!read_text(r, "os_scheduler", word, sizeof(word)) ||
	    !number(r, "min_period", false, &r->min_period) ||
	    !number(r, "max_period", false, &r->max_period) ||
	    (find(r, "period") && (!number(r, "period", true, &r->min_period) ||
				   !number(r, "period", true, &r->max_period))))
		return false;
	r->sys->host.partitioned = false;
	if (same(word, "EDF") || same(word, "gEDF"))
		r->sys->host.rule = AN_EDF;
	else if (same(word, "RM"))
		r->sys->host.rule = AN_RM;
	else if (same(word, "DM"))
		r->sys->host.rule = AN_DM;
	else
		return fail(r, "os_scheduler=\"%s\" is none of EDF, RM, DM, gEDF", word);
	if (r->empty)
		return fail(r, "the system has no component");
	while (next_tag(r)) {
		if (r->closing) {
			if (!is_tag(r, "system"))
				return fail(r, "<system> should be closed here");
			if (!r->sys->nr_vms)
				return fail(r, "the system has no component");
			return next_tag(r) ? fail(r, "something follows </system>") : !r->failed;
		}
		if (!is_tag(r, "component"))
			return fail(r, "<%.*s> is no component",
				    (int)an_min(40, (int64_t)r->tag_len), r->tag);
		if (!read_component(r))
			return false;
	}
	return fail(r, "the file ends within <system>");
}

struct an_system *an_carts_read(const char *text, size_t len, int64_t unit, char *err,
				size_t errlen)
{
	struct reader r = {
		.p = text, .end = text + len, .line = 1, .unit = unit, .err = err, .errlen = errlen
	};

	r.sys = calloc(1, sizeof(*r.sys));
	if (!r.sys) {
		snprintf(err, errlen, "0: no memory");
		return NULL;
	}
	r.sys->grain = 1;
	r.sys->kind = AN_PERIODIC;
	if (read_system(&r))
		return r.sys;
	an_system_free(r.sys);
	free(r.sys);
	return NULL;
}

/* -- writing ----------------------------------------------------------------------------- */

static void put_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			putc(*text, f);
		}
	}
}

/* In units, rounded up to the ninth decimal; zeros at the end left out. */
static void put_time(FILE *f, const char *name, int64_t ns, int64_t unit)
{
	an_wide billionths = an_ceil((an_wide)ns * 1000000000, unit);
	int64_t whole = (int64_t)(billionths / 1000000000),
		rest = (int64_t)(billionths % 1000000000);
	char decimals[16];
	size_t n = (size_t)snprintf(decimals, sizeof(decimals), "%09lld", (long long)rest);

	while (n && decimals[n - 1] == '0')
		decimals[--n] = '\0';
	fprintf(f, " %s=\"%lld%s%s\"", name, (long long)whole, n ? "." : "", decimals);
}

static void put_vm(FILE *f, const struct an_vm *vm, int64_t unit)
{
	static const char *const guests[] = {
		"EDF", "RM", "DM", "FP", "gEDF", "pEDF", "pRM", "pDM"
	};
	int64_t total = 0;

	fputs("  <component name=\"", f);
	put_text(f, vm->name);
	fprintf(f, "\" scheduler=\"%s\">\n    <resource>\n", guests[vm->guest]);
	if (!vm->found) {
		fprintf(f, "      <model cpus=\"0\" period=\"0\" execution_time=\"%s\"/>\n",
			INFEASIBLE);
	} else {
		for (int i = 0; i < vm->nr_vcpus; i++)
			total += vm->vcpus[i].budget;
		fprintf(f, "      <model cpus=\"%d\"", vm->nr_vcpus);
		put_time(f, "period", vm->vcpus[0].period, unit);
		put_time(f, "execution_time", total, unit);
		if (vm->supply.kind == AN_EDP)
			put_time(f, "deadline", vm->vcpus[0].deadline, unit);
		fprintf(f, " bandwidth=\"%.6f\"/>\n", (double)total / (double)vm->vcpus[0].period);
	}
	fputs("    </resource>\n", f);
	for (int i = 0; vm->found && i < vm->nr_vcpus; i++) {
		fputs("    <processed_task name=\"", f);
		put_text(f, vm->vcpus[i].name);
		putc('"', f);
		put_time(f, "period", vm->vcpus[i].period, unit);
		put_time(f, "execution_time", vm->vcpus[i].budget, unit);
		put_time(f, "deadline", vm->vcpus[i].deadline, unit);
		fputs("/>\n", f);
	}
	fputs("  </component>\n", f);
}

char *an_carts_write(const struct an_system *sys, int64_t unit)
{
	static const char *const rules[] = { "EDF", "RM", "DM", "FP" };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fprintf(f, "<system os_scheduler=\"%s\">\n", rules[sys->host.rule]);
	for (int v = 0; v < sys->nr_vms; v++)
		put_vm(f, &sys->vms[v], unit);
	fputs("</system>\n", f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
