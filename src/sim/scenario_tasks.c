// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `model: tasks`: periodic tasks with deadlines, and the guest's scheduler for them. They become a program (program.h)
 * of one step, whose passes are the jobs.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/program.h"
#include "sim/scenario_read.h"

static const int64_t any_time[] = { 0, SCN_MAX_TIME_NS };
static const int64_t some_time[] = { 1, SCN_MAX_TIME_NS };

/* One of @words; the index. */
static int read_word(struct scn_reader *r, const struct scn_node *map, const char *key, const char *const *words,
		     int *out)
{
	const struct scn_node *n = scn_get(map, key);
	char known[100] = "";
	size_t path;

	if (!n)
		return 0;
	path = scn_enter(r, key);
	for (int i = 0; words[i]; i++) {
		if (n->kind == SCN_SCALAR && !strcmp(n->text, words[i])) {
			*out = i;
			scn_leave(r, path);
			return 0;
		}
		strcat(strcat(known, i ? ", " : ""), words[i]);
	}
	return scn_fail(r, n, "is none of the words it can be; write one of %s", known);
}

/* A time that may be 0, or a distribution. */
static int read_phase(struct scn_reader *r, const struct scn_node *map, struct scn_dist *d)
{
	const struct scn_node *n = scn_get(map, "phase");

	if (!n)
		return 0;
	return n->kind == SCN_SCALAR ? scn_read_time(r, map, "phase", any_time, &d->a) :
				       scn_read_dist(r, map, "phase", d);
}

static int read_timing(struct scn_reader *r, const struct scn_node *n, const struct program *p, struct program_tasks *t)
{
	static const int64_t priorities[] = { 1, 1000000 };
	const struct scn_dist *cost = &t->steps[0].dist;
	size_t path;
	int err;

	err = scn_need(r, n, "period", "10ms");
	if (!err)
		err = scn_read_time(r, n, "period", some_time, &t->period_ns);
	if (!err)
		err = scn_read_dist(r, n, "cost", &t->steps[0].dist);
	t->deadline_ns = t->period_ns;
	if (!err)
		err = scn_read_time(r, n, "deadline", some_time, &t->deadline_ns);
	if (!err)
		err = read_phase(r, n, &t->phase);
	if (!err)
		err = scn_read_int(r, n, "priority", priorities, &t->priority);
	if (err)
		return err;
	if (cost->kind == SCN_CONST && cost->a > t->period_ns) {
		scn_enter(r, "cost");
		return scn_fail(r, scn_get(n, "cost"),
				"is longer than the period, no CPU is that fast; write at most period");
	}
	if ((p->rule == RULE_FP) == (t->priority > 0))
		return 0;
	path = scn_enter(r, "priority");
	if (t->priority)
		return scn_fail(r, scn_get(n, "priority"), "has no effect under this scheduler; write scheduler: fp");
	scn_leave(r, path);
	return scn_need(r, n, "priority", "1");
}

static int read_task(struct scn_reader *r, const struct scn_node *n, struct program *p, int nr_vcpus)
{
	static const char *const keys[] = { "name",	"count", "vcpu",     "period", "cost",
					    "deadline", "phase", "priority", NULL };
	static const int64_t counts[] = { 1, PROGRAM_MAX_TASKS };
	const int64_t vcpus[] = { 0, nr_vcpus - 1 };
	struct program_tasks *t = &p->tasks[p->nr_entries++];
	int err;

	t->count = 1;
	t->vcpu = -1;
	t->threads = 1;
	t->steps = calloc(2, sizeof(*t->steps));
	if (!t->steps)
		return scn_fail_memory(r);
	t->nr_steps = 2;
	t->steps[0].op = OP_COMPUTE;
	t->steps[1].op = OP_END;
	err = scn_check_map(r, n, keys, "{name: task, period: 10ms, cost: 1ms}");
	if (!err)
		err = scn_read_name(r, n, "name", "task", t->name);
	if (!err)
		err = scn_read_int(r, n, "count", counts, &t->count);
	if (!err)
		err = scn_read_int(r, n, "vcpu", vcpus, &t->vcpu);
	if (!err)
		err = read_timing(r, n, p, t);
	if (err)
		return err;
	if (p->global && t->vcpu >= 0) {
		scn_enter(r, "vcpu");
		return scn_fail(r, scn_get(n, "vcpu"),
				"has no effect where tasks run on any vCPU; write placement: partitioned");
	}
	p->nr_tasks += t->count;
	if (p->nr_tasks > PROGRAM_MAX_TASKS)
		return scn_fail(r, n, "makes more than %d tasks; use fewer", PROGRAM_MAX_TASKS);
	for (struct program_tasks *other = p->tasks; other < t; other++)
		if (!strcmp(other->name, t->name))
			return scn_fail(r, n, "there are tasks of this name already; choose another name");
	return 0;
}

int scn_read_task_set(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w, int nr_vcpus)
{
	static const struct scn_tasks_form form = { "[{name: task, period: 10ms, cost: 1ms}]", "a task set",
						    read_task };
	static const char *const rules[] = { "fp", "rm", "dm", "edf", NULL };
	static const char *const places[] = { "partitioned", "global", NULL };
	static const char *const fits[] = { "first", "best", "worst", NULL };
	int rule = RULE_EDF - RULE_FP, place = 0, fit = GUEST_WORST_FIT, err;
	struct program *p = calloc(1, sizeof(*p));

	if (!p)
		return scn_fail_memory(r);
	w->program = p;
	p->users = 1;
	p->slice_ns = 1;
	p->switch_ns = 1000;
	p->hard_irq_ns = 2000;
	p->ipi_ns = 1000;
	err = read_word(r, n, "scheduler", rules, &rule);
	if (!err)
		err = read_word(r, n, "placement", places, &place);
	if (!err)
		err = read_word(r, n, "fit", fits, &fit);
	p->rule = (uint8_t)(rule + RULE_FP);
	p->global = place == 1;
	p->fit = (uint8_t)fit;
	if (!err && p->global && scn_get(n, "fit")) {
		scn_enter(r, "fit");
		return scn_fail(r, scn_get(n, "fit"),
				"has no effect where tasks run on any vCPU; write placement: partitioned");
	}
	if (!err)
		err = scn_read_time(r, n, "switch", any_time, &p->switch_ns);
	if (!err)
		err = scn_read_time(r, n, "hard_irq", any_time, &p->hard_irq_ns);
	if (!err)
		err = scn_read_time(r, n, "ipi", any_time, &p->ipi_ns);
	if (!err)
		err = scn_need(r, n, "tasks", "[{name: task, period: 10ms, cost: 1ms}]");
	return err ? err : scn_read_tasks(r, scn_get(n, "tasks"), p, nr_vcpus, &form);
}
