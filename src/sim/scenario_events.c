// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `events:`: commands given to the host while it runs.
 *
 * Each event is first read on its own, then all of them are played, in the order in which they will
 * happen, against a copy of the pools: whether a pCPU can join a pool or a pin makes sense depends
 * on what was done before. The rules are Xen's: a pool with domains keeps its last pCPU, pCPU 0
 * stays in the first pool, a domain moves only to a pool that has pCPUs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario_read.h"

static const int64_t any_time[] = { 0, SCN_MAX_TIME_NS };
static const int64_t some_time[] = { 1, SCN_MAX_TIME_NS };

static const struct kind {
	const char *name;
	enum scn_event_kind kind;
	int default_vcpu; /* -1 = the whole domain */
	const char *keys[8]; /* at and do first; vcpu, cost and every as wished, the others are required */
} kinds[] = {
	{ "pause", SCN_EV_PAUSE, -1, { "at", "do", "domain", "vcpu" } },
	{ "unpause", SCN_EV_UNPAUSE, -1, { "at", "do", "domain", "vcpu" } },
	{ "weight", SCN_EV_WEIGHT, -1, { "at", "do", "domain", "value" } },
	{ "cap", SCN_EV_CAP, -1, { "at", "do", "domain", "value" } },
	{ "pin", SCN_EV_PIN, -1, { "at", "do", "domain", "vcpu", "cpus" } },
	{ "pin_soft", SCN_EV_PIN_SOFT, -1, { "at", "do", "domain", "vcpu", "cpus" } },
	{ "yield", SCN_EV_YIELD, 0, { "at", "do", "domain", "vcpu" } },
	{ "irq", SCN_EV_IRQ, 0, { "at", "do", "domain", "vcpu", "cost", "every" } },
	{ "move", SCN_EV_MOVE, -1, { "at", "do", "domain", "pool" } },
	{ "cpu_remove", SCN_EV_CPU_REMOVE, -1, { "at", "do", "pool", "cpus" } },
	{ "cpu_add", SCN_EV_CPU_ADD, -1, { "at", "do", "pool", "cpus" } },
	{ "down", SCN_EV_DOWN, -1, { "at", "do", "domain", "vcpu" } },
	{ "up", SCN_EV_UP, -1, { "at", "do", "domain", "vcpu" } },
	{ "attach", SCN_EV_ATTACH, -1, { "at", "do", "domain", "sdom" } },
	{ "detach", SCN_EV_DETACH, -1, { "at", "do", "domain" } },
	{ "sched", SCN_EV_SCHED, -1, { "at", "do", "domain", "vcpu", "sched" } },
	{ "pool_sched", SCN_EV_POOL_SCHED, -1, { "at", "do", "pool", "params" } },
	{ NULL, SCN_EV_PAUSE, 0, { NULL } },
};

static int find_kind(struct scn_reader *r, const struct scn_node *n, const struct kind **out)
{
	char known[280] = "";
	const char *closest;
	int err = scn_need_scalar(r, n, "a command");

	if (err)
		return err;
	for (const struct kind *k = kinds; k->name; k++) {
		if (!strcmp(k->name, n->text)) {
			*out = k;
			return 0;
		}
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", *known ? ", " : "", k->name);
	}
	closest = scn_closest(n->text, &kinds[0].name, sizeof(kinds[0]));
	if (closest)
		return scn_fail(r, n, "unknown command %s; did you mean '%s'?", scn_quote(r, n->text), closest);
	return scn_fail(r, n, "unknown command %s; use one of: %s", scn_quote(r, n->text), known);
}

static bool takes(const struct kind *k, const char *key)
{
	for (int i = 0; k->keys[i]; i++)
		if (!strcmp(k->keys[i], key))
			return true;
	return false;
}

static int read_who(struct scn_reader *r, const struct scn_node *n, const struct kind *k, struct scn_event *e)
{
	size_t path;
	int err = 0;

	if (takes(k, "domain")) {
		err = scn_need(r, n, "domain", "vm1");
		if (err)
			return err;
		path = scn_enter(r, "domain");
		err = scn_find_domain(r, scn_get(n, "domain"), &e->domain);
		if (err)
			return err;
		scn_leave(r, path);
	}
	if (takes(k, "sdom")) {
		err = scn_need(r, n, "sdom", "vm1");
		if (err)
			return err;
		path = scn_enter(r, "sdom");
		err = scn_find_domain(r, scn_get(n, "sdom"), &e->sdom);
		if (!err && e->sdom == e->domain)
			err = scn_check_sdom(r, scn_get(n, "sdom"), e->domain, e->sdom);
		if (err)
			return err;
		scn_leave(r, path);
	}
	if (takes(k, "vcpu")) {
		const int64_t ids[] = { 0, r->s->domains[e->domain].nr_vcpus - 1 };

		e->vcpu = k->default_vcpu;
		err = scn_read_int(r, n, "vcpu", ids, &e->vcpu);
	}
	if (!err && takes(k, "pool")) {
		err = scn_need(r, n, "pool", "Pool-0");
		if (err)
			return err;
		path = scn_enter(r, "pool");
		err = scn_find_pool(r, scn_get(n, "pool"), &e->pool);
		if (!err && e->kind == SCN_EV_MOVE && r->s->pools[e->pool].hidden)
			err = scn_fail(r, scn_get(n, "pool"), "%s is a hidden pool, which has no domains; name another",
				       scn_quote(r, r->s->pools[e->pool].name));
		if (err)
			return err;
		scn_leave(r, path);
	}
	return err;
}

static int read_value(struct scn_reader *r, const struct scn_node *n, struct scn_event *e)
{
	const int64_t weights[] = { 1, CREDIT_MAX_WEIGHT };
	const int64_t caps[] = { 0, 100 * r->s->domains[e->domain].nr_vcpus };
	int value = 0;
	int err;

	err = scn_need(r, n, "value", e->kind == SCN_EV_WEIGHT ? "512" : "50");
	if (!err)
		err = scn_read_int(r, n, "value", e->kind == SCN_EV_WEIGHT ? weights : caps, &value);
	e->value = value;
	return err;
}

static int read_event(struct scn_reader *r, const struct scn_node *n, struct scn_event *e)
{
	static const char *const any_key[] = { "at",   "do",	"domain", "vcpu",   "value", "cpus", "pool",
					       "cost", "every", "sched",  "params", "sdom",  NULL };
	const struct kind *k = NULL;
	size_t path;
	int err;

	err = scn_check_map(r, n, any_key, "{at: 1s, do: pause, domain: vm1}");
	if (!err)
		err = scn_need(r, n, "at", "1s");
	if (!err)
		err = scn_read_time(r, n, "at", any_time, &e->at_ns);
	if (!err)
		err = scn_need(r, n, "do", "pause");
	if (err)
		return err;
	path = scn_enter(r, "do");
	err = find_kind(r, scn_get(n, "do"), &k);
	if (err)
		return err;
	scn_leave(r, path);
	err = scn_check_map(r, n, k->keys, "{at: 1s, do: pause, domain: vm1}");
	if (err)
		return err;
	e->kind = k->kind;
	e->line = n->line;
	e->domain = e->pool = e->vcpu = -1;
	err = read_who(r, n, k, e);
	if (!err && takes(k, "value"))
		err = read_value(r, n, e);
	if (!err && takes(k, "cpus")) {
		err = scn_need(r, n, "cpus", "\"0-3\"");
		if (!err)
			err = scn_read_cpus(r, n, "cpus", &e->cpus);
	}
	if (!err && takes(k, "sched")) {
		err = scn_need(r, n, "sched", "{budget: 2ms}");
		if (!err)
			err = scn_read_event_sched(r, scn_get(n, "sched"), false, &e->sched);
	}
	if (!err && takes(k, "params"))
		err = scn_read_event_sched(r, scn_get(n, "params"), true, &e->sched);
	if (!err && takes(k, "cost")) {
		err = scn_need(r, n, "cost", "20us");
		if (!err)
			err = scn_read_time(r, n, "cost", some_time, &e->cost_ns);
		if (!err)
			err = scn_read_time(r, n, "every", any_time, &e->every_ns);
	}
	return err;
}

/* What the events have made of the host so far. */
struct playback {
	struct scn_reader *r;
	struct scn_cpus *cpus; /* of each pool */
	int *pool_of, *domains_in;
	int *paused; /* of each domain: how often as a whole */
	int *first_vcpu; /* of each domain, index into vcpu_paused */
	int *vcpu_paused;
};

/* The event at hand, its place in the file and the node that complaints point to. */
struct placed {
	struct scn_event event;
	const struct scn_node *node;
	int index;
};

static int refuse(struct playback *p, const struct placed *e, const char *key, const char *what)
{
	const struct scn_node *n = scn_get(e->node, key);

	scn_enter_item(p->r, NULL, e->index);
	scn_enter(p->r, key);
	return scn_fail(p->r, n ? n : e->node, "%s", what);
}

static int play_unpause(struct playback *p, const struct placed *e)
{
	const struct scn_event *ev = &e->event;
	int *count = ev->vcpu < 0 ? &p->paused[ev->domain] : &p->vcpu_paused[p->first_vcpu[ev->domain] + ev->vcpu];

	if (ev->kind == SCN_EV_PAUSE) {
		(*count)++;
		return 0;
	}
	if (!*count)
		return refuse(p, e, "do",
			      "nothing paused it before; pause the same domain or vCPU first, or remove this");
	(*count)--;
	return 0;
}

static int play_cpus(struct playback *p, const struct placed *e)
{
	const struct scn_event *ev = &e->event;
	const struct scenario *s = p->r->s;
	struct scn_cpus *pool = &p->cpus[ev->pool];
	char what[160];

	for (int c = 0; c < s->nr_pcpus; c++) {
		if (!scn_cpus_has(&ev->cpus, c))
			continue;
		if (ev->kind == SCN_EV_CPU_REMOVE && !scn_cpus_has(pool, c)) {
			snprintf(what, sizeof(what), "pCPU %d is not in pool '%s' at that time; name its pCPUs", c,
				 s->pools[ev->pool].name);
			return refuse(p, e, "cpus", what);
		}
		for (int i = 0; ev->kind == SCN_EV_CPU_ADD && i < s->nr_pools; i++) {
			if (!scn_cpus_has(&p->cpus[i], c))
				continue;
			snprintf(what, sizeof(what), "pCPU %d is in pool '%s' at that time; cpu_remove it there first",
				 c, s->pools[i].name);
			return refuse(p, e, "cpus", what);
		}
	}
	if (ev->kind == SCN_EV_CPU_REMOVE && !ev->pool && scn_cpus_has(&ev->cpus, 0))
		return refuse(p, e, "cpus", "pCPU 0 cannot leave the first pool, as in Xen; take another");
	for (int i = 0; i < SCN_CPU_WORDS; i++)
		pool->w[i] ^= ev->cpus.w[i]; /* all of them were in, or none was */
	if (scn_cpus_empty(pool) && p->domains_in[ev->pool])
		return refuse(p, e, "cpus",
			      "takes the last pCPU from a pool with domains; leave one, or move them first");
	return 0;
}

static int play(struct playback *p, const struct placed *e)
{
	const struct scn_event *ev = &e->event;

	switch (ev->kind) {
	case SCN_EV_PAUSE:
	case SCN_EV_UNPAUSE:
		return play_unpause(p, e);
	case SCN_EV_PIN:
		if (!scn_cpus_intersect(&ev->cpus, &p->cpus[p->pool_of[ev->domain]]))
			return refuse(p, e, "cpus",
				      "has no pCPU of the pool that the domain is in at that time; name at "
				      "least one");
		return 0;
	case SCN_EV_MOVE:
		if (scn_cpus_empty(&p->cpus[ev->pool]))
			return refuse(p, e, "pool", "has no pCPUs at that time; cpu_add one first");
		p->domains_in[p->pool_of[ev->domain]]--;
		p->domains_in[ev->pool]++;
		p->pool_of[ev->domain] = ev->pool;
		return 0;
	case SCN_EV_CPU_REMOVE:
	case SCN_EV_CPU_ADD:
		return play_cpus(p, e);
	default:
		return 0; /* valid whatever happened before */
	}
}

static int in_time(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	if (x->event.at_ns != y->event.at_ns)
		return x->event.at_ns < y->event.at_ns ? -1 : 1;
	return x->index - y->index;
}

static int play_all(struct scn_reader *r, const struct placed *events)
{
	const struct scenario *s = r->s;
	size_t domains = (size_t)s->nr_domains, vcpus = 0;
	struct playback p = { .r = r };
	int err = 0;

	for (int i = 0; i < s->nr_domains; i++)
		vcpus += (size_t)s->domains[i].nr_vcpus;
	p.cpus = calloc((size_t)s->nr_pools, sizeof(*p.cpus));
	p.domains_in = calloc((size_t)s->nr_pools, sizeof(int));
	p.pool_of = calloc(domains, sizeof(int));
	p.paused = calloc(domains, sizeof(int));
	p.first_vcpu = calloc(domains, sizeof(int));
	p.vcpu_paused = calloc(vcpus, sizeof(int));
	if (!p.cpus || !p.domains_in || !p.pool_of || !p.paused || !p.first_vcpu || !p.vcpu_paused) {
		err = scn_fail_memory(r);
		goto out;
	}
	for (int i = 0; i < s->nr_pools; i++)
		p.cpus[i] = s->pools[i].cpus;
	vcpus = 0;
	for (int i = 0; i < s->nr_domains; i++) {
		p.pool_of[i] = s->domains[i].pool;
		p.domains_in[s->domains[i].pool]++;
		p.first_vcpu[i] = (int)vcpus;
		vcpus += (size_t)s->domains[i].nr_vcpus;
	}
	for (int i = 0; !err && i < s->nr_events; i++)
		err = play(&p, &events[i]);
out:
	free(p.cpus);
	free(p.domains_in);
	free(p.pool_of);
	free(p.paused);
	free(p.first_vcpu);
	free(p.vcpu_paused);
	return err;
}

int scn_read_events(struct scn_reader *r, const struct scn_node *n)
{
	struct scenario *s = r->s;
	struct placed *events;
	size_t path, item;
	int err, i = 0;

	if (!n)
		return 0;
	path = scn_enter(r, "events");
	err = scn_check_list(r, n, "[{at: 1s, do: pause, domain: vm1}]", SCN_MAX_EVENTS);
	if (err || !n->nr)
		return err;
	events = scn_alloc(r, (size_t)n->nr * sizeof(*events));
	s->events = calloc((size_t)n->nr, sizeof(*s->events));
	if (!events || !s->events)
		return scn_fail_memory(r);
	s->nr_events = n->nr;
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		item = scn_enter_item(r, NULL, i);
		events[i].node = c;
		events[i].index = i;
		err = read_event(r, c, &events[i].event);
		if (err)
			return err;
		scn_leave(r, item);
	}
	qsort(events, (size_t)n->nr, sizeof(*events), in_time);
	err = play_all(r, events);
	if (err)
		return err;
	for (i = 0; i < n->nr; i++)
		s->events[i] = events[i].event;
	scn_leave(r, path);
	return 0;
}
