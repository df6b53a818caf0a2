/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xl's configuration syntax by libxlutil, Xen's own parser (rota-xl.so). */
#include <libxlutil.h>
#include <stdio.h>

#include "cli/xl/parse.h"
#include "control/backend.h"

static json_t *list_of(XLU_Config *cfg, const char *key)
{
	XLU_ConfigList *list;
	json_t *out;
	int n;

	if (xlu_cfg_get_list(cfg, key, &list, &n, 1))
		return NULL;
	out = json_array();
	for (int i = 0; i < n; i++) {
		const char *item = xlu_cfg_get_listitem(list, i);

		json_array_append_new(out, item ? json_string(item) : json_null());
	}
	return out;
}

static json_t *value_of(XLU_Config *cfg, const struct xlcfg_key *key)
{
	json_t *list = key->kind == XLCFG_LIST || key->kind == XLCFG_STRING_OR_LIST ? list_of(cfg, key->name) : NULL;
	const char *text;
	long number;

	if (list)
		return list;
	if (key->kind == XLCFG_NUMBER)
		return xlu_cfg_get_long(cfg, key->name, &number, 1) ? NULL : json_integer(number);
	if (key->kind != XLCFG_LIST && !xlu_cfg_get_string(cfg, key->name, &text, 1))
		return json_string(text);
	return NULL;
}

json_t *xl_parse(const char *name, const char *text, size_t size, const struct xlcfg_key *keys, char *error)
{
	XLU_Config *cfg = xlu_cfg_init(stderr, name);
	json_t *out = NULL;

	if (!cfg || xlu_cfg_readdata(cfg, text, (int)size)) {
		snprintf(error, CONTROL_ERROR_LEN, "Failed to parse config: %s", name);
	} else {
		out = json_object();
		for (; keys->name; keys++) {
			json_t *v = value_of(cfg, keys);

			if (v)
				json_object_set_new(out, keys->name, v);
		}
	}
	if (cfg)
		xlu_cfg_destroy(cfg);
	return out;
}
