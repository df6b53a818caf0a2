// SPDX-License-Identifier: GPL-2.0-or-later
/* Task sets: what they must be, and what they demand. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/number.h"

static int bad_task(const struct an_task *t, int i, const char *what, char *err, size_t errlen)
{
	if (t->name[0])
		snprintf(err, errlen, "task %s: %s", t->name, what);
	else
		snprintf(err, errlen, "task %d: %s", i + 1, what);
	return -EINVAL;
}

int an_tasks_valid(const struct an_task *tasks, int n, char *err, size_t errlen)
{
	if (n < 1 || n > AN_MAX_TASKS) {
		snprintf(err, errlen, "%s; a task set has 1 to %d tasks",
			 n < 1 ? "there is no task" : "too many tasks", AN_MAX_TASKS);
		return -EINVAL;
	}
	for (int i = 0; i < n; i++) {
		const struct an_task *t = &tasks[i];
		const int64_t times[] = { t->cost, t->period, t->deadline, t->jitter, t->blocking };

		for (size_t k = 0; k < sizeof(times) / sizeof(times[0]); k++)
			if (times[k] > AN_MAX_TIME)
				return bad_task(t, i, "a time is longer than 10^15 (11 days of ns)",
						err, errlen);
		if (t->cost <= 0)
			return bad_task(t, i, "its cost must be above 0", err, errlen);
		if (t->period <= 0)
			return bad_task(t, i, "its period must be above 0", err, errlen);
		if (t->deadline <= 0)
			return bad_task(t, i, "its deadline must be above 0", err, errlen);
		if (t->jitter < 0 || t->blocking < 0)
			return bad_task(t, i, "jitter and blocking can't be negative", err, errlen);
	}
	return 0;
}

/* Insertion by key: stable, and task sets are short; merge for the long ones. */
static int64_t key_of(const struct an_task *t, enum an_rule rule)
{
	switch (rule) {
	case AN_RM:
		return t->period;
	case AN_FP:
		return t->priority;
	default:
		return t->deadline;
	}
}

static void merge_sort(struct an_task *a, struct an_task *spare, int n, enum an_rule rule)
{
	/* bottom up: stable, no recursion */
	for (int width = 1; width < n; width *= 2) {
		for (int lo = 0; lo < n; lo += 2 * width) {
			int mid = lo + width < n ? lo + width : n;
			int hi = lo + 2 * width < n ? lo + 2 * width : n, i = lo, j = mid;

			for (int k = lo; k < hi; k++)
				spare[k] = j >= hi || (i < mid &&
						       key_of(&a[i], rule) <= key_of(&a[j], rule)) ?
						   a[i++] :
						   a[j++];
		}
		for (int k = 0; k < n; k++)
			a[k] = spare[k];
	}
}

static void insertion_sort(struct an_task *a, int n, enum an_rule rule)
{
	for (int i = 1; i < n; i++) {
		struct an_task t = a[i];
		int j = i;

		for (; j > 0 && key_of(&a[j - 1], rule) > key_of(&t, rule); j--)
			a[j] = a[j - 1];
		a[j] = t;
	}
}

void an_sort(struct an_task *tasks, int n, enum an_rule rule)
{
	struct an_task *spare = n > 16 ? malloc((size_t)n * sizeof(*spare)) : NULL;

	if (spare)
		merge_sort(tasks, spare, n, rule);
	else
		insertion_sort(tasks, n, rule);
	free(spare);
}

int an_utilisation_cmp(const struct an_task *tasks, int n, int64_t whole)
{
	struct an_ratio sum = { 0, 1 };

	for (int i = 0; i < n; i++)
		sum = an_ratio_add(sum, an_ratio(tasks[i].cost, tasks[i].period), true);
	return an_ratio_cmp(sum, (struct an_ratio){ whole, 1 });
}

an_wide an_utilisation(const struct an_task *tasks, int n)
{
	an_wide sum = 0;

	for (int i = 0; i < n; i++)
		sum += an_ceil((an_wide)tasks[i].cost << AN_RATE_BITS, tasks[i].period);
	return sum;
}

double an_utilisation_approx(const struct an_task *tasks, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += (double)tasks[i].cost / (double)tasks[i].period;
	return sum;
}

an_wide an_dbf(const struct an_task *tasks, int n, int64_t t)
{
	an_wide sum = 0;

	for (int i = 0; i < n; i++) {
		int64_t late = t - (tasks[i].deadline - tasks[i].jitter);

		if (late >= 0)
			sum += (an_wide)(late / tasks[i].period + 1) * tasks[i].cost;
	}
	return sum;
}

int64_t an_deadline_before(const struct an_task *tasks, int n, int64_t t)
{
	int64_t last = -1;

	for (int i = 0; i < n; i++) {
		int64_t d = an_max(0, tasks[i].deadline - tasks[i].jitter), late = t - 1 - d;

		if (late >= 0)
			last = an_max(last, d + late / tasks[i].period * tasks[i].period);
	}
	return last;
}

an_wide an_rbf(const struct an_task *tasks, int i, int64_t t)
{
	an_wide sum = (an_wide)tasks[i].cost + tasks[i].blocking;

	for (int j = 0; j < i; j++)
		sum += (an_wide)an_ceil64(t + tasks[j].jitter, tasks[j].period) * tasks[j].cost;
	return sum;
}
