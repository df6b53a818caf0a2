/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `rota sim run SCENARIO`: one run of the simulated host, from the file to the table, the JSON, the report and the trace. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/scenarios.h"
#include "sim/machine.h"
#include "sim/report.h"
#include "sim/result.h"
#include "sim/scenario.h"
#include "trace/trace.h"

#define STEPS 400 /* parts of a run between two looks at the clock and at ^C */
#define PROGRESS_AFTER_NS 1000000000LL
#define REPORT_RECORDS 4000000 /* the report keeps that many records at most */
#define MAX_SETS 256

struct run_options {
	const char *scenario, *report, *trace;
	bool json;
	char *sets[MAX_SETS];
	int nr_sets;
};

/* Where records go: into the trace file, and into memory for the report. */
struct records {
	struct trace_writer *writer;
	struct trace_rec *kept;
	size_t nr, room;
	uint64_t lost;
	bool keep;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static const char sim_usage[] =
	"Usage: rota sim run SCENARIO [OPTION...]\n"
	"       rota sim check SCENARIO [--set PATH=VALUE...]\n"
	"       rota sim list\n"
	"\n"
	"run    simulate the scenario and print what each domain got\n"
	"check  only read the scenario and check it: no output when it is right\n"
	"list   the scenarios that come with rota\n"
	"\n"
	"SCENARIO is a file, - for standard input, or the name of one in the list.\n"
	"\n"
	"  --json            print the result as JSON instead of a table\n"
	"  --seed N          run with another seed\n"
	"  --duration TIME   run for another time, e.g. 500ms or 10s\n"
	"  --set PATH=VALUE  change the scenario, e.g. domains.vm1.weight=512, host.cores=4\n"
	"  --report FILE     write a self-contained HTML report: timeline, shares, latencies\n"
	"  --trace FILE      write every trace record, to be read with `rota trace dump`\n"
	"  -h, --help        this text\n"
	"\n"
	"Example: rota sim run lab-weight-cap --set domains.w512.weight=1024 --report lab.html\n";

static int64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void take_records(void *arg, const struct trace_rec *recs, size_t n)
{
	struct records *r = arg;

	if (r->writer)
		trace_write(r->writer, recs, n);
	if (!r->keep)
		return;
	if (r->nr + n > r->room && r->room < REPORT_RECORDS) {
		size_t room = r->room ? 2 * r->room : 1 << 16;
		struct trace_rec *bigger = realloc(r->kept, room * sizeof(*bigger));

		if (bigger) {
			r->kept = bigger;
			r->room = room;
		}
	}
	if (r->nr + n > r->room) {
		r->lost += n;
		return;
	}
	memcpy(r->kept + r->nr, recs, n * sizeof(*recs));
	r->nr += n;
}

static void progress(const struct scenario *s, int64_t at_ns, bool done)
{
	char bar[41];
	int filled = (int)(at_ns * 40 / s->duration_ns);

	if (done) {
		fprintf(stderr, "\r\033[K");
		return;
	}
	memset(bar, '.', 40);
	memset(bar, '#', (size_t)filled);
	bar[40] = 0;
	fprintf(stderr, "\r%s [%s] %3d%%", s->name, bar, (int)(at_ns * 100 / s->duration_ns));
}

/* Run to the end, with a progress bar for the patient. Returns false when ^C came. */
static bool run_to_end(struct machine *m, int64_t *took_ns)
{
	struct sigaction sa = {.sa_handler = on_interrupt}, old;
	int64_t begin = wall_ns(), shown = 0;
	bool bar = isatty(STDERR_FILENO);

	sigaction(SIGINT, &sa, &old);
	for (int64_t step = 1; step <= STEPS && !interrupted; step++) {
		int64_t until = step == STEPS ? m->s->duration_ns : m->s->duration_ns / STEPS * step, now;

		machine_run(m, until);
		now = wall_ns();
		if (bar && now - begin > PROGRESS_AFTER_NS && now - shown > 100000000) {
			progress(m->s, until, false);
			shown = now;
		}
	}
	*took_ns = wall_ns() - begin;
	if (shown)
		progress(m->s, 0, true);
	sigaction(SIGINT, &old, NULL);
	if (interrupted)
		return false;
	machine_finish(m);
	return true;
}

static int complain(const char *err)
{
	fprintf(stderr, "rota: %s\n", err);
	return CLI_FAILED;
}

static struct trace_writer *open_trace(const char *path, const struct scenario *s, char *err, size_t errlen)
{
	struct trace_domain *domains = calloc((size_t)s->nr_domains, sizeof(*domains));
	struct trace_info info = {
		.scenario = s->name,
		.seed = s->seed,
		.nr_pcpus = (uint32_t)s->nr_pcpus,
		.nr_domains = (uint32_t)s->nr_domains,
		.domains = domains,
	};
	struct trace_writer *w;

	if (!domains) {
		snprintf(err, errlen, "not enough memory");
		return NULL;
	}
	for (int i = 0; i < s->nr_domains; i++) {
		domains[i].name = s->domains[i].name;
		domains[i].nr_vcpus = (uint32_t)s->domains[i].nr_vcpus;
	}
	w = trace_open_write(path, &info, err, errlen);
	free(domains);
	return w;
}

/* Print the result and write the report of a finished run. */
static int conclude(const struct run_options *o, struct machine *m, struct records *recs, int64_t took_ns, char *err, size_t errlen)
{
	json_t *result = result_json(m, took_ns, o->report != NULL);
	int ret = 0;

	if (!result) {
		snprintf(err, errlen, "not enough memory for the result");
		return -ENOMEM;
	}
	if (o->report)
		ret = report_write(o->report, m->s, result, recs->kept, recs->nr, recs->lost, err, errlen);
	if (!ret && o->json) {
		json_dumpf(result, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
		printf("\n");
	} else if (!ret) {
		result_table(m, result, stdout);
	}
	json_decref(result);
	if (!ret && (fflush(stdout) || ferror(stdout))) {
		snprintf(err, errlen, "can't write the result: %s", strerror(errno));
		ret = -EIO;
	}
	return ret;
}

static int run_scenario(const struct run_options *o, const struct scenario *s, struct records *recs, char *err, size_t errlen)
{
	struct machine *m;
	int64_t took_ns;
	int ret;

	m = machine_create(s, o->trace ? TRACE_FULL : TRACE_BASIC, recs->writer || recs->keep ? take_records : NULL, recs, err,
			   errlen);
	if (!m)
		return -EINVAL;
	if (run_to_end(m, &took_ns)) {
		ret = conclude(o, m, recs, took_ns, err, errlen);
	} else {
		snprintf(err, errlen, "interrupted at %.3f of %.3f simulated seconds; nothing was written", (double)m->now / 1e9,
			 (double)s->duration_ns / 1e9);
		ret = -EINTR;
	}
	if (recs->writer && m->cx.lost_rec)
		trace_lost(recs->writer, m->cx.lost_rec);
	machine_free(m);
	return ret;
}

static int run(const struct run_options *o)
{
	struct records recs = {.keep = o->report != NULL};
	struct scenario *s;
	char err[1024], *path = scenario_find(o->scenario);
	int ret;

	s = scenario_load(path ? path : o->scenario, o->sets, o->nr_sets, err, sizeof(err));
	free(path);
	if (!s) {
		complain(err);
		return CLI_USAGE;
	}
	if (o->trace) {
		recs.writer = open_trace(o->trace, s, err, sizeof(err));
		if (!recs.writer) {
			scenario_free(s);
			return complain(err);
		}
	}
	ret = run_scenario(o, s, &recs, err, sizeof(err));
	if (recs.writer && !ret)
		ret = trace_close(recs.writer, err, sizeof(err));
	else if (recs.writer)
		trace_abort(recs.writer);
	free(recs.kept);
	scenario_free(s);
	return ret ? complain(err) : CLI_DONE;
}

static int add_set(struct run_options *o, const char *path, const char *value)
{
	size_t n = strlen(path) + strlen(value) + 2;

	if (o->nr_sets == MAX_SETS) {
		fprintf(stderr, "rota: more than %d changes by --set; write a scenario\n", MAX_SETS);
		return -1;
	}
	o->sets[o->nr_sets] = malloc(n);
	if (!o->sets[o->nr_sets]) {
		fprintf(stderr, "rota: not enough memory\n");
		return -1;
	}
	snprintf(o->sets[o->nr_sets++], n, "%s%s%s", path, *path ? "=" : "", value);
	return 0;
}

enum { OPT_JSON = 1000, OPT_SEED, OPT_DURATION, OPT_SET, OPT_REPORT, OPT_TRACE };

static const struct option long_options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"seed", required_argument, NULL, OPT_SEED},
	{"duration", required_argument, NULL, OPT_DURATION},
	{"set", required_argument, NULL, OPT_SET},
	{"report", required_argument, NULL, OPT_REPORT},
	{"trace", required_argument, NULL, OPT_TRACE},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* Returns -1 to go on, else the exit code. @argv[0] is the verb. */
static int parse(struct run_options *o, int argc, char **argv, bool run_verb)
{
	int opt, bad = 0;

	optind = 0;
	while (!bad && (opt = getopt_long(argc, argv, "h", long_options, NULL)) >= 0) {
		switch (opt) {
		case OPT_JSON:
			o->json = true;
			break;
		case OPT_SEED:
			bad = add_set(o, "seed", optarg);
			break;
		case OPT_DURATION:
			bad = add_set(o, "duration", optarg);
			break;
		case OPT_SET:
			bad = add_set(o, "", optarg);
			break;
		case OPT_REPORT:
			o->report = optarg;
			break;
		case OPT_TRACE:
			o->trace = optarg;
			break;
		case 'h':
			fputs(sim_usage, stdout);
			return CLI_DONE;
		default:
			bad = 1;
		}
	}
	if (!bad && (optind + 1 != argc || (!run_verb && (o->json || o->report || o->trace)))) {
		fprintf(stderr, "rota: sim %s: give one scenario%s\n", argv[0],
			run_verb ? "" : "; --json, --report and --trace go with run");
		bad = 1;
	}
	if (bad) {
		fprintf(stderr, "rota: `rota sim --help` tells how\n");
		return CLI_USAGE;
	}
	o->scenario = argv[optind];
	return -1;
}

static int check(const struct run_options *o)
{
	char err[1024], *path = scenario_find(o->scenario);
	struct scenario *s = scenario_load(path ? path : o->scenario, o->sets, o->nr_sets, err, sizeof(err));
	struct machine *m;
	int ret = CLI_DONE;

	free(path);
	if (!s) {
		complain(err);
		return CLI_USAGE;
	}
	/* What only the core can tell, it tells at time 0. */
	m = machine_create(s, TRACE_BASIC, NULL, NULL, err, sizeof(err));
	if (!m) {
		complain(err);
		ret = CLI_USAGE;
	}
	machine_free(m);
	scenario_free(s);
	return ret;
}

int cmd_sim(int argc, char **argv)
{
	struct run_options o = {0};
	int ret;

	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(sim_usage, stdout);
		return CLI_DONE;
	}
	if (argc == 2 && !strcmp(argv[1], "list"))
		return scenarios_list();
	if (argc < 2 || (strcmp(argv[1], "run") && strcmp(argv[1], "check"))) {
		fprintf(stderr, argc < 2 ? "rota: sim: run, check or list? `rota sim --help` tells\n" :
					   "rota: sim: there is no command '%s'; `rota sim --help` lists them\n",
			argc < 2 ? "" : argv[1]);
		return CLI_USAGE;
	}
	ret = parse(&o, argc - 1, argv + 1, !strcmp(argv[1], "run"));
	if (ret < 0)
		ret = !strcmp(argv[1], "run") ? run(&o) : check(&o);
	for (int i = 0; i < o.nr_sets; i++)
		free(o.sets[i]);
	return ret;
}
