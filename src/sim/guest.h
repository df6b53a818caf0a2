/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vCPU of the simulated host does: its workload (DESIGN.md 6.1).
 *
 * A guest is passive: the machine tells it what happens, and it answers with what it wants. CPU time is what it wants
 * most: `need_ns` of its current burst, which shrinks while its vCPU runs. It knows nothing of the scheduler, and can
 * do nothing while it does not run: a duty guest whose window ends while it waits for a pCPU notices when it runs
 * next.
 *
 * A guest of `model: program`, a kernel with tasks, locks and IPIs, is one for all vCPUs of its domain (guest_os.h). It
 * has its place behind the same questions, but the machine steps it (machine_guest.c) where it would ask others
 * guest_done().
 */
#ifndef SIM_GUEST_H
#define SIM_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/random.h"
#include "sim/scenario.h"

struct replay;
struct guest_cpu;

#define GUEST_FOREVER INT64_MAX

struct guest_stats {
	uint64_t jobs, missed; /* periodic: finished or overdue jobs, and those late; released since the warm-up */
	uint64_t bursts; /* bursts finished */
	int64_t completion_ns; /* hog with work: when it was done, -1 not yet */
};

struct guest {
	const struct scn_workload *load;
	const struct replay *replay;
	struct guest_cpu *os_cpu; /* program, else NULL */
	struct random rng;
	int64_t need_ns; /* CPU time until the burst is done; GUEST_FOREVER */
	int64_t since_ns; /* while it runs: its work goes on from here */
	int64_t end_ns; /* duty: the end of its window */
	int64_t release_ns; /* the next release or window */
	int64_t job_ns; /* periodic: release time of the job in hand */
	uint64_t queued; /* periodic: releases behind it */
	uint64_t burst; /* replay: the burst in hand */
	int64_t irq_ns; /* of need_ns, what interrupt handlers want */
	uint32_t speed; /* percent: what it computes in a time of its pCPU's; 100 but on a core's only busy thread */
	bool running;
	bool asleep;
	struct guest_stats stats;
};

void guest_init(struct guest *g, const struct scn_workload *load, const struct replay *replay, uint64_t seed,
		uint64_t stream);

/* The first instant at which it wants to be woken, GUEST_FOREVER: never. */
int64_t guest_first_wake(const struct guest *g);

/*
 * Its timer (or the device it waits for) fires at @now. Returns true when a sleeping guest must be woken; *next is the
 * next such instant (GUEST_FOREVER none).
 */
bool guest_wake(struct guest *g, int64_t now, int64_t *next);

/* A virtual interrupt whose handler wants @cost ns of CPU. Returns true when the vCPU must be woken. */
bool guest_irq(struct guest *g, int64_t now, int64_t cost);

/*
 * Its vCPU runs from @now on and its work goes on at @since (later, by the cost of the switch). Returns the instant
 * at which the burst will be done if nothing comes between, GUEST_FOREVER: never.
 */
int64_t guest_run(struct guest *g, int64_t now, int64_t since);

/* What it computes in @elapsed ns of its pCPU; how long it takes to compute @work ns. */
static inline int64_t guest_work(const struct guest *g, int64_t elapsed)
{
	return g->speed == 100 ? elapsed : elapsed * g->speed / 100;
}

static inline int64_t guest_takes(const struct guest *g, int64_t work)
{
	return g->speed == 100 || work == GUEST_FOREVER ? work : (work * 100 + g->speed - 1) / g->speed;
}

/* Another speed from now on, while it runs. Returns the end of its burst, as guest_run(). */
int64_t guest_change_speed(struct guest *g, int64_t now, uint32_t speed);

/* Its vCPU no longer runs. */
void guest_stop(struct guest *g, int64_t now);

/*
 * The burst is done. Returns true when the guest goes on at once with another, whose end is *until; false when it
 * blocks, and *until is when to wake it (GUEST_FOREVER: only an interrupt will).
 */
bool guest_done(struct guest *g, int64_t now, int64_t *until);

/* Interrupted for @cost ns while it runs; the new end of its burst. */
int64_t guest_delay(struct guest *g, int64_t cost);

/* Start counting anew (end of the warm-up). */
void guest_reset_stats(struct guest *g, int64_t now);
/* Count the jobs that are overdue at the end. */
void guest_finish_stats(struct guest *g, int64_t now);

/*
 * The CPU it can use at most in the long run, as a fraction of one pCPU; of a recording, until
 * @until_ns (> 0).
 */
double guest_demand(const struct guest *g, int64_t until_ns);

#endif
