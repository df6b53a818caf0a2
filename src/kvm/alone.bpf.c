/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host's kernel side: pCPUs are in the core at the same time, each under the lock of the pool that it deals
 * with. What changes which pool a pCPU, a vCPU or a domain belongs to can be done under no such lock: it is done while
 * no other pCPU is in the core at all. Included by rota.bpf.c.
 *
 * Whoever enters the core says so in a word of its own (live.counters[].inside) and looks whether somebody wants it for
 * himself; then it steps back and waits. Who wants the core for himself says so (live.alone) and waits until all others
 * are out. Both write first and read then, with a full barrier between (an exchange is one), so one of them sees the
 * other. All of this is with interrupts off, and between entering and leaving nobody waits for a lock of the kernel's
 * that he who is alone could hold (his own run queue's): move_to_local(), which may, is left for.
 *
 * A wait ends by the verifier's bound of loops: who wanted to be alone gives up (the command is tried again), who
 * wanted to enter gives the scheduler up.
 */

#define INSIDE(cpu) (*(volatile u32 *)&live.counters[(cpu) % LIVE_MAX_CPUS].inside)
#define ALONE (*(volatile u32 *)&live.alone)

/* Somebody is alone in the core: wait outside until he has left. */
CORE_FN int wait_outside(u32 cpu)
{
	u32 *inside = &live.counters[cpu % LIVE_MAX_CPUS].inside;

	for (u32 i = ZERO; i < 64 && can_loop; i++) {
		(void)__sync_lock_test_and_set(inside, 0);
		for (; ALONE && can_loop;)
			;
		(void)__sync_lock_test_and_set(inside, 1);
		if (!ALONE)
			return 0;
	}
	sched_lock_failed = 1;
	return 0;
}

static inline void enter_core(u32 cpu)
{
	(void)__sync_lock_test_and_set(&live.counters[cpu % LIVE_MAX_CPUS].inside, 1);
	if (unlikely(ALONE))
		wait_outside(cpu);
}

/* x86 keeps stores in order: what was written in the core is seen before this. */
static inline void leave_core(u32 cpu)
{
	asm volatile("" : : : "memory");
	INSIDE(cpu) = 0;
}

/*
 * pCPU @cpu, which is in the core, is alone there until be_one_of_many(). False: another is, or comes to an end too
 * late.
 */
CORE_FN bool be_alone(u32 cpu)
{
	u32 nr = live.nr_cpus;

	if (__sync_lock_test_and_set(&live.alone, 1))
		return false;
	for (u32 i = ZERO; i < nr && i < LIVE_MAX_CPUS && can_loop; i++) {
		bool out = i == cpu;

		for (; can_loop && !out;)
			out = !INSIDE(i);
		if (!out) {
			ALONE = 0;
			return false;
		}
	}
	return true;
}

static inline void be_one_of_many(void)
{
	asm volatile("" : : : "memory");
	ALONE = 0;
}
