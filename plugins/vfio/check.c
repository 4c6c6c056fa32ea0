/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/vfio/check.h"

#include "hostler/record.h"
#include "hostler/text.h"
#include "plugins/vfio/device.h"
#include "plugins/vfio/display.h"

#define REFUSE HOSTLER_SEVERITY_REFUSE

static gboolean is_listed(const HostlerDomain *domain, const char *bdf)
{
	for (guint i = 0; i < domain->devices->len; i++) {
		const HostlerPciDevice *device = g_ptr_array_index(domain->devices, i);

		if (g_str_equal(device->bdf, bdf))
			return TRUE;
	}
	return FALSE;
}

/* --- without touching the device: a stuck one would take us along --- */

static gboolean check_claim(HostlerHost *host, const HostlerDomain *domain, const char *bdf, HostlerFindings *findings)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf);
	g_autofree char *name = hostler_text_shown(claim != NULL ? claim->name : NULL);
	g_autofree char *mend = NULL;

	if (claim == NULL || g_str_equal(claim->uuid, domain->uuid))
		return TRUE;
	mend = hostler_record_in_grace(host, claim) ?
		       g_strdup("that VM is just giving it back; try again in half a minute") :
		       g_strdup_printf("shut that VM down: virsh shutdown %s", claim->uuid);
	hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_CLAIMED, bdf, mend,
			     "%s belongs to VM '%s'", bdf, name);
	return FALSE;
}

static gboolean check_reachable(HostlerHost *host, const HostlerDomain *domain, const char *bdf,
				HostlerFindings *findings)
{
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
	return check_claim(host, domain, bdf, findings);
}

/* The VM's devices that may be read. */
static GPtrArray *reachable_devices(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	g_autoptr(GPtrArray) bdfs = g_ptr_array_new();

	for (guint i = 0; i < domain->devices->len; i++) {
		const HostlerPciDevice *device = g_ptr_array_index(domain->devices, i);

		if (check_reachable(host, domain, device->bdf, findings))
			g_ptr_array_add(bdfs, device->bdf);
	}
	return g_steal_pointer(&bdfs);
}

/* --- from what was read --- */

static gboolean check_answered(const HostlerJob *device, HostlerFindings *findings)
{
	if (device->state == HOSTLER_JOB_DONE)
		return TRUE;
	hostler_findings_add(findings, REFUSE,
			     device->state == HOSTLER_JOB_STUCK ? HOSTLER_ERROR_STUCK : HOSTLER_ERROR_HOST, device->bdf,
			     NULL, "%s", device->error->message);
	return FALSE;
}

/* No claim of another VM led here, so it is a device that libvirt itself bound,
 * or a program beside libvirt. */
static void check_open(const HostlerJob *device, HostlerFindings *findings)
{
	g_autofree char *driver = vfio_device_fact(device, VFIO_FOUND, "driver");
	g_autofree char *enable = vfio_device_fact(device, VFIO_NOW, "enable");

	if (g_strcmp0(driver, "vfio-pci") != 0 || enable == NULL || g_str_equal(enable, "0"))
		return;
	hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_BUSY, device->bdf,
			     "end that program; see which: fuser -v /dev/vfio/*",
			     "%s is open through vfio-pci in another program", device->bdf);
}

static void check_users(const HostlerJob *device, HostlerFindings *findings)
{
	g_auto(GStrv) users = g_key_file_get_string_list(device->answer, VFIO_NOW, "users", NULL, NULL);
	g_autofree char *all = NULL;

	if (users == NULL || !vfio_device_is_in_hosts_hands(device))
		return;
	all = g_strjoinv(", ", users);
	hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_BUSY, device->bdf,
			     "free it (umount, swapoff, ip route), or take it out of the VM: virsh edit VM",
			     "the host itself uses %s: %s", device->bdf, all);
}

static void check_kind(const HostlerJob *device, HostlerFindings *findings)
{
	g_autofree char *group = vfio_device_fact(device, VFIO_NOW, "iommu_group");

	if (vfio_device_is_bridge(device))
		hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_GROUP, device->bdf,
				     "take its <hostdev> out: virsh edit VM",
				     "%s is a PCI bridge, which no VM can have", device->bdf);
	if (group == NULL)
		hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_IOMMU, device->bdf,
				     "switch VT-d or AMD-Vi on in the firmware and, for Intel, boot with intel_iommu=on",
				     "%s has no IOMMU group: the IOMMU is off", device->bdf);
}

static char *hostdev_xml(const char *bdf)
{
	return g_strdup_printf("add to the VM (virsh edit VM): <hostdev mode='subsystem' type='pci' managed='yes'>"
			       "<source><address domain='0x%.4s' bus='0x%.2s' slot='0x%.2s' function='0x%s'/></source>"
			       "</hostdev>", bdf, bdf + 5, bdf + 8, bdf + 11);
}

static void check_member(const HostlerJob *member, const char *group, HostlerFindings *findings)
{
	g_autofree char *driver = NULL;
	g_autofree char *mend = NULL;

	if (!check_answered(member, findings) || !vfio_device_is_in_hosts_hands(member))
		return;
	driver = vfio_device_fact(member, VFIO_FOUND, "driver");
	mend = hostdev_xml(member->bdf);
	hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_GROUP, member->bdf, mend,
			     "%s is in the same IOMMU group (%s) as a device of the VM and is in use by the host's "
			     "driver %s", member->bdf, group, driver);
}

/* A group goes to a VM whole or not at all: the IOMMU cannot tell its members apart. */
static void check_group(HostlerHost *host, const HostlerDomain *domain, const char *group, HostlerFindings *findings)
{
	g_autoptr(GPtrArray) others = g_ptr_array_new();
	g_autoptr(VfioDevices) devices = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) members = host->ops->group_members(host, group, &error);

	if (members == NULL) {
		hostler_findings_add(findings, REFUSE, HOSTLER_ERROR_VFIO_IOMMU, NULL, NULL, "%s", error->message);
		return;
	}
	for (gsize i = 0; members[i] != NULL; i++) {
		if (!is_listed(domain, members[i]) && check_reachable(host, domain, members[i], findings))
			g_ptr_array_add(others, members[i]);
	}
	if (others->len == 0)
		return;
	devices = vfio_devices_read(host, others);
	for (guint i = 0; i < devices->n; i++)
		check_member(&devices->jobs[i], group, findings);
}

static void check_groups(HostlerHost *host, const HostlerDomain *domain, GHashTable *groups,
			 HostlerFindings *findings)
{
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(groups), (GCompareFunc)g_strcmp0);

	for (GList *name = names; name != NULL; name = name->next)
		check_group(host, domain, name->data, findings);
}

void vfio_check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	g_autoptr(GPtrArray) bdfs = reachable_devices(host, domain, findings);
	g_autoptr(VfioDevices) devices = vfio_devices_read(host, bdfs);
	g_autoptr(GHashTable) groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < devices->n; i++) {
		const HostlerJob *device = &devices->jobs[i];
		char *group;

		if (!check_answered(device, findings))
			continue;
		check_kind(device, findings);
		check_open(device, findings);
		if (!vfio_display_check(domain, devices, device, findings))
			check_users(device, findings);
		group = vfio_device_fact(device, VFIO_NOW, "iommu_group");
		if (group != NULL)
			g_hash_table_add(groups, group);
	}
	check_groups(host, domain, groups, findings);
}
