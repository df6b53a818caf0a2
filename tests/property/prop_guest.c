/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: random programs of guests on random overcommitted hosts, watched event by event: every task is in
 * exactly one place and at most one of a vCPU's is current; a spinlock has one owner, which is on its vCPU; tickets are
 * served in order of arrival; a vCPU that does not run does not get on; and no wake-up is lost: every finite program
 * ends.
 *
 *	ROTA_PROP_SEED=N  begin with this seed       ROTA_PROP_RUNS=N    so many guests
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/guest_os.h"
#include "sim/machine.h"
#include "sim/scenario_read.h"

static uint64_t dice, seed;

static uint64_t roll(uint64_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (dice >> 11) % n;
}

#define broken(...) \
	do { \
		fprintf(stderr, "repeat it with ROTA_PROP_SEED=%llu ROTA_PROP_RUNS=1: ", (unsigned long long)seed); \
		fprintf(stderr, __VA_ARGS__); \
		fail(); \
	} while (0)

/* ---- a random scenario ---- */

#define KERNEL_LOCKS \
	"[{name: m0, kind: mutex}, {name: m1, kind: mutex, copies: 2}, {name: w2, kind: rwsem}, " \
	"{name: t3, kind: ticket}, {name: p4, kind: pv, spin: 20us}, {name: t5, kind: ticket, copies: vcpus}, " \
	"{name: p6, kind: pv, spin: 1us}, " \
		     "{name: u7, kind: unfair}]"
#define NR_LOCKS 8
#define NR_SLEEPING 3

/* Steps with the locks from @lock on free to be taken; @held: one of them is a spinlock. */
static void put_steps(FILE *f, uint32_t vcpus, uint32_t lock, bool held, uint32_t depth)
{
	static const char *const names[] = { "m0", "m1", "w2", "t3", "p4", "t5", "p6", "u7" };
	uint32_t n = 1 + (uint32_t)roll(4);

	fprintf(f, "{compute: {exp: %dus}}", 1 + (int)roll(40));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t l = lock + (uint32_t)roll(NR_LOCKS), vcpu;

		switch (roll(13)) {
		case 0:
		case 1:
		case 2:
			if (l >= NR_LOCKS || (held && l < NR_SLEEPING))
				break;
			fprintf(f, ", {lock%s: %s}, ", l == 2 && roll(3) ? "_read" : "", names[l]);
			put_steps(f, vcpus, l + 1, held || l >= NR_SLEEPING, depth);
			fprintf(f, ", {unlock: %s}", names[l]);
			break;
		case 3:
			fprintf(f, ", {tlb_shootdown: {uniform: [1ns, 5us]}}");
			break;
		case 4:
			vcpu = (uint32_t)roll(vcpus + 1);
			if (vcpu < vcpus)
				fprintf(f, ", {ipi: {kind: call, vcpu: %u, cost: 2us}}", vcpu);
			else
				fprintf(f, ", {ipi: {kind: call, vcpu: any, cost: 2us}}");
			break;
		case 5:
			fprintf(f, ", {ipi: {kind: reschedule, vcpu: %d}}", (int)roll(vcpus));
			break;
		case 6:
			if (!held)
				fprintf(f, ", {io: {exp: 50us}}");
			break;
		case 7:
			if (!held)
				fprintf(f, ", {sleep: {exp: 50us}}");
			break;
		case 8:
			if (!lock && !depth)
				fprintf(f, ", {barrier: b}");
			break;
		case 9:
			fprintf(f, ", {irqs_off: {exp: 3us}}");
			break;
		case 10:
			fprintf(f, ", {ipi: {kind: call_many, of: %d, cost: 1us}}", 1 + (int)roll(7));
			break;
		default:
			if (depth == 2)
				break;
			fprintf(f, ", {loop: {times: %d, do: [", 1 + (int)roll(4));
			put_steps(f, vcpus, lock, held, depth + 1);
			fprintf(f, "]}}");
		}
	}
}

static struct scenario *random_scenario(void)
{
	char *text = NULL, err[300] = "";
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	uint32_t vcpus = 1 + (uint32_t)roll(6), entries = 1 + (uint32_t)roll(4);
	uint32_t cores = 1 + (uint32_t)roll(vcpus), others = 1 + (uint32_t)roll(vcpus);
	uint32_t run = 50 + (uint32_t)roll(3000), slice = 20 + (uint32_t)roll(500), granularity = (uint32_t)roll(200);
	uint32_t irq_vcpu = (uint32_t)roll(vcpus);
	bool costs = roll(2), ipi = costs && roll(2), ple = roll(3), kernel = roll(2), yields = roll(2), net = roll(2);
	struct scenario *s;

	/* Every draw is a statement of its own: the order of arguments is the compiler's. */
	assert_non_null(f);
	fprintf(f, "duration: 1000s\nseed: %llu\nhost:\n  cores: %u\n", (unsigned long long)seed, cores);
	fprintf(f, "  costs: {context_switch: %s, ipi: %s, migration: %s, vm_exit: %s}\n", costs ? "2us" : "0",
		ipi ? "1us" : "0", costs ? "5us" : "0", costs ? "1us" : "0");
	fprintf(f, "  ple: {window: %s}\ndomains:\n", ple ? "1707ns" : "0");
	fprintf(f, "  - {name: other, vcpus: %u, workload: {model: bursty, run: {exp: %uus}, sleep: {exp: 3ms}}}\n",
		others, run);
	fprintf(f, "  - name: vm\n    vcpus: %u\n    workload:\n      model: program\n", vcpus);
	fprintf(f, "      ipi_yields: %s\n", yields ? "true" : "false");
	if (net)
		fprintf(f, "      net: {packet: 5us, window: %u, every: %s}\n", 1 + yields * 20, ple ? "300us" : "0");
	fprintf(f, "      slice: %uus\n      granularity: %uus\n      irq_vcpu: %u\n", slice, granularity, irq_vcpu);
	fprintf(f, "      locks: " KERNEL_LOCKS "\n      barriers: [b]\n");
	if (kernel)
		fprintf(f, "      switch: 0\n      hard_irq: 0\n      softirq: 0\n      ipi: 0\n");
	fprintf(f, "      tasks:\n");
	for (uint32_t i = 0; i < entries; i++) {
		uint32_t count = 1 + (uint32_t)roll(4), times = 1 + (uint32_t)roll(20);
		bool threads = roll(2);

		fprintf(f, "        - {name: e%u, count: %u, threads: %s, times: %u, program: [", i, count,
			threads ? "true" : "false", times);
		put_steps(f, vcpus, 0, false, 0);
		fprintf(f, "]}\n");
	}
	if (net)
		fprintf(f, "        - {name: reader, times: 100, program: [{receive: {exp: 2us}}]}\n");
	fclose(f);
	s = scn_load_text("random", text, len, NULL, 0, err, sizeof(err));
	if (!s)
		broken("%s\n%s", err, text);
	free(text);
	return s;
}

/* ---- what must hold at every instant ---- */

static uint32_t count_in(const struct task_queue *q, const struct task *t)
{
	uint32_t n = 0;

	for (const struct task *x = q->head; x; x = x->next) {
		n += x == t;
		if (x == q->tail)
			assert_null(x->next);
	}
	return n;
}

static void check_task(const struct guest_os *os, const struct task *t)
{
	uint32_t waits = os->timers.pos[t->id] != EVENT_NONE, spins = 0, queued = 0;

	for (int i = 0; i < os->program->nr_lock_copies; i++) {
		const struct lock *l = &os->locks[i];
		uint32_t n = count_in(&l->waiters, t);

		if (l->scn->kind == LOCK_MUTEX)
			waits += n;
		else
			spins += n;
		waits += count_in(&l->sleepers, t);
	}
	waits += os->net.reader == t;
	waits += count_in(&os->barriers[0].waiters, t);
	for (uint32_t i = 0; i < os->nr_cpus; i++) {
		const struct guest_cpu *c = &os->cpus[i];

		waits += count_in(&c->timers, t) + count_in(&c->answers, t) + count_in(&c->softirqs, t);
		queued += count_in(c->queue, t);
		if ((c->curr == t) != (t->state == TASK_CURRENT && t->home == c))
			broken("task %u is current on vCPU %u, or should be\n", t->id, i);
	}
	if (queued != (t->state == TASK_QUEUED) || waits != (t->state == TASK_BLOCKED) ||
	    spins > (t->state == TASK_CURRENT && t->act == ACT_SPIN))
		broken("task %u, state %u: in %u queues, %u places to wait, %u spinning\n", t->id, t->state, queued,
		       waits, spins);
	if (t->spinlocks && t->state != TASK_CURRENT)
		broken("task %u left its vCPU with a spinlock\n", t->id);
}

/* No task was woken for a free rwsem, or spins for it. */
static bool nobody_comes(const struct guest_os *os, int lock)
{
	for (int i = 0; i < os->program->nr_tasks; i++) {
		const struct task *t = &os->tasks[i];

		if (t->lock == lock && t->state != TASK_BLOCKED && (t->retry_lock || t->act == ACT_SPIN))
			return false;
	}
	return true;
}

static void check_locks(const struct guest_os *os, uint32_t *owned)
{
	memset(owned, 0, (size_t)os->program->nr_tasks * sizeof(*owned));
	for (int i = 0; i < os->program->nr_lock_copies; i++) {
		const struct lock *l = &os->locks[i];
		bool granted = l->owner && l->owner->act == ACT_SPIN && l->owner->lock == i;
		int64_t since = granted ? l->owner->wait_since_ns : -1;

		if (l->owner && l->readers)
			broken("rwsem %d has a writer and %u readers\n", i, l->readers);
		if (l->scn->kind == LOCK_RWSEM && !l->owner && !l->readers && l->sleepers.head && nobody_comes(os, i))
			broken("rwsem %d is free, has sleepers, and nobody is about to take it\n", i);
		if (l->owner && l->scn->kind < LOCK_MUTEX && !granted)
			owned[l->owner->id]++;
		if (l->scn->kind == LOCK_TICKET && l->waiters.head && !l->owner)
			broken("ticket lock %d is free with a waiter\n", i);
		for (const struct task *t = l->waiters.head; t && l->scn->kind == LOCK_TICKET; t = t->next) {
			if (t->wait_since_ns < since)
				broken("ticket lock %d: task %u was overtaken\n", i, t->id);
			since = t->wait_since_ns;
		}
	}
	for (int i = 0; i < os->program->nr_tasks; i++)
		if (owned[i] != os->tasks[i].spinlocks)
			broken("task %d has %u spinlocks, and owns %u\n", i, os->tasks[i].spinlocks, owned[i]);
}

struct snapshot {
	bool running;
	uint64_t switches;
	const struct task *curr;
	uint32_t pc;
	uint8_t handling;
};

/* Who did not run neither before nor after, nor in between, is where it was. */
static void check_still(const struct machine *m, const struct guest_os *os, struct snapshot *before)
{
	for (uint32_t i = 0; i < os->nr_cpus; i++) {
		const struct guest_cpu *c = &os->cpus[i];
		struct snapshot now = { c->guest->running, m->vcpus[os->first_vcpu + i].switches, c->curr,
					c->curr ? c->curr->pc : 0, c->handling };

		if (!now.running && !before[i].running && now.switches == before[i].switches &&
		    (now.curr != before[i].curr || now.pc != before[i].pc || now.handling != before[i].handling))
			broken("vCPU %u got on without a pCPU\n", i);
		before[i] = now;
	}
}

static void check_guest(void)
{
	struct scenario *s = random_scenario();
	struct snapshot before[8] = { { 0 } };
	char err[256];
	struct machine *m = machine_create(s, TRACE_BASIC, NULL, NULL, err, sizeof(err));
	struct guest_os *os;
	uint32_t *owned;
	int64_t done;

	if (!m)
		broken("%s\n", err);
	os = m->domains[1].os;
	owned = calloc((size_t)os->program->nr_tasks, sizeof(*owned));
	assert_non_null(owned);
	for (uint64_t n = 0; os->nr_live && n < 50000000 && m->now < 600000000000; n++) {
		machine_run(m, event_next(&m->events));
		check_still(m, os, before);
		if (n % 4)
			continue;
		check_locks(os, owned);
		for (int i = 0; i < os->program->nr_tasks; i++)
			check_task(os, &os->tasks[i]);
	}
	if (os->nr_live)
		broken("%u tasks have not ended after %lld s\n", os->nr_live, (long long)(m->now / 1000000000));
	done = os->cpus[0].guest->stats.completion_ns;
	assert_true(done > 0 && done <= m->now);
	/* Nothing left to do: all halt. */
	machine_run(m, m->now + 1000000000);
	for (uint32_t i = 0; i < os->nr_cpus; i++)
		if (!os->cpus[i].guest->asleep)
			broken("vCPU %u does not halt when all tasks have ended\n", i);
	free(owned);
	machine_free(m);
	scenario_free(s);
}

static uint64_t from_env(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void test_guests(void **state)
{
	uint64_t first = from_env("ROTA_PROP_SEED", 1), runs = from_env("ROTA_PROP_RUNS", 400);

	(void)state;
	for (seed = first; seed < first + runs; seed++) {
		dice = seed * 0x9e3779b97f4a7c15ULL + 1;
		for (int i = 0; i < 8; i++)
			roll(2);
		check_guest();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_guests) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
