/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's part of a bundle: which one it is, how it was booted, with which
 * modules, and what it had to say of the devices. */
#include <string.h>

#include "bundle.h"

#define MOST_LINES 600

static void add_text(Bundle *bundle, HostlerHost *host, const char *name, const char *path)
{
	g_autofree char *text = host->ops->kernel_text(host, path);

	if (text != NULL && *text != '\0')
		bundle_line(bundle, "%s: %s", name, text);
}

/* --- the machine --- */

static void add_processor(Bundle *bundle, HostlerHost *host)
{
	g_autofree char *text = host->ops->kernel_text(host, "/proc/cpuinfo");
	const char *model = text != NULL ? strstr(text, "model name") : NULL;
	const char *value = model != NULL ? strchr(model, ':') : NULL;

	if (value != NULL)
		bundle_line(bundle, "processor:%.*s", (int)strcspn(value + 1, "\n"), value + 1);
}

/* Not /proc/version: it names who built the kernel, and where. */
static void add_machine(Bundle *bundle, HostlerHost *host)
{
	g_autofree char *line = host->ops->kernel_text(host, "/proc/cmdline");
	g_autofree char *arguments = redact_command_line(line != NULL ? line : "");

	bundle_title(bundle, "kernel and board");
	add_text(bundle, host, "kernel", "/proc/sys/kernel/osrelease");
	add_text(bundle, host, "build", "/proc/sys/kernel/version");
	add_text(bundle, host, "tainted", "/proc/sys/kernel/tainted");
	bundle_line(bundle, "command line: %s", arguments);
	add_processor(bundle, host);
	add_text(bundle, host, "board maker", "/sys/class/dmi/id/board_vendor");
	add_text(bundle, host, "board", "/sys/class/dmi/id/board_name");
	add_text(bundle, host, "firmware", "/sys/class/dmi/id/bios_version");
	add_text(bundle, host, "firmware of", "/sys/class/dmi/id/bios_date");
}

/* --- modules --- */

static const char *const modules[] = {
	"vfio",	  "vfio_pci", "vfio_pci_core", "vfio_iommu_type1", "iommufd", "kvm",	  "kvm_intel", "kvm_amd",
	"amdgpu", "radeon",   "nouveau",       "nvidia",	   "nvidia_drm", "i915", "xe",	       "vendor_reset",
};

/* Parameters that passing through depends on. */
static const struct {
	const char *module;
	const char *name;
} parameters[] = {
	{ "vfio_iommu_type1", "allow_unsafe_interrupts" },
	{ "vfio_pci", "ids" },
	{ "vfio_pci", "disable_idle_d3" },
	{ "vfio_pci", "disable_vga" },
	{ "vfio_pci_core", "disable_idle_d3" },
	{ "kvm", "ignore_msrs" },
	{ "nvidia_drm", "modeset" },
};

static void add_parameters(HostlerHost *host, const char *module, GString *text)
{
	for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++) {
		g_autofree char *path = NULL;
		g_autofree char *value = NULL;

		if (!g_str_equal(parameters[i].module, module))
			continue;
		path = g_strdup_printf("/sys/module/%s/parameters/%s", module, parameters[i].name);
		value = host->ops->kernel_text(host, path);
		if (value != NULL && *value != '\0')
			g_string_append_printf(text, ", %s=%s", parameters[i].name, value);
	}
}

static void add_modules(Bundle *bundle, HostlerHost *host)
{
	bundle_title(bundle, "modules");
	for (gsize i = 0; i < G_N_ELEMENTS(modules); i++) {
		g_autofree char *path = g_strdup_printf("/sys/module/%s/version", modules[i]);
		g_autofree char *version = host->ops->kernel_text(host, path);
		g_autoptr(GString) text = g_string_new(NULL);

		if (!host->ops->module_loaded(host, modules[i]))
			continue;
		add_parameters(host, modules[i], text);
		bundle_line(bundle, "%s %s%s", modules[i], version != NULL ? version : "of the kernel", text->str);
	}
}

void bundle_add_kernel(Bundle *bundle, HostlerHost *host)
{
	add_machine(bundle, host);
	add_modules(bundle, host);
}

/* --- the log --- */

/* What other programs had logged has a facility; it may say anything. */
static gboolean is_kernels(const char *line, const char **text)
{
	char *end = NULL;
	guint64 level = line[0] == '<' ? g_ascii_strtoull(line + 1, &end, 10) : G_MAXUINT64;

	*text = end != NULL && *end == '>' ? end + 1 : line;
	return level < 8 && *end == '>';
}

/* The arguments of the boot stand in it, whole. */
static gboolean is_relevant(const GRegex *wanted, const char *text)
{
	return g_regex_match(wanted, text, 0, NULL) && strstr(text, "ommand line") == NULL;
}

static GPtrArray *select_lines(GStrv lines, guint *left_out)
{
	g_autoptr(GRegex) wanted = g_regex_new(
		"vfio|pcieport|\\bAER\\b|DMAR|AMD-Vi|iommu|vendor.reset|D3cold|D3hot|"
		"[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7].*"
		"(reset|not ready|inaccessible|can't|vgaarb|power|error)",
		G_REGEX_CASELESS | G_REGEX_RAW, 0, NULL);
	GPtrArray *selected = g_ptr_array_new();

	*left_out = 0;
	for (gsize i = 0; lines[i] != NULL; i++) {
		const char *text;

		if (is_kernels(lines[i], &text) && is_relevant(wanted, text))
			g_ptr_array_add(selected, (gpointer)text);
	}
	if (selected->len > MOST_LINES) {
		*left_out = selected->len - MOST_LINES;
		g_ptr_array_remove_range(selected, 0, *left_out);
	}
	return selected;
}

void bundle_add_log(Bundle *bundle, HostlerHost *host)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *log = host->ops->kernel_log(host, &error);
	g_auto(GStrv) lines = g_strsplit(log != NULL ? log : "", "\n", -1);
	g_autoptr(GPtrArray) selected = NULL;
	guint left_out;

	bundle_title(bundle, "kernel log");
	if (log == NULL)
		bundle_line(bundle, "%s", error->message);
	selected = select_lines(lines, &left_out);
	if (left_out > 0)
		bundle_line(bundle, "(%u lines before)", left_out);
	for (guint i = 0; i < selected->len; i++)
		bundle_line(bundle, "%s", (const char *)g_ptr_array_index(selected, i));
}
