/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc and a cgroup say, and what the kernel's interfaces and libvirt's pid
 * files are read for: from files that the test lays down, and from the loopback. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu-helpers/metrics/daemon.h"
#include "qemu-helpers/metrics/kernel.h"
#include "qemu-helpers/metrics/links.h"

#define START 4711
#define CGROUP "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope"

typedef struct {
	char *root;
	HostlerProcess qemu; /* ourselves: the clock is the kernel's */
} Fixture;

static void lay_down(const Fixture *fixture, const char *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(fixture->root, folder, NULL);
	g_autofree char *file = g_build_filename(path, name, NULL);

	g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static void lay_down_stat(const Fixture *fixture, char state, guint64 start)
{
	g_autofree char *folder = g_strdup_printf("proc/%d", fixture->qemu.pid);
	g_autofree char *text = g_strdup_printf("%d (qemu (x) 1 T) %c 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 %"
						G_GUINT64_FORMAT " 99999 321 18446744073709551615 1 1\n",
						fixture->qemu.pid, state, start);

	lay_down(fixture, folder, "stat", text);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
	fixture->root = g_dir_make_tmp("hostler-test-XXXXXX", NULL);
	g_assert_nonnull(fixture->root);
	fixture->qemu = (HostlerProcess){ (int)getpid(), START };
	lay_down_stat(fixture, 'S', START);
	lay_down(fixture, "sys/fs/cgroup" CGROUP, "cpu.stat", "nr_usage_usec 1\nusage_usec 1234567\nuser_usec 1\n");
	lay_down(fixture, "sys/fs/cgroup" CGROUP, "memory.current", "16777216\n");
	/* The second is none of this machine's, so nothing is known to lie below it. */
	lay_down(fixture, "sys/fs/cgroup" CGROUP, "io.stat",
		 "4242:0 rbytes=100 wbytes=20 rios=3 wios=4 dbytes=0 dios=0\n4242:1 rbytes=1 wbytes=2\n4242:2\n");
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		remove_tree(below);
	}
	g_remove(path);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	remove_tree(fixture->root);
	g_free(fixture->root);
}

static void test_cgroup(Fixture *fixture, gconstpointer data)
{
	g_autoptr(Kernel) kernel = kernel_new(fixture->root, &fixture->qemu, CGROUP);
	g_autoptr(Sample) sample = sample_new("x", 1);

	kernel_read(kernel, sample);
	g_assert_cmpuint(sample->known, ==, SAMPLE_KNOWS_CPU | SAMPLE_KNOWS_RESIDENT | SAMPLE_KNOWS_HOST_MEMORY |
						    SAMPLE_KNOWS_HOST_IO);
	g_assert_cmpuint(sample->cpu_nanoseconds, ==, 1234567000);
	g_assert_cmpuint(sample->resident_bytes, ==, 321 * (guint64)sysconf(_SC_PAGESIZE));
	g_assert_cmpuint(sample->host_memory_bytes, ==, 16777216);
	g_assert_cmpuint(sample->host_read_bytes, ==, 101);
	g_assert_cmpuint(sample->host_write_bytes, ==, 22);
}

/* More disks than are read: none of them is better than some. */
static void test_too_many_disks(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(Sample) sample = sample_new("x", 1);
	g_autoptr(Kernel) kernel = NULL;

	for (guint i = 0; i < 4000; i++)
		g_string_append_printf(text, "4242:%u rbytes=1 wbytes=2\n", i);
	lay_down(fixture, "sys/fs/cgroup" CGROUP, "io.stat", text->str);
	kernel = kernel_new(fixture->root, &fixture->qemu, CGROUP);
	kernel_read(kernel, sample);
	g_assert_cmpuint(sample->known & SAMPLE_KNOWS_HOST_IO, ==, 0);
	g_assert_cmpuint(sample->known & SAMPLE_KNOWS_HOST_MEMORY, !=, 0);
}

/* The files are kept open, and say something else each time. */
static void test_kept_open(Fixture *fixture, gconstpointer data)
{
	g_autoptr(Kernel) kernel = kernel_new(fixture->root, &fixture->qemu, CGROUP);
	g_autofree char *path = g_build_filename(fixture->root, "sys/fs/cgroup" CGROUP, "memory.current", NULL);
	g_autoptr(Sample) sample = sample_new("x", 1);
	int fd = open(path, O_WRONLY | O_TRUNC);

	g_assert_cmpint(write(fd, "7\n", 2), ==, 2);
	close(fd);
	kernel_read(kernel, sample);
	g_assert_cmpuint(sample->host_memory_bytes, ==, 7);
}

static void test_no_cgroup(Fixture *fixture, gconstpointer data)
{
	g_autoptr(Kernel) kernel = kernel_new(fixture->root, &fixture->qemu, NULL);
	g_autoptr(Sample) sample = sample_new("x", 1);
	guint64 before = kernel_cpu_time(kernel);

	kernel_read(kernel, sample);
	g_assert_cmpuint(sample->known, ==, SAMPLE_KNOWS_CPU | SAMPLE_KNOWS_RESIDENT);
	g_assert_cmpuint(before, >, 0);
	g_assert_cmpuint(sample->cpu_nanoseconds, >=, before);
}

/* Another process has QEMU's number now. */
static void test_other_process(Fixture *fixture, gconstpointer data)
{
	const HostlerProcess other = { fixture->qemu.pid, START + 1 };
	g_autoptr(Kernel) kernel = kernel_new(fixture->root, &other, NULL);
	g_autoptr(Sample) sample = sample_new("x", 1);

	kernel_read(kernel, sample);
	g_assert_cmpuint(sample->known, ==, 0);
	g_assert_cmpuint(kernel_cpu_time(kernel), ==, 0);
	g_assert_false(kernel_qemu_is_stopped(kernel));
	g_assert_false(kernel_lives(fixture->root, &other));
	g_assert_true(kernel_lives(fixture->root, &fixture->qemu));
}

static void test_states(Fixture *fixture, gconstpointer data)
{
	static const struct {
		char state;
		gboolean stopped, lives;
	} cases[] = {
		{ 'S', FALSE, TRUE }, { 'D', FALSE, TRUE }, { 'T', TRUE, TRUE }, { 't', TRUE, TRUE }, { 'Z', FALSE, FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Kernel) kernel = NULL;

		lay_down_stat(fixture, cases[i].state, START);
		kernel = kernel_new(fixture->root, &fixture->qemu, NULL);
		g_assert_cmpint(kernel_qemu_is_stopped(kernel), ==, cases[i].stopped);
		g_assert_cmpint(kernel_lives(fixture->root, &fixture->qemu), ==, cases[i].lives);
	}
}

/* --- libvirt's daemons --- */

/* In a child: a lock is no obstacle to its own holder. */
static const char *find_from_child(const char *run)
{
	static const char *const uris[] = { "qemu:///system?mode=direct", "qemu:///system?mode=legacy", NULL };
	const char *uri;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		uri = daemon_find(run);
		_exit(uri == NULL ? 2 : g_strcmp0(uri, uris[0]) == 0 ? 0 : 1);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return uris[WEXITSTATUS(status)];
}

static int lock_file(const Fixture *fixture, const char *name)
{
	g_autofree char *path = g_build_filename(fixture->root, name, NULL);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = open(path, O_RDWR | O_CREAT, 0644);

	g_assert_cmpint(fcntl(fd, F_SETLK, &lock), ==, 0);
	return fd;
}

static void test_daemon(Fixture *fixture, gconstpointer data)
{
	int libvirtd, virtqemud;

	lay_down(fixture, ".", "libvirtd.pid", "77\n");
	g_assert_null(find_from_child(fixture->root));
	libvirtd = lock_file(fixture, "libvirtd.pid");
	g_assert_cmpstr(find_from_child(fixture->root), ==, "qemu:///system?mode=legacy");
	virtqemud = lock_file(fixture, "virtqemud.pid");
	g_assert_cmpstr(find_from_child(fixture->root), ==, "qemu:///system?mode=direct");
	close(libvirtd);
	close(virtqemud);
	g_assert_null(find_from_child(fixture->root));
}

/* --- interfaces --- */

static void test_loopback(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Links) links = links_new(&error);
	struct rtnl_link_stats64 stats;
	guint generation;
	Link link;

	g_assert_no_error(error);
	link = links_look_up(links, "lo");
	g_assert_cmpint(link.index, >, 0);
	g_assert_false(link.guest_side);
	g_assert_false(links_find(links, link.index, &stats));
	generation = links_generation(links);
	g_assert_true(links_read(links));
	g_assert_cmpuint(links_generation(links), !=, generation);
	g_assert_true(links_find(links, link.index, &stats));
	g_assert_cmpuint(stats.rx_bytes, ==, stats.tx_bytes);
	g_assert_cmpint(links_look_up(links, "hostler-none").index, ==, 0);
	g_assert_cmpint(links_look_up(links, "a-name-that-no-interface-can-have").index, ==, 0);
	g_assert_true(links_read(links));
	g_assert_false(links_find(links, G_MAXINT, &stats));
}

/* What is not known is left out: figures of the last round are none of this one. */
static void test_no_answer(void)
{
	int first_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rtnl_link_stats64 stats;
	g_autoptr(Links) links = NULL;
	int nothing, lo;

	close(first_free);
	links = links_new(NULL); /* its socket gets that number */
	lo = links_look_up(links, "lo").index;
	g_assert_true(links_read(links));
	g_assert_true(links_find(links, lo, &stats));
	nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(dup2(nothing, first_free), ==, first_free);
	close(nothing);
	g_assert_false(links_read(links));
	g_assert_false(links_find(links, lo, &stats));
}

/* --- SR-IOV functions: the kernel's message, as we make one --- */

static void put_count(struct nlmsghdr *message, guint16 type, guint64 count)
{
	mnl_attr_put_u64(message, type, count);
}

static void put_function(struct nlmsghdr *message, guint32 number, guint8 last, guint64 packets)
{
	const struct ifla_vf_mac mac = { .vf = number, .mac = { 0x52, 0x54, 0, 0, 0, last } };
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_VF_INFO);
	struct nlattr *stats;

	mnl_attr_put(message, IFLA_VF_MAC, sizeof(mac), &mac);
	stats = mnl_attr_nest_start(message, IFLA_VF_STATS);
	put_count(message, IFLA_VF_STATS_RX_PACKETS, packets);
	put_count(message, IFLA_VF_STATS_RX_BYTES, 100 * packets);
	put_count(message, IFLA_VF_STATS_TX_BYTES, 10 * packets);
	put_count(message, IFLA_VF_STATS_TX_DROPPED, 3);
	put_count(message, 200, 7);
	mnl_attr_nest_end(message, stats);
	mnl_attr_nest_end(message, info);
}

static struct nlmsghdr *make_link(char *buffer)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	struct nlattr *list;

	message->nlmsg_type = RTM_NEWLINK;
	head->ifi_index = 9;
	mnl_attr_put_strz(message, IFLA_IFNAME, "enp1s0f0");
	list = mnl_attr_nest_start(message, IFLA_VFINFO_LIST);
	put_function(message, 0, 1, 11);
	put_function(message, 1, 2, 22);
	put_function(message, 2, 3, 0);
	mnl_attr_nest_end(message, list);
	return message;
}

static void test_functions(void)
{
	static char buffer[4096] __attribute__((aligned(8)));
	const struct nlmsghdr *message = make_link(buffer);
	FunctionSearch by_mac = { .mac = { 0x52, 0x54, 0, 0, 0, 2 } };
	FunctionSearch stranger = { .mac = { 0x52, 0x54, 0, 0, 0, 9 } };
	FunctionSearch silent = { .function = { .index = 9, .number = 2 } };
	FunctionSearch elsewhere = { .function = { .index = 8, .number = 1 } };

	g_assert_cmpint(functions_take(message, &by_mac), ==, MNL_CB_OK);
	g_assert_cmpint(by_mac.function.index, ==, 9);
	g_assert_cmpuint(by_mac.function.number, ==, 1);
	g_assert_cmpstr(by_mac.function.name, ==, "enp1s0f0");
	g_assert_true(by_mac.counted);
	g_assert_cmpuint(by_mac.stats.rx_bytes, ==, 2200);
	g_assert_cmpuint(by_mac.stats.tx_bytes, ==, 220);
	g_assert_cmpuint(by_mac.stats.tx_dropped, ==, 3);
	functions_take(message, &stranger);
	g_assert_cmpint(stranger.function.index, ==, 0);
	g_assert_false(stranger.counted);
	functions_take(message, &silent);
	g_assert_false(silent.counted);
	functions_take(message, &elsewhere);
	g_assert_false(elsewhere.counted);
}

/* By the loopback, which has none. */
static void test_no_functions(void)
{
	g_autoptr(Links) links = links_new(NULL);
	const Function function = { .index = links_look_up(links, "lo").index };
	struct rtnl_link_stats64 stats;

	g_assert_cmpint(links_find_function(links, "52:54:00:00:00:99").index, ==, 0);
	g_assert_cmpint(links_find_function(links, "no MAC").index, ==, 0);
	g_assert_false(links_read_function(links, &function, &stats));
	g_assert_true(links_read(links));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/metrics-kernel/cgroup", Fixture, NULL, set_up, test_cgroup, tear_down);
	g_test_add("/metrics-kernel/too-many-disks", Fixture, NULL, set_up, test_too_many_disks, tear_down);
	g_test_add("/metrics-kernel/kept-open", Fixture, NULL, set_up, test_kept_open, tear_down);
	g_test_add("/metrics-kernel/no-cgroup", Fixture, NULL, set_up, test_no_cgroup, tear_down);
	g_test_add("/metrics-kernel/other-process", Fixture, NULL, set_up, test_other_process, tear_down);
	g_test_add("/metrics-kernel/states", Fixture, NULL, set_up, test_states, tear_down);
	g_test_add("/metrics-kernel/daemon", Fixture, NULL, set_up, test_daemon, tear_down);
	g_test_add_func("/metrics-kernel/loopback", test_loopback);
	g_test_add_func("/metrics-kernel/no-answer", test_no_answer);
	g_test_add_func("/metrics-kernel/functions", test_functions);
	g_test_add_func("/metrics-kernel/no-functions", test_no_functions);
	return g_test_run();
}
