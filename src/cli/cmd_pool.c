// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota cpupool-*`: xl's verbs about cpupools. Their exit code is 1 on any failure, and then nothing was done. */
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/xlcfg.h"

/* ---- cpupool-list ---- */

static const char list_usage[] = "Usage: rota cpupool-list [-c] [-s] [--json] [CPUPOOL]\n"
				 "\n"
				 "List CPU pools on host, or the one named.\n"
				 "\n"
				 "  -c, --cpus        list the CPUs of each\n"
				 "  -s, --hiddenpool  hidden pools as well, each with its parent's name\n"
				 "      --json        for programs; with hidden pools\n"
				 "  -h, --help        this text\n";

static void print_cpus(json_t *row)
{
	json_t *cpu;
	size_t i;

	printf("%-19s", row_text(row, "name"));
	json_array_foreach(json_object_get(row, "cpus"), i, cpu)
		printf("%s%" JSON_INTEGER_FORMAT, i ? "," : "", json_integer_value(cpu));
}

/* @hidden: hidden pools as well, marked. */
static void print_pools(json_t *pools, bool cpus, bool hidden)
{
	json_t *row;
	size_t i;

	if (cpus)
		printf("%-19s%s\n", "Name", "CPU list");
	else
		printf("%-19sCPUs   Sched     Active   Domain count\n", "Name");
	json_array_foreach(pools, i, row)
	{
		bool is_hidden = json_is_true(json_object_get(row, "hidden"));

		if (is_hidden && !hidden)
			continue;
		if (cpus)
			print_cpus(row);
		else
			printf("%-19s%3zu %9s       y       %4lld", row_text(row, "name"),
			       json_array_size(json_object_get(row, "cpus")), row_text(row, "sched"),
			       row_number(row, "domains"));
		if (is_hidden)
			printf(" (hidden, of %s)", row_text(row, "parent"));
		putchar('\n');
	}
}

int cmd_cpupool_list(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cpus", no_argument, NULL, 'c' },
		{ "hiddenpool", no_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool cpus = false, hidden = false, json = false;
	json_t *answer;
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "chs", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			cpus = true;
			break;
		case 's':
			hidden = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(list_usage, stdout);
			return CLI_DONE;
		default:
			return CLI_USAGE;
		}
	}
	if (argc - optind > 1)
		return ask_usage("cpupool-list", "at most one cpupool can be named");
	answer = ask("cpupool-list", json_pack("{ss ss*}", "verb", "cpupool-list", "pool", argv[optind]));
	if (!answer)
		return CLI_FAILED;
	if (json)
		print_json(json_object_get(answer, "pools"));
	else
		print_pools(json_object_get(answer, "pools"), cpus, hidden || argv[optind]);
	json_decref(answer);
	return CLI_DONE;
}

/* ---- cpupool-create ---- */

static const char create_usage[] =
	"Usage: rota cpupool-create [-n] [-f FILE | FILE] [KEY=VALUE...]\n"
	"\n"
	"Create a new CPU pool. Keys are those of xlcpupool.cfg(5), in xl's syntax:\n"
	"  name=\"NAME\"             default: the file's name\n"
	"  sched=\"SCHEDULER\"       default: that of Pool-0\n"
	"  cpus=\"LIST\" or [\"N\",..] its CPUs, which must be free\n"
	"  nodes=[\"N\",..]          the free CPUs of these nodes\n"
	"Without cpus and nodes it has none yet: see cpupool-cpu-add.\n"
	"\n"
	"  -f, --defconfig=FILE  use the given configuration file\n"
	"  -n, --dryrun          only check, and print the resulting configuration\n"
	"  -s, --hiddenpool      a hidden pool: its CPUs are micro-sliced, for vCPUs of its parent's domains whose\n"
	"                        siblings wait for them; it shares the parent's scheduler. More keys:\n"
	"                        micro_mode=\"static\" (CPUs are added by hand), \"code\", \"paper\" or \"adaptive\"\n"
	"                        (a controller lends them), micro_slice_us=100, micro_limit=3\n"
	"  -t, --parentid=POOL   its parent, by number or name (default Pool-0)\n"
	"      --save            it lasts: see rota.yaml(5)\n"
	"  -h, --help            this text\n"
	"\n"
	"Example: rota cpupool-create name=\\\"rt\\\" sched=\\\"rtds\\\" cpus=\\\"2-3\\\"\n";

struct create {
	const char *file;
	char **words;
	int nr_words;
	bool dry_run, save, hidden;
	const char *parent;
};

static const struct xlcfg_key pool_keys[] = {
	{ "name", XLCFG_STRING },	   { "sched", XLCFG_STRING },	   { "cpus", XLCFG_STRING_OR_LIST },
	{ "nodes", XLCFG_STRING_OR_LIST }, { "micro_mode", XLCFG_STRING }, { "micro_slice_us", XLCFG_NUMBER },
	{ "micro_limit", XLCFG_NUMBER },   { NULL, XLCFG_STRING },
};

/* ["1","3-4"] with a prefix -> "node:1,node:3-4"; a string is taken whole. */
static char *joined(json_t *value, const char *prefix)
{
	json_t *item;
	char *text = NULL;
	size_t size, i;
	FILE *f;

	if (json_is_string(value) && !*prefix)
		return strdup(json_string_value(value));
	f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	if (json_is_string(value))
		fprintf(f, "%s%s", prefix, json_string_value(value));
	json_array_foreach(value, i, item)
		fprintf(f, "%s%s%s", i ? "," : "", prefix, json_is_string(item) ? json_string_value(item) : "?");
	return fclose(f) ? NULL : text;
}

static json_t *pool_request(const struct create *o, json_t *config)
{
	static const char *const micro[] = { "micro_mode", "micro_slice_us", "micro_limit" };
	json_t *cpus = json_object_get(config, "cpus"), *nodes = json_object_get(config, "nodes");
	const char *name = json_string_value(json_object_get(config, "name"));
	char *base = o->file ? strdup(o->file) : NULL, *cpu_list = cpus ? joined(cpus, "") : NULL,
	     *node_list = nodes ? joined(nodes, "node:") : NULL;
	json_t *r = json_pack("{ss ss* ss* ss* ss* sb}", "verb", "cpupool-create", "name",
			      name ? name :
			      base ? basename(base) :
				     NULL,
			      "sched", json_string_value(json_object_get(config, "sched")), "cpus",
			      node_list ? NULL : cpu_list, "nodes", node_list, "dry_run", o->dry_run);

	for (size_t i = 0; i < sizeof(micro) / sizeof(micro[0]); i++)
		if (r && json_object_get(config, micro[i]))
			json_object_set(r, micro[i], json_object_get(config, micro[i]));
	if (r && o->save)
		json_object_set_new(r, "save", json_true());
	if (r && o->hidden)
		json_object_set_new(r, "hidden", json_true());
	if (r && o->parent)
		json_object_set_new(r, "parent", json_string(o->parent));
	free(base);
	free(cpu_list);
	free(node_list);
	return r;
}

static int create(const struct create *o)
{
	char error[CONTROL_ERROR_LEN] = "not enough memory";
	json_t *config = xlcfg_read(o->file, o->words, o->nr_words, pool_keys, error), *request, *answer;

	if (!config)
		return ask_failed("cpupool-create", "%s", error);
	request = pool_request(o, config);
	json_decref(config);
	if (!json_object_get(request, "name")) {
		json_decref(request);
		return ask_failed("cpupool-create", "Missing cpupool name!");
	}
	answer = ask("cpupool-create", request);
	if (!answer)
		return CLI_FAILED;
	printf("Using config file \"%s\"\n", o->file ? o->file : "command line");
	printf("cpupool name:   %s\n", row_text(answer, "name"));
	printf("scheduler:      %s\n", row_text(answer, "sched"));
	printf("number of cpus: %lld\n", row_number(answer, "cpus"));
	if (o->hidden)
		printf("hidden:         true\nparent pool id: %lld\n", row_number(answer, "parent"));
	json_decref(answer);
	return CLI_DONE;
}

int cmd_cpupool_create(int argc, char **argv)
{
	static const struct option options[] = {
		{ "defconfig", required_argument, NULL, 'f' },
		{ "dryrun", no_argument, NULL, 'n' },
		{ "save", no_argument, NULL, 'S' },
		{ "hiddenpool", no_argument, NULL, 's' },
		{ "parentid", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct create o = { 0 };
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "hnf:st:", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			o.file = optarg;
			break;
		case 'n':
			o.dry_run = true;
			break;
		case 's':
			o.hidden = true;
			break;
		case 't':
			o.parent = optarg;
			break;
		case 'S':
			o.save = true;
			break;
		case 'h':
			fputs(create_usage, stdout);
			return CLI_DONE;
		default:
			fprintf(stderr, "`rota cpupool-create --help` tells how\n");
			return CLI_USAGE;
		}
	}
	/* As in xl: a word with a = is a setting, the one without is the file. */
	o.words = argv + optind;
	for (int i = optind; i < argc; i++) {
		if (strchr(argv[i], '='))
			o.words[o.nr_words++] = argv[i];
		else if (!o.file)
			o.file = argv[i];
		else
			return ask_usage("cpupool-create", "only one file can be given, and '%s' is another", argv[i]);
	}
	if (!o.file && !o.nr_words)
		return ask_usage("cpupool-create", "it needs a file or settings like name=\\\"rt\\\"");
	if (o.parent && !o.hidden)
		return ask_usage("cpupool-create", "only a hidden cpupool (-s) has a parent");
	return create(&o);
}

/* ---- the others ---- */

static int pool_verb(int argc, char **argv, const char *usage, const char *second)
{
	int first, ret, n = second ? 2 : 1;

	if (!plain_arguments(argc, argv, usage, n, n, &first, &ret))
		return ret;
	return ask_done(argv[0], second ? json_pack("{ss ss ss}", "verb", argv[0], "pool", argv[first], second,
						    argv[first + 1]) :
					  json_pack("{ss ss}", "verb", argv[0], "pool", argv[first]));
}

int cmd_cpupool_destroy(int argc, char **argv)
{
	return pool_verb(argc, argv,
			 "Usage: rota cpupool-destroy CPUPOOL\n\nDeactivates a CPU pool; its CPUs become free.\n",
			 NULL);
}

int cmd_cpupool_rename(int argc, char **argv)
{
	return pool_verb(argc, argv, "Usage: rota cpupool-rename CPUPOOL NAME\n\nRenames a CPU pool.\n", "name");
}

int cmd_cpupool_cpu_add(int argc, char **argv)
{
	return pool_verb(
		argc, argv,
		"Usage: rota cpupool-cpu-add [--save] CPUPOOL CPUS|node:NODE\n\nAdds free CPUs to a CPU pool: all of the list "
		"or none.\n",
		"cpus");
}

int cmd_cpupool_cpu_remove(int argc, char **argv)
{
	return pool_verb(
		argc, argv,
		"Usage: rota cpupool-cpu-remove [--save] CPUPOOL CPUS|node:NODE\n\nRemoves CPUs from a CPU pool: all of the "
		"list or none. They become free.\n",
		"cpus");
}

int cmd_cpupool_migrate(int argc, char **argv)
{
	static const char usage[] =
		"Usage: rota cpupool-migrate [--save] DOMAIN CPUPOOL\n\nMoves a domain into a CPU pool. It keeps "
		"its weight, cap and, where they fit, affinities.\n";
	int first, ret;

	if (!plain_arguments(argc, argv, usage, 2, 2, &first, &ret))
		return ret;
	return ask_done("cpupool-migrate", json_pack("{ss ss ss}", "verb", "cpupool-migrate", "domain", argv[first],
						     "pool", argv[first + 1]));
}

int cmd_cpupool_numa_split(int argc, char **argv)
{
	static const char usage[] =
		"Usage: rota cpupool-numa-split\n\nSplits up the machine into one CPU pool per NUMA node.\n";
	int first, ret;

	if (!plain_arguments(argc, argv, usage, 0, 0, &first, &ret))
		return ret;
	return ask_done("cpupool-numa-split", json_pack("{ss}", "verb", "cpupool-numa-split"));
}
