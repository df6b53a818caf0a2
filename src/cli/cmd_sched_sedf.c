// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota sched-sedf`: periods and slices, in ms as xl had them while Xen had SEDF. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"

static const char usage[] =
	"Usage: rota sched-sedf [-d DOMAIN [-p PERIOD] [-s SLICE] [-l LATENCY] [-e 0|1]] [-c CPUPOOL]\n"
	"\n"
	"Get/set sedf scheduler parameters, of all vCPUs of a domain. Times are in ms; what isn't given\n"
	"stays.\n"
	"\n"
	"  -d, --domain=DOMAIN    the domain, by name or id\n"
	"  -p, --period=PERIOD    its slices come once in a period\n"
	"  -s, --slice=SLICE      0: none, it lives on what is left over\n"
	"  -l, --latency=LATENCY  within which a slice should come after a wake-up, 0: no matter\n"
	"  -e, --extra=0|1        whether it may use what is left over\n"
	"  -c, --cpupool=CPUPOOL  only this cpupool\n"
	"      --save             what is set lasts: see rota.yaml(5)\n"
	"      --json             for programs\n"
	"  -h, --help             this text\n";

static const struct option options[] = {
	{ "domain", required_argument, NULL, 'd' }, { "period", required_argument, NULL, 'p' },
	{ "slice", required_argument, NULL, 's' },  { "latency", required_argument, NULL, 'l' },
	{ "extra", required_argument, NULL, 'e' },  { "cpupool", required_argument, NULL, 'c' },
	{ "save", no_argument, NULL, 'S' },	    { "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },	    { 0 },
};

static void row(json_t *domain)
{
	json_t *rt = json_array_get(json_object_get(domain, "vcpus"), 0);

	printf("%-33s %4lld %6lld %6lld %7lld %5d %6s\n", row_text(domain, "name"), row_number(domain, "id"),
	       row_number(rt, "period_ns") / 1000000, row_number(rt, "budget_ns") / 1000000,
	       row_number(rt, "latency_ns") / 1000000, json_is_true(json_object_get(rt, "extratime")), "-");
}

static int show(const char *domain, const char *pool, bool json)
{
	json_t *answer = ask("sched-sedf", json_pack("{ss ss ss* ss*}", "verb", "sched", "sched", "sedf", "domain",
						     domain, "pool", pool)),
	       *pools = json_object_get(answer, "pools"), *p, *d;
	size_t i, k;

	if (!answer)
		return CLI_FAILED;
	if (json)
		print_json(pools);
	json_array_foreach(pools, i, p)
	{
		if (json)
			break;
		if (!domain)
			printf("Cpupool %s:\n", row_text(p, "name"));
		printf("%-33s %4s %6s %6s %7s %5s %6s\n", "Name", "ID", "Period", "Slice", "Latency", "Extra",
		       "Weight");
		json_array_foreach(json_object_get(p, "domains"), k, d) row(d);
	}
	json_decref(answer);
	return CLI_DONE;
}

int cmd_sched_sedf(int argc, char **argv)
{
	static const char *const keys[] = { ['p'] = "period_us", ['s'] = "budget_us", ['l'] = "latency_us" };
	const char *domain = NULL, *pool = NULL;
	json_t *set = json_pack("{ss}", "vcpu", "all"), *r;
	bool json = false, save = false;
	long long n;
	int c, ret = CLI_USAGE;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "d:p:s:l:e:c:h", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			domain = optarg;
			break;
		case 'c':
			pool = optarg;
			break;
		case 'p':
		case 's':
		case 'l':
			if (!whole_number("sched-sedf", optarg, &n))
				goto out;
			json_object_set_new(set, keys[c], json_integer(n > 1000000 ? 1000000000 : n * 1000));
			break;
		case 'e':
			if (strcmp(optarg, "0") && strcmp(optarg, "1")) {
				ret = ask_failed("sched-sedf", "Invalid extratime.");
				goto out;
			}
			json_object_set_new(set, "extratime", json_boolean(*optarg == '1'));
			break;
		case 'S':
			save = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			ret = CLI_DONE;
			goto out;
		default:
			fprintf(stderr, "`rota sched-sedf --help` tells how\n");
			goto out;
		}
	}
	if (optind < argc) {
		ask_usage("sched-sedf", "'%s' is not expected here", argv[optind]);
	} else if (json_object_size(set) == 1) {
		ret = show(domain, pool, json);
	} else if (!domain) {
		ret = ask_failed("sched-sedf", "Must specify a domain.");
	} else {
		r = json_pack("{ss ss ss s[O]}", "verb", "sched-vcpu", "sched", "sedf", "domain", domain, "set", set);
		if (r && save)
			json_object_set_new(r, "save", json_true());
		ret = ask_done("sched-sedf", r);
	}
out:
	json_decref(set);
	return ret;
}
