/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/libvirt/hooks/daemon.d/10-hostler: libvirtd starts, reloads or ends.
 * Whatever a crash left behind is taken back here; a daemon that ends leaves
 * its VMs running, so there is nothing to do then. */
#include <stdio.h>

#include "hooks/hook.h"

int main(int argc, char **argv)
{
	g_autoptr(HostlerHost) host = NULL;
	g_autoptr(GError) error = NULL;

	host = hook_begin("hostler-daemon-hook", &error);
	if (argc < 5) {
		fputs("usage: hostler-daemon-hook - OPERATION SUB-OPERATION EXTRA\n", stderr);
		return 2;
	}
	return g_str_equal(argv[2], "shutdown") ? 0 : hook_settle(host, error);
}
