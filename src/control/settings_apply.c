// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settings into deeds: each is put to rotad as the request that a person would have made, so it is checked and carried
 * out, or refused whole, like that.
 *
 * And deeds into settings: --save notes how what a request was about is now, not the request.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "control/settings_doc.h"
#include "control/verbs.h"

/* Put a request; takes it over. False when refused, which is told. */
static bool put(struct rotad *d, settings_say say, const char *about, json_t *request)
{
	json_t *answer;
	const char *error;

	json_object_set_new(request, "version", json_integer(PROTOCOL_VERSION));
	answer = rotad_answer(d, request, ACCESS_CHANGE);
	error = json_string_value(json_object_get(answer, "error"));
	if (error && say) {
		char text[CONTROL_ERROR_LEN + 128];

		snprintf(text, sizeof(text), "settings of %s: %s", about, error);
		say(text);
	}
	json_decref(request);
	json_decref(answer);
	return !error;
}

/* "4" of a file is a number; a request's lists are strings. */
static json_t *cpus_text(json_t *v)
{
	char text[32];

	if (!json_is_integer(v))
		return json_incref(v);
	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
	return json_string(text);
}

/* ---- pools ---- */

/* The pCPUs that the pool is to have leave the pool that has them, if that may lose them. */
static void free_cpus_for(struct rotad *d, settings_say say, const char *name, int pool, json_t *cpus)
{
	json_t *list = cpus_text(cpus);
	char error[CONTROL_ERROR_LEN];
	struct cpumask want;

	if (!cpulist_parse(d->host, json_string_value(list), &want, error))
		for_each_cpu (c, &want, d->host->mask_words) {
			cpupool_t *has = d->host->pcpus[c].pool;
			char one[16];

			if (!has || (int)has->id == pool)
				continue;
			snprintf(one, sizeof(one), "%d", c);
			put(d, say, name,
			    json_pack("{ss si ss}", "verb", "cpupool-cpu-remove", "pool", (int)has->id, "cpus", one));
		}
	json_decref(list);
}

static void add_missing(struct rotad *d, settings_say say, const char *name, int pool, json_t *cpus)
{
	json_t *list = cpus_text(cpus);
	char error[CONTROL_ERROR_LEN], one[16];
	struct cpumask want;

	if (!cpulist_parse(d->host, json_string_value(list), &want, error))
		for_each_cpu (c, &want, d->host->mask_words) {
			if (d->host->pcpus[c].pool)
				continue;
			snprintf(one, sizeof(one), "%d", c);
			put(d, say, name,
			    json_pack("{ss si ss}", "verb", "cpupool-cpu-add", "pool", pool, "cpus", one));
		}
	json_decref(list);
}

static json_t *creation(json_t *p)
{
	json_t *r = json_pack("{ss sO sO*}", "verb", "cpupool-create", "name", json_object_get(p, "name"), "sched",
			      json_object_get(p, "sched")),
	       *v;
	const char *key;
	char as[64];

	if (!json_object_get(p, "parent"))
		return r;
	json_object_set_new(r, "hidden", json_true());
	json_object_set(r, "parent", json_object_get(p, "parent"));
	json_object_foreach(json_object_get(p, "micro"), key, v)
	{
		snprintf(as, sizeof(as), "micro_%s", key);
		json_object_set(r, as, v);
	}
	return r;
}

static void apply_pool(struct rotad *d, settings_say say, json_t *p)
{
	const char *name = json_string_value(json_object_get(p, "name")), *key;
	json_t *sched = json_object_get(p, "sched"), *cpus = json_object_get(p, "cpus"), *v, *r;
	int id = rotad_find_pool(d, name);

	if (id >= 0 && sched && strcmp(json_string_value(sched), sched_name(d->host->pools[id].sched))) {
		char text[CONTROL_ERROR_LEN];

		snprintf(text, sizeof(text), "settings of cpupool %s: it is there and has %s", name,
			 sched_name(d->host->pools[id].sched));
		say(text);
		return;
	}
	if (id < 0 && put(d, say, name, creation(p)))
		id = rotad_find_pool(d, name);
	if (id < 0)
		return;
	if (cpus) {
		free_cpus_for(d, say, name, id, cpus);
		add_missing(d, say, name, id, cpus);
	}
	if (!json_object_size(json_object_get(p, "params")))
		return;
	r = json_pack("{ss ss si}", "verb", "sched-pool", "sched", sched_name(d->host->pools[id].sched), "pool", id);
	json_object_foreach(json_object_get(p, "params"), key, v) json_object_set(r, key, v);
	put(d, say, name, r);
}

void settings_apply_pools(struct rotad *d, settings_say say)
{
	json_t *const docs[] = { d->settings->written, d->settings->saved };
	json_t *p;
	size_t i;

	for (int k = 0; k < 2; k++)
		json_array_foreach(json_object_get(docs[k], "pools"), i, p) apply_pool(d, say, p);
}

/* ---- domains ---- */

static void update_by_name(json_t *all, json_t *list, const char *name)
{
	json_t *e;
	size_t i;

	json_array_foreach(list, i, e) if (!strcmp(json_string_value(json_object_get(e, "name")), name))
		json_object_update(all, e);
}

json_t *settings_wanted(const struct settings *s, const char *name)
{
	json_t *all = json_copy(json_object_get(s->written, "defaults")), *e;
	size_t i;

	if (!all)
		all = json_object();
	json_array_foreach(json_object_get(s->written, "domains"), i, e)
	{
		if (fnmatch(json_string_value(json_object_get(e, "name")), name, 0))
			continue;
		json_object_update(all, e);
		break;
	}
	update_by_name(all, json_object_get(s->saved, "announced"), name);
	update_by_name(all, json_object_get(s->saved, "domains"), name);
	json_object_del(all, "name");
	return all;
}

static void put_pin(struct rotad *d, settings_say say, const char *name, u32 id, json_t *vcpu, json_t *from)
{
	json_t *hard = json_object_get(from, "cpus"), *soft = json_object_get(from, "cpus_soft");
	json_t *r = json_pack("{ss si sO}", "verb", "vcpu-pin", "domain", (int)id, "vcpu", vcpu);

	if (hard)
		json_object_set_new(r, "hard", cpus_text(hard));
	if (soft)
		json_object_set_new(r, "soft", cpus_text(soft));
	put(d, say, name, r);
}

static void apply_affinity(struct rotad *d, settings_say say, const char *name, u32 id, json_t *want)
{
	json_t *all = json_string("all"), *e;
	size_t i;

	if (json_object_get(want, "cpus") || json_object_get(want, "cpus_soft"))
		put_pin(d, say, name, id, all, want);
	json_array_foreach(json_object_get(want, "vcpu"), i, e)
		put_pin(d, say, name, id, json_object_get(e, "vcpu") ? json_object_get(e, "vcpu") : all, e);
	json_decref(all);
}

static void apply_sched(struct rotad *d, settings_say say, const char *name, u32 id, json_t *want)
{
	const char *sched = sched_name(d->host->domains[id].pool->sched);
	json_t *weight = json_object_get(want, "weight"), *cap = json_object_get(want, "cap"),
	       *rt = json_object_get(want, "rt");

	if ((weight || cap) && (!strcmp(sched, "credit") || !strcmp(sched, "credit2")))
		put(d, say, name,
		    json_pack("{ss ss si sO* sO*}", "verb", "sched-domain", "sched", sched, "domain", (int)id, "weight",
			      weight, "cap", cap));
	if (json_array_size(rt) && (!strcmp(sched, "rtds") || !strcmp(sched, "rtxen") || !strcmp(sched, "sedf"))) {
		json_t *set = json_deep_copy(rt), *e;
		size_t i;

		json_array_foreach(set, i, e) if (!json_object_get(e, "vcpu"))
			json_object_set_new(e, "vcpu", json_string("all"));
		put(d, say, name,
		    json_pack("{ss ss si so}", "verb", "sched-vcpu", "sched", sched, "domain", (int)id, "set", set));
	}
}

static void apply_domain(struct rotad *d, settings_say say, const char *name, u32 id, json_t *config)
{
	json_t *want = settings_wanted(d->settings, name), *pool;
	const char *key;
	json_t *v;

	/* What the domain's own configuration says comes first. */
	json_object_foreach(config, key, v) json_object_del(want, key);
	if (json_object_get(config, "cpus") || json_object_get(config, "cpus_soft"))
		json_object_del(want, "vcpu");
	if (json_object_get(config, "period_us") || json_object_get(config, "budget_us"))
		json_object_del(want, "rt");
	pool = json_object_get(want, "pool");
	if (pool && id)
		put(d, say, name, json_pack("{ss si sO}", "verb", "cpupool-migrate", "domain", (int)id, "pool", pool));
	apply_affinity(d, say, name, id, want);
	apply_sched(d, say, name, id, want);
	json_decref(want);
}

/* Is the domain @id, which has had its settings, to be accounted to one called @name? */
static bool wants_sdom(struct rotad *d, u32 id, const char *name)
{
	json_t *want = settings_wanted(d->settings, d->settings->seen[id].name);
	const char *sdom = json_string_value(json_object_get(want, "sdom"));
	bool yes = sdom && !strcmp(sdom, name) && !d->host->domains[id].sdom;

	json_decref(want);
	return yes;
}

/* The domain @id has come: it is accounted to whom it should be, and who should be to it, if they are there. */
static void apply_sdoms(struct rotad *d, settings_say say, const char *name, u32 id)
{
	for (u32 other = 0; other < d->host->limits.domains; other++) {
		const char *its = d->settings->seen[other].name;

		if (!*its || other == id)
			continue;
		if (wants_sdom(d, id, its))
			put(d, say, name,
			    json_pack("{ss si s[i]}", "verb", "sdom-attach", "sdom", (int)other, "domains", (int)id));
		if (wants_sdom(d, other, name))
			put(d, say, its,
			    json_pack("{ss si s[i]}", "verb", "sdom-attach", "sdom", (int)id, "domains", (int)other));
	}
}

static void know(struct settings *s, u32 id, const struct domain_facts *facts)
{
	snprintf(s->seen[id].name, CONTROL_NAME_LEN, "%s", facts->name);
	s->seen[id].start_ns = facts->start_ns;
}

void settings_look(struct rotad *d, settings_say say)
{
	struct settings *s = d->settings;

	for (u32 id = 0; id < d->host->limits.domains; id++) {
		struct domain_facts facts;
		char name[CONTROL_NAME_LEN];

		if (!d->ops->facts(d->arg, id, &facts)) {
			s->seen[id].name[0] = 0;
			continue;
		}
		/* A new name of the same domain is no new domain. */
		if (*s->seen[id].name && s->seen[id].start_ns == facts.start_ns)
			continue;
		snprintf(name, sizeof(name), "%s", facts.name);
		know(s, id, &facts);
		apply_domain(d, say, name, id, NULL);
		apply_sdoms(d, say, name, id);
	}
}

void settings_born(struct rotad *d, u32 id, json_t *config)
{
	struct domain_facts facts;
	char name[CONTROL_NAME_LEN];

	if (!d->settings || !d->ops->facts(d->arg, id, &facts))
		return;
	snprintf(name, sizeof(name), "%s", facts.name);
	know(d->settings, id, &facts);
	apply_domain(d, NULL, name, id, config);
	apply_sdoms(d, NULL, name, id);
}

/* ---- announced by libvirt ---- */

/* Into the saved document; NULL: out of it. */
static void set_announced(struct settings *s, const char *name, json_t *entry)
{
	json_t *all = json_object_get(s->saved, "announced"), *e;
	size_t i;

	if (!all) {
		all = json_array();
		json_object_set_new(s->saved, "announced", all);
	}
	json_array_foreach(all, i, e) if (!strcmp(json_string_value(json_object_get(e, "name")), name))
	{
		json_array_remove(all, i);
		break;
	}
	if (entry)
		json_array_append(all, entry);
	if (!json_array_size(all))
		json_object_del(s->saved, "announced");
}

int settings_announce(struct rotad *d, const char *name, json_t *settings, char *error)
{
	struct settings *s = d->settings;
	json_t *entry = NULL, *doc = NULL, *before = json_deep_copy(s->saved);
	bool good = true;
	int id;

	if (settings) {
		entry = json_deep_copy(settings);
		json_object_set_new(entry, "name", json_string(name));
		doc = json_pack("{s[O]}", "announced", entry);
		good = settings_check(d->host, "what is announced", doc, error);
	}
	if (good) {
		set_announced(s, name, entry);
		good = json_equal(before, s->saved) ||
		       (settings_consistent(s, "rota.yaml", error) && !settings_write(s, error));
	}
	json_decref(doc);
	json_decref(entry);
	if (!good) {
		json_decref(s->saved);
		s->saved = before;
		return -1;
	}
	json_decref(before);
	/* It may be there already: libvirt was started again, or rotad was late. */
	id = settings ? rotad_find_domain(d, name) : -1;
	if (id >= 0 && *s->seen[id].name) {
		apply_domain(d, NULL, name, (u32)id, NULL);
		apply_sdoms(d, NULL, name, (u32)id);
	}
	return 0;
}

/* ---- --save ---- */

/* The entry of this name in a list of the saved file; made if there is none. */
static json_t *entry(struct settings *s, const char *list, const char *name)
{
	json_t *all = json_object_get(s->saved, list), *e;
	size_t i;

	if (!all) {
		all = json_array();
		json_object_set_new(s->saved, list, all);
	}
	json_array_foreach(all, i, e) if (!strcmp(json_string_value(json_object_get(e, "name")), name)) return e;
	e = json_pack("{ss}", "name", name);
	json_array_append_new(all, e);
	return e;
}

static void save_affinity(struct request *r, u32 id, json_t *e)
{
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = vcpus_of(r, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);
	char hard[4 * SCHED_MAX_PCPUS], soft[4 * SCHED_MAX_PCPUS];
	json_t *list = json_array();

	for (u32 i = 0; i < n; i++) {
		cpulist_print(r->d->host, r->d->ops->every(r->d->arg), &vcpus[i]->hard, hard, sizeof(hard));
		cpulist_print(r->d->host, r->d->ops->every(r->d->arg), &vcpus[i]->soft, soft, sizeof(soft));
		json_array_append_new(list, json_pack("{si ss ss}", "vcpu", (int)i, "cpus", hard, "cpus_soft", soft));
	}
	json_object_set_new(e, "vcpu", list);
}

static void save_rt(struct request *r, u32 id, json_t *e)
{
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = vcpus_of(r, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);
	json_t *list = json_array();

	for (u32 i = 0; i < n; i++) {
		const struct rt_params *p = &vcpus[i]->rt_params;
		json_t *o = json_pack("{si sI sI sI sI sb sI}", "vcpu", (int)i, "period_us",
				      (json_int_t)(p->period_ns / USEC), "budget_us", (json_int_t)(p->budget_ns / USEC),
				      "deadline_us", (json_int_t)(p->deadline_ns / USEC), "latency_us",
				      (json_int_t)(p->latency_ns / USEC), "extratime", p->extratime, "priority",
				      (json_int_t)p->priority);

		json_object_set_new(o, "server", json_string(rt_kind_names[p->kind % RT_KINDS]));
		json_array_append_new(list, o);
	}
	json_object_set_new(e, "rt", list);
}

static void save_pool(struct request *r, u32 id)
{
	cpupool_t *pool = pool_of(r, id);
	json_t *e = entry(r->d->settings, "pools", r->d->pool_name[id]);
	char cpus[4 * SCHED_MAX_PCPUS];

	if (pool->assist.parent) {
		json_object_set_new(e, "parent", json_string(r->d->pool_name[pool->assist.parent->id]));
		json_object_set_new(e, "micro", micro_params(pool));
	}
	json_object_set_new(e, "sched", json_string(sched_name(pool->sched)));
	json_object_set_new(e, "params", pool_params(r->d, id));
	cpulist_print(r->d->host, r->d->ops->every(r->d->arg), &pool->cpus, cpus, sizeof(cpus));
	if (pool->nr_cpus && id)
		json_object_set_new(e, "cpus", json_string(cpus));
	else
		json_object_del(e, "cpus");
}

/* Each of those that were attached; or the one that was detached, which may be attached by a pattern of rota.yaml. */
static bool save_sdom(struct request *r)
{
	json_t *domains = json_object_get(r->in, "domains"), *v;
	struct domain_facts facts, sdom;
	u32 id = 0;
	size_t i;

	if (!domains) {
		if (!ask_domain(r, true, &id) || !r->d->ops->facts(r->d->arg, id, &facts))
			return false;
		json_object_set_new(entry(r->d->settings, "domains", facts.name), "sdom", json_false());
		return true;
	}
	if (!domain_named(r, json_object_get(r->in, "sdom"), "sdom", &id) || !r->d->ops->facts(r->d->arg, id, &sdom))
		return false;
	json_array_foreach(domains, i, v)
	{
		if (!domain_named(r, v, "each of domains", &id) || !r->d->ops->facts(r->d->arg, id, &facts))
			return false;
		json_object_set_new(entry(r->d->settings, "domains", facts.name), "sdom", json_string(sdom.name));
	}
	return true;
}

static bool save_domain(struct request *r, const char *verb)
{
	struct domain_facts facts;
	u32 id = 0;
	json_t *e;

	if (!ask_domain(r, true, &id) || !r->d->ops->facts(r->d->arg, id, &facts))
		return false;
	e = entry(r->d->settings, "domains", facts.name);
	if (!strcmp(verb, "sched-domain")) {
		json_object_set_new(e, "weight", json_integer(domain_of(r, id)->weight));
		json_object_set_new(e, "cap", json_integer(domain_of(r, id)->cap));
	} else if (!strcmp(verb, "vcpu-pin")) {
		save_affinity(r, id, e);
	} else if (!strcmp(verb, "sched-vcpu")) {
		save_rt(r, id, e);
	} else if (!strcmp(verb, "cpupool-migrate")) {
		json_object_set_new(e, "pool", json_string(r->d->pool_name[domain_of(r, id)->pool->id]));
	} else {
		return false;
	}
	return true;
}

int settings_save(struct rotad *d, const char *verb, json_t *request, char *error)
{
	struct request r = { .d = d, .in = request };
	json_t *before;
	u32 pool = 0;
	bool known;

	if (!d->settings) {
		snprintf(error, CONTROL_ERROR_LEN,
			 "it is set, but this rotad was started without settings: nothing is saved");
		return -1;
	}
	before = json_deep_copy(d->settings->saved);
	if (!strcmp(verb, "cpupool-create")) {
		int id = rotad_find_pool(d, json_string_value(json_object_get(request, "name")));

		known = id >= 0;
		if (known)
			save_pool(&r, (u32)id);
	} else if (!strcmp(verb, "sched-pool") || !strncmp(verb, "cpupool-cpu-", 12)) {
		known = ask_pool(&r, "pool", false, &pool);
		if (known)
			save_pool(&r, pool);
	} else if (!strncmp(verb, "sdom-", 5)) {
		known = save_sdom(&r);
	} else {
		known = save_domain(&r, verb);
	}
	if (!known)
		snprintf(error, CONTROL_ERROR_LEN, "it is done, but '%.32s' has nothing that can be saved", verb);
	if (known && settings_consistent(d->settings, "rota.yaml", error) && !settings_write(d->settings, error)) {
		json_decref(before);
		return 0;
	}
	json_decref(d->settings->saved);
	d->settings->saved = before;
	return -1;
}
