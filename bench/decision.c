/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one decision costs: schedule(), wake-up, pause and the timers of the core, framework and
 * policy together, by vCPUs for each run queue and by pCPUs.
 *
 * The core is driven directly, without guests or costs, by the loads under which Xen's own
 * schedulers were measured, so that the numbers stand beside each other:
 *
 *   hogs      V runnable hogs for each pCPU; every 300 us of virtual time one random vCPU is paused
 *             and unpaused
 *   sleepers  V vCPUs for each pCPU that run 100 us and sleep, together 70 % of it (short queues)
 *
 *	decision                              all loads and sizes under credit, ns
 *	decision LOAD V PCPUS [MS [SCHED [turns]]]    one of them, over MS milliseconds of virtual time; with
 *					all that gives turns switched on, and used by nobody
 *
 * credit has a queue for each pCPU; V is of that. credit2's run queue is of up to 16 pCPUs, and V is of
 * that, as in the measurements of Xen's. rtds and rtxen have one queue, and V is all there are.
 *
 * Times are the median of calls and the mean of the lowest 98 %, less what reading the clock takes.
 * Instructions are callgrind's: with ROTA_BENCH_CALLGRIND=1 only the window after the warm-up is
 * instrumented and nothing is timed (decision.py reads the result).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sched/sched.h"
#include "sim/event.h"
#include "sim/random.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION ((void)0)
#define CALLGRIND_STOP_INSTRUMENTATION ((void)0)
#endif

#define WARMUP_NS (500 * MSEC)
#define PAUSE_NS (300 * USEC)
#define BURST_NS (100 * USEC)
#define LOAD_PERCENT 70
#define DOMAIN_VCPUS 8
#define SAMPLES 10000 /* of each call; the first of the window */
#define RECORDS 1024
#define CREDIT2_RUNQUEUE 16 /* pCPUs of one */

enum call { CALL_SCHEDULE, CALL_SAVED, CALL_WAKE, CALL_PAUSE, CALL_BLOCK, CALL_TIMER, NR_CALLS };

struct samples {
	uint32_t ns[SAMPLES];
	uint32_t n;
};

struct bench {
	host_t *host;
	void *mem;
	struct sched_call cx;
	struct event_queue events;
	struct random random;
	struct scn_dist burst, sleep;
	int64_t *left_ns; /* of the burst, by vCPU */
	int64_t *since_ns; /* it runs since, by vCPU */
	uint32_t nr_vcpus, nr_pcpus;
	/* slots: a vCPU's burst end or wake-up, a pCPU's timer, the pauses */
	uint32_t slot_timer, slot_pause;
	bool sleepers, timed;
	struct samples samples[NR_CALLS];
};

static int64_t overhead_ns;

static int64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t median(struct samples *s)
{
	if (!s->n)
		return 0;
	qsort(s->ns, s->n, sizeof(s->ns[0]), compare_u32);
	return s->ns[s->n / 2];
}

/* Mean of the lowest 98 %: the rest are interrupts of the machine that measures. After median(). */
static double mean98(const struct samples *s)
{
	uint32_t n = s->n - s->n / 50;
	double sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += s->ns[i];
	return n ? sum / n : 0;
}

static void sample(struct bench *b, enum call call, int64_t begin)
{
	struct samples *s = &b->samples[call];
	int64_t ns = clock_ns() - begin - overhead_ns;

	if (s->n < SAMPLES)
		s->ns[s->n++] = ns > 0 ? (uint32_t)ns : 0;
}

#define TIMED(b, call, expr) \
	do { \
		if ((b)->timed) { \
			int64_t begin = clock_ns(); \
\
			expr; \
			sample(b, call, begin); \
		} else { \
			expr; \
		} \
	} while (0)

static void measure_overhead(void)
{
	static struct samples s;

	while (s.n < SAMPLES) {
		int64_t begin = clock_ns();

		s.ns[s.n++] = (uint32_t)(clock_ns() - begin);
	}
	overhead_ns = median(&s);
}

/* The burst of who leaves is interrupted, that of who comes goes on. */
static void reschedule(struct bench *b, uint32_t cpu)
{
	pcpu_t *p = &b->host->pcpus[cpu];
	vcpu_t *prev = p->curr, *next;

	b->cx.cpu = cpu;
	TIMED(b, CALL_SCHEDULE, schedule(&b->cx));
	next = p->curr;
	if (next == prev)
		return;
	TIMED(b, CALL_SAVED, context_saved(&b->cx));
	if (!b->sleepers)
		return;
	if (!prev->is_idle && !(prev->pause_flags & VPF_blocked)) {
		b->left_ns[prev->index] -= b->cx.now - b->since_ns[prev->index];
		event_clear(&b->events, prev->index);
	}
	if (!next->is_idle) {
		b->since_ns[next->index] = b->cx.now;
		event_set(&b->events, next->index, b->cx.now + b->left_ns[next->index]);
	}
}

/* Takes the lowest pCPU out of a word of a mask of effects. */
static uint32_t first_of(struct cpumask *mask, uint64_t *words, uint32_t word)
{
	uint32_t cpu = word * 64 + (uint32_t)__builtin_ctzll(mask->w[word]);

	mask->w[word] &= mask->w[word] - 1;
	if (!mask->w[word])
		*words &= *words - 1;
	return cpu;
}

/* Carry out the core's effects. */
static void settle(struct bench *b)
{
	while (b->cx.kick_words) {
		uint32_t word = (uint32_t)__builtin_ctzll(b->cx.kick_words);
		uint32_t cpu = first_of(&b->cx.kick, &b->cx.kick_words, word);

		reschedule(b, cpu);
	}
	while (b->cx.rearm_words) {
		uint32_t word = (uint32_t)__builtin_ctzll(b->cx.rearm_words);
		uint32_t cpu = first_of(&b->cx.rearm, &b->cx.rearm_words, word);
		int64_t at = b->host->pcpus[cpu].deadline_ns;

		if (at == TIME_NEVER)
			event_clear(&b->events, b->slot_timer + cpu);
		else
			event_set(&b->events, b->slot_timer + cpu, at);
	}
	b->cx.nr_rec = 0;
}

static void pause_one(struct bench *b)
{
	vcpu_t *v = &b->host->vcpus[random_u64(&b->random) % b->nr_vcpus];

	event_set(&b->events, b->slot_pause, b->cx.now + PAUSE_NS);
	b->cx.cpu = v->processor->id;
	TIMED(b, CALL_PAUSE, vcpu_pause(&b->cx, v));
	settle(b);
	b->cx.cpu = v->processor->id;
	TIMED(b, CALL_WAKE, vcpu_unpause(&b->cx, v));
	settle(b);
}

/* A sleeper's burst is over, or it wakes with a new one. */
static void sleeper(struct bench *b, uint32_t i)
{
	vcpu_t *v = &b->host->vcpus[i];

	b->cx.cpu = v->processor->id;
	if (v->pause_flags & VPF_blocked) {
		b->left_ns[i] = random_draw(&b->random, &b->burst);
		TIMED(b, CALL_WAKE, vcpu_unblock(&b->cx, v));
	} else {
		event_set(&b->events, i, b->cx.now + random_draw(&b->random, &b->sleep));
		TIMED(b, CALL_BLOCK, vcpu_block(&b->cx, v));
	}
	settle(b);
}

static void run_until(struct bench *b, int64_t until_ns)
{
	while (event_next(&b->events) <= until_ns) {
		int64_t at = event_next(&b->events);
		uint32_t slot = event_pop(&b->events);

		b->cx.now = at;
		if (slot < b->slot_timer) {
			sleeper(b, slot);
		} else if (slot < b->slot_pause) {
			pcpu_t *p = &b->host->pcpus[slot - b->slot_timer];

			b->cx.cpu = p->id;
			TIMED(b, CALL_TIMER, sched_timer(&b->cx));
			if (p->deadline_ns != TIME_NEVER)
				event_set(&b->events, slot, p->deadline_ns);
			settle(b);
		} else {
			pause_one(b);
		}
	}
}

static void *must(void *p)
{
	if (!p) {
		fprintf(stderr, "decision: not enough memory\n");
		exit(1);
	}
	return p;
}

/* One load to be measured. */
struct size {
	const char *sched;
	bool sleepers;
	uint32_t v, pcpus;
	bool turns; /* everything that gives turns (assist.c) is on, and nobody has any */
};

static uint32_t vcpus_of(const struct size *size)
{
	if (!strcmp(size->sched, "credit2"))
		return size->v * ((size->pcpus + CREDIT2_RUNQUEUE - 1) / CREDIT2_RUNQUEUE);
	if (!strcmp(size->sched, "rtds") || !strcmp(size->sched, "rtxen"))
		return size->v;
	return size->v * size->pcpus;
}

static struct bench *bench_create(const struct size *size)
{
	struct bench *b = must(calloc(1, sizeof(*b)));
	uint32_t pcpus = size->pcpus, *number = must(calloc(pcpus, sizeof(*number))),
		 *node = must(calloc(pcpus, sizeof(*node)));
	struct host_limits limits = { .pcpus = pcpus, .cores = pcpus, .nodes = 1, .pools = 2 };
	size_t bytes;

	b->nr_vcpus = vcpus_of(size);
	b->nr_pcpus = pcpus;
	b->sleepers = size->sleepers;
	b->burst = (struct scn_dist){ .kind = SCN_EXP, .a = BURST_NS };
	b->sleep = (struct scn_dist){ .kind = SCN_EXP,
				      .a = BURST_NS * (int64_t)b->nr_vcpus / pcpus * 100 / LOAD_PERCENT - BURST_NS };
	limits.vcpus = b->nr_vcpus;
	limits.domains = (b->nr_vcpus + DOMAIN_VCPUS - 1) / DOMAIN_VCPUS;
	bytes = (host_size(&limits) + 63) & ~(size_t)63;
	b->mem = must(aligned_alloc(64, bytes));
	memset(b->mem, 0, bytes);
	for (uint32_t c = 0; c < pcpus; c++)
		number[c] = c;
	b->host = must(host_init(b->mem, &limits, number, node));
	free(number);
	free(node);
	b->cx.host = b->host;
	b->cx.max_rec = RECORDS;
	b->cx.rec = must(calloc(RECORDS, sizeof(*b->cx.rec)));
	b->left_ns = must(calloc(b->nr_vcpus, sizeof(*b->left_ns)));
	b->since_ns = must(calloc(b->nr_vcpus, sizeof(*b->since_ns)));
	b->slot_timer = b->nr_vcpus;
	b->slot_pause = b->slot_timer + pcpus;
	if (event_queue_init(&b->events, b->slot_pause + 1))
		must(NULL);
	random_init(&b->random, 1, 0);
	return b;
}

/* Guests in user mode, of whose kernel the host knows one function. */
static void turns_on(struct bench *b)
{
	static u64 room[(sizeof(struct symbol_table) + sizeof(struct symbol_entry)) / 8 + 1];
	struct symbol_table *t = (struct symbol_table *)room;
	struct assist_params p = { .coboost_ns = MSEC, .coboost_every_ns = MSEC, .lend_ns = 50 * USEC,
				   .grace_ns = 100 * USEC, .irq_ns = 100 * USEC, .budget_percent = 50 };

	t->text = 0xffffffff81000000ULL;
	t->lstar = SYMBOL_NO_ENTRY;
	t->nr = 1;
	t->entry[0].size_class = 4096 << 8 | SYMBOL_UNLOCK;
	for (uint32_t i = 0; i < b->host->limits.domains; i++)
		b->host->domains[i].assist.symbols = t;
	for (uint32_t i = 0; i < b->nr_vcpus; i++)
		b->host->vcpus[i].assist.ip = 0x401000;
	if (sched_adjust_global_assist(&b->cx, &b->host->pools[0], &p) || cpupool_create_hidden(&b->cx, 1, 0) != 1)
		must(NULL);
}

static void populate(struct bench *b, const struct size *size)
{
	domain_t *d = NULL;

	cpupool_create(&b->cx, 0, (u32)sched_find(size->sched));
	for (uint32_t c = 0; c < b->nr_pcpus; c++)
		cpupool_add_cpu(&b->cx, 0, (s32)c);
	settle(b);
	for (uint32_t i = 0; i < b->nr_vcpus; i++) {
		if (i % DOMAIN_VCPUS == 0)
			d = must(domain_create(&b->cx, &b->host->pools[0], (s32)(i / DOMAIN_VCPUS)));
		must(vcpu_create(&b->cx, d, NULL, NULL));
		b->left_ns[i] = random_draw(&b->random, &b->burst);
	}
	for (uint32_t i = 0; i < b->nr_vcpus; i++) {
		vcpu_t *v = &b->host->vcpus[i];

		b->cx.cpu = v->processor->id;
		vcpu_up(&b->cx, v);
		settle(b);
	}
	if (size->turns)
		turns_on(b);
	if (!b->sleepers)
		event_set(&b->events, b->slot_pause, PAUSE_NS);
}

static void bench_free(struct bench *b)
{
	event_queue_free(&b->events);
	free(b->cx.rec);
	free(b->left_ns);
	free(b->since_ns);
	free(b->mem);
	free(b);
}

static void measure(const struct size *size, int64_t window_ns)
{
	bool callgrind = getenv("ROTA_BENCH_CALLGRIND") != NULL;
	struct bench *b = bench_create(size);

	populate(b, size);
	run_until(b, WARMUP_NS);
	b->timed = !callgrind;
	CALLGRIND_START_INSTRUMENTATION;
	run_until(b, WARMUP_NS + window_ns);
	CALLGRIND_STOP_INSTRUMENTATION;
	printf("%-8s %6u %6u", size->sleepers ? "sleepers" : "hogs", size->pcpus, size->v);
	for (int call = 0; call < NR_CALLS; call++) {
		struct samples *calls = &b->samples[call];
		uint32_t p50 = median(calls);
		char text[32] = "-";

		if (calls->n)
			snprintf(text, sizeof(text), "%u/%.0f", p50, mean98(calls));
		printf(" %11s", text);
	}
	printf("\n");
	fflush(stdout);
	bench_free(b);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[][2] = { { 1, 8 },	{ 1, 64 },  { 1, 512 },	 { 1, 4096 }, { 8, 8 },
					     { 8, 64 }, { 8, 512 }, { 8, 4096 }, { 64, 8 },   { 64, 64 } };
	struct size one = { .sched = argc > 5 ? argv[5] : "credit", .v = 8, .pcpus = 1 };
	int64_t window_ns = argc > 4 ? atol(argv[4]) * MSEC : 1000 * MSEC;

	one.turns = argc > 6 && !strcmp(argv[6], "turns");
	if ((argc > 1 && argc < 4) || argc > 7 || sched_find(one.sched) < 0 || (argc > 6 && !one.turns)) {
		fprintf(stderr, "Usage: decision [hogs|sleepers VCPUS-A-QUEUE PCPUS [MILLISECONDS [SCHEDULER [turns]]]]\n");
		return 2;
	}
	measure_overhead();
	printf("%-8s %6s %6s %11s %11s %11s %11s %11s %11s\n", "ns", "pcpus", "V", "schedule", "saved", "wake", "pause",
	       "block", "timer");
	if (argc > 1 || getenv("ROTA_BENCH_CALLGRIND")) {
		if (argc > 1) {
			one.sleepers = !strcmp(argv[1], "sleepers");
			one.v = (uint32_t)atol(argv[2]);
			one.pcpus = (uint32_t)atol(argv[3]);
		}
		measure(&one, window_ns);
		return 0;
	}
	for (int sleepers = 0; sleepers < 2; sleepers++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			measure(&(struct size){ "credit", sleepers, sizes[i][1], sizes[i][0], false }, window_ns);
	return 0;
}
