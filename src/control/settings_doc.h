/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of struct settings, for settings.c and settings_apply.c only. */
#ifndef CONTROL_SETTINGS_DOC_H
#define CONTROL_SETTINGS_DOC_H

#include "control/settings.h"

struct seen {
	char name[CONTROL_NAME_LEN];
	s64 start_ns;
};

struct settings {
	json_t *written, *saved; /* objects, checked */
	char *path; /* of the saved file */
	struct seen *seen; /* by id: the domain that has got its settings; an empty name: none */
};

/*
 * What a domain of this name is to have: defaults, the first pattern of rota.yaml that fits, what was announced, what
 * was saved.
 */
json_t *settings_wanted(const struct settings *s, const char *name);
/* Do both files together make sense? If not, the sentence. @file: the name of the one that people write. */
bool settings_consistent(const struct settings *s, const char *file, char *error);
/* Replace the saved file. 0, or -1 with the sentence. */
int settings_write(struct settings *s, char *error);

#endif
