/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be said of a claim: from the record alone, for its device may be one
 * that no reader comes back from. */
#include "plugins/vfio/status.h"

#include "plugins/vfio/claim.h"
#include "plugins/vfio/device.h"

static char *describe_span(gint64 seconds)
{
	if (seconds < 120)
		return g_strdup_printf("%" G_GINT64_FORMAT " s", MAX(seconds, 0));
	if (seconds < 120 * 60)
		return g_strdup_printf("%" G_GINT64_FORMAT " min", seconds / 60);
	return g_strdup_printf("%" G_GINT64_FORMAT " h", seconds / 3600);
}

/* Why it is stuck usually says who has it open, and what ends that. */
static const char *say_mend(HostlerHost *host, const HostlerRecord *claim, gboolean has_reason)
{
	if (!host->ops->job_in_flight(host, claim->key))
		return "the kernel has come back since; mend: hostler settle";
	if (has_reason)
		return "it goes back by itself as soon as the kernel lets go of it";
	return "end the program that has it open, or restart the host";
}

static char *describe_stuck(HostlerHost *host, const HostlerRecord *claim, const char *origin, const char *trouble)
{
	g_autofree char *span = describe_span(host->ops->boottime(host) - claim->since);

	return g_strdup_printf("STUCK for %s, %s; %s%s%s", span, origin, trouble != NULL ? trouble : "",
			       trouble != NULL ? "; " : "", say_mend(host, claim, trouble != NULL));
}

/* How it came to the VM. */
static char *describe_origin(const HostlerRecord *claim)
{
	g_autofree char *driver = g_key_file_get_string(claim->body, VFIO_FOUND, "driver", NULL);
	g_autofree char *partner = vfio_claim_partner(claim);

	if (vfio_claim_is_libvirts(claim))
		return g_strdup("bound by libvirt, which returns it");
	return g_strdup_printf("%s%s%sfound on %s", partner != NULL ? "taken along with " : "",
			       partner != NULL ? partner : "", partner != NULL ? ", " : "",
			       driver != NULL ? driver : "no driver");
}

static char *describe(HostlerHost *host, const HostlerRecord *claim)
{
	g_autofree char *trouble = g_key_file_get_string(claim->body, "trouble", "text", NULL);
	g_autofree char *origin = describe_origin(claim);

	if (claim->phase == HOSTLER_PHASE_STUCK)
		return describe_stuck(host, claim, origin, trouble);
	return g_strdup_printf("%s, %s%s%s", hostler_phase_name(claim->phase), origin,
			       trouble != NULL ? "; " : "", trouble != NULL ? trouble : "");
}

void vfio_status(HostlerHost *host, const HostlerSink *sink)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);

	for (guint i = 0; i < claims->len; i++) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i);
		g_autofree char *text = describe(host, claim);

		sink->line(sink->data, claim, "devices", claim->key, text);
	}
}
