/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the IOMMU is on; and if not, which of the two switches it is. */
#include <string.h>

#include "plugins/advice/advice.h"

#define REBOOT "; then reboot"
#define GRUB "GRUB_CMDLINE_LINUX in /etc/default/grub, then run update-grub (grub2-mkconfig -o /boot/grub2/grub.cfg)"

typedef enum {
	CPU_INTEL,
	CPU_AMD,
	CPU_OTHER,
} Cpu;

static Cpu find_cpu(HostlerHost *host)
{
	g_autofree char *text = host->ops->kernel_text(host, "/proc/cpuinfo");

	if (text != NULL && strstr(text, "GenuineIntel") != NULL)
		return CPU_INTEL;
	if (text != NULL && (strstr(text, "AuthenticAMD") != NULL || strstr(text, "HygonGenuine") != NULL))
		return CPU_AMD;
	return CPU_OTHER;
}

char *advice_argument(HostlerHost *host, const char *start)
{
	g_autofree char *line = host->ops->kernel_text(host, "/proc/cmdline");
	g_auto(GStrv) words = g_strsplit_set(line != NULL ? line : "", " \t\n", -1);

	for (gsize i = 0; words[i] != NULL; i++) {
		if (g_str_has_prefix(words[i], start))
			return g_strdup(words[i]);
	}
	return g_strdup("");
}

/* The word by which the kernel was told to leave it off; NULL: none. */
static const char *find_off_switch(HostlerHost *host)
{
	static const char *const words[] = { "iommu=off", "intel_iommu=off", "amd_iommu=off" };

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autofree char *found = advice_argument(host, words[i]);

		if (g_str_equal(found, words[i]))
			return words[i];
	}
	return NULL;
}

static void add(HostlerFindings *findings, const char *mend, const char *why)
{
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_VFIO_IOMMU, NULL, mend,
			     "the IOMMU is off, so no VM can have a PCI device: there is no IOMMU group, %s", why);
}

static void add_intel(HostlerHost *host, HostlerFindings *findings)
{
	g_autofree char *argument = advice_argument(host, "intel_iommu=on");

	if (*argument != '\0')
		add(findings,
		    "switch VT-d (\"Intel Virtualization for Directed I/O\") on in the firmware's setup" REBOOT,
		    "though the kernel was booted with intel_iommu=on; so VT-d is off in the firmware");
	else
		add(findings, "switch VT-d on in the firmware's setup, and add intel_iommu=on to " GRUB REBOOT,
		    "and this Intel host was booted without intel_iommu=on, which most kernels need");
}

void advice_iommu(HostlerHost *host, HostlerFindings *findings)
{
	g_auto(GStrv) groups = host->ops->groups(host);
	const char *off = groups[0] == NULL ? find_off_switch(host) : NULL;
	g_autofree char *why = off != NULL ? g_strdup_printf("and the kernel was booted with %s", off) : NULL;

	if (groups[0] != NULL)
		return;
	if (why != NULL) {
		add(findings, "take that argument out of " GRUB REBOOT, why);
		return;
	}
	switch (find_cpu(host)) {
	case CPU_INTEL:
		add_intel(host, findings);
		return;
	case CPU_AMD:
		add(findings,
		    "switch IOMMU (or AMD-Vi) on in the firmware's setup, where \"Auto\" is often off" REBOOT,
		    "and on AMD the kernel needs no argument for it; so it is off in the firmware");
		return;
	case CPU_OTHER:
		add(findings, "switch it on in the firmware's setup (SMMU on Arm)" REBOOT,
		    "and of this processor we know no kernel argument");
		return;
	}
}
