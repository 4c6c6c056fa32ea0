/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host's desktop or its text consoles are on a card, before anything
 * is touched. */
#include "hostler/error.h"
#include "plugins/vfio/device.h"
#include "plugins/vfio/display-record.h"
#include "plugins/vfio/display.h"

static const char mend[] = "<hostler:passthrough display='release'/> in the VM's metadata (virsh edit VM) hands it "
			   "over and takes the desktop back afterwards";

gboolean vfio_display_read(HostlerHost *host, const char *bdf, GKeyFile *answer, GError **error)
{
	const char *bdfs[] = { bdf, NULL };
	g_auto(GStrv) consoles = NULL;
	g_autofree char *boot_vga = NULL;
	g_autoptr(GError) local = NULL;

	if (!vfio_display_is_card(answer))
		return TRUE;
	boot_vga = host->ops->pci_read(host, bdf, "boot_vga", &local);
	if (boot_vga == NULL && !g_error_matches(local, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	consoles = host->ops->consoles(host, bdfs, error);
	if (consoles == NULL)
		return FALSE;
	g_key_file_set_boolean(answer, VFIO_NOW, "console", consoles[0] != NULL);
	g_key_file_set_boolean(answer, VFIO_NOW, "boot", g_strcmp0(boot_vga, "1") == 0);
	return TRUE;
}

static gboolean is_seen_on(const HostlerJob *card)
{
	return g_key_file_get_boolean(card->answer, VFIO_NOW, "console", NULL) ||
	       g_key_file_get_boolean(card->answer, VFIO_NOW, "boot", NULL);
}

/* The device itself, or the card that a sound function is a part of; NULL: neither. */
static const HostlerJob *find_card(const VfioDevices *devices, const HostlerJob *device)
{
	if (vfio_display_is_card(device->answer))
		return device;
	for (guint i = 0; vfio_display_is_sound(device->answer) && i < devices->n; i++) {
		const HostlerJob *other = &devices->jobs[i];

		if (other->state == HOSTLER_JOB_DONE && vfio_display_is_card(other->answer) &&
		    vfio_same_slot(other->bdf, device->bdf))
			return other;
	}
	return NULL;
}

static void refuse(const HostlerJob *device, const HostlerJob *card, GStrv users, HostlerFindings *findings)
{
	g_autofree char *all = g_strjoinv(", ", users);

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_VFIO_BUSY, device->bdf, mend,
			     "%s is the %s (%s)", device->bdf,
			     device == card ? "host's display" : "sound of the host's display", all);
}

/* A card may show the desktop without a driver of its own, on what the firmware set up. */
static gboolean is_with_host(const HostlerJob *device)
{
	g_autofree char *driver = vfio_device_fact(device, VFIO_FOUND, "driver");

	return vfio_device_is_in_hosts_hands(device) || (driver == NULL && vfio_display_is_card(device->answer));
}

gboolean vfio_display_waits_for(const HostlerDomain *domain, const VfioDevices *devices, const HostlerJob *device)
{
	return domain->settings.display == HOSTLER_DISPLAY_RELEASE && find_card(devices, device) != NULL &&
	       is_with_host(device);
}

static void note_console(const HostlerJob *card, HostlerFindings *findings)
{
	if (g_key_file_get_boolean(card->answer, VFIO_NOW, "console", NULL))
		hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_VFIO_DISPLAY, card->bdf, NULL,
				     "%s shows the host's text console, which is dark while the VM has it",
				     card->bdf);
}

static void note_release(const HostlerJob *device, GStrv users, HostlerFindings *findings)
{
	g_autofree char *all = users != NULL ? g_strjoinv(", ", users) : NULL;

	if (all != NULL)
		hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_VFIO_DISPLAY, device->bdf, NULL,
				     "the desktop is put aside for %s to go to the VM, and taken back after it (%s)",
				     device->bdf, all);
}

VfioDisplay vfio_display_check(const HostlerDomain *domain, const VfioDevices *devices, const HostlerJob *device,
			       HostlerFindings *findings)
{
	const HostlerJob *card = find_card(devices, device);
	g_auto(GStrv) users = g_key_file_get_string_list(device->answer, VFIO_NOW, "users", NULL, NULL);

	if (card == NULL || !is_with_host(device))
		return VFIO_DISPLAY_NONE;
	if (domain->settings.display == HOSTLER_DISPLAY_RELEASE) {
		note_release(device, users, findings);
		return VFIO_DISPLAY_PASSES;
	}
	if (!is_seen_on(card))
		return VFIO_DISPLAY_NONE;
	if (users != NULL) {
		refuse(device, card, users, findings);
		return VFIO_DISPLAY_REFUSED;
	}
	note_console(device, findings);
	return VFIO_DISPLAY_PASSES;
}
