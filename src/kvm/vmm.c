// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who a VM is, by its process.
 *
 * Name: what the VMM was told on its command line (QEMU's -name, which libvirt gives too; crosvm's --name;
 * Firecracker's --id), else the machine's systemd scope (machine-qemu\x2d1\x2dweb.scope: libvirt's driver, number and
 * name), else its pid.
 *
 * Weight and cap: cgroup v2's cpu.weight and cpu.max are what operators, systemd and libvirt's <cputune> set. 100, the
 * default of cpu.weight, is Xen's 256. libvirt puts a VM's threads into children (emulator, vcpu0, ...) of the scope,
 * or of a "libvirt" below it: those levels are the VM's; what lies above holds other things as well. vCPUs with quotas
 * of their own (<quota>) add up.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/files.h"
#include "kvm/vmm.h"

#define CGROUP_WEIGHT_DEFAULT 100
#define WEIGHT_DEFAULT 256

/* Letters that would spoil a table or a terminal are replaced. */
static bool name_set(char *name, const char *from, size_t len)
{
	size_t n = 0;

	for (; n < len && n < LIVE_NAME_LEN - 1 && from[n]; n++)
		name[n] = (unsigned char)from[n] <= ' ' || from[n] == 0x7f ? '_' : from[n];
	name[n] = '\0';
	return n > 0;
}

/* QEMU: "web", "guest=web,debug-threads=on", "web,process=x"; a comma in the name is written twice. */
static bool name_from_qemu(char *name, const char *arg)
{
	char plain[LIVE_NAME_LEN];
	size_t n = 0;

	for (bool first = true; *arg; first = false) {
		bool guest = !strncmp(arg, "guest=", 6);
		const char *at = guest ? arg + 6 : arg;

		for (n = 0; *at && (*at != ',' || at[1] == ','); at++) {
			at += *at == ',';
			if (n < sizeof(plain))
				plain[n++] = *at;
		}
		if (guest || (first && !memchr(plain, '=', n)))
			return name_set(name, plain, n);
		arg = *at ? at + 1 : at;
	}
	return false;
}

static bool name_from_cmdline(char *name, const char *args, int len)
{
	const char *end = args + len;

	for (const char *arg = args; arg < end; arg += strlen(arg) + 1) {
		const char *value = arg + strlen(arg) + 1;
		const char *dashless = arg + strspn(arg, "-");

		if (dashless == arg || dashless - arg > 2)
			continue;
		if (!strncmp(dashless, "name=", 5) && name_from_qemu(name, dashless + 5))
			return true;
		if (value >= end)
			return false;
		if (!strcmp(dashless, "name"))
			return name_from_qemu(name, value);
		if (!strcmp(arg, "--id"))
			return name_set(name, value, strlen(value));
	}
	return false;
}

/* systemd writes "-" within a name as \x2d, and other letters likewise. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] == 'x' && isxdigit((unsigned char)s[2]) && isxdigit((unsigned char)s[3])) {
			char hex[3] = { s[2], s[3], 0 };

			*to++ = (char)strtol(hex, NULL, 16);
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* ".../machine-qemu\x2d1\x2dweb.scope/libvirt/emulator" */
static bool name_from_cgroup(char *name, const char *cgroup)
{
	char scope[PATH_MAX];
	const char *at = strstr(cgroup, "/machine-"), *end = at ? strstr(at, ".scope") : NULL;
	char *s;

	if (!end || memchr(at + 1, '/', (size_t)(end - at - 1)))
		return false;
	snprintf(scope, sizeof(scope), "%.*s", (int)(end - at - 9), at + 9);
	unescape(scope);
	/* Of libvirt's "qemu-1-web" the name is what follows the number; others are names as they are. */
	s = strchr(scope, '-');
	if (s && isdigit((unsigned char)s[1])) {
		s += 1 + strspn(s + 1, "0123456789");
		if (*s == '-' && s[1])
			return name_set(name, s + 1, strlen(s + 1));
	}
	return name_set(name, scope, strlen(scope));
}

/* The process's place in the cgroup v2 hierarchy, or "". */
static int cgroup_of(char *cgroup, size_t size, u32 tgid)
{
	char text[PATH_MAX + 1024], *line, *save = NULL;

	cgroup[0] = '\0';
	if (live_read(text, sizeof(text), "/proc/%u/cgroup", tgid) <= 0)
		return -ESRCH;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, "0::/", 4))
			snprintf(cgroup, size, "%s", line + 3);
	return 0;
}

/* Percent of one pCPU that a cpu.max allows; 0 no limit. */
static u32 quota_percent(const char *cgroup, const char *child)
{
	unsigned long long quota, period;
	char text[128];

	if (live_read(text, sizeof(text), "/sys/fs/cgroup%s%s/cpu.max", cgroup, child) <= 0 ||
	    sscanf(text, "%llu %llu", &quota, &period) != 2 || !period || quota > ULLONG_MAX / 100)
		return 0;
	quota = quota * 100 / period;
	/* A cap of 0 would be none at all. */
	return quota < 1 ? 1 : quota > 100 * SCHED_MAX_DOMAIN_VCPUS ? 0 : (u32)quota;
}

/* The sum of what libvirt's vcpu0, vcpu1, ... may use, if any of them is limited. */
static u32 vcpus_percent(const char *cgroup)
{
	u32 sum = 0;
	bool limited = false;

	for (u32 i = 0; i < SCHED_MAX_DOMAIN_VCPUS; i++) {
		char child[32], text[8];
		u32 percent;

		snprintf(child, sizeof(child), "/vcpu%u", i);
		if (live_read(text, sizeof(text), "/sys/fs/cgroup%s%s/cpu.max", cgroup, child) < 0)
			break;
		percent = quota_percent(cgroup, child);
		limited |= percent != 0;
		sum += percent && percent < 100 ? percent : 100;
	}
	return limited ? sum : 0;
}

static bool cgroup_up(char *cgroup)
{
	char *slash = strrchr(cgroup, '/');

	if (!slash || !slash[1])
		return false;
	*slash = '\0';
	return true;
}

static bool libvirt_child(const char *cgroup)
{
	const char *base = strrchr(cgroup, '/');

	return base && (!strcmp(base, "/emulator") || !strncmp(base, "/vcpu", 5) || !strncmp(base, "/iothread", 9));
}

static void tighten(u32 *cap, u32 percent)
{
	if (percent && (!*cap || percent < *cap))
		*cap = percent;
}

static void weight_and_cap(struct vmm *vmm, const char *path)
{
	char cgroup[PATH_MAX], text[64];
	bool weighted = false;

	vmm->weight = WEIGHT_DEFAULT;
	vmm->cap = 0;
	snprintf(cgroup, sizeof(cgroup), "%s", path);
	if (libvirt_child(cgroup))
		cgroup_up(cgroup);
	tighten(&vmm->cap, vcpus_percent(cgroup));
	for (bool more = true; more && cgroup[0] && strcmp(cgroup, "/");) {
		unsigned long weight;
		const char *base = strrchr(cgroup, '/');

		if (!weighted && live_read(text, sizeof(text), "/sys/fs/cgroup%s/cpu.weight", cgroup) > 0) {
			weight = strtoul(text, NULL, 10);
			if (weight >= 1 && weight <= 10000 && weight != CGROUP_WEIGHT_DEFAULT) {
				weight = weight * WEIGHT_DEFAULT / CGROUP_WEIGHT_DEFAULT;
				vmm->weight = weight > CREDIT_MAX_WEIGHT ? CREDIT_MAX_WEIGHT : (u32)weight;
				weighted = true;
			}
		}
		tighten(&vmm->cap, quota_percent(cgroup, ""));
		more = base && !strcmp(base, "/libvirt");
		if (more)
			cgroup_up(cgroup);
	}
}

u64 vmm_started(u32 tgid)
{
	char text[1024], *at;
	unsigned long long started;

	if (live_read(text, sizeof(text), "/proc/%u/stat", tgid) <= 0)
		return 0;
	/* Field 22; the second, the name in brackets, may hold anything. */
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			  &started) != 1)
		return 0;
	return started;
}

int vmm_read_limits(struct vmm *vmm, u32 tgid)
{
	char cgroup[PATH_MAX];

	if (cgroup_of(cgroup, sizeof(cgroup), tgid))
		return -ESRCH;
	weight_and_cap(vmm, cgroup);
	return 0;
}

void vmm_read(struct vmm *vmm, u32 tgid)
{
	char args[32768], cgroup[PATH_MAX];
	int len = live_read(args, sizeof(args), "/proc/%u/cmdline", tgid);

	memset(vmm, 0, sizeof(*vmm));
	cgroup_of(cgroup, sizeof(cgroup), tgid);
	if (!(len > 0 && name_from_cmdline(vmm->name, args, len)) && !name_from_cgroup(vmm->name, cgroup))
		snprintf(vmm->name, sizeof(vmm->name), "vm-%u", tgid);
	weight_and_cap(vmm, cgroup);
	vmm->started = vmm_started(tgid);
}

u64 vmm_memory_mib(u32 tgid)
{
	unsigned long long resident;
	char text[256];

	if (live_read(text, sizeof(text), "/proc/%u/statm", tgid) <= 0 || sscanf(text, "%*u %llu", &resident) != 1)
		return 0;
	return resident * (u64)sysconf(_SC_PAGESIZE) >> 20;
}

u64 host_memory_mib(void)
{
	unsigned long long total, available;
	char text[4096], *t, *a;

	if (live_read(text, sizeof(text), "/proc/meminfo") <= 0)
		return 0;
	t = strstr(text, "MemTotal:");
	a = strstr(text, "MemAvailable:");
	if (!t || !a || sscanf(t, "MemTotal: %llu", &total) != 1 || sscanf(a, "MemAvailable: %llu", &available) != 1 ||
	    available > total)
		return 0;
	return (total - available) >> 10;
}
