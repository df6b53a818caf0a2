/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the report of a run. Segments follow from switches as they should, waiting from
 * wake-ups and preemptions; hostile names and texts can't leave their place in the page; a
 * result without its keys, a run without records and records of another host are no failure; a
 * long run's page stays small; a failed write leaves no file.
 *
 * With REPORT_OUT set the program writes the page of a made-up busy host there and does nothing
 * else: tests/report/run.sh opens it in a browser. REPORT_SEGMENTS is how many slices it holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/report.h"
#include "sim/report_lanes.h"

#define MS 1000000LL

static char path[512], err[256];

/* -- a made-up host -- */

static struct scn_pool pool = { .name = (char *)"Pool-0", .sched = (char *)"credit" };
static struct scn_domain domains[] = {
	{ .name = (char *)"db", .nr_vcpus = 2, .weight = 256 },
	{ .name = (char *)"batch", .nr_vcpus = 4, .weight = 512 },
	{ .name = (char *)"build", .nr_vcpus = 4, .weight = 256, .cap = 50 },
	{ .name = (char *)"</script><img src=x onerror=alert(1)>\xe2\x80\xa8&",
	  .nr_vcpus = 1,
	  .weight = 64 },
};
static struct scn_event events[] = {
	{ .at_ns = 1200 * MS, .kind = SCN_EV_CAP, .domain = 2, .vcpu = -1, .value = 100 },
	{ .at_ns = 1260 * MS, .kind = SCN_EV_PIN, .domain = 1, .vcpu = 2, .cpus = { { 0xd } } },
};

static struct scenario host(void)
{
	return (struct scenario){
		.path = (char *)"scenarios/it's.yaml",
		.text = (char *)"name: made-up\n# </script><script>document.title='hacked'</script> \xff\n",
		.name = (char *)"Made-up <b>host</b> & \"friends\"",
		.description =
			(char *)"Four domains on four pCPUs, drawn by a test rather than by a scheduler",
		.seed = UINT64_MAX,
		.duration_ns = 10000 * MS,
		.warmup_ns = 1000 * MS,
		.nr_pcpus = 4,
		.pools = &pool,
		.nr_pools = 1,
		.domains = domains,
		.nr_domains = 4,
		.events = events,
		.nr_events = 2,
	};
}

static uint64_t seed = 88172645463325252ULL;

static uint64_t below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

struct made {
	struct trace_rec *recs;
	size_t nr;
	uint64_t segments, wakes;
};

static void put(struct made *m, int64_t t, uint32_t event, int cpu, int aux, const uint32_t *d)
{
	m->recs[m->nr++] = (struct trace_rec){
		t, event, (uint16_t)cpu, (uint16_t)aux, { d[0], d[1], d[2], d[3] }
	};
}

/* Slices of hogs, into which a db vCPU breaks with BOOST now and then; pCPU 3 is idle at times. */
static struct made make(size_t slices)
{
	struct made m = { .recs = calloc(slices * 3 + 16, sizeof(*m.recs)) };
	int64_t t[4] = { 0 }, end = 10000 * MS;
	int64_t scale = 6 * end / (int64_t)slices;
	uint32_t now[4][2];

	assert_non_null(m.recs);
	for (int c = 0; c < 4; c++)
		now[c][0] = TRC_DOM_IDLE;
	while (m.segments < slices) {
		int c = 0;
		uint32_t dom, vcpu;
		int64_t length;

		for (int i = 1; i < 4; i++)
			if (t[i] < t[c])
				c = i;
		if (t[c] >= end)
			break;
		length = scale / 3 + (int64_t)below((uint64_t)scale) + 1;
		dom = below(6) ? 1 + (uint32_t)below(2) : 3;
		vcpu = dom == 3 ? 0 : (uint32_t)c;
		if (now[c][0] != 0 && below(3) == 0) {
			dom = 0;
			vcpu = (uint32_t)c & 1;
			length = length / 20 + 1;
			put(&m, t[c], TRC_WAKE, c, 0, (uint32_t[]){ dom, vcpu, 0, 0 });
			m.wakes++;
		} else if (c == 3 && now[c][0] != TRC_DOM_IDLE && below(3) == 0) {
			dom = TRC_DOM_IDLE;
		}
		if (dom == now[c][0] && dom != 0)
			dom = dom == 1 ? 2 : 1, vcpu = (uint32_t)c;
		if (now[c][0] == 0)
			put(&m, t[c], TRC_BLOCK, c, 0, (uint32_t[]){ 0, now[c][1], 0, 0 });
		put(&m, t[c], TRC_SWITCH, c,
		    dom == TRC_DOM_IDLE ? 3 :
		    dom == 0		? 0 :
		    below(3)		? 1 :
					  2,
		    (uint32_t[]){ now[c][0], now[c][1], dom, vcpu });
		m.segments += dom != TRC_DOM_IDLE;
		now[c][0] = dom;
		now[c][1] = vcpu;
		t[c] += length;
	}
	return m;
}

static json_t *result(void)
{
	static const struct {
		double share, entitlement;
		json_int_t p50, p90, p99, p999, max;
	} of[] = { { 0.21, 0.5, 2200, 9000, 61000, 480000, 940000 },
		   { 2.02, 2.0, 0, 0, 0, 0, 0 },
		   { 0.5, 0.5, 900000, 9000000, 28000000, 29900000, 30000000 },
		   { 0.31, 0.3, 0, 0, 0, 0, 0 } };
	json_t *r, *list = json_array();

	for (int d = 0; d < 4; d++) {
		json_t *lat = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "count",
					(json_int_t)(of[d].p50 ? 4711 : 0), "mean", of[d].p50,
					"p50", of[d].p50, "p90", of[d].p90, "p99", of[d].p99,
					"p999", of[d].p999, "max", of[d].max);

		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:i,s:i,s:f,s:f,s:I,s:I,s:I,s:o,s:i,s:i}",
						"name", domains[d].name, "pool", "Pool-0", "weight",
						domains[d].weight, "cap", domains[d].cap, "share",
						of[d].share, "entitlement", of[d].entitlement,
						"run_ns", (json_int_t)(of[d].share * 9e9),
						"runnable_ns", (json_int_t)(d * 123456789),
						"blocked_ns", (json_int_t)(d ? 0 : 7654321000),
						"wake_latency_ns", lat, "switches", 1234 * (d + 1),
						"migrations", d * 17));
	}
	/* One domain has the whole distribution, as buckets. */
	json_object_set_new(json_array_get(list, 0), "wake_latency_hist",
			    json_pack("[[i,i],[i,i],[i,i],[i,i],[i,i],[i,i]]", 1000, 900, 2500,
				      2200, 10000, 1200, 64000, 380, 500000, 30, 1000000, 1));
	r = json_pack("{s:s,s:s,s:I,s:s,s:o,s:{s:i}}", "rota", "0.1.0", "scenario", "made-up",
		      "duration_ns", (json_int_t)(9000 * MS), "trace_hash", "8f3a1c0de94b7725",
		      "domains", list, "counters", "context_switches", 15000);
	assert_non_null(r);
	return r;
}

/* -- tests -- */

static void in_tmp(const char *name)
{
	const char *dir = getenv("TEST_TMP");

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "/tmp", name);
	unlink(path);
}

static char *page(void)
{
	FILE *f = fopen(path, "rb");
	char *s = NULL;
	size_t len = 0;

	assert_non_null(f);
	assert_true(getdelim(&s, &len, 0, f) > 0);
	fclose(f);
	return s;
}

static uint64_t number(const uint8_t **p)
{
	uint64_t v = 0;

	for (int shift = 0;; shift += 7) {
		v |= (uint64_t)(**p & 127) << shift;
		if (*(*p)++ < 128)
			return v;
	}
}

static void expect(const uint8_t **p, const uint64_t *want, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(number(p), want[i]);
}

static void segments_follow_from_switches(void **state)
{
	/* d0v1 (vCPU 1) is preempted by d1v3 (vCPU 5), gets back on another pCPU, and blocks. */
	static const struct trace_rec recs[] = {
		{ 100, TRC_WAKE, 0, 0, { 0, 1 } },
		{ 150, TRC_SWITCH, 0, 0, { TRC_DOM_IDLE, 0, 0, 1 } },
		{ 160, TRC_WAKE, 1, 0, { 1, 3 } },
		{ 400, TRC_SWITCH, 0, 1, { 0, 1, 1, 3 } },
		{ 700, TRC_SWITCH, 1, 2, { TRC_DOM_IDLE, 1, 0, 1 } },
		{ 900, TRC_BLOCK, 1, 0, { 0, 1 } },
		{ 900, TRC_SWITCH, 1, 3, { 0, 1, TRC_DOM_IDLE, 1 } },
		{ 990, TRC_SWITCH, 7, 1, { 0, 0, 1, 0 } }, /* no such pCPU */
		{ 991, TRC_SWITCH, 2, 1, { 9, 0, 77, 5 } }, /* no such domains */
	};
	static const uint64_t segments[] = {
		2, 150, 250,	    1 << 2 | 0, 50, /* d0v1, had waited since its wake-up */
		0, 600, 5 << 2 | 1, 240, /* d1v3, to the end of the run */
		1, 700, 200,	    1 << 2 | 2, 300, /* d0v1 again, since it was preempted */
		0, 0,
	};
	static const uint64_t wakes[] = { 1, 100, 1, 1, 160, 5, 0, 0 };
	struct scenario s = host();
	struct lanes l;
	const uint8_t *p;

	(void)state;
	s.duration_ns = 1000;
	assert_int_equal(lanes_build(&l, &s, recs, sizeof(recs) / sizeof(recs[0]), 0), 0);
	assert_int_equal(l.unit_ns, 1);
	assert_int_equal(l.nr_segments, 3);
	assert_int_equal(l.nr_wakes, 2);
	p = l.segments;
	expect(&p, segments, sizeof(segments) / sizeof(segments[0]));
	assert_ptr_equal(p, l.segments + l.segments_len);
	p = l.wakes;
	expect(&p, wakes, sizeof(wakes) / sizeof(wakes[0]));
	assert_ptr_equal(p, l.wakes + l.wakes_len);
	lanes_free(&l);

	/* Records are missing: who ran on is not known beyond the last one. */
	assert_int_equal(lanes_build(&l, &s, recs, 4, 3), 0);
	assert_int_equal(l.nr_segments, 1);
	assert_int_equal(l.end_ns, 1000);
	lanes_free(&l);
}

static void a_parked_vcpu_does_not_wait(void **state)
{
	static const struct trace_rec recs[] = {
		{ 0, TRC_SWITCH, 0, 2, { TRC_DOM_IDLE, 0, 0, 0 } },
		{ 100, TRC_ROTA_PARK, 0, 0, { 0, 0 } },
		{ 100, TRC_SWITCH, 0, 3, { 0, 0, TRC_DOM_IDLE, 0 } },
		{ 500, TRC_ROTA_UNPARK, 0, 0, { 0, 0 } },
		{ 530, TRC_SWITCH, 0, 1, { TRC_DOM_IDLE, 0, 0, 0 } },
	};
	static const uint64_t want[] = { 2, 0, 100, 2, 0, 430, 470, 1, 30, 0, 0, 0 };
	struct scenario s = host();
	struct lanes l;
	const uint8_t *p;

	(void)state;
	s.duration_ns = 1000;
	assert_int_equal(lanes_build(&l, &s, recs, 5, 0), 0);
	p = l.segments;
	expect(&p, want, sizeof(want) / sizeof(want[0]));
	lanes_free(&l);
}

static void hostile_text_stays_in_its_place(void **state)
{
	struct scenario s = host();
	json_t *r = result();
	char *html, *end;
	int scripts = 0;

	(void)state;
	in_tmp("hostile.html");
	assert_int_equal(report_write(path, &s, r, NULL, 0, 0, err, sizeof(err)), 0);
	html = page();
	assert_null(strstr(html, "<img"));
	assert_null(strstr(html, "<b>host"));
	assert_null(strstr(html, "\xe2\x80\xa8")); /* ends a line in a script */
	assert_null(strstr(html, "@ROTA_"));
	assert_non_null(strstr(html, "<title>Made-up &#60;b&#62;host"));
	for (end = html; (end = strstr(end, "</script>")); end++)
		scripts++;
	assert_int_equal(scripts, 2); /* the data and the program */
	assert_non_null(strstr(html, "\"18446744073709551615\"")); /* the seed, unrounded */
	assert_non_null(strstr(html, "'scenarios/it'\\\\''s.yaml'")); /* as a shell takes it */
	free(html);
	json_decref(r);
}

static void little_to_tell_is_no_failure(void **state)
{
	struct scenario s = host();
	json_t *empty = json_object();

	(void)state;
	in_tmp("little.html");
	s.name = s.text = s.description = s.path = NULL;
	assert_int_equal(report_write(path, &s, empty, NULL, 0, 5, err, sizeof(err)), 0);
	assert_int_equal(report_write(path, &s, NULL, NULL, 0, 0, err, sizeof(err)), 0);
	s.nr_domains = s.nr_events = s.nr_pools = 0;
	assert_int_equal(report_write(path, &s, NULL, NULL, 0, 0, err, sizeof(err)), 0);
	json_decref(empty);
}

static void a_long_run_stays_small(void **state)
{
	struct made m = make(40000); /* 10 s of four pCPUs that switch a thousand times a second */
	struct scenario s = host();
	json_t *r = result();
	struct stat st;

	(void)state;
	in_tmp("long.html");
	assert_int_equal(report_write(path, &s, r, m.recs, m.nr, 0, err, sizeof(err)), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(m.segments >= 35000);
	assert_true(st.st_size < 1000000);
	free(m.recs);
	json_decref(r);
}

static void no_file_after_failure(void **state)
{
	struct scenario s = host();

	(void)state;
	in_tmp("missing/report.html");
	assert_true(report_write(path, &s, NULL, NULL, 0, 0, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "report.html: can't write: No such file"));
	if (access("/dev/full", W_OK) != 0)
		return;
	assert_true(report_write("/dev/full", &s, NULL, NULL, 0, 0, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "No space left"));
}

static int demonstrate(const char *out, const char *slices)
{
	struct made m = make(slices ? strtoull(slices, NULL, 10) : 4000);
	struct scenario s = host();
	json_t *r = result();
	int ret = report_write(out, &s, r, m.recs, m.nr, 0, err, sizeof(err));

	printf("%llu %llu\n", (unsigned long long)m.segments, (unsigned long long)m.wakes);
	if (ret)
		fprintf(stderr, "%s\n", err);
	json_decref(r);
	free(m.recs);
	return ret != 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_follow_from_switches),
		cmocka_unit_test(a_parked_vcpu_does_not_wait),
		cmocka_unit_test(hostile_text_stays_in_its_place),
		cmocka_unit_test(little_to_tell_is_no_failure),
		cmocka_unit_test(a_long_run_stays_small),
		cmocka_unit_test(no_file_after_failure),
	};

	if (getenv("REPORT_OUT"))
		return demonstrate(getenv("REPORT_OUT"), getenv("REPORT_SEGMENTS"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
