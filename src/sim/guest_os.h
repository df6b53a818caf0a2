/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest operating system of `model: program`: tasks on the vCPUs of one domain (issue 4).
 *
 * A vCPU is always doing one thing, at one of these levels, the first that has something to do:
 *
 *	interrupt handler	interrupts off; takes what is pending, one kind after the other
 *	softirq			interrupts on; one answer of a device after the other
 *	change of tasks
 *	its current task	computing, or waiting in a spin loop (interrupts on, no change of tasks)
 *	nothing			it halts
 *
 * Whatever it does ends at an instant that can be told while nothing comes between; the machine asks for it whenever
 * the vCPU gets a pCPU (guest_run) and steps the guest (guest_os_step) when it has come. Only a step changes what the
 * guest does, and a vCPU is stepped only while it runs: a preempted vCPU holds its locks, keeps its place in a queue,
 * and answers no IPI. What a step does to *other* vCPUs is left for the machine to carry out: those that are `poked`
 * run and must be asked for their end again, or halt and must be woken.
 *
 * Interrupts and PAUSE exits cost the vm_exit of the host; guest code costs what the program says.
 *
 *	guest_program.c		tasks through their programs
 *	guest_sched.c		run queues, wake-ups, changes of tasks
 *	guest_rt.c		the same for periodic tasks with deadlines (model: tasks)
 *	guest_lock.c		spinlocks, mutexes, barriers
 *	guest_rwsem.c		reader/writer semaphores
 *	guest_irq.c		interrupts, IPIs, TLB shootdowns, devices and timers
 *	guest_net.c		a network card and its reader
 *	machine_guest.c		what the host does about it
 */
#ifndef SIM_GUEST_OS_H
#define SIM_GUEST_OS_H

#include "sim/event.h"
#include "sim/guest.h"
#include "sim/histogram.h"
#include "sim/program.h"

/*
 * Which part of the guest its instruction pointer is in: where a hypervisor that looks finds the vCPU. Of a vCPU that
 * does not run, where it was stopped.
 */
enum guest_ip {
	IP_IDLE, /* halted, or about to */
	IP_USER, /* a task computes, without a spinlock */
	IP_CRITICAL, /* ... with one */
	IP_LOCK_WAIT,
	IP_LOCK_HANDOVER, /* gives a lock to a waiter that halted: the kick */
	IP_TLB_WAIT, /* sent a shootdown and waits for the siblings */
	IP_CALL_WAIT, /* the same for a call of one function */
	IP_IPI_HANDLER, /* a call or a shootdown of a sibling */
	IP_RESCHEDULE_HANDLER,
	IP_IRQ, /* of a device or the timer */
	IP_SOFTIRQ,
	IP_SCHEDULER,
	NR_GUEST_IPS
};

enum task_state { TASK_QUEUED, TASK_CURRENT, TASK_BLOCKED, TASK_DONE };
/* What a task is at when it is current. */
enum task_act { ACT_NEXT, ACT_COMPUTE, ACT_SPIN, ACT_TLB, ACT_CALL };
/* What the interrupt is for that sits pending on a vCPU or is handled there. */
enum guest_irq { IRQ_CALL = 1, IRQ_RESCHEDULE = 2, IRQ_TIMER = 4, IRQ_DEVICE = 8, IRQ_SCRIPT = 16 };

struct task {
	const struct program_tasks *entry;
	struct task *next; /* in the one queue that it is in */
	struct guest_cpu *home;
	struct random rng;
	uint32_t id, space;
	uint32_t pc;
	uint32_t turns[PROGRAM_MAX_LOOPS]; /* of each loop, that are left */
	int passes; /* done */
	uint8_t state, act;
	bool masked; /* computes with interrupts off */
	bool retry_lock; /* woken to take the mutex it waited for */
	bool reads; /* the rwsem it takes, or waits for */
	bool granted; /* woken as a reader: is in already */
	bool answered; /* woken by a device: since wait_since_ns */
	uint32_t spinlocks; /* in hand: it can't be preempted */
	uint32_t semaphores; /* in hand, mutexes among them */
	uint32_t calls; /* siblings that have not answered yet */
	int32_t lock; /* waited for: one of the copies */
	uint8_t place; /* enum program_place, of the spinlock taken last */
	uint16_t *copy; /* of each lock in hand, the one that was drawn */
	int64_t need_ns; /* of ACT_COMPUTE; until a waiter for a pv lock halts; else GUEST_FOREVER */
	int64_t call_ns; /* the handler of its call or shootdown */
	int64_t slice_ns; /* left of its turn */
	int64_t wait_since_ns;
	int64_t release_ns, key; /* guest_rt.c: of its job, or the next one's; what is smaller goes first */
	bool placed;
};

struct task_queue {
	struct task *head, *tail;
};

struct lock {
	const struct program_lock *scn;
	struct task *owner; /* rwsem: the writer */
	struct task_queue waiters; /* rwsem: writers that spin */
	struct task_queue sleepers; /* rwsem: readers and writers */
	uint32_t readers; /* of an rwsem, inside or woken to be */
	int64_t taken_ns;
	uint64_t acquired, contended;
	struct histogram wait, hold;
};

struct barrier {
	uint32_t parties, come;
	struct task_queue waiters;
};

struct guest_cpu {
	struct guest *guest;
	struct guest_os *os;
	uint32_t id;
	struct task *curr, *last; /* last: whose state is loaded */
	struct task_queue *queue; /* its own, or that of the first vCPU, which is everybody's */
	struct task_queue own_queue;
	int64_t space; /* address space that is loaded, -1 none; kept while idle */
	uint8_t pending; /* enum guest_irq */
	uint8_t handling; /* one of them, 0 none */
	bool in_softirq, in_net, preempt, up, lock_halted, kicking;
	bool net; /* the network's softirq is raised */
	bool poked, wake;
	uint8_t irq_waits; /* enum guest_irq: posted while it waits for a pCPU, and the host was not told yet */
	bool leaves; /* guest_rt.c: is to change its job */
	uint32_t caller; /* handling IRQ_CALL: of this vCPU */
	int64_t handler_ns, softirq_ns, switch_ns; /* left of each */
	int64_t script_ns; /* what interrupts of the script want */
	int64_t ple_ns; /* until a spin loop makes the vCPU exit */
	uint64_t *calls; /* bit i: vCPU i waits for a call here */
	struct task_queue timers, answers, softirqs; /* tasks that interrupts will wake: fired, not handled; ... */
};

/* A program's network card; see guest_net.c. */
struct net {
	uint32_t ring, socket; /* packets that wait for the softirq, for the reader */
	uint32_t first; /* of sent_ns, the oldest that is unread */
	int64_t *sent_ns; /* of each unread packet, program_net.window of them */
	int64_t next_ns; /* when the next is sent */
	struct random rng;
	bool stopped; /* a stream whose window is full */
	bool polling; /* the softirq is at work or will be: no interrupts */
	struct task *reader; /* sleeps for a packet */
	int64_t transit_ns; /* of the last packet read, -1 none */
	int64_t jitter_ns; /* RFC 1889's, times 16 */
	uint64_t received, lost, jitter_sum_ns;
};

/* Of an entry of `model: tasks`. */
struct rt_stats {
	uint64_t jobs, missed; /* finished or overdue; those late */
	struct histogram release; /* from when a job was due until the guest knew of it */
	struct histogram response, tardiness; /* of finished jobs */
};

struct guest_os_stats {
	uint64_t ops; /* passes of programs */
	uint64_t acquired;
	uint64_t ple_exits[3]; /* of ACT_SPIN, ACT_TLB, ACT_CALL */
	int64_t spin_ns[3]; /* CPU time of each, exits among it */
	uint64_t halts_idle, halts_lock, kicks;
	uint64_t shootdowns, ipis_call, ipis_reschedule, interrupts;
	uint64_t switches;
	struct histogram lock_wait, tlb_sync, answer; /* answer: from the device's until its task runs */
};

struct guest_os {
	const struct program *program;
	int64_t vm_exit_ns, ple_window_ns; /* window 0: spinning makes no exits */
	struct guest_cpu *cpus;
	uint32_t nr_cpus, first_vcpu, call_words;
	struct task *tasks;
	uint32_t nr_live;
	struct lock *locks; /* all copies of all; the statistics of a name are with its first */
	uint16_t *lock_copies; /* task.copy of all */
	struct barrier *barriers;
	struct net net;
	struct event_queue timers; /* slot: task, of sleepers and waiters for a device; the last: the network */
	int64_t armed_ns; /* of the host's timer for them, GUEST_FOREVER none */
	uint32_t *poked; /* vCPUs that the machine must look at */
	uint32_t nr_poked;
	int64_t now;
	struct guest_os_stats stats;
	struct rt_stats *rt; /* by entry; NULL: no periodic tasks */
	struct histogram response_ppm; /* response times in millionths of the deadline */
};

/* What a vCPU wants after a step. */
enum guest_next { GUEST_GOES_ON, GUEST_BLOCKS, GUEST_YIELDS };

/*
 * The guest of a domain whose workload is @load; @guests: those of its vCPUs, @n of them, the first of which is vCPU
 * @first of the host, initialised and at stable addresses. NULL: no memory.
 */
struct guest_os *guest_os_create(const struct scenario *s, const struct scn_workload *load, uint32_t domain,
				 uint32_t first, uint32_t n);
void guest_os_attach(struct guest_os *os, uint32_t cpu, struct guest *g);
void guest_os_free(struct guest_os *os);
/* Start counting anew. */
void guest_os_reset(struct guest_os *os);

/* Count the jobs that are overdue at the end. */
void rt_finish(struct guest_os *os, int64_t now);
/* What periodic tasks can use, pCPUs. */
double rt_demand(const struct program *p);

/* The questions of guest.h, for a vCPU of a program. */
bool guest_os_wake(struct guest_cpu *c, int64_t now);
bool guest_os_irq(struct guest_cpu *c, int64_t now, int64_t cost);
int64_t guest_os_run(struct guest_cpu *c, int64_t now);
void guest_os_stop(struct guest_cpu *c, int64_t now);
/* What the vCPU did is done, or something came: what it does now. Only of a vCPU that runs. */
enum guest_next guest_os_step(struct guest_cpu *c, int64_t now, int64_t *until);
/* The timers of the domain's tasks up to @now fire. */
void guest_os_timers(struct guest_os *os, int64_t now);
/* When that ends which a running vCPU does. */
int64_t guest_os_end(const struct guest_cpu *c);
enum guest_ip guest_os_ip(const struct guest_cpu *c);
const char *guest_ip_name(enum guest_ip ip);

/* ---- between the guest_*.c ---- */

static inline void task_push(struct task_queue *q, struct task *t)
{
	t->next = NULL;
	if (q->head)
		q->tail->next = t;
	else
		q->head = t;
	q->tail = t;
}

static inline void task_push_head(struct task_queue *q, struct task *t)
{
	t->next = q->head;
	if (!q->head)
		q->tail = t;
	q->head = t;
}

static inline struct task *task_pop(struct task_queue *q)
{
	struct task *t = q->head;

	q->head = t->next;
	return t;
}

static inline void task_unlink(struct task_queue *q, const struct task *t)
{
	struct task *prev = NULL;

	for (struct task *x = q->head; x != t; x = x->next)
		prev = x;
	if (prev)
		prev->next = t->next;
	else
		q->head = t->next;
	if (q->tail == t)
		q->tail = prev;
}

/* Bring what is left of the vCPU's work up to the present. */
void guest_account(struct guest_cpu *c);
/* The host takes time from the vCPU's work, from now on. */
static inline void guest_charge(struct guest_cpu *c, int64_t ns)
{
	c->guest->since_ns += ns;
}
/* The next PAUSE is the first of a loop. */
static inline void ple_restart(struct guest_cpu *c)
{
	c->ple_ns = c->os->ple_window_ns ? c->os->ple_window_ns : GUEST_FOREVER;
}
/* Something changed for vCPU @c: if it runs, the machine must ask it for its end again. */
void guest_poke(struct guest_cpu *c);

/* guest_sched.c */
bool task_preemptible(const struct guest_cpu *c);
bool guest_wants_switch(const struct guest_cpu *c);
void guest_switch(struct guest_cpu *c);
/* The current task waits for something. */
void task_block(struct guest_cpu *c);
/* @t may go on, says vCPU @from. */
void task_wake(struct guest_cpu *from, struct task *t);

/* guest_rt.c; what guest_sched.c does for others */
int rt_init(struct guest_os *os, int64_t start_ns);
void rt_reset(struct guest_os *os);
void rt_free(struct guest_os *os);
bool rt_wants_switch(const struct guest_cpu *c);
void rt_switch(struct guest_cpu *c);
void rt_wake(struct guest_cpu *from, struct task *t);
struct guest_cpu *rt_timer_vcpu(struct task *t); /* that takes the interrupt of its release */
void rt_job_over(struct guest_cpu *c); /* the current task's */

/* guest_lock.c */
void lock_take(struct guest_cpu *c, int32_t lock); /* by the current task */
void lock_give(struct guest_cpu *c, int32_t lock);
bool lock_granted(const struct task *t, const struct guest_os *os); /* to a spinning waiter */
void lock_enter(struct guest_cpu *c); /* a granted waiter goes in */
void barrier_come(struct guest_cpu *c, int32_t barrier);
void barrier_leave(struct guest_cpu *c, uint32_t barrier); /* a task that has ended */

void lock_acquired(struct guest_cpu *c, struct lock *l, bool waited);

/* guest_rwsem.c */
void rwsem_take(struct guest_cpu *c, struct lock *l, int32_t lock);
void rwsem_give(struct guest_cpu *c, struct lock *l);
bool rwsem_granted(const struct task *t, const struct lock *l); /* to a spinning writer */
bool rwsem_gives_up(const struct task *t, const struct lock *l); /* ... or it goes to sleep */

/* guest_irq.c */
void irq_post(struct guest_cpu *c, enum guest_irq irq);
void irq_begin(struct guest_cpu *c); /* of the first that is pending */
void irq_end(struct guest_cpu *c);
void softirq_begin(struct guest_cpu *c);
void softirq_end(struct guest_cpu *c);
void ipi_reschedule(struct guest_cpu *from, struct guest_cpu *to);
void ipi_call(struct guest_cpu *from, struct guest_cpu *to); /* for its current task */
void tlb_shootdown(struct guest_cpu *c); /* for its current task */
void call_many(struct guest_cpu *c, int32_t of); /* likewise */
void task_sleep(struct guest_cpu *c, int64_t ns);

/* guest_net.c */
int net_init(struct guest_os *os, uint64_t seed, uint32_t domain);
void net_free(struct guest_os *os);
void net_reset(struct guest_os *os);
void net_arrives(struct guest_os *os); /* its timer */
void net_poll(struct guest_cpu *c); /* the softirq has done a packet */
bool net_read(struct guest_cpu *c, uint32_t *packets); /* by the current task, which sleeps if there are none */

/* guest_program.c */
void task_next_step(struct guest_cpu *c);
/* The vCPU's current task has interrupts off. */
static inline bool guest_masked(const struct guest_cpu *c)
{
	return c->curr && c->curr->masked;
}

#endif
