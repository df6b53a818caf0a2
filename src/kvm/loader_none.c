// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In the place of loader.c where clang or libbpf was missing when rota was built: it says so, and nothing else works.
 */
#include <errno.h>
#include <stdlib.h>

#include "kvm/files.h"
#include "kvm/loader.h"

const char *loader_missing(void)
{
	return "this rota was built without the live host: " ROTA_LIVE_MISSING;
}

void loader_log_to(void *file, bool debug)
{
	(void)file;
	(void)debug;
}

struct loader *loader_load(const struct topology *t, const struct live_pools *pools, u32 watchdog_ms, char *error)
{
	(void)t;
	(void)pools;
	(void)watchdog_ms;
	live_fail(error, -ENOTSUP, "%s", loader_missing());
	return NULL;
}

int loader_attach(struct loader *l, char *error)
{
	(void)l;
	return live_fail(error, -ENOTSUP, "%s", loader_missing());
}

int loader_again(struct loader *l, const struct topology *t, const struct live_pools *pools, char *error)
{
	(void)l;
	(void)t;
	(void)pools;
	return live_fail(error, -ENOTSUP, "%s", loader_missing());
}

int loader_attach_kvm(struct loader *l)
{
	(void)l;
	return -ENOTSUP;
}

int loader_watch_guests(struct loader *l, bool on, char *error)
{
	(void)l;
	(void)on;
	return live_fail(error, -ENOTSUP, "%s", loader_missing());
}

void loader_close(struct loader *l)
{
	(void)l;
}

struct live_globals *loader_globals(struct loader *l)
{
	(void)l;
	return NULL;
}

u32 loader_programs(struct loader *l)
{
	(void)l;
	return 0;
}
