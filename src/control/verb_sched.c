// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verbs that set schedulers' parameters: of a domain, of vCPUs, of a pool. What is refused, and in which words, is
 * libxl's, so that a script that looks for them finds them; and like libxl's it is checked before the scheduler is
 * asked.
 */
#include <errno.h>
#include <string.h>

#include "control/verbs.h"

/* Numbers of us that can't overflow the core's ns. */
#define MAX_US (RT_MAX_PERIOD_NS / USEC)

static bool is_sched(const struct request *r, u32 pool, const char *sched)
{
	return !strcmp(sched_name(pool_of(r, pool)->sched), sched);
}

static bool ask_sched(struct request *r, const char **sched)
{
	return ask_string(r, "sched", true, sched);
}

/* ---- of a domain: weight and cap ---- */

json_t *verb_sched_domain(struct request *r)
{
	struct command cmd = { .op = CMD_ADJUST, .cap = -1 };
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	bool has_weight, has_cap;
	s64 weight = 0, cap = -1, most;
	const char *sched = "";
	int ret;

	if (!ask_sched(r, &sched) || !ask_domain(r, true, &cmd.domain) ||
	    !ask_number(r, "weight", &weight, &has_weight) || !ask_number(r, "cap", &cap, &has_cap))
		return NULL;
	if (strcmp(sched, "credit") && strcmp(sched, "credit2"))
		return refuse(r, EINVAL, "%.32s has no weights and caps", sched);
	if (!is_sched(r, domain_of(r, cmd.domain)->pool->id, sched))
		return refuse(r, EINVAL, "Domain %u:Getting domain sched %s: Invalid argument (it is scheduled by %s)",
			      cmd.domain, sched, sched_name(domain_of(r, cmd.domain)->pool->sched));
	if (has_weight && (weight < 1 || weight > CREDIT_MAX_WEIGHT))
		return refuse(r, EINVAL,
			      "Domain %u:Cpu weight out of range, valid values are within range from 1 to 65535",
			      cmd.domain);
	most = 100 * (s64)vcpus_of(r, cmd.domain, vcpus, SCHED_MAX_DOMAIN_VCPUS);
	/* -1 leaves the cap as it is, as in xl. */
	if (has_cap && (cap < -1 || cap > most))
		return refuse(
			r, EINVAL,
			"Domain %u:Cpu cap out of range, valid range is from 0 to %lld for specified number of vcpus",
			cmd.domain, (long long)most);
	cmd.weight = (s32)weight;
	cmd.cap = (s32)cap;
	ret = carry_out(r, &cmd);
	return ret < 0 ? refuse(r, -ret, "Domain %u:Setting domain sched %s: %s", cmd.domain, sched, error_words(ret)) :
			 json_object();
}

/* ---- of vCPUs: real-time parameters ---- */

/* The number of a word of a list of names, -1 none. */
static int word(const char *const *names, const char *text)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], text))
			return i;
	return -1;
}

static bool number_in(struct request *r, json_t *o, const char *key, s64 *out, bool *given)
{
	json_t *v = json_object_get(o, key);

	*given = v != NULL;
	if (!v)
		return true;
	if (!json_is_integer(v)) {
		refuse(r, EINVAL, "%s must be a whole number", key);
		return false;
	}
	*out = json_integer_value(v);
	return true;
}

static bool word_in(struct request *r, json_t *o, const char *key, const char *const *names, u8 *out)
{
	json_t *v = json_object_get(o, key);
	int n;

	if (!v)
		return true;
	n = json_is_string(v) ? word(names, json_string_value(v)) : -1;
	if (n < 0) {
		char known[160] = "";

		for (int i = 0; names[i]; i++) {
			strncat(known, i ? ", " : "", sizeof(known) - strlen(known) - 1);
			strncat(known, names[i], sizeof(known) - strlen(known) - 1);
		}
		refuse(r, EINVAL, "%s must be one of %s", key, known);
		return false;
	}
	*out = (u8)n;
	return true;
}

static const char *const when_names[] = { "boundary", "now", NULL };

static bool flag_in(struct request *r, json_t *o, const char *key, u8 *out)
{
	json_t *v = json_object_get(o, key);

	if (v && !json_is_boolean(v)) {
		refuse(r, EINVAL, "%s must be true or false", key);
		return false;
	}
	if (v)
		*out = json_is_true(v);
	return true;
}

/* A time in us into ns. */
static bool us_in(struct request *r, json_t *o, const char *key, s64 least, s64 *ns)
{
	s64 us = 0;
	bool given;

	if (!number_in(r, o, key, &us, &given))
		return false;
	if (given && (us < least || us >= MAX_US)) {
		refuse(r, EINVAL, "Invalid VCPU %.*s of %lld (it should be %s %lld)", (int)strcspn(key, "_"), key,
		       (long long)us, us < least ? ">=" : "<", us < least ? (long long)least : MAX_US);
		return false;
	}
	if (given)
		*ns = us * USEC;
	return true;
}

/* What @o says on top of what the vCPU has. @least: the smallest budget, us. */
static bool rt_params_in(struct request *r, json_t *o, s64 least, struct rt_params *p)
{
	static const char *const known[] = { "vcpu",	 "period_us",  "budget_us", "deadline_us",
					     "phase_us", "latency_us", "extratime", "server",
					     "priority", "when",       NULL };
	s64 priority = p->priority;
	const char *key;
	json_t *value;
	bool given;

	json_object_foreach(o, key, value) if (word(known, key) < 0)
	{
		refuse(r, EINVAL, "'%.32s' is no parameter of a vCPU", key);
		return false;
	}
	p->when = RT_AT_BOUNDARY;
	if (!us_in(r, o, "period_us", 1, &p->period_ns) || !us_in(r, o, "budget_us", least, &p->budget_ns) ||
	    !us_in(r, o, "deadline_us", 0, &p->deadline_ns) || !us_in(r, o, "phase_us", 0, &p->phase_ns) ||
	    !us_in(r, o, "latency_us", 0, &p->latency_ns) || !flag_in(r, o, "extratime", &p->extratime) ||
	    !word_in(r, o, "server", rt_kind_names, &p->kind) || !word_in(r, o, "when", when_names, &p->when) ||
	    !number_in(r, o, "priority", &priority, &given))
		return false;
	if (priority < 0 || priority > RT_MAX_PRIORITY) {
		refuse(r, EINVAL, "priority must be 0 to %d", RT_MAX_PRIORITY);
		return false;
	}
	p->priority = (u32)priority;
	if (p->budget_ns > p->period_ns) {
		refuse(r, EINVAL, "VCPU budget must be smaller than or equal to period, but %lld > %lld",
		       (long long)(p->budget_ns / USEC), (long long)(p->period_ns / USEC));
		return false;
	}
	return true;
}

static bool set_vcpu(struct request *r, u32 domain, vcpu_t *v, json_t *o)
{
	struct command cmd = { .op = CMD_VCPU_RT, .domain = domain, .vcpu = v->id };
	int ret;

	cmd.rt = v->rt_params;
	/* Under SEDF who has no slice lives on what is left over. */
	if (!rt_params_in(r, o, is_sched(r, domain_of(r, domain)->pool->id, "sedf") ? 0 : 1, &cmd.rt))
		return false;
	ret = carry_out(r, &cmd);
	if (ret < 0)
		refuse(r, -ret, "Domain %u:Setting vcpu sched %s: %s", domain,
		       sched_name(domain_of(r, domain)->pool->sched), error_words(ret));
	return ret >= 0;
}

static bool set_vcpus(struct request *r, u32 domain, json_t *o)
{
	vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = vcpus_of(r, domain, vcpus, SCHED_MAX_DOMAIN_VCPUS);
	json_t *which = json_object_get(o, "vcpu");
	const char *all = json_string_value(which);
	json_int_t i = json_integer_value(which);

	if (all && !strcmp(all, "all")) {
		for (u32 k = 0; k < n; k++)
			if (!set_vcpu(r, domain, vcpus[k], o))
				return false;
		return true;
	}
	if (!json_is_integer(which)) {
		refuse(r, EINVAL, "vcpu must be a number or \"all\"");
		return false;
	}
	if (i < 0 || i >= n) {
		refuse(r, EINVAL, "Domain %u:Invalid VCPU %lld: valid range is [0, %d]", domain, (long long)i,
		       (int)n - 1);
		return false;
	}
	return set_vcpu(r, domain, vcpus[i], o);
}

json_t *verb_sched_vcpu(struct request *r)
{
	json_t *set = json_object_get(r->in, "set"), *o;
	const char *sched = "";
	u32 domain = 0;
	size_t i;

	if (!ask_sched(r, &sched) || !ask_domain(r, true, &domain))
		return NULL;
	if (!json_is_array(set) || !json_array_size(set))
		return refuse(r, EINVAL, "the request needs set, a list of objects");
	if (!is_sched(r, domain_of(r, domain)->pool->id, sched))
		return refuse(r, EINVAL, "Domain %u:Setting vcpu sched %.32s: Invalid argument (it is scheduled by %s)",
			      domain, sched, sched_name(domain_of(r, domain)->pool->sched));
	json_array_foreach(set, i, o) if (!set_vcpus(r, domain, o)) return NULL;
	return admitted(r, domain_of(r, domain)->pool->id) ? json_object() : NULL;
}

/* ---- of a pool ---- */

static bool check_ratelimit(struct request *r, s64 us)
{
	if (!us || (us >= 100 && us <= 500000))
		return true;
	refuse(r, EINVAL, "Ratelimit out of range, valid range is from 100 to 500000");
	return false;
}

static bool credit_params(struct request *r, struct command *cmd)
{
	struct credit_params *p = &cmd->credit;
	s64 tslice, limit, delay;
	bool given;

	*p = pool_of(r, cmd->pool)->credit.params;
	tslice = p->tslice_ns / MSEC;
	limit = p->ratelimit_ns / USEC;
	delay = p->migr_delay_ns / USEC;
	if (!ask_number(r, "tslice_ms", &tslice, &given) || !ask_number(r, "ratelimit_us", &limit, &given) ||
	    !ask_number(r, "migration_delay_us", &delay, &given))
		return false;
	if (tslice < 1 || tslice > 1000) {
		refuse(r, EINVAL, "Time slice out of range, valid range is from 1 to 1000");
		return false;
	}
	if (!check_ratelimit(r, limit))
		return false;
	if (limit * USEC > tslice * MSEC) {
		refuse(r, EINVAL, "Ratelimit cannot be greater than timeslice");
		return false;
	}
	if (delay < 0 || delay > 100000) {
		refuse(r, EINVAL, "vcpu migration delay should be >= 0 and <= 100000us");
		return false;
	}
	p->tslice_ns = tslice * MSEC;
	p->ratelimit_ns = limit * USEC;
	p->migr_delay_ns = delay * USEC;
	return true;
}

static bool credit2_params(struct request *r, struct command *cmd)
{
	s64 limit;
	bool given;

	cmd->credit2 = pool_of(r, cmd->pool)->credit2.params;
	limit = cmd->credit2.ratelimit_ns / USEC;
	if (!ask_number(r, "ratelimit_us", &limit, &given) || !check_ratelimit(r, limit))
		return false;
	cmd->credit2.ratelimit_ns = limit * USEC;
	return true;
}

static bool rtxen_params(struct request *r, struct command *cmd)
{
	struct rt_pool_params *p = &cmd->rt_pool;
	u8 when = RT_AT_BOUNDARY;

	*p = pool_of(r, cmd->pool)->rt.params;
	if (!word_in(r, r->in, "server", rt_kind_names, &p->kind) ||
	    !word_in(r, r->in, "rule", rt_rule_names, &p->rule) ||
	    !word_in(r, r->in, "placement", rt_placement_names, &p->placement) ||
	    !word_in(r, r->in, "fit", rt_fit_names, &p->fit) || !word_in(r, r->in, "when", when_names, &when))
		return false;
	cmd->when = when;
	return true;
}

static bool frame_in(struct request *r, json_t *o, struct arinc_frame *f)
{
	const char *domain = json_string_value(json_object_get(o, "domain"));
	s64 vcpu = 0, us = 0;
	bool given;
	int id = -1;

	if (!number_in(r, o, "vcpu", &vcpu, &given) || !number_in(r, o, "time_us", &us, &given))
		return false;
	if (vcpu < 0 || vcpu >= SCHED_MAX_DOMAIN_VCPUS || us < 1 || us >= MAX_US) {
		refuse(r, EINVAL, "a frame has a time of at least 1 us and a vCPU's number");
		return false;
	}
	if (domain)
		id = rotad_find_domain(r->d, domain);
	if (domain && id < 0) {
		refuse(r, ESRCH, "%.64s is an invalid domain identifier", domain);
		return false;
	}
	*f = (struct arinc_frame){ .domain = domain ? (u32)id : ARINC_IDLE, .vcpu = (u32)vcpu, .time_ns = us * USEC };
	return true;
}

static bool arinc_params(struct request *r, struct command *cmd)
{
	struct arinc_table *t = &cmd->arinc;
	json_t *frames = json_object_get(r->in, "frames"), *o;
	s64 major = 0, sum = 0;
	bool given;
	size_t i;

	if (!json_is_array(frames) || !json_array_size(frames) || json_array_size(frames) > ARINC_MAX_FRAMES) {
		refuse(r, EINVAL, "a table has 1 to %d frames", ARINC_MAX_FRAMES);
		return false;
	}
	if (!flag_in(r, r->in, "donate", &t->donate) || !number_in(r, r->in, "major_us", &major, &given))
		return false;
	json_array_foreach(frames, i, o)
	{
		if (!frame_in(r, o, &t->frame[i]))
			return false;
		sum += t->frame[i].time_ns;
	}
	t->nr = (u32)json_array_size(frames);
	if (given && (major < 1 || major >= MAX_US * ARINC_MAX_FRAMES || major * USEC < sum)) {
		refuse(r, EINVAL, "the frames take %lld us, more than the major frame of %lld us",
		       (long long)(sum / USEC), (long long)major);
		return false;
	}
	t->major_ns = given ? major * USEC : sum;
	return true;
}

json_t *verb_sched_pool(struct request *r)
{
	static const struct {
		const char *sched;
		enum command_op op;
		bool (*params)(struct request *r, struct command *cmd);
	} kinds[] = {
		{ "credit", CMD_POOL_CREDIT, credit_params },
		{ "credit2", CMD_POOL_CREDIT2, credit2_params },
		{ "rtxen", CMD_POOL_RT, rtxen_params },
		{ "arinc653", CMD_POOL_ARINC, arinc_params },
	};
	struct command cmd = { .pool = 0 };
	const char *sched = "";
	int ret;

	if (!ask_sched(r, &sched) || !ask_pool(r, "pool", false, &cmd.pool))
		return NULL;
	if (!pool_exists(r->d, cmd.pool))
		return refuse(r, ENOENT, "there is no Pool-0");
	if (!is_sched(r, cmd.pool, sched))
		return refuse(r, EINVAL, "Setting %.32s scheduler parameters: Invalid argument (cpupool '%s' has %s)",
			      sched, r->d->pool_name[cmd.pool], sched_name(pool_of(r, cmd.pool)->sched));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].sched, sched))
			continue;
		cmd.op = kinds[i].op;
		if (!kinds[i].params(r, &cmd))
			return NULL;
		ret = carry_out(r, &cmd);
		if (ret < 0)
			return refuse(r, -ret, "Setting %s scheduler parameters: %s", sched, error_words(ret));
		return admitted(r, cmd.pool) ? json_object() : NULL;
	}
	return refuse(r, EINVAL, "%.32s has no parameters of a pool", sched);
}
