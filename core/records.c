/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records on disk: where they lie, and how one is replaced so that whoever
 * reads sees the old one or the new one, and a crash leaves either. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/folders.h"
#include "hostler/error.h"
#include "hostler/lock.h"
#include "hostler/log.h"
#include "hostler/record.h"
#include "hostler/text.h"

/* A stay with a thousand ranges is below this; more is not ours. */
#define MAX_BYTES (1024 * 1024)

static const struct {
	const char *folder;
	guint mode;
} kinds[] = {
	[HOSTLER_RECORD_CLAIM] = { "devices", 0600 },
	[HOSTLER_RECORD_STAY] = { "vms", 0640 },
	[HOSTLER_RECORD_ENDED] = { "ended", 0640 },
};

char *hostler_record_path(const HostlerHost *host, HostlerRecordKind kind, const char *key)
{
	return g_build_filename(host->run_dir, kinds[kind].folder, key, NULL);
}

static gboolean is_key(HostlerRecordKind kind, const char *name)
{
	g_autofree char *uuid = NULL;

	if (kind == HOSTLER_RECORD_CLAIM)
		return hostler_text_is_bdf(name);
	uuid = hostler_text_uuid(name);
	return uuid != NULL && g_str_equal(uuid, name);
}

/* --- reading --- */

static char *read_all(int fd, gsize size, GError **error)
{
	g_autofree char *text = g_malloc(size + 1);
	gsize have = 0;

	while (have < size) {
		ssize_t n = read(fd, text + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "cannot be read: %s",
				    n < 0 ? g_strerror(errno) : "it ends early");
			return NULL;
		}
		have += (gsize)n;
	}
	text[size] = '\0';
	return g_steal_pointer(&text);
}

/* NULL without an error: no such file. */
static char *read_record_file(const char *path, gsize *length, GError **error)
{
	char *text = NULL;
	struct stat info;
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		if (errno != ENOENT)
			g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "cannot be opened: %s",
				    g_strerror(errno));
		return NULL;
	}
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || info.st_size > MAX_BYTES ||
	    (info.st_uid != 0 && info.st_uid != geteuid()))
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD,
			    "is no regular file of root's of at most %d bytes", MAX_BYTES);
	else
		text = read_all(fd, *length = (gsize)info.st_size, error);
	close(fd);
	return text;
}

/* What the kernel says stands without the record; the file is kept for whoever
 * wants to know what happened. Only root may, the helpers leave it. */
static void put_away(HostlerHost *host, HostlerRecordKind kind, const char *key, const GError *error)
{
	g_autofree char *path = hostler_record_path(host, kind, key);
	g_autofree char *name = g_strdup_printf("%s-%s-%" G_GINT64_FORMAT, kinds[kind].folder, key,
						host->ops->boottime(host));
	g_autofree char *bad = g_build_filename(host->run_dir, "bad", name, NULL);
	HostlerSubject subject = { .device = kind == HOSTLER_RECORD_CLAIM ? key : NULL,
				   .uuid = kind == HOSTLER_RECORD_CLAIM ? NULL : key };

	if (g_rename(path, bad) == 0)
		hostler_log(G_LOG_LEVEL_WARNING, "record-invalid", &subject, "%s %s; moved to %s", path,
			    error->message, bad);
	else
		hostler_log(G_LOG_LEVEL_WARNING, "record-invalid", &subject, "%s %s, ignoring it", path,
			    error->message);
}

static HostlerRecord *load(HostlerHost *host, HostlerRecordKind kind, const char *key, GError **error)
{
	g_autofree char *path = hostler_record_path(host, kind, key);
	g_autoptr(HostlerRecord) record = NULL;
	g_autofree char *text = NULL;
	gsize length = 0;

	text = read_record_file(path, &length, error);
	if (text == NULL)
		return NULL;
	record = hostler_record_from_text(kind, key, text, length, error);
	if (record != NULL && !g_str_equal(record->boot, host->boot_id)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "is of another boot");
		return NULL;
	}
	return g_steal_pointer(&record);
}

HostlerRecord *hostler_record_load(HostlerHost *host, HostlerRecordKind kind, const char *key)
{
	g_autoptr(GError) error = NULL;
	HostlerRecord *record;

	g_return_val_if_fail(is_key(kind, key), NULL);
	record = load(host, kind, key, &error);
	if (error != NULL)
		put_away(host, kind, key, error);
	return record;
}

static int compare_keys(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys found, sorted; other files in the folder (locks) are not ours. */
static GPtrArray *list_keys(const HostlerHost *host, HostlerRecordKind kind)
{
	g_autofree char *path = hostler_record_path(host, kind, NULL);
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		if (is_key(kind, name))
			g_ptr_array_add(keys, g_strdup(name));
	}
	g_ptr_array_sort(keys, compare_keys);
	return g_steal_pointer(&keys);
}

GPtrArray *hostler_records_load(HostlerHost *host, HostlerRecordKind kind)
{
	g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_record_free);
	g_autoptr(GPtrArray) keys = list_keys(host, kind);

	for (guint i = 0; i < keys->len; i++) {
		HostlerRecord *record = hostler_record_load(host, kind, g_ptr_array_index(keys, i));

		if (record != NULL)
			g_ptr_array_add(records, record);
	}
	return g_steal_pointer(&records);
}

GPtrArray *hostler_claims_of(HostlerHost *host, const char *uuid)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);

	for (guint i = claims->len; i > 0; i--) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i - 1);

		if (!g_str_equal(claim->uuid, uuid))
			g_ptr_array_remove_index(claims, i - 1);
	}
	return g_steal_pointer(&claims);
}

/* --- writing --- */

static gboolean write_all(int fd, const char *text, gsize length)
{
	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FALSE;
		text += n;
		length -= (gsize)n;
	}
	return TRUE;
}

/* `doing` is "open" or "write". */
static void set_unwritten(GError **error, const HostlerHost *host, const char *doing, const char *path, int errnum)
{
	gboolean is_full = errnum == ENOSPC || errnum == EDQUOT;

	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "cannot %s %s: %s%s%s", doing, path,
		    g_strerror(errnum), is_full ? "; make room where it lies: df -h " : "",
		    is_full ? host->run_dir : "");
}

/* A folder beside the records, so that nobody who watches or lists them meets
 * half a file, and on the same file system, so that rename() is atomic. */
static int open_temporary(HostlerHost *host, const char *path, GError **error)
{
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT && hostler_folders_make(host, error))
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && error != NULL && *error == NULL)
		set_unwritten(error, host, "open", path, errno);
	return fd;
}

static gboolean replace_file(HostlerHost *host, const char *path, const char *temporary, const char *text, guint mode,
			     GError **error)
{
	int fd = open_temporary(host, temporary, error);
	gboolean written;

	if (fd < 0)
		return FALSE;
	hostler_folders_give(fd, mode);
	written = write_all(fd, text, strlen(text)) && fsync(fd) == 0;
	if (close(fd) < 0 || !written || g_rename(temporary, path) < 0) {
		set_unwritten(error, host, "write", path, errno);
		g_unlink(temporary);
		return FALSE;
	}
	return TRUE;
}

/* Read back it would count as broken, and each start of such a VM leave it in bad/: what a VM's
 * metadata may hold (a list of networks to each range) is more than that. */
static gboolean is_readable(const HostlerRecord *record, gsize length, GError **error)
{
	if (length <= MAX_BYTES)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD,
		    "its record would be longer than %d bytes; join its port forwards, and shorten their lists of "
		    "sources: virsh edit %s", MAX_BYTES, record->uuid);
	return FALSE;
}

gboolean hostler_record_store(HostlerHost *host, const HostlerRecord *record, GError **error)
{
	g_autofree char *path = hostler_record_path(host, record->kind, record->key);
	g_autofree char *temporary = g_build_filename(host->run_dir, "tmp", record->key, NULL);
	g_autofree char *text = hostler_record_to_text(record);

	g_return_val_if_fail(is_key(record->kind, record->key), FALSE);
	return is_readable(record, strlen(text), error) &&
	       replace_file(host, path, temporary, text, kinds[record->kind].mode, error);
}

void hostler_record_remove(HostlerHost *host, HostlerRecordKind kind, const char *key)
{
	g_autofree char *path = hostler_record_path(host, kind, key);

	g_return_if_fail(is_key(kind, key));
	if (g_unlink(path) < 0 && errno != ENOENT)
		hostler_log(G_LOG_LEVEL_WARNING, "record-invalid", NULL, "cannot remove %s: %s", path,
			    g_strerror(errno));
}

void hostler_stay_end(HostlerHost *host, const char *uuid, const char *reason)
{
	g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, uuid);
	g_autofree char *logged = NULL;
	g_autoptr(GError) error = NULL;

	if (stay == NULL)
		return;
	/* libvirt before 10.5 says "-". */
	if (reason == NULL || g_str_equal(reason, "-"))
		logged = host->ops->shutoff_reason(host, stay->name);
	if (stay->qemu.pid != 0 && host->config.metrics_enabled) {
		stay->kind = HOSTLER_RECORD_ENDED;
		/* Its end was told by `stopped`; devices take their time to come back. */
		if (stay->phase != HOSTLER_PHASE_ENDED)
			hostler_record_enter(host, stay, HOSTLER_PHASE_ENDED);
		g_key_file_set_string(stay->body, "end", "reason",
				      logged != NULL ? logged : reason != NULL ? reason : "-");
		g_key_file_set_int64(stay->body, "end", "at", g_get_real_time() / G_USEC_PER_SEC);
		if (!hostler_record_store(host, stay, &error))
			hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error), NULL, "%s", error->message);
	}
	hostler_record_remove(host, HOSTLER_RECORD_STAY, uuid);
}

/* Who writes a record has the lock of its VM or device: a file whose lock is to be
 * had is nobody's. */
static void tidy_one(HostlerHost *host, const char *name)
{
	g_autofree char *file = g_build_filename(host->run_dir, "tmp", name, NULL);
	g_autoptr(HostlerLock) lock = hostler_lock_try(host, name, NULL);

	if (lock != NULL)
		g_unlink(file);
}

void hostler_records_tidy(HostlerHost *host)
{
	g_autofree char *path = g_build_filename(host->run_dir, "tmp", NULL);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL)
		tidy_one(host, name);
}
