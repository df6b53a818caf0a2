// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verbs about cpupools. Unlike xl's, each is done whole or not at all, its exit code tells, and a name belongs to
 * one pool only.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/verbs.h"

#define DOM0 0

static bool free_pool_name(struct request *r, const char *name, int but)
{
	if (!good_name(r, "cpupool", name))
		return false;
	FOR_EACH_POOL (r->d, id)
		if ((int)id != but && !strcmp(r->d->pool_name[id], name)) {
			refuse(r, EEXIST, "Pool name \"%s\" already exists", name);
			return false;
		}
	return true;
}

static bool add_cpus(struct request *r, u32 pool, const struct cpumask *cpus)
{
	host_t *h = r->d->host;

	for_each_cpu (c, (cpumask_t *)cpus, h->mask_words) {
		struct command cmd = { .op = CMD_CPU_ADD, .pool = pool, .cpu = (u32)c };
		int ret = carry_out(r, &cmd);

		if (ret < 0) {
			refuse(r, -ret, "Error moving cpu %d to cpupool: %s%s", c, error_words(ret),
			       mask_test(&pool_of(r, pool)->cpus, (u32)c) ? " (it is there already)" :
			       h->pcpus[c].pool				  ? " (another cpupool has it)" :
									    "");
			return false;
		}
	}
	return true;
}

static bool remove_cpus(struct request *r, u32 pool, const struct cpumask *cpus)
{
	for_each_cpu (c, (cpumask_t *)cpus, r->d->host->mask_words) {
		struct command cmd = { .op = CMD_CPU_REMOVE, .pool = pool, .cpu = (u32)c };
		int ret = carry_out(r, &cmd);

		if (ret < 0) {
			refuse(r, -ret, "Error removing cpu %d from cpupool: %s", c, error_words(ret));
			return false;
		}
	}
	return true;
}

/* @parent: of a hidden pool, else -1. */
static int create_pool(struct request *r, const char *name, u32 sched, int parent)
{
	struct command cmd = { .op = CMD_POOL_CREATE, .sched = sched, .hidden = parent >= 0 };
	int id;

	if (parent >= 0)
		cmd.pool = (u32)parent;
	id = carry_out(r, &cmd);
	if (id < 0) {
		refuse(r, -id, "error on creating cpupool: %s",
		       parent >= 0 && id == -EEXIST ? "its parent has a hidden cpupool already" :
		       parent >= 0 && id == -EINVAL ? "its parent is hidden itself, or its scheduler has no turns" :
						      command_words(r, &cmd, id));
		return -1;
	}
	snprintf(r->d->pool_name[id], CONTROL_NAME_LEN, "%s", name);
	return id;
}

/*
 * The pCPUs wanted: of `nodes`, those that are free; of `cpus`, each must be. None: the pool is empty, as xl's. False
 * when refused.
 */
static bool wanted_cpus(struct request *r, struct cpumask *cpus)
{
	host_t *h = r->d->host;

	if (json_object_get(r->in, "nodes")) {
		if (!ask_cpus(r, "nodes", true, cpus))
			return false;
		mask_and(cpus, cpus, &h->free_cpus);
		if (!mask_empty(cpus, h->mask_words))
			return true;
		refuse(r, EINVAL, "no free cpu found");
		return false;
	}
	if (!ask_cpus(r, "cpus", false, cpus))
		return false;
	for_each_cpu (c, cpus, h->mask_words)
		if (!mask_test(&h->free_cpus, (u32)c)) {
			refuse(r, EINVAL, "cpu %d illegal or not free", c);
			return false;
		}
	if (json_object_get(r->in, "cpus") && mask_empty(cpus, h->mask_words)) {
		refuse(r, EINVAL, "cpu list names no pCPU of this host");
		return false;
	}
	return true;
}

/* A hidden pool's own parameters, as far as they are given. */
static bool set_micro(struct request *r, u32 id)
{
	static const char *const modes[] = { "static", "code", "paper", "adaptive" };
	struct command cmd = { .op = CMD_POOL_MICRO, .pool = id };
	const char *mode = NULL;
	s64 slice = 0, limit = 0;
	bool has_slice, has_limit;
	int ret, i = 0;

	cmd.micro = pool_of(r, id)->assist.micro;
	if (!ask_string(r, "micro_mode", false, &mode) || !ask_number(r, "micro_slice_us", &slice, &has_slice) ||
	    !ask_number(r, "micro_limit", &limit, &has_limit))
		return false;
	while (mode && i < 4 && strcmp(modes[i], mode))
		i++;
	if (mode && i == 4) {
		refuse(r, EINVAL, "micro_mode must be static, code, paper or adaptive");
		return false;
	}
	if (mode)
		cmd.micro.mode = (u8)i;
	if (has_slice)
		cmd.micro.slice_ns = slice > 0 && slice < 1000000 ? slice * USEC : 0;
	if (has_limit)
		cmd.micro.limit = limit >= 0 && limit <= SCHED_MAX_PCPUS ? (u32)limit : ~0U;
	if (!mode && !has_slice && !has_limit)
		return true;
	ret = carry_out(r, &cmd);
	if (ret < 0)
		refuse(r, -ret, "%s",
		       "a micro-sliced cpupool has slices of 10 to 10000 us and a limit of CPUs that the host has");
	return ret >= 0;
}

json_t *verb_pool_create(struct request *r)
{
	const char *name = "", *sched = sched_name(r->d->host->pools[0].sched);
	struct cpumask cpus = { 0 };
	bool dry_run, hidden;
	u32 parent = 0;
	int id, which;

	if (!ask_string(r, "name", true, &name) || !ask_string(r, "sched", false, &sched) ||
	    !ask_flag(r, "dry_run", &dry_run) || !ask_flag(r, "hidden", &hidden) ||
	    !ask_pool(r, "parent", false, &parent))
		return NULL;
	if (hidden)
		sched = sched_name(pool_of(r, parent)->sched);
	if (!free_pool_name(r, name, -1))
		return NULL;
	which = sched_find(sched);
	if (which < 0)
		return refuse(r, ENOENT, "Unknown scheduler");
	if (!wanted_cpus(r, &cpus))
		return NULL;
	if (!dry_run) {
		id = create_pool(r, name, (u32)which, hidden ? (int)parent : -1);
		if (id < 0 || (hidden && !set_micro(r, (u32)id)) || !add_cpus(r, (u32)id, &cpus))
			return NULL;
	}
	return json_pack("{ss ss si sb si}", "name", name, "sched", sched, "cpus",
			 (int)mask_weight(&cpus, r->d->host->mask_words), "hidden", hidden, "parent", (int)parent);
}

json_t *verb_pool_destroy(struct request *r)
{
	struct command cmd = { .op = CMD_POOL_DESTROY };
	struct cpumask cpus;
	int ret;

	if (!ask_pool(r, "pool", true, &cmd.pool))
		return NULL;
	FOR_EACH_DOMAIN (r->d, id)
		if (domain_of(r, id)->pool->id == cmd.pool)
			return refuse(r, EBUSY, "Can't destroy cpupool '%s': it has domains",
				      r->d->pool_name[cmd.pool]);
	/* What a hidden pool's controller has lent goes home by itself. */
	cpus = pool_of(r, cmd.pool)->cpus;
	for_each_cpu (c, &pool_of(r, cmd.pool)->assist.lent, r->d->host->mask_words)
		mask_clear(&cpus, (u32)c);
	if (!remove_cpus(r, cmd.pool, &cpus))
		return NULL;
	ret = carry_out(r, &cmd);
	if (ret < 0)
		return refuse(r, -ret, "Can't destroy cpupool '%s': %s", r->d->pool_name[cmd.pool], error_words(ret));
	r->d->pool_name[cmd.pool][0] = 0;
	return json_object();
}

json_t *verb_pool_rename(struct request *r)
{
	const char *name = "";
	u32 pool = 0;

	if (!ask_pool(r, "pool", true, &pool) || !ask_string(r, "name", true, &name) ||
	    !free_pool_name(r, name, (int)pool))
		return NULL;
	snprintf(r->d->pool_name[pool], CONTROL_NAME_LEN, "%s", name);
	return json_object();
}

static bool ask_cpus_of_pool(struct request *r, u32 *pool, struct cpumask *cpus)
{
	const char *text = "";

	if (!ask_pool(r, "pool", true, pool) || !ask_string(r, "cpus", true, &text) || !ask_cpus(r, "cpus", true, cpus))
		return false;
	/* xl drops pCPUs beyond the host from a list without a word; a list of nothing else is a mistake. */
	if (mask_empty(cpus, r->d->host->mask_words)) {
		refuse(r, EINVAL, "Error moving cpu %.32s to cpupool: Invalid argument (the host has 0-%d)", text,
		       (int)r->d->host->limits.pcpus - 1);
		return false;
	}
	return true;
}

json_t *verb_cpu_add(struct request *r)
{
	struct cpumask cpus = { 0 };
	u32 pool = 0;

	if (!ask_cpus_of_pool(r, &pool, &cpus) || !add_cpus(r, pool, &cpus))
		return NULL;
	return json_object();
}

json_t *verb_cpu_remove(struct request *r)
{
	struct cpumask cpus = { 0 };
	u32 pool = 0;

	if (!ask_cpus_of_pool(r, &pool, &cpus) || !remove_cpus(r, pool, &cpus) || !admitted(r, pool))
		return NULL;
	return json_object();
}

json_t *verb_migrate(struct request *r)
{
	struct command cmd = { .op = CMD_MOVE };
	int ret;

	if (!ask_domain(r, true, &cmd.domain)) {
		/* xl has other words for it here. */
		const char *name = json_string_value(json_object_get(r->in, "domain"));

		if (r->code == ESRCH && name)
			snprintf(r->error, sizeof(r->error), "unknown domain '%.64s'", name);
		return NULL;
	}
	if (!ask_pool(r, "pool", true, &cmd.pool))
		return NULL;
	if (cmd.domain == DOM0 && domain_of(r, DOM0)->pool->id != cmd.pool)
		return refuse(r, EPERM, "Error moving domain to cpupool: Operation not permitted (Domain-0 stays)");
	if (domain_of(r, cmd.domain)->sdom && domain_of(r, cmd.domain)->pool->id != cmd.pool) {
		struct domain_facts own = { .name = "" }, sdom = { .name = "" };

		r->d->ops->facts(r->d->arg, cmd.domain, &own);
		r->d->ops->facts(r->d->arg, domain_of(r, cmd.domain)->sdom->id, &sdom);
		return refuse(
			r, EBUSY,
			"Error moving domain to cpupool: '%s' is accounted to '%s' and moves with it; move '%s', or "
			"detach '%s' first (rota sdom detach)",
			own.name, sdom.name, sdom.name, own.name);
	}
	ret = carry_out(r, &cmd);
	if (ret < 0)
		return refuse(r, -ret, "Error moving domain to cpupool: %s%s", error_words(ret),
			      ret != -ENOENT			  ? "" :
			      pool_of(r, cmd.pool)->assist.parent ? " (it is hidden)" :
								    " (it has no pCPU)");
	return admitted(r, cmd.pool) ? json_object() : NULL;
}

/* ---- one pool for each node ---- */

static void cpus_of_node(host_t *h, u32 node, struct cpumask *cpus)
{
	mask_copy(cpus, &h->node_mask[node]);
	mask_and(cpus, cpus, &h->all_cpus);
}

/* Domain-0 keeps as many vCPUs plugged in as its node has pCPUs. */
static bool shrink_dom0(struct request *r, u32 cpus)
{
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = vcpus_of(r, DOM0, vcpus, SCHED_MAX_DOMAIN_VCPUS);

	for (u32 i = cpus; i < n; i++) {
		struct command cmd = { .op = CMD_VCPU_DOWN, .domain = DOM0, .vcpu = i };
		int ret;

		if (!r->d->ops->online(r->d->arg, DOM0, vcpus[i]))
			continue;
		ret = carry_out(r, &cmd);
		if (ret == -ENOTSUP)
			return true; /* a live host's containers of tasks go with their pCPUs */
		if (ret < 0) {
			refuse(r, -ret, "failed to offline vcpus: %s", error_words(ret));
			return false;
		}
	}
	return true;
}

static bool split_off(struct request *r, u32 node, u32 sched)
{
	host_t *h = r->d->host;
	struct cpumask cpus, taken;
	char name[CONTROL_NAME_LEN];
	int id;

	cpus_of_node(h, node, &cpus);
	snprintf(name, sizeof(name), "Pool-node%u", node);
	mask_and(&taken, &cpus, &r->d->host->pools[0].cpus);
	if (!remove_cpus(r, 0, &taken))
		return false;
	mask_and(&cpus, &cpus, &h->free_cpus);
	id = create_pool(r, name, sched, -1);
	return id >= 0 && add_cpus(r, (u32)id, &cpus);
}

json_t *verb_numa_split(struct request *r)
{
	host_t *h = r->d->host;
	u32 home, pools = 0;
	struct cpumask cpus;

	FOR_EACH_POOL (r->d, id)
		pools++;
	if (pools != 1 || !pool_exists(r->d, 0))
		return refuse(r, EBUSY, "splitting not possible, already cpupools in use");
	home = h->pcpus[0].node;
	cpus_of_node(h, home, &cpus);
	if (!shrink_dom0(r, mask_weight(&cpus, h->mask_words)))
		return NULL;
	mask_and(&cpus, &cpus, &h->free_cpus);
	if (!add_cpus(r, 0, &cpus))
		return NULL;
	for (u32 node = 0; node < h->limits.nodes; node++)
		if (node != home && !split_off(r, node, h->pools[0].sched))
			return NULL;
	if (!admitted(r, 0))
		return NULL;
	snprintf(r->d->pool_name[0], CONTROL_NAME_LEN, "Pool-node%u", home);
	return json_object();
}
