/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/libvirt/hooks/network.d/10-hostler: libvirt has changed a network and
 * perhaps its firewall rules. Only settles, and never stands in the way. */
#include <stdio.h>

#include "hooks/hook.h"

int main(int argc, char **argv)
{
	g_autoptr(HostlerHost) host = NULL;
	g_autoptr(GError) error = NULL;

	host = hook_begin("hostler-network-hook", &error);
	if (argc < 5) {
		fputs("usage: hostler-network-hook NETWORK OPERATION SUB-OPERATION EXTRA < XML\n", stderr);
		return 2;
	}
	return hook_settle(host, error);
}
