// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rota trace`: recordings of real hosts.
 *
 * `rota trace import FILE -o DIR` makes a scenario of one, to be run under any policy (`rota sim
 * run DIR/NAME.yaml`). What a recording doesn't tell (weights, caps) are options here; what it
 * tells is reconstructed by src/trace/import_*.c.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/cmd_trace.h"
#include "trace/import_demand.h"
#include "trace/import_scenario.h"

static const char usage[] =
	"Usage: rota trace import FILE -o DIR [OPTION...]\n"
	"       rota trace dump FILE [OPTION...]      (`rota trace dump --help`)\n"
	"\n"
	"Makes a scenario with replay workloads of a recording of a real host.\n"
	"FILE is one of (recognised by its contents):\n"
	"  an xentrace capture        xentrace -e sched FILE\n"
	"  perf's text                perf sched record; perf sched script > FILE\n"
	"  ftrace's text              cat /sys/kernel/tracing/trace > FILE, or trace-cmd report\n"
	"DIR gets NAME.yaml, a DOMAIN.vN.csv with the demand of each vCPU, and recorded.csv with what each domain got.\n"
	"\n"
	"  -o, --output DIR     where to write; made if missing\n"
	"      --weight DOM=N   weight of a domain, 1 to 65535 (default 256)\n"
	"      --cap DOM=N      cap in percent of one pCPU, 0 = none (default)\n"
	"      --name DOM=NAME  name of a domain; DOM is its number, or the name it has so far\n"
	"      --cpus LIST      only what ran on these pCPUs, e.g. 1,4-7\n"
	"      --one-pool       one cpupool; otherwise pCPUs that shared no domain are pools of their own\n"
	"      --sched POLICY   policy of the pools (default credit)\n"
	"      --wakes HOW      absolute: wake by the clock; relative: after the burst before; auto (default):\n"
	"                       for each vCPU what repeats in the recording\n"
	"      --tsc-hz N       xentrace: frequency of the TSC (default: inferred from the records)\n"
	"      --partial        xentrace: accept a file that is cut off, import what precedes\n"
	"      --tasks REGEX    perf, ftrace: only tasks whose name matches (default all)\n"
	"      --force          overwrite what an earlier import left in DIR\n"
	"  -h, --help           this text\n"
	"\n"
	"Example: rota trace import host.xentrace -o run --name 0=dom0 --weight dom0=512 --cap 7=50\n";

#define MAX_SETTINGS 4096

/* --weight, --cap, --name: kept until the recording is read. */
struct setting {
	char kind; /* 'w', 'c', 'n' */
	char domain[SCHED_NAME_LEN];
	const char *value;
};

struct options {
	const char *file, *tasks;
	struct imp_output out;
	struct imp_xentrace_options xen;
	enum imp_wakes wakes;
	bool one_pool, some_cpus;
	uint64_t cpus[SCHED_MAX_PCPUS / 64];
	struct setting *setting;
	int nr_settings;
};

static int bad_usage(const char *option, const char *value, const char *what)
{
	fprintf(stderr, "rota: trace import: %s %s: %s\n", option, value, what);
	return CLI_USAGE;
}

static bool parse_number(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (!isdigit((unsigned char)*s))
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > max)
			return false;
	}
	*out = v;
	return true;
}

/* "1,4-7" */
static bool parse_cpus(const char *s, uint64_t *map)
{
	char *copy = strdup(s), *save = NULL, *dash;
	uint64_t from, to;
	bool ok = copy && *s && s[strlen(s) - 1] != ',';

	for (char *p = ok ? strtok_r(copy, ",", &save) : NULL; ok && p;
	     p = strtok_r(NULL, ",", &save)) {
		dash = strchr(p, '-');
		if (dash)
			*dash = '\0';
		ok = parse_number(p, SCHED_MAX_PCPUS - 1, &from) &&
		     parse_number(dash ? dash + 1 : p, SCHED_MAX_PCPUS - 1, &to) && from <= to;
		for (; ok && from <= to; from++)
			imp_set_bit(map, (uint32_t)from);
	}
	free(copy);
	return ok;
}

static bool good_name(const char *s)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+:@-";

	return *s && strlen(s) < SCHED_NAME_LEN && s[strspn(s, letters)] == '\0';
}

static int add_setting(struct options *o, char kind, const char *option, const char *arg)
{
	const char *equals = strchr(arg, '=');
	struct setting *s = &o->setting[o->nr_settings];
	uint64_t n;

	if (!equals || equals == arg || (size_t)(equals - arg) >= sizeof(s->domain))
		return bad_usage(option, arg, kind == 'n' ? "write DOM=NAME" : "write DOM=N");
	if (o->nr_settings == MAX_SETTINGS - 1)
		return bad_usage(option, arg, "too many settings; at most 4095");
	if (kind == 'w' && (!parse_number(equals + 1, CREDIT_MAX_WEIGHT, &n) || n == 0))
		return bad_usage(option, arg, "a weight is a whole number from 1 to 65535");
	if (kind == 'c' && !parse_number(equals + 1, 100 * SCHED_MAX_DOMAIN_VCPUS, &n))
		return bad_usage(option, arg,
				 "a cap is a whole number of percent of one pCPU, 0 for none");
	if (kind == 'n' && !good_name(equals + 1))
		return bad_usage(option, arg, "a name has 1 to 63 letters, digits and _ . + : @ -");
	memcpy(s->domain, arg, (size_t)(equals - arg));
	s->domain[equals - arg] = '\0';
	s->kind = kind;
	s->value = equals + 1;
	o->nr_settings++;
	return CLI_DONE;
}

static int set_wakes(struct options *o, const char *arg)
{
	if (!strcmp(arg, "auto"))
		o->wakes = IMP_WAKES_AUTO;
	else if (!strcmp(arg, "absolute"))
		o->wakes = IMP_WAKES_ABSOLUTE;
	else if (!strcmp(arg, "relative"))
		o->wakes = IMP_WAKES_RELATIVE;
	else
		return bad_usage("--wakes", arg, "is none of auto, absolute, relative");
	return CLI_DONE;
}

static int one_option(struct options *o, int c)
{
	switch (c) {
	case 'o':
		o->out.dir = optarg;
		return CLI_DONE;
	case 'w':
		return add_setting(o, 'w', "--weight", optarg);
	case 'c':
		return add_setting(o, 'c', "--cap", optarg);
	case 'n':
		return add_setting(o, 'n', "--name", optarg);
	case 'C':
		o->some_cpus = true;
		if (!parse_cpus(optarg, o->cpus))
			return bad_usage("--cpus", optarg,
					 "write pCPUs as 1,4-7, each from 0 to 1023");
		return CLI_DONE;
	case '1':
		o->one_pool = true;
		return CLI_DONE;
	case 's':
		if (!good_name(optarg))
			return bad_usage("--sched", optarg, "is not the name of a policy");
		o->out.sched = optarg;
		return CLI_DONE;
	case 'W':
		return set_wakes(o, optarg);
	case 't':
		if (!parse_number(optarg, UINT64_C(10000000000), &o->xen.hz) || o->xen.hz < 1000000)
			return bad_usage(
				"--tsc-hz", optarg,
				"a frequency is a whole number of Hz from 1000000 to 10000000000");
		return CLI_DONE;
	case 'p':
		o->xen.partial = true;
		return CLI_DONE;
	case 'T':
		o->tasks = optarg;
		return CLI_DONE;
	case 'f':
		o->out.force = true;
		return CLI_DONE;
	default: /* getopt has told what is wrong */
		return CLI_USAGE;
	}
}

static int parse_options(int argc, char **argv, struct options *o, bool *help)
{
	static const struct option longopts[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "weight", required_argument, NULL, 'w' },
		{ "cap", required_argument, NULL, 'c' },
		{ "name", required_argument, NULL, 'n' },
		{ "cpus", required_argument, NULL, 'C' },
		{ "one-pool", no_argument, NULL, '1' },
		{ "sched", required_argument, NULL, 's' },
		{ "wakes", required_argument, NULL, 'W' },
		{ "tsc-hz", required_argument, NULL, 't' },
		{ "partial", no_argument, NULL, 'p' },
		{ "tasks", required_argument, NULL, 'T' },
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, rc;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "o:h", longopts, NULL)) != -1) {
		if (c == 'h') {
			*help = true;
			return CLI_DONE;
		}
		rc = one_option(o, c);
		if (rc) {
			if (c == '?')
				fprintf(stderr, "Try `rota trace import --help`.\n");
			return rc;
		}
	}
	if (optind + 1 != argc || !o->out.dir) {
		fprintf(stderr, "rota: trace import: %s; try `rota trace import --help`\n",
			optind >= argc	  ? "no recording given" :
			optind + 1 < argc ? "more than one recording given" :
					    "no directory given (-o DIR)");
		return CLI_USAGE;
	}
	o->file = argv[optind];
	return CLI_DONE;
}

/* A domain by name, or by its number in the recording (Xen's domain id). */
static struct imp_domain *find_domain(struct imp_recording *r, const char *which)
{
	bool is_xen = !strcmp(r->format, "xentrace");
	uint64_t id;

	for (uint32_t i = 0; i < r->nr_domains; i++)
		if (!strcmp(r->domains[i].name, which))
			return &r->domains[i];
	if (!is_xen || !parse_number(which, UINT32_MAX, &id))
		return NULL;
	for (uint32_t i = 0; i < r->nr_domains; i++)
		if (r->domains[i].key == id)
			return &r->domains[i];
	return NULL;
}

static int apply_settings(struct imp_recording *r, const struct options *o)
{
	for (int i = 0; i < o->nr_settings; i++) {
		const struct setting *s = &o->setting[i];
		const char *option = s->kind == 'w' ? "--weight" :
				     s->kind == 'c' ? "--cap" :
						      "--name";
		struct imp_domain *d = find_domain(r, s->domain);

		if (!d) {
			fprintf(stderr, "rota: %s: %s: no domain '%s' in the recording; it has",
				o->file, option, s->domain);
			for (uint32_t j = 0; j < r->nr_domains && j < 20; j++)
				fprintf(stderr, " %s", r->domains[j].name);
			fprintf(stderr, "%s\n", r->nr_domains > 20 ? " ..." : "");
			return CLI_USAGE;
		}
		if (s->kind == 'w')
			d->weight = atoi(s->value);
		else if (s->kind == 'c')
			d->cap = atoi(s->value);
		else if (find_domain(r, s->value) && strcmp(d->name, s->value))
			return bad_usage(option, s->value,
					 "is another domain's name or number already");
		else
			strcpy(d->name, s->value);
		if (s->kind == 'c' && d->cap > 100 * (int)d->nr_vcpus)
			return bad_usage(
				option, s->value,
				"is more than 100 percent for each vCPU the recording shows");
	}
	return CLI_DONE;
}

static void print_domain(const struct imp_recording *r, uint32_t d)
{
	const struct imp_domain *dom = &r->domains[d];
	struct imp_got g = import_got(r, d);

	printf("%-20s %5u %6d %4d  Pool-%-3d %8.2f%% %10.1f %10.1f %10.1f %8" PRIu64 "%s\n",
	       dom->name, dom->nr_vcpus, dom->weight, dom->cap, dom->pool, 100 * g.share,
	       (double)g.run_ns / 1e6, (double)g.runnable_ns / 1e6,
	       (double)(g.blocked_ns + g.offline_ns) / 1e6, g.bursts,
	       g.hogs == dom->nr_vcpus ? "  never blocks" : "");
}

static void print_summary(const struct imp_recording *r, const struct options *o)
{
	static char cpus[6 * SCHED_MAX_PCPUS];

	printf("%s: %s, %" PRIu64 " records over %.3f s, clock: %s\n", o->file, r->format,
	       r->records, (double)r->span_ns / 1e9, r->clock);
	if (r->lost)
		printf("warning: %" PRIu64
		       " records were lost while recording; demand around the gaps is a guess\n",
		       r->lost);
	if (r->partial)
		printf("warning: the file is cut off; imported what precedes\n");
	if (r->grouping[0])
		printf("note: %s\n", r->grouping);
	for (uint32_t i = 0; i < r->nr_pools; i++) {
		const char *sched = r->pools[i].recorded_sched;

		import_format_cpus(r->pools[i].pcpus, cpus, sizeof(cpus));
		printf("Pool-%u: recorded pCPUs %s, %s%s; replays under %s\n", i, cpus,
		       sched ? "recorded under " : "recorded policy unknown", sched ? sched : "",
		       o->out.sched);
	}
	printf("%-20s %5s %6s %4s  %-8s %9s %10s %10s %10s %8s\n", "domain", "vcpus", "weight",
	       "cap", "pool", "share", "run ms", "wait ms", "asleep ms", "bursts");
	for (uint32_t i = 0; i < r->nr_domains; i++)
		print_domain(r, i);
	printf("scenario: %s/%s.yaml\n", o->out.dir, o->out.name);
}

/* Files of the right tools in their own formats: say how to turn them into text. */
static const char *other_format(const unsigned char *head, size_t len)
{
	if (len >= 8 && (!memcmp(head, "PERFILE2", 8) || !memcmp(head, "2ELIFREP", 8)))
		return "is perf's data file; give me its text: perf sched script -i FILE > FILE.txt";
	if (len >= 10 && !memcmp(head, "\x17\x08\x44tracing", 10))
		return "is trace-cmd's data file; give me its text: trace-cmd report FILE > FILE.txt";
	return NULL;
}

static int read_recording(struct imp_recording *r, const struct options *o, FILE *f)
{
	unsigned char head[16];
	size_t len = fread(head, 1, sizeof(head), f);
	const char *other = other_format(head, len);

	if (len == 0)
		return imp_fail(r, -ENODATA, "offset 0: the file is empty");
	if (other)
		return imp_fail(r, -EINVAL, "%s", other);
	if (fseek(f, 0, SEEK_SET))
		return imp_fail(r, -errno,
				"can't be read from its start again; save it to a file first");
	if (import_is_xentrace(head, len))
		return import_xentrace(r, f, &o->xen);
	if (memchr(head, 0, len))
		return imp_fail(
			r, -EINVAL,
			"offset 0: neither an xentrace capture nor the text of perf or ftrace");
	return import_linux(r, f, o->tasks);
}

static FILE *open_file(struct imp_recording *r)
{
	FILE *f = fopen(r->path, "rb");
	struct stat st;

	if (!f) {
		imp_fail(r, -errno, "can't open it: %s", strerror(errno));
	} else if (!fstat(fileno(f), &st) && S_ISDIR(st.st_mode)) {
		imp_fail(r, -EISDIR, "is a directory; give a recording");
		fclose(f);
		return NULL;
	}
	return f;
}

/* The scenario is called as the file is, less its ending and what a name may not hold. */
static void scenario_name(const char *path, char *out, size_t room)
{
	const char *base = strrchr(path, '/');
	char *dot;
	size_t n = 0;

	for (base = base ? base + 1 : path; *base && n + 1 < room; base++, n++)
		out[n] = isalnum((unsigned char)*base) || strchr("_.+-", *base) ? *base : '_';
	out[n] = '\0';
	dot = strrchr(out, '.');
	if (dot && dot > out)
		*dot = '\0';
}

static int run_import(struct imp_recording *r, struct options *o)
{
	FILE *f = open_file(r);
	int rc;

	if (!f)
		return CLI_FAILED;
	rc = read_recording(r, o, f);
	fclose(f);
	if (!rc)
		rc = import_rebuild(r, o->wakes);
	if (!rc)
		rc = import_domains(r, o->some_cpus ? o->cpus : NULL, o->one_pool);
	if (rc)
		return CLI_FAILED;
	rc = apply_settings(r, o);
	if (rc)
		return rc;
	if (import_write(r, &o->out))
		return CLI_FAILED;
	print_summary(r, o);
	return CLI_DONE;
}

static int trace_import(int argc, char **argv)
{
	struct options o = { .out = { .sched = "credit" } };
	char name[SCHED_NAME_LEN];
	struct imp_recording *r;
	bool help = false;
	int rc;

	o.setting = calloc(MAX_SETTINGS, sizeof(*o.setting));
	if (!o.setting) {
		fprintf(stderr, "rota: out of memory\n");
		return CLI_FAILED;
	}
	rc = parse_options(argc, argv, &o, &help);
	if (rc || help) {
		free(o.setting);
		if (help)
			fputs(usage, stdout);
		return rc;
	}
	scenario_name(o.file, name, sizeof(name));
	o.out.name = name;
	r = imp_new(o.file);
	if (r) {
		rc = run_import(r, &o);
		if (rc && r->err[0])
			fprintf(stderr, "rota: %s\n", r->err);
	} else {
		fprintf(stderr, "rota: out of memory\n");
		rc = CLI_FAILED;
	}
	imp_free(r);
	free(o.setting);
	return rc;
}

int cmd_trace(int argc, char **argv)
{
	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	if (argc >= 2 && !strcmp(argv[1], "dump"))
		return trace_dump_command(argc - 1, argv + 1);
	if (argc >= 2 && !strcmp(argv[1], "import"))
		return trace_import(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "rota: trace: no command '%s'; there are import and dump\n",
			argv[1]);
	else
		fputs(usage, stderr);
	return CLI_USAGE;
}
