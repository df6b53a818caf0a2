// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The live host behind rotad's protocol.
 *
 * Its objects are the core's, in memory that the kernel's side goes on changing, and a change is a command in the
 * mailbox, carried out within some milliseconds; the request waits for that, and so do other clients. A kernel side
 * that does not answer is given up after five seconds: by then the kernel's watchdog has thrown it out, or will.
 *
 * What the kernel's side has no command for is refused. VMs come and go by themselves.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/client.h"
#include "control/notify.h"
#include "control/kvm_host.h"
#include "control/server.h"
#include "control/settings.h"
#include "control/symbols_json.h"
#include "kvm/files.h"
#include "kvm/helpers.h"
#include "kvm/preflight.h"
#include "kvm/vmm.h"
#include "sim/admit.h"

#define WAIT_US 200 /* between two looks whether a command is carried out */
#define NO_UUID "00000000-0000-0000-0000-000000000000"

struct front {
	struct live_host *lh;
	const struct live_about *about;
	struct rotad d;
	struct server *server;
	bool ready; /* who started us was told */
	u32 vcpus; /* of all VMs, when their reservations were last judged */
};

struct kvm_front_options kvm_front_options;

/* ---- looking ---- */

static host_t *kvm_core(void *arg)
{
	return ((struct front *)arg)->lh->g->host;
}

static s64 kvm_now(void *arg)
{
	(void)arg;
	return live_now();
}

static bool kvm_facts(void *arg, u32 id, struct domain_facts *facts)
{
	const struct live_host *lh = ((struct front *)arg)->lh;
	const struct live_vm *vm = &lh->vms[id];

	if (id > LIVE_MAX_VMS || !live_host_has(lh, id))
		return false;
	*facts = (struct domain_facts){
		.name = vm->name,
		.uuid = NO_UUID,
		.pid = vm->tgid,
		.start_ns = (s64)(vm->started * (u64)(1000 * MSEC) / (u64)sysconf(_SC_CLK_TCK)),
	};
	return true;
}

/* Of Domain-0: what is in use, but not by VMs. */
static u64 kvm_memory(void *arg, u32 id)
{
	const struct live_host *lh = ((struct front *)arg)->lh;
	u64 used, vms = 0;

	if (lh->vms[id].helpers)
		return 0; /* it is the VM's */
	if (id != LIVE_DOM0)
		return vmm_memory_mib(lh->vms[id].tgid);
	used = host_memory_mib();
	for (u32 i = 1; i < lh->g->host->limits.domains; i++)
		if (live_host_has(lh, i) && !lh->vms[i].helpers)
			vms += vmm_memory_mib(lh->vms[i].tgid);
	return vms < used ? used - vms : 0;
}

static u32 kvm_vcpus(void *arg, u32 id, vcpu_t **vcpus, u32 max)
{
	struct live_host *lh = ((struct front *)arg)->lh;
	u32 n = 0;

	if (id != LIVE_DOM0)
		return live_host_vcpus(lh, id, vcpus, max);
	/* Of all pools: Domain-0 has a domain in each. */
	for (; n < lh->g->nr_cpus && n < max; n++)
		vcpus[n] = &lh->g->host->vcpus[n];
	return n;
}

static bool kvm_online(void *arg, u32 id, const vcpu_t *v)
{
	const struct live_host *lh = ((struct front *)arg)->lh;

	/* The host's tasks run on every pCPU that is on line, also if no pool has it. */
	if (id == LIVE_DOM0)
		return !(v->pause_flags & VPF_down) || lh->g->vcpus[v->index].out;
	return !(v->pause_flags & VPF_down) && lh->g->vcpus[v->index].pid;
}

static bool kvm_paused(void *arg, u32 id)
{
	return ((struct front *)arg)->lh->vms[id].paused;
}

/* An affinity to all pCPUs that are on line is one to all. */
static cpumask_t *kvm_every(void *arg)
{
	return &((struct front *)arg)->lh->g->host->all_cpus;
}

static json_t *counters(const struct live_globals *g)
{
#define COUNTER(name) { #name, offsetof(struct live_counters, name) }
	static const struct {
		const char *name;
		size_t at;
	} all[] = {
		COUNTER(dispatch), COUNTER(keep),      COUNTER(kick),	   COUNTER(timer),     COUNTER(miss),
		COUNTER(yield_to), COUNTER(yield_ok),  COUNTER(adopt),	   COUNTER(leave),     COUNTER(full),
		COUNTER(late),	   COUNTER(stay),      COUNTER(switching), COUNTER(at_once),   COUNTER(taken),
		COUNTER(irq),	   COUNTER(due_100us), COUNTER(due_1ms),   COUNTER(due_later),
	};
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		u64 sum = 0;

		for (u32 cpu = 0; cpu < g->nr_cpus && cpu < LIVE_MAX_CPUS; cpu++)
			sum += *(const u64 *)((const char *)&g->counters[cpu] + all[i].at);
		json_object_set_new(o, all[i].name, json_integer((json_int_t)sum));
	}
	return o;
}

static void kvm_status(void *arg, json_t *into)
{
	const struct front *f = arg;
	char state[64], ops[128];
	json_t *more;

	scx_state(state, sizeof(state));
	scx_name(ops, sizeof(ops));
	more = json_pack("{ss sI si sb ss si si s{ss ss} so sO*}", "scheduler", f->about->sched, "since_unix",
			 (json_int_t)f->about->since_unix, "restarts", (int)f->about->restarts, "kvm", f->about->kvm,
			 "guests", f->about->guests, "cpus", (int)f->about->online, "possible_cpus",
			 (int)f->lh->g->nr_cpus, "kernel", "state", state, "ops", ops, "counters", counters(f->lh->g),
			 "last_exit", f->about->last_exit);
	json_object_update(into, more);
	json_decref(more);
}

/* ---- changing ---- */

/* The command under way: there is one at a time. */
static struct {
	bool done;
	int result;
} outcome;

static void told(struct live_host *lh, const struct live_command *cmd, int result)
{
	(void)lh;
	(void)cmd;
	outcome.done = true;
	outcome.result = result;
}

int carry_out_live(struct live_host *lh, struct live_command *cmd)
{
	outcome.done = false;
	cmd->done = told;
	if (live_host_submit(lh, cmd))
		return -SCHED_EBUSY;
	/* What is in force is no longer what was wanted, and must not be put right: who called us says that it is. */
	lh->asked = true;
	/* The queue gives every command up in time: this ends. */
	for (;;) {
		live_host_poll(lh, live_now());
		if (outcome.done)
			break;
		usleep(WAIT_US);
	}
	lh->asked = false;
	return outcome.result;
}

static int adjust(struct live_host *lh, const struct command *cmd)
{
	struct live_command live = {
		.op = LIVE_ADJUST,
		.domain = cmd->domain,
		.generation = lh->g->domains[cmd->domain].generation,
		.a = cmd->weight,
		.b = cmd->cap,
	};
	int ret = carry_out_live(lh, &live);

	/* It is wanted from now on, and given again after a restart. */
	if (!ret && cmd->weight)
		lh->vms[cmd->domain].weight = (u32)cmd->weight;
	if (!ret && cmd->cap >= 0)
		lh->vms[cmd->domain].cap = (u32)cmd->cap;
	return ret;
}

static int set_params(struct live_host *lh, const struct command *cmd)
{
	struct live_command live = { .op = LIVE_PARAMS, .pool = cmd->pool, .params = cmd->credit };
	int ret = carry_out_live(lh, &live);

	if (!ret) {
		lh->params[cmd->pool].credit = cmd->credit;
		lh->params[cmd->pool].credit_set = true;
	}
	return ret;
}

/* Before it is noted by the kernel's watchdog, everybody must have had his turn; the host's longest is 30 s. */
#define MAX_PERIOD_NS (5000 * MSEC)

static int set_vcpu_rt(struct live_host *lh, const struct command *cmd)
{
	static vcpu_t *vcpus[SCHED_MAX_DOMAIN_VCPUS];
	struct live_command live = {
		.op = LIVE_RT,
		.domain = cmd->domain,
		.generation = lh->g->domains[cmd->domain].generation,
		.rt = cmd->rt,
	};
	int ret;

	if (cmd->vcpu >= (cmd->domain == LIVE_DOM0 ? lh->g->nr_cpus :
						     live_host_vcpus(lh, cmd->domain, vcpus, SCHED_MAX_DOMAIN_VCPUS)) ||
	    cmd->rt.period_ns > MAX_PERIOD_NS)
		return -SCHED_EINVAL;
	live.a = cmd->domain == LIVE_DOM0 ? (s32)cmd->vcpu : (s32)vcpus[cmd->vcpu]->index;
	ret = carry_out_live(lh, &live);
	return ret ? ret : live_host_want_rt(lh, cmd->domain, cmd->vcpu, cmd->not_given ? NULL : &cmd->rt);
}

static int set_pool(struct live_host *lh, const struct command *cmd)
{
	struct live_command live = { .op = cmd->op == CMD_POOL_RT ? LIVE_RT_POOL : LIVE_CREDIT2, .pool = cmd->pool };
	struct live_pool_params *p = &lh->params[cmd->pool];
	int ret;

	if (cmd->op == CMD_POOL_RT) {
		live.rt_pool = cmd->rt_pool;
		live.a = (s32)cmd->when;
	} else {
		live.credit2 = cmd->credit2;
	}
	ret = carry_out_live(lh, &live);
	if (ret)
		return ret;
	if (cmd->op == CMD_POOL_RT) {
		p->rt = cmd->rt_pool;
		p->rt_set = true;
	} else {
		p->credit2 = cmd->credit2;
		p->credit2_set = true;
	}
	return 0;
}

static int set_table(struct live_host *lh, const struct command *cmd)
{
	struct live_command live = { .op = LIVE_ARINC, .pool = cmd->pool, .arinc = cmd->arinc };
	int ret = carry_out_live(lh, &live);

	return ret ? ret : live_host_want_table(lh, cmd->pool, &cmd->arinc);
}

static int set_turns(struct live_host *lh, const struct command *cmd)
{
	struct live_command live = { .op = LIVE_TURNS, .pool = cmd->pool, .turns = cmd->turns };
	int ret = carry_out_live(lh, &live);

	if (!ret && cmd->pool < LIVE_MAX_POOLS) {
		lh->params[cmd->pool].turns = cmd->turns;
		lh->params[cmd->pool].turns_set = true;
	}
	return ret;
}

static int kvm_command(void *arg, const struct command *cmd)
{
	struct live_host *lh = ((struct front *)arg)->lh;

	if (cmd->op == CMD_ADJUST)
		return adjust(lh, cmd);
	if (cmd->op == CMD_POOL_CREDIT)
		return set_params(lh, cmd);
	if (cmd->op == CMD_POOL_CREDIT2 || cmd->op == CMD_POOL_RT)
		return set_pool(lh, cmd);
	if (cmd->op == CMD_POOL_ARINC)
		return set_table(lh, cmd);
	if (cmd->op == CMD_POOL_TURNS)
		return set_turns(lh, cmd);
	if (cmd->op == CMD_VCPU_RT)
		return set_vcpu_rt(lh, cmd);
	if (cmd->op == CMD_AFFINITY)
		return kvm_affinity(lh, cmd);
	if (cmd->op == CMD_PAUSE)
		return kvm_pause(lh, cmd->domain);
	if (cmd->op == CMD_UNPAUSE)
		return kvm_unpause(lh, cmd->domain);
	if (cmd->op == CMD_DESTROY)
		return kvm_destroy(lh, cmd->domain);
	if (cmd->op == CMD_SDOM_ATTACH || cmd->op == CMD_SDOM_DETACH)
		return kvm_sdom(lh, cmd);
	return kvm_pool(lh, cmd);
}

/* ---- reservations ---- */

/* A pool as admission sees it. */
struct judged {
	const struct live_host *lh;
	u32 host; /* Domain-0's domain there */
};

static domain_t *domain_at(const void *arg, u32 id)
{
	const struct judged *j = arg;

	return id == j->host || live_host_has(j->lh, id) ? &j->lh->g->host->domains[id] : NULL;
}

static const char *name_at(const void *arg, u32 id)
{
	const struct judged *j = arg;

	return j->lh->vms[id == j->host ? LIVE_DOM0 : id].name;
}

static u32 vcpus_at(const void *arg, u32 id, vcpu_t **vcpus, u32 max)
{
	return live_host_vcpus(((const struct judged *)arg)->lh, id, vcpus, max);
}

/* Was a VM of this pool given a budget? Domain-0 has some from the start, for the host's own sake. */
static bool anybody_given(const struct live_host *lh, const cpupool_t *pool)
{
	for (u32 i = 0; i < lh->g->host->limits.domains; i++)
		for (u32 k = 0; i != LIVE_DOM0 && live_host_has(lh, i) && lh->vms[i].rt && k < LIVE_MAX_RT; k++)
			if (lh->vms[i].rt[k].given && lh->g->host->domains[i].pool == pool)
				return true;
	return false;
}

static int kvm_overbooked(void *arg, u32 id, char *why)
{
	struct live_host *lh = ((struct front *)arg)->lh;
	host_t *h = lh->g->host;
	cpupool_t *pool = &h->pools[id];
	enum scn_admission mode = kvm_front_options.admission;
	const struct judged j = { .lh = lh, .host = id ? lh->g->host_domain[id] : LIVE_DOM0 };
	const struct admit_host a = {
		.host = h,
		.arg = &j,
		.max_domains = h->limits.domains,
		.domain = domain_at,
		.name = name_at,
		.vcpus = vcpus_at,
		.stays = &h->domains[j.host], /* each of its vCPUs holds the tasks of one pCPU */
	};
	int ret;

	if (mode == SCN_ADMISSION_OFF || (mode == SCN_ADMISSION_ASKED && !anybody_given(lh, pool)))
		return 0;
	ret = admit_pool(&a, pool, NULL, why, CONTROL_ERROR_LEN);
	if (ret < 0)
		snprintf(why, CONTROL_ERROR_LEN, "there is not enough memory to judge it");
	return !ret ? 0 : mode == SCN_ADMISSION_WARN ? 2 : 1;
}

static int kvm_rename(void *arg, u32 id, const char *name, char *error)
{
	struct live_host *lh = ((struct front *)arg)->lh;

	u32 helpers = lh->vms[id].helpers ? 0 : helpers_of(lh, id);

	(void)error;
	live_host_renamed(lh, lh->vms[id].name, name);
	snprintf(lh->vms[id].name, sizeof(lh->vms[id].name), "%s", name);
	if (helpers)
		snprintf(lh->vms[helpers].name, sizeof(lh->vms[helpers].name), "%.*s-dm", LIVE_NAME_LEN - 4, name);
	return 0;
}

static json_t *kvm_symbols_set(struct front *f, json_t *request, char *error)
{
	u64 buffer[LIVE_SYMBOL_BYTES / sizeof(u64)];
	struct symbol_table *table = (struct symbol_table *)buffer;
	json_t *domain = json_object_get(request, "domain");
	char name[CONTROL_NAME_LEN] = "";
	bool slide_known = false;
	int id, rc;

	if (json_is_integer(domain))
		snprintf(name, sizeof(name), "%lld", (long long)json_integer_value(domain));
	else if (json_is_string(domain))
		snprintf(name, sizeof(name), "%s", json_string_value(domain));
	id = live_host_find(f->lh, name);
	if (id < 0 || id == LIVE_DOM0) {
		snprintf(error, CONTROL_ERROR_LEN, "%.64s is %s", name,
			 id < 0 ? "an invalid domain identifier" : "no VM, it has no guest's symbols");
		return NULL;
	}
	if (json_object_get(request, "table") &&
	    !symbols_read(json_object_get(request, "table"), table, &slide_known, error))
		return NULL;
	rc = live_host_want_symbols(f->lh, (u32)id, json_object_get(request, "table") ? table : NULL, slide_known);
	if (!rc)
		return json_object();
	snprintf(error, CONTROL_ERROR_LEN, "%s", strerror(-rc));
	return NULL;
}

/* Only for the fault tests, and only if the environment of `rota host start` said so. */
static json_t *kvm_verb(void *arg, const char *verb, json_t *request, char *error)
{
	const char *kind = json_string_value(json_object_get(request, "kind"));
	struct live_command cmd;

	if (!strcmp(verb, "symbols-set"))
		return kvm_symbols_set(arg, request, error);
	if (!strcmp(verb, "step") || !strcmp(verb, "speed"))
		snprintf(error, CONTROL_ERROR_LEN,
			 "this host's time is real; %s is for a simulated one (rotad --host sim)", verb);
	if (strcmp(verb, "fault"))
		return NULL;
	if (!getenv("ROTA_LIVE_FAULTS") || !kind) {
		snprintf(error, CONTROL_ERROR_LEN, "faults are for tests; start the live host with ROTA_LIVE_FAULTS=1");
		return NULL;
	}
	/* Whoever asks for it can't be told how it went. */
	cmd = (struct live_command){ .op = strcmp(kind, "stall") ? LIVE_FAIL : LIVE_STALL };
	live_host_submit(((struct front *)arg)->lh, &cmd);
	return json_object();
}

static const struct backend kvm_backend = {
	.kind = "kvm",
	.host = kvm_core,
	.now = kvm_now,
	.command = kvm_command,
	.facts = kvm_facts,
	.memory_mib = kvm_memory,
	.vcpus = kvm_vcpus,
	.online = kvm_online,
	.paused = kvm_paused,
	.cannot = kvm_cannot,
	.every = kvm_every,
	.overbooked = kvm_overbooked,
	.rename = kvm_rename,
	.status = kvm_status,
	.verb = kvm_verb,
};

/* ---- the front ---- */

static void say(const char *sentence)
{
	fprintf(stderr, "rotad: %s\n", sentence);
}

static const char *pool_name(void *arg, u32 id)
{
	(void)arg;
	return id ? "" : "Pool-0";
}

static void kvm_close(void *front)
{
	struct front *f = front;

	server_close(f->server);
	settings_close(f->d.settings);
	free(f);
}

static bool read_settings(struct front *f, const struct kvm_front_options *o, char *error)
{
	char file[128], saved[128];

	if (o->no_config)
		return true;
	snprintf(file, sizeof(file), "%s%s", live_root(), SETTINGS_FILE);
	snprintf(saved, sizeof(saved), "%s%s", live_root(), SETTINGS_SAVED);
	f->d.settings =
		settings_open(f->d.host, o->config ? o->config : file, o->config, o->saved ? o->saved : saved, error);
	if (!f->d.settings)
		return false;
	f->d.others_read |= settings_others_read(f->d.settings);
	return true;
}

/* What Pool-0 begins with, beside the defaults. */
static void begin_turns(struct live_host *lh, const struct kvm_front_options *o)
{
	struct live_command live = { .op = LIVE_TURNS };
	char error[CONTROL_ERROR_LEN];

	if (!o->nr_turns)
		return;
	live.turns = lh->g->host->pools[0].assist.params;
	for (u32 i = 0; i < o->nr_turns; i++)
		turn_param_set(&live.turns, o->turns[i].param, o->turns[i].value, error);
	lh->params[0].turns = live.turns;
	lh->params[0].turns_set = true;
	live_host_submit(lh, &live);
}

/*
 * A VM that starts can't be refused, and reserves what the policy gives to everybody: when that is more than can be
 * guaranteed beside what others were given, it is told of.
 */
static void judge_who_came(struct front *f)
{
	char why[CONTROL_ERROR_LEN];
	vcpu_t *some[SCHED_MAX_DOMAIN_VCPUS];
	u32 vcpus = 0, before = f->vcpus;

	for (u32 i = 0; i < f->lh->g->host->limits.domains; i++)
		if (i != LIVE_DOM0 && live_host_has(f->lh, i))
			vcpus += live_host_vcpus(f->lh, i, some, SCHED_MAX_DOMAIN_VCPUS);
	f->vcpus = vcpus;
	for (u32 i = 0; vcpus > before && i < LIVE_MAX_POOLS; i++)
		if (f->lh->g->host->pools[i].used && kvm_overbooked(f, i, why))
			fprintf(stderr,
				"rotad: with the VM that came, cpupool '%s' holds more than is guaranteed: %s\n",
				f->d.pool_name[i], why);
}

static void *kvm_open(struct live_host *lh, const struct live_about *about, int epoll, char *error)
{
	const struct kvm_front_options *o = &kvm_front_options;
	const char *group = o->group ? o->group : "rota";
	struct front *f = calloc(1, sizeof(*f));
	char path[128];

	if (!f) {
		snprintf(error, CONTROL_ERROR_LEN, "not enough memory");
		return NULL;
	}
	f->lh = lh;
	f->about = about;
	begin_turns(lh, o);
	f->d = (struct rotad){ .ops = &kvm_backend, .arg = f, .host = lh->g->host, .others_read = o->others_read };
	rotad_name_pools(&f->d, pool_name, NULL);
	if (o->socket ? snprintf(path, sizeof(path), "%s", o->socket) >= (int)sizeof(path) :
			client_path(path, sizeof(path))) {
		snprintf(error, CONTROL_ERROR_LEN, "the path of the socket is too long");
		kvm_close(f);
		return NULL;
	}
	if (!read_settings(f, o, error)) {
		kvm_close(f);
		return NULL;
	}
	if (!o->group && f->d.settings && settings_group(f->d.settings))
		group = settings_group(f->d.settings);
	f->server = server_open(path, group, epoll, &f->d, error);
	if (!f->server) {
		kvm_close(f);
		return NULL;
	}
	return f;
}

static void kvm_event(void *front, u64 data, u32 events)
{
	struct front *f = front;

	f->d.host = f->lh->g->host;
	server_event(f->server, data, events);
}

static void kvm_tick(void *front, s64 now)
{
	struct front *f = front;

	f->d.host = f->lh->g->host;
	if (!f->ready) {
		f->ready = true;
		if (f->d.settings)
			settings_apply_pools(&f->d, say);
		notify_state("READY=1");
	}
	if (f->d.settings)
		settings_look(&f->d, say);
	judge_who_came(f);
	server_expire(f->server, now);
}

struct rotad *kvm_front_rotad(void *front)
{
	return &((struct front *)front)->d;
}

const struct daemon_front kvm_front = {
	.open = kvm_open,
	.event = kvm_event,
	.tick = kvm_tick,
	.close = kvm_close,
};
