/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the native trace file and the trace hash. What is written is read back; every
 * flipped bit and every cut of a file is told; a failed write leaves no file; a hash depends on
 * each value and on the order; records read as documented; the xentrace export is what Xen writes,
 * byte by byte, and the events of Xen's own captures have names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/trace.h"

static char path[512], err[256];

static const struct trace_domain domains[] = { { "web", 2 }, { "", 1 }, { "d\303\244tenbank", 4 } };
static const struct trace_info info = {
	.scenario = "lab \"x\"",
	.seed = UINT64_MAX - 3,
	.start_ns = 1000,
	.nr_pcpus = 3,
	.nr_domains = 3,
	.domains = domains,
};

static void in_tmp(const char *name)
{
	const char *dir = getenv("TEST_TMP");

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "/tmp", name);
	unlink(path);
}

static struct trace_rec rec(uint64_t i)
{
	uint64_t x = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	return (struct trace_rec){
		.time_ns = (int64_t)(1000 + i * 777),
		.event = TRC_SWITCH,
		.cpu = (uint16_t)(i % 3),
		.aux = (uint16_t)(i % 4),
		.d = { (uint32_t)x, (uint32_t)(x >> 32), (uint32_t)i, ~(uint32_t)i },
	};
}

static struct trace_rec *many(size_t n)
{
	struct trace_rec *recs = calloc(n ? n : 1, sizeof(*recs));

	assert_non_null(recs);
	for (size_t i = 0; i < n; i++)
		recs[i] = rec(i);
	return recs;
}

static void write_file(const struct trace_rec *recs, size_t n, uint64_t lost)
{
	struct trace_writer *w = trace_open_write(path, &info, err, sizeof(err));

	assert_non_null(w);
	/* In odd pieces, so that blocks fill in the middle of one. */
	for (size_t i = 0; i < n;) {
		size_t some = n - i < 1013 ? n - i : 1013;

		assert_int_equal(trace_write(w, recs + i, some), 0);
		i += some;
	}
	trace_lost(w, lost);
	assert_int_not_equal(access(path, F_OK), 0); /* not before it is complete */
	assert_int_equal(trace_close(w, err, sizeof(err)), 0);
}

/* Reads to the end; the number of records, or the error. */
static long read_all(uint64_t *hash, uint64_t *lost)
{
	struct trace_reader *r = trace_open_read(path, err, sizeof(err));
	struct trace_rec recs[500];
	long n, total = 0;

	if (!r)
		return -EBADMSG;
	while ((n = trace_read(r, recs, 500, err, sizeof(err))) > 0) {
		for (long i = 0; i < n; i++) {
			struct trace_rec want = rec((uint64_t)(total + i));

			assert_memory_equal(&recs[i], &want, sizeof(want));
		}
		total += n;
	}
	if (hash)
		*hash = trace_reader_hash(r);
	if (lost)
		*lost = trace_reader_lost(r);
	trace_reader_close(r);
	return n < 0 ? n : total;
}

static void round_trip(void **state)
{
	static const size_t sizes[] = {
		0, 1, TRACE_BLOCK - 1, TRACE_BLOCK, TRACE_BLOCK + 1, 20000
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct trace_rec *recs = many(sizes[i]);
		uint64_t hash, lost;

		in_tmp("round");
		write_file(recs, sizes[i], i * 5);
		assert_int_equal(read_all(&hash, &lost), sizes[i]);
		assert_int_equal(lost, i * 5);
		assert_true(hash == trace_hash(TRACE_HASH_INIT, recs, sizes[i]));
		free(recs);
	}
}

static void header_round_trip(void **state)
{
	const struct trace_info *got;
	struct trace_reader *r;

	(void)state;
	in_tmp("header");
	write_file(NULL, 0, 0);
	r = trace_open_read(path, err, sizeof(err));
	assert_non_null(r);
	got = trace_reader_info(r);
	assert_string_equal(got->scenario, info.scenario);
	assert_true(got->seed == info.seed);
	assert_true(got->start_ns == info.start_ns);
	assert_int_equal(got->nr_pcpus, 3);
	assert_int_equal(got->nr_domains, 3);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(got->domains[i].name, domains[i].name);
		assert_int_equal(got->domains[i].nr_vcpus, domains[i].nr_vcpus);
	}
	trace_reader_close(r);
}

static uint8_t *slurp(size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	assert_non_null(f);
	assert_non_null(bytes);
	*len = fread(bytes, 1, 1 << 20, f);
	fclose(f);
	return bytes;
}

static void spit(const uint8_t *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void every_flipped_bit_is_told(void **state)
{
	struct trace_rec *recs = many(20);
	uint8_t *bytes;
	size_t len;

	(void)state;
	in_tmp("flip");
	write_file(recs, 20, 1);
	bytes = slurp(&len);
	for (size_t bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		spit(bytes, len);
		if (read_all(NULL, NULL) >= 0)
			fail_msg("bit %zu of byte %zu was flipped unseen", bit % 8, bit / 8);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	spit(bytes, len);
	assert_int_equal(read_all(NULL, NULL), 20);
	free(bytes);
	free(recs);
}

static void every_cut_is_told(void **state)
{
	struct trace_rec *recs = many(TRACE_BLOCK + 5);
	size_t len, step;
	uint8_t *bytes;

	(void)state;
	in_tmp("cut");
	write_file(recs, TRACE_BLOCK + 5, 0);
	bytes = slurp(&len);
	for (size_t n = 0; n < len; n += step) {
		/* At every byte near the ends, now and then between. */
		step = n < 200 || n + 400 > len ? 1 : 997;
		spit(bytes, n);
		if (read_all(NULL, NULL) >= 0)
			fail_msg("cut after %zu of %zu bytes unseen", n, len);
	}
	spit(bytes, len);
	assert_int_equal(read_all(NULL, NULL), TRACE_BLOCK + 5);
	bytes[len] = 0;
	spit(bytes, len + 1);
	assert_true(read_all(NULL, NULL) < 0);
	free(bytes);
	free(recs);
}

static void exchanged_blocks_are_told(void **state)
{
	const size_t block = 8 + TRACE_BLOCK * 32 + 8;
	struct trace_rec *recs = many(2 * TRACE_BLOCK);
	uint8_t *bytes, *a, *b;
	size_t len;

	(void)state;
	in_tmp("exchange");
	write_file(recs, 2 * TRACE_BLOCK, 0);
	bytes = slurp(&len);
	a = bytes + len - 32 - 2 * block;
	b = malloc(block);
	assert_non_null(b);
	memcpy(b, a, block);
	memcpy(a, a + block, block);
	memcpy(a + block, b, block);
	spit(bytes, len);
	assert_int_equal(read_all(NULL, NULL), -EBADMSG);
	free(b);
	free(bytes);
	free(recs);
}

static void other_files_are_refused(void **state)
{
	(void)state;
	in_tmp("other");
	assert_int_equal(read_all(NULL, NULL), -EBADMSG); /* there is none */
	assert_non_null(strstr(err, path));
	spit((const uint8_t *)"name: lab\nseed: 1\nduration: 10s\n", 32);
	assert_int_equal(read_all(NULL, NULL), -EBADMSG);
	assert_non_null(strstr(err, "not a trace"));
	spit((const uint8_t *)"ROTATRC1\2\0\0\0\0\0\0\0", 16);
	assert_int_equal(read_all(NULL, NULL), -EBADMSG);
	assert_non_null(strstr(err, "version 2"));
	/* A header that claims 4 GB is not allocated. */
	spit((const uint8_t *)"ROTATRC1\1\0\0\0\377\377\377\377", 16);
	assert_int_equal(read_all(NULL, NULL), -EBADMSG);
}

static void no_file_after_failure(void **state)
{
	struct trace_info wrong = info;
	struct trace_writer *w;
	struct trace_rec *recs;

	(void)state;
	in_tmp("missing/trace");
	assert_null(trace_open_write(path, &info, err, sizeof(err)));
	assert_non_null(strstr(err, "missing/trace: can't write: No such file"));

	in_tmp("aborted");
	spit((const uint8_t *)"old", 3);
	w = trace_open_write(path, &info, err, sizeof(err));
	assert_non_null(w);
	trace_abort(w);
	assert_int_equal(read_all(NULL, NULL), -EBADMSG);
	assert_non_null(strstr(err, "not a trace")); /* the old file is still there */

	wrong.nr_pcpus = SCHED_MAX_PCPUS + 1;
	assert_null(trace_open_write(path, &wrong, err, sizeof(err)));

	/* A disk that is full; a device is written directly. */
	if (access("/dev/full", W_OK) != 0)
		return;
	recs = many(TRACE_BLOCK * 4);
	w = trace_open_write("/dev/full", &info, err, sizeof(err));
	assert_non_null(w);
	trace_write(w, recs, TRACE_BLOCK * 4);
	assert_true(trace_close(w, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "No space left"));
	assert_int_equal(access("/dev/full", W_OK), 0);
	free(recs);
}

static void hash_depends_on_every_bit_and_the_order(void **state)
{
	struct trace_rec recs[3] = { rec(0), rec(1), rec(2) }, r;
	uint64_t h = trace_hash(TRACE_HASH_INIT, recs, 3);

	(void)state;
	/* In pieces as in one go. */
	assert_true(trace_hash(trace_hash(TRACE_HASH_INIT, recs, 1), recs + 1, 2) == h);
	for (size_t bit = 0; bit < sizeof(recs) * 8; bit++) {
		((uint8_t *)recs)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(trace_hash(TRACE_HASH_INIT, recs, 3) != h);
		((uint8_t *)recs)[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	r = recs[0];
	recs[0] = recs[1];
	recs[1] = r;
	assert_true(trace_hash(TRACE_HASH_INIT, recs, 3) != h);
}

/* Golden: a changed hash makes every recorded hash of a run worthless, so it must not change. */
static void hash_is_the_one_we_published(void **state)
{
	struct trace_rec *recs = many(1000);

	(void)state;
	assert_true(trace_hash(TRACE_HASH_INIT, recs, 1000) == UINT64_C(0xe4d1468de49bbf81));
	free(recs);
}

static void records_read_as_documented(void **state)
{
	static const struct {
		struct trace_rec rec;
		const char *line;
	} cases[] = {
		{ { 1500000042, TRC_SWITCH, 3, 1, { 0, 1, 2, 0 } },
		  "1.500000042 cpu 3   switch               d0v1 -> d2v0 UNDER" },
		{ { 0, TRC_SWITCH, 1023, 3, { 7, 9, TRC_DOM_IDLE, 3 } },
		  "0.000000000 cpu 1023 switch               d7v9 -> idle" },
		{ { 5, TRC_RUNSTATE_CHANGE | 2 << 8 | 1 << 4, 0, 0, { 3 << 16 | 2 } },
		  "0.000000005 cpu 0   runstate             d3v2 blocked -> runnable" },
		{ { 5, TRC_SWITCH_INFNEXT, 0, 0, { 1, 2, 300, UINT32_MAX } },
		  "0.000000005 cpu 0   switch-to            d1v2 waited 300ns, slice none" },
		{ { 5, TRC_ROTA_POOL_CPU, 0, 0, { UINT32_MAX, 4 } },
		  "0.000000005 cpu 0   pool-cpu             cpu 4 -> no pool" },
		{ { -5, 0x7654, 0, 0, { 1, 2, 3, 4 } },
		  "-0.000000005 cpu 0   ?                    0x7654 0x1 0x2 0x3 0x4" },
	};
	char line[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(trace_rec_format(&cases[i].rec, line, sizeof(line)) <
			    (int)sizeof(line));
		assert_string_equal(line, cases[i].line);
	}
}

/* Whatever a record holds, its line fits where the header says it does. */
static void a_line_is_never_longer_than_promised(void **state)
{
	struct trace_rec r = { INT64_MIN,
			       0,
			       UINT16_MAX,
			       UINT16_MAX,
			       { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX } };
	char line[128];

	(void)state;
	for (uint32_t event = 0x20000; event < 0x30000; event++) {
		r.event = event;
		assert_true(trace_rec_format(&r, line, sizeof(line)) < (int)sizeof(line));
	}
}

static void dump_and_filter(void **state)
{
	uint64_t cpus[SCHED_MAX_PCPUS / 64] = { 1 << 1 };
	struct trace_filter filter = { .cpus = cpus, .from_ns = 777, .to_ns = 777 * 5 };
	struct trace_rec *recs = many(10);
	char *text = NULL;
	size_t len;
	FILE *out;

	(void)state;
	in_tmp("dump");
	write_file(recs, 10, 7);
	out = open_memstream(&text, &len);
	assert_int_equal(trace_dump(path, out, &filter, err, sizeof(err)), 0);
	fclose(out);
	/* Records 1..4 are in the time, 1 and 4 on pCPU 1. */
	assert_non_null(strstr(text, "\n0.000001777 cpu 1 "));
	assert_non_null(strstr(text, "\n0.000004108 cpu 1 "));
	assert_null(strstr(text, "cpu 0 "));
	assert_null(strstr(text, "0.000006439"));
	assert_non_null(strstr(text, "# d0 web, 2 vCPUs\n"));
	assert_non_null(strstr(text, "# lost 7\n"));
	free(text);

	text = NULL;
	out = open_memstream(&text, &len);
	assert_int_equal(trace_export_csv(path, out, &filter, err, sizeof(err)), 0);
	fclose(out);
	assert_non_null(strstr(
		text, "time_ns,cpu,event,name,aux,d0,d1,d2,d3\n1777,1,0x0002800a,switch,1,"));
	free(text);
	free(recs);
}

static void xentrace_bytes(void **state)
{
	static const struct trace_rec recs[] = {
		{ 0x1122334455, TRC_WAKE, 1, 0, { 5, 6 } },
		{ 0x1122334456, TRC_ROTA_PARK, 1, 0, { 5, 6 } }, /* not Xen's */
		{ 0x1122334457, TRC_SWITCH, 0, 1, { 1, 2, 3, 4 } },
	};
	static const uint8_t want[] = {
		0x03, 0xf0, 0x01, 0x20, 0,    0,    0,	  0,	28,   0, 0, 0, /* pCPU 0, 28 bytes follow */
		0x0a, 0x80, 0x02, 0xc0, 0x57, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, /* switch */
		1,    0,    0,	  0,	2,    0,    0,	  0,	3,    0, 0, 0, 4,
		0,    0,    0, /* d1v2 -> d3v4 */
		0x03, 0xf0, 0x01, 0x20, 1,    0,    0,	  0,	20,   0, 0, 0, /* pCPU 1, 20 bytes */
		0x04, 0x80, 0x02, 0xa0, 0x55, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, /* wake */
		5,    0,    0,	  0,	6,    0,    0,	  0,
	};
	char *bytes = NULL;
	size_t len;
	FILE *out;

	(void)state;
	in_tmp("xen");
	write_file(recs, 3, 0);
	out = open_memstream(&bytes, &len);
	assert_int_equal(trace_export_xentrace(path, out, NULL, err, sizeof(err)), 0);
	fclose(out);
	assert_int_equal(len, sizeof(want));
	assert_memory_equal(bytes, want, len);
	free(bytes);
}

/* How many payload words each event of class 2 has in an xentrace file, one more; 0: not there. */
static void words_of(const uint8_t *p, size_t len, uint8_t *words)
{
	for (size_t at = 0; at + 4 <= len;) {
		uint32_t head =
			p[at] | p[at + 1] << 8 | p[at + 2] << 16 | (uint32_t)p[at + 3] << 24;
		uint32_t n = head >> 28 & 7;

		if ((head >> 16 & 0xfff) == 2)
			words[head & 0xffff] = (uint8_t)(n + 1);
		at += 4 + 4 * n + (head >> 31 ? 8 : 0);
	}
}

/* Real Xen as an oracle: what its credit scheduler records has a name here, and as many words. */
static void events_are_those_of_xen(void **state)
{
	static const char *const captures[] = {
		"credit-2p-2v2v",	 "credit-spin+7of10",	    "ic-credit-1spin-cap25",
		"ic-credit-2spin+2of10", "ic-credit-2spin-256-512", "ic-credit-3spin-256-512-1024",
	};
	static uint8_t xen[0x10000], ours[0x10000];
	const char *top = getenv("ROTA_TOP");
	struct trace_rec *recs = calloc(0x10000, sizeof(*recs));
	size_t n = 0, len;
	uint8_t *bytes;
	char *out_bytes = NULL;
	FILE *out;

	(void)state;
	assert_non_null(recs);
	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		snprintf(path, sizeof(path), "%s/tests/data/xentrace/%s.xentrace", top ? top : ".",
			 captures[i]);
		bytes = slurp(&len);
		words_of(bytes, len, xen);
		free(bytes);
	}
	for (uint32_t e = 0; e < 0x10000; e++) {
		if (!xen[e])
			continue;
		assert_string_not_equal(trace_event_name(0x20000 | e), "?");
		recs[n++].event = 0x20000 | e;
	}
	assert_true(n >= 15);

	in_tmp("words");
	write_file(recs, n, 0);
	out = open_memstream(&out_bytes, &len);
	assert_int_equal(trace_export_xentrace(path, out, NULL, err, sizeof(err)), 0);
	fclose(out);
	words_of((uint8_t *)out_bytes, len, ours);
	for (uint32_t e = 0; e < 0x10000; e++)
		if (xen[e] != ours[e])
			fail_msg("event 2%04x: Xen writes %d words, we %d", e, xen[e] - 1,
				 ours[e] - 1);
	free(out_bytes);
	free(recs);
}

/*
 * Xen's own reader as an oracle (Debian: xen-utils-common): a ping-pong of two vCPUs on one pCPU
 * must come out of xenalyze with the times they had.
 */
static void xenalyze_agrees(void **state)
{
	struct trace_rec recs[4096];
	char command[1200], line[512];
	size_t n = 0, lines = 0;
	FILE *out, *in;

	(void)state;
	if (system("command -v xenalyze >/dev/null 2>&1") != 0) {
		print_message("xenalyze (package xen-utils-common) is not installed\n");
		skip();
	}
	/* d1v0 runs 10 ms, d2v0 runs 30 ms, and so on. */
	for (int64_t t = 1000000000; n + 3 <= 3000; n += 3) {
		bool first = n / 3 % 2 == 0;
		uint32_t prev = first ? 2 : 1, next = first ? 1 : 2;

		recs[n] = (struct trace_rec){ t, TRC_SWITCH, 0, 1, { prev, 0, next, 0 } };
		recs[n + 1] = (struct trace_rec){
			t, TRC_RUNSTATE_CHANGE | 0 << 8 | 1 << 4, 0, 0, { prev << 16 }
		};
		recs[n + 2] = (struct trace_rec){
			t, TRC_RUNSTATE_CHANGE | 1 << 8 | 0 << 4, 0, 0, { next << 16 }
		};
		t += first ? 10000000 : 30000000;
	}
	in_tmp("oracle");
	write_file(recs, n, 0);
	snprintf(command, sizeof(command), "%s.xentrace", path);
	out = fopen(command, "wb");
	assert_non_null(out);
	assert_int_equal(trace_export_xentrace(path, out, NULL, err, sizeof(err)), 0);
	fclose(out);
	snprintf(command, sizeof(command),
		 "xenalyze --cpu-hz 1000000000 --dump-all %s.xentrace 2>&1", path);
	in = popen(command, "r");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in))
		lines += strstr(line, "sched_switch") && strstr(line, "d1v0") &&
			 strstr(line, "d2v0");
	assert_int_equal(pclose(in), 0);
	assert_int_equal(lines, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(header_round_trip),
		cmocka_unit_test(every_flipped_bit_is_told),
		cmocka_unit_test(every_cut_is_told),
		cmocka_unit_test(exchanged_blocks_are_told),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(no_file_after_failure),
		cmocka_unit_test(hash_depends_on_every_bit_and_the_order),
		cmocka_unit_test(hash_is_the_one_we_published),
		cmocka_unit_test(records_read_as_documented),
		cmocka_unit_test(a_line_is_never_longer_than_promised),
		cmocka_unit_test(dump_and_filter),
		cmocka_unit_test(xentrace_bytes),
		cmocka_unit_test(events_are_those_of_xen),
		cmocka_unit_test(xenalyze_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
