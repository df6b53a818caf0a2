/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: who a VM is by its process: names of QEMU, libvirt, Firecracker and nobody in particular; weight and cap
 * from cgroup v2 as systemd and libvirt write them; topology of hosts with SMT, NUMA, and CPUs that are off line.
 * Made-up /proc and
 * /sys below $ROTA_ROOT.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "kvm/files.h"
#include "kvm/topology.h"
#include "kvm/vmm.h"

static char root[256];

/* A file below the root, its folders made. */
static void put(const char *path, const char *text, size_t len)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *s = full + strlen(root) + 1; (s = strchr(s, '/')); s++) {
		*s = '\0';
		assert_true(!mkdir(full, 0755) || errno == EEXIST);
		*s = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static int fresh_root(void **state)
{
	const char *tmp = getenv("TEST_TMP");

	(void)state;
	snprintf(root, sizeof(root), "%s/rota-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(root));
	return setenv("ROTA_ROOT", root, 1);
}

static int remove_root(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

#define CMDLINE(text) put("/proc/7/cmdline", text, sizeof(text))

static const char *name_now(void)
{
	static struct vmm vmm;

	vmm_read(&vmm, 7);
	return vmm.name;
}

static void test_names(void **state)
{
	(void)state;
	CMDLINE("/usr/bin/qemu-system-x86_64\0-name\0web\0-smp\0"
		"2");
	assert_string_equal(name_now(), "web");
	CMDLINE("qemu\0-name\0guest=db,debug-threads=on\0-S");
	assert_string_equal(name_now(), "db");
	CMDLINE("qemu\0--name\0debug-threads=on,guest=db two");
	assert_string_equal(name_now(), "db_two");
	CMDLINE("qemu\0-name\0a,,b,process=x");
	assert_string_equal(name_now(), "a,b");
	CMDLINE("firecracker\0--id\0"
		"551e7604");
	assert_string_equal(name_now(), "551e7604");
	CMDLINE("crosvm\0run\0--name=droid");
	assert_string_equal(name_now(), "droid");
	/* Too long, and with letters that would spoil a terminal. */
	CMDLINE("qemu\0-name\0\033[2J3456789012345678901234567890123456789012345678901234567890123456789");
	assert_int_equal(strlen(name_now()), LIVE_NAME_LEN - 1);
	assert_memory_equal(name_now(), "_[2J34", 6);
	/* An option without a value, no name at all, an empty one. */
	CMDLINE("qemu\0-m\0"
		"1G\0-name");
	assert_string_equal(name_now(), "vm-7");
	CMDLINE("qemu\0-name\0");
	assert_string_equal(name_now(), "vm-7");
	CMDLINE("qemu\0-name\0guest=");
	assert_string_equal(name_now(), "vm-7");
	/* libvirt's scope tells when the command line does not. */
	put_text("/proc/7/cgroup", "0::/machine.slice/machine-qemu\\x2d12\\x2dmail\\x2dtwo.scope/libvirt/emulator\n");
	assert_string_equal(name_now(), "mail-two");
	put_text("/proc/7/cgroup", "1:cpu:/x\n0::/machine.slice/machine-other.scope\n");
	assert_string_equal(name_now(), "other");
	put_text("/proc/7/cgroup", "0::/user.slice/session-1.scope\n");
	assert_string_equal(name_now(), "vm-7");
}

static void test_weight_and_cap(void **state)
{
	struct vmm vmm;

	(void)state;
	vmm_read(&vmm, 7);
	assert_int_equal(vmm.weight, 256);
	assert_int_equal(vmm.cap, 0);

	put_text("/proc/7/cgroup", "0::/vms/a\n");
	put_text("/sys/fs/cgroup/vms/cpu.weight", "10000\n"); /* holds other things too: not the VM's */
	put_text("/sys/fs/cgroup/vms/cpu.max", "1000 100000\n");
	put_text("/sys/fs/cgroup/vms/a/cpu.weight", "300\n");
	put_text("/sys/fs/cgroup/vms/a/cpu.max", "150000 100000\n");
	vmm_read(&vmm, 7);
	assert_int_equal(vmm.weight, 768);
	assert_int_equal(vmm.cap, 150);

	put_text("/sys/fs/cgroup/vms/a/cpu.weight", "1\n");
	put_text("/sys/fs/cgroup/vms/a/cpu.max", "max 100000\n");
	vmm_read(&vmm, 7);
	assert_int_equal(vmm.weight, 2);
	assert_int_equal(vmm.cap, 0);

	put_text("/sys/fs/cgroup/vms/a/cpu.weight", "10000\n");
	put_text("/sys/fs/cgroup/vms/a/cpu.max", "1000 1000000\n"); /* a thousandth: a cap of 0 would be none */
	vmm_read(&vmm, 7);
	assert_int_equal(vmm.weight, 25600);
	assert_int_equal(vmm.cap, 1);
}

static void test_libvirt_cgroups(void **state)
{
	const char *scope = "/sys/fs/cgroup/machine.slice/machine-qemu.scope";
	char path[256];
	struct vmm vmm;

	(void)state;
	put_text("/proc/7/cgroup", "0::/machine.slice/machine-qemu.scope/libvirt/emulator\n");
	snprintf(path, sizeof(path), "%s/cpu.weight", scope);
	put_text(path, "200\n");
	snprintf(path, sizeof(path), "%s/libvirt/cpu.weight", scope);
	put_text(path, "100\n");
	snprintf(path, sizeof(path), "%s/libvirt/emulator/cpu.weight", scope);
	put_text(path, "7000\n");
	vmm_read(&vmm, 7);
	assert_int_equal(vmm.weight, 512);
	assert_int_equal(vmm.cap, 0);

	/* <quota>: each of two vCPUs half a pCPU, a third not limited. */
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/libvirt/vcpu%d/cpu.max", scope, i);
		put_text(path, i < 2 ? "50000 100000\n" : "max 100000\n");
	}
	vmm_read(&vmm, 7);
	assert_int_equal(vmm.cap, 200);
	/* <global_quota> below that. */
	snprintf(path, sizeof(path), "%s/libvirt/cpu.max", scope);
	put_text(path, "120000 100000\n");
	vmm_read(&vmm, 7);
	assert_int_equal(vmm.cap, 120);
}

static void test_started(void **state)
{
	(void)state;
	put_text("/proc/7/stat", "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 9 10\n");
	assert_int_equal(vmm_started(7), 4711);
	put_text("/proc/7/stat", "7 (x");
	assert_int_equal(vmm_started(7), 0);
	assert_int_equal(vmm_started(8), 0);
}

static void test_topology(void **state)
{
	struct topology *t = malloc(sizeof(*t));
	char error[LIVE_ERROR_LEN];

	(void)state;
	assert_true(topology_read(t, error) < 0);
	/* Two cores of two threads on two nodes numbered 0 and 4; CPU 5 possible, off line. */
	put_text("/sys/devices/system/cpu/possible", "0-5\n");
	put_text("/sys/devices/system/cpu/online", "0-4\n");
	put_text("/sys/devices/system/cpu/cpu0/topology/core_cpus_list", "0,2\n");
	put_text("/sys/devices/system/cpu/cpu2/topology/core_cpus_list", "0,2\n");
	put_text("/sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1,3\n");
	put_text("/sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "1,3\n");
	put_text("/sys/devices/system/node/online", "0,2,4\n");
	put_text("/sys/devices/system/node/node0/cpulist", "0,2\n");
	put_text("/sys/devices/system/node/node2/cpulist", "\n");
	put_text("/sys/devices/system/node/node4/cpulist", "1,3-4\n");
	assert_int_equal(topology_read(t, error), 0);
	assert_int_equal(t->nr_cpus, 6);
	assert_int_equal(t->nr_online, 5);
	assert_int_equal(t->nr_cores, 4);
	assert_int_equal(t->nr_nodes, 2);
	assert_int_equal(t->threads_per_core, 2);
	assert_int_equal(t->core_of[2], t->core_of[0]);
	assert_int_equal(t->core_of[3], t->core_of[1]);
	assert_int_not_equal(t->core_of[4], t->core_of[5]);
	assert_int_equal(t->node_of[2], 0);
	assert_int_equal(t->node_of[4], 1);
	assert_false(topology_online(t, 5));

	put_text("/sys/devices/system/cpu/possible", "0-1024\n");
	assert_int_equal(topology_read(t, error), -E2BIG);
	assert_non_null(strstr(error, "1025 CPUs"));
	for (const char **list = (const char *[]){ "", "x", "3-", "3-1", "0,,1", "0,", "0-99999999999999999999", NULL };
	     *list; list++) {
		put_text("/sys/devices/system/cpu/possible", *list);
		assert_true(topology_read(t, error) < 0);
	}
	free(t);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh_root, remove_root)
	const struct CMUnitTest tests[] = {
		TEST(test_names),   TEST(test_weight_and_cap), TEST(test_libvirt_cgroups),
		TEST(test_started), TEST(test_topology),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
