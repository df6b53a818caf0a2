// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parameters of the real-time policies: `sched:` of a domain, of a vCPU and of an event, `params:`
 * of a pool under rtds, rtxen or arinc653 (sedf has none).
 *
 * Each value is checked here, and so is what must hold between values that are given together.
 * What depends on values given elsewhere (a budget for the period that a vCPU has by then) is the
 * policy's to refuse.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sched/sched.h"
#include "sim/scenario_read.h"

static const char *const kinds[] = { "pool",	   "deferrable", "periodic", "polling", "sporadic", "work-conserving",
				     "reclaiming", "cbs",	 NULL };
static const char *const rules[] = { "edf", "rm", "dm", "fp", NULL };
static const char *const placements[] = { "global", "partitioned", NULL };
static const char *const fits[] = { "first", "best", "worst", NULL };
static const char *const ties[] = { "keep", "switch", NULL };
static const char *const whens[] = { "boundary", "now", NULL };

#define RTDS 1
#define RTXEN 2
#define SEDF 4

static const struct key {
	const char *name;
	enum scn_sched_key key;
	bool pool; /* of a pool rather than of a vCPU */
	unsigned policies; /* that have it */
	const char *const *words; /* NULL: a time, or a number */
	int64_t range[2];
} table[] = {
	{ "period", SCN_SCHED_PERIOD, false, RTDS | RTXEN | SEDF, NULL, { 10000, RT_MAX_PERIOD_NS } },
	{ "budget", SCN_SCHED_BUDGET, false, RTDS | RTXEN | SEDF, NULL, { 0, RT_MAX_PERIOD_NS } },
	{ "slice", SCN_SCHED_BUDGET, false, SEDF, NULL, { 0, RT_MAX_PERIOD_NS } },
	{ "deadline", SCN_SCHED_DEADLINE, false, RTXEN, NULL, { 0, RT_MAX_PERIOD_NS } },
	{ "phase", SCN_SCHED_PHASE, false, RTDS | RTXEN, NULL, { 0, RT_MAX_PERIOD_NS } },
	{ "latency", SCN_SCHED_LATENCY, false, SEDF, NULL, { 0, RT_MAX_PERIOD_NS } },
	{ "priority", SCN_SCHED_PRIORITY, false, RTXEN, NULL, { 1, RT_MAX_PRIORITY } },
	{ "extratime", SCN_SCHED_EXTRATIME, false, RTDS | RTXEN | SEDF, NULL, { 0, 1 } },
	{ "kind", SCN_SCHED_KIND, false, RTXEN, kinds, { 0, 0 } },
	{ "when", SCN_SCHED_WHEN, false, RTDS | RTXEN, whens, { 0, 0 } },
	{ "kind", SCN_SCHED_KIND, true, RTXEN, kinds + 1, { 1, 0 } },
	{ "priority", SCN_SCHED_RULE, true, RTXEN, rules, { 0, 0 } },
	{ "placement", SCN_SCHED_PLACEMENT, true, RTXEN, placements, { 0, 0 } },
	{ "fit", SCN_SCHED_FIT, true, RTXEN, fits, { 0, 0 } },
	{ "ties", SCN_SCHED_TIES, true, RTDS | RTXEN, ties, { 0, 0 } },
	{ "rush", SCN_SCHED_RUSH, true, RTDS | RTXEN, NULL, { 0, 1 } },
	{ "when", SCN_SCHED_WHEN, true, RTXEN, whens, { 0, 0 } },
};

#define NR_KEYS (sizeof(table) / sizeof(table[0]))

static unsigned policy_bit(const char *policy)
{
	return !strcmp(policy, "rtds") ? RTDS : !strcmp(policy, "rtxen") ? RTXEN : !strcmp(policy, "sedf") ? SEDF : 0;
}

static int read_word(struct scn_reader *r, const struct scn_node *n, const char *const *words, int64_t *out)
{
	char known[120] = "";
	int err = scn_need_scalar(r, n, "a word");

	if (err)
		return err;
	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], n->text)) {
			*out = i;
			return 0;
		}
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", i ? ", " : "", words[i]);
	}
	return scn_fail(r, n, "%s is none of %s; write one of them", scn_quote(r, n->text), known);
}

static int read_value(struct scn_reader *r, const struct scn_node *n, const struct key *k, int64_t *out)
{
	int err;

	if (k->words) {
		err = read_word(r, n, k->words, out);
		*out += k->range[0];
		return err;
	}
	switch (k->key) {
	case SCN_SCHED_PRIORITY:
		return scn_int_value(r, n, k->range, out);
	case SCN_SCHED_EXTRATIME:
	case SCN_SCHED_RUSH:
		/* Xen's tools write 0 and 1. */
		if (n->kind == SCN_SCALAR && (!strcmp(n->text, "0") || !strcmp(n->text, "1"))) {
			*out = n->text[0] == '1';
			return 0;
		}
		return scn_bool_value(r, n, out);
	default:
		return scn_time_value(r, n, k->range, out);
	}
}

static bool both(const struct scn_sched *s, enum scn_sched_key a, enum scn_sched_key b)
{
	return s->set >> a & s->set >> b & 1;
}

/* SEDF's ranges are its own. */
static int check_sedf(struct scn_reader *r, const struct scn_node *n, const struct scn_sched *s)
{
	const int64_t *v = s->value;

	if (s->set >> SCN_SCHED_PERIOD & 1 && v[SCN_SCHED_PERIOD] > SEDF_MAX_PERIOD_NS) {
		scn_enter(r, "period");
		return scn_fail(r, scn_get(n, "period"), "is longer than 10s, SEDF's most; write at most that");
	}
	if (s->set >> SCN_SCHED_BUDGET & 1 && v[SCN_SCHED_BUDGET] && v[SCN_SCHED_BUDGET] < SEDF_MIN_SLICE_NS) {
		const struct scn_node *slice = scn_get(n, "slice");

		scn_enter(r, slice ? "slice" : "budget");
		return scn_fail(r, slice ? slice : scn_get(n, "budget"),
				"is shorter than 5us, SEDF's least; write more, or 0 for no slice");
	}
	if (s->set >> SCN_SCHED_BUDGET & 1 && !v[SCN_SCHED_BUDGET] && s->set >> SCN_SCHED_EXTRATIME & 1 &&
	    !v[SCN_SCHED_EXTRATIME]) {
		scn_enter(r, "extratime");
		return scn_fail(r, scn_get(n, "extratime"), "without a slice the vCPU would never run; write 1");
	}
	if (both(s, SCN_SCHED_LATENCY, SCN_SCHED_PERIOD) && v[SCN_SCHED_LATENCY] > v[SCN_SCHED_PERIOD]) {
		scn_enter(r, "latency");
		return scn_fail(r, scn_get(n, "latency"), "is longer than the period; write at most that");
	}
	return 0;
}

/* What can be told of values that are given together. */
static int check_together(struct scn_reader *r, const struct scn_node *n, const struct scn_sched *s, unsigned policies)
{
	const struct scn_node *budget = scn_get(n, "budget"), *deadline = scn_get(n, "deadline");
	const int64_t *v = s->value;

	if (policies == SEDF) {
		int err = check_sedf(r, n, s);

		if (err)
			return err;
	}
	if (!budget)
		budget = scn_get(n, "slice");
	if (!(policies & SEDF) && s->set >> SCN_SCHED_BUDGET & 1 && v[SCN_SCHED_BUDGET] < RT_MIN_NS) {
		scn_enter(r, "budget");
		return scn_fail(r, budget ? budget : n, "is shorter than 10us, Xen's least; write more");
	}
	if (both(s, SCN_SCHED_BUDGET, SCN_SCHED_PERIOD) && v[SCN_SCHED_BUDGET] > v[SCN_SCHED_PERIOD]) {
		scn_enter(r, "budget");
		return scn_fail(r, budget ? budget : n, "is longer than the period; write at most that");
	}
	if (both(s, SCN_SCHED_DEADLINE, SCN_SCHED_PERIOD) && v[SCN_SCHED_DEADLINE] > v[SCN_SCHED_PERIOD]) {
		scn_enter(r, "deadline");
		return scn_fail(r, deadline ? deadline : n, "is longer than the period; write at most that");
	}
	if (both(s, SCN_SCHED_DEADLINE, SCN_SCHED_BUDGET) && v[SCN_SCHED_DEADLINE] &&
	    v[SCN_SCHED_DEADLINE] < v[SCN_SCHED_BUDGET]) {
		scn_enter(r, "deadline");
		return scn_fail(r, deadline ? deadline : n, "is shorter than the budget; write at least that");
	}
	return 0;
}

static int read_sched(struct scn_reader *r, const struct scn_node *n, unsigned policies, bool pool,
		      struct scn_sched *out)
{
	const char *keys[NR_KEYS + 1] = { NULL };
	int err, nr = 0;

	for (size_t i = 0; i < NR_KEYS; i++)
		if (table[i].pool == pool && table[i].policies & policies)
			keys[nr++] = table[i].name;
	err = scn_check_map(r, n, keys, pool ? "{priority: rm}" : "{period: 10ms, budget: 4ms}");
	if (err)
		return err;
	out->line = n->line;
	for (size_t i = 0; i < NR_KEYS; i++) {
		const struct key *k = &table[i];
		const struct scn_node *c = k->pool == pool && k->policies & policies ? scn_get(n, k->name) : NULL;
		size_t path;

		if (!c)
			continue;
		path = scn_enter(r, k->name);
		err = read_value(r, c, k, &out->value[k->key]);
		if (err)
			return err;
		out->set |= 1U << k->key;
		scn_leave(r, path);
	}
	return check_together(r, n, out, policies);
}

int scn_read_vcpu_sched(struct scn_reader *r, const struct scn_node *n, const char *policy, struct scn_sched *out)
{
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, "sched");
	if (!policy_bit(policy))
		return scn_fail(r, n,
				"%s has no parameters of a vCPU; remove it, or put the domain in a pool under rtds, "
				"rtxen or sedf",
				scn_quote(r, policy));
	err = read_sched(r, n, policy_bit(policy), false, out);
	if (!err)
		scn_leave(r, path);
	return err;
}

int scn_read_pool_sched(struct scn_reader *r, const struct scn_node *n, const char *policy, struct scn_sched *out)
{
	if (!n)
		return 0;
	if (!(policy_bit(policy) & (RTDS | RTXEN)))
		return scn_fail(r, n, "%s has no parameters of a pool; remove it", scn_quote(r, policy));
	return read_sched(r, n, policy_bit(policy), true, out);
}

/* By enum scn_admission, from SCN_ADMISSION_OFF on. */
static const char *const admission_words[] = { "off", "warn", "enforce", NULL };

bool scn_admission_word(const char *word, enum scn_admission *mode)
{
	for (int i = 0; admission_words[i]; i++)
		if (!strcmp(word, admission_words[i])) {
			*mode = (enum scn_admission)(SCN_ADMISSION_OFF + i);
			return true;
		}
	return false;
}

/* `admission:` of a pool. */
int scn_read_admission(struct scn_reader *r, const struct scn_node *n, struct scn_pool *pool)
{
	int64_t word = 0;
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, "admission");
	if (!policy_bit(pool->sched))
		return scn_fail(r, n,
				"%s guarantees nothing that could be admitted; remove it, or use rtds, rtxen or sedf",
				scn_quote(r, pool->sched));
	err = read_word(r, n, admission_words, &word);
	if (err)
		return err;
	pool->admission = (enum scn_admission)(SCN_ADMISSION_OFF + word);
	scn_leave(r, path);
	return 0;
}

/* Which policy it will meet depends on what happens before: all that any of them knows is allowed. */
int scn_read_event_sched(struct scn_reader *r, const struct scn_node *n, bool pool, struct scn_sched *out)
{
	size_t path;
	int err;

	if (!n)
		return 0;
	path = scn_enter(r, pool ? "params" : "sched");
	err = read_sched(r, n, RTDS | RTXEN | SEDF, pool, out);
	if (!err)
		scn_leave(r, path);
	return err;
}

/* ---- arinc653 ---- */

static const int64_t frame_times[] = { 1, SCN_MAX_TIME_NS };

static int read_frame(struct scn_reader *r, const struct scn_node *n, struct scn_frame *f)
{
	static const char *const keys[] = { "domain", "vcpu", "time", NULL };
	static const int64_t ids[] = { 0, SCHED_MAX_DOMAIN_VCPUS - 1 };
	const struct scn_node *name;
	size_t path;
	int err = scn_check_map(r, n, keys, "{domain: vm1, time: 10ms}");

	if (!err)
		err = scn_need(r, n, "time", "10ms");
	if (!err)
		err = scn_read_time(r, n, "time", frame_times, &f->time_ns);
	if (!err)
		err = scn_read_int(r, n, "vcpu", ids, &f->vcpu);
	name = scn_get(n, "domain");
	f->line = n->line;
	f->domain = -1;
	if (err || !name)
		return err; /* an idle frame */
	path = scn_enter(r, "domain");
	err = scn_need_scalar(r, name, "the name of a domain");
	if (err)
		return err;
	scn_leave(r, path);
	f->domain_name = strdup(name->text);
	return f->domain_name ? 0 : scn_fail_memory(r);
}

int scn_read_frames(struct scn_reader *r, const struct scn_node *n, struct scn_pool *pool)
{
	static const char *const keys[] = { "frames", "major", "donate", NULL };
	const struct scn_node *list, *donate;
	int64_t sum = 0, yes = 0;
	size_t path, item;
	int err = scn_check_map(r, n, keys, "{frames: [{domain: vm1, time: 10ms}]}");

	if (!err)
		err = scn_need(r, n, "frames", "[{domain: vm1, time: 10ms}]");
	if (!err)
		err = scn_read_time(r, n, "major", frame_times, &pool->major_ns);
	if (err)
		return err;
	donate = scn_get(n, "donate");
	if (donate) {
		path = scn_enter(r, "donate");
		err = scn_bool_value(r, donate, &yes);
		if (err)
			return err;
		scn_leave(r, path);
		pool->donate = yes;
	}
	list = scn_get(n, "frames");
	path = scn_enter(r, "frames");
	err = scn_check_list(r, list, "[{domain: vm1, time: 10ms}]", ARINC_MAX_FRAMES);
	if (err)
		return err;
	if (!list->nr)
		return scn_fail(r, list, "is empty; write at least one frame");
	pool->frames = calloc((size_t)list->nr, sizeof(*pool->frames));
	if (!pool->frames)
		return scn_fail_memory(r);
	for (const struct scn_node *c = list->first; c; c = c->next) {
		item = scn_enter_item(r, NULL, pool->nr_frames);
		err = read_frame(r, c, &pool->frames[pool->nr_frames]);
		pool->nr_frames++;
		if (err)
			return err;
		sum += pool->frames[pool->nr_frames - 1].time_ns;
		scn_leave(r, item);
	}
	scn_leave(r, path);
	if (pool->major_ns && sum > pool->major_ns) {
		scn_enter(r, "major");
		return scn_fail(r, scn_get(n, "major"),
				"is shorter than its frames together; write at least their sum");
	}
	if (!pool->major_ns)
		pool->major_ns = sum;
	return 0;
}

/* Once the domains are known. */
int scn_resolve_frames(struct scn_reader *r)
{
	struct scenario *s = r->s;

	for (int i = 0; i < s->nr_pools; i++) {
		struct scn_pool *pool = &s->pools[i];

		for (int k = 0; k < pool->nr_frames; k++) {
			struct scn_frame *f = &pool->frames[k];
			struct scn_node at = { .kind = SCN_SCALAR, .line = f->line, .set = -1, .text = f->domain_name };
			char path[48];
			int err;

			if (!f->domain_name)
				continue;
			scn_enter(r, "pools");
			scn_enter(r, pool->name);
			snprintf(path, sizeof(path), "params.frames.%d.domain", k);
			scn_enter(r, path);
			err = scn_find_domain(r, &at, &f->domain);
			if (err)
				return err;
			if (f->vcpu >= s->domains[f->domain].nr_vcpus)
				return scn_fail(r, &at, "there is no vCPU %d of %s; it has %d", f->vcpu,
						scn_quote(r, f->domain_name), s->domains[f->domain].nr_vcpus);
			scn_leave(r, 0);
		}
	}
	return 0;
}
