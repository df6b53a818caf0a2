/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host's kernel side: a sched_ext scheduler whose every decision is made by the core of src/sched, included
 * below as it is and verified with it.
 *
 * Who is who. A thread that enters a KVM guest (tracepoint kvm_entry) is a vCPU, its process a domain. All other
 * tasks are Domain-0's. Its vCPU c is a container: the host tasks of pCPU c, in a queue by weighted virtual time; the
 * core decides when the container runs, the queue which task runs in it.
 *
 * How the kernel's events are the core's:
 *
 *   quiescent (a vCPU thread sleeps)   vcpu_block
 *   enqueue (it wakes)                 vcpu_unblock; the task waits in our custody, queued in the core
 *   enqueue (it was put off its CPU)   context_saved: from now on another CPU may take it
 *   dispatch                           due timers, then schedule() if the core wants it; the task of pcpu->curr, found
 *                                      by its pid, is what runs next
 *   the pCPU's bpf_timer               a kick, so that dispatch comes
 *   yield(from, to)                    vcpu_yield_to
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

struct live_globals live SEC(".data.live");

/* Of each task. */
struct task_ctx {
	u32 vcpu; /* 1 + the index of its vCPU; 0: a host task */
	u32 in_kvm; /* it entered a guest: to be adopted as a vCPU */
	u32 stays; /* sent back to a CPU that it may not leave just now */
	u64 ran_at_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} tasks SEC(".maps");

struct cpu_ctx {
	struct bpf_timer timer;
	u64 armed_ns; /* what the timer is set to */
	u64 vtime; /* of its container */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIVE_MAX_CPUS);
	__type(key, u32);
	__type(value, struct cpu_ctx);
} cpus SEC(".maps");

/* A program that touches the arena must name its map. */
#define USE_ARENA() asm volatile("" : : "r"(&arena))
#define COUNT(what) ((void)__sync_fetch_and_add(&live.what, 1))

static struct task_ctx *task_ctx(struct task_struct *p)
{
	return bpf_task_storage_get(&tasks, p, NULL, 0);
}

static struct cpu_ctx *cpu_ctx(u32 cpu)
{
	return bpf_map_lookup_elem(&cpus, &cpu);
}

static sched_call_t *call_here(void)
{
	u32 cpu = bpf_get_smp_processor_id();
	sched_call_t *cx = &live.calls[cpu];

	cx->now = (s64)bpf_ktime_get_ns();
	cx->cpu = cpu;
	return cx;
}

static vcpu_t *vcpu_of(struct task_ctx *t)
{
	return &live.host->vcpus[t->vcpu - 1];
}

/* Domain-0's vCPUs are the host's first, in order of their pCPUs. */
static vcpu_t *container_of_cpu(u32 cpu)
{
	return &live.host->vcpus[cpu];
}

/*
 * Kick every pCPU that the core wants to schedule, or whose timer has changed, but @self, which will see to it
 * itself.
 */
CORE_FN int carry_out(sched_call_t *cx ARG, s32 self)
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
			COUNT(nr_kick);
		}
	}
	cx->kick_words = 0;
	cx->rearm_words = 0;
	if (sched_lock_failed)
		give_up("rota: a lock of the core was not to be had");
	return 0;
}

/* ---- which thread is which vCPU ---- */

/* The domain of process @tgid, a new one if need be; -1 when there is no room. Registry locked. */
CORE_FN s32 domain_of(sched_call_t *cx ARG, u32 tgid)
{
	host_t *h = cx->host;
	domain_t *d;

	for (u32 i = ZERO + 1; i < h->limits.domains && can_loop; i++)
		if (live.domains[i].tgid == tgid)
			return (s32)i;
	d = domain_create(cx, &h->pools[0], -1);
	if (!d)
		return -1;
	live.domains[d->id].tgid = tgid;
	live.domains[d->id].threads = 0;
	live.domains[d->id].generation++;
	return (s32)d->id;
}

/* A vCPU of domain @id without a thread, a new one if need be; its index or -1. Registry locked. */
NO_FRAME s32 free_vcpu(sched_call_t *cx, u32 id)
{
	domain_t *d = &cx->host->domains[id];
	vcpu_t *v;

	for (link_t *l = d->vcpus.next; l != &d->vcpus && can_loop; l = l->next) {
		v = link_of(l, vcpu_t, domain_link);
		if (!live.vcpus[v->index].pid)
			return (s32)v->index;
	}
	v = vcpu_create(cx, d, NULL, NULL);
	return v ? (s32)v->index : -1;
}

/* Make thread @pid of @tgid a sleeping vCPU. Its index, or -1: no room, it stays a host task. */
CORE_FN s32 adopt(sched_call_t *cx ARG, u32 pid, u32 tgid)
{
	s32 id, index = -1;
	vcpu_t *v;

	sched_lock(live.mailbox);
	id = domain_of(cx, tgid);
	if (id >= 0)
		index = free_vcpu(cx, (u32)id);
	if (index >= 0) {
		v = &cx->host->vcpus[index];
		v->pause_flags = VPF_blocked;
		v->host_data = pid;
		live.vcpus[index].pid = pid;
		live.domains[id].threads++;
		COUNT(nr_adopt);
	} else {
		COUNT(nr_full);
	}
	sched_unlock(live.mailbox);
	return index;
}

/* Destroy domain @id when no thread is left; 0 or -SCHED_E*. Registry locked. */
CORE_FN s32 reap(sched_call_t *cx ARG, u32 id)
{
	s32 ret;

	if (id == LIVE_DOM0 || id >= cx->host->limits.domains || !live.domains[id].tgid)
		return -SCHED_ESRCH;
	if (live.domains[id].threads)
		return -SCHED_EBUSY;
	ret = domain_destroy(cx, &cx->host->domains[id]);
	if (!ret)
		live.domains[id].tgid = 0;
	return ret;
}

/* The thread of vCPU @index is gone; with the last one goes its domain. */
CORE_FN int leave(sched_call_t *cx ARG, u32 index)
{
	vcpu_t *v = &cx->host->vcpus[index];
	u32 id = v->domain->id;

	if (!(v->pause_flags & VPF_blocked))
		vcpu_block(cx, v);
	sched_lock(live.mailbox);
	live.vcpus[index].pid = 0;
	if (--live.domains[id].threads == 0)
		reap(cx, id); /* or the loader will, when it is off its pCPU */
	COUNT(nr_leave);
	sched_unlock(live.mailbox);
	return 0;
}

/* The affinity of a vCPU's thread is the vCPU's. */
NO_FRAME void follow_cpumask(sched_call_t *cx, vcpu_t *v, const struct kmask *mask)
{
	cpumask_t *hard = &cx->host->scratch[2 * cx->host->limits.pcpus + cx->cpu];

	mask_zero(hard);
	for (u32 c = ZERO; c < live.nr_cpus && c < LIVE_MAX_CPUS && can_loop; c++)
		if (bpf_cpumask_test_cpu(c, mask))
			mask_set(hard, c);
	vcpu_set_affinity(cx, v, hard, NULL);
}

/* ---- the loader's commands ---- */

CORE_FN int obey(sched_call_t *cx ARG)
{
	live_mailbox_t *m = live.mailbox;
	host_t *h = cx->host;
	u32 seq = m->seq;
	s32 ret = -SCHED_EINVAL;

	sched_lock(m);
	if (m->done == seq) {
		sched_unlock(m);
		return 0;
	}
	switch (m->op) {
	case LIVE_ADJUST:
		ret = -SCHED_ESRCH;
		if (m->domain < h->limits.domains && h->domains[m->domain].used)
			ret = sched_adjust(cx, &h->domains[m->domain], m->a, m->b);
		break;
	case LIVE_REAP:
		ret = reap(cx, m->domain);
		break;
	case LIVE_PARAMS:
		ret = sched_adjust_global_credit(cx, &h->pools[0], &m->params);
		break;
	case LIVE_STALL:
		live.stalled = 1;
		ret = 0;
		break;
	case LIVE_FAIL:
		ret = 0;
		give_up("rota: asked to fail");
		break;
	}
	m->result = ret;
	m->done = seq;
	sched_unlock(m);
	return 0;
}

/* ---- the pCPU's timer ---- */

static int timer_fired(void *map, u32 *cpu, struct cpu_ctx *c)
{
	(void)map;
	(void)c;
	COUNT(nr_timer);
	scx_bpf_kick_cpu((s32)*cpu, SCX_KICK_PREEMPT);
	return 0;
}

static void arm_timer(u32 cpu, s64 deadline_ns)
{
	struct cpu_ctx *c = cpu_ctx(cpu);

	if (!c || deadline_ns == TIME_NEVER || c->armed_ns == (u64)deadline_ns)
		return;
	c->armed_ns = (u64)deadline_ns;
	bpf_timer_start(&c->timer, (u64)deadline_ns, BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN);
}

/* ---- host tasks ---- */

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

static void enqueue_host(struct task_struct *p, u64 enq_flags)
{
	u32 cpu = (u32)scx_bpf_task_cpu(p);
	struct cpu_ctx *c = cpu_ctx(cpu);
	u64 vtime = p->scx.dsq_vtime;
	vcpu_t *box = container_of_cpu(cpu);
	sched_call_t *cx;

	/* Who slept long comes first, but only by one slice. */
	if (c && (s64)(vtime - (c->vtime - HOST_SLICE_NS)) < 0)
		vtime = c->vtime - HOST_SLICE_NS;
	insert_task_vtime(p, cpu, HOST_SLICE_NS, vtime, enq_flags);
	cx = call_here();
	if (box->pause_flags & VPF_blocked) {
		vcpu_unblock(cx, box);
	} else if (p->nr_cpus_allowed > 1 && scx_bpf_dsq_nr_queued(cpu) > 1) {
		/* Several wait here: an empty container elsewhere comes for one. */
		u32 other = empty_container(cpu);

		if (other != cpu)
			vcpu_unblock(cx, container_of_cpu(other));
	}
	carry_out(cx, -1);
}

/* A host task that waits on another pCPU, when this one has none. */
static bool take_host_task(u32 cpu)
{
	u32 n = live.nr_cpus;

	if (move_to_local(cpu))
		return true;
	for (u32 i = ZERO + 1; i < n && i < LIVE_MAX_CPUS && can_loop; i++) {
		u32 other = cpu + i >= n ? cpu + i - n : cpu + i;

		if (scx_bpf_dsq_nr_queued(other) > 0 && move_to_local(other))
			return true;
	}
	return false;
}

/* Run a host task on this pCPU, whose container's turn it is. False: there is none. */
static bool run_host_task(u32 cpu, struct task_struct *prev, struct task_ctx *pt, u64 now)
{
	bool prev_here = prev && pt && !pt->vcpu && prev->scx.flags & SCX_TASK_QUEUED;

	if (prev_here) {
		u64 ran = now - pt->ran_at_ns;

		if (ran < HOST_SLICE_NS) {
			set_slice(prev, HOST_SLICE_NS - ran);
			return true;
		}
		if (scx_bpf_dsq_nr_queued(cpu) > 0 && move_to_local(cpu)) {
			set_slice(prev, 0);
			return true;
		}
		pt->ran_at_ns = now;
		set_slice(prev, HOST_SLICE_NS);
		return true;
	}
	return take_host_task(cpu);
}

/* ---- the operations ---- */

SEC("struct_ops/rota_select_cpu")
s32 BPF_PROG(rota_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct task_ctx *t = task_ctx(p);
	bool idle = false;

	/* The core chooses for vCPUs, at enqueue. A host task goes where the kernel finds an idle CPU. */
	if (t && t->vcpu)
		return prev_cpu;
	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
}

SEC("struct_ops/rota_enqueue")
void BPF_PROG(rota_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct task_ctx *t = task_ctx(p);
	sched_call_t *cx;
	vcpu_t *v;

	USE_ARENA();
	if (t && t->vcpu && p->flags & PF_EXITING) {
		/* It enters no guest any more, and can't be found by its pid for much longer. */
		cx = call_here();
		leave(cx, t->vcpu - 1);
		t->vcpu = 0;
		t->in_kvm = 0;
		carry_out(cx, -1);
	}
	if (!t || !t->vcpu) {
		enqueue_host(p, enq_flags);
		return;
	}
	v = vcpu_of(t);
	cx = call_here();
	if (pcpu_of(cx->host, cx->cpu)->prev == v)
		context_saved(cx);
	if (v->pause_flags & VPF_blocked) {
		vcpu_unblock(cx, v);
	} else if (v->processor->curr == v) {
		/*
		 * Its turn it still is: something else (a change of its affinity, say) took it off and put it back.
		 * On the local queue it would keep its CPU from dispatch; so not when that is due.
		 */
		pcpu_t *there = v->processor;
		u32 cpu = there->id;

		if (there->resched || there->deadline_ns <= cx->now ||
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

/* The thread of a vCPU whose turn it is on this pCPU. */
static void send_to(struct task_struct *task, u32 cpu)
{
	s32 where = scx_bpf_task_cpu(task);
	struct task_ctx *t = task_ctx(task);

	if (where == (s32)cpu || (!task->migration_disabled && bpf_cpumask_test_cpu(cpu, task->cpus_ptr))) {
		insert_task(task, SCX_DSQ_LOCAL, SLICE_INF, 0);
		return;
	}
	/*
	 * It was put off its CPU where it may not leave it: it goes on there for a moment, until it may. This one
	 * waits.
	 */
	if (!t || t->stays)
		return;
	t->stays = 1;
	insert_task(task, SCX_DSQ_LOCAL_ON | (u32)where, KICK_AGAIN_NS, 0);
	scx_bpf_kick_cpu(where, SCX_KICK_PREEMPT);
	COUNT(nr_stay);
}

SEC("struct_ops/rota_dispatch")
void BPF_PROG(rota_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_ctx *pt = prev ? task_ctx(prev) : NULL;
	bool prev_on = prev && prev->scx.flags & SCX_TASK_QUEUED;
	sched_call_t *cx;
	pcpu_t *p;
	vcpu_t *box;

	USE_ARENA();
	if (live.stalled)
		return;
	cx = call_here();
	p = pcpu_of(cx->host, (u32)cpu);
	box = container_of_cpu((u32)cpu);
	COUNT(nr_dispatch);
	if (live.mailbox->seq != live.mailbox->done)
		obey(cx);
	if (p->prev)
		context_saved(cx); /* it left at an earlier switch */
	if (p->deadline_ns <= cx->now)
		sched_timer(cx);

	for (u32 round = ZERO; round < 4 && can_loop; round++) {
		vcpu_t *left = p->curr, *next;

		if (left == box && !p->resched && run_host_task((u32)cpu, prev, pt, (u64)cx->now))
			break;
		if (left == box && !p->resched)
			vcpu_block(cx, box); /* nothing left in the container */
		if (p->resched) {
			/* An empty container must not be chosen again. */
			if (left == box && !(box->pause_flags & VPF_blocked) && !(prev_on && pt && !pt->vcpu) &&
			    scx_bpf_dsq_nr_queued((u32)cpu) <= 0)
				box->pause_flags |= VPF_blocked;
			switch_here(cx, p, prev_on && pt && pt->vcpu ? vcpu_of(pt) : NULL);
		}
		next = p->curr;
		if (next->is_idle) {
			if (prev_on)
				set_slice(prev, 0);
			/* Nothing to do here: help another pCPU's container. */
			if (!p->resched && take_host_task((u32)cpu)) {
				vcpu_unblock(cx, box);
				switch_here(cx, p, prev_on && pt && pt->vcpu ? vcpu_of(pt) : NULL);
				break;
			}
			if (!p->resched)
				break;
			continue;
		}
		if (next == box) {
			if (p->resched)
				continue;
			if (prev_on && pt && pt->vcpu)
				set_slice(prev, 0);
			continue; /* run_host_task(), at the top */
		}
		if (prev_on && pt && pt->vcpu && vcpu_of(pt) == next) {
			set_slice(prev, SLICE_INF);
			COUNT(nr_keep);
			break;
		}
		if (prev_on)
			set_slice(prev, 0);
		{
			struct task_struct *task = bpf_task_from_pid((s32)next->host_data);

			if (task) {
				send_to(task, (u32)cpu);
				bpf_task_release(task);
				break;
			}
		}
		COUNT(nr_miss); /* its thread is dying */
		vcpu_block(cx, next);
	}
	carry_out(cx, cpu);
	if (p->resched)
		scx_bpf_kick_cpu(
			cpu, SCX_KICK_PREEMPT); /* wanted again while it was at it: what is dropped above comes back */
	arm_timer((u32)cpu, p->deadline_ns);
}

SEC("struct_ops/rota_running")
void BPF_PROG(rota_running, struct task_struct *p)
{
	struct task_ctx *t = task_ctx(p);
	u32 cpu = (u32)scx_bpf_task_cpu(p);
	struct cpu_ctx *c = cpu_ctx(cpu);
	u64 now = bpf_ktime_get_ns();
	pcpu_t *here;

	USE_ARENA();
	/*
	 * A kick is lost where a task of a higher class runs (a real-time one, say), or one that the kernel itself
	 * put on the CPU's local queue: the CPU does not come to dispatch then, though the core wants it, or its
	 * timer was due. Again in a moment, rather than at once: who runs here must get on.
	 */
	here = pcpu_of(live.host, cpu);
	if (c && (here->resched || here->deadline_ns <= (s64)now)) {
		c->armed_ns = 0;
		bpf_timer_start(&c->timer, KICK_AGAIN_NS, BPF_F_TIMER_CPU_PIN);
		COUNT(nr_late);
	}
	if (!t)
		return;
	t->ran_at_ns = now;
	t->stays = 0;
	if (!t->vcpu && c && (s64)(c->vtime - p->scx.dsq_vtime) < 0)
		c->vtime = p->scx.dsq_vtime;
}

SEC("struct_ops/rota_stopping")
void BPF_PROG(rota_stopping, struct task_struct *p, bool runnable)
{
	struct task_ctx *t = task_ctx(p);
	sched_call_t *cx;
	s32 index;

	USE_ARENA();
	(void)runnable;
	if (!t || t->vcpu)
		return;
	set_vtime(p,
		  p->scx.dsq_vtime + (bpf_ktime_get_ns() - t->ran_at_ns) * 100 / (p->scx.weight ? p->scx.weight : 1));
	if (!t->in_kvm)
		return;
	cx = call_here();
	index = adopt(cx, (u32)p->pid, (u32)p->tgid);
	if (index < 0) {
		t->in_kvm = 0;
		return;
	}
	t->vcpu = (u32)index + 1;
	follow_cpumask(cx, &cx->host->vcpus[index], p->cpus_ptr);
	carry_out(cx, (s32)cx->cpu);
}

SEC("struct_ops/rota_quiescent")
void BPF_PROG(rota_quiescent, struct task_struct *p, u64 deq_flags)
{
	struct task_ctx *t = task_ctx(p);
	sched_call_t *cx;
	vcpu_t *v;

	USE_ARENA();
	if (!t || !t->vcpu || !(deq_flags & SCX_DEQ_SLEEP))
		return;
	v = vcpu_of(t);
	if (v->pause_flags & VPF_blocked)
		return;
	cx = call_here();
	vcpu_block(cx, v);
	carry_out(cx, (s32)cx->cpu); /* this CPU comes to dispatch by itself */
}

SEC("struct_ops/rota_yield")
bool BPF_PROG(rota_yield, struct task_struct *from, struct task_struct *to)
{
	struct task_ctx *t = task_ctx(from), *tt = to ? task_ctx(to) : NULL;
	sched_call_t *cx;
	bool yes = false;

	USE_ARENA();
	if (!t || !t->vcpu) {
		if (!to)
			set_slice(from, 0);
		return false;
	}
	cx = call_here();
	if (!to) {
		vcpu_yield(cx, vcpu_of(t));
		set_slice(from, 0);
	} else if (tt && tt->vcpu) {
		COUNT(nr_yield_to);
		yes = vcpu_yield_to(cx, vcpu_of(t), vcpu_of(tt));
		if (yes) {
			COUNT(nr_yield_ok);
			set_slice(from, 0);
		}
	}
	carry_out(cx, (s32)cx->cpu);
	return yes;
}

SEC("struct_ops/rota_set_cpumask")
void BPF_PROG(rota_set_cpumask, struct task_struct *p, const struct kmask *mask)
{
	struct task_ctx *t = task_ctx(p);
	sched_call_t *cx;

	USE_ARENA();
	if (!t || !t->vcpu)
		return;
	cx = call_here();
	follow_cpumask(cx, vcpu_of(t), mask);
	carry_out(cx, -1);
}

/*
 * The task goes to another scheduling class (or the scheduler goes): its vCPU sleeps as far as the core is concerned.
 */
SEC("struct_ops/rota_disable")
void BPF_PROG(rota_disable, struct task_struct *p)
{
	struct task_ctx *t = task_ctx(p);
	sched_call_t *cx;

	USE_ARENA();
	if (!t || !t->vcpu || vcpu_of(t)->pause_flags & VPF_blocked)
		return;
	cx = call_here();
	vcpu_block(cx, vcpu_of(t));
	carry_out(cx, -1);
}

SEC("struct_ops/rota_init_task")
s32 BPF_PROG(rota_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	(void)args;
	return bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE) ? 0 : -SCHED_ENOMEM;
}

SEC("struct_ops/rota_exit_task")
void BPF_PROG(rota_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	struct task_ctx *t = task_ctx(p);
	sched_call_t *cx;

	USE_ARENA();
	(void)args;
	if (!t || !t->vcpu)
		return;
	cx = call_here();
	leave(cx, t->vcpu - 1);
	t->vcpu = 0;
	carry_out(cx, -1);
}

SEC("struct_ops.s/rota_init")
s32 BPF_PROG(rota_init)
{
	for (u32 i = ZERO; i < live.nr_cpus && i < LIVE_MAX_CPUS && can_loop; i++) {
		struct cpu_ctx *c = cpu_ctx(i);
		s32 ret = scx_bpf_create_dsq(i, -1);

		if (ret)
			return ret;
		if (!c)
			return -SCHED_EINVAL;
		ret = (s32)bpf_timer_init(&c->timer, &cpus, 1 /* CLOCK_MONOTONIC */);
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

/* A thread enters a guest: the sure sign of a vCPU. It is adopted when it next leaves its CPU. */
SEC("raw_tracepoint")
int rota_kvm_entry(void *ctx)
{
	struct task_ctx *t = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0);

	(void)ctx;
	if (t && !t->in_kvm)
		t->in_kvm = 1;
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
	.disable = (void *)rota_disable,
	.init_task = (void *)rota_init_task,
	.exit_task = (void *)rota_exit_task,
	.init = (void *)rota_init,
	.exit = (void *)rota_exit,
	.flags = SCX_OPS_ENQ_LAST | SCX_OPS_ENQ_EXITING,
	.timeout_ms = 30000,
	.name = "rota",
};
