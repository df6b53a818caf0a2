/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `rota sim run SCENARIO`: one run of the simulated host, from the file to the table, the JSON, the
 * report and the trace.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/paper.h"
#include "cli/scenarios.h"
#include "cli/sweep.h"
#include "sim/machine.h"
#include "sim/report.h"
#include "sim/result.h"
#include "sim/scenario.h"
#include "trace/dump_host.h"
#include "trace/outfile.h"
#include "trace/trace.h"

/* simulated time between the first two looks at the clock and at ^C */
#define FIRST_STEP_NS 1000000LL
#define STEP_WALL_NS 20000000LL /* real time that a step should take: ^C answers that fast */
#define PROGRESS_AFTER_NS 1000000000LL
#define PROGRESS_EVERY_NS 100000000LL
#define REPORT_RECORDS 4000000 /* the report keeps that many records at most */
#define MAX_SETS 256

struct run_options {
	const char *scenario, *report, *trace;
	bool json, dump;
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
	"       rota sim sweep SPEC [OPTION...]\n"
	"       rota sim paper [NAME... [OPTION...]]\n"
	"       rota sim list\n"
	"\n"
	"run    simulate the scenario and print what each domain got\n"
	"check  only read the scenario and check it: no output when it is right\n"
	"sweep  run it at every combination of some parameters; `rota sim sweep --help`\n"
	"paper  run an experiment of a paper, its figures beside rota's; `rota sim paper --help`\n"
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
	"  --dump            after the table, the scheduler's state at the end, as Xen's debug key r\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n"
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

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };
#define NR_ENDING (sizeof(ending_signals) / sizeof(ending_signals[0]))

/*
 * Run to the end, with a progress bar for the patient. Returns false when ^C came, or another wish
 * that it ends.
 */
static bool run_to_end(struct machine *m, int64_t *took_ns)
{
	struct sigaction sa = { .sa_handler = on_interrupt }, old[NR_ENDING];
	int64_t begin = wall_ns(), last = begin, shown = 0, step = FIRST_STEP_NS, until = 0;
	bool bar = isatty(STDERR_FILENO);

	for (size_t i = 0; i < NR_ENDING; i++) {
		sigaction(ending_signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN) /* nohup */
			sigaction(ending_signals[i], &sa, NULL);
	}
	while (until < m->s->duration_ns && !interrupted) {
		int64_t now;

		until = step < m->s->duration_ns - until ? until + step : m->s->duration_ns;
		machine_run(m, until);
		now = wall_ns();
		if (now - last < STEP_WALL_NS / 2 && step < m->s->duration_ns)
			step *= 2;
		else if (now - last > STEP_WALL_NS && step > 1000)
			step /= 2;
		last = now;
		if (bar && now - begin > PROGRESS_AFTER_NS && now - shown > PROGRESS_EVERY_NS) {
			progress(m->s, until, false);
			shown = now;
		}
	}
	*took_ns = wall_ns() - begin;
	if (shown)
		progress(m->s, 0, true);
	for (size_t i = 0; i < NR_ENDING; i++)
		sigaction(ending_signals[i], &old[i], NULL);
	if (interrupted)
		return false;
	machine_finish(m);
	return true;
}

/* Without words: it was said already, or nobody wants to hear. */
static int complain(const char *err)
{
	if (*err)
		fprintf(stderr, "rota: %s\n", err);
	return CLI_FAILED;
}

static struct trace_writer *open_trace(const char *path, const struct scenario *s, char *err,
				       size_t errlen)
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

/* Which number a domain of the dump is. */
static void put_domain_names(const struct scenario *s, FILE *out)
{
	int column = fprintf(out, "\nDomains:");

	for (int i = 0; i < s->nr_domains; i++) {
		if (column > 90) {
			fprintf(out, "\n        ");
			column = 8;
		}
		column += fprintf(out, " %d=%s", i, s->domains[i].name);
	}
	fputc('\n', out);
}

static void put_result(const struct run_options *o, const struct machine *m, const json_t *result,
		       FILE *out)
{
	if (o->json) {
		json_dumpf(result, out, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
		fputc('\n', out);
		return;
	}
	result_table(m, result, out);
	if (o->dump) {
		put_domain_names(m->s, out);
		host_dump(m->host, m->now, out);
	}
}

/* All of the result to standard output, in one go, so that a failure is known with its reason. */
static int print_result(const struct run_options *o, const struct machine *m, const json_t *result,
			char *err, size_t errlen)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int error;

	if (f)
		put_result(o, m, result, f);
	if (!f || fclose(f)) {
		free(text);
		snprintf(err, errlen, "not enough memory for the result");
		return -ENOMEM;
	}
	errno = 0;
	fwrite(text, 1, len, stdout);
	fflush(stdout);
	error = errno ? errno : EIO;
	free(text);
	if (!ferror(stdout))
		return 0;
	/* Who reads only the beginning (`| head`) knows why there is no more. */
	*err = 0;
	if (error != EPIPE)
		snprintf(err, errlen, "can't write the result to standard output: %s",
			 strerror(error));
	return -error;
}

/*
 * Print the result and write the report of a finished run. What is printed does not depend on there
 * being a report.
 */
static int conclude(const struct run_options *o, struct machine *m, struct records *recs,
		    int64_t took_ns, char *err, size_t errlen)
{
	json_t *result = result_json(m, took_ns, false);
	int ret = result ? print_result(o, m, result, err, errlen) : -ENOMEM;

	if (!ret && o->report) {
		json_decref(result);
		result = result_json(m, took_ns, true);
		if (result)
			ret = report_write(o->report, m->s, result, recs->kept, recs->nr,
					   recs->lost, err, errlen);
	}
	if (!result) {
		snprintf(err, errlen, "not enough memory for the result");
		ret = -ENOMEM;
	}
	json_decref(result);
	return ret;
}

/* A file that will be written when the run is over: better to hear now that it can't be. */
static int try_report(const char *path, char *err, size_t errlen)
{
	struct outfile out;
	struct stat st;
	int ret;

	if (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0; /* a device or a pipe: to open it could already do something */
	ret = outfile_open(&out, path, err, errlen);
	if (!ret)
		outfile_abort(&out);
	return ret;
}

static int run_scenario(const struct run_options *o, const struct scenario *s, struct records *recs,
			char *err, size_t errlen)
{
	struct machine *m;
	int64_t took_ns;
	int ret;

	m = machine_create(s, o->trace ? TRACE_FULL : TRACE_BASIC,
			   recs->writer || recs->keep ? take_records : NULL, recs, err, errlen);
	if (!m)
		return -EINVAL;
	if (run_to_end(m, &took_ns)) {
		ret = conclude(o, m, recs, took_ns, err, errlen);
	} else {
		snprintf(err, errlen,
			 "interrupted at %.3f of %.3f simulated seconds; nothing was written",
			 (double)m->now / 1e9, (double)s->duration_ns / 1e9);
		ret = -EINTR;
	}
	if (recs->writer && m->cx.lost_rec)
		trace_lost(recs->writer, m->cx.lost_rec);
	machine_free(m);
	return ret;
}

/* The scenario as the command line has it; NULL after a complaint. */
static struct scenario *load(const struct run_options *o)
{
	char err[1024], *path = scenario_find(o->scenario);
	struct scenario *s = NULL;

	if (!path && !strchr(o->scenario, '/') && strcmp(o->scenario, "-") &&
	    access(o->scenario, F_OK))
		snprintf(
			err, sizeof(err),
			"there is no file %s here, and `rota sim list` has no scenario of that name",
			o->scenario);
	else
		s = scenario_load(path ? path : o->scenario, o->sets, o->nr_sets, err, sizeof(err));
	free(path);
	if (!s)
		complain(err);
	return s;
}

static int run(const struct run_options *o)
{
	struct records recs = { .keep = o->report != NULL };
	struct scenario *s = load(o);
	char err[1024] = "";
	int ret;

	if (!s)
		return CLI_USAGE;
	/*
	 * A reader that goes away is an error like another: no file may stay behind half written.
	 */
	signal(SIGPIPE, SIG_IGN);
	if (o->report && try_report(o->report, err, sizeof(err))) {
		scenario_free(s);
		return complain(err);
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
		fprintf(stderr, "rota: more than %d changes by --set; write a scenario\n",
			MAX_SETS);
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

enum { OPT_JSON = 1000, OPT_SEED, OPT_DURATION, OPT_SET, OPT_REPORT, OPT_TRACE, OPT_DUMP };

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "duration", required_argument, NULL, OPT_DURATION },
	{ "set", required_argument, NULL, OPT_SET },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "trace", required_argument, NULL, OPT_TRACE },
	{ "dump", no_argument, NULL, OPT_DUMP },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int misused(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int misused(const char *verb, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "rota: sim %s: ", verb);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "; `rota sim --help` tells how\n");
	return CLI_USAGE;
}

/* Returns -1 to go on, else the exit code. @argv[0] is the verb. */
static int take_option(struct run_options *o, int opt, char **argv)
{
	switch (opt) {
	case OPT_JSON:
		o->json = true;
		return -1;
	case OPT_DUMP:
		o->dump = true;
		return -1;
	case OPT_SEED:
		return add_set(o, "seed", optarg) ? CLI_USAGE : -1;
	case OPT_DURATION:
		return add_set(o, "duration", optarg) ? CLI_USAGE : -1;
	case OPT_SET:
		return add_set(o, "", optarg) ? CLI_USAGE : -1;
	case OPT_REPORT:
		o->report = optarg;
		return -1;
	case OPT_TRACE:
		o->trace = optarg;
		return -1;
	case 'h':
		fputs(sim_usage, stdout);
		return CLI_DONE;
	case 'V':
		printf("rota %s\n", ROTA_VERSION);
		return CLI_DONE;
	case ':':
		return misused(argv[0], "%s wants a value", argv[optind - 1]);
	default:
		if (optopt && optopt < OPT_JSON)
			return misused(argv[0], "there is no option -%c", optopt);
		return misused(argv[0], optopt ? "%s takes no value" : "there is no option %s",
			       argv[optind - 1]);
	}
}

/* Returns -1 to go on, else the exit code. @argv[0] is the verb. */
static int parse(struct run_options *o, int argc, char **argv, bool run_verb)
{
	int opt, ret = -1;

	optind = 0;
	opterr = 0;
	while (ret < 0 && (opt = getopt_long(argc, argv, ":hV", long_options, NULL)) >= 0)
		ret = take_option(o, opt, argv);
	if (ret >= 0)
		return ret;
	if (optind == argc || !*argv[optind])
		return misused(argv[0], "give a scenario: a file, - or one of `rota sim list`");
	if (optind + 1 < argc)
		return misused(argv[0], "one scenario at a time, not also %s", argv[optind + 1]);
	if (!run_verb && (o->json || o->report || o->trace || o->dump))
		return misused(argv[0], "--json, --report, --trace and --dump go with run");
	if (o->json && o->dump)
		return misused(argv[0], "--dump goes with the table, not with --json");
	if ((o->report && (!*o->report || !strcmp(o->report, "-"))) ||
	    (o->trace && (!*o->trace || !strcmp(o->trace, "-"))))
		return misused(argv[0], "--report and --trace want the name of a file");
	if (o->report && o->trace && !strcmp(o->report, o->trace))
		return misused(argv[0], "--report and --trace can't be the same file");
	o->scenario = argv[optind];
	return -1;
}

static int check(const struct run_options *o)
{
	struct scenario *s = load(o);
	char err[1024];
	struct machine *m;
	int ret = CLI_DONE;

	if (!s)
		return CLI_USAGE;
	/* What only the core can tell, it tells at time 0. */
	m = machine_create(s, TRACE_BASIC, NULL, NULL, err, sizeof(err));
	if (!m) {
		complain(err);
		ret = CLI_USAGE;
	} else if (m->not_guaranteed) {
		snprintf(err, sizeof(err), "%s: not guaranteed: %s", s->path, m->no_guarantee);
		complain(err);
	}
	machine_free(m);
	scenario_free(s);
	return ret;
}

int cmd_sim(int argc, char **argv)
{
	struct run_options o = { 0 };
	const char *verb = argc >= 2 ? argv[1] : "";
	int ret;

	if (!strcmp(verb, "--help") || !strcmp(verb, "-h") || !strcmp(verb, "help")) {
		fputs(sim_usage, stdout);
		return CLI_DONE;
	}
	if (!strcmp(verb, "sweep"))
		return cmd_sim_sweep(argc - 1, argv + 1);
	if (!strcmp(verb, "paper"))
		return cmd_sim_paper(argc - 1, argv + 1);
	if (!*verb || (strcmp(verb, "run") && strcmp(verb, "check") && strcmp(verb, "list"))) {
		if (!*verb)
			fprintf(stderr,
				"rota: sim: run, check, sweep, paper or list? `rota sim --help` tells how\n");
		else
			fprintf(stderr,
				"rota: sim: there is no command '%s'; `rota sim --help` lists them\n",
				verb);
		return CLI_USAGE;
	}
	if (!strcmp(verb, "list")) {
		if (argc > 2 && (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h"))) {
			fputs(sim_usage, stdout);
			return CLI_DONE;
		}
		return argc > 2 ? misused(verb, "it takes no argument") : scenarios_list();
	}
	ret = parse(&o, argc - 1, argv + 1, !strcmp(verb, "run"));
	if (ret < 0)
		ret = !strcmp(verb, "run") ? run(&o) : check(&o);
	for (int i = 0; i < o.nr_sets; i++)
		free(o.sets[i]);
	return ret;
}
