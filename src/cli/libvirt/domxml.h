/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's domain XML into settings of rota.yaml; in rota-libvirt.so, for it needs libxml2. */
#ifndef CLI_LIBVIRT_DOMXML_H
#define CLI_LIBVIRT_DOMXML_H

#include <jansson.h>

/* Of the elements in <metadata> that are meant for rota. */
#define DOMXML_NAMESPACE "https://rota/libvirt/1"

/*
 * What @text says that rota knows: {"name": ..., "settings": {...}}, the settings being those of a domain in rota.yaml,
 * not yet checked. @shares: the <shares> that are as good as a weight of 256. NULL with the sentence.
 */
json_t *domxml_settings(const char *text, size_t len, long long shares, char *error);

#endif
