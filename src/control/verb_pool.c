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
	FOR_EACH_POOL(r->d, id)
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
			       h->pcpus[c].pool == pool_of(r, pool) ? " (it is there already)" :
			       h->pcpus[c].pool			    ? " (another cpupool has it)" :
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

static int create_pool(struct request *r, const char *name, u32 sched)
{
	struct command cmd = { .op = CMD_POOL_CREATE, .sched = sched };
	int id = carry_out(r, &cmd);

	if (id < 0) {
		refuse(r, -id, "error on creating cpupool: %s", error_words(id));
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

json_t *verb_pool_create(struct request *r)
{
	const char *name = "", *sched = sched_name(r->d->host->pools[0].sched);
	struct cpumask cpus = { 0 };
	bool dry_run;
	int id, which;

	if (!ask_string(r, "name", true, &name) || !ask_string(r, "sched", false, &sched) ||
	    !ask_flag(r, "dry_run", &dry_run))
		return NULL;
	if (!free_pool_name(r, name, -1))
		return NULL;
	which = sched_find(sched);
	if (which < 0)
		return refuse(r, ENOENT, "Unknown scheduler");
	if (!wanted_cpus(r, &cpus))
		return NULL;
	if (!dry_run) {
		id = create_pool(r, name, (u32)which);
		if (id < 0 || !add_cpus(r, (u32)id, &cpus))
			return NULL;
	}
	return json_pack("{ss ss si}", "name", name, "sched", sched, "cpus",
			 (int)mask_weight(&cpus, r->d->host->mask_words));
}

json_t *verb_pool_destroy(struct request *r)
{
	struct command cmd = { .op = CMD_POOL_DESTROY };
	struct cpumask cpus;
	int ret;

	if (!ask_pool(r, "pool", true, &cmd.pool))
		return NULL;
	FOR_EACH_DOMAIN(r->d, id)
	if (domain_of(r, id)->pool->id == cmd.pool)
		return refuse(r, EBUSY, "Can't destroy cpupool '%s': it has domains", r->d->pool_name[cmd.pool]);
	cpus = pool_of(r, cmd.pool)->cpus;
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
	s64 most = r->d->host->limits.pcpus;
	char *end;

	if (!ask_pool(r, "pool", true, pool) || !ask_string(r, "cpus", true, &text) || !ask_cpus(r, "cpus", true, cpus))
		return false;
	/* xl drops pCPUs beyond the host from a list without a word; one that is asked for alone is a mistake. */
	if (mask_empty(cpus, r->d->host->mask_words) && (strtoll(text, &end, 10) >= most || *end)) {
		refuse(r, EINVAL, "Error moving cpu %.32s to cpupool: Invalid argument (the host has 0-%d)", text,
		       (int)most - 1);
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

	if (!ask_cpus_of_pool(r, &pool, &cpus) || !remove_cpus(r, pool, &cpus))
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
	ret = carry_out(r, &cmd);
	return ret < 0 ? refuse(r, -ret, "Error moving domain to cpupool: %s%s", error_words(ret),
				ret == -ENOENT ? " (it has no pCPU)" : "") :
			 json_object();
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
	id = create_pool(r, name, sched);
	return id >= 0 && add_cpus(r, (u32)id, &cpus);
}

json_t *verb_numa_split(struct request *r)
{
	host_t *h = r->d->host;
	u32 home, pools = 0;
	struct cpumask cpus;

	FOR_EACH_POOL(r->d, id)
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
	snprintf(r->d->pool_name[0], CONTROL_NAME_LEN, "Pool-node%u", home);
	return json_object();
}
