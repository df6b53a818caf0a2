// SPDX-License-Identifier: GPL-2.0-or-later
/* From a request to a verb and back: who may, what it says, and how a refusal is worded. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/settings.h"
#include "control/verbs.h"

json_t *rotad_error(int code, const char *fmt, ...)
{
	char text[CONTROL_ERROR_LEN];
	va_list args;
	json_t *o;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	o = json_pack("{si si ss}", "version", PROTOCOL_VERSION, "code", code, "error", text);
	/* Cut within a character: what is left is no UTF-8. */
	return o ? o : json_pack("{si si ss}", "version", PROTOCOL_VERSION, "code", code, "error", "refused");
}

json_t *refuse(struct request *r, int code, const char *fmt, ...)
{
	va_list args;

	if (r->code)
		return NULL;
	r->code = code ? code : EINVAL;
	va_start(args, fmt);
	vsnprintf(r->error, sizeof(r->error), fmt, args);
	va_end(args);
	return NULL;
}

void warn(struct request *r, const char *fmt, ...)
{
	char text[CONTROL_ERROR_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!r->warnings)
		r->warnings = json_array();
	json_array_append_new(r->warnings, json_string(text));
}

const char *error_words(int err)
{
	switch (-err) {
	case EINVAL:
		return "Invalid argument";
	case EBUSY:
		return "Device or resource busy";
	case ENODEV:
		return "No such device";
	case EADDRNOTAVAIL:
		return "Cannot assign requested address";
	case EADDRINUSE:
		return "Address already in use";
	case EAGAIN:
		return "it could not be done at once; try again";
	case ETIMEDOUT:
		return "the scheduler did not carry it out within 5 s";
	case ENOTSUP:
		return "this host can't do that";
	default:
		return strerror(-err);
	}
}

/* ---- parts of a request ---- */

bool ask_string(struct request *r, const char *key, bool needed, const char **out)
{
	json_t *v = json_object_get(r->in, key);

	if (!v && !needed)
		return true;
	if (!json_is_string(v)) {
		refuse(r, EINVAL, v ? "%s must be a string" : "the request needs %s, a string", key);
		return false;
	}
	*out = json_string_value(v);
	return true;
}

bool ask_number(struct request *r, const char *key, s64 *out, bool *given)
{
	json_t *v = json_object_get(r->in, key);

	*given = v != NULL;
	if (!v)
		return true;
	if (!json_is_integer(v)) {
		refuse(r, EINVAL, "%s must be a whole number", key);
		return false;
	}
	*out = json_integer_value(v);
	return true;
}

bool ask_flag(struct request *r, const char *key, bool *out)
{
	json_t *v = json_object_get(r->in, key);

	if (v && !json_is_boolean(v)) {
		refuse(r, EINVAL, "%s must be true or false", key);
		return false;
	}
	*out = json_is_true(v);
	return true;
}

static u64 plain_number(const char *text)
{
	char *end;
	u64 n;

	if (*text < '0' || *text > '9')
		return ~0ULL;
	errno = 0;
	n = strtoull(text, &end, 10);
	return *end || errno ? ~0ULL : n;
}

bool pool_exists(const struct rotad *d, u32 id)
{
	return id < d->host->limits.pools && d->host->pools[id].used;
}

bool domain_exists(const struct rotad *d, u32 id)
{
	struct domain_facts facts;

	return id < d->host->limits.domains && d->ops->facts(d->arg, id, &facts);
}

int rotad_find_pool(const struct rotad *d, const char *name)
{
	u64 n;

	FOR_EACH_POOL (d, id)
		if (!strcmp(d->pool_name[id], name))
			return (int)id;
	n = plain_number(name);
	return n < SCHED_MAX_POOLS && pool_exists(d, (u32)n) ? (int)n : -1;
}

/* As in xl, a number is an id first; a name that looks like one is found when no domain has that id. */
int rotad_find_domain(const struct rotad *d, const char *name)
{
	struct domain_facts facts;
	u64 n = plain_number(name);

	if (n < SCHED_MAX_DOMAINS && domain_exists(d, (u32)n))
		return (int)n;
	for (u32 id = 0; id < d->host->limits.domains; id++)
		if (d->ops->facts(d->arg, id, &facts) && !strcmp(facts.name, name))
			return (int)id;
	return -1;
}

void rotad_name_pools(struct rotad *d, const char *(*name)(void *arg, u32 id), void *arg)
{
	FOR_EACH_POOL (d, id)
		snprintf(d->pool_name[id], CONTROL_NAME_LEN, "%s", name(arg, id));
}

/* What names something, as text: a string, or a number in its figures. */
static bool ask_name(struct request *r, json_t *v, const char *key, char *text, size_t size)
{
	*text = 0;
	if (json_is_integer(v)) {
		snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return true;
	}
	if (!json_is_string(v)) {
		refuse(r, EINVAL, v ? "%s must be a name or a number" : "the request needs %s, a name or a number",
		       key);
		return false;
	}
	snprintf(text, size, "%s", json_string_value(v));
	return true;
}

bool domain_named(struct request *r, json_t *v, const char *key, u32 *id)
{
	char name[4 * CONTROL_NAME_LEN];
	int found;

	if (!ask_name(r, v, key, name, sizeof(name)))
		return false;
	found = rotad_find_domain(r->d, name);
	if (found < 0) {
		refuse(r, ESRCH, "%.64s is an invalid domain identifier", name);
		return false;
	}
	*id = (u32)found;
	return true;
}

bool ask_domain(struct request *r, bool needed, u32 *id)
{
	json_t *v = json_object_get(r->in, "domain");

	return (!v && !needed) || domain_named(r, v, "domain", id);
}

bool ask_pool(struct request *r, const char *key, bool needed, u32 *id)
{
	json_t *v = json_object_get(r->in, key);
	char name[4 * CONTROL_NAME_LEN];
	int found;

	if (!v && !needed)
		return true;
	if (!ask_name(r, v, key, name, sizeof(name)))
		return false;
	found = rotad_find_pool(r->d, name);
	if (found < 0) {
		refuse(r, ENOENT, "unknown cpupool '%.64s'", name);
		return false;
	}
	*id = (u32)found;
	return true;
}

bool ask_cpus(struct request *r, const char *key, bool needed, struct cpumask *out)
{
	const char *text = NULL;
	char error[CONTROL_ERROR_LEN];

	if (!ask_string(r, key, needed, &text))
		return false;
	if (text && cpulist_parse(r->d->host, text, out, error)) {
		refuse(r, EINVAL, "%s", error);
		return false;
	}
	return true;
}

bool good_name(struct request *r, const char *what, const char *name)
{
	size_t len = strlen(name);

	if (len && len < CONTROL_NAME_LEN && name[0] != ' ' && name[len - 1] != ' ') {
		size_t i = 0;

		while (i < len && name[i] >= ' ' && name[i] <= '~' && !strchr("%=\"\\", name[i]))
			i++;
		if (i == len)
			return true;
	}
	refuse(r, EINVAL,
	       "the name of a %s has 1 to %d printable ASCII characters, not %% = \" \\ and no blank at either end",
	       what, CONTROL_NAME_LEN - 1);
	return false;
}

u32 vcpus_of(const struct request *r, u32 domain, vcpu_t **vcpus, u32 max)
{
	return r->d->ops->vcpus(r->d->arg, domain, vcpus, max);
}

/* ---- to the verb and back ---- */

static const struct {
	const char *name;
	bool changes;
	verb_fn fn;
} verbs[] = {
	{ "info", false, verb_info },
	{ "status", false, verb_status },
	{ "list", false, verb_list },
	{ "vcpu-list", false, verb_vcpu_list },
	{ "cpupool-list", false, verb_pool_list },
	{ "sched", false, verb_sched },
	{ "sdom-list", false, verb_sdom_list },
	{ "turns", false, verb_turns },
	{ "dump", false, verb_dump },
	{ "sdom-attach", true, verb_sdom_attach },
	{ "sdom-detach", true, verb_sdom_detach },
	{ "announce", true, verb_announce },
	{ "sched-domain", true, verb_sched_domain },
	{ "sched-vcpu", true, verb_sched_vcpu },
	{ "sched-pool", true, verb_sched_pool },
	{ "turns-set", true, verb_turns_set },
	{ "vcpu-pin", true, verb_pin },
	{ "vcpu-set", true, verb_vcpu_set },
	{ "pause", true, verb_pause },
	{ "unpause", true, verb_unpause },
	{ "rename", true, verb_rename },
	{ "create", true, verb_create },
	{ "destroy", true, verb_destroy },
	{ "cpupool-create", true, verb_pool_create },
	{ "cpupool-destroy", true, verb_pool_destroy },
	{ "cpupool-rename", true, verb_pool_rename },
	{ "cpupool-cpu-add", true, verb_cpu_add },
	{ "cpupool-cpu-remove", true, verb_cpu_remove },
	{ "cpupool-migrate", true, verb_migrate },
	{ "cpupool-numa-split", true, verb_numa_split },
};

/* What is not saved is still set, and the answer says so. */
static void save(struct request *r, const char *verb)
{
	char error[CONTROL_ERROR_LEN] = "";

	if (settings_save(r->d, verb, r->in, error))
		warn(r, "%s", error);
}

static json_t *run_verb(struct request *r, size_t i, enum access access)
{
	bool lasting = false;
	json_t *answer;

	if (verbs[i].changes && access < ACCESS_CHANGE)
		return refuse(r, EPERM, "you may look, but not change anything; be root or in rotad's group");
	if (!ask_flag(r, "save", &lasting))
		return NULL;
	answer = verbs[i].fn(r);
	if (answer && lasting)
		save(r, verbs[i].name);
	return answer;
}

static json_t *find_verb(struct request *r, const char *name, enum access access)
{
	json_t *answer;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(name, verbs[i].name))
			return run_verb(r, i, access);
	/* A host's own verbs all change it. */
	if (r->d->ops->verb) {
		if (access < ACCESS_CHANGE)
			return refuse(r, EPERM, "you may look, but not change anything; be root or in rotad's group");
		answer = r->d->ops->verb(r->d->arg, name, r->in, r->error);
		if (answer)
			return answer;
		if (r->error[0]) {
			r->code = EINVAL;
			return NULL;
		}
	}
	return refuse(r, ENOSYS, "there is no verb '%.32s'", name);
}

json_t *rotad_answer(struct rotad *d, json_t *request, enum access access)
{
	struct request r = { .d = d, .in = request };
	json_t *version = json_object_get(request, "version"), *answer = NULL;
	const char *verb = json_string_value(json_object_get(request, "verb"));

	if (access < ACCESS_READ)
		refuse(&r, EPERM, "you may not talk to this rotad; be root or in its group");
	else if (!json_is_integer(version) || json_integer_value(version) != PROTOCOL_VERSION)
		refuse(&r, EPROTONOSUPPORT,
		       "this rotad speaks version %d of the protocol; use the rota that came with it",
		       PROTOCOL_VERSION);
	else if (!verb)
		refuse(&r, EINVAL, "a request needs a verb");
	else
		answer = find_verb(&r, verb, access);
	if (!answer) {
		undo_all(&r);
		json_decref(r.warnings);
		answer = rotad_error(r.code ? r.code : ENOMEM, "%s", r.code ? r.error : "not enough memory");
	} else {
		json_object_set_new(answer, "version", json_integer(PROTOCOL_VERSION));
		if (r.warnings)
			json_object_set_new(answer, "warnings", r.warnings);
	}
	free(r.undo);
	return answer;
}
