/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What trace records say, in words. Names are Xen's (xenalyze, xentrace_format), shortened to what
 * tells them apart.
 */
#include <inttypes.h>

#include "sched/symbols.h"
#include "trace/trace.h"

/* What the payload of an event holds, and so how it reads. */
enum shape {
	SHAPE_NONE,
	SHAPE_DOM, /* dom */
	SHAPE_VCPU, /* dom, vcpu */
	SHAPE_PACKED, /* dom << 16 | vcpu */
	SHAPE_SWITCH, /* prev dom, vcpu, next dom, vcpu */
	SHAPE_RAN, /* dom, vcpu, ns */
	SHAPE_NEXT, /* dom, vcpu, ns waited, slice */
	SHAPE_CONT, /* dom, vcpu, ns since it was scheduled, slice */
	SHAPE_ACTIVE, /* dom, vcpu, active vCPUs of the domain */
	SHAPE_STOLEN, /* peer, dom, vcpu */
	SHAPE_PICKED, /* dom, vcpu, cpu */
	SHAPE_CPU, /* cpu */
	SHAPE_SCHEDULE, /* cpu << 16 | idle */
	SHAPE_RATELIMIT, /* dom << 16 | vcpu, ns */
	SHAPE_CHECK, /* peer, checked */
	SHAPE_POOL_CPU, /* pool, cpu */
	SHAPE_POOL_DOMAIN, /* pool, dom */
	SHAPE_SERVER, /* dom << 16 | vcpu, old kind << 8 | new, ns (64 bits) */
	SHAPE_TURN, /* dom << 16 | vcpu, kind, from cpu, to cpu */
	SHAPE_HOME, /* dom << 16 | vcpu, kind, cpu, ns */
	SHAPE_GRACE, /* dom << 16 | vcpu, class, ns */
	SHAPE_MICRO, /* pool, cpu, lent, pCPUs */
	SHAPE_RULE, /* pool, rule, placement << 8 | fit, kind */
	SHAPE_BUDGET, /* dom << 16 | vcpu, us or ns, ns (64 bits) */
	SHAPE_ASSIGN, /* dom << 16 | vcpu, cpu */
};

static const struct event {
	uint32_t number;
	enum shape shape;
	const char *name;
} events[] = {
	{ TRC_CONTINUE_RUNNING, SHAPE_PACKED, "continue" },
	{ TRC_DOM_ADD, SHAPE_DOM, "domain-add" },
	{ TRC_DOM_REM, SHAPE_DOM, "domain-remove" },
	{ TRC_SLEEP, SHAPE_VCPU, "sleep" },
	{ TRC_WAKE, SHAPE_VCPU, "wake" },
	{ TRC_YIELD, SHAPE_VCPU, "yield" },
	{ TRC_BLOCK, SHAPE_VCPU, "block" },
	{ TRC_ADJDOM, SHAPE_DOM, "adjust" },
	{ TRC_SWITCH, SHAPE_SWITCH, "switch" },
	{ TRC_SWITCH_INFPREV, SHAPE_RAN, "switch-from" },
	{ TRC_SWITCH_INFNEXT, SHAPE_NEXT, "switch-to" },
	{ TRC_SWITCH_INFCONT, SHAPE_CONT, "no-switch" },
	{ TRC_CREDIT_ACCOUNT_START, SHAPE_ACTIVE, "credit:account-start" },
	{ TRC_CREDIT_ACCOUNT_STOP, SHAPE_ACTIVE, "credit:account-stop" },
	{ TRC_CREDIT_STOLEN, SHAPE_STOLEN, "credit:stolen" },
	{ TRC_CREDIT_PICKED_CPU, SHAPE_PICKED, "credit:picked-cpu" },
	{ TRC_CREDIT_TICKLE, SHAPE_CPU, "credit:tickle" },
	{ TRC_CREDIT_BOOST_START, SHAPE_VCPU, "credit:boost-start" },
	{ TRC_CREDIT_BOOST_END, SHAPE_VCPU, "credit:boost-end" },
	{ TRC_CREDIT_SCHEDULE, SHAPE_SCHEDULE, "credit:schedule" },
	{ TRC_CREDIT_RATELIMIT, SHAPE_RATELIMIT, "credit:ratelimit" },
	{ TRC_CREDIT_STEAL_CHECK, SHAPE_CHECK, "credit:steal-check" },
	{ TRC_CREDIT2_CREDIT_RESET, SHAPE_VCPU, "credit2:credit-reset" },
	{ TRC_CREDIT2_TICKLE, SHAPE_CPU, "credit2:tickle" },
	{ TRC_CREDIT2_RUNQ_ASSIGN, SHAPE_VCPU, "credit2:runq-assign" },
	{ TRC_CREDIT2_MIGRATE, SHAPE_STOLEN, "credit2:migrate" },
	{ TRC_CREDIT2_LOAD_CHECK, SHAPE_NONE, "credit2:load-check" },
	{ TRC_CREDIT2_PICKED_CPU, SHAPE_PICKED, "credit2:picked-cpu" },
	{ TRC_CREDIT2_SCHEDULE, SHAPE_SCHEDULE, "credit2:schedule" },
	{ TRC_CREDIT2_RATELIMIT, SHAPE_RATELIMIT, "credit2:ratelimit" },
	{ TRC_RTDS_TICKLE, SHAPE_CPU, "rtds:tickle" },
	{ TRC_RTDS_RUNQ_PICK, SHAPE_BUDGET, "rtds:pick" },
	{ TRC_RTDS_BURN, SHAPE_BUDGET, "rtds:burn" },
	{ TRC_RTDS_REPLENISH, SHAPE_BUDGET, "rtds:replenish" },
	{ TRC_RTDS_SCHEDULE, SHAPE_SCHEDULE, "rtds:schedule" },
	{ TRC_NULL_PICKED_CPU, SHAPE_ASSIGN, "null:picked-cpu" },
	{ TRC_NULL_ASSIGN, SHAPE_ASSIGN, "null:assign" },
	{ TRC_NULL_DEASSIGN, SHAPE_ASSIGN, "null:deassign" },
	{ TRC_ROTA_PARK, SHAPE_VCPU, "park" },
	{ TRC_ROTA_UNPARK, SHAPE_VCPU, "unpark" },
	{ TRC_ROTA_POOL_CPU, SHAPE_POOL_CPU, "pool-cpu" },
	{ TRC_ROTA_POOL_DOMAIN, SHAPE_POOL_DOMAIN, "pool-domain" },
	{ TRC_ROTA_SDOM, SHAPE_POOL_DOMAIN, "sdom" },
	{ TRC_ROTA_TURN, SHAPE_TURN, "turn" },
	{ TRC_ROTA_HOME, SHAPE_HOME, "turn-over" },
	{ TRC_ROTA_GRACE, SHAPE_GRACE, "grace" },
	{ TRC_ROTA_MICRO, SHAPE_MICRO, "micro-cpu" },
	{ TRC_ROTA_SERVER, SHAPE_SERVER, "server" },
	{ TRC_ROTA_SERVER_RULE, SHAPE_RULE, "server-rule" },
};

/* The two runstates lie in the number itself. */
static bool is_runstate_change(uint32_t event)
{
	return (event & ~UINT32_C(0x330)) == TRC_RUNSTATE_CHANGE;
}

static const struct event *find(uint32_t number)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i].number == number)
			return &events[i];
	return NULL;
}

const char *trace_event_name(uint32_t event)
{
	const struct event *e = find(event);

	if (e)
		return e->name;
	return is_runstate_change(event) ? "runstate" : "?";
}

#define VCPU_LEN 28

/* d0v1, or the idle vCPU of a pCPU. */
static const char *vcpu_name(char *buf, uint32_t dom, uint32_t vcpu)
{
	if (dom == TRC_DOM_IDLE)
		snprintf(buf, VCPU_LEN, "idle");
	else
		snprintf(buf, VCPU_LEN, "d%" PRIu32 "v%" PRIu32, dom, vcpu);
	return buf;
}

static const char *slice_text(char *buf, uint32_t slice)
{
	if (slice == UINT32_MAX)
		snprintf(buf, VCPU_LEN, "none");
	else
		snprintf(buf, VCPU_LEN, "%" PRIu32 "ns", slice);
	return buf;
}

static void runstate_details(const struct trace_rec *r, char *buf, size_t len)
{
	static const char *const states[] = { "running", "runnable", "blocked", "offline" };
	char v[VCPU_LEN];

	snprintf(buf, len, "%s %s -> %s", vcpu_name(v, r->d[0] >> 16, r->d[0] & 0xffff), states[r->event >> 8 & 3],
		 states[r->event >> 4 & 3]);
}

static void switch_details(const struct trace_rec *r, char *buf, size_t len)
{
	static const char *const classes[] = { "BOOST", "UNDER", "OVER" };
	char prev[VCPU_LEN], next[VCPU_LEN];

	vcpu_name(prev, r->d[0], r->d[1]);
	vcpu_name(next, r->d[2], r->d[3]);
	if (r->d[2] != TRC_DOM_IDLE && r->aux < 3)
		snprintf(buf, len, "%s -> %s %s", prev, next, classes[r->aux]);
	else
		snprintf(buf, len, "%s -> %s", prev, next);
}

static void pool_details(const struct trace_rec *r, const char *what, char *buf, size_t len)
{
	if (r->d[0] == UINT32_MAX)
		snprintf(buf, len, "%s%" PRIu32 " -> no pool", what, r->d[1]);
	else
		snprintf(buf, len, "%s%" PRIu32 " -> pool %" PRIu32, what, r->d[1], r->d[0]);
}

/* Server kinds and rules, in the order of rt.h. */
static const char *const servers[] = { "pool",	     "deferrable", "periodic", "polling", "sporadic", "work-conserving",
				       "reclaiming", "cbs",	   NULL };
static const char *const rules[] = { "edf", "rm", "dm", "fp", NULL };
/* Of assist.h and symbols.h. */
static const char *const turns[] = { "none", "lent", "boost", "irq", "micro", NULL };
static const char *const classes[] = {
#define SYMBOL_CLASS(name, word, waits, critical, what) word,
	SYMBOL_CLASSES(SYMBOL_CLASS)
#undef SYMBOL_CLASS
		NULL
};

static const char *word(const char *const *words, uint32_t n)
{
	for (uint32_t i = 0; words[i]; i++)
		if (i == n)
			return words[i];
	return "?";
}

/* The 64 bits of the last two words. */
static int64_t wide(const uint32_t *d)
{
	return (int64_t)((uint64_t)d[2] << 32 | d[3]);
}

static void details(const struct trace_rec *r, enum shape shape, char *buf, size_t len)
{
	const uint32_t *d = r->d;
	char v[VCPU_LEN], s[VCPU_LEN];

	buf[0] = '\0';
	switch (shape) {
	case SHAPE_NONE:
		break;
	case SHAPE_DOM:
		snprintf(buf, len, "d%" PRIu32, d[0]);
		break;
	case SHAPE_VCPU:
		snprintf(buf, len, "%s", vcpu_name(v, d[0], d[1]));
		break;
	case SHAPE_PACKED:
		snprintf(buf, len, "%s", vcpu_name(v, d[0] >> 16, d[0] & 0xffff));
		break;
	case SHAPE_SWITCH:
		switch_details(r, buf, len);
		break;
	case SHAPE_RAN:
		snprintf(buf, len, "%s ran %" PRIu32 "ns", vcpu_name(v, d[0], d[1]), d[2]);
		break;
	case SHAPE_NEXT:
		snprintf(buf, len, "%s waited %" PRIu32 "ns, slice %s", vcpu_name(v, d[0], d[1]), d[2],
			 slice_text(s, d[3]));
		break;
	case SHAPE_CONT:
		snprintf(buf, len, "%s on for %" PRIu32 "ns, slice %s", vcpu_name(v, d[0], d[1]), d[2],
			 slice_text(s, d[3]));
		break;
	case SHAPE_ACTIVE:
		snprintf(buf, len, "%s, %" PRIu32 " active", vcpu_name(v, d[0], d[1]), d[2]);
		break;
	case SHAPE_STOLEN:
		snprintf(buf, len, "%s from cpu %" PRIu32, vcpu_name(v, d[1], d[2]), d[0]);
		break;
	case SHAPE_PICKED:
		snprintf(buf, len, "%s -> cpu %" PRIu32, vcpu_name(v, d[0], d[1]), d[2]);
		break;
	case SHAPE_CPU:
		snprintf(buf, len, "cpu %" PRIu32, d[0]);
		break;
	case SHAPE_SCHEDULE:
		snprintf(buf, len, "cpu %" PRIu32 "%s", d[0] >> 16, d[0] & 0xffff ? ", idle" : "");
		break;
	case SHAPE_RATELIMIT:
		snprintf(buf, len, "%s ran %" PRIu32 "ns", vcpu_name(v, d[0] >> 16, d[0] & 0xffff), d[1]);
		break;
	case SHAPE_CHECK:
		snprintf(buf, len, "cpu %" PRIu32 "%s", d[0], d[1] ? "" : ", nothing there");
		break;
	case SHAPE_POOL_CPU:
		pool_details(r, "cpu ", buf, len);
		break;
	case SHAPE_POOL_DOMAIN:
		pool_details(r, "d", buf, len);
		break;
	case SHAPE_SERVER:
		snprintf(buf, len, "%s %s -> %s, %" PRId64 "ns left", vcpu_name(v, d[0] >> 16, d[0] & 0xffff),
			 word(servers, d[1] >> 8), word(servers, d[1] & 0xff), wide(d));
		break;
	case SHAPE_TURN:
		snprintf(buf, len, "%s %s, cpu %" PRIu32 " -> %" PRIu32, vcpu_name(v, d[0] >> 16, d[0] & 0xffff),
			 word(turns, d[1]), d[2], d[3]);
		break;
	case SHAPE_HOME:
		snprintf(buf, len, "%s %s, had %" PRIu32 "ns on cpu %" PRIu32, vcpu_name(v, d[0] >> 16, d[0] & 0xffff),
			 word(turns, d[1]), d[3], d[2]);
		break;
	case SHAPE_GRACE:
		snprintf(buf, len, "%s %s, %" PRIu32 "ns", vcpu_name(v, d[0] >> 16, d[0] & 0xffff), word(classes, d[1]),
			 d[2]);
		break;
	case SHAPE_MICRO:
		snprintf(buf, len, "pool %" PRIu32 " %s cpu %" PRIu32 ", has %" PRIu32, d[0],
			 d[2] ? "is lent" : "gives back", d[1], d[3]);
		break;
	case SHAPE_RULE:
		snprintf(buf, len, "pool %" PRIu32 ": %s, %s, %s", d[0], word(rules, d[1]),
			 d[2] >> 8 ? "partitioned" : "global", word(servers, d[3]));
		break;
	case SHAPE_BUDGET:
		snprintf(buf, len, "%s %" PRIu32 ", budget %" PRId64 "ns", vcpu_name(v, d[0] >> 16, d[0] & 0xffff),
			 d[1], wide(d));
		break;
	case SHAPE_ASSIGN:
		snprintf(buf, len, "%s -> cpu %" PRIu32, vcpu_name(v, d[0] >> 16, d[0] & 0xffff), d[1]);
		break;
	}
}

int trace_rec_format(const struct trace_rec *r, char *buf, size_t len)
{
	const struct event *e = find(r->event);
	/* Of negative times too, which no run makes but a file may hold. */
	uint64_t ns = r->time_ns < 0 ? -(uint64_t)r->time_ns : (uint64_t)r->time_ns;
	char text[96];

	if (e)
		details(r, e->shape, text, sizeof(text));
	else if (is_runstate_change(r->event))
		runstate_details(r, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%#" PRIx32 " %#" PRIx32 " %#" PRIx32 " %#" PRIx32 " %#" PRIx32, r->event,
			 r->d[0], r->d[1], r->d[2], r->d[3]);
	return snprintf(buf, len, "%s%" PRIu64 ".%09" PRIu64 " cpu %-3u %-20s %s", r->time_ns < 0 ? "-" : "",
			ns / 1000000000, ns % 1000000000, r->cpu, trace_event_name(r->event), text);
}
