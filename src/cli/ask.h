/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs that talk to rotad share. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/cli.h"
#include "control/backend.h"

struct option;

/*
 * Ask rotad; takes over @request. NULL: the sentence is on stderr, behind "rota: @verb: ". Warnings of an answer are
 * there as well.
 */
json_t *ask(const char *verb, json_t *request);
/* The same where only success counts. An exit code. */
int ask_done(const char *verb, json_t *request);

/* A sentence on stderr, behind "rota: @verb: ". Returns CLI_FAILED. */
int ask_failed(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for bad usage: CLI_USAGE. */
int ask_usage(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* An answer, or a part of it, for programs. */
void print_json(json_t *value);

const char *row_text(json_t *row, const char *key); /* "" where there is none */
long long row_number(json_t *row, const char *key);

/* A whole number of an option; false: said on stderr. */
bool whole_number(const char *verb, const char *text, long long *out);

/*
 * Verbs whose only options are --help and, where the usage has it, --save, with between least and most arguments.
 * Returns true when they may go on, with
 * *first the place of the first argument; else *ret is the exit code.
 */
bool plain_arguments(int argc, char **argv, const char *usage, int least, int most, int *first, int *ret);

#endif
