/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The native trace file: writer and reader. Layout and checks are described in trace.h.
 *
 * The reader trusts nothing: every length is bounded before it is used, and no record leaves it
 * before the check of its block was right. A trace is evidence; half of one must not look like a
 * whole one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "trace/outfile.h"
#include "trace/trace.h"

#define MAGIC "ROTATRC1"
#define MAGIC_LEN 8
#define MARK_BLOCK UINT32_C(0x4b4c4252) /* "RBLK" */
#define MARK_END UINT32_C(0x444e4552) /* "REND" */
#define REC_SIZE 32
/* Names are at most SCHED_NAME_LEN; a scenario's name may be longer, but not without end. */
#define MAX_STRING 4096
#define MAX_HEADER (64 + MAX_STRING + SCHED_MAX_DOMAINS * (SCHED_NAME_LEN + 8))

struct trace_writer {
	struct outfile out;
	uint64_t hash;
	uint64_t nr_recs;
	uint64_t nr_lost;
	int error;
	size_t fill;
	struct trace_rec block[TRACE_BLOCK];
	uint8_t bytes[8 + TRACE_BLOCK * REC_SIZE + 8];
};

struct trace_reader {
	FILE *f;
	char *path;
	char *names; /* what info points to */
	struct trace_domain *domains;
	struct trace_info info;
	uint64_t hash;
	uint64_t nr_recs;
	uint64_t nr_lost;
	bool complete;
	size_t fill, next;
	struct trace_rec block[TRACE_BLOCK];
	uint8_t bytes[TRACE_BLOCK * REC_SIZE + 8];
};

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)v);
	put16(p + 2, (uint16_t)(v >> 16));
}

static void put64(uint8_t *p, uint64_t v)
{
	put32(p, (uint32_t)v);
	put32(p + 4, (uint32_t)(v >> 32));
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void put_rec(uint8_t *p, const struct trace_rec *r)
{
	put64(p, (uint64_t)r->time_ns);
	put32(p + 8, r->event);
	put16(p + 12, r->cpu);
	put16(p + 14, r->aux);
	for (int i = 0; i < 4; i++)
		put32(p + 16 + 4 * i, r->d[i]);
}

static void get_rec(const uint8_t *p, struct trace_rec *r)
{
	r->time_ns = (int64_t)get64(p);
	r->event = get32(p + 8);
	r->cpu = get16(p + 12);
	r->aux = get16(p + 14);
	for (int i = 0; i < 4; i++)
		r->d[i] = get32(p + 16 + 4 * i);
}

/* Of bytes: the header is not made of records. */
static uint64_t check_bytes(const uint8_t *p, size_t n)
{
	uint64_t h = TRACE_HASH_INIT;

	for (size_t i = 0; i < n; i++)
		h = trace_rotl(h ^ p[i], 29) * UINT64_C(0xff51afd7ed558ccd);
	return h;
}

static uint64_t check_end(uint64_t hash, uint64_t nr_recs, uint64_t nr_lost)
{
	struct trace_rec r = { .time_ns = (int64_t)nr_recs };

	r.d[0] = (uint32_t)nr_lost;
	r.d[1] = (uint32_t)(nr_lost >> 32);
	return trace_hash(hash, &r, 1);
}

/* -- writer -- */

static size_t put_string(uint8_t *p, const char *s)
{
	size_t len = strlen(s);

	put32(p, (uint32_t)len);
	memcpy(p + 4, s, len);
	return 4 + len;
}

static uint8_t *make_header(const struct trace_info *info, size_t *total)
{
	size_t len = 24 + 4 + strlen(info->scenario);
	uint8_t *header, *p;

	for (uint32_t i = 0; i < info->nr_domains; i++)
		len += 8 + strlen(info->domains[i].name);
	header = malloc(16 + len + 8);
	if (!header)
		return NULL;
	memcpy(header, MAGIC, MAGIC_LEN);
	put32(header + 8, TRACE_VERSION);
	put32(header + 12, (uint32_t)len);
	p = header + 16;
	put32(p, info->nr_pcpus);
	put32(p + 4, info->nr_domains);
	put64(p + 8, (uint64_t)info->start_ns);
	put64(p + 16, info->seed);
	p += 24;
	p += put_string(p, info->scenario);
	for (uint32_t i = 0; i < info->nr_domains; i++) {
		p += put_string(p, info->domains[i].name);
		put32(p, info->domains[i].nr_vcpus);
		p += 4;
	}
	put64(p, check_bytes(header, 16 + len));
	*total = 16 + len + 8;
	return header;
}

static const char *info_fault(const struct trace_info *info)
{
	if (!info->nr_pcpus || info->nr_pcpus > SCHED_MAX_PCPUS)
		return "the number of pCPUs is out of range";
	if (info->nr_domains > SCHED_MAX_DOMAINS)
		return "too many domains";
	if (strlen(info->scenario) > MAX_STRING)
		return "the scenario's name is too long";
	for (uint32_t i = 0; i < info->nr_domains; i++)
		if (strlen(info->domains[i].name) > SCHED_NAME_LEN)
			return "the name of a domain is too long";
	return NULL;
}

struct trace_writer *trace_open_write(const char *path, const struct trace_info *info, char *err,
				      size_t errlen)
{
	const char *fault = info_fault(info);
	struct trace_writer *w;
	uint8_t *header;
	size_t len;

	if (fault) {
		snprintf(err, errlen, "%s: can't write a trace: %s", path, fault);
		return NULL;
	}
	w = calloc(1, sizeof(*w));
	header = make_header(info, &len);
	if (!w || !header) {
		snprintf(err, errlen, "%s: no memory for a trace file", path);
		goto fail;
	}
	if (outfile_open(&w->out, path, err, errlen) != 0)
		goto fail;
	w->hash = TRACE_HASH_INIT;
	if (fwrite(header, len, 1, w->out.f) != 1)
		w->error = -EIO;
	free(header);
	return w;
fail:
	free(header);
	free(w);
	return NULL;
}

static void flush_block(struct trace_writer *w)
{
	uint8_t *p = w->bytes;

	if (!w->fill || w->error)
		return;
	w->hash = trace_hash(w->hash, w->block, w->fill);
	put32(p, MARK_BLOCK);
	put32(p + 4, (uint32_t)w->fill);
	p += 8;
	for (size_t i = 0; i < w->fill; i++, p += REC_SIZE)
		put_rec(p, &w->block[i]);
	put64(p, w->hash);
	p += 8;
	errno = 0;
	if (fwrite(w->bytes, (size_t)(p - w->bytes), 1, w->out.f) != 1)
		w->error = errno ? -errno : -EIO;
	w->nr_recs += w->fill;
	w->fill = 0;
}

int trace_write(struct trace_writer *w, const struct trace_rec *recs, size_t n)
{
	while (n && !w->error) {
		size_t some = TRACE_BLOCK - w->fill;

		if (some > n)
			some = n;
		memcpy(&w->block[w->fill], recs, some * sizeof(*recs));
		w->fill += some;
		recs += some;
		n -= some;
		if (w->fill == TRACE_BLOCK)
			flush_block(w);
	}
	return w->error;
}

void trace_lost(struct trace_writer *w, uint64_t n)
{
	w->nr_lost += n;
}

int trace_close(struct trace_writer *w, char *err, size_t errlen)
{
	uint8_t end[32];
	int ret;

	flush_block(w);
	put32(end, MARK_END);
	put32(end + 4, 0);
	put64(end + 8, w->nr_recs);
	put64(end + 16, w->nr_lost);
	put64(end + 24, check_end(w->hash, w->nr_recs, w->nr_lost));
	if (!w->error && fwrite(end, sizeof(end), 1, w->out.f) != 1)
		w->error = -EIO;
	ret = w->error;
	if (ret) {
		snprintf(err, errlen, "%s: can't write: %s", w->out.path, strerror(-ret));
		outfile_abort(&w->out);
	} else {
		ret = outfile_close(&w->out, err, errlen);
	}
	free(w);
	return ret;
}

void trace_abort(struct trace_writer *w)
{
	outfile_abort(&w->out);
	free(w);
}

/* -- reader -- */

__attribute__((format(printf, 4, 5))) static int bad(const struct trace_reader *r, char *err,
						     size_t errlen, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(err, errlen, "%s: %s", r->path, what);
	return -EBADMSG;
}

/* Read exactly @n bytes, or say why not. */
static int take(struct trace_reader *r, void *to, size_t n, char *err, size_t errlen)
{
	errno = 0;
	if (fread(to, 1, n, r->f) == n)
		return 0;
	if (ferror(r->f)) {
		int error = errno ? errno : EIO;

		snprintf(err, errlen, "%s: can't read: %s", r->path, strerror(error));
		return -error;
	}
	return bad(r, err, errlen, "the trace is cut off after %" PRIu64 " records", r->nr_recs);
}

/* Where parse_header() stands: bytes of the header, and room for its strings with their ends. */
struct cursor {
	const uint8_t *p, *end;
	char *names;
};

static const char *header_string(struct cursor *c, size_t max)
{
	char *s = c->names;
	uint32_t len;

	if (c->end - c->p < 4)
		return NULL;
	len = get32(c->p);
	c->p += 4;
	if (len > max || (size_t)(c->end - c->p) < len || memchr(c->p, 0, len))
		return NULL;
	memcpy(s, c->p, len);
	s[len] = '\0';
	c->p += len;
	c->names += len + 1;
	return s;
}

static int parse_header(struct trace_reader *r, const uint8_t *header, size_t len, char *err,
			size_t errlen)
{
	struct cursor c = { .p = header, .end = header + len };
	struct trace_info *info = &r->info;

	if (len < 24)
		return bad(r, err, errlen, "the header is damaged: too short");
	info->nr_pcpus = get32(c.p);
	info->nr_domains = get32(c.p + 4);
	info->start_ns = (int64_t)get64(c.p + 8);
	info->seed = get64(c.p + 16);
	c.p += 24;
	if (!info->nr_pcpus || info->nr_pcpus > SCHED_MAX_PCPUS ||
	    info->nr_domains > SCHED_MAX_DOMAINS)
		return bad(r, err, errlen, "the header is damaged: sizes out of range");
	/* A string takes 4 bytes for its length there, and one for its end here. */
	r->names = malloc(len);
	r->domains = calloc((size_t)info->nr_domains + 1, sizeof(*r->domains));
	if (!r->names || !r->domains) {
		snprintf(err, errlen, "%s: no memory to read a trace", r->path);
		return -ENOMEM;
	}
	c.names = r->names;
	info->domains = r->domains;
	info->scenario = header_string(&c, MAX_STRING);
	if (!info->scenario)
		return bad(r, err, errlen, "the header is damaged: scenario name");
	for (uint32_t i = 0; i < info->nr_domains; i++) {
		r->domains[i].name = header_string(&c, SCHED_NAME_LEN);
		if (!r->domains[i].name || c.end - c.p < 4)
			return bad(r, err, errlen, "the header is damaged: domain names");
		r->domains[i].nr_vcpus = get32(c.p);
		c.p += 4;
	}
	if (c.p != c.end)
		return bad(r, err, errlen, "the header is damaged: unknown contents");
	return 0;
}

static int read_header(struct trace_reader *r, char *err, size_t errlen)
{
	uint8_t fixed[16], *header;
	uint32_t version, len;
	int ret;

	if (fread(fixed, 1, sizeof(fixed), r->f) != sizeof(fixed) ||
	    memcmp(fixed, MAGIC, MAGIC_LEN) != 0)
		return bad(r, err, errlen, "not a trace of rota");
	version = get32(fixed + 8);
	len = get32(fixed + 12);
	if (version != TRACE_VERSION)
		return bad(r, err, errlen,
			   "a trace of format version %" PRIu32 ", this rota reads version %d",
			   version, TRACE_VERSION);
	if (len > MAX_HEADER)
		return bad(r, err, errlen, "the header is damaged: its length is out of range");
	header = malloc(sizeof(fixed) + len + 8);
	if (!header) {
		snprintf(err, errlen, "%s: no memory to read a trace", r->path);
		return -ENOMEM;
	}
	memcpy(header, fixed, sizeof(fixed));
	ret = take(r, header + sizeof(fixed), len + 8, err, errlen);
	if (!ret && check_bytes(header, sizeof(fixed) + len) != get64(header + sizeof(fixed) + len))
		ret = bad(r, err, errlen, "the header is damaged: its check is wrong");
	if (!ret)
		ret = parse_header(r, header + sizeof(fixed), len, err, errlen);
	free(header);
	return ret;
}

struct trace_reader *trace_open_read(const char *path, char *err, size_t errlen)
{
	struct trace_reader *r = calloc(1, sizeof(*r));

	if (r)
		r->path = strdup(path);
	if (!r || !r->path) {
		snprintf(err, errlen, "%s: no memory to read a trace", path);
		free(r);
		return NULL;
	}
	r->f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	if (!r->f) {
		snprintf(err, errlen, "%s: can't read: %s", path, strerror(errno));
		trace_reader_close(r);
		return NULL;
	}
	r->hash = TRACE_HASH_INIT;
	if (read_header(r, err, errlen) != 0) {
		trace_reader_close(r);
		return NULL;
	}
	return r;
}

const struct trace_info *trace_reader_info(const struct trace_reader *r)
{
	return &r->info;
}

static int read_end(struct trace_reader *r, char *err, size_t errlen)
{
	uint8_t end[24];
	int ret = take(r, end, sizeof(end), err, errlen);

	if (ret)
		return ret;
	if (get64(end) != r->nr_recs ||
	    get64(end + 16) != check_end(r->hash, get64(end), get64(end + 8)))
		return bad(r, err, errlen, "the end of the trace is damaged");
	if (getc(r->f) != EOF)
		return bad(r, err, errlen, "something follows the end of the trace");
	r->nr_lost = get64(end + 8);
	r->complete = true;
	return 0;
}

/* The next block into r->block, or the end of the trace. */
static int read_block(struct trace_reader *r, char *err, size_t errlen)
{
	uint8_t head[8];
	uint64_t hash;
	uint32_t n;
	int ret = take(r, head, sizeof(head), err, errlen);

	if (ret)
		return ret;
	n = get32(head + 4);
	if (get32(head) == MARK_END && n == 0)
		return read_end(r, err, errlen);
	if (get32(head) != MARK_BLOCK || !n || n > TRACE_BLOCK)
		return bad(r, err, errlen, "damaged after %" PRIu64 " records: no block is there",
			   r->nr_recs);
	ret = take(r, r->bytes, (size_t)n * REC_SIZE + 8, err, errlen);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < n; i++)
		get_rec(r->bytes + (size_t)i * REC_SIZE, &r->block[i]);
	hash = trace_hash(r->hash, r->block, n);
	if (hash != get64(r->bytes + (size_t)n * REC_SIZE))
		return bad(r, err, errlen, "damaged among the %" PRIu32 " records after %" PRIu64,
			   n, r->nr_recs);
	r->hash = hash;
	r->nr_recs += n;
	r->fill = n;
	r->next = 0;
	return 0;
}

long trace_read(struct trace_reader *r, struct trace_rec *recs, size_t max, char *err,
		size_t errlen)
{
	size_t n = 0;

	while (n < max) {
		size_t some = r->fill - r->next;

		if (!some) {
			int ret;

			/*
			 * What is in hand goes out first, so that damage is told only behind good
			 * records.
			 */
			if (n || r->complete)
				break;
			ret = read_block(r, err, errlen);
			if (ret)
				return ret;
			continue;
		}
		if (some > max - n)
			some = max - n;
		memcpy(&recs[n], &r->block[r->next], some * sizeof(*recs));
		r->next += some;
		n += some;
	}
	return (long)n;
}

uint64_t trace_reader_hash(const struct trace_reader *r)
{
	return r->hash;
}

uint64_t trace_reader_lost(const struct trace_reader *r)
{
	return r->nr_lost;
}

void trace_reader_close(struct trace_reader *r)
{
	if (r->f && r->f != stdin)
		fclose(r->f);
	free(r->path);
	free(r->names);
	free(r->domains);
	free(r);
}
