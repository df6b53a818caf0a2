/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host's kernel side: what KVM's tracepoints tell of guests, for turns (sched/assist.c). Included by
 * rota.bpf.c; attached only while some pool has turns.
 *
 * The programs on tracepoints run with interrupts on, so they may not enter the core (sched_lock()). They note, and the
 * scheduler's operations take up what was noted:
 *
 *   kvm_exit             where the guest on this CPU is, and why it left, until its thread leaves the CPU
 *   kvm_apic_accept_irq  an interrupt for a vCPU: if it waits for a pCPU, a note for that pCPU, and a kick
 *
 * The records are read at fixed places, which the loader compares with what tracefs says before it attaches them.
 */

/* As the kernel lays kvm_exit's record out, from its beginning. */
struct kvm_exit_record {
	u64 common;
	u32 exit_reason;
	u64 guest_rip;
	u32 isa; /* 1 Intel's, 2 AMD's */
	u64 info1, info2;
	u32 intr_info, error_code;
	u32 vcpu_id;
};

/* The same of kvm_apic_accept_irq and kvm_apicv_accept_irq. */
struct kvm_irq_record {
	u64 common;
	u32 apicid; /* KVM's number of the vCPU */
	u16 dm, tm;
	u8 vec;
};

#define EXIT_HLT_INTEL 12
#define EXIT_HLT_AMD 0x78

/* The last exit on a CPU since a vCPU's thread came to run there. */
struct guest_exit {
	u64 ip; /* 0: there was none */
	u32 vcpu; /* KVM's number, and one */
	u32 halted;
};

static struct guest_exit exits[LIVE_MAX_CPUS];

/* Of a pCPU on which a vCPU waits that was sent an interrupt: its index in the host, and one; IPI_NOTE besides. */
#define IPI_NOTE (1U << 31)
static u32 interrupt_note[LIVE_MAX_CPUS];

SEC("tracepoint")
int rota_kvm_exit(struct kvm_exit_record *r)
{
	struct guest_exit *e = &exits[bpf_get_smp_processor_id() % LIVE_MAX_CPUS];

	e->ip = r->guest_rip;
	e->vcpu = r->vcpu_id + 1;
	e->halted = r->exit_reason == (r->isa == 1 ? EXIT_HLT_INTEL : EXIT_HLT_AMD);
	return 0;
}

/* The domain whose VMM thread @on is; NULL: none's. */
static domain_t *domain_of_task(const struct task_struct *on)
{
	host_t *h = live.host;
	u32 n = live.domains_top + 1;

	if (is_vcpu(on))
		return AT(h->vcpus, vcpu_index(on))->domain;
	for (u32 i = ZERO + 1; i < n && can_loop; i++)
		if (AT(live.domains, i)->tgid == (u32)on->tgid)
			return AT(h->domains, i);
	return NULL;
}

SEC("tracepoint")
int rota_kvm_irq(struct kvm_irq_record *r)
{
	struct task_struct *on = bpf_get_current_task_btf();
	u32 id = r->apicid + 1, cpu;
	domain_t *d;
	link_t *l;

	USE_ARENA();
	if (live.exit_kind)
		return 0;
	d = domain_of_task(on);
	if (!d)
		return 0;
	/* The list may change meanwhile, when the domain goes: it may lead anywhere, but not for ever. */
	l = d->vcpus.next;
	for (u32 n = ZERO; n < SCHED_MAX_DOMAIN_VCPUS && l != &d->vcpus && can_loop; n++, l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (AT(live.vcpus, v->index)->kvm_id != id)
			continue;
		if (v->runstate != RUNSTATE_runnable || v->is_running)
			return 0;
		v->assist.irq_pending = 1;
		COUNT(irq);
		if (!v->domain->pool->assist.params.irq_ns && !v->domain->pool->assist.hidden)
			return 0;
		cpu = v->processor->id;
		interrupt_note[cpu % LIVE_MAX_CPUS] = (v->index + 1) | (is_vcpu(on) ? IPI_NOTE : 0);
		scx_bpf_kick_cpu((s32)cpu, SCX_KICK_PREEMPT);
		return 0;
	}
	return 0;
}

/* ---- for the operations ---- */

/* A vCPU's thread comes to run on @cpu: what was noted there is another one's. */
static inline void guest_comes(u32 cpu)
{
	if (live.watching)
		exits[cpu % LIVE_MAX_CPUS].ip = 0;
}

/* Where v's guest is, whose thread is on @cpu. */
NO_FRAME void guest_note(vcpu_t *v, u32 cpu)
{
	struct guest_exit *e = &exits[cpu % LIVE_MAX_CPUS];

	if (!live.watching || !e->ip)
		return;
	v->assist.ip = e->ip;
	AT(live.vcpus, v->index)->kvm_id = e->vcpu;
}

/* v's thread goes to sleep on @cpu. If its guest has halted, that tells where its kernel lies (kvm/guest_symbols.c). */
NO_FRAME void guest_sleeps(vcpu_t *v, u32 cpu)
{
	guest_note(v, cpu);
	if (live.watching && exits[cpu % LIVE_MAX_CPUS].ip && exits[cpu % LIVE_MAX_CPUS].halted)
		AT(live.domains, v->domain->id)->halt_ip = v->assist.ip;
}

static inline bool interrupt_noted(u32 cpu)
{
	return interrupt_note[cpu % LIVE_MAX_CPUS];
}

/* The core hears of what rota_kvm_irq() noted for this pCPU. */
CORE_FN int interrupt_taken(sched_call_t *cx ARG)
{
	u32 note = interrupt_note[cx->cpu % LIVE_MAX_CPUS], index = (note & ~IPI_NOTE) - 1;
	host_t *h = cx->host;

	interrupt_note[cx->cpu % LIVE_MAX_CPUS] = 0;
	if (note && index < h->limits.vcpus)
		vcpu_interrupt(cx, AT(h->vcpus, index), note & IPI_NOTE);
	return 0;
}
