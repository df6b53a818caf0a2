/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that keeps the live host running, seen from the command that starts, ends and asks after it. */
#ifndef KVM_DAEMON_H
#define KVM_DAEMON_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "kvm/livehost.h"

#define LIVE_RUN_DIR "/run/rota" /* below live_root() */

/* What is to be told of the live host beside its domains. */
struct live_about {
	s64 since_unix; /* when the live host was started, s */
	u32 restarts;
	const char *sched;
	bool kvm; /* KVM is watched */
	const char *guests; /* likewise what turns go by (guest.bpf.c): "watched", "not needed", or why not */
	u32 online;
	json_t *last_exit; /* of the scheduler's last life; NULL none */
};

/*
 * Who answers for the live host (src/control, which this folder does not know). Its events are on the daemon's epoll
 * set with data.u64 = DAEMON_FRONT_EVENT | what it likes below 2^32.
 */
#define DAEMON_FRONT_EVENT (1ULL << 32)
struct daemon_front {
	/* NULL with the sentence. Both pointers are good until close(); lh->g changes when the scheduler restarts. */
	void *(*open)(struct live_host *lh, const struct live_about *about, int epoll, char *error);
	void (*event)(void *front, u64 data, u32 events);
	void (*tick)(void *front, s64 now); /* some times a second */
	void (*close)(void *front);
};

struct daemon_options {
	const char *sched; /* "credit" */
	bool dry_run; /* everything but to take over the scheduling */
	bool foreground; /* stay in this process, messages on stderr */
	unsigned int watchdog_s; /* how long a task may wait before the kernel takes over, 0: its longest, 30 */
	bool no_helpers; /* VMMs' other threads stay the host's */
	bool verbose; /* libbpf's debug messages in the log */
};

/*
 * Returns 0 when the live host schedules this machine (foreground: when it was ended; dry run: when it could), else a
 * negated errno with the sentence in error. In the background, returns in the caller only.
 */
int daemon_start(const struct daemon_options *options, const struct daemon_front *front, char *error);

/* End it and wait until the kernel schedules by itself again. -ESRCH: it was not running. */
int daemon_stop(char *error);

/* The process that holds the lock, 0 none. */
pid_t daemon_running(void);

/* Why the scheduler was left last ({time_unix, kind, code, reason, message, restarted}), or NULL. */
json_t *daemon_last_exit(void);

#endif
