/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: what the analysis reads. Fifty thousand mutations of good files in all four formats:
 * each is read or refused with one clean sentence, and what is read can be analysed. Writing back
 * into scenarios keeps all else. The generators keep their sums and bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "random_tasks.h"

static const char yaml[] =
	"unit: 1us\n"
	"host: {pcpus: 2, sched: edf, placement: partitioned, fit: worst,\n"
	"  server: polling, switch_cost: 5us, grain: 10, harmonic: true}\n"
	"vms:\n"
	"  - name: web   # comment\n"
	"    sched: rm\n"
	"    model: edp\n"
	"    tasks: &t\n"
	"      - {name: a, cost: 7ms, period: 50ms, jitter: 1us}\n"
	"      - {name: b, cost: 9000, period: 75000, deadline: 70ms, priority: 3}\n"
	"  - {name: db, sched: gedf, vcpus: 3, min_period: 1ms, max_period: 9ms, tasks: *t}\n"
	"  - {name: x, budget: 2ms, period: 9ms, deadline: 8ms}\n";
static const char json[] = "{\"vms\": [{\"name\": \"v\", \"period\": \"10ms\", \"tasks\": [\n"
			   "{\"name\": \"t1\", \"cost_ns\": 700000, \"period_ns\": 5000000},\n"
			   "{\"cost\": \"2.5us\", \"period\": \"1s\", \"blocking\": 5}]}]}\n";
static const char csv[] = "# a comment\nvm,name,cost,period,deadline,priority\n"
			  "a,t1,1ms,10ms,9ms,1\na,t2,2ms,20ms,,2\nb,t1,3000000,30ms,30ms,\n";
static const char xml[] =
	"<?xml version=\"1.0\"?>\n<!-- c -->\n"
	"<system os_scheduler=\"EDF\" min_period=\"1\" max_period=\"50\">\n"
	" <component name=\"C1\" scheduler=\"gEDF\" min_period='2.5' max_period=\"5\">\n"
	"  <task name=\"T1\" p=\"50.0\" d=\"50\" e=\"7\" delta_rel=\"0\"></task>\n"
	"  <task p=\"75\" e=\"9.25\"/>\n </component>\n"
	" <component name=\"C2\" scheduler=\"DM\"><task p=\"9\" e=\"1\"/></component>\n"
	"</system>\n";

static struct an_system *read_any(const char *text, size_t len, bool is_xml, char *err,
				  size_t errlen)
{
	return is_xml ? an_carts_read(text, len, 1000, err, errlen) :
			an_document_read(text, len, err, errlen);
}

static void drop(struct an_system *sys)
{
	if (!sys)
		return;
	an_system_free(sys);
	free(sys);
}

static void test_good_files(void **state)
{
	char err[400];
	struct an_system *sys = an_document_read(yaml, strlen(yaml), err, sizeof(err));

	(void)state;
	assert_non_null(sys);
	assert_int_equal(sys->nr_vms, 3);
	assert_int_equal(sys->vms[1].nr_tasks, 2);
	assert_int_equal(sys->vms[0].tasks[1].cost, 9000000);
	assert_int_equal(sys->vms[0].tasks[1].deadline, 70000000);
	assert_int_equal(sys->vms[2].given_budget, 2000000);
	assert_int_equal(sys->grain, 10000);
	assert_int_equal(sys->kind, AN_POLLING);
	drop(sys);
	sys = an_document_read(json, strlen(json), err, sizeof(err));
	assert_non_null(sys);
	assert_int_equal(sys->vms[0].tasks[1].cost, 2500);
	drop(sys);
	sys = an_document_read(csv, strlen(csv), err, sizeof(err));
	assert_non_null(sys);
	assert_int_equal(sys->nr_vms, 2);
	assert_int_equal(sys->vms[0].tasks[1].deadline, 20000000);
	drop(sys);
	sys = an_carts_read(xml, strlen(xml), 1000, err, sizeof(err));
	assert_non_null(sys);
	assert_int_equal(sys->vms[0].min_period, 2500);
	assert_int_equal(sys->vms[0].tasks[1].cost, 9250);
	assert_int_equal(sys->vms[0].guest, AN_GUEST_GEDF);
	assert_int_equal(sys->vms[1].max_period, 50000);
	drop(sys);
}

/* A few bytes changed, cut, doubled, or swapped for pieces that mean something. */
static size_t mutate(char *text, size_t len, size_t room, uint64_t *seed)
{
	static const char *const pieces[] = { "\"",
					      "{",
					      "}",
					      "[",
					      "]",
					      ":",
					      "\n",
					      "- ",
					      "<",
					      ">",
					      "/>",
					      "&",
					      "*t",
					      "&t ",
					      "0",
					      "-1",
					      "9999999999999999",
					      ".",
					      "1e9",
					      "\t",
					      "'",
					      "null",
					      "budget: ",
					      "tasks: ",
					      "<!--",
					      "]]>",
					      "1000000000000000",
					      ",",
					      "\xff",
					      "vms: " };
	int changes = (int)(next_random(seed) % 4) + 1;

	for (int c = 0; c < changes && len > 1; c++) {
		size_t at = next_random(seed) % len, n = next_random(seed) % 12 + 1;
		const char *piece =
			pieces[next_random(seed) % (sizeof(pieces) / sizeof(pieces[0]))];

		n = n < len - at ? n : len - at;
		switch (next_random(seed) % 5) {
		case 0:
			text[at] = (char)next_random(seed);
			break;
		case 1:
			memmove(text + at, text + at + n, len - at - n);
			len -= n;
			break;
		case 2:
			if (len + n < room) {
				memmove(text + at + n, text + at, len - at);
				len += n;
			}
			break;
		case 3:
			len = next_random(seed) % 20 ? len : at + 1;
			break;
		default:
			n = strlen(piece);
			if (len + n < room) {
				memmove(text + at + n, text + at, len - at);
				memcpy(text + at, piece, n);
				len += n;
			}
		}
	}
	return len;
}

static void test_mutations(void **state)
{
	static const char *const files[] = { yaml, json, csv, xml };
	uint64_t seed = 2026;
	int accepted = 0, analysed = 0;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		char text[2048], err[400] = "", *out;
		size_t len = strlen(files[round % 4]);
		struct an_system *sys;

		memcpy(text, files[round % 4], len);
		len = mutate(text, len, sizeof(text) - 1, &seed);
		text[len] = '\0';
		sys = read_any(text, len, round % 4 == 3, err, sizeof(err));
		if (!sys) {
			assert_true(strlen(err) > 4 && strlen(err) < sizeof(err) - 1);
			assert_null(strchr(err, '\n'));
			for (const char *c = err; *c; c++)
				assert_true(*c >= ' ' && *c <= '~');
			continue;
		}
		accepted++;
		if (accepted % 8) {
			drop(sys);
			continue;
		}
		analysed++;
		sys->host.cpus = sys->host.cpus > 64 ? 64 : sys->host.cpus;
		assert_int_equal(an_synthesise(sys), 0);
		for (int v = 0; v < sys->nr_vms; v++) {
			const struct an_vm *vm = &sys->vms[v];

			assert_true(vm->found || strlen(vm->why) > 4);
			for (int i = 0; vm->found && i < vm->nr_vcpus; i++)
				assert_true(vm->vcpus[i].budget > 0 &&
					    vm->vcpus[i].budget <= vm->vcpus[i].period &&
					    vm->vcpus[i].budget <= vm->vcpus[i].deadline);
		}
		out = an_carts_write(sys, 1000);
		assert_non_null(out);
		free(out);
		drop(sys);
	}
	assert_true(accepted > 1000 && analysed > 200);
}

static void check_apply(const char *before, int line, const char *after)
{
	const struct an_edit e = { line, 10000000, 2500000 };
	char err[200] = "", *got = an_apply(before, &e, 1, err, sizeof(err));

	if (!got)
		fail_msg("%s", err);
	assert_string_equal(got, after);
	free(got);
}

static void test_apply(void **state)
{
	const struct an_edit twice[] = { { 1, 5, 5 }, { 1, 6, 6 } }, far = { 9, 5, 5 };
	char err[200];

	(void)state;
	check_apply(
		"domains:\n  - {name: a, vcpus: 1} # x\n  - {name: b}\n", 2,
		"domains:\n  - {sched: {period: 10ms, budget: 2500us}, name: a, vcpus: 1} # x\n  - {name: b}\n");
	check_apply("  - {name: a, sched: {period: 1ms, budget: 1us, extratime: 1}, cap: 5}\n", 1,
		    "  - {name: a, sched: {period: 10ms, budget: 2500us}, cap: 5}\n");
	check_apply(
		"domains:\n  - name: a\n    vcpus: 1\n# c\n  - name: b\n", 2,
		"domains:\n  - name: a\n    sched: {period: 10ms, budget: 2500us}\n    vcpus: 1\n# c\n  - name: b\n");
	check_apply(
		"  - name: a\n    workload:\n      sched: no\n    sched: {budget: 4ms} # old\n    cap: 1\n",
		1,
		"  - name: a\n    workload:\n      sched: no\n    sched: {period: 10ms, budget: 2500us}\n    cap: 1\n");
	check_apply("  - name: a", 1, "  - name: a\n    sched: {period: 10ms, budget: 2500us}\n");
	check_apply("  - {name: \"sched: {\", vcpus: 1}\n", 1,
		    "  - {sched: {period: 10ms, budget: 2500us}, name: \"sched: {\", vcpus: 1}\n");
	assert_null(an_apply("  - {name: a}\n", twice, 2, err, sizeof(err)));
	assert_null(an_apply("  - {name: a}\n", &far, 1, err, sizeof(err)));
	assert_null(an_apply("  - name: a\n    sched:\n      budget: 4\n", &twice[0], 1, err,
			     sizeof(err)));
	assert_non_null(strstr(err, "2: "));
}

static void test_generators(void **state)
{
	static const int64_t sums[] = { 300000000, 950000000, 2400000000 };
	char err[200];

	(void)state;
	for (int util = 0; util <= AN_BIMO_HEAVY; util++)
		for (int period = 0; period <= AN_PERIOD_HARMONIC; period++)
			for (int i = 0; i < 3; i++) {
				struct an_gen g = { .seed = 4,
						    .util = (enum an_gen_util)util,
						    .period = (enum an_gen_period)period,
						    .nr_tasks = 6,
						    .total_ppb = sums[i],
						    .max_ppb = 700000000,
						    .min_period = 5000000,
						    .max_period = 333000000,
						    .grain = 1000000,
						    .constrained = i == 1 };
				struct an_task *t;
				int64_t base = 0;
				int n = an_generate(&g, 3, &t, err, sizeof(err));
				double u;

				assert_true(n > 0);
				u = an_utilisation_approx(t, n) * 1e9;
				assert_true(u > (double)sums[i] - 200 && u < (double)sums[i] + 200);
				for (int k = 0; k < n; k++) {
					assert_true(t[k].period % 1000000 == 0);
					assert_true(t[k].period >= 5000000 &&
						    t[k].period <= 333000000);
					assert_true(t[k].deadline <= t[k].period);
					if (util != AN_UUNIFAST)
						assert_true(t[k].cost <= t[k].period);
					if (util == AN_RANDFIXEDSUM)
						assert_true(t[k].cost <= t[k].period / 10 * 7 + 2);
					base = period == AN_PERIOD_HARMONIC ? 5000000 : 0;
					if (base)
						assert_true(t[k].period / base * base ==
								    t[k].period &&
							    !(t[k].period / base &
							      (t[k].period / base - 1)));
				}
				free(t);
			}
}

/*
 * RandFixedSum and UUniFast draw from the same distribution where no bound bites: equal means, near
 * variances.
 */
static void test_simplex(void **state)
{
	double mean[2] = { 0 }, square[2] = { 0 };
	char err[200];

	(void)state;
	for (int which = 0; which < 2; which++) {
		struct an_gen g = { .seed = 8,
				    .util = which ? AN_RANDFIXEDSUM : AN_UUNIFAST,
				    .nr_tasks = 5,
				    .total_ppb = 900000000,
				    .max_ppb = 1000000000,
				    .min_period = 1000000000,
				    .max_period = 1000000000,
				    .grain = 1 };

		for (uint64_t i = 0; i < 4000; i++) {
			struct an_task *t;
			int n = an_generate(&g, i, &t, err, sizeof(err));

			assert_int_equal(n, 5);
			for (int k = 0; k < n; k++) {
				double u = (double)t[k].cost / 1e9;

				mean[which] += u / 20000;
				square[which] += u * u / 20000;
			}
			free(t);
		}
	}
	/* Dirichlet(1,..,1): E u = s/n, E u^2 = 2 s^2 / (n (n+1)) = 0.054 */
	for (int which = 0; which < 2; which++) {
		assert_true(mean[which] > 0.1799 && mean[which] < 0.1801);
		assert_true(square[which] > 0.0525 && square[which] < 0.0555);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files), cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_apply),	   cmocka_unit_test(test_generators),
		cmocka_unit_test(test_simplex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
