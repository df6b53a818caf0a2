// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: fuzzer of libvirt's domain XML as the hook reads it, and of the check of what is announced so. Built by
 * tests/fuzz/run.sh, where libxml2 is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/libvirt/domxml.h"
#include "control/settings.h"
#include "control/sim_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *host; /* nothing here changes it */
	const struct sim_options o = { .speed = "step", .max_domains = 4, .max_vcpus = 16 };
	char error[CONTROL_ERROR_LEN] = "";
	json_t *read, *doc;

	if (!host)
		host = sim_host_open(&o, error);
	if (!host)
		abort();
	read = domxml_settings((const char *)data, size, 1024, error);
	if (!read && !*error)
		abort();
	if (!read)
		return 0;
	doc = json_pack("{s[O]}", "announced", json_object_get(read, "settings"));
	*error = 0;
	if (!settings_check(sim_backend.host(host), "fuzz", doc, error) && !*error)
		abort();
	json_decref(doc);
	json_decref(read);
	return 0;
}
