/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether virtual functions stand on a physical one: its driver takes them along
 * when it lets go of it, whoever has them, and no return brings them back. */
#include "host/users/functions.h"

#include "hostler/error.h"

gboolean functions_see(Search *search, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *number = search->host->ops->pci_read(search->host, search->bdf, "sriov_numvfs", &local);
	guint64 n;

	if (number == NULL && g_error_matches(local, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT))
		return TRUE;
	if (number == NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	/* What is no number is no reason to believe that there are none. */
	if (!g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT16, &n, error)) {
		g_prefix_error(error, "sriov_numvfs of %s: ", search->bdf);
		return FALSE;
	}
	if (n > 0)
		search_say(search, "it has %" G_GUINT64_FORMAT " virtual function%s enabled (end them: echo 0 > "
			   "/sys/bus/pci/devices/%s/sriov_numvfs)", n, n == 1 ? "" : "s", search->bdf);
	return TRUE;
}
