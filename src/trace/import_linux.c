// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reader of a Linux host's scheduling events as text: `perf sched script`, ftrace's
 * `trace`/`trace_pipe`, `trace-cmd report`.
 *
 * A line is "comm-pid (tgid) [cpu] flags seconds.fraction: event: fields" in one of three dialects;
 * what they share is enough: the task is what stands before "[cpu]", the time is the last word
 * before the event's name. Of the events only sched_switch and the wake-ups (sched_wakeup,
 * sched_waking, sched_wakeup_new) matter. A task switched out in state R is preempted; in any other
 * it blocks.
 *
 * Which threads are a domain: the vCPU threads of one VM ("CPU n/KVM", as QEMU names them for
 * libvirt), grouped by process where the text tells it (record-tgid, or pid/tid), else by order of
 * thread ids; all other tasks of one name are a domain of that name, a task a vCPU.
 */
#include "trace/import_demand.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 4096
#define MAX_PID INT64_C(4194304) /* PID_MAX_LIMIT */
/* A file in which so many lines make no sense, and none did, is not a trace. */
#define MAX_STRANGE_LINES 1000

struct reader {
	struct imp_recording *r;
	FILE *f;
	unsigned long line;
	uint64_t strange;
	int64_t current
		[SCHED_MAX_PCPUS]; /* task on each pCPU by the last line from there, -1 none yet */
};

struct line {
	int64_t pid, tgid; /* of the task in whose context the event was written; -1 unknown */
	char *comm; /* its name, not ended by NUL */
	size_t comm_len;
	uint32_t cpu;
	uint64_t ns;
	char *event; /* name, without "sched:" */
	char *fields;
};

struct task {
	char comm[32];
	int64_t pid;
};

static int fail_line(struct reader *rd, int error, const char *what)
{
	/*
	 * FILE:LINE: rather than FILE: like the rest of this reader's errors about the whole file
	 */
	snprintf(rd->r->err, sizeof(rd->r->err), "%s:%lu: %s", rd->r->path, rd->line, what);
	return error;
}

/* A whole number at *@s, which is moved behind it; -1 if there is none or it is above @max. */
static int64_t number(char **s, int64_t max)
{
	int64_t v = 0;

	if (!isdigit((unsigned char)**s))
		return -1;
	for (; isdigit((unsigned char)**s); (*s)++) {
		v = v * 10 + (**s - '0');
		if (v > max)
			return -1;
	}
	return v;
}

/*
 * "[003]" somewhere in the line, with a blank before; names of tasks may hold brackets, so the
 * digits are required.
 */
static char *find_cpu(char *s, uint32_t *cpu)
{
	for (char *p = strchr(s, '['); p; p = strchr(p + 1, '[')) {
		char *q = p + 1;
		int64_t n = number(&q, SCHED_MAX_PCPUS - 1);

		if (p > s && p[-1] == ' ' && n >= 0 && *q == ']') {
			*cpu = (uint32_t)n;
			return p;
		}
	}
	return NULL;
}

/* "comm-pid (tgid)", "comm pid", "comm pid/tid": only the ids matter here. */
static void parse_context(char *s, char *end, struct line *l)
{
	char *p;

	l->pid = -1;
	l->tgid = -1;
	while (end > s && end[-1] == ' ')
		end--;
	*end = '\0';
	if (end > s && end[-1] == ')') {
		p = strrchr(s, '(');
		if (!p)
			return;
		end = p;
		for (p++; *p == ' '; p++)
			;
		l->tgid = number(&p, MAX_PID); /* "-----": none */
		while (end > s && end[-1] == ' ')
			end--;
		*end = '\0';
	}
	for (p = end; p > s && isdigit((unsigned char)p[-1]); p--)
		;
	end = p;
	l->pid = number(&p, MAX_PID);
	l->comm = s + strspn(s, " ");
	l->comm_len = end > l->comm ? (size_t)(end - 1 - l->comm) : 0;
	if (end > s && end[-1] == '/') {
		for (p = end - 1; p > s && isdigit((unsigned char)p[-1]); p--)
			;
		if (p < end - 1 && p > s && p[-1] == ' ')
			l->tgid = number(&p, MAX_PID);
	}
}

/* "  12.345678: " -> ns; the fraction has 1 to 9 digits. */
static bool parse_time(char *s, uint64_t *ns)
{
	int64_t sec, frac = 0;
	int digits = 0;

	sec = number(&s, INT64_C(9000000000));
	if (sec < 0 || *s != '.')
		return false;
	for (s++; isdigit((unsigned char)*s); s++, digits++)
		if (digits < 9)
			frac = frac * 10 + (*s - '0');
	if (!digits || *s)
		return false;
	for (; digits < 9; digits++)
		frac *= 10;
	*ns = (uint64_t)sec * 1000000000u + (uint64_t)frac;
	return true;
}

/* False: not an event line (a header, a blank, output of something else). */
static bool parse_line(char *s, struct line *l)
{
	char *p, *time, *colon;

	p = find_cpu(s, &l->cpu);
	if (!p)
		return false;
	/* The time is the first word after the pCPU that ends in a colon. */
	colon = strstr(p, ": ");
	if (!colon)
		return false;
	*colon = '\0';
	time = strrchr(p, ' ');
	if (!time || !parse_time(time + 1, &l->ns))
		return false;
	l->event = colon + 2 + strspn(colon + 2, " ");
	colon = strstr(l->event, ": ");
	if (!colon)
		return false;
	*colon = '\0';
	l->fields = colon + 2 + strspn(colon + 2, " ");
	if (!strncmp(l->event, "sched:", 6))
		l->event += 6;
	parse_context(s, p, l);
	return true;
}

static void copy_comm(struct task *t, const char *from, size_t len)
{
	if (len >= sizeof(t->comm))
		len = sizeof(t->comm) - 1;
	memcpy(t->comm, from, len);
	t->comm[len] = '\0';
}

/*
 * "PREFIXcomm=NAME PREFIXpid=N ..."; NAME may hold blanks. Returns what follows the pid, NULL if
 * not so.
 */
static char *named_task(char *s, const char *prefix, struct task *t)
{
	char comm[24], pid[24];
	char *p, *q;

	snprintf(comm, sizeof(comm), "%scomm=", prefix);
	snprintf(pid, sizeof(pid), " %spid=", prefix);
	if (strncmp(s, comm, strlen(comm)))
		return NULL;
	p = s + strlen(comm);
	q = strstr(p, pid);
	if (!q)
		return NULL;
	copy_comm(t, p, (size_t)(q - p));
	q += strlen(pid);
	t->pid = number(&q, MAX_PID);
	return t->pid < 0 ? NULL : q;
}

/* trace-cmd's "NAME:PID [prio] ..."; returns what follows the pid. */
static char *short_task(char *s, struct task *t)
{
	char *p = strstr(s, " ["), *q;

	if (!p)
		return NULL;
	for (q = p; q > s && isdigit((unsigned char)q[-1]); q--)
		;
	if (q == p || q == s || q[-1] != ':')
		return NULL;
	copy_comm(t, s, (size_t)(q - 1 - s));
	t->pid = number(&q, MAX_PID);
	return t->pid < 0 ? NULL : q;
}

/* The letter after the priority of the task that leaves. */
static bool parse_switch(char *s, struct task *prev, struct task *next, char *state)
{
	char *arrow = strstr(s, "==> "), *p;

	if (!arrow)
		return false;
	arrow[-(arrow > s)] = '\0';
	if (!strncmp(s, "prev_comm=", 10)) {
		p = named_task(s, "prev_", prev);
		p = p ? strstr(p, "prev_state=") : NULL;
		if (!p || !named_task(arrow + 4, "next_", next))
			return false;
		*state = p[strlen("prev_state=")];
		return true;
	}
	p = short_task(s, prev);
	p = p ? strstr(p, "] ") : NULL;
	if (!p || !short_task(arrow + 4, next))
		return false;
	*state = p[2];
	return true;
}

/* The vCPU of a task, with its name as last heard; idle (pid 0) is -EAGAIN. */
static int64_t vcpu_of(struct reader *rd, const struct task *t)
{
	struct imp_vcpu *v;
	int64_t i;

	if (t->pid == 0)
		return -EAGAIN;
	i = imp_vcpu(rd->r, (uint64_t)t->pid);
	if (i < 0)
		return i;
	v = &rd->r->vcpus[i];
	if (t->comm[0])
		memcpy(v->comm, t->comm, sizeof(v->comm));
	return i;
}

static int change(struct reader *rd, const struct line *l, const struct task *t, struct imp_event e)
{
	int64_t v = vcpu_of(rd, t);

	imp_set_bit(rd->r->pcpus, l->cpu);
	if (v == -EAGAIN)
		return 0;
	if (v < 0)
		return (int)v;
	if (t->pid == l->pid && l->tgid > 0)
		rd->r->vcpus[v].tgid = l->tgid;
	e.vcpu = (uint32_t)v;
	e.ticks = l->ns;
	return imp_add(rd->r, e);
}

/*
 * Every line tells which task is on its pCPU. If that isn't whom the last switch put there, a
 * switch is missing from the text (perf drops some without saying so): the other one left unseen,
 * and this one is running from now on.
 */
static int check_context(struct reader *rd, const struct line *l)
{
	struct imp_event out = { .from = IMP_RUNNING, .to = IMP_BLOCKED, .cpu = (uint16_t)l->cpu };
	struct imp_event in = {
		.from = IMP_ANY, .to = IMP_RUNNING, .unseen = IMP_BLOCKED, .cpu = (uint16_t)l->cpu
	};
	int64_t was = rd->current[l->cpu];
	struct task t = { .pid = was };
	int rc;

	if (l->pid < 0 || l->pid == was)
		return 0;
	rd->current[l->cpu] = l->pid;
	if (was < 0)
		return 0; /* the first line: its switch will say that it runs since the start */
	rd->r->lost++;
	rc = change(rd, l, &t, out);
	t.pid = l->pid;
	copy_comm(&t, l->comm, l->comm_len);
	return rc ? rc : change(rd, l, &t, in);
}

static int one_switch(struct reader *rd, const struct line *l)
{
	struct imp_event out = { .from = IMP_RUNNING, .cpu = (uint16_t)l->cpu };
	struct imp_event in = {
		.from = IMP_ANY, .to = IMP_RUNNING, .unseen = IMP_RUNNABLE, .cpu = (uint16_t)l->cpu
	};
	struct task prev, next;
	char state;
	int rc;

	if (!parse_switch(l->fields, &prev, &next, &state))
		return fail_line(rd, -EINVAL,
				 "sched_switch without prev and next task; the line is damaged");
	/* Preempted (R, R+) wants the CPU still; 0 is R of old kernels that print the mask. */
	out.to = state == 'R' || state == '0' ? IMP_RUNNABLE : IMP_BLOCKED;
	rd->current[l->cpu] = next.pid;
	rc = change(rd, l, &prev, out);
	return rc ? rc : change(rd, l, &next, in);
}

static int one_wakeup(struct reader *rd, const struct line *l)
{
	struct imp_event e = { .from = IMP_ANY,
			       .to = IMP_RUNNABLE,
			       .weak = 1,
			       .unseen = IMP_BLOCKED,
			       .cpu = IMP_NO_CPU };
	struct task t;

	if (!named_task(l->fields, "", &t) && !short_task(l->fields, &t))
		return fail_line(rd, -EINVAL, "a wake-up without a task; the line is damaged");
	return change(rd, l, &t, e);
}

/* "CPU:3 [LOST 123 EVENTS]" */
static bool lost_line(struct reader *rd, const char *s)
{
	const char *p = strstr(s, "[LOST ");
	unsigned long n;

	if (!p || sscanf(p, "[LOST %lu EVENTS]", &n) != 1)
		return false;
	rd->r->lost += n;
	return true;
}

static int read_lines(struct reader *rd)
{
	char buf[LINE_BYTES];
	struct line l;
	size_t len;
	int rc = 0;

	while (!rc && fgets(buf, sizeof(buf), rd->f)) {
		rd->line++;
		len = strlen(buf);
		if (len + 1 == sizeof(buf) && buf[len - 1] != '\n')
			return fail_line(
				rd, -EINVAL,
				"is longer than 4094 characters; this is not a scheduler trace");
		if (len && buf[len - 1] == '\n')
			buf[--len] = '\0';
		else if (!feof(rd->f))
			return fail_line(rd, -EINVAL, "holds a NUL byte; this is not a text file");
		if (buf[0] == '#' || lost_line(rd, buf))
			continue;
		if (!parse_line(buf, &l)) {
			if (len && ++rd->strange > MAX_STRANGE_LINES && !rd->r->records)
				break;
			continue;
		}
		rd->r->records++;
		rc = check_context(rd, &l);
		if (rc)
			break;
		if (!strcmp(l.event, "sched_switch"))
			rc = one_switch(rd, &l);
		else if (!strcmp(l.event, "sched_wakeup") || !strcmp(l.event, "sched_waking") ||
			 !strcmp(l.event, "sched_wakeup_new"))
			rc = one_wakeup(rd, &l);
	}
	if (ferror(rd->f))
		return fail_line(rd, -EIO, "can't read on; check the medium");
	return rc;
}

/* vCPU number of a KVM vCPU thread, -1 for another task. */
static int kvm_vcpu(const char *comm)
{
	int n, end = 0;

	if (sscanf(comm, "CPU %d/KVM%n", &n, &end) != 1 || !end || comm[end] || n < 0 ||
	    n >= SCHED_MAX_DOMAIN_VCPUS)
		return -1;
	return n;
}

/*
 * "kworker/3:1H", "ksoftirqd/0": the name before the number; and only characters that a scenario's
 * name may hold.
 */
static void base_name(const char *comm, char *out, size_t room)
{
	size_t n = 0;

	for (; *comm && *comm != '/' && *comm != ':' && n + 1 < room; comm++)
		out[n++] = isalnum((unsigned char)*comm) || strchr("._+-", *comm) ? *comm : '_';
	if (!n)
		out[n++] = '_';
	out[n] = '\0';
}

static int by_pid(const void *a, const void *b)
{
	const struct imp_vcpu *const *x = a, *const *y = b;

	return (*x)->key<(*y)->key ? -1 : (*x)->key>(*y)->key;
}

static bool name_taken(const char *name, uint32_t key, struct imp_vcpu **list, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		if (list[i]->domain_key && list[i]->domain_key != key &&
		    !strcmp(list[i]->domain_name, name))
			return true;
	return false;
}

static bool vm_has(struct imp_vcpu **list, uint32_t nr, uint32_t key, int n)
{
	for (uint32_t i = 0; i < nr; i++)
		if (list[i]->domain_key == key && list[i]->id == (uint32_t)n)
			return true;
	return false;
}

/*
 * The VM, of the @keys there are, that vCPU thread list[@i] belongs to; 0: a new one. Without a
 * known process: QEMU makes the threads one after the other, so it is the latest VM that has the
 * vCPU before and lacks this one.
 */
static uint32_t find_vm(struct imp_vcpu **list, uint32_t i, uint32_t keys)
{
	const struct imp_vcpu *v = list[i];

	for (uint32_t j = 0; v->tgid > 0 && j < i; j++)
		if (kvm_vcpu(list[j]->comm) >= 0 && list[j]->tgid == v->tgid)
			return list[j]->domain_key;
	for (uint32_t key = keys; v->tgid <= 0 && v->id > 0 && key > 0; key--)
		if (vm_has(list, i, key, (int)v->id - 1) && !vm_has(list, i, key, (int)v->id))
			return key;
	return 0;
}

static void group_kvm(struct imp_vcpu **list, uint32_t nr, uint32_t *keys, bool *guessed)
{
	for (uint32_t i = 0; i < nr; i++) {
		struct imp_vcpu *v = list[i];
		int n = kvm_vcpu(v->comm);

		if (n < 0)
			continue;
		v->id = (uint32_t)n;
		v->domain_key = find_vm(list, i, *keys);
		if (!v->domain_key)
			v->domain_key = ++*keys;
		if (v->tgid > 0) {
			snprintf(v->domain_name, sizeof(v->domain_name), "vm-%lld",
				 (long long)v->tgid);
		} else {
			snprintf(v->domain_name, sizeof(v->domain_name), "vm%u", v->domain_key);
			*guessed = true;
		}
	}
}

static void group_tasks(struct imp_vcpu **list, uint32_t nr, uint32_t *keys)
{
	char base[32];

	for (uint32_t i = 0; i < nr; i++) {
		struct imp_vcpu *v = list[i];

		if (kvm_vcpu(v->comm) >= 0)
			continue;
		base_name(v->comm, base, sizeof(base));
		v->id = (uint32_t)v->key;
		for (uint32_t j = 0; j < i && !v->domain_key; j++)
			if (kvm_vcpu(list[j]->comm) < 0 && !strcmp(list[j]->domain_name, base))
				v->domain_key = list[j]->domain_key;
		if (!v->domain_key)
			v->domain_key = ++*keys;
		strcpy(v->domain_name, base);
	}
	/* A task may be called like a VM. */
	for (uint32_t i = 0; i < nr; i++)
		if (kvm_vcpu(list[i]->comm) < 0 &&
		    name_taken(list[i]->domain_name, list[i]->domain_key, list, nr))
			strcat(list[i]->domain_name, ".task");
}

static int group(struct imp_recording *r, const char *tasks)
{
	struct imp_vcpu **list = calloc(r->nr_vcpus + 1, sizeof(struct imp_vcpu *));
	uint32_t nr = 0, keys = 0;
	bool guessed = false;
	regex_t re;

	if (!list)
		return imp_fail(r, -ENOMEM, "out of memory");
	if (tasks && regcomp(&re, tasks, REG_EXTENDED | REG_NOSUB)) {
		free(list);
		return imp_fail(r, -EINVAL, "--tasks: \"%s\" is not an extended regular expression",
				tasks);
	}
	for (uint32_t i = 0; i < r->nr_vcpus; i++) {
		r->vcpus[i].skip = tasks && regexec(&re, r->vcpus[i].comm, 0, NULL, 0);
		if (!r->vcpus[i].skip)
			list[nr++] = &r->vcpus[i];
	}
	if (tasks)
		regfree(&re);
	qsort(list, nr, sizeof(*list), by_pid);
	group_kvm(list, nr, &keys, &guessed);
	group_tasks(list, nr, &keys);
	free(list);
	if (tasks && !nr)
		return imp_fail(r, -ENODATA, "--tasks: no task's name matches \"%s\"", tasks);
	if (guessed)
		snprintf(
			r->grouping, sizeof(r->grouping),
			"vCPU threads grouped into VMs by the order of their ids (the text names no processes)");
	return 0;
}

int import_linux(struct imp_recording *r, void *file, const char *tasks)
{
	struct reader rd = { .r = r, .f = file };
	int rc;

	r->format = "Linux sched events";
	for (int c = 0; c < SCHED_MAX_PCPUS; c++)
		rd.current[c] = -1;
	rc = read_lines(&rd);
	if (rc)
		return rc;
	if (!r->nr_events)
		return imp_fail(r, -EINVAL,
				"is neither an xentrace capture nor text with sched_switch events "
				"(`perf sched script`, ftrace); check the file");
	r->hz = 1000000000;
	snprintf(r->clock, sizeof(r->clock), "the text's own seconds");
	return group(r, tasks);
}
