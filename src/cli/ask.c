// SPDX-License-Identifier: GPL-2.0-or-later
/* What the verbs that talk to rotad share. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "control/client.h"

int ask_failed(const char *verb, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "rota: %s: ", verb);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILED;
}

int ask_usage(const char *verb, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "rota: %s: ", verb);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "; `rota %s --help` tells how\n", verb);
	return CLI_USAGE;
}

/* --save was given to plain_arguments(): of the one request that this command makes. */
static bool lasting;

json_t *ask(const char *verb, json_t *request)
{
	char error[CONTROL_ERROR_LEN] = "";
	json_t *answer, *warnings, *w;
	size_t i;
	int code;

	if (lasting)
		json_object_set_new(request, "save", json_true());
	answer = client_ask(request, &code, error);
	if (!answer) {
		ask_failed(verb, "%s", error);
		return NULL;
	}
	json_object_del(answer, "version");
	warnings = json_object_get(answer, "warnings");
	json_array_foreach(warnings, i, w) fprintf(stderr, "rota: %s: warning: %s\n", verb, json_string_value(w));
	json_object_del(answer, "warnings");
	return answer;
}

int ask_done(const char *verb, json_t *request)
{
	json_t *answer = ask(verb, request);

	json_decref(answer);
	return answer ? CLI_DONE : CLI_FAILED;
}

void print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

const char *row_text(json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

long long row_number(json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

bool whole_number(const char *verb, const char *text, long long *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	if (end != text && !*end && !errno)
		return true;
	ask_failed(verb, "'%s' is not a whole number", text);
	return false;
}

bool plain_arguments(int argc, char **argv, const char *usage, int least, int most, int *first, int *ret)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "save", no_argument, NULL, 'S' },
		{ 0 },
	};
	int c;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			*ret = CLI_DONE;
			return false;
		}
		if (c == 'S' && strstr(usage, "--save")) {
			lasting = true;
			continue;
		}
		fprintf(stderr, "`rota %s --help` tells how\n", argv[0]);
		*ret = CLI_USAGE;
		return false;
	}
	*first = optind;
	if (argc - optind < least || argc - optind > most) {
		*ret = ask_usage(argv[0], "'rota %s' takes %s%d argument%s", argv[0],
				 least == most	       ? "" :
				 argc - optind < least ? "at least " :
							 "at most ",
				 argc - optind < least ? least : most,
				 (argc - optind < least ? least : most) == 1 ? "" : "s");
		return false;
	}
	return true;
}
