// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota list`, `vcpu-list`, `domid`, `domname`, `uptime`: what runs on the host, in xl's columns. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"

static const char list_usage[] =
	"Usage: rota list [-l] [-v] [-c] [-n] [--json] [DOMAIN]\n"
	"\n"
	"The domains of the host. DOMAIN is a name or an id.\n"
	"\n"
	"Mem is the memory in use, in MiB; State has the letters r (running), b (blocked), p (paused);\n"
	"Time is CPU time since the host knows the domain. Domain-0 is the host itself.\n"
	"  -l, --long     everything, as JSON\n"
	"  -v, --verbose  the UUID as well\n"
	"  -c, --cpupool  the cpupool as well\n"
	"  -n, --numa     the nodes it may run on as well\n"
	"      --json     for programs: times in ns (as -l)\n"
	"  -h, --help     this text\n";

static const char vcpu_usage[] =
	"Usage: rota vcpu-list [--json] [DOMAIN...]\n"
	"\n"
	"The vCPUs of all domains, or of some. DOMAIN is a name or an id.\n"
	"\n"
	"CPU is where it runs or ran last; State has r (running), b (blocked), p (unplugged).\n"
	"      --json  for programs: times in ns\n"
	"  -h, --help  this text\n";

static const struct option list_options[] = {
	{ "long", no_argument, NULL, 'l' },    { "verbose", no_argument, NULL, 'v' },
	{ "cpupool", no_argument, NULL, 'c' }, { "numa", no_argument, NULL, 'n' },
	{ "context", no_argument, NULL, 'Z' }, { "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },    { 0 },
};

struct columns {
	bool verbose, context, pool, nodes, json;
};

/* ---- list ---- */

static void list_header(const struct columns *c)
{
	printf("%-40s %5s %5s %5s\t%s\t%s", "Name", "ID", "Mem", "VCPUs", "State", "Time(s)");
	if (c->verbose)
		printf("   UUID                            Reason-Code\tSecurity Label");
	else if (c->context)
		printf("   Security Label");
	if (c->pool)
		printf("         Cpupool");
	if (c->nodes)
		printf(" NODE Affinity");
	putchar('\n');
}

static void print_nodes(json_t *nodes)
{
	json_t *n;
	size_t i;

	putchar(' ');
	json_array_foreach(nodes, i, n) printf("%s%" JSON_INTEGER_FORMAT, i ? "," : "", json_integer_value(n));
}

static void list_row(const struct columns *c, json_t *row)
{
	printf("%-40s %5lld %5lld %5lld     %-6s  %8.1f", row_text(row, "name"), row_number(row, "id"),
	       row_number(row, "memory_mib"), row_number(row, "vcpus"), row_text(row, "state"),
	       (double)row_number(row, "cpu_ns") / 1e9);
	if (c->verbose)
		printf(" %s        -                -", row_text(row, "uuid"));
	else if (c->context)
		printf("                -");
	if (c->pool)
		printf(" %15s", row_text(row, "pool"));
	if (c->nodes)
		print_nodes(json_object_get(row, "nodes"));
	putchar('\n');
}

int cmd_list(int argc, char **argv)
{
	struct columns show = { 0 };
	json_t *answer, *domains, *row;
	size_t i;
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "lvcnZh", list_options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(list_usage, stdout);
			return CLI_DONE;
		case 'v':
			show.verbose = true;
			break;
		case 'Z':
			show.context = true;
			break;
		case 'c':
			show.pool = true;
			break;
		case 'n':
			show.nodes = true;
			break;
		case 'l':
		case 'j':
			show.json = true;
			break;
		default:
			return CLI_USAGE;
		}
	}
	if (argc - optind > 1)
		return ask_usage("list", "at most one domain can be named");
	answer = ask("list", json_pack("{ss ss*}", "verb", "list", "domain", argv[optind]));
	if (!answer)
		return CLI_FAILED;
	domains = json_object_get(answer, "domains");
	if (show.json) {
		print_json(domains);
	} else {
		list_header(&show);
		json_array_foreach(domains, i, row) list_row(&show, row);
	}
	json_decref(answer);
	return CLI_DONE;
}

/* ---- vcpu-list ---- */

static void vcpu_row(json_t *row)
{
	char cpu[16] = "-";

	if (json_is_integer(json_object_get(row, "cpu")))
		snprintf(cpu, sizeof(cpu), "%lld", row_number(row, "cpu"));
	/* xl puts the CPU one column left of its title, and so it must be for who cuts by columns. */
	printf("%-32s %5lld %5lld%5s   %s %9.1f  %s / %s\n", row_text(row, "name"), row_number(row, "id"),
	       row_number(row, "vcpu"), cpu, row_text(row, "state"), (double)row_number(row, "cpu_ns") / 1e9,
	       row_text(row, "hard"), row_text(row, "soft"));
}

/* The vCPUs of one domain (NULL: all), appended to @all. */
static int vcpus_of(const char *domain, json_t *all)
{
	json_t *answer = ask("vcpu-list", json_pack("{ss ss*}", "verb", "vcpu-list", "domain", domain));

	json_array_extend(all, json_object_get(answer, "vcpus"));
	json_decref(answer);
	return answer ? CLI_DONE : CLI_FAILED;
}

int cmd_vcpu_list(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false;
	json_t *all, *row;
	size_t i;
	int c, ret = CLI_DONE;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(vcpu_usage, stdout);
			return CLI_DONE;
		}
		if (c != 'j')
			return CLI_USAGE;
		json = true;
	}
	all = json_array();
	if (optind == argc)
		ret = vcpus_of(NULL, all);
	for (int a = optind; a < argc; a++)
		if (vcpus_of(argv[a], all))
			ret = CLI_FAILED;
	if (json && (ret == CLI_DONE || json_array_size(all))) {
		print_json(all);
	} else if (!json && (ret == CLI_DONE || json_array_size(all))) {
		printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
		       "Affinity (Hard / Soft)");
		json_array_foreach(all, i, row) vcpu_row(row);
	}
	json_decref(all);
	return ret;
}

/* ---- domid, domname, uptime ---- */

static json_t *one_domain(const char *verb, const char *domain, json_t **answer)
{
	*answer = ask(verb, json_pack("{ss ss}", "verb", "list", "domain", domain));
	return json_array_get(json_object_get(*answer, "domains"), 0);
}

int cmd_domid(int argc, char **argv)
{
	static const char usage[] = "Usage: rota domid DOMAIN\n\nThe id of the domain with this name.\n";
	json_t *answer, *row;
	int first, ret;

	if (!plain_arguments(argc, argv, usage, 1, 1, &first, &ret))
		return ret;
	row = one_domain("domid", argv[first], &answer);
	if (row)
		printf("%lld\n", row_number(row, "id"));
	json_decref(answer);
	return row ? CLI_DONE : CLI_FAILED;
}

int cmd_domname(int argc, char **argv)
{
	static const char usage[] = "Usage: rota domname ID\n\nThe name of the domain with this id.\n";
	json_t *answer, *row;
	int first, ret;

	if (!plain_arguments(argc, argv, usage, 1, 1, &first, &ret))
		return ret;
	row = one_domain("domname", argv[first], &answer);
	if (row)
		puts(row_text(row, "name"));
	json_decref(answer);
	return row ? CLI_DONE : CLI_FAILED;
}

int cmd_uptime(int argc, char **argv)
{
	static const char usage[] =
		"Usage: rota uptime [DOMAIN]\n\nHow long the domains have been there, by the host's clock.\n";
	json_t *answer, *row;
	int first, ret;
	size_t i;

	if (!plain_arguments(argc, argv, usage, 0, 1, &first, &ret))
		return ret;
	answer = ask("uptime", json_pack("{ss ss*}", "verb", "list", "domain", argv[first]));
	if (!answer)
		return CLI_FAILED;
	printf("%-33s %4s %s\n", "Name", "ID", "Uptime");
	json_array_foreach(json_object_get(answer, "domains"), i, row)
	{
		long long s = (row_number(answer, "now_ns") - row_number(row, "start_ns")) / 1000000000;

		printf("%-33s %4lld ", row_text(row, "name"), row_number(row, "id"));
		if (s >= 86400)
			printf("%lld day%s, ", s / 86400, s / 86400 > 1 ? "s" : "");
		printf("%2lld:%02lld:%02lld\n", s % 86400 / 3600, s % 3600 / 60, s % 60);
	}
	json_decref(answer);
	return CLI_DONE;
}
