// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A live host's cpupools. What each command does stands in kvm/pool.bpf.c; here it is tried again as long as a vCPU is
 * still where it must leave, and given up in time; and what is wanted is noted, for the scheduler's next life.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/kvm_host.h"
#include "kvm/helpers.h"

#define INSIST_NS (2 * 1000 * MSEC) /* within which whoever is on a pCPU must have left it */
#define INSIST_US 1000

/* -EAGAIN: somebody is still there; the effects are under way. */
static int insist(struct live_host *lh, const struct live_command *cmd)
{
	s64 end = live_now() + INSIST_NS;

	for (;;) {
		struct live_command copy = *cmd;
		int ret = carry_out_live(lh, &copy);

		if (ret != -SCHED_EAGAIN || live_now() > end)
			return ret;
		usleep(INSIST_US);
	}
}

static int create(struct live_host *lh, const struct command *cmd)
{
	struct live_command live = {
		.op = cmd->hidden ? LIVE_POOL_HIDE : LIVE_POOL_CREATE,
		.pool = cmd->hidden ? cmd->pool : 0,
		.a = (s32)cmd->sched,
	};
	int id;

	id = carry_out_live(lh, &live);
	if (id < 0)
		return id;
	memset(&lh->pools.pool[id], 0, sizeof(lh->pools.pool[id]));
	memset(&lh->params[id], 0, sizeof(lh->params[id]));
	lh->pools.pool[id].used = true;
	lh->pools.pool[id].sched = cmd->sched;
	lh->pools.pool[id].hidden = cmd->hidden;
	lh->pools.pool[id].parent = cmd->hidden ? cmd->pool : 0;
	lh->pools.pool[id].micro = lh->g->host->pools[id].assist.micro;
	return id;
}

static int set_micro(struct live_host *lh, const struct command *cmd)
{
	struct live_command live = { .op = LIVE_MICRO, .pool = cmd->pool, .micro = cmd->micro };
	int ret = carry_out_live(lh, &live);

	if (!ret)
		lh->pools.pool[cmd->pool].micro = cmd->micro;
	return ret;
}

static int destroy(struct live_host *lh, const struct command *cmd)
{
	struct live_command live = { .op = LIVE_POOL_DESTROY, .pool = cmd->pool };
	int ret = cmd->pool ? carry_out_live(lh, &live) : -SCHED_EBUSY;

	if (!ret) {
		lh->pools.pool[cmd->pool].used = false;
		free(lh->params[cmd->pool].table);
		lh->params[cmd->pool].table = NULL;
	}
	return ret;
}

static int remove_cpu(struct live_host *lh, u32 pool, u32 cpu)
{
	struct live_command live = { .op = LIVE_CPU_REMOVE, .pool = pool, .a = (s32)cpu }, back = live;
	int ret = insist(lh, &live);

	if (!ret) {
		mask_clear(&lh->pools.pool[pool].cpus, cpu);
		mask_set(&lh->pools.free, cpu);
		live_host_widen(lh, pool);
	} else if (ret == -SCHED_EAGAIN || ret == -ETIMEDOUT) {
		back.op = LIVE_CPU_ADD;
		carry_out_live(lh, &back);
	}
	return ret;
}

static int add_cpu(struct live_host *lh, u32 pool, u32 cpu)
{
	struct live_command live = { .op = LIVE_CPU_ADD, .pool = pool, .a = (s32)cpu }, back = live;
	int ret = carry_out_live(lh, &live);

	if (ret == -SCHED_ENOMEM) {
		back.op = LIVE_CPU_REMOVE;
		insist(lh, &back);
	}
	if (!ret) {
		mask_clear(&lh->pools.free, cpu);
		if (pool)
			mask_set(&lh->pools.pool[pool].cpus, cpu);
	}
	return ret;
}

/* A VM's helpers go with it, or, where they can't have one share with it, are the host's again (kvm/helpers.c). */
static void move_helpers(struct live_host *lh, u32 domain, u32 pool)
{
	u32 id = helpers_of(lh, domain);
	struct live_command detach = { .op = LIVE_SDOM_DETACH,
				       .domain = id,
				       .generation = lh->g->domains[id].generation };

	if (!id || id == domain || lh->g->host->domains[id].sdom != &lh->g->host->domains[domain])
		return;
	if (helpers_share(&lh->g->host->pools[pool]))
		lh->vms[id].pool = pool;
	else if (!carry_out_live(lh, &detach))
		lh->g->domains[id].released = 1;
}

static int move(struct live_host *lh, u32 domain, u32 pool)
{
	struct live_vm *vm = &lh->vms[domain];
	struct live_command live = {
		.op = LIVE_MOVE,
		.domain = domain,
		.generation = lh->g->domains[domain].generation,
		.pool = pool,
	}, back = live;
	u32 from = vm->pool;
	int ret;

	move_helpers(lh, domain, pool);
	vm->pool = pool; /* or it would be sent back */
	ret = insist(lh, &live);
	if (!ret) {
		live_host_widen(lh, pool);
		return 0;
	}
	vm->pool = from;
	back.pool = from;
	if (ret == -SCHED_EAGAIN || ret == -ETIMEDOUT)
		carry_out_live(lh, &back);
	return ret;
}

int kvm_pool(struct live_host *lh, const struct command *cmd)
{
	if (cmd->pool >= LIVE_MAX_POOLS)
		return -SCHED_ENOENT;
	switch (cmd->op) {
	case CMD_POOL_CREATE:
		return create(lh, cmd);
	case CMD_POOL_DESTROY:
		return destroy(lh, cmd);
	case CMD_POOL_MICRO:
		return set_micro(lh, cmd);
	case CMD_CPU_ADD:
		return add_cpu(lh, cmd->pool, cmd->cpu);
	case CMD_CPU_REMOVE:
		return remove_cpu(lh, cmd->pool, cmd->cpu);
	case CMD_MOVE:
		return cmd->domain == LIVE_DOM0 ? -SCHED_EPERM : move(lh, cmd->domain, cmd->pool);
	default:
		return -ENOTSUP;
	}
}
