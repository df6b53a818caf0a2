/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads of vCPUs: which one is whose, and how one is told from all other tasks. */

#define SWITCH_SPINS 1000 /* looks at another CPU that is in the middle of a switch */

/*
 * The thread of each vCPU, by its index, so that none is searched for when its turn comes. Read within an operation, it
 * is good to the operation's end, which is when RCU's grace may end.
 */
struct vcpu_thread {
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIVE_MAX_CPUS + LIVE_MAX_VM_VCPUS);
	__type(key, u32);
	__type(value, struct vcpu_thread);
} threads SEC(".maps");

/* The thread of vCPU @index from now on, whose reference is passed on; NULL: none. */
static void set_thread(u32 index, struct task_struct *task)
{
	struct vcpu_thread *slot = bpf_map_lookup_elem(&threads, &index);

	if (slot)
		task = bpf_kptr_xchg(&slot->task, task);
	if (task)
		bpf_task_release(task);
}

/* Task @p is its vCPU's thread from now on. */
static void hold_thread(struct task_struct *p)
{
	struct task_struct *task = bpf_task_acquire(p);

	if (task)
		set_thread(vcpu_index(p), task);
}

/*
 * Is @p in KVM_RUN? While a thread is in an ioctl of a vCPU, KVM has a preemption notifier on it, which lies in the
 * vCPU; and there stands who called KVM_RUN last. (Who only sets a vCPU up has never called it.) Costs nothing where
 * it isn't asked, unlike a program at every VM entry.
 */
static inline bool runs_guest(struct task_struct *p)
{
	u64 notifier, pid = 0;

	if (!bpf_core_field_exists(struct kvm_vcpu, pid) || !bpf_core_field_exists(p->preempt_notifiers))
		return false;
	notifier = (u64)p->preempt_notifiers.first;
	if (!notifier)
		return false;
	notifier -= bpf_core_field_offset(struct kvm_vcpu, preempt_notifier);
	bpf_probe_read_kernel(&pid, sizeof(pid), (void *)(notifier + bpf_core_field_offset(struct kvm_vcpu, pid)));
	return pid && pid == (u64)p->thread_pid;
}

/*
 * 0 or 1, in an int until Linux 7 made a byte of it. libbpf won't fit the size of a signed field in a load, so the load
 * must not be one of the field: its first byte tells.
 */
static inline bool on_cpu(struct task_struct *task)
{
	u64 at = bpf_core_field_offset(task->on_cpu);

	barrier_var(at);
	return *((volatile u8 *)task + at);
}

/*
 * Is the CPU that @task was put off still on its way to the next one? What runs there until then, programs of ours
 * among it, runs in @task's name, and each of them keeps it from migrating; the kernel (6.12) asks for that without
 * the other run queue's lock, and takes it for an error of the scheduler's. It takes a moment, so wait for it: but not
 * for ever, as in a virtual machine that CPU may itself be waiting.
 */
static inline bool still_switching(struct task_struct *task)
{
	for (u32 i = ZERO; i < SWITCH_SPINS && can_loop; i++)
		if (!on_cpu(task))
			return false;
	return true;
}
