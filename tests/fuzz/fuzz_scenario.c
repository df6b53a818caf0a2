// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: fuzzer of the readers of scenarios, sweeps and experiments. The first byte says which; what is refused
 * is refused with a sentence. Built by tests/fuzz/run.sh.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz_file.h"
#include "sim/paper.h"
#include "sim/scenario.h"
#include "sim/sweep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sweep_sets none = { 0 };
	char err[512] = "";
	void *read;

	if (!size)
		return 0;
	switch (*data) {
	case 'W':
		read = sweep_load(fuzz_file(data + 1, size - 1), &none, &none, err, sizeof(err));
		sweep_free(read);
		break;
	case 'P':
		read = paper_load(fuzz_file(data + 1, size - 1), err, sizeof(err));
		paper_free(read);
		break;
	default:
		read = scenario_load(fuzz_file(data + 1, size - 1), NULL, 0, err, sizeof(err));
		scenario_free(read);
		break;
	}
	if (!read && !*err)
		abort();
	return 0;
}
