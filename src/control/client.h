/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command's end of rotad's socket. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include <jansson.h>
#include <stddef.h>

#include "control/backend.h"

/*
 * Where rotad listens: $ROTA_SOCKET; else /run/rota/rotad.sock for root or where it exists; else rota.sock in
 * $XDG_RUNTIME_DIR, so that a simulated host needs no privilege. 0, or -ENAMETOOLONG.
 */
int client_path(char *path, size_t size);

/*
 * Ask rotad; takes over @request (an object; the version is added). Returns the answer, or NULL with the sentence in
 * error, which may be rotad's own; *code is then -ECONNREFUSED where no rotad runs, else another negated errno.
 */
json_t *client_ask(json_t *request, int *code, char *error);

#endif
