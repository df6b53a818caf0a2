/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel of a program guest measured: operations, waits for locks and for TLB shootdowns, why its vCPUs
 * yielded and halted. In the result it is the object "guest" of the domain; in the table, lines below the domains'.
 */
#include <string.h>

#include "sim/guest_os.h"
#include "sim/result.h"

static json_t *lock_json(const struct lock *l)
{
	static const char *const kinds[] = { "ticket", "pv", "unfair", "mutex", "rwsem" };

	return json_pack("{s:s,s:s,s:I,s:I,s:o,s:o}", "name", l->scn->name, "kind", kinds[l->scn->kind], "acquired",
			 (json_int_t)l->acquired, "contended", (json_int_t)l->contended, "wait_ns",
			 latency_json(&l->wait), "hold_ns", latency_json(&l->hold));
}

static json_t *network_json(const struct guest_os *os)
{
	const struct net *n = &os->net;

	return json_pack("{s:I,s:I,s:I,s:I}", "packets", (json_int_t)n->received, "lost", (json_int_t)n->lost, "bytes",
			 (json_int_t)n->received * os->program->net.bytes, "jitter_ns",
			 (json_int_t)(n->received ? n->jitter_sum_ns / n->received : 0));
}

json_t *guest_json(const struct guest_os *os)
{
	const struct guest_os_stats *s = &os->stats;
	json_t *o = json_object(), *locks = json_array();

	for (int i = 0; i < os->program->nr_locks; i++)
		json_array_append_new(locks, lock_json(&os->locks[os->program->locks[i].first]));
	json_object_set_new(o, "ops", json_integer((json_int_t)s->ops));
	json_object_set_new(o, "spinlocks_acquired", json_integer((json_int_t)s->acquired));
	json_object_set_new(o, "lock_wait_ns", latency_json(&s->lock_wait));
	json_object_set_new(o, "tlb_sync_ns", latency_json(&s->tlb_sync));
	json_object_set_new(o, "io_answer_ns", latency_json(&s->answer));
	json_object_set_new(o, "locks", locks);
	if (os->program->net.packet_ns)
		json_object_set_new(o, "network", network_json(os));
	json_object_set_new(o, "yields",
			    json_pack("{s:I,s:I,s:I}", "lock", (json_int_t)s->ple_exits[0], "tlb",
				      (json_int_t)s->ple_exits[1], "call", (json_int_t)s->ple_exits[2]));
	json_object_set_new(o, "spin_ns",
			    json_pack("{s:I,s:I,s:I}", "lock", (json_int_t)s->spin_ns[0], "tlb",
				      (json_int_t)s->spin_ns[1], "call", (json_int_t)s->spin_ns[2]));
	json_object_set_new(o, "halts",
			    json_pack("{s:I,s:I}", "idle", (json_int_t)s->halts_idle, "lock",
				      (json_int_t)s->halts_lock));
	json_object_set_new(o, "ple_exits",
			    json_integer((json_int_t)(s->ple_exits[0] + s->ple_exits[1] + s->ple_exits[2])));
	json_object_set_new(o, "kicks", json_integer((json_int_t)s->kicks));
	json_object_set_new(o, "task_switches", json_integer((json_int_t)s->switches));
	json_object_set_new(o, "interrupts",
			    json_pack("{s:I,s:I,s:I}", "device_and_timer", (json_int_t)s->interrupts, "call",
				      (json_int_t)s->ipis_call, "reschedule", (json_int_t)s->ipis_reschedule));
	return o;
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

/* "label mean 1.2 us, p99 3.4 us, max 5.6 us (78)" of a histogram that has anything */
static void put_times(FILE *out, const char *label, const json_t *h)
{
	if (number(h, "count") > 0)
		fprintf(out, "  %-11s mean %.2f us, p99 %.2f us, max %.2f us (%.0f)\n", label, number(h, "mean") / 1e3,
			number(h, "p99") / 1e3, number(h, "max") / 1e3, number(h, "count"));
}

static void put_network(FILE *out, const json_t *n)
{
	if (n)
		fprintf(out, "  network     %.0f packets, %.0f lost; jitter %.2f us\n", number(n, "packets"),
			number(n, "lost"), number(n, "jitter_ns") / 1e3);
}

static void put_counts(FILE *out, const char *label, const json_t *counts)
{
	const char *key, *gap = "";
	json_t *v;

	json_object_foreach((json_t *)counts, key, v)
	{
		if (json_number_value(v) <= 0)
			continue;
		if (!*gap)
			fprintf(out, "  %-11s", label);
		fprintf(out, "%s %s %.0f", gap, key, json_number_value(v));
		gap = ",";
	}
	if (*gap)
		fputc('\n', out);
}

void guest_table(const json_t *domains, FILE *out)
{
	json_t *d;
	size_t i;

	json_array_foreach(domains, i, d)
	{
		const json_t *g = json_object_get(d, "guest");

		if (!g)
			continue;
		if (json_object_get(g, "tasks")) {
			tasks_table(d, out);
			continue;
		}
		fprintf(out, "\n%s: %.0f operations\n", json_string_value(json_object_get(d, "name")),
			number(g, "ops"));
		put_times(out, "lock waits", json_object_get(g, "lock_wait_ns"));
		put_times(out, "TLB sync", json_object_get(g, "tlb_sync_ns"));
		put_times(out, "I/O answer", json_object_get(g, "io_answer_ns"));
		put_network(out, json_object_get(g, "network"));
		put_counts(out, "yields", json_object_get(g, "yields"));
		put_counts(out, "halts", json_object_get(g, "halts"));
	}
}
