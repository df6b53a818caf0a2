/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host's kernel side: the pCPU's timer, which is set to the core's next deadline and does nothing but bring
 * the CPU to dispatch. Included by rota.bpf.c.
 */

static void count_due(s64 late_ns)
{
	if (late_ns <= 100 * USEC)
		COUNT(due_100us);
	else if (late_ns <= MSEC)
		COUNT(due_1ms);
	else
		COUNT(due_later);
}

static int timer_fired(void *map, u32 *cpu, struct cpu_ctx *c)
{
	(void)map;
	c->fired = 1;
	COUNT(timer);
	scx_bpf_kick_cpu((s32)*cpu, SCX_KICK_PREEMPT);
	return 0;
}

static void arm_timer(struct cpu_ctx *c, s64 deadline_ns)
{
	if (!c || deadline_ns == TIME_NEVER || c->armed_ns == (u64)deadline_ns)
		return;
	c->armed_ns = (u64)deadline_ns;
	bpf_timer_start(&c->timer, (u64)deadline_ns, BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN);
}

/* The timer is set as the core wants it, and has not gone off since the last dispatch. */
static inline bool timer_holds(pcpu_t *p)
{
	struct cpu_ctx *c = cpu_ctx(p->id);

	return c && !c->fired && c->armed_ns == (u64)p->deadline_ns;
}

/* When the pCPU's timer is to go off. */
static inline s64 due_ns(pcpu_t *p, struct cpu_ctx *c)
{
	return unlikely(container_out(container_of_cpu(p->id))) && c->soon_ns < p->deadline_ns ? c->soon_ns :
												 p->deadline_ns;
}

static inline void timer_after_dispatch(pcpu_t *p)
{
	struct cpu_ctx *c = cpu_ctx(p->id);

	if (!c)
		return;
	c->fired = 0;
	c->taken = 0;
	if (unlikely(container_out(container_of_cpu(p->id))))
		exclusive_soon(c, p);
	arm_timer(c, due_ns(p, c));
}
