/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the live host answers to the verbs of its control socket. A request is one JSON object on one line:
 *
 *	{"version": 1, "verb": "list" | "vcpu-list" | "sched-credit" | "params" | "status", ...}
 *
 * The answer is one line too: {"version": 1, ...} or {"version": 1, "error": "sentence"}. Times are ns, memory is MiB.
 *
 *	verb          may have                            answer has
 *	list          domain                              domains: [{name, id, memory_mib, vcpus, state, cpu_ns, pid}]
 *	vcpu-list     domain                              vcpus: [{name, id, vcpu, cpu, state, cpu_ns, hard, soft}]
 *	sched-credit  domain; with it weight, cap pool: {...as params}, domains: [{name, id, weight, cap}]; nothing if
 *	              set
 *	params        tslice_ms ratelimit_us migration_delay_us pool: {name, sched, tslice_ms, ratelimit_us,
 *	              migration_delay_us}
 *	status        -                                   see answer_status()
 */
#ifndef KVM_ANSWER_H
#define KVM_ANSWER_H

#include <jansson.h>

#include "kvm/livehost.h"

#define LIVE_PROTOCOL 1

struct live_about {
	s64 since_unix; /* when the live host was started, s */
	u32 restarts;
	const char *sched;
	bool kvm; /* KVM's VM entries are watched */
	u32 online;
	json_t *last_exit; /* of the scheduler's last life; NULL none */
};

/*
 * The answer, or NULL: @cmd was filled with a command whose outcome decides; answer_outcome() then words it.
 * @request is anything that was received.
 */
json_t *answer_request(struct live_host *lh, const struct live_about *about, json_t *request, struct live_command *cmd);
json_t *answer_outcome(struct live_host *lh, const struct live_command *cmd, int result);
json_t *answer_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- for others that say the same ---- */

/* Xen's form of a set of pCPUs: "all" if it has every one of @every, "none", else "0-3,5". */
void mask_print(char *text, size_t size, const cpumask_t *mask, const cpumask_t *every);

#endif
