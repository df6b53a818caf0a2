// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: fuzzer of the analysis' documents (YAML, JSON, CSV), of CARTS's XML, and of recordings to be replayed.
 * The first byte says which. Built by tests/fuzz/run.sh.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "fuzz_file.h"
#include "trace/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct an_system *system = NULL;
	struct replay *replay = NULL;
	char err[512] = "";
	bool read;

	if (!size)
		return 0;
	switch (*data) {
	case 'X':
		system = an_carts_read((const char *)data + 1, size - 1, 1000000, err, sizeof(err));
		read = system;
		break;
	case 'R':
		read = !replay_load(fuzz_file(data + 1, size - 1), &replay, err, sizeof(err));
		break;
	default:
		system = an_document_read((const char *)data + 1, size - 1, err, sizeof(err));
		read = system;
		break;
	}
	if (!read && !*err)
		abort();
	if (system)
		an_system_free(system);
	free(system);
	if (replay)
		replay_free(replay);
	return 0;
}
