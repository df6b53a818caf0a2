// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a VM is paused. Its vCPUs' threads must not run, and the kernel must know it: were they only not chosen by the
 * core, they would be runnable tasks that wait, and after 30 s the kernel's watchdog would end the scheduler.
 *
 *   cgroup.freeze   freezes all of a cgroup, which need not be the VM's own
 *   SIGSTOP         stops the VMM with its monitor, and tells its parent
 *   ptrace          holds single threads, sends no signal, and ends by itself when the holder dies
 *
 * So the vCPUs' threads are seized and interrupted (PTRACE_SEIZE, PTRACE_INTERRUPT): KVM_RUN returns to the VMM with
 * EINTR, as for any signal, and on its way there the thread stops. The VMM's other threads go on, as a device model
 * does in Xen, and if the live host dies, the VM runs. Meanwhile no debugger can be attached to those threads, and a
 * VMM that waits for its vCPU (to shut down, say) waits until the pause ends, or is killed.
 *
 * A thread that dies while it is held is its holder's to bury: halts_poll().
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "kvm/halt.h"

static struct halt *find(const struct halts *h, u32 tid)
{
	for (u32 i = 0; i < h->nr; i++)
		if (h->halt[i].tid == tid)
			return &h->halt[i];
	return NULL;
}

static bool make_room(struct halts *h)
{
	u32 room = h->room ? 2 * h->room : 16;
	struct halt *more;

	if (h->nr < h->room)
		return true;
	more = realloc(h->halt, room * sizeof(*more));
	if (!more)
		return false;
	h->halt = more;
	h->room = room;
	return true;
}

int halt_thread(struct halts *h, u32 tid, u32 tgid)
{
	struct halt *held = find(h, tid);

	if (held) {
		held->let_go = false;
		return 0;
	}
	if (!make_room(h))
		return -ENOMEM;
	if (ptrace(PTRACE_SEIZE, (pid_t)tid, NULL, NULL))
		return -errno;
	/* From here on it is ours to bury, even if it dies before it can be interrupted. */
	ptrace(PTRACE_INTERRUPT, (pid_t)tid, NULL, NULL);
	h->halt[h->nr++] = (struct halt){ .tid = tid, .tgid = tgid };
	return 0;
}

/* What the kernel tells of a thread. Returns false when it is ours no more. */
static bool heard(struct halt *held, int status)
{
	if (!WIFSTOPPED(status))
		return false;
	if (status >> 16 != PTRACE_EVENT_STOP) {
		/* A signal was about to be delivered: let it. The stop comes after. */
		ptrace(PTRACE_CONT, (pid_t)held->tid, NULL, (void *)(long)WSTOPSIG(status));
		return true;
	}
	held->stopped = true;
	return true;
}

void halts_poll(struct halts *h)
{
	u32 n = 0;

	for (u32 i = 0; i < h->nr; i++) {
		struct halt *held = &h->halt[i];
		int status;
		pid_t pid = waitpid((pid_t)held->tid, &status, WNOHANG | __WALL);

		if ((pid < 0 && errno == ECHILD) || (pid > 0 && !heard(held, status)))
			continue;
		if (held->stopped && held->let_go && !ptrace(PTRACE_DETACH, (pid_t)held->tid, NULL, NULL))
			continue;
		h->halt[n++] = *held;
	}
	h->nr = n;
}

u32 halts_of(const struct halts *h, u32 tgid, u32 *running)
{
	u32 n = 0;

	*running = 0;
	for (u32 i = 0; i < h->nr; i++) {
		n += h->halt[i].tgid == tgid;
		*running += h->halt[i].tgid == tgid && !h->halt[i].stopped;
	}
	return n;
}

void halts_release(struct halts *h, u32 tgid)
{
	for (u32 i = 0; i < h->nr; i++)
		h->halt[i].let_go |= h->halt[i].tgid == tgid;
	halts_poll(h);
}

void halts_end(struct halts *h)
{
	for (u32 i = 0; i < h->nr; i++)
		h->halt[i].let_go = true;
	/* Who has not stopped yet is let go by the end of this process. */
	halts_poll(h);
	free(h->halt);
	*h = (struct halts){ 0 };
}
