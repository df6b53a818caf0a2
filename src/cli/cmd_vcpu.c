// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota vcpu-pin`, `vcpu-set`, `pause`, `unpause`, `rename`, `destroy`: xl's verbs about a domain that is there. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"

/* ---- vcpu-pin ---- */

static const char pin_usage[] = "Usage: rota vcpu-pin [-f] DOMAIN VCPU|all HARD|-|all [SOFT|-|all]\n"
				"\n"
				"Set which CPUs a VCPU can use (hard affinity), and prefers (soft affinity).\n"
				"\n"
				"A list of CPUs is like 0-5,8,^3 or node:1 or all; - leaves an affinity as it is.\n"
				"  -f, --force   undo a temporary pin first\n"
				"  -N, --dry-run only print the affinities that would be set\n"
				"      --save    it lasts: see rota.yaml(5)\n"
				"  -h, --help    this text\n";

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10;
}

static int pin(int argc, char **argv, bool force, bool dry_run, bool save)
{
	const char *soft = argc > 3 ? argv[3] : "-";
	json_t *r;

	if (argc < 3 || argc > 4)
		return ask_usage("vcpu-pin", "'rota vcpu-pin' requires at least 3 arguments, and takes 4 at most");
	if (strcmp(argv[1], "all") && !is_number(argv[1]))
		return ask_failed("vcpu-pin", "Error: Invalid argument %s as VCPU.", argv[1]);
	if (dry_run) {
		printf("cpumap: %s %s\n", argv[2], soft);
		return CLI_DONE;
	}
	r = json_pack("{ss ss sb}", "verb", "vcpu-pin", "domain", argv[0], "force", force);
	if (!strcmp(argv[1], "all"))
		json_object_set_new(r, "vcpu", json_string("all"));
	else
		json_object_set_new(r, "vcpu", json_integer(strtoll(argv[1], NULL, 10)));
	if (strcmp(argv[2], "-"))
		json_object_set_new(r, "hard", json_string(argv[2]));
	if (strcmp(soft, "-"))
		json_object_set_new(r, "soft", json_string(soft));
	if (save)
		json_object_set_new(r, "save", json_true());
	return ask_done("vcpu-pin", r);
}

int cmd_vcpu_pin(int argc, char **argv)
{
	static const struct option options[] = {
		{ "force", no_argument, NULL, 'f' },
		{ "dry-run", no_argument, NULL, 'N' },
		{ "dryrun", no_argument, NULL, 'N' },
		{ "ignore-global-affinity-masks", no_argument, NULL, 'i' },
		{ "save", no_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool force = false, dry_run = false, save = false;
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "fNih", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			force = true;
			break;
		case 'N':
			dry_run = true;
			break;
		case 'S':
			save = true;
			break;
		case 'i': /* rota has no global masks to ignore */
			break;
		case 'h':
			fputs(pin_usage, stdout);
			return CLI_DONE;
		default:
			fprintf(stderr, "`rota vcpu-pin --help` tells how\n");
			return CLI_USAGE;
		}
	}
	return pin(argc - optind, argv + optind, force, dry_run, save);
}

/* ---- vcpu-set ---- */

int cmd_vcpu_set(int argc, char **argv)
{
	static const char usage[] =
		"Usage: rota vcpu-set [-i] DOMAIN COUNT\n"
		"\n"
		"Set the number of active VCPUs allowed for the domain: vCPUs 0 to COUNT-1 are plugged in.\n"
		"\n"
		"  -i, --ignore-host  more than the host has CPUs are all right\n"
		"  -h, --help         this text\n";
	static const struct option options[] = {
		{ "ignore-host", no_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool ignore_host = false;
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "+ih", options, NULL)) != -1) {
		switch (c) {
		case 'i':
			ignore_host = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return CLI_DONE;
		default:
			fprintf(stderr, "`rota vcpu-set --help` tells how\n");
			return CLI_USAGE;
		}
	}
	if (argc - optind != 2)
		return ask_usage("vcpu-set", "'rota vcpu-set' requires 2 arguments");
	if (!is_number(argv[optind + 1]))
		return ask_failed("vcpu-set", "Error: Invalid argument.");
	return ask_done("vcpu-set",
			json_pack("{ss ss sI sb}", "verb", "vcpu-set", "domain", argv[optind], "count",
				  (json_int_t)strtoll(argv[optind + 1], NULL, 10), "ignore_host", ignore_host));
}

/* ---- the others ---- */

/* Verbs that have a domain, or several, and nothing else. */
static int each_domain(int argc, char **argv, const char *usage, int most)
{
	int first, ret;

	if (!plain_arguments(argc, argv, usage, 1, most, &first, &ret))
		return ret;
	ret = CLI_DONE;
	for (int i = first; i < argc; i++)
		if (ask_done(argv[0], json_pack("{ss ss}", "verb", argv[0], "domain", argv[i])))
			ret = CLI_FAILED;
	return ret;
}

int cmd_pause(int argc, char **argv)
{
	return each_domain(argc, argv, "Usage: rota pause DOMAIN\n\nNone of its vCPUs runs until `rota unpause`.\n", 1);
}

int cmd_unpause(int argc, char **argv)
{
	return each_domain(argc, argv, "Usage: rota unpause DOMAIN\n\nUndoes `rota pause`.\n", 1);
}

int cmd_destroy(int argc, char **argv)
{
	return each_domain(
		argc, argv,
		"Usage: rota destroy DOMAIN\n\nTerminate a domain immediately. A live host's VMs are not rota's "
		"to end.\n",
		1);
}

int cmd_rename(int argc, char **argv)
{
	static const char usage[] = "Usage: rota rename DOMAIN NAME\n\nRename a domain.\n";
	int first, ret;

	if (!plain_arguments(argc, argv, usage, 2, 2, &first, &ret))
		return ret;
	return ask_done("rename",
			json_pack("{ss ss ss}", "verb", "rename", "domain", argv[first], "name", argv[first + 1]));
}
