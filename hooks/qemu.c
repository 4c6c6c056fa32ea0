/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/libvirt/hooks/qemu.d/10-hostler: libvirt calls it at each step of a VM's
 * life and waits. Prints nothing on stdout, one line on stderr when it refuses. */
#include <stdio.h>

#include "core/lifecycle.h"
#include "hooks/hook.h"

static int refuse(const GError *error)
{
	fprintf(stderr, "hostler: %s\n", error->message);
	return 1;
}

/* The same words and the same silence whether it is the configuration, the XML
 * or a device that is at fault. */
static int fail(HostlerHost *host, const HostlerEvent *event, GError *error)
{
	hostler_lifecycle_tell(host, event, NULL, &error);
	return hostler_event_may_refuse(event) ? refuse(error) : 0;
}

static int serve(HostlerHost *host, const HostlerEvent *event)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *xml = NULL;
	gsize length = 0;

	xml = hook_read_stdin(host, &length, &error);
	if (xml == NULL)
		return fail(host, event, error);
	return hostler_lifecycle_run(host, event, xml, length, &error) ? 0 : refuse(error);
}

int main(int argc, char **argv)
{
	g_autoptr(HostlerHost) host = NULL;
	g_autoptr(GError) error = NULL;
	HostlerEvent event;

	host = hook_begin("hostler-qemu-hook", &error);
	if (!hostler_event_from_argv(&event, argc, argv)) {
		fputs("usage: hostler-qemu-hook VM OPERATION SUB-OPERATION EXTRA < XML\n"
		      "This is libvirt's hook; people use: hostler check VM\n", stderr);
		return 2;
	}
	if (!hostler_event_is_known(&event))
		return 0;
	if (error != NULL && fail(host, &event, error) != 0)
		return 1;
	return serve(host, &event);
}
