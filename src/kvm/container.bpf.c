/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host's kernel side: host tasks. Those of a pCPU wait in its container, a queue of the kernel's by weighted
 * virtual time, and run in it by turns of 3 ms at most. Included by rota.bpf.c.
 */

/* What a host task ran costs it virtual time. */
static inline void charge(struct task_struct *p, const struct cpu_ctx *c)
{
	u64 ran = p->se.sum_exec_runtime - c->ran_ns;

	if (p->scx.weight != 100)
		ran = ran * 100 / (p->scx.weight ? p->scx.weight : 1);
	set_vtime(p, p->scx.dsq_vtime + ran);
}

/* A pCPU whose container has nothing to run; @cpu: none. */
static u32 empty_container(u32 cpu)
{
	u32 n = live.nr_cpus;

	for (u32 i = ZERO + 1; i < n && i < LIVE_MAX_CPUS && can_loop; i++) {
		u32 other = cpu + i >= n ? cpu + i - n : cpu + i;

		if (container_of_cpu(other)->pause_flags == VPF_blocked)
			return other;
	}
	return cpu;
}

/*
 * Where a host task of pCPU @cpu waits: there, but while the pCPU is on its way out of its pool, and its container is
 * none of that any more, with the first pCPU, which no pool loses. What must be done for the pCPU to leave may wait for
 * this very task: rotad's. And where a pool has the pCPU for its vCPUs alone, with the next that has a container.
 */
static u32 waits_at(const struct task_struct *p, u32 cpu)
{
	if (likely(!container_out(container_of_cpu(cpu))) || p->migration_disabled)
		return cpu;
	if (exclusive_cpu(cpu))
		return next_container(p, cpu);
	if (live.vcpus[cpu % LIVE_MAX_CPUS].out || pcpu_of(live.host, cpu)->assist.micro)
		return cpu;
	return bpf_cpumask_test_cpu(0, p->cpus_ptr) ? 0 : cpu;
}

static void enqueue_host(struct task_struct *p, u64 enq_flags)
{
	u32 here = (u32)scx_bpf_task_cpu(p), cpu = waits_at(p, here);
	struct cpu_ctx *c = cpu_ctx(cpu);
	u64 vtime = p->scx.dsq_vtime;
	vcpu_t *box = container_of_cpu(cpu);
	sched_call_t *cx;

	/*
	 * Who slept long comes first, but only by one slice. Who comes from another queue, where time may be far ahead,
	 * begins at this one's present: nobody's own time is further ahead than what a slice costs the lightest.
	 */
	if (c && (s64)(vtime - (c->vtime - HOST_SLICE_NS)) < 0)
		vtime = c->vtime - HOST_SLICE_NS;
	else if (c && (cpu != here || (s64)(vtime - c->vtime) > 100 * (s64)HOST_SLICE_NS))
		vtime = c->vtime;
	if (box->pause_flags & VPF_blocked && !container_out(box)) {
		cx = call_here();
		vcpu_unblock(cx, box);
		if (enq_flags & SCX_ENQ_WAKEUP && cx->cpu == cpu && here == cpu && switch_at_once(cx, c, box)) {
			set_vtime(p, vtime);
			insert_task(p, SCX_DSQ_LOCAL, HOST_SLICE_NS, enq_flags | SCX_ENQ_PREEMPT);
		} else {
			insert_task_vtime(p, cpu, HOST_SLICE_NS, vtime, enq_flags);
		}
		carry_out(cx, -1);
		return;
	}
	insert_task_vtime(p, cpu, HOST_SLICE_NS, vtime, enq_flags);
	if (container_out(box)) {
		scx_bpf_kick_cpu((s32)cpu, exclusive_cpu(cpu) ? SCX_KICK_PREEMPT : SCX_KICK_IDLE);
		return;
	}
	if (p->nr_cpus_allowed > 1 && scx_bpf_dsq_nr_queued(cpu) > !(c && c->taken)) {
		/* Several wait here: an empty container elsewhere comes for one. */
		u32 other = empty_container(cpu);

		if (other != cpu) {
			cx = call_here();
			vcpu_unblock(cx, container_of_cpu(other));
			carry_out(cx, -1);
		}
	}
}

/*
 * The same as move_to_local(), from within the core: it may wait for another run queue's lock of the kernel's, so it is
 * done outside.
 */
static bool move_here(u32 cpu, u32 from)
{
	bool inside = INSIDE(cpu), moved;

	if (inside)
		leave_core(cpu);
	moved = move_to_local(from);
	if (inside)
		enter_core(cpu);
	return moved;
}

/* A host task that waits on another pCPU, when this one has none; not where a pool has it for its vCPUs alone. */
static bool take_host_task(u32 cpu)
{
	u32 n = live.nr_cpus;

	if (move_here(cpu, cpu))
		return true;
	if (exclusive_cpu(cpu))
		return false;
	for (u32 i = ZERO + 1; i < n && i < LIVE_MAX_CPUS && can_loop; i++) {
		u32 other = cpu + i >= n ? cpu + i - n : cpu + i;

		if (scx_bpf_dsq_nr_queued(other) > 0 && move_here(cpu, other))
			return true;
	}
	return false;
}

/* Run a host task on this pCPU, whose container's turn it is. False: there is none. */
static bool run_host_task(u32 cpu, struct task_struct *prev)
{
	struct cpu_ctx *c = prev && !is_vcpu(prev) && waits_at(prev, cpu) == cpu ? cpu_ctx(cpu) : NULL;

	if (c) {
		u64 ran = prev->se.sum_exec_runtime - c->ran_ns;

		if (ran < HOST_SLICE_NS) {
			set_slice(prev, HOST_SLICE_NS - ran);
			return true;
		}
		if (scx_bpf_dsq_nr_queued(cpu) > 0 && move_here(cpu, cpu)) {
			set_slice(prev, 0);
			return true;
		}
		charge(prev, c);
		c->ran_ns = prev->se.sum_exec_runtime;
		set_slice(prev, HOST_SLICE_NS);
		return true;
	}
	if (prev && !is_vcpu(prev))
		set_slice(prev, 0);
	return take_host_task(cpu);
}
