/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces: the hash of a run, the native trace file, and what can be made of one.
 *
 * A trace is the sequence of struct trace_rec that the core made (sched/record.h). Its hash
 * identifies a run: the same scenario and seed give the same hash, whatever compiled rota and
 * wherever it ran. The same hash guards the file.
 *
 * The file (little endian, version 1):
 *
 *	header	"ROTATRC1" | u32 version | u32 length of what follows, without the check
 *		u32 pCPUs | u32 domains | s64 start ns | u64 seed
 *		string scenario | domains times (string name | u32 vCPUs)	(string: u32 length | bytes)
 *		u64 check
 *	block	u32 'RBLK' | u32 records, 1..TRACE_BLOCK | records of 32 bytes | u64 check
 *	end	u32 'REND' | u32 0 | u64 records | u64 lost | u64 check
 *
 * A record is s64 time | u32 event | u16 cpu | u16 aux | u32 d[4]. The check of a block is the hash
 * of all records up to its end: a changed, missing or exchanged block is told, and the last one is
 * the trace's hash. The check of the header is over its bytes, that of the end over its two
 * numbers, from the trace's hash on. A file without its end was cut off.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sched/limits.h"
#include "sched/record.h"

#define TRACE_VERSION 1
#define TRACE_BLOCK 4096
#define TRACE_HASH_INIT UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t trace_rotl(uint64_t v, int by)
{
	return v << by | v >> (64 - by);
}

/*
 * trace_hash() - extend the hash @h, at first TRACE_HASH_INIT, by @n records.
 *
 * Defined on the values of a record, not on its bytes. Every step is a bijection of each of its
 * inputs, so that two traces that differ in one word never have the same hash. The two halves of a
 * record are folded first, apart from @h: the chain from record to record is two multiplications
 * long.
 */
static inline uint64_t trace_hash(uint64_t h, const struct trace_rec *recs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct trace_rec *r = &recs[i];
		uint64_t what = r->event | (uint64_t)r->cpu << 32 | (uint64_t)r->aux << 48;
		uint64_t lo = r->d[0] | (uint64_t)r->d[1] << 32;
		uint64_t hi = r->d[2] | (uint64_t)r->d[3] << 32;
		uint64_t a, b;

		a = trace_rotl((uint64_t)r->time_ns * UINT64_C(0xbf58476d1ce4e5b9), 29) + what;
		b = trace_rotl(lo * UINT64_C(0x94d049bb133111eb), 31) + hi;
		h = trace_rotl(h ^ a, 27) * UINT64_C(0xff51afd7ed558ccd);
		h = trace_rotl(h ^ b, 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	}
	return h;
}

struct trace_domain {
	const char *name;
	uint32_t nr_vcpus;
};

/* Where a trace comes from. Domain i is the domain that records call i. */
struct trace_info {
	const char *scenario;
	uint64_t seed;
	int64_t start_ns; /* time of the run's start; records are on the same clock */
	uint32_t nr_pcpus; /* 1..SCHED_MAX_PCPUS */
	uint32_t nr_domains; /* ..SCHED_MAX_DOMAINS */
	const struct trace_domain *domains;
};

struct trace_writer;
struct trace_reader;

/*
 * trace_open_write() - start a trace file; @info is copied. The file appears under its name at
 * trace_close(). Returns NULL with one sentence in @err on failure.
 */
struct trace_writer *trace_open_write(const char *path, const struct trace_info *info, char *err,
				      size_t errlen);
/*
 * Append records. Returns 0, or a negative errno once writing has failed; trace_close() says why.
 */
int trace_write(struct trace_writer *w, const struct trace_rec *recs, size_t n);
/* Note that @n records of the run are not in the file. */
void trace_lost(struct trace_writer *w, uint64_t n);
/*
 * Complete the file. Returns 0, or a negative errno with one sentence in @err; then there is no
 * file. Frees @w.
 */
int trace_close(struct trace_writer *w, char *err, size_t errlen);
/* Give up: no file. Frees @w. */
void trace_abort(struct trace_writer *w);

/*
 * trace_open_read() - open a trace file and check its header. Returns NULL with one sentence in
 * @err on failure.
 */
struct trace_reader *trace_open_read(const char *path, char *err, size_t errlen);
const struct trace_info *trace_reader_info(const struct trace_reader *r);
/*
 * trace_read() - the next up to @max records. Returns their number, 0 at the end of a complete
 * file, or -EBADMSG (damaged, cut off), -EIO, with one sentence in
 * @err. Records are handed out only when the check of their block was right.
 */
long trace_read(struct trace_reader *r, struct trace_rec *recs, size_t max, char *err,
		size_t errlen);
/* Of the records read so far; once trace_read() returned 0, of the whole trace. */
uint64_t trace_reader_hash(const struct trace_reader *r);
/* Records that the run did not keep; known once trace_read() returned 0. */
uint64_t trace_reader_lost(const struct trace_reader *r);
void trace_reader_close(struct trace_reader *r);

/* Name of an event: "switch", "credit:tickle"; "runstate" for every runstate change; "?". */
const char *trace_event_name(uint32_t event);
/*
 * trace_rec_format() - a record as one readable line without newline: time, pCPU, event, details;
 * vCPUs as d0v1. Returns the line's length as snprintf() does. 128 bytes are always enough.
 */
int trace_rec_format(const struct trace_rec *rec, char *buf, size_t len);

/* Which records of a file are wanted. */
struct trace_filter {
	const uint64_t *cpus; /* bitmap of SCHED_MAX_PCPUS, NULL: all */
	/* From the start of the run: from_ns <= t < to_ns. to_ns 0: to the end. */
	int64_t from_ns, to_ns;
};

/*
 * Each reads the file at @path and writes the records that @filter (NULL: all) lets through to
 * @out, as
 * - text: one line a record, after some lines about the trace that begin with '#';
 * - CSV: time_ns,cpu,event,name,aux,d0,d1,d2,d3;
 * - what Xen's xentrace writes, 1 tick = 1 ns (read it by xenalyze --cpu-hz 1000000000). rota's own
 *   records (0x2fxxx) have no number there and are left out.
 * They return 0 or a negative errno with one sentence in @err. What was written before a failure
 * stays in @out.
 */
int trace_dump(const char *path, FILE *out, const struct trace_filter *filter, char *err,
	       size_t errlen);
int trace_export_csv(const char *path, FILE *out, const struct trace_filter *filter, char *err,
		     size_t errlen);
int trace_export_xentrace(const char *path, FILE *out, const struct trace_filter *filter, char *err,
			  size_t errlen);

#endif
