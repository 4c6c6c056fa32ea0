/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which nodes in /dev are the device's, but for its disks. */
#include "host/users/nodes.h"

#include <string.h>

#include "host/file.h"
#include "host/machine.h"
#include "host/users/open.h"

#define NVIDIA_MAX_BYTES 4096
#define DRM "/sys/class/drm"
#define GRAPHICS "/sys/class/graphics"
#define DISPLAY_CLASS "0x03" /* of PCI */

/* Control devices of sound count: snd_hda_intel does not let go while its is open, nor do television cards
 * (dvb_dmxdev_release()). A disk may be another VM's by its generic node alone. */
static const struct {
	const char *class;
	HostlerUse use;
} classes[] = {
	{ DRM, HOSTLER_USE_NEEDED },
	{ GRAPHICS, HOSTLER_USE_NEEDED },
	{ "/sys/class/sound", HOSTLER_USE_NEEDED },
	{ "/sys/class/scsi_generic", HOSTLER_USE_NEEDED },
	{ "/sys/class/scsi_tape", HOSTLER_USE_NEEDED },
	{ "/sys/class/dvb", HOSTLER_USE_NEEDED },
	{ "/sys/class/video4linux", HOSTLER_USE_NEEDED },
	{ "/sys/class/hidraw", HOSTLER_USE_ANY },
	{ "/sys/class/input", HOSTLER_USE_ANY },
	{ "/sys/class/tty", HOSTLER_USE_ANY },
};

/* What hangs on USB may be pulled out at any time, and its driver copes. */
static gboolean is_unpluggable(Search *search, const char *class, const char *name)
{
	g_autofree char *link = search_link(search, class, name);
	const char *below = link != NULL ? strstr(link, search->bdf) : NULL;

	return below != NULL && strstr(below, "/usb") != NULL;
}

/* Not every entry has a node: connectors and whole sound cards have none. */
static void see_entries(Search *search, const char *class, const GPtrArray *names)
{
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *node = search_uevent(search, class, name, "DEVNAME");
		g_autofree char *dev = search_read(search, class, name, "dev");

		if (node != NULL && (search->use == HOSTLER_USE_ANY || !is_unpluggable(search, class, name)))
			node_add(search, node, dev);
	}
}

static void see_class(Search *search, const char *class)
{
	g_autoptr(GPtrArray) names = search_below(search, class);

	see_entries(search, class, names);
}

/* "simple-framebuffer/simple-framebuffer.0": what is shown there hangs below the platform's device. */
static void see_framebuffer(Search *search, const char *framebuffer)
{
	g_autofree char *device = g_path_get_basename(framebuffer);
	g_autofree char *part = g_strdup_printf("/%s/", device);
	g_autoptr(GPtrArray) cards = search_links(search, DRM, part);
	g_autoptr(GPtrArray) frame_buffers = search_links(search, GRAPHICS, part);

	see_entries(search, DRM, cards);
	see_entries(search, GRAPHICS, frame_buffers);
}

/* On a card without a driver of its own a desktop is shown by the firmware's framebuffer, which vfio-pci
 * takes away without a word. */
static void see_framebuffers(Search *search)
{
	g_autofree char *class = search->host->ops->pci_read(search->host, search->bdf, "class", NULL);
	g_auto(GStrv) framebuffers = NULL;

	if (class == NULL || !g_str_has_prefix(class, DISPLAY_CLASS))
		return;
	framebuffers = search->host->ops->framebuffers(search->host, search->bdf, NULL);
	for (gsize i = 0; framebuffers != NULL && framebuffers[i] != NULL; i++)
		see_framebuffer(search, framebuffers[i]);
}

/* NVIDIA's driver keeps its nodes out of sysfs: "Device Minor: 	 0". */
static void see_nvidia(Search *search)
{
	g_autofree char *path = machine_path(search->host, "/proc/driver/nvidia/gpus", search->bdf, "information",
					     NULL);
	g_autofree char *text = file_read_line(path, NVIDIA_MAX_BYTES);
	const char *minor = text != NULL ? strstr(text, "Device Minor:") : NULL;
	g_autofree char *node = NULL;

	if (minor == NULL)
		return;
	minor += strlen("Device Minor:");
	minor += strspn(minor, " \t");
	node = g_strdup_printf("nvidia%.*s", (int)strspn(minor, G_CSET_DIGITS), minor);
	node_add(search, node, NULL);
}

static char *device_link(Search *search, const char *link)
{
	g_autofree char *path = machine_path(search->host, "/sys/bus/pci/devices", search->bdf, link, NULL);
	g_autofree char *target = link_read(path);

	return target != NULL ? g_path_get_basename(target) : NULL;
}

static void see_vfio_devices(Search *search)
{
	g_autofree char *path = machine_path(search->host, "/sys/bus/pci/devices", search->bdf, "vfio-dev", NULL);
	g_autoptr(GPtrArray) names = folder_names(path);

	for (guint i = 0; names != NULL && i < names->len; i++) {
		g_autofree char *node = g_build_filename("vfio/devices", g_ptr_array_index(names, i), NULL);
		g_autofree char *dev = search_read(search, "/sys/class/vfio-dev", g_ptr_array_index(names, i), "dev");

		node_add(search, node, dev);
	}
}

/* A group's node is open for any of its members; it says something of those
 * that are with vfio, by vfio-pci or a variant of it. */
static void see_vfio(Search *search)
{
	g_autofree char *driver = device_link(search, "driver");
	g_autofree char *group = device_link(search, "iommu_group");
	g_autofree char *dev = NULL;
	g_autofree char *node = NULL;

	if (driver == NULL || strstr(driver, "vfio") == NULL)
		return;
	see_vfio_devices(search);
	if (group == NULL)
		return;
	node = g_build_filename("vfio", group, NULL);
	dev = search_read(search, "/sys/class/vfio", group, "dev");
	node_add(search, node, dev);
}

void nodes_see(Search *search)
{
	for (gsize i = 0; i < G_N_ELEMENTS(classes); i++) {
		if (classes[i].use == HOSTLER_USE_NEEDED || search->use == HOSTLER_USE_ANY)
			see_class(search, classes[i].class);
	}
	see_framebuffers(search);
	see_nvidia(search);
	see_vfio(search);
}
