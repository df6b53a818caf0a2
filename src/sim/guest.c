/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The workload models hog, periodic, duty, bursty and replay; see guest.h. */
#include "sim/guest.h"

#include <string.h>

#include "sim/guest_os.h"
#include "trace/replay.h"

void guest_init(struct guest *g, const struct scn_workload *load, const struct replay *replay, uint64_t seed,
		uint64_t stream)
{
	memset(g, 0, sizeof(*g));
	g->load = load;
	g->replay = replay;
	g->asleep = true;
	g->speed = 100;
	g->stats.completion_ns = -1;
	random_init(&g->rng, seed, stream);
	switch (load->model) {
	case SCN_IDLE:
		g->release_ns = GUEST_FOREVER;
		break;
	case SCN_PERIODIC:
	case SCN_DUTY:
		g->release_ns = load->start_ns + load->phase_ns;
		break;
	case SCN_REPLAY:
		g->release_ns = replay->nr ? load->start_ns + replay_wake_ns(replay, 0, 0) : GUEST_FOREVER;
		break;
	case SCN_HOG:
	case SCN_BURSTY:
	case SCN_PROGRAM:
	case SCN_SPIN:
		g->release_ns = load->start_ns;
		break;
	}
}

int64_t guest_first_wake(const struct guest *g)
{
	return g->release_ns;
}

/* The job in hand, released at job_ns, is over at @now. */
static void job_over(struct guest *g, int64_t now)
{
	g->stats.jobs++;
	g->stats.missed += now > g->job_ns + g->load->deadline_ns;
}

/* The window of a duty guest that @now lies in, or else the next one. */
static void duty_window(struct guest *g, int64_t now)
{
	const struct scn_workload *l = g->load;
	int64_t k = (now - l->start_ns - l->phase_ns) / l->period_ns,
		begin = l->start_ns + l->phase_ns + k * l->period_ns;

	if (now >= begin + l->on_ns)
		begin += l->period_ns;
	g->release_ns = begin;
	g->end_ns = begin + l->on_ns;
}

bool guest_wake(struct guest *g, int64_t now, int64_t *next)
{
	const struct scn_workload *l = g->load;
	bool was_asleep = g->asleep;

	*next = GUEST_FOREVER;
	switch (l->model) {
	case SCN_IDLE:
		return false;
	case SCN_PROGRAM:
		return guest_os_wake(g->os_cpu, now);
	case SCN_HOG:
		g->need_ns = l->work_ns ? l->work_ns : GUEST_FOREVER;
		break;
	case SCN_PERIODIC:
		g->release_ns = now + l->period_ns;
		*next = g->release_ns;
		if (g->need_ns > g->irq_ns) {
			g->queued++;
			return false;
		}
		g->job_ns = now;
		g->need_ns += l->cost_ns;
		break;
	case SCN_SPIN:
		g->need_ns = l->work_ns;
		break;
	case SCN_DUTY:
		duty_window(g, now);
		g->need_ns = GUEST_FOREVER;
		break;
	case SCN_BURSTY:
		g->need_ns += random_draw(&g->rng, &l->run);
		break;
	case SCN_REPLAY:
		if (g->replay->burst[g->burst].run_ns == REPLAY_INF)
			g->need_ns = GUEST_FOREVER;
		else
			g->need_ns += g->replay->burst[g->burst].run_ns;
		break;
	}
	g->asleep = false;
	return was_asleep;
}

bool guest_irq(struct guest *g, int64_t now, int64_t cost)
{
	bool was_asleep = g->asleep;

	if (g->os_cpu)
		return guest_os_irq(g->os_cpu, now, cost);
	if (g->need_ns != GUEST_FOREVER) {
		g->need_ns += cost;
		g->irq_ns += cost;
	}
	g->asleep = false;
	return was_asleep;
}

static int64_t burst_end(const struct guest *g)
{
	if (g->load->model == SCN_DUTY && g->need_ns == GUEST_FOREVER)
		return g->end_ns > g->since_ns ? g->end_ns : g->since_ns;
	return g->need_ns == GUEST_FOREVER ? GUEST_FOREVER : g->since_ns + guest_takes(g, g->need_ns);
}

int64_t guest_run(struct guest *g, int64_t now, int64_t since)
{
	g->running = true;
	g->since_ns = since;
	if (g->os_cpu)
		return guest_os_run(g->os_cpu, now);
	if (g->load->model == SCN_DUTY && g->need_ns == GUEST_FOREVER && now >= g->end_ns) {
		/* It waited past its window: perhaps it is in the next one, else it sleeps again as soon as it runs. */
		int64_t late = g->end_ns;

		duty_window(g, now);
		if (g->release_ns > now)
			g->end_ns = late;
	}
	return burst_end(g);
}

void guest_stop(struct guest *g, int64_t now)
{
	int64_t worked = now - g->since_ns;

	g->running = false;
	if (g->os_cpu) {
		guest_os_stop(g->os_cpu, now);
		return;
	}
	if (worked <= 0 || g->need_ns == GUEST_FOREVER)
		return;
	worked = guest_work(g, worked);
	g->need_ns = g->need_ns > worked ? g->need_ns - worked : 0;
	g->irq_ns = g->irq_ns > worked ? g->irq_ns - worked : 0; /* handlers come first */
}

int64_t guest_change_speed(struct guest *g, int64_t now, uint32_t speed)
{
	guest_stop(g, now);
	g->speed = speed;
	g->running = true;
	if (g->since_ns < now)
		g->since_ns = now;
	return g->os_cpu ? guest_os_end(g->os_cpu) : burst_end(g);
}

int64_t guest_delay(struct guest *g, int64_t cost)
{
	g->since_ns += cost;
	return g->os_cpu ? guest_os_end(g->os_cpu) : burst_end(g);
}

bool guest_done(struct guest *g, int64_t now, int64_t *until)
{
	const struct scn_workload *l = g->load;
	bool irq_only = g->irq_ns && g->need_ns == g->irq_ns;

	g->since_ns = now;
	g->need_ns = 0;
	g->irq_ns = 0;
	g->stats.bursts++;
	*until = GUEST_FOREVER;
	switch (l->model) {
	case SCN_IDLE:
	case SCN_PROGRAM: /* is stepped instead */
		break;
	case SCN_HOG:
		if (l->work_ns && g->stats.completion_ns < 0 && !irq_only)
			g->stats.completion_ns = now;
		break;
	case SCN_PERIODIC:
		/* Its timer is armed as it is: releases come by the clock. */
		*until = g->release_ns;
		if (!irq_only)
			job_over(g, now);
		if (!g->queued)
			break;
		g->queued--;
		g->job_ns += l->period_ns;
		g->need_ns = l->cost_ns;
		*until = burst_end(g);
		return true;
	case SCN_SPIN: /* its loop exits, and begins again */
		g->need_ns = l->work_ns;
		*until = burst_end(g);
		return true;
	case SCN_DUTY:
		duty_window(g, now);
		*until = g->release_ns > now ? g->release_ns : now;
		break;
	case SCN_BURSTY:
		*until = now + random_draw(&g->rng, &l->sleep);
		break;
	case SCN_REPLAY:
		if (irq_only && g->burst < g->replay->nr) {
			*until = g->release_ns;
			break;
		}
		g->burst++;
		if (g->burst >= g->replay->nr)
			break;
		*until = l->start_ns + replay_wake_ns(g->replay, g->burst, now - l->start_ns);
		if (*until > now) {
			g->release_ns = *until;
			break;
		}
		g->need_ns = g->replay->burst[g->burst].run_ns == REPLAY_INF ? GUEST_FOREVER :
									       g->replay->burst[g->burst].run_ns;
		*until = burst_end(g);
		return true;
	}
	g->asleep = true;
	return false;
}

void guest_reset_stats(struct guest *g, int64_t now)
{
	(void)now;
	g->stats.jobs = 0;
	g->stats.missed = 0;
	g->stats.bursts = 0;
}

void guest_finish_stats(struct guest *g, int64_t now)
{
	const struct scn_workload *l = g->load;

	if (l->model != SCN_PERIODIC || g->asleep || g->need_ns <= g->irq_ns)
		return;
	/* The job in hand and those behind it, as far as they are overdue. */
	for (int64_t release = g->job_ns, n = 0; n <= (int64_t)g->queued; n++, release += l->period_ns)
		if (release + l->deadline_ns < now) {
			g->stats.jobs++;
			g->stats.missed++;
		}
}

/* What a recording asks for until @until_ns if it never has to wait. */
static double replay_demand(const struct replay *r, int64_t until_ns)
{
	double wanted = 0;
	int64_t end = 0;

	for (size_t i = 0; i < r->nr; i++) {
		int64_t at = replay_wake_ns(r, i, end), run = r->burst[i].run_ns;

		if (at >= until_ns)
			break;
		if (run > until_ns - at)
			run = until_ns - at;
		wanted += (double)run;
		end = at + run;
	}
	return wanted / (double)until_ns;
}

double guest_demand(const struct guest *g, int64_t until_ns)
{
	const struct scn_workload *l = g->load;
	double run, sleep;

	switch (l->model) {
	case SCN_IDLE:
		return 0;
	case SCN_PERIODIC:
		return (double)l->cost_ns / (double)l->period_ns < 1 ? (double)l->cost_ns / (double)l->period_ns : 1;
	case SCN_DUTY:
		return (double)l->on_ns / (double)l->period_ns;
	case SCN_BURSTY:
		run = (double)random_mean(&l->run);
		sleep = (double)random_mean(&l->sleep);
		return run / (run + sleep);
	case SCN_REPLAY:
		return replay_demand(g->replay, until_ns);
	case SCN_PROGRAM:
		if (!l->program->rule)
			return 1;
		run = rt_demand(l->program) / g->os_cpu->os->nr_cpus;
		return run < 1 ? run : 1;
	default:
		return 1;
	}
}
