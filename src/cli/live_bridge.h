/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Until the live host is a back end of rotad: the verbs it has, put to its own socket. */
#ifndef CLI_LIVE_BRIDGE_H
#define CLI_LIVE_BRIDGE_H

#include <jansson.h>

json_t *live_bridge_ask(json_t *request, char *error);

#endif
