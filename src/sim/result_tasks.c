/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest of periodic tasks measured: for each entry of its task set the jobs, how many were late, the
 * distributions of how late it knew of them, of response times and of tardiness. In the result it is the object "guest"
 * of the domain.
 */
#include <string.h>

#include "sim/guest_os.h"
#include "sim/result.h"

static const char *const rules[] = { "round robin", "fp", "rm", "dm", "edf" };

void rt_jobs(const struct guest_os *os, uint64_t *jobs, uint64_t *missed)
{
	for (int i = 0; os->rt && i < os->program->nr_entries; i++) {
		*jobs += os->rt[i].jobs;
		*missed += os->rt[i].missed;
	}
}

json_t *tasks_json(const struct guest_os *os)
{
	const struct program *p = os->program;
	json_t *o, *tasks = json_array();

	for (int i = 0; i < p->nr_entries; i++) {
		const struct program_tasks *t = &p->tasks[i];
		const struct rt_stats *s = &os->rt[i];

		json_array_append_new(tasks,
				      json_pack("{s:s,s:i,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "name", t->name, "count",
						t->count, "period_ns", (json_int_t)t->period_ns, "deadline_ns",
						(json_int_t)t->deadline_ns, "jobs", (json_int_t)s->jobs, "missed",
						(json_int_t)s->missed, "release_ns", latency_json(&s->release),
						"response_ns", latency_json(&s->response), "tardiness_ns",
						latency_json(&s->tardiness)));
	}
	o = json_pack("{s:s,s:s,s:o,s:o,s:I,s:I,s:I}", "scheduler", rules[p->rule], "placement",
		      p->global ? "global" : "partitioned", "tasks", tasks, "response_ppm",
		      latency_json(&os->response_ppm), "task_switches", (json_int_t)os->stats.switches,
		      "timer_interrupts", (json_int_t)os->stats.interrupts, "reschedule_ipis",
		      (json_int_t)os->stats.ipis_reschedule);
	return o;
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static double percentile(const json_t *task, const char *of, const char *key)
{
	return number(json_object_get(task, of), key) / 1e6;
}

void tasks_table(const json_t *domain, FILE *out)
{
	const json_t *g = json_object_get(domain, "guest"), *tasks = json_object_get(g, "tasks");
	const char *name;
	int width = 4;
	json_t *t;
	size_t i;

	json_array_foreach(tasks, i, t)
	{
		name = json_string_value(json_object_get(t, "name"));
		if ((int)strlen(name) > width)
			width = (int)strlen(name);
	}
	fprintf(out, "\n%s: %s %s, times in ms\n", json_string_value(json_object_get(domain, "name")),
		json_string_value(json_object_get(g, "placement")), json_string_value(json_object_get(g, "scheduler")));
	fprintf(out, "  %-*s %9s %9s  %8s %6s  %9s %9s %9s  %9s\n", width, "Task", "Period", "Deadline", "Jobs",
		"Missed", "resp. p50", "p99", "max", "max late");
	json_array_foreach(tasks, i, t)
	{
		name = json_string_value(json_object_get(t, "name"));
		fprintf(out, "  %-*s %9.3f %9.3f  %8.0f %6.0f  %9.3f %9.3f %9.3f  %9.3f\n", width, name,
			number(t, "period_ns") / 1e6, number(t, "deadline_ns") / 1e6, number(t, "jobs"),
			number(t, "missed"), percentile(t, "response_ns", "p50"), percentile(t, "response_ns", "p99"),
			percentile(t, "response_ns", "max"), percentile(t, "tardiness_ns", "max"));
	}
}
