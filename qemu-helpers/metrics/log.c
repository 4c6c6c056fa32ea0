/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files below /var/log/hostler. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/log.h"
#include "keep.h"
#include "log-open.h"
#include "trouble.h"

#define DEFAULT_LIMIT (16 * 1024 * 1024)
#define BLOCK_BYTES 2048

struct _Log {
	char *folder;
	gsize limit; /* bytes */
	Trouble *trouble;
};

Log *log_new(const char *folder)
{
	Log *log = g_new0(Log, 1);

	log->folder = g_strdup(folder);
	log->limit = DEFAULT_LIMIT;
	log->trouble = trouble_new();
	return log;
}

void log_free(Log *log)
{
	trouble_free(log->trouble);
	g_free(log->folder);
	g_free(log);
}

void log_set_limit(Log *log, gsize bytes)
{
	log->limit = bytes;
}

/* --- said once --- */

static void note_failure(Log *log, const char *file, const GError *error)
{
	if (trouble_failed(log->trouble, file, error->message))
		hostler_log(G_LOG_LEVEL_WARNING, "metrics", NULL,
			    "cannot write %s/%s: %s; figures are lost until it is mended", log->folder, file,
			    error->message);
}

static void say_again(const Log *log)
{
	hostler_log(G_LOG_LEVEL_MESSAGE, "metrics", NULL, "can write to %s again", log->folder);
}

static void note_success(Log *log, const char *file)
{
	if (trouble_worked(log->trouble, file))
		say_again(log);
}

void log_forget(Log *log, const char *file)
{
	if (trouble_forget(log->trouble, file))
		say_again(log);
}

/* --- writing --- */

static gboolean set_errno_error(GError **error, const char *what)
{
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "%s: %s", what, g_strerror(errno));
	return FALSE;
}

static gboolean write_line(int fd, const char *line, off_t size, GError **error)
{
	gsize length = strlen(line);
	ssize_t written = write(fd, line, length);

	if (written == (ssize_t)length)
		return TRUE;
	if (written < 0)
		return set_errno_error(error, "no line can be added");
	/* A disk that fills up takes a part: half a line would spoil the file. */
	if (ftruncate(fd, size) < 0)
		return set_errno_error(error, "it ends in half a line");
	errno = ENOSPC;
	return set_errno_error(error, "no line can be added");
}

static char *name_aside(const char *file)
{
	return g_strconcat(file, ".1", NULL);
}

/* A file that cannot be put aside grows on. */
static void put_aside(const Log *log, const char *file)
{
	g_autofree char *aside = name_aside(file);
	int folder = log_open_folder(log->folder, NULL);

	if (folder < 0)
		return;
	if (renameat(folder, file, folder, aside) < 0)
		g_debug("cannot put %s aside, ignoring: %s", file, g_strerror(errno));
	close(folder);
}

/* What a new file begins with. */
static char *recall_aside(const Log *log, const char *file)
{
	g_autofree char *aside = name_aside(file);
	struct stat info;
	int fd = log_open_file(log->folder, aside, O_RDONLY, &info, NULL);
	char *kept;

	if (fd < 0)
		return NULL;
	kept = keep_lines(fd, info.st_size);
	close(fd);
	return kept;
}

static int open_to_append(const Log *log, const char *file, gsize length, struct stat *info, GError **error)
{
	int fd = log_open_file(log->folder, file, O_WRONLY | O_APPEND | O_CREAT, info, error);

	if (fd < 0 || info->st_size == 0 || (gsize)info->st_size + length <= log->limit)
		return fd;
	close(fd);
	put_aside(log, file);
	return log_open_file(log->folder, file, O_WRONLY | O_APPEND | O_CREAT, info, error);
}

gboolean log_append(Log *log, const char *file, const char *line)
{
	g_autoptr(GError) error = NULL;
	gboolean written = FALSE;
	struct stat info;
	int fd;

	fd = open_to_append(log, file, strlen(line), &info, &error);
	if (fd >= 0) {
		g_autofree char *kept = info.st_size == 0 ? recall_aside(log, file) : NULL;
		g_autofree char *text = kept != NULL ? g_strconcat(kept, line, NULL) : NULL;

		written = write_line(fd, text != NULL ? text : line, info.st_size, &error);
		close(fd);
	}
	if (written)
		note_success(log, file);
	else
		note_failure(log, file, error);
	return written;
}

/* --- reading again --- */

/* Behind the last whole line. What cannot be read counts as one. */
static off_t find_end(int fd, off_t size)
{
	char block[BLOCK_BYTES];

	for (off_t until = size, from; until > 0; until = from) {
		const char *last;

		from = MAX(until - BLOCK_BYTES, 0);
		if (pread(fd, block, (gsize)(until - from), from) != until - from)
			return size;
		last = memrchr(block, '\n', (gsize)(until - from));
		if (last != NULL)
			return from + (last - block) + 1;
	}
	return 0;
}

/* Else the next line would be a part of it. The end of what is left. */
static off_t cut_torn_line(int fd, off_t size)
{
	off_t end = find_end(fd, size);

	if (end < size && ftruncate(fd, end) < 0)
		g_debug("cannot cut a torn line, ignoring: %s", g_strerror(errno));
	return end;
}

static char *read_end(int fd, off_t size, gsize max)
{
	off_t from = size > (off_t)max ? size - (off_t)max : 0;
	g_autofree char *text = g_malloc((gsize)(size - from) + 1);
	ssize_t length = pread(fd, text, (gsize)(size - from), from);
	g_autofree char *kept = NULL;
	char *first;

	text[MAX(length, 0)] = '\0';
	/* A power cut may leave zeros, which would end all that follows. */
	for (ssize_t i = 0; i < length; i++) {
		if (text[i] == '\0')
			text[i] = ' ';
	}
	if (from == 0)
		return g_steal_pointer(&text);
	first = strchr(text, '\n');
	first = first != NULL ? first + 1 : text + strlen(text);
	kept = keep_lines(fd, from + (first - text));
	return g_strconcat(kept, first, NULL);
}

char *log_tail(Log *log, const char *file, gsize max)
{
	struct stat info = { 0 };
	int fd = log_open_file(log->folder, file, O_RDWR, &info, NULL);
	off_t end = fd >= 0 ? cut_torn_line(fd, info.st_size) : 0;
	char *text = end > 0 ? read_end(fd, end, max) : NULL;

	if (fd >= 0)
		close(fd);
	/* Whoever put the last one aside was perhaps killed before he had written to this one. */
	if (text == NULL)
		text = recall_aside(log, file);
	return text != NULL ? text : g_strdup("");
}
