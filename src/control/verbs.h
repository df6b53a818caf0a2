/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of rotad share; nobody else includes this. */
#ifndef CONTROL_VERBS_H
#define CONTROL_VERBS_H

#include "control/cpulist.h"
#include "control/rotad.h"

/* A request under way. */
struct request {
	struct rotad *d;
	json_t *in;
	int code; /* of the refusal; 0: none */
	char error[CONTROL_ERROR_LEN];
	json_t *warnings; /* array, or NULL */
	/* What undoes what was done, in order of doing. */
	struct command *undo;
	size_t nr_undo, room_undo;
};

/* The answer (an object, to which the version is added), or NULL after refuse(). */
typedef json_t *(*verb_fn)(struct request *r);

/* ---- request.c ---- */

/* The first refusal is kept. Returns NULL. */
json_t *refuse(struct request *r, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void warn(struct request *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * Parts of a request. Each returns false when refuse() was called. A missing key leaves *out alone; what is `needed`
 * must be there.
 */
bool ask_string(struct request *r, const char *key, bool needed, const char **out);
bool ask_number(struct request *r, const char *key, s64 *out, bool *given);
bool ask_flag(struct request *r, const char *key, bool *out);
bool ask_domain(struct request *r, bool needed, u32 *id);
/* The same of any value; NULL: the request has no @key. */
bool domain_named(struct request *r, json_t *v, const char *key, u32 *id);
bool ask_pool(struct request *r, const char *key, bool needed, u32 *id);
bool ask_cpus(struct request *r, const char *key, bool needed, struct cpumask *out);
/* A name that can be shown, and given to a shell: 1 to 63 printable ASCII characters, no blank at either end. */
bool good_name(struct request *r, const char *what, const char *name);
/* The words of a scheduler's error number, as xl has them. */
const char *error_words(int err);
/* The same of a command that failed: the host may know more. */
const char *command_words(const struct request *r, const struct command *cmd, int err);
/* Is this domain paused? */
bool domain_paused(const struct request *r, u32 id);

/* ---- transaction.c ---- */

/* Carry out one command, to be undone if the request fails after all. 0, the id, or -SCHED_E* without refuse(). */
int carry_out(struct request *r, const struct command *cmd);
void undo_all(struct request *r);
/* May the pool hold what its vCPUs reserve now? False after refuse(). */
bool admitted(struct request *r, u32 pool);

/* ---- reading hosts ---- */

static inline cpupool_t *pool_of(const struct request *r, u32 id)
{
	return &r->d->host->pools[id];
}

static inline domain_t *domain_of(const struct request *r, u32 id)
{
	return &r->d->host->domains[id];
}

u32 vcpus_of(const struct request *r, u32 domain, vcpu_t **vcpus, u32 max);
/* For each pool that is used, and each domain that exists, rising. */
bool pool_exists(const struct rotad *d, u32 id);
bool domain_exists(const struct rotad *d, u32 id);
#define FOR_EACH_POOL(d, id) \
	for (u32 id = 0; id < (d)->host->limits.pools; id++) \
		if (pool_exists(d, id))
#define FOR_EACH_DOMAIN(d, id) \
	for (u32 id = 0; id < (d)->host->limits.domains; id++) \
		if (domain_exists(d, id))

/* ---- the verbs ---- */

json_t *verb_info(struct request *r);
json_t *verb_status(struct request *r);
json_t *verb_list(struct request *r);
json_t *verb_vcpu_list(struct request *r);
json_t *verb_pool_list(struct request *r);
json_t *verb_sched(struct request *r);
json_t *verb_dump(struct request *r);

json_t *verb_sdom_list(struct request *r);
json_t *verb_sdom_attach(struct request *r);
json_t *verb_sdom_detach(struct request *r);

json_t *verb_turns(struct request *r);
json_t *verb_turns_set(struct request *r);
json_t *verb_announce(struct request *r);

json_t *verb_sched_domain(struct request *r);
json_t *verb_sched_vcpu(struct request *r);
json_t *verb_sched_pool(struct request *r);

json_t *verb_pin(struct request *r);
json_t *verb_vcpu_set(struct request *r);
json_t *verb_pause(struct request *r);
json_t *verb_unpause(struct request *r);
json_t *verb_rename(struct request *r);
json_t *verb_create(struct request *r);
/* The same of a domain that runs already: see verb_take.c. */
json_t *take_running(struct request *r, json_t *config, const char *name);
json_t *verb_destroy(struct request *r);

json_t *verb_pool_create(struct request *r);
json_t *verb_pool_destroy(struct request *r);
json_t *verb_pool_rename(struct request *r);
json_t *verb_cpu_add(struct request *r);
json_t *verb_cpu_remove(struct request *r);
json_t *verb_migrate(struct request *r);
json_t *verb_numa_split(struct request *r);

/* The parameters of a pool's scheduler as an object. */
json_t *pool_params(const struct rotad *d, u32 id);
json_t *micro_params(const cpupool_t *pool); /* of a hidden one */
/* The names of real-time words: server kinds, rules ... by number, NULL-terminated. */
extern const char *const rt_kind_names[], *const rt_rule_names[], *const rt_placement_names[], *const rt_fit_names[];

#endif
