/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the host stands on a PCI device. The kernel lets go of a device that
 * is in use without a word, so this question is ours; each kind of use has a
 * file of its own beside this one. */
#include "host/users/users.h"

#include "host/users/block.h"
#include "host/users/functions.h"
#include "host/users/keyboard.h"
#include "host/users/net.h"
#include "host/users/nodes.h"
#include "host/users/open.h"
#include "host/users/search.h"

/* The programs come last, and once for all: what each kind found says which of
 * their open files count. Only then is it clear which disks nobody spoke of. */
GStrv host_pci_users(HostlerHost *host, const char *bdf, HostlerUse use, GError **error)
{
	g_auto(Search) search = { 0 };

	search_begin(&search, host, bdf, use);
	if (!blocks_see(&search, error) || !interfaces_see(&search, error) || !functions_see(&search, error))
		return NULL;
	keyboard_see(&search);
	nodes_see(&search);
	if (!programs_see(&search, error))
		return NULL;
	blocks_try(&search);
	return search_end(&search);
}
