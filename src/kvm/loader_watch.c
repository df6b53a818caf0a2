// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BPF side reads tracepoints' records at fixed places. Where the running kernel has something in another place,
 * which its description in tracefs tells, the tracepoint is not used, and the reason is told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/files.h"
#include "kvm/loader_watch.h"

#define FORMAT_LEN 8192

/* A field, and where guest.bpf.c reads it: bytes from the record's beginning, and size. */
struct place {
	const char *field;
	int at, size;
};

static const struct place exit_places[] = {
	{ "exit_reason", 8, 4 }, { "guest_rip", 16, 8 }, { "isa", 24, 4 }, { "vcpu_id", 56, 4 }, { NULL, 0, 0 },
};
static const struct place irq_places[] = { { "apicid", 8, 4 }, { NULL, 0, 0 } };

/* "\tfield:unsigned long guest_rip;\toffset:16;\tsize:8;\tsigned:0;" */
static bool is_there(const char *format, const struct place *p)
{
	char wanted[64];
	const char *line;
	int at = -1, size = -1;

	snprintf(wanted, sizeof(wanted), " %s;", p->field);
	line = strstr(format, wanted);
	return line && sscanf(line + strlen(wanted), " offset:%d; size:%d;", &at, &size) == 2 && at == p->at &&
	       size == p->size;
}

static int check_places(const char *tracepoint, const struct place *places, char *error)
{
	char *format = malloc(FORMAT_LEN);
	int rc = 0;

	if (!format)
		return live_fail(error, -ENOMEM, "out of memory");
	if (live_read(format, FORMAT_LEN, "/sys/kernel/tracing/events/kvm/%s/format", tracepoint) <= 0 &&
	    live_read(format, FORMAT_LEN, "/sys/kernel/debug/tracing/events/kvm/%s/format", tracepoint) <= 0)
		rc = live_fail(error, -ENOENT, "tracefs does not describe the tracepoint kvm:%s", tracepoint);
	for (const struct place *p = places; !rc && p->field; p++)
		if (!is_there(format, p))
			rc = live_fail(error, -EINVAL, "this kernel's tracepoint kvm:%s has no %s where rota reads it",
				       tracepoint, p->field);
	free(format);
	return rc;
}

static int attach(struct bpf_link **link, struct bpf_object *object, const char *program, const char *tracepoint,
		  const struct place *places, char *error)
{
	struct bpf_program *p = bpf_object__find_program_by_name(object, program);
	int rc = p ? check_places(tracepoint, places, error) : live_fail(error, -ENOENT, "no program %s", program);

	if (rc)
		return rc;
	*link = bpf_program__attach_tracepoint(p, "kvm", tracepoint);
	if (*link)
		return 0;
	rc = -errno;
	return live_fail(error, rc, "kvm:%s can't be attached: %s", tracepoint, strerror(-rc));
}

int watch_attach(struct watch *w, struct bpf_object *object, char *error)
{
	char ignored[LIVE_ERROR_LEN];
	int rc = attach(&w->exit, object, "rota_kvm_exit", "kvm_exit", exit_places, error);

	if (!rc)
		rc = attach(&w->irq, object, "rota_kvm_irq", "kvm_apic_accept_irq", irq_places, error);
	if (rc) {
		watch_detach(w);
		return rc;
	}
	/* Where the processor delivers interrupts by itself; not every kernel has it. */
	attach(&w->apicv, object, "rota_kvm_irq", "kvm_apicv_accept_irq", irq_places, ignored);
	return 0;
}

void watch_detach(struct watch *w)
{
	bpf_link__destroy(w->exit);
	bpf_link__destroy(w->irq);
	bpf_link__destroy(w->apicv);
	*w = (struct watch){ 0 };
}
