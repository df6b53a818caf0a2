/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laying out a host. All objects live in one block of memory, so that the block can be a BPF arena, and a host can be
 * saved by copying it. Runs natively only: on a live host the loader does it, before the BPF side starts.
 */

static const char *const sched_names[] = {
#define SCHEDULER(name, id, full) [id] = #name,
	SCHEDULERS(SCHEDULER)
#undef SCHEDULER
};

static const char *const sched_full_names[] = {
#define SCHEDULER(name, id, full) [id] = full,
	SCHEDULERS(SCHEDULER)
#undef SCHEDULER
};

#define NR_SCHED_NAMES (sizeof(sched_names) / sizeof(sched_names[0]))

static bool name_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

SCHED_API s32 sched_find(const char *name)
{
	for (u32 i = 0; i < NR_SCHED_NAMES; i++)
		if (sched_names[i] && name_equal(sched_names[i], name))
			return (s32)i;
	return -SCHED_ENOENT;
}

SCHED_API const char *sched_name(u32 id)
{
	return id < NR_SCHED_NAMES && sched_names[id] ? sched_names[id] : "idle";
}

SCHED_API const char *sched_full_name(u32 id)
{
	return id < NR_SCHED_NAMES && sched_full_names[id] ? sched_full_names[id] : "Idle Scheduler";
}

static u64 carve(u64 *size, u64 item, u64 n)
{
	u64 at = (*size + 63) & ~63ULL;

	*size = at + item * n;
	return at;
}

struct host_layout {
	u64 pcpus, vcpus, domains, pools, credit2_runqs, core_mask, node_mask, scratch, saved_hard, refills, size;
};

static void layout(const struct host_limits *lim, struct host_layout *l)
{
	l->size = sizeof(struct host);
	l->pcpus = carve(&l->size, sizeof(struct pcpu), lim->pcpus);
	l->vcpus = carve(&l->size, sizeof(struct vcpu), (u64)lim->vcpus + lim->pcpus);
	l->domains = carve(&l->size, sizeof(struct domain), (u64)lim->domains + 1);
	l->pools = carve(&l->size, sizeof(struct cpupool), lim->pools);
	l->credit2_runqs = carve(&l->size, sizeof(struct credit2_runq), lim->pcpus);
	l->core_mask = carve(&l->size, sizeof(struct cpumask), lim->cores);
	l->node_mask = carve(&l->size, sizeof(struct cpumask), lim->nodes);
	l->scratch = carve(&l->size, sizeof(struct cpumask), 3ULL * lim->pcpus);
	/* Last: what few vCPUs use is memory that is never touched. */
	l->saved_hard = carve(&l->size, sizeof(struct cpumask), lim->vcpus);
	l->refills = carve(&l->size, RT_REFILLS * sizeof(struct rt_refill), lim->vcpus);
}

SCHED_API u64 host_size(const struct host_limits *limits)
{
	struct host_layout l;

	layout(limits, &l);
	return l.size;
}

static bool limits_valid(const struct host_limits *l)
{
	return l->pcpus >= 1 && l->pcpus <= SCHED_MAX_PCPUS && l->cores >= 1 && l->cores <= l->pcpus && l->nodes >= 1 &&
	       l->nodes <= SCHED_MAX_NODES && l->nodes <= l->cores && l->domains >= 1 &&
	       l->domains <= SCHED_MAX_DOMAINS && l->vcpus >= 1 && l->vcpus <= SCHED_MAX_VCPUS && l->pools >= 1 &&
	       l->pools <= SCHED_MAX_POOLS;
}

static void idle_vcpu_init(host_t *h, pcpu_t *p)
{
	vcpu_t *idle = &h->vcpus[h->limits.vcpus + p->id];

	idle->id = p->id;
	idle->index = h->limits.vcpus + p->id;
	idle->domain = h->idle_domain;
	idle->processor = p;
	idle->is_idle = 1;
	idle->is_running = 1;
	idle->runstate = RUNSTATE_running;
	idle->last_cpu = (s32)p->id;
	idle->credit.pri = CREDIT_IDLE;
	mask_set(&idle->hard, p->id);
	mask_set(&idle->soft, p->id);
	p->idle = idle;
	p->curr = idle;
	p->unit = idle;
}

SCHED_API host_t *host_init(void ARENA *mem, const struct host_limits *limits, const u32 *core_of, const u32 *node_of)
{
	host_t *h = mem;
	char ARENA *base = mem;
	struct host_layout l;

	if (!limits_valid(limits))
		return NULL;
	for (u32 i = 0; i < limits->pcpus; i++)
		if (core_of[i] >= limits->cores || node_of[i] >= limits->nodes)
			return NULL;
	layout(limits, &l);
	h->limits = *limits;
	h->mask_words = (limits->pcpus + 63) / 64;
	h->moving_cpu = -1;
	h->pcpus = (pcpu_t *)(base + l.pcpus);
	h->vcpus = (vcpu_t *)(base + l.vcpus);
	h->domains = (domain_t *)(base + l.domains);
	h->idle_domain = &h->domains[limits->domains];
	h->pools = (cpupool_t *)(base + l.pools);
	h->credit2_runqs = (credit2_runq_t *)(base + l.credit2_runqs);
	h->core_mask = (cpumask_t *)(base + l.core_mask);
	h->node_mask = (cpumask_t *)(base + l.node_mask);
	h->scratch = (cpumask_t *)(base + l.scratch);
	h->idle_domain->id = TRC_DOM_IDLE;
	h->idle_domain->used = 1;
	for (u32 i = 0; i < limits->pcpus; i++)
		h->credit2_runqs[i].index = i;
	list_init(&h->free_vcpus);
	for (u32 i = 0; i < limits->vcpus; i++) {
		h->vcpus[i].index = i;
		h->vcpus[i].saved_hard = (cpumask_t *)(base + l.saved_hard) + i;
		h->vcpus[i].refills = (rt_refill_t *)(base + l.refills) + (u64)i * RT_REFILLS;
		list_add_tail(&h->free_vcpus, &h->vcpus[i].domain_link);
	}
	for (u32 i = 0; i < limits->pcpus; i++) {
		pcpu_t *p = &h->pcpus[i];
		u32 threads;

		p->id = i;
		p->core = core_of[i];
		p->node = node_of[i];
		for (u32 t = 0; t < NR_TIMERS; t++)
			p->timer_ns[t] = TIME_NEVER;
		p->deadline_ns = TIME_NEVER;
		list_init(&p->assist.turns);
		mask_set(&h->free_cpus, i);
		mask_set(&h->all_cpus, i);
		mask_set(&h->core_mask[p->core], i);
		mask_set(&h->node_mask[p->node], i);
		threads = mask_weight(&h->core_mask[p->core], h->mask_words);
		if (threads > h->threads_per_core)
			h->threads_per_core = threads;
		idle_vcpu_init(h, p);
	}
	return h;
}
