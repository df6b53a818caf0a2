/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live host as a back end, and rotad's answers as the front of the process that keeps it running. */
#ifndef CONTROL_KVM_HOST_H
#define CONTROL_KVM_HOST_H

#include "control/turn_params.h"
#include "kvm/daemon.h"
#include "sim/scenario.h"

/* What `rota host start` and `rotad --host kvm` give to daemon_start(). Options of rotad's, set before. */
extern const struct daemon_front kvm_front;

#define KVM_MAX_TURNS 8

struct kvm_front_options {
	const char *socket, *group, *config, *saved; /* NULL: the usual ones */
	bool others_read, no_config;
	enum scn_admission admission;
	u32 nr_turns;
	struct {
		const struct turn_param *param;
		s64 value;
	} turns[KVM_MAX_TURNS]; /* what Pool-0 begins with */
};
extern struct kvm_front_options kvm_front_options;

/* ---- kvm_host.c, for its other files ---- */

/* Give the kernel's side a command and wait for it: 0, -SCHED_E* or -ETIMEDOUT. */
int carry_out_live(struct live_host *lh, struct live_command *cmd);

/* ---- kvm_domain.c: affinity, pauses, the end of VMs, whom they are accounted to; vcpu-set is refused there ---- */

int kvm_affinity(struct live_host *lh, const struct command *cmd);
int kvm_pause(struct live_host *lh, u32 domain);
int kvm_unpause(struct live_host *lh, u32 domain);
int kvm_destroy(struct live_host *lh, u32 domain);
int kvm_sdom(struct live_host *lh, const struct command *cmd);
const char *kvm_cannot(const struct command *cmd);

/* ---- kvm_pool.c: commands about cpupools; -ENOTSUP of others ---- */

int kvm_pool(struct live_host *lh, const struct command *cmd);

/* For tests: the front's rotad. */
struct rotad;
struct rotad *kvm_front_rotad(void *front);

#endif
