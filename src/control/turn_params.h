/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parameters of a pool's turns (docs/coboost.md) by the names that they have in scenarios. */
#ifndef CONTROL_TURN_PARAMS_H
#define CONTROL_TURN_PARAMS_H

#include "control/backend.h"

struct turn_param {
	const char *name; /* "lend" */
	const char *key; /* of the protocol: "lend_us" */
	size_t at; /* in struct assist_params */
	s64 least, most; /* ns or percent; 0 is off */
	bool percent;
};

extern const struct turn_param turn_params[];
extern const size_t nr_turn_params;

/* What a parameter is now: ns or percent. */
s64 turn_param_get(const struct assist_params *p, const struct turn_param *param);

/* Set one, to ns or percent. False with the sentence in @error: out of range. */
bool turn_param_set(struct assist_params *p, const struct turn_param *param, s64 value, char *error);

/* "lend=10us". False with the sentence. */
bool turn_param_read(const char *text, const struct turn_param **param, s64 *value, char *error);

#endif
