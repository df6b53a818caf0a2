// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A request is done whole or not at all. Its commands go one by one to the host, which has no transactions; so before
 * each one, what will undo it is noted, and if a later one is refused, all of that is done, last first.
 *
 * A domain's destruction can't be undone: verbs have it as their last command.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/verbs.h"

static bool note(struct request *r, const struct command *cmd)
{
	if (r->nr_undo == r->room_undo) {
		size_t room = r->room_undo ? 2 * r->room_undo : 16;
		struct command *undo = realloc(r->undo, room * sizeof(*undo));

		if (!undo)
			return false;
		r->undo = undo;
		r->room_undo = room;
	}
	r->undo[r->nr_undo++] = *cmd;
	return true;
}

static vcpu_t *vcpu_of(const struct request *r, u32 domain, u32 vcpu)
{
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = vcpus_of(r, domain, vcpus, SCHED_MAX_DOMAIN_VCPUS);

	return vcpu < n ? vcpus[vcpu] : NULL;
}

static bool note_affinity(struct request *r, u32 domain, const vcpu_t *v)
{
	struct command cmd = {
		.op = CMD_AFFINITY,
		.domain = domain,
		.vcpu = v->id,
		.set_hard = true,
		.set_soft = true,
		.hard = v->hard,
		.soft = v->soft,
	};

	return note(r, &cmd);
}

/* The hard affinities that the pool's loss of a pCPU would break; all of a domain's that moves to another pool. */
static bool note_affinities(struct request *r, const struct command *cmd)
{
	host_t *h = r->d->host;
	bool ok = true;

	FOR_EACH_DOMAIN (r->d, id) {
		vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
		cpupool_t *pool = domain_of(r, id)->pool;
		u32 n = 0;

		if (cmd->op == CMD_MOVE ? id == cmd->domain : pool && pool->id == cmd->pool)
			n = vcpus_of(r, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);
		for (u32 i = 0; i < n; i++) {
			struct cpumask left = pool->cpus;

			if (cmd->op == CMD_CPU_REMOVE)
				mask_clear(&left, cmd->cpu);
			if (cmd->op == CMD_MOVE || !mask_intersects(&vcpus[i]->hard, &left, h->mask_words))
				ok &= note_affinity(r, id, vcpus[i]);
		}
	}
	return ok;
}

/* What will undo @cmd, as things are now. */
static bool note_inverse(struct request *r, const struct command *cmd)
{
	struct command inv = *cmd;
	vcpu_t *v;

	switch (cmd->op) {
	case CMD_ADJUST:
		inv.weight = (s32)domain_of(r, cmd->domain)->weight;
		inv.cap = (s32)domain_of(r, cmd->domain)->cap;
		return note(r, &inv);
	case CMD_VCPU_RT:
		v = vcpu_of(r, cmd->domain, cmd->vcpu);
		if (!v)
			return true;
		inv.rt = v->rt_params;
		return note(r, &inv);
	case CMD_POOL_CREDIT:
		inv.credit = pool_of(r, cmd->pool)->credit.params;
		return note(r, &inv);
	case CMD_POOL_CREDIT2:
		inv.credit2 = pool_of(r, cmd->pool)->credit2.params;
		return note(r, &inv);
	case CMD_POOL_RT:
		inv.rt_pool = pool_of(r, cmd->pool)->rt.params;
		return note(r, &inv);
	case CMD_POOL_ARINC:
		inv.arinc = pool_of(r, cmd->pool)->arinc653.table;
		return !inv.arinc.nr || note(r, &inv);
	case CMD_POOL_TURNS:
		inv.turns = pool_of(r, cmd->pool)->assist.params;
		return note(r, &inv);
	case CMD_POOL_MICRO:
		inv.micro = pool_of(r, cmd->pool)->assist.micro;
		return note(r, &inv);
	case CMD_AFFINITY:
		v = vcpu_of(r, cmd->domain, cmd->vcpu);
		if (!v)
			return true;
		inv.hard = v->hard;
		inv.soft = v->soft;
		return note(r, &inv);
	case CMD_PAUSE:
		inv.op = CMD_UNPAUSE;
		return note(r, &inv);
	case CMD_UNPAUSE:
		inv.op = CMD_PAUSE;
		return note(r, &inv);
	case CMD_VCPU_UP:
		inv.op = CMD_VCPU_DOWN;
		return note(r, &inv);
	case CMD_VCPU_DOWN:
		inv.op = CMD_VCPU_UP;
		return note(r, &inv);
	case CMD_POOL_CREATE:
		inv.op = CMD_POOL_DESTROY;
		return note(r, &inv); /* its id: carry_out() */
	case CMD_CPU_ADD:
		inv.op = CMD_CPU_REMOVE;
		return note(r, &inv);
	case CMD_CPU_REMOVE:
		inv.op = CMD_CPU_ADD;
		return note_affinities(r, cmd) && note(r, &inv);
	case CMD_MOVE:
		inv.pool = domain_of(r, cmd->domain)->pool->id;
		return note_affinities(r, cmd) && note(r, &inv);
	case CMD_SDOM_ATTACH:
		inv.op = CMD_SDOM_DETACH;
		return note(r, &inv);
	case CMD_SDOM_DETACH:
		inv.op = CMD_SDOM_ATTACH;
		inv.sdom = domain_of(r, cmd->domain)->sdom->id;
		return note(r, &inv);
	case CMD_UNPIN:
	case CMD_POOL_DESTROY:
	case CMD_DESTROY:
		return true;
	}
	return false;
}

int carry_out(struct request *r, const struct command *cmd)
{
	size_t before = r->nr_undo;
	int ret;

	if (!note_inverse(r, cmd)) {
		r->nr_undo = before;
		return -ENOMEM;
	}
	ret = r->d->ops->command(r->d->arg, cmd);
	if (ret < 0)
		r->nr_undo = before;
	else if (cmd->op == CMD_POOL_CREATE)
		r->undo[r->nr_undo - 1].pool = (u32)ret;
	return ret;
}

bool admitted(struct request *r, u32 pool)
{
	char why[CONTROL_ERROR_LEN] = "";
	int over = r->d->ops->overbooked ? r->d->ops->overbooked(r->d->arg, pool, why) : 0;

	if (over == 1)
		refuse(r, EPERM, "cpupool '%s': %s", r->d->pool_name[pool], why);
	else if (over)
		warn(r, "cpupool '%s': %s", r->d->pool_name[pool], why);
	return over != 1;
}

void undo_all(struct request *r)
{
	while (r->nr_undo)
		r->d->ops->command(r->d->arg, &r->undo[--r->nr_undo]);
}
