// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `sdom:` of a domain: the domain that it is accounted to. The name may be that of a domain further down, so it is
 * looked up when all are read.
 */
#include <string.h>

#include "sched/sched.h"
#include "sim/scenario_read.h"

bool scn_has_sdoms(const char *policy)
{
#define SCHEDULER(name, id, full) \
	if (!strcmp(policy, #name)) \
		return true;
	SDOM_SCHEDULERS(SCHEDULER)
#undef SCHEDULER
	return false;
}

int scn_check_sdom(struct scn_reader *r, const struct scn_node *at, int domain, int sdom)
{
	const struct scenario *s = r->s;
	const struct scn_domain *d = &s->domains[domain], *to = &s->domains[sdom];
	const char *policy = s->pools[d->pool].sched;

	if (sdom == domain)
		return scn_fail(r, at, "a domain can't be its own activation domain; name another");
	if (d->pool != to->pool)
		return scn_fail(r, at, "%s is in another pool; a domain is accounted to one of its own pool",
				scn_quote(r, to->name));
	if (!scn_has_sdoms(policy))
		return scn_fail(
			r, at,
			"%s can't account a domain to another; use a pool under credit, credit2, rtds, rtxen or sedf",
			scn_quote(r, policy));
	return 0;
}

/* Once the domains are known. */
int scn_resolve_sdoms(struct scn_reader *r)
{
	struct scenario *s = r->s;

	for (int i = 0; i < s->nr_domains; i++) {
		struct scn_domain *d = &s->domains[i];
		const struct scn_node at = {
			.kind = SCN_SCALAR, .line = d->sdom_line, .set = -1, .text = d->sdom_name
		};
		int err;

		d->sdom = -1;
		if (!d->sdom_name)
			continue;
		scn_enter(r, "domains");
		scn_enter(r, d->name);
		scn_enter(r, "sdom");
		err = scn_find_domain(r, &at, &d->sdom);
		if (!err)
			err = scn_check_sdom(r, &at, i, d->sdom);
		if (!err && s->domains[d->sdom].sdom_name)
			err = scn_fail(r, &at, "%s is an activation domain itself; name its scheduling domain",
				       scn_quote(r, d->sdom_name));
		if (err)
			return err;
		scn_leave(r, 0);
	}
	return 0;
}
