/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live host's kernel side: what the loader asks for through the mailbox of live.h. Included by rota.bpf.c. */

/* vCPU @index, if it is domain @id's still; else NULL. */
static inline vcpu_t *vcpu_meant(host_t *h, u32 id, u32 index)
{
	vcpu_t *v = AT(h->vcpus, index);

	if (index >= h->limits.vcpus || id >= h->limits.domains || !AT(h->domains, id)->used)
		return NULL;
	/* A container is Domain-0's, whichever pool it is in; in none it can't be changed. */
	if (id == LIVE_DOM0)
		return index < live.nr_cpus && !live.vcpus[index].out ? v : NULL;
	return v->domain == AT(h->domains, id) ? v : NULL;
}

/* vCPU @index of domain @id gets the mailbox's real-time parameters. */
NO_FRAME s32 adjust_rt(sched_call_t *cx, u32 id, u32 index)
{
	vcpu_t *v = vcpu_meant(cx->host, id, index);

	return v ? sched_adjust_vcpu(cx, v, &live.mailbox->rt) : -SCHED_ESRCH;
}

/* It gets the mailbox's soft affinity. */
NO_FRAME s32 adjust_soft(sched_call_t *cx, u32 id, u32 index)
{
	vcpu_t *v = vcpu_meant(cx->host, id, index);

	return v ? vcpu_set_affinity(cx, v, NULL, &live.mailbox->cpus) : -SCHED_ESRCH;
}

CORE_FN s32 adjust_domain(sched_call_t *cx ARG)
{
	live_mailbox_t *m = live.mailbox;
	host_t *h = cx->host;

	if (m->domain >= h->limits.domains || !AT(h->domains, m->domain)->used)
		return -SCHED_ESRCH;
	return sched_adjust(cx, AT(h->domains, m->domain), m->a, m->b);
}

/* What is adjusted, and what ends. */
CORE_FN s32 carry_out_command(sched_call_t *cx ARG)
{
	live_mailbox_t *m = live.mailbox;
	host_t *h = cx->host;
	cpupool_t *pool = AT(h->pools, m->pool < h->limits.pools ? m->pool : 0);

	switch (m->op) {
	case LIVE_REAP:
		return reap(cx, m->domain);
	case LIVE_PARAMS:
		return sched_adjust_global_credit(cx, pool, &m->params);
	case LIVE_CREDIT2:
		return sched_adjust_global_credit2(cx, pool, &m->credit2);
	case LIVE_RT_POOL:
		return sched_adjust_global_rt(cx, pool, &m->rt_pool, (u32)m->a);
	case LIVE_ARINC:
		return sched_adjust_global_arinc653(cx, pool, &m->arinc);
	case LIVE_RT:
		return adjust_rt(cx, m->domain, (u32)m->a);
	case LIVE_SOFT:
		return adjust_soft(cx, m->domain, (u32)m->a);
	case LIVE_TURNS:
		return pool->used ? sched_adjust_global_assist(cx, pool, &m->turns) : -SCHED_EINVAL;
	case LIVE_SYMBOLS:
		if (m->domain >= h->limits.domains || !AT(h->domains, m->domain)->used)
			return -SCHED_ESRCH;
		AT(h->domains, m->domain)->assist.symbols =
			m->a ? (symbol_table_t *)AT(live.symbols, m->domain * LIVE_SYMBOL_BYTES) : NULL;
		return 0;
	case LIVE_STALL:
		live.stalled = 1;
		return 0;
	case LIVE_FAIL:
		give_up("rota: asked to fail");
		return 0;
	}
	return -SCHED_EINVAL;
}

/*
 * Carry out what is in the mailbox, if there is something. What is deep in the core is called from here at once: stack
 * and frames are short.
 */
NO_FRAME void obey(void)
{
	live_mailbox_t *m = live.mailbox;
	u32 seq = m->seq;
	sched_call_t *cx;

	if (likely(seq == m->done))
		return;
	cx = call_here();
	if (be_alone(cx->cpu)) {
		if (m->done != seq) {
			switch (m->op) {
			case LIVE_ADJUST:
				m->result = adjust_domain(cx);
				break;
			case LIVE_POOL_CREATE:
				m->result = create_pool(cx, (u32)m->a);
				break;
			case LIVE_POOL_HIDE:
				m->result = hide_pool(cx, m->pool);
				break;
			case LIVE_POOL_DESTROY:
				m->result = destroy_pool(cx, m->pool);
				break;
			case LIVE_CPU_ADD:
				m->result = add_cpu(cx, m->pool, (u32)m->a);
				break;
			case LIVE_CPU_REMOVE:
				m->result = remove_cpu(cx, m->pool, (u32)m->a);
				break;
			case LIVE_MOVE:
				m->result = move_domain(cx, m->domain, m->pool);
				break;
			case LIVE_MICRO:
				m->result = adjust_micro(cx, m->pool);
				break;
			case LIVE_HELPERS:
				m->result = make_helpers(cx, m->domain);
				break;
			case LIVE_SDOM_ATTACH:
				m->result = attach_sdom(cx, m->domain, (u32)m->a);
				break;
			case LIVE_SDOM_DETACH:
				m->result = detach_sdom(cx, m->domain);
				break;
			default:
				m->result = carry_out_command(cx);
			}
			asm volatile("" : : : "memory"); /* the result is there when it is done */
			m->done = seq;
		}
		be_one_of_many();
	}
	carry_out(cx, -1);
}
