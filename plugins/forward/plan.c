/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM's <portForward> elements come to on the networks that run, and why
 * not when they come to nothing. Pure. */
#include "plugins/forward/plan.h"

#include <string.h>

#include "hostler/text.h"
#include "plugins/forward/nic.h"

/* A check that lists thousands of ports helps nobody. */
#define MOST_FINDINGS 16

/* --- ports: ranges less what they exclude --- */

static void add_range(GArray *spans, guint start, guint end, guint to)
{
	ForwardSpan span = { .start = (guint16)start, .end = (guint16)end, .to = (guint16)to };

	if (start <= end)
		g_array_append_val(spans, span);
}

static GArray *exclude(const GArray *spans, const HostlerPortRange *hole)
{
	GArray *rest = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));

	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		if (hole->end < span->start || hole->start > span->end) {
			g_array_append_val(rest, *span);
			continue;
		}
		if (hole->start > span->start)
			add_range(rest, span->start, hole->start - 1U, span->to);
		if (hole->end < span->end)
			add_range(rest, hole->end + 1U, span->end, span->to + (hole->end + 1U - span->start));
	}
	return rest;
}

static GArray *resolve_ranges(const GArray *ranges)
{
	GArray *spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));

	for (guint i = 0; i < ranges->len; i++) {
		const HostlerPortRange *range = &g_array_index(ranges, HostlerPortRange, i);

		if (!range->exclude)
			add_range(spans, range->start, range->end, range->to);
	}
	for (guint i = 0; i < ranges->len; i++) {
		const HostlerPortRange *range = &g_array_index(ranges, HostlerPortRange, i);
		g_autoptr(GArray) before = spans;

		spans = range->exclude ? exclude(before, range) : g_array_ref(before);
	}
	return spans;
}

/* --- what is asked for and not there yet: never ignored, for a forward without
 * its source= would be open to the world --- */

static void refuse_unsupported(const char *attribute, const char *why, HostlerFindings *findings)
{
	g_autofree char *mend = g_strdup_printf("take %s= out of <portForward>: virsh edit VM", attribute);

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_UNSUPPORTED, NULL, mend,
			     "%s= of <portForward> is not supported yet: %s", attribute, why);
}

static gboolean is_loopback(const ForwardAddress *address)
{
	static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;

	if (address->family == AF_INET)
		return address->bytes[0] == IN_LOOPBACKNET;
	return memcmp(address->bytes, &loopback, sizeof(loopback)) == 0;
}

static gboolean read_address(const char *text, ForwardAddress *address, HostlerFindings *findings)
{
	g_autofree char *shown = hostler_text_shown(text);

	if (!forward_address_read(text, address) || address->family != AF_INET) {
		hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_UNSUPPORTED, NULL,
				     "give one IPv4 address of this host, or leave address= out for all of them",
				     "address=\"%s\" of <portForward> is not supported yet: it is no IPv4 address",
				     shown);
		return FALSE;
	}
	if (!is_loopback(address))
		return TRUE;
	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_UNSUPPORTED, NULL,
			     "give the address of a network card of this host, or leave address= out for all of them",
			     "address=\"%s\" of <portForward> cannot be forwarded from", shown);
	return FALSE;
}

static gboolean check_supported(const HostlerForward *forward, ForwardAddress *address, HostlerFindings *findings)
{
	*address = (ForwardAddress){ .family = AF_UNSPEC };
	if (forward->source != NULL)
		refuse_unsupported("source", "without it the port would be open to everybody", findings);
	if (forward->rate != NULL)
		refuse_unsupported("rate", "new connections would not be limited", findings);
	if (forward->address != NULL && !read_address(forward->address, address, findings))
		return FALSE;
	return forward->source == NULL && forward->rate == NULL;
}

/* --- ports at which libvirt's dnsmasq serves the guests --- */

static gboolean covers(const ForwardSpan *span, HostlerProto proto, guint16 port)
{
	return span->proto == proto && span->start <= port && port <= span->end;
}

/* The guests' gateway is an address of this host like any other. */
static void advise(const ForwardSpan *span, HostlerFindings *findings)
{
	gboolean is_dns = covers(span, HOSTLER_PROTO_UDP, 53) || covers(span, HOSTLER_PROTO_TCP, 53);
	g_autofree char *ports = forward_span_shown(span);

	if (span->address.family != AF_UNSPEC || (!is_dns && !covers(span, HOSTLER_PROTO_UDP, 67)))
		return;
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_FORWARD_TAKEN, ports,
			     "give the <portForward> an address= that guests do not use",
			     "%s of every address of the host: what guests ask of their network's own %s goes to "
			     "this VM, too", ports, is_dns ? "DNS" : "DHCP");
}

/* --- one <portForward> --- */

static GArray *plan_ports(const HostlerForward *forward, HostlerFindings *findings)
{
	GArray *spans = resolve_ranges(forward->ranges);

	if (spans->len == 0)
		hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_UNSUPPORTED, NULL,
				     "give it a <range> without exclude=, or remove it: virsh edit VM",
				     "a <portForward> for %s forwards no port: all of it is excluded",
				     hostler_proto_name(forward->proto));
	return spans;
}

static void plan_family(const ForwardSpan *pattern, const GArray *ports, GArray *spans, HostlerFindings *findings)
{
	for (guint i = 0; i < ports->len; i++) {
		const ForwardSpan *range = &g_array_index(ports, ForwardSpan, i);
		ForwardSpan span = *pattern;

		span.start = range->start;
		span.end = range->end;
		span.to = range->to;
		g_array_append_val(spans, span);
		advise(&span, findings);
	}
}

static void plan_one(const HostlerDomain *domain, const HostlerForward *forward, const GPtrArray *networks,
		     GArray *spans, HostlerFindings *findings)
{
	ForwardSpan pattern = { .family = AF_INET, .proto = forward->proto };
	g_autoptr(GArray) ports = NULL;
	ForwardNic nic = { 0 };

	if (!check_supported(forward, &pattern.address, findings) ||
	    !forward_nic_choose(domain, forward, networks, &nic, findings))
		return;
	g_strlcpy(pattern.bridge, nic.bridge, sizeof(pattern.bridge));
	g_strlcpy(pattern.mac, nic.mac, sizeof(pattern.mac));
	ports = plan_ports(forward, findings);
	if (forward_nic_place(&nic, pattern.family, &pattern.net, &pattern.guest))
		plan_family(&pattern, ports, spans, findings);
	else
		forward_nic_refuse_family(&nic, pattern.family, findings);
}

GArray *forward_plan(const HostlerDomain *domain, const GPtrArray *networks, HostlerFindings *findings)
{
	GArray *spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	const GPtrArray *forwards = domain->settings.forwards;

	for (guint i = 0; i < forwards->len; i++)
		plan_one(domain, g_ptr_array_index(forwards, i), networks, spans, findings);
	return spans;
}

/* --- who holds a port --- */

static gint compare_holdings(gconstpointer a, gconstpointer b)
{
	const ForwardSpan *x = &((const ForwardHolding *)a)->span;
	const ForwardSpan *y = &((const ForwardHolding *)b)->span;

	if (x->proto != y->proto)
		return (gint)x->proto - (gint)y->proto;
	return (gint)x->start - (gint)y->start;
}

static ForwardSpan common_ports(const ForwardSpan *a, const ForwardSpan *b)
{
	ForwardSpan both = *a;

	both.start = MAX(a->start, b->start);
	both.end = MIN(a->end, b->end);
	return both;
}

static void refuse_taken(const ForwardHolding *own, const ForwardHolding *other, HostlerFindings *findings)
{
	ForwardSpan both = common_ports(&own->span, &other->span);
	g_autofree char *ports = forward_span_shown(&both);

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_TAKEN, ports,
			     "shut that VM down, or give this one another start= in <range>: virsh edit VM",
			     "%s of the host is forwarded to VM '%s' already", ports, other->vm);
}

/* Those that follow in order of ports, as far as they could meet. */
static guint check_followers(const GArray *holdings, guint first, guint most, HostlerFindings *findings)
{
	const ForwardHolding *a = &g_array_index(holdings, ForwardHolding, first);
	guint found = 0;

	for (guint i = first + 1; i < holdings->len && found < most; i++) {
		const ForwardHolding *b = &g_array_index(holdings, ForwardHolding, i);

		if (b->span.proto != a->span.proto || b->span.start > a->span.end)
			break;
		if ((a->vm == NULL) == (b->vm == NULL) || !forward_spans_collide(&a->span, &b->span))
			continue;
		refuse_taken(a->vm == NULL ? a : b, a->vm == NULL ? b : a, findings);
		found++;
	}
	return found;
}

void forward_plan_check_taken(const GArray *spans, GArray *holdings, HostlerFindings *findings)
{
	guint found = 0;

	for (guint i = 0; i < spans->len; i++) {
		ForwardHolding own = { .span = g_array_index(spans, ForwardSpan, i) };

		g_array_append_val(holdings, own);
	}
	g_array_sort(holdings, compare_holdings);
	for (guint i = 0; i < holdings->len && found < MOST_FINDINGS; i++)
		found += check_followers(holdings, i, MOST_FINDINGS - found, findings);
}
