/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `rota symbols`: guest kernels' functions, classified for the scheduler.
 *
 *	classify   how the rules fare against a kernel: classes, rules that should match and don't,
 *	           ambiguities
 *	lookup     what is at an instruction pointer
 *	show       the classified functions of a kernel; without one, the classes
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd_symbols.h"
#include "trace/outfile.h"

static const char usage[] =
	"Usage: rota symbols classify FILE... [OPTION...]\n"
	"       rota symbols lookup FILE ADDRESS... [OPTION...]\n"
	"       rota symbols show [FILE [NAME...]] [OPTION...]\n"
	"\n"
	"FILE is a kernel's System.map, a vmlinux (ELF), or /proc/kallsyms.\n"
	"\n"
	"classify  what the rules make of each FILE: functions by class, rules that match nothing though this\n"
	"          version should have it, symbols that rules disagree about\n"
	"lookup    name and class of what is at each ADDRESS (hexadecimal); - reads them from standard input\n"
	"show      the classified functions, NAME (with * and ?) only those; without FILE, the classes\n"
	"\n"
	"      --rules FILE    these rules instead of the shipped ones (data/symbols.rules)\n"
	"      --add FILE      rules that are put before the others, so that they decide\n"
	"      --kernel N.N    the kernel's version, when neither FILE nor its name tells it\n"
	"  -v, --verbose       classify: every rule, not only those to look at\n"
	"      --table         classify: all FILEs side by side, as a table of Markdown\n"
	"      --strict        classify: fail when a rule is missing, shadowed or matches outside its kernels\n"
	"  -o, --output FILE   classify: the System.map with only what the rules match; gives the same table\n"
	"      --slide N       lookup: how far KASLR moved the kernel (hexadecimal)\n"
	"      --lstar N       lookup: the same from the guest's MSR_LSTAR (hexadecimal)\n"
	"      --class CLASS   show: only this class\n"
	"  -h, --help          this text\n"
	"\n"
	"Example: rota symbols classify /usr/lib/debug/boot/System.map-6.1.0-56-amd64\n";

struct options {
	const char *rules, *output, *class;
	const char *add[16];
	int nr_add, class_id;
	bool table, strict, verbose, help, has_slide, has_lstar;
	uint16_t kernel;
	uint64_t slide, lstar;
};

static int bad_usage(const char *option, const char *value, const char *what)
{
	fprintf(stderr, "rota: symbols: %s %s: %s\n", option, value, what);
	return CLI_USAGE;
}

static bool parse_hex(const char *s, uint64_t *out)
{
	char *end;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		s += 2;
	if (!*s || strlen(s) > 16 || strspn(s, "0123456789abcdefABCDEF") != strlen(s))
		return false;
	*out = strtoull(s, &end, 16);
	return !*end;
}

static struct symbol_rules *load_rules(const struct options *o)
{
	const char *path = o->rules ? o->rules : symbol_rules_shipped();
	struct symbol_rules *rules, *more;
	char err[1024];

	if (!path) {
		fprintf(stderr,
			"rota: symbols: can't find the rules that come with rota; give some with --rules, or set ROTA_SYMBOL_RULES\n");
		return NULL;
	}
	rules = symbol_rules_load(path, NULL, err, sizeof(err));
	/* From the last to the first: what was given first comes first. */
	for (int i = o->nr_add - 1; rules && i >= 0; i--) {
		more = symbol_rules_load(o->add[i], rules, err, sizeof(err));
		if (!more)
			symbol_rules_free(rules);
		rules = more;
	}
	if (!rules)
		fprintf(stderr, "rota: %s\n", err);
	return rules;
}

static bool open_kernel(struct symbol_kernel *k, const char *path, const struct options *o,
			const struct symbol_rules *rules)
{
	char err[1024];

	if (symbol_kernel_open(k, path, rules, o->kernel, err, sizeof(err)))
		return true;
	fprintf(stderr, "rota: %s\n", err);
	return false;
}

static int write_reduced(const struct symbol_kernel *k, const char *path)
{
	char err[1024];
	struct outfile f;

	if (outfile_open(&f, path, err, sizeof(err))) {
		fprintf(stderr, "rota: %s\n", err);
		return CLI_FAILED;
	}
	symbols_write_map(k->classes, f.f);
	if (outfile_close(&f, err, sizeof(err))) {
		fprintf(stderr, "rota: %s\n", err);
		return CLI_FAILED;
	}
	return CLI_DONE;
}

static int classify(const struct options *o, const struct symbol_rules *rules, char **files, int nr)
{
	struct symbol_kernel *k = calloc((size_t)nr, sizeof(*k));
	int ret = CLI_DONE, open = 0;

	if (!k) {
		fprintf(stderr, "rota: symbols: out of memory\n");
		return CLI_FAILED;
	}
	for (; ret == CLI_DONE && open < nr; open++)
		if (!open_kernel(&k[open], files[open], o, rules))
			ret = CLI_FAILED;
	if (ret == CLI_DONE && o->output)
		ret = write_reduced(&k[0], o->output);
	else if (ret == CLI_DONE && o->table)
		symbols_print_table(k, nr);
	else if (ret == CLI_DONE)
		for (int i = 0; i < nr; i++)
			symbols_print_coverage(&k[i], o->verbose, i > 0);
	for (int i = 0; ret == CLI_DONE && o->strict && i < nr; i++) {
		const uint32_t *states = k[i].classes->states;
		uint32_t bad = states[RULE_MISSING] + states[RULE_SHADOWED] + states[RULE_EARLY_LATE];

		if (bad) {
			fprintf(stderr, "rota: %s: %u rules don't fit this kernel; the list above has their lines\n",
				files[i], bad);
			ret = CLI_FAILED;
		}
	}
	while (open)
		symbol_kernel_close(&k[--open]);
	free(k);
	return ret;
}

static void print_address(const struct symbol_kernel *k, uint64_t ip)
{
	struct symbol_table *t = k->table;
	uint32_t class = symbol_class_at(t, ip);
	const char *use = symbol_waits(class) && symbol_critical(class) ? "waits, critical" :
			  symbol_waits(class)				? "waits" :
			  symbol_critical(class)			? "critical" :
									  "-";
	int64_t i = kmap_at(k->map, ip - t->slide);

	printf("%016" PRIx64 "  %-11s  %-15s  ", ip, symbol_class_name(class), use);
	if (i < 0)
		printf("- (%s)\n", (int64_t)ip >= 0 ? "user mode" : "not in the kernel's text");
	else
		printf("%s+0x%" PRIx64 "\n", k->map->symbol[i].name, ip - t->slide - k->map->symbol[i].address);
}

static int lookup_stdin(const struct symbol_kernel *k)
{
	unsigned int line = 0;
	char *text = NULL;
	size_t room = 0;
	int ret = CLI_DONE;
	uint64_t ip;

	while (ret == CLI_DONE && getline(&text, &room, stdin) >= 0) {
		line++;
		text[strcspn(text, "\n")] = '\0';
		if (parse_hex(text, &ip)) {
			print_address(k, ip);
		} else {
			fprintf(stderr, "rota: -:%u: ADDRESS: is not one hexadecimal address; write one a line\n",
				line);
			ret = CLI_FAILED;
		}
	}
	free(text);
	return ret;
}

static int lookup(const struct options *o, const struct symbol_rules *rules, char **words, int nr)
{
	struct symbol_kernel k;
	int ret = CLI_DONE;
	uint64_t ip;

	for (int i = 1; i < nr; i++)
		if (strcmp(words[i], "-") && !parse_hex(words[i], &ip))
			return bad_usage("ADDRESS", words[i], "an address is up to 16 hexadecimal digits");
	if (!open_kernel(&k, words[0], o, rules))
		return CLI_FAILED;
	if (o->has_slide && symbol_set_slide(k.table, o->slide)) {
		fprintf(stderr,
			"rota: symbols: --slide %" PRIx64
			": KASLR moves a kernel by a multiple of 2 MiB (200000), and less than 1 GiB\n",
			o->slide);
		ret = CLI_USAGE;
	}
	if (o->has_lstar) {
		static const char unknown[] = "the map has neither entry_SYSCALL_64 nor system_call; use --slide";
		static const char wrong[] =
			"is not this kernel's system call entry, wherever KASLR moved it; is it another kernel?";
		int error = symbol_slide_from_lstar(k.table, o->lstar);

		if (error) {
			fprintf(stderr, "rota: symbols: --lstar %" PRIx64 ": %s\n", o->lstar,
				error == -SCHED_ENOENT ? unknown : wrong);
			ret = CLI_FAILED;
		}
	}
	for (int i = 1; ret == CLI_DONE && i < nr; i++) {
		if (!strcmp(words[i], "-"))
			ret = lookup_stdin(&k);
		else if (parse_hex(words[i], &ip))
			print_address(&k, ip);
	}
	symbol_kernel_close(&k);
	return ret;
}

static int show(const struct options *o, const struct symbol_rules *rules, char **words, int nr)
{
	struct symbol_kernel k;
	int ret;

	if (!nr) {
		symbols_print_classes(rules);
		return CLI_DONE;
	}
	if (!open_kernel(&k, words[0], o, rules))
		return CLI_FAILED;
	ret = symbols_print_functions(&k, o->class ? o->class_id : -1, words + 1, nr - 1);
	symbol_kernel_close(&k);
	return ret;
}

static int one_option(struct options *o, int c)
{
	switch (c) {
	case 'r':
		o->rules = optarg;
		return CLI_DONE;
	case 'a':
		if (o->nr_add == (int)(sizeof(o->add) / sizeof(o->add[0])))
			return bad_usage("--add", optarg, "too many; at most 16");
		o->add[o->nr_add++] = optarg;
		return CLI_DONE;
	case 'k':
		o->kernel = kernel_version_parse(optarg);
		return o->kernel ? CLI_DONE : bad_usage("--kernel", optarg, "write a version as 6.1");
	case 'v':
		o->verbose = true;
		return CLI_DONE;
	case 't':
		o->table = true;
		return CLI_DONE;
	case 'S':
		o->strict = true;
		return CLI_DONE;
	case 'o':
		o->output = optarg;
		return CLI_DONE;
	case 's':
		o->has_slide = true;
		return parse_hex(optarg, &o->slide) ? CLI_DONE :
						      bad_usage("--slide", optarg, "is not a hexadecimal number");
	case 'l':
		o->has_lstar = true;
		return parse_hex(optarg, &o->lstar) ? CLI_DONE :
						      bad_usage("--lstar", optarg, "is not a hexadecimal number");
	case 'c':
		o->class = optarg;
		o->class_id = symbol_class_parse(optarg, strlen(optarg));
		return o->class_id >= 0 ? CLI_DONE :
					  bad_usage("--class", optarg, "is no class; `rota symbols show` lists them");
	case 'h':
		o->help = true;
		return CLI_DONE;
	default: /* getopt has told what is wrong */
		fprintf(stderr, "Try `rota symbols --help`.\n");
		return CLI_USAGE;
	}
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "rules", required_argument, NULL, 'r' },  { "add", required_argument, NULL, 'a' },
		{ "kernel", required_argument, NULL, 'k' }, { "verbose", no_argument, NULL, 'v' },
		{ "table", no_argument, NULL, 't' },	    { "strict", no_argument, NULL, 'S' },
		{ "output", required_argument, NULL, 'o' }, { "slide", required_argument, NULL, 's' },
		{ "lstar", required_argument, NULL, 'l' },  { "class", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },	    { NULL, 0, NULL, 0 },
	};
	int c, ret = CLI_DONE;

	optind = 0; /* glibc: start anew */
	while (ret == CLI_DONE && !o->help && (c = getopt_long(argc, argv, "vo:h", longopts, NULL)) != -1)
		ret = one_option(o, c);
	if (ret == CLI_DONE && o->has_slide && o->has_lstar) {
		fprintf(stderr, "rota: symbols: give --slide or --lstar, not both\n");
		ret = CLI_USAGE;
	}
	return ret;
}

int cmd_symbols(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct options *o, const struct symbol_rules *rules, char **words, int nr);
		int least;
		const char *needs;
	} verbs[] = {
		{ "classify", classify, 1, "a FILE" },
		{ "lookup", lookup, 2, "a FILE and an ADDRESS" },
		{ "show", show, 0, "" },
	};
	struct options o = { 0 };
	struct symbol_rules *rules;
	int ret, nr;

	if (argc < 2 || !strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		fputs(usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? CLI_USAGE : CLI_DONE;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		ret = parse_options(argc - 1, argv + 1, &o);
		if (ret != CLI_DONE)
			return ret;
		if (o.help) {
			fputs(usage, stdout);
			return CLI_DONE;
		}
		nr = argc - 1 - optind;
		if (nr < verbs[i].least) {
			fprintf(stderr, "rota: symbols %s: needs %s; try `rota symbols --help`\n", verbs[i].name,
				verbs[i].needs);
			return CLI_USAGE;
		}
		if (o.output && nr != 1)
			return bad_usage("--output", o.output, "takes one FILE");
		rules = load_rules(&o);
		if (!rules)
			return CLI_FAILED;
		ret = verbs[i].run(&o, rules, argv + 1 + optind, nr);
		symbol_rules_free(rules);
		return ret;
	}
	fprintf(stderr, "rota: symbols: there is no '%s'; it is classify, lookup or show\n", argv[1]);
	return CLI_USAGE;
}
