// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verbs about scheduling domains (src/sched/sdom.c): domains are accounted to another one, or to themselves again.
 * The core decides; what it would refuse is looked at before, for it has one number for several causes.
 */
#include <errno.h>
#include <string.h>

#include "control/verbs.h"

static const char *name_of(const struct request *r, const domain_t *d)
{
	struct domain_facts facts = { .name = "" };

	r->d->ops->facts(r->d->arg, d->id, &facts);
	return facts.name;
}

static json_t *row(const struct request *r, const domain_t *sdom, const domain_t *adom)
{
	return json_pack("{ss sI ss sI ss}", "sdom", name_of(r, sdom), "sdom_id", (json_int_t)sdom->id, "name",
			 name_of(r, adom), "id", (json_int_t)adom->id, "pool", r->d->pool_name[adom->pool->id]);
}

json_t *verb_sdom_list(struct request *r)
{
	json_t *rows = json_array();

	FOR_EACH_DOMAIN (r->d, s)
		FOR_EACH_DOMAIN (r->d, a)
			if (domain_of(r, a)->sdom == domain_of(r, s))
				json_array_append_new(rows, row(r, domain_of(r, s), domain_of(r, a)));
	return json_pack("{so}", "sdoms", rows);
}

static bool has_others(const struct request *r, const domain_t *d)
{
	FOR_EACH_DOMAIN (r->d, id)
		if (domain_of(r, id)->sdom == d)
			return true;
	return false;
}

static bool shares(const cpupool_t *pool)
{
	bool known = false;

#define SCHEDULER(name, id, full) known |= pool->sched == id;
	SDOM_SCHEDULERS(SCHEDULER)
#undef SCHEDULER
	return known;
}

/* May it be attached? The sentence, if not. */
static bool can_attach(struct request *r, domain_t *s, domain_t *a)
{
	const char *sdom = name_of(r, s), *adom = name_of(r, a);

	if (s == a)
		refuse(r, EINVAL, "'%s' can't be its own scheduling domain", adom);
	else if (a->sdom)
		refuse(r, EEXIST, "'%s' is accounted to '%s' already; detach it first", adom, name_of(r, a->sdom));
	else if (s->sdom)
		refuse(r, EINVAL, "'%s' is accounted to '%s', so '%s' can't be accounted to it", sdom,
		       name_of(r, s->sdom), adom);
	else if (has_others(r, a))
		refuse(r, EINVAL, "others are accounted to '%s', so it can't be accounted to '%s'", adom, sdom);
	else if (s->pool != a->pool)
		refuse(r, EINVAL, "'%s' is in cpupool '%s' and '%s' in '%s'; they must be in one", adom,
		       r->d->pool_name[a->pool->id], sdom, r->d->pool_name[s->pool->id]);
	else if (!shares(s->pool))
		refuse(r, EOPNOTSUPP,
		       "%s, the scheduler of cpupool '%s', has no scheduling domains; all but null and arinc653 have",
		       sched_name(s->pool->sched), r->d->pool_name[s->pool->id]);
	return !r->code;
}

/* Each of `domains`, all or none. */
json_t *verb_sdom_attach(struct request *r)
{
	struct command cmd = { .op = CMD_SDOM_ATTACH };
	json_t *domains = json_object_get(r->in, "domains"), *v;
	size_t i;

	if (!domain_named(r, json_object_get(r->in, "sdom"), "sdom", &cmd.sdom))
		return NULL;
	if (!json_is_array(domains) || !json_array_size(domains))
		return refuse(r, EINVAL, "the request needs domains, an array of names or numbers");
	json_array_foreach(domains, i, v)
	{
		int ret;

		if (!domain_named(r, v, "each of domains", &cmd.domain) ||
		    !can_attach(r, domain_of(r, cmd.sdom), domain_of(r, cmd.domain)))
			return NULL;
		ret = carry_out(r, &cmd);
		if (ret < 0)
			return refuse(r, -ret, "Domain %u:Attaching: %s", cmd.domain, command_words(r, &cmd, ret));
	}
	return json_object();
}

/*
 * One only: in a pool whose scheduler has no scheduling domains it could not be attached again, were a second one
 * refused. Where servers are admitted its own must fit beside the others, with which it rode until now.
 */
json_t *verb_sdom_detach(struct request *r)
{
	struct command cmd = { .op = CMD_SDOM_DETACH };
	int ret;

	if (!ask_domain(r, true, &cmd.domain))
		return NULL;
	if (!domain_of(r, cmd.domain)->sdom)
		return refuse(r, ENOENT, "'%s' is accounted to itself", name_of(r, domain_of(r, cmd.domain)));
	ret = carry_out(r, &cmd);
	if (ret < 0)
		return refuse(r, -ret, "Domain %u:Detaching: %s", cmd.domain, error_words(ret));
	return admitted(r, domain_of(r, cmd.domain)->pool->id) ? json_object() : NULL;
}
