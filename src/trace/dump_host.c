/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dump of Xen's debug key 'r' (`xl debug-keys r; xl dmesg`), for a core host: what an operator
 * of Xen reads to see who has credit, who is queued where and which pCPUs idle. Lines, names and
 * numbers are Xen's (credits of 100 us, priorities 0, -1, -2, -64, flags in hex, masks as Xen
 * prints them), so that eyes and scripts that know Xen's dump know this one.
 *
 * What differs: nothing is said about power savings, and no statistics of debug builds are shown;
 * idle vCPUs, which rota keeps out of the queues, are not listed in them; two lines of settings
 * are rota's own, and so is what a cap has left. pCPUs in no pool are dumped too, by the idle
 * scheduler: Xen 4.17 panics there.
 *
 * It reads the public structs of src/sched/sched.h and nothing else, so any host can be dumped
 * whose memory can be read: the simulated one, or the live one's arena mapped into a process.
 */
#include "trace/dump_host.h"

#include <errno.h>
#include <inttypes.h>

#define CREDIT_NS 100000 /* one credit of Xen's */

/* A set as Xen's %*pbl: 0-3,5. */
static void put_list(FILE *out, const struct cpumask *mask, u32 nr_cpus)
{
	const char *comma = "";

	for (u32 first = 0; first < nr_cpus; first++) {
		u32 last = first;

		if (!(mask->w[first / 64] >> (first % 64) & 1))
			continue;
		while (last + 1 < nr_cpus && mask->w[(last + 1) / 64] >> ((last + 1) % 64) & 1)
			last++;
		if (first == last)
			fprintf(out, "%s%u", comma, first);
		else
			fprintf(out, "%s%u-%u", comma, first, last);
		comma = ",";
		first = last;
	}
}

/* A set as Xen's %*pb: hex, highest pCPUs first, a comma every 32 bits. */
static void put_hex(FILE *out, const struct cpumask *mask, u32 nr_cpus)
{
	u32 chunk = (nr_cpus + 31) / 32;
	int width = (int)((nr_cpus - 1) % 32 / 4 + 1);

	while (chunk-- > 0) {
		fprintf(out, "%0*x", width, (u32)(mask->w[chunk / 2] >> (chunk % 2 * 32)));
		if (chunk)
			fputc(',', out);
		width = 8;
	}
}

static void put_vcpu(FILE *out, const vcpu_t *v)
{
	if (!v)
		fprintf(out, "NULL");
	else if (v->is_idle)
		fprintf(out, "d[IDLE]v%u", v->id);
	else
		fprintf(out, "d%uv%u", v->domain->id, v->id);
}

/* Credits, rounded towards zero as Xen's divisions are. */
static s64 credits(s64 ns)
{
	return ns / CREDIT_NS;
}

static int xen_priority(u32 class)
{
	return class == CREDIT_IDLE ? -64 : -(int)class;
}

static void credit_put_vcpu(FILE *out, const vcpu_t *v)
{
	const domain_t *d = v->domain;

	fprintf(out, "[%u.%u] pri=%d flags=%x cpu=%u credit=%" PRId64 " [w=%u,cap=%u]", d->id, v->id,
		xen_priority(v->credit.pri), v->credit.flags, v->processor->id, credits(v->credit.credit_ns), d->weight,
		d->cap);
	if (d->sdom)
		fprintf(out, " sdom=%u", d->sdom->id);
	if (d->sdom ? d->sdom->cap : d->cap)
		fprintf(out, " cap_left=%lldus", v->credit.cap_ns / USEC);
	fputc('\n', out);
}

static void credit_put_pool(FILE *out, const host_t *h, const cpupool_t *pool)
{
	const struct credit_pool *c = &pool->credit;
	const struct credit_params *p = &c->params;
	u64 weight = 0;
	u32 n = 0;

	for (const link_t *k = c->active.next; k != &c->active; k = k->next) {
		const domain_t *d = link_of(k, const domain_t, credit.pool_link);

		weight += (u64)d->weight * (p->weight_of_domain		      ? 1 :
					    d->credit.nr_active < d->nr_vcpus ? d->credit.nr_active :
										d->nr_vcpus);
	}
	fprintf(out, "info:\n");
	fprintf(out, "\tncpus              = %u\n", pool->nr_cpus);
	fprintf(out, "\tmaster             = %d\n", c->master);
	fprintf(out, "\tcredit             = %" PRId64 "\n", credits(p->tslice_ns) * pool->nr_cpus);
	fprintf(out, "\tcredit balance     = %" PRId64 "\n", credits(c->balance_ns));
	fprintf(out, "\tweight             = %" PRIu64 "\n", weight);
	fprintf(out, "\trunq_sort          = %u\n", c->sort_epoch);
	fprintf(out, "\tdefault-weight     = 256\n");
	fprintf(out, "\ttslice             = %lldms\n", p->tslice_ns / MSEC);
	fprintf(out, "\tratelimit          = %lldus\n", p->ratelimit_ns / USEC);
	fprintf(out, "\tcredits per msec   = %lld\n", MSEC / CREDIT_NS);
	fprintf(out, "\tticks per tslice   = %u\n", c->ticks_per_tslice);
	fprintf(out, "\tmigration delay    = %lldus\n", p->migr_delay_ns / USEC);
	fprintf(out, "\tweight of          = %s\n", p->weight_of_domain ? "domain" : "vcpu");
	fprintf(out, "\tmend               = %x of %x\n", p->mend, CREDIT_MEND_ALL);
	fprintf(out, "idlers: ");
	put_hex(out, &c->idlers, h->limits.pcpus);
	fprintf(out, "\nactive units:\n");
	for (const link_t *k = c->active.next; k != &c->active; k = k->next) {
		const domain_t *d = link_of(k, const domain_t, credit.pool_link);
		const link_t *head = &d->credit.active;

		for (const link_t *l = head->next; l != head; l = l->next) {
			fprintf(out, "\t%3u: ", ++n);
			credit_put_vcpu(out, link_of(l, const vcpu_t, credit.active));
		}
	}
}

static void credit_put_pcpu(FILE *out, const host_t *h, const pcpu_t *p)
{
	const struct credit_pcpu *c = &p->credit;
	u32 n = 0;

	/* Xen counts who runs among the runnable. */
	fprintf(out, "CPU[%02u] nr_run=%u, sort=%u, sibling={", p->id, c->nr_queued + !p->curr->is_idle, c->sort_epoch);
	put_list(out, &h->core_mask[p->core], h->limits.pcpus);
	fprintf(out, "}, core={");
	put_list(out, &h->node_mask[p->node], h->limits.pcpus);
	fprintf(out, "}\n");
	if (!p->curr->is_idle) {
		fprintf(out, "\trun: ");
		credit_put_vcpu(out, p->curr);
	}
	for (u32 q = 0; q < CREDIT_CLASSES; q++) {
		const link_t *head = &c->queue[q];

		for (const link_t *l = head->next; l != head; l = l->next) {
			fprintf(out, "\t%3u: ", ++n);
			credit_put_vcpu(out, link_of(l, const vcpu_t, credit.queue));
		}
	}
}

/* The pCPUs of @pool, or with NULL those that are in none. */
static void put_pcpus(FILE *out, const host_t *h, const cpupool_t *pool)
{
	const struct cpumask *cpus = pool ? &pool->cpus : &h->free_cpus;

	fprintf(out, "CPUs info:\n");
	for (u32 i = 0; i < h->limits.pcpus; i++) {
		const pcpu_t *p = &h->pcpus[i];

		if (!(cpus->w[i / 64] >> (i % 64) & 1))
			continue;
		fprintf(out, "CPU[%02u] current=", i);
		put_vcpu(out, p->curr);
		fprintf(out, ", curr=");
		put_vcpu(out, p->curr);
		fprintf(out, ", prev=");
		put_vcpu(out, p->prev);
		fputc('\n', out);
		if (pool && pool->sched == SCHED_ID_credit)
			credit_put_pcpu(out, h, p);
	}
}

int host_dump(const host_t *host, s64 now, FILE *out)
{
	u32 nr_cpus = host->limits.pcpus;
	struct cpumask free_cpus = host->free_cpus;

	fprintf(out, "NOW=%" PRId64 "\n", now);
	fprintf(out, "Online Cpus: ");
	put_list(out, &host->all_cpus, nr_cpus);
	fputc('\n', out);
	if (!mask_empty(&free_cpus, host->mask_words)) {
		fprintf(out, "Free Cpus: ");
		put_list(out, &free_cpus, nr_cpus);
		fputc('\n', out);
		put_pcpus(out, host, NULL);
	}
	for (u32 i = 0; i < host->limits.pools; i++) {
		const cpupool_t *pool = &host->pools[i];

		if (!pool->used)
			continue;
		fprintf(out, "Cpupool %u:\nCpus: ", pool->id);
		put_list(out, &pool->cpus, nr_cpus);
		fprintf(out, "\nScheduling granularity: cpu, 1 CPU per sched-resource\n");
		fprintf(out, "Scheduler: %s (%s)\n", sched_full_name(pool->sched), sched_name(pool->sched));
		if (pool->sched == SCHED_ID_credit)
			credit_put_pool(out, host, pool);
		put_pcpus(out, host, pool);
	}
	return ferror(out) ? -EIO : 0;
}
