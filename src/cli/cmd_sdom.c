// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota sdom`: scheduling domains, to which other domains' CPU time is accounted. xl has nothing of the kind. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"

static const char usage[] =
	"Usage: rota sdom attach [--save] SDOM ADOM...\n"
	"       rota sdom detach [--save] ADOM\n"
	"       rota sdom list [--json]\n"
	"\n"
	"The CPU time of the domains ADOM is accounted to the domain SDOM: together they have its weight\n"
	"and its cap, or its servers. All are attached, or none.\n"
	"\n"
	"      --save  it lasts: see rota.yaml(5)\n"
	"      --json  for programs\n"
	"  -h, --help  this text\n";

static int list(bool json)
{
	json_t *answer = ask("sdom", json_pack("{ss}", "verb", "sdom-list")), *rows = json_object_get(answer, "sdoms"),
	       *r;
	size_t i;

	if (!answer)
		return CLI_FAILED;
	if (json) {
		print_json(rows);
	} else {
		printf("%-32s %5s  %-32s %5s\n", "Scheduling domain", "ID", "Activation domain", "ID");
		json_array_foreach(rows, i, r)
			printf("%-32s %5lld  %-32s %5lld\n", row_text(r, "sdom"), row_number(r, "sdom_id"),
			       row_text(r, "name"), row_number(r, "id"));
	}
	json_decref(answer);
	return CLI_DONE;
}

static json_t *array(char **words, int n)
{
	json_t *a = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(a, json_string(words[i]));
	return a;
}

int cmd_sdom(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "save", no_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false, save = false;
	const char *what;
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return CLI_DONE;
		}
		if (c != 'j' && c != 'S') {
			fprintf(stderr, "`rota sdom --help` tells how\n");
			return CLI_USAGE;
		}
		json |= c == 'j';
		save |= c == 'S';
	}
	argv += optind;
	argc -= optind;
	what = argc ? argv[0] : "";
	if (!strcmp(what, "list") && argc == 1 && !save)
		return list(json);
	if (!strcmp(what, "attach") && argc >= 3 && !json)
		return ask_done("sdom", json_pack("{ss ss so sb}", "verb", "sdom-attach", "sdom", argv[1], "domains",
						  array(argv + 2, argc - 2), "save", save));
	if (!strcmp(what, "detach") && argc == 2 && !json)
		return ask_done("sdom",
				json_pack("{ss ss sb}", "verb", "sdom-detach", "domain", argv[1], "save", save));
	return ask_usage("sdom", "it is attach SDOM ADOM, detach ADOM or list");
}
