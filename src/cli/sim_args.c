// SPDX-License-Identifier: GPL-2.0-or-later
/* See sim_args.h. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sim_args.h"

int sim_misused(const char *verb, const char *what, const char *arg)
{
	fprintf(stderr, "rota: sim %s: %s%s; `rota sim %s --help` tells how\n", verb, what, arg, verb);
	return CLI_USAGE;
}

int sim_complain(const char *err, int ret)
{
	fprintf(stderr, "rota: %s\n", err);
	return ret;
}

int sim_take_jobs(const char *verb, int *jobs)
{
	char *end;
	long n = strtol(optarg, &end, 10);

	if (*end || end == optarg || n < 1 || n > SWEEP_MAX_JOBS)
		return sim_misused(verb, "-j wants a number from 1 to 256, not ", optarg);
	*jobs = (int)n;
	return -1;
}

int sim_take_text(struct sweep_sets *to)
{
	char **bigger = realloc(to->set, (size_t)(to->nr + 1) * sizeof(*bigger));

	if (!bigger)
		return sim_complain("not enough memory", CLI_FAILED);
	to->set = bigger;
	to->set[to->nr++] = optarg;
	return -1;
}

int sim_take_set(const char *verb, struct sweep_sets *to)
{
	return strchr(optarg, '=') ? sim_take_text(to) : sim_misused(verb, "--set wants PATH=VALUE, not ", optarg);
}

int sim_take_other(const char *verb, const char *usage, int opt, char **argv)
{
	if (opt == 'h') {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	if (opt == ':')
		return sim_misused(verb, argv[optind - 1], " wants a value");
	return sim_misused(verb, "there is no option ", argv[optind - 1]);
}
