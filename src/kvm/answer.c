// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers to the control socket's verbs, read from the core's objects while the BPF side goes on changing them: each
 * figure is as it was at some instant of the last microseconds, not all of the same one.
 *
 * What is refused, and in which words, is xl's (libxl_sched.c), so that a script that looks for them finds them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/answer.h"
#include "kvm/preflight.h"
#include "version.h"

json_t *answer_error(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return json_pack("{si ss}", "version", LIVE_PROTOCOL, "error", text);
}

static json_t *answer_ok(void)
{
	return json_pack("{si}", "version", LIVE_PROTOCOL);
}

void mask_print(char *text, size_t size, const cpumask_t *mask, const cpumask_t *every)
{
	bool all = true;
	size_t n = 0;

	for (u32 i = 0; i < MASK_WORDS; i++)
		all &= !(every->w[i] & ~mask->w[i]);
	snprintf(text, size, "%s", all ? "all" : "none");
	for (u32 c = 0, end; !all && c < LIVE_MAX_CPUS; c = end + 1) {
		for (end = c; end < LIVE_MAX_CPUS && mask->w[end / 64] >> (end % 64) & 1; end++)
			;
		if (end == c)
			continue;
		if (n >= size)
			return;
		n += (size_t)snprintf(text + n, size - n, end - c > 1 ? "%s%u-%u" : "%s%u", n ? "," : "", c, end - 1);
	}
}

/* ---- list, vcpu-list ---- */

struct vcpu_look {
	bool online, running, blocked;
	s64 cpu_ns;
};

static struct vcpu_look look(const struct live_host *lh, u32 id, vcpu_t *v, s64 now)
{
	struct vcpu_look l = {
		.online = !(v->pause_flags & VPF_down) && (id == LIVE_DOM0 || lh->g->vcpus[v->index].pid),
		.running = v->runstate == RUNSTATE_running,
		.blocked = v->pause_flags & VPF_blocked,
	};

	/* A switch between the two reads of it can make one of them odd. */
	for (int i = 0; i < 3; i++) {
		l.cpu_ns = vcpu_runstate_ns(v, RUNSTATE_running, now);
		if (l.cpu_ns >= v->runstate_ns[RUNSTATE_running])
			break;
	}
	return l;
}

static u64 memory_of(const struct live_host *lh, u32 id)
{
	u64 used, vms = 0;

	if (id != LIVE_DOM0)
		return vmm_memory_mib(lh->vms[id].tgid);
	used = host_memory_mib();
	for (u32 i = 1; i < lh->g->host->limits.domains; i++)
		if (live_host_has(lh, i))
			vms += vmm_memory_mib(lh->vms[i].tgid);
	return vms < used ? used - vms : 0;
}

static void add_domain(const struct live_host *lh, u32 id, json_t *list, s64 now)
{
	static vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	u32 n = live_host_vcpus(lh, id, vcpus, SCHED_MAX_DOMAIN_VCPUS), online = 0, running = 0, blocked = 0;
	domain_t *d = &lh->g->host->domains[id];
	char state[7] = "------";
	s64 cpu_ns = 0;

	for (u32 i = 0; i < n; i++) {
		struct vcpu_look l = look(lh, id, vcpus[i], now);

		cpu_ns += l.cpu_ns;
		online += l.online;
		running += l.online && l.running;
		blocked += l.online && l.blocked;
	}
	if (running)
		state[0] = 'r';
	else if (blocked == online)
		state[1] = 'b';
	if (d->pause_count)
		state[2] = 'p';
	json_array_append_new(list,
			      json_pack("{ss si sI si ss sI si}", "name", lh->vms[id].name, "id", (int)id, "memory_mib",
					(json_int_t)memory_of(lh, id), "vcpus", (int)online, "state", state, "cpu_ns",
					(json_int_t)cpu_ns, "pid", (int)lh->vms[id].tgid));
}

static void add_vcpus(const struct live_host *lh, u32 id, json_t *list, s64 now)
{
	static vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	host_t *h = lh->g->host;
	u32 n = live_host_vcpus(lh, id, vcpus, SCHED_MAX_DOMAIN_VCPUS);

	for (u32 i = 0; i < n; i++) {
		struct vcpu_look l = look(lh, id, vcpus[i], now);
		pcpu_t *p = vcpus[i]->processor;
		char state[4] = "--p", hard[2048], soft[2048];

		if (l.online) {
			state[0] = l.running ? 'r' : '-';
			state[1] = l.blocked && !l.running ? 'b' : '-';
			state[2] = '-';
		}
		mask_print(hard, sizeof(hard), &vcpus[i]->hard, &h->pools[0].cpus);
		mask_print(soft, sizeof(soft), &vcpus[i]->soft, &h->pools[0].cpus);
		json_array_append_new(list, json_pack("{ss si si so ss sI ss ss}", "name", lh->vms[id].name, "id",
						      (int)id, "vcpu", (int)vcpus[i]->id, "cpu",
						      l.online && p >= h->pcpus && p < h->pcpus + h->limits.pcpus ?
							      json_integer(p - h->pcpus) :
							      json_null(),
						      "state", state, "cpu_ns", (json_int_t)l.cpu_ns, "hard", hard,
						      "soft", soft));
	}
}

static void add_credit(const struct live_host *lh, u32 id, json_t *list, s64 now)
{
	domain_t *d = &lh->g->host->domains[id];

	(void)now;
	json_array_append_new(list, json_pack("{ss si si si}", "name", lh->vms[id].name, "id", (int)id, "weight",
					      (int)d->weight, "cap", (int)d->cap));
}

static json_t *rows(const struct live_host *lh, int only, const char *key,
		    void (*add)(const struct live_host *lh, u32 id, json_t *list, s64 now))
{
	json_t *answer = answer_ok(), *list = json_array();
	s64 now = live_now();

	for (u32 i = 0; i < lh->g->host->limits.domains; i++)
		if (live_host_has(lh, i) && (only < 0 || (int)i == only))
			add(lh, i, list, now);
	json_object_set_new(answer, key, list);
	return answer;
}

/* ---- sched-credit, params ---- */

static json_t *pool_params(const struct live_host *lh)
{
	struct credit_params *p = &lh->g->host->pools[0].credit.params;

	return json_pack("{ss ss sI sI sI}", "name", "Pool-0", "sched", sched_name(lh->g->host->pools[0].sched),
			 "tslice_ms", (json_int_t)(p->tslice_ns / MSEC), "ratelimit_us",
			 (json_int_t)(p->ratelimit_ns / USEC), "migration_delay_us",
			 (json_int_t)(p->migr_delay_ns / USEC));
}

/* A whole number of the request. false: it is something else (said in *bad). */
static bool number(json_t *request, const char *key, s64 *value, bool *given, json_t **bad)
{
	json_t *v = json_object_get(request, key);

	*given = v != NULL;
	if (!v)
		return true;
	if (!json_is_integer(v)) {
		*bad = answer_error("%s must be a whole number", key);
		return false;
	}
	*value = json_integer_value(v);
	return true;
}

static void adjusted(struct live_host *lh, const struct live_command *cmd)
{
	lh->vms[cmd->domain].weight = cmd->a ? (u32)cmd->a : lh->vms[cmd->domain].weight;
	if (cmd->b >= 0)
		lh->vms[cmd->domain].cap = (u32)cmd->b;
}

static json_t *credit_request(struct live_host *lh, json_t *request, int id, struct live_command *cmd)
{
	s64 weight = 0, cap = -1;
	bool has_weight, has_cap;
	json_t *bad = NULL;
	s64 most;

	if (!number(request, "weight", &weight, &has_weight, &bad) || !number(request, "cap", &cap, &has_cap, &bad))
		return bad;
	if (!has_weight && !has_cap) {
		json_t *answer = rows(lh, id, "domains", add_credit);

		json_object_set_new(answer, "pool", pool_params(lh));
		return answer;
	}
	if (id < 0)
		return answer_error("Must specify a domain.");
	if (has_weight && (weight < 1 || weight > CREDIT_MAX_WEIGHT))
		return answer_error("Domain %d:Cpu weight out of range, valid values are within range from 1 to 65535",
				    id);
	most = 100 * (s64)lh->g->host->domains[id].nr_vcpus;
	/* -1 leaves the cap as it is, as in xl. */
	if (has_cap && (cap < -1 || cap > most))
		return answer_error(
			"Domain %d:Cpu cap out of range, valid range is from 0 to %lld for specified number of vcpus",
			id, (long long)most);
	*cmd = (struct live_command){
		.op = LIVE_ADJUST,
		.domain = (u32)id,
		.generation = lh->g->domains[id].generation,
		.a = (s32)weight,
		.b = (s32)cap,
	};
	return NULL;
}

static json_t *params_request(struct live_host *lh, json_t *request, struct live_command *cmd)
{
	struct credit_params p = lh->g->host->pools[0].credit.params;
	s64 tslice = p.tslice_ns / MSEC, limit = p.ratelimit_ns / USEC, delay = p.migr_delay_ns / USEC;
	bool t, r, m;
	json_t *bad = NULL, *answer;

	if (!number(request, "tslice_ms", &tslice, &t, &bad) || !number(request, "ratelimit_us", &limit, &r, &bad) ||
	    !number(request, "migration_delay_us", &delay, &m, &bad))
		return bad;
	if (!t && !r && !m) {
		answer = answer_ok();
		json_object_set_new(answer, "pool", pool_params(lh));
		return answer;
	}
	if (tslice < 1 || tslice > 1000)
		return answer_error("Time slice out of range, valid range is from 1 to 1000");
	if (limit && (limit < 100 || limit > 500000))
		return answer_error("Ratelimit out of range, valid range is from 100 to 500000");
	if (limit * USEC > tslice * MSEC)
		return answer_error("Ratelimit cannot be greater than timeslice");
	if (delay < 0 || delay > 100000)
		return answer_error("vcpu migration delay should be >= 0 and <= 100000us");
	p.tslice_ns = tslice * MSEC;
	p.ratelimit_ns = limit * USEC;
	p.migr_delay_ns = delay * USEC;
	*cmd = (struct live_command){ .op = LIVE_PARAMS, .params = p };
	return NULL;
}

json_t *answer_outcome(struct live_host *lh, const struct live_command *cmd, int result)
{
	switch (result) {
	case 0:
		break;
	case -ETIMEDOUT:
		return answer_error("the scheduler did not carry it out within %lld s", LIVE_COMMAND_NS / 1000 / MSEC);
	case -SCHED_ESRCH:
		return answer_error("Domain %u is gone", cmd->domain);
	case -SCHED_EAGAIN:
		return answer_error("the scheduler was just restarted; try again");
	default:
		return answer_error("the scheduler refused: %s", strerror(-result));
	}
	if (cmd->op == LIVE_ADJUST) {
		adjusted(lh, cmd);
	} else if (cmd->op == LIVE_PARAMS) {
		lh->params = cmd->params;
		lh->params_set = true;
	}
	return answer_ok();
}

/* ---- status ---- */

static json_t *answer_counters(const struct live_globals *g)
{
#define COUNTER(name) { #name, offsetof(struct live_counters, name) }
	static const struct {
		const char *name;
		size_t at;
	} counters[] = {
		COUNTER(dispatch), COUNTER(keep),     COUNTER(kick),	COUNTER(timer), COUNTER(miss),
		COUNTER(yield_to), COUNTER(yield_ok), COUNTER(adopt),	COUNTER(leave), COUNTER(full),
		COUNTER(late),	   COUNTER(stay),     COUNTER(at_once),
	};
	json_t *all = json_object();

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		u64 sum = 0;

		for (u32 cpu = 0; cpu < g->nr_cpus && cpu < LIVE_MAX_CPUS; cpu++)
			sum += *(const u64 *)((const char *)&g->counters[cpu] + counters[i].at);
		json_object_set_new(all, counters[i].name, json_integer((json_int_t)sum));
	}
	return all;
}

static json_t *answer_status(struct live_host *lh, const struct live_about *about)
{
	struct live_globals *g = lh->g;
	char state[64], ops[128];
	json_t *counters;

	scx_state(state, sizeof(state));
	scx_name(ops, sizeof(ops));
	counters = answer_counters(g);
	return json_pack("{si sb si ss ss sI si sb si si sI sI s{ss ss} so sO*}", "version", LIVE_PROTOCOL, "running",
			 1, "pid", (int)getpid(), "rota", ROTA_VERSION, "scheduler", about->sched, "since_unix",
			 (json_int_t)about->since_unix, "restarts", (int)about->restarts, "kvm", about->kvm, "cpus",
			 (int)about->online, "possible_cpus", (int)g->nr_cpus, "domains",
			 (json_int_t)g->host->nr_domains, "vcpus", (json_int_t)g->host->nr_vcpus, "kernel", "state",
			 state, "ops", ops, "counters", counters, "last_exit", about->last_exit);
}

/* Only for the fault tests, and only if the environment of `rota host start` said so. */
static json_t *fault_request(json_t *request, struct live_command *cmd)
{
	const char *kind = json_string_value(json_object_get(request, "kind"));

	if (!getenv("ROTA_LIVE_FAULTS") || !kind)
		return answer_error("faults are for tests; start the live host with ROTA_LIVE_FAULTS=1");
	*cmd = (struct live_command){ .op = strcmp(kind, "stall") ? LIVE_FAIL : LIVE_STALL };
	return NULL;
}

json_t *answer_request(struct live_host *lh, const struct live_about *about, json_t *request, struct live_command *cmd)
{
	json_t *version = json_object_get(request, "version"), *domain = json_object_get(request, "domain");
	const char *verb = json_string_value(json_object_get(request, "verb"));
	char name[32];
	int id = -1;

	if (!json_is_integer(version) || json_integer_value(version) != LIVE_PROTOCOL)
		return answer_error("this live host speaks version %d of the protocol; use the rota that started it",
				    LIVE_PROTOCOL);
	if (!verb)
		return answer_error("a request needs a verb");
	if (domain && !json_is_string(domain) && !json_is_integer(domain))
		return answer_error("domain must be a name or a number");
	if (domain) {
		const char *given = json_string_value(domain);

		snprintf(name, sizeof(name), "%lld", (long long)json_integer_value(domain));
		id = live_host_find(lh, given ? given : name);
		if (id < 0)
			return answer_error("%s is an invalid domain identifier", given ? given : name);
	}
	if (!strcmp(verb, "list"))
		return rows(lh, id, "domains", add_domain);
	if (!strcmp(verb, "vcpu-list"))
		return rows(lh, id, "vcpus", add_vcpus);
	if (!strcmp(verb, "sched-credit"))
		return credit_request(lh, request, id, cmd);
	if (!strcmp(verb, "params"))
		return params_request(lh, request, cmd);
	if (!strcmp(verb, "status"))
		return answer_status(lh, about);
	if (!strcmp(verb, "fault"))
		return fault_request(request, cmd);
	return answer_error("there is no verb '%.32s'", verb);
}
