/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that may not wake, and devices that stay as the last guest left them. */
#include <string.h>

#include "plugins/advice/advice.h"

static void say_asleep(const AdviceDevice *device, HostlerFindings *findings)
{
	g_autofree char *name = advice_describe(device);
	g_autofree char *mend = g_strdup_printf("echo 0 > /sys/bus/pci/devices/%s/d3cold_allowed; echo on > "
						"/sys/bus/pci/devices/%s/power/control", device->bdf, device->bdf);

	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_ADVICE_POWER, device->bdf, mend,
			     "%s is asleep without power (D3cold); some cards do not wake from that under vfio-pci "
			     "(\"Unable to change power state from D3cold to D0\"), and then only a reboot "
			     "helps", name);
}

void advice_sleep(const HostlerDomain *domain, const GPtrArray *devices, HostlerFindings *findings)
{
	for (guint i = 0; i < devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(devices, i);

		if (g_strcmp0(device->power_state, "D3cold") != 0 || advice_is_bridge(device))
			continue;
		if (domain == NULL ? advice_is_gpu(device) : advice_listed(domain, device->bdf) != NULL)
			say_asleep(device, findings);
	}
}

/* One that does not wake keeps whoever reads it. */
void advice_silent(const GPtrArray *devices, HostlerFindings *findings)
{
	for (guint i = 0; i < devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(devices, i);

		if (device->trouble != NULL)
			hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE,
					     (HostlerErrorCode)device->trouble->code, device->bdf, NULL, "%s",
					     device->trouble->message);
	}
}

/* What sits on the board itself mostly has none, and nobody hands it on. */
static gboolean cannot_be_reset(const AdviceDevice *device)
{
	return device->port != NULL && !advice_is_bridge(device) && g_strcmp0(device->reset_method, "") == 0;
}

/* Behind `at`, in the same slot. */
static guint count_more(const GPtrArray *devices, guint at)
{
	const AdviceDevice *first = g_ptr_array_index(devices, at);
	guint n = 0;

	for (guint i = at + 1; i < devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(devices, i);

		n += advice_same_slot(device->bdf, first->bdf) && cannot_be_reset(device);
	}
	return n;
}

/* One for each slot. */
void advice_resets(const GPtrArray *devices, HostlerFindings *findings)
{
	const AdviceDevice *last = NULL;

	for (guint i = 0; i < devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(devices, i);
		guint more = count_more(devices, i);
		g_autofree char *name = advice_describe(device);
		g_autofree char *others = more > 0 ? g_strdup_printf(" and %u more in its slot", more) : g_strdup("");

		if (!cannot_be_reset(device) || (last != NULL && advice_same_slot(last->bdf, device->bdf)))
			continue;
		last = device;
		hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_RESET_NONE, device->bdf, NULL,
				     "the kernel knows no way to reset %s%s by itself; what one guest leaves in it "
				     "the next one finds, unless the whole slot is reset, as hostler does when one VM "
				     "has all of it", name, others);
	}
}
