/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI devices, as sysfs shows them. */
#include "host/pci.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/text.h"
#include "host/file.h"
#include "host/job-child.h"
#include "host/machine.h"

#define DEVICES "/sys/bus/pci/devices"
#define DRIVERS_PROBE "/sys/bus/pci/drivers_probe"

#define ATTRIBUTE_MAX_BYTES 4096 /* sysfs: one page */
#define CONFIG_MAX_BYTES 4096    /* of PCI Express */

/* --- paths: nothing but addresses and the names of attributes gets into one --- */

/* Components of letters, digits and "_.:-", none of them hidden, "." or "..". */
static gboolean is_plain(const char *attribute)
{
	g_auto(GStrv) parts = g_strsplit(attribute, "/", -1);

	for (gsize i = 0; parts[i] != NULL; i++) {
		if (parts[i][0] == '\0' || parts[i][0] == '.' || strlen(parts[i]) > NAME_MAX)
			return FALSE;
		if (parts[i][strspn(parts[i], G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_.:-")] != '\0')
			return FALSE;
	}
	return parts[0] != NULL;
}

static char *attribute_path(HostlerHost *host, const char *bdf, const char *attribute, GError **error)
{
	if (hostler_text_is_bdf(bdf) && is_plain(attribute))
		return machine_path(host, DEVICES, bdf, attribute, NULL);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
		    "neither a PCI address nor an attribute of a device: %s, %s", bdf, attribute);
	return NULL;
}

/* --- attributes --- */

char *host_pci_read(HostlerHost *host, const char *bdf, const char *attribute, GError **error)
{
	g_autofree char *path = attribute_path(host, bdf, attribute, error);
	char *value;

	if (path == NULL)
		return NULL;
	value = file_read_line(path, ATTRIBUTE_MAX_BYTES);
	if (value == NULL)
		machine_error(error, errno, "cannot read %s of %s", attribute, bdf);
	return value;
}

/* For the reader of a message: the newline that clears is no part of it. */
static void write_failed(GError **error, int errnum, const char *bdf, const char *attribute, const char *value)
{
	machine_error(error, errnum, "cannot write '%.*s' to %s of %s", (int)strcspn(value, "\n"), value, attribute,
		      bdf);
}

gboolean host_pci_write(HostlerHost *host, const char *bdf, const char *attribute, const char *value, GError **error)
{
	g_autofree char *path = attribute_path(host, bdf, attribute, error);
	const char *order = value[0] != '\0' ? value : "\n";
	int errnum;

	if (path == NULL || !job_child_may_act(host, error))
		return FALSE;
	errnum = file_order(path, order, strlen(order));
	if (errnum != 0)
		write_failed(error, errnum, bdf, attribute, value);
	return errnum == 0;
}

char *host_pci_link(HostlerHost *host, const char *bdf, const char *link, GError **error)
{
	g_autofree char *path = attribute_path(host, bdf, link, error);
	g_autofree char *target = NULL;

	if (path == NULL)
		return NULL;
	target = link_read(path);
	if (target != NULL)
		return g_path_get_basename(target);
	if (errno == ENOENT && host_pci_exists(host, bdf))
		return NULL;
	machine_error(error, errno, "cannot read the link %s of %s", link, bdf);
	return NULL;
}

gboolean host_pci_probe(HostlerHost *host, const char *bdf, GError **error)
{
	g_autofree char *path = machine_path(host, DRIVERS_PROBE, NULL);
	int errnum;

	if (!job_child_may_act(host, error))
		return FALSE;
	errnum = hostler_text_is_bdf(bdf) ? file_order(path, bdf, strlen(bdf)) : EINVAL;
	if (errnum != 0)
		machine_error(error, errnum, "cannot have a driver looked for by drivers_probe for %s", bdf);
	return errnum == 0;
}

/* --- configuration space ---
 *
 * By sysfs' `config` itself and not by libpci: this is all that libpci would do
 * with the few bytes we want, and its way to report an error is to call exit(),
 * which a handler can only leave by a jump. It would also cost every hook call
 * four more libraries to load. */

static int open_config(HostlerHost *host, const char *bdf, int flags, guint offset, gsize length, GError **error)
{
	g_autofree char *path = attribute_path(host, bdf, "config", error);
	int fd;

	if (path == NULL)
		return -1;
	if (offset > CONFIG_MAX_BYTES || length > CONFIG_MAX_BYTES - offset) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
			    "configuration space of %s ends at %d bytes", bdf, CONFIG_MAX_BYTES);
		return -1;
	}
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0)
		machine_error(error, errno, "cannot open the configuration space of %s", bdf);
	return fd;
}

static gboolean config_moved(ssize_t n, gsize length, const char *bdf, guint offset, GError **error)
{
	if (n >= 0 && (gsize)n == length)
		return TRUE;
	machine_error(error, n < 0 ? errno : EIO, "cannot access %zu bytes at 0x%x of the configuration space of %s",
		      length, offset, bdf);
	return FALSE;
}

gboolean host_pci_config(HostlerHost *host, const char *bdf, guint offset, guint8 *bytes, gsize length,
			 GError **error)
{
	int fd = open_config(host, bdf, O_RDONLY, offset, length, error);
	gboolean moved;
	ssize_t n;

	if (fd < 0)
		return FALSE;
	do
		n = pread(fd, bytes, length, offset);
	while (n < 0 && errno == EINTR);
	moved = config_moved(n, length, bdf, offset, error);
	close(fd);
	return moved;
}

gboolean host_pci_config_write(HostlerHost *host, const char *bdf, guint offset, const guint8 *bytes, gsize length,
			       GError **error)
{
	int fd = job_child_may_act(host, error) ? open_config(host, bdf, O_WRONLY, offset, length, error) : -1;
	gboolean moved;
	ssize_t n;

	if (fd < 0)
		return FALSE;
	do
		n = pwrite(fd, bytes, length, offset);
	while (n < 0 && errno == EINTR);
	moved = config_moved(n, length, bdf, offset, error);
	close(fd);
	return moved;
}
