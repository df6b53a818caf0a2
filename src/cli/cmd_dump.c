// SPDX-License-Identifier: GPL-2.0-or-later
/* `rota debug-keys r`: what the schedulers know, for people. */
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"

int cmd_debug_keys(int argc, char **argv)
{
	static const char usage[] =
		"Usage: rota debug-keys r\n"
		"\n"
		"The state of the schedulers: pools, run queues, vCPUs, CPUs. As Xen's key of this name, whose text xl dmesg "
		"has.\n";
	json_t *answer;
	int first, ret;

	if (!plain_arguments(argc, argv, usage, 1, 1, &first, &ret))
		return ret;
	if (strcmp(argv[first], "r"))
		return ask_failed("debug-keys", "there is only the key r");
	answer = ask("debug-keys", json_pack("{ss}", "verb", "dump"));
	if (!answer)
		return CLI_FAILED;
	fputs(row_text(answer, "text"), stdout);
	json_decref(answer);
	return CLI_DONE;
}
