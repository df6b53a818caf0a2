// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading the BPF side with libbpf.
 *
 * The object was compiled by clang when rota was built and lies in the program. Its maps that matter here:
 *
 *   arena       all core objects. libbpf maps it at load; its pages come into being when they are touched, and all are
 *               touched here, because the BPF side can't wait for a page.
 *   .data.live  struct live_globals: where in the arena everything is, the exit reason, counters.
 *   rota_ops    the sched_ext operations; attaching it starts the scheduler, destroying that link (or the death of this
 *               process, since the link is not pinned) hands back to the kernel's own.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm/files.h"
#include "kvm/layout.h"
#include "kvm/loader.h"
#include "kvm/loader_watch.h"
#include "kvm/preflight.h"

__asm__(".section .rodata\n"
	".balign 16\n"
	"rota_bpf_object:\n"
	".incbin \"" ROTA_BPF_OBJECT "\"\n"
	"rota_bpf_object_end:\n"
	".byte 0\n"
	".text\n");
extern const char rota_bpf_object[], rota_bpf_object_end[];

struct loader {
	struct bpf_object *object;
	struct bpf_map *arena, *globals_map, *ops;
	struct bpf_program *ran_guest;
	struct bpf_link *scheduler, *kvm_link;
	struct watch watch;
	struct live_globals *globals;
	size_t globals_size, arena_size;
	u32 programs;
};

static FILE *log_file;
static bool log_debug;

const char *loader_missing(void)
{
	return NULL;
}

void loader_log_to(void *file, bool debug)
{
	log_file = file;
	log_debug = debug;
}

static int print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (!log_file || (level == LIBBPF_DEBUG && !log_debug))
		return 0;
	return vfprintf(log_file, fmt, args);
}

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && !strcmp(s + n - m, tail);
}

static int find_parts(struct loader *l, char *error)
{
	struct bpf_program *prog;
	struct bpf_map *map;

	bpf_object__for_each_map(map, l->object)
	{
		if (ends_with(bpf_map__name(map), "data.live"))
			l->globals_map = map;
	}
	l->arena = bpf_object__find_map_by_name(l->object, "arena");
	l->ops = bpf_object__find_map_by_name(l->object, "rota_ops");
	l->ran_guest = bpf_object__find_program_by_name(l->object, "rota_ran_guest");
	bpf_object__for_each_program(prog, l->object) l->programs++;
	if (!l->arena || !l->globals_map || !l->ops)
		return live_fail(error, -EINVAL, "the BPF object in this rota lacks %s; build it anew",
				 !l->arena	 ? "the arena" :
				 !l->globals_map ? "its globals" :
						   "the scheduler");
	return 0;
}

/* libbpf keeps the mapping of a data section to itself unless a skeleton is used: have our own. */
static int map_globals(struct loader *l, char *error)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = bpf_map__value_size(l->globals_map);
	void *at;

	if (size < sizeof(struct live_globals))
		return live_fail(error, -EINVAL, "the BPF object's globals have %zu bytes, not %zu; build rota anew",
				 size, sizeof(struct live_globals));
	l->globals_size = (size + page - 1) / page * page;
	at = mmap(NULL, l->globals_size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(l->globals_map), 0);
	if (at == MAP_FAILED)
		return live_fail(error, -errno, "the BPF side's globals can't be mapped: %s", strerror(errno));
	l->globals = at;
	return 0;
}

/* The kernel's watchdog. Where in the object's sched_ext_ops its member lies, the object's BTF tells. */
static int set_watchdog(struct loader *l, u32 ms, char *error)
{
	const struct btf *btf = bpf_object__btf(l->object);
	s32 id = btf ? btf__find_by_name_kind(btf, "sched_ext_ops", BTF_KIND_STRUCT) : -ENOENT;
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (u32)id) : NULL;
	size_t size = 0, at;
	char *ops = bpf_map__initial_value(l->ops, &size);

	for (u16 i = 0; ops && type && i < btf_vlen(type); i++) {
		at = btf_members(type)[i].offset / 8;
		if (strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), "timeout_ms") ||
		    at + sizeof(ms) > size)
			continue;
		memcpy(ops + at, &ms, sizeof(ms));
		return 0;
	}
	return live_fail(error, -EINVAL, "the BPF object in this rota has no watchdog to set; build it anew");
}

static int load(struct loader *l, const struct topology *t, const struct live_pools *pools, u32 watchdog_ms,
		char *error)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), extent, known, symbols;
	u64 size = layout_size(t);
	void *mem;
	int rc;

	l->object = bpf_object__open_mem(rota_bpf_object, (size_t)(rota_bpf_object_end - rota_bpf_object), NULL);
	if (!l->object)
		return live_fail(error, -errno, "libbpf can't read the BPF object in this rota: %s", strerror(errno));
	rc = find_parts(l, error);
	if (!rc && watchdog_ms)
		rc = set_watchdog(l, watchdog_ms, error);
	if (rc)
		return rc;
	/*
	 * Behind the host the symbol tables, whose pages come into being when a VM has one; what the BPF side takes
	 * for itself comes on top.
	 */
	extent = (size_t)(size + page - 1) / page;
	symbols = (LIVE_MAX_VMS + 1) * (size_t)LIVE_SYMBOL_BYTES / page;
	rc = bpf_map__set_max_entries(l->arena, (u32)(extent + symbols) + bpf_map__max_entries(l->arena));
	if (!rc)
		rc = bpf_object__load(l->object);
	if (rc)
		return live_fail(error, rc, "the kernel did not accept the BPF programs: %s; the reason is in the log",
				 strerror(-rc));
	mem = bpf_map__initial_value(l->arena, &known);
	if (!mem)
		return live_fail(error, -ENOMEM, "the arena is not mapped");
	memset(mem, 0, extent * page);
	l->arena_size = extent * page;
	rc = map_globals(l, error);
	if (!rc)
		l->globals->symbols = (char *)mem + l->arena_size;
	return rc ? rc : layout_host(mem, t, pools, l->globals, error);
}

struct loader *loader_load(const struct topology *t, const struct live_pools *pools, u32 watchdog_ms, char *error)
{
	struct loader *l = calloc(1, sizeof(*l));

	if (!l) {
		live_fail(error, -ENOMEM, "out of memory");
		return NULL;
	}
	libbpf_set_print(print);
	if (load(l, t, pools, watchdog_ms, error)) {
		loader_close(l);
		return NULL;
	}
	return l;
}

int loader_attach(struct loader *l, char *error)
{
	int rc;

	l->scheduler = bpf_map__attach_struct_ops(l->ops);
	if (l->scheduler)
		return 0;
	rc = -errno;
	return live_fail(error, rc, "the kernel did not take the scheduler: %s%s%s", strerror(-rc),
			 l->globals->exit_msg[0] ? ": " : "", l->globals->exit_msg);
}

int loader_watch_guests(struct loader *l, bool on, char *error)
{
	int rc = 0;

	if (on == (bool)l->globals->watching)
		return 0;
	if (on)
		rc = watch_attach(&l->watch, l->object, error);
	else
		watch_detach(&l->watch);
	l->globals->watching = on && !rc;
	return rc;
}

int loader_again(struct loader *l, const struct topology *t, const struct live_pools *pools, char *error)
{
	struct live_globals *g = l->globals;
	char state[64];
	size_t known;
	void *mem = bpf_map__initial_value(l->arena, &known);

	/* The programs on tracepoints must not find half a host. */
	loader_watch_guests(l, false, error);
	bpf_link__destroy(l->scheduler);
	l->scheduler = NULL;
	/* Until it is done it takes its leave of each task, which the BPF side tells the old core. */
	scx_state(state, sizeof(state));
	if (strcmp(state, "disabled"))
		return live_fail(error, -EBUSY, "the kernel has not yet left the scheduler");
	if (!mem || layout_size(t) > l->arena_size)
		return live_fail(error, -E2BIG, "the arena is too small for the CPUs as they are now");
	memset(mem, 0, l->arena_size);
	g->stalled = 0;
	g->exit_code = 0;
	g->exit_kind = 0;
	g->exit_reason[0] = g->exit_msg[0] = '\0';
	return layout_host(mem, t, pools, g, error);
}

int loader_attach_kvm(struct loader *l)
{
	if (l->kvm_link || !l->ran_guest)
		return 0;
	l->kvm_link = bpf_program__attach_raw_tracepoint(l->ran_guest,
							 l->globals->knows_kvm ? "kvm_userspace_exit" : "kvm_entry");
	return l->kvm_link ? 0 : -errno;
}

void loader_close(struct loader *l)
{
	if (!l)
		return;
	watch_detach(&l->watch);
	bpf_link__destroy(l->scheduler);
	bpf_link__destroy(l->kvm_link);
	if (l->globals)
		munmap(l->globals, l->globals_size);
	bpf_object__close(l->object);
	free(l);
}

struct live_globals *loader_globals(struct loader *l)
{
	return l->globals;
}

u32 loader_programs(struct loader *l)
{
	return l->programs;
}
