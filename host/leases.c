/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The leases of libvirt's dnsmasq: a file for each bridge, which libvirt's helper
 * replaces at every change. */
#include "host/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/file.h"
#include "host/machine.h"

#define FOLDER "/var/lib/libvirt/dnsmasq"
#define LEASES_MAX_MIB 8

/* What libvirt's helper writes has some 150 bytes for each lease. */
static void set_unread(GError **error, int errnum, const char *path)
{
	if (errnum == EFBIG)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD,
			    "%s is longer than %d MiB, as after a guest that takes one address after the other; "
			    "shorten the <range> of that network: virsh net-edit NETWORK", path, LEASES_MAX_MIB);
	else if (errnum == EACCES)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
			    "cannot read %s: %s; user hostler has to be let: namei -l %s shows what keeps it out", path,
			    g_strerror(errnum), path);
	else if (errnum != ENOENT)
		machine_error(error, errnum, "cannot read %s", path);
}

/* The name of a bridge is no path. */
char *host_lease_text(HostlerHost *host, const char *bridge, gsize *length, GError **error)
{
	g_autofree char *file = g_strconcat(bridge, ".status", NULL);
	g_autofree char *path = machine_path(host, FOLDER, file, NULL);
	char *text;

	if (strchr(bridge, '/') != NULL)
		return NULL;
	text = file_read(AT_FDCWD, path, LEASES_MAX_MIB * 1024 * 1024, length);
	if (text == NULL)
		set_unread(error, errno, path);
	return text;
}

/* libvirt makes the folder when it starts, so a host without has no networks of
 * libvirt's either, and there is nothing to be told. */
int host_leases_listen(HostlerHost *host, GError **error)
{
	g_autofree char *path = machine_path(host, FOLDER, NULL);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && (inotify_add_watch(fd, path, IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_ONLYDIR) >= 0 ||
			errno == ENOENT))
		return fd;
	machine_error(error, errno, "cannot watch %s", path);
	if (fd >= 0)
		close(fd);
	return -1;
}
