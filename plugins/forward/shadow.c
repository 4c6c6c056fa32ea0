/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a forward stands before somebody of the host itself. */
#include "plugins/forward/shadow.h"

#include <stdio.h>
#include <string.h>

#include "hostler/log.h"
#include "plugins/forward/desired.h"

/* A check that lists thousands of ports helps nobody. */
#define MOST_FINDINGS 8
#define EPHEMERAL "/proc/sys/net/ipv4/ip_local_port_range"
#define RESERVED "/proc/sys/net/ipv4/ip_local_reserved_ports"

/* --- programs that listen --- */

static gboolean takes_family(const HostlerListener *listener, sa_family_t family)
{
	return listener->family == family || (listener->family == AF_INET6 && listener->both);
}

static gboolean is_zero(const guint8 *bytes, gsize length)
{
	static const guint8 zero[16];

	return memcmp(bytes, zero, length) == 0;
}

/* ::1 stays the host's own, and 127.0.0.0/8 unless hostler.conf says otherwise. */
static gboolean is_loopback(const HostlerListener *listener)
{
	if (listener->family == AF_INET)
		return listener->address[0] == IN_LOOPBACKNET;
	return is_zero(listener->address, 15) && listener->address[15] == 1;
}

static gboolean shadows(HostlerHost *host, const ForwardSpan *span, const HostlerListener *listener)
{
	gsize length = forward_family_size((sa_family_t)listener->family);

	if (listener->port < span->start || listener->port > span->end || !takes_family(listener, span->family) ||
	    (is_loopback(listener) && (listener->family != AF_INET || !host->config.forward_loopback)))
		return FALSE;
	return span->address.family == AF_UNSPEC || is_zero(listener->address, length) ||
	       (span->address.family == listener->family &&
		memcmp(span->address.bytes, listener->address, length) == 0);
}

/* To find out who has a socket takes a look at each process of the host, so each is told once: one program may
 * have a socket for each address, and a port is forwarded over both families. */
static void advise(HostlerHost *host, const ForwardSpan *span, const HostlerListener *listener, GHashTable *told,
		   HostlerFindings *findings)
{
	ForwardSpan one = *span;
	g_autofree char *owner = NULL;
	char *port;

	one.start = one.end = listener->port;
	port = forward_span_shown(&one);
	if (!g_hash_table_add(told, port))
		return;
	owner = host->ops->listener_owner(host, listener->inode);
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_FORWARD_TAKEN, port,
			     "give the VM another start= in <range>, or an address= at which the host does not listen",
			     "on %s %s listens: while the VM runs, whoever comes from %s reaches the VM instead",
			     port, owner != NULL ? owner : "a program of the host",
			     is_loopback(listener) ? "the host itself" : "outside");
}

static void check_listeners(HostlerHost *host, const ForwardSpan *span, const GArray *listeners, GHashTable *told,
			    HostlerFindings *findings)
{
	for (guint i = 0; i < listeners->len && g_hash_table_size(told) < MOST_FINDINGS; i++) {
		const HostlerListener *listener = &g_array_index(listeners, HostlerListener, i);

		if (shadows(host, span, listener))
			advise(host, span, listener, told, findings);
	}
}

static void check_protocol(HostlerHost *host, HostlerProto proto, const GArray *spans, HostlerFindings *findings)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) listeners = NULL;
	g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		if (span->proto != proto)
			continue;
		if (listeners == NULL && error == NULL)
			listeners = host->ops->listeners(host, forward_protocol_number(proto), &error);
		if (listeners != NULL)
			check_listeners(host, span, listeners, told, findings);
	}
	if (error != NULL)
		g_debug("who listens on the host's ports is not known: %s", error->message);
}

/* --- the range of the host's own connections --- */

static gboolean read_range(HostlerHost *host, guint *first, guint *last)
{
	g_autofree char *text = host->ops->kernel_text(host, EPHEMERAL);

	return text != NULL && sscanf(text, "%u %u", first, last) == 2 && *first <= *last;
}

/* "8080,9148-9160", where the kernel has put together what touches. */
static gboolean is_kept_free(const char *reserved, guint first, guint last)
{
	g_auto(GStrv) items = g_strsplit(reserved != NULL ? reserved : "", ",", -1);
	gboolean free = FALSE;

	for (gsize i = 0; items[i] != NULL; i++) {
		guint from, to;
		int n = sscanf(items[i], "%u-%u", &from, &to);

		free |= n >= 1 && from <= first && last <= (n == 2 ? to : from);
	}
	return free;
}

static void check_ephemeral(HostlerHost *host, const GArray *spans, HostlerFindings *findings)
{
	g_autofree char *reserved = host->ops->kernel_text(host, RESERVED);
	guint first, last;

	if (!read_range(host, &first, &last))
		return;
	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);
		g_autofree char *ports = NULL;

		if (span->end < first || span->start > last ||
		    is_kept_free(reserved, MAX(span->start, first), MIN(span->end, last)))
			continue;
		ports = forward_span_shown(span);
		hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_FORWARD_TAKEN, ports,
				     "keep it free, net.ipv4.ip_local_reserved_ports in /etc/sysctl.d, or take one below",
				     "%s lies where the host takes ports for its own connections (%u-%u): a program "
				     "that happens to get it is not reached from outside",
				     ports, first, last);
		return;
	}
}

void forward_shadow_check(HostlerHost *host, const GArray *spans, HostlerFindings *findings)
{
	for (HostlerProto proto = HOSTLER_PROTO_TCP; proto <= HOSTLER_PROTO_SCTP; proto++)
		check_protocol(host, proto, spans, findings);
	check_ephemeral(host, spans, findings);
}
