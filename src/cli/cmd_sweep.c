/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `rota sim sweep SPEC`: a scenario at every combination of some parameters, as one table. */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/scenarios.h"
#include "cli/sim_args.h"
#include "cli/sweep.h"
#include "sim/sweep.h"
#include "trace/outfile.h"

static const char usage[] =
	"Usage: rota sim sweep SPEC [OPTION...]\n"
	"\n"
	"Runs the scenario of SPEC at every combination of the values of its axes, in parallel processes, and writes\n"
	"one table. The table is the same for any number of processes. rota-sweep(5) explains SPEC.\n"
	"\n"
	"  -j, --jobs N           processes (default: the CPUs of this machine)\n"
	"  -o, --output FILE      the table as CSV; without it, to standard output\n"
	"      --report FILE      a page with its charts, tables and findings\n"
	"      --markdown FILE    the same as Markdown; --svg FILE the charts alone\n"
	"      --set PATH=VALUE   change the scenario at all points, e.g. duration=1s\n"
	"      --axis NAME=LIST   other values for an axis: 1,2,3 or 1..20, or some of its labels\n"
	"      --show N           the scenario of point N, from 0 (of a generated one the text), and the command to run it\n"
	"      --check            only read SPEC and the scenarios it makes: no output when they are right\n"
	"  -h, --help             this text\n"
	"\n"
	"Example: rota sim sweep weights -j 4 --axis seed=1..20 -o weights.csv\n";

enum { OPT_SET = 1000, OPT_AXIS, OPT_CHECK, OPT_REPORT, OPT_MARKDOWN, OPT_SVG, OPT_SHOW };

static const struct option options[] = {
	{ "jobs", required_argument, NULL, 'j' },
	{ "output", required_argument, NULL, 'o' },
	{ "set", required_argument, NULL, OPT_SET },
	{ "axis", required_argument, NULL, OPT_AXIS },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "markdown", required_argument, NULL, OPT_MARKDOWN },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "show", required_argument, NULL, OPT_SHOW },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	struct sweep_files files;
	int jobs;
	int show; /* a point, -1 none */
	bool check;
	struct sweep_sets sets, axes;
};

static int misused(const char *what, const char *arg)
{
	return sim_misused("sweep", what, arg);
}

/* Returns -1 to go on, else the exit code. */
static int take_option(struct request *q, int opt, char **argv)
{
	char *end;
	long jobs;

	switch (opt) {
	case 'j':
		return sim_take_jobs("sweep", &q->jobs);
	case 'o':
	case OPT_REPORT:
	case OPT_MARKDOWN:
	case OPT_SVG:
		if (!*optarg)
			return misused(argv[optind - 1], " wants the name of a file");
		*(opt == 'o'	      ? &q->files.csv :
		  opt == OPT_REPORT   ? &q->files.report :
		  opt == OPT_MARKDOWN ? &q->files.markdown :
					&q->files.svg) = optarg;
		return -1;
	case OPT_SET:
		return sim_take_set("sweep", &q->sets);
	case OPT_AXIS:
		return sim_take_text(&q->axes);
	case OPT_SHOW:
		jobs = strtol(optarg, &end, 10);
		if (*end || end == optarg || jobs < 0 || jobs >= SWEEP_MAX_POINTS)
			return misused("--show wants the number of a point, not ", optarg);
		q->show = (int)jobs;
		return -1;
	case OPT_CHECK:
		q->check = true;
		return -1;
	default:
		return sim_take_other("sweep", usage, opt, argv);
	}
}

/* The CPUs that this process may use: mpirun gives each of its processes some. */
static int default_jobs(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : n > SWEEP_MAX_JOBS ? SWEEP_MAX_JOBS : n;
}

/* -- writing ----------------------------------------------------------------------- */

enum file { CSV, REPORT, MARKDOWN, SVG, NR_FILES };

static const char *path_of(const struct sweep_files *f, enum file which)
{
	return which == CSV ? f->csv : which == REPORT ? f->report : which == MARKDOWN ? f->markdown : f->svg;
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static void put(const struct sweep_table *t, const struct sweep_files *f, enum file which, FILE *out)
{
	if (which == CSV)
		sweep_csv(t, out);
	else if (which == REPORT)
		sweep_html(t, out);
	else if (which == MARKDOWN)
		sweep_markdown(t, f->image ? f->image : base_name(f->svg), out);
	else
		sweep_svg(t, out);
}

int sweep_try_files(const struct sweep_files *f, char *err, size_t errlen)
{
	for (enum file i = CSV; i < NR_FILES; i++) {
		struct outfile probe;
		int ret = path_of(f, i) ? outfile_open(&probe, path_of(f, i), err, errlen) : 0;

		if (ret)
			return ret;
		if (path_of(f, i))
			outfile_abort(&probe);
	}
	return 0;
}

int sweep_write(const struct sweep_table *t, const struct sweep_files *f, char *err, size_t errlen)
{
	struct outfile out[NR_FILES] = { 0 };
	int ret = 0;

	/* None takes its name before all are written. */
	for (enum file i = CSV; i < NR_FILES && !ret; i++) {
		if (!path_of(f, i))
			continue;
		ret = outfile_open(&out[i], path_of(f, i), err, errlen);
		if (!ret)
			put(t, f, i, out[i].f);
	}
	for (enum file i = CSV; i < NR_FILES; i++) {
		if (out[i].f && ret)
			outfile_abort(&out[i]);
		else if (out[i].f)
			ret = outfile_close(&out[i], err, errlen);
	}
	return ret;
}

/* What was looked for in the table, for the person at the terminal. */
static void print_findings(const struct sweep_table *t)
{
	const struct sweep *s = t->sweep;

	for (int i = 0; i < s->nr_findings; i++) {
		struct sweep_judgement j;
		char text[200];

		sweep_judge(t, &s->findings[i], &j);
		sweep_judgement_text(&s->findings[i], &j, text, sizeof(text));
		printf("%s%s\n  %s\n", i ? "\n" : "", s->findings[i].claim, text);
		if (s->findings[i].why)
			printf("  %s\n", s->findings[i].why);
	}
}

/* The run, in each process of mpirun; what there is to write is written by the first. */
static int run_all(const struct request *q, const struct sweep *s, struct machines *m, char *err, size_t errlen)
{
	struct sweep_how how = { .jobs = q->jobs ? q->jobs : default_jobs(),
				 .progress = isatty(STDERR_FILENO) && !m->rank && m->size == 1,
				 .generate = sweep_generate };
	struct sweep_table t = { 0 };
	int ret;

	if (how.jobs > s->nr_points)
		how.jobs = s->nr_points;
	ret = machines_run(m, s, &how, &t, err, errlen);
	if (!ret && !m->rank)
		ret = sweep_write(&t, &q->files, err, errlen);
	if (!ret && !m->rank && !q->files.csv && !q->files.report && !q->files.markdown && !q->files.svg)
		sweep_csv(&t, stdout); /* main() looks whether it got there */
	else if (!ret && !m->rank)
		print_findings(&t);
	sweep_table_free(&t);
	return ret ? CLI_FAILED : CLI_DONE;
}

static int run(const struct request *q, const struct sweep *s, struct machines *m, char *err, size_t errlen)
{
	if (q->show >= s->nr_points) {
		snprintf(err, errlen, "%s: the sweep has %d points, 0 to %d", s->path, s->nr_points, s->nr_points - 1);
		return CLI_USAGE;
	}
	if (q->show >= 0 && !m->rank)
		return sweep_show(s, q->show, sweep_generate, stdout, err, errlen) ? CLI_USAGE : CLI_DONE;
	if (sweep_check(s, sweep_generate, err, errlen))
		return CLI_USAGE;
	if (q->check)
		return CLI_DONE;
	/* better to hear now that they can't be written */
	if (!m->rank && sweep_try_files(&q->files, err, errlen)) {
		machines_refuse(m);
		return CLI_FAILED;
	}
	return run_all(q, s, m, err, errlen);
}

/* @argv[0] is "sweep". */
int cmd_sim_sweep(int argc, char **argv)
{
	struct request q = { .show = -1 };
	struct machines m = { 0 };
	struct sweep *s = NULL;
	char err[1400] = "", *path;
	int opt, ret = -1;

	optind = 0;
	opterr = 0;
	while (ret < 0 && (opt = getopt_long(argc, argv, ":hj:o:", options, NULL)) >= 0)
		ret = take_option(&q, opt, argv);
	if (ret < 0 && (optind == argc || !*argv[optind]))
		ret = misused("give a specification: a file, - or one that comes with rota", "");
	if (ret < 0 && optind + 1 < argc)
		ret = misused("one specification at a time, not also ", argv[optind + 1]);
	if (ret < 0 && machines_begin(&m, err, sizeof(err)))
		ret = CLI_USAGE;
	if (ret < 0) {
		path = sweep_find(argv[optind]);
		s = sweep_load(path ? path : argv[optind], &q.sets, &q.axes, err, sizeof(err));
		free(path);
		ret = s ? run(&q, s, &m, err, sizeof(err)) : CLI_USAGE;
	}
	if (*err && !m.rank)
		sim_complain(err, ret);
	machines_end(&m);
	sweep_free(s);
	free(q.sets.set);
	free(q.axes.set);
	return ret;
}
