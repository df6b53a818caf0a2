// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verbs about turns (src/sched/assist.c): what a pool has for guests that wait for a preempted vCPU, and what its
 * domains had of it.
 */
#include <errno.h>
#include <string.h>

#include "control/turn_params.h"
#include "control/verbs.h"

static bool has_turns(const cpupool_t *pool)
{
	bool has = false;

#define SCHEDULER(name, id, full) has |= pool->sched == id;
	TURN_SCHEDULERS(SCHEDULER)
#undef SCHEDULER
	return has && !pool->assist.parent;
}

static json_t *params_row(const cpupool_t *pool)
{
	json_t *o = json_object();

	for (size_t i = 0; i < nr_turn_params; i++) {
		s64 value = turn_param_get(&pool->assist.params, &turn_params[i]);

		json_object_set_new(o, turn_params[i].key, json_integer(turn_params[i].percent ? value : value / USEC));
	}
	return o;
}

static json_t *domain_row(const struct request *r, u32 id, const struct domain_facts *facts)
{
	const struct assist_domain *a = &domain_of(r, id)->assist;

	return json_pack("{ss sI sb sI sI sI sI sI sI sI}", "name", facts->name, "id", (json_int_t)id, "symbols",
			 a->symbols != NULL, "lends", (json_int_t)a->lends, "graces", (json_int_t)a->graces,
			 "irq_turns", (json_int_t)a->irq_turns, "coboosts", (json_int_t)a->coboosts, "micro_migrations",
			 (json_int_t)a->micro_migrations, "refused", (json_int_t)a->refused, "turn_ns",
			 (json_int_t)a->turn_ns);
}

static json_t *pool_row(const struct request *r, u32 pool)
{
	json_t *domains = json_array();
	struct domain_facts facts;

	for (u32 id = 0; id < r->d->host->limits.domains; id++)
		if (r->d->ops->facts(r->d->arg, id, &facts) && domain_of(r, id)->pool == pool_of(r, pool))
			json_array_append_new(domains, domain_row(r, id, &facts));
	return json_pack("{ss sI ss so so}", "name", r->d->pool_name[pool], "id", (json_int_t)pool, "sched",
			 sched_name(pool_of(r, pool)->sched), "params", params_row(pool_of(r, pool)), "domains",
			 domains);
}

json_t *verb_turns(struct request *r)
{
	bool one = json_object_get(r->in, "pool");
	json_t *rows = json_array();
	u32 only = 0;

	if (one && !ask_pool(r, "pool", true, &only)) {
		json_decref(rows);
		return NULL;
	}
	FOR_EACH_POOL (r->d, id)
		if (one ? id == only : has_turns(pool_of(r, id)))
			json_array_append_new(rows, pool_row(r, id));
	return json_pack("{so}", "pools", rows);
}

json_t *verb_turns_set(struct request *r)
{
	struct command cmd = { .op = CMD_POOL_TURNS };
	char error[CONTROL_ERROR_LEN];
	int ret;

	if (!ask_pool(r, "pool", false, &cmd.pool))
		return NULL;
	if (!pool_exists(r->d, cmd.pool))
		return refuse(r, ENOENT, "there is no Pool-0");
	if (!has_turns(pool_of(r, cmd.pool)))
		return refuse(r, EOPNOTSUPP, "cpupool '%s' has no turns: %s", r->d->pool_name[cmd.pool],
			      pool_of(r, cmd.pool)->assist.parent ?
				      "it is hidden itself" :
				      "they would take time that its scheduler promised; credit and credit2 have them");
	cmd.turns = pool_of(r, cmd.pool)->assist.params;
	for (size_t i = 0; i < nr_turn_params; i++) {
		const struct turn_param *p = &turn_params[i];
		s64 value = 0;
		bool given;

		if (!ask_number(r, p->key, &value, &given))
			return NULL;
		if (!given)
			continue;
		/* Far out of range either way: no overflow. */
		if (!p->percent)
			value = value < 0 || value > 1000000 ? -1 : value * USEC;
		if (!turn_param_set(&cmd.turns, p, value, error))
			return refuse(r, EINVAL, "%s", error);
	}
	ret = carry_out(r, &cmd);
	return ret < 0 ? refuse(r, -ret, "Setting the turns of cpupool '%s': %s", r->d->pool_name[cmd.pool],
				error_words(ret)) :
			 json_object();
}
