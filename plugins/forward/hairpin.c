/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With bridge-nf-call-iptables, which docker sets, a guest's packet to itself gets
 * its new destination while it is still a frame on the bridge, which does not send
 * a frame back where it came from. The port's own flag says that it may; the
 * sysctl is everybody's, and docker's isolation rests on it. */
#include "plugins/forward/hairpin.h"

#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/forward/stays.h"

static gboolean is_needed(HostlerHost *host, sa_family_t family)
{
	g_autofree char *text =
		host->ops->kernel_text(host, family == AF_INET6 ? "/proc/sys/net/bridge/bridge-nf-call-ip6tables" :
								  "/proc/sys/net/bridge/bridge-nf-call-iptables");

	return g_strcmp0(text, "1") == 0;
}

/* A card that was unplugged a moment ago is no fault. */
static void set(HostlerHost *host, const HostlerRecord *stay, const char *tap)
{
	g_autoptr(GError) error = NULL;

	if (!host->ops->port_hairpin(host, tap, &error) &&
	    !g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT))
		hostler_log(G_LOG_LEVEL_INFO, "forward-hairpin", &(HostlerSubject){ .uuid = stay->uuid },
			    "the VM may not reach its own ports by the host's address: %s", error->message);
}

static void settle_stay(HostlerHost *host, const HostlerRecord *stay, gboolean ip, gboolean ip6)
{
	g_autoptr(GArray) spans = forward_stay_spans(stay);
	const char *before = "";

	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		if (!(span->family == AF_INET6 ? ip6 : ip) || *span->tap == '\0' || g_str_equal(span->tap, before))
			continue;
		set(host, stay, span->tap);
		before = span->tap;
	}
}

void forward_hairpin_settle(HostlerHost *host, const GPtrArray *stays)
{
	gboolean ip = stays->len > 0 && is_needed(host, AF_INET);
	gboolean ip6 = stays->len > 0 && is_needed(host, AF_INET6);

	for (guint i = 0; (ip || ip6) && i < stays->len; i++)
		settle_stay(host, g_ptr_array_index(stays, i), ip, ip6);
}
