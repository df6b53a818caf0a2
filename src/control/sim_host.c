// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The simulated host; see sim_host.h.
 *
 * Virtual time follows the wall clock at some speed: sim_tick() lets the machine run up to where it should be by now,
 * in slices so short that a client hardly waits. A machine that can't keep up loses time (and says how much in its
 * status) instead of running after it.
 *
 * Domain-0 is domain 0 here as on a real host: where the scenario has none, there is one with a vCPU for each pCPU of
 * the first pool and little to do.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cpulist.h"
#include "control/server.h"
#include "control/sim_host.h"
#include "sim/machine.h"
#include "sim/scenario_read.h"

#define SLICE_NS MSEC /* of virtual time at once */
#define BUDGET_NS (10 * MSEC) /* wall time of a tick */
#define TICK_MS 10
#define MAX_BEHIND_NS (200 * MSEC) /* wall time; what is beyond is lost */
#define MAX_STEP_NS (600LL * 1000 * MSEC)
#define DOM0_NAME "Domain-0"
#define DOM0_MEMORY_MIB 2048
#define MEMORY_MIB 1024 /* of a domain that says nothing */
#define MILLION 1000000

struct sim_domain_facts {
	char name[CONTROL_NAME_LEN];
	u64 memory_mib;
	s64 start_ns;
	u32 serial;
};

struct sim_host {
	struct scenario *s;
	struct machine *m;
	struct sim_domain_facts *domains;
	u32 serial;
	bool max, step;
	s64 speed; /* virtual seconds in a second, in millionths */
	s64 wall_ns, virtual_ns; /* one instant on both clocks */
	s64 lost_ns; /* virtual time that the machine could not keep up with */
};

/* ---- Domain-0 ---- */

static void reindex(int *domain, int from)
{
	if (from >= 0 && *domain == from)
		*domain = 0;
	else if (*domain >= 0 && (from < 0 || *domain < from))
		++*domain;
}

/* Domain @from becomes domain 0; -1: a new one will. */
static void make_first(struct scenario *s, int from)
{
	for (int i = 0; i < s->nr_events; i++) {
		reindex(&s->events[i].domain, from);
		reindex(&s->events[i].sdom, from);
	}
	for (int i = 0; i < s->nr_domains; i++)
		reindex(&s->domains[i].sdom, from);
	for (int p = 0; p < s->nr_pools; p++)
		for (int f = 0; f < s->pools[p].nr_frames; f++)
			reindex(&s->pools[p].frames[f].domain, from);
}

/* A kernel with its daemons: some 100 us each 20 ms on every vCPU. */
static bool make_dom0(const struct scenario *s, struct scn_domain *d)
{
	const struct scn_pool *pool = &s->pools[0];
	int n = 0;

	for (int c = 0; c < s->nr_pcpus; c++)
		n += scn_cpus_has(&pool->cpus, c);
	*d = (struct scn_domain){ .name = strdup(DOM0_NAME), .weight = 256, .sdom = -1 };
	if (!d->name || !scn_domain_vcpus(d, n ? n : 1))
		return false;
	scn_cpus_all(s, &d->settings->hard);
	scn_cpus_all(s, &d->settings->soft);
	for (int i = 0; i < d->nr_vcpus; i++) {
		struct scn_workload *w = &d->vcpus[i].workload;

		w->model = SCN_BURSTY;
		w->run = (struct scn_dist){ .kind = SCN_EXP, .a = 100 * USEC };
		w->sleep = (struct scn_dist){ .kind = SCN_EXP, .a = 20 * MSEC };
	}
	return true;
}

static bool put_dom0_first(struct scenario *s)
{
	struct scn_domain dom0, *domains;
	int at = 0;

	while (at < s->nr_domains && strcmp(s->domains[at].name, DOM0_NAME))
		at++;
	if (at == 0 && s->nr_domains)
		return true;
	if (at < s->nr_domains) {
		dom0 = s->domains[at];
		memmove(&s->domains[1], &s->domains[0], (size_t)at * sizeof(dom0));
		s->domains[0] = dom0;
		make_first(s, at);
		return true;
	}
	domains = realloc(s->domains, (size_t)(s->nr_domains + 1) * sizeof(*domains));
	if (!domains)
		return false;
	s->domains = domains;
	if (!make_dom0(s, &dom0)) {
		free(dom0.name);
		free(dom0.vcpus);
		return false;
	}
	make_first(s, -1);
	memmove(&domains[1], &domains[0], (size_t)s->nr_domains * sizeof(dom0));
	domains[0] = dom0;
	s->nr_domains++;
	return true;
}

/* ---- opening ---- */

static const char default_scenario[] = "name: host\n"
				       "duration: 1s\n"
				       "host: {nodes: 2, cores: 4}\n"
				       "domains: [{name: placeholder}]\n";

static struct scenario *load(const struct sim_options *o, char *error)
{
	struct scenario *s;

	if (o->scenario)
		return scenario_load(o->scenario, o->sets, o->nr_sets, error, CONTROL_ERROR_LEN);
	s = scn_load_text("default", default_scenario, strlen(default_scenario), o->sets, o->nr_sets, error,
			  CONTROL_ERROR_LEN);
	if (!s)
		return NULL;
	free(s->domains[0].vcpus);
	free(s->domains[0].settings);
	free(s->domains[0].name);
	s->nr_domains = 0;
	return s;
}

/* From here on virtual time runs along with the wall clock. */
static void set_clocks(struct sim_host *h)
{
	h->wall_ns = monotonic_ns();
	h->virtual_ns = h->m->now;
}

static bool set_speed(struct sim_host *h, const char *speed)
{
	s64 n;

	h->max = !strcmp(speed, "max");
	h->step = !strcmp(speed, "step");
	if (h->max || h->step)
		return true;
	if (scn_parse_millionths(speed, &n) || n < 1 || n > 100000LL * MILLION)
		return false;
	h->speed = n;
	set_clocks(h);
	return true;
}

static void sim_close(void *arg)
{
	struct sim_host *h = arg;

	if (!h)
		return;
	machine_free(h->m);
	scenario_free(h->s);
	free(h->domains);
	free(h);
}

static void name_domain(struct sim_host *h, u32 id, const char *name, u64 memory_mib)
{
	struct sim_domain_facts *f = &h->domains[id];

	snprintf(f->name, sizeof(f->name), "%s", name);
	f->memory_mib = memory_mib;
	f->start_ns = h->m->now;
	f->serial = ++h->serial;
}

void *sim_host_open(const struct sim_options *o, char *error)
{
	struct machine_room room = {
		.domains = o->max_domains ? o->max_domains : 1024,
		.vcpus = o->max_vcpus ? o->max_vcpus : 8192,
		.pools = SCHED_MAX_POOLS,
	};
	struct sim_host *h = calloc(1, sizeof(*h));
	u32 vcpus = 0;

	if (!h) {
		snprintf(error, CONTROL_ERROR_LEN, "not enough memory");
		return NULL;
	}
	h->s = load(o, error);
	if (!h->s || !put_dom0_first(h->s))
		goto fail;
	for (int i = 0; i < h->s->nr_domains; i++)
		vcpus += (u32)h->s->domains[i].nr_vcpus;
	if (room.domains + (u32)h->s->nr_domains > SCHED_MAX_DOMAINS)
		room.domains = SCHED_MAX_DOMAINS - (u32)h->s->nr_domains;
	if (room.vcpus + vcpus > SCHED_MAX_VCPUS)
		room.vcpus = vcpus < SCHED_MAX_VCPUS ? SCHED_MAX_VCPUS - vcpus : 0;
	room.pools -= (u32)h->s->nr_pools;
	h->m = machine_create_live(h->s, &room, error, CONTROL_ERROR_LEN);
	if (!h->m)
		goto fail;
	h->domains = calloc(h->m->max_domains, sizeof(*h->domains));
	if (!h->domains || !set_speed(h, o->speed ? o->speed : "1")) {
		snprintf(error, CONTROL_ERROR_LEN,
			 "'%.32s' is no speed; write a number like 1, 0.1 or 100, or max, or step",
			 o->speed ? o->speed : "1");
		goto fail;
	}
	for (int i = 0; i < h->s->nr_domains; i++)
		name_domain(h, (u32)i, h->s->domains[i].name, i ? MEMORY_MIB : DOM0_MEMORY_MIB);
	return h;
fail:
	sim_close(h);
	return NULL;
}

const char *sim_pool_name(void *arg, u32 id)
{
	const struct sim_host *h = arg;

	return id < (u32)h->s->nr_pools ? h->s->pools[id].name : "";
}

/* ---- what it is asked ---- */

static host_t *sim_core(void *arg)
{
	return ((struct sim_host *)arg)->m->host;
}

static s64 sim_now(void *arg)
{
	return ((struct sim_host *)arg)->m->now;
}

/* The same in every run: a version-4 UUID of the host's seed and the domain's number in order of birth. */
static void make_uuid(char uuid[37], u64 seed, u32 serial)
{
	struct random rng;
	u64 a, b;

	if (serial == 1) {
		strcpy(uuid, "00000000-0000-0000-0000-000000000000");
		return;
	}
	random_init(&rng, seed, serial);
	a = random_u64(&rng);
	b = random_u64(&rng);
	snprintf(uuid, 37, "%08x-%04x-4%03x-%04x-%012" PRIx64, (u32)(a >> 32), (u32)(a >> 16) & 0xffff, (u32)a & 0xfff,
		 (u32)(b >> 48 & 0x3fff) | 0x8000, b & 0xffffffffffff);
}

static bool sim_facts(void *arg, u32 id, struct domain_facts *facts)
{
	struct sim_host *h = arg;

	if (id >= h->m->max_domains || !h->m->domains[id].d)
		return false;
	*facts = (struct domain_facts){
		.name = h->domains[id].name,
		.start_ns = h->domains[id].start_ns,
	};
	make_uuid(facts->uuid, h->s->seed, h->domains[id].serial);
	return true;
}

static u64 sim_memory(void *arg, u32 id)
{
	return ((struct sim_host *)arg)->domains[id].memory_mib;
}

static cpumask_t *sim_every(void *arg)
{
	return &((struct sim_host *)arg)->m->host->all_cpus;
}

static u32 sim_vcpus(void *arg, u32 id, vcpu_t **vcpus, u32 max)
{
	struct sim_host *h = arg;
	struct sim_domain *sd = &h->m->domains[id];
	u32 n = sd->nr_vcpus < max ? sd->nr_vcpus : max;

	for (u32 i = 0; i < n; i++)
		vcpus[i] = h->m->vcpus[sd->first_vcpu + i].v;
	return n;
}

static bool sim_online(void *arg, u32 id, const vcpu_t *v)
{
	(void)arg;
	(void)id;
	return !(v->pause_flags & VPF_down);
}

static void sim_status(void *arg, json_t *into)
{
	struct sim_host *h = arg;
	char speed[32];

	snprintf(speed, sizeof(speed), "%s", h->max ? "max" : h->step ? "step" : "");
	if (!*speed)
		snprintf(speed, sizeof(speed), "%g", (double)h->speed / MILLION);
	json_object_set_new(into, "scenario", json_string(h->s->name));
	json_object_set_new(into, "speed", json_string(speed));
	json_object_set_new(into, "now_ns", json_integer(h->m->now));
	json_object_set_new(into, "lost_ns", json_integer(h->lost_ns));
	json_object_set_new(into, "events", json_integer((json_int_t)h->m->nr_events));
}

/* ---- commands ---- */

static int core_call(struct machine *m, void *arg)
{
	const struct command *cmd = arg;
	sched_call_t *cx = &m->cx;
	host_t *host = m->host;
	domain_t *d = &host->domains[cmd->domain];
	cpupool_t *pool = &host->pools[cmd->pool];
	vcpu_t *v = NULL;

	if (cmd->op == CMD_VCPU_RT || cmd->op == CMD_AFFINITY || cmd->op == CMD_UNPIN || cmd->op == CMD_VCPU_UP ||
	    cmd->op == CMD_VCPU_DOWN) {
		struct sim_domain *sd = &m->domains[cmd->domain];

		if (cmd->vcpu >= sd->nr_vcpus)
			return -SCHED_EINVAL;
		v = m->vcpus[sd->first_vcpu + cmd->vcpu].v;
	}
	switch (cmd->op) {
	case CMD_ADJUST:
		return sched_adjust(cx, d, cmd->weight, cmd->cap);
	case CMD_VCPU_RT:
		return sched_adjust_vcpu(cx, v, &cmd->rt);
	case CMD_POOL_CREDIT:
		return sched_adjust_global_credit(cx, pool, &cmd->credit);
	case CMD_POOL_CREDIT2:
		return sched_adjust_global_credit2(cx, pool, &cmd->credit2);
	case CMD_POOL_RT:
		return sched_adjust_global_rt(cx, pool, &cmd->rt_pool, cmd->when);
	case CMD_POOL_ARINC:
		return sched_adjust_global_arinc653(cx, pool, &cmd->arinc);
	case CMD_AFFINITY: {
		struct cpumask hard = cmd->hard, soft = cmd->soft;

		return vcpu_set_affinity(cx, v, cmd->set_hard ? &hard : NULL, cmd->set_soft ? &soft : NULL);
	}
	case CMD_UNPIN:
		vcpu_temporary_affinity(cx, v, -1, VCPU_AFFINITY_OVERRIDE);
		vcpu_temporary_affinity(cx, v, -1, VCPU_AFFINITY_WAIT);
		return 0;
	case CMD_PAUSE:
		return domain_pause(cx, d);
	case CMD_UNPAUSE:
		return domain_unpause(cx, d);
	case CMD_VCPU_UP:
		vcpu_up(cx, v);
		return 0;
	case CMD_VCPU_DOWN:
		vcpu_down(cx, v);
		return 0;
	case CMD_POOL_TURNS:
		return sched_adjust_global_assist(cx, pool, &cmd->turns);
	case CMD_POOL_MICRO:
		return sched_adjust_global_micro(cx, pool, &cmd->micro);
	case CMD_POOL_CREATE:
		return cmd->hidden ? cpupool_create_hidden(cx, CPUPOOL_ANY, (s32)cmd->pool) :
				     cpupool_create(cx, CPUPOOL_ANY, cmd->sched);
	case CMD_POOL_DESTROY:
		return cpupool_destroy(cx, (s32)cmd->pool);
	case CMD_CPU_ADD:
		return cpupool_add_cpu(cx, (s32)cmd->pool, (s32)cmd->cpu);
	case CMD_CPU_REMOVE:
		return cpupool_rm_cpu(cx, (s32)cmd->pool, (s32)cmd->cpu);
	case CMD_MOVE:
		return cpupool_move_domain(cx, d, (s32)cmd->pool);
	case CMD_SDOM_ATTACH:
		return sdom_attach(cx, &host->domains[cmd->sdom], d);
	case CMD_SDOM_DETACH:
		return sdom_detach(cx, d);
	case CMD_DESTROY:
		break; /* sim_command() */
	}
	return -SCHED_EINVAL;
}

static int sim_command(void *arg, const struct command *cmd)
{
	struct sim_host *h = arg;
	struct command copy = *cmd, back = *cmd;
	int ret;

	if (cmd->domain >= h->m->max_domains || cmd->sdom >= h->m->max_domains || cmd->pool >= h->m->host->limits.pools)
		return -SCHED_ENOENT;
	if (cmd->op == CMD_DESTROY)
		return machine_remove_domain(h->m, cmd->domain);
	ret = machine_insist(h->m, core_call, &copy);
	/* The next one of this number is another pool. */
	if (cmd->op == CMD_POOL_DESTROY && !ret && cmd->pool < (u32)h->s->nr_pools)
		h->s->pools[cmd->pool].admission = SCN_ADMISSION_OFF;
	if (ret != -SCHED_EAGAIN)
		return ret;
	/* It can't be had: give up what was begun. */
	if (cmd->op == CMD_CPU_REMOVE)
		back.op = CMD_CPU_ADD;
	else if (cmd->op == CMD_MOVE)
		back.pool = h->m->host->domains[cmd->domain].pool->id;
	else
		return ret;
	machine_insist(h->m, core_call, &back);
	return ret;
}

/* A pool of the scenario says so (`admission:`), as long as it lives. */
static int sim_overbooked(void *arg, u32 pool, char *why)
{
	struct sim_host *h = arg;
	enum scn_admission mode = pool < (u32)h->s->nr_pools ? h->s->pools[pool].admission : SCN_ADMISSION_OFF;
	int ret = mode == SCN_ADMISSION_OFF ? 0 : machine_admits(h->m, pool, NULL, why, CONTROL_ERROR_LEN);

	if (ret < 0)
		snprintf(why, CONTROL_ERROR_LEN, "there is not enough memory to judge it");
	return !ret ? 0 : mode == SCN_ADMISSION_ENFORCE ? 1 : 2;
}

/* ---- create ---- */

/* A quoted YAML string, which is JSON's. */
static void put_string(FILE *f, const char *text)
{
	json_t *s = json_string(text);

	json_dumpf(s, f, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	json_decref(s);
}

static bool put_cpus(struct sim_host *h, FILE *f, const char *key, const char *list, char *error)
{
	char text[4 * SCHED_MAX_PCPUS];
	struct cpumask mask;

	if (cpulist_parse(h->m->host, list, &mask, error))
		return false;
	if (mask_empty(&mask, h->m->host->mask_words)) {
		snprintf(error, CONTROL_ERROR_LEN, "vcpu %s affinity map is empty",
			 strcmp(key, "cpus") ? "soft" : "hard");
		return false;
	}
	cpulist_print(h->m->host, &h->m->host->all_cpus, &mask, text, sizeof(text));
	fprintf(f, "    %s: \"%s\"\n", key, text);
	return true;
}

/* cpus, cpus_soft: one list for all vCPUs, or one for each of the first. */
static bool put_affinity(struct sim_host *h, FILE *f, json_t *config, char *error)
{
	static const char *const keys[] = { "cpus", "cpus_soft" };

	for (int k = 0; k < 2; k++) {
		json_t *v = json_object_get(config, keys[k]);

		if (json_is_string(v) && !put_cpus(h, f, keys[k], json_string_value(v), error))
			return false;
	}
	return true;
}

static bool put_vcpus(struct sim_host *h, FILE *f, json_t *config, json_int_t nr, char *error)
{
	json_t *hard = json_object_get(config, "cpus"), *soft = json_object_get(config, "cpus_soft");
	bool any = json_is_array(hard) || json_is_array(soft);

	if (any)
		fprintf(f, "    vcpu:\n");
	for (json_int_t i = 0; any && i < nr; i++) {
		const char *a = json_string_value(json_array_get(hard, (size_t)i)),
			   *b = json_string_value(json_array_get(soft, (size_t)i));

		fprintf(f, "    - id: %" JSON_INTEGER_FORMAT "\n  ", i);
		if (a && !put_cpus(h, f, "cpus", a, error))
			return false;
		fprintf(f, "%s", a && b ? "  " : "");
		if (b && !put_cpus(h, f, "cpus_soft", b, error))
			return false;
		fputc('\n', f);
	}
	return true;
}

static void put_number(FILE *f, json_t *config, const char *key, const char *as, const char *unit)
{
	json_t *v = json_object_get(config, key);

	if (json_is_integer(v))
		fprintf(f, "%s: %" JSON_INTEGER_FORMAT "%s", as, json_integer_value(v), unit);
}

static bool put_domain(struct sim_host *h, FILE *f, json_t *config, json_int_t nr, char *error)
{
	static const char *const rt[][2] = { { "period_us", "period" }, { "budget_us", "budget" } };
	json_t *extratime = json_object_get(config, "extratime");
	const char *comma = "";

	fprintf(f, "domains:\n  - name: ");
	put_string(f, json_string_value(json_object_get(config, "name")));
	fprintf(f, "\n    vcpus: %" JSON_INTEGER_FORMAT "\n    ", nr);
	put_number(f, config, "weight", "weight", "\n    ");
	put_number(f, config, "cap", "cap", "\n");
	fputc('\n', f);
	if (!put_affinity(h, f, config, error) || !put_vcpus(h, f, config, nr, error))
		return false;
	if (!json_object_get(config, "period_us") && !json_object_get(config, "budget_us") && !extratime)
		return true;
	fprintf(f, "    sched: {");
	for (int k = 0; k < 2; k++)
		if (json_object_get(config, rt[k][0])) {
			fputs(comma, f);
			put_number(f, config, rt[k][0], rt[k][1], "us");
			comma = ", ";
		}
	if (json_is_boolean(extratime))
		fprintf(f, "%sextratime: %d", comma, json_is_true(extratime));
	fprintf(f, "}\n");
	return true;
}

/* The scenario that has this host's topology, the pool and the one domain. */
static char *describe(struct sim_host *h, json_t *config, u32 pool, json_int_t nr, char *error)
{
	const struct scenario *s = h->s;
	cpupool_t *p = &h->m->host->pools[pool];
	char cpus[4 * SCHED_MAX_PCPUS], *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool ok;

	if (!f) {
		snprintf(error, CONTROL_ERROR_LEN, "not enough memory");
		return NULL;
	}
	cpulist_print(h->m->host, &h->m->host->all_cpus, &p->cpus, cpus, sizeof(cpus));
	fprintf(f,
		"duration: 1s\nseed: %" PRIu64 "\nhost: {nodes: %d, cores: %d, threads: %d}\n"
		"pools: [{name: pool, sched: \"%s\", cpus: \"%s\"}]\n",
		s->seed, s->nodes, s->cores, s->threads, sched_name(p->sched), cpus);
	ok = put_domain(h, f, config, nr, error);
	if (fclose(f) || !ok) {
		free(text);
		return NULL;
	}
	return text;
}

static bool whole(json_t *config, const char *key, json_int_t least, json_int_t most, json_int_t *out, char *error)
{
	json_t *v = json_object_get(config, key);

	if (!v)
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < least || json_integer_value(v) > most) {
		snprintf(error, CONTROL_ERROR_LEN, "%s must be %lld to %lld", key, (long long)least, (long long)most);
		return false;
	}
	*out = json_integer_value(v);
	return true;
}

static bool check_numbers(json_t *config, char *error)
{
	json_int_t n;

	return whole(config, "weight", 1, CREDIT_MAX_WEIGHT, &n, error) &&
	       whole(config, "cap", 0, 100 * SCHED_MAX_DOMAIN_VCPUS, &n, error) &&
	       whole(config, "period_us", 1, 4294967295LL, &n, error) &&
	       whole(config, "budget_us", 1, 4294967295LL, &n, error);
}

static int add(struct sim_host *h, const char *text, const char *workload, u32 pool, u32 online, char *error)
{
	char *set = NULL, *sets[1];
	struct scenario *one;
	int id;

	if (workload && asprintf(&set, "domains.0.workload=%s", workload) < 0) {
		snprintf(error, CONTROL_ERROR_LEN, "not enough memory");
		return -1;
	}
	sets[0] = set;
	one = scn_load_text("create", text, strlen(text), sets, workload ? 1 : 0, error, CONTROL_ERROR_LEN);
	free(set);
	if (!one) {
		/* The reader names the assignment, which nobody here has written. */
		const char *rest = strncmp(error, "--set ", 6) ? NULL : strstr(error, "': ");

		if (rest)
			memmove(error, rest + 3, strlen(rest + 3) + 1);
		return -1;
	}
	id = -1;
	/* Whoever may create domains need not be who may read rotad's files. */
	if (one->domains[0].vcpus[0].workload.model == SCN_REPLAY)
		snprintf(error, CONTROL_ERROR_LEN,
			 "a recording is replayed only by a domain of the scenario that rotad is started with");
	else
		id = machine_add_domain(h->m, one, pool, online, error, CONTROL_ERROR_LEN);
	if (id < 0)
		scenario_free(one);
	return id;
}

static int sim_create(void *arg, json_t *config, u32 pool, char *error)
{
	struct sim_host *h = arg;
	json_t *workload = json_object_get(config, "workload");
	json_int_t online = 1, nr = 1, memory = MEMORY_MIB;
	char *text;
	int id;

	if (!whole(config, "vcpus", 1, SCHED_MAX_DOMAIN_VCPUS, &online, error))
		return -1;
	nr = online;
	if (!whole(config, "maxvcpus", 1, SCHED_MAX_DOMAIN_VCPUS, &nr, error) ||
	    !whole(config, "memory_mib", 0, 1LL << 40, &memory, error) || !check_numbers(config, error))
		return -1;
	if (nr < online) {
		snprintf(error, CONTROL_ERROR_LEN, "xl: maxvcpus < vcpus");
		return -1;
	}
	if (workload && !json_is_string(workload)) {
		snprintf(error, CONTROL_ERROR_LEN, "workload must be a string, as in \"{model: hog}\"");
		return -1;
	}
	text = describe(h, config, pool, nr, error);
	if (!text)
		return -1;
	id = add(h, text, json_string_value(workload), pool, (u32)online, error);
	free(text);
	if (id >= 0)
		name_domain(h, (u32)id, json_string_value(json_object_get(config, "name")), (u64)memory);
	return id;
}

static int sim_rename(void *arg, u32 id, const char *name, char *error)
{
	struct sim_host *h = arg;

	(void)error;
	snprintf(h->domains[id].name, CONTROL_NAME_LEN, "%s", name);
	return 0;
}

/* ---- time ---- */

static int sim_tick(void *arg, char *error)
{
	struct sim_host *h = arg;
	s64 began = monotonic_ns(), wall = began, until;

	(void)error;
	if (h->step)
		return -1;
	if (h->max) {
		while (monotonic_ns() - began < BUDGET_NS)
			machine_run(h->m, h->m->now + SLICE_NS);
		return 0;
	}
	until = h->virtual_ns + (s64)((__int128)(wall - h->wall_ns) * h->speed / MILLION);
	while (h->m->now < until && monotonic_ns() - began < BUDGET_NS)
		machine_run(h->m, until - h->m->now > SLICE_NS ? h->m->now + SLICE_NS : until);
	if (h->m->now >= until)
		return TICK_MS;
	if ((__int128)(until - h->m->now) * MILLION / h->speed > MAX_BEHIND_NS) {
		h->lost_ns += until - h->m->now;
		h->wall_ns = wall;
		h->virtual_ns = h->m->now;
	}
	return 0;
}

/* step {ns}: let virtual time pass; speed {speed}. */
static json_t *sim_verb(void *arg, const char *verb, json_t *request, char *error)
{
	struct sim_host *h = arg;
	json_t *ns = json_object_get(request, "ns");
	const char *speed = json_string_value(json_object_get(request, "speed"));

	if (!strcmp(verb, "step")) {
		json_int_t n = json_integer_value(ns);

		if (!json_is_integer(ns) || n < 0 || n > MAX_STEP_NS) {
			snprintf(error, CONTROL_ERROR_LEN, "a step is 0 to %lld s", MAX_STEP_NS / 1000 / MSEC);
			return NULL;
		}
		machine_run(h->m, h->m->now + n);
		set_clocks(h);
		return json_pack("{sI}", "now_ns", (json_int_t)h->m->now);
	}
	if (!strcmp(verb, "speed")) {
		if (!speed || !set_speed(h, speed)) {
			snprintf(error, CONTROL_ERROR_LEN, "a speed is a number like 1, 0.1 or 100, or max, or step");
			return NULL;
		}
		return json_object();
	}
	return NULL;
}

const struct backend sim_backend = {
	.kind = "sim",
	.host = sim_core,
	.now = sim_now,
	.command = sim_command,
	.facts = sim_facts,
	.memory_mib = sim_memory,
	.every = sim_every,
	.vcpus = sim_vcpus,
	.online = sim_online,
	.create = sim_create,
	.overbooked = sim_overbooked,
	.rename = sim_rename,
	.status = sim_status,
	.verb = sim_verb,
	.tick = sim_tick,
	.close = sim_close,
};
