/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network card of a guest and the task that reads from it: what iPerf's server is to a guest.
 *
 *	line ──► ring ──softirq──► socket ──task──► read
 *
 * A packet that comes into an empty ring interrupts `irq_vcpu`. The hard handler raises the softirq and leaves the
 * card's interrupts off; the softirq takes one packet after the other into the socket, wakes the reader, and turns
 * interrupts on again when the ring is empty (NAPI).
 *
 * A stream (TCP) is sent at the line's rate while no more than a window of packets is unread; its sender is told at
 * once when the reader makes room. A datagram a period (UDP) is sent regardless, and is lost when ring and socket hold
 * a window of them. Jitter is what iPerf prints: RFC 1889's running mean of how much the time from sender to reader
 * differs between one packet and the next; the result has its mean over all packets.
 */
#include "sim/guest_os.h"

#include <stdlib.h>

static const struct program_net *net_scn(const struct guest_os *os)
{
	return &os->program->net;
}

/* The next packet is here at @at, or with the line's noise later. */
static void send_next(struct guest_os *os, int64_t at)
{
	int64_t noise = net_scn(os)->noise_ns;

	os->net.next_ns = at;
	if (noise)
		at += (int64_t)(random_u64(&os->net.rng) % (uint64_t)noise);
	event_set(&os->timers, (uint32_t)os->program->nr_tasks, at);
}

int net_init(struct guest_os *os, uint64_t seed, uint32_t domain)
{
	const struct program_net *p = net_scn(os);

	if (!p->packet_ns)
		return 0;
	os->net.sent_ns = calloc((size_t)p->window, sizeof(*os->net.sent_ns));
	if (!os->net.sent_ns)
		return -1;
	os->net.transit_ns = -1;
	/* A stream of its own, below those of the tasks. */
	random_init(&os->net.rng, seed, ((uint64_t)domain + 1) << 32 | UINT32_MAX);
	send_next(os, p->packet_ns);
	return 0;
}

void net_free(struct guest_os *os)
{
	free(os->net.sent_ns);
}

void net_reset(struct guest_os *os)
{
	os->net.received = os->net.lost = os->net.jitter_sum_ns = 0;
}

static uint32_t unread(const struct net *n)
{
	return n->ring + n->socket;
}

void net_arrives(struct guest_os *os)
{
	const struct program_net *p = net_scn(os);
	struct net *n = &os->net;
	bool room = unread(n) < (uint32_t)p->window;

	if (room) {
		/* It left the sender when its first bit came. */
		n->sent_ns[(n->first + unread(n)) % (uint32_t)p->window] = n->next_ns - p->packet_ns;
		n->ring++;
	} else {
		n->lost++;
	}
	if (p->every_ns)
		send_next(os, n->next_ns + p->every_ns);
	else if (unread(n) < (uint32_t)p->window)
		send_next(os, os->now + p->packet_ns);
	else
		n->stopped = true;
	if (room && !n->polling) {
		n->polling = true;
		irq_post(&os->cpus[os->program->irq_vcpu], IRQ_DEVICE);
	}
}

void net_poll(struct guest_cpu *c)
{
	struct net *n = &c->os->net;

	n->ring--;
	n->socket++;
	if (n->reader) {
		struct task *t = n->reader;

		n->reader = NULL;
		task_wake(c, t);
	}
	if (!n->ring)
		c->net = n->polling = false;
}

/* The packet at the head of the socket was read now. */
static void take_jitter(struct guest_os *os)
{
	struct net *n = &os->net;
	int64_t transit = os->now - n->sent_ns[n->first], diff = transit - n->transit_ns;

	if (n->transit_ns >= 0)
		n->jitter_ns += (diff < 0 ? -diff : diff) - n->jitter_ns / 16;
	n->transit_ns = transit;
	n->jitter_sum_ns += (uint64_t)n->jitter_ns / 16;
	n->received++;
	n->first = (n->first + 1) % (uint32_t)net_scn(os)->window;
}

bool net_read(struct guest_cpu *c, uint32_t *packets)
{
	struct guest_os *os = c->os;
	struct net *n = &os->net;

	if (!n->socket) {
		n->reader = c->curr;
		c->curr->pc--; /* it comes here again when it wakes */
		task_block(c);
		return false;
	}
	*packets = n->socket;
	for (; n->socket; n->socket--)
		take_jitter(os);
	if (n->stopped) {
		n->stopped = false;
		send_next(os, os->now + net_scn(os)->delay_ns + net_scn(os)->packet_ns);
	}
	return true;
}
