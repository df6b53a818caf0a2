// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `create` on a host whose domains come by themselves: the file names a VM that runs, and the VM gets what the file
 * says of its scheduling, whole or not at all. How many vCPUs and how much memory it has its VMM says.
 *
 * Each part is the request that a person would make for it, under this request's transaction.
 */
#include <errno.h>
#include <string.h>

#include "control/verbs.h"

/* Another verb's request as a part of this one; takes it over. False after its refusal. */
static bool part(struct request *r, verb_fn verb, json_t *in)
{
	json_t *whole = r->in, *answer;
	bool done;

	if (!in) {
		refuse(r, ENOMEM, "there is not enough memory");
		return false;
	}
	r->in = in;
	answer = verb(r);
	r->in = whole;
	done = answer;
	json_decref(answer);
	json_decref(in);
	return done;
}

/* A list of CPUs for all vCPUs, or one for each of the first. */
static bool take_affinity(struct request *r, u32 id, const char *key, const char *as, json_t *lists)
{
	json_t *list;
	size_t i;

	if (!lists)
		return true;
	if (json_is_string(lists))
		return part(r, verb_pin, json_pack("{si ss sO}", "domain", (int)id, "vcpu", "all", as, lists));
	if (!json_is_array(lists)) {
		refuse(r, EINVAL, "%s must be a list of CPUs, or one for each vCPU", key);
		return false;
	}
	json_array_foreach(lists, i, list)
	{
		if (!part(r, verb_pin, json_pack("{si si sO}", "domain", (int)id, "vcpu", (int)i, as, list)))
			return false;
	}
	return true;
}

/* What its pool's scheduler has no use for is left, as xl leaves it. */
static bool take_sched(struct request *r, u32 id, json_t *config)
{
	const char *sched = sched_name(domain_of(r, id)->pool->sched);
	json_t *weight = json_object_get(config, "weight"), *cap = json_object_get(config, "cap"),
	       *period = json_object_get(config, "period_us"), *budget = json_object_get(config, "budget_us"),
	       *extratime = json_object_get(config, "extratime");

	if ((weight || cap) && (!strcmp(sched, "credit") || !strcmp(sched, "credit2")))
		return part(r, verb_sched_domain,
			    json_pack("{ss si sO* sO*}", "sched", sched, "domain", (int)id, "weight", weight, "cap",
				      cap));
	if ((period || budget || extratime) &&
	    (!strcmp(sched, "rtds") || !strcmp(sched, "rtxen") || !strcmp(sched, "sedf")))
		return part(r, verb_sched_vcpu,
			    json_pack("{ss si s[{ss sO* sO* sO*}]}", "sched", sched, "domain", (int)id, "set", "vcpu",
				      "all", "period_us", period, "budget_us", budget, "extratime", extratime));
	return true;
}

static void tell_what_is_not_ours(struct request *r, u32 id, json_t *config)
{
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = vcpus_of(r, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);
	json_t *want = json_object_get(config, "vcpus");

	if (json_is_integer(want) && json_integer_value(want) != n)
		warn(r, "vcpus=%lld is left: the VM has %u, which its VMM says", (long long)json_integer_value(want),
		     n);
}

json_t *take_running(struct request *r, json_t *config, const char *name)
{
	int found = rotad_find_domain(r->d, name);
	json_t *pool = json_object_get(config, "pool");
	u32 id = (u32)found;

	if (found < 0)
		return refuse(
			r, ESRCH,
			"no VM named '%.64s' runs here: VMs of a live host come by themselves when they are started, "
			"and then take what this file says; or write it into rota.yaml",
			name);
	if (!found)
		return refuse(r, EINVAL, "Domain-0 is the host itself, and no file's");
	if (json_object_get(config, "workload"))
		return refuse(r, EINVAL, "workload is what a simulated domain does; a VM does what its guest does");
	if (pool && !part(r, verb_migrate, json_pack("{si sO}", "domain", found, "pool", pool)))
		return NULL;
	if (!take_affinity(r, id, "cpus", "hard", json_object_get(config, "cpus")) ||
	    !take_affinity(r, id, "cpus_soft", "soft", json_object_get(config, "cpus_soft")) ||
	    !take_sched(r, id, config))
		return NULL;
	if (json_is_true(json_object_get(config, "paused")) && !part(r, verb_pause, json_pack("{si}", "domain", found)))
		return NULL;
	tell_what_is_not_ours(r, id, config);
	return json_pack("{si}", "id", found);
}
