/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where rota's shared objects are; see plugin.h. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/plugin.h"

void *plugin_load(const char *name)
{
	static const char *const places[] = { "", "/../lib/rota" };
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return NULL;
	self[n] = 0;
	*strrchr(self, '/') = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		void *lib;

		snprintf(path, sizeof(path), "%s%s/%s", self, places[i], name);
		/* Global: MPI loads parts of its own, which look for the others. */
		lib = access(path, R_OK) ? NULL : dlopen(path, RTLD_NOW | RTLD_GLOBAL);
		if (lib)
			return lib;
	}
	return NULL;
}
