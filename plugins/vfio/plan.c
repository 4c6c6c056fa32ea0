/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices go to the VM. A group goes whole or not at all, because the IOMMU
 * cannot tell its members apart. */
#include "plugins/vfio/plan.h"

#include "plugins/vfio/check.h"

static gboolean is_among(const GPtrArray *bdfs, const char *bdf)
{
	return g_ptr_array_find_with_equal_func((GPtrArray *)bdfs, bdf, g_str_equal, NULL);
}

/* --- what is looked at --- */

static void add_listed(HostlerHost *host, const HostlerDomain *domain, GPtrArray *bdfs, HostlerFindings *findings)
{
	for (guint i = 0; i < domain->devices->len; i++) {
		const HostlerPciDevice *device = g_ptr_array_index(domain->devices, i);

		if (check_reachable(host, domain, device->bdf, findings))
			g_ptr_array_add(bdfs, g_strdup(device->bdf));
	}
}

static gboolean lists(const HostlerDomain *domain, const char *bdf)
{
	for (guint i = 0; i < domain->devices->len; i++) {
		if (g_str_equal(((const HostlerPciDevice *)g_ptr_array_index(domain->devices, i))->bdf, bdf))
			return TRUE;
	}
	return FALSE;
}

static void add_others_of(HostlerHost *host, const HostlerDomain *domain, const char *bdf, GPtrArray *bdfs,
			  HostlerFindings *findings)
{
	g_autofree char *group = host->ops->pci_group(host, bdf);
	g_auto(GStrv) members = group != NULL ? host->ops->group_members(host, group, NULL) : NULL;

	for (gsize i = 0; members != NULL && members[i] != NULL; i++) {
		if (!lists(domain, members[i]) && !is_among(bdfs, members[i]) &&
		    check_reachable(host, domain, members[i], findings))
			g_ptr_array_add(bdfs, g_strdup(members[i]));
	}
}

static guint gather(HostlerHost *host, const HostlerDomain *domain, GPtrArray *bdfs, HostlerFindings *findings)
{
	guint n_listed;

	add_listed(host, domain, bdfs, findings);
	n_listed = bdfs->len;
	for (guint i = 0; i < n_listed; i++)
		add_others_of(host, domain, g_ptr_array_index(bdfs, i), bdfs, findings);
	return n_listed;
}

/* --- what is taken --- */

static void take(VfioPlan *plan, const HostlerJob *device, const char *with)
{
	VfioMember member = { device, with };

	g_array_append_val(plan->taken, member);
}

static gboolean same_group(const HostlerJob *a, const HostlerJob *b)
{
	g_autofree char *one = vfio_device_fact(a, VFIO_NOW, "iommu_group");
	g_autofree char *other = vfio_device_fact(b, VFIO_NOW, "iommu_group");

	return g_strcmp0(one, other) == 0;
}

/* The listed device that brought this one into view, of the same slot if there is one. */
static const HostlerJob *find_partner(const VfioPlan *plan, guint n_listed, const HostlerJob *device)
{
	const HostlerJob *partner = NULL;

	for (guint i = 0; i < n_listed; i++) {
		const HostlerJob *listed = &plan->devices->jobs[i];

		if (vfio_same_slot(listed->bdf, device->bdf))
			return listed;
		if (partner == NULL && listed->state == HOSTLER_JOB_DONE && same_group(listed, device))
			partner = listed;
	}
	return partner;
}

static void judge_other(HostlerHost *host, VfioPlan *plan, const HostlerDomain *domain, guint n_listed,
			const HostlerJob *device, HostlerFindings *findings)
{
	const HostlerJob *partner;

	if (!check_answered(device, findings) || vfio_device_is_bridge(device))
		return;
	partner = find_partner(plan, n_listed, device);
	if (partner != NULL &&
	    check_companion(host, domain, plan->devices, device, partner->bdf,
			    vfio_same_slot(partner->bdf, device->bdf), findings))
		take(plan, device, partner->bdf);
}

static int compare_members(gconstpointer a, gconstpointer b)
{
	return g_strcmp0(((const VfioMember *)a)->device->bdf, ((const VfioMember *)b)->device->bdf);
}

static void judge(HostlerHost *host, const HostlerDomain *domain, VfioPlan *plan, guint n_listed,
		  HostlerFindings *findings)
{
	for (guint i = 0; i < n_listed; i++) {
		check_listed(host, domain, plan->devices, &plan->devices->jobs[i], findings);
		take(plan, &plan->devices->jobs[i], NULL);
	}
	for (guint i = n_listed; i < plan->devices->n; i++)
		judge_other(host, plan, domain, n_listed, &plan->devices->jobs[i], findings);
	g_array_sort(plan->taken, compare_members);
}

VfioPlan *vfio_plan_make(HostlerHost *host, const HostlerDomain *domain, VfioPlanDepth depth,
			 HostlerFindings *findings)
{
	VfioPlan *plan = g_new0(VfioPlan, 1);
	guint n_listed;

	plan->bdfs = g_ptr_array_new_with_free_func(g_free);
	plan->taken = g_array_new(FALSE, TRUE, sizeof(VfioMember));
	n_listed = gather(host, domain, plan->bdfs, findings);
	plan->devices = vfio_devices_read(host, plan->bdfs, n_listed, depth == VFIO_PLAN_FIRST ? domain : NULL);
	judge(host, domain, plan, n_listed, findings);
	return plan;
}

void vfio_plan_free(VfioPlan *plan)
{
	g_array_unref(plan->taken);
	vfio_devices_free(plan->devices);
	g_ptr_array_unref(plan->bdfs);
	g_free(plan);
}
