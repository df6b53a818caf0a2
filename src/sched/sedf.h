/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEDF's part of each object. The policy itself is told in sedf.c. */
#ifndef SCHED_SEDF_H
#define SCHED_SEDF_H

/* Included by sched.h, after rt.h, whose tree and parameters it uses. */

#define SEDF_PERIOD_NS (100 * MSEC) /* of a new vCPU, which has no slice and lives on what is left over */
#define SEDF_MAX_PERIOD_NS (10000 * MSEC)
#define SEDF_MIN_SLICE_NS (5 * USEC)
#define SEDF_QUANTUM_NS (500 * USEC) /* of what is left over, while more than one wants it */

enum sedf_where { SEDF_OUT, SEDF_RUN, SEDF_WAIT };
/* What a pCPU's vCPU runs as, the better first. */
enum sedf_class { SEDF_SLICE, SEDF_PENALTY, SEDF_SPARE };

struct sedf_vcpu {
	struct rt_node main; /* in run, by deadline, or in wait, by the begin of its period */
	struct rt_node penalty; /* by how much of its bandwidth it lost */
	struct rt_node spare; /* by what it has had of the time left over, over its share */
	s64 period_ns, slice_ns; /* in force: shorter than the vCPU's own for a while after a wake-up with a latency */
	s64 used_ns; /* of the slice */
	s64 deadline_ns; /* end of the period */
	s64 start_ns; /* charged up to here */
	s64 slept_ns;
	s64 lost_ns; /* what it forfeited and is to be given of the time left over */
	s64 spare_key; /* of when it was in spare last */
	s64 load; /* what it adds to its pCPU's, 2^-20 */
	s32 home; /* -1 none yet */
	u8 where; /* enum sedf_where */
	u8 in_penalty, in_spare, asleep;
};

struct sedf_pcpu {
	struct rt_tree run, wait, penalty, spare;
	s64 spare_now; /* the key of who had spare time last: who comes begins there */
	s64 load; /* sum of slice/period of its vCPUs, 2^-20 */
	u32 nr; /* how many there are */
	u8 as; /* enum sedf_class, of the current vCPU */
};

#endif
