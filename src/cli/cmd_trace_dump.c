/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `rota trace dump FILE`: read what `rota sim run --trace` wrote. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd_trace.h"
#include "sim/scenario.h"
#include "trace/trace.h"

static const char dump_usage[] =
	"Usage: rota trace dump FILE [OPTION...]\n"
	"\n"
	"Prints the records of a trace that `rota sim run --trace FILE` wrote, one a line.\n"
	"\n"
	"  --csv           comma-separated: time_ns,cpu,event,name,aux,d0,d1,d2,d3\n"
	"  --xentrace OUT  write them to OUT as xentrace does, for xenalyze (--cpu-hz 1000000000)\n"
	"  --cpu LIST      only these pCPUs, e.g. 0-3,7\n"
	"  --from TIME     only from this time of the run on, e.g. 1.5s\n"
	"  --to TIME       only before this time\n"
	"  -h, --help      this text\n";

struct dump_options {
	const char *file, *xentrace;
	bool csv;
	struct trace_filter filter;
	struct scn_cpus cpus;
};

static int parse_cpus(const char *text, struct scn_cpus *out)
{
	/* Any pCPU a trace can name; the file knows how many there were. */
	struct scenario all = { .nodes = 1, .cores = SCHED_MAX_PCPUS, .threads = 1, .nr_pcpus = SCHED_MAX_PCPUS };
	char err[256];

	if (!scn_parse_cpus(&all, text, out, err, sizeof(err)))
		return 0;
	fprintf(stderr, "rota: --cpu: %s\n", err);
	return -1;
}

static int parse_time(const char *option, const char *text, int64_t *ns)
{
	if (!scn_parse_time(text, ns))
		return 0;
	fprintf(stderr, "rota: --%s: '%s' is not a time; write e.g. 1.5s or 20ms\n", option, text);
	return -1;
}

/* Returns -1 to go on, else the exit code. */
static int parse(struct dump_options *o, int argc, char **argv)
{
	enum { OPT_CSV = 1000, OPT_XENTRACE, OPT_CPU, OPT_FROM, OPT_TO };
	static const struct option options[] = {
		{ "csv", no_argument, NULL, OPT_CSV },		{ "xentrace", required_argument, NULL, OPT_XENTRACE },
		{ "cpu", required_argument, NULL, OPT_CPU },	{ "from", required_argument, NULL, OPT_FROM },
		{ "to", required_argument, NULL, OPT_TO },	{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt, bad = 0;

	optind = 0;
	while (!bad && (opt = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (opt) {
		case OPT_CSV:
			o->csv = true;
			break;
		case OPT_XENTRACE:
			o->xentrace = optarg;
			break;
		case OPT_CPU:
			bad = parse_cpus(optarg, &o->cpus);
			o->filter.cpus = o->cpus.w;
			break;
		case OPT_FROM:
			bad = parse_time("from", optarg, &o->filter.from_ns);
			break;
		case OPT_TO:
			bad = parse_time("to", optarg, &o->filter.to_ns);
			break;
		case 'h':
			fputs(dump_usage, stdout);
			return CLI_DONE;
		default:
			bad = 1;
		}
	}
	if (!bad && optind + 1 != argc) {
		fprintf(stderr, "rota: trace dump: give one trace file; `rota trace dump --help` tells how\n");
		bad = 1;
	}
	o->file = bad ? NULL : argv[optind];
	return bad ? CLI_USAGE : -1;
}

/* As xentrace writes it: into a file that is there whole or not at all. */
static int to_xentrace(const struct dump_options *o, char *err, size_t errlen)
{
	FILE *out = fopen(o->xentrace, "wb");
	int ret;

	if (!out) {
		snprintf(err, errlen, "can't write %s", o->xentrace);
		return -1;
	}
	ret = trace_export_xentrace(o->file, out, &o->filter, err, errlen);
	if (fclose(out) && !ret) {
		snprintf(err, errlen, "can't write %s", o->xentrace);
		ret = -1;
	}
	if (ret)
		remove(o->xentrace);
	return ret;
}

int trace_dump_command(int argc, char **argv)
{
	struct dump_options o = { 0 };
	char err[512];
	int ret = parse(&o, argc, argv);

	if (ret >= 0)
		return ret;
	if (o.xentrace)
		ret = to_xentrace(&o, err, sizeof(err));
	else if (o.csv)
		ret = trace_export_csv(o.file, stdout, &o.filter, err, sizeof(err));
	else
		ret = trace_dump(o.file, stdout, &o.filter, err, sizeof(err));
	if (!ret)
		return CLI_DONE;
	fprintf(stderr, "rota: %s\n", err);
	return CLI_FAILED;
}
