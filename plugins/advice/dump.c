/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Explains a dump: of another host nothing else is at hand. */
#include "plugins/advice/dump.h"

#include <pci/header.h>

#include "hostler/error.h"
#include "plugins/advice/isolation.h"

#define MAKE_ANEW "make it anew as root: sudo lspci -xxxx > FILE"

static const char *name_port(const HostlerCapabilities *capabilities)
{
	static const char *const names[] = {
		[PCI_EXP_TYPE_ENDPOINT] = "endpoint",
		[PCI_EXP_TYPE_LEG_END] = "legacy endpoint",
		[PCI_EXP_TYPE_ROOT_PORT] = "root port",
		[PCI_EXP_TYPE_UPSTREAM] = "upstream port",
		[PCI_EXP_TYPE_DOWNSTREAM] = "downstream port",
		[PCI_EXP_TYPE_PCI_BRIDGE] = "bridge to PCI",
		[PCI_EXP_TYPE_PCIE_BRIDGE] = "bridge from PCI",
		[PCI_EXP_TYPE_ROOT_INT_EP] = "integrated endpoint",
		[PCI_EXP_TYPE_ROOT_EC] = "event collector",
	};

	if (!capabilities->express)
		return "conventional PCI";
	if (capabilities->port >= G_N_ELEMENTS(names) || names[capabilities->port] == NULL)
		return "unknown kind";
	return names[capabilities->port];
}

static const char *name_reset(const HostlerCapabilities *capabilities)
{
	if (capabilities->flr)
		return "reset by FLR";
	if (capabilities->af_flr)
		return "reset by FLR (Advanced Features)";
	return capabilities->pm_reset ? "reset by power states (NoSoftRst-)" : "no reset of its own";
}

static const char *name_acs(const AdviceDevice *device)
{
	if (device->capabilities.acs)
		return isolation_is_apart(device) ? ", ACS on" : ", ACS not all on";
	return isolation_is_known_good(device) ? ", isolated by a quirk of the kernel" : "";
}

static char *say_what_it_is(const AdviceDevice *device)
{
	const HostlerCapabilities *capabilities = &device->capabilities;
	g_autofree char *name = advice_describe(device);

	if (!capabilities->complete)
		return g_strdup_printf("%s: only the header is in the dump", name);
	return g_strdup_printf("%s: %s, %s%s%s", name, name_port(capabilities),
			       advice_is_bridge(device) ? "bridge" : name_reset(capabilities), name_acs(device),
			       capabilities->msi ? ", MSI" : "");
}

static void describe(const AdviceDevice *device, HostlerFindings *findings)
{
	g_autofree char *text = say_what_it_is(device);

	if (device->capabilities.known)
		hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_ADVICE_ISOLATION, device->bdf,
				     NULL, "%s", text);
	else if (device->capabilities.vendor == HOSTLER_NO_ID)
		hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_RESET_DEAD, device->bdf,
				     "power the host off and on, and look again",
				     "%s reads ff everywhere: it does not answer (asleep without power, or dead)",
				     advice_address(device->bdf));
	else
		hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_ADVICE_ISOLATION, device->bdf,
				     MAKE_ANEW, "of %s not even the header is in the dump",
				     advice_address(device->bdf));
}

/* --- groups --- */

static char *name_set(const GPtrArray *devices, guint set, guint *n)
{
	g_autoptr(GString) text = g_string_new(NULL);

	*n = 0;
	for (guint i = 0; i < devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(devices, i);

		if (device->set != set)
			continue;
		g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", advice_address(device->bdf));
		*n += !advice_is_bridge(device);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* "00:01.0 (...) has no ACS" of the first that keeps nothing apart. */
static char *name_culprit(const GPtrArray *devices, guint set)
{
	for (guint i = 0; i < devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(devices, i);
		g_autofree char *name = NULL;

		if (device->set != set || isolation_is_apart(device))
			continue;
		name = advice_describe(device);
		return g_strdup_printf("%s %s", name, isolation_why_not(device));
	}
	return g_strdup("a port on their way has no ACS");
}

static void describe_set(const GPtrArray *devices, guint set, HostlerFindings *findings)
{
	guint n;
	g_autofree char *names = name_set(devices, set, &n);
	g_autofree char *culprit = NULL;

	if (n < 2)
		return;
	culprit = name_culprit(devices, set);
	hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_ADVICE_ISOLATION,
			     ((const AdviceDevice *)g_ptr_array_index(devices, set))->bdf, NULL,
			     "nothing keeps these apart, so the kernel makes one IOMMU group of them and they go to "
			     "one VM: %s (%s)", names, culprit);
}

static gboolean is_complete(const GPtrArray *devices)
{
	for (guint i = 0; i < devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(devices, i);

		if (device->capabilities.known && !device->capabilities.complete)
			return FALSE;
	}
	return TRUE;
}

void advice_explain_dump(const GPtrArray *dump, HostlerFindings *findings)
{
	g_autoptr(GPtrArray) devices = advice_survey_of_dump(dump);

	isolation_find(devices);
	for (guint i = 0; i < devices->len; i++)
		describe(g_ptr_array_index(devices, i), findings);
	if (!is_complete(devices)) {
		hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_ADVICE_ISOLATION, NULL,
				     MAKE_ANEW,
				     "capabilities are missing from the dump: it was made by a user, or with fewer "
				     "x");
		return;
	}
	for (guint i = 0; i < devices->len; i++)
		describe_set(devices, i, findings);
}
