// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rotad: owns a host and answers for it. One thread, one loop: the host's time, the socket, signals.
 *
 * It stays in the foreground (a service manager, or `&`, puts it elsewhere) and says on standard error what happens. A
 * manager that waits for readiness is told (sd_notify's protocol, which is one datagram).
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/client.h"
#include "control/kvm_host.h"
#include "control/notify.h"
#include "control/server.h"
#include "control/settings.h"
#include "control/sim_host.h"
#include "version.h"

#define MAX_SETS 64
#define EXPIRE_MS 1000
#define LOOK_MS 100 /* how often domains that came are looked for */
#define SIGNALS 1 /* data of its events */

static const char usage[] =
	"Usage: rotad --host sim [SCENARIO] [--speed N|max|step] [--set PATH=VALUE]...\n"
	"       rotad --host kvm [--no-helpers]\n"
	"             [--admission off|warn|enforce] [--socket PATH] [--group GROUP] [--others-read]\n"
	"             [--config FILE] [--saved FILE] [--no-config]\n"
	"\n"
	"Owns a host and answers the rota command: `rota list`, `rota sched-credit`, `rota cpupool-create` ...\n"
	"\n"
	"--host sim is a simulated host that runs until it is ended, with the domains of SCENARIO (of which only\n"
	"duration, warmup and the end are ignored) or, without one, 2 nodes of 4 pCPUs and Domain-0.\n"
	"--host kvm is this machine with its KVM virtual machines: see rota-host(1).\n"
	"      --speed N         N virtual seconds in a second (default 1); max: as fast as can be; step: only when\n"
	"                        `rota step` says so\n"
	"      --admission WORD  what becomes of reservations that can't be guaranteed, in real-time pools that don't\n"
	"                        say (default: refused, where anybody was given a budget)\n"
	"      --set PATH=VALUE  changes the scenario, as of `rota sim run`\n"
	"      --no-helpers      a VMM's own threads stay the host's; else they are accounted to their VM\n"
	"      --socket PATH     where to listen (default /run/rota/rotad.sock, or rota.sock in $XDG_RUNTIME_DIR)\n"
	"      --group GROUP     who is in it may change things, beside root (default rota)\n"
	"      --others-read     everybody may look\n"
	"      --config FILE     settings that last (default /etc/rota/rota.yaml, if it is there, for root)\n"
	"      --saved FILE      where --save of the rota command puts them (default /var/lib/rota/saved.json)\n"
	"      --no-config       neither\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n"
	"\n"
	"It stays in the foreground; SIGTERM or ^C ends it.\n";

struct options {
	const char *host, *socket, *group;
	struct sim_options sim;
	char *sets[MAX_SETS];
	const char *config, *saved;
	bool others_read, no_config, no_helpers;
};

enum {
	OPT_HOST = 256,
	OPT_ADMISSION,
	OPT_SPEED,
	OPT_SET,
	OPT_SOCKET,
	OPT_GROUP,
	OPT_OTHERS,
	OPT_CONFIG,
	OPT_SAVED,
	OPT_NO_CONFIG,
	OPT_NO_HELPERS
};

static const struct option options[] = {
	{ "host", required_argument, NULL, OPT_HOST },
	{ "speed", required_argument, NULL, OPT_SPEED },
	{ "admission", required_argument, NULL, OPT_ADMISSION },
	{ "set", required_argument, NULL, OPT_SET },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "group", required_argument, NULL, OPT_GROUP },
	{ "others-read", no_argument, NULL, OPT_OTHERS },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "saved", required_argument, NULL, OPT_SAVED },
	{ "no-config", no_argument, NULL, OPT_NO_CONFIG },
	{ "no-helpers", no_argument, NULL, OPT_NO_HELPERS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static int failed(const char *error)
{
	fprintf(stderr, "rotad: %s\n", error);
	return 1;
}

/* 0: go on; else 1 + exit code. */
static int parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		switch (c) {
		case OPT_HOST:
			o->host = optarg;
			break;
		case OPT_SPEED:
			o->sim.speed = optarg;
			break;
		case OPT_ADMISSION:
			if (!scn_admission_word(optarg, &o->sim.admission)) {
				fprintf(stderr, "rotad: --admission is off, warn or enforce\n");
				return 3;
			}
			break;
		case OPT_SET:
			if (o->sim.nr_sets == MAX_SETS)
				return 1 + failed("too many --set; write them into the scenario");
			o->sets[o->sim.nr_sets++] = optarg;
			break;
		case OPT_SOCKET:
			o->socket = optarg;
			break;
		case OPT_GROUP:
			o->group = optarg;
			break;
		case OPT_OTHERS:
			o->others_read = true;
			break;
		case OPT_CONFIG:
			o->config = optarg;
			break;
		case OPT_SAVED:
			o->saved = optarg;
			break;
		case OPT_NO_HELPERS:
			o->no_helpers = true;
			break;
		case OPT_NO_CONFIG:
			o->no_config = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		case 'V':
			printf("rotad %s\n", ROTA_VERSION);
			return 1;
		default:
			fprintf(stderr, "`rotad --help` tells how\n");
			return 3;
		}
	}
	o->sim.sets = o->sets;
	if (!o->host || (strcmp(o->host, "sim") && strcmp(o->host, "kvm"))) {
		fprintf(stderr, "rotad: --host says which host: sim or kvm; `rotad --help` tells more\n");
		return 3;
	}
	if (!strcmp(o->host, "kvm") && (o->sim.speed || o->sim.nr_sets)) {
		fprintf(stderr, "rotad: --speed and --set are for a simulated host\n");
		return 3;
	}
	if (!strcmp(o->host, "sim") && o->no_helpers) {
		fprintf(stderr, "rotad: --no-helpers is for this machine's VMs (--host kvm)\n");
		return 3;
	}
	if (optind < argc && !strcmp(o->host, "sim"))
		o->sim.scenario = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "rotad: '%s' is not expected here; `rotad --help` tells how\n", argv[optind]);
		return 3;
	}
	return 0;
}

static int watch_signals(int epoll)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = SIGNALS };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
	return fd;
}

static void say(const char *sentence)
{
	fprintf(stderr, "rotad: %s\n", sentence);
}

/* Settings are root's; who else wants some names the files. */
static int read_settings(struct rotad *d, const struct options *o, char *error)
{
	bool own = geteuid() == 0 || o->config || o->saved;

	if (o->no_config || !own)
		return 0;
	d->settings = settings_open(d->host, o->config ? o->config : SETTINGS_FILE, o->config,
				    o->saved ? o->saved : SETTINGS_SAVED, error);
	if (!d->settings)
		return -1;
	d->others_read |= settings_others_read(d->settings);
	settings_apply_pools(d, say);
	settings_look(d, say);
	return 0;
}

/* Until a signal ends it. */
static int serve(struct rotad *d, struct server *server, int epoll)
{
	char error[CONTROL_ERROR_LEN] = "";
	s64 expire = 0, look = 0;

	for (;;) {
		struct epoll_event events[64];
		int wait = d->ops->tick(d->arg, error), n;

		if (wait == -2)
			return failed(error);
		if (wait < 0 || wait > EXPIRE_MS)
			wait = EXPIRE_MS;
		n = epoll_wait(epoll, events, 64, wait);
		for (int i = 0; i < n; i++) {
			if (events[i].data.u64 == SIGNALS)
				return 0;
			server_event(server, events[i].data.u64, events[i].events);
		}
		if (d->settings && monotonic_ns() - look > LOOK_MS * MSEC) {
			look = monotonic_ns();
			settings_look(d, say);
		}
		if (monotonic_ns() - expire > EXPIRE_MS * MSEC) {
			expire = monotonic_ns();
			server_expire(server, expire);
		}
	}
}

static const char *group_of(const struct rotad *d, const struct options *o)
{
	const char *group = d->settings ? settings_group(d->settings) : NULL;

	return o->group ? o->group : group ? group : "rota";
}

static int run(const struct options *o)
{
	struct rotad d = { .ops = &sim_backend, .since_unix = time(NULL), .others_read = o->others_read };
	char error[CONTROL_ERROR_LEN] = "", path[PATH_MAX];
	int epoll = epoll_create1(EPOLL_CLOEXEC), signals = watch_signals(epoll), ret;
	struct server *server;

	if (o->socket ? snprintf(path, sizeof(path), "%s", o->socket) >= (int)sizeof(path) :
			client_path(path, sizeof(path)))
		return failed("the path of the socket is too long");
	if (!o->socket && !strncmp(path, "/run/rota/", 10))
		mkdir("/run/rota", 0755);
	d.arg = sim_host_open(&o->sim, error);
	if (!d.arg)
		return failed(error);
	d.host = d.ops->host(d.arg);
	rotad_name_pools(&d, sim_pool_name, d.arg);
	server = NULL;
	if (!read_settings(&d, o, error))
		server = server_open(path, group_of(&d, o), epoll, &d, error);
	if (!server) {
		settings_close(d.settings);
		d.ops->close(d.arg);
		return failed(error);
	}
	notify_state("READY=1");
	ret = serve(&d, server, epoll);
	notify_state("STOPPING=1");
	server_close(server);
	settings_close(d.settings);
	d.ops->close(d.arg);
	close(signals);
	close(epoll);
	return ret;
}

/* This machine: rotad's answers are the front of the process that `rota host start` starts as well. */
static int run_live(const struct options *o)
{
	const struct daemon_options live = { .sched = "credit", .foreground = true, .no_helpers = o->no_helpers };
	char error[CONTROL_ERROR_LEN] = "";
	int rc;

	kvm_front_options = (struct kvm_front_options){
		.socket = o->socket,
		.group = o->group,
		.config = o->config,
		.saved = o->saved,
		.others_read = o->others_read,
		.no_config = o->no_config,
		.admission = o->sim.admission,
	};
	rc = daemon_start(&live, &kvm_front, error);
	notify_state("STOPPING=1");
	return rc ? failed(error) : 0;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int done = parse(&o, argc, argv);

	if (done)
		return done - 1;
	return strcmp(o.host, "kvm") ? run(&o) : run_live(&o);
}
