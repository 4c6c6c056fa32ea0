/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's own notes on what runs. Names of VMs and networks are anybody's
 * text: files are found by listing their folder, no path is made of a name. */
#include "host/libvirt.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/domain.h"
#include "host/file.h"
#include "host/machine.h"
#include "host/proc.h"

#define QEMU "/run/libvirt/qemu"
#define NETWORKS "/run/libvirt/network"

#define PID_FILE_MAX_BYTES 32
#define NETWORK_MAX_BYTES (8 * 1024 * 1024) /* libvirt's RPC carries 4 MiB of it at most */

static gboolean read_pid(int folder, const char *file, guint64 *pid)
{
	g_autofree char *text = file_read(folder, file, PID_FILE_MAX_BYTES, NULL);

	return text != NULL && g_ascii_string_to_unsigned(g_strchomp(text), 10, 1, G_MAXINT, pid, NULL);
}

/* libvirt has QEMU hold a lock on its pid file (measured: 9.0), which ends with it. */
static gboolean is_locked(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

/* More than the second by which two clocks may differ. */
static gboolean began_after(HostlerHost *host, const HostlerProcess *process, const struct stat *file)
{
	gint64 age = host->ops->boottime(host) - (gint64)(process->start / (guint64)sysconf(_SC_CLK_TCK));

	return g_get_real_time() / G_USEC_PER_SEC - age > file->st_mtime + 1;
}

/* A QEMU that was killed while libvirtd was not there leaves its pid file, and its pid
 * goes to any other process in time. Both must say so: the host's clock may have been
 * set since, and another libvirt may lock nothing. */
static gboolean is_left(HostlerHost *host, int folder, const char *file, const HostlerProcess *process)
{
	int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat stat;
	gboolean left;

	if (fd < 0)
		return FALSE;
	left = !is_locked(fd) && fstat(fd, &stat) == 0 && began_after(host, process, &stat);
	close(fd);
	return left;
}

static gboolean find_qemu(HostlerHost *host, int folder, const char *file, HostlerProcess *process)
{
	HostlerProcess found;
	guint64 pid;

	if (!read_pid(folder, file, &pid) || !host_process_find(host, (int)pid, &found) ||
	    is_left(host, folder, file, &found))
		return FALSE;
	*process = found;
	return TRUE;
}

/* libvirt 9.0 makes the name of this file as if it were XML: "bob's" is
 * bob&apos;s.pid. It leaves alone what g_markup_escape_text() would not. */
static char *escape_as_libvirt(const char *name)
{
	GString *file = g_string_new(NULL);

	for (const char *p = name; *p != '\0'; p++) {
		switch (*p) {
		case '<':
			g_string_append(file, "&lt;");
			break;
		case '>':
			g_string_append(file, "&gt;");
			break;
		case '&':
			g_string_append(file, "&amp;");
			break;
		case '"':
			g_string_append(file, "&quot;");
			break;
		case '\'':
			g_string_append(file, "&apos;");
			break;
		default:
			g_string_append_c(file, *p);
		}
	}
	return g_string_free(file, FALSE);
}

/* Escaped or not: another libvirt may have mended it. */
static gboolean is_file_of(const char *file, const char *name, const char *suffix)
{
	g_autofree char *escaped = escape_as_libvirt(name);
	g_autofree char *plain_file = g_strconcat(name, suffix, NULL);
	g_autofree char *escaped_file = g_strconcat(escaped, suffix, NULL);

	return g_str_equal(file, plain_file) || g_str_equal(file, escaped_file);
}

gboolean host_qemu_find(HostlerHost *host, const char *name, HostlerProcess *process)
{
	g_autofree char *path = machine_path(host, QEMU, NULL);
	DIR *folder = opendir(path);
	struct dirent *entry;
	gboolean found = FALSE;

	if (folder == NULL)
		return FALSE;
	while (!found && (entry = readdir(folder)) != NULL)
		found = is_file_of(entry->d_name, name, ".pid") &&
			find_qemu(host, dirfd(folder), entry->d_name, process);
	closedir(folder);
	return found;
}

/* driver.pid is libvirtd's own, unless there is a VM of that name, which has a note. */
static gboolean is_pid_file(const GPtrArray *names, const char *name)
{
	return g_str_has_suffix(name, ".pid") &&
	       (!g_str_equal(name, "driver.pid") ||
		g_ptr_array_find_with_equal_func((GPtrArray *)names, "driver.xml", g_str_equal, NULL));
}

/* "NAME.pid", the name escaped as XML; none is removed before its QEMU has ended. */
char *host_vm_running(HostlerHost *host)
{
	g_autofree char *path = machine_path(host, QEMU, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *found = NULL;

	for (guint i = 0; folder >= 0 && names != NULL && found == NULL && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		HostlerProcess process;

		if (is_pid_file(names, name) && find_qemu(host, folder, name, &process))
			found = g_strndup(name, strlen(name) - strlen(".pid"));
	}
	if (folder >= 0)
		close(folder);
	return found;
}

/* A file of another VM costs no more than a look: libvirt writes <uuid> right
 * after <name>, and neither name nor anything before holds a "<domain ". */
static gboolean is_status_of(const char *text, const char *uuid)
{
	const char *domain = strstr(text, "<domain ");
	const char *begin = domain != NULL ? strstr(domain, "<uuid>") : NULL;

	return begin != NULL && g_ascii_strncasecmp(begin + strlen("<uuid>"), uuid, strlen(uuid)) == 0 &&
	       g_str_has_prefix(begin + strlen("<uuid>") + strlen(uuid), "</uuid>");
}

char *host_vm_xml(HostlerHost *host, const char *uuid)
{
	g_autofree char *path = machine_path(host, QEMU, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);

	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_autofree char *xml = NULL;

		if (g_str_has_suffix(name, ".xml"))
			xml = file_read(AT_FDCWD, file, HOSTLER_XML_MAX_BYTES, NULL);
		if (xml != NULL && is_status_of(xml, uuid))
			return g_steal_pointer(&xml);
	}
	return NULL;
}

/* Before the VM itself, where no text is anybody's, stand its state and what libvirt is about. Of a QEMU that ends while
 * the guest arrives it may have crossed out either (measured: 9.0). One that was restored is paused for migration as
 * well, and after a post-copy the guest runs before it is all here. */
static gboolean is_coming(const char *note, gboolean came)
{
	const char *domain = strstr(note, "<domain ");
	g_autofree char *head = domain != NULL ? g_strndup(note, (gsize)(domain - note)) : g_strdup("");
	gboolean is_paused = strstr(head, "<domstatus state='paused' reason='migration' ") != NULL;
	gboolean is_ending = strstr(head, "<domstatus state='shutdown' ") != NULL;
	gboolean is_idle = strstr(head, " async='") == NULL || strstr(head, " async='none'") != NULL;

	if (strstr(head, " async='migration in'") != NULL)
		return is_paused || is_ending;
	return came && is_paused && is_idle;
}

gboolean host_vm_arrives(HostlerHost *host, const char *name, gboolean came)
{
	g_autofree char *path = machine_path(host, QEMU, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);
	g_autofree char *note = NULL;

	for (guint i = 0; names != NULL && note == NULL && i < names->len; i++) {
		g_autofree char *file = g_build_filename(path, g_ptr_array_index(names, i), NULL);

		if (is_file_of(g_ptr_array_index(names, i), name, ".xml"))
			note = file_read(AT_FDCWD, file, HOSTLER_XML_MAX_BYTES, NULL);
	}
	return note != NULL && is_coming(note, came);
}

GPtrArray *host_network_xmls(HostlerHost *host)
{
	g_autofree char *path = machine_path(host, NETWORKS, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);
	GPtrArray *xmls = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *file = g_build_filename(path, name, NULL);
		char *xml = NULL;

		if (g_str_has_suffix(name, ".xml"))
			xml = file_read(AT_FDCWD, file, NETWORK_MAX_BYTES, NULL);
		if (xml != NULL)
			g_ptr_array_add(xmls, xml);
	}
	return xmls;
}
