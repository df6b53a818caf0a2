/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM's tracepoints that tell of guests (guest.bpf.c), attached while some pool has turns. The loader's own. */
#ifndef KVM_LOADER_WATCH_H
#define KVM_LOADER_WATCH_H

#include <bpf/libbpf.h>

struct watch {
	struct bpf_link *exit, *irq, *apicv;
};

/* 0, or a negated errno with the sentence in error; then nothing is attached. */
int watch_attach(struct watch *w, struct bpf_object *object, char *error);
void watch_detach(struct watch *w);

#endif
