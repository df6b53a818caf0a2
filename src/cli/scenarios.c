/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding and listing the scenarios that come with rota; see scenarios.h. */
#include "cli/scenarios.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "sim/scenario.h"
#include "sim/sweep.h"

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* The directory of shipped scenarios in @dir; false when there is none. */
static bool scenario_dir(char *dir, size_t len)
{
	const char *env = getenv("ROTA_SCENARIOS");
	static const char *const up[] = { "/../scenarios", "/../../scenarios",
					  "/../share/rota/scenarios" };
	char self[PATH_MAX];
	ssize_t n;

	if (env) {
		snprintf(dir, len, "%s", env);
		return is_dir(dir);
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = 0;
		*strrchr(self, '/') = 0;
		for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++) {
			if (snprintf(dir, len, "%s%s", self, up[i]) < (int)len && is_dir(dir))
				return true;
		}
	}
	snprintf(dir, len, "%s", ROTA_SCENARIO_DIR);
	return is_dir(dir);
}

static char *find(const char *sub, const char *name)
{
	char dir[PATH_MAX], *path;
	size_t len;

	if (strchr(name, '/') || !strcmp(name, "-") || (!access(name, F_OK) && !is_dir(name)) ||
	    !scenario_dir(dir, sizeof(dir)))
		return NULL;
	len = strlen(dir) + strlen(sub) + strlen(name) + 8;
	path = malloc(len);
	if (!path)
		return NULL;
	snprintf(path, len, "%s/%s%s%s", dir, sub, name,
		 strlen(name) > 5 && !strcmp(name + strlen(name) - 5, ".yaml") ? "" : ".yaml");
	if (!access(path, R_OK))
		return path;
	free(path);
	return NULL;
}

char *scenario_find(const char *name)
{
	return find("", name);
}

char *sweep_find(const char *name)
{
	return find("papers/", name);
}

static int is_yaml(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && !strcmp(e->d_name + n - 5, ".yaml");
}

int scenarios_list(void)
{
	char dir[PATH_MAX], path[2 * PATH_MAX], err[1024];
	struct dirent **entries;
	int n, ret = CLI_DONE;

	if (!scenario_dir(dir, sizeof(dir)) ||
	    (n = scandir(dir, &entries, is_yaml, alphasort)) < 0) {
		fprintf(stderr,
			"rota: can't find the scenarios that come with rota; set ROTA_SCENARIOS to their directory\n");
		return CLI_FAILED;
	}
	for (int i = 0; i < n; i++) {
		struct scenario *s;

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		s = scenario_load(path, NULL, 0, err, sizeof(err));
		if (s) {
			printf("%-22.*s %s\n", (int)strlen(entries[i]->d_name) - 5,
			       entries[i]->d_name, s->description ? s->description : "");
		} else {
			fprintf(stderr, "rota: %s\n", err);
			ret = CLI_FAILED;
		}
		scenario_free(s);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int sweeps_list(void)
{
	const struct sweep_sets none = { 0 };
	char dir[PATH_MAX], path[2 * PATH_MAX], err[1024];
	struct dirent **entries;
	int n, ret = CLI_DONE;

	if (!scenario_dir(dir, sizeof(dir)))
		return CLI_DONE;
	snprintf(path, sizeof(path), "%s/papers", dir);
	n = scandir(path, &entries, is_yaml, alphasort);
	if (n < 0)
		return CLI_DONE;
	for (int i = 0; i < n; i++) {
		struct sweep *s;

		snprintf(path, sizeof(path), "%s/papers/%s", dir, entries[i]->d_name);
		free(entries[i]);
		s = sweep_load(path, &none, &none, err, sizeof(err));
		if (s)
			printf("%-22s %s\n", s->name, s->description ? s->description : "");
		else
			fprintf(stderr, "rota: %s\n", err);
		ret = s ? ret : CLI_FAILED;
		sweep_free(s);
	}
	free(entries);
	return ret;
}
