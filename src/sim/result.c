/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run is summed up to; see result.h. */
#include "sim/guest_os.h"
#include "sim/result.h"
#include "sim/scenario_read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct domain_sum {
	int64_t runstate_ns[4], parked_ns;
	uint64_t switches, migrations, boosts, jobs, missed, bursts;
	int64_t completion_ns; /* the last of its vCPUs'; -1: not all are done */
	double demand;
};

static void sum_domain(const struct machine *m, uint32_t i, struct domain_sum *sum)
{
	const struct sim_domain *sd = &m->domains[i];

	memset(sum, 0, sizeof(*sum));
	for (uint32_t k = 0; k < sd->nr_vcpus; k++) {
		const struct sim_vcpu *sv = &m->vcpus[sd->first_vcpu + k];
		int64_t parked = sv->v->parked_ns;

		if (sv->v->pause_flags & VPF_parked)
			parked += m->now - sv->v->parked_entry_ns;
		for (uint32_t r = 0; r < 4; r++)
			sum->runstate_ns[r] += vcpu_runstate_ns(sv->v, r, m->now) - sv->base_ns[r];
		sum->parked_ns += parked - sv->base_parked_ns;
		sum->switches += sv->switches;
		sum->migrations += sv->v->migrations - sv->base_migrations;
		sum->boosts += sv->v->boosts - sv->base_boosts;
		sum->jobs += sv->guest.stats.jobs;
		sum->missed += sv->guest.stats.missed;
		sum->bursts += sv->guest.stats.bursts;
		sum->demand += guest_demand(&sv->guest, m->s->duration_ns);
		if (sv->guest.stats.completion_ns < 0)
			sum->completion_ns = -1;
		else if (sum->completion_ns >= 0 && sv->guest.stats.completion_ns > sum->completion_ns)
			sum->completion_ns = sv->guest.stats.completion_ns;
	}
}

/* What the interrupts of the script want of domain @i, as a fraction of one pCPU. */
static double irq_demand(const struct scenario *s, int i)
{
	double demand = 0;

	for (int k = 0; k < s->nr_events; k++) {
		const struct scn_event *e = &s->events[k];

		if (e->kind == SCN_EV_IRQ && e->domain == i && e->at_ns < s->duration_ns)
			demand += (double)e->cost_ns / (double)(e->every_ns ? e->every_ns : s->duration_ns);
	}
	return demand;
}

/* Its scheduling domain, where its pool's policy heeds that; NULL otherwise. */
static const domain_t *accounted_to(const domain_t *d)
{
	return d->sdom && scn_has_sdoms(sched_name(d->pool->sched)) ? d->sdom : NULL;
}

void entitlements(const struct machine *m, double *out)
{
	const struct scenario *s = m->s;
	double *limit = calloc((size_t)s->nr_domains, sizeof(*limit));

	if (!limit)
		return;
	for (int i = 0; i < s->nr_domains; i++) {
		struct domain_sum sum;

		sum_domain(m, (uint32_t)i, &sum);
		limit[i] = sum.demand + irq_demand(s, i);
		if (limit[i] > m->domains[i].d->nr_vcpus)
			limit[i] = m->domains[i].d->nr_vcpus;
		out[i] = -1;
	}
	/* Who is accounted to another is entitled to nothing but through that one. */
	for (int i = 0; i < s->nr_domains; i++) {
		const domain_t *to = accounted_to(m->domains[i].d);

		if (!to)
			continue;
		out[i] = 0;
		for (int k = 0; k < s->nr_domains; k++)
			if (m->domains[k].d == to)
				limit[k] += limit[i];
	}
	for (int i = 0; i < s->nr_domains; i++) {
		const domain_t *d = m->domains[i].d;

		if (d->cap && limit[i] > d->cap / 100.0)
			limit[i] = d->cap / 100.0;
	}
	for (uint32_t p = 0; p < m->host->limits.pools; p++) {
		const cpupool_t *pool = &m->host->pools[p];
		bool by_domain = pool->sched == SCHED_ID_credit && pool->credit.params.weight_of_domain, again = true;
		double left = pool->nr_cpus;

		while (again) {
			double weight = 0;

			again = false;
			for (int i = 0; i < s->nr_domains; i++)
				if (m->domains[i].d->pool == pool && out[i] < 0)
					weight +=
						m->domains[i].d->weight * (by_domain ? 1.0 : m->domains[i].d->nr_vcpus);
			for (int i = 0; i < s->nr_domains && weight > 0; i++) {
				const domain_t *d = m->domains[i].d;
				double w = d->weight * (by_domain ? 1.0 : d->nr_vcpus);

				if (d->pool != pool || out[i] >= 0 || limit[i] > left * w / weight)
					continue;
				out[i] = limit[i];
				left -= limit[i];
				weight -= w;
				again = true;
			}
			if (again)
				continue;
			for (int i = 0; i < s->nr_domains && weight > 0; i++) {
				const domain_t *d = m->domains[i].d;

				if (d->pool == pool && out[i] < 0)
					out[i] = left * d->weight * (by_domain ? 1.0 : d->nr_vcpus) / weight;
			}
		}
	}
	free(limit);
}

json_t *latency_json(const struct histogram *h)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "count", (json_int_t)h->count, "mean",
			 (json_int_t)(h->count ? h->sum / h->count : 0), "p50",
			 (json_int_t)histogram_percentile(h, 500), "p90", (json_int_t)histogram_percentile(h, 900),
			 "p99", (json_int_t)histogram_percentile(h, 990), "p999",
			 (json_int_t)histogram_percentile(h, 999), "max", (json_int_t)h->max);
}

static void add_bucket(void *arg, int64_t upper_ns, uint64_t count)
{
	json_array_append_new(arg, json_pack("[I,I]", (json_int_t)upper_ns, (json_int_t)count));
}

/* Such that all its tasks end. */
static bool is_finite_program(const struct guest_os *os)
{
	for (int i = 0; i < os->program->nr_entries; i++)
		if (!os->program->tasks[i].times)
			return false;
	return true;
}

static json_t *domain_json(const struct machine *m, uint32_t i, double entitlement, int64_t duration,
			   bool with_histograms)
{
	const struct scn_domain *scn = &m->s->domains[i];
	const struct sim_domain *sd = &m->domains[i];
	const struct scn_workload *load = &scn->vcpus[0].workload;
	struct domain_sum sum;
	json_t *o;

	sum_domain(m, i, &sum);
	if (sd->os)
		rt_jobs(sd->os, &sum.jobs, &sum.missed);
	o = json_pack("{s:s,s:s,s:i,s:i,s:i,s:f,s:I,s:I,s:I,s:I,s:I,s:f}", "name", scn->name, "pool",
		      m->s->pools[sd->d->pool->id].name, "vcpus", scn->nr_vcpus, "weight", (int)sd->d->weight, "cap",
		      (int)sd->d->cap, "entitlement", entitlement, "run_ns",
		      (json_int_t)sum.runstate_ns[RUNSTATE_running], "runnable_ns",
		      (json_int_t)sum.runstate_ns[RUNSTATE_runnable], "blocked_ns",
		      (json_int_t)sum.runstate_ns[RUNSTATE_blocked], "offline_ns",
		      (json_int_t)sum.runstate_ns[RUNSTATE_offline], "parked_ns", (json_int_t)sum.parked_ns, "share",
		      (double)sum.runstate_ns[RUNSTATE_running] / (double)duration);
	if (sd->d->sdom)
		json_object_set_new(o, "sdom", json_string(m->s->domains[sd->d->sdom->id].name));
	json_object_set_new(o, "wake_latency_ns", latency_json(&sd->wake_latency));
	if (with_histograms) {
		json_t *hist = json_array();

		histogram_each(&sd->wake_latency, add_bucket, hist);
		json_object_set_new(o, "wake_latency_hist", hist);
	}
	json_object_set_new(o, "deadlines",
			    json_pack("{s:I,s:I}", "jobs", (json_int_t)sum.jobs, "missed", (json_int_t)sum.missed));
	json_object_set_new(o, "workload",
			    json_pack("{s:s,s:I,s:I}", "unit",
				      load->model == SCN_PERIODIC || (sd->os && sd->os->rt) ? "jobs" :
				      sd->os						    ? "ops" :
											      "bursts",
				      "count",
				      (json_int_t)(load->model == SCN_PERIODIC ? sum.jobs :
						   sd->os		       ? sd->os->stats.ops :
										 sum.bursts),
				      "completion_ns",
				      (json_int_t)(load->work_ns || (sd->os && is_finite_program(sd->os)) ?
							   sum.completion_ns :
							   0)));
	json_object_set_new(o, "switches", json_integer((json_int_t)sum.switches));
	json_object_set_new(o, "migrations", json_integer((json_int_t)sum.migrations));
	json_object_set_new(o, "boosts", json_integer((json_int_t)sum.boosts));
	if (sd->os)
		json_object_set_new(o, "guest", sd->os->rt ? tasks_json(sd->os) : guest_json(sd->os));
	return o;
}

static uint64_t ple_exits(const struct machine *m)
{
	uint64_t sum = 0;

	for (int i = 0; i < m->s->nr_domains; i++)
		for (int k = 0; m->domains[i].os && k < 3; k++)
			sum += m->domains[i].os->stats.ple_exits[k];
	return sum;
}

/* Turns given since the warm-up, and what came of them; see src/sched/assist.h. */
static json_t *assist_json(const struct machine *m, uint32_t i)
{
	const struct assist_domain *a = &m->domains[i].d->assist;

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "coboosts", (json_int_t)a->coboosts, "micro_migrations",
			 (json_int_t)a->micro_migrations, "lends", (json_int_t)a->lends, "irq_turns",
			 (json_int_t)a->irq_turns, "graces", (json_int_t)a->graces, "turn_ns", (json_int_t)a->turn_ns,
			 "refused", (json_int_t)a->refused);
}

/* Jansson's integers end at 2^63 - 1; a greater seed is a string. */
static json_t *seed_json(uint64_t seed)
{
	char text[24];

	if (seed <= INT64_MAX)
		return json_integer((json_int_t)seed);
	snprintf(text, sizeof(text), "%" PRIu64, seed);
	return json_string(text);
}

json_t *result_json(const struct machine *m, int64_t wall_ns, bool with_histograms)
{
	const struct scenario *s = m->s;
	int64_t duration = m->now - s->warmup_ns;
	static const char *const turns[] = { "coboosts", "micro_migrations", "lends", "irq_turns", "graces" };
	json_t *root, *domains = json_array(), *pcpus = json_array(), *counters;
	double *entitled = calloc((size_t)s->nr_domains, sizeof(*entitled));
	uint64_t switches = 0, migrations = 0;
	char hash[17];

	if (duration < 1)
		duration = 1;
	if (entitled)
		entitlements(m, entitled);
	for (int i = 0; i < s->nr_domains; i++) {
		json_t *d = domain_json(m, (uint32_t)i, entitled ? entitled[i] : 0, duration, with_histograms);

		migrations += (uint64_t)json_integer_value(json_object_get(d, "migrations"));
		if (m->domains[i].d->pool->assist.on)
			json_object_set_new(d, "turns", assist_json(m, (uint32_t)i));
		json_array_append_new(domains, d);
	}
	free(entitled);
	for (uint32_t c = 0; c < m->host->limits.pcpus; c++) {
		const pcpu_t *p = &m->host->pcpus[c];
		int64_t run = m->now - vcpu_runstate_ns(p->idle, RUNSTATE_running, m->now) - m->pcpus[c].base_run_ns;

		switches += p->switches - m->pcpus[c].base_switches;
		json_array_append_new(pcpus, json_pack("{s:i,s:I,s:I,s:I}", "id", (int)c, "run_ns", (json_int_t)run,
						       "idle_ns", (json_int_t)(duration - run), "switches",
						       (json_int_t)(p->switches - m->pcpus[c].base_switches)));
	}
	snprintf(hash, sizeof(hash), "%016" PRIx64, m->trace_hash);
	root = json_pack("{s:s,s:s,s:o,s:I,s:I,s:I,s:I,s:s,s:o,s:o}", "rota", ROTA_VERSION, "scenario", s->name, "seed",
			 seed_json(s->seed), "duration_ns", (json_int_t)duration, "events",
			 (json_int_t)machine_scheduler_events(m), "machine_events", (json_int_t)m->nr_events, "wall_ns",
			 (json_int_t)wall_ns, "trace_hash", hash, "domains", domains, "pcpus", pcpus);
	counters = json_pack("{s:I,s:I,s:I,s:I,s:I}", "context_switches", (json_int_t)switches, "migrations",
			     (json_int_t)migrations, "ple_exits", (json_int_t)ple_exits(m), "refused_commands",
			     (json_int_t)m->refused, "lost_records", (json_int_t)m->cx.lost_rec);
	for (size_t k = 0; k < sizeof(turns) / sizeof(turns[0]); k++) {
		json_int_t sum = 0;
		json_t *d;
		size_t i;

		json_array_foreach(domains, i, d) sum +=
			json_integer_value(json_object_get(json_object_get(d, "turns"), turns[k]));
		json_object_set_new(counters, turns[k], json_integer(sum));
	}
	json_object_set_new(root, "counters", counters);
	return root;
}
