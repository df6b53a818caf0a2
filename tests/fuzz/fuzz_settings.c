// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: fuzzer of rota.yaml's parser and checker, and of CPU lists, which are the input once more. Built by
 * tests/fuzz/run.sh.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/cpulist.h"
#include "control/settings.h"
#include "control/sim_host.h"
#include "control/yaml_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *host; /* nothing here changes it */
	const struct sim_options o = { .speed = "step", .max_domains = 4, .max_vcpus = 16 };
	char error[CONTROL_ERROR_LEN] = "", *text = malloc(size + 1), printed[256];
	struct cpumask mask;
	host_t *h;
	json_t *doc;

	if (!host)
		host = sim_host_open(&o, error);
	if (!host || !text)
		abort();
	h = sim_backend.host(host);
	memcpy(text, data, size);
	text[size] = 0;
	doc = yaml_json("fuzz", (const char *)data, size, error);
	if (doc)
		settings_check(h, "fuzz", doc, error);
	else if (!*error)
		abort();
	json_decref(doc);
	if (!cpulist_parse(h, text, &mask, error)) {
		struct cpumask again;

		/* What is printed is read as the same. */
		cpulist_print(h, &h->all_cpus, &mask, printed, sizeof(printed));
		if (strcmp(printed, "none") &&
		    (cpulist_parse(h, printed, &again, error) || memcmp(&mask, &again, sizeof(mask))))
			abort();
	}
	free(text);
	return 0;
}
