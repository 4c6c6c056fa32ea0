/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where logs lie: which there are, whose they are, and their bytes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/text.h"
#include "run-log.h"

#define MOST_BYTES (32 * 1024 * 1024) /* of each of the two files */
#define MOST_LOGS 10000

#define SUFFIX ".jsonl"
#define ASIDE ".1" /* put aside by hostler-metrics or logrotate */
#define UUID_LENGTH 36

/* Appends the end of the file. FALSE with errno set. */
static gboolean append_file(int folder, const char *file, GString *text)
{
	int fd = openat(folder, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat info;
	gsize before = text->len;
	off_t from;
	ssize_t n;

	if (fd < 0)
		return FALSE;
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
		close(fd);
		errno = EINVAL;
		return FALSE;
	}
	from = MAX(info.st_size - MOST_BYTES, 0);
	g_string_set_size(text, before + (gsize)(info.st_size - from));
	n = pread(fd, text->str + before, text->len - before, from);
	g_string_truncate(text, before + (gsize)MAX(n, 0));
	close(fd);
	/* A power cut may leave zeros, which would end all that follows. */
	for (gsize i = before; i < text->len; i++) {
		if (text->str[i] == '\0')
			text->str[i] = ' ';
	}
	return n >= 0;
}

/* Of a VM that has not run since logrotate came there is the older one alone. */
static char *read_both(const char *path, const char *file, GError **error)
{
	g_autofree char *older = g_strconcat(file, ASIDE, NULL);
	g_autofree char *shown = hostler_text_shown(file);
	GString *text = g_string_new(NULL);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean has_older, read_well = FALSE;
	int errnum = errno;

	if (folder >= 0) {
		has_older = append_file(folder, older, text);
		if (has_older)
			g_string_append_c(text, '\n');
		read_well = append_file(folder, file, text) || (has_older && errno == ENOENT);
		errnum = errno;
		close(folder);
	}
	if (read_well)
		return g_string_free(text, FALSE);
	g_string_free(text, TRUE);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "cannot read %s in %s: %s", shown, path,
		    g_strerror(errnum));
	return NULL;
}

RunLog *run_log_read(const char *folder, const char *file, GError **error)
{
	char *text = read_both(folder, file, error);
	g_autoptr(RunLog) log = text != NULL ? run_log_from_text(text) : NULL;
	g_autofree char *shown = hostler_text_shown(file);

	if (log == NULL)
		return NULL;
	if (log->runs->len > 0)
		return g_steal_pointer(&log);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT, "%s in %s tells of no run", shown, folder);
	return NULL;
}

/* --- the folder --- */

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "web-6f30cf5b-0000-4000-8000-000000000001.jsonl" */
static char *uuid_in(const char *file)
{
	gsize length = strlen(file);
	g_autofree char *text = NULL;

	if (!g_str_has_suffix(file, SUFFIX) || length < UUID_LENGTH + strlen("-" SUFFIX))
		return NULL;
	text = g_strndup(file + length - strlen(SUFFIX) - UUID_LENGTH, UUID_LENGTH);
	return hostler_text_uuid(text);
}

/* The log that an entry of the folder is of, once for both of its parts. NULL: of none. */
static char *log_of(int folder, const char *entry)
{
	g_autofree char *file = g_strdup(entry);
	g_autofree char *uuid = NULL;
	struct stat info;

	if (g_str_has_suffix(entry, SUFFIX ASIDE)) {
		file[strlen(file) - strlen(ASIDE)] = '\0';
		if (fstatat(folder, file, &info, AT_SYMLINK_NOFOLLOW) == 0)
			return NULL;
	}
	uuid = uuid_in(file);
	return uuid != NULL ? g_steal_pointer(&file) : NULL;
}

static void set_unreadable(const char *folder, int errnum, GError **error)
{
	g_autofree char *shown = hostler_text_shown(folder);

	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "cannot read %s: %s%s", shown, g_strerror(errnum),
		    errnum == ENOENT ? "; no VM has been measured here yet" :
		    errnum == EACCES ? "; logs are for root and the group hostler: sudo hostler report" : "");
}

/* Not g_dir_open(): it leaves errno to chance. */
GPtrArray *run_logs_list(const char *folder, GError **error)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	GPtrArray *files;

	if (dir == NULL) {
		set_unreadable(folder, errno, error);
		return NULL;
	}
	files = g_ptr_array_new_with_free_func(g_free);
	while (files->len < MOST_LOGS && (entry = readdir(dir)) != NULL) {
		char *file = log_of(dirfd(dir), entry->d_name);

		if (file != NULL)
			g_ptr_array_add(files, file);
	}
	closedir(dir);
	g_ptr_array_sort(files, compare_names);
	return files;
}

static gint64 written_at(const char *folder, const char *file)
{
	g_autofree char *path = g_build_filename(folder, file, NULL);
	g_autofree char *older = g_strconcat(path, ASIDE, NULL);
	struct stat info;

	return lstat(path, &info) == 0 || lstat(older, &info) == 0 ? (gint64)info.st_mtime : 0;
}

/* A VM that was defined anew has another UUID and so another log. */
static gboolean is_of(const char *file, const char *vm)
{
	g_autofree char *uuid = hostler_text_uuid(vm);
	g_autofree char *own = uuid_in(file);
	g_autofree char *name = hostler_text_file_name(vm, 180);
	gsize length = strlen(name);

	if (uuid != NULL && g_str_equal(own, uuid))
		return TRUE;
	return strlen(file) == length + strlen("-" SUFFIX) + UUID_LENGTH && g_str_has_prefix(file, name) &&
	       file[length] == '-';
}

char *run_logs_find(const char *folder, const char *vm, GError **error)
{
	g_autoptr(GPtrArray) files = run_logs_list(folder, error);
	g_autofree char *shown = hostler_text_shown(vm);
	g_autofree char *quoted = g_shell_quote(folder);
	g_autofree char *where = hostler_text_shown(quoted);
	const char *best = NULL;

	if (files == NULL)
		return NULL;
	for (guint i = 0; i < files->len; i++) {
		const char *file = g_ptr_array_index(files, i);

		if (is_of(file, vm) && (best == NULL || written_at(folder, file) >= written_at(folder, best)))
			best = file;
	}
	if (best == NULL)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT,
			    "there is no log of a VM '%s'; see which there are: ls %s", shown, where);
	return g_strdup(best);
}
