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

/* Replace the saved file. 0, or -1 with the sentence. */
int settings_write(struct settings *s, char *error);

#endif
