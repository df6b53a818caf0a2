// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: fuzzer of rotad's protocol: the input is a session, a line a request, on a small simulated host. Built
 * by tests/fuzz/run.sh with clang's libFuzzer; what it must never do is crash, leak, or break a rule of the host.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/server.h"
#include "control/settings.h"
#include "control/sim_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct rotad *d)
{
	host_t *h = d->host;
	uint32_t cpus = mask_weight(&h->free_cpus, h->mask_words), domains = 0;

	/* Every pCPU is in one pool or free; every domain is in a pool that is there. */
	for (uint32_t p = 0; p < h->limits.pools; p++)
		if (h->pools[p].used) {
			cpus += h->pools[p].nr_cpus - h->pools[p].assist.nr_lent;
			domains += h->pools[p].nr_domains;
		}
	if (cpus != h->limits.pcpus || domains != h->nr_domains || !h->pools[0].used || !h->domains[0].used)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sim_options o = { .speed = "step", .max_domains = 4, .max_vcpus = 16 };
	char error[CONTROL_ERROR_LEN] = "";
	struct rotad d = { .ops = &sim_backend };
	const char *line = (const char *)data, *end = line + size;

	d.arg = sim_host_open(&o, error);
	if (!d.arg)
		abort();
	d.host = d.ops->host(d.arg);
	rotad_name_pools(&d, sim_pool_name, d.arg);
	d.settings = settings_open(d.host, "/nonexistent", false, "/dev/null/saved", error);
	for (int n = 0; line < end && n < 20; n++) {
		const char *nl = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((nl ? nl : end) - line);
		json_t *answer = server_request(&d, line, len, ACCESS_CHANGE);

		if (!json_is_object(answer))
			abort();
		json_decref(answer);
		check(&d);
		line += len + 1;
	}
	settings_close(d.settings);
	d.ops->close(d.arg);
	return 0;
}
