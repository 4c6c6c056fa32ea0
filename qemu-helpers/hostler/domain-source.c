/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where `hostler check` gets the XML that a hook gets on stdin. */
#include "domain-source.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <unistd.h>

#include "hostler/domain.h"
#include "hostler/error.h"
#include "hostler/text.h"

#define URI "qemu:///system"
#define READ_BYTES (64 * 1024)

/* --- libvirt --- */

static void be_silent(void *data, virErrorPtr error)
{
}

static virDomainPtr find_domain(virConnectPtr connection, const char *vm)
{
	g_autofree char *uuid = hostler_text_uuid(vm);
	virDomainPtr domain = uuid != NULL ? virDomainLookupByUUIDString(connection, uuid) : NULL;

	return domain != NULL ? domain : virDomainLookupByName(connection, vm);
}

static char *ask_for_xml(virConnectPtr connection, const char *vm, unsigned int flags, GError **error)
{
	virDomainPtr domain = find_domain(connection, vm);
	g_autofree char *shown = hostler_text_shown(vm);
	char *xml;

	if (domain == NULL) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT,
			    "libvirt knows no VM '%s'; see which there are: virsh list --all", shown);
		return NULL;
	}
	xml = virDomainGetXMLDesc(domain, flags);
	if (xml == NULL)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "libvirt does not describe VM '%s': %s", shown,
			    virGetLastErrorMessage());
	virDomainFree(domain);
	return xml;
}

static char *ask_libvirt(const char *vm, unsigned int flags, GError **error)
{
	virConnectPtr connection;
	char *xml;

	virSetErrorFunc(NULL, be_silent);
	connection = virConnectOpenReadOnly(URI);
	if (connection == NULL) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
			    "libvirt cannot be asked: %s; start it (systemctl start libvirtd, on Fedora virtqemud), "
			    "or give the XML: --xml FILE",
			    virGetLastErrorMessage());
		return NULL;
	}
	xml = ask_for_xml(connection, vm, flags, error);
	virConnectClose(connection);
	return xml;
}

char *domain_xml_from_libvirt(const char *vm, GError **error)
{
	return ask_libvirt(vm, VIR_DOMAIN_XML_INACTIVE, error);
}

char *domain_xml_of_running(const char *vm, GError **error)
{
	return ask_libvirt(vm, 0, error);
}

/* --- a file --- */

static gboolean read_all(int fd, GByteArray *bytes)
{
	ssize_t n;

	do {
		guint have = bytes->len;

		g_byte_array_set_size(bytes, have + READ_BYTES);
		n = read(fd, bytes->data + have, READ_BYTES);
		g_byte_array_set_size(bytes, have + (guint)MAX(n, 0));
	} while ((n > 0 && bytes->len <= HOSTLER_XML_MAX_BYTES) || (n < 0 && errno == EINTR));
	return n >= 0;
}

static int open_file(const char *file)
{
	return g_str_equal(file, "-") ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC);
}

char *domain_xml_from_file(const char *file, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	int fd = open_file(file);
	gboolean read_well = fd >= 0 && read_all(fd, bytes);
	int errnum = errno;

	if (fd >= 0)
		close(fd);
	if (!read_well) {
		g_autofree char *shown = hostler_text_shown(file);

		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "cannot read %s: %s", shown,
			    g_strerror(errnum));
		return NULL;
	}
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}
