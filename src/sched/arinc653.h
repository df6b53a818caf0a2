/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arinc653 scheduler's part of each object, and its table. The policy itself is told in arinc653.c. */
#ifndef SCHED_ARINC653_H
#define SCHED_ARINC653_H

#define ARINC_MAX_FRAMES 64 /* Xen's */
#define ARINC_IDLE 0xffffffffU /* as the domain of a frame: nobody's */

struct arinc_frame {
	u32 domain, vcpu; /* need not exist: then the frame idles */
	s64 time_ns; /* > 0 */
};

struct arinc_table {
	s64 major_ns; /* at least the sum of the frames; the rest idles */
	u32 nr; /* 1 .. ARINC_MAX_FRAMES */
	u8 donate; /* time that its vCPU doesn't use goes to the next of the table */
	struct arinc_frame frame[ARINC_MAX_FRAMES];
};

struct arinc_vcpu {
	u8 present;
};

struct arinc_pool {
	struct arinc_table table;
	vcpu_t *vcpu[ARINC_MAX_FRAMES]; /* of each frame, NULL: idle */
	s64 next_major_ns, next_switch_ns;
	u32 at; /* the frame we are in; table.nr: in the rest of the major frame */
};

#endif
