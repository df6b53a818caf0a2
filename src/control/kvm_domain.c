// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a live host does with VMs as wholes: their vCPUs' affinity, pauses, the end.
 *
 * A vCPU's hard affinity is its thread's (kvm/pin.h): it is set there, and the kernel's side hears of it as it hears
 * of taskset and of libvirt's vcpupin; the last one holds. Soft affinity is nothing that the kernel knows: the core's
 * alone.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control/kvm_host.h"

#define END_NS (5 * 1000 * MSEC) /* within which a VMM that was killed is gone */
#define WAIT_US 1000

static bool same_cpus(const struct cpumask *a, const struct cpumask *b)
{
	for (u32 i = 0; i < MASK_WORDS; i++)
		if (a->w[i] != b->w[i])
			return false;
	return true;
}

static int set_soft(struct live_host *lh, const struct command *cmd, const vcpu_t *v)
{
	struct live_command live = {
		.op = LIVE_SOFT,
		.domain = cmd->domain,
		.generation = lh->g->domains[cmd->domain].generation,
		.a = (s32)v->index,
		.cpus = cmd->soft,
	};
	int ret = carry_out_live(lh, &live);

	return ret ? ret : live_host_want_soft(lh, cmd->domain, cmd->vcpu, &cmd->soft);
}

int kvm_affinity(struct live_host *lh, const struct command *cmd)
{
	static vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	struct cpumask hard = cmd->hard;
	host_t *h = lh->g->host;
	vcpu_t *v;
	u32 tid;
	int ret = 0;

	if (cmd->domain == LIVE_DOM0)
		return -ENOTSUP;
	if (cmd->vcpu >= live_host_vcpus(lh, cmd->domain, vcpus, SCHED_MAX_DOMAIN_VCPUS))
		return -SCHED_EINVAL;
	v = vcpus[cmd->vcpu];
	tid = lh->g->vcpus[v->index].pid;
	if (cmd->set_hard && !tid)
		return -SCHED_ESRCH;
	if (cmd->set_hard && !mask_intersects(&hard, &v->domain->pool->cpus, h->mask_words))
		return -SCHED_EINVAL;
	/* Soft first: what the kernel refuses of it is told before the thread is moved. */
	if (cmd->set_soft && !same_cpus(&cmd->soft, &v->soft))
		ret = set_soft(lh, cmd, v);
	if (!ret && cmd->set_hard && !same_cpus(&hard, &v->hard))
		ret = pin_thread(&lh->pins, tid, &hard);
	return ret;
}

int kvm_pause(struct live_host *lh, u32 domain)
{
	return domain == LIVE_DOM0 || lh->vms[domain].helpers ? -ENOTSUP : live_host_pause(lh, domain);
}

int kvm_unpause(struct live_host *lh, u32 domain)
{
	if (!lh->vms[domain].paused)
		return -SCHED_EINVAL;
	live_host_unpause(lh, domain);
	return 0;
}

/* The VMM is killed, as xl kills the domain: nothing of it has a say. */
int kvm_destroy(struct live_host *lh, u32 domain)
{
	struct live_vm *vm = &lh->vms[domain];
	u32 tgid = vm->tgid, generation = vm->generation;
	u64 started = vm->started;
	s64 end = live_now() + END_NS;
	int fd, ret;

	if (domain == LIVE_DOM0)
		return -ENOTSUP;
	fd = (int)syscall(SYS_pidfd_open, tgid, 0);
	if (fd < 0)
		return -errno;
	/* With the process in hand its number can't become another's. */
	ret = vmm_started(tgid) != started ? -ESRCH : (int)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	ret = ret == -1 ? -errno : ret;
	close(fd);
	while (!ret && lh->g->domains[domain].tgid == tgid && lh->g->domains[domain].generation == generation) {
		if (live_now() > end)
			ret = -ETIMEDOUT;
		live_host_poll(lh, live_now());
		usleep(WAIT_US);
	}
	return ret;
}

int kvm_sdom(struct live_host *lh, const struct command *cmd)
{
	bool attach = cmd->op == CMD_SDOM_ATTACH;
	struct live_command live = {
		.op = attach ? LIVE_SDOM_ATTACH : LIVE_SDOM_DETACH,
		.domain = cmd->domain,
		.generation = lh->g->domains[cmd->domain].generation,
		.a = (s32)cmd->sdom,
	};
	int ret;

	if (cmd->domain == LIVE_DOM0 || (attach && cmd->sdom == LIVE_DOM0))
		return -ENOTSUP;
	ret = carry_out_live(lh, &live);
	/* Helpers that are detached stay so; those that are attached by hand are as they would be by themselves. */
	if (!ret)
		lh->vms[cmd->domain].apart = !attach;
	return ret;
}

const char *kvm_cannot(const struct command *cmd)
{
	switch (cmd->op) {
	case CMD_AFFINITY:
		return "Domain-0's vCPU of a pCPU is the host's own tasks there, and stays";
	case CMD_PAUSE:
		return "these are a VMM's own threads; pause the VM";
	case CMD_SDOM_ATTACH:
		return "Domain-0 is the host itself: nobody is accounted to it, nor it to anybody";
	case CMD_VCPU_UP:
	case CMD_VCPU_DOWN:
		return "a live VM's vCPUs are threads of its VMM; let that plug them (virsh setvcpus)";
	default:
		return NULL;
	}
}
