/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core's objects held when the scheduler was left. */
#ifndef KVM_POSTMORTEM_H
#define KVM_POSTMORTEM_H

#include <stdio.h>

#include "kvm/livehost.h"

/* A line for each pCPU and each vCPU (the first 512) to @out. */
void postmortem(const struct live_host *lh, FILE *out);

#endif
