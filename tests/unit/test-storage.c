/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image stands on, on trees of files in the form the kernel gives them. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/fcntl.h> /* not fcntl.h: that would have its own open() */
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/storage.h"
#include "tree.h"

/* Ids of mounts that the kernel under this test surely does not have. */
#define MOUNT "900001 900000 "

/* --- in the place of libc's: a file system that refuses --- */

static int lock_errno;
static gboolean lock_binds;
static gboolean direct_refused;

int fcntl64(int fd, int command, ...);
int fcntl64(int fd, int command, ...)
{
	va_list arguments;
	struct flock *lock;

	va_start(arguments, command);
	lock = va_arg(arguments, struct flock *);
	va_end(arguments);
	if (command == F_OFD_SETLK) {
		g_assert_cmpint(lock->l_start, >, 299);
		g_assert_cmpint(lock->l_len, ==, 1);
		g_assert_cmpint(lock->l_type, !=, F_WRLCK);
		if (lock_errno != 0) {
			errno = lock_errno;
			return -1;
		}
	}
	if (command == F_OFD_GETLK && lock_binds) {
		lock->l_type = F_RDLCK;
		return 0;
	}
	return (int)syscall(SYS_fcntl, fd, command, lock);
}

int open64(const char *path, int flags, ...);
int open64(const char *path, int flags, ...)
{
	if ((flags & O_DIRECT) != 0) {
		g_assert_cmpint(flags & (O_ACCMODE | O_CREAT | O_TRUNC), ==, O_RDONLY);
		if (direct_refused) {
			errno = EINVAL;
			return -1;
		}
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags & ~O_DIRECT, 0600);
}

static guint n_asked;

int statx(int folder, const char *restrict path, int flags, unsigned int mask, struct statx *restrict info)
{
	n_asked++;
	return (int)syscall(SYS_statx, folder, path, flags, mask, info);
}

/* --- trees --- */

/* `place` below /sys/devices, its number, and its attributes as pairs. */
static void block(const Tree *tree, const char *place, const char *number, ...) G_GNUC_NULL_TERMINATED;
static void block(const Tree *tree, const char *place, const char *number, ...)
{
	g_autofree char *name = g_path_get_basename(place);
	g_autofree char *dev = g_strdup_printf("sys/devices/%s/dev", place);
	g_autofree char *in_class = g_strdup_printf("sys/class/block/%s", name);
	g_autofree char *by_number = g_strdup_printf("sys/dev/block/%s", number);
	g_autofree char *target = g_strdup_printf("../../devices/%s", place);
	const char *attribute;
	va_list pairs;

	tree_file(tree, dev, number);
	tree_link(tree, in_class, target);
	tree_link(tree, by_number, target);
	va_start(pairs, number);
	while ((attribute = va_arg(pairs, const char *)) != NULL) {
		g_autofree char *path = g_strdup_printf("sys/devices/%s/%s", place, attribute);

		tree_file(tree, path, va_arg(pairs, const char *));
	}
	va_end(pairs);
}

static void member(const Tree *tree, const char *of, const char *name)
{
	g_autofree char *path = g_strdup_printf("sys/devices/virtual/block/%s/slaves/%s", of, name);

	tree_link(tree, path, "x");
}

static void disks(const Tree *tree)
{
	block(tree, "pci0/ata1/block/sda", "8:0", "queue/rotational", "1\n", NULL);
	block(tree, "pci0/ata1/block/sda/sda1", "8:1", "partition", "1\n", NULL);
	block(tree, "pci0/ata2/block/sdb", "8:16", "queue/rotational", "0\n", NULL);
	block(tree, "pci0/ata2/block/sdb/sdb2", "8:18", "partition", "2\n", NULL);
	block(tree, "pci0/nvme/nvme0/nvme0n1", "259:0", "queue/rotational", "0\n", NULL);
	block(tree, "pci0/usb3/block/sdc", "8:32", "queue/rotational", "1\n", NULL);
	block(tree, "platform/host6/session1/block/sdd", "8:48", "queue/rotational", "1\n", NULL);
	block(tree, "pci0/virtio1/block/vda", "254:0", "queue/rotational", "1\n", NULL);
}

static void mirror(const Tree *tree, const char *lost)
{
	block(tree, "virtual/block/md127", "9:127", "md/level", "raid1\n", "md/raid_disks", "2\n", "md/degraded",
	      lost, "md/sync_action", "idle\n", NULL);
	member(tree, "md127", "sda1");
	member(tree, "md127", "sdb2");
}

static void mounted(const Tree *tree, const char *line)
{
	g_autofree char *table = g_strdup_printf("900000 1 0:1 / / rw - rootfs rootfs rw\n%s\n", line);

	tree_file(tree, "proc/self/mountinfo", table);
	tree_file(tree, "vm/a.img", "an image");
}

static void set_up(Tree *tree, gconstpointer data)
{
	tree_open(tree);
	lock_errno = 0;
	lock_binds = FALSE;
	direct_refused = FALSE;
	disks(tree);
}

/* --- asking --- */

static GKeyFile *ask(const Tree *tree, const char *path, gboolean tries)
{
	g_autoptr(GError) error = NULL;
	GKeyFile *facts = g_key_file_new();

	tree->host->ops->storage_read(tree->host, path, tries, facts, &error);
	g_assert_no_error(error);
	return facts;
}

static void assert_fact(GKeyFile *facts, const char *key, const char *expected)
{
	g_autofree char *value = hostler_storage_get(facts, key);

	g_assert_cmpstr(value, ==, expected);
}

static void assert_layers(const Tree *tree, const char *path, const char *text, const char *kind)
{
	g_autoptr(GKeyFile) facts = ask(tree, path, FALSE);

	assert_fact(facts, HOSTLER_STORAGE_STACK, text);
	assert_fact(facts, HOSTLER_STORAGE_KIND, kind);
}

static void assert_mounted(const Tree *tree, const char *line, const char *text, const char *kind)
{
	mounted(tree, line);
	assert_layers(tree, "/vm/a.img", text, kind);
}

/* --- the disk at the bottom --- */

static void test_disks(Tree *tree, gconstpointer data)
{
	static const struct {
		const char *number, *text;
	} cases[] = {
		{ "8:1", "ext4 on HDD" },   { "8:18", "ext4 on SSD" },	     { "259:0", "ext4 on NVMe" },
		{ "8:48", "ext4 on iSCSI" }, { "254:0", "ext4 on virtio disk" }, { "8:32", "ext4 on USB HDD" },
		{ "99:9", "ext4" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *line = g_strdup_printf(MOUNT "%s / /vm rw - ext4 none rw", cases[i].number);

		assert_mounted(tree, line, cases[i].text, cases[i].text);
	}
}

static void test_whole_device(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	mounted(tree, MOUNT "0:5 / /dev rw - devtmpfs udev rw");
	block(tree, "virtual/block/dm-0", "253:0", "dm/uuid", "LVM-abc\n", NULL);
	member(tree, "dm-0", "sdb2");
	tree_link(tree, "dev/mapper/vg-lv", "../dm-0");
	tree_file(tree, "dev/dm-0", "");
	mounted(tree, MOUNT "0:40 / /vm rw - xfs /dev/mapper/vg-lv rw");
	facts = ask(tree, "/vm/a.img", FALSE);
	assert_fact(facts, HOSTLER_STORAGE_STACK, "xfs on LVM on SSD");
	assert_fact(facts, HOSTLER_STORAGE_BLOCK_DEVICE, "dm-0");
	assert_fact(facts, HOSTLER_STORAGE_FILE_SYSTEM, "xfs");
	assert_fact(facts, HOSTLER_STORAGE_MOUNT_POINT, "/vm");
}

/* --- several --- */

static void test_md(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	mirror(tree, "0\n");
	assert_mounted(tree, MOUNT "9:127 / /vm rw - ext4 /dev/md127 rw",
		       "ext4 on md raid1 (2 of 2) on HDD and SSD", "ext4 on md raid1 on HDD and SSD");
	facts = ask(tree, "/vm/a.img", FALSE);
	assert_fact(facts, HOSTLER_STORAGE_DEGRADED, NULL);
}

static void test_md_degraded(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;
	g_autofree char *mend = NULL;

	mirror(tree, "1\n");
	tree_file(tree, "sys/devices/virtual/block/md127/md/sync_action", "recover\n");
	assert_mounted(tree, MOUNT "9:127 / /vm rw - ext4 /dev/md127 rw",
		       "ext4 on md raid1 (1 of 2, recover) on HDD and SSD", "ext4 on md raid1 on HDD and SSD");
	facts = ask(tree, "/vm/a.img", FALSE);
	assert_fact(facts, HOSTLER_STORAGE_DEGRADED, "md127 (raid1) has 1 of 2 members");
	mend = hostler_storage_get(facts, HOSTLER_STORAGE_MEND);
	g_assert_nonnull(strstr(mend, "mdadm --detail /dev/md127"));
}

/* Encrypted, on a volume of a thin pool, whose hidden volumes are not named. */
static void test_stack(Tree *tree, gconstpointer data)
{
	static const char *const hidden[] = { "dm-1", "dm-2", "dm-3" };

	mirror(tree, "0\n");
	block(tree, "virtual/block/dm-0", "253:0", "dm/uuid", "CRYPT-LUKS2-1-x\n", NULL);
	member(tree, "dm-0", "dm-1");
	for (guint i = 0; i < G_N_ELEMENTS(hidden); i++) {
		g_autofree char *place = g_strdup_printf("virtual/block/%s", hidden[i]);
		g_autofree char *number = g_strdup_printf("253:%u", i + 1);

		block(tree, place, number, "dm/uuid", "LVM-abc\n", NULL);
		member(tree, hidden[i], i + 1 < G_N_ELEMENTS(hidden) ? hidden[i + 1] : "md127");
	}
	assert_mounted(tree, MOUNT "253:0 / /vm rw - ext4 /dev/dm-0 rw",
		       "ext4 on dm-crypt on LVM on md raid1 (2 of 2) on HDD and SSD",
		       "ext4 on dm-crypt on LVM on md raid1 on HDD and SSD");
}

static void test_multipath(Tree *tree, gconstpointer data)
{
	block(tree, "virtual/block/dm-0", "253:0", "dm/uuid", "mpath-36001\n", NULL);
	block(tree, "virtual/block/dm-1", "253:1", "dm/uuid", "part1-mpath-36001\n", NULL);
	member(tree, "dm-0", "sdd");
	member(tree, "dm-1", "dm-0");
	assert_mounted(tree, MOUNT "253:1 / /vm rw - xfs /dev/dm-1 rw", "xfs on dm-multipath on iSCSI",
		       "xfs on dm-multipath on iSCSI");
}

static void test_btrfs(Tree *tree, gconstpointer data)
{
	const char *line = MOUNT "0:44 /@vm /vm rw - btrfs /dev/sdb2 rw,subvol=/@vm";

	tree_file(tree, "dev/sdb2", "");
	assert_mounted(tree, line, "btrfs on SSD", "btrfs on SSD");
	tree_link(tree, "sys/fs/btrfs/1-2-3/devices/sdb2", "x");
	tree_link(tree, "sys/fs/btrfs/1-2-3/devices/sda1", "x");
	tree_file(tree, "sys/fs/btrfs/1-2-3/allocation/data/raid1/total_bytes", "1");
	tree_file(tree, "sys/fs/btrfs/features/raid1c34", "0");
	assert_mounted(tree, line, "btrfs raid1 (2 of 2) on HDD and SSD", "btrfs raid1 on HDD and SSD");
}

static void test_btrfs_degraded(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	tree_file(tree, "dev/sdb2", "");
	tree_link(tree, "sys/fs/btrfs/1-2-3/devices/sdb2", "x");
	tree_file(tree, "sys/fs/btrfs/1-2-3/devinfo/1/missing", "0\n");
	tree_file(tree, "sys/fs/btrfs/1-2-3/devinfo/2/missing", "1\n");
	mounted(tree, MOUNT "0:44 / /vm rw - btrfs /dev/sdb2 rw");
	facts = ask(tree, "/vm/a.img", FALSE);
	assert_fact(facts, HOSTLER_STORAGE_STACK, "btrfs (1 of 2) on SSD");
	assert_fact(facts, HOSTLER_STORAGE_DEGRADED, "the btrfs 1-2-3 lacks 1 of 2 disks");
}

static void test_zfs(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	tree_file(tree, "proc/spl/kstat/zfs/tank/state", "DEGRADED\n");
	mounted(tree, MOUNT "0:50 / /vm rw - zfs tank/vm rw,xattr");
	facts = ask(tree, "/vm/a.img", FALSE);
	assert_fact(facts, HOSTLER_STORAGE_STACK, "ZFS");
	assert_fact(facts, HOSTLER_STORAGE_DEGRADED, "the ZFS pool tank is DEGRADED");
	tree_file(tree, "proc/spl/kstat/zfs/tank/state", "ONLINE\n");
	g_key_file_unref(facts);
	facts = ask(tree, "/vm/a.img", FALSE);
	assert_fact(facts, HOSTLER_STORAGE_DEGRADED, NULL);
}

static void test_md_stopped(Tree *tree, gconstpointer data)
{
	block(tree, "virtual/block/md0", "9:0", "md/level", "\n", "md/raid_disks", "0\n", NULL);
	assert_mounted(tree, MOUNT "9:0 / /vm rw - ext4 /dev/md0 rw", "ext4 on md", "ext4 on md");
}

/* A mirror made of itself, as no kernel has it, ends too. */
static void test_endless(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	mirror(tree, "0\n");
	member(tree, "md127", "md127");
	mounted(tree, MOUNT "9:127 / /vm rw - ext4 /dev/md127 rw");
	facts = ask(tree, "/vm/a.img", FALSE);
	g_assert_true(g_key_file_has_key(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_STACK, NULL));
}

/* The same of volumes: a disk too deep to be told, beside one that was. */
static void test_endless_volume(Tree *tree, gconstpointer data)
{
	block(tree, "virtual/block/dm-0", "253:0", "dm/uuid", "LVM-abc\n", NULL);
	block(tree, "css0/block/dasda", "94:0", NULL);
	member(tree, "dm-0", "dasda");
	member(tree, "dm-0", "dm-0");
	assert_mounted(tree, MOUNT "253:0 / /vm rw - ext4 /dev/dm-0 rw", "ext4 on LVM on disk", "ext4 on LVM on disk");
}

/* --- memory, loops, overlays --- */

static void test_memory(Tree *tree, gconstpointer data)
{
	tree_file(tree, "dev/fuse/x", ""); /* a folder can be had without being root */
	assert_mounted(tree, MOUNT "0:30 / /vm rw - tmpfs tmpfs rw,size=1g", "tmpfs", "tmpfs");
	assert_mounted(tree, MOUNT "0:31 / /vm rw - fuse.mergerfs /dev/fuse rw", "fuse.mergerfs", "fuse.mergerfs");
}

static void test_loop(Tree *tree, gconstpointer data)
{
	g_autofree char *backing = g_strdup("/disks/b.img\n");

	block(tree, "virtual/block/loop0", "7:0", "loop/backing_file", backing, NULL);
	tree_file(tree, "disks/b.img", "");
	assert_mounted(tree,
		       MOUNT "7:0 / /vm rw - ext4 /dev/loop0 rw\n"
			     "900002 900000 8:1 / /disks rw - xfs /dev/sda1 rw",
		       "ext4 on loop on xfs on HDD", "ext4 on loop on xfs on HDD");
}

static void test_overlay(Tree *tree, gconstpointer data)
{
	tree_file(tree, "upper/x", "");
	assert_mounted(tree,
		       MOUNT "0:60 / /vm rw - overlay overlay rw,lowerdir=/lower,upperdir=/upper,workdir=/work\n"
			     "900002 900000 259:0 / /upper rw - xfs /dev/nvme0n1 rw",
		       "overlay on xfs on NVMe", "overlay on xfs on NVMe");
}

/* The one mounted last on the same point, and blanks in its name. */
static void test_mounts(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	mounted(tree, MOUNT "8:1 / /v\\040m rw - ext4 a rw\n"
			    "900002 900000 8:18 / /v\\040m rw shared:1 master:2 - ext4 b rw\n"
			    "900003 900000 259:0 / /v\\040m/a.imgs rw - ext4 c rw\nnonsense\n");
	tree_file(tree, "v m/a.img", "");
	facts = ask(tree, "/v m/a.img", FALSE);
	assert_fact(facts, HOSTLER_STORAGE_STACK, "ext4 on SSD");
	assert_fact(facts, HOSTLER_STORAGE_MOUNT_POINT, "/v m");
}

/* --- another machine --- */

static void test_nfs(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	mounted(tree, MOUNT "0:70 / /vm rw,noatime - nfs4 [2001:db8::1]:/srv/vm "
			    "rw,vers=4.2,rsize=1048576,wsize=65536,namlen=255,hard,proto=tcp6,sec=sys");
	facts = ask(tree, "/vm/a.img", FALSE);
	assert_fact(facts, HOSTLER_STORAGE_STACK, "NFS 4.2 from [2001:db8::1]:/srv/vm");
	assert_fact(facts, HOSTLER_STORAGE_KIND, "NFS 4.2");
	assert_fact(facts, HOSTLER_STORAGE_SERVER, "[2001:db8::1]");
	assert_fact(facts, HOSTLER_STORAGE_EXPORT, "/srv/vm");
	assert_fact(facts, HOSTLER_STORAGE_MOUNT_OPTIONS, "vers=4.2,proto=tcp6,hard,rsize=1048576,wsize=65536");
	g_assert_true(hostler_storage_is_remote(facts));
}

static void test_smb(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	mounted(tree, MOUNT "0:71 / /vm rw - cifs //nas/v\\040m rw,vers=3.1.1,cache=strict,username=me,soft,nobrl");
	facts = ask(tree, "/vm/a.img", FALSE);
	assert_fact(facts, HOSTLER_STORAGE_STACK, "SMB 3.1.1 from //nas/v m");
	assert_fact(facts, HOSTLER_STORAGE_SERVER, "nas");
	assert_fact(facts, HOSTLER_STORAGE_EXPORT, "/v m");
	assert_fact(facts, HOSTLER_STORAGE_MOUNT_OPTIONS, "vers=3.1.1,soft,cache=strict,nobrl");
}

/* What a server calls itself reaches a terminal. */
static void test_hostile(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;
	g_autofree char *stack = NULL;

	mounted(tree, MOUNT "0:70 / /vm rw - nfs n\\033[31m\xe2\x80\xae:/x rw,vers=4\\0332");
	facts = ask(tree, "/vm/a.img", FALSE);
	stack = hostler_storage_get(facts, HOSTLER_STORAGE_STACK);
	g_assert_nonnull(stack);
	g_assert_null(strpbrk(stack, "\033\xe2"));
}

/* With FUSE anybody mounts, and says what it is called and what it is mounted from. */
static void test_hostile_fuse(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	mounted(tree, MOUNT "0:71 / /vm rw - fuse.\033[31m\xff /dev/\033]0;x\xe2\x80\xae rw");
	facts = ask(tree, "/vm/a.img", FALSE);
	assert_fact(facts, HOSTLER_STORAGE_FILE_SYSTEM, "fuse.\\x1b[31m\\xff");
	assert_fact(facts, HOSTLER_STORAGE_STACK, "fuse.\\x1b[31m\\xff on disk");
	assert_fact(facts, HOSTLER_STORAGE_KIND, "fuse.\\x1b[31m\\xff on disk");
	assert_fact(facts, HOSTLER_STORAGE_BLOCK_DEVICE, "\\x1b]0;x\\u{202E}");
}

/* --- what an image can do --- */

static void test_tries(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;
	g_autofree char *image = g_build_filename(tree->root, "vm/a.img", NULL);

	mounted(tree, MOUNT "8:1 / /vm rw - ext4 /dev/sda1 rw");
	g_assert_cmpint(truncate(image, 1 << 20), ==, 0);
	lock_errno = ENOLCK; /* nobody asks: no other machine has it */
	facts = ask(tree, "/vm/a.img", TRUE);
	g_assert_cmpuint(g_key_file_get_uint64(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_SIZE, NULL), ==, 1 << 20);
	g_assert_cmpuint(g_key_file_get_uint64(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_ALLOCATED, NULL), <, 1 << 20);
	g_assert_cmpuint(g_key_file_get_uint64(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_FREE, NULL), >, 0);
	assert_fact(facts, HOSTLER_STORAGE_DIRECT, NULL);
	assert_fact(facts, HOSTLER_STORAGE_LOCK, NULL);
	assert_fact(facts, HOSTLER_STORAGE_VIRTUAL, NULL);
}

/* Two subvolumes are one file system, whatever number statx() has for their files. */
static void test_subvolumes(Tree *tree, gconstpointer data)
{
	static const char *const images[] = { "/a/vm.img", "/b/vm.img" };

	tree_file(tree, "dev/sdb2", "");
	mounted(tree, MOUNT "0:44 /@a /a rw - btrfs /dev/sdb2 rw,subvol=/@a\n"
			    "900002 900000 0:44 /@b /b rw - btrfs /dev/sdb2 rw,subvol=/@b");
	for (gsize i = 0; i < G_N_ELEMENTS(images); i++) {
		g_autoptr(GKeyFile) facts = NULL;

		tree_file(tree, images[i], "an image");
		facts = ask(tree, images[i], TRUE);
		assert_fact(facts, HOSTLER_STORAGE_DEVICE, "0:44");
	}
}

static void test_refusals(Tree *tree, gconstpointer data)
{
	static const struct {
		int errnum;
		const char *expected;
	} cases[] = {
		{ ENOLCK, "No locks available" },
		{ EOPNOTSUPP, "Operation not supported" },
		{ EACCES, "Permission denied" },
		{ EAGAIN, NULL },
		{ 0, NULL },
	};

	mounted(tree, MOUNT "0:70 / /vm rw - nfs nas:/vm rw,vers=3");
	direct_refused = TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GKeyFile) facts = NULL;

		lock_errno = cases[i].errnum;
		facts = ask(tree, "/vm/a.img", TRUE);
		assert_fact(facts, HOSTLER_STORAGE_LOCK, cases[i].expected);
		assert_fact(facts, HOSTLER_STORAGE_DIRECT, "refused");
	}
}

/* As SMB's do without a lease; ours on a file system of this host does not. */
static void test_lock_binds(Tree *tree, gconstpointer data)
{
	static const gboolean cases[] = { FALSE, TRUE };

	mounted(tree, MOUNT "0:71 / /vm rw - cifs //nas/vm rw,vers=3.1.1");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GKeyFile) facts = NULL;

		lock_binds = cases[i];
		facts = ask(tree, "/vm/a.img", TRUE);
		assert_fact(facts, HOSTLER_STORAGE_LOCK, NULL);
		assert_fact(facts, HOSTLER_STORAGE_LOCK_BINDS, cases[i] ? "true" : NULL);
	}
}

/* Another process that tries at the same moment is not taken for a lock that binds. */
static void test_lock_beside(Tree *tree, gconstpointer data)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = G_GINT64_CONSTANT(1) << 46,
			      .l_len = 1 };
	g_autofree char *image = g_build_filename(tree->root, "vm/a.img", NULL);
	g_autoptr(GKeyFile) facts = NULL;
	int fd;

	mounted(tree, MOUNT "0:71 / /vm rw - nfs4 nas:/vm rw,vers=4.2");
	fd = open64(image, O_RDONLY);
	lock.l_start += getppid();
	g_assert_cmpint((int)syscall(SYS_fcntl, fd, F_OFD_SETLK, &lock), ==, 0);
	facts = ask(tree, "/vm/a.img", TRUE);
	assert_fact(facts, HOSTLER_STORAGE_LOCK_BINDS, NULL);
	close(fd);
}

static void test_qcow2(Tree *tree, gconstpointer data)
{
	static const char header[32] = "QFI\xfb\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\5\0\0\0"; /* 20 GiB */
	g_autofree char *image = g_build_filename(tree->root, "vm/a.img", NULL);
	g_autoptr(GKeyFile) facts = NULL;

	mounted(tree, MOUNT "8:1 / /vm rw - ext4 /dev/sda1 rw");
	g_assert_true(g_file_set_contents(image, header, sizeof(header), NULL));
	facts = ask(tree, "/vm/a.img", TRUE);
	g_assert_cmpuint(g_key_file_get_uint64(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_VIRTUAL, NULL), ==,
			 G_GUINT64_CONSTANT(20) << 30);
}

static void test_absent(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = g_key_file_new();
	g_autoptr(GError) error = NULL;

	mounted(tree, "");
	g_assert_false(tree->host->ops->storage_read(tree->host, "/vm/none", TRUE, facts, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT);
}

/* --- without waiting --- */

/* The mount that the tree itself lies in, so that the kernel knows its id. */
static guint64 find_mount_id(const Tree *tree)
{
	struct statx info = { 0 };

	g_assert_cmpint(statx(AT_FDCWD, tree->root, 0, STATX_MNT_ID, &info), ==, 0);
	g_assert_cmpuint(info.stx_mask & STATX_MNT_ID, !=, 0);
	return info.stx_mnt_id;
}

static void mounted_here(const Tree *tree, const char *rest)
{
	g_autofree char *line = g_strdup_printf("%" G_GUINT64_FORMAT " 900000 %s", find_mount_id(tree), rest);

	mounted(tree, line);
	n_asked = 0;
}

static void peek_up(Tree *tree, gconstpointer data)
{
	set_up(tree, data);
	tree_link(tree, "proc/self/fdinfo", "/proc/self/fdinfo");
	block(tree, "virtual/block/dm-0", "253:0", "dm/uuid", "LVM-abc\n", NULL);
	block(tree, "virtual/block/loop0", "7:0", NULL);
	mirror(tree, "0\n");
}

/* The kernel also says no while anybody on the machine renames or mounts something. */
static gboolean peek(const Tree *tree, const char *path, guint tries, GKeyFile **facts)
{
	gboolean seen = FALSE;

	for (guint i = 0; !seen && i < tries; i++) {
		g_clear_pointer(facts, g_key_file_unref);
		*facts = g_key_file_new();
		seen = tree->host->ops->storage_peek(tree->host, path, *facts);
	}
	return seen;
}

/* What it says is what a job would have said. */
static void test_peek(Tree *tree, gconstpointer data)
{
	static const char *const mounts[] = {
		"259:0 / /vm rw - ext4 /dev/nvme0n1 rw",
		"254:0 / /vm rw - xfs /dev/vda rw",
		"0:33 / /vm rw - tmpfs tmpfs rw",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(mounts); i++) {
		g_autoptr(GKeyFile) peeked = NULL;
		g_autoptr(GKeyFile) read = NULL;
		g_autofree char *peeked_text = NULL;
		g_autofree char *read_text = NULL;

		mounted_here(tree, mounts[i]);
		g_assert_true(peek(tree, "/vm/a.img", 1000, &peeked));
		read = ask(tree, "/vm/a.img", FALSE);
		peeked_text = g_key_file_to_data(peeked, NULL, NULL);
		read_text = g_key_file_to_data(read, NULL, NULL);
		g_assert_cmpstr(peeked_text, ==, read_text);
		g_assert_nonnull(strstr(peeked_text, HOSTLER_STORAGE_KIND));
	}
}

/* What could sleep is left to a job; a file system that could, is not even asked. */
static void test_peek_waits(Tree *tree, gconstpointer data)
{
	static const struct {
		const char *mount, *path;
		guint n_asked;
	} cases[] = {
		{ "8:1 / /vm rw - ext4 /dev/sda1 rw", "/vm/a.img", 1 }, /* its queue says what it is */
		{ "253:0 / /vm rw - ext4 /dev/mapper/vg-lv rw", "/vm/a.img", 1 },
		{ "9:127 / /vm rw - ext4 /dev/md127 rw", "/vm/a.img", 1 },
		{ "7:0 / /vm rw - ext4 /dev/loop0 rw", "/vm/a.img", 1 },
		{ "0:44 / /vm rw - ext4 /dev/unheard-of rw", "/vm/a.img", 1 },
		{ "0:40 / /vm rw - nfs4 nas:/vm rw,vers=4.2", "/vm/a.img", 0 },
		{ "0:41 / /vm rw - fuse.sshfs nas:/vm rw", "/vm/a.img", 0 },
		{ "0:42 / /vm rw - overlay overlay rw,upperdir=/up", "/vm/a.img", 0 },
		{ "0:43 / /vm rw - of-tomorrow x rw", "/vm/a.img", 0 },
		{ "259:0 / /vm rw - ext4 /dev/nvme0n1 rw", "/vm", 0 }, /* the top of a mount */
		{ "259:0 / /vm rw - ext4 /dev/nvme0n1 rw", "/vm/link.img", 0 },
		{ "259:0 / /vm rw - ext4 /dev/nvme0n1 rw", "/vm/../vm/a.img", 0 },
		{ "259:0 / /vm rw - ext4 /dev/nvme0n1 rw", "//vm/a.img", 0 },
		{ "259:0 / /vm rw - ext4 /dev/nvme0n1 rw", "/vm/none.img", 0 },
	};

	tree_link(tree, "vm/link.img", "a.img");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GKeyFile) facts = NULL;

		g_test_message("%s: %s", cases[i].mount, cases[i].path);
		mounted_here(tree, cases[i].mount);
		g_assert_false(peek(tree, cases[i].path, 1, &facts));
		g_assert_cmpuint(n_asked, <=, cases[i].n_asked);
	}
}

/* Nobody is asked, and yet it has its name: of a server's what its mount says, of others nothing. */
static void test_peek_names(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	mounted_here(tree, "0:40 / /vm rw - nfs4 nas:/vm rw,vers=4.2,hard");
	g_assert_false(peek(tree, "/vm/a.img", 1, &facts));
	assert_fact(facts, HOSTLER_STORAGE_STACK, "NFS 4.2 from nas:/vm");
	assert_fact(facts, HOSTLER_STORAGE_KIND, "NFS 4.2");
	assert_fact(facts, HOSTLER_STORAGE_SERVER, "nas");
	assert_fact(facts, HOSTLER_STORAGE_MOUNT_OPTIONS, "vers=4.2,hard");
	g_assert_cmpuint(n_asked, ==, 0);
	g_assert_false(peek(tree, "/vm/../vm/a.img", 1, &facts));
	assert_fact(facts, HOSTLER_STORAGE_STACK, NULL);
}

/* By its name it lies in this one, but another was mounted over it: who knows what. */
static void test_peek_hidden(Tree *tree, gconstpointer data)
{
	g_autoptr(GKeyFile) facts = NULL;

	mounted(tree, MOUNT "259:0 / /vm rw - ext4 /dev/nvme0n1 rw");
	n_asked = 0;
	g_assert_false(peek(tree, "/vm/a.img", 1, &facts));
	g_assert_cmpuint(n_asked, ==, 0);
}

static void add_peek(const char *name, void (*test)(Tree *, gconstpointer))
{
	g_autofree char *path = g_strconcat("/storage/peek/", name, NULL);

	g_test_add(path, Tree, NULL, peek_up, test, tree_close);
}

static void add(const char *name, void (*test)(Tree *, gconstpointer))
{
	g_autofree char *path = g_strconcat("/storage/", name, NULL);

	g_test_add(path, Tree, NULL, set_up, test, tree_close);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("disks", test_disks);
	add("whole-device", test_whole_device);
	add("md", test_md);
	add("md-degraded", test_md_degraded);
	add("md-stopped", test_md_stopped);
	add("stack", test_stack);
	add("multipath", test_multipath);
	add("btrfs", test_btrfs);
	add("btrfs-degraded", test_btrfs_degraded);
	add("zfs", test_zfs);
	add("endless", test_endless);
	add("endless-volume", test_endless_volume);
	add("memory", test_memory);
	add("loop", test_loop);
	add("overlay", test_overlay);
	add("mounts", test_mounts);
	add("nfs", test_nfs);
	add("smb", test_smb);
	add("hostile", test_hostile);
	add("hostile-fuse", test_hostile_fuse);
	add("tries", test_tries);
	add("subvolumes", test_subvolumes);
	add("lock-binds", test_lock_binds);
	add("lock-beside", test_lock_beside);
	add("refusals", test_refusals);
	add("qcow2", test_qcow2);
	add("absent", test_absent);
	add_peek("same", test_peek);
	add_peek("waits", test_peek_waits);
	add_peek("names", test_peek_names);
	add_peek("hidden", test_peek_hidden);
	return g_test_run();
}
