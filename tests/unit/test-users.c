/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses a device, on a tree of files in the form the kernel gives them: each
 * phrase, and what must not bring it about. */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <ifaddrs.h>
#include <linux/fcntl.h> /* not fcntl.h: that would have its own open() */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tree.h"

#define BDF "0000:01:00.0"
#define OTHER "0000:02:00.0"
#define NEEDED HOSTLER_USE_NEEDED
#define ANY HOSTLER_USE_ANY

/* --- in the place of libc's: the addresses of two cards, and a disk that somebody has --- */

static struct sockaddr_in ipv4 = { .sin_family = AF_INET };
static struct sockaddr_in ipv4_of_other = { .sin_family = AF_INET };
static struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
static char eth0[] = "eth0";
static char eth1[] = "eth1";
static struct ifaddrs third = { .ifa_name = eth1, .ifa_addr = (struct sockaddr *)(void *)&ipv4_of_other };
static struct ifaddrs second = { .ifa_next = &third,
				 .ifa_name = eth0,
				 .ifa_addr = (struct sockaddr *)(void *)&ipv6 };
static struct ifaddrs first = { .ifa_next = &second, .ifa_name = eth0, .ifa_addr = (struct sockaddr *)(void *)&ipv4 };

int getifaddrs(struct ifaddrs **all)
{
	inet_pton(AF_INET, "192.0.2.1", &ipv4.sin_addr);
	inet_pton(AF_INET, "192.0.2.2", &ipv4_of_other.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &ipv6.sin6_addr);
	*all = &first;
	return 0;
}

void freeifaddrs(struct ifaddrs *all)
{
	g_assert_true(all == &first);
}

static const char *held; /* the end of the path that answers EBUSY */
static guint held_times;

int open64(const char *path, int flags, ...);
int open64(const char *path, int flags, ...)
{
	if (held == NULL || !g_str_has_suffix(path, held) || held_times == 0)
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
	g_assert_cmpint(flags & (O_EXCL | O_NONBLOCK | O_CLOEXEC), ==, O_EXCL | O_NONBLOCK | O_CLOEXEC);
	held_times--;
	errno = EBUSY;
	return -1;
}

/* --- trees --- */

static void set_up(Tree *tree, gconstpointer data)
{
	tree_open(tree);
	tree_file(tree, "proc/self/mountinfo", "");
	tree_link(tree, "proc/self/ns/mnt", "mnt:[1]");
	held = NULL;
	held_times = G_MAXUINT;
}

/* An entry of a class: its folder hangs at `place` below /sys/devices, `node` (or NULL) is its name in /dev. */
static void entry(const Tree *tree, const char *class, const char *place, const char *node)
{
	g_autofree char *folder = g_strdup_printf("sys/devices/%s", place);
	g_autofree char *name = g_path_get_basename(place);
	g_autofree char *link = g_strdup_printf("sys/class/%s/%s", class, name);
	g_autofree char *target = g_strdup_printf("../../devices/%s", place);
	g_autofree char *uevent = g_strdup_printf("%s/uevent", folder);
	g_autofree char *text = node != NULL ? g_strdup_printf("MAJOR=1\nDEVNAME=%s\nDEVTYPE=x\n", node) : NULL;

	tree_file(tree, uevent, text != NULL ? text : "MAJOR=1\n");
	tree_link(tree, link, target);
}

static void attribute(const Tree *tree, const char *place, const char *name, const char *value)
{
	g_autofree char *path = g_strdup_printf("sys/devices/%s/%s", place, name);

	tree_file(tree, path, value);
}

/* A block device with its number and, for a partition, what makes it one. */
static void block(const Tree *tree, const char *place, const char *dev, gboolean partition)
{
	g_autofree char *name = g_path_get_basename(place);
	g_autofree char *node = g_strdup_printf("dev/%s", name);

	entry(tree, "block", place, name);
	attribute(tree, place, "dev", dev);
	if (partition)
		attribute(tree, place, "partition", "1\n");
	tree_file(tree, node, "");
}

static void holder(const Tree *tree, const char *place, const char *name)
{
	g_autofree char *link = g_strdup_printf("sys/devices/%s/holders/%s", place, name);

	tree_link(tree, link, "elsewhere");
}

#define NVME "pci0000:00/" BDF "/nvme/nvme0/nvme0n1"
#define PART NVME "/nvme0n1p1"

/* A drive with one partition, and one like it on another device. */
static void drives(const Tree *tree)
{
	block(tree, NVME, "259:1\n", FALSE);
	block(tree, PART, "259:2\n", TRUE);
	block(tree, "pci0000:00/" OTHER "/nvme/nvme1/nvme1n1", "259:8\n", FALSE);
	block(tree, "pci0000:00/" OTHER "/nvme/nvme1/nvme1n1/nvme1n1p1", "259:9\n", TRUE);
}

static void process(const Tree *tree, int pid, const char *name, const char *namespace)
{
	g_autofree char *comm = g_strdup_printf("proc/%d/comm", pid);
	g_autofree char *link = g_strdup_printf("proc/%d/ns/mnt", pid);

	tree_file(tree, comm, name);
	tree_link(tree, link, namespace);
}

static void has_open(const Tree *tree, int pid, int fd, const char *text)
{
	g_autofree char *link = g_strdup_printf("proc/%d/fd/%d", pid, fd);

	tree_link(tree, link, text);
}

static void has_mounted(const Tree *tree, int pid, const char *table)
{
	g_autofree char *path = g_strdup_printf("proc/%d/mountinfo", pid);

	tree_file(tree, path, table);
}

/* `phrases` as they come, parted by `|`. */
static void expect(const Tree *tree, HostlerUse use, const char *phrases)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) users = tree->host->ops->pci_users(tree->host, BDF, use, &error);
	g_autofree char *all = NULL;

	g_assert_no_error(error);
	all = g_strjoinv("|", users);
	g_assert_cmpstr(all, ==, phrases);
}

/* --- disks --- */

static void test_nothing(Tree *tree, gconstpointer data)
{
	expect(tree, NEEDED, "");
	expect(tree, ANY, "");
	drives(tree);
	expect(tree, NEEDED, "");
	expect(tree, ANY, "the disk nvme0n1 belongs to the host");
}

static void test_mounted(Tree *tree, gconstpointer data)
{
	drives(tree);
	tree_file(tree, "proc/self/mountinfo",
		  "35 1 259:9 / /other rw shared:1 - ext4 /dev/nvme1n1p1 rw\n"
		  "36 1 259:2 / /my\\040data rw shared:2 master:3 - ext4 /dev/nvme0n1p1 rw\n"
		  "37 1 259:2 /x /bound rw - ext4 /dev/nvme0n1p1 rw\n");
	expect(tree, NEEDED, "nvme0n1p1 is mounted on /my data");
	expect(tree, ANY, "nvme0n1p1 is mounted on /my data");
	tree_file(tree, "proc/self/mountinfo", "36 1 0:45 /@ / rw - btrfs /dev/nvme0n1p1 rw,subvol=/@\n");
	expect(tree, NEEDED, "nvme0n1p1 is mounted on /");
}

/* What looks like it and is not. */
static void test_not_mounted(Tree *tree, gconstpointer data)
{
	drives(tree);
	tree_file(tree, "proc/self/mountinfo",
		  "36 1 0:46 / /nfs rw - nfs4 server:/dev/nvme0n1p1 rw\n"
		  "37 1 0:47 / /tmp rw - tmpfs nvme0n1p1 rw\n"
		  "38 1 259:22 / /long rw - ext4 /dev/nvme0n1p11 rw\n"
		  "short\n\n"
		  "39 1 259:2 / /no-end rw\n");
	tree_file(tree, "proc/swaps", "Filename Type Size Used Priority\n/dev/nvme1n1p1 partition 1 0 -2\n"
		  "/home/nvme0n1p1 file 1 0 -2\n");
	has_open(tree, 7, 3, "/home/backup/nvme0n1p1");
	has_open(tree, 7, 4, "/dev/nvme0n1p11");
	process(tree, 7, "cat\n", "mnt:[1]");
	expect(tree, NEEDED, "");
}

/* A mount point is a folder of anybody's: neither UTF-8 nor harmless on a terminal. */
static void test_hostile(Tree *tree, gconstpointer data)
{
	drives(tree);
	tree_file(tree, "proc/self/mountinfo",
		  "36 1 259:2 / /media/x\xff\xe2\x80\xae\x1b[2J rw - ext4 /dev/nvme0n1p1 rw\n");
	process(tree, 7, "\x1b]0;evil\a%s\n", "mnt:[1]");
	has_open(tree, 7, 3, "/dev/nvme0n1");
	expect(tree, NEEDED, "nvme0n1p1 is mounted on /media/x\\xff\\u{202E}\\x1b[2J|"
	       "\\x1b]0;evil\\x07%s (pid 7) has /dev/nvme0n1 open");
}

static void test_long(Tree *tree, gconstpointer data)
{
	g_autofree char *point = g_strnfill(4000, 'x');
	g_autofree char *table = g_strdup_printf("36 1 259:2 / /%s rw - ext4 /dev/nvme0n1p1 rw\n", point);
	g_auto(GStrv) users = NULL;

	drives(tree);
	process(tree, 123, "postgres\n", "mnt:[2]");
	has_mounted(tree, 123, table);
	users = tree->host->ops->pci_users(tree->host, BDF, NEEDED, NULL);
	g_assert_cmpuint(g_strv_length(users), ==, 1);
	g_assert_cmpuint(strlen(users[0]), <, 200);
	g_assert_true(g_str_has_suffix(users[0], " by postgres (pid 123)"));
}

static void test_elsewhere(Tree *tree, gconstpointer data)
{
	static const char table[] = "36 1 259:2 / /data rw - ext4 /dev/nvme0n1p1 rw\n";

	drives(tree);
	process(tree, 9, "gone\n", "mnt:[2]"); /* no table: it ended in between */
	process(tree, 10, "neighbour\n", "mnt:[3]");
	has_mounted(tree, 10, "36 1 259:9 / /data rw - ext4 /dev/nvme1n1p1 rw\n");
	expect(tree, NEEDED, "");
	process(tree, 123, "postgres\n", "mnt:[2]");
	has_mounted(tree, 123, table);
	process(tree, 124, "again\n", "mnt:[2]");
	has_mounted(tree, 124, table);
	expect(tree, NEEDED, "nvme0n1p1 is mounted on /data by postgres (pid 123)");
	tree_file(tree, "proc/self/mountinfo", "36 1 259:2 / /here rw - ext4 /dev/nvme0n1p1 rw\n");
	expect(tree, NEEDED, "nvme0n1p1 is mounted on /here");
}

/* Those of our own namespace have our own table, and it is ours that counts. */
static void test_own_namespace(Tree *tree, gconstpointer data)
{
	drives(tree);
	process(tree, 123, "postgres\n", "mnt:[1]");
	has_mounted(tree, 123, "36 1 259:2 / /data rw - ext4 /dev/nvme0n1p1 rw\n");
	expect(tree, NEEDED, "");
}

static void test_swap(Tree *tree, gconstpointer data)
{
	drives(tree);
	tree_file(tree, "proc/swaps", "Filename\t\tType\t\tSize\n/dev/nvme0n1p1\\040(deleted) partition\t1\t0\t-2\n");
	expect(tree, NEEDED, "nvme0n1p1 is swap space");
}

#define DM0 "virtual/block/dm-0"
#define DM1 "virtual/block/dm-1"

static void volume(const Tree *tree, const char *place, const char *uuid, const char *name)
{
	g_autofree char *text = g_strdup_printf("%s\n", name);

	attribute(tree, place, "dm/uuid", uuid);
	attribute(tree, place, "dm/name", text);
}

static void test_lvm(Tree *tree, gconstpointer data)
{
	drives(tree);
	block(tree, DM0, "253:0\n", FALSE);
	block(tree, DM1, "253:1\n", FALSE);
	volume(tree, DM0, "LVM-aaaa\n", "vg-root");
	volume(tree, DM1, "LVM-bbbb\n", "vg-swap");
	holder(tree, "pci0000:00/" OTHER "/nvme/nvme1/nvme1n1/nvme1n1p1", "dm-1");
	expect(tree, NEEDED, "");
	holder(tree, PART, "dm-0");
	holder(tree, PART, "dm-1");
	expect(tree, NEEDED, "nvme0n1p1 is part of the LVM volume vg-root|"
	       "nvme0n1p1 is part of the LVM volume vg-swap");
	tree_file(tree, "proc/self/mountinfo", "36 1 253:0 / / rw - ext4 /dev/mapper/vg-root rw\n");
	tree_file(tree, "proc/swaps", "Filename\n/dev/dm-1 partition 1 0 -2\n");
	expect(tree, NEEDED, "nvme0n1p1 is part of the LVM volume vg-root, which is mounted on /|"
	       "nvme0n1p1 is part of the LVM volume vg-swap, which is swap space");
	tree_file(tree, "proc/self/mountinfo", "36 1 0:45 / / rw - btrfs /dev/mapper/vg-root rw\n");
	tree_file(tree, "proc/swaps", "Filename\n/dev/mapper/vg-swap partition 1 0 -2\n");
	expect(tree, NEEDED, "nvme0n1p1 is part of the LVM volume vg-root, which is mounted on /|"
	       "nvme0n1p1 is part of the LVM volume vg-swap, which is swap space");
}

static const struct {
	const char *holder;
	const char *uuid;
	const char *phrase;
} volumes[] = {
	{ "dm-0", "CRYPT-LUKS2-1234-secret\n", "nvme0n1p1 is part of the encrypted volume home" },
	{ "dm-0", "mpath-3600\n", "nvme0n1p1 is part of the multipath volume home" },
	{ "dm-0", "", "nvme0n1p1 is part of the device-mapper volume home" },
	{ "md127", NULL, "nvme0n1p1 is part of the RAID array md127" },
	{ "bcache0", NULL, "nvme0n1p1 is part of the cached disk bcache0 (bcache)" },
	{ "drbd1", NULL, "nvme0n1p1 is part of drbd1" },
};

static void test_volume(Tree *tree, gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	g_autofree char *place = g_strdup_printf("virtual/block/%s", volumes[i].holder);

	drives(tree);
	block(tree, place, "250:0\n", FALSE);
	holder(tree, PART, volumes[i].holder);
	if (volumes[i].uuid != NULL)
		volume(tree, place, volumes[i].uuid, "home");
	expect(tree, NEEDED, volumes[i].phrase);
}

static void test_stacked(Tree *tree, gconstpointer data)
{
	drives(tree);
	block(tree, "virtual/block/md0", "9:0\n", FALSE);
	block(tree, "virtual/block/md0/md0p1", "259:20\n", TRUE);
	block(tree, DM0, "253:0\n", FALSE);
	volume(tree, DM0, "CRYPT-LUKS2-x\n", "x\x1b");
	holder(tree, NVME, "md0");
	holder(tree, "virtual/block/md0", "dm-0");
	tree_file(tree, "proc/self/mountinfo", "36 1 253:0 / /vault rw - ext4 /dev/mapper/x rw\n"
		  "37 1 259:20 / /boot rw - ext4 /dev/md0p1 rw\n");
	expect(tree, NEEDED,
	       "nvme0n1 is part of the RAID array md0, which is part of the encrypted volume x\\x1b, which is "
	       "mounted on /vault|nvme0n1 is part of the RAID array md0, whose partition md0p1 is mounted on /boot");
}

#define LOOP "virtual/block/loop3"

static void test_loop(Tree *tree, gconstpointer data)
{
	drives(tree);
	block(tree, "virtual/block/loop1", "7:1\n", FALSE);
	attribute(tree, "virtual/block/loop1", "loop/backing_file", "/dev/nvme1n1p1\n");
	block(tree, "virtual/block/loop2", "7:2\n", FALSE);
	attribute(tree, "virtual/block/loop2", "loop/backing_file", "/home/dev/nvme0n1p1\n");
	block(tree, LOOP, "7:3\n", FALSE);
	block(tree, LOOP "/loop3p2", "259:30\n", TRUE);
	expect(tree, NEEDED, "");
	attribute(tree, LOOP, "loop/backing_file", "/dev/nvme0n1p1\n");
	expect(tree, NEEDED, "nvme0n1p1 is part of the loop device loop3");
	tree_file(tree, "proc/self/mountinfo", "36 1 259:30 / /inside rw - ext4 /dev/loop3p2 rw\n");
	expect(tree, NEEDED, "nvme0n1p1 is part of the loop device loop3, whose partition loop3p2 is mounted on /inside");
}

/* Volumes that hold each other are no reason to turn for ever. */
static void test_circle(Tree *tree, gconstpointer data)
{
	g_auto(GStrv) users = NULL;

	drives(tree);
	block(tree, DM0, "253:0\n", FALSE);
	holder(tree, PART, "dm-0");
	holder(tree, DM0, "dm-0");
	users = tree->host->ops->pci_users(tree->host, BDF, NEEDED, NULL);
	g_assert_cmpuint(g_strv_length(users), ==, 1);
	g_assert_true(g_str_has_prefix(users[0], "nvme0n1p1 is part of dm-0, which is part of dm-0"));
}

#define ZFS_UEVENT "MAJOR=259\nDEVNAME=nvme0n1p1\nPARTNAME=zfs-0123\n"

static void test_zfs(Tree *tree, gconstpointer data)
{
	g_autofree char *node = NULL;

	drives(tree);
	attribute(tree, PART, "uevent", ZFS_UEVENT);
	held = "/dev/nvme0n1p1";
	expect(tree, NEEDED, "nvme0n1p1 is part of a ZFS pool (which: zpool status -L)");
	held = NULL; /* a pool that is not imported, or a guest's */
	expect(tree, NEEDED, "");
	node = g_build_filename(tree->root, "dev/nvme0n1p1", NULL);
	g_assert_cmpint(g_remove(node), ==, 0);
	expect(tree, NEEDED, "nvme0n1p1 is part of a ZFS pool (which: zpool status -L)");
}

static void test_held(Tree *tree, gconstpointer data)
{
	drives(tree);
	held = "/dev/nvme0n1";
	expect(tree, NEEDED, "nvme0n1 is held exclusively by the kernel (a ZFS pool? zpool status -L)");
	held = "/dev/nvme0n1p1";
	expect(tree, ANY, "nvme0n1p1 is held exclusively by the kernel (a ZFS pool? zpool status -L)");
	held = "/dev/nvme1n1";
	expect(tree, NEEDED, "");
	held = "/dev/nvme0n1";
	held_times = 2; /* another hostler had just tried */
	expect(tree, NEEDED, "");
	g_assert_cmpuint(held_times, ==, 0);
}

/* Whoever mounts, holds: it is said once. */
static void test_held_and_known(Tree *tree, gconstpointer data)
{
	drives(tree);
	held = "n1";
	tree_file(tree, "proc/self/mountinfo", "36 1 259:2 / /data rw - ext4 /dev/nvme0n1p1 rw\n");
	expect(tree, NEEDED, "nvme0n1p1 is mounted on /data");
	tree_file(tree, "proc/self/mountinfo", "36 1 259:1 / /data rw - ext4 /dev/nvme0n1 rw\n");
	held = "n1p1";
	expect(tree, NEEDED, "nvme0n1 is mounted on /data");
	tree_file(tree, "proc/self/mountinfo", "");
	held = "n1";
	process(tree, 7, "mkfs.ext4\n", "mnt:[1]");
	has_open(tree, 7, 3, "/dev/nvme0n1");
	expect(tree, NEEDED, "mkfs.ext4 (pid 7) has /dev/nvme0n1 open");
}

/* Below a USB controller, and the drive that more than one way leads to. */
/* Anybody may give a file of his own a node's name and hold it open: that is no node. */
static void test_false_node(Tree *tree, gconstpointer data)
{
	g_autofree char *file = tree_path(tree, "home/mallory/dev/nvme0n1");
	g_autofree char *null = tree_path(tree, "home/mallory/dev/nvme0n1p1");

	drives(tree);
	tree_file(tree, "home/mallory/dev/nvme0n1", "");
	tree_link(tree, "home/mallory/dev/nvme0n1p1", "/dev/null"); /* as a bind mount in a namespace of his */
	process(tree, 7, "mallory\n", "mnt:[1]");
	has_open(tree, 7, 3, file);
	has_open(tree, 7, 4, null);
	expect(tree, NEEDED, "");
	has_open(tree, 7, 5, "/somewhere/dev/nvme0n1"); /* cannot be looked at: the name counts */
	expect(tree, NEEDED, "mallory (pid 7) has /dev/nvme0n1 open");
}

static void test_other_disks(Tree *tree, gconstpointer data)
{
	static const char usb[] = "pci0000:00/" BDF "/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb";
	static const char drive[] = "virtual/nvme-subsystem/nvme-subsys0/nvme0n1";

	block(tree, usb, "8:16\n", FALSE);
	entry(tree, "block", "pci0000:00/" BDF "/nvme/nvme3/nvme0c3n1", NULL);
	block(tree, drive, "259:0\n", FALSE);
	block(tree, "virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1", "259:1\n", TRUE);
	block(tree, "virtual/nvme-subsystem/nvme-subsys1/nvme1n1", "259:5\n", FALSE);
	tree_file(tree, "proc/self/mountinfo", "36 1 8:16 / /media rw - vfat /dev/sdb rw\n"
		  "37 1 259:1 / / rw - ext4 /dev/nvme0n1p1 rw\n38 1 259:5 / /x rw - ext4 /dev/nvme1n1 rw\n");
	expect(tree, NEEDED, "nvme0n1p1 is mounted on /|sdb is mounted on /media");
}

static void test_unreadable(Tree *tree, gconstpointer data)
{
	static const char *const tables[] = { "self/mountinfo", "swaps" };

	drives(tree);
	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autofree char *path = g_build_filename(tree->root, "proc", tables[i], NULL);
		g_autoptr(GError) error = NULL;

		g_remove(path);
		g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
		g_assert_null(tree->host->ops->pci_users(tree->host, BDF, NEEDED, &error));
		g_assert_nonnull(strstr(error->message, tables[i]));
		g_assert_cmpint(g_rmdir(path), ==, 0);
	}
}

static void test_many(Tree *tree, gconstpointer data)
{
	drives(tree);
	for (int pid = 1000; pid < 1010; pid++) {
		process(tree, pid, "dd\n", "mnt:[1]");
		has_open(tree, pid, 3, "/dev/nvme0n1");
		has_open(tree, pid, 4, "/dev/nvme0n1"); /* twice is once */
	}
	expect(tree, NEEDED,
	       "dd (pid 1000) has /dev/nvme0n1 open|dd (pid 1001) has /dev/nvme0n1 open|"
	       "dd (pid 1002) has /dev/nvme0n1 open|dd (pid 1003) has /dev/nvme0n1 open|"
	       "dd (pid 1004) has /dev/nvme0n1 open|dd (pid 1005) has /dev/nvme0n1 open|"
	       "dd (pid 1006) has /dev/nvme0n1 open|dd (pid 1007) has /dev/nvme0n1 open|and 2 more");
}

/* --- network interfaces --- */

#define ETH "pci0000:00/" BDF "/net/eth0"
#define ROUTES "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define NONE "00000000000000000000000000000000"
#define COUNTS " 00000400 00000001 00000000 "

static void interfaces(const Tree *tree)
{
	entry(tree, "net", ETH, NULL);
	entry(tree, "net", "pci0000:00/" OTHER "/net/eth1", NULL);
	attribute(tree, ETH, "flags", "0x1002\n");
}

static void test_routes(Tree *tree, gconstpointer data)
{
	interfaces(tree);
	tree_file(tree, "proc/net/route", ROUTES "eth1\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
		  "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
	tree_file(tree, "proc/net/ipv6_route",
		  NONE " 00 " NONE " 00 " NONE " ffffffff 00000001 00000000 00200200       lo\n"
		  NONE " 00 " NONE " 00 " NONE COUNTS "00000203     eth0\n"
		  NONE " 00 " NONE " 00 " NONE COUNTS "00000003     eth1\n"
		  "20010db8000000000000000000000000 40 " NONE " 00 " NONE COUNTS "00000001     eth0\n"
		  "00000000000000000000000000000001 80 " NONE " 00 " NONE COUNTS "00000001     eth0\n");
	expect(tree, NEEDED, "");
	expect(tree, ANY, "");
	tree_file(tree, "proc/net/route", ROUTES "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	expect(tree, NEEDED, "eth0 has the default route");
	tree_file(tree, "proc/net/route", ROUTES);
	tree_file(tree, "proc/net/ipv6_route",
		  NONE " 00 " NONE " 00 fe800000000000000000000000000001" COUNTS "00000003     eth0\n");
	expect(tree, NEEDED, "eth0 has the IPv6 default route");
}

static void test_up(Tree *tree, gconstpointer data)
{
	interfaces(tree);
	attribute(tree, ETH, "flags", "0x1003\n");
	expect(tree, NEEDED, "");
	expect(tree, ANY, "eth0 is up");
}

static void test_ports(Tree *tree, gconstpointer data)
{
	interfaces(tree);
	tree_link(tree, "sys/devices/pci0000:00/" OTHER "/net/eth1/master", "../../../../virtual/net/br0");
	entry(tree, "net", "virtual/net/br0", NULL);
	expect(tree, NEEDED, "");
	tree_link(tree, "sys/devices/" ETH "/master", "../../../../virtual/net/br0");
	tree_link(tree, "sys/devices/" ETH "/upper_br0", "../../../../virtual/net/br0");
	expect(tree, NEEDED, "eth0 is a port of br0");
	attribute(tree, "virtual/net/br0", "bonding/mode", "x");
	expect(tree, NEEDED, "eth0 is a port of the bond br0");
	attribute(tree, "virtual/net/br0", "bridge/stp_state", "0");
	expect(tree, NEEDED, "eth0 is a port of the bridge br0");
	tree_link(tree, "sys/devices/" ETH "/upper_eth0.10", "../../../../virtual/net/eth0.10");
	tree_link(tree, "sys/devices/" ETH "/upper_e\x1b", "../../../../virtual/net/e");
	tree_link(tree, "sys/devices/" ETH "/lower_x", "../../../../virtual/net/x");
	expect(tree, NEEDED, "eth0 is a port of the bridge br0|eth0 carries e\\x1b|eth0 carries eth0.10");
}

#define TCP_HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define TCP(local, remote, state, inode) \
	"   0: " local " " remote " " state " 00000000:00000000 02:000A 00000000     0        0 " inode " 2 0\n"

static void test_ssh(Tree *tree, gconstpointer data)
{
	interfaces(tree);
	process(tree, 60, "sshd\n", "mnt:[1]");
	has_open(tree, 60, 3, "socket:[500]"); /* listens */
	process(tree, 77, "sshd\n", "mnt:[1]");
	has_open(tree, 77, 4, "socket:[501]");
	process(tree, 78, "sshd\n", "mnt:[1]"); /* the same session, without rights */
	has_open(tree, 78, 4, "socket:[501]");
	process(tree, 90, "sshd-session\n", "mnt:[1]");
	has_open(tree, 90, 4, "socket:[601]");
	process(tree, 91, "nginx\n", "mnt:[1]");
	has_open(tree, 91, 4, "socket:[502]");
	has_open(tree, 91, 5, "socket:[602]");
	tree_file(tree, "proc/net/tcp", TCP_HEAD TCP("00000000:0016", "00000000:0000", "0A", "500")
		  TCP("010200C0:0050", "090200C0:C000", "01", "502")
		  TCP("020200C0:0016", "090200C0:C000", "01", "501")
		  TCP("010200C0:0016", "090200C0:C000", "06", "501"));
	expect(tree, NEEDED, "");
	tree_file(tree, "proc/net/tcp", TCP_HEAD TCP("010200C0:0016", "090200C0:C001", "01", "501"));
	tree_file(tree, "proc/net/tcp6", TCP_HEAD
		  TCP("B80D0120000000000000000001000000:0016", "B80D0120000000000000000002000000:C003", "01", "601"));
	expect(tree, NEEDED, "eth0 carries the ssh session from 192.0.2.9 (sshd, pid 77)|"
	       "eth0 carries the ssh session from 2001:db8::2 (sshd-session, pid 90)");
	tree_file(tree, "proc/net/tcp", TCP_HEAD);
	tree_file(tree, "proc/net/tcp6", TCP_HEAD
		  TCP("0000000000000000FFFF0000010200C0:0016", "0000000000000000FFFF0000090200C0:C002", "01", "601"));
	expect(tree, NEEDED, "eth0 carries the ssh session from 192.0.2.9 (sshd-session, pid 90)");
	tree_file(tree, "proc/90/status", "Name:\tsshd-session\nUid:\t0\t0\t0\t0\n");
	expect(tree, NEEDED, "eth0 carries the ssh session from 192.0.2.9 (sshd-session, pid 90)");
	tree_file(tree, "proc/90/status", "Name:\tsshd-session\nUid:\t1000\t1000\t1000\t1000\n");
	expect(tree, NEEDED, ""); /* a program that somebody calls so */
}

/* --- graphics, sound, vfio --- */

#define CARD "pci0000:00/" BDF "/drm/card1"

static void test_graphics(Tree *tree, gconstpointer data)
{
	entry(tree, "drm", CARD, "dri/card1");
	entry(tree, "drm", CARD "/card1-HDMI-A-1", NULL);
	entry(tree, "drm", "pci0000:00/" BDF "/drm/renderD128", "dri/renderD128");
	entry(tree, "drm", "pci0000:00/" OTHER "/drm/card0", "dri/card0");
	process(tree, 1234, "gnome-shell\n", "mnt:[1]");
	has_open(tree, 1234, 3, "/dev/dri/card0");
	has_open(tree, 1234, 4, "/home/dri/card1.txt");
	process(tree, (int)getpid(), "hostler\n", "mnt:[1]");
	has_open(tree, (int)getpid(), 9, "/dev/dri/card1"); /* ourselves */
	tree_file(tree, "proc/8/fdinfo", "");               /* has ended */
	has_open(tree, 9, 3, "/dev/dri/card1");             /* just so: no name any more */
	expect(tree, NEEDED, "");
	has_open(tree, 1234, 17, "/dev/dri/card1");
	process(tree, 1235, "Xwayland\n", "mnt:[1]");
	has_open(tree, 1235, 18, "/dev/dri/card1 (deleted)");
	process(tree, 1300, "blender\n", "mnt:[5]");
	has_open(tree, 1300, 5, "/var/lib/container/dev/dri/renderD128");
	process(tree, 1301, "ffmpeg\n", "mnt:[6]");
	has_open(tree, 1301, 5, "/dri/renderD128");
	expect(tree, NEEDED, "gnome-shell (pid 1234) has /dev/dri/card1 open|"
	       "Xwayland (pid 1235) has /dev/dri/card1 open|blender (pid 1300) has /dev/dri/renderD128 open|"
	       "ffmpeg (pid 1301) has /dev/dri/renderD128 open");
}

#define PCI "sys/bus/pci/devices/" BDF
#define FIRMWARE "platform/simple-framebuffer.0"

/* A card without a driver: what is shown there is the firmware's, and the platform's in sysfs. */
static void test_framebuffer(Tree *tree, gconstpointer data)
{
	entry(tree, "drm", FIRMWARE "/drm/card0", "dri/card0");
	entry(tree, "graphics", FIRMWARE "/graphics/fb0", "fb0");
	process(tree, 1234, "gnome-shell\n", "mnt:[1]");
	has_open(tree, 1234, 3, "/dev/dri/card0");
	process(tree, 1240, "fbi\n", "mnt:[1]");
	has_open(tree, 1240, 3, "/dev/fb0");
	tree_link(tree, "sys/bus/platform/drivers/simple-framebuffer/simple-framebuffer.0", "../../x");
	tree_file(tree, PCI "/class", "0x030000\n");
	tree_file(tree, PCI "/resource", "0x00000000c0000000 0x00000000cfffffff 0x000000000014220c\n");
	tree_file(tree, "proc/iomem", "e0000000-e02fffff : BOOTFB\n");
	expect(tree, NEEDED, ""); /* another card's */
	tree_file(tree, "proc/iomem", "c0000000-c02fffff : BOOTFB\n");
	expect(tree, NEEDED, "gnome-shell (pid 1234) has /dev/dri/card0 open|fbi (pid 1240) has /dev/fb0 open");
	tree_file(tree, PCI "/class", "0x020000\n");
	expect(tree, NEEDED, "");
}

static void test_nvidia(Tree *tree, gconstpointer data)
{
	process(tree, 88, "nvidia-persiste\n", "mnt:[1]");
	has_open(tree, 88, 3, "/dev/nvidia1");
	has_open(tree, 88, 4, "/dev/nvidiactl");
	process(tree, 99, "python3\n", "mnt:[1]");
	has_open(tree, 99, 3, "/dev/nvidia1");
	tree_file(tree, "proc/driver/nvidia/gpus/" BDF "/information", "Model: \t\t X\nDevice Minor: \t 0\n");
	tree_file(tree, "proc/driver/nvidia/gpus/" OTHER "/information", "Model: \t\t X\nDevice Minor: \t 1\n");
	expect(tree, NEEDED, "");
	tree_file(tree, "proc/driver/nvidia/gpus/" BDF "/information", "Model: \t\t X\nDevice Minor: \t 1\nIRQ: 3\n");
	expect(tree, NEEDED, "nvidia-persistenced (pid 88) has /dev/nvidia1 open (end it: systemctl stop "
	       "nvidia-persistenced)|python3 (pid 99) has /dev/nvidia1 open");
	process(tree, 100, "ollama\n", "mnt:[9]");
	has_open(tree, 100, 3, "/nvidia1"); /* of a /dev that is nowhere any more */
	expect(tree, NEEDED, "nvidia-persistenced (pid 88) has /dev/nvidia1 open (end it: systemctl stop "
	       "nvidia-persistenced)|python3 (pid 99) has /dev/nvidia1 open|ollama (pid 100) has /dev/nvidia1 open");
}

static void test_sound(Tree *tree, gconstpointer data)
{
	static const char headset[] = "pci0000:00/" BDF "/usb1/1-2/1-2:1.0/sound/card2/controlC2";

	entry(tree, "sound", "pci0000:00/" BDF "/sound/card1", NULL);
	entry(tree, "sound", "pci0000:00/" BDF "/sound/card1/controlC1", "snd/controlC1");
	entry(tree, "sound", "pci0000:00/" BDF "/sound/card1/pcmC1D3p", "snd/pcmC1D3p");
	entry(tree, "sound", headset, "snd/controlC2");
	entry(tree, "sound", "pci0000:00/" OTHER "/sound/card0/controlC0", "snd/controlC0");
	process(tree, 500, "wireplumber\n", "mnt:[1]");
	has_open(tree, 500, 3, "/dev/snd/controlC0");
	has_open(tree, 500, 4, "/dev/snd/seq");
	has_open(tree, 500, 5, "/dev/snd/controlC2");
	expect(tree, NEEDED, "");
	expect(tree, ANY, "wireplumber (pid 500) has /dev/snd/controlC2 open");
	has_open(tree, 500, 6, "/dev/snd/controlC1");
	has_open(tree, 500, 7, "/dev/snd/pcmC1D3p");
	expect(tree, NEEDED, "wireplumber (pid 500) has /dev/snd/controlC1 open|"
	       "wireplumber (pid 500) has /dev/snd/pcmC1D3p open");
}

static void test_vfio(Tree *tree, gconstpointer data)
{
	g_autofree char *driver = NULL;

	tree_link(tree, PCI "/iommu_group", "../../../../kernel/iommu_groups/14");
	tree_link(tree, PCI "/driver", "../../../../bus/pci/drivers/e1000e");
	process(tree, 99, "qemu-system-x86\n", "mnt:[7]");
	has_open(tree, 99, 20, "/dev/vfio/14");
	has_open(tree, 99, 21, "/dev/vfio/vfio");
	process(tree, 100, "qemu-system-x86\n", "mnt:[8]");
	has_open(tree, 100, 20, "/dev/vfio/1");
	has_open(tree, 100, 21, "anon_inode:[vfio-device]");
	expect(tree, ANY, "");
	driver = g_build_filename(tree->root, PCI "/driver", NULL);
	g_assert_cmpint(g_remove(driver), ==, 0);
	tree_link(tree, PCI "/driver", "../../../../bus/pci/drivers/mlx5_vfio_pci");
	expect(tree, NEEDED, "qemu-system-x86 (pid 99) has /dev/vfio/14 open");
	expect(tree, ANY, "qemu-system-x86 (pid 99) has /dev/vfio/14 open");
	tree_file(tree, PCI "/vfio-dev/vfio3/dev", "");
	has_open(tree, 100, 22, "/vfio/14");
	has_open(tree, 100, 23, "/dev/vfio/devices/vfio3");
	has_open(tree, 100, 24, "/dev/vfio/devices/vfio4");
	expect(tree, NEEDED, "qemu-system-x86 (pid 99) has /dev/vfio/14 open|"
	       "qemu-system-x86 (pid 100) has /dev/vfio/14 open|"
	       "qemu-system-x86 (pid 100) has /dev/vfio/devices/vfio3 open");
}

/* --- USB --- */

#define INPUT "pci0000:00/" BDF "/usb1/1-1/1-1:1.0/0003:046D:C31C.0001/input/input5"
#define KEYS "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n"
#define BUTTONS "10000000000000 0\n"

static void input(const Tree *tree, const char *place, const char *name, const char *keys)
{
	entry(tree, "input", place, NULL);
	attribute(tree, place, "name", name);
	attribute(tree, place, "capabilities/key", keys);
}

static void test_keyboard(Tree *tree, gconstpointer data)
{
	input(tree, INPUT, "Dell\x1b Keyboard\n", KEYS);
	input(tree, "pci0000:00/" OTHER "/usb2/2-1/input/input6", "Mouse\n", "1f0000 0 0 0 0\n");
	input(tree, "LNXSYSTM:00/LNXPWRBN:00/input/input0", "Power Button\n", BUTTONS);
	input(tree, "virtual/input/input9", "keyd virtual keyboard\n", KEYS);
	entry(tree, "input", INPUT "/event5", "input/event5");
	expect(tree, NEEDED, "the only keyboard (Dell\\x1b Keyboard) hangs on it");
	input(tree, "pci0000:00/" BDF "/usb1/1-3/input/input7", "Second\n", KEYS);
	expect(tree, NEEDED, "the only keyboard (Dell\\x1b Keyboard) hangs on it");
	input(tree, "platform/i8042/serio0/input/input2", "AT Keyboard\n", KEYS);
	expect(tree, NEEDED, "");
}

static void test_keyboard_elsewhere(Tree *tree, gconstpointer data)
{
	input(tree, "pci0000:00/" BDF "/usb1/1-2/input/input6", "Remote\n", "fffffffe 0\n");
	expect(tree, ANY, "");
	input(tree, "pci0000:00/" BDF "/usb1/1-3/input/input7", "Headset\n",
	      "1800000000 178000100000 6000000000000 ffff\n");
	expect(tree, ANY, "");
	input(tree, "pci0000:00/" OTHER "/usb1/1-1/input/input5", "Dell\n", KEYS);
	expect(tree, ANY, "");
	input(tree, "pci0000:00/" BDF "/usb1/1-5/input/input9", "Second\n", KEYS);
	expect(tree, ANY, "");
}

/* Through Bluetooth a keyboard hangs on nothing that the kernel would tell. */
static void test_keyboard_bluetooth(Tree *tree, gconstpointer data)
{
	input(tree, INPUT, "Dell\n", KEYS);
	expect(tree, NEEDED, "the only keyboard (Dell) hangs on it");
	input(tree, "virtual/misc/uhid/0005:046D:B33D.0002/input/input8", "Bluetooth\n", KEYS);
	expect(tree, NEEDED, "");
}

/* Nodes beside those of disks, sound and graphics that somebody needs. */
static void test_nodes(Tree *tree, gconstpointer data)
{
	entry(tree, "scsi_generic", "pci0000:00/" BDF "/host0/target0:0:0/0:0:0:0/scsi_generic/sg3", "sg3");
	entry(tree, "scsi_tape", "pci0000:00/" BDF "/host0/target0:0:1/0:0:1:0/scsi_tape/nst0", "nst0");
	entry(tree, "dvb", "pci0000:00/" BDF "/dvb/dvb0.frontend0", "dvb/adapter0/frontend0");
	entry(tree, "video4linux", "pci0000:00/" BDF "/video4linux/video1", "video1");
	entry(tree, "scsi_generic", "pci0000:00/" OTHER "/host1/target1:0:0/1:0:0:0/scsi_generic/sg4", "sg4");
	process(tree, 300, "qemu-system-x86\n", "mnt:[1]");
	has_open(tree, 300, 3, "/dev/sg4");
	expect(tree, NEEDED, "");
	has_open(tree, 300, 4, "/dev/sg3");
	process(tree, 301, "tar\n", "mnt:[1]");
	has_open(tree, 301, 3, "/dev/nst0");
	process(tree, 302, "tvheadend\n", "mnt:[1]");
	has_open(tree, 302, 3, "/dev/dvb/adapter0/frontend0");
	has_open(tree, 302, 4, "/dev/video1");
	expect(tree, NEEDED, "qemu-system-x86 (pid 300) has /dev/sg3 open|tar (pid 301) has /dev/nst0 open|"
	       "tvheadend (pid 302) has /dev/dvb/adapter0/frontend0 open|tvheadend (pid 302) has /dev/video1 open");
}

static void test_stirs(Tree *tree, gconstpointer data)
{
	entry(tree, "tty", "pci0000:00/" BDF "/usb1/1-4/1-4:1.0/ttyUSB0/tty/ttyUSB0", "ttyUSB0");
	entry(tree, "tty", "pci0000:00/" BDF "/tty/ttyS4", "ttyS4");
	entry(tree, "video4linux", "pci0000:00/" BDF "/usb1/1-5/1-5:1.0/video4linux/video0", "video0");
	entry(tree, "hidraw", "pci0000:00/" BDF "/usb1/1-6/1-6:1.0/hidraw/hidraw0", "hidraw0");
	entry(tree, "input", "pci0000:00/" BDF "/usb1/1-6/input/input4/event3", "input/event3");
	process(tree, 300, "minicom\n", "mnt:[1]");
	has_open(tree, 300, 3, "/dev/ttyUSB0");
	has_open(tree, 300, 4, "/dev/hidraw0");
	has_open(tree, 300, 5, "/dev/input/event3");
	has_open(tree, 300, 6, "/dev/video0");
	has_open(tree, 300, 7, "/dev/ttyS4");
	expect(tree, NEEDED, "");
	expect(tree, ANY, "minicom (pid 300) has /dev/ttyUSB0 open|minicom (pid 300) has /dev/hidraw0 open|"
	       "minicom (pid 300) has /dev/input/event3 open|minicom (pid 300) has /dev/video0 open|"
	       "minicom (pid 300) has /dev/ttyS4 open");
}

/* --- virtual functions --- */

#define NUMVFS "sys/bus/pci/devices/" BDF "/sriov_numvfs"

static void test_functions(Tree *tree, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	tree_file(tree, NUMVFS, "0\n");
	expect(tree, NEEDED, "");
	tree_file(tree, NUMVFS, "1\n");
	expect(tree, NEEDED, "it has 1 virtual function enabled (end them: echo 0 > /sys/bus/pci/devices/" BDF
	       "/sriov_numvfs)");
	tree_file(tree, NUMVFS, "4\n");
	expect(tree, NEEDED, "it has 4 virtual functions enabled (end them: echo 0 > /sys/bus/pci/devices/" BDF
	       "/sriov_numvfs)");
	tree_file(tree, NUMVFS, "many\n");
	g_assert_null(tree->host->ops->pci_users(tree->host, BDF, NEEDED, &error));
	g_assert_nonnull(strstr(error->message, "sriov_numvfs"));
}

static void add(const char *path, void (*test)(Tree *, gconstpointer))
{
	g_test_add(path, Tree, NULL, set_up, test, tree_close);
}

static void add_disks(void)
{
	add("/users/nothing", test_nothing);
	add("/users/mounted", test_mounted);
	add("/users/not-mounted", test_not_mounted);
	add("/users/hostile", test_hostile);
	add("/users/long", test_long);
	add("/users/elsewhere", test_elsewhere);
	add("/users/own-namespace", test_own_namespace);
	add("/users/swap", test_swap);
	add("/users/lvm", test_lvm);
	for (gsize i = 0; i < G_N_ELEMENTS(volumes); i++) {
		g_autofree char *path = g_strdup_printf("/users/volume/%zu", i);

		g_test_add(path, Tree, GSIZE_TO_POINTER(i), set_up, test_volume, tree_close);
	}
	add("/users/stacked", test_stacked);
	add("/users/loop", test_loop);
	add("/users/circle", test_circle);
	add("/users/zfs", test_zfs);
	add("/users/held", test_held);
	add("/users/held-and-known", test_held_and_known);
	add("/users/false-node", test_false_node);
	add("/users/other-disks", test_other_disks);
	add("/users/unreadable", test_unreadable);
	add("/users/many", test_many);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_disks();
	add("/users/routes", test_routes);
	add("/users/up", test_up);
	add("/users/ports", test_ports);
	add("/users/ssh", test_ssh);
	add("/users/graphics", test_graphics);
	add("/users/framebuffer", test_framebuffer);
	add("/users/nvidia", test_nvidia);
	add("/users/sound", test_sound);
	add("/users/vfio", test_vfio);
	add("/users/keyboard", test_keyboard);
	add("/users/keyboard-elsewhere", test_keyboard_elsewhere);
	add("/users/keyboard-bluetooth", test_keyboard_bluetooth);
	add("/users/nodes", test_nodes);
	add("/users/stirs", test_stirs);
	add("/users/functions", test_functions);
	return g_test_run();
}
