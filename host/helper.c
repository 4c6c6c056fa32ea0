/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Having helpers run. Where no systemd starts the long-lived ones they get from us
 * the user, the group and the one capability that their units would give them. */
#include "host/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostler-build.h"
#include "hostler/log.h"
#include "host/child.h"
#include "host/machine.h"

#define GROUP_NAME "hostler"

static const struct {
	const char *program;
	const char *user;
	guint32 capabilities; /* a bit each */
} helpers[] = {
	[HOSTLER_HELPER_WATCH] = { HOSTLER_HELPER_DIR "/hostler-watch", "hostler", 1U << CAP_NET_ADMIN },
	[HOSTLER_HELPER_METRICS] = { HOSTLER_HELPER_DIR "/hostler-metrics", "hostler-metrics", 1U << CAP_NET_RAW },
};

typedef struct {
	uid_t uid;
	gid_t gid;
} Identity;

/* From the files alone: the name services may ask a server that does not answer,
 * and a VM would hang with it. FALSE: no such user. */
static gboolean find_user(HostlerHost *host, const char *name, Identity *identity)
{
	g_autofree char *path = machine_path(host, "/etc/passwd", NULL);
	FILE *file = fopen(path, "re");
	struct passwd *entry = NULL;

	if (file == NULL)
		return FALSE;
	while ((entry = fgetpwent(file)) != NULL && !g_str_equal(entry->pw_name, name))
		;
	if (entry != NULL)
		*identity = (Identity){ .uid = entry->pw_uid, .gid = entry->pw_gid };
	fclose(file);
	return entry != NULL;
}

static void find_group(HostlerHost *host, gid_t *gid)
{
	g_autofree char *path = machine_path(host, "/etc/group", NULL);
	FILE *file = fopen(path, "re");
	struct group *entry = NULL;

	if (file == NULL)
		return;
	while ((entry = fgetgrent(file)) != NULL && !g_str_equal(entry->gr_name, GROUP_NAME))
		;
	if (entry != NULL)
		*gid = entry->gr_gid;
	fclose(file);
}

/* --- in the child --- */

static gboolean set_capabilities(guint32 wanted, guint32 inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = wanted, .permitted = wanted, .inheritable = inheritable },
	};

	return syscall(SYS_capset, &header, data) == 0;
}

static void drop_bounding_set(guint32 wanted)
{
	for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++) {
		if (capability >= 32 || (wanted & (1U << capability)) == 0)
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	}
}

static gboolean raise_ambient(guint32 wanted)
{
	for (unsigned long capability = 0; capability < 32; capability++) {
		if ((wanted & (1U << capability)) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return FALSE;
	}
	return TRUE;
}

/* In this order: each step needs what the next one takes away. */
static gboolean become(const Identity *identity, guint32 capabilities)
{
	drop_bounding_set(capabilities);
	return setgroups(0, NULL) == 0 && setresgid(identity->gid, identity->gid, identity->gid) == 0 &&
	       prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 &&
	       setresuid(identity->uid, identity->uid, identity->uid) == 0 &&
	       set_capabilities(capabilities, capabilities) && raise_ambient(capabilities) &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static void run_helper(const char *program, const Identity *identity, guint32 capabilities) G_GNUC_NORETURN;

static void run_helper(const char *program, const Identity *identity, guint32 capabilities)
{
	const char *argv[] = { program, NULL };

	child_begin(-1);
	umask(027);
	if (fork() != 0 || !become(identity, capabilities))
		_exit(0);
	child_execute(argv);
}

static gboolean has_systemd(HostlerHost *host)
{
	g_autofree char *path = machine_path(host, "/run/systemd/system", NULL);

	return g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* --- a settle --- */

/* What lies in this folder wakes the path unit, whose service removes it. */
static void leave_call(HostlerHost *host)
{
	g_autofree char *path = g_build_filename(host->run_dir, "attention", host->run, NULL);
	/* Not waiting, if it is a FIFO: the folder is the helpers' group's, too. */
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);

	if (fd < 0)
		hostler_log(G_LOG_LEVEL_WARNING, "helper-missing", NULL, "cannot make %s: %s; mend: hostler settle",
			    path, g_strerror(errno));
	else
		close(fd);
}

static void run_settle(const char *program) G_GNUC_NORETURN;

static void run_settle(const char *program)
{
	const char *argv[] = { program, "settle", "--wait", NULL };

	child_begin(-1);
	if (fork() != 0)
		_exit(0);
	child_execute(argv);
}

static void start_settle(HostlerHost *host)
{
	const char *program = ((Machine *)host)->settle_program;
	pid_t pid = access(program, X_OK) == 0 ? fork() : -1;

	if (pid == 0)
		run_settle(program);
	if (pid < 0)
		hostler_log(G_LOG_LEVEL_WARNING, "helper-missing", NULL, "cannot start %s: %s", program,
			    g_strerror(errno));
	else
		waitpid(pid, NULL, 0);
}

/* --- the long-lived ones --- */

static void start_helper(HostlerHost *host, HostlerHelper helper)
{
	g_autofree char *program = machine_path(host, helpers[helper].program, NULL);
	Identity identity = { 0 };
	pid_t pid;

	/* Without its user it runs as root, with the same one capability or none. */
	if (find_user(host, helpers[helper].user, &identity))
		find_group(host, &identity.gid);
	pid = access(program, X_OK) == 0 ? fork() : -1;
	if (pid == 0)
		run_helper(program, &identity, helpers[helper].capabilities);
	if (pid < 0)
		hostler_log(G_LOG_LEVEL_WARNING, "helper-missing", NULL, "cannot start %s: %s", program,
			    g_strerror(errno));
	else
		waitpid(pid, NULL, 0);
}

void host_helper_start(HostlerHost *host, HostlerHelper helper)
{
	gboolean by_systemd = has_systemd(host);

	if (helper == HOSTLER_HELPER_SETTLE && by_systemd)
		leave_call(host);
	else if (helper == HOSTLER_HELPER_SETTLE && geteuid() == 0) /* it is root's */
		start_settle(host);
	else if (helper == HOSTLER_HELPER_SETTLE)
		return;
	else if (!by_systemd) /* its path units start them */
		start_helper(host, helper);
}
