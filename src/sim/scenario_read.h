/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the scenario reader share; nobody else includes this.
 *
 * The text becomes a tree (scenario_tree.c), `--set` edits the tree (scenario_set.c), and the
 * subject files (scenario.c, scenario_domains.c, scenario_workload.c, scenario_events.c) check it
 * and fill struct scenario. The reader remembers the key path it is at, so that every complaint
 * names file, line and key without any checker having to carry them. Only the first complaint is
 * kept: what follows a mistake is often its echo.
 *
 * Functions return 0 or a negative errno, and have called scn_fail() when they return an error.
 */
#ifndef SIM_SCENARIO_READ_H
#define SIM_SCENARIO_READ_H

#include "sim/scenario.h"

#define SCN_MAX_FILE (16 << 20) /* bytes */
/* Values of the document with its aliases expanded: stops "billion laughs". */
#define SCN_MAX_NODES (1 << 20)
#define SCN_MAX_DEPTH 32 /* a real scenario needs 6 */
#define SCN_MAX_ANCHORS 1024
#define SCN_PATH_LEN 256

enum scn_node_kind { SCN_SCALAR, SCN_LIST, SCN_MAP };

/* A node of the document. Children are linked; a child of a mapping carries its key. */
struct scn_node {
	enum scn_node_kind kind;
	bool plain; /* a scalar without quotes: may be a number, a boolean or nothing at all */
	bool open; /* its end has not been read yet: an alias to it would be a cycle */
	int set; /* index of the --set it came from, -1 = the file */
	int line, key_line; /* from 1 */
	const char *file; /* that it is in: the scenario's, or a named model's */
	int nr; /* children */
	char *text; /* scalar */
	char *key;
	struct scn_node *first, *last, *next;
};

struct scn_name {
	const char *name;
	int index;
};

struct scn_chunk;
struct scn_reader {
	const char *file;
	char *const *sets;
	char *err;
	size_t errlen;
	bool failed;
	char path[SCN_PATH_LEN]; /* of the key being looked at, "domains.vm1.weight" */
	size_t path_len;
	char quoted[3][72]; /* what scn_quote() hands out in turn */
	int next_quoted;
	struct scn_chunk *chunks; /* memory of the tree */
	int nr_nodes;
	struct scenario *s;
	struct scn_name *by_name; /* domains sorted by name */
};

/* scenario_tree.c */
int scn_tree_parse(struct scn_reader *r, const char *text, size_t len, int set, struct scn_node **out);
void *scn_alloc(struct scn_reader *r, size_t size); /* zeroed, lives until scn_tree_free() */
struct scn_node *scn_node_new(struct scn_reader *r, enum scn_node_kind kind, int line, int set);
void scn_node_append(struct scn_node *parent, struct scn_node *child);
void scn_tree_free(struct scn_reader *r);

/* scenario_set.c */
int scn_set_apply(struct scn_reader *r, struct scn_node *root, int index);

/* scenario_node.c: complaints and typed access */
int scn_fail(struct scn_reader *r, const struct scn_node *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int scn_fail_key(struct scn_reader *r, const struct scn_node *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4))); /* names the line of the key, not of its value */
int scn_fail_memory(struct scn_reader *r);
/* 'text', shortened, one line, printable */
const char *scn_quote(struct scn_reader *r, const char *text);
/* "did you mean", or NULL */
const char *scn_closest(const char *word, const char *const *known, size_t stride);
size_t scn_enter(struct scn_reader *r, const char *key); /* returns what scn_leave() wants back */
/* by its name, or index */
size_t scn_enter_item(struct scn_reader *r, const struct scn_node *item, int index);
void scn_leave(struct scn_reader *r, size_t path_len);

const struct scn_node *scn_get(const struct scn_node *map, const char *key);
int scn_check_map(struct scn_reader *r, const struct scn_node *n, const char *const *keys, const char *what);
int scn_check_list(struct scn_reader *r, const struct scn_node *n, const char *what, int max);
int scn_need(struct scn_reader *r, const struct scn_node *map, const char *key, const char *example);
bool scn_is_null(const struct scn_node *n);
int scn_need_scalar(struct scn_reader *r, const struct scn_node *n, const char *what);

/*
 * Each reads @key of @map into *@out, checks min..max, and leaves *@out alone when the key is
 * missing.
 */
int scn_read_int(struct scn_reader *r, const struct scn_node *map, const char *key, const int64_t range[2], int *out);
int scn_read_time(struct scn_reader *r, const struct scn_node *map, const char *key, const int64_t range[2],
		  int64_t *out);
/* *@out is malloc'd. */
int scn_read_line(struct scn_reader *r, const struct scn_node *map, const char *key, char **out);
int scn_read_cpus(struct scn_reader *r, const struct scn_node *map, const char *key, struct scn_cpus *out);
int scn_time_value(struct scn_reader *r, const struct scn_node *n, const int64_t range[2], int64_t *out);
int scn_int_value(struct scn_reader *r, const struct scn_node *n, const int64_t range[2], int64_t *out);
int scn_bool_value(struct scn_reader *r, const struct scn_node *n, int64_t *out);
int scn_check_name(struct scn_reader *r, const struct scn_node *n, bool numbered);
/* A required name, into @out[SCHED_NAME_LEN]. */
int scn_read_name(struct scn_reader *r, const struct scn_node *map, const char *key, const char *example, char *out);

/* scenario_text.c */
int scn_parse_u64(const char *text, uint64_t *out); /* decimal digits only; -EINVAL, -ERANGE */
int scn_parse_millionths(const char *text, int64_t *out); /* "0.75" -> 750000 */
void scn_format_time(int64_t ns, char *out, size_t len); /* the shortest exact spelling */
bool scn_cpus_empty(const struct scn_cpus *c);
bool scn_cpus_intersect(const struct scn_cpus *a, const struct scn_cpus *b);
void scn_cpus_all(const struct scenario *s, struct scn_cpus *out);
static inline bool scn_cpus_has(const struct scn_cpus *c, int cpu)
{
	return c->w[cpu / 64] >> (cpu % 64) & 1;
}

/* The subjects. Each takes its own part of the document; NULL = the key is missing. */
int scn_read_pools(struct scn_reader *r, const struct scn_node *n);
int scn_read_domains(struct scn_reader *r, const struct scn_node *n);
/* scenario_sched.c: real-time parameters of vCPUs and pools, and arinc653's frames */
int scn_read_vcpu_sched(struct scn_reader *r, const struct scn_node *n, const char *policy, struct scn_sched *out);
int scn_read_pool_sched(struct scn_reader *r, const struct scn_node *n, const char *policy, struct scn_sched *out);
int scn_read_event_sched(struct scn_reader *r, const struct scn_node *n, bool pool, struct scn_sched *out);
int scn_read_admission(struct scn_reader *r, const struct scn_node *n, struct scn_pool *pool);
/* scenario_micro.c: parent, hidden and microslice of a pool, after its name */
int scn_read_hidden(struct scn_reader *r, const struct scn_node *n, struct scn_pool *pool);
int scn_read_frames(struct scn_reader *r, const struct scn_node *n, struct scn_pool *pool);
int scn_resolve_frames(struct scn_reader *r);

/* scenario_sdom.c: does the policy account a domain to another? The lookup of `sdom:`, and what one may name. */
bool scn_has_sdoms(const char *policy);
int scn_resolve_sdoms(struct scn_reader *r);
int scn_check_sdom(struct scn_reader *r, const struct scn_node *at, int domain, int sdom);
/* @nr_vcpus: of the domain that all of them are the workload of; 0: it is one vCPU's */
int scn_read_workload(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w, int nr_vcpus);
int scn_read_program(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w, int nr_vcpus);
/*
 * scenario_model.c: is there a file for this model? The body of that which the workload @n names, a program, with the
 * parameters that @n gives.
 */
bool scn_is_named_model(const struct scn_reader *r, const char *name);
int scn_named_model(struct scn_reader *r, const struct scn_node *n, const struct scn_node **body);
struct program;
/* The list `tasks` of either kind of program: what one looks like, who needs it, and who reads one. */
struct scn_tasks_form {
	const char *example, *what;
	int (*read)(struct scn_reader *r, const struct scn_node *n, struct program *p, int nr_vcpus);
};
int scn_read_tasks(struct scn_reader *r, const struct scn_node *n, struct program *p, int nr_vcpus,
		   const struct scn_tasks_form *form);
int scn_read_task_set(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w, int nr_vcpus);
/* A required DIST. */
int scn_read_dist(struct scn_reader *r, const struct scn_node *map, const char *key, struct scn_dist *d);
int scn_read_events(struct scn_reader *r, const struct scn_node *n);
int scn_find_pool(struct scn_reader *r, const struct scn_node *n, int *pool);
int scn_find_domain(struct scn_reader *r, const struct scn_node *n, int *domain);

/* scenario.c: as scenario_load(), for a text already in memory (not kept). */
struct scenario *scn_load_text(const char *path, const char *text, size_t len, char *const *sets, int nr_sets,
			       char *err, size_t errlen);
/* A whole file ("-": standard input) of at most SCN_MAX_FILE; malloc'ed, or NULL with one sentence. */
char *scn_read_file(const char *path, size_t *len, char *err, size_t errlen);

#endif
