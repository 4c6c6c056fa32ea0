/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices the hardware keeps apart. */
#include "plugins/advice/isolation.h"

#include <pci/header.h>
#include <string.h>

/* What the kernel asks for. Of these, what a device does not offer it cannot do
 * wrong: only what it offers must be switched on. */
#define WANTED (PCI_ACS_CTRL_VALID | PCI_ACS_CTRL_REQ_RED | PCI_ACS_CTRL_CMPLT_RED | PCI_ACS_CTRL_FORWARD)
#define DEEPEST 32 /* bridges on the way to a device; a dump may lead in circles */

/* Function 1 to 7 are of several, whatever their header says, but for virtual functions:
 * each of those is alone. */
static gboolean is_one_of_several(const AdviceDevice *device)
{
	return device->capabilities.multifunction ||
	       (!device->capabilities.virtual && !g_str_has_suffix(device->bdf, ".0"));
}

static gboolean has_acs_on(const HostlerCapabilities *capabilities)
{
	return capabilities->acs && (capabilities->acs_enabled & capabilities->acs_offers & WANTED) ==
					    (capabilities->acs_offers & WANTED);
}

gboolean isolation_is_apart(const AdviceDevice *device)
{
	const HostlerCapabilities *capabilities = &device->capabilities;

	if (isolation_is_known_good(device))
		return TRUE;
	if (!capabilities->express)
		return FALSE;
	switch (capabilities->port) {
	case PCI_EXP_TYPE_PCI_BRIDGE:
	case PCI_EXP_TYPE_PCIE_BRIDGE:
	case PCI_EXP_TYPE_ROOT_EC:
		return FALSE;
	case PCI_EXP_TYPE_ROOT_PORT:
	case PCI_EXP_TYPE_DOWNSTREAM:
		return has_acs_on(capabilities);
	default:
		return !is_one_of_several(device) || has_acs_on(capabilities);
	}
}

gboolean isolation_can_be_faked(const AdviceDevice *device, gboolean ports, gboolean functions)
{
	const HostlerCapabilities *capabilities = &device->capabilities;

	if (!capabilities->express || capabilities->acs || isolation_is_known_good(device))
		return FALSE;
	switch (capabilities->port) {
	case PCI_EXP_TYPE_ROOT_PORT:
	case PCI_EXP_TYPE_DOWNSTREAM:
		return ports;
	case PCI_EXP_TYPE_ENDPOINT:
	case PCI_EXP_TYPE_UPSTREAM:
	case PCI_EXP_TYPE_LEG_END:
	case PCI_EXP_TYPE_ROOT_INT_EP:
		return functions && is_one_of_several(device);
	default:
		return FALSE;
	}
}

const char *isolation_why_not(const AdviceDevice *device)
{
	if (!device->capabilities.express)
		return "is no PCI Express";
	return device->capabilities.acs ? "has ACS switched off" : "has no ACS";
}

/* --- sets --- */

static void unite(GPtrArray *devices, const AdviceDevice *one, const AdviceDevice *other)
{
	guint kept = MIN(one->set, other->set);
	guint dropped = MAX(one->set, other->set);

	for (guint i = 0; kept != dropped && i < devices->len; i++) {
		AdviceDevice *device = g_ptr_array_index(devices, i);

		if (device->set == dropped)
			device->set = kept;
	}
}

/* From this port to the root. One that sleeps says nothing, and is given the
 * benefit of the doubt. */
static gboolean is_way_apart(const GPtrArray *devices, const AdviceDevice *port)
{
	for (guint depth = 0; port != NULL && depth < DEEPEST; depth++) {
		if (port->capabilities.known && !isolation_is_apart(port))
			return FALSE;
		port = port->port != NULL ? advice_find(devices, port->port) : NULL;
	}
	return TRUE;
}

/* Of a function that could not be read nothing is said. */
static gboolean shares_slot(const AdviceDevice *one, const AdviceDevice *other)
{
	return advice_same_slot(one->bdf, other->bdf) && one->capabilities.known && other->capabilities.known &&
	       !isolation_is_apart(one) && !isolation_is_apart(other);
}

void isolation_find(GPtrArray *devices)
{
	for (guint i = 0; i < devices->len; i++)
		((AdviceDevice *)g_ptr_array_index(devices, i))->set = i;
	for (guint i = 0; i < devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(devices, i);
		const AdviceDevice *port = device->port != NULL ? advice_find(devices, device->port) : NULL;

		if (port != NULL && !is_way_apart(devices, port))
			unite(devices, device, port);
		for (guint j = 0; j < i; j++) {
			if (shares_slot(device, g_ptr_array_index(devices, j)))
				unite(devices, device, g_ptr_array_index(devices, j));
		}
	}
}
