// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota sched-arinc653`: the table of minor frames of a pool. xl has no such verb. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"

static const char usage[] =
	"Usage: rota sched-arinc653 [-p CPUPOOL] [-m MAJOR] [--donate] [-f DOMAIN:VCPU:TIME | -f idle:TIME]...\n"
	"\n"
	"Get/set the table of an arinc653 pool. Times are in us.\n"
	"\n"
	"  -p, --cpupool=CPUPOOL  the pool (default: all that have arinc653; to set, Pool-0)\n"
	"  -f, --frame=FRAME      a minor frame: its domain (name or id), vCPU and time; once for each, in order\n"
	"  -m, --major=MAJOR      the major frame; default: the sum of the minor ones\n"
	"      --donate           time that its vCPU doesn't use goes to the next of the table\n"
	"      --json             for programs\n"
	"  -h, --help             this text\n"
	"\n"
	"Example: rota sched-arinc653 -p air -f nav:0:5000 -f radio:0:2000 -m 10000\n";

static const struct option options[] = {
	{ "cpupool", required_argument, NULL, 'p' },
	{ "frame", required_argument, NULL, 'f' },
	{ "major", required_argument, NULL, 'm' },
	{ "donate", no_argument, NULL, 'D' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* "nav:0:5000", "idle:500"; the name may have colons. */
static json_t *frame(const char *text)
{
	char *copy = strdup(text), *time = copy ? strrchr(copy, ':') : NULL, *vcpu = NULL, *end;
	long long us, v = 0;
	json_t *o = NULL;

	if (time)
		*time++ = 0;
	us = time && *time ? strtoll(time, &end, 10) : -1;
	if (us < 0 || *end)
		goto out;
	if (!strcmp(copy, "idle")) {
		o = json_pack("{sI}", "time_us", (json_int_t)us);
		goto out;
	}
	vcpu = strrchr(copy, ':');
	if (!vcpu || !vcpu[1])
		goto out;
	*vcpu++ = 0;
	v = strtoll(vcpu, &end, 10);
	if (!*end)
		o = json_pack("{ss sI sI}", "domain", copy, "vcpu", (json_int_t)v, "time_us", (json_int_t)us);
out:
	free(copy);
	return o;
}

static void print_pool(json_t *pool)
{
	json_t *table = json_object_get(pool, "table"), *f;
	long long at = 0;
	size_t i;

	printf("Cpupool %s: sched=ARINC653 major-frame=%lldus%s\n", row_text(pool, "name"),
	       row_number(table, "major_ns") / 1000, json_is_true(json_object_get(table, "donate")) ? " donate" : "");
	printf("%-33s %4s %9s %9s\n", "Name", "VCPU", "At", "Time");
	json_array_foreach(json_object_get(table, "frames"), i, f)
	{
		long long us = row_number(f, "time_ns") / 1000;

		if (json_object_get(f, "domain"))
			printf("%-33s %4lld %9lld %9lld\n", row_text(f, "domain"), row_number(f, "vcpu"), at, us);
		else
			printf("%-33s %4s %9lld %9lld\n", "(idle)", "-", at, us);
		at += us;
	}
}

static int show(const char *pool, bool json)
{
	json_t *answer = ask("sched-arinc653",
			     json_pack("{ss ss ss*}", "verb", "sched", "sched", "arinc653", "pool", pool)),
	       *pools = json_object_get(answer, "pools"), *row;
	size_t i;

	if (!answer)
		return CLI_FAILED;
	if (json)
		print_json(pools);
	else
		json_array_foreach(pools, i, row) print_pool(row);
	json_decref(answer);
	return CLI_DONE;
}

int cmd_sched_arinc653(int argc, char **argv)
{
	json_t *frames = json_array(), *one, *r;
	const char *pool = NULL;
	bool donate = false, json = false;
	long long major = -1;
	int c, ret = CLI_USAGE;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "p:f:m:h", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			pool = optarg;
			break;
		case 'f':
			one = frame(optarg);
			if (!one) {
				ask_usage("sched-arinc653", "'%s' is no frame; write DOMAIN:VCPU:TIME", optarg);
				goto out;
			}
			json_array_append_new(frames, one);
			break;
		case 'm':
			if (!whole_number("sched-arinc653", optarg, &major))
				goto out;
			break;
		case 'D':
			donate = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			ret = CLI_DONE;
			goto out;
		default:
			goto out;
		}
	}
	if (optind < argc) {
		ask_usage("sched-arinc653", "'%s' is not expected here", argv[optind]);
		goto out;
	}
	if (!json_array_size(frames) && (donate || major >= 0)) {
		ret = ask_failed("sched-arinc653", "a table has frames: -f");
	} else if (!json_array_size(frames)) {
		ret = show(pool, json);
	} else {
		r = json_pack("{ss ss ss* sb sO}", "verb", "sched-pool", "sched", "arinc653", "pool", pool, "donate",
			      donate, "frames", frames);
		if (major >= 0)
			json_object_set_new(r, "major_us", json_integer(major));
		ret = ask_done("sched-arinc653", r);
	}
out:
	json_decref(frames);
	return ret;
}
