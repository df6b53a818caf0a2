// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `pools:`: cpupools, their pCPUs, their policy and its parameters.
 *
 * Each policy has one table of parameters with kind and range; Xen's ranges, in times instead of
 * "ms here, us there".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario_read.h"

enum param_kind { PARAM_TIME, PARAM_BOOL, PARAM_NUMBER, PARAM_CHOICE, PARAM_NAMES };

struct param_rule {
	const char *name;
	const char *means; /* the name that is stored: two spellings, one parameter */
	enum param_kind kind;
	int64_t range[2];
	int64_t unless_zero; /* where 0 is allowed as "off", the least value above it */
	const char *const *choices; /* of PARAM_CHOICE: the value is the index */
};

static const char *const weight_of_choices[] = { "vcpu", "domain", NULL };
static const char *const runqueue_choices[] = { "cpu", "core", "socket", "node", "all", NULL };

/* What helps waiting guests, under each policy that can have turns (src/sched/assist.h). */
#define ASSIST_PARAMS \
	{ "coboost", "coboost", PARAM_TIME, { 0, 10000000 }, 10000, NULL }, \
	{ "coboost_every", "coboost_every", PARAM_TIME, { 0, 100000000 }, 0, NULL }, \
	{ "lend", "lend", PARAM_TIME, { 0, 200000 }, 10000, NULL }, \
	{ "irq_turn", "irq_turn", PARAM_TIME, { 0, 10000000 }, 10000, NULL }, \
	{ "grace", "grace", PARAM_TIME, { 0, 1000000 }, 10000, NULL }, \
	{ "turn_budget", "turn_budget", PARAM_NUMBER, { 0, 100 }, 0, NULL }

static const struct param_rule credit_params[] = {
	{ "tslice", "tslice", PARAM_TIME, { 1000000, 1000000000 }, 0, NULL },
	{ "ratelimit", "ratelimit", PARAM_TIME, { 0, 500000000 }, 100000, NULL },
	{ "migration_delay", "migration_delay", PARAM_TIME, { 0, 100000000 }, 0, NULL },
	{ "vcpu_migr_delay", "migration_delay", PARAM_TIME, { 0, 100000000 }, 0, NULL },
	{ "lb_ratelimit", "lb_ratelimit", PARAM_TIME, { 0, 1000000000 }, 0, NULL },
	{ "weight_of", "weight_of", PARAM_CHOICE, { 0, 0 }, 0, weight_of_choices },
	{ "old_yields", "old_yields", PARAM_BOOL, { 0, 0 }, 0, NULL },
	{ "tickle_one_idle", "tickle_one_idle", PARAM_BOOL, { 0, 0 }, 0, NULL },
	{ "mend", "mend", PARAM_NAMES, { 0, 0 }, 0, NULL },
	ASSIST_PARAMS,
	{ NULL, NULL, PARAM_BOOL, { 0, 0 }, 0, NULL },
};

/* Xen's names of the boot options (sched_credit2_..., credit2_...) without their prefix. */
static const struct param_rule credit2_params[] = {
	{ "ratelimit", "ratelimit", PARAM_TIME, { 0, 500000000 }, 100000, NULL },
	{ "cap_period", "cap_period", PARAM_TIME, { 1000000, 1000000000 }, 0, NULL },
	{ "migrate_resist", "migrate_resist", PARAM_TIME, { 0, 10000000 }, 0, NULL },
	{ "load_window_shift", "load_window_shift", PARAM_NUMBER, { 11, 34 }, 0, NULL },
	{ "load_precision_shift", "load_precision_shift", PARAM_NUMBER, { 4, 20 }, 0, NULL },
	{ "balance_under", "balance_under", PARAM_NUMBER, { -4, 6 }, 0, NULL },
	{ "balance_over", "balance_over", PARAM_NUMBER, { -4, 6 }, 0, NULL },
	{ "runqueue", "runqueue", PARAM_CHOICE, { 0, 0 }, 0, runqueue_choices },
	{ "max_cpus_runqueue", "max_cpus_runqueue", PARAM_NUMBER, { 1, SCHED_MAX_PCPUS }, 0, NULL },
	{ "smt_power_savings", "smt_power_savings", PARAM_BOOL, { 0, 0 }, 0, NULL },
	{ "mend", "mend", PARAM_NAMES, { 0, 0 }, 0, NULL },
	ASSIST_PARAMS,
	{ NULL, NULL, PARAM_BOOL, { 0, 0 }, 0, NULL },
};

#define CREDIT_TSLICE_NS 30000000 /* what holds when only ratelimit is given */
#define CREDIT_RATELIMIT_NS 1000000

static const struct policy {
	const char *name;
	const struct param_rule *params;
} policies[] = {
	{ "credit", credit_params },
	{ "credit2", credit2_params },
	{ "rtds", NULL }, /* the parameters of these: scenario_sched.c */
	{ "rtxen", NULL },
	{ "null", NULL },
	{ "arinc653", NULL },
	{ "sedf", NULL },
	{ NULL, NULL },
};

static const struct policy *find_policy(const char *name)
{
	for (const struct policy *p = policies; p->name; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

static int read_sched(struct scn_reader *r, const struct scn_node *n, struct scn_pool *pool)
{
	char known[200] = "";
	const char *closest;
	size_t path;
	int err;

	if (n) {
		path = scn_enter(r, "sched");
		err = scn_need_scalar(r, n, "the name of a scheduler");
		if (err)
			return err;
		if (!find_policy(n->text)) {
			closest = scn_closest(n->text, &policies[0].name, sizeof(policies[0]));
			if (closest)
				return scn_fail(r, n, "unknown scheduler %s; did you mean '%s'?",
						scn_quote(r, n->text), closest);
			for (const struct policy *p = policies; p->name; p++)
				snprintf(known + strlen(known), sizeof(known) - strlen(known),
					 "%s%s", *known ? ", " : "", p->name);
			return scn_fail(r, n, "unknown scheduler %s; this rota has: %s",
					scn_quote(r, n->text), known);
		}
		scn_leave(r, path);
	}
	pool->sched = strdup(n ? n->text : pool->hidden ? r->s->pools[pool->parent].sched : "credit");
	return pool->sched ? 0 : scn_fail_memory(r);
}

/* A list of correction names, or one text; its meaning is the policy's. Stored joined by commas. */
static int read_names(struct scn_reader *r, const struct scn_node *n, char **out)
{
	const struct scn_node *item = n->kind == SCN_LIST ? n->first : n;
	char text[512] = "";

	if (n->kind == SCN_LIST && !item)
		return scn_fail(r, n, "is an empty list; write none");
	for (; item; item = n->kind == SCN_LIST ? item->next : NULL) {
		size_t used = strlen(text);
		int err = scn_need_scalar(r, item, "a name");

		if (err)
			return err;
		if (!*item->text ||
		    item->text[strspn(item->text, "abcdefghijklmnopqrstuvwxyz0123456789_-^,")])
			return scn_fail(
				r, item,
				"%s is not the name of a correction; write all, none or a list of names",
				scn_quote(r, item->text));
		if (used + strlen(item->text) + 2 > sizeof(text))
			return scn_fail(r, item, "is too long; write all, none or a list of names");
		snprintf(text + used, sizeof(text) - used, "%s%s", used ? "," : "", item->text);
	}
	*out = strdup(text);
	return *out ? 0 : scn_fail_memory(r);
}

static int read_choice(struct scn_reader *r, const struct scn_node *n, const char *const *choices,
		       int64_t *value)
{
	char known[200] = "";
	int err;

	for (const char *const *c = choices; *c; c++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			 !*known ? "" : c[1] ? ", " : " or ", *c);
	err = scn_need_scalar(r, n, known);
	if (err)
		return err;
	for (*value = 0; choices[*value]; ++*value)
		if (!strcmp(n->text, choices[*value]))
			return 0;
	if (!choices[2])
		return scn_fail(r, n, "%s is neither %s nor %s; write one of them",
				scn_quote(r, n->text), choices[0], choices[1]);
	return scn_fail(r, n, "%s is none of the choices; write %s", scn_quote(r, n->text), known);
}

static int read_param(struct scn_reader *r, const struct scn_node *n, const struct param_rule *rule,
		      struct scn_param *p)
{
	int err = 0;

	switch (rule->kind) {
	case PARAM_TIME:
		err = scn_time_value(r, n, rule->range, &p->value);
		if (!err && p->value && p->value < rule->unless_zero) {
			char least[24];

			scn_format_time(rule->unless_zero, least, sizeof(least));
			err = scn_fail(r, n, "%s is too short; write 0 (off) or at least %s",
				       scn_quote(r, n->text), least);
		}
		break;
	case PARAM_BOOL:
		err = scn_bool_value(r, n, &p->value);
		break;
	case PARAM_NUMBER:
		err = scn_int_value(r, n, rule->range, &p->value);
		break;
	case PARAM_CHOICE:
		err = read_choice(r, n, rule->choices, &p->value);
		break;
	case PARAM_NAMES:
		return read_names(r, n, &p->text);
	}
	if (err)
		return err;
	p->text = strdup(n->text);
	return p->text ? 0 : scn_fail_memory(r);
}

/*
 * Xen refuses a ratelimit beyond the slice: nothing could preempt within it, and the slice would
 * mean nothing.
 */
static int check_credit(struct scn_reader *r, const struct scn_node *n, const struct scn_pool *pool)
{
	int64_t tslice = CREDIT_TSLICE_NS, ratelimit = CREDIT_RATELIMIT_NS;
	const struct scn_node *key = scn_get(n, "ratelimit");
	char slice[24];

	for (int i = 0; i < pool->nr_params; i++) {
		if (!strcmp(pool->params[i].key, "tslice"))
			tslice = pool->params[i].value;
		else if (!strcmp(pool->params[i].key, "ratelimit"))
			ratelimit = pool->params[i].value;
	}
	if (ratelimit <= tslice)
		return 0;
	scn_format_time(tslice, slice, sizeof(slice));
	scn_enter(r, "ratelimit");
	return scn_fail(r, key ? key : n, "is longer than the time slice; write at most tslice, %s",
			slice);
}

static int read_params(struct scn_reader *r, const struct scn_node *n, struct scn_pool *pool)
{
	const struct param_rule *rules = find_policy(pool->sched)->params;
	const char *keys[32] = { NULL };
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, "params");
	if (!rules) {
		err = !strcmp(pool->sched, "arinc653") ? scn_read_frames(r, n, pool) :
							 scn_read_pool_sched(r, n, pool->sched, &pool->rt);
		if (!err)
			scn_leave(r, path);
		return err;
	}
	for (int i = 0; rules[i].name; i++)
		keys[i] = rules[i].name;
	err = scn_check_map(r, n, keys, "{ratelimit: 1ms}");
	if (err)
		return err;
	pool->params = calloc((size_t)n->nr + 1, sizeof(*pool->params));
	if (!pool->params)
		return scn_fail_memory(r);
	for (const struct scn_node *c = n->first; c; c = c->next) {
		struct scn_param *p = &pool->params[pool->nr_params];
		const struct param_rule *rule = rules;
		size_t inner = scn_enter(r, c->key);

		while (strcmp(rule->name, c->key))
			rule++;
		for (int i = 0; i < pool->nr_params; i++)
			if (!strcmp(pool->params[i].key, rule->means))
				return scn_fail_key(
					r, c,
					"is the same parameter as the one on line %d; keep one",
					pool->params[i].line);
		p->line = c->line;
		pool->nr_params++;
		p->key = strdup(rule->means);
		if (!p->key)
			return scn_fail_memory(r);
		err = read_param(r, c, rule, p);
		if (err)
			return err;
		scn_leave(r, inner);
	}
	err = strcmp(pool->sched, "credit") ? 0 : check_credit(r, n, pool);
	if (err)
		return err;
	scn_leave(r, path);
	return 0;
}

static int read_pool_cpus(struct scn_reader *r, const struct scn_node *n, struct scn_pool *pool)
{
	struct scenario *s = r->s;
	int err;

	if (pool->hidden && !scn_get(n, "cpus"))
		return 0;
	if (s->nr_pools == 1 && !scn_get(n, "cpus")) {
		scn_cpus_all(s, &pool->cpus);
		return 0;
	}
	err = scn_need(r, n, "cpus", "\"0-3\"");
	if (!err)
		err = scn_read_cpus(r, n, "cpus", &pool->cpus);
	if (err)
		return err;
	for (const struct scn_pool *other = s->pools; other < pool; other++) {
		for (int c = 0; c < s->nr_pcpus; c++) {
			if (!scn_cpus_has(&pool->cpus, c) || !scn_cpus_has(&other->cpus, c))
				continue;
			scn_enter(r, "cpus");
			return scn_fail(r, scn_get(n, "cpus"),
					"pCPU %d is already in pool %s (line %d); a pCPU is in "
					"one pool",
					c, scn_quote(r, other->name), other->line);
		}
	}
	return 0;
}

static int read_pool(struct scn_reader *r, const struct scn_node *n, struct scn_pool *pool)
{
	static const char *const keys[] = { "name", "cpus", "sched", "params", "parent", "hidden", "microslice",
					    "admission", NULL };
	const struct scn_node *name;
	size_t path;
	int err;

	err = scn_check_map(r, n, keys, "{name: Pool-0, cpus: \"0-3\"}");
	if (!err)
		err = scn_need(r, n, "name", "Pool-0");
	if (err)
		return err;
	name = scn_get(n, "name");
	path = scn_enter(r, "name");
	err = scn_check_name(r, name, false);
	if (err)
		return err;
	for (const struct scn_pool *other = r->s->pools; other < pool; other++)
		if (!strcmp(other->name, name->text))
			return scn_fail(r, name,
					"%s is already taken (line %d); choose another name",
					scn_quote(r, name->text), other->line);
	scn_leave(r, path);
	pool->line = n->line;
	pool->name = strdup(name->text);
	if (!pool->name)
		return scn_fail_memory(r);
	err = scn_read_hidden(r, n, pool);
	if (!err)
		err = read_sched(r, scn_get(n, "sched"), pool);
	if (!err)
		err = read_pool_cpus(r, n, pool);
	if (!err)
		err = scn_read_admission(r, scn_get(n, "admission"), pool);
	return err ? err : read_params(r, scn_get(n, "params"), pool);
}

static int default_pool(struct scn_reader *r)
{
	struct scenario *s = r->s;

	s->pools = calloc(1, sizeof(*s->pools));
	if (!s->pools)
		return scn_fail_memory(r);
	s->nr_pools = 1;
	s->pools[0].name = strdup("Pool-0");
	s->pools[0].sched = strdup("credit");
	scn_cpus_all(s, &s->pools[0].cpus);
	return s->pools[0].name && s->pools[0].sched ? 0 : scn_fail_memory(r);
}

int scn_read_pools(struct scn_reader *r, const struct scn_node *n)
{
	struct scenario *s = r->s;
	size_t path, item;
	int err, i = 0;

	if (!n)
		return default_pool(r);
	path = scn_enter(r, "pools");
	err = scn_check_list(r, n, "[{name: Pool-0, cpus: \"0-3\"}]", SCHED_MAX_POOLS);
	if (err)
		return err;
	if (!n->nr)
		return scn_fail(
			r, n,
			"is empty; name a pool, or leave the key out for Pool-0 with all pCPUs");
	s->pools = calloc((size_t)n->nr, sizeof(*s->pools));
	if (!s->pools)
		return scn_fail_memory(r);
	s->nr_pools = n->nr;
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		item = scn_enter_item(r, c, i);
		err = read_pool(r, c, &s->pools[i]);
		if (err)
			return err;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

int scn_find_pool(struct scn_reader *r, const struct scn_node *n, int *pool)
{
	const char *names[SCHED_MAX_POOLS + 1];
	const char *closest;
	int err = scn_need_scalar(r, n, "the name of a pool");

	if (err)
		return err;
	/* A pool that names another (parent:) comes before some that have none yet. */
	for (int i = 0; i <= r->s->nr_pools; i++) {
		names[i] = i < r->s->nr_pools ? r->s->pools[i].name : NULL;
		if (!names[i])
			break;
		if (!strcmp(names[i], n->text)) {
			*pool = i;
			return 0;
		}
	}
	closest = scn_closest(n->text, names, sizeof(names[0]));
	if (closest)
		return scn_fail(r, n, "there is no pool %s; did you mean '%s'?",
				scn_quote(r, n->text), closest);
	return scn_fail(r, n, "there is no pool %s; name one of pools:", scn_quote(r, n->text));
}
