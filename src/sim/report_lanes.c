/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From trace records to the report's timeline.
 *
 * A segment is the time between two SWITCH records of a pCPU in which a vCPU ran; idle time is the
 * gap between two. How long a vCPU had waited before isn't in the basic records, it follows from
 * them: it waits from its wake-up, or from the switch that took the pCPU from it though it had
 * neither blocked nor been parked, until it is switched in.
 *
 * The page holds every segment, so their size is the page's size: times are differences, numbers
 * take as few bytes as they need, and from some ten thousand records on the unit is the
 * microsecond, which no screen can tell from less.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report_lanes.h"

#define FINE_RECORDS 20000
#define NO_VCPU UINT32_MAX
#define CLASS_MASK 3

struct bytes {
	uint8_t *p;
	size_t len, room;
};

struct lane {
	struct bytes segments, wakes;
	uint64_t nr_segments, nr_wakes;
	int64_t segment_end, wake_at; /* last ones, in units */
	/* Who runs now; NO_VCPU: nobody, or nobody known. */
	uint32_t vcpu;
	uint32_t class;
	int64_t since_ns, waited_ns;
	bool seen; /* a switch on this pCPU was seen */
};

struct vcpu_state {
	int64_t waits_since_ns; /* -1: doesn't wait */
	bool blocked, parked;
};

struct builder {
	const struct scenario *s;
	struct lanes *out;
	struct lane *lanes;
	struct vcpu_state *vcpus;
	uint32_t *first; /* number of a domain's first vCPU; one more at the end */
	bool no_memory;
};

static uint8_t *grow(struct bytes *b, size_t more)
{
	if (b->len + more > b->room) {
		size_t room = b->room ? b->room * 2 : 256;
		uint8_t *p;

		while (room < b->len + more)
			room *= 2;
		p = realloc(b->p, room);
		if (!p)
			return NULL;
		b->p = p;
		b->room = room;
	}
	return b->p + b->len;
}

static void put_number(struct builder *b, struct bytes *to, uint64_t v)
{
	uint8_t *p = grow(to, 10);

	if (!p) {
		b->no_memory = true;
		return;
	}
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	to->len = (size_t)(p - to->p);
}

static void put_bytes(struct builder *b, struct bytes *to, const struct bytes *from)
{
	uint8_t *p = grow(to, from->len);

	if (!p) {
		b->no_memory = true;
		return;
	}
	if (from->len)
		memcpy(p, from->p, from->len);
	to->len += from->len;
}

static uint32_t vcpu_number(const struct builder *b, uint32_t dom, uint32_t vcpu)
{
	if (dom >= (uint32_t)b->s->nr_domains || vcpu >= b->first[dom + 1] - b->first[dom])
		return NO_VCPU;
	return b->first[dom] + vcpu;
}

static void end_segment(struct builder *b, struct lane *l, int64_t now)
{
	int64_t unit = b->out->unit_ns;
	int64_t start = l->since_ns / unit, end = now / unit;

	if (l->vcpu == NO_VCPU || now <= l->since_ns)
		return;
	put_number(b, &l->segments, (uint64_t)(start - l->segment_end));
	put_number(b, &l->segments, (uint64_t)(end - start));
	put_number(b, &l->segments, (uint64_t)l->vcpu << 2 | l->class);
	put_number(b, &l->segments, (uint64_t)(l->waited_ns / unit));
	l->segment_end = end;
	l->nr_segments++;
}

static void on_switch(struct builder *b, struct lane *l, const struct trace_rec *r)
{
	uint32_t prev = vcpu_number(b, r->d[0], r->d[1]), next = vcpu_number(b, r->d[2], r->d[3]);

	if (!l->seen) {
		/*
		 * It ran since before the first record of the pCPU; of what class, nothing tells.
		 */
		l->seen = true;
		l->vcpu = prev;
		l->class = 1;
	}
	end_segment(b, l, r->time_ns);
	if (prev != NO_VCPU && prev != next) {
		struct vcpu_state *v = &b->vcpus[prev];

		if (!v->blocked && !v->parked)
			v->waits_since_ns = r->time_ns;
	}
	l->vcpu = next;
	l->class = r->aux & CLASS_MASK;
	l->since_ns = r->time_ns;
	l->waited_ns = 0;
	if (next != NO_VCPU) {
		struct vcpu_state *v = &b->vcpus[next];

		if (v->waits_since_ns >= 0 && v->waits_since_ns < r->time_ns)
			l->waited_ns = r->time_ns - v->waits_since_ns;
		v->waits_since_ns = -1;
		v->blocked = false;
		v->parked = false;
	}
}

static void on_wake(struct builder *b, struct lane *l, const struct trace_rec *r, uint32_t vcpu)
{
	struct vcpu_state *v = &b->vcpus[vcpu];
	int64_t at = r->time_ns / b->out->unit_ns;

	v->blocked = false;
	if (v->waits_since_ns < 0 && !v->parked && l->vcpu != vcpu)
		v->waits_since_ns = r->time_ns;
	put_number(b, &l->wakes, (uint64_t)(at - l->wake_at));
	put_number(b, &l->wakes, vcpu);
	l->wake_at = at;
	l->nr_wakes++;
}

static void on_record(struct builder *b, const struct trace_rec *r)
{
	struct lane *l = &b->lanes[r->cpu];
	uint32_t vcpu = vcpu_number(b, r->d[0], r->d[1]);

	if (r->event == TRC_SWITCH) {
		on_switch(b, l, r);
		return;
	}
	if (vcpu == NO_VCPU)
		return;
	switch (r->event) {
	case TRC_WAKE:
		on_wake(b, l, r, vcpu);
		break;
	case TRC_BLOCK:
	case TRC_SLEEP:
		b->vcpus[vcpu].blocked = true;
		b->vcpus[vcpu].waits_since_ns = -1;
		break;
	case TRC_ROTA_PARK:
		b->vcpus[vcpu].parked = true;
		b->vcpus[vcpu].waits_since_ns = -1;
		break;
	case TRC_ROTA_UNPARK:
		b->vcpus[vcpu].parked = false;
		if (!b->vcpus[vcpu].blocked)
			b->vcpus[vcpu].waits_since_ns = r->time_ns;
		break;
	default:
		break;
	}
}

static int allocate(struct builder *b)
{
	size_t nr_domains = (size_t)b->s->nr_domains, nr_pcpus = (size_t)b->s->nr_pcpus;
	uint32_t n = 0;

	b->first = calloc(nr_domains + 1, sizeof(*b->first));
	b->lanes = calloc(nr_pcpus + 1, sizeof(*b->lanes));
	if (!b->first || !b->lanes)
		return -ENOMEM;
	for (size_t d = 0; d < nr_domains; d++) {
		b->first[d] = n;
		n += (uint32_t)b->s->domains[d].nr_vcpus;
	}
	b->first[nr_domains] = n;
	b->vcpus = calloc((size_t)n + 1, sizeof(*b->vcpus));
	if (!b->vcpus)
		return -ENOMEM;
	for (uint32_t v = 0; v < n; v++)
		b->vcpus[v].waits_since_ns = -1;
	for (size_t c = 0; c < nr_pcpus; c++)
		b->lanes[c].vcpu = NO_VCPU;
	return 0;
}

/* Lanes after each other, each behind its count. */
static void join(struct builder *b)
{
	struct bytes segments = { 0 }, wakes = { 0 };

	for (int c = 0; c < b->s->nr_pcpus; c++) {
		struct lane *l = &b->lanes[c];

		put_number(b, &segments, l->nr_segments);
		put_bytes(b, &segments, &l->segments);
		put_number(b, &wakes, l->nr_wakes);
		put_bytes(b, &wakes, &l->wakes);
		b->out->nr_segments += l->nr_segments;
		b->out->nr_wakes += l->nr_wakes;
	}
	b->out->segments = segments.p;
	b->out->segments_len = segments.len;
	b->out->wakes = wakes.p;
	b->out->wakes_len = wakes.len;
}

int lanes_build(struct lanes *out, const struct scenario *s, const struct trace_rec *recs, size_t n,
		uint64_t lost)
{
	struct builder b = { .s = s, .out = out };
	int64_t last_ns = 0;
	int ret;

	memset(out, 0, sizeof(*out));
	out->unit_ns = n > FINE_RECORDS ? 1000 : 1;
	ret = allocate(&b);
	for (size_t i = 0; i < n && !ret && !b.no_memory; i++) {
		/*
		 * What a damaged or foreign trace may hold: another host's pCPU, a time that runs
		 * back.
		 */
		if (recs[i].cpu >= s->nr_pcpus || recs[i].time_ns < last_ns)
			continue;
		last_ns = recs[i].time_ns;
		on_record(&b, &recs[i]);
	}
	if (!ret) {
		/* Who runs at the last record runs to the end, unless records are missing there. */
		int64_t end = lost || s->duration_ns < last_ns ? last_ns : s->duration_ns;

		out->end_ns = s->duration_ns > last_ns ? s->duration_ns : last_ns;
		for (int c = 0; c < s->nr_pcpus; c++)
			end_segment(&b, &b.lanes[c], end);
		join(&b);
		for (int c = 0; c < s->nr_pcpus; c++) {
			free(b.lanes[c].segments.p);
			free(b.lanes[c].wakes.p);
		}
	}
	free(b.first);
	free(b.lanes);
	free(b.vcpus);
	return ret ? ret : b.no_memory ? -ENOMEM : 0;
}

void lanes_free(struct lanes *l)
{
	free(l->segments);
	free(l->wakes);
	memset(l, 0, sizeof(*l));
}
