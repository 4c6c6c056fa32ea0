/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files for node_exporter's textfile collector. */
#include "prometheus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/log.h"
#include "hostler/text.h"
#include "plugins/metrics/inventory.h"
#include "trouble.h"

#define TEMPORARY ".hostler.tmp" /* the collector reads *.prom alone */
#define NAME_BYTES 160

struct _Prometheus {
	char *folder;
	gboolean swept; /* what others left is gone */
	Trouble *trouble;
};

/* --- said once --- */

static void note_failure(Prometheus *prometheus, const char *file, const char *what, int errnum)
{
	g_autofree char *message = g_strdup_printf("%s: %s", what, g_strerror(errnum));

	if (trouble_failed(prometheus->trouble, file, message))
		hostler_log(G_LOG_LEVEL_WARNING, "metrics", NULL,
			    "cannot write Prometheus' files to %s: %s; mend: a folder that hostler-metrics may "
			    "write to, see hostler.conf(5)",
			    prometheus->folder, message);
}

static void note_success(Prometheus *prometheus, const char *file)
{
	if (trouble_worked(prometheus->trouble, file))
		hostler_log(G_LOG_LEVEL_MESSAGE, "metrics", NULL, "can write Prometheus' files to %s again",
			    prometheus->folder);
}

/* --- the folder --- */

/* Where others may write they could lay a link in our way. -1: `what` says why not, and errno. */
static int try_folder(const Prometheus *prometheus, const char **what)
{
	int fd = open(prometheus->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat info;

	*what = "the folder cannot be opened";
	if (fd < 0 || (fstat(fd, &info) == 0 && (info.st_mode & S_IWOTH) == 0))
		return fd;
	close(fd);
	*what = "everybody may write there";
	errno = EPERM;
	return -1;
}

static int open_folder(Prometheus *prometheus, const char *file)
{
	const char *what;
	int fd = try_folder(prometheus, &what);

	if (fd < 0)
		note_failure(prometheus, file, what, errno);
	return fd;
}

/* Of VMs that ended while nobody was there to see it. */
static void remove_left_over(Prometheus *prometheus, int folder)
{
	g_autoptr(GDir) dir = prometheus->swept ? NULL : g_dir_open(prometheus->folder, 0, NULL);
	const char *name;

	prometheus->swept = TRUE;
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		if (g_str_has_prefix(name, METRICS_PROMETHEUS_PREFIX) &&
		    g_str_has_suffix(name, METRICS_PROMETHEUS_SUFFIX))
			unlinkat(folder, name, 0);
	}
}

static char *file_of(const Book *book)
{
	g_autofree char *name = hostler_text_file_name(book->stay->name, NAME_BYTES);

	return g_strdup_printf(METRICS_PROMETHEUS_PREFIX "%s-%s" METRICS_PROMETHEUS_SUFFIX, name, book->stay->uuid);
}

static gboolean write_text(int folder, const char *text)
{
	int fd = openat(folder, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0644);
	gsize length = strlen(text);
	gboolean written;

	if (fd < 0)
		return FALSE;
	fchmod(fd, 0644);
	errno = ENOSPC;
	written = write(fd, text, length) == (gssize)length;
	close(fd);
	return written;
}

static gboolean replace(int folder, const char *file, const char *text)
{
	int errnum;

	if (unlinkat(folder, TEMPORARY, 0) < 0 && errno != ENOENT)
		return FALSE;
	if (write_text(folder, text) && renameat(folder, TEMPORARY, folder, file) == 0)
		return TRUE;
	errnum = errno;
	unlinkat(folder, TEMPORARY, 0);
	errno = errnum;
	return FALSE;
}

void prometheus_show(Prometheus *prometheus, const Book *book, const Sample *sample)
{
	g_autofree char *file = file_of(book);
	g_autofree char *text = NULL;
	int folder = open_folder(prometheus, file);

	if (folder < 0)
		return;
	remove_left_over(prometheus, folder);
	text = prometheus_text(book, sample);
	if (replace(folder, file, text))
		note_success(prometheus, file);
	else
		note_failure(prometheus, file, "no file can be written", errno);
	close(folder);
}

void prometheus_hide(Prometheus *prometheus, const Book *book)
{
	g_autofree char *file = file_of(book);
	int folder = open_folder(prometheus, file);

	trouble_forget(prometheus->trouble, file);
	if (folder < 0)
		return;
	remove_left_over(prometheus, folder);
	unlinkat(folder, file, 0);
	close(folder);
}

/* What is in the way is said with the first file. */
void prometheus_sweep(Prometheus *prometheus)
{
	const char *what;
	int folder = try_folder(prometheus, &what);

	if (folder < 0)
		return;
	remove_left_over(prometheus, folder);
	close(folder);
}

Prometheus *prometheus_new(const char *folder)
{
	Prometheus *prometheus = g_new0(Prometheus, 1);

	prometheus->folder = g_strdup(folder);
	prometheus->trouble = trouble_new();
	return prometheus;
}

void prometheus_free(Prometheus *prometheus)
{
	trouble_free(prometheus->trouble);
	g_free(prometheus->folder);
	g_free(prometheus);
}
