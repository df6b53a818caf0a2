// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota turns`: help for guests that wait for a preempted vCPU. xl has nothing of the kind. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "control/turn_params.h"

static const char usage[] =
	"Usage: rota turns [-p CPUPOOL] [--json]\n"
	"       rota turns [-p CPUPOOL] NAME=VALUE...\n"
	"\n"
	"What a cpupool under credit or credit2 has for guests that wait for a preempted vCPU, and what its domains\n"
	"had of it. With NAME=VALUE, sets it; all of it is off unless asked for:\n"
	"\n"
	"  lend=TIME             a vCPU that spins lends its slice to the sibling it waits for, 10us to 200us at a time\n"
	"  grace=TIME            a slice that ends in a critical service goes on until that is over, 10us to 1ms\n"
	"  irq_turn=TIME         who waits for a pCPU when an interrupt comes has a turn at once, 10us to 10ms\n"
	"  coboost=TIME          the preempted siblings of one that spins have a turn, 10us to 10ms\n"
	"  coboost_every=TIME    once in so long, 0 to 100ms (1ms)\n"
	"  turn_budget=PERCENT   of one pCPU for each vCPU, for turns before others; 0: no limit (50)\n"
	"\n"
	"  -p, --cpupool=CPUPOOL  this cpupool (to set: default Pool-0)\n"
	"      --json             for programs\n"
	"  -h, --help             this text\n"
	"\n"
	"Example: rota turns lend=10us grace=100us\n";

static void print_params(json_t *pool)
{
	json_t *params = json_object_get(pool, "params");

	printf("Cpupool %s:", row_text(pool, "name"));
	for (size_t i = 0; i < nr_turn_params; i++) {
		const struct turn_param *p = &turn_params[i];
		long long value = row_number(params, p->key);

		printf(" %s=%lld%s", p->name, value, p->percent ? "%" : value ? "us" : "");
	}
	putchar('\n');
}

static int list(const char *pool, bool json)
{
	json_t *answer = ask("turns", json_pack("{ss ss*}", "verb", "turns", "pool", pool)),
	       *pools = json_object_get(answer, "pools"), *p, *d;
	size_t i, k;

	if (!answer)
		return CLI_FAILED;
	if (json) {
		print_json(pools);
		json_decref(answer);
		return CLI_DONE;
	}
	json_array_foreach(pools, i, p)
	{
		print_params(p);
		printf("%-32s %5s %7s %9s %9s %9s %9s %9s %9s %10s\n", "Name", "ID", "Symbols", "Lends", "Graces",
		       "IrqTurns", "Coboosts", "Micro", "Refused", "Time(ms)");
		json_array_foreach(json_object_get(p, "domains"), k, d)
			printf("%-32s %5lld %7s %9lld %9lld %9lld %9lld %9lld %9lld %10lld\n", row_text(d, "name"),
			       row_number(d, "id"), json_is_true(json_object_get(d, "symbols")) ? "yes" : "no",
			       row_number(d, "lends"), row_number(d, "graces"), row_number(d, "irq_turns"),
			       row_number(d, "coboosts"), row_number(d, "micro_migrations"), row_number(d, "refused"),
			       row_number(d, "turn_ns") / 1000000);
	}
	json_decref(answer);
	return CLI_DONE;
}

static int set(const char *pool, char **words, int n)
{
	json_t *request = json_pack("{ss ss*}", "verb", "turns-set", "pool", pool);
	char error[CONTROL_ERROR_LEN];

	for (int i = 0; i < n; i++) {
		struct assist_params scratch;
		const struct turn_param *p;
		s64 value = 0;

		if (!turn_param_read(words[i], &p, &value, error) || !turn_param_set(&scratch, p, value, error)) {
			json_decref(request);
			return ask_usage("turns", "%s", error);
		}
		json_object_set_new(request, p->key, json_integer(p->percent ? value : value / USEC));
	}
	return ask_done("turns", request);
}

int cmd_turns(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cpupool", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *pool = NULL;
	bool json = false;
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			pool = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return CLI_DONE;
		default:
			fprintf(stderr, "`rota turns --help` tells how\n");
			return CLI_USAGE;
		}
	}
	if (optind == argc)
		return list(pool, json);
	if (json)
		return ask_usage("turns", "--json is for what is shown, not for what is set");
	return set(pool, argv + optind, argc - optind);
}
