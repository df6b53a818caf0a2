/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live host's kernel side: what the loader asks for through the mailbox of live.h. Included by rota.bpf.c. */

/* vCPU @index gets the mailbox's real-time parameters, if it is domain @id's still. */
NO_FRAME s32 adjust_rt(sched_call_t *cx, u32 id, u32 index)
{
	host_t *h = cx->host;
	vcpu_t *v = AT(h->vcpus, index);

	if (index >= h->limits.vcpus || id >= h->limits.domains || !AT(h->domains, id)->used ||
	    v->domain != AT(h->domains, id))
		return -SCHED_ESRCH;
	return sched_adjust_vcpu(cx, v, &live.mailbox->rt);
}

CORE_FN int obey(sched_call_t *cx ARG)
{
	live_mailbox_t *m = live.mailbox;
	host_t *h = cx->host;
	u32 seq = m->seq;
	s32 ret = -SCHED_EINVAL;

	sched_lock(m);
	if (m->done == seq) {
		sched_unlock(m);
		return 0;
	}
	switch (m->op) {
	case LIVE_ADJUST:
		ret = -SCHED_ESRCH;
		if (m->domain < h->limits.domains && h->domains[m->domain].used)
			ret = sched_adjust(cx, &h->domains[m->domain], m->a, m->b);
		break;
	case LIVE_REAP:
		ret = reap(cx, m->domain);
		break;
	case LIVE_PARAMS:
		ret = sched_adjust_global_credit(cx, &h->pools[0], &m->params);
		break;
	case LIVE_CREDIT2:
		ret = sched_adjust_global_credit2(cx, &h->pools[0], &m->credit2);
		break;
	case LIVE_RT_POOL:
		ret = sched_adjust_global_rt(cx, &h->pools[0], &m->rt_pool, (u32)m->a);
		break;
	case LIVE_RT:
		ret = adjust_rt(cx, m->domain, (u32)m->a);
		break;
	case LIVE_TURNS:
		if (m->domain < h->limits.pools && AT(h->pools, m->domain)->used)
			ret = sched_adjust_global_assist(cx, AT(h->pools, m->domain), &m->turns);
		break;
	case LIVE_SYMBOLS:
		ret = -SCHED_ESRCH;
		if (m->domain < h->limits.domains && AT(h->domains, m->domain)->used) {
			AT(h->domains, m->domain)->assist.symbols =
				m->a ? (symbol_table_t *)AT(live.symbols, m->domain * LIVE_SYMBOL_BYTES) : NULL;
			ret = 0;
		}
		break;
	case LIVE_STALL:
		live.stalled = 1;
		ret = 0;
		break;
	case LIVE_FAIL:
		ret = 0;
		give_up("rota: asked to fail");
		break;
	}
	m->result = ret;
	m->done = seq;
	sched_unlock(m);
	return 0;
}
