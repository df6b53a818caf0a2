// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: whatever happens to a scenario's bytes, it is either read or refused with one line
 * that names the file; nothing crashes and nothing leaks (the sanitizers watch).
 *
 * The chance is a fixed sequence, so a failure comes again.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario_read.h"

static const char good[] =
	"name: fuzz\ndescription: every kind of node\nseed: 3\nduration: 2s\nwarmup: 100ms\n"
	"host: {nodes: 2, cores: 4, threads: 2, costs: {ipi: 2us, migration: 0}}\n"
	"pools:\n"
	"  - {name: Pool-0, cpus: \"node:0\", params: {tslice: 10ms, ratelimit: 1ms, mend: [a, b]}}\n"
	"  - name: other\n    cpus: \"8-15,^9\"\n    params: {weight_of: domain}\n"
	"domains:\n"
	"  - &first\n    name: vm1\n    vcpus: 4\n    weight: 512\n    cap: 150\n    cpus: \"0-3\"\n"
	"    workload: &burst {model: bursty, run: {exp: 1ms}, sleep: {uniform: [1ms, 2ms]}}\n"
	"    vcpu:\n      - {id: 2, cpus: \"1\", workload: {model: hog, work: 1s}}\n"
	"  - {name: web%d, count: 12, pool: other, workload: *burst}\n"
	"  - {name: rt, workload: {model: periodic, period: 10ms, cost: 3ms, deadline: 8ms}}\n"
	"  - name: 'quoted'\n    workload:\n"
	"      {model: bursty, run: {lognormal: {median: 1ms, sigma: 0.5}}, sleep: 1ms}\n"
	"  - name: os\n    vcpus: 2\n    workload:\n      model: program\n      slice: 3ms\n      irq_vcpu: 1\n"
	"      locks: [{name: t, kind: ticket}, {name: p, kind: pv, spin: 9us}, {name: m, kind: mutex}]\n"
	"      barriers: [all]\n      tasks:\n"
	"        - {name: a, count: 3, threads: false, times: 4, program: [{lock: t}, {lock: p},\n"
	"           {compute: {exp: 1ms}}, {unlock: t}, {unlock: p}, {loop: {times: 2, do: [{sleep: 1ms}]}}]}\n"
	"        - {name: b, vcpu: 1, program: [{lock: m}, {io: 1ms}, {unlock: m}, {tlb_shootdown: 2us},\n"
	"           {ipi: {kind: call, vcpu: 0, cost: 1us}}, {barrier: all}]}\n"
	"events:\n"
	"  - {at: 10ms, do: pause, domain: vm1}\n"
	"  - {at: 20ms, do: unpause, domain: vm1}\n"
	"  - {at: 20ms, do: move, domain: rt, pool: other}\n"
	"  - {at: 30ms, do: irq, domain: web3, cost: 20us, every: 1ms}\n"
	"  - {at: 40ms, do: cpu_remove, pool: Pool-0, cpus: \"7\"}\n";

static int accepted, refused;

static void try(const char *text, size_t len)
{
	char err[600];
	struct scenario *s;
	const char *colon;

	memset(err, 'x', sizeof(err));
	s = scn_load_text("f.yaml", text, len, NULL, 0, err, sizeof(err));
	if (s) {
		assert_string_equal(err, "");
		accepted++;
		scenario_free(s);
		return;
	}
	refused++;
	assert_non_null(memchr(err, 0, sizeof(err)));
	if (strncmp(err, "f.yaml:", 7) || !isdigit((unsigned char)err[7]))
		fail_msg("does not name file and line: %s", err);
	colon = strchr(err + 7, ':');
	if (!colon || colon[1] != ' ' || !strstr(colon + 2, ": "))
		fail_msg("does not name a key: %s", err);
	for (const char *c = err; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			fail_msg("is not one printable line: %s", err);
}

static void the_unharmed_text_is_good(void **state)
{
	(void)state;
	accepted = refused = 0;
	try(good, strlen(good));
	assert_int_equal(accepted, 1);
}

static void cut_off_anywhere(void **state)
{
	size_t len = strlen(good);
	size_t step = len / 400;

	(void)state;
	accepted = refused = 0;
	for (size_t cut = 0; cut < len; cut += step)
		try(good, cut);
	assert_true(accepted + refused >= 200);
	assert_true(refused > 100); /* or the cuts did not hurt */
}

static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void mutate(uint64_t *x, char *text, size_t *len, size_t room)
{
	static const char hot[] = "{}[]&*:,-\"'\n \t%#!|>~?0987^.\0\xff\xc3";
	size_t at = next(x) % *len;
	size_t n = next(x) % 12;

	switch (next(x) % 5) {
	case 0:
		text[at] = (char)next(x);
		break;
	case 1:
		text[at] = hot[next(x) % (sizeof(hot) - 1)];
		break;
	case 2: /* take out */
		if (at + n < *len) {
			memmove(text + at, text + at + n, *len - at - n);
			*len -= n;
		}
		break;
	case 3: /* double */
		if (at + n < *len && *len + n < room) {
			memmove(text + at + n, text + at, *len - at);
			*len += n;
		}
		break;
	default: /* copy from elsewhere */
		if (at + n < *len) {
			size_t from = next(x) % (*len - n);

			memmove(text + at, text + from, n);
		}
	}
}

static void bytes_changed_at_random(void **state)
{
	char text[sizeof(good) + 256];
	uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

	(void)state;
	accepted = refused = 0;
	for (int i = 0; i < 4000; i++) {
		size_t len = strlen(good);
		int times = 1 + (int)(next(&x) % 4);
		char *exact;

		memcpy(text, good, len);
		while (times--)
			mutate(&x, text, &len, sizeof(text));
		/* In a block of its own size, so that a read beyond the end is seen. */
		exact = malloc(len);
		assert_non_null(exact);
		memcpy(exact, text, len);
		try(exact, len);
		free(exact);
	}
	assert_true(accepted > 20);
	assert_true(refused > 1000);
}

/* A short buffer for the sentence gets a short sentence, ended properly. */
static void any_length_of_the_sentence(void **state)
{
	static const char bad[] = "duration: 1s\ndomains: [{name: vm1, wieght: 3}]\n";

	(void)state;
	for (size_t n = 0; n < 120; n++) {
		char *err = malloc(n ? n : 1);

		assert_non_null(err);
		assert_null(scn_load_text("f.yaml", bad, strlen(bad), NULL, 0, err, n));
		if (n)
			assert_non_null(memchr(err, 0, n));
		free(err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_unharmed_text_is_good),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(bytes_changed_at_random),
		cmocka_unit_test(any_length_of_the_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
