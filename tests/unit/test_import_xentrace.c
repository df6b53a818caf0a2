// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: an xentrace capture becomes the demand that made it. Small captures are written
 * record by record here; real ones are held against what Xen's own xenalyze says of them
 * (tests/data/xentrace/NAME.summary.txt).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/import_demand.h"
#include "trace/import_scenario.h"
#include "trace/replay.h"

#define MS 1000000
#define HZ UINT64_C(1000000000) /* of the captures made here: a tick is a nanosecond */

/* -- a capture in memory -- */

static unsigned char capture[4096];
static size_t length,
	window; /* window: offset of the length field of the window that is open, 0 none */

static void put32(uint32_t v)
{
	for (int i = 0; i < 4; i++)
		capture[length++] = (unsigned char)(v >> (8 * i));
}

static void start(void)
{
	length = 0;
	window = 0;
}

static void cpu(uint32_t n)
{
	put32(2u << 28 | 0x1f003);
	put32(n);
	window = length;
	put32(0);
}

static void record(uint32_t event, uint64_t tsc, uint32_t nr, const uint32_t *word)
{
	size_t end, bytes;

	put32(event | nr << 28 | 1u << 31);
	put32((uint32_t)tsc);
	put32((uint32_t)(tsc >> 32));
	for (uint32_t i = 0; i < nr; i++)
		put32(word[i]);
	end = length;
	bytes = end - window - 4;
	length = window;
	put32((uint32_t)bytes);
	length = end;
}

static void runstate(uint64_t tsc, uint32_t dom, uint32_t vcpu, int from, int to)
{
	uint32_t word = dom << 16 | vcpu;

	record(0x21001u | (uint32_t)from << 8 | (uint32_t)to << 4, tsc, 1, &word);
}

static struct imp_recording *import(const void *data, size_t len, uint64_t hz, int *rc)
{
	struct imp_xentrace_options opt = { .hz = hz };
	struct imp_recording *r = imp_new("F");
	FILE *f = fmemopen((void *)(uintptr_t)data, len, "rb");

	assert_non_null(r);
	assert_non_null(f);
	*rc = import_xentrace(r, f, &opt);
	fclose(f);
	if (!*rc)
		*rc = import_rebuild(r, IMP_WAKES_ABSOLUTE);
	if (!*rc)
		*rc = import_domains(r, NULL, false);
	return r;
}

static struct imp_recording *import_made(void)
{
	int rc;
	struct imp_recording *r = import(capture, length, HZ, &rc);

	if (rc)
		fail_msg("%s", r->err);
	return r;
}

static const struct imp_vcpu *find(const struct imp_recording *r, uint32_t dom, uint32_t id)
{
	for (uint32_t i = 0; i < r->nr_vcpus; i++)
		if (r->vcpus[i].key == (dom << 16 | id))
			return &r->vcpus[i];
	fail_msg("no d%uv%u", dom, id);
	return NULL;
}

enum { RUN, READY, BLOCK, OFF };

/* -- what a vCPU wanted -- */

static void preemption_is_not_the_end_of_a_burst(void **state)
{
	struct imp_recording *r;
	const struct imp_vcpu *v;

	(void)state;
	start();
	cpu(0);
	runstate(0 * MS, 1, 0, BLOCK, READY);
	runstate(1 * MS, 1, 0, READY, RUN);
	runstate(3 * MS, 1, 0, RUN, READY); /* preempted */
	runstate(6 * MS, 1, 0, READY, RUN);
	runstate(7 * MS, 1, 0, RUN, BLOCK);
	runstate(10 * MS, 1, 0, BLOCK, READY);
	runstate(10 * MS, 1, 0, READY, RUN);
	runstate(14 * MS, 1, 0, RUN, BLOCK);
	r = import_made();
	v = find(r, 1, 0);
	assert_int_equal(v->nr_bursts, 2);
	assert_int_equal(v->burst[0].wake_ns, 0);
	assert_int_equal(v->burst[0].run_ns, 3 * MS);
	assert_int_equal(v->burst[0].end_ns, 7 * MS);
	assert_int_equal(v->burst[1].wake_ns, 10 * MS);
	assert_int_equal(v->burst[1].run_ns, 4 * MS);
	assert_int_equal(v->time_ns[IMP_RUNNING], 7 * MS);
	assert_int_equal(v->time_ns[IMP_RUNNABLE], 4 * MS);
	assert_int_equal(v->time_ns[IMP_BLOCKED], 3 * MS);
	assert_int_equal(v->switches, 3);
	assert_int_equal(v->breaks, 0);
	assert_false(v->hog);
	imp_free(r);
}

static void a_parked_vcpu_still_wants_the_cpu(void **state)
{
	struct imp_recording *r;
	const struct imp_vcpu *v;

	(void)state;
	start();
	cpu(0);
	runstate(0, 1, 0, READY, RUN);
	for (uint64_t i = 0; i < 5; i++) {
		runstate((100 * i + 25) * MS, 1, 0, RUN, OFF); /* its cap */
		runstate((100 * i + 100) * MS, 1, 0, OFF, READY);
		runstate((100 * i + 100) * MS, 1, 0, READY, RUN);
	}
	r = import_made();
	v = find(r, 1, 0);
	assert_int_equal(v->nr_bursts, 1);
	assert_true(v->burst[0].run_ns == REPLAY_INF);
	assert_true(v->hog);
	assert_int_equal(v->time_ns[IMP_OFFLINE], 375 * MS);
	imp_free(r);
}

static void a_domain_that_goes_for_good_wants_no_more(void **state)
{
	struct imp_recording *r;
	const struct imp_vcpu *v;

	(void)state;
	start();
	cpu(0);
	runstate(0, 1, 0, READY, RUN);
	runstate(30 * MS, 1, 0, RUN, OFF);
	runstate(30 * MS, 2, 0, READY, RUN);
	runstate(2000 * (uint64_t)MS, 2, 0, RUN, READY);
	r = import_made();
	v = find(r, 1, 0);
	assert_int_equal(v->nr_bursts, 1);
	assert_int_equal(v->burst[0].run_ns, 30 * MS);
	assert_false(v->hog);
	assert_true(find(r, 2, 0)->hog);
	imp_free(r);
}

static void a_vcpu_that_runs_on_silently_is_a_hog(void **state)
{
	struct imp_recording *r;
	const struct imp_vcpu *v;
	uint32_t word = 3 << 16;

	(void)state;
	start();
	cpu(0);
	runstate(0, 1, 0, BLOCK, READY);
	runstate(90 * MS, 1, 0, READY, RUN);
	cpu(1);
	record(0x21002, 30 * MS, 1, &word); /* CONTINUE_RUNNING is all that is heard of it */
	r = import_made();
	v = find(r, 3, 0);
	assert_true(v->hog);
	assert_int_equal(v->time_ns[IMP_RUNNING], 90 * MS);
	assert_int_equal(v->burst[0].wake_ns, 0);
	imp_free(r);
}

/*
 * A burst that the end cuts: the mean of the complete ones, endless once it is longer than each of
 * them.
 */
static void the_last_burst_is_completed(void **state)
{
	static const struct {
		int tail_ms;
		int64_t want;
	} expect[] = { { 1, 3 * MS }, { 3, 3 * MS }, { 4, REPLAY_INF }, { 9, REPLAY_INF } };
	struct imp_recording *r;
	const struct imp_vcpu *v;

	(void)state;
	for (size_t i = 0; i < sizeof(expect) / sizeof(expect[0]); i++) {
		start();
		cpu(0);
		runstate(0, 1, 0, READY, RUN);
		runstate(2 * MS, 1, 0, RUN, BLOCK);
		runstate(10 * MS, 1, 0, BLOCK, RUN);
		runstate(14 * MS, 1, 0, RUN, BLOCK);
		runstate(20 * MS, 1, 0, BLOCK, RUN);
		runstate((uint64_t)(20 + expect[i].tail_ms) * MS, 2, 0, READY, BLOCK);
		r = import_made();
		v = find(r, 1, 0);
		assert_int_equal(v->nr_bursts, 3);
		assert_true(v->burst[2].run_ns == expect[i].want);
		imp_free(r);
	}
}

static void windows_of_pcpus_are_put_in_order_of_time(void **state)
{
	struct imp_recording *r;
	const struct imp_vcpu *v;

	(void)state;
	start();
	cpu(1);
	runstate(20 * MS, 1, 0, READY, RUN); /* moved over from pCPU 0, whose window comes later */
	runstate(25 * MS, 1, 0, RUN, BLOCK);
	cpu(0);
	runstate(5 * MS, 1, 0, READY, RUN);
	runstate(10 * MS, 1, 0, RUN, READY);
	r = import_made();
	v = find(r, 1, 0);
	assert_int_equal(v->breaks, 0);
	assert_int_equal(v->nr_bursts, 1);
	assert_int_equal(v->burst[0].run_ns, 10 * MS);
	assert_int_equal(r->span_ns, 20 * MS);
	assert_int_equal(r->nr_pools, 1); /* it ran on both */
	imp_free(r);
}

static void lost_records_are_counted_and_bridged(void **state)
{
	static const uint32_t lost[4] = { 17, 0, 0, 0 };
	struct imp_recording *r;
	const struct imp_vcpu *v;

	(void)state;
	start();
	cpu(0);
	runstate(0, 1, 0, READY, RUN);
	runstate(1 * MS, 1, 0, RUN, BLOCK);
	record(0x1f001, 5 * MS, 4, lost);
	runstate(9 * MS, 1, 0, RUN, BLOCK); /* when it woke is lost */
	runstate(20 * MS, 1, 0, BLOCK, READY);
	r = import_made();
	v = find(r, 1, 0);
	assert_int_equal(r->lost, 17);
	assert_int_equal(v->breaks, 1);
	assert_int_equal(v->time_ns[IMP_RUNNING] + v->time_ns[IMP_BLOCKED] +
				 v->time_ns[IMP_RUNNABLE],
			 20 * MS);
	imp_free(r);
}

static void idle_is_no_domain_and_separate_pcpus_are_pools(void **state)
{
	struct imp_recording *r;

	(void)state;
	start();
	cpu(0);
	runstate(0, 0, 0, READY, RUN);
	runstate(1 * MS, 0x7fff, 0, READY, RUN);
	runstate(1 * MS, 0, 0, RUN, BLOCK);
	cpu(2);
	runstate(2 * MS, 7, 0, READY, RUN);
	runstate(3 * MS, 7, 1, RUN, READY);
	r = import_made();
	assert_int_equal(r->nr_domains, 2);
	assert_string_equal(r->domains[0].name, "Domain-0");
	assert_string_equal(r->domains[1].name, "dom7");
	assert_int_equal(r->domains[1].nr_vcpus, 2);
	assert_int_equal(r->nr_pools, 2);
	assert_int_equal(r->domains[0].pool, 0);
	assert_int_equal(r->domains[1].pool, 1);
	imp_free(r);
}

/* -- the clock -- */

static void frequency_is_inferred_from_switches(void **state)
{
	uint32_t word[3] = { 1, 0, 0 };
	struct imp_recording *r;
	uint64_t tsc = 1000;
	int rc;

	(void)state;
	start();
	cpu(0);
	for (uint32_t i = 0; i < 12; i++) { /* 2.5 GHz */
		word[2] = (i % 3 + 2) * MS;
		tsc += (uint64_t)word[2] * 5 / 2 + i % 5 * 100;
		record(0x2800e, tsc, 3, word);
	}
	runstate(1000, 1, 0, READY, RUN);
	runstate(tsc, 1, 0, RUN, BLOCK);
	r = import(capture, length, 0, &rc);
	assert_int_equal(rc, 0);
	assert_in_range(r->hz, 2499000000u, 2501000000u);
	imp_free(r);
}

static void no_frequency_is_guessed(void **state)
{
	struct imp_recording *r;
	int rc;

	(void)state;
	start();
	cpu(0);
	runstate(0, 1, 0, READY, RUN);
	runstate(9 * MS, 1, 0, RUN, BLOCK);
	r = import(capture, length, 0, &rc);
	assert_int_equal(rc, -ENODATA);
	assert_non_null(strstr(r->err, "--tsc-hz"));
	imp_free(r);
}

/* -- damage -- */

static void damage_is_refused_with_its_offset(void **state)
{
	struct imp_recording *r;
	uint32_t word[3] = { 0, 0, 0 };
	int rc;

	(void)state;
	/* every way to cut a capture short */
	start();
	cpu(0);
	runstate(0, 1, 0, READY, RUN);
	runstate(9 * MS, 1, 0, RUN, BLOCK);
	for (size_t len = 1; len < length; len++) {
		r = import(capture, len, HZ, &rc);
		assert_int_equal(rc, -ENODATA);
		assert_non_null(strstr(r->err, "F: offset "));
		imp_free(r);
	}
	/*
	 * a state that isn't, a pCPU that isn't, a window that ends inside a record, no window at
	 * all
	 */
	start();
	cpu(0);
	runstate(0, 1, 0, 7, RUN);
	r = import(capture, length, HZ, &rc);
	assert_int_equal(rc, -EINVAL);
	assert_string_equal(r->err,
			    "F: offset 12: a runstate that Xen doesn't have; the file is damaged");
	imp_free(r);
	start();
	cpu(5000);
	r = import(capture, length, HZ, &rc);
	assert_int_equal(rc, -EINVAL);
	imp_free(r);
	start();
	cpu(0);
	runstate(0, 1, 0, READY, RUN);
	capture[8] = 7;
	r = import(capture, length, HZ, &rc);
	assert_int_equal(rc, -EINVAL);
	assert_non_null(strstr(r->err, "crosses"));
	imp_free(r);
	start();
	window = 256; /* a record before any window; its length goes nowhere */
	record(0x2800e, 1, 3, word);
	r = import(capture, 24, HZ, &rc);
	assert_int_equal(rc, -EINVAL);
	imp_free(r);
	/* a clock that leaps by years */
	start();
	cpu(0);
	runstate(0, 1, 0, READY, RUN);
	runstate(UINT64_C(1) << 60, 1, 0, RUN, BLOCK);
	r = import(capture, length, HZ, &rc);
	assert_int_equal(rc, -ERANGE);
	imp_free(r);
}

/* -- real captures -- */

static const char *const real[] = {
	"credit-2p-2v2v",
	"credit-spin+7of10",
	"ic-credit-1spin-cap25",
	"ic-credit-2spin-256-512",
	"ic-credit-2spin+2of10",
	"ic-credit-3spin-256-512-1024",
	"null-1",
	"arinc653-30-50-of-100",
};
#define NR_REAL (sizeof(real) / sizeof(real[0]))

static unsigned char *slurp(const char *name, const char *ending, size_t *len)
{
	const char *top = getenv("ROTA_TOP");
	unsigned char *data;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/xentrace/%s.%s", top ? top : ".", name, ending);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	data = malloc(1 << 20);
	assert_non_null(data);
	*len = fread(data, 1, (1 << 20) - 1, f);
	data[*len] = '\0';
	fclose(f);
	return data;
}

/* Seconds in @state of d@dom v@id by xenalyze; *seen: in all states together. */
static double xenalyze(const char *summary, uint32_t dom, uint32_t id, double *seen)
{
	static const char *const states[] = { "   running:", "  runnable:", "   blocked:",
					      "   offline:" };
	char key[64];
	const char *p, *end;
	double sec, run = 0;
	int n;

	*seen = 0;
	snprintf(key, sizeof(key), "|-- Domain %u --|", dom);
	p = strstr(summary, key);
	assert_non_null(p);
	snprintf(key, sizeof(key), "\n-- v%u --", id);
	p = strstr(p, key);
	assert_non_null(p);
	end = strstr(p + 1, "-- "); /* the next vCPU or domain */
	for (int i = 0; i < 4; i++) {
		const char *at = strstr(p, states[i]);

		if (!at || (end && at > end))
			continue;
		assert_int_equal(sscanf(at + strlen(states[i]), "%d %lfs", &n, &sec), 2);
		*seen += sec;
		if (i == 0)
			run = sec;
	}
	return run;
}

/*
 * xenalyze starts to count at a vCPU's first change and stops at its last; we count what is implied
 * before and behind. So ours is between its figure and its figure plus what it left out, give or
 * take its rounding (0.01 s a state) and its clock (0.3 %).
 */
static void real_captures_agree_with_xenalyze(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_REAL; i++) {
		struct imp_recording *r;
		size_t len, summary_len;
		unsigned char *data = slurp(real[i], "xentrace", &len);
		unsigned char *summary = slurp(real[i], "summary.txt", &summary_len);
		int rc;

		r = import(data, len, 0, &rc);
		if (rc)
			fail_msg("%s: %s", real[i], r->err);
		for (uint32_t j = 0; j < r->nr_vcpus; j++) {
			const struct imp_vcpu *v = &r->vcpus[j];
			double run, seen, ours = (double)v->time_ns[IMP_RUNNING] / 1e9,
					  span = (double)r->span_ns / 1e9;

			if (v->skip)
				continue;
			run = xenalyze((const char *)summary, v->domain_key, v->id, &seen);
			if (ours < run - 0.01 - 0.003 * run ||
			    ours > run + fmax(span - seen, 0) + 0.04)
				fail_msg("%s d%uv%u: ran %.3f s, xenalyze %.3f of %.3f seen",
					 real[i], v->domain_key, v->id, ours, run, seen);
			assert_int_equal(v->breaks, 0);
		}
		imp_free(r);
		free(data);
		free(summary);
	}
}

/* What xl dmesg said of the hosts: icount runs at exactly 1 GHz, the others at 2445.437 MHz. */
static void real_frequencies_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_REAL; i++) {
		double want = strncmp(real[i], "ic-", 3) ? 2445437000.0 : 1e9;
		size_t len;
		unsigned char *data = slurp(real[i], "xentrace", &len);
		struct imp_recording *r;
		int rc;

		r = import(data, len, 0, &rc);
		assert_int_equal(rc, 0);
		if (fabs((double)r->hz - want) > 0.001 * want)
			fail_msg("%s: %llu Hz", real[i], (unsigned long long)r->hz);
		imp_free(r);
		free(data);
	}
}

static uint64_t seed = 20260101;

static uint32_t chance(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % below;
}

/*
 * 2000 damaged captures: each is imported or refused in one line, and nothing else happens
 * (sanitizers watch).
 */
static void damaged_captures_do_no_harm(void **state)
{
	size_t len, cut;
	unsigned char *data = slurp("ic-credit-2spin-256-512", "xentrace", &len);
	unsigned char *copy = malloc(len);
	unsigned imported = 0, refused = 0;

	(void)state;
	assert_non_null(copy);
	for (int i = 0; i < 2000; i++) {
		struct imp_recording *r;
		int rc;

		memcpy(copy, data, len);
		for (uint32_t n = 1 + chance(8); n > 0; n--)
			copy[chance((uint32_t)len)] ^= (unsigned char)(1 << chance(8));
		if (chance(4) == 0) /* headers are few among the bytes: hit some on purpose */
			copy[chance(64)] = (unsigned char)chance(256);
		cut = chance(8) ? len : 1 + chance((uint32_t)len - 1);
		r = import(copy, cut, chance(2) ? HZ : 0, &rc);
		if (rc) {
			refused++;
			if (rc > 0 || strncmp(r->err, "F: ", 3) || strlen(r->err) < 10 ||
			    strchr(r->err, '\n'))
				fail_msg("case %d: rc %d, \"%s\"", i, rc, r->err);
		} else {
			imported++;
			assert_true(r->nr_domains > 0 && r->nr_pools > 0 && r->span_ns > 0);
		}
		imp_free(r);
	}
	/* the loop must have seen both ways */
	assert_true(imported > 100 && refused > 100);
	free(copy);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(preemption_is_not_the_end_of_a_burst),
		cmocka_unit_test(a_parked_vcpu_still_wants_the_cpu),
		cmocka_unit_test(a_domain_that_goes_for_good_wants_no_more),
		cmocka_unit_test(a_vcpu_that_runs_on_silently_is_a_hog),
		cmocka_unit_test(the_last_burst_is_completed),
		cmocka_unit_test(windows_of_pcpus_are_put_in_order_of_time),
		cmocka_unit_test(lost_records_are_counted_and_bridged),
		cmocka_unit_test(idle_is_no_domain_and_separate_pcpus_are_pools),
		cmocka_unit_test(frequency_is_inferred_from_switches),
		cmocka_unit_test(no_frequency_is_guessed),
		cmocka_unit_test(damage_is_refused_with_its_offset),
		cmocka_unit_test(real_captures_agree_with_xenalyze),
		cmocka_unit_test(real_frequencies_are_found),
		cmocka_unit_test(damaged_captures_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
