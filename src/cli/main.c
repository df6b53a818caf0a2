/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rota: finds the family of verbs and hands over. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} families[] = {
	{ "analyze", cmd_analyze, "what budgets task sets need, and whether pCPUs can guarantee them" },
	{ "sim", cmd_sim, "run, check and list scenarios on the simulated host" },
	{ "taskset", cmd_taskset, "draw random task sets" },
	{ "trace", cmd_trace, "import recordings of real hosts, read and convert traces" },
	{ "host", cmd_host, "start, stop and look at the live host: this machine's KVM virtual machines" },
	{ "list", cmd_list, "the live host's domains" },
	{ "vcpu-list", cmd_vcpu_list, "their vCPUs" },
	{ "sched-credit", cmd_sched_credit, "get or set weights, caps and the credit scheduler's parameters" },
};

#define NR_FAMILIES (sizeof(families) / sizeof(families[0]))

static void usage(FILE *out)
{
	fprintf(out, "Usage: rota COMMAND [ARGUMENT...]\n\n"
		     "Xen's CPU schedulers, for a simulated host and for KVM virtual machines.\n\n"
		     "Commands:\n");
	for (size_t i = 0; i < NR_FAMILIES; i++)
		fprintf(out, "  %-12s %s\n", families[i].name, families[i].help);
	fprintf(out, "\n  -h, --help     this text; `rota COMMAND --help` tells more\n"
		     "  -V, --version  the version\n");
}

static bool is_version(const char *word)
{
	return !strcmp(word, "-V") || !strcmp(word, "--version");
}

/* What was written to standard output must have got there for a command to have succeeded. */
static int finish(int ret)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return ret;
	if (ret == CLI_DONE && errno != EPIPE)
		fprintf(stderr, "rota: can't write to standard output: %s\n",
			strerror(errno ? errno : EIO));
	return ret == CLI_DONE ? CLI_FAILED : ret;
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	if (argc >= 3 && !strcmp(argv[1], "help")) { /* rota help sim */
		char *swapped[] = { argv[0], argv[2], (char[]){ "--help" }, NULL };

		return run(3, swapped);
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return CLI_DONE;
	}
	/* rota --version, rota sim --version, rota sim run --version */
	for (int i = 1; i < argc && i < 4; i++) {
		if (is_version(argv[i])) {
			printf("rota %s\n", ROTA_VERSION);
			return CLI_DONE;
		}
		if (*argv[i] == '-')
			break;
	}
	for (size_t i = 0; i < NR_FAMILIES; i++)
		if (!strcmp(argv[1], families[i].name))
			return families[i].run(argc - 1, argv + 1);
	fprintf(stderr, "rota: there is no command or option '%s'; `rota --help` lists them\n",
		argv[1]);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	return finish(run(argc, argv));
}
