/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says what people who run VMs otherwise learn in forums. It never
 * refuses, touches nothing, and no hook is built with it. */
#include "plugins/advice/advice.h"

#include "hostler/plugin.h"
#include "plugins/advice/isolation.h"

const HostlerPciDevice *advice_listed(const HostlerDomain *domain, const char *bdf)
{
	for (guint i = 0; i < domain->devices->len; i++) {
		const HostlerPciDevice *device = g_ptr_array_index(domain->devices, i);

		if (g_str_equal(device->bdf, bdf))
			return device;
	}
	return NULL;
}

static gboolean concerns(const HostlerDomain *domain)
{
	return domain->devices->len > 0 || domain->disks->len > 0 || domain->interfaces->len > 0;
}

static void check_devices(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	g_autoptr(GPtrArray) devices = advice_survey(host);

	isolation_find(devices);
	advice_modules(host, findings);
	advice_acs(host, domain, devices, findings);
	advice_sleep(domain, devices, findings);
	advice_gpus(domain, devices, findings);
	advice_boot_card(domain, devices, findings);
	advice_memory(host, domain, findings);
}

static void check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	if (domain->devices->len > 0)
		check_devices(host, domain, findings);
	advice_storage(host, domain, findings);
	advice_network(host, domain, findings);
}

static void check_host(HostlerHost *host, HostlerFindings *findings)
{
	g_autoptr(GPtrArray) devices = advice_survey(host);

	isolation_find(devices);
	advice_iommu(host, findings);
	advice_modules(host, findings);
	advice_acs(host, NULL, devices, findings);
	advice_silent(devices, findings);
	advice_sleep(NULL, devices, findings);
	advice_resets(devices, findings);
	advice_boot_card(NULL, devices, findings);
}

const HostlerPlugin hostler_plugin_advice = {
	.name = "advice",
	.concerns = concerns,
	.check = check,
	.check_host = check_host,
};
