// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: rotad's answers without a socket: who may do what, requests that are no requests, and that one that
 * fails half-way leaves everything as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/server.h"
#include "control/sim_host.h"

static struct rotad d;

static int start(void **state)
{
	char error[CONTROL_ERROR_LEN] = "";
	struct sim_options o = { .speed = "step", .max_domains = 8, .max_vcpus = 64 };

	(void)state;
	memset(&d, 0, sizeof(d));
	d.ops = &sim_backend;
	d.arg = sim_host_open(&o, error);
	if (!d.arg)
		fprintf(stderr, "%s\n", error);
	assert_non_null(d.arg);
	d.host = d.ops->host(d.arg);
	rotad_name_pools(&d, sim_pool_name, d.arg);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	d.ops->close(d.arg);
	return 0;
}

static json_t *ask_as(enum access access, const char *text)
{
	return server_request(&d, text, strlen(text), access);
}

/* The answer's error, "" none. The caller's until the next call. */
static const char *error_of(enum access access, const char *text)
{
	static char error[CONTROL_ERROR_LEN];
	json_t *a = ask_as(access, text);
	const char *e = json_string_value(json_object_get(a, "error"));

	assert_int_equal(json_integer_value(json_object_get(a, "version")), PROTOCOL_VERSION);
	snprintf(error, sizeof(error), "%s", e ? e : "");
	json_decref(a);
	return error;
}

#define V "\"version\":1,\"verb\":"
#define done(text) assert_string_equal(error_of(ACCESS_CHANGE, "{" V text "}"), "")
#define refused(text, words) assert_non_null(strstr(error_of(ACCESS_CHANGE, "{" V text "}"), words))

/* All that can be seen of the host, as text. */
static char *everything(void)
{
	static const char *const looks[] = { "list", "vcpu-list", "cpupool-list", "sdom-list" };
	char *all = calloc(1, 1);

	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		char request[64], *text, *more;
		json_t *a;

		snprintf(request, sizeof(request), "{" V "\"%s\"}", looks[i]);
		a = ask_as(ACCESS_READ, request);
		assert_null(json_object_get(a, "error"));
		/* Retries let some microseconds pass; time isn't what is compared. */
		json_object_del(a, "now_ns");
		for (size_t k = 0; k < json_array_size(json_object_get(a, "vcpus")); k++) {
			json_t *v = json_array_get(json_object_get(a, "vcpus"), k);

			json_object_del(v, "cpu_ns");
			json_object_del(v, "cpu");
			json_object_del(v, "state");
			json_object_del(v, "class");
			json_object_del(v, "boosts");
			json_object_del(v, "migrations");
			json_object_del(v, "runnable_ns");
		}
		for (size_t k = 0; k < json_array_size(json_object_get(a, "domains")); k++) {
			json_t *v = json_array_get(json_object_get(a, "domains"), k);

			json_object_del(v, "cpu_ns");
			json_object_del(v, "state");
			json_object_del(v, "boosts");
			json_object_del(v, "migrations");
			json_object_del(v, "runnable_ns");
		}
		text = json_dumps(a, JSON_SORT_KEYS);
		more = malloc(strlen(all) + strlen(text) + 1);
		strcpy(more, all);
		strcat(more, text);
		free(all);
		free(text);
		all = more;
		json_decref(a);
	}
	return all;
}

#define changes_nothing(text, words) \
	do { \
		char *before = everything(), *after; \
\
		refused(text, words); \
		after = everything(); \
		assert_string_equal(before, after); \
		free(before); \
		free(after); \
	} while (0)

static void no_requests(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"[]",
		"1",
		"{",
		"{}",
		"{\"verb\":\"list\"}",
		"{\"version\":2,\"verb\":\"list\"}",
		"{\"version\":\"1\",\"verb\":\"list\"}",
		"{\"version\":1}",
		"{\"version\":1,\"verb\":7}",
		"{\"version\":1,\"verb\":\"nosuch\"}",
		"\xff\xfe",
		"{\"version\":1,\"version\":1,\"verb\":\"list\"}",
		"{" V "\"list\",\"domain\":{}}",
		"{" V "\"list\",\"domain\":1e400}",
		"{" V "\"list\",\"domain\":99999999999999999999}",
		"{" V "\"list\",\"domain\":-1}",
		"{" V "\"list\",\"domain\":null}",
		"{" V "\"list\",\"domain\":\"\\u0000\"}",
		"[[[[[[[[[[[[[[[[[[[[[[",
		"{" V "\"sched-domain\"}",
		"{" V "\"create\",\"config\":[]}",
		"{" V "\"vcpu-pin\",\"domain\":0}",
		"{" V "\"sched-vcpu\",\"sched\":\"rtds\",\"domain\":0,\"set\":[1]}",
		"{" V "\"step\",\"ns\":-1}",
		"{" V "\"speed\",\"speed\":\"0\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!*error_of(ACCESS_CHANGE, bad[i]))
			fail_msg("accepted: %s", bad[i]);
}

static void nested(void **state)
{
	char text[PROTOCOL_MAX_REQUEST];

	(void)state;
	memset(text, '[', sizeof(text));
	text[sizeof(text) - 1] = 0;
	assert_non_null(strstr(error_of(ACCESS_CHANGE, text), "nested"));
	/* Brackets in a string are no nesting. */
	done("\"list\",\"x\":\"[[[[[[[[[[[[[[[[\\\"[[[[[[[[\"");
}

static void who_may_what(void **state)
{
	(void)state;
	assert_non_null(strstr(error_of(ACCESS_NONE, "{" V "\"list\"}"), "may not"));
	assert_string_equal(error_of(ACCESS_READ, "{" V "\"list\"}"), "");
	static const char *const changes[] = {
		"sched-domain",
		"sched-vcpu",
		"sched-pool",
		"vcpu-pin",
		"vcpu-set",
		"pause",
		"unpause",
		"rename",
		"create",
		"destroy",
		"cpupool-create",
		"cpupool-destroy",
		"cpupool-rename",
		"cpupool-cpu-add",
		"cpupool-cpu-remove",
		"cpupool-migrate",
		"cpupool-numa-split",
		"sdom-attach",
		"sdom-detach",
		"announce",
		"step",
		"speed",
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "{" V "\"%s\",\"domain\":\"Domain-0\"}", changes[i]);
		if (!strstr(error_of(ACCESS_READ, text), "you may look, but not change"))
			fail_msg("%s: %s", changes[i], error_of(ACCESS_READ, text));
	}
}

static void names(void **state)
{
	char text[1 << 17], name[1 << 16];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = 0;
	snprintf(text, sizeof(text), "{" V "\"create\",\"config\":{\"name\":\"%s\"}}", name);
	assert_non_null(strstr(error_of(ACCESS_CHANGE, text), "1 to 63"));
	refused("\"create\",\"config\":{\"name\":\"a\\nb\"}", "printable");
	refused("\"create\",\"config\":{\"name\":\"\\u001b[2J\"}", "printable");
	refused("\"create\",\"config\":{\"name\":\"w\\u0435b\"}", "printable"); /* a Cyrillic e */
	refused("\"create\",\"config\":{\"name\":\"\"}", "1 to 63");
	refused("\"cpupool-create\",\"name\":\"a\\tb\"", "printable");
	refused("\"cpupool-rename\",\"pool\":\"Pool-0\",\"name\":\" x\"", "blank");
	done("\"create\",\"config\":{\"name\":\"a'b:{}[]#!&*\",\"workload\":\"{model: hog}\"}");
	refused("\"create\",\"config\":{\"name\":\"a'b:{}[]#!&*\"}", "already exists");
}

/* The workload is its own document: it can't become another key of the domain, nor another domain. */
static void no_injection(void **state)
{
	(void)state;
	changes_nothing("\"create\",\"config\":{\"name\":\"x\",\"workload\":\"{model: hog}\\n    weight: 512\"}", "");
	changes_nothing("\"create\",\"config\":{\"name\":\"x\",\"workload\":\"{model: hog}}, {name: y}\"}", "");
	changes_nothing("\"create\",\"config\":{\"name\":\"x\",\"workload\":\"{model: replay, file: /etc/passwd}\"}",
			"");
	changes_nothing("\"create\",\"config\":{\"name\":\"x\",\"cpus\":\"0\\\"\\n    weight: 3\"}", "Invalid pcpu");
	changes_nothing("\"create\",\"config\":{\"name\":\"x\",\"weight\":0}", "weight must be");
	changes_nothing("\"create\",\"config\":{\"name\":\"x\",\"vcpus\":2,\"maxvcpus\":1}", "maxvcpus < vcpus");
	changes_nothing("\"create\",\"config\":{\"name\":\"x\",\"vcpus\":1000}", "no room");
	changes_nothing("\"create\",\"config\":{\"name\":\"x\",\"disk\":\"y\"}", "no key");
}

static void all_or_nothing(void **state)
{
	(void)state;
	done("\"create\",\"config\":{\"name\":\"a\",\"vcpus\":4,\"workload\":\"{model: hog}\"}");
	done("\"step\",\"ns\":50000000");
	/* pCPU 7 can go, 8 does not exist ... so the list without it does; pCPU 0 can't. */
	changes_nothing("\"cpupool-cpu-remove\",\"pool\":0,\"cpus\":\"4-7,0\"", "Error removing cpu 0");
	done("\"cpupool-cpu-remove\",\"pool\":0,\"cpus\":\"5-7\"");
	done("\"cpupool-create\",\"name\":\"p\",\"cpus\":\"6\",\"sched\":\"rtds\"");
	changes_nothing("\"cpupool-cpu-add\",\"pool\":\"p\",\"cpus\":\"4,5,7\"", "Error moving cpu 4");
	changes_nothing("\"cpupool-create\",\"name\":\"q\",\"cpus\":\"6-7\"", "illegal or not free");
	changes_nothing("\"cpupool-destroy\",\"pool\":\"Pool-0\"", "has domains");
	/* The second vCPU's affinity is refused by the pool: the first keeps its own. */
	done("\"vcpu-pin\",\"domain\":\"a\",\"vcpu\":0,\"hard\":\"1-2\"");
	changes_nothing("\"vcpu-pin\",\"domain\":\"a\",\"vcpu\":\"all\",\"hard\":\"6\"", "Could not set affinity");
	done("\"cpupool-migrate\",\"domain\":\"a\",\"pool\":\"p\"");
	changes_nothing(
		"\"sched-vcpu\",\"sched\":\"rtds\",\"domain\":\"a\",\"set\":["
		"{\"vcpu\":0,\"period_us\":5000,\"budget_us\":1000},{\"vcpu\":1,\"period_us\":5,\"budget_us\":5}]",
		"Invalid argument");
	changes_nothing("\"sched-vcpu\",\"sched\":\"rtds\",\"domain\":\"a\",\"set\":["
			"{\"vcpu\":\"all\",\"period_us\":5000,\"budget_us\":1000},{\"vcpu\":9}]",
			"Invalid VCPU 9");
	/* The pool has a domain, so its last pCPU stays. */
	done("\"cpupool-cpu-add\",\"pool\":\"p\",\"cpus\":\"5,7\"");
	changes_nothing("\"cpupool-cpu-remove\",\"pool\":\"p\",\"cpus\":\"5-7\"", "Device or resource busy");
	changes_nothing("\"cpupool-numa-split\"", "already cpupools in use");
}

/* A removal that breaks an affinity and is undone gives the affinity back. */
static void affinity_comes_back(void **state)
{
	(void)state;
	done("\"create\",\"config\":{\"name\":\"a\",\"vcpus\":2,\"cpus\":\"5\",\"workload\":\"{model: hog}\"}");
	done("\"step\",\"ns\":50000000");
	changes_nothing("\"cpupool-cpu-remove\",\"pool\":0,\"cpus\":\"0,5\"", "Error removing cpu 0");
	changes_nothing("\"cpupool-cpu-remove\",\"pool\":0,\"cpus\":\"^0,5,0\"", "Error removing cpu 0");
}

/* On a host whose domains come by themselves, create is about one that is there, which takes all of it or nothing. */
static void a_running_one(void **state)
{
	static struct backend live;
	json_t *rt;
	char *all;

	(void)state;
	done("\"create\",\"config\":{\"name\":\"web\",\"vcpus\":2,\"workload\":\"{model: hog}\"}");
	done("\"cpupool-cpu-remove\",\"pool\":0,\"cpus\":\"3\"");
	done("\"cpupool-create\",\"name\":\"rt\",\"sched\":\"rtds\",\"cpus\":\"3\"");
	live = sim_backend;
	live.create = NULL;
	d.ops = &live;
	done("\"create\",\"config\":{\"name\":\"web\",\"weight\":777,\"cap\":150,\"cpus\":\"0-1\","
	     "\"cpus_soft\":[\"0\",\"1\"],\"paused\":true,\"period_us\":5000,\"memory_mib\":512}");
	all = everything();
	assert_non_null(strstr(all, "\"weight\": 777"));
	assert_non_null(strstr(all, "\"cap\": 150"));
	assert_non_null(strstr(all, "\"soft\": \"0\""));
	assert_non_null(strstr(all, "\"soft\": \"1\""));
	free(all);
	done("\"unpause\",\"domain\":\"web\"");
	refused("\"unpause\",\"domain\":\"web\"", "Unpausing");
	changes_nothing("\"create\",\"config\":{\"name\":\"web\",\"cpus\":\"1\",\"weight\":5,\"cap\":201}",
			"out of range");
	changes_nothing("\"create\",\"config\":{\"name\":\"web\",\"weight\":5,\"cpus\":[\"1\",\"0\",\"0\"]}",
			"vcpu `2'");
	changes_nothing(
		"\"create\",\"config\":{\"name\":\"web\",\"pool\":\"rt\",\"budget_us\":9000,\"period_us\":5000}",
		"budget");
	changes_nothing("\"create\",\"config\":{\"name\":\"web\",\"cpus\":7}", "list of CPUs");
	changes_nothing("\"create\",\"config\":{\"name\":\"web\",\"pool\":\"none\"}", "none");
	changes_nothing("\"create\",\"config\":{\"name\":\"web\",\"workload\":\"{model: hog}\"}", "simulated domain");
	changes_nothing("\"create\",\"config\":{\"name\":\"other\",\"weight\":5}", "no VM named 'other'");
	changes_nothing("\"create\",\"config\":{\"name\":\"Domain-0\",\"weight\":5}", "the host itself");
	done("\"create\",\"config\":{\"name\":\"web\",\"pool\":\"rt\",\"period_us\":5000,\"budget_us\":1000,"
	     "\"extratime\":false}");
	rt = ask_as(ACCESS_READ, "{" V "\"sched\",\"sched\":\"rtds\",\"domain\":\"web\"}");
	all = json_dumps(rt, 0);
	assert_non_null(strstr(all, "\"budget_ns\": 1000000"));
	free(all);
	json_decref(rt);
	d.ops = &sim_backend;
}

static void split(void **state)
{
	char *before, *after;

	(void)state;
	done("\"cpupool-numa-split\"");
	refused("\"cpupool-numa-split\"", "already cpupools in use");
	done("\"create\",\"config\":{\"name\":\"a\",\"vcpus\":12,\"pool\":\"Pool-node1\",\"workload\":\"{model: hog}\"}");
	done("\"step\",\"ns\":100000000");
	done("\"cpupool-migrate\",\"domain\":\"a\",\"pool\":\"Pool-node0\"");
	done("\"step\",\"ns\":100000000");
	refused("\"cpupool-migrate\",\"domain\":\"Domain-0\",\"pool\":\"Pool-node1\"", "not permitted");
	done("\"cpupool-destroy\",\"pool\":\"Pool-node1\"");
	before = everything();
	done("\"cpupool-create\",\"name\":\"x\",\"nodes\":\"node:1\",\"sched\":\"credit2\"");
	done("\"cpupool-migrate\",\"domain\":\"a\",\"pool\":\"x\"");
	done("\"step\",\"ns\":100000000");
	done("\"cpupool-migrate\",\"domain\":\"a\",\"pool\":\"Pool-node0\"");
	done("\"cpupool-destroy\",\"pool\":\"x\"");
	after = everything();
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static s64 cpu_ns(const char *name)
{
	char request[96];
	json_t *a;
	s64 ns;

	snprintf(request, sizeof(request), "{" V "\"list\",\"domain\":\"%s\"}", name);
	a = ask_as(ACCESS_READ, request);
	ns = json_integer_value(json_object_get(json_array_get(json_object_get(a, "domains"), 0), "cpu_ns"));
	json_decref(a);
	return ns;
}

/* What it gets of a pCPU in the next 20 s, in percent. */
static double share(const char *name)
{
	s64 before;

	done("\"step\",\"ns\":1000000000");
	before = cpu_ns(name);
	done("\"step\",\"ns\":20000000000");
	return (double)(cpu_ns(name) - before) / 2e8;
}

/*
 * Three that want all of a pCPU. When the one is accounted to the other, the third has half and not a third of it; so
 * after what was refused, after what was undone, and after they have moved.
 */
static void sdoms(void **state)
{
	static const char *const scheds[] = { "credit", "credit2" };

	(void)state;
	done("\"cpupool-cpu-remove\",\"pool\":0,\"cpus\":\"5-7\"");
	done("\"cpupool-create\",\"name\":\"fixed\",\"cpus\":\"5\",\"sched\":\"null\"");
	done("\"cpupool-create\",\"name\":\"rt\",\"cpus\":\"7\",\"sched\":\"rtds\"");
	for (int i = 0; i < 2; i++) {
		static const char *const names[] = { "guest", "model", "third" };
		char text[256];

		snprintf(text, sizeof(text), "{" V "\"cpupool-create\",\"name\":\"p\",\"cpus\":\"6\",\"sched\":\"%s\"}",
			 scheds[i]);
		assert_string_equal(error_of(ACCESS_CHANGE, text), "");
		for (int k = 0; k < 3; k++) {
			snprintf(
				text, sizeof(text),
				"{" V
				"\"create\",\"config\":{\"name\":\"%s\",\"pool\":\"p\",\"workload\":\"{model: hog}\"}}",
				names[k]);
			assert_string_equal(error_of(ACCESS_CHANGE, text), "");
		}
		assert_float_equal(share("third"), 33.3, 1);
		done("\"sdom-attach\",\"sdom\":\"guest\",\"domains\":[\"model\"]");
		assert_float_equal(share("third"), 50, 1);
		/* A chain either way, twice, a domain and itself, another pool, and none of it half. */
		changes_nothing("\"sdom-attach\",\"sdom\":\"model\",\"domains\":[\"third\"]",
				"is accounted to 'guest'");
		changes_nothing("\"sdom-attach\",\"sdom\":\"third\",\"domains\":[\"guest\"]",
				"others are accounted to");
		changes_nothing("\"sdom-attach\",\"sdom\":\"guest\",\"domains\":[\"third\",\"model\"]",
				"detach it first");
		changes_nothing("\"sdom-attach\",\"sdom\":\"guest\",\"domains\":[\"third\",\"guest\"]", "its own");
		changes_nothing("\"sdom-attach\",\"sdom\":\"guest\",\"domains\":[\"third\",0]", "must be in one");
		changes_nothing("\"sdom-attach\",\"sdom\":\"guest\",\"domains\":[\"third\",\"nosuch\"]",
				"nosuch is an invalid");
		changes_nothing("\"sdom-attach\",\"sdom\":\"nosuch\",\"domains\":[\"third\"]", "nosuch is an invalid");
		changes_nothing("\"sdom-attach\",\"sdom\":\"guest\",\"domains\":[{}]", "name or a number");
		changes_nothing("\"sdom-attach\",\"sdom\":\"guest\",\"domains\":[]", "needs domains");
		changes_nothing("\"sdom-attach\",\"sdom\":\"guest\"", "needs domains");
		changes_nothing("\"sdom-attach\",\"domains\":[\"third\"]", "needs sdom");
		changes_nothing("\"sdom-detach\",\"domain\":\"third\"", "'third' is accounted to itself");
		changes_nothing("\"sdom-detach\"", "needs domain");
		changes_nothing("\"cpupool-migrate\",\"domain\":\"model\",\"pool\":0",
				"'model' is accounted to 'guest' and moves with it");
		assert_float_equal(share("third"), 50, 1);
		/* Under servers they have those of the one; under null each is for itself, and none can be attached. */
		done("\"cpupool-migrate\",\"domain\":\"guest\",\"pool\":\"rt\"");
		done("\"sched-vcpu\",\"sched\":\"rtds\",\"domain\":\"guest\",\"set\":[{\"vcpu\":\"all\",\"period_us\":10000,"
		     "\"budget_us\":3000,\"extratime\":false}]");
		assert_float_equal(share("guest") + share("model"), 30, 1);
		done("\"cpupool-migrate\",\"domain\":\"guest\",\"pool\":\"fixed\"");
		changes_nothing("\"sdom-detach\",\"domain\":\"third\"", "'third' is accounted to itself");
		done("\"cpupool-migrate\",\"domain\":\"guest\",\"pool\":\"p\"");
		assert_float_equal(share("third"), 50, 1);
		done("\"sdom-detach\",\"domain\":\"model\"");
		assert_float_equal(share("third"), 33.3, 1);
		done("\"cpupool-migrate\",\"domain\":\"guest\",\"pool\":\"fixed\"");
		done("\"cpupool-migrate\",\"domain\":\"model\",\"pool\":\"fixed\"");
		changes_nothing("\"sdom-attach\",\"sdom\":\"guest\",\"domains\":[\"model\"]",
				"has no scheduling domains");
		for (int k = 0; k < 3; k++) {
			snprintf(text, sizeof(text), "{" V "\"destroy\",\"domain\":\"%s\"}", names[k]);
			assert_string_equal(error_of(ACCESS_CHANGE, text), "");
		}
		done("\"cpupool-destroy\",\"pool\":\"p\"");
	}
}

/* Domains come and go for ever: ids come round, places are used again, nothing is lost. */
static void churn(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		char text[256];

		snprintf(text, sizeof(text),
			 "{" V "\"create\",\"config\":{\"name\":\"d%d\",\"vcpus\":%d,\"workload\":\"{model: %s}\"}}", i,
			 1 + i % 13, i % 3 ? "hog" : "bursty, run: {exp: 1ms}, sleep: {exp: 2ms}");
		assert_string_equal(error_of(ACCESS_CHANGE, text), "");
		done("\"step\",\"ns\":3000000");
		if (i < 3)
			continue;
		snprintf(text, sizeof(text), "{" V "\"destroy\",\"domain\":\"d%d\"}", i - 3);
		assert_string_equal(error_of(ACCESS_CHANGE, text), "");
	}
	for (int i = 197; i < 200; i++) {
		char text[64];

		snprintf(text, sizeof(text), "{" V "\"destroy\",\"domain\":\"d%d\"}", i);
		assert_string_equal(error_of(ACCESS_CHANGE, text), "");
	}
	assert_int_equal(d.host->nr_domains, 1);
	assert_int_equal(d.host->nr_vcpus, 8);
	refused("\"destroy\",\"domain\":0", "Not destroying");
	refused("\"pause\",\"domain\":0", "Pausing");
	refused("\"unpause\",\"domain\":0", "Unpausing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_requests, start, stop),
		cmocka_unit_test_setup_teardown(nested, start, stop),
		cmocka_unit_test_setup_teardown(who_may_what, start, stop),
		cmocka_unit_test_setup_teardown(names, start, stop),
		cmocka_unit_test_setup_teardown(no_injection, start, stop),
		cmocka_unit_test_setup_teardown(all_or_nothing, start, stop),
		cmocka_unit_test_setup_teardown(affinity_comes_back, start, stop),
		cmocka_unit_test_setup_teardown(split, start, stop),
		cmocka_unit_test_setup_teardown(a_running_one, start, stop),
		cmocka_unit_test_setup_teardown(sdoms, start, stop),
		cmocka_unit_test_setup_teardown(churn, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
