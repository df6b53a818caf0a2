// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verbs that only look: domains, vCPUs, pools, the schedulers' parameters, the host.
 *
 * On a live host the kernel goes on changing what is read here: each figure is as it was at some instant of the last
 * microseconds, not all of the same one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/verbs.h"
#include "version.h"

const char *const rt_kind_names[] = { "pool",	    "deferrable", "periodic", "polling", "sporadic", "work-conserving",
				      "reclaiming", "cbs",	  NULL };
const char *const rt_rule_names[] = { "edf", "rm", "dm", "fp", NULL };
const char *const rt_placement_names[] = { "global", "partitioned", NULL };
const char *const rt_fit_names[] = { "first-fit", "best-fit", "worst-fit", NULL };

/* ---- domains ---- */

struct look {
	u32 online, running, blocked, nr;
	s64 run_ns, ready_ns, capped_ns;
	u64 boosts, migrations;
};

/* A switch between the two reads of a time can make one of them odd. */
static s64 time_in(vcpu_t *v, u32 state, s64 now)
{
	s64 t = 0;

	for (int i = 0; i < 3; i++) {
		t = vcpu_runstate_ns(v, state, now);
		if (t >= v->runstate_ns[state])
			break;
	}
	return t;
}

static s64 capped_time(const vcpu_t *v, s64 now)
{
	return v->parked_ns + (v->pause_flags & VPF_parked ? now - v->parked_entry_ns : 0);
}

static void look_at(const struct request *r, u32 id, struct look *l)
{
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	s64 now = r->d->ops->now(r->d->arg);

	memset(l, 0, sizeof(*l));
	l->nr = vcpus_of(r, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);
	for (u32 i = 0; i < l->nr; i++) {
		vcpu_t *v = vcpus[i];
		bool online = r->d->ops->online(r->d->arg, id, v);

		l->online += online;
		l->running += online && v->runstate == RUNSTATE_running;
		l->blocked += online && v->pause_flags & VPF_blocked;
		l->run_ns += time_in(v, RUNSTATE_running, now);
		l->ready_ns += time_in(v, RUNSTATE_runnable, now);
		l->capped_ns += capped_time(v, now);
		l->boosts += v->boosts;
		l->migrations += v->migrations;
	}
}

/* xl's order: running, blocked, paused, shut down, why, dying. */
static void state_letters(char state[7], bool paused, const struct look *l)
{
	strcpy(state, "------");
	if (l->running)
		state[0] = 'r';
	else if (l->online && l->blocked == l->online)
		state[1] = 'b';
	if (paused) {
		state[1] = '-';
		state[2] = 'p';
	}
}

/*
 * The nodes on which those of its vCPUs that are plugged in may run, by hard affinity and what soft affinity leaves of
 * it.
 */
static json_t *node_affinity(const struct request *r, u32 id)
{
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	host_t *h = r->d->host;
	u32 n = vcpus_of(r, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);
	struct cpumask cpus = { 0 };
	json_t *nodes = json_array();

	for (u32 i = 0; i < n; i++) {
		struct cpumask m = vcpus[i]->hard;

		if (!r->d->ops->online(r->d->arg, id, vcpus[i]))
			continue;
		if (mask_intersects(&vcpus[i]->soft, &m, h->mask_words))
			mask_and(&m, &m, &vcpus[i]->soft);
		for (u32 w = 0; w < h->mask_words; w++)
			cpus.w[w] |= m.w[w];
	}
	for (u32 node = 0; node < h->limits.nodes; node++)
		if (mask_intersects(&cpus, &h->node_mask[node], h->mask_words))
			json_array_append_new(nodes, json_integer(node));
	return nodes;
}

static json_t *domain_row(const struct request *r, u32 id, const struct domain_facts *facts)
{
	domain_t *d = domain_of(r, id);
	struct look l;
	char state[7];

	look_at(r, id, &l);
	state_letters(state, domain_paused(r, id), &l);
	return json_pack("{ss sI ss sI si si ss sI ss sI ss sI sI sI sI sI sI so sI}", "name", facts->name, "id",
			 (json_int_t)id, "uuid", facts->uuid, "memory_mib",
			 (json_int_t)r->d->ops->memory_mib(r->d->arg, id), "vcpus", (int)l.online, "max_vcpus",
			 (int)l.nr, "state", state, "cpu_ns", (json_int_t)l.run_ns, "pool",
			 r->d->pool_name[d->pool->id], "pool_id", (json_int_t)d->pool->id, "sched",
			 sched_name(d->pool->sched), "weight", (json_int_t)d->weight, "cap", (json_int_t)d->cap,
			 "runnable_ns", (json_int_t)l.ready_ns, "capped_ns", (json_int_t)l.capped_ns, "boosts",
			 (json_int_t)l.boosts, "migrations", (json_int_t)l.migrations, "nodes", node_affinity(r, id),
			 "start_ns", (json_int_t)facts->start_ns);
}

/* Rows of the domain that was asked for, or of all. */
static bool each_domain(struct request *r, json_t *rows,
			void (*fn)(const struct request *r, u32 id, const struct domain_facts *facts, json_t *rows))
{
	struct domain_facts facts;
	u32 id = 0;

	if (!ask_domain(r, false, &id))
		return false;
	if (json_object_get(r->in, "domain")) {
		if (r->d->ops->facts(r->d->arg, id, &facts))
			fn(r, id, &facts, rows);
		return true;
	}
	for (id = 0; id < r->d->host->limits.domains; id++)
		if (r->d->ops->facts(r->d->arg, id, &facts))
			fn(r, id, &facts, rows);
	return true;
}

static void add_domain(const struct request *r, u32 id, const struct domain_facts *facts, json_t *rows)
{
	json_t *row = domain_row(r, id, facts);

	if (facts->pid)
		json_object_set_new(row, "pid", json_integer(facts->pid));
	json_array_append_new(rows, row);
}

json_t *verb_list(struct request *r)
{
	json_t *rows = json_array();

	if (!each_domain(r, rows, add_domain)) {
		json_decref(rows);
		return NULL;
	}
	return json_pack("{so sI}", "domains", rows, "now_ns", (json_int_t)r->d->ops->now(r->d->arg));
}

/* ---- vCPUs ---- */

static json_t *rt_row(vcpu_t *v, u32 sched, s64 now)
{
	const struct rt_params *p = &v->rt_params;

	return json_pack("{sI sI sI sI sI ss sb sI sI}", "period_ns", (json_int_t)p->period_ns, "budget_ns",
			 (json_int_t)p->budget_ns, "deadline_ns", (json_int_t)p->deadline_ns, "phase_ns",
			 (json_int_t)p->phase_ns, "latency_ns", (json_int_t)p->latency_ns, "server",
			 rt_kind_names[p->kind % RT_KINDS], "extratime", p->extratime, "priority",
			 (json_int_t)p->priority, "left_ns",
			 (json_int_t)(sched == SCHED_ID_rtds || sched == SCHED_ID_rtxen ? sched_rt_budget_left(v, now) :
											  0));
}

static bool has_rt_params(u32 sched)
{
	return !strcmp(sched_name(sched), "rtds") || !strcmp(sched_name(sched), "rtxen") ||
	       !strcmp(sched_name(sched), "sedf");
}

/* BOOST, UNDER, OVER of credit; nothing of others. */
static const char *priority_class(const vcpu_t *v, u32 sched)
{
	static const char *const names[] = { "boost", "under", "over", "idle" };

	return sched == SCHED_ID_credit && v->credit.pri < 4 ? names[v->credit.pri] : NULL;
}

static void add_vcpus(const struct request *r, u32 id, const struct domain_facts *facts, json_t *rows)
{
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = vcpus_of(r, id, vcpus, SCHED_MAX_DOMAIN_VCPUS), sched = domain_of(r, id)->pool->sched;
	char hard[8 * SCHED_MAX_PCPUS / 2], soft[8 * SCHED_MAX_PCPUS / 2];
	s64 now = r->d->ops->now(r->d->arg);

	for (u32 i = 0; i < n; i++) {
		vcpu_t *v = vcpus[i];
		pcpu_t *p = v->processor; /* on a live host it changes meanwhile */
		host_t *h = r->d->host;
		bool online = r->d->ops->online(r->d->arg, id, v), runs = v->runstate == RUNSTATE_running;
		char state[4] = "--p";
		json_t *row;

		if (online)
			snprintf(state, sizeof(state), "%c%c-", runs ? 'r' : '-',
				 !runs && v->pause_flags & VPF_blocked ? 'b' : '-');
		cpulist_print(r->d->host, r->d->ops->every(r->d->arg), &v->hard, hard, sizeof(hard));
		cpulist_print(r->d->host, r->d->ops->every(r->d->arg), &v->soft, soft, sizeof(soft));
		row = json_pack("{ss sI si so ss sb sI ss ss ss sI sI sI sI ss*}", "name", facts->name, "id",
				(json_int_t)id, "vcpu", (int)v->id, "cpu",
				online && p >= h->pcpus && p < h->pcpus + h->limits.pcpus ? json_integer(p - h->pcpus) :
											    json_null(),
				"state", state, "online", online, "cpu_ns",
				(json_int_t)time_in(v, RUNSTATE_running, now), "hard", hard, "soft", soft, "sched",
				sched_name(sched), "runnable_ns", (json_int_t)time_in(v, RUNSTATE_runnable, now),
				"capped_ns", (json_int_t)capped_time(v, now), "boosts", (json_int_t)v->boosts,
				"migrations", (json_int_t)v->migrations, "class", priority_class(v, sched));
		if (has_rt_params(sched))
			json_object_set_new(row, "rt", rt_row(v, sched, now));
		json_array_append_new(rows, row);
	}
}

json_t *verb_vcpu_list(struct request *r)
{
	json_t *rows = json_array();

	if (!each_domain(r, rows, add_vcpus)) {
		json_decref(rows);
		return NULL;
	}
	return json_pack("{so sI}", "vcpus", rows, "now_ns", (json_int_t)r->d->ops->now(r->d->arg));
}

/* ---- pools ---- */

json_t *pool_params(const struct rotad *d, u32 id)
{
	cpupool_t *pool = &d->host->pools[id];
	const struct credit_params *c = &pool->credit.params;
	const struct rt_pool_params *rt = &pool->rt.params;

	/* A hidden pool shares its parent's scheduler and has none of this. */
	if (pool->assist.parent)
		return json_object();
	switch (pool->sched) {
	case SCHED_ID_credit:
		return json_pack("{sI sI sI}", "tslice_ms", (json_int_t)(c->tslice_ns / MSEC), "ratelimit_us",
				 (json_int_t)(c->ratelimit_ns / USEC), "migration_delay_us",
				 (json_int_t)(c->migr_delay_ns / USEC));
	case SCHED_ID_credit2:
		return json_pack("{sI}", "ratelimit_us", (json_int_t)(pool->credit2.params.ratelimit_ns / USEC));
	case SCHED_ID_rtxen:
		return json_pack("{ss ss ss ss}", "server", rt_kind_names[rt->kind % RT_KINDS], "rule",
				 rt_rule_names[rt->rule % RT_RULES], "placement", rt_placement_names[rt->placement & 1],
				 "fit", rt_fit_names[rt->fit % RT_FITS]);
	default:
		return json_object();
	}
}

static json_t *arinc_table(const struct request *r, u32 id)
{
	const struct arinc_table *t = &pool_of(r, id)->arinc653.table;
	json_t *frames = json_array();

	for (u32 i = 0; i < t->nr && i < ARINC_MAX_FRAMES; i++) {
		struct domain_facts facts = { .name = NULL };
		const struct arinc_frame *f = &t->frame[i];

		if (f->domain == ARINC_IDLE || !r->d->ops->facts(r->d->arg, f->domain, &facts))
			facts.name = NULL;
		json_array_append_new(frames, json_pack("{ss* sI sI}", "domain", facts.name, "vcpu",
							(json_int_t)f->vcpu, "time_ns", (json_int_t)f->time_ns));
	}
	return json_pack("{sI sb so}", "major_ns", (json_int_t)t->major_ns, "donate", t->donate, "frames", frames);
}

json_t *micro_params(const cpupool_t *pool)
{
	static const char *const modes[] = { "static", "code", "paper", "adaptive" };
	const struct micro_params *m = &pool->assist.micro;

	return json_pack("{ss sI sI}", "mode", modes[m->mode & 3], "slice_us", (json_int_t)(m->slice_ns / USEC),
			 "limit", (json_int_t)m->limit);
}

static json_t *pool_row(const struct request *r, u32 id)
{
	cpupool_t *pool = pool_of(r, id);
	host_t *h = r->d->host;
	json_t *cpus = json_array(), *row;
	u32 domains = 0;

	for_each_cpu (c, &pool->cpus, h->mask_words)
		json_array_append_new(cpus, json_integer(c));
	FOR_EACH_DOMAIN (r->d, dom)
		domains += domain_of(r, dom)->pool == pool;
	row = json_pack("{ss sI ss so sI so}", "name", r->d->pool_name[id], "id", (json_int_t)id, "sched",
			sched_name(pool->sched), "cpus", cpus, "domains", (json_int_t)domains, "params",
			pool_params(r->d, id));
	if (pool->sched == SCHED_ID_arinc653)
		json_object_set_new(row, "table", arinc_table(r, id));
	json_object_set_new(row, "hidden", json_boolean(pool->assist.parent));
	if (pool->assist.parent) {
		json_object_set_new(row, "parent", json_string(r->d->pool_name[pool->assist.parent->id]));
		json_object_set_new(row, "micro", micro_params(pool));
		json_object_set_new(row, "lent", json_integer(pool->assist.nr_lent));
	}
	return row;
}

json_t *verb_pool_list(struct request *r)
{
	json_t *rows;
	u32 id = 0;

	/* By name only, as xl has it: its listing is not asked by number. */
	if (json_object_get(r->in, "pool") && !ask_pool(r, "pool", true, &id))
		return NULL;
	rows = json_array();
	if (json_object_get(r->in, "pool"))
		json_array_append_new(rows, pool_row(r, id));
	else
		FOR_EACH_POOL (r->d, p)
			json_array_append_new(rows, pool_row(r, p));
	return json_pack("{so}", "pools", rows);
}

/* ---- the parameters of one scheduler: its pools, each with its domains ---- */

static json_t *sched_domain_row(const struct request *r, u32 id, const struct domain_facts *facts)
{
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = vcpus_of(r, id, vcpus, SCHED_MAX_DOMAIN_VCPUS), sched = domain_of(r, id)->pool->sched;
	s64 now = r->d->ops->now(r->d->arg);
	json_t *row = json_pack("{ss sI sI sI}", "name", facts->name, "id", (json_int_t)id, "weight",
				(json_int_t)domain_of(r, id)->weight, "cap", (json_int_t)domain_of(r, id)->cap);

	if (has_rt_params(sched)) {
		json_t *list = json_array();

		for (u32 i = 0; i < n; i++)
			json_array_append_new(list, rt_row(vcpus[i], sched, now));
		json_object_set_new(row, "vcpus", list);
	}
	return row;
}

static json_t *sched_pool_row(const struct request *r, u32 pool, int only)
{
	json_t *domains = json_array(), *row = pool_row(r, pool);
	struct domain_facts facts;

	for (u32 id = 0; id < r->d->host->limits.domains; id++)
		if ((only < 0 || id == (u32)only) && r->d->ops->facts(r->d->arg, id, &facts) &&
		    domain_of(r, id)->pool->id == pool)
			json_array_append_new(domains, sched_domain_row(r, id, &facts));
	json_object_set_new(row, "domains", domains);
	return row;
}

json_t *verb_sched(struct request *r)
{
	const char *sched = "";
	u32 domain = 0, pool = 0;
	bool has_domain = json_object_get(r->in, "domain"), has_pool = json_object_get(r->in, "pool");
	json_t *pools;

	if (!ask_string(r, "sched", true, &sched) || !ask_domain(r, false, &domain) ||
	    !ask_pool(r, "pool", false, &pool))
		return NULL;
	if (has_domain) {
		pool = domain_of(r, domain)->pool->id;
		if (strcmp(sched_name(pool_of(r, pool)->sched), sched))
			return refuse(r, EINVAL, "domain %s is scheduled by %s, not %s",
				      json_string_value(json_object_get(r->in, "domain")) ?
					      json_string_value(json_object_get(r->in, "domain")) :
					      "with this number",
				      sched_name(pool_of(r, pool)->sched), sched);
		has_pool = true;
	}
	pools = json_array();
	FOR_EACH_POOL (r->d, id)
		if (!strcmp(sched_name(pool_of(r, id)->sched), sched) && !pool_of(r, id)->assist.parent &&
		    (!has_pool || id == pool))
			json_array_append_new(pools, sched_pool_row(r, id, has_domain ? (int)domain : -1));
	return json_pack("{so}", "pools", pools);
}

/* ---- the host ---- */

static json_t *topology(const host_t *h)
{
	json_t *cpus = json_array();

	for (u32 c = 0; c < h->limits.pcpus; c++)
		json_array_append_new(cpus, json_pack("{si si si si}", "cpu", (int)c, "core", (int)h->pcpus[c].core,
						      "socket", (int)h->pcpus[c].node, "node", (int)h->pcpus[c].node));
	return cpus;
}

json_t *verb_info(struct request *r)
{
	host_t *h = r->d->host;
	u32 last = 0;

	for_each_cpu (c, &h->all_cpus, h->mask_words)
		last = (u32)c;
	return json_pack("{ss ss si si si si si si sI sI ss so sI}", "kind", r->d->ops->kind, "rota", ROTA_VERSION,
			 "nr_cpus", (int)mask_weight(&h->all_cpus, h->mask_words), "max_cpu_id", (int)last, "nr_nodes",
			 (int)h->limits.nodes, "nr_cores", (int)h->limits.cores, "threads_per_core",
			 (int)h->threads_per_core, "free_cpus", (int)mask_weight(&h->free_cpus, h->mask_words),
			 "nr_domains", (json_int_t)h->nr_domains, "nr_vcpus", (json_int_t)h->nr_vcpus, "scheduler",
			 sched_name(h->pools[0].sched), "topology", topology(h), "now_ns",
			 (json_int_t)r->d->ops->now(r->d->arg));
}

json_t *verb_status(struct request *r)
{
	json_t *s = json_pack("{sb si ss ss sI sI sI}", "running", 1, "pid", (int)getpid(), "rota", ROTA_VERSION,
			      "host", r->d->ops->kind, "since_unix", (json_int_t)r->d->since_unix, "domains",
			      (json_int_t)r->d->host->nr_domains, "vcpus", (json_int_t)r->d->host->nr_vcpus);

	if (s && r->d->ops->status)
		r->d->ops->status(r->d->arg, s);
	return s;
}
