/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether hostler-metrics runs, what it finds to do, and where it may write. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/log.h"
#include "hostler/record.h"
#include "inventory.h"

#define USER_NAME "hostler-metrics"
#define GROUP_NAME "hostler"
#define REMOVAL_SECONDS 2

gboolean metrics_helper_runs(HostlerHost *host)
{
	g_autofree char *path = hostler_record_path(host, HOSTLER_RECORD_STAY, NULL);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	gboolean held;

	if (fd < 0)
		return FALSE;
	held = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

static gboolean has_records(HostlerHost *host, HostlerRecordKind kind)
{
	g_autofree char *path = hostler_record_path(host, kind, NULL);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);

	return folder != NULL && g_dir_read_name(folder) != NULL;
}

void metrics_helper_wake(HostlerHost *host)
{
	gboolean wanted = (host->config.metrics_enabled && has_records(host, HOSTLER_RECORD_STAY)) ||
			  has_records(host, HOSTLER_RECORD_ENDED);

	if (wanted && !metrics_helper_runs(host))
		host->ops->helper_start(host, HOSTLER_HELPER_METRICS);
}

/* --- Prometheus --- */

static gboolean remove_file(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_autoptr(GDir) folder = g_dir_open(host->config.metrics_prometheus, 0, NULL);
	g_autofree char *end = g_strdup_printf("-%s" METRICS_PROMETHEUS_SUFFIX, (const char *)job->data);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *path = g_build_filename(host->config.metrics_prometheus, name, NULL);

		if (g_str_has_prefix(name, METRICS_PROMETHEUS_PREFIX) && g_str_has_suffix(name, end))
			g_unlink(path);
	}
	return TRUE;
}

/* In a job: nobody knows where an admin has put the folder. */
void metrics_helper_remove_file(HostlerHost *host, const char *uuid)
{
	HostlerJob job = { .bdf = "prometheus", .data = (gpointer)uuid };
	gint64 deadline = host->deadline;

	if (*host->config.metrics_prometheus == '\0' || metrics_helper_runs(host))
		return;
	host->deadline = MIN(deadline, host->ops->monotonic(host) + REMOVAL_SECONDS * G_USEC_PER_SEC);
	host->ops->run_jobs(host, &job, 1, remove_file);
	host->deadline = deadline;
	if (job.error != NULL)
		hostler_log(G_LOG_LEVEL_MESSAGE, "metrics", &(HostlerSubject){ .uuid = uuid },
			    "cannot look for the VM's file in %s, ignoring: %s", host->config.metrics_prometheus,
			    job.error->message);
	hostler_jobs_clear(&job, 1);
}

/* --- the log --- */

/* From the files alone: a name service that does not answer would hang the start
 * of a VM. */
static gboolean find_owner(uid_t *uid, gid_t *gid)
{
	FILE *users = fopen("/etc/passwd", "re");
	FILE *groups = fopen("/etc/group", "re");
	gboolean has_user = FALSE, has_group = FALSE;
	struct passwd *user;
	struct group *group;

	while (users != NULL && !has_user && (user = fgetpwent(users)) != NULL) {
		has_user = g_str_equal(user->pw_name, USER_NAME);
		*uid = user->pw_uid;
	}
	while (groups != NULL && !has_group && (group = fgetgrent(groups)) != NULL) {
		has_group = g_str_equal(group->gr_name, GROUP_NAME);
		*gid = group->gr_gid;
	}
	g_clear_pointer(&users, fclose);
	g_clear_pointer(&groups, fclose);
	return has_user && has_group;
}

void metrics_helper_make_log_dir(HostlerHost *host)
{
	uid_t uid = 0;
	gid_t gid = 0;
	int fd;

	if (mkdir(host->log_dir, 0750) < 0) {
		if (errno != EEXIST)
			hostler_log(G_LOG_LEVEL_WARNING, "metrics", NULL, "cannot make %s, ignoring: %s",
				    host->log_dir, g_strerror(errno));
		return;
	}
	fd = open(host->log_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (geteuid() == 0 && find_owner(&uid, &gid) && fchown(fd, uid, gid) < 0)
		g_debug("cannot give %s to " USER_NAME ", ignoring: %s", host->log_dir, g_strerror(errno));
	fchmod(fd, 0750);
	close(fd);
}
