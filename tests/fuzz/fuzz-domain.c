/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a domain's XML, and as libvirt's note on a running one: refused with words, or everything that
 * hostler/domain.h promises of a HostlerDomain holds. */

#include <string.h>

#include "hostler/domain.h"
#include "hostler/error.h"
#include "hostler/text.h"
#include "tests/fuzz/fuzz.h"

static void check_device(const HostlerDomain *domain, guint index)
{
	const HostlerPciDevice *device = g_ptr_array_index(domain->devices, index);

	g_assert_true(hostler_text_is_bdf(device->bdf));
	for (guint i = 0; i < index; i++)
		g_assert_cmpstr(((HostlerPciDevice *)domain->devices->pdata[i])->bdf, !=, device->bdf);
}

static void check_range(const HostlerPortRange *range)
{
	g_assert_cmpuint(range->start, >, 0);
	g_assert_cmpuint(range->start, <=, range->end);
	g_assert_cmpuint(range->to, >, 0);
	g_assert_cmpuint(range->to + (range->end - range->start), <=, G_MAXUINT16);
}

static void check_forward(const HostlerForward *forward)
{
	g_assert_cmpuint(forward->ranges->len, >, 0);
	for (guint i = 0; i < forward->ranges->len; i++)
		check_range(&g_array_index(forward->ranges, HostlerPortRange, i));
	g_assert_nonnull(hostler_proto_name(forward->proto));
}

static void check_domain(const HostlerDomain *domain)
{
	g_autofree char *uuid = hostler_text_uuid(domain->uuid);

	g_assert_cmpstr(uuid, ==, domain->uuid);
	g_assert_cmpuint(strlen(domain->name), >, 0);
	g_assert_null(strpbrk(domain->name, "/\n"));
	for (guint i = 0; i < domain->devices->len; i++)
		check_device(domain, i);
	for (guint i = 0; i < domain->interfaces->len; i++) {
		const HostlerInterface *nic = g_ptr_array_index(domain->interfaces, i);
		g_autofree char *mac = hostler_text_mac(nic->mac);

		g_assert_cmpstr(nic->mac, ==, mac);
		g_assert_nonnull(nic->type_name);
	}
	for (guint i = 0; i < domain->settings.forwards->len; i++)
		check_forward(g_ptr_array_index(domain->settings.forwards, i));
	g_assert_cmpuint(domain->settings.metrics_interval, <=, 3600);
}

static void check(const guint8 *data, gsize size, HostlerDomain *(*read)(const char *, gsize, GError **))
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerDomain) domain = read((const char *)data, size, &error);

	if (domain == NULL)
		fuzz_check_error(error, HOSTLER_ERROR);
	else
		check_domain(domain);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	check(data, size, hostler_domain_from_xml);
	check(data, size, hostler_domain_from_status);
	return 0;
}
