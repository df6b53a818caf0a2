/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A YAML document as a JSON value. */
#ifndef CONTROL_YAML_JSON_H
#define CONTROL_YAML_JSON_H

#include <jansson.h>
#include <stddef.h>

/*
 * Mappings become objects (a key twice is an error), plain scalars that are whole numbers, true, false or null become
 * those, all others strings. Anchors, aliases and tags are refused, and what is deeper or larger than a person would
 * write. NULL with a sentence that names @file and the line.
 */
json_t *yaml_json(const char *file, const char *text, size_t len, char *error);

#endif
