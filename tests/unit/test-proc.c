/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes, and what libvirt says of its own, from a tree of files. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/proc.h"
#include "tree.h"

#define REST " 1 1 1 0 -1 4194560 1 0 0 0 1 2 3 4 20 0 1 0 "

/* --- /proc/<pid>/stat --- */

static const struct {
	const char *name;
	const char *text;
	gboolean alive;
	int pid;
	guint64 start;
} stats[] = {
	{ "plain", "812 (libvirtd) S" REST "4711 1 2 3\n", TRUE, 812, 4711 },
	{ "spaces", "812 (a b) R" REST "4711 1\n", TRUE, 812, 4711 },
	{ "parentheses", "812 (x) S 1 1 (y) D" REST "4711 1\n", TRUE, 812, 4711 },
	{ "newline", "812 (a\n) 9 () S" REST "4711 1\n", TRUE, 812, 4711 },
	{ "last-field", "812 (a) S" REST "4711", TRUE, 812, 4711 },
	{ "large", "4194304 (a) I" REST "18446744073709551615 1\n", TRUE, 4194304, G_MAXUINT64 },
	{ "zombie", "812 (a) Z" REST "4711 1\n", FALSE, 0, 0 },
	{ "dead", "812 (a) X" REST "4711 1\n", FALSE, 0, 0 },
	{ "cut", "812 (a) S 1 1 1 0\n", FALSE, 0, 0 },
	{ "no-name", "812 S" REST "4711 1\n", FALSE, 0, 0 },
	{ "not-a-number", "812 (a) S" REST "-5 1\n", FALSE, 0, 0 },
	{ "no-pid", "(a) S" REST "4711 1\n", FALSE, 0, 0 },
	{ "ends-at-name", "812 (a)", FALSE, 0, 0 },
	{ "empty", "", FALSE, 0, 0 },
};

static void test_stat(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	HostlerProcess process = { 0 };

	g_assert_cmpint(proc_parse_stat(stats[i].text, &process), ==, stats[i].alive);
	g_assert_cmpint(process.pid, ==, stats[i].pid);
	g_assert_cmpuint(process.start, ==, stats[i].start);
}

static void test_ourselves(void)
{
	g_autoptr(HostlerHost) host = machine_open("", "/nonexistent");
	HostlerProcess again, process = { 0 };

	g_assert_true(host->ops->process_find(host, getpid(), &process));
	g_assert_cmpint(process.pid, ==, getpid());
	g_assert_cmpuint(process.start, >, 0);
	g_assert_true(hostler_process_alive(host, &process));
	again = process;
	again.start++;
	g_assert_false(hostler_process_alive(host, &again));
	g_assert_false(hostler_process_alive(host, &(HostlerProcess){ 0 }));
	g_assert_false(host->ops->process_find(host, -1, &process));
	g_assert_cmpint(process.pid, ==, getpid());
}

/* Ended and not reaped yet: a libvirtd in this state calls no hook any more. */
static void test_zombie(void)
{
	g_autoptr(HostlerHost) host = machine_open("", "/nonexistent");
	HostlerProcess process;
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), ==, 0);
	g_assert_false(host->ops->process_find(host, pid, &process));
	g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static void test_caller(void)
{
	g_autoptr(HostlerHost) host = machine_open("", "/nonexistent");

	if (getppid() <= 1) {
		g_test_skip("the parent of this test is init");
		return;
	}
	g_assert_cmpint(host->caller.pid, ==, getppid());
	g_assert_true(hostler_host_caller_lives(host));
	host->caller.start++;
	g_assert_false(hostler_host_caller_lives(host));
}

static void test_open(void)
{
	gint64 begun = g_get_monotonic_time();
	g_autoptr(HostlerHost) one = machine_open("", "/nonexistent");
	g_autoptr(HostlerHost) two = machine_open("", "/nonexistent");

	g_assert_cmpuint(strlen(one->run), ==, 16);
	g_assert_cmpstr(one->run, !=, two->run);
	g_assert_cmpuint(strlen(one->boot_id), ==, 36);
	g_assert_cmpstr(one->boot_id, ==, two->boot_id);
	g_assert_cmpint(one->deadline - begun, >=, 20 * G_USEC_PER_SEC);
	g_assert_cmpint(one->deadline, <=, g_get_monotonic_time() + 20 * G_USEC_PER_SEC);
	one->deadline = 1;
	g_assert_cmpint(hostler_host_time_left(one), ==, 0);
}

/* --- a tree of files --- */

static void set_up(Tree *tree, gconstpointer data)
{
	tree_open(tree);
	tree_file(tree, "proc/4242/stat", "4242 (qemu-system-x86) S" REST "99 1\n");
}

static gboolean finds(const Tree *tree, const char *name)
{
	HostlerProcess process = { 0 };
	gboolean found = tree->host->ops->qemu_find(tree->host, name, &process);

	g_assert_cmpint(process.pid, ==, found ? 4242 : 0);
	g_assert_cmpuint(process.start, ==, found ? 99 : 0);
	return found;
}

static void test_qemu(Tree *tree, gconstpointer data)
{
	g_assert_false(finds(tree, "vm"));
	tree_file(tree, "run/libvirt/qemu/vm.pid", "4242\n");
	tree_file(tree, "run/libvirt/qemu/x$(touch f);\t%s.pid", "4242");
	tree_file(tree, "run/libvirt/qemu/gone.pid", "4243\n");
	tree_file(tree, "run/libvirt/qemu/empty.pid", "");
	tree_file(tree, "run/libvirt/qemu/rubbish.pid", "4242 4242\n");
	tree_file(tree, "run/libvirt/qemu/long.pid", "4242                                            \n");
	tree_file(tree, "run/libvirt/qemu/negative.pid", "-4242\n");
	tree_file(tree, "run/libvirt/qemu/vm.xml", "4242\n");
	tree_file(tree, "run/libvirt/elsewhere.pid", "4242\n");
	g_assert_true(finds(tree, "vm"));
	g_assert_true(finds(tree, "x$(touch f);\t%s"));
	g_assert_false(finds(tree, "gone"));
	g_assert_false(finds(tree, "empty"));
	g_assert_false(finds(tree, "rubbish"));
	g_assert_false(finds(tree, "long"));
	g_assert_false(finds(tree, "negative"));
	g_assert_false(finds(tree, "../elsewhere"));
	g_assert_false(finds(tree, "v"));
	g_assert_false(finds(tree, ""));
}

static void test_vm_running(Tree *tree, gconstpointer data)
{
	g_autofree char *name = NULL;

	g_assert_null(tree->host->ops->vm_running(tree->host));
	tree_file(tree, "run/libvirt/qemu/gone.pid", "4243\n");
	tree_file(tree, "run/libvirt/qemu/vm.xml", "4242\n");
	tree_file(tree, "run/libvirt/qemu/driver.pid", "4242\n");
	g_assert_null(tree->host->ops->vm_running(tree->host));
	tree_file(tree, "run/libvirt/qemu/a b.pid", "4242\n");
	name = tree->host->ops->vm_running(tree->host);
	g_assert_cmpstr(name, ==, "a b");
}

/* As long as it lives, as QEMU does, it has a lock on the file. */
static pid_t lock_in_child(const char *path)
{
	int ready[2];
	pid_t child;
	char byte;

	g_assert_cmpint(pipe(ready), ==, 0);
	child = fork();
	if (child == 0) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

		if (fcntl(open(path, O_RDWR), F_SETLK, &lock) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

/* QEMU is dead and left its pid file, and its pid is another process's, which began an
 * hour after the file was written. */
static void test_pid_came_round(Tree *tree, gconstpointer data)
{
	g_autofree char *path = g_build_filename(tree->root, "run/libvirt/qemu/vm.pid", NULL);
	gint64 began = tree->host->ops->boottime(tree->host);
	gint64 hour_ago = g_get_real_time() / G_USEC_PER_SEC - 3600;
	g_autofree char *stat = g_strdup_printf("4242 (sleep) S" REST "%" G_GINT64_FORMAT " 1\n",
						began * sysconf(_SC_CLK_TCK));
	HostlerProcess process;
	pid_t holder;

	tree_file(tree, "proc/4242/stat", stat);
	tree_file(tree, "run/libvirt/qemu/vm.pid", "4242\n");
	g_assert_cmpint(utimensat(AT_FDCWD, path, (struct timespec[]){ { hour_ago, 0 }, { hour_ago, 0 } }, 0), ==, 0);
	g_assert_false(tree->host->ops->qemu_find(tree->host, "vm", &process));
	g_assert_null(tree->host->ops->vm_running(tree->host));

	/* The host's clock was set since: what holds the file is QEMU all the same. */
	holder = lock_in_child(path);
	g_assert_true(tree->host->ops->qemu_find(tree->host, "vm", &process));
	g_assert_cmpint(process.pid, ==, 4242);
	kill(holder, SIGKILL);
	g_assert_cmpint(waitpid(holder, NULL, 0), ==, holder);
	g_assert_false(tree->host->ops->qemu_find(tree->host, "vm", &process));
}

/* A FIFO would keep us for ever, a link would lead us anywhere. */
static void test_qemu_no_file(Tree *tree, gconstpointer data)
{
	g_autofree char *fifo = g_build_filename(tree->root, "run/libvirt/qemu/fifo.pid", NULL);
	g_autofree char *link = g_build_filename(tree->root, "run/libvirt/qemu/link.pid", NULL);

	tree_file(tree, "run/libvirt/qemu/vm.pid", "4242\n");
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(symlink("vm.pid", link), ==, 0);
	g_assert_false(finds(tree, "fifo"));
	g_assert_false(finds(tree, "link"));
	g_assert_true(finds(tree, "vm"));
}

static void test_networks(Tree *tree, gconstpointer data)
{
	g_autoptr(GPtrArray) none = tree->host->ops->network_xmls(tree->host);
	g_autoptr(GPtrArray) xmls = NULL;
	g_autofree char *fifo = g_build_filename(tree->root, "run/libvirt/network/b.xml", NULL);
	g_autofree char *folder = g_build_filename(tree->root, "run/libvirt/network/c.xml", NULL);
	g_autofree char *huge = g_strnfill(9 * 1024 * 1024, ' ');

	g_assert_cmpuint(none->len, ==, 0);
	tree_file(tree, "run/libvirt/network/z.xml", "<networkstatus>z</networkstatus>");
	tree_file(tree, "run/libvirt/network/.a.xml", "<networkstatus>a</networkstatus>");
	tree_file(tree, "run/libvirt/network/autostarted", "no");
	tree_file(tree, "run/libvirt/network/huge.xml", huge);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
	xmls = tree->host->ops->network_xmls(tree->host);
	g_assert_cmpuint(xmls->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(xmls, 0), ==, "<networkstatus>a</networkstatus>");
	g_assert_cmpstr(g_ptr_array_index(xmls, 1), ==, "<networkstatus>z</networkstatus>");
}

/* --- the kernel itself --- */

static void test_kernel_text(Tree *tree, gconstpointer data)
{
	g_autofree char *line = NULL;
	g_autofree char *long_text = g_strnfill(4 * 1024 * 1024 + 1, 'x');
	g_autofree char *target = g_build_filename(tree->root, "proc/link", NULL);

	tree_file(tree, "proc/cmdline", "quiet intel_iommu=on\n");
	tree_file(tree, "proc/long", long_text);
	g_assert_cmpint(symlink("cmdline", target), ==, 0);
	line = tree->host->ops->kernel_text(tree->host, "/proc/cmdline");
	g_assert_cmpstr(line, ==, "quiet intel_iommu=on");
	g_assert_null(tree->host->ops->kernel_text(tree->host, "/proc/nothing"));
	g_assert_null(tree->host->ops->kernel_text(tree->host, "/proc"));
	g_assert_null(tree->host->ops->kernel_text(tree->host, "/proc/long"));
	g_assert_null(tree->host->ops->kernel_text(tree->host, "/proc/link"));
}

static void objects(const Tree *tree, const char *why)
{
	g_autofree char *objection = tree->host->ops->suspend_objection(tree->host);

	if (why == NULL)
		g_assert_null(objection);
	else
		g_assert_nonnull(strstr(objection, why));
}

static char *read_back(const Tree *tree, const char *path)
{
	g_autofree char *file = g_build_filename(tree->root, path, NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	return text;
}

/* Orders are written over what stood there, as into files of the kernel's. */
static void test_suspend(Tree *tree, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *state = NULL;
	g_autofree char *kind = NULL;
	g_autofree char *alarm = NULL;

	objects(tree, "/sys/power/state");
	tree_file(tree, "sys/power/state", "freeze mem disk\n");
	tree_file(tree, "sys/power/mem_sleep", "[s2idle]\n");
	objects(tree, "no deep");
	tree_file(tree, "sys/power/mem_sleep", "[s2idle] deep\n");
	objects(tree, "wakealarm");
	g_assert_false(tree->host->ops->suspend(tree->host, 10, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	tree_file(tree, "sys/class/rtc/rtc0/wakealarm", "   ");
	tree_file(tree, "sys/power/mem_sleep", "[s2idle] deep\n");
	objects(tree, NULL);
	g_assert_true(tree->host->ops->suspend(tree->host, 10, &error));
	g_assert_no_error(error);
	state = read_back(tree, "sys/power/state");
	kind = read_back(tree, "sys/power/mem_sleep");
	alarm = read_back(tree, "sys/class/rtc/rtc0/wakealarm");
	g_assert_true(g_str_has_prefix(state, "mem"));
	g_assert_true(g_str_has_prefix(kind, "s2idle"));
	g_assert_cmpstr(alarm, ==, "010");
}

/* What was chosen before is chosen again, whichever it was. */
static void test_suspend_kind(Tree *tree, gconstpointer data)
{
	static const struct {
		const char *found;
		const char *left;
	} kinds[] = {
		{ "s2idle [shallow] deep\n", "shallow" },
		{ "s2idle shallow [deep]\n", "s2idle shallow [deep]\n" },
	};

	tree_file(tree, "sys/power/state", "freeze mem disk\n");
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *kind = NULL;

		tree_file(tree, "sys/class/rtc/rtc0/wakealarm", "   ");
		tree_file(tree, "sys/power/mem_sleep", kinds[i].found);
		g_assert_true(tree->host->ops->suspend(tree->host, 10, &error));
		g_assert_no_error(error);
		kind = read_back(tree, "sys/power/mem_sleep");
		g_assert_true(g_str_has_prefix(kind, kinds[i].left));
	}
}

/* /proc/sys is particular about how much it is asked for. */
static void test_kernel_release(void)
{
	g_autoptr(HostlerHost) host = machine_open("", "/nonexistent");
	g_autofree char *release = host->ops->kernel_text(host, "/proc/sys/kernel/osrelease");

	g_assert_nonnull(release);
	g_assert_cmpuint(strlen(release), >, 0);
}

static void assert_reason(const Tree *tree, const char *log, const char *expected)
{
	g_autofree char *reason = NULL;

	tree_file(tree, "var/log/libvirt/qemu/x$(touch f);\t\"%s.log", log);
	reason = tree->host->ops->shutoff_reason(tree->host, "x$(touch f);\t\"%s");
	g_assert_cmpstr(reason, ==, expected);
}

#define AT "2026-11-23 05:06:31.969+0000: "

static void test_shutoff_reason(Tree *tree, gconstpointer data)
{
	g_autofree char *noise = g_strnfill(200000, 'q');
	g_autofree char *old = g_strconcat(AT "shutting down, reason=crashed\n", noise, "\n", NULL);
	g_autofree char *recent = g_strconcat(noise, "\n" AT "shutting down, reason=shutdown\nlast words", NULL);

	g_assert_null(tree->host->ops->shutoff_reason(tree->host, "vm"));
	assert_reason(tree, AT "starting up libvirt version: 9.0.0\n" AT "shutting down, reason=destroyed\n", "destroyed");
	assert_reason(tree, AT "shutting down, reason=from snapshot\n", "from snapshot");
	assert_reason(tree, AT "shutting down, reason=crashed\n" AT "starting up libvirt version: 9.0.0\n", NULL);
	assert_reason(tree, "shutting down, reason=crashed\n", NULL);
	assert_reason(tree, AT "shutting down, reason=\x1b[31m\n", NULL);
	assert_reason(tree, "2026-11-23", NULL);
	assert_reason(tree, "", NULL);
	assert_reason(tree, old, NULL);
	assert_reason(tree, recent, "shutdown");
	g_assert_null(tree->host->ops->shutoff_reason(tree->host, "../qemu/x$(touch f);\t\"%s"));
	g_assert_null(tree->host->ops->shutoff_reason(tree->host, ""));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/proc/kernel-release", test_kernel_release);
	for (gsize i = 0; i < G_N_ELEMENTS(stats); i++) {
		g_autofree char *path = g_strconcat("/proc/stat/", stats[i].name, NULL);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_stat);
	}
	g_test_add_func("/proc/ourselves", test_ourselves);
	g_test_add_func("/proc/zombie", test_zombie);
	g_test_add_func("/proc/caller", test_caller);
	g_test_add_func("/proc/open", test_open);
	g_test_add("/proc/qemu", Tree, NULL, set_up, test_qemu, tree_close);
	g_test_add("/proc/qemu-no-file", Tree, NULL, set_up, test_qemu_no_file, tree_close);
	g_test_add("/proc/shutoff-reason", Tree, NULL, set_up, test_shutoff_reason, tree_close);
	g_test_add("/proc/networks", Tree, NULL, set_up, test_networks, tree_close);
	g_test_add("/proc/kernel-text", Tree, NULL, set_up, test_kernel_text, tree_close);
	g_test_add("/proc/vm-running", Tree, NULL, set_up, test_vm_running, tree_close);
	g_test_add("/proc/pid-came-round", Tree, NULL, set_up, test_pid_came_round, tree_close);
	g_test_add("/proc/suspend", Tree, NULL, set_up, test_suspend, tree_close);
	g_test_add("/proc/suspend-kind", Tree, NULL, set_up, test_suspend_kind, tree_close);
	return g_test_run();
}
