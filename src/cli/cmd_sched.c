// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rota sched-credit` and `sched-credit2`: weights, caps and the schedulers' own parameters, with xl's options, tables
 * and refusals. Where xl takes junk for 0, rota says that it is no number.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"

static const char credit_usage[] =
	"Usage: rota sched-credit [-d DOMAIN [-w WEIGHT] [-c CAP]] [-s [-t TSLICE] [-r RATELIMIT] [-m DELAY]] [-p CPUPOOL]\n"
	"\n"
	"Get/set credit scheduler parameters.\n"
	"\n"
	"  -d, --domain=DOMAIN             the domain, by name or id\n"
	"  -w, --weight=WEIGHT             its weight, 1 to 65535 (256 unless its cgroup's cpu.weight says otherwise)\n"
	"  -c, --cap=CAP                   its cap in percent of one pCPU, 0 = none\n"
	"  -s, --schedparam                query or set the scheduler's own parameters\n"
	"  -t, --tslice_ms=TSLICE          time slice, 1 to 1000 ms\n"
	"  -r, --ratelimit_us=RATELIMIT    how long a vCPU runs at least, 100 to 500000 us, 0 = not limited\n"
	"  -m, --migration_delay_us=DELAY  how long a vCPU is left where its cache is, 0 to 100000 us\n"
	"  -p, --cpupool=CPUPOOL           only this cpupool (with -s and nothing to set: default Pool-0)\n"
	"      --save                      what is set lasts: see rota.yaml(5)\n"
	"      --json                      for programs\n"
	"  -h, --help                      this text\n"
	"\n"
	"Example: rota sched-credit -d web -w 512 -c 150\n";

static const char credit2_usage[] =
	"Usage: rota sched-credit2 [-d DOMAIN [-w WEIGHT] [-c CAP]] [-s [-r RATELIMIT]] [-p CPUPOOL]\n"
	"\n"
	"Get/set credit2 scheduler parameters.\n"
	"\n"
	"  -d, --domain=DOMAIN           the domain, by name or id\n"
	"  -w, --weight=WEIGHT           its weight, 1 to 65535\n"
	"  -c, --cap=CAP                 its cap in percent of one pCPU, 0 = none\n"
	"  -s, --schedparam              query or set the scheduler's own parameters\n"
	"  -r, --ratelimit_us=RATELIMIT  how long a vCPU runs at least, 100 to 500000 us, 0 = not limited\n"
	"  -p, --cpupool=CPUPOOL         only this cpupool\n"
	"      --save                    what is set lasts: see rota.yaml(5)\n"
	"      --json                    for programs\n"
	"  -h, --help                    this text\n";

static const struct option options[] = {
	{ "domain", required_argument, NULL, 'd' },
	{ "weight", required_argument, NULL, 'w' },
	{ "cap", required_argument, NULL, 'c' },
	{ "schedparam", no_argument, NULL, 's' },
	{ "ratelimit_us", required_argument, NULL, 'r' },
	{ "cpupool", required_argument, NULL, 'p' },
	{ "json", no_argument, NULL, 'j' },
	{ "save", no_argument, NULL, 'S' },
	{ "help", no_argument, NULL, 'h' },
	{ "tslice_ms", required_argument, NULL, 't' },
	{ "migration_delay_us", required_argument, NULL, 'm' },
	{ 0 },
};

struct weights {
	const char *verb, *sched, *usage;
	const char *domain, *pool;
	bool params, json, help;
	bool set_domain, set_params;
	json_t *request; /* what is to be set */
};

static bool set_number(struct weights *o, const char *key, bool *set)
{
	long long n;

	if (!whole_number(o->verb, optarg, &n))
		return false;
	*set = true;
	json_object_set_new(o->request, key, json_integer(n));
	return true;
}

static bool take(struct weights *o, int c)
{
	switch (c) {
	case 'd':
		o->domain = optarg;
		return true;
	case 'w':
		return set_number(o, "weight", &o->set_domain);
	case 'c':
		return set_number(o, "cap", &o->set_domain);
	case 's':
		o->params = true;
		return true;
	case 't':
		return set_number(o, "tslice_ms", &o->set_params);
	case 'r':
		return set_number(o, "ratelimit_us", &o->set_params);
	case 'm':
		return set_number(o, "migration_delay_us", &o->set_params);
	case 'p':
		o->pool = optarg;
		return true;
	case 'j':
		o->json = true;
		return true;
	case 'S':
		json_object_set_new(o->request, "save", json_true());
		return true;
	case 'h':
		o->help = true;
		return true;
	default: /* getopt has told what is wrong */
		return false;
	}
}

static bool parse(struct weights *o, int argc, char **argv, const char *letters)
{
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		/* The long options of the other scheduler. */
		if ((c == 't' || c == 'm') && !strchr(letters, c)) {
			fprintf(stderr, "rota: %s: %s has no such parameter\n", o->verb, o->sched);
			return false;
		}
		if (!take(o, c))
			return false;
	}
	if (optind < argc) {
		fprintf(stderr, "rota: %s: '%s' is not expected here; a domain is named with -d\n", o->verb,
			argv[optind]);
		return false;
	}
	return true;
}

static void print_pool(json_t *pool)
{
	json_t *p = json_object_get(pool, "params");

	printf("Cpupool %s: ", row_text(pool, "name"));
	if (json_object_get(p, "tslice_ms"))
		printf("tslice=%lldms ratelimit=%lldus migration-delay=%lldus\n", row_number(p, "tslice_ms"),
		       row_number(p, "ratelimit_us"), row_number(p, "migration_delay_us"));
	else
		printf("ratelimit=%lldus\n", row_number(p, "ratelimit_us"));
}

static void print_domains(json_t *domains)
{
	json_t *d;
	size_t i;

	printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
	json_array_foreach(domains, i, d) printf("%-33s %4lld %6lld %4lld\n", row_text(d, "name"), row_number(d, "id"),
						 row_number(d, "weight"), row_number(d, "cap"));
}

static int show(const struct weights *o)
{
	const char *pool = o->params && !o->pool ? "0" : o->pool;
	json_t *answer = ask(o->verb, json_pack("{ss ss ss* ss*}", "verb", "sched", "sched", o->sched, "domain",
						o->domain, "pool", pool)),
	       *pools = json_object_get(answer, "pools"), *row;
	int ret = CLI_DONE;
	size_t i;

	if (!answer)
		return CLI_FAILED;
	if (o->json) {
		print_json(pools);
	} else {
		json_array_foreach(pools, i, row)
		{
			if (!o->domain)
				print_pool(row);
			if (!o->params)
				print_domains(json_object_get(row, "domains"));
		}
	}
	/* The pool that was asked for has another scheduler. */
	if (o->params && !json_array_size(pools))
		ret = ask_failed(o->verb, "cpupool '%s' is not scheduled by %s; -p names another",
				 o->pool ? o->pool : "Pool-0", o->sched);
	json_decref(answer);
	return ret;
}

static int set(const struct weights *o)
{
	json_t *r = json_incref(o->request);

	json_object_set_new(r, "verb", json_string(o->set_domain ? "sched-domain" : "sched-pool"));
	json_object_set_new(r, "sched", json_string(o->sched));
	if (o->domain && json_object_set_new(r, "domain", json_string(o->domain))) {
		json_decref(r);
		return ask_failed(o->verb, "the name of a domain must be UTF-8");
	}
	if (o->pool)
		json_object_set_new(r, "pool", json_string(o->pool));
	return ask_done(o->verb, r);
}

static int run(const struct weights *o)
{
	if ((o->params || o->pool) && (o->domain || o->set_domain))
		return ask_failed(o->verb, "Specifying a cpupool or schedparam is not allowed with domain options.");
	if (!o->domain && o->set_domain)
		return ask_failed(o->verb, "Must specify a domain.");
	if (!o->params && o->set_params)
		return ask_failed(o->verb, "Must specify schedparam to set schedule parameter values.");
	return o->set_domain || o->set_params ? set(o) : show(o);
}

static int weights(struct weights *o, int argc, char **argv, const char *letters)
{
	int ret = CLI_USAGE;

	o->request = json_object();
	if (!parse(o, argc, argv, letters)) {
		fprintf(stderr, "`rota %s --help` tells how\n", o->verb);
	} else if (o->help) {
		fputs(o->usage, stdout);
		ret = CLI_DONE;
	} else {
		ret = run(o);
	}
	json_decref(o->request);
	return ret;
}

int cmd_sched_credit(int argc, char **argv)
{
	struct weights o = { .verb = "sched-credit", .sched = "credit", .usage = credit_usage };

	return weights(&o, argc, argv, "d:w:c:st:r:m:p:h");
}

int cmd_sched_credit2(int argc, char **argv)
{
	struct weights o = { .verb = "sched-credit2", .sched = "credit2", .usage = credit2_usage };

	return weights(&o, argc, argv, "d:w:c:sr:p:h");
}
