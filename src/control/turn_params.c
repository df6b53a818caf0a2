// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and ranges as src/sched/assist.h has them: the core refuses the same, but can't say what is wrong. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/turn_params.h"
#include "sim/scenario.h"

#define TIME_PARAM(name, field, least, most) \
	{ name, name "_us", offsetof(struct assist_params, field), (least) * USEC, (most) * USEC, false }

const struct turn_param turn_params[] = {
	TIME_PARAM("lend", lend_ns, 10, 200),
	TIME_PARAM("grace", grace_ns, 10, 1000),
	TIME_PARAM("irq_turn", irq_ns, 10, 10000),
	TIME_PARAM("coboost", coboost_ns, 10, 10000),
	TIME_PARAM("coboost_every", coboost_every_ns, 0, 100000),
	{ "turn_budget", "turn_budget", offsetof(struct assist_params, budget_percent), 0, 100, true },
};
const size_t nr_turn_params = sizeof(turn_params) / sizeof(turn_params[0]);

s64 turn_param_get(const struct assist_params *p, const struct turn_param *param)
{
	const char *at = (const char *)p + param->at;

	return param->percent ? (s64) * (const u32 *)at : *(const s64 *)at;
}

bool turn_param_set(struct assist_params *p, const struct turn_param *param, s64 value, char *error)
{
	char *at = (char *)p + param->at;

	if (value && (value < param->least || value > param->most)) {
		if (param->percent) {
			snprintf(error, CONTROL_ERROR_LEN, "%s is a percentage, 0 to %lld", param->name,
				 (long long)param->most);
			return false;
		}
		snprintf(error, CONTROL_ERROR_LEN, "%s is %lld to %lld us, or 0, which switches it off", param->name,
			 param->least / USEC, param->most / USEC);
		return false;
	}
	if (param->percent)
		*(u32 *)at = (u32)value;
	else
		*(s64 *)at = value;
	return true;
}

bool turn_param_read(const char *text, const struct turn_param **param, s64 *value, char *error)
{
	const char *is = strchr(text, '=');
	size_t len = is ? (size_t)(is - text) : 0;
	int64_t ns;
	char *end;

	for (size_t i = 0; is && i < nr_turn_params; i++) {
		*param = &turn_params[i];
		if (strlen((*param)->name) != len || strncmp((*param)->name, text, len))
			continue;
		is++;
		if ((*param)->percent) {
			*value = strtol(is, &end, 10);
			if (*is >= '0' && *is <= '9' && (!*end || !strcmp(end, "%")))
				return true;
			snprintf(error, CONTROL_ERROR_LEN, "'%.64s' is no percentage", is);
			return false;
		}
		if (!scn_parse_time(is, &ns)) {
			*value = ns;
			return true;
		}
		snprintf(error, CONTROL_ERROR_LEN,
			 "'%.64s' is no time; write a number with us or ms, such as 10us, or 0", is);
		return false;
	}
	snprintf(error, CONTROL_ERROR_LEN,
		 "'%.64s' is no parameter; there are lend=TIME, grace=TIME, irq_turn=TIME, coboost=TIME, "
		 "coboost_every=TIME and turn_budget=PERCENT",
		 text);
	return false;
}
