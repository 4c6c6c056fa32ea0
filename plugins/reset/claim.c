/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the ladder keeps in a claim. */
#include "plugins/reset/claim.h"

#include "hostler/error.h"
#include "hostler/log.h"

void reset_claim_store(HostlerHost *host, const HostlerRecord *claim)
{
	HostlerSubject subject = { .vm = claim->name, .uuid = claim->uuid, .device = claim->key };
	g_autoptr(GError) error = NULL;

	if (!hostler_record_store(host, claim, &error))
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error), &subject, "%s", error->message);
}
