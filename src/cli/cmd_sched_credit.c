// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rota sched-credit`: weights, caps and parameters of the credit scheduler on the live host, with xl's options, tables
 * and refusals. Where xl takes junk for 0, rota says that it is no number.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "kvm/control.h"
#include "kvm/files.h"

static const char usage[] =
	"Usage: rota sched-credit [-d DOMAIN [-w WEIGHT] [-c CAP]] [-s [-t TSLICE] [-r RATELIMIT] [-m DELAY]] [-p CPUPOOL]\n"
	"\n"
	"Get/set credit scheduler parameters of the live host.\n"
	"\n"
	"  -d, --domain=DOMAIN             the domain, by name or id\n"
	"  -w, --weight=WEIGHT             its weight, 1 to 65535 (256 unless its cgroup's cpu.weight says otherwise)\n"
	"  -c, --cap=CAP                   its cap in percent of one pCPU, 0 = none\n"
	"  -s, --schedparam                query or set the scheduler's own parameters\n"
	"  -t, --tslice_ms=TSLICE          time slice, 1 to 1000 ms\n"
	"  -r, --ratelimit_us=RATELIMIT    how long a vCPU runs at least, 100 to 500000 us, 0 = not limited\n"
	"  -m, --migration_delay_us=DELAY  how long a vCPU is left where its cache is, 0 to 100000 us\n"
	"  -p, --cpupool=CPUPOOL           only this cpupool (there is Pool-0)\n"
	"      --json                      for programs\n"
	"  -h, --help                      this text\n"
	"\n"
	"Example: rota sched-credit -d web -w 512 -c 150\n";

static const struct option options[] = {
	{ "domain", required_argument, NULL, 'd' },
	{ "weight", required_argument, NULL, 'w' },
	{ "cap", required_argument, NULL, 'c' },
	{ "schedparam", no_argument, NULL, 's' },
	{ "tslice_ms", required_argument, NULL, 't' },
	{ "ratelimit_us", required_argument, NULL, 'r' },
	{ "migration_delay_us", required_argument, NULL, 'm' },
	{ "cpupool", required_argument, NULL, 'p' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct credit_options {
	const char *domain, *pool;
	bool params, json, help;
	bool set_domain, set_params;
	json_t *request; /* what is to be set */
};

static int failed(const char *error)
{
	fprintf(stderr, "rota: sched-credit: %s\n", error);
	return CLI_FAILED;
}

static bool set_number(struct credit_options *o, const char *key, bool *set)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(optarg, &end, 10);
	if (end == optarg || *end || errno) {
		fprintf(stderr, "rota: sched-credit: '%s' is not a whole number\n", optarg);
		return false;
	}
	*set = true;
	json_object_set_new(o->request, key, json_integer(n));
	return true;
}

static bool parse(struct credit_options *o, int argc, char **argv)
{
	bool ok = true;
	int c;

	optind = 0; /* glibc: start anew */
	while (ok && (c = getopt_long(argc, argv, "d:w:c:st:r:m:p:h", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->domain = optarg;
			break;
		case 'w':
			ok = set_number(o, "weight", &o->set_domain);
			break;
		case 'c':
			ok = set_number(o, "cap", &o->set_domain);
			break;
		case 's':
			o->params = true;
			break;
		case 't':
			ok = set_number(o, "tslice_ms", &o->set_params);
			break;
		case 'r':
			ok = set_number(o, "ratelimit_us", &o->set_params);
			break;
		case 'm':
			ok = set_number(o, "migration_delay_us", &o->set_params);
			break;
		case 'p':
			o->pool = optarg;
			break;
		case 'j':
			o->json = true;
			break;
		case 'h':
			o->help = true;
			break;
		default: /* getopt has told what is wrong */
			ok = false;
		}
	}
	if (ok && optind < argc) {
		fprintf(stderr, "rota: sched-credit: '%s' is not expected here; a domain is named with -d\n",
			argv[optind]);
		return false;
	}
	return ok;
}

static void print_pool(json_t *pool)
{
	printf("Cpupool %s: tslice=%" JSON_INTEGER_FORMAT "ms ratelimit=%" JSON_INTEGER_FORMAT
	       "us migration-delay=%" JSON_INTEGER_FORMAT "us\n",
	       json_string_value(json_object_get(pool, "name")), json_integer_value(json_object_get(pool, "tslice_ms")),
	       json_integer_value(json_object_get(pool, "ratelimit_us")),
	       json_integer_value(json_object_get(pool, "migration_delay_us")));
}

static void print_domains(json_t *domains)
{
	json_t *d;
	size_t i;

	printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
	json_array_foreach(domains, i, d)
		printf("%-33s %4" JSON_INTEGER_FORMAT " %6" JSON_INTEGER_FORMAT " %4" JSON_INTEGER_FORMAT "\n",
		       json_string_value(json_object_get(d, "name")), json_integer_value(json_object_get(d, "id")),
		       json_integer_value(json_object_get(d, "weight")), json_integer_value(json_object_get(d, "cap")));
}

static int ask(const struct credit_options *o)
{
	char error[LIVE_ERROR_LEN];
	json_t *answer;
	int code;

	json_object_set_new(o->request, "verb", json_string(o->params ? "params" : "sched-credit"));
	if (o->domain && json_object_set_new(o->request, "domain", json_string(o->domain)))
		return failed("the name of a domain must be UTF-8");
	answer = control_ask(json_incref(o->request), &code, error);
	if (!answer)
		return failed(error);
	json_object_del(answer, "version");
	if (!o->set_domain && !o->set_params) {
		if (o->json) {
			json_dumpf(answer, stdout, JSON_INDENT(2));
			putchar('\n');
		} else {
			if (!o->domain)
				print_pool(json_object_get(answer, "pool"));
			if (!o->params)
				print_domains(json_object_get(answer, "domains"));
		}
	}
	json_decref(answer);
	return CLI_DONE;
}

static int run(struct credit_options *o)
{
	char error[LIVE_ERROR_LEN];

	if ((o->params || o->pool) && (o->domain || o->set_domain))
		return failed("Specifying a cpupool or schedparam is not allowed with domain options.");
	if (!o->domain && o->set_domain)
		return failed("Must specify a domain.");
	if (!o->params && o->set_params)
		return failed("Must specify schedparam to set schedule parameter values.");
	if (o->pool && strcmp(o->pool, "Pool-0") && strcmp(o->pool, "0")) {
		live_fail(error, 0, "unknown cpupool '%s'", o->pool);
		return failed(error);
	}
	return ask(o);
}

int cmd_sched_credit(int argc, char **argv)
{
	struct credit_options o = { .request = json_object() };
	int ret = CLI_USAGE;

	if (!parse(&o, argc, argv)) {
		fprintf(stderr, "`rota sched-credit --help` tells how\n");
	} else if (o.help) {
		fputs(usage, stdout);
		ret = CLI_DONE;
	} else {
		ret = run(&o);
	}
	json_decref(o.request);
	return ret;
}
