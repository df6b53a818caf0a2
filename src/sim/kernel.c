/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests' instruction pointers; see kernel.h. And `model: spin`, the guest that lies about them. */
#include "sim/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/guest_os.h"

#define OUR_TEXT 0xffffffff81000000ULL
#define OUR_PAGE 4096

static const uint8_t place_class[SYMBOL_NR_PLACES] = {
#define SYMBOL_PLACE(name, class, names) [SYMBOL_AT_##name] = SYMBOL_##class,
	SYMBOL_PLACES(SYMBOL_PLACE)
#undef SYMBOL_PLACE
};

/* Page 0 is in no range: the kernel at nothing in particular. */
static int our_kernel(struct sim_kernel *k)
{
	struct symbol_table *t = calloc(1, sizeof(*t) + SYMBOL_NR_PLACES * sizeof(t->entry[0]));

	if (!t)
		return -1;
	t->text = OUR_TEXT;
	t->lstar = SYMBOL_NO_ENTRY;
	for (uint32_t p = 0; p < SYMBOL_NR_PLACES; p++) {
		k->address[p] = OUR_TEXT + (p + 1) * OUR_PAGE + OUR_PAGE / 2;
		if (place_class[p] == SYMBOL_NONE)
			continue;
		t->entry[t->nr].start = (p + 1) * OUR_PAGE;
		t->entry[t->nr++].size_class = OUR_PAGE << 8 | place_class[p];
	}
	k->address[SYMBOL_AT_USER] = 0x401000;
	k->address[SYMBOL_AT_KERNEL] = OUR_TEXT + OUR_PAGE / 2;
	k->table = t;
	return 0;
}

static int real_kernel(struct sim_kernel *k, char *err, size_t errlen)
{
	const char *shipped = symbol_rules_shipped();
	struct symbol_kernel real;
	struct symbol_rules *rules;
	size_t bytes;

	if (!shipped) {
		snprintf(err, errlen,
			 "symbols: %s: rota's symbols.rules is not found; install rota, or set ROTA_SYMBOL_RULES",
			 k->path);
		return -1;
	}
	rules = symbol_rules_load(shipped, NULL, err, errlen);
	if (!rules)
		return -1;
	if (!symbol_kernel_open(&real, k->path, rules, 0, err, errlen)) {
		symbol_rules_free(rules);
		return -1;
	}
	bytes = sizeof(*k->table) + real.table->nr * sizeof(real.table->entry[0]);
	k->table = malloc(bytes);
	if (k->table)
		memcpy(k->table, real.table, bytes);
	for (uint32_t p = 0; p < SYMBOL_NR_PLACES; p++) {
		k->address[p] = symbol_place(&real, (enum symbol_place)p);
		/* A function that this kernel has under no name we know: it is somewhere in the kernel. */
		if (!k->address[p])
			k->address[p] = symbol_place(&real, SYMBOL_AT_KERNEL);
	}
	symbol_kernel_close(&real);
	symbol_rules_free(rules);
	if (k->table)
		return 0;
	snprintf(err, errlen, "not enough memory for the symbols of %s", k->path);
	return -1;
}

const struct sim_kernel *machine_kernel(struct machine *m, const char *path, char *err, size_t errlen)
{
	struct sim_kernel *k;

	for (k = m->kernels; k; k = k->next)
		if (path ? k->path && !strcmp(k->path, path) : !k->path)
			return k;
	k = calloc(1, sizeof(*k));
	if (!k) {
		snprintf(err, errlen, "not enough memory");
		return NULL;
	}
	k->path = path ? strdup(path) : NULL;
	if (path && !k->path) {
		snprintf(err, errlen, "not enough memory");
		free(k);
		return NULL;
	}
	if (path ? real_kernel(k, err, errlen) : our_kernel(k)) {
		if (!path)
			snprintf(err, errlen, "not enough memory");
		free(k->path);
		free(k);
		return NULL;
	}
	k->next = m->kernels;
	m->kernels = k;
	return k;
}

void machine_kernels_free(struct machine *m)
{
	while (m->kernels) {
		struct sim_kernel *k = m->kernels;

		m->kernels = k->next;
		free(k->table);
		free(k->path);
		free(k);
	}
}

enum symbol_place guest_os_place(const struct guest_cpu *c)
{
	static const uint8_t places[NR_GUEST_IPS] = {
		[IP_IDLE] = SYMBOL_AT_IDLE,
		[IP_USER] = SYMBOL_AT_USER,
		[IP_CRITICAL] = SYMBOL_AT_KERNEL,
		[IP_LOCK_WAIT] = SYMBOL_AT_LOCK_WAIT,
		[IP_LOCK_HANDOVER] = SYMBOL_AT_LOCK_HANDOVER,
		[IP_TLB_WAIT] = SYMBOL_AT_TLB_WAIT,
		[IP_CALL_WAIT] = SYMBOL_AT_CALL_WAIT,
		[IP_IPI_HANDLER] = SYMBOL_AT_CALL_HANDLER,
		[IP_RESCHEDULE_HANDLER] = SYMBOL_AT_RESCHEDULE_HANDLER,
		[IP_IRQ] = SYMBOL_AT_IRQ,
		[IP_SOFTIRQ] = SYMBOL_AT_SOFTIRQ,
		[IP_SCHEDULER] = SYMBOL_AT_RUNQUEUE,
	};
	static const uint8_t bodies[NR_PROGRAM_PLACES] = {
		[PLACE_KERNEL] = SYMBOL_AT_KERNEL,	   [PLACE_RECLAIM] = SYMBOL_AT_RECLAIM,
		[PLACE_PAGE_ALLOC] = SYMBOL_AT_PAGE_ALLOC, [PLACE_RUNQUEUE] = SYMBOL_AT_RUNQUEUE,
		[PLACE_WAKEUP] = SYMBOL_AT_WAKEUP,
	};
	enum guest_ip ip = guest_os_ip(c);

	if (ip == IP_CRITICAL)
		return (enum symbol_place)bodies[c->curr->place];
	/* A task that computes with a semaphore in hand or interrupts off is in the kernel. */
	if (ip == IP_USER && (c->curr->semaphores || c->curr->masked))
		return SYMBOL_AT_KERNEL;
	if (ip == IP_IPI_HANDLER && c->os->cpus[c->caller].curr && c->os->cpus[c->caller].curr->act == ACT_TLB)
		return SYMBOL_AT_TLB_HANDLER;
	return (enum symbol_place)places[ip];
}

/* Where the guest of `model: spin` says that it is: in the first function of that class. */
static enum symbol_place lie(int class)
{
	for (uint32_t p = 0; p < SYMBOL_NR_PLACES; p++)
		if (place_class[p] == class)
			return (enum symbol_place)p;
	return SYMBOL_AT_KERNEL;
}

void machine_tell_ip(struct machine *m, uint32_t i)
{
	struct sim_vcpu *sv = &m->vcpus[i];
	const struct sim_domain *sd = &m->domains[sv->domain];
	const struct scn_workload *load = sv->guest.load;

	if (!sd->kernel)
		return;
	sv->v->assist.ip = sd->kernel->address[sv->guest.os_cpu	       ? guest_os_place(sv->guest.os_cpu) :
					       load->model == SCN_SPIN ? lie(load->stopped_class) :
									 SYMBOL_AT_USER];
}

void machine_spin_exit(struct machine *m, uint32_t i)
{
	struct sim_vcpu *sv = &m->vcpus[i];
	const struct sim_domain *sd = &m->domains[sv->domain];
	const struct scn_workload *load = sv->guest.load;

	m->cx.cpu = sv->v->processor->id;
	for (uint32_t k = 0; load->ipis && k < sd->nr_vcpus; k++)
		if (sd->first_vcpu + k != i)
			vcpu_interrupt(&m->cx, m->vcpus[sd->first_vcpu + k].v, true);
	if (sd->kernel)
		sv->v->assist.ip = sd->kernel->address[lie(load->at_class)];
	vcpu_spin(&m->cx, sv->v);
	machine_settle(m);
}
