// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who works for a VM beside its vCPUs: the VMM's other threads. From Linux 6.4 on vhost's workers are threads of the
 * VMM too; before, they are kernel threads, and stay the host's. A thread whose name says that it is a vCPU that has
 * not run yet is left alone.
 *
 * They are vCPUs of a domain of their own, called NAME-dm as Xen's stub domains are, which is accounted to the VM:
 * one weight and one cap for both. It is made only where the VM's scheduler can do that (credit, credit2); in a pool of
 * another, which would give it a reservation of its own, the threads are the host's again.
 */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/files.h"
#include "kvm/helpers.h"

u32 helpers_of(const struct live_host *lh, u32 vm)
{
	const struct live_domain *all = lh->g->domains;

	for (u32 i = 1; i < lh->g->host->limits.domains; i++)
		if (all[i].helpers && all[i].tgid && all[i].tgid == all[vm].tgid)
			return i;
	return 0;
}

u32 helped_by(const struct live_host *lh, u32 helpers)
{
	const struct live_domain *all = lh->g->domains;

	for (u32 i = 1; i < lh->g->host->limits.domains; i++)
		if (!all[i].helpers && all[i].tgid && all[i].tgid == all[helpers].tgid)
			return i;
	return 0;
}

bool helpers_share(const cpupool_t *pool)
{
	bool can = false;

#define SCHEDULER(name, id, full) can |= pool->sched == id;
	TURN_SCHEDULERS(SCHEDULER) /* SDOM_SCHEDULERS of the BPF side */
#undef SCHEDULER
	return can;
}

static bool is_one_of(const struct live_host *lh, u32 id, u32 tid)
{
	static vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = live_host_vcpus(lh, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);

	for (u32 i = 0; i < n; i++)
		if (lh->g->vcpus[vcpus[i]->index].pid == tid)
			return true;
	return false;
}

/* "CPU 0/KVM" of QEMU, "fc_vcpu 0", "vcpu0". */
static bool named_as_vcpu(u32 tgid, u32 tid)
{
	char name[32];

	return live_read(name, sizeof(name), "/proc/%u/task/%u/comm", tgid, tid) <= 0 || strstr(name, "/KVM") ||
	       strstr(name, "vcpu");
}

/* Let it be seen. False: too many wait. */
static bool announce(struct live_globals *g, u32 tid, u32 id)
{
	struct live_helper *room = NULL;

	for (u32 i = 0; i < LIVE_MAX_HELPERS; i++) {
		struct live_helper *w = &g->helpers[i];

		if (w->pid == tid)
			return true;
		if (!w->pid)
			room = w;
	}
	if (!room)
		return false;
	room->domain = id;
	room->generation = g->domains[id].generation;
	g->hint[tid % LIVE_HINTS] = 1;
	__atomic_store_n(&room->pid, tid, __ATOMIC_RELEASE);
	return true;
}

/* Who has gone meanwhile, or whose domain has, leaves the room to others; so do the hints. */
static void forget_dead(struct live_globals *g)
{
	u8 hint[LIVE_HINTS] = { 0 };

	for (u32 i = 0; i < LIVE_MAX_HELPERS; i++) {
		struct live_helper *w = &g->helpers[i];
		u32 pid = w->pid;

		if (pid && (!vmm_started(pid) || g->domains[w->domain].generation != w->generation))
			__atomic_compare_exchange_n(&w->pid, &pid, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		else if (pid)
			hint[pid % LIVE_HINTS] = 1;
	}
	for (u32 i = 0; i < LIVE_HINTS; i++)
		if (g->hint[i] != hint[i])
			g->hint[i] = hint[i];
}

static void announce_all(struct live_host *lh, u32 vm, u32 id)
{
	u32 tgid = lh->g->domains[vm].tgid;
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir;

	if (live_path(path, sizeof(path), "/proc/%u/task", tgid))
		return;
	dir = opendir(path);
	if (!dir)
		return;
	while ((e = readdir(dir))) {
		u32 tid = (u32)strtoul(e->d_name, NULL, 10);

		if (tid && !is_one_of(lh, vm, tid) && !is_one_of(lh, id, tid) && !named_as_vcpu(tgid, tid) &&
		    !announce(lh->g, tid, id))
			break;
	}
	closedir(dir);
}

void helpers_look(struct live_host *lh, u32 vm)
{
	domain_t *d = &lh->g->host->domains[vm], *hd;
	u32 id = helpers_of(lh, vm);
	bool can = helpers_share(d->pool);

	forget_dead(lh->g);
	if (!id) {
		if (can)
			live_host_own(lh, vm, &(struct live_command){ .op = LIVE_HELPERS });
		return;
	}
	hd = &lh->g->host->domains[id];
	lh->g->domains[id].released = !can;
	if (!can)
		return;
	if (hd->pool != d->pool) {
		lh->vms[id].pool = d->pool->id; /* it is sent there */
		return;
	}
	if (!d->sdom && !hd->sdom && !lh->vms[id].apart)
		live_host_own(lh, id, &(struct live_command){ .op = LIVE_SDOM_ATTACH, .a = (s32)vm });
	announce_all(lh, vm, id);
}
