/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace file for others: as text, as CSV, and as what Xen's xentrace writes, so that Xen's own
 * xenalyze reads a run of rota.
 *
 * All three read the file block by block; memory does not grow with the trace.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace.h"

struct sink {
	FILE *out;
	const struct trace_info *info;
	const struct trace_filter *filter;
	void (*block)(struct sink *s, const struct trace_rec *recs, size_t n);
};

static bool wanted(const struct sink *s, const struct trace_rec *r)
{
	const struct trace_filter *f = s->filter;
	int64_t t;

	if (!f)
		return true;
	if (f->cpus && (r->cpu >= SCHED_MAX_PCPUS || !(f->cpus[r->cpu / 64] >> r->cpu % 64 & 1)))
		return false;
	/* A time before the start is no valid one; it must not overflow either. */
	if (__builtin_sub_overflow(r->time_ns, s->info->start_ns, &t))
		return false;
	return t >= f->from_ns && (!f->to_ns || t < f->to_ns);
}

/* Feed every block of the file to the sink, what the filter stops left out. */
static int pump(struct sink *s, struct trace_reader *r, char *err, size_t errlen)
{
	struct trace_rec *recs = malloc(TRACE_BLOCK * sizeof(*recs));
	long n;

	if (!recs) {
		snprintf(err, errlen, "no memory to read a trace");
		return -ENOMEM;
	}
	while ((n = trace_read(r, recs, TRACE_BLOCK, err, errlen)) > 0) {
		size_t kept = 0;

		for (long i = 0; i < n; i++)
			if (wanted(s, &recs[i]))
				recs[kept++] = recs[i];
		s->block(s, recs, kept);
	}
	free(recs);
	errno = 0;
	if (!n && (fflush(s->out) != 0 || ferror(s->out))) {
		n = errno ? -errno : -EIO;
		snprintf(err, errlen, "can't write: %s", strerror((int)-n));
	}
	return (int)n;
}

/* -- text -- */

static void dump_block(struct sink *s, const struct trace_rec *recs, size_t n)
{
	char line[160];

	for (size_t i = 0; i < n; i++) {
		trace_rec_format(&recs[i], line, sizeof(line));
		fprintf(s->out, "%s\n", line);
	}
}

/* Names come from a file: what could steer a terminal is shown as '?'. */
static void print_name(FILE *out, const char *name)
{
	for (; *name; name++)
		putc((unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name, out);
}

int trace_dump(const char *path, FILE *out, const struct trace_filter *filter, char *err,
	       size_t errlen)
{
	struct sink s = { .out = out, .filter = filter, .block = dump_block };
	struct trace_reader *r = trace_open_read(path, err, errlen);
	int ret;

	if (!r)
		return -EBADMSG;
	s.info = trace_reader_info(r);
	fputs("# scenario ", out);
	print_name(out, s.info->scenario);
	fprintf(out, "\n# seed %" PRIu64 "\n# pcpus %" PRIu32 "\n", s.info->seed, s.info->nr_pcpus);
	for (uint32_t i = 0; i < s.info->nr_domains; i++) {
		fprintf(out, "# d%" PRIu32 " ", i);
		print_name(out, s.info->domains[i].name);
		fprintf(out, ", %" PRIu32 " vCPUs\n", s.info->domains[i].nr_vcpus);
	}
	ret = pump(&s, r, err, errlen);
	if (!ret) {
		if (trace_reader_lost(r))
			fprintf(out, "# lost %" PRIu64 "\n", trace_reader_lost(r));
		fprintf(out, "# trace_hash %016" PRIx64 "\n", trace_reader_hash(r));
	}
	trace_reader_close(r);
	return ret;
}

/* -- CSV -- */

static void csv_block(struct sink *s, const struct trace_rec *recs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct trace_rec *r = &recs[i];

		fprintf(s->out,
			"%" PRId64 ",%u,0x%08" PRIx32 ",%s,%u,%" PRIu32 ",%" PRIu32 ",%" PRIu32
			",%" PRIu32 "\n",
			r->time_ns, r->cpu, r->event, trace_event_name(r->event), r->aux, r->d[0],
			r->d[1], r->d[2], r->d[3]);
	}
}

int trace_export_csv(const char *path, FILE *out, const struct trace_filter *filter, char *err,
		     size_t errlen)
{
	struct sink s = { .out = out, .filter = filter, .block = csv_block };
	struct trace_reader *r = trace_open_read(path, err, errlen);
	int ret;

	if (!r)
		return -EBADMSG;
	s.info = trace_reader_info(r);
	fputs("time_ns,cpu,event,name,aux,d0,d1,d2,d3\n", out);
	ret = pump(&s, r, err, errlen);
	trace_reader_close(r);
	return ret;
}

/* -- xentrace -- */

#define XEN_CPU_CHANGE UINT32_C(0x0001f003)
#define XEN_TSC (UINT32_C(1) << 31)

static bool is_xen(const struct trace_rec *r)
{
	return r->event >> 16 == 2 && (r->event & 0xf000) != 0xf000;
}

/* Payload words by event, as xen/include/public/trace.h and the scheduler write them. */
static unsigned int nr_words(uint32_t event)
{
	switch (event) {
	case TRC_SWITCH:
	case TRC_SWITCH_INFNEXT:
	case TRC_SWITCH_INFCONT:
		return 4;
	case TRC_SWITCH_INFPREV:
	case TRC_CREDIT_ACCOUNT_START:
	case TRC_CREDIT_ACCOUNT_STOP:
	case TRC_CREDIT_STOLEN:
	case TRC_CREDIT_PICKED_CPU:
		return 3;
	case TRC_SLEEP:
	case TRC_WAKE:
	case TRC_YIELD:
	case TRC_BLOCK:
	case TRC_CREDIT_BOOST_START:
	case TRC_CREDIT_BOOST_END:
	case TRC_CREDIT_RATELIMIT:
	case TRC_CREDIT_STEAL_CHECK:
		return 2;
	default:
		return 1;
	}
}

static void put_word(FILE *out, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
			       (uint8_t)(v >> 24) };

	fwrite(b, sizeof(b), 1, out);
}

static void put_xen(FILE *out, const struct trace_rec *r)
{
	unsigned int n = nr_words(r->event);

	put_word(out, r->event | (uint32_t)n << 28 | XEN_TSC);
	put_word(out, (uint32_t)r->time_ns);
	put_word(out, (uint32_t)((uint64_t)r->time_ns >> 32));
	for (unsigned int i = 0; i < n; i++)
		put_word(out, r->d[i]);
}

/*
 * Xen has a buffer for each pCPU, and its file holds them in turn, each behind a record that tells
 * pCPU and bytes.
 */
static void xentrace_block(struct sink *s, const struct trace_rec *recs, size_t n)
{
	for (uint32_t cpu = 0; cpu < s->info->nr_pcpus; cpu++) {
		uint32_t bytes = 0;

		for (size_t i = 0; i < n; i++)
			if (recs[i].cpu == cpu && is_xen(&recs[i]))
				bytes += 12 + 4 * nr_words(recs[i].event);
		if (!bytes)
			continue;
		put_word(s->out, XEN_CPU_CHANGE | UINT32_C(2) << 28);
		put_word(s->out, cpu);
		put_word(s->out, bytes);
		for (size_t i = 0; i < n; i++)
			if (recs[i].cpu == cpu && is_xen(&recs[i]))
				put_xen(s->out, &recs[i]);
	}
}

int trace_export_xentrace(const char *path, FILE *out, const struct trace_filter *filter, char *err,
			  size_t errlen)
{
	struct sink s = { .out = out, .filter = filter, .block = xentrace_block };
	struct trace_reader *r = trace_open_read(path, err, errlen);
	int ret;

	if (!r)
		return -EBADMSG;
	s.info = trace_reader_info(r);
	ret = pump(&s, r, err, errlen);
	trace_reader_close(r);
	return ret;
}
