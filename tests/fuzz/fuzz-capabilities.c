/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as configuration space: capability chains that loop or lead nowhere
 * end, and what was not read is not claimed. */

#include <string.h>

#include "hostler/capabilities.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	HostlerCapabilities found;
	HostlerCapabilities again;

	hostler_capabilities_read(data, size, &found);
	hostler_capabilities_read(data, size, &again);
	g_assert_cmpmem(&found, sizeof(found), &again, sizeof(again));
	if (size < 64 || (data[14] & 0x7f) == 0x7f)
		g_assert_false(found.known);
	g_assert_true(found.virtual == (found.known && found.vendor == 0xffff));
	if (!found.known || !found.complete)
		g_assert_true(!found.express && !found.flr && !found.af_flr && !found.pm_reset && !found.acs &&
			      !found.msi);
	if (size <= 256)
		g_assert_false(found.acs);
	if (found.flr || found.acs)
		g_assert_true(found.express);
	return 0;
}
