/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a scenario to a machine at time 0: topology, pools, domains, vCPUs, and the first events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/guest_os.h"
#include "sim/kernel.h"
#include "sim/machine.h"
#include "trace/replay.h"
#include "trace/trace.h"

#define RECORDS_PER_VCPU 8 /* one accounting makes at most a few records for each vCPU */

static int fail(char *err, size_t errlen, const char *what)
{
	snprintf(err, errlen, "%s", what);
	return -1;
}

/* Names of the corrections, as `mend:` writes them; the order of enum credit_mend, and of enum credit2_mend. */
static const char *const credit_mends[] = {
	"active", "push", "timer", "balance", "order", "wake", "share", "cap", "boost", "yield", "insert", NULL,
};

static const char *const credit2_mends[] = {
	"bias", "partner", "newcap", "savings", "idle", "pull", "place", "scale", "wake", "park", "share", "even", NULL,
};

/* "all", "none", "share,cap", or "^push,^wake" (all but those). Returns -1 and the culprit in @err. */
static int64_t parse_mend(const char *sched, const char *const *names, const char *text, char *err, size_t errlen)
{
	const char *p = text;
	uint32_t all = 0, mend;
	char known[200] = "";

	for (const char *const *n = names; *n; n++) {
		all = all << 1 | 1;
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", *known ? ", " : "", *n);
	}
	mend = *p == '^' ? all : 0;
	while (*p) {
		size_t n = strcspn(p, ","), off = *p == '^';
		uint32_t bits = 0;

		if (n == 3 && !memcmp(p, "all", 3))
			bits = all;
		for (uint32_t i = 0; names[i]; i++)
			if (strlen(names[i]) == n - off && !memcmp(p + off, names[i], n - off))
				bits = 1u << i;
		if (!bits && !(n == 4 && !memcmp(p, "none", 4))) {
			snprintf(err, errlen, "%.*s is not a correction of %s; write all, none, or some of %s", (int)n,
				 p, sched, known);
			return -1;
		}
		mend = off ? mend & ~bits : mend | bits;
		p += n + (p[n] == ',');
	}
	return mend;
}

static int set_credit(struct credit_params *p, const struct scn_param *param, char *err, size_t errlen)
{
	int64_t mend;

	if (!strcmp(param->key, "tslice"))
		p->tslice_ns = param->value;
	else if (!strcmp(param->key, "ratelimit"))
		p->ratelimit_ns = param->value;
	else if (!strcmp(param->key, "migration_delay"))
		p->migr_delay_ns = param->value;
	else if (!strcmp(param->key, "lb_ratelimit"))
		p->lb_ratelimit_ns = param->value;
	else if (!strcmp(param->key, "weight_of"))
		p->weight_of_domain = param->value != 0;
	else if (!strcmp(param->key, "old_yields"))
		p->old_yields = param->value != 0;
	else if (!strcmp(param->key, "tickle_one_idle"))
		p->tickle_one_idle = param->value != 0;
	else if (!strcmp(param->key, "mend")) {
		mend = parse_mend("credit", credit_mends, param->text, err, errlen);
		if (mend < 0)
			return -1;
		p->mend = (uint32_t)mend;
	} else {
		snprintf(err, errlen, "is not a parameter of credit");
		return -1;
	}
	return 0;
}

static int set_credit2(struct credit2_params *p, const struct scn_param *param, char *err, size_t errlen)
{
	int64_t mend;

	if (!strcmp(param->key, "ratelimit"))
		p->ratelimit_ns = param->value;
	else if (!strcmp(param->key, "cap_period"))
		p->cap_period_ns = param->value;
	else if (!strcmp(param->key, "migrate_resist"))
		p->migrate_resist_ns = param->value;
	else if (!strcmp(param->key, "load_window_shift"))
		p->load_window_shift = (u8)param->value;
	else if (!strcmp(param->key, "load_precision_shift"))
		p->load_precision_shift = (u8)param->value;
	else if (!strcmp(param->key, "balance_under"))
		p->balance_under = (s8)param->value;
	else if (!strcmp(param->key, "balance_over"))
		p->balance_over = (s8)param->value;
	else if (!strcmp(param->key, "runqueue"))
		p->runqueue = (u8)param->value;
	else if (!strcmp(param->key, "max_cpus_runqueue"))
		p->max_cpus_runqueue = (u32)param->value;
	else if (!strcmp(param->key, "smt_power_savings"))
		p->smt_power_savings = param->value != 0;
	else if (!strcmp(param->key, "mend")) {
		mend = parse_mend("credit2", credit2_mends, param->text, err, errlen);
		if (mend < 0)
			return -1;
		p->mend = (uint32_t)mend;
	} else {
		snprintf(err, errlen, "is not a parameter of credit2");
		return -1;
	}
	return 0;
}

/* A pool's parameters, before it has pCPUs. */
static int set_params(struct machine *m, const struct scn_pool *sp, cpupool_t *pool, char *err, size_t errlen)
{
	struct credit_params credit = pool->credit.params;
	struct credit2_params credit2 = pool->credit2.params;
	bool is_credit2 = pool->sched == SCHED_ID_credit2;
	char why[256];
	int ret;

	if (machine_assist_params(m, sp, pool) < 0) {
		snprintf(err, errlen,
			 "%s:%d: pools.%s.params: coboost and irq_turn are 0 or 10us to 10ms, lend 0 or 10us to 200us, "
			 "grace 0 or 10us to 1ms",
			 m->s->path, sp->line, sp->name);
		return -1;
	}
	for (int k = 0; k < sp->nr_params; k++) {
		if (machine_is_assist_param(&sp->params[k]))
			continue;
		ret = is_credit2 ? set_credit2(&credit2, &sp->params[k], why, sizeof(why)) :
				   set_credit(&credit, &sp->params[k], why, sizeof(why));
		if (ret) {
			snprintf(err, errlen, "%s:%d: pools.%s.params.%s: %s", m->s->path, sp->params[k].line, sp->name,
				 sp->params[k].key, why);
			return -1;
		}
	}
	ret = is_credit2 ? sched_adjust_global_credit2(&m->cx, pool, &credit2) :
			   sched_adjust_global_credit(&m->cx, pool, &credit);
	if (ret) {
		snprintf(err, errlen, "%s:%d: pools.%s.params: %s refuses these values together", m->s->path, sp->line,
			 sp->name, sp->sched);
		return -1;
	}
	return 0;
}

static int create_pool(struct machine *m, int i, char *err, size_t errlen)
{
	const struct scn_pool *sp = &m->s->pools[i];
	cpupool_t *pool;
	int id = sp->hidden ? machine_hidden_pool(m, i, err, errlen) :
			      cpupool_create(&m->cx, i, (u32)sched_find(sp->sched));

	if (id < 0)
		return sp->hidden ? -1 : fail(err, errlen, "the scheduler of a pool is not known");
	pool = &m->host->pools[id];
	if (sp->nr_params && set_params(m, sp, pool, err, errlen))
		return -1;
	for (int c = 0; c < m->s->nr_pcpus; c++)
		if (sp->cpus.w[c / 64] >> (c % 64) & 1)
			cpupool_add_cpu(&m->cx, id, c);
	return 0;
}

static int create_vcpu(struct machine *m, uint32_t domain, uint32_t index, const struct scn_vcpu *scn, char *err,
		       size_t errlen)
{
	struct sim_vcpu *sv = &m->vcpus[index];
	struct cpumask hard, soft;

	memcpy(hard.w, scn->settings->hard.w, sizeof(hard.w));
	memcpy(soft.w, scn->settings->soft.w, sizeof(soft.w));
	mask_and(&hard, &hard, &m->host->all_cpus);
	mask_and(&soft, &soft, &m->host->all_cpus);
	sv->v = vcpu_create(&m->cx, m->domains[domain].d, &hard, &soft);
	if (!sv->v)
		return fail(err, errlen, "a vCPU's affinity misses its pool");
	sv->v->host_data = index;
	sv->domain = domain;
	sv->woken_ns = -1;
	if (scn->workload.model == SCN_REPLAY && replay_load(scn->workload.file, &m->replays[index], err, errlen))
		return -1;
	guest_init(&sv->guest, &scn->workload, m->replays[index], m->s->seed, index);
	return 0;
}

int machine_setup_domain(struct machine *m, const struct scn_domain *scn, uint32_t i, uint32_t pool,
			 uint32_t first_vcpu, char *err, size_t errlen)
{
	struct sim_domain *sd = &m->domains[i];

	sd->d = domain_create(&m->cx, &m->host->pools[pool], (s32)i);
	if (!sd->d) {
		snprintf(err, errlen, "%s:%d: domains.%s: its pool has no pCPU", m->s->path, scn->line, scn->name);
		return -1;
	}
	sd->first_vcpu = first_vcpu;
	sd->nr_vcpus = (uint32_t)scn->nr_vcpus;
	for (uint32_t v = 0; v < sd->nr_vcpus; v++)
		if (create_vcpu(m, i, first_vcpu + v, &scn->vcpus[v], err, errlen))
			return -1;
	if (machine_symbols(m, scn, i, err, errlen))
		return -1;
	if (scn->vcpus[0].workload.program) {
		sd->os = guest_os_create(m->s, &scn->vcpus[0].workload, i, first_vcpu, sd->nr_vcpus);
		if (!sd->os)
			return fail(err, errlen, "not enough memory for the guests' programs; use fewer tasks");
		for (uint32_t v = 0; v < sd->nr_vcpus; v++)
			guest_os_attach(sd->os, v, &m->vcpus[first_vcpu + v].guest);
	}
	if (sched_adjust(&m->cx, sd->d, scn->weight, scn->cap)) {
		snprintf(err, errlen, "%s:%d: domains.%s: the scheduler refuses its weight or cap", m->s->path,
			 scn->line, scn->name);
		return -1;
	}
	return 0;
}

static int create_host(struct machine *m, uint32_t more_pools)
{
	const struct scenario *s = m->s;
	uint32_t n = (uint32_t)s->nr_pcpus, *core_of = calloc(n, sizeof(*core_of)),
		 *node_of = calloc(n, sizeof(*node_of));
	struct host_limits limits = {
		.pcpus = n,
		.cores = (uint32_t)(s->nodes * s->cores),
		.nodes = (uint32_t)s->nodes,
		.domains = m->max_domains,
		.vcpus = m->max_vcpus,
		.pools = (uint32_t)s->nr_pools + more_pools,
	};

	for (uint32_t c = 0; core_of && node_of && c < n; c++) {
		core_of[c] = c / (uint32_t)s->threads;
		node_of[c] = core_of[c] / (uint32_t)s->cores;
	}
	m->host_bytes = (host_size(&limits) + 63) & ~(size_t)63;
	m->host_mem = calloc(1, m->host_bytes + 63); /* not set to 0 by us: what is never used is never touched */
	if (m->host_mem && core_of && node_of) {
		uintptr_t aligned = ((uintptr_t)m->host_mem + 63) & ~(uintptr_t)63;

		m->host = host_init((void *)aligned, &limits, core_of, node_of);
	}
	free(core_of);
	free(node_of);
	return m->host ? 0 : -1;
}

static int allocate(struct machine *m, const struct machine_room *room, char *err, size_t errlen)
{
	const struct scenario *s = m->s;
	uint32_t slots, nr_vcpus = m->nr_vcpus + room->vcpus;

	m->max_vcpus = nr_vcpus;
	m->max_domains = (uint32_t)s->nr_domains + room->domains;
	m->last_domain = (uint32_t)s->nr_domains - 1;
	m->slot_wake = nr_vcpus;
	m->slot_script = 2 * nr_vcpus;
	m->slot_timer = m->slot_script + (uint32_t)s->nr_events;
	m->slot_ipi = m->slot_timer + (uint32_t)s->nr_pcpus;
	slots = m->slot_ipi + (uint32_t)s->nr_pcpus;
	m->cx.max_rec = 1024 + RECORDS_PER_VCPU * nr_vcpus;
	m->vcpus = calloc(nr_vcpus, sizeof(*m->vcpus));
	m->domains = calloc(m->max_domains, sizeof(*m->domains));
	m->pcpus = calloc((size_t)s->nr_pcpus, sizeof(*m->pcpus));
	m->replays = calloc(nr_vcpus, sizeof(*m->replays));
	m->cx.rec = calloc(m->cx.max_rec, sizeof(*m->cx.rec));
	if (!m->vcpus || !m->domains || !m->pcpus || !m->replays || !m->cx.rec || event_queue_init(&m->events, slots) ||
	    create_host(m, room->pools))
		return fail(err, errlen, "not enough memory for a host of this size; make it smaller");
	return 0;
}

void machine_first_wakes(struct machine *m, uint32_t first, uint32_t n)
{
	for (uint32_t v = first; v < first + n; v++) {
		int64_t at = guest_first_wake(&m->vcpus[v].guest);

		if (at != GUEST_FOREVER)
			event_set(&m->events, m->slot_wake + v, at);
	}
}

static int populate(struct machine *m, char *err, size_t errlen)
{
	const struct scenario *s = m->s;
	uint32_t vcpu = 0;

	for (int i = 0; i < s->nr_pools; i++)
		if (create_pool(m, i, err, errlen))
			return -1;
	machine_settle(m);
	for (int i = 0; i < s->nr_domains; i++) {
		if (machine_setup_domain(m, &s->domains[i], (uint32_t)i, (uint32_t)s->domains[i].pool, vcpu, err,
					 errlen))
			return -1;
		vcpu += (uint32_t)s->domains[i].nr_vcpus;
		machine_settle(m);
	}
	for (int i = 0; i < s->nr_domains; i++)
		if (s->domains[i].sdom >= 0 && sdom_attach(&m->cx, m->domains[s->domains[i].sdom].d, m->domains[i].d)) {
			snprintf(err, errlen, "%s:%d: domains.%s.sdom: the scheduler refuses it", s->path,
				 s->domains[i].sdom_line, s->domains[i].name);
			return -1;
		}
	if (machine_sched_start(m, err, errlen))
		return -1;
	machine_first_wakes(m, 0, m->nr_vcpus);
	for (int i = 0; i < s->nr_events; i++)
		event_set(&m->events, m->slot_script + (uint32_t)i, s->events[i].at_ns);
	return 0;
}

struct machine *machine_create(const struct scenario *s, int trace_level, machine_record_fn record, void *arg,
			       char *err, size_t errlen)
{
	return machine_create_room(s, &(struct machine_room){ 0 }, trace_level, record, arg, err, errlen);
}

struct machine *machine_create_room(const struct scenario *s, const struct machine_room *room, int trace_level,
				    machine_record_fn record, void *arg, char *err, size_t errlen)
{
	struct machine *m = calloc(1, sizeof(*m));

	if (!m) {
		fail(err, errlen, "not enough memory");
		return NULL;
	}
	for (int i = 0; i < s->nr_domains; i++)
		m->nr_vcpus += (uint32_t)s->domains[i].nr_vcpus;
	m->s = s;
	m->record = record;
	m->record_arg = arg;
	m->trace_hash = TRACE_HASH_INIT;
	if (allocate(m, room, err, errlen)) {
		machine_free(m);
		return NULL;
	}
	m->cx.host = m->host;
	m->host->trace_level = (u8)trace_level;
	if (populate(m, err, errlen)) {
		machine_free(m);
		return NULL;
	}
	return m;
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	for (uint32_t v = 0; m->replays && v < m->max_vcpus; v++)
		replay_free(m->replays[v]);
	for (uint32_t i = 0; m->domains && i < m->max_domains; i++) {
		histogram_free(&m->domains[i].wake_latency);
		guest_os_free(m->domains[i].os);
		scenario_free(m->domains[i].own);
	}
	event_queue_free(&m->events);
	machine_kernels_free(m);
	free(m->replays);
	free(m->vcpus);
	free(m->domains);
	free(m->pcpus);
	free(m->cx.rec);
	free(m->host_mem);
	free(m);
}
