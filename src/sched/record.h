/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace records: what the core says it did. Event numbers and payloads are Xen's (public/trace.h), so that a record
 * means the same in a rota trace and in an xentrace capture; src/trace writes, reads and converts them.
 *
 * Records come in two levels. The basic ones (who runs where, wake-ups, blocks, yields, parameter changes) are always
 * made: they are the run's trace, and its hash. The others are made when the host's trace level asks for them.
 */
#ifndef SCHED_RECORD_H
#define SCHED_RECORD_H

#include "sched/dialect.h"

struct trace_rec {
	s64 time_ns;
	u32 event;
	u16 cpu;
	u16 aux; /* SWITCH: how good next's priority is (enum trace_class); else 0 */
	u32 d[4];
};

enum trace_level { TRACE_BASIC = 0, TRACE_FULL = 1 };

/* A policy's priorities as a picture shows them: credit's BOOST, UNDER, OVER. */
enum trace_class { TRACE_CLASS_BEST, TRACE_CLASS_NORMAL, TRACE_CLASS_WORST, TRACE_CLASS_IDLE };

#define TRC_DOM_IDLE 0x7fff

enum trace_event {
	/* RUNSTATE_CHANGE | old << 8 | new << 4; d0 = dom << 16 | vcpu */
	TRC_RUNSTATE_CHANGE = 0x00021001,
	TRC_CONTINUE_RUNNING = 0x00021002,
	TRC_DOM_ADD = 0x00028001, /* dom */
	TRC_DOM_REM = 0x00028002, /* dom */
	TRC_SLEEP = 0x00028003, /* dom, vcpu */
	TRC_WAKE = 0x00028004, /* dom, vcpu */
	TRC_YIELD = 0x00028005, /* dom, vcpu */
	TRC_BLOCK = 0x00028006, /* dom, vcpu */
	TRC_ADJDOM = 0x00028009, /* dom */
	TRC_SWITCH = 0x0002800a, /* prev dom, prev vcpu, next dom, next vcpu */
	TRC_SWITCH_INFPREV = 0x0002800e, /* dom, vcpu, ns run */
	TRC_SWITCH_INFNEXT = 0x0002800f, /* dom, vcpu, ns waited, slice ns (-1 none) */
	TRC_SWITCH_INFCONT = 0x00028011, /* dom, vcpu, ns since it was scheduled, slice ns */

	TRC_CREDIT_ACCOUNT_START = 0x00022002, /* dom, vcpu, active vCPUs of the domain */
	TRC_CREDIT_ACCOUNT_STOP = 0x00022003, /* dom, vcpu, active vCPUs of the domain */
	TRC_CREDIT_STOLEN = 0x00022004, /* peer cpu, dom, vcpu */
	TRC_CREDIT_PICKED_CPU = 0x00022005, /* dom, vcpu, cpu */
	TRC_CREDIT_TICKLE = 0x00022006, /* cpu */
	TRC_CREDIT_BOOST_START = 0x00022007, /* dom, vcpu */
	TRC_CREDIT_BOOST_END = 0x00022008, /* dom, vcpu */
	TRC_CREDIT_SCHEDULE = 0x00022009, /* cpu << 16 | idle */
	TRC_CREDIT_RATELIMIT = 0x0002200a, /* dom << 16 | vcpu, ns run */
	TRC_CREDIT_STEAL_CHECK = 0x0002200b, /* peer cpu, checked */

	TRC_CREDIT2_CREDIT_RESET = 0x00022207, /* dom, vcpu, ns granted to each, credit of the first after it (us) */
	TRC_CREDIT2_TICKLE = 0x00022206, /* cpu */
	TRC_CREDIT2_RUNQ_ASSIGN = 0x0002220a, /* dom, vcpu, run queue */
	TRC_CREDIT2_MIGRATE = 0x0002220f, /* from run queue, dom, vcpu, to run queue */
	TRC_CREDIT2_LOAD_CHECK = 0x00022210, /* run queue, other's */
	TRC_CREDIT2_PICKED_CPU = 0x00022213, /* dom, vcpu, cpu, run queue */
	TRC_CREDIT2_SCHEDULE = 0x00022215, /* cpu << 16 | idle */
	TRC_CREDIT2_RATELIMIT = 0x00022216, /* dom << 16 | vcpu, ns run */
	TRC_RTDS_TICKLE = 0x00022801, /* cpu */
	TRC_RTDS_RUNQ_PICK = 0x00022802, /* dom << 16 | vcpu, deadline us, budget ns (high, low word) */
	TRC_RTDS_BURN = 0x00022803, /* dom << 16 | vcpu, ns used, budget left (high, low) */
	TRC_RTDS_REPLENISH = 0x00022804, /* dom << 16 | vcpu, deadline us, budget (high, low) */
	TRC_RTDS_SCHEDULE = 0x00022806, /* cpu << 16 | idle */
	TRC_NULL_PICKED_CPU = 0x00022a01, /* dom << 16 | vcpu, cpu */
	TRC_NULL_ASSIGN = 0x00022a02, /* dom << 16 | vcpu, cpu */
	TRC_NULL_DEASSIGN = 0x00022a03, /* dom << 16 | vcpu, cpu */

	/* Not Xen's: numbers of rota's own, in a class Xen leaves free. */
	TRC_ROTA_PARK = 0x0002f001, /* dom, vcpu: the cap is reached */
	TRC_ROTA_UNPARK = 0x0002f002, /* dom, vcpu */
	TRC_ROTA_POOL_CPU = 0x0002f003, /* pool (0xffffffff none), cpu: a pCPU joined the pool */
	TRC_ROTA_POOL_DOMAIN = 0x0002f004, /* pool, dom: a domain moved to the pool */
	TRC_ROTA_SDOM = 0x0002f009, /* dom (0xffffffff none), dom: the second is accounted to the first */
	TRC_ROTA_TURN = 0x0002f005, /* dom << 16 | vcpu, kind (enum turn_kind), from cpu, to cpu: it has a turn there */
	TRC_ROTA_HOME = 0x0002f006, /* dom << 16 | vcpu, kind, cpu, ns of its turn: that is over */
	TRC_ROTA_GRACE = 0x0002f007, /* dom << 16 | vcpu, class of its service, ns by which its slice is longer */
	TRC_ROTA_MICRO = 0x0002f008, /* hidden pool, cpu, 1 lent to it or 0 given back, pCPUs that it has now */
	/* dom << 16 | vcpu, old kind << 8 | new, budget left (high, low): its kind changed */
	TRC_ROTA_SERVER = 0x0002f010,
	TRC_ROTA_SERVER_RULE = 0x0002f011, /* pool, rule, placement << 8 | fit, kind: as they are now */
};

#endif
