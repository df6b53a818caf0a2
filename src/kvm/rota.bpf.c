/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host's kernel side: a sched_ext scheduler whose every decision is made by the core of src/sched, included
 * below as it is and verified with it.
 *
 * Who is who. A thread that is in KVM_RUN when it leaves its CPU, or was since it came, is a vCPU, its process a
 * domain (runs_guest()). All other tasks are Domain-0's. Its vCPU c is a container: the host tasks of pCPU c, in a
 * queue by weighted virtual time; the core decides when the container runs, the queue which task runs in it.
 *
 * How the kernel's events are the core's:
 *
 *   quiescent (a vCPU thread sleeps)   vcpu_block
 *   enqueue (it wakes)                 vcpu_unblock; the task waits in our custody, queued in the core
 *   enqueue (it was put off its CPU)   context_saved: from now on another CPU may take it
 *   dispatch                           due timers, then schedule() if the core wants it; the thread of pcpu->curr is
 *                                      what runs next
 *   the pCPU's bpf_timer               a kick, so that dispatch comes
 *   yield(from, to)                    vcpu_spin_to: a pause-loop exit, or a directed yield
 *
 * What is not here: no policy, no queue of vCPUs, no accounting of them.
 *
 * All entries into the core come with interrupts off, under a run queue's lock of the kernel; sched_lock() relies on it
 * (sched/dialect.h). When anything goes wrong, the kernel takes all tasks back to its own scheduler.
 */
#include "kvm/scx.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* pages; the loader sets it */
} arena SEC(".maps");

#include "sched/sched.c"
#include "kvm/live.h"

char _license[] SEC("license") = "GPL";

#define HOST_SLICE_NS (3 * 1000000ULL) /* of a host task within its container */
#define KICK_AGAIN_NS (200 * 1000ULL) /* until a kick that was lost is given again */
#define SCX_TASK_QUEUED 1 /* the task is runnable */
#define PF_EXITING 4
#define PF_KTHREAD 0x200000

struct live_globals live SEC(".data.live");

/*
 * Which task is which vCPU is asked at every switch, so it is kept where no search is needed: in the virtual time of
 * the task itself, which a vCPU has no use for. Host tasks never come near the mark.
 */
#define VCPU_MARK (1ULL << 63)

struct cpu_ctx {
	struct bpf_timer timer;
	u64 armed_ns; /* what the timer is set to */
	u64 vtime; /* of its container */
	u64 ran_ns; /* the CPU time that the host task on it had when it came */
	s64 host_next_ns; /* on a pCPU that a pool has for its vCPUs: no host task before */
	s64 look_ns; /* and who has waited too long is looked for then */
	s64 soon_ns; /* the first of both, as far as it matters; else TIME_NEVER */
	u32 fired; /* the timer went off and nobody came to dispatch yet */
	u32 taken; /* by a real-time task: what is queued here waits for who knows how long */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIVE_MAX_CPUS);
	__type(key, u32);
	__type(value, struct cpu_ctx);
} cpus SEC(".maps");

/*
 * Who runs on a CPU has run a guest: it is a vCPU, or will be one when it leaves the CPU. Not in cpu_ctx: a
 * tracepoint's program may not use a map with timers.
 */
static u8 in_guest[LIVE_MAX_CPUS];

/* A program that touches the arena must name its map. */
#define USE_ARENA() asm volatile("" : : "r"(&arena))
#define COUNT(what) ((void)live.counters[bpf_get_smp_processor_id() % LIVE_MAX_CPUS].what++)

static inline bool is_vcpu(const struct task_struct *p)
{
	return p->scx.dsq_vtime & VCPU_MARK;
}

static inline u32 vcpu_index(const struct task_struct *p)
{
	return (u32)p->scx.dsq_vtime;
}

static struct cpu_ctx *cpu_ctx(u32 cpu)
{
	return bpf_map_lookup_elem(&cpus, &cpu);
}

/* A real-time task has this CPU (rota_cpu_release). */
static inline bool is_taken(u32 cpu)
{
	struct cpu_ctx *c = cpu_ctx(cpu);

	return c && c->taken;
}

#include "kvm/alone.bpf.c"

/* Enter the core; carry_out() leaves it. */
static sched_call_t *call_here(void)
{
	u32 cpu = bpf_get_smp_processor_id();
	sched_call_t *cx = &live.calls[cpu];

	enter_core(cpu);
	cx->now = (s64)bpf_ktime_get_ns();
	cx->cpu = cpu;
	return cx;
}

static vcpu_t *vcpu_of(const struct task_struct *p)
{
	return &live.host->vcpus[vcpu_index(p)];
}

/* Domain-0's vCPUs are the host's first, in order of their pCPUs. */
static vcpu_t *container_of_cpu(u32 cpu)
{
	return &live.host->vcpus[cpu];
}

NO_FRAME void give_up_lock(void)
{
	static char text[] =
		"rota: a lock of the core was not to be had: line %u, CPU %u + 1; held since line %u, CPU %u + 1";
	unsigned long long data[] = { sched_lock_failed >> 12, sched_lock_failed & 4095, sched_lock_holder >> 12,
				      sched_lock_holder & 4095 };

	scx_bpf_error_bstr(text, data, sizeof(data));
}

/*
 * Kick every pCPU that the core wants to schedule, or whose timer has changed, but @self, which will see to it
 * itself.
 */
CORE_FN int carry_out_effects(sched_call_t *cx ARG, s32 self)
{
	u32 words = cx->host->mask_words;

	for (u32 i = ZERO; i < words && i < MASK_WORDS && can_loop; i++) {
		u64 w = cx->kick.w[i] | cx->rearm.w[i];

		cx->kick.w[i] = 0;
		cx->rearm.w[i] = 0;
		for (; w && can_loop; w &= w - 1) {
			s32 cpu = (s32)(i * 64 + (u32)__builtin_ctzll(w));

			if (cpu == self)
				continue;
			scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
			COUNT(kick);
		}
	}
	cx->kick_words = 0;
	cx->rearm_words = 0;
	if (sched_lock_failed)
		give_up_lock();
	return 0;
}

static inline void carry_out(sched_call_t *cx, s32 self)
{
	u64 words = cx->kick_words | cx->rearm_words;

	/* Most often it is about this pCPU alone. */
	if (self >= 0 && words == 1ULL << ((u32)self / 64 % 64) && !sched_lock_failed) {
		mask_clear(&cx->kick, (u32)self);
		mask_clear(&cx->rearm, (u32)self);
		if (!(WORD(&cx->kick, (u32)self / 64 % MASK_WORDS) | WORD(&cx->rearm, (u32)self / 64 % MASK_WORDS))) {
			cx->kick_words = 0;
			cx->rearm_words = 0;
			words = 0;
		}
	}
	if (words | sched_lock_failed)
		carry_out_effects(cx, self);
	leave_core(cx->cpu);
}

#include "kvm/thread.bpf.c"
#include "kvm/registry.bpf.c"
#include "kvm/guest.bpf.c"
#include "kvm/helper.bpf.c"
#include "kvm/pool.bpf.c"
#include "kvm/exclusive.bpf.c"
#include "kvm/obey.bpf.c"

#include "kvm/timer.bpf.c"

/*
 * The core wants another vCPU on this very CPU, because @v is being woken here: let it choose now, rather than send
 * this CPU an interrupt so that it comes to dispatch. True: it chose @v, whose task the caller puts on the CPU. If it
 * chose a third, dispatch must find him.
 *
 * Only where the task on the CPU is who the core thinks it is: not in the middle of a switch, under a task of a higher
 * class, or with a timer due.
 */
static bool switch_at_once(sched_call_t *cx, struct cpu_ctx *c, vcpu_t *v)
{
	struct task_struct *on = bpf_get_current_task_btf();
	pcpu_t *p = pcpu_of(cx->host, cx->cpu);
	vcpu_t *left = p->curr;

	if (!c || c->fired || !p->resched || p->prev || p->deadline_ns <= cx->now)
		return false;
	if (left->is_idle) {
		if (on->pid)
			return false;
	} else {
		if (!(on->scx.flags & SCX_TASK_QUEUED) ||
		    (is_vcpu(on) ? vcpu_of(on) : container_of_cpu(cx->cpu)) != left)
			return false;
	}
	mask_clear(&cx->kick, cx->cpu);
	schedule(cx);
	mask_clear(&cx->rearm, cx->cpu);
	arm_timer(c, p->deadline_ns);
	if (p->curr == left)
		return false;
	/* A thread that goes on waiting is saved when it comes to enqueue. */
	if (left->is_idle || left == container_of_cpu(cx->cpu))
		context_saved(cx);
	COUNT(at_once);
	if (p->curr == v)
		return true;
	scx_bpf_kick_cpu((s32)cx->cpu, SCX_KICK_PREEMPT);
	return false;
}

#include "kvm/container.bpf.c"

/* ---- the operations ---- */

SEC("struct_ops/rota_select_cpu")
s32 BPF_PROG(rota_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool idle = false;

	/* The core chooses for vCPUs, at enqueue. A host task goes where the kernel finds an idle CPU. */
	if (is_vcpu(p))
		return prev_cpu;
	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
}

SEC("struct_ops/rota_enqueue")
void BPF_PROG(rota_enqueue, struct task_struct *p, u64 enq_flags)
{
	sched_call_t *cx;
	vcpu_t *v;

	USE_ARENA();
	if (is_vcpu(p) && is_leaving(p)) {
		cx = call_here();
		leave_and_unmark(cx, p);
		carry_out(cx, -1);
	}
	if (!is_vcpu(p)) {
		enqueue_host(p, enq_flags);
		return;
	}
	v = vcpu_of(p);
	cx = call_here();
	if (pcpu_of(cx->host, cx->cpu)->prev == v)
		context_saved(cx);
	if (v->pause_flags & VPF_blocked) {
		vcpu_unblock(cx, v);
		if (pcpu_of(cx->host, cx->cpu)->resched && enq_flags & SCX_ENQ_WAKEUP &&
		    scx_bpf_task_cpu(p) == (s32)cx->cpu && switch_at_once(cx, cpu_ctx(cx->cpu), v))
			insert_task(p, SCX_DSQ_LOCAL, SLICE_INF, enq_flags | SCX_ENQ_PREEMPT);
	} else if (v->processor->curr == v) {
		/*
		 * Its turn it still is: something else (a change of its affinity, say) took it off and put it back.
		 * On the local queue it would keep its CPU from dispatch; so not when that is due.
		 */
		pcpu_t *there = v->processor;
		u32 cpu = there->id;

		if (is_taken(cpu)) {
			/* dispatch finds it when the CPU is given back */
		} else if (there->resched || there->deadline_ns <= cx->now ||
			   (p->migration_disabled && scx_bpf_task_cpu(p) != (s32)cpu)) {
			scx_bpf_kick_cpu((s32)cpu, SCX_KICK_PREEMPT);
		} else {
			insert_task(p, SCX_DSQ_LOCAL_ON | cpu, SLICE_INF, 0);
			scx_bpf_kick_cpu((s32)cpu, SCX_KICK_IDLE);
		}
	}
	carry_out(cx, -1);
}

/*
 * Let the core choose. Who was current and is no longer runnable, or is a container, has no state to save. @here, the
 * vCPU whose thread is runnable on this CPU, has: its thread comes to enqueue. The core may choose more than once
 * before that.
 */
NO_FRAME void switch_here(sched_call_t *cx, pcpu_t *p, vcpu_t *here)
{
	bool held = here && p->prev == here;

	schedule(cx);
	if (p->prev && p->prev != here)
		context_saved(cx);
	if (held)
		p->prev = p->curr == here ? NULL : here;
}

/* The thread of a vCPU whose turn it is on this pCPU, for so long. */
static void send_to(struct task_struct *task, u32 cpu, u64 slice_ns)
{
	s32 where = scx_bpf_task_cpu(task);
	live_vcpu_t *lv = &live.vcpus[vcpu_index(task)];

	if (where == (s32)cpu) {
		insert_task(task, SCX_DSQ_LOCAL, slice_ns, 0);
		return;
	}
	if (still_switching(task)) {
		/* Its turn it stays. If it runs there in earnest (it came from another class), it is put off first. */
		scx_bpf_kick_cpu(where, SCX_KICK_PREEMPT);
		scx_bpf_kick_cpu((s32)cpu, SCX_KICK_PREEMPT);
		COUNT(switching);
		return;
	}
	if (!task->migration_disabled && bpf_cpumask_test_cpu(cpu, task->cpus_ptr)) {
		insert_task(task, SCX_DSQ_LOCAL, slice_ns, 0);
		return;
	}
	/*
	 * It was put off its CPU where it may not leave it: it goes on there for a moment, until it may. This one
	 * waits.
	 */
	if (lv->stays)
		return;
	lv->stays = 1;
	insert_task(task, SCX_DSQ_LOCAL_ON | (u32)where, KICK_AGAIN_NS, 0);
	scx_bpf_kick_cpu(where, SCX_KICK_PREEMPT);
	COUNT(stay);
}

/* The same for a vCPU. False: it has no thread any more. */
static inline bool send_thread(vcpu_t *v, u32 cpu, u64 slice_ns)
{
	u32 index = v->index;
	struct vcpu_thread *slot = bpf_map_lookup_elem(&threads, &index);
	struct task_struct *task = slot ? slot->task : NULL;

	if (!task)
		return false;
	send_to(task, cpu, slice_ns);
	return true;
}

/* The vCPU whose thread is on this CPU and runnable. */
static inline vcpu_t *vcpu_here(struct task_struct *prev)
{
	return prev && is_vcpu(prev) ? vcpu_of(prev) : NULL;
}

/* Domain-0's vCPU of pCPU @p. Worked out each time: dispatch's stack is short. */
static inline vcpu_t *box_of(pcpu_t *p)
{
	return container_of_cpu(p->id);
}

/*
 * On a pCPU that its pool has for its vCPUs: is it the turn of somebody of whom the core does not know
 * (exclusive.bpf.c)? True: he is on the local queue.
 */
CORE_FN bool exclusive_turn(sched_call_t *cx ARG, pcpu_t *p ARG)
{
	struct cpu_ctx *c = cpu_ctx(p->id);
	vcpu_t *v;

	if (!c || !exclusive_cpu(p->id))
		return false;
	if (c->look_ns <= cx->now) {
		v = long_waiting(cx, p);
		c->look_ns = cx->now + (v ? (s64)KICK_AGAIN_NS : ALIVE_LOOK_NS);
		if (v) {
			live.vcpus[v->index].alive_ns = cx->now;
			if (v != p->curr && send_thread(v, p->id, KICK_AGAIN_NS))
				return true;
		}
	}
	if (p->curr->is_idle || c->host_next_ns > cx->now || scx_bpf_dsq_nr_queued(p->id) <= 0)
		return false;
	c->host_next_ns = cx->now + (1 + EXCLUSIVE_REST) * (s64)HOST_SLICE_NS; /* until it stops and is charged */
	return move_here(p->id, p->id);
}

SEC("struct_ops/rota_dispatch")
void BPF_PROG(rota_dispatch, s32 cpu, struct task_struct *prev)
{
	sched_call_t *cx;
	pcpu_t *p;

	USE_ARENA();
	if (live.stalled)
		return;
	COUNT(dispatch);
	p = pcpu_of(live.host, (u32)cpu);
	if (prev && !(prev->scx.flags & SCX_TASK_QUEUED))
		prev = NULL;
	/* One host task after another, while it is their container's turn: nothing that the core has to know. */
	if (p->curr == box_of(p) && !p->resched && !p->prev && !interrupt_noted(p->id) && timer_holds(p) &&
	    run_host_task(p->id, prev))
		return;
	cx = call_here();
	if (prev && is_vcpu(prev))
		guest_note(vcpu_of(prev), p->id);
	if (p->prev && p->prev != vcpu_here(prev))
		context_saved(cx); /* it left at an earlier switch */
	if (p->deadline_ns <= cx->now) {
		count_due(cx->now - p->deadline_ns);
		sched_timer(cx);
	}
	if (interrupt_noted(p->id))
		interrupt_taken(cx);

	for (u32 round = ZERO; round < 4 && can_loop; round++) {
		vcpu_t *left = p->curr, *next;

		if (left == box_of(p) && !p->resched && run_host_task(p->id, prev))
			break;
		if (left == box_of(p) && !p->resched)
			vcpu_block(cx, left); /* nothing left in the container */
		if (p->resched) {
			/* An empty container must not be chosen again. */
			if (left == box_of(p) && !(left->pause_flags & VPF_blocked) && (!prev || is_vcpu(prev)) &&
			    scx_bpf_dsq_nr_queued(p->id) <= 0)
				left->pause_flags |= VPF_blocked;
			switch_here(cx, p, vcpu_here(prev));
		}
		next = p->curr;
		if (unlikely(container_out(box_of(p))) && exclusive_turn(cx, p)) {
			if (prev)
				set_slice(prev, 0);
			break;
		}
		if (next->is_idle) {
			if (prev)
				set_slice(prev, 0);
			if (container_out(box_of(p))) {
				run_host_task(p->id, prev);
				break;
			}
			/* Nothing to do here: help another pCPU's container. */
			if (!p->resched && take_host_task(p->id)) {
				vcpu_unblock(cx, box_of(p));
				switch_here(cx, p, vcpu_here(prev));
				break;
			}
			if (!p->resched)
				break;
			continue;
		}
		if (next == box_of(p)) {
			if (!p->resched && prev && is_vcpu(prev))
				set_slice(prev, 0);
			continue; /* run_host_task(), at the top */
		}
		if (prev && is_vcpu(prev) && vcpu_of(prev) == next) {
			set_slice(prev, SLICE_INF);
			COUNT(keep);
			break;
		}
		if (prev)
			set_slice(prev, 0);
		if (send_thread(next, p->id, SLICE_INF))
			break;
		COUNT(miss); /* its thread is dying */
		vcpu_block(cx, next);
	}
	carry_out(cx, (s32)p->id);
	/* Wanted again while it was at it: what carry_out() left out comes back. */
	if (p->resched)
		scx_bpf_kick_cpu((s32)p->id, SCX_KICK_PREEMPT);
	timer_after_dispatch(p);
}

SEC("struct_ops/rota_running")
void BPF_PROG(rota_running, struct task_struct *p)
{
	u32 cpu = (u32)scx_bpf_task_cpu(p); /* not always this one: others may change a task that runs */
	struct cpu_ctx *c = cpu_ctx(cpu);
	pcpu_t *here;

	USE_ARENA();
	obey();
	if (!c)
		return;
	/*
	 * A kick is lost where a task of a higher class runs (a real-time one, say), or one that the kernel itself
	 * put on the CPU's local queue: the CPU does not come to dispatch then, though the core wants it, or its
	 * timer went off. Again in a moment, rather than at once: who runs here must get on.
	 */
	here = pcpu_of(live.host, cpu);
	if (here->resched || c->fired || (c->armed_ns != (u64)due_ns(here, c) && due_ns(here, c) != TIME_NEVER)) {
		c->armed_ns = 0;
		bpf_timer_start(&c->timer, KICK_AGAIN_NS, BPF_F_TIMER_CPU_PIN);
		COUNT(late);
	}
	c->taken = 0;
	in_guest[cpu % LIVE_MAX_CPUS] = is_vcpu(p);
	if (is_vcpu(p)) {
		guest_comes(cpu);
		live.vcpus[vcpu_index(p)].stays = 0;
		return;
	}
	/* An endless slice it may have from the scheduler's last life, when it was a vCPU. */
	if (p->scx.slice > HOST_SLICE_NS)
		set_slice(p, HOST_SLICE_NS);
	c->ran_ns = p->se.sum_exec_runtime;
	if ((s64)(c->vtime - p->scx.dsq_vtime) < 0)
		c->vtime = p->scx.dsq_vtime;
}

SEC("struct_ops/rota_stopping")
void BPF_PROG(rota_stopping, struct task_struct *p, bool runnable)
{
	u32 cpu = (u32)scx_bpf_task_cpu(p);
	struct cpu_ctx *c = cpu_ctx(cpu);
	sched_call_t *cx;
	bool guest;
	s32 index;

	USE_ARENA();
	(void)runnable;
	if (is_vcpu(p)) {
		guest_note(vcpu_of(p), cpu);
		return;
	}
	if (!c)
		return;
	if (unlikely(container_out(container_of_cpu(cpu))))
		exclusive_ran(c, p->se.sum_exec_runtime - c->ran_ns);
	charge(p, c);
	if (p->flags & PF_EXITING)
		return;
	guest = in_guest[cpu % LIVE_MAX_CPUS] || runs_guest(p);
	if (likely(!guest && !maybe_helper((u32)p->pid)))
		return;
	cx = call_here();
	index = guest ? adopt(cx, (u32)p->pid, (u32)p->tgid) : adopt_helper(cx, (u32)p->pid, (u32)p->tgid);
	if (index >= 0) {
		set_vtime(p, VCPU_MARK | (u32)index);
		hold_thread(p);
		follow_cpumask(cx, &cx->host->vcpus[index], p->cpus_ptr);
	}
	carry_out(cx, (s32)cx->cpu);
}

SEC("struct_ops/rota_quiescent")
void BPF_PROG(rota_quiescent, struct task_struct *p, u64 deq_flags)
{
	sched_call_t *cx;
	vcpu_t *v;

	USE_ARENA();
	if (!is_vcpu(p) || !(deq_flags & SCX_DEQ_SLEEP))
		return;
	v = vcpu_of(p);
	guest_sleeps(v, bpf_get_smp_processor_id());
	if (v->pause_flags & VPF_blocked && !is_leaving(p))
		return;
	cx = call_here();
	if (!(v->pause_flags & VPF_blocked))
		vcpu_block(cx, v);
	if (pcpu_of(cx->host, cx->cpu)->prev == v)
		context_saved(cx);
	/* Of one that ends nobody else would say so: the kernel frees no task that is held in threads. */
	if (is_leaving(p))
		leave_and_unmark(cx, p);
	carry_out(cx, (s32)cx->cpu); /* this CPU comes to dispatch by itself */
}

SEC("struct_ops/rota_yield")
bool BPF_PROG(rota_yield, struct task_struct *from, struct task_struct *to)
{
	sched_call_t *cx;
	bool yes = false;

	USE_ARENA();
	if (!is_vcpu(from)) {
		if (!to)
			set_slice(from, 0);
		return false;
	}
	cx = call_here();
	if (!to) {
		vcpu_yield(cx, vcpu_of(from));
		set_slice(from, 0);
	} else if (is_vcpu(to)) {
		COUNT(yield_to);
		guest_note(vcpu_of(from), cx->cpu);
		yes = vcpu_spin_to(cx, vcpu_of(from), vcpu_of(to));
		if (yes)
			COUNT(yield_ok);
		/*
		 * Where siblings were boosted elsewhere it goes on. Where it may not, KVM leaves the CPU if told yes.
		 */
		if (pcpu_of(cx->host, cx->cpu)->resched)
			set_slice(from, 0);
	}
	carry_out(cx, !to || yes ? (s32)cx->cpu : -1);
	return yes;
}

SEC("struct_ops/rota_set_cpumask")
void BPF_PROG(rota_set_cpumask, struct task_struct *p, const struct kmask *mask)
{
	sched_call_t *cx;

	USE_ARENA();
	if (!is_vcpu(p))
		return;
	cx = call_here();
	follow_cpumask(cx, vcpu_of(p), mask);
	carry_out(cx, -1);
}

/*
 * A task of a higher class takes this CPU from one of ours. A kernel thread is off again in a moment: who was
 * interrupted waits at the head of the local queue and goes on. A real-time process may stay for ever, and what is on
 * the local queue, or current in the core, could not go elsewhere. So the core is told that the container runs here,
 * which is what it is: the host's work, on the host's account. All else is queued, and the other pCPUs may come for it.
 */
SEC("struct_ops/rota_cpu_release")
void BPF_PROG(rota_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	struct cpu_ctx *c = cpu_ctx((u32)cpu);
	sched_call_t *cx;
	vcpu_t *left, *box;
	pcpu_t *p;

	USE_ARENA();
	if (!c || args->task->flags & PF_KTHREAD || !bpf_ksym_exists(scx_bpf_reenqueue_local))
		return;
	c->taken = 1;
	COUNT(taken);
	cx = call_here();
	p = pcpu_of(cx->host, (u32)cpu);
	left = p->curr;
	box = box_of(p);
	if (left != box && !left->is_idle && !p->prev) {
		vcpu_unblock(cx, box);
		if (!vcpu_yield_to(cx, left, box))
			vcpu_yield(cx, left);
		schedule(cx);
	}
	carry_out(cx, cpu);
	scx_bpf_reenqueue_local(); /* there, who left is saved */
}

/*
 * The task goes to another scheduling class (or the scheduler goes): its vCPU sleeps as far as the core is concerned,
 * and the task is not held: should it end there, exit_task() is the first that is heard of it.
 */
SEC("struct_ops/rota_disable")
void BPF_PROG(rota_disable, struct task_struct *p)
{
	sched_call_t *cx;

	USE_ARENA();
	if (!is_vcpu(p))
		return;
	set_thread(vcpu_index(p), NULL);
	if (vcpu_of(p)->pause_flags & VPF_blocked)
		return;
	cx = call_here();
	vcpu_block(cx, vcpu_of(p));
	carry_out(cx, -1);
}

/* A task comes from another scheduling class; or, with no mark yet, it and this scheduler meet for the first time. */
SEC("struct_ops/rota_enable")
void BPF_PROG(rota_enable, struct task_struct *p)
{
	if (is_vcpu(p))
		hold_thread(p);
}

SEC("struct_ops/rota_init_task")
s32 BPF_PROG(rota_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	(void)args;
	/* A mark from an earlier life of this scheduler, or another's virtual time. */
	set_vtime(p, 0);
	return 0;
}

SEC("struct_ops/rota_exit_task")
void BPF_PROG(rota_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	sched_call_t *cx;

	USE_ARENA();
	(void)args;
	if (!is_vcpu(p))
		return;
	cx = call_here();
	leave_and_unmark(cx, p);
	carry_out(cx, -1);
}

SEC("struct_ops.s/rota_init")
s32 BPF_PROG(rota_init)
{
	sched_lock_failed = 0;
	live.knows_kvm = bpf_core_field_exists(struct kvm_vcpu, pid) &&
			 bpf_core_field_exists(struct task_struct, preempt_notifiers);
	for (u32 i = ZERO; i < live.nr_cpus && i < LIVE_MAX_CPUS && can_loop; i++) {
		struct cpu_ctx *c = cpu_ctx(i);
		s32 ret = scx_bpf_create_dsq(i, -1);

		if (ret)
			return ret;
		if (!c)
			return -SCHED_EINVAL;
		c->armed_ns = 0;
		c->fired = 0;
		c->host_next_ns = 0;
		c->look_ns = 0;
		c->soon_ns = TIME_NEVER;
		in_guest[i] = 0;
		ret = (s32)bpf_timer_init(&c->timer, &cpus, 1 /* CLOCK_MONOTONIC */);
		if (ret == -SCHED_EBUSY)
			continue; /* an earlier life of this scheduler made it */
		if (ret)
			return ret;
		bpf_timer_set_callback(&c->timer, timer_fired);
	}
	return 0;
}

SEC("struct_ops/rota_exit")
void BPF_PROG(rota_exit, struct scx_exit_info *info)
{
	live.exit_code = info->exit_code;
	bpf_probe_read_kernel_str(live.exit_reason, LIVE_EXIT_LEN, info->reason);
	bpf_probe_read_kernel_str(live.exit_msg, LIVE_EXIT_LEN, info->msg);
	live.exit_kind = (u32)info->kind;
}

/*
 * A thread comes back from KVM_RUN, or, where KVM's types are not known, enters a guest: the sure sign of a vCPU. It is
 * adopted when it next leaves its CPU.
 */
SEC("raw_tracepoint")
int rota_ran_guest(void *ctx)
{
	u32 cpu = bpf_get_smp_processor_id() % LIVE_MAX_CPUS;

	(void)ctx;
	if (!in_guest[cpu])
		in_guest[cpu] = 1;
	return 0;
}

SEC(".struct_ops.link")
struct sched_ext_ops rota_ops = {
	.select_cpu = (void *)rota_select_cpu,
	.enqueue = (void *)rota_enqueue,
	.dispatch = (void *)rota_dispatch,
	.running = (void *)rota_running,
	.stopping = (void *)rota_stopping,
	.quiescent = (void *)rota_quiescent,
	.yield = (void *)rota_yield,
	.set_cpumask = (void *)rota_set_cpumask,
	.cpu_release = (void *)rota_cpu_release,
	.enable = (void *)rota_enable,
	.disable = (void *)rota_disable,
	.init_task = (void *)rota_init_task,
	.exit_task = (void *)rota_exit_task,
	.init = (void *)rota_init,
	.exit = (void *)rota_exit,
	.flags = SCX_OPS_ENQ_LAST | SCX_OPS_ENQ_EXITING,
	.timeout_ms = 30000,
	.name = "rota",
};
