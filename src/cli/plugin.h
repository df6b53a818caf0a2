/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of rota that bring large libraries with them, and are loaded only by what needs them. */
#ifndef CLI_PLUGIN_H
#define CLI_PLUGIN_H

/* The shared object @name, for dlsym(): from beside the program, or from where `make install` puts it. NULL: none. */
void *plugin_load(const char *name);

#endif
