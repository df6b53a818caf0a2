// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota info`, and the simulated host's own verbs `step` and `speed`. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/ask.h"
#include "sim/scenario.h"

static const char info_usage[] = "Usage: rota info [-n] [--json] [FIELD]\n"
				 "\n"
				 "Get information about the host; with FIELD, only its value.\n"
				 "\n"
				 "  -n, --numa  its topology as well\n"
				 "      --json  for programs\n"
				 "  -h, --help  this text\n";

static bool field(const char *only, const char *name, const char *value)
{
	if (only && strcmp(only, name))
		return false;
	if (only)
		puts(value);
	else
		printf("%-23s: %s\n", name, value);
	return true;
}

static bool number(const char *only, const char *name, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	return field(only, name, text);
}

static bool print_fields(json_t *info, const char *only)
{
	long long nodes = row_number(info, "nr_nodes"), cores = row_number(info, "nr_cores");
	struct utsname u;
	bool any = false;

	uname(&u);
	any |= field(only, "host", u.nodename);
	any |= field(only, "release", u.release);
	any |= field(only, "version", u.version);
	any |= field(only, "machine", u.machine);
	any |= number(only, "nr_cpus", row_number(info, "nr_cpus"));
	any |= number(only, "max_cpu_id", row_number(info, "max_cpu_id"));
	any |= number(only, "nr_nodes", nodes);
	any |= number(only, "cores_per_socket", nodes ? cores / nodes : cores);
	any |= number(only, "threads_per_core", row_number(info, "threads_per_core"));
	any |= number(only, "free_cpus", row_number(info, "free_cpus"));
	any |= field(only, "rota_version", row_text(info, "rota"));
	any |= field(only, "rota_host", row_text(info, "kind"));
	any |= field(only, "xen_scheduler", row_text(info, "scheduler"));
	return any;
}

static void print_topology(json_t *info)
{
	json_t *cpu;
	size_t i;

	printf("cpu_topology           :\ncpu:    core    socket     node\n");
	json_array_foreach(json_object_get(info, "topology"), i, cpu)
		printf("%3lld:    %4lld     %4lld     %4lld\n", row_number(cpu, "cpu"), row_number(cpu, "core"),
		       row_number(cpu, "socket"), row_number(cpu, "node"));
	printf("device topology        :\nNo device topology data available\n");
}

int cmd_info(int argc, char **argv)
{
	static const struct option options[] = {
		{ "numa", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool numa = false, json = false;
	json_t *info;
	int c, ret = CLI_DONE;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "nh", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			numa = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(info_usage, stdout);
			return CLI_DONE;
		default:
			return CLI_USAGE;
		}
	}
	if (argc - optind > 1)
		return ask_usage("info", "at most one field can be named");
	info = ask("info", json_pack("{ss}", "verb", "info"));
	if (!info)
		return CLI_FAILED;
	if (json)
		print_json(info);
	else if (!print_fields(info, argv[optind]))
		ret = ask_failed("info", "there is no field '%s'", argv[optind]);
	else if (numa && !argv[optind])
		print_topology(info);
	json_decref(info);
	return ret;
}

int cmd_step(int argc, char **argv)
{
	static const char usage[] =
		"Usage: rota step TIME\n"
		"\n"
		"Let TIME (10ms, 1s ...) pass on the simulated host. Of use with `rotad --speed step`.\n";
	int first, ret;
	int64_t ns;

	if (!plain_arguments(argc, argv, usage, 1, 1, &first, &ret))
		return ret;
	if (scn_parse_time(argv[first], &ns))
		return ask_usage("step", "'%s' is no time", argv[first]);
	return ask_done("step", json_pack("{ss sI}", "verb", "step", "ns", (json_int_t)ns));
}

int cmd_speed(int argc, char **argv)
{
	static const char usage[] =
		"Usage: rota speed N|max|step\n"
		"\n"
		"How fast the simulated host's time runs: N virtual seconds in a second; max: as fast as can be; step: only\n"
		"when `rota step` says so.\n";
	int first, ret;

	if (!plain_arguments(argc, argv, usage, 1, 1, &first, &ret))
		return ret;
	return ask_done("speed", json_pack("{ss ss}", "verb", "speed", "speed", argv[first]));
}
