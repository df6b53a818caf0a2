// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `model: program`: the guest's kernel and tasks, checked so that no guest can hang itself (program.h says what for).
 * The steps of a task become a flat list; a loop is its OP_LOOP, its body, and an OP_AGAIN that leads back.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/program.h"
#include "sim/scenario_read.h"

static const int64_t any_time[] = { 0, SCN_MAX_TIME_NS };
static const int64_t some_time[] = { 1, SCN_MAX_TIME_NS };

/* What is known while the steps of one entry are read. */
struct reading {
	struct program *p;
	struct program_tasks *t;
	int room;
	int nr_vcpus;
	int held[PROGRAM_MAX_LOCKS]; /* locks in hand, the last taken last */
	int nr_held;
};

static bool is_spinlock(const struct program *p, int lock)
{
	return p->locks[lock].kind < LOCK_MUTEX;
}

/* The spinlock in hand that was taken last, -1 none. */
static int held_spinlock(const struct reading *x)
{
	for (int i = x->nr_held - 1; i >= 0; i--)
		if (is_spinlock(x->p, x->held[i]))
			return x->held[i];
	return -1;
}

static int check_may_sleep(struct scn_reader *r, const struct scn_node *n, const struct reading *x)
{
	int lock = held_spinlock(x);

	return lock < 0 ? 0 :
			  scn_fail(r, n, "sleeps with spinlock %s in hand; unlock it before, or make it a mutex",
				   scn_quote(r, x->p->locks[lock].name));
}

static int add_step(struct scn_reader *r, struct reading *x, const struct scn_node *n, struct program_step step)
{
	struct program_tasks *t = x->t;

	if (t->nr_steps >= PROGRAM_MAX_STEPS)
		return scn_fail(r, n, "is more than %d steps; use a loop", PROGRAM_MAX_STEPS);
	if (t->nr_steps == x->room) {
		int room = x->room ? 2 * x->room : 16;
		struct program_step *steps = realloc(t->steps, (size_t)room * sizeof(*steps));

		if (!steps)
			return scn_fail_memory(r);
		t->steps = steps;
		x->room = room;
	}
	t->steps[t->nr_steps++] = step;
	return 0;
}

static int find_lock(struct scn_reader *r, const struct scn_node *n, const struct program *p, int32_t *out)
{
	int err = scn_need_scalar(r, n, "the name of a lock");

	if (err)
		return err;
	for (int i = 0; i < p->nr_locks; i++)
		if (!strcmp(p->locks[i].name, n->text)) {
			*out = i;
			return 0;
		}
	return scn_fail(r, n, "there is no lock %s; name one of locks:", scn_quote(r, n->text));
}

static int read_lock_step(struct scn_reader *r, const struct scn_node *n, struct reading *x, struct program_step *s)
{
	int err = find_lock(r, n, x->p, &s->n);

	if (err)
		return err;
	for (int i = 0; i < x->nr_held; i++) {
		if (x->held[i] == s->n)
			return scn_fail(r, n, "%s is already in hand; unlock it before", scn_quote(r, n->text));
		if (x->held[i] > s->n)
			return scn_fail(r, n,
					"%s is taken after %s, which locks: has behind it; take them in that order",
					scn_quote(r, n->text), scn_quote(r, x->p->locks[x->held[i]].name));
	}
	if (s->op == OP_LOCK_READ && x->p->locks[s->n].kind != LOCK_RWSEM)
		return scn_fail(r, n, "%s has no readers; write lock, or make it an rwsem", scn_quote(r, n->text));
	if (!is_spinlock(x->p, s->n))
		err = check_may_sleep(r, n, x);
	x->held[x->nr_held++] = s->n;
	return err;
}

static int read_unlock_step(struct scn_reader *r, const struct scn_node *n, struct reading *x, struct program_step *s)
{
	int err = find_lock(r, n, x->p, &s->n), i = 0;

	if (err)
		return err;
	while (i < x->nr_held && x->held[i] != s->n)
		i++;
	if (i == x->nr_held)
		return scn_fail(r, n, "%s is not in hand here; lock it before", scn_quote(r, n->text));
	x->nr_held--;
	memmove(&x->held[i], &x->held[i + 1], (size_t)(x->nr_held - i) * sizeof(x->held[0]));
	return 0;
}

static int read_barrier_step(struct scn_reader *r, const struct scn_node *n, struct reading *x, struct program_step *s)
{
	int err = scn_need_scalar(r, n, "the name of a barrier");

	if (err)
		return err;
	for (s->n = 0; s->n < x->p->nr_barriers; s->n++)
		if (!strcmp(x->p->barriers[s->n], n->text))
			break;
	if (s->n == x->p->nr_barriers)
		return scn_fail(r, n, "there is no barrier %s; name one of barriers:", scn_quote(r, n->text));
	if (x->nr_held)
		return scn_fail(r, n, "waits for others with lock %s in hand; unlock it before",
				scn_quote(r, x->p->locks[x->held[x->nr_held - 1]].name));
	x->t->barriers |= UINT64_C(1) << s->n;
	return 0;
}

static int read_flag(struct scn_reader *r, const struct scn_node *map, const char *key, int64_t *out)
{
	const struct scn_node *n = scn_get(map, key);
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, key);
	err = scn_bool_value(r, n, out);
	if (!err)
		scn_leave(r, path);
	return err;
}

static bool is_word(const struct scn_node *n, const char *word)
{
	return n && n->kind == SCN_SCALAR && n->plain && !strcmp(n->text, word);
}

/* A number, or `vcpus`: as many as there are; *out is kept when the key is missing. */
static int read_amount(struct scn_reader *r, const struct scn_node *map, const char *key, const int64_t range[2],
		       int nr_vcpus, int *out)
{
	if (!is_word(scn_get(map, key), "vcpus"))
		return scn_read_int(r, map, key, range, out);
	*out = nr_vcpus;
	return 0;
}

/* {kind: reschedule, vcpu: 1} or {kind: call, vcpu: any, cost: 2us} */
static int read_ipi_step(struct scn_reader *r, const struct scn_node *n, struct reading *x, struct program_step *s)
{
	static const char *const keys[] = { "kind", "vcpu", "of", "cost", NULL };
	static const int64_t counts[] = { 1, SCHED_MAX_VCPUS };
	const int64_t vcpus[] = { 0, x->nr_vcpus - 1 };
	const struct scn_node *kind;
	int err, vcpu = 0;
	bool many;

	err = scn_check_map(r, n, keys, "{kind: call, vcpu: 1, cost: 2us}");
	if (!err)
		err = scn_need(r, n, "kind", "call");
	if (err)
		return err;
	kind = scn_get(n, "kind");
	many = kind->kind == SCN_SCALAR && !strcmp(kind->text, "call_many");
	err = many ? scn_need(r, n, "of", "2") : scn_need(r, n, "vcpu", "1");
	if (!err && scn_get(n, many ? "vcpu" : "of")) {
		scn_enter(r, many ? "vcpu" : "of");
		return scn_fail(r, scn_get(n, many ? "vcpu" : "of"),
				"call_many has of:, the other kinds vcpu:; leave this out");
	}
	if (!err)
		err = scn_read_int(r, n, "of", counts, &vcpu);
	if (!err && is_word(scn_get(n, "vcpu"), "any"))
		vcpu = PROGRAM_ANY;
	else if (!err)
		err = scn_read_int(r, n, "vcpu", vcpus, &vcpu);
	if (err)
		return err;
	s->n = vcpu;
	if (many) {
		s->op = OP_CALL_MANY;
		return scn_read_dist(r, n, "cost", &s->dist);
	}
	if (kind->kind == SCN_SCALAR && !strcmp(kind->text, "call"))
		return scn_read_dist(r, n, "cost", &s->dist);
	if (kind->kind == SCN_SCALAR && !strcmp(kind->text, "reschedule")) {
		s->op = OP_RESCHEDULE;
		if (!scn_get(n, "cost"))
			return 0;
		scn_enter(r, "cost");
		return scn_fail(r, scn_get(n, "cost"), "a reschedule IPI costs the guest's `ipi`; leave this out");
	}
	scn_enter(r, "kind");
	return scn_fail(r, kind, "is not a kind of IPI; write call, call_many or reschedule");
}

static int read_steps(struct scn_reader *r, const struct scn_node *list, struct reading *x, int depth,
		      bool *takes_time);

static int read_loop_step(struct scn_reader *r, const struct scn_node *n, struct reading *x, int depth,
			  bool *takes_time)
{
	static const char *const keys[] = { "times", "do", NULL };
	static const int64_t range[] = { 1, PROGRAM_MAX_TIMES };
	struct program_step s = { .op = OP_LOOP, .depth = (uint8_t)depth };
	int err, times = 0, body;
	size_t path;

	err = scn_check_map(r, n, keys, "{times: 10, do: [{compute: 1ms}]}");
	if (!err && depth == PROGRAM_MAX_LOOPS)
		return scn_fail(r, n, "lies in %d loops; use fewer", PROGRAM_MAX_LOOPS);
	if (!err)
		err = scn_need(r, n, "times", "10");
	if (!err)
		err = scn_read_int(r, n, "times", range, &times);
	if (!err)
		err = scn_need(r, n, "do", "[{compute: 1ms}]");
	s.n = times;
	if (!err)
		err = add_step(r, x, n, s);
	if (err)
		return err;
	body = x->t->nr_steps;
	path = scn_enter(r, "do");
	err = read_steps(r, scn_get(n, "do"), x, depth + 1, takes_time);
	if (err)
		return err;
	scn_leave(r, path);
	s.op = OP_AGAIN;
	s.n = body;
	return add_step(r, x, n, s);
}

static const char *const step_keys[] = { "compute",	  "irqs_off", "lock", "lock_read", "unlock",
					 "tlb_shootdown", "ipi",      "io",   "sleep",	   "barrier",
					 "receive",	  "loop",     NULL };
static const enum program_op step_ops[] = { OP_COMPUTE, OP_IRQS_OFF, OP_LOCK,  OP_LOCK_READ, OP_UNLOCK,	 OP_TLB,
					    OP_CALL,	OP_IO,	     OP_SLEEP, OP_BARRIER,   OP_RECEIVE, OP_LOOP };

/* Who reads from the network is one task. */
static int check_reader(struct scn_reader *r, const struct scn_node *n, const struct reading *x)
{
	const struct program *p = x->p;

	if (!p->net.packet_ns)
		return scn_fail(r, n, "there is no network; add net: {packet: 12.5us} to the workload");
	if (x->t->count > 1)
		return scn_fail(r, n, "%d tasks would read from the one connection; write count: 1", x->t->count);
	for (const struct program_tasks *other = p->tasks; other < x->t; other++)
		for (int i = 0; i < other->nr_steps; i++)
			if (other->steps[i].op == OP_RECEIVE)
				return scn_fail(r, n, "tasks %s read from the one connection already; leave this out",
						scn_quote(r, other->name));
	return check_may_sleep(r, n, x);
}

static int read_step(struct scn_reader *r, const struct scn_node *n, struct reading *x, int depth, bool *takes_time)
{
	struct program_step s = { 0 };
	const struct scn_node *arg;
	size_t path;
	int err, i = 0;

	err = scn_check_map(r, n, step_keys, "{compute: 1ms}");
	if (err)
		return err;
	if (n->nr != 1)
		return scn_fail(r, n, "has %d keys; a step has one, such as {compute: 1ms}", n->nr);
	arg = n->first;
	while (strcmp(step_keys[i], arg->key))
		i++;
	s.op = (uint8_t)step_ops[i];
	if (s.op == OP_COMPUTE || s.op == OP_IRQS_OFF || s.op == OP_TLB || s.op == OP_IO || s.op == OP_SLEEP ||
	    s.op == OP_RECEIVE) {
		err = scn_read_dist(r, n, arg->key, &s.dist);
		path = scn_enter(r, arg->key);
		if (!err && s.op == OP_RECEIVE)
			err = check_reader(r, arg, x);
		else if (!err && (s.op == OP_IO || s.op == OP_SLEEP))
			err = check_may_sleep(r, arg, x);
		if (!err)
			scn_leave(r, path);
		*takes_time |= s.op != OP_TLB;
		return err ? err : add_step(r, x, n, s);
	}
	path = scn_enter(r, arg->key);
	if (s.op == OP_LOOP)
		return read_loop_step(r, arg, x, depth, takes_time);
	err = s.op == OP_LOCK || s.op == OP_LOCK_READ ? read_lock_step(r, arg, x, &s) :
	      s.op == OP_UNLOCK			      ? read_unlock_step(r, arg, x, &s) :
	      s.op == OP_BARRIER		      ? read_barrier_step(r, arg, x, &s) :
							read_ipi_step(r, arg, x, &s);
	if (err)
		return err;
	scn_leave(r, path);
	return add_step(r, x, n, s);
}

/* A list of steps that may run many times: it takes time, and leaves the locks as they were. */
static int read_steps(struct scn_reader *r, const struct scn_node *list, struct reading *x, int depth, bool *takes_time)
{
	int held = x->nr_held, err, i = 0;
	bool time = false;
	uint64_t before[PROGRAM_MAX_LOCKS / 64] = { 0 };

	for (int k = 0; k < held; k++)
		before[x->held[k] / 64] |= UINT64_C(1) << (x->held[k] % 64);
	err = scn_check_list(r, list, "[{compute: 1ms}]", PROGRAM_MAX_STEPS);
	for (const struct scn_node *c = err ? NULL : list->first; c; c = c->next, i++) {
		size_t path = scn_enter_item(r, NULL, i);

		err = read_step(r, c, x, depth, &time);
		if (err)
			return err;
		scn_leave(r, path);
	}
	if (err)
		return err;
	if (!time)
		return scn_fail(r, list,
				"takes no time and would run for ever at one instant; add a compute, io or sleep");
	for (int k = 0; k < x->nr_held; k++)
		if (!(before[x->held[k] / 64] >> (x->held[k] % 64) & 1))
			return scn_fail(r, list, "ends with lock %s in hand; unlock it before the end",
					scn_quote(r, x->p->locks[x->held[k]].name));
	if (x->nr_held < held)
		return scn_fail(r, list,
				"gives back a lock that was taken outside; take it inside, or give it back outside");
	*takes_time = true;
	return 0;
}

static int read_entry(struct scn_reader *r, const struct scn_node *n, struct program *p, int nr_vcpus)
{
	static const char *const keys[] = { "name", "count", "threads", "vcpu", "times", "program", NULL };
	static const int64_t counts[] = { 0, PROGRAM_MAX_TASKS }, times[] = { 0, PROGRAM_MAX_TIMES };
	const int64_t vcpus[] = { 0, nr_vcpus - 1 };
	struct program_tasks *t = &p->tasks[p->nr_entries++];
	struct reading x = { .p = p, .t = t, .nr_vcpus = nr_vcpus };
	struct program_step end = { .op = OP_END };
	bool takes_time;
	size_t path;
	int err;

	t->count = 1;
	t->vcpu = -1;
	t->threads = 1;
	err = scn_check_map(r, n, keys, "{name: task, program: [{compute: 1ms}]}");
	if (!err)
		err = scn_read_name(r, n, "name", "task", t->name);
	if (!err)
		err = read_amount(r, n, "count", counts, nr_vcpus, &t->count);
	if (!err)
		err = scn_read_int(r, n, "vcpu", vcpus, &t->vcpu);
	if (!err)
		err = scn_read_int(r, n, "times", times, &t->times);
	if (err)
		return err;
	p->nr_tasks += t->count;
	if (p->nr_tasks > PROGRAM_MAX_TASKS)
		return scn_fail(r, n, "makes more than %d tasks; use fewer", PROGRAM_MAX_TASKS);
	for (struct program_tasks *other = p->tasks; other < t; other++)
		if (!strcmp(other->name, t->name))
			return scn_fail(r, n, "there are tasks of this name already; choose another name");
	err = read_flag(r, n, "threads", &t->threads);
	if (!err)
		err = scn_need(r, n, "program", "[{compute: 1ms}]");
	if (err)
		return err;
	path = scn_enter(r, "program");
	err = read_steps(r, scn_get(n, "program"), &x, 0, &takes_time);
	if (err)
		return err;
	scn_leave(r, path);
	return add_step(r, &x, n, end);
}

int scn_read_tasks(struct scn_reader *r, const struct scn_node *n, struct program *p, int nr_vcpus,
		   const struct scn_tasks_form *form)
{
	size_t path = scn_enter(r, "tasks");
	int err = scn_check_list(r, n, form->example, PROGRAM_MAX_TASKS), i = 0;

	if (err)
		return err;
	if (!n->nr)
		return scn_fail(r, n, "is empty; %s needs at least one task", form->what);
	p->tasks = calloc((size_t)n->nr, sizeof(*p->tasks));
	if (!p->tasks)
		return scn_fail_memory(r);
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		size_t item = scn_enter_item(r, c, i);

		err = form->read(r, c, p, nr_vcpus);
		if (err)
			return err;
		scn_leave(r, item);
	}
	if (!p->nr_tasks)
		return scn_fail(r, n, "has no task but with count: 0; %s needs at least one", form->what);
	scn_leave(r, path);
	return 0;
}

static const char *const lock_kinds[] = { "ticket", "pv", "unfair", "mutex", "rwsem", NULL };
static const char *const lock_places[] = { "kernel", "reclaim", "page_alloc", "runqueue", "wakeup", NULL };

/* Which of @words @key is, -1 none. */
static int read_word(const struct scn_node *n, const char *key, const char *const *words)
{
	const struct scn_node *value = scn_get(n, key);
	int k = 0;

	while (words[k] && (value->kind != SCN_SCALAR || strcmp(words[k], value->text)))
		k++;
	return words[k] ? k : -1;
}

static int read_lock(struct scn_reader *r, const struct scn_node *n, struct program *p, int nr_vcpus)
{
	static const char *const keys[] = { "name", "kind", "spin", "copies", "place", NULL };
	static const int64_t copies[] = { 1, PROGRAM_MAX_COPIES };
	struct program_lock *l = &p->locks[p->nr_locks++];
	const struct scn_node *kind;
	int err, k = 0;

	err = scn_check_map(r, n, keys, "{name: page, kind: ticket}");
	if (!err)
		err = scn_read_name(r, n, "name", "page", l->name);
	if (!err)
		err = scn_need(r, n, "kind", "ticket");
	if (err)
		return err;
	for (struct program_lock *other = p->locks; other < l; other++)
		if (!strcmp(other->name, l->name))
			return scn_fail(r, n, "there is a lock of this name already; choose another name");
	kind = scn_get(n, "kind");
	k = read_word(n, "kind", lock_kinds);
	if (k < 0) {
		scn_enter(r, "kind");
		return scn_fail(r, kind, "is not a kind of lock; write ticket, pv, unfair, mutex or rwsem");
	}
	l->kind = (enum lock_kind)k;
	k = scn_get(n, "place") ? read_word(n, "place", lock_places) : PLACE_KERNEL;
	if (k < 0) {
		scn_enter(r, "place");
		return scn_fail(r, scn_get(n, "place"),
				"is not a place in the kernel; write kernel, reclaim, page_alloc, runqueue or wakeup");
	}
	l->place = k;
	l->copies = 1;
	err = read_amount(r, n, "copies", copies, nr_vcpus, &l->copies);
	if (err)
		return err;
	l->first = p->nr_lock_copies;
	p->nr_lock_copies += l->copies;
	/* 2^15 turns of a loop of some 11 cycles at 2.4 GHz */
	l->spin_ns = 150000;
	err = scn_read_time(r, n, "spin", some_time, &l->spin_ns);
	if (err || l->kind == LOCK_PV || !scn_get(n, "spin"))
		return err;
	scn_enter(r, "spin");
	return scn_fail(r, scn_get(n, "spin"), "only a pv lock gives up spinning; leave this out, or write kind: pv");
}

static int read_locks(struct scn_reader *r, const struct scn_node *n, struct program *p, int nr_vcpus)
{
	size_t path;
	int err, i = 0;

	if (!n)
		return 0;
	path = scn_enter(r, "locks");
	err = scn_check_list(r, n, "[{name: page, kind: ticket}]", PROGRAM_MAX_LOCKS);
	if (err)
		return err;
	p->locks = calloc((size_t)n->nr + 1, sizeof(*p->locks));
	if (!p->locks)
		return scn_fail_memory(r);
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		size_t item = scn_enter_item(r, c, i);

		err = read_lock(r, c, p, nr_vcpus);
		if (err)
			return err;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

static int read_barriers(struct scn_reader *r, const struct scn_node *n, struct program *p)
{
	size_t path;
	int err, i = 0;

	if (!n)
		return 0;
	path = scn_enter(r, "barriers");
	err = scn_check_list(r, n, "[round]", PROGRAM_MAX_BARRIERS);
	if (err)
		return err;
	p->barriers = calloc((size_t)n->nr + 1, sizeof(*p->barriers));
	if (!p->barriers)
		return scn_fail_memory(r);
	for (const struct scn_node *c = n->first; c; c = c->next, i++) {
		size_t item = scn_enter_item(r, NULL, i);

		err = scn_check_name(r, c, false);
		if (err)
			return err;
		for (int k = 0; k < i; k++)
			if (!strcmp(p->barriers[k], c->text))
				return scn_fail(r, c, "there is a barrier of this name already; choose another name");
		strcpy(p->barriers[p->nr_barriers++], c->text);
		scn_leave(r, item);
	}
	scn_leave(r, path);
	return 0;
}

static int read_net(struct scn_reader *r, const struct scn_node *n, struct program_net *net)
{
	static const char *const keys[] = { "packet", "every", "noise", "delay", "window", "bytes", NULL };
	static const int64_t windows[] = { 1, PROGRAM_MAX_PACKETS }, bytes[] = { 1, 65536 };
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, "net");
	net->window = 64;
	net->bytes = 1448;
	net->delay_ns = 100000;
	err = scn_check_map(r, n, keys, "{packet: 12.5us}");
	if (!err)
		err = scn_need(r, n, "packet", "12.5us");
	if (!err)
		err = scn_read_time(r, n, "packet", some_time, &net->packet_ns);
	if (!err)
		err = scn_read_time(r, n, "every", any_time, &net->every_ns);
	if (!err)
		err = scn_read_time(r, n, "noise", any_time, &net->noise_ns);
	if (!err)
		err = scn_read_time(r, n, "delay", any_time, &net->delay_ns);
	if (!err)
		err = scn_read_int(r, n, "window", windows, &net->window);
	if (!err)
		err = scn_read_int(r, n, "bytes", bytes, &net->bytes);
	if (err)
		return err;
	if (net->every_ns && net->every_ns < net->packet_ns) {
		scn_enter(r, "every");
		return scn_fail(r, scn_get(n, "every"),
				"is less than a packet takes on the line; write at least packet");
	}
	if (net->noise_ns && net->noise_ns >= net->every_ns) {
		scn_enter(r, "noise");
		return scn_fail(r, scn_get(n, "noise"),
				"is not less than every, so that packets would overtake each other; write less");
	}
	scn_leave(r, path);
	return 0;
}

int scn_read_program(struct scn_reader *r, const struct scn_node *n, struct scn_workload *w, int nr_vcpus)
{
	static const struct scn_tasks_form form = { "[{name: task, program: [{compute: 1ms}]}]", "a program",
						    read_entry };
	const int64_t vcpus[] = { 0, nr_vcpus - 1 };
	struct program *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return scn_fail_memory(r);
	w->program = p;
	p->users = 1;
	p->slice_ns = 4000000;
	p->granularity_ns = 1000000;
	p->switch_ns = 1000;
	p->hard_irq_ns = 2000;
	p->softirq_ns = 5000;
	p->ipi_ns = 1000;
	p->pause_ns = 20;
	err = scn_read_time(r, n, "slice", some_time, &p->slice_ns);
	if (!err)
		err = scn_read_time(r, n, "granularity", any_time, &p->granularity_ns);
	if (!err)
		err = scn_read_time(r, n, "switch", any_time, &p->switch_ns);
	if (!err)
		err = scn_read_time(r, n, "hard_irq", any_time, &p->hard_irq_ns);
	if (!err)
		err = scn_read_time(r, n, "softirq", any_time, &p->softirq_ns);
	if (!err)
		err = scn_read_time(r, n, "ipi", any_time, &p->ipi_ns);
	if (!err)
		err = scn_read_time(r, n, "pause", some_time, &p->pause_ns);
	if (!err)
		err = scn_read_int(r, n, "irq_vcpu", vcpus, &p->irq_vcpu);
	if (!err)
		err = read_flag(r, n, "ipi_yields", &p->ipi_yields);
	if (!err)
		err = read_net(r, scn_get(n, "net"), &p->net);
	if (!err)
		err = read_locks(r, scn_get(n, "locks"), p, nr_vcpus);
	if (!err)
		err = read_barriers(r, scn_get(n, "barriers"), p);
	if (!err)
		err = scn_need(r, n, "tasks", "[{name: task, program: [{compute: 1ms}]}]");
	return err ? err : scn_read_tasks(r, scn_get(n, "tasks"), p, nr_vcpus, &form);
}

void program_put(struct program *p)
{
	if (!p || --p->users)
		return;
	for (int i = 0; i < p->nr_entries; i++)
		free(p->tasks[i].steps);
	free(p->tasks);
	free(p->barriers);
	free(p->locks);
	free(p);
}
