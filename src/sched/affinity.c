/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard and soft affinity, temporary pins, and the move of a vCPU to another pCPU. Facts: framework 1.9, 1.10.
 *
 * A move has two halves. The start takes the vCPU off its queue, or asks its pCPU to leave it; the finish, once it runs
 * nowhere, picks the new pCPU and wakes it there. Lock of the pool held in both.
 */

CORE_FN int soft_effective_update(host_t *h ARG, vcpu_t *v ARG)
{
	cpupool_t *pool = v->domain->pool;

	pool->nr_soft -= v->soft_effective;
	v->soft_effective =
		!mask_subset(&v->hard, &v->soft, h->mask_words) && mask_intersects(&v->soft, &v->hard, h->mask_words);
	pool->nr_soft += v->soft_effective;
	return 0;
}

NO_FRAME void vcpu_move_start(sched_call_t *cx, vcpu_t *v)
{
	v->pause_flags |= VPF_migrating;
	vcpu_sleep_locked(cx, v);
}

NO_FRAME void vcpu_move_finish(sched_call_t *cx, vcpu_t *v)
{
	if (v->is_running || unit_moves_later(v) || !(v->pause_flags & VPF_migrating))
		return;
	v->processor = pcpu_of(cx->host, hook_pick_cpu(cx, v));
	v->pause_flags &= (u8)~VPF_migrating;
	vcpu_wake_locked(cx, v);
	unit_resume(cx, v);
}

SCHED_API s32 vcpu_set_affinity(sched_call_t *cx, vcpu_t *v, cpumask_t *hard, cpumask_t *soft)
{
	host_t *h = cx->host;
	cpupool_t *pool = v->domain->pool;

	if (hard && !mask_intersects(hard, &pool->cpus, h->mask_words))
		return -SCHED_EINVAL;
	if (soft && mask_empty(soft, h->mask_words))
		return -SCHED_EINVAL;
	if (hard && v->affinity_broken)
		return -SCHED_EBUSY;
	cx->calls++;
	sched_lock(pool);
	if (hard)
		mask_copy(&v->hard, hard);
	if (soft)
		mask_copy(&v->soft, soft);
	soft_effective_update(h, v);
	hook_affinity_set(cx, v);
	/* Place it anew; it may already be on its way. */
	vcpu_move_start(cx, v);
	vcpu_move_finish(cx, v);
	sched_unlock(pool);
	return 0;
}

SCHED_API s32 vcpu_temporary_affinity(sched_call_t *cx, vcpu_t *v, s32 cpu, u32 reason)
{
	host_t *h = cx->host;
	cpupool_t *pool = v->domain->pool;
	s32 ret = 0;

	sched_lock(pool);
	if (cpu < 0) {
		if (!(v->affinity_broken & reason)) {
			ret = -SCHED_EINVAL;
		} else {
			v->affinity_broken &= (u8)~reason;
			if (!v->affinity_broken) {
				/* Broken to all where the pool has lost its pCPUs meanwhile. */
				mask_copy(&v->hard, mask_intersects(v->saved_hard, &pool->cpus, h->mask_words) ?
							    v->saved_hard :
							    &h->all_cpus);
			}
		}
	} else if ((u32)cpu >= h->limits.pcpus) {
		ret = -SCHED_EINVAL;
	} else if (v->affinity_broken & reason || (v->affinity_broken && !mask_test(&v->hard, (u32)cpu))) {
		ret = -SCHED_EBUSY;
	} else if (!mask_test(&pool->cpus, (u32)cpu)) {
		ret = -SCHED_EINVAL;
	} else {
		if (!v->affinity_broken)
			mask_copy(v->saved_hard, &v->hard);
		v->affinity_broken |= (u8)reason;
		mask_zero(&v->hard);
		mask_set(&v->hard, (u32)cpu);
	}
	if (!ret) {
		cx->calls++;
		soft_effective_update(h, v);
		hook_affinity_set(cx, v);
		/* One that waits may have an idle pCPU to go to now that it is free again. */
		if (!mask_test(&v->hard, v->processor->id) || v->runstate == RUNSTATE_runnable) {
			vcpu_move_start(cx, v);
			vcpu_move_finish(cx, v);
		}
	}
	sched_unlock(pool);
	return ret;
}
