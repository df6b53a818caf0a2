/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings that last: rota.yaml, which people write, and the file of what commands saved (--save) and libvirt
 * announced, which only rotad writes. Both have the same keys (rota.yaml(5)); of a domain, what was saved comes before
 * what was announced, and that before what is written.
 *
 * Nothing of a file is used before all of it was found good.
 */
#ifndef CONTROL_SETTINGS_H
#define CONTROL_SETTINGS_H

#include "control/rotad.h"

#define SETTINGS_FILE "/etc/rota/rota.yaml"
#define SETTINGS_SAVED "/var/lib/rota/saved.json"

struct settings;

/*
 * Read both files for this host (either may be missing unless @needed). NULL with the sentence. access: {group, others}
 * of rota.yaml: settings_group(), settings_others_read().
 */
struct settings *settings_open(host_t *host, const char *file, bool needed, const char *saved, char *error);
void settings_close(struct settings *s);
const char *settings_group(const struct settings *s); /* NULL: it says nothing */
bool settings_others_read(const struct settings *s);

/* The pools as they are wanted: at the start. What can't be is told through @say, and left. */
typedef void (*settings_say)(const char *sentence);
void settings_apply_pools(struct rotad *d, settings_say say);
/* Give every domain that has come since the last call what it is to have. @say may be NULL. */
void settings_look(struct rotad *d, settings_say say);
/*
 * Domain @id has just been created with @config: it gets what that doesn't say. Called by the verb; settings_look()
 * then takes it for known.
 */
void settings_born(struct rotad *d, u32 id, json_t *config);

/*
 * Save what verb @verb of @request has just set. 0, or -1 with the sentence; the file is then as before. What was set
 * stays set in any case.
 */
int settings_save(struct rotad *d, const char *verb, json_t *request, char *error);

/*
 * A domain @name is about to come, and something else than people, as libvirt, has these settings for it (a domain's of
 * rota.yaml); NULL: forget it. They last, and are before those of rota.yaml. 0, or -1 with the sentence and nothing
 * changed.
 */
int settings_announce(struct rotad *d, const char *name, json_t *settings, char *error);

/* Check a document of this form for a host; for tests and fuzzers. */
bool settings_check(host_t *host, const char *file, json_t *doc, char *error);

#endif
