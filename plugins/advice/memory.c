/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM with a device has all its memory from the start and never gives it back:
 * the device may write anywhere. */
#include <string.h>

#include "plugins/advice/advice.h"

#define GIB (G_GUINT64_CONSTANT(1) << 30)
#define MIB (G_GUINT64_CONSTANT(1) << 20)
#define KIB (G_GUINT64_CONSTANT(1) << 10)

char *advice_show_bytes(guint64 bytes)
{
	return bytes >= GIB ? g_strdup_printf("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT " GiB", bytes / GIB,
					      bytes % GIB * 10 / GIB) :
			      g_strdup_printf("%" G_GUINT64_FORMAT " MiB", bytes / MIB);
}

/* Of /proc/meminfo, in bytes; 0: not there. */
static guint64 find_in_meminfo(HostlerHost *host, const char *name)
{
	g_autofree char *text = host->ops->kernel_text(host, "/proc/meminfo");
	g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
	gsize length = strlen(name);

	for (gsize i = 0; lines[i] != NULL; i++) {
		if (strncmp(lines[i], name, length) == 0 && lines[i][length] == ':')
			return g_ascii_strtoull(lines[i] + length + 1, NULL, 10) * KIB;
	}
	return 0;
}

/* --- huge pages --- */

static guint64 read_pages(HostlerHost *host, guint64 size, const char *attribute)
{
	g_autofree char *path = g_strdup_printf("/sys/kernel/mm/hugepages/hugepages-%" G_GUINT64_FORMAT "kB/%s",
						size / KIB, attribute);
	g_autofree char *text = host->ops->kernel_text(host, path);

	return text != NULL ? g_ascii_strtoull(text, NULL, 10) : 0;
}

static void look_at_huge_pages(HostlerHost *host, const HostlerPlatform *platform, HostlerFindings *findings)
{
	guint64 size = platform->huge_page != 0 ? platform->huge_page : find_in_meminfo(host, "Hugepagesize");
	guint64 wanted, unused, reserved, all;
	g_autofree char *memory = NULL;
	g_autofree char *mend = NULL;

	if (size < KIB)
		return;
	wanted = platform->memory / size + (platform->memory % size != 0);
	unused = read_pages(host, size, "free_hugepages");
	reserved = read_pages(host, size, "resv_hugepages");
	unused = unused > reserved ? unused - reserved : 0;
	if (unused >= wanted)
		return;
	all = read_pages(host, size, "nr_hugepages") + wanted - unused;
	memory = advice_show_bytes(platform->memory);
	mend = g_strdup_printf("echo %" G_GUINT64_FORMAT " > /sys/kernel/mm/hugepages/hugepages-%" G_GUINT64_FORMAT
			       "kB/nr_hugepages, soon after the boot, when memory is in one piece", all, size / KIB);
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_ADVICE_MEMORY, NULL, mend,
			     "the VM wants %s in %" G_GUINT64_FORMAT " huge pages of %" G_GUINT64_FORMAT " KiB, of "
			     "which the host has %" G_GUINT64_FORMAT " free", memory, wanted, size / KIB, unused);
}

/* --- plain memory --- */

static void look_at_available(HostlerHost *host, const HostlerPlatform *platform, HostlerFindings *findings)
{
	guint64 available = find_in_meminfo(host, "MemAvailable");
	g_autofree char *memory = advice_show_bytes(platform->memory);
	g_autofree char *rest = advice_show_bytes(available);
	g_autofree char *mend = NULL;

	if (available == 0 || platform->memory <= available)
		return;
	/* A tenth for QEMU itself and for the host. */
	mend = g_strdup_printf("end other programs, or give the VM less: virt-xml VM --edit --memory "
			       "%" G_GUINT64_FORMAT,
			       available / 10 * 9 / MIB);
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_ADVICE_MEMORY, NULL, mend,
			     "the VM has a PCI device, so its %s are taken at once and for good (pinned); the host "
			     "has %s available (MemAvailable)", memory, rest);
}

static void look_at_limit(const HostlerPlatform *platform, HostlerFindings *findings)
{
	guint64 enough = platform->memory + GIB; /* libvirt's own reckoning when no limit is set */
	g_autofree char *memory = advice_show_bytes(platform->memory);
	g_autofree char *limit = advice_show_bytes(platform->hard_limit);
	g_autofree char *mend = NULL;

	if (platform->hard_limit == 0 || platform->hard_limit >= enough)
		return;
	mend = g_strdup_printf("virsh memtune VM --hard-limit %" G_GUINT64_FORMAT " --config, or take <hard_limit> "
			       "out: virsh edit VM", enough / KIB);
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_ADVICE_MEMORY, NULL, mend,
			     "<hard_limit> is %s: with a PCI device that is also how much QEMU may lock (memlock), "
			     "and it needs the VM's %s and about 1 GiB more "
			     "(\"VFIO_MAP_DMA failed: Cannot allocate memory\")",
			     limit, memory);
}

/* One that runs has its memory already. */
void advice_memory(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	const HostlerPlatform *platform = &domain->platform;
	g_autofree char *running = host->ops->vm_xml(host, domain->uuid);

	if (platform->memory == 0)
		return;
	if (running == NULL && platform->huge_pages)
		look_at_huge_pages(host, platform, findings);
	else if (running == NULL)
		look_at_available(host, platform, findings);
	look_at_limit(platform, findings);
}
