/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler settle: what every hook does at its end, by hand. Also what a child does
 * that the kernel held on a device and that came back. */
#include "command.h"
#include "core/lifecycle.h"
#include "hostler/error.h"
#include "hostler/lock.h"
#include "hostler/log.h"
#include "hostler/record.h"
#include "paper.h"
#include "qemu-helpers/json/ascii.h"

/* libvirt's `release` has this long to come, and a moment. */
#define WAIT_SECONDS 35

static gboolean any_in_grace(HostlerHost *host, HostlerRecordKind kind)
{
	g_autoptr(GPtrArray) records = hostler_records_load(host, kind);

	for (guint i = 0; i < records->len; i++) {
		if (hostler_record_in_grace(host, g_ptr_array_index(records, i)))
			return TRUE;
	}
	return FALSE;
}

static void settle(HostlerHost *host)
{
	host->deadline = host->ops->monotonic(host) + host->config.hook_deadline * G_USEC_PER_SEC;
	hostler_lifecycle_settle(host, HOSTLER_SETTLE_IN_FULL);
}

/* Until the half minute that ended records are left alone is over for all of them.
 * Others who are called for the same meanwhile leave it to us. */
static void settle_until_over(HostlerHost *host)
{
	g_autoptr(HostlerLock) lock = hostler_lock_try(host, "settle", NULL);
	gint64 end = host->ops->monotonic(host) + WAIT_SECONDS * G_USEC_PER_SEC;

	settle(host);
	while (lock != NULL && host->ops->monotonic(host) < end &&
	       (any_in_grace(host, HOSTLER_RECORD_CLAIM) || any_in_grace(host, HOSTLER_RECORD_STAY))) {
		g_usleep(G_USEC_PER_SEC);
		settle(host);
	}
}

int command_settle(HostlerHost *host, const Request *request, GError **error)
{
	Paper paper = paper_open();

	if (request->config_error != NULL)
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(request->config_error), NULL,
			    "%s; going on with the defaults", request->config_error->message);
	if (request->wait)
		settle_until_over(host);
	else
		settle(host);
	if (request->json) {
		g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

		json_builder_begin_object(builder);
		json_add_truth(builder, "settled", TRUE);
		json_builder_end_object(builder);
		paper_print_json(&paper, builder);
	}
	return EXIT_FINE;
}
