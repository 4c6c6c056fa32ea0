/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tries on an image what QEMU will do with it, and leaves it as it was. */
#include "host/storage/try.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "hostler/storage.h"
#include "host/machine.h"

#define FLAGS (O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
#define BLOCK_BYTES 512 /* of stx_blocks, whatever the file system */
/* Beyond every image, so that no guest's data and no byte of QEMU's (100-299) is
 * kept from anybody, even where locks are binding. */
#define LOCK_BYTE (G_GINT64_CONSTANT(1) << 46)

static void set_size(GKeyFile *facts, const char *key, guint64 bytes)
{
	g_key_file_set_uint64(facts, HOSTLER_STORAGE, key, bytes);
}

/* --- room --- */

static guint64 read_u64(const guint8 *bytes)
{
	guint64 value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* qcow2 begins with a magic, and says at 24 how large the guest's disk is. */
static void see_header(int fd, GKeyFile *facts)
{
	static const guint8 magic[] = { 'Q', 'F', 'I', 0xfb };
	guint8 header[32];

	if (pread(fd, header, sizeof(header), 0) == sizeof(header) && memcmp(header, magic, sizeof(magic)) == 0)
		set_size(facts, HOSTLER_STORAGE_VIRTUAL, read_u64(header + 24));
}

/* By the number of the mount's file system: the files of btrfs have another in each
 * subvolume, and all have the same room. */
static void see_room(int fd, const Place *place, GKeyFile *facts)
{
	struct statvfs room;

	g_key_file_set_string(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_DEVICE, place->number);
	set_size(facts, HOSTLER_STORAGE_SIZE, place->stat.stx_size);
	set_size(facts, HOSTLER_STORAGE_ALLOCATED, place->stat.stx_blocks * BLOCK_BYTES);
	if (fstatvfs(fd, &room) == 0)
		set_size(facts, HOSTLER_STORAGE_FREE, (guint64)room.f_bavail * room.f_frsize);
}

/* --- what the file system refuses --- */

static void try_direct(const char *file, GKeyFile *facts)
{
	int fd = open(file, FLAGS | O_DIRECT);

	if (fd >= 0)
		close(fd);
	else if (errno == EINVAL)
		g_key_file_set_string(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_DIRECT, "refused");
}

/* A byte of its own for each process: another one that tries is not in the way. Gives
 * the kind of lock that F_OFD_GETLK found there; -1: an error. */
static int ask_lock(int fd, int command, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = LOCK_BYTE + getpid(), .l_len = 1 };

	return fcntl(fd, command, &lock) < 0 ? -1 : lock.l_type;
}

/* Who holds it there has shown that it can be; no more than that is meant by EAGAIN,
 * and by EACCES a server that refuses. SMB's locks, unless the server leaves them to
 * this host (a lease), bind their own holder: QEMU, which then asks as is asked here,
 * takes them for another's. */
static void try_lock(int fd, GKeyFile *facts)
{
	int found;

	if (ask_lock(fd, F_OFD_SETLK, F_RDLCK) < 0) {
		if (errno != EAGAIN)
			g_key_file_set_string(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_LOCK, g_strerror(errno));
		return;
	}
	found = ask_lock(fd, F_OFD_GETLK, F_WRLCK);
	if (found == F_RDLCK || found == F_WRLCK)
		g_key_file_set_boolean(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_LOCK_BINDS, TRUE);
	ask_lock(fd, F_OFD_SETLK, F_UNLCK);
}

static void try_all(const char *file, const Place *place, gboolean remote, GKeyFile *facts)
{
	int fd = open(file, FLAGS);

	if (fd < 0)
		return; /* not ours to read */
	see_room(fd, place, facts);
	see_header(fd, facts);
	try_direct(file, facts);
	if (remote)
		try_lock(fd, facts);
	close(fd);
}

/* Whoever owns the folder may put a link to a device in the image's place at any moment,
 * and some devices act when they are opened: what is opened is what was looked at. */
void try_image(HostlerHost *host, const char *path, const Place *place, gboolean remote, GKeyFile *facts)
{
	g_autofree char *file = machine_path(host, path, NULL);
	int at = place->seen ? open(file, O_PATH | O_CLOEXEC) : -1;
	g_autofree char *same = g_strdup_printf("/proc/self/fd/%d", at);
	struct stat now;

	if (at >= 0 && fstat(at, &now) == 0 && S_ISREG(now.st_mode))
		try_all(same, place, remote, facts);
	if (at >= 0)
		close(at);
}
