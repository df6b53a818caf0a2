/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's domain XML, read by libxml2 (rota-libvirt.so). Only what is about scheduling is looked at:
 *
 *	<vcpu cpuset='0-3'>		cpus
 *	<cputune><shares>		weight: libvirt's default is ours, 256
 *	<quota>, <period>		cap: of each vCPU to libvirt, of their sum to us
 *	<global_quota>			cap; the smaller of the two
 *	<vcpupin vcpu= cpuset=>		vcpu: cpus
 *	<metadata><rota:domain> pool, weight, cap, cpus, cpus_soft, sdom, rt: as in rota.yaml, before all of the above
 *
 * What a value may be is checked by rotad, which has the host; here only that a number is one. No file or address that
 * the document names is opened.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/libvirt/domxml.h"
#include "control/backend.h"

#define DEFAULT_PERIOD_US 100000 /* libvirt's */
#define MOST_US 1000000000LL

struct reader {
	json_t *out;
	long long vcpus, shares; /* <shares> of a weight of 256 */
	char *error;
	bool failed;
};

static bool is(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && !strcmp((const char *)n->name, name);
}

static bool is_ours(const xmlNode *n)
{
	return n->type == XML_ELEMENT_NODE && n->ns && !strcmp((const char *)n->ns->href, DOMXML_NAMESPACE);
}

static xmlNode *child(const xmlNode *of, const char *name)
{
	for (xmlNode *n = of ? of->children : NULL; n; n = n->next)
		if (is(n, name))
			return n;
	return NULL;
}

static void fail(struct reader *r, const char *what, const char *text)
{
	if (!r->failed)
		snprintf(r->error, CONTROL_ERROR_LEN, "domain XML: %s: '%.40s' is no whole number", what, text);
	r->failed = true;
}

static long long number(struct reader *r, const char *what, const char *text)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	while (*end == ' ' || *end == '\n' || *end == '\t')
		end++;
	if (end == text || *end || errno)
		fail(r, what, text);
	return n;
}

/* The number in an element; @otherwise where there is none. */
static long long number_in(struct reader *r, const xmlNode *n, long long otherwise)
{
	xmlChar *text = n ? xmlNodeGetContent(n) : NULL;
	long long out = text ? number(r, (const char *)n->name, (const char *)text) : otherwise;

	xmlFree(text);
	return out;
}

static void set_number(struct reader *r, json_t *to, const char *key, const char *text)
{
	json_object_set_new(to, key, json_integer(number(r, key, text)));
}

/* Text without what is around it. */
static void set_text(json_t *to, const char *key, const char *text)
{
	size_t from = strspn(text, " \n\t"), len = strlen(text + from);

	while (len && strchr(" \n\t", text[from + len - 1]))
		len--;
	json_object_set_new(to, key, json_stringn(text + from, len));
}

/* ---- <vcpu>, <cputune> ---- */

static void read_vcpu(struct reader *r, const xmlNode *domain)
{
	xmlNode *n = child(domain, "vcpu");
	xmlChar *cpuset = n ? xmlGetProp(n, BAD_CAST "cpuset") : NULL;
	xmlChar *current = n ? xmlGetProp(n, BAD_CAST "current") : NULL;

	r->vcpus = current ? number(r, "current", (const char *)current) : number_in(r, n, 1);
	if (r->vcpus < 1 || r->vcpus > SCHED_MAX_DOMAIN_VCPUS)
		r->vcpus = 1;
	if (cpuset)
		set_text(r->out, "cpus", (const char *)cpuset);
	xmlFree(cpuset);
	xmlFree(current);
}

static void read_pins(struct reader *r, const xmlNode *cputune)
{
	json_t *pins = json_array();

	for (xmlNode *n = cputune->children; n; n = n->next) {
		xmlChar *vcpu = is(n, "vcpupin") ? xmlGetProp(n, BAD_CAST "vcpu") : NULL;
		xmlChar *cpuset = vcpu ? xmlGetProp(n, BAD_CAST "cpuset") : NULL;

		if (cpuset) {
			json_t *pin = json_object();

			set_number(r, pin, "vcpu", (const char *)vcpu);
			set_text(pin, "cpus", (const char *)cpuset);
			json_array_append_new(pins, pin);
		}
		xmlFree(vcpu);
		xmlFree(cpuset);
	}
	if (json_array_size(pins))
		json_object_set(r->out, "vcpu", pins);
	json_decref(pins);
}

/* Percent of one pCPU of a quota in a period, for @times; 0: none, or nothing that makes sense. */
static long long percent(long long quota, long long period, long long times)
{
	long long cap;

	if (quota <= 0 || period <= 0 || quota > MOST_US || period > MOST_US)
		return 0;
	cap = 100 * times * quota / period;
	return cap ? cap : 1;
}

static void read_cputune(struct reader *r, const xmlNode *domain)
{
	xmlNode *t = child(domain, "cputune");
	long long shares, each, all, weight;

	if (!t)
		return;
	shares = number_in(r, child(t, "shares"), 0);
	if (shares > 0 && shares <= MOST_US) {
		weight = (256 * shares + r->shares / 2) / r->shares;
		weight = weight < 1 ? 1 : weight > CREDIT_MAX_WEIGHT ? CREDIT_MAX_WEIGHT : weight;
		json_object_set_new(r->out, "weight", json_integer(weight));
	}
	each = percent(number_in(r, child(t, "quota"), 0), number_in(r, child(t, "period"), DEFAULT_PERIOD_US),
		       r->vcpus);
	all = percent(number_in(r, child(t, "global_quota"), 0),
		      number_in(r, child(t, "global_period"), DEFAULT_PERIOD_US), 1);
	if (!each || (all && all < each))
		each = all;
	/* Of all that its vCPUs could use it is none. */
	if (each && each < 100 * r->vcpus)
		json_object_set_new(r->out, "cap", json_integer(each));
	read_pins(r, t);
}

/* ---- <metadata> ---- */

static void read_rt(struct reader *r, const xmlNode *n)
{
	json_t *list = json_object_get(r->out, "rt"), *o = json_object();

	for (xmlAttr *a = n->properties; a; a = a->next) {
		xmlChar *text = xmlNodeListGetString(n->doc, a->children, 1);
		const char *key = (const char *)a->name, *value = text ? (const char *)text : "";

		if (!strcmp(key, "server") || (!strcmp(key, "vcpu") && !strcmp(value, "all")))
			set_text(o, key, value);
		else if (!strcmp(key, "extratime") && (!strcmp(value, "true") || !strcmp(value, "false")))
			json_object_set_new(o, key, json_boolean(!strcmp(value, "true")));
		else
			set_number(r, o, key, value);
		xmlFree(text);
	}
	if (!list) {
		list = json_array();
		json_object_set_new(r->out, "rt", list);
	}
	json_array_append_new(list, o);
}

static void read_metadata(struct reader *r, const xmlNode *domain)
{
	xmlNode *m = child(domain, "metadata"), *own = NULL;

	for (xmlNode *n = m ? m->children : NULL; n && !own; n = n->next)
		if (is_ours(n) && is(n, "domain"))
			own = n;
	for (xmlNode *n = own ? own->children : NULL; n; n = n->next) {
		xmlChar *text;

		if (!is_ours(n))
			continue;
		if (is(n, "rt")) {
			read_rt(r, n);
			continue;
		}
		text = xmlNodeGetContent(n);
		if (is(n, "weight") || is(n, "cap"))
			set_number(r, r->out, (const char *)n->name, text ? (const char *)text : "");
		else
			set_text(r->out, (const char *)n->name, text ? (const char *)text : "");
		xmlFree(text);
	}
}

json_t *domxml_settings(const char *text, size_t len, long long shares, char *error)
{
	xmlDoc *doc = len < 1 << 24 ? xmlReadMemory(text, (int)len, "domain.xml", NULL,
						    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING) :
				      NULL;
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL, *name = root ? child(root, "name") : NULL;
	struct reader r = { .out = json_object(), .shares = shares, .error = error };
	json_t *answer = NULL;

	if (!doc || !root || !is(root, "domain") || !name) {
		snprintf(error, CONTROL_ERROR_LEN, "domain XML: it is not the <domain> of a VM with a <name>");
	} else {
		read_vcpu(&r, root);
		read_cputune(&r, root);
		read_metadata(&r, root);
		if (!r.failed) {
			xmlChar *called = xmlNodeGetContent(name);

			answer = json_pack("{sO}", "settings", r.out);
			set_text(answer, "name", called ? (const char *)called : "");
			xmlFree(called);
		}
	}
	json_decref(r.out);
	xmlFreeDoc(doc);
	return answer;
}
