/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that keeps the live host running, seen from the command that starts, ends and asks after it. */
#ifndef KVM_DAEMON_H
#define KVM_DAEMON_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct daemon_options {
	const char *sched; /* "credit" */
	bool dry_run; /* everything but to take over the scheduling */
	bool foreground; /* stay in this process, messages on stderr */
	unsigned int watchdog_s; /* how long a task may wait before the kernel takes over, 0: its longest, 30 */
	bool verbose; /* libbpf's debug messages in the log */
};

/*
 * Returns 0 when the live host schedules this machine (foreground: when it was ended; dry run: when it could), else a
 * negated errno with the sentence in error. In the background, returns in the caller only.
 */
int daemon_start(const struct daemon_options *options, char *error);

/* End it and wait until the kernel schedules by itself again. -ESRCH: it was not running. */
int daemon_stop(char *error);

/* The process that holds the lock, 0 none. */
pid_t daemon_running(void);

/* Why the scheduler was left last ({time_unix, kind, code, reason, message, restarted}), or NULL. */
json_t *daemon_last_exit(void);

#endif
