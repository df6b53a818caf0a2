// SPDX-License-Identifier: GPL-2.0-or-later
/* The verb by which libvirt's hook tells of a VM that is about to start, or has gone. */
#include <errno.h>

#include "control/settings.h"
#include "control/verbs.h"

json_t *verb_announce(struct request *r)
{
	json_t *settings = json_object_get(r->in, "settings");
	const char *name = "";

	if (!ask_string(r, "name", true, &name))
		return NULL;
	if (!json_is_object(settings) && !json_is_null(settings))
		return refuse(r, EINVAL, "the request needs settings, an object or null");
	if (!r->d->settings)
		return refuse(r, ENOTSUP, "this rotad was started without settings: it can't remember any");
	if (!settings_announce(r->d, name, json_is_null(settings) ? NULL : settings, r->error))
		return json_object();
	r->code = EINVAL;
	return NULL;
}
