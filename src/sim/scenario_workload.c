// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `workload:`: what a vCPU wants of the CPU. One table of models, one row with the keys it takes
 * and its reader.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/scenario_read.h"
#include "symbols/symbols.h"

static const int64_t any_time[] = { 0, SCN_MAX_TIME_NS };
static const int64_t some_time[] = { 1, SCN_MAX_TIME_NS };

/* e^4: the 84th percentile lies at 55 times the median, nothing measured is wilder. */
#define MAX_SIGMA 4000000

static int read_hog(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w)
{
	return scn_read_time(r, n, "work", any_time, &w->work_ns);
}

static int need_time(struct scn_reader *r, const struct scn_node *n, const char *key, int64_t *out)
{
	int err = scn_need(r, n, key, "10ms");

	return err ? err : scn_read_time(r, n, key, some_time, out);
}

static int read_periodic(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w)
{
	int err;

	err = need_time(r, n, "period", &w->period_ns);
	if (!err)
		err = need_time(r, n, "cost", &w->cost_ns);
	w->deadline_ns = w->period_ns;
	if (!err)
		err = scn_read_time(r, n, "deadline", some_time, &w->deadline_ns);
	if (!err)
		err = scn_read_time(r, n, "phase", any_time, &w->phase_ns);
	if (err || w->cost_ns <= w->period_ns)
		return err;
	scn_enter(r, "cost");
	return scn_fail(r, scn_get(n, "cost"),
			"is longer than the period, no CPU is that fast; write at most period");
}

static int read_duty(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w)
{
	int err;

	err = need_time(r, n, "period", &w->period_ns);
	if (!err)
		err = need_time(r, n, "on", &w->on_ns);
	if (!err)
		err = scn_read_time(r, n, "phase", any_time, &w->phase_ns);
	if (err || w->on_ns <= w->period_ns)
		return err;
	scn_enter(r, "on");
	return scn_fail(r, scn_get(n, "on"),
			"is longer than the period; write at most period, or use model: hog");
}

static int read_uniform(struct scn_reader *r, const struct scn_node *n, struct scn_dist *d)
{
	int err;

	d->kind = SCN_UNIFORM;
	err = scn_check_list(r, n, "{uniform: [1ms, 5ms]}", 2);
	if (err)
		return err;
	if (n->nr != 2)
		return scn_fail(r, n, "has %d entries; write the two bounds, {uniform: [1ms, 5ms]}",
				n->nr);
	err = scn_time_value(r, n->first, any_time, &d->a);
	if (!err)
		err = scn_time_value(r, n->last, some_time, &d->b);
	if (err)
		return err;
	return d->a <= d->b ?
		       0 :
		       scn_fail(r, n,
				"has its bounds the wrong way round; write the smaller first");
}

static int read_lognormal(struct scn_reader *r, const struct scn_node *n, struct scn_dist *d)
{
	static const char *const keys[] = { "median", "sigma", NULL };
	const struct scn_node *sigma;
	int err;

	d->kind = SCN_LOGNORMAL;
	err = scn_check_map(r, n, keys, "{lognormal: {median: 2ms, sigma: 0.5}}");
	if (!err)
		err = need_time(r, n, "median", &d->a);
	if (!err)
		err = scn_need(r, n, "sigma", "0.5");
	if (err)
		return err;
	sigma = scn_get(n, "sigma");
	scn_enter(r, "sigma");
	err = scn_need_scalar(r, sigma, "a number");
	if (err)
		return err;
	if (!sigma->plain || scn_parse_millionths(sigma->text, &d->b) || d->b > MAX_SIGMA)
		return scn_fail(
			r, sigma,
			"%s is not a sigma; write a number from 0 to 4 with at most six decimals",
			scn_quote(r, sigma->text));
	return 0;
}

int scn_read_dist(struct scn_reader *r, const struct scn_node *map, const char *key,
		  struct scn_dist *d)
{
	static const char *const kinds[] = { "const", "uniform", "exp", "lognormal", NULL };
	const struct scn_node *n, *arg;
	size_t path;
	int err;

	err = scn_need(r, map, key, "{exp: 1ms}");
	if (err)
		return err;
	n = scn_get(map, key);
	path = scn_enter(r, key);
	if (n->kind == SCN_SCALAR) {
		err = scn_time_value(r, n, some_time, &d->a);
		scn_leave(r, path);
		return err;
	}
	err = scn_check_map(r, n, kinds, "5ms, {exp: 5ms} or {uniform: [1ms, 5ms]}");
	if (err)
		return err;
	if (n->nr != 1)
		return scn_fail(r, n, "has %d distributions; write one, such as {exp: 5ms}", n->nr);
	arg = n->first;
	scn_enter(r, arg->key);
	if (!strcmp(arg->key, "uniform"))
		err = read_uniform(r, arg, d);
	else if (!strcmp(arg->key, "lognormal"))
		err = read_lognormal(r, arg, d);
	else {
		d->kind = strcmp(arg->key, "exp") ? SCN_CONST : SCN_EXP;
		err = scn_time_value(r, arg, some_time, &d->a);
	}
	if (err)
		return err;
	scn_leave(r, path);
	return 0;
}

/* A class of symbols, as rule files name it. */
static int read_class(struct scn_reader *r, const struct scn_node *map, const char *key, int8_t *out)
{
	const struct scn_node *n = scn_get(map, key);
	const char *names[SYMBOL_NR_CLASSES + 1] = { NULL };
	const char *closest;
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, key);
	err = scn_need_scalar(r, n, "a class of symbols, such as spin");
	if (err)
		return err;
	for (uint32_t c = 0; c < SYMBOL_NR_CLASSES; c++) {
		names[c] = symbol_class_name(c);
		if (!strcmp(names[c], n->text))
			*out = (int8_t)c;
	}
	if (*out < 0) {
		closest = scn_closest(n->text, names, sizeof(names[0]));
		return scn_fail(r, n, "unknown class %s; %s%s%s", scn_quote(r, n->text),
				closest ? "did you mean '" : "docs/symbols.md lists them", closest ? closest : "",
				closest ? "'?" : "");
	}
	scn_leave(r, path);
	return 0;
}

static int read_spin(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w)
{
	int err;

	w->work_ns = 1707;
	w->at_class = w->stopped_class = -1;
	err = scn_read_time(r, n, "window", some_time, &w->work_ns);
	if (!err)
		err = read_class(r, n, "at", &w->at_class);
	if (!err)
		err = read_class(r, n, "stopped", &w->stopped_class);
	if (w->at_class < 0)
		w->at_class = SYMBOL_SPIN;
	if (w->stopped_class < 0)
		w->stopped_class = w->at_class;
	if (!err && scn_get(n, "ipis")) {
		size_t path = scn_enter(r, "ipis");
		int64_t ipis = 0;

		err = scn_bool_value(r, scn_get(n, "ipis"), &ipis);
		w->ipis = ipis;
		scn_leave(r, path);
	}
	return err;
}

static int read_bursty(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w)
{
	int err = scn_read_dist(r, n, "run", &w->run);

	return err ? err : scn_read_dist(r, n, "sleep", &w->sleep);
}

/*
 * "demand/vm1.txt" in "dir/replay.yaml" is dir/demand/vm1.txt: a scenario and its recordings move
 * together.
 */
static int read_replay(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w)
{
	const char *slash = strrchr(r->file, '/');
	const struct scn_node *file;
	struct stat st;
	size_t dir, len, path;
	int err;

	err = scn_need(r, n, "file", "demand/vm1.demand");
	if (err)
		return err;
	file = scn_get(n, "file");
	path = scn_enter(r, "file");
	err = scn_need_scalar(r, file, "the path of a recording");
	if (err)
		return err;
	dir = *file->text != '/' && slash ? (size_t)(slash - r->file) + 1 : 0;
	len = strlen(file->text);
	if (!len || len > 4000)
		return scn_fail(r, file, "is a path of %zu characters; write 1 to 4000", len);
	w->file = malloc(dir + len + 1);
	if (!w->file)
		return scn_fail_memory(r);
	memcpy(w->file, r->file, dir);
	memcpy(w->file + dir, file->text, len + 1);
	if (stat(w->file, &st) || access(w->file, R_OK))
		return scn_fail(r, file,
				"%s cannot be read (%s); paths start at the scenario's directory",
				scn_quote(r, file->text), strerror(errno));
	if (!S_ISREG(st.st_mode))
		return scn_fail(r, file,
				"%s is not a file; name a recording made by rota trace import",
				scn_quote(r, file->text));
	scn_leave(r, path);
	return 0;
}

static const struct model {
	const char *name;
	enum scn_model model;
	const char *keys[18];
	int (*read)(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w);
} models[] = {
	{ "idle", SCN_IDLE, { "model" }, NULL },
	{ "hog", SCN_HOG, { "model", "start", "work" }, read_hog },
	{ "periodic",
	  SCN_PERIODIC,
	  { "model", "start", "period", "cost", "deadline", "phase" },
	  read_periodic },
	{ "duty", SCN_DUTY, { "model", "start", "period", "on", "phase" }, read_duty },
	{ "bursty", SCN_BURSTY, { "model", "start", "run", "sleep" }, read_bursty },
	{ "spin", SCN_SPIN, { "model", "start", "window", "at", "stopped", "ipis" }, read_spin },
	{ "replay", SCN_REPLAY, { "model", "start", "file" }, read_replay },
	{ "program",
	  SCN_PROGRAM,
	  { "model", "start", "slice", "granularity", "switch", "hard_irq", "softirq", "ipi", "pause",
	    "irq_vcpu", "ipi_yields", "net", "locks", "barriers", "tasks" },
	  NULL },
	{ "tasks", /* a program of another kind */
	  SCN_PROGRAM,
	  { "model", "start", "scheduler", "placement", "fit", "switch", "hard_irq", "ipi", "tasks" },
	  NULL },
	{ NULL, SCN_IDLE, { NULL }, NULL },
};

static int find_model(struct scn_reader *r, const struct scn_node *map, const struct model **out)
{
	const struct scn_node *n;
	char known[160] = "";
	const char *closest;
	size_t path;
	int err;

	if (map->kind != SCN_MAP)
		return scn_fail(r, map, "is not a mapping; write it like {model: hog}");
	err = scn_need(r, map, "model", "hog");
	if (err)
		return err;
	n = scn_get(map, "model");
	path = scn_enter(r, "model");
	err = scn_need_scalar(r, n, "the name of a model");
	if (err)
		return err;
	for (const struct model *m = models; m->name; m++) {
		if (!strcmp(m->name, n->text)) {
			*out = m;
			scn_leave(r, path);
			return 0;
		}
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			 *known ? ", " : "", m->name);
	}
	if (scn_is_named_model(r, n->text)) {
		*out = NULL;
		scn_leave(r, path);
		return 0;
	}
	closest = scn_closest(n->text, &models[0].name, sizeof(models[0]));
	if (closest)
		return scn_fail(r, n, "unknown model %s; did you mean '%s'?", scn_quote(r, n->text),
				closest);
	return scn_fail(r, n, "unknown model %s; use one of: %s, or the name of a file in workloads/",
			scn_quote(r, n->text), known);
}

/* @w is zeroed. The caller has entered the workload's key. */
int scn_read_workload(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w,
		      int nr_vcpus)
{
	const struct scn_node *given = n;
	const struct model *m = NULL;
	int err;

	err = find_model(r, n, &m);
	if (!err)
		err = scn_read_time(r, n, "start", any_time, &w->start_ns);
	if (!err && !m) {
		/* a program that a file has */
		err = scn_named_model(r, n, &n);
		for (m = models; m->model != SCN_PROGRAM; m++)
			;
	}
	if (!err)
		err = scn_check_map(r, n, m->keys, "{model: hog}");
	if (err)
		return err;
	w->model = m->model;
	if (m->model != SCN_PROGRAM)
		return m->read ? m->read(r, n, w) : 0;
	if (!nr_vcpus) {
		scn_enter(r, "model");
		return scn_fail(r, scn_get(given, "model"),
				"a program is that of all vCPUs; give it as the domain's workload");
	}
	return strcmp(m->name, "tasks") ? scn_read_program(r, n, w, nr_vcpus) :
					  scn_read_task_set(r, n, w, nr_vcpus);
}
