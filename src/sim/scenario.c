// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * THE SCENARIO FORMAT, and the top of its reader.
 *
 * A scenario is one YAML document, a mapping, in UTF-8, at most 16 MiB. Anchors and aliases may be
 * used, tags may not. Every key is checked; a mistake ends in one line that names file, line and
 * key.
 *
 * Kinds of values:
 *   TIME      a number and ns, us, ms or s without a space between: 30ms, 1.5s, 100us; 0 needs no
 *             unit. Exact to the nanosecond, at most 1000000s.
 *   CPUS      Xen's CPU list, in quotes: items from left to right on an empty set; N, N-M, node:N,
 *             node:N-M, all; ^ before an item takes it out: "0-5,8,^3". A pCPU beyond the host is
 *             an error.
 *             cpu = (node * cores + core) * threads + thread.
 *   DIST      TIME, {const: TIME}, {uniform: [TIME, TIME]}, {exp: MEAN} or
 *             {lognormal: {median: TIME, sigma: S}}, S a number from 0 to 4 (natural logarithm)
 *   NAME      1 to 63 printable ASCII characters, not % = " \ and no space at either end
 *
 * name: TEXT                 default: the file's name without .yaml
 * description: TEXT          one line, shown by `rota sim list`
 * seed: 1                    0 to 2^64-1; the only source of chance
 * duration: TIME             required; from the start of the run
 * warmup: TIME               default 0, less than duration; what happens before it is not counted
 * host:
 *   nodes: 1                 NUMA nodes, 1 to 64
 *   cores: 1                 per node
 *   threads: 1               per core; at most 1024 pCPUs in all
 *   thread_alone: 100        percent: how fast a thread computes while the others of its core idle, over
 *                              how fast while one of them runs; 100 to 400
 *   costs:                   what the machine takes for itself, each 0 to 1s
 *     context_switch: 2us
 *     ipi: 1us
 *     migration: 5us         refilling caches on another pCPU
 *     vm_exit: 1us
 *   ple:                     pause-loop exits, each 0 to 1s; only programs spin
 *     gap: 53ns              PAUSEs no further apart are one loop ...
 *     window: 1707ns         ... which exits, and yields, after so long; 0: never
 * pools:                     default: Pool-0 with all pCPUs under credit; other pCPUs stay free
 *   - name: NAME
 *     cpus: CPUS             required unless it is the only pool (then all); none twice
 *     sched: credit          the policy, default credit
 *     params:                of the policy; for credit:
 *       tslice: 30ms           1ms to 1s
 *       ratelimit: 1ms         0, or 100us to 500ms; at most tslice
 *       migration_delay: 0     0 to 100ms (vcpu_migr_delay is the same)
 *       lb_ratelimit: 1ms      0 to 1s; least time between two attempts to steal
 *       weight_of: vcpu        vcpu or domain: what a weight counts for
 *       old_yields: false      as in Xen to 4.7: a yield within the ratelimit waits for its end,
 *                              and who yielded may be stolen
 *       tickle_one_idle: true  wake one idle pCPU rather than all
 *       mend: all              which corrections of Xen's credit act: all, none, or a list of names
 *       coboost: 0             and of credit2 as well, help for guests that wait for a preempted vCPU
 *                                (docs/coboost.md): turn of siblings of one that spins, 10us to 10ms
 *       coboost_every: 1ms       at most once in so long, 0 to 100ms
 *       lend: 0                  turn lent to a sibling, 10us to 200us
 *       irq_turn: 0              turn of who waits when an interrupt comes, 10us to 10ms
 *       grace: 0                 longer slices in critical services, 10us to 1ms
 *       turn_budget: 50          percent of one pCPU for each vCPU, for turns before others; 0 no limit
 *     parent: NAME           a hidden pool of micro-sliced cores (docs/microslice.md) of this earlier
 *     hidden: true             pool: no sched, no params, cpus only if they are to be there from the start
 *     microslice:
 *       mode: static           static, code, paper or adaptive (dynamic is the same)
 *       slice: 100us           10us to 10ms
 *       limit: 3               pCPUs that the controller may lend to it, 1 to 1024
 *       queue: 1               vCPUs that may wait on each, 0 to 16
 *       rules: exact           or published, code: who is taken in when a sibling spins
 *       on: [yield, ipi, irq]  events that send vCPUs there: yield, preempt, ipi, irq
 * domains:                   required, 1 to 16384, with 65536 vCPUs in all
 *   - name: NAME
 *     count: N               N alike domains: "vm" becomes vm1 to vmN, "vm%d-a" vm1-a to vmN-a
 *     vcpus: 1               1 to 1024
 *     pool: NAME             default: Pool-0 if there is one, else the first pool
 *     weight: 256            1 to 65535
 *     cap: 0                 percent of one pCPU, 0 (none) to 100 * vcpus
 *     cpus: CPUS             hard affinity of all its vCPUs, default all; must meet the pool
 *     symbols: FILE          System.map of its kernel (docs/symbols.md); none; the simulator's own unless given
 *     cpus_soft: CPUS        soft affinity, default all; no effect where it misses the hard one
 *     workload: WORKLOAD     of every vCPU, or a list with one per vCPU; default {model: idle}
 *     vcpu:                  exceptions per vCPU
 *       - {id: 2, cpus: CPUS, cpus_soft: CPUS, workload: WORKLOAD}
 *                            without id: the entry's place in the list, from 0
 * events:                    commands during the run, in any order; at equal times in file order
 *   - {at: TIME, do: pause, domain: NAME, vcpu: N}     vcpu missing: the whole domain
 *   - {at: TIME, do: unpause, domain: NAME, vcpu: N}   what is not paused cannot be unpaused
 *   - {at: TIME, do: weight, domain: NAME, value: 512}
 *   - {at: TIME, do: cap, domain: NAME, value: 50}
 *   - {at: TIME, do: pin, domain: NAME, vcpu: N, cpus: CPUS}   hard; vcpu missing: all
 *   - {at: TIME, do: pin_soft, domain: NAME, vcpu: N, cpus: CPUS}
 *   - {at: TIME, do: yield, domain: NAME, vcpu: N}     vcpu missing: 0
 *   - {at: TIME, do: irq, domain: NAME, vcpu: N, cost: TIME, every: TIME}
 *                            a virtual interrupt whose handler wants cost of CPU time (more than
 *                            0); again each every (0 or missing: once); vcpu missing: 0
 *   - {at: TIME, do: move, domain: NAME, pool: NAME}   keeps weight, cap, and affinity where it can (Xen resets)
 *   - {at: TIME, do: cpu_remove, pool: NAME, cpus: CPUS}   to the free set
 *   - {at: TIME, do: cpu_add, pool: NAME, cpus: CPUS}      from the free set
 *                            Events are checked in the order in which they will happen, against
 *                            the pools as they will be then. One after the end of the run is
 *                            allowed and never happens.
 *
 * WORKLOAD is a mapping with `model:`, `start: TIME` (the vCPU's first wake, default 0), and
 *   idle                     nothing else; never wakes by itself
 *   hog       work: TIME     wants the CPU always; finished after work of CPU time (0: never)
 *   periodic  period, cost   required; released every period from phase on, runs cost, blocks;
 *                            cost at most period
 *             deadline       default period
 *             phase          default 0
 *   duty      period, on     required; wants the CPU from phase + k * period on for `on`
 *             phase          default 0
 *   bursty    run, sleep     required DISTs: runs for one, sleeps for the other, and again
 *   replay    file: PATH     made by `rota trace import`; from the scenario's directory on
 *   program   tasks          required; a guest OS with tasks. Of a whole domain: not in a list with
 *                            one per vCPU, not under vcpu:. An operation is a pass of a task's
 *                            program.
 *             slice: 4ms           a task's turn where several want a vCPU (round robin)
 *             granularity: 1ms     a woken task takes the vCPU from one that has run so long
 *             switch: 1us          CPU time of the guest's kernel: change of tasks, ...
 *             hard_irq: 2us        ... interrupt of a device or timer, ...
 *             softirq: 5us         ... work behind it, for each answer, ...
 *             ipi: 1us             ... reschedule IPI
 *             pause: 20ns          between two PAUSEs of a spinning loop
 *             irq_vcpu: 0          where the devices' interrupts come
 *             ipi_yields: false    who waits for siblings yields at once if one has lost its pCPU
 *             net:           a network card: packet: TIME (on the line, required), window: 64,
 *                            bytes: 1448, delay: 100us, every: 0 (TIME: datagrams), noise: 0
 *             locks:         at most 256; one is taken only after those listed before it. copies: 1
 *                            (locks of the name; or vcpus); place: kernel (what its holder's
 *                            functions are: kernel, reclaim, page_alloc, runqueue, wakeup)
 *               - {name: NAME, kind: ticket}    spinlock, owners in order of arrival
 *               - {name: NAME, kind: pv, spin: 150us}   queued spinlock: spins, then halts
 *               - {name: NAME, kind: unfair}    spinlock; who sees it free takes it
 *               - {name: NAME, kind: mutex}     the task sleeps
 *               - {name: NAME, kind: rwsem}     readers sleep, writers spin while the owner runs
 *             barriers: [NAME, ...]             at most 64; all tasks whose program comes there
 *             tasks:         at most 4096 in all
 *               - name: NAME
 *                 count: 1           or vcpus
 *                 threads: true      they share an address space
 *                 vcpu: N            where they live; missing: dealt out in turn
 *                 times: 0           passes of the program, 0 for ever
 *                 program: [STEP, ...]
 *   tasks     tasks          required; periodic tasks with deadlines. Of a whole domain, as a program
 *             scheduler: edf       the guest's: fp, rm, dm or edf
 *             placement: partitioned   a task has one vCPU; global: all
 *             fit: worst           how tasks without vcpu are dealt out, by decreasing load: first,
 *                                  best, worst
 *             switch: 1us  hard_irq: 2us  ipi: 1us   CPU time of the guest's kernel, as a program's
 *             tasks:         at most 4096 in all
 *               - {name: NAME, count: 1, period: TIME, cost: DIST, deadline: TIME, phase: DIST,
 *                  priority: N, vcpu: N}
 *                            deadline: default period; phase: of the first release, default 0;
 *                            priority: with fp, 1 goes first; a cost that is one time is at most
 *                            the period
 *
 * STEP is one of
 *   {compute: DIST}            CPU time; {irqs_off: DIST} with interrupts off
 *   {lock: NAME} {unlock: NAME}   what a pass, or a turn of a loop, locks it unlocks; with a
 *                            spinlock in hand a task can't sleep (io, sleep, barrier, mutex)
 *   {tlb_shootdown: DIST}    an IPI to every sibling vCPU that has the address space; waits for the
 *                            last; DIST is the handler's CPU time on each
 *   {lock_read: NAME}        an rwsem, with other readers
 *   {ipi: {kind: call, vcpu: N, cost: DIST}}   a function called on another vCPU; waits for it
 *   {ipi: {kind: reschedule, vcpu: N}}         any in place of N: another one, drawn each time
 *   {ipi: {kind: call_many, of: N, cost: DIST}}   a function called on N others; waits for the last
 *   {io: DIST}               sleeps until a device answers after DIST, and its interrupt is handled
 *   {sleep: DIST}
 *   {receive: DIST}          reads from the network; DIST for each packet
 *   {barrier: NAME}
 *   {loop: {times: N, do: [STEP, ...]}}        at most 8 within each other; must take time: hold a
 *                            compute, io or sleep
 *
 * --set path=value changes the document before it is checked: keys joined by dots, entries of lists
 * by name or by index from 0: domains.vm1.weight=512, pools.Pool-0.params.tslice=5ms,
 * domains.0.workload={model: hog}.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/program.h"
#include "sim/scenario_read.h"

static const int64_t any_time[] = { 0, SCN_MAX_TIME_NS };
static const int64_t some_time[] = { 1, SCN_MAX_TIME_NS };

static int read_costs(struct scn_reader *r, const struct scn_node *n)
{
	static const char *const keys[] = { "context_switch", "ipi", "migration", "vm_exit", NULL };
	static const int64_t range[] = { 0, 1000000000 };
	int64_t *const out[] = { &r->s->cost_switch_ns, &r->s->cost_ipi_ns, &r->s->cost_migration_ns,
				 &r->s->cost_vmexit_ns };
	int err;

	err = scn_check_map(r, n, keys, "{context_switch: 2us}");
	for (int i = 0; !err && keys[i]; i++)
		err = scn_read_time(r, n, keys[i], range, out[i]);
	return err;
}

static int read_ple(struct scn_reader *r, const struct scn_node *n)
{
	static const char *const keys[] = { "gap", "window", NULL };
	static const int64_t range[] = { 0, 1000000000 };
	int err;

	err = scn_check_map(r, n, keys, "{gap: 53ns, window: 1707ns}");
	if (!err)
		err = scn_read_time(r, n, "gap", range, &r->s->ple_gap_ns);
	return err ? err : scn_read_time(r, n, "window", range, &r->s->ple_window_ns);
}

static int read_host(struct scn_reader *r, const struct scn_node *n)
{
	static const char *const keys[] = { "nodes", "cores", "threads", "thread_alone", "costs", "ple", NULL };
	static const int64_t nodes[] = { 1, SCHED_MAX_NODES }, per[] = { 1, SCHED_MAX_PCPUS }, alone[] = { 100, 400 };
	const struct scn_node *costs, *ple;
	struct scenario *s = r->s;
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, "host");
	err = scn_check_map(r, n, keys, "{nodes: 1, cores: 4, threads: 1}");
	if (!err)
		err = scn_read_int(r, n, "nodes", nodes, &s->nodes);
	if (!err)
		err = scn_read_int(r, n, "cores", per, &s->cores);
	if (!err)
		err = scn_read_int(r, n, "threads", per, &s->threads);
	if (!err)
		err = scn_read_int(r, n, "thread_alone", alone, &s->alone_percent);
	if (err)
		return err;
	if ((int64_t)s->nodes * s->cores * s->threads > SCHED_MAX_PCPUS)
		return scn_fail(r, n, "%d nodes x %d cores x %d threads are more than %d pCPUs; make the host smaller",
				s->nodes, s->cores, s->threads, SCHED_MAX_PCPUS);
	s->nr_pcpus = s->nodes * s->cores * s->threads;
	costs = scn_get(n, "costs");
	if (costs) {
		size_t host = scn_enter(r, "costs");

		err = read_costs(r, costs);
		if (err)
			return err;
		scn_leave(r, host);
	}
	ple = scn_get(n, "ple");
	if (ple) {
		scn_enter(r, "ple");
		err = read_ple(r, ple);
		if (err)
			return err;
	}
	scn_leave(r, path);
	return 0;
}

static int read_seed(struct scn_reader *r, const struct scn_node *n)
{
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, "seed");
	err = scn_need_scalar(r, n, "a whole number");
	if (err)
		return err;
	if (!n->plain || scn_parse_u64(n->text, &r->s->seed))
		return scn_fail(r, n, "%s is not a seed; write a whole number from 0 to 18446744073709551615",
				scn_quote(r, n->text));
	scn_leave(r, path);
	return 0;
}

/* "dir/lab-weights.yaml" -> "lab-weights" */
static char *default_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');
	char *name;

	if (!strcmp(path, "-"))
		return strdup("stdin");
	name = strndup(base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
	for (char *c = name; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '_';
	return name;
}

static int read_times(struct scn_reader *r, const struct scn_node *root)
{
	struct scenario *s = r->s;
	const struct scn_node *warmup;
	int err;

	err = scn_need(r, root, "duration", "10s");
	if (!err)
		err = scn_read_time(r, root, "duration", some_time, &s->duration_ns);
	if (!err)
		err = scn_read_time(r, root, "warmup", any_time, &s->warmup_ns);
	if (err)
		return err;
	warmup = scn_get(root, "warmup");
	if (s->warmup_ns >= s->duration_ns) {
		scn_enter(r, "warmup");
		return scn_fail(r, warmup, "leaves nothing to count; make it shorter than duration");
	}
	return 0;
}

static int read_top(struct scn_reader *r, const struct scn_node *root)
{
	static const char *const keys[] = { "name", "description", "seed",    "duration", "warmup",
					    "host", "pools",	   "domains", "events",	  NULL };
	int err;

	err = scn_check_map(r, root, keys, "\"duration: 10s\" with each key on its own line");
	if (!err)
		err = scn_read_line(r, root, "name", &r->s->name);
	if (!err)
		err = scn_read_line(r, root, "description", &r->s->description);
	if (!err)
		err = read_seed(r, scn_get(root, "seed"));
	if (!err)
		err = read_times(r, root);
	if (!err)
		err = read_host(r, scn_get(root, "host"));
	if (!err)
		err = scn_read_pools(r, scn_get(root, "pools"));
	if (!err)
		err = scn_need(r, root, "domains", "[{name: vm1, workload: {model: hog}}]");
	if (!err)
		err = scn_read_domains(r, scn_get(root, "domains"));
	if (!err)
		err = scn_resolve_frames(r);
	if (!err)
		err = scn_resolve_sdoms(r);
	if (!err)
		err = scn_read_events(r, scn_get(root, "events"));
	if (!err && !r->s->name) {
		r->s->name = default_name(r->s->path);
		err = r->s->name ? 0 : scn_fail_memory(r);
	}
	return err;
}

static int read_all(struct scn_reader *r, const char *text, size_t len, int nr_sets)
{
	struct scn_node *root = NULL;
	struct scenario *s;
	int err;

	s = r->s = calloc(1, sizeof(*s));
	if (!s)
		return scn_fail_memory(r);
	s->seed = 1;
	s->nodes = s->cores = s->threads = s->nr_pcpus = 1;
	s->alone_percent = 100;
	s->cost_switch_ns = 2000;
	s->cost_ipi_ns = 1000;
	s->cost_migration_ns = 5000;
	s->cost_vmexit_ns = 1000;
	s->ple_gap_ns = 53; /* VMX's 128 and 4096 cycles at 2.4 GHz */
	s->ple_window_ns = 1707;
	s->path = strdup(r->file);
	s->text = malloc(len + 1);
	if (!s->path || !s->text)
		return scn_fail_memory(r);
	memcpy(s->text, text, len);
	s->text[len] = 0;
	err = scn_tree_parse(r, text, len, -1, &root);
	for (int i = 0; !err && i < nr_sets; i++)
		err = scn_set_apply(r, root, i);
	return err ? err : read_top(r, root);
}

struct scenario *scn_load_text(const char *path, const char *text, size_t len, char *const *sets, int nr_sets,
			       char *err, size_t errlen)
{
	struct scn_reader r = { .file = path, .sets = sets, .err = err, .errlen = errlen };
	struct scenario *s;
	int bad;

	if (errlen)
		*err = 0;
	bad = read_all(&r, text, len, nr_sets);
	s = r.s;
	free(r.by_name);
	scn_tree_free(&r);
	if (bad) {
		scenario_free(s);
		return NULL;
	}
	return s;
}

/* The whole of @f, NULL with errno set; EFBIG beyond SCN_MAX_FILE. */
static char *slurp(FILE *f, size_t *len)
{
	size_t size = 64 << 10, used = 0;
	char *text = malloc(size);

	while (text) {
		char *bigger;

		used += fread(text + used, 1, size - used, f);
		if (ferror(f))
			break;
		if (used > SCN_MAX_FILE) {
			errno = EFBIG;
			break;
		}
		if (feof(f)) {
			*len = used;
			return text;
		}
		if (used < size)
			continue;
		size *= 2;
		bigger = realloc(text, size);
		if (!bigger) {
			errno = ENOMEM;
			break;
		}
		text = bigger;
	}
	free(text);
	return NULL;
}

char *scn_read_file(const char *path, size_t *len, char *err, size_t errlen)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *f = is_stdin ? stdin : fopen(path, "rb");
	char *text = NULL;
	int why = errno;

	if (f) {
		errno = 0;
		text = slurp(f, len);
		why = errno;
		if (!is_stdin)
			fclose(f);
	}
	if (!text && why == EFBIG)
		snprintf(err, errlen, "%s:1: scenario: is larger than 16 MiB; use count: for many alike domains", path);
	else if (!text)
		snprintf(err, errlen, "%s:1: scenario: cannot be read (%s); check the path", path, strerror(why));
	return text;
}

struct scenario *scenario_load(const char *path, char *const *sets, int nr_sets, char *err, size_t errlen)
{
	struct scenario *s;
	size_t len;
	char *text = scn_read_file(path, &len, err, errlen);

	if (!text)
		return NULL;
	s = scn_load_text(path, text, len, sets, nr_sets, err, errlen);
	free(text);
	return s;
}

void scenario_free(struct scenario *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->nr_pools; i++) {
		struct scn_pool *p = &s->pools[i];

		for (int j = 0; j < p->nr_params; j++) {
			free(p->params[j].key);
			free(p->params[j].text);
		}
		free(p->params);
		for (int j = 0; j < p->nr_frames; j++)
			free(p->frames[j].domain_name);
		free(p->frames);
		free(p->name);
		free(p->sched);
	}
	for (int i = 0; i < s->nr_domains; i++) {
		struct scn_domain *d = &s->domains[i];

		for (int j = 0; j < d->nr_vcpus; j++) {
			free(d->vcpus[j].workload.file);
			program_put(d->vcpus[j].workload.program);
			if (d->vcpus[j].settings != d->settings)
				free(d->vcpus[j].settings);
		}
		free(d->vcpus);
		free(d->settings);
		free(d->symbols);
		free(d->sdom_name);
		free(d->name);
	}
	free(s->pools);
	free(s->domains);
	free(s->events);
	free(s->description);
	free(s->name);
	free(s->text);
	free(s->path);
	free(s);
}
