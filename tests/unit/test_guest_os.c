/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: each thing that a guest's program can do, in virtual times that can be added up by hand: locks of three
 * kinds, IPIs and TLB shootdowns, devices, barriers, the guest's scheduler, pause-loop exits, and that nothing of
 * it happens while the vCPU does not run.
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

static struct scenario *scenario;
static struct machine *m;

/* One domain "vm" of @vcpus on as many pCPUs; nothing costs anything unless @costs or @kernel says so. */
static void start(int vcpus, const char *costs, const char *kernel, const char *program, const char *rest)
{
	const char *dir = getenv("TEST_TMP");
	char path[512], err[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/guest.yaml", dir ? dir : "/tmp");
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f,
		"name: unit\nseed: 1\nduration: 1s\n"
		"host: {cores: %d, costs: {context_switch: 0, ipi: 0, migration: 0, %s}\n"
		"domains:\n  - name: vm\n    vcpus: %d\n    workload:\n      model: program\n%s%s%s",
		vcpus, *costs ? costs : "vm_exit: 0}, ple: {window: 0}", vcpus, kernel, program, rest);
	fclose(f);
	scenario = scenario_load(path, NULL, 0, err, sizeof(err));
	if (!scenario)
		fail_msg("%s", err);
	m = machine_create(scenario, TRACE_BASIC, NULL, NULL, err, sizeof(err));
	if (!m)
		fail_msg("%s", err);
}

#define FREE "      switch: 0\n      hard_irq: 0\n      softirq: 0\n      ipi: 0\n"

static int done(void **state)
{
	(void)state;
	if (m)
		machine_free(m);
	if (scenario)
		scenario_free(scenario);
	m = NULL;
	scenario = NULL;
	return 0;
}

static struct guest_os *os(void)
{
	return m->domains[0].os;
}

static int64_t completion(void)
{
	return m->vcpus[0].guest.stats.completion_ns;
}

static int64_t ran(uint32_t vcpu)
{
	return vcpu_runstate_ns(m->vcpus[vcpu].v, RUNSTATE_running, m->now);
}

static enum guest_ip ip(uint32_t vcpu)
{
	return guest_os_ip(&os()->cpus[vcpu]);
}

/* Three arrive at 0, 1 and 2 us; each holds for 10: in order of arrival, waits of 9 and 18 us. */
static void test_ticket(void **state)
{
	(void)state;
	start(3, "", FREE,
	      "      locks: [{name: l, kind: ticket}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{lock: l}, {compute: 10us}, {unlock: l}]}\n"
	      "        - {name: b, vcpu: 2, times: 1, program: [{compute: 1us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n"
	      "        - {name: c, vcpu: 1, times: 1, program: [{compute: 2us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n",
	      "");
	machine_run(m, 5000);
	assert_int_equal(ip(0), IP_CRITICAL);
	assert_int_equal(ip(1), IP_LOCK_WAIT);
	machine_run(m, 15000);
	assert_ptr_equal(os()->locks[0].owner, &os()->tasks[1]);
	assert_int_equal(ip(2), IP_CRITICAL);
	machine_run(m, 1000000);
	assert_int_equal(completion(), 30000);
	assert_int_equal(os()->locks[0].acquired, 2); /* the first was at 0, where counting begins */
	assert_int_equal(os()->locks[0].contended, 2);
	assert_int_equal(os()->stats.lock_wait.sum, 9000 + 18000);
	assert_int_equal(os()->stats.lock_wait.max, 18000);
	assert_int_equal(os()->locks[0].hold.sum, 30000);
	assert_int_equal(os()->stats.ops, 3);
	/* Spinning is running: each until it was done. */
	assert_int_equal(ran(0), 10000);
	assert_int_equal(ran(2), 20000);
	assert_int_equal(ran(1), 30000);
}

/* The owner's vCPU is paused with the lock in hand: the waiter waits until it has run on. */
static void test_holder_preempted(void **state)
{
	(void)state;
	start(2, "", FREE,
	      "      locks: [{name: l, kind: ticket}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{lock: l}, {compute: 10us}, {unlock: l}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 1us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n",
	      "events:\n"
	      "  - {at: 4us, do: pause, domain: vm, vcpu: 0}\n"
	      "  - {at: 50us, do: unpause, domain: vm, vcpu: 0}\n");
	machine_run(m, 1000000);
	/* 4 us before, 6 after: unlocked at 56. */
	assert_int_equal(os()->stats.lock_wait.max, 55000);
	assert_int_equal(completion(), 66000);
}

/* The next ticket's vCPU is paused: who comes behind waits though the lock is free in all but name. */
static void test_waiter_preempted(void **state)
{
	(void)state;
	start(3, "", FREE,
	      "      locks: [{name: l, kind: ticket}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{lock: l}, {compute: 10us}, {unlock: l}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 1us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n"
	      "        - {name: c, vcpu: 2, times: 1, program: [{compute: 2us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n",
	      "events:\n"
	      "  - {at: 4us, do: pause, domain: vm, vcpu: 1}\n"
	      "  - {at: 50us, do: unpause, domain: vm, vcpu: 1}\n");
	machine_run(m, 49000);
	assert_int_equal(os()->stats.ops, 1);
	assert_ptr_equal(os()->locks[0].owner, &os()->tasks[1]);
	assert_int_equal(os()->tasks[1].act, ACT_SPIN); /* it does not know yet */
	machine_run(m, 1000000);
	assert_int_equal(completion(), 70000);
	assert_int_equal(os()->stats.lock_wait.sum, 49000 + 58000);
}

/* A PV waiter halts after 5 us; the owner kicks it. */
static void test_pv_halts(void **state)
{
	(void)state;
	start(2, "", FREE,
	      "      locks: [{name: l, kind: pv, spin: 5us}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{lock: l}, {compute: 30us}, {unlock: l}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 1us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n",
	      "");
	machine_run(m, 20000);
	assert_int_equal(m->vcpus[1].v->runstate, RUNSTATE_blocked);
	assert_int_equal(ip(1), IP_LOCK_WAIT);
	machine_run(m, 1000000);
	assert_int_equal(ran(1), 6000 + 10000);
	assert_int_equal(os()->stats.halts_lock, 1);
	assert_int_equal(os()->stats.kicks, 1);
	assert_int_equal(completion(), 40000);
	assert_int_equal(os()->stats.lock_wait.max, 29000);
}

/* ... and while the waiter halts and can't run, a newcomer passes it. */
static void test_pv_steal(void **state)
{
	(void)state;
	start(3, "", FREE,
	      "      locks: [{name: l, kind: pv, spin: 5us}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{lock: l}, {compute: 30us}, {unlock: l}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 1us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n"
	      "        - {name: c, vcpu: 2, times: 1, program: [{compute: 40us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n",
	      "events:\n"
	      "  - {at: 20us, do: pause, domain: vm, vcpu: 1}\n"
	      "  - {at: 100us, do: unpause, domain: vm, vcpu: 1}\n");
	machine_run(m, 45000);
	assert_ptr_equal(os()->locks[0].owner, &os()->tasks[2]);
	machine_run(m, 1000000);
	assert_int_equal(completion(), 110000);
	assert_int_equal(os()->locks[0].contended, 1);
}

/* ... but not one that was about to take it: that it lost its pCPU while it spun, nobody in the guest knows. */
static void test_pv_no_steal(void **state)
{
	(void)state;
	start(3, "", FREE,
	      "      locks: [{name: l, kind: pv, spin: 200us}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{lock: l}, {compute: 30us}, {unlock: l}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 1us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n"
	      "        - {name: c, vcpu: 2, times: 1, program: [{compute: 40us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n",
	      "events:\n"
	      "  - {at: 20us, do: pause, domain: vm, vcpu: 1}\n"
	      "  - {at: 100us, do: unpause, domain: vm, vcpu: 1}\n");
	machine_run(m, 45000);
	assert_null(os()->locks[0].owner);
	machine_run(m, 1000000);
	assert_int_equal(completion(), 120000);
	assert_int_equal(os()->locks[0].contended, 2);
}

/* A mutex's waiter leaves its vCPU to another task, or halts. */
static void test_mutex(void **state)
{
	(void)state;
	start(2, "", FREE,
	      "      locks: [{name: l, kind: mutex}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{lock: l}, {compute: 30us}, {unlock: l}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 1us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n"
	      "        - {name: c, vcpu: 1, times: 1, program: [{compute: 4us}]}\n",
	      "");
	machine_run(m, 4000);
	assert_ptr_equal(os()->cpus[1].curr, &os()->tasks[2]);
	machine_run(m, 1000000);
	assert_int_equal(ran(1), 1000 + 4000 + 10000);
	assert_int_equal(completion(), 40000);
	assert_int_equal(os()->locks[0].wait.max, 29000);
	assert_int_equal(os()->stats.lock_wait.count, 0); /* that is of spinlocks */
	assert_int_equal(os()->stats.halts_idle, 3); /* vCPU 1 while it waits, and both at the end */
}

/* The sender waits for both siblings; who has another address space is left alone. */
static void test_tlb(void **state)
{
	(void)state;
	start(4, "", FREE,
	      "      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{compute: 1us}, {tlb_shootdown: 3us}]}\n"
	      "        - {name: b, vcpu: 3, times: 1, program: [{compute: 100us}]}\n",
	      "");
	machine_run(m, 1000000);
	assert_int_equal(os()->stats.ipis_call, 0);
	assert_int_equal(os()->stats.tlb_sync.max, 0);
	assert_int_equal(completion(), 100000);
	done(state);
	start(3, "", FREE,
	      "      tasks:\n"
	      "        - {name: a, count: 3, times: 1, program: [{compute: 10us}, {tlb_shootdown: 3us}]}\n",
	      "");
	machine_run(m, 1000000);
	/*
	 * All are done computing at 10 us, but vCPU 0 is first, and the others handle its interrupt before they go
	 * on; at 13 us vCPU 1 sends to the others, at 16 us vCPU 2 does.
	 */
	assert_int_equal(os()->stats.shootdowns, 3);
	assert_int_equal(os()->stats.ipis_call, 6);
	assert_int_equal(completion(), 19000);
}

/* A sibling that does not run answers when it does: the shootdown takes until then. */
static void test_tlb_slowest(void **state)
{
	(void)state;
	start(2, "", FREE,
	      "      tasks:\n"
	      "        - {name: a, count: 2, times: 1, program: [{compute: 10us}, {loop: {times: 1, do: [{compute: 1us}]}},"
	      " {tlb_shootdown: 2us}, {compute: 1ms}]}\n",
	      "events:\n"
	      "  - {at: 5us, do: pause, domain: vm, vcpu: 1}\n"
	      "  - {at: 400us, do: unpause, domain: vm, vcpu: 1}\n");
	machine_run(m, 399000);
	assert_int_equal(ip(0), IP_TLB_WAIT);
	assert_int_equal(os()->stats.tlb_sync.count, 0);
	assert_int_equal(os()->cpus[1].pending, IRQ_CALL);
	machine_run(m, 401000);
	assert_int_equal(ip(1), IP_IPI_HANDLER);
	machine_run(m, 402000);
	assert_int_equal(os()->stats.tlb_sync.max, 391000);
}

/* One that idles with the address space loaded is woken once, and gives it up. */
static void test_tlb_lazy(void **state)
{
	(void)state;
	start(2, "", FREE,
	      "      tasks:\n"
	      "        - {name: a, count: 2, times: 1, program: [{compute: 1us}]}\n"
	      "        - {name: b, vcpu: 0, times: 1, program: [{compute: 1us}]}\n",
	      "");
	machine_run(m, 1000000);
	assert_int_equal(os()->cpus[1].space, os()->tasks[0].space);
	done(state);
	start(2, "", FREE,
	      "      barriers: [b]\n      tasks:\n"
	      "        - {name: a, count: 2, times: 1, program: [{loop: {times: 1, do: [{compute: 1us}]}}, {barrier: b},"
	      " {lock: l}, {compute: 50us}, {tlb_shootdown: 2us}, {tlb_shootdown: 2us}, {unlock: l}]}\n"
	      "      locks: [{name: l, kind: mutex}]\n",
	      "");
	/* The second waits for the mutex, asleep, while the first shoots; then the first has ended. */
	machine_run(m, 1000000);
	assert_int_equal(os()->stats.shootdowns, 4);
	assert_int_equal(os()->stats.ipis_call, 2);
	assert_int_equal(completion(), 1000 + 50000 + 2000 + 50000 + 2000);
}

/* Interrupt on vCPU 0, softirq there, IPI to the vCPU of the task. */
static void test_io(void **state)
{
	(void)state;
	start(2, "", "      switch: 0\n      hard_irq: 2us\n      softirq: 5us\n      ipi: 1us\n",
	      "      tasks:\n        - {name: a, vcpu: 1, times: 2, program: [{io: 100us}, {compute: 10us}]}\n", "");
	machine_run(m, 103000);
	assert_int_equal(ip(0), IP_SOFTIRQ);
	assert_int_equal(m->vcpus[1].v->runstate, RUNSTATE_blocked);
	machine_run(m, 107500);
	assert_int_equal(ip(1), IP_RESCHEDULE_HANDLER);
	machine_run(m, 1000000);
	assert_int_equal(os()->stats.answer.count, 2);
	assert_int_equal(os()->stats.answer.max, 8000);
	assert_int_equal(completion(), 2 * 118000);
	assert_int_equal(ran(0), 2 * 7000);
	assert_int_equal(ran(1), 2 * 11000);
	assert_int_equal(os()->stats.ipis_reschedule, 2);
	assert_int_equal(os()->stats.interrupts, 2);
}

/* Round robin: turns of 4 ms, a change costs 1 ms. */
static void test_round_robin(void **state)
{
	(void)state;
	start(1, "", "      slice: 4ms\n      switch: 1ms\n",
	      "      tasks:\n        - {name: a, count: 2, times: 1, program: [{compute: 10ms}]}\n", "");
	machine_run(m, 1000000000);
	/* Turns a b a b a b, of 4 4 4 4 2 2. */
	assert_int_equal(completion(), 26000000);
	assert_int_equal(os()->stats.switches, 5); /* after that at 0 */
}

/* A task that wakes takes the vCPU from one that has had it for the granularity, and not from one that has not. */
static void test_wake_preempts(void **state)
{
	(void)state;
	start(1, "", FREE,
	      "      slice: 100ms\n      tasks:\n"
	      "        - {name: io, times: 1, program: [{sleep: 2ms}, {compute: 1ms}, {sleep: 500us}, {compute: 1ms}]}\n"
	      "        - {name: hog, times: 1, program: [{compute: 50ms}]}\n",
	      "");
	machine_run(m, 2000000);
	assert_ptr_equal(os()->cpus[0].curr, &os()->tasks[0]);
	machine_run(m, 3000000);
	assert_ptr_equal(os()->cpus[0].curr, &os()->tasks[1]);
	/* It has had 2.5 ms of its turn, when the other wakes again. */
	machine_run(m, 3500000);
	assert_ptr_equal(os()->cpus[0].curr, &os()->tasks[0]);
	machine_run(m, 1000000000);
	assert_int_equal(completion(), 52000000);
	done(state);
	start(1, "", FREE,
	      "      slice: 100ms\n      granularity: 3ms\n      tasks:\n"
	      "        - {name: io, times: 1, program: [{sleep: 2ms}, {compute: 1ms}]}\n"
	      "        - {name: hog, times: 1, program: [{compute: 50ms}]}\n",
	      "");
	machine_run(m, 51000000 - 1);
	assert_ptr_equal(os()->cpus[0].curr, &os()->tasks[0]); /* when the hog was done */
}

static void test_barrier(void **state)
{
	(void)state;
	start(3, "", FREE,
	      "      barriers: [b]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 3, program: [{compute: 1us}, {barrier: b}]}\n"
	      "        - {name: b, vcpu: 1, times: 3, program: [{compute: 5us}, {barrier: b}]}\n"
	      "        - {name: c, vcpu: 2, times: 1, program: [{compute: 20us}, {barrier: b}]}\n",
	      "");
	machine_run(m, 1000000);
	/* The third has ended after the first round: the others don't wait for it. */
	assert_int_equal(completion(), 20000 + 5000 + 5000);
}

/* A call waits for its handler; a reschedule IPI only costs the other its handler. */
static void test_ipis(void **state)
{
	(void)state;
	start(2, "", "      ipi: 3us\n",
	      "      switch: 0\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{ipi: {kind: reschedule, vcpu: 1}}, {compute: 10us},"
	      " {ipi: {kind: call, vcpu: 1, cost: 7us}}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 20us}]}\n",
	      "");
	machine_run(m, 17000);
	assert_int_equal(os()->stats.ops, 1);
	machine_run(m, 1000000);
	assert_int_equal(completion(), 30000);
}

/* Every window of spinning is an exit, a yield, and vm_exit; a pause further apart than the gap is none. */
static void test_ple(void **state)
{
	const char *program =
		"      locks: [{name: l, kind: ticket}]\n      tasks:\n"
		"        - {name: a, vcpu: 0, times: 1, program: [{lock: l}, {compute: 100us}, {unlock: l}]}\n"
		"        - {name: b, vcpu: 1, times: 1, program: [{lock: l}, {compute: 1us}, {unlock: l}]}\n";

	(void)state;
	start(2, "vm_exit: 1us}, ple: {window: 4us, gap: 50ns}", FREE, program, "");
	machine_run(m, 1000000);
	assert_int_equal(os()->stats.ple_exits[0], 20);
	assert_int_equal(completion(), 101000);
	done(state);
	start(2, "vm_exit: 1us}, ple: {window: 4us, gap: 50ns}", FREE "      pause: 51ns\n", program, "");
	machine_run(m, 1000000);
	assert_int_equal(os()->stats.ple_exits[0], 0);
}

/* Unfair: a waiter that is paused keeps nobody waiting, and who came last may be first. */
static void test_unfair(void **state)
{
	(void)state;
	start(3, "", FREE,
	      "      locks: [{name: l, kind: unfair}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{lock: l}, {compute: 10us}, {unlock: l}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 1us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n"
	      "        - {name: c, vcpu: 2, times: 1, program: [{compute: 2us}, {lock: l}, {compute: 10us}, {unlock: l}]}\n",
	      "events:\n"
	      "  - {at: 4us, do: pause, domain: vm, vcpu: 1}\n"
	      "  - {at: 50us, do: unpause, domain: vm, vcpu: 1}\n");
	machine_run(m, 15000);
	assert_ptr_equal(os()->locks[0].owner, &os()->tasks[2]);
	machine_run(m, 45000);
	assert_null(os()->locks[0].owner);
	assert_ptr_equal(os()->locks[0].waiters.head, &os()->tasks[1]); /* it does not know yet */
	machine_run(m, 1000000);
	assert_int_equal(completion(), 60000);
	assert_null(os()->locks[0].waiters.head);
	assert_int_equal(os()->stats.lock_wait.sum, 8000 + 49000);
}

/* A wait shorter than the window is no loop that the host sees, however many of them follow each other. */
static void test_ple_short(void **state)
{
	(void)state;
	start(2, "vm_exit: 1us}, ple: {window: 4us, gap: 50ns}", FREE,
	      "      locks: [{name: l, kind: ticket}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{loop: {times: 20, do: [{lock: l}, {compute: 3us}, {unlock: l},"
	      " {compute: 1us}]}}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 500ns}, {loop: {times: 20, do: [{lock: l},"
	      " {compute: 1us}, {unlock: l}, {compute: 3us}]}}]}\n",
	      "");
	machine_run(m, 1000000);
	assert_int_equal(os()->stats.ops, 2);
	assert_true(os()->locks[0].contended >= 20);
	assert_int_equal(os()->stats.ple_exits[0], 0);
}

/* A writer behind a writer spins, and gets it before a reader that came earlier and sleeps. */
static void test_rwsem_writers(void **state)
{
	(void)state;
	start(3, "", FREE,
	      "      locks: [{name: w, kind: rwsem}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{lock: w}, {compute: 10us}, {unlock: w}]}\n"
	      "        - {name: r, vcpu: 1, times: 1, program: [{compute: 1us}, {lock_read: w}, {compute: 5us}, {unlock: w}]}\n"
	      "        - {name: b, vcpu: 2, times: 1, program: [{compute: 2us}, {lock: w}, {compute: 20us}, {unlock: w}]}\n",
	      "");
	machine_run(m, 9000);
	assert_int_equal(m->vcpus[1].v->runstate, RUNSTATE_blocked);
	assert_int_equal(ip(2), IP_LOCK_WAIT);
	machine_run(m, 1000000);
	assert_int_equal(ran(2), 30000);
	assert_int_equal(ran(1), 6000);
	assert_int_equal(completion(), 35000);
	assert_int_equal(os()->stats.lock_wait.count, 0); /* of spinlocks */
	assert_int_equal(os()->locks[0].wait.max, 29000);
}

/* Readers go in together; a writer behind them sleeps. */
static void test_rwsem_readers(void **state)
{
	(void)state;
	start(3, "", FREE,
	      "      locks: [{name: w, kind: rwsem}]\n      tasks:\n"
	      "        - {name: r, vcpu: 0, times: 1, program: [{lock_read: w}, {compute: 10us}, {unlock: w}]}\n"
	      "        - {name: s, vcpu: 1, times: 1, program: [{compute: 1us}, {lock_read: w}, {compute: 15us}, {unlock: w}]}\n"
	      "        - {name: b, vcpu: 2, times: 1, program: [{compute: 2us}, {lock: w}, {compute: 20us}, {unlock: w}]}\n",
	      "");
	machine_run(m, 9000);
	assert_int_equal(os()->locks[0].readers, 2);
	assert_int_equal(m->vcpus[2].v->runstate, RUNSTATE_blocked);
	machine_run(m, 1000000);
	assert_int_equal(completion(), 36000);
	assert_int_equal(ran(2), 22000);
}

/* A preempted writer looks as if it ran: its waiter spins until it has. */
static void test_rwsem_preempted(void **state)
{
	(void)state;
	start(2, "", FREE,
	      "      locks: [{name: w, kind: rwsem}]\n      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{lock: w}, {compute: 10us}, {unlock: w}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 1us}, {lock: w}, {compute: 10us}, {unlock: w}]}\n",
	      "events:\n"
	      "  - {at: 4us, do: pause, domain: vm, vcpu: 0}\n"
	      "  - {at: 50us, do: unpause, domain: vm, vcpu: 0}\n");
	machine_run(m, 1000000);
	assert_int_equal(ran(1), 66000);
	assert_int_equal(completion(), 66000);
}

/* An IPI to a vCPU with interrupts off waits for their end. */
static void test_irqs_off(void **state)
{
	(void)state;
	start(2, "", FREE,
	      "      tasks:\n"
	      "        - {name: a, vcpu: 0, times: 1, program: [{compute: 1us}, {ipi: {kind: call, vcpu: 1, cost: 3us}}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{irqs_off: 40us}, {compute: 10us}]}\n",
	      "");
	machine_run(m, 1000000);
	assert_int_equal(completion(), 53000);
	assert_int_equal(ran(0), 43000);
}

/* A call of two of three siblings is answered by two; who sends it yields if one of them has lost its pCPU. */
static void test_call_many(void **state)
{
	(void)state;
	start(4, "", FREE,
	      "      tasks:\n        - {name: a, vcpu: 0, times: 100, program: [{ipi: {kind: call_many, of: 2, cost: 3us}},"
	      " {compute: 1us}]}\n",
	      "");
	machine_run(m, 10000000);
	assert_int_equal(os()->stats.ops, 100);
	assert_int_equal(os()->stats.ipis_call, 198); /* the first two were at 0, where counting begins */
	assert_int_equal(ran(1) + ran(2) + ran(3), 600000);
	assert_true(ran(1) > 100000 && ran(2) > 100000 && ran(3) > 100000);
	assert_int_equal(os()->stats.ple_exits[1], 0);
	done(state);
	start(2, "", FREE "      ipi_yields: true\n",
	      "      tasks:\n        - {name: a, vcpu: 0, times: 1, program: [{compute: 5us},"
	      " {ipi: {kind: call_many, of: 9, cost: 3us}}]}\n"
	      "        - {name: b, vcpu: 1, times: 1, program: [{compute: 10us}]}\n",
	      "events:\n"
	      "  - {at: 4us, do: pause, domain: vm, vcpu: 1}\n"
	      "  - {at: 50us, do: unpause, domain: vm, vcpu: 1}\n");
	machine_run(m, 1000000);
	assert_int_equal(os()->stats.ple_exits[1], 1);
	assert_int_equal(completion(), 59000);
}

/* One of four locks of a name, drawn each time: two tasks seldom meet. Their statistics are one. */
static void test_copies(void **state)
{
	uint64_t one;
	static const char tasks[] =
		"      tasks:\n        - {name: a, count: 2, times: 500, program: [{lock: l}, {compute: {exp: 10us}}, {unlock: l}]}\n";

	(void)state;
	start(2, "", FREE "      locks: [{name: l, kind: ticket}]\n", tasks, "");
	machine_run(m, 100000000);
	assert_int_equal(os()->stats.ops, 1000);
	one = os()->locks[0].contended;
	done(state);
	start(2, "", FREE "      locks: [{name: l, kind: ticket, copies: 4}]\n", tasks, "");
	machine_run(m, 100000000);
	assert_int_equal(os()->stats.ops, 1000);
	assert_int_equal(os()->locks[0].hold.count, 1000);
	assert_true(os()->locks[0].contended < one / 2);
}

/* A stream: 10 packets of 10 us on the line are read in 100 us and a little; none is lost. */
static void test_stream(void **state)
{
	(void)state;
	start(1, "", "      switch: 0\n      hard_irq: 1us\n      softirq: 2us\n      net: {packet: 10us, window: 4}\n",
	      "      tasks:\n        - {name: a, times: 10, program: [{receive: 1us}]}\n", "");
	machine_run(m, 1000000);
	assert_int_equal(completion(), 100000 + 1000 + 2000 + 1000);
	assert_int_equal(os()->net.received, 10);
	assert_int_equal(os()->net.lost, 0);
	assert_int_equal(os()->net.jitter_sum_ns, 0);
	/* Nobody reads any more: the window fills, and the sender stops. */
	assert_true(os()->net.stopped);
	assert_int_equal(os()->net.ring + os()->net.socket, 4);
}

/* Datagrams come by the clock; those for which there is no room are lost, and a pause is jitter. */
static void test_datagrams(void **state)
{
	(void)state;
	start(1, "",
	      "      switch: 0\n      hard_irq: 0\n      softirq: 0\n      net: {packet: 10us, every: 1ms, window: 2}\n",
	      "      tasks:\n        - {name: a, program: [{receive: 1us}]}\n",
	      "events:\n"
	      "  - {at: 10500us, do: pause, domain: vm}\n"
	      "  - {at: 20500us, do: unpause, domain: vm}\n");
	machine_run(m, 30000000);
	assert_int_equal(os()->net.lost, 8);
	assert_int_equal(os()->net.received, 22);
	/* 11 packets at once, then one 9.49 ms late, the next 8.49: jitter jumps by a sixteenth of the difference. */
	assert_true(os()->net.jitter_ns > 0);
	assert_true(os()->net.jitter_sum_ns / os()->net.received < 1000000);
}

/* The script's interrupt wakes a halted vCPU for its handler, and delays a running one. */
static void test_script_irq(void **state)
{
	(void)state;
	start(2, "", FREE, "      tasks:\n        - {name: a, vcpu: 0, times: 1, program: [{compute: 100us}]}\n",
	      "events:\n"
	      "  - {at: 10us, do: irq, domain: vm, vcpu: 0, cost: 6us}\n"
	      "  - {at: 10us, do: irq, domain: vm, vcpu: 1, cost: 7us}\n");
	machine_run(m, 12000);
	assert_int_equal(ip(0), IP_IRQ);
	machine_run(m, 1000000);
	assert_int_equal(completion(), 106000);
	assert_int_equal(ran(1), 7000);
	assert_string_equal(guest_ip_name(IP_IRQ), "irq");
}

/* What the warm-up counted is gone; what goes on then counts from its end. */
static void test_warmup(void **state)
{
	(void)state;
	start(1, "", FREE, "      tasks:\n        - {name: a, program: [{compute: 1ms}]}\n", "warmup: 500ms\n");
	machine_run(m, 1000000000);
	assert_int_equal(os()->stats.ops, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_ticket, done),
		cmocka_unit_test_teardown(test_holder_preempted, done),
		cmocka_unit_test_teardown(test_waiter_preempted, done),
		cmocka_unit_test_teardown(test_pv_halts, done),
		cmocka_unit_test_teardown(test_pv_steal, done),
		cmocka_unit_test_teardown(test_pv_no_steal, done),
		cmocka_unit_test_teardown(test_mutex, done),
		cmocka_unit_test_teardown(test_tlb, done),
		cmocka_unit_test_teardown(test_tlb_slowest, done),
		cmocka_unit_test_teardown(test_tlb_lazy, done),
		cmocka_unit_test_teardown(test_io, done),
		cmocka_unit_test_teardown(test_round_robin, done),
		cmocka_unit_test_teardown(test_wake_preempts, done),
		cmocka_unit_test_teardown(test_barrier, done),
		cmocka_unit_test_teardown(test_ipis, done),
		cmocka_unit_test_teardown(test_ple, done),
		cmocka_unit_test_teardown(test_unfair, done),
		cmocka_unit_test_teardown(test_ple_short, done),
		cmocka_unit_test_teardown(test_rwsem_writers, done),
		cmocka_unit_test_teardown(test_rwsem_readers, done),
		cmocka_unit_test_teardown(test_rwsem_preempted, done),
		cmocka_unit_test_teardown(test_irqs_off, done),
		cmocka_unit_test_teardown(test_call_many, done),
		cmocka_unit_test_teardown(test_copies, done),
		cmocka_unit_test_teardown(test_stream, done),
		cmocka_unit_test_teardown(test_datagrams, done),
		cmocka_unit_test_teardown(test_script_irq, done),
		cmocka_unit_test_teardown(test_warmup, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
