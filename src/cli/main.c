/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rota: finds the family of verbs and hands over. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} families[] = {
	{ "analyze", cmd_analyze, "what budgets task sets need, and whether pCPUs can guarantee them" },
	{ "sim", cmd_sim, "run, check and list scenarios on the simulated host" },
	{ "taskset", cmd_taskset, "draw random task sets" },
	{ "trace", cmd_trace, "import recordings of real hosts, read and convert traces" },
	{ "symbols", cmd_symbols, "what a guest kernel was doing, by instruction pointer" },
	{ "host", cmd_host, "start, stop and look at the live host: this machine's KVM virtual machines" },
	{ "list", cmd_list, "the host's domains" },
	{ "vcpu-list", cmd_vcpu_list, "their vCPUs" },
	{ "domid", cmd_domid, "a domain's id" },
	{ "domname", cmd_domname, "a domain's name" },
	{ "uptime", cmd_uptime, "how long domains have been there" },
	{ "vcpu-pin", cmd_vcpu_pin, "which CPUs a vCPU may use, and prefers" },
	{ "vcpu-set", cmd_vcpu_set, "how many vCPUs of a domain are plugged in" },
	{ "create", cmd_create, "create a domain from a config file" },
	{ "destroy", cmd_destroy, "terminate a domain" },
	{ "pause", cmd_pause, "pause a domain" },
	{ "unpause", cmd_unpause, "let it run again" },
	{ "rename", cmd_rename, "rename a domain" },
	{ "cpupool-list", cmd_cpupool_list, "the cpupools" },
	{ "cpupool-create", cmd_cpupool_create, "create a cpupool" },
	{ "cpupool-destroy", cmd_cpupool_destroy, "remove a cpupool" },
	{ "cpupool-rename", cmd_cpupool_rename, "rename a cpupool" },
	{ "cpupool-cpu-add", cmd_cpupool_cpu_add, "add CPUs to a cpupool" },
	{ "cpupool-cpu-remove", cmd_cpupool_cpu_remove, "remove CPUs from a cpupool" },
	{ "cpupool-migrate", cmd_cpupool_migrate, "move a domain into a cpupool" },
	{ "cpupool-numa-split", cmd_cpupool_numa_split, "one cpupool per NUMA node" },
	{ "sdom", cmd_sdom, "account domains to another one: scheduling domains" },
	{ "turns", cmd_turns, "help for guests that wait for a preempted vCPU: lending, grace, co-boosting" },
	{ "libvirt", cmd_libvirt, "take a VM's settings from libvirt's domain XML: its hook calls this" },
	{ "sched-credit", cmd_sched_credit, "get or set weights, caps and the credit scheduler's parameters" },
	{ "sched-credit2", cmd_sched_credit2, "the same of credit2" },
	{ "sched-rtds", cmd_sched_rtds, "get or set rtds parameters" },
	{ "sched-rtxen", cmd_sched_rtxen, "get or set rtxen parameters" },
	{ "sched-sedf", cmd_sched_sedf, "get or set sedf parameters" },
	{ "sched-arinc653", cmd_sched_arinc653, "get or set an arinc653 pool's table" },
	{ "debug-keys", cmd_debug_keys, "the state of the schedulers" },
	{ "top", cmd_top, "who uses the CPUs, again and again" },
	{ "info", cmd_info, "about the host" },
	{ "step", cmd_step, "let time pass on a simulated host" },
	{ "speed", cmd_speed, "how fast its time runs" },
};

#define NR_FAMILIES (sizeof(families) / sizeof(families[0]))

static void usage(FILE *out)
{
	fprintf(out, "Usage: rota COMMAND [ARGUMENT...]\n\n"
		     "Xen's CPU schedulers, for a simulated host and for KVM virtual machines.\n\n"
		     "Commands:\n");
	for (size_t i = 0; i < NR_FAMILIES; i++)
		fprintf(out, "  %-18s %s\n", families[i].name, families[i].help);
	fprintf(out, "\n  -h, --help     this text; `rota COMMAND --help` tells more\n"
		     "  -V, --version  the version\n");
}

static bool is_version(const char *word)
{
	return !strcmp(word, "-V") || !strcmp(word, "--version");
}

/* What was written to standard output must have got there for a command to have succeeded. */
static int finish(int ret)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return ret;
	if (ret == CLI_DONE && errno != EPIPE)
		fprintf(stderr, "rota: can't write to standard output: %s\n", strerror(errno ? errno : EIO));
	return ret == CLI_DONE ? CLI_FAILED : ret;
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	if (argc >= 3 && !strcmp(argv[1], "help")) { /* rota help sim */
		char *swapped[] = { argv[0], argv[2], (char[]){ "--help" }, NULL };

		return run(3, swapped);
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return CLI_DONE;
	}
	/* rota --version, rota sim --version, rota sim run --version */
	for (int i = 1; i < argc && i < 4; i++) {
		if (is_version(argv[i])) {
			printf("rota %s\n", ROTA_VERSION);
			return CLI_DONE;
		}
		if (*argv[i] == '-')
			break;
	}
	for (size_t i = 0; i < NR_FAMILIES; i++)
		if (!strcmp(argv[1], families[i].name))
			return families[i].run(argc - 1, argv + 1);
	fprintf(stderr, "rota: there is no command or option '%s'; `rota --help` lists them\n", argv[1]);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	return finish(run(argc, argv));
}
