// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests of rotad's protocol in the words of the live host's own, and its answers back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/live_bridge.h"
#include "kvm/control.h"

static const struct {
	const char *verb, *live;
} verbs[] = {
	{ "list", "list" },	     { "vcpu-list", "vcpu-list" },
	{ "sched", "sched-credit" }, { "sched-domain", "sched-credit" },
	{ "sched-pool", "params" },
};

/* {pool, domains} -> {pools: [{name, sched, params, domains}]} */
static json_t *as_pools(json_t *answer)
{
	json_t *pool = json_object_get(answer, "pool"), *domains = json_object_get(answer, "domains");

	return json_pack("{s[{sO sO sO sO*}]}", "pools", "name", json_object_get(pool, "name"), "sched",
			 json_object_get(pool, "sched"), "params", pool, "domains", domains);
}

json_t *live_bridge_ask(json_t *request, char *error)
{
	const char *verb = json_string_value(json_object_get(request, "verb")), *live = NULL;
	bool asks_pools = verb && !strcmp(verb, "sched");
	json_t *answer, *pools;
	int code;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verb, verbs[i].verb))
			live = verbs[i].live;
	if (!live)
		return NULL;
	json_object_set_new(request, "verb", json_string(live));
	answer = control_ask(json_incref(request), &code, error);
	if (!answer && code == -ECONNREFUSED)
		snprintf(
			error, CONTROL_ERROR_LEN,
			"the live host is not running; `rota host start` starts it, `rotad --host sim` a simulated one");
	if (!answer || !asks_pools)
		return answer;
	pools = as_pools(answer);
	json_decref(answer);
	return pools;
}
