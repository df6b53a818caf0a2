// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The directory that `rota trace import` makes of a recording:
 *
 *	NAME.yaml	the scenario: pools, domains with weight and cap, a workload for each vCPU
 *	DOMAIN.vN.csv	demand of vCPU N (format: replay.h)
 *	recorded.csv	what each domain got: domain,share,run_ns,runnable_ns,blocked_ns,switches,
 *			offline_ns
 *
 * The machine's costs are 0 in the scenario: recorded CPU time already contains what switches and
 * interrupts cost.
 *
 * Every file is written under a temporary name and renamed when all are complete, the scenario
 * last, so that a scenario that can be seen is whole. Signals wait meanwhile: ^C leaves nothing
 * behind either.
 */
#include "trace/import_scenario.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/replay.h"

#define CPU_LIST_BYTES (6 * SCHED_MAX_PCPUS)

struct outfile {
	char *path;
	char *temp;
	FILE *f;
	bool written; /* temp is there */
};

struct writer {
	struct imp_recording *r;
	const struct imp_output *o;
	struct outfile *file;
	uint32_t nr_files;
	bool made_dir;
	uint16_t cpu_index[SCHED_MAX_PCPUS]; /* recorded pCPU -> pCPU of the scenario */
};

struct imp_got import_got(const struct imp_recording *r, uint32_t domain)
{
	struct imp_got g = { 0 };

	for (uint32_t i = 0; i < r->nr_vcpus; i++) {
		const struct imp_vcpu *v = &r->vcpus[i];

		if (v->skip || v->domain != domain)
			continue;
		g.run_ns += v->time_ns[IMP_RUNNING];
		g.runnable_ns += v->time_ns[IMP_RUNNABLE];
		g.blocked_ns += v->time_ns[IMP_BLOCKED];
		g.offline_ns += v->time_ns[IMP_OFFLINE];
		g.switches += v->switches;
		g.breaks += v->breaks;
		g.bursts += v->nr_bursts;
		g.hogs += v->hog;
	}
	g.share = (double)g.run_ns / (double)r->span_ns;
	return g;
}

void import_format_cpus(const uint64_t *map, char *out, size_t room)
{
	size_t n = 0;

	out[0] = '\0';
	for (uint32_t c = 0, end; c < SCHED_MAX_PCPUS && n < room; c = end + 1) {
		end = c;
		if (!imp_bit(map, c))
			continue;
		while (end + 1 < SCHED_MAX_PCPUS && imp_bit(map, end + 1))
			end++;
		n += (size_t)snprintf(out + n, room - n, end > c ? "%s%u-%u" : "%s%u", n ? "," : "",
				      c, end);
	}
}

static void pool_cpus(const struct writer *w, const struct imp_pool *p, char *out)
{
	uint64_t mapped[SCHED_MAX_PCPUS / 64] = { 0 };

	for (uint32_t c = 0; c < SCHED_MAX_PCPUS; c++)
		if (imp_bit(p->pcpus, c))
			imp_set_bit(mapped, w->cpu_index[c]);
	import_format_cpus(mapped, out, CPU_LIST_BYTES);
}

/* pCPUs of the scenario are numbered without gaps. */
static uint32_t number_cpus(struct writer *w)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < SCHED_MAX_PCPUS; c++)
		if (imp_bit(w->r->pcpus, c))
			w->cpu_index[c] = (uint16_t)n++;
	return n;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A file's name may hold anything; a comment or a quoted scalar may not. */
static void put_printable(FILE *f, const char *s)
{
	for (; *s; s++)
		fputc(*s < ' ' || *s > '~' || *s == '"' || *s == '\\' ? '?' : *s, f);
}

static void put_head(const struct writer *w, FILE *f, uint32_t nr_cpus)
{
	const struct imp_recording *r = w->r;
	char cpus[CPU_LIST_BYTES];

	fprintf(f, "# Made by `rota trace import` from the %s recording ", r->format);
	put_printable(f, base_name(r->path));
	import_format_cpus(r->pcpus, cpus, sizeof(cpus));
	fprintf(f, ".\n# Clock: %s.\n# %" PRIu64 " records, recorded pCPUs %s", r->clock,
		r->records, cpus);
	if (r->lost)
		fprintf(f, ", %" PRIu64 " records LOST", r->lost);
	if (r->partial)
		fprintf(f, ", file cut off");
	fprintf(f, ".\n# Shares are of one pCPU. What each domain got is in recorded.csv.\n");
	if (r->grouping[0])
		fprintf(f, "# %s.\n", r->grouping);
	fprintf(f,
		"name: \"%s\"\ndescription: \"demand recorded on a real host (%s), replayed\"\nseed: 1\n",
		w->o->name, r->format);
	fprintf(f, "duration: %" PRId64 "ns\n", r->span_ns);
	fprintf(f, "host:\n  nodes: 1\n  cores: %u\n  threads: 1\n", nr_cpus);
	fprintf(f,
		"  costs: {context_switch: 0, ipi: 0, migration: 0, vm_exit: 0} # contained in the recorded run times\n");
}

static void vcpu_file(const struct imp_recording *r, const struct imp_vcpu *v, uint32_t n,
		      char *out, size_t room)
{
	snprintf(out, room, "%s.v%u.csv", r->domains[v->domain].name, n);
}

static void put_domain(const struct writer *w, FILE *f, uint32_t d)
{
	const struct imp_recording *r = w->r;
	const struct imp_domain *dom = &r->domains[d];
	struct imp_got g = import_got(r, d);
	char file[SCHED_NAME_LEN + 32];
	uint32_t n = 0;

	fprintf(f, "  - name: \"%s\"\n", dom->name);
	fprintf(f,
		"    # recorded: share %.4f; run %.3f ms, runnable %.3f ms, blocked %.3f ms, offline %.3f ms; %" PRIu64
		" bursts, %u of %u vCPUs never blocked\n",
		g.share, (double)g.run_ns / 1e6, (double)g.runnable_ns / 1e6,
		(double)g.blocked_ns / 1e6, (double)g.offline_ns / 1e6, g.bursts, g.hogs,
		dom->nr_vcpus);
	fprintf(f, "    vcpus: %u\n    pool: Pool-%d\n    weight: %d\n    cap: %d\n    workload:\n",
		dom->nr_vcpus, dom->pool, dom->weight, dom->cap);
	for (uint32_t i = 0; i < r->nr_vcpus; i++) {
		const struct imp_vcpu *v = &r->vcpus[i];

		if (v->skip || v->domain != d)
			continue;
		vcpu_file(r, v, n++, file, sizeof(file));
		fprintf(f, "      - {model: replay, file: \"%s\"}", file);
		if (v->comm[0]) {
			fprintf(f, " # ");
			put_printable(f, v->comm);
			fprintf(f, ", thread %" PRIu64, v->key);
		} else if (v->id != n - 1) {
			fprintf(f, " # recorded as vCPU %u", v->id);
		}
		fputc('\n', f);
	}
}

static void put_scenario(struct writer *w, FILE *f)
{
	const struct imp_recording *r = w->r;
	char cpus[CPU_LIST_BYTES];

	put_head(w, f, number_cpus(w));
	fprintf(f, "pools:\n");
	for (uint32_t i = 0; i < r->nr_pools; i++) {
		pool_cpus(w, &r->pools[i], cpus);
		fprintf(f, "  - {name: Pool-%u, sched: %s, cpus: \"%s\"}", i, w->o->sched, cpus);
		if (r->pools[i].recorded_sched)
			fprintf(f, " # recorded under %s", r->pools[i].recorded_sched);
		fputc('\n', f);
	}
	fprintf(f, "domains:\n");
	for (uint32_t i = 0; i < r->nr_domains; i++)
		put_domain(w, f, i);
}

static void put_demand(const struct imp_vcpu *v, FILE *f)
{
	int64_t end = 0;

	fprintf(f, v->relative ? "gap_ns,run_ns\n" : "at_ns,run_ns\n");
	for (size_t i = 0; i < v->nr_bursts; i++) {
		const struct imp_burst *b = &v->burst[i];

		fprintf(f, "%" PRId64, v->relative ? b->wake_ns - end : b->wake_ns);
		if (b->run_ns == REPLAY_INF)
			fprintf(f, ",inf\n");
		else
			fprintf(f, ",%" PRId64 "\n", b->run_ns);
		end = b->end_ns;
	}
}

static void put_recorded(const struct imp_recording *r, FILE *f)
{
	fprintf(f, "domain,share,run_ns,runnable_ns,blocked_ns,switches,offline_ns\n");
	for (uint32_t d = 0; d < r->nr_domains; d++) {
		struct imp_got g = import_got(r, d);

		fprintf(f, "%s,%.6f,%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRIu64 ",%" PRId64 "\n",
			r->domains[d].name, g.share, g.run_ns, g.runnable_ns, g.blocked_ns,
			g.switches, g.offline_ns);
	}
}

/* "DIR/NAME", or "DIR/.rota-import-PID-N" without a name. */
static char *path_in(const struct writer *w, const char *name)
{
	size_t room = strlen(w->o->dir) + (name ? strlen(name) : 64) + 2;
	char *path = malloc(room);

	if (path && name)
		snprintf(path, room, "%s/%s", w->o->dir, name);
	else if (path)
		snprintf(path, room, "%s/.rota-import-%ld-%u", w->o->dir, (long)getpid(),
			 w->nr_files);
	return path;
}

/* The next file of the set, open under its temporary name. */
static FILE *open_temp(struct writer *w, const char *name)
{
	struct outfile *out = &w->file[w->nr_files];
	struct stat st;

	w->nr_files++;
	out->path = path_in(w, name);
	out->temp = path_in(w, NULL);
	if (!out->path || !out->temp) {
		imp_fail(w->r, -ENOMEM, "out of memory");
		errno = ENOMEM;
		return NULL;
	}
	if (!w->o->force && !lstat(out->path, &st)) {
		imp_fail(w->r, -EEXIST,
			 "%s exists already; choose another -o, or overwrite with --force",
			 out->path);
		errno = EEXIST;
		return NULL;
	}
	out->f = fopen(out->temp, "wx");
	if (!out->f) {
		int error = errno;

		imp_fail(w->r, -error, "can't write to %s: %s", w->o->dir, strerror(error));
		errno = error;
		return NULL;
	}
	out->written = true;
	return out->f;
}

static int close_temp(struct writer *w)
{
	struct outfile *out = &w->file[w->nr_files - 1];
	bool bad = ferror(out->f) != 0;
	int error;

	errno = 0;
	if (fclose(out->f) || bad) {
		error = errno ? errno : EIO;
		out->f = NULL;
		return imp_fail(w->r, -error, "can't write %s: %s", out->path, strerror(error));
	}
	out->f = NULL;
	return 0;
}

static int failed(void)
{
	return errno ? -errno : -EIO;
}

static int write_temps(struct writer *w)
{
	struct imp_recording *r = w->r;
	char name[256];
	uint32_t n = 0, last = UINT32_MAX;
	FILE *f;
	int rc;

	for (uint32_t i = 0; i < r->nr_vcpus; i++) {
		const struct imp_vcpu *v = &r->vcpus[i];

		if (v->skip)
			continue;
		n = v->domain == last ? n + 1 : 0;
		last = v->domain;
		vcpu_file(r, v, n, name, sizeof(name));
		f = open_temp(w, name);
		if (!f)
			return failed();
		put_demand(v, f);
		rc = close_temp(w);
		if (rc)
			return rc;
	}
	f = open_temp(w, "recorded.csv");
	if (!f)
		return failed();
	put_recorded(r, f);
	rc = close_temp(w);
	if (rc)
		return rc;
	snprintf(name, sizeof(name), "%s.yaml", w->o->name);
	f = open_temp(w, name);
	if (!f)
		return failed();
	put_scenario(w, f);
	return close_temp(w);
}

static int rename_all(struct writer *w)
{
	for (uint32_t i = 0; i < w->nr_files; i++) {
		struct outfile *out = &w->file[i];

		if (rename(out->temp, out->path)) {
			int error = errno;

			/*
			 * Files already renamed were not there before, unless the user forced it.
			 */
			for (uint32_t j = 0; !w->o->force && j < i; j++)
				unlink(w->file[j].path);
			return imp_fail(w->r, -error, "can't make %s: %s", out->path,
					strerror(error));
		}
		out->written = false;
	}
	return 0;
}

static void clean_up(struct writer *w, bool ok)
{
	for (uint32_t i = 0; i < w->nr_files; i++) {
		if (w->file[i].f)
			fclose(w->file[i].f);
		if (w->file[i].written)
			unlink(w->file[i].temp);
		free(w->file[i].path);
		free(w->file[i].temp);
	}
	if (!ok && w->made_dir)
		rmdir(w->o->dir);
	free(w->file);
}

static int write_all(struct writer *w)
{
	struct stat st;
	int rc;

	if (!mkdir(w->o->dir, 0777)) {
		w->made_dir = true;
	} else if (errno != EEXIST) {
		rc = -errno;
		return imp_fail(w->r, rc, "can't make the directory %s: %s", w->o->dir,
				strerror(-rc));
	} else if (stat(w->o->dir, &st) || !S_ISDIR(st.st_mode)) {
		return imp_fail(w->r, -ENOTDIR, "%s is not a directory; choose another -o",
				w->o->dir);
	}
	rc = write_temps(w);
	return rc ? rc : rename_all(w);
}

int import_write(struct imp_recording *r, const struct imp_output *o)
{
	struct writer w = { .r = r, .o = o };
	sigset_t block, old;
	int rc;

	w.file = calloc(r->nr_vcpus + 2, sizeof(*w.file));
	if (!w.file)
		return imp_fail(r, -ENOMEM, "out of memory");
	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGHUP);
	sigaddset(&block, SIGPIPE);
	sigprocmask(SIG_BLOCK, &block, &old);
	rc = write_all(&w);
	clean_up(&w, rc == 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return rc;
}
