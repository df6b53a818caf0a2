// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `domains:`: who runs, with what weight, where, and how many alike.
 *
 * A domain with `count:` is read once and then copied; the copies share nothing, so that whoever
 * changes one later (an event, a control command) need not know that it came from a template.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/program.h"
#include "sim/scenario_read.h"

struct totals {
	int room; /* domains allocated */
	int vcpus;
};

static int by_name(const void *a, const void *b)
{
	const struct scn_name *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : x->index - y->index;
}

/* "web" -> "web7"; "web%d-a" -> "web7-a" */
static int numbered_name(struct scn_reader *r, const struct scn_node *name, int number, char **out)
{
	const char *percent = strchr(name->text, '%');
	int before = percent ? (int)(percent - name->text) : (int)strlen(name->text);
	char text[SCHED_NAME_LEN + 16];
	int len = snprintf(text, sizeof(text), "%.*s%d%s", before, name->text, number, percent ? percent + 2 : "");

	if (len >= SCHED_NAME_LEN)
		return scn_fail(r, name, "becomes longer than %d characters with its number; shorten it",
				SCHED_NAME_LEN - 1);
	*out = strdup(text);
	return *out ? 0 : scn_fail_memory(r);
}

static int copy_workload(struct scn_reader *r, struct scn_workload *to, const struct scn_workload *from)
{
	*to = *from;
	if (to->program)
		to->program->users++;
	if (!from->file)
		return 0;
	to->file = strdup(from->file);
	return to->file ? 0 : scn_fail_memory(r);
}

static int replace_workload(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w)
{
	free(w->file);
	program_put(w->program);
	memset(w, 0, sizeof(*w));
	return scn_read_workload(r, n, w, 0);
}

/* "maps/System.map" in "dir/x.yaml" is dir/maps/System.map. */
static int read_symbols(struct scn_reader *r, const struct scn_node *n, struct scn_domain *d)
{
	const char *slash = strrchr(r->file, '/');
	size_t path, dir;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, "symbols");
	err = scn_need_scalar(r, n, "the path of a System.map, or none");
	if (err)
		return err;
	dir = *n->text != '/' && slash ? (size_t)(slash - r->file) + 1 : 0;
	if (!strcmp(n->text, "none"))
		d->symbols = strdup("");
	else
		d->symbols = malloc(dir + strlen(n->text) + 1);
	if (!d->symbols)
		return scn_fail_memory(r);
	if (strcmp(n->text, "none")) {
		memcpy(d->symbols, r->file, dir);
		strcpy(d->symbols + dir, n->text);
		if (access(d->symbols, R_OK))
			return scn_fail(r, n, "%s cannot be read (%s); paths start at the scenario's directory",
					scn_quote(r, n->text), strerror(errno));
	}
	scn_leave(r, path);
	return 0;
}

static int read_workloads(struct scn_reader *r, const struct scn_node *n, struct scn_domain *d)
{
	size_t path, item;
	int err, i = 0;

	if (!n)
		return 0; /* all zero is SCN_IDLE */
	path = scn_enter(r, "workload");
	if (n->kind == SCN_LIST) {
		if (n->nr != d->nr_vcpus)
			return scn_fail(r, n,
					"has %d entries for %d vCPUs; give one for each, or a single mapping for all",
					n->nr, d->nr_vcpus);
		for (const struct scn_node *c = n->first; c; c = c->next, i++) {
			item = scn_enter_item(r, NULL, i);
			err = scn_read_workload(r, c, &d->vcpus[i].workload, 0);
			if (err)
				return err;
			scn_leave(r, item);
		}
	} else {
		err = scn_read_workload(r, n, &d->vcpus[0].workload, d->nr_vcpus);
		for (i = 1; !err && i < d->nr_vcpus; i++)
			err = copy_workload(r, &d->vcpus[i].workload, &d->vcpus[0].workload);
		if (err)
			return err;
	}
	scn_leave(r, path);
	return 0;
}

/* Hard affinity must leave a pCPU of the pool to run on; Xen says EINVAL, we say which. */
static int read_hard(struct scn_reader *r, const struct scn_node *map, const struct scn_pool *pool,
		     struct scn_cpus *out)
{
	const struct scn_node *n = scn_get(map, "cpus");
	int err = scn_read_cpus(r, map, "cpus", out);

	if (err || !n || scn_cpus_intersect(out, &pool->cpus))
		return err;
	scn_enter(r, "cpus");
	return scn_fail(r, n, "%s has no pCPU of pool %s; name at least one of its pCPUs", scn_quote(r, n->text),
			scn_quote(r, pool->name));
}

/* An entry of `vcpu:` that sets one of these makes it the vCPU's own; what it leaves out is the domain's. */
static int own_settings(struct scn_reader *r, const struct scn_node *n, struct scn_domain *d, int id)
{
	struct scn_vcpu *v = &d->vcpus[id];
	struct scn_settings *own;

	if (v->settings != d->settings || (!scn_get(n, "cpus") && !scn_get(n, "cpus_soft") && !scn_get(n, "sched")))
		return 0;
	own = malloc(sizeof(*own));
	if (!own)
		return scn_fail_memory(r);
	*own = *d->settings;
	v->settings = own;
	return 0;
}

static int read_vcpu(struct scn_reader *r, const struct scn_node *n, struct scn_domain *d,
		     int index, bool *seen)
{
	static const char *const keys[] = { "id", "cpus", "cpus_soft", "sched", "workload", NULL };
	const int64_t ids[] = { 0, d->nr_vcpus - 1 };
	const struct scn_node *workload;
	struct scn_settings *own;
	int id = index;
	int err;

	err = scn_check_map(r, n, keys, "{id: 0, cpus: \"0\"}");
	if (!err)
		err = scn_read_int(r, n, "id", ids, &id);
	if (err)
		return err;
	if (id >= d->nr_vcpus)
		return scn_fail(r, n, "there is no vCPU %d, the domain has %d; remove the entry or raise vcpus", id,
				d->nr_vcpus);
	if (seen[id])
		return scn_fail(r, n, "vCPU %d has two entries; merge them", id);
	seen[id] = true;
	err = own_settings(r, n, d, id);
	if (err)
		return err;
	own = d->vcpus[id].settings;
	err = read_hard(r, n, &r->s->pools[d->pool], &own->hard);
	if (!err)
		err = scn_read_cpus(r, n, "cpus_soft", &own->soft);
	if (!err)
		err = scn_read_vcpu_sched(r, scn_get(n, "sched"), r->s->pools[d->pool].sched, &own->sched);
	workload = scn_get(n, "workload");
	if (err || !workload)
		return err;
	scn_enter(r, "workload");
	if (d->vcpus[id].workload.program)
		return scn_fail(r, workload, "the domain's program is that of all its vCPUs; remove this");
	return replace_workload(r, workload, &d->vcpus[id].workload);
}

static int read_vcpus(struct scn_reader *r, const struct scn_node *n, struct scn_domain *d)
{
	bool seen[SCHED_MAX_DOMAIN_VCPUS] = { false };
	size_t path, item;
	int err, i = 0;

	if (!n)
		return 0;
	path = scn_enter(r, "vcpu");
	err = scn_check_list(r, n, "[{id: 0, cpus: \"0\"}]", d->nr_vcpus);
	if (err)
		return err;
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		item = scn_enter_item(r, NULL, i);
		err = read_vcpu(r, c, d, i, seen);
		if (err)
			return err;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

/* xl's rule: a domain cannot be capped above what all its vCPUs can use. */
static int check_cap(struct scn_reader *r, const struct scn_node *n, const struct scn_domain *d)
{
	if (d->cap <= 100 * d->nr_vcpus)
		return 0;
	scn_enter(r, "cap");
	return scn_fail(r, scn_get(n, "cap"), "%d is more than %d vCPU%s can use; write 0 (none) to %d (100 per vCPU)",
			d->cap, d->nr_vcpus, d->nr_vcpus > 1 ? "s" : "", 100 * d->nr_vcpus);
}

static int read_pool_of(struct scn_reader *r, const struct scn_node *n, struct scn_domain *d)
{
	size_t path;
	int err;

	if (n) {
		path = scn_enter(r, "pool");
		err = scn_find_pool(r, n, &d->pool);
		if (err)
			return err;
		if (r->s->pools[d->pool].hidden)
			return scn_fail(r, n, "%s is a hidden pool, which has no domains; name its parent, '%s'",
					scn_quote(r, n->text), r->s->pools[r->s->pools[d->pool].parent].name);
		scn_leave(r, path);
		return 0;
	}
	d->pool = 0;
	for (int i = 0; i < r->s->nr_pools; i++)
		if (!strcmp(r->s->pools[i].name, "Pool-0"))
			d->pool = i;
	return 0;
}

/* All of a domain but its name. @d is zeroed but for nr_vcpus and vcpus. */
static int read_body(struct scn_reader *r, const struct scn_node *n, struct scn_domain *d)
{
	static const int64_t weights[] = { 1, CREDIT_MAX_WEIGHT },
			     caps[] = { 0, 100 * SCHED_MAX_DOMAIN_VCPUS };
	struct scn_settings *all = d->settings;
	int err;

	scn_cpus_all(r->s, &all->hard);
	all->soft = all->hard;
	d->weight = 256;
	d->line = n->line;
	err = read_pool_of(r, scn_get(n, "pool"), d);
	if (!err)
		err = scn_read_int(r, n, "weight", weights, &d->weight);
	if (!err)
		err = scn_read_int(r, n, "cap", caps, &d->cap);
	if (!err)
		err = check_cap(r, n, d);
	if (!err)
		err = read_hard(r, n, &r->s->pools[d->pool], &all->hard);
	if (!err)
		err = scn_read_cpus(r, n, "cpus_soft", &all->soft);
	if (!err)
		err = scn_read_vcpu_sched(r, scn_get(n, "sched"), r->s->pools[d->pool].sched, &all->sched);
	if (err)
		return err;
	err = read_symbols(r, scn_get(n, "symbols"), d);
	if (!err)
		err = read_workloads(r, scn_get(n, "workload"), d);
	return err ? err : read_vcpus(r, scn_get(n, "vcpu"), d);
}

/* Room for @count domains more, of @vcpus each; they are valid and empty until filled. */
static int make_room(struct scn_reader *r, const struct scn_node *n, int count, int vcpus, struct totals *t)
{
	struct scenario *s = r->s;

	if (count > SCHED_MAX_DOMAINS - s->nr_domains)
		return scn_fail(r, n, "makes more than %d domains; use fewer", SCHED_MAX_DOMAINS);
	if ((int64_t)count * vcpus > SCHED_MAX_VCPUS - t->vcpus)
		return scn_fail(r, n, "makes more than %d vCPUs in all; use fewer", SCHED_MAX_VCPUS);
	t->vcpus += count * vcpus;
	if (s->nr_domains + count > t->room) {
		int room = s->nr_domains + count > 2 * t->room ? s->nr_domains + count : 2 * t->room;
		struct scn_domain *d = realloc(s->domains, (size_t)room * sizeof(*d));

		if (!d)
			return scn_fail_memory(r);
		s->domains = d;
		t->room = room;
	}
	return 0;
}

bool scn_domain_vcpus(struct scn_domain *d, int vcpus)
{
	d->vcpus = calloc((size_t)vcpus, sizeof(*d->vcpus));
	d->settings = calloc(1, sizeof(*d->settings));
	if (!d->vcpus || !d->settings) {
		free(d->vcpus);
		free(d->settings);
		d->vcpus = NULL;
		d->settings = NULL;
		return false;
	}
	for (int i = 0; i < vcpus; i++)
		d->vcpus[i].settings = d->settings;
	d->nr_vcpus = vcpus;
	return true;
}

static int add_domain(struct scn_reader *r, int vcpus, struct scn_domain **out)
{
	struct scn_domain *d = &r->s->domains[r->s->nr_domains];

	memset(d, 0, sizeof(*d));
	if (!scn_domain_vcpus(d, vcpus))
		return scn_fail_memory(r);
	r->s->nr_domains++;
	*out = d;
	return 0;
}

static int copy_domain(struct scn_reader *r, const struct scn_domain *from)
{
	struct scn_domain *d;
	int err = add_domain(r, from->nr_vcpus, &d);

	if (err)
		return err;
	d->pool = from->pool;
	d->weight = from->weight;
	d->cap = from->cap;
	d->line = from->line;
	if (from->symbols) {
		d->symbols = strdup(from->symbols);
		if (!d->symbols)
			return scn_fail_memory(r);
	}
	*d->settings = *from->settings;
	for (int i = 0; !err && i < d->nr_vcpus; i++) {
		if (from->vcpus[i].settings != from->settings) {
			struct scn_settings *own = malloc(sizeof(*own));

			if (!own)
				return scn_fail_memory(r);
			*own = *from->vcpus[i].settings;
			d->vcpus[i].settings = own;
		}
		err = copy_workload(r, &d->vcpus[i].workload, &from->vcpus[i].workload);
	}
	return err;
}

/* Of the domains from @first on, @count of them (0: one); its %d becomes the number of each. */
static int read_sdom(struct scn_reader *r, const struct scn_node *n, int first, int count)
{
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, "sdom");
	err = scn_need_scalar(r, n, "the name of a domain");
	for (int i = 0; !err && i < (count ? count : 1); i++) {
		struct scn_domain *d = &r->s->domains[first + i];

		d->sdom_line = n->line;
		if (count && strstr(n->text, "%d"))
			err = numbered_name(r, n, i + 1, &d->sdom_name);
		else
			d->sdom_name = strdup(n->text);
		if (!err && !d->sdom_name)
			err = scn_fail_memory(r);
	}
	if (!err)
		scn_leave(r, path);
	return err;
}

static int read_domain(struct scn_reader *r, const struct scn_node *n, struct totals *t)
{
	static const char *const keys[] = { "name",	 "count", "vcpus",   "pool", "weight",	 "cap",	 "cpus",
					    "cpus_soft", "sched", "symbols", "sdom", "workload", "vcpu", NULL };
	static const int64_t counts[] = { 1, SCHED_MAX_DOMAINS }, vcpu_counts[] = { 1, SCHED_MAX_DOMAIN_VCPUS };
	const struct scn_node *name;
	struct scn_domain *d;
	int count = 0, vcpus = 1, first = r->s->nr_domains;
	size_t path;
	int err;

	err = scn_check_map(r, n, keys, "{name: vm1, workload: {model: hog}}");
	if (!err)
		err = scn_need(r, n, "name", "vm1");
	if (!err)
		err = scn_read_int(r, n, "count", counts, &count);
	if (!err)
		err = scn_read_int(r, n, "vcpus", vcpu_counts, &vcpus);
	if (err)
		return err;
	name = scn_get(n, "name");
	path = scn_enter(r, "name");
	err = scn_check_name(r, name, true);
	if (err)
		return err;
	if (!count && strchr(name->text, '%'))
		return scn_fail(r, name, "%s has a %%d but the domain has no count; add count: or remove the %%d",
				scn_quote(r, name->text));
	scn_leave(r, path);
	err = make_room(r, n, count ? count : 1, vcpus, t);
	if (!err)
		err = add_domain(r, vcpus, &d);
	if (!err)
		err = read_body(r, n, d);
	for (int i = 1; !err && i < count; i++)
		err = copy_domain(r, &r->s->domains[first]);
	if (err)
		return err;
	scn_enter(r, "name");
	for (int i = 0; !err && i < count; i++)
		err = numbered_name(r, name, i + 1, &r->s->domains[first + i].name);
	if (!err && !count) {
		r->s->domains[first].name = strdup(name->text);
		err = r->s->domains[first].name ? 0 : scn_fail_memory(r);
	}
	if (err)
		return err;
	scn_leave(r, path);
	return read_sdom(r, scn_get(n, "sdom"), first, count);
}

/* Two names that only collide once numbered ("vm1" and "vm" with count) are found here too. */
static int check_names(struct scn_reader *r)
{
	const struct scenario *s = r->s;

	r->by_name = calloc((size_t)s->nr_domains, sizeof(*r->by_name));
	if (!r->by_name)
		return scn_fail_memory(r);
	for (int i = 0; i < s->nr_domains; i++)
		r->by_name[i] = (struct scn_name){ s->domains[i].name, i };
	qsort(r->by_name, (size_t)s->nr_domains, sizeof(*r->by_name), by_name);
	for (int i = 1; i < s->nr_domains; i++) {
		const struct scn_domain *a = &s->domains[r->by_name[i - 1].index];
		const struct scn_domain *b = &s->domains[r->by_name[i].index];
		const struct scn_node at = { .line = b->line, .set = -1 };

		if (strcmp(a->name, b->name))
			continue;
		scn_enter(r, b->name);
		scn_enter(r, "name");
		return scn_fail(r, &at, "%s is already taken (line %d); choose another name", scn_quote(r, b->name),
				a->line);
	}
	return 0;
}

int scn_read_domains(struct scn_reader *r, const struct scn_node *n)
{
	struct totals t = { 0, 0 };
	size_t path, item;
	int err, i = 0;

	path = scn_enter(r, "domains");
	err = scn_check_list(r, n, "[{name: vm1, workload: {model: hog}}]", SCHED_MAX_DOMAINS);
	if (err)
		return err;
	if (!n->nr)
		return scn_fail(r, n, "is empty; a scenario needs at least one domain");
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		item = scn_enter_item(r, c, i);
		err = read_domain(r, c, &t);
		if (err)
			return err;
		scn_leave(r, item);
	}
	err = check_names(r);
	if (err)
		return err;
	scn_leave(r, path);
	return 0;
}

int scn_find_domain(struct scn_reader *r, const struct scn_node *n, int *domain)
{
	int low = 0, high = r->s->nr_domains;
	int err = scn_need_scalar(r, n, "the name of a domain");

	if (err)
		return err;
	while (low < high) {
		int mid = (low + high) / 2;
		int d = strcmp(n->text, r->by_name[mid].name);

		if (!d) {
			*domain = r->by_name[mid].index;
			return 0;
		}
		if (d < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return scn_fail(r, n, "there is no domain %s; name one of domains:", scn_quote(r, n->text));
}
