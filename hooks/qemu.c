/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/libvirt/hooks/qemu.d/10-hostler: libvirt calls it at each step of a VM's
 * life and waits. Prints nothing on stdout, one line on stderr when it refuses. */
#include <stdio.h>
#include <unistd.h>

#include "core/lifecycle.h"
#include "hooks/hook.h"
#include "hostler/domain.h"
#include "hostler/error.h"

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

/* A user's own libvirt calls the hooks of the host as that user, who may neither bind
 * a device nor write a record: its VMs are none of ours. */
static int serve_user(HostlerHost *host, const HostlerEvent *event)
{
	g_autoptr(HostlerDomain) domain = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *xml = NULL;
	gsize length = 0;

	xml = event->operation == HOSTLER_OP_PREPARE ? hook_read_stdin(host, &length, NULL) : NULL;
	domain = xml != NULL ? hostler_domain_from_xml(xml, length, NULL) : NULL;
	if (domain == NULL || domain->settings.forwards->len == 0)
		return 0;
	g_set_error(&error, HOSTLER_ERROR, HOSTLER_ERROR_FORWARD_UNSUPPORTED,
		    "it asks for forwarded ports, which VMs of qemu:///system alone have, and is user %u's own; "
		    "define it there (virsh -c qemu:///system define FILE), or take <portForward> out: "
		    "virsh -c qemu:///session edit VM", geteuid());
	return fail(host, event, error);
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
	if (geteuid() != 0)
		return serve_user(host, &event);
	if (error != NULL && fail(host, &event, error) != 0)
		return 1;
	return serve(host, &event);
}
