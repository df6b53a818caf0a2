// SPDX-License-Identifier: GPL-2.0-or-later
/* See pin.h. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/daemon.h"
#include "kvm/files.h"
#include "kvm/pin.h"
#include "kvm/vmm.h"

/* The kernel's set is the core's. */
_Static_assert(sizeof(cpu_set_t) == sizeof(struct cpumask), "both have 1024 CPUs");

static int affinity_of(u32 tid, struct cpumask *cpus)
{
	memset(cpus, 0, sizeof(*cpus));
	return sched_getaffinity((pid_t)tid, sizeof(*cpus), (cpu_set_t *)cpus) ? -errno : 0;
}

static int set_affinity(u32 tid, const struct cpumask *cpus)
{
	return sched_setaffinity((pid_t)tid, sizeof(*cpus), (const cpu_set_t *)cpus) ? -errno : 0;
}

static bool same(const struct cpumask *a, const struct cpumask *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Unless somebody else set it, or the number is another thread's by now. */
static void put_back(const struct pin *pin)
{
	struct cpumask now;

	if (vmm_started(pin->tid) == pin->started && !affinity_of(pin->tid, &now) && same(&now, &pin->ours))
		set_affinity(pin->tid, &pin->before);
}

/* ---- the file: a line for each thread: number, start, the two sets word by word ---- */

static int file_path(char *path, const char *tail)
{
	return live_path(path, PATH_MAX, "%s/affinity%s", LIVE_RUN_DIR, tail);
}

static void put_mask(FILE *f, const struct cpumask *m)
{
	for (u32 i = 0; i < MASK_WORDS; i++)
		fprintf(f, " %" PRIx64, (uint64_t)m->w[i]);
}

static bool get_mask(FILE *f, struct cpumask *m)
{
	uint64_t w;

	for (u32 i = 0; i < MASK_WORDS; i++) {
		if (fscanf(f, " %" SCNx64, &w) != 1)
			return false;
		m->w[i] = w;
	}
	return true;
}

/* Whole or not at all: a torn one would pin threads to what nobody asked for. */
static void write_file(const struct pins *p)
{
	char path[PATH_MAX], new[PATH_MAX];
	FILE *f;
	bool ok;

	if (file_path(path, "") || file_path(new, ".new"))
		return;
	if (!p->nr) {
		unlink(path);
		return;
	}
	f = fopen(new, "we");
	if (!f)
		return;
	for (u32 i = 0; i < p->nr; i++) {
		fprintf(f, "%u %" PRIu64, p->pin[i].tid, (uint64_t)p->pin[i].started);
		put_mask(f, &p->pin[i].before);
		put_mask(f, &p->pin[i].ours);
		fputc('\n', f);
	}
	ok = !ferror(f);
	if (!fclose(f) && ok)
		rename(new, path);
}

void pins_recover(void)
{
	char path[PATH_MAX];
	FILE *f = file_path(path, "") ? NULL : fopen(path, "re");
	struct pin pin;
	uint64_t started;

	if (!f)
		return;
	while (fscanf(f, "%u %" SCNu64, &pin.tid, &started) == 2 && get_mask(f, &pin.before) &&
	       get_mask(f, &pin.ours)) {
		pin.started = started;
		put_back(&pin);
	}
	fclose(f);
	unlink(path);
}

/* ---- the threads ---- */

/* Those of threads that are gone make room. */
static void drop_dead(struct pins *p)
{
	u32 n = 0;

	for (u32 i = 0; i < p->nr; i++)
		if (vmm_started(p->pin[i].tid) == p->pin[i].started)
			p->pin[n++] = p->pin[i];
	p->nr = n;
}

static struct pin *find(struct pins *p, u32 tid, u64 started)
{
	for (u32 i = 0; i < p->nr; i++)
		if (p->pin[i].tid == tid && p->pin[i].started == started)
			return &p->pin[i];
	return NULL;
}

static struct pin *add(struct pins *p)
{
	u32 room = p->room ? 2 * p->room : 64;
	struct pin *more;

	if (p->nr == p->room)
		drop_dead(p);
	if (p->nr == p->room) {
		more = realloc(p->pin, room * sizeof(*more));
		if (!more)
			return NULL;
		p->pin = more;
		p->room = room;
	}
	return &p->pin[p->nr++];
}

int pin_thread(struct pins *p, u32 tid, const struct cpumask *cpus)
{
	u64 started = vmm_started(tid);
	struct pin *pin = find(p, tid, started), was;
	bool known = pin;
	int ret;

	if (!started)
		return -ESRCH;
	if (known) {
		was = *pin;
	} else {
		was = (struct pin){ .tid = tid, .started = started };
		ret = affinity_of(tid, &was.before);
		if (ret)
			return ret;
		pin = add(p);
		if (!pin)
			return -ENOMEM;
	}
	*pin = was;
	ret = set_affinity(tid, cpus);
	if (!ret)
		ret = affinity_of(tid, &pin->ours);
	/* Nothing to put back: it was not changed, or was given what it had. */
	if ((ret && !known) || (!ret && same(&pin->ours, &pin->before)))
		*pin = p->pin[--p->nr];
	write_file(p);
	return ret;
}

void pin_widen(struct pins *p, u32 tid, const struct cpumask *of, const struct cpumask *all)
{
	struct cpumask now;

	if (!tid || affinity_of(tid, &now))
		return;
	for (u32 i = 0; i < MASK_WORDS; i++)
		if (now.w[i] & of->w[i])
			return;
	pin_thread(p, tid, all);
}

void pins_end(struct pins *p)
{
	for (u32 i = 0; i < p->nr; i++)
		put_back(&p->pin[i]);
	p->nr = 0;
	write_file(p);
	free(p->pin);
	*p = (struct pins){ 0 };
}
