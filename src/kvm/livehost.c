// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMs come and go by themselves: the BPF side makes a domain when a process's first thread enters a guest, and takes it
 * away with the last. What it can't know is found out here a moment later: the name, and the weight and cap that the
 * VM's cgroup asks for; that is read again every second. So the loader holds what is wanted of each domain, and
 * whenever the core has something else it asks the BPF side to change it. That also brings everything back after a
 * restart (CPU hotplug), and lets a cap of 400 wait for a fourth vCPU.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kvm/helpers.h"
#include "kvm/livehost.h"

#define RETRY_NS (1000 * MSEC)
#define REREAD_NS (1000 * MSEC) /* how often a VM's cgroup is read */
#define PAUSE_NS (2 * 1000 * MSEC) /* within which a VM that is paused must have stopped */

s64 live_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (s64)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- the mailbox ---- */

int live_host_submit(struct live_host *lh, const struct live_command *cmd)
{
	if (lh->queued == LIVE_MAX_COMMANDS)
		return -EBUSY;
	lh->queue[(lh->first + lh->queued++) % LIVE_MAX_COMMANDS] = *cmd;
	return 0;
}

bool live_host_busy(const struct live_host *lh)
{
	return lh->queued > 0;
}

static void post(struct live_host *lh, const struct live_command *cmd, s64 now)
{
	struct live_mailbox *m = lh->g->mailbox;

	m->op = cmd->op;
	m->domain = cmd->domain;
	m->pool = cmd->pool;
	m->a = cmd->a;
	m->b = cmd->b;
	m->params = cmd->params;
	m->credit2 = cmd->credit2;
	m->rt_pool = cmd->rt_pool;
	m->rt = cmd->rt;
	m->cpus = cmd->cpus;
	m->turns = cmd->turns;
	m->micro = cmd->micro;
	m->arinc = cmd->arinc;
	lh->seq++;
	__atomic_store_n(&m->seq, lh->seq, __ATOMIC_RELEASE);
	lh->posted = true;
	lh->posted_ns = now;
}

static void pop(struct live_host *lh, int result)
{
	struct live_command cmd = lh->queue[lh->first];

	lh->first = (lh->first + 1) % LIVE_MAX_COMMANDS;
	lh->queued--;
	if (cmd.done)
		cmd.done(lh, &cmd, result);
}

/* The slot may have gone to another VM since the command was given. */
static bool still_meant(const struct live_host *lh, const struct live_command *cmd)
{
	return !cmd->generation || lh->g->domains[cmd->domain].generation == cmd->generation;
}

static void mailbox_poll(struct live_host *lh, s64 now)
{
	struct live_mailbox *m = lh->g->mailbox;

	for (;;) {
		if (lh->posted && __atomic_load_n(&m->done, __ATOMIC_ACQUIRE) == lh->seq) {
			lh->posted = false;
			if (!lh->abandoned)
				pop(lh, m->result);
			lh->abandoned = false;
			continue;
		}
		if (!lh->queued)
			return;
		if (lh->posted) {
			/*
			 * What is in the mailbox can't be taken out; its owner, and all behind him, need not wait for
			 * ever.
			 */
			if (now - lh->posted_ns < LIVE_COMMAND_NS)
				return;
			lh->abandoned = true;
			pop(lh, -ETIMEDOUT);
			continue;
		}
		if (still_meant(lh, &lh->queue[lh->first]))
			post(lh, &lh->queue[lh->first], now);
		else
			pop(lh, -SCHED_ESRCH);
	}
}

/* ---- VMs ---- */

bool live_host_has(const struct live_host *lh, u32 id)
{
	const host_t *h = lh->g->host;
	const struct live_domain *ld;

	if (id >= h->limits.domains || !h->domains[id].used || !lh->vms[id].known)
		return false;
	ld = &lh->g->domains[id];
	return id == LIVE_DOM0 ||
	       (ld->tgid == lh->vms[id].tgid && ld->generation == lh->vms[id].generation && ld->threads);
}

int live_host_find(const struct live_host *lh, const char *domain)
{
	u32 max = lh->g->host->limits.domains;
	char *end;
	unsigned long id;

	if (*domain >= '0' && *domain <= '9') {
		id = strtoul(domain, &end, 10);
		if (!*end)
			return id < max && live_host_has(lh, (u32)id) ? (int)id : -ENOENT;
	}
	for (u32 i = 0; i < max; i++)
		if (live_host_has(lh, i) && !strcmp(lh->vms[i].name, domain))
			return (int)i;
	return -ENOENT;
}

u32 live_host_vcpus(const struct live_host *lh, u32 id, vcpu_t **vcpus, u32 max)
{
	host_t *h = lh->g->host;
	link_t *head = &h->domains[id].vcpus;
	u32 n = 0;

	for (link_t *l = head->next; l != head && n < max; l = l->next) {
		vcpu_t *v = link_of(l, vcpu_t, domain_link);

		if (v < h->vcpus || v >= h->vcpus + h->limits.vcpus || ((char *)v - (char *)h->vcpus) % sizeof(*v) ||
		    v->domain != &h->domains[id])
			break;
		vcpus[n++] = v;
	}
	return n;
}

/* A name that is not UTF-8 can't be told in JSON. */
static void make_utf8(char *name)
{
	json_t *s = json_string(name);

	if (!s)
		for (; *name; name++)
			*name = *name & 0x80 ? '_' : *name;
	json_decref(s);
}

/* Two VMs of one name could not be told apart: the later one is called NAME-PID. */
static void make_unique(struct live_host *lh, u32 id)
{
	struct live_vm *vm = &lh->vms[id];
	char tail[16];
	int n;

	for (u32 i = 0; i < lh->g->host->limits.domains; i++) {
		if (i == id || !live_host_has(lh, i) || strcmp(lh->vms[i].name, vm->name))
			continue;
		n = snprintf(tail, sizeof(tail), "-%u", vm->tgid);
		vm->name[LIVE_NAME_LEN - 1 - n] = '\0';
		strcat(vm->name, tail);
		return;
	}
}

static void meet(struct live_host *lh, u32 id)
{
	struct live_domain *ld = &lh->g->domains[id];
	struct live_vm *vm = &lh->vms[id];
	char name[LIVE_NAME_LEN];
	struct vmm vmm;

	free(vm->rt);
	free(vm->soft);
	free(vm->symbols);
	memset(vm, 0, sizeof(*vm));
	vm->known = true;
	vm->tgid = ld->tgid;
	vm->generation = ld->generation;
	vm->started = vmm_started(vm->tgid);
	vm->helpers = ld->helpers;
	vm->weight = lh->g->host->domains[id].weight;
	vm->pool = lh->g->host->domains[id].pool->id;
	for (u32 i = 1; i <= LIVE_MAX_VMS; i++) {
		struct live_vm *old = &lh->before[i];

		/* Known or not: a scheduler that is being left takes its leave of the VMs first. */
		if (old->tgid == vm->tgid && old->started == vm->started && old->helpers == vm->helpers) {
			memcpy(vm->name, old->name, sizeof(vm->name));
			vm->weight = old->weight;
			vm->cap = old->cap;
			vm->cgroup_weight = old->cgroup_weight;
			vm->cgroup_cap = old->cgroup_cap;
			vm->apart = old->apart;
			vm->paused = old->paused;
			vm->pool = old->pool;
			vm->rt = old->rt;
			vm->soft = old->soft;
			old->rt = NULL;
			old->soft = NULL;
			vm->symbols = old->symbols;
			vm->slide_known = old->slide_known;
			vm->slide_found = old->slide_found;
			old->symbols = NULL;
			return;
		}
	}
	if (vm->helpers) {
		memcpy(name, lh->vms[helped_by(lh, id)].name, sizeof(name));
		snprintf(vm->name, sizeof(vm->name), "%.*s-dm", LIVE_NAME_LEN - 4, name);
		make_unique(lh, id);
		return;
	}
	vmm_read(&vmm, vm->tgid);
	memcpy(vm->name, vmm.name, sizeof(vm->name));
	vm->weight = vm->cgroup_weight = vmm.weight;
	vm->cap = vm->cgroup_cap = vmm.cap;
	make_utf8(vm->name);
	/* Nothing but digits is an id. */
	if (!vm->name[strspn(vm->name, "0123456789")] || !strcmp(vm->name, lh->vms[LIVE_DOM0].name))
		snprintf(vm->name, sizeof(vm->name), "vm-%u", vm->tgid);
	make_unique(lh, id);
}

/* An own command about a domain ended; on a failure try again, but not at once. */
static void own_done(struct live_host *lh, const struct live_command *cmd, int result)
{
	struct live_vm *vm = &lh->vms[cmd->domain];

	vm->busy = false;
	if (result < 0)
		vm->retry_ns = live_now() + (result == -SCHED_EAGAIN ? 0 : RETRY_NS);
}

void live_host_own(struct live_host *lh, u32 id, const struct live_command *cmd)
{
	struct live_command copy = *cmd;

	copy.domain = id;
	copy.generation = lh->g->domains[id].generation;
	copy.done = own_done;
	lh->vms[id].busy = !live_host_submit(lh, &copy);
}

/* A change of the VM's cgroup counts as a setting like any other: the last one holds. */
static void follow_cgroup(struct live_vm *vm)
{
	struct vmm vmm;

	if (vmm_read_limits(&vmm, vm->tgid))
		return;
	if (vmm.weight != vm->cgroup_weight)
		vm->weight = vm->cgroup_weight = vmm.weight;
	if (vmm.cap != vm->cgroup_cap)
		vm->cap = vm->cgroup_cap = vmm.cap;
}

/* The largest cap that the core takes from a domain of so many vCPUs, at most what is wanted. */
static u32 cap_now(const struct live_vm *vm, const domain_t *d)
{
	u32 most = 100U * d->nr_vcpus;

	return vm->cap < most ? vm->cap : most;
}

int live_host_want_rt(struct live_host *lh, u32 id, u32 number, const struct rt_params *params)
{
	struct live_vm *vm = &lh->vms[id];

	if (!vm->rt)
		vm->rt = calloc(LIVE_MAX_RT, sizeof(*vm->rt));
	if (!vm->rt || number >= LIVE_MAX_RT)
		return -ENOMEM;
	vm->rt[number] = params ? (struct live_rt){ .given = true, .params = *params } : (struct live_rt){ 0 };
	return 0;
}

static bool same_rt(const struct rt_params *a, const struct rt_params *b)
{
	return a->period_ns == b->period_ns && a->budget_ns == b->budget_ns && a->deadline_ns == b->deadline_ns &&
	       a->phase_ns == b->phase_ns && a->latency_ns == b->latency_ns && a->priority == b->priority &&
	       a->kind == b->kind && a->extratime == b->extratime;
}

/* Give again what a vCPU has lost by a restart; one at a time. */
static void look_after_rt(struct live_host *lh, u32 id)
{
	static vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	struct live_vm *vm = &lh->vms[id];
	u32 n = live_host_vcpus(lh, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);

	for (u32 i = 0; i < n && i < LIVE_MAX_RT; i++) {
		if (!vm->rt[i].given || (vcpus[i]->rt_given && same_rt(&vcpus[i]->rt_user, &vm->rt[i].params)))
			continue;
		live_host_own(lh, id,
			      &(struct live_command){
				      .op = LIVE_RT, .a = (s32)vcpus[i]->index, .rt = vm->rt[i].params });
		return;
	}
}

int live_host_want_soft(struct live_host *lh, u32 id, u32 number, const struct cpumask *soft)
{
	struct live_vm *vm = &lh->vms[id];

	if (!vm->soft)
		vm->soft = calloc(LIVE_MAX_RT, sizeof(*vm->soft));
	if (!vm->soft || number >= LIVE_MAX_RT)
		return -ENOMEM;
	vm->soft[number] = *soft;
	return 0;
}

/* The same of soft affinities. (Hard ones stay with the threads.) */
static void look_after_soft(struct live_host *lh, u32 id)
{
	static vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	static const struct cpumask none;
	struct live_vm *vm = &lh->vms[id];
	u32 n = live_host_vcpus(lh, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);

	for (u32 i = 0; i < n && i < LIVE_MAX_RT; i++) {
		const struct cpumask *soft = &vm->soft[i];

		if (!memcmp(soft, &none, sizeof(none)) || !memcmp(soft, &vcpus[i]->soft, sizeof(*soft)))
			continue;
		live_host_own(lh, id,
			      &(struct live_command){ .op = LIVE_SOFT, .a = (s32)vcpus[i]->index, .cpus = *soft });
		return;
	}
}

/* ---- pauses ---- */

/* Whoever is not held yet, of a VM that is to be. */
static int hold(struct live_host *lh, u32 id)
{
	static vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = live_host_vcpus(lh, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);
	int ret = 0;

	for (u32 i = 0; i < n && !ret; i++) {
		u32 tid = lh->g->vcpus[vcpus[i]->index].pid;

		ret = tid ? halt_thread(&lh->halts, tid, lh->vms[id].tgid) : 0;
		if (ret == -ESRCH)
			ret = 0; /* it dies */
	}
	return ret;
}

int live_host_pause(struct live_host *lh, u32 id)
{
	struct live_vm *vm = &lh->vms[id];
	s64 end = live_now() + PAUSE_NS;
	u32 running;
	int ret;

	vm->paused = true;
	for (;;) {
		ret = hold(lh, id);
		halts_poll(&lh->halts);
		halts_of(&lh->halts, vm->tgid, &running);
		if (!ret && running && live_now() > end)
			ret = -ETIMEDOUT;
		if (ret)
			live_host_unpause(lh, id);
		if (ret || !running)
			return ret;
		usleep(200);
	}
}

void live_host_unpause(struct live_host *lh, u32 id)
{
	lh->vms[id].paused = false;
	halts_release(&lh->halts, lh->vms[id].tgid);
}

int live_host_want_symbols(struct live_host *lh, u32 id, const struct symbol_table *table, bool slide_known)
{
	struct live_vm *vm = &lh->vms[id];
	size_t size = table ? sizeof(*table) + table->nr * sizeof(table->entry[0]) : 0;
	struct symbol_table *copy = NULL;

	if (table && table->nr > LIVE_SYMBOL_ENTRIES)
		return -E2BIG;
	if (table) {
		copy = malloc(size);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, table, size);
	}
	free(vm->symbols);
	vm->symbols = copy;
	vm->symbols_new = true;
	vm->slide_known = slide_known;
	vm->retry_ns = 0;
	return 0;
}

/* Where the guest halted last tells its kernel's slide, also a new one after it was started anew. */
static void find_slide(struct live_vm *vm, const struct live_domain *ld)
{
	s64 slide;

	if (!vm->symbols || vm->slide_known || !ld->halt_ip)
		return;
	slide = guest_slide(vm->symbols, ld->halt_ip);
	if (slide < 0 || (vm->slide_found && vm->symbols->slide == (u64)slide))
		return;
	vm->symbols->slide = (u64)slide;
	vm->slide_found = true;
	vm->symbols_new = true;
}

/*
 * The table in a domain's place must not change while it counts: so it is taken away, written, given. True: there was
 * something to do.
 */
static bool look_after_symbols(struct live_host *lh, u32 id)
{
	struct live_vm *vm = &lh->vms[id];
	const struct symbol_table *t = vm->symbols;
	bool has = lh->g->host->domains[id].assist.symbols, wanted = t && (vm->slide_known || vm->slide_found);

	if (has && (vm->symbols_new || !wanted)) {
		live_host_own(lh, id, &(struct live_command){ .op = LIVE_SYMBOLS, .a = 0 });
		return true;
	}
	if (has || !wanted)
		return false;
	memcpy(lh->g->symbols + (size_t)id * LIVE_SYMBOL_BYTES, t, sizeof(*t) + t->nr * sizeof(t->entry[0]));
	vm->symbols_new = false;
	live_host_own(lh, id, &(struct live_command){ .op = LIVE_SYMBOLS, .a = 1 });
	return true;
}

/* Domain-0's weight and cap are the same in each pool, as far as the pool has pCPUs for the cap. */
static void look_after_host(struct live_host *lh)
{
	const struct live_vm *dom0 = &lh->vms[LIVE_DOM0];

	for (u32 i = 1; i < LIVE_MAX_POOLS; i++) {
		u32 id = lh->g->host_domain[i];
		const domain_t *d = &lh->g->host->domains[id];

		if (!id || !d->used || !d->nr_vcpus || lh->vms[id].busy)
			continue;
		if (d->weight != dom0->weight || d->cap != cap_now(dom0, d))
			live_host_own(lh, id,
				      &(struct live_command){
					      .op = LIVE_ADJUST, .a = (s32)dom0->weight, .b = (s32)cap_now(dom0, d) });
	}
}

/* No thread of it is left. Who is accounted to it, or it to another, is detached before it is destroyed. */
static void bury(struct live_host *lh, u32 id)
{
	domain_t *all = lh->g->host->domains;

	for (u32 i = 1; i < lh->g->host->limits.domains; i++) {
		if (!all[i].used || !all[i].sdom || (i != id && all[i].sdom != &all[id]))
			continue;
		if (!lh->vms[i].busy)
			live_host_own(lh, i, &(struct live_command){ .op = LIVE_SDOM_DETACH });
		return;
	}
	live_host_own(lh, id, &(struct live_command){ .op = LIVE_REAP });
}

static void look_after(struct live_host *lh, u32 id, s64 now)
{
	struct live_domain *ld = &lh->g->domains[id];
	struct live_vm *vm = &lh->vms[id];
	domain_t *d = &lh->g->host->domains[id];

	if (id != LIVE_DOM0) {
		if (!ld->tgid || !d->used) {
			vm->known = false;
			return;
		}
		if (!vm->known || vm->generation != ld->generation || vm->tgid != ld->tgid)
			meet(lh, id);
		if (!vm->helpers && now >= vm->reread_ns) {
			vm->reread_ns = now + REREAD_NS;
			follow_cgroup(vm);
			if (!lh->no_helpers && ld->threads && !vm->busy && !lh->asked)
				helpers_look(lh, id);
		}
		if (vm->paused)
			hold(lh, id);
		find_slide(vm, ld);
	}
	if (vm->busy || lh->asked || now < vm->retry_ns)
		return;
	if (id != LIVE_DOM0 && !ld->threads && !(vm->helpers && !ld->released && helped_by(lh, id)))
		bury(lh, id);
	else if (d->nr_vcpus && d->pool->id != vm->pool && !d->sdom)
		live_host_own(lh, id, &(struct live_command){ .op = LIVE_MOVE, .pool = vm->pool });
	else if (d->nr_vcpus && (d->weight != vm->weight || d->cap != cap_now(vm, d)))
		live_host_own(lh, id,
			      &(struct live_command){
				      .op = LIVE_ADJUST, .a = (s32)vm->weight, .b = (s32)cap_now(vm, d) });
	else if (id != LIVE_DOM0 && look_after_symbols(lh, id))
		return;
	else if (vm->rt)
		look_after_rt(lh, id);
	if (vm->soft && !vm->busy)
		look_after_soft(lh, id);
	if (id == LIVE_DOM0)
		look_after_host(lh);
}

void live_host_widen(struct live_host *lh, u32 pool)
{
	static vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	host_t *h = lh->g->host;

	for (u32 id = 1; id < h->limits.domains; id++) {
		u32 n = live_host_has(lh, id) && h->domains[id].pool->id == pool ?
				live_host_vcpus(lh, id, vcpus, SCHED_MAX_DOMAIN_VCPUS) :
				0;

		for (u32 i = 0; i < n; i++)
			pin_widen(&lh->pins, lh->g->vcpus[vcpus[i]->index].pid, &h->pools[pool].cpus, &h->all_cpus);
	}
}

/* ---- tables of arinc653 ---- */

int live_host_want_table(struct live_host *lh, u32 pool, const struct arinc_table *table)
{
	struct live_pool_params *p = &lh->params[pool];

	if (!p->table)
		p->table = malloc(sizeof(*p->table));
	if (!p->table)
		return -ENOMEM;
	memset(p->table, 0, sizeof(*p->table));
	p->table->table = *table;
	for (u32 i = 0; i < table->nr; i++)
		if (table->frame[i].domain != ARINC_IDLE)
			memcpy(p->table->name[i], lh->vms[table->frame[i].domain].name, LIVE_NAME_LEN);
	return 0;
}

void live_host_renamed(struct live_host *lh, const char *old, const char *name)
{
	for (u32 i = 0; i < LIVE_MAX_POOLS; i++)
		for (u32 k = 0; lh->params[i].table && k < lh->params[i].table->table.nr; k++)
			if (!strcmp(lh->params[i].table->name[k], old))
				snprintf(lh->params[i].table->name[k], LIVE_NAME_LEN, "%s", name);
}

/* The table as it is now: frames of VMs that are not there are nobody's. */
static void table_now(const struct live_host *lh, const struct live_table *wanted, struct arinc_table *t)
{
	*t = wanted->table;
	for (u32 i = 0; i < t->nr; i++) {
		int id = wanted->name[i][0] ? live_host_find(lh, wanted->name[i]) : -ENOENT;

		t->frame[i].domain = id < 0 ? ARINC_IDLE : (u32)id;
	}
}

static bool same_table(const struct arinc_table *a, const struct arinc_table *b)
{
	if (a->nr != b->nr || a->major_ns != b->major_ns || a->donate != b->donate)
		return false;
	for (u32 i = 0; i < a->nr; i++)
		if (a->frame[i].domain != b->frame[i].domain || a->frame[i].vcpu != b->frame[i].vcpu ||
		    a->frame[i].time_ns != b->frame[i].time_ns)
			return false;
	return true;
}

static void table_given(struct live_host *lh, const struct live_command *cmd, int result)
{
	(void)result;
	lh->params[cmd->pool].table_busy = false;
}

static void look_after_table(struct live_host *lh, u32 pool)
{
	struct live_pool_params *p = &lh->params[pool];
	struct live_command cmd = { .op = LIVE_ARINC, .pool = pool, .done = table_given };

	if (!p->table || p->table_busy || lh->asked || !lh->pools.pool[pool].used ||
	    lh->g->host->pools[pool].sched != SCHED_ID_arinc653)
		return;
	table_now(lh, p->table, &cmd.arinc);
	if (!same_table(&cmd.arinc, &lh->g->host->pools[pool].arinc653.table))
		p->table_busy = !live_host_submit(lh, &cmd);
}

/* ---- the whole ---- */

/* What a pool was given, in the scheduler's new life. */
static void give_params(struct live_host *lh, u32 pool)
{
	const struct live_pool_params *p = &lh->params[pool];
	struct live_command cmd = { .pool = pool };

	if (!lh->pools.pool[pool].used)
		return;
	if (p->turns_set)
		live_host_submit(lh, &(struct live_command){ .op = LIVE_TURNS, .pool = pool, .turns = p->turns });
	if (p->credit_set) {
		cmd.op = LIVE_PARAMS;
		cmd.params = p->credit;
	} else if (p->credit2_set) {
		cmd.op = LIVE_CREDIT2;
		cmd.credit2 = p->credit2;
	} else if (p->rt_set) {
		cmd.op = LIVE_RT_POOL;
		cmd.rt_pool = p->rt;
	} else {
		return;
	}
	live_host_submit(lh, &cmd);
}

void live_host_begin(struct live_host *lh, struct live_globals *g)
{
	struct live_vm *dom0 = &lh->vms[LIVE_DOM0];

	for (u32 i = 0; i <= LIVE_MAX_VMS; i++) {
		free(lh->before[i].rt);
		free(lh->before[i].soft);
		free(lh->before[i].symbols);
	}
	/*
	 * Held threads enter no guest, by which alone the new BPF side could know them: they are held again when it
	 * does.
	 */
	for (u32 i = 0; i <= LIVE_MAX_VMS; i++)
		if (lh->vms[i].paused)
			halts_release(&lh->halts, lh->vms[i].tgid);
	memcpy(lh->before, lh->vms, sizeof(lh->before));
	memset(lh->vms, 0, sizeof(lh->vms));
	/* Who waits for the old BPF side waits in vain. */
	lh->g = g;
	while (lh->queued)
		pop(lh, -SCHED_EAGAIN);
	lh->posted = false;
	lh->abandoned = false;
	lh->seq = g->mailbox->seq;
	*dom0 = lh->before[LIVE_DOM0];
	lh->before[LIVE_DOM0].rt = NULL; /* it is dom0's now */
	if (!dom0->known) {
		dom0->known = true;
		dom0->weight = g->host->domains[LIVE_DOM0].weight;
		strcpy(dom0->name, "Domain-0");
	}
	dom0->busy = false;
	dom0->retry_ns = 0;
	for (u32 i = 0; i < LIVE_MAX_POOLS; i++)
		give_params(lh, i);
}

void live_host_end(struct live_host *lh)
{
	for (u32 i = 0; i <= LIVE_MAX_VMS; i++) {
		free(lh->vms[i].rt);
		free(lh->before[i].rt);
		free(lh->vms[i].soft);
		free(lh->before[i].soft);
		lh->vms[i].rt = lh->before[i].rt = NULL;
		lh->vms[i].soft = lh->before[i].soft = NULL;
		free(lh->vms[i].symbols);
		free(lh->before[i].symbols);
		lh->vms[i].rt = lh->before[i].rt = NULL;
		lh->vms[i].symbols = lh->before[i].symbols = NULL;
	}
	for (u32 i = 0; i < LIVE_MAX_POOLS; i++) {
		free(lh->params[i].table);
		lh->params[i].table = NULL;
	}
	halts_end(&lh->halts);
	pins_end(&lh->pins);
}

void live_host_poll(struct live_host *lh, s64 now)
{
	halts_poll(&lh->halts);
	mailbox_poll(lh, now);
	for (u32 i = 0; i < lh->g->host->limits.domains; i++)
		look_after(lh, i, now);
	for (u32 i = 0; i < LIVE_MAX_POOLS; i++)
		look_after_table(lh, i);
	mailbox_poll(lh, now);
}
