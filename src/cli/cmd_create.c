// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rota create`: a domain by an xl.cfg file. Of its keys, those that concern CPUs are taken, and on a simulated host
 * one more: workload, in the words of a scenario. The others (disks, networks ...) are xl's alone.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/xlcfg.h"

static const char usage[] =
	"Usage: rota create [-p] [-n] FILE [KEY=VALUE...]\n"
	"\n"
	"Create a domain from a config file in xl's syntax (xl.cfg(5)). Taken are name, vcpus, maxvcpus, memory,\n"
	"cpus, cpus_soft, cpu_weight, cap, pool, period, budget, extratime (the two times in us, for real-time\n"
	"schedulers), and workload: what a simulated domain does, in the words of rota-scenario(5). Other keys\n"
	"are left to xl. On a live host VMs come by themselves: the file names one that runs, which takes what it\n"
	"says of pool, CPUs, weight, cap and real-time parameters, all or nothing.\n"
	"\n"
	"  -p, --pause   it is paused at first: rota unpause\n"
	"  -n, --dryrun  only print what would be asked for\n"
	"  -h, --help    this text\n"
	"\n"
	"Example: rota create /dev/null name=\\\"a\\\" vcpus=2 workload=\\\"{model: hog}\\\"\n";

static const struct xlcfg_key keys[] = {
	{ "name", XLCFG_STRING },	{ "vcpus", XLCFG_NUMBER },	  { "maxvcpus", XLCFG_NUMBER },
	{ "memory", XLCFG_NUMBER },	{ "cpus", XLCFG_STRING_OR_LIST }, { "cpus_soft", XLCFG_STRING_OR_LIST },
	{ "cpu_weight", XLCFG_NUMBER }, { "cap", XLCFG_NUMBER },	  { "pool", XLCFG_STRING },
	{ "period", XLCFG_NUMBER },	{ "budget", XLCFG_NUMBER },	  { "extratime", XLCFG_NUMBER },
	{ "workload", XLCFG_STRING },	{ NULL, XLCFG_STRING },
};

/* Keys whose name in a request is another. */
static const char *const renamed[][2] = {
	{ "memory", "memory_mib" },
	{ "cpu_weight", "weight" },
	{ "period", "period_us" },
	{ "budget", "budget_us" },
};

static void to_request(json_t *config)
{
	json_t *extratime = json_object_get(config, "extratime");

	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++) {
		json_t *v = json_incref(json_object_get(config, renamed[i][0]));

		if (!v)
			continue;
		json_object_del(config, renamed[i][0]);
		json_object_set_new(config, renamed[i][1], v);
	}
	if (extratime)
		json_object_set_new(config, "extratime", json_boolean(json_integer_value(extratime)));
}

static int create(const char *file, char **words, int nr_words, bool paused, bool dry_run)
{
	char error[CONTROL_ERROR_LEN] = "not enough memory";
	json_t *config = xlcfg_read(file, words, nr_words, keys, error);

	if (!config)
		return ask_failed("create", "%s", error);
	to_request(config);
	if (paused)
		json_object_set_new(config, "paused", json_true());
	if (dry_run) {
		print_json(config);
		json_decref(config);
		return CLI_DONE;
	}
	return ask_done("create", json_pack("{ss so}", "verb", "create", "config", config));
}

int cmd_create(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pause", no_argument, NULL, 'p' },
		{ "dryrun", no_argument, NULL, 'n' },
		{ "defconfig", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool paused = false, dry_run = false;
	const char *file = NULL;
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "pnf:h", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			paused = true;
			break;
		case 'n':
			dry_run = true;
			break;
		case 'f':
			file = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return CLI_DONE;
		default:
			fprintf(stderr, "`rota create --help` tells how\n");
			return CLI_USAGE;
		}
	}
	if (!file && optind < argc && !strchr(argv[optind], '='))
		file = argv[optind++];
	if (!file && optind == argc)
		return ask_usage("create", "it needs a config file");
	for (int i = optind; i < argc; i++)
		if (!strchr(argv[i], '='))
			return ask_usage("create", "'%s' is not expected here", argv[i]);
	return create(file, argv + optind, argc - optind, paused, dry_run);
}
