/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text consoles and the frame buffers that they are shown on. The kernel's
 * console lock is taken by each of these reads and writes. */
#include "host/display.h"

#include <errno.h>
#include <string.h>

#include "hostler/error.h"
#include "host/file.h"
#include "host/job-child.h"
#include "host/machine.h"

#define CONSOLES "/sys/class/vtconsole"
#define FRAME_BUFFERS "/sys/class/graphics"
#define ATTRIBUTE_MAX_BYTES 256

static char *read_attribute(HostlerHost *host, const char *console, const char *attribute)
{
	g_autofree char *path = machine_path(host, CONSOLES, console, attribute, NULL);

	return file_read_line(path, ATTRIBUTE_MAX_BYTES);
}

/* "(M) frame buffer device"; the others are the serial, dummy or VGA text ones. */
static gboolean is_on_frame_buffer(HostlerHost *host, const char *console)
{
	g_autofree char *name = read_attribute(host, console, "name");

	return name != NULL && strstr(name, "frame buffer device") != NULL;
}

static gboolean is_bound(HostlerHost *host, const char *console)
{
	g_autofree char *bind = read_attribute(host, console, "bind");

	return g_strcmp0(bind, "1") == 0;
}

/* --- whose frame buffers there are --- */

/* ".../0000:01:00.0/graphics/fb0", or ".../platform/efi-framebuffer.0/graphics/fb0"
 * when the one of the firmware lies in such a device's memory. */
static gboolean belongs_to(const char *link, const char *bdf, char **boot_framebuffers)
{
	g_autofree char *part = g_strdup_printf("/%s/", bdf);

	if (strstr(link, part) != NULL)
		return TRUE;
	for (gsize i = 0; boot_framebuffers[i] != NULL; i++) {
		g_autofree char *device = g_path_get_basename(boot_framebuffers[i]);
		g_autofree char *platform = g_strdup_printf("/%s/", device);

		if (strstr(link, platform) != NULL)
			return TRUE;
	}
	return FALSE;
}

static gboolean belongs_to_any(HostlerHost *host, const char *link, const char *const *bdfs)
{
	for (gsize i = 0; bdfs[i] != NULL; i++) {
		g_auto(GStrv) boot = host_framebuffers(host, bdfs[i], NULL);
		char *none[] = { NULL };

		if (belongs_to(link, bdfs[i], boot != NULL ? boot : none))
			return TRUE;
	}
	return FALSE;
}

/* Text has nowhere to go but to these devices: with a frame buffer elsewhere the
 * kernel moves it there by itself. */
static gboolean show_all(HostlerHost *host, const char *const *bdfs)
{
	g_autofree char *folder = machine_path(host, FRAME_BUFFERS, NULL);
	g_autoptr(GPtrArray) names = folder_names(folder);
	guint n_ours = 0;

	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *path = machine_path(host, FRAME_BUFFERS, name, NULL);
		g_autofree char *link = link_read(path);

		if (!g_str_has_prefix(name, "fb") || !g_ascii_isdigit(name[2]) || link == NULL)
			continue;
		if (!belongs_to_any(host, link, bdfs))
			return FALSE;
		n_ours++;
	}
	return n_ours > 0;
}

/* --- doors --- */

GStrv host_consoles(HostlerHost *host, const char *const *bdfs, GError **error)
{
	g_autoptr(GStrvBuilder) consoles = g_strv_builder_new();
	g_autofree char *folder = machine_path(host, CONSOLES, NULL);
	g_autoptr(GPtrArray) names = show_all(host, bdfs) ? folder_names(folder) : NULL;

	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);

		if (g_str_has_prefix(name, "vtcon") && is_on_frame_buffer(host, name) && is_bound(host, name))
			g_strv_builder_add(consoles, name);
	}
	return g_strv_builder_end(consoles);
}

static gboolean is_console_name(const char *name)
{
	const char *number = name + strlen("vtcon");

	return g_str_has_prefix(name, "vtcon") && *number != '\0' && strlen(number) < 4 &&
	       number[strspn(number, G_CSET_DIGITS)] == '\0';
}

gboolean host_console_switch(HostlerHost *host, const char *console, gboolean on, GError **error)
{
	g_autofree char *path = NULL;
	int errnum;

	if (!is_console_name(console)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "no console: %s", console);
		return FALSE;
	}
	/* The kernel takes it away with the last frame buffer, and binds it with the next. */
	if (!is_on_frame_buffer(host, console) || is_bound(host, console) == on)
		return TRUE;
	if (!job_child_may_act(host, error))
		return FALSE;
	path = machine_path(host, CONSOLES, console, "bind", NULL);
	errnum = file_order(path, on ? "1" : "0", 1);
	if (!is_on_frame_buffer(host, console) || is_bound(host, console) == on)
		return TRUE;
	machine_error(error, errnum != 0 ? errnum : EIO, "cannot %s the text console %s", on ? "bind" : "unbind",
		      console);
	return FALSE;
}
