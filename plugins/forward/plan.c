/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM's <portForward> elements come to on the networks that run, and why
 * not when they come to nothing. Pure. */
#include "plugins/forward/plan.h"

#include <string.h>

#include "hostler/text.h"
#include "plugins/forward/nic.h"

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

/* --- whom it serves: the families of its address and of its sources --- */

enum { V4 = 1 << 0, V6 = 1 << 1 };

static guint bit_of(sa_family_t family)
{
	return family == AF_INET6 ? V6 : V4;
}

static const char *family_word(guint families)
{
	return families == V6 ? "IPv6" : "IPv4";
}

static void refuse_loopback(const ForwardAddress *address, HostlerFindings *findings)
{
	char text[FORWARD_ADDRESS_LENGTH];

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_UNSUPPORTED, NULL,
			     "give the address of a network card of this host, or leave address= out for all of them",
			     "address=\"%s\" of <portForward> cannot be forwarded from: it is the host's own alone",
			     forward_address_text(address, text));
}

static gboolean is_loopback(const ForwardAddress *address)
{
	static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;

	if (address->family == AF_INET)
		return address->bytes[0] == IN_LOOPBACKNET;
	return memcmp(address->bytes, &loopback, sizeof(loopback)) == 0;
}

static void refuse_source(const char *source, const char *why, guint families, HostlerFindings *findings)
{
	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_UNSUPPORTED, NULL,
			     "take it out, or give networks of that family: virsh edit VM",
			     "nobody of source=\"%s\" of <portForward> could come: %s is %s only", source, why,
			     family_word(families));
}

/* The sources of one family, or NULL. */
static const char *sources_of(const char *sources, guint family)
{
	g_auto(GStrv) all = g_strsplit(sources, ",", -1);
	g_autoptr(GString) some = g_string_new(NULL);
	ForwardNet net;

	for (guint i = 0; all[i] != NULL; i++) {
		if (forward_net_read(all[i], &net) && bit_of(net.address.family) == family)
			g_string_append_printf(some, "%s%s", some->len > 0 ? "," : "", all[i]);
	}
	return some->len > 0 ? g_intern_string(some->str) : NULL;
}

/* Of those in `families` that have a source; 0 and a refusal when a source is of
 * none of them. */
static guint limit_families(const char *sources, guint families, const char *why, HostlerFindings *findings)
{
	const char *of4 = sources_of(sources, V4);
	const char *of6 = sources_of(sources, V6);
	guint given = (of4 != NULL ? V4 : 0) | (of6 != NULL ? V6 : 0);

	if ((given & ~families) == 0)
		return given;
	refuse_source((given & ~families) == V6 ? of6 : of4, why, families, findings);
	return 0;
}

static gboolean read_address(const HostlerForward *forward, ForwardAddress *address, HostlerFindings *findings)
{
	*address = (ForwardAddress){ .family = AF_UNSPEC };
	if (forward->address == NULL)
		return TRUE;
	if (!forward_address_read(forward->address, address))
		return FALSE; /* the settings have seen to that */
	if (!is_loopback(address))
		return TRUE;
	refuse_loopback(address, findings);
	return FALSE;
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

static guint network_families(const ForwardNic *nic)
{
	ForwardAddress guest;
	ForwardNet net;

	return (forward_nic_place(nic, AF_INET, &net, &guest) ? V4 : 0) |
	       (forward_nic_place(nic, AF_INET6, &net, &guest) ? V6 : 0);
}

/* 0 and a refusal when it serves none. */
static guint find_families(const HostlerForward *forward, const ForwardAddress *address, const ForwardNic *nic,
			   HostlerFindings *findings)
{
	guint families = network_families(nic);

	if (address->family != AF_UNSPEC)
		families &= bit_of(address->family);
	if (families == 0)
		forward_nic_refuse_family(nic, address->family, findings);
	else if (forward->source != NULL)
		families = limit_families(forward->source, families,
					  address->family != AF_UNSPEC ? "its address=" : "its network", findings);
	return families;
}

static void plan_families(const HostlerForward *forward, const ForwardSpan *pattern, guint families,
			  const ForwardNic *nic, const GArray *ports, GArray *spans, HostlerFindings *findings)
{
	static const sa_family_t both[] = { AF_INET, AF_INET6 };

	for (guint i = 0; i < G_N_ELEMENTS(both); i++) {
		ForwardSpan span = *pattern;

		span.family = both[i];
		if ((families & bit_of(both[i])) == 0 ||
		    !forward_nic_place(nic, both[i], &span.net, &span.guest))
			continue;
		if (forward->source != NULL)
			span.sources = sources_of(forward->source, bit_of(both[i]));
		plan_family(&span, ports, spans, findings);
	}
}

static void plan_one(const HostlerDomain *domain, const HostlerForward *forward, const GPtrArray *networks,
		     GArray *spans, HostlerFindings *findings)
{
	ForwardSpan pattern = { .proto = forward->proto };
	g_autoptr(GArray) ports = NULL;
	ForwardNic nic = { 0 };
	guint families;

	if (!read_address(forward, &pattern.address, findings) ||
	    !forward_nic_choose(domain, forward, networks, &nic, findings))
		return;
	g_strlcpy(pattern.bridge, nic.bridge, sizeof(pattern.bridge));
	g_strlcpy(pattern.tap, nic.tap, sizeof(pattern.tap));
	g_strlcpy(pattern.mac, nic.mac, sizeof(pattern.mac));
	g_strlcpy(pattern.rate, forward->rate != NULL ? forward->rate : "", sizeof(pattern.rate));
	families = find_families(forward, &pattern.address, &nic, findings);
	ports = plan_ports(forward, findings);
	plan_families(forward, &pattern, families, &nic, ports, spans, findings);
}

/* --- all of them --- */

/* Each port of each protocol once. Of single addresses there may be as many again for each, and each port costs
 * some hundred bytes, of root's memory. */
#define MOST_PORTS (HOSTLER_N_PROTOS * (guint64)G_MAXUINT16)

static guint64 count_ports(const GArray *spans, sa_family_t family)
{
	guint64 n = 0;

	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		if (span->family == family)
			n += span->end - span->start + 1;
	}
	return n;
}

static gboolean allow_ports(const GArray *spans, HostlerFindings *findings)
{
	guint64 n = MAX(count_ports(spans, AF_INET), count_ports(spans, AF_INET6));

	if (n <= MOST_PORTS)
		return TRUE;
	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_UNSUPPORTED, NULL,
			     "give its <range>s fewer ports, or leave address= out: virsh edit VM",
			     "%" G_GUINT64_FORMAT " ports of this host's addresses are to be forwarded to it, and one VM "
			     "may have %" G_GUINT64_FORMAT, n, MOST_PORTS);
	return FALSE;
}

GArray *forward_plan(const HostlerDomain *domain, const GPtrArray *networks, HostlerFindings *findings)
{
	GArray *spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	const GPtrArray *forwards = domain->settings.forwards;

	for (guint i = 0; i < forwards->len; i++)
		plan_one(domain, g_ptr_array_index(forwards, i), networks, spans, findings);
	if (!allow_ports(spans, findings))
		g_array_set_size(spans, 0);
	return spans;
}
