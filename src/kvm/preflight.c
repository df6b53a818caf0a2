// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the live host needs of the machine, each told in one line when it is missing.
 *
 * Core-scheduling cookies: on an SMT host, a VMM that tags its threads (cloud-hypervisor does by default) and a
 * sched_ext scheduler can hang current kernels (scx issues 3687, 3715), so rota refuses as long as any thread has a
 * cookie.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "kvm/files.h"
#include "kvm/preflight.h"

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#endif
#ifndef PR_SCHED_CORE_GET
#define PR_SCHED_CORE_GET 0
#endif

void scx_state(char *state, size_t size)
{
	live_read(state, size, "/sys/kernel/sched_ext/state");
}

void scx_name(char *name, size_t size)
{
	live_read(name, size, "/sys/kernel/sched_ext/root/ops");
}

bool scx_is_rota(void)
{
	char state[64], name[128];

	scx_state(state, sizeof(state));
	scx_name(name, sizeof(name));
	/* Some kernels add a version to the name. */
	return !strcmp(state, "enabled") && !strncmp(name, "rota", 4) && (!name[4] || name[4] == '_' || name[4] == ' ');
}

static bool smt_active(void)
{
	char text[8];

	return live_read(text, sizeof(text), "/sys/devices/system/cpu/smt/active") > 0 && text[0] == '1';
}

static bool has_cookie(pid_t tid)
{
	unsigned long long cookie = 0;

	/* The thread's own (scope 0). Fails where the kernel has no core scheduling, or the thread is gone. */
	return !prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, tid, 0, &cookie) && cookie;
}

/* The first thread of process @pid that has a cookie, 0 none. */
static pid_t cookie_in(const char *pid)
{
	char path[PATH_MAX];
	struct dirent *e;
	pid_t found = 0;
	DIR *dir;

	if (live_path(path, sizeof(path), "/proc/%s/task", pid) || !(dir = opendir(path)))
		return 0;
	while (!found && (e = readdir(dir)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && has_cookie(atoi(e->d_name)))
			found = atoi(e->d_name);
	closedir(dir);
	return found;
}

static int check_cookies(char *error)
{
	char path[PATH_MAX];
	struct dirent *e;
	pid_t tid = 0;
	DIR *dir;

	if (!smt_active() || live_path(path, sizeof(path), "/proc") || !(dir = opendir(path)))
		return 0;
	while (!tid && (e = readdir(dir)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			tid = cookie_in(e->d_name);
	closedir(dir);
	if (!tid)
		return 0;
	return live_fail(
		error, -EBUSY,
		"thread %d has a core-scheduling cookie, which with sched_ext can hang an SMT host; "
		"start that VM without core scheduling (cloud-hypervisor: --cpus ...,core_scheduling=off), or switch SMT off",
		(int)tid);
}

int preflight(char *error)
{
	char state[64], name[128], path[PATH_MAX];

	if (geteuid() && !*live_root())
		return live_fail(error, -EPERM, "only root may load a scheduler; use sudo");
	if (live_read(state, sizeof(state), "/sys/kernel/sched_ext/state") < 0)
		return live_fail(error, -ENOTSUP,
				 "this kernel has no sched_ext (no /sys/kernel/sched_ext); boot Linux 6.12 or newer "
				 "with CONFIG_SCHED_CLASS_EXT=y");
	if (live_path(path, sizeof(path), "/sys/kernel/btf/vmlinux") || access(path, R_OK))
		return live_fail(
			error, -ENOTSUP,
			"this kernel has no BTF (no /sys/kernel/btf/vmlinux); boot one with CONFIG_DEBUG_INFO_BTF=y");
	if (strcmp(state, "disabled")) {
		scx_name(name, sizeof(name));
		return live_fail(error, -EBUSY, "another sched_ext scheduler is loaded: '%s' (%s); stop it first",
				 *name ? name : "unknown", state);
	}
	return check_cookies(error);
}
