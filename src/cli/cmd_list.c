// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota list` and `rota vcpu-list`: what runs on the live host, in xl's columns. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "kvm/control.h"
#include "kvm/files.h"

static const char usage[] =
	"Usage: rota list [--json] [DOMAIN]\n"
	"       rota vcpu-list [--json] [DOMAIN...]\n"
	"\n"
	"The domains of the live host, or their vCPUs. DOMAIN is a name or an id.\n"
	"\n"
	"Mem is the memory in use, in MiB; State has the letters r (running), b (blocked), p (paused);\n"
	"Time is CPU time since the live host knows the domain. Domain-0 is the host itself.\n"
	"      --json  for programs: times in ns\n"
	"  -h, --help  this text\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct table {
	const char *verb, *key; /* of the request, of the answer's rows */
	int max_domains;
	void (*header)(void);
	void (*row)(json_t *row);
};

static const char *text(json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

static long long number(json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

static void list_header(void)
{
	printf("%-40s %5s %5s %5s\t%s\t%s\n", "Name", "ID", "Mem", "VCPUs", "State", "Time(s)");
}

static void list_row(json_t *row)
{
	printf("%-40s %5lld %5lld %5lld     %-6s  %8.1f\n", text(row, "name"), number(row, "id"),
	       number(row, "memory_mib"), number(row, "vcpus"), text(row, "state"),
	       (double)number(row, "cpu_ns") / 1e9);
}

static void vcpu_header(void)
{
	printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
	       "Affinity (Hard / Soft)");
}

static void vcpu_row(json_t *row)
{
	char cpu[16] = "-";

	if (json_is_integer(json_object_get(row, "cpu")))
		snprintf(cpu, sizeof(cpu), "%lld", number(row, "cpu"));
	printf("%-32s %5lld %5lld %5s   %s %9.1f  %s / %s\n", text(row, "name"), number(row, "id"), number(row, "vcpu"),
	       cpu, text(row, "state"), (double)number(row, "cpu_ns") / 1e9, text(row, "hard"), text(row, "soft"));
}

/* The rows of one domain (NULL: all), appended to @all. */
static int ask(const struct table *t, const char *domain, json_t *all)
{
	json_t *request = json_pack("{ss ss*}", "verb", t->verb, "domain", domain), *answer;
	char error[LIVE_ERROR_LEN];
	int code;

	if (!request) {
		fprintf(stderr, "rota: %s: the name of a domain must be UTF-8\n", t->verb);
		return CLI_FAILED;
	}
	answer = control_ask(request, &code, error);
	if (!answer) {
		fprintf(stderr, "rota: %s: %s\n", t->verb, error);
		return CLI_FAILED;
	}
	json_array_extend(all, json_object_get(answer, t->key));
	json_decref(answer);
	return CLI_DONE;
}

static int list(const struct table *t, int argc, char **argv)
{
	bool json = false;
	json_t *all, *row;
	size_t i;
	int c, ret = CLI_DONE;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return CLI_DONE;
		}
		if (c != 'j')
			return CLI_USAGE;
		json = true;
	}
	if (argc - optind > t->max_domains) {
		fprintf(stderr, "rota: %s: at most one domain can be named; `rota list --help` tells how\n", t->verb);
		return CLI_USAGE;
	}
	all = json_array();
	if (optind == argc)
		ret = ask(t, NULL, all);
	for (int a = optind; a < argc; a++)
		if (ask(t, argv[a], all))
			ret = CLI_FAILED;
	if (json && (ret == CLI_DONE || json_array_size(all))) {
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (!json && (ret == CLI_DONE || json_array_size(all))) {
		t->header();
		json_array_foreach(all, i, row) t->row(row);
	}
	json_decref(all);
	return ret;
}

int cmd_list(int argc, char **argv)
{
	const struct table t = { "list", "domains", 1, list_header, list_row };

	return list(&t, argc, argv);
}

int cmd_vcpu_list(int argc, char **argv)
{
	const struct table t = { "vcpu-list", "vcpus", 1 << 20, vcpu_header, vcpu_row };

	return list(&t, argc, argv);
}
