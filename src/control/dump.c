// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The schedulers' state as text: Xen's debug key 'r', with its lines as far as this core has what they say.
 *
 * Run queues are not walked: on a live host they change meanwhile. Every vCPU is looked at where it is listed by its
 * domain, and says itself whether it waits. A pCPU in no pool has its own lines (Xen 4.17 panics at one).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/verbs.h"

#define CREDIT_NS 100000 /* of one of Xen's credits */

struct dump {
	const struct request *r;
	FILE *f;
	u32 pool;
	int n; /* lines of the list that is being printed */
};

static void put_mask(struct dump *d, const cpumask_t *mask)
{
	host_t *h = d->r->d->host;
	bool any = false;

	for (s32 c = mask_first((cpumask_t *)mask, h->mask_words), end; c >= 0;
	     c = mask_next((cpumask_t *)mask, end, h->mask_words)) {
		for (end = c; (u32)end + 1 < h->limits.pcpus && mask_test((cpumask_t *)mask, (u32)end + 1); end++)
			;
		fprintf(d->f, end > c ? "%s%d-%d" : "%s%d", any ? "," : "", c, end);
		any = true;
	}
}

static void put_line_mask(struct dump *d, const char *what, const cpumask_t *mask)
{
	fputs(what, d->f);
	put_mask(d, mask);
	fputc('\n', d->f);
}

static void put_vcpu_name(struct dump *d, const vcpu_t *v)
{
	if (v->is_idle)
		fprintf(d->f, "d[IDLE]v%u", v->id);
	else
		fprintf(d->f, "d%uv%u", v->domain->id, v->id);
}

/* Does it wait for a pCPU, or run? */
static bool active(const vcpu_t *v)
{
	return v->runstate == RUNSTATE_running || v->runstate == RUNSTATE_runnable || v->pause_flags & VPF_parked;
}

static void put_vcpu(struct dump *d, vcpu_t *v)
{
	static const int pri[] = { 0, -1, -2, -64 };
	const struct rt_vcpu *rt = &v->rt;
	s64 now = d->r->d->ops->now(d->r->d->arg);

	fprintf(d->f, "[%u.%u] ", v->domain->id, v->id);
	switch (v->domain->pool->sched) {
	case SCHED_ID_credit:
		fprintf(d->f,
			"pri=%d flags=%x cpu=%u credit=%" PRId64 " [w=%u,cap=%u] {boosts=%" PRIu64
			" migrations=%" PRIu64 "}\n",
			pri[v->credit.pri & 3], v->credit.flags, v->processor->id,
			(int64_t)(v->credit.credit_ns / CREDIT_NS), v->domain->weight, v->domain->cap,
			(uint64_t)v->boosts, (uint64_t)v->migrations);
		break;
	case SCHED_ID_credit2:
		fprintf(d->f, "flags=%x cpu=%u credit=%" PRId64 " [w=%u]", v->credit2.flags, v->processor->id,
			(int64_t)v->credit2.credit_ns, v->credit2.weight);
		if (v->domain->cap)
			fprintf(d->f, " budget=%" PRId64, (int64_t)v->credit2.budget_ns);
		fprintf(d->f, " load=%" PRId64 "\n", (int64_t)v->credit2.avgload);
		break;
	case SCHED_ID_rtds:
	case SCHED_ID_rtxen:
		fprintf(d->f,
			"cpu %u, (%" PRId64 ", %" PRId64 "), cur_b=%" PRId64 " cur_d=%" PRId64
			" priority_level=%u has_extratime=%u server=%s onQ=%u runnable=%u\n",
			v->processor->id, (int64_t)rt->period_ns, (int64_t)rt->budget_ns,
			(int64_t)sched_rt_budget_left(v, now), (int64_t)rt->next_ns, rt->level, rt->extratime,
			rt_kind_names[rt->kind % RT_KINDS], rt->where == RT_READY || rt->where == RT_DEPLETED,
			!v->pause_flags);
		break;
	case SCHED_ID_null:
		fprintf(d->f, "pcpu=%d\n", v->null.state == NULL_ASSIGNED ? (int)v->processor->id : -1);
		break;
	default:
		fprintf(d->f, "cpu=%u\n", v->processor->id);
	}
}

static void each_vcpu(struct dump *d, void (*fn)(struct dump *d, vcpu_t *v))
{
	FOR_EACH_DOMAIN (d->r->d, id) {
		vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
		u32 n = 0;

		if (domain_of(d->r, id)->pool->id == d->pool)
			n = vcpus_of(d->r, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);
		for (u32 i = 0; i < n; i++)
			fn(d, vcpus[i]);
	}
}

static void put_active(struct dump *d, vcpu_t *v)
{
	if (!active(v))
		return;
	fprintf(d->f, "\t%3d: ", ++d->n);
	put_vcpu(d, v);
}

static void put_any(struct dump *d, vcpu_t *v)
{
	fprintf(d->f, "\t%3d: ", ++d->n);
	put_vcpu(d, v);
}

static void put_credit(struct dump *d, cpupool_t *pool)
{
	const struct credit_params *p = &pool->credit.params;

	fprintf(d->f,
		"info:\n\tncpus              = %u\n\tmaster             = %d\n\tcredit balance     = %" PRId64
		"\n\tdefault-weight     = 256\n\ttslice             = %lldms\n\tratelimit          = %lldus\n"
		"\tcredits per msec   = 10\n\tticks per tslice   = %u\n\tmigration delay    = %lldus\n",
		pool->nr_cpus, pool->credit.master, (int64_t)(pool->credit.balance_ns / CREDIT_NS), p->tslice_ns / MSEC,
		p->ratelimit_ns / USEC, pool->credit.ticks_per_tslice, p->migr_delay_ns / USEC);
	put_line_mask(d, "idlers: ", &pool->credit.idlers);
	fprintf(d->f, "active units:\n");
	each_vcpu(d, put_active);
}

static void put_credit2(struct dump *d, cpupool_t *pool)
{
	host_t *h = d->r->d->host;
	u32 queues = 0;

	for (u32 i = 0; i < h->limits.pcpus; i++)
		queues += h->credit2_runqs[i].used && h->credit2_runqs[i].pool == pool;
	fprintf(d->f, "Active queues: %u\n\tdefault-weight     = 256\n", queues);
	for (u32 i = 0; i < h->limits.pcpus; i++) {
		credit2_runq_t *rq = &h->credit2_runqs[i];

		if (!rq->used || rq->pool != pool)
			continue;
		fprintf(d->f, "Runqueue %u:\n\tncpus              = %u\n", rq->id, rq->nr_cpus);
		put_line_mask(d, "\tcpus               = ", &rq->cpus);
		fprintf(d->f,
			"\tmax_weight         = %u\n\tpick_bias          = %d\n\tinstload           = %u\n"
			"\taveload            = %" PRId64 "\n",
			rq->max_weight, rq->pick_bias, rq->load, (int64_t)rq->avgload);
		put_line_mask(d, "\tidlers: ", &rq->idle);
		put_line_mask(d, "\ttickled: ", &rq->tickled);
	}
	fprintf(d->f, "Domain info:\n");
	each_vcpu(d, put_any);
}

static void put_arinc(struct dump *d, cpupool_t *pool)
{
	const struct arinc_table *t = &pool->arinc653.table;

	fprintf(d->f, "major frame: %" PRId64 " ns, %u frames, at %u\n", (int64_t)t->major_ns, t->nr,
		pool->arinc653.at);
	for (u32 i = 0; i < t->nr && i < ARINC_MAX_FRAMES; i++)
		if (t->frame[i].domain == ARINC_IDLE)
			fprintf(d->f, "\t%3u: idle %" PRId64 "\n", i, (int64_t)t->frame[i].time_ns);
		else
			fprintf(d->f, "\t%3u: [%u.%u] %" PRId64 "\n", i, t->frame[i].domain, t->frame[i].vcpu,
				(int64_t)t->frame[i].time_ns);
}

static void put_cpu(struct dump *d, u32 cpu)
{
	host_t *h = d->r->d->host;
	pcpu_t *p = &h->pcpus[cpu];

	fprintf(d->f, "CPU[%02u] current=", cpu);
	put_vcpu_name(d, p->curr);
	fprintf(d->f, ", prev=");
	if (p->prev)
		put_vcpu_name(d, p->prev);
	else
		fputs("NULL", d->f);
	fprintf(d->f, ", sibling={");
	put_mask(d, &h->core_mask[p->core]);
	fprintf(d->f, "}, core={");
	put_mask(d, &h->node_mask[p->node]);
	fprintf(d->f, "}\n");
	if (!p->curr->is_idle) {
		fprintf(d->f, "\trun: ");
		put_vcpu(d, p->curr);
	}
}

static void put_pool(struct dump *d, u32 id)
{
	cpupool_t *pool = pool_of(d->r, id);
	host_t *h = d->r->d->host;

	d->pool = id;
	d->n = 0;
	fprintf(d->f, "Cpupool %u: %s\n", id, d->r->d->pool_name[id]);
	put_line_mask(d, "Cpus: ", &pool->cpus);
	fprintf(d->f, "Scheduling granularity: cpu, 1 CPU per sched-resource\nScheduler: %s (%s)\n",
		sched_full_name(pool->sched), sched_name(pool->sched));
	if (pool->assist.parent) {
		fprintf(d->f, "Hidden, of cpupool %u: micro-sliced, %" PRId64 " ns, %u of its CPUs lent\n",
			pool->assist.parent->id, (int64_t)pool->assist.micro.slice_ns, pool->assist.nr_lent);
	} else if (pool->sched == SCHED_ID_credit) {
		put_credit(d, pool);
	} else if (pool->sched == SCHED_ID_credit2) {
		put_credit2(d, pool);
	} else {
		if (pool->sched == SCHED_ID_arinc653)
			put_arinc(d, pool);
		fprintf(d->f, "Domain info:\n");
		each_vcpu(d, put_any);
	}
	fprintf(d->f, "CPUs info:\n");
	for_each_cpu (c, &pool->cpus, h->mask_words)
		put_cpu(d, (u32)c);
}

json_t *verb_dump(struct request *r)
{
	struct dump d = { .r = r };
	host_t *h = r->d->host;
	char *text = NULL;
	size_t size;
	json_t *answer;

	d.f = open_memstream(&text, &size);
	if (!d.f)
		return NULL;
	fprintf(d.f, "NOW=%" PRId64 "\n", (int64_t)r->d->ops->now(r->d->arg));
	put_line_mask(&d, "Online Cpus: ", &h->all_cpus);
	FOR_EACH_POOL (r->d, id)
		put_pool(&d, id);
	if (!mask_empty(&h->free_cpus, h->mask_words)) {
		put_line_mask(&d, "Free Cpus: ", &h->free_cpus);
		for_each_cpu (c, &h->free_cpus, h->mask_words)
			put_cpu(&d, (u32)c);
	}
	fclose(d.f);
	answer = json_pack("{ss}", "text", text);
	free(text);
	return answer;
}
