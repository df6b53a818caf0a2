/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report of a run: the page report.html with the run's data and report.js put in.
 *
 * All that is drawn is drawn by the page; here its data are gathered into one JSON object, in a
 * script element of a type that no browser executes. Every text of a scenario or result may hold
 * anything: in the object all of '<', '>', '&' and whatever isn't ASCII is escaped, so that nothing
 * can end the element, and the page puts text into text nodes only.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report_html.h"
#include "report_js.h"
#include "sim/report.h"
#include "sim/report_lanes.h"
#include "trace/outfile.h"

#define DATA_MARK "@ROTA_DATA@"
#define TITLE_MARK "@ROTA_TITLE@"
#define SCRIPT_MARK "@ROTA_SCRIPT@"

/*
 * A JSON string of any bytes: what isn't UTF-8 is shown as question marks rather than not at all.
 */
static json_t *text(const char *s)
{
	json_t *j = json_string(s ? s : "");
	char *ascii;

	if (j)
		return j;
	ascii = strdup(s);
	if (!ascii)
		return NULL;
	for (char *p = ascii; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	j = json_string(ascii);
	free(ascii);
	return j;
}

static json_t *base64(const uint8_t *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = malloc((n + 2) / 3 * 4 + 1), *q = out;
	json_t *j;

	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		if (i + 1 < n)
			v |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < n)
			v |= p[i + 2];
		*q++ = digits[v >> 18];
		*q++ = digits[v >> 12 & 63];
		*q++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
		*q++ = i + 2 < n ? digits[v & 63] : '=';
	}
	*q = '\0';
	j = json_string(out);
	free(out);
	return j;
}

static json_t *domains_json(const struct scenario *s)
{
	json_t *list = json_array();

	for (int d = 0; d < s->nr_domains; d++) {
		const struct scn_domain *dom = &s->domains[d];
		bool has_pool = dom->pool >= 0 && dom->pool < s->nr_pools;

		json_array_append_new(list, json_pack("{s:o,s:i,s:i,s:i,s:o}", "name", text(dom->name), "vcpus",
						      dom->nr_vcpus, "weight", dom->weight, "cap", dom->cap, "pool",
						      text(has_pool ? s->pools[dom->pool].name : "")));
	}
	return list;
}

static json_t *pools_json(const struct scenario *s)
{
	json_t *list = json_array();

	for (int p = 0; p < s->nr_pools; p++)
		json_array_append_new(list, json_pack("{s:o,s:o}", "name", text(s->pools[p].name), "sched",
						      text(s->pools[p].sched)));
	return list;
}

/* "0-3,8" */
static void cpus_text(const struct scn_cpus *cpus, char *buf, size_t len)
{
	size_t at = 0;

	buf[0] = '\0';
	for (int c = 0; c < SCHED_MAX_PCPUS && at + 16 < len; c++) {
		int first = c;

		if (!(cpus->w[c / 64] >> c % 64 & 1))
			continue;
		while (c + 1 < SCHED_MAX_PCPUS && cpus->w[(c + 1) / 64] >> (c + 1) % 64 & 1)
			c++;
		at += (size_t)snprintf(buf + at, len - at, "%s%d", at ? "," : "", first);
		if (c > first)
			at += (size_t)snprintf(buf + at, len - at, "-%d", c);
	}
}

static void event_text(const struct scenario *s, const struct scn_event *e, char *buf, size_t len)
{
	const char *domain = e->domain >= 0 && e->domain < s->nr_domains ? s->domains[e->domain].name : "?";
	const char *pool = e->pool >= 0 && e->pool < s->nr_pools ? s->pools[e->pool].name : "?";
	char who[SCHED_NAME_LEN + 32], cpus[128];

	if (e->vcpu >= 0)
		snprintf(who, sizeof(who), "%.*s vCPU %d", SCHED_NAME_LEN, domain, e->vcpu);
	else
		snprintf(who, sizeof(who), "%.*s", SCHED_NAME_LEN, domain);
	cpus_text(&e->cpus, cpus, sizeof(cpus));
	switch (e->kind) {
	case SCN_EV_PAUSE:
		snprintf(buf, len, "pause %s", who);
		break;
	case SCN_EV_UNPAUSE:
		snprintf(buf, len, "unpause %s", who);
		break;
	case SCN_EV_WEIGHT:
		snprintf(buf, len, "weight of %s: %" PRId64, domain, e->value);
		break;
	case SCN_EV_CAP:
		snprintf(buf, len, "cap of %s: %" PRId64 " %%", domain, e->value);
		break;
	case SCN_EV_PIN:
		snprintf(buf, len, "pin %s to pCPUs %s", who, cpus);
		break;
	case SCN_EV_PIN_SOFT:
		snprintf(buf, len, "soft affinity of %s: pCPUs %s", who, cpus);
		break;
	case SCN_EV_YIELD:
		snprintf(buf, len, "%s yields", who);
		break;
	case SCN_EV_IRQ:
		snprintf(buf, len, "virtual interrupt to %s%s", who, e->every_ns ? ", repeated" : "");
		break;
	case SCN_EV_MOVE:
		snprintf(buf, len, "move %s to %s", domain, pool);
		break;
	case SCN_EV_ATTACH:
		snprintf(buf, len, "%s is accounted to %s", domain, s->domains[e->sdom].name);
		break;
	case SCN_EV_DETACH:
		snprintf(buf, len, "%s is accounted for itself", domain);
		break;
	case SCN_EV_CPU_REMOVE:
		snprintf(buf, len, "pCPUs %s leave %s", cpus, pool);
		break;
	case SCN_EV_CPU_ADD:
		snprintf(buf, len, "pCPUs %s join %s", cpus, pool);
		break;
	default:
		snprintf(buf, len, "event of kind %d", (int)e->kind);
		break;
	}
}

static json_t *events_json(const struct scenario *s)
{
	json_t *list = json_array();
	char what[512];

	for (int i = 0; i < s->nr_events; i++) {
		event_text(s, &s->events[i], what, sizeof(what));
		json_array_append_new(list,
				      json_pack("{s:I,s:o}", "at", (json_int_t)s->events[i].at_ns, "text", text(what)));
	}
	return list;
}

/* The file's name as a shell takes it. */
static void quote(const char *s, char *buf, size_t len)
{
	size_t at = 0;

	if (*s && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+,:@%-") == strlen(s)) {
		snprintf(buf, len, "%s", s);
		return;
	}
	buf[at++] = '\'';
	for (; *s && at + 6 < len; s++) {
		if (*s == '\'') {
			memcpy(buf + at, "'\\''", 4);
			at += 4;
		} else {
			buf[at++] = *s;
		}
	}
	buf[at++] = '\'';
	buf[at] = '\0';
}

static json_t *command_json(const struct scenario *s, const json_t *result)
{
	json_t *given = json_object_get(result, "command");
	char path[2048], line[2200];

	if (json_is_string(given))
		return json_incref(given);
	quote(s->path ? s->path : "SCENARIO", path, sizeof(path));
	snprintf(line, sizeof(line), "rota sim run %s --seed %" PRIu64 " --report report.html", path, s->seed);
	return text(line);
}

/* 64-bit numbers go as strings where a JavaScript number would round them. */
static json_t *data_json(const struct scenario *s, const json_t *result, const struct lanes *l, uint64_t lost)
{
	char seed[24];
	json_t *j;

	snprintf(seed, sizeof(seed), "%" PRIu64, s->seed);
	j = json_pack("{s:o,s:o,s:o,s:o,s:s,s:I,s:I,s:I,s:i}", "name", text(s->name), "description",
		      text(s->description), "text", text(s->text), "command", command_json(s, result), "seed", seed,
		      "duration_ns", (json_int_t)s->duration_ns, "warmup_ns", (json_int_t)s->warmup_ns, "end_ns",
		      (json_int_t)l->end_ns, "pcpus", s->nr_pcpus);
	if (!j)
		return NULL;
	if (json_object_set_new(j, "domains", domains_json(s)) || json_object_set_new(j, "pools", pools_json(s)) ||
	    json_object_set_new(j, "events", events_json(s)) ||
	    json_object_set_new(j, "lost", json_integer((json_int_t)lost)) ||
	    json_object_set_new(j, "unit_ns", json_integer((json_int_t)l->unit_ns)) ||
	    json_object_set_new(j, "segments", base64(l->segments, l->segments_len)) ||
	    json_object_set_new(j, "wakes", base64(l->wakes, l->wakes_len)) ||
	    (result && json_object_set_new(j, "result", json_deep_copy(result)))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

/*
 * Into the page: the only places where these characters occur are strings, where they may be
 * escaped.
 */
static int put_json(const char *p, size_t n, void *file)
{
	FILE *f = file;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '<' || p[i] == '>' || p[i] == '&')
			fprintf(f, "\\u%04x", (unsigned int)p[i]);
		else
			putc(p[i], f);
	}
	return ferror(f) ? -1 : 0;
}

static void put_title(FILE *f, const char *s)
{
	for (; s && *s; s++) {
		if (strchr("<>&\"'", *s))
			fprintf(f, "&#%d;", *s);
		else
			putc(*s, f);
	}
}

/* The page up to @mark; returns what comes behind it. */
static size_t put_page(FILE *f, size_t from, const char *mark)
{
	size_t len = strlen(mark), total = sizeof(report_html), to = from;

	while (to + len <= total && memcmp(report_html + to, mark, len) != 0)
		to++;
	fwrite(report_html + from, 1, to - from, f);
	return to + len < total ? to + len : total;
}

int report_write(const char *path, const struct scenario *s, const json_t *result, const struct trace_rec *recs,
		 size_t nr_recs, uint64_t lost, char *err, size_t errlen)
{
	struct outfile out;
	struct lanes lanes;
	json_t *data = NULL;
	size_t at;
	int ret;

	ret = lanes_build(&lanes, s, recs, nr_recs, lost);
	if (!ret)
		data = data_json(s, result, &lanes, lost);
	lanes_free(&lanes);
	if (!data) {
		snprintf(err, errlen, "%s: no memory for the report", path);
		return -ENOMEM;
	}
	ret = outfile_open(&out, path, err, errlen);
	if (ret)
		goto done;
	at = put_page(out.f, 0, TITLE_MARK);
	put_title(out.f, s->name);
	at = put_page(out.f, at, DATA_MARK);
	if (json_dump_callback(data, put_json, out.f, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12)) &&
	    !ferror(out.f)) {
		snprintf(err, errlen, "%s: no memory for the report", path);
		outfile_abort(&out);
		ret = -ENOMEM;
		goto done;
	}
	at = put_page(out.f, at, SCRIPT_MARK);
	fwrite(report_js, 1, sizeof(report_js), out.f);
	fwrite(report_html + at, 1, sizeof(report_html) - at, out.f);
	ret = outfile_close(&out, err, errlen);
done:
	json_decref(data);
	return ret;
}
