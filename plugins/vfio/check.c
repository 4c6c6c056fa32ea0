/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What refuses, in words that mend it. */
#include "plugins/vfio/check.h"

#include "hostler/record.h"
#include "hostler/text.h"
#include "plugins/vfio/claim.h"
#include "plugins/vfio/device.h"
#include "plugins/vfio/display.h"
#include "plugins/vfio/settle.h"

#define REFUSE HOSTLER_SEVERITY_REFUSE

/* --- without touching the device --- */

/* What sends a person somewhere is after the last semicolon. */
static gboolean take_error(HostlerFindings *findings, const char *bdf, const GError *error)
{
	hostler_findings_add(findings, REFUSE, (HostlerErrorCode)error->code, bdf, NULL, "%s", error->message);
	return FALSE;
}

/* A settle was called for just before we came here. */
static gboolean take_claimed(HostlerHost *host, HostlerFindings *findings, const char *bdf, const GError *error)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf);
	g_autofree char *name = hostler_text_shown(claim != NULL ? claim->name : NULL);

	if (claim == NULL || !vfio_has_left(host, claim))
		return take_error(findings, bdf, error);
	hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_CLAIMED, bdf,
			     "try again in a moment, or: hostler settle",
			     "%s was unplugged from VM '%s' and is on its way back to the host", bdf, name);
	return FALSE;
}

gboolean check_reachable(HostlerHost *host, const HostlerDomain *domain, const char *bdf, HostlerFindings *findings)
{
	g_autoptr(GError) error = NULL;

	if (!host->ops->pci_exists(host, bdf)) {
		hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_ABSENT, bdf,
				     "virsh nodedev-list --cap pci shows what is there; then: virsh edit VM",
				     "there is no PCI device %s on this host", bdf);
		return FALSE;
	}
	if (host->ops->job_in_flight(host, bdf)) {
		hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_STUCK, bdf,
				     "end the program that has it open; if there is none, reboot the host",
				     "%s is stuck: an earlier call into the kernel has not returned", bdf);
		return FALSE;
	}
	return hostler_claim_free_for(host, bdf, domain->uuid, &error) || take_claimed(host, findings, bdf, error);
}

/* --- from what was read --- */

gboolean check_answered(const HostlerJob *device, HostlerFindings *findings)
{
	if (device->state == HOSTLER_JOB_DONE)
		return TRUE;
	hostler_findings_add(findings, REFUSE,
			     device->state == HOSTLER_JOB_STUCK ? HOSTLER_ERROR_STUCK : HOSTLER_ERROR_HOST,
			     device->bdf, NULL, "%s", device->error->message);
	return FALSE;
}

/* `hostler check` of a VM that runs: nobody should end its own QEMU for that. */
static gboolean refuse_own(HostlerHost *host, const HostlerDomain *domain, const HostlerJob *device,
			       HostlerFindings *findings)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, device->bdf);
	g_autofree char *mend = g_strdup_printf("to see what a start would find, shut it down first: virsh shutdown %s",
						domain->uuid);

	if (claim == NULL || !g_str_equal(claim->uuid, domain->uuid) || !hostler_process_alive(host, &claim->qemu))
		return FALSE;
	hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_BUSY, device->bdf, mend,
			     "the VM runs (QEMU has pid %d) and has %s", claim->qemu.pid, device->bdf);
	return TRUE;
}

/* No claim of another VM led here, so it is a device that libvirt itself bound,
 * or a program beside libvirt. Of a group that is open nobody else gets a member. */
static gboolean check_open(HostlerHost *host, const HostlerDomain *domain, const HostlerJob *device,
			   const char *users, HostlerFindings *findings)
{
	g_autofree char *enable = vfio_device_fact(device, VFIO_NOW, "enable");
	gboolean open = enable != NULL && !g_str_equal(enable, "0");

	if (!vfio_device_is_on_vfio(device) || (!open && *users == '\0'))
		return TRUE;
	if (!refuse_own(host, domain, device, findings))
		hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_BUSY, device->bdf,
				     "end that program; see which: fuser -v /dev/vfio/*",
				     "%s%s is open through vfio-pci in another program%s%s",
				     open ? "" : "the IOMMU group of ", device->bdf, *users != '\0' ? ": " : "", users);
	return FALSE;
}

static gboolean check_users(const HostlerJob *device, const char *users, HostlerFindings *findings)
{
	if (*users == '\0' || !vfio_device_is_in_hosts_hands(device))
		return TRUE;
	hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_BUSY, device->bdf,
			     "free it (umount, swapoff, ip route, end the program), or take it out of the VM: "
			     "virsh edit VM", "the host itself uses %s: %s", device->bdf, users);
	return FALSE;
}

static gboolean check_kind(const HostlerJob *device, HostlerFindings *findings)
{
	g_autofree char *group = vfio_device_fact(device, VFIO_NOW, "iommu_group");

	if (vfio_device_is_bridge(device))
		hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_GROUP, device->bdf,
				     "take its <hostdev> out: virsh edit VM",
				     "%s is a PCI bridge, which no VM can have", device->bdf);
	if (group == NULL)
		hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_IOMMU, device->bdf,
				     "switch VT-d or AMD-Vi on in the firmware and, for Intel, boot with "
				     "intel_iommu=on",
				     "%s has no IOMMU group: the IOMMU is off", device->bdf);
	return group != NULL && !vfio_device_is_bridge(device);
}

/* A VM that is gone left a claim, and its device was exchanged since. */
static gboolean check_identity(HostlerHost *host, const HostlerJob *device, HostlerFindings *findings)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, device->bdf);
	g_autoptr(GError) error = NULL;

	return claim == NULL || vfio_claim_is_of(claim, device, &error) || take_error(findings, device->bdf, error);
}

static char *join_users(const HostlerJob *device)
{
	g_auto(GStrv) users = g_key_file_get_string_list(device->answer, VFIO_NOW, "users", NULL, NULL);

	return users != NULL ? g_strjoinv(", ", users) : g_strdup("");
}

static char *driver_in_words(const HostlerJob *device)
{
	char *driver = vfio_device_fact(device, VFIO_FOUND, "driver");

	return driver != NULL ? driver : g_strdup("no driver");
}

/* Every question is asked: a person mends all at once. */
static gboolean is_fit(HostlerHost *host, const HostlerDomain *domain, const VfioDevices *devices,
		       const HostlerJob *device, HostlerFindings *findings)
{
	g_autofree char *users = join_users(device);
	gboolean right_kind = check_kind(device, findings);
	gboolean closed = check_open(host, domain, device, users, findings);
	VfioDisplay display = vfio_display_check(domain, devices, device, findings);
	gboolean idle = display == VFIO_DISPLAY_NONE ? check_users(device, users, findings) :
						       display != VFIO_DISPLAY_REFUSED;
	gboolean known = check_identity(host, device, findings);

	return right_kind && closed && idle && known;
}

void check_listed(HostlerHost *host, const HostlerDomain *domain, const VfioDevices *devices,
		  const HostlerJob *device, HostlerFindings *findings)
{
	g_autofree char *driver = NULL;

	if (!check_answered(device, findings) || !is_fit(host, domain, devices, device, findings))
		return;
	driver = driver_in_words(device);
	hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_VFIO_PLAN, device->bdf, NULL,
			     "%s (%s) goes to the VM", device->bdf, driver);
}

/* --- members of the group that the VM does not list --- */

static char *hostdev_xml(const char *bdf, const char *otherwise)
{
	return g_strdup_printf("add to the VM (virsh edit VM) <hostdev mode='subsystem' type='pci' managed='yes'>"
			       "<source><address domain='0x%.4s' bus='0x%.2s' slot='0x%.2s' function='0x%s'/>"
			       "</source></hostdev>%s", bdf, bdf + 5, bdf + 8, bdf + 11, otherwise);
}

static gboolean refuse_companion(const HostlerJob *device, const char *partner, const char *why,
				 const char *otherwise, HostlerFindings *findings)
{
	g_autofree char *driver = driver_in_words(device);
	g_autofree char *group = vfio_device_fact(device, VFIO_NOW, "iommu_group");
	g_autofree char *mend = hostdev_xml(device->bdf, otherwise);

	hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_GROUP, device->bdf, mend,
			     "%s (%s) is in the same IOMMU group (%s) as %s and the VM does not list it; %s",
			     device->bdf, driver, group, partner, why);
	return FALSE;
}

/* Another one there than a claim speaks of would go under that one's name, and never come back. */
static gboolean take_along(HostlerHost *host, const HostlerJob *device, const char *partner, gboolean same_slot,
			   HostlerFindings *findings)
{
	g_autofree char *driver = driver_in_words(device);

	if (!check_identity(host, device, findings))
		return FALSE;
	hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_VFIO_PLAN, device->bdf, NULL,
			     "%s (%s) is taken along: idle, and in the same %s as %s", device->bdf, driver,
			     same_slot ? "slot" : "IOMMU group", partner);
	return TRUE;
}

/* NULL: it is taken along. What is of the chipset may sit in the slot of a sound
 * card and still carry the board's fans and clocks. */
static const char *why_not_along(const HostlerJob *device, gboolean same_slot, HostlerCompanions companions)
{
	if (companions == HOSTLER_COMPANIONS_REFUSE)
		return "with companions=\"refuse\" it is not taken along";
	if (companions == HOSTLER_COMPANIONS_GROUP)
		return NULL;
	if (vfio_device_is_of_chipset(device))
		return "it is a part of the board's chipset, so it is not taken along";
	return same_slot ? NULL : "it is in another slot, so it is not taken along";
}

static gboolean check_idle(const HostlerDomain *domain, const VfioDevices *devices, const HostlerJob *device,
			   const char *partner, HostlerFindings *findings)
{
	g_autofree char *users = join_users(device);
	g_autofree char *busy = g_strdup_printf("the host uses it: %s", users);

	return *users == '\0' || vfio_display_waits_for(domain, devices, device) ||
	       refuse_companion(device, partner, busy, ", or free it", findings);
}

static gboolean check_in_hosts_hands(HostlerHost *host, const HostlerDomain *domain, const VfioDevices *devices,
				     const HostlerJob *device, const char *partner, gboolean same_slot,
				     HostlerFindings *findings)
{
	HostlerCompanions companions = domain->settings.companions;
	const char *why_not = why_not_along(device, same_slot, companions);

	if (!check_idle(domain, devices, device, partner, findings))
		return FALSE;
	if (why_not == NULL)
		return take_along(host, device, partner, same_slot, findings);
	return refuse_companion(device, partner, why_not,
				companions == HOSTLER_COMPANIONS_REFUSE ?
					"" :
					", or set <hostler:passthrough companions='group'/>",
				findings);
}

/* The admin who put a device on pci-stub wants it there, and the group does not
 * mind. What has no driver is taken for the slot's sake: it is reset as a whole. */
static gboolean is_for_company(const HostlerDomain *domain, const HostlerJob *device, gboolean same_slot)
{
	g_autofree char *driver = vfio_device_fact(device, VFIO_FOUND, "driver");

	return same_slot && !vfio_device_is_of_chipset(device) &&
	       domain->settings.companions != HOSTLER_COMPANIONS_REFUSE && g_strcmp0(driver, "pci-stub") != 0;
}

gboolean check_companion(HostlerHost *host, const HostlerDomain *domain, const VfioDevices *devices,
			 const HostlerJob *device, const char *partner, gboolean same_slot, HostlerFindings *findings)
{
	g_autofree char *users = join_users(device);

	if (vfio_device_is_in_hosts_hands(device))
		return check_in_hosts_hands(host, domain, devices, device, partner, same_slot, findings);
	if (!check_open(host, domain, device, users, findings) || !is_for_company(domain, device, same_slot))
		return FALSE;
	return check_idle(domain, devices, device, partner, findings) &&
	       take_along(host, device, partner, same_slot, findings);
}
