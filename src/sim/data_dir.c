/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding the files that come with rota; see data_dir.h. */
#include "sim/data_dir.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *there(const char *dir, const char *up, const char *name, char *out, size_t len)
{
	int n = snprintf(out, len, "%s%s/%s", dir, up, name);

	return n > 0 && (size_t)n < len && !access(out, R_OK) ? out : NULL;
}

const char *data_path(const char *name, char *out, size_t len)
{
	/* build/rota, build/gcc-release/rota, its tests/unit/..., and an installation */
	static const char *const up[] = { "/../data", "/../../data", "/../../../../data", "/../share/rota" };
	const char *env = getenv("ROTA_DATA");
	char self[PATH_MAX];
	ssize_t n;

	if (env)
		return there(env, "", name, out, len);
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++)
			if (there(self, up[i], name, out, len))
				return out;
	}
	return there(ROTA_SHARE_DIR, "", name, out, len);
}
