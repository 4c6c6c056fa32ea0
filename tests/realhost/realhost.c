/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "realhost.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/lifecycle.h"
#include "host/machine.h"
#include "hostler/error.h"

#define LIBVIRTD_PID 2
#define FIRST_QEMU_PID 100

static struct {
	char *root;
	const HostlerHostOps *machine;
	HostlerHostOps ops;
	GHashTable *qemus; /* name -> pid */
	int next_pid;
	guint64 libvirtd; /* its start time */
	guint n_failures;
	gboolean is_stale;
	gboolean is_hook; /* which does not look where guests are */
	guint n_doors; /* to nf_tables, until this process dies; 0: it lives */
	RealhostTimes times;
	gint64 begun, cpu_begun;
} real;

/* --- doors that the tests play --- */

static gboolean process_find(HostlerHost *host, int pid, HostlerProcess *process)
{
	GHashTableIter iter;
	gpointer found;

	*process = (HostlerProcess){ .pid = pid, .start = pid == LIBVIRTD_PID ? real.libvirtd : 1 };
	if (pid == LIBVIRTD_PID)
		return TRUE;
	g_hash_table_iter_init(&iter, real.qemus);
	while (g_hash_table_iter_next(&iter, NULL, &found)) {
		if (GPOINTER_TO_INT(found) == pid)
			return TRUE;
	}
	return FALSE;
}

static gboolean qemu_find(HostlerHost *host, const char *name, HostlerProcess *process)
{
	int pid = GPOINTER_TO_INT(g_hash_table_lookup(real.qemus, name));

	return pid != 0 && process_find(host, pid, process);
}

static char *vm_xml(HostlerHost *host, const char *uuid)
{
	return NULL;
}

static void helper_start(HostlerHost *host, HostlerHelper helper)
{
}

static char *lease_text(HostlerHost *host, const char *bridge, gsize *length, GError **error)
{
	return real.is_hook ? NULL : real.machine->lease_text(host, bridge, length, error);
}

/* --- nf_tables, timed --- */

static void pass_door(void)
{
	if (real.n_doors > 0 && --real.n_doors == 0)
		_exit(0);
}

static gboolean nft_dump(HostlerHost *host, const struct nlmsghdr *request,
			 int (*each)(const struct nlmsghdr *message, void *data), gpointer data, GError **error)
{
	gint64 begun = g_get_monotonic_time();
	gboolean done;

	pass_door();
	done = real.machine->nft_dump(host, request, each, data, error);
	real.times.dump += g_get_monotonic_time() - begun;
	return done;
}

static gboolean nft_commit(HostlerHost *host, const void *batch, gsize length, GError **error)
{
	gint64 begun = g_get_monotonic_time();
	gboolean done;

	if (real.n_failures > 0) {
		real.n_failures--;
		g_set_error(error, HOSTLER_ERROR, real.is_stale ? HOSTLER_ERROR_STALE : HOSTLER_ERROR_HOST,
			    "this commit was to fail");
		return FALSE;
	}
	pass_door();
	done = real.machine->nft_commit(host, batch, length, error);
	pass_door();
	real.times.commit += g_get_monotonic_time() - begun;
	return done;
}

/* --- the host --- */

static void close_host(HostlerHost *host)
{
	const char *arguments[] = { "/bin/rm", "-rf", real.root, NULL };

	g_spawn_sync(NULL, (char **)arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, NULL, NULL);
	g_clear_pointer(&real.qemus, g_hash_table_unref);
	g_clear_pointer(&real.root, g_free);
	real.machine->close(host);
}

static void enter_namespace(void)
{
	int flags = geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET;

	if (unshare(flags) < 0)
		g_error("no network namespace to test in: %s", g_strerror(errno));
}

HostlerHost *realhost_new(void)
{
	g_autofree char *run_dir = NULL;
	HostlerHost *host;

	enter_namespace();
	real.root = g_dir_make_tmp("realhost-XXXXXX", NULL);
	run_dir = g_build_filename(real.root, "run", "hostler", NULL);
	g_mkdir_with_parents(run_dir, 0755);
	real.qemus = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	real.next_pid = FIRST_QEMU_PID;
	host = machine_open(real.root, run_dir);
	real.machine = host->ops;
	real.ops = *host->ops;
	real.ops.process_find = process_find;
	real.ops.qemu_find = qemu_find;
	real.ops.vm_xml = vm_xml;
	real.ops.lease_text = lease_text;
	real.ops.helper_start = helper_start;
	real.ops.nft_dump = nft_dump;
	real.ops.nft_commit = nft_commit;
	real.ops.close = close_host;
	host->ops = &real.ops;
	realhost_libvirtd_restart(host);
	return host;
}

const char *realhost_root(void)
{
	return real.root;
}

void realhost_write(const char *path, const char *text)
{
	g_autofree char *whole = g_build_filename(real.root, path, NULL);
	g_autofree char *folder = g_path_get_dirname(whole);
	g_autoptr(GError) error = NULL;

	g_mkdir_with_parents(folder, 0755);
	if (*text == '\0')
		unlink(whole);
	else if (!g_file_set_contents(whole, text, -1, &error))
		g_error("%s", error->message);
}

void realhost_set_network(const char *name, const char *xml)
{
	g_autofree char *path = g_strdup_printf("/run/libvirt/network/%s.xml", name);

	realhost_write(path, xml);
}

/* One that it has already is no fault. */
void realhost_add_address(const char *address)
{
	const char *argv[] = { "/usr/sbin/ip", "address", "replace", address, "dev", "lo", NULL };
	int status = 1;

	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL) ||
	    status != 0)
		g_error("cannot give this namespace the address %s", address);
}

void realhost_qemu_begin(const char *name)
{
	g_hash_table_replace(real.qemus, g_strdup(name), GINT_TO_POINTER(real.next_pid++));
}

void realhost_qemu_end(const char *name)
{
	g_hash_table_remove(real.qemus, name);
}

void realhost_libvirtd_restart(HostlerHost *host)
{
	real.libvirtd++;
	host->caller = (HostlerProcess){ .pid = LIBVIRTD_PID, .start = real.libvirtd };
}

/* --- calls --- */

gint64 realhost_cpu(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void begin_call(HostlerHost *host)
{
	host->deadline = host->ops->monotonic(host) + 20 * G_USEC_PER_SEC;
	real.times = (RealhostTimes){ 0 };
	real.begun = g_get_monotonic_time();
	real.cpu_begun = realhost_cpu();
}

static void end_call(void)
{
	real.times.all = g_get_monotonic_time() - real.begun;
	real.times.cpu = realhost_cpu() - real.cpu_begun;
}

gboolean realhost_call(HostlerHost *host, const char *name, HostlerOperation operation, const char *xml, GError **error)
{
	HostlerEvent event = { .object = name, .operation = operation, .reason = "shutdown" };
	gboolean done;

	begin_call(host);
	real.is_hook = TRUE;
	done = hostler_lifecycle_run(host, &event, xml, strlen(xml), error);
	end_call();
	return done;
}

gboolean realhost_call_killed(HostlerHost *host, const char *name, HostlerOperation operation, const char *xml, guint door)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		g_error("cannot fork: %s", g_strerror(errno));
	if (pid == 0) {
		real.n_doors = door;
		realhost_call(host, name, operation, xml, NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void realhost_settle(HostlerHost *host)
{
	begin_call(host);
	real.is_hook = FALSE;
	hostler_lifecycle_settle(host, HOSTLER_SETTLE_IN_FULL);
	end_call();
}

void realhost_fail_commits(guint n, gboolean is_stale)
{
	real.n_failures = n;
	real.is_stale = is_stale;
}

RealhostTimes realhost_times(void)
{
	return real.times;
}

/* --- nft, the program: an eye of its own --- */

char *realhost_nft(const char *const *arguments)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *complaint = NULL;
	char *text = NULL;
	int status = 1;

	g_ptr_array_add(argv, (gpointer) "/usr/sbin/nft");
	while (*arguments != NULL)
		g_ptr_array_add(argv, (gpointer)*arguments++);
	g_ptr_array_add(argv, NULL);
	if (g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, &text, &complaint, &status,
			 NULL) &&
	    status == 0)
		return text;
	g_debug("nft: %s", complaint);
	g_free(text);
	return NULL;
}

gboolean realhost_nft_commands(const char *text)
{
	g_autofree char *path = g_build_filename(real.root, "commands", NULL);
	g_autofree char *said = NULL;

	if (!g_file_set_contents(path, text, -1, NULL))
		return FALSE;
	said = realhost_nft((const char *const[]){ "-f", path, NULL });
	return said != NULL;
}
