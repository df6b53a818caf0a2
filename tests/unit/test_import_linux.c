// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: text of perf sched script, ftrace and trace-cmd becomes demand; vCPU threads become
 * VMs. The files in tests/data/linux were recorded on a KVM host with two VMs (names of unrelated
 * programs changed).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/import_demand.h"
#include "trace/replay.h"

#define MS 1000000

static struct imp_recording *import(const char *text, size_t len, const char *tasks, int *rc)
{
	struct imp_recording *r = imp_new("F");
	FILE *f = fmemopen((void *)(uintptr_t)text, len, "r");

	assert_non_null(r);
	assert_non_null(f);
	*rc = import_linux(r, f, tasks);
	fclose(f);
	if (!*rc)
		*rc = import_rebuild(r, IMP_WAKES_ABSOLUTE);
	if (!*rc)
		*rc = import_domains(r, NULL, false);
	return r;
}

static struct imp_recording *import_ok(const char *text, const char *tasks)
{
	int rc;
	struct imp_recording *r = import(text, strlen(text), tasks, &rc);

	if (rc)
		fail_msg("%s", r->err);
	return r;
}

static const struct imp_vcpu *find(const struct imp_recording *r, uint64_t pid)
{
	for (uint32_t i = 0; i < r->nr_vcpus; i++)
		if (r->vcpus[i].key == pid)
			return &r->vcpus[i];
	fail_msg("no task %u", (unsigned)pid);
	return NULL;
}

/*
 * The same second in each tool's dialect: task 7 wakes at 10 ms, runs 12-15, is preempted, runs
 * 16-18, sleeps.
 */
static const char perf_text[] =
	"         swapper     0 [000]     5.000000: sched:sched_switch: prev_comm=other prev_pid=9 prev_prio=120 "
	"prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120\n"
	"         swapper     0 [000]     5.010000:       sched:sched_waking: comm=a b pid=7 prio=120 target_cpu=000\n"
	"         swapper     0 [000]     5.012000: sched:sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 "
	"prev_state=R ==> next_comm=a b next_pid=7 next_prio=120\n"
	"             a b     7 [000]     5.013000: sched:sched_stat_runtime: comm=a b pid=7 runtime=9 [ns]\n"
	"             a b     7 [000]     5.015000: sched:sched_switch: prev_comm=a b prev_pid=7 prev_prio=120 "
	"prev_state=R+ ==> next_comm=other next_pid=9 next_prio=120\n"
	"           other     9 [000]     5.016000: sched:sched_switch: prev_comm=other prev_pid=9 prev_prio=120 "
	"prev_state=S ==> next_comm=a b next_pid=7 next_prio=120\n"
	"             a b     7 [000]     5.018000: sched:sched_switch: prev_comm=a b prev_pid=7 prev_prio=120 "
	"prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120\n";
static const char ftrace_text[] =
	"# tracer: nop\n#\n"
	"          <idle>-0       [000] d..2.     5.000000: sched_switch: prev_comm=other prev_pid=9 prev_prio=120 "
	"prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120\n"
	"          <idle>-0       (-------) [000] dNh4.     5.010000: sched_wakeup: comm=a b pid=7 prio=120 target_cpu=000\n"
	"          <idle>-0       (-------) [000] d..2.     5.012000: sched_switch: prev_comm=swapper/0 prev_pid=0 "
	"prev_prio=120 prev_state=R ==> next_comm=a b next_pid=7 next_prio=120\n"
	"             a b-7       (     5) [000] d..2.     5.015000: sched_switch: prev_comm=a b prev_pid=7 "
	"prev_prio=120 prev_state=R+ ==> next_comm=other next_pid=9 next_prio=120\n"
	"           other-9       (     9) [000] d..2.     5.016000: sched_switch: prev_comm=other prev_pid=9 "
	"prev_prio=120 prev_state=S ==> next_comm=a b next_pid=7 next_prio=120\n"
	"             a b-7       (     5) [000] d..2.     5.018000: sched_switch: prev_comm=a b prev_pid=7 "
	"prev_prio=120 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120\n";
static const char trace_cmd_text[] =
	"cpus=2\n"
	"          <idle>-0     [000]     5.000000: sched_switch:         other:9 [120] S ==> swapper/0:0 [120]\n"
	"          <idle>-0     [000]     5.010000: sched_wakeup:         a b:7 [120] success=1 CPU:000\n"
	"          <idle>-0     [000]     5.012000: sched_switch:         swapper/0:0 [120] R ==> a b:7 [120]\n"
	"             a b-7     [000]     5.015000: sched_switch:         a b:7 [120] R ==> other:9 [120]\n"
	"           other-9     [000]     5.016000: sched_switch:         other:9 [120] S ==> a b:7 [120]\n"
	"             a b-7     [000]     5.018000: sched_switch:         a b:7 [120] S ==> swapper/0:0 [120]\n";

static void the_three_dialects_say_the_same(void **state)
{
	static const char *const text[] = { perf_text, ftrace_text, trace_cmd_text };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct imp_recording *r = import_ok(text[i], NULL);
		const struct imp_vcpu *v = find(r, 7);

		assert_int_equal(r->span_ns, 18 * MS);
		assert_int_equal(v->nr_bursts, 1);
		assert_int_equal(v->burst[0].wake_ns, 10 * MS);
		assert_int_equal(v->burst[0].run_ns, 5 * MS);
		assert_int_equal(v->burst[0].end_ns, 18 * MS);
		assert_int_equal(v->switches, 2);
		assert_string_equal(v->comm, "a b");
		assert_string_equal(r->domains[v->domain].name, "a_b");
		assert_int_equal(r->lost, 0);
		imp_free(r);
	}
}

static void tasks_are_selected_by_name(void **state)
{
	struct imp_recording *r = import_ok(perf_text, "^a ");
	int rc;

	(void)state;
	assert_int_equal(r->nr_domains, 1);
	assert_string_equal(r->domains[0].name, "a_b");
	imp_free(r);
	r = import(perf_text, strlen(perf_text), "nobody", &rc);
	assert_int_equal(rc, -ENODATA);
	imp_free(r);
	r = import(perf_text, strlen(perf_text), "(", &rc);
	assert_int_equal(rc, -EINVAL);
	assert_non_null(strstr(r->err, "--tasks"));
	imp_free(r);
}

/*
 * Task 9 is on the pCPU at 20 ms though nobody switched it in: it can't have run since 18 ms for
 * all we know.
 */
static void a_missing_switch_is_noticed(void **state)
{
	char text[4096];
	struct imp_recording *r;

	(void)state;
	snprintf(
		text, sizeof(text), "%s%s", trace_cmd_text,
		"           other-9     [000]     5.020000: sched_switch:         other:9 [120] S ==> swapper/0:0 [120]\n");
	r = import_ok(text, NULL);
	assert_int_equal(r->lost, 1);
	assert_int_equal(find(r, 9)->time_ns[IMP_RUNNING], 1 * MS);
	imp_free(r);
}

static void vcpu_threads_make_vms(void **state)
{
	/* thread ids as two VMs get them, started one after the other, and started at once */
	static const struct {
		int tid, vcpu, vm;
	} one[] = { { 10, 0, 1 }, { 11, 1, 1 }, { 20, 0, 2 }, { 21, 1, 2 }, { 22, 2, 2 } },
	  both[] = { { 10, 0, 1 }, { 11, 0, 2 }, { 12, 1, 2 }, { 13, 1, 1 }, { 14, 2, 2 } };
	char text[4096];
	size_t len;

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct imp_recording *r;

		len = 0;
		for (int i = 0; i < 5; i++) {
			int tid = k ? both[i].tid : one[i].tid,
			    vcpu = k ? both[i].vcpu : one[i].vcpu;

			len += (size_t)snprintf(
				text + len, sizeof(text) - len,
				"  CPU %d/KVM-%d [00%d] 1.%d: sched_switch: CPU %d/KVM:%d [120] S ==> "
				"swapper/0:0 [120]\n",
				vcpu, tid, i, i + 1, vcpu, tid);
		}
		r = import_ok(text, NULL);
		assert_true(r->grouping[0]);
		for (int i = 1; i < 5; i++) { /* the first ran for no time at all and is left out */
			const struct imp_vcpu *v =
				find(r, (uint64_t)(k ? both[i].tid : one[i].tid));

			assert_int_equal(v->domain_key, k ? both[i].vm : one[i].vm);
			assert_int_equal(v->id, k ? both[i].vcpu : one[i].vcpu);
		}
		imp_free(r);
	}
}

static char *slurp(const char *name, size_t *len)
{
	const char *top = getenv("ROTA_TOP");
	char path[512], *data;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/linux/%s", top ? top : ".", name);
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	data = malloc(1 << 20);
	assert_non_null(data);
	*len = fread(data, 1, (1 << 20) - 1, f);
	data[*len] = '\0';
	fclose(f);
	return data;
}

static void a_kvm_host_is_imported(void **state)
{
	size_t len;
	char *text = slurp("kvm-ftrace.txt", &len);
	struct imp_recording *r = import_ok(text, "^CPU [0-9]+/KVM$");

	(void)state;
	assert_int_equal(r->nr_domains, 2);
	assert_int_equal(r->domains[0].nr_vcpus, 2);
	assert_int_equal(r->domains[1].nr_vcpus, 2);
	imp_free(r);
	free(text);
	/* with the processes told */
	text = slurp("kvm-ftrace-tgid.txt", &len);
	r = import_ok(text, "/KVM$");
	assert_int_equal(r->nr_domains, 2);
	assert_string_equal(r->domains[0].name, "vm-3135");
	assert_string_equal(r->domains[1].name, "vm-3143");
	assert_int_equal(r->grouping[0], 0);
	imp_free(r);
	free(text);
}

static void what_is_no_trace_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *what;
	} bad[] = {
		{ "hello\nworld\n", "F: is neither" },
		{ "a-1 [000] 1.0: sched_switch: nothing\n", "F:1: sched_switch" },
		{ "a-1 [000] 1.0: sched_switch: a:1 [120] S ==> \n", "F:1: sched_switch" },
		{ "a-1 [000] 1.0: sched_switch: prev_comm=a prev_pid=99999999 prev_state=S ==> next_comm=b next_pid=1\n",
		  "F:1: sched_switch" },
		{ "#\na-1 [000] 1.0: sched_wakeup: x\n", "F:2: a wake-up" },
		{ "a-1 [000] 1.0: sched_wakeup: comm=b pid=2 prio=1\n",
		  "F: holds a single instant" },
		{ "a-1 [000] 1.0: sched_wakeup: comm=b pid=2 prio=1\na-1 [000] 90000.0: sched_wakeup: comm=b pid=2 prio=1\n",
		  "F: spans more than a day" },
	};
	struct imp_recording *r;
	char *text;
	int rc;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r = import(bad[i].text, strlen(bad[i].text), NULL, &rc);
		if (rc >= 0 || strncmp(r->err, bad[i].what, strlen(bad[i].what)))
			fail_msg("case %zu: %d, \"%s\"", i, rc, r->err);
		imp_free(r);
	}
	text = malloc(9000);
	assert_non_null(text);
	memset(text, 'x', 9000);
	r = import(text, 9000, NULL, &rc);
	assert_int_equal(rc, -EINVAL);
	assert_non_null(strstr(r->err, "longer than"));
	imp_free(r);
	free(text);
}

static uint64_t seed = 20260102;

static uint32_t chance(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % below;
}

static void damaged_text_does_no_harm(void **state)
{
	size_t len;
	char *text = slurp("kvm-ftrace.txt", &len), *copy = malloc(len);
	unsigned refused = 0, imported = 0;

	(void)state;
	assert_non_null(copy);
	for (int i = 0; i < 2000; i++) {
		struct imp_recording *r;
		int rc;

		memcpy(copy, text, len);
		for (uint32_t n = 1 + chance(8); n > 0; n--)
			copy[chance((uint32_t)len)] = (char)chance(256);
		r = import(copy, chance(4) ? len : 1 + chance((uint32_t)len - 1), NULL, &rc);
		if (rc) {
			refused++;
			if (rc > 0 || r->err[0] != 'F' || r->err[1] != ':' || strchr(r->err, '\n'))
				fail_msg("case %d: rc %d, \"%s\"", i, rc, r->err);
		} else {
			imported++;
		}
		imp_free(r);
	}
	assert_true(refused > 100 && imported > 100);
	free(copy);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_three_dialects_say_the_same),
		cmocka_unit_test(tasks_are_selected_by_name),
		cmocka_unit_test(a_missing_switch_is_noticed),
		cmocka_unit_test(vcpu_threads_make_vms),
		cmocka_unit_test(a_kvm_host_is_imported),
		cmocka_unit_test(what_is_no_trace_is_refused),
		cmocka_unit_test(damaged_text_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
