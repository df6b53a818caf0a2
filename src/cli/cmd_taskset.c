// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rota taskset generate`: random task sets, for `rota analyze` and experiments. The same options
 * give the same bytes on every machine (src/analysis/taskgen.c).
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "analysis/analysis.h"
#include "cli/cli.h"
#include "cli/taskset.h"

static const char usage[] =
	"Usage: rota taskset generate -u U [OPTION...]\n"
	"\n"
	"Draws random task sets and writes them as JSON or CSV, which `rota analyze` reads.\n"
	"\n"
	"  -u, --utilisation U    sum of cost/period of a set, e.g. 0.8 or 2.4\n"
	"  -n, --tasks N          tasks of a set (default 10; families ignore it)\n"
	"      --sets N           how many sets (default 1); each is a VM of the file\n"
	"      --seed N           (default 1)\n"
	"      --method M         uunifast, uunifast-discard (default), randfixedsum, kato, or a family:\n"
	"                         uni-light, uni-medium, uni-heavy, exp-light, exp-medium, exp-heavy,\n"
	"                         bimo-light, bimo-medium, bimo-heavy\n"
	"      --task-util A:B    bounds of one task's utilisation: randfixedsum, kato (default 0:1)\n"
	"      --periods KIND     uniform, log-uniform (default), harmonic\n"
	"  -p, --period A:B       range of periods (default 10ms:1s), or short (3ms:33ms),\n"
	"                         moderate (10ms:100ms), long (50ms:250ms)\n"
	"      --grain TIME       periods are multiples of it (default 1ms)\n"
	"      --cost A:B         draw costs, and make periods of them: cost/utilisation\n"
	"      --constrained      deadlines between cost and period, else equal to the period\n"
	"      --csv              CSV instead of JSON\n"
	"  -h, --help             this text\n"
	"\n"
	"Example: rota taskset generate -u 0.7 -n 8 --sets 100 --csv > sets.csv\n";

enum option_id {
	O_SETS = 256,
	O_SEED,
	O_METHOD,
	O_TASK_UTIL,
	O_PERIODS,
	O_GRAIN,
	O_COST,
	O_CONSTRAINED,
	O_CSV
};

static const struct option options[] = {
	{ "utilisation", required_argument, NULL, 'u' },
	{ "utilization", required_argument, NULL, 'u' },
	{ "tasks", required_argument, NULL, 'n' },
	{ "sets", required_argument, NULL, O_SETS },
	{ "seed", required_argument, NULL, O_SEED },
	{ "method", required_argument, NULL, O_METHOD },
	{ "task-util", required_argument, NULL, O_TASK_UTIL },
	{ "periods", required_argument, NULL, O_PERIODS },
	{ "period", required_argument, NULL, 'p' },
	{ "grain", required_argument, NULL, O_GRAIN },
	{ "cost", required_argument, NULL, O_COST },
	{ "constrained", no_argument, NULL, O_CONSTRAINED },
	{ "csv", no_argument, NULL, O_CSV },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	struct an_gen gen;
	uint64_t sets;
	bool csv;
};

static const char *parse_choice(const char *value, const char *const *names, int nr, int *out)
{
	static char all[240];

	*out = taskset_word(value, names, nr);
	if (*out >= 0)
		return NULL;
	strcpy(all, "is none of ");
	for (int i = 0; i < nr; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "", names[i]);
	return all;
}

int taskset_word(const char *value, const char *const *names, int nr)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(value, names[i]))
			return i;
	return -1;
}

/* A decimal number is a time in seconds, said in ns. */
bool taskset_ppb(const char *text, int64_t *out)
{
	return !an_parse_time(text, 1000000000, out) && !strpbrk(text, "nums");
}

static bool parse_range(const char *text, int64_t unit, bool plain, int64_t *a, int64_t *b)
{
	const char *colon = strchr(text, ':');
	char first[64];

	if (!colon || (size_t)(colon - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(colon - text));
	first[colon - text] = '\0';
	if (plain)
		return taskset_ppb(first, a) && taskset_ppb(colon + 1, b);
	return !an_parse_time(first, unit, a) && !an_parse_time(colon + 1, unit, b);
}

bool taskset_count(const char *text, uint64_t most, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *out <= most;
}

static const char *set_period(struct an_gen *g, const char *value)
{
	static const struct {
		const char *name;
		int64_t min_ms, max_ms;
	} named[] = { { "short", 3, 33 }, { "moderate", 10, 100 }, { "long", 50, 250 } };

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (!strcmp(value, named[i].name)) {
			g->min_period = named[i].min_ms * 1000000;
			g->max_period = named[i].max_ms * 1000000;
			return NULL;
		}
	return parse_range(value, 0, false, &g->min_period, &g->max_period) ?
		       NULL :
		       "write two times as 10ms:1s, or short, moderate, long";
}

void taskset_defaults(struct an_gen *g)
{
	*g = (struct an_gen){ .seed = 1,
			      .util = AN_UUNIFAST_DISCARD,
			      .period = AN_PERIOD_LOG,
			      .nr_tasks = 10,
			      .max_ppb = 1000000000,
			      .min_period = 10000000,
			      .max_period = 1000000000,
			      .grain = 1000000 };
}

const char *taskset_parameter(struct an_gen *g, const char *name, const char *value)
{
	const char *what;
	uint64_t count;
	int choice;

	if (!strcmp(name, "utilisation"))
		return taskset_ppb(value, &g->total_ppb) && g->total_ppb ? NULL : "write a number above 0, e.g. 0.8";
	if (!strcmp(name, "tasks")) {
		if (!taskset_count(value, AN_MAX_TASKS, &count) || !count)
			return "a set has 1 to 4096 tasks";
		g->nr_tasks = (int)count;
		return NULL;
	}
	if (!strcmp(name, "seed"))
		return taskset_count(value, UINT64_MAX, &g->seed) ? NULL : "write a number from 0 to 2^64 - 1";
	if (!strcmp(name, "method")) {
		what = parse_choice(value, an_gen_util_names, AN_BIMO_HEAVY + 1, &choice);
		g->util = what ? g->util : (enum an_gen_util)choice;
		return what;
	}
	if (!strcmp(name, "periods")) {
		what = parse_choice(value, an_gen_period_names, AN_PERIOD_HARMONIC + 1, &choice);
		g->period = what ? g->period : (enum an_gen_period)choice;
		return what;
	}
	if (!strcmp(name, "task-util"))
		return parse_range(value, 0, true, &g->min_ppb, &g->max_ppb) ? NULL : "write two numbers as 0.05:0.5";
	if (!strcmp(name, "period"))
		return set_period(g, value);
	if (!strcmp(name, "cost"))
		return parse_range(value, 0, false, &g->min_cost, &g->max_cost) && g->min_cost ?
			       NULL :
			       "write two times above 0 as 5ms:10ms";
	if (!strcmp(name, "grain"))
		return !an_parse_time(value, 1, &g->grain) && g->grain ? NULL : "write a time as 1ms";
	if (strcmp(name, "constrained"))
		return "";
	g->constrained = !strcmp(value, "true");
	return g->constrained || !strcmp(value, "false") ? NULL : "write true or false";
}

static int bad(const char *option, const char *value, const char *what)
{
	fprintf(stderr, "rota: taskset: --%s %s: %s\n", option, value, what);
	return CLI_USAGE;
}

static int one_option(int c, int index, struct request *r)
{
	const char *name = c == 'u' ? "utilisation" : c == 'n' ? "tasks" : c == 'p' ? "period" : NULL, *what;

	switch (c) {
	case O_SETS:
		return taskset_count(optarg, 1000000, &r->sets) && r->sets ?
			       CLI_DONE :
			       bad("sets", optarg, "write a number from 1 to 1000000");
	case O_CSV:
		r->csv = true;
		return CLI_DONE;
	case '?':
		fprintf(stderr, "rota: taskset: `rota taskset --help` lists the options\n");
		return CLI_USAGE;
	default:
		name = name ? name : options[index].name;
		what = taskset_parameter(&r->gen, name, c == O_CONSTRAINED ? "true" : optarg);
		return what ? bad(name, optarg, what) : CLI_DONE;
	}
}

static void put_json(const struct an_task *tasks, int n, uint64_t index)
{
	printf("%s  {\"name\": \"set%" PRIu64 "\", \"tasks\": [\n", index ? ",\n" : "", index);
	for (int i = 0; i < n; i++)
		printf("    {\"name\": \"%s\", \"cost_ns\": %" PRId64 ", \"period_ns\": %" PRId64
		       ", \"deadline_ns\": %" PRId64 "}%s\n",
		       tasks[i].name, tasks[i].cost, tasks[i].period, tasks[i].deadline,
		       i < n - 1 ? "," : "");
	printf("  ]}");
}

static void put_csv(const struct an_task *tasks, int n, uint64_t index)
{
	for (int i = 0; i < n; i++)
		printf("%" PRIu64 ",%s,%" PRId64 ",%" PRId64 ",%" PRId64 "\n", index, tasks[i].name,
		       tasks[i].cost, tasks[i].period, tasks[i].deadline);
}

static int generate(const struct request *r)
{
	char err[200] = "there is not enough memory";
	struct an_task *tasks;

	for (uint64_t i = 0; i < r->sets; i++) {
		int n = an_generate(&r->gen, i, &tasks, err, sizeof(err));

		if (n < 0) {
			fprintf(stderr, "rota: taskset: %s\n", err);
			return n == -EINVAL ? CLI_USAGE : CLI_FAILED;
		}
		if (!i)
			fputs(r->csv ? "set,name,cost_ns,period_ns,deadline_ns\n" : "{\"vms\": [\n",
			      stdout);
		if (r->csv)
			put_csv(tasks, n, i);
		else
			put_json(tasks, n, i);
		free(tasks);
	}
	if (!r->csv)
		fputs("\n]}\n", stdout);
	return CLI_DONE;
}

int cmd_taskset(int argc, char **argv)
{
	struct request r = { .sets = 1 };
	int c, index = 0, ret;

	taskset_defaults(&r.gen);
	while ((c = getopt_long(argc, argv, "hu:n:p:", options, &index)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return CLI_DONE;
		}
		ret = one_option(c, index, &r);
		if (ret)
			return ret;
	}
	if (optind != argc - 1 || strcmp(argv[optind], "generate")) {
		fprintf(stderr,
			"rota: taskset: the verb is generate; `rota taskset --help` tells more\n");
		return CLI_USAGE;
	}
	if (!r.gen.total_ppb) {
		fprintf(stderr, "rota: taskset: -u U, the sum of utilisations, is needed\n");
		return CLI_USAGE;
	}
	return generate(&r);
}
