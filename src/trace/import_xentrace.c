// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reader of xentrace's binary captures (layout: Xen's public/trace.h; read so for Xen 4.17).
 *
 * The file is a row of windows. Each opens with a TRC_TRACE_CPU_CHANGE record (pCPU, bytes that
 * follow from that pCPU's buffer) and holds whole records: a 32-bit header (event 28 bits, number
 * of extra words 3 bits, has-timestamp 1 bit), the 64-bit TSC if the header says so, and 0..7
 * words. Only runstate changes make demand; a few others say which scheduler wrote them, that
 * records were lost, or that a vCPU runs on without a change.
 *
 * The file doesn't tell the TSC's frequency. But SWITCH_INFPREV does, in passing: it gives in
 * nanoseconds for how long the vCPU that leaves had run, and that is the time since the last switch
 * of the same pCPU, which we have in ticks. All switches beyond a millisecond that agree with their
 * median within 1 % make the mean. On the captures in tests/data/xentrace, whose hosts' frequency
 * is known, it is right within 0.1 %.
 */
#include "trace/import_demand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRC_LOST_RECORDS 0x0001f001u
#define TRC_TRACE_CPU_CHANGE 0x0001f003u
#define TRC_SCHED_RUNSTATE_CHANGE 0x00021001u /* | from << 8 | to << 4 */
#define TRC_SCHED_RUNSTATE_MASK 0x0ffff00fu
#define TRC_SCHED_CONTINUE_RUNNING 0x00021002u
#define TRC_SCHED_SWITCH_INFPREV 0x0002800eu
#define TRC_SCHED_CLASS 0x00022000u

#define DOMID_FIRST_RESERVED 0x7ff0u /* idle (0x7fff), system domains: no guests */

#define MAX_RECORD_BYTES (4 + 8 + 7 * 4)
/* xentrace's buffers are a few hundred pages; a larger window is garbage. */
#define MAX_WINDOW_BYTES (UINT32_C(1) << 30)

#define MIN_HZ UINT64_C(1000000)
#define MAX_HZ UINT64_C(10000000000)
/* For the frequency: switches to look at, and the fewest that make a median. */
#define MAX_SAMPLES 65536
#define MIN_SAMPLES 5
#define MIN_SAMPLE_NS 1000000u

struct record {
	uint64_t offset;
	uint32_t event;
	uint32_t nr_words;
	bool has_tsc;
	uint64_t tsc;
	uint32_t word[7];
	uint32_t bytes;
};

/* The same time in both clocks. */
struct sample {
	uint64_t ticks;
	uint32_t ns;
};

struct reader {
	struct imp_recording *r;
	FILE *f;
	uint64_t offset;
	uint64_t window_end; /* offset; 0 before the first window */
	uint32_t cpu;
	uint64_t last_switch[SCHED_MAX_PCPUS]; /* TSC of the last SWITCH_INFPREV, 0 none */
	struct sample *samples;
	uint32_t nr_samples;
};

static int fail_at(struct reader *rd, uint64_t offset, int error, const char *what)
{
	return imp_fail(rd->r, error, "offset %llu: %s", (unsigned long long)offset, what);
}

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool is_cpu_change(uint32_t header)
{
	return (header & 0x0fffffff) == TRC_TRACE_CPU_CHANGE && (header >> 28 & 7) == 2;
}

bool import_is_xentrace(const unsigned char *head, size_t len)
{
	return len >= 4 && is_cpu_change(le32(head));
}

/*
 * 1: a record; 0: the end of the file, between two records; negative errno: cut off or unreadable.
 */
static int next_record(struct reader *rd, struct record *rec)
{
	unsigned char b[MAX_RECORD_BYTES];
	size_t n, want;

	n = fread(b, 1, 4, rd->f);
	if (n == 0 && !ferror(rd->f))
		return 0;
	*rec = (struct record){ .offset = rd->offset };
	if (n == 4) {
		uint32_t header = le32(b);

		rec->event = header & 0x0fffffff;
		rec->nr_words = header >> 28 & 7;
		rec->has_tsc = header >> 31;
		want = (rec->has_tsc ? 8 : 0) + 4 * rec->nr_words;
		n = fread(b + 4, 1, want, rd->f);
		rec->bytes = (uint32_t)(4 + want);
		if (n == want) {
			if (rec->has_tsc)
				rec->tsc = le32(b + 4) | (uint64_t)le32(b + 8) << 32;
			for (uint32_t i = 0; i < rec->nr_words; i++)
				rec->word[i] = le32(b + 4 + (rec->has_tsc ? 8 : 0) + 4 * i);
			rd->offset += rec->bytes;
			return 1;
		}
	}
	if (ferror(rd->f))
		return fail_at(rd, rd->offset, -EIO, "can't read on; check the medium");
	return fail_at(
		rd, rd->offset, -ENODATA,
		"the file ends within this record; copy it again, or import what precedes it with --partial");
}

static int open_window(struct reader *rd, const struct record *rec)
{
	if (rec->nr_words != 2)
		return fail_at(rd, rec->offset, -EINVAL,
			       "a pCPU change without pCPU and window size; the file is damaged");
	if (rec->word[0] >= SCHED_MAX_PCPUS)
		return fail_at(rd, rec->offset, -EINVAL,
			       "names a pCPU above 1023; the file is damaged or not from xentrace");
	if (rec->word[1] > MAX_WINDOW_BYTES)
		return fail_at(rd, rec->offset, -EINVAL,
			       "opens a window of more than 1 GiB; the file is damaged");
	rd->cpu = rec->word[0];
	rd->window_end = rd->offset + rec->word[1];
	return 0;
}

/*
 * Index of the vCPU a runstate record names (domain in the high half, vCPU in the low), or -1: idle
 * and the like.
 */
static int64_t vcpu_of(struct reader *rd, uint32_t word)
{
	uint32_t domain = word >> 16, id = word & 0xffff;
	struct imp_vcpu *v;
	int64_t i;

	i = imp_vcpu(rd->r, word);
	if (i < 0)
		return i;
	v = &rd->r->vcpus[i];
	v->domain_key = domain;
	v->id = id;
	v->skip = domain >= DOMID_FIRST_RESERVED;
	if (domain == 0)
		strcpy(v->domain_name, "Domain-0");
	else
		snprintf(v->domain_name, sizeof(v->domain_name), "dom%u", domain);
	return i;
}

static int runstate(struct reader *rd, const struct record *rec, uint32_t from, uint32_t to)
{
	struct imp_event e = {
		.ticks = rec->tsc, .from = (uint8_t)from, .to = (uint8_t)to, .cpu = IMP_NO_CPU
	};
	int64_t v;

	if (!rec->has_tsc || rec->nr_words < 1)
		return fail_at(rd, rec->offset, -EINVAL,
			       "a runstate change without time or vCPU; the file is damaged");
	if (from >= IMP_NR_STATES || to >= IMP_NR_STATES)
		return fail_at(rd, rec->offset, -EINVAL,
			       "a runstate that Xen doesn't have; the file is damaged");
	v = vcpu_of(rd, rec->word[0]);
	if (v < 0)
		return (int)v;
	e.vcpu = (uint32_t)v;
	/*
	 * Only who runs is on the pCPU that writes the record; a wake-up is written by whoever
	 * wakes.
	 */
	if (from == IMP_RUNNING || to == IMP_RUNNING)
		e.cpu = (uint16_t)rd->cpu;
	return imp_add(rd->r, e);
}

static void sample_frequency(struct reader *rd, const struct record *rec)
{
	uint64_t last = rd->last_switch[rd->cpu];

	if (!rec->has_tsc || rec->nr_words < 3)
		return;
	rd->last_switch[rd->cpu] = rec->tsc;
	/* A run time near 2^32 ns may have wrapped. */
	if (!last || rec->tsc <= last || rec->word[2] < MIN_SAMPLE_NS ||
	    rec->word[2] > 4000000000u || rd->nr_samples == MAX_SAMPLES)
		return;
	rd->samples[rd->nr_samples++] = (struct sample){ rec->tsc - last, rec->word[2] };
}

/* Scheduler class records carry the scheduler's number in bits 9-11. */
static void note_scheduler(struct reader *rd, uint32_t event)
{
	static const char *const name[8] = { "credit", "credit2", NULL, "arinc653",
					     "rtds",   "null",	  NULL, NULL };
	const char *sched = name[event >> 9 & 7];

	if (sched && !rd->r->sched_of[rd->cpu])
		rd->r->sched_of[rd->cpu] = sched;
}

static int one_record(struct reader *rd, const struct record *rec)
{
	uint32_t ev = rec->event;

	if ((ev & TRC_SCHED_RUNSTATE_MASK) == TRC_SCHED_RUNSTATE_CHANGE)
		return runstate(rd, rec, ev >> 8 & 0xf, ev >> 4 & 0xf);
	if (ev == TRC_SCHED_CONTINUE_RUNNING)
		return runstate(rd, rec, IMP_RUNNING, IMP_RUNNING);
	if (ev == TRC_SCHED_SWITCH_INFPREV)
		sample_frequency(rd, rec);
	else if (ev == TRC_LOST_RECORDS) {
		rd->r->lost += rec->nr_words ? rec->word[0] : 1;
		rd->last_switch[rd->cpu] = 0;
	} else if ((ev & 0x0ffff000) == TRC_SCHED_CLASS)
		note_scheduler(rd, ev);
	return 0;
}

static int read_records(struct reader *rd)
{
	struct record rec;
	int rc;

	while ((rc = next_record(rd, &rec)) > 0) {
		rd->r->records++;
		if (rec.offset == rd->window_end) {
			if (rec.event != TRC_TRACE_CPU_CHANGE)
				return fail_at(
					rd, rec.offset, -EINVAL,
					"expected a change of pCPU here; the file is damaged or not from xentrace");
			rc = open_window(rd, &rec);
		} else if (rd->offset > rd->window_end) {
			rc = fail_at(
				rd, rec.offset, -EINVAL,
				"a record crosses the end of its pCPU's window; the file is damaged");
		} else {
			rc = one_record(rd, &rec);
		}
		if (rc)
			return rc;
	}
	if (rc == 0 && rd->offset != rd->window_end)
		rc = fail_at(
			rd, rd->offset, -ENODATA,
			"the file ends before its last window does; copy it again, or import what is there with --partial");
	return rc;
}

static int by_ratio(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	double p = (double)x->ticks / x->ns, q = (double)y->ticks / y->ns;

	return p < q ? -1 : p > q;
}

static int find_frequency(struct reader *rd)
{
	struct imp_recording *r = rd->r;
	const struct sample *mid;
	double ratio, ticks = 0, ns = 0;

	if (rd->nr_samples < MIN_SAMPLES)
		return imp_fail(
			r, -ENODATA,
			"too few context switches to infer the TSC's frequency; give it with --tsc-hz "
			"(the host's `xl dmesg` says \"Detected ... MHz processor\")");
	qsort(rd->samples, rd->nr_samples, sizeof(*rd->samples), by_ratio);
	mid = &rd->samples[rd->nr_samples / 2];
	ratio = (double)mid->ticks / mid->ns;
	/*
	 * Single samples are blurred by what lies between clock and record; in their sum that
	 * cancels.
	 */
	for (uint32_t i = 0; i < rd->nr_samples; i++) {
		double one = (double)rd->samples[i].ticks / rd->samples[i].ns;

		if (one > 1.01 * ratio || one < 0.99 * ratio)
			continue;
		ticks += (double)rd->samples[i].ticks;
		ns += rd->samples[i].ns;
	}
	ratio = ticks / ns;
	if (ratio * 1e9 < (double)MIN_HZ || ratio * 1e9 > (double)MAX_HZ)
		return imp_fail(
			r, -EINVAL,
			"its records imply a TSC of %.0f Hz, which no processor has; give --tsc-hz",
			ratio * 1e9);
	r->hz = (uint64_t)(ratio * 1e9 + 0.5);
	snprintf(
		r->clock, sizeof(r->clock),
		"TSC at %.3f MHz, inferred from %u context switches (SWITCH_INFPREV: run time in ns "
		"against ticks)",
		(double)r->hz / 1e6, rd->nr_samples);
	return 0;
}

int import_xentrace(struct imp_recording *r, void *file, const struct imp_xentrace_options *opt)
{
	struct reader *rd = calloc(1, sizeof(*rd));
	int rc;

	if (rd)
		rd->samples = calloc(MAX_SAMPLES, sizeof(*rd->samples));
	if (!rd || !rd->samples) {
		free(rd);
		return imp_fail(r, -ENOMEM, "out of memory");
	}
	rd->r = r;
	rd->f = file;
	r->format = "xentrace";
	rc = read_records(rd);
	if (rc == -ENODATA && opt->partial && r->records) {
		r->partial = true;
		rc = 0;
	}
	if (!rc && opt->hz) {
		r->hz = opt->hz;
		snprintf(r->clock, sizeof(r->clock), "TSC at %.3f MHz, as given",
			 (double)opt->hz / 1e6);
	} else if (!rc) {
		rc = find_frequency(rd);
	}
	free(rd->samples);
	free(rd);
	return rc;
}
