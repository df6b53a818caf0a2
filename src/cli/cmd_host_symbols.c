// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota host symbols`: the live host is told what a VM's kernel is, so that it knows what its vCPUs were doing. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/cmd_host.h"
#include "control/symbols_json.h"
#include "symbols/symbols.h"

static const char usage[] =
	"Usage: rota host symbols -d DOMAIN FILE [--slide N] [--rules FILE] [--kernel N.N]\n"
	"       rota host symbols -d DOMAIN --off\n"
	"\n"
	"FILE is the System.map, a vmlinux or /proc/kallsyms of the kernel that the VM runs. From then on turns\n"
	"(`rota turns`) go by what its vCPUs are doing. It lasts as long as the VM; `rota turns` tells when it counts.\n"
	"\n"
	"  -d, --domain=DOMAIN  the VM, by name or id\n"
	"      --slide N        how far KASLR moved its kernel (hexadecimal); unless given, it is found out when the VM\n"
	"                       next halts\n"
	"      --rules FILE     these rules instead of the shipped ones: `rota symbols --help`\n"
	"      --kernel N.N     the kernel's version, when neither FILE nor its name tells it\n"
	"      --off            forget the table\n"
	"  -h, --help           this text\n";

struct symbol_options {
	const char *domain, *rules, *file;
	uint16_t kernel;
	bool off, slide_known, help;
	u64 slide;
};

enum { OPT_SLIDE = 256, OPT_RULES, OPT_KERNEL, OPT_OFF };

static bool take(struct symbol_options *o, int c)
{
	char *end;

	switch (c) {
	case 'd':
		o->domain = optarg;
		return true;
	case OPT_SLIDE:
		o->slide = strtoull(optarg, &end, 16);
		o->slide_known = true;
		if (*optarg && *optarg != '-' && !*end)
			return true;
		fprintf(stderr, "rota: host symbols: --slide '%s' is no hexadecimal number\n", optarg);
		return false;
	case OPT_RULES:
		o->rules = optarg;
		return true;
	case OPT_KERNEL:
		o->kernel = kernel_version_parse(optarg);
		if (o->kernel)
			return true;
		fprintf(stderr, "rota: host symbols: --kernel '%s' is no version such as 6.1\n", optarg);
		return false;
	case OPT_OFF:
		o->off = true;
		return true;
	case 'h':
		o->help = true;
		return true;
	default: /* getopt has told what is wrong */
		return false;
	}
}

static bool parse(struct symbol_options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "domain", required_argument, NULL, 'd' },
		{ "slide", required_argument, NULL, OPT_SLIDE },
		{ "rules", required_argument, NULL, OPT_RULES },
		{ "kernel", required_argument, NULL, OPT_KERNEL },
		{ "off", no_argument, NULL, OPT_OFF },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "d:h", options, NULL)) != -1)
		if (!take(o, c))
			return false;
	if (o->help)
		return true;
	if (optind < argc)
		o->file = argv[optind++];
	if (o->domain && !o->file == o->off && optind == argc)
		return true;
	fprintf(stderr, "rota: host symbols: it is -d DOMAIN, and one FILE or --off\n");
	return false;
}

/* The table of the file as a request has it; NULL: said. */
static json_t *table_of(const struct symbol_options *o)
{
	const char *path = o->rules ? o->rules : symbol_rules_shipped();
	struct symbol_rules *rules = NULL;
	struct symbol_kernel kernel;
	json_t *table = NULL;
	char err[1024] = "can't find the rules that come with rota; give some with --rules, or set ROTA_SYMBOL_RULES";

	if (path)
		rules = symbol_rules_load(path, NULL, err, sizeof(err));
	if (rules && symbol_kernel_open(&kernel, o->file, rules, o->kernel, err, sizeof(err))) {
		if (!symbol_set_slide(kernel.table, o->slide))
			table = symbols_write(kernel.table, o->slide_known);
		else
			snprintf(err, sizeof(err),
				 "--slide %llx: a kernel moves by multiples of 2 MiB, less than 1 GiB",
				 (unsigned long long)o->slide);
		symbol_kernel_close(&kernel);
	}
	symbol_rules_free(rules);
	if (!table)
		ask_failed("host symbols", "%s", err);
	return table;
}

int cmd_host_symbols(int argc, char **argv)
{
	struct symbol_options o = { 0 };
	json_t *table;

	if (!parse(&o, argc, argv)) {
		fprintf(stderr, "`rota host symbols --help` tells how\n");
		return CLI_USAGE;
	}
	if (o.help) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	table = o.off ? NULL : table_of(&o);
	if (!o.off && !table)
		return CLI_FAILED;
	return ask_done("host symbols",
			json_pack("{ss ss so*}", "verb", "symbols-set", "domain", o.domain, "table", table));
}
