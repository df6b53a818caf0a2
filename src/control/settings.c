// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settings: reading, checking, writing; see settings.h. What is to be done about them is settings_apply.c.
 *
 * The saved file is replaced by rename(2), after its successor was written whole and reached the disk: whoever is
 * killed in between leaves one or the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/cpulist.h"
#include "control/settings_doc.h"
#include "control/yaml_json.h"

#define MAX_FILE (1 << 20)

/* ---- checking ---- */

struct checker {
	host_t *host;
	const char *file;
	char path[128];
	char *error;
};

static bool bad(const struct checker *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool bad(const struct checker *c, const char *fmt, ...)
{
	int n = snprintf(c->error, CONTROL_ERROR_LEN, "%s: %s: ", c->file, *c->path ? c->path : "settings");
	va_list args;

	va_start(args, fmt);
	if (n > 0 && n < CONTROL_ERROR_LEN)
		vsnprintf(c->error + n, CONTROL_ERROR_LEN - (size_t)n, fmt, args);
	va_end(args);
	return false;
}

enum kind { K_NAME, K_SDOM, K_PATTERN, K_TEXT, K_NUMBER, K_FLAG, K_CPUS, K_SCHED, K_OBJECT, K_VCPU, K_LIST };

struct rule {
	const char *key;
	enum kind kind;
	json_int_t least, most;
	const struct rule *of; /* K_OBJECT, K_LIST: of objects */
};

static const struct rule rt_rules[] = {
	{ "vcpu", K_VCPU, 0, 0, NULL },
	{ "period_us", K_NUMBER, 1, 4294967295LL, NULL },
	{ "budget_us", K_NUMBER, 0, 4294967295LL, NULL },
	{ "deadline_us", K_NUMBER, 0, 4294967295LL, NULL },
	{ "phase_us", K_NUMBER, 0, 4294967295LL, NULL },
	{ "latency_us", K_NUMBER, 0, 4294967295LL, NULL },
	{ "priority", K_NUMBER, 0, RT_MAX_PRIORITY, NULL },
	{ "extratime", K_FLAG, 0, 0, NULL },
	{ "server", K_TEXT, 0, 0, NULL },
	{ NULL, K_NAME, 0, 0, NULL },
};
static const struct rule pin_rules[] = {
	{ "vcpu", K_VCPU, 0, 0, NULL },
	{ "cpus", K_CPUS, 0, 0, NULL },
	{ "cpus_soft", K_CPUS, 0, 0, NULL },
	{ NULL, K_NAME, 0, 0, NULL },
};
static const struct rule domain_rules[] = {
	{ "name", K_PATTERN, 0, 0, NULL },
	{ "sdom", K_SDOM, 0, 0, NULL },
	{ "pool", K_NAME, 0, 0, NULL },
	{ "weight", K_NUMBER, 1, CREDIT_MAX_WEIGHT, NULL },
	{ "cap", K_NUMBER, 0, 100 * SCHED_MAX_DOMAIN_VCPUS, NULL },
	{ "cpus", K_CPUS, 0, 0, NULL },
	{ "cpus_soft", K_CPUS, 0, 0, NULL },
	{ "vcpu", K_LIST, 0, 0, pin_rules },
	{ "rt", K_LIST, 0, 0, rt_rules },
	{ NULL, K_NAME, 0, 0, NULL },
};
/* Without the name, and whom it is accounted to: that can't be all. */
#define default_rules (domain_rules + 2)
static const struct rule param_rules[] = {
	{ "tslice_ms", K_NUMBER, 1, 1000, NULL },
	{ "ratelimit_us", K_NUMBER, 0, 500000, NULL },
	{ "migration_delay_us", K_NUMBER, 0, 100000, NULL },
	{ "server", K_TEXT, 0, 0, NULL },
	{ "rule", K_TEXT, 0, 0, NULL },
	{ "placement", K_TEXT, 0, 0, NULL },
	{ "fit", K_TEXT, 0, 0, NULL },
	{ NULL, K_NAME, 0, 0, NULL },
};
static const struct rule micro_rules[] = {
	{ "mode", K_TEXT, 0, 0, NULL },
	{ "slice_us", K_NUMBER, 10, 10000, NULL },
	{ "limit", K_NUMBER, 0, SCHED_MAX_PCPUS, NULL },
	{ NULL, K_NAME, 0, 0, NULL },
};
static const struct rule pool_rules[] = {
	{ "name", K_NAME, 0, 0, NULL },	  { "sched", K_SCHED, 0, 0, NULL },
	{ "cpus", K_CPUS, 0, 0, NULL },	  { "params", K_OBJECT, 0, 0, param_rules },
	{ "parent", K_NAME, 0, 0, NULL }, { "micro", K_OBJECT, 0, 0, micro_rules },
	{ NULL, K_NAME, 0, 0, NULL },
};
static const struct rule access_rules[] = {
	{ "group", K_NAME, 0, 0, NULL },
	{ "others", K_TEXT, 0, 0, NULL },
	{ NULL, K_NAME, 0, 0, NULL },
};
static const struct rule top_rules[] = {
	{ "access", K_OBJECT, 0, 0, access_rules },    { "pools", K_LIST, 0, 0, pool_rules },
	{ "defaults", K_OBJECT, 0, 0, default_rules }, { "domains", K_LIST, 0, 0, domain_rules },
	{ "announced", K_LIST, 0, 0, domain_rules },   { NULL, K_NAME, 0, 0, NULL },
};

static bool plain_text(const char *text, size_t most)
{
	size_t len = text ? strlen(text) : 0;

	if (!len || len > most)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

static bool check_scalar(struct checker *c, const struct rule *r, json_t *v)
{
	const char *text = json_string_value(v);
	char number[32], error[CONTROL_ERROR_LEN];
	struct cpumask mask;

	switch (r->kind) {
	case K_NUMBER:
		if (!json_is_integer(v) || json_integer_value(v) < r->least || json_integer_value(v) > r->most)
			return bad(c, "must be a whole number from %lld to %lld", (long long)r->least,
				   (long long)r->most);
		return true;
	case K_FLAG:
		return json_is_boolean(v) || bad(c, "must be true or false");
	case K_VCPU:
		if (json_is_integer(v))
			return (json_integer_value(v) >= 0 && json_integer_value(v) < SCHED_MAX_DOMAIN_VCPUS) ||
			       bad(c, "must be 0 to %d", SCHED_MAX_DOMAIN_VCPUS - 1);
		return (text && !strcmp(text, "all")) || bad(c, "must be a number or all");
	case K_CPUS:
		/* A single CPU is a number to YAML. */
		if (json_is_integer(v)) {
			snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
			text = number;
		}
		if (!text || cpulist_parse(c->host, text, &mask, error))
			return bad(c, "must be a list of CPUs like \"0-3,^2\", \"node:1\" or all");
		return !mask_empty(&mask, c->host->mask_words) || bad(c, "names no CPU of this host");
	case K_SDOM:
		return json_is_false(v) || plain_text(text, CONTROL_NAME_LEN - 1) ||
		       bad(c, "must be the name of a domain, or false");
	case K_SCHED:
		return (text && sched_find(text) >= 0) || bad(c, "is no scheduler");
	default:
		return plain_text(text, r->kind == K_PATTERN ? 255 : CONTROL_NAME_LEN - 1) ||
		       bad(c, "must be a text of printable ASCII characters");
	}
}

static bool check_object(struct checker *c, const struct rule *rules, json_t *o, bool top);

static bool check_list(struct checker *c, const struct rule *rules, json_t *list)
{
	size_t len = strlen(c->path), i;
	json_t *o;

	if (!json_is_array(list))
		return bad(c, "must be a list");
	json_array_foreach(list, i, o)
	{
		snprintf(c->path + len, sizeof(c->path) - len, "[%zu]", i);
		if (!check_object(c, rules, o, false))
			return false;
		if (rules != pin_rules && rules != rt_rules && !json_object_get(o, "name"))
			return bad(c, "needs a name");
		c->path[len] = 0;
	}
	return true;
}

/* Two levels of lists at most: `top` may have lists of objects that have lists; those have scalars. */
static bool check_object(struct checker *c, const struct rule *rules, json_t *o, bool top)
{
	size_t len = strlen(c->path);
	const char *key;
	json_t *v;

	if (!json_is_object(o))
		return bad(c, "must be a mapping");
	json_object_foreach(o, key, v)
	{
		const struct rule *r = rules;

		while (r->key && strcmp(r->key, key))
			r++;
		if (!r->key)
			return bad(c, "there is no key '%.32s'", plain_text(key, 32) ? key : "?");
		snprintf(c->path + len, sizeof(c->path) - len, "%s%s", top ? "" : ".", key);
		if (r->kind == K_LIST	? !check_list(c, r->of, v) :
		    r->kind == K_OBJECT ? !check_object(c, r->of, v, false) :
					  !check_scalar(c, r, v))
			return false;
		c->path[len] = 0;
	}
	return true;
}

bool settings_check(host_t *host, const char *file, json_t *doc, char *error)
{
	struct checker c = { .host = host, .file = file, .error = error };
	const char *others;

	/* An empty file says nothing. */
	if (json_is_null(doc))
		return true;
	if (!check_object(&c, top_rules, doc, true))
		return false;
	others = json_string_value(json_object_get(json_object_get(doc, "access"), "others"));
	snprintf(c.path, sizeof(c.path), "access.others");
	return !others || !strcmp(others, "read") || !strcmp(others, "none") || bad(&c, "must be read or none");
}

/* ---- reading ---- */

static json_t *read_file(host_t *host, const char *file, bool needed, char *error)
{
	FILE *f = fopen(file, "re");
	json_t *doc = NULL;
	char *text;
	size_t n;

	if (!f && errno == ENOENT && !needed)
		return json_object();
	if (!f) {
		snprintf(error, CONTROL_ERROR_LEN, "%s can't be read: %s", file, strerror(errno));
		return NULL;
	}
	text = malloc(MAX_FILE + 1);
	n = text ? fread(text, 1, MAX_FILE + 1, f) : 0;
	if (!text || n > MAX_FILE || ferror(f))
		snprintf(error, CONTROL_ERROR_LEN, "%s is larger than 1 MiB, or can't be read", file);
	else
		doc = yaml_json(file, text, n, error);
	free(text);
	fclose(f);
	if (doc && !settings_check(host, file, doc, error)) {
		json_decref(doc);
		return NULL;
	}
	if (json_is_null(doc)) {
		json_decref(doc);
		doc = json_object();
	}
	return doc;
}

/*
 * Who is accounted to another can't have others accounted to it: of all that is wanted, in both files together. @file
 * is the one that is looked at.
 */
static bool no_chains(const struct settings *s, const char *file, json_t *doc, const char *list, char *error)
{
	struct checker c = { .file = file, .error = error };
	json_t *e, *to;
	const char *sdom;
	size_t i;

	json_array_foreach(json_object_get(doc, list), i, e)
	{
		snprintf(c.path, sizeof(c.path), "%s[%zu].sdom", list, i);
		sdom = json_string_value(json_object_get(e, "sdom"));
		if (!sdom)
			continue;
		to = settings_wanted(s, sdom);
		if (json_is_string(json_object_get(to, "sdom"))) {
			bad(&c, "'%s' can't have others accounted to it: it is to be accounted to '%s' itself", sdom,
			    json_string_value(json_object_get(to, "sdom")));
			json_decref(to);
			return false;
		}
		json_decref(to);
	}
	return true;
}

bool settings_consistent(const struct settings *s, const char *file, char *error)
{
	return no_chains(s, file, s->written, "domains", error) &&
	       no_chains(s, s->path, s->saved, "announced", error) && no_chains(s, s->path, s->saved, "domains", error);
}

struct settings *settings_open(host_t *host, const char *file, bool needed, const char *saved, char *error)
{
	struct settings *s = calloc(1, sizeof(*s));

	if (s) {
		s->written = read_file(host, file, needed, error);
		s->saved = s->written ? read_file(host, saved, false, error) : NULL;
		s->path = strdup(saved);
		s->seen = calloc(host->limits.domains, sizeof(*s->seen));
	}
	if (s && s->written && s->saved && s->path && s->seen && settings_consistent(s, file, error))
		return s;
	settings_close(s);
	return NULL;
}

void settings_close(struct settings *s)
{
	if (!s)
		return;
	json_decref(s->written);
	json_decref(s->saved);
	free(s->path);
	free(s->seen);
	free(s);
}

const char *settings_group(const struct settings *s)
{
	return json_string_value(json_object_get(json_object_get(s->written, "access"), "group"));
}

bool settings_others_read(const struct settings *s)
{
	const char *o = json_string_value(json_object_get(json_object_get(s->written, "access"), "others"));

	return o && !strcmp(o, "read");
}

/* ---- writing ---- */

static int sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

static void make_folder(const char *path)
{
	char *copy = strdup(path);

	if (copy)
		mkdir(dirname(copy), 0755);
	free(copy);
}

int settings_write(struct settings *s, char *error)
{
	char next[PATH_MAX], *text = json_dumps(s->saved, JSON_INDENT(1) | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	size_t len = text ? strlen(text) : 0, done = 0;
	int fd;

	make_folder(s->path);
	if (!text || snprintf(next, sizeof(next), "%s.new", s->path) >= (int)sizeof(next)) {
		snprintf(error, CONTROL_ERROR_LEN, "not enough memory to save");
		free(text);
		return -1;
	}
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	free(text);
	if (fd < 0 || done < len || write(fd, "\n", 1) != 1 || fsync(fd) || rename(next, s->path)) {
		snprintf(error, CONTROL_ERROR_LEN, "it is set, but could not be saved to %s: %s", s->path,
			 strerror(errno));
		if (fd >= 0)
			close(fd);
		unlink(next);
		return -1;
	}
	close(fd);
	sync_folder(s->path);
	return 0;
}
