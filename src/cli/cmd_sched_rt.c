// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rota sched-rtds` and `sched-rtxen`: the real-time servers of vCPUs. sched-rtds has xl's options, rules and tables;
 * sched-rtxen has the same and what RT-Xen adds: kinds of servers, priorities, and the pool's rule and placement.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"

#define MAX_SETS 1024

static const char rtds_usage[] =
	"Usage: rota sched-rtds [-d DOMAIN [-v VCPU|all ... [-p PERIOD -b BUDGET -e 0|1] ...]] [--cpupool CPUPOOL]\n"
	"\n"
	"Get/set rtds scheduler parameters. Without -d: of all domains; with -v all: of their vCPUs.\n"
	"\n"
	"  -d, --domain=DOMAIN      the domain, by name or id\n"
	"  -v, --vcpuid=VCPU|all    a vCPU, or all; may be given several times\n"
	"  -p, --period=PERIOD      us; one for each -v, and so are -b and -e\n"
	"  -b, --budget=BUDGET      us\n"
	"  -e, --extratime=0|1      whether it may use what is left over\n"
	"  -c, --cpupool=CPUPOOL    only this cpupool\n"
	"      --save               what is set lasts: see rota.yaml(5)\n"
	"      --json               for programs\n"
	"  -h, --help               this text\n"
	"\n"
	"Example: rota sched-rtds -d rt1 -v 0 -p 10000 -b 4000 -e 0 -v 1 -p 20000 -b 2000 -e 1\n";

static const char rtxen_usage[] =
	"Usage: rota sched-rtxen [-d DOMAIN [-v VCPU|all [-p PERIOD] [-b BUDGET] [-e 0|1] [-k SERVER] ...]] [-c CPUPOOL]\n"
	"       rota sched-rtxen -s [-c CPUPOOL] [-k SERVER] [-r RULE] [--placement global|partitioned] [--fit FIT]\n"
	"\n"
	"Get/set rtxen scheduler parameters, of vCPUs or (with -s) of a pool. What isn't given stays.\n"
	"\n"
	"  -d, --domain=DOMAIN     the domain, by name or id\n"
	"  -v, --vcpuid=VCPU|all   a vCPU, or all; may be given several times: all get the same\n"
	"  -p, --period=PERIOD     us\n"
	"  -b, --budget=BUDGET     us\n"
	"      --deadline=TIME     relative deadline in us, 0: the period\n"
	"  -e, --extratime=0|1     whether it may use what is left over\n"
	"  -P, --priority=N        for the rule fp: 1 is best, 0 last\n"
	"  -k, --server=SERVER     deferrable, periodic, polling, sporadic, work-conserving, reclaiming, cbs;\n"
	"                          of a vCPU also pool: as its pool says\n"
	"      --now               at once, not from the next replenishment on\n"
	"  -s, --schedparam        query or set the pool's parameters\n"
	"  -r, --rule=RULE         edf, rm, dm, fp\n"
	"      --placement=HOW     global or partitioned\n"
	"      --fit=FIT           first-fit, best-fit, worst-fit, when partitioned\n"
	"  -c, --cpupool=CPUPOOL   only this cpupool\n"
	"      --save              what is set lasts: see rota.yaml(5)\n"
	"      --json              for programs\n"
	"  -h, --help              this text\n";

enum { OPT_DEADLINE = 256, OPT_NOW, OPT_PLACEMENT, OPT_FIT, OPT_JSON, OPT_SAVE };

static const struct option options[] = {
	{ "domain", required_argument, NULL, 'd' },
	{ "vcpuid", required_argument, NULL, 'v' },
	{ "period", required_argument, NULL, 'p' },
	{ "budget", required_argument, NULL, 'b' },
	{ "extratime", required_argument, NULL, 'e' },
	{ "cpupool", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "save", no_argument, NULL, OPT_SAVE },
	{ "help", no_argument, NULL, 'h' },
	/* of rtxen only */
	{ "deadline", required_argument, NULL, OPT_DEADLINE },
	{ "priority", required_argument, NULL, 'P' },
	{ "server", required_argument, NULL, 'k' },
	{ "now", no_argument, NULL, OPT_NOW },
	{ "schedparam", no_argument, NULL, 's' },
	{ "rule", required_argument, NULL, 'r' },
	{ "placement", required_argument, NULL, OPT_PLACEMENT },
	{ "fit", required_argument, NULL, OPT_FIT },
	{ 0 },
};

/* Values of one option, each time it was given. */
struct given {
	long long value[MAX_SETS];
	int nr;
};

struct servers {
	const char *verb, *sched;
	const char *domain, *pool;
	long long vcpu[MAX_SETS];
	int nr_vcpus;
	bool all, params, json, save;
	struct given period, budget, extratime, deadline, priority;
	json_t *words; /* server, rule, placement, fit, when */
};

static int take(struct servers *o, struct given *g, const char *text)
{
	if (g->nr == MAX_SETS)
		return ask_failed(o->verb, "too many values");
	return whole_number(o->verb, text, &g->value[g->nr++]) ? CLI_DONE : CLI_USAGE;
}

static int take_vcpu(struct servers *o, const char *text)
{
	if (!strcmp(text, "all")) {
		o->all = true;
		return CLI_DONE;
	}
	if (o->nr_vcpus == MAX_SETS)
		return ask_failed(o->verb, "too many vCPUs");
	return whole_number(o->verb, text, &o->vcpu[o->nr_vcpus++]) ? CLI_DONE : CLI_USAGE;
}

static int take_word(struct servers *o, const char *key, const char *text)
{
	json_object_set_new(o->words, key, json_string(text));
	return CLI_DONE;
}

/* An exit code; -1: --help. */
static int take_option(struct servers *o, int c)
{
	int ret;

	switch (c) {
	case 'd':
		o->domain = optarg;
		return CLI_DONE;
	case 'c':
		o->pool = optarg;
		return CLI_DONE;
	case 'v':
		return take_vcpu(o, optarg);
	case 'p':
		return take(o, &o->period, optarg);
	case 'b':
		return take(o, &o->budget, optarg);
	case 'e':
		ret = take(o, &o->extratime, optarg);
		if (!ret && o->extratime.value[o->extratime.nr - 1] != 0 &&
		    o->extratime.value[o->extratime.nr - 1] != 1)
			return ask_failed(o->verb, "Invalid extratime.");
		return ret;
	case OPT_JSON:
		o->json = true;
		return CLI_DONE;
	case OPT_SAVE:
		o->save = true;
		return CLI_DONE;
	case OPT_DEADLINE:
		return take(o, &o->deadline, optarg);
	case 'P':
		return take(o, &o->priority, optarg);
	case 'k':
		return take_word(o, "server", optarg);
	case OPT_NOW:
		return take_word(o, "when", "now");
	case 's':
		o->params = true;
		return CLI_DONE;
	case 'r':
		return take_word(o, "rule", optarg);
	case OPT_PLACEMENT:
		return take_word(o, "placement", optarg);
	case OPT_FIT:
		return take_word(o, "fit", optarg);
	case 'h':
		return -1;
	default:
		return CLI_USAGE;
	}
}

static bool is_rtxens(int c)
{
	return c && (strchr("Pksr", c < 256 ? c : 'x') || (c >= OPT_DEADLINE && c <= OPT_FIT));
}

static int parse(struct servers *o, int argc, char **argv, const char *letters)
{
	int c, ret;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (strcmp(o->sched, "rtxen") && is_rtxens(c))
			return ask_usage(o->verb, "%s has no such parameter", o->sched);
		ret = take_option(o, c);
		if (ret == CLI_USAGE)
			fprintf(stderr, "`rota %s --help` tells how\n", o->verb);
		if (ret)
			return ret;
	}
	if (optind < argc)
		return ask_usage(o->verb, "'%s' is not expected here", argv[optind]);
	return CLI_DONE;
}

/* ---- tables ---- */

static const char *yes(json_t *rt)
{
	return json_is_true(json_object_get(rt, "extratime")) ? "yes" : "no";
}

static void header(const struct servers *o, bool vcpus)
{
	bool rtxen = !strcmp(o->sched, "rtxen");

	printf("%-33s %4s %s%9s %9s %10s%s\n", "Name", "ID", vcpus ? "VCPU " : "", "Period", "Budget", "Extratime",
	       rtxen ? "  Deadline Priority Server" : "");
}

static void tail(const struct servers *o, json_t *rt)
{
	if (!strcmp(o->sched, "rtxen"))
		printf(" %9lld %8lld %s", row_number(rt, "deadline_ns") / 1000, row_number(rt, "priority"),
		       row_text(rt, "server"));
	putchar('\n');
}

static void vcpu_row(const struct servers *o, json_t *domain, size_t v)
{
	json_t *rt = json_array_get(json_object_get(domain, "vcpus"), v);

	printf("%-33s %4lld %4zu %9lld %9lld %10s", row_text(domain, "name"), row_number(domain, "id"), v,
	       row_number(rt, "period_ns") / 1000, row_number(rt, "budget_ns") / 1000, yes(rt));
	tail(o, rt);
}

/* A domain's line says what its vCPUs agree on. */
static void domain_row(const struct servers *o, json_t *domain)
{
	json_t *vcpus = json_object_get(domain, "vcpus"), *rt = json_array_get(vcpus, 0);
	char period[32], budget[32];
	const char *extratime = yes(rt);

	snprintf(period, sizeof(period), "%lld", row_number(rt, "period_ns") / 1000);
	snprintf(budget, sizeof(budget), "%lld", row_number(rt, "budget_ns") / 1000);
	for (size_t i = 1; i < json_array_size(vcpus); i++) {
		json_t *other = json_array_get(vcpus, i);

		if (row_number(other, "period_ns") != row_number(rt, "period_ns"))
			strcpy(period, "-");
		if (row_number(other, "budget_ns") != row_number(rt, "budget_ns"))
			strcpy(budget, "-");
		if (strcmp(yes(other), yes(rt)))
			extratime = "-";
	}
	printf("%-33s %4lld %9s %9s %10s", row_text(domain, "name"), row_number(domain, "id"), period, budget,
	       extratime);
	tail(o, rt);
}

static int domain_rows(const struct servers *o, json_t *domain)
{
	json_t *vcpus = json_object_get(domain, "vcpus");
	size_t n = json_array_size(vcpus);

	if (!o->all && !o->nr_vcpus)
		domain_row(o, domain);
	for (size_t v = 0; o->all && v < n; v++)
		vcpu_row(o, domain, v);
	for (int i = 0; i < o->nr_vcpus; i++) {
		if (o->vcpu[i] < 0 || (size_t)o->vcpu[i] >= n)
			return ask_failed(
				o->verb,
				"Domain %lld:VCPU index is out of range, valid values are within range from 0 to %zu",
				row_number(domain, "id"), n - 1);
		vcpu_row(o, domain, (size_t)o->vcpu[i]);
	}
	return CLI_DONE;
}

static void print_pool(const struct servers *o, json_t *pool)
{
	json_t *p = json_object_get(pool, "params");

	if (strcmp(o->sched, "rtxen"))
		printf("Cpupool %s: sched=RTDS\n", row_text(pool, "name"));
	else
		printf("Cpupool %s: sched=RTXEN server=%s rule=%s placement=%s fit=%s\n", row_text(pool, "name"),
		       row_text(p, "server"), row_text(p, "rule"), row_text(p, "placement"), row_text(p, "fit"));
}

static int show(const struct servers *o)
{
	json_t *answer = ask(o->verb, json_pack("{ss ss ss* ss*}", "verb", "sched", "sched", o->sched, "domain",
						o->domain, "pool", o->pool)),
	       *pools = json_object_get(answer, "pools"), *pool, *domain;
	int ret = CLI_DONE;
	size_t i, k;

	if (!answer)
		return CLI_FAILED;
	if (o->json)
		print_json(pools);
	json_array_foreach(pools, i, pool)
	{
		if (o->json)
			break;
		if (!o->domain)
			print_pool(o, pool);
		if (o->params)
			continue;
		header(o, o->all || o->nr_vcpus);
		json_array_foreach(json_object_get(pool, "domains"), k, domain) ret |= domain_rows(o, domain);
	}
	json_decref(answer);
	return ret;
}

/* ---- setting ---- */

static void put(json_t *to, const char *key, const struct given *g, int i)
{
	if (g->nr)
		json_object_set_new(to, key, json_integer(g->value[i < g->nr ? i : g->nr - 1]));
}

/* What the i-th -v gets. */
static json_t *one_set(const struct servers *o, int i)
{
	json_t *s = json_copy(o->words);

	if (o->all)
		json_object_set_new(s, "vcpu", json_string("all"));
	else
		json_object_set_new(s, "vcpu", json_integer(o->vcpu[i]));
	put(s, "period_us", &o->period, i);
	put(s, "budget_us", &o->budget, i);
	put(s, "deadline_us", &o->deadline, i);
	put(s, "priority", &o->priority, i);
	if (o->extratime.nr)
		json_object_set_new(s, "extratime",
				    json_boolean(o->extratime.value[i < o->extratime.nr ? i : o->extratime.nr - 1]));
	return s;
}

static int set_vcpus(const struct servers *o)
{
	json_t *set = json_array(), *r;
	int n = o->all ? 1 : o->nr_vcpus;

	for (int i = 0; i < n; i++)
		json_array_append_new(set, one_set(o, i));
	r = json_pack("{ss ss ss so}", "verb", "sched-vcpu", "sched", o->sched, "domain", o->domain, "set", set);
	if (r && o->save)
		json_object_set_new(r, "save", json_true());
	return ask_done(o->verb, r);
}

static int set_pool(const struct servers *o)
{
	json_t *r = json_copy(o->words);

	json_object_set_new(r, "verb", json_string("sched-pool"));
	json_object_set_new(r, "sched", json_string(o->sched));
	if (o->save)
		json_object_set_new(r, "save", json_true());
	if (o->pool)
		json_object_set_new(r, "pool", json_string(o->pool));
	else
		return json_decref(r), ask_failed(o->verb, "Must specify a cpupool.");
	return ask_done(o->verb, r);
}

static int run(const struct servers *o)
{
	int n = o->all ? 1 : o->nr_vcpus;
	bool rtxen = !strcmp(o->sched, "rtxen");
	bool sets = o->period.nr || o->budget.nr || o->extratime.nr || o->deadline.nr || o->priority.nr ||
		    json_object_size(o->words);

	if (o->params && (o->domain || n))
		return ask_failed(o->verb, "Specifying schedparam is not allowed with domain options.");
	if (o->pool && o->domain)
		return ask_failed(o->verb, "Specifying a cpupool is not allowed with domain options.");
	if (o->params)
		return sets ? set_pool(o) : show(o);
	if (!o->domain && (sets || o->nr_vcpus))
		return ask_failed(o->verb, "Missing parameters.");
	if (o->all && o->nr_vcpus)
		return ask_failed(o->verb, "Incorrect VCPU IDs.");
	if (!sets)
		return show(o);
	if (!n)
		return ask_failed(o->verb, "Must specify VCPU.");
	/* xl's rule: for each -v one of each. */
	if (!rtxen && (o->period.nr != o->budget.nr || o->period.nr != o->extratime.nr || o->period.nr != n))
		return ask_failed(o->verb, "Incorrect number of period, budget and extratime");
	return set_vcpus(o);
}

static int servers(const char *verb, const char *sched, const char *usage, const char *letters, char **argv)
{
	struct servers *o = calloc(1, sizeof(*o));
	int ret, argc = 0;

	if (!o)
		return ask_failed(verb, "not enough memory");
	while (argv[argc])
		argc++;
	o->verb = verb;
	o->sched = sched;
	o->words = json_object();
	ret = parse(o, argc, argv, letters);
	if (ret == -1) {
		fputs(usage, stdout);
		ret = CLI_DONE;
	} else if (ret == CLI_DONE) {
		ret = run(o);
	}
	json_decref(o->words);
	free(o);
	return ret;
}

int cmd_sched_rtds(int argc, char **argv)
{
	(void)argc;
	return servers("sched-rtds", "rtds", rtds_usage, "d:v:p:b:e:c:h", argv);
}

int cmd_sched_rtxen(int argc, char **argv)
{
	(void)argc;
	return servers("sched-rtxen", "rtxen", rtxen_usage, "d:v:p:b:e:c:P:k:sr:h", argv);
}
