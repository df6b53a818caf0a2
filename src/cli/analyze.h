/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of `rota analyze` share; nobody else includes this. */
#ifndef CLI_ANALYZE_H
#define CLI_ANALYZE_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/analysis.h"

struct analyze_options {
	const char *file;
	const char *carts; /* write CARTS's output there */
	bool json, tests, apply;
	int64_t unit; /* of numbers without one */
};

/* analyze_print.c */
void analyze_print_table(const struct an_system *sys, FILE *f);
json_t *analyze_json(const struct an_system *sys);
/* The tests for m CPUs of one's own, for the tasks of each VM. */
void analyze_print_tests(const struct an_system *sys, FILE *f);
json_t *analyze_tests_json(const struct an_system *sys);
/* AN_OK if all VMs have interfaces and the host holds them; the reason otherwise, one sentence. */
enum an_answer analyze_conclude(const struct an_system *sys, char *why, size_t len);

/* analyze_scenario.c: the whole command for a scenario; an exit code */
int analyze_scenario(const struct analyze_options *o);

/* cmd_analyze.c */
int analyze_dump_json(json_t *json);

#endif
