// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rota libvirt`: what libvirt's hook for QEMU calls. A VM that is about to start is announced to rotad with what its
 * domain XML says about scheduling, so that it has its settings the moment it appears; a VM that has gone is forgotten.
 */
#include <dlfcn.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/libvirt/domxml.h"
#include "cli/plugin.h"

#define MAX_XML (1 << 22)

static const char usage[] =
	"Usage: rota libvirt [--print] [--shares N] NAME OPERATION [SUB-OPERATION [EXTRA]] <domain.xml\n"
	"\n"
	"For libvirt's hook: before the VM NAME starts (OPERATION prepare, or reconnect after a restart of\n"
	"libvirt) rotad is told what <vcpu>, <cputune> and <metadata> of its domain XML say; when it has gone\n"
	"(release) that is forgotten. Other operations do nothing.\n"
	"\n"
	"      --print     only print the settings, as of rota.yaml(5)\n"
	"      --shares N  N <shares> are a weight of 256: libvirt's default, 1024, or with cgroup v2 100\n"
	"  -h, --help      this text\n";

/* What <shares> are by default is the kernel's word, and differs between the two kinds of control groups. */
static long long default_shares(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) ? 1024 : 100;
}

static json_t *read_xml(long long shares, char *error)
{
	void *lib = plugin_load("rota-libvirt.so");
	__typeof__(domxml_settings) *parse = lib ? (__typeof__(domxml_settings) *)dlsym(lib, "domxml_settings") : NULL;
	char *text = parse ? malloc(MAX_XML + 1) : NULL;
	size_t len = text ? fread(text, 1, MAX_XML + 1, stdin) : 0;
	json_t *out = NULL;

	if (!parse)
		snprintf(error, CONTROL_ERROR_LEN,
			 "this rota was built without a reader of XML; build it again with libxml2-dev installed");
	else if (!text || len > MAX_XML)
		snprintf(error, CONTROL_ERROR_LEN, "domain XML: it is larger than 4 MiB");
	else
		out = parse(text, len, shares, error);
	free(text);
	return out;
}

static int announce(const char *name, long long shares, bool print)
{
	char error[CONTROL_ERROR_LEN] = "";
	json_t *read = read_xml(shares, error);
	const char *own = json_string_value(json_object_get(read, "name"));
	int ret;

	if (!read)
		return ask_failed("libvirt", "%s", error);
	if (!own || strcmp(own, name)) {
		json_decref(read);
		return ask_failed("libvirt", "domain XML: its name is not '%.64s'", name);
	}
	if (print) {
		print_json(json_object_get(read, "settings"));
		ret = CLI_DONE;
	} else {
		ret = ask_done("libvirt", json_pack("{ss ss sO}", "verb", "announce", "name", name, "settings",
						    json_object_get(read, "settings")));
	}
	json_decref(read);
	return ret;
}

int cmd_libvirt(int argc, char **argv)
{
	static const struct option options[] = {
		{ "print", no_argument, NULL, 'p' },
		{ "shares", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	long long shares = default_shares();
	bool print = false;
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return CLI_DONE;
		}
		if (c == 'p') {
			print = true;
		} else if (c != 's') {
			fprintf(stderr, "`rota libvirt --help` tells how\n");
			return CLI_USAGE;
		} else if (!whole_number("libvirt", optarg, &shares) || shares < 1 || shares > 1000000) {
			return ask_usage("libvirt", "--shares is a number from 1 to 1000000");
		}
	}
	argv += optind;
	argc -= optind;
	if (argc < 2 || argc > 4)
		return ask_usage("libvirt", "it takes a VM's name and what libvirt does with it");
	if (print || !strcmp(argv[1], "prepare") || !strcmp(argv[1], "reconnect"))
		return announce(argv[0], shares, print);
	if (!strcmp(argv[1], "release"))
		return ask_done("libvirt", json_pack("{ss ss sn}", "verb", "announce", "name", argv[0], "settings"));
	return CLI_DONE;
}
