/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What helps waiting guests, from a scenario to the core: parameters of pools, hidden pools, symbols of domains. */
#include <stdio.h>
#include <string.h>

#include "sim/kernel.h"
#include "sim/machine.h"

/* Is @param one of those that a pool has beside its policy's? */
static bool set(struct assist_params *p, const struct scn_param *param)
{
	const struct {
		const char *key;
		s64 *ns;
	} times[] = {
		{ "coboost", &p->coboost_ns }, { "coboost_every", &p->coboost_every_ns },
		{ "lend", &p->lend_ns },       { "grace", &p->grace_ns },
		{ "irq_turn", &p->irq_ns },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (!strcmp(times[i].key, param->key)) {
			*times[i].ns = param->value;
			return true;
		}
	if (strcmp(param->key, "turn_budget"))
		return false;
	p->budget_percent = (u32)param->value;
	return true;
}

int machine_assist_params(struct machine *m, const struct scn_pool *sp, cpupool_t *pool)
{
	struct assist_params p = pool->assist.params;
	int n = 0;

	for (int k = 0; k < sp->nr_params; k++)
		n += set(&p, &sp->params[k]);
	if (n && sched_adjust_global_assist(&m->cx, pool, &p))
		return -1;
	return n;
}

bool machine_is_assist_param(const struct scn_param *param)
{
	struct assist_params p;

	return set(&p, param);
}

int machine_hidden_pool(struct machine *m, int i, char *err, size_t errlen)
{
	const struct scn_pool *sp = &m->s->pools[i];
	struct micro_params p = {
		.slice_ns = sp->micro.slice_ns,
		.limit = (u32)sp->micro.limit,
		.queue = (u32)sp->micro.queue,
		.mode = (u8)sp->micro.mode,
		.on = (u8)sp->micro.on,
		.rules = (u8)sp->micro.rules,
	};
	int id = cpupool_create_hidden(&m->cx, i, sp->parent);

	if (id < 0 || sched_adjust_global_micro(&m->cx, &m->host->pools[id], &p)) {
		snprintf(err, errlen, "%s:%d: pools.%s: %s", m->s->path, sp->line, sp->name,
			 id == -SCHED_EEXIST ? "its parent has a hidden pool already" :
					       "only a pool under credit or credit2 can have a hidden one");
		return -1;
	}
	return id;
}

int machine_symbols(struct machine *m, const struct scn_domain *scn, uint32_t i, char *err, size_t errlen)
{
	struct sim_domain *sd = &m->domains[i];
	bool none = scn->symbols && !*scn->symbols;

	sd->kernel = machine_kernel(m, none ? NULL : scn->symbols, err, errlen);
	if (!sd->kernel)
		return -1;
	if (!none)
		sd->d->assist.symbols = sd->kernel->table;
	return 0;
}
