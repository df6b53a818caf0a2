// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rota analyze`: what task sets need, and whether the pCPUs can hold it.
 *
 * The question comes as a file of VMs and tasks (YAML, JSON, CSV), as CARTS's XML, or as a
 * scenario; which one is found out from its text. Options override what the file says of the host
 * and of all VMs. The mathematics is in src/analysis; here are files, options and exit codes.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/analyze.h"
#include "cli/cli.h"

#define MOST_BYTES (16 << 20)

static const char usage[] =
	"Usage: rota analyze FILE [OPTION...]\n"
	"\n"
	"Says what budgets the VMs' tasks need and whether the pCPUs can guarantee them.\n"
	"FILE is one of (recognised by its contents; - is standard input):\n"
	"  VMs and tasks              YAML, JSON or CSV; `rota taskset generate` writes them\n"
	"  CARTS's XML                <system os_scheduler=...>\n"
	"  a scenario                 of `rota sim run`\n"
	"Exits with 0 if everything is guaranteed, with 1 if not.\n"
	"\n"
	"      --json             one JSON object\n"
	"      --carts FILE       write the interfaces as CARTS does (- for standard output)\n"
	"      --tests            the tests for CPUs of one's own, too (needs pCPUs)\n"
	"      --apply            scenario: write the found periods and budgets into it\n"
	"  -m, --pcpus N          pCPUs of the host\n"
	"      --sched RULE       of the host: edf, rm, dm, fp\n"
	"      --placement HOW    global or partitioned\n"
	"      --fit HOW          partitioned: first, best or worst fit by decreasing bandwidth\n"
	"      --server KIND      deferrable, periodic, polling, sporadic, work-conserving,\n"
	"                         capacity-reclaiming, cbs\n"
	"      --switch-cost TIME what a server's period costs in switching; goes into its budget\n"
	"      --grain TIME       budgets are multiples of it\n"
	"      --harmonic         periods of all VMs are one times powers of two\n"
	"      --guest SCHED      of all VMs: edf, rm, dm, fp, gedf, pedf, prm, pdm\n"
	"      --model MODEL      of all VMs: auto, prm, edp, mpr, dmpr\n"
	"  -p, --period T[:T]     of all VMs: the period, or the least and the greatest\n"
	"      --unit TIME        of numbers without a unit (default 1ns)\n"
	"  -h, --help             this text\n"
	"\n"
	"Times are written as 10ms, 2.5us, 300ns.\n"
	"Example: rota analyze vms.yaml --pcpus 4 --placement partitioned --switch-cost 5us\n";

enum option_id {
	O_JSON = 256,
	O_CARTS,
	O_TESTS,
	O_APPLY,
	O_SCHED,
	O_PLACEMENT,
	O_FIT,
	O_SERVER,
	O_SWITCH,
	O_GRAIN,
	O_HARMONIC,
	O_GUEST,
	O_MODEL,
	O_UNIT
};

static const struct option options[] = {
	{ "json", no_argument, NULL, O_JSON },
	{ "carts", required_argument, NULL, O_CARTS },
	{ "tests", no_argument, NULL, O_TESTS },
	{ "apply", no_argument, NULL, O_APPLY },
	{ "pcpus", required_argument, NULL, 'm' },
	{ "sched", required_argument, NULL, O_SCHED },
	{ "placement", required_argument, NULL, O_PLACEMENT },
	{ "fit", required_argument, NULL, O_FIT },
	{ "server", required_argument, NULL, O_SERVER },
	{ "switch-cost", required_argument, NULL, O_SWITCH },
	{ "grain", required_argument, NULL, O_GRAIN },
	{ "harmonic", no_argument, NULL, O_HARMONIC },
	{ "guest", required_argument, NULL, O_GUEST },
	{ "model", required_argument, NULL, O_MODEL },
	{ "period", required_argument, NULL, 'p' },
	{ "unit", required_argument, NULL, O_UNIT },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* What options say of the host and the VMs; -1: nothing. */
struct overrides {
	int pcpus, rule, partitioned, fit, kind, harmonic, guest, model;
	int64_t switch_cost, grain, min_period, max_period;
};

static int bad(const char *option, const char *value, const char *what)
{
	fprintf(stderr, "rota: analyze: --%s %s: %s\n", option, value, what);
	return CLI_USAGE;
}

static int choose(const char *option, const char *value, const char *const *names, int nr, int *out)
{
	char all[200] = "is none of ";

	for (int i = 0; i < nr; i++) {
		if (!strcmp(value, names[i])) {
			*out = i;
			return CLI_DONE;
		}
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			 names[i]);
	}
	return bad(option, value, all);
}

static int set_time(const char *option, const char *value, int64_t least, int64_t *out)
{
	if (an_parse_time(value, 1, out) || *out < least)
		return bad(option, value, "write a time as 10ms, 2.5us or 300ns");
	return CLI_DONE;
}

static int set_period(const char *value, struct overrides *v)
{
	char first[64];
	const char *colon = strchr(value, ':');

	if (!colon) {
		v->max_period = 0;
		if (set_time("period", value, 1, &v->min_period))
			return CLI_USAGE;
		v->max_period = v->min_period;
		return CLI_DONE;
	}
	if ((size_t)(colon - value) >= sizeof(first))
		return bad("period", value, "write LEAST:GREATEST");
	memcpy(first, value, (size_t)(colon - value));
	first[colon - value] = '\0';
	if (set_time("period", first, 1, &v->min_period) ||
	    set_time("period", colon + 1, 1, &v->max_period))
		return CLI_USAGE;
	if (v->min_period > v->max_period)
		return bad("period", value, "the least is above the greatest");
	return CLI_DONE;
}

static int set_pcpus(const char *value, struct overrides *v)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || n < 1 || n > AN_MAX_CPUS)
		return bad("pcpus", value, "a number of pCPUs is 1 to 4096");
	v->pcpus = (int)n;
	return CLI_DONE;
}

static int one_option(int c, struct analyze_options *o, struct overrides *v)
{
	static const char *const rules[] = { "edf", "rm", "dm", "fp" };
	static const char *const places[] = { "global", "partitioned" };
	static const char *const fits[] = { "first", "best", "worst" };

	switch (c) {
	case O_JSON:
		o->json = true;
		return CLI_DONE;
	case O_TESTS:
		o->tests = true;
		return CLI_DONE;
	case O_APPLY:
		o->apply = true;
		return CLI_DONE;
	case O_HARMONIC:
		v->harmonic = 1;
		return CLI_DONE;
	case O_CARTS:
		o->carts = optarg;
		return CLI_DONE;
	case 'm':
		return set_pcpus(optarg, v);
	case O_SCHED:
		return choose("sched", optarg, rules, 4, &v->rule);
	case O_PLACEMENT:
		return choose("placement", optarg, places, 2, &v->partitioned);
	case O_FIT:
		return choose("fit", optarg, fits, 3, &v->fit);
	case O_SERVER:
		return choose("server", optarg, an_server_kind_names, AN_NR_SERVER_KINDS, &v->kind);
	case O_SWITCH:
		return set_time("switch-cost", optarg, 0, &v->switch_cost);
	case O_GRAIN:
		return set_time("grain", optarg, 1, &v->grain);
	case O_GUEST:
		return choose("guest", optarg, an_guest_names, AN_GUEST_PDM + 1, &v->guest);
	case O_MODEL:
		return choose("model", optarg, an_model_names, AN_MODEL_DMPR + 1, &v->model);
	case 'p':
		return set_period(optarg, v);
	case O_UNIT:
		return set_time("unit", optarg, 1, &o->unit);
	default:
		fprintf(stderr, "rota: analyze: `rota analyze --help` lists the options\n");
		return CLI_USAGE;
	}
}

static int refuse(const char *file, const char *what)
{
	fprintf(stderr, "rota: %s: %s\n", file, what);
	return CLI_USAGE;
}

/* The whole file and a zero byte; NULL after a complaint. */
static char *read_file(const char *path, size_t *len)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	char *text = NULL;
	size_t room = 0;

	*len = 0;
	if (!f) {
		refuse(path, strerror(errno));
		return NULL;
	}
	for (;;) {
		char *bigger = room - *len < 4096 ? realloc(text, room + 65536) : text;

		if (!bigger || *len > MOST_BYTES)
			break;
		if (bigger != text)
			room += 65536;
		text = bigger;
		*len += fread(text + *len, 1, room - *len - 1, f);
		if (feof(f) || ferror(f))
			break;
	}
	if (ferror(f) || *len > MOST_BYTES || !text) {
		refuse(path, *len > MOST_BYTES ? "is longer than 16 MiB" :
			     errno	       ? strerror(errno) :
						 "can't be read");
		free(text);
		text = NULL;
	} else {
		text[*len] = '\0';
	}
	if (f != stdin)
		fclose(f);
	return text;
}

static bool is_xml(const char *text)
{
	while (*text && strchr(" \t\r\n\xef\xbb\xbf", *text))
		text++;
	return *text == '<';
}

/* A scenario has domains; nothing else has that key at the left margin. */
static bool is_scenario(const char *text)
{
	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, "domains:", 8))
			return true;
	}
	return false;
}

static int override(struct an_system *sys, const struct overrides *v, const char *file)
{
	if (v->pcpus >= 0)
		sys->host.cpus = v->pcpus;
	if (v->rule >= 0)
		sys->host.rule = (enum an_rule)v->rule;
	if (v->partitioned >= 0)
		sys->host.partitioned = v->partitioned;
	if (v->fit >= 0)
		sys->fit = (enum an_fit)v->fit;
	if (v->kind >= 0)
		sys->kind = (enum an_server_kind)v->kind;
	if (v->harmonic >= 0)
		sys->harmonic = v->harmonic;
	if (v->switch_cost >= 0)
		sys->host.switch_cost = v->switch_cost;
	if (v->grain >= 0)
		sys->grain = v->grain;
	for (int i = 0; i < sys->nr_vms; i++) {
		struct an_vm *vm = &sys->vms[i];
		bool global;

		if (v->guest >= 0)
			vm->guest = (enum an_guest)v->guest;
		global = vm->guest == AN_GUEST_GEDF;
		if (v->model >= 0)
			vm->model = (enum an_model)v->model;
		else if (v->guest >= 0)
			vm->model = AN_MODEL_AUTO;
		if (vm->model != AN_MODEL_AUTO &&
		    global != (vm->model == AN_MODEL_MPR || vm->model == AN_MODEL_DMPR))
			return bad("model", an_model_names[vm->model],
				   global ? "guests with sched gedf need mpr or dmpr" :
					    "mpr and dmpr are for guests with sched gedf");
		if (v->min_period > 0 && !vm->given_budget) {
			vm->min_period = v->min_period;
			vm->max_period = v->max_period;
		}
	}
	(void)file;
	return CLI_DONE;
}

int analyze_dump_json(json_t *json)
{
	int ret = json ? json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : -1;

	json_decref(json);
	if (ret) {
		fprintf(stderr, "rota: analyze: the JSON could not be written\n");
		return CLI_FAILED;
	}
	putchar('\n');
	return CLI_DONE;
}

static int write_carts(const struct an_system *sys, const struct analyze_options *o)
{
	char *text = an_carts_write(sys, o->unit);
	bool out = !strcmp(o->carts, "-");
	FILE *f = text ? out ? stdout : fopen(o->carts, "w") : NULL;
	bool ok = f && fputs(text, f) >= 0;

	if (f && !out)
		ok &= !fclose(f);
	if (!ok)
		fprintf(stderr, "rota: %s: can't be written: %s\n", o->carts, strerror(errno));
	free(text);
	return ok ? CLI_DONE : CLI_FAILED;
}

static int report(struct an_system *sys, const struct analyze_options *o)
{
	char why[400];
	enum an_answer a;
	int ret = CLI_DONE;
	json_t *json;

	if (an_synthesise(sys)) {
		fprintf(stderr, "rota: analyze: there is not enough memory\n");
		return CLI_FAILED;
	}
	a = analyze_conclude(sys, why, sizeof(why));
	if (o->carts)
		ret = write_carts(sys, o);
	if (o->json) {
		json = analyze_json(sys);
		if (o->tests)
			json_object_set_new(json, "tests", analyze_tests_json(sys));
		ret = ret ? ret : analyze_dump_json(json);
	} else if (!o->carts || strcmp(o->carts, "-")) {
		if (o->tests)
			analyze_print_tests(sys, stdout);
		analyze_print_table(sys, stdout);
	}
	if (a != AN_OK && !ret) {
		fprintf(stderr, "rota: analyze: %s\n", why);
		ret = CLI_FAILED;
	}
	return ret;
}

static int analyze(struct analyze_options *o, const struct overrides *v)
{
	struct an_system *sys;
	char err[400] = "", message[480];
	size_t len;
	char *text = read_file(o->file, &len);
	bool xml;
	int ret;

	if (!text)
		return CLI_USAGE;
	if (!is_xml(text) && is_scenario(text) && memchr(text, '\0', len) == NULL) {
		free(text);
		return analyze_scenario(o);
	}
	if (o->apply) {
		free(text);
		return refuse(o->file, "--apply writes into scenarios, and this is none");
	}
	xml = is_xml(text);
	sys = xml ? an_carts_read(text, len, o->unit, err, sizeof(err)) :
		    an_document_read(text, len, err, sizeof(err));
	free(text);
	if (!sys) {
		snprintf(message, sizeof(message), "rota: %s:%s", o->file, err);
		fprintf(stderr, "%s\n", message);
		return CLI_USAGE;
	}
	ret = override(sys, v, o->file);
	if (!ret && o->tests && !sys->host.cpus)
		ret = bad("tests", "", "needs the number of pCPUs: --pcpus N");
	if (!ret)
		ret = report(sys, o);
	an_system_free(sys);
	free(sys);
	return ret;
}

int cmd_analyze(int argc, char **argv)
{
	struct analyze_options o = { .unit = 1 };
	struct overrides v = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0 };
	int c, ret;

	while ((c = getopt_long(argc, argv, "hm:p:", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return CLI_DONE;
		}
		ret = one_option(c, &o, &v);
		if (ret)
			return ret;
	}
	if (optind != argc - 1) {
		fprintf(stderr, "rota: analyze: name one file; `rota analyze --help` tells more\n");
		return CLI_USAGE;
	}
	o.file = argv[optind];
	return analyze(&o, &v);
}
