/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is it sound? Asked of its configuration space, which may be broken or hostile:
 * every step is bounded and checked. */
#include <linux/pci_regs.h>
#include <string.h>

#include "hostler/error.h"
#include "plugins/reset/bars.h"
#include "plugins/reset/config.h"
#include "plugins/reset/judge.h"

/* What is under way when a reset begins may take a moment to end. */
#define PENDING_MICROSECONDS (500 * 1000)
#define PENDING_PAUSE (20 * 1000)

/* The ids of a virtual function read ffff too, by the standard, and its BARs 0: the
 * kernel has both from elsewhere. */
static gboolean is_virtual(const guint8 *header)
{
	return reset_le16(header + PCI_VENDOR_ID) == 0xffff;
}

static gboolean is_all_ff(const guint8 *header)
{
	return (header[PCI_HEADER_TYPE] & 0x7f) == 0x7f;
}

static void set_dead(GError **error, const char *bdf)
{
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RESET_DEAD,
		    "%s does not answer (its configuration space reads ff): it did not survive its last guest, or "
		    "sleeps in D3cold; it needs a host reboot, and if that does not help switch the host off and on",
		    bdf);
}

static gboolean read_header(HostlerHost *host, const char *bdf, guint8 *header, GError **error)
{
	if (!host->ops->pci_config(host, bdf, 0, header, PCI_STD_HEADER_SIZEOF, error))
		return FALSE;
	if (!is_all_ff(header))
		return TRUE;
	set_dead(error, bdf);
	return FALSE;
}

/* The kernel read it when it found the device, and keeps it. */
static gboolean is_as_known(HostlerHost *host, const char *bdf, const char *attribute, guint now, GError **error)
{
	g_autofree char *known = host->ops->pci_read(host, bdf, attribute, error);

	if (known == NULL)
		return FALSE;
	if (g_ascii_strtoull(known, NULL, 16) == now)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RESET_DEAD,
		    "%s is not sound: its %s reads 0x%04x and was %s when the kernel found it; it needs a host "
		    "reboot",
		    bdf, attribute, now, known);
	return FALSE;
}

gboolean reset_is_alive(HostlerHost *host, const char *bdf, GError **error)
{
	guint8 header[PCI_STD_HEADER_SIZEOF];

	if (!read_header(host, bdf, header, error))
		return FALSE;
	return is_virtual(header) ||
	       (is_as_known(host, bdf, "vendor", reset_le16(header + PCI_VENDOR_ID), error) &&
		is_as_known(host, bdf, "device", reset_le16(header + PCI_DEVICE_ID), error));
}

/* Of before the first rung. */
typedef struct {
	guint8 header[PCI_STD_HEADER_SIZEOF];
	ResetBarSizes sizes;
} Portrait;

char *reset_portrait_take(HostlerHost *host, const char *bdf, GError **error)
{
	Portrait portrait;

	if (!read_header(host, bdf, portrait.header, error))
		return NULL;
	reset_bar_sizes_read(host, bdf, &portrait.sizes);
	return g_base64_encode((const guint8 *)&portrait, sizeof(portrait));
}

/* --- afterwards --- */

static char *compare(const guint8 *then, const guint8 *now)
{
	gboolean is_bridge = (then[PCI_HEADER_TYPE] & 0x7f) == PCI_HEADER_TYPE_BRIDGE;
	gsize n_bars = is_bridge ? 2 : 6;

	if (is_all_ff(now))
		return g_strdup("its configuration space reads ff");
	if (then[PCI_HEADER_TYPE] != now[PCI_HEADER_TYPE])
		return g_strdup_printf("its header type is %02x and was %02x", now[PCI_HEADER_TYPE],
				       then[PCI_HEADER_TYPE]);
	if (memcmp(then + PCI_VENDOR_ID, now + PCI_VENDOR_ID, 4) != 0)
		return g_strdup_printf("it calls itself %04x:%04x and was %04x:%04x", reset_le16(now + PCI_VENDOR_ID),
				       reset_le16(now + PCI_DEVICE_ID), reset_le16(then + PCI_VENDOR_ID),
				       reset_le16(then + PCI_DEVICE_ID));
	if (memcmp(then + PCI_CLASS_PROG, now + PCI_CLASS_PROG, 3) != 0)
		return g_strdup_printf("its class is %04x and was %04x", reset_le16(now + PCI_CLASS_DEVICE),
				       reset_le16(then + PCI_CLASS_DEVICE));
	if (memcmp(then + PCI_BASE_ADDRESS_0, now + PCI_BASE_ADDRESS_0, n_bars * 4) != 0)
		return g_strdup("its BARs are not as they were");
	return NULL;
}

static char *judge_power(const guint8 *config)
{
	guint pm = reset_find_capability(config, PCI_CAP_ID_PM);
	guint state = pm != 0 && pm + PCI_PM_CTRL < PCI_CFG_SPACE_SIZE ? config[pm + PCI_PM_CTRL] & 3u : 0;

	return state != 0 ? g_strdup_printf("it is in D%u%s", state, state == 3 ? "hot" : "") : NULL;
}

static gboolean is_pending(const guint8 *config)
{
	guint express = reset_find_capability(config, PCI_CAP_ID_EXP);

	return express != 0 && express + PCI_EXP_DEVSTA < PCI_CFG_SPACE_SIZE &&
	       (config[express + PCI_EXP_DEVSTA] & PCI_EXP_DEVSTA_TRPND) != 0;
}

static char *judge_once(HostlerHost *host, const char *bdf, const Portrait *then, gboolean *pending)
{
	guint8 config[PCI_CFG_SPACE_SIZE];
	char *wrong;

	*pending = FALSE;
	if (!host->ops->pci_config(host, bdf, 0, config, sizeof(config), NULL))
		return g_strdup("its configuration space cannot be read");
	wrong = compare(then->header, config);
	if (wrong == NULL)
		wrong = reset_bars_judge(host, bdf, is_virtual(config) ? NULL : config, &then->sizes);
	if (wrong == NULL)
		wrong = judge_power(config);
	*pending = wrong == NULL && is_pending(config);
	return *pending ? g_strdup("it has transactions pending") : wrong;
}

char *reset_unsound(HostlerHost *host, const char *bdf, const char *portrait)
{
	gint64 end = host->ops->monotonic(host) + PENDING_MICROSECONDS;
	gsize length;
	g_autofree guint8 *bytes = g_base64_decode(portrait, &length);
	Portrait then;
	gboolean pending;
	char *wrong;

	if (length != sizeof(then))
		return g_strdup("it was not looked at before");
	memcpy(&then, bytes, sizeof(then));
	wrong = judge_once(host, bdf, &then, &pending);
	while (pending && host->ops->monotonic(host) < end) {
		g_free(wrong);
		host->ops->pause(host, PENDING_PAUSE);
		wrong = judge_once(host, bdf, &then, &pending);
	}
	return wrong;
}
