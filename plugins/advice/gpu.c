/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes a graphics card stay dark in a guest ("Code 43" and its kin). */
#include <string.h>

#include "plugins/advice/advice.h"

#define NVIDIA 0x10de

static void add(HostlerFindings *findings, HostlerSeverity severity, const AdviceDevice *gpu, const char *mend,
		const char *format, ...) G_GNUC_PRINTF(5, 6);

/* Begins with what it is about. */
static void add(HostlerFindings *findings, HostlerSeverity severity, const AdviceDevice *gpu, const char *mend,
		const char *format, ...)
{
	g_autofree char *name = advice_describe(gpu);
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	hostler_findings_add(findings, severity, HOSTLER_ERROR_ADVICE_GPU, gpu->bdf, mend, "%s %s", name, text);
}

static void look_at_hiding(const HostlerPlatform *platform, const AdviceDevice *gpu, HostlerFindings *findings)
{
	static const char before_r465[] = "NVIDIA's drivers before R465 (March 2021) then stop with Code 43; newer "
					  "ones do not mind";

	if (gpu->capabilities.vendor != NVIDIA)
		return;
	if (!platform->kvm_hidden)
		add(findings, HOSTLER_SEVERITY_NOTE, gpu, "virt-xml VM --edit --features kvm.hidden.state=on",
		    "goes to a VM whose guest sees that it runs on KVM: %s", before_r465);
	else if (platform->hyperv && !platform->vendor_id)
		add(findings, HOSTLER_SEVERITY_NOTE, gpu,
		    "add <vendor_id state='on' value='hostler'/> to <hyperv>: virsh edit VM",
		    "goes to a VM whose guest sees the signature of Hyper-V: %s", before_r465);
}

static void look_at_machine(const HostlerPlatform *platform, const AdviceDevice *gpu, HostlerFindings *findings)
{
	if (platform->machine == NULL ||
	    !(g_str_equal(platform->machine, "pc") || strstr(platform->machine, "i440fx") != NULL))
		return;
	add(findings, HOSTLER_SEVERITY_ADVICE, gpu,
	    "make the VM anew on its disk: virt-install --import --machine q35 ... (a guest finds its devices "
	    "elsewhere)",
	    "goes to a VM of machine type %s, which has no PCI Express; drivers of today's cards expect it and fail "
	    "(Code 43)", platform->machine);
}

static void look_at_firmware(const HostlerPlatform *platform, const AdviceDevice *gpu, HostlerFindings *findings)
{
	if (!platform->uefi)
		add(findings, HOSTLER_SEVERITY_NOTE, gpu,
		    "make the VM anew with UEFI (virt-install --boot uefi ...); a system that was installed for BIOS "
		    "does not start with it",
		    "goes to a VM that starts by BIOS, not by UEFI (OVMF): cards whose ROM has no part for BIOS stay "
		    "dark until the guest's driver is up, and some for good");
}

/* Sound, USB and UCSI. Graphics that are a part of the processor have others, too,
 * beside them, which belong to no card. */
static gboolean is_of_a_card(const AdviceDevice *device)
{
	guint16 class = device->capabilities.class;

	return advice_is_gpu(device) || class == 0x0403 || class == 0x0c03 || class == 0x0c80;
}

static void look_at_function(const AdviceDevice *gpu, const AdviceDevice *other, HostlerFindings *findings)
{
	g_autofree char *name = advice_describe(other);
	g_autofree char *mend = g_strdup_printf("virt-xml VM --add-device --hostdev pci_%s", other->bdf);

	g_strdelimit(strstr(mend, "pci_"), ":.", '_');
	add(findings, HOSTLER_SEVERITY_NOTE, gpu, mend,
	    "goes to the VM without %s of the same card, which the guest's drivers look for beside it", name);
}

static void look_at_functions(const HostlerDomain *domain, const GPtrArray *devices, const AdviceDevice *gpu,
			      HostlerFindings *findings)
{
	g_autoptr(GPtrArray) missing = g_ptr_array_new();

	for (guint i = 0; i < devices->len; i++) {
		AdviceDevice *other = g_ptr_array_index(devices, i);

		if (!advice_same_slot(other->bdf, gpu->bdf))
			continue;
		if (!is_of_a_card(other))
			return;
		if (advice_listed(domain, other->bdf) == NULL)
			g_ptr_array_add(missing, other);
	}
	for (guint i = 0; i < missing->len; i++)
		look_at_function(gpu, g_ptr_array_index(missing, i), findings);
}

void advice_gpus(const HostlerDomain *domain, const GPtrArray *devices, HostlerFindings *findings)
{
	for (guint i = 0; i < devices->len; i++) {
		const AdviceDevice *gpu = g_ptr_array_index(devices, i);

		if (!advice_is_gpu(gpu) || advice_listed(domain, gpu->bdf) == NULL)
			continue;
		look_at_hiding(&domain->platform, gpu, findings);
		look_at_machine(&domain->platform, gpu, findings);
		look_at_firmware(&domain->platform, gpu, findings);
		look_at_functions(domain, devices, gpu, findings);
	}
}
