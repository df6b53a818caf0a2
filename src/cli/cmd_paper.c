/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `rota sim paper NAME`: an experiment of a paper, the paper's values beside rota's. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/paper.h"
#include "cli/scenarios.h"
#include "cli/sim_args.h"
#include "cli/sweep.h"
#include "sim/data_dir.h"
#include "sim/paper.h"
#include "trace/outfile.h"

#define MAX_EXPERIMENTS 256

static const char usage[] =
	"Usage: rota sim paper NAME... [OPTION...]\n"
	"       rota sim paper\n"
	"\n"
	"Runs an experiment that was published, and prints the paper's value, rota's, and the ratio of the two.\n"
	"Without a name: the experiments there are. `calibration` stands for all whose figures are of the baseline, to\n"
	"which the guests' models were fitted. NAME may also be a file.\n"
	"\n"
	"  -j, --jobs N           processes (default: the CPUs of this machine)\n"
	"      --json             the result as JSON\n"
	"      --markdown         the result as Markdown, with the reasons of what is far off\n"
	"      --report FILE      a self-contained HTML page with plots besides\n"
	"      --set PATH=VALUE   change the scenario of all runs, e.g. duration=1s\n"
	"      --check            only read the experiment and its scenarios: no output when they are right\n"
	"  -h, --help             this text\n"
	"\n"
	"Example: rota sim paper e18-table4a -j 4 --report table4a.html\n";

enum { OPT_JSON = 1000, OPT_MARKDOWN, OPT_REPORT, OPT_SET, OPT_CHECK };

static const struct option options[] = {
	{ "jobs", required_argument, NULL, 'j' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "markdown", no_argument, NULL, OPT_MARKDOWN },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "set", required_argument, NULL, OPT_SET },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	const char *report;
	bool json, markdown, check;
	int jobs;
	struct sweep_sets sets;
	struct paper *papers[MAX_EXPERIMENTS];
	int nr;
};

static int misused(const char *what, const char *arg)
{
	return sim_misused("paper", what, arg);
}

/* Returns -1 to go on, else the exit code. */
static int take_option(struct request *q, int opt, char **argv)
{
	switch (opt) {
	case 'j':
		return sim_take_jobs("paper", &q->jobs);
	case OPT_JSON:
		q->json = true;
		return -1;
	case OPT_MARKDOWN:
		q->markdown = true;
		return -1;
	case OPT_REPORT:
		if (!*optarg)
			return misused("--report wants the name of a file", "");
		q->report = optarg;
		return -1;
	case OPT_SET:
		return sim_take_set("paper", &q->sets);
	case OPT_CHECK:
		q->check = true;
		return -1;
	default:
		return sim_take_other("paper", usage, opt, argv);
	}
}

/* -- the experiments there are ------------------------------------------------------ */

/* An experiment has rows; the scenarios beside it that it runs have none, and names without a dash. */
static int is_experiment(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && !strcmp(e->d_name + n - 5, ".yaml") && strchr(e->d_name, '-');
}

/* Calls @fn for each shipped experiment by name, until it returns other than -1. */
static int each_experiment(struct request *q, int (*fn)(struct request *q, struct paper *p))
{
	char dir[PATH_MAX], path[2 * PATH_MAX], err[1024];
	struct dirent **entries;
	int n, ret = -1;

	if (!data_path("experiments", dir, sizeof(dir)) || (n = scandir(dir, &entries, is_experiment, alphasort)) < 0)
		return sim_complain(
			"can't find the experiments that come with rota; set ROTA_DATA to the directory that has them",
			CLI_FAILED);
	for (int i = 0; i < n; i++) {
		struct paper *p;

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		free(entries[i]);
		if (ret >= 0)
			continue;
		p = paper_load(path, err, sizeof(err));
		ret = p ? fn(q, p) : sim_complain(err, CLI_FAILED);
	}
	free(entries);
	return ret;
}

static int print_title(struct request *q, struct paper *p)
{
	(void)q;
	printf("%-22s %s (%s)\n", p->name, p->title, p->source);
	paper_free(p);
	return -1;
}

static int keep_paper(struct request *q, struct paper *p)
{
	if (q->nr == MAX_EXPERIMENTS) {
		paper_free(p);
		return sim_complain("more than 256 experiments at once; name fewer", CLI_USAGE);
	}
	q->papers[q->nr++] = p;
	return -1;
}

static int keep_calibration(struct request *q, struct paper *p)
{
	if (p->calibration)
		return keep_paper(q, p);
	paper_free(p);
	return -1;
}

/* Returns -1 to go on, else the exit code. */
static int load(struct request *q, const char *name)
{
	char path[PATH_MAX], rest[300], err[1024];
	const char *file = name;
	struct paper *p;

	if (!strcmp(name, "calibration"))
		return each_experiment(q, keep_calibration);
	if (!strchr(name, '/') && strcmp(name, "-") && access(name, F_OK)) {
		snprintf(rest, sizeof(rest), "experiments/%.200s.yaml", name);
		file = data_path(rest, path, sizeof(path));
		if (!file) {
			fprintf(stderr, "rota: there is no experiment %s; `rota sim paper` lists those there are\n",
				name);
			return CLI_USAGE;
		}
	}
	p = paper_load(file, err, sizeof(err));
	return p ? keep_paper(q, p) : sim_complain(err, CLI_USAGE);
}

/* -- running ------------------------------------------------------------------------ */

static int write_report(const struct request *q, char *err, size_t errlen)
{
	struct outfile out;
	int ret = outfile_open(&out, q->report, err, errlen);

	if (ret)
		return ret;
	paper_html((const struct paper *const *)q->papers, q->nr, out.f);
	return outfile_close(&out, err, errlen);
}

static int print_json(const struct request *q)
{
	json_t *list = json_array();

	for (int i = 0; i < q->nr; i++)
		json_array_append_new(list, paper_json(q->papers[i]));
	json_dumpf(list, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(list);
	return CLI_DONE;
}

static int run(struct request *q)
{
	struct sweep_how how = { .progress = isatty(STDERR_FILENO) };
	struct outfile probe;
	char err[1400] = "";

	how.jobs = q->jobs ? q->jobs : (int)sysconf(_SC_NPROCESSORS_ONLN);
	how.jobs = how.jobs < 1 ? 1 : how.jobs > SWEEP_MAX_JOBS ? SWEEP_MAX_JOBS : how.jobs;
	for (int i = 0; i < q->nr; i++)
		if (paper_check(q->papers[i], &q->sets, err, sizeof(err)))
			return sim_complain(err, CLI_USAGE);
	if (q->check)
		return CLI_DONE;
	if (q->report) { /* better to hear now that it can't be written */
		if (outfile_open(&probe, q->report, err, sizeof(err)))
			return sim_complain(err, CLI_FAILED);
		outfile_abort(&probe);
	}
	for (int i = 0; i < q->nr; i++)
		if (paper_run(q->papers[i], &q->sets, &how, err, sizeof(err)))
			return sim_complain(err, CLI_FAILED);
	if (q->report && write_report(q, err, sizeof(err)))
		return sim_complain(err, CLI_FAILED);
	if (q->json)
		return print_json(q);
	for (int i = 0; i < q->nr; i++) {
		if (q->markdown)
			paper_markdown(q->papers[i], stdout);
		else
			paper_text(q->papers[i], stdout);
		if (!q->markdown && i + 1 < q->nr)
			putchar('\n');
	}
	return CLI_DONE;
}

/* @argv[0] is "paper". */
/* Those of the real-time papers are sweeps, with findings instead of figures; their options are those of sweep. */
static bool is_sweep(const char *name)
{
	char *path = sweep_find(name);

	free(path);
	return path != NULL;
}

int cmd_sim_paper(int argc, char **argv)
{
	struct request *q = calloc(1, sizeof(*q));
	int opt, ret = -1;

	if (!q)
		return sim_complain("not enough memory", CLI_FAILED);
	if (argc > 1 && is_sweep(argv[1])) {
		free(q);
		return cmd_sim_sweep(argc, argv);
	}
	optind = 0;
	opterr = 0;
	while (ret < 0 && (opt = getopt_long(argc, argv, ":hj:", options, NULL)) >= 0)
		ret = take_option(q, opt, argv);
	if (ret < 0 && q->json && q->markdown)
		ret = misused("--json or --markdown, not both", "");
	if (ret < 0 && optind == argc) {
		ret = each_experiment(q, print_title);
		ret = ret < 0 ? sweeps_list() : ret;
	}
	for (int i = optind; ret < 0 && i < argc; i++)
		ret = *argv[i] ? load(q, argv[i]) : misused("give the name of an experiment", "");
	if (ret < 0)
		ret = run(q);
	for (int i = 0; i < q->nr; i++)
		paper_free(q->papers[i]);
	free(q->sets.set);
	free(q);
	return ret;
}
