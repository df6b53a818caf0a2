// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs about domains and their vCPUs: affinity, how many are plugged in, pauses, names, birth and death. */
#include <errno.h>
#include <string.h>

#include "control/settings.h"
#include "control/verbs.h"

#define DOM0 0

/* ---- vcpu-pin ---- */

struct pin {
	struct command cmd;
	bool force;
};

static bool pin_one(struct request *r, struct pin *p, vcpu_t *v)
{
	struct command unpin = { .op = CMD_UNPIN, .domain = p->cmd.domain, .vcpu = v->id };
	host_t *h = r->d->host;
	struct cpumask hard = p->cmd.set_hard ? p->cmd.hard : v->hard, both;
	int ret;

	p->cmd.vcpu = v->id;
	if (p->force && v->affinity_broken)
		carry_out(r, &unpin);
	ret = carry_out(r, &p->cmd);
	if (ret < 0) {
		refuse(r, -ret, "Domain %u:Setting vcpu affinity: %s; Could not set affinity for vcpu `%u'.",
		       p->cmd.domain, command_words(r, &p->cmd, ret), v->id);
		return false;
	}
	mask_and(&both, &hard, &p->cmd.soft);
	if (p->cmd.set_soft && mask_empty(&both, h->mask_words))
		warn(r,
		     "Domain %u:All cpus in soft affinity of vcpu %u are unreachable. Only hard affinity will be considered for scheduling",
		     p->cmd.domain, v->id);
	return true;
}

json_t *verb_pin(struct request *r)
{
	struct pin p = { .cmd.op = CMD_AFFINITY };
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	json_t *which = json_object_get(r->in, "vcpu");
	bool all = json_is_string(which) && !strcmp(json_string_value(which), "all");
	host_t *h = r->d->host;
	json_int_t one;
	u32 n;

	if (!ask_domain(r, true, &p.cmd.domain) || !ask_cpus(r, "hard", false, &p.cmd.hard) ||
	    !ask_cpus(r, "soft", false, &p.cmd.soft) || !ask_flag(r, "force", &p.force))
		return NULL;
	if (!all && !json_is_integer(which))
		return refuse(r, EINVAL, "Error: Invalid argument %.32s as VCPU.",
			      json_is_string(which) ? json_string_value(which) : "");
	p.cmd.set_hard = json_object_get(r->in, "hard");
	p.cmd.set_soft = json_object_get(r->in, "soft");
	if (p.cmd.set_hard && mask_empty(&p.cmd.hard, h->mask_words))
		return refuse(r, EINVAL, "vcpu hard affinity map is empty");
	if (p.cmd.set_soft && mask_empty(&p.cmd.soft, h->mask_words))
		return refuse(r, EINVAL, "vcpu soft affinity map is empty");
	n = vcpus_of(r, p.cmd.domain, vcpus, SCHED_MAX_DOMAIN_VCPUS);
	one = json_integer_value(which);
	if (!all && (one < 0 || one >= n))
		return refuse(
			r, EINVAL,
			"Domain %u:Setting vcpu affinity: Invalid argument; Could not set affinity for vcpu `%lld'.",
			p.cmd.domain, (long long)one);
	for (u32 i = 0; i < n; i++)
		if ((all || i == (u32)one) && !pin_one(r, &p, vcpus[i]))
			return NULL;
	return !p.cmd.set_hard || admitted(r, domain_of(r, p.cmd.domain)->pool->id) ? json_object() : NULL;
}

/* ---- vcpu-set ---- */

json_t *verb_vcpu_set(struct request *r)
{
	struct command cmd = { .op = CMD_VCPU_UP };
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	bool ignore_host, given;
	u32 n, cpus = mask_weight(&r->d->host->all_cpus, r->d->host->mask_words), online = 0;
	s64 want = 0;

	if (!ask_domain(r, true, &cmd.domain) || !ask_number(r, "count", &want, &given) ||
	    !ask_flag(r, "ignore_host", &ignore_host))
		return NULL;
	n = vcpus_of(r, cmd.domain, vcpus, SCHED_MAX_DOMAIN_VCPUS);
	for (u32 i = 0; i < n; i++)
		online += r->d->ops->online(r->d->arg, cmd.domain, vcpus[i]);
	if (want > cpus && want > online && !ignore_host)
		return refuse(
			r, EINVAL,
			"You are overcommmitting! You have %u physical CPUs and want %lld vCPUs! Aborting, use --ignore-host to continue",
			cpus, (long long)want);
	if (want < 1)
		return refuse(r, EINVAL, "Domain %u:Requested %lld VCPUs!", cmd.domain, (long long)want);
	if (want > n)
		return refuse(r, EINVAL, "Domain %u:Requested %lld VCPUs, however maxcpus is %u!", cmd.domain,
			      (long long)want, n);
	for (u32 i = 0; i < n; i++) {
		bool up = r->d->ops->online(r->d->arg, cmd.domain, vcpus[i]);
		int ret;

		cmd.vcpu = i;
		cmd.op = i < want ? CMD_VCPU_UP : CMD_VCPU_DOWN;
		if (up == (i < want))
			continue;
		ret = carry_out(r, &cmd);
		if (ret < 0)
			return refuse(r, -ret, "Domain %u:vCPU %u can't be plugged: %s", cmd.domain, i,
				      command_words(r, &cmd, ret));
	}
	return json_object();
}

/* ---- pause, unpause ---- */

json_t *verb_pause(struct request *r)
{
	struct command cmd = { .op = CMD_PAUSE };
	int ret;

	if (!ask_domain(r, true, &cmd.domain))
		return NULL;
	if (cmd.domain == DOM0)
		return refuse(r, EINVAL, "Pausing domain: Invalid argument; Domain-0 is the host itself");
	/* A toolstack's pause does not nest: who says it twice means it once. */
	if (domain_paused(r, cmd.domain))
		return json_object();
	ret = carry_out(r, &cmd);
	return ret < 0 ? refuse(r, -ret, "Pausing domain: %s", command_words(r, &cmd, ret)) : json_object();
}

json_t *verb_unpause(struct request *r)
{
	struct command cmd = { .op = CMD_UNPAUSE };
	int ret;

	if (!ask_domain(r, true, &cmd.domain))
		return NULL;
	ret = carry_out(r, &cmd);
	return ret < 0 ? refuse(r, -ret, "Domain %u:Unpausing domain: %s", cmd.domain, error_words(ret)) :
			 json_object();
}

/* ---- rename, create, destroy ---- */

static bool free_domain_name(struct request *r, const char *name)
{
	struct domain_facts facts;

	if (!good_name(r, "domain", name))
		return false;
	for (u32 id = 0; id < r->d->host->limits.domains; id++)
		if (r->d->ops->facts(r->d->arg, id, &facts) && !strcmp(facts.name, name)) {
			refuse(r, EEXIST, "domain with name \"%s\" already exists.", name);
			return false;
		}
	return true;
}

json_t *verb_rename(struct request *r)
{
	const char *name = "";
	u32 id = 0;

	if (!ask_domain(r, true, &id) || !ask_string(r, "name", true, &name) || !free_domain_name(r, name))
		return NULL;
	if (id == DOM0)
		return refuse(r, EINVAL, "Domain-0 keeps its name");
	if (r->d->ops->rename(r->d->arg, id, name, r->error)) {
		r->code = EINVAL;
		return NULL;
	}
	return json_object();
}

json_t *verb_create(struct request *r)
{
	static const char *const known[] = { "name",	  "vcpus",     "maxvcpus", "memory_mib", "pool",
					     "cpus",	  "cpus_soft", "weight",   "cap",	 "period_us",
					     "budget_us", "extratime", "workload", "paused",	 NULL };
	json_t *config = json_object_get(r->in, "config"), *value;
	const char *name, *key, *pool;
	struct command pause = { .op = CMD_PAUSE }, destroy = { .op = CMD_DESTROY };
	int id, p = 0;

	if (!json_is_object(config))
		return refuse(r, EINVAL, "the request needs config, an object");
	json_object_foreach(config, key, value)
	{
		int i = 0;

		while (known[i] && strcmp(known[i], key))
			i++;
		if (!known[i])
			return refuse(r, EINVAL, "'%.32s' is no key of a domain", key);
	}
	name = json_string_value(json_object_get(config, "name"));
	if (!name)
		return refuse(r, EINVAL, "Domain name must be specified.");
	if (!r->d->ops->create)
		return take_running(r, config, name);
	if (!free_domain_name(r, name))
		return NULL;
	pool = json_string_value(json_object_get(config, "pool"));
	if (pool)
		p = rotad_find_pool(r->d, pool);
	if (p < 0 || !pool_exists(r->d, (u32)p))
		return refuse(r, ENOENT, "Illegal pool specified: %.64s", pool ? pool : "0");
	if (!pool_of(r, (u32)p)->nr_cpus || pool_of(r, (u32)p)->assist.parent)
		return refuse(r, ENODEV, "domain creation fail: No such device (cpupool '%s' %s)", r->d->pool_name[p],
			      pool_of(r, (u32)p)->assist.parent ? "is hidden" : "has no pCPU");
	id = r->d->ops->create(r->d->arg, config, (u32)p, r->error);
	if (id < 0) {
		r->code = EINVAL;
		return NULL;
	}
	if (!admitted(r, (u32)p)) {
		destroy.domain = (u32)id;
		r->d->ops->command(r->d->arg, &destroy);
		return NULL;
	}
	settings_born(r->d, (u32)id, config);
	pause.domain = (u32)id;
	if (json_is_true(json_object_get(config, "paused")))
		r->d->ops->command(r->d->arg, &pause);
	return json_pack("{sI}", "id", (json_int_t)id);
}

json_t *verb_destroy(struct request *r)
{
	struct command cmd = { .op = CMD_DESTROY };
	int ret;

	if (!ask_domain(r, true, &cmd.domain))
		return NULL;
	if (cmd.domain == DOM0)
		return refuse(r, EPERM, "Not destroying domain 0.");
	ret = carry_out(r, &cmd);
	return ret < 0 ? refuse(r, -ret, "Domain %u:Unable to destroy guest: %s", cmd.domain, error_words(ret)) :
			 json_object();
}
