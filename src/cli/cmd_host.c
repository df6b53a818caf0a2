// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota host`: the live host's beginning, end and state. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/cmd_host.h"
#include "control/client.h"
#include "control/kvm_host.h"
#include "kvm/daemon.h"
#include "kvm/files.h"
#include "kvm/loader.h"
#include "kvm/preflight.h"

static const char usage[] =
	"Usage: rota host start [--sched NAME] [--turns NAME=VALUE]... [--admission off|warn|enforce]\n"
	"                       [--no-helpers] [--dry-run] [--watchdog SECONDS] [--foreground] [--verbose]\n"
	"       rota host stop\n"
	"       rota host status [--json]\n"
	"       rota host symbols -d DOMAIN FILE [OPTION...]\n"
	"\n"
	"Schedules this machine's KVM virtual machines by Xen's rules, through sched_ext.\n"
	"\n"
	"start returns when the machine is scheduled by rota. Every VM is a domain, each of its vCPU threads a vCPU,\n"
	"everything else Domain-0. `rota list`, `vcpu-list` and `sched-credit` show and change them.\n"
	"      --sched NAME  the scheduler: credit (default), credit2, sedf, rtds or rtxen\n"
	"      --turns NAME=VALUE  help for guests that wait for a preempted vCPU (credit and credit2), such as\n"
	"                    lend=10us: `rota turns --help`\n"
	"      --admission WORD  what becomes of budgets that can't be guaranteed (sedf, rtds, rtxen): off, told of\n"
	"                    (warn), refused (enforce); without it refused once a VM was given one\n"
	"  -n, --dry-run     check everything and let the kernel verify the programs, but change nothing\n"
	"      --watchdog SECONDS  the kernel takes over when a task was left waiting that long (1 to 30; default 30)\n"
	"      --no-helpers  VMMs' own threads (emulator, iothreads, vhost) stay the host's; else they are their VM's\n"
	"      --foreground  stay in the foreground, messages on stderr; ^C ends it\n"
	"      --verbose     libbpf's and the verifier's messages in the log too\n"
	"stop gives the machine back to the kernel's own scheduler. VMs run on.\n"
	"status tells whether it runs (exit code 0) or not (1), and why the scheduler was left last.\n"
	"      --json        for programs\n"
	"symbols tells it what a VM's kernel is: `rota host symbols --help`.\n"
	"  -h, --help        this text\n"
	"\n"
	"Messages of a running live host are in /run/rota/host.log.\n";

struct host_options {
	struct daemon_options daemon;
	bool json, help;
	const char *fault; /* for tests */
};

enum { OPT_SCHED = 256, OPT_FOREGROUND, OPT_VERBOSE, OPT_JSON, OPT_WATCHDOG, OPT_TURNS, OPT_ADMISSION, OPT_NO_HELPERS };

static const struct option start_options[] = {
	{ "sched", required_argument, NULL, OPT_SCHED },
	{ "turns", required_argument, NULL, OPT_TURNS },
	{ "admission", required_argument, NULL, OPT_ADMISSION },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "watchdog", required_argument, NULL, OPT_WATCHDOG },
	{ "no-helpers", no_argument, NULL, OPT_NO_HELPERS },
	{ "foreground", no_argument, NULL, OPT_FOREGROUND },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};
static const struct option stop_options[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
static const struct option status_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* A parameter of turns that Pool-0 is to begin with. */
static bool take_turns(const char *text)
{
	struct kvm_front_options *f = &kvm_front_options;
	char error[CONTROL_ERROR_LEN] = "it can't be given so often";
	struct assist_params scratch;
	bool good = f->nr_turns < KVM_MAX_TURNS &&
		    turn_param_read(text, &f->turns[f->nr_turns].param, &f->turns[f->nr_turns].value, error) &&
		    turn_param_set(&scratch, f->turns[f->nr_turns].param, f->turns[f->nr_turns].value, error);

	if (good)
		f->nr_turns++;
	else
		fprintf(stderr, "rota: host start: --turns '%s': %s\n", text, error);
	return good;
}

static bool parse(int argc, char **argv, const char *letters, const struct option *options, struct host_options *o)
{
	char *end;
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		switch (c) {
		case OPT_SCHED:
			o->daemon.sched = optarg;
			break;
		case 'n':
			o->daemon.dry_run = true;
			break;
		case OPT_FOREGROUND:
			o->daemon.foreground = true;
			break;
		case OPT_NO_HELPERS:
			o->daemon.no_helpers = true;
			break;
		case OPT_VERBOSE:
			o->daemon.verbose = true;
			break;
		case OPT_WATCHDOG:
			o->daemon.watchdog_s = (unsigned int)strtoul(optarg, &end, 10);
			if (*optarg < '0' || *optarg > '9' || *end || !o->daemon.watchdog_s ||
			    o->daemon.watchdog_s > 30) {
				fprintf(stderr, "rota: host start: --watchdog '%s': it must be 1 to 30 seconds\n",
					optarg);
				return false;
			}
			break;
		case OPT_ADMISSION:
			if (!scn_admission_word(optarg, &kvm_front_options.admission)) {
				fprintf(stderr, "rota: host start: --admission '%s': it is off, warn or enforce\n",
					optarg);
				return false;
			}
			break;
		case OPT_TURNS:
			if (!take_turns(optarg))
				return false;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			o->help = true;
			break;
		default: /* getopt has told what is wrong */
			return false;
		}
	}
	if (!strcmp(argv[0], "fault") && optind < argc)
		o->fault = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "rota: host %s: '%s' is not expected here\n", argv[0], argv[optind]);
		return false;
	}
	return true;
}

static int failed(const char *verb, const char *error)
{
	fprintf(stderr, "rota: host %s: %s\n", verb, error);
	return CLI_FAILED;
}

/* ---- status ---- */

static void print_time(const char *what, json_t *unix_s)
{
	time_t t = (time_t)json_integer_value(unix_s);
	char text[64];
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%-15s: %s\n", what, text);
}

static void print_string(const char *what, json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	printf("%-15s: %s\n", what, s && *s ? s : "-");
}

static void print_number(const char *what, json_t *object, const char *key)
{
	printf("%-15s: %" JSON_INTEGER_FORMAT "\n", what, json_integer_value(json_object_get(object, key)));
}

static void print_exit(json_t *last)
{
	const char *reason = json_string_value(json_object_get(last, "reason"));
	const char *message = json_string_value(json_object_get(last, "message"));

	if (!last)
		return;
	print_time("last left", json_object_get(last, "time_unix"));
	printf("%-15s: %s%s%s%s\n", "because", reason ? reason : "-", message && *message ? ": " : "",
	       message ? message : "",
	       json_is_true(json_object_get(last, "restarted")) ? " (it was started again)" : "");
}

static void print_status(json_t *s)
{
	json_t *kernel = json_object_get(s, "kernel"), *counters = json_object_get(s, "counters"), *value;
	const char *key;

	if (!json_is_true(json_object_get(s, "running"))) {
		printf("%-15s: not running\n", "live host");
		print_string("kernel", kernel, "state");
		print_exit(json_object_get(s, "last_exit"));
		return;
	}
	printf("%-15s: running, process %" JSON_INTEGER_FORMAT "\n", "live host",
	       json_integer_value(json_object_get(s, "pid")));
	print_time("since", json_object_get(s, "since_unix"));
	print_string("scheduler", s, "scheduler");
	printf("%-15s: %s, scheduler %s\n", "kernel", json_string_value(json_object_get(kernel, "state")),
	       json_string_value(json_object_get(kernel, "ops")));
	printf("%-15s: %s\n", "kvm", json_is_true(json_object_get(s, "kvm")) ? "watched" : "not loaded (yet)");
	print_string("guests", s, "guests");
	print_number("nr_cpus", s, "cpus");
	print_number("domains", s, "domains");
	print_number("vcpus", s, "vcpus");
	print_number("restarts", s, "restarts");
	json_object_foreach(counters, key, value)
		printf("%-15s: %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(value));
	print_exit(json_object_get(s, "last_exit"));
}

static json_t *status_when_down(void)
{
	json_t *last = daemon_last_exit(), *s;
	char state[64], ops[128];

	scx_state(state, sizeof(state));
	scx_name(ops, sizeof(ops));
	s = json_pack("{sb s{ss ss} sO*}", "running", 0, "kernel", "state", *state ? state : "no sched_ext", "ops", ops,
		      "last_exit", last);
	json_decref(last);
	if (loader_missing())
		json_object_set_new(s, "missing", json_string(loader_missing()));
	return s;
}

static int status(const struct host_options *o)
{
	char error[LIVE_ERROR_LEN];
	bool running;
	int code;
	json_t *s = client_ask(json_pack("{ss}", "verb", "status"), &code, error);

	if (!s && code != -ECONNREFUSED)
		return failed("status", error);
	if (!s)
		s = status_when_down();
	json_object_del(s, "version");
	running = json_is_true(json_object_get(s, "running"));
	if (o->json) {
		json_dumpf(s, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_status(s);
	}
	json_decref(s);
	return running ? CLI_DONE : CLI_FAILED;
}

/* ---- the verbs ---- */

static int start(const struct host_options *o)
{
	char error[LIVE_ERROR_LEN];

	if (kvm_front_options.nr_turns && strcmp(o->daemon.sched, "credit") && strcmp(o->daemon.sched, "credit2")) {
		snprintf(error, sizeof(error),
			 "--turns: %.64s has none, they would take time that it promised; credit and credit2 have them",
			 o->daemon.sched);
		return failed("start", error);
	}
	return daemon_start(&o->daemon, &kvm_front, error) ? failed("start", error) : CLI_DONE;
}

static int stop(const struct host_options *o)
{
	char error[LIVE_ERROR_LEN];

	(void)o;
	return daemon_stop(error) ? failed("stop", error) : CLI_DONE;
}

/* Not in the usage: for the tests of what happens then, and refused unless the live host was started for such tests. */
static int fault(const struct host_options *o)
{
	char error[LIVE_ERROR_LEN];
	int code;
	json_t *answer = client_ask(json_pack("{ss ss*}", "verb", "fault", "kind", o->fault), &code, error);

	if (!answer)
		return failed("fault", error);
	json_decref(answer);
	return CLI_DONE;
}

static const struct {
	const char *name, *letters;
	const struct option *options;
	int (*run)(const struct host_options *o);
} verbs[] = {
	{ "start", "nh", start_options, start },
	{ "stop", "h", stop_options, stop },
	{ "status", "h", status_options, status },
	{ "fault", "h", stop_options, fault },
};

int cmd_host(int argc, char **argv)
{
	struct host_options o = { .daemon.sched = "credit" };
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "-h") || !strcmp(verb, "--help")) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	if (!strcmp(verb, "symbols"))
		return cmd_host_symbols(argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verb, verbs[i].name))
			continue;
		if (!parse(argc - 1, argv + 1, verbs[i].letters, verbs[i].options, &o)) {
			fprintf(stderr, "`rota host --help` tells how\n");
			return CLI_USAGE;
		}
		if (o.help) {
			fputs(usage, stdout);
			return CLI_DONE;
		}
		return verbs[i].run(&o);
	}
	if (*verb)
		fprintf(stderr, "rota: host: there is no verb '%s'; there are start, stop, status and symbols\n", verb);
	else
		fputs(usage, stderr);
	return CLI_USAGE;
}
